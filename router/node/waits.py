"""Waits as the node follows them: who comes into a line, holds, wants a call, is rung, is reached or goes.

Its one rule: it hears the journal's events and decides nothing; whoever asks how long a case still waits is answered
from one walk along its line (`node.wait_lines`), so that the phone, the pages, the desk and programs say the same.
Written channels are not followed: whoever answers them has other work beside.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from router.core.attempts import NOT_RUNG
from router.core.clock import Clock, Ms
from router.core.documents import Ask, Call, Case, Document, Promise, Slot, Work
from router.core.events import (
    CallArrived,
    CallEnded,
    Event,
    OfferEnded,
    PromiseAtRisk,
    PromiseChanged,
    PromiseMade,
    SlotFreed,
    SlotHeld,
    WorkAccepted,
    WorkFinished,
    WorkGivenBack,
    WorkOffered,
    WorkWanted,
    WorkWithdrawn,
)
from router.core.waits.line import Cover
from router.core.waits.said import Said
from router.core.words import CALLBACK, SECOND_MS, CallRole, CallState, CaseId, PromiseId, SlotId, WorkId, WorkState
from router.journal.base import Journal, Stored
from router.node.domain import DomainScope
from router.node.wait_lines import Followed, Lines, Roster, no_roster

LIVE = ("phone", "chat")
HEARD = frozenset({
    CallArrived, CallEnded, PromiseMade, PromiseChanged, WorkWanted, WorkWithdrawn, WorkOffered, WorkAccepted,
    OfferEnded, WorkGivenBack, WorkFinished, SlotHeld, SlotFreed, PromiseAtRisk,
})  # fmt: skip
ABOUT_WORK = WorkOffered | WorkAccepted | OfferEnded | WorkGivenBack | WorkFinished


@dataclass(slots=True)
class Promised:
    """A call that is promised on a case: it waits in line from `due_at` on."""

    case: CaseId
    due_at: Ms


class Waits:
    """`on_heard`: called when somebody's wait may be another one from now on."""

    def __init__(self, *, domain: DomainScope, clock: Clock, journal: Journal, roster: Roster = no_roster) -> None:
        self._domain = domain
        self._clock = clock
        self._lines = Lines(domain=domain, clock=clock, journal=journal, roster=roster)
        self._asks: dict[CaseId, Ask] = {}
        self._on_line: dict[CaseId, str] = {}  # whose own call is not over
        self._promises: dict[PromiseId, Promised] = {}
        self._promised: dict[CaseId, PromiseId] = {}
        self._talks: dict[WorkId, Followed] = {}
        self._slots: dict[SlotId, CaseId] = {}  # time that is kept for calls
        self._slot_of: dict[CaseId, SlotId] = {}
        self._offered: dict[WorkId, Ms] = {}  # since when an agent is kept for it
        self._rings: dict[WorkId, Ms] = {}  # an agent has it, and the customer is being rung
        self._left: dict[CaseId, Ms] = {}  # within one batch: who does not ask for it any more
        self._due = asyncio.Event()
        self.on_heard: Callable[[], None] = lambda: None

    # --- what is said -------------------------------------------------------------------------------------------------

    def of_queue(self, queue: str, kind: str) -> Said:
        """What is said to somebody who would come to a queue now."""
        return self._lines.newcomer(queue, kind)

    def of_case(self, case: CaseId, kind: str | None = None) -> Said | None:
        """How long a case still waits for somebody live, of `kind` where one is named; None where it stands in no such
        line."""
        ask = self._asks.get(case)
        if ask is None or (kind is not None and ask.requirement.kind != kind):
            return None
        return self._lines.said(self._lines.of(ask), case)

    def of_place(self, case: CaseId, queue: str, kind: str, place_at: Ms) -> Said | None:
        """How long a case would wait that stood in a line from now on with a place; None of lines in writing."""
        return self._lines.at_place(queue, kind, case, place_at / SECOND_MS) if kind in LIVE else None

    def told(self) -> Iterable[tuple[CaseId, str, Said]]:
        """Of everybody in the lines of which enough was seen: the case, its queue, and what is said."""
        return self._lines.told()

    def settle(self) -> None:
        """Judge what was told to those who hung up and have been reached since."""
        self._lines.settle()

    @property
    def is_anybody_told(self) -> bool:
        return self._lines.is_anybody_told

    def covers(self) -> Iterable[tuple[str, str, Cover]]:
        """Queue, kind, and how many of the ranges that were told there held."""
        return self._lines.covers()

    # --- life ---------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        await self._lines.load()

    def begin(
        self,
        cases: Iterable[Document],
        promises: Iterable[Document],
        calls: Iterable[Document],
        slots: Iterable[Document],
    ) -> None:
        """Who stands in line and who is talked with, once the domain's lines are rebuilt. What they were told before is
        not judged: what was said to those before them is not known any more."""
        for promise in promises:
            if isinstance(promise, Promise) and promise.kind == CALLBACK and promise.state.is_pending:
                self._promise(promise.id, promise.case, promise.due_at)
        for call in calls:
            is_theirs = isinstance(call, Call) and call.role is CallRole.CUSTOMER and call.promise is None
            if isinstance(call, Call) and is_theirs and call.state is not CallState.ENDED:
                self._on_line.setdefault(call.case, call.id)
        for case in cases:
            if not isinstance(case, Case) or case.ask is None or case.ask.requirement.kind not in LIVE:
                continue
            self._asks.setdefault(case.id, case.ask)
            if self._domain.matcher.waiting(case.ask.work) is not None:
                self._join(case.id, case.ask, case.ask.waits_since, is_new=False)
        for slot in slots:
            if isinstance(slot, Slot) and slot.promise in self._promises and not (slot.free or slot.at_risk):
                self._book(slot.id, slot.case, slot.queue, slot.at)
        for work in self._domain.works.values():
            self._begin_work(work)

    async def run(self) -> None:
        """Write what was learned, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.save()

    async def save(self) -> None:
        await self._lines.save()

    # --- what happens -------------------------------------------------------------------------------------------------

    def hear(self, batches: list[Stored]) -> None:
        """New batches, in order; what is not live costs one look at a set."""
        has_heard = False
        for stored in batches:
            for event in stored.events:
                if type(event) in HEARD:
                    has_heard = self._hear(event) or has_heard
            for case, at in self._left.items():
                self._leave(case, at)
            self._left.clear()
        if has_heard:
            self._lines.settle()
            if self._lines.is_to_save:
                self._due.set()
            self.on_heard()

    def _hear(self, event: Event) -> bool:
        """Whether it was about somebody live."""
        match event:
            case CallArrived():
                self._on_line[event.case] = event.call
            case CallEnded():
                if event.role is CallRole.CUSTOMER and self._on_line.get(event.case) == event.call:
                    del self._on_line[event.case]
            case PromiseMade() if event.kind == CALLBACK:
                self._promise(event.promise, event.case, event.due_at)
                if (ask := self._asks.get(event.case)) is not None:
                    self._lines.of(ask).line.wants_call(event.case, event.at / SECOND_MS)
            case PromiseChanged():
                return self._change_promise(event)
            case WorkWanted() if event.ask.requirement.kind in LIVE:
                self._left.pop(event.case, None)
                self._want(event.case, event.ask, event.at)
            case SlotHeld():
                self._book(event.slot, event.case, event.queue, event.start)
            case SlotFreed() | PromiseAtRisk() if (case := self._slots.pop(event.slot, None)) is not None:
                if self._slot_of.get(case) == event.slot:
                    del self._slot_of[case]
                    self._lines.unbook(case)
            case WorkWithdrawn() if (ask := self._asks.get(event.case)) is not None and ask.work == event.work:
                self._left[event.case] = event.at
            case WorkOffered() | WorkAccepted() | OfferEnded() | WorkGivenBack() | WorkFinished():
                return self._hear_work(event)
            case _:
                return False
        return True

    def _hear_work(self, event: ABOUT_WORK) -> bool:
        at_s = event.at / SECOND_MS
        if isinstance(event, WorkFinished | WorkGivenBack):
            has_ended = self._end_work(event.work, event.at)
            if isinstance(event, WorkFinished):
                return has_ended
        ask = self._asks.get(event.case)
        if ask is None or ask.work != event.work:
            return False
        match event:
            case WorkOffered():
                self._offered[event.work] = event.at
                self._lines.of(ask).line.reach(event.case, at_s)
            case OfferEnded() | WorkGivenBack():
                self._offered.pop(event.work, None)
                self._join(event.case, ask, event.at, is_new=False)
            case WorkAccepted():
                kept_at = self._offered.pop(event.work, event.at)  # an agent who is asked takes nothing else meanwhile
                if event.case in self._promised and event.case not in self._on_line:
                    self._rings[event.work] = kept_at
                else:
                    followed = self._talks[event.work] = self._lines.of(ask)
                    followed.line.people.talk_began(at_s, since_s=kept_at / SECOND_MS)
        return True

    def _want(self, case: CaseId, ask: Ask, at: Ms) -> None:
        """They ask for it, or for it otherwise: who goes on in another line is none of the one before."""
        known = self._asks.get(case)
        before, now = self._lines.of(known) if known is not None else None, self._lines.of(ask)
        if before is not None and before is not now:
            if (before.queue, before.kind) == (now.queue, now.kind):
                before.line.hand_over(case, now.line)
            else:
                before.line.forget(case)
        self._join(case, ask, at, is_new=True)

    def _join(self, case: CaseId, ask: Ask, at: Ms, *, is_new: bool) -> None:
        """They wait. Only those who come and find nobody free are told something that is judged."""
        followed = self._lines.of(ask)
        self._lines.unbook(case)
        followed.ask = self._asks[case] = ask
        place_s, told = ask.place_at / SECOND_MS, None
        if is_new:
            self._lines.look(followed)
            told = followed.line.range_for(case, place_s) if followed.free < 1 else None
        holds = ask.requirement.kind != "phone" or (case in self._on_line and case not in self._promised)
        followed.line.join(case, place_s=place_s, now_s=at / SECOND_MS, holds=holds, told=told)

    def _leave(self, case: CaseId, at: Ms) -> None:
        """Nobody is asked for them any more: they come back when they are to be called, or hung up."""
        ask = self._asks.pop(case)
        line, promise = self._lines.of(ask).line, self._promises.get(self._promised.get(case, PromiseId("")))
        self._rings.pop(ask.work, None)
        self._offered.pop(ask.work, None)
        if promise is not None and promise.due_at > at and not self._lines.is_booked(case):
            line.forget(case)
            line.miss(case, place_s=ask.place_at / SECOND_MS, back_s=promise.due_at / SECOND_MS)
        else:
            line.hang_up(case, at / SECOND_MS)

    # --- talks and calls of ours --------------------------------------------------------------------------------------

    def _begin_work(self, work: Work) -> None:
        """An agent was at it when we stopped."""
        if work.state not in (WorkState.ACTIVE, WorkState.WRAPPING) or work.ask.requirement.kind not in LIVE:
            return
        if work.id not in self._talks:
            now, followed = self._clock.now(), self._lines.of(work.ask)
            self._talks[work.id] = followed
            followed.line.people.talk_began(now / SECOND_MS, since_s=(work.accepted_at or now) / SECOND_MS)

    def _end_work(self, work: WorkId, at: Ms) -> bool:
        followed = self._talks.pop(work, None)
        self._rings.pop(work, None)
        if followed is not None:
            followed.line.people.talk_ended(at / SECOND_MS)
        return followed is not None

    def _promise(self, id: PromiseId, case: CaseId, due_at: Ms | None) -> None:
        self._promises[id] = Promised(case, due_at or Ms(0))
        self._promised[case] = id

    def _book(self, slot: SlotId, case: CaseId, queue: str, start: Ms) -> None:
        """Time is kept for a call: until then they stand in no line, and agents are not there for others then."""
        self._slots[slot], self._slot_of[case] = case, slot
        if case not in self._asks:
            self._lines.book(queue, case, start)

    def _change_promise(self, event: PromiseChanged) -> bool:
        known = self._promises.get(event.promise)
        if known is None:
            return False
        known.due_at = event.due_at or Ms(0)
        if event.attempt and event.attempt not in NOT_RUNG:
            self._rang(known.case, event.at, is_answered=event.attempt == "answered")
        if not event.state.is_pending:
            self._lines.expect_no_more(known.case)
            del self._promises[event.promise]
            if self._promised.get(known.case) == event.promise:
                del self._promised[known.case]
        return True

    def _rang(self, case: CaseId, at: Ms, *, is_answered: bool) -> None:
        """What became of a call of ours: a talk, or an agent's time for nothing."""
        ask = self._asks.get(case)
        since = self._rings.pop(ask.work, None) if ask is not None else None
        if ask is None or since is None:
            return
        followed, at_s = self._lines.of(ask), at / SECOND_MS
        followed.line.people.rang(answered=is_answered, ring_s=(at - since) / SECOND_MS)
        if is_answered:
            self._talks[ask.work] = followed
            followed.line.people.talk_began(at_s, since_s=since / SECOND_MS)
