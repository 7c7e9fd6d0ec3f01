"""Manual time: both sides step together, whether the service shares the clock or follows it over a socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from channels.clock import Activity
from channels.clock_follow import FollowedClock
from channels.sandbox.clockwork import StillBusy
from channels.sandbox.server import RunningSandbox, run_sandbox
from router.core.clock import Ms
from tests.sandbox.stage import START, Bench


class FollowingService:
    """A service in spirit: it works in steps of its clock, each step taking a while of real waiting."""

    def __init__(self) -> None:
        self.activity = Activity()
        self.clock = FollowedClock(self.activity)
        self.woken_at: list[int] = []

    async def tick(self, *, every_ms: int, times: int) -> None:
        for _ in range(times):
            await self.clock.sleep_until(Ms(self.clock.now() + every_ms))
            with self.activity.doing("tick"):
                for _ in range(200):
                    await asyncio.sleep(0)
                self.woken_at.append(self.clock.now() - START)


@pytest.fixture
async def following(running: RunningSandbox) -> AsyncIterator[FollowingService]:
    service = FollowingService()
    async with asyncio.timeout(5):
        await service.clock.connect(running.url)
    yield service
    await service.clock.close()


async def post_clock(url: str, **wanted: object) -> tuple[int, dict[str, object]]:
    async with aiohttp.ClientSession(url) as http, http.post("/clock", json=wanted) as answer:
        return answer.status, await answer.json()


async def test_time_moves_only_by_hand(bench: Bench):
    before = await bench.ask("GET", "/clock")
    assert before["mode"] == "manual" and before["now"] == (await bench.ask("GET", "/clock"))["now"]
    await bench.advance(90.5)
    assert bench.clock.now() == START + 90_500
    to = "2027-01-01T00:00:00+01:00"
    assert (await bench.ask("POST", "/clock", {"to": to}))["now"] == "2026-12-31T23:00:00.000Z"
    back = await bench.ask("POST", "/clock", {"to": "2026-12-31T22:00:00Z"})
    assert back["status_code"] == 422 and "2026-12-31T23:00:00.000Z" in back["errors"][0]["msg"]


async def test_a_side_in_the_same_process_is_waited_for(bench: Bench):
    woken: list[int] = []

    async def work() -> None:
        for _ in range(3):
            await bench.clock.sleep_until(Ms(bench.clock.now() + 1_000))
            woken.append(bench.clock.now() - START)

    working = asyncio.create_task(work())
    await bench.advance(10)
    assert woken == [1_000, 2_000, 3_000]
    await working


class StuckSide:
    def busy(self) -> list[str]:
        return ["outbox: 3 rows"]

    def next_due(self) -> Ms | None:
        return None

    def move_to(self, at: Ms) -> None:
        """It shares the clock."""


async def test_what_stays_busy_is_named(bench: Bench):
    assert bench.sandbox.clockwork is not None
    stuck = StuckSide()
    bench.sandbox.clockwork.join(stuck)
    bench.sandbox.clockwork.patience_s = 0.05
    answer = await bench.ask("POST", "/clock", {"advance_s": 1})
    assert answer["status_code"] == 504 and "outbox: 3 rows" in answer["detail"]
    bench.sandbox.clockwork.leave(stuck)
    await bench.advance(1)


class CallingSide(StuckSide):
    """It is busy until the call that it made is answered."""

    def __init__(self, call: "asyncio.Task[object]") -> None:
        self.call = call

    def busy(self) -> list[str]:
        return [] if self.call.done() else ["outbox: 1 row"]


async def test_time_goes_on_for_a_side_that_waits_for_a_held_answer(bench: Bench):
    assert bench.sandbox.clockwork is not None
    await bench.ask("PUT", "/faults", {"delay_s": 30})
    side = CallingSide(asyncio.create_task(bench.send()))
    bench.sandbox.clockwork.join(side)
    await bench.advance(31)
    assert side.call.done()


async def test_a_separate_service_steps_with_the_sandbox(running: RunningSandbox, following: FollowingService):
    assert following.clock.now() == START
    ticking = asyncio.create_task(following.tick(every_ms=250, times=8))
    status, _ = await post_clock(running.url, advance_s=1)
    assert status == 200 and following.woken_at == [250, 500, 750, 1_000]
    await post_clock(running.url, advance_s=0.1)
    assert following.clock.now() == running.clock.now() == START + 1_100
    await post_clock(running.url, advance_s=1)
    assert following.woken_at[-1] == 2_000
    await ticking


async def test_a_busy_separate_service_is_waited_for_and_named(running: RunningSandbox, following: FollowingService):
    assert running.sandbox.clockwork is not None
    release = asyncio.Event()

    async def work() -> None:
        await following.clock.sleep_until(Ms(START + 500))
        with following.activity.doing("import of 5 files"):
            await release.wait()

    working = asyncio.create_task(work())
    running.sandbox.clockwork.patience_s = 0.3
    with pytest.raises(StillBusy, match="import of 5 files"):
        await running.sandbox.clockwork.advance_to(Ms(START + 1_000))
    running.sandbox.clockwork.patience_s = 30
    assert running.clock.now() == START + 500
    advancing = asyncio.create_task(post_clock(running.url, advance_s=0.5))
    release.set()
    assert (await advancing)[0] == 200 and running.clock.now() == START + 1_000
    await working


async def test_a_service_that_left_is_not_waited_for(running: RunningSandbox, following: FollowingService):
    with contextlib.ExitStack() as stack:
        stack.enter_context(following.activity.doing("something endless"))
        await following.clock.close()
        assert (await post_clock(running.url, advance_s=1))[0] == 200


async def test_a_stale_report_is_not_taken_for_the_present(running: RunningSandbox):
    async with aiohttp.ClientSession(running.url) as http, http.ws_connect("/clock/control") as socket:
        first = await socket.receive_json()
        assert first == {"now": START, "turn": 1}
        advancing = asyncio.create_task(post_clock(running.url, advance_s=1))
        await socket.send_json({"turn": 1, "busy": [], "next_due": None})
        while (told := await socket.receive_json())["turn"] < 2:
            pass
        await socket.send_json({"turn": 1, "busy": [], "next_due": None})
        for _ in range(500):
            await asyncio.sleep(0)
        assert running.clock.now() == START and not advancing.done()
        while not advancing.done():
            await socket.send_json({"turn": told["turn"], "busy": [], "next_due": None})
            with contextlib.suppress(TimeoutError):
                told = await socket.receive_json(timeout=0.05)
        assert (await advancing)[0] == 200


async def test_the_clock_is_found_again(unused_tcp_port: int):
    service = FollowingService()
    first = await run_sandbox(target="http://127.0.0.1:9", port=unused_tcp_port, clock_mode="manual", clock_start=START)
    await service.clock.connect(first.url)
    await first.close()
    later = Ms(START + 5_000)
    second = await run_sandbox(
        target="http://127.0.0.1:9", port=unused_tcp_port, clock_mode="manual", clock_start=later
    )
    async with asyncio.timeout(10):
        await service.clock.sleep_until(later)
    await service.clock.close()
    await second.close()


async def test_pages_and_real_clocks_are_refused(running: RunningSandbox):
    real = await run_sandbox(target="http://127.0.0.1:9")
    async with aiohttp.ClientSession() as http:
        for url, headers, status in ((real.url, {}, 409), (running.url, {"Origin": "http://evil.example"}, 403)):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await http.ws_connect(f"{url}/clock/control", headers=headers)
            assert caught.value.status == status
    assert (await post_clock(real.url, advance_s=1))[0] == 409
    await real.close()
