"""Promises: a window is kept in her own time, a call that reaches nobody is tried again, and nothing slips in silence."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.stories.test_matching import GERMAN, policies_with
from tests.story import HERS, HIS, Agent, Phone, Story

ANAS = "+14155550201"
BENS = "+14155550202"
Json = dict[str, Any]


def window(start: datetime, *, minutes: int = 20) -> Json:
    return {"start": start.isoformat(), "end": (start + timedelta(minutes=minutes)).isoformat()}


async def until(story: Story, moment: datetime) -> None:
    await story.passes(seconds=(moment - await story.now()).total_seconds())


async def dials(story: Story) -> int:
    """How often her phone was dialled."""
    sent = await story.traffic("rest", "/Calls.json")
    return sum(one["method"] == "POST" and HERS in str(one) for one in sent)


async def dials_her(story: Story, agent: Agent, phone: Phone) -> None:
    """The agent takes the call-back and presses 1: her phone is dialled."""
    await agent.accepts()
    await story.passes(seconds=2)
    await phone.picks_up()
    await story.passes(seconds=2)
    await phone.presses("1")
    await story.passes(seconds=8)


async def finishes_all(agent: Agent) -> None:
    for work in await agent.work():
        await agent.finishes(work, "not-reached")


async def asked_for_a_call(story: Story) -> Phone:
    """She calls, presses 1 and hangs up."""
    her = story.phone(HERS)
    await her.calls()
    await story.passes(seconds=20)
    await her.presses("1")
    await story.passes(seconds=10)
    return her


async def the_promise(story: Story, case: str = "") -> Json:
    [promise] = (await story.case(case) if case else await story.one_case())["promises"]
    return promise


async def test_a_window_rests_until_it_is_there_and_keeps_the_place() -> None:
    """S12: nobody is offered it before; then it stands in line at the place of her first words, the agent's phone rings
    first and says when she was promised to be called, then hers rings, once, and the promise is kept."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("E42, the flat is cold")
        start = await story.now() + timedelta(hours=1)
        case = await story.one_case()
        made = await story.api("POST", f"/cases/{case['id']}/callbacks", {"window": window(start), "named": True})
        assert (made["state"], made["callback"], made["kind"]) == ("open", "scheduled", "callback")
        ana = await story.ready_agent("ana", phone=ANAS)
        await until(story, start - timedelta(seconds=5))
        assert await ana.offers() == [], "it rests until the window is there"
        await until(story, start)
        offer = await ana.offered()
        assert (offer["channel"], await dials(story)) == ("phone", 0)
        await dials_her(story, ana, phone)
        said = "A promised call about heating, today between 3:02 PM and 3:22 PM, New York time. Press 1 and we dial."
        assert said in await phone.heard()
        assert await her.state() == "ringing"
        await her.picks_up()
        await story.passes(seconds=8)
        assert await dials(story) == 1
        [kept] = (await story.api("GET", "/promises?state=kept"))["items"]
        assert kept["id"] == made["id"]
        assert datetime.fromisoformat(kept["attempts"][0]["at"]) >= start


async def test_a_window_is_by_her_own_clock_across_a_change_of_clocks() -> None:
    """S16: 9 to 10 in the morning after the clocks changed is 9 to 10 on her clock, wherever the agent is; a time that
    no clock shows is refused with those that are near."""
    async with Story(since=datetime.fromisoformat("2027-03-13T12:00:00-05:00")) as story:
        her = story.phone(HERS)
        await her.texts("E42 again")
        case = await story.one_case()
        zone = "[America/New_York]"
        path = f"/cases/{case['id']}/callbacks"
        said = await story.refused(
            "POST", path, {"window": {"start": f"2027-03-14T02:30:00{zone}", "end": f"2027-03-14T09:00:00{zone}"}}
        )
        assert said["status"] == 422
        assert "03:00:00-04:00" in str(said["errors"])
        asked = {"start": f"2027-03-14T09:00:00{zone}", "end": f"2027-03-14T10:00:00{zone}"}
        made = await story.api("POST", path, {"window": asked})
        assert made["window"]["start"] == "2027-03-14T13:00:00.000Z", "nine in summer time"
        ana = await story.ready_agent("ana", phone=ANAS)
        await until(story, datetime.fromisoformat("2027-03-14T08:59:55-04:00"))
        assert await ana.offers() == []
        await until(story, datetime.fromisoformat("2027-03-14T09:00:00-04:00"))
        await ana.offered()


