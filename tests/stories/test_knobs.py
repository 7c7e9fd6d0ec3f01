"""What the policies say is done: when the choices are told, and what answers START."""

from pathlib import Path

from tests.stories.test_matching import policies_with
from tests.story import HERS, OURS, Story


async def test_the_choices_are_told_after_the_time_that_is_set(tmp_path: Path) -> None:
    """With `offer_over: 1 min` she hears music for a minute, then that we can call her; until then a key works too."""
    policies = policies_with(tmp_path / "p", callbacks={"offer_over: 0 s": "offer_over: 1 min"})
    async with Story(policies=policies) as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=45)
        heard = await her.heard()
        assert "One moment" in heard and "Press 1" not in heard
        await story.passes(seconds=60)
        heard = await her.heard()
        assert "Press 1 and we call you" in heard
        assert heard.count("One moment") == 1
        await her.presses("1")
        assert "We will call you" in await her.heard()


async def test_start_on_whatsapp_is_answered_once() -> None:
    """After a stop, START brings our messages back and says so; a second one has nothing to say."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("hello", channel="whatsapp")
        await her.texts("STOP", channel="whatsapp")
        assert await her.inbox() == []
        await her.texts("START", channel="whatsapp")
        assert await her.inbox() == ["onecase: you get our texts again. Text STOP to end them."]
        await her.texts("START", channel="whatsapp")
        assert len(await her.inbox()) == 1


async def test_start_by_sms_is_answered_by_the_provider_alone() -> None:
    """The provider confirms it in its own words, and we send no second message."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("STOP", to=OURS)
        await her.texts("START", to=OURS)
        assert not [text for text in await her.inbox() if text.startswith("onecase:")]
