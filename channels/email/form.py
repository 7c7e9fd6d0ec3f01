"""Bodies of webhooks as plain values: forms (RFC 7578 and urlencoded) and JSON.

Its one rule: bytes stay bytes. Python's mail parser would read multipart forms too, but opens up attached messages and
cannot give back what they were; here it reads a part's few header lines only. Nothing is decoded before somebody
knows the charset.
"""

import json
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.parser import HeaderParser
from typing import Any
from urllib.parse import parse_qsl

from channels.wire import WireRequest

PARTS_MAX = 1_000
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
FORM_TYPES = (URLENCODED, MULTIPART)


class Unreadable(Exception):
    """A body is not what it says it is. The words complete: "The body cannot be read: ..."."""


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. A file has a `file_name`, which may be empty."""

    name: str
    content: bytes
    type: str = ""  # as stated
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    parts: tuple[Part, ...]

    def field(self, name: str) -> bytes | None:
        """The first field of that name that is no file."""
        return next((part.content for part in self.parts if part.name == name and part.file_name is None), None)

    def text(self, name: str) -> str:
        """The same as UTF-8; empty where it is not there."""
        return decoded(self.field(name) or b"")

    def file(self, name: str) -> Part | None:
        return next((part for part in self.parts if part.name == name and part.file_name is not None), None)


def content_type(request: WireRequest) -> str:
    """The media type that a request states, in lower case; empty where it states none."""
    return _stated(request).get_content_type() if request.headers.get("Content-Type", "").strip() else ""


def read_form(request: WireRequest) -> Form:
    """The form in a body. Raises Unreadable."""
    if content_type(request) == URLENCODED:
        return _urlencoded(request.body)
    boundary = _stated(request).get_boundary()
    if not boundary:
        raise Unreadable("the multipart form names no boundary")
    return _multipart(request.body, boundary.encode("utf-8", "replace"))


def read_json(body: bytes | str) -> dict[str, Any]:
    """The JSON object in a body. Raises Unreadable."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise Unreadable(f"it is no JSON ({problem})") from problem
    if not isinstance(found, dict):
        raise Unreadable("its JSON is no object")
    return found


def decoded(content: bytes, charset: str = "utf-8") -> str:
    """Text in a charset that somebody stated; what does not fit is replaced."""
    try:
        return content.decode(charset, "replace")
    except (LookupError, ValueError):  # a name that is no charset's, or one of Python's own oddities
        return content.decode("utf-8", "replace")


def _stated(request: WireRequest) -> Message:
    message = Message()
    message["Content-Type"] = " ".join(request.headers.get("Content-Type", "").split())
    return message


def _urlencoded(body: bytes) -> Form:
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=PARTS_MAX,
        )
    except ValueError as problem:
        raise Unreadable(f"the form has more than {PARTS_MAX} fields") from problem
    return Form(tuple(Part(_plain(name), text.encode("utf-8", "surrogateescape")) for name, text in pairs))


def _multipart(body: bytes, boundary: bytes) -> Form:
    """RFC 2046 section 5.1.1. Raises Unreadable also where the end is missing: then something is cut off."""
    delimiter = b"\r\n--" + boundary
    pieces = (b"\r\n" + body).split(delimiter, PARTS_MAX + 2)
    if len(pieces) > PARTS_MAX + 2:
        raise Unreadable(f"the form has more than {PARTS_MAX} parts")
    parts: list[bytes] = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return Form(tuple(map(_part, parts)))
        rest = piece.lstrip(b" \t")
        if rest.startswith(b"\r\n"):
            parts.append(rest)
        elif parts:  # a longer word that begins as the boundary does
            parts[-1] += delimiter + piece
    raise Unreadable("the multipart form is cut off")


def _part(piece: bytes) -> Part:
    head, _, content = piece.partition(b"\r\n\r\n")
    if piece.startswith(b"\r\n\r\n"):  # no header lines
        head, content = b"", piece[4:]
    try:
        header = HeaderParser().parsestr(_plain(head.decode("utf-8", "replace")).lstrip())
        name = header.get_param("name", "", "Content-Disposition")
        file_name = header.get_filename() if header.get_param("filename", None, "Content-Disposition") else None
        stated = str(header.get("Content-Type", ""))
    except (MessageError, ValueError, LookupError, TypeError) as problem:
        raise Unreadable("a part of the form has a broken header") from problem
    return Part(name if isinstance(name, str) else name[2], content, stated, file_name)


def _plain(text: str) -> str:
    """Without what cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")
