"""Days of a contact centre whose line knows only what a router knows: people come, wait in the core's matcher, hang up,
take call-backs, do not answer them. What they were told on coming is scored when their place is reached.

It plays its own days instead of `router.sim.run`: there people take a call-back after a minute in line, here by what
they are told when they come; and here whole days go better or worse, as no roster knows.
"""

import heapq
import math
from dataclasses import dataclass, field
from random import Random

from router.core.clock import Ms
from router.core.documents import Agent, Ask, Requirement
from router.core.matcher import Matcher, Waiting
from router.core.values import replace
from router.core.waits.line import Line, Pool
from router.core.waits.ranges import Range
from router.core.words import AgentId, AgentState, CaseId, Channel, CustomerId, VaultId, WorkId
from router.sim.staff import ON_THE_PHONE

TALK_S, RING_S, ANSWERS, RETRY_S, RINGS = 300.0, 35.0, 0.8, 600.0, 3
OFFER_S, TAKES = 60.0, 0.4
DAY_S, OPEN_S = 86_400.0, 12 * 3600.0
SHIFTS = ((0.0, 12), (3600.0, 20), (5 * 3600.0, 16), (7 * 3600.0, 20), (10 * 3600.0, 12))
SIGMA = math.sqrt(math.log(2.0))
PHONE = Requirement(channel=Channel.PHONE)


@dataclass(frozen=True)
class Centre:
    scale: float = 1.0
    load: float = 0.95
    days: int = 60
    incidents: bool = False


@dataclass(slots=True, eq=False)
class Visit:
    """One contact who had to wait, with what three simple estimators would have said."""

    id: str
    came_s: float
    told: Range | None = None
    les_s: float = 0.0
    places_s: float = 0.0
    called: bool = False
    rings: int = 0
    waits: bool = True
    reached_s: float | None = None

    @property
    def wait_s(self) -> float:
        assert self.reached_s is not None
        return self.reached_s - self.came_s


