"""When a queue is open: weekly windows and single dates, in a zone, exact through clock changes.

A window begins on its day and may run over midnight. A date that is named stands alone from midnight to midnight: what
the day before would bring over is cut off there. Where the clock jumps over a bound, the bound is the jump; where an
hour comes twice, a window begins with the first and ends with the second.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_MIN = 24 * 60
DAYS_AHEAD_MAX = 400

Window = tuple[int, int]
"""Minutes since the midnight that its day begins with; the end may lie in the next day (up to 2880)."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Named hours. `week` holds the windows of Monday to Sunday; `dates` what holds on a date instead."""

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Window, ...], ...]
    dates: Mapping[date, tuple[Window, ...]]
    is_always: bool

    @property
    def is_never(self) -> bool:
        """Whether no window is left in the week and on no date."""
        return not self.is_always and not any(self.week) and not any(self.dates.values())

    def is_open(self, at: datetime) -> bool:
        """Whether an instant lies in a window. `at` has a zone."""
        if self.is_always:
            return True
        instant = _seconds(at)
        day = at.astimezone(self.zone).date()
        return any(start <= instant < end for near in _days(day, -1, 0) for start, end in self._spans(near))

    def next_open(self, at: datetime) -> datetime | None:
        """`at` itself when open, else the next opening, in UTC; None when there is none within 400 days."""
        if self.is_open(at):
            return at.astimezone(UTC)
        instant = _seconds(at)
        for day in _days(at.astimezone(self.zone).date(), -1, DAYS_AHEAD_MAX):
            starts = [start for start, _ in self._spans(day) if start > instant]
            if starts:
                return datetime.fromtimestamp(min(starts), UTC)
        return None

    def open_seconds_between(self, first: datetime, last: datetime) -> float:
        """Open seconds from `first` to `last`; 0 when `last` is not later. Linear in the days between."""
        begin, end = _seconds(first), _seconds(last)
        if self.is_always or end <= begin:
            return max(0.0, end - begin)
        first_day, last_day = first.astimezone(self.zone).date(), last.astimezone(self.zone).date()
        total, reached = 0.0, begin
        for day in _days(first_day, -1, (last_day - first_day).days):
            for start, stop in self._spans(day):
                total += max(0.0, min(stop, end) - max(start, reached))
                reached = max(reached, min(stop, end))
        return total

    def _spans(self, day: date) -> Iterator[tuple[int, int]]:
        """Windows that begin on `day`, as seconds since 1970, in order."""
        following = day + timedelta(days=1)
        longest = DAY_MIN if following in self.dates else 2 * DAY_MIN
        for start, end in self.dates.get(day, self.week[day.weekday()]):
            begin, stop = self._instant(day, start, fold=0), self._instant(day, min(end, longest), fold=1)
            if begin < stop:
                yield begin, stop

    def _instant(self, day: date, minutes: int, *, fold: int) -> int:
        over, minute = divmod(minutes, DAY_MIN)
        wall = datetime.combine(day + timedelta(days=over), time(minute // 60, minute % 60), self.zone)
        first, second = int(wall.timestamp()), int(wall.replace(fold=1).timestamp())
        if first <= second:  # one instant, or an hour that comes twice
            return second if fold else first
        return self._jump(second, first)

    def _jump(self, before: int, after: int) -> int:
        """The first second of the new offset, which lies between two instants."""
        old = datetime.fromtimestamp(before, self.zone).utcoffset()
        while after - before > 1:
            middle = (before + after) // 2
            is_old = datetime.fromtimestamp(middle, self.zone).utcoffset() == old
            before, after = (middle, after) if is_old else (before, middle)
        return after


def _seconds(at: datetime) -> float:
    assert at.tzinfo is not None, "an instant needs a zone"
    return at.timestamp()


def _days(day: date, first: int, last: int) -> Iterator[date]:
    return (day + timedelta(days=offset) for offset in range(first, last + 1))
