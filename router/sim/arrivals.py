"""When people come: at random (a Poisson stream), at a rate that may change by the hour of the day.

One rule: the same chance gives the same instants. Who they are and what they want stands in `sim.people`.
"""

import math
from collections.abc import Iterator
from random import Random

from router.core.words import HOUR_MS
from router.sim.daily import Daily


def arrival_times(rate_per_h: Daily, chance: Random) -> Iterator[float]:
    """Instants of arrival in milliseconds, for ever. Exact where the rate steps: what is drawn is the stretch to the
    next arrival in arrivals awaited, which is then laid over the hours (time-change of a unit Poisson stream)."""
    at = 0.0
    while True:
        awaited = -math.log(1.0 - chance.random())
        while True:
            rate, until = rate_per_h.at(at) / HOUR_MS, rate_per_h.until(at)
            if rate and awaited <= rate * (until - at):
                at += awaited / rate
                break
            awaited -= rate * (until - at) if rate else 0.0
            at = until
        yield at
