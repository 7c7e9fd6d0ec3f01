"""Handing on: a closed door is refused before the customer hears of it, and somebody outside is brought in warmly."""

import pytest

from tests.stories.test_calls import ANAS, BENS, connected
from tests.story import HERS, Story

PLUMBER = "+12125550188"


async def test_nobody_is_handed_on_to_a_closed_door() -> None:
    """A queue with nobody in it, somebody who is away, oneself, somebody without a phone: refused with what is open, and
    the customer hears nothing of it. Once somebody is there it goes through."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await connected(story, her, ana, anas)
        ben = await story.agent("Ben", skills={"billing": 2}, phone=BENS)
        cy = await story.ready_agent("Cy", skills={"billing": 1})
        [work] = await ana.work()
        said = await her.heard()
        path = f"/work/{work['id']}/transfer"
        for to, why in (
            ("queue:billing", "Nobody is there for queue billing."),
            (f"agent:{ben.id}", "Ben is not there."),
            (f"agent:{ana.id}", "You have it yourself."),
            (cy.id, "Cy takes no phone."),
        ):
            refusal = await ana.refused("POST", path, {"to": to, "reason": "a bill"})
            assert (refusal["status"], refusal["alternatives"]) == (409, []), to
            assert refusal["detail"] == f"{why} Nothing else is open: stay with them, or offer them a call."
        await ben.is_now("ready")
        refusal = await ana.refused("POST", path, {"to": f"agent:{ana.id}", "reason": "a bill"})
        open_now = {one["to"]: one["name"] for one in refusal["alternatives"]}
        assert open_now[f"agent:{ben.id}"] == "Ben"
        assert open_now["queue:billing"] == "queue billing"
        assert "Ben" in refusal["detail"]
        assert (await her.state(), await her.heard()) == ("in_call", said)
        assert HERS in await anas.talks_with()
        await ana.transfers(work, ben.id, "a bill")
        assert (await ben.offered())["note"] == "a bill"


async def test_handing_on_again_needs_a_reason() -> None:
    """The first time none is needed; who hands the same case on once more says why in one line."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        ben = await story.agent("Ben")
        await story.phone().texts("hello")
        work = await ana.accepts(await ana.offered())
        await ben.is_now("ready")
        await ana.api("POST", f"/work/{work['id']}/transfer", {"to": ben.id})
        await story.settles()
        taken = await ben.accepts(await ben.offered())
        refusal = await ben.refused("POST", f"/work/{taken['id']}/transfer", {"to": "queue:general", "reason": "  "})
        assert refusal["status"] == 422
        assert refusal["errors"][0]["loc"] == ["body", "reason"]
        await ben.transfers(taken, "queue:general", "she asks for somebody else")


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("+19005550123", "premium"),
        ("+14155550100", "our own"),
        ("+14155550101", "our own"),
        ("911", "Emergency"),
        ("+112", "Emergency"),
        ("+10005550123", "Nobody can have"),
        ("2125550188", "Nobody can have"),
        (HERS, "their own phone would ring"),
        ("+1212", "incomplete"),
        (BENS, "the phone of Ben"),
    ],
)
async def test_numbers_that_nobody_is_handed_on_to(number: str, why: str) -> None:
    """Premium, our own, emergency and unassigned numbers: refused in words, nothing is dialled, and she stays with Ana."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await story.agent("Ben", phone=BENS)
        await connected(story, her, ana, anas)
        [work] = await ana.work()
        dialled = len(await story.traffic("rest", "/Calls.json"))
        refusal = await ana.refused("POST", f"/work/{work['id']}/transfer", {"to": number, "reason": "a plumber"})
        assert refusal["status"] == 422
        assert why in refusal["detail"]
        assert len(await story.traffic("rest", "/Calls.json")) == dialled
        assert HERS in await anas.talks_with()


async def handed_outside(story: Story) -> tuple:
    """She talks with Ana, and the plumber's phone rings."""
    her, anas, his = story.phone(HERS), story.phone(ANAS), story.phone(PLUMBER)
    ana = await story.ready_agent("Ana", phone=ANAS)
    case = await connected(story, her, ana, anas)
    [work] = await ana.work()
    await ana.transfers(work, PLUMBER, "a leak, card 4111 1111 1111 1111")
    await story.passes(seconds=2)
    assert await his.state() == "ringing"
    assert HERS in await anas.talks_with(), "she is not alone meanwhile"
    return her, anas, his, ana, case, work


