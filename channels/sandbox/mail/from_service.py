"""Mail from the service, as the mailboxes' server takes it: refused, kept, reported as lost later, answered.

Its one rule: what the server says with 250 is in a mailbox, or a report of its loss goes to the return path. All that
comes later happens on the clock.
"""

import hashlib
from collections.abc import Coroutine, Sequence
from typing import Any

from channels.email.post import ACCEPTED, Envelope, PostFailure, Reply, is_address
from channels.sandbox.ground import Ground
from channels.sandbox.mail.letters import Stamp, Undelivered, acknowledgement, vacation
from channels.sandbox.mail.mailboxes import ALL, IN, Mailbox, Mailboxes
from channels.sandbox.mail.reading import Letter, letter_of
from channels.sandbox.mail.to_service import MailToService
from router.core.clock import Ms

MAIL_HOST = "mail.sandbox.example"
LATER_MS = 60_000  # greylisting and late bounces
ANSWER_MS = 5_000
VACATION_MS = 7 * 86_400_000  # RFC 3834 section 2: to the same sender once in several days
GREYLIST_MAX = 10_000
ANSWERED_MAX = 10_000

GREYLISTED = Reply(451, "4.7.1 Greylisted, please try again later")
NO_MAILBOX = Reply(550, "5.1.1 No such user here")
FULL = Reply(452, "4.2.2 The mailbox is full")
LOST = Reply(550, "5.0.0 The mail was taken and could not be delivered after all")


