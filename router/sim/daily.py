"""Values that change by the hour of the day: how many people come in an hour, how many agents are there.

One rule: a value holds from its hour until the next one, and the last one over midnight until the first of the next
day. Time begins with midnight, in milliseconds, and every day is like the first.
"""

import bisect
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from router.core.words import DAY_MS, HOUR_MS


class Daily:
    """`steps`: hours of the day (0 to 24, rising), each with the value that holds from then on."""

    def __init__(self, steps: Sequence[tuple[float, float]]) -> None:
        self._hours = [hour * HOUR_MS for hour, _ in steps]
        self._values = [value for _, value in steps]

    def at(self, ms: float) -> float:
        """What holds at this instant."""
        return self._values[bisect.bisect_right(self._hours, ms % DAY_MS) - 1]  # -1 is the last: over midnight

    def until(self, ms: float) -> float:
        """When the next value begins to hold: after `ms`; never where there is only one."""
        if len(self._hours) == 1:
            return math.inf
        days, in_day = divmod(ms, DAY_MS)
        following = bisect.bisect_right(self._hours, in_day)
        if following < len(self._hours):
            return days * DAY_MS + self._hours[following]
        return (days + 1) * DAY_MS + self._hours[0]

    def changes(self) -> Iterator[tuple[float, float]]:
        """Instants with the value from then on, for ever; the first is what holds at midnight."""
        at = 0.0
        while at < math.inf:
            yield at, self.at(at)
            at = self.until(at)

    def day_sum(self) -> float:
        """The value summed over the hours of one day."""
        bounds = [*self._hours, self._hours[0] + DAY_MS]
        return sum(v * (b - a) for v, (a, b) in zip(self._values, pairwise(bounds), strict=True)) / HOUR_MS
