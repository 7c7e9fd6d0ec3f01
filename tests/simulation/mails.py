"""The mails that people write: as their programs make them, and as no program should.

Its one rule: what a mail is made of is passed in, so a world repeats bit for bit.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random

from tests.simulation.post_office import OURS

VERIFIER = "mx.support.example"
SUBJECTS = ("My heating", "Invoice", "Question", "E42", "Rechnung für März", "Re: hello", "", "AW: Termin")
TEXTS = (
    "the heating is cold again, and it says E42",
    "I was charged twice, please refund the second payment",
    "hello?",
    "Meine Heizung zeigt E43, was soll ich tun? Bitte um Rückruf.",
    "where is the technician?",
    "thanks",
    "",
    "ž" * 300,
    "<b>bold</b> & <script>alert(1)</script>",
)
SAID = ("ok, thanks", "that did not help", "yes", "no, it is the other one", "see below", "I will be at home at five")


@dataclass(slots=True)
class Draft:
    """What a mail is to say. `headers` stand beside the usual ones; an empty value leaves a header out."""

    mark: str
    sender: str
    at_ms: int
    to: tuple[str, ...] = (OURS,)
    cc: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    vouched: str = "pass"
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def id(self) -> str:
        return f"<{self.mark}@{self.sender.rpartition('@')[2] or 'nowhere.example'}>"


def written(draft: Draft) -> bytes:
    """The mail as it reaches us: our own verifier's word first, then what its writer made."""
    domain = draft.sender.rpartition("@")[2]
    made = {
        "Authentication-Results": f"{VERIFIER}; dmarc={draft.vouched} header.from={domain}" if draft.vouched else "",
        "From": f"Somebody <{draft.sender}>",
        "To": ", ".join(draft.to),
        "Cc": ", ".join(draft.cc),
        "Subject": f"{draft.subject} {draft.mark}".strip(),
        "Date": format_datetime(datetime.fromtimestamp(draft.at_ms // 1000, UTC)),
        "Message-ID": draft.id,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        **draft.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in made.items() if value)
    body = f"{draft.text}\r\n\r\n{draft.mark}\r\n".replace("\n\n", "\r\n\r\n")
    return (head + "\r\n" + body).encode()


def as_in_folder(raw: bytes, folder: str) -> bytes:
    """The same mail as it stands in a folder of a mailbox elsewhere, with the trace of its way."""
    return f"Delivered-To: {OURS}\r\nX-Folder: {folder}\r\nReceived: by mx for {folder}\r\n".encode() + raw


def report(draft: Draft, *, about: str, failed: str, to: str) -> bytes:
    """What a mail server would write had it not been able to deliver a mail (RFC 3464)."""
    return (
        f"From: <{draft.sender}>\r\nTo: {to}\r\nSubject: Undelivered Mail {draft.mark}\r\n"
        f"Message-ID: {draft.id}\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\n\r\nCould not be delivered\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {failed}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n\r\n--b--\r\n"
    ).encode()


def odd(kind: int, draft: Draft, chance: Random) -> bytes:
    """A mail that no program should write. Kinds are counted from 0 to `ODD_KINDS` - 1."""
    raw = written(draft)
    match kind:
        case 0:
            return raw.replace(b"Date: ", b"Date: Thu, 01 Jan 1970 00:00:00 +0000 was ")
        case 1:
            return raw.replace(b"\r\n", b"\n")
        case 2:
            return raw + b"\xff\xfe\x00\x00 \xed\xa0\xbd \x80\x81" + bytes(chance.randrange(256) for _ in range(40))
        case 3:
            return raw.replace(b"charset=utf-8", b"charset=x-no-such-set")
        case 4:
            return raw.replace(b"text/plain; charset=utf-8", b"multipart/mixed; boundary=never")
        case 5:
            return raw.partition(b"\r\n\r\n")[0] + b"\r\n"
        case 6:
            return raw.replace(b"Subject: ", b"X-Long: " + b"x" * 5_000 + b"\r\nSubject: =?utf-8?b?4pyT?= \x80")
        case 7:  # the Message-ID of other mails
            return raw.replace(draft.id.encode(), b"<again@same.example>")
        case _:
            return raw.replace(b"Date: ", b"X-Date: ")


ODD_KINDS = 9
