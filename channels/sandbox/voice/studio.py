"""What the verbs work with, in one place, and what they give back.

Its one rule: a verb ends with where the call goes next, or with None when it goes on in its document.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from channels.sandbox.ground import Ground
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.pacing import VoicePacing
from channels.sandbox.voice.player import Player
from channels.sandbox.voice.recordings import Recordings
from channels.sandbox.voice.requests import Requests
from channels.sandbox.voice.rooms import Conferences
from channels.sandbox.voice.sources import Source
from channels.sandbox.voice.switch import Switch


@dataclass(frozen=True, slots=True)
class Studio:
    ground: Ground
    pacing: VoicePacing
    requests: Requests
    recordings: Recordings
    player: Player
    conferences: Conferences
    switch: Switch


class Run(Protocol):
    """Carries out documents from `source` on, until they end. With `keeps_course`, `Redirected` goes to the caller."""

    def __call__(self, leg: Leg, source: Source, *, keeps_course: bool = False) -> Awaitable[None]: ...
