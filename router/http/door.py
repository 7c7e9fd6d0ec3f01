"""The first to read each connection. A webhook that comes plainly (a short form of stated length, nothing behind it) is
answered here; with anything else the connection goes to aiohttp for good, with every byte that came.

Why it is here, and what it leaves to others, stands in docs/decisions/0019-door-for-webhooks.md."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from http import HTTPStatus
from typing import cast

import httptools
from aiohttp.helpers import rfc822_formatted_time
from multidict import CIMultiDict

from channels.wire import WireRequest, WireResponse

BYTES_MAX = 64 * 1024
"""The longest request that is read here, head and body."""
IDLE_S = 75.0
"""How long a connection may say nothing while nobody works for it, as with aiohttp."""
STOP_S = 5.0
"""How long a service that stops waits for what is under way: less than supervisors give before they kill."""
UNUSUAL = ("Transfer-Encoding", "Expect", "Upgrade", "Content-Encoding")
Handle = Callable[[WireRequest], Awaitable[WireResponse]]


class Door:
    """Reads connections for webhooks on `paths`. `others` makes what goes on with a connection that is handed over;
    `headers_of` says what stands above an answer."""

    def __init__(
        self,
        handle: Handle,
        paths: Collection[str],
        *,
        others: Callable[[], asyncio.Protocol],
        headers_of: Callable[[WireResponse], Mapping[str, str]],
        bytes_max: int,
    ) -> None:
        self.handle = handle
        self.paths = frozenset(path.encode() for path in paths)
        self.others = others
        self._headers_of = headers_of
        self._heads: dict[tuple[int, str], bytes] = {}
        self.bytes_max = min(bytes_max, BYTES_MAX)
        self.connections: set[Connection] = set()
        self.is_closing = False

    def __call__(self) -> asyncio.Protocol:
        return Connection(self)

    def head_of(self, answer: WireResponse) -> bytes:
        """What stands above the body. Most of it is the same for all answers of one kind, and made once."""
        kind = (answer.status, answer.content_type)
        head = self._heads.get(kind) if not answer.headers else None
        if head is None:
            lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
            lines += [f"{name}: {value}" for name, value in self._headers_of(answer).items()]
            head = "".join(f"{line}\r\n" for line in lines).encode("latin-1")
            if not answer.headers:
                self._heads[kind] = head
        return head + f"Content-Length: {len(answer.body)}\r\nDate: {rfc822_formatted_time()}\r\n\r\n".encode()

    async def close(self) -> None:
        """Answer what is under way, for `STOP_S` at most; each connection goes with its answer, the others at once."""
        self.is_closing = True
        under_way = [one.answering for one in self.connections if one.answering is not None]
        for one in list(self.connections):
            if one.answering is None:
                one.close()
        if under_way:
            await asyncio.wait(under_way, timeout=STOP_S)
        for one in list(self.connections):
            one.close()


class Connection(asyncio.Protocol):
    """One connection, request after request; it is also what httptools tells of what it reads."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._remote = ""
        self.answering: asyncio.Task[None] | None = None
        self._heard_at = self._loop.time()
        self._watch = self._loop.call_later(IDLE_S, self._look)
        self._begin()

    def _begin(self) -> None:
        """Before a request: nothing of it has come."""
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._came = b""
        self._url = b""
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._body = b""
        self._begun = 0
        self._is_other = self._is_whole = False

    # --- what the transport tells -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is of no class of asyncio's
        peer = transport.get_extra_info("peername")
        self._remote = str(peer[0]) if peer else ""
        self._door.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._let_go()

    def pause_writing(self) -> None:
        self._transport.pause_reading()  # whoever does not read answers gets no more of them

    def resume_writing(self) -> None:
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        self._came = self._came + data if self._came else data
        if self.answering is None:
            self._read(data)
        elif len(self._came) > self._door.bytes_max:  # it does not wait for answers
            self._transport.pause_reading()

    # --- what the parser tells ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._begun += 1

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.add(name.decode("latin-1"), value.decode("utf-8", "surrogateescape"))

    def on_headers_complete(self) -> None:
        parser, headers = self._parser, self._headers
        assert parser is not None
        self._is_other = (
            parser.get_method() != b"POST"
            or self._url.partition(b"?")[0] not in self._door.paths
            or not parser.should_keep_alive()
            or int(headers.get("Content-Length", BYTES_MAX)) >= self._door.bytes_max
            or any(name in headers for name in UNUSUAL)
        )

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._is_whole = True

    # --- what follows -------------------------------------------------------------------------------------------------

    def _read(self, data: bytes) -> None:
        assert self._parser is not None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._is_other = True
        if self._is_other or self._begun > 1 or len(self._came) > self._door.bytes_max:
            self._hand_over()
        elif self._is_whole:
            request = WireRequest("POST", self._url.decode("latin-1"), self._headers, self._body, self._remote)
            self._begin()
            self.answering = self._loop.create_task(self._answer(request))

    async def _answer(self, request: WireRequest) -> None:
        try:
            answer = await self._door.handle(request)
            said = self._door.head_of(answer) + answer.body
        except BaseException:
            self._transport.abort()  # so that nobody waits for an answer that does not come
            raise
        self.answering = None
        self._heard_at = self._loop.time()
        if self._transport.is_closing():
            return
        self._transport.write(said)
        if self._door.is_closing:  # whoever asked behind it gets no answer, and nothing of that was taken
            self._transport.close()
        elif self._came:
            self._transport.resume_reading()
            self._read(self._came)

    def _hand_over(self) -> None:
        self._let_go()
        other = self._door.others()
        other.connection_made(self._transport)
        self._transport.set_protocol(other)
        other.data_received(self._came)

    def _look(self) -> None:
        """Close a connection that said nothing for long."""
        left = self._heard_at + IDLE_S - self._loop.time()
        if self.answering is None and left <= 0:
            self._transport.close()
        else:
            self._watch = self._loop.call_later(max(left, 1.0), self._look)

    def _let_go(self) -> None:
        self._watch.cancel()
        self._parser = None  # it holds this connection, and this connection holds it
        self._door.connections.discard(self)

    def close(self) -> None:
        self._transport.close()
