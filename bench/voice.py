"""What a call costs: a new one as a share of the floor, and how soon documents come while five hundred wait in line."""

import asyncio
import itertools
import random
import shutil
import statistics
import time
from pathlib import Path

import aiohttp

from bench.processes import BenchProblem, Service, corpus, floor, free_port, service, start, stop, wrk_at
from bench.telephone import Telephone

OURS = "+14155550100"
VOICE_S, FLOOR_S = 10, 8
"""A new call that nobody goes on with is looked at after two minutes: long after the measuring."""
WAITING, AGENTS = 500, 50
CALLS = WAITING + AGENTS
RAMP_S, MEASURED_S = 40.0, 60.0
TALK_S = (20.0, 60.0)
LOOKS_S = (4.0, 15.0)
"""So often an agent looks for offers and takes them; an offer lasts 30 s."""


def voice(folder: Path, rounds: int) -> None:
    """A signed voice webhook, verified to TwiML, as a share of the floor's durable rate; floor and product by turns."""
    shares: list[float] = []
    for turn in range(1, rounds + 1):
        port = free_port()
        with floor(port) as url:
            script = corpus(f"{url}/durable", folder / "floor-calls", count=100_000, kind="call")
            least = wrk_at(f"{url}/durable", script, seconds=FLOOR_S)
        data = folder / f"calls{turn}"
        with service(data, free_port()) as running:
            script = corpus(f"{running.url}/twilio/voice", folder / "product-calls", count=100_000, kind="call")
            before_mb, cpu_s = running.resident_mb, running.cpu_s
            ours = wrk_at(f"{running.url}/twilio/voice", script, seconds=VOICE_S)
            memory_mb, cpu_s = running.resident_mb - before_mb, running.cpu_s - cpu_s
        shutil.rmtree(data)
        if least.refused or ours.refused:
            raise BenchProblem(f"requests were refused: floor {least.refused}, product {ours.refused}")
        shares.append(ours.per_s / least.per_s)
        taken = ours.per_s * VOICE_S
        print(
            f"  round {turn}: floor {least.per_s:,.0f}/s p99 {least.p99_ms:.1f} ms · "
            f"product {ours.per_s:,.0f}/s p99 {ours.p99_ms:.1f} ms · share {shares[-1]:.3f} · "
            f"{taken:,.0f} live calls, {memory_mb / taken * 1024:.1f} KiB and {cpu_s / taken * 1e6:.0f} µs each"
        )
    print(f"voice: share of the floor {statistics.median(shares):.3f} (want 0.20)")


def line(folder: Path, rounds: int) -> None:
    """Answers to voice webhooks while 500 calls wait in line, and 50 agents take some; timed by the provider."""
    slowest: list[float] = []
    for turn in range(1, rounds + 1):
        slowest.append(asyncio.run(_wait_in_line(folder / f"line{turn}", turn)))
    print(f"line: p99 of an answer {statistics.median(slowest):.0f} ms (want 250)")


async def _wait_in_line(data: Path, turn: int) -> float:
    """One round; the p99 in milliseconds."""
    port, provider_port = free_port(), free_port()
    telephone = Telephone(f"http://127.0.0.1:{port}")
    await telephone.open(provider_port)
    provider = f"http://127.0.0.1:{provider_port}"
    running = await asyncio.to_thread(start, data, port, provider=provider)  # it asks the provider while it starts
    try:
        p99 = await _measure(telephone, running, turn)
    finally:
        await telephone.close()
        await asyncio.to_thread(stop, running)
    shutil.rmtree(data)
    return p99


async def _measure(telephone: Telephone, running: Service, turn: int) -> float:
    async with aiohttp.ClientSession() as session:
        agents = [asyncio.create_task(_agent(session, running, n)) for n in range(AGENTS)]
        await _fill(telephone)
        telephone.times_s.clear()
        talked, cpu_s, began = telephone.talked, running.cpu_s, time.perf_counter()
        await asyncio.sleep(MEASURED_S)
        took, times = time.perf_counter() - began, sorted(telephone.times_s)
        talked, cpu_s = telephone.talked - talked, running.cpu_s - cpu_s
        failed = [agent.exception() for agent in agents if agent.done()]
        for agent in agents:
            agent.cancel()
        await asyncio.gather(*agents, return_exceptions=True)
    if failed or telephone.refused:
        raise BenchProblem(f"calls or agents broke: {failed[:3]} {telephone.refused[:10]}")
    p50, p99, most = (times[min(len(times) - 1, int(share * len(times)))] * 1000 for share in (0.5, 0.99, 1.0))
    print(
        f"  round {turn}: {len(times):,} answers ({len(times) / took:.0f}/s) with {telephone.waiting} calls in line and "
        f"{talked} talks · p50 {p50:.1f} ms, p99 {p99:.1f} ms, slowest {most:.1f} ms · "
        f"the service used {cpu_s / took:.0%} of a core"
    )
    return p99


async def _fill(telephone: Telephone) -> None:
    """All calls come in over a while; whoever hangs up is followed by somebody else."""
    chance, numbers = random.Random(1), itertools.count(2_000_000)

    def one() -> None:
        telephone.calls(f"+1415{next(numbers)}", OURS, talk_s=chance.uniform(*TALK_S))

    telephone.on_over = lambda leg: one() if leg.direction == "inbound" else None
    for _ in range(CALLS):
        one()
        await asyncio.sleep(RAMP_S / CALLS)


async def _agent(session: aiohttp.ClientSession, running: Service, n: int) -> None:
    """Takes what is offered now and then, talks until the customer has gone, finishes."""
    chance, api = random.Random(n), f"{running.url}/api/v1"

    async def ask(method: str, path: str, body: object = None, *, token: str) -> dict[str, list[dict[str, str]]]:
        headers = {"Authorization": f"Bearer {token}"}
        async with session.request(method, api + path, json=body, headers=headers) as answer:
            return await answer.json()

    about = {"name": f"agent {n}", "skills": {}, "languages": ["en"], "phone": f"+1415555{1000 + n}"}
    made = await ask("POST", "/agents", about, token=running.token)
    token = str(made["token"])
    await ask("PUT", "/agents/me/state", {"state": "ready"}, token=token)
    while True:
        await asyncio.sleep(chance.uniform(*LOOKS_S))
        mine = await ask("GET", "/agents/me/work", token=token)
        for offer in mine["offers"]:
            await ask("POST", f"/offers/{offer['id']}/accept", token=token)
        for work in mine["work"]:
            if work["state"] == "wrapping":
                await ask("POST", f"/work/{work['id']}/finish", {"outcome": "solved"}, token=token)
