"""An old case is no privilege: the days of a matter count for nothing in line, only the ask that nobody has attended to."""

from collections.abc import Callable
from itertools import cycle
from random import Random
from typing import cast

import pytest

from policies import default_policy_files, parse_policies
from router.core.addresses import Address, AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import HearCall, TakeCall
from router.core.context import Context
from router.core.decide import decide
from router.core.documents import Ask, Call, Case, Customer, Requirement, State
from router.core.values import replace
from router.core.words import DAY_MS, HOUR_MS, AddressId, CallId, CaseId, CaseStatus, Channel, CustomerId, Ids, WorkId
from router.sim.people import Caller, callers
from router.sim.run import Centre
from router.sim.scenario import Scenario

POLICY = parse_policies(default_policy_files(), 1)
OURS, HERS, HER_LINE = "+14155550100", "+14155550142", AddressId("adr_1")
CALL = CallId("call_1")
FACTS = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
EPOCH_MS = 100 * DAY_MS
"""The simulated midnight, so that there were weeks before it."""

BUSY_DAY = Scenario.model_validate(
    {
        "days": 1,
        "arrivals": {"curve": [[0, 0], [8, 0.97 * 20 * 12], [20, 0]]},  # twenty agents at 0.97, talks of five minutes
        "handling": {"distribution": "exponential", "mean_s": 300},
        "agents": 20,
        "classes": [{"name": "new", "share": 1}, {"name": "old", "share": 1}],
    }
)


def before_the_call(at: Ms, age_days: int, status: CaseStatus) -> State:
    """A customer of ours whose matter began so long ago; an agent attended to it three days ago."""
    attended_at = Ms(at - 3 * DAY_MS)
    case = Case(
        id=CaseId("case_1"), version=4, ref="A", status=status, customer=CustomerId("cus_1"), queue="general",
        opened_at=Ms(at - age_days * DAY_MS), changed_at=attended_at, answered_at=attended_at, solved_at=attended_at,
    )  # fmt: skip
    address = Address(id=HER_LINE, facts=FACTS)
    customer = Customer(
        id=case.customer, version=2, opened_at=case.opened_at, addresses=(address,), last_case=case.id,
        live_cases=(case.id,) if status.is_live else (),
    )  # fmt: skip
    return {customer.id: customer, case.id: case}


def asked_on_the_phone(at: Ms, before: State) -> Ask:
    """What the core asks for when this customer calls at `at` and stays on the line."""
    call = TakeCall(key="a", call=CALL, provider_id="CA1", sender=HERS, via=OURS, at=at, attested=True)
    greeted = decide(before, call, context(at, known=bool(before))).state
    heard = HearCall(key="b", call=CALL, turn=cast(Call, greeted[CALL]).turn, step="greeting")
    after = decide(greeted, heard, context(Ms(at + 6_000), known=True)).state
    [ask] = [one.ask for one in after.values() if isinstance(one, Case) and one.ask is not None]
    return ask


def context(now: Ms, *, known: bool) -> Context:
    return Context(
        now=now, ids=Ids(secret=b"k" * 32, key="k", at=now), policy=POLICY, case_number=lambda: 0, reference_offset=7,
        facts_of=lambda _: FACTS, senders={}, found=HER_LINE if known else None,
    )  # fmt: skip


def medians(place_of: Callable[[Caller, int], int], *, swapped: bool = False) -> tuple[float, float]:
    """Of the waits on one busy day: of those with a new matter, and of those whose matter began weeks ago. `place_of`
    gives the place that a caller gets whose matter is so many days old. `swapped`: the halves change sides."""
    ages, people = Random(4), list(callers(BUSY_DAY, POLICY, seed=5))
    for caller in people:
        if swapped:
            caller.name = {"new": "old", "old": "new"}[caller.name]
        age_days = ages.randint(14, 60) if caller.name == "old" else 0
        caller.ask = replace(caller.ask, place_at=Ms(place_of(caller, age_days)))
    report = Centre(BUSY_DAY, POLICY).play(people)
    assert report.everybody.customers > 2_500
    assert report.everybody.p_wait > 0.8, "it is a busy day"
    return report.classes["new"].quantile_s(0.5), report.classes["old"].quantile_s(0.5)


def test_the_halves_of_a_busy_day_wait_alike() -> None:
    """S49: half the callers have cases opened weeks ago, in every state that a matter may be in; the core gives each
    their place. Median waits differ by a tenth at most: of both halves, and, so that it is not the luck of one half, of
    the same people with a new matter and with an old one."""
    statuses = cycle((CaseStatus.WAITING_CUSTOMER, CaseStatus.WAITING_US, CaseStatus.OPEN, CaseStatus.SOLVED))

    def by_the_core(caller: Caller, age_days: int) -> int:
        at = Ms(caller.at + EPOCH_MS)
        before = before_the_call(at, age_days, next(statuses)) if age_days else {}
        return asked_on_the_phone(at, before).place_at - EPOCH_MS

    new, old = medians(by_the_core)
    new_again, old_again = medians(by_the_core, swapped=True)
    for one, other in ((new, old), (new_again, old_again), (new, old_again), (old, new_again)):
        assert abs(one - other) <= 0.1 * max(one, other), (one, other)


def test_the_age_of_a_matter_would_not_be_fair() -> None:
    """The same day with the first contact of the matter as the place: whoever is new waits many times as long. So the
    test above would see it."""
    new, old = medians(lambda caller, age_days: caller.at - age_days * DAY_MS)
    assert new > 3 * old


@pytest.mark.parametrize("status", list(CaseStatus))
def test_days_of_waiting_for_the_customer_give_no_place(status: CaseStatus) -> None:
    """Whatever the state of an old matter and however old it is: the place is that of this call."""
    at = Ms(EPOCH_MS)
    for age_days in (4, 40):
        assert asked_on_the_phone(at, before_the_call(at, age_days, status)).place_at == at


def test_an_ask_that_nobody_attended_to_keeps_its_place() -> None:
    """What does count: a text that has waited half of its hour is half of a caller's minute."""
    at = Ms(EPOCH_MS)
    before = before_the_call(at, 40, CaseStatus.WAITING_US)
    text = Requirement(channel=Channel.SMS, target_ms=HOUR_MS)
    ask = Ask(
        work=WorkId("w"), place_at=Ms(at - HOUR_MS // 2), queue="general", requirement=text, policy=1, rule="r",
        asked_at=at,
    )  # fmt: skip
    case = replace(cast(Case, before["case_1"]), ask=ask)
    assert abs(asked_on_the_phone(at, {**before, case.id: case}).place_at - (at - 30_000)) <= 6_000
