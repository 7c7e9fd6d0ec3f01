"""The live stream: every event as a frame, in order, from any point of the log on, without a gap and without a repeat.

Frames rise by `seq`; after each batch comes a mark, and resuming from a mark continues exactly there. Words are read
from the vault when a frame is made. A reader too slow to follow is cut; the service never waits for it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from router.core.events import (
    AccessRefused,
    AgentAdded,
    AgentStateAsked,
    AgentStateChanged,
    CommandTaken,
    Event,
    OfferEnded,
    PolicyActivated,
    ScreenLost,
    ScreenOpened,
    TokenNoted,
    WorkOffered,
)
from router.http.auth import LEADS, Identity, Role
from router.http.views import stamp
from router.journal import codec
from router.journal.base import Journal, Stored

REMEMBERED = 1000
"""Batches kept at hand for readers who are nearly up to date; older ones are read from the journal."""
READ_AT_ONCE = 200
WHISPERS = 256
PLACES = ("place_at", "since_at")
WORDS_FIELDS = ("words", "note", "why_words", "said")


class Live:
    """Wakes the readers when something was committed."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._recent: deque[Stored] = deque(maxlen=REMEMBERED)
        self._news: asyncio.Future[None] | None = None
        self._whispers: deque[tuple[int, bytes]] = deque(maxlen=WHISPERS)
        self._whispered = 0
        self.readers = 0

    def hear(self, batches: list[Stored]) -> None:
        if not self.readers:
            self._recent.clear()
            return
        self._recent.extend(batches)
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    def whisper(self, kind: str, data: dict[str, Any]) -> None:
        """Tell those who are there now; nothing of it is kept, and it has no number."""
        if not self.readers:
            return
        self._whispered += 1
        self._whispers.append((self._whispered, codec.encode({"kind": kind, "data": data})))
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def frames(self, since: int, who: Identity) -> AsyncIterator[bytes]:
        """Frames after number `since` for ever. A `since` in the middle of a batch begins with the batch's rest."""
        self.readers += 1
        position, heard = since, self._whispered
        try:
            while True:
                for n, frame in [one for one in self._whispers if one[0] > heard]:
                    heard = n
                    yield frame
                batches = await self._after(position)
                words = await self._words(batches, position, who)
                for stored in batches:
                    for frame in _rendered(stored, position, who, words):
                        yield frame
                    position = stored.last
                if not batches:
                    await self._wait(position, heard)
        finally:
            self.readers -= 1

    async def _after(self, position: int) -> list[Stored]:
        recent: list[Stored] = []
        for stored in reversed(self._recent):  # a reader who is up to date looks at the last ones only
            if stored.last <= position:
                break
            recent.append(stored)
        if recent and recent[-1].first <= position + 1:
            return recent[::-1]
        if position >= self._journal.last_seq:
            return []
        return await self._journal.batches(after=position, limit=READ_AT_ONCE)

    async def _wait(self, position: int, heard: int) -> None:
        if self._news is None or self._news.done():
            self._news = asyncio.get_running_loop().create_future()
        if position >= self._journal.last_seq and heard >= self._whispered:
            await asyncio.wait([self._news])

    async def _words(self, batches: list[Stored], position: int, who: Identity) -> dict[str, str]:
        """The words of all that is told next, in one read: whoever lags behind catches up the faster for it."""
        shown = (event for stored in batches for _, event in _shown(stored, position, who))
        ids = {str(value) for event in shown for name in WORDS_FIELDS if (value := getattr(event, name, None))}
        return await self._journal.words(sorted(ids)) if ids else {}


def _shown(stored: Stored, position: int, who: Identity) -> list[tuple[int, Event]]:
    numbered = enumerate(stored.events, start=stored.first)
    return [(seq, event) for seq, event in numbered if seq > position and may_see(event, who)]


def _rendered(stored: Stored, position: int, who: Identity, words: dict[str, str]) -> list[bytes]:
    frames = [
        codec.encode({"seq": seq, "at": stamp(stored.at), "kind": type(event).__name__, "data": data_of(event, words)})
        for seq, event in _shown(stored, position, who)
    ]
    return [*frames, codec.encode({"kind": "mark", "seq": stored.last})]


def may_see(event: Event, who: Identity) -> bool:
    """Agents see cases and what concerns themselves; leads, ops and programs see everything but commands' inside."""
    if isinstance(event, CommandTaken | TokenNoted):
        return False
    if who.role in LEADS or who.role is Role.INTEGRATION:
        return True
    match event:
        case WorkOffered() | OfferEnded():
            return event.agent == who.agent
        case AgentStateChanged() | AgentStateAsked() | AgentAdded() | ScreenOpened() | ScreenLost():
            return event.agent == who.agent
        case AccessRefused() | PolicyActivated():
            return False
        case _:
            return True


def data_of(event: Event, words: dict[str, str]) -> dict[str, Any]:
    """An event's fields as the outside sees them: instants as RFC 3339, words in place of their vault ids."""
    data: dict[str, Any] = {}
    is_secret = getattr(event, "is_secret", False)
    for name, value in codec.plain(event).items():
        if name in WORDS_FIELDS and is_secret:
            data["text" if name == "words" else name] = None
        elif name in WORDS_FIELDS:
            data["text" if name == "words" else name] = words.get(str(value)) if value else None
        elif (name == "at" or name.endswith("_at")) and isinstance(value, int):
            data[name] = stamp(value)
        elif isinstance(value, dict) and "place_at" in value:
            data[name] = {**value, **{k: stamp(at) for k in PLACES if isinstance(at := value.get(k), int)}}
        else:
            data[name] = value
    return data
