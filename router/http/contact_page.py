"""`/c/{token}`: the page that shows one contact to whoever has its link: what was said, that it came, what follows.

Its one rule: it shows that contact alone: no history, no names, no reference, and nothing that depends on whether we
know the address. Reading it changes nothing, so that a scanner may.
"""

import base64
import hmac
import re
from html import escape

from channels.wire import WireRequest, WireResponse
from router.core.addresses import AddressKind
from router.core.clock import Ms
from router.core.documents import Customer, Entry
from router.core.touches import contact_key
from router.core.words import DAY_MS, SECOND_MS
from router.http.service import Service
from router.http.views import stamp

PREFIX = "/c/"
PAGE_DAYS = 14
"""How long a page can be read."""
PURPOSE = b"a page that shows one contact"
SIGNATURE_BYTES = 18
ROWS_READ = 8
"""Rows of the timeline among which a contact's own ones stand: its words, its context, its wish."""
TOKEN = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]{24})", re.ASCII)
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}
FIRST = re.compile(r"\s*([A-Za-z]{2})\b")


def page_path(secret: bytes, contact: str, *, now: Ms) -> str:
    """The path of a contact's page. `secret`: the instance's."""
    said = f"{contact.removeprefix('con_')}.{(now + PAGE_DAYS * DAY_MS) // SECOND_MS:x}"
    return f"{PREFIX}{said}.{_signature(secret, said)}"


def contact_in(secret: bytes, path: str, *, now: Ms) -> str | None:
    """The contact that a path of ours shows; None for one that we did not sign, or whose time is over."""
    found = TOKEN.fullmatch(path.removeprefix(PREFIX))
    if found is None:
        return None
    id, until, signature = found.groups()
    if not hmac.compare_digest(signature, _signature(secret, f"{id}.{until}")):
        return None
    return f"con_{id}" if int(until, 16) * SECOND_MS > now else None


def _signature(secret: bytes, said: str) -> str:
    digest = hmac.digest(hmac.digest(secret, PURPOSE, "sha256"), said.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:SIGNATURE_BYTES]).decode()


class ContactPage:
    def __init__(self, service: Service) -> None:
        self._node = service.node

    async def __call__(self, request: WireRequest) -> WireResponse:
        if request.method not in ("GET", "HEAD"):
            return WireResponse(405, headers={"Allow": "GET, HEAD", **HEADERS})
        path = request.url.partition("?")[0]
        contact = contact_in(self._node.means.secret, path, now=self._node.clock.now())
        rows = await self._rows(contact) if contact else []
        language = self._language(request)
        if not rows:
            return _page(404, language, f"<p>{self._say('page_gone', language)}</p>")
        return _page(200, language, await self._shown(rows, language))

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _rows(self, contact: str) -> list[Entry]:
        """The contact's own rows of the timeline, its words first."""
        loaded = await self._node.journal.load_by_address(contact_key(contact))
        case, _, n = (loaded.address or "").partition("/")
        if not n:
            return []
        rows = await self._node.journal.entries(case, after=int(n) - 1, limit=ROWS_READ)
        return [row for row in rows if row.contact == contact]

    async def _shown(self, rows: list[Entry], language: str) -> str:
        first = rows[0]
        words = await self._node.journal.words([str(r.words) for r in rows if r.words])
        told = [words.get(row.words or "", "") for row in rows if row.kind == "context"]
        follows = "page_call" if any(row.facts.get("calls") for row in rows) else "page_answer"
        if not await self._is_reachable(first):
            follows = "page_no_address"
        said = words.get(first.words or "", "")
        until = stamp(first.at + PAGE_DAYS * DAY_MS)[:10]
        parts = [
            f"<h1>{self._say('page_received', language)}</h1>",
            f"<p><time datetime='{stamp(first.at)}'>{stamp(first.at)[:16].replace('T', ' ')} UTC</time></p>",
            f"<blockquote>{escape(said)}</blockquote>" if said else "",
            *(f"<pre>{escape(one)}</pre>" for one in told),
            f"<p>{self._say(follows, language)}</p>",
            f"<footer>{self._say('page_until', language, until=until)}</footer>",
        ]
        return "".join(parts)

    async def _is_reachable(self, row: Entry) -> bool:
        """Whether there is a way to answer on the address that was given with this contact."""
        loaded = await self._node.journal.load_by_document(row.case)
        customer = loaded.state.get(loaded.customer or "")
        address = customer.address(row.address) if isinstance(customer, Customer) and row.address else None
        return address is not None and address.facts.kind in (AddressKind.PHONE, AddressKind.MAIL)

    def _language(self, request: WireRequest) -> str:
        """By what the reader's browser prefers: what the customer last wrote in is not for everybody to see."""
        found = FIRST.match(request.headers.get("Accept-Language", ""))
        phrases = self._node.means.policy.phrases
        asked = found[1].lower() if found else ""
        return asked if asked in phrases.parts["page_received"] else phrases.language

    def _say(self, key: str, language: str, **plain: str) -> str:
        return escape(self._node.means.policy.phrase(key, language, **plain))


def _page(status: int, language: str, body: str) -> WireResponse:
    text = (
        f"<!doctype html><html lang={escape(language)}><meta charset=utf-8>"
        "<meta name=robots content='noindex, nofollow'><meta name=referrer content=no-referrer>"
        "<meta name=viewport content='width=device-width'><title>onecase</title>"
        "<style>:root{color-scheme:light dark}body{font:18px/1.5 system-ui;margin:2rem auto;max-width:36rem;"
        "padding:0 1rem}blockquote,pre{margin:1rem 0;padding:.6rem 1rem;border-left:3px solid #8888;"
        "white-space:pre-wrap;overflow-wrap:anywhere;font:inherit}footer,time{color:#777;font-size:.85em}</style>"
        f"<main>{body}</main></html>"
    )
    return WireResponse(status, text.encode("utf-8", "replace"), "text/html; charset=utf-8", HEADERS)
