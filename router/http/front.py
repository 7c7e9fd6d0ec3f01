"""The front door, without sockets: a `WireRequest` in, a `WireResponse` out.

Webhooks first (they are most), then the API, then pages. What a stranger sends never becomes a trace or a 5xx of ours.
"""

import asyncio
import hashlib
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import structlog
from prometheus_client import generate_latest

from channels.base import Channel, Refusal
from channels.wire import WireRequest, WireResponse
from router.core.calls import KNOWN
from router.core.clock import Ms
from router.core.commands import CountRefused, NoteCall, NoteRecording, RecordDelivery
from router.core.errors import Reason, Rejected
from router.core.words import SECOND_MS
from router.http.api_calls import CallApi
from router.http.api_candidates import CandidateApi
from router.http.api_cases import CaseApi
from router.http.api_chat import ChatApi
from router.http.api_contacts import PATH as CONTACTS_PATH
from router.http.api_contacts import ContactApi
from router.http.api_devices import DeviceApi
from router.http.api_erasing import ErasingApi
from router.http.api_media import MediaApi
from router.http.api_merges import MergeApi
from router.http.api_others import OthersApi
from router.http.api_people import PeopleApi
from router.http.api_promises import PromiseApi
from router.http.api_quarantine import QuarantineApi
from router.http.api_sites import SiteApi
from router.http.api_staffing import StaffingApi
from router.http.api_switch import SwitchApi
from router.http.api_system import SystemApi
from router.http.api_waits import WaitApi
from router.http.api_windows import WindowApi
from router.http.api_work import WorkApi
from router.http.auth import Identity, identify, require
from router.http.lines import in_lines
from router.http.metrics import NodeMetrics
from router.http.openapi import docs_page, openapi
from router.http.problems import Problem, problem_of
from router.http.routes import Call, Empty, Route, RouteTable, read_body, read_query
from router.http.service import Service
from router.http.sites import HEADER as SITE_KEY
from router.http.speaking import speak
from router.journal.base import JournalStopped
from router.node.node import Node

DESK_PATH = "/desk"
"""Where people work; whoever opens the bare address is sent there."""
WORD_CHARS_MAX = 40
WORDS_MAX = 100
"""Words of the provider that are unknown to us and told in the log; others are counted only."""
REFUSED_EVERY_MS = 10 * SECOND_MS
"""Refused webhooks are audited at most this often, with their count."""
APIS = (
    ContactApi,
    CaseApi,
    CandidateApi,
    ChatApi,
    PeopleApi,
    MergeApi,
    ErasingApi,
    OthersApi,
    CallApi,
    PromiseApi,
    WorkApi,
    QuarantineApi,
    SystemApi,
    StaffingApi,
    SiteApi,
    MediaApi,
    DeviceApi,
    SwitchApi,
    WaitApi,
    WindowApi,
)
KEY_PATTERN = re.compile(r"^[\x21-\x7e]{1,200}$")
ETAG_PATTERN = re.compile(r'^(?:W/)?"?(\d{1,18})"?$')

log = structlog.get_logger("onecase.http")
PageHandler = Callable[[WireRequest], Awaitable[WireResponse]]


