"""What both scopes share: the means of a decision, and its outcome as others see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from policies import PolicySet
from router.core.addresses import AddressFacts
from router.core.capacity import FindRoom, any_room
from router.core.choice import There, nobody
from router.core.clock import Ms
from router.core.commands import Command
from router.core.context import NAMES_NONE, Context, Decision, Dialled, PageLink, SharedLine, no_page
from router.core.documents import State
from router.core.timeline import lines_of, rows_of
from router.core.values import value
from router.core.waits.said import FindPlace, FindWait, no_place, no_wait
from router.core.words import AddressId, Channel, Ids
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

    def context(
        self,
        command: Command,
        now: Ms,
        found: AddressId | None = None,
        shared: SharedLine | None = None,
        dialled: Dialled = NAMES_NONE,
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
