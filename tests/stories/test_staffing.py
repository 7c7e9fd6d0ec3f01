"""Who will be there, and which calls can be promised: said over the API, kept by the domain, looked after by itself."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from router.admin_doctor import doctor
from router.core.clock import Ms
from router.core.events import Event, PromiseAtRisk, SlotAsked, SlotFreed, SlotHeld, SlotRefused
from router.core.words import CaseId, CustomerId, PromiseId
from tests.stories.test_calls import ANAS
from tests.story import ADMIN, AFTERNOON, HERS, Json, Story, instant

THREE = AFTERNOON + timedelta(minutes=58)
EIGHT = datetime.fromisoformat("2026-11-24T08:00:00-05:00")


def at(start: datetime, **later: float) -> str:
    return (start + timedelta(**later)).isoformat()


def ms(start: datetime, **later: float) -> Ms:
    return Ms(int((start + timedelta(**later)).timestamp() * 1000))


def shift(start: datetime, hours: float, **more: Any) -> Json:
    return {"start": at(start), "end": at(start, hours=hours), **more}


async def staff(story: Story, *shifts: Json, **more: Any) -> Json:
    return await story.api("PUT", "/staffing", {"shifts": list(shifts), **more})


async def wrong(story: Story, *shifts: Json) -> list[tuple[str, str]]:
    """What a staffing is refused for: where, and why."""
    problem = await story.refused("PUT", "/staffing", {"shifts": list(shifts)})
    assert problem["status"] == 422
    return [(".".join(str(part) for part in e["loc"]), e["msg"]) for e in problem["errors"]]


async def capacity(story: Story, start: datetime, hours: float = 1) -> list[Json]:
    asked = f"queue=general&from={at(start).replace('+', '%2B')}&to={at(start, hours=hours).replace('+', '%2B')}"
    return (await story.api("GET", f"/callbacks/capacity?{asked}"))["items"]


def ask(story: Story, n: int, start: datetime, minutes: int = 20) -> None:
    """A promise needs agents' time: as the relay brings it from the customer's side."""
    assert story.running is not None
    story.running.node.domain.bookings.ask(
        SlotAsked(
            promise=PromiseId(f"prm_{n}"),
            case=CaseId(f"case_{n}"),
            customer=CustomerId(f"cus_{n}"),
            at=ms(AFTERNOON),
            queue="general",
            window=(ms(start), ms(start, minutes=minutes)),
        )
    )


async def told(story: Story, kind: type[Event]) -> list[Any]:
    """What the domain has decided of a kind, in order."""
    assert story.running is not None
    await story.settles()
    journal = story.running.node.journal
    return [e for b in await journal.domain_batches(after=0, limit=10_000) for e in b.events if isinstance(e, kind)]


async def test_who_will_be_there_is_said_and_shown() -> None:
    """Shifts with breaks and head-counts come back as they were said, and are there after a restart."""
    async with Story() as story:
        ana = await story.agent("Ana")
        first = await story.api("GET", "/staffing")
        assert (first["basis"], first["shifts"], first["version"]) == ("learned", [], 0)
        pause = {"start": at(THREE, hours=1), "end": at(THREE, hours=1.5)}
        said = await staff(
            story, shift(THREE, 3, agent=ana.id, breaks=[pause]), shift(THREE, 2, queue="general", count=3),
            shrinkage=0.1,
        )  # fmt: skip
        assert (said["basis"], said["version"], said["shrinkage"]) == ("rostered", 1, 0.1)
        assert [(one["agent"], one["queue"], one["count"], len(one["breaks"])) for one in said["shifts"]] == [
            (None, "general", 3, 0),
            (ana.id, None, 1, 1),
        ]
        await story.restarts()
        assert (await story.api("GET", "/staffing"))["shifts"] == said["shifts"]
        [slot, *_] = await capacity(story, THREE)
        assert (slot["agents"], slot["room"], slot["basis"]) == (3.6, 12, "rostered")
        [audited] = [one for one in (await story.api("GET", "/audit"))["items"] if one["action"] == "SetStaffing"]
        assert audited["actor"] == "agent" or audited["actor"] == "system"


async def test_every_mistake_is_named_and_nothing_is_taken() -> None:
    async with Story() as story:
        ana = await story.agent("Ana")
        bad = await wrong(
            story,
            shift(THREE, -1, agent=ana.id),
            shift(THREE, 1, agent="agt_nobody"),
            shift(THREE, 1, skill="flying"),
            shift(THREE, 1, queue="nowhere"),
            shift(THREE, 1),
            shift(THREE, 1, agent=ana.id, queue="general"),
            shift(THREE, 1, agent=ana.id, count=2),
            shift(THREE, 30, queue="general"),
            shift(THREE, 1, queue="general", breaks=[{"start": at(THREE), "end": at(THREE, hours=2)}]),
            shift(THREE, 2, agent=ana.id),
            shift(THREE + timedelta(hours=1), 2, agent=ana.id),
        )
        assert [where for where, _ in bad] == [
            "body.shifts.0.end",
            "body.shifts.1.agent",
            "body.shifts.2.skill",
            "body.shifts.3.queue",
            "body.shifts.4",
            "body.shifts.5",
            "body.shifts.6.count",
            "body.shifts.7.end",
            "body.shifts.8.breaks.0",
            "body.shifts.10",
        ]
        assert bad[-1][1] == f"this shift of {ana.id} overlaps the one at shifts 9"
        assert (await story.api("GET", "/staffing"))["version"] == 0


async def test_a_time_that_no_clock_shows_is_refused() -> None:
    """In the night in which clocks are put forward 02:30 is not there; when they are put back it is there twice."""
    async with Story() as story:
        gone = await wrong(story, {"start": "2027-03-28T02:30:00[Europe/Berlin]", "end": "2027-03-28T09:00:00Z",
                                   "queue": "general"})  # fmt: skip
        assert "is on no clock there" in gone[0][1]
        twice = await wrong(story, {"start": "2026-10-25T02:30:00[Europe/Berlin]", "end": "2026-10-25T09:00:00Z",
                                    "queue": "general"})  # fmt: skip
        assert "is on clocks twice" in twice[0][1]


async def put_text(story: Story, kind: str, body: str) -> Any:
    return await story.ask("PUT", "/api/v1/staffing", body=body.encode(), headers={"Content-Type": kind}, token=ADMIN)


async def test_csv_says_the_same() -> None:
    """By comma or semicolon; a mistake is named by its line."""
    async with Story() as story:
        ana = await story.agent("Ana")
        start, end = "2026-11-23T21:00:00Z", "2026-11-23T23:00:00Z"
        rows = f"agent,queue,count,start,end,breaks\n{ana.id},,,{start},{end},{start}/2026-11-23T21:10:00Z\n,general,3,{start},{end},\n"
        answer = await put_text(story, "text/csv", rows)
        assert answer.status == 200, answer.body
        assert [(one["agent"], one["count"], len(one["breaks"])) for one in answer.json["shifts"]] == [
            (None, 3, 0),
            (ana.id, 1, 1),
        ]
        assert (await put_text(story, "text/csv", rows.replace(",", ";"))).status == 200
        refused = await put_text(story, "text/csv", rows.replace("general", "generol").replace(end, "soon", 1))
        assert refused.status == 422
        assert [error["loc"][1] for error in refused.json["errors"]] == ["line 2", "line 3"], "whatever the mistake is"
        unreadable = (
            f"agent,queue,count,start,end\n{ana.id},,,soon,{end}\n,generol,3,{start},{end}\n,,,{start},{end},,\n"
        )
        refused = await put_text(story, "text/csv", unreadable)
        assert [error["loc"][1] for error in refused.json["errors"]] == ["line 2", "line 3", "line 4"]
        assert refused.json["detail"] == "There are 3 mistakes in the staffing; nothing of it was taken."
        refused = await put_text(story, "text/csv", "agent,begin,end\n")
        assert refused.json["errors"][0]["loc"] == ["body", "line 1"]
        assert "'begin'" in refused.json["errors"][0]["msg"]
        for odd in ("", "start,end\n,,,,,,\n", 'start,end\n"', "\x00", "start,end,count\n1,2,x"):
            assert (await put_text(story, "text/csv", odd)).status in (200, 422)


async def test_a_calendar_says_the_same() -> None:
    """Each event is a shift, its summary says whose; what repeats is refused with its line."""
    async with Story() as story:
        calendar = (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Berlin:20261123T220000\r\n"
            "DTEND:20261123T230000Z\r\nSUMMARY:queue gene\r\n ral 3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
        answer = await put_text(story, "text/calendar", calendar)
        assert answer.status == 200, answer.body
        [one] = answer.json["shifts"]
        assert (instant(one["start"]).isoformat(), one["queue"], one["count"]) == (
            "2026-11-23T21:00:00+00:00", "general", 3,
        )  # fmt: skip
        weekly = calendar.replace("UID:1\r\n", "UID:1\r\nRRULE:FREQ=WEEKLY\r\n")
        refused = await put_text(story, "text/calendar", weekly)
        assert refused.json["errors"][0]["loc"] == ["body", "line 5", "RRULE"]
        for odd in ("", "BEGIN:VCALENDAR", "x", calendar.replace("queue", "maybe"), calendar.replace("23T23", "23X23")):
            assert (await put_text(story, "text/calendar", odd)).status == 422


async def test_five_ask_for_three_places_at_once() -> None:
    """S17: three get the window, two are told the next true ones; nothing is oversold, and a restart changes nothing."""
    async with Story() as story:
        await staff(story, shift(THREE, 2, queue="general"))
        for n in range(5):
            ask(story, n, THREE)
        held, refused = await told(story, SlotHeld), await told(story, SlotRefused)
        assert [one.promise for one in held] == ["prm_0", "prm_1", "prm_2"]
        following = (ms(THREE, minutes=20), ms(THREE, minutes=40))
        assert [(one.promise, one.alternatives[0]) for one in refused] == [("prm_3", following), ("prm_4", following)]
        for n in (3, 4):
            ask(story, n, THREE + timedelta(minutes=20))
        assert len(await told(story, SlotHeld)) == 5
        [first, second, *_] = await capacity(story, THREE)
        assert (first["booked"], first["room"], second["booked"], second["room"]) == (3, 0, 2, 1)


async def test_a_window_that_was_found_true_is_not_gone_when_it_is_asked_for() -> None:
    """S17: five look at once before anything is decided: three fit, two see the next windows; what was only looked at
    is free again after half a minute."""
    async with Story() as story:
        await staff(story, shift(THREE, 2, queue="general"))
        assert story.running is not None
        bookings, window = story.running.node.domain.bookings, (ms(THREE), ms(THREE, minutes=20))
        rooms = [bookings.pencil(CaseId(f"case_{n}"), "general", window) for n in range(5)]
        assert [room.fits for room in rooms] == [True, True, True, False, False]
        assert rooms[4].alternatives[0] == (ms(THREE, minutes=20), ms(THREE, minutes=40))
        assert bookings.pencil(CaseId("case_0"), "general", window).fits, "its own is no other's"
        ask(story, 3, THREE)
        assert len(await told(story, SlotRefused)) == 1
        ask(story, 1, THREE)
        assert len(await told(story, SlotHeld)) == 1
        mine = PromiseId("prm_1")
        assert bookings.pencil(CaseId("case_1"), "general", window, mine).fits, "nor is what is kept for it"
        await story.passes(seconds=31)
        assert [slot["room"] for slot in await capacity(story, THREE)][:2] == [2, 3]


async def test_what_no_promise_takes_is_free_again() -> None:
    """Time is kept for two minutes until its promise stands; what ended, or asks for another window, gives it back."""
    async with Story() as story:
        await staff(story, shift(THREE, 2, queue="general"))
        for n in range(3):
            ask(story, n, THREE)
        ask(story, 0, THREE + timedelta(minutes=20))
        [first, second, *_] = await capacity(story, THREE)
        assert (first["booked"], second["booked"]) == (2, 1)
        await story.passes(minutes=3)
        assert len(await told(story, SlotFreed)) == 4
        [first, second, *_] = await capacity(story, THREE)
        assert (first["booked"], second["booked"], first["room"]) == (0, 0, 3)


async def confirmed(story: Story, count: int, start: datetime) -> None:
    """Calls are promised, three in each slot after another."""
    assert story.running is not None
    for n in range(count):
        ask(story, n, start, minutes=180)
    for held in await told(story, SlotHeld):
        story.running.node.domain.bookings.confirm(held.slot)


async def test_twelve_are_promised_a_call_and_four_of_six_agents_are_ill_at_eight() -> None:
    """S52 as the customers have it: each wrote by text and was confirmed a time from nine on. Within minutes of eight
    those whose call does not fit any more read another time, long before their window; the others read nothing, and
    what each has read last is what stands promised, within the next hour."""
    async with Story() as story:
        agents = [await story.agent(f"Agent {n}", skills={"heating": 3}) for n in range(6)]
        await staff(story, *(shift(EIGHT, 8, agent=agent.id) for agent in agents))
        hour = EIGHT + timedelta(hours=1)
        phones = [story.phone(f"+1212555{100 + n:04}") for n in range(12)]
        for n in range(12):
            assert (await promised(story, n, hour)).status == 201
        await story.passes(seconds=(EIGHT - await story.now()).total_seconds())
        before = [await one.inbox() for one in phones]
        assert all("we call you" in texts[-1] and "9:00" in texts[-1] for texts in before)
        for agent in agents:
            await agent.is_now("ready")
        await story.passes(minutes=1)
        for agent in agents[:4]:
            await agent.is_now("off")
        await story.passes(minutes=2)
        after = [await one.inbox() for one in phones]
        news = [now[len(was) :] for was, now in zip(before, after, strict=True)]
        assert sorted(len(texts) for texts in news) == [0] * 6 + [1] * 6
        assert all("longer than we said" in text and "9:00 AM and" not in text for texts in news for text in texts)
        promises = [(await story.case(await one.case()))["promises"][0] for one in phones]
        assert [one["state"] for one in promises] == ["moved" if texts else "open" for texts in news]
        ends = [instant(one["window"]["end"]) for one in promises]
        for texts, one in zip(news, promises, strict=True):
            starts = instant(one["window"]["start"])
            assert (starts > hour) is bool(texts)
            assert all(f"{starts.astimezone(EIGHT.tzinfo):%-I:%M}" in text for text in texts), "what is told stands"
        assert (await story.api("GET", "/promises?state=broken"))["items"] == []
        assert max(ends) <= hour + timedelta(hours=1)


async def test_four_of_six_are_ill_at_eight() -> None:
    """S52: twelve calls were promised; four agents go off at eight. Within a minute, and before their windows, those
    that do not fit are at risk, with windows that are free; what is left fits."""
    async with Story() as story:
        agents = [await story.agent(f"Agent {n}") for n in range(6)]
        await staff(story, *(shift(EIGHT, 8, agent=agent.id) for agent in agents))
        hour = EIGHT + timedelta(hours=1)
        assert story.running is not None
        for n in range(12):
            ask(story, n, hour)
        for held in await told(story, SlotHeld):
            story.running.node.domain.bookings.confirm(held.slot)
        assert len(await told(story, SlotHeld)) == 12
        await story.passes(seconds=(EIGHT - await story.now()).total_seconds())
        for agent in agents:
            await agent.is_now("ready")
        await story.passes(minutes=1)
        assert await told(story, PromiseAtRisk) == []
        for agent in agents[:4]:
            await agent.is_now("off")
        await story.passes(minutes=1)
        risked = await told(story, PromiseAtRisk)
        assert len(risked) == 12 - 6, "two agents have time for six calls of five minutes in twenty"
        assert all(ms(EIGHT, minutes=3) > one.at for one in risked)
        assert all(one.alternatives and one.alternatives[0][0] > ms(hour) for one in risked)
        lines, healthy = await doctor(story.service, ADMIN)
        assert "short of staff now: 4 of 6" in lines
        assert not healthy
        await story.passes(minutes=10)
        assert len(await told(story, PromiseAtRisk)) == 6, "each is told once"


async def test_who_does_not_come_is_missed() -> None:
    """Nobody sets themselves ready at eight: five minutes later what they were to do is at risk."""
    async with Story() as story:
        agents = [await story.agent(f"Agent {n}") for n in range(2)]
        await staff(story, *(shift(EIGHT, 8, agent=agent.id) for agent in agents))
        await confirmed(story, 4, EIGHT + timedelta(hours=1))
        await story.passes(seconds=(EIGHT - await story.now()).total_seconds())
        await agents[0].is_now("ready")
        await story.passes(minutes=4)
        assert await told(story, PromiseAtRisk) == []
        await story.passes(minutes=2)
        assert len(await told(story, PromiseAtRisk)) == 1
        assert (await story.api("GET", "/staffing"))["short_now"] == 1


async def test_who_is_set_away_by_the_system_is_missed_for_the_next_hour_alone() -> None:
    """Both agents miss their offers: the call in the next half hour is moved, and she is told; those hours ahead stay
    where they are, and both come back. Who says that they go is missed until the shift ends."""
    async with Story() as story:
        agents = [await story.ready_agent(f"Agent {n}", skills={"heating": 3}) for n in range(2)]
        now = AFTERNOON
        await staff(story, *(shift(now, 6, agent=agent.id) for agent in agents))
        hours = (0.1, 2.0, 4.0)
        for n, later in enumerate(hours):
            assert (await promised(story, n, THREE + timedelta(hours=later - 0.5))).status == 201
        phones = [story.phone(f"+1212555{100 + n:04}") for n in range(3)]
        for n in range(10):
            await story.phone(f"+1212555{300 + n:04}").texts("hello")
        await story.passes(minutes=14)
        assert [agent["state"] for agent in [await one.me() for one in agents]] == ["away", "away"]
        moved = [["cannot keep" in text or "longer than" in text for text in await one.inbox()][1:] for one in phones]
        assert moved == [[True], [], []]
        for agent in agents:
            await agent.is_now("ready")
        await story.passes(minutes=2)
        for agent in agents:
            await agent.is_now("off")
        await story.passes(minutes=3)
        assert all([any("cannot keep" in t or "longer than" in t for t in await one.inbox()) for one in phones])


async def test_a_new_staffing_moves_what_does_not_fit() -> None:
    """Nobody will be there after all: every promise is at risk at once, with windows of the new roster."""
    async with Story() as story:
        await staff(story, shift(EIGHT, 2, queue="general", count=2))
        await confirmed(story, 6, EIGHT)
        await staff(story, shift(EIGHT + timedelta(hours=4), 2, queue="general"))
        await story.passes(seconds=1)
        risked = await told(story, PromiseAtRisk)
        assert len(risked) == 6
        offered = [one.alternatives[0][0] for one in risked]
        assert sorted(offered) == [ms(EIGHT, hours=4)] * 3 + [ms(EIGHT, hours=4, minutes=20)] * 3


async def test_without_staffing_half_is_promised_and_marked() -> None:
    """Nothing is known: one call a slot. Two agents were there in this hour: what is learned counts half."""
    async with Story() as story:
        [slot, *_] = await capacity(story, THREE)
        assert (slot["basis"], slot["room"]) == ("unknown", 1)
        for name in ("Ana", "Ben"):
            await story.ready_agent(name)
        [slot, *_] = await capacity(story, THREE)
        assert (slot["basis"], slot["agents"], slot["room"]) == ("learned", 2.0, 3)
        await story.passes(hours=3)
        week = THREE + timedelta(days=7)
        [slot, *_] = await capacity(story, week)
        assert (slot["basis"], slot["agents"], slot["room"]) == ("learned", 2.0, 3)
        await story.restarts()
        assert [slot, *_] == await capacity(story, week)


async def test_no_new_call_begins_at_the_end_of_a_shift() -> None:
    """Four minutes before the end of Ana's shift a caller is not offered to her, and waits for Ben; texts go on."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone=ANAS)
        ends = AFTERNOON + timedelta(minutes=28)
        await staff(story, {"start": at(AFTERNOON, hours=-4), "end": at(ends), "agent": ana.id})
        await story.passes(minutes=24)
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=30)
        assert await ana.offers() == []
        ben = await story.ready_agent("Ben", phone="+14155550202")
        assert len(await ben.offers()) == 1
        await story.phone("+12125550199").texts("hello")
        await story.settles()
        assert [one["channel"] for one in await ana.offers()] == ["sms"]