class MailFromService:
    """Takes mail for every address there is."""

    def __init__(self, ground: Ground, boxes: Mailboxes, out: MailToService) -> None:
        self._ground = ground
        self._boxes = boxes
        self._out = out
        self._first_at: dict[str, Ms] = {}  # when what is greylisted was first tried

    def admit(self, sender: str, recipient: str) -> Reply | None:
        """The reply to RCPT where it is a refusal; others of the same mail may be taken."""
        reply = self._verdict(recipient, sender)
        if reply is not None:
            present = self._ground.now()
            exchange = self._ground.traffic.begin_mail(
                "out", sender, (recipient,), subject="", message_id="", size_bytes=0, at=present
            )
            exchange.answered(reply.code, reply.text)
        return reply

    async def take(self, envelope: Envelope) -> Reply:
        """The reply to this mail. Raise `PostFailure` where a fault breaks the connection instead."""
        letter, faults = letter_of(envelope.raw), self._ground.faults
        exchange = self._ground.traffic.begin_mail(
            "out",
            envelope.sender,
            envelope.recipients,
            subject=letter.subject,
            message_id=letter.message_id,
            size_bytes=len(envelope.raw),
            at=self._ground.now(),
        )
        reply = self._greylisted(envelope, letter) or self._refused(envelope) or ACCEPTED
        if reply.is_taken:
            exchange.faults = self._accept(envelope, letter)
            if self._ground.strikes(faults.mail_lost_answer):
                exchange.faults.append("lost answer")
                exchange.failure = "taken; the connection broke before the reply"
                raise PostFailure(exchange.failure, may_have_arrived=True)
        exchange.answered(reply.code, reply.text)
        return reply

    def _greylisted(self, envelope: Envelope, letter: Letter) -> Reply | None:
        """By fault: each mail on its own."""
        mail = letter.message_id or hashlib.sha256(envelope.raw).hexdigest()
        key = " ".join(("fault", envelope.sender, *envelope.recipients, mail))
        if key in self._first_at or self._ground.strikes(self._ground.faults.mail_greylist):
            return self._too_early(key, LATER_MS)
        return None

    def _refused(self, envelope: Envelope) -> Reply | None:
        """A mail goes to all its recipients or to none, except that those who are unknown are reported afterwards."""
        replies = [self._verdict(one, envelope.sender) for one in envelope.recipients]
        passing = [one for one in replies if one is not None and one.code < 500]
        if passing:
            return passing[0]
        return replies[0] if None not in replies else None

    def _verdict(self, recipient: str, sender: str) -> Reply | None:
        behaviour = self._boxes.seen(recipient).behaviour
        match behaviour.on_mail:
            case "reject":
                return NO_MAILBOX
            case "full":
                return FULL
            case "greylist":  # whom it knows, it lets through
                return self._too_early(f"{recipient.lower()} {sender.lower()}", _ms(behaviour.after_s, LATER_MS))
            case _:
                return None

    def _too_early(self, key: str, wait_ms: int) -> Reply | None:
        first_at = self._first_at.setdefault(key, self._ground.now())
        if len(self._first_at) > GREYLIST_MAX:
            del self._first_at[next(iter(self._first_at))]
        return GREYLISTED if self._ground.now() - first_at < wait_ms else None

    def _accept(self, envelope: Envelope, letter: Letter) -> list[str]:
        """Keep the mail and set going what follows; the faults that hit."""
        faults, hit = self._ground.faults, list[str]()
        if self._ground.strikes(faults.mail_bounce_later):
            self._report(envelope, envelope.recipients, LOST, after_ms=LATER_MS)
            return ["bounce later"]
        folders = (IN,)
        if self._ground.strikes(faults.mail_two_folders):
            folders, hit = (IN, ALL), ["two folders"]
        for recipient in envelope.recipients:
            self._deliver(recipient, envelope, letter, folders)
        return hit

    def _deliver(self, recipient: str, envelope: Envelope, letter: Letter, folders: tuple[str, ...]) -> None:
        mailbox = self._boxes.used(recipient)
        behaviour = mailbox.behaviour
        match behaviour.on_mail:
            case "reject":  # others of the same mail were taken
                self._report(envelope, [recipient], NO_MAILBOX, after_ms=0)
                return
            case "bounce_later":
                self._report(envelope, [recipient], LOST, after_ms=_ms(behaviour.after_s, LATER_MS))
                return
            case "auto_reply":
                self._start(self._acknowledge(mailbox, envelope, letter), about=recipient)
            case "vacation" if self._is_answered_by_vacation(mailbox, envelope, letter):
                self._start(self._excuse(mailbox, envelope, letter), about=recipient)
            case _:
                pass
        present = self._ground.now()
        self._boxes.receive(
            recipient, envelope.raw, return_path=envelope.sender, at=present, folders=folders, letter=letter
        )

    def _report(self, envelope: Envelope, recipients: Sequence[str], reply: Reply, *, after_ms: int) -> None:
        came_at = self._ground.now()

        async def report() -> None:
            await self._ground.sleep_ms(after_ms)
            failed = [Undelivered(one, str(reply)) for one in recipients]
            if mail := self._out.bounce(envelope, failed, host=MAIL_HOST, came_at=came_at):
                self._out.give(mail)

        self._start(report(), about=recipients[0])

    async def _acknowledge(self, mailbox: Mailbox, envelope: Envelope, letter: Letter) -> None:
        """Answer whoever the mail names, be it a machine or not."""
        await self._ground.sleep_ms(_ms(mailbox.behaviour.after_s, ANSWER_MS))
        named = letter.addresses("Reply-To") or letter.addresses("From")
        to = named[0] if named else envelope.sender
        if not is_address(to):
            return
        number = self._ground.chance.randrange(10_000, 100_000)
        says, stamp = mailbox.behaviour.says, self._stamp()
        raw = acknowledgement(letter, sender=mailbox.address, to=to, number=number, says=says, stamp=stamp)
        self._out.give(Envelope(mailbox.address, (to,), raw))

    def _is_answered_by_vacation(self, mailbox: Mailbox, envelope: Envelope, letter: Letter) -> bool:
        """RFC 3834 section 2: a person wrote, to this very person, and did not get a note lately."""
        sender, present = envelope.sender.lower(), self._ground.now()
        if not sender or is_from_machine(sender, letter) or mailbox.address not in letter.addresses("To", "Cc"):
            return False
        last_at = mailbox.answered_at.get(sender)
        if last_at is not None and present - last_at < VACATION_MS:
            return False
        mailbox.answered_at[sender] = present
        if len(mailbox.answered_at) > ANSWERED_MAX:
            del mailbox.answered_at[next(iter(mailbox.answered_at))]
        return True

    async def _excuse(self, mailbox: Mailbox, envelope: Envelope, letter: Letter) -> None:
        await self._ground.sleep_ms(_ms(mailbox.behaviour.after_s, ANSWER_MS))
        says, to = mailbox.behaviour.says, envelope.sender
        raw = vacation(letter, sender=mailbox.address, to=to, says=says, stamp=self._stamp())
        self._out.give(Envelope("", (to,), raw))

    def _stamp(self) -> Stamp:
        return Stamp(self._ground.now(), self._ground.token())

    def _start(self, work: Coroutine[Any, Any, None], *, about: str) -> None:
        self._ground.start(work, name=f"what {about} does with a mail")


def is_from_machine(sender: str, letter: Letter) -> bool:
    """RFC 3834 section 2 and common practice: what nobody should answer by machine."""
    local = sender.partition("@")[0]
    if local in ("mailer-daemon", "noreply", "no-reply") or local.startswith("owner-") or local.endswith("-request"):
        return True
    if letter.header("Auto-Submitted").lower() not in ("", "no") or letter.header("X-Auto-Response-Suppress"):
        return True
    if letter.header("Precedence").lower() in ("bulk", "list", "junk"):
        return True
    return any(name.lower().startswith("list-") for name, _ in letter.headers)


def _ms(after_s: float | None, otherwise: int) -> int:
    return otherwise if after_s is None else round(after_s * 1000)
