"""Call, hang up, call-back, no answer, retry, talk: the service is killed once at each step of it.

Afterwards she has talked with an agent or stands in line for it, nobody was dialled twice for one attempt, and no leg
is left on the line.
"""

from contextlib import suppress

import aiohttp
import pytest

from tests.kill.test_calls_sweep import ANAS, People, rings
from tests.story import HERS, RealStory

ROUNDS = 90
KILLS = (
    "webhook.before_decide:6",  # word that she hung up comes in
    "webhook.before_answer:6",
    "dialler.before_attempt:1",
    "dialler.after_dial:1",
    "dialler.before_dial:2",
    "dialler.after_dial:2",
    "dialler.before_attempt:4",
    "dialler.after_dial:4",
    "journal.after_commit:16",
    "relay.before_fold:3",
)
MORE_KILLS = (
    "dialler.before_attempt:2",
    "journal.after_commit:10",
    "journal.after_commit:24",
)
"""The same points at steps that others of these stand for."""


@pytest.mark.parametrize("point", [*KILLS, *(pytest.param(point, marks=pytest.mark.slow) for point in MORE_KILLS)])
async def test_a_call_that_nobody_answers_survives_a_service_that_is_killed(point: str) -> None:
    """At whatever step it is killed, she is tried again and talks with an agent in the end, and each attempt is one
    dial."""
    async with RealStory() as story:
        ana = await story.agent("ana", phone=ANAS)
        her = story.phone(HERS)
        await story.process_ends_at(point)
        people = People(story, [ana])
        people.answers_from = 2  # nobody is there when her phone rings first
        await people.do(her.calls(attestation="A"))
        await people.do(story.passes(seconds=40))
        with suppress(aiohttp.ClientError, AssertionError):
            await her.hangs_up()
        await people.do(story.passes(seconds=10))
        if not (await story.api("GET", "/promises"))["items"]:  # she was cut off before she heard that we would call
            await people.do(her.calls(attestation="A"))
            await people.do(story.passes(seconds=20))
            await people.do(her.presses("1"))
            await people.do(story.passes(seconds=10))
        await people.do(ana.is_now("ready"))
        for n in range(ROUNDS):
            if n > ROUNDS // 2:  # the dial that was lost did not ring, and the next is a quarter of an hour later
                people.answers_from = 1
            if await people.go_on(wait_s=5 if n < ROUNDS // 3 else 20):
                break
        assert people.talked, f"{point}: nobody ever talked with her"
        await people.do(her.hangs_up())
        await people.do(story.passes(minutes=3))
        assert people.deaths == 1, f"{point} was not reached"
        promises = (await story.api("GET", "/promises"))["items"]
        assert await rings(story, HERS) <= sum(len(one["attempts"]) for one in promises), "two dials for one attempt"
        for phone in (her, story.phone(ANAS)):
            assert await phone.state() == "idle", "nobody is left on the line"
