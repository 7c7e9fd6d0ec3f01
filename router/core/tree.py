"""Cases that were joined: which one is the head, who stands under it, and which of them asks for an agent.

Its one rule: references move, not rows. A part points to the case that it goes on in, and that one lists its parts;
nothing here changes anything. A case that was never joined is its own head and its only member.
"""

from collections.abc import Iterable

from router.core.addresses import AddressKind
from router.core.documents import Case, Customer, State
from router.core.errors import Fault
from router.core.folding import get
from router.core.words import AddressId, CaseId, Channel, CustomerId

WRITTEN_TO = (AddressKind.PHONE, AddressKind.MAIL, AddressKind.CHAT, AddressKind.USER)
PARTS_MAX = 20
"""Cases under one head, itself included. Whoever joins more has something else to sort out."""


def head_of(state: State, case: Case) -> Case:
    """The case that `case` goes on in: itself, where it is a matter of its own."""
    if case.side is None:
        return case
    id = case.id
    for _ in range(PARTS_MAX):
        case = get(state, id, Case)
        if case.joined is None:
            return case
        id = CaseId(case.joined.into)
    raise Fault(f"{case.id} goes on in more than {PARTS_MAX} cases")


def chain_of(state: State, case: Case) -> list[Case]:
    """A case, the one that it goes on in, and so on up to the head."""
    found = [case]
    for one in found:
        if one.joined is not None:
            found.append(get(state, one.joined.into, Case))
    return found


def members_of(state: State, head: Case) -> list[Case]:
    """A case and all that stand under it, itself first."""
    found = [get(state, head.id, Case)]
    for member in found:
        found += [get(state, id, Case) for id in member.parts]
    return found


def tree_of(state: State, case: Case) -> list[Case]:
    """All cases that are joined with `case`, the head first."""
    return [case] if case.side is None else members_of(state, head_of(state, case))


def asking(state: State, case: Case) -> Case:
    """Which of the joined cases asks for an agent; the head where none does. Only what is on the phone, or was promised
    a call, asks for itself: its legs, its room and its promise are its own."""
    if case.side is None or case.ask is not None:
        return case
    tree = tree_of(state, case)
    return next((one for one in tree if one.ask is not None), tree[0])


def is_written(case: Case) -> bool:
    """Whether what it asks for is to be answered in writing."""
    return case.ask is not None and case.ask.requirement.channel is not Channel.PHONE


def side_for(state: State, head: Case, customer: CustomerId) -> Case | None:
    """On which of the joined cases words of, or to, this customer stand: the one of theirs where they were heard last.
    None: there is none of theirs."""
    theirs = [one for one in tree_of(state, head) if one.customer == customer]
    return max(theirs, key=heard_at, default=None)  # of equals the first: the head


def heard_at(case: Case) -> int:
    """When somebody wrote or called last on a case itself, and not on one that goes on in it."""
    heard = case.heard if case.side is None else case.side.heard
    return heard.at if heard is not None else 0


def customers_of(state: State) -> list[Customer]:
    """The customers at hand: all who were found to be one person."""
    return [document for document in state.values() if isinstance(document, Customer)]


def owner_of_address(state: State, address: AddressId) -> Customer | None:
    """Whose address it is, of the customers at hand."""
    return next((d for d in state.values() if isinstance(d, Customer) and d.address(address)), None)


def owners_of(state: State, ids: Iterable[AddressId]) -> tuple[tuple[CustomerId, AddressId], ...]:
    """These addresses, each with the customer at hand who has it."""
    found = ((owner_of_address(state, id), id) for id in sorted(ids))
    return tuple((owner.id, id) for owner, id in found if owner is not None)


def reachable_of(state: State, customer: Customer) -> Customer:
    """A customer who can be called or written to: this one, or else one who was found to be the same person."""
    if is_reachable(customer):
        return customer
    others = (d for d in state.values() if isinstance(d, Customer) and is_reachable(d))
    return next(others, customer)


def is_reachable(customer: Customer) -> bool:
    return any(address.facts.kind in WRITTEN_TO for address in customer.addresses)
