"""Reads hours.yaml: named hours with their zone, week and dates. Empty and overlapping windows are refused."""

import re
from datetime import date
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from policies.fields import Fields
from policies.hours import DAY_MIN, Hours, Window
from policies.problems import nearest
from policies.tree import Node, Scalar
from policies.zones import ZONE_FORM, renamed, zone, zone_hint

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK_MIN: Final = 7 * DAY_MIN

_LONG_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WINDOW: Final = re.compile(r"([0-9]{1,2}):([0-9]{2}) ?[-–] ?([0-9]{1,2}):([0-9]{2})", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WINDOW_FORM: Final = 'times such as "09:00-17:00", or open, or closed'
_DAYS_FORM: Final = "days such as mon, mon-fri or daily"

_Spans = list[tuple[int, int, Node]]


def read_hours(top: Fields) -> dict[str, Hours]:
    """All named hours, by name. `top` is the file."""
    default = _zone(top, ZoneInfo("UTC"))
    found: dict[str, Hours] = {}
    for key, node in top.block("hours").items():
        name = top.name(key) or ""
        if isinstance(node, Scalar):
            is_open = top.choice(node, ("open", "closed"), what="open, closed or keys below") == "open"
            week = (((0, DAY_MIN),) if is_open else (),) * 7
            found[name] = Hours(name, default, week, {}, is_always=is_open)
        else:
            fields = Fields(node, top.findings, keys=("zone", "week", "dates"))
            found[name] = _hours(fields, name=name, default=default)
    if not found:
        top.refuse(top.node, found="no hours", expected='at least one under hours, such as "always: open"')
    return found


def _hours(fields: Fields, *, name: str, default: ZoneInfo) -> Hours:
    fields.need("week")
    dates = _dates(fields.block("dates"))
    week = _week(fields.block("week"))
    if not any(week) and not any(dates.values()):
        fields.findings.warn(f"{fields.node.file}: hours {name} are never open")
    return Hours(name, _zone(fields, default), week, dates, is_always=False)


def _zone(fields: Fields, default: ZoneInfo) -> ZoneInfo:
    node = fields.get("zone")
    value = fields.scalar(node, zone, expected=ZONE_FORM, hint=zone_hint)
    if value is not None and node is not None and (name := renamed(value.key)):
        fields.findings.warn(f"{node.file}:{node.line}: zone {value.key} is called {name} today")
    return value or default


def _week(fields: Fields) -> tuple[tuple[Window, ...], ...]:
    week: list[tuple[Window, ...]] = [()] * 7
    named: set[int] = set()
    spans: _Spans = []
    for key, node in fields.items():
        days = fields.scalar(key, _days, expected=_DAYS_FORM, hint=_days_hint) or ()
        windows = _windows(fields, node)
        for day in days:
            if day in named:
                fields.refuse(key, found=f"{DAYS[day]} a second time", expected="each day once in a week")
            named.add(day)
            week[day] = tuple(sorted(window for window, _ in windows))
            spans += [(day * DAY_MIN + start, day * DAY_MIN + end, at) for (start, end), at in windows]
    _refuse_overlaps(fields, spans, around=WEEK_MIN)
    return tuple(week)


def _dates(fields: Fields) -> dict[date, tuple[Window, ...]]:
    dates: dict[date, tuple[Window, ...]] = {}
    for key, node in fields.items():
        day = fields.scalar(key, _date, expected="a date such as 2026-12-25")
        windows = _windows(fields, node)
        _refuse_overlaps(fields, [(start, end, at) for (start, end), at in windows])
        if day is not None:
            dates[day] = tuple(sorted(window for window, _ in windows))
    return dates


def _windows(fields: Fields, node: Node) -> list[tuple[Window, Node]]:
    """The windows of one day, each with where it stands."""
    if isinstance(node, Scalar) and node.text == "closed":
        return []
    if isinstance(node, Scalar) and node.text == "open":
        return [((0, DAY_MIN), node)]
    found: list[tuple[Window, Node]] = []
    for item in fields.items_of(node):
        window = fields.scalar(item, window_of, expected=_WINDOW_FORM)
        if window is None:
            continue
        if window[0] == window[1]:
            fields.refuse(item, found=f"the empty window {item.found()}", expected="an end after the start",
                          suggestion="open, for the whole day")  # fmt: skip
        else:
            found.append((window, item))
    return found


def window_of(text: str) -> Window | None:
    """Minutes of '09:00-17:00'; an end before the start lies in the next day."""
    parts = _WINDOW.fullmatch(text.strip())
    if parts is None:
        return None
    hour, minute, end_hour, end_minute = map(int, parts.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if start >= DAY_MIN or end > DAY_MIN or minute > 59 or end_minute > 59:
        return None
    return (start, end + DAY_MIN) if end < start else (start, end)


def _refuse_overlaps(fields: Fields, spans: _Spans, *, around: int = 0) -> None:
    """Refuse two windows with a minute in common; a week goes `around`: Sunday night runs into Monday."""
    again = [(start + around, end + around, at) for start, end, at in spans if around and start < DAY_MIN]
    ordered = sorted(spans + again, key=lambda span: span[:2])
    refused: set[tuple[int, int]] = set()
    for (_, end, earlier), (start, _, at) in pairwise(ordered):
        if start < end and (at.line, at.column) not in refused:
            refused.add((at.line, at.column))
            fields.refuse(at, found=f"{at.found()}, which overlaps {earlier.found()} of line {earlier.line}",
                          expected="windows without a common minute")  # fmt: skip


def _days(text: str) -> tuple[int, ...] | None:
    """Days of 'mon', 'mon-fri', 'sat, sun' or 'daily', Monday being 0."""
    if text == "daily":
        return tuple(range(7))
    found: list[int] = []
    for part in text.replace(",", " ").split():
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS or DAYS.index(last or first) < DAYS.index(first):
            return None
        found += range(DAYS.index(first), DAYS.index(last or first) + 1)
    return tuple(found) or None


def _days_hint(text: str) -> str | None:
    near = nearest(text, (*_LONG_DAYS, *DAYS, "daily"))
    return near[:3] if near in _LONG_DAYS else near


def _date(text: str) -> date | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:  # the calendar has no such day
        return None
