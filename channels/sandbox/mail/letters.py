"""Mails that machines write: reports that a mail was not delivered, acknowledgements, out-of-office notes.

Its one rule: what a mail contains depends on the arguments alone, boundaries and Message-IDs too, so a run repeats bit
for bit. Whether one is due is decided elsewhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32

from channels.sandbox.mail.reading import Letter, head_of
from channels.sandbox.times import rfc2822
from router.core.clock import Ms

HEAD_BYTES_MAX = 64 * 1024
LINES_CRLF = compat32.clone(linesep="\r\n")
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")

ACKNOWLEDGED = """\
Thank you for your message.

We have received your request and gave it the number {number}. A member of our team will answer you within two working
days. Please keep the number in the subject when you write again.

Customer service of {domain}
"""
AWAY = "I am out of the office and will read your message when I am back.\n"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a machine writes, and what makes its mail unlike any other."""

    at: Ms
    token: str


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A recipient whom a mail did not reach, and the last word of the server: `550 5.1.1 No such user`."""

    recipient: str
    reply: str

    @property
    def status(self) -> str:
        """As the server said it (RFC 3463); a passing one that never passed stays what it is."""
        found = ENHANCED.search(self.reply)
        return found[0] if found else "5.0.0"


def bounce(raw: bytes, failed: Sequence[Undelivered], *, to: str, host: str, came_at: Ms, stamp: Stamp) -> bytes:
    """The report of a mail server to the return path (RFC 3464)."""
    report = MIMEMultipart("report", boundary=f"=_{stamp.token}")
    report.set_param("report-type", "delivery-status")
    report["From"] = f"Mail Delivery System <mailer-daemon@{host}>"
    report["To"] = to
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Date"], report["Message-ID"] = rfc2822(stamp.at), f"<{stamp.token}@{host}>"
    report["Auto-Submitted"] = "auto-replied"
    reasons = "\n".join(f"<{one.recipient}>: {one.reply}" for one in failed)
    words = f"This is the mail system at {host}.\n\nYour message could not be delivered.\n\n{reasons}\n"
    report.attach(_text(words))
    status = MIMEBase("message", "delivery-status")
    about = Message()
    about["Reporting-MTA"], about["Arrival-Date"] = f"dns; {host}", rfc2822(came_at)
    status.attach(about)
    for one in failed:
        status.attach(_recipient_fields(one))
    report.attach(status)
    original = head_of(raw)[:HEAD_BYTES_MAX].decode("ascii", "replace").replace("\r\n", "\n") + "\n"
    report.attach(_text(original, "rfc822-headers"))
    return report.as_bytes(policy=LINES_CRLF)


def acknowledgement(letter: Letter, *, sender: str, to: str, number: int, says: str | None, stamp: Stamp) -> bytes:
    """What a careless help desk says to everything it gets: nothing in it shows that a machine wrote."""
    words = says or ACKNOWLEDGED.format(number=number, domain=sender.rpartition("@")[2])
    subject = f"Re: {letter.subject} [#{number}]"
    return _answer(letter, words, sender=sender, to=to, subject=subject, stamp=stamp).as_bytes(policy=LINES_CRLF)


def vacation(letter: Letter, *, sender: str, to: str, says: str | None, stamp: Stamp) -> bytes:
    """An out-of-office note as RFC 3834 wants it."""
    mail = _answer(letter, says or AWAY, sender=sender, to=to, subject=f"Auto: {letter.subject}", stamp=stamp)
    mail["Auto-Submitted"] = "auto-replied (vacation)"
    mail["X-Auto-Response-Suppress"] = "All"
    return mail.as_bytes(policy=LINES_CRLF)


def _answer(letter: Letter, words: str, *, sender: str, to: str, subject: str, stamp: Stamp) -> Message:
    mail = _text(words)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"], mail["Message-ID"] = rfc2822(stamp.at), f"<{stamp.token}@{sender.rpartition('@')[2]}>"
    if letter.message_id:
        mail["In-Reply-To"] = letter.message_id
        mail["References"] = f"{letter.header('References')} {letter.message_id}".strip()
    return mail


def _text(words: str, subtype: str = "plain") -> MIMEText:
    return MIMEText(words, subtype, "us-ascii" if words.isascii() else "utf-8")


def _recipient_fields(one: Undelivered) -> Message:
    fields = Message()
    kind = "rfc822" if one.recipient.isascii() else "utf-8"
    fields["Final-Recipient"] = f"{kind}; {one.recipient}"
    fields["Action"], fields["Status"] = "failed", one.status
    fields["Diagnostic-Code"] = f"smtp; {one.reply}"
    return fields
