"""How long it will be: the same range on the phone, on pages, on the desk and for programs, or that we do not know."""

import re
from datetime import timedelta
from functools import cache

from router.core.waits.line import LineState
from router.journal import codec
from router.node.wait_lines import RECORDS, Kept
from tests.sim.waits_day import Centre, Play
from tests.site_words import DEMO_SITE, KEY, word
from tests.stories.test_carrying import links
from tests.stories.test_line import ANAS
from tests.stories.test_promises import dials_her, finishes_all
from tests.stories.test_stream import last_seq
from tests.stories.test_touch import shown, touched
from tests.story import HERS, HIS, Agent, Json, Phone, Story, instant
from tests.story.people import Stream
from tests.visitor import Visitor

PATH = "/waits?queue=general&channel=phone"
THIRD, FOURTH, FIFTH, BENS = "+12125550188", "+12125550177", "+12125550166", "+14155550202"
RANGE = re.compile(r"probably (?:between (\d+) and|less than) (\d+) minutes")
UNKNOWN = "We cannot say yet how long the wait will be."
MINUTE_S = 60


@cache
def learned() -> LineState:
    """What the line of a small centre has learned in some days."""
    play = Play(Centre(scale=0.05, days=4), seed=5)
    play.run()
    return play.line.state()


async def knows_its_line(story: Story, kind: str = "phone") -> None:
    """The service has learned from its calls or chats, as if for days."""
    assert story.running is not None
    kept = Kept(queue="general", kind=kind, line=learned())
    await story.running.node.journal.put_record(RECORDS, f"general/{kind}", codec.encode(kept).decode())
    await story.restarts()


async def talks(story: Story, agent: Agent, line: Phone, caller: Phone) -> Json:
    """A caller comes, and is with the agent."""
    await caller.calls()
    await story.passes(seconds=10)
    [offer] = [one for one in await agent.offers() if one["channel"] == "phone"]
    work = await agent.accepts(offer)
    await story.passes(seconds=2)
    await line.picks_up()
    await story.passes(seconds=2)
    await line.presses("1")
    await story.passes(seconds=10)
    assert caller.number in await line.talks_with()
    return work


async def busy_line(story: Story) -> tuple[Agent, Json]:
    """The line is known, and the one agent talks with somebody else."""
    await knows_its_line(story)
    ana = await story.ready_agent("Ana", phone=ANAS)
    return ana, await talks(story, ana, story.phone(ANAS), story.phone(HIS))


async def waits(story: Story, caller: Phone) -> Json:
    """What programs read of how long they still wait."""
    return (await story.case(await caller.case()))["wait"]


def range_in(words: str) -> tuple[int, int]:
    """The range that was said last, in seconds."""
    low, high = RANGE.findall(words)[-1]
    return int(low or 0) * MINUTE_S, int(high) * MINUTE_S


def on_desk(wait: Json) -> str:
    """The same as an agent reads it."""
    low, high = wait["low_s"] // MINUTE_S, wait["high_s"] // MINUTE_S
    return f"probably {low}–{high} min more" if low else f"probably less than {high} min more"


async def metric(story: Story, name: str) -> float:
    text = (await story.ask("GET", "/metrics")).body.decode()
    [value] = [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith(name + "{")]
    return float(value)


async def test_with_too_little_seen_it_is_said_in_words_and_without_a_number() -> None:
    """Nobody has called yet, then one has: neither is enough to say how long the next will wait."""
    async with Story() as story:
        before = await story.api("GET", PATH)
        assert (before["low_s"], before["high_s"], before["confidence"]) == (None, None, None)
        assert "we do not know" in before["basis"]
        caller = story.phone(HERS)
        await caller.calls()
        await caller.speaks("a question about my bill, please")
        await story.passes(seconds=4)
        [waiting] = (await story.api("GET", "/work"))["waiting"]
        path = f"/waits?queue={waiting['queue']}&channel=phone"
        nobody = await story.api("GET", path)
        assert nobody["high_s"] is None
        assert "nobody who can take it is on duty" in nobody["basis"]
        await story.ready_agent("ana", phone=ANAS)
        await story.passes(seconds=2)
        after = await story.api("GET", path)
        assert after["high_s"] is None
        assert "too little has been seen" in after["basis"]


