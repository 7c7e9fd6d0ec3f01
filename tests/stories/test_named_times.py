"""A time for our call, named on every channel: by mail, in a chat and on the phone it is the promise that a text makes."""

from datetime import datetime, timedelta

import pytest

from tests.mailbox import MIA, Mailbox
from tests.story import HERS, Json, Story, World
from tests.visitor import Visitor

ANAS = "+14155550201"
TODAY_AFTER_3 = {"start": "2026-11-23T20:00:00.000Z", "end": "2026-11-24T01:00:00.000Z"}
TOMORROW_10_TO_11 = {"start": "2026-11-24T15:00:00.000Z", "end": "2026-11-24T16:00:00.000Z"}


async def the_promise(story: World) -> Json:
    [promise] = (await story.one_case())["promises"]
    return promise


async def dials(story: World) -> int:
    sent = await story.traffic("rest", "/Calls.json")
    return sum(one["method"] == "POST" and HERS in str(one) for one in sent)


async def line(mia: Visitor, words: str) -> str:
    """The line of the chat with these words."""
    while not (found := [said for said in mia.said if words in said and "we" in said]):
        await mia.reads()
    return found[-1]


async def test_by_mail_a_time_and_a_number_are_a_promise() -> None:
    """Named, confirmed in one line, moved and cancelled: all by mail, and the call is made to the number in it."""
    async with Story() as story:
        mia, ana = Mailbox(story, MIA, "Mia"), await story.ready_agent("Ana", phone=ANAS)
        await mia.writes(f"The flat is cold. Please call me after 3: {HERS}")
        assert (await the_promise(story))["window"] == TODAY_AFTER_3
        assert await ana.offers() == []
        await story.passes(minutes=1)
        said = await mia.last()
        assert "we call you today between 3:00 PM and 8:00 PM" in said["text"]
        await mia.answers(said, "Rather tomorrow between 10 and 11")
        assert (await the_promise(story))["window"] == TOMORROW_10_TO_11
        await story.passes(minutes=1)
        said = await mia.last()
        assert "we call you tomorrow between 10:00 AM and 11:00 AM" in said["text"]
        await mia.answers(said, "no need to call, thanks")
        assert (await story.one_case())["promises"] == []
        await story.passes(minutes=1)
        assert "we do not call you" in (await mia.last())["text"]
        assert (await ana.offered())["channel"] == "email", "what she wrote is answered in writing"


async def test_a_mail_without_a_number_is_somebodys_to_read() -> None:
    """Who names no number, and may be somebody else, is promised nothing: an agent is asked."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await Mailbox(story, MIA).writes("Please call me after 3")
        assert (await story.one_case())["promises"] == []
        assert (await ana.offered())["channel"] == "email"


async def test_a_number_in_a_mail_is_called_once_whoever_asks() -> None:
    """A stranger's number that two people name by mail is promised one call; both are answered alike."""
    async with Story() as story:
        said: list[str] = []
        for address in ("one@customer.example", "two@customer.example"):
            box = Mailbox(story, address)
            await box.writes(f"call me after 3: {HERS}", subject=address)
            await story.passes(minutes=1)
            said.append((await box.last())["text"])
        assert said[0] == said[1]
        assert sum(len(case["promises"]) for case in await story.cases()) == 1
        assert await story.phone(HERS).inbox() == []


async def test_in_a_chat_a_time_and_a_number_are_a_promise() -> None:
    """The same line by line in a chat; she moves it and takes it back by writing there."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        await mia.writes(f"please call me after 3, {HERS}")
        assert (await the_promise(story))["window"] == TODAY_AFTER_3
        assert "we call you today between 3:00 PM and 8:00 PM" in await line(mia, "today")
        await mia.writes("tomorrow between 10 and 11")
        assert (await the_promise(story))["window"] == TOMORROW_10_TO_11
        assert "we call you tomorrow" in await line(mia, "tomorrow between 10:00")
        await mia.writes("cancel the call please")
        assert (await story.one_case())["promises"] == []
        assert await line(mia, "we do not call you")


async def test_by_text_do_not_call_me_takes_the_call_back() -> None:
    """It is no wish for a call, although it has the words of one."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call after 3 pls")
        assert (await the_promise(story))["window"] == TODAY_AFTER_3
        await her.texts("do not call me")
        assert (await story.one_case())["promises"] == []
        assert "we do not call you" in (await her.inbox())[-1]


