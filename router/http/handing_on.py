"""Whether work may be handed on to whom an agent names, and to whom it may instead: people, queues, numbers outside.

Its one rule: an agent hears of a closed door before the customer does. It looks at who is there and at the hours;
whoever is there but busy is not refused, for whoever hands a live call on stays with the customer until they are free.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from policies import PolicySet
from router.core.clock import Ms
from router.core.documents import Agent, Work
from router.core.words import AgentId, AgentState
from router.http.problems import Alternative, Problem

LIVE = ("phone", "chat")
"""Kinds of work whose customer is there: nobody is sent to a closed door. What is written may wait before one."""
SHOWN = 20
"""So many alternatives at most."""


@dataclass(frozen=True, slots=True)
class There:
    """Who is there at this moment, by what policy. `names`: of agents, as people read them."""

    policy: PolicySet
    agents: dict[AgentId, Agent]
    names: dict[str, str]
    now: Ms

    def check(self, work: Work, to: str) -> None:
        """Raises Problem, with what is open instead, where live work would be handed on to nobody."""
        if work.ask.requirement.kind not in LIVE:
            return
        if (why := self._why_not(work, to)) is None:
            return
        instead = self.alternatives(work)
        said = ", ".join(one.name for one in instead)
        others = f"Open to you: {said}." if instead else "Nothing else is open: stay with them, or offer them a call."
        raise Problem(
            409, "Nobody is there", f"{why} {others}", errors=[(["body", "to"], "nobody is there")],
            kind="nobody_there", alternatives=instead,
        )  # fmt: skip

    def alternatives(self, work: Work) -> list[Alternative]:
        """Open queues with somebody in them, then people who are ready; never whoever has the work."""
        queues = [f"queue:{name}" for name in self.policy.queues]
        people = [f"agent:{id}" for id in self.agents]
        found = [to for to in (*queues, *people) if self._why_not(work, to) is None]
        return [Alternative(to=to, name=self._name(to)) for to in found[:SHOWN]]

    def _why_not(self, work: Work, to: str) -> str | None:
        kind, _, name = to.partition(":")
        capacity = work.ask.requirement.kind
        if kind == "agent":
            agent = self.agents[AgentId(name)]
            if agent.id == work.agent:
                return "You have it yourself."
            if agent.room_for(capacity) == 0:
                return f"{self._name(to)} takes no {capacity}."
            return None if _is_there(agent) else f"{self._name(to)} is not there."
        at = datetime.fromtimestamp(self.now / 1000, UTC)
        if not self.policy.is_open(name, at):
            opens = self.policy.next_open(name, at)
            until = f" until {opens:%Y-%m-%d %H:%M} UTC" if opens is not None else ""
            return f"Queue {name} is closed{until}."
        wanted = dict(self.policy.queues[name].skills)
        if any(self._could(agent, wanted, work, capacity) for agent in self.agents.values()):
            return None
        return f"Nobody is there for queue {name}."

    def _could(self, agent: Agent, wanted: dict[str, int], work: Work, capacity: str) -> bool:
        held = dict(agent.skills)
        able = all(held.get(skill, 0) >= level for skill, level in wanted.items())
        return able and agent.id != work.agent and _is_there(agent) and agent.room_for(capacity) > 0

    def _name(self, to: str) -> str:
        kind, _, name = to.partition(":")
        return f"queue {name}" if kind == "queue" else self.names.get(name, name)


def _is_there(agent: Agent) -> bool:
    return agent.state is AgentState.READY and agent.asked is None
