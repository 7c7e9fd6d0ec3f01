"""Wrapping up ends when the agent says so, or by itself after the time that the policy gives."""

import re
from pathlib import Path

import pytest

from tests.stories.test_calls import ANAS, connected
from tests.stories.test_matching import policies_with
from tests.story import HERS, HIS, Agent, Phone, Story
from tests.visitor import Visitor

FIVE = {"wrap_up: until finish": "wrap_up: 5 s        "}


async def wraps_up(story: Story, her: Phone, ana: Agent, phone: Phone) -> str:
    """She calls, they talk, she hangs up: the agent is left to wrap up. Returns the case."""
    case = await connected(story, her, ana, phone)
    await her.hangs_up()
    await story.settles()
    [work] = await ana.work()
    assert work["state"] == "wrapping"
    return case


async def wraps_up_both(story: Story, her: Phone, ana: Agent, phone: Phone) -> str:
    """She calls while Ana has her text, they talk, she hangs up. Returns the case."""
    case = await connected(story, her, ana, phone)
    await her.hangs_up()
    await story.settles()
    assert [one["state"] for one in await ana.work()] == ["wrapping", "wrapping"]
    return case


async def test_wrapping_up_ends_by_itself_after_its_time(tmp_path: Path) -> None:
    """With five seconds set the agent is free after five seconds: the next caller is offered to them, and the case says
    that their time was over, not that it is solved."""
    async with Story(policies=policies_with(tmp_path / "p", agents=FIVE)) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await wraps_up(story, her, ana, phone)
        await story.phone(HIS).calls()
        await story.passes(seconds=2)
        assert await ana.offers() == [], "they wrap up"
        await story.passes(seconds=13)
        assert await ana.work() == []
        assert (await ana.offered())["channel"] == "phone"
        assert (await story.case(case))["status"] != "solved"
        [ended] = [e for e in await story.timeline(case) if e["facts"].get("what") == "finished"]
        assert ended["facts"]["outcome"] == "time_over"


async def test_it_ends_in_time_though_the_service_was_away(tmp_path: Path) -> None:
    """When wrapping up ends is kept: time that passed while we were away counts."""
    async with Story(policies=policies_with(tmp_path / "p", agents=FIVE)) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await wraps_up(story, her, ana, phone)
        await story.stops()
        await story.passes(seconds=20)
        await story.starts()
        await story.passes(seconds=1)
        assert await ana.work() == []


async def test_finishing_in_time_is_the_agents_word(tmp_path: Path) -> None:
    """Who says within the time how it ended has said it; nothing comes after."""
    async with Story(policies=policies_with(tmp_path / "p", agents=FIVE)) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await wraps_up(story, her, ana, phone)
        [work] = await ana.work()
        await ana.finishes(work, "solved")
        await story.passes(seconds=10)
        assert [e["facts"]["outcome"] for e in await story.timeline(case) if e["facts"].get("what") == "finished"] == [
            "solved"
        ]


async def test_a_note_about_a_text_that_a_call_came_after_is_kept() -> None:
    """She calls about the text that Ana has at hand: both are to be wrapped up afterwards. What Ana writes of the text
    stands on the case, the page speaks of the call first, and each is finished by itself."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.texts("my boiler is cold")
        await ana.accepts()
        case = await wraps_up_both(story, her, ana, phone)
        text, call = await ana.work()
        assert (text["channel"], call["channel"]) == ("sms", "phone")
        assert call["id"] in await ana.page(case)
        assert text["id"] not in await ana.page(case)
        await ana.finishes(text, "answered", "a part is ordered")
        assert [e["text"] for e in await story.timeline(case, "note")] == ["a part is ordered"]
        await ana.finishes(call, "solved", "they come on Monday")
        assert await ana.work() == []
        assert (await story.case(case))["status"] == "solved"
        assert "they come on Monday" in str(await story.timeline(case))


@pytest.mark.parametrize("how", ["hangs up", "goes on by text", "is settled"])
async def test_whoever_was_with_nobody_yet_has_nothing_to_wrap_up(how: str) -> None:
    """Ana took the call and hears the whisper, and the caller goes: she spoke with nobody. She is free at once, for the
    next in line, and a break that she asked for begins."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await her.calls()
        await story.passes(seconds=20)
        await ana.accepts()
        await story.passes(seconds=1)
        await phone.picks_up()
        case = (await story.one_case())["id"]
        if how == "hangs up":
            await her.hangs_up()
        elif how == "goes on by text":
            await her.presses("3")
        else:
            await story.api("POST", f"/cases/{case}/status", {"status": "solved"})
            await her.hangs_up()
        await story.passes(seconds=3)
        assert await ana.work() == []
        assert await phone.state() == "idle"
        if how != "goes on by text":
            assert (await story.case(case))["status"] == {"hangs up": "waiting_customer"}.get(how, "solved")
            await story.phone(HIS).calls()
            await story.passes(seconds=15)
        await ana.accepts()
        await story.passes(seconds=1)
        if how == "hangs up":
            await ana.is_now("away")
            await story.phone(HIS).hangs_up()
            await story.passes(seconds=2)
            assert (await ana.me())["state"] == "away"


async def test_until_finish_is_as_long_as_they_need(tmp_path: Path) -> None:
    """The product's own policy gives agents all the time they need."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await wraps_up(story, her, ana, phone)
        await story.passes(minutes=30)
        [work] = await ana.work()
        assert work["state"] == "wrapping"


@pytest.mark.parametrize("before", ["waits", "is in hand", "was answered"])
async def test_a_chat_that_goes_on_in_another_case_is_wrapped_up_once(before: str) -> None:
    """A visitor proves in a chat who they are, and it goes on in their text's case: whoever chats with them has all of it
    in hand, also where it waited, and there is nothing else to wrap up."""
    async with Story() as story:
        ana, her = await story.ready_agent("Ana"), story.phone(HERS)
        await her.texts("My heating shows E42")
        if before != "waits":
            work = await ana.accepts()
        if before == "was answered":
            await ana.replies((await story.one_case())["id"], "Is the fuse on?")
            await ana.finishes(work)
        visitor = Visitor(story)
        await visitor.comes()
        await visitor.writes("my heating still shows E42")
        [chat] = [one for one in await ana.offers() if one["channel"] == "chat"]
        await ana.accepts(chat)
        await visitor.says("prove", address=HERS)
        await visitor.hears("code_sent")
        code = re.findall(r"\b\d{6}\b", (await her.inbox())[-1])[0]
        await visitor.says("code", code=code)
        await visitor.hears("proved")
        await story.passes(seconds=2)
        case = await story.one_case()
        [held] = await ana.work()
        assert (held["state"], case["agent"]) == ("active", ana.id)
        assert held["case"] == case["id"] or (await story.case(held["case"]))["merged_into"]["id"] == case["id"]
        page = await ana.page(held["case"])
        assert "My heating shows E42" in page and "my heating still shows E42" in page, "all of it where they work"
        assert await ana.offers() == []
        await ana.replies(case["id"], "I see both now.")
        await ana.finishes(held)
        assert await ana.work() == []
        await story.restarts()
        assert await ana.work() == []
        assert (await story.one_case())["ask"] is None
