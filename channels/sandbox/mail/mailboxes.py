"""The mailboxes: what came into each, what was sent from it, and how it behaves.

Its one rule: every address is a mailbox, there as soon as somebody writes to or from it. The oldest mails give way when
all together are too many or too large.
"""

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from channels.sandbox.mail.reading import Letter, letter_of
from router.core.clock import Ms

MAILS_MAX = 10_000
MAIL_BYTES_MAX = 256 * 1024 * 1024
MAILBOXES_MAX = 100_000
SENT_MAX = 200
IN, ALL = "INBOX", "All Mail"

OnMail = Literal["accept", "greylist", "reject", "bounce_later", "auto_reply", "vacation", "full"]


class MailBehaviour(BaseModel):
    """What a mailbox does with mail. `greylist` refuses each sender's first mail for `after_s`; `reject` and `full` say
    550 and 452; `bounce_later` takes the mail and reports after `after_s` that it could not be delivered. `auto_reply`
    is another company's desk that acknowledges every mail, without saying that it is a machine; `vacation` answers once
    a week and as it should (RFC 3834). `says` is what the two write."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    on_mail: OnMail = "accept"
    after_s: float | None = Field(default=None, ge=0, le=30 * 86_400)  # 60, and for answers 5, where nothing is said
    says: str | None = Field(default=None, min_length=1, max_length=10_000)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail in a folder of a mailbox. `seq` rises over all mailboxes."""

    seq: int
    at: Ms
    folder: str
    return_path: str
    raw: bytes
    letter: Letter


@dataclass(slots=True)
class Sent:
    """One mail that left a mailbox: `reply` is the last word of the other server, `state` what became of it."""

    at: Ms
    to: tuple[str, ...]
    letter: Letter
    state: Literal["on_its_way", "accepted", "bounced"] = "on_its_way"
    reply: str = ""


@dataclass(slots=True)
class Mailbox:
    address: str
    behaviour: MailBehaviour = field(default_factory=MailBehaviour)
    mails: deque[Mail] = field(default_factory=deque[Mail])
    sent: deque[Sent] = field(default_factory=lambda: deque[Sent](maxlen=SENT_MAX))
    answered_at: dict[str, Ms] = field(default_factory=dict[str, Ms])  # by vacation: to whom, and when last


class Mailboxes:
    """All of them, by address in lower case."""

    def __init__(self) -> None:
        self._by_address: dict[str, Mailbox] = {}
        self._kept: deque[Mailbox] = deque()  # whose mail, from the oldest on
        self._bytes = 0
        self._count = itertools.count(1)

    def has(self, address: str) -> bool:
        return address.lower() in self._by_address

    def seen(self, address: str) -> Mailbox:
        """The mailbox for reading: one that was never used is as good as new, and is not kept."""
        return self._by_address.get(address.lower()) or Mailbox(address.lower())

    def used(self, address: str) -> Mailbox:
        """The mailbox for changing."""
        mailbox = self._by_address.setdefault(address.lower(), Mailbox(address.lower()))
        if len(self._by_address) > MAILBOXES_MAX:
            del self._by_address[next(iter(self._by_address))]
        return mailbox

    def receive(
        self,
        address: str,
        raw: bytes,
        *,
        return_path: str,
        at: Ms,
        folders: tuple[str, ...] = (IN,),
        letter: Letter | None = None,
    ) -> None:
        """Put the mail into these folders of the mailbox. `letter`: what it says, where that was read before."""
        mailbox, letter = self.used(address), letter or letter_of(raw)
        for folder in folders:
            mailbox.mails.append(Mail(next(self._count), at, folder, return_path, raw, letter))
            self._kept.append(mailbox)
            self._bytes += len(raw)
        while len(self._kept) > MAILS_MAX or (self._bytes > MAIL_BYTES_MAX and len(self._kept) > len(folders)):
            self._bytes -= len(self._kept.popleft().mails.popleft().raw)
