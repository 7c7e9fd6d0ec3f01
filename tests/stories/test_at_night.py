"""Nobody is rung at night but who asked for it not long ago, or tells of danger; the others are called in the morning."""

from datetime import datetime, timedelta

from tests.stories.test_promises import ANAS, dials, dials_her, the_promise, until
from tests.story import HERS, Json, Story, instant

GAS = "I smell gas in the kitchen"


def at(clock: str, *, day: int = 23) -> datetime:
    """On her own clock."""
    return datetime.fromisoformat(f"2026-11-{day}T{clock}:00-05:00")


async def asks_to_be_called(story: Story) -> None:
    """She calls, presses 1 and hangs up."""
    her = story.phone(HERS)
    await her.calls(attestation="A")
    await story.passes(seconds=20)
    await her.presses("1")
    await story.passes(seconds=10)


async def test_whose_turn_comes_at_night_is_called_in_the_morning_and_told() -> None:
    """She asks at six, and nobody is there until ten: at eight in the evening she reads that it is the morning, once, and
    nobody who comes later is offered it. At eight she is dialled, at the place she had."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await until(story, at("17:00"))
        await asks_to_be_called(story)
        place_at = (await the_promise(story))["place_at"]
        await until(story, at("19:59"))
        assert await her.inbox() == []
        await until(story, at("20:01"))
        [told] = await her.inbox()
        assert "tomorrow between 8:00 AM and 8:30 AM" in told
        moved = await the_promise(story)
        assert (moved["state"], moved["callback"], moved["place_at"]) == ("moved", "scheduled", place_at)
        assert instant(moved["window"]["start"]) == at("08:00", day=24)
        ana = await story.ready_agent("ana", phone=ANAS)
        await until(story, at("22:00"))
        assert (await ana.offers(), await dials(story)) == ([], 0)
        await until(story, at("08:00", day=24))
        await story.passes(seconds=5)
        await dials_her(story, ana, phone)
        await her.picks_up()
        await story.passes(seconds=10)
        assert (await dials(story), len(await her.inbox())) == (1, 1)
        assert [one["state"] for one in (await story.api("GET", "/promises"))["items"]] == ["kept"]


async def test_who_asked_a_moment_ago_is_called_in_the_evening() -> None:
    """S53: at half past nine she asks for a call. She is up, and wants it: it is made at her turn, also at a quarter past
    eleven, and not at a quarter to twelve."""
    for turn, offered in (("23:15", 1), ("23:45", 0)):
        async with Story() as story:
            her, phone = story.phone(HERS), story.phone(ANAS)
            await until(story, at("21:30"))
            await her.texts("please call me")
            await story.passes(seconds=10)
            await until(story, at(turn))
            ana = await story.ready_agent("ana", phone=ANAS)
            calls = [one for one in await ana.offers() if one["channel"] == "phone"]
            assert len(calls) == offered
            if not offered:
                assert (await the_promise(story))["window"]["start"][:16] == "2026-11-24T13:00"
                continue
            await dials_her(story, ana, phone)
            await her.picks_up()
            await story.passes(seconds=10)
            assert await dials(story) == 1


async def test_a_text_at_night_is_answered_and_no_attempt_is_made_then() -> None:
    """S53: she writes at half past ten in the evening and reads the answer at once. A call that reached nobody before
    eight is tried again in the morning, and not at night."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await until(story, at("17:30"))
        await asks_to_be_called(story)
        await her.behaves(on_ring="ignore")
        await until(story, at("19:58"))
        ana = await story.ready_agent("ana", phone=ANAS)
        await dials_her(story, ana, phone)
        await story.passes(seconds=40)
        [work] = await ana.work()
        await ana.finishes(work, "not-reached")
        tried = len(await her.inbox())
        await until(story, at("22:29"))
        assert (await ana.offers(), await dials(story)) == ([], 1)
        await her.texts("what is E42?")
        offer = await ana.offered()
        assert offer["channel"] == "sms"
        await ana.accepts(offer)
        await ana.replies(offer["case"], "It is the fuse.")
        assert (await her.inbox())[tried:] == ["It is the fuse."]
        await until(story, at("23:59"))
        assert await dials(story) == 1


async def test_danger_waits_for_no_morning() -> None:
    """She smells gas and asks for a call at night: whoever comes first is offered it, however late it is by then."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await until(story, at("20:30"))
        await her.calls(attestation="A")
        await her.speaks(GAS)
        await story.passes(seconds=12)
        await her.presses("1")
        await story.passes(seconds=10)
        await until(story, at("23:50"))
        ana = await story.ready_agent("ana", phone=ANAS)
        await dials_her(story, ana, phone)
        assert await dials(story) == 1


async def named_a_time(story: Story, how: str) -> Json:
    """She tells of danger and names a time for our call."""
    her = story.phone(HERS)
    if how == "text":
        await her.texts(f"{GAS}, call me at 5 pm today")
    else:
        await her.calls(attestation="A")
        await her.speaks(GAS)
        await story.passes(seconds=12)
        await her.presses("4")
        await story.passes(seconds=5)
        await her.speaks("at 5 pm today")
    await story.passes(seconds=10)
    return await the_promise(story)


async def test_danger_needs_somebody_now_whatever_time_was_named() -> None:
    """She says when she can be called, and that she smells gas: the promise stands, and somebody is asked at once."""
    for how, channel in (("text", "sms"), ("phone", "phone")):
        async with Story() as story:
            promise = await named_a_time(story, how)
            assert instant(promise["window"]["start"]) == at("17:00"), how
            ana = await story.ready_agent("ana", phone=ANAS)
            assert (await ana.offered())["channel"] == channel
            if how == "phone":
                await dials_her(story, ana, story.phone(ANAS))
                assert await dials(story) == 1, "who takes it calls her, and does not wait"
                await story.phone(HERS).picks_up()
                await story.passes(seconds=10)
                [kept] = (await story.api("GET", "/promises?state=kept"))["items"]
                assert kept["id"] == promise["id"]


async def test_nobody_is_rung_at_night_whose_own_call_ended_in_line() -> None:
    """She was promised a call at six, calls at night and hangs up in line: nobody rings her then."""
    async with Story() as story:
        her = story.phone(HERS)
        await until(story, at("17:55"))
        await asks_to_be_called(story)
        await until(story, at("19:59") + timedelta(seconds=30))
        await her.calls(attestation="A")
        await until(story, at("20:03"))
        await her.hangs_up()
        await story.passes(minutes=6)
        ana = await story.ready_agent("ana", phone=ANAS)
        assert (await ana.offers(), await dials(story)) == ([], 0)
        assert (await the_promise(story))["callback"] == "scheduled"