async def test_capacity_is_asked_with_care() -> None:
    """What cannot be asked is refused in words."""
    async with Story() as story:
        for query in (
            "queue=nowhere",
            "queue=general&from=soon",
            "queue=general&from=2026-11-24T00:00:00Z&to=2026-11-23T00:00:00Z",
            "queue=general&to=2030-01-01T00:00:00Z",
        ):
            assert (await story.refused("GET", f"/callbacks/capacity?{query}"))["status"] == 422
        assert (await story.api("GET", "/callbacks/capacity"))["queue"] == "general", "that of the last rule"


async def promised(story: Story, n: int, start: datetime) -> Any:
    """A customer wrote, and is promised a call in a window of twenty minutes."""
    phone = story.phone(f"+1212555{100 + n:04}")
    await phone.texts("my heating is cold")
    case = await phone.case()
    body = {"window": {"start": at(start), "end": at(start, minutes=20)}}
    return await story.ask("POST", f"/api/v1/cases/{case}/callbacks", body=body, token=ADMIN)


async def test_five_customers_want_the_same_window() -> None:
    """S17 over the API: three are promised it, two are told which one has room, and have that; nothing is oversold."""
    async with Story() as story:
        await staff(story, *(shift(THREE, 2, queue=queue) for queue in ("general", "heating")))
        answers = [await promised(story, n, THREE) for n in range(5)]
        assert [one.status for one in answers] == [201, 201, 201, 422, 422]
        assert "nobody is free then" in answers[3].json["detail"]
        assert at(THREE, minutes=20) in answers[3].json["detail"]
        later = [await promised(story, n, THREE + timedelta(minutes=20)) for n in (3, 4)]
        assert [one.status for one in later] == [201, 201]
        assert len(await told(story, SlotHeld)) == 5


