"""Deadlines: a heap over what documents say is due. The documents are the truth; this is rebuilt from them at start."""

import asyncio
import heapq
from collections.abc import Callable

from channels.clock import Activity
from router.core.clock import Clock, Ms


class Deadlines:
    """Calls back each key once when its time has come. Setting a key again replaces its time."""

    def __init__(self, clock: Clock, activity: Activity) -> None:
        self._clock = clock
        self._activity = activity
        self._heap: list[tuple[Ms, str]] = []
        self._due: dict[str, tuple[Ms, Callable[[], object]]] = {}
        self._sleeping_until: Ms | None = None
        self._sleeper: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: str, at: Ms, then: Callable[[], object]) -> None:
        """Call `then` at `at`, or at once (on the loop) when that has passed."""
        self._due[key] = (at, then)
        heapq.heappush(self._heap, (at, key))
        self._arm()

    def clear(self, key: str) -> None:
        self._due.pop(key, None)

    def next_due(self) -> Ms | None:
        while self._heap and self._due.get(self._heap[0][1], (None,))[0] != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def close(self) -> None:
        if self._sleeper is not None:
            self._sleeper.cancel()
        self._due.clear()

    def _arm(self) -> None:
        due = self.next_due()
        if due is None or (self._sleeping_until is not None and self._sleeping_until <= due):
            return
        if self._sleeper is not None:
            self._sleeper.cancel()
        self._sleeping_until = due
        self._sleeper = asyncio.create_task(self._sleep(due), name="deadlines")

    async def _sleep(self, until: Ms) -> None:
        await self._clock.sleep_until(until)
        with self._activity.doing("deadlines"):
            self._sleeper, self._sleeping_until = None, None
            while (due := self.next_due()) is not None and due <= self._clock.now():
                _, key = heapq.heappop(self._heap)
                _, then = self._due.pop(key)
                then()
            self._arm()
