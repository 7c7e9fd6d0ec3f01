"""Events of an iCal file (RFC 5545), as far as shifts need them: start, end, summary.

Its one rule: what would make it mean something else is refused, not passed over: rules of repetition, whole days, times
without a zone. It knows nothing of shifts. Zones are taken by their IANA name, which is how calendars write TZID today.
"""

from collections.abc import Iterator
from dataclasses import dataclass

LINES_MAX = 400_000
REPEATS = ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")


class NotCalendar(ValueError):
    """It cannot be read; `place`: the line and the property."""

    def __init__(self, text: str, *place: str) -> None:
        super().__init__(text)
        self.place = place


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One VEVENT. `start` and `end` as RFC 3339, with a zone in brackets where it was named."""

    line: int
    start: str
    end: str
    summary: str


def events_of(text: str) -> list[CalendarEvent]:
    """All events of a calendar, in its order. Raises NotCalendar."""
    found: list[CalendarEvent] = []
    inside: list[str] = []
    fields: dict[str, str] = {}
    begun = 0
    for number, name, parameters, value in _properties(text):
        if name == "BEGIN":
            inside.append(value.upper())
            if value.upper() == "VEVENT":
                fields, begun = {}, number
        elif name == "END":
            if not inside or inside.pop() != value.upper():
                raise NotCalendar(f"END:{value} has no BEGIN", f"line {number}")
            if value.upper() == "VEVENT":
                found.append(_event(fields, begun))
        elif inside[-1:] == ["VEVENT"]:
            if name in REPEATS:
                raise NotCalendar(
                    "events that repeat are not taken; export each shift as an event of its own", f"line {number}", name
                )
            is_time = name in ("DTSTART", "DTEND")
            fields[name] = _instant(number, name, parameters, value) if is_time else value
    if inside or not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise NotCalendar("this is no whole calendar: it goes from BEGIN:VCALENDAR to END:VCALENDAR")
    return found


def _properties(text: str) -> Iterator[tuple[int, str, dict[str, str], str]]:
    """Each property with its line; a line that begins with a blank goes on the one before (section 3.1)."""
    lines = text.splitlines()
    if len(lines) > LINES_MAX:
        raise NotCalendar(f"{len(lines)} lines are more than the {LINES_MAX} that are read")
    whole: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        if line[:1] in (" ", "\t") and whole:
            whole[-1][1].append(line[1:])
        elif line.strip():
            whole.append((number, [line]))
    for number, parts in whole:
        head, colon, rest = "".join(parts).partition(":")
        if not colon:
            raise NotCalendar("this line has no colon", f"line {number}")
        name, *given = head.split(";")
        pairs = (one.partition("=") for one in given)
        parameters = {key.upper(): value.strip('"') for key, _, value in pairs}
        yield number, name.upper(), parameters, rest.strip()


def _event(fields: dict[str, str], line: int) -> CalendarEvent:
    missing = [name for name in ("DTSTART", "DTEND", "SUMMARY") if name not in fields]
    if missing:
        raise NotCalendar(f"this event has no {missing[0]}", f"line {line}")
    return CalendarEvent(line, fields["DTSTART"], fields["DTEND"], fields["SUMMARY"].replace("\\", ""))


def _instant(number: int, name: str, parameters: dict[str, str], value: str) -> str:
    """20261123T090000Z, or 20261123T090000 with a TZID, as RFC 3339."""
    date, t, clock = value.removesuffix("Z").partition("T")
    if not (t and len(date) == 8 and len(clock) == 6 and (date + clock).isascii() and (date + clock).isdigit()):
        raise NotCalendar(
            f"{value} is no time such as 20261123T090000Z; whole days are no shifts", f"line {number}", name
        )
    written = f"{date[:4]}-{date[4:6]}-{date[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}"
    if value.endswith("Z"):
        return f"{written}Z"
    if "TZID" not in parameters:
        raise NotCalendar(f"{value} has no zone: add a Z, or a TZID such as Europe/Berlin", f"line {number}", name)
    return f"{written}[{parameters['TZID']}]"