async def test_those_who_cannot_be_called_after_all_hear_so_before() -> None:
    """S52 to the end: nobody comes, and each customer is told another window long before the one that they had."""
    async with Story() as story:
        queues = ("general", "heating")
        await staff(story, *(shift(THREE, 2, queue=queue) for queue in queues))
        for n in range(3):
            assert (await promised(story, n, THREE)).status == 201
        await staff(story, *(shift(THREE + timedelta(hours=1), 2, queue=queue) for queue in queues))
        await story.passes(seconds=10)
        assert len(await told(story, PromiseAtRisk)) == 3
        promises = (await story.api("GET", "/promises"))["items"]
        assert [instant(one["window"]["start"]) for one in promises] == [THREE + timedelta(hours=1)] * 3
        assert {one["state"] for one in promises} == {"moved"}
        assert len(await told(story, SlotHeld)) == 6


async def test_a_booked_time_that_is_lost_with_no_other_free() -> None:
    """Nobody will be there for heating at all any more: she hears so before her window, and that she is called when
    somebody is free. No time stands, and nothing is broken; Ana comes by after all, and has her call when it was due."""
    async with Story() as story:
        await staff(story, *(shift(THREE, 2, queue=queue) for queue in ("general", "heating")))
        assert (await promised(story, 0, THREE)).status == 201
        her = story.phone("+12125550100")
        await staff(story, shift(THREE, 2, queue="general"))
        await story.passes(seconds=10)
        assert "we cannot keep the time of our call" in (await her.inbox())[-1]
        case = await her.case()
        [promise] = (await story.case(case))["promises"]
        assert (promise["state"], promise["window"]) == ("open", None)
        assert len((await story.api("GET", "/promises?state=withdrawn"))["items"]) == 1
        ana = await story.ready_agent("Ana", phone=ANAS, skills={"heating": 3})
        assert await ana.offers() == []
        await story.passes(seconds=(THREE - await story.now()).total_seconds())
        assert (await ana.offered())["case"] == case
        assert (await story.api("GET", "/promises?state=broken"))["items"] == []