async def test_s20_without_enough_seen_a_caller_hears_so_once_and_is_promised_no_time() -> None:
    """S20: never zero and never a number: on the phone, for programs, on the desk; the call that they choose instead is
    promised when it is their turn, and no sooner."""
    async with Story() as story:
        her, ana = story.phone(HERS), await story.agent("Ana", phone=ANAS)
        await her.calls()
        await story.passes(seconds=60)
        heard = await her.heard()
        assert heard.count(UNKNOWN) == 1
        assert not RANGE.search(heard)
        wait = await waits(story, her)
        assert (wait["low_s"], wait["high_s"], wait["confidence"]) == (None, None, None)
        assert "too early to say how long" in await ana.page(await her.case())
        await her.presses("1")
        await story.passes(seconds=5)
        assert "within" not in await her.heard()
        [promise] = (await story.one_case())["promises"]
        assert promise["window"] is None


async def test_that_we_cannot_say_how_long_is_said_once_and_then_only_what_is_new() -> None:
    """Whoever comes back to the choices, after words, a key that is none or a question, hears it no second time; once
    something is known they hear that."""
    async with Story() as story:
        her, ana = story.phone(HERS), await story.agent("Ana", phone=ANAS)
        await knows_its_line(story)
        await story.phone(HIS).calls()
        await story.passes(seconds=1)
        await her.calls()
        await story.passes(seconds=40)
        assert (await her.heard()).count(UNKNOWN) == 1, "nobody is there"
        await her.speaks("it is about something else")
        await story.passes(seconds=40)
        await her.presses("7")
        await story.passes(seconds=40)
        await her.presses("4")
        await story.passes(seconds=60)
        assert (await her.heard()).count(UNKNOWN) == 1
        await ana.is_now("ready")
        await ana.accepts()
        await story.passes(seconds=2)
        await story.phone(ANAS).picks_up()
        await story.passes(seconds=2)
        await story.phone(ANAS).presses("1")
        await story.passes(seconds=60)
        heard = await her.heard()
        assert heard.count(UNKNOWN) == 1
        assert RANGE.search(heard)


async def test_s20_s22_one_range_for_the_phone_the_page_the_desk_and_programs() -> None:
    """S20, S22: what she hears in line is what programs read, what her page says and what the desk shows, after a
    refresh and after a restart as well; it claims four in five, and is walked anew while she waits."""
    async with Story() as story:
        ana, _ = await busy_line(story)
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=25)
        wait, told = await waits(story, her), range_in(await her.heard())
        assert (wait["low_s"], wait["high_s"], wait["confidence"]) == (*told, 0.8)
        assert "at least 80 %" in wait["basis"]
        case = await her.case()
        page = (await links(story, case, "page"))["page"].partition("/c/")[2]
        shown = (await story.ask("GET", f"/c/{page}", token=None)).body.decode()
        assert range_in(shown) == told
        assert (await ana.page(case)).count(on_desk(wait)) == 2, "in the line and on the card"
        place = (await story.case(case))["ask"]["place_at"]
        await story.restarts()
        assert await waits(story, her) == wait
        assert range_in((await story.ask("GET", f"/c/{page}", token=None)).body.decode()) == told
        assert (await story.case(case))["ask"]["place_at"] == place
        await story.phone(THIRD).calls()
        await story.passes(seconds=25)
        behind = await waits(story, story.phone(THIRD))
        assert behind["high_s"] > (await waits(story, her))["high_s"]
        later = await waits(story, her)
        assert range_in(await her.heard()) == (later["low_s"], later["high_s"])


