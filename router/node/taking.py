"""What both scopes share: the means of a decision, and its outcome as others see it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from policies import PolicySet
from router.core.addresses import AddressFacts
from router.core.capacity import FindRoom, any_room
from router.core.choice import There, nobody
from router.core.clock import Ms
from router.core.commands import Command
from router.core.context import (
    NAMES_NONE,
    Alike,
    Context,
    Decision,
    Dialled,
    PageLink,
    SharedLine,
    is_ours,
    no_page,
)
from router.core.documents import State
from router.core.events import ContactReceived
from router.core.timeline import lines_of, rows_of
from router.core.values import value
from router.core.waits.said import FindPlace, FindWait, no_place, no_wait
from router.core.words import AddressId, CaseId, Channel, Ids
from router.journal.base import Answer, Batch, Stored, moves_of

AnswerOf = Callable[[Decision], Answer]


@dataclass(slots=True)
class Means:
    """What decisions need from outside, held by the node: secret, policy, numbering, case numbers."""

    secret: bytes
    policy: PolicySet
    facts_of: Callable[[str], AddressFacts]
    senders: Mapping[Channel, str]
    cases_opened: int = 0
    there: There = nobody
    since: Ms = Ms(0)
    room: FindRoom = any_room
    wait: FindWait = no_wait
    place: FindPlace = no_place
    page: PageLink = no_page

    def is_ours(self, number: str) -> bool:
        """Whether a number is one of our own."""
        return is_ours(number, self.senders, self.policy)

    def context(
        self,
        command: Command,
        now: Ms,
        found: AddressId | None = None,
        shared: SharedLine | None = None,
        dialled: Dialled = NAMES_NONE,
        alike: Alike = (),
    ) -> Context:
        return Context(
            now=now,
            ids=Ids(secret=self.secret, key=f"{type(command).__name__}/{command.key}", at=now),
            policy=self.policy,
            case_number=self._next_case,
            reference_offset=self.reference_offset,
            facts_of=self.facts_of,
            senders=self.senders,
            found=found,
            there=self.there,
            since=self.since,
            shared=shared,
            dialled=dialled,
            alike=alike,
            room=self.room,
            wait=self.wait,
            place=self.place,
            page=self.page,
        )

    @property
    def reference_offset(self) -> int:
        """Where this instance's case references begin."""
        return int.from_bytes(self.secret[:4], "big")

    def _next_case(self) -> int:
        self.cases_opened += 1
        return self.cases_opened - 1


@value
class Outcome:
    """A command that was taken: its place in the log and what was decided, or neither when its key was done before.
    `answer`: what is to be said to whoever asked, now or again."""

    stored: Stored | None
    decision: Decision | None
    answer: Answer | None = None

    @property
    def is_repeat(self) -> bool:
        return self.stored is None


def case_in(decision: Decision) -> CaseId | None:
    """The case that what somebody wrote stands on."""
    return next((e.case for e in decision.events if isinstance(e, ContactReceived)), None)


def case_of(outcome: Outcome) -> str | None:
    """The case that what somebody wrote stands on, also where it was taken before."""
    if outcome.decision is not None:
        return case_in(outcome.decision)
    told = json.loads(outcome.answer.body) if outcome.answer is not None and outcome.answer.body else {}
    return told.get("case")


def batch_of(
    stream: str, command: Command, before: State, decision: Decision, *, at: Ms, answer: Answer | None
) -> Batch:
    """All that a decision changes, ready to be committed whole. An answer without a key is not kept."""
    return Batch(
        stream=stream,
        at=at,
        key=command.key,
        events=decision.events,
        documents=tuple(decision.changed(before)),
        rows=rows_of(decision.events),
        lines=lines_of(decision.events),
        kept=decision.kept,
        indexed=decision.indexed,
        blobs=decision.blobs,
        moved=moves_of(decision.events),
        answer=answer if answer is not None and answer.key else None,
        erased=decision.erased,
        unindexed=decision.unindexed,
        forgotten=decision.forgotten,
    )
