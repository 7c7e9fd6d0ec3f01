"""What every part of the sandbox stands on: time, chance, what is under way, traffic, faults and background work.

Its one rule: nothing in the sandbox takes time, chance or a task from anywhere else, so a run repeats bit for bit.
"""

import asyncio
import random
import uuid
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from channels.clock import Activity
from channels.sandbox.account import Account
from channels.sandbox.faults import Faults
from channels.sandbox.traffic import Traffic, Trouble
from router.core.clock import Clock, Ms

T = TypeVar("T")


@dataclass(slots=True)
class Ground:
    """`own_url` is where the service reaches the sandbox, `smtp_port` where it brings mail, if anywhere; `held` counts
    REST calls that a delay holds back."""

    clock: Clock
    chance: random.Random
    activity: Activity
    account: Account
    own_url: str = ""
    smtp_port: int | None = None
    faults: Faults = field(default_factory=Faults)
    traffic: Traffic = field(default_factory=Traffic)
    held: int = 0
    _tasks: dict[asyncio.Task[Any], None] = field(default_factory=dict[asyncio.Task[Any], None])  # a set in order

    def now(self) -> Ms:
        return self.clock.now()

    async def sleep_ms(self, duration_ms: int) -> None:
        if duration_ms > 0:
            await self.clock.sleep_until(Ms(self.clock.now() + duration_ms))

    @contextmanager
    def holding(self) -> Generator[None, None, None]:
        """While the block runs, somebody's REST call waits here for a later time."""
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    def sid(self, prefix: str) -> str:
        return f"{prefix}{self.chance.getrandbits(128):032x}"

    def token(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def strikes(self, share: float) -> bool:
        """Does a fault of this share hit now?"""
        return share >= 1 or (share > 0 and self.chance.random() < share)

    def trouble(self, code: int, text: str, *, about: str) -> None:
        self.traffic.trouble(Trouble(self.now(), code, text, about))

    def start(self, work: Coroutine[Any, Any, T], *, name: str) -> "asyncio.Task[T]":
        """Run `work` in the background, until it ends or `close` cancels it. The task may be awaited or cancelled."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Cancel what runs in the background and wait until it is gone, with what its end began: a call that is cut
        off would tell so, over a connection that is gone in a moment."""
        while tasks := tuple(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._tasks[task]
        if not task.cancelled() and (problem := task.exception()) is not None:
            context = {"message": f"a bug in the sandbox: {task.get_name()}", "exception": problem, "task": task}
            task.get_loop().call_exception_handler(context)
