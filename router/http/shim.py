"""aiohttp, thin, behind a door that answers plain webhooks by itself: bytes to `Front` and back, and the WebSocket of
the live stream. Decides nothing."""

import asyncio
from contextlib import suppress

import structlog
from aiohttp import WSCloseCode, web
from multidict import CIMultiDict

from channels.twilio_messaging import EMPTY
from channels.wire import WireRequest, WireResponse
from router.core.words import AgentId
from router.http.auth import Identity, Tokens, identify
from router.http.chat_pages import PREFIX as CHAT_PREFIX
from router.http.chat_pages import ChatPages
from router.http.chat_sockets import PATH as CHAT_PATH
from router.http.chat_sockets import ChatSockets
from router.http.door import STOP_S, Door
from router.http.front import Front
from router.http.live import Live
from router.http.mail_door import PREFIX as MAIL_PATH
from router.http.mail_door import MailDoor
from router.http.problems import Problem
from router.http.socket_writing import write
from router.node.node import Node

TWIML = EMPTY.content_type
STREAM_PATH = "/api/v1/stream"
SOCKETS = (STREAM_PATH, CHAT_PATH)
SEND_S = 10.0
"""A reader that takes longer than this for one frame is cut."""
HEARTBEAT_S = 20.0
ROLE_CHECK_S = 2.0
SECURE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'; style-src 'self' 'unsafe-inline'",
    "Cache-Control": "no-store",
}

log = structlog.get_logger("onecase.http")


