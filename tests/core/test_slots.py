"""What the customer's side makes of the domain's answers about agents' time: each once, and only of what it asks for."""

import pytest

from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import FoldWork
from router.core.context import Context, Making
from router.core.decide import decide
from router.core.documents import Case, Customer, Promise, Slot, State
from router.core.errors import Rejected
from router.core.events import PromiseAtRisk, PromiseChanged, SlotHeld, SlotMissed, SlotRefused, SlotTaken
from router.core.slots import ask_slot
from router.core.values import replace
from router.core.words import CaseId, CaseStatus, Channel, CustomerId, Ids, PromiseId, PromiseState, SlotId

NOW = Ms(1_790_000_000_000)
POLICY = parse_policies(default_policy_files(), 1)
HERS, HIS_TIME = PromiseId("prm_1"), (Ms(NOW + 1000), Ms(NOW + 2000))
LATER = (Ms(NOW + 3000), Ms(NOW + 4000))
CASE, CUSTOMER = CaseId("case_1"), CustomerId("cus_1")
HELD = SlotHeld(
    slot=SlotId("slot_1"), promise=HERS, case=CASE, customer=CUSTOMER, at=NOW, queue="general", window=HIS_TIME,
    start=HIS_TIME[0], load_ms=300_000, expires_at=Ms(NOW + 120_000),
)  # fmt: skip
REFUSED = SlotRefused(
    promise=HERS, case=CASE, customer=CUSTOMER, at=NOW, window=HIS_TIME, why="nobody is free then",
    alternatives=(LATER,),
)  # fmt: skip
RISKED = PromiseAtRisk(
    slot=HELD.slot, promise=HERS, case=CASE, customer=CUSTOMER, at=NOW, window=HIS_TIME, why="fewer are there",
    alternatives=(LATER,),
)  # fmt: skip


def context(key: str = "k") -> Context:
    return Context(
        now=NOW, ids=Ids(secret=b"k" * 32, key=key, at=NOW), policy=POLICY, case_number=lambda: 0, reference_offset=7,
        facts_of=lambda _: AddressFacts(kind=AddressKind.PHONE, country="DE", dialable=True), senders={},
    )  # fmt: skip


def asked() -> State:
    """A promise that asks for agents' time in a window."""
    customer = Customer(id=CUSTOMER, version=1, opened_at=NOW, addresses=())
    case = Case(
        id=CASE, version=1, ref="A", status=CaseStatus.OPEN, customer=CUSTOMER, queue="general", opened_at=NOW,
        changed_at=NOW, promise=HERS,
    )  # fmt: skip
    promise = Promise(
        id=HERS, version=1, customer=CUSTOMER, case=CASE, kind="callback", made_at=NOW, told_via=Channel.PHONE,
        place_at=NOW,
    )  # fmt: skip
    making = Making(state={customer.id: customer, case.id: case, promise.id: promise}, context=context())
    ask_slot(making, HERS, HIS_TIME, queue="general")
    return making.state


def fold(state: State, event: object, key: str = "fold/1") -> tuple[State, set[type]]:
    made = decide(state, FoldWork(key=key, case=CASE, event=event), context(key))
    return made.state, {type(one) for one in made.events[1:]}


def the_promise(state: State) -> Promise:
    found = state[HERS]
    assert isinstance(found, Promise)
    return found


def test_a_window_is_theirs_once_the_time_is_held() -> None:
    """Until then the promise has none that could be told."""
    before = asked()
    assert (the_promise(before).asked, the_promise(before).window) == (HIS_TIME, None)
    after, events = fold(before, HELD)
    assert events == {SlotTaken}
    assert (the_promise(after).asked, the_promise(after).window, the_promise(after).slot) == (None, HIS_TIME, HELD.slot)
    with pytest.raises(Rejected):
        fold(after, HELD)


def test_where_no_time_is_left_they_are_told_when_there_is() -> None:
    after, events = fold(asked(), REFUSED)
    assert events == {SlotMissed}
    assert (the_promise(after).asked, the_promise(after).window, the_promise(after).others) == (None, None, (LATER,))
    with pytest.raises(Rejected):
        fold(after, REFUSED)


def test_an_answer_to_something_else_changes_nothing() -> None:
    """They ask for another window by now, or the promise has ended."""
    state = asked()
    moved = {**state, HERS: replace(the_promise(state), asked=LATER)}
    ended = {**state, HERS: replace(the_promise(state), state=PromiseState.WITHDRAWN)}
    for one in (moved, ended):
        for event in (HELD, REFUSED, RISKED):
            with pytest.raises(Rejected):
                fold(one, event)


def test_what_is_refused_leaves_the_window_that_they_have() -> None:
    have, _ = fold(asked(), HELD)
    making = Making(state=have, context=context())
    ask_slot(making, HERS, LATER, queue="general")
    after, _ = fold(making.state, replace(REFUSED, window=LATER), "fold/2")
    assert (the_promise(after).window, the_promise(after).slot) == (HIS_TIME, HELD.slot)


def test_a_promise_that_does_not_fit_any_more_is_at_risk_before_its_window() -> None:
    """With the windows that are free, and once."""
    have, _ = fold(asked(), HELD)
    after, events = fold(have, RISKED, "fold/2")
    assert events == {PromiseChanged, SlotMissed}
    promise = the_promise(after)
    assert (promise.state, promise.slot, promise.others) == (PromiseState.AT_RISK, None, (LATER,))
    with pytest.raises(Rejected):
        fold(after, RISKED, "fold/3")
    assert not any(isinstance(one, Slot) for one in after.values()), "the slot itself is the domain's"
