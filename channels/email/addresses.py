"""E-mail addresses: what is one, when two are the same, and addresses and Message-IDs of ours that carry a signature.

One rule: what we signed is recognised without asking any memory, and nobody else can make it. A signature says which
case or message is meant, never who writes.
"""

import base64
import hmac
import re
from functools import lru_cache

import idna

__all__ = ["ReplyAddress", "bare_address", "is_mail_address", "mail_key", "message_id_of", "reference_of_message_id"]

ADDRESS_MAX = 254
BASE_LOCAL_MAX = 21
"""64 characters of a local part (RFC 5321 section 4.5.3.1.1) less the plus and the token."""
ID_BYTES = 16
MAC_BYTES = 10
"""80 bits: beyond guessing, and the whole local part stays below its 64 characters."""
ATTEMPT_MAX = 0xFFFF
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]{1,64}")
_LABEL = re.compile(r"[A-Za-z0-9_\u0080-\U0010ffff](?:[A-Za-z0-9_\u0080-\U0010ffff-]{0,62})")
_CASE = re.compile(r"case_[0-9a-f]{32}")
_REFERENCE = re.compile(r"([a-z]{1,10})_([0-9a-f]{32})")
_OUR_ID = re.compile(r"<?([a-z]{1,10})\.([a-z2-7]{45})@[^<>\s]{1,253}>?")


def is_mail_address(text: str) -> bool:
    """True for a bare address such as `mia@customer.example`: no name, no quotes, no encoded words, no blanks."""
    local, at, domain = text.rpartition("@")
    if not at or len(text) > ADDRESS_MAX or not _LOCAL.fullmatch(local) or "=?" in local:
        return False
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return False
    labels = domain.split(".")
    return len(labels) > 1 and all(_LABEL.fullmatch(label) and not label.endswith("-") for label in labels)


def bare_address(text: str) -> str:
    """The address in `text` with its domain in lower case; empty when it is none."""
    if len(text) > 2 * ADDRESS_MAX:
        return ""
    text = text.strip()
    if text.lower().startswith("mailto:"):
        text = text[len("mailto:") :]
    local, _, domain = text.rpartition("@")
    address = f"{local.strip()}@{domain.strip().rstrip('.').lower()}"
    return address if is_mail_address(address) else ""


def mail_key(address: str) -> str:
    """What two spellings of one address have in common: `mail:` and the address in lower case, its domain as IDNA.

    Plus-addresses stay apart: only their owner knows whether they are one."""
    local, _, domain = address.strip().rpartition("@")
    return f"mail:{local.lower()}@{_domain_key(domain)}"


@lru_cache(maxsize=10_000)
def _domain_key(domain: str) -> str:
    plain = domain.strip().rstrip(".").lower()
    if plain.isascii() or len(plain) > ADDRESS_MAX:
        return plain
    try:
        return idna.encode(plain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return plain


class ReplyAddress:
    """The signed plus-address by which an answer finds its case: `help+<token>@support.example`.

    The token is the case's 128 bits and 80 bits of HMAC-SHA256 in base32: 42 characters, any case."""

    @staticmethod
    def sign(case_id: str, secret: bytes, base: str) -> str:
        """Raises ValueError for what is no case id, and for a base that is no address or has a local part above 21."""
        if not _CASE.fullmatch(case_id) or not is_mail_address(base) or base.rfind("@") > BASE_LOCAL_MAX:
            raise ValueError(f"got {case_id!r} and {base!r}, expected case_ and 32 hexadecimal digits, and an address")
        id = bytes.fromhex(case_id.removeprefix("case_"))
        local, _, domain = base.rpartition("@")
        return f"{local}+{_token(id, _mac(secret, b'case', id))}@{domain}"

    @staticmethod
    def verify(address: str, secret: bytes, base: str) -> str | None:
        """The case of an address that we signed for `base`; None for every other."""
        local, _, domain = address.strip().lower().rpartition("@")
        own, _, own_domain = base.lower().rpartition("@")
        if domain != own_domain or not local.startswith(f"{own}+"):
            return None
        signed = _opened(local[len(own) + 1 :])
        if signed is None or not hmac.compare_digest(signed[ID_BYTES:], _mac(secret, b"case", signed[:ID_BYTES])):
            return None
        return f"case_{signed[:ID_BYTES].hex()}"


def message_id_of(reference: str, attempt: int, domain: str, secret: bytes) -> str:
    """The Message-ID of a mail of ours: `<msg.….@support.example>`, the same for the same attempt.

    `reference` is an id of ours such as `msg_` and 32 hexadecimal digits; raises ValueError for another."""
    found = _REFERENCE.fullmatch(reference)
    if found is None or not 0 <= attempt <= ATTEMPT_MAX:
        raise ValueError(f"got {reference!r}, attempt {attempt}: expected a prefix, _ and 32 hexadecimal digits")
    id = bytes.fromhex(found[2]) + attempt.to_bytes(2, "big")
    return f"<{found[1]}.{_token(id, _mac(secret, found[1].encode(), id))}@{domain}>"


def reference_of_message_id(text: str, secret: bytes) -> str | None:
    """The reference that one of our Message-IDs was made from, whatever the attempt; None for every other."""
    found = _OUR_ID.fullmatch(text.strip().lower()[:ADDRESS_MAX])
    signed = _opened(found[2]) if found else None
    if found is None or signed is None:
        return None
    id, mac = signed[: ID_BYTES + 2], signed[ID_BYTES + 2 :]
    if not hmac.compare_digest(mac, _mac(secret, found[1].encode(), id)):
        return None
    return f"{found[1]}_{id[:ID_BYTES].hex()}"


def _mac(secret: bytes, purpose: bytes, id: bytes) -> bytes:
    return hmac.digest(secret, b"mail\0" + purpose + b"\0" + id, "sha256")[:MAC_BYTES]


def _token(id: bytes, mac: bytes) -> str:
    return base64.b32encode(id + mac).decode("ascii").rstrip("=").lower()


def _opened(token: str) -> bytes | None:
    try:
        signed = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except ValueError:
        return None
    return signed if token == _token(signed, b"") else None  # one spelling only
