"""What a contact costs with 10 and with 100,000 open cases, and a case's 10,000th message against its 10th."""

import asyncio
import statistics
import time
from pathlib import Path

from bench.filling import fill, open_scope

MANY = 100_000
SAMPLE = 2_000
ROUNDS = 5


def growth(folder: Path, rounds: int) -> None:
    """Processor time of a first contact as cases grow, and of a message as its case grows; each as a ratio."""
    del rounds
    asyncio.run(_cases(folder / "cases"))
    asyncio.run(_messages(folder / "messages"))


async def _cases(data: Path) -> None:
    journal, scope = await open_scope(data)
    await fill(scope, first=0, count=10)
    few, taken = [], 10
    for _ in range(ROUNDS):
        few.append(await _cost(scope, first=taken, people=True))
        taken += SAMPLE
    await fill(scope, first=taken, count=MANY - taken)
    many, taken = [], MANY
    for _ in range(ROUNDS):
        many.append(await _cost(scope, first=taken, people=True))
        taken += SAMPLE
    await journal.close()
    _say("cases: a contact among 100,000 open cases costs", many, few)


async def _messages(data: Path) -> None:
    journal, scope = await open_scope(data)
    await fill(scope, first=0, count=10, people=False)
    early = [await _cost(scope, first=10, people=False, count=200) for _ in range(1)]
    early += [await _cost(scope, first=210 + n * 200, people=False, count=200) for n in range(4)]
    await fill(scope, first=2_000, count=9_000, people=False)
    late = [await _cost(scope, first=20_000 + n * 200, people=False, count=200) for n in range(5)]
    await journal.close()
    _say("messages: a case's 10,000th message costs", late, early)


async def _cost(scope: object, *, first: int, people: bool, count: int = SAMPLE) -> float:
    began = time.process_time()
    await fill(scope, first=first, count=count, people=people)  # pyright: ignore[reportArgumentType]
    return (time.process_time() - began) / count * 1e6


def _say(what: str, late: list[float], early: list[float]) -> None:
    ratio = statistics.median(late) / statistics.median(early)
    print(f"  {what} {ratio:.2f} x ({statistics.median(late):.0f} against {statistics.median(early):.0f} µs), want 1.2")
