"""SendGrid's Inbound Parse: a form with the whole message (`email`, "POST the raw, full MIME message"), or with its
pieces (https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook).

Its one rule: each field is in the charset that `charsets` states for it, as the author's program wrote it.
"""

from dataclasses import replace

from channels.email.enveloping import addresses, enveloped, first_of_each, is_mailbox
from channels.email.form import Form, Unreadable, decoded, read_form, read_json
from channels.email.post import Envelope
from channels.email.rebuild import File, header_from_block, header_from_fields, rebuilt
from channels.wire import WireRequest

PIECES = ("headers", "text", "html", "subject", "from")
IN_PLACE_OF_HEADERS = (("From", "from"), ("To", "to"), ("Cc", "cc"), ("Subject", "subject"))


def from_sendgrid(request: WireRequest, otherwise_to: str) -> Envelope:
    """Raises Unreadable."""
    form = read_form(request)
    whole = form.field("email")
    raw = whole if whole is not None else _rebuilt(form)
    if not raw.strip():
        raise Unreadable("the field email is empty")
    by_header = enveloped(raw, otherwise_to=otherwise_to)
    stated = _object(form, "envelope")
    sender = stated.get("from")
    to = stated.get("to")
    named = [one for one in to if isinstance(one, str)] if isinstance(to, list) else []
    recipients = first_of_each(filter(is_mailbox, named)) or first_of_each(addresses([form.text("to")]))
    is_stated = isinstance(sender, str) and (not sender or is_mailbox(sender))
    recipients = recipients or by_header.recipients
    return Envelope(str(sender), recipients, raw) if is_stated else replace(by_header, recipients=recipients)


def _rebuilt(form: Form) -> bytes:
    if not any(form.field(name) for name in PIECES):
        raise Unreadable(f"it has none of the fields email, {', '.join(PIECES)}")
    charsets = _object(form, "charsets")

    def text(name: str) -> str | None:
        found = form.field(name)
        return None if found is None else decoded(found, str(charsets.get(name, "utf-8")))

    header = header_from_block(form.field("headers") or b"")
    if not header:
        header = header_from_fields([(name, said) for name, field in IN_PLACE_OF_HEADERS if (said := text(field))])
    return rebuilt(header, text=text("text"), html=text("html"), files=_files(form))


def _files(form: Form) -> list[File]:
    told = _object(form, "attachment-info")
    files: list[File] = []
    for part in form.parts:
        if part.file_name is not None:
            about = told.get(part.name)
            more = about if isinstance(about, dict) else {}
            name = part.file_name or str(more.get("filename") or more.get("name") or "")
            kind = part.type or str(more.get("type") or "")
            files.append(File(name, kind, part.content, str(more.get("content-id") or "")))
    return files


def _object(form: Form, name: str) -> dict[str, object]:
    """A field that holds a JSON object; empty where it does not: the mail is worth more than what is said of it."""
    try:
        return read_json(form.text(name))
    except Unreadable:
        return {}
