"""The parts of honest waits: the walk along a line, ranges that learn, what is said, and what outlives a restart."""

import math

import pytest

from router.core.clock import Ms
from router.core.documents import Requirement
from router.core.waits.crews import Crew, Staff, share
from router.core.waits.learned import AGES_S, Learned
from router.core.waits.learned import People as Learner
from router.core.waits.line import Line, LineState, Pool, Rival
from router.core.waits.ranges import Calibration, Range
from router.core.waits.said import MINUTES, TOO_LONG, Told, phrase_of, said
from router.core.waits.walk import NEVER, People, Stander, walk
from router.core.words import Channel

STAYS = ([0.0] * len(AGES_S), [0.0] * len(AGES_S))
LEAVES = ([0.01] * len(AGES_S), [0.01 * age for age in AGES_S])
PATIENT, IMPATIENT = People(300.0, 250.0, STAYS), People(300.0, 250.0, LEAVES)
HOLDS, CALLED = Stander(0.0), Stander(None)


def test_everyone_before_a_place_is_a_talk_for_the_agents_there() -> None:
    """Ten agents end a talk of 300 s every 30 s, so each place is 30 s later than the one before it."""
    walked = walk([HOLDS] * 3, people=PATIENT, levels=[(0.0, 10.0)], busy=10)
    assert walked.waits_s == pytest.approx([30, 60, 90, 120])
    assert walked.places == pytest.approx([1, 2, 3, 4])


def test_whoever_may_hang_up_is_less_work_and_who_waits_for_our_call_is_not() -> None:
    held = walk([HOLDS], people=IMPATIENT, levels=[(0.0, 10.0)], busy=10).waits_s[-1]
    called = walk([CALLED], people=IMPATIENT, levels=[(0.0, 10.0)], busy=10).waits_s[-1]
    assert held == pytest.approx(30 + 30 * math.exp(-0.3))
    assert called == pytest.approx(30 + 25)


def test_whoever_comes_back_before_a_place_is_reached_stands_before_it() -> None:
    walked = walk([HOLDS], people=PATIENT, levels=[(0.0, 10.0)], busy=10, due_back_s=[20.0, 500.0])
    assert walked.waits_s == pytest.approx([55, 85])


def test_when_a_shift_ends_nobody_is_taken_until_as_many_are_busy_as_may_be() -> None:
    fewer = walk([HOLDS] * 2, people=PATIENT, levels=[(0.0, 10.0), (45.0, 5.0)], busy=10)
    assert fewer.waits_s[:2] == pytest.approx([30, 60 + 300 * math.log(2)])
    assert walk([], people=PATIENT, levels=[(0.0, 5.0)], busy=10).waits_s == pytest.approx([60 + 300 * math.log(2)])


def test_whoever_begins_work_takes_one_at_once() -> None:
    more = walk([HOLDS] * 5, people=PATIENT, levels=[(0.0, 10.0), (60.0, 12.0)], busy=10)
    assert more.waits_s == pytest.approx([30, 60, 60, 60, 85, 110])


def test_free_agents_take_the_first_at_once() -> None:
    assert walk([HOLDS], people=PATIENT, levels=[(0.0, 10.0)], busy=8).waits_s == pytest.approx([0, 0])


def test_where_nobody_is_there_it_begins_with_the_next_who_comes_or_never() -> None:
    assert walk([HOLDS], people=PATIENT, levels=[(0.0, 0.0), (600.0, 1.0)], busy=0).waits_s == [600, 900]
    assert walk([HOLDS], people=IMPATIENT, levels=[(0.0, 0.0)], busy=0).waits_s == [NEVER, NEVER]


def test_somebody_whom_others_could_take_as_well_is_less_work_here() -> None:
    assert walk([Stander(0.0, 0.5)], people=PATIENT, levels=[(0.0, 10.0)], busy=10).waits_s[-1] == pytest.approx(45)


def test_an_incident_is_seen_before_the_talks_that_it_lengthens_are_over() -> None:
    """Talks that run count with the time that they have run."""
    people = Learner()
    for n in range(200):
        people.talk_began(n * 300.0)
        people.talk_ended((n + 1) * 300.0)
    assert people.talk_s(60_000.0) == pytest.approx(300)
    for _ in range(20):
        people.talk_began(60_000.0)
    assert people.talk_s(60_600.0) > 400  # type: ignore[operator]


def test_patience_is_learned_by_age_and_those_who_were_served_count_too() -> None:
    people = Learner()
    for _ in range(3000):
        people.held(20.0, gone=True)
        people.held(200.0, gone=False)
    hazards, _ = people.hazards()
    assert hazards[0] == pytest.approx(1 / 50, rel=0.05)
    assert hazards[1] < 0.001


def test_ranges_widen_on_the_side_where_they_missed() -> None:
    ranges = Calibration()
    before = ranges.range(300.0, 5.0)
    for _ in range(400):
        told = ranges.range(300.0, 5.0)
        ranges.judge(told, 900.0)
    after = ranges.range(300.0, 5.0)
    assert after.high_s > before.high_s
    assert after.high_s >= 880


