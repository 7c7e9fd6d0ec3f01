"""What a contact costs with 10 and with 100,000 open cases, and a case's 10,000th message against its 10th.

Both sides of a ratio are measured by turns, for a neighbour takes what the machine has for seconds.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.filling import fill, open_scope
from router.node.customers import CustomerScope

MANY, LATE = 100_000, 9_500
SAMPLE, FEW = 2_000, 200
ROUNDS = 5


def growth(folder: Path, rounds: int) -> None:
    """Processor time of a first contact as cases grow, and of a message as its case grows; each as a ratio."""
    del rounds
    asyncio.run(_cases(folder / "cases"))
    asyncio.run(_messages(folder / "messages"))


async def _cases(folder: Path) -> None:
    async with _opened(folder / "few") as few, _opened(folder / "many") as many:
        await fill(few, first=0, count=10)
        await fill(many, first=0, count=MANY)
        costs = [
            (
                await _cost(many, first=MANY + turn * SAMPLE, people=True),
                await _cost(few, first=10 + turn * SAMPLE, people=True),
            )
            for turn in range(ROUNDS)
        ]
    _say("cases: a contact among 100,000 open cases costs", costs)


async def _messages(folder: Path) -> None:
    async with _opened(folder / "early") as early, _opened(folder / "late") as late:
        await fill(early, first=0, count=10, people=False)
        await fill(late, first=0, count=LATE, people=False)
        costs = [
            (
                await _cost(late, first=LATE + turn * FEW, people=False, count=FEW),
                await _cost(early, first=10 + turn * FEW, people=False, count=FEW),
            )
            for turn in range(ROUNDS)
        ]
    _say("messages: a case's 10,000th message costs", costs)


@asynccontextmanager
async def _opened(data: Path) -> AsyncIterator[CustomerScope]:
    journal, scope = await open_scope(data)
    try:
        yield scope
    finally:
        await journal.close()


async def _cost(scope: CustomerScope, *, first: int, people: bool, count: int = SAMPLE) -> float:
    began = time.process_time()
    await fill(scope, first=first, count=count, people=people)
    return (time.process_time() - began) / count * 1e6


def _say(what: str, costs: list[tuple[float, float]]) -> None:
    late, early = (statistics.median(side) for side in zip(*costs, strict=True))
    ratio = statistics.median(late / early for late, early in costs)
    print(f"  {what} {ratio:.2f} x ({late:.0f} against {early:.0f} µs), want 1.2")
