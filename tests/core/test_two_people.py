"""Two people with ids of their own are never joined by themselves, whatever they share: a browser, a code, an address."""

from hypothesis import given, settings
from hypothesis import strategies as st

from policies import default_policy_files, parse_policies
from router.core.addresses import Address, AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import CUSTOMER, SYSTEM, Actor, MergeCustomers
from router.core.context import Context
from router.core.decide import decide
from router.core.documents import Customer, State
from router.core.errors import Rejected
from router.core.side_folds import person_of
from router.core.words import ActorKind, AddressId, CustomerId, Evidence, Ids

NOW = Ms(1_790_000_000_000)
POLICY = parse_policies(default_policy_files(), 1)
ANA = Actor(ActorKind.AGENT, "agt_ana")
PEOPLE = 6


def customer(n: int, *, is_vouched: bool) -> Customer:
    kind = AddressKind.USER if is_vouched else AddressKind.CHAT
    address = Address(id=AddressId(f"adr_{n}"), facts=AddressFacts(kind=kind))
    return Customer(id=CustomerId(f"cus_{n}"), version=1, opened_at=NOW, addresses=(address,))


def after(state: State, one: int, other: int, *, by: Actor, key: str) -> State:
    """The state after two were said to be one; as it was, where that is refused."""
    context = Context(
        now=NOW, ids=Ids(secret=b"k" * 32, key=key, at=NOW), policy=POLICY, case_number=lambda: 0, reference_offset=7,
        facts_of=lambda _: AddressFacts(), senders={},
    )  # fmt: skip
    command = MergeCustomers(
        key=key, customer=CustomerId(f"cus_{one}"), into=CustomerId(f"cus_{other}"), actor=by, evidence=Evidence.PROOF
    )
    try:
        return decide(state, command, context).state
    except Rejected:
        return state


def vouched(state: State, root: Customer) -> int:
    """For how many of the customers under a root a site vouches."""
    members = [state[id] for id in person_of(state, root.id)]
    return sum(m.addresses[0].facts.kind is AddressKind.USER for m in members if isinstance(m, Customer))


PAIRS = st.lists(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, PEOPLE - 1)), max_size=12)


@given(
    who=st.lists(st.booleans(), min_size=PEOPLE, max_size=PEOPLE), pairs=PAIRS, by=st.sampled_from([CUSTOMER, SYSTEM])
)
@settings(max_examples=200, deadline=None)
def test_no_sequence_of_proofs_joins_two_people(who: list[bool], pairs: list[tuple[int, int]], by: Actor) -> None:
    """S6: by a chain of others neither."""
    state: State = {f"cus_{n}": customer(n, is_vouched=is_vouched) for n, is_vouched in enumerate(who)}
    for turn, (one, other) in enumerate(pairs):
        state = after(state, one, other, by=by, key=f"k{turn}")
        roots = [d for d in state.values() if isinstance(d, Customer) and d.joined is None]
        assert all(vouched(state, root) <= 1 for root in roots)


def test_an_agent_may_know_better() -> None:
    """And somebody without an id is joined with who they proved to be."""
    state: State = {f"cus_{n}": customer(n, is_vouched=n < 2) for n in range(3)}
    assert after(state, 0, 1, by=CUSTOMER, key="k0") is state
    joined = after(state, 2, 1, by=CUSTOMER, key="k1")
    assert person_of(joined, CustomerId("cus_1")) == ["cus_1", "cus_2"]
    assert len(person_of(after(joined, 1, 0, by=ANA, key="k2"), CustomerId("cus_0"))) == 3
