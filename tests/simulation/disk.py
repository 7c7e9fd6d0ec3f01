"""A simulated disk under the memory journal: slow, full, failing, torn, and with one owner at a time.

Its one rule: only what a finished sync covered is sure to be there after a crash; of the rest any beginning may be
there, cut at any byte. What is on the platter for good is read here again, frame by frame, for the invariants.
"""

import asyncio
import errno
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from router.journal.memory import next_frame


@dataclass(slots=True)
class Trouble:
    """What the disk does wrong at present: shares from 0 to 1, and how long a slow sync takes."""

    slow: float = 0.0
    slow_s: tuple[float, float] = (1.0, 10.0)
    sync_fails: float = 0.0
    full: float = 0.0

    def clear(self) -> None:
        self.slow = self.sync_fails = self.full = 0.0


class Platter:
    """The bytes of one journal, whoever writes them. `on_record` hears of each whole record once it is there for good."""

    def __init__(
        self, chance: Random, on_record: Callable[[bytes], None], on_broken: Callable[[int, str], None]
    ) -> None:
        self.data = bytearray()
        self.synced = 0
        self.parsed = 0
        self.trouble = Trouble()
        self.syncs = 0
        self.generation = 0
        self.fenced = True  # one owner at a time; switched off only to prove that its absence is noticed
        self._chance = chance
        self._owner: Handle | None = None
        self._on_record = on_record
        self._on_broken = on_broken

    def claim(self, reach: Callable[[str], None] = lambda _: None) -> "Handle":
        """Hand the disk to a new owner. Whoever had it before is fenced; of what they had not synced, any beginning
        stays."""
        if self.fenced or self._owner is None or self._owner.is_cut:
            self._settle()
        self._owner = Handle(self, reach)
        return self._owner

    def owns(self, handle: "Handle") -> bool:
        return not self.fenced or self._owner is handle

    def append(self, data: bytes, writer: "Handle") -> None:
        if writer is not self._owner:
            self._on_broken(37, "a process that had been replaced wrote to the log")
        self.data += data

    def covered(self, size: int) -> None:
        """A sync that began at `size` bytes is through."""
        self.synced = max(self.synced, size)
        self.syncs += 1
        self._read_new()

    def cut_to(self, size: int) -> None:
        if size < self.parsed:
            self._on_broken(1, f"the log was cut at byte {size}, before records that are there for good")
        del self.data[size:]
        self.synced = min(self.synced, size)
        self.parsed = min(self.parsed, size)

    def chance_of(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share

    def sync_s(self) -> float:
        if self.chance_of(self.trouble.slow):
            return self._chance.uniform(*self.trouble.slow_s)
        return self._chance.uniform(0.0005, 0.004)

    def some_of(self, size: int) -> int:
        """How much of `size` unsynced bytes a crash leaves: nothing, all, or up to any byte."""
        kind = self._chance.randrange(3)
        return (0, size, self._chance.randint(0, size))[kind]

    def forget_unsynced(self) -> None:
        """A sync failed: what it should have covered is gone from the cache, and no later sync brings it back."""
        self.generation += 1
        self._settle()

    def _settle(self) -> None:
        kept = self.synced + self.some_of(len(self.data) - self.synced)
        del self.data[kept:]
        self.synced = kept
        self._read_new()

    def _read_new(self) -> None:
        while (frame := next_frame(memoryview(self.data)[: self.synced], self.parsed)) is not None:
            body, self.parsed = frame
            self._on_record(body)


class Handle:
    """One process's hold on the disk."""

    def __init__(self, platter: Platter, reach: Callable[[str], None]) -> None:
        self._platter = platter
        self._reach = reach
        self.is_cut = False
        self.has_failed = False  # an error was reported, so its owner has reason to stop

    def cut(self) -> None:
        """The process is dead: nothing it does reaches the disk any more."""
        self.is_cut = True

    def read(self) -> bytes:
        return bytes(self._platter.data)

    def write(self, data: bytes) -> None:
        self._check()
        self._reach("disk.before_write")
        self._check()
        if self._platter.chance_of(self._platter.trouble.full):
            self._platter.append(data[: self._platter.some_of(len(data))], self)
            self.has_failed = True
            raise OSError(errno.ENOSPC, "no space left on device")
        self._platter.append(data, self)

    def truncate(self, size: int) -> None:
        self._check()
        self._platter.cut_to(size)

    async def sync(self) -> None:
        self._check()
        size, generation = len(self._platter.data), self._platter.generation
        self._reach("disk.before_sync")
        await asyncio.sleep(self._platter.sync_s())
        self._check()
        if self._platter.chance_of(self._platter.trouble.sync_fails):
            self._platter.forget_unsynced()
        if generation != self._platter.generation:
            self.has_failed = True
            raise OSError(errno.EIO, "input/output error")
        self._platter.covered(size)
        self._reach("disk.after_sync")
        self._check()

    def _check(self) -> None:
        if self.is_cut:
            raise OSError(errno.EIO, "the disk is gone")
        if not self._platter.owns(self):
            self.has_failed = True
            raise OSError(errno.EBUSY, "another process owns this log now")
