"""A clock that follows the sandbox's manual clock from another process, over one WebSocket.

Its one rule: each report carries the turn that it answers and is made only after everything that the turn woke has had
its chance to begin, so that the sandbox never takes yesterday's calm for today's. It does not decide what is due: it
reports its own sleepers, and whatever `Activity` counts as under way.
"""

import asyncio
import json
from contextlib import suppress

import aiohttp

from channels.clock import Activity, ManualClock
from router.core.clock import Ms

SETTLE_CHECKS = 40
RECONNECT_S_FIRST, RECONNECT_S_MAX = 0.05, 2.0
HEARTBEAT_S = 20.0
FRAME_BYTES_MAX = 1 << 16


class FollowedClock:
    """A `Clock` whose time is the sandbox's. While the sandbox is away, time stands still."""

    def __init__(self, activity: Activity) -> None:
        self._activity = activity
        self._inner: ManualClock | None = None
        self._first_time = asyncio.Event()
        self._changed = asyncio.Event()
        self._turn: int | None = None
        self._following: asyncio.Task[None] | None = None
        activity.on_change(self._changed.set)

    async def connect(self, url: str) -> None:
        """Follow the sandbox at `url` (its base URL) from now on; return when the first time was taken. It waits as
        long as the sandbox is away, so put a limit around it."""
        address = url.rstrip("/") + "/clock/control"
        self._following = asyncio.create_task(self._follow(address), name=f"follow the clock of {url}")
        await self._first_time.wait()

    async def close(self) -> None:
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following

    def now(self) -> Ms:
        return self._time().now()

    async def sleep_until(self, at: Ms) -> None:
        self._changed.set()
        await self._time().sleep_until(at)

    def next_due(self) -> Ms | None:
        """The earliest instant somebody sleeps until, or None."""
        return self._time().next_due()

    def _time(self) -> ManualClock:
        if self._inner is None:
            raise RuntimeError("the clock has no time yet: await connect() first")
        return self._inner

    async def _follow(self, address: str) -> None:
        pause_s = RECONNECT_S_FIRST
        async with aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
                    async with session.ws_connect(
                        address, heartbeat=HEARTBEAT_S, max_msg_size=FRAME_BYTES_MAX
                    ) as socket:
                        pause_s = RECONNECT_S_FIRST
                        await self._converse(socket)
                self._turn = None
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, RECONNECT_S_MAX)

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        reporting = asyncio.create_task(self._report(socket), name="report to the sandbox's clock")
        try:
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    break
                told = json.loads(frame.data)
                self._take(Ms(int(told["now"])), int(told["turn"]))
        finally:
            reporting.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await reporting

    def _take(self, at: Ms, turn: int) -> None:
        if self._inner is None:
            self._inner = ManualClock(at)
        self._turn = turn
        self._inner.move_to(at)
        self._first_time.set()
        self._changed.set()

    async def _report(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await self._changed.wait()
            await self._settle()
            if self._turn is None:
                continue
            report = {"turn": self._turn, "busy": self._activity.names(), "next_due": self._time().next_due()}
            await socket.send_json(report)

    async def _settle(self) -> None:
        """Return when nothing changed for `SETTLE_CHECKS` rounds of the loop: what was woken has begun by then."""
        while self._changed.is_set():
            self._changed.clear()
            for _ in range(SETTLE_CHECKS):
                await asyncio.sleep(0)
