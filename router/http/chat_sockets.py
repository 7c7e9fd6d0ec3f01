"""aiohttp, thin: the WebSockets of chats. Frames to the door and back; it decides nothing.

Its one rule: a socket costs a reading task and nothing else while it is idle, and whoever does not read is cut.
"""

import asyncio
from contextlib import suppress

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from channels.chat.conversation import Stage
from channels.chat.frames import FRAME_CHARS_MAX, error_frame
from channels.wire import WireRequest
from router.http.chat_door import ChatDoor, ChatSeat
from router.http.problems import Problem
from router.http.socket_writing import write

PATH = "/chat/ws"
SOCKETS_MAX = 20_000
SEND_S = 10.0
"""A reader that takes longer than this for what waits for it is cut."""
HEARTBEAT_S = 30.0
HELLO_S = 10.0
"""Who has not said hello by then is sent away."""
LOOK_S = 5.0
CLOSE_S = 3.0

log = structlog.get_logger("onecase.chat")


class ChatSockets:
    def __init__(self, door: ChatDoor) -> None:
        self._door = door
        self._open: set[ChatSocket] = set()
        self._looking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._open)

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """One connection, from its handshake to its end. Raises Problem for who may not come in."""
        origin = request.headers.get("Origin", "")
        asked = WireRequest("GET", request.raw_path, request.headers)
        if origin and not self._door.service.sites.shared(asked):
            raise Problem(403, "Wrong origin", "No site key may be used by pages of this origin.")
        if len(self._open) >= SOCKETS_MAX:
            raise Problem(503, "Too many", "Too many chats are open. Come again later.", headers={"Retry-After": "10"})
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, compress=False, max_msg_size=2 * FRAME_CHARS_MAX, timeout=CLOSE_S
        )
        await socket.prepare(request)
        chat = ChatSocket(socket, request, self._door, origin)
        self._open.add(chat)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="chats without a hello")
        try:
            await chat.read()
        finally:
            self._open.discard(chat)
            await chat.end()
        return socket

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
        closing = [asyncio.ensure_future(chat.close(WSCloseCode.GOING_AWAY)) for chat in self._open]
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_S)
        for chat in list(self._open):
            chat.cut()

    async def _look(self) -> None:
        """Send away whoever connects and says nothing."""
        while True:
            await asyncio.sleep(LOOK_S)
            late = asyncio.get_running_loop().time() - HELLO_S
            for chat in [c for c in self._open if c.began_at < late and c.seat.conversation.stage is Stage.NEW]:
                await chat.close(WSCloseCode.POLICY_VIOLATION)


class ChatSocket:
    def __init__(self, socket: web.WebSocketResponse, request: web.BaseRequest, door: ChatDoor, origin: str) -> None:
        self._socket = socket
        self._request = request
        self._door = door
        self._writing: asyncio.Task[None] | None = None
        self._again = False
        self.began_at = asyncio.get_running_loop().time()
        self.seat: ChatSeat = door.seat(origin=origin, remote=request.remote or "", wake=self._wake)

    async def read(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                await self.seat.hear(message.data)
            elif message.type is WSMsgType.BINARY:
                self.seat.conversation.say(error_frame("bad_frame"))
                self._wake()
            if self.seat.conversation.is_slow:
                self.cut()
                break

    async def end(self) -> None:
        self.seat.leave()
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing

    async def close(self, code: WSCloseCode) -> None:
        with suppress(ConnectionError):
            await self._socket.close(code=code)

    def cut(self) -> None:
        """End it without a good-bye, which would wait behind what is not read."""
        if self._request.transport is not None:
            self._request.transport.abort()

    def _wake(self) -> None:
        self._again = True
        if self._writing is None:
            self._writing = asyncio.create_task(self._write(), name="chat writer")

    async def _write(self) -> None:
        try:
            while self._again:
                self._again = False
                with self._door.node.activity.doing("chat"):
                    frames = await self.seat.next()
                    while frames:
                        for frame in frames:
                            await write(self._socket, self._request, frame, within_s=SEND_S)
                        frames = await self.seat.next()
            if self.seat.conversation.is_slow:
                self.cut()
            elif self.seat.conversation.stage is Stage.OVER:
                await self.close(WSCloseCode.GOING_AWAY)
        except TimeoutError:
            log.warning("a slow reader of a chat was cut")
            self.cut()
        except ConnectionError:
            return
        finally:
            self._writing = None
