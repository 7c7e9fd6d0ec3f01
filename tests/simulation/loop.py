"""An asyncio loop whose time is virtual, and a wall clock on top of it.

Its one rule: time moves only while nobody has anything to do, and then straight to the next timer. A loop without a
timer and without anything to do can never go on: that is a deadlock, and it is raised.
"""

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

from channels.clock import RealClock
from router.core.clock import Ms

START = Ms(1_795_000_000_000)
"""The instant at which most worlds begin: 2026-11-18T11:06:40Z."""
NS = 1_000_000_000
STILL_MAX = 100_000
"""Rounds of the loop in one instant: more is a busy loop."""


class Deadlock(Exception):
    """Nothing is scheduled and the main task is not done."""


class _Jump:
    """Stands where a loop keeps its selector: instead of waiting for sockets it moves time on."""

    def __init__(self) -> None:
        self.time_ns = 0
        self.rounds = 0
        self.still = 0  # rounds since time moved

    def select(self, timeout: float | None) -> list[Any]:
        self.rounds += 1
        self.still += 1
        if timeout is None:
            raise Deadlock("nothing is scheduled and the world is not over")
        if self.still > STILL_MAX:
            raise Deadlock(f"{STILL_MAX} rounds of the loop and no time has passed: something spins")
        if timeout > 0:
            self.time_ns += max(1, round(timeout * NS))
            self.still = 0
        return []


class Owner:
    """Whoever tasks belong to: a process of the simulated world, with every task that it or its tasks began."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tasks: dict[asyncio.Task[Any], None] = {}  # a set in order
        self.on_error: Callable[[BaseException], None] = lambda _: None
        self.context = contextvars.Context()
        self.context.run(OWNER.set, self)

    def start(self, work: Coroutine[Any, Any, Any], name: str = "") -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(work, name=name or None, context=self.context.copy())

    def run(self, call: Callable[[], Any]) -> Any:
        """Call something as this owner, so that tasks begun by it are this owner's."""
        return self.context.copy().run(call)

    def ended(self, task: asyncio.Task[Any]) -> None:
        self.tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.on_error(error)

    def kill(self) -> None:
        """End all tasks. They see it only at their next step, which is why disk and network are cut first."""
        for task in list(self.tasks):
            task.cancel()


OWNER: contextvars.ContextVar[Owner | None] = contextvars.ContextVar("owner", default=None)


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop without sockets. `time()` is what the world's processes take for monotonic time."""

    def __init__(self) -> None:
        super().__init__()
        self.jump = _Jump()
        self._selector = self.jump
        self.set_task_factory(_make_task)  # pyright: ignore[reportArgumentType]

    def time(self) -> float:
        return self.jump.time_ns / NS

    @property
    def rounds(self) -> int:
        """How often the loop went round: the measure of work done."""
        return self.jump.rounds

    def stall(self, seconds: float) -> None:
        """The process does not get to run for a while, though time goes on: a blocked loop, memory pressure."""
        self.jump.time_ns += round(seconds * NS)

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        raise RuntimeError("a thread called into the simulated loop: nothing in the world may use threads")


def _make_task(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], context: contextvars.Context | None = None
) -> asyncio.Task[Any]:
    owner = context.get(OWNER) if context is not None else OWNER.get()
    task = asyncio.Task(work, loop=loop, context=context)
    if owner is not None:
        owner.tasks[task] = None
        task.add_done_callback(owner.ended)
    return task


class VirtualClock(RealClock):
    """The wall clock of one machine, as somebody sees it who was there all the time. `skew_ms`: how far it is off; `jump`
    moves it, forward as after a suspended host, back as when it is set right, either way as when it is set wrong."""

    def __init__(self, loop: VirtualLoop, skew_ms: int = 0, *, start: Ms = START) -> None:
        self._loop = loop
        self._wall_at_0 = start + skew_ms
        super().__init__(self._wall, self._ran)

    def jump(self, ms: int) -> None:
        self._wall_at_0 += ms

    def of_process(self) -> RealClock:
        """The clock of a process that begins now: it knows nothing but what the wall says."""
        return RealClock(self._wall, self._ran)

    def _wall(self) -> int:
        return self._wall_at_0 + self._ran()

    def _ran(self) -> int:
        return self._loop.jump.time_ns // 1_000_000


def run_virtual(main: Callable[[VirtualLoop], Coroutine[Any, Any, Any]]) -> Any:
    """Run `main(loop)` to its end on a new loop, and end whatever it leaves behind."""
    loop = VirtualLoop()
    loop.set_exception_handler(lambda _loop, _context: None)
    owner = Owner("world")
    try:
        task = loop.create_task(main(loop), context=owner.context)
        return loop.run_until_complete(task)
    finally:
        _end_all(loop)
        loop.close()


def _end_all(loop: VirtualLoop) -> None:
    loop.jump.still = 0
    left = [task for task in asyncio.all_tasks(loop) if not task.done()]
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(_gone(left))
    loop.run_until_complete(loop.shutdown_asyncgens())


async def _gone(tasks: list[asyncio.Task[Any]]) -> None:
    await asyncio.wait(tasks, timeout=60)