def test_a_walk_that_is_too_long_is_made_shorter() -> None:
    """Waits are nine tenths of what the walk says, now less and now more: what is told comes to be that. A wait over a
    night moves it a little, and nothing moves it by more than a quarter."""
    ranges = Calibration()
    for n in range(2000):
        told = ranges.range(300.0, 5.0)
        assert told.walked_s == 300.0
        ranges.judge(told, 270.0 + (80.0 if n % 2 else -80.0))
    settled = ranges.range(300.0, 5.0).expected_s
    assert settled == pytest.approx(270.0, rel=0.01)
    ranges.judge(ranges.range(300.0, 5.0), 12 * 3600.0)
    assert ranges.range(300.0, 5.0).expected_s == pytest.approx(settled, rel=0.02)
    for _ in range(2000):
        ranges.judge(ranges.range(300.0, 5.0), 900.0)
    assert ranges.range(300.0, 5.0).expected_s == pytest.approx(375.0)


def test_somebody_who_hangs_up_twice_at_one_place_is_two_who_hung_up() -> None:
    line = Line()
    told = Range(10.0, 100.0, 50.0, 3.0, 50.0)
    for now_s in (0.0, 30.0):
        line.join("a", place_s=0.0, now_s=now_s, holds=True, told=told)
        line.hang_up("a", now_s + 20.0)


def test_what_was_told_to_somebody_who_hung_up_is_judged_when_their_place_is_reached() -> None:
    line = Line()
    told = Range(10.0, 100.0, 50.0, 3.0, 50.0)
    line.join("a", place_s=0.0, now_s=0.0, holds=True, told=told)
    line.join("b", place_s=1.0, now_s=1.0, holds=True, told=told)
    line.hang_up("a", 20.0)
    assert line.ranges.count == 0
    line.reach("b", 60.0)
    assert line.ranges.count == 2


def test_a_restart_keeps_what_was_learned() -> None:
    line = Line()
    for n in range(200):
        line.people.talk_began(n * 100.0)
        line.people.talk_ended(n * 100.0 + 90.0)
        line.join(f"w{n}", place_s=n * 100.0, now_s=n * 100.0, holds=True, told=line.ranges.range(60.0 + n, 3.0))
        line.reach(f"w{n}", n * 100.0 + 45.0 + n % 50)
    again = Line(line.state())
    for one in (line, again):
        one.look(20_000.0, Pool([(0.0, 4.0)], 4))
    assert again.newcomer() == pytest.approx(line.newcomer(), rel=0.01)
    assert again.is_known
    assert not Line(LineState(people=Learned())).is_known


def test_with_nothing_seen_nothing_is_said() -> None:
    line = Line()
    assert not line.look(0.0, Pool([(0.0, 4.0)], 4))
    assert line.newcomer() is None


@pytest.mark.parametrize(
    ("low", "high", "minutes"), [(250, 470, (4, 8)), (0, 20, (0, 1)), (240, 240, (4, 5)), (610, 1300, (10, 25))]
)
def test_what_is_said_is_rounded_outward_to_minutes_that_people_say(
    low: float, high: float, minutes: tuple[int, int]
) -> None:
    found = said(Range(low, high, (low + high) / 2, 3.0, (low + high) / 2))
    assert (found.low_s, found.high_s, found.confidence) == (minutes[0] * 60, minutes[1] * 60, 0.8)
    assert "at least 80 %" in found.basis


def test_what_is_longer_than_can_be_said_is_not_said() -> None:
    found = said(Range(60.0, MINUTES[-1] * 60 + 1.0, 600.0, 3.0, 600.0))
    assert (found.low_s, found.high_s, found.confidence, found.basis) == (None, None, None, TOO_LONG)


@pytest.mark.parametrize(
    ("low", "high", "phrase"),
    [
        (None, None, ("wait_unknown", {})),
        (0, 60, ("wait_moment", {})),
        (0, 240, ("wait_under", {"high": "4"})),
        (240, 480, ("wait_between", {"low": "4", "high": "8"})),
    ],
)
def test_a_wait_has_words_for_each_of_its_forms(low: int | None, high: int | None, phrase: tuple[str, object]) -> None:
    assert phrase_of(Told(Ms(0), low, high)) == phrase


def test_nobody_is_promised_a_call_sooner_than_two_lines_can_be_rung() -> None:
    """What is promised is the upper end, from when it was told; nothing where nothing was."""
    assert Told(Ms(1000), 0, 60).until == 1000 + 120_000
    assert Told(Ms(1000), 240, 480).until == 1000 + 480_000
    assert Told(Ms(1000)).until is None


def test_who_brings_a_place_along_is_told_of_that_place() -> None:
    """Whoever comes to the head of a line from another channel does not wait as long as whoever comes last."""
    line = busy_line()
    for n in range(5):
        line.join(f"w{n}", place_s=10.0 + n, now_s=20.0, holds=True, told=None)
    line.look(20.0, Pool([(0.0, 1.0)], 1))
    first, last = line.range_for("old", 1.0), line.range_for("new", 20.0)
    assert first is not None
    assert last is not None
    assert first == line.range_of("w0")
    assert last == line.newcomer()
    assert first.expected_s < last.expected_s


