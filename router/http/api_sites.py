"""Site keys over the API: made once, listed without their key, revoked."""

from typing import Annotated

from pydantic import AfterValidator, Field

from router.http.auth import ADMIN
from router.http.problems import Problem
from router.http.routes import Body, Call, Page, Replied, Reply, Route, id_cursor
from router.http.service import Service
from router.http.sites import ORIGIN, RATE_PER_MIN, Site

ORIGINS_MAX = 50


def _origin(given: str) -> str:
    plain = given.strip().lower().rstrip("/")
    if not ORIGIN.fullmatch(plain):
        raise ValueError("an origin is https://shop.example, with a port where it has one; or loopback")
    return plain


class SiteBody(Body):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    origins: Annotated[list[Annotated[str, AfterValidator(_origin)]], Field(max_length=ORIGINS_MAX)] = Field(
        default_factory=list[str],
        description="pages that may use the key in a browser, such as https://shop.example; none: programs and devices",
    )
    rate_per_min: int = Field(RATE_PER_MIN, ge=1, le=60_000, description="contacts a minute with this key")


class SiteOut(Reply):
    id: str
    name: str
    origins: list[str]
    rate_per_min: int


class SiteMade(SiteOut):
    key: str = Field(description="shown once and never kept")


class SitePage(Reply):
    items: list[SiteOut]
    next: str | None


class SiteGone(Reply):
    done: bool


class SiteApi:
    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        one = "/api/v1/sites"
        return [
            Route("POST", one, "Make a key for a site, app or device", ADMIN, self.make, SiteMade, 201, SiteBody,
                  tag="sites"),
            Route("GET", one, "Sites, apps and devices", ADMIN, self.list, SitePage, query=Page, tag="sites"),
            Route("DELETE", f"{one}/{{id}}", "Revoke a site's key", ADMIN, self.revoke, SiteGone, tag="sites"),
        ]  # fmt: skip

    async def make(self, call: Call) -> Replied:
        """Not repeatable on purpose: a key is shown once and never kept."""
        body: SiteBody = call.body
        await self._service.once(call)
        site, key = await self._service.sites.create(
            body.name,
            at=self._service.node.clock.now(),
            origins=tuple(dict.fromkeys(body.origins)),
            rate_per_min=body.rate_per_min,
        )
        return Replied(201, SiteMade(key=key, **_fields(site)))

    async def list(self, call: Call) -> Replied:
        after = id_cursor(call.query.after, "sit_") or ""
        rest = [site for site in self._service.sites.all() if site.id > after]
        page = rest[: call.query.limit]
        following = page[-1].id if len(rest) > len(page) else None
        return Replied(200, SitePage(items=[SiteOut(**_fields(site)) for site in page], next=following))

    async def revoke(self, call: Call) -> Replied:
        if not await self._service.sites.revoke(call.path["id"]):
            raise Problem(404, "Not found", "There is no such site.", kind="not_found")
        return Replied(200, SiteGone(done=True))


def _fields(site: Site) -> dict:
    return {"id": site.id, "name": site.name, "origins": list(site.origins), "rate_per_min": site.rate_per_min}
