"""What chats need besides their socket: uploading files, and the page to try a chat with.

Its one rule: a file is what its bytes say it is, stored once by their hash; it is neither unpacked nor shown in place.
"""

import asyncio
import hashlib
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from channels.chat.sessions import FILE_MS
from channels.email.attachments import part_of
from channels.wire import WireRequest, WireResponse
from router.core.clock import Ms
from router.http.chat_door import ChatDoor
from router.http.problems import Problem
from router.journal.base import Blob

PREFIX = "/chat"
FILES_PATH = "/chat/files"
FILE_BYTES_MAX = 10 * 1024 * 1024
FILES_A_MINUTE = 20
DIGESTED_AT_ONCE = 64 * 1024
"""Up to this a digest is made sooner than a thread is asked."""
UNPACKED_BYTES_MAX = 200 * 1024 * 1024
UNPACKED_TIMES_MAX = 100
ENTRIES_MAX = 10_000
NAME_HEADER = "X-File-Name"
PREFLIGHT_S = 600
FOLDER = Path(__file__).parent / "chat_test"
TEST_PATH = "/chat/test"
TEST_FILES = {
    TEST_PATH: ("test.html", "text/html; charset=utf-8"),
    "/chat/test/chat.js": ("chat.js", "text/javascript; charset=utf-8"),
    "/chat/test/chat.css": ("chat.css", "text/css; charset=utf-8"),
}
"""A plain page that speaks the protocol; only beside a sandbox."""


class ChatPages:
    def __init__(self, door: ChatDoor, *, has_test_page: bool) -> None:
        self._door = door
        self._has_test_page = has_test_page

    def body_bytes_max(self, request: WireRequest) -> int | None:
        """How long the body may be of a request that uploads a file. None: it may not upload any."""
        return FILE_BYTES_MAX if request.url == FILES_PATH and self._address(request) else None

    async def __call__(self, request: WireRequest) -> WireResponse:
        path = request.url.partition("?")[0]
        if path == FILES_PATH:
            try:
                answer = await self._file(request)
            except Problem as problem:
                answer = problem.response()
            shared = self._door.service.sites.shared(request)
            return WireResponse(answer.status, answer.body, answer.content_type, {**answer.headers, **shared})
        if path in TEST_FILES and self._has_test_page and request.method in ("GET", "HEAD"):
            name, content_type = TEST_FILES[path]
            return WireResponse(200, _bytes(name), content_type)
        raise Problem(404, "Not found", "There is nothing at this address.")

    def _address(self, request: WireRequest) -> str | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        now = self._door.node.clock.now()
        return self._door.sessions.upload_in(token.strip(), now=now) if scheme.lower() == "bearer" else None

    async def _file(self, request: WireRequest) -> WireResponse:
        if request.method == "OPTIONS":
            return self._preflight(request)
        if request.method != "POST":
            raise Problem(405, "Method not allowed", "Files come by POST.", headers={"Allow": "POST, OPTIONS"})
        if (origin := request.headers.get("Origin")) and not self._door.service.sites.shared(request):
            raise Problem(403, "Wrong origin", f"Pages of {origin[:100]} may not send files here.")
        address, now = self._address(request), self._door.node.clock.now()
        if address is None:
            raise Problem(401, "No session", "Send `upload` of the welcome as `Authorization: Bearer …`.")
        if len(request.body) > FILE_BYTES_MAX:
            raise Problem(413, "Too large", f"A file has at most {FILE_BYTES_MAX} bytes.")
        if waits := self._door.rates.wait_ms(f"file {address}", per_min=FILES_A_MINUTE, now=now):
            retry = {"Retry-After": str(-(-waits // 1000))}
            raise Problem(429, "Too many", "Too many files in a minute.", headers=retry)
        if is_bomb(request.body):
            raise Problem(422, "Not taken", "This archive would be far larger unpacked than it is.")
        return await self._stored(request, address)

    async def _stored(self, request: WireRequest, address: str) -> WireResponse:
        said = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        part = part_of(unquote(request.headers.get(NAME_HEADER, "")), request.body, said=said)
        digest = await _digest(request.body)
        shown = {"name": part.name, "type": part.content_type, "size_bytes": len(request.body), "note": part.note}
        fields = {**shown, "hash": digest}
        sessions, node = self._door.sessions, self._door.node
        file, now = Blob(hash=digest, body=request.body), node.clock.now()
        name, until = sessions.name_of(address), Ms(now + FILE_MS)
        await node.uploads.came(file, address=address, name=name, until=until)
        reference = sessions.file(fields, address=address, now=now)
        body = json.dumps({"file": reference, **shown}, ensure_ascii=False)
        return WireResponse(201, body.encode(), "application/json")

    def _preflight(self, request: WireRequest) -> WireResponse:
        if not self._door.service.sites.shared(request):
            raise Problem(403, "Wrong origin", "Pages of this origin may not send files here.")
        allowed = {
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": f"Authorization, Content-Type, {NAME_HEADER}",
            "Access-Control-Max-Age": str(PREFLIGHT_S),
        }
        return WireResponse(204, headers=allowed)


async def _digest(body: bytes) -> str:
    if len(body) <= DIGESTED_AT_ONCE:
        return hashlib.sha256(body).hexdigest()
    return await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())


def is_bomb(content: bytes) -> bool:
    """Whether an archive says of itself that it would be huge. It is not unpacked to find out."""
    if not content.startswith(b"PK\x03\x04"):
        return False
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError):
        return False
    size = sum(one.file_size for one in entries)
    return len(entries) > ENTRIES_MAX or size > UNPACKED_BYTES_MAX or size > UNPACKED_TIMES_MAX * len(content)


@cache
def _bytes(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
