"""Reading mail: bytes in, one `Letter` out.

One rule: it never fails and its work is bounded, whatever the bytes are. Beyond the limits the top of the text is
kept and the rest is one attachment; what is odd is noted in words for the agent. It does no I/O, knows no clock and
does not decide whose case a mail belongs to.
"""

import base64
import binascii
from hashlib import sha256

from channels.email.attachments import part_of
from channels.email.bodies import Bodies, gather
from channels.email.bounces import delivery_report, original_id, report_kind, told_in_words
from channels.email.headers import Headers, instant_of, message_ids
from channels.email.html import page_of_html, safe_page
from channels.email.letter import Bounce, Letter, Mailbox, Part
from channels.email.limits import DEFAULT, Limits
from channels.email.machines import automatic_kind
from channels.email.mailboxes import mailboxes
from channels.email.mime import Cut, cut_mail, tidy
from channels.email.subjects import is_forward
from channels.email.trimming import NOTHING_NEW, Trimmed, trim
from channels.email.trimming_html import Marked, marked_text
from channels.email.verdicts import verdict
from router.core.clock import Ms
from router.core.values import replace

__all__ = ["DEFAULT", "Limits", "read_letter"]

SUBJECT_MAX = 500
DELIVERED_MAX = 20
THREAD_BYTES = 22
FINGERPRINT_DIGITS = 40
TRAILING = 100
"""Bytes at the end that are looked at for line ends which some ways add."""
INVITATIONS = frozenset(["request", "publish", "cancel", "counter"])
DELIVERED_TO = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to")
FINGERPRINTED = ("message-id", "from", "to", "cc", "date", "subject")


def read_letter(
    raw: bytes,
    *,
    received_at: Ms,
    verifier: str = "",
    ours: tuple[str, ...] = (),
    limits: Limits = DEFAULT,
) -> Letter:
    """Read a mail that arrived at `received_at`. `verifier` is the authserv-id whose results are believed, empty for
    none; `ours` are the addresses that our own mail comes from."""
    raw = tidy(raw)
    cut = cut_mail(raw, limits)
    headers = cut.root.headers
    bodies = gather(raw, cut.root, limits)
    head = _head(headers, _fingerprint(headers, raw[cut.root.body :]), received_at)
    html = bodies.page()
    page = page_of_html(html) if html else None
    marked = marked_text(page, is_forwarded=is_forward(head.subject)) if page else None
    text = marked.plain if marked is not None and bodies.has_pages_alone() else bodies.plain()
    kind, why, bounce, about = _writer(headers, bodies, head=head, text=text, ours=ours)
    authenticated, forged = verdict(headers, verifier=verifier, sender=head.sender)
    trimmed = _trimmed(marked, text, is_forwarded=is_forward(head.subject), is_machine=bool(kind))
    notes = [
        *head.notes,
        "the header is cut" if headers.was_cut else "",
        forged,
        f"automatic: {why}" if why else "",
        "an invitation" if bodies.calendar in INVITATIONS else "",
        cut.why,
        "the page is cut" if page is not None and page.is_cut else "",
        trimmed.note,
        *bodies.notes,
    ]
    return replace(
        head,
        references=(*(id for id in head.references if id != about), *([about] if about else [])),
        text=text,
        html=safe_page(page) if page else "",
        new_words=trimmed.new,
        history=trimmed.history,
        parts=(*bodies.parts, *_rest(raw, cut)),
        automatic=kind,
        bounce=bounce,
        authenticated=authenticated,
        notes=tuple(dict.fromkeys(filter(None, notes))),
    )


def _head(headers: Headers, fingerprint: str, received_at: Ms) -> Letter:
    """What the header alone says."""
    ids = message_ids(headers.first("message-id"))
    from_all = _mailboxes(headers, "from")
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
        sender=from_all[0] if len(from_all) == 1 and from_all[0].address else None,
        from_all=from_all,
        reply_to=_mailboxes(headers, "reply-to"),
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


def _writer(
    headers: Headers, bodies: Bodies, *, head: Letter, text: str, ours: tuple[str, ...]
) -> tuple[str, str, Bounce | None, str]:
    """What kind of machine wrote it and why we think so; what it says of a delivery; the mail of ours it is about."""
    kind = report_kind(headers, bodies.report_kind)
    about = original_id(bodies.report, text) if kind == "receipt" else ""
    about = about or (original_id(bodies.returned, text) if kind else "")
    if kind == "bounce":
        told = delivery_report(bodies.report, original=about, text=text)
        return ("bounce", "", told, about) if told is not None else ("receipt", "", None, about)
    if kind:
        return kind, "", None, about
    sender = head.sender.address if head.sender else ""
    returned = original_id(bodies.returned) if bodies.returned else ""
    told = told_in_words(headers, sender=sender, subject=head.subject, text=text, original=returned)
    if told is not None:
        return "bounce", "", told, told.original_message_id
    kind, why = automatic_kind(headers, sender=head.sender, subject=head.subject, ours=ours, calendar=bodies.calendar)
    return kind, why, None, ""


def _trimmed(marked: Marked | None, text: str, *, is_forwarded: bool, is_machine: bool) -> Trimmed:
    """New words and history: by the page's structure where it says something, else by the lines of the text.

    A machine's mail needs no new words, so their absence is not worth a note."""
    if marked is not None and marked.is_marked:
        found = trim(marked.quoted, is_forwarded=is_forwarded)
        history = "\n\n".join(part for part in (found.history, marked.rest) if part.strip())
        found = Trimmed(text, "", NOTHING_NEW) if found.note or not found.new else Trimmed(found.new, history)
    else:
        found = trim(text, is_forwarded=is_forwarded)
    return Trimmed(found.new, found.history) if is_machine else found


def _rest(raw: bytes, cut: Cut) -> tuple[Part, ...]:
    """What was not looked into, as it came."""
    if cut.rest_at is None:
        return ()
    return (part_of("rest-of-the-mail.eml", raw[cut.rest_at :], said="message/rfc822", note="cut"),)
