"""The simulated phones: what they received, sent and heard, and how they behave.

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
CALLS_MAX = 100
HEARD_MAX = 1_000
UNREACHABLE = 30003
KEYS, KEYS_MAX = r"^[0-9*#A-D]+$", 100

Kind = Literal["say", "play", "gather", "record", "music", "connected", "ended"]


class Reaction(BaseModel):
    """What a phone does by itself, once in a call, `after_s` seconds after it heard something of this kind (and, where
    said, with these words in it)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    on: Kind
    contains: str | None = Field(default=None, max_length=1_000)
    after_s: float = Field(default=0.0, ge=0, le=3_600)
    press: str | None = Field(default=None, pattern=KEYS, max_length=KEYS_MAX)
    speak: str | None = Field(default=None, min_length=1, max_length=4_000)
    hang_up: bool = False

    def fits(self, kind: Kind, text: str | None) -> bool:
        return kind == self.on and (self.contains is None or self.contains in (text or ""))


class Behaviour(BaseModel):
    """How a phone acts by itself. `on_text: read` reports WhatsApp messages as read; `undelivered` fails with
    `error_code`; `never` leaves them at `sent`. Called, it does `on_ring` after `after_s` and speaks `says` once it
    answered: a person's hello, or the greeting of a voicemail box. `manual` rings until somebody picks up, `ignore`
    until the caller gives up. `script` is what it does in calls that begin from now on."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    on_ring: Literal["manual", "answer", "busy", "ignore", "voicemail", "invalid"] = "manual"
    after_s: float = Field(default=0.0, ge=0, le=3_600)
    says: str | None = Field(default=None, max_length=4_000)
    on_text: Literal["deliver", "read", "undelivered", "never"] = "deliver"
    error_code: int = Field(default=UNREACHABLE, ge=10_000, le=99_999)
    script: list[Reaction] = Field(default_factory=list[Reaction], max_length=100)


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


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing heard in a call; `source` is the number of whoever spoke, empty for the service."""

    at: Ms
    kind: Kind
    text: str | None
    source: str


@dataclass(slots=True)
class PhoneCall:
    """A call as the phone knows it; `other` is the number it called or was called from."""

    sid: str
    direction: str
    other: str
    started_at: Ms
    ended_at: Ms | None = None
    status: str = "ringing"
    heard: deque[Heard] = field(default_factory=lambda: deque[Heard](maxlen=HEARD_MAX))


@dataclass(slots=True)
class Phone:
    """`number` may also be `client:NAME` or `sip:ADDRESS`; `call` is the present call, or the last."""

    number: str
    behaviour: Behaviour = field(default_factory=Behaviour)
    inbox: deque[Received] = field(default_factory=lambda: deque[Received](maxlen=INBOX_MAX))
    sent: deque[Message] = field(default_factory=lambda: deque[Message](maxlen=INBOX_MAX))

    call: PhoneCall | None = None
    calls: deque[PhoneCall] = field(default_factory=lambda: deque[PhoneCall](maxlen=CALLS_MAX))

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
