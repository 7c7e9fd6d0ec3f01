"""A process that reads mails, one after the other, at the other end of a socket pair.

Its one rule: it is always known which mail is being read, so that one that breaks the process alone is to blame; those
sent behind it are not. Mails wait in the socket, for a turn of a busy loop between two of them would cost more than
reading does. What comes back is decoded as a plain value and can be nothing else. Mails and their files travel in
pieces, and are put together beside the loop: no call waits while millions of bytes are copied.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any

import msgspec

from channels.email.letter import Letter
from router.core.clock import Ms
from router.core.values import replace, value

START_S = 60.0
"""How long a process may take to start."""
SENT_MAX = 8
"""Mails at the process at once: the one that is read, and those behind it."""
NICE = 5
"""Where processors are short, a mail waits before a call does."""
PIECE_BYTES_MAX = 256 * 1024
"""The most that one step of the loop writes, reads or decodes."""

SOURCE = -1
"""Where the source of a letter travels apart; its parts do by their place."""
SIZES = struct.Struct(">II")
SIZE = struct.Struct(">I")
STARTED, BEGUN, READ, FAILED = b"S", b"B", b"R", b"F"

Read = Callable[..., Letter]
Limit = Callable[[], asyncio.Timeout]


@value
class Known:
    """What is known of a mail besides its bytes: the other parameters of `read_letter`."""

    received_at: Ms
    verifier: str = ""
    ours: tuple[str, ...] = ()
    null_path: bool = False

    def as_parameters(self) -> dict[str, Any]:
        given = {"received_at": self.received_at, "verifier": self.verifier, "ours": self.ours}
        return {**given, "null_path": self.null_path}


@value
class Told:
    """A letter without its large files, which follow it in this order."""

    letter: Letter
    apart: tuple[int, ...]


class WorkerGone(Exception):
    """The process ended. `was_read`: it did so while it read this mail."""

    def __init__(self, *, was_read: bool) -> None:
        super().__init__("the process that reads mails ended")
        self.was_read = was_read


class ReadingFailed(Exception):
    """Reading raised something; it would again."""


class _Turn:
    """One mail at the process."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = loop.create_future()
        self.done: asyncio.Future[Letter] = loop.create_future()
        self.is_abandoned = False

    def fail(self, problem: Exception) -> None:
        for future in (self.begun, self.done):
            if not future.done():
                future.set_exception(problem)
                future.exception()  # heard of: whoever waited for it may have gone away


