"""The line on the phone: what low priority means there, and the words that say the same as a key."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.stories.test_matching import policies_with
from tests.story import HERS, Agent, Phone, Story, instant

ANAS = "+14155550201"
OUTAGE = {
    "- name: everything-else\n": "- name: outage\n    when:\n      text.any_words: [outage]\n    queue: general\n"
    "    priority: 3\n\n  - name: everything-else\n"
}  # fmt: skip
SHARE_PASSED = 0.75
"""Of priority 3 against 0 (rates 4 and 1): ordinary work is passed by those alone who come in this share of its wait."""


async def calls_about(story: Story, number: str, words: str) -> Phone:
    phone = story.phone(number)
    await phone.calls()
    await phone.speaks(words)
    await story.passes(seconds=4)
    return phone


async def served(story: Story, agent: Agent, line: Phone, caller: Phone, *, talk_s: int) -> None:
    """The agent takes the offer, talks, and wraps up."""
    await agent.accepts()
    await story.passes(seconds=2)
    await line.picks_up()
    await story.passes(seconds=2)
    await line.presses("1")
    await story.passes(seconds=talk_s)
    assert caller.number in await line.talks_with()
    await caller.hangs_up()
    await story.passes(seconds=2)
    [work] = await agent.work()
    await agent.finishes(work, "solved")


async def test_an_ordinary_caller_is_served_within_her_bound(tmp_path: Path) -> None:
    """S30: callers of high priority stand before her and one more comes while each of them is talked with, for as long
    as she waits. She is passed by those alone who came in the first three quarters of her wait, then it is her turn: at
    four times the wait of whoever stands first of the others. No age is too old for that."""
    async with Story(policies=policies_with(tmp_path / "p", routing=OUTAGE)) as story:
        her, line = await calls_about(story, HERS, "a question about my bill, please"), story.phone(ANAS)
        urgent = [await calls_about(story, f"+1212555{n:04d}", "we have an outage") for n in range(2)]
        ana = await story.ready_agent("ana", phone=ANAS)
        passed: list[datetime] = []
        for n in range(2, 30):
            offer = await ana.offered()
            now = instant((await story.provider("GET", "/clock"))["now"])
            if offer["case"] == await her.case():
                break
            passed.append(instant(offer["place_at"]))
            [caller] = [one for one in urgent if await one.case() == offer["case"]]
            urgent.append(await calls_about(story, f"+1212555{n:04d}", "we have an outage"))
            await served(story, ana, line, caller, talk_s=12)
        began_at = instant(offer["place_at"])
        assert offer["case"] == await her.case(), "she was never served"
        assert len(passed) >= 3, "others did go before her"
        assert all(at - began_at <= SHARE_PASSED * (now - began_at) for at in passed)
        still_there = [one for one in urgent if await one.state() == "in_call"]
        assert len(still_there) == 2, "the others' line was never empty"
        await served(story, ana, line, her, talk_s=5)


CALL_ME = [
    "Call me back, please",
    "just RING ME",
    "Rufen Sie mich bitte zurück",
    "einen Rückruf, bitte",
    "llámame",
    "pueden devolver la llamada",
]
TEXT_ME = ["text me", "by SMS please", "per Nachricht, bitte", "lieber per SMS", "por mensaje", "mejor por sms"]


@pytest.mark.parametrize("words", CALL_ME)
async def test_words_do_what_key_1_does(words: str) -> None:
    """Words for a call, in line and in any of our languages, whatever the case: a promise at her place, and good-bye."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=20)
        place = (await story.one_case())["ask"]["place_at"]
        await her.speaks(words)
        await story.passes(seconds=20)
        assert "We will call you" in await her.heard()
        assert await her.state() == "idle"
        case = await story.one_case()
        [promise] = case["promises"]
        assert (promise["callback"], promise["place_at"]) == ("scheduled", place)
        assert words in [entry["text"] for entry in await story.timeline(case["id"])], "what she said is kept"


@pytest.mark.parametrize("words", TEXT_ME)
async def test_words_do_what_key_3_does(words: str) -> None:
    """Words for a text, in line: one text arrives to go on by, and nothing is promised by phone."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=20)
        await her.speaks(words)
        await story.passes(seconds=20)
        assert await her.state() == "idle"
        assert len(await her.inbox()) == 1
        assert (await story.one_case())["promises"] == []
        ana = await story.ready_agent("ana", phone=ANAS)
        assert (await ana.offered())["channel"] == "sms"


async def test_at_the_greeting_too_words_choose() -> None:
    """Whoever knows what they want need not wait for the choices."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await her.speaks("call me back")
        await story.passes(seconds=20)
        assert "We will call you" in await her.heard()
        [promise] = (await story.one_case())["promises"]
        assert promise["callback"] == "scheduled"


async def test_a_sentence_is_no_choice() -> None:
    """A longer sentence with the same words in it is something that she tells us: it is kept, and she stays in line."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=20)
        told = "your colleague wanted to call me about the boiler last week and nobody did"
        await her.speaks(told)
        await story.passes(seconds=20)
        assert await her.state() == "in_call"
        case = await story.one_case()
        assert case["promises"] == []
        assert told in [entry["text"] for entry in await story.timeline(case["id"])]
