"""An agent says of a case of which we were not sure that it is a matter of its own: it has candidates no more.

Choosing one of them is a merge like any other, and stands in `core.merging` and `core.customer_merging`.
"""

from router.core.commands import DropCandidates
from router.core.context import Making
from router.core.errors import Reason, Rejected
from router.core.events import CandidatesDropped


def drop_candidates(making: Making, command: DropCandidates) -> None:
    """It is a matter of its own, and of whom it says."""
    case = making.case(command.case)
    if not case.candidates:
        raise Rejected(Reason.NOTHING_TO_DO, "a matter of its own")
    making.emit(
        CandidatesDropped(
            case=case.id,
            at=making.now,
            entry=case.entries + 1,
            author=command.actor.kind,
            author_id=command.actor.id,
        )
    )
