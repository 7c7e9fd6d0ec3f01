"""Files that came along with a contact: those that are not at the provider are noted on the case, before anybody asks.

Its one rule: it looks once, after the contact is durable and beside everything else, and only a file of which the
provider says that it is gone is noted. It keeps nothing of what it sees; whoever opens a file asks for it anew.
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


class Files:
    def __init__(self, *, journal: Journal, take: Take, channels: Sequence[Channel], activity: Activity) -> None:
        self._journal = journal
        self._take = take
        self._channels = channels
        self._activity = activity
        self.tasks = Tasks()
        self._slots = asyncio.Semaphore(AT_ONCE)

    def hear(self, batches: list[Stored]) -> None:
        for stored in batches:
            for event in stored.events:
                if isinstance(event, ContactReceived) and event.media:
                    self.tasks.start(self._look(event), f"files of {event.contact}")

    async def close(self) -> None:
        await self.tasks.close()

    async def _look(self, event: ContactReceived) -> None:
        with self._activity.doing("files"):
            async with self._slots:
                words = await self._journal.words([str(id) for id in event.media])
                for id in event.media:
                    body = words.get(id, "")
                    if body and StoredFile.of(body) is None and await self._is_gone(body.partition(" ")[2]):
                        await self._note(event, id)

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
