"""Calls of our own accord: an agent calls a customer to whom nobody promised anything, and nothing says otherwise."""

import re

from tests.stories.test_calls import ANAS
from tests.story import HERS, Agent, Json, Phone, Story

SUBJECT = "the part is there"


async def rings_up(story: Story, agent: Agent, phone: Phone) -> None:
    """The agent takes the offer, answers their phone and presses 1, so that the customer's is dialled."""
    await agent.accepts()
    await story.passes(seconds=2)
    await phone.picks_up()
    await story.passes(seconds=2)
    await phone.presses("1")
    await story.passes(seconds=2)


async def opened(agent: Agent) -> Json:
    case = await agent.api("POST", "/cases", {"address": HERS, "channel": "phone", "subject": SUBJECT})
    await agent.story.settles()
    return case


def plain(page: str) -> str:
    """What a person reads of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def told(story: Story, case: str) -> list[str]:
    rows = await story.timeline(case, "call")
    return [str(row["facts"]["became"]) for row in rows if row["facts"].get("what") == "our call"]


async def counted(story: Story) -> list[str]:
    lines = (await story.ask("GET", "/metrics")).body.decode().splitlines()
    return [line for line in lines if line.startswith("onecase_promises_total")]


async def test_a_call_that_an_agent_begins_was_promised_to_nobody() -> None:
    """Timeline, desk, promises, figures and export say who calls whom, and what came of it; nothing speaks of a
    promise. What it is about is heard in the whisper and read on the offer, in the line and on the case."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await opened(ana)
        assert (case["subject"], case["promises"]) == (SUBJECT, [])
        assert case["our_call"]["promised"] is False
        assert (await ana.offered())["subject"] == SUBJECT
        page = plain(await ana.page(case["id"]))
        assert page.count(SUBJECT) >= 2, "on the offer and on the case"
        assert "You call them" in page and "not promised" in page and "Promised:" not in page
        assert 'id="call-them"' not in await ana.page(case["id"]), "it is under way"
        await rings_up(story, ana, phone)
        assert f"A call to make about {SUBJECT}. Press 1 and we dial." in await phone.heard()
        await her.picks_up()
        await story.passes(seconds=20)
        assert HERS in await phone.talks_with()
        await her.hangs_up()
        await story.passes(seconds=2)
        assert await told(story, case["id"]) == ["made", "dialling", "answered"]
        assert await story.timeline(case["id"], "promise") == []
        page = plain(await ana.page(case["id"]))
        assert "Ana calls them" in page and "We called them, and they talked with us" in page
        assert "We promised" not in page and "The promise" not in page
        assert (await story.api("GET", "/promises"))["items"] == []
        [call] = (await story.api("GET", "/callbacks"))["items"]
        assert (call["promised"], call["attempts"][0]["outcome"]) == (False, "answered")
        assert await counted(story) == []
        shown = await story.api("POST", f"/customers/{case['customer']}/export")
        assert shown["cases"][0]["promises"] == []


async def test_a_call_of_ours_that_reaches_nobody_breaks_no_promise() -> None:
    """It is tried again, by whoever began it, and in the end it waits in writing; nothing was broken."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await opened(ana)
        await her.behaves(on_ring="invalid")
        await rings_up(story, ana, phone)
        await story.passes(seconds=10)
        [work] = await ana.work()
        await ana.finishes(work, "not-reached")
        assert await told(story, case["id"]) == ["made", "dialling", "failed"]
        now = await story.one_case()
        assert (now["status"], now["our_call"]) == ("waiting_us", None)
        assert (await story.api("GET", "/promises?state=broken"))["items"] == []
        [call] = (await story.api("GET", "/callbacks"))["items"]
        assert (call["state"], call["callback"]) == ("withdrawn", "failed")
        assert await counted(story) == []
        [said] = await her.inbox()
        assert "could not call the number" in said and "place" not in said, "she asked for nothing and has none"


async def test_a_time_in_a_text_is_not_for_a_call_that_nobody_told_of() -> None:
    """An agent is about to call her, which she does not know: a time in what she writes is about something else."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone=ANAS)
        await opened(ana)
        await story.phone(HERS).texts("please stop by at five")
        now = await story.one_case()
        assert now["promises"] == []
        assert now["our_call"] is not None


