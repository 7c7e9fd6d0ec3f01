"""Chats: what 5,000 idle ones hold, how soon all are back after a restart, and what a line costs."""

import asyncio
import json
import resource
import shutil
import statistics
import time
from contextlib import suppress
from pathlib import Path

import aiohttp

from bench.processes import BenchProblem, Service, corpus, floor, free_port, kill, service, start, stop, wrk_at

SOCKETS = 5_000
AT_ONCE = 200
FILES = 2 * SOCKETS + 1_000
LINES_S, FLOOR_S = 10.0, 8
TALKERS = 600
"""Each may write sixty lines a minute."""
BACK_S_MAX = 60.0


def chat_sockets(folder: Path, rounds: int) -> None:
    """Memory of the service with 5,000 idle chats, and seconds until all have resumed after kill -9 and a restart."""
    _allow_files()
    held: list[float] = []
    back: list[float] = []
    for turn in range(1, rounds + 1):
        data = folder / f"sockets{turn}"
        memory_mb, seconds, cpu_s = asyncio.run(_hold(data))
        shutil.rmtree(data)
        held.append(memory_mb)
        back.append(seconds)
        print(
            f"  round {turn}: {memory_mb:.0f} MB with {SOCKETS:,} idle chats, all back {seconds:.1f} s after ready, "
            f"{cpu_s / SOCKETS * 1e6:.0f} µs of the service each"
        )
    print(f"chat_sockets: {max(held):.0f} MB (want 1024), all back within {max(back):.1f} s (want 10)")


def chat_lines(folder: Path, rounds: int) -> None:
    """Lines written, durable, accepted and on an agent's stream, as a share of the floor's durable rate."""
    _allow_files()
    shares: list[float] = []
    for turn in range(1, rounds + 1):
        with floor(free_port()) as url:
            script = corpus(f"{url}/durable", folder / "floor-chat", count=100_000)
            least = wrk_at(f"{url}/durable", script, seconds=FLOOR_S)
        data = folder / f"lines{turn}"
        with service(data, free_port()) as running:
            per_s = asyncio.run(_talk(running))
        shutil.rmtree(data)
        if least.refused:
            raise BenchProblem(f"the floor refused {least.refused} requests")
        shares.append(per_s / least.per_s)
        print(f"  round {turn}: floor {least.per_s:,.0f}/s · product {per_s:,.0f} lines/s · share {shares[-1]:.3f}")
    print(f"chat_lines: share of the floor {statistics.median(shares):.3f} (want 0.25)")


class Talker:
    """One visitor with one socket."""

    def __init__(self, http: aiohttp.ClientSession, url: str, site: str) -> None:
        self._http = http
        self._url = url
        self._site = site
        self.session: str | None = None
        self.since = 0
        self.socket: aiohttp.ClientWebSocketResponse
        self.lines = 0

    async def comes(self) -> None:
        """Connect until it works, and say hello."""
        while True:
            with suppress(aiohttp.ClientError, OSError):
                self.socket = await self._http.ws_connect(f"{self._url}/chat/ws", compress=0)
                break
            await asyncio.sleep(0.1)
        hello = {"kind": "hello", "site": self._site, "session": self.session, "since": self.since}
        await self.socket.send_str(json.dumps(hello))
        welcome = await self.hears("welcome")
        self.session = welcome["session"]
        if welcome["since"] != self.since:
            raise BenchProblem(f"a session came back with line {welcome['since']}, not {self.since}")

    async def writes(self) -> None:
        self.lines += 1
        await self.socket.send_str(
            json.dumps({"kind": "message", "client_id": f"m{self.lines}", "text": f"line {self.lines}: still E42"})
        )
        self.since = (await self.hears("accepted"))["seq"]

    async def hears(self, kind: str) -> dict:
        while True:
            message = await self.socket.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise BenchProblem(f"a chat ended: {message}")
            frame = json.loads(message.data)
            if frame["kind"] == "error":
                raise BenchProblem(f"a chat was refused: {frame}")
            if frame["kind"] == kind:
                return frame


async def _hold(data: Path) -> tuple[float, float, float]:
    """Resident megabytes with all of them idle; seconds from ready until all have resumed; the service's own of them."""
    port = free_port()
    running = await asyncio.to_thread(start, data, port)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            talkers = [Talker(http, running.url, site) for site in [await _site(http, running)] * SOCKETS]
            for at in range(0, SOCKETS, AT_ONCE):
                await asyncio.gather(*(_begin(one) for one in talkers[at : at + AT_ONCE]))
            memory_mb = running.resident_mb
            kill(running)
            running = await asyncio.to_thread(start, data, port)
            began, cpu_s = time.monotonic(), running.cpu_s
            async with asyncio.timeout(BACK_S_MAX):
                await asyncio.gather(*(one.comes() for one in talkers))
            took, cpu_s = time.monotonic() - began, running.cpu_s - cpu_s
            return max(memory_mb, running.resident_mb), took, cpu_s
    finally:
        await asyncio.to_thread(stop, running)


async def _begin(one: Talker) -> None:
    await one.comes()
    await one.writes()


async def _talk(running: Service) -> float:
    """Lines a second that reached an agent's stream."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        site = await _site(http, running)
        talkers = [Talker(http, running.url, site) for _ in range(TALKERS)]
        for at in range(0, TALKERS, AT_ONCE):
            await asyncio.gather(*(_begin(one) for one in talkers[at : at + AT_ONCE]))
        token = {"Authorization": f"Bearer {running.token}"}
        stream = await http.ws_connect(f"{running.url}/api/v1/stream", headers=token, compress=0, max_msg_size=0)
        seen = 0

        async def look() -> None:
            nonlocal seen
            async for message in stream:
                seen += message.data.count('"ContactReceived"')

        async def write(one: Talker) -> None:
            while one.lines < 55:
                await one.writes()

        looking = asyncio.create_task(look())
        began = time.monotonic()
        writing = [asyncio.create_task(write(one)) for one in talkers]
        _, left = await asyncio.wait(writing, timeout=LINES_S)
        took = time.monotonic() - began
        for task in left:
            task.cancel()
        looking.cancel()
        broken = [error for task in writing if task.done() and not task.cancelled() and (error := task.exception())]
        if broken:
            raise broken[0]
        return seen / took


async def _site(http: aiohttp.ClientSession, running: Service) -> str:
    """The key of a site to which as many as these may come."""
    headers = {"Authorization": f"Bearer {running.token}"}
    made = {"name": "bench", "rate_per_min": 60_000}
    async with http.post(f"{running.url}/api/v1/sites", json=made, headers=headers) as answer:
        return str((await answer.json())["key"])


def _allow_files() -> None:
    """As many open sockets as this takes; the service is allowed the same, for it inherits it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if wanted < SOCKETS + 500:
        raise BenchProblem(f"{most} open files are allowed; {FILES} are needed: ulimit -n {FILES}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
