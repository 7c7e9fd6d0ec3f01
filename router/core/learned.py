"""What is learned from days that were: who was there and who called, by hour of the week, and how long calls last.

Its one rule: it is folded from events alone, and is small: a few numbers for each ability and queue. Each hour that has
passed moves its mean by `WEIGHT`, so that some weeks make a habit. It is no forecast: an hour of the week that was
never seen is unknown.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from router.core.clock import Ms
from router.core.documents import SkillLevels
from router.core.events import (
    AgentAdded,
    AgentStateChanged,
    Event,
    WorkAccepted,
    WorkDropped,
    WorkFinished,
    WorkGivenBack,
    WorkWanted,
    WorkWithdrawn,
)
from router.core.roster import Need
from router.core.words import HOUR_MS, AgentId, AgentState

WEEK_H = 168
WEIGHT = 0.3
"""How much the last hour counts against those before, when the same hour of the week comes again."""
HANDLING_WEIGHT = 0.02
"""How much one call counts for how long calls last."""
HANDLED_MIN = 20
"""Fewer calls than this say nothing of how long calls last."""
HANDLED_MS_MAX = 4 * HOUR_MS
OPEN_MAX = 20_000
"""So many calls may be under way whose length is not known yet."""
NEEDS_MAX = 200
"""So many needs are told apart; what comes after that is not counted."""

LEARNED = frozenset(
    {
        AgentAdded,
        AgentStateChanged,
        WorkAccepted,
        WorkDropped,
        WorkFinished,
        WorkGivenBack,
        WorkWanted,
        WorkWithdrawn,
    }
)
"""Events of which anything is learned."""

HourOf = Callable[[int], int]
"""The hour of the week, 0 to 167, of an hour counted from 1970."""


@dataclass(slots=True)
class Week:
    """The mean of something by hour of the week. -1: never seen."""

    means: list[float]

    def see(self, hour: int, value: float) -> None:
        old = self.means[hour]
        self.means[hour] = round(value if old < 0 else old + WEIGHT * (value - old), 4)


@dataclass(slots=True)
class Present:
    """Agents of the same skills: how many are there now, since when, and what that came to in this hour."""

    skills: SkillLevels
    week: Week
    now: int = 0
    sum_ms: float = 0.0


@dataclass(slots=True)
class Calls:
    """Calls of one need: how many came in each hour of the week, and in this one."""

    need: Need
    week: Week
    now: int = 0


@dataclass(slots=True)
class Learned:
    """All of it, as it is kept. `at`: up to when it has been folded; `hours`: how many hours were seen from their
    beginning to their end."""

    at: int = 0
    begun: int = 0
    hours: int = 0
    there: dict[str, bool] = field(default_factory=dict[str, bool])  # by agent: whether they are there
    skills: dict[str, str] = field(default_factory=dict[str, str])  # by agent: which of `present`
    present: dict[str, Present] = field(default_factory=dict[str, Present])
    calls: dict[str, Calls] = field(default_factory=dict[str, Calls])
    open: dict[str, int] = field(
        default_factory=dict[str, int]
    )  # calls that are being held or wait: since when an agent has them, 0 before
    handled: int = 0
    handling_ms: float = 0.0


def learn(learned: Learned, event: Event, hour_of: HourOf) -> None:
    """Fold one event. Costs the same however much was learned."""
    match event:
        case WorkWanted() if event.ask.requirement.kind == "phone":
            _pass_time(learned, event.at, hour_of)
            _called(learned, event)
        case WorkAccepted() if event.work in learned.open:
            learned.open[event.work] = event.at
        case WorkGivenBack() if event.work in learned.open:
            learned.open[event.work] = 0
        case WorkDropped() | WorkWithdrawn():
            learned.open.pop(event.work, None)
        case WorkFinished():
            _handled(learned, since=learned.open.pop(event.work, 0), at=event.at)
        case AgentAdded():
            _pass_time(learned, event.at, hour_of)
            know_agent(learned, event.agent, event.skills)
        case AgentStateChanged():
            _pass_time(learned, event.at, hour_of)
            _state(learned, event.agent, event.state)
        case _:
            return


def know_agent(learned: Learned, agent: AgentId, skills: SkillLevels, state: AgentState = AgentState.OFF) -> None:
    """Learn of an agent, who may have been there for longer than events tell. Those who are known are left alone."""
    if agent in learned.skills:
        return
    key = repr(skills)
    learned.present.setdefault(key, Present(skills=skills, week=_unseen()))
    learned.skills[agent] = key
    learned.there[agent] = False
    _state(learned, agent, state)


def pass_time(learned: Learned, now: Ms, hour_of: HourOf) -> bool:
    """Let time go by without an event. Whether an hour ended."""
    before = learned.hours
    _pass_time(learned, now, hour_of)
    return learned.hours != before


def present_at(learned: Learned, hour: int) -> Mapping[SkillLevels, float] | None:
    """How many agents are there in an hour of the week, by their skills; None where that was never seen."""
    seen = {one.skills: one.week.means[hour] for one in learned.present.values() if one.week.means[hour] >= 0}
    return seen or None


def present_now(learned: Learned) -> Mapping[SkillLevels, float]:
    return {one.skills: float(one.now) for one in learned.present.values() if one.now}


def calls_at(learned: Learned, hour: int) -> Mapping[Need, float]:
    """How many calls come in an hour of the week, by what they need."""
    return {one.need: one.week.means[hour] for one in learned.calls.values() if one.week.means[hour] > 0}


def call_ms(learned: Learned, *, otherwise: int) -> int:
    """How long a call takes its agent, in milliseconds."""
    return int(learned.handling_ms) if learned.handled >= HANDLED_MIN else otherwise


def _pass_time(learned: Learned, now: Ms, hour_of: HourOf) -> None:
    if not learned.at:
        learned.at = learned.begun = now
    while (ends := (learned.at // HOUR_MS + 1) * HOUR_MS) <= now:
        _count(learned, ends - learned.at)
        if ends - HOUR_MS >= learned.begun:  # part of an hour says nothing of the whole of it
            _end_hour(learned, hour_of(learned.at // HOUR_MS))
        for one in learned.present.values():
            one.sum_ms = 0.0
        for one in learned.calls.values():
            one.now = 0
        learned.at = ends
        learned.hours += 1
        if now - ends > 2 * WEEK_H * HOUR_MS:  # nobody looked for weeks: the same week over and over says no more
            learned.at = (now // HOUR_MS - WEEK_H) * HOUR_MS
    if now > learned.at:
        _count(learned, now - learned.at)
        learned.at = now


def _count(learned: Learned, ms: int) -> None:
    for one in learned.present.values():
        one.sum_ms += one.now * ms


def _end_hour(learned: Learned, hour: int) -> None:
    for one in learned.present.values():
        one.week.see(hour, one.sum_ms / HOUR_MS)
    for one in learned.calls.values():
        one.week.see(hour, float(one.now))


def _unseen() -> Week:
    return Week(means=[-1.0] * WEEK_H)


def _state(learned: Learned, agent: AgentId, state: AgentState) -> None:
    is_there, key = state is not AgentState.OFF, learned.skills.get(agent)
    if key is None or learned.there.get(agent) == is_there:
        return
    learned.there[agent] = is_there
    learned.present[key].now += 1 if is_there else -1


def _called(learned: Learned, event: WorkWanted) -> None:
    ask = event.ask
    if ask.due_at is None and len(learned.open) < OPEN_MAX:
        need = Need(ask.queue, ask.requirement.skills)
        key = repr(need)
        if key not in learned.calls and len(learned.calls) >= NEEDS_MAX:
            return
        learned.calls.setdefault(key, Calls(need=need, week=_unseen())).now += 1
    if len(learned.open) < OPEN_MAX:
        learned.open[ask.work] = 0


def _handled(learned: Learned, *, since: int, at: Ms) -> None:
    if not since:
        return
    took = min(at - since, HANDLED_MS_MAX)
    learned.handled += 1
    weight = max(HANDLING_WEIGHT, 1 / learned.handled)
    learned.handling_ms = round(learned.handling_ms + weight * (took - learned.handling_ms), 1)