async def test_somebody_outside_is_brought_in_warmly() -> None:
    """Their phone rings while Ana stays; they hear who calls and why, without the card number, and press 1: all three
    talk. Ana leaves, nothing ends for the others, and she has her notes to finish, which ends nothing either. When the
    customer hangs up, everybody is let go."""
    async with Story() as story:
        her, anas, his, ana, case, work = await handed_outside(story)
        refusal = await ana.refused("POST", f"/work/{work['id']}/transfer", {"to": PLUMBER, "reason": "again"})
        assert refusal["status"] == 409
        await his.picks_up()
        await story.passes(seconds=6)
        assert "a leak, card" in await his.heard()
        assert "4111" not in await his.heard()
        await his.presses("1")
        await story.passes(seconds=2)
        assert {HERS, ANAS} <= set(await his.talks_with())
        await anas.hangs_up()
        await story.passes(seconds=2)
        assert await his.talks_with() == [HERS]
        assert await her.state() == "in_call"
        [mine] = await ana.work()
        assert mine["state"] == "wrapping"
        await ana.finishes(mine)
        await story.passes(seconds=5)
        assert await his.talks_with() == [HERS]
        rows = [e["facts"].get("what") for e in await story.timeline(case, "call")]
        assert "outside called" in rows
        await her.hangs_up()
        await story.passes(seconds=8)
        assert await his.state() == "idle"


async def test_who_is_outside_and_hangs_up_leaves_her_in_line() -> None:
    """The plumber hangs up first: she hears so and stands in line again, and is offered to somebody."""
    async with Story() as story:
        her, anas, his, ana, case, _ = await handed_outside(story)
        await his.picks_up()
        await story.passes(seconds=6)
        await his.presses("1")
        await story.passes(seconds=2)
        await anas.hangs_up()
        await story.passes(seconds=2)
        [mine] = await ana.work()
        await ana.finishes(mine)
        await his.hangs_up()
        assert (await ana.offered())["case"] == case, "at once, while she hears that they are gone"
        await story.passes(seconds=2)
        assert "gone" in await her.heard()
        await story.passes(seconds=15)
        assert await her.state() == "in_call"
        await ana.accepts()
        await story.passes(seconds=2)
        await anas.picks_up()
        await story.passes(seconds=2)
        await anas.presses("1")
        await story.passes(seconds=3)
        assert await her.talks_with() == [anas.number]


@pytest.mark.parametrize("on_ring", ["busy", "ignore", "voicemail", "invalid"])
async def test_nobody_outside_and_she_stays_with_the_agent(on_ring: str) -> None:
    """Busy, no answer, a machine that presses nothing, no such number: she never notices, and Ana can try again."""
    async with Story() as story:
        await story.phone(PLUMBER).behaves(on_ring=on_ring)
        her, anas, his = story.phone(HERS), story.phone(ANAS), story.phone(PLUMBER)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await connected(story, her, ana, anas)
        [work] = await ana.work()
        said = await her.heard()
        await ana.transfers(work, PLUMBER, "a leak")
        await story.passes(seconds=90)
        assert await his.state() == "idle"
        assert HERS in await anas.talks_with()
        assert await her.heard() == said
        await his.behaves(on_ring="manual")
        await ana.transfers(work, PLUMBER, "")  # what came to nothing is no handing on, and needs no second reason
        await story.passes(seconds=2)
        assert await his.state() == "ringing"
        await her.hangs_up()
        await story.passes(seconds=5)
        assert await his.state() == "idle", "nobody is rung for a customer who has gone"


async def test_only_a_handing_on_that_happened_asks_for_a_reason() -> None:
    """Ben declines, and Ana needs no reason to hand her on to Cy; nor does she to call the plumber. Once he was in the
    conversation, the next one takes a reason."""
    async with Story() as story:
        her, anas, his = story.phone(HERS), story.phone(ANAS), story.phone(PLUMBER)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await connected(story, her, ana, anas)
        ben = await story.ready_agent("Ben", phone=BENS)
        cy = await story.ready_agent("Cy", phone="+14155550205")
        [work] = await ana.work()
        await ana.transfers(work, ben.id, "")
        await ben.declines(await ben.offered())
        await ana.transfers(work, cy.id, "")
        await cy.declines(await cy.offered())
        await ana.transfers(work, PLUMBER, "")
        await story.passes(seconds=2)
        await his.picks_up()
        await story.passes(seconds=6)
        await his.presses("1")
        await story.passes(seconds=2)
        await his.hangs_up()
        await story.passes(seconds=2)
        assert HERS in await anas.talks_with()
        refusal = await ana.refused("POST", f"/work/{work['id']}/transfer", {"to": ben.id, "reason": ""})
        assert (refusal["status"], refusal["title"]) == (422, "Why again?")


async def test_somebody_else_who_is_there_counts_as_handed_on() -> None:
    """Ben is with her after Ana handed her on: he says why she goes on to the next one."""
    async with Story() as story:
        her, anas, bens = story.phone(HERS), story.phone(ANAS), story.phone(BENS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await connected(story, her, ana, anas)
        ben = await story.ready_agent("Ben", phone=BENS)
        cy = await story.ready_agent("Cy", phone="+14155550205")
        [work] = await ana.work()
        await ana.transfers(work, ben.id, "")
        taken = await ben.accepts()
        await story.passes(seconds=2)
        await bens.picks_up()
        await story.passes(seconds=2)
        await bens.presses("1")
        await story.passes(seconds=2)
        refusal = await ben.refused("POST", f"/work/{taken['id']}/transfer", {"to": cy.id, "reason": ""})
        assert (refusal["status"], refusal["title"]) == (422, "Why again?")
