"""Time zones as people write them: names of places are taken, old names with a note, fixed offsets not at all.

A fixed offset (`EST5`, `UTC+2`) is refused because it is wrong for half of the year wherever clocks change.
"""

from collections import Counter
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from policies.problems import nearest
from policies.text import words_of

ZONE_FORM: Final = "a zone by its place, such as Europe/Berlin (fixed offsets do not follow summer time)"

_AREAS: Final = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
    "US", "Canada", "Brazil", "Mexico", "Chile",
)  # fmt: skip
_COUNTRIES: Final = ("US", "Canada", "Brazil", "Mexico", "Chile")
"""Areas whose zones are called by no place: Central, East."""
_PLACE_WORDS: Final = 4
"""Words of a name of a place, at most."""
_PLACES: Final = {
    "EST": "America/New_York", "EST5": "America/New_York", "EST5EDT": "America/New_York", "EDT": "America/New_York",
    "ET": "America/New_York", "CST": "America/Chicago", "CST6": "America/Chicago", "CST6CDT": "America/Chicago",
    "CDT": "America/Chicago", "MST": "America/Denver", "MST7": "America/Denver", "MST7MDT": "America/Denver",
    "PST": "America/Los_Angeles", "PST8": "America/Los_Angeles", "PST8PDT": "America/Los_Angeles",
    "PDT": "America/Los_Angeles", "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "MEZ": "Europe/Berlin",
    "MESZ": "Europe/Berlin", "UTC+1": "Europe/Berlin", "EET": "Europe/Helsinki", "UTC+2": "Europe/Helsinki",
    "WET": "Europe/Lisbon", "GMT": "Europe/London", "BST": "Europe/London", "GB": "Europe/London",
    "IST": "Asia/Kolkata", "JST": "Asia/Tokyo", "UTC+0": "UTC", "Z": "UTC",
}  # fmt: skip
_RENAMED: Final = {
    "Europe/Kiev": "Europe/Kyiv", "Asia/Calcutta": "Asia/Kolkata", "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "Asia/Katmandu": "Asia/Kathmandu", "Asia/Rangoon": "Asia/Yangon", "Asia/Dacca": "Asia/Dhaka",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires", "America/Indianapolis": "America/Indiana/Indianapolis",
    "America/Louisville": "America/Kentucky/Louisville", "America/Godthab": "America/Nuuk",
    "Atlantic/Faeroe": "Atlantic/Faroe", "Pacific/Enderbury": "Pacific/Kanton", "Australia/ACT": "Australia/Sydney",
    "US/Eastern": "America/New_York", "US/Central": "America/Chicago", "US/Mountain": "America/Denver",
    "US/Pacific": "America/Los_Angeles", "US/Arizona": "America/Phoenix", "US/Alaska": "America/Anchorage",
    "US/Hawaii": "Pacific/Honolulu", "Canada/Eastern": "America/Toronto", "Canada/Pacific": "America/Vancouver",
    "Brazil/East": "America/Sao_Paulo", "Mexico/General": "America/Mexico_City",
    "Chile/Continental": "America/Santiago",
}  # fmt: skip


def zone(text: str) -> ZoneInfo | None:
    """The zone of a place's name, or UTC; None for anything else."""
    if text != "UTC" and not text.startswith(tuple(f"{area}/" for area in _AREAS)):
        return None
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # no such name; no proper key; a folder of the database
        return None


def renamed(text: str) -> str | None:
    """Today's name of a zone that is written by an old one."""
    return _RENAMED.get(text)


def zone_hint(text: str) -> str | None:
    """The place that was probably meant."""
    known = _PLACES.get(text.upper().replace(" ", ""))
    return known or nearest(text, _names())


def zone_of_place(text: str) -> str | None:
    """The zone of the one place that a few words name, as zones are called by: Denver, New York. Linear in the words.

    >>> zone_of_place("I am in Denver"), zone_of_place("los angeles."), zone_of_place("at home")
    ('America/Denver', 'America/Los_Angeles', None)
    """
    words, places = words_of(text), _places()
    spans = (" ".join(words[at : at + n]) for at in range(len(words)) for n in range(1, _PLACE_WORDS + 1))
    found = {places[span] for span in spans if span in places}
    return found.pop() if len(found) == 1 else None


@cache
def _places() -> dict[str, str]:
    """Zones by the place that each is called by, where it is one's alone."""
    named = [(" ".join(words_of(name.rpartition("/")[2].replace("_", " "))), name) for name in _names() if "/" in name]
    named = [(place, name) for place, name in named if name.partition("/")[0] not in _COUNTRIES]
    once = Counter(place for place, _ in named)
    return {place: name for place, name in named if once[place] == 1}


@cache
def _names() -> tuple[str, ...]:
    """All names that are taken, sorted; the database is walked once, for that is slow and it does not change."""
    return tuple(sorted(name for name in available_timezones() if name not in _RENAMED and zone(name) is not None))
