"""A promised or suggested call that is to be later, earlier, at the same time, or none: asked back, confirmed, done."""

import pytest

from tests.story import HERS, Story


async def windows(story: Story) -> list[str]:
    """When the calls begin that are promised."""
    return [one["window"]["start"][5:16] for one in (await story.one_case())["promises"]]


@pytest.mark.parametrize(
    ("text", "asked", "moved"),
    [
        ("later please", "You would like our call later. Does today between 6:20 PM", "11-23T23:20"),
        ("can you make it a bit later?", "later. Does today between 6:20 PM", "11-23T23:20"),
        ("sorry, earlier", "You would like our call earlier. Does today between 5:40 PM", "11-23T22:40"),
        ("can you make it earlier?", "earlier. Does today between 5:40 PM", "11-23T22:40"),
    ],
)
async def test_a_call_that_is_to_be_later_or_earlier_is_asked_back(text: str, asked: str, moved: str) -> None:
    """No time is named: the promise stands, one that has room is suggested, and yes moves it there."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 6 pm")
        await her.texts(text)
        assert asked in (await her.inbox())[-1]
        assert await windows(story) == ["11-23T23:00"]
        await her.texts("yes")
        assert await windows(story) == [moved]


@pytest.mark.parametrize(("text", "word"), [("später bitte", "später"), ("geht es auch früher?", "früher")])
async def test_the_same_in_german(text: str, word: str) -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("bitte um 18 Uhr anrufen")
        await her.texts(text)
        assert f"Sie möchten unseren Anruf {word}." in (await her.inbox())[-1]


async def test_later_than_the_evening_is_the_next_morning() -> None:
    """By day, where they name no time."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call after 3 pls")
        await her.texts("later please")
        assert "Does tomorrow between 8:00 AM and 9:00 AM suit you?" in (await her.inbox())[-1]


async def test_where_nothing_earlier_is_free_the_promise_stands_and_they_hear_so() -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me in 10 minutes")
        before = await windows(story)
        await her.texts("earlier please")
        assert "no earlier time is free, sorry. We call you today" in (await her.inbox())[-1]
        assert await windows(story) == before


async def test_later_answers_a_suggestion_too() -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 5 or at 6")
        await her.texts("later please")
        assert "Shall we call you today between 5:20 PM and 5:40 PM?" in (await her.inbox())[-1]
        await her.texts("ok")
        assert await windows(story) == ["11-23T22:20"]


@pytest.mark.parametrize(
    "text", ["write to me instead", "text me instead please", "lieber schriftlich", "mejor por escrito"]
)
async def test_who_would_rather_be_written_to_is_not_called(text: str) -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call after 3 pls")
        await her.texts(text)
        assert await windows(story) == []
        assert "we do not call. You are answered here" in (await her.inbox())[-1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("write to me instead", "we do not call. You are answered here"),
        ("no call please, text me", "we do not call you. What is open is answered here."),
    ],
)
async def test_a_suggested_call_that_nobody_wants_is_let_go(text: str, said: str) -> None:
    """One line says so, and a yes after it promises nothing."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 5 or at 6")
        await her.texts(text)
        assert said in (await her.inbox())[-1]
        await her.texts("ok")
        assert await windows(story) == []


async def test_the_same_time_on_another_day_is_that_which_we_suggested() -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 5 or at 6")
        await her.texts("same time tomorrow please")
        assert await windows(story) == ["11-24T22:00"]


async def test_the_same_time_tomorrow_is_that_of_the_promise() -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 6 pm")
        await her.texts("same time tomorrow please")
        assert await windows(story) == ["11-24T23:00"]
        assert "we call you tomorrow between 6:00 PM and 6:20 PM" in (await her.inbox())[-1]


@pytest.mark.parametrize(
    "text", ["call me. My shift ends at 9", "My shift ends at 9, please call me", "call me, room 15"]
)
async def test_a_sentence_that_asks_for_a_call_is_one_beside_others(text: str) -> None:
    """The time is of something else: the call is as soon as possible, and one line says so."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts(text)
        [promise] = (await story.one_case())["promises"]
        assert promise["kind"] == "callback"
        assert "we call you as soon as somebody is free" in (await her.inbox())[-1]


