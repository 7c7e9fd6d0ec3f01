"""`/c/{token}`: the page that shows one contact to whoever has its link: what was said, that it came, what follows.

Its one rule: it shows that contact alone: no history, no names, no reference, and nothing that depends on whether we
know the address. Reading it changes nothing, so that a scanner may. A device reads the same as JSON or as a line.
"""

import base64
import hmac
import json
import re
from datetime import datetime
from enum import StrEnum
from html import escape
from typing import Any

from channels.wire import WireRequest, WireResponse
from policies.call_hours import said_window
from router.core.clock import Ms
from router.core.documents import Entry
from router.core.touches import contact_key
from router.core.waits.said import Said, phrase_of
from router.core.words import DAY_MS, SECOND_MS
from router.http.carry_page import CarryPage, choice_form, time_form, writing_form
from router.http.contact_standing import PHRASES, Standing, Stands, call_time, stands
from router.http.service import CARRY_PATH, Service
from router.http.views import promise_out, stamp, wait_out
from router.node.carrying import Carried

PREFIX = CARRY_PATH
PAGE_DAYS = 14
"""How long a page can be read."""
PURPOSE = b"a page that shows one contact"
SIGNATURE_BYTES = 18
ROWS_READ = 8
"""Rows of the timeline among which a contact's own ones stand: its words, its context, its wish."""
TOKEN = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{1,12})\.([A-Za-z0-9_-]{24})", re.ASCII)
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}


