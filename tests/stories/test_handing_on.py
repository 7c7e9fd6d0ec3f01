"""Handing on: the note reaches whoever takes it, the reasons are true, and people read names."""

from tests.stories.test_calls import ANAS, BENS, connected
from tests.story import HERS, Story


async def test_the_note_of_a_warm_transfer_is_read_and_heard() -> None:
    """Ana hands the call to Ben with a line on why: he reads it on the offer and hears it in the whisper, without the
    card number that stands in it; the timeline says it plainly. Ana reads that she is with the customer, and who is on
    the line by name; once Ben is there she leaves with one button, and nothing ends for the others."""
    async with Story() as story:
        her, anas, bens = story.phone(HERS), story.phone(ANAS), story.phone(BENS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        ben = await story.ready_agent("Ben", phone=BENS)
        note = "she wants the part sent, card 4111 1111 1111 1111"
        [work] = await ana.work()
        await ana.transfers(work, f"agent:{ben.id}", note)
        offer = await ben.offered()
        assert offer["note"] == note
        page = await ben.page(case)
        assert f"Handed on:</span> {note}" in page
        page = await ana.page(case)
        assert "Handed on: you are with them until somebody else is there." in page
        assert "to wrap up" not in page.lower()
        assert f'Ana handed it on: <q dir="auto">{note}</q>' in page
        assert 'id="leave"' not in page
        assert "assigned by a person" not in page and "by a person" in page, "no rule did it"
        assert offer["why"] == "a person"
        await ben.accepts(offer)
        await story.passes(seconds=2)
        await bens.picks_up()
        await story.passes(seconds=2)
        heard = await bens.heard()
        assert "Handed on to you, because: she wants the part sent, card" in heard
        assert "4111" not in heard
        await bens.presses("1")
        await story.passes(seconds=3)
        page = await ana.page(case)
        assert "somebody else is there: leave when you have introduced them" in page
        assert "<b>Ana</b> is in the conversation" in page
        assert "<b>Ben</b> is in the conversation" in page
        assert 'id="leave"' in page
        [mine] = [leg for leg in await ana.legs(case) if leg["agent"] == ana.id and leg["role"] == "agent"]
        await ana.clicks(f"/call/{mine['id']}/hang-up", at=case)
        await story.passes(seconds=8)
        assert await anas.state() == "idle"
        assert HERS in await bens.talks_with()
        assert await her.state() == "in_call"


async def test_a_phone_that_was_not_answered_is_not_told_as_handing_on() -> None:
    """Ana's phone rings and nobody takes it: she handed nothing on and asked for no break, and nothing says so."""
    async with Story() as story:
        her = story.phone(HERS)
        await story.phone(ANAS).behaves(on_ring="busy")
        ana = await story.ready_agent("Ana", phone=ANAS)
        await story.phone("+12125550177").texts("hello")
        other = (await ana.offered())["case"]
        await her.calls()
        await story.passes(seconds=15)
        offer = next(o for o in await ana.offers() if o["channel"] == "phone")
        await ana.accepts(offer)
        await story.passes(seconds=10)
        assert (await ana.me())["state"] == "away"
        page = await ana.page(offer["case"])
        assert "handed it on" not in page
        assert "It came back from Ana into the line" in page
        revoked = [d for d in await story.decisions(other) if d["what"] == "revoked"]
        assert all("asked to be" not in why for d in revoked for why in d["reasons"])
        await story.restarts()
        assert "It came back from Ana into the line" in await ana.page(offer["case"])


async def test_nobody_reads_that_they_are_not_there() -> None:
    """Who knows the case was away when the customer called, and is there when it is offered to them: the offer does not
    say otherwise. Where it is offered to somebody else, the reason has a name for people."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("hello")
        work = await ana.accepts()
        await ana.replies(work["case"], "done so far")
        await ana.finishes(work)
        await ana.is_now("away")
        await her.texts("one more thing")
        await ana.is_now("ready")
        offer = await ana.offered()
        [*_, offered] = await story.decisions(offer["case"])
        assert not any("not there" in why for why in offered["reasons"] + offered["candidates"])
        ben = await story.ready_agent("Ben")
        await ana.is_now("away")
        assert (await ben.offered())["case"] == offer["case"]
        [*_, offered] = await story.decisions(offer["case"])
        assert f"the agent who knows the case is not there: {ana.id}" in offered["reasons"]
        assert "the agent who knows the case is not there: Ana" in await ben.page(offer["case"])
        rows = (await story.api("GET", f"/cases/{offer['case']}/timeline"))["items"]
        reasons = [why for row in rows for why in row["reasons"]]
        assert "the agent who knows the case is not there: Ana" in reasons
        assert not any("agt_" in why for why in reasons)
