"""One at a time for each key, in order of arrival."""

import asyncio
from collections import deque
from types import TracebackType


class Locks:
    """A lock for any key, held only while somebody uses it."""

    def __init__(self) -> None:
        self._held: dict[str, deque[asyncio.Future[None]]] = {}

    def hold(self, key: str) -> "Hold":
        return Hold(self._held, key)

    def is_held(self, key: str) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)


class Hold:
    __slots__ = ("_held", "_key")

    def __init__(self, held: dict[str, deque[asyncio.Future[None]]], key: str) -> None:
        self._held = held
        self._key = key

    async def __aenter__(self) -> None:
        waiting = self._held.get(self._key)
        if waiting is None:
            self._held[self._key] = deque()
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            elif turn in waiting:  # else it was passed over already
                waiting.remove(turn)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        waiting = self._held[self._key]
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._held[self._key]