class Form(StrEnum):
    PAGE = "text/html"
    JSON = "application/json"
    TEXT = "text/plain"


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
        self._carry = CarryPage(service.node)

    async def __call__(self, request: WireRequest) -> WireResponse:
        """The page, or for a device the same as JSON or as one line of text, by what it accepts."""
        path = request.url.partition("?")[0]
        if (carried := await self._node.carrying.open(path.removeprefix(PREFIX))) is not None:
            return await self._carried(request, carried)
        if request.method not in ("GET", "HEAD"):
            return WireResponse(405, headers={"Allow": "GET, HEAD", **HEADERS})
        contact = contact_in(self._node.means.secret, path, now=self._node.clock.now())
        rows, device_key = await self._rows(contact) if contact else ([], "")
        language, form = self._language(request), _form(request)
        if not rows:
            gone = self._say("page_gone", language)
            return (
                _page(404, language, f"<p>{escape(gone)}</p>") if form is Form.PAGE else _told(404, form, "gone", gone)
            )
        where = await stands(self._node, rows, device_key=device_key)
        if form is Form.PAGE:
            return _page(200, language, await self._shown(rows, where, language))
        said = self._read_out(where, language)
        if where.standing is Standing.UNPAIRED:  # a page says that above; a lamp with one line has no other to say it
            said = f"{self._say('page_received', language)} {said}"
        return _told(200, form, where.standing, said, **_facts(rows[0], where))

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _carried(self, request: WireRequest, carried: Carried) -> WireResponse:
        """A link that carries a case: a place to write, and no history."""
        path, language = request.url.partition("?")[0], self._language(request)
        if request.method == "POST":
            cookie = await self._carry.take(request, carried)
            bound = {"Set-Cookie": cookie} if cookie else {}
            return WireResponse(303, headers={"Location": f"{path}?sent", **bound, **HEADERS})
        is_open = self._carry.is_bound(request, carried) or not self._node.carrying.is_used(carried)
        sent = request.url.endswith("?sent")
        says = "page_received" if sent else ("page_carry" if is_open else "page_used")
        form = writing_form(path, label=self._say("page_write", language), send=self._say("page_send", language))
        call = await self._call(carried, path, language, sent=sent) if is_open else ""
        call += self._wait(self._node.waits.of_case(carried.case), language) if is_open else ""
        return _page(200, language, f"<h1>{escape(self._say(says, language))}</h1>{call}{form}")

    async def _call(self, carried: Carried, path: str, language: str, *, sent: bool) -> str:
        """The call that they were promised and what we asked back about it, with forms for a yes, another time, the
        same in writing, or no call: words, as by any channel. What was `sent` is answered by what happens now."""
        call = await call_time(self._node, carried.case, language)
        why = call.why if call.asked or sent else ""
        if not (call.promised or call.asked):
            nothing = self._say("page_no_call", language)
            said = (why, nothing) if sent and not call.by_call else ()
            return "".join(f"<p>{escape(one)}</p>" for one in said if one)
        parts = [f"<p>{escape(said)}</p>" for said in (call.promised, why, call.asked) if said]
        parts += [choice_form(path, says=self._say("page_yes", language))] if call.asked else []
        parts.append(
            time_form(path, label=self._say("page_other_time", language), send=self._say("page_send", language))
        )
        choices = ("page_by_text", "page_do_not_call") if call.promised else ()
        return "".join((*parts, *(choice_form(path, says=self._say(one, language)) for one in choices)))

    def _wait(self, wait: Said | None, language: str) -> str:
        """How long it still is until somebody is there, as the phone says it; nothing where they stand in no line."""
        if wait is None:
            return ""
        phrase, names = phrase_of(wait)
        return f"<p>{escape(self._say(phrase, language, **names))}</p>"

    async def _rows(self, contact: str) -> tuple[list[Entry], str]:
        """The contact's own rows of the timeline, its words first, and the id of the key that its device has."""
        loaded = await self._node.journal.load_by_address(contact_key(contact))
        case, _, rest = (loaded.address or "").partition("/")
        n, _, device_key = rest.partition("/")
        if not n:
            return [], ""
        rows = await self._node.journal.entries(case, after=int(n) - 1, limit=ROWS_READ)
        return [row for row in rows if row.contact == contact], device_key

    async def _shown(self, rows: list[Entry], where: Stands, language: str) -> str:
        first = rows[0]
        words = await self._node.journal.words([str(r.words) for r in rows if r.words])
        told = [words.get(row.words or "", "") for row in rows if row.kind == "context"]
        said = words.get(first.words or "", "")
        until = self._local(_until(first))[:10]
        parts = [
            f"<h1>{escape(self._say('page_received', language))}</h1>",
            f"<p><time datetime='{stamp(first.at)}'>{escape(self._local(first.at))}</time></p>",
            f"<blockquote>{escape(said)}</blockquote>" if said else "",
            *(f"<pre>{escape(one)}</pre>" for one in told),
            f"<p>{escape(self._says(rows, where, language))}</p>",
            self._wait(where.wait, language),
            f"<footer>{escape(self._say('page_until', language, until=until))}</footer>",
        ]
        return "".join(parts)

    def _local(self, at: Ms) -> str:
        """An instant on our own clock, with its place: where the reader is must not show on a page of anybody's."""
        policy = self._node.means.policy
        zone = policy.hours_of(next(iter(policy.queues))).zone
        place = zone.key.rpartition("/")[2].replace("_", " ")
        return f"{datetime.fromtimestamp(at / SECOND_MS, zone):%Y-%m-%d %H:%M} ({place})"

    def _says(self, rows: list[Entry], where: Stands, language: str) -> str:
        """Where it stands; of a call at a time that they named, when."""
        timed = next((row.facts for row in rows if "from" in row.facts and "doubt" not in row.facts), None)
        if timed is None or where.standing is not Standing.CALL:
            return self._say(PHRASES[where.standing], language)
        window, now = (Ms(int(timed["from"] or 0)), Ms(int(timed["until"] or 0))), self._node.clock.now()
        said = said_window(window, now, zone=str(timed["zone"]), language=language, names_place=True)
        return self._say("page_promise", language, window=said)

    def _read_out(self, where: Stands, language: str) -> str:
        """What a device says: of a call at a time that its household was promised, when."""
        promise = where.promise
        if promise is None or promise.window is None or promise.by_turn or where.standing is not Standing.CALL:
            return self._say(PHRASES[where.standing], language)
        policy = self._node.means.policy
        zone = next(iter(where.zones), policy.hours_of(next(iter(policy.queues))).zone.key)
        names_place = len(where.zones) != 1
        said = said_window(
            promise.window, self._node.clock.now(), zone=zone, language=language, names_place=names_place
        )  # fmt: skip
        return self._say("page_promise", language, window=said)

    def _language(self, request: WireRequest) -> str:
        """By what the reader's browser prefers: what the customer last wrote in is not for everybody to see."""
        found = FIRST.match(request.headers.get("Accept-Language", ""))
        phrases = self._node.means.policy.phrases
        asked = found[1].lower() if found else ""
        return asked if asked in phrases.parts["page_received"] else phrases.language

    def _say(self, key: str, language: str, **plain: str) -> str:
        return self._node.means.policy.phrase(key, language, **plain)


