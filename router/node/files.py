"""Files that came along with a contact: those that are not at the provider are noted on the case, before anybody asks.

Its one rule: it looks once, after the contact is durable and beside everything else, and only a file of which the
provider says that it is gone is noted. What a crash kept it from looking at it looks at after the next start. It keeps
nothing of what it sees; whoever opens a file asks for it anew.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from channels.base import Channel
from channels.clock import Activity
from channels.wire import WireFailure
from router.core.commands import SYSTEM, NoteMissing
from router.core.errors import Rejected
from router.core.events import ContactReceived
from router.core.files import StoredFile
from router.core.words import VaultId
from router.journal.base import Journal, JournalStopped, Stored
from router.node.dialler import Take
from router.node.tasks import Tasks

AT_ONCE = 4
TRIES = 2
GONE = (404, 410)
"""What a provider answers for a file that it does not have any more."""
CURSOR = ("cursor", "files")
"""The record that says up to where in the log every contact's files were looked at."""
BACK_MAX = 10_000
"""So many events are read again at a start, at most: older files are asked for by whoever opens them."""
READ = 128
"""Batches read from the log at once."""


class Files:
    def __init__(self, *, journal: Journal, take: Take, channels: Sequence[Channel], activity: Activity) -> None:
        self._journal = journal
        self._take = take
        self._channels = channels
        self._activity = activity
        self.tasks = Tasks()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._open = {0: 1}  # by place in the log: how many contacts of a batch are looked at; 0: it has not begun
        self._heard_to = 0
        self._told_to = 0

    async def begin(self) -> None:
        """Go on where a crash ended it, beside everything else."""
        self._told_to = int(await self._journal.record(*CURSOR) or 0)
        self._heard_to = max(self._heard_to, self._told_to)
        upper = self._journal.last_seq
        del self._open[0]
        if upper > self._told_to:
            self._open[self._told_to] = 1  # until all is read, the next start begins here again
            self.tasks.start(self._take_up(self._told_to, upper), "files left over")

    def hear(self, batches: list[Stored]) -> None:
        for stored in batches:
            for event in stored.events:
                if isinstance(event, ContactReceived) and event.media:
                    self._heard_to = max(self._heard_to, stored.last)
                    self._open[stored.last] = self._open.get(stored.last, 0) + 1
                    self.tasks.start(self._look(event, stored.last), f"files of {event.contact}")

    async def _take_up(self, lower: int, upper: int) -> None:
        with self._activity.doing("files"):
            after = max(lower, upper - BACK_MAX)
            while after < upper and (read := await self._journal.batches(after=after, limit=READ)):
                self.hear([stored for stored in read if stored.last <= upper and stored.last not in self._open])
                after = read[-1].last
            await self._done(lower)

    async def close(self) -> None:
        await self.tasks.close()

    async def _look(self, event: ContactReceived, seq: int) -> None:
        with self._activity.doing("files"):
            async with self._slots:
                words = await self._journal.words([str(id) for id in event.media])
                for id in event.media:
                    body = words.get(id, "")
                    if body and StoredFile.of(body) is None and await self._is_gone(body.partition(" ")[2]):
                        await self._note(event, id)
            await self._done(seq)

    async def _done(self, seq: int) -> None:
        """One less to look at; where that moves the cursor it is kept."""
        self._open[seq] -= 1
        if not self._open[seq]:
            del self._open[seq]
        reached = min(self._open) - 1 if self._open else self._heard_to
        if reached > self._told_to:
            self._told_to = reached
            with suppress(JournalStopped):
                await self._journal.put_record(*CURSOR, str(reached))

    async def _is_gone(self, url: str) -> bool:
        """Does the provider say so, each time it is asked? An address that is nobody's is not asked for."""
        for channel in self._channels:
            for asked in range(1, TRIES + 1):
                try:
                    answer = await channel.fetch_media(url)
                except (ConnectionError, WireFailure):
                    return False
                if answer is None:
                    break
                if answer.status not in GONE:
                    return False
                if asked == TRIES:
                    return True
        return False

    async def _note(self, event: ContactReceived, id: VaultId) -> None:
        with suppress(Rejected, JournalStopped):
            await self._take(NoteMissing(key=f"missing/{id}", case=event.case, file=id, actor=SYSTEM))
