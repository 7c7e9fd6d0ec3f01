"""Ops who erase customers while those write, call and mail; now and then a hold stands in the way for a while.

Its one rule: they ask until they are answered, as a person does, whatever happens to the service meanwhile.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from random import Random

from multidict import CIMultiDict

from channels.wire import WireFailure, WireRequest
from tests.simulation.log import Log
from tests.simulation.loop import Owner
from tests.simulation.network import Link
from tests.simulation.options import Options
from tests.simulation.process import ADMIN_TOKEN
from tests.simulation.provider import SERVICE_URL

PATIENCE_S = 12.0
Planned = tuple[float, Callable[[], Awaitable[object]]]


class Ops:
    def __init__(self, options: Options, api: Link, log: Log, world: Owner) -> None:
        self._options = options
        self._chance = Random(f"erasures/{options.seed}")
        self._api = api
        self._log = log
        self._world = world

    def plan(self) -> list[Planned]:
        """Every erasure of the whole world, by its time in seconds."""
        length = self._options.minutes * 60.0
        plan: list[Planned] = []
        for _ in range(self._options.erasures):
            own = Random(self._chance.getrandbits(64))
            plan.append((self._chance.uniform(length / 10, length), lambda own=own: self._begin(own)))
        return sorted(plan, key=lambda planned: planned[0])

    async def _begin(self, chance: Random) -> None:
        known = sorted(c.id for c in self._log.customers() if c.erased_at is None)
        if known:
            self._world.start(self._erase(chance, chance.choice(known)))

    async def _erase(self, chance: Random, customer: str) -> None:
        is_held = chance.random() < 0.3
        if is_held:
            await self._ask(chance, f"/customers/{customer}/hold", {"on": True, "reason": "a letter from a lawyer"})
        await self._ask(chance, f"/customers/{customer}/erase", {"reason": "their wish"})
        if is_held:
            await asyncio.sleep(chance.uniform(1, 300))
            await self._ask(chance, f"/customers/{customer}/hold", {"on": False})

    async def _ask(self, chance: Random, path: str, shape: object) -> None:
        headers = CIMultiDict({"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"})
        request = WireRequest("POST", f"{SERVICE_URL}/api/v1{path}", headers, json.dumps(shape).encode())
        while True:
            try:
                answer = await self._api.send(request, timeout_s=PATIENCE_S)
            except WireFailure:
                await asyncio.sleep(chance.uniform(0.5, 5))
                continue
            if answer.status < 500 and answer.status != 401:  # while it starts it knows no tokens
                return
            await asyncio.sleep(2)
