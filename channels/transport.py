"""The `Transport` port on real sockets: one aiohttp session for everything that goes out.

Its one rule: every request has a time limit, a bounded answer and no redirects, and a failure says whether the request
may have arrived. It does not retry and does not choose where to go.
"""

from typing import Self

import aiohttp
from yarl import URL

from channels.outside import Outside
from channels.wire import WireFailure, WireRequest, WireResponse, WireTooLarge

BODY_BYTES_MAX = 1 << 20
CONNECT_S = 5.0
CHUNK_BYTES = 1 << 16
NO_URL = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)


class AiohttpTransport:
    """Carries requests over HTTP(S). It is made inside a running loop and closed by whoever made it."""

    def __init__(
        self, *, body_bytes_max: int = BODY_BYTES_MAX, connect_s: float = CONNECT_S, outside: Outside | None = None
    ) -> None:
        """With `outside` nothing is connected to but what that lets through."""
        connector = aiohttp.TCPConnector(resolver=outside) if outside else None
        self._session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=True
        )
        self._outside = outside
        self._body_bytes_max = body_bytes_max
        self._connect_s = connect_s

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._session.close()

    async def send(self, request: WireRequest, *, timeout_s: float) -> WireResponse:
        """Raise `WireFailure` when no whole answer of at most `body_bytes_max` came within `timeout_s`."""
        if not request.url.isascii() or not request.url.isprintable() or " " in request.url:
            raise WireFailure(f"{request.url!r} is no URL: it must be percent-encoded", may_have_arrived=False)
        # Quoting the URL anew would break the signature that the receiver computes over it.
        url = URL(request.url, encoded=True)
        if self._outside is not None and self._outside.refuses_unnamed(url.host):
            raise WireFailure(f"{request.url} is not outside", may_have_arrived=False)
        limit = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(self._connect_s, timeout_s))
        try:
            async with self._session.request(
                request.method,
                url,
                data=request.body or None,
                headers=request.headers,
                timeout=limit,
                allow_redirects=False,
            ) as response:
                return await self._read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, *NO_URL) as problem:
            raise WireFailure(f"no connection to {request.url}: {problem}", may_have_arrived=False) from problem
        except TimeoutError as problem:
            raise WireFailure(f"no answer from {request.url} in {timeout_s:g} s", may_have_arrived=True) from problem
        except aiohttp.ClientError as problem:
            raise WireFailure(f"no answer from {request.url}: {problem!r}", may_have_arrived=True) from problem

    async def _read(self, response: aiohttp.ClientResponse) -> WireResponse:
        body = bytearray()
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            body += chunk
            if len(body) > self._body_bytes_max:
                reason = f"the answer of {response.url} is larger than {self._body_bytes_max} bytes"
                raise WireTooLarge(reason, may_have_arrived=True)
        content_type = response.headers.get("Content-Type", "")
        return WireResponse(response.status, bytes(body), content_type, response.headers)
