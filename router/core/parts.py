"""How a case comes under another one: the merge is noted, and found again by its id.

Its one rule: every merge has an id of its own, by which it is undone. What is wanted of agents is passed on by
`core.merging`.
"""

from router.core.commands import Actor, Indexed
from router.core.context import Making
from router.core.documents import Case
from router.core.events import CasesMerged
from router.core.words import AddressId, CustomerId, Evidence, MergeId


def note_merge(
    making: Making, case: Case, into: Case, *, by: Actor, reason: str = "", evidence: Evidence = Evidence.WEAK
) -> None:
    """`case` goes on in `into` from now on, and so in the head of that."""
    merge = MergeId(making.context.ids.new("mrg"))
    making.emit(
        CasesMerged(
            merge=merge,
            case=case.id,
            into=into.id,
            customer=case.customer,
            at=making.now,
            entry=into.entries + 1,
            author=by.kind,
            author_id=by.id,
            evidence=evidence,
            words=making.keep(reason, kind="note", owner=into.customer) if reason else None,
        )
    )
    index_merge(making, merge, case.id, case.customer)


def index_merge(making: Making, merge: MergeId, what: str, customer: CustomerId) -> None:
    """The case, or customer, that a merge or a split is about is found by its id."""
    making.indexed.append(Indexed(key=merge_key(merge), address=AddressId(what), customer=customer))


def merge_key(merge: str) -> str:
    """Under which what a merge is about is found."""
    return f"merge {merge}"
