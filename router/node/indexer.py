"""The indexer: makes words found, a consumer of the log with a durable cursor that stands with what it has written.

Its one rule: it is in nobody's way. It takes small chunks between the commits of others, and what it reads again after
a start goes on beside the service.
"""

import asyncio
from collections import deque
from itertools import islice

import structlog

from channels.clock import Activity
from router.journal.base import Journal, Stored

CHUNK = 512
"""Fresh batches given to the journal at once: as many as a commit takes, so that it keeps up with any load."""
READ = 128
"""Batches read from the log at once, when it is behind."""
BUSY_PER_S = 300
"""Events that others write in a second from which the journal is busy: then the index goes on later."""
PAUSE, PAUSE_S_MAX = 12, 1.0
"""How long it then leaves the writer alone, times what its chunk took, and at most."""
REMEMBERED_MAX = 4096
TOLD_FROM = 20_000
"""Events behind from which it is told how far the index has come."""
TOLD_EVERY = 10
"""Per cent of the way."""

log = structlog.get_logger("onecase.search")


class Indexer:
    def __init__(self, *, journal: Journal, activity: Activity) -> None:
        self._journal = journal
        self._activity = activity
        self._fresh: deque[Stored] = deque()
        self._news = asyncio.Event()

    @property
    def lag(self) -> int:
        """Events whose words are not found yet."""
        return self._journal.last_seq - self._journal.indexed_to

    def hear(self, batches: list[Stored]) -> None:
        """New batches, in order; called as soon as they are durable."""
        if len(self._fresh) < REMEMBERED_MAX:
            self._fresh.extend(batches)
        self._news.set()

    async def run(self) -> None:
        """Index for ever."""
        while True:
            if self.lag <= 0:
                self._news.clear()
                if self.lag <= 0:
                    await self._news.wait()
            with self._activity.doing("search"):
                await self._catch_up()

    async def _catch_up(self) -> None:
        first, behind, told = self._journal.indexed_to, self.lag, 0
        while self.lag > 0:
            clock = asyncio.get_running_loop().time
            began, before = clock(), self._journal.last_seq
            await self._journal.index(await self._next())
            took = clock() - began
            if self._journal.last_seq - before > BUSY_PER_S * took:
                await asyncio.sleep(min(PAUSE_S_MAX, PAUSE * took))
            done = (self._journal.indexed_to - first) * 100 // behind
            if behind >= TOLD_FROM and done >= told + TOLD_EVERY and told < 100:
                told = min(100, done - done % TOLD_EVERY)
                log.info("the search index is being made", percent=told, events_left=self.lag)

    async def _next(self) -> list[Stored]:
        position = self._journal.indexed_to
        while self._fresh and self._fresh[0].last <= position:
            self._fresh.popleft()
        if self._fresh and self._fresh[0].first == position + 1:
            return list(islice(self._fresh, CHUNK))
        self._fresh.clear()
        return await self._journal.batches(after=position, limit=READ)
