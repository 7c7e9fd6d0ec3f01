"""Reports about mails of ours: not delivered (RFC 3464), read (RFC 8098), called spam (RFC 5965).

One rule: what it says is believed only as far as the caller finds the mail it is about: anyone can send a report.
Besides the standard it knows how qmail, Exim, Exchange and others write that something did not arrive.
"""

import re

from channels.email.charsets import clean, decoded
from channels.email.headers import Headers, headers_of, message_ids
from channels.email.letter import Bounce
from channels.email.limits import Limits
from channels.email.machine_words import BOUNCE_SENDERS, BOUNCED
from channels.email.machines import has_null_path
from router.core.values import replace

__all__ = ["delivery_report", "original_id", "report_kind", "told_in_words"]

READ_MAX = 20_000
REASON_MAX = 500
GROUPS_MAX = 50
REPORTS = {"delivery-status": "bounce", "disposition-notification": "receipt", "feedback-report": "complaint"}
FIELDS = Limits(headers=100, header_bytes=READ_MAX)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"\b([45])\d\d[ -]")
_ADDRESS = re.compile(r"<([^<>\s@]{1,64}@[^<>\s@]{1,253})>")
_PLAIN_ADDRESS = re.compile(r"(?:^|[\s(\"'])([\w.+-]{1,64}@[\w.-]{1,253}\w)", re.MULTILINE)
_ORIGINAL_ID = re.compile(r"^[>\s]{0,4}message-id:\s{0,4}(<[^<>\s]{1,250}>)", re.IGNORECASE | re.MULTILINE)
_EACH = re.compile(r"^<([^<>\s@]{1,64}@[^<>\s@]{1,253})>:[ \t]{0,4}\r?$", re.MULTILINE)
"""How qmail begins what it says of each of those whom it names."""
_COPY = re.compile(
    r"^[ \t]{0,8}(?:-{2,10} {0,4}(?:below this line is a copy|this is a copy|the header of the original|"
    r"original message|undelivered message|message header follows)|original message headers:)",
    re.IGNORECASE | re.MULTILINE,
)
"""From here on it is our own mail: what stands there says nothing of its delivery."""
_ENHANCED_IN_TEXT = "5.0.0"


def report_kind(headers: Headers, inside: str) -> str:
    """`bounce`, `receipt` or `complaint`, by what a report says to be or by the part inside; empty for all else."""
    said = headers.parameter("report-type") if headers.kind() == "multipart/report" else ""
    for name in (said.lower(), inside.partition("/")[2].removeprefix("global-")):
        if name in REPORTS:
            return REPORTS[name]
    return ""


def delivery_report(status_part: bytes, *, original: str, text: str) -> Bounce | None:
    """What a message/delivery-status says of its worst recipient; None when all of it arrived."""
    groups = _groups(status_part)
    worst: Bounce | None = None
    failed: list[str] = []
    for group in groups:
        if not (group.has("action") or group.has("status")):
            continue
        action = group.first("action").strip().lower()
        status = _status_in(group.first("status")) or _status_in(group.first("diagnostic-code"))
        if action in ("delivered", "relayed", "expanded") or status.startswith("2"):
            continue
        told = Bounce(
            final_recipient=_recipient(group),
            status=status or _ENHANCED_IN_TEXT,
            permanent=action == "failed" or (action == "" and status.startswith("5")),
            original_message_id=original,
            reason=_reason(_after_kind(group.first("diagnostic-code")) or text),
        )
        if worst is None or (told.permanent and not worst.permanent):
            worst = told
        if told.permanent and told.final_recipient:
            failed.append(told.final_recipient)
    return replace(worst, failed=tuple(failed)) if worst is not None else None


def _groups(raw: bytes) -> list[Headers]:
    """The groups of fields, which blank lines part."""
    raw, found, at = raw[:READ_MAX], list[Headers](), 0
    while at < len(raw) and len(found) < GROUPS_MAX:
        group, after = headers_of(raw, at, len(raw), FIELDS)
        if group:
            found.append(group)
        at = max(after, at + 1)
    return found


