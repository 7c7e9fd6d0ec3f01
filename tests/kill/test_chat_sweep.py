"""Chat to mail to phone: the service is killed once at each step of it.

Afterwards everything that she said stands in one case, once and in order; the answer reached her chat and followed by
mail once; her session holds every line without a gap.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from router.journal.faultpoints import FAULT_POINTS
from tests.mailbox import MIA, Mailbox
from tests.story import HERS, RealStory
from tests.visitor import Visitor

KILLS = (
    "chat.before_take:1",
    "chat.before_take:2",
    "chat.after_take:1",
    "chat.after_take:2",
    "journal.before_commit:6",
    "journal.after_commit:9",
    "outbox.before_send:1",
    "outbox.before_attempt:2",
    "outbox.after_send:2",
)
ARRIVES_TWICE = ("outbox.after_send:2", "outbox.before_send:1")
"""Killed between the mail server's 250 and the record of it: the mail goes again under the same Message-ID."""
TRIES_MAX = 10
ANSWER = "We send a part, it comes on Thursday."


def test_every_point_of_chats_is_visited() -> None:
    assert {name.partition(":")[0] for name in KILLS} >= {n for n in FAULT_POINTS if n.startswith("chat.")}


class Hands:
    """Does the next thing, as often as it takes; whoever started the service starts it again when it died."""

    def __init__(self, story: RealStory, mia: Visitor) -> None:
        self.story = story
        self.mia = mia
        self.deaths = 0

    async def do(self, step: Callable[[], Awaitable[Any]]) -> Any:
        failed: BaseException | None = None
        for _ in range(TRIES_MAX):
            try:
                done = await step()
            except (aiohttp.ClientError, ConnectionError, AssertionError, TimeoutError) as problem:
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

    async def chats(self, step: Callable[[], Awaitable[Any]]) -> Any:
        """The same, on a connection: a new one where the last one broke."""

        async def connected() -> Any:
            if self.mia.socket is None or self.mia.socket.closed:
                await self.mia.comes()
            try:
                return await step()
            except BaseException:
                self.mia.socket = None
                raise

        return await self.do(connected)

    async def waits(self, **span: float) -> None:
        before = -1
        while before != self.deaths:
            before = self.deaths
            await self.do(lambda: self.story.passes(**span))


@pytest.mark.parametrize("point", KILLS)
async def test_a_chat_survives_a_service_that_is_killed(point: str) -> None:
    """She chats, proves her mail address by a code, says that answers go there, and leaves; the answer follows by mail,
    she answers that, and calls."""
    async with RealStory(first_ends_at=point) as story:
        mia, box, phone = Visitor(story), Mailbox(story, MIA, "Mia"), story.phone(HERS)
        hands = Hands(story, mia)
        ana = await hands.do(lambda: story.agent("ana"))
        await hands.chats(lambda: mia.writes("found the fuse", client_id="a"))
        await hands.chats(lambda: mia.writes("still E42", client_id="b"))

        async def proves() -> None:
            await mia.says("prove", address=MIA)
            assert (await mia.until(lambda f: f["kind"] in ("code_sent", "error")))["kind"] == "code_sent"
            await story.settles()

        await hands.chats(proves)
        await hands.waits(minutes=3)

        async def reads_code() -> str:
            codes = [found[0] for one in await box.received() if (found := re.findall(r"\b\d{6}\b", one["text"]))]
            assert codes, "the code is still on its way"
            return codes[-1]

        code = await hands.do(reads_code)

        async def says_code() -> None:
            await mia.says("code", code=code)
            assert (await mia.until(lambda f: f["kind"] in ("proved", "error")))["kind"] == "proved"

        await hands.chats(says_code)

        async def leaves() -> None:
            await mia.says("leave", reach_me={"channel": "email", "address": MIA})
            await mia.hears("left")

        await hands.chats(leaves)
        await hands.do(mia.goes)
        mia.socket = None
        case = (await hands.do(story.one_case))["id"]
        body = {"text": ANSWER, "channel": "chat"}
        await hands.do(lambda: story.api("POST", f"/cases/{case}/messages", body, key="answer", token=ana.token))
        await hands.waits(minutes=6)
        await hands.waits(minutes=6)

        async def reads_answer() -> Any:
            ours = [one for one in await box.received() if one["text"].strip() == ANSWER]
            assert ours, "the answer is still on its way: the service may have died just now"
            return ours[0]

        ours = await hands.do(reads_answer)
        await hands.do(lambda: box.answers(ours, "Thursday is fine"))
        await hands.waits(minutes=3)
        customer = (await hands.do(lambda: story.case(case)))["customer"]
        await hands.do(lambda: story.api("POST", f"/customers/{customer}/addresses", {"address": HERS}, key="number"))
        await hands.do(phone.calls)
        await hands.do(phone.hangs_up)
        await hands.waits(minutes=1)
        assert hands.deaths == 1, f"{point} was not reached"
        await ends_well(story, mia, box, case, point)


async def ends_well(story: RealStory, mia: Visitor, box: Mailbox, case: str, point: str) -> None:
    assert [one["id"] for one in await story.cases()] == [case], "one matter"
    rows = await story.timeline(case, "message")
    said = [(row["channel"], row["text"].strip()) for row in rows if row["direction"] == "in"]
    assert said == [("chat", "found the fuse"), ("chat", "still E42"), ("email", "Thursday is fine")]
    answers = [row["channel"] for row in rows if row["direction"] == "out" and row["text"].strip() == ANSWER]
    assert answers == ["chat", "email"]
    followed = [one["headers"]["Message-ID"] for one in await box.received() if one["text"].strip() == ANSWER]
    assert len(set(followed)) == 1
    assert len(followed) <= 1 + (point in ARRIVES_TWICE)
    assert {c["channel"] for c in (await story.case(case))["contacts"]} == {"chat", "email", "phone"}
    assert (await mia.comes(since=0))["seq"] == 3
    mia.since, mia.lines = 0, {}
    assert [(await mia.hears("message"))["text"] for _ in range(3)] == ["found the fuse", "still E42", ANSWER]
