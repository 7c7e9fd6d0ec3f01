"""How long it will be: said where enough has been seen, else said that we do not know."""

from tests.stories.test_line import ANAS
from tests.story import HERS, Story

PATH = "/waits?queue=general&channel=phone"


async def test_with_too_little_seen_it_is_said_in_words_and_without_a_number() -> None:
    """Nobody has called yet, then one has: neither is enough to say how long the next will wait."""
    async with Story() as story:
        before = await story.api("GET", PATH)
        assert (before["low_s"], before["high_s"], before["confidence"]) == (None, None, None)
        assert "we do not know" in before["basis"]
        caller = story.phone(HERS)
        await caller.calls()
        await caller.speaks("a question about my bill, please")
        await story.passes(seconds=4)
        [waiting] = (await story.api("GET", "/work"))["waiting"]
        path = f"/waits?queue={waiting['queue']}&channel=phone"
        nobody = await story.api("GET", path)
        assert nobody["high_s"] is None
        assert "nobody who can take it is on duty" in nobody["basis"]
        await story.ready_agent("ana", phone=ANAS)
        await story.passes(seconds=2)
        after = await story.api("GET", path)
        assert after["high_s"] is None
        assert "too little has been seen" in after["basis"]
