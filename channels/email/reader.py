"""Where mails are read: small ones at once, others in a worker process, so that no mail holds up a call.

Its one rule: reading never fails and never takes the service along. One mail at a time is at the worker, so that it
alone is to blame; one that breaks two workers, or takes both too long, comes back as its raw source under its header,
with a note.
"""

import asyncio
import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from multiprocessing.process import BaseProcess
from threading import Thread

from channels.email.heading import read_head
from channels.email.letter import Letter, Part
from channels.email.reading import read_letter
from router.core.clock import Ms
from router.core.values import replace

AT_ONCE_BYTES_MAX = 16 * 1024
"""What is read on the loop: some milliseconds of work, whatever it is."""
READ_S = 30.0
"""How long one reading may take. Neither waiting for other mails nor the start of a worker counts."""
START_S = 60.0
READINGS_MAX = 2

Limit = Callable[[], asyncio.Timeout]
UNREAD = "it could not be read; its source is attached"


class Reader:
    """`verifier`: whose Authentication-Results are believed. `ours`: our own addresses. `read` is what reads, with the
    parameters of `read_letter`, in a process of its own; `limit` is entered around each such reading."""

    def __init__(
        self,
        *,
        verifier: str = "",
        ours: tuple[str, ...] = (),
        beside: bool = True,
        read: Callable[..., Letter] = read_letter,
        limit: Limit | None = None,
    ) -> None:
        self._verifier = verifier
        self._ours = ours
        self._beside = beside
        self._read = read
        self._limit = limit or partial(asyncio.timeout, READ_S)
        self._turn = asyncio.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._is_closed = False

    async def __call__(self, raw: bytes, received_at: Ms) -> Letter:
        """Read a mail that came at `received_at`."""
        read = partial(self._read, received_at=received_at, verifier=self._verifier, ours=self._ours)
        letter = None
        with suppress(Exception):  # whatever a mail makes of its reader, it is kept
            if len(raw) <= AT_ONCE_BYTES_MAX or not self._beside:
                letter = read(raw)
            else:
                async with self._turn:
                    letter = await self._read_beside(partial(read, raw))
        if letter is None:
            head = partial(read_head, received_at=received_at, verifier=self._verifier, ours=self._ours)
            letter = await asyncio.to_thread(unread, raw, head)
        return letter

    async def close(self) -> None:
        """End the worker. What is read from now on comes back unread."""
        self._is_closed = True
        self._end()

    async def _read_beside(self, read: Callable[[], Letter]) -> Letter | None:
        """None where the worker died of it, or it took too long, in a fresh worker too. Raises what reading raises."""
        for _ in range(READINGS_MAX):
            if self._is_closed:
                break
            try:
                pool = await self._worker()
                async with self._limit():
                    return await asyncio.wrap_future(pool.submit(read))
            except (BrokenProcessPool, TimeoutError, OSError):
                self._end()
            except asyncio.CancelledError:
                self._end()  # else the next mail would wait for this one
                raise
        return None

    async def _worker(self) -> ProcessPoolExecutor:
        """A worker that has started. One that died while it had nothing to do is found out and replaced here, so that
        no mail is blamed for it."""
        if self._pool is not None:
            with suppress(Exception):
                return await self._awake(self._pool)
            self._end()
        own = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=own, initializer=_begin)
        return await self._awake(self._pool)

    async def _awake(self, pool: ProcessPoolExecutor) -> ProcessPoolExecutor:
        async with asyncio.timeout(START_S):
            await asyncio.wrap_future(pool.submit(os.getpid))
        return pool

    def _end(self) -> None:
        if self._pool is None:
            return
        for worker in list(getattr(self._pool, "_processes", {}).values()):
            with suppress(ProcessLookupError):
                worker.kill()
        self._pool.shutdown(wait=False)
        self._pool = None


def unread(raw: bytes, head: Callable[[bytes], Letter]) -> Letter:
    """A mail of which no more is known than `head` says, and that it came. The same mail has the same fingerprint,
    whether it is read or not."""
    try:
        known = head(raw)
    except Exception:  # noqa: BLE001 - then reading fails each time, and the bytes alone tell it from others
        digest = hashlib.sha256(raw).hexdigest()
        known = Letter(message_id=f"<{digest[:40]}@unread.invalid>", fingerprint=digest)
    source = Part(name="mail.eml", content_type="message/rfc822", content=raw)
    return replace(known, parts=(source,), notes=(*known.notes, UNREAD))


def _begin() -> None:
    """Control-C at a terminal reaches the worker too; when it ends is the service's to say. Without the service it
    ends at once: the pool's own queue would keep it for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if (service := multiprocessing.parent_process()) is not None:
        Thread(target=_end_after, args=(service,), daemon=True).start()


def _end_after(service: BaseProcess) -> None:
    service.join()
    os._exit(1)
