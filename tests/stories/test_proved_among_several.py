"""Whoever proves in a chat who they are, and has several open matters, is asked which one it is, or says so."""

import re

from tests.story import HERS, Story
from tests.visitor import Visitor


async def proved(story: Story) -> Visitor:
    """She texted about her boiler and her invoice; days later she asks in a chat, and proves that the number is hers."""
    her, mia = story.phone(HERS), Visitor(story)
    await her.texts("my boiler is cold")
    await story.passes(hours=1)
    await her.texts("something else: my invoice is wrong")
    await story.stops()
    await story.passes(days=3)
    await story.starts()
    await mia.comes()
    await mia.writes("any news?")
    await mia.says("prove", address=HERS)
    await mia.hears("code_sent")
    await story.passes(seconds=5)
    [code] = re.findall(r"\b\d{6}\b", (await her.inbox())[-1])
    await mia.says("code", code=code)
    await mia.hears("proved")
    await story.settles()
    return mia


async def test_which_matter_is_asked_after_a_proof_among_several() -> None:
    """Only the answer tells who gets it; with the reference that was named the chat goes on in that case."""
    async with Story() as story:
        mia = await proved(story)
        boiler, invoice, chat = await story.cases()
        asked = (await story.said(chat["id"]))[-1]
        assert asked.startswith("Which case is it about?")
        assert boiler["ref"] in asked
        assert invoice["ref"] in asked
        assert {c["case"] for c in chat["candidates"]} == {boiler["id"], invoice["id"]}
        await mia.writes("hello?")
        last = (await story.case(chat["id"]))["contacts"][-1]
        assert (last["link"], last["grounds"]) == ("answer_to_question", ["proved_session", "asked_which"])
        await mia.writes(f"{invoice['ref']}")
        assert asked in mia.said
        assert (await story.case(chat["id"]))["merged_into"]["id"] == invoice["id"]
        assert len(await story.cases()) == 2


async def test_the_matter_itself_is_an_answer_too() -> None:
    """Who is asked for a number and says "the invoice" has said which it is."""
    async with Story() as story:
        mia = await proved(story)
        _, invoice, chat = await story.cases()
        await mia.writes("about the invoice, please")
        assert (await story.case(chat["id"]))["merged_into"]["id"] == invoice["id"]
        assert (await story.said(invoice["id"]))[-1] == "about the invoice, please"
