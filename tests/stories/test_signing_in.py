"""Whoever signs in at the site after they had begun to chat goes on with that, and two who sign in stay two."""

from tests.site_words import DEMO_SITE, KEY, word
from tests.story import Story
from tests.visitor import Visitor

SITES = [{"id": DEMO_SITE, "identity_keys": [KEY]}]


async def test_who_signs_in_while_they_chat_goes_on_with_their_case() -> None:
    """What they said before is theirs at once; nothing of it shows to whoever has the browser alone afterwards, and one
    of us can take it back."""
    async with Story(sites=SITES) as story:
        now, lead = await story.now(), await story.token("lead")
        browser = Visitor(story)
        await browser.comes()
        await browser.writes("my boiler is cold")
        begun = await story.one_case()
        await browser.goes()
        mia = Visitor(story, session=browser.session, identity=word("mia", now))
        assert (await mia.comes())["identified"] is True
        joined = (await story.api("GET", f"/customers/{begun['customer']}"))["merged_into"]
        assert joined["reason"] == "they signed in where they had begun to chat"
        await mia.writes("it shows E42")
        one = await story.one_case()
        assert {c["evidence"] for c in one["contacts"]} == {"weak", "proof"}
        assert sorted(await story.said(one["id"])) == ["it shows E42", "my boiler is cold"]
        await mia.goes()

        left = Visitor(story, session=browser.session)
        await left.connects()
        await left.says("hello", **left.hello())
        assert (await left.hears("error"))["error"] == "bad_session"
        assert (await left.hears("welcome"))["seq"] == 0

        await story.api("POST", f"/customers/{joined['id']}/unmerge", {"merge": joined["merge"]}, token=lead)
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


async def test_what_was_begun_is_theirs_who_signed_in_and_said_nothing_more() -> None:
    """Signed in with the session and gone again: it is theirs on every device, with its lines, its agent and its wait,
    and the browser alone opens it no more."""
    async with Story(sites=SITES) as story:
        now, browser = await story.now(), Visitor(story)
        await browser.comes()
        await browser.writes("my boiler is cold")
        await browser.goes()
        mia = Visitor(story, session=browser.session, identity=word("mia", now), since=1)
        assert (await mia.comes())["since"] == 1, "the same line under the same number"
        await mia.goes()
        left = Visitor(story, session=browser.session)
        await left.connects()
        await left.says("hello", **left.hello())
        assert (await left.hears("error"))["error"] == "bad_session"

        phone = Visitor(story, identity=word("mia", now))
        assert (await phone.comes())["seq"] == 1
        await phone.until(lambda frame: frame["kind"] == "wait" and frame["says"])
        while phone.since < 1:
            await phone.reads()
        assert phone.said == ["my boiler is cold"]
        assert (await phone.writes("it shows E42"))["seq"] == 2
        case = (await story.one_case())["id"]
        assert sorted(await story.said(case)) == ["it shows E42", "my boiler is cold"]
        ana = await story.ready_agent("Ana", skills={"heating": 1})
        await ana.accepts()
        await phone.goes()
        assert (await phone.comes())["agent"] == "Ana"


async def test_who_said_nothing_since_they_signed_in_says_how_to_be_answered() -> None:
    """As they leave, and with a code: it is about what they had begun."""
    async with Story(sites=SITES) as story:
        now, browser = await story.now(), Visitor(story)
        await browser.comes()
        await browser.writes("my boiler is cold")
        await browser.goes()
        mia = Visitor(story, session=browser.session, identity=word("mia", now))
        await mia.comes()
        await mia.says("leave", reach_me={"channel": "email", "address": "mia@customer.example"})
        assert (await mia.hears("left"))["channel"] == "email"
        await mia.goes()
        await story.passes(minutes=10)
        ana = await story.agent("Ana", skills={"heating": 1})
        sent = await ana.replies((await story.one_case())["id"], "Is the fuse on?")
        assert sent["channel"] == "email"


async def test_another_window_of_the_browser_ends_as_they_sign_in() -> None:
    """An answer goes to whoever is signed in, not to a window that has only the browser; what that one had under way is
    said by somebody new."""
    async with Story(sites=SITES) as story:
        ana, now = await story.ready_agent("Ana", skills={"heating": 1}), await story.now()
        old = Visitor(story)
        await old.comes()
        await old.writes("my boiler is cold")
        case = (await story.one_case())["id"]
        await ana.accepts()
        mia = Visitor(story, session=old.session, identity=word("mia", now))
        assert (await mia.comes())["seq"] == 1
        assert (await old.hears("error"))["error"] == "bad_session"
        await old.ends()
        sent = await ana.replies(case, "Is the fuse on?")
        assert sent["channel"] == "chat"
        while mia.since < 2:
            await mia.reads()
        assert mia.said == ["my boiler is cold", "Is the fuse on?"]
        phone = Visitor(story, identity=word("mia", now))
        assert (await phone.comes())["seq"] == 2

        await old.connects()
        await old.says("hello", **old.hello())
        assert (await old.hears("error"))["error"] == "bad_session"
        assert (await old.hears("welcome"))["seq"] == 0
        assert (await old.writes("still me"))["seq"] == 1
        assert await story.said(case) == ["my boiler is cold", "Is the fuse on?"]
        assert [await story.said(one["id"]) for one in await story.cases() if one["id"] != case] == [["still me"]]


async def test_a_window_that_was_open_at_the_site_hears_what_was_begun_elsewhere() -> None:
    """Signed in and silent in one window: what was begun in another browser is told there as soon as it is theirs."""
    async with Story(sites=SITES) as story:
        now = await story.now()
        phone, browser = Visitor(story, identity=word("mia", now)), Visitor(story)
        assert (await phone.comes())["seq"] == 0
        await browser.comes()
        await browser.writes("my boiler is cold")
        await browser.goes()
        mia = Visitor(story, session=browser.session, identity=word("mia", now))
        await mia.comes()
        assert (await phone.hears("message"))["text"] == "my boiler is cold"


async def test_what_a_lead_took_back_is_no_more_said_to_who_signed_in() -> None:
    """Nobody is in that chat then, so the answer goes the way that was allowed."""
    async with Story(sites=SITES) as story:
        ana, now, lead = await story.agent("Ana"), await story.now(), await story.token("lead")
        browser = Visitor(story)
        await browser.comes()
        await browser.writes("my boiler is cold")
        await browser.says("leave", reach_me={"channel": "email", "address": "mia@customer.example"})
        await browser.hears("left")
        await browser.goes()
        mia = Visitor(story, session=browser.session, identity=word("mia", now))
        await mia.comes()
        case = await story.one_case()
        joined = (await story.api("GET", f"/customers/{case['customer']}"))["merged_into"]
        await story.api("POST", f"/customers/{joined['id']}/unmerge", {"merge": joined["merge"]}, token=lead)
        await story.settles()
        assert (await ana.replies(case["id"], "Is the fuse on?"))["channel"] == "email"
        await mia.goes()
        await mia.comes()
        assert (await ana.replies(case["id"], "And the switch?"))["channel"] == "email"