@pytest.mark.parametrize("provider_is_back", [True, False])
async def test_a_time_that_cannot_be_kept_stands_until_she_knows(provider_is_back: bool) -> None:
    """Nobody will be there any more, and the provider is down: the promise is at risk, and is not taken back in silence.
    Once the word is out it is; where it never is, the promise is broken, and she reads that alone."""
    async with Story() as story:
        await staff(story, *(shift(THREE, 2, queue=queue) for queue in ("general", "heating")))
        assert (await promised(story, 0, THREE)).status == 201
        her = story.phone("+12125550100")
        before = len(await her.inbox())
        await story.faults(provider_down=1)
        await staff(story, shift(THREE, 2, queue="general"))
        await story.passes(minutes=1)
        [promise] = (await story.case(await her.case()))["promises"]
        assert (promise["state"], instant(promise["window"]["start"])) == ("at_risk", THREE)
        if not provider_is_back:
            await story.passes(seconds=(THREE - await story.now()).total_seconds() + 21 * 60)
        await story.faults()
        await story.passes(minutes=2)
        [word] = (await her.inbox())[before:]
        assert ("cannot keep the time" if provider_is_back else "did not call you") in word
        ended = "withdrawn" if provider_is_back else "broken"
        assert len((await story.api("GET", f"/promises?state={ended}"))["items"]) == 1
        assert (await story.case(await her.case()))["promises"][0]["state"] == "open"


