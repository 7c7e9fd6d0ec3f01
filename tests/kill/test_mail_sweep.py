"""Mail in, answer, answer to that with a copy, bounce, another channel: the service is killed once at each step of it.

Afterwards every mail that set out is on a case once, each answer is one mail to whoever got it, in copy too, and the
words that came back reached her by text once.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from router.journal.faultpoints import FAULT_POINTS
from tests.mailbox import MIA, TOM, Mailbox
from tests.story import HERS, RealStory

KILLS = (
    "mail.before_take:1",
    "mail.before_answer:1",
    "mail.before_answer:3",
    "journal.after_commit:8",
    "outbox.before_attempt:1",
    "outbox.before_send:2",
    "outbox.after_send:2",
    "outbox.after_send:3",
    "outbox.before_attempt:4",
    "outbox.before_send:4",
    "outbox.after_send:4",
    "outbox.after_record:4",
)
MORE_KILLS = (
    "mail.before_take:3",
    "mail.before_answer:2",
    "outbox.after_record:3",
)
"""The same points at steps that others of these stand for."""
NOBODY_KNOWS = ("outbox.before_send:4",)
"""Killed between the record of an attempt and the text: the provider does not have it, and somebody decides."""
RETURNED_TWICE = "outbox.after_send:3"
ARRIVES_TWICE = ("outbox.after_send:2", RETURNED_TWICE)
"""Killed between the mail server's 250 and the record of it: the mail goes again under the same Message-ID."""
TRIES_MAX = 8
BOB = "bob@customer.example"
LONG = "Here is all of it in writing."
THURSDAY = "The part comes on Thursday."


def test_every_point_of_mail_is_visited() -> None:
    assert {name.partition(":")[0] for name in KILLS} >= {n for n in FAULT_POINTS if n.startswith("mail.")}


class Hands:
    """Does the next thing, as often as it takes; whoever started the service starts it again when it died."""

    def __init__(self, story: RealStory) -> None:
        self.story = story
        self.deaths = 0

    async def do(self, step: Callable[[], Awaitable[Any]]) -> Any:
        for _ in range(TRIES_MAX):
            try:
                done = await step()
            except (aiohttp.ClientError, AssertionError, TimeoutError) as problem:
                done, failed = None, problem
            else:
                failed = None
            if self.story.process is not None and self.story.process.code is not None:
                self.deaths += 1
                await self.story.starts()
            if failed is None:
                return done
            await self.story.passes(seconds=20)
        raise AssertionError(f"it never worked: {failed}")

    async def waits(self) -> None:
        """Long enough for a mail server to try again, and for us to look after an attempt without an answer."""
        before = -1
        while before != self.deaths:  # whoever was started anew meanwhile has had no time yet
            before = self.deaths
            for _ in range(2):
                await self.do(lambda: self.story.passes(minutes=3))


async def ids_in(box: Mailbox, words: str) -> list[str]:
    """The Message-IDs of the mails with these words that a mailbox got."""
    return [one["headers"]["Message-ID"] for one in await box.received() if one["text"].strip() == words]


@pytest.mark.parametrize("point", [*KILLS, *(pytest.param(point, marks=pytest.mark.slow) for point in MORE_KILLS)])
async def test_mail_survives_a_service_that_is_killed(point: str) -> None:
    """Tom writes and is told that it came. Mia texts, is answered by mail, answers that with a copy to Bob; the next mail
    reaches him and comes back from her, and its words go to her by text."""
    async with RealStory(first_ends_at=point) as story:
        hands, mia, tom, her = Hands(story), Mailbox(story, MIA, "Mia"), Mailbox(story, TOM, "Tom"), story.phone(HERS)
        ana = await story.agent("ana")
        await hands.do(lambda: tom.writes("My boiler leaks", subject="Boiler"))
        await hands.do(lambda: her.texts("Please write to my mail address"))
        await hands.waits()
        case = await hands.do(her.case)
        customer = (await hands.do(lambda: story.case(case)))["customer"]
        await hands.do(lambda: story.api("POST", f"/customers/{customer}/addresses", {"address": MIA}, key="address"))

        async def mails(words: str) -> None:
            body = {"text": words, "channel": "email"}
            await hands.do(lambda: story.api("POST", f"/cases/{case}/messages", body, key=words[:3], token=ana.token))
            await hands.waits()

        await mails(LONG)
        while not await ids_in(mia, LONG):  # whoever died in between asks again when it is back
            await hands.waits()
        ours = next(one for one in await mia.received() if one["text"].strip() == LONG)
        await hands.do(lambda: mia.answers(ours, "Got it. Which fuse?", cc=BOB))
        await hands.waits()
        await mia.behaves("bounce_later")
        await mails(THURSDAY)
        await hands.waits()
        assert hands.deaths == 1, f"{point} was not reached"
        await ends_well(story, case, point)


async def ends_well(story: RealStory, case: str, point: str) -> None:
    mia, tom, bob = Mailbox(story, MIA), Mailbox(story, TOM), Mailbox(story, BOB)
    found = {one["id"]: await story.timeline(one["id"], "message") for one in await story.cases()}
    assert len(found) == 2, "his matter and hers"
    hers = [(e["direction"], e["channel"], e["text"].strip()) for e in found.pop(case)]
    came = [words for way, _, words in hers if way == "in"]
    assert came[:2] == ["Please write to my mail address", "Got it. Which fuse?"]
    assert len(came) == 3 + (point == RETURNED_TWICE), "and a report of each mail that came back"
    assert [(channel, words) for way, channel, words in hers if way == "out"] == [
        ("email", LONG),
        ("email", THURSDAY),
        ("sms", THURSDAY),
    ]
    [his] = found.values()
    assert [e["text"].strip() for e in his if e["direction"] == "in"] == ["My boiler leaks"]
    for box, words, at_most in ((mia, LONG, 1), (tom, his[-1]["text"].strip(), 1), (bob, THURSDAY, 1)):
        ids = await ids_in(box, words)
        assert len(set(ids)) == 1, "one answer is one mail"
        assert len(ids) <= at_most + (point in ARRIVES_TWICE)
    told = (await story.phone(HERS).inbox()).count(THURSDAY)
    if point in NOBODY_KNOWS:
        assert told == 0 and (await story.case(case))["ask"] is not None, "and somebody is asked to look at it"
    else:
        assert told == 1
