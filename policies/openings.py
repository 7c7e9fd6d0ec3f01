"""When a queue opens, as it is said: today at 9:00 AM, am Montag um 9:00 Uhr.

Its one rule: a time is said on the clock of the place whose hours they are; the place is named where whoever hears it
may be on another clock. It does not know the hours.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
MONTHS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("January", "February", "March", "April", "May", "June",
           "July", "August", "September", "October", "November", "December"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni",
           "Juli", "August", "September", "Oktober", "November", "Dezember"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio",
           "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
}  # fmt: skip
_WEEK: Final = 7


def said_opening(opens_ms: int, now_ms: int, *, zone: str, language: str, names_place: bool = False) -> str:
    """When it opens, for a phrase in `language`, on the clock of `zone`. Instants in milliseconds since 1970. A
    language that we know no words of gets figures."""
    clock = ZoneInfo(zone)
    opens, now = (datetime.fromtimestamp(ms / 1000, UTC).astimezone(clock) for ms in (opens_ms, now_ms))
    place = place_of(zone) if names_place else ""
    say = _SAID.get(language)
    if say is None:
        return f"{opens:%Y-%m-%d %H:%M}" + (f" ({place})" if place else "")
    return say(opens, (opens.date() - now.date()).days, place)


def is_same_clock(zone: ZoneInfo, others: Iterable[str], at: datetime) -> bool:
    """Whether the clocks of all `others`, of which there is one at least, show then what that of `zone` does."""
    return {at.astimezone(ZoneInfo(name)).utcoffset() for name in others} == {at.astimezone(zone).utcoffset()}


def place_of(zone: str) -> str:
    """What a zone is called in speech: New York of America/New_York."""
    return zone.rpartition("/")[2].replace("_", " ")


def _english(at: datetime, days: int, place: str) -> str:
    day = {0: "today", 1: "tomorrow"}.get(days) or (
        f"on {DAYS['en'][at.weekday()]}" if days < _WEEK else f"on {MONTHS['en'][at.month - 1]} {at.day}"
    )
    hour = f"{at.hour % 12 or 12}:{at.minute:02d} {'AM' if at.hour < 12 else 'PM'}"
    return f"{day} at {hour}" + (f", {place} time" if place else "")


def _german(at: datetime, days: int, place: str) -> str:
    day = {0: "heute", 1: "morgen"}.get(days) or (
        f"am {DAYS['de'][at.weekday()]}" if days < _WEEK else f"am {at.day}. {MONTHS['de'][at.month - 1]}"
    )
    return f"{day} um {at.hour}:{at.minute:02d} Uhr" + (f", Ortszeit {place}" if place else "")


def _spanish(at: datetime, days: int, place: str) -> str:
    day = {0: "hoy", 1: "mañana"}.get(days) or (
        f"el {DAYS['es'][at.weekday()]}" if days < _WEEK else f"el {at.day} de {MONTHS['es'][at.month - 1]}"
    )
    return f"{day} a {'la' if at.hour == 1 else 'las'} {at.hour}:{at.minute:02d}" + (
        f", hora de {place}" if place else ""
    )


_SAID: Final[Mapping[str, Callable[[datetime, int, str], str]]] = {"en": _english, "de": _german, "es": _spanish}
