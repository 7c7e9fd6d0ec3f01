"""Webhooks to the service: signed, retried by the policy in the URL's fragment, redirected, and hit by faults.

Its one rule: all attempts of one webhook carry the same idempotency token, and the literal URL without its fragment is
what is signed. It does not read the answers' bodies. `ct` in a fragment (the time to connect) is the transport's own
business.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urldefrag, urlencode, urljoin, urlsplit

from multidict import CIMultiDict

from channels.sandbox.cookies import Cookies
from channels.sandbox.faults import REORDER_HOLD_MS
from channels.sandbox.ground import Ground
from channels.signatures import signature_of
from channels.wire import Transport, WireFailure, WireRequest, WireResponse

USER_AGENT = "TwilioProxy/1.1"
FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8"
TOTAL_S = 15.0
READ_MS_RANGE = range(100, 15_001)
TOTAL_MS_RANGE = range(100, 15_001)
RETRIES_MAX = 5
OUTCOMES = frozenset({"ct", "rt", "4xx", "5xx", "all"})
REDIRECTS_MAX = 10
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SAME_REQUEST = frozenset({307, 308})  # the others are followed by a GET without the form, as browsers do

Fields = Sequence[tuple[str, str]]
Method = Literal["POST", "GET"]


@dataclass(frozen=True, slots=True)
class Failed:
    """A webhook failed for good; `code` is the provider's."""

    code: int


