"""The timeline says who ended a call; a leg of whoever is in a conversation stands for that conversation."""

from tests.stories.test_calls import ANAS, connected, ends_their_call
from tests.stories.test_our_calls import plain
from tests.story import HERS, Json, Story

PLUMBER = "+12125550188"


async def ended(story: Story, case: str, who: str) -> Json:
    [row] = [
        row
        for row in await story.timeline(case, "call")
        if (row["facts"].get("what"), row["facts"].get("who")) == ("ended", who)
    ]
    return row


async def test_a_call_that_the_agent_ends_says_so() -> None:
    """At the desk: the agent's name stands on the row, and nobody is said to have hung up."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        await story.passes(seconds=20)
        await ends_their_call(story, ana)
        row = await ended(story, case, "customer")
        assert (row["author"]["kind"], row["author"]["name"]) == ("agent", "Ana")
        page = plain(await ana.page(case))
        assert "Ana ended the call after 0:" in page
        assert "Ana's line ended after 0:" in page.replace("&#39;", "'") and "the call was over" in page
        assert "hung up" not in page


async def test_a_call_that_is_finished_at_the_desk_was_ended_there() -> None:
    """Saying how the work ended while she is on the line ends the call as well."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        await story.passes(seconds=20)
        [work] = await ana.work()
        await ana.finishes(work)
        await story.passes(seconds=5)
        assert "Ana ended the call after 0:" in plain(await ana.page(case))


async def test_a_customer_who_hangs_up_did_so() -> None:
    """Then the agent's line is let go; and whoever was promised a call heard our good-bye."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        await story.passes(seconds=20)
        await her.hangs_up()
        await story.passes(seconds=5)
        assert (await ended(story, case, "customer"))["author"]["kind"] == "system"
        page = plain(await ana.page(case)).replace("&#39;", "'")
        assert "The customer's line ended after 0:" in page and ": hung up" in page and "the call was over" in page
        [work] = await ana.work()
        await ana.finishes(work, "waiting")
        await ana.is_now("away")
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=10)
        assert ", with our good-bye" in plain(await ana.page(case))


async def test_an_agents_leg_stands_for_the_customers() -> None:
    """What is said of a conversation by the agent's own leg, as a client that knows only that may, is done on the
    customer's line; before they picked up the answer says that, and not that it is over."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        [own] = [leg["id"] for leg in await ana.legs(case) if leg["role"] == "agent"]
        answer = await ana.api("POST", f"/calls/{own}/recording", {"on": False})
        assert (answer["role"], answer["refused"]) == ("customer", True)
        held = await ana.api("POST", f"/calls/{own}/hold")
        await story.passes(seconds=3)
        assert (held["role"], HERS in await phone.talks_with()) == ("customer", False)
        await ana.api("POST", f"/calls/{own}/resume")
        await story.passes(seconds=3)
        assert HERS in await phone.talks_with()
        await her.hangs_up()
        await story.passes(seconds=5)
        assert (await ana.refused("POST", f"/calls/{own}/recording", {"on": False}))["detail"] == "It is over already."


async def test_who_rings_is_not_over() -> None:
    async with Story() as story:
        phone = story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await ana.api("POST", "/cases", {"address": HERS, "channel": "phone"})
        await story.settles()
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=2)
        for leg in await ana.legs(case["id"]):
            refused = await ana.refused("POST", f"/calls/{leg['id']}/recording", {"on": False})
            assert refused["detail"] == "They have not picked up yet."


async def test_somebody_outside_is_not_shown_as_the_agent() -> None:
    """The line that rings outside is called so on the desk, and so is its end."""
    async with Story() as story:
        her, anas, plumber = story.phone(HERS), story.phone(ANAS), story.phone(PLUMBER)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        [work] = await ana.work()
        await ana.transfers(work, PLUMBER, "a leak")
        await story.passes(seconds=2)
        page = plain(await ana.page(case))
        assert "Ana calls somebody outside" in page
        assert "Somebody outside is being called" in page and "Ana is being called" not in page
        await plumber.picks_up()
        await story.passes(seconds=2)
        await plumber.hangs_up()
        await story.passes(seconds=5)
        page = plain(await ana.page(case))
        assert "The other line ended" in page
