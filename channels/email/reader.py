"""Where mails are read: small ones at once, others in a worker process, so that no mail holds up a call.

Its one rule: reading never fails and never takes the service along. A mail that breaks two workers, or takes both too
long, comes back as its raw source under its header, with a note; no other mail is blamed for it.
"""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from channels.email.heading import read_head
from channels.email.letter import Letter, Part
from channels.email.reading import read_letter
from channels.email.redacting import without_card_numbers
from channels.email.worker import Known, Limit, Worker, WorkerGone
from router.core.clock import Ms
from router.core.values import replace

AT_ONCE_BYTES_MAX = 16 * 1024
"""What is read on the loop: some milliseconds of work, whatever it is."""
READ_S = 30.0
"""How long one reading may take. Neither waiting for other mails nor the start of a worker counts."""
READINGS_MAX = 2

UNREAD = "it could not be read; its source is attached"


def read_clean(raw: bytes, **known: Any) -> Letter:
    """Read a mail, and take out what is never kept of it."""
    return without_card_numbers(read_letter(raw, **known), raw)


class Reader:
    """`verifier`: whose Authentication-Results are believed. `ours`: our own addresses. `read` is what reads, with the
    parameters of `read_letter`, in a process of its own; `limit` is entered around each such reading."""

    def __init__(
        self,
        *,
        verifier: str = "",
        ours: tuple[str, ...] = (),
        beside: bool = True,
        read: Callable[..., Letter] = read_clean,
        limit: Limit | None = None,
    ) -> None:
        self._verifier = verifier
        self._ours = ours
        self._beside = beside
        self._read = read
        self._limit = limit or partial(asyncio.timeout, READ_S)
        self._starting = asyncio.Lock()
        self._worker: Worker | None = None
        self._is_closed = False

    async def __call__(self, raw: bytes, received_at: Ms, *, null_path: bool = False) -> Letter:
        """Read a mail that came at `received_at`. `null_path`: its envelope came from nobody."""
        known = Known(received_at=received_at, verifier=self._verifier, ours=self._ours, null_path=null_path)
        letter = None
        with suppress(Exception):  # whatever a mail makes of its reader, it is kept
            if len(raw) <= AT_ONCE_BYTES_MAX or not self._beside:
                letter = self._read(raw, **known.as_parameters())
            else:
                letter = await self._read_beside(raw, known)
        if letter is None:
            letter = await asyncio.to_thread(unread, raw, partial(read_head, **known.as_parameters()))
        return letter

    async def close(self) -> None:
        """End the worker. What is read from now on comes back unread."""
        self._is_closed = True
        if self._worker is not None:
            self._worker.end()

    async def _read_beside(self, raw: bytes, known: Known) -> Letter | None:
        """None where the worker died of it, or it took too long, in a fresh worker too. Raises what reading raises."""
        readings = 0
        while readings < READINGS_MAX and not self._is_closed:
            try:
                worker = await self._running()
                return await worker.read(raw, known, self._limit)
            except WorkerGone as gone:
                readings += gone.was_read
            except (TimeoutError, OSError):
                readings += 1
        return None

    async def _running(self) -> Worker:
        """A worker that has started."""
        async with self._starting:
            if self._worker is None or self._worker.is_over:
                self._worker = await Worker.start(self._read)
                if self._is_closed:
                    self._worker.end()
            return self._worker


def unread(raw: bytes, head: Callable[[bytes], Letter]) -> Letter:
    """A mail of which no more is known than `head` says, and that it came. The same mail has the same fingerprint,
    whether it is read or not."""
    try:
        known = head(raw)
    except Exception:  # noqa: BLE001 - then reading fails each time, and the bytes alone tell it from others
        digest = hashlib.sha256(raw).hexdigest()
        known = Letter(message_id=f"<{digest[:40]}@unread.invalid>", fingerprint=digest)
    source = Part(name="mail.eml", content_type="message/rfc822", content=raw)
    return without_card_numbers(replace(known, parts=(source,), notes=(*known.notes, UNREAD)), raw)
