"""A simulated way that mail goes: it takes time, is refused for a while, breaks off before or after the mail arrived.

Its one rule: whether a mail arrived and whether its sender got to know are two different questions.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, fields
from random import Random
from typing import NoReturn

from channels.email.post import Admit, Envelope, PostFailure, PostRefused, Reply, Take, Unreached, sift
from tests.simulation.loop import Owner


@dataclass(slots=True)
class MailWeather:
    """What happens to a mail, as shares from 0 to 1."""

    refused: float = 0.0  # no connection: surely nothing arrived
    passing: float = 0.0  # the server says 4xx before it has looked at the mail
    broken: float = 0.0  # breaks off in the middle: nothing arrived, and the sender cannot know
    answer_lost: float = 0.0  # arrives and is taken; the sender never learns
    slow: float = 0.0  # takes seconds: others overtake it

    def clear(self) -> None:
        for field in fields(self):
            setattr(self, field.name, 0.0)


class MailLink:
    """One direction: a `Post`. A mail under way outlives its sender. `note` hears of each passage, for the trace."""

    def __init__(
        self,
        name: str,
        *,
        chance: Random,
        world: Owner,
        take: Take,
        note: Callable[[str, Envelope], None],
        admit: Admit | None = None,
    ) -> None:
        self.name = name
        self.weather = MailWeather()
        self.under_way = 0
        self._chance = chance
        self._world = world
        self._take = take
        self._note = note
        self._admit = admit

    async def deliver(self, envelope: Envelope, *, timeout_s: float) -> tuple[Unreached, ...]:
        """Bring a mail there and hear the reply. Raises PostRefused and PostFailure as the real post does."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        if self._hits(self.weather.refused):
            await asyncio.sleep(0.005)
            self._fail(envelope, "refused", may_have_arrived=False)
        await asyncio.sleep(self._delay_s())
        if self._hits(self.weather.passing):
            self._note(f"{self.name} 4xx", envelope)
            raise PostRefused(421, "4.7.0 Too busy, please try again later (simulated)")
        if self._hits(self.weather.broken):
            self._fail(envelope, "broken off", may_have_arrived=True)
        envelope, unreached = sift(envelope, self._admit)
        reply = await self._ask(envelope, deadline)
        if self._hits(self.weather.answer_lost):
            if self._chance.random() < 0.3:  # neither a reply nor an end of the connection
                await asyncio.sleep(max(0.0, deadline - asyncio.get_running_loop().time()))
            self._fail(envelope, "answer lost", may_have_arrived=True)
        await asyncio.sleep(self._delay_s())
        self._note(f"{self.name} {reply}", envelope)
        if not reply.is_taken:
            raise PostRefused(reply.code, reply.text)
        return unreached

    async def _ask(self, envelope: Envelope, deadline: float) -> Reply:
        """The other side goes on although the sender gives up."""
        task = self._world.start(self._arrive(envelope))
        await asyncio.wait([task], timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
        if not task.done():
            self._fail(envelope, "no reply in time", may_have_arrived=True)
        reply = task.result()
        if isinstance(reply, PostFailure):
            self._fail(envelope, "no reply", may_have_arrived=reply.may_have_arrived)
        return reply

    async def _arrive(self, envelope: Envelope) -> Reply | PostFailure:
        self.under_way += 1
        try:
            return await self._take(envelope)
        except PostFailure as failure:
            return failure
        finally:
            self.under_way -= 1

    def _fail(self, envelope: Envelope, what: str, *, may_have_arrived: bool) -> NoReturn:
        self._note(f"{self.name} {what}", envelope)
        raise PostFailure(f"{what} (simulated)", may_have_arrived=may_have_arrived)

    def _delay_s(self) -> float:
        if self._hits(self.weather.slow):
            return self._chance.uniform(0.5, 6.0)
        return self._chance.uniform(0.001, 0.03)

    def _hits(self, share: float) -> bool:
        return share > 0 and self._chance.random() < share
