"""What could not be taken however often it was tried: put aside where people see it, so that nothing waits behind it.

Its one rule: what is aside is not lost. A text or a call stands at its provider and is fetched from there again; a mail
stands here as it came, in its envelope, until it is let out, its time in the quarantine is over, or whoever wrote it is
erased. Of texts and calls no word of anybody is in these records, only what it is and how taking it failed.
"""

import hashlib
from collections.abc import Iterable

import structlog

from channels.email.enveloping import SENT_BY, addresses, enveloped, header_of, values
from channels.email.post import Envelope
from router.core.addresses import matching_key
from router.core.clock import Clock, Ms
from router.core.events import CustomerErased, ParticipantErased
from router.core.values import replace, value
from router.journal import codec
from router.journal.base import Blob, Journal, Stored
from router.journal.held import ASIDE

TRIES_MAX = 5
"""So often it is tried before it goes aside."""
KEPT_MAX = 10_000
"""More are not remembered: then it is no item that is wrong, and everything is tried each time."""
PREFIX = "bad_"

log = structlog.get_logger("onecase.aside")


@value
class Item:
    """`source`: the adapter whose provider has it; empty of a mail. `error`: how the last try failed, as the kind of
    it. Of a mail that is aside, `raw` is the hash of its source, the rest its envelope, and `whose` the keys of those
    whom it says it is from. `owner`: they are erased, and it is going with them."""

    id: str
    key: str
    channel: str
    source: str
    at: Ms
    tries: int
    error: str
    raw: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()  # none: it was put aside by a version that did not keep its envelope
    sender_known: bool = True
    since: Ms = Ms(0)  # when it went aside
    whose: tuple[str, ...] = ()
    owner: str = ""

    @property
    def is_aside(self) -> bool:
        return self.tries >= TRIES_MAX

    def envelope(self, raw: bytes, *, otherwise_to: str) -> Envelope:
        """The mail as it came, at the time when it came."""
        if not self.recipients:
            by_header = enveloped(raw, otherwise_to=otherwise_to)
            return Envelope(by_header.sender, by_header.recipients, raw, self.at, by_header.sender_known)
        return Envelope(self.sender, self.recipients, raw, self.at, self.sender_known)


class StillFails(Exception):
    """What is aside was tried once more, and failed again; the text is the kind of failure."""


class NotThere(Exception):
    """Whoever had what is aside does not have it any more."""


class Aside:
    def __init__(self, *, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._items: dict[str, Item] = {}
        self._is_stale = False

    async def load(self) -> None:
        """What failed before, for trying goes on from there."""
        self._items = await self._kept()

    def hear(self, batches: list[Stored]) -> None:
        """What is somebody's goes with them, in the commit that erases them."""
        gone = CustomerErased | ParticipantErased
        self._is_stale |= any(isinstance(event, gone) for stored in batches for event in stored.events)

    async def items(self) -> list[Item]:
        """What is aside, in an order that stays."""
        await self._freshen()
        return sorted((item for item in self._items.values() if item.is_aside), key=lambda item: item.id)

    async def item(self, id: str) -> Item | None:
        """One that is aside."""
        await self._freshen()
        found = self._items.get(id)
        return found if found is not None and found.is_aside else None

    def is_aside(self, key: str) -> bool:
        found = self._items.get(id_of(key))
        return found is not None and found.is_aside

    async def failed(self, key: str, error: Exception, *, channel: str, source: str = "", at: Ms | None = None) -> bool:
        """Count one more try that failed. True where it is aside now, and nobody need bring it again."""
        item = await self._again(key, error, channel=channel, source=source, at=at)
        return item is not None and await self._keep(item)

    async def mail_failed(self, key: str, error: Exception, *, channel: str, mail: Envelope) -> bool:
        """The same of a mail: where it is aside, this is the only place where it is."""
        item = await self._again(key, error, channel=channel, source="", at=mail.received_at)
        if item is None:
            return False
        if item.is_aside:
            item = replace(
                item,
                since=item.since or self._clock.now(),
                raw=hashlib.sha256(mail.raw).hexdigest(),
                sender=_plain(mail.sender),
                recipients=tuple(map(_plain, mail.recipients)),
                sender_known=mail.sender_known,
                whose=_whose(mail),
            )
            await self._journal.put_blob(Blob(hash=item.raw, body=mail.raw))
        return await self._keep(item)

    async def taken(self, keys: Iterable[str]) -> None:
        """These are taken after all."""
        await self._drop([id for key in keys if (id := id_of(key)) in self._items])

    async def forget(self, items: Iterable[Item]) -> None:
        """Their time in the quarantine is over."""
        await self._drop([item.id for item in items if item.id in self._items])

    async def _again(self, key: str, error: Exception, *, channel: str, source: str, at: Ms | None) -> Item | None:
        """What failed, with one try more. None: there are too many."""
        await self._freshen()
        known = self._items.get(id_of(key))
        if known is None and len(self._items) >= KEPT_MAX:
            return None
        came_at = self._clock.now() if at is None else at
        item = known or Item(id=id_of(key), key=key, channel=channel, source=source, at=came_at, tries=0, error="")
        return replace(item, tries=item.tries + 1, error=type(error).__name__)

    async def _keep(self, item: Item) -> bool:
        log.error("cannot be taken", item=item.id, kind=item.error, tries=item.tries, aside=item.is_aside)
        await self._journal.put_record(ASIDE, item.id, codec.encode(item).decode())
        self._items[item.id] = item
        return item.is_aside

    async def _drop(self, ids: list[str]) -> None:
        for id in ids:
            del self._items[id]
            await self._journal.put_record(ASIDE, id, None)

    async def _kept(self) -> dict[str, Item]:
        """All but what goes with those who are erased."""
        read = [codec.decode(body, Item) for body in (await self._journal.records(ASIDE)).values()]
        return {item.id: item for item in read if not item.owner}

    async def _freshen(self) -> None:
        if self._is_stale:
            self._is_stale, known = False, list(self._items)
            kept = await self._kept()
            for id in known:
                if id not in kept:
                    self._items.pop(id, None)


def id_of(key: str) -> str:
    """Under which people know an item: its key may hold what a provider says."""
    return PREFIX + hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _whose(mail: Envelope) -> tuple[str, ...]:
    """The keys of those whom a mail says it is from; of whoever sent it, where it names nobody."""
    named = addresses(values(header_of(mail.raw), SENT_BY[0])) or [one for one in (mail.sender,) if one]
    return tuple(dict.fromkeys(map(matching_key, map(_plain, named))))


def _plain(address: str) -> str:
    """An address as a record can hold it, whatever bytes it came in."""
    return address.encode("utf-8", "replace").decode()
