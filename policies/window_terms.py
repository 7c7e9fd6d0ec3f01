"""What may be said about a time and a call: days, times of day, parts of it, rules.

Its one rule: these are what was said, not what it comes to; no calendar and no present stand behind them.
"""

from dataclasses import dataclass
from enum import StrEnum

from policies.window_words import Part


class Side(StrEnum):
    """Where a wish lies to the times that are named."""

    AT = "at"
    AROUND = "around"
    AFTER = "after"
    BEFORE = "before"
    BETWEEN = "between"
    BARE = "bare"  # a number that nothing calls a time


@dataclass(frozen=True, slots=True)
class Clock:
    """A time as it was said. `half`: am, pm, or empty where it was left out; `is_marked`: called a time by its words;
    `is_exact`: stands for itself, such as 15:00 or 07:30 Uhr."""

    minutes: int
    half: str = ""
    is_marked: bool = False
    is_exact: bool = False
    is_none: bool = False  # the clock never shows it: what stands here is near it


@dataclass(frozen=True, slots=True)
class Times:
    side: Side
    first: Clock
    last: Clock | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """So many days from today."""

    days: int


@dataclass(frozen=True, slots=True)
class Weekday:
    day: int
    is_next: bool = False


@dataclass(frozen=True, slots=True)
class OnDate:
    """A date; the year and the month where they were said."""

    year: int | None
    month: int | None
    day: int


@dataclass(frozen=True, slots=True)
class NextWeek:
    """Next week, no day."""


@dataclass(frozen=True, slots=True)
class Every:
    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class In:
    """So many minutes from now; `is_within`: at any time until then."""

    minutes: int
    is_within: bool = False
    is_around: bool = False


@dataclass(frozen=True, slots=True)
class DayPart:
    part: Part
    side: Side = Side.AT


@dataclass(frozen=True, slots=True)
class Soon:
    """As soon as possible."""


@dataclass(frozen=True, slots=True)
class Same:
    """At the time that is promised already."""


@dataclass(frozen=True, slots=True)
class Zone:
    """On the clock of this zone."""

    key: str


@dataclass(frozen=True, slots=True)
class Or:
    """A choice between what stands before and after."""


@dataclass(frozen=True, slots=True)
class Call:
    """They ask for a call."""


@dataclass(frozen=True, slots=True)
class Suits:
    """They say that something suits."""


@dataclass(frozen=True, slots=True)
class Happens:
    """They say what else happens then: somebody comes by, a shop opens."""


Said = (
    Times
    | Ahead
    | Weekday
    | OnDate
    | NextWeek
    | Every
    | In
    | DayPart
    | Soon
    | Same
    | Zone
    | Or
    | Call
    | Suits
    | Happens
)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that was said. `is_not`: it does not suit; `follows`: no word that we do not know stands between it
    and the item before."""

    said: Said
    start: int
    end: int
    segment: int
    is_not: bool = False
    follows: bool = False
