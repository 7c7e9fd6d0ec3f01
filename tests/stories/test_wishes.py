"""A call that is asked for in free words: promised at the time that was named, or asked back, never guessed."""

from datetime import datetime, timedelta

import pytest

from tests.story import HERS, Story


async def test_call_after_three_is_promised_and_rests_until_then() -> None:
    """The story: she texts a time, one line says what will happen, nobody is offered it before, and she keeps her
    place."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call after 3 pls, I have class until then")
        [promise] = (await story.one_case())["promises"]
        assert promise["window"] == {"start": "2026-11-23T20:00:00.000Z", "end": "2026-11-24T01:00:00.000Z"}
        assert "we call you today between 3:00 PM and 8:00 PM" in (await her.inbox())[-1]
        ana = await story.ready_agent("ana", phone="+14155550201")
        start = datetime.fromisoformat(promise["window"]["start"])
        await story.passes(seconds=(start - timedelta(seconds=5) - await story.now()).total_seconds())
        assert await ana.offers() == []
        await story.passes(seconds=5)
        assert (await ana.offered())["channel"] == "phone"


async def test_two_times_at_once_are_asked_back_and_the_answer_is_taken() -> None:
    """What is doubtful promises nothing; the words that we suggest are understood when they come back."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("please call me at 3 or at 5")
        assert (await story.one_case())["promises"] == []
        asked = (await her.inbox())[-1]
        assert "You named more than one time." in asked
        await her.texts(asked.partition("answer: ")[2].partition(".")[0])
        [promise] = (await story.one_case())["promises"]
        assert promise["window"] == {"start": "2026-11-23T20:00:00.000Z", "end": "2026-11-23T20:20:00.000Z"}


@pytest.mark.parametrize(
    "text",
    [
        "my contract ends on 3 May",
        "E42 since 11:20, room 15",
        "please call me back",
        "call me. My shift ends at 9",
        "do not call me",
    ],
)
async def test_words_that_wish_for_no_time_promise_nothing(text: str) -> None:
    """They are somebody's to read, and nothing goes out because of them."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts(text)
        assert (await story.one_case())["promises"] == []
        assert await her.inbox() == []


async def test_an_agent_who_is_with_her_promises_it_herself() -> None:
    async with Story() as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("ana", phone="+14155550201")
        await her.texts("E42 again")
        await ana.accepts()
        await her.texts("call me at 5")
        assert (await story.one_case())["promises"] == []
        assert await her.inbox() == []
