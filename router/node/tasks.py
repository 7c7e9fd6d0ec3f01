"""Work that somebody has under way: known, waited for at the end, and never failing in silence."""

import asyncio
from collections.abc import Awaitable

CLOSE_S = 5


class Tasks:
    """Tasks of one owner; `failure` is the first error that ended one of them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self.failure: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Awaitable[None], name: str) -> "asyncio.Future[None]":
        task = asyncio.ensure_future(work)
        task.set_name(name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Let what is under way finish for a moment, and end the rest."""
        if self._running:
            _, left = await asyncio.wait(self._running, timeout=CLOSE_S)
            for task in left:
                task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not self.failure.done():
            self.failure.set_result(error)
