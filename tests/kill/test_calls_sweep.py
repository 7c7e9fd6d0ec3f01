"""Text, call, wait, promise, agent, call-back, transfer: the service is killed once at each step of it.

Afterwards the customer has talked with somebody, one case holds it all, nobody was rung twice for one attempt, and no
leg is left on the line.
"""

from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from router.journal.faultpoints import FAULT_POINTS
from tests.story import HERS, HIS, Agent, RealStory

ANAS, BENS = "+14155550201", "+14155550202"
ROUNDS_MAX, QUICK = 80, 20
"""Rounds in all, and how many of them are short: later ones bridge the time between two attempts."""
KILLS = (
    "dialler.before_attempt:1",
    "dialler.before_dial:2",
    "dialler.after_dial:1",
    "dialler.after_dial:2",
    "dialler.before_move:1",
    "webhook.before_decide:4",
    "webhook.before_answer:3",
    "journal.after_commit:12",
    "relay.before_fold:2",
    "dialler.before_dial:3",  # from here on while the call is handed on
    "dialler.after_dial:3",
)
MORE_KILLS = (
    "dialler.before_attempt:2",
    "dialler.before_dial:1",
    "webhook.before_answer:6",
    "journal.after_commit:18",
    "dialler.before_attempt:3",
    "relay.before_fold:5",
)
"""The same points at steps that others of these stand for."""


def test_every_point_of_the_dialler_is_visited() -> None:
    assert {name.partition(":")[0] for name in KILLS} >= {n for n in FAULT_POINTS if n.startswith("dialler.")}


@pytest.mark.parametrize("point", [*KILLS, *(pytest.param(point, marks=pytest.mark.slow) for point in MORE_KILLS)])
async def test_a_call_survives_a_service_that_is_killed(point: str) -> None:
    """At whatever step it is killed, she talks with an agent in the end, and nobody is rung twice."""
    assert await _lives_through(point) or await _lives_through(point), f"{point} was not reached"


async def _lives_through(point: str) -> bool:
    """Whether the service died there. People go on as people do: they pick up, press 1, take what they are offered, and
    call again when they are cut off. The service is started again whenever it died."""
    async with RealStory() as story:
        ana = await story.agent("ana", phone=ANAS)
        ben = await story.agent("ben", phone=BENS)
        her = story.phone(HERS)
        await story.process_ends_at(point)
        people = People(story, [ana, ben])
        await people.do(her.texts("E42, the flat is cold"))
        await people.do(her.calls())
        await people.do(story.passes(seconds=20))
        await people.do(her.presses("1"))
        await people.do(story.passes(seconds=10))
        await people.do(ana.is_now("ready"))
        await people.do(ben.is_now("ready"))
        for n in range(ROUNDS_MAX):
            if await people.go_on(wait_s=5 if n < QUICK else 20):
                break
        assert people.talked, f"{point}: nobody ever talked with her"
        await people.hand_on()
        await people.do(her.hangs_up())
        await people.do(story.passes(minutes=6))
        await people.do(story.passes(minutes=6))
        if people.deaths == 0:  # on a slow machine an agent may be at her phone before the call has to be moved
            return False
        assert people.deaths == 1
        case = await story.one_case()
        for phone in (her, story.phone(ANAS), story.phone(BENS)):
            assert await phone.state() == "idle", "nobody is left on the line"
        for _ in range(6):  # the service may have died at the very end: whoever it missed hanging up is found by asking
            legs = (await story.api("GET", f"/cases/{case['id']}/calls"))["items"]
            if not legs:
                break
            await people.do(story.passes(minutes=2))
        assert legs == [], "a leg that is over is found to be over"
        promises = (await story.api("GET", "/promises"))["items"]
        attempts = sum(len(promise["attempts"]) for promise in promises)
        assert await rings(story, HERS) <= max(1, attempts), "rung twice for one attempt"
        assert case["contacts"][0]["channel"] == "sms"
        return True


