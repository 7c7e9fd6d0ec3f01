"""Sessions of chat visitors, and the files they uploaded: signed by the instance, so that nothing need be looked up.

Its one rule: a token is worth nothing for another site, from pages of another origin, or after its time.
"""

import base64
import hmac
import json
import re
from typing import Any

from router.core.addresses import CHAT, USER
from router.core.clock import Ms
from router.core.values import value
from router.core.words import DAY_MS, SECOND_MS

SESSION_MS = 30 * DAY_MS
"""How long a session lives without its visitor; each hello begins it anew."""
FILE_MS = DAY_MS
SIGNATURE_BYTES = 18
VISITOR = re.compile(r"[0-9a-f]{32}", re.ASCII)
TOKEN = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]{24})", re.ASCII)
UPLOAD = re.compile(r"([A-Za-z0-9_-]{1,1000})\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]{24})", re.ASCII)
PURPOSE = b"onecase chat"
DIGEST_BYTES = 16


@value
class Session:
    """Whose chat it is. `address`: as the core knows it; `token`: for the visitor's next hello, where it needs one."""

    site: str
    address: str
    token: str | None = None
    expires_at: Ms | None = None
    is_proved: bool = False


def user_address(subject: str, *, site: str) -> str:
    """The address of somebody for whom a site vouches."""
    return f"{USER}{site}/{subject}"


def visitor_address(visitor: str, *, site: str) -> str:
    """The address of somebody of whom only the browser is known."""
    return f"{CHAT}{site}/{visitor}"


class Sessions:
    """`secret`: the instance's."""

    def __init__(self, secret: bytes) -> None:
        self._secret = hmac.digest(secret, PURPOSE, "sha256")

    def session(self, visitor: str, *, site: str, origin: str, now: Ms) -> Session:
        """The session of a visitor, with a fresh token."""
        until = (now + SESSION_MS) // SECOND_MS
        token = f"{visitor}.{until:x}.{self._signed('session', visitor, site, origin, f'{until:x}')}"
        return Session(
            site=site, address=visitor_address(visitor, site=site), token=token, expires_at=Ms(until * SECOND_MS)
        )

    def visitor_in(self, token: str, *, site: str, origin: str, now: Ms) -> str | None:
        """The visitor whose token this is; None for one that is over, of another site or origin, or not ours."""
        found = TOKEN.fullmatch(token)
        if found is None:
            return None
        visitor, until, signature = found.groups()
        if not hmac.compare_digest(signature, self._signed("session", visitor, site, origin, until)):
            return None
        return visitor if int(until, 16) * SECOND_MS > now else None

    def user(self, subject: str, *, site: str) -> Session:
        """The session of somebody for whom the site vouches: one and the same on every device."""
        return Session(site=site, address=user_address(subject, site=site), is_proved=True)

    def upload(self, address: str, *, now: Ms) -> str:
        """What allows files to be uploaded for a session."""
        until = f"{(now + FILE_MS) // SECOND_MS:x}"
        body = base64.urlsafe_b64encode(address.encode("utf-8", "replace")).decode().rstrip("=")
        return f"{body}.{until}.{self._signed('upload', address, until)}"

    def upload_in(self, token: str, *, now: Ms) -> str | None:
        """The address of the session that may upload files; None for what we did not sign, or what is over."""
        found = UPLOAD.fullmatch(token)
        if found is None:
            return None
        body, until, signature = found.groups()
        try:
            address = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
        except ValueError:
            return None
        is_ours = hmac.compare_digest(signature, self._signed("upload", address, until))
        return address if is_ours and int(until, 16) * SECOND_MS > now else None

    def file(self, fields: dict[str, Any], *, address: str, now: Ms) -> str:
        """A reference to an uploaded file, for messages of that session alone."""
        body = base64.urlsafe_b64encode(json.dumps({**fields, "until": now + FILE_MS}).encode()).decode().rstrip("=")
        return f"{body}.{self._signed('file', address, body)}"

    def file_in(self, reference: str, *, address: str, now: Ms) -> dict[str, Any] | None:
        """What was uploaded; None for a reference of another session, or one that is over."""
        body, _, signature = reference.partition(".")
        try:
            is_ours = hmac.compare_digest(signature, self._signed("file", address, body))
            fields = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) if is_ours else None
        except (ValueError, TypeError):  # what is no ASCII is not ours
            return None
        return fields if fields is not None and fields["until"] > now else None

    def digest(self, code: str, *, address: str) -> str:
        """Of a code that was sent for whoever has `address`."""
        return self._raw("code", address, code)[:DIGEST_BYTES].hex()

    def name_of(self, address: str) -> str:
        """A name for an address that tells nothing of it."""
        return self._raw("name", address)[:DIGEST_BYTES].hex()

    def _signed(self, *parts: str) -> str:
        return base64.urlsafe_b64encode(self._raw(*parts)[:SIGNATURE_BYTES]).decode()

    def _raw(self, *parts: str) -> bytes:
        plain = b"".join(len(one).to_bytes(4, "big") + one for one in (p.encode("utf-8", "replace") for p in parts))
        return hmac.digest(self._secret, plain, "sha256")
