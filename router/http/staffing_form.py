"""Who will be there, as it comes in: JSON, CSV or iCal to the same rows, then to shifts, or to every mistake in them.

Its one rule: a row is meant or refused by name, never guessed: in CSV by its line, in iCal by the event, in JSON by the
place in the list. All mistakes are told at once.
"""

import csv
import io
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from channels.wire import WireRequest
from router.core.clock import Ms
from router.core.documents import Shift, Window
from router.core.words import DAY_MS, AgentId
from router.http.calendars import NotCalendar, events_of
from router.http.problems import Problem
from router.http.routes import Body, read_body
from router.http.times import zoned

SHIFTS_MAX = 10_000
ERRORS_SHOWN = 50
SHIFT_MS_MAX = DAY_MS
COUNT_MAX = 10_000
CSV_KEYS = ("agent", "queue", "skill", "count", "start", "end", "breaks")

Instant = Annotated[datetime, BeforeValidator(zoned)]
Place = list[str | int]
Mistakes = list[tuple[Place, str]]
Rows = list[tuple[Place, Mapping[str, Any]]]


class BreakIn(Body):
    start: Instant
    end: Instant


class ShiftIn(Body):
    """One shift: of an agent, or of so many people for a queue or with a skill."""

    start: Instant = Field(description="2026-11-23T09:00:00Z, or 2026-11-23T09:00:00[Europe/Berlin]")
    end: Instant
    agent: str | None = Field(None, max_length=60, description="the agent's id")
    queue: str | None = Field(None, max_length=60, description="or: a head-count for this queue")
    skill: str | None = Field(None, max_length=60, description="or: a head-count of people with this skill")
    count: int = Field(1, ge=1, le=COUNT_MAX, description="of a head-count")
    breaks: list[BreakIn] = Field(default=[], max_length=20)