class Worker:
    """Start with `Worker.start(read)`; `end` it."""

    def __init__(self, process: BaseProcess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._process, self._reader, self._writer = process, reader, writer
        self._turns: deque[_Turn] = deque()
        self._room = asyncio.Semaphore(SENT_MAX)
        self._in_order = asyncio.Lock()
        self._sending = set[asyncio.Task[None]]()
        self.is_over = False
        self._receiving: asyncio.Task[None]

    @classmethod
    async def start(cls, read: Read) -> "Worker":
        """A process that is ready to read with `read`. Raises OSError, TimeoutError or WorkerGone."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, read), daemon=True)
            try:
                process.start()
            except BaseException:
                ours.close()
                raise
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        made = cls(process, reader, writer)
        try:
            async with asyncio.timeout(START_S):
                await reader.readexactly(len(STARTED))
        except asyncio.IncompleteReadError as problem:
            made.end()
            raise WorkerGone(was_read=True) from problem
        except BaseException:
            made.end()
            raise
        made._receiving = asyncio.create_task(made._receive(), name="mails that were read")
        return made

    async def read(self, raw: bytes, known: Known, limit: Limit) -> Letter:
        """Read one mail; `limit` is entered once it is begun. Raises ReadingFailed, WorkerGone, or TimeoutError; then,
        and when its caller goes away meanwhile, the process is ended."""
        async with self._room:
            if self.is_over:
                raise WorkerGone(was_read=False)
            turn = _Turn()
            sending = asyncio.create_task(self._send(turn, raw, known), name="a mail goes to its reader")
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)
            try:
                await turn.begun
                async with limit():
                    return await turn.done
            except TimeoutError:
                self.end()
                raise
            except asyncio.CancelledError:
                turn.is_abandoned = True
                if turn.begun.done():
                    self.end()  # else the next mail would wait for this one
                raise

    async def _send(self, turn: _Turn, raw: bytes, known: Known) -> None:
        """Bring a mail to the process, whole even where its caller went away: others come behind it."""
        async with self._in_order:
            if self.is_over:
                turn.fail(WorkerGone(was_read=False))
                return
            self._turns.append(turn)
            facts = msgspec.msgpack.encode(known)
            try:
                self._writer.write(SIZES.pack(len(facts), len(raw)) + facts)
                for at in range(0, len(raw), PIECE_BYTES_MAX):
                    if at:  # a mail of one piece waits for nobody
                        await self._writer.drain()
                    self._writer.write(memoryview(raw)[at : at + PIECE_BYTES_MAX])
            except OSError:
                self.end()

    def end(self) -> None:
        """End the process at once. Mails at it raise WorkerGone."""
        if self.is_over:
            return
        self.is_over = True
        with suppress(ProcessLookupError, AttributeError):
            self._process.kill()
        self._writer.close()
        if hasattr(self, "_receiving"):
            self._receiving.cancel()
        for turn in self._turns:
            turn.fail(WorkerGone(was_read=turn.begun.done()))
        self._turns.clear()

    async def _receive(self) -> None:
        """Hear what the process says until it ends."""
        try:
            while True:
                said = await self._reader.readexactly(1)
                if said == BEGUN:
                    self._begin(self._turns[0])
                    continue
                letter = await self._letter() if said == READ else None
                turn = self._turns.popleft()
                if turn.done.done():
                    continue
                if letter is None:
                    turn.fail(ReadingFailed())
                else:
                    turn.done.set_result(letter)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self.end()

    def _begin(self, turn: _Turn) -> None:
        if turn.is_abandoned:
            self.end()  # nobody limits its time any more
        elif not turn.begun.done():
            turn.begun.set_result(None)

    async def _letter(self) -> Letter | None:
        body, told = await self._bytes(), None
        with suppress(msgspec.DecodeError):
            told = await asyncio.to_thread(_decoded, body) if len(body) > PIECE_BYTES_MAX else _decoded(body)
        if told is None:
            return None
        return _whole(told.letter, {place: await self._bytes() for place in told.apart})

    async def _bytes(self) -> bytes:
        (size,) = SIZE.unpack(await self._reader.readexactly(SIZE.size))
        pieces = [
            await self._reader.readexactly(min(PIECE_BYTES_MAX, size - at)) for at in range(0, size, PIECE_BYTES_MAX)
        ]
        return b"".join(pieces) if len(pieces) < 2 else await asyncio.to_thread(b"".join, pieces)


def _decoded(body: bytes) -> Told:
    return msgspec.msgpack.decode(body, type=Told)


def _whole(letter: Letter, apart: dict[int, bytes]) -> Letter:
    parts = [replace(part, content=apart.get(n, part.content)) for n, part in enumerate(letter.parts)]
    return replace(letter, parts=tuple(parts), source=apart.get(SOURCE, letter.source)) if apart else letter


def _apart(letter: Letter) -> dict[int, bytes]:
    """What of it is large, by its place."""
    found = {n: part.content for n, part in enumerate(letter.parts)} | {SOURCE: letter.source}
    return {n: content for n, content in found.items() if len(content) > PIECE_BYTES_MAX}


# --- in the process ---------------------------------------------------------------------------------------------------


def serve(wire: socket.socket, read: Read) -> None:
    """Read what comes over `wire` until it ends. Control-C at a terminal reaches this process too; when it ends is the
    service's to say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    if (service := multiprocessing.parent_process()) is not None:
        Thread(target=_end_after, args=(service,), daemon=True).start()
    with wire, wire.makefile("rb") as coming:
        wire.sendall(STARTED)
        while sizes := coming.read(SIZES.size):
            facts, mail = SIZES.unpack(sizes)
            known = msgspec.msgpack.decode(coming.read(facts), type=Known)
            raw = coming.read(mail)
            wire.sendall(BEGUN)
            for piece in _answer(read, raw, known):
                wire.sendall(piece)


def _answer(read: Read, raw: bytes, known: Known) -> list[bytes]:
    try:
        letter = read(raw, **known.as_parameters())
        apart = _apart(letter)
        told = Told(letter=_whole(letter, dict.fromkeys(apart, b"")), apart=tuple(apart))
        body = msgspec.msgpack.encode(told)
    except Exception:  # noqa: BLE001 - whatever a mail makes of its reader, the next one is read
        return [FAILED]
    pieces = [READ, SIZE.pack(len(body)), body]
    return [*pieces, *(piece for content in apart.values() for piece in (SIZE.pack(len(content)), content))]


def _end_after(service: BaseProcess) -> None:
    """Without the service this process ends at once, whatever it is reading."""
    service.join()
    os._exit(1)
