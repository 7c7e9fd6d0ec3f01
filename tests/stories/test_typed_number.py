"""Whoever left a chat with a number to be answered at, and answers from there, goes on with their case."""

from tests.story import HERS, Story
from tests.visitor import Visitor


async def leaves_for_text(story: Story, number: str = HERS) -> Visitor:
    """Somebody writes in a chat, asks to be answered by text at a number that they type, and goes."""
    mia = Visitor(story)
    await mia.comes()
    await mia.writes("my boiler is cold")
    await mia.says("leave", reach_me={"channel": "sms", "address": number})
    assert (await mia.hears("left"))["channel"] == "sms"
    await mia.goes()
    return mia


async def test_who_asked_for_a_text_and_answers_it_goes_on_with_their_case() -> None:
    """It is weak, for whoever has the number may be somebody else; so nothing is told, and a text that names the case
    is no better. STOP from there stops texts to it."""
    async with Story() as story:
        ana = await story.agent("Ana")
        await leaves_for_text(story)
        case = await story.one_case()
        sent = await ana.replies(case["id"], "Press reset, please.")
        assert (sent["channel"], sent["address"]) == ("sms", HERS)
        her = story.phone(HERS)
        await story.passes(hours=3)
        await her.texts("it works, thanks")
        one = await story.one_case()
        assert one["id"] == case["id"]
        assert await story.said(case["id"]) == ["my boiler is cold", "Press reset, please.", "it works, thanks"]
        [_, reply] = one["contacts"]
        assert (reply["channel"], reply["evidence"], reply["link"]) == ("sms", "weak", "reply")
        assert {"typed_in_chat", "written_there"} <= set(reply["grounds"])
        await her.texts(f"about {case['ref']}")
        assert (await story.one_case())["contacts"][-1]["evidence"] == "weak"
        assert await her.inbox() == ["Press reset, please."]
        await her.texts("STOP")
        refused = await story.refused(
            "POST", f"/cases/{case['id']}/messages", {"text": "And now?", "channel": "sms"}, token=ana.token
        )
        assert refused["status"] == 409
        assert len(await story.cases()) == 1


async def test_a_call_that_its_provider_vouches_for_goes_on_too() -> None:
    """On weak evidence; one that nobody vouches for is a stranger's, for anybody can show any number."""
    async with Story() as story:
        ana = await story.agent("Ana")
        await leaves_for_text(story)
        case = await story.one_case()
        await ana.replies(case["id"], "Press reset, please.")
        await story.passes(minutes=1)
        await story.phone(HERS).calls(attestation="C")
        _, stranger = await story.cases()
        assert stranger["customer"] != case["customer"]

    async with Story() as story:
        ana = await story.agent("Ana")
        await leaves_for_text(story)
        case = await story.one_case()
        await ana.replies(case["id"], "Press reset, please.")
        await story.passes(minutes=1)
        await story.phone(HERS).calls(attestation="A")
        one = await story.one_case()
        assert one["id"] == case["id"]
        assert (one["contacts"][-1]["channel"], one["contacts"][-1]["evidence"]) == ("phone", "weak")


async def test_a_number_that_was_only_typed_leads_to_nobody() -> None:
    """Nothing was sent there, or only a code; a number that is somebody's stays theirs; and what answers us long after
    is a matter of its own."""
    async with Story() as story:
        ana = await story.agent("Ana")
        thief = await leaves_for_text(story)
        await thief.comes()
        await thief.says("prove", address=HERS)
        await thief.hears("code_sent")
        case = await story.one_case()
        await story.phone(HERS).texts("what is this?")
        hers = next(c for c in await story.cases() if c["id"] != case["id"])
        assert hers["customer"] != case["customer"]
        await thief.goes()
        await ana.replies(case["id"], "Press reset, please.", channel="sms")
        await story.phone(HERS).texts("who are you?")
        assert (await story.said(hers["id"]))[-1] == "who are you?"

    async with Story() as story:
        ana = await story.agent("Ana")
        await leaves_for_text(story)
        case = await story.one_case()
        await ana.replies(case["id"], "Press reset, please.")
        await story.stops()
        await story.passes(days=15)
        await story.starts()
        await story.phone(HERS).texts("hello")
        assert len({one["customer"] for one in await story.cases()}) == 2


async def test_two_visitors_who_typed_one_number_are_told_apart_by_what_was_written_there() -> None:
    """Whoever was written to about it last is answered."""
    async with Story() as story:
        ana = await story.agent("Ana")
        await leaves_for_text(story)
        first = await story.one_case()
        await story.passes(minutes=1)
        await leaves_for_text(story)
        _, second = await story.cases()
        await ana.replies(second["id"], "Press reset, please.")
        await story.phone(HERS).texts("which button?")
        assert (await story.said(second["id"]))[-1] == "which button?"
        await story.passes(minutes=1)
        await ana.replies(first["id"], "Is the fuse on?")
        await story.phone(HERS).texts("yes, it is on")
        assert (await story.said(first["id"]))[-1] == "yes, it is on"
