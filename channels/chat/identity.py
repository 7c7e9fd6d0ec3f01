"""Who a visitor is, by the word of their site: a JWT (RFC 7519) that one of the site's keys signed.

Its one rule: the key says which algorithm is used, never the token; what is not signed, over, or for somebody else is
refused by name. Several keys hold at once, so that a site can change them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from router.core.clock import Ms
from router.core.values import value
from router.core.words import DAY_MS, SECOND_MS

ALGORITHMS = ("ES256", "RS256", "HS256")
SKEW_MS = 60 * SECOND_MS
"""How far a site's clock may be from ours."""
LIFE_MS_MAX = DAY_MS
"""A word that holds for longer is not taken: whoever finds it would be that person for as long."""
SUBJECT_CHARS_MAX = 200
SECRET_BYTES_MIN = 32
"""RFC 7518, section 3.2: a key of HS256 is no shorter than its hash."""


@value
class IdentityKey:
    """One key of a site. `key`: a public key as PEM, or the shared secret of HS256."""

    kid: str
    algorithm: str
    key: str
    issuer: str
    audience: str


class BadIdentity(Exception):
    """A token that is not taken; the words say why, to whoever sent it."""


def problem_of_key(one: IdentityKey) -> str:
    """What is wrong with a key of the settings; empty where nothing is."""
    if one.algorithm not in ALGORITHMS:
        return f"found algorithm {one.algorithm}, expected one of {', '.join(ALGORITHMS)}"
    if one.algorithm == "HS256" and len(one.key.encode()) < SECRET_BYTES_MIN:
        return f"a secret of HS256 has at least {SECRET_BYTES_MIN} bytes"
    try:
        jwt.get_algorithm_by_name(one.algorithm).prepare_key(one.key)
    except NotImplementedError:
        return f"{one.algorithm} needs the package cryptography, which is not installed; HS256 works without it"
    except (ValueError, TypeError, jwt.PyJWTError):
        return f"the key cannot be read as one of {one.algorithm}"
    return ""


class Identities:
    """`keys`: by the id of the site."""

    def __init__(self, keys: Mapping[str, Sequence[IdentityKey]]) -> None:
        self._keys = {site: {one.kid: one for one in several} for site, several in keys.items()}

    def subject(self, token: str, *, site: str, now: Ms) -> str:
        """Whom the site names. Raises BadIdentity."""
        keys = self._keys.get(site, {})
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise BadIdentity("It is no JWT.") from None
        kid = header.get("kid")
        key = keys.get(kid) if isinstance(kid, str) else (next(iter(keys.values())) if len(keys) == 1 else None)
        if key is None:
            raise BadIdentity("This site has no key of that kid.")
        claims = _claims(token, key)
        _check_times(claims, now)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_CHARS_MAX:
            raise BadIdentity(f"`sub` is text of 1 to {SUBJECT_CHARS_MAX} characters.")
        return subject


def _claims(token: str, key: IdentityKey) -> dict[str, Any]:
    """What a token says, once its signature, issuer and audience are right. Times are ours to look at: by our clock."""
    times = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_sub": False}
    try:
        return jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            issuer=key.issuer,
            audience=key.audience,
            options={"require": ["exp", "sub", "iss", "aud"], **times},  # pyright: ignore[reportArgumentType]
        )
    except jwt.MissingRequiredClaimError as error:
        raise BadIdentity(f"`{error.claim}` is missing.") from None
    except jwt.InvalidIssuerError:
        raise BadIdentity("`iss` is not that of the key.") from None
    except jwt.InvalidAudienceError:
        raise BadIdentity("`aud` is not that of the key.") from None
    except (jwt.PyJWTError, ValueError, TypeError):
        raise BadIdentity("Its signature is not that of the key.") from None


def _check_times(claims: dict[str, Any], now: Ms) -> None:
    ends, begins = _instant(claims, "exp"), _instant(claims, "nbf")
    assert ends is not None
    if ends + SKEW_MS <= now:
        raise BadIdentity("It is over (`exp`).")
    if ends > now + LIFE_MS_MAX + SKEW_MS:
        raise BadIdentity("It holds for more than a day (`exp`).")
    if begins is not None and begins - SKEW_MS > now:
        raise BadIdentity("It does not hold yet (`nbf`).")


def _instant(claims: dict[str, Any], name: str) -> int | None:
    found = claims.get(name)
    if found is None and name != "exp":
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 1e12:
        raise BadIdentity(f"`{name}` is no time.")
    return round(found * SECOND_MS)
