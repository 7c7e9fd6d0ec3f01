"""Ranges around an expected wait that hold four times in five, kept true by what waits turned out to be.

One rule: what was told is judged when the place is reached, and each miss moves the next range. A wait of k pieces of
work is gamma-distributed; its quantiles by Wilson and Hilferty (1931) around scores that were seen, at levels that slow
adaptive conformal inference (Gibbs and Candes 2021) corrects for each side and each band of effective places.
"""

import math
from bisect import bisect_right
from typing import NamedTuple

from router.core.values import value

MISS = 0.085
"""Aimed at for each side: feedback comes one wait late, so 83 % is asked for to honour 80 %."""
STEP = 0.003
LEAST, MOST = 0.002, 0.4
"""Levels never leave these."""
BANDS = (2.0, 4.0, 8.0, 16.0)
"""Effective places behave alike below 2, to 4, to 8, to 16 and above."""
MEMORY = 1.0 / 2000.0
"""The weight of a score against those before it: in the mean as old as in a window of 4,000."""
ENOUGH = 50
"""With fewer scores in a band the model alone gives the range, somewhat widened."""
WIDE = 1.54
SCORE_MOST, SCORE_BIN = 4.0, 0.05
BINS = 2 * round(SCORE_MOST / SCORE_BIN)
WAIT_LEAST_S = 5.0
HEAVY = 1e12
TRUST_S = 20_000.0
"""How much the walk is trusted beforehand: as if waits of so many seconds had turned out as long as it said."""
OFF_LEAST, OFF_MOST = 0.8, 1.25
"""By more than this the walk is never corrected."""
FAR = 10.0
"""A wait that is so much longer than the walk had said, as one over a night, counts as this."""


class Range(NamedTuple):
    """What somebody was told, unrounded: seconds, and what it rested on. `walked_s`: what the walk alone had said."""

    low_s: float
    high_s: float
    expected_s: float
    places: float
    walked_s: float


@value
class BandState:
    """One band as a document: levels of both sides, and how often scores fell where (weights, most recent counts 1)."""

    low: float = MISS
    high: float = MISS
    count: int = 0
    weights: tuple[tuple[int, float], ...] = ()


class Band:
    """Scores of a band in bins, so that hearing one costs the same after a million."""

    def __init__(self, state: BandState | None = None) -> None:
        first = state or BandState()
        self._low, self._high, self.count = first.low, first.high, first.count
        self._weights = [0.0] * BINS
        for n, weight in first.weights:
            self._weights[n] = weight
        self._total = sum(self._weights)
        self._now = 1.0  # the weight of the next score: it grows, so that what is old need not be made less
        self._ends: tuple[float, float] | None = None

    def state(self) -> BandState:
        weights = tuple((n, round(w / self._now, 4)) for n, w in enumerate(self._weights) if w / self._now >= 0.0001)
        return BandState(low=self._low, high=self._high, count=self.count, weights=weights)

    def ends(self) -> tuple[float, float]:
        """The scores between which the next one lies as often as is claimed."""
        if self.count < ENOUGH:
            return -WIDE, WIDE
        if self._ends is None:
            self._ends = self._quantile(self._low), self._quantile(1.0 - self._high)
        return self._ends

    def hear(self, score: float, *, is_low: bool, is_high: bool) -> None:
        """A place was reached: below what was told, above it, or within."""
        n = min(BINS - 1, max(0, int((score + SCORE_MOST) / SCORE_BIN)))
        self._now /= 1.0 - MEMORY
        self._weights[n] += self._now
        self._total += self._now
        self.count += 1
        self._low = min(MOST, max(LEAST, self._low + STEP * (MISS - is_low)))
        self._high = min(MOST, max(LEAST, self._high + STEP * (MISS - is_high)))
        self._ends = None
        if self._now > HEAVY:
            self._weights = [weight / self._now for weight in self._weights]
            self._total /= self._now
            self._now = 1.0

    def _quantile(self, level: float) -> float:
        left = level * self._total
        for n, weight in enumerate(self._weights):
            if left <= weight and weight > 0.0:
                return (n + left / weight) * SCORE_BIN - SCORE_MOST
            left -= weight
        return SCORE_MOST


@value
class Balance:
    """How long waits turned out in all, and how long the walk had said; both weighted towards the present."""

    waited_s: float = 0.0
    walked_s: float = 0.0

    @property
    def ratio(self) -> float:
        """By which the walk is multiplied, so that it is too long as often as too short."""
        return min(OFF_MOST, max(OFF_LEAST, (self.waited_s + TRUST_S) / (self.walked_s + TRUST_S)))

    def after(self, walked_s: float, waited_s: float) -> "Balance":
        fresh = 1.0 - MEMORY
        waited_s = min(waited_s, FAR * walked_s)
        return Balance(self.waited_s * fresh + waited_s, self.walked_s * fresh + walked_s)


class Calibration:
    """The bands of a line, and how far its walk is off in the mean."""

    def __init__(self, states: tuple[BandState, ...] = (), balance: Balance | None = None) -> None:
        self._bands = [Band(state) for state in states] or [Band() for _ in range(len(BANDS) + 1)]
        self.balance = balance or Balance()

    def states(self) -> tuple[BandState, ...]:
        return tuple(band.state() for band in self._bands)

    @property
    def count(self) -> int:
        """Waits that were judged."""
        return sum(band.count for band in self._bands)

    def range(self, expected_s: float, places: float) -> Range:
        """The range for a place that is reached after `expected_s` in the mean."""
        walked_s = max(expected_s, WAIT_LEAST_S)
        mean_s = max(WAIT_LEAST_S, walked_s * self.balance.ratio)
        low, high = self._bands[bisect_right(BANDS, places)].ends()
        return Range(_wait(mean_s, places, low), _wait(mean_s, places, high), mean_s, places, walked_s)

    def judge(self, told: Range, waited_s: float) -> None:
        """The place is reached: learn from what was told."""
        band = self._bands[bisect_right(BANDS, told.places)]
        score = _score(waited_s, told.expected_s, told.places)
        band.hear(score, is_low=waited_s < told.low_s, is_high=waited_s > told.high_s)
        self.balance = self.balance.after(told.walked_s, waited_s)


def _wait(mean_s: float, places: float, score: float) -> float:
    part = 1.0 / (9.0 * places)
    return mean_s * max(0.0, 1.0 - part + score * math.sqrt(part)) ** 3


def _score(waited_s: float, mean_s: float, places: float) -> float:
    part = 1.0 / (9.0 * places)
    return (math.cbrt(waited_s / mean_s) - 1.0 + part) / math.sqrt(part)
