"""Days of a centre whose agents do not all have the same skills, and whose lines know only what a router knows.

Some callers need a skill that a part of the agents have; everybody else is served by all of them, the oldest place
first (an N of skills). Whoever comes and finds nobody free is told a range, which is scored when their place is
reached, that of somebody who hung up as well.
"""

import heapq
import math
from dataclasses import dataclass, field
from random import Random

from router.core.clock import Ms
from router.core.documents import Agent, Ask, Requirement, SkillLevels
from router.core.matcher import Matcher, Waiting
from router.core.waits.ranges import Range
from router.core.words import AgentId, AgentState, CaseId, Channel, CustomerId, VaultId, WorkId
from router.journal.memory import MemoryJournal
from router.node.wait_lines import Lines
from router.sim.staff import ON_THE_PHONE

TALK_S, SIGMA, PATIENCE_S = 300.0, math.sqrt(math.log(2.0)), 420.0
DAY_S, OPEN_S = 86_400.0, 12 * 3600.0
SKILLED: SkillLevels = (("heating", 1),)


@dataclass(frozen=True)
class Skills:
    """`plain`, `skilled`: agents without the skill and with it. `needs`: the part of callers who need it. `relax_s`:
    after so long it is needed no more; None: never. `load`: of all agents, at the peak."""

    plain: int = 14
    skilled: int = 6
    needs: float = 0.25
    load: float = 1.0
    relax_s: int | None = None
    days: int = 40


@dataclass(slots=True, eq=False)
class Caller:
    id: str
    ask: Ask
    came_s: float
    told: Range | None = None
    waits: bool = True
    reached_s: float | None = None

    @property
    def wait_s(self) -> float:
        assert self.reached_s is not None
        return self.reached_s - self.came_s


@dataclass
class Now:
    """A clock, and where lines find the matcher."""

    matcher: Matcher
    at_s: float = 0.0

    def now(self) -> Ms:
        return Ms(round(self.at_s * 1000))


