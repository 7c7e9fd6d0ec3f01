"""Where a case of which we were not sure belongs, once somebody says so, or proves who they are.

Its one rule: choosing is a merge like any other, and is undone as one. An agent chooses by `MergeCases` or
`MergeCustomers`; a customer who has proved who they are, by naming the case when asked. What they had begun before goes
where any contact of theirs would: by what line and words tell, not by the proof.
"""

from contextlib import suppress

from router.core.choice import Way
from router.core.commands import CUSTOMER, DropCandidates, MergeCases, PlaceCase, TakeContact
from router.core.context import Making
from router.core.documents import Case
from router.core.errors import Reason, Rejected
from router.core.events import CandidatesDropped, CandidatesFound, CaseReopened, MatterAnswered
from router.core.evidence import words_of_grounds
from router.core.linking import Link, link, read_words
from router.core.merging import merge_cases
from router.core.questions import ask_on
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


def place_case(making: Making, command: PlaceCase) -> None:
    """Decide which matter of `person` the case is about: it goes on in that one, or stays one of its own, with the
    candidates where nobody can tell. Raises Rejected where it went on somewhere already, or is over."""
    case = making.case(command.case)
    if case.joined is not None or case.heard is None or not case.status.is_live:
        raise Rejected(Reason.NOTHING_TO_DO, "placed")
    found = _link_of(making, case, command)
    into = found.case
    if into is None:
        if found.candidates:
            making.emit(
                CandidatesFound(
                    case=case.id,
                    at=making.now,
                    entry=case.entries + 1,
                    candidates=found.candidates,
                    grounds=found.grounds,
                )
            )
            if found.how == "unsure":
                way = Way(case.heard.channel, case.heard.address, case.heard.via)
                ask_on(making, making.case(case.id), way, is_named=True)
        return
    if not into.status.is_live:
        making.emit(CaseReopened(case=into.id, at=making.now))
    reason = "; ".join((command.reason, *words_of_grounds(found.grounds)))
    merge_cases(
        making,
        MergeCases(key="", case=case.id, into=into.id, actor=command.actor, reason=reason, evidence=Evidence.PROOF),
    )


def _link_of(making: Making, case: Case, command: PlaceCase) -> Link:
    """Where these words would go, were they said by that person now: nothing of whoever said them stands beside."""
    assert case.heard is not None
    person = making.customer(command.person)
    words = read_words(making, person, command.text, case.topics)
    said = TakeContact(
        key=command.key,
        channel=case.heard.channel,
        sender="",
        via=case.heard.via,
        at=making.now,
        text=command.text,
    )
    others = Making(
        state={id: document for id, document in making.state.items() if id != case.customer}, context=making.context
    )
    return link(others, person, said, address=case.heard.address, words=words)


def follow(making: Making) -> None:
    """A customer who proved who they are named the case: theirs goes on in it."""
    for event in making.events:
        if isinstance(event, MatterAnswered) and event.named and event.chosen is not None:
            chosen = MergeCases(
                key="", case=event.case, into=event.chosen, actor=CUSTOMER, evidence=Evidence.STRONG
            )  # fmt: skip
            with suppress(Rejected):  # it was joined meanwhile, or cannot be: the agent sees what they said
                merge_cases(making, chosen)
