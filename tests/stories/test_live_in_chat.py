"""Whoever is in a chat is offered as a chat, whatever they asked by other ways before, until they have left it."""

import re

from tests.mailbox import MIA, Mailbox
from tests.story import HERS, Agent, Story
from tests.visitor import Visitor

BOILER = "my boiler is cold"


async def with_a_full_mailbox(story: Story) -> Agent:
    """Ana answers one mail at a time, and has one in hand."""
    capacity = {"phone": 1, "chat": 3, "message": 1, "email": 1}
    ana = await story.ready_agent("Ana", skills={"heating": 3, "billing": 3}, capacity=capacity)
    await Mailbox(story, "first@customer.example").writes("my radiator leaks", subject="First")
    await ana.accepts()
    return ana


async def writes_then_chats(story: Story) -> tuple[Visitor, str]:
    """Mia writes a mail, and later that she is there in a chat. The visitor, and the case of her mail."""
    await Mailbox(story, MIA).writes(BOILER, subject="Cold")
    [mail] = [case for case in await story.cases() if case["subject"] == "Cold"]
    await story.passes(minutes=1)
    mia = Visitor(story)
    await mia.comes()
    await mia.writes(f"I am here now, {BOILER}")
    return mia, mail["id"]


async def proves(story: Story, mia: Visitor, address: str = MIA) -> None:
    await mia.says("prove", address=address)
    await mia.hears("code_sent")
    await story.passes(seconds=2)
    if "@" in address:
        text = (await Mailbox(story, address).last())["text"]
    else:
        text = (await story.phone(address).inbox())[-1]
    [code] = re.findall(r"\b\d{6}\b", text)
    await mia.says("code", code=code)
    await mia.hears("proved")
    await story.settles()


async def in_line(story: Story, *cases: str) -> list[tuple[str, str, str]]:
    """What waits of these cases: what it is, since when, and its place."""
    waiting = (await story.api("GET", "/work"))["waiting"]
    return [
        (one["requires"].partition(",")[0], one["since"], one["place_at"]) for one in waiting if one["case"] in cases
    ]


async def is_told_a_wait(mia: Visitor) -> bool:
    """The next that she is told is how long it takes, and not that nobody comes."""
    return bool((await mia.hears("wait"))["says"])


async def test_who_proves_who_they_are_in_a_chat_stays_offered_as_a_chat() -> None:
    """Her mail waits for a free hand; she is there, and whoever has room for a chat answers her at once: proving who
    she is takes neither her offer nor her place."""
    async with Story() as story:
        ana = await with_a_full_mailbox(story)
        mia, mail = await writes_then_chats(story)
        offer = await ana.offered()
        assert offer["channel"] == "chat"
        await proves(story, mia)
        assert (await ana.offered())["id"] == offer["id"]
        work = await ana.accepts()
        sent = await ana.replies(mail, "Is the fuse on?")
        assert (sent["channel"], (await mia.hears("message"))["text"]) == ("chat", "Is the fuse on?")
        assert (await story.case(mail))["agent"] == ana.id
        await ana.finishes(work, "solved")
        assert (await story.case(mail))["status"] == "solved"


async def test_whoever_writes_in_a_chat_about_what_they_had_written_before_waits_there_until_they_leave() -> None:
    """A proved visitor's line about her open mail: it is work of a chat with its share of the wait, told to her, and of
    the mail again once she was away for a while, by a restart as well."""
    async with Story() as story:
        ana = await with_a_full_mailbox(story)
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("hello")
        await proves(story, mia)
        work = await ana.accepts()
        await ana.finishes(work, "solved")
        await Mailbox(story, MIA).writes(BOILER, subject="Cold")
        [mail] = [case for case in await story.cases() if case["subject"] != "First"]
        await story.passes(hours=4)
        [(kind, since, _)] = await in_line(story, mail["id"])
        assert kind == "email"
        assert await ana.offers() == []
        await mia.writes(f"{BOILER}, is anybody there?")
        offer = await ana.offered()
        assert (offer["channel"], offer["case"]) == ("chat", mail["id"])
        await ana.declines(offer, "a break")
        await ana.is_now("away")
        [(kind, asked_at, place_at)] = await in_line(story, mail["id"])
        assert (kind, asked_at) == ("chat", since)
        assert place_at > since, "hours of a mail's target are seconds of a chat's"
        assert (await story.case(mail["id"]))["wait"] is not None
        assert await is_told_a_wait(mia)
        await mia.goes()
        await story.passes(minutes=2)
        assert [kind for kind, _, _ in await in_line(story, mail["id"])] == ["chat"], "she may be back at once"
        await mia.comes()
        await story.passes(minutes=10)
        assert [kind for kind, _, _ in await in_line(story, mail["id"])] == ["chat"]
        await mia.goes()
        await story.restarts()
        await story.passes(minutes=6)
        [(kind, asked_at, _)] = await in_line(story, mail["id"])
        assert (kind, asked_at) == ("email", since)


async def test_a_text_is_waited_for_in_the_chat_where_its_number_was_proved() -> None:
    async with Story() as story:
        capacity = {"phone": 1, "chat": 3, "message": 0, "email": 0}
        ana = await story.ready_agent("Ana", capacity=capacity)
        await story.phone(HERS).texts(BOILER)
        text = await story.one_case()
        await story.passes(minutes=20)
        mia = Visitor(story)
        await mia.comes()
        await mia.writes(BOILER)
        offer = await ana.offered()
        await proves(story, mia, HERS)
        assert (await ana.offered())["id"] == offer["id"]
        await ana.is_now("away")
        [chat] = [case for case in await story.cases() if case["id"] != text["id"]] or [{"id": offer["case"]}]
        assert [kind for kind, _, _ in await in_line(story, text["id"], chat["id"])] == ["chat"]
        await mia.goes()
        await story.passes(minutes=6)
        assert [kind for kind, _, _ in await in_line(story, text["id"], chat["id"])] == ["message"]


