"""Messages as the provider keeps them, and its log of them.

Its one rule: a message's status only goes forward. It does not send anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from channels.sandbox.addresses import Address
from router.core.clock import Ms

MESSAGES_MAX = 100_000

Direction = Literal["inbound", "outbound-api", "outbound-reply"]
Status = Literal["received", "queued", "sending", "sent", "delivered", "undelivered", "failed", "read", "canceled"]
RANK: dict[Status, int] = {
    "received": 9,
    "queued": 0,
    "sending": 1,
    "sent": 2,
    "delivered": 3,
    "undelivered": 3,
    "failed": 3,
    "canceled": 3,
    "read": 4,
}


@dataclass(frozen=True, slots=True)
class Media:
    """A file of a message: its bytes are here (`content`) or elsewhere (`url`)."""

    sid: str
    content_type: str
    content: bytes | None
    url: str
    created_at: Ms


@dataclass(slots=True)
class Message:
    """One message in either direction. `handed_over` is how the webhook of an inbound one went."""

    sid: str
    direction: Direction
    sender: Address
    to: Address
    body: str
    segments: int
    status: Status
    created_at: Ms
    updated_at: Ms
    media: list[Media] = field(default_factory=list[Media])
    sent_at: Ms | None = None
    error_code: int | None = None
    status_callback: str = ""
    handed_over: Literal["pending", "done", "failed"] | None = None

    def becomes(self, status: Status, *, at: Ms, error_code: int | None = None) -> None:
        assert RANK[status] > RANK[self.status], f"{self.sid}: {self.status} cannot become {status}"
        self.status, self.error_code, self.updated_at = status, error_code, at


class MessageLog:
    """All messages by SID, oldest first; the oldest gives way at `MESSAGES_MAX`."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Message] = {}

    def add(self, message: Message) -> None:
        self._by_sid[message.sid] = message
        if len(self._by_sid) > MESSAGES_MAX:
            del self._by_sid[next(iter(self._by_sid))]

    def get(self, sid: str) -> Message | None:
        return self._by_sid.get(sid)

    def remove(self, sid: str) -> None:
        del self._by_sid[sid]

    def newest_first(self) -> Iterator[Message]:
        return reversed(self._by_sid.values())
