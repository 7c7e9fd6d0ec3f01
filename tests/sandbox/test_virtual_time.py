"""The sandbox on a loop whose time is virtual: no socket, no thread and no waiting, for days of traffic."""

import asyncio
import random
import selectors
import time

from channels.clock import Activity
from channels.sandbox.core import Sandbox
from router.core.clock import Ms
from tests.sandbox.stage import START, TARGET, Bench, Service


class NoWaiting(selectors.DefaultSelector):
    """Notes how long the loop would wait, and does not wait."""

    slept_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.slept_s += timeout or 0.0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.selector = NoWaiting()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.slept_s


class LoopClock:
    def now(self) -> Ms:
        return Ms(START + round(asyncio.get_running_loop().time() * 1000))

    async def sleep_until(self, at: Ms) -> None:
        while (left := at - self.now()) > 0:
            await asyncio.sleep(left / 1000)


async def a_day() -> str:
    service, clock = Service(), LoopClock()
    sandbox = Sandbox(clock=clock, transport=service, chance=random.Random(3), activity=Activity(), target=TARGET)
    bench = Bench(sandbox, clock, service)
    await bench.ask("PUT", "/faults", {"duplicate_webhooks": 0.5, "reorder": 0.5, "delay_s": 5})
    for number in range(24):
        await bench.text(f"text {number}")
        await bench.send(f"message {number}", StatusCallback=f"{TARGET}/status")
        await asyncio.sleep(3600)
    seen = await bench.ask("GET", "/traffic")
    await sandbox.close()
    assert len(await bench.inbox()) == 24
    return str(seen)


def test_a_day_passes_at_once_and_repeats_bit_for_bit():
    began = time.monotonic()
    first, second = (asyncio.Runner(loop_factory=VirtualLoop).run(a_day()) for _ in range(2))
    assert first == second
    assert time.monotonic() - began < 10
