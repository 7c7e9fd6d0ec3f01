"""Who works when: teams of agents with the skills they have and a roster that repeats every day.

One rule: whoever's hours end finishes the talk they are in and takes no other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge

from router.core.clock import Ms
from router.core.documents import Agent, Requirement, SkillLevels
from router.core.values import replace
from router.core.words import AgentId, AgentState, VaultId
from router.sim.scenario import Scenario, Team

ON_THE_PHONE = (("phone", 1),)


@dataclass(frozen=True, slots=True)
class Shift:
    """From `at` on these agents stand as they say here."""

    at: Ms
    agents: tuple[Agent, ...]


def shifts(scenario: Scenario, requirements: Iterable[Requirement]) -> Iterator[Shift]:
    """What changes in who is there, for ever, the first at midnight. A team that names no skills has all that are
    required."""
    asked = list(requirements)
    every = every_skill(asked)
    languages = tuple(sorted({one.language for one in asked if one.language}))
    streams = [
        _shifts_of(team, f"agt_{n:03d}", skills_of(team, every), languages) for n, team in enumerate(scenario.staff)
    ]
    return merge(*streams, key=lambda shift: shift.at)


def every_skill(requirements: Iterable[Requirement]) -> dict[str, int]:
    """All skills that are required, each at the highest level."""
    every: dict[str, int] = {}
    for name, level in (skill for one in requirements for skill in one.skills):
        every[name] = max(level, every.get(name, 0))
    return every


def skills_of(team: Team, every: dict[str, int]) -> SkillLevels:
    return tuple(sorted((every if team.skills is None else team.skills).items()))


def _shifts_of(team: Team, prefix: str, skills: SkillLevels, languages: tuple[str, ...]) -> Iterator[Shift]:
    agents = [
        Agent(
            id=AgentId(f"{prefix}_{n:05d}"),
            version=1,
            name=VaultId(team.name),
            skills=skills,
            languages=languages,
            capacity=ON_THE_PHONE,
            phone=VaultId(team.name),
        )
        for n in range(team.most)
    ]
    there = 0
    for at, wanted in team.daily.changes():
        now, count = Ms(int(at)), int(wanted)
        state = AgentState.READY if count > there else AgentState.OFF
        moved = agents[min(count, there) : max(count, there)]
        yield Shift(now, tuple(replace(agent, state=state, since=now) for agent in moved))
        there = count
