"""Hanging up in line becomes a call by one rule alone; whatever of it is missing, the place is kept and nobody is rung."""

from typing import Any

import pytest

from policies import default_policy_files, parse_policies
from router.core.addresses import Address, AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import Actor, NoteCall, SetTerms, TakeCall
from router.core.context import Context
from router.core.decide import decide
from router.core.documents import Ask, Call, Case, Customer, Promise, Requirement, State
from router.core.errors import Rejected
from router.core.events import PlaceKept, PromiseMade
from router.core.values import replace
from router.core.words import (
    SECOND_MS,
    ActorKind,
    AddressId,
    CallId,
    CallRole,
    CallState,
    CaseId,
    CaseStatus,
    Channel,
    CustomerId,
    Ids,
    PromiseId,
    PromiseState,
    Step,
    WorkId,
)

POLICY = parse_policies(default_policy_files(), 1)
BEGAN = Ms(1_790_000_000_000)
GONE = Ms(BEGAN + 40 * SECOND_MS)
LINE = AddressId("adr_1")
PHONE = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
ANA = Actor(ActorKind.AGENT, "agt_ana")

CUSTOMER = Customer(
    id=CustomerId("cus_1"),
    version=2,
    opened_at=BEGAN,
    addresses=(Address(id=LINE, facts=PHONE),),
    live_cases=(CaseId("case_1"),),
    last_case=CaseId("case_1"),
)
ASK = Ask(
    work=WorkId("work_1"),
    place_at=BEGAN,
    queue="general",
    requirement=Requirement(channel=Channel.PHONE, target_ms=60_000),
    policy=1,
    rule="r",
    asked_at=BEGAN,
)
CASE = Case(
    id=CaseId("case_1"),
    version=4,
    ref="A",
    status=CaseStatus.WAITING_US,
    customer=CUSTOMER.id,
    queue="general",
    opened_at=BEGAN,
    changed_at=BEGAN,
    call=CallId("call_1"),
    ask=ASK,
)
CALL = Call(
    id=CallId("call_1"),
    version=3,
    customer=CUSTOMER.id,
    case=CASE.id,
    role=CallRole.CUSTOMER,
    to=LINE,
    via="+14155550100",
    started_at=BEGAN,
    language="en",
    state=CallState.LIVE,
    step=Step.WAITING,
    address=LINE,
    attested=True,
    answered_at=BEGAN,
    heard_at=Ms(GONE - SECOND_MS),
    queued_at=Ms(GONE - 30 * SECOND_MS),
    told_at=Ms(GONE - 5 * SECOND_MS),
)
"""A caller whose hanging up becomes a call: each test below takes one thing away from it."""


def promised(to: AddressId, state: PromiseState) -> Promise:
    """A call about another matter of theirs."""
    return Promise(
        id=PromiseId("prm_0"),
        version=1,
        customer=CUSTOMER.id,
        case=CaseId("case_0"),
        kind="callback",
        made_at=BEGAN,
        told_via=Channel.PHONE,
        place_at=BEGAN,
        address=to,
        state=state,
    )


def after(*, call: Call = CALL, customer: Customer = CUSTOMER, others: State | None = None) -> tuple[list[Any], State]:
    """What follows when they hang up."""
    state: State = {CUSTOMER.id: customer, CASE.id: CASE, call.id: call, **(others or {})}
    decision = decide(state, NoteCall(key="end", call=call.id, provider_id="CA1", state="completed"), context(GONE))
    return list(decision.events), decision.state


def context(now: Ms) -> Context:
    return Context(
        now=now, ids=Ids(secret=b"k" * 32, key="k", at=now), policy=POLICY, case_number=lambda: 0, reference_offset=7,
        facts_of=lambda _: PHONE, senders={}, found=LINE,
    )  # fmt: skip


def is_called(events: list[Any]) -> bool:
    return any(isinstance(event, PromiseMade) for event in events)


def test_with_all_of_it_they_are_called() -> None:
    """Heard to its end, over ten seconds in line, attested: a call is promised, at the place of theirs."""
    events, _ = after()
    [made] = [event for event in events if isinstance(event, PromiseMade)]
    assert (made.address, made.place_at) == (LINE, BEGAN)