@pytest.mark.parametrize(
    ("start_h", "minutes", "why"),
    [
        (-2, 20, "over already"),
        (1, -20, "ends before"),
        (1, 2, "five minutes"),
        (8, 20, "8 and 20"),
        (1, 900, "twelve"),
    ],
)
async def test_a_window_that_cannot_be_is_answered_with_one_that_can(start_h: int, minutes: int, why: str) -> None:
    """Past, upside down, too short, too long, at night: a sentence and another window; nothing is lost or promised."""
    async with Story() as story:
        await story.phone(HERS).texts("E42 again")
        case = await story.one_case()
        path = f"/cases/{case['id']}/callbacks"
        start = await story.now() + timedelta(hours=start_h)
        said = await story.refused("POST", path, {"window": window(start, minutes=minutes)})
        assert (said["status"], said["type"].rpartition("/")[2].rpartition(":")[2]) == (422, "window_unfit")
        assert why in said["detail"]
        possible = said["detail"].partition("Possible is ")[2].rstrip(".").split(" to ")
        assert (await story.one_case())["promises"] == []
        made = await story.api("POST", path, {"window": {"start": possible[0], "end": possible[1]}})
        assert made["state"] == "open", "what is suggested is taken"


async def test_she_named_a_late_hour_herself() -> None:
    """S53: a window at nine in the evening is refused unless she named it."""
    async with Story() as story:
        await story.phone(HERS).texts("call me at nine tonight")
        case = await story.one_case()
        start = datetime.fromisoformat("2026-11-23T21:00:00-05:00")
        path = f"/cases/{case['id']}/callbacks"
        await story.refused("POST", path, {"window": window(start)})
        made = await story.api("POST", path, {"window": window(start), "named": True})
        ana = await story.ready_agent("ana", phone=ANAS)
        await until(story, start)
        assert (await ana.offered())["place_at"] <= made["window"]["start"]


async def test_no_answer_is_tried_again_and_at_last_she_decides() -> None:
    """S15: three minutes, then fifteen, at her place; a text after the first, and after the last one how to come back.
    The case stays open, and one answer makes it a call again."""
    async with Story() as story:
        phone, her = story.phone(ANAS), await asked_for_a_call(story)
        place = (await the_promise(story))["place_at"]
        await her.behaves(on_ring="ignore")
        ana = await story.ready_agent("ana", phone=ANAS)
        for n, wait in enumerate((180, 900, 0)):
            assert (await ana.offered())["place_at"] == place
            await dials_her(story, ana, phone)
            await story.passes(seconds=40)
            assert await dials(story) == n + 1
            await finishes_all(ana)
            texts = await her.inbox()
            assert len(texts) == (1 if n < 2 else 2), texts
            assert await ana.offers() == [] or n == 2
            await story.passes(seconds=wait)
        assert "call me" in texts[1], "how to come back in one answer"
        path = urlsplit(texts[1].rpartition(" ")[2]).path
        page = (await story.ask("GET", path, token=None)).body
        assert b"<form" in page, "or with one tap"
        case = await story.one_case()
        assert case["status"] in ("open", "waiting_us")
        [broken] = (await story.api("GET", "/promises?state=broken"))["items"]
        assert (broken["callback"], [a["outcome"] for a in broken["attempts"]]) == ("failed", ["no-answer"] * 3)
        await her.texts("call me")
        again = await the_promise(story)
        assert (again["state"], again["place_at"]) == ("open", place), "rebooked in one answer, at her place"


async def test_danger_stays_urgent_when_its_call_reached_nobody() -> None:
    """What is tried again is as urgent, and as much somebody's who knows it, as it was: nothing new was said."""
    async with Story() as story:
        first, her, phone = story.phone(HIS), story.phone(HERS), story.phone(ANAS)
        for caller, words in ((first, "my invoice is wrong"), (her, "I smell gas in the kitchen")):
            await caller.calls()
            await story.passes(seconds=4)
            await caller.speaks(words)
            await story.passes(seconds=20)
            await caller.presses("1")
            await story.passes(seconds=10)
        await her.behaves(on_ring="busy")
        ana = await story.ready_agent("ana", phone=ANAS, skills={"heating": 3, "billing": 3})
        offer = await ana.offered()
        assert offer["urgent"] and "rule danger" in offer["why"]
        await dials_her(story, ana, phone)
        await ana.is_now("away")
        await finishes_all(ana)
        await story.passes(seconds=180)
        await ana.is_now("ready")
        again = await ana.offered()
        assert (again["case"], again["urgent"]) == (offer["case"], True), again
        assert "rule danger" in again["why"]


