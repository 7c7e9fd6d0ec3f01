"""The matcher: which waiting work goes to which agent, decided on the heads of lines only.

Waiting work stands in lines by what it requires, each in order of place (ties by id). What a line needs of an agent is
its *need*; agents stand in groups by what they can do, and each group knows the needs that it meets. A freed agent is
matched by one look at the head of each line whose need their group meets; new work goes to the first of those who are
free for its need (core/free_agents). So a decision costs the same among a hundred agents or ten thousand, a thousand
waiting or a hundred thousand. Score = rate x (1 + priority) x (now - place) / target of the ask: linear, so order
inside a line never changes and nothing starves (accumulating priority: Kleinrock 1964; Stanford, Taylor and Ziedins
2014). Danger alone stands apart: it goes first.

An index in memory, rebuilt from documents at start; it changes nothing itself, it names pairs. What has gone stays in
a heap until it comes to the head or most of the heap has gone. Same input, same output.
"""

import heapq
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from router.core.clock import Ms
from router.core.documents import Agent, Ask, Requirement, SkillLevels
from router.core.free_agents import GONE_MAX, FreeAgent, FreeAgents, Stand, post
from router.core.values import value
from router.core.waits.crews import Ability, Crew, can
from router.core.words import AgentId, AgentState, CaseId, CustomerId, WorkId

CANDIDATES_MAX = 8
"""How many agents a decision names in its explanation."""

WEIGHED = 3
"""How many of those are free: who is next, and two of those who would be."""

NEEDS_MAX = 4096
"""So many needs are kept at hand; above that, those that nobody waits with are forgotten."""

ORDINARY, PROMISED, FIRST, URGENT = 0, 1, 2, 3
"""Turns: in line; a promise or deadline about to bite; put first by a person; danger. A later turn goes first."""

PASSED, KEPT, DUE, PUT_FIRST = "passed by", "kept for an agent", "a time is due", "put first by a person"
"""Why work goes before other work of its kind that has waited longer."""


