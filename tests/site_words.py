"""What a site says of who is signed in there: JWTs as a site signs them. Used by stories of chats and touches."""

from datetime import datetime
from typing import Any

import jwt

from router.http.auth import hash_of
from tests.story import Json
from tests.visitor import SITE

DEMO_SITE = f"sit_{hash_of(SITE)[:16]}"
KEY: Json = {
    "kid": "2026-11",
    "algorithm": "HS256",
    "key": "the shop and we alone know this one",
    "issuer": "https://shop.example",
    "audience": "onecase",
}
NEXT_KEY: Json = {**KEY, "kid": "2026-12", "key": "and this one, from December onwards"}


def word(subject: str, now: datetime, *, key: Json = KEY, algorithm: str = "HS256", **claims: Any) -> str:
    """The site's word for who somebody is."""
    said = {"sub": subject, "iss": key["issuer"], "aud": key["audience"], "exp": now.timestamp() + 3600, **claims}
    told = {name: one for name, one in said.items() if one is not None}
    return jwt.encode(told, key["key"], algorithm=algorithm, headers={"kid": key["kid"]})
