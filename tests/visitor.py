"""A visitor of a site at the chat's wire, and all that they were told. Used by stories, inputs and the kill sweep."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from tests.story import Json, World, patiently

PAGE = "http://localhost:5173"
SITE = "site_demo"


@dataclass
class Visitor:
    """Somebody with a browser: it keeps the session and the number of the last line, through any number of sockets."""

    story: World
    origin: str | None = PAGE
    site: str = SITE
    identity: str | None = None
    session: str | None = None
    since: int = 0
    upload: str = ""
    frames: list[Json] = field(default_factory=list[Json])
    lines: dict[int, str] = field(default_factory=dict[int, str])
    socket: aiohttp.ClientWebSocketResponse | None = None
    sent: int = 0

    async def comes(self, **hello: Any) -> Json:
        """Connect and say hello; the welcome."""
        await self.connects()
        await self.says("hello", **self.hello(**hello))
        return await self.hears("welcome")

    def hello(self, **more: Any) -> Json:
        known: Json = {"v": 1, "site": self.site, "since": self.since}
        known |= {"session": self.session} if self.session else {}
        known |= {"identity": self.identity} if self.identity else {}
        return known | more

    async def connects(self) -> Self:
        headers = {"Origin": self.origin} if self.origin else {}
        self.socket = await patiently(self.story._http.ws_connect(f"{self.story.service}/chat/ws", headers=headers))
        return self

    async def says(self, kind: str, **fields: Any) -> None:
        await self.says_raw(json.dumps({"kind": kind, **fields}))

    async def says_raw(self, text: str) -> None:
        assert self.socket is not None
        await self.socket.send_str(text)

    async def writes(self, text: str, *, client_id: str | None = None, **more: Any) -> Json:
        """Send a message and wait until it is accepted."""
        self.sent += 1
        client_id = client_id or f"m{self.sent}"
        await self.says("message", client_id=client_id, text=text, **more)
        said = await self.until(lambda f: f["kind"] in ("accepted", "error") and f.get("client_id") == client_id)
        await self.story.settles()
        return said

    async def hears(self, kind: str) -> Json:
        """The next frame of a kind."""
        return await self.until(lambda frame: frame["kind"] == kind)

    async def until(self, fits: Any) -> Json:
        while True:
            frame = await self.reads()
            if fits(frame):
                return frame

    async def reads(self) -> Json:
        assert self.socket is not None
        message = await patiently(self.socket.receive())
        assert message.type is aiohttp.WSMsgType.TEXT, f"the connection ended: {message}"
        frame = json.loads(message.data)
        self._note(frame)
        return frame

    async def ends(self) -> int | None:
        """Wait for the end of the connection; its code."""
        assert self.socket is not None
        while (await patiently(self.socket.receive())).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code

    async def goes(self) -> None:
        assert self.socket is not None
        await self.socket.close()
        await self.story.settles()

    def drops(self) -> None:
        """The line breaks without a good-bye."""
        assert self.socket is not None
        transport = self.socket.get_extra_info("socket")
        transport.shutdown(2)

    @property
    def said(self) -> list[str]:
        """What both sides said, in order, as the screen shows it."""
        return [self.lines[n] for n in sorted(self.lines)]

    def _note(self, frame: Json) -> None:
        self.frames.append(frame)
        match frame["kind"]:
            case "welcome":
                self.session, self.since, self.upload = frame["session"], frame["since"], frame["upload"]
            case "message":
                assert frame["seq"] == self.since + 1, f"line {frame['seq']} came after line {self.since}"
                self.lines[frame["seq"]] = frame["text"]
                self.since = frame["seq"]
            case "accepted":
                if frame["seq"] > self.since:
                    assert frame["seq"] == self.since + 1, f"line {frame['seq']} came after line {self.since}"
                    self.lines[frame["seq"]] = f"(mine {frame['client_id']})"
                    self.since = frame["seq"]
            case _:
                pass
