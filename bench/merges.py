"""Merging and taking apart two cases of 10 entries and of 10,000, and reading the timeline of both together."""

import asyncio
import statistics
import time
from pathlib import Path

from bench.filling import BEGIN, open_scope
from router.core.clock import Ms
from router.core.commands import SYSTEM, MergeCases, MergeCustomers, TakeContact, UnmergeCases
from router.core.documents import Case
from router.core.events import CasesMerged
from router.core.words import CaseId, Channel, CustomerId, MergeId
from router.journal.base import Journal
from router.node.customers import CustomerScope

SIZES = (10, 10_000)
WANTED_MS = 50
PAGE = 50


def merges(folder: Path, rounds: int) -> None:
    """Milliseconds from the command to the disk for a merge and its undoing, the most of 20 a round; references move,
    not rows. And what the first page and one in the middle of the joined timeline take."""
    for size in SIZES:
        asyncio.run(_size(folder / f"merges{size}", size, rounds))


async def _size(data: Path, size: int, rounds: int) -> None:
    journal, scope = await open_scope(data)
    people = ("+12125550142", "+12125550143")
    await asyncio.gather(*(_write(scope, sender, size) for sender in people))
    one, other = [case for case in await journal.cases(before=None, limit=2) if isinstance(case, Case)]
    await scope.take(
        MergeCustomers(key="people", customer=CustomerId(other.customer), into=CustomerId(one.customer), actor=SYSTEM)
    )
    joined: list[float] = []
    apart: list[float] = []
    for n in range(20 * rounds):
        began = time.perf_counter()
        merge = await _merge(scope, f"merge/{n}", other.id, one.id)
        joined.append((time.perf_counter() - began) * 1e3)
        if n < 20 * rounds - 1:
            began = time.perf_counter()
            await scope.take(UnmergeCases(key=f"undo/{n}", merge=merge, actor=SYSTEM))
            apart.append((time.perf_counter() - began) * 1e3)
    first, middle = await _read(journal, [one.id, other.id])
    print(
        f"  two cases of {size:,} entries: merge median {statistics.median(joined):.1f} ms, most {max(joined):.1f}; "
        f"undo median {statistics.median(apart):.1f} ms, most {max(apart):.1f} (want {WANTED_MS}); "
        f"a page of the timeline {first:.1f} ms, in the middle {middle:.1f} ms"
    )
    await journal.close()


async def _write(scope: CustomerScope, sender: str, size: int) -> None:
    for n in range(size):
        command = TakeContact(
            key=f"{sender}/{n}", channel=Channel.SMS, sender=sender, via="+14155550100", at=Ms(BEGIN + n), text="E42"
        )
        await scope.take(command)


async def _merge(scope: CustomerScope, key: str, case: CaseId, into: CaseId) -> MergeId:
    outcome = await scope.take(MergeCases(key=key, case=case, into=into, actor=SYSTEM))
    assert outcome.decision is not None
    return next(event.merge for event in outcome.decision.events if isinstance(event, CasesMerged))


async def _read(journal: Journal, cases: list[CaseId]) -> tuple[float, float]:
    times: list[float] = []
    for after in (0, journal.last_seq // 2):
        began = time.perf_counter()
        await journal.timeline(cases, after=after, limit=PAGE)
        times.append((time.perf_counter() - began) * 1e3)
    return times[0], times[1]
