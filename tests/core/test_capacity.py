"""Bookable capacity: what is promised is never more than those who will be there can do, whoever asks in which order."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from router.core.capacity import Capacity, Supply
from router.core.clock import Ms
from router.core.documents import Shift, Slot, Staffing
from router.core.roster import Ability, Need, Roster, shift_ends
from router.core.words import HOUR_MS, MINUTE_MS, AgentId, CaseId, CustomerId, PromiseId, SlotId

SLOT_MS = 20 * MINUTE_MS
CALL_MS = 5 * MINUTE_MS
NINE = Ms(1_790_000_400_000 // SLOT_MS * SLOT_MS)
GENERAL, HEATING, BILLING = Need("general"), Need("heating", (("heating", 2),)), Need("billing", (("billing", 1),))
ANA: Ability = ((("heating", 3),), None)
BEN: Ability = ((("billing", 1), ("heating", 3)), None)


def capacity(
    time: Mapping[Ability, float], *, expected: Mapping[Need, float] | None = None, only: int | None = None
) -> Capacity:
    """Agents by ability, the same in every slot, or in `only` so many from nine on."""
    first = NINE // SLOT_MS

    def supply(slot: int) -> Supply:
        is_there = only is None or first <= slot < first + only
        return Supply(time={a: n * SLOT_MS for a, n in time.items()} if is_there else {}, cap=0.85)

    return Capacity(
        slot_ms=SLOT_MS,
        share=0.85,
        supply=supply,
        expected=lambda _: expected or {},
        opens=lambda _, slot: slot,
        ahead=100,
    )


def slot(n: int, at: Ms, need: Need = GENERAL, load_ms: int = CALL_MS) -> Slot:
    return Slot(
        id=SlotId(f"slot_{n:04}"), version=1, promise=PromiseId(f"prm_{n:04}"), case=CaseId("case"),
        customer=CustomerId("cus"), queue=need.queue, skills=need.skills, window=(at, Ms(at + SLOT_MS)), at=at,
        load_ms=load_ms, expires_at=at,
    )  # fmt: skip


def book(have: Capacity, n: int, need: Need = GENERAL, load_ms: int = CALL_MS, window_ms: int = SLOT_MS) -> bool:
    at = have.find(need, (NINE, Ms(NINE + window_ms)), load_ms, now=Ms(NINE - HOUR_MS))
    if at is not None:
        have.put(slot(n, at, need, load_ms))
    return at is not None


def test_one_agent_has_time_for_three_calls_of_five_minutes() -> None:
    """85 % of twenty minutes: three fit, the fourth and fifth are told the windows after it."""
    have = capacity({((), None): 1})
    assert [book(have, n) for n in range(5)] == [True, True, True, False, False]
    later = have.alternatives(GENERAL, CALL_MS, after=NINE)
    assert later == tuple((Ms(NINE + n * SLOT_MS), Ms(NINE + (n + 1) * SLOT_MS)) for n in (1, 2, 3))


def test_where_nobody_is_free_nobody_is_asked_whether_a_time_suits() -> None:
    """That is looked up on the customers' clocks for each time, in weeks of them."""
    asked: list[tuple[Ms, Ms]] = []

    def suits(window: tuple[Ms, Ms]) -> bool:
        asked.append(window)
        return True

    assert capacity({}).alternatives(GENERAL, CALL_MS, after=NINE, suits=suits) == ()
    assert asked == []


def test_what_ends_gives_its_time_back() -> None:
    have = capacity({((), None): 1})
    for n in range(3):
        assert book(have, n)
    have.drop(SlotId("slot_0001"))
    assert book(have, 3)
    assert not book(have, 4)


def test_those_who_are_expected_to_call_are_left_their_time() -> None:
    """Ten of the seventeen minutes go to callers: one promise fits."""
    have = capacity({((), None): 1}, expected={GENERAL: 10 * MINUTE_MS})
    assert [book(have, n) for n in range(3)] == [True, False, False]


def test_an_agent_of_two_skills_is_counted_once() -> None:
    """Ben can do both: what is promised to one of them is gone for the other, and Ana is kept for what she can do."""
    have = capacity({ANA: 1, BEN: 1})
    assert [book(have, n, BILLING) for n in range(4)] == [True, True, True, False]
    assert [book(have, n, HEATING) for n in range(10, 14)] == [True, True, True, False]
    have = capacity({ANA: 1, BEN: 1})
    assert [book(have, n, HEATING) for n in range(7)] == [True] * 6 + [False]
    assert not book(have, 8, BILLING)


def test_a_queue_that_is_overrun_takes_nothing_from_agents_it_cannot_have() -> None:
    have = capacity({((("billing", 1),), None): 1, ANA: 1}, expected={BILLING: 5 * SLOT_MS})
    assert not book(have, 1, BILLING)
    assert book(have, 2, HEATING)


def test_a_long_call_takes_the_slots_after_as_well() -> None:
    """Thirty minutes with one agent: seventeen of this slot, the rest of the next."""
    have = capacity({((), None): 1})
    assert book(have, 1, load_ms=30 * MINUTE_MS)
    assert not book(have, 2)
    assert have.find(GENERAL, (Ms(NINE + SLOT_MS), Ms(NINE + 2 * SLOT_MS)), CALL_MS, now=NINE) is None
    last = capacity({((), None): 1}, only=1)
    assert not book(last, 1, load_ms=30 * MINUTE_MS), "nobody is there to finish it"


