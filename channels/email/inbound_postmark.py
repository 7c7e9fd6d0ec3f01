"""Postmark's inbound webhook: JSON with the whole message (`RawEmail`, where it is switched on), or with its pieces
(https://postmarkapp.com/developer/webhooks/inbound-webhook).

Its one rule: a piece that cannot be read is left as it came and the rest of the mail goes on.
"""

import base64
import binascii
from dataclasses import replace
from email.utils import formataddr
from typing import Any

from channels.email.enveloping import NOTE, addresses, enveloped, first_of_each, is_mailbox
from channels.email.form import Unreadable, read_json
from channels.email.post import Envelope
from channels.email.rebuild import File, header_from_fields, rebuilt
from channels.wire import WireRequest

JSON_TYPE = "application/json"
KNOWN = ("From", "FromFull", "To", "ToFull", "Subject", "TextBody", "HtmlBody", "Headers", "RawEmail")
OUTSIDE_HEADERS = (
    ("To", "ToFull"),
    ("Cc", "CcFull"),
    ("Reply-To", "ReplyTo"),
    ("Subject", "Subject"),
    ("Date", "Date"),
)
"""Headers that are given apart from `Headers`, by the field that has them."""

Json = dict[str, Any]


def from_postmark(request: WireRequest, otherwise_to: str) -> Envelope:
    """Raises Unreadable."""
    mail = read_json(request.body)
    if not any(name in mail for name in KNOWN):
        raise Unreadable(f"its JSON has none of {', '.join(KNOWN)}")
    whole = _text(mail, "RawEmail")
    raw = whole.encode("utf-8", "replace") if whole.strip() else _rebuilt(mail)
    by_header = enveloped(raw, otherwise_to=otherwise_to)
    full = [address for field in ("ToFull", "CcFull", "BccFull") for _, address in _people(mail, field)]
    recipients = first_of_each(filter(is_mailbox, [_text(mail, "OriginalRecipient"), *full]))
    return replace(by_header, recipients=recipients or by_header.recipients)


def _rebuilt(mail: Json) -> bytes:
    files, notes = _files(mail)
    text, html = (_text(mail, name) if mail.get(name) else None for name in ("TextBody", "HtmlBody"))
    fields = [*[(NOTE, note) for note in notes], *_headers(mail)]
    return rebuilt(header_from_fields(fields), text=text, html=html, files=files)


def _headers(mail: Json) -> list[tuple[str, str]]:
    listed = [one for one in _list(mail, "Headers") if isinstance(one, dict)]
    fields = [(_text(one, "Name"), _text(one, "Value")) for one in listed]
    there = {name.lower() for name, _ in fields}
    sender = [formataddr(pair) for pair in _people(mail, "FromFull")] or [_text(mail, "From")]
    apart = [("From", sender[0])]
    for name, field in OUTSIDE_HEADERS:
        people = ", ".join(formataddr(pair) for pair in _people(mail, field))
        apart.append((name, people or _text(mail, name) or _text(mail, field)))
    return [*fields, *[(name, value) for name, value in apart if value and name.lower() not in there]]


def _people(mail: Json, field: str) -> list[tuple[str, str]]:
    """Names and addresses of a field such as `ToFull`, or `FromFull`, which is one."""
    found = mail.get(field)
    listed = found if isinstance(found, list) else [found]
    people = [(_text(one, "Name"), _text(one, "Email")) for one in listed if isinstance(one, dict)]
    return [(name, address) for name, address in people if addresses([address]) and address.isascii()]


def _files(mail: Json) -> tuple[list[File], list[str]]:
    """What is attached, and notes about what could not be decoded: it is kept as the text that came."""
    files: list[File] = []
    notes: list[str] = []
    for one in _list(mail, "Attachments"):
        if not isinstance(one, dict):
            continue
        name, coded = _text(one, "Name"), _text(one, "Content").encode("utf-8", "replace")
        try:
            content = base64.b64decode(b"".join(coded.split()), validate=True)
        except binascii.Error:
            content = coded
            notes.append(f"the attachment {name!r} is no base64 and stands as it came")
        files.append(File(name, _text(one, "ContentType"), content, _text(one, "ContentID")))
    return files, notes


def _text(mail: Json, name: str) -> str:
    """The text of a field, without half characters, which JSON can hold and mail cannot."""
    found = mail.get(name)
    return found.encode("utf-8", "replace").decode("utf-8") if isinstance(found, str) else ""


def _list(mail: Json, name: str) -> list[Any]:
    found = mail.get(name)
    return found if isinstance(found, list) else []
