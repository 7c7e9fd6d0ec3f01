"""A file that a visitor uploads is theirs to send within a day, whatever happens meanwhile, and is gone after that."""

from tests.inputs.test_chat import upload
from tests.stories.test_erase import found_in
from tests.story import Story
from tests.visitor import Visitor

CONTENT = b"Steinbrech" * 9


async def tidies(story: Story) -> None:
    assert story.running is not None
    await story.running.node.journal.tidy()


async def test_an_upload_waits_for_its_message_for_a_day() -> None:
    """Files are tidied away meanwhile, and the service starts anew: it comes along, and stays."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        file = (await upload(story, mia, "a.bin", CONTENT)).json["file"]
        await mia.goes()
        for _ in range(2):
            await tidies(story)
            await story.restarts()
        await story.passes(hours=23)
        await mia.comes()
        assert (await mia.writes("see file", files=[file]))["kind"] == "accepted"
        assert (await mia.writes("and once more", files=[file]))["kind"] == "accepted"
        await mia.goes()
        await story.passes(hours=12)
        await tidies(story)
        case = await story.one_case()
        for row in await story.timeline(case["id"], "message"):
            for attached in row["attachments"]:
                assert (await story.ask("GET", attached["url"])).body == CONTENT
        assert found_in(story.data, "Steinbrech")


async def test_an_upload_that_nobody_sent_is_gone_after_its_time() -> None:
    """Nobody can send it any more, so nobody has it."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        await upload(story, mia, "a.bin", CONTENT)
        await mia.goes()
        await story.passes(hours=20)
        assert found_in(story.data, "Steinbrech")
        await story.passes(hours=12)
        assert found_in(story.data, "Steinbrech") == []


async def test_an_upload_that_was_not_sent_goes_with_its_visitor() -> None:
    """The same file of somebody else stays, and can be sent."""
    async with Story() as story:
        mia, tom = Visitor(story), Visitor(story)
        await mia.comes()
        await tom.comes()
        await mia.writes("hello")
        customer = (await story.one_case())["customer"]
        await upload(story, mia, "a.bin", CONTENT)
        await upload(story, mia, "b.bin", b"Zaubernuss" * 9)
        file = (await upload(story, tom, "a.bin", CONTENT)).json["file"]
        assert (await story.api("POST", f"/customers/{customer}/erase"))["state"] == "erased"
        assert found_in(story.data, "Zaubernuss") == []
        assert (await tom.writes("see file", files=[file]))["kind"] == "accepted"
        assert found_in(story.data, "Steinbrech")


async def test_a_message_with_a_file_that_is_gone_is_refused() -> None:
    """They hear it while they can still send it again."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        file = (await upload(story, mia, "a.bin", CONTENT)).json["file"]
        assert story.running is not None
        journal = story.running.node.journal
        for id in await journal.records("upload"):
            await journal.put_record("upload", id, None)
        await tidies(story)
        assert (await mia.writes("see file", files=[file]))["error"] == "bad_file"
        file = (await upload(story, mia, "a.bin", CONTENT)).json["file"]
        assert (await mia.writes("see file", files=[file]))["kind"] == "accepted"
