"""The lines that people wait in for somebody live, one for all who need the same in a queue, and who is there for them.

Its one rule: a line is walked at most once a second, whoever asks, so all who ask are told the same. Whoever waits for
some of the same agents elsewhere stands in its walk as well. It hears nothing: who comes and goes is told to it by
`node.waits`. What a line has learned outlives a restart as a small record; who stands in it is rebuilt.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from router.core.clock import Clock, Ms
from router.core.documents import Ask, Requirement
from router.core.matcher import Matcher, pace_of
from router.core.relax import relaxed
from router.core.values import replace, value
from router.core.waits.crews import Staff, share
from router.core.waits.line import Cover, Line, LineState, Pool, Rival, share_at
from router.core.waits.said import NO_WAIT, NOBODY, TOO_LITTLE, Said, said
from router.core.words import HOUR_MS, SECOND_MS, CaseId, Channel
from router.journal import codec
from router.journal.base import Journal
from router.node.domain import DomainScope

LINES_MAX = 1000
LOOK_EVERY_MS = SECOND_MS
AHEAD_MS = 4 * HOUR_MS
"""So far ahead the roster is asked who comes and goes."""
FRESH_AGENTS = 10
"""Who is there is seen anew once a millisecond for each so many agents; to look at one of them takes about 1 µs."""
PARTS_MAX = 4
"""So many groups of agents are looked at for a line."""
LEAST_SHARE = 0.01
"""A rival of whose work less than this falls to the agents of a line is left out of its walk."""
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
    """What a line has learned, as it is written. `requirement`: what those in it need; None: of a version that knew one
    line for each queue and kind."""

    queue: str
    kind: str
    line: LineState
    requirement: Requirement | None = None


@dataclass(slots=True, eq=False)
class Followed:
    """A line with what those in it need; `ask`: of whoever came last. `looked_at`: as of when it says what it says.
    `saved`: how much it had seen when that was written."""

    queue: str
    requirement: Requirement
    line: Line
    ask: Ask | None = None
    looked_at: Ms | None = None
    free: float = 0.0
    is_staffed: bool = False
    saved: int = 0

    @property
    def kind(self) -> str:
        return self.requirement.kind

    @property
    def seen(self) -> int:
        return self.line.people.lessons + self.line.ranges.count

    def stages(self, is_held: Callable[[str, int], bool]) -> list[tuple[float, Requirement]]:
        """What is required of an agent after how many seconds in line: as the policy relaxes it, and as nobody present
        can meet it."""
        if self.ask is None:
            return [(0.0, self.requirement)]
        afters = sorted({0, *(after_ms for after_ms, _ in self.ask.relax)})
        begins = self.ask.place_at
        return [
            (after_ms / SECOND_MS, relaxed(self.ask, Ms(begins + after_ms), is_held=is_held).requirement)
            for after_ms in afters
        ]


@dataclass(slots=True)
class Standing:
    """All lines of an instant: who is there, by kind, and by line who can do what is required there from each age."""

    at: Ms
    matcher: Matcher
    staffs: dict[str, Staff] = field(default_factory=dict[str, Staff])
    stages: dict[Followed, list[tuple[float, frozenset[int]]]] = field(
        default_factory=dict["Followed", list[tuple[float, frozenset[int]]]]
    )

    def staff(self, kind: str) -> Staff:
        if (found := self.staffs.get(kind)) is None:
            found = self.staffs[kind] = Staff(self.matcher.crews(kind))
        return found

    def able(self, line: Followed) -> list[tuple[float, frozenset[int]]]:
        if (found := self.stages.get(line)) is None:
            staff, stages = self.staff(line.kind), line.stages(self.matcher.is_held)
            found = self.stages[line] = [(after_s, staff.able(need)) for after_s, need in stages]
        return found


class Lines:
    def __init__(self, *, domain: DomainScope, clock: Clock, journal: Journal, roster: Roster = no_roster) -> None:
        self._domain = domain
        self._clock = clock
        self._journal = journal
        self._roster = roster
        self._lines: dict[tuple[str, Requirement], Followed] = {}
        self._booked: dict[str, dict[CaseId, float]] = {}
        self._standing: Standing | None = None

    async def load(self) -> None:
        """Go on with what lines had learned."""
        for body in (await self._journal.records(RECORDS)).values():
            kept = codec.decode(body, Kept)
            requirement = kept.requirement or Requirement(channel=Channel(kept.kind), offer_ms=0)
            followed = self._lines[kept.queue, requirement] = Followed(kept.queue, requirement, Line(kept.line))
            followed.saved = followed.seen

    async def save(self) -> None:
        """Write what was learned since it was written last."""
        for followed in list(self._lines.values()):
            if followed.seen > followed.saved:
                followed.saved = followed.seen
                requirement = followed.requirement
                kept = Kept(
                    queue=followed.queue, kind=followed.kind, line=followed.line.state(), requirement=requirement
                )
                needs = blake2b(codec.encode(requirement), digest_size=8).hexdigest()
                name = f"{followed.queue}/{followed.kind}/{needs}"
                await self._journal.put_record(RECORDS, name, codec.encode(kept).decode())

    @property
    def is_to_save(self) -> bool:
        return any(followed.seen - followed.saved >= SAVE_EVERY for followed in self._lines.values())

    def of(self, ask: Ask) -> Followed:
        """The line that an ask stands in."""
        key = (ask.queue, replace(ask.requirement, offer_ms=0))
        found = self._lines.get(key)
        if found is None:
            if len(self._lines) >= LINES_MAX:
                idle = (key for key, followed in self._lines.items() if not len(followed.line))
                self._lines.pop(next(idle, next(iter(self._lines))))
            found = self._lines[key] = Followed(*key, self._new(ask.queue, ask.requirement.kind))
            self._standing = None
        return found

    def _new(self, queue: str, kind: str) -> Line:
        """A line for another need begins with what its queue's best known one has learned."""
        known = self._known(queue, kind)
        return Line(replace(known.line.state(), cover=Cover()) if known is not None else None)

    def _known(self, queue: str, kind: str) -> Followed | None:
        """The line of a queue of which most was seen."""
        lines = [one for one in self._lines.values() if (one.queue, one.kind) == (queue, kind)]
        return max(lines, key=lambda one: (one.line.ranges.count, one.ask is not None), default=None)

    def book(self, queue: str, case: CaseId, start: Ms) -> None:
        """Agents of a queue will call somebody then, who stands in no line until that."""
        self.expect_no_more(case)
        self._booked.setdefault(queue, {})[case] = start / SECOND_MS

    def unbook(self, case: CaseId) -> None:
        """They are in line from now on, or that time is not kept any more."""
        for booked in self._booked.values():
            booked.pop(case, None)

    def expect_no_more(self, case: CaseId) -> None:
        """They are not called, or at another time."""
        self.unbook(case)
        for followed in self._lines.values():
            followed.line.expect_no_more(case)

    def is_booked(self, case: CaseId) -> bool:
        return any(case in booked for booked in self._booked.values())

    # --- what is said -------------------------------------------------------------------------------------------------

    def at_place(self, queue: str, kind: str, case: CaseId, place_s: float) -> Said:
        """What is said to somebody who stands there from now on with a place, or does already."""
        followed = self._known(queue, kind)
        if followed is None:
            return Said(None, None, TOO_LITTLE)
        self.look(followed)
        if not followed.is_staffed:
            return Said(None, None, NOBODY)
        found = followed.line.range_for(case, place_s) if followed.line.is_known else None
        return said(found) if found is not None else Said(None, None, TOO_LITTLE)

    def newcomer(self, queue: str, kind: str) -> Said:
        """What is said to somebody who would come to a queue now."""
        followed = self._known(queue, kind)
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

    def settle(self) -> None:
        """Somebody may have become free: whoever hung up in a line that nobody else waits in has been reached then."""
        for followed in list(self._lines.values()):
            if followed.line.has_ghosts:
                self.look(followed)

    def told(self) -> Iterable[tuple[CaseId, str, Said]]:
        """Of everybody in the lines of which enough was seen: the case, its queue, and what is said."""
        for followed in list(self._lines.values()):
            if followed.line.is_known:
                for case in map(CaseId, followed.line.ids()):
                    if (found := self.said(followed, case)) is not None:
                        yield case, followed.queue, found

    @property
    def is_anybody_told(self) -> bool:
        """Whether somebody waits, or what somebody was told who hung up is not judged yet."""
        return any(len(followed.line) or followed.line.has_ghosts for followed in self._lines.values())

    def covers(self) -> Iterable[tuple[str, str, Cover]]:
        """Queue, kind, and how many of the ranges that were told there held."""
        found: dict[tuple[str, str], Cover] = {}
        for followed in self._lines.values():
            if followed.line.cover.judged:
                key = (followed.queue, followed.kind)
                found[key] = found.get(key, Cover()).together(followed.line.cover)
        for (queue, kind), cover in sorted(found.items()):
            yield queue, kind, cover

    # --- who is there -------------------------------------------------------------------------------------------------

    def look(self, followed: Followed) -> None:
        """Walk a line, unless it was walked a moment ago."""
        now = self._clock.now()
        if followed.looked_at is not None and now - followed.looked_at < LOOK_EVERY_MS:
            return
        followed.looked_at = now
        standing, matcher = self._standing, self._domain.matcher
        if standing is None or now - standing.at > matcher.agents // FRESH_AGENTS:
            standing = self._standing = Standing(now, matcher)
        staff, stages = standing.staff(followed.kind), standing.able(followed)
        pools = [
            self._pool(followed, after_s, who, standing, is_whole=who == able)
            for after_s, able in stages
            for who in self._parts(followed, able, standing)
        ]
        followed.free = staff.room(stages[0][1]) - staff.filled(stages[0][1])
        followed.is_staffed = any(agents > 0 for pool in pools for _, agents in pool.levels)
        booked_s = self._booked.get(followed.queue, {}).values() if followed.kind == "phone" else ()
        followed.line.look(now / SECOND_MS, *pools, booked_s=booked_s)
        followed.line.rest(now / SECOND_MS, is_free=followed.free >= 1)

    def _parts(self, followed: Followed, able: frozenset[int], standing: Standing) -> list[frozenset[int]]:
        """All who can take the people of a line, and those of them who cannot take whoever waits elsewhere: these come
        to a place while others still stand before it, for whom they are of no use. The sooner of them all counts."""
        staff, found = standing.staff(followed.kind), [able]
        for other in self._lines.values():
            if other is followed or not len(other.line):
                continue
            part = able - standing.able(other)[0][1]
            if part not in found and staff.there(part) and len(found) < PARTS_MAX:
                found.append(part)
        return found

    def _pool(
        self, followed: Followed, after_s: float, able: frozenset[int], standing: Standing, *, is_whole: bool
    ) -> Pool:
        staff = standing.staff(followed.kind)
        present, part = staff.room(able), staff.part(able)
        a_head = present / there if (there := staff.there(able)) else 1.0
        return Pool(
            levels=[(0.0, present), *self._later(followed.queue, self._clock.now(), share=a_head * part)],
            busy=staff.filled(able),
            rivals=list(self._rivals(followed, able, standing)),
            after_s=after_s,
            shares=[(from_s, share(of, staff, able, staff)) for from_s, of in standing.able(followed)]
            if is_whole
            else (),
        )

    def _rivals(self, followed: Followed, able: frozenset[int], standing: Standing) -> Iterator[Rival]:
        """Who else waits for some of these agents: where they stand by how fast their places grow."""
        now_s = self._clock.now() / SECOND_MS
        staff, talk_s = standing.staff(followed.kind), followed.line.people.talk_s(now_s)
        for other in self._lines.values():
            if other is followed or not len(other.line):
                continue
            if other.kind != followed.kind and standing.matcher.go_beside(followed.kind, other.kind):
                continue
            stages, others = standing.able(other), standing.staff(other.kind)
            other_s = other.line.people.talk_s(now_s)
            longer = other_s / talk_s if other_s and talk_s else 1.0
            shares = [(from_s, longer * share(of, others, able, staff)) for from_s, of in stages]
            if all(part < LEAST_SHARE for _, part in shares):
                continue
            pace, is_danger = pace_of(other.requirement) / pace_of(followed.requirement), other.requirement.is_danger
            for place_s, held_s in other.line.standing(now_s):
                age_s = now_s - place_s
                part = share_at(shares, age_s, first=shares[0][1])
                yield Rival(-math.inf if is_danger else now_s - age_s * pace, held_s, part)

    def _later(self, queue: str, now: Ms, *, share: float) -> Levels:
        """Who comes and goes by the roster: nothing until that changes, for who is there now is seen. `share`: how much
        of what they take at once is for a line."""
        found = self._roster(queue, now, Ms(now + AHEAD_MS))
        changes = next((n for n, (_, agents) in enumerate(found) if agents != found[0][1]), len(found))
        return [(hence_s, agents * share) for hence_s, agents in found[changes:]]
