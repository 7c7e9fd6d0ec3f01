"""When a queue opens, as it is said: today at 9:00 AM, am Montag um 9:00 Uhr.

Its one rule: a time is said on the clock of the place whose hours they are; the place is named where whoever hears it
may be on another clock. It does not know the hours.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

_DAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
_MONTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni",
           "Juli", "August", "September", "Oktober", "November", "Dezember"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio",
           "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
}  # fmt: skip
_WEEK: Final = 7


def said_opening(opens: datetime, now: datetime, *, language: str, place: str = "") -> str:
    """When it opens, for a phrase in `language`. `opens` is in the zone that counts; `place`: its name, where it is to
    be said. A language that we know no words of gets figures."""
    today = now.astimezone(opens.tzinfo).date()
    say = _SAID.get(language)
    if say is None:
        return f"{opens:%Y-%m-%d %H:%M}" + (f" ({place})" if place else "")
    return say(opens, (opens.date() - today).days, place)


def place_of(zone: str) -> str:
    """What a zone is called in speech: New York of America/New_York."""
    return zone.rpartition("/")[2].replace("_", " ")


def _english(at: datetime, days: int, place: str) -> str:
    day = {0: "today", 1: "tomorrow"}.get(days) or (
        f"on {_DAYS['en'][at.weekday()]}" if days < _WEEK else f"on {_MONTHS['en'][at.month - 1]} {at.day}"
    )
    hour = f"{at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}"
    return f"{day} at {hour}" + (f", {place} time" if place else "")


def _german(at: datetime, days: int, place: str) -> str:
    day = {0: "heute", 1: "morgen"}.get(days) or (
        f"am {_DAYS['de'][at.weekday()]}" if days < _WEEK else f"am {at.day}. {_MONTHS['de'][at.month - 1]}"
    )
    return f"{day} um {at.hour}:{at.minute:02d} Uhr" + (f", Ortszeit {place}" if place else "")


def _spanish(at: datetime, days: int, place: str) -> str:
    day = {0: "hoy", 1: "mañana"}.get(days) or (
        f"el {_DAYS['es'][at.weekday()]}" if days < _WEEK else f"el {at.day} de {_MONTHS['es'][at.month - 1]}"
    )
    return f"{day} a {'la' if at.hour == 1 else 'las'} {at.hour}:{at.minute:02d}" + (
        f", hora de {place}" if place else ""
    )


_SAID: Final[Mapping[str, Callable[[datetime, int, str], str]]] = {"en": _english, "de": _german, "es": _spanish}
