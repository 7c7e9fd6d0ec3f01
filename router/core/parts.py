"""How a case comes under another one: the merge is noted, and found again by its id.

Its one rule: every merge has an id of its own, by which it is undone. What is wanted of agents is passed on by
`core.merging`.
"""

from router.core.commands import Actor, Indexed
from router.core.context import Making
from router.core.documents import Case
from router.core.events import CasesMerged, IdentityNoted
from router.core.words import AddressId, CaseId, CustomerId, Evidence, MergeId, VaultId


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


def note_identity(
    making: Making,
    id: CaseId,
    *,
    what: str,
    merge: MergeId,
    other: str,
    by: Actor,
    words: VaultId | None,
    evidence: Evidence | None = None,
) -> None:
    """What was found out about whose, or which, a case is stands on its timeline."""
    making.emit(
        IdentityNoted(
            case=id,
            at=making.now,
            entry=making.case(id).entries + 1,
            what=what,
            merge=merge,
            other=other,
            author=by.kind,
            author_id=by.id,
            evidence=evidence,
            words=words,
        )
    )


def index_merge(making: Making, merge: MergeId, what: str, customer: CustomerId) -> None:
    """The case, or customer, that a merge or a split is about is found by its id."""
    making.indexed.append(Indexed(key=merge_key(merge), address=AddressId(what), customer=customer))


def merge_key(merge: str) -> str:
    """Under which what a merge is about is found."""
    return f"merge {merge}"
