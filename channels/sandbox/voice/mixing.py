"""Who hears whom.

Its one rule: it depends on the seats of two participants alone. Whoever is held hears and is heard by nobody; the muted
hear and are not heard; a coach hears everybody and is heard by the coached alone.
"""

import asyncio
from dataclasses import dataclass, field

from channels.sandbox.voice.legs import Leg, Room
from channels.sandbox.voice.player import DEFAULT_MUSIC
from channels.sandbox.voice.sources import Ask


@dataclass(frozen=True, slots=True)
class Seat:
    """How somebody sits in a conference; `coached` is the SID of the call whose ears alone are spoken to."""

    label: str = ""
    muted: bool = False
    hold: bool = False
    start_on_enter: bool = True
    end_on_exit: bool = False
    beep: str = "true"
    coached: str = ""
    wait_music: Ask = field(default_factory=lambda: Ask(DEFAULT_MUSIC))
    hold_music: Ask | None = None


@dataclass(slots=True, eq=False)
class Participant:
    """`told` is whom it was last told that it is with; `playing` the music in its ears."""

    leg: Leg
    seat: Seat
    is_in: bool = False
    told: list[str] = field(default_factory=list[str])
    music: Ask | None = None
    playing: asyncio.Task[None] | None = None

    def silence(self) -> None:
        if self.playing is not None:
            self.playing.cancel()
        self.playing = self.music = None

    def fields(self) -> list[tuple[str, str]]:
        """As callbacks about a participant have it."""
        seat = self.seat
        label = [("ParticipantLabel", seat.label)] if seat.label else []
        return [
            ("CallSid", self.leg.sid),
            *label,
            ("Muted", _said(seat.muted)),
            ("Hold", _said(seat.hold)),
            ("Coaching", _said(bool(seat.coached))),
            ("EndConferenceOnExit", _said(seat.end_on_exit)),
            ("StartConferenceOnEnter", _said(seat.start_on_enter)),
        ]


def hears(listener: Participant, speaker: Participant) -> bool:
    """In a conference that has started."""
    if listener is speaker or listener.seat.hold or speaker.seat.hold or speaker.seat.muted:
        return False
    return not speaker.seat.coached or speaker.seat.coached == listener.leg.sid


def are_talking(me: Participant, other: Participant) -> bool:
    """Is `other` somebody whom I know to be with me? A coach is known to the coached alone."""
    if me is other or me.seat.hold or other.seat.hold:
        return False
    return not other.seat.coached or other.seat.coached == me.leg.sid


@dataclass(slots=True, eq=False)
class Bridge:
    """Two legs that a `<Dial>` put together: each hears the other. It is a `Room`."""

    legs: tuple[Leg, Leg]

    def speak(self, leg: Leg, text: str) -> None:
        for one in self.legs:
            for recording in one.recordings:
                if one is not leg:
                    recording.note(leg.phone, text)
            if one is not leg:
                one.hear("say", text, source=leg.phone)

    def company(self, leg: Leg) -> list[str]:
        return [one.phone for one in self.legs if one is not leg]

    def leave(self, leg: Leg, why: str) -> None:
        for one in self.legs:
            one.room = None
            one.line.ring()


def bridged(first: Leg, second: Leg) -> Room:
    """Put two legs together."""
    bridge = Bridge((first, second))
    for one in bridge.legs:
        one.room = bridge
        one.hear("connected", ", ".join(bridge.company(one)))
    return bridge


def _said(flag: bool) -> str:
    return "true" if flag else "false"
