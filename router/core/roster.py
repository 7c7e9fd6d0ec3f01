"""The roster: how much of agents' time there will be, by what they can do, in each slot of the clock.

Its one rule: it adds up what was said and takes off what is known to be missing; it guesses nothing. A slot is a
stretch of fixed length counted from 1970, so that the same instant is always in the same slot. Time is kept by
*ability*: the skills of an agent, or the one queue that a head-count was named for.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from router.core.clock import Ms
from router.core.documents import Shift, SkillLevels, Staffing, Window
from router.core.values import value
from router.core.words import HOUR_MS, AgentId

COVERS_MS = 12 * HOUR_MS
"""Before the first and after the last shift that was named, so long nobody is there; beyond that nothing was said."""
BEST = 10
"""The level of somebody who was only counted: named with a skill, they are taken to have it as anybody may ask."""

Ability = tuple[SkillLevels, str | None]
"""Skills, and the queue that they are there for alone; None: for all that the skills meet."""
NOTHING: Mapping[Ability, float] = MappingProxyType({})


@value
class Need:
    """What work needs of an agent, as far as a roster can say: its queue, and the skills that it requires."""

    queue: str
    skills: SkillLevels = ()


def meets(ability: Ability, need: Need) -> bool:
    """Whether somebody of this ability can do work of this need."""
    skills, queue = ability
    if queue is not None:
        return queue == need.queue
    held = dict(skills)
    return all(held.get(name, 0) >= level for name, level in need.skills)


class Roster:
    """`abilities`: what each agent who may be named can do."""

    def __init__(self, staffing: Staffing | None, abilities: Mapping[AgentId, SkillLevels], *, slot_ms: int) -> None:
        self._abilities = abilities
        self._slot_ms = slot_ms
        self._kept = 1 - (staffing.shrinkage if staffing else 0.0)
        self._time: dict[int, dict[Ability, float]] = {}
        self.shifts = staffing.shifts if staffing else ()
        self._first = min((shift.start for shift in self.shifts), default=Ms(0))
        self._last = max((shift.end for shift in self.shifts), default=Ms(0))
        for shift in self.shifts:
            self._add(shift, shift.count, shift.start)

    def covers(self, at: Ms) -> bool:
        """Whether who will be there then was said."""
        return bool(self.shifts) and self._first - COVERS_MS <= at < self._last + COVERS_MS

    def ability_of(self, shift: Shift) -> Ability:
        if shift.agent is not None:
            return self._abilities.get(shift.agent, ()), None
        if shift.queue is not None:
            return (), shift.queue
        return (((shift.skill, BEST),) if shift.skill else ()), None

    def miss(self, shift: Shift, count: float, since: Ms, until: Ms | None = None) -> None:
        """`count` of those who were to be there in a shift are not, from `since` until its end, or `until`; less than
        0: they are after all."""
        self._add(shift, -count, max(since, shift.start), until)

    def time(self, slot: int) -> Mapping[Ability, float]:
        """Agents' time in a slot, in milliseconds, by ability."""
        return self._time.get(slot, NOTHING)

    def _add(self, shift: Shift, count: float, since: Ms, until: Ms | None = None) -> None:
        ability, size = self.ability_of(shift), self._slot_ms
        for start, ends in _worked(shift, since):
            end = ends if until is None else max(start, min(ends, until))
            for slot in range(start // size, -(-end // size)):
                overlap = min(end, (slot + 1) * size) - max(start, slot * size)
                here = self._time.setdefault(slot, {})
                here[ability] = here.get(ability, 0.0) + overlap * count * self._kept


def _worked(shift: Shift, since: Ms) -> list[tuple[Ms, Ms]]:
    """The stretches of a shift between its breaks, from `since` on."""
    found: list[tuple[Ms, Ms]] = []
    at = max(shift.start, since)
    for start, end in shift.breaks:
        if at < start:
            found.append((at, start))
        at = max(at, end)
    if at < shift.end:
        found.append((at, shift.end))
    return found


@value
class ShiftEnds:
    """Whether an agent takes no more calls now, for their shift is about to end, and when that may change."""

    is_near: bool
    changes_at: Ms | None


def shift_ends(shifts: Sequence[Shift], *, now: Ms, since: Ms, call_ms: int) -> ShiftEnds:
    """`shifts`: those of one agent, in order. Who set themselves ready anew (`since`) when no more calls were due works
    on by their own choice."""
    blocks: list[Window] = []
    for shift in shifts:
        if blocks and shift.start <= blocks[-1][1]:
            blocks[-1] = (blocks[-1][0], max(shift.end, blocks[-1][1]))
        else:
            blocks.append((shift.start, shift.end))
    is_near, changes = False, list[Ms]()
    for n, (start, end) in enumerate(blocks):
        stops = Ms(max(start, end - call_ms))
        again = min(Ms(end + COVERS_MS), blocks[n + 1][0] if n + 1 < len(blocks) else Ms(end + COVERS_MS))
        is_near = is_near or (stops <= now < again and since < stops)
        changes += [at for at in (stops, again) if at > now]
    return ShiftEnds(is_near, min(changes, default=None))
