"""Start after kill -9 with 100,000 open cases, and the memory it takes."""

import asyncio
from pathlib import Path

from bench.filling import fill, open_scope
from bench.processes import free_port, kill, service, start, stop

MANY = 100_000


def restart(folder: Path, rounds: int) -> None:
    """Seconds from start to ready after kill -9 with 100,000 open cases; resident memory, idle and with them."""
    with service(folder / "empty", free_port()) as idle:
        print(f"  idle: {idle.resident_mb:.0f} MB (want 200), ready after {idle.ready_s:.1f} s")
    data = folder / "full"
    asyncio.run(_fill(data))
    # Who made the folder is no service. One runs on it and ends, for what it learns of so old a log is learned by now in
    # a service that has run; and one is killed.
    stop(start(data, free_port()))
    kill(start(data, free_port()))
    times: list[float] = []
    busy: list[float] = []
    memory = 0.0
    for _ in range(rounds):
        running = start(data, free_port())
        waiting = running.get("/api/v1/cases?limit=1")
        assert waiting["items"]
        times.append(running.ready_s)
        busy.append(running.cpu_s)
        memory = running.resident_mb
        kill(running)
    each = ", ".join(f"{seconds:.1f}" for seconds in times)
    said = f"{each} s (want 5), {max(busy):.1f} s of a processor at most, {memory:.0f} MB (want 1000)"
    print(f"  ready after kill -9 with {MANY:,} open cases: {said}")


async def _fill(data: Path) -> None:
    journal, scope = await open_scope(data)
    await fill(scope, first=0, count=MANY)
    await journal.close()
