"""A contact centre in virtual time: people call, wait in the line of the core's own matcher, talk, hang up, are called.

One rule: who gets whom is decided by `core.matcher` alone, by the place that the core gives; here stands only what
people do: how long they talk, when they lose patience, whether they answer. Agents take at once what they are offered.
It has no clock and no chance of its own: the same people in the same order make the same report.
"""

import heapq
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from policies import PolicySet, default_policy_files, load_folder_texts, parse_policies
from router.core.clock import Ms
from router.core.documents import Ask
from router.core.matcher import Match, Matcher, Waiting
from router.core.relax import relaxed
from router.core.words import SECOND_MS, AgentId, AgentState, CaseId, CustomerId, WorkId
from router.sim.people import Caller, ask_of, callers
from router.sim.report import Report
from router.sim.scenario import Scenario
from router.sim.staff import Shift, every_skill, shifts, skills_of
from router.sim.tally import Tally

PHONE = "phone"
SOME_CASE, SOMEBODY = CaseId("case"), CustomerId("cus")
LATER_THAN_ALL = Ms(10**16)

Act = Callable[[Any], None]


class NobodyCan(Exception):
    """A class of the scenario asks for what no team has."""


def policy_of(scenario: Scenario) -> PolicySet:
    """The policy that the scenario names, over the product's own. Raises `PolicyProblems` and OSError."""
    own = load_folder_texts(Path(scenario.policy)) if scenario.policy else {}
    return parse_policies({**default_policy_files(), **own}, 1)


def simulate(scenario: Scenario, policy: PolicySet, seed: int) -> Report:
    """Play a scenario to its end. Raises `NobodyCan`."""
    return Centre(scenario, policy).play(callers(scenario, policy, seed))


