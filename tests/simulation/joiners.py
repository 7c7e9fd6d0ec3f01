"""Somebody who joins, splits and takes apart at random while items come in: rightly, wrongly, and again."""

import asyncio
from random import Random
from typing import Any

from tests.simulation.loop import Owner
from tests.simulation.network import Link
from tests.simulation.options import Options
from tests.simulation.pages import Page
from tests.simulation.process import ADMIN_TOKEN


class Joiner:
    def __init__(self, options: Options, api: Link, world: Owner) -> None:
        self.is_over = False
        self.joined = 0
        self.undone = 0
        self._chance = Random(f"joiner/{options.seed}")
        self._page = Page("joiner", api, self._chance, is_over=lambda: self.is_over, token=ADMIN_TOKEN)
        self._merges: list[tuple[str, str]] = []  # path, and what undoes it
        self.task = world.start(self._work(), "joiner")

    async def _work(self) -> None:
        while not self.is_over:
            await asyncio.sleep(self._chance.uniform(5, 60))
            await self._one()

    async def _one(self) -> None:
        chance = self._chance
        shown = await self._page.ask("GET", "/cases?limit=40")
        cases = shown["items"] if shown else []
        what = chance.random()
        if what < 0.35 and self._merges:
            path, merge = self._merges.pop(chance.randrange(len(self._merges)))
            self.undone += await self._page.ask("POST", f"{path}/unmerge", {"merge": merge}) is not None
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
        done = await self._page.ask("POST", f"{path}/merge", {**shape, "reason": "they look alike"})
        if done is not None:
            self.joined += 1
            self._merges.append((path, done["merge"]))

    async def _split(self, case: dict[str, Any]) -> None:
        rows = await self._page.ask("GET", f"/cases/{case['id']}/timeline?limit=50")
        theirs = [row["id"] for row in (rows["items"] if rows else []) if row["direction"] == "in"]
        if len(theirs) > 1:
            entries = self._chance.sample(theirs, self._chance.randint(1, min(3, len(theirs) - 1)))
            new = await self._page.ask("POST", f"/cases/{case['id']}/split", {"entries": entries})
            if new is not None:
                self._merges.append((f"/cases/{new['id']}", new["split"]))
