"""Where a case of which we were not sure belongs, once somebody says so.

Its one rule: choosing is a merge like any other, and is undone as one. An agent chooses by `MergeCases` or
`MergeCustomers`; a customer who has proved who they are, by naming the case when asked.
"""

from contextlib import suppress

from router.core.commands import CUSTOMER, DropCandidates, MergeCases
from router.core.context import Making
from router.core.errors import Reason, Rejected
from router.core.events import CandidatesDropped, MatterAnswered
from router.core.merging import merge_cases
from router.core.words import Evidence


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


def follow(making: Making) -> None:
    """A customer who proved who they are named the case: theirs goes on in it."""
    for event in making.events:
        if isinstance(event, MatterAnswered) and event.named and event.chosen is not None:
            chosen = MergeCases(
                key="", case=event.case, into=event.chosen, actor=CUSTOMER, evidence=Evidence.STRONG
            )  # fmt: skip
            with suppress(Rejected):  # it was joined meanwhile, or cannot be: the agent sees what they said
                merge_cases(making, chosen)