async def test_a_call_that_is_made_again_is_in_their_language(tmp_path: Path) -> None:
    """S31, S55: busy once; when she is called again nobody who lacks her language is asked, for she was never asked."""
    async with Story(policies=policies_with(tmp_path / "p", routing=GERMAN)) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("Guten Tag, meine Heizung ist kalt und ich brauche bitte Hilfe")
        ana = await story.ready_agent("Ana", phone=ANAS, languages=["de", "en"])
        case = (await ana.accepts())["case"]
        await ana.api("POST", f"/cases/{case}/callbacks", {})
        for work in await ana.work():
            await ana.finishes(work, "waiting")
        await her.behaves(on_ring="busy")
        await dials_her(story, ana, phone)
        await ana.is_now("away")
        await finishes_all(ana)
        ben = await story.ready_agent("Ben", phone=BENS, languages=["en"])
        await story.passes(minutes=4)
        assert (await story.case(case))["ask"] is not None, "she is to be called again"
        assert await ben.offers() == []
        await ana.is_now("ready")
        assert (await ana.offered())["case"] == case


async def test_a_promised_call_is_about_what_it_was_promised_for() -> None:
    """The matter of a text that was answered "I call you at five" is the matter of that call."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("my thermostat shows E42 and it is cold")
        dora = await story.ready_agent("dora", phone=ANAS, skills={"heating": 3})
        case = (await dora.accepts())["case"]
        start = await story.now() + timedelta(hours=1)
        await dora.api("POST", f"/cases/{case}/callbacks", {"window": window(start)})
        for work in await dora.work():
            await dora.finishes(work, "waiting")
        await until(story, start + timedelta(seconds=2))
        offer = await dora.offered()
        assert (offer["kind"], offer["queue"]) == ("call", "heating")
        assert "rule heating-errors" in offer["why"], "not by what fits anything"


async def test_a_machine_is_not_reached() -> None:
    """S15: a voicemail box hears who tried and that we try again, and nothing else; she gets one text."""
    async with Story() as story:
        phone, her = story.phone(ANAS), await asked_for_a_call(story)
        await her.behaves(on_ring="voicemail", after_s=2)
        ana = await story.ready_agent("ana", phone=ANAS)
        await dials_her(story, ana, phone)
        await story.passes(seconds=30)
        case = await story.one_case()
        promise = await the_promise(story)
        assert (promise["state"], promise["attempts"][0]["outcome"]) == ("open", "machine")
        heard = await her.heard()
        assert "try again" in heard
        assert case["ref"] not in heard
        [text] = await her.inbox()
        path = urlsplit(text.rpartition(" ")[2]).path
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        sent = urlencode({"text": "tomorrow between 9 and 11", "press": "one"}).encode()
        await story.ask("POST", path, body=sent, headers=form, token=None)
        await story.settles()
        assert (await the_promise(story))["window"]["start"] == "2026-11-24T14:00:00.000Z", (
            "moved by one tap on its link"
        )


async def test_who_shares_their_phone_gets_no_link() -> None:
    """Others may look at it: the text says no more than that we try again."""
    async with Story() as story:
        phone, her = story.phone(ANAS), await asked_for_a_call(story)
        case = await story.one_case()
        await story.api("PATCH", f"/customers/{case['customer']}/terms", {"discreet": True})
        await her.behaves(on_ring="ignore")
        ana = await story.ready_agent("ana", phone=ANAS)
        await dials_her(story, ana, phone)
        await story.passes(seconds=40)
        assert not [text for text in await her.inbox() if "http" in text]


async def test_a_number_that_cannot_be_called_is_not_tried_again() -> None:
    """Invalid: no second dial; she hears so by the channel that is left, and a person decides."""
    async with Story() as story:
        phone, her = story.phone(ANAS), await asked_for_a_call(story)
        await her.behaves(on_ring="invalid")
        ana = await story.ready_agent("ana", phone=ANAS)
        await dials_her(story, ana, phone)
        await story.passes(seconds=30)
        [broken] = (await story.api("GET", "/promises?state=broken"))["items"]
        assert broken["attempts"][0]["outcome"] == "failed"
        assert "could not call" in (await her.inbox())[-1]
        await finishes_all(ana)
        assert (await ana.offered())["channel"] == "sms"


async def test_a_promise_that_slips_is_moved_before_it_is_due() -> None:
    """S21, S25: nobody is free five minutes before its end: she reads a later time and her choice, it counts as moved,
    and is kept later. Nothing is broken."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("E42")
        start = await story.now() + timedelta(minutes=30)
        case = await story.one_case()
        made = await story.api("POST", f"/cases/{case['id']}/callbacks", {"window": window(start)})
        await until(story, start + timedelta(minutes=14, seconds=58))
        assert await her.inbox() == [] or await story.now() >= start + timedelta(minutes=15)
        await until(story, start + timedelta(minutes=16))
        assert "longer than we said" in (await her.inbox())[-1]
        moved = await the_promise(story)
        assert (moved["id"], moved["state"]) == (made["id"], "moved")
        assert moved["window"]["end"] > made["window"]["end"]
        ana = await story.ready_agent("ana", phone=ANAS)
        await dials_her(story, ana, phone)
        await her.picks_up()
        await story.passes(seconds=8)
        assert [p["id"] for p in (await story.api("GET", "/promises?state=kept"))["items"]] == [made["id"]]
        assert (await story.api("GET", "/promises?state=broken"))["items"] == []
        figures = (await story.ask("GET", "/metrics")).body.decode()
        counted = [line for line in figures.splitlines() if line.startswith("onecase_promises_total{")]
        assert {'onecase_promises_total{state="moved"} 1.0', 'onecase_promises_total{state="kept"} 1.0'} <= {*counted}