class People:
    """Whoever is in the story, doing the next thing that people would do."""

    def __init__(self, story: RealStory, agents: list[Agent]) -> None:
        self.story = story
        self.agents = agents
        self.talked = False
        self.deaths = 0
        self.answers_from = 1
        """At which ring she is there to pick up."""

    async def do(self, step: Any) -> None:
        """Try it; where the service has died, start it again."""
        with suppress(aiohttp.ClientError, AssertionError, TimeoutError):
            await step
        if self.story.process is not None and self.story.process.code is not None:
            self.deaths += 1
            await self.story.starts()

    async def hand_on(self) -> None:
        """Whoever talks with her hands her on to the other, warm; where she is cut off meanwhile, she has to be found
        by somebody again. Nobody is handed on who was answered in writing."""
        her = self.story.phone(HERS)
        first = [n for n in ((await her.now())["call"] or {}).get("with", []) if n in (ANAS, BENS)]
        if not first:
            return
        giver, taker = self.agents if first[0] == ANAS else self.agents[::-1]
        for work in await giver.work():
            if work["channel"] == "phone" and work["state"] == "active":
                await self.do(giver.transfers(work, f"agent:{taker.id}"))
        wanted = BENS if first[0] == ANAS else ANAS
        for n in range(ROUNDS_MAX):
            await self.go_on(wait_s=5 if n < QUICK else 20)
            with_her = ((await her.now())["call"] or {}).get("with", [])
            if wanted in with_her or (self.deaths and n > QUICK and first[0] in with_her):
                break
            phone = self.story.phone(wanted)
            if await phone.state() == "ringing":
                await self.do(phone.picks_up())
                await self.do(self.story.passes(seconds=2))
                await self.do(phone.presses("1"))
            await self.do(self._take(taker))
        else:
            raise AssertionError("she was handed on to nobody")

    async def go_on(self, *, wait_s: int) -> bool:
        """One round. True once she and an agent talk with each other."""
        her = self.story.phone(HERS)
        phones = [self.story.phone(number) for number in (ANAS, BENS)]
        await self.do(self.story.passes(seconds=wait_s))
        now = await her.now()
        if any(number in (now["call"] or {}).get("with", []) for number in (ANAS, BENS)):
            self.talked = True
            return True
        if now["state"] == "ringing":
            if await rings(self.story, HERS) >= self.answers_from:
                await self.do(her.picks_up())
            return False
        for agent in self.agents:
            await self.do(self._take(agent))
        for phone in phones:
            state = await phone.state()
            if state == "ringing":
                await self.do(phone.picks_up())
                await self.do(self.story.passes(seconds=2))
            if state != "idle":
                await self.do(phone.presses("1"))
        return self.talked

    async def _take(self, agent: Agent) -> None:
        if (await agent.me())["state"] != "ready":
            await agent.is_now("ready")
        for work in await agent.work():
            if work["channel"] != "phone":  # she was cut off before she chose: what she had written is answered
                await agent.replies(work["case"], "we are back; how can we help?")
                self.talked = True
            if work["state"] == "wrapping" or work["channel"] != "phone":
                await agent.finishes(work)
        for offer in await agent.offers():
            await agent.accepts(offer)


async def test_an_agents_phone_rings_for_one_call_at_a_time_across_a_death() -> None:
    """Her call still rings at ana's phone, and nobody knows that it does; the service dies when ana has taken his call
    and his case has not heard of it yet. His leg waits until hers is found and over."""
    async with RealStory() as story:
        ana = await story.ready_agent("ana", phone=ANAS)
        her, his, phone = story.phone(HERS), story.phone(HIS), story.phone(ANAS)
        await her.calls(attestation="C")
        await story.passes(seconds=2)
        await his.calls()
        await story.passes(seconds=10)
        await story.faults(lose_answers=1.0)
        await ana.accepts()
        await story.passes(seconds=1)
        assert await phone.state() == "ringing"
        await story.faults()
        await her.hangs_up()
        await story.settles()
        assert await ana.work() == [], "she met nobody"
        assert story.process is not None
        await story.process.is_killed()  # an ordered stop would end his call
        await story.starts(ONECASE_FAULT_POINT="relay.before_fold:1")
        with suppress(aiohttp.ClientError):
            await ana.accepts()
        await story.dies()
        await story.starts()
        assert await rings(story, ANAS) == 1, "her leg is not over yet"
        await story.passes(seconds=20)
        assert await rings(story, ANAS) == 2
        assert await phone.state() == "ringing", "his call"


async def rings(story: RealStory, number: str) -> int:
    """How often the provider was asked to ring a number."""
    asked = [one for one in await story.traffic("rest", "/Calls.json") if one["method"] == "POST"]
    return sum(dict(one["fields"]).get("To") == number for one in asked)
