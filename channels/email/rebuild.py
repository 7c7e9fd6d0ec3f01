"""A message (RFC 5322) out of the pieces that a provider took it apart into.

Its one rule: the same pieces give the same bytes, so that a webhook that comes twice is known again. Nothing is left
out but what describes the lost form (MIME headers); nothing is added but what describes the new one.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.header import Header
from email.message import Message
from email.utils import formataddr, getaddresses

FIELDS_MAX = 1_000
NAME_CHARS_MAX = 255
NAME = re.compile(r"[!-9;-~]+")  # RFC 5322 section 2.2
TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
TOKEN = re.compile(r"[\w.+*-]+", re.ASCII)
CONTAINERS = ("multipart/", "message/")
UNKNOWN_TYPE = "application/octet-stream"
WITH_ADDRESSES = frozenset({"from", "to", "cc", "bcc", "reply-to", "sender", "resent-from", "resent-to"})
OF_THE_FORM = re.compile(r"content-|mime-version$", re.IGNORECASE)
FIELD_ENDS = re.compile(rb"\r?\n(?![ \t])")


@dataclass(frozen=True, slots=True)
class File:
    """Something attached. With `content_id` the HTML may show it."""

    name: str
    type: str
    content: bytes
    content_id: str = ""


def rebuilt(header: bytes, *, text: str | None, html: str | None, files: Sequence[File] = ()) -> bytes:
    """A message under `header` (whole lines, from `header_from_fields` or `header_from_block`)."""
    body = _words(text, html)
    if files:
        body = _multipart("mixed", [body, *map(_attached, files)])
    return header + b"MIME-Version: 1.0\r\n" + body


def header_from_fields(fields: Iterable[tuple[str, str]]) -> bytes:
    """Header lines of names and values as people read them; what is not ASCII becomes encoded words (RFC 2047)."""
    lines: list[str] = []
    for name, value in list(fields)[:FIELDS_MAX]:
        if NAME.fullmatch(name) and not OF_THE_FORM.match(name):
            lines.append(f"{name}: {_encoded(name, one_line(value))}\r\n")
    return "".join(lines).encode("ascii", "replace")


def header_from_block(block: bytes) -> bytes:
    """Header lines as they came, byte for byte but for line ends. What is no header line is left out."""
    kept: list[bytes] = []
    for field in FIELD_ENDS.split(block):
        name = field.partition(b":")[0].rstrip().decode("latin-1")
        if b":" in field and NAME.fullmatch(name) and not OF_THE_FORM.match(name):
            kept.append(b"\r\n".join(field.splitlines()) + b"\r\n")
    return b"".join(kept[:FIELDS_MAX])


def one_line(value: str) -> str:
    """Unfolded, without control characters and half characters, so that it can end no header line."""
    unfolded = re.sub(r"[\r\n]+[ \t]*", " ", value.encode("utf-8", "replace").decode("utf-8"))
    return "".join(one if one.isprintable() or one == "\t" else " " for one in unfolded).strip()


def _encoded(name: str, value: str) -> str:
    if value.isascii():
        return value
    if name.lower() in WITH_ADDRESSES:
        pairs = [pair for pair in getaddresses([value]) if pair[1].isascii()]
        if pairs:
            return ", ".join(formataddr(pair) for pair in pairs)
    return Header(value, "utf-8").encode(linesep="\r\n")


def _words(text: str | None, html: str | None) -> bytes:
    marked = [] if html is None else [_said(html, "html")]
    if text is None and marked:
        return marked[0]
    plain = _said(text or "", "plain")
    return _multipart("alternative", [plain, *marked]) if marked else plain


def _said(text: str, kind: str) -> bytes:
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + _base64(text.encode("utf-8", "replace"))


def _attached(file: File) -> bytes:
    """A message inside a message stands as it is (RFC 2046 section 5.2.1); all else is base64."""
    part = _typed(one_line(file.type).encode("ascii", "replace").decode())
    is_message = part.get_content_type() == "message/rfc822"
    part["Content-Transfer-Encoding"] = "8bit" if is_message else "base64"
    name = one_line(file.name)[:NAME_CHARS_MAX]
    disposition = "inline" if file.content_id else "attachment"
    part.add_header("Content-Disposition", disposition, filename=name if name.isascii() else ("utf-8", "", name))
    if named := one_line(file.content_id).strip("<> ").encode("ascii", "ignore").decode():
        part["Content-ID"] = f"<{named}>"
    head = "".join(f"{field}: {value}\r\n" for field, value in part.items()) + "\r\n"
    return head.encode() + (file.content if is_message else _base64(file.content))


def _typed(stated: str) -> Message:
    """The header of a part with the type and the parameters that somebody stated, as far as they are any."""
    told, part = Message(), Message()
    told["Content-Type"] = stated
    kind = told.get_content_type() if stated else UNKNOWN_TYPE
    is_odd = not TYPE.fullmatch(kind) or (kind.startswith(CONTAINERS) and kind != "message/rfc822")
    part["Content-Type"] = UNKNOWN_TYPE if is_odd else kind
    for name, value in (told.get_params() or [])[1:]:
        if TOKEN.fullmatch(name) and isinstance(value, str) and name.lower() != "name":
            part.set_param(name, value)
    return part


def _multipart(kind: str, parts: Sequence[bytes]) -> bytes:
    """The boundary is made out of what it bounds, so that it is the same each time and stands in none of it."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    boundary = f"=_{digest.hexdigest()[:40]}".encode()
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (kind.encode(), boundary)
    return head + b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts) + b"--%s--\r\n" % boundary


def _base64(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")
