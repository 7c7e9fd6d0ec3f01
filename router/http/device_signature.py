"""What a device signs, and whether it did: HMAC-SHA256 with a key of its own, which ten lines of C can make.

Its one rule: keys are made from the instance's secret and their id, so that a wrong signature costs no look at
anything; whether a key is a device's present one is the core's to say. A signature that cannot be used turns nobody
away.
"""

import hmac
import re
from dataclasses import dataclass

from channels.wire import WireRequest
from router.core.clock import Ms
from router.core.words import SECOND_MS

HEADER = "X-Device-Signature"
WINDOW_S = 300
"""How far a device's clock may be from ours."""
PREFIX = "dvk_"
FORM = re.compile(r"(dvk_[0-9a-f]{32})\.(\d{1,12})\.([0-9a-fA-F]{64})", re.ASCII)
KEY_PURPOSE, ID_PURPOSE = b"the key of a device", b"the id of a device's key"


@dataclass(frozen=True, slots=True)
class Signature:
    """`key`: the id of the key that signed it, empty where none did; `why_not`: what is wrong with it."""

    key: str = ""
    why_not: str = ""
    once: str = ""  # the same for the same signed press, however often it comes


def device_key(secret: bytes, id: str) -> str:
    """The key of an id: 64 characters, which are signed with as they stand. `secret`: the instance's."""
    return hmac.digest(hmac.digest(secret, KEY_PURPOSE, "sha256"), id.encode(), "sha256").hex()


def fresh_key_id(secret: bytes, press: str, *, now: Ms) -> str:
    """The id of a key that a press may be given. Nobody gets it again, whatever they call their press."""
    return PREFIX + press_id(secret, f"{now} {press}")


def press_id(secret: bytes, press: str) -> str:
    """A name for a press that tells nothing of it."""
    digest = hmac.digest(hmac.digest(secret, ID_PURPOSE, "sha256"), press.encode("utf-8", "replace"), "sha256")
    return digest[:16].hex()


def signed_text(method: str, path: str, at_s: int, body: bytes) -> bytes:
    """What is signed: method, path as sent, time in seconds since 1970, and the body, a line each.

    >>> signed_text("POST", "/api/v1/contacts", 1795460520, b"{}")
    b'POST\\n/api/v1/contacts\\n1795460520\\n{}'
    """
    return b"\n".join((method.encode(), path.encode("utf-8", "replace"), b"%d" % at_s, body))


def sign(secret: bytes, key: str, request: WireRequest, *, at_s: int) -> str:
    """The header of a request that is signed with the key of id `key`."""
    text = signed_text(request.method, request.url, at_s, request.body)
    return f"{key}.{at_s}.{hmac.digest(device_key(secret, key).encode(), text, 'sha256').hex()}"


def signature_of(request: WireRequest, secret: bytes, *, now: Ms) -> Signature:
    """Who signed a request. Compared in constant time; a signature outside its window is none."""
    given = request.headers.get(HEADER)
    if given is None:
        return Signature()
    found = FORM.fullmatch(given.strip())
    if found is None:
        return Signature(why_not="not of the form KEY.TIME.SIGNATURE")
    key, at_s, _ = found.groups()
    if not hmac.compare_digest(given.strip().lower(), sign(secret, key, request, at_s=int(at_s))):
        return Signature(why_not="not signed with that key")
    if abs(now - int(at_s) * SECOND_MS) > WINDOW_S * SECOND_MS:
        return Signature(why_not=f"its time is more than {WINDOW_S} s from ours")
    return Signature(key=key, once=found[3].lower())
