"""A simulated network: requests and answers that take time, get lost, come twice, overtake each other or come hours late.

Its one rule: whether a request arrived and whether its sender got to know are two different questions, and every
combination happens.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from random import Random

from channels.wire import WireFailure, WireRequest, WireResponse
from tests.simulation.loop import Owner

Deliver = Callable[[WireRequest], Awaitable[WireResponse]]
GATEWAY = WireResponse(502, b"<html><body>Bad gateway</body></html>", "text/html")


@dataclass(slots=True)
class Weather:
    """What happens to a request, as shares from 0 to 1."""

    refused: float = 0.0  # no connection: surely nothing arrived
    lost: float = 0.0  # never arrives; the sender waits in vain
    answer_lost: float = 0.0  # arrives and has its effect; the sender never learns
    gateway: float = 0.0  # somebody in between answers 502, before or after the effect
    repeated: float = 0.0  # a second copy arrives within seconds
    late: float = 0.0  # the sender waits in vain; it arrives minutes or hours later
    slow: float = 0.0  # takes seconds: others overtake it

    def clear(self) -> None:
        for field in fields(self):
            setattr(self, field.name, 0.0)


@dataclass(frozen=True, slots=True)
class Passage:
    """What became of one request, for the trace."""

    link: str
    what: str
    method: str
    path: str
    status: int
    body: bytes


class Link:
    """One direction of the wire: a `Transport`. Copies that outlive their sender belong to the world."""

    def __init__(
        self,
        name: str,
        *,
        chance: Random,
        world: Owner,
        deliver: Deliver,
        note: Callable[[Passage], None],
        late_s: tuple[float, float],
    ) -> None:
        self.name = name
        self.weather = Weather()
        self.answers_lost = 0
        self.copies = 0  # under way without anybody waiting for them
        self._chance = chance
        self._world = world
        self._deliver = deliver
        self._note = note
        self._late_s = late_s

    async def send(self, request: WireRequest, *, timeout_s: float) -> WireResponse:
        """Carry a request there and its answer back. Raises WireFailure as the real transport does."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        if self._hits(self.weather.refused):
            await asyncio.sleep(0.005)
            raise self._failed(request, "refused", may_have_arrived=False)
        await asyncio.sleep(self._delay_s())
        if self._hits(self.weather.lost):
            await self._until(deadline)
            raise self._failed(request, "lost", may_have_arrived=True)
        if self._hits(self.weather.late):
            self._world.start(self._copy(request, self._chance.uniform(*self._late_s), "late"))
            await self._until(deadline)
            raise self._failed(request, "late", may_have_arrived=True)
        if self._hits(self.weather.gateway / 2):
            return self._answered(request, "gateway before", GATEWAY)
        if self._hits(self.weather.repeated):
            self._world.start(self._copy(request, self._chance.choice((0.0, 0.01, 1.0, 4.0)), "repeated"))
        answer = await self._ask(request, deadline)
        if self._hits(self.weather.answer_lost):
            self.answers_lost += 1
            await self._until(deadline)
            raise self._failed(request, "answer lost", may_have_arrived=True)
        if self._hits(self.weather.gateway / 2):
            self.answers_lost += 1
            return self._answered(request, "gateway after", GATEWAY)
        await asyncio.sleep(self._delay_s())
        return self._answered(request, "answered", answer)

    async def _ask(self, request: WireRequest, deadline: float) -> WireResponse:
        """The other side goes on although the sender gives up."""
        task = self._world.start(self._arrive(request))
        await asyncio.wait([task], timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
        if not task.done():
            self.answers_lost += 1
            raise self._failed(request, "no answer in time", may_have_arrived=True)
        answer = task.result()
        if isinstance(answer, WireFailure):
            self.answers_lost += answer.may_have_arrived
            raise self._failed(request, "broken off", may_have_arrived=answer.may_have_arrived)
        return answer

    async def _arrive(self, request: WireRequest) -> WireResponse | WireFailure:
        try:
            return await self._deliver(request)
        except WireFailure as failure:
            return failure

    async def _copy(self, request: WireRequest, after_s: float, what: str) -> None:
        self.copies += 1
        await asyncio.sleep(after_s)
        answer = await self._arrive(request)
        self.copies -= 1
        if isinstance(answer, WireResponse):
            self._answered(request, what, answer)

    async def _until(self, deadline: float) -> None:
        await asyncio.sleep(max(0.0, deadline - asyncio.get_running_loop().time()))

    def _delay_s(self) -> float:
        if self._hits(self.weather.slow):
            return self._chance.uniform(0.5, 6.0)
        return self._chance.uniform(0.001, 0.03)

    def _hits(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share

    def _answered(self, request: WireRequest, what: str, answer: WireResponse) -> WireResponse:
        self._note(Passage(self.name, what, request.method, request.url, answer.status, answer.body))
        return answer

    def _failed(self, request: WireRequest, what: str, *, may_have_arrived: bool) -> WireFailure:
        self._note(Passage(self.name, what, request.method, request.url, 0, b""))
        return WireFailure(f"{what} (simulated)", may_have_arrived=may_have_arrived)
