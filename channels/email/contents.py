"""What stands in a part once its transfer encoding is undone (RFC 2045 section 6), and text that flows (RFC 3676).

One rule: it never fails. What is wrongly encoded is read as far as it goes, and a note says so.
"""

import binascii
import re

__all__ = ["decoded_transfer", "unflowed"]

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_BLANKS = b" \t\r\n"
_PADDED = re.compile(rb"=+")
PIECES_MAX = 1_000
AS_IT_IS = ("", "7bit", "8bit", "binary", "quoted-printable", "base64", "x-uuencode", "uuencode", "uue", "x-uue")


def decoded_transfer(raw: bytes, encoding: str) -> tuple[bytes, str]:
    """The bytes that were meant, and a note when not all of them could be read."""
    encoding = encoding.partition(";")[0].partition("(")[0].strip().lower()
    if encoding == "base64":
        return _base64(raw)
    if encoding == "quoted-printable":
        return _quoted(raw)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        return _uu(raw)
    return raw, "" if encoding in AS_IT_IS else f"transfer encoding {encoding[:40]} unknown, kept as it came"


def _base64(raw: bytes) -> tuple[bytes, str]:
    plain = raw.translate(None, _NOT_BASE64)
    bare = plain.rstrip(b"=")
    pieces = _PADDED.split(bare, maxsplit=PIECES_MAX) if b"=" in bare else [bare]  # several texts one after the other
    read, is_short = [], False
    for piece in pieces:
        fits = piece[: len(piece) - 1] if len(piece) % 4 == 1 else piece
        is_short = is_short or len(fits) != len(piece)
        try:
            read.append(binascii.a2b_base64(fits + b"=" * (-len(fits) % 4)))
        except binascii.Error:
            is_short = True
    is_odd = len(raw.translate(None, _BLANKS)) != len(plain)
    return b"".join(read), "its base64 is damaged, read as far as it goes" if is_short or is_odd else ""


def _quoted(raw: bytes) -> tuple[bytes, str]:
    try:
        return binascii.a2b_qp(raw), ""
    except binascii.Error:
        return raw, "its quoted-printable is damaged, kept as it came"


def _uu(raw: bytes) -> tuple[bytes, str]:
    read: list[bytes] = []
    for line in raw.splitlines()[1:]:
        if line.strip() in (b"end", b"`", b""):
            continue
        try:
            read.append(binascii.a2b_uu(line))
        except binascii.Error:
            return b"".join(read), "its uuencoding is damaged, read as far as it goes"
    return b"".join(read), ""


def unflowed(text: str, *, joins_words: bool) -> str:
    """Text of `format=flowed` with its soft line ends taken out; `joins_words` is DelSp=yes."""
    lines: list[str] = []
    open_depth: int | None = None  # how deep the line that goes on is quoted
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        goes_on = bare.endswith(" ") and bare != "-- "
        if goes_on and joins_words:
            bare = bare[:-1]
        if open_depth == depth and bare != "-- ":
            lines.append(bare)
        else:
            lines.append(("\n" if lines else "") + (">" * depth + " " if depth else "") + bare)
        open_depth = depth if goes_on else None
    return "".join(lines)
