"""The clock, as everything that needs time sees it. Implementations live outside the core."""

from typing import NewType, Protocol

Ms = NewType("Ms", int)
"""An instant: integer milliseconds since 1970-01-01T00:00:00Z."""


class Clock(Protocol):
    """Time as an argument: the wall clock, a clock that a person moves, or the simulator's."""

    def now(self) -> Ms:
        """The present instant. It never goes back within one process."""
        ...

    async def sleep_until(self, at: Ms) -> None:
        """Return as soon as `now() >= at`; at once when that is already so. Safe to cancel."""
        ...
