"""Mailgun's routes: a signed form with the whole message (`body-mime`, for addresses that end in `mime`), or with its
pieces (https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store).

Its one rule: a signature holds for five minutes and one use; whoever verifies keeps the token as long.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace

from channels.base import Refusal
from channels.email.enveloping import addresses, enveloped, first_of_each, is_mailbox
from channels.email.form import FORM_TYPES, Form, Unreadable, content_type, read_form, read_json
from channels.email.post import Envelope
from channels.email.rebuild import File, header_from_fields, rebuilt
from channels.wire import WireRequest
from router.core.clock import Ms

SIGNED_MS_MAX = 300_000
"""How old, or how far ahead of our clock, a signature may be."""
FIELD_BYTES_MAX = 4_096
TOKEN_CHARS_MAX = 100
WORDS = ("body-plain", "body-html")
IN_PLACE_OF_HEADERS = (("From", "from"), ("To", "To"), ("Subject", "subject"))


def fields_of(request: WireRequest) -> Mapping[str, str]:
    """The short fields of a form, such as those that sign it. Raises Refusal."""
    if content_type(request) not in FORM_TYPES:
        raise Refusal(f"mailgun sends {' or '.join(FORM_TYPES)}.", status=415)
    try:
        parts = read_form(request).parts
    except Unreadable as problem:
        raise Refusal(f"The body cannot be read: {problem}.", status=400) from problem
    short = [part for part in reversed(parts) if part.file_name is None and len(part.content) <= FIELD_BYTES_MAX]
    return {part.name: part.content.decode("utf-8", "replace") for part in short}


def verify_mailgun(fields: Mapping[str, str], key: bytes, now: Ms) -> str:
    """The token of a form that Mailgun signed with `key` within five minutes of `now`. It is good once: a token that
    was seen in the last ten minutes is a request that somebody sent again. Raises Refusal (403)."""
    stamp, token, signature = (fields.get(name, "") for name in ("timestamp", "token", "signature"))
    signed = (stamp + token).encode("utf-8", "replace")
    expected = hmac.new(key, signed, hashlib.sha256).hexdigest()
    if not key or not hmac.compare_digest(expected.encode(), signature.lower().encode("utf-8", "replace")):
        raise Refusal("The signature does not fit: check the HTTP webhook signing key.")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Refusal("The timestamp is no number of seconds.")
    if abs(int(stamp) * 1000 - now) > SIGNED_MS_MAX:
        raise Refusal("The signature is older than five minutes, or of the future: check the clocks.")
    if not 0 < len(token) <= TOKEN_CHARS_MAX:
        raise Refusal("The token is missing.")
    return token


def from_mailgun(request: WireRequest, otherwise_to: str) -> Envelope:
    """Raises Unreadable."""
    form = read_form(request)
    whole = next((part.content for part in form.parts if part.name == "body-mime"), None)
    raw = whole if whole is not None else _rebuilt(form)
    if not raw.strip():
        raise Unreadable("the field body-mime is empty")
    by_header = enveloped(raw, otherwise_to=otherwise_to)
    recipients = first_of_each(addresses([form.text("recipient")])) or by_header.recipients
    sender = form.text("sender")
    is_stated = form.field("sender") == b"" or is_mailbox(sender)  # empty: the null return path
    return Envelope(sender, recipients, raw) if is_stated else replace(by_header, recipients=recipients)


def _rebuilt(form: Form) -> bytes:
    if all(form.field(name) is None for name in WORDS):
        raise Unreadable(f"it has none of the fields body-mime, {', '.join(WORDS)}; is the route's action forward()?")
    fields = _headers(form) or [(name, said) for name, field in IN_PLACE_OF_HEADERS if (said := form.text(field))]
    text, html = (None if form.field(name) is None else form.text(name) for name in WORDS)
    return rebuilt(header_from_fields(fields), text=text, html=html, files=_files(form))


def _headers(form: Form) -> list[tuple[str, str]]:
    try:
        listed = json.loads(form.text("message-headers") or "[]")
    except (ValueError, RecursionError):
        return []
    if not isinstance(listed, list):
        return []
    return [(str(one[0]), str(one[1])) for one in listed if isinstance(one, list) and len(one) == 2]


def _files(form: Form) -> list[File]:
    """Attached files, with the ids that the HTML names them by."""
    try:
        named = {part: cid for cid, part in read_json(form.text("content-id-map")).items() if isinstance(part, str)}
    except Unreadable:
        named = {}
    files = [part for part in form.parts if part.file_name is not None and part.name != "body-mime"]
    return [File(part.file_name or "", part.type, part.content, named.get(part.name, "")) for part in files]
