"""What honest waits cost: the walk along a line of a thousand, and reading one of its places."""

import statistics
import time
from pathlib import Path

from router.core.waits.line import Line, Pool

WAITING, READS = 1_000, 20_000
LEVELS = [(0.0, 80.0), (1800.0, 64.0), (7200.0, 80.0)]


def waits(folder: Path, rounds: int) -> None:
    """A walk along 1,000 waiting, as a share of a core when done every second, and reading one place."""
    del folder
    line = Line()
    for n in range(100):
        line.people.talk_began(n * 300.0)
        line.people.talk_ended((n + 1) * 300.0)
    now_s = 40_000.0
    for n in range(WAITING):
        line.join(f"w{n}", place_s=now_s - WAITING + n, now_s=now_s, holds=n % 3 != 0, told=None)
    walks, reads = list[float](), list[float]()
    for turn in range(20 * rounds):
        began = time.process_time()
        line.look(now_s + turn, Pool(LEVELS, 80))
        walks.append(1e3 * (time.process_time() - began))
    for _ in range(rounds):
        began = time.process_time()
        for n in range(READS):
            line.range_of(f"w{n % WAITING}")
        reads.append(1e6 * (time.process_time() - began) / READS)
    walk_ms = statistics.median(walks)
    print(f"waits: a walk along 1,000 waiting {walk_ms:.2f} ms (want 5), {walk_ms / 10:.2f} % of a core (want 5)")
    print(f"waits: reading one {statistics.median(reads):.1f} µs (want 20)")
