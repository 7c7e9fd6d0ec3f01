"""Where an answer goes to somebody who is not there any more: by the way they used last, or asked for, and to the
address they gave last."""

import re

import pytest

from tests.mailbox import MIA, TOM, Mailbox
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


async def health(story: Story, case: str) -> list[tuple[str, str]]:
    customer = (await story.case(case))["customer"]
    addresses = (await story.api("GET", f"/customers/{customer}"))["addresses"]
    return [(a["address"], a["health"]) for a in addresses if a["kind"] == "mail"]


async def test_an_address_known_to_bounce_is_not_written_to_because_it_is_typed_again() -> None:
    """It is the same address of the same customer, wherever they say it."""
    async with Story() as story:
        ana, her, box = await story.ready_agent("Ana"), story.phone(HERS), Mailbox(story, MIA)
        await her.texts("Please write to my mail address")
        case = await story.one_case()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        await ana.accepts()
        await box.behaves("bounce_later")
        await ana.replies(case["id"], "The part comes on Thursday.", channel="email")
        await story.passes(minutes=5)
        assert await health(story, case["id"]) == [(MIA, "bounced")]
        made = await story.api("POST", f"/cases/{case['id']}/switch", {"channel": "chat"})
        mia = Visitor(story)
        await mia.comes(carry=made["links"]["chat"].partition("#carry=")[2])
        await mia.writes("nothing came")
        await keeps(mia, MIA.upper())
        await mia.goes()
        assert await health(story, case["id"]) == [(MIA, "bounced")]
        refused = await ana.refused("POST", f"/cases/{case['id']}/messages", {"text": "again", "channel": "email"})
        assert refused["type"].endswith("channel_cannot")
        assert (await ana.replies(case["id"], "On Thursday."))["channel"] != "email"


async def test_what_came_back_is_known_of_an_address_that_stands_with_them_twice() -> None:
    """A visitor typed it, and one of us added it: no mail follows to either."""
    async with Story() as story:
        ana, mia, box = await story.ready_agent("Ana"), Visitor(story), Mailbox(story, MIA)
        await mia.comes()
        await mia.writes("still E42")
        await keeps(mia, MIA)
        case = await story.one_case()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        await ana.accepts()
        await mia.goes()
        await box.behaves("bounce_later")
        await ana.replies(case["id"], "The part comes on Thursday.", channel="email")
        await story.passes(minutes=5)
        assert await health(story, case["id"]) == [(MIA, "bounced"), (MIA, "bounced")]
        ours = [row for row in await story.timeline(case["id"], "message") if row["direction"] == "out"]
        assert [row["channel"] for row in ours] == ["email"], "what came back is not sent there again"
        await ana.refused("POST", f"/cases/{case['id']}/messages", {"text": "again", "channel": "email"})


async def test_an_address_that_is_given_once_more_is_the_newest_again() -> None:
    """They corrected it, and then found that the first one was right."""
    async with Story() as story:
        ana, mia = await story.agent("Ana"), Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        for address in (FIRST, SECOND, FIRST):
            await keeps(mia, address)
            await story.passes(seconds=5)
        await mia.goes()
        sent = await ana.replies((await story.one_case())["id"], "We send a part.")
        assert (sent["channel"], sent["address"]) == ("email", FIRST)


async def test_whoever_answers_from_the_address_that_they_typed_is_the_customer() -> None:
    """We wrote to where the visitor said, and that mail is answered: it is theirs, on weak evidence, and nobody takes
    part. A mail from there that answers nothing leads to nobody; whoever else answers takes part."""
    async with Story() as story:
        ana, mia = await story.ready_agent("Ana"), Visitor(story)
        box, tom = Mailbox(story, FIRST, "Mia"), Mailbox(story, TOM, "Tom")
        await mia.comes()
        await mia.writes("still E42")
        await keeps(mia, FIRST)
        case = (await story.one_case())["id"]
        await ana.accepts()
        await mia.goes()
        await ana.replies(case, "Is the fuse on?")
        await story.passes(seconds=5)
        [mail] = await box.received()
        await box.answers(mail, "It is on.")
        shown = await story.one_case()
        assert shown["participants"] == []
        assert [(c["channel"], c["evidence"], c["participant"]) for c in shown["contacts"]] == [
            ("chat", "weak", False), ("email", "weak", False),
        ]  # fmt: skip
        assert "somebody else than the customer" not in (await ana.page(case)).casefold()
        sent = await ana.replies(case, "Then it is the valve.")
        assert (sent["channel"], sent["address"]) == ("email", FIRST)
        assert sent["reasons"][0] == "the customer wrote last by email"
        await box.writes("and something else", subject="Tiles")
        assert len(await story.cases()) == 2
        await tom.answers(mail, "I am her neighbour.")
        assert [p["address"] for p in (await story.case(case))["participants"]] == [TOM]


