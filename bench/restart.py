"""Start after kill -9 with 100,000 open cases, and the memory it takes."""

import asyncio
from pathlib import Path

from bench.filling import fill, open_scope
from bench.processes import free_port, kill, service, start

MANY = 100_000


def restart(folder: Path, rounds: int) -> None:
    """Seconds from start to ready after kill -9 with 100,000 open cases; resident memory, idle and with them."""
    with service(folder / "empty", free_port()) as idle:
        print(f"  idle: {idle.resident_mb:.0f} MB (want 200), ready after {idle.ready_s:.1f} s")
    data = folder / "full"
    asyncio.run(_fill(data))
    kill(start(data, free_port()))  # who made the folder is no service: from here on it is one's that was killed
    times: list[float] = []
    memory = 0.0
    for _ in range(rounds):
        running = start(data, free_port())
        waiting = running.get("/api/v1/cases?limit=1")
        assert waiting["items"]
        times.append(running.ready_s)
        memory = running.resident_mb
        kill(running)
    print(
        f"  ready after kill -9 with {MANY:,} open cases: {max(times):.1f} s at most (want 5), {memory:.0f} MB (want 1000)"
    )


async def _fill(data: Path) -> None:
    journal, scope = await open_scope(data)
    await fill(scope, first=0, count=MANY)
    await journal.close()