def test_a_window_that_covers_a_little_of_a_slot_gets_as_much_of_its_room() -> None:
    """A quarter of a slot has room for no call of five minutes; half of one and more counts as the slot."""
    have = capacity({((), None): 1}, only=1)
    half, quarter = ((Ms(NINE + SLOT_MS - SLOT_MS // n), Ms(NINE + SLOT_MS)) for n in (2, 4))
    assert have.find(GENERAL, half, CALL_MS, now=NINE) == half[0]
    assert have.find(GENERAL, quarter, CALL_MS, now=NINE) is None
    assert have.find(GENERAL, quarter, 4 * MINUTE_MS, now=NINE) == quarter[0]


def test_what_no_longer_fits_is_what_was_promised_last() -> None:
    """Six agents become two: of twelve promises of ten minutes in one slot, those who asked first keep theirs."""
    agents: dict[Ability, float] = {((), None): 12}
    have = capacity(agents)
    for n in range(12):
        assert book(have, n, load_ms=10 * MINUTE_MS)
    agents[((), None)] = 2
    have.forget()
    risked = have.beyond(NINE)
    assert sorted(one.id for one in risked) == [f"slot_{n:04}" for n in range(3, 12)]
    for one in risked:
        have.drop(one.id)
    assert have.beyond(NINE) == []


@given(
    agents=st.lists(st.sets(st.sampled_from("abcd")), max_size=6),
    asked=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 40)), max_size=40),
)
def test_whatever_is_asked_nothing_is_oversold(agents: list[set[str]], asked: list[tuple[str, int]]) -> None:
    """For every set of skills: what was promised of them is no more than the share of those who have any of them."""
    time: dict[Ability, float] = {}
    for held in agents:
        ability: Ability = (tuple((name, 1) for name in sorted(held)), None)
        time[ability] = time.get(ability, 0) + 1
    have = capacity(time)
    for n, (skill, minutes) in enumerate(asked):
        book(have, n, Need(skill, ((skill, 1),)), load_ms=min(minutes, 17) * MINUTE_MS)
    booked = have.next_due(len(have))
    for bits in range(1, 16):
        names = {name for n, name in enumerate("abcd") if bits >> n & 1}
        promised = sum(one.load_ms for one in booked if one.queue in names)
        able = sum(bool(held & names) for held in agents)
        assert promised <= able * SLOT_MS * 0.85 + 1
    assert have.beyond(NINE) == []


# --- the roster -------------------------------------------------------------------------------------------------------

HERS = AgentId("agt_ana")


def shift(start_h: float, end_h: float, **more: object) -> Shift:
    return Shift(start=Ms(NINE + int(start_h * HOUR_MS)), end=Ms(NINE + int(end_h * HOUR_MS)), **more)  # type: ignore[arg-type]


def roster(*shifts: Shift, shrinkage: float = 0.0) -> Roster:
    said = Staffing(id="staffing", version=1, at=NINE, shifts=shifts, shrinkage=shrinkage)
    return Roster(said, {HERS: (("heating", 3),)}, slot_ms=SLOT_MS)


def test_breaks_and_shrinkage_are_no_time_with_customers() -> None:
    """An hour with a break of its second twenty minutes, a fifth of paid time for other things."""
    pause = (Ms(NINE + SLOT_MS), Ms(NINE + 2 * SLOT_MS))
    have = roster(shift(0, 1, agent=HERS, breaks=(pause,)), shrinkage=0.2)
    first = NINE // SLOT_MS
    assert [round(sum(have.time(first + n).values())) for n in range(4)] == [960_000, 0, 960_000, 0]


def test_a_head_count_is_of_its_queue_or_its_skill() -> None:
    have = roster(shift(0, 1, queue="general", count=3), shift(0, 1, skill="heating", count=2))
    assert have.time(NINE // SLOT_MS) == {((), "general"): 3 * SLOT_MS, ((("heating", 10),), None): 2 * SLOT_MS}


def test_who_is_missing_is_missing_until_the_shift_ends() -> None:
    one = shift(0, 1, agent=HERS)
    have = roster(one)
    have.miss(one, 1, Ms(NINE + SLOT_MS // 2))
    first = NINE // SLOT_MS
    assert [sum(have.time(first + n).values()) for n in range(3)] == [SLOT_MS / 2, 0, 0]
    have.miss(one, -1, Ms(NINE + 2 * SLOT_MS))
    assert sum(have.time(first + 2).values()) == SLOT_MS


def test_no_call_begins_that_would_pass_the_end_of_a_shift() -> None:
    """From five minutes before the end; not where another shift follows at once; who comes back of their own will works
    on."""
    theirs = [shift(0, 1), shift(1, 2)]

    def is_near(minutes: int, since: int = 0) -> bool:
        now = Ms(NINE + minutes * MINUTE_MS)
        return shift_ends(theirs, now=now, since=Ms(NINE + since * MINUTE_MS), call_ms=CALL_MS).is_near

    assert [is_near(m) for m in (0, 57, 114, 115, 119, 121)] == [False, False, False, True, True, True]
    assert not is_near(121, since=118)
    assert shift_ends(theirs, now=NINE, since=NINE, call_ms=CALL_MS).changes_at == NINE + 115 * MINUTE_MS
