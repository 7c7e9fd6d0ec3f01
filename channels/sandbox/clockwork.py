"""Moving a manual clock: to the next due of any side, until all are at rest, and on to the wanted time.

Its one rule: time goes on only when nobody is busy, as seen after everybody was asked anew. Own work and remote reports
are looked at twice with the same count of what ever began between them, so that a webhook that came and went while a
side was answering is noticed. It does not know what the sides do.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from channels.clock import Activity, ClockSide, ManualClock
from router.core.clock import Ms

PATIENCE_S = 30.0
CALM_CHECKS = 40
LOOK_AGAIN_S = 0.001
HELD_PATIENCE_S = 0.1


class StillBusy(Exception):
    """The clock could not be moved on: `names` did not come to rest in time."""

    def __init__(self, names: list[str], at: Ms) -> None:
        super().__init__("; ".join(names))
        self.names = names
        self.at = at


class Clockwork:
    """Owns a `ManualClock`, knows the other sides that live by it, and steps them together.

    `held` counts requests whose answers wait for a later time: whoever sent them cannot come to rest before, so with
    any held, a side whose words do not change for `HELD_PATIENCE_S` is taken to be waiting for them.
    """

    def __init__(self, clock: ManualClock, activity: Activity, *, held: Callable[[], int] = lambda: 0) -> None:
        self.clock = clock
        self.patience_s = PATIENCE_S  # real seconds
        self._activity = activity
        self._held = held
        self._sides: list[ClockSide] = []
        self._one_at_a_time = asyncio.Lock()

    def join(self, side: ClockSide) -> None:
        """From now on the clock waits for `side`, which is given the time first."""
        self._sides.append(side)
        side.move_to(self.clock.now())

    def leave(self, side: ClockSide) -> None:
        with suppress(ValueError):
            self._sides.remove(side)

    async def advance_to(self, at: Ms) -> Ms:
        """Move to `at` (never back) and return the time then. Raise `StillBusy` after `patience_s` of a busy side."""
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self.patience_s):
                    await self._advance(at)
            except TimeoutError as problem:
                raise StillBusy(self._busy() or ["something that comes and goes"], self.clock.now()) from problem
        return self.clock.now()

    async def _advance(self, at: Ms) -> None:
        await self._rest()
        while (due := self._next_due()) is not None and due <= at:
            self._move_to(due)
            await self._rest()
        self._move_to(at)
        await self._rest()

    def _move_to(self, at: Ms) -> None:
        self.clock.move_to(at)
        for side in tuple(self._sides):
            side.move_to(at)

    def _next_due(self) -> Ms | None:
        dues = [due for source in (self.clock, *self._sides) if (due := source.next_due()) is not None]
        return min(dues, default=None)

    def _busy(self) -> list[str]:
        names = self._activity.names()
        for side in self._sides:
            names += side.busy()
            if (due := side.next_due()) is not None and due <= self.clock.now():
                names.append(f"what was due at {due} and is not done")
        return names

    async def _rest(self) -> None:
        while True:
            await self._calm()
            begun = self._activity.begun
            for side in tuple(self._sides):
                side.move_to(self.clock.now())
            await self._calm()
            if begun == self._activity.begun:
                return

    async def _calm(self) -> None:
        """Return when nothing was under way in `CALM_CHECKS` rounds of the loop, one after the other."""
        calm, stuck_since, seen = 0, 0.0, [""]
        while True:
            busy = self._busy()
            calm = 0 if busy else calm + 1
            if calm == CALM_CHECKS:
                return
            present = asyncio.get_running_loop().time()
            if busy != seen:
                seen, stuck_since = busy, present
            elif busy and self._held() and not self._activity.names() and present - stuck_since > HELD_PATIENCE_S:
                return
            await asyncio.sleep(LOOK_AGAIN_S if busy else 0)