@pytest.mark.parametrize(
    "yes", ["na klar, kein Problem", "klar, gerne", "sure, no problem", "sí, sin problema", "sounds good, thanks"]
)
async def test_no_problem_is_a_yes(yes: str) -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 5 or at 6")
        await her.texts(yes)
        assert await windows(story) == ["11-23T22:00"]


@pytest.mark.parametrize(
    ("wish", "text", "said"),
    [
        ("call me at 6 pm", "the same time please", "we call you today between 6:00 PM and 6:20 PM"),
        ("call me at 6 pm", "keep it as planned", "we call you today between 6:00 PM and 6:20 PM"),
        ("bitte um 18 Uhr anrufen", "es bleibt dabei", "wir rufen Sie an: heute zwischen 18:00 und 18:20 Uhr"),
        ("llámame a las 18:00", "a la misma hora, gracias", "le llamamos hoy entre las 18:00 y las 18:20"),
        ("call me", "as promised", "we call you as soon as somebody is free"),
    ],
)
async def test_the_same_as_was_promised_is_confirmed_and_changes_nothing(wish: str, text: str, said: str) -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts(wish)
        [promise] = (await story.one_case())["promises"]
        await her.texts(text)
        assert said in (await her.inbox())[-1]
        assert len(await her.inbox()) == 2
        assert (await story.one_case())["promises"] == [promise]


async def test_the_same_time_lets_a_suggestion_beside_a_promise_go() -> None:
    """What stands is the promise; a yes after it is none to what was suggested."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 6 pm")
        await her.texts("later please")
        await her.texts("the same time")
        await story.passes(seconds=5)
        assert "we call you today between 6:00 PM and 6:20 PM" in (await her.inbox())[-1]
        await her.texts("ok")
        assert await windows(story) == ["11-23T23:00"]


async def test_the_same_time_as_was_only_suggested_is_a_yes() -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 5 or at 6")
        await her.texts("same time please")
        assert await windows(story) == ["11-23T22:00"]
        assert "good, we call you today between 5:00 PM and 5:20 PM" in (await her.inbox())[-1]


@pytest.mark.parametrize(
    "text",
    [
        "please stop by at five",
        "come by at 5",
        "the plumber came at five",
        "I close at six",
        "kommen Sie bitte um fünf vorbei",
        "pase por aquí a las cinco",
    ],
)
async def test_what_else_happens_at_a_time_moves_no_call(text: str) -> None:
    """Neither a call that is promised, nor one about which we asked; nobody is answered about it."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 6 pm")
        await her.texts(text)
        assert await windows(story) == ["11-23T23:00"]
        assert len(await her.inbox()) == 1
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 5 or at 6")
        await her.texts(text)
        assert await windows(story) == []
        assert len(await her.inbox()) == 1


async def test_where_no_other_time_is_free_the_promise_stands_and_they_hear_so() -> None:
    """People are there today, and nobody knows of any other day."""
    async with Story() as story:
        day = {"start": "2026-11-23T13:00:00Z", "end": "2026-11-24T01:00:00Z", "count": 1, "queue": "general"}
        await story.api("PUT", "/staffing", {"shifts": [day]})
        await story.ready_agent("ana", phone="+14155550201")
        await story.passes(minutes=1)
        her = story.phone(HERS)
        await her.texts("call me at 6 pm")
        await her.texts("call me tomorrow at 9 am instead")
        assert (await her.inbox())[-1].endswith(
            "nobody is free, and we know of no other time yet. So we call you today between 6:00 PM and 6:20 PM, as promised."
        )
        assert await windows(story) == ["11-23T23:00"]