class Shim:
    """The low-level server: no routing of its own, one handler for everything."""

    def __init__(
        self,
        *,
        front: Front,
        live: Live,
        node: Node,
        tokens: Tokens,
        body_bytes_max: int,
        door: MailDoor,
        chats: ChatSockets,
        chat_pages: ChatPages,
    ) -> None:
        self._front = front
        self._live = live
        self._node = node
        self._tokens = tokens
        self._body_bytes_max = body_bytes_max
        self._door = door
        self._chats = chats
        self._chat_pages = chat_pages
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.ServerRunner | None = None
        self._webhooks: Door | None = None
        self._listening: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen; returns the address. Raises OSError when the port is taken."""
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=STOP_S)
        await self._runner.setup()
        self._webhooks = Door(
            self._front.handle,
            self._front.webhooks,
            others=server,
            headers_of=_headers,
            bytes_max=self._body_bytes_max,
        )
        self._listening = await asyncio.get_running_loop().create_server(self._webhooks, host, port, backlog=1024)
        bound = self._listening.sockets[0].getsockname()
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        return f"http://{shown}:{bound[1]}"

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.close()
        await self._chats.close()
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the service stops")
        if self._webhooks is not None:
            await self._webhooks.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if _raw(request).startswith(SOCKETS) and request.headers.get("Upgrade", "").lower() == "websocket":
            if _raw(request).startswith(STREAM_PATH):
                return await self._stream(request)
            if _raw(request).partition("?")[0] == CHAT_PATH:
                return await self._chat(request)
        length = request.content_length
        try:
            at_most = self._bytes_max(request)
            if length is not None and length > at_most:
                at_most = self._front.bytes_max(_head(request), at_most)
        except Problem as problem:
            return _reply(problem.response())
        if length is not None and length > at_most:
            return _reply(_too_large(at_most))
        try:
            body = await self._read(request, at_most)
        except ValueError:
            return _reply(_too_large(at_most))
        except (web.RequestPayloadError, ConnectionError):
            return _broken(request)
        answer = await self._front.handle(
            WireRequest(
                method=request.method,
                url=_raw(request),
                headers=request.headers,
                body=body,
                remote=request.remote or "",
            )
        )
        return _reply(answer)

    async def _chat(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._chats.serve(request)
        except Problem as problem:
            return _reply(problem.response())

    def _bytes_max(self, request: web.BaseRequest) -> int:
        """How long the body may be. Raises Problem where nobody whom we know brings a mail, which may be large."""
        if _raw(request).startswith(CHAT_PREFIX):
            return self._chat_pages.body_bytes_max(_head(request)) or self._body_bytes_max
        if _raw(request).startswith(MAIL_PATH):
            return max(self._door.body_bytes_max(_head(request)), self._body_bytes_max)
        return self._body_bytes_max

    async def _read(self, request: web.BaseRequest, at_most: int) -> bytes:
        if not request.can_read_body:
            return b""
        body = bytearray()
        while chunk := await request.content.readany():
            body += chunk
            if len(body) > at_most:
                raise ValueError
        return bytes(body)

    # --- the stream ---------------------------------------------------------------------------------------------------

    async def _stream(self, request: web.BaseRequest) -> web.StreamResponse:
        asked = WireRequest(method="GET", url=_raw(request), headers=request.headers)
        try:
            who = identify(asked, self._tokens)
            since = self._since(request)
        except Problem as problem:
            return _reply(problem.response())
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=4096)
        await socket.prepare(request)
        self._sockets.add(socket)
        if who.agent is not None:
            self._node.domain.stream_opened(who.agent)
        sending = asyncio.create_task(self._send(socket, request, since, who))
        watching = asyncio.create_task(self._watch(socket, request))
        try:
            async for _ in socket:
                pass  # readers have nothing to say; what they send is dropped
        finally:
            for task in (sending, watching):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            self._sockets.discard(socket)
            if who.agent is not None:
                self._node.domain.stream_closed(AgentId(who.agent))
        return socket

    def _since(self, request: web.BaseRequest) -> int:
        raw = request.rel_url.query.get("since")
        if raw is None:
            return self._node.journal.last_seq
        if not raw.isdecimal() or len(raw) > 15:
            raise Problem(400, "Broken cursor", "`since` is the number of a mark, or 0 for everything.")
        return int(raw)

    async def _send(self, socket: web.WebSocketResponse, request: web.BaseRequest, since: int, who: Identity) -> None:
        try:
            async for frame in self._live.frames(since, who):
                await write(socket, request, frame.decode(), within_s=SEND_S)
        except TimeoutError:
            log.warning("a slow reader of the stream was cut", token=who.token)
            if request.transport is not None:
                request.transport.abort()  # a good-bye would wait behind the frames that it does not read
        except ConnectionError:
            return

    async def _watch(self, socket: web.WebSocketResponse, request: web.BaseRequest) -> None:
        """Close the stream of a token that was revoked or lost its role."""
        asked = WireRequest(method="GET", url=_raw(request), headers=request.headers)
        first = identify(asked, self._tokens)
        while True:
            await asyncio.sleep(ROLE_CHECK_S)
            try:
                now = identify(asked, self._tokens)
            except Problem:
                now = None
            if now != first:
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"your token has changed")
                return


def _head(request: web.BaseRequest) -> WireRequest:
    return WireRequest(method=request.method, url=_raw(request), headers=request.headers)


def _too_large(at_most: int) -> WireResponse:
    return Problem(413, "Too large", f"The body is larger than {at_most} bytes.").response()


def _broken(request: web.BaseRequest) -> web.Response:
    """What came is no body as its headers say it is, or ended halfway; where the next request begins nobody knows."""
    request.content.feed_eof()  # or aiohttp would read on, fail again and call it an error of ours
    reply = _reply(Problem(400, "Broken body", "The body is not what its headers say it is.").response())
    reply.force_close()
    return reply


def _raw(request: web.BaseRequest) -> str:
    """Path and query exactly as sent: they are part of what was signed."""
    return request.raw_path


def _reply(answer: WireResponse) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, headers=_headers(answer))


def _headers(answer: WireResponse) -> CIMultiDict[str]:
    headers = CIMultiDict({"Content-Type": answer.content_type})
    if answer.content_type != TWIML:  # no browser reads TwiML
        headers.update(SECURE)
    if answer.headers:
        headers.update(answer.headers)
    return headers
