"""A story whose service and sandbox run in this process, on sockets, in a throw-away folder."""

from datetime import datetime, timedelta
from typing import Any

from channels.sandbox.server import RunningSandbox, run_sandbox
from router.core.clock import Ms
from router.core.words import MINUTE_MS
from router.node import node
from router.serving import Running, start_service
from router.settings import load_settings
from tests.story.wire import ADMIN, AFTERNOON, free_port
from tests.story.world import World

LONG = timedelta(hours=2)
SELDOM_MS = Ms(55 * MINUTE_MS)
"""So often the provider's log is read while a long time passes: less than an hour, which is what is asked for at once."""


class Story(World):
    """Service and sandbox in this process."""

    def __init__(self, *, since: datetime = AFTERNOON, **settings: Any) -> None:
        """`since`: when it begins."""
        super().__init__()
        self._since = since
        self._port = free_port()
        self._settings = settings
        self._sandbox: RunningSandbox
        self.running: Running | None = None

    async def begins(self) -> None:
        self._sandbox = await run_sandbox(
            target=f"http://127.0.0.1:{self._port}",
            clock_mode="manual",
            clock_start=Ms(int(self._since.timestamp() * 1000)),
            seed=7,
        )
        self.sandbox = self._sandbox.url
        await self.starts()

    async def ends(self) -> None:
        await self.stops()
        await self._sandbox.close()

    async def starts(self) -> None:
        settings = load_settings(None, {}, data=self.data, port=self._port, bootstrap_token=ADMIN, **self._settings)
        self.running = await start_service(settings, sandbox=self._sandbox)
        self.service = self.running.url

    async def stops(self) -> None:
        """The service is away; the provider is not."""
        if self.running is not None:
            await self.running.close()
            self.running = None

    async def stops_in_order(self) -> None:
        """As on SIGTERM: whoever waits on the phone hears of it first."""
        if self.running is not None:
            await self.running.drain()
        await self.stops()

    async def passes(self, **span: float) -> None:
        """While a long time passes the provider's log is read seldom: to read it every five minutes, days on end, would
        be nearly all that such a story costs."""
        if timedelta(**span) < LONG:
            return await super().passes(**span)
        usual, node.CATCH_UP_EVERY_MS = node.CATCH_UP_EVERY_MS, SELDOM_MS
        try:
            return await super().passes(**span)
        finally:
            node.CATCH_UP_EVERY_MS = usual

    async def restarts(self) -> None:
        await self.stops()
        await self.starts()
