"""Offers the matcher makes in a second, and what one costs as agents and waiting work grow; on the index alone."""

import random
import statistics
import time
from pathlib import Path

from router.core.clock import Ms
from router.core.documents import Agent, Ask, Requirement
from router.core.matcher import Matcher, Waiting
from router.core.words import AgentId, AgentState, CaseId, Channel, CustomerId, VaultId, WorkId

SKILLS = tuple(f"skill-{n:02d}" for n in range(40))
LANGUAGES = (None, "de", "en", "es")
HELD = 5
"""How much one agent has at once."""
OFFERS, TURNS = 20_000, 10
"""In a round; a round goes by turns of all that is compared, for a neighbour takes what the machine has for seconds."""
FEW_AGENTS, MANY_AGENTS = 100, 10_000
FEW_WAITING, MANY_WAITING = 1_000, 100_000


def matching(folder: Path, rounds: int) -> None:
    """Offers a second with 10,000 agents, 100,000 waiting and 40 skills; each ratio is of turns side by side."""
    del folder
    agents, waiting, most, quiet = list[float](), list[float](), list[float](), list[float]()
    for round in range(rounds):
        few_agents, few_waiting = _Busy(FEW_AGENTS, MANY_WAITING, round), _Busy(MANY_AGENTS, FEW_WAITING, round)
        many, few_idle, many_idle = (
            _Busy(MANY_AGENTS, MANY_WAITING, round),
            _Idle(FEW_AGENTS, round),
            _Idle(MANY_AGENTS, round),
        )
        sides = (many, few_agents, few_waiting, many_idle, few_idle)
        turns = [tuple(side.cost() for side in sides) for _ in range(TURNS)]
        median = [statistics.median(costs) for costs in zip(*turns, strict=True)]
        agents += [turn[0] / turn[1] for turn in turns]
        waiting += [turn[0] / turn[2] for turn in turns]
        quiet += [turn[3] / turn[4] for turn in turns]
        most.append(1e6 / median[0])
        print(
            f"  round {round + 1}: {1e6 / median[0]:,.0f} offers/s ({median[0]:.1f} µs each) · with 100 agents "
            f"{median[1]:.1f} µs, with 1,000 waiting {median[2]:.1f} µs · to idle agents {median[3]:.1f} µs, among 100 "
            f"{median[4]:.1f} µs"
        )
    print(f"matching: {statistics.median(most):,.0f} offers/s (want 20,000)")
    print(f"matching: an offer among 10,000 agents costs {statistics.median(agents):.2f} x one among 100 (want 1.5)")
    print(f"matching: an offer among 100,000 waiting costs {statistics.median(waiting):.2f} x one of 1,000 (want 1.5)")
    print(f"matching: nobody waits: among 10,000 idle agents {statistics.median(quiet):.2f} x one among 100 (want 1.5)")


class _Busy:
    """Work waits: an agent finishes, is offered the next, and somebody else arrives."""

    def __init__(self, agents: int, waiting: int, seed: int) -> None:
        self._chance = chance = random.Random(seed)
        self._matcher = matcher = _staffed(agents, chance)
        for n in range(waiting):
            matcher.add(_work(n, Ms(n), chance))
        self._now = waiting
        self._agents = [AgentId(f"agt_{n:05d}") for n in range(agents)]
        for id in self._agents:  # everybody is busy
            while (match := matcher.for_agent(id, Ms(self._now))) is not None:
                _offer(matcher, match.waiting, id)
                matcher.add(self._arrival())

    def cost(self) -> float:
        """Microseconds of one offer of the next turn."""
        matcher, offers = self._matcher, 0
        turn = [(self._arrival(), self._chance.choice(self._agents)) for _ in range(OFFERS // TURNS)]
        began = time.process_time()
        for item, id in turn:
            now = item.ask.place_at
            if matcher.load(id, "message"):
                matcher.free(id, "message", now)
            while (match := matcher.for_agent(id, now)) is not None:
                _offer(matcher, match.waiting, id)
                offers += 1
            matcher.add(item)
            if (match := matcher.for_work(item.work, now)) is not None:
                _offer(matcher, match.waiting, match.agent)
                offers += 1
        return (time.process_time() - began) / offers * 1e6

    def _arrival(self) -> Waiting:
        self._now += 1
        return _work(self._now - 1, Ms(self._now - 1), self._chance)


class _Idle:
    """Agents wait: somebody arrives and is offered at once, and it is finished."""

    def __init__(self, agents: int, seed: int) -> None:
        self._chance = random.Random(seed)
        self._matcher = _staffed(agents, self._chance)
        self._now = 0
        for item in self._arrivals(2_000):  # every need has been met once
            self._matcher.add(item)
            self._matcher.for_work(item.work, Ms(0))
            self._matcher.remove(item.work)

    def cost(self) -> float:
        """Microseconds of one offer of the next turn."""
        matcher, turn = self._matcher, self._arrivals(OFFERS // TURNS)
        began = time.process_time()
        for item in turn:
            now = item.ask.place_at
            matcher.add(item)
            if (match := matcher.for_work(item.work, now)) is not None:
                _offer(matcher, item, match.agent)
                matcher.free(match.agent, "message", now)
            else:
                matcher.remove(item.work)
        return (time.process_time() - began) / len(turn) * 1e6

    def _arrivals(self, count: int) -> list[Waiting]:
        self._now += count
        return [_work(n, Ms(n), self._chance) for n in range(self._now - count, self._now)]


def _offer(matcher: Matcher, item: Waiting, agent: AgentId) -> None:
    matcher.remove(item.work)
    matcher.hold(agent, "message")


def _staffed(agents: int, chance: random.Random) -> Matcher:
    """Each with three to five of the skills and one to three languages: nearly everybody is a group of their own."""
    matcher = Matcher()
    for n in range(agents):
        skills = sorted(chance.sample(SKILLS, chance.randint(3, 5)))
        languages = sorted(chance.sample(("de", "en", "es"), chance.randint(1, 3)))
        matcher.put_agent(
            Agent(
                id=AgentId(f"agt_{n:05d}"),
                version=1,
                name=VaultId("v"),
                skills=tuple((name, chance.randint(1, 3)) for name in skills),
                languages=tuple(languages),
                capacity=(("message", HELD),),
                state=AgentState.READY,
            )
        )
    return matcher


def _work(n: int, place_at: Ms, chance: random.Random) -> Waiting:
    """One skill; three of four in a language: 160 classes."""
    requirement = Requirement(
        channel=Channel.SMS,
        skills=((chance.choice(SKILLS), 1),),
        language=chance.choice(LANGUAGES),
    )
    work = WorkId(f"work_{n:07d}")
    ask = Ask(work=work, place_at=place_at, queue="general", requirement=requirement, policy=1, rule="r")
    return Waiting(work=work, case=CaseId("case"), customer=CustomerId("cus"), ask=ask, requirement=requirement)
