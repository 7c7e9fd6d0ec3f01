"""The number that they name is the one that is called: at first, and where a call to another one is promised already."""

from datetime import datetime

import pytest

from tests.mailbox import MIA, Mailbox
from tests.story import HERS, Agent, Json, Story, World
from tests.visitor import Visitor

WORK, LONDON = "+12125550177", "+442079460018"
ANAS = "+14155550201"
TOMORROW_10_IN_LONDON = {"start": "2026-11-24T10:00:00.000Z", "end": "2026-11-24T11:00:00.000Z"}
TOMORROW_10_IN_NEW_YORK = {"start": "2026-11-24T15:00:00.000Z", "end": "2026-11-24T16:00:00.000Z"}


async def the_promise(story: World) -> Json:
    [promise] = (await story.one_case())["promises"]
    return promise


async def dialled(story: World) -> list[str]:
    """The customers' numbers that we had rung, in order."""
    sent = [str(one) for one in await story.traffic("rest", "/Calls.json") if one["method"] == "POST"]
    return [number for one in sent for number in (HERS, WORK, LONDON) if number in one]


async def called(story: World, ana: Agent) -> list[str]:
    """Time passes until the call is due; the agent takes it. Whom we had rung."""
    if window := (await the_promise(story))["window"]:
        await story.passes(seconds=(datetime.fromisoformat(window["start"]) - await story.now()).total_seconds())
    await ana.accepts(await ana.offered())
    await story.passes(seconds=2)
    await story.phone(ANAS).picks_up()
    await story.passes(seconds=2)
    await story.phone(ANAS).presses("1")
    await story.passes(seconds=8)
    return await dialled(story)


async def test_by_mail_another_number_takes_the_place_of_the_first() -> None:
    """Beside a promised call she names another number and time: that one is called, on its own clock, the first never;
    one line says when, and her place goes along."""
    async with Story() as story:
        mia, ana = Mailbox(story, MIA, "Mia"), await story.ready_agent("Ana", phone=ANAS)
        await mia.writes(f"The flat is cold. Please call me after 3: {HERS}")
        first = await the_promise(story)
        await story.passes(minutes=1)
        await mia.answers(await mia.last(), f"Better call me on {LONDON} tomorrow between 10 and 11")
        promise = await the_promise(story)
        assert promise["window"] == TOMORROW_10_IN_LONDON
        assert promise["place_at"] == first["place_at"]
        await story.passes(minutes=1)
        assert "we call you tomorrow between 10:00 and 11:00" in (await mia.last())["text"]
        withdrawn = await story.api("GET", "/promises?state=withdrawn")
        assert [one["id"] for one in withdrawn["items"]] == [first["id"]]
        assert await called(story, ana) == [LONDON]


async def test_the_same_number_again_moves_the_call() -> None:
    """It is one promise, however the number is spelled."""
    async with Story() as story:
        mia = Mailbox(story, MIA, "Mia")
        await mia.writes(f"The flat is cold. Please call me after 3: {HERS}")
        first = await the_promise(story)
        await story.passes(minutes=1)
        await mia.answers(await mia.last(), "Better call me tomorrow between 10 and 11, +1 (212) 555-0142")
        promise = await the_promise(story)
        assert (promise["id"], promise["window"]) == (first["id"], TOMORROW_10_IN_NEW_YORK)
        shown = await story.api("GET", f"/customers/{(await story.one_case())['customer']}")
        assert [a["address"] for a in shown["addresses"]].count(HERS) == 1


async def test_by_text_another_number_is_called() -> None:
    """Named with the wish itself, or beside the call that is promised to the number that she writes from."""
    async with Story() as story:
        her, ana = story.phone(HERS), await story.ready_agent("Ana", phone=ANAS)
        await her.texts("call after 3 pls")
        await her.texts("please call me tomorrow between 10 and 11 at +1 212 555 0177")
        assert (await the_promise(story))["window"] == TOMORROW_10_IN_NEW_YORK
        assert await called(story, ana) == [WORK]


async def test_a_first_text_may_name_the_number() -> None:
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone=ANAS)
        await story.phone(HERS).texts("please call me after 3 at +1 212 555 0177")
        assert (await the_promise(story))["window"] is not None
        assert await called(story, ana) == [WORK]


async def test_now_at_another_number_is_a_call_there() -> None:
    """The call of tomorrow falls away, and her place is as old as it was."""
    async with Story() as story:
        mia, ana = Visitor(story), await story.ready_agent("Ana", phone=ANAS)
        await mia.comes()
        await mia.writes(f"please call me tomorrow between 10 and 11, {HERS}")
        first = await the_promise(story)
        await story.passes(minutes=5)
        await mia.writes(f"please call me right now on {WORK}")
        promise = await the_promise(story)
        assert (promise["window"], promise["place_at"]) == (None, first["place_at"])
        assert await called(story, ana) == [WORK]


