"""The official Twilio SDK over our `Transport` port: one client, our time limit, any base URL.

The SDK's own client ignores its timeout and knows no base URL, and its retries may send twice; here it builds requests
and reads answers, nothing else.
"""

import base64
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from multidict import CIMultiDict
from twilio.base.exceptions import TwilioException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from channels.wire import Transport, WireRequest

ANSWER_S = 10.0
"""How long a provider may take to answer; after that the outcome is unknown."""


class TransportHttpClient(AsyncTwilioHttpClient):
    """Carries the SDK's requests over a `Transport`, with scheme, host and path prefix of a configured base URL."""

    def __init__(self, transport: Transport, *, base_url: str, answer_s: float = ANSWER_S) -> None:
        super().__init__(pool_connections=False)
        self._transport = transport
        self._base = urlsplit(base_url)
        self._answer_s = answer_s

    async def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        asked = urlsplit(url)
        query = "&".join(part for part in (asked.query, urlencode(params or {}, doseq=True)) if part)
        path = self._base.path.rstrip("/") + asked.path
        sent = CIMultiDict(headers or {})
        if auth is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(f"{auth[0]}:{auth[1]}".encode()).decode()
        body = b""
        if data is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode({k: v for k, v in data.items() if v is not None}, doseq=True).encode()
        answer = await self._transport.send(
            WireRequest(
                method=method.upper(),
                url=urlunsplit((self._base.scheme, self._base.netloc, path, query, "")),
                headers=sent,
                body=body,
            ),
            timeout_s=timeout or self._answer_s,
        )
        return Response(answer.status, answer.body.decode("utf-8", "replace"), dict(answer.headers))


def twilio_client(transport: Transport, *, account: str, user: str, secret: str, base_url: str) -> Client:
    """The SDK's client for one account. `user` is the account itself or an API key. Region and edge are never taken
    from the environment: they would rewrite the host of a configured base URL."""
    return Client(
        username=user,
        password=secret,
        account_sid=account,
        http_client=TransportHttpClient(transport, base_url=base_url),
        environment={"ONECASE": "1"},
    )


__all__ = ["TransportHttpClient", "TwilioException", "twilio_client"]