@dataclass
class Play:
    """All days of a centre, one after the other: `visits` are those who waited, in order of coming."""

    centre: Centre
    seed: int
    visits: list[Visit] = field(default_factory=list[Visit])

    def __post_init__(self) -> None:
        self.chance = Random(f"waits/{self.seed}")
        self.line = Line()
        self.matcher = Matcher()
        self.agents = [
            Agent(
                AgentId(f"a{n:03d}"),
                1,
                VaultId("v"),
                skills=(),
                languages=(),
                capacity=ON_THE_PHONE,
                phone=VaultId("v"),
            )
            for n in range(self.level(3600.0))
        ]
        self.heap: list[tuple[float, int, str, object]] = []
        self.count = self.busy = self.there = 0
        self.les_s = 0.0
        self.ghosts: list[tuple[float, str, Visit]] = []
        self.inside: dict[str, Visit] = {}

    def level(self, at_s: float) -> int:
        of_day = at_s % DAY_S
        return max(1, round(self.centre.scale * next(n for begin, n in reversed(SHIFTS) if of_day >= begin)))

    def levels(self, now_s: float) -> list[tuple[float, float]]:
        of_day = now_s % DAY_S
        later = [(begin - of_day, float(max(1, round(n * self.centre.scale)))) for begin, n in SHIFTS if begin > of_day]
        return [(0.0, float(self.level(now_s))), *later]

    def run(self) -> list[Visit]:
        for day in range(self.centre.days):
            self.play_day(day)
        return self.visits

    def play_day(self, day: int) -> None:
        first_s, level = day * DAY_S, math.exp(self.chance.gauss(0.0, 0.12))
        self.mean = math.exp(self.chance.gauss(0.0, 0.08)) * (1.1 if day >= self.centre.days // 2 else 1.0)
        self.is_incident = self.centre.incidents and day % 5 == 4
        most, at_s = level * 24 / TALK_S * self.centre.load * self.centre.scale, 0.0
        while (at_s := at_s + self.chance.expovariate(most)) < OPEN_S:
            h = at_s / 3600
            rate = 8 + 14 * math.exp(-(((h - 2.5) / 1.3) ** 2)) + 11 * math.exp(-(((h - 8.0) / 1.3) ** 2))
            if self.chance.random() < rate / 24:
                self.later(first_s + at_s, "come", None)
        for begin, _ in SHIFTS:
            self.later(first_s + begin, "shift", None)
        while self.heap:
            now_s, _, what, about = heapq.heappop(self.heap)
            getattr(self, f"_{what}")(now_s, about)

    def later(self, at_s: float, what: str, about: object) -> None:
        self.count += 1
        heapq.heappush(self.heap, (at_s, self.count, what, about))

    def _shift(self, now_s: float, about: None) -> None:
        wanted = self.level(now_s)
        changed = self.agents[min(wanted, self.there) : max(wanted, self.there)]
        state = AgentState.READY if wanted > self.there else AgentState.OFF
        self.there = wanted
        for agent in changed:
            self.matcher.put_agent(replace(agent, state=state, since=ms(now_s)))
        for agent in changed:
            self.match(agent.id, now_s)

    def _come(self, now_s: float, about: None) -> None:
        visit = Visit(f"w{self.count:09d}/{now_s:014.4f}", now_s)
        self.count += 1
        self.inside[visit.id] = visit
        self.put(visit)
        if (match := self.matcher.for_work(WorkId(visit.id), ms(now_s))) is not None:
            self.serve(visit, match.agent, now_s)
            return
        self.line.look(now_s, Pool(self.levels(now_s), self.busy))
        visit.told, visit.les_s = self.line.newcomer(), self.les_s
        visit.places_s = (len(self.line) + 1) * TALK_S / self.there
        takes = self.chance.random() < TAKES
        visit.called = takes and visit.told is not None and visit.told.expected_s > OFFER_S
        self.line.join(visit.id, place_s=now_s, now_s=now_s, holds=not visit.called, told=visit.told)
        self.visits.append(visit)
        if not visit.called:
            mean_s = 60.0 if self.chance.random() < 0.25 else 420.0
            self.later(now_s + self.chance.expovariate(1 / mean_s), "leave", visit)

    def _leave(self, now_s: float, visit: Visit) -> None:
        if visit.waits:
            visit.waits = False
            self.matcher.remove(WorkId(visit.id))
            self.line.hang_up(visit.id, now_s)
            heapq.heappush(self.ghosts, (visit.came_s, visit.id, visit))

    def _end(self, now_s: float, about: tuple[AgentId, bool]) -> None:
        agent, is_talk = about
        self.busy -= 1
        if is_talk:
            self.line.people.talk_ended(now_s)
        self.matcher.free(agent, "phone", ms(now_s))
        self.match(agent, now_s)

    def _back(self, now_s: float, visit: Visit) -> None:
        visit.waits = True
        self.put(visit)
        self.line.join(visit.id, place_s=visit.came_s, now_s=now_s, holds=False, told=None)
        if (match := self.matcher.for_work(WorkId(visit.id), ms(now_s))) is not None:
            self.serve(visit, match.agent, now_s)

    def put(self, visit: Visit) -> None:
        work = WorkId(visit.id)
        ask = Ask(work=work, place_at=ms(visit.came_s), queue="q", requirement=PHONE, policy=1, rule="r")
        customer = CustomerId("c")
        self.matcher.add(Waiting(work=work, case=CaseId("c"), customer=customer, ask=ask, requirement=PHONE))

    def match(self, agent: AgentId, now_s: float) -> None:
        if (match := self.matcher.for_agent(agent, ms(now_s))) is not None:
            self.serve(self.inside[match.waiting.work], agent, now_s)
        elif agent in {a.id for a in self.agents[: self.there]}:
            self.line.rest(now_s, is_free=True)
            self.reach_ghosts(math.inf, now_s)

    def serve(self, visit: Visit, agent: AgentId, now_s: float) -> None:
        self.matcher.remove(WorkId(visit.id))
        self.matcher.hold(agent, "phone")
        self.reach_ghosts(visit.came_s, now_s)
        if visit.reached_s is None:
            visit.reached_s = now_s
            self.les_s = now_s - visit.came_s
        self.line.reach(visit.id, now_s)
        visit.waits, self.busy = False, self.busy + 1
        if visit.called:
            visit.rings += 1
            is_answered = self.chance.random() < ANSWERS
            self.line.people.rang(answered=is_answered, ring_s=RING_S)
            if not is_answered:
                self.later(now_s + RING_S, "end", (agent, False))
                if visit.rings < RINGS:
                    back_s = now_s + RING_S + RETRY_S
                    self.later(back_s, "back", visit)
                    self.line.miss(visit.id, place_s=visit.came_s, back_s=back_s)
                return
        talk_s = self.chance.lognormvariate(math.log(TALK_S * self.mean) - SIGMA * SIGMA / 2, SIGMA)
        shocked = self.is_incident and 2 * 3600 <= now_s % DAY_S < 4 * 3600
        self.line.people.talk_began(now_s)
        self.later(now_s + talk_s * (1.5 if shocked else 1.0), "end", (agent, True))
        del self.inside[visit.id]

    def reach_ghosts(self, upto_s: float, now_s: float) -> None:
        while self.ghosts and self.ghosts[0][0] <= upto_s:
            heapq.heappop(self.ghosts)[2].reached_s = now_s


def ms(at_s: float) -> Ms:
    return Ms(round(at_s * 1000))
