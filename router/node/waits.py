"""Waits as the node follows them: one line for each queue and kind of live work, heard from the journal's events.

Its one rule: it looks when somebody asks or comes, and at a line at most once a second, so that nobody's waiting costs
anything by itself. It decides nothing. Written channels are not followed: whoever answers them has other work beside.
What was learned begins anew with the process.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from router.core.clock import Clock, Ms
from router.core.documents import Ask
from router.core.events import OfferEnded, WorkAccepted, WorkFinished, WorkGivenBack, WorkOffered, WorkWanted
from router.core.events import WorkWithdrawn as Withdrawn
from router.core.relax import relaxed
from router.core.waits.line import Line
from router.core.waits.said import NO_WAIT, NOBODY, TOO_LITTLE, Said, said
from router.core.words import SECOND_MS, AgentState, WorkId
from router.journal.base import Stored
from router.node.domain import DomainScope

LIVE = ("phone", "chat")
LINES_MAX = 1000
LOOK_EVERY_MS = SECOND_MS
THERE = (AgentState.READY, AgentState.BUSY)

AgentsAt = Callable[[str, Ms], float]
"""How many pieces of work at once the roster of a queue can take at an instant."""


@dataclass(slots=True, eq=False)
class Followed:
    """A line with what it asks of agents, by whoever came last. `looked_at`: as of when it says what it says."""

    ask: Ask
    line: Line = field(default_factory=Line)
    looked_at: Ms | None = None
    free: float = 0.0
    agents: float = 0.0


class Waits:
    def __init__(self, *, domain: DomainScope, clock: Clock, agents_at: AgentsAt | None = None) -> None:
        self._domain = domain
        self._clock = clock
        self._agents_at = agents_at
        self._lines: dict[tuple[str, str], Followed] = {}
        self._asks: dict[WorkId, Ask] = {}
        self._talks: set[WorkId] = set()

    def hear(self, batches: list[Stored]) -> None:
        """New batches, in order; what is not live costs one look at each event."""
        for stored in batches:
            for event in stored.events:
                match event:
                    case WorkWanted() if event.ask.requirement.kind in LIVE:
                        self._join(event.ask, event.at, is_new=True)
                    case WorkOffered() if event.work in self._asks:
                        self._line_of(event.ask).line.reach(event.work, event.at / SECOND_MS)
                    case OfferEnded() | WorkGivenBack() if event.work in self._asks:
                        self._end_talk(event.work, event.at)
                        self._join(self._asks[event.work], event.at, is_new=False)
                    case WorkAccepted() if event.work in self._asks:
                        self._talks.add(event.work)
                        self._line_of(self._asks[event.work]).line.people.talk_began(event.at / SECOND_MS)
                    case Withdrawn() if event.work in self._asks:
                        self._line_of(self._asks[event.work]).line.hang_up(event.work, event.at / SECOND_MS)
                        if event.work not in self._talks:
                            del self._asks[event.work]
                    case WorkFinished() if event.work in self._asks:
                        self._end_talk(event.work, event.at)
                        del self._asks[event.work]
                    case _:
                        pass

    def of_queue(self, queue: str, kind: str) -> Said:
        """What is said to somebody who would come to a queue now."""
        followed = self._lines.get((queue, kind))
        if followed is None:
            return Said(None, None, TOO_LITTLE)
        self._look(followed, queue)
        if followed.agents <= 0:
            return Said(None, None, NOBODY)
        if followed.free >= 1 and not len(followed.line):
            return Said(0, 60, NO_WAIT)
        found = followed.line.newcomer()
        return said(found) if found is not None and followed.line.is_known else Said(None, None, TOO_LITTLE)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _join(self, ask: Ask, at: Ms, *, is_new: bool) -> None:
        """They wait. Only those who come and find nobody free are told something that is judged."""
        followed = self._line_of(ask)
        self._asks[ask.work] = ask
        told = None
        if is_new:
            self._look(followed, ask.queue)
            told = followed.line.newcomer() if followed.free < 1 else None
        followed.line.join(ask.work, place_s=ask.place_at / SECOND_MS, now_s=at / SECOND_MS, holds=True, told=told)

    def _end_talk(self, work: WorkId, at: Ms) -> None:
        if work in self._talks:
            self._talks.discard(work)
            self._line_of(self._asks[work]).line.people.talk_ended(at / SECOND_MS)

    def _line_of(self, ask: Ask) -> Followed:
        key = (ask.queue, ask.requirement.kind)
        found = self._lines.get(key)
        if found is None:
            if len(self._lines) >= LINES_MAX:
                del self._lines[next(iter(self._lines))]
            found = self._lines[key] = Followed(ask)
        found.ask = ask
        return found

    def _look(self, followed: Followed, queue: str) -> None:
        now = self._clock.now()
        if followed.looked_at is not None and now - followed.looked_at < LOOK_EVERY_MS:
            return
        followed.looked_at = now
        matcher = self._domain.matcher
        wanted = relaxed(followed.ask, followed.ask.place_at, is_held=matcher.is_held).requirement
        kind = wanted.kind
        able = [a for a in self._domain.agents.values() if a.state in THERE and matcher.meets(a.id, wanted)]
        present = float(sum(agent.room_for(kind) for agent in able))
        busy = sum(matcher.load(agent.id, kind) for agent in able)
        followed.agents = present if self._agents_at is None else self._agents_at(queue, now)
        followed.free = followed.agents - busy
        followed.line.look(now / SECOND_MS, levels=[(0.0, followed.agents)], busy=busy)
