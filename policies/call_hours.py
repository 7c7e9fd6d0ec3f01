"""When somebody may be rung, and whether a window can be promised: on the clock of whoever is called.

Its one rule: nobody is rung outside 8 and 20 o'clock of their own day, unless they named that time. What cannot be
promised comes back with one that can. Instants are milliseconds since 1970; where a number tells of several zones, the
hours are those that all of them share. It does not know whether anybody is free then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from policies.window_calendar import Window
from policies.windows_said import say_window

FIRST_HOUR: Final = 8
LAST_HOUR: Final = 20
MINUTE_MS: Final = 60_000
LENGTH_MS_MIN: Final = 5 * MINUTE_MS
LENGTH_MS_MAX: Final = 12 * 60 * MINUTE_MS
LENGTH_MS: Final = 30 * MINUTE_MS
"""How long a window is that we suggest where the one that was asked for says nothing of it."""
AHEAD_MS_MAX: Final = 90 * 24 * 60 * MINUTE_MS
_STEPS: Final = 24
"""So often the hour is moved to suit every zone; where none suits all of them, the first zone's does."""

Span = tuple[int, int]
"""From when to when."""
Why = Literal["past", "order", "short", "long", "far", "night", "closed"]


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a window cannot be promised, and one that can."""

    why: Why
    instead: Span


def may_ring(at_ms: int, zones: Sequence[str]) -> bool:
    """Whether it is day for whoever is called. Without a zone nothing is known, and nothing forbidden."""
    return all(FIRST_HOUR <= _local(at_ms, zone).hour < LAST_HOUR for zone in zones)


def same_hours(at_ms: int, minutes: tuple[int, int], *, zone: str, ahead: int) -> tuple[int, Span]:
    """So many days after an instant, from one minute of the day to another on the wall clock: the weekday (0: Monday),
    and when that is."""
    day = _local(at_ms, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    first, last = (day + timedelta(days=ahead, minutes=minute) for minute in minutes)
    return first.weekday(), (round(first.timestamp() * 1000), round(last.timestamp() * 1000))


def ring_from(at_ms: int, zones: Sequence[str]) -> int:
    """The first instant from `at_ms` on at which it is day for them."""
    found = at_ms
    for _ in range(_STEPS):
        night = next((zone for zone in zones if not may_ring(found, (zone,))), None)
        if night is None:
            return found
        found = _morning(found, night)
    return ring_from(at_ms, zones[:1])


def rings_until(at_ms: int, zones: Sequence[str]) -> int | None:
    """The first instant from `at_ms` on at which it is not day for them; None where nothing is known of that."""
    if not zones:
        return None
    if ring_from(at_ms, zones) > at_ms:
        return at_ms
    clocks = zones if may_ring(at_ms, zones) else zones[:1]
    return min(_evening(at_ms, zone) for zone in clocks)


def fit_window(
    window: Span,
    *,
    now: int,
    zones: Sequence[str],
    is_named: bool,
    opens: Callable[[int], int | None],
) -> Unfit | None:
    """Why `window` cannot be promised; None where it can. `is_named`: they named the time themselves, so that it may be
    night. `opens`: when people are there from an instant on; None: never."""
    start, end = window
    wanted = end - start if LENGTH_MS_MIN <= end - start <= LENGTH_MS_MAX else LENGTH_MS
    why: Why | None = None
    if end <= start:
        why = "order"
    elif end <= now:
        why = "past"
    elif end - start < LENGTH_MS_MIN:
        why = "short"
    elif end - start > LENGTH_MS_MAX:
        why = "long"
    elif start - now > AHEAD_MS_MAX:
        why = "far"
    elif not is_named and not (may_ring(start, zones) and may_ring(end - 1, zones)):
        why = "night"
    elif opens(max(start, now)) != max(start, now):
        why = "closed"
    if why is None:
        return None
    first = now if why in ("past", "far") else max(start, now)
    return Unfit(why, suggested(first, wanted, zones=zones, is_named=is_named, opens=opens))


def suggested(
    first: int, length: int, *, zones: Sequence[str], is_named: bool, opens: Callable[[int], int | None]
) -> Span:
    """The first window of that length from `first` on that can be promised."""
    start = -(-first // MINUTE_MS) * MINUTE_MS
    for _ in range(_STEPS):
        opened = opens(start)
        at = start if opened is None else opened
        at = at if is_named else ring_from(at, zones)
        if not is_named and not may_ring(at + length - 1, zones):
            at = ring_from(at + length, zones)
        if at == start:
            break
        start = at
    return start, start + length


def said_window(window: Span, now_ms: int, *, zone: str, language: str, names_place: bool) -> str:
    """A window as it is said in `language`, on the clock of `zone`."""
    start, end, now = (datetime.fromtimestamp(at / 1000, UTC) for at in (*window, now_ms))
    return say_window(Window(start, end), language=language, zone=ZoneInfo(zone), now=now, names_place=names_place)


def _local(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))


def _morning(at_ms: int, zone: str) -> int:
    """The next time that day begins there."""
    local = _local(at_ms, zone)
    day = local.date() + timedelta(days=0 if local.hour < FIRST_HOUR else 1)
    morning = datetime(day.year, day.month, day.day, FIRST_HOUR, tzinfo=local.tzinfo)
    return round(morning.timestamp() * 1000)


def _evening(at_ms: int, zone: str) -> int:
    """When the day ends there that it is at this instant."""
    local = _local(at_ms, zone)
    return round(datetime(local.year, local.month, local.day, LAST_HOUR, tzinfo=local.tzinfo).timestamp() * 1000)
