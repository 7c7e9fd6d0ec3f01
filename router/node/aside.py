"""What could not be taken however often it was tried: put aside where people see it, so that nothing waits behind it.

Its one rule: what is aside is not lost. A text or a call stands at its provider and is fetched from there again; a mail
stands here as it came. No word of anybody is in these records, only what it is and how taking it failed.
"""

import hashlib
from collections.abc import Iterable

import structlog

from router.core.clock import Clock, Ms
from router.core.values import replace, value
from router.journal import codec
from router.journal.base import Blob, Journal
from router.journal.held import ASIDE as RECORD

TRIES_MAX = 5
"""So often it is tried before it goes aside."""
KEPT_MAX = 10_000
"""More are not remembered: then it is no item that is wrong, and everything is tried each time."""
PREFIX = "bad_"

log = structlog.get_logger("onecase.aside")


@value
class Item:
    """`source`: the adapter whose provider has it; empty of a mail, and `raw` is the hash of its source. `error`: how
    the last try failed, as the kind of it."""

    id: str
    key: str
    channel: str
    source: str
    at: Ms
    tries: int
    error: str
    raw: str = ""

    @property
    def is_aside(self) -> bool:
        return self.tries >= TRIES_MAX


class StillFails(Exception):
    """What is aside was tried once more, and failed again; the text is the kind of failure."""


class Aside:
    def __init__(self, *, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._items: dict[str, Item] = {}

    async def load(self) -> None:
        """What failed before, for trying goes on from there."""
        for body in (await self._journal.records(RECORD)).values():
            item = codec.decode(body, Item)
            self._items[item.id] = item

    def items(self) -> list[Item]:
        """What is aside, in an order that stays."""
        return sorted((item for item in self._items.values() if item.is_aside), key=lambda item: item.id)

    def item(self, id: str) -> Item | None:
        """One that is aside."""
        found = self._items.get(id)
        return found if found is not None and found.is_aside else None

    def is_aside(self, key: str) -> bool:
        return self.item(id_of(key)) is not None

    async def failed(
        self, key: str, error: Exception, *, channel: str, source: str = "", at: Ms | None = None, raw: bytes = b""
    ) -> bool:
        """Count one more try that failed. True where it is aside now, and nobody need bring it again."""
        known = self._items.get(id_of(key))
        if known is None and len(self._items) >= KEPT_MAX:
            return False
        came_at = self._clock.now() if at is None else at
        item = known or Item(id=id_of(key), key=key, channel=channel, source=source, at=came_at, tries=0, error="")
        item = replace(item, tries=item.tries + 1, error=type(error).__name__)
        if raw and item.is_aside:
            item = replace(item, raw=hashlib.sha256(raw).hexdigest())
            await self._journal.put_blob(Blob(hash=item.raw, body=raw))
        log.error("cannot be taken", item=item.id, kind=item.error, tries=item.tries, aside=item.is_aside)
        self._items[item.id] = item
        await self._journal.put_record(RECORD, item.id, codec.encode(item).decode())
        return item.is_aside

    async def taken(self, keys: Iterable[str]) -> None:
        """These are taken after all."""
        for id in [id for key in keys if (id := id_of(key)) in self._items]:
            del self._items[id]
            await self._journal.put_record(RECORD, id, None)


def id_of(key: str) -> str:
    """Under which people know an item: its key may hold what a provider says."""
    return PREFIX + hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