@pytest.mark.parametrize("words", ["after three", "please call me after 3"])
async def test_on_the_phone_a_time_is_said(words: str) -> None:
    """In line she says when: one sentence confirms it, the call ends, and she is called then at her place."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=20)
        assert "4 to name a time" in await her.heard()
        await her.speaks(words)
        assert "We call you today between 3:00 PM and 8:00 PM" in await her.heard()
        await story.passes(seconds=15)
        assert await her.state() == "idle"
        promise = await the_promise(story)
        assert promise["window"] == TODAY_AFTER_3
        ana = await story.ready_agent("Ana", phone=ANAS)
        assert await ana.offers() == []
        start = datetime.fromisoformat(TODAY_AFTER_3["start"])
        await story.passes(seconds=(start - await story.now()).total_seconds())
        offer = await ana.offered()
        assert offer["place_at"] == promise["place_at"] < TODAY_AFTER_3["start"]
        await ana.accepts(offer)
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=8)
        assert (await her.state(), await dials(story)) == ("ringing", 1)


async def test_by_keys_the_hour_is_typed_and_what_is_not_clear_is_asked_again() -> None:
    """Key 4, then an hour; one that is over is said to be, with another, and key 1 takes that."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("4")
        await story.passes(seconds=8)
        assert "When shall we call you?" in await her.heard()
        await her.presses("0900#")
        await story.passes(seconds=6)
        assert "That time is over. We could call you tomorrow between 9:00 AM and 9:20 AM" in await her.heard()
        assert (await story.one_case())["promises"] == []
        await her.presses("1#")
        await story.passes(seconds=2)
        assert "We call you tomorrow between 9:00 AM and 9:20 AM" in await her.heard()
        assert (await the_promise(story))["window"]["start"] == "2026-11-24T14:00:00.000Z"


async def test_a_day_that_is_over_is_asked_again_in_words_that_say_so() -> None:
    """ "Yesterday at three": nothing is promised, they hear that it is over and when it could be. What happened
    yesterday, told in line, is no wish for a call."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=20)
        await her.speaks("it broke yesterday at three")
        await story.passes(seconds=20)
        assert "That time is over" not in await her.heard()
        await her.presses("4")
        await story.passes(seconds=8)
        await her.speaks("yesterday at three")
        assert "That time is over. We could call you tomorrow between 3:00 PM and 3:20 PM" in await her.heard()
        assert (await story.one_case())["promises"] == []


async def test_who_is_promised_a_call_moves_it_and_cancels_it_by_keys() -> None:
    """She calls from the number that is to be called: she hears when that is, and keys 4 and 5 change it. Somebody whom
    the provider does not vouch for hears nothing of it."""
    async with Story() as story:
        her, ana = story.phone(HERS), await story.ready_agent("Ana", capacity={"message": 1})
        await her.texts("call after 3 pls")
        await her.calls(attestation="C")
        await story.passes(seconds=20)
        await her.presses("5")
        await story.passes(seconds=4)
        assert "today between" not in await her.heard()
        assert (await the_promise(story))["window"] == TODAY_AFTER_3
        await her.hangs_up()
        await story.passes(seconds=2)
        await her.calls(attestation="A")
        await story.passes(seconds=12)
        assert "We are to call you today between 3:00 PM and 8:00 PM, New York time" in await her.heard()
        await her.presses("4")
        await story.passes(seconds=8)
        await her.speaks("tomorrow between 10 and 11")
        await story.passes(seconds=15)
        assert (await the_promise(story))["window"] == TOMORROW_10_TO_11
        await her.calls(attestation="A")
        await story.passes(seconds=12)
        await her.presses("5")
        await story.passes(seconds=12)
        assert "we do not call you" in await her.heard()
        assert (await her.state(), (await story.one_case())["promises"]) == ("idle", [])
        assert (await ana.offered())["channel"] == "sms"


async def test_where_nobody_is_free_no_time_is_promised() -> None:
    """No promise stands without a time that is kept for it: she hears so, and as soon as possible is still possible."""
    async with Story() as story:
        now = await story.now()
        shifts = [
            {"start": now.isoformat(), "end": (now + timedelta(minutes=15)).isoformat(), "count": 1, "queue": "general"}
        ]
        await story.api("PUT", "/staffing", {"shifts": shifts})
        her = story.phone(HERS)
        await her.texts("call after 3 pls")
        assert (await story.one_case())["promises"] == []
        assert "nobody is free" in (await her.inbox())[-1]
