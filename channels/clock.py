"""Two clocks for real processes: the wall's, and one that somebody moves by hand.

`Activity` says what is under way, so that whoever moves a clock can wait until nothing is. A `ClockSide` is one of the
parties that live by a moved clock.
"""

import asyncio
import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from router.core.clock import Ms

LOOK_S = 60.0
"""A sleeper looks at the wall clock at least this often: it may have been set, or the machine have slept."""


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


def _ran_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class Activity:
    """Counts what is under way, by name. A clock is moved on only while this is empty."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        self._listeners: list[Callable[[], None]] = []
        self.begun = 0  # how much ever began: unchanged between two looks means that nothing came and went between them

    def doing(self, name: str) -> "Doing":
        """Mark `name` as under way while the block runs."""
        return Doing(self, name)

    def begin(self, name: str) -> None:
        self._under_way[name] += 1
        self.begun += 1
        self._tell()

    def end(self, name: str) -> None:
        self._under_way[name] -= 1
        if not self._under_way[name]:
            del self._under_way[name]
        self._tell()

    def until(self, done: "asyncio.Future[Any]", name: str) -> None:
        """Mark `name` as under way until `done` is."""
        under_way = self.doing(name)
        under_way.__enter__()
        done.add_done_callback(lambda _: under_way.__exit__(None, None, None))

    def names(self) -> list[str]:
        """What is under way now, sorted; empty when idle."""
        return sorted(self._under_way)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever something begins or ends. It must be short and must not raise."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


class Doing:
    """The block of `Activity.doing`; a class, for every command passes through one."""

    __slots__ = ("_activity", "_name")

    def __init__(self, activity: Activity, name: str) -> None:
        self._activity = activity
        self._name = name

    def __enter__(self) -> None:
        self._activity.begin(self._name)

    def __exit__(self, *_: object) -> None:
        self._activity.end(self._name)


class ClockSide(Protocol):
    """One party that lives by a moved clock. The clock goes on when no side is busy, and never past what is due."""

    def busy(self) -> list[str]:
        """What is under way, in words; empty at rest."""
        ...

    def next_due(self) -> Ms | None:
        """The earliest instant at which this side wants to act, or None."""
        ...

    def move_to(self, at: Ms) -> None:
        """Take `at` as the present. It also comes with the time unchanged: then a fresh report is wanted. A side that
        shares the moved clock itself has nothing to do."""
        ...


class RealClock:
    """The wall clock, and never back. Where the machine's clock steps back, this one goes on at half its speed until
    the wall has caught up: no duration is negative, what falls due does so, and an hour too much is gone after two.

    `wall_ms` is the machine's idea of the time, `ran_ms` a count of milliseconds that nobody sets."""

    def __init__(self, wall_ms: Callable[[], int] = _wall_ms, ran_ms: Callable[[], int] = _ran_ms) -> None:
        self._wall_ms = wall_ms
        self._ran_ms = ran_ms
        self._last = 0
        self._ahead: tuple[int, int] | None = None  # since when the wall is behind: what we said then, and `ran_ms`

    def begin_at(self, at: Ms) -> None:
        """Never say less than this: a log that is gone on with holds it already."""
        self._last = max(self._last, at)

    def now(self) -> Ms:
        wall = self._wall_ms()
        if wall >= self._last:
            self._ahead = None
        else:
            said, ran = self._ahead = self._ahead or (self._last, self._ran_ms())
            wall = max(wall, said + (self._ran_ms() - ran) // 2)
        self._last = wall
        return Ms(wall)

    async def sleep_until(self, at: Ms) -> None:
        while (left := at - self.now()) > 0:
            await asyncio.sleep(min(left / 1000, LOOK_S))


class ManualClock:
    """Time that stands still until `move_to`; sleepers wake in order of their time, then in order of arrival."""

    def __init__(self, start: Ms) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[Ms, int, asyncio.Future[None]]] = []

    def now(self) -> Ms:
        return self._now

    def next_due(self) -> Ms | None:
        """The earliest instant somebody sleeps until, or None."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def move_to(self, at: Ms) -> None:
        """Set the time (never back) and wake all whose time has come."""
        self._now = max(self._now, at)
        while (due := self.next_due()) is not None and due <= self._now:
            heapq.heappop(self._sleepers)[2].set_result(None)

    async def sleep_until(self, at: Ms) -> None:
        if at <= self._now:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (at, next(self._order), woken))
        await woken
