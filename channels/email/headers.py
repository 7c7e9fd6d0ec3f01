"""The header fields of a mail or of one of its parts: cut out of bytes, unfolded, and read one by one.

One rule: every value is cut before anything looks into it, and reading one never fails. What the standard library
reads well (parameters, RFC 2231 names, dates) it reads; encoded words are read here, for its own reader takes time
that grows with the square of a hostile header.
"""

import binascii
import re
from calendar import timegm
from collections.abc import Iterator
from email.message import Message
from email.utils import parsedate_tz

from channels.email.charsets import clean, decoded, one_line
from channels.email.limits import Limits
from router.core.clock import Ms

__all__ = ["Headers", "decoded_words", "headers_of", "instant_of", "message_ids"]

VALUE_MAX = 20_000
PARAMETERS_MAX = 2_000
ID_MAX = 990
"""A line may have 998 characters (RFC 5322 section 2.1.1), and some programs make ids nearly as long."""
IDS_MAX = 200
DAY_MS = 86_400_000
EARLIEST = Ms(631_152_000_000)
"""1990: nobody sent a mail to us before."""

_NAME = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]{0,1000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t]+(?==\?[^?\s]{1,80}\?[bBqQ]\?)")
_ID = re.compile(r"<([^<>\s]{1,990})>")
_ODD = (ValueError, TypeError, LookupError, AttributeError, OverflowError)


class Headers:
    """Fields in the order they stand, nearest the top first. Names are in lower case."""

    __slots__ = ("_fields", "was_cut")

    def __init__(self, fields: list[tuple[str, str]], *, was_cut: bool = False) -> None:
        self._fields = fields
        self.was_cut = was_cut

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._fields)

    def __bool__(self) -> bool:
        return bool(self._fields)

    def all(self, name: str) -> list[str]:
        return [value for field, value in self._fields if field == name]

    def first(self, name: str) -> str:
        """The field's raw value, unfolded; empty when it is not there."""
        return next((value for field, value in self._fields if field == name), "")

    def has(self, name: str) -> bool:
        return any(field == name for field, _ in self._fields)

    def kind(self, default: str = "text/plain") -> str:
        """The content type in lower case, such as `text/html`."""
        kind = self.first("content-type").partition(";")[0].strip().lower()
        main, slash, sub = kind.partition("/")
        return kind if slash and main and sub and " " not in kind else default

    def parameter(self, name: str, *, field: str = "content-type") -> str:
        """A parameter of a field, RFC 2231 pieces joined and read."""
        value = self.first(field)[:PARAMETERS_MAX]
        if name.lower() not in value.lower():
            return ""
        message = Message()
        message[field] = value
        try:
            found = message.get_param(name, "", header=field)
            if isinstance(found, tuple):
                charset, _, text = found
                found = decoded(text.encode("latin-1", "replace"), charset or "utf-8")[0]
            return clean(str(found)).strip()
        except _ODD:
            return ""

    def text(self, name: str, *, chars: int = VALUE_MAX) -> str:
        """The first such field for people: encoded words read, one line, cut."""
        return one_line(decoded_words(self.first(name)[: 4 * chars]), chars=chars)


def headers_of(raw: bytes, start: int, end: int, limits: Limits) -> tuple[Headers, int]:
    """The fields from `start`, and where the body begins. A line that is no field begins the body."""
    fields: list[tuple[str, list[bytes]]] = []
    at, was_cut = start, False
    while at < end:
        stop = raw.find(b"\n", at, end)
        stop = end if stop < 0 else stop + 1
        line = raw[at : min(stop, at + VALUE_MAX)].rstrip(b"\r\n")
        if not line:
            at = stop
            break
        if line[:1] in (b" ", b"\t"):
            if fields:
                fields[-1][1].append(line)
        elif _NAME.match(line):
            name, _, value = line.partition(b":")
            fields.append((name.strip().lower().decode("ascii"), [value]))
        elif not (line.startswith((b"From ", b">From ")) and at == start):
            break
        at = stop
        if len(fields) >= limits.headers or at - start > limits.header_bytes:
            was_cut, at = True, _body_after(raw, at, end)
            break
    return Headers([(name, _unfolded(lines)) for name, lines in fields], was_cut=was_cut), at


def _body_after(raw: bytes, at: int, end: int) -> int:
    """Where the body begins after fields that are not looked at any more."""
    found = [(raw.find(mark, at - 1, end), len(mark)) for mark in (b"\n\n", b"\n\r\n")]
    return min((place + size for place, size in found if place >= 0), default=end)


def _unfolded(lines: list[bytes]) -> str:
    raw = b"".join(lines)[:VALUE_MAX].strip()
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        return decoded(raw, "")[0]


def decoded_words(value: str) -> str:
    """A value with its encoded words (RFC 2047) read, wherever they stand; neighbours are joined before reading."""
    if "=?" not in value:
        return value
    value = _BETWEEN_WORDS.sub(r"\1", value)
    shown: list[str] = []
    waiting: list[bytes] = []
    charset, at = "", 0
    for word in _WORD.finditer(value):
        if waiting and (word.start() > at or word[1].lower() != charset):
            shown.append(decoded(b"".join(waiting), charset)[0])
            waiting.clear()
        shown.append(value[at : word.start()])
        charset, at = word[1].lower(), word.end()
        waiting.append(_word_bytes(word[2], word[3]))
    if waiting:
        shown.append(decoded(b"".join(waiting), charset)[0])
    return "".join(shown) + value[at:]


def _word_bytes(encoding: str, text: str) -> bytes:
    raw = text.encode("utf-8", "replace")
    try:
        if encoding in "bB":
            return binascii.a2b_base64(raw.rstrip(b"= ") + b"==")
        return binascii.a2b_qp(raw.replace(b"_", b" "), header=True)
    except binascii.Error:
        return raw


def message_ids(value: str) -> tuple[str, ...]:
    """The ids in a Message-ID, In-Reply-To or References field, each in angle brackets, once; of very many the first
    and the latest."""
    found = [f"<{id}>" for id in _ID.findall(value)]
    if not found and "<" not in value:  # written without brackets
        found = [f"<{word}>" for word in value.split() if "@" in word and len(word) <= ID_MAX]
    ids = tuple(dict.fromkeys(found))
    return ids if len(ids) <= IDS_MAX else (ids[0], *ids[1 - IDS_MAX :])


def instant_of(value: str, *, received_at: Ms) -> Ms | None:
    """When a mail says it was written; None where it does not, or where that cannot be."""
    try:
        parsed = parsedate_tz(value[:100])
        if parsed is None:
            return None
        at = Ms((timegm((*parsed[:6], 0, 1, 0)) - (parsed[9] or 0)) * 1000)
    except _ODD:
        return None
    return at if EARLIEST <= at <= received_at + DAY_MS else None
