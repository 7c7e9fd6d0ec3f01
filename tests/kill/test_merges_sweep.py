"""Two people are joined, go on writing and are told apart again: the service is killed once at each step of it.

Afterwards every word is there once and on its own side, and each of them stands at their own place.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.story import HERS, RealStory

HIS = "+12125550177"
KILLS = tuple(
    f"journal.{point}:{count}"
    for point, counts in {
        "before_write": (4, 6),
        "before_commit": (4, 5, 8),
        "after_commit": (4, 5, 6, 8),
    }.items()
    for count in counts
)
TRIES_MAX = 8


class Hands:
    """Does the next thing, as often as it takes; whoever started the service starts it again when it died."""

    def __init__(self, story: RealStory) -> None:
        self.story = story
        self.deaths = 0

    async def do(self, step: Callable[[], Awaitable[Any]]) -> Any:
        for _ in range(TRIES_MAX):
            failed: BaseException | None = None
            done = None
            try:
                done = await step()
            except (aiohttp.ClientError, AssertionError, TimeoutError) as problem:
                failed = problem
            if self.story.process is not None and self.story.process.code is not None:
                self.deaths += 1
                await self.story.starts()
            if failed is None:
                return done
            await asyncio.sleep(0.05)  # between two real attempts over a real socket
        raise AssertionError(f"it never worked: {failed}")

    async def texts(self, number: str, words: str) -> None:
        """Once, whatever becomes of it: what a dead service missed is fetched from the provider's log."""
        await self.story.phone(number).begins_text(words)
        await self.do(self.story.settles)
        await self.do(lambda: self.story.passes(minutes=1))

    async def asks(self, path: str, body: dict[str, str], key: str) -> Any:
        """One call under one key, until it is answered."""
        done = await self.do(lambda: self.story.api("POST", path, body, key=key))
        await self.do(self.story.settles)
        return done


@pytest.mark.parametrize("point", KILLS)
async def test_a_merge_and_its_undoing_survive_a_service_that_is_killed(point: str) -> None:
    """S3, with a service that dies in the middle: nothing is half joined or half told apart."""
    async with RealStory(first_ends_at=point) as story:
        hands = Hands(story)
        await hands.texts(HERS, "E42 on my thermostat")
        await hands.texts(HIS, "my bill is wrong")
        hers, his = await hands.do(story.cases)
        people, cases = f"/customers/{hers['customer']}", f"/cases/{hers['id']}"
        joined = await hands.asks(f"{people}/merge", {"customer": his["customer"]}, "join-people")
        merged = await hands.asks(f"{cases}/merge", {"case": his["id"]}, "join-cases")
        assert joined["merge"] != merged["merge"]
        await hands.texts(HIS, "and the address too")
        await hands.texts(HERS, "still cold")
        words = ["E42 on my thermostat", "my bill is wrong", "and the address too", "still cold"]
        assert await hands.do(lambda: story.said(hers["id"])) == words
        await hands.asks(f"{people}/unmerge", {"merge": joined["merge"]}, "tell-apart")
        assert hands.deaths == 1, f"{point} was not reached"
        assert await story.said(hers["id"]) == [words[0], words[3]]
        assert await story.said(his["id"]) == [words[1], words[2]]
        for was in (hers, his):
            shown = await story.case(was["id"])
            assert shown["ask"]["place_at"] == was["ask"]["place_at"]
            assert (shown["merged"], shown["merged_into"], shown["ledger"]["contacts"]) == ([], None, 2)
