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


@pytest.mark.parametrize(
    ("text", "doubt", "window"),
    [
        ("call me yesterday at 3", "That time is over.", "tomorrow between 3:00 PM and 3:20 PM"),
        ("call me at 25:00", "That time of day does not exist.", "tomorrow between 1:00 PM and 1:20 PM"),
        ("call me on 30 February at 9", "The calendar has no such day.", ""),
        ("ruf mich gestern um 3 an", "Diese Zeit ist schon vorbei.", "morgen zwischen 15:00 und 15:20 Uhr"),
        ("call me at 10am Sydney time", "We are not sure on which clock you are.", ""),
    ],
)
async def test_a_time_that_cannot_be_is_asked_back_in_the_first_words_too(text: str, doubt: str, window: str) -> None:
    """Nothing is promised, one line says why and names a time that could be, and yes takes it."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts(text)
        assert (await story.one_case())["promises"] == []
        [line] = await her.inbox()
        assert doubt in line
        assert window in line
        await her.texts("yes" if "call" in text else "ja")
        assert [one["kind"] for one in (await story.one_case())["promises"]] == ["callback"]


async def test_a_time_on_another_clock_is_promised_as_it_is_on_hers() -> None:
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 1pm Pacific time")
        [promise] = (await story.one_case())["promises"]
        assert promise["window"]["start"] == "2026-11-23T21:00:00.000Z"
        assert "we call you today between 4:00 PM and 4:20 PM, New York time" in (await her.inbox())[-1]


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("llámame mañana por la tarde", "bien, le llamamos mañana entre las 13:00 y las 18:00"),
        ("llámame al mediodía", "bien, le llamamos mañana entre las 12:00 y las 14:00"),
        ("llámame", "bien, le llamamos en cuanto haya alguien libre"),
        ("Rückruf ab 15 Uhr", "Gut, wir rufen Sie an: heute zwischen 15 und 20 Uhr"),
        ("bitte anrufen morgen um 9 Uhr", "Gut, wir rufen Sie an: morgen zwischen 9:00 und 9:20 Uhr"),
    ],
)
async def test_a_wish_is_read_and_answered_in_its_own_language(text: str, said: str) -> None:
    """Whoever they are and whatever we speak: the language that the wish is one in."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts(text)
        assert said in (await her.inbox())[-1]
        assert len((await story.one_case())["promises"]) == 1


async def has_people(story: Story, *, days_ahead: tuple[int, ...], first_hour: int = 8) -> None:
    """Somebody is there until eight in the evening, New York time, on some days that are ahead."""
    day = datetime.fromisoformat("2026-11-23T05:00:00+00:00")
    shifts = [
        {
            "start": (day + timedelta(days=n, hours=first_hour)).isoformat(),
            "end": (day + timedelta(days=n, hours=20)).isoformat(),
            "count": 3,
            "queue": "general",
        }
        for n in days_ahead
    ]
    await story.api("PUT", "/staffing", {"shifts": shifts})


@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        ("call me not before noon", "tomorrow between 12:00 PM and 8:00 PM"),
        ("call me in the afternoon", "tomorrow between 1:00 PM and 5:00 PM"),
        ("call me after work", "tomorrow between 5:00 PM and 8:00 PM"),
        ("call me at 3 and at 5", "tomorrow between 3:00 PM and 3:20 PM"),
    ],
)
async def test_where_today_has_no_room_their_own_hours_are_suggested_for_a_day_that_has(
    text: str, suggested: str
) -> None:  # fmt: skip
    """What we suggest is what they said, and can be had: the yes to it is a promise."""
    async with Story() as story:
        await has_people(story, days_ahead=(1, 2))
        her = story.phone(HERS)
        await her.texts(text)
        assert f"Shall we call you {suggested}?" in (await her.inbox())[-1]
        assert (await story.one_case())["promises"] == []
        await her.texts("yes")
        assert f"we call you {suggested}" in (await her.inbox())[-1]


async def test_a_time_that_comes_again_is_promised_on_the_first_day_with_room() -> None:
    async with Story() as story:
        await has_people(story, days_ahead=(1, 2))
        her = story.phone(HERS)
        await her.texts("call me any weekday 9 to 11")
        assert "we call you tomorrow between 9:00 AM and 11:00 AM" in (await her.inbox())[-1]


async def test_a_bare_cancel_drops_the_call_and_nothing_more_is_texted() -> None:
    """S53, its end: the word is an opt-out to every carrier, and of our call it says the same."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call after 3 pls")
        before = len(await her.inbox())
        await her.texts("CANCEL")
        case = await story.one_case()
        assert case["promises"] == []
        ana = await story.ready_agent("ana", phone="+14155550201")
        await story.passes(minutes=600)
        assert all("unsubscribed" in text for text in (await her.inbox())[before:]), "only the provider's own word"
        assert await her.state() == "idle"
        assert all(offer["channel"] != "phone" for offer in await ana.offers())