async def test_whoever_is_told_of_a_call_of_ours_is_promised_it() -> None:
    """While our call waits to be tried again she texts when it suits her: from then on it is a promise. What is
    promised when it is their turn takes the place of a call of ours as well, and "Cancel it" ends one."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await opened(ana)
        await her.behaves(on_ring="busy")
        await rings_up(story, ana, phone)
        await story.passes(seconds=10)
        [work] = await ana.work()
        await ana.finishes(work, "not-reached")
        assert "1 tried" in plain(await ana.page(case["id"]))
        assert 'id="call-them"' in await ana.page(case["id"]), "she may be called at once as well"
        await her.texts("call me after 3 pm")
        now = await story.one_case()
        [promise] = now["promises"]
        assert promise["window"] is not None and promise["promised"] is True and now["our_call"] is None
        assert (await told(story, case["id"]))[-1] == "cancelled"
        await ana.api("DELETE", f"/callbacks/{promise['id']}")
        await ana.api("POST", f"/cases/{case['id']}/callbacks", {"by": "me"})
        assert (await story.one_case())["our_call"] is not None
        await ana.api("POST", f"/cases/{case['id']}/callbacks", {})
        now = await story.one_case()
        assert (len(now["promises"]), now["our_call"]) == (1, None)
        await ana.api("DELETE", f"/callbacks/{now['promises'][0]['id']}")
        ours = await ana.api("POST", f"/cases/{case['id']}/callbacks", {"by": "me"})
        await ana.clicks(f"/case/{case['id']}/promise", once="1", promise=ours["id"], cancel="yes", ours="yes")
        assert (await story.one_case())["our_call"] is None


async def test_whoever_hears_that_hanging_up_becomes_a_call_is_promised_it() -> None:
    """She happens to call while an agent was about to call her: what she hears on the phone is promised, and is not
    that call of ours."""
    async with Story() as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await opened(ana)
        await ana.is_now("away")
        await her.calls(attestation="A")
        await story.passes(seconds=20)
        assert (await story.one_case())["id"] == case["id"]
        assert "We are to call you" not in await her.heard()
        await her.presses("1")
        await story.passes(seconds=10)
        now = await story.one_case()
        assert (len(now["promises"]), now["our_call"]) == (1, None)


async def test_a_call_of_ours_is_not_tried_again_at_night() -> None:
    """Nobody asked for it, so its next attempt waits for their morning."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await story.passes(hours=5, minutes=56)  # 19:58 where she is
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await opened(ana)
        await her.behaves(on_ring="ignore")
        await rings_up(story, ana, phone)
        await story.passes(minutes=2)
        [work] = await ana.work()
        await ana.finishes(work, "not-reached")
        await story.passes(hours=2)
        assert "due" not in await told(story, case["id"])
        await story.passes(hours=11)
        assert (await told(story, case["id"]))[-1] == "due"


async def test_a_call_that_a_program_asks_for_goes_to_whoever_is_free_and_what_cannot_be_opens_nothing() -> None:
    """`POST /cases` by phone: with a token that is no agent's the work is offered to whoever is free, the case names the
    call as ours; a number that we do not call, and a customer without one, are refused, and no case is left."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone="+14155550201")
        wish = {"channel": "phone", "subject": "the part is here"}
        made = await story.api("POST", "/cases", {"address": HERS, **wish})
        assert (made["promises"], made["our_call"]["promised"]) == ([], False)
        assert (await ana.offered())["case"] == made["id"]
        refused = await story.refused("POST", "/cases", {"address": "+19005550100", **wish})
        assert (refused["status"], refused["type"].rpartition("/")[2]) == (422, "not_called")
        mail = await story.api("POST", "/cases", {"address": "mia@customer.example"})
        refused = await story.refused("POST", "/cases", {"customer": mail["customer"], **wish})
        assert (refused["status"], refused["type"].rpartition("/")[2]) == (409, "no_number")
        assert {case["id"] for case in await story.cases()} == {made["id"], mail["id"]}
