"""A matter goes on: words that tell nothing new leave it where it is, and what is taken out of it takes its queue along."""

from typing import Any

from tests.mailbox import MIA, Mailbox
from tests.story import HERS, Story, World


def asks(case: dict[str, Any]) -> tuple[str, dict[str, int]]:
    """In which queue it stands, and what whoever takes it must know."""
    return case["queue"], case["ask"]["skills"]


async def why(story: World, case: str) -> str:
    """How it is said where it went last."""
    return [made["reasons"][0] for made in await story.decisions(case) if made["what"] == "queued"][-1]


async def test_words_that_tell_nothing_new_leave_a_case_where_it_stands() -> None:
    """ "It still does not work" is about the boiler, whoever reads it first: answered, or solved a day ago."""
    async with Story() as story:
        ana = await story.agent("Ana", skills={"heating": 1})
        her = story.phone(HERS)
        await her.texts("my boiler is cold E42")
        case = await story.one_case()
        assert asks(case) == ("heating", {"heating": 1})
        await ana.replies(case["id"], "Press reset, please.")
        await her.texts("it still does not work")
        assert asks(await story.one_case()) == ("heating", {"heating": 1})
        stays = "queue heating, where the case stands already: of policy 1 only rule everything-else fits"
        assert await why(story, case["id"]) == stays
        offer = (await ana.is_now("ready"), await ana.offered())[1]
        assert offer["why"].startswith("its case stands there")
        await ana.finishes(await ana.accepts(offer), "solved")

        await story.passes(days=1)
        await her.texts("still broken")
        assert asks(await story.one_case()) == ("heating", {"heating": 1})
        await ana.is_now("away")
        assert asks(await story.one_case()) == ("heating", {"heating": 1})
        assert await why(story, case["id"]) == stays


async def test_a_mail_that_tells_nothing_new_leaves_its_case_where_it_stands() -> None:
    async with Story() as story:
        ana, mia = await story.agent("Ana"), Mailbox(story, MIA)
        await mia.writes("The invoice is wrong.", subject="My invoice")
        case = await story.one_case()
        assert asks(case) == ("billing", {"billing": 1})
        await ana.replies(case["id"], "We look into it.")
        await mia.answers(await mia.last(), "Thank you. When?")
        assert asks(await story.one_case()) == ("billing", {"billing": 1})


async def test_words_that_say_what_they_are_about_go_there() -> None:
    """A rule that fits counts more than where the case stood; and a case that a person gave to a queue stays there."""
    async with Story() as story:
        ana = await story.agent("Ana")
        her = story.phone(HERS)
        await her.texts("my boiler is cold E42")
        case = await story.one_case()
        await ana.replies(case["id"], "Press reset, please.")
        await her.texts("fine, but my invoice is wrong")
        assert asks(await story.one_case()) == ("billing", {"billing": 1})
        await story.api("POST", f"/cases/{case['id']}/assign", {"queue": "heating"})
        await ana.replies(case["id"], "We look into it.")
        await her.texts("thank you")
        assert asks(await story.one_case()) == ("heating", {})
