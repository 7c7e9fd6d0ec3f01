"""What people wrote in a mail, and the files beside it: the leaves of the tree in order.

One rule: every leaf ends in the text or among the parts. Of alternatives the plain text and the richest page are
taken. What is sealed (S/MIME, PGP, Outlook's winmail.dat) stays closed and is a part with a note.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from channels.email.attachments import part_of
from channels.email.charsets import clean, decoded
from channels.email.contents import decoded_transfer, unflowed
from channels.email.headers import decoded_words
from channels.email.html import RAW_MAX
from channels.email.letter import Part
from channels.email.limits import Limits
from channels.email.mime import CUT, Entity

__all__ = ["Bodies", "gather"]

SEALED_KINDS = {
    "application/pkcs7-mime": "sealed: S/MIME",
    "application/x-pkcs7-mime": "sealed: S/MIME",
    "application/ms-tnef": "sealed: Outlook (winmail.dat)",
    "application/vnd.ms-tnef": "sealed: Outlook (winmail.dat)",
}
PGP = "application/pgp-encrypted"
SIGNATURES = frozenset(["application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"])
REPORTS = frozenset(["message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
                     "message/global-disposition-notification", "message/feedback-report"])  # fmt: skip
RETURNED = frozenset(["message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"])
METHOD_WITHIN = 4_000
ARMOURS_MAX = 20
"""Sealed blocks in a text that become parts of their own; the last one takes what follows with it."""
CHARACTER_MAX = 4
"""Bytes that a character may take; as encoded, up to `ENCODED_MAX`."""
ENCODED_MAX = 12
_ANSWER = re.compile(r";PARTSTAT=(ACCEPTED|DECLINED|TENTATIVE)\b", re.IGNORECASE)
_METHOD = re.compile(r"^METHOD(?:;[^:\n]{0,100})?:\s{0,3}(\w{1,20})", re.IGNORECASE | re.MULTILINE)
SEALED_BEGINS = "-----BEGIN PGP MESSAGE-----"  # looked for first: the pattern tries every line
_SEALED_TEXT = re.compile(rf"^{SEALED_BEGINS}[ \t]*$", re.MULTILINE)
_SEALED_END = "-----END PGP MESSAGE-----"
_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END = "-----END PGP SIGNATURE-----"


@dataclass(slots=True)
class Bodies:
    """What was found so far. `segments` are texts with their page, one of both possibly empty."""

    segments: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    parts: list[Part] = field(default_factory=list[Part])
    notes: list[str] = field(default_factory=list[str])
    report: bytes = b""  # the fields of a report on a mail of ours
    report_kind: str = ""  # the content type of that part
    returned: bytes = b""  # the mail that came back with it, or its header
    calendar: str = ""  # METHOD of an invitation
    answer: str = ""  # what an answer to an invitation says

    def note(self, words: str) -> None:
        if words and words not in self.notes:
            self.notes.append(words)

    def has_pages_alone(self) -> bool:
        """Whether some words came as a page only, so that the text must be read from the page."""
        return any(not text for text, _ in self._shown())

    def page(self) -> str:
        """All of it as HTML, not yet safe; empty when nothing of it is HTML."""
        shown = self._shown()
        if not any(page.strip() for _, page in shown):
            return ""
        return "\n".join(page if page.strip() else f"<pre>{escape(text)}</pre>" for text, page in shown)

    def plain(self) -> str:
        """The texts that came as plain text."""
        return "\n\n".join(filter(None, [text.strip("\n") for text, _ in self.segments]))

    def _shown(self) -> Sequence[tuple[str, str]]:
        return [(text if text.strip() else "", page) for text, page in self.segments if text.strip() or page.strip()]


def gather(raw: bytes, root: Entity, limits: Limits) -> Bodies:
    """Read all leaves of a mail."""
    bodies = Bodies()
    _Gatherer(raw, limits, bodies).walk(root)
    return bodies


class _Gatherer:
    def __init__(self, raw: bytes, limits: Limits, bodies: Bodies) -> None:
        self._raw = raw
        self._bodies = bodies
        self._chars_left = limits.text_chars
        self._page_chars_left = RAW_MAX

    def walk(self, entity: Entity, *, inside: str = "") -> None:
        if entity.kind == CUT:
            return
        if not entity.children:
            self._leaf(entity, inside)
        elif entity.kind == "multipart/alternative":
            self._alternatives(entity)
        elif entity.kind == "multipart/encrypted":
            self._sealed(entity)
        else:
            for child in entity.children:
                self.walk(child, inside=entity.kind)

    def _alternatives(self, entity: Entity) -> None:
        """One segment of them: the first child's text that says something, the last child's page that does."""
        outer = self._bodies.segments
        texts: list[str] = []
        pages: list[str] = []
        for child in entity.children:
            self._bodies.segments = []
            self.walk(child, inside=entity.kind)
            texts.append("\n\n".join(text for text, _ in self._bodies.segments if text.strip()))
            pages.append("\n".join(page for _, page in self._bodies.segments if page.strip()))
        self._bodies.segments = outer
        outer.append((next(filter(None, texts), ""), next(filter(None, reversed(pages)), "")))

    def _sealed(self, entity: Entity) -> None:
        """multipart/encrypted: what is inside the second part is all there is."""
        content, note = self._content(entity.children[-1])
        self._bodies.note(note)
        self._bodies.note("it is encrypted (PGP): nothing of it could be read")
        self._bodies.parts.append(
            part_of(self._name(entity.children[-1]) or "encrypted.asc", content, said=PGP, note="sealed: PGP")
        )

    def _leaf(self, entity: Entity, inside: str) -> None:
        disposition = entity.headers.first("content-disposition").partition(";")[0].strip().lower()
        name = self._name(entity)
        is_named_file = bool(name) and bool(self._bodies.segments)  # some programs name what people wrote
        if entity.kind in ("text/plain", "text/html") and disposition != "attachment" and not is_named_file:
            self._words(entity)
            return
        content, note = self._content(entity)
        self._look_for_reports(entity, content)
        if entity.kind == "text/x-amp-html" and inside == "multipart/alternative":
            return  # the same words once more, for one program
        self._file(entity, content, name, note)

    def _file(self, entity: Entity, content: bytes, name: str, note: str) -> None:
        sealed = SEALED_KINDS.get(entity.kind, "")
        if name.lower() == "winmail.dat":
            sealed = SEALED_KINDS["application/ms-tnef"]
        if entity.kind.endswith("pkcs7-mime") and entity.headers.parameter("smime-type").lower() == "signed-data":
            sealed = "sealed: S/MIME (signed)"
        if sealed:
            self._bodies.note(f"{sealed.removeprefix('sealed: ')} could not be opened")
        if entity.kind in SIGNATURES:
            note = "; ".join(filter(None, ["a signature, not checked", note]))
        if not name and entity.kind in RETURNED:
            name = _mail_name(content)
        said = entity.kind if entity.headers.has("content-type") or entity.kind == "message/rfc822" else ""
        content_id = entity.headers.first("content-id").strip("<> ")[:200]
        self._bodies.parts.append(part_of(name, content, said=said, note=sealed or note, content_id=content_id))

    def _content(self, entity: Entity) -> tuple[bytes, str]:
        body = self._raw[entity.body : entity.end]
        if entity.kind.startswith("message/"):
            encoding = entity.headers.first("content-transfer-encoding").strip().lower()
            return decoded_transfer(body, encoding) if encoding in ("base64", "quoted-printable") else (body, "")
        return decoded_transfer(body, entity.headers.first("content-transfer-encoding"))

    def _name(self, entity: Entity) -> str:
        name = entity.headers.parameter("filename", field="content-disposition") or entity.headers.parameter("name")
        return decoded_words(name[:2_000])

    def _words(self, entity: Entity) -> None:
        """A leaf that people read: into the segments, as much of it as there is room for."""
        is_page = entity.kind == "text/html"
        chars = self._page_chars_left if is_page else self._chars_left
        room = min(entity.end, entity.body + ENCODED_MAX * chars)
        raw = self._raw[entity.body : room]
        content, damage = decoded_transfer(raw, entity.headers.first("content-transfer-encoding"))
        text, note = decoded(content[: CHARACTER_MAX * chars], entity.headers.parameter("charset"))
        if room < entity.end or len(text) > chars:
            self._bodies.note("the text is cut; the whole mail is kept")
            text = text[:chars]
        self._bodies.note(damage)
        self._bodies.note(note)
        if is_page:
            self._page_chars_left -= len(text)
            self._bodies.segments.append(("", text))
            return
        self._chars_left -= len(text)
        if entity.headers.parameter("format").lower() == "flowed":
            text = unflowed(text, joins_words=entity.headers.parameter("delsp").lower() == "yes")
        self._bodies.segments.append((self._without_armour(text), ""))

    def _without_armour(self, text: str) -> str:
        """Text without what PGP wrapped: sealed blocks become parts; of signed text the words stay."""
        kept: list[str] = []
        at = 0
        while SEALED_BEGINS in text and (found := _SEALED_TEXT.search(text, at)) is not None:
            stop = text.find(_SEALED_END, found.end())
            is_last = stop < 0 or len(kept) + 1 >= ARMOURS_MAX
            stop = len(text) if is_last else stop + len(_SEALED_END)
            sealed = text[found.start() : stop].encode("utf-8", "replace")
            self._bodies.parts.append(part_of("encrypted.asc", sealed, said=PGP, note="sealed: PGP"))
            self._bodies.note("PGP could not be opened")
            kept.append(text[at : found.start()])
            at = stop
        text = "".join(kept) + text[at:]
        if text.lstrip().startswith(_SIGNED):
            text = text.partition(_SIGNED)[2].partition("\n\n")[2]
            words, _, signature = text.partition(_SIGNATURE)
            self._bodies.note("signed with PGP, not checked")
            return words + signature.partition(_SIGNATURE_END)[2]
        return text

    def _look_for_reports(self, entity: Entity, content: bytes) -> None:
        if entity.kind in REPORTS and not self._bodies.report:
            self._bodies.report, self._bodies.report_kind = content, entity.kind
        elif entity.kind in RETURNED and not self._bodies.returned:
            self._bodies.returned = content
        elif entity.kind == "text/calendar" and not self._bodies.calendar:
            said = clean(content[:METHOD_WITHIN].decode("utf-8", "replace"))
            method, answer = _METHOD.search(said), _ANSWER.search(said)
            self._bodies.answer = answer[1].lower() if answer else ""
            self._bodies.calendar = (method[1] if method else entity.headers.parameter("method")).lower()[:20]


def _mail_name(content: bytes) -> str:
    """A name for a mail inside a mail: its subject."""
    found = re.search(rb"^subject:[ \t]{0,3}([^\r\n]{1,200})", content[:20_000], re.IGNORECASE | re.MULTILINE)
    subject = decoded_words(decoded(found[1], "")[0]).strip() if found else ""
    return f"{subject.replace('/', ' ')[:80] or 'mail'}.eml"
