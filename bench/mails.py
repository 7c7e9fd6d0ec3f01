"""Mail of 20 kB through the SMTP listener against aiosmtpd alone, and what a text waits meanwhile."""

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import ROOT, BenchProblem, Load, corpus, free_port, run_beside, service, wait_for_port, wrk_at

SECONDS = 15
CONNECTIONS = 16
TEXT_CONNECTIONS = 4


def mails(folder: Path, rounds: int) -> None:
    """A mail of 20 kB, taken to durable, as a share of what aiosmtpd alone accepts; floor and product by turns."""
    shares: list[float] = []
    tails: list[float] = []
    for turn in range(1, rounds + 1):
        port = free_port()
        with run_beside([sys.executable, str(ROOT / "bench" / "mail_floor.py"), str(port)]):
            wait_for_port(port)
            least = bring(port, seconds=SECONDS / 2, connections=CONNECTIONS, first=0)
        http, smtp, data = free_port(), free_port(), folder / f"mails{turn}"
        with service(data, http, ONECASE_MAIL__LISTEN_PORT=str(smtp)) as running:
            url = f"{running.url}/twilio/messages"
            script = corpus(url, folder / "texts", count=200_000)
            wrk_at(url, script, seconds=3, connections=TEXT_CONNECTIONS)
            alone = wrk_at(url, script, seconds=8, connections=TEXT_CONNECTIONS)
            ours = bring(smtp, seconds=SECONDS, connections=CONNECTIONS, first=1_000_000)
            with bringing(smtp, seconds=14, connections=2, first=2_000_000):
                meanwhile = wrk_at(url, script, seconds=8, connections=TEXT_CONNECTIONS)
        shutil.rmtree(data)
        if least.refused or ours.refused or alone.refused or meanwhile.refused:
            raise BenchProblem("something was refused")
        shares.append(ours.per_s / least.per_s)
        tails.append(meanwhile.p99_ms / alone.p99_ms)
        print(
            f"  round {turn}: aiosmtpd alone {least.per_s:,.0f}/s · product {ours.per_s:,.0f}/s, p50 {ours.p50_ms:.1f} "
            f"p99 {ours.p99_ms:.1f} ms · share {shares[-1]:.3f} · a text's p99 {alone.p99_ms:.1f} ms, beside mail "
            f"{meanwhile.p99_ms:.1f} ms: x {tails[-1]:.1f}"
        )
    print(f"mails: share of aiosmtpd alone {statistics.median(shares):.3f} (want 0.25)")
    print(f"mails: p99 of a text beside mail x {statistics.median(tails):.1f} its own (want 3)")


def bring(port: int, *, seconds: float, connections: int, first: int) -> Load:
    """Bring mails and wait for the end."""
    said = subprocess.run(_command(port, seconds, connections, first), capture_output=True, text=True, check=True)
    return Load(**json.loads(said.stdout))


@contextmanager
def bringing(port: int, *, seconds: float, connections: int, first: int) -> Iterator[None]:
    """Bring mails beside what is done meanwhile."""
    with run_beside(_command(port, seconds, connections, first), stdout=subprocess.DEVNULL):
        yield


def _command(port: int, seconds: float, connections: int, first: int) -> list[str]:
    load = str(ROOT / "bench" / "mail_load.py")
    return [sys.executable, load, str(port), str(seconds), str(connections), str(first)]
