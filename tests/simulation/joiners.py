"""Somebody who joins, splits and takes apart at random while items come in: rightly, wrongly, and again.

They use the API as a page does: every request has an Idempotency-Key and is sent again until it is answered.
"""

import asyncio
import json
from random import Random
from typing import Any

from multidict import CIMultiDict

from channels.wire import WireFailure, WireRequest
from tests.simulation.loop import Owner
from tests.simulation.network import Link
from tests.simulation.options import Options
from tests.simulation.process import ADMIN_TOKEN
from tests.simulation.provider import SERVICE_URL

PAGE_S = 12.0


class Joiner:
    def __init__(self, options: Options, api: Link, world: Owner) -> None:
        self.is_over = False
        self.joined = 0
        self.undone = 0
        self._chance = Random(f"joiner/{options.seed}")
        self._api = api
        self._keys = 0
        self._merges: list[tuple[str, str]] = []  # path, and what undoes it
        self.task = world.start(self._work(), "joiner")

    async def _work(self) -> None:
        while not self.is_over:
            await asyncio.sleep(self._chance.uniform(5, 60))
            await self._one()

    async def _one(self) -> None:
        chance = self._chance
        shown = await self._ask("GET", "/cases?limit=40")
        cases = shown["items"] if shown else []
        what = chance.random()
        if what < 0.35 and self._merges:
            path, merge = self._merges.pop(chance.randrange(len(self._merges)))
            self.undone += await self._ask("POST", f"{path}/unmerge", {"merge": merge}) is not None
        elif what < 0.55 and cases:
            await self._split(chance.choice(cases))
        elif len(cases) > 1:
            await self._join(*chance.sample(cases, 2))

    async def _join(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        """Where they are of two customers, those are said to be one first."""
        if one["customer"] != other["customer"]:
            await self._merge(f"/customers/{one['customer']}", {"customer": other["customer"]})
            if self._chance.random() < 0.3:
                return
        await self._merge(f"/cases/{one['id']}", {"case": other["id"]})

    async def _merge(self, path: str, shape: dict[str, str]) -> None:
        done = await self._ask("POST", f"{path}/merge", {**shape, "reason": "they look alike"})
        if done is not None:
            self.joined += 1
            self._merges.append((path, done["merge"]))

    async def _split(self, case: dict[str, Any]) -> None:
        rows = await self._ask("GET", f"/cases/{case['id']}/timeline?limit=50")
        theirs = [row["id"] for row in (rows["items"] if rows else []) if row["direction"] == "in"]
        if len(theirs) > 1:
            entries = self._chance.sample(theirs, self._chance.randint(1, min(3, len(theirs) - 1)))
            new = await self._ask("POST", f"/cases/{case['id']}/split", {"entries": entries})
            if new is not None:
                self._merges.append((f"/cases/{new['id']}", new["split"]))

    async def _ask(self, method: str, path: str, shape: object = None) -> Any:
        """The JSON of a 2xx answer, or None where it is not allowed now."""
        self._keys += 1
        headers = CIMultiDict({"Authorization": f"Bearer {ADMIN_TOKEN}"})
        if method != "GET":
            headers["Idempotency-Key"] = f"joiner-{self._keys}"
            headers["Content-Type"] = "application/json"
        body = b"" if shape is None else json.dumps(shape).encode()
        request = WireRequest(method, f"{SERVICE_URL}/api/v1{path}", headers, body)
        while not self.is_over:
            try:
                answer = await self._api.send(request, timeout_s=PAGE_S)
            except WireFailure:
                await asyncio.sleep(self._chance.uniform(0.5, 5))
                continue
            if answer.status < 300:
                return json.loads(answer.body)
            if 400 <= answer.status < 500 and answer.status not in (401, 429):
                return None
            await asyncio.sleep(2)
        return None
