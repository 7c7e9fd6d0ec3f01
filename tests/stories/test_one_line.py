"""One line for all who wait: call-backs and holds in their order, a place that moves with the customer, one dial each."""

import asyncio
from datetime import datetime
from statistics import median

from tests.story import HERS, Agent, Json, Phone, Story
from tests.visitor import Visitor

ANAS, BENS = "+14155550201", "+14155550202"
LINE = [f"+1212555{n:04}" for n in range(1101, 1108)]


async def dialled(story: Story, number: str) -> int:
    sent = await story.traffic("rest", "/Calls.json")
    return sum(one["method"] == "POST" and number in str(one) for one in sent)


async def waits_in_line(story: Story, number: str) -> Phone:
    """Somebody calls, and stays on the line."""
    phone = story.phone(number)
    await phone.calls()
    await story.passes(seconds=20)
    return phone


async def leads_to(story: Story, agent: Agent, anas: Phone) -> str:
    """The agent takes what is offered and presses 1; whom they talk with then, or whose phone rings."""
    await agent.accepts()
    await story.passes(seconds=2)
    await anas.picks_up()
    await story.passes(seconds=2)
    await anas.presses("1")
    await story.passes(seconds=2)
    for number in LINE:
        one = story.phone(number)
        if await one.state() == "ringing":
            await one.picks_up()
            await story.passes(seconds=8)
    [number] = [one for one in await anas.talks_with() if one in LINE]
    return number


async def is_through(story: Story, agent: Agent, number: str) -> None:
    await story.phone(number).hangs_up()
    await story.passes(seconds=3)
    for work in await agent.work():
        await agent.finishes(work)


async def test_whoever_takes_a_call_back_is_served_after_those_before_and_before_those_after() -> None:
    """S12: five hold, the sixth asks to be called, the seventh calls later and holds: they are served in the order in
    which they came, and the sixth is dialled once."""
    async with Story() as story:
        for number in LINE[:5]:
            await waits_in_line(story, number)
        sixth = await waits_in_line(story, LINE[5])
        await sixth.presses("1")
        await story.passes(seconds=10)
        assert await sixth.state() == "idle"
        await waits_in_line(story, LINE[6])
        ana, anas = await story.ready_agent("ana", phone=ANAS), story.phone(ANAS)
        served: list[str] = []
        for _ in LINE:
            served.append(await leads_to(story, ana, anas))
            await is_through(story, ana, served[-1])
        assert served == LINE
        assert await dialled(story, LINE[5]) == 1


async def test_an_old_matter_is_no_shortcut_and_no_burden_on_the_line() -> None:
    """S49 on the wire: half of those who call wrote the day before, were answered, and their cases wait for them. All are
    served in the order in which they call, and the median waits of both halves are a tenth apart at most."""
    async with Story() as story:
        old, new = LINE[0:6:2], LINE[1:6:2]
        ana = await story.ready_agent("ana", phone=ANAS)
        for number in old:
            await story.phone(number).texts("about my heating")
            offer = await ana.offered()
            await ana.accepts(offer)
            await ana.replies(offer["case"], "Please check the fuse.")
            [work] = await ana.work()
            await ana.finishes(work, "answered")
            await story.api("POST", f"/cases/{offer['case']}/status", {"status": "waiting_customer"})
        await ana.is_now("off")
        await story.passes(days=1)
        called: dict[str, datetime] = {}
        for number in LINE[:6]:
            await waits_in_line(story, number)
            called[number] = await story.now()
        await story.passes(minutes=2)
        await ana.is_now("ready")
        anas, served, waited = story.phone(ANAS), list[str](), dict[str, float]()
        for _ in called:
            served.append(await leads_to(story, ana, anas))
            waited[served[-1]] = (await story.now() - called[served[-1]]).total_seconds()
            await is_through(story, ana, served[-1])
        assert served == LINE[:6]
        halves = [median(waited[number] for number in half) for half in (old, new)]
        assert max(halves) <= 1.1 * min(halves), waited


