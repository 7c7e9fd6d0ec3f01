"""The keeper of promises: looks at each when something of it is due, also what fell due while we were away.

Its one rule: what is due stands in the document; this only wakes it. A look that finds nothing to do changes nothing,
and two at once are one command.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from channels.clock import Activity
from policies import PolicySet
from router.core.clock import Clock, Ms
from router.core.commands import Command, KeepPromise
from router.core.documents import Promise
from router.core.errors import Rejected
from router.core.events import PromiseChanged, PromiseMade
from router.core.promises import next_look
from router.core.words import SECOND_MS, PromiseId
from router.journal.base import Journal, JournalStopped, Stored
from router.node.deadlines import Deadlines
from router.node.tasks import Tasks


class Take(Protocol):
    def __call__(self, command: Command) -> Awaitable[object]: ...


class Keeper:
    def __init__(
        self,
        *,
        journal: Journal,
        take: Take,
        policy: Callable[[], PolicySet],
        clock: Clock,
        deadlines: Deadlines,
        activity: Activity,
    ) -> None:
        self._journal = journal
        self._take = take
        self._policy = policy
        self._clock = clock
        self._deadlines = deadlines
        self._activity = activity
        self.tasks = Tasks()

    async def begin(self) -> None:
        """Look at every promise that is to be kept."""
        for promise in await self._journal.live(Promise):
            if isinstance(promise, Promise):
                self._plan(promise)

    def hear(self, batches: list[Stored]) -> None:
        for stored in batches:
            for event in stored.events:
                if isinstance(event, PromiseMade | PromiseChanged):
                    self.tasks.start(self._plan_anew(event.promise), f"promise {event.promise}")

    async def close(self) -> None:
        await self.tasks.close()

    async def _plan_anew(self, id: PromiseId) -> None:
        with self._activity.doing("promises"):
            promise = await self._journal.document(id)
            if isinstance(promise, Promise):
                self._plan(promise)

    def _plan(self, promise: Promise, *, passed: bool = True) -> None:
        """Wake up when something is due. `passed`: also for a time that is over already."""
        name, now = f"promise {promise.id}", self._clock.now()
        at = next_look(promise, warn_ms=self._warn_ms(), now=now, passed=passed)
        if at is None:
            self._deadlines.clear(name)
        else:
            self._deadlines.set(name, at, lambda: self.tasks.start(self._look(promise.id), name))

    async def _look(self, id: PromiseId) -> None:
        with self._activity.doing("promises"):
            promise = await self._journal.document(id)
            if not isinstance(promise, Promise):
                return
            try:
                await self._take(KeepPromise(key=f"look/{id}/{promise.version}/{self._clock.now()}", promise=id))
            except JournalStopped:
                return
            except Rejected:
                self._plan(promise, passed=False)

    def _warn_ms(self) -> Ms:
        return Ms(self._policy().settings.callbacks.warn_s * SECOND_MS)
