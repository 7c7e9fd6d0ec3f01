"""Webhook signatures of Twilio and of providers that speak its protocol.

The signed text is the full URL followed by every form field's name and value, names in code-point order, the values
of one name once each and sorted; the signature is base64(HMAC(secret, text)), SHA-1 unless the provider says otherwise
(https://www.twilio.com/docs/usage/security). A JSON body is signed through `bodySHA256` in the URL.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from urllib.parse import parse_qsl, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
Fields = Iterable[tuple[str, str]]


def signature_of(url: str, fields: Fields, *, secret: bytes, algorithm: str = "sha1") -> str:
    """The signature that a provider sends for a form POST (or, without fields, for a GET)."""
    return _signature(url + _joined(fields), secret, algorithm)


def is_signed(url: str, fields: Fields, signature: str, *, secrets: Sequence[bytes], algorithm: str = "sha1") -> bool:
    """True when `signature` fits under any of `secrets` (two while one is being rotated), with or without the port in
    the URL, for providers differ there. Compares in constant time."""
    joined = _joined(fields)
    given = signature.encode("utf-8", "replace")
    for candidate in _port_variants(url):
        for secret in secrets:
            if hmac.compare_digest(_signature(candidate + joined, secret, algorithm).encode(), given):
                return True
    return False


def is_body_signed(url: str, body: bytes, signature: str, *, secrets: Sequence[bytes], algorithm: str = "sha1") -> bool:
    """The same for a body that is not a form: its SHA-256 stands in the URL, and the URL is signed."""
    stated = dict(parse_qsl(urlsplit(url).query)).get("bodySHA256", "")
    fits = hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), stated.encode("utf-8", "replace"))
    return is_signed(url, (), signature, secrets=secrets, algorithm=algorithm) and fits


def _joined(fields: Fields) -> str:
    return "".join(chain.from_iterable(sorted(set(fields))))


def _signature(text: str, secret: bytes, algorithm: str) -> str:
    try:
        data = text.encode("utf-8", "surrogateescape")  # bytes that were no UTF-8 are signed as they came
    except UnicodeEncodeError:
        data = text.encode("utf-8", "surrogatepass")
    keyed = _keyed(secret, algorithm).copy()
    keyed.update(data)
    return base64.b64encode(keyed.digest()).decode("ascii")


@lru_cache(maxsize=16)
def _keyed(secret: bytes, algorithm: str) -> hmac.HMAC:
    """The HMAC before any data: setting one up costs more than signing a text message."""
    return hmac.new(secret, digestmod=algorithm)


def _port_variants(url: str) -> Iterable[str]:
    yield url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else ""
    other = parts.netloc[: len(parts.netloc) - len(host)] + (bare or f"{host}:{DEFAULT_PORTS.get(parts.scheme, 0)}")
    yield parts._replace(netloc=other).geturl()
