"""What a mail says: addresses, words, headers, attachments, as a mail program would show them.

Its one rule: every mail can be read, however broken; what cannot be made out is empty. The raw bytes are the truth and
are kept elsewhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from itertools import islice

PARTS_MAX = 200
HEADERS_MAX = 2_000
BRIEF_CHARS_MAX = 4_000
BRIEF = ("from", "to", "cc", "subject", "message-id", "in-reply-to", "references")
UNREADABLE = (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError)
HEAD = re.compile(rb"\A(.*?)(?:\r?\n\r?\n|\Z)", re.DOTALL)
BCC = re.compile(rb"^bcc:[^\n]*\n(?:[ \t][^\n]*\n?)*", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail, read."""

    headers: tuple[tuple[str, str], ...] = ()  # as they were written, unfolded
    text: str = ""
    html: str | None = None
    attachments: tuple[Attachment, ...] = field(default=())

    def header(self, name: str) -> str:
        """The first header of this name, decoded, or nothing."""
        return next((_decoded(value) for one, value in self.headers if one.lower() == name.lower()), "")

    def addresses(self, *names: str) -> tuple[str, ...]:
        """All addresses in headers of these names, bare and in lower case, each once. They are looked for before names
        are decoded: what a name decodes to is no address."""
        values = [value for name in names for one, value in self.headers if one.lower() == name.lower()]
        try:
            found = [address.strip().lower() for _, address in getaddresses(values)]
        except UNREADABLE:
            return ()
        return tuple(dict.fromkeys(one for one in found if "@" in one))

    @property
    def subject(self) -> str:
        return self.header("Subject")

    @property
    def message_id(self) -> str:
        return self.header("Message-ID")

    def by_name(self) -> dict[str, str]:
        """Headers, decoded, as an object: what comes more than once is joined by line ends."""
        spelled: dict[str, str] = {}
        shown: dict[str, str] = {}
        for name, written in self.headers:
            value, first = _decoded(written), spelled.setdefault(name.lower(), name)
            shown[first] = f"{shown[first]}\n{value}" if first in shown else value
        return shown

    def brief(self) -> "Letter":
        """What a list of sent mails shows: a few headers and the beginning."""
        few = tuple((name, value[:BRIEF_CHARS_MAX]) for name, value in self.headers if name.lower() in BRIEF)
        return Letter(few, self.text[:BRIEF_CHARS_MAX])


def letter_of(raw: bytes) -> Letter:
    try:
        message = message_from_bytes(raw)
        headers = tuple((_clean(name), _unfolded(value)) for name, value in islice(message.raw_items(), HEADERS_MAX))
    except UNREADABLE:
        return Letter()
    try:
        return _with_parts(headers, list(_leaves(message)))
    except UNREADABLE:
        return Letter(headers)


def head_of(raw: bytes) -> bytes:
    """The headers as they stand."""
    found = HEAD.match(raw)
    return found[1] if found else b""


def without_bcc(raw: bytes) -> bytes:
    """A mail program does not send this header."""
    head = head_of(raw)
    return BCC.sub(b"", head + b"\n").removesuffix(b"\n") + raw[len(head) :] if b"bcc:" in head.lower() else raw


def _with_parts(headers: tuple[tuple[str, str], ...], parts: list[Message]) -> Letter:
    text: str | None = None
    html: str | None = None
    attachments: list[Attachment] = []
    for part in parts:
        name, content_type = part.get_filename(), part.get_content_type()
        is_attached = name is not None or part.get_content_disposition() == "attachment"
        if content_type == "text/plain" and text is None and not is_attached:
            text = _words(part)
        elif content_type == "text/html" and html is None and not is_attached:
            html = _words(part)
        else:
            attachments.append(Attachment(_decoded(_clean(name or "")), content_type, len(_bytes(part))))
    return Letter(headers, text or "", html, tuple(attachments))


def _leaves(message: Message) -> Iterable[Message]:
    """The parts that hold something. A mail inside the mail is one of them, and is not opened."""
    waiting, seen = [message], 0
    while waiting and seen < PARTS_MAX:
        part = waiting.pop(0)
        seen += 1
        if part.get_content_maintype() == "multipart" and isinstance(part.get_payload(), list):
            waiting[:0] = [one for one in part.get_payload() if isinstance(one, Message)]
        else:
            yield part


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    if isinstance(content, bytes):
        return content
    inner = part.get_payload()
    return b"\n".join(one.as_bytes() for one in inner if isinstance(one, Message)) if isinstance(inner, list) else b""


def _words(part: Message) -> str:
    content = _bytes(part)
    try:
        text = content.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        text = content.decode("utf-8", "replace")
    return _clean(text.replace("\r\n", "\n"))


def _unfolded(value: str) -> str:
    """On one line. Bytes outside ASCII are taken for UTF-8."""
    text = value.encode("ascii", "surrogateescape").decode("utf-8", "replace") if not value.isascii() else value
    return " ".join(line.strip() for line in text.splitlines()).strip()


def _decoded(value: str) -> str:
    try:
        return " ".join(_clean(str(make_header(decode_header(value)))).splitlines())
    except UNREADABLE:
        return value


def _clean(text: str) -> str:
    """Without lone surrogates, which no JSON can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
