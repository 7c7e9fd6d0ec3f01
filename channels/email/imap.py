"""A mailbox on an IMAP server, followed for as long as the service runs.

Its one rule: a thread of its own does the talking, for IMAP libraries block, and so does all that is waited for there;
`take`, the cursor and the clock are asked on the service's loop. What is new, and how it is brought, is `following`'s.
"""

import asyncio
import concurrent.futures
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from channels.email.following import Following
from channels.email.imap_port import Cursor, ImapState, Position, Session, Take
from channels.email.imap_session import ImapSession, ImapSettings, wait_readable
from router.core.clock import Clock, Ms
from router.core.errors import Fault

__all__ = ["Cursor", "ImapMailbox", "ImapSettings", "ImapState", "Position", "Take"]

IDLE_S_MAX = 60.0
"""Real seconds of one IDLE. Servers tell of what comes after it began; what came in the moment before is found when it
ends and the folder is looked at again. Routers forget a silent connection after ten minutes (RFC 2177: 29)."""
CLOSE_S, BREAK_S = 1.0, 0.5
"""Real seconds that `close` gives to a mail that is being taken, and then to the thread."""

T = TypeVar("T")


class ImapMailbox:
    """`start` it on the service's loop, `close` it there. `jitter` gives 0..1 and spreads reconnections; `on_state` is
    called on the loop with each new state."""

    def __init__(
        self,
        settings: ImapSettings,
        take: Take,
        cursor: Cursor,
        clock: Clock,
        *,
        jitter: Callable[[], float],
        on_state: Callable[[ImapState], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_state = on_state
        self._following = Following(settings, take, cursor, clock, means=self, jitter=jitter, on_state=self._show)
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread | None = None
        self._ended = asyncio.Event()
        self._bell, self._rope = socket.socketpair()  # a byte on the rope wakes the thread out of any wait of ours
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._session: ImapSession | None = None  # the last one, which may have ended
        self._under_way: concurrent.futures.Future[Any] | None = None

    @property
    def state(self) -> ImapState:
        return self._following.state

    def start(self) -> None:
        """Begin to follow the mailbox. Whatever is wrong with it shows in `state`; nothing is raised."""
        self._loop = asyncio.get_running_loop()
        # A daemon, for a connection that is being made cannot be broken off and must not keep the program from ending.
        self._thread = threading.Thread(target=self._live, name="imap", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """End within two seconds. A mail that is being taken gets one of them, and else comes again next time."""
        self._following.is_over = True
        self._ring()
        if self._session is not None:
            self._session.break_off()
        if self._thread is not None and not await self._has_ended(CLOSE_S):
            if self._under_way is not None:
                self._under_way.cancel()
            if not await self._has_ended(BREAK_S):
                return
        self._bell.close()
        self._rope.close()

    # --- on the thread, where each wait blocks ------------------------------------------------------------------------

    def _live(self) -> None:
        _run_through(self._following.live())
        with suppress(RuntimeError):  # the loop may have ended first
            self._loop.call_soon_threadsafe(self._ended.set)

    def connect(self) -> Session:
        self._session = session = ImapSession(self._settings)
        return session

    async def at_service(self, doing: Coroutine[Any, Any, T]) -> T:
        self._under_way = under_way = asyncio.run_coroutine_threadsafe(doing, self._loop)
        return under_way.result()

    async def wait(self, ms: int | None, session: Session | None) -> None:
        """The bell ends it as well."""
        with suppress(BlockingIOError):
            while self._bell.recv(64):
                pass
        if self._following.is_over:
            return
        talking = None if session is None else self._session
        alarm = None if ms is None else asyncio.run_coroutine_threadsafe(self._alarm(ms), self._loop)
        try:
            if talking is None:
                wait_readable((self._bell,), None)
            else:
                talking.idle(self._bell, IDLE_S_MAX)
        finally:
            if alarm is not None:
                alarm.cancel()

    def _show(self, state: ImapState) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._on_state, state)

    # --- on the loop --------------------------------------------------------------------------------------------------

    async def _alarm(self, ms: int) -> None:
        await self._clock.sleep_until(Ms(self._clock.now() + ms))
        self._ring()

    async def _has_ended(self, within_s: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._ended.wait()
        return self._ended.is_set()

    def _ring(self) -> None:
        with suppress(OSError):
            self._rope.send(b"\0")


def _run_through(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end what blocks wherever it waits, and so never has anything to wait for."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise Fault("following a mailbox waited without blocking its thread")