async def test_who_may_be_somebody_else_sends_no_call_elsewhere() -> None:
    """A mail that nobody vouches for changes nothing of a call that is promised to her number: a person reads it."""
    async with Story() as story:
        await story.phone(HERS).texts("call after 3 pls")
        case = await story.one_case()
        first = await the_promise(story)
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        await Mailbox(story, MIA).writes(f"call me on {LONDON} tomorrow between 10 and 11")
        assert (await the_promise(story)) == first
        assert (await story.one_case())["contacts"][-1]["evidence"] == "weak"


async def test_a_number_that_is_promised_a_call_already_is_not_promised_another() -> None:
    """Abuse 22: she is answered as if it were free, nobody is rung twice, and her first number is not rung instead."""
    async with Story() as story:
        mia, tom = Mailbox(story, MIA, "Mia"), Mailbox(story, "tom@customer.example", "Tom")
        await tom.writes(f"Please call me after 3: {WORK}", subject="Radiator")
        await mia.writes(f"Please call me after 3: {HERS}")
        await story.passes(minutes=1)
        await mia.answers(await mia.last(), f"Rather call me on {WORK} tomorrow between 10 and 11")
        await story.passes(minutes=1)
        assert "we call you tomorrow between 10:00 AM and 11:00 AM" in (await mia.last())["text"]
        [hers] = [case for case in await story.cases() if case["contacts"][0]["address"] == MIA]
        assert hers["promises"] == []
        assert hers["ask"] is not None, "a person decides"
        assert sum(len(case["promises"]) for case in await story.cases()) == 1


@pytest.mark.parametrize("path", ["promises", "callbacks"])
async def test_an_agent_names_another_number(path: str) -> None:
    """Over the API: the call that is promised goes there, at the place it had."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone=ANAS)
        await story.phone(HERS).texts("call after 3 pls")
        case, first = await story.one_case(), await the_promise(story)
        body = {
            "window": TOMORROW_10_IN_NEW_YORK,
            "address": WORK,
            **({"kind": "callback"} if path == "promises" else {}),
        }
        made = await ana.api("POST", f"/cases/{case['id']}/{path}", body)
        promise = await the_promise(story)
        assert (made["id"], promise["id"] == first["id"]) == (promise["id"], False)
        assert (promise["window"], promise["place_at"]) == (TOMORROW_10_IN_NEW_YORK, first["place_at"])


@pytest.mark.parametrize("by", ["anybody", "me"])
async def test_an_agent_names_another_number_and_no_time(by: str) -> None:
    """The first number is never rung, her place goes along, and one line says that the call is another one."""
    async with Story() as story:
        ana, her = await story.ready_agent("Ana", phone=ANAS), story.phone(HERS)
        await her.texts("call after 3 pls")
        case, first = await story.one_case(), await the_promise(story)
        made = await ana.api("POST", f"/cases/{case['id']}/callbacks", {"address": WORK, "by": by})
        promise = await the_promise(story)
        assert (made["id"], made["id"] == first["id"]) == (promise["id"], False)
        assert (promise["window"], promise["place_at"]) == (None, first["place_at"])
        assert "we call you as soon as somebody is free" in (await her.inbox())[-1]
        withdrawn = await story.api("GET", "/promises?state=withdrawn")
        assert [one["id"] for one in withdrawn["items"]] == [first["id"]]
        assert await called(story, ana) == [WORK]


async def test_a_call_of_our_own_accord_goes_to_the_number_that_is_named_last() -> None:
    """Nobody was told of the first, so there is no word about it; while it is being made none can be named."""
    async with Story() as story:
        ana, her = await story.ready_agent("Ana", phone=ANAS), story.phone(HERS)
        await her.texts("the heating is cold")
        case, before = await story.one_case(), len(await her.inbox())
        await ana.api("POST", f"/cases/{case['id']}/callbacks", {"by": "me"})
        await ana.api("POST", f"/cases/{case['id']}/callbacks", {"by": "me", "address": WORK})
        assert len(await her.inbox()) == before
        offer = next(one for one in await ana.offers() if one["channel"] == "phone")
        await ana.accepts(offer)
        refused = await story.refused(
            "POST", f"/cases/{case['id']}/callbacks", {"by": "me", "address": HERS}, token=ana.token
        )
        assert refused["status"] == 409
        await story.passes(seconds=2)
        await story.phone(ANAS).picks_up()
        await story.passes(seconds=2)
        await story.phone(ANAS).presses("1")
        await story.passes(seconds=8)
        assert await dialled(story) == [WORK]


async def test_a_case_that_is_opened_for_another_number_calls_that_one() -> None:
    """Beside a call that is promised about another matter: that stands as it was told."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone=ANAS)
        await story.phone(HERS).texts("call after 3 pls")
        first = await the_promise(story)
        await ana.api("POST", "/cases", {"address": WORK, "channel": "phone", "subject": "The part"})
        await ana.accepts(await ana.offered())
        await story.passes(seconds=2)
        await story.phone(ANAS).picks_up()
        await story.passes(seconds=2)
        await story.phone(ANAS).presses("1")
        await story.passes(seconds=8)
        assert await dialled(story) == [WORK]
        assert (await story.api("GET", f"/cases/{first['case']}"))["promises"] == [first]
