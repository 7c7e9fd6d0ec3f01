"""On whose clock a customer's times are: the zone, and what it rests on.

Its one rule: the number comes first, then what the customer's profile says, then what they answered when they were
asked; where a number lies in several zones, a zone of theirs that is among them decides. Whatever is not told by one of
these is unsure, and whoever confirms a time names the place then. It never takes the agent's zone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from policies.zones import zone

_SEASONS: Final = (datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC))


class Rests(StrEnum):
    """What a zone rests on."""

    NUMBER = "number"
    PROFILE = "profile"
    ASKED = "asked"
    OURS = "ours"  # nothing is known of theirs


@dataclass(frozen=True, slots=True)
class Clock:
    """The zone of a customer. Not `sure`: a confirmation names its place (`names_place` of `say_window`)."""

    zone: ZoneInfo
    rests: Rests
    sure: bool


def clock_of(number: Iterable[str], *, profile: str | None, asked: str | None, ours: ZoneInfo) -> Clock:
    """Whose clock counts. `number`: zones of the number's place, by their names; `profile` and `asked`: names of zones,
    where there is one; `ours`: the zone of the hours that they wait for. Names that are no zones count as none.

    A number with several zones, as many in the United States have, is unsure unless they tell which: then it rests on
    what told it.
    """
    zones = tuple(found for name in number if (found := zone(name)) is not None)
    if len(zones) == 1:
        return Clock(zones[0], Rests.NUMBER, sure=True)
    told = ((zone(profile or ""), Rests.PROFILE), (zone(asked or ""), Rests.ASKED))
    for found, rests in told:
        if found is not None and any(_is_alike(found, one) for one in zones):
            return Clock(found, rests, sure=True)
    for found, rests in told:
        if found is not None:
            return Clock(found, rests, sure=not zones)
    if zones:
        return Clock(ours if ours in zones else zones[0], Rests.NUMBER, sure=False)
    return Clock(ours, Rests.OURS, sure=False)


def day_zones(number: Iterable[str], *, profile: str | None, asked: str | None) -> tuple[str, ...]:
    """The zones in all of which it must be day for whoever is rung, the likeliest first. `number` is what it is there
    where nothing else is known; a zone of theirs that is among those is theirs alone, and any other one counts besides:
    who moved away kept the number."""
    names = tuple(number)
    zones = [found for name in names if (found := zone(name)) is not None]
    told = [found for name in (profile, asked) if (found := zone(name or "")) is not None]
    if (among := next((one for one in told if any(_is_alike(one, other) for other in zones)), None)) is not None:
        return (among.key,)
    return (*(one.key for one in told[:1]), *names)


def on_clock(window: tuple[int, int], *, said_in: str, zone: str) -> tuple[int, int]:
    """A window that was said on one clock as it is on another: the same time of day there, as long. Milliseconds."""
    start, end = window
    wall = datetime.fromtimestamp(start / 1000, UTC).astimezone(ZoneInfo(said_in)).replace(tzinfo=ZoneInfo(zone))
    moved = round(wall.timestamp() * 1000)
    return moved, moved + end - start


def _is_alike(one: ZoneInfo, other: ZoneInfo) -> bool:
    """Whether both show the same time, in winter and in summer, as Denver and Boise do."""
    return all(at.astimezone(one).utcoffset() == at.astimezone(other).utcoffset() for at in _SEASONS)
