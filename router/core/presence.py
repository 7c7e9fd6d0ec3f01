"""Who should be there by the roster and is not. Pure: roster, agents and the time are given.

Its one rule: somebody is missing who is gone (off, lost, set away by the system) though their shift has begun: at once
where they went in it, after a grace where they have not come. A break of their own is no going. Who was only counted is
missing where fewer are there who could be meant, and are not named in a shift of their own.
"""

from collections.abc import Iterator, Mapping

from router.core.agents import gone_at
from router.core.clock import Ms
from router.core.documents import Agent, Shift
from router.core.roster import Ability, Roster
from router.core.words import AgentId, AgentState

Missing = Mapping[int, int]
"""By number of the shift in the roster: how many are missing."""


def missing_now(roster: Roster, agents: Mapping[AgentId, Agent], *, now: Ms, late_ms: int) -> Missing:
    """How many are missing in each shift that is under way. Looks at every shift, and at every agent where people were
    only counted."""
    running = [(n, shift) for n, shift in enumerate(roster.shifts) if shift.start <= now < shift.end]
    named = {shift.agent for _, shift in running if shift.agent is not None}
    found = {
        n: 1
        for n, shift in running
        if shift.agent is not None
        and (at := _missing_from(agents.get(shift.agent), shift, late_ms)) is not None
        and now >= at
    }
    counted = [(n, shift) for n, shift in running if shift.agent is None and now >= shift.start + late_ms]
    if counted:
        there = [agent for id, agent in agents.items() if id not in named and gone_at(agent) is None]
        found |= _missing_of_counted(counted, there, roster)
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


def _missing_of_counted(counted: list[tuple[int, Shift]], there: list[Agent], roster: Roster) -> dict[int, int]:
    """Each who is there fills one place, in the order in which the shifts were given."""
    found: dict[int, int] = {}
    left = list(there)
    for n, shift in counted:
        fit = [agent for agent in left if _can(agent, roster.ability_of(shift))][: shift.count]
        left = [agent for agent in left if agent not in fit]
        if len(fit) < shift.count:
            found[n] = shift.count - len(fit)
    return found


def _can(agent: Agent, ability: Ability) -> bool:
    """Whether an agent may be one of those who were counted: for a queue, anybody; with a skill, who has it."""
    held = dict(agent.skills)
    return all(name in held for name, _ in ability[0])
