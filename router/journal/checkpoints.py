"""Checkpoints beside the writer: the write-ahead log is copied into the database by a thread of its own.

SQLite would do it inside a commit, which then takes as long as all the copying, and everybody behind it waits. Here
the writer copies only what came during the last of the copying; then the log begins anew, so that it stays bounded.
Its one rule: a copy that fails loses nothing, for all of it still stands in the log; but a disk that fails is not
written to again, so the engine stops before its next commit.
"""

import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

EVERY_BATCHES = 4000
"""Batches after which the log is copied; a contact's has some three pages of 4 KiB."""
COPIES = 2
"""The first takes long, the second takes what came meanwhile, and leaves little to the writer."""
BEHIND_MAX = 4
"""When so many times more batches came while a copying was under way, the writer waits for it: the log is bounded."""
COPY = "PRAGMA wal_checkpoint(PASSIVE)"


class Checkpoints:
    """`attend` and `committed` are called on the writer's thread, `close` when it has nothing left to do."""

    def __init__(self, path: Path, writer: sqlite3.Connection, *, every: int) -> None:
        self._writer = writer
        self._every = every
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal-checkpoints")
        self._beside = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._copying: Future[None] | None = None
        self._batches = 0

    def committed(self, batches: int) -> None:
        """Count what was written, and begin to copy when it is enough."""
        self._batches += batches
        if self._batches >= self._every and self._copying is None:
            self._batches = 0
            self._copying = self._thread.submit(self._copy)

    def attend(self) -> None:
        """Before a commit: finish a copying that is nearly done. Raises what it failed with."""
        if self._copying is not None and (self._copying.done() or self._batches >= self._every * BEHIND_MAX):
            self._copying.result()
            self._copying = None
            self._writer.execute(COPY).fetchone()

    def close(self) -> None:
        self._thread.shutdown()
        self._beside.close()

    def _copy(self) -> None:
        for _ in range(COPIES):
            self._beside.execute(COPY).fetchone()