async def test_it_is_moved_and_cancelled_by_the_agent() -> None:
    """An agent makes it, moves it, in one step, and takes it back for her: she reads a line of each. It is not offered at
    the old time, and she hears nothing of what was refused."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("E42")
        case = await story.one_case()
        ana = await story.ready_agent("ana", phone=ANAS, capacity={"message": 1})
        start = await story.now() + timedelta(hours=1)
        made = await ana.api("POST", f"/cases/{case['id']}/callbacks", {"window": window(start)})
        await story.passes(seconds=10)
        assert made["told_via"] == "sms"
        assert ["we call you" in text for text in await her.inbox()] == [True]
        later = start + timedelta(hours=1)
        moved = await ana.api("PATCH", f"/callbacks/{made['id']}", {"window": window(later), "reason": "she asked"})
        assert (moved["id"], moved["state"], moved["callback"]) == (made["id"], "moved", "scheduled")
        await until(story, start + timedelta(minutes=5))
        assert await ana.offers() == []
        said = await ana.refused("PATCH", f"/callbacks/{made['id']}", {"window": window(start - timedelta(hours=3))})
        assert said["status"] == 422
        assert ["we call you" in text for text in await her.inbox()] == [True, True]
        await ana.api("DELETE", f"/callbacks/{made['id']}?reason=by+mail")
        await story.passes(seconds=10)
        assert "we do not call you" in (await her.inbox())[2]
        await story.passes(seconds=2)
        assert [o["channel"] for o in await ana.offers()] == ["sms"], "what she wrote is answered in writing"
        assert await ana.refused("PATCH", f"/callbacks/{made['id']}", {"window": window(later)})


async def test_she_texts_before_the_time_she_booked_and_it_is_settled() -> None:
    """S18: a call is booked, and she writes first. An answer alone does not take back the time that she named, for she
    waits for it; once an agent settles it in writing, or she says that she needs no call, nobody dials."""
    for settled_by in ("the agent", "her"):
        async with Story() as story:
            her, phone = story.phone(HERS), story.phone(ANAS)
            await her.texts("E42. call me at 4 pm today")
            case = await story.one_case()
            await story.passes(minutes=30)
            await her.texts(
                "found it myself, the fuse was out" if settled_by == "the agent" else "no need to call, thanks"
            )
            assert (await story.one_case())["id"] == case["id"]
            ana = await story.ready_agent("ana", phone=phone.number)
            if settled_by == "the agent":
                await ana.accepts()
                await ana.replies(case["id"], "Glad to hear it. Then we do not call.")
                assert (await the_promise(story))["state"] == "open", "the time that she named stands"
                [work] = await ana.work()
                done = await ana.finishes(work, "solved")
                assert len(done["withdrawn"]) == 1
            await story.passes(hours=4)
            assert ([one for one in await ana.offers() if one["channel"] == "phone"], await dials(story)) == ([], 0)
            [dropped] = (await story.api("GET", "/promises?state=withdrawn"))["items"]
            assert dropped["attempts"] == []


async def test_she_calls_first_and_nobody_dials_her() -> None:
    """S18: she calls before her window: the same case, and once they talked nothing is dialled any more."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("E42")
        case = await story.one_case()
        start = await story.now() + timedelta(minutes=30)
        made = await story.api("POST", f"/cases/{case['id']}/callbacks", {"window": window(start)})
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.calls()
        await story.passes(seconds=10)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=20)
        await her.hangs_up()
        await story.passes(seconds=5)
        await finishes_all(ana)
        await until(story, start + timedelta(minutes=30))
        assert (await story.one_case())["id"] == case["id"]
        assert [p["id"] for p in (await story.api("GET", "/promises?state=kept"))["items"]] == [made["id"]]
        assert await dials(story) == 0
        assert await ana.offers() == []


