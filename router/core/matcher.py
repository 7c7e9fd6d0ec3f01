"""The matcher: which waiting work goes to which agent, decided on the heads of classes only.

Waiting work stands in classes by what it requires, each ordered by place (ties by id); agents stand in groups by what
they can do. Score = rate x (now - place) / target of the ask: linear, so order inside a class never changes and nothing
starves (accumulating priority: Kleinrock 1964; Stanford, Taylor and Ziedins 2014). A decision costs one look per class
that fits, whatever the number of agents or of work waiting. Same input, same output.

An index in memory, rebuilt from documents at start; it changes nothing itself, it names pairs.
"""

import heapq
from collections.abc import Collection
from dataclasses import dataclass, field

from router.core.clock import Ms
from router.core.documents import Agent, Ask, Requirement
from router.core.values import value
from router.core.words import AgentId, AgentState, CaseId, CustomerId, WorkId

CANDIDATES_MAX = 8
"""How many agents a decision names in its explanation."""


@value
class Waiting:
    """One piece of waiting work. `requirement`: what it requires now, `relaxed`: what it no longer does, and why.
    `passed_by`: agents it is not offered to (again)."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    ask: Ask
    requirement: Requirement
    relaxed: tuple[str, ...] = ()
    passed_by: tuple[AgentId, ...] = ()


@value
class Match:
    waiting: Waiting
    agent: AgentId
    score: float
    candidates: tuple[str, ...]


ClassKey = tuple[Requirement, AgentId | None, tuple[AgentId, ...]]
Ability = tuple[tuple[tuple[str, int], ...], tuple[str, ...]]


@dataclass(slots=True)
class Line:
    """The waiting work of one class: a heap by (place, work) with lazy removal."""

    key: ClassKey
    heap: list[tuple[Ms, WorkId]] = field(default_factory=list[tuple[Ms, WorkId]])


@dataclass(slots=True)
class Group:
    """Agents of one ability, and those of them who may take an offer on a channel, longest idle first."""

    ability: Ability
    agents: dict[AgentId, Agent] = field(default_factory=dict[AgentId, Agent])
    fits: dict[Requirement, bool] = field(default_factory=dict[Requirement, bool])


class Matcher:
    def __init__(self) -> None:
        self._waiting: dict[WorkId, Waiting] = {}
        self._lines: dict[ClassKey, Line] = {}
        self._groups: dict[Ability, Group] = {}
        self._agents: dict[AgentId, Agent] = {}
        self._free_heaps: dict[tuple[Ability, str], list[tuple[int, Ms, AgentId]]] = {}
        self._load: dict[AgentId, dict[str, int]] = {}

    # --- what is known -----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How much work waits."""
        return len(self._waiting)

    def waiting(self, work: WorkId) -> Waiting | None:
        return self._waiting.get(work)

    def longest(self, most: int) -> list[Waiting]:
        """Who has waited longest, at most `most`. One look at each that waits."""
        return heapq.nsmallest(most, self._waiting.values(), key=lambda item: (item.ask.place_at, item.work))

    def waiting_by_queue(self) -> dict[str, tuple[int, Ms]]:
        """Per queue: how many wait, and the oldest place."""
        found: dict[str, tuple[int, Ms]] = {}
        for item in self._waiting.values():
            count, oldest = found.get(item.ask.queue, (0, item.ask.place_at))
            found[item.ask.queue] = (count + 1, min(oldest, item.ask.place_at))
        return found

    def load(self, agent: AgentId, kind: str) -> int:
        """Offers and work an agent holds of a kind (phone, chat, message, email)."""
        return self._load.get(agent, {}).get(kind, 0)

    def is_held(self, skill: str) -> bool:
        """Whether anybody present (not off) has a skill."""
        return any(
            agent.state is not AgentState.OFF
            for group in self._groups.values()
            if any(name == skill for name, _ in group.ability[0])
            for agent in group.agents.values()
        )

    def requiring(self, skills: Collection[str]) -> list[WorkId]:
        """Waiting work that requires one of `skills`, the longest waiter first. Linear in what waits."""
        found = [
            (item.ask.place_at, item.work)
            for item in (self._waiting.values() if skills else ())
            if any(name in skills for name, _ in item.requirement.skills)
        ]
        return [work for _, work in sorted(found)]

    # --- changes -----------------------------------------------------------------------------------------------------

    def add(self, item: Waiting) -> None:
        """Put work in line, at the place it has had all along."""
        self._waiting[item.work] = item
        key = (item.requirement, item.ask.agent, item.passed_by)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(key=key)
        heapq.heappush(line.heap, (item.ask.place_at, item.work))

    def remove(self, work: WorkId) -> Waiting | None:
        """Take work out of line; its heap entry is dropped when it comes to the head."""
        return self._waiting.pop(work, None)

    def put_agent(self, agent: Agent) -> None:
        """Learn of a new or changed agent."""
        ability: Ability = (agent.skills, agent.languages)
        known = self._agents.get(agent.id)
        if known is not None and (known.skills, known.languages) != ability:
            self._groups[(known.skills, known.languages)].agents.pop(agent.id, None)
        self._agents[agent.id] = agent
        group = self._groups.get(ability)
        if group is None:
            group = self._groups[ability] = Group(ability=ability)
        group.agents[agent.id] = agent
        for kind, _ in agent.capacity:
            self._note_free(agent, kind)

    def hold(self, agent: AgentId, kind: str) -> None:
        """Capacity taken by an offer or by accepted work."""
        held = self._load.setdefault(agent, {})
        held[kind] = held.get(kind, 0) + 1
        self._note_free(self._agents[agent], kind)

    def free(self, agent: AgentId, kind: str) -> None:
        """Capacity given back."""
        held = self._load[agent]
        held[kind] -= 1
        assert held[kind] >= 0, "more capacity given back than was taken"
        self._note_free(self._agents[agent], kind)

    # --- decisions ---------------------------------------------------------------------------------------------------

    def for_work(self, work: WorkId, now: Ms) -> Match | None:
        """The agent for newly waiting work: of all free ones who can, the least loaded, then the longest idle.

        None as well when older work of the same class stands before it: that is matched by its own turn."""
        item = self._waiting.get(work)
        if item is None:
            return None
        if item.ask.agent is not None:
            return self._for_named(item, item.ask.agent, now)
        best: tuple[int, Ms, AgentId] | None = None
        named: list[str] = []
        for group in self._groups.values():
            if not self._fits(group, item.requirement):
                continue
            free = self._best_free(group, item, named)
            if free is not None and (best is None or free < best):
                best = free
        if best is None:
            return None
        return Match(
            waiting=item,
            agent=best[2],
            score=score_of(item.ask, now),
            candidates=(*named[:CANDIDATES_MAX], *item.relaxed),
        )

    def for_agent(self, id: AgentId, now: Ms) -> Match | None:
        """The work for an agent with free capacity: the highest score among the heads of all classes they can take."""
        agent = self._agents.get(id)
        if agent is None or not _takes_offers(agent):
            return None
        group = self._groups[(agent.skills, agent.languages)]
        best: tuple[int, float, Ms, WorkId] | None = None
        for key in list(self._lines):
            requirement, only, passed_by = key
            if (only is not None and only != id) or id in passed_by:
                continue
            if only is None and not self._fits(group, requirement):
                continue
            if self.load(id, requirement.kind) >= agent.room_for(requirement.kind):
                continue
            head = self._head(self._lines[key])
            if head is None:
                continue
            rank = (-requirement.priority, -score_of(head.ask, now), head.ask.place_at, head.work)
            if best is None or rank < best:
                best = rank
        if best is None:
            return None
        item = self._waiting[best[3]]
        load = self.load(id, item.requirement.kind)
        named = (f"{id}: free, holds {load}",)
        return Match(waiting=item, agent=id, score=-best[1], candidates=(*named, *item.relaxed))

    def _for_named(self, item: Waiting, id: AgentId, now: Ms) -> Match | None:
        agent, kind = self._agents.get(id), item.requirement.kind
        if agent is None or not _takes_offers(agent) or id in item.passed_by:
            return None
        if self.load(id, kind) >= agent.room_for(kind):
            return None
        return Match(waiting=item, agent=id, score=score_of(item.ask, now), candidates=(f"{id}: meant for them",))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _head(self, line: Line) -> Waiting | None:
        while line.heap:
            item = self._waiting.get(line.heap[0][1])
            if item is not None and (item.requirement, item.ask.agent, item.passed_by) == line.key:
                return item
            heapq.heappop(line.heap)
        del self._lines[line.key]
        return None

    def _fits(self, group: Group, requirement: Requirement) -> bool:
        known = group.fits.get(requirement)
        if known is None:
            skills = dict(group.ability[0])
            known = all(skills.get(name, 0) >= level for name, level in requirement.skills) and (
                requirement.language is None or requirement.language in group.ability[1]
            )
            group.fits[requirement] = known
        return known

    def _note_free(self, agent: Agent, kind: str) -> None:
        load = self.load(agent.id, kind)
        if _takes_offers(agent) and load < agent.room_for(kind):
            heap = self._free_heaps.setdefault(((agent.skills, agent.languages), kind), [])
            heapq.heappush(heap, (load, agent.since, agent.id))

    def _is_free(self, entry: tuple[int, Ms, AgentId], kind: str, ability: Ability) -> bool:
        load, since, id = entry
        agent = self._agents[id]
        return (
            _takes_offers(agent)
            and agent.since == since
            and self.load(id, kind) == load
            and load < agent.room_for(kind)
            and (agent.skills, agent.languages) == ability
        )

    def _best_free(self, group: Group, item: Waiting, named: list[str]) -> tuple[int, Ms, AgentId] | None:
        kind = item.requirement.kind
        heap = self._free_heaps.get((group.ability, kind), [])
        skipped: list[tuple[int, Ms, AgentId]] = []
        found: tuple[int, Ms, AgentId] | None = None
        while heap:
            entry = heap[0]
            if not self._is_free(entry, kind, group.ability) or entry in skipped:
                heapq.heappop(heap)
                continue
            id = entry[2]
            if id in item.passed_by:
                named.append(f"{id}: passed it by")
                skipped.append(heapq.heappop(heap))
                continue
            named.append(f"{id}: free, holds {entry[0]}")
            found = entry
            break
        for entry in skipped:
            heapq.heappush(heap, entry)
        return found


def score_of(ask: Ask, now: Ms) -> float:
    """Rate x time in line / target of this kind of ask: 1.0 when the target is reached at rate 1."""
    return ask.requirement.rate * (now - ask.place_at) / ask.requirement.target_ms


def _takes_offers(agent: Agent) -> bool:
    return agent.state is AgentState.READY and agent.asked is None