def test_what_was_told_counts_as_kept_by_what_was_said_and_only_where_it_was() -> None:
    """Rounded outward as it was told: 270 s lie between four minutes and five; before enough is known nothing counts."""
    line = Line()
    line.join("early", place_s=0.0, now_s=0.0, holds=True, told=Range(10.0, 20.0, 15.0, 2.0, 15.0))
    line.reach("early", 15.0)
    assert line.cover.judged == 0
    line = busy_line()
    judged = line.cover.judged
    for n, waited_s in enumerate((270.0, 400.0)):
        line.join(f"w{n}", place_s=0.0, now_s=0.0, holds=True, told=Range(250.0, 260.0, 255.0, 3.0, 255.0))
        line.reach(f"w{n}", waited_s)
    assert line.cover.judged == judged + 2
    before = Line(line.state()).cover
    assert before == line.cover, "it outlives a restart"


def busy_line() -> Line:
    """A line of which enough was seen."""
    line = Line()
    for n in range(60):
        line.people.talk_began(n * 100.0)
        line.people.talk_ended(n * 100.0 + 90.0)
        line.join(f"w{n}", place_s=n * 100.0, now_s=n * 100.0, holds=True, told=line.ranges.range(60.0, 3.0))
        line.reach(f"w{n}", n * 100.0 + 60.0)
    assert line.is_known
    return line


def test_a_call_of_ours_that_becomes_a_talk_held_its_agent_since_it_rang() -> None:
    people = Learner()
    people.talk_began(30.0, since_s=0.0)
    people.talk_ended(100.0)
    assert people.talk_s(100.0) == pytest.approx(100.0)


# --- several skills ---------------------------------------------------------------------------------------------------

HEATING, ANYTHING = Requirement(channel=Channel.PHONE, skills=(("heating", 1),)), Requirement(channel=Channel.PHONE)
CREWS = [Crew(((("heating", 1),), ()), 2, 2.0, 2.0), Crew(((), ()), 8, 8.0, 7.0)]


def test_work_falls_to_agents_by_how_many_of_those_who_could_take_it_they_are() -> None:
    staff = Staff(CREWS)
    heating, anybody = staff.able(HEATING), staff.able(ANYTHING)
    assert (staff.room(heating), staff.filled(heating), staff.room(anybody)) == (2.0, 2.0, 10.0)
    assert share(heating, staff, anybody, staff) == 1.0
    assert share(anybody, staff, heating, staff) == pytest.approx(0.2)
    assert share(anybody - heating, staff, heating, staff) == 0.0


def knows_talks(line: Line) -> Line:
    """Talks of three hundred seconds, and nobody hangs up."""
    for n in range(100):
        line.people.talk_began(n * 300.0)
        line.people.talk_ended((n + 1) * 300.0)
    for _ in range(200_000):
        line.people.held(1000.0, gone=False)
    return line


def test_who_stands_before_them_in_another_line_is_work_before_them_as_far_as_it_falls_to_the_same_agents() -> None:
    line = knows_talks(Line())
    line.join("mine", place_s=40_000.0, now_s=40_000.0, holds=True, told=None)
    alone, before, behind = (Pool([(0.0, 10.0)], 10.0, rivals=r) for r in (
        (), [Rival(39_000.0, None, 0.5)], [Rival(40_001.0, None, 0.5)]
    ))  # fmt: skip
    said = dict[str, float]()
    for name, pool in (("alone", alone), ("before", before), ("behind", behind)):
        line.look(40_000.0, pool)
        found = line.range_of("mine")
        assert found is not None
        said[name] = found.walked_s
    assert said["alone"] == said["behind"] == pytest.approx(30, rel=0.02)
    assert said["before"] - said["alone"] == pytest.approx(0.5 * line.people.call_s(300.0) / 10, rel=0.05)


def test_where_less_is_required_after_a_while_the_sooner_counts() -> None:
    """One agent has the skill, ten will do after a minute: nobody waits for longer than for those ten."""
    line = knows_talks(Line())
    few, wide = Pool([(0.0, 1.0)], 1.0), Pool([(0.0, 10.0)], 10.0, after_s=60.0)
    line.look(40_000.0, few)
    assert (one := line.newcomer()) is not None and one.walked_s == pytest.approx(300, rel=0.02)
    line.look(40_000.0, few, wide)
    assert (one := line.newcomer()) is not None and one.walked_s == pytest.approx(60)
    line.join("long", place_s=39_950.0, now_s=39_950.0, holds=True, told=None)
    line.look(40_000.0, few, wide)
    assert (one := line.range_of("long")) is not None and one.walked_s == pytest.approx(30, rel=0.02)


def test_whose_need_changes_keeps_what_they_were_told() -> None:
    before, after = Line(), Line()
    told = Range(10.0, 100.0, 50.0, 3.0, 50.0)
    before.join("a", place_s=0.0, now_s=0.0, holds=True, told=told)
    before.hand_over("a", after)
    after.join("a", place_s=0.0, now_s=20.0, holds=True, told=None)
    after.reach("a", 60.0)
    assert (before.ranges.count, after.ranges.count) == (0, 1)