async def test_a_place_moves_from_the_phone_to_a_chat_and_back() -> None:
    """S13: the line of the phone goes along into a chat as the share of the target that she waited, and back again: she
    is neither before those who came first nor behind those who came after."""
    async with Story() as story:
        before = story.phone(LINE[0])
        await before.calls()
        await story.passes(seconds=30)
        her = story.phone(HERS)
        await her.calls()
        called_at = await story.now()
        await story.passes(seconds=30)
        [case] = [one for one in await story.cases() if one["contacts"][0]["address"] == HERS]
        made = await story.api("POST", f"/cases/{case['id']}/switch", {"channel": "chat"})
        await her.hangs_up()
        await story.passes(seconds=2)
        mia = Visitor(story)
        await mia.comes(carry=made["links"]["chat"].partition("#carry=")[2])
        await mia.writes("it goes on here: E42")
        moved = await story.case(case["id"])
        assert moved["id"] == case["id"]
        assert {one["channel"] for one in moved["contacts"]} == {"phone", "chat"}
        after = story.phone(LINE[1])
        await after.calls()
        await story.passes(seconds=20)
        shown = (await story.case(case["id"]))["ask"]
        assert shown["since"][:19] <= called_at.isoformat()[:19], "since she called"
        ana = await story.ready_agent("ana", phone=ANAS, skills={"heating": 1})
        first = await ana.offered()
        assert first["case"] == (await before.case()), "no shortcut for whoever goes to a chat"
        await story.phone(LINE[0]).hangs_up()
        await story.passes(seconds=2)
        second = await ana.offered()
        assert (second["case"], second["channel"]) == (case["id"], "chat"), "and no loss"


async def test_two_who_dial_at_once_and_a_restart_place_one_call() -> None:
    """S14: a call-back is due; two agents ask for it at the same moment, and the service restarts while her phone rings:
    one call was placed."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=10)
        case = await story.one_case()
        ana = await story.ready_agent("ana", phone=ANAS)
        ben = await story.ready_agent("ben", phone=BENS)
        first, second = ((ana, anas), (ben, story.phone(BENS)))
        if not await ana.offers():
            first, second = second, first

        async def asks(who: Agent) -> int:
            path = f"/api/v1/cases/{case['id']}/callbacks"
            return (await story.ask("POST", path, body={"by": "me"}, token=who.token)).status

        async def takes(who: Agent, offer: Json) -> int:
            return (await story.ask("POST", f"/api/v1/offers/{offer['id']}/accept", token=who.token)).status

        offer = await first[0].offered()
        assert offer["case"] == case["id"]
        taken, *_ = await asyncio.gather(takes(first[0], offer), asks(second[0]), asks(second[0]))
        assert taken in (200, 409), "whoever comes first has it"
        await story.settles()
        for agent, phone in (first, second):
            if await agent.offers():
                await agent.accepts()
            await story.passes(seconds=2)
            if await phone.state() == "ringing":
                await phone.picks_up()
                await story.passes(seconds=2)
                await phone.presses("1")
        await story.passes(seconds=1)
        await story.restarts()
        await story.passes(seconds=4)
        assert await dialled(story, HERS) == 1
        await her.picks_up()
        await story.passes(seconds=8)
        assert await dialled(story, HERS) == 1
        [kept] = (await story.api("GET", "/promises?state=kept"))["items"]
        assert [one["outcome"] for one in kept["attempts"]] == ["answered"]


async def asked_to_be_called(story: Story) -> Json:
    her = story.phone(HERS)
    await her.calls()
    await story.passes(seconds=20)
    await her.presses("1")
    await story.passes(seconds=10)
    return await story.one_case()


async def test_she_texts_first_and_is_answered_and_nobody_dials_her() -> None:
    """S18: she was to be called when it is her turn, and texts: the same case, one of us answers, and that was it."""
    async with Story() as story:
        case, her = await asked_to_be_called(story), story.phone(HERS)
        await her.texts("found it, it is E42. What does that mean?")
        assert (await story.one_case())["id"] == case["id"]
        ana = await story.ready_agent("ana", phone=ANAS, capacity={"message": 1})
        await ana.replies(case["id"], "Please check the fuse.")
        await story.passes(seconds=2)
        assert (await her.inbox())[-1] == "Please check the fuse."
        [kept] = (await story.api("GET", "/promises?state=kept"))["items"]
        ben = await story.ready_agent("ben", phone=BENS)
        await story.passes(minutes=10)
        assert (kept["case"], await ben.offers(), await dialled(story, HERS)) == (case["id"], [], 0)


async def test_she_chats_first_and_is_answered_and_nobody_dials_her() -> None:
    """S18: the same by chat, to which a link carries her case."""
    async with Story() as story:
        case = await asked_to_be_called(story)
        made = await story.api("POST", f"/cases/{case['id']}/switch", {"channel": "chat"})
        mia = Visitor(story)
        await mia.comes(carry=made["links"]["chat"].partition("#carry=")[2])
        await mia.writes("found it, it is E42")
        assert (await story.one_case())["id"] == case["id"]
        ana = await story.ready_agent("ana", phone=ANAS, capacity={"message": 1, "chat": 1})
        await ana.replies(case["id"], "Please check the fuse.")
        assert (await mia.hears("message"))["text"] == "Please check the fuse."
        [kept] = (await story.api("GET", "/promises?state=kept"))["items"]
        await story.passes(minutes=10)
        assert (kept["case"], await dialled(story, HERS)) == (case["id"], 0)
