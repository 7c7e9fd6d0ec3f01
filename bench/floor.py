"""The floor: the least work an asyncio service can do to take a signed Twilio webhook durably.

It answers four paths, each adding one unavoidable cost to the one before, so that a figure of the
product is stated as a share of what this machine can do in the same minute, never as an absolute rate.

    /bare     read the body, answer 204
    /signed   + parse the form and check the X-Twilio-Signature (HMAC-SHA1 over URL and sorted fields)
    /durable  + one row in SQLite (WAL, synchronous=FULL), acknowledged after a group commit
    /each     + one commit per request instead of per group, for comparison

    python floor.py 8099        # needs requirements.txt
    ./measure.sh                # wrk sends corpus.py's messages to each path, prints requests/s and p50/p99
"""

import asyncio
import base64
import hashlib
import hmac
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qsl

import uvloop
from aiohttp import web

TOKEN = b"sandbox-auth-token"


def signature_of(url: str, fields: list[tuple[str, str]]) -> str:
    text = url + "".join(k + v for k, v in sorted(fields))
    return base64.b64encode(hmac.new(TOKEN, text.encode(), hashlib.sha1).digest()).decode()


class GroupCommit:
    """Appends rows in the order given; one fsync serves every row that arrived while the last one ran."""

    def __init__(self, path: str) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._rows: list[tuple[float, str]] = []
        self._done: list[asyncio.Future[None]] = []
        self._running = False
        self._db = self._pool.submit(self._open, path).result()

    @staticmethod
    def _open(path: str) -> sqlite3.Connection:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        db.execute("pragma journal_mode=wal")
        db.execute("pragma synchronous=full")
        db.execute("create table event (seq integer primary key, at real, body text)")
        return db

    def _write(self, rows: list[tuple[float, str]]) -> None:
        self._db.execute("begin immediate")
        self._db.executemany("insert into event (at, body) values (?, ?)", rows)
        self._db.execute("commit")

    def append(self, body: str) -> asyncio.Future[None]:
        done = asyncio.get_running_loop().create_future()
        self._rows.append((time.time(), body))
        self._done.append(done)
        if not self._running:
            self._running = True
            asyncio.ensure_future(self._run())
        return done

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._rows:
            rows, self._rows = self._rows, []
            done, self._done = self._done, []
            await loop.run_in_executor(self._pool, self._write, rows)
            for future in done:
                future.set_result(None)
        self._running = False


def build(port: int) -> web.Application:
    folder = Path(tempfile.mkdtemp(prefix="floor"))
    grouped = GroupCommit(str(folder / "grouped.db"))
    each = GroupCommit(str(folder / "each.db"))
    lock = asyncio.Lock()

    async def checked(request: web.Request) -> str:
        body = (await request.read()).decode()
        url = f"http://{request.headers['Host']}{request.path_qs}"
        want = signature_of(url, parse_qsl(body, keep_blank_values=True))
        if not hmac.compare_digest(want, request.headers.get("X-Twilio-Signature", "")):
            raise web.HTTPForbidden
        return body

    async def bare(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=204)

    async def signed(request: web.Request) -> web.Response:
        await checked(request)
        return web.Response(status=204)

    async def durable(request: web.Request) -> web.Response:
        await grouped.append(await checked(request))
        return web.Response(status=204)

    async def one_each(request: web.Request) -> web.Response:
        body = await checked(request)
        async with lock:
            await each.append(body)
        return web.Response(status=204)

    app = web.Application()
    for path, handler in (("/bare", bare), ("/signed", signed), ("/durable", durable), ("/each", one_each)):
        app.router.add_post(path, handler)
    return app


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8099
    uvloop.install()
    web.run_app(build(port), host="127.0.0.1", port=port, access_log=None, print=None)