class Front:
    def __init__(
        self,
        service: Service,
        metrics: NodeMetrics,
        *,
        pages: Mapping[str, PageHandler] | None = None,
        make_key: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._service = service
        self._node: Node = service.node
        self._metrics = metrics
        self._make_key = make_key
        self._pages = dict(pages or {})
        self._webhooks: dict[str, Channel] = {path: c for c in self._node.channels for path in c.paths}
        self.table = RouteTable([route for api in APIS for route in api(service).routes()])
        self._described: dict[str, bytes] = {}
        self._refused: dict[str, int] = {}
        self._unknown: set[str] = set()

    @property
    def webhooks(self) -> Collection[str]:
        """The paths to which providers bring what happened."""
        return self._webhooks.keys()

    async def handle(self, request: WireRequest) -> WireResponse:
        """Answer one request; it never raises."""
        path = request.url.partition("?")[0]
        answer = await self._answer(request, path)
        if path != CONTACTS_PATH:
            return answer
        answer = in_lines(request, answer, now=self._node.clock.now())
        if "Origin" not in request.headers:
            return answer
        return replace(answer, headers={**(answer.headers or {}), **self._service.sites.shared(request)})

    async def _answer(self, request: WireRequest, path: str) -> WireResponse:
        try:
            channel = self._webhooks.get(path)
            if channel is not None:
                return await self._webhook(channel, request)
            return await self._other(request, path)
        except Problem as problem:
            return problem.response()
        except Rejected as rejected:
            return problem_of(rejected).response()
        except JournalStopped:
            return _unready("The service is stopping: its disk failed. Nothing was taken; send again later.")
        except Exception as error:  # the loop's edge: a bug of ours must not show itself to a stranger
            log.exception("a request failed", method=request.method, path=path, kind=type(error).__name__)
            return Problem(500, "Our fault", "Something failed on our side; it was noted.").response()

    # --- webhooks -----------------------------------------------------------------------------------------------------

    async def _webhook(self, channel: Channel, request: WireRequest) -> WireResponse:
        if request.method not in ("POST", "GET"):
            raise Problem(405, "Method not allowed", "Webhooks come by POST.", headers={"Allow": "POST"})
        if not self._node.is_ready:
            self._turn_away(channel, request)
            return _unready("The service is starting; what comes meanwhile is fetched from the provider.")
        try:
            received = channel.receive(request, self._node.clock.now())
        except Refusal as refusal:
            await self._refuse(channel, refusal)
            title = "Refused" if refusal.status == 403 else "Cannot be read"
            raise Problem(refusal.status, title, "This request was not let in.") from None
        self._node.faults.reach("webhook.before_decide")
        if received.call is not None:
            answer = await speak(self._node, channel, received)
            self._node.faults.reach("webhook.before_answer")
            return answer
        for command in received.commands:
            if isinstance(command, NoteCall) and command.state not in KNOWN:
                self._note_unknown(channel, command.state)
            if isinstance(command, RecordDelivery | NoteCall | NoteRecording):
                await self._node.take_delivery(command)
            else:
                await self._node.take(command)
        self._node.faults.reach("webhook.before_answer")
        return received.response

    def _turn_away(self, channel: Channel, request: WireRequest) -> None:
        """Whoever is on the line and comes too early for what to say is fetched once we can say it."""
        with suppress(Refusal):
            if (call := channel.receive(request, self._node.clock.now()).call) is not None:
                self._node.dialler.turn_away(call)

    def _note_unknown(self, channel: Channel, word: str) -> None:
        """Count a word on a call that we do not know; the word itself is told once, as it came."""
        self._metrics.unknown_states += 1
        told = word[:WORD_CHARS_MAX]
        if told not in self._unknown and len(self._unknown) < WORDS_MAX:
            self._unknown.add(told)
            log.warning("call_state_unknown", channel=channel.id, word=told)

    async def _refuse(self, channel: Channel, refusal: Refusal) -> None:
        """Count it; audit the first at once and the rest of a flood in one line every few seconds."""
        self._metrics.refused += 1
        what = f"{channel.id}: {refusal}"
        waiting = what in self._refused
        self._refused[what] = self._refused.get(what, 0) + 1
        if not waiting:
            await self._write_refused(what)
            self._refused[what] = 0
            at = Ms(self._node.clock.now() + REFUSED_EVERY_MS)
            self._node.deadlines.set(f"refused {what}", at, lambda: self._later(what))

    def _later(self, what: str) -> None:
        count = self._refused.pop(what, 0)
        if count:
            self._node.spawn(self._write_refused(what, count), "audit refused")

    async def _write_refused(self, what: str, count: int = 1) -> None:
        log.warning("webhook refused", what=what, count=count)
        await self._node.take(CountRefused(key=f"refused/{self._make_key()}", what=what, count=count))

    # --- everything else ----------------------------------------------------------------------------------------------

    async def _other(self, request: WireRequest, path: str) -> WireResponse:
        if path.startswith("/api/"):
            return await self._api(request, path)
        match path:
            case "/healthz":
                return _plain(
                    200 if not self._node.failed.done() else 503, "ok" if not self._node.failed.done() else "failed"
                )
            case "/readyz":
                return _plain(200, "ready") if self._node.is_ready else _unready("The service is starting or stopping.")
            case "/metrics":
                return WireResponse(
                    200, generate_latest(self._service.registry), "text/plain; version=0.0.4; charset=utf-8"
                )
            case "/openapi.json":
                return WireResponse(200, await self._describe(path, self._openapi), "application/json")
            case "/docs":
                return WireResponse(200, await self._describe(path, self._docs), "text/html; charset=utf-8")
            case "/" if DESK_PATH in self._pages:
                return WireResponse(303, headers={"Location": DESK_PATH})
            case _:
                page = self._page(path)
                if page is None:
                    raise Problem(404, "Not found", "There is nothing at this address.")
                return await page(request)

    async def _describe(self, path: str, write: Callable[[], bytes]) -> bytes:
        """What describes the API, written when it is first asked for: most services are never asked."""
        if path not in self._described:
            self._described[path] = await asyncio.to_thread(write)
        return self._described[path]

    def _openapi(self) -> bytes:
        return json.dumps(openapi(self.table.routes, version=self._service.version)).encode()

    def _docs(self) -> bytes:
        return docs_page(self.table.routes).encode()

    def bytes_max(self, head: WireRequest, otherwise: int) -> int:
        """How long the body of this request may be. Raises Problem where a longer one may not be sent."""
        path = urlsplit(head.url).path
        found = self.table.find(head.method, path) if path.startswith("/api/") else None
        if found is None or not found[0].bytes_max:
            return otherwise
        require(identify(head, self._service.tokens), found[0].roles)
        return max(found[0].bytes_max, otherwise)

    def _page(self, path: str) -> PageHandler | None:
        first = "/" + path.strip("/").partition("/")[0]
        return self._pages.get(first)

    async def _api(self, request: WireRequest, path: str) -> WireResponse:
        if path == CONTACTS_PATH and request.method == "OPTIONS":
            return self._service.sites.preflight(request)
        who = self._identify(request, path)
        if not self._node.is_ready:
            return _unready("The service is starting or stopping.")
        found = self.table.find(request.method, path)
        if found is None:
            raise Problem(404, "Not found", "There is nothing at this address; /docs lists what there is.")
        route, values = found
        require(who, route.roles)
        keys = self._keys(request, who.token, route)
        call = Call(
            who=who,
            path=values,
            query=read_query(urlsplit(request.url).query, route.query) if route.read is None else None,
            body=_body(request, route),
            if_version=_if_version(request) if route.read is None else None,
            **keys,
        )
        known = await self._service.repeated(call) if route.is_repeated else None
        if known is None and call.if_version is not None:
            await self._check_version(call)
        replied = known or await route.handler(call)
        return replied.response()

    async def _check_version(self, call: Call) -> None:
        """Whoever says which version they read is told of a newer one, whatever they do. Commands that change what is
        guarded look again at the moment of the change."""
        document = await self._node.journal.document(call.path["id"]) if "id" in call.path else None
        if document is not None and document.version != call.if_version:
            raise problem_of(Rejected(Reason.STALE_VERSION, f"version {document.version}"))

    def _identify(self, request: WireRequest, path: str) -> Identity:
        """By a token everywhere; by a site's key where contacts come in, and nowhere else."""
        if path == CONTACTS_PATH and SITE_KEY in request.headers and "Authorization" not in request.headers:
            return self._service.sites.identify(request, now=self._node.clock.now())
        return identify(request, self._service.tokens)

    def _keys(self, request: WireRequest, token: str, route: Route) -> dict[str, str]:
        given = request.headers.get("Idempotency-Key")
        if given is None or route.method == "GET":
            return {"key": f"call/{self._make_key()}", "fingerprint": ""}
        if not KEY_PATTERN.match(given):
            raise Problem(400, "Bad key", "An Idempotency-Key has 1 to 200 visible ASCII characters.")
        digest = hashlib.blake2b(digest_size=16)
        for part in (request.method.encode(), request.url.encode("utf-8", "replace"), request.body):
            digest.update(len(part).to_bytes(8, "big") + part)
        return {"key": f"api/{token}/{given}", "fingerprint": digest.hexdigest()}


def _body(request: WireRequest, route: Route) -> Any:
    if route.read is not None:
        return route.read(request)
    if route.body is None and request.method != "GET" and request.body.strip():
        return read_body(request, Empty)  # what somebody means by its fields would not happen
    return read_body(request, route.body) if route.body else None


def _if_version(request: WireRequest) -> int | None:
    given = request.headers.get("If-Match")
    if given is None:
        return None
    found = ETAG_PATTERN.match(given.strip())
    if found is None:
        raise Problem(400, "Bad If-Match", "Send the `version` that you read, as a number.")
    return int(found[1])


def _plain(status: int, text: str) -> WireResponse:
    return WireResponse(status, text.encode(), "text/plain; charset=utf-8")


def _unready(text: str) -> WireResponse:
    return Problem(503, "Not ready", text, headers={"Retry-After": "2"}).response()