@value
class Waiting:
    """One piece of waiting work. `requirement`: what it requires now; `reasons`: why that is not what it began with.
    `only`: the one agent it waits for; `passed_by`: agents it is not offered to (again); `turn`: see ORDINARY."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    ask: Ask
    requirement: Requirement
    reasons: tuple[str, ...] = ()
    passed_by: tuple[AgentId, ...] = ()
    only: AgentId | None = None
    turn: int = ORDINARY


@value
class Match:
    """A pair. `overtakes`: why it goes before work of the same kind with an older place; empty when none does."""

    waiting: Waiting
    agent: AgentId
    score: float
    candidates: tuple[str, ...]
    overtakes: str = ""


THERE = (AgentState.READY, AgentState.BUSY)

Name = TypeVar("Name", str, tuple[str, str])

Beside = Mapping[str, Collection[str]]
"""By kind: which other kinds an agent may have at hand when work of that kind is offered to them."""

LineKey = tuple[str, Requirement, int, AgentId | None]
NeedKey = tuple[str, SkillLevels, str | None]
Place = tuple[Ms, WorkId]
"""Where work stands in a line; in the heap of waits, since when it waits there."""


@dataclass(slots=True, eq=False)
class Need:
    """What is needed of an agent: the lines that need it, and who is free and can."""

    key: NeedKey
    lines: list["Line"] = field(default_factory=list["Line"])
    early: list["Line"] = field(default_factory=list["Line"])  # those of a later turn than ORDINARY
    free: FreeAgents = field(default_factory=FreeAgents)


@dataclass(slots=True, eq=False)
class Line:
    """Waiting work of one queue that requires the same: a heap by place whose head is always waiting."""

    key: LineKey
    kind: str
    need: Need | None  # what it needs of an agent; None where it waits for one agent alone
    pace: float  # how much its score grows in a millisecond
    heap: list[Place]
    waits: list[Place]  # by when they asked: what figures show, and nothing else
    passers: dict[AgentId, int]  # who passed by how much of it
    head_at: Ms = Ms(0)  # the place at its head
    count: int = 0


@dataclass(slots=True, eq=False)
class Group:
    """Agents of one ability, and the needs that they meet, by kind; of each need who is free for it."""

    ability: Ability
    agents: set[AgentId] = field(default_factory=set[AgentId])
    needs: dict[str, list[Need]] = field(default_factory=dict[str, list[Need]])
    free: dict[str, list[FreeAgents]] = field(default_factory=dict[str, list[FreeAgents]])

    def meet(self, need: Need) -> None:
        """They meet one more need."""
        self.needs.setdefault(need.key[0], []).append(need)
        self.free.setdefault(need.key[0], []).append(need.free)


@dataclass(slots=True, eq=False)
class Desk:
    """One agent with what they hold. `free`: by kind, how they stand among those who are free; nothing where they are
    not. Whoever learns something gets a new desk, and the old one is free for nothing any more."""

    agent: Agent
    group: Group
    room: dict[str, int] = field(default_factory=dict[str, int])  # by kind, while they take offers
    held: dict[str, int] = field(default_factory=dict[str, int])
    total: int = 0
    idle_at: Ms = Ms(0)
    free: dict[str, Stand] = field(default_factory=dict[str, Stand])

    def is_not_free(self, kind: str) -> None:
        """For no more work of a kind."""
        if (stand := self.free.pop(kind, None)) is not None:
            stand.now = None


class Matcher:
    """`beside`: which kinds of work go together at one agent; all of them when None."""

    def __init__(self, beside: Beside | None = None) -> None:
        self._beside = beside
        self._waiting: dict[WorkId, tuple[Waiting, Line]] = {}
        self._lines: dict[LineKey, Line] = {}
        self._meant: dict[AgentId, dict[LineKey, Line]] = {}
        self._needs: dict[NeedKey, Need] = {}
        self._groups: dict[Ability, Group] = {}
        self._desks: dict[AgentId, Desk] = {}
        self._moved: dict[AgentId, None] = {}  # desks that changed since the heaps of free agents were last used
        self._last_idle = (Ms(0), AgentId(""))  # since when those are idle who have been for the least long
        self._present: dict[str, dict[int, int]] = {}  # by skill and level: how many who are not off have it
        self._early = 0  # how many lines of a later turn than ORDINARY there are

    # --- what is known -----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How much work waits."""
        return len(self._waiting)

    def waiting(self, work: WorkId) -> Waiting | None:
        found = self._waiting.get(work)
        return found[0] if found else None

    def next_up(self, most: int, now: Ms) -> list[Waiting]:
        """Who would be offered first to somebody who can do everything, at most `most`: by turn, then by score, then by
        place. Looks at as many as it names, whatever waits, and once at each line."""
        lines = list(self._lines.values())

        def rank(n: int, place: Place) -> tuple[int, float, Place]:
            return -lines[n].key[2], -lines[n].pace * (now - place[0]), place

        ahead = [(rank(n, line.heap[0]), n, 0) for n, line in enumerate(lines)]
        heapq.heapify(ahead)
        found: dict[WorkId, Waiting] = {}
        while ahead and len(found) < most:
            (_, _, place), n, at = heapq.heappop(ahead)
            heap = lines[n].heap
            for child in (2 * at + 1, 2 * at + 2):
                if child < len(heap):
                    heapq.heappush(ahead, (rank(n, heap[child]), n, child))
            if self._stands(lines[n], place):
                found[place[1]] = self._waiting[place[1]][0]
        return list(found.values())

    def heads(self) -> list[Waiting]:
        """Who stands first in each line. One look a line."""
        return [self._waiting[line.heap[0][1]][0] for line in self._lines.values()]

    def waiting_by_queue(self) -> dict[str, tuple[int, Ms]]:
        """Per queue: how many wait, and since when the longest does. One look a line."""
        return self._waiting_by(lambda line: line.key[0])

    def waiting_by_class(self) -> dict[tuple[str, str], tuple[int, Ms]]:
        """Per queue and what is required (as words: see `required`): how many wait, and since when the longest does."""
        return self._waiting_by(lambda line: (line.key[0], required(line.key[1])))

    def load(self, agent: AgentId, kind: str) -> int:
        """Offers and work an agent holds of a kind (phone, chat, message, email)."""
        desk = self._desks.get(agent)
        return desk.held.get(kind, 0) if desk else 0

    @property
    def agents(self) -> int:
        """How many agents are known, whatever they do."""
        return len(self._desks)

    def crews(self, kind: str) -> list[Crew]:
        """Agents by what they can do, with how much of a kind they take and have at hand. Work that a kind may not go
        beside fills all of its room. One look an agent; the same kinds of agents in the same order for every kind."""
        return [self._crew(group, kind) for group in self._groups.values()]

    def go_beside(self, kind: str, other: str) -> bool:
        """Whether work of a kind is offered to an agent who has some of another kind at hand."""
        return self._beside is None or other in self._beside.get(kind, ())

    def is_held(self, skill: str, level: int = 1) -> bool:
        """Whether anybody present (not off) has a skill at a level, or above it."""
        return any(held >= level for held in self._present.get(skill, ()))

    def meets(self, agent: AgentId, requirement: Requirement) -> bool:
        """Whether an agent can do what is required, free or not."""
        desk = self._desks.get(agent)
        return (
            desk is not None
            and desk.agent.room_for(requirement.kind) > 0
            and _meets(desk.group.ability, (requirement.kind, requirement.skills, requirement.language))
        )

    def is_ready_for(self, requirement: Requirement) -> bool:
        """Whether anybody who takes offers can do what is required, busy or not. One look a group."""
        need = (requirement.kind, requirement.skills, requirement.language)
        return any(
            _takes_offers(agent) and agent.room_for(requirement.kind) > 0
            for group in self._groups.values()
            if _meets(group.ability, need)
            for agent in (self._desks[id].agent for id in group.agents)
        )

    def languages_at_hand(self, requirement: Requirement) -> tuple[str, ...]:
        """Languages in which somebody who takes offers could do what is required but for its language. One look a
        group; sorted."""
        kind, found = requirement.kind, set[str]()
        for group in self._groups.values():
            if _meets(group.ability, (kind, requirement.skills, None)) and not found.issuperset(group.ability[1]):
                desks = (self._desks[id].agent for id in group.agents)
                if any(_takes_offers(agent) and agent.room_for(kind) for agent in desks):
                    found.update(group.ability[1])
        return tuple(sorted(found))

    def meant_for(self, agent: AgentId) -> list[WorkId]:
        """Work that waits for this agent alone, the longest waiter first."""
        places = [place for line in self._meant.get(agent, {}).values() for place in set(line.heap)
                  if self._stands(line, place)]  # fmt: skip
        return [work for _, work in sorted(places)]

    def requiring(self, skills: Collection[str]) -> list[WorkId]:
        """Waiting work that requires one of `skills`, the longest waiter first. Looks at all of their lines."""
        places = [
            place
            for line in (self._lines.values() if skills else ())
            if any(name in skills for name, _ in line.key[1].skills)
            for place in set(line.heap)
            if self._stands(line, place)
        ]
        return [work for _, work in sorted(places)]

    # --- changes -----------------------------------------------------------------------------------------------------

    def add(self, item: Waiting) -> None:
        """Put work in line, at the place it has had all along; what was known of it before is forgotten."""
        if item.work in self._waiting:
            self.remove(item.work)
        key = (item.ask.queue, item.requirement, max(item.turn, _turn_of(item.requirement)), item.only)
        line = self._lines.get(key) or self._new_line(key)
        self._waiting[item.work] = (item, line)
        line.count += 1
        place = (item.ask.place_at, item.work)
        heapq.heappush(line.heap, place)
        heapq.heappush(line.waits, place if item.ask.since_at is None else (item.ask.since_at, item.work))
        line.head_at = line.heap[0][0]
        for agent in item.passed_by:
            line.passers[agent] = line.passers.get(agent, 0) + 1

    def remove(self, work: WorkId) -> Waiting | None:
        """Take work out of line."""
        found = self._waiting.pop(work, None)
        if found is None:
            return None
        item, line = found
        line.count -= 1
        for agent in item.passed_by:
            line.passers[agent] -= 1
            if not line.passers[agent]:
                del line.passers[agent]
        if not line.count:
            self._drop_line(line)
            return item
        if len(line.heap) > 2 * line.count + GONE_MAX:
            line.heap[:] = {place for place in line.heap if self._stands(line, place)}
            heapq.heapify(line.heap)
        if len(line.waits) > 2 * line.count + GONE_MAX:
            line.waits[:] = {wait for wait in line.waits if self._waits(line, wait)}
            heapq.heapify(line.waits)
        while not self._stands(line, line.heap[0]):
            heapq.heappop(line.heap)
        while not self._waits(line, line.waits[0]):
            heapq.heappop(line.waits)
        line.head_at = line.heap[0][0]
        return item

    def put_agent(self, agent: Agent) -> None:
        """Learn of a new or changed agent."""
        ability: Ability = (agent.skills, agent.languages)
        desk = self._desks.get(agent.id)
        if desk is not None:
            self._count_present(desk.agent, -1)
        if desk is None or desk.group.ability != ability:
            desk = self._new_desk(agent, ability, before=desk)
        self._count_present(agent, 1)
        for kind in [kind for kind in desk.free if not agent.room_for(kind)]:
            desk.is_not_free(kind)
        desk.agent = agent
        desk.room = (
            {kind: n for kind, _ in agent.capacity if (n := agent.room_for(kind)) > 0} if _takes_offers(agent) else {}
        )
        desk.idle_at = max(desk.idle_at, agent.since)
        self._moved[agent.id] = None

    def hold(self, agent: AgentId, kind: str) -> None:
        """Capacity taken by an offer or by accepted work."""
        desk = self._desks[agent]
        desk.held[kind] = desk.held.get(kind, 0) + 1
        desk.total += 1
        self._moved[agent] = None

    def free(self, agent: AgentId, kind: str, now: Ms) -> None:
        """Capacity given back. From now on they are idle, when it was the last that they held."""
        desk = self._desks[agent]
        held = desk.held.get(kind, 0)
        assert held > 0, "more capacity given back than was taken"
        desk.held[kind] = held - 1
        desk.total -= 1
        desk.idle_at = max(desk.idle_at, now)
        self._moved.pop(agent, None)  # whoever was freed last comes last
        self._moved[agent] = None

    # --- decisions ---------------------------------------------------------------------------------------------------

    def for_work(self, work: WorkId, now: Ms) -> Match | None:
        """The agent for newly waiting work: of all free ones who can, whoever holds least, then the longest idle."""
        found = self._waiting.get(work)
        if found is None:
            return None
        item, line = found
        if item.only is not None:
            desk = self._desks.get(item.only)
            if desk is None or item.only in item.passed_by or not self._has_room(desk, line.kind):
                return None
            return self._match(item, line, item.only, now, (f"{item.only}: {_why_only(item)}",))
        assert line.need is not None, "only a line that is meant for somebody needs nobody else"
        self._settle()
        best, named = self._next_free(line.need, item)
        return None if best is None else self._match(item, line, best, now, named)

    def for_agent(self, id: AgentId, now: Ms) -> Match | None:
        """The work for an agent with free capacity: the highest score among the heads of all lines they can take."""
        desk = self._desks.get(id)
        kinds = [kind for kind in desk.room if self._has_room(desk, kind)] if desk is not None else []
        if desk is None or not kinds:
            return None
        needs = [needs for kind in kinds if (needs := desk.group.needs.get(kind))]
        meant = self._meant.get(id)
        own = [line for line in meant.values() if line.kind in kinds] if meant else []
        best = self._best_early(needs, own, id, now) if self._early else None
        if best is None:
            best = self._best_in_line(needs, own, id, now)
        if best is None:
            return None
        item, line = self._waiting[best[1]]
        why = _why_only(item) if item.only else f"free, holds {desk.held.get(item.requirement.kind, 0)}"
        return self._match(item, line, id, now, (f"{id}: {why}",))

    # --- inside: work ------------------------------------------------------------------------------------------------

    def _match(self, item: Waiting, line: Line, agent: AgentId, now: Ms, named: tuple[str, ...]) -> Match:
        return Match(
            waiting=item,
            agent=agent,
            score=score_of(item.requirement, item.ask.place_at, now),
            candidates=(*named, *item.reasons),
            overtakes=self._overtakes(item, line),
        )

    def _overtakes(self, item: Waiting, line: Line) -> str:
        """Why `item` goes before its equals with an older place; empty when none of them waits."""
        place = (item.ask.place_at, item.work)
        if line.heap[0] < place:
            return PASSED
        queue, requirement, turn, _ = line.key
        plain = self._lines.get((queue, requirement, _turn_of(requirement), None)) if turn or item.only else None
        if plain is None or plain.heap[0] >= place:
            return ""
        return PUT_FIRST if item.turn == FIRST else DUE if item.turn == PROMISED else KEPT

    def _best_early(self, needs: list[list[Need]], meant: list[Line], id: AgentId, now: Ms) -> Place | None:
        early = [*meant, *(line for some in needs for need in some for line in need.early)]
        for turn in (URGENT, FIRST, PROMISED):
            lines = [line for line in early if line.key[2] == turn]
            if (best := self._best_of(lines, id, now)[1]) is not None:
                return best
        return None

    def _best_in_line(self, needs: list[list[Need]], meant: list[Line], id: AgentId, now: Ms) -> Place | None:
        """The work of highest score that an agent may take: the one loop that every decision runs."""
        ordinary = [line for line in meant if line.key[2] == ORDINARY]
        most, best = self._best_of(ordinary, id, now) if ordinary else (-math.inf, None)
        for some in needs:
            for need in some:
                for line in need.lines:
                    score = line.pace * (now - line.head_at)
                    if score >= most:
                        most, best = self._better(line, id, now, most, best)
        return best

    def _best_of(self, lines: list[Line], id: AgentId, now: Ms) -> tuple[float, Place | None]:
        most, best = -math.inf, None
        for line in lines:
            most, best = self._better(line, id, now, most, best)
        return most, best

    def _better(self, line: Line, id: AgentId, now: Ms, most: float, best: Place | None) -> tuple[float, Place | None]:
        """What is best after a line was looked at too."""
        place = line.heap[0] if id not in line.passers else self._head_for(line, id)
        if place is not None:
            score = line.pace * (now - place[0])
            if best is None or score > most or (score == most and place < best):
                return score, place
        return most, best

    def _head_for(self, line: Line, agent: AgentId) -> Place | None:
        """The head of a line for somebody who passed some of it by. Costs as much as they passed by there."""
        aside: list[Place] = []
        found: Place | None = None
        while line.heap and found is None:
            place = line.heap[0]
            if not self._stands(line, place):
                heapq.heappop(line.heap)
            elif agent in self._waiting[place[1]][0].passed_by:
                aside.append(heapq.heappop(line.heap))
            else:
                found = place
        for place in aside:
            heapq.heappush(line.heap, place)
        return found

    def _stands(self, line: Line, place: Place) -> bool:
        """Whether an entry of a line's heap is still work that waits there."""
        found = self._waiting.get(place[1])
        return found is not None and found[1] is line and found[0].ask.place_at == place[0]

    def _waits(self, line: Line, wait: Place) -> bool:
        """Whether an entry of a line's heap of waits is still true."""
        found = self._waiting.get(wait[1])
        return found is not None and found[1] is line and found[0].ask.waits_since == wait[0]

    def _waiting_by(self, name_of: Callable[[Line], Name]) -> dict[Name, tuple[int, Ms]]:
        found: dict[Name, tuple[int, Ms]] = {}
        for line in self._lines.values():
            name, since = name_of(line), line.waits[0][0]
            count, longest = found.get(name, (0, since))
            found[name] = (count + line.count, min(longest, since))
        return found

    def _new_line(self, key: LineKey) -> Line:
        _, requirement, turn, only = key
        kind = requirement.kind
        need = self._need((kind, requirement.skills, requirement.language)) if only is None else None
        line = Line(key=key, kind=kind, need=need, pace=pace_of(requirement), heap=[], waits=[], passers={})
        self._lines[key] = line
        self._early += turn > ORDINARY
        if need is not None:
            (need.early if turn else need.lines).append(line)
        elif only is not None:
            self._meant.setdefault(only, {})[key] = line
        return line

    def _drop_line(self, line: Line) -> None:
        _, _, turn, only = line.key
        del self._lines[line.key]
        self._early -= turn > ORDINARY
        if line.need is not None:
            (line.need.early if turn else line.need.lines).remove(line)
        elif only is not None:
            del self._meant[only][line.key]
            if not self._meant[only]:
                del self._meant[only]

    # --- inside: agents ----------------------------------------------------------------------------------------------

    def _has_room(self, desk: Desk, kind: str) -> bool:
        """Whether an agent takes one more of a kind: ready, below the limit, and nothing at hand that forbids it."""
        return desk.held.get(kind, 0) < desk.room.get(kind, 0) and self._goes_beside(desk, kind)

    def _goes_beside(self, desk: Desk, kind: str) -> bool:
        if self._beside is None or not desk.total:
            return True
        allowed = self._beside.get(kind, ())
        return all(not n or other == kind or other in allowed for other, n in desk.held.items())

    def _crew(self, group: Group, kind: str) -> Crew:
        there, room, filled = 0, 0, 0
        for id in group.agents:
            desk = self._desks[id]
            held, agent = desk.held.get(kind, 0), desk.agent
            takes = agent.room_for(kind)
            filled += held if self._goes_beside(desk, kind) else max(held, takes)
            if takes and agent.state in THERE:
                there, room = there + 1, room + takes
        return Crew(ability=group.ability, there=there, room=room, filled=filled)

    def _settle(self) -> None:
        """Bring those who are free up to date with what changed at desks."""
        for id in self._moved:
            desk = self._desks[id]
            for kind in desk.room or list(desk.free):
                if self._has_room(desk, kind):
                    self._stand(desk, kind)
                elif kind in desk.free:
                    desk.is_not_free(kind)
        self._moved.clear()

    def _stand(self, desk: Desk, kind: str) -> None:
        """They are free for work of a kind: put them in where that is news, and where they stand further ahead now."""
        total, id = desk.total, desk.agent.id
        idle = (desk.idle_at, id)
        is_last = idle >= self._last_idle
        if is_last:
            self._last_idle = idle
        stand = desk.free.get(kind)
        if stand is not None and (before := stand.now) is not None:
            if before[0] == total and before[1] == desk.idle_at:
                return
            if before[0] < total:
                stand.now = (total, desk.idle_at, id, stand)
                return
            stand.now = None
        stand = desk.free[kind] = Stand()
        stand.now = entry = (total, desk.idle_at, id, stand)
        post(desk.group.free.get(kind, ()), entry, is_last=is_last)

    def _next_free(self, need: Need, item: Waiting) -> tuple[AgentId | None, tuple[str, ...]]:
        """Who is next, with all who were weighed: those who passed it by, the one found, and who would be next."""
        passed = need.free.set_aside(item.passed_by) if item.passed_by else []
        near = need.free.next(WEIGHED)
        if not passed and not near:
            return None, ()
        need.free.put_back(passed)
        weighed = [f"{entry[2]}: passed it by" for entry in passed[: CANDIDATES_MAX - WEIGHED]]
        weighed += [f"{entry[2]}: free, holds {self._desks[entry[2]].held.get(need.key[0], 0)}" for entry in near]
        return near[0][2] if near else None, tuple(weighed)

    def _need(self, key: NeedKey) -> Need:
        found = self._needs.get(key)
        if found is not None:
            return found
        if len(self._needs) >= NEEDS_MAX:
            self._forget_needs()
        need = self._needs[key] = Need(key=key)
        free: list[FreeAgent] = []
        for group in self._groups.values():
            if _meets(group.ability, key):
                group.meet(need)
                stands = [stand for id in group.agents if (stand := self._desks[id].free.get(key[0])) is not None]
                free += [stand.now for stand in stands if stand.now is not None]
        need.free.begin(free)
        return need

    def _forget_needs(self) -> None:
        self._needs = {key: need for key, need in self._needs.items() if need.lines or need.early}
        for group in self._groups.values():
            kept = [need for needs in group.needs.values() for need in needs if need.key in self._needs]
            group.needs, group.free = {}, {}
            for need in kept:
                group.meet(need)

    def _group(self, ability: Ability) -> Group:
        found = self._groups.get(ability)
        if found is None:
            found = self._groups[ability] = Group(ability=ability)
            for key, need in self._needs.items():
                if _meets(ability, key):
                    found.meet(need)
        return found

    def _new_desk(self, agent: Agent, ability: Ability, *, before: Desk | None) -> Desk:
        desk = self._desks[agent.id] = Desk(agent=agent, group=self._group(ability))
        desk.group.agents.add(agent.id)
        if before is not None:
            desk.held, desk.total, desk.idle_at = before.held, before.total, before.idle_at
            for kind in list(before.free):
                before.is_not_free(kind)
            before.group.agents.discard(agent.id)
            if not before.group.agents:
                del self._groups[before.group.ability]
        return desk

    def _count_present(self, agent: Agent, by: int) -> None:
        if agent.state is not AgentState.OFF:
            for name, level in agent.skills:
                levels = self._present.setdefault(name, {})
                levels[level] = levels.get(level, 0) + by
                if not levels[level]:
                    del levels[level]


def score_of(requirement: Requirement, place_at: Ms, now: Ms) -> float:
    """Rate x (1 + priority) / target x time in line: 1.0 when the target is reached at rate 1 and priority 0."""
    return pace_of(requirement) * (now - place_at)


def required(requirement: Requirement) -> str:
    """What is required, as words: `phone, de, billing 3, heating 1`."""
    skills = (f"{name} {level}" for name, level in requirement.skills)
    return ", ".join((requirement.kind, *((requirement.language,) if requirement.language else ()), *skills))


def _why_only(item: Waiting) -> str:
    return "meant for them" if item.ask.agent == item.only else "knows the case"


def _turn_of(requirement: Requirement) -> int:
    return URGENT if requirement.is_danger else ORDINARY


def pace_of(requirement: Requirement) -> float:
    """How much the score of work that requires this grows in a millisecond."""
    return requirement.rate * (1 + requirement.priority) / requirement.target_ms


def _takes_offers(agent: Agent) -> bool:
    return agent.state is AgentState.READY and agent.asked is None


def _meets(ability: Ability, need: NeedKey) -> bool:
    return can(ability, need[1], need[2])
