"""Invariant 32: a wait is said only where enough was seen, and what is said holds at least as often as it claims.

Written from what callers heard and from when an agent was asked for their place, not from what lines learn of it. Of
whoever hung up it is known when their place was reached: as soon as anybody of the same line who stood behind them is.
"""

from dataclasses import dataclass, field
from math import sqrt

from router.core.documents import Ask, Call, Case, Requirement, State
from router.core.events import CallWentOn, WorkAccepted, WorkOffered, WorkWanted, WorkWithdrawn
from router.core.words import SECOND_MS, Step
from tests.simulation.log import Judge, Taken

TALKS_MIN, WAITS_MIN = 30, 50
"""With fewer talks, or waits, nobody can know how long it will be."""
STATED = 0.8
JUDGED_MIN = 25
"""Fewer are too few to tell a share from chance."""
SIGMAS = 3.0
LIVE = ("phone", "chat")


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody was told first of their wait, and where they stand."""

    at: int
    low_s: int
    high_s: int
    queue: str
    requirement: Requirement
    place: tuple[int, str]


@dataclass
class WaitWatch:
    """`counts`: whether nothing goes wrong in this world, so that waits are what lines and agents make of them."""

    judge: Judge
    counts: bool
    asks: dict[str, Ask] = field(default_factory=dict[str, Ask])  # whoever waits, or waited, for somebody live
    talks: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])  # by queue and kind
    waits: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    told: dict[str, Heard] = field(default_factory=dict[str, Heard])  # whose place is not reached, by work
    ghosts: list[Heard] = field(default_factory=list[Heard])  # and who is gone
    judged: int = 0
    held: int = 0

    def look(self, batch: Taken) -> None:
        gone: dict[str, Heard] = {}
        for before, event in zip(batch.steps, batch.events, strict=True):
            match event:
                case WorkWithdrawn() if event.work in self.told:
                    gone[event.case] = self.told.pop(event.work)
                case WorkWanted() if event.ask.requirement.kind in LIVE:
                    self.asks[event.ask.work] = event.ask
                    _count(self.waits, event.ask)
                    if event.case in gone:  # they go on waiting, for something else
                        self.told[event.ask.work] = gone.pop(event.case)
                case WorkAccepted() if event.work in self.asks:
                    _count(self.talks, self.asks[event.work])
                case WorkOffered() if event.work in self.asks:
                    self._reached(event)
                case CallWentOn() if event.step is Step.WAITING:
                    self._said(before, event)
                case _:
                    pass
        self.ghosts += gone.values()

    def end(self) -> None:
        """At least the stated share held, as far as chance allows for so many."""
        if not self.counts or self.judged < JUDGED_MIN:
            return
        least = STATED - SIGMAS * sqrt(STATED * (1 - STATED) / self.judged)
        if self.held < least * self.judged:
            self.judge.broken(32, f"{self.held} of {self.judged} waits were as they were said")

    def _said(self, before: State, event: CallWentOn) -> None:
        wait, call = event.wait, before.get(event.call)
        case = before.get(call.case) if isinstance(call, Call) else None
        if wait is None or wait.low_s is None or wait.high_s is None or not isinstance(case, Case) or case.ask is None:
            return
        ask = case.ask
        key = _line_of(ask)
        talks, waits = self.talks.get(key, 0), self.waits.get(key, 0)
        if talks < TALKS_MIN or waits < WAITS_MIN:
            self.judge.broken(32, f"{event.call} is told how long it will be after {talks} talks and {waits} waits")
        if ask.work not in self.told and not case.taken:
            place = (ask.place_at, ask.work)
            self.told[ask.work] = Heard(event.at, wait.low_s, wait.high_s, ask.queue, ask.requirement, place)

    def _reached(self, event: WorkOffered) -> None:
        """An agent is asked for them, so those of their line who stood before them are reached too."""
        ask = event.ask
        if (heard := self.told.pop(event.work, None)) is not None:
            self._judge(heard, event.at)
        left: list[Heard] = []
        for ghost in self.ghosts:
            is_theirs = (ghost.queue, ghost.requirement) == (ask.queue, ask.requirement)
            if is_theirs and ghost.place < (ask.place_at, ask.work):
                self._judge(ghost, event.at)
            else:
                left.append(ghost)
        self.ghosts = left

    def _judge(self, heard: Heard, at: int) -> None:
        self.judged += 1
        self.held += heard.low_s * SECOND_MS <= at - heard.at <= heard.high_s * SECOND_MS


def _line_of(ask: Ask) -> tuple[str, str]:
    return ask.queue, ask.requirement.kind


def _count(of: dict[tuple[str, str], int], ask: Ask) -> None:
    of[_line_of(ask)] = of.get(_line_of(ask), 0) + 1