async def test_whoever_promised_goes_away_and_the_next_keeps_it() -> None:
    """S19, S25: Ana says that she rings and goes home; when it is time Ben is offered it, and it is kept."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(BENS)
        await her.texts("E42")
        case = await story.one_case()
        ana = await story.ready_agent("ana", phone=ANAS, capacity={"message": 1})
        start = await story.now() + timedelta(hours=1)
        said = {"kind": "callback", "window": window(start), "text": "I'll ring at three"}
        made = await ana.api("POST", f"/cases/{case['id']}/promises", said)
        await ana.is_now("off")
        ben = await story.ready_agent("ben", phone=BENS)
        await until(story, start)
        await dials_her(story, ben, phone)
        await her.picks_up()
        await story.passes(seconds=8)
        assert [p["id"] for p in (await story.api("GET", "/promises?state=kept"))["items"]] == [made["id"]]


async def test_an_answer_that_is_promised_is_scheduled_and_kept() -> None:
    """S25: 'you hear from us by five' stands on the case and is wanted from an agent before; the answer keeps it."""
    async with Story() as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.texts("when does the part come?")
        await ana.accepts()
        case = await story.one_case()
        start = await story.now() + timedelta(minutes=1)
        said = {"kind": "update", "window": window(start, minutes=300), "text": "the part's date"}
        made = await ana.api("POST", f"/cases/{case['id']}/promises", said)
        await finishes_all(ana)
        assert [p["id"] for p in (await story.one_case())["promises"]] == [made["id"]]
        assert await ana.offers() == []
        await until(story, start + timedelta(minutes=180))
        offer = await ana.offered()
        assert offer["case"] == case["id"]
        await ana.accepts(offer)
        await ana.replies(case["id"], "It comes on Thursday.")
        assert [p["id"] for p in (await story.api("GET", "/promises?state=kept"))["items"]] == [made["id"]]
        assert (await story.one_case())["promises"] == []


async def test_an_answer_that_slips_is_told_before_it_is_due() -> None:
    """Nobody is there: she reads before it is due that it takes longer, and how to come sooner."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("when does the part come?")
        case = await story.one_case()
        start = await story.now()
        said = {"kind": "reply", "window": window(start, minutes=120)}
        made = await story.api("POST", f"/cases/{case['id']}/promises", said)
        await until(story, start + timedelta(minutes=119))
        [text] = await her.inbox()
        assert "longer than we said" in text
        moved = await the_promise(story)
        assert (moved["id"], moved["state"]) == (made["id"], "moved")


