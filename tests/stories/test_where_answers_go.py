"""Where an answer goes to somebody who is not there any more: by the way they used last, or asked for, and to the
address they gave last."""

import re

from tests.mailbox import MIA, Mailbox
from tests.story import HERS, Story
from tests.visitor import Visitor

FIRST, SECOND = "first@x.example", "second@x.example"


async def proves(visitor: Visitor, story: Story, number: str) -> None:
    """Say in a chat the code that went to a number."""
    await visitor.says("prove", address=number)
    await visitor.hears("code_sent")
    [text] = await story.phone(number).inbox()
    await visitor.says("code", code=re.findall(r"\b\d{6}\b", text)[0])
    await visitor.hears("proved")


async def keeps(visitor: Visitor, address: str) -> None:
    """Leave an address for answers in a chat."""
    await visitor.says("leave", reach_me={"channel": "email", "address": address})
    await visitor.hears("left")


async def calls_and_hangs_up(story: Story) -> None:
    her = story.phone(HERS)
    await her.calls()
    await story.passes(seconds=20)
    await her.hangs_up()


async def test_whoever_left_the_chat_and_called_is_answered_on_the_line_they_called_from() -> None:
    """The chat that they left is no answer: a text reaches the phone in their hand."""
    async with Story() as story:
        ana, mia = await story.agent("Ana"), Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await proves(mia, story, HERS)
        await mia.goes()
        await calls_and_hangs_up(story)
        case = (await story.one_case())["id"]
        sent = await ana.replies(case, "We send a part.")
        assert (sent["channel"], sent["address"]) == ("sms", HERS)
        assert sent["reasons"] == ["they called last, and sms reaches that number"]
        assert (await story.phone(HERS).inbox())[-1] == "We send a part."
        await mia.comes()
        there = await ana.replies(case, "It comes on Thursday.")
        assert (there["channel"], there["reasons"]) == ("chat", ["they are in the chat now"])


async def test_a_call_leaves_the_wish_to_be_answered_by_mail() -> None:
    """They asked for mail, and a call says nothing of where written words are to go."""
    async with Story() as story:
        ana, mia, box = await story.agent("Ana"), Visitor(story), Mailbox(story, MIA)
        await mia.comes()
        await mia.writes("still E42")
        await proves(mia, story, HERS)
        await keeps(mia, MIA)
        await mia.goes()
        await calls_and_hangs_up(story)
        sent = await ana.replies((await story.one_case())["id"], "We send a part.")
        assert (sent["channel"], sent["address"]) == ("email", MIA)
        assert sent["reasons"] == ["they asked to be answered by email"]
        await story.passes(seconds=5)
        assert [mail["text"].strip() for mail in await box.received()] == ["We send a part."]


async def test_whoever_called_from_a_line_that_takes_no_text_is_answered_otherwise_and_not_in_a_chat() -> None:
    """They stopped our texts: the mail that they gave is next, and the reason says so; no number is said to be reached
    by it."""
    async with Story() as story:
        ana, mia = await story.agent("Ana"), Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await proves(mia, story, HERS)
        await keeps(mia, MIA)
        await mia.goes()
        await story.phone(HERS).texts("STOP")
        await calls_and_hangs_up(story)
        sent = await ana.replies((await story.one_case())["id"], "We send a part.")
        assert (sent["channel"], sent["address"]) == ("email", MIA)
        assert sent["reasons"] == ["the customer stopped sms", "email is still open"]


async def test_an_answer_goes_to_the_address_that_was_given_last() -> None:
    """They corrected it: the first one may be a stranger's, and gets nothing, at once or after they have left."""
    async with Story() as story:
        ana, mia = await story.ready_agent("Ana"), Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await keeps(mia, FIRST)
        await keeps(mia, SECOND)
        case = (await story.one_case())["id"]
        await ana.accepts()
        await mia.goes()
        sent = await ana.replies(case, "We send a part.")
        assert (sent["channel"], sent["address"]) == ("email", SECOND)
        await ana.replies(case, "It comes on Thursday.", channel="chat")
        await story.passes(minutes=6)
        mails = await Mailbox(story, SECOND).received()
        assert [mail["text"].split()[-1] for mail in mails] == ["part.", "Thursday."]
        assert await Mailbox(story, FIRST).received() == []
