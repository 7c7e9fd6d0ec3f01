"""Where mails are read: small ones at once, others in a worker process, so that no mail holds up a call.

Its one rule: reading never fails and never takes the service along. A mail that breaks its worker, or takes it too
long, comes back as its raw source with a note.
"""

import asyncio
import hashlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial

from channels.email.letter import Letter, Part
from channels.email.reading import read_letter
from router.core.clock import Ms

AT_ONCE_BYTES_MAX = 64 * 1024
"""What is read on the loop: a few milliseconds of work."""
READ_S = 30.0
UNREAD = "it could not be read; its source is attached"


class Reader:
    """`verifier`: whose Authentication-Results are believed. `ours`: our own addresses."""

    def __init__(self, *, verifier: str = "", ours: tuple[str, ...] = (), beside: bool = True) -> None:
        self._verifier = verifier
        self._ours = ours
        self._beside = beside
        self._pool: ProcessPoolExecutor | None = None

    async def __call__(self, raw: bytes, received_at: Ms) -> Letter:
        """Read a mail that came at `received_at`."""
        read = partial(read_letter, received_at=received_at, verifier=self._verifier, ours=self._ours)
        if len(raw) <= AT_ONCE_BYTES_MAX or not self._beside:
            return read(raw)
        if self._pool is None:
            self._pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
        reading = self._pool.submit(read, raw)
        try:
            async with asyncio.timeout(READ_S):
                return await asyncio.wrap_future(reading)
        except (BrokenProcessPool, TimeoutError):
            self._end()
            return unread(raw)

    async def close(self) -> None:
        self._end()

    def _end(self) -> None:
        if self._pool is None:
            return
        for worker in list(getattr(self._pool, "_processes", {}).values()):
            with suppress(ProcessLookupError):
                worker.kill()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None


def unread(raw: bytes) -> Letter:
    """A mail of which nothing is known but that it came."""
    digest = hashlib.sha256(raw).hexdigest()
    return Letter(
        message_id=f"<{digest[:40]}@unread.invalid>",
        fingerprint=digest,
        parts=(Part(name="mail.eml", content_type="message/rfc822", content=raw),),
        notes=(UNREAD,),
    )
