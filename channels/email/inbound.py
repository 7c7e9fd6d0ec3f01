"""Mails that come by webhook: a request's body into envelopes, without I/O.

Its one rule: from a sender who is known, nothing is lost. A body that cannot be read becomes a mail that says so and
carries it whole; a stranger's is refused in plain words. Who is a known sender is the caller's to say.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from channels.base import Refusal
from channels.email.enveloping import enveloped, first_of_each, is_mailbox, noted
from channels.email.form import FORM_TYPES, MULTIPART, Unreadable, content_type
from channels.email.inbound_mailgun import fields_of, from_mailgun, verify_mailgun
from channels.email.inbound_postmark import JSON_TYPE, from_postmark
from channels.email.inbound_sendgrid import from_sendgrid
from channels.email.post import Envelope
from channels.email.rebuild import NAME, File, header_from_fields, rebuilt
from channels.wire import WireRequest

__all__ = ["KINDS", "Kind", "envelopes_of", "fields_of", "token_of", "verify_mailgun"]

Kind = Literal["raw", "sendgrid", "mailgun", "postmark"]
KINDS: tuple[Kind, ...] = ("raw", "sendgrid", "mailgun", "postmark")
QUERY_FIELDS_MAX = 100
MBOX_LINE = b"From "
Reader = Callable[[WireRequest, str], Envelope]


def envelopes_of(kind: Kind, request: WireRequest, *, otherwise_to: str, is_trusted: bool = False) -> list[Envelope]:
    """The mails in a request, to `otherwise_to` where they name no recipient. `is_trusted`: the sender of the request
    is known, so what cannot be read is kept. Raises Refusal: 415 for a body of another kind, 400 for one that cannot be
    read."""
    read, types = READERS[kind]
    stated = content_type(request)
    if types and stated not in types:
        wanted = " or ".join(types)
        raise Refusal(f"{kind} sends {wanted}, and this says it is {stated or 'nothing'}.", status=415)
    if not request.body:
        raise Refusal("The body is empty: a mail was expected.", status=400)
    try:
        return [read(request, otherwise_to)]
    except Unreadable as problem:
        if not is_trusted:
            raise Refusal(f"The body cannot be read: {problem}.", status=400) from problem
        return [_kept(kind, request, str(problem), otherwise_to)]


def token_of(request: WireRequest) -> str | None:
    """The token that a request shows: as a bearer, or as the password of an address such as
    `https://mail:TOKEN@host/…`, for providers can send no header of ours."""
    scheme, _, shown = request.headers.get("Authorization", "").strip().partition(" ")
    match scheme.lower():
        case "bearer":
            return shown.strip() or None
        case "basic":
            try:
                pair = base64.b64decode(shown.strip(), validate=True).decode()
            except (binascii.Error, ValueError):
                return None
            return pair.partition(":")[2] or None
        case _:
            return None


def _from_raw(request: WireRequest, otherwise_to: str) -> Envelope:
    """The body is the message; `?to=…&from=…` say the envelope better than its headers do."""
    to, sender = _stated_envelope(request.url)
    raw = request.body.lstrip(b"\r\n")
    first = raw.split(b"\n", 1)[0].partition(b":")
    if not raw.startswith(MBOX_LINE) and not (first[1] and NAME.fullmatch(first[0].rstrip().decode("latin-1"))):
        raise Unreadable("a message begins with header lines (RFC 5322), and this does not")
    found = enveloped(raw, otherwise_to=otherwise_to)
    if sender is None:
        return replace(found, recipients=to or found.recipients)
    return Envelope(sender, to or found.recipients, raw)


def _stated_envelope(url: str) -> tuple[tuple[str, ...], str | None]:
    try:
        query = parse_qs(urlsplit(url).query, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError as problem:
        raise Refusal("The query cannot be read: expected ?to=ADDRESS&from=ADDRESS.", status=400) from problem
    to, senders = query.get("to", []), query.get("from", [])
    for address in [*to, *filter(None, senders)]:
        if not is_mailbox(address):
            raise Refusal(f"{address[:100]!r} in the query is no address.", status=400)
    return first_of_each(to), senders[0] if senders else None


def _kept(kind: Kind, request: WireRequest, problem: str, otherwise_to: str) -> Envelope:
    """A mail about a body that could not be read, with all of it. It comes from nobody."""
    note = f"could not be read: {problem}"
    if kind == "raw":
        return Envelope("", (otherwise_to,), noted(note, b"\r\n" + request.body), sender_known=False)
    header = header_from_fields([("Subject", f"A mail that came by {kind} could not be read")])
    words = f"A mail came by {kind} and could not be read: {problem}. All that came is attached."
    whole = File(f"{kind}.bin", "", request.body)
    raw = noted(note, rebuilt(header, text=words, html=None, files=[whole]))
    return Envelope("", (otherwise_to,), raw, sender_known=False)


READERS: dict[Kind, tuple[Reader, tuple[str, ...]]] = {
    "raw": (_from_raw, ()),  # whatever a program's usual type is
    "sendgrid": (from_sendgrid, (MULTIPART,)),
    "mailgun": (from_mailgun, FORM_TYPES),
    "postmark": (from_postmark, (JSON_TYPE,)),
}
