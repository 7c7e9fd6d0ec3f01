"""A call that reached nobody keeps no later promise: what is promised now is watched as if nothing had been tried."""

from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest

from tests.mailbox import Mailbox
from tests.stories.test_at_night import at
from tests.stories.test_promises import (
    ANAS,
    asked_for_a_call,
    dials,
    dials_her,
    finishes_all,
    the_promise,
    until,
    window,
)
from tests.story import HERS, Agent, Phone, Story, instant

TEN = at("10:00", day=24)
MIA = "mia@customer.example"
SLIPS = "longer than we said"
TRIED = "we just called you"


async def states(story: Story) -> list[str]:
    return sorted(one["state"] for one in (await story.api("GET", "/promises"))["items"])


async def is_offered(story: Story, ana: Agent) -> None:
    """Time passes until it is her turn again."""
    for _ in range(17 * 6):
        if await ana.offers():
            return
        await story.passes(seconds=10)


async def missed(story: Story, her: Phone, ana: Agent, *, how: str) -> None:
    """She is dialled, which reaches nobody, and Ana is done with it."""
    await her.behaves(on_ring=how)
    await is_offered(story, ana)
    await dials_her(story, ana, story.phone(ANAS))
    await story.passes(seconds=40)
    await finishes_all(ana)


async def rebooks(story: Story, her: Phone, words: str) -> None:
    """She names another time by the link of the text that tells her so, where there is one."""
    links = [text for text in await her.inbox() if "http" in text]
    path = urlsplit(links[-1].rpartition(" ")[2]).path
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await story.ask("POST", path, body=urlencode({"text": words, "press": "one"}).encode(), headers=form, token=None)
    await story.passes(seconds=10)


async def missed_and_rebooked(story: Story, *, misses: int = 1) -> tuple[Phone, Agent]:
    """She does not answer, and by one tap has a call tomorrow between nine and eleven."""
    her = await asked_for_a_call(story)
    ana = await story.ready_agent("ana", phone=ANAS)
    for _ in range(misses):
        await missed(story, her, ana, how="ignore")
    await rebooks(story, her, "tomorrow between 9 and 11")
    assert "9:00 AM and 11:00 AM" in (await her.inbox())[-1]
    return her, ana


async def test_who_was_missed_and_booked_another_time_hears_before_it_slips() -> None:
    """S21: nobody is there between nine and eleven. She reads so before eleven, it counts as moved, and is kept later:
    her call of yesterday that reached nobody was no call of today."""
    async with Story() as story:
        her, ana = await missed_and_rebooked(story)
        await ana.is_now("off")
        before = len(await her.inbox())
        await until(story, at("10:54", day=24))
        assert len(await her.inbox()) == before
        await until(story, at("10:56", day=24))
        [told] = (await her.inbox())[before:]
        assert SLIPS in told
        promise = await the_promise(story)
        assert (promise["state"], instant(promise["window"]["end"]) > at("11:00", day=24)) == ("moved", True)
        await her.behaves()
        await ana.is_now("ready")
        await dials_her(story, ana, story.phone(ANAS))
        await her.picks_up()
        await story.passes(seconds=10)
        assert await states(story) == ["kept"]


async def test_who_was_missed_and_booked_a_time_at_which_we_are_away_hears_that_it_was_broken() -> None:
    """The service dies before nine and is back at noon: the promise is broken, and she reads that at once."""
    async with Story() as story:
        her, _ = await missed_and_rebooked(story)
        before = len(await her.inbox())
        await until(story, at("08:30", day=24))
        await story.stops()
        await until(story, at("12:00", day=24))
        await story.starts()
        await story.passes(minutes=1)
        assert ["did not call you" in text for text in (await her.inbox())[before:]] == [True]
        assert "broken" in await states(story)


async def test_a_time_that_they_booked_has_all_its_attempts() -> None:
    """Two calls reached nobody before she booked a time: one busy line then is not "several times", and she is called
    again as ever."""
    async with Story() as story:
        her, ana = await missed_and_rebooked(story, misses=2)
        await until(story, at("09:00", day=24))
        await story.passes(seconds=5)
        await missed(story, her, ana, how="busy")
        assert (await the_promise(story))["state"] == "moved"
        assert len((await the_promise(story))["attempts"]) == 3
        await her.behaves()
        await is_offered(story, ana)
        await dials_her(story, ana, story.phone(ANAS))
        await her.picks_up()
        await story.passes(seconds=10)
        assert (await states(story), await dials(story)) == (["kept"], 4)


async def promised_soon(story: Story) -> tuple[Phone, str]:
    """She wrote, and is promised a call within half an hour that begins in ten minutes."""
    her = story.phone(HERS)
    await her.texts("E42, the flat is cold")
    case = await her.case()
    start = await story.now() + timedelta(minutes=10)
    await story.api("POST", f"/cases/{case}/callbacks", {"window": window(start, minutes=30)})
    await until(story, start + timedelta(seconds=5))
    return her, case


