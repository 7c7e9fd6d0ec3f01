"""Search among 100,000 cases over the API, and what it costs those who write that their words are found."""

import asyncio
import random
import statistics
import time
from pathlib import Path
from urllib.parse import quote

from bench.corpus import WORDS
from bench.filling import fill, open_scope
from bench.processes import Service, free_port, service
from channels.clock import Activity
from router.journal.base import Journal
from router.journal.terms import terms_of
from router.node.indexer import Indexer

MANY = 100_000
PAIRED = 10_000
TIMES = 20
CHUNK = 128


def search(folder: Path, rounds: int) -> None:
    """The 99th percentile of a mixed list of queries among 100,000 cases; the share of texts/s that indexing takes."""
    for turn in range(1, rounds + 1):
        asyncio.run(_cost(folder / f"pair{turn}", turn))
    data = folder / "many"
    refs = asyncio.run(_fill(data))
    asked = queries(refs)
    asyncio.run(_journal_alone(data, asked))
    with service(data, free_port()) as running:
        first = [_ask(running, q) for some in asked.values() for q in some]  # while it still takes up what stood there
        times = {kind: [_ask(running, q) for q in some for _ in range(TIMES)] for kind, some in asked.items()}
    for kind, some in times.items():
        print(f"  {kind}: median {statistics.median(some):.1f} ms, most {max(some):.1f} ms")
    print(f"  asked once just after a start: median {statistics.median(first):.1f} ms, most {max(first):.1f} ms")
    whole = sorted(ms for some in times.values() for ms in some)
    print(f"search: p99 of {len(whole)} queries {whole[int(len(whole) * 0.99)]:.1f} ms (want 50)")


def text(n: int) -> str:
    chance = random.Random(n)
    return f"{' '.join(chance.choices(WORDS, k=12))} order {n:06d}"


def queries(refs: list[str]) -> dict[str, list[str]]:
    """Each kind of thing that people look for, several of each."""
    chance = random.Random(7)
    some = [chance.randrange(MANY) for _ in range(5)]
    return {
        "one common word": ["thermostat", "refund", "late"],
        "two common words": ["thermostat refund", "please bill"],
        "a common and a rare word": [f"thermostat {n:06d}" for n in some],
        "the beginning of a word": ["the", "therm", "refu"],
        "a quoted phrase": ['"call me"', '"please call"', '"thermostat order"'],
        "a whole number": [f"+1415{2_000_000 + n}" for n in some],
        "its last figures": [str(2_000_000 + n)[-4:] for n in some],
        "a number and a word": [f"415 {2_000_000 + n} order" for n in some],
        "a reference": refs[:5],
        "what is nowhere": ["submarine", "thermostat submarine", "+4930111222"],
    }


async def _fill(data: Path) -> list[str]:
    journal, scope = await open_scope(data)
    await fill(scope, first=0, count=MANY, text=text)
    began = time.monotonic()
    while batches := await journal.batches(after=journal.indexed_to, limit=CHUNK):
        await journal.index(batches)
    print(f"  the index of {MANY:,} cases is made from the log in {time.monotonic() - began:.0f} s")
    refs = [case.ref for case in await journal.cases(before=None, limit=5)]
    await journal.close()
    return refs


async def _journal_alone(data: Path, asked: dict[str, list[str]]) -> None:
    journal, _ = await open_scope(data)
    times: list[float] = []
    for q in (q for some in asked.values() for q in some):
        began = time.perf_counter()
        await journal.find_cases(terms_of(q), before=None, limit=50)
        times.append((time.perf_counter() - began) * 1000)
    await journal.close()
    print(f"  in the journal alone: median {statistics.median(times):.1f} ms, most {max(times):.1f} ms")


def _ask(running: Service, q: str) -> float:
    began = time.perf_counter()
    running.get(f"/api/v1/cases?q={quote(q)}")
    return (time.perf_counter() - began) * 1000


async def _cost(folder: Path, turn: int) -> None:
    """Texts without sockets, with the indexer and without, by turns; beside sockets it is a smaller share."""
    rates: dict[bool, float] = {}
    costs: dict[bool, float] = {}
    left = 0
    for indexed in (True, False) if turn % 2 else (False, True):
        journal, scope = await open_scope(folder / str(indexed))
        indexer = _indexer(journal)
        work = asyncio.create_task(indexer.run()) if indexed else None
        began, spent = time.monotonic(), time.process_time()
        await fill(scope, first=0, count=PAIRED, text=text)
        rates[indexed] = PAIRED / (time.monotonic() - began)
        if work is not None:
            left = indexer.lag
            while indexer.lag:
                await asyncio.sleep(0.01)
            work.cancel()
        costs[indexed] = (time.process_time() - spent) / PAIRED * 1e6
        await journal.close()
    print(
        f"  pair {turn}: {rates[False]:,.0f} texts/s without the indexer, {rates[True]:,.0f} with it "
        f"({left} events behind at the end): {1 - rates[True] / rates[False]:.0%} lost; "
        f"{costs[True] - costs[False]:.0f} µs more of a processor a text, on {costs[False]:.0f}"
    )


def _indexer(journal: Journal) -> Indexer:
    indexer = Indexer(journal=journal, activity=Activity())
    journal.listen(indexer.hear)
    return indexer