@dataclass(frozen=True, slots=True)
class _Webhook:
    """What all requests of one webhook have in common."""

    token: str
    about: str
    cookies: Cookies | None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a webhook is tried again, after which outcomes, and for how long in seconds."""

    retries: int = 1
    on: frozenset[str] = frozenset({"ct"})
    read_s: float = TOTAL_S
    total_s: float = TOTAL_S

    def retries_on(self, outcome: str) -> bool:
        return outcome != "ok" and ("all" in self.on or outcome in self.on)


def retry_policy_of(url: str) -> RetryPolicy:
    """The policy in the fragment of `url`; what is not said is by default. Raise ValueError when it is malformed."""
    said = dict(parse_qsl(urlsplit(url).fragment))
    on = frozenset(said.get("rp", "ct").lower().split(","))
    retries, read_ms, total_ms = int(said.get("rc", 1)), int(said.get("rt", 15_000)), int(said.get("tt", 15_000))
    if retries not in range(RETRIES_MAX + 1) or not on <= OUTCOMES:
        raise ValueError(f"rc is 0 to {RETRIES_MAX} and rp one of {', '.join(sorted(OUTCOMES))}")
    if read_ms not in READ_MS_RANGE or total_ms not in TOTAL_MS_RANGE:
        raise ValueError("rt and tt are 100 to 15000 ms")
    return RetryPolicy(retries, on, read_ms / 1000, total_ms / 1000)


class Webhooks:
    """Sends webhooks, in the background or for an answer."""

    def __init__(self, ground: Ground, transport: Transport) -> None:
        self._ground = ground
        self._transport = transport

    def post(
        self, url: str, fields: Fields, *, about: str, method: Method = "POST", cookies: Cookies | None = None
    ) -> None:
        """Send in the background; nobody waits for the answer."""

        async def send() -> None:
            await self.ask(url, fields, about=about, method=method, cookies=cookies)

        self._ground.start(send(), name=f"webhook for {about}")

    async def ask(
        self, url: str, fields: Fields, *, about: str, method: Method = "POST", cookies: Cookies | None = None
    ) -> WireResponse | Failed:
        """Send, and retry by the policy; the answer if it was a 2xx, else the failure, which the debugger shows. By
        GET the fields stand in the query, which is then part of what is signed."""
        if method == "GET":
            url, fields = _with_query(url, fields), ()
        ground, webhook = self._ground, _Webhook(self._ground.token(), about, cookies)
        if ground.strikes(ground.faults.reorder):
            await ground.sleep_ms(REORDER_HOLD_MS)
        await ground.sleep_ms(int(ground.faults.delay_s * 1000))
        if ground.strikes(ground.faults.provider_down):
            return self._failed(11200, "not sent: the provider is down (a fault)", about=url)
        answer = await self._try(url, fields, webhook, method=method)
        if ground.strikes(ground.faults.duplicate_webhooks):
            await self._attempt(url, fields, webhook, attempt=1, timeout_s=TOTAL_S, fault="duplicate", method=method)
        return self._judge(answer, url)

    async def _try(
        self, url: str, fields: Fields, webhook: _Webhook, *, method: Method
    ) -> WireResponse | WireFailure | Failed:
        loop = asyncio.get_running_loop()
        policy = self._policy(url)
        ends_at = loop.time() + policy.total_s
        attempt = 0
        while True:
            attempt += 1
            answer = await self._follow(
                url, fields, webhook, attempt=attempt, policy=policy, ends_at=ends_at, method=method
            )
            if isinstance(answer, Failed):
                return answer
            if attempt > policy.retries or not policy.retries_on(_outcome(answer)) or loop.time() >= ends_at:
                return answer

    async def _follow(
        self,
        url: str,
        fields: Fields,
        webhook: _Webhook,
        *,
        attempt: int,
        policy: RetryPolicy,
        ends_at: float,
        method: Method,
    ) -> WireResponse | WireFailure | Failed:
        """One attempt, with the redirects that it is answered with: each request is signed for its own URL."""
        for _ in range(REDIRECTS_MAX + 1):
            timeout_s = max(0.001, min(policy.read_s, ends_at - asyncio.get_running_loop().time()))
            answer = await self._attempt(url, fields, webhook, attempt=attempt, timeout_s=timeout_s, method=method)
            if isinstance(answer, WireFailure) or answer.status not in REDIRECTS:
                return answer
            if not (place := answer.headers.get("Location", "")):
                return answer
            url = urljoin(urldefrag(url).url, place)
            if answer.status not in SAME_REQUEST:
                method, fields = "GET", ()
        return self._failed(11215, f"the webhook was redirected more than {REDIRECTS_MAX} times", about=url)

    def _policy(self, url: str) -> RetryPolicy:
        try:
            return retry_policy_of(url)
        except ValueError as problem:
            self._ground.trouble(11243, f"the retry policy in the URL is ignored: {problem}", about=url)
            return RetryPolicy()

    async def _attempt(
        self,
        url: str,
        fields: Fields,
        webhook: _Webhook,
        *,
        attempt: int,
        timeout_s: float,
        fault: str = "",
        method: Method = "POST",
    ) -> WireResponse | WireFailure:
        ground, bare = self._ground, urldefrag(url).url
        signature = signature_of(bare, fields, secret=ground.account.auth_token.encode())
        shown = {"X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": webhook.token}
        exchange = ground.traffic.begin("webhook", method, bare, tuple(fields), at=ground.now())
        exchange.headers, exchange.attempt, exchange.faults = shown, attempt, [fault] if fault else []
        request = WireRequest(method, bare, _headers(shown, webhook, bare, method), urlencode(fields).encode())
        with ground.activity.doing(f"webhook {urlsplit(bare).path} for {webhook.about}"):
            try:
                answer = await self._transport.send(request, timeout_s=timeout_s)
            except WireFailure as failure:
                exchange.failure = str(failure)
                return failure
        exchange.answered(answer.status, answer.body)
        if webhook.cookies is not None:
            webhook.cookies.take(bare, answer)
        return answer

    def _judge(self, answer: WireResponse | WireFailure | Failed, url: str) -> WireResponse | Failed:
        if isinstance(answer, Failed):
            return answer
        if isinstance(answer, WireFailure):
            return self._failed(11200 if answer.may_have_arrived else 11205, str(answer), about=url)
        if not 200 <= answer.status < 300:
            return self._failed(11200, f"the webhook was answered with HTTP {answer.status}", about=url)
        return answer

    def _failed(self, code: int, text: str, *, about: str) -> Failed:
        self._ground.trouble(code, text, about=about)
        return Failed(code)


def _headers(shown: dict[str, str], webhook: _Webhook, url: str, method: Method) -> CIMultiDict[str]:
    cookie = webhook.cookies.header_for(url) if webhook.cookies is not None else ""
    return CIMultiDict(
        {
            **shown,
            **({"Content-Type": FORM_TYPE} if method == "POST" else {}),
            **({"Cookie": cookie} if cookie else {}),
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "X-Home-Region": "us1",
        }
    )


def _outcome(answer: WireResponse | WireFailure) -> str:
    if isinstance(answer, WireFailure):
        return "rt" if answer.may_have_arrived else "ct"
    return f"{answer.status // 100}xx" if answer.status >= 400 else "ok"


def _with_query(url: str, fields: Fields) -> str:
    bare, fragment = urldefrag(url)
    joined = f"{bare}{'&' if '?' in bare else '?'}{urlencode(fields)}" if fields else bare
    return f"{joined}#{fragment}" if fragment else joined
