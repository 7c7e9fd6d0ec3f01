"""Whoever signs in at the site after they had begun to chat goes on with that, and two who sign in stay two."""

from tests.site_words import DEMO_SITE, KEY, word
from tests.story import Story
from tests.visitor import Visitor

SITES = [{"id": DEMO_SITE, "identity_keys": [KEY]}]


async def test_who_signs_in_while_they_chat_goes_on_with_their_case() -> None:
    """What they said before is theirs with the first words after it; nothing of it shows to whoever has the browser
    alone afterwards, and one of us can take it back."""
    async with Story(sites=SITES) as story:
        now, lead = await story.now(), await story.token("lead")
        browser = Visitor(story)
        await browser.comes()
        await browser.writes("my boiler is cold")
        begun = await story.one_case()
        await browser.goes()
        mia = Visitor(story, session=browser.session, identity=word("mia", now))
        assert (await mia.comes())["identified"] is True
        assert await story.one_case() == await story.case(begun["id"]), "nothing is anybody's yet who said nothing"
        await mia.writes("it shows E42")
        one = await story.one_case()
        assert {c["evidence"] for c in one["contacts"]} == {"weak", "proof"}
        assert sorted(await story.said(one["id"])) == ["it shows E42", "my boiler is cold"]
        person = await story.api("GET", f"/customers/{one['customer']}")
        [member] = person["members"]
        assert member["reason"] == "they signed in where they had begun to chat"
        await mia.goes()

        left = Visitor(story, session=browser.session)
        await left.connects()
        await left.says("hello", **left.hello())
        assert (await left.hears("error"))["error"] == "bad_session"
        assert (await left.hears("welcome"))["seq"] == 0

        await story.api("POST", f"/customers/{one['customer']}/unmerge", {"merge": member["merge"]}, token=lead)
        assert sorted([await story.said(case["id"]) for case in await story.cases()]) == [
            ["it shows E42"],
            ["my boiler is cold"],
        ]


async def test_who_is_known_and_signs_in_goes_on_at_once() -> None:
    """Signed in before on another device: what was begun in this browser stands with what they have, as the rules say;
    another matter stays a case of its own, theirs."""
    async with Story(sites=SITES) as story:
        now = await story.now()
        phone, browser = Visitor(story, identity=word("mia", now)), Visitor(story)
        await phone.comes()
        await phone.writes("my invoice is wrong")
        await story.passes(hours=1)
        await browser.comes()
        await browser.writes("my boiler is cold")
        invoice, boiler = await story.cases()
        assert boiler["customer"] != invoice["customer"]
        await browser.goes()
        mia = Visitor(story, session=browser.session, identity=word("mia", now))
        await mia.comes()
        await story.settles()
        assert [c["case"] for c in (await story.case(boiler["id"]))["candidates"]] == [invoice["id"]]
        person = await story.api("GET", f"/customers/{invoice['customer']}")
        assert [member["id"] for member in person["members"]] == [boiler["customer"]]


async def test_whoever_else_signs_in_on_that_browser_is_somebody_else() -> None:
    """S6: the chat that was begun there is hers who signed in first."""
    async with Story(sites=SITES) as story:
        now, browser = await story.now(), Visitor(story)
        await browser.comes()
        await browser.writes("my boiler is cold")
        await browser.goes()
        for name, text in (("mia", "I am Mia, E42"), ("tom", "I am Tom")):
            one = Visitor(story, session=browser.session, identity=word(name, now))
            await one.comes()
            await one.writes(text)
            await one.goes()
            await story.passes(seconds=1)
        mine, his = await story.cases()
        assert sorted(await story.said(mine["id"])) == ["I am Mia, E42", "my boiler is cold"]
        assert await story.said(his["id"]) == ["I am Tom"]
        assert (await story.api("GET", f"/customers/{his['customer']}"))["members"] == []


async def test_what_was_said_before_stays_before_their_eyes() -> None:
    """Signed in on the page where they had begun: the lines are there at once, and stay, each once and in order, for
    every device and after a restart; an answer to them comes to the chat that they are in now."""
    async with Story(sites=SITES) as story:
        ana, now = await story.ready_agent("Ana", skills={"heating": 1}), await story.now()
        browser = Visitor(story)
        await browser.comes()
        await browser.writes("my boiler is cold")
        case = (await story.one_case())["id"]
        await ana.accepts()
        await ana.replies(case, "Is the fuse on?")
        await browser.hears("message")
        await browser.goes()
        mia = Visitor(story, session=browser.session, identity=word("mia", now), lines=browser.lines, since=2)
        assert (await mia.comes())["since"] == 2, "the same lines under the same numbers"
        await ana.replies(case, "The little switch beside it.")
        assert (await mia.hears("message"))["seq"] == 3
        assert (await mia.writes("it is on"))["seq"] == 4
        await ana.replies(case, "Then we come.")
        assert (await mia.hears("message"))["seq"] == 5
        await story.restarts()
        phone = Visitor(story, identity=word("mia", now))
        welcome = await phone.comes()
        assert (welcome["seq"], welcome["since"]) == (5, 0)
        while phone.since < 5:
            await phone.reads()
        assert phone.said == [
            "my boiler is cold", "Is the fuse on?", "The little switch beside it.", "it is on", "Then we come.",
        ]  # fmt: skip
        await mia.comes()
        assert (await mia.writes("thank you"))["seq"] == 6
        assert (await phone.hears("message"))["text"] == "thank you"


async def test_what_was_said_before_stands_after_what_they_had_said_on_another_device() -> None:
    """Nothing is told twice, whoever wrote meanwhile; taken back by a lead, the words are not theirs to see any more."""
    async with Story(sites=SITES) as story:
        ana, now, lead = await story.agent("Ana"), await story.now(), await story.token("lead")
        phone, browser = Visitor(story, identity=word("mia", now)), Visitor(story)
        await phone.comes()
        await phone.writes("my invoice is wrong")
        await browser.comes()
        for text in ("my boiler is cold", "E42"):
            await browser.writes(text)
        boiler, invoice = sorted(await story.cases(), key=lambda case: case["subject"])
        await browser.goes()
        mia = Visitor(story, session=browser.session, identity=word("mia", now), since=browser.since)
        assert (await mia.comes())["since"] == 0
        while mia.since < 3:
            await mia.reads()
        assert mia.said == ["my invoice is wrong", "my boiler is cold", "E42"]
        while phone.since < 3:
            await phone.reads()
        await ana.replies(boiler["id"], "Is the fuse on?")
        assert (await mia.hears("message"))["seq"] == (await phone.hears("message"))["seq"] == 4
        into = invoice["customer"]
        [member] = (await story.api("GET", f"/customers/{into}"))["members"]
        await story.api("POST", f"/customers/{into}/unmerge", {"merge": member["merge"]}, token=lead)
        await mia.goes()
        again = Visitor(story, identity=word("mia", now))
        await again.comes()
        while again.since < 4:
            await again.reads()
        assert again.said == ["my invoice is wrong", "", "", ""]
