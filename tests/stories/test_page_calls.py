"""A promised call on the customer's page: moved, asked back and cancelled there, by forms that need no script."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest

from tests.stories.test_carrying import links, writes
from tests.story import HERS, Story, World

LINES = re.compile(r"<(?:h1|p|button)[^>]*>([^<]*)<")


class Page:
    """One browser with a link of hers."""

    def __init__(self, story: World, link: str, language: str = "en") -> None:
        self._story, self._link, self._language, self._cookie = story, link, language, ""

    async def shows(self) -> list[str]:
        """Its lines and buttons as they stand."""
        return await self._read(urlsplit(self._link).path)

    async def writes(self, text: str) -> list[str]:
        """What it shows after words, or the words of a button, were sent."""
        sent = await writes(self._story, self._link, text, self._cookie)
        assert sent.status == 303
        self._cookie = sent.headers.get("Set-Cookie", self._cookie).partition(";")[0]
        return await self._read(sent.headers["Location"])

    async def _read(self, path: str) -> list[str]:
        cookie = {"Cookie": self._cookie} if self._cookie else {}
        headers = {"Accept-Language": self._language, **cookie}
        seen = await self._story.ask("GET", path, headers=headers, token=None)
        return [unescape(line) for line in LINES.findall(seen.body.decode())]


async def a_page(story: World, text: str, language: str = "en") -> Page:
    await story.phone(HERS).texts(text)
    link = await links(story, await story.phone(HERS).case(), "page")
    return Page(story, link["page"], language)


async def test_a_time_that_cannot_be_is_asked_back_there_and_yes_is_a_button() -> None:
    """Moved by words on the page: what is not clear comes back as a question, yes takes it, and one line confirms."""
    async with Story() as story:
        page = await a_page(story, "call after 3 pls")
        asked = await page.writes("at 5 or at 6")
        assert "We call you today between 3:00 PM and 8:00 PM." in asked
        assert any("Shall we call you today between 5:00 PM and 5:20 PM?" in line for line in asked)
        assert "Yes, please" in asked
        done = await page.writes("Yes, please")
        assert "We call you today between 5:00 PM and 5:20 PM." in done
        assert not any("Shall we" in line for line in done)
        assert "Yes, please" not in done
        assert [one["state"] for one in (await story.one_case())["promises"]] == ["moved"]


@pytest.mark.parametrize(
    ("language", "button", "line"),
    [
        ("en", "Do not call me any more", "We do not call you."),
        ("de", "Bitte nicht mehr anrufen", "Wir rufen Sie nicht an."),
        ("es", "No me llamen más", "No le llamamos."),
    ],
)
async def test_a_promised_call_is_cancelled_there_by_a_button(language: str, button: str, line: str) -> None:
    async with Story() as story:
        page = await a_page(story, "call after 3 pls", language)
        assert button in await page.shows()
        done = await page.writes(button)
        assert any(shown.startswith(line) for shown in done)
        assert button not in done
        assert (await story.one_case())["promises"] == []


@pytest.mark.parametrize(("language", "yes"), [("en", "Yes, please"), ("de", "Ja, bitte"), ("es", "Sí, por favor")])
async def test_yes_is_taken_in_every_language_of_the_page(language: str, yes: str) -> None:
    async with Story() as story:
        page = await a_page(story, "call me at 3 or at 5", language)
        assert yes in await page.writes("at 5 or at 6")
        assert yes not in await page.writes(yes)
        [promise] = (await story.one_case())["promises"]
        assert promise["window"]["start"] == "2026-11-23T22:00:00.000Z"


async def test_a_call_is_asked_for_on_the_page_where_none_is_promised() -> None:
    async with Story() as story:
        page = await a_page(story, "my heating is cold")
        assert "Do not call me any more" not in await page.shows()
        done = await page.writes("please call me tomorrow between 10 and 11")
        assert "We call you tomorrow between 10:00 AM and 11:00 AM." in done


async def test_the_question_is_answered_there_where_no_text_may_go_out() -> None:
    """Who ended our texts is asked back on the page all the same."""
    async with Story() as story:
        page = await a_page(story, "call after 3 pls")
        await story.phone(HERS).texts("STOP")
        asked = await page.writes("at 5 or at 6")
        assert any("Shall we call you today between 5:00 PM and 5:20 PM?" in line for line in asked)
        assert "We call you today between 5:00 PM and 5:20 PM." in await page.writes("Yes, please")


async def test_another_browser_sees_nothing_of_it() -> None:
    async with Story() as story:
        page = await a_page(story, "call after 3 pls")
        await page.writes("at 5 or at 6")
        other = Page(story, page._link)
        shown = await other.shows()
        assert not any("call you" in line or "Yes" in line for line in shown)
        await other.writes("Do not call me any more")
        assert not any("call you" in line for line in await other.writes("Yes, please"))
        assert any("Shall we" in line for line in await page.shows())
        cases = await story.cases()
        assert sum(len(case["promises"]) for case in cases) == 1


@pytest.mark.parametrize(
    ("language", "text", "why"),
    [
        ("en", "at 8:30 this morning", "That time is over."),
        ("en", "between 5 pm and 3 pm", "The end you named is before the beginning."),
        ("en", "at 25:00", "That time of day does not exist."),
        ("en", "on 30 February at 9", "The calendar has no such day."),
        ("en", "at 5 or at 6", "You named more than one time."),
        ("en", "later please", "You would like our call later."),
        ("de", "um 17 oder um 18 Uhr", "Sie haben mehr als eine Zeit genannt."),
        ("es", "a las 17 o a las 18", "Nos dio más de una hora."),
    ],
)
async def test_what_cannot_be_is_said_there_as_exactly_as_by_text(language: str, text: str, why: str) -> None:
    """One plain sentence, and a time that can be."""
    async with Story() as story:
        page = await a_page(
            story,
            {"en": "call after 3 pls", "de": "bitte um 16 Uhr anrufen"}.get(language, "llámame a las 16:00"),
            language,
        )
        asked = await page.writes(text)
        assert why in asked
        assert any("?" in line for line in asked[asked.index(why) + 1 :])
        assert why in await page.shows(), "it stands as long as the question does"
        assert why not in await page.writes({"en": "Yes, please", "de": "Ja, bitte"}.get(language, "Sí, por favor"))


async def test_where_no_other_time_is_free_the_page_says_so() -> None:
    async with Story() as story:
        day = {"start": "2026-11-23T13:00:00Z", "end": "2026-11-24T01:00:00Z", "count": 1, "queue": "general"}
        await story.api("PUT", "/staffing", {"shifts": [day]})
        await story.ready_agent("ana", phone="+14155550201")
        await story.passes(minutes=1)
        page = await a_page(story, "call after 3 pls")
        said = await page.writes("call me tomorrow at 9 am instead")
        assert "At that time nobody is free, and we know of no other time yet." in said
        assert "We call you today between 3:00 PM and 8:00 PM." in said