async def test_the_desk_offers_the_window_that_is_possible() -> None:
    """Ana promises a call in a window that is full: nothing is promised, and the next one that is true stands there to
    be taken with one key."""
    async with Story() as story:
        await staff(story, *(shift(THREE, 2, queue=queue) for queue in ("general", "heating")))
        for n in range(3):
            assert (await promised(story, n, THREE)).status == 201
        ana, her = await story.ready_agent("Ana"), story.phone(HERS)
        await her.texts("my heating is cold")
        case = await her.case()
        form = {"start": at(THREE), "end": at(THREE, minutes=20), "words": "at three", "once": "once-once-one"}
        answer = await story.ask(
            "POST",
            f"/desk/case/{case}/promise",
            body=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            token=ana.token,
        )
        assert answer.status == 422
        assert (await story.case(case))["promises"] == []
        shown = answer.body.decode().partition('id="keep-promise"')[2].partition("</form>")[0]
        offered = dict(re.findall(r'name="(\w+)" value="([^"]*)"', shown))
        assert "Promise it" in shown
        assert instant(offered["start"]) == THREE + timedelta(minutes=20)
        await ana.clicks(f"/case/{case}/promise", **offered)
        [promise] = (await story.case(case))["promises"]
        assert instant(promise["window"]["start"]) == THREE + timedelta(minutes=20)
