"""The log in memory on a damaged disk: a torn end is cut off, any other damage is refused and never guessed at."""

import asyncio
from random import Random

import pytest

from router.core.clock import Ms
from router.core.events import AccessRefused, CommandTaken
from router.core.words import ActorKind
from router.journal.base import Answer, Batch, JournalStopped, JournalUnusable
from router.journal.memory import MemoryJournal, RamDisk
from tests.simulation.disk import Platter
from tests.simulation.loop import run_virtual


def batch(n: int) -> Batch:
    taken = CommandTaken(kind="CountRefused", key=f"k{n}", actor=ActorKind.SYSTEM)
    return Batch(
        stream="domain",
        at=Ms(n),
        key=f"k{n}",
        events=(taken, AccessRefused(at=Ms(n), what="x", count=n)),
        answer=Answer(key=f"k{n}", status=200, body=""),
    )


async def a_log(count: int) -> bytes:
    disk = RamDisk()
    journal = await MemoryJournal.open(disk)
    for n in range(1, count + 1):
        await journal.append(batch(n))
    return bytes(disk.data)


async def opened(data: bytes) -> int:
    disk = RamDisk()
    disk.data = data
    return (await MemoryJournal.open(disk)).last_seq


async def test_a_log_cut_at_any_byte_keeps_every_whole_record():
    ends = [len(await a_log(count)) for count in range(4)]
    data = await a_log(3)
    for size in range(len(data) + 1):
        whole = sum(end <= size for end in ends[1:])
        assert await opened(data[:size]) == 2 * whole


async def test_a_flipped_bit_is_refused_except_in_the_last_record():
    """Whether the last record was torn or damaged later, nobody can tell: it is cut off, the ones before are kept."""
    data, last = await a_log(4), len(await a_log(3))
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << (at % 8)
        try:
            assert await opened(bytes(damaged)) == 6
            assert at >= last, f"a flip at {at} was taken for a torn end"
        except JournalUnusable:
            pass


@pytest.mark.parametrize("trouble", ["full", "sync_fails"])
def test_after_an_error_of_the_disk_nothing_is_written_any_more(trouble: str):
    async def go(_: object) -> None:
        platter = Platter(Random(1), lambda _: None, lambda _, why: pytest.fail(why))
        journal = await MemoryJournal.open(platter.claim())
        await journal.append(batch(1))
        setattr(platter.trouble, trouble, 1.0)
        for write in (lambda: journal.append(batch(2)), lambda: journal.put_record("a", "b", "c")):
            with pytest.raises(JournalStopped):
                await write()
        platter.trouble.clear()
        with pytest.raises(JournalStopped):
            await journal.put_record("a", "b", "c")
        assert (await MemoryJournal.open(platter.claim())).last_seq in (2, 4)

    run_virtual(go)


def test_a_record_that_does_not_fit_stops_the_log():
    async def go(_: object) -> None:
        platter = Platter(Random(1), lambda _: None, lambda _, why: pytest.fail(why))
        journal = await MemoryJournal.open(platter.claim())
        platter.trouble.full = 1.0
        with pytest.raises(JournalStopped):
            await journal.put_record("a", "b", "c")
        platter.trouble.clear()
        with pytest.raises(JournalStopped):
            await journal.append(batch(1))

    run_virtual(go)


def test_whoever_had_the_log_before_is_fenced():
    async def go(_: object) -> None:
        platter = Platter(Random(1), lambda _: None, lambda _, why: pytest.fail(why))
        first = await MemoryJournal.open(platter.claim())
        await first.append(batch(1))
        second = await MemoryJournal.open(platter.claim())
        with pytest.raises(JournalStopped):
            await first.append(batch(2))
        assert (await second.append(batch(3))).last == 4

    run_virtual(go)


def test_a_loop_on_which_nothing_can_happen_any_more_is_told_apart():
    from tests.simulation.loop import Deadlock

    async def go(_: object) -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlock):
        run_virtual(go)
