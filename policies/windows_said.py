"""A window as we say it back, in one line that is read out on the phone as well as it is written.

Its one rule: what is said here is read by the grammar as the same window. The day is named by its distance while that
is unmistakable, by its date after that; the clock is that of the customer, in twelve hours where their place counts so.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from policies.openings import DAYS, MONTHS, place_of
from policies.window_calendar import Doubt, Window

_WEEK: Final = 7
_TWELVE_HOURS: Final = ("America/", "Australia/", "Canada/", "US/", "Pacific/Honolulu", "Pacific/Auckland")
"""Zones whose people say 3:00 PM in English."""


def say_window(
    window: Window, *, language: str, zone: ZoneInfo, now: datetime, names_place: bool = False
) -> str:  # fmt: skip
    """Today between 15:00 and 15:20; morgen zwischen 9:00 und 11:00 Uhr; mañana entre las 9:00 y las 11:00.

    `names_place`: whoever hears it may be on another clock. A language that we know no words of gets figures.
    """
    start, end, today = (at.astimezone(zone) for at in (window.start, window.end, now))
    place = place_of(zone.key) if names_place else ""
    say = _SAID.get(language)
    if say is None:
        return f"{start:%Y-%m-%d %H:%M}-{end:%H:%M}" + (f" ({place})" if place else "")
    return say(start, end, (start.date() - today.date()).days, place)


def say_doubt(doubt: Doubt, *, language: str) -> str:
    """What was not clear, in a sentence; English where we have no other words."""
    return _DOUBTS.get(language, _DOUBTS["en"])[doubt]


def _english(start: datetime, end: datetime, days: int, place: str) -> str:
    day = {0: "today", 1: "tomorrow"}.get(days) or (
        f"on {DAYS['en'][start.weekday()]}" if days < _WEEK else f"on {MONTHS['en'][start.month - 1]} {start.day}"
    )
    is_twelve = _zone_key(start).startswith(_TWELVE_HOURS)
    first, last = (_twelve(at) if is_twelve else _twenty_four(at) for at in (start, end))
    return f"{day} between {first} and {last}" + (f", {place} time" if place else "")


def _german(start: datetime, end: datetime, days: int, place: str) -> str:
    day = {0: "heute", 1: "morgen"}.get(days) or (
        f"am {DAYS['de'][start.weekday()]}" if days < _WEEK else f"am {start.day}. {MONTHS['de'][start.month - 1]}"
    )
    if start.minute == end.minute == 0:
        first, last = _hour(start), _hour(end)
    else:
        first, last = _twenty_four(start), _twenty_four(end)
    return f"{day} zwischen {first} und {last} Uhr" + (f", Ortszeit {place}" if place else "")


def _spanish(start: datetime, end: datetime, days: int, place: str) -> str:
    day = {0: "hoy", 1: "mañana"}.get(days) or (
        f"el {DAYS['es'][start.weekday()]}" if days < _WEEK else f"el {start.day} de {MONTHS['es'][start.month - 1]}"
    )
    first, last = (f"{'la' if at.hour == 1 else 'las'} {_twenty_four(at)}" for at in (start, end))
    return f"{day} entre {first} y {last}" + (f", hora de {place}" if place else "")


def _zone_key(at: datetime) -> str:
    return at.tzinfo.key if isinstance(at.tzinfo, ZoneInfo) else ""


def _twelve(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}"


def _twenty_four(at: datetime) -> str:
    """With a leading zero where the bare hour could be one of the afternoon."""
    return f"{at.hour:02d}:{at.minute:02d}" if at.hour < 8 else f"{at.hour}:{at.minute:02d}"


def _hour(at: datetime) -> str:
    return f"{at.hour:02d}" if at.hour < 8 else f"{at.hour}"


_SAID: Final[Mapping[str, Callable[[datetime, datetime, int, str], str]]] = {
    "en": _english,
    "de": _german,
    "es": _spanish,
}

_DOUBTS: Final[Mapping[str, Mapping[Doubt, str]]] = {
    "en": {
        Doubt.BARE: "You named a number, and we are not sure that it is a time.",
        Doubt.WIDE: "You did not name an exact time.",
        Doubt.TWO: "You named more than one time.",
        Doubt.PAST: "That time is over.",
        Doubt.BACKWARDS: "The end you named is before the beginning.",
        Doubt.HALF: "We are not sure whether you mean the morning or the evening.",
        Doubt.SKIPPED: "The clocks go forward that night, and that time does not exist.",
        Doubt.TWICE: "The clocks go back that night, and that time comes twice.",
        Doubt.NO_DAY: "The calendar has no such day.",
        Doubt.WHICH_WEEK: "We are not sure which week you mean.",
        Doubt.FAR: "That is far ahead.",
        Doubt.BESIDE: "We are not sure that the time you named is for our call.",
        Doubt.EXCEPT: "You told us what does not suit.",
        Doubt.ZONE: "We are not sure on which clock you are.",
        Doubt.NO_TIME: "That time of day does not exist.",
    },
    "de": {
        Doubt.BARE: "Sie haben eine Zahl genannt, und wir sind nicht sicher, ob das eine Uhrzeit ist.",
        Doubt.WIDE: "Sie haben keine genaue Zeit genannt.",
        Doubt.TWO: "Sie haben mehr als eine Zeit genannt.",
        Doubt.PAST: "Diese Zeit ist schon vorbei.",
        Doubt.BACKWARDS: "Das genannte Ende liegt vor dem Anfang.",
        Doubt.HALF: "Wir sind nicht sicher, ob Sie morgens oder abends meinen.",
        Doubt.SKIPPED: "In dieser Nacht werden die Uhren vorgestellt, und diese Zeit gibt es nicht.",
        Doubt.TWICE: "In dieser Nacht werden die Uhren zurückgestellt, und diese Zeit gibt es zweimal.",
        Doubt.NO_DAY: "Diesen Tag gibt es im Kalender nicht.",
        Doubt.WHICH_WEEK: "Wir sind nicht sicher, welche Woche Sie meinen.",
        Doubt.FAR: "Das ist weit voraus.",
        Doubt.BESIDE: "Wir sind nicht sicher, ob die genannte Zeit für unseren Anruf gilt.",
        Doubt.EXCEPT: "Sie haben gesagt, was nicht passt.",
        Doubt.ZONE: "Wir sind nicht sicher, welche Ortszeit bei Ihnen gilt.",
        Doubt.NO_TIME: "Diese Uhrzeit gibt es nicht.",
    },
    "es": {
        Doubt.BARE: "Nos dio un número y no estamos seguros de que sea una hora.",
        Doubt.WIDE: "No nos dio una hora exacta.",
        Doubt.TWO: "Nos dio más de una hora.",
        Doubt.PAST: "Esa hora ya pasó.",
        Doubt.BACKWARDS: "El final que nos dio es anterior al comienzo.",
        Doubt.HALF: "No estamos seguros de si es por la mañana o por la noche.",
        Doubt.SKIPPED: "Esa noche se adelanta el reloj y esa hora no existe.",
        Doubt.TWICE: "Esa noche se atrasa el reloj y esa hora se repite.",
        Doubt.NO_DAY: "Ese día no existe en el calendario.",
        Doubt.WHICH_WEEK: "No estamos seguros de qué semana es.",
        Doubt.FAR: "Falta mucho para esa fecha.",
        Doubt.BESIDE: "No estamos seguros de que esa hora sea para nuestra llamada.",
        Doubt.EXCEPT: "Nos dijo lo que no le viene bien.",
        Doubt.ZONE: "No estamos seguros de qué hora local tiene.",
        Doubt.NO_TIME: "Esa hora no existe.",
    },
}
