"""The learner: a consumer that folds what days are like (`core.learned`), from a durable cursor.

It costs a contact one look at a set. What it has learned is kept as a small record, written at the end of an hour and
at an orderly stop; what came after that is folded again from the log.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo

from router.core.clock import Clock, Ms
from router.core.documents import Agent
from router.core.events import AgentStateChanged
from router.core.learned import LEARNED, Learned, know_agent, learn, pass_time
from router.core.values import value
from router.core.words import HOUR_MS
from router.journal import codec
from router.journal.base import Journal, Stored

RECORD = ("learned", "days")
CHUNK = 256
READ_BACK = 200_000
"""So many events are read again at most when there is no record."""
SAVE_EVERY = 20_000
"""Events after which it is written though no hour has ended."""


@value
class Kept:
    position: int
    learned: Learned


class Learner:
    """`on_change`: called when something else is expected from now on: with True when an hour has ended, with False
    when somebody came or went."""

    def __init__(self, *, journal: Journal, clock: Clock, zone: Callable[[], tzinfo]) -> None:
        self._journal = journal
        self._clock = clock
        self._zone = zone
        self._position = self._saved = 0
        self._due = asyncio.Event()
        self.learned = Learned()
        self.on_change: Callable[[bool], None] = lambda _: None

    async def load(self, agents: Iterable[Agent]) -> None:
        """Go on where it stopped. `agents`: who is known, and how they are there now."""
        body = await self._journal.record(*RECORD)
        if body is not None:
            kept = codec.decode(body, Kept)
            self._position, self.learned = kept.position, kept.learned
        else:
            self._position = max(0, self._journal.last_seq - READ_BACK)
        self._saved = self._position
        while batches := await self._journal.batches(after=self._position, limit=CHUNK):
            self.hear(batches)
        for agent in agents:
            know_agent(self.learned, agent.id, agent.skills, agent.state)
        if self._position - self._saved < SAVE_EVERY:
            self._due.clear()

    def hear(self, batches: list[Stored]) -> None:
        """New batches, in order; none where a whole group was refused."""
        hours, has_moved = self.learned.hours, False
        for stored in batches:
            for event in stored.events:
                if type(event) in LEARNED:
                    learn(self.learned, event, self.hour_of)
                    has_moved = has_moved or isinstance(event, AgentStateChanged)
            self._position = stored.last
        if self.learned.hours != hours:
            self._due.set()
        if self.learned.hours != hours or has_moved:
            self.on_change(self.learned.hours != hours)
        if self._position - self._saved >= SAVE_EVERY:
            self._due.set()

    def look(self) -> Learned:
        """What is known by now."""
        if pass_time(self.learned, self._clock.now(), self.hour_of):
            self._due.set()
            self.on_change(True)
        return self.learned

    def hour_of(self, hour: int) -> int:
        """The hour of the week of an hour since 1970, on the clock of where the work is done."""
        at = datetime.fromtimestamp(hour * HOUR_MS // 1000, UTC).astimezone(self._zone())
        return at.weekday() * 24 + at.hour

    def hour_at(self, at: Ms) -> int:
        return self.hour_of(at // HOUR_MS)

    async def run(self) -> None:
        """Write what was learned, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            await self.save()

    async def save(self) -> None:
        self._saved = self._position
        kept = Kept(position=self._position, learned=self.learned)
        await self._journal.put_record(*RECORD, codec.encode(kept).decode())
