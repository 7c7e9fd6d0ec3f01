"""What mail travels as, without the wire: an envelope, the reply to it, and the port that carries it away.

Its one rule: an envelope is what SMTP says (RFC 5321), never what the headers inside `raw` claim. Nothing here reads a
message. The same code posts over real sockets (`channels.email.smtp`) and in memory, in the simulator.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from router.core.clock import Ms


@dataclass(frozen=True, slots=True)
class Envelope:
    """One mail on its way. The null return path (bounces, automatic answers) is the empty `sender`."""

    sender: str  # "mia@customer.example", without angle brackets
    recipients: tuple[str, ...]  # at least one
    raw: bytes  # the message as it came (RFC 5322)
    received_at: Ms | None = None  # when the server that kept it for us had it, not what the mail says
    sender_known: bool = True  # False: no server said who sent it, so that an empty `sender` is no null return path

    @property
    def has_null_path(self) -> bool:
        """Whether it came from nobody, as only what is to be answered by nobody does."""
        return self.sender_known and not self.sender


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiving server says to a mail (RFC 5321 section 4.2): 2xx, it has it; 4xx, try again; 5xx, never."""

    code: int
    text: str  # one line, without the code: "2.0.0 OK"

    @property
    def is_taken(self) -> bool:
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


ACCEPTED = Reply(250, "2.0.0 OK")


@dataclass(frozen=True, slots=True)
class Unreached:
    """A recipient who was refused while others were taken; never the first of an envelope."""

    address: str
    reply: Reply

    @property
    def is_permanent(self) -> bool:
        return self.reply.code >= 500


class PostRefused(Exception):
    """The other server said no: it does not have the mail."""

    def __init__(self, code: int, text: str, *, of_recipient: bool = False) -> None:
        super().__init__(f"{code} {text}")
        self.code = code  # 4xx or 5xx
        self.text = text
        self.of_recipient = of_recipient  # it may well take mail for others

    @property
    def permanent(self) -> bool:
        """True where trying again is in vain."""
        return self.code >= 500


class PostFailure(Exception):
    """No reply came. `may_have_arrived` is False only where the mail surely never reached the other side."""

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


class Post(Protocol):
    """Carries one mail to the next server. The first recipient is whom it is for, the others get a copy."""

    async def deliver(self, envelope: Envelope, *, timeout_s: float) -> tuple[Unreached, ...]:
        """Return when the server has the mail for the first recipient, with those of the others whom it refused. Raise
        `PostRefused` where it said no to the mail or to the first, and then nobody gets it; `PostFailure` where no
        reply came within `timeout_s` (real seconds)."""
        ...


Take = Callable[[Envelope], Awaitable[Reply]]
"""Receives one mail and says the reply. It may raise `PostFailure`: then the sender hears nothing."""


Admit = Callable[[str, str], Reply | None]
"""Says at once, before the mail itself comes, why it cannot come from this sender to this recipient; None: it can."""


def sift(envelope: Envelope, admit: Admit | None) -> tuple[Envelope, tuple[Unreached, ...]]:
    """The mail to those who are admitted, and the others. Raise `PostRefused` where the first is not."""
    replies = [(one, admit(envelope.sender, one) if admit else None) for one in envelope.recipients]
    first = replies[0][1]
    if first is not None:
        raise PostRefused(first.code, first.text, of_recipient=True)
    unreached = tuple(Unreached(one, reply) for one, reply in replies if reply is not None)
    return Envelope(envelope.sender, tuple(one for one, reply in replies if reply is None), envelope.raw), unreached


class PostInHand:
    """A `Post` without a wire: it hands each mail straight to whoever takes it."""

    def __init__(self, take: Take, admit: Admit | None = None) -> None:
        self._take, self._admit = take, admit

    async def deliver(self, envelope: Envelope, *, timeout_s: float) -> tuple[Unreached, ...]:
        envelope, unreached = sift(envelope, self._admit)
        try:
            async with asyncio.timeout(timeout_s):
                reply = await self._take(envelope)
        except TimeoutError as problem:
            raise PostFailure(f"no reply in {timeout_s:g} s", may_have_arrived=True) from problem
        if not reply.is_taken:
            raise PostRefused(reply.code, reply.text)
        return unreached


def is_address(text: str) -> bool:
    """Nothing that could end the line or the angle brackets. Whether it has a mailbox is for its server to say."""
    if not text or not text.isprintable() or any(one in text for one in "<> "):
        return False
    try:
        return len(text.encode()) <= 254
    except UnicodeEncodeError:
        return False
