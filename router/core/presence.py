"""Who should be there by the roster and is not. Pure: roster, agents and the time are given.

Its one rule: somebody is missing who is gone (off, lost, set away by the system) though their shift has begun: at once
where they went in it, after a grace where they have not come. A break of their own is no going. Who was only counted is
missing where fewer are there who could be meant, and are not named in a shift of their own.
Whom the system set away never said that they go: they are told apart.
"""

from collections.abc import Iterator, Mapping

from router.core.agents import gone_at
from router.core.clock import Ms
from router.core.documents import Agent, Shift
from router.core.roster import Ability, Roster
from router.core.values import value
from router.core.words import AgentId, AgentState


@value
class Absent:
    """How many of a shift are missing: `gone`, who said so, left or never came, until it ends; `away`, whom the system
    set away, who may be back any minute, and are missed in the near future alone."""

    gone: int = 0
    away: int = 0


NOBODY = Absent()
Missing = Mapping[int, Absent]
"""By number of the shift in the roster: who is missing."""


def missing_now(roster: Roster, agents: Mapping[AgentId, Agent], *, now: Ms, late_ms: int) -> Missing:
    """How many are missing in each shift that is under way. Looks at every shift, and at every agent where people were
    only counted."""
    running = [(n, shift) for n, shift in enumerate(roster.shifts) if shift.start <= now < shift.end]
    named = {shift.agent for _, shift in running if shift.agent is not None}
    found = {
        n: Absent(away=1) if _is_set_away(agents.get(shift.agent)) else Absent(gone=1)
        for n, shift in running
        if shift.agent is not None
        and (at := _missing_from(agents.get(shift.agent), shift, late_ms)) is not None
        and now >= at
    }
    counted = [(n, shift) for n, shift in running if shift.agent is None and now >= shift.start + late_ms]
    if counted:
        others = [agent for id, agent in agents.items() if id not in named]
        there = [agent for agent in others if gone_at(agent) is None]
        found |= _missing_of_counted(counted, there, [agent for agent in others if _is_set_away(agent)], roster)
    return found


def changes_at(roster: Roster, agents: Mapping[AgentId, Agent], *, now: Ms, late_ms: int) -> Ms | None:
    """When somebody is missing next if nobody comes, or a shift begins whose people are not looked for yet."""
    return min((at for at in _changes(roster, agents, late_ms) if at > now), default=None)


def _changes(roster: Roster, agents: Mapping[AgentId, Agent], late_ms: int) -> Iterator[Ms]:
    for shift in roster.shifts:
        yield Ms(shift.start + late_ms)
        if shift.agent is not None and (at := _missing_from(agents.get(shift.agent), shift, late_ms)) is not None:
            yield at


def _missing_from(agent: Agent | None, shift: Shift, late_ms: int) -> Ms | None:
    """From when on they are missing in their shift as they are now; None while they are there."""
    if agent is None:
        return Ms(shift.start + late_ms)
    gone = gone_at(agent)
    if gone is None:
        return None
    at = gone if agent.state is AgentState.OFF and gone >= shift.start else Ms(max(gone, shift.start) + late_ms)
    return at if at < shift.end else None


def _missing_of_counted(
    counted: list[tuple[int, Shift]], there: list[Agent], away: list[Agent], roster: Roster
) -> dict[int, Absent]:
    """Each who is there fills one place, in the order in which the shifts were given; then each who was set away."""
    found: dict[int, Absent] = {}
    left, out = list(there), list(away)
    for n, shift in counted:
        fit = [agent for agent in left if _can(agent, roster.ability_of(shift))][: shift.count]
        left = [agent for agent in left if agent not in fit]
        if short := shift.count - len(fit):
            back = [agent for agent in out if _can(agent, roster.ability_of(shift))][:short]
            out = [agent for agent in out if agent not in back]
            found[n] = Absent(gone=short - len(back), away=len(back))
    return found


def _is_set_away(agent: Agent | None) -> bool:
    """Whether the system set them away, or lost them: they never said that they go."""
    return agent is not None and agent.state is AgentState.AWAY and gone_at(agent) is not None


def _can(agent: Agent, ability: Ability) -> bool:
    """Whether an agent may be one of those who were counted: for a queue, anybody; with a skill, who has it."""
    held = dict(agent.skills)
    return all(name in held for name, _ in ability[0])
