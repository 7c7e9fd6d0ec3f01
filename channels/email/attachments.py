"""Files that came along: their names made safe, their types found in their bytes.

One rule: nothing a mail says about a file is believed. What a browser would run (HTML, SVG, scripts) is typed as what
it is, so that it is only ever downloaded. Nothing is unpacked.
"""

import re
import unicodedata
from functools import lru_cache

import puremagic

from channels.email.charsets import clean
from channels.email.letter import Part

__all__ = ["DOWNLOAD", "RUNS_IN_BROWSERS", "ending_of", "part_of", "plain_name", "safe_name", "type_of"]

NAME_MAX = 120
ENDING_MAX = 10
HEAD = 4_096
DOWNLOAD = "application/octet-stream"
RUNS_IN_BROWSERS = frozenset({"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/xml"})
PROGRAMS = ("application/x-dosexec", "application/x-executable", "text/x-shellscript", "application/x-mach-binary")
_NOT_IN_NAMES = frozenset('<>:"/\\|?*')
_HEADS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"MZ", "application/x-dosexec"),
    (b"\x7fELF", "application/x-executable"),
    (b"\xca\xfe\xba\xbe", "application/x-mach-binary"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"#!", "text/x-shellscript"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x1f\x8b", "application/gzip"),
    (b"{\\rtf", "application/rtf"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
)
_INSIDE_ZIP = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
}
_INSIDE_OLE = {
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-outlook",
}
_TEXTS = frozenset({"text/plain", "text/csv", "text/calendar", "text/vcard", "application/json", "message/rfc822",
                    "message/delivery-status", "message/disposition-notification", "message/feedback-report",
                    "text/rfc822-headers", "application/pgp-signature"})  # fmt: skip
_SPELLED = {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i"}
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()+-]+")
_ENDINGS = {
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "text/vcard": "vcf",
    "text/plain": "txt",
    "message/rfc822": "eml",
    "image/jpeg": "jpg",
    "text/calendar": "ics",
    "image/svg+xml": "svg",
    "text/rfc822-headers": "txt",
    "message/delivery-status": "txt",
}


def part_of(name: str, content: bytes, *, said: str, note: str = "", content_id: str = "") -> Part:
    """A file with its true type; `said` is the type that the mail claims, believed for what is sealed alone."""
    kind = said if said and note.startswith("sealed") else type_of(content, said=said)
    notes = [note] if note else []
    if not content and "empty" not in notes:
        notes.append("empty")
    elif (odd := _contradiction(kind, said, name)) and not note.startswith("sealed"):
        notes.append(odd)
    return Part(
        name=safe_name(name, kind), content_type=kind, content=content, note="; ".join(notes), content_id=content_id
    )


def type_of(content: bytes, *, said: str) -> str:
    """The content type as the bytes tell it; where they tell nothing, what the mail says if that is harmless."""
    head = content[:HEAD]
    for start, kind in _HEADS:
        if head.startswith(start):
            return _inside(kind, said)
    if _is_text(head):
        markup = _markup(head)
        return markup or (said if said in _TEXTS else "text/plain" if head else DOWNLOAD)
    return _by_tables(bytes(head), content[-HEAD:])


def _inside(kind: str, said: str) -> str:
    """A container may be the kind of document that the mail says."""
    if (kind == "application/zip" and said in _INSIDE_ZIP) or (
        kind == "application/x-ole-storage" and said in _INSIDE_OLE
    ):
        return said
    return kind


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as problem:
        return problem.start > len(head) - 4 and len(head) == HEAD  # a character cut in two
    return True


def _markup(head: bytes) -> str:
    """Markup wherever a browser that sniffs would find it."""
    text = head.lower()
    if b"<svg" in text:
        return "image/svg+xml"
    if any(mark in text for mark in (b"<html", b"<!doctype html", b"<script", b"<body", b"<iframe", b"<head", b"<img")):
        return "text/html"
    return "application/xml" if text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<?xml") else ""


@lru_cache(maxsize=64)
def _by_tables(head: bytes, foot: bytes) -> str:
    """By the tables of puremagic. Markup that it sees in what is no text is not believed."""
    try:
        found = puremagic.from_string(head + foot, mime=True)
    except (puremagic.PureError, ValueError):
        return DOWNLOAD
    is_plain = found.isascii() and found.count("/") == 1 and not found.startswith("text/")
    return found if is_plain and found not in RUNS_IN_BROWSERS else DOWNLOAD


def _contradiction(kind: str, said: str, name: str) -> str:
    """What the mail says against what the bytes are, where it matters."""
    if kind in PROGRAMS:
        return f"type says {said}, content is a program" if said not in PROGRAMS else "a program"
    if said.startswith(("image/", "audio/", "video/")) and kind.partition("/")[0] != said.partition("/")[0]:
        return f"type says {said}, content is {kind}"
    if kind in RUNS_IN_BROWSERS:
        return "to download only"
    return (
        "the name says a picture, content is not" if _looks_like_picture(name) and not kind.startswith("image/") else ""
    )


def _looks_like_picture(name: str) -> bool:
    return name.lower().endswith((".png", ".jpg", ".jpeg", ".gif", ".webp"))


def safe_name(name: str, kind: str) -> str:
    """The base name without what file systems, terminals or pages could take for something else."""
    base = clean(name[: 8 * NAME_MAX]).replace("\\", "/").rpartition("/")[2]
    shown = "".join(
        "_" if c in _NOT_IN_NAMES else c for c in base if unicodedata.category(c)[0] not in "CZ" or c == " "
    )
    shown = " ".join(shown.split()).strip(". ")
    if len(shown) > NAME_MAX:
        stem, dot, ending = shown.rpartition(".")
        shown = (
            stem[: NAME_MAX - len(ending) - 1] + dot + ending if dot and len(ending) <= ENDING_MAX else shown[:NAME_MAX]
        )
    return shown or f"file.{ending_of(kind)}"


def plain_name(name: str, kind: str) -> str:
    """A name in ASCII that reads like `name`, with an ending that says what it is."""
    stem, dot, ending = name.rpartition(".")
    if not dot or not (ending.isascii() and ending.isalnum() and len(ending) <= ENDING_MAX):
        stem, ending = name, ending_of(kind)
    spelled = unicodedata.normalize("NFKD", "".join(_SPELLED.get(c, c) for c in stem))
    shown = _NOT_PLAIN.sub("_", "".join(c for c in spelled if not unicodedata.combining(c))).strip(" ._")
    return f"{shown or 'file'}.{ending}"


def ending_of(kind: str) -> str:
    """What ends the name of a file of this type, without the dot."""
    sub = kind.partition("/")[2]
    return _ENDINGS.get(kind, sub if sub.isalnum() and len(sub) <= 5 else "bin")
