"""Legs: one call each, between the provider and one phone.

Its one rule: a leg's status only goes forward, and a final one stays. A leg says nothing to the service; `switch` does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from channels.sandbox.cookies import Cookies
from channels.sandbox.phones import Kind
from channels.sandbox.voice.line import Line
from channels.sandbox.voice.sources import Ask
from channels.sandbox.webhooks import Method
from router.core.clock import Ms

if TYPE_CHECKING:
    from channels.sandbox.voice.recordings import Recording

LEGS_MAX = 100_000

Direction = Literal["inbound", "outbound-api", "outbound-dial"]
Status = Literal["queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"]
FINAL: frozenset[Status] = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
EVENTS = ("initiated", "ringing", "answered", "completed")
Listener = Callable[[Kind, str | None, str], None]


@dataclass(frozen=True, slots=True)
class Reports:
    """Where the progress of a call is reported, and which events."""

    url: str = ""
    method: Method = "POST"
    events: tuple[str, ...] = ("completed",)


class Room(Protocol):
    """Where several legs hear each other."""

    def speak(self, leg: "Leg", text: str) -> None:
        """Let those hear it who can."""
        ...

    def company(self, leg: "Leg") -> list[str]:
        """Whom this leg is talking with, as numbers."""
        ...

    def leave(self, leg: "Leg", why: str) -> None:
        """The leg is gone; nothing when it was not in."""
        ...


@dataclass(slots=True, eq=False)
class Leg:
    """`phone` is the address at the far end, `sender` and `to` what From and To say; `fallback` is asked when a
    document fails; `at_end` is called once the call is over."""

    sid: str
    direction: Direction
    sender: str
    to: str
    phone: str
    line: Line
    created_at: Ms
    updated_at: Ms
    status: Status = "queued"
    parent_sid: str = ""
    number_sid: str = ""
    reports: Reports = field(default_factory=Reports)
    fallback: Ask | None = None
    verstat: str = ""
    forwarded_from: str = ""
    cookies: Cookies = field(default_factory=Cookies)
    started_at: Ms | None = None
    answered_at: Ms | None = None
    ended_at: Ms | None = None
    queue_ms: int = 0
    answered_by: str = ""
    detection_ms: int = 0
    sip_code: int = 200
    sequence: int = 0
    room: Room | None = None
    listener: Listener | None = None
    recordings: "list[Recording]" = field(default_factory=list["Recording"])
    at_end: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])

    @property
    def is_over(self) -> bool:
        return self.status in FINAL

    @property
    def duration_s(self) -> int:
        """Whole seconds from the answer to the end, begun ones counted."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return -((self.answered_at - self.ended_at) // 1000)

    def becomes(self, status: Status, *, at: Ms) -> None:
        assert not self.is_over, f"{self.sid}: {self.status} cannot become {status}"
        self.status, self.updated_at = status, at

    def hear(self, kind: Kind, text: str | None = None, *, source: str = "") -> None:
        """The phone at the far end hears something; `source` is the number of who speaks."""
        if self.listener is not None:
            self.listener(kind, text, source)

    def company(self) -> list[str]:
        return [] if self.room is None else self.room.company(self)

    def next_sequence(self) -> str:
        count, self.sequence = self.sequence, self.sequence + 1
        return str(count)


class LegLog:
    """All legs by SID, oldest first; the oldest that is over gives way at `LEGS_MAX`."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Leg] = {}

    def add(self, leg: Leg) -> None:
        self._by_sid[leg.sid] = leg
        if len(self._by_sid) > LEGS_MAX:
            oldest = next((one.sid for one in self._by_sid.values() if one.is_over), None)
            if oldest is not None:
                del self._by_sid[oldest]

    def get(self, sid: str) -> Leg | None:
        return self._by_sid.get(sid)

    def remove(self, sid: str) -> None:
        del self._by_sid[sid]

    def newest_first(self) -> Iterator[Leg]:
        return reversed(self._by_sid.values())
