"""What only the memory engine has: its own record format, cut and damaged at every byte."""

import pytest

from router.journal.base import JournalUnusable
from router.journal.memory import MemoryJournal, RamDisk
from tests.journal.test_contract import Writer


async def _written(count: int) -> tuple[bytes, list[int]]:
    disk = RamDisk()
    journal = await MemoryJournal.open(disk)
    writer, ends = Writer(), list[int]()
    for _ in range(count):
        await journal.append(writer.contact())
        ends.append(len(disk.data))
    return disk.data, ends


async def test_a_torn_tail_is_cut_off_at_every_byte():
    """However a crash tears the last record, all whole ones before it are read, and writing goes on."""
    data, ends = await _written(3)
    for cut in range(ends[1], len(data)):
        disk = RamDisk()
        disk.data = data[:cut]
        journal = await MemoryJournal.open(disk)
        assert len(await journal.batches(after=0, limit=10)) == 2
        assert len(disk.data) == ends[1]


async def test_damage_in_the_middle_is_refused_not_guessed():
    data, ends = await _written(3)
    for at in range(8, ends[0], 7):
        disk = RamDisk()
        disk.data = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        with pytest.raises(JournalUnusable, match="damaged"):
            await MemoryJournal.open(disk)
