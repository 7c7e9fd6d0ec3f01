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