async def goes_on(story: Story, ana: Agent, *, minutes: int) -> None:
    """Ana takes each offer of a call, and dials her."""
    end = await story.now() + timedelta(minutes=minutes)
    while await story.now() < end:
        for offer in await ana.offers():
            if offer["channel"] == "phone":
                await dials_her(story, ana, story.phone(ANAS))
                await finishes_all(ana)
        await story.passes(seconds=10)


async def test_who_hears_of_a_line_that_is_busy_past_the_time_that_was_promised() -> None:
    """Her line is busy for an hour: before the time is over she reads that it takes longer, and she has her call when she
    hangs up."""
    async with Story() as story:
        her, _ = await promised_soon(story)
        ana = await story.ready_agent("ana", phone=ANAS)
        before, ends = len(await her.inbox()), instant((await the_promise(story))["window"]["end"])
        await her.behaves(on_ring="busy")
        await goes_on(story, ana, minutes=24)
        assert len(await her.inbox()) == before, "it may be over in time"
        await goes_on(story, ana, minutes=6)
        told = (await her.inbox())[before:]
        assert [SLIPS in text for text in told] == [True]
        assert instant((await the_promise(story))["window"]["end"]) > ends
        await goes_on(story, ana, minutes=15)
        await her.behaves()
        await is_offered(story, ana)
        await dials_her(story, ana, story.phone(ANAS))
        await her.picks_up()
        await story.passes(seconds=10)
        assert await states(story) == ["kept"]


@pytest.mark.parametrize("then", ["ignore", "voicemail"])
async def test_a_busy_line_keeps_nobody_from_the_text_after_the_first_miss(then: str) -> None:
    """Busy, and then nobody, or a machine, answers: she reads that we called and how to come back, once."""
    async with Story() as story:
        her = await asked_for_a_call(story)
        ana = await story.ready_agent("ana", phone=ANAS)
        await missed(story, her, ana, how="busy")
        assert await her.inbox() == []
        await missed(story, her, ana, how=then)
        [text] = await her.inbox()
        assert TRIED in text
        await missed(story, her, ana, how="ignore")
        assert sum(TRIED in text for text in await her.inbox()) == 1


async def test_who_is_busy_for_long_hears_once_that_we_try() -> None:
    """No time was promised and her line stays busy: with what counts as the second attempt she reads so."""
    async with Story() as story:
        her = await asked_for_a_call(story)
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.behaves(on_ring="busy")
        await goes_on(story, ana, minutes=29)
        assert await her.inbox() == []
        await goes_on(story, ana, minutes=20)
        assert [TRIED in text for text in await her.inbox()] == [True]


async def test_a_dial_of_which_the_provider_says_nothing_keeps_no_promise() -> None:
    """The provider took the dial, or not: it does not say, and cannot be asked. Mia reads before the time is over that it
    takes longer. When it can be asked again her promise is looked after as any."""
    async with Story() as story:
        her, phone, mia = story.phone(HERS), story.phone(ANAS), Mailbox(story, MIA, "Mia")
        await mia.writes("My heating is cold, please call me")
        [case] = await story.cases()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": HERS})
        start = await story.now() + timedelta(minutes=10)
        made = await story.api("POST", f"/cases/{case['id']}/callbacks", {"window": window(start), "address": HERS})
        await until(story, start + timedelta(seconds=5))
        before = len(await mia.received())
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.behaves(on_ring="ignore")
        offer = next(one for one in await ana.offers() if one["channel"] == "phone")
        await ana.accepts(offer)
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await story.faults(lose_answers=1, lose_status=1)
        await phone.presses("1")
        await story.passes(seconds=8)
        await story.faults(provider_down=1)
        await until(story, start + timedelta(minutes=14))
        assert len(await mia.received()) == before
        await until(story, start + timedelta(minutes=16))
        assert [SLIPS in mail["text"] for mail in (await mia.received())[before:]] == [True]
        moved = await the_promise(story, case["id"])
        assert (moved["state"], moved["window"]["end"] > made["window"]["end"]) == ("moved", True)
        await story.faults()
        await story.passes(minutes=2)
        promise = await the_promise(story, case["id"])
        assert (promise["state"], [one["outcome"] for one in promise["attempts"]]) == ("moved", ["no-answer"])


async def test_a_machine_does_not_hear_at_the_last_attempt_that_we_try_again() -> None:
    """Three times a voicemail box: twice it hears that we try again, and then that we could not reach her."""
    async with Story() as story:
        her = await asked_for_a_call(story)
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.behaves(on_ring="voicemail", after_s=2)
        heard: list[bool] = []
        for _ in range(3):
            await is_offered(story, ana)
            await dials_her(story, ana, story.phone(ANAS))
            await story.passes(seconds=30)
            heard.append("try again" in await her.heard())
            await finishes_all(ana)
        assert heard == [True, True, False]
        assert "could not reach you" in await her.heard()
