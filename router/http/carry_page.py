"""`/c/{token}` of a link that carries a case: a place to write, which whoever opens it first keeps.

Its one rule: it shows no history. Looking at it uses nothing, so that a scanner may; the first words written on
it bind it to that browser, and whoever writes on it from another one is somebody as any other.
"""

import base64
import hmac
import secrets
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from channels.wire import WireRequest
from router.core.commands import TakeContact
from router.core.contacts import clean_text
from router.core.redaction import without_cards
from router.core.words import Channel, Evidence
from router.http.problems import Problem
from router.http.rates import Rates
from router.node.carrying import CARRY_MS, LINK, Carried
from router.node.node import Node

WRITES_PER_MIN = 20
BODY_BYTES_MAX = 256 * 1024
PURPOSE = b"a browser that a link is bound to"
COOKIE = "onecase_carried"
SENDER = "page:"
"""What the address of a bound browser begins with; the rest of it is its link's name."""
NOBODY = "anonymous"


class CarryPage:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._rates = Rates()

    async def take(self, request: WireRequest, carried: Carried) -> str:
        """Words that were written on the page; the cookie that binds it. Raises Problem: 413, 422, 429.

        Its origin says nothing, for pages that tell no referrer send none; whoever can name the link has it."""
        now = self._node.clock.now()
        if waits := self._rates.wait_ms(carried.once, per_min=WRITES_PER_MIN, now=now):
            raise Problem(429, "Too many", "Wait a little.", headers={"Retry-After": str(-(-waits // 1000))})
        if len(request.body) > BODY_BYTES_MAX:
            raise Problem(413, "Too large", f"The body is larger than {BODY_BYTES_MAX} bytes.")
        form = parse_qs(request.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
        text = without_cards(clean_text(form.get("text", [""])[0])).strip()
        if not text:
            raise Problem(422, "Cannot be used", "Write something first.")
        press = form.get("press", [""])[0][:40] or secrets.token_hex(8)
        is_theirs = self.is_bound(request, carried)
        is_first = not self._node.carrying.is_used(carried)
        command = TakeContact(
            key=f"page/{carried.once}/{press}",
            channel=Channel.PAGE,
            sender=f"{SENDER}{carried.once}" if is_theirs or is_first else NOBODY,
            via=Channel.PAGE,
            at=now,
            text=text,
            evidence=Evidence.PROOF if is_theirs else Evidence.WEAK,
            grounds=("signed_token",) if is_theirs else (),
            thread=carried.case if is_theirs else None,
            thread_by=LINK if is_theirs else "",
            carry=carried.token if is_first and not is_theirs else "",
        )
        await self._node.take(command)
        return self._cookie(request, carried) if is_first or is_theirs else ""

    def is_bound(self, request: WireRequest, carried: Carried) -> bool:
        """Whether this browser is the one that wrote on it first."""
        try:
            cookie = SimpleCookie(request.headers.get("Cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._mark(carried).encode())

    def _mark(self, carried: Carried) -> str:
        key = hmac.digest(self._node.means.secret, PURPOSE, "sha256")
        return base64.urlsafe_b64encode(hmac.digest(key, carried.token.encode(), "sha256")[:24]).decode()

    def _cookie(self, request: WireRequest, carried: Carried) -> str:
        path = request.url.partition("?")[0]
        return f"{COOKIE}={self._mark(carried)}; Path={path}; Max-Age={CARRY_MS // 1000}; HttpOnly; SameSite=Strict"


def writing_form(path: str, *, label: str, send: str) -> str:
    """A box to write in. Its `press` makes words that are sent twice one."""
    return (
        f"<form method=post action='{escape(path)}'><input type=hidden name=press value='{secrets.token_hex(8)}'>"
        f"<label>{escape(label)}<textarea name=text rows=5 maxlength=20000 required></textarea></label>"
        f"<button>{escape(send)}</button></form>"
    )


def time_form(path: str, *, label: str, send: str) -> str:
    """One line for another time, in their own words."""
    return (
        f"<form method=post action='{escape(path)}'><input type=hidden name=press value='{secrets.token_hex(8)}'>"
        f"<label>{escape(label)} <input name=text maxlength=200 required></label> "
        f"<button>{escape(send)}</button></form>"
    )


def choice_form(path: str, *, says: str) -> str:
    """One button that says what stands on it."""
    return (
        f"<form method=post action='{escape(path)}'><input type=hidden name=press value='{secrets.token_hex(8)}'>"
        f"<button name=text value='{escape(says)}'>{escape(says)}</button></form>"
    )
