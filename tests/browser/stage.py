"""What the desk's tests stand on: the real service with the sandbox in this process, a line to it that can be cut, and
a real browser."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from multidict import CIMultiDict

from channels.sandbox.server import RunningSandbox, run_sandbox
from channels.wire import WireRequest, WireResponse
from router.core.clock import Ms
from router.http.desk import desk_pages
from router.http.front import Front
from router.http.metrics import NodeMetrics
from router.serving import Running, start_service
from router.settings import load_settings
from tests.story.wire import free_port

HOST = "127.0.0.1"
PHONE = "+12125550142"
BROWSERS = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """The browser's path. Skips where there is none, saying how to get it; fails where one was named and is not there."""
    if os.environ.get("ONECASE_NO_BROWSER") == "1":
        pytest.skip("ONECASE_NO_BROWSER=1")
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named) or pytest.fail(f"CHROMIUM names {named}, which is no program here")
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    pytest.skip("no Chromium: `apt-get install chromium`, or name one in CHROMIUM")


class Line:
    """The way from the browser to the service; it can be cut and mended."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.url = ""

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, HOST, 0)
        self.url = f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Break every connection, and each new one, until mended."""
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(HOST, self._to)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
        finally:
            self._writers -= {writer, back}
            writer.transport.abort()
            back.transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, RuntimeError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


@dataclass
class Stage:
    """A service with a sandbox: people text from `text`, agents are made by `agent`."""

    running: Running
    sandbox: RunningSandbox
    line: Line
    front: Front
    _session: aiohttp.ClientSession
    _agents: int = field(default=0)

    async def agent(self, name: str = "Ana", *, phone: str = "", role: str = "agent") -> str:
        """A new agent's token."""
        wanted = {"name": name, "skills": {"heating": 3}, "role": role, **({"phone": phone} if phone else {})}
        made = await self.api("POST", "/agents", self.admin, wanted)
        return made["token"]

    async def passes(self, advance_s: float) -> None:
        """Time goes on, where it goes by hand alone."""
        async with self._session.post(f"{self.sandbox.url}/clock", json={"advance_s": advance_s}) as answer:
            assert answer.status == 200, await answer.text()

    @property
    def admin(self) -> str:
        assert self.running.bootstrap
        return self.running.bootstrap

    async def api(self, method: str, path: str, token: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        url = f"{self.running.url}/api/v1{path}"
        async with self._session.request(method, url, headers=headers, json=body) as answer:
            assert answer.status < 400, await answer.text()
            return await answer.json()

    async def text(self, body: str, phone: str = PHONE) -> None:
        url = f"{self.sandbox.url}/phones/{phone}/texts"
        async with self._session.post(url, json={"body": body}) as answer:
            assert answer.status < 400, await answer.text()

    async def phone_does(self, what: str, phone: str = PHONE, **how: object) -> None:
        """Somebody does something with their telephone: calls, press, speak, pick-up, hang-up."""
        async with self._session.post(f"{self.sandbox.url}/phones/{phone}/{what}", json=how) as answer:
            assert answer.status < 400, await answer.text()

    async def inbox(self, phone: str = PHONE) -> list[str]:
        async with self._session.get(f"{self.sandbox.url}/phones/{phone}") as answer:
            return [one["body"] for one in (await answer.json())["inbox"]]

    async def case_of(self, token: str, body: str, phone: str = PHONE) -> str:
        """Text, and wait until the ready agent of `token` is offered it; the case's id."""
        await self.text(body, phone)
        mine = await self.until(lambda: self.api("GET", "/agents/me/work", token), lambda work: bool(work["offers"]))
        return mine["offers"][0]["case"]

    async def until(self, look: Callable[[], Awaitable[Any]], is_there: Callable[[Any], bool]) -> Any:
        """Look over the wire until it is there."""
        async with asyncio.timeout(10):
            while not is_there(found := await look()):
                pass
        return found

    # --- pages, without a browser -------------------------------------------------------------------------------------

    async def get(self, path: str, token: str = "", **headers: str) -> WireResponse:
        return await self.front.handle(WireRequest("GET", path, _headers(token, headers)))

    async def post(
        self, path: str, token: str = "", /, *, origin: str = "http://desk.test", **form: str
    ) -> WireResponse:
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
        return await self.front.handle(WireRequest("POST", path, _headers(token, kind), urlencode(form).encode()))


def _headers(token: str, more: dict[str, str]) -> CIMultiDict[str]:
    cookie = {"Cookie": f"onecase_session={token}"} if token else {}
    return CIMultiDict({"Host": "desk.test", **cookie, **more})


@asynccontextmanager
async def stage(folder: Path, *, public_url: str = "", starts_at: datetime | None = None) -> AsyncIterator[Stage]:
    """`starts_at`: time stands there and goes on by hand alone."""
    port = free_port()
    settings = load_settings(None, {}, data=folder, port=port, host=HOST)
    if public_url:
        settings.public_url = public_url
    sandbox = await run_sandbox(
        target=f"http://{HOST}:{port}",
        clock_mode="manual" if starts_at else "real",
        clock_start=Ms(int(starts_at.timestamp() * 1000)) if starts_at else None,
        seed=7,
    )
    running = await start_service(settings, sandbox=sandbox)
    line = Line(port)
    await line.open()
    front = Front(running.service, NodeMetrics(running.node), pages=desk_pages(running.service))
    try:
        async with aiohttp.ClientSession() as session:
            yield Stage(running, sandbox, line, front, session)
    finally:
        await line.close()
        await running.close()
        await sandbox.close()
