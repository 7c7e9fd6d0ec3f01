"""A telephone provider that refuses for a while: whoever waits keeps the place, and whoever is there stays there."""

import pytest

from tests.stories.test_calls import ANAS
from tests.story import HERS, Story

REFUSES = ({"throttle": True}, {"provider_down": True}, {"error_rate": True})


@pytest.mark.parametrize("fault", REFUSES)
async def test_an_agents_phone_that_cannot_be_dialled_now_is_dialled_again(fault: dict[str, bool]) -> None:
    """Ana takes the call while the provider refuses every dial. Her phone rings as soon as it does not any more, and
    she has taken it once."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.calls()
        await story.passes(seconds=15)
        await story.faults(**fault)
        await ana.accepts()
        await story.passes(seconds=6)
        assert await phone.state() == "idle"
        await story.faults()
        await story.passes(seconds=5)
        assert await phone.state() == "ringing"
        await phone.picks_up()
        await story.passes(seconds=3)
        await phone.presses("1")
        await story.passes(seconds=3)
        assert ANAS in await her.talks_with()


@pytest.mark.parametrize("fault", REFUSES)
async def test_nobody_is_set_away_because_the_provider_refuses(fault: dict[str, bool]) -> None:
    """It goes on refusing: the work is given back in its place with the true reason, nobody is set away, and the
    provider is not asked without end."""
    async with Story() as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.calls()
        await story.passes(seconds=15)
        place_at = (await ana.offered())["place_at"]
        await story.faults(**fault)
        await ana.accepts()
        await story.passes(seconds=25)
        assert (await ana.me())["state"] == "ready"
        assert (await ana.me())["notice"] is None
        offer = await ana.offered()
        assert offer["place_at"] == place_at
        case = await story.one_case()
        assert "provider could not call their phone" in str(await story.timeline(case["id"]))
        asked = [one for one in await story.traffic("rest", "/Calls.json") if one["method"] == "POST"]
        assert 2 <= len(asked) <= 6
        await ana.accepts(offer)
        await story.passes(seconds=25)
        assert (await ana.me())["state"] == "ready"
        await story.faults()


async def test_a_phone_that_rang_is_told_truly_why_its_agent_is_away() -> None:
    """Busy is not "not answered"."""
    async with Story() as story:
        ana = await story.ready_agent("ana", phone=ANAS)
        await story.phone(ANAS).behaves(on_ring="busy")
        await story.phone(HERS).calls()
        await story.passes(seconds=15)
        await ana.accepts()
        await story.passes(seconds=5)
        me = await ana.me()
        assert (me["state"], me["notice"][:19]) == ("away", "Your phone was busy")