async def test_what_fell_due_while_we_were_away_is_broken_and_told_at_once() -> None:
    """The service is down over the window: within a minute of its start it counts as broken by the outage, she reads
    so, and is called all the same."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("E42")
        case = await story.one_case()
        start = await story.now() + timedelta(minutes=30)
        made = await story.api("POST", f"/cases/{case['id']}/callbacks", {"window": window(start)})
        await story.stops()
        await until(story, start + timedelta(hours=1))
        await story.starts()
        await story.passes(seconds=5)
        [broken] = (await story.api("GET", "/promises?state=broken"))["items"]
        assert broken["id"] == made["id"]
        [row] = [r for r in await story.timeline(case["id"], "promise") if r["facts"]["what"] == "broken"]
        assert "away" in row["reasons"][0]
        assert "did not call you when we said" in (await her.inbox())[-1]
        ana = await story.ready_agent("ana", phone=ANAS)
        await dials_her(story, ana, phone)
        assert await dials(story) == 1


async def test_word_that_a_promise_was_broken_wakes_nobody() -> None:
    """The service comes back in the middle of her night: she reads in the morning that nobody called her, and the desk
    says when.."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("E42")
        case = await story.one_case()
        start = await story.now() + timedelta(minutes=30)
        await story.api("POST", f"/cases/{case['id']}/callbacks", {"window": window(start)})
        before = len(await her.inbox())
        await story.stops()
        await until(story, start + timedelta(hours=15))
        await story.starts()
        await story.passes(minutes=5)
        assert len((await story.api("GET", "/promises?state=broken"))["items"]) == 1
        assert len(await her.inbox()) == before
        word = [e for e in await story.timeline(case["id"], "message") if e["direction"] == "out"][-1]
        assert word["delivery"]["due_at"] == "2026-11-24T13:00:00.000Z", "eight o'clock in New York"
        await story.passes(hours=8)
        assert "did not call you when we said" in (await her.inbox())[-1]
        ana = await story.ready_agent("ana", phone=ANAS)
        await dials_her(story, ana, phone)
        assert await dials(story) == 1


async def test_she_moves_it_by_answering_in_her_own_words() -> None:
    """An answer that names a time moves the call, and one line says what happens now; one that is not clear changes
    nothing and is asked back; by text means that nobody calls."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("E42")
        case = await story.one_case()
        start = await story.now() + timedelta(minutes=30)
        made = await story.api("POST", f"/cases/{case['id']}/callbacks", {"window": window(start)})
        await her.texts("tomorrow between 9 and 11")
        moved = await the_promise(story)
        assert (moved["id"], moved["state"]) == (made["id"], "moved")
        assert moved["window"] == {"start": "2026-11-24T14:00:00.000Z", "end": "2026-11-24T16:00:00.000Z"}
        assert "tomorrow between 9:00 AM and 11:00 AM" in (await her.inbox())[-1]
        await her.texts("at 3 or at 5?")
        assert (await the_promise(story))["window"] == moved["window"], "what is doubtful changes nothing"
        assert "Does" in (await her.inbox())[-1]
        await her.texts("it makes a humming sound since this morning, and the display shows 15 all the time now")
        assert (await the_promise(story))["window"] == moved["window"], "what she tells is no time"
        await her.texts("by text please")
        assert (await story.one_case())["promises"] == []
        assert "do not call" in (await her.inbox())[-1]
        assert (await story.one_case())["ask"] is not None, "her words are answered in writing"


async def test_on_her_page_she_moves_the_call_or_has_it_in_writing() -> None:
    """The page of a link, without scripts: what was promised stands there; a time in her words moves it, the button
    means that we write. Who opens the link after her sees nothing of it."""
    async with Story() as story:
        await story.phone(HERS).texts("E42")
        case = await story.one_case()
        start = await story.now() + timedelta(minutes=30)
        await story.api("POST", f"/cases/{case['id']}/callbacks", {"window": window(start)})
        made = await story.api("POST", f"/cases/{case['id']}/switch", {"channel": "page"})
        path = urlsplit(made["links"]["page"]).path
        shown = await story.ask("GET", path, token=None)
        assert b"We call you today between 2:32 PM and 2:52 PM" in shown.body
        assert b"<script" not in shown.body
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        sent = urlencode({"text": "tomorrow between 9 and 11", "press": "one"}).encode()
        moved = await story.ask("POST", path, body=sent, headers=form, token=None)
        assert moved.status == 303
        await story.settles()
        assert (await the_promise(story))["state"] == "moved"
        cookie = {"Cookie": moved.headers["Set-Cookie"].partition(";")[0]}
        again = (await story.ask("GET", path, headers=cookie, token=None)).body
        assert b"tomorrow between 9:00 AM and 11:00 AM" in again
        assert b"We call you" not in (await story.ask("GET", path, token=None)).body
        sent = urlencode({"text": "Rather by text", "press": "two"}).encode()
        await story.ask("POST", path, body=sent, headers={**form, **cookie}, token=None)
        await story.settles()
        assert (await story.one_case())["promises"] == []