@pytest.mark.parametrize("order", ["typed first", "typed afterwards"])
async def test_what_holds_for_an_address_holds_wherever_it_stands(order: str) -> None:
    """A visitor typed the number and the mail address of somebody whom we know, and is found to be that person: a STOP
    from the number and a mail server's refusal are known of both records, and so is a START."""
    async with Story() as story:
        ana, lea = await story.ready_agent("Ana"), await story.agent("lea", role="lead")
        her, mia = story.phone(HERS), Mailbox(story, MIA)
        await her.texts("E42 on my thermostat")
        known = await story.one_case()
        await story.api("POST", f"/customers/{known['customer']}/addresses", {"address": MIA})
        visitor = Visitor(story)
        await visitor.comes()
        await story.passes(seconds=1)
        await visitor.writes("my bill is wrong")
        chat = (await story.cases())[-1]
        join = {"customer": chat["customer"], "evidence": "strong"}
        merge = f"/customers/{known['customer']}/merge"
        if order == "typed afterwards":
            await lea.api("POST", merge, join)
        for channel, address in (("sms", HERS), ("email", MIA)):
            await visitor.says("leave", reach_me={"channel": channel, "address": address})
            await visitor.hears("left")
        await visitor.goes()
        if order == "typed first":
            await lea.api("POST", merge, join)

        async def standing() -> list[dict[str, tuple[list[str], str]]]:
            found = [(await story.api("GET", f"/customers/{id}"))["addresses"] for id in
                     (known["customer"], chat["customer"])]  # fmt: skip
            kept = [{a["address"]: (a["blocked"], a["health"]) for a in one} for one in found]
            return [{address: one[address] for address in (HERS, MIA)} for one in kept]

        assert await standing() == [{HERS: ([], "ok"), MIA: ([], "ok")}] * 2
        await her.texts("STOP")
        assert [one[HERS][0] for one in await standing()] == [["sms"], ["sms"]]
        await mia.behaves("reject")
        await ana.replies(chat["id"], "Your bill is mended.", channel="email")
        await story.passes(seconds=5)
        assert [one[MIA][1] for one in await standing()] == ["bounced", "bounced"]
        await story.restarts()
        await her.texts("START")
        await mia.writes("Which bill?")
        assert await standing() == [{HERS: ([], "ok"), MIA: ([], "ok")}] * 2


async def test_what_was_not_read_follows_by_the_next_way_where_the_wished_one_is_closed() -> None:
    """She left a number, then asked for mail, and mail does not reach her: what waits in the chat that she left follows
    by text, and says why. Whoever wished for nothing is followed nowhere."""
    async with Story() as story:
        ana, box, mia = await story.ready_agent("Ana"), Mailbox(story, MIA), Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await mia.says("leave", reach_me={"channel": "sms", "address": HERS})
        await mia.hears("left")
        await keeps(mia, MIA)
        case = (await story.one_case())["id"]
        await mia.goes()
        await box.behaves("reject")
        await ana.replies(case, "We send a part.", channel="email")
        await story.passes(minutes=6)
        assert await story.phone(HERS).inbox() == ["We send a part."]
        sent = await ana.replies(case, "It comes on Thursday.", channel="chat")
        assert sent["channel"] == "chat"
        await story.passes(minutes=6)
        assert await story.phone(HERS).inbox() == ["We send a part.", "It comes on Thursday."]
        last = (await story.timeline(case, "message"))[-1]
        assert (last["channel"], last["reasons"]) == (
            "sms",
            ["they left the chat; what they had not read there follows by sms, for email does not reach them"],
        )
