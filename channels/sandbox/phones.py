"""The simulated phones: what they received, what they sent, and how they behave.

Its one rule: what a phone holds is its own copy; redacting a message at the provider does not reach into a phone.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from channels.sandbox.addresses import Channel
from channels.sandbox.messages import Message
from router.core.clock import Ms

INBOX_MAX = 1_000
PHONES_MAX = 100_000
UNREACHABLE = 30003


class Behaviour(BaseModel):
    """How a phone acts by itself. `on_text: read` reports WhatsApp messages as read; `undelivered` fails with
    `error_code`; `never` leaves them at `sent`. The fields about ringing are kept for whoever places calls."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    on_ring: Literal["manual", "answer", "busy", "ignore", "voicemail", "invalid"] = "manual"
    after_s: float = Field(default=0.0, ge=0, le=3_600)
    says: str | None = Field(default=None, max_length=4_000)
    on_text: Literal["deliver", "read", "undelivered", "never"] = "deliver"
    error_code: int = Field(default=UNREACHABLE, ge=10_000, le=99_999)


@dataclass(frozen=True, slots=True)
class Received:
    """One text in a phone's inbox."""

    sid: str
    sender: str
    to: str
    channel: Channel
    body: str
    media: tuple[tuple[str, str], ...]  # URL and content type
    at: Ms


@dataclass(slots=True)
class Phone:
    number: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    inbox: deque[Received] = field(default_factory=lambda: deque[Received](maxlen=INBOX_MAX))
    sent: deque[Message] = field(default_factory=lambda: deque[Message](maxlen=INBOX_MAX))

    def receive(self, message: Message, *, at: Ms) -> None:
        media = tuple((one.url, one.content_type) for one in message.media)
        sender, to = message.sender.number, message.to.number
        self.inbox.append(Received(message.sid, sender, to, message.to.channel, message.body, media, at))


class Phones:
    """Every number that was ever used is a phone. The oldest gives way at `PHONES_MAX`."""

    def __init__(self) -> None:
        self._by_number: dict[str, Phone] = {}

    def seen(self, number: str) -> Phone:
        """The phone for reading: one that was never used is as good as new, and is not kept."""
        return self._by_number.get(number) or Phone(number)

    def used(self, number: str) -> Phone:
        """The phone for changing."""
        phone = self._by_number.setdefault(number, Phone(number))
        if len(self._by_number) > PHONES_MAX:
            del self._by_number[next(iter(self._by_number))]
        return phone
