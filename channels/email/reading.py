"""Reading mail: bytes in, one `Letter` out.

One rule: it never fails and its work is bounded, whatever the bytes are. Beyond the limits the top of the text is
kept and the rest is one attachment; what is odd is noted in words for the agent. It does no I/O, knows no clock and
does not decide whose case a mail belongs to.
"""

from channels.email.attachments import part_of
from channels.email.bodies import Bodies, gather
from channels.email.bounces import delivery_report, original_id, report_kind, told_in_words
from channels.email.headers import Headers
from channels.email.heading import head_of
from channels.email.html import page_of_html, placed_pictures, safe_page
from channels.email.letter import Bounce, Letter, Part
from channels.email.limits import DEFAULT, Limits
from channels.email.machines import Signs, signs_of
from channels.email.mime import Cut, cut_mail, tidy
from channels.email.subjects import is_forward
from channels.email.trimming import NOTHING_NEW, Trimmed, trim
from channels.email.trimming_html import Marked, marked_text
from channels.email.verdicts import verdict
from router.core.clock import Ms
from router.core.values import replace

__all__ = ["DEFAULT", "Limits", "read_letter"]

INVITATIONS = frozenset(["request", "publish", "cancel", "counter"])


def read_letter(
    raw: bytes,
    *,
    received_at: Ms,
    verifier: str = "",
    ours: tuple[str, ...] = (),
    null_path: bool = False,
    limits: Limits = DEFAULT,
) -> Letter:
    """Read a mail that arrived at `received_at`. `verifier` is the authserv-id whose results are believed, empty for
    none; `ours` are the addresses that our own mail comes from; `null_path`: its envelope came from nobody, as bounces
    and automatic answers do."""
    raw = tidy(raw)
    cut = cut_mail(raw, limits)
    headers = cut.root.headers
    bodies = gather(raw, cut.root, limits)
    head = head_of(headers, raw[cut.root.body :], received_at)
    html = bodies.page()
    page = page_of_html(html) if html else None
    marked = marked_text(page, is_forwarded=is_forward(head.subject)) if page else None
    text = marked.plain if marked is not None and bodies.has_pages_alone() else bodies.plain()
    signs, bounce, about = _writer(headers, bodies, head=head, text=text, ours=ours, null_path=null_path)
    authenticated, forged = verdict(headers, verifier=verifier, sender=head.sender)
    trimmed = _trimmed(marked, text, is_forwarded=is_forward(head.subject), is_machine=bool(signs.kind))
    notes = [
        *head.notes,
        "the header is cut" if headers.was_cut else "",
        forged,
        f"automatic: {signs.why}" if signs.why else "",
        "an invitation" if bodies.calendar in INVITATIONS else "",
        f"the invitation is {bodies.answer}" if signs.kind == "calendar" and bodies.answer else "",
        cut.why,
        "the page is cut" if page is not None and page.is_cut else "",
        trimmed.note,
        *bodies.notes,
    ]
    parts = (*bodies.parts, *_rest(raw, cut))
    return replace(
        head,
        references=(*(id for id in head.references if id != about), *([about] if about else [])),
        text=text,
        html=placed_pictures(safe_page(page), [part.content_id for part in parts]) if page else "",
        new_words=trimmed.new,
        history=trimmed.history,
        parts=parts,
        automatic=signs.kind,
        quiet=signs.quiet,
        bounce=bounce,
        authenticated=authenticated,
        notes=tuple(dict.fromkeys(filter(None, notes))),
    )


def _writer(
    headers: Headers, bodies: Bodies, *, head: Letter, text: str, ours: tuple[str, ...], null_path: bool
) -> tuple[Signs, Bounce | None, str]:
    """What kind of machine wrote it; what it says of a delivery; the mail of ours it is about."""
    kind = report_kind(headers, bodies.report_kind)
    about = original_id(bodies.report, text) if kind == "receipt" else ""
    about = about or (original_id(bodies.returned, text) if kind else "")
    if kind == "bounce":
        told = delivery_report(bodies.report, original=about, text=text)
        return Signs("bounce" if told is not None else "receipt"), told, about
    if kind:
        return Signs(kind), None, about
    sender = head.sender.address if head.sender else ""
    returned = original_id(bodies.returned) if bodies.returned else ""
    told = told_in_words(
        headers, sender=sender, subject=head.subject, text=text, original=returned, null_path=null_path
    )
    if told is not None:
        return Signs("bounce"), told, told.original_message_id
    signs = signs_of(
        headers,
        head=head,
        ours=ours,
        calendar=bodies.calendar,
        null_path=null_path,
    )
    return signs, None, ""


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
