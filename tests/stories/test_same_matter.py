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


async def test_a_mail_that_is_split_off_is_named_by_its_subject_and_what_stays_by_its_first_words() -> None:
    """A case is named by what was said first in it, whatever came later and whatever was taken back."""
    async with Story() as story:
        her, mia = story.phone(HERS), Mailbox(story, MIA)
        await her.texts("my boiler is cold")
        case = await story.one_case()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        await mia.writes("It is still cold here.", subject="Boiler")
        case = await story.one_case()
        assert case["subject"] == "my boiler is cold"
        mail = next(row for row in await story.timeline(case["id"], "message") if row["channel"] == "email")
        split = await story.api("POST", f"/cases/{case['id']}/split", {"entries": [mail["id"]]})
        assert ((await story.case(case["id"]))["subject"], split["subject"]) == ("my boiler is cold", "Boiler")
        await her.texts("and the radiator leaks")
        await story.api("POST", f"/cases/{case['id']}/unmerge", {"merge": split["split"]})
        assert (await story.one_case())["subject"] == "my boiler is cold"


async def test_what_cannot_be_joined_or_split_is_said_truly() -> None:
    """A case is not merged with itself; a split takes words of theirs along, and leaves some."""
    async with Story() as story:
        ana = await story.agent("Ana")
        await story.phone(HERS).texts("my boiler is cold")
        case = await story.one_case()
        await ana.replies(case["id"], "Press reset, please.")
        theirs, ours = [row["id"] for row in await story.timeline(case["id"], "message")]

        itself = await story.refused("POST", f"/cases/{case['id']}/merge", {"case": case["id"]})
        assert (itself["status"], itself["detail"]) == (
            409,
            "A case goes on in another one, not in itself. Name the other one.",
        )
        whole = await story.refused("POST", f"/cases/{case['id']}/split", {"entries": [theirs]})
        assert (whole["title"], whole["detail"].partition(".")[0]) == (
            "Nothing would stay",
            "These are all rows that the customer wrote or said",
        )
        none = await story.refused("POST", f"/cases/{case['id']}/split", {"entries": [ours]})
        assert none["detail"].startswith("The customer wrote or said none of these rows.")


async def test_another_thing_is_another_matter() -> None:
    async with Story() as story:
        ana = await story.agent("Ana")
        her = story.phone(HERS)
        await her.texts("my boiler is cold")
        boiler = await story.one_case()
        await ana.replies(boiler["id"], "Press reset, please.")
        await story.passes(minutes=1)
        await her.texts("another thing: question about my bill")
        _, bill = await story.cases()
        assert (bill["queue"], bill["contacts"][0]["link"]) == ("billing", "new_matter")
