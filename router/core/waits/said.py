"""How a wait is said: rounded outward to minutes that people say, with what it rests on, or that we do not know.

One rule: what is said holds at least as often as what was reckoned, so it is rounded away from the middle, never to the
nearest. Numbers are for machines and for the channel's own words; here stands `basis`, for people who ask why.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable

from router.core.clock import Ms
from router.core.values import value
from router.core.waits.ranges import Range
from router.core.words import SECOND_MS, CaseId

MINUTES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 75, 90, 120, 180, 240, 300, 360, 480)
"""Minutes that people say."""
CONFIDENCE = 0.8
PROMISED_LEAST_S = 120
"""Nobody is promised a call sooner than within this: a line of ours and one of theirs must be rung first."""
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


FindWait = Callable[[CaseId], Said | None]
"""How long the customer of a case still waits for somebody live; None where they do not wait so."""


FindPlace = Callable[[CaseId, str, str, Ms], Said | None]
"""How long the customer of a case would wait who stood in the line of a queue and kind from now on, with a place."""


def no_place(case: CaseId, queue: str, kind: str, place_at: Ms) -> Said | None:
    """Where nobody follows lines, nothing is said of them."""
    return None


def no_wait(case: CaseId) -> Said | None:
    """Where nobody follows lines, nothing is said of them."""
    return None


@value
class Told:
    """A wait as somebody was told it at an instant; without numbers: that we do not know."""

    at: Ms
    low_s: int | None = None
    high_s: int | None = None

    @property
    def until(self) -> Ms | None:
        """The upper end of what was told; None where nothing was."""
        return None if self.high_s is None else Ms(self.at + max(PROMISED_LEAST_S, self.high_s) * SECOND_MS)


def phrase_of(wait: Said | Told) -> tuple[str, dict[str, str]]:
    """The phrase that says a wait, with what it names."""
    if wait.low_s is None or wait.high_s is None:
        return "wait_unknown", {}
    low, high = str(wait.low_s // 60), str(wait.high_s // 60)
    if wait.low_s:
        return "wait_between", {"low": low, "high": high}
    return ("wait_under", {"high": high}) if wait.high_s > 60 else ("wait_moment", {})


def said(found: Range) -> Said:
    """A range in minutes that people say: the low end down, the high end up, and never the same."""
    if found.high_s > MINUTES[-1] * 60:
        return Said(None, None, TOO_LONG)
    low = bisect_right(MINUTES, found.low_s / 60) - 1
    high = max(bisect_left(MINUTES, found.high_s / 60), low + 1)
    if high >= len(MINUTES):
        return Said(None, None, TOO_LONG)
    return Said(MINUTES[low] * 60, MINUTES[high] * 60, RESTS_ON)
