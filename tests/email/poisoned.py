"""A reader that mails can poison, and what it tells: it dies, hangs or fails as a mail says. It runs in a real worker
process, which is why it stands in a module of its own."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from channels.email.letter import Letter
from channels.email.reader import AT_ONCE_BYTES_MAX, Reader
from channels.email.reading import read_letter
from router.core.clock import Ms
from router.core.values import replace
from tests.email.builders import NOW, from_mia

PADDING = b"x" * 70 + b"\r\n"


def poisoned(raw: bytes, **known: Any) -> Letter:
    """`read_letter`, but where a mail says otherwise. The text is the number of the process that read it."""
    words = raw.partition(b"\r\n\r\n")[2].split()
    match words[0]:
        case b"dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"fails":
            raise ZeroDivisionError
        case b"hangs":
            with socket.create_connection(("127.0.0.1", int(words[1]))) as told:
                told.sendall(b"%d\n" % os.getpid())
                told.recv(1)  # until this process ends, or is told to go on
        case _:
            pass
    return replace(read_letter(raw, **known), text=str(os.getpid()))


def large(words: str, *, subject: str = "Heating") -> bytes:
    """A mail of hers that is read beside the loop."""
    body = f"{words}\r\n".encode() + PADDING * (AT_ONCE_BYTES_MAX // len(PADDING) + 1)
    return from_mia(body=body).replace(b"Subject: Heating", f"Subject: {subject}".encode())


@dataclass
class Bench:
    """`hung` has the process and the wire of each reading that hangs, as it begins to."""

    reader: Reader
    port: int
    hung: asyncio.Queue[tuple[int, asyncio.StreamWriter]] = field(default_factory=asyncio.Queue)
    limits: list[asyncio.Timeout] = field(default_factory=list)

    async def reads(self, raw: bytes) -> Letter:
        return await self.reader(raw, Ms(NOW))

    def time_runs_out(self) -> None:
        """For the mail that is at the worker."""
        self.limits[-1].reschedule(asyncio.get_running_loop().time())


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """A reader with a worker of its own, whose time runs out when the test says so."""

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.hung.put_nowait((int(await reader.readline()), writer))

    def limit() -> asyncio.Timeout:
        made.limits.append(asyncio.timeout(None))
        return made.limits[-1]

    listening = await asyncio.start_server(hear, "127.0.0.1", 0)
    made = Bench(Reader(read=poisoned, limit=limit), listening.sockets[0].getsockname()[1])
    async with listening:
        try:
            yield made
        finally:
            await made.reader.close()
            while not made.hung.empty():
                made.hung.get_nowait()[1].close()
