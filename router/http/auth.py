"""Who is asking: tokens with a role, browser sessions made from them, and what each role may do.

Tokens are random, kept as SHA-256 only. A browser session is the token in an HttpOnly, SameSite=Strict cookie.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from channels.wire import WireRequest
from router.core.clock import Ms
from router.core.commands import SYSTEM, NoteToken
from router.core.words import AgentId
from router.http.problems import Problem
from router.journal.base import Journal

UNTOLD = "token_untold"
"""Records of what was done with tokens while no service ran, by `made/ID` or `revoked/ID`, until the log holds it."""

COOKIE = "onecase_session"
PREFIX = "oct_"


class Role(StrEnum):
    AGENT = "agent"
    LEAD = "lead"
    OPS = "ops"
    ADMIN = "admin"
    INTEGRATION = "integration"
    SITE = "site"  # the holder of a site's key: no token, and nobody whom anything is shown to


TOKEN_ROLES = tuple(role for role in Role if role is not Role.SITE)
ANYBODY = frozenset(TOKEN_ROLES)
DESK = frozenset({Role.AGENT, Role.LEAD, Role.ADMIN})
LEADS = frozenset({Role.LEAD, Role.OPS, Role.ADMIN})
OVERSEERS = frozenset({Role.LEAD, Role.ADMIN})
OPS = frozenset({Role.OPS, Role.ADMIN})
ADMIN = frozenset({Role.ADMIN})
WRITERS = frozenset({Role.AGENT, Role.LEAD, Role.ADMIN, Role.INTEGRATION})


@dataclass(frozen=True, slots=True)
class Identity:
    """The holder of a token. `agent` is set for people who take work."""

    token: str  # the token's id, never the token
    role: Role
    agent: AgentId | None = None
    by_cookie: bool = False


class Tokens:
    """All tokens of this instance, at hand for every request."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._secret = b""
        self._by_hash: dict[str, Identity] = {}

    async def load(self, secret: bytes) -> None:
        """Read all tokens; `secret` is the instance's."""
        self._secret = secret
        for hashed, body in (await self._journal.records("token")).items():
            self._know(hashed, body)

    async def create(self, role: Role, *, at: Ms, agent: AgentId | None = None, token: str | None = None) -> str:
        """Make a token (or take the given one) and return it; it cannot be read again."""
        token = token or new_token()
        hashed = hash_of(token)
        body = json.dumps({"id": id_of(token), "role": role.value, "agent": agent, "created_at": at})
        await self._journal.put_record("token", hashed, body)
        self._know(hashed, body)
        return token

    async def create_for_agent(self, agent: AgentId, role: Role, *, at: Ms) -> str:
        """The one token of an agent, derived from the instance's secret, so that asking twice gives it twice."""
        digest = hmac.digest(self._secret, f"token/{agent}".encode(), "sha256")
        return await self.create(role, at=at, agent=agent, token=PREFIX + digest.hex())

    async def revoke(self, id: str) -> bool:
        """Forget a token. True when there was one."""
        for hashed, identity in list(self._by_hash.items()):
            if identity.token == id:
                await self._journal.put_record("token", hashed, None)
                del self._by_hash[hashed]
                return True
        return False

    async def note(self, what: str, token: str, role: Role) -> None:
        """Keep for the audit what is about to be done with a token (its id) where no service runs."""
        await self._journal.put_record(UNTOLD, f"{what}/{token}", role.value)

    async def tell(self, take: Callable[[NoteToken], Awaitable[object]]) -> None:
        """Bring what was kept into the log."""
        for id, role in sorted((await self._journal.records(UNTOLD)).items()):
            what, _, token = id.partition("/")
            await take(NoteToken(key=f"token/{id}", what=what, token=token, role=role, actor=SYSTEM))
            await self._journal.put_record(UNTOLD, id, None)

    def all(self) -> list[Identity]:
        return sorted(self._by_hash.values(), key=lambda i: i.token)

    def identity(self, token: str) -> Identity | None:
        return self._by_hash.get(hash_of(token))

    def _know(self, hashed: str, body: str) -> None:
        fields = json.loads(body)
        agent = AgentId(fields["agent"]) if fields.get("agent") else None
        self._by_hash[hashed] = Identity(token=fields["id"], role=Role(fields["role"]), agent=agent)


def new_token() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def id_of(token: str) -> str:
    """By which a token is spoken of."""
    return "tok_" + hash_of(token)[:16]


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def identify(request: WireRequest, tokens: Tokens) -> Identity:
    """Who sent a request. Raises Problem(401) for nobody, Problem(403) for a page of another site."""
    header = request.headers.get("Authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "bearer" and (found := tokens.identity(token.strip())):
        return found
    if not header and (cookie := session_cookie(request)) and (found := tokens.identity(cookie)):
        refuse_foreign_origin(request)
        return Identity(token=found.token, role=found.role, agent=found.agent, by_cookie=True)
    raise Problem(
        401,
        "Not signed in",
        "Send a valid token as `Authorization: Bearer TOKEN`. `onecase token create` makes one.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def refuse_foreign_origin(request: WireRequest) -> None:
    """A browser that acts for a page of another site is turned away. Programs send no Origin."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise Problem(403, "Foreign origin", "This page may not act for you here.")
    if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.method != "GET":
        raise Problem(403, "Foreign origin", "This page may not act for you here.")


def session_cookie(request: WireRequest) -> str | None:
    try:
        cookies = SimpleCookie(request.headers.get("Cookie", ""))
    except CookieError:
        return None
    morsel = cookies.get(COOKIE)
    return morsel.value if morsel else None


def require(identity: Identity, allowed: frozenset[Role]) -> None:
    if identity.role not in allowed:
        names = ", ".join(sorted(allowed))
        raise Problem(403, "Not allowed", f"Your role is {identity.role}; this needs one of: {names}.")
