"""The walk along a line: one pass, by which everyone in it learns when an agent will come to their place.

One rule: the place says it, not what others waited. Everyone before a place is work, less where they may hang up until
then; the agents of the roster do it, more or fewer as their shifts begin and end. Ibrahim and Whitt 2009 and 2011
(refined queue-length predictors with abandonment and with the known number of agents to come).
It knows neither chance nor the clock: it says the mean, and of how many pieces of work that is made.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from router.core.waits.learned import AGES_S

Levels = Sequence[tuple[float, float]]
"""Agents on duty from so many seconds hence on, in order of time; the first is for now (0.0)."""

NEVER = math.inf


class Stander(NamedTuple):
    """Somebody in line. `held_s`: how long they have held the line by now; None waits for our call and cannot hang up.
    `share`: how much of their work falls to the agents of this line, where others could take them too."""

    held_s: float | None
    share: float = 1.0


class Walked(NamedTuple):
    """By place, and last for who would come now: seconds until it is reached, and effective places (from 1 on)."""

    waits_s: list[float]
    places: list[float]


class People(NamedTuple):
    """What the walk knows of people: how long a talk and a call-back take, and when callers hang up (`hazards`)."""

    talk_s: float
    call_s: float
    hazards: tuple[list[float], list[float]]


def walk(
    line: Iterable[Stander], *, people: People, levels: Levels, busy: float, due_back_s: Sequence[float] = ()
) -> Walked:
    """`busy`: agents at work on it now, those too whose shift is over. `due_back_s`: when those who did not answer us
    come back, in order: they then stand before everybody. Linear in the line, levels and those due."""
    course = Course(people.talk_s, levels, busy)
    hazard, sums = people.hazards
    talk_s, call_s, due, n_due = people.talk_s, people.call_s, 0, len(due_back_s)
    waits_s, places, exp = list[float](), list[float](), math.exp
    for held_s, share in line:
        while due < n_due and due_back_s[due] < course.at_s:
            course.go_past(call_s)
            due += 1
        waits_s.append(at_s := course.at_s)
        places.append(course.places)
        if held_s is None:
            course.go_past(call_s * share)
        elif at_s == NEVER:
            continue
        else:
            then_s = held_s + at_s
            now, then = bisect_right(AGES_S, held_s) - 1, bisect_right(AGES_S, then_s) - 1
            gone = (
                sums[then] - sums[now] + hazard[then] * (then_s - AGES_S[then]) - hazard[now] * (held_s - AGES_S[now])
            )
            course.go_past(talk_s * share * exp(-gone))
    while due < n_due and due_back_s[due] < course.at_s:
        course.go_past(call_s)
        due += 1
    waits_s.append(course.at_s)
    places.append(course.places)
    return Walked(waits_s, places)


class Course:
    """How far the agents of a roster have come: the time at which they reach the next place."""

    __slots__ = ("_agents", "_levels", "_next", "_next_s", "_spare", "_talk_s", "at_s", "places")

    def __init__(self, talk_s: float, levels: Levels, busy: float) -> None:
        self._talk_s = talk_s
        self._levels = levels
        self._next, self._spare = 1, 0.0
        self._agents = agents = levels[0][1]
        self._next_s = levels[1][0] if len(levels) > 1 else NEVER
        self.places = 1.0
        self.at_s = 0.0
        if agents <= 0:
            self._wait_for_agents()
            return
        idle = agents - busy
        if idle >= 0:
            self._spare = max(0.0, idle - 1.0)
            self.at_s = max(0.0, 1.0 - idle) * talk_s / agents
        else:
            self.at_s = talk_s / agents + talk_s * math.log(busy / agents)
        self._pass_edges()

    def go_past(self, work_s: float) -> None:
        """One in line is served, with so much work in the mean."""
        if self._spare > 0.0:
            used_s = min(self._spare * self._talk_s, work_s)
            self._spare -= used_s / self._talk_s
            work_s -= used_s
        if self._agents > 0:
            self.at_s += work_s / self._agents
        self.places += work_s / self._talk_s
        if self.at_s >= self._next_s:
            self._pass_edges()

    def _pass_edges(self) -> None:
        while self.at_s >= self._next_s and self.at_s < NEVER:
            edge_s, before, agents = self._next_s, self._agents, self._levels[self._next][1]
            self._take_level(agents)
            if agents <= 0:
                self._wait_for_agents()
            elif agents < before:  # who is free now goes home: nobody is taken until as many are busy as may be
                self.at_s += self._talk_s * math.log(before / agents)
            else:  # each who comes takes one at once
                past = (self.at_s - edge_s) * before / self._talk_s
                more = agents - before
                self.at_s = edge_s + max(0.0, past - more) * self._talk_s / agents
                self._spare = max(0.0, more - past)

    def _wait_for_agents(self) -> None:
        """Nobody is there: the next who come take as many as they are."""
        while self._agents <= 0 and self._next < len(self._levels):
            self.at_s = self._next_s
            self._take_level(self._levels[self._next][1])
            self._spare = max(0.0, self._agents - 1.0)
        if self._agents <= 0:
            self.at_s = NEVER

    def _take_level(self, agents: float) -> None:
        self._agents = agents
        self._next += 1
        self._next_s = self._levels[self._next][0] if self._next < len(self._levels) else NEVER