def _after_kind(field: str) -> str:
    """`rfc822; mia@customer.example` without its kind."""
    kind, semicolon, rest = field.partition(";")
    return rest.strip() if semicolon else kind.strip()


def _recipient(group: Headers) -> str:
    named = _after_kind(group.first("final-recipient")) or _after_kind(group.first("original-recipient"))
    return clean(named.strip("<> "))[:254]


def _status_in(text: str) -> str:
    found = _STATUS.search(text[:REASON_MAX])
    return found[0] if found else ""


def _reason(text: str) -> str:
    return " ".join(clean(text[: 2 * REASON_MAX]).split())[:REASON_MAX]


def original_id(returned: bytes, text: str = "") -> str:
    """The Message-ID of the mail a report is about: of the mail returned with it, else as its text tells; or empty."""
    headers, _ = headers_of(returned, 0, len(returned), FIELDS)
    ids = message_ids(headers.first("message-id")) or message_ids(headers.first("original-message-id"))
    if ids:
        return ids[0]
    found = _ORIGINAL_ID.search(decoded(returned[:READ_MAX], "")[0]) or _ORIGINAL_ID.search(text[:READ_MAX])
    return found[1] if found else ""


def told_in_words(
    headers: Headers, *, sender: str, subject: str, text: str, original: str, null_path: bool = False
) -> Bounce | None:
    """A bounce that is no proper report, as qmail, Exim, old Exchange and many small servers write it.

    One sign is none: a subject of bounces from a server or with an empty return path, or a status from a server with
    an empty return path. `null_path`: its envelope had one."""
    is_server = sender.partition("@")[0].lower().startswith(BOUNCE_SENDERS)
    is_null = null_path or has_null_path(headers)
    failed = headers.first("x-failed-recipients").strip()
    says_so = subject.lower().startswith(BOUNCED) or bool(failed)
    if not is_server and not (says_so and is_null):  # a person's mail, as most are
        return None
    whole = text[:READ_MAX]
    copy = _COPY.search(whole)
    read = whole[: copy.start()] if copy is not None else whole
    status = _status_in_text(read)
    if not ((says_so and (is_server or is_null)) or (is_server and is_null and bool(status))):
        return None
    about = original or original_id(b"", whole)
    is_warning = "warning" in subject.lower() or "will be retried" in read or "still being retried" in read
    status = status or (_ENHANCED_IN_TEXT if not is_warning else "4.0.0")
    recipient = failed.partition(",")[0].strip() or _told_recipient(
        read, not_one_of=(sender.lower(), about.strip("<>").lower())
    )
    permanent = status.startswith("5") and not is_warning
    named = failed.split(",") if failed else _EACH.findall(read) or [recipient]
    return Bounce(
        final_recipient=recipient,
        failed=tuple(one.strip() for one in named if permanent and one.strip())[:GROUPS_MAX],
        status=status,
        permanent=permanent,
        original_message_id=about,
        reason=_told_reason(read),
    )


def _status_in_text(text: str) -> str:
    found = _STATUS.search(text)
    if found is not None and found[1] != "2":
        return found[0]
    reply = _REPLY.search(text)
    return f"{reply[1]}.0.0" if reply is not None else ""


def _told_recipient(text: str, *, not_one_of: tuple[str, ...]) -> str:
    """The first address that is neither a server's nor a Message-ID."""
    for pattern in (_ADDRESS, _PLAIN_ADDRESS):
        for found in pattern.finditer(text):
            address = found[1].lower()
            if address not in not_one_of and not address.startswith(BOUNCE_SENDERS):
                return found[1]
    return ""


def _told_reason(text: str) -> str:
    """The lines around the first status or reply code; else how the text begins."""
    lines = [line.strip() for line in text.splitlines() if line.strip()][:200]
    for n, line in enumerate(lines):
        if _STATUS.search(line[:REASON_MAX]) or _REPLY.search(line[:REASON_MAX]):
            return _reason(" ".join(lines[n : n + 3]))
    return _reason(" ".join(lines[:5]))
