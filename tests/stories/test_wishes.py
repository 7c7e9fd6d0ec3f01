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
        "call me. My shift ends at 9",
        "do not call me",
        "you did not call me back",
        "nobody has called me back",
        "can I call you",
        "can I call you back?",
        "thanks for calling me",
        "thank you for the callback",
        "Sie haben mich nicht angerufen",
        "bitte nicht anrufen",
        "bitte rufen Sie mich nicht zurück",
        "kann ich Sie anrufen?",
        "danke für den Rückruf",
        "no me llame",
        "no me han llamado",
        "¿puedo llamarle?",
        "gracias por la llamada",
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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("call me", "we call you as soon as somebody is free"),
        ("call me asap", "we call you as soon as somebody is free"),
        ("please call me now", "we call you as soon as somebody is free"),
        ("call me as soon as possible please", "we call you as soon as somebody is free"),
        ("please call me back", "we call you as soon as somebody is free"),
        ("Could you give me a call?", "we call you as soon as somebody is free"),
    ],
)
async def test_call_me_is_a_call_as_soon_as_possible(text: str, said: str) -> None:
    """No time is named: one line says that we call, and the call is the next thing that an agent is offered."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts(text)
        [promise] = (await story.one_case())["promises"]
        assert promise["kind"] == "callback"
        [line] = await her.inbox()
        assert said in line
        ana = await story.ready_agent("ana", phone="+14155550201")
        assert (await ana.offered())["channel"] == "phone"


@pytest.mark.parametrize(
    ("answer", "start"),
    [
        ("yes", "20:00"),
        ("Yes please", "20:00"),
        ("ok", "20:00"),
        ("today between 3:00 PM and 3:20 PM", "20:00"),
        ("6 pm", "23:00"),
        ("at 6 pm please", "23:00"),
        ("6 works better", "23:00"),
    ],
)
async def test_our_question_for_a_time_is_answered_in_few_words(answer: str, start: str) -> None:
    """A yes takes what we suggested, a time alone is another one; a yes to us is no word about texts."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("please call me at 3 or at 5")
        assert "Shall we call you today between 3:00 PM and 3:20 PM?" in (await her.inbox())[-1]
        await her.texts(answer)
        case = await story.one_case()
        assert [one["window"]["start"] for one in case["promises"]] == [f"2026-11-23T{start}:00.000Z"]
        assert "good, we call you today" in (await her.inbox())[-1]
        assert "terms" not in {one["kind"] for one in await story.timeline(case["id"])}


@pytest.mark.parametrize("answer", ["yes", "ok", "today between 5:00 PM and 5:20 PM"])
async def test_our_question_for_another_time_is_answered_in_few_words(answer: str) -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call after 3 pls")
        await her.texts("at 5 or at 6")
        assert "Does today between 5:00 PM and 5:20 PM suit you?" in (await her.inbox())[-1]
        await her.texts(answer)
        [promise] = (await story.one_case())["promises"]
        assert promise["window"]["start"] == "2026-11-23T22:00:00.000Z"


async def test_a_yes_to_no_question_of_ours_is_no_time() -> None:
    """What we said last counts: a time that we suggested before other words of ours is none that is agreed to."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("please call me at 3 or at 5")
        ana = await story.ready_agent("ana", phone="+14155550201")
        work = await ana.accepts()
        await story.api("POST", f"/cases/{work['case']}/messages", {"text": "Is it still cold?"}, token=ana.token)
        await her.texts("yes")
        assert (await story.one_case())["promises"] == []
