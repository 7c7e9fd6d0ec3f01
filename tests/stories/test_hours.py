"""Hours: rules and calls go by whether somebody is there at that moment, and a closed queue says when it opens."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.stories.test_matching import policies_with
from tests.stories.test_touch import shown, touched
from tests.story import HERS, Story

ANAS = "+14155550201"
OFFICE = """zone: America/New_York
hours:
  always: open
  office:
    week: {mon-fri: "09:00-17:00"}
  never: closed
"""
GENERAL = {"  general:\n    hours: always\n": "  general:\n    hours: office\n"}
NIGHT = """  - name: at-night
    when: {hours: {office: closed}, channel: sms}
    queue: heating
  - name: by-day
    when: {hours: open, channel: sms}
    queue: billing
  - name: everything-else
"""


def office(folder: Path, **changes: dict[str, str]) -> Path:
    """The product's own policies, with a queue that is open from nine to five in New York."""
    made = policies_with(folder, queues=GENERAL, **changes)
    (made / "hours.yaml").write_text(OFFICE, encoding="utf-8")
    return made


async def until(story: Story, instant: str) -> None:
    """Time passes until then."""
    await story.passes(seconds=(datetime.fromisoformat(instant) - await story.now()) / timedelta(seconds=1))


async def test_a_rule_on_hours_is_true_of_the_moment(tmp_path: Path) -> None:
    """`hours: {office: closed}` decides at night and not by day, and the decision says so."""
    rules = {"  - name: everything-else\n": NIGHT.replace("hours: open", "hours: {office: open}")}
    async with Story(policies=office(tmp_path / "p", routing=rules)) as story:
        await story.phone(HERS).texts("hello")
        case = await story.one_case()
        [decision] = await story.decisions(case["id"])
        assert (decision["rule"], decision["reasons"][1]) == ("by-day", "hours office are open")
        await until(story, "2026-11-23T20:00:00-05:00")
        await story.phone("+14155550188").texts("hello")
        newest = (await story.cases())[-1]["id"]
        [decision] = await story.decisions(newest)
        assert (decision["rule"], decision["reasons"][1]) == ("at-night", "hours office are closed")


async def test_hours_alone_are_those_of_the_queue_that_the_rule_leads_to(tmp_path: Path) -> None:
    """`hours: open` asks about the rule's own queue: from nine to five it is there, later the next rule decides."""
    rule = "  - name: by-day\n    when: {hours: open}\n    queue: general\n"
    last = {"  - name: everything-else\n    when: otherwise\n    queue: general\n":
            rule + "  - name: everything-else\n    when: otherwise\n    queue: billing\n"}  # fmt: skip
    async with Story(policies=office(tmp_path / "p", routing=last)) as story:
        await story.phone(HERS).texts("hello")
        await until(story, "2026-11-23T17:00:00-05:00")
        await story.phone("+14155550188").texts("hello")
        first, second = [(await story.decisions(one["id"]))[0]["rule"] for one in await story.cases()]
        assert (first, second) == ("by-day", "everything-else")