@dataclass
class SkillsPlay:
    """All days, one after the other: `callers` are those who waited, by whether they need the skill."""

    centre: Skills
    seed: int
    callers: dict[bool, list[Caller]] = field(default_factory=lambda: {True: [], False: []})

    def __post_init__(self) -> None:
        self.chance = Random(f"skills/{self.seed}")
        self.matcher = Matcher()
        self.time = Now(self.matcher)
        self.lines = Lines(domain=self.time, clock=self.time, journal=MemoryJournal())  # type: ignore[arg-type]
        self.heap: list[tuple[float, int, str, object]] = []
        self.count = 0
        self.inside: dict[WorkId, Caller] = {}
        self.ghosts: dict[bool, list[tuple[float, str, Caller]]] = {True: [], False: []}
        for n in range(self.centre.plain + self.centre.skilled):
            agent = Agent(
                AgentId(f"a{n:03d}"),
                1,
                VaultId("v"),
                skills=SKILLED if n < self.centre.skilled else (),
                languages=(),
                capacity=ON_THE_PHONE,
                phone=VaultId("v"),
                state=AgentState.READY,
            )
            self.matcher.put_agent(agent)

    def run(self) -> dict[bool, list[Caller]]:
        agents = self.centre.plain + self.centre.skilled
        for day in range(self.centre.days):
            at_s, most = 0.0, agents / TALK_S * self.centre.load
            while (at_s := at_s + self.chance.expovariate(most)) < OPEN_S:
                rate = 0.55 + 0.45 * math.sin(math.pi * at_s / OPEN_S) ** 2
                if self.chance.random() < rate:
                    self.later(day * DAY_S + at_s, "come", self.chance.random() < self.centre.needs)
            while self.heap:
                self.time.at_s, _, what, about = heapq.heappop(self.heap)
                getattr(self, f"_{what}")(self.time.at_s, about)
        return self.callers

    def later(self, at_s: float, what: str, about: object) -> None:
        self.count += 1
        heapq.heappush(self.heap, (at_s, self.count, what, about))

    def _come(self, now_s: float, needs: bool) -> None:
        self.count += 1
        id = f"w{self.count:09d}"
        relax = ((self.centre.relax_s * 1000, "skill:heating"),) if needs and self.centre.relax_s is not None else ()
        requirement = Requirement(channel=Channel.PHONE, skills=SKILLED if needs else (), target_ms=60_000)
        ask = Ask(
            work=WorkId(id),
            place_at=self.time.now(),
            queue="q",
            requirement=requirement,
            policy=1,
            rule="r",
            relax=relax,
        )
        caller = Caller(id, ask, now_s)
        self.inside[ask.work] = caller
        self.put(caller, requirement)
        if (match := self.matcher.for_work(ask.work, self.time.now())) is not None:
            self.serve(caller, match.agent, now_s)
            return
        followed = self.lines.of(ask)
        followed.ask = ask
        self.lines.look(followed)
        caller.told = followed.line.range_for(id, now_s)
        followed.line.join(id, place_s=now_s, now_s=now_s, holds=True, told=caller.told)
        self.callers[needs].append(caller)
        self.later(now_s + self.chance.expovariate(1 / PATIENCE_S), "leave", caller)
        if relax:
            self.later(now_s + relax[0][0] / 1000, "relax", caller)

    def put(self, caller: Caller, requirement: Requirement) -> None:
        customer = CustomerId("c")
        self.matcher.add(
            Waiting(work=caller.ask.work, case=CaseId("c"), customer=customer, ask=caller.ask, requirement=requirement)
        )

    def _relax(self, now_s: float, caller: Caller) -> None:
        if caller.waits:
            self.matcher.remove(caller.ask.work)
            self.put(caller, Requirement(channel=Channel.PHONE, target_ms=60_000))
            if (match := self.matcher.for_work(caller.ask.work, self.time.now())) is not None:
                self.serve(caller, match.agent, now_s)

    def _leave(self, now_s: float, caller: Caller) -> None:
        if caller.waits:
            caller.waits = False
            self.matcher.remove(caller.ask.work)
            self.lines.of(caller.ask).line.hang_up(caller.id, now_s)
            heapq.heappush(self.ghosts[bool(caller.ask.requirement.skills)], (caller.came_s, caller.id, caller))

    def _end(self, now_s: float, about: tuple[AgentId, Ask]) -> None:
        agent, ask = about
        self.lines.of(ask).line.people.talk_ended(now_s)
        self.matcher.free(agent, "phone", self.time.now())
        if (match := self.matcher.for_agent(agent, self.time.now())) is not None:
            self.serve(self.inside[match.waiting.work], agent, now_s)
            return
        self.lines.settle()
        for needs, ghosts in self.ghosts.items():  # they are free, so whoever they could take has been reached
            if not needs or self.centre.relax_s is not None or agent < AgentId(f"a{self.centre.skilled:03d}"):
                self.reach(ghosts, math.inf, now_s)

    def serve(self, caller: Caller, agent: AgentId, now_s: float) -> None:
        self.matcher.remove(caller.ask.work)
        self.matcher.hold(agent, "phone")
        self.reach(self.ghosts[bool(caller.ask.requirement.skills)], caller.came_s, now_s)
        caller.waits, caller.reached_s = False, now_s
        line = self.lines.of(caller.ask).line
        line.reach(caller.id, now_s)
        line.people.talk_began(now_s)
        talk_s = self.chance.lognormvariate(math.log(TALK_S) - SIGMA * SIGMA / 2, SIGMA)
        self.later(now_s + talk_s, "end", (agent, caller.ask))
        del self.inside[caller.ask.work]

    def reach(self, ghosts: list[tuple[float, str, Caller]], upto_s: float, now_s: float) -> None:
        while ghosts and ghosts[0][0] <= upto_s:
            heapq.heappop(ghosts)[2].reached_s = now_s
