"""Puts what was said about a time onto the calendar of a place: from when to when, and what is doubtful about it.

Its one rule: whatever it gives begins before it ends and lies ahead; where what was said does not, or may be read in
two ways, the doubt is named and the window is what we suggest instead. Instants are UTC, days and hours those of the
zone.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Final
from zoneinfo import ZoneInfo

from policies.window_terms import Ahead, Clock, DayPart, Every, In, NextWeek, OnDate, Side, Times, Weekday
from policies.window_words import Part

DAY_MIN: Final = 24 * 60
HALF_DAY_MIN: Final = 12 * 60
EVENING_MIN: Final = 17 * 60
"""A part of the day that begins so late goes on after midnight."""
SMALL_HOURS_MIN: Final = 6 * 60
"""When the night is over."""
LEFT_MIN: Final = 5
"""A window of which less is left is over. Minutes."""
YEARS_MAX: Final = 5
_MINUTE: Final = timedelta(minutes=1)


class Doubt(StrEnum):
    """Why a window is asked back."""

    BARE = "bare"  # a number that nothing calls a time
    WIDE = "wide"  # about then, or some time in a week
    TWO = "two"  # two windows at once
    PAST = "past"
    BACKWARDS = "backwards"  # the end before the start
    HALF = "half"  # in the morning or in the evening
    SKIPPED = "skipped"  # the clocks go forward over it that night
    TWICE = "twice"  # the clocks go back over it that night
    NO_DAY = "no_day"  # the calendar has no such day
    WHICH_WEEK = "which_week"
    FAR = "far"
    BESIDE = "beside"  # said in another sentence than the wish
    EXCEPT = "except"  # something was said not to suit
    ZONE = "zone"  # we do not know on which clock
    NO_TIME = "no_time"  # the clock never shows it


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when, aware, in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """A window that comes again: on these days, Monday being 0, from when to when in minutes since midnight."""

    days: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class WindowRules:
    """What is left out when people speak of times, in minutes (`ahead`: in days)."""

    day_start: int = 8 * 60
    day_end: int = 20 * 60
    exact: int = 20
    around: int = 30
    soon: int = 60
    ahead: int = 60


Day = Ahead | Weekday | OnDate | NextWeek


@dataclass(frozen=True, slots=True)
class Meaning:
    """One wish as it was put together; a part that was not said is None."""

    days: tuple[Day, ...] = ()
    times: Times | None = None
    part: DayPart | None = None
    every: Every | None = None
    relative: In | None = None
    is_soon: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    window: Window
    doubt: Doubt | None = None
    rule: Rule | None = None
    hours: tuple[int, int] | None = None  # minutes since midnight that were meant, also where some of them are over


def placed(meaning: Meaning, *, now: datetime, zone: ZoneInfo, rules: WindowRules) -> Placed:
    """The window that is meant, or that we suggest. `now` is aware."""
    calendar = _Calendar(now, zone, rules)
    if meaning.relative is not None:
        return calendar.relative(meaning.relative)
    if meaning.is_soon:
        return calendar.relative(In(rules.soon, is_within=True))
    start, end, doubt = _minutes(meaning, rules)
    if meaning.every is not None:
        return replace(calendar.again(Rule(meaning.every.days, start, end), doubt), hours=(start, end))
    return replace(calendar.once(meaning, start, end, doubt), hours=(start, end))


class _Calendar:
    """Now, here."""

    def __init__(self, now: datetime, zone: ZoneInfo, rules: WindowRules) -> None:
        self._now = _minute_up(now.astimezone(UTC))
        self._zone = zone
        self._rules = rules
        self._today = now.astimezone(zone).date()

    def relative(self, said: In) -> Placed:
        ahead = self._now + timedelta(minutes=said.minutes)
        doubt = Doubt.WIDE if said.is_around else None
        if said.is_within:
            return Placed(Window(self._now, ahead), doubt)
        return Placed(Window(ahead, ahead + timedelta(minutes=self._rules.exact)), doubt)

    def again(self, rule: Rule, doubt: Doubt | None) -> Placed:
        """The next window of a rule: within a week and a day there is one."""
        for ahead in range(9):
            day = self._today + timedelta(days=ahead)
            if day.weekday() in rule.days:
                found, odd = self._on(day, rule.start, rule.end)
                if found is not None:
                    return Placed(found, doubt or odd, rule)
        return Placed(self._next(rule.start, rule.end), doubt or Doubt.PAST, rule)

    def once(self, meaning: Meaning, start: int, end: int, doubt: Doubt | None) -> Placed:
        if not meaning.days:
            return self._some_day(meaning, start, end, doubt)
        dates = [self._date(day, start, end) for day in meaning.days]
        day, odd = dates[0]
        if any(other != day for other, _ in dates):
            doubt = doubt or Doubt.TWO
        found, strange = self._on(day, start, end)
        if found is None:
            return Placed(self._next(start, end), doubt if doubt is Doubt.NO_TIME else Doubt.PAST)
        return Placed(found, doubt or odd or strange)

    def _some_day(self, meaning: Meaning, start: int, end: int, doubt: Doubt | None) -> Placed:
        found, odd = self._on(self._today, start, end)
        if found is not None:
            return Placed(found, doubt or odd)
        is_next_meant = meaning.times is None  # "in the morning", said at noon
        return Placed(self._next(start, end), doubt or (None if is_next_meant else Doubt.PAST))

    def _next(self, start: int, end: int) -> Window:
        """The same hours tomorrow, or on the first day after it that has them."""
        for ahead in range(1, 9):
            found, _ = self._on(self._today + timedelta(days=ahead), start, end)
            if found is not None:
                return found
        return Window(self._now, self._now + timedelta(minutes=self._rules.soon))

    def _on(self, day: date, start: int, end: int) -> tuple[Window | None, Doubt | None]:
        """The window on that day as far as it lies ahead; None where it is over."""
        first, doubt = self._instant(day, start)
        last, other = self._instant(day, end)
        if last <= first:  # the clocks change in it
            last = first + timedelta(minutes=end - start)
        first = max(first, self._now)
        if last - first < LEFT_MIN * _MINUTE:
            return None, None
        return Window(first, last), doubt or other

    def _instant(self, day: date, minutes: int) -> tuple[datetime, Doubt | None]:
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - the wall clock, which the zone is put to
        wall = midnight + timedelta(minutes=minutes)
        early = wall.replace(tzinfo=self._zone)
        late = early.replace(fold=1)
        at = early.astimezone(UTC)
        if early.utcoffset() == late.utcoffset():
            return at, None
        is_there = at.astimezone(self._zone).replace(tzinfo=None) == wall
        return at, Doubt.TWICE if is_there else Doubt.SKIPPED

    # --- days ---------------------------------------------------------------------------------------------------------

    def _date(self, said: Day, start: int, end: int) -> tuple[date, Doubt | None]:
        today = self._today
        match said:
            case Ahead():
                day, doubt = today + timedelta(days=said.days), None
            case NextWeek():
                day, doubt = today + timedelta(days=7 - today.weekday()), Doubt.WIDE
            case Weekday():
                day, doubt = self._weekday(said, start, end)
            case OnDate():
                day, doubt = self._on_date(said)
        if doubt is None and (day - today).days > self._rules.ahead:
            doubt = Doubt.FAR
        return day, doubt

    def _weekday(self, said: Weekday, start: int, end: int) -> tuple[date, Doubt | None]:
        ahead = (said.day - self._today.weekday()) % 7
        if not said.is_next:
            day = self._today + timedelta(days=ahead)
            return (day, None) if ahead or self._on(day, start, end)[0] else (day + timedelta(days=7), None)
        next_week = 7 - self._today.weekday() + said.day
        doubt = None if (ahead or 7) == next_week else Doubt.WHICH_WEEK
        return self._today + timedelta(days=next_week), doubt

    def _on_date(self, said: OnDate) -> tuple[date, Doubt | None]:
        today = self._today
        if said.year is not None and not today.year <= said.year <= today.year + YEARS_MAX:
            return today + timedelta(days=1), Doubt.PAST if said.year < today.year else Doubt.FAR
        year, month = said.year or today.year, said.month or today.month
        for _ in range(13):
            day = _day_of(year, month, said.day)
            if day is not None and (day >= today or said.year is not None):
                return day, None
            if said.year is not None or (said.month is not None and (day is None or year > today.year)):
                break
            year, month = (year + 1, month) if said.month else (year + month // 12, month % 12 + 1)
        last = self._last_of(year, month)
        return last if last >= today else self._last_of(year + 1, month), Doubt.NO_DAY

    def _last_of(self, year: int, month: int) -> date:
        return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _day_of(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # the calendar has no such day
        return None


def _minute_up(at: datetime) -> datetime:
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + _MINUTE


# --- hours ------------------------------------------------------------------------------------------------------------


def _minutes(meaning: Meaning, rules: WindowRules) -> tuple[int, int, Doubt | None]:
    """From when to when on a day, in minutes since its midnight."""
    part, times = meaning.part, meaning.times
    if times is None:
        return (*_of_part(part, rules), None)
    if times.side is Side.BETWEEN and times.last is not None:
        start, end, doubt = _pair(times.first, times.last, part.part if part else None, rules)
        return start, end, Doubt.NO_TIME if times.first.is_none or times.last.is_none else doubt
    at, doubt = _reading(times.first, part.part if part else None, rules)
    doubt = Doubt.NO_TIME if times.first.is_none else doubt
    low, high = (part.part.start, part.part.end) if part else (rules.day_start, rules.day_end)
    match times.side:
        case Side.AROUND:
            return at - rules.around, at + rules.around, Doubt.WIDE
        case Side.AFTER:
            return at, high if at < high else at + 60, doubt
        case Side.BEFORE:
            return low if low < at else at - 60, at, doubt
        case Side.BARE:
            return at, at + rules.exact, Doubt.BARE
        case _:
            return at, at + rules.exact, doubt


def _of_part(said: DayPart | None, rules: WindowRules) -> tuple[int, int]:
    if said is None:
        return rules.day_start, rules.day_end
    part = said.part
    if said.side is Side.AFTER:
        return part.end, rules.day_end if part.end < rules.day_end else part.end + 60
    if said.side is Side.BEFORE:
        return rules.day_start if rules.day_start < part.start else part.start - 60, part.start
    return part.start, part.end


def _readings(clock: Clock, part: Part | None) -> tuple[int, ...]:
    """The times of day that it may be."""
    is_late = part is not None and part.start >= EVENING_MIN
    if clock.half or clock.is_exact:
        minutes = clock.minutes
        if clock.half:
            minutes = minutes % HALF_DAY_MIN + (HALF_DAY_MIN if clock.half == "pm" else 0)
        if is_late and minutes == HALF_DAY_MIN and not clock.half:
            minutes = 0  # tonight at 12
        return (minutes + DAY_MIN if is_late and minutes < SMALL_HOURS_MIN else minutes,)
    early = clock.minutes % HALF_DAY_MIN
    both = (early, early + HALF_DAY_MIN)
    if part is None:
        return both
    if is_late:  # an evening goes on after midnight
        return (both[1] if both[1] >= part.start - 60 else early + DAY_MIN,)
    middle = (part.start + part.end) // 2
    return (min(both, key=lambda minutes: abs(minutes - middle)),)


def _reading(clock: Clock, part: Part | None, rules: WindowRules) -> tuple[int, Doubt | None]:
    found = _readings(clock, part)
    if found[0] >= DAY_MIN and not (clock.half or clock.is_exact):
        return found[0], Doubt.HALF
    by_day = [minutes for minutes in found if rules.day_start <= minutes < rules.day_end]
    if len(found) == 1:
        return found[0], None
    return (by_day or found)[-1], None if len(by_day) == 1 else Doubt.HALF


def _pair(first: Clock, last: Clock, part: Part | None, rules: WindowRules) -> tuple[int, int, Doubt | None]:
    starts, ends = _readings(first, part), _readings(last, part)
    pairs = [(start, end) for start, end in product(starts, ends) if 0 < end - start <= HALF_DAY_MIN]
    if not pairs and len(starts) == len(ends) == 1 and 0 < ends[0] + DAY_MIN - starts[0] <= HALF_DAY_MIN:
        pairs = [(starts[0], ends[0] + DAY_MIN)]  # over midnight
    by_day = [(start, end) for start, end in pairs if rules.day_start <= start and end <= rules.day_end]
    if by_day:
        return (*min(by_day, key=_length), None)
    is_said = len(starts) == 1 or len(ends) == 1
    if pairs and (is_said or first.minutes % HALF_DAY_MIN < last.minutes % HALF_DAY_MIN):
        return (*min(pairs, key=lambda pair: (_length(pair), -pair[0])), None if is_said else Doubt.HALF)
    start, _ = _reading(first, part, rules)
    end, _ = _reading(last, part, rules)
    low, high = min(start, end), max(start, end)
    return low, high if low < high else low + rules.exact, Doubt.BACKWARDS


def _length(pair: tuple[int, int]) -> int:
    return pair[1] - pair[0]
