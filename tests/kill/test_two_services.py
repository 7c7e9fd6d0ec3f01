"""S14, its two nodes: one service at a time has the folder. A second one that is started beside it, at whatever step of a
dial, is turned away and touches nothing; once the first is dead it takes over, and her phone has rung once.
"""

import pytest

from tests.kill.test_calls_sweep import ANAS, rings
from tests.story import HERS, RealStory


async def comes_to(story: RealStory, step: str) -> None:
    """Ana has taken the call-back; go on until just that step."""
    anas, her = story.phone(ANAS), story.phone(HERS)
    await story.passes(seconds=2)
    if step == "agent rings":
        return
    await anas.picks_up()
    await story.passes(seconds=2)
    await anas.presses("1")
    await story.passes(seconds=2)
    if step == "she has answered":
        await her.picks_up()
        await story.passes(seconds=2)


@pytest.mark.parametrize(
    "faults", [{}, {"lose_status": 1.0}, {"duplicate_webhooks": 1.0}], ids=["plain", "lost", "twice"]
)
@pytest.mark.parametrize("step", ["agent rings", "she rings", "she has answered"])
async def test_a_second_service_in_the_middle_of_a_dial_neither_dials_nor_spoils(
    step: str, faults: dict[str, float]
) -> None:
    """The second is started while the first dials, and is refused; then the first is killed and the second started again:
    one dial for the attempt, whether status callbacks are lost or come twice."""
    async with RealStory() as story:
        ana = await story.ready_agent("ana", phone=ANAS)
        her, anas = story.phone(HERS), story.phone(ANAS)
        await her.calls(attestation="A")
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=10)
        await story.faults(**faults)
        await ana.accepts()
        await comes_to(story, step)
        before = await rings(story, HERS)
        second = await story.another()
        assert await second.ends() == 1
        assert "in use by another onecase process" in second.errors
        assert await rings(story, HERS) == before == (0 if step == "agent rings" else 1)
        await story.is_killed()
        await story.starts()
        await story.settles()
        if step == "agent rings":
            await anas.picks_up()
            await story.passes(seconds=2)
            await anas.presses("1")
            await story.passes(seconds=2)
        if await her.state() == "ringing":
            await her.picks_up()
        await story.passes(seconds=30)
        assert await rings(story, HERS) == 1
        assert await her.talks_with() == [ANAS]
        await her.hangs_up()
        await story.passes(minutes=3)
        [promise] = (await story.api("GET", "/promises"))["items"]
        assert (promise["state"], [one["outcome"] for one in promise["attempts"]]) == ("kept", ["answered"])
        assert await rings(story, HERS) == 1
