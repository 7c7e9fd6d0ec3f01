"""The relay: carries each scope's events to the other, in order, at least once, from a durable cursor.

Customer to domain: work wanted and withdrawn, agents' time asked for, promises that ended. Domain to customer: what
became of it, folded under a key made of the event's number, so that telling it twice changes nothing. Where a case was
told is known before the cursor moves.
"""

import asyncio
from collections import deque

from channels.clock import Activity
from router.core.commands import FoldWork
from router.core.errors import Rejected
from router.core.events import (
    AskChanged,
    DeadlineDue,
    LanguageDue,
    LegRefused,
    OfferEnded,
    PromiseAtRisk,
    PromiseChanged,
    SlotAsked,
    SlotHeld,
    SlotRefused,
    SlotTaken,
    WorkAccepted,
    WorkFinished,
    WorkGivenBack,
    WorkOffered,
    WorkWanted,
    WorkWithdrawn,
)
from router.journal.base import ANSWER_KEPT_MS, DOMAIN, Answer, Journal, Ms, Stored
from router.journal.faultpoints import FaultPoints
from router.node.customers import CustomerScope
from router.node.domain import DomainScope

CHUNK = 256
REMEMBERED_MAX = 4096
CURSOR = "relay"
SAVE_EVERY = 2000
"""Events without a fold after which the cursor is written anyway."""

Folded = (
    WorkOffered
    | OfferEnded
    | WorkAccepted
    | WorkFinished
    | WorkGivenBack
    | LanguageDue
    | DeadlineDue
    | SlotHeld
    | SlotRefused
    | PromiseAtRisk
)


class Relay:
    def __init__(
        self,
        *,
        journal: Journal,
        customers: CustomerScope,
        domain: DomainScope,
        activity: Activity,
        faults: FaultPoints,
    ) -> None:
        self._journal = journal
        self._customers = customers
        self._domain = domain
        self._activity = activity
        self._faults = faults
        self._fresh: deque[Stored] = deque()
        self._news = asyncio.Event()
        self._passed: dict[int, list[asyncio.Future[None]]] = {}
        self._saved = 0
        self._domain_live = False
        self.position = 0

    @property
    def lag(self) -> int:
        """Events that were committed and not yet relayed."""
        return self._journal.last_seq - self.position

    def hear(self, batches: list[Stored]) -> None:
        """New batches, in order; called as soon as they are durable."""
        if len(self._fresh) < REMEMBERED_MAX:
            self._fresh.extend(batches)
        self._news.set()

    async def load(self) -> None:
        """Go on where this consumer stopped."""
        self.position = self._saved = int(await self._journal.record("cursor", CURSOR) or 0)

    async def catch_up(self) -> None:
        """Tell cases all they have not been told. The domain is rebuilt from documents afterwards."""
        while batches := await self._journal.domain_batches(after=self.position, limit=CHUNK):
            await self._relay(batches)
        self.position = self._journal.last_seq  # the rest is cases' own, and the lines are rebuilt from those
        await self._save()

    async def run(self) -> None:
        """Relay for ever."""
        self._domain_live = True
        while True:
            if self.lag <= 0:
                self._news.clear()
                if self.lag <= 0:
                    await self._news.wait()
            with self._activity.doing("relay"):
                while self.lag > 0:
                    await self._relay(await self._next())

    async def passed(self, seq: int) -> None:
        """Wait until everything up to `seq` has been told."""
        if self.position >= seq:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._passed.setdefault(seq, []).append(done)
        await done

    async def _next(self) -> list[Stored]:
        while self._fresh and self._fresh[0].last <= self.position:
            self._fresh.popleft()
        if self._fresh and self._fresh[0].first == self.position + 1:
            return [self._fresh.popleft() for _ in range(min(CHUNK, len(self._fresh)))]
        self._fresh.clear()
        return await self._journal.batches(after=self.position, limit=CHUNK)

    async def _relay(self, batches: list[Stored]) -> None:
        folds: dict[str, list[FoldWork]] = {}
        for stored in batches:
            if stored.stream != DOMAIN:
                if self._domain_live:
                    self._tell_domain(stored)
                continue
            for offset, event in enumerate(stored.events):
                if isinstance(event, Folded):
                    key = f"fold/{stored.first + offset}"
                    command = FoldWork(key=key, case=event.case, event=event)
                    folds.setdefault(event.customer, []).append(command)
        if folds:
            self._faults.reach("relay.before_fold")
            try:
                async with asyncio.TaskGroup() as group:
                    for commands in folds.values():
                        group.create_task(self._fold(commands))
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from None  # the first tells what went wrong; the others stopped with it
            self._faults.reach("relay.after_fold")
        self.position = batches[-1].last
        self._wake()
        if folds or self.position - self._saved >= SAVE_EVERY:
            await self._save()

    def _tell_domain(self, stored: Stored) -> None:
        for event in stored.events:
            if isinstance(event, WorkWanted):
                self._domain.want(event)
            elif isinstance(event, WorkWithdrawn):
                self._domain.withdraw(event)
            elif isinstance(event, AskChanged):
                self._domain.change(event)
            elif isinstance(event, LegRefused):
                self._domain.refuse(event)
            elif isinstance(event, SlotAsked):
                self._domain.bookings.ask(event)
            elif isinstance(event, SlotTaken):
                self._domain.bookings.confirm(event.slot)
            elif isinstance(event, PromiseChanged) and not event.state.is_pending:
                self._domain.bookings.ended(event.promise)

    async def _fold(self, commands: list[FoldWork]) -> None:
        for command in commands:
            try:
                await self._customers.take(
                    command,
                    lambda decision, key=command.key: Answer(
                        key=key,
                        status=200,
                        body="",
                        kept_until=Ms(_last_at(decision.events) + ANSWER_KEPT_MS),
                    ),
                )
            except Rejected:
                continue

    def _wake(self) -> None:
        for seq in [s for s in self._passed if s <= self.position]:
            for done in self._passed.pop(seq):
                if not done.done():
                    done.set_result(None)

    async def _save(self) -> None:
        if self.position != self._saved:
            self._saved = self.position
            await self._journal.put_record("cursor", CURSOR, str(self.position))


def _last_at(events: tuple[object, ...]) -> int:
    return max((int(getattr(event, "at", 0)) for event in events), default=0)