class StaffingIn(Body):
    """Who will be there; it takes the place of all that was said before."""

    shifts: list[ShiftIn] = Field(max_length=SHIFTS_MAX)
    shrinkage: float = Field(
        0.0, ge=0, le=0.9, description="the share of paid time that is not spent with customers, such as 0.2"
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What was sent, with where each shift stands in it, and what of it could not be read as one."""

    shifts: Sequence[ShiftIn]
    places: Sequence[Place]
    shrinkage: float | None
    mistakes: Sequence[tuple[Place, str]] = ()


def read_staffing(request: WireRequest) -> Said:
    """A request's body by its Content-Type. Raises Problem where it is none; rows that cannot be read are mistakes."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/csv":
        return _rows(_text(request), _csv_rows)
    if kind == "text/calendar":
        return _rows(_text(request), _calendar_rows)
    if kind != "application/json":
        raise Problem(
            415,
            "Wrong content type",
            f"Send application/json, text/csv or text/calendar; this came as {kind or 'nothing'}.",
        )
    body = read_body(request, StaffingIn)
    return Said(body.shifts, [["body", "shifts", n] for n in range(len(body.shifts))], body.shrinkage)


def shifts_of(
    said: Said, *, agents: Collection[str], queues: Collection[str], skills: Collection[str]
) -> tuple[Shift, ...]:
    """The shifts, in order of their start. Raises Problem (422) with all that is wrong with them."""
    mistakes: Mistakes = [*said.mistakes]
    found: list[tuple[Shift, Place]] = []
    for one, place in zip(said.shifts, said.places, strict=True):
        known = len(mistakes)
        mistakes += _whose(one, place, agents=agents, queues=queues, skills=skills)
        mistakes += _when(one, place)
        if len(mistakes) == known:
            found.append((_shift(one), place))
    mistakes += _overlaps(found)
    if mistakes:
        raise refusal(sorted(mistakes, key=_line_of))
    return tuple(sorted((shift for shift, _ in found), key=lambda one: (one.start, one.end, one.agent or "")))


def refusal(mistakes: Mistakes) -> Problem:
    count = f"are {len(mistakes)} mistakes" if len(mistakes) > 1 else "is a mistake"
    return Problem(
        422, "Cannot be used", f"There {count} in the staffing; nothing of it was taken.",
        errors=mistakes[:ERRORS_SHOWN], kind="invalid",
    )  # fmt: skip


def _line_of(mistake: tuple[Place, str]) -> int:
    """The line of a text; those of JSON stand in the order of the list already."""
    line = str(mistake[0][1]).removeprefix("line ") if len(mistake[0]) > 1 else ""
    return int(line) if line.isdecimal() and isinstance(mistake[0][1], str) else 0


def _whose(
    one: ShiftIn, place: Place, *, agents: Collection[str], queues: Collection[str], skills: Collection[str]
) -> Mistakes:
    named = [(name, value) for name in ("agent", "queue", "skill") if (value := getattr(one, name))]
    if len(named) != 1:
        given = " and ".join(name for name, _ in named) or "none of them"
        return [(place, f"name one of agent, queue or skill; this names {given}")]
    [(name, value)] = named
    known = {"agent": agents, "queue": queues, "skill": skills}[name]
    if value not in known:
        return [([*place, name], f"there is no {name} {value}")]
    if name == "agent" and one.count != 1:
        return [([*place, "count"], f"an agent is one; this says {one.count}")]
    return []


def _when(one: ShiftIn, place: Place) -> Mistakes:
    start, end = _ms(one.start), _ms(one.end)
    if end <= start:
        return [([*place, "end"], f"the shift ends {_said(one.end)}, which is not after its start, {_said(one.start)}")]
    if end - start > SHIFT_MS_MAX:
        return [([*place, "end"], "a shift lasts 24 hours at most; write one for each day")]
    reached = start
    for n, (begins, ends) in enumerate(sorted((_ms(b.start), _ms(b.end)) for b in one.breaks)):
        if not (reached <= begins < ends <= end):
            return [
                (
                    [*place, "breaks", n],
                    "a break ends after it starts, lies within its shift and overlaps no other one",
                )
            ]
        reached = ends
    return []


def _overlaps(found: Sequence[tuple[Shift, Place]]) -> Mistakes:
    """Nobody is in two places at once."""
    by_agent: dict[AgentId, list[tuple[Ms, Ms, int]]] = {}
    for n, (shift, _) in enumerate(found):
        if shift.agent is not None:
            by_agent.setdefault(shift.agent, []).append((shift.start, shift.end, n))
    mistakes: Mistakes = []
    for agent, theirs in by_agent.items():
        for (_, end, earlier), (start, _, later) in pairwise(sorted(theirs)):
            if start < end:
                other = " ".join(str(part) for part in found[earlier][1][1:])
                mistakes.append((found[later][1], f"this shift of {agent} overlaps the one at {other}"))
    return mistakes


def _shift(one: ShiftIn) -> Shift:
    breaks: tuple[Window, ...] = tuple(sorted((_ms(b.start), _ms(b.end)) for b in one.breaks))
    return Shift(
        start=_ms(one.start),
        end=_ms(one.end),
        agent=AgentId(one.agent) if one.agent else None,
        queue=one.queue or None,
        skill=one.skill or None,
        count=one.count,
        breaks=breaks,
    )


# --- rows of text -----------------------------------------------------------------------------------------------------


def _rows(text: str, read: Callable[[str, Mistakes], Rows]) -> Said:
    shifts, places, mistakes = list[ShiftIn](), list[Place](), Mistakes()
    rows = read(text, mistakes)
    if len(rows) > SHIFTS_MAX:
        raise refusal([(["body"], f"{len(rows)} rows are more than the {SHIFTS_MAX} that are taken")])
    for place, fields in rows:
        try:
            shifts.append(ShiftIn.model_validate({**fields, **_count(fields)}))
            places.append(place)
        except ValidationError as error:
            mistakes += [([*place, *e["loc"]], e["msg"].removeprefix("Value error, ")) for e in error.errors()]
    return Said(shifts, places, None, mistakes)


def _count(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The head-count of a row as a number, where it is written as one."""
    text = str(fields.get("count", ""))
    return {"count": int(text)} if text.isascii() and text.isdigit() and len(text) < 10 else {}


def _csv_rows(text: str, mistakes: Mistakes) -> Rows:
    """A line a shift under a line of names. Breaks: start/end, parted by spaces."""
    lines = csv.reader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    found: Rows = []
    names: list[str] = []
    try:
        for cells in lines:
            place: Place = ["body", f"line {lines.line_num}"]
            given = [cell.strip() for cell in cells]
            if not any(given):
                continue
            if not names:
                names = _names(given, place)
                continue
            if len(given) > len(names):
                mistakes.append((place, f"{len(given)} values stand under {len(names)} names"))
                continue
            found.append((place, _csv_fields(dict(zip(names, given, strict=False)))))
    except csv.Error as error:
        raise refusal([(["body", f"line {lines.line_num}"], f"this is no CSV: {error}")]) from None
    if not names:
        raise refusal([(["body"], f"there is no line of names; the first line names {', '.join(CSV_KEYS)}")])
    return found


def _names(cells: list[str], place: Place) -> list[str]:
    names = [cell.lower() for cell in cells]
    wrong = [name for name in names if name not in CSV_KEYS]
    missing = [name for name in ("start", "end") if name not in names]
    if wrong or missing or len(set(names)) != len(names):
        what = "a column stands there twice"
        if missing:
            what = f"there is no column {missing[0]}"
        if wrong:
            what = f"no column may be called {wrong[0]!r}"
        raise refusal([(place, f"{what}; the first line names {', '.join(CSV_KEYS)}")])
    return names


def _csv_fields(cells: Mapping[str, str]) -> Mapping[str, Any]:
    fields: dict[str, Any] = {name: value for name, value in cells.items() if value and name != "breaks"}
    if cells.get("breaks"):
        parts = [part.partition("/") for part in cells["breaks"].split()]
        fields["breaks"] = [{"start": start, "end": end} for start, _, end in parts]
    return fields


def _calendar_rows(text: str, mistakes: Mistakes) -> Rows:
    """A VEVENT a shift: SUMMARY says whose (agent agt_…, queue general 3, skill heating 2)."""
    try:
        events = events_of(text)
    except NotCalendar as error:
        raise refusal([(["body", *error.place], str(error))]) from None
    found: Rows = []
    for event in events:
        place: Place = ["body", f"line {event.line}"]
        words = event.summary.split()
        if len(words) not in (2, 3) or words[0].lower() not in ("agent", "queue", "skill"):
            what = 'write "agent agt_…", "queue general 3" or "skill heating 2"'
            mistakes.append(([*place, "SUMMARY"], f'"{event.summary}" says of nobody that they will be there; {what}'))
            continue
        fields: dict[str, Any] = {"start": event.start, "end": event.end, words[0].lower(): words[1]}
        if len(words) == 3:
            fields["count"] = words[2]
        found.append((place, fields))
    return found


def _text(request: WireRequest) -> str:
    try:
        return request.body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refusal([(["body"], f"this is no UTF-8 (byte {error.start})")]) from None


def _ms(at: datetime) -> Ms:
    return Ms(int(at.timestamp() * 1000))


def _said(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
