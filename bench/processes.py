"""Starts what is measured: the floor, the service, and wrk that loads them. Loopback only; everything is ended."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START_S = 60.0


class BenchProblem(Exception):
    """Something that a measurement needs is not there; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw."""

    per_s: float
    p50_ms: float
    p99_ms: float
    refused: int


@dataclass(slots=True)
class Service:
    url: str
    process: subprocess.Popen[bytes]
    token: str
    ready_s: float

    @property
    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1024

    @property
    def cpu_s(self) -> float:
        """Processor seconds used so far, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def get(self, path: str) -> dict[str, object]:
        asked = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)


def wrk_at(url: str, script: Path, *, seconds: int, connections: int = 64) -> Load:
    """Load `url` with the script's requests."""
    tool = shutil.which("wrk")
    if tool is None:
        raise BenchProblem("wrk is not on the path. On Debian: apt-get install wrk")
    command = [tool, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return Load(
        per_s=float(_found(r"Requests/sec:\s+([\d.]+)", said)),
        p50_ms=_milliseconds(_found(r"\n\s+50%\s+(\S+)", said)),
        p99_ms=_milliseconds(_found(r"\n\s+99%\s+(\S+)", said)),
        refused=int(refused[1]) if refused else 0,
    )


def corpus(url: str, folder: Path, *, count: int, people: int = 20_000, kind: str = "text") -> Path:
    """Distinct signed texts or calls for `url`, and the wrk script that sends them."""
    command = [sys.executable, str(ROOT / "bench" / "corpus.py"), url, str(folder), "--kind", kind]
    subprocess.run([*command, "--count", str(count), "--people", str(people)], check=True)
    return folder / "post.lua"


@contextmanager
def run_beside(command: list[str], **how: int) -> Iterator[None]:
    """Run a program until the block ends."""
    process = subprocess.Popen(command, **how)
    try:
        yield
    finally:
        _end(process)


@contextmanager
def floor(port: int) -> Iterator[str]:
    """The least work: take a signed webhook and write one row durably."""
    with run_beside([sys.executable, str(ROOT / "bench" / "floor.py"), str(port)]):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def service(data: Path, port: int, **environment: str) -> Iterator[Service]:
    """The product as it is run, with its sandbox."""
    running = start(data, port, **environment)
    try:
        yield running
    finally:
        stop(running)


def start(data: Path, port: int, *, provider: str | None = None, **more: str) -> Service:
    """The service with its sandbox, or with the provider at a URL. `more`: variables of its environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ONECASE_")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a service that is started twice was compiled at the first time
    environment |= {"ONECASE_BOOTSTRAP_TOKEN": "bench", **more}
    began = time.monotonic()
    process = subprocess.Popen(
        [
            *(sys.executable, str(ROOT / "onecase.py"), "serve", "--port", str(port), "--data", str(data)),
            *(("--sandbox", "--sandbox-port", "0") if provider is None else ("--sandbox-url", provider)),
        ],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    while time.monotonic() - began < START_S:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=1) as answer:
                if answer.status == 200:
                    return Service(url, process, "bench", time.monotonic() - began)
        except (urllib.error.URLError, OSError):
            time.sleep(0.01)
    _end(process)
    raise BenchProblem(f"the service was not ready within {START_S:.0f} s")


def stop(running: Service) -> None:
    """End it as an operator does."""
    _end(running.process)


def kill(running: Service) -> None:
    """End it as a power failure would."""
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    began = time.monotonic()
    while time.monotonic() - began < START_S:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise BenchProblem(f"nothing listens on port {port}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise BenchProblem(f"wrk's words are not understood:\n{text}")
    return found[1]


def _milliseconds(text: str) -> float:
    for unit, factor in (("us", 0.001), ("ms", 1.0), ("s", 1000.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    return float(text)