async def test_a_link_brings_a_case_into_the_chat_as_a_chat() -> None:
    async with Story() as story:
        await story.phone(HERS).texts(BOILER)
        case = (await story.one_case())["id"]
        made = await story.api("POST", f"/cases/{case}/switch", {"channel": "chat"})
        mia = Visitor(story)
        await mia.comes(carry=made["links"]["chat"].partition("#carry=")[2])
        await mia.writes("here I am")
        assert [kind for kind, _, _ in await in_line(story, case)] == ["chat"]
        assert await is_told_a_wait(mia)


async def test_a_chat_that_is_merged_into_a_mail_and_taken_apart_waits_as_a_chat_all_the_while() -> None:
    async with Story() as story:
        mia, mail = await writes_then_chats(story)
        [chat] = [case for case in await story.cases() if case["id"] != mail]
        customer = (await story.case(mail))["customer"]
        await story.api("POST", f"/customers/{customer}/merge", {"customer": chat["customer"], "reason": "one"})
        made = await story.api("POST", f"/cases/{mail}/merge", {"case": chat["id"]})
        await story.settles()
        assert [kind for kind, _, _ in await in_line(story, mail, chat["id"])] == ["chat"]
        assert (await story.case(mail))["ask"] is not None
        assert (await story.case(mail))["wait"] is not None
        await story.api("POST", f"/cases/{mail}/unmerge", {"merge": made["merge"]})
        await story.settles()
        assert sorted(kind for kind, _, _ in await in_line(story, mail, chat["id"])) == ["chat", "email"]
        assert await is_told_a_wait(mia)
        await mia.goes()
        await story.passes(minutes=6)
        assert sorted(kind for kind, _, _ in await in_line(story, mail, chat["id"])) == ["chat", "email"]


async def test_the_page_of_a_joined_case_is_where_its_chat_is_offered_answered_and_finished() -> None:
    """What a chat asks for stands under the case that it came to; on the desk it belongs to the one that all is now, in
    every list and on its page, and on the page of the part as well."""
    async with Story() as story:
        ana, mia = await story.agent("Ana", skills={"heating": 3}), Visitor(story)
        await Mailbox(story, MIA).writes(BOILER, subject="Cold")
        mail = await story.one_case()
        await mia.comes()
        await mia.writes(BOILER)
        [chat] = [case for case in await story.cases() if case["id"] != mail["id"]]
        await story.api("POST", f"/customers/{mail['customer']}/merge", {"customer": chat["customer"], "reason": "one"})
        await story.api("POST", f"/cases/{mail['id']}/merge", {"case": chat["id"]})
        waiting = (await ana.page(mail["id"])).partition("<h2>Waiting")[2].partition("</ul>")[0]
        assert (f"/desk/case/{mail['id']}#latest" in waiting, chat["ref"] in waiting) == (True, False)
        await ana.is_now("ready")
        offer = await ana.offered()
        assert offer["case"] == chat["id"]
        for id in (mail["id"], chat["id"]):
            page = await ana.page(id)
            assert 'id="accept-here"' in page
            assert f'<a class="ref" href="/desk/case/{mail["id"]}#latest">{mail["ref"]}</a>' in page
        await ana.clicks(f"/offer/{offer['id']}/accept")
        for id in (mail["id"], chat["id"]):
            page = await ana.page(id)
            assert f'action="/desk/work/{offer["work"]}/finish"' in page
            assert "What the joined cases ask for is one now" in page


async def test_what_an_agent_has_in_hand_stays_as_it_is() -> None:
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await Mailbox(story, MIA).writes(BOILER, subject="Cold")
        work = await ana.accepts()
        mia = Visitor(story)
        await mia.comes()
        await mia.writes(f"I am here now, {BOILER}")
        await proves(story, mia)
        [held] = await ana.work()
        assert (held["id"], held["channel"]) == (work["id"], "email")


async def test_a_window_is_told_how_long_it_takes_once_its_chat_was_taken_apart() -> None:
    """Merged into a mail that an agent has in hand nobody else comes; taken apart it waits again, and she is told."""
    async with Story() as story:
        capacity = {"phone": 1, "chat": 0, "message": 1, "email": 1}
        ana = await story.ready_agent("Ana", capacity=capacity)
        await Mailbox(story, MIA).writes(BOILER, subject="Cold")
        mail = await story.one_case()
        await ana.accepts()
        mia = Visitor(story)
        await mia.comes()
        await mia.writes(f"I am here now, {BOILER}")
        assert await is_told_a_wait(mia)
        [chat] = [case for case in await story.cases() if case["id"] != mail["id"]]
        join = {"customer": chat["customer"], "reason": "one"}
        await story.api("POST", f"/customers/{mail['customer']}/merge", join)
        made = await story.api("POST", f"/cases/{mail['id']}/merge", {"case": chat["id"]})
        await story.settles()
        assert await in_line(story, chat["id"]) == []
        await mia.until(lambda frame: frame["kind"] == "wait" and frame["says"] is None)
        await story.api("POST", f"/cases/{mail['id']}/unmerge", {"merge": made["merge"]})
        await story.settles()
        assert [kind for kind, _, _ in await in_line(story, chat["id"])] == ["chat"]
        assert await is_told_a_wait(mia)
