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
OFFERS = 20_000
FEW_AGENTS, MANY_AGENTS = 100, 10_000
FEW_WAITING, MANY_WAITING = 1_000, 100_000


def matching(folder: Path, rounds: int) -> None:
    """Offers a second with 10,000 agents, 100,000 waiting and 40 skills; each ratio is of two turns in this run."""
    del folder
    agents, waiting, most, quiet = list[float](), list[float](), list[float](), list[float]()
    for turn in range(rounds):
        few_agents = _cost(FEW_AGENTS, MANY_WAITING, seed=turn)
        few_waiting = _cost(MANY_AGENTS, FEW_WAITING, seed=turn)
        many = _cost(MANY_AGENTS, MANY_WAITING, seed=turn)
        few_idle, many_idle = _cost_idle(FEW_AGENTS, seed=turn), _cost_idle(MANY_AGENTS, seed=turn)
        agents.append(many / few_agents)
        waiting.append(many / few_waiting)
        quiet.append(many_idle / few_idle)
        most.append(1e6 / many)
        print(
            f"  round {turn + 1}: {1e6 / many:,.0f} offers/s ({many:.1f} µs each) · with 100 agents {few_agents:.1f} µs, "
            f"with 1,000 waiting {few_waiting:.1f} µs · to idle agents {many_idle:.1f} µs, among 100 {few_idle:.1f} µs"
        )
    print(f"matching: {statistics.median(most):,.0f} offers/s (want 20,000)")
    print(f"matching: an offer among 10,000 agents costs {statistics.median(agents):.2f} x one among 100 (want 1.5)")
    print(f"matching: an offer among 100,000 waiting costs {statistics.median(waiting):.2f} x one of 1,000 (want 1.5)")
    print(f"matching: nobody waits: among 10,000 idle agents {statistics.median(quiet):.2f} x one among 100 (want 1.5)")


def _cost(agents: int, waiting: int, *, seed: int) -> float:
    """Microseconds of one offer where work waits: an agent finishes, is offered the next, and somebody else arrives."""
    chance = random.Random(seed)
    matcher = _staffed(agents, chance)
    for n in range(waiting):
        matcher.add(_work(n, Ms(n), chance))
    ids = [AgentId(f"agt_{n:05d}") for n in range(agents)]
    now = waiting
    for id in ids:  # everybody is busy
        while (match := matcher.for_agent(id, Ms(now))) is not None:
            _offer(matcher, match.waiting, id)
            matcher.add(_work(now, Ms(now), chance))
            now += 1
    arriving = [_work(now + n, Ms(now + n), chance) for n in range(OFFERS)]
    finishing = [chance.choice(ids) for _ in range(OFFERS)]
    offers = 0
    began = time.process_time()
    for item, id in zip(arriving, finishing, strict=True):
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


def _cost_idle(agents: int, *, seed: int) -> float:
    """Microseconds of one offer where agents wait: somebody arrives and is offered at once, and it is finished."""
    chance = random.Random(seed)
    matcher = _staffed(agents, chance)
    arriving = [_work(n, Ms(n), chance) for n in range(OFFERS)]
    for item in arriving[:2_000]:  # every need has been met once
        matcher.add(item)
        matcher.for_work(item.work, Ms(0))
        matcher.remove(item.work)
    began = time.process_time()
    for item in arriving:
        now = item.ask.place_at
        matcher.add(item)
        if (match := matcher.for_work(item.work, now)) is not None:
            _offer(matcher, item, match.agent)
            matcher.free(match.agent, "message", now)
        else:
            matcher.remove(item.work)
    return (time.process_time() - began) / OFFERS * 1e6


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
