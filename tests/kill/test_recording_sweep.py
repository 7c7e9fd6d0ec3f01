"""A recording that its customer does not want, and a service that is killed once at each step of it.

Afterwards nothing of it is left at the provider, nobody was recorded unheard, and the call went on.
"""

from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from router.journal.faultpoints import FAULT_POINTS
from tests.stories.test_recording import ANAS, at_the_provider, recorded
from tests.story import HERS, Agent, Phone, RealStory

KILLS = (
    "recorder.before_attempt:1",
    "recorder.before_asking:1",
    "recorder.after_asking:1",
    "recorder.before_stop:1",
    "recorder.before_delete:1",
)
ROUNDS_MAX = 20


def test_every_point_of_the_recorder_is_visited() -> None:
    assert {name.partition(":")[0] for name in KILLS} == {n for n in FAULT_POINTS if n.startswith("recorder.")}


async def comes_to_the_phone(ana: Agent, phone: Phone) -> None:
    """The next thing that an agent does who is wanted on the phone."""
    for offer in await ana.offers():
        await ana.accepts(offer)
    state = await phone.state()
    if state == "ringing":
        await phone.picks_up()
    elif state == "in_call":
        await phone.presses("1")


@pytest.mark.parametrize("point", KILLS)
async def test_a_refusal_survives_a_service_that_is_killed(point: str, tmp_path: Path) -> None:
    """They talk and are recorded; she says no; the service dies on the way and is started again."""
    policies = str(recorded(tmp_path / "p"))
    async with RealStory(environment={"ONECASE_POLICIES": policies}) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.agent("ana", phone=ANAS)
        await story.process_ends_at(point)
        deaths = 0

        async def do(step: Awaitable[object]) -> None:
            nonlocal deaths
            with suppress(aiohttp.ClientError, AssertionError, TimeoutError):
                await step
            if story.process is not None and story.process.code is not None:
                deaths += 1
                await story.starts()

        await ana.is_now("ready")
        await do(her.calls())
        for _ in range(ROUNDS_MAX):
            await do(story.passes(seconds=5))
            if HERS in await phone.talks_with():
                break
            await do(comes_to_the_phone(ana, phone))
        await do(story.passes(seconds=10))
        case = (await story.one_case())["id"]
        [leg] = [one for one in await ana.legs(case) if one["role"] == "customer"]
        assert leg["recorded"] or deaths, "they talk and are recorded"
        key = {"Idempotency-Key": "she-said-no", "Authorization": f"Bearer {ana.token}"}
        path = f"/api/v1/calls/{leg['id']}/recording"
        for _ in range(3):
            await do(story.ask("POST", path, body={"on": False}, headers=key, token=None))
            await do(story.passes(minutes=3))
        assert deaths == 1, f"{point} was not reached"
        assert await at_the_provider(story) == []
        assert HERS in await phone.talks_with(), "they go on talking"
        assert "This call is recorded." in await her.heard()
        refused = [e for e in await story.timeline(case) if e["facts"].get("what") == "recording refused"]
        assert len(refused) == 1
        await her.hangs_up()
        await story.passes(seconds=10)
