"""Agents: who is here, what they can do, how much they hold. Nothing pushes an agent back to ready but the agent.

A break or the end of a shift asked for while work is under way begins when that work is finished; from the asking on
no offer is made. Two missed offers in a row set an agent away, with a notice that says so.
"""

from collections.abc import Callable

from router.core.clock import Ms
from router.core.commands import AddAgent, LoseAgent, OpenScreen, SetAgentState
from router.core.context import Making
from router.core.documents import Agent, Work
from router.core.errors import Reason, Rejected
from router.core.events import (
    AgentAdded,
    AgentStateAsked,
    AgentStateChanged,
    OfferEnded,
    ScreenLost,
    ScreenOpened,
)
from router.core.words import ActorKind, AgentId, AgentState, VaultId, WorkState

HOLDING = (WorkState.OFFERED, WorkState.ACTIVE, WorkState.WRAPPING)
"""States of work that take up an agent's capacity."""


def add_agent(making: Making, command: AddAgent) -> None:
    id = AgentId(making.context.ids.new("agt"))
    phone: VaultId | None = making.keep(command.phone, kind="address", owner=id) if command.phone else None
    making.emit(
        AgentAdded(
            agent=id,
            at=making.now,
            name=making.keep(command.name, kind="name", owner=id),
            skills=command.skills,
            languages=command.languages,
            capacity=command.capacity,
            phone=phone,
        )
    )


def set_state(making: Making, command: SetAgentState) -> None:
    """Take a state at once, or after the present work when it means to leave. Open offers go back at once."""
    agent = the_agent(making, command.agent)
    leaves = command.state in (AgentState.AWAY, AgentState.OFF)
    held = [w for w in making.state.values() if isinstance(w, Work) and w.agent == agent.id]
    busy = any(w.state in (WorkState.ACTIVE, WorkState.WRAPPING) for w in held)
    if leaves:
        by_system = command.actor.kind is ActorKind.SYSTEM
        did = "was set" if by_system else "asked to be"
        revoke_offers(making, agent.id, why=f"the agent {did} {command.state}")
    if leaves and busy:
        making.emit(AgentStateAsked(agent=agent.id, at=making.now, state=command.state, until=command.until))
    else:
        making.emit(
            AgentStateChanged(agent=agent.id, at=making.now, state=command.state, until=command.until, why=command.why)
        )


def open_screen(making: Making, command: OpenScreen) -> None:
    """From now on an agent who has no screen for too long is lost, whatever restarts lie between."""
    if the_agent(making, command.agent).screen:
        raise Rejected(Reason.NOTHING_TO_DO, "screen")
    making.emit(ScreenOpened(agent=command.agent, at=making.now))


def gone_at(agent: Agent) -> Ms | None:
    """Since when an agent is gone: off, lost, or set away by the system. A break of their own is no going."""
    if agent.state not in (AgentState.AWAY, AgentState.OFF):
        return None
    if agent.state is AgentState.OFF or agent.notice is not None:
        return agent.since
    return agent.lost_at


def lose_agent(making: Making, command: LoseAgent) -> None:
    """The agent's screen is gone: free the offers and set them away. Accepted work stays theirs."""
    agent = the_agent(making, command.agent)
    is_away = agent.state in (AgentState.AWAY, AgentState.OFF)
    if is_away and not agent.screen:
        raise Rejected(Reason.NOTHING_TO_DO, agent.state)
    if agent.screen:
        making.emit(ScreenLost(agent=agent.id, at=making.now))
    if is_away:
        return
    revoke_offers(making, agent.id, why="the agent's connection was lost")
    set_away(making, agent, why="Your connection was lost, so you were set away. Set yourself ready to go on.")


def set_away(making: Making, agent: Agent, *, why: str) -> None:
    making.emit(AgentStateChanged(agent=agent.id, at=making.now, state=AgentState.AWAY, why=why))


def revoke_offers(making: Making, agent: AgentId, *, why: str, which: Callable[[Work], bool] = lambda _: True) -> None:
    """Take back open offers of an agent, all or those of `which`; the work waits again with its place."""
    for work in list(making.state.values()):
        if isinstance(work, Work) and work.offer is not None and work.offer.agent == agent and which(work):
            making.emit(
                OfferEnded(
                    work=work.id,
                    case=work.case,
                    customer=work.customer,
                    at=making.now,
                    agent=agent,
                    offer=work.offer.id,
                    how="revoked",
                    why=why,
                )
            )


def after_finish(making: Making, id: AgentId) -> None:
    """Begin the break that was asked for, once nothing is held any more."""
    agent = the_agent(making, id)
    holds = any(isinstance(w, Work) and w.agent == id and w.state in HOLDING for w in making.state.values())
    if agent.asked is not None and not holds:
        making.emit(
            AgentStateChanged(agent=id, at=making.now, state=agent.asked, until=agent.asked_until, why="as asked")
        )


def the_agent(making: Making, id: AgentId) -> Agent:
    found = making.state.get(id)
    if not isinstance(found, Agent):
        raise Rejected(Reason.NOT_FOUND, "agent")
    return found
