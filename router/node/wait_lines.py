"""The lines that people wait in for somebody live, one for each queue and kind, with who is there for them.

Its one rule: a line is walked at most once a second, whoever asks, so all who ask are told the same. It hears nothing:
who comes and goes is told to it by `node.waits`. What a line has learned outlives a restart as a small record; who
stands in it is rebuilt.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from router.core.clock import Clock, Ms
from router.core.documents import Ask, Requirement
from router.core.relax import relaxed
from router.core.values import value
from router.core.waits.line import Cover, Line, LineState
from router.core.waits.said import NO_WAIT, NOBODY, TOO_LITTLE, Said, said
from router.core.words import HOUR_MS, SECOND_MS, AgentState, CaseId, Channel
from router.journal import codec
from router.journal.base import Journal
from router.node.domain import DomainScope

LINES_MAX = 1000
LOOK_EVERY_MS = SECOND_MS
AHEAD_MS = 4 * HOUR_MS
"""So far ahead the roster is asked who comes and goes."""
THERE = (AgentState.READY, AgentState.BUSY)
RECORDS = "waits"
SAVE_EVERY = 25
"""Lessons and waits judged after which what a line has learned is written."""

Levels = list[tuple[float, float]]
Roster = Callable[[str, Ms, Ms], Levels]
"""Who is to be there for a queue between two instants: (seconds hence, agents), each until the next; empty where nobody
said so."""


def no_roster(queue: str, start: Ms, end: Ms) -> Levels:
    return []


@value
class Kept:
    """What a line has learned, as it is written."""

    queue: str
    kind: str
    line: LineState


@dataclass(slots=True, eq=False)
class Followed:
    """A line with what it asks of agents, by whoever came last. `looked_at`: as of when it says what it says; `saved`:
    how much it had seen when that was written."""

    queue: str
    kind: str
    ask: Ask | None = None
    line: Line = field(default_factory=Line)
    looked_at: Ms | None = None
    free: float = 0.0
    is_staffed: bool = False
    saved: int = 0

    @property
    def seen(self) -> int:
        return self.line.people.lessons + self.line.ranges.count


class Lines:
    def __init__(self, *, domain: DomainScope, clock: Clock, journal: Journal, roster: Roster = no_roster) -> None:
        self._domain = domain
        self._clock = clock
        self._journal = journal
        self._roster = roster
        self._lines: dict[tuple[str, str], Followed] = {}

    async def load(self) -> None:
        """Go on with what lines had learned."""
        for body in (await self._journal.records(RECORDS)).values():
            kept = codec.decode(body, Kept)
            followed = self._lines[kept.queue, kept.kind] = Followed(kept.queue, kept.kind, line=Line(kept.line))
            followed.saved = followed.seen

    async def save(self) -> None:
        """Write what was learned since it was written last."""
        for followed in list(self._lines.values()):
            if followed.seen > followed.saved:
                followed.saved = followed.seen
                kept = Kept(queue=followed.queue, kind=followed.kind, line=followed.line.state())
                name = f"{followed.queue}/{followed.kind}"
                await self._journal.put_record(RECORDS, name, codec.encode(kept).decode())

    @property
    def is_to_save(self) -> bool:
        return any(followed.seen - followed.saved >= SAVE_EVERY for followed in self._lines.values())

    def of(self, ask: Ask) -> Followed:
        """The line that an ask stands in."""
        key = (ask.queue, ask.requirement.kind)
        found = self._lines.get(key)
        if found is None:
            if len(self._lines) >= LINES_MAX:
                del self._lines[next(iter(self._lines))]
            found = self._lines[key] = Followed(*key)
        return found

    # --- what is said -------------------------------------------------------------------------------------------------

    def at_place(self, queue: str, kind: str, case: CaseId, place_s: float) -> Said:
        """What is said to somebody who stands there from now on with a place, or does already."""
        followed = self._lines.get((queue, kind))
        if followed is None:
            return Said(None, None, TOO_LITTLE)
        self.look(followed)
        if not followed.is_staffed:
            return Said(None, None, NOBODY)
        found = followed.line.range_for(case, place_s) if followed.line.is_known else None
        return said(found) if found is not None else Said(None, None, TOO_LITTLE)

    def newcomer(self, queue: str, kind: str) -> Said:
        """What is said to somebody who would come to a queue now."""
        followed = self._lines.get((queue, kind))
        if followed is None:
            return Said(None, None, TOO_LITTLE)
        self.look(followed)
        if not followed.is_staffed:
            return Said(None, None, NOBODY)
        if followed.free >= 1 and not len(followed.line):
            return Said(0, 60, NO_WAIT)
        found = followed.line.newcomer()
        return said(found) if found is not None and followed.line.is_known else Said(None, None, TOO_LITTLE)

    def said(self, followed: Followed, case: CaseId) -> Said | None:
        """What is said to somebody who waits there; None where they do not."""
        if case not in followed.line:
            return None
        self.look(followed)
        if not followed.is_staffed:
            return Said(None, None, NOBODY)
        found = followed.line.range_of(case) if followed.line.is_known else None
        return said(found) if found is not None else Said(None, None, TOO_LITTLE)

    def told(self) -> Iterable[tuple[CaseId, str, Said]]:
        """Of everybody in the lines of which enough was seen: the case, its queue, and what is said."""
        for followed in list(self._lines.values()):
            if followed.line.is_known:
                for case in map(CaseId, followed.line.ids()):
                    if (found := self.said(followed, case)) is not None:
                        yield case, followed.queue, found

    @property
    def is_anybody_told(self) -> bool:
        """Whether somebody waits in a line of which enough was seen to say a range."""
        return any(len(followed.line) and followed.line.is_known for followed in self._lines.values())

    def covers(self) -> Iterable[tuple[str, str, Cover]]:
        """Queue, kind, and how many of the ranges that were told there held."""
        for (queue, kind), followed in sorted(self._lines.items()):
            if followed.line.cover.judged:
                yield queue, kind, followed.line.cover

    # --- who is there -------------------------------------------------------------------------------------------------

    def look(self, followed: Followed) -> None:
        """Walk a line, unless it was walked a moment ago."""
        now = self._clock.now()
        if followed.looked_at is not None and now - followed.looked_at < LOOK_EVERY_MS:
            return
        followed.looked_at = now
        matcher, kind, ask = self._domain.matcher, followed.kind, followed.ask
        wanted = Requirement(channel=Channel(kind)) if ask is None else ask.requirement
        if ask is not None:
            wanted = relaxed(ask, ask.place_at, is_held=matcher.is_held).requirement
        able = [agent for agent in self._domain.agents.values() if matcher.meets(agent.id, wanted)]
        there = [agent for agent in able if agent.state in THERE]
        present = float(sum(agent.room_for(kind) for agent in there))
        busy = sum(matcher.filled(agent.id, kind) for agent in able)
        levels = [(0.0, present), *self._later(followed.queue, now, share=present / len(there) if there else 1.0)]
        followed.free = present - busy
        followed.is_staffed = any(agents > 0 for _, agents in levels)
        followed.line.look(now / SECOND_MS, levels=levels, busy=busy)

    def _later(self, queue: str, now: Ms, *, share: float) -> Levels:
        """Who comes and goes by the roster: nothing until that changes, for who is there now is seen. `share`: how much
        at once somebody takes."""
        found = self._roster(queue, now, Ms(now + AHEAD_MS))
        changes = next((n for n, (_, agents) in enumerate(found) if agents != found[0][1]), len(found))
        return [(hence_s, agents * share) for hence_s, agents in found[changes:]]
