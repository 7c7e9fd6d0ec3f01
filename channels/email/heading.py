"""What the header alone says of a mail, and the fingerprint by which it is known again.

One rule: its work is bounded by the limits of headers, so it can be done where the body of a mail cannot be read. It
looks into no body.
"""

import base64
import binascii
import re
from hashlib import sha256

from channels.email.bounces import report_kind
from channels.email.headers import Headers, headers_of, instant_of, message_ids
from channels.email.letter import Letter, Mailbox
from channels.email.limits import DEFAULT, Limits
from channels.email.machines import Signs, signs_of
from channels.email.mailboxes import mailboxes
from channels.email.mime import tidy
from channels.email.verdicts import verdict
from router.core.clock import Ms
from router.core.values import replace

__all__ = ["head_of", "read_head"]

SUBJECT_MAX = 500
DELIVERED_MAX = 20
THREAD_BYTES = 22
FINGERPRINT_DIGITS = 40
TRAILING = 100
"""Bytes at the end that are looked at for line ends which some ways add."""
DELIVERED_TO = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to")
_TAG = re.compile(r"[A-Za-z]{2}(?:-[A-Za-z0-9]{1,8}){0,3}")
FINGERPRINTED = ("message-id", "from", "to", "cc", "date", "subject")


def read_head(
    raw: bytes,
    *,
    received_at: Ms,
    verifier: str = "",
    ours: tuple[str, ...] = (),
    null_path: bool = False,
    limits: Limits = DEFAULT,
) -> Letter:
    """What is known of a mail of which nothing but the header is read. It has the fingerprint that the whole of it
    would have; a report's news is not known, so it is told as a receipt."""
    raw = tidy(raw)
    headers, body = headers_of(raw, 0, min(len(raw), limits.bytes), limits)
    head = head_of(headers, raw[body:], received_at)
    authenticated, forged = verdict(headers, verifier=verifier, sender=head.sender)
    kind = report_kind(headers, "")
    signs = Signs("receipt" if kind == "bounce" else kind)
    if not kind:
        signs = signs_of(headers, head=head, ours=ours, null_path=null_path)
    notes = (*head.notes, forged, f"automatic: {signs.why}" if signs.why else "")
    return replace(
        head,
        automatic=signs.kind,
        quiet=signs.quiet,
        authenticated=authenticated,
        notes=tuple(filter(None, notes)),
    )


def head_of(headers: Headers, body: bytes, received_at: Ms) -> Letter:
    """What the header says for itself; of the body only the fingerprint is made."""
    fingerprint = _fingerprint(headers, body)
    ids = message_ids(headers.first("message-id"))
    from_all = _mailboxes(headers, "from")
    original = _mailboxes(headers, "x-original-from") if headers.has("list-id") else ()
    date = instant_of(headers.first("date"), received_at=received_at)
    is_odd_date = date is None and headers.has("date")
    return Letter(
        message_id=ids[0] if ids else f"<{fingerprint}@no-id.invalid>",
        fingerprint=fingerprint,
        in_reply_to=message_ids(headers.first("in-reply-to")),
        references=message_ids(headers.first("references")),
        thread_index=_thread_index(headers.first("thread-index")),
        date=date,
        subject=headers.text("subject", chars=SUBJECT_MAX),
        language=_language(headers.first("content-language")),
        sender=from_all[0] if len(from_all) == 1 and from_all[0].address else None,
        from_all=from_all,
        reply_to=_mailboxes(headers, "reply-to"),
        rewritten=original[0] if len(original) == 1 else None,
        to=_mailboxes(headers, "to"),
        cc=_mailboxes(headers, "cc"),
        delivered_to=_delivered_to(headers),
        notes=(
            _sender_note(from_all),
            "" if ids else "no Message-ID, one was made from its content",
            "its date cannot be, the time of receipt counts" if is_odd_date else "",
        ),
    )


def _mailboxes(headers: Headers, name: str) -> tuple[Mailbox, ...]:
    return tuple(one for value in headers.all(name)[:10] for one in mailboxes(value))


def _delivered_to(headers: Headers) -> tuple[str, ...]:
    found = [one.address for name in DELIVERED_TO for one in _mailboxes(headers, name) if one.address]
    return tuple(dict.fromkeys(found))[:DELIVERED_MAX]


def _sender_note(from_all: tuple[Mailbox, ...]) -> str:
    match from_all:
        case ():
            return "no From"
        case (one,):
            return "" if one.address else "no address in From"
        case _:
            return f"{'two' if len(from_all) == 2 else len(from_all)} From addresses"


def _thread_index(value: str) -> str:
    try:
        head = base64.b64decode("".join(value.split())[:200] + "==")[:THREAD_BYTES]
    except (binascii.Error, ValueError):
        return ""
    return head.hex() if len(head) == THREAD_BYTES else ""


def _language(value: str) -> str:
    """The language of a `Content-Language` (RFC 3282) that names one alone."""
    found = {one.strip()[:2].lower() for one in value.split(",")[:10] if _TAG.fullmatch(one.strip())}
    return found.pop() if len(found) == 1 else ""


def _fingerprint(headers: Headers, body: bytes) -> str:
    """Of what its writer made: fields that servers add on the way are left out, and line ends are made alike."""
    made = sha256()
    for name in FINGERPRINTED:
        for value in headers.all(name):
            made.update(f"{name}:{value}\n".encode("utf-8", "replace"))
    plain = body.translate(None, b"\r") if b"\r" in body else body
    made.update(memoryview(plain)[:-TRAILING])
    made.update(plain[-TRAILING:].rstrip(b"\n"))
    return made.hexdigest()[:FINGERPRINT_DIGITS]
