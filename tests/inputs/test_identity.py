"""Keys with which sites say who their visitors are: which are taken, and that the key says the algorithm."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from channels.chat.identity import BadIdentity, Identities, IdentityKey, problem_of_key
from router.core.clock import Ms
from router.serving import identities_of
from router.settings import SettingsProblem, load_settings

NOW = Ms(1_790_000_000_000)
CLAIMS = {"sub": "mia", "iss": "https://shop.example", "aud": "onecase", "exp": NOW / 1000 + 60}
SECRET = "the shop and we alone know this one"


def key(algorithm: str, text: str) -> IdentityKey:
    return IdentityKey(kid="k", algorithm=algorithm, key=text, issuer="https://shop.example", audience="onecase")


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_a_public_key_is_no_secret(algorithm: str) -> None:
    """What its private half signed is taken; what somebody signed with the public half, as if it were a secret, is not."""
    private: Any = (
        ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256" else rsa.generate_private_key(65537, 2048)
    )
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    public = private.public_key().public_bytes(*form).decode()
    identities = Identities({"sit": [key(algorithm, public)]})
    good = jwt.encode(CLAIMS, private, algorithm=algorithm, headers={"kid": "k"})
    assert identities.subject(good, site="sit", now=NOW) == "mia"
    parts = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=")
        for one in ({"alg": "HS256", "kid": "k"}, CLAIMS)
    ]
    signed = hmac.digest(public.encode(), b".".join(parts), hashlib.sha256)
    forged = b".".join([*parts, base64.urlsafe_b64encode(signed).rstrip(b"=")]).decode()
    with pytest.raises(BadIdentity, match="signature"):
        identities.subject(forged, site="sit", now=NOW)


def test_one_key_needs_no_kid_and_another_site_has_none_of_it() -> None:
    """A site with one key may leave its kid out; a key of one site is none of another's."""
    identities = Identities({"sit": [key("HS256", SECRET)]})
    token = jwt.encode(CLAIMS, SECRET, algorithm="HS256")
    assert identities.subject(token, site="sit", now=NOW) == "mia"
    with pytest.raises(BadIdentity, match="no key"):
        identities.subject(token, site="sit_other", now=NOW)


@pytest.mark.parametrize(
    ("algorithm", "text", "told"),
    [
        pytest.param("HS256", "short", "at least 32 bytes", id="short-secret"),
        pytest.param("none", SECRET, "expected one of", id="no-algorithm"),
        pytest.param("HS512", SECRET, "expected one of", id="another-algorithm"),
        pytest.param("RS256", "no key", "RS256", id="no-public-key"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_at_the_start(algorithm: str, text: str, told: str) -> None:
    assert told in problem_of_key(key(algorithm, text))


def test_keys_of_the_settings() -> None:
    """They come as a list, in the environment as JSON; what is wrong is named and no key is ever said."""
    one = {"kid": "k", "algorithm": "HS256", "key": SECRET, "issuer": "i", "audience": "a"}
    site = {"id": "sit_0123456789abcdef", "identity_keys": [one, {**one, "kid": "l", "key": "short"}]}
    with pytest.raises(SettingsProblem, match=r"identity key 2 \(l\) of sit_0123456789abcdef: a secret") as wrong:
        identities_of(load_settings(None, {}, sites=[site]))
    assert "short" not in str(wrong.value)
    with pytest.raises(SettingsProblem, match="sites") as unknown:
        load_settings(None, {}, sites=[{**site, "identity_keys": [{**one, "alg": "HS256"}]}])
    assert SECRET not in str(unknown.value)
