"""What an agent's phone says before the key, and what their offer shows, where somebody tells of danger."""

from tests.stories.test_calls import ANAS
from tests.story import HERS, HIS, Story

WORDS = "I smell gas in the kitchen"


async def test_words_of_danger_are_heard_and_seen_first() -> None:
    """The offer says that it is urgent and is marked so, the case and the line as well; the whisper begins with it and
    with what they said. A call about something else says neither."""
    async with Story() as story:
        her, him, phone = story.phone(HERS), story.phone(HIS), story.phone(ANAS)
        await him.calls()
        await him.speaks("my invoice is wrong")
        await her.calls()
        await her.speaks(WORDS)
        await story.passes(seconds=2)
        ana = await story.agent("Ana", phone=ANAS, skills={"billing": 1})
        assert (await ana.page(await him.case())).count("Urgent") == 1, "hers, in the line"
        await ana.is_now("ready")
        offer = await ana.offered()
        assert (offer["case"], offer["urgent"]) == (await her.case(), True)
        page = await ana.page(offer["case"])
        assert '<article class="offer urgent"' in page and 'data-says="urgent, case' in page
        assert page.count('<b class="danger">Urgent</b>') == 2, "on the offer and on the case"
        await ana.accepts(offer)
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=3)
        assert (await phone.heard()).startswith(f"Urgent. {WORDS}. A call about general.")
        await phone.presses("1")
        await story.passes(seconds=3)
        page = await ana.page(offer["case"])
        assert page.count('<b class="danger">Urgent</b>') == 2, "with them, and on the case"
        await her.hangs_up()
        await story.passes(seconds=3)
        [work] = await ana.work()
        await ana.finishes(work)
        other = await ana.offered()
        assert (other["case"], other["urgent"], other["subject"]) == (await him.case(), False, "my invoice is wrong")
        assert "Urgent" not in await ana.page(other["case"])


async def test_long_words_of_danger_are_cut_and_cleared() -> None:
    """So much is said as is listened to, and no card number."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await her.calls()
        more = "and the neighbours smell it as well " * 9
        await her.speaks(f"{WORDS}, card 4111 1111 1111 1111, {more}")
        await story.passes(seconds=25)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=15)
        heard = await phone.heard()
        assert f"Urgent. {WORDS}" in heard and "4111" not in heard
        said = heard.partition("Urgent. ")[2].partition(". A call about")[0]
        assert said.endswith("neighbours smell it") and len(said) <= 120
