"""A crowd over the wire: many more contacts than three agents can hold, and at no instant one too many with anybody."""

import asyncio
from collections import Counter

from tests.story import Agent, Json, Phone, Story
from tests.visitor import Visitor

TEXTS, CALLERS, MESSAGES_MAX = 30, 4, 3
LIMITS = {"phone": 1, "chat": 3, "sms": MESSAGES_MAX}
CROWD = {"chat": 60, "sms": 36, "phone": 4}
OUR_PHONES = ("+14155550201", "+14155550202", "+14155550203")


async def all_held(agent: Agent) -> Counter[str]:
    """How much of each channel is with an agent, offers and all that is not finished; never more than they may."""
    kinds = Counter(one["channel"] for one in [*await agent.offers(), *await agent.work()])
    assert all(n <= LIMITS[kind] for kind, n in kinds.items()), (agent.name, kinds)
    return kinds


async def held(agent: Agent) -> tuple[int, int]:
    """How many calls and how many messages are with an agent."""
    kinds = await all_held(agent)
    assert "chat" not in kinds
    return kinds["phone"], kinds["sms"]


async def accept_all(agents: list[Agent]) -> list[Json]:
    """Everybody takes whatever is offered, until nothing is; nobody ever holds more than they may."""
    taken: list[Json] = []
    while offers := [(agent, offer) for agent in agents for offer in await agent.offers()]:
        for agent, offer in offers:
            taken.append(await agent.accepts(offer))
            await all_held(agent)
    return taken


async def put_through(story: Story, phones: list[Phone]) -> None:
    """Each agent whose phone rings picks it up and presses 1."""
    await story.passes(seconds=3)
    for phone in phones:
        if await phone.state() == "ringing":
            await phone.picks_up()
            await story.passes(seconds=3)
            await phone.presses("1")
            await story.passes(seconds=3)


async def test_three_agents_and_a_crowd() -> None:
    """S28: thirty texts and four calls on three agents: three messages and one call each and never more, the fourth
    caller waits until a call is finished, and in the end everybody was with somebody exactly once."""
    async with Story() as story:
        agents = [
            await story.ready_agent(f"agent{n}", phone=number, capacity={"message": MESSAGES_MAX})
            for n, number in enumerate(OUR_PHONES)
        ]
        await asyncio.gather(*(story.phone(f"+1212555{1000 + n}").begins_text(f"hello {n}") for n in range(TEXTS)))
        await story.settles()
        works = await accept_all(agents)
        assert [await held(agent) for agent in agents] == [(0, MESSAGES_MAX)] * 3
        assert len(works) == 9 and len(await story.cases()) == TEXTS
        waiting = await story.api("GET", "/work")
        assert (waiting["waiting_count"], len(waiting["held"])) == (TEXTS - 9, 9)

        callers = [story.phone(f"+1312555{2000 + n}") for n in range(CALLERS)]
        for caller in callers:
            await caller.calls()
        await story.passes(seconds=15)
        calls = await accept_all(agents)
        assert [one["channel"] for one in calls] == ["phone"] * 3
        assert [await held(agent) for agent in agents] == [(1, MESSAGES_MAX)] * 3
        phones = [story.phone(number) for number in OUR_PHONES]
        await put_through(story, phones)
        talks = [await phone.talks_with() for phone in phones]
        assert sorted(talks) == [[caller.number] for caller in callers[:3]]
        assert await callers[3].talks_with() == [] and await callers[3].state() == "in_call"

        rounds = 0
        while any(busy := [await agent.work() for agent in agents]):
            for agent, mine in zip(agents, busy, strict=True):
                # whoever is in a call is offered nothing else, so the call goes first
                for work in sorted(mine, key=lambda one: one["channel"] != "phone"):
                    await agent.finishes(work)
            await story.passes(seconds=5)
            more = await accept_all(agents)
            works += [one for one in more if one["channel"] == "sms"]
            calls += [one for one in more if one["channel"] == "phone"]
            await put_through(story, phones)
            rounds += 1
            assert rounds <= TEXTS
        assert Counter(one["channel"] for one in [*works, *calls]) == {"sms": TEXTS, "phone": CALLERS}
        assert len({one["case"] for one in [*works, *calls]}) == TEXTS + CALLERS
        assert (await story.api("GET", "/work"))["waiting_count"] == 0


async def test_a_hundred_people_at_once_on_every_channel() -> None:
    """S28: sixty chats, thirty-six texts and four calls at the same time on three agents, who take three chats, three
    messages and one call: at no instant one too many, and everybody was with somebody exactly once."""
    async with Story() as story:
        capacity = {"message": MESSAGES_MAX, "chat": LIMITS["chat"]}
        agents = [
            await story.ready_agent(f"agent{n}", phone=number, capacity=capacity) for n, number in enumerate(OUR_PHONES)
        ]
        visitors = [Visitor(story) for _ in range(CROWD["chat"])]
        callers = [story.phone(f"+1312555{2000 + n}") for n in range(CROWD["phone"])]
        for visitor in visitors:
            await visitor.comes()
        await asyncio.gather(
            *(visitor.says("message", client_id="first", text="is anybody there?") for visitor in visitors),
            *(story.phone(f"+1212555{1000 + n}").begins_text(f"hello {n}") for n in range(CROWD["sms"])),
            *(caller.calls() for caller in callers),
        )
        await story.passes(seconds=15)
        phones, served = [story.phone(number) for number in OUR_PHONES], list[Json]()
        for _ in range(sum(CROWD.values())):
            served += await accept_all(agents)
            if not any(busy := [await agent.work() for agent in agents]):
                break
            await put_through(story, phones)
            for agent, mine in zip(agents, busy, strict=True):
                for work in sorted(mine, key=lambda one: one["channel"] != "phone"):
                    await agent.finishes(work)
            await story.passes(seconds=5)
        assert Counter(one["channel"] for one in served) == CROWD
        assert len({one["case"] for one in served}) == sum(CROWD.values())
        assert (await story.api("GET", "/work"))["waiting_count"] == 0
