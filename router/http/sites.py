"""Site keys: what a site, an app or a device shows when it brings a contact, and who may use them how often.

Its one rule: a key says where a contact comes from and nothing of who touched; it opens one path and discloses nothing.
Kept like tokens: the hash alone.
"""

import ipaddress
import json
import re
import secrets
from dataclasses import dataclass

from channels.wire import WireRequest, WireResponse
from router.core.clock import Ms
from router.http.auth import Identity, Role, hash_of
from router.http.problems import Problem
from router.http.rates import Rates
from router.journal.base import Journal

HEADER = "X-Site-Key"
PREFIX = "site_"
LOOPBACK = "loopback"
"""In a list of origins: any page of this machine, whatever its port."""
RATE_PER_MIN = 600
ADDRESS_RATE_PER_MIN = 60
"""From one remote address with one key. A peer in a private network is a proxy or a house of ours, and is not one
person: it is not counted."""
PREFLIGHT_S = 600
ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,253}(?::\d{1,5})?|https?://\[[0-9a-f:.]{2,45}\](?::\d{1,5})?|loopback")
LOOPBACK_ORIGIN = re.compile(r"https?://(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Site:
    id: str
    name: str
    origins: tuple[str, ...]  # pages that may use the key in a browser; none: programs and devices only
    rate_per_min: int

    def allows(self, origin: str) -> bool:
        """Whether a page of `origin` may use this site's key."""
        plain = origin.lower()
        return plain in self.origins or (LOOPBACK in self.origins and LOOPBACK_ORIGIN.fullmatch(plain) is not None)


class Sites:
    """All site keys of this instance, at hand for every request."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._by_hash: dict[str, Site] = {}
        self._rates = Rates()

    async def load(self) -> None:
        for hashed, body in (await self._journal.records("site")).items():
            self._know(hashed, body)

    async def create(
        self, name: str, *, at: Ms, origins: tuple[str, ...] = (), rate_per_min: int = RATE_PER_MIN, key: str = ""
    ) -> tuple[Site, str]:
        """Make a site with a new key (or the given one); the key cannot be read again."""
        key = key or PREFIX + secrets.token_urlsafe(24)
        hashed = hash_of(key)
        fields = {"id": f"sit_{hashed[:16]}", "name": name, "origins": origins, "rate": rate_per_min, "created_at": at}
        body = json.dumps(fields)
        await self._journal.put_record("site", hashed, body)
        return self._know(hashed, body), key

    async def revoke(self, id: str) -> bool:
        """Forget a site and its key. True when there was one."""
        for hashed, site in list(self._by_hash.items()):
            if site.id == id:
                await self._journal.put_record("site", hashed, None)
                del self._by_hash[hashed]
                return True
        return False

    def all(self) -> list[Site]:
        return sorted(self._by_hash.values(), key=lambda site: site.id)

    def identify(self, request: WireRequest, *, now: Ms) -> Identity:
        """Which site sent a request. Raises Problem: 401 for a wrong key, 403 for a wrong origin, 429 for too many."""
        site = self._by_hash.get(hash_of(request.headers.get(HEADER, "")))
        if site is None:
            raise Problem(401, "Unknown site key", f"Send a site's key as `{HEADER}`. `POST /api/v1/sites` makes one.")
        origin = request.headers.get("Origin")
        if origin is not None and not site.allows(origin):
            raise Problem(403, "Wrong origin", f"The key of {site.id} may not be used by pages of this origin.")
        self._count(site, request.remote, now)
        return Identity(token=site.id, role=Role.SITE)

    def by_key(self, key: str) -> Site | None:
        """The site that has this key."""
        return self._by_hash.get(hash_of(key))

    def waits_ms(self, site: Site, remote: str, now: Ms) -> int:
        """0 where somebody new may come to this site from there now, and they count; else how long until they may."""
        line = _line_of(remote)
        waits = self._rates.wait_ms(f"{site.id} {line}", per_min=ADDRESS_RATE_PER_MIN, now=now) if line else 0
        return waits or self._rates.wait_ms(site.id, per_min=site.rate_per_min, now=now)

    def preflight(self, request: WireRequest) -> WireResponse:
        """What a browser asks before it sends a page's request. It does not say the key, so any site's origin will do.

        Raises Problem(403) for an origin of no site."""
        shared = self.shared(request)
        if not shared:
            raise Problem(403, "Wrong origin", "No site key may be used by pages of this origin.")
        allowed = {
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": f"Content-Type, Idempotency-Key, {HEADER}",
            "Access-Control-Max-Age": str(PREFLIGHT_S),
        }
        return WireResponse(204, headers=allowed)

    def shared(self, request: WireRequest) -> dict[str, str]:
        """Headers that let a page of the request's origin read the answer; none for an origin that no site has."""
        origin = request.headers.get("Origin")
        known = self._by_hash.get(hash_of(request.headers.get(HEADER, "")))
        if origin is None or not any(site.allows(origin) for site in ([known] if known else self._by_hash.values())):
            return {}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": "Retry-After",
            "Vary": "Origin",
        }

    # --- inside -------------------------------------------------------------------------------------------------------

    def _know(self, hashed: str, body: str) -> Site:
        fields = json.loads(body)
        site = Site(fields["id"], fields["name"], tuple(fields["origins"]), fields["rate"])
        self._by_hash[hashed] = site
        return site

    def _count(self, site: Site, remote: str, now: Ms) -> None:
        """First the one address, so that who is turned away takes nothing from the others."""
        if waits := self.waits_ms(site, remote, now):
            raise Problem(
                429,
                "Too many",
                "This key is used more often than it may be. Send again later.",
                headers={"Retry-After": str(-(-waits // 1000))},
            )


def _line_of(remote: str) -> str:
    """Who counts as one: an IPv4 address, or an IPv6 network of 64 bits, which is one line of a provider."""
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return ""
    if not address.is_global:
        return ""
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