async def test_an_agent_who_is_asked_takes_nothing_else_meanwhile() -> None:
    """How long a talk holds an agent is learned from the offer on: twenty-five seconds until Ana takes it are no time
    in which she could talk with the next."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=10)
        ana = await story.ready_agent("ana", phone=ANAS)
        await story.passes(seconds=25)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=20)
        await her.hangs_up()
        await story.passes(seconds=2)
        [work] = await ana.work()
        await ana.finishes(work, "answered")
        assert story.running is not None
        [learned] = [one.line.people.learned() for one in story.running.node.waits._lines._lines.values()]
        assert 49 <= learned.busy_s <= 56


async def test_s51_who_wraps_up_and_goes_for_a_break_makes_the_ranges_rise() -> None:
    """S51: a talk is over and its notes are not: nothing is offered. A break was asked meanwhile: nothing is offered
    after it either. Whoever waits keeps their place, and is told of a longer wait."""
    async with Story() as story:
        ana, _ = await busy_line(story)
        ben = await story.ready_agent("Ben", phone=BENS)
        await talks(story, ben, story.phone(BENS), story.phone(THIRD))
        fourth, her = story.phone(FOURTH), story.phone(HERS)
        for caller in (fourth, her):
            await caller.calls()
            await story.passes(seconds=30)
        case = await her.case()
        place_at, before = (await story.case(case))["ask"]["place_at"], await waits(story, her)
        await story.phone(HIS).hangs_up()
        await story.passes(seconds=2)
        [work] = await ana.work()
        assert work["state"] == "wrapping"
        await ana.is_now("away")
        await story.passes(seconds=20)
        assert await ana.offers() == []
        await ana.finishes(work)
        await story.passes(seconds=30)
        assert ((await ana.me())["state"], await ana.offers()) == ("away", [])
        after = await waits(story, her)
        assert after["low_s"] > before["low_s"] and after["high_s"] > before["high_s"]
        assert (await story.case(case))["ask"]["place_at"] == place_at
        await story.passes(seconds=40)
        told = range_in(await her.heard())
        assert told[1] > before["high_s"], "she hears it, too"


async def test_a_call_as_soon_as_possible_promises_the_upper_end_of_what_was_told() -> None:
    """She chooses to be called: by the end of the range at the latest, said to her and promised; it is kept at her turn
    by one dial, and counts as it was told."""
    async with Story() as story:
        ana, work = await busy_line(story)
        her, line = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=25)
        _, high_s = range_in(await her.heard())
        judged = await metric(story, "onecase_waits_judged_total")
        pressed_at = await story.now()
        await her.presses("1")
        await story.passes(seconds=10)
        [promise] = (await story.case(await her.case()))["promises"]
        assert (instant(promise["window"]["end"]) - pressed_at).total_seconds() == high_s
        assert promise["state"] == "open"
        assert await waits(story, her) is not None, "she keeps her place"
        await story.phone(HIS).hangs_up()
        await story.passes(seconds=2)
        await ana.finishes(work, "solved")
        await her.behaves(on_ring="answer")
        await ana.accepts()
        await story.passes(seconds=2)
        await line.picks_up()
        await story.passes(seconds=2)
        await line.presses("1")
        await story.passes(seconds=10)
        [promise] = (await story.api("GET", "/promises?state=kept"))["items"]
        assert len(promise["attempts"]) == 1
        assert await waits(story, her) is None
        assert await metric(story, "onecase_waits_judged_total") == judged + 1
        assert 0.0 < await metric(story, "onecase_waits_kept_share") <= 1.0


async def test_s21_a_call_that_takes_longer_than_was_told_is_told_before_it_is_due() -> None:
    """S21: Ana talks on, and the end of what she was told comes near: she reads so before it, with a later time and a
    choice, and keeps her place; nothing is broken."""
    async with Story() as story:
        await busy_line(story)
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=25)
        await her.presses("1")
        await story.passes(seconds=10)
        before = await story.case(await her.case())
        [promise] = before["promises"]
        end = instant(promise["window"]["end"])
        await story.passes(seconds=(end - await story.now()).total_seconds() - 1)
        [moved] = (await story.case(await her.case()))["promises"]
        assert moved["state"] == "moved"
        assert instant(moved["window"]["end"]) > end
        [text] = await her.inbox()
        assert "takes longer than we said" in text
        assert "answer with another time" in text
        after = await story.case(await her.case())
        assert after["ask"]["place_at"] == before["ask"]["place_at"]


async def test_no_time_is_promised_to_whom_nobody_could_tell_that_it_takes_longer() -> None:
    """She stopped our texts: she hears how long it probably takes and is called at her turn, and no time is promised. So
    none is broken without a word, however long it takes."""
    async with Story() as story:
        ana, work = await busy_line(story)
        her = story.phone(HERS)
        await her.texts("STOP")
        await story.passes(seconds=1)
        await her.calls()
        await story.passes(seconds=25)
        assert range_in(await her.heard())
        await her.presses("1")
        await story.passes(seconds=10)
        assert "within" not in await her.heard()
        [promise] = (await story.case(await her.case()))["promises"]
        assert (promise["state"], promise["window"]) == ("open", None)
        await story.passes(hours=1)
        assert (await story.api("GET", "/promises?state=broken"))["items"] == []
        await story.phone(HIS).hangs_up()
        await story.passes(seconds=2)
        await ana.finishes(work, "solved")
        assert (await ana.offered())["case"] == await her.case()


async def test_who_cannot_be_told_any_more_that_it_takes_longer_is_called_first() -> None:
    """She stops our texts after a time was promised: shortly before it is over she goes before whoever stood before
    her, so that it is kept."""
    async with Story() as story:
        ana, work = await busy_line(story)
        third, her = story.phone(THIRD), story.phone(HERS)
        await third.calls()
        await story.passes(seconds=12)
        await her.calls()
        await story.passes(seconds=25)
        await her.presses("1")
        await story.passes(seconds=10)
        await her.texts("STOP")
        case = await her.case()
        [promise] = (await story.case(case))["promises"]
        end = instant(promise["window"]["end"])
        await story.passes(seconds=(end - await story.now()).total_seconds() - 20)
        [promise] = (await story.case(case))["promises"]
        assert promise["state"] == "at_risk"
        await story.phone(HIS).hangs_up()
        await story.passes(seconds=2)
        await ana.finishes(work, "solved")
        assert (await ana.offered())["case"] == case


async def test_a_call_that_is_asked_for_in_writing_is_promised_within_what_is_told() -> None:
    """Nobody reached her, and she answers "call me": she reads within how many minutes, which is the upper end of what
    programs read, and that is promised. Where too little is known she reads that, and no time is promised."""
    for is_known in (True, False):
        async with Story() as story:
            if is_known:
                await knows_its_line(story)
            her, line = story.phone(HERS), story.phone(ANAS)
            await her.calls()
            await story.passes(seconds=20)
            await her.presses("1")
            await story.passes(seconds=10)
            await her.behaves(on_ring="ignore")
            ana = await story.ready_agent("Ana", phone=ANAS)
            for spacing_s in (180, 900, 0):
                await dials_her(story, ana, line)
                await story.passes(seconds=40)
                await finishes_all(ana)
                await story.passes(seconds=spacing_s)
            await talks(story, ana, line, story.phone(HIS))
            now = await story.now()
            await her.texts("call me")
            [promise] = (await story.case(await her.case()))["promises"]
            said = (await her.inbox())[-1]
            if is_known:
                high_s = (await waits(story, her))["high_s"]
                assert f"within {high_s // 60} minutes" in said
                assert (instant(promise["window"]["end"]) - now).total_seconds() == high_s
            else:
                assert promise["window"] is None
                assert "we cannot say yet when" in said


async def test_a_call_that_a_program_asks_for_is_promised_within_what_is_told() -> None:
    """About a case, or with a contact that it brings. Whoever touches a button is answered with no time: whom their site
    vouches for reads the range on their page, and others nothing that would say who waits at a number."""
    async with Story(sites=[{"id": DEMO_SITE, "identity_keys": [KEY]}]) as story:
        await busy_line(story)
        her, third, now = story.phone(HERS), story.phone(THIRD), await story.now()
        await her.texts("hello")
        made = await story.api("POST", f"/cases/{await her.case()}/callbacks", {})
        high_s = (await waits(story, her))["high_s"]
        assert (instant(made["window"]["end"]) - now).total_seconds() == high_s

        pressed = {"address": THIRD, "reach_me": {"channel": "phone", "at": "now"}}
        promise = (await story.api("POST", "/contacts", pressed))["promise"]
        high_s = (await waits(story, third))["high_s"]
        assert (instant(promise["window"]["end"]) - now).total_seconds() == high_s

        body = {"identity": word("mia", now), "address": FOURTH, "reach_me": {"channel": "phone", "at": "now"}}
        mia = await touched(story, body)
        wait = (await story.case(mia["case"]))["wait"]
        assert range_in(await shown(story, mia)) == (wait["low_s"], wait["high_s"])
        assert mia["promise"]["window"] is None
        nobody = await touched(story, {"address": FIFTH, "reach_me": {"channel": "phone", "at": "now"}})
        assert not RANGE.search(await shown(story, nobody))


async def test_who_hangs_up_is_judged_when_her_place_is_reached_and_who_does_not_answer_comes_back() -> None:
    """One hangs up at once and one waits behind her: both of what they were told is judged when an agent comes there.
    A call of ours that nobody answers is no talk, and it holds an agent for as long as it rang."""
    async with Story() as story:
        assert story.running is not None
        ana, work = await busy_line(story)
        third, her = story.phone(THIRD), story.phone(HERS)
        judged = await metric(story, "onecase_waits_judged_total")
        await third.calls()
        await story.passes(seconds=12)
        await third.hangs_up()
        await her.calls()
        await story.passes(seconds=25)
        await her.presses("1")
        await story.passes(seconds=10)
        assert await metric(story, "onecase_waits_judged_total") == judged
        await story.phone(HIS).hangs_up()
        await story.passes(seconds=2)
        await ana.finishes(work, "solved")
        assert await metric(story, "onecase_waits_judged_total") == judged + 2
        before = await kept(story)
        await her.behaves(on_ring="ignore")
        await ana.accepts()
        await story.passes(seconds=2)
        await story.phone(ANAS).picks_up()
        await story.passes(seconds=2)
        await story.phone(ANAS).presses("1")
        await story.passes(minutes=2)
        for one in await ana.work():
            await ana.finishes(one, "solved")
        after = await kept(story)
        assert after.people.finished == before.people.finished
        assert after.people.answered < before.people.answered < before.people.rings + 1
        assert after.people.missed_s > before.people.missed_s


async def kept(story: Story) -> LineState:
    """What the line has learned, as it would be written now."""
    assert story.running is not None
    await story.running.node.waits.save()
    every = [codec.decode(body, Kept) for body in (await story.running.node.journal.records(RECORDS)).values()]
    [found] = [one for one in every if one.requirement is not None and (one.queue, one.kind) == ("general", "phone")]
    return found.line


async def test_the_stream_tells_when_a_wait_has_become_another_one() -> None:
    """A second agent comes: whoever watches is told the new range, which is what programs read; while nothing changes
    nothing is told, however long they wait within the same minutes."""
    async with Story() as story:
        await busy_line(story)
        her, third = story.phone(HERS), story.phone(THIRD)
        stream = await story.stream()
        await her.calls()
        await story.passes(seconds=5)
        await third.calls()
        await story.passes(seconds=25)
        told = await told_of(story, stream, await third.case())
        assert told[-1] == {**await waits(story, third), "case": await third.case(), "queue": "general"}
        ben = await story.ready_agent("Ben", phone=BENS)
        await story.passes(seconds=5)
        assert (await ben.offered())["case"] == await her.case()
        later = await told_of(story, stream, await third.case())
        assert later[-1]["high_s"] < told[-1]["high_s"]
        assert later[-1]["high_s"] == (await waits(story, third))["high_s"]
        assert all(one != other for one, other in zip(later, later[1:], strict=False)), "nothing is told twice"


async def test_s20_s22_who_waits_in_a_chat_is_told_how_long_and_again_when_that_changes() -> None:
    """The one agent talks on the phone: a visitor is told the range that programs read, after a reload as well, and anew
    when it has changed; nothing is told twice, and once somebody is there it is over."""
    async with Story() as story:
        await knows_its_line(story, kind="chat")
        ana = await story.ready_agent("Ana", phone=ANAS)
        work = await talks(story, ana, story.phone(ANAS), story.phone(HIS))
        others, mia = [Visitor(story) for _ in range(4)], Visitor(story)
        for other in others:
            await other.comes()
            await other.writes("is anybody there?")
            await story.passes(seconds=5)
        await mia.comes()
        await mia.writes("when do you open the gate?")
        told = await mia.hears("wait")
        hers = (await story.api("GET", "/work"))["waiting"][-1]["case"]
        wait = (await story.case(hers))["wait"]
        assert all(told[name] == wait[name] for name in ("low_s", "high_s", "confidence"))
        assert range_in(told["says"]) == (told["low_s"], told["high_s"])
        await mia.goes()
        await mia.comes()
        assert await mia.hears("wait") == told
        ben = await story.ready_agent("Ben")
        for offer in await ben.offers():
            await ben.accepts(offer)
        await story.passes(seconds=2)
        later = await mia.hears("wait")
        assert later["high_s"] < told["high_s"]
        assert later["high_s"] == (await story.case(hers))["wait"]["high_s"]
        frames = [frame for frame in mia.frames if frame["kind"] == "wait"]
        assert all(one != other for one, other in zip(frames[1:], frames[2:], strict=False)), "nothing is told twice"
        await story.phone(HIS).hangs_up()
        await story.passes(seconds=2)
        await ana.finishes(work, "solved")
        for offer in await ana.offers():
            await ana.accepts(offer)
        assert (await mia.hears("agent"))["name"] == "Ana"
        assert (await mia.hears("wait"))["says"] is None


async def test_s20_in_a_chat_of_which_too_little_was_seen_no_number_is_told() -> None:
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("hello?")
        told = await mia.hears("wait")
        assert (told["low_s"], told["high_s"], told["says"]) == (None, None, UNKNOWN)


async def told_of(story: Story, stream: Stream, case: str) -> list[Json]:
    """All that the stream has told of the wait of a case."""
    await story.phone("+12125550199").texts("hello")  # what was told before this event is read before it
    await stream.until(await last_seq(story))
    frames = [one for one in stream.frames if one["kind"] == "waits"]
    return [one for frame in frames for one in frame["data"]["waits"] if one["case"] == case]


async def test_calls_that_are_promised_for_a_time_are_reckoned_with() -> None:
    """Whoever is called in a while stands in no line until then, and agents are not there for others then: those whose
    place comes later are told so; also after a restart, and no longer once the calls are not to be made."""
    async with Story() as story:
        await busy_line(story)
        now = await story.now()
        shift = {"start": now.isoformat(), "end": (now + timedelta(hours=8)).isoformat(), "queue": "general"}
        await story.api("PUT", "/staffing", {"shifts": [shift | {"count": 4}]})
        for number in (HERS, THIRD):
            await story.phone(number).calls()
        await story.passes(seconds=25)
        before = await story.api("GET", PATH)
        for n in range(4):
            await story.phone(f"+1212555010{n}").texts("please call me in 5 minutes")
        await story.passes(seconds=2)
        calls = (await story.api("GET", "/callbacks"))["items"]
        assert {call["state"] for call in calls} == {"open"}
        booked = await story.api("GET", PATH)
        assert booked["high_s"] > before["high_s"]
        await story.restarts()
        assert (await story.api("GET", PATH))["high_s"] == booked["high_s"]
        for call in calls:
            await story.api("DELETE", f"/callbacks/{call['id']}")
        await story.passes(seconds=2)
        assert (await story.api("GET", PATH))["high_s"] == before["high_s"]


async def test_a_queue_that_is_none_is_refused_with_those_that_are() -> None:
    """A wrong name is no line of which too little has been seen."""
    async with Story() as story:
        said = await story.refused("GET", "/waits?queue=nope")
        assert said["status"] == 422
        assert "there is no queue nope; there are" in said["detail"]
        assert "general" in said["detail"]