def test_who_called_once_more_and_could_not_reach_us_is_answered() -> None:
    """Their first call is over, and we do not know it yet, when the provider tells of another one that we missed. That the
    first was hung up in silence asks for nothing; the other one does."""
    silent = replace(CALL, told_at=None)
    missed = TakeCall(
        key="missed", call=CallId("call_2"), provider_id="CA2", sender="+12125550142", via=CALL.via, at=GONE,
        attestation="A", attested=True, late=True, seconds=9,
    )  # fmt: skip
    state: State = {CUSTOMER.id: CUSTOMER, CASE.id: CASE, CALL.id: silent}
    state = decide(state, missed, context(Ms(GONE + 30 * SECOND_MS))).state
    over = NoteCall(key="end", call=CALL.id, provider_id="CA1", state="completed", ended_at=GONE, seconds=40)
    case = decide(state, over, context(Ms(GONE + 60 * SECOND_MS))).state[CASE.id]
    assert isinstance(case, Case)
    assert case.ask is not None
    assert (case.ask.requirement.channel, case.status) == (Channel.SMS, CaseStatus.WAITING_US)


def test_a_number_known_before_needs_nobody_to_vouch_for_it() -> None:
    """Where the provider says nothing of the number, one that was theirs before is enough."""
    assert is_called(after(call=replace(CALL, attested=None, known=True))[0])


@pytest.mark.parametrize(
    ("missing", "changes"),
    [
        ("the offer was not heard to its end", {"told_at": None}),
        ("ten seconds in line are not over", {"queued_at": Ms(GONE - 9 * SECOND_MS)}),
        ("the provider does not vouch for the number", {"attested": False, "known": True}),
        ("nobody vouches for it, and we do not know it", {"attested": None, "known": False}),
        ("several people use it", {"shared": True}),
        ("others may hear it", {"discreet": True}),
    ],
)
def test_what_is_missing_of_the_call_keeps_the_place_silently(missing: str, changes: dict[str, Any]) -> None:
    """One thing missing: no call is promised, nothing is asked of anybody, and the place is kept as it was."""
    events, state = after(call=replace(CALL, **changes))
    assert not is_called(events), missing
    [kept] = [event for event in events if isinstance(event, PlaceKept)]
    assert kept.place_at == BEGAN
    case = state[CASE.id]
    assert isinstance(case, Case)
    assert case.ask is None


@pytest.mark.parametrize(
    ("missing", "address"),
    [
        ("nobody can be called there", {"facts": AddressFacts(kind=AddressKind.PHONE, country="US")}),
        ("they said that we are not to call there", {"blocked": (Channel.PHONE,)}),
    ],
)
def test_what_is_missing_of_the_number_keeps_the_place_silently(missing: str, address: dict[str, Any]) -> None:
    customer = replace(CUSTOMER, addresses=(replace(CUSTOMER.addresses[0], **address),))
    events, _ = after(customer=customer)
    assert not is_called(events), missing
    assert any(isinstance(event, PlaceKept) for event in events)


def test_who_said_meanwhile_that_others_hear_it_is_not_called() -> None:
    """It is looked at when they hang up, not only when the call began."""
    state: State = {CUSTOMER.id: CUSTOMER}
    told = decide(state, SetTerms(key="t", customer=CUSTOMER.id, discreet=True, actor=ANA), context(BEGAN)).state
    customer = told[CUSTOMER.id]
    assert isinstance(customer, Customer)
    assert customer.discreet
    events, _ = after(customer=customer)
    assert not is_called(events)
    with pytest.raises(Rejected):
        decide(told, SetTerms(key="u", customer=CUSTOMER.id, discreet=True, actor=ANA), context(BEGAN))


@pytest.mark.parametrize(
    ("state", "called"),
    [
        (PromiseState.OPEN, False),
        (PromiseState.KEPT, True),
        (PromiseState.WITHDRAWN, True),
    ],
)
def test_a_line_that_is_to_be_called_already_is_not_promised_a_second_call(state: PromiseState, called: bool) -> None:
    """A call about another matter is pending to the same line: hanging up makes no second one. One that is over does
    not stand in the way."""
    other = promised(LINE, state)
    assert is_called(after(others={other.id: other})[0]) is called


def test_a_call_pending_to_another_line_of_theirs_is_no_hindrance() -> None:
    second = Address(id=AddressId("adr_2"), facts=PHONE)
    customer = replace(CUSTOMER, addresses=(*CUSTOMER.addresses, second))
    other = promised(second.id, PromiseState.OPEN)
    assert is_called(after(customer=customer, others={other.id: other})[0])
