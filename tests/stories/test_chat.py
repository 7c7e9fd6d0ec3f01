"""Stories of chats: who drops, reloads and comes back on another device goes on in one case and misses nothing."""

import asyncio

from tests.story import HERS, Story
from tests.visitor import Visitor


async def test_a_chat_is_a_case_with_an_agent() -> None:
    """A visitor writes, an agent is offered the chat at once, answers, and is named; marks come back to the case."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        welcome = await mia.comes(context={"page": "/boiler", "token": "secret", "error": "E42"})
        assert (welcome["seq"], welcome["agent"], welcome["identified"]) == (0, None, False)
        first = await mia.writes("found the fuse, it's on, still E42")
        assert (first["kind"], first["seq"]) == ("accepted", 1)
        case = await story.one_case()
        assert [c["channel"] for c in case["contacts"]] == ["chat"]
        assert case["ask"] is not None
        [context] = await story.timeline(case["id"], "context")
        assert "page: /boiler" in context["text"]
        assert "secret" not in context["text"]
        work = await ana.accepts()
        assert (work["channel"], (await mia.hears("agent"))["name"]) == ("chat", "Ana")
        sent = await ana.replies(case["id"], "Then let us look at the valve.")
        assert (sent["channel"], sent["reasons"]) == ("chat", ["they are in the chat now"])
        line = await mia.hears("message")
        assert (line["seq"], line["from"], line["name"], line["text"]) == (
            2, "agent", "Ana", "Then let us look at the valve.",
        )  # fmt: skip

        async def delivery() -> str:
            await story.settles()
            return (await story.timeline(case["id"], "message"))[-1]["delivery"]["state"]

        await mia.says("delivered", seq=2)
        await mia.says("typing")
        while await delivery() != "delivered":
            await asyncio.sleep(0)
        await mia.says("read", seq=2)
        while await delivery() != "read":
            await asyncio.sleep(0)
        await ana.finishes(work)
        assert (await mia.hears("agent"))["name"] is None


async def test_drops_reloads_and_restarts_lose_nothing_and_repeat_nothing() -> None:
    """Invariant 39: lines come in order, each once, whatever breaks in between: the socket, the page, the service."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("one")
        case = (await story.one_case())["id"]
        await ana.accepts()
        mia.drops()
        await ana.replies(case, "two")
        await mia.comes()
        assert (await mia.hears("message"))["seq"] == 2
        assert (await mia.writes("one", client_id="m1"))["seq"] == 1, "the same client_id is the same message"
        await mia.writes("three")
        await story.restarts()
        await ana.replies(case, "four")
        await mia.comes()
        assert (await mia.hears("message"))["text"] == "four"
        assert mia.said == ["(mine m1)", "two", "(mine m3)", "four"]
        other = Visitor(story, session=mia.session)  # the same browser, another window without memory
        assert (await other.comes())["seq"] == 4
        for _ in range(4):
            await other.hears("message")
        assert other.said == ["one", "two", "three", "four"]
        await mia.writes("five")
        assert (await other.hears("message"))["text"] == "five"
        assert await story.said(case) == ["one", "two", "three", "four", "five"]
        assert len(await story.cases()) == 1


async def test_from_phone_to_chat_to_mail_is_one_case() -> None:
    """S1, as far as it goes without a call-back: her texts stay hers, and a chat that is nobody's yet is a case of its
    own until she proves who she is."""
    async with Story() as story:
        await story.phone(HERS).texts("E42 again")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("it is me")
        assert len(await story.cases()) == 2
