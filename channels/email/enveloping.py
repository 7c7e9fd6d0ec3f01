"""An envelope for a mail that came without one: out of a mailbox, or in the body of a request.

Its one rule: the headers that servers wrote on the way are asked before those that people wrote. What it makes of them
is where a mail says that it went, and proves nothing of who sent it.
"""

from collections.abc import Iterable
from email.errors import MessageError
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from channels.email.post import Envelope, is_address

HEADER_BYTES_MAX = 65_536
"""How far into a mail headers are looked for."""
ADDRESSES_CHARS_MAX = 16_384
"""How much of all headers of one name is read for addresses: Python's reader takes a second for what is much longer."""
RECIPIENTS_MAX = 100
SENT_TO = ("X-Original-To", "Delivered-To", "Envelope-To", "To", "Cc")
"""Where recipients stand: written by servers first; the address before an alias was resolved before the one after."""
SENT_BY = ("From", "Sender")
NULL_PATH = "<>"
NOTE = "X-Onecase-Note"
"""The first line of a mail that is not given as it came: what was done to it, or what is wrong with it."""

Header = Message


def enveloped(raw: bytes, *, otherwise_to: str) -> Envelope:
    """`raw` in the envelope that its own headers tell of; to `otherwise_to` where they name nobody."""
    header = header_of(raw)
    sender = sender_of(header)
    is_known = bool(sender) or NULL_PATH in (path.strip() for path in values(header, "Return-Path"))
    return Envelope(sender, recipients_of(header) or (otherwise_to,), raw, sender_known=is_known)


def header_of(raw: bytes) -> Header:
    """The header of a mail, as far as its whole lines go within `HEADER_BYTES_MAX`."""
    some = raw if len(raw) <= HEADER_BYTES_MAX else raw[:HEADER_BYTES_MAX].rpartition(b"\n")[0]
    return BytesHeaderParser().parsebytes(some)


def sender_of(header: Header) -> str:
    """The return path, empty for the null one (bounces, automatic answers); else the author; else nobody."""
    for path in values(header, "Return-Path"):
        if path.strip() == NULL_PATH:
            return ""
        for address in addresses([path]):
            return address
    return next((address for name in SENT_BY for address in addresses(values(header, name))), "")


def recipients_of(header: Header) -> tuple[str, ...]:
    """All that it was sent to, best known first, once each, `RECIPIENTS_MAX` at most."""
    found = (address for name in SENT_TO for address in addresses(values(header, name)))
    return first_of_each(found)


def values(header: Header, name: str) -> list[str]:
    """The values of a header, unfolded. Bytes that are no text are shown as such."""
    return [" ".join(str(found).split()) for found in header.get_all(name, [])]


def addresses(written: Iterable[str]) -> list[str]:
    """The addresses in values of headers, without names. What is no address is left out, an encoded word too: it is
    text that only looks like one after decoding (RFC 2047 section 5)."""
    text = ", ".join(written)
    if len(text) > ADDRESSES_CHARS_MAX:
        text = text[:ADDRESSES_CHARS_MAX].rpartition(",")[0]  # never half an address
    try:
        pairs = getaddresses([text])
    except (MessageError, ValueError, LookupError, RecursionError):
        return []
    return [address for _, address in pairs if is_mailbox(address)]


def is_mailbox(address: str) -> bool:
    return "@" in address[1:-1] and "=?" not in address and is_address(address)


def first_of_each(found: Iterable[str]) -> tuple[str, ...]:
    """Without repeats (case does not count), in order, `RECIPIENTS_MAX` at most."""
    kept: dict[str, str] = {}
    for address in found:
        kept.setdefault(address.casefold(), address)
        if len(kept) == RECIPIENTS_MAX:
            break
    return tuple(kept.values())


def noted(note: str, raw: bytes) -> bytes:
    """A mail under a first line that says what is the matter with it."""
    return f"{NOTE}: {' '.join(note.split())}\r\n".encode("ascii", "replace") + raw
