"""The line of one call: where its keys and words arrive, and where whoever steers it waits.

Its one rule: there is one way to wait, `rest`, and it ends with an exception once the call is over or sent elsewhere;
so no verb goes on in a call that has left it. Keys and words that nobody listens to are gone.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from channels.sandbox.ground import Ground
from channels.sandbox.voice.sources import Source
from router.core.clock import Ms

T = TypeVar("T")


class HungUp(Exception):
    """The call is over."""


class Redirected(Exception):
    """The call was sent to another document; `Line.take_redirect` says which."""


class Line:
    """`on_key` takes one key; `on_words` takes what was said and when it will have been said."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._bell: asyncio.Future[None] | None = None
        self._redirect: Source | None = None
        self.is_over = False
        self.is_picked_up = False
        self.spoken_until = Ms(0)
        self.on_key: Callable[[str], None] | None = None
        self.on_words: Callable[[str, Ms], None] | None = None

    def ring(self) -> None:
        """Something changed: let whoever rests look."""
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    def cut(self) -> None:
        self.is_over = True
        self.ring()

    def redirect(self, source: Source) -> None:
        """Send the call to another document; its present verb is interrupted at once."""
        self._redirect = source
        self.ring()

    @property
    def is_redirected(self) -> bool:
        return self._redirect is not None

    def take_redirect(self) -> Source:
        source, self._redirect = self._redirect, None
        assert source is not None
        return source

    def press(self, keys: str) -> None:
        for key in keys:
            if self.on_key is not None:
                self.on_key(key)
        self.ring()

    async def rest(self, until: Ms | None = None) -> None:
        """Wait until something changed, or the time has come. Raise `HungUp` or `Redirected`."""
        self._check()
        if until is not None and until <= self._ground.now():
            return
        assert self._bell is None, "one task steers a call"
        bell = self._bell = asyncio.get_running_loop().create_future()
        alarm = None if until is None else asyncio.get_running_loop().create_task(self._alarm(until, bell))
        try:
            await bell
        finally:
            if alarm is not None:
                alarm.cancel()
            self._bell = None
        self._check()

    async def rest_until(self, at: Ms) -> None:
        """Wait until the time has come, whatever changes."""
        while self._ground.now() < at:
            await self.rest(at)
        self._check()

    async def rest_for(self, work: "asyncio.Task[T]") -> T:
        """Wait for `work`, which goes on by itself when the call leaves."""
        work.add_done_callback(lambda _: self.ring())
        while not work.done():
            await self.rest()
        self._check()
        return work.result()

    def _check(self) -> None:
        if self.is_over:
            raise HungUp
        if self._redirect is not None:
            raise Redirected

    async def _alarm(self, until: Ms, bell: "asyncio.Future[None]") -> None:
        await self._ground.clock.sleep_until(until)
        if not bell.done():
            bell.set_result(None)
