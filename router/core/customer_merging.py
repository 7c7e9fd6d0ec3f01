"""Two customers are found to be one person, or not to be after all.

Its one rule: one points to the other, and each keeps addresses, consent, cases and words of their own. Cases are not
joined by it; those that were joined across the two are taken apart when it is undone.
"""

from router.core.addresses import AddressKind
from router.core.commands import Actor, MergeCustomers, UnmergeCustomers
from router.core.context import Making
from router.core.documents import Case, Customer
from router.core.erasing import keep_wishes
from router.core.errors import Reason, Rejected
from router.core.events import CustomersMerged, CustomersUnmerged
from router.core.merging import crossing, take_apart
from router.core.parts import index_merge, note_identity
from router.core.side_folds import person_of
from router.core.tree import customers_of
from router.core.words import ActorKind, CustomerId, Evidence, MergeId, VaultId

MEMBERS_MAX = 20
"""Customers who may be one person."""
NOTED_MAX = 10
"""Open cases in which it is noted, the newest of each side."""


def merge_customers(making: Making, command: MergeCustomers) -> None:
    """Raises Rejected where they are one person already."""
    customer, into = _root(making, command.customer), _root(making, command.into)
    _check_version(making.customer(command.into), command.if_version)
    if customer.id == into.id:
        raise Rejected(Reason.NOTHING_TO_DO, "one person")
    both = (*person_of(making.state, customer.id), *person_of(making.state, into.id))
    if command.actor.kind is not ActorKind.AGENT and _is_vouched(making, customer) and _is_vouched(making, into):
        raise Rejected(Reason.TWO_PEOPLE, "customer")
    if len(both) > MEMBERS_MAX:
        raise Rejected(Reason.TOO_MANY, f"{MEMBERS_MAX} customers in one")
    merge = MergeId(making.context.ids.new("mrg"))
    words = making.keep(command.reason, kind="note", owner=into.id) if command.reason else None
    by = command.actor
    making.emit(
        CustomersMerged(
            merge=merge,
            customer=customer.id,
            into=into.id,
            at=making.now,
            author=by.kind,
            author_id=by.id,
            evidence=command.evidence,
            words=words,
        )
    )
    index_merge(making, merge, customer.id, customer.id)
    for one, other in ((customer, into), (into, customer)):
        _note(
            making, one, other.id, what="customers_merged", merge=merge, author=by.kind, author_id=by.id,
            evidence=command.evidence, words=words,
        )  # fmt: skip


def unmerge_customers(making: Making, command: UnmergeCustomers) -> None:
    """`making.context.found` names the customer who pointed to another one by this merge."""
    customer = making.customer(making.context.found or "")
    _check_version(customer, command.if_version)
    if customer.joined is None or customer.joined.id != command.merge:
        raise Rejected(Reason.NOTHING_TO_DO, "taken apart")
    into = making.customer(customer.joined.into)
    hold = next((one.hold for one in customers_of(making.state) if one.hold is not None), None)
    apart = set(person_of(making.state, customer.id))
    for part in crossing(making, {str(id) for id in apart}):
        take_apart(making, making.case(part.id), by=command.actor, reason=command.reason)
    words = making.keep(command.reason, kind="note", owner=into.id) if command.reason else None
    by = command.actor
    making.emit(
        CustomersUnmerged(
            merge=command.merge,
            customer=customer.id,
            into=into.id,
            at=making.now,
            author=by.kind,
            author_id=by.id,
            words=words,
        )
    )
    for one, other in ((customer, into), (into, customer)):
        _note(
            making, one, other.id, what="customers_unmerged", merge=command.merge, author=by.kind, author_id=by.id,
            evidence=None, words=words,
        )  # fmt: skip
    for root in (customer.id, _root(making, into.id).id):
        side = [making.customer(id) for id in person_of(making.state, root)]
        keep_wishes(making, command, [one for one in side if one.erased_at is None], hold=hold)


def _note(
    making: Making,
    customer: Customer,
    other: CustomerId,
    *,
    what: str,
    merge: MergeId,
    author: ActorKind,
    author_id: str | None,
    evidence: Evidence | None,
    words: VaultId | None,
) -> None:
    for id in making.customer(customer.id).live_cases[-NOTED_MAX:]:
        case = making.state.get(id)
        if isinstance(case, Case):
            by = Actor(author, author_id)
            note_identity(making, case.id, what=what, merge=merge, other=other, by=by, words=words, evidence=evidence)


def _root(making: Making, id: CustomerId) -> Customer:
    customer = making.customer(id)
    while customer.joined is not None:
        customer = making.customer(customer.joined.into)
    return customer


def _is_vouched(making: Making, root: Customer) -> bool:
    """Whether a site vouches for who they are. Two such people are two, whatever browser, code or address they share;
    only one of us can say otherwise."""
    person = (making.customer(id) for id in person_of(making.state, root.id))
    return any(address.facts.kind is AddressKind.USER for one in person for address in one.addresses)


def _check_version(customer: Customer, expected: int | None) -> None:
    if expected is not None and expected != customer.version:
        raise Rejected(Reason.STALE_VERSION, f"version {customer.version}")