async def test_a_call_while_closed_hears_when_we_open_and_is_called_then(tmp_path: Path) -> None:
    """At eight in the evening nobody is said to be busy: she hears when we open, presses 1, and it is her turn at nine,
    at the place of her call."""
    async with Story(policies=office(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await until(story, "2026-11-23T20:00:00-05:00")
        await her.calls()
        await story.passes(seconds=12)
        heard = await her.heard()
        assert "onecase is closed now and opens tomorrow at 9:00 AM" in heard
        assert "Nobody could take" not in heard and "One moment" not in heard
        await story.passes(seconds=8)
        assert "Press 1 and we call you then" in await her.heard()
        await her.presses("1")
        assert "We will call you" in await her.heard()
        await story.passes(seconds=10)
        assert await her.state() == "idle"
        ana = await story.ready_agent("ana", phone=ANAS)
        await story.passes(minutes=5)
        assert await ana.offers() == [], "nobody is rung at night who was told that we call when we are there"
        await story.restarts()
        await ana.is_now("off")
        await until(story, "2026-11-24T09:00:02-05:00")
        await ana.is_now("ready")
        [promise] = (await story.one_case())["promises"]
        offer = await ana.offered()
        assert offer["place_at"] == promise["place_at"]
        await ana.accepts(offer)
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=2)
        assert await her.state() == "ringing"


async def test_words_left_while_closed_are_answered_in_writing(tmp_path: Path) -> None:
    """She says what it is about and hangs up: her words stand in line in writing, at the place of her call."""
    async with Story(policies=office(tmp_path / "p")) as story:
        her = story.phone(HERS)
        await until(story, "2026-11-24T07:30:00-05:00")
        await her.calls()
        await story.passes(seconds=12)
        assert "opens today at 9:00 AM" in await her.heard()
        await her.speaks("my parcel has not come")
        await her.hangs_up()
        case = await story.one_case()
        ana = await story.ready_agent("ana")
        assert (await ana.offered())["channel"] == "sms"
        assert "my parcel has not come" in [entry["text"] for entry in await story.timeline(case["id"])]


async def test_who_asks_for_a_call_at_once_hears_that_it_is_closed(tmp_path: Path) -> None:
    """ "Call me" in the greeting is a promise, and she hears when that can be."""
    made = office(tmp_path / "p")
    (made / "hours.yaml").write_text(OFFICE.replace("mon-fri", "thu"), encoding="utf-8")
    async with Story(policies=made) as story:
        her = story.phone(HERS)
        await her.calls()
        await her.speaks("call me")
        await story.passes(seconds=10)
        heard = await her.heard()
        assert "opens on Thursday at 9:00 AM" in heard and "We will call you" in heard


async def test_it_is_said_in_the_language_of_the_number(tmp_path: Path) -> None:
    """A German number says it in German, and whose clock is meant where theirs may be another."""
    german = {'"+14155550100": {brand: onecase, language: en}': '"+14155550100": {brand: onecase, language: de}'}
    async with Story(policies=office(tmp_path / "p", numbers=german)) as story:
        her = story.phone("+4930901820")
        await until(story, "2026-11-23T20:00:00-05:00")
        await her.calls()
        await story.passes(seconds=12)
        assert "öffnet heute um 9:00 Uhr, Ortszeit New York" not in await her.heard()
        assert "öffnet morgen um 9:00 Uhr, Ortszeit New York" in await her.heard()


async def test_when_it_opens_while_they_wait_the_words_change(tmp_path: Path) -> None:
    """At nine the queue is open: whoever stayed on the line is told what all are told."""
    async with Story(policies=office(tmp_path / "p")) as story:
        her = story.phone(HERS)
        await until(story, "2026-11-24T08:59:40-05:00")
        await her.calls()
        await story.passes(seconds=12)
        assert "is closed now" in await her.heard()
        await story.passes(minutes=2)
        assert "Thank you for waiting" in await her.heard()


async def test_hours_that_never_open_promise_no_time(tmp_path: Path) -> None:
    """Closed for good: the choices are told without a time, and nothing breaks."""
    made = office(tmp_path / "p")
    (made / "hours.yaml").write_text(OFFICE.replace('    week: {mon-fri: "09:00-17:00"}', "    week: {mon: closed}"))
    async with Story(policies=made) as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=12)
        heard = await her.heard()
        assert "Press 1 and we call you then" in heard and "opens" not in heard and "Nobody could take" not in heard
        await her.presses("1")
        assert "We will call you" in await her.heard()


async def test_a_call_wished_for_by_touch_while_closed_is_made_when_it_opens(tmp_path: Path) -> None:
    """A touch at eight in the evening: nobody is offered the call before nine, and it stands at the place of the touch."""
    async with Story(policies=office(tmp_path / "p")) as story:
        await until(story, "2026-11-23T20:00:00-05:00")
        touch = {"address": HERS, "text": "hello", "reach_me": {"channel": "phone"}}
        await story.api("POST", "/contacts", touch)
        [promise] = (await story.one_case())["promises"]
        ana = await story.ready_agent("ana", phone=ANAS)
        await story.passes(minutes=5)
        assert await ana.offers() == []
        await story.restarts()
        await ana.is_now("off")
        await until(story, "2026-11-24T09:00:02-05:00")
        await ana.is_now("ready")
        offer = await ana.offered()
        assert (offer["channel"], offer["place_at"]) == ("phone", promise["place_at"])


async def test_a_page_says_its_times_on_our_own_clock_and_names_the_place(tmp_path: Path) -> None:
    """Nobody reads world time, and where the reader is must not show on a page that anybody with its link may see."""
    async with Story(policies=office(tmp_path / "p")) as story:
        contact = await touched(story, {"text": "the door is jammed"})
        local = (await story.now()).astimezone(ZoneInfo("America/New_York"))
        assert f"{local:%Y-%m-%d %H:%M} (New York)" in await shown(story, contact)
