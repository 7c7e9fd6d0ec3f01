"""An erasure, and a service that is killed once at each step of it: afterwards nothing of her is left in any file, the
ledger names her once, and the log is whole."""

import aiohttp
import pytest

from router.journal.faultpoints import FAULT_POINTS
from tests.stories.test_erase import CANARIES, found_in, her_matter
from tests.stories.test_erase_others import CANARIES as HIS_CANARIES
from tests.stories.test_erase_others import HIS as HIS_MAIL
from tests.stories.test_erase_others import their_matter
from tests.story import HERS, RealStory

KILLS = (
    "journal.before_commit:1",
    "journal.after_commit:1",
    "erase.before_ledger:1",
    "erase.before_piece:1",
    "erase.before_piece:3",
    "erase.before_piece:6",
    "erase.before_done:1",
)


def test_every_point_of_an_erasure_is_visited() -> None:
    assert {name.partition(":")[0] for name in KILLS} > {n for n in FAULT_POINTS if n.startswith("erase.")}


@pytest.mark.parametrize("point", KILLS)
async def test_an_erasure_survives_a_service_that_is_killed(point: str) -> None:
    """Ops ask until they are answered; the service dies on the way and is started again."""
    async with RealStory() as story:
        ana = await story.ready_agent("ana")
        customer, case = await her_matter(story, ana)
        await story.process_ends_at(point)
        deaths = 0

        async def ask() -> bool:
            """Whether somebody answered; a service that died over it is started again."""
            nonlocal deaths
            try:
                await story.api("POST", f"/customers/{customer}/erase", {"reason": "17"}, key="once")
            except aiohttp.ClientError:
                assert await story.dies() != 0
                deaths += 1
                await story.starts()
                return False
            return True

        while not await ask():
            pass
        assert deaths == 1, f"{point} was not reached"
        assert (await story.api("GET", f"/customers/{customer}"))["erase"] == "done"
        await story.phone(HERS).texts("I am new here")
        assert await story.said(await story.phone(HERS).case()) == ["I am new here"]
        assert (await story.case(case))["status"] == "closed"
        left = found_in(story.data, *(word for word in CANARIES if word not in HERS))
        assert left == []
        assert (story.data / "erasures.jsonl").read_text().count(customer) == 1


@pytest.mark.parametrize("point", KILLS)
async def test_erasing_whoever_takes_part_survives_a_service_that_is_killed(point: str) -> None:
    """Ops ask until somebody answers; where the commit was there before the service died, the start finished it."""
    async with RealStory() as story:
        _, _, case = await their_matter(story)
        await story.process_ends_at(point)
        deaths = 0
        while True:
            try:
                await story.api("POST", "/participants/erase", {"address": HIS_MAIL}, key="once")
                break
            except aiohttp.ClientError:
                assert await story.dies() != 0
                deaths += 1
                await story.starts()
        assert deaths == 1, f"{point} was not reached"
        assert (await story.case(case["id"]))["participants"] == []
        assert "My Zaubernuss is broken" in await story.said(case["id"])
        assert found_in(story.data, *HIS_CANARIES) == []
        assert (story.data / "erasures.jsonl").read_text().count(case["id"]) == 1
