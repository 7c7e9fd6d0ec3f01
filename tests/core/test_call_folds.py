"""What calls change in the documents follows from the events alone, in whatever order the documents were read."""

from itertools import permutations

from router.core.addresses import Address, AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.documents import Case, State
from router.core.events import CallArrived, CallEnded, CaseOpened, CustomerCreated
from router.core.evolve import evolve
from router.core.words import AddressId, CallId, CallRole, CaseId, CustomerId, Step

NOW = Ms(1_790_000_000_000)
HERS, HER_CASE = CustomerId("cus_1"), CaseId("case_1")
PHONE = Address(id=AddressId("adr_1"), facts=AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True))


def arrived(n: int) -> CallArrived:
    return CallArrived(
        call=CallId(f"call_{n}"), case=HER_CASE, customer=HERS, at=Ms(NOW + n), address=PHONE.id, via="+14155550100",
        provider_id=f"CA{n}", language="en", step=Step.GREETING,
    )  # fmt: skip


def test_the_latest_of_her_other_calls_is_hers_when_one_ends() -> None:
    """Three calls of one line at once: one ends, and which of the others counts depends on no order of reading."""
    state: State = {}
    opened = CaseOpened(case=HER_CASE, customer=HERS, at=NOW, ref="A", queue="general", priority=0)
    for event in (CustomerCreated(customer=HERS, at=NOW, address=PHONE, language=None), opened):
        state = evolve(state, event)
    for n in (1, 2, 3):
        state = evolve(state, arrived(n))
    ended = CallEnded(
        call=CallId("call_3"), case=HER_CASE, at=Ms(NOW + 9), entry=1, how="completed", role=CallRole.CUSTOMER,
        step=Step.GREETING,
    )  # fmt: skip
    for order in permutations(state):
        case = evolve({id: state[id] for id in order}, ended)[HER_CASE]
        assert isinstance(case, Case)
        assert case.call == "call_2"
