"""What cannot be taken however often it is tried goes aside, and nothing waits behind it (fault 23)."""

from datetime import datetime

from channels.numbers import facts_of
from router.core.addresses import AddressFacts
from tests.email.builders import from_mia
from tests.story import Json, Story

POISON = "+12125550199"
MAIL = {"Content-Type": "message/rfc822"}


def poisoned(address: str) -> AddressFacts:
    """Tables of numbering plans that break on one address."""
    if address in (POISON, "mia@customer.example"):
        raise ZeroDivisionError
    return facts_of(address)


async def stuck(story: Story) -> list[Json]:
    return [one for one in (await story.api("GET", "/quarantine"))["items"] if one["rule"] == "cannot_be_taken"]


def breaks(story: Story, *, is_broken: bool = True) -> None:
    assert story.running is not None
    story.running.node.means.facts_of = poisoned if is_broken else facts_of


async def test_fault23_a_text_that_cannot_be_taken_goes_aside() -> None:
    """A text on which taking breaks each time is tried five times, then put aside, visibly; others are taken meanwhile
    and after, over a restart too. Once mended, it is let out with its true time."""
    async with Story() as story:
        breaks(story)
        await story.phone(POISON).texts("poison")
        sent_at = await story.now()
        await story.phone("+12125550101").texts("hello")
        assert len(await story.cases()) == 1
        assert await stuck(story) == []
        await story.passes(minutes=4)
        assert await stuck(story) == []
        await story.passes(minutes=16)
        [item] = await stuck(story)
        assert (item["channel"], item["case"], item["text"]) == ("sms", None, None)
        assert "ZeroDivisionError" in item["reasons"][0]
        await story.phone("+12125550102").texts("hello")
        assert len(await story.cases()) == 2
        assert (await story.refused("POST", f"/quarantine/{item['id']}/release", {}))["status"] == 409
        assert [one["id"] for one in await stuck(story)] == [item["id"]]
        await story.restarts()
        assert [one["id"] for one in await stuck(story)] == [item["id"]]
        await story.api("POST", f"/quarantine/{item['id']}/release", {})
        assert await stuck(story) == []
        [taken] = [case for case in await story.cases() if case["contacts"][0]["address"] == POISON]
        assert await story.said(taken["id"]) == ["poison"]
        assert abs((sent_at.timestamp() * 1000) - _ms(taken["ask"]["place_at"])) < 2000
        assert (await story.refused("POST", f"/quarantine/{item['id']}/release", {}))["status"] == 404


async def test_fault23_a_call_that_cannot_be_taken_goes_aside() -> None:
    """The same of a call: whoever calls hears the provider's own document, and the others are served."""
    async with Story() as story:
        breaks(story)
        caller = story.phone(POISON)
        await caller.calls()
        await story.passes(minutes=40)
        [item] = await stuck(story)
        assert item["channel"] == "phone"
        breaks(story, is_broken=False)
        await story.api("POST", f"/quarantine/{item['id']}/release", {})
        await story.settles()
        assert (await story.one_case())["ask"] is not None


async def test_fault23_a_mail_that_cannot_be_taken_goes_aside() -> None:
    """The same of a mail: after five tries its server is told that we have it, whole."""
    async with Story() as story:
        breaks(story)
        for n in range(5):
            answer = await story.ask("POST", "/email/inbound/raw", body=from_mia(), headers=MAIL)
            assert answer.status == (500 if n < 4 else 200)
        [item] = await stuck(story)
        assert item["channel"] == "email"
        breaks(story, is_broken=False)
        await story.api("POST", f"/quarantine/{item['id']}/release", {})
        case = await story.one_case()
        assert await story.said(case["id"]) == ["It is cold.", *(await story.said(case["id"]))[1:]]
        assert await stuck(story) == []


async def test_a_mail_that_is_aside_is_still_here_when_files_are_tidied_away() -> None:
    """Its server was told that we have it: after a restart too, and whatever else goes meanwhile."""
    async with Story() as story:
        breaks(story)
        for _ in range(5):
            await story.ask("POST", "/email/inbound/raw", body=from_mia(), headers=MAIL)
        [item] = await stuck(story)
        for _ in range(2):
            assert story.running is not None
            await story.running.node.journal.tidy()
            await story.restarts()
        await story.api("POST", f"/quarantine/{item['id']}/release", {})
        assert (await story.said((await story.one_case())["id"]))[0] == "It is cold."


def _ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000
