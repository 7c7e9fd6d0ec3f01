"""A mail without the card numbers that stand in it, before anything of it is kept: its texts, files and source.

Its one rule: what no person sees is not kept either: where a number is taken out of what the mail says, its source is
made anew from its header and the text that is left. Pictures and documents that came along are not looked into.
"""

from email.message import EmailMessage
from email.policy import SMTP

from channels.email.letter import Letter, Part
from router.core.redaction import without_cards
from router.core.values import replace

REMOVED = "a card number stood in it: it was taken out, and its source is kept without it"
PLAIN = ("text/", "message/")


def without_card_numbers(letter: Letter, raw: bytes) -> Letter:
    """The letter without card numbers, and with the source that is to be kept instead of `raw`. The same letter where
    there were none."""
    subject, text = without_cards(letter.subject), without_cards(letter.text)
    is_all_new = letter.new_words == letter.text and text is letter.text
    words = letter.new_words if is_all_new else without_cards(letter.new_words)
    html = without_cards(letter.html)
    parts = tuple(_part(part) for part in letter.parts)
    is_said = subject is not letter.subject or text is not letter.text or words is not letter.new_words
    if not is_said and html is letter.html and all(a is b for a, b in zip(parts, letter.parts, strict=True)):
        return letter
    if is_said and html is letter.html:
        html = ""  # the number stands in it in pieces
    cleaned = replace(
        letter, subject=subject, text=text, new_words=words, html=html, parts=parts, notes=(*letter.notes, REMOVED)
    )
    return replace(cleaned, source=_source(raw, cleaned))


def _part(part: Part) -> Part:
    """A file that is plain text; its bytes are looked at one by one, whatever its charset."""
    if not part.content_type.startswith(PLAIN):
        return part
    given = part.content.decode("latin-1")
    cleaned = without_cards(given)
    return part if cleaned is given else replace(part, content=cleaned.encode("latin-1"))


def _source(raw: bytes, letter: Letter) -> bytes:
    """The way it took, as its header tells, over the text that is left."""
    head, _, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept: list[bytes] = []
    is_kept = True
    for line in head.split(b"\n"):
        if not line.startswith((b" ", b"\t")):
            name = line.partition(b":")[0].strip().lower()
            is_kept = name != b"subject" and not name.startswith((b"content-", b"mime-"))
        if is_kept:
            kept.append(line)
    body = EmailMessage(policy=SMTP)
    body["Subject"] = " ".join(letter.subject.split())
    body.set_content(letter.text)
    return b"".join(line + b"\r\n" for line in kept) + body.as_bytes()
