"""What a line learns of the people in it: how long talks take, when callers lose patience, whether they answer us.

One rule: nothing that is not over yet is thrown away. Talks that still run and callers who still wait count for as long
as they have (occurrence over exposure), so neither an incident nor a long line deceives it. It knows no clock: instants
are seconds from any beginning, the same one in all calls.
"""

from bisect import bisect_right
from itertools import pairwise

from router.core.values import value

TALK_MEMORY = 0.0175
"""The weight of a talk against all before it, where they have changed: half is forgotten in 39 talks."""
STEADY_MEMORY = 0.002
"""And where they have not. The mean of few talks is too high just when long ones made the line long."""
CHANCE = 0.45
"""A fast mean that differs by less from the steady one differs by chance, and is hardly believed."""
PATIENCE_MEMORY = 0.0005
RING_MEMORY = 0.002

AGES_S = (0.0, 30.0, 60.0, 120.0, 240.0, 480.0, 960.0)
"""Patience is learned by how long somebody has held already: from each of these ages to the next."""
FIRST_GONE, FIRST_HELD_S = 1.0, 300.0
"""Before anybody has held: as if one caller in five minutes of holding had gone."""
FIRST_RINGS, FIRST_ODDS, FIRST_RING_S = 10.0, 0.8, 25.0
"""Before we have rung anybody: as if eight of ten had answered, and the others rang so long."""


@value
class Learned:
    """All that a line knows of its people, as a document; sums are weighted towards the present. `busy_s`, `talks`: of
    the fast memory; `steady_s`, `steady_talks`: of the steady one."""

    busy_s: float = 0.0
    talks: float = 0.0
    steady_s: float = 0.0
    steady_talks: float = 0.0
    finished: int = 0
    gone: tuple[float, ...] = (FIRST_GONE,) * len(AGES_S)
    held_s: tuple[float, ...] = (FIRST_HELD_S,) * len(AGES_S)
    rings: float = FIRST_RINGS
    answered: float = FIRST_RINGS * FIRST_ODDS
    missed_s: float = FIRST_RINGS * (1.0 - FIRST_ODDS) * FIRST_RING_S


class People:
    """Learns as it hears; `learned()` is its state, of which it begins again. `lessons`: how often it has learned
    something since then."""

    def __init__(self, learned: Learned | None = None) -> None:
        first = learned or Learned()
        self._busy_s, self._talks, self.finished = first.busy_s, first.talks, first.finished
        self._steady_s, self._steady_talks = first.steady_s, first.steady_talks
        self._gone, self._held_s = list(first.gone), list(first.held_s)
        self._rings, self._answered, self._missed_s = first.rings, first.answered, first.missed_s
        self.lessons = 0
        self._running, self._seen_s, self._since_s = 0, 0.0, 0.0
        self._hazard: list[float] = []
        self._sums: list[float] = []

    def learned(self) -> Learned:
        return Learned(
            busy_s=self._busy_s,
            talks=self._talks,
            steady_s=self._steady_s,
            steady_talks=self._steady_talks,
            finished=self.finished,
            gone=tuple(self._gone),
            held_s=tuple(self._held_s),
            rings=self._rings,
            answered=self._answered,
            missed_s=self._missed_s,
        )

    # --- talks -------------------------------------------------------------------------------------------------------

    def talk_began(self, now_s: float, *, since_s: float | None = None) -> None:
        """A talk is under way. `since_s`: since when it has held an agent, where that was not known to be one."""
        self._pass_to(now_s)
        self._running += 1
        if since_s is not None:
            self._since_s += max(0.0, now_s - since_s)

    def talk_ended(self, now_s: float) -> None:
        """A talk is over, and what comes after it: the agent is free. One that it never heard begin does not count."""
        self._pass_to(now_s)
        if not self._running:
            return
        self._running -= 1
        self.finished += 1
        self.lessons += 1
        self._busy_s = self._busy_s * (1.0 - TALK_MEMORY) + self._since_s
        self._talks = self._talks * (1.0 - TALK_MEMORY) + 1.0
        self._steady_s = self._steady_s * (1.0 - STEADY_MEMORY) + self._since_s
        self._steady_talks = self._steady_talks * (1.0 - STEADY_MEMORY) + 1.0
        self._since_s = 0.0

    def talk_s(self, now_s: float) -> float | None:
        """How long a talk takes an agent, in the mean; None where none was ever over. Talks that run count with the
        time that they have run, so it rises as soon as they take longer, not only when they are over."""
        if not self._talks:
            return None
        self._pass_to(now_s)
        steady_s = self._steady_s / self._steady_talks
        overdue_s = (self._busy_s + self._since_s) / (self._talks + 1.0)  # if the next talk were over just now
        differs = max(self._busy_s / self._talks, overdue_s) / steady_s - 1.0 if steady_s else 0.0
        return steady_s * (1.0 + differs**3 / (differs**2 + CHANCE**2))

    def _pass_to(self, now_s: float) -> None:
        if now_s > self._seen_s:
            self._since_s += self._running * (now_s - self._seen_s)
        self._seen_s = max(now_s, self._seen_s)

    # --- patience ----------------------------------------------------------------------------------------------------

    def held(self, held_s: float, *, gone: bool) -> None:
        """Somebody held so long, and then hung up or not (served, or waits for our call now)."""
        self.lessons += 1
        for n, begin in enumerate(AGES_S):
            if held_s <= begin:
                break
            end = AGES_S[n + 1] if n + 1 < len(AGES_S) else held_s
            leaves = gone and held_s <= end
            self._held_s[n] = self._held_s[n] * (1.0 - PATIENCE_MEMORY) + min(held_s, end) - begin
            self._gone[n] = self._gone[n] * (1.0 - PATIENCE_MEMORY) + (1.0 if leaves else 0.0)
        self._hazard.clear()

    def hazards(self) -> tuple[list[float], list[float]]:
        """By age: how many of those who hold hang up in a second, and how many have until then (cumulative hazard)."""
        if not self._hazard:
            self._hazard = [gone / held for gone, held in zip(self._gone, self._held_s, strict=True)]
            self._sums = [0.0]
            for (begin, end), hazard in zip(pairwise(AGES_S), self._hazard, strict=False):
                self._sums.append(self._sums[-1] + hazard * (end - begin))
        return self._hazard, self._sums

    # --- our calls ---------------------------------------------------------------------------------------------------

    def rang(self, *, answered: bool, ring_s: float = 0.0) -> None:
        """We rang somebody. `ring_s`: how long an agent was held by a ring that came to nothing."""
        self.lessons += 1
        keep = 1.0 - RING_MEMORY
        self._rings = self._rings * keep + 1.0
        self._answered = self._answered * keep + (1.0 if answered else 0.0)
        self._missed_s = self._missed_s * keep + (0.0 if answered else ring_s)

    def call_s(self, talk_s: float) -> float:
        """How long a call-back holds an agent, in the mean: a talk where they answer, a ring where they do not."""
        return (self._answered * talk_s + self._missed_s) / self._rings


def hang_up_sum(held_s: float, hazards: tuple[list[float], list[float]]) -> float:
    """The cumulative hazard of hanging up by an age: minus the logarithm of the share that still holds."""
    n = bisect_right(AGES_S, held_s) - 1
    return hazards[1][n] + hazards[0][n] * (held_s - AGES_S[n])