class Centre:
    """One run. It goes on until nobody is left, so that everybody who came is counted once."""

    def __init__(self, scenario: Scenario, policy: PolicySet) -> None:
        asks = {one.name: ask_of(one, policy) for one in scenario.people}
        _check_served(scenario, asks)
        callbacks = policy.settings.callbacks
        self.report = Report(classes={one.name: Tally() for one in scenario.classes})
        self._matcher = Matcher({str(kind): others for kind, others in policy.settings.agents.interrupts.items()})
        self._shifts = shifts(scenario, [ask.requirement for ask in asks.values()])
        self._calls_back = scenario.call_backs is not None
        self._offer_ms = callbacks.offer_over_s * SECOND_MS
        self._ring_ms = callbacks.ring_s * SECOND_MS
        self._spacing_ms = callbacks.spacing_s * SECOND_MS
        self._now = Ms(0)
        self._events: list[tuple[Ms, int, Act, Any]] = []
        self._count = 0
        self._inside: dict[WorkId, Caller] = {}
        self._latest: dict[str, Ms] = dict.fromkeys(asks, Ms(0))  # by class: the latest place that has been served
        self._there = 0  # agents whose hours it is
        self._busy = 0

    def play(self, people: Iterable[Caller]) -> Report:
        """`people`: in order of time."""
        coming = iter(people)
        following = next(coming, None)
        self._expect_shift()
        while following is not None or self._inside:
            if following is not None and (not self._events or following.at < self._events[0][0]):
                self._pass_to(following.at)
                self._call(following)
                following = next(coming, None)
            else:
                at, _, act, about = heapq.heappop(self._events)
                self._pass_to(at)
                act(about)
        self.report.until_ms = self._now
        return self.report

    # --- what happens ------------------------------------------------------------------------------------------------

    def _call(self, caller: Caller) -> None:
        self._inside[caller.ask.work] = caller
        self._stand_in_line(caller)
        if not caller.waits:
            return
        caller.waited = True
        if caller.patience_ms is not None:
            self._later(caller.patience_ms, self._lose_patience, caller)
        if self._calls_back:
            self._later(self._offer_ms, self._offer_call_back, caller)

    def _lose_patience(self, caller: Caller) -> None:
        """They hang up; where we call back they keep their place, for hanging up is no reason to lose it."""
        if self._calls_back:
            self._take_call_back(caller)
        elif caller.waits:
            self._matcher.remove(caller.ask.work)
            self._leave(caller, served=False)

    def _offer_call_back(self, caller: Caller) -> None:
        caller.offered = caller.waits
        if caller.takes:
            self._take_call_back(caller)

    def _take_call_back(self, caller: Caller) -> None:
        if caller.waits and not caller.called_back:
            caller.called_back = True
            self.report.promises.made += 1

    def _relax(self, caller: Caller) -> None:
        if self._matcher.waiting(caller.ask.work) is not None:
            self._stand_in_line(caller)

    def _serve(self, match: Match) -> None:
        work, agent = match.waiting.work, match.agent
        caller = self._inside[work]
        self._matcher.remove(work)
        self._matcher.hold(agent, PHONE)
        self._busy += 1
        caller.waits = False
        if caller.offered and not caller.rings:
            chose = self.report.fairness.call_backs if caller.takes else self.report.fairness.holds
            chose.add(self._now - caller.at, waited=True, served=True)
        if caller.called_back and not self._is_answered(caller):
            self._later(self._ring_ms, self._ring_out, (caller, agent))
            return
        self._leave(caller, served=True)
        self._later(caller.handling_ms, self._finish, agent)

    def _ring_out(self, missed: tuple[Caller, AgentId]) -> None:
        """Nobody answered: the agent is free, and after the spacing it is the customer's turn again at their place."""
        caller, agent = missed
        if caller.rings < len(caller.answers):
            self._later(self._spacing_ms, self._wait_again, caller)
        else:
            self.report.promises.unreached += 1
            self._leave(caller, served=False)
        self._finish(agent)

    def _wait_again(self, caller: Caller) -> None:
        caller.waits = True
        self._stand_in_line(caller)

    def _finish(self, agent: AgentId) -> None:
        self._busy -= 1
        self._matcher.free(agent, PHONE, self._now)
        self._match_agent(agent)

    def _change_shift(self, shift: Shift) -> None:
        for agent in shift.agents:
            self._matcher.put_agent(agent)
            self._there += 1 if agent.state is AgentState.READY else -1
            self._match_agent(agent.id)
        skills = {skill for agent in shift.agents for skill in agent.skills}
        gone = dict.fromkeys(name for name, level in sorted(skills) if not self._matcher.is_held(name, level))
        for work in self._matcher.requiring(gone):
            self._relax(self._inside[work])
        self._expect_shift()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _stand_in_line(self, caller: Caller) -> None:
        """At their place, by what is required at this moment; whoever is free gets them at once."""
        ask, requirement = caller.ask, caller.ask.requirement
        if ask.relax:
            found = relaxed(ask, self._now, is_held=self._matcher.is_held)
            requirement = found.requirement
            if found.next_at is not None:
                self._later(found.next_at - self._now, self._relax, caller)
        self._matcher.add(
            Waiting(work=ask.work, case=SOME_CASE, customer=SOMEBODY, ask=ask, requirement=requirement),
        )
        if (match := self._matcher.for_work(ask.work, self._now)) is not None:
            self._serve(match)

    def _match_agent(self, agent: AgentId) -> None:
        if (match := self._matcher.for_agent(agent, self._now)) is not None:
            self._serve(match)

    def _is_answered(self, caller: Caller) -> bool:
        caller.rings += 1
        self.report.promises.rings += 1
        return caller.answers[caller.rings - 1]

    def _leave(self, caller: Caller, *, served: bool) -> None:
        """They talk now, or have gone: either way they are counted, and wait no more."""
        del self._inside[caller.ask.work]
        caller.waits = False
        wait_ms, place_at = self._now - caller.at, caller.ask.place_at
        overtaken = served and caller.rings <= 1 and place_at < self._latest[caller.name]
        if served and place_at > self._latest[caller.name]:
            self._latest[caller.name] = place_at
        if served and caller.called_back:
            self.report.promises.kept += 1
            self.report.promises.wait_ms += wait_ms
        for tally in (self.report.everybody, self.report.classes.get(caller.name)):
            if tally is not None:
                tally.add(wait_ms, waited=caller.waited, served=served, overtaken=overtaken)

    def _expect_shift(self) -> None:
        if (shift := next(self._shifts, None)) is not None:
            self._later(shift.at - self._now, self._change_shift, shift)

    def _later(self, ms: float, act: Act, about: Any) -> None:
        self._count += 1  # of two things at one instant, what was set first comes first
        heapq.heappush(self._events, (Ms(self._now + round(ms)), self._count, act, about))

    def _pass_to(self, at: Ms) -> None:
        self.report.busy_ms += self._busy * (at - self._now)
        self.report.there_ms += self._there * (at - self._now)
        self._now = at


def _check_served(scenario: Scenario, asks: dict[str, Ask]) -> None:
    """Raise `NobodyCan` where somebody would wait for ever."""
    every = every_skill(ask.requirement for ask in asks.values())
    held = [dict(skills_of(team, every)) for team in scenario.staff]
    for name, ask in asks.items():
        wanted = relaxed(ask, LATER_THAN_ALL, is_held=lambda *_: False).requirement.skills
        if not any(all(skills.get(skill, 0) >= level for skill, level in wanted) for skills in held):
            asked = ", ".join(f"{skill} {level}" for skill, level in wanted)
            raise NobodyCan(f"class {name} asks for {asked}, which no team has: give a team those skills")
