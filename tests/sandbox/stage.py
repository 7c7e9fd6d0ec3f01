"""What the sandbox's tests stand on: a sandbox in memory, a service that answers as told, the SDK sent to the sandbox."""

import asyncio
import base64
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from twilio.http.async_http_client import AsyncTwilioHttpClient

from channels.clock import Activity, ManualClock
from channels.sandbox.account import SANDBOX_SID, SANDBOX_TOKEN
from channels.sandbox.core import Sandbox
from channels.wire import WireFailure, WireRequest, WireResponse
from router.core.clock import Clock, Ms

START = Ms(1_795_000_000_000)
OURS, PHONE = "+14155550100", "+14155550142"
TARGET = "https://service.example"

Answer = WireResponse | WireFailure
Form = dict[str, str]
Route = str | Answer | Callable[[Form], str | Answer]


def twiml(inner: str) -> WireResponse:
    return WireResponse(200, f"<Response>{inner}</Response>".encode(), "text/xml")


@dataclass
class Service:
    """The service at the other end of the wire, in memory: notes what comes and answers by path from `routes` (TwiML
    without its root, an answer, or what a function makes of the form), else from `answers`, then 200."""

    answers: list[Answer] = field(default_factory=list[Answer])
    routes: dict[str, Route] = field(default_factory=dict[str, Route])
    got: list[WireRequest] = field(default_factory=list[WireRequest])

    async def send(self, request: WireRequest, *, timeout_s: float) -> WireResponse:
        self.got.append(request)
        await asyncio.sleep(0)
        answer = self._answer(request)
        if isinstance(answer, WireFailure):
            raise answer
        return answer

    def _answer(self, request: WireRequest) -> Answer:
        route = self.routes.get(urlsplit(request.url).path)
        if route is None:
            return self.answers.pop(0) if self.answers else twiml("")
        answer = route(form_of(request)) if callable(route) else route
        return twiml(answer) if isinstance(answer, str) else answer

    def asked(self, path: str) -> list[Form]:
        """The forms that came to this path, in order."""
        return [form_of(one) for one in self.got if urlsplit(one.url).path == path]

    def forms(self) -> list[dict[str, str]]:
        return [dict(parse_qsl(one.body.decode(), keep_blank_values=True)) for one in self.got]

    def statuses(self) -> list[str]:
        return [form["MessageStatus"] for form in self.forms() if "MessageStatus" in form]


def form_of(request: WireRequest) -> Form:
    text = request.body.decode() if request.method == "POST" else urlsplit(request.url).query
    return dict(parse_qsl(text, keep_blank_values=True))


@dataclass
class Bench:
    """A sandbox in memory."""

    sandbox: Sandbox
    clock: Clock
    service: Service

    async def ask(self, method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """Ask the control API; the JSON of the answer with its HTTP status as `status_code`."""
        raw = b"" if body is None else json.dumps(body).encode()
        answer = await self.sandbox.handle(WireRequest(method, url, CIMultiDict(headers or {}), raw))
        return {**json.loads(answer.body), "status_code": answer.status}

    async def rest(self, method: str, path: str, **form: str | list[str]) -> Any:
        """Call the REST API below the account."""
        basic = base64.b64encode(f"{SANDBOX_SID}:{SANDBOX_TOKEN}".encode()).decode()
        url, body = f"/2010-04-01/Accounts/{SANDBOX_SID}{path}", urlencode(form, doseq=True).encode()
        request = WireRequest(method, url, CIMultiDict({"Authorization": f"Basic {basic}"}), body)
        answer = await self.sandbox.handle(request)
        return {**json.loads(answer.body or b"{}"), "status_code": answer.status}

    async def send(self, body: str = "hello", **more: str | list[str]) -> Any:
        return await self.rest("POST", "/Messages.json", **{"From": OURS, "To": PHONE, "Body": body, **more})

    async def text(self, body: str, *, phone: str = PHONE, **more: object) -> str:
        answer = await self.ask("POST", f"/phones/{phone}/texts", {"body": body, **more})
        assert answer["status_code"] == 201, answer
        return answer["message_sid"]

    async def advance(self, advance_s: float = 0) -> None:
        answer = await self.ask("POST", "/clock", {"advance_s": advance_s})
        assert answer["status_code"] == 200, answer

    async def inbox(self, phone: str = PHONE) -> list[str]:
        return [one["body"] for one in (await self.ask("GET", f"/phones/{phone}"))["inbox"]]

    async def debugger(self) -> list[int]:
        return [one["code"] for one in (await self.ask("GET", "/traffic"))["debugger"]]


async def advance(http: aiohttp.ClientSession, advance_s: float) -> None:
    async with http.post("/clock", json={"advance_s": advance_s}) as answer:
        assert answer.status == 200, await answer.text()


def make_bench(seed: int = 7) -> Bench:
    clock, service = ManualClock(START), Service()
    sandbox = Sandbox(
        clock=clock,
        transport=service,
        chance=random.Random(seed),
        activity=Activity(),
        target=TARGET,
        own_url="http://127.0.0.1:8081",
    )
    return Bench(sandbox, clock, service)


class RedirectedHttp(AsyncTwilioHttpClient):
    """The SDK's own client, sent to the sandbox instead of the provider."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    async def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        return await super().request(method, self.base + parts._replace(scheme="", netloc="").geturl(), *args, **kwargs)


@dataclass
class Receiver:
    """A service on a socket that notes the webhooks it gets, with the URL as it came, and answers `answer`."""

    url: str
    got: list[tuple[str, Mapping[str, str], Any]]
    answer: Callable[[], Awaitable[web.Response]] | None = None
