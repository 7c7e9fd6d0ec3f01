"""`python -m bench [texts|voice|line|growth|restart|matching …]`: the figures of docs/performance.md, each a ratio within this run."""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.callbacks import callbacks
from bench.chat import chat_lines, chat_sockets
from bench.growth import growth
from bench.letters import hostile, trimming
from bench.mails import mails
from bench.matching import matching
from bench.merges import merges
from bench.processes import BenchProblem, corpus, floor, free_port, service, wrk_at
from bench.restart import restart
from bench.search import search
from bench.voice import line, voice


def texts(folder: Path, rounds: int) -> None:
    """A signed SMS webhook, verified to answered, as a share of the floor's durable rate; floor and product by turns."""
    shares: list[float] = []
    tails: list[float] = []
    for turn in range(1, rounds + 1):
        port = free_port()
        with floor(port) as url:
            script = corpus(f"{url}/durable", folder / "floor", count=100_000)
            least = wrk_at(f"{url}/durable", script, seconds=8)
        port = free_port()
        data = folder / f"data{turn}"
        with service(data, port) as running:
            script = corpus(f"{running.url}/twilio/messages", folder / "product", count=200_000)
            ours = wrk_at(f"{running.url}/twilio/messages", script, seconds=60)
        shutil.rmtree(data)
        if least.refused or ours.refused:
            raise BenchProblem(f"requests were refused: floor {least.refused}, product {ours.refused}")
        shares.append(ours.per_s / least.per_s)
        tails.append(ours.p99_ms / least.p99_ms)
        print(
            f"  round {turn}: floor {least.per_s:,.0f}/s p99 {least.p99_ms:.1f} ms · "
            f"product {ours.per_s:,.0f}/s p99 {ours.p99_ms:.1f} ms · share {shares[-1]:.3f}, p99 x {tails[-1]:.1f}"
        )
    print(
        f"texts: share of the floor {statistics.median(shares):.3f} (want 0.25), "
        f"p99 x {statistics.median(tails):.1f} (want 8)"
    )


PARTS: dict[str, Callable[[Path, int], None]] = {
    "texts": texts,
    "voice": voice,
    "line": line,
    "growth": growth,
    "restart": restart,
    "matching": matching,
    "callbacks": callbacks,
    "mails": mails,
    "trimming": trimming,
    "hostile": hostile,
    "search": search,
    "chat_sockets": chat_sockets,
    "chat_lines": chat_lines,
    "merges": merges,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which figures; all when none is named")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="onecase-bench-"))
    try:
        for name in asked.parts or PARTS:
            print(f"{name}: {PARTS[name].__doc__}", flush=True)
            PARTS[name](folder, asked.rounds)
    except BenchProblem as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