def _form(request: WireRequest) -> Form:
    """What a device asks for; everybody else gets the page."""
    accept = request.headers.get("Accept", "").lower()
    return next((form for form in (Form.JSON, Form.TEXT) if form in accept and "text/html" not in accept), Form.PAGE)


def _until(first: Entry) -> Ms:
    return Ms(first.at + PAGE_DAYS * DAY_MS)


def _facts(first: Entry, where: Stands) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": first.contact, "at": stamp(first.at), "until": stamp(_until(first))}
    if where.paired is not None:
        shown["paired"] = where.paired
    if where.paired:
        shown["promise"] = _promise_of(where)
        shown["place_at"] = stamp(where.place_at) if where.place_at is not None else None
        shown["wait"] = wait_out(where.wait).model_dump() if where.wait is not None else None
    return shown


def _promise_of(where: Stands) -> dict[str, Any] | None:
    """What was promised, and no ids of other things."""
    if where.promise is None:
        return None
    shown = promise_out(where.promise)
    return {"kind": shown.kind, "state": shown.state, "callback": shown.callback, "window": shown.window}


def _told(status: int, form: Form, state: str, says: str, **more: Any) -> WireResponse:
    """As JSON, or as one line: the state in a word, a colon, and the sentence for people."""
    if form is Form.TEXT:
        return WireResponse(
            status, f"{state}: {says}\n".encode("utf-8", "replace"), f"{Form.TEXT}; charset=utf-8", HEADERS
        )
    body = json.dumps({"state": state, "says": says, **more}, ensure_ascii=False)
    return WireResponse(status, body.encode("utf-8", "replace"), Form.JSON, HEADERS)


STYLE = """
:root{color-scheme:light dark;--house:#1f6f5c;--line:#8886}
body{font:18px/1.5 system-ui;margin:2rem auto;max-width:34rem;padding:0 1rem}
h1{font-size:1.5em;line-height:1.25}
blockquote,pre{margin:1rem 0;padding:.6rem 1rem;border-left:3px solid var(--line);white-space:pre-wrap;
overflow-wrap:anywhere;font:inherit}
form{margin:1rem 0}label{display:block}
input:not([type]),textarea{display:block;width:100%;box-sizing:border-box;margin:.4rem 0 .6rem;padding:.6rem;
font:inherit;border:1px solid var(--line);border-radius:.5rem}
button{font:inherit;padding:.5rem 1.2rem;border:1px solid var(--house);border-radius:.5rem;background:none;
color:inherit;cursor:pointer}
button:not([name]){background:var(--house);color:#fff}
footer,time{color:#777;font-size:.85em}
""".replace("\n", "")


def _page(status: int, language: str, body: str) -> WireResponse:
    text = (
        f"<!doctype html><html lang={escape(language)}><meta charset=utf-8>"
        "<meta name=robots content='noindex, nofollow'><meta name=referrer content=no-referrer>"
        "<meta name=viewport content='width=device-width'><title>onecase</title>"
        "<link rel=icon href='data:,'>"
        f"<style>{STYLE}</style>"
        f"<main>{body}</main></html>"
    )
    return WireResponse(status, text.encode("utf-8", "replace"), "text/html; charset=utf-8", HEADERS)
