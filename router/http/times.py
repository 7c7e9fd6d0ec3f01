"""Instants as people and programs write them: with an offset, or with the name of a zone in brackets (RFC 9557).

Its one rule: an instant is meant or refused, never guessed. What no clock ever shows, or shows twice, is refused with
the two nearest times that could be meant.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_NAMED = re.compile(r"^(.{10,40}?)\[([A-Za-z][A-Za-z0-9_+/-]{1,60})\]$", re.ASCII)
_DAY = re.compile(r"^(\d{4})-(\d{2})-(\d{2})(?=T|$)", re.ASCII)


def zoned(value: object) -> object:
    """An instant as text, for a field of a request; anything else is left to the field. Raises ValueError with a
    sentence for people.

    >>> zoned("2026-11-23T15:00:00[America/New_York]")
    datetime.datetime(2026, 11, 23, 20, 0, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(value, str):
        return value
    named = _NAMED.match(value)
    try:
        parsed = datetime.fromisoformat(named[1] if named else value)
    except ValueError as error:
        raise ValueError(f"{value} is no time: {error}{_nearest_days(value)}") from None
    if named:
        return _in_zone(value, parsed, named[2])
    if parsed.tzinfo is None:
        raise ValueError(f"{value} has no zone; write {value}Z or {value}+01:00")
    return parsed


def _in_zone(value: str, local: datetime, name: str) -> datetime:
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{value}: there is no zone {name}; write one such as America/New_York") from None
    if local.tzinfo is not None:
        raise ValueError(f"{value} has an offset and a zone; write one of them")
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first > second:  # clocks were put forward over it
        change = _change(zone, second, first)
        before, after = (change - timedelta(minutes=1)).astimezone(zone), change.astimezone(zone)
        raise ValueError(f"{value} is on no clock there; nearest are {before.isoformat()} and {after.isoformat()}")
    early, late = first.astimezone(zone).isoformat(), second.astimezone(zone).isoformat()
    raise ValueError(f"{value} is on clocks twice there; write {early} or {late}")


def _change(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """When the clocks of `zone` are changed, between two instants."""
    offset = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


def _nearest_days(value: str) -> str:
    """The days around one that no calendar has."""
    found = _DAY.match(value)
    year, month, day = (int(part) for part in found.groups()) if found else (0, 0, 0)
    if found is None or not (1 <= year <= 9998 and 1 <= month <= 12 and day <= 31):
        return ""
    last = calendar.monthrange(year, month)[1]
    if 1 <= day <= last:
        return ""
    rest, following = value[found.end() :], (year + month // 12, month % 12 + 1)
    if day == 0:
        return ""
    before, after = f"{year:04}-{month:02}-{last:02}{rest}", f"{following[0]:04}-{following[1]:02}-01{rest}"
    return f"; nearest are {before} and {after}"
