"""Mails of ours, as bytes ready to send.

One rule: the same arguments make the same bytes, and nothing that people wrote can add a header: every name and
subject is one line before it goes in. Whom to write to, and whether, is decided elsewhere.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from hashlib import blake2b
from typing import Any, Literal, cast

from channels.email.addresses import is_mail_address, mail_key
from channels.email.attachments import DOWNLOAD, safe_name
from channels.email.charsets import clean, one_line
from channels.email.headers import message_ids
from channels.email.letter import Mailbox, Part
from channels.email.subjects import reply_subject
from router.core.clock import Ms

__all__ = ["Automatic", "compose"]

Automatic = Literal["", "auto-generated", "auto-replied"]
NAME_MAX = 200
SUBJECT_MAX = 500
REFERENCES_MAX = 20
LINE_MAX = 998
"""RFC 5322 section 2.1.1. Shorter lines make the standard library encode long Message-IDs, which breaks threads."""


class _Headers(HeaderRegistry):
    """The standard library's, which makes a class of each header of each mail anew: costly, and garbage in cycles."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = super().__getitem__(name)
        return known


class _Policy(EmailPolicy):
    """One line of ASCII stands as it is: taking it apart to put it together again is most of a mail's cost."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        said = ", ".join(map(str, cast(list[Address], value))) if isinstance(value, list) else str(value)
        if _is_plain(name, said):
            return name, said
        return super().header_store_parse(name, value)

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        return value if _is_plain(name, value) else super().header_fetch_parse(name, value)


def _is_plain(name: str, value: str) -> bool:
    return value.isascii() and value.isprintable() and "=?" not in value and len(name) + len(value) < LINE_MAX - 2


_PLAIN = _Policy(linesep="\r\n", max_line_length=LINE_MAX, cte_type="7bit", header_factory=_Headers())
_UTF8 = _PLAIN.clone(utf8=True)


def compose(
    *,
    sender: Mailbox,
    to: Sequence[Mailbox],
    subject: str,
    text: str,
    message_id: str,
    date: Ms,
    cc: Sequence[Mailbox] = (),
    reply_to: str = "",
    in_reply_to: str = "",
    references: Sequence[str] = (),
    automatic: Automatic = "",
    html: str = "",
    parts: Sequence[Part] = (),
    is_answer: bool = True,
) -> bytes:
    """The mail, with CR LF. `references` are those of the mail that is answered, oldest first; with `in_reply_to` the
    subject gets its `Re:`, unless it is no answer but speaks of that mail. `html` is an alternative to `text` and goes
    out as it is.

    Raises ValueError when an address is none, when there is no recipient, or when `message_id` is no Message-ID."""
    own = message_ids(message_id)
    if len(own) != 1 or not to:
        raise ValueError(f"got Message-ID {message_id!r} and {len(to)} recipients, expected one and at least one")
    answered = message_ids(in_reply_to)[:1]
    everyone = [sender, *to, *cc]
    is_ascii = all(one.address.rpartition("@")[0].isascii() for one in everyone)
    mail = EmailMessage(policy=_PLAIN if is_ascii else _UTF8)
    mail["From"] = _address(sender)
    mail["To"] = [_address(one) for one in to]
    if cc:
        mail["Cc"] = [_address(one) for one in cc]
    if reply_to:
        mail["Reply-To"] = _address(Mailbox(sender.name, reply_to))
    line = one_line(subject, chars=SUBJECT_MAX)
    mail["Subject"] = reply_subject(line) if answered and is_answer else line
    mail["Date"] = format_datetime(datetime.fromtimestamp(date // 1000, UTC))
    mail["Message-ID"] = own[0]
    if answered:
        mail["In-Reply-To"] = answered[0]
    if thread := _thread(references, answered):
        mail["References"] = thread
    mail["X-Loop"] = sender.address
    if automatic:
        mail["Auto-Submitted"] = automatic
        mail["X-Auto-Response-Suppress"] = "All"
    _fill(mail, text, html, parts)
    _name_borders(mail, own[0])
    return mail.as_bytes()


def _address(one: Mailbox) -> Address:
    if not is_mail_address(one.address):
        raise ValueError(f"got {one.address!r}, expected an address such as mia@customer.example")
    local, _, domain = one.address.rpartition("@")
    if not domain.isascii():
        domain = mail_key(one.address).rpartition("@")[2]
    return Address(one_line(one.name, chars=NAME_MAX), local, domain)


def _thread(references: Sequence[str], answered: Sequence[str]) -> str:
    """The thread's Message-IDs; of a long one the first and the latest (RFC 5322 section 3.6.4)."""
    ids = list(dict.fromkeys(id for text in (*references, *answered) for id in message_ids(text)))
    if len(ids) > REFERENCES_MAX:
        ids = ids[:1] + ids[1 - REFERENCES_MAX :]
    return " ".join(ids)


def _fill(mail: EmailMessage, text: str, html: str, parts: Sequence[Part]) -> None:
    mail.set_content(clean(text))
    if html:
        mail.add_alternative(clean(html), subtype="html")
    for part in parts:
        main, _, sub = part.content_type.partition("/")
        if main in ("message", "multipart", "text", "") or not sub:
            main, _, sub = DOWNLOAD.partition("/")  # as a file, whatever a program would make of it
        name = safe_name(part.name, part.content_type)
        mail.add_attachment(part.content, maintype=main, subtype=sub, filename=name)


def _name_borders(mail: EmailMessage, message_id: str) -> None:
    """Borders between parts by the Message-ID, not by chance."""
    for position, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{blake2b(f'{position} {message_id}'.encode(), digest_size=16).hexdigest()}")
