"""How a wait is said: rounded outward to minutes that people say, with what it rests on, or that we do not know.

One rule: what is said holds at least as often as what was reckoned, so it is rounded away from the middle, never to the
nearest. Numbers are for machines and for the channel's own words; here stands `basis`, for people who ask why.
"""

from bisect import bisect_left, bisect_right

from router.core.values import value
from router.core.waits.ranges import Range

MINUTES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 90, 120, 180, 240, 300, 360, 480)
"""Minutes that people say."""
CONFIDENCE = 0.8
RESTS_ON = "place in line, the agents on duty and how long talks take; at least 80 % of such ranges hold"
TOO_LITTLE = "we do not know: too little has been seen in this line"
NOBODY = "we do not know: nobody who can take it is on duty"
TOO_LONG = "we do not know: it is longer than can be said well"
NO_WAIT = "nobody waits and somebody is free"


@value
class Said:
    """A wait as it is said: whole minutes in seconds, both None where we do not know."""

    low_s: int | None
    high_s: int | None
    basis: str

    @property
    def confidence(self) -> float | None:
        return None if self.high_s is None else CONFIDENCE


def said(found: Range) -> Said:
    """A range in minutes that people say: the low end down, the high end up, and never the same."""
    if found.high_s > MINUTES[-1] * 60:
        return Said(None, None, TOO_LONG)
    low = bisect_right(MINUTES, found.low_s / 60) - 1
    high = max(bisect_left(MINUTES, found.high_s / 60), low + 1)
    if high >= len(MINUTES):
        return Said(None, None, TOO_LONG)
    return Said(MINUTES[low] * 60, MINUTES[high] * 60, RESTS_ON)
