"""Counts over customers who have left the centre: shares, means with their own error, and quantiles of the wait.

One rule: what it holds does not grow with how many it counts. Its error comes from batch means: customers who come
after each other wait alike, so only means over long stretches may be treated as independent.
"""

import math
import statistics
from dataclasses import dataclass, field

from router.core.words import SECOND_MS

WITHIN_S = (20, 30, 60, 120, 300)
"""Thresholds of `served_within`."""
BATCHES_MAX = 64
"""So many stretches are held; then each two become one."""
BATCHES_MIN = 10
"""Fewer give no error."""
GRAIN = 100
"""Waits are told apart to one part in so many."""

Totals = tuple[int, float, int]


@dataclass(slots=True)
class Tally:
    """Waits are in milliseconds here, from the call to the talk, or to the hang-up. `overtaken`: served after somebody
    of their class who had called later, though they were there to be served."""

    customers: int = 0
    abandoned: int = 0
    waited: int = 0
    wait_ms: float = 0.0
    overtaken: int = 0
    within: list[int] = field(default_factory=lambda: [0] * len(WITHIN_S))
    _by_length: dict[int, int] = field(default_factory=dict[int, int])  # of those served
    _marks: list[Totals] = field(default_factory=lambda: [(0, 0.0, 0)])  # totals at the end of each stretch
    _stretch: int = 16
    _next_mark: int = 16

    def add(self, wait_ms: float, *, waited: bool, served: bool, overtaken: bool = False) -> None:
        """Count somebody who has been reached by an agent, or has gone."""
        self.customers += 1
        if waited:
            self.waited += 1
            self.wait_ms += wait_ms
        if served:
            self.overtaken += overtaken
            for n, seconds in enumerate(WITHIN_S):
                if wait_ms <= seconds * SECOND_MS:
                    self.within[n] += 1
            length = int(math.log(wait_ms) * GRAIN) if wait_ms >= 1 else -1
            self._by_length[length] = self._by_length.get(length, 0) + 1
        else:
            self.abandoned += 1
        if self.customers == self._next_mark:
            self._mark()

    @property
    def served(self) -> int:
        return self.customers - self.abandoned

    @property
    def p_wait(self) -> float:
        return self.waited / self.customers if self.customers else 0.0

    @property
    def p_abandon(self) -> float:
        return self.abandoned / self.customers if self.customers else 0.0

    @property
    def mean_wait_s(self) -> float:
        """Over all who came, those who hung up too."""
        return self.wait_ms / self.customers / SECOND_MS if self.customers else 0.0

    @property
    def served_within(self) -> dict[str, float]:
        """By seconds: which share of all who came was served so soon."""
        among = max(1, self.customers)
        return {str(seconds): n / among for seconds, n in zip(WITHIN_S, self.within, strict=True)}

    def quantile_s(self, share: float) -> float:
        """What `share` of those served did not wait longer than, to one part in a hundred."""
        wanted, seen = share * self.served, 0
        for length in sorted(self._by_length):
            seen += self._by_length[length]
            if seen >= wanted:
                return math.exp((length + 0.5) / GRAIN) / SECOND_MS if length >= 0 else 0.0
        return 0.0

    def errors(self) -> tuple[float, float, float]:
        """Standard errors of `p_wait`, `mean_wait_s` and `p_abandon`; endless where too few have been counted."""
        if len(self._marks) <= BATCHES_MIN:
            return math.inf, math.inf, math.inf
        steps = list(zip(self._marks, self._marks[1:], strict=False))
        waited, wait, gone = (self._error([after[n] - before[n] for before, after in steps]) for n in range(3))
        return waited, wait / SECOND_MS, gone

    def _error(self, sums: list[float]) -> float:
        return statistics.stdev(sums) / self._stretch / math.sqrt(len(sums))

    def _mark(self) -> None:
        self._marks.append((self.waited, self.wait_ms, self.abandoned))
        if len(self._marks) > BATCHES_MAX:
            self._marks, self._stretch = self._marks[::2], self._stretch * 2
        self._next_mark = self.customers + self._stretch
