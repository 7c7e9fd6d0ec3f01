"""On whose clock a customer's times are: the zone, and what it rests on.

Its one rule: the number comes first, then what the customer's profile says, then what they answered when they were
asked; where a number lies in several zones, a zone of theirs that is among them decides. Whatever is not told by one of
these is unsure, and whoever confirms a time names the place then. It never takes the agent's zone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from policies.zones import zone


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
        if found is not None and found in zones:
            return Clock(found, rests, sure=True)
    for found, rests in told:
        if found is not None:
            return Clock(found, rests, sure=not zones)
    if zones:
        return Clock(ours if ours in zones else zones[0], Rests.NUMBER, sure=False)
    return Clock(ours, Rests.OURS, sure=False)
