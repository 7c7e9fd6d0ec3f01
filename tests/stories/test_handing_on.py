"""Handing on: the note reaches whoever takes it, the reasons are true, and people read names."""

from pathlib import Path

import pytest

from tests.stories.test_calls import ANAS, BENS, connected
from tests.stories.test_matching import GERMAN, policies_with
from tests.story import HERS, HIS, Agent, Story

CLEOS = "+14155550204"


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


async def handed_on_in_vain(story: Story, how: str) -> tuple[str, dict, Agent, Agent]:
    """She talks with Ana, who hands her on to Ben, who does not come. The case, Ana's work, Ana, Ben."""
    her, anas, bens = story.phone(HERS), story.phone(ANAS), story.phone(BENS)
    ana = await story.ready_agent("Ana", phone=ANAS)
    case = await connected(story, her, ana, anas)
    ben = await story.ready_agent("Ben", phone=BENS)
    [work] = await ana.work()
    await ana.transfers(work, ben.id, "billing please")
    offer = await ben.offered()
    if how == "declines":
        await ben.declines(offer)
    elif how == "goes off":
        await ben.is_now("off")
    elif how == "never presses 1":
        await ben.accepts(offer)
        await story.passes(seconds=2)
        await bens.picks_up()
        await story.passes(seconds=60)
        assert await bens.state() == "idle"
    return case, work, ana, ben


@pytest.mark.parametrize("how", ["declines", "goes off", "never presses 1", "says nothing"])
async def test_who_is_not_taken_is_handed_on_to_somebody_else(how: str) -> None:
    """Ben does not come. Ana is with her, keeps her work and is offered nothing; she hands her on to Cleo instead, who
    is offered it at once, reads and hears the new reason and no other, and is there after key 1. Both reasons stand on
    the case, and Ana has her notes to finish."""
    async with Story() as story:
        case, work, ana, ben = await handed_on_in_vain(story, how)
        page = await ana.page(case)
        assert "phone · handed on" in page
        assert "wrap up" not in page
        assert "Nobody waits." in page, "she is with Ana"
        her, anas, cleos = story.phone(HERS), story.phone(ANAS), story.phone(CLEOS)
        cleo = await story.agent("Cleo", phone=CLEOS)
        await cleo.is_now("ready")
        given = await ana.transfers(work, cleo.id, "she knows heating")
        assert (given["state"], given["handing"]) == ("active", True), "she is with her still"
        [mine] = await ana.work()
        assert (mine["id"], (await ana.me())["load"]) == (work["id"], {"phone": 1})
        second = story.phone("+12125550177")
        await second.calls()
        await story.passes(seconds=15)
        assert [o for o in await ana.offers() if o["channel"] == "phone"] == []
        [offer] = [o for o in await cleo.offers() if o["case"] == case]
        assert offer["note"] == "she knows heating"
        assert [o for o in await ben.offers() if o["case"] == case] == []
        texts = [e["text"] for e in await story.timeline(case, "assignment")]
        assert "billing please" in texts
        assert "she knows heating" in texts
        await cleo.accepts(offer)
        await story.passes(seconds=2)
        await cleos.picks_up()
        await story.passes(seconds=2)
        assert "because: she knows heating" in await cleos.heard()
        await cleos.presses("1")
        await story.passes(seconds=3)
        assert set(await her.talks_with()) == {ANAS, CLEOS}
        refusal = await ana.refused("POST", f"/work/{work['id']}/transfer", {"to": ben.id, "reason": "once more"})
        assert refusal["status"] == 409
        await anas.hangs_up()
        await story.passes(seconds=3)
        assert await her.talks_with() == [CLEOS]
        await ana.finishes(work)
        assert (await ana.me())["load"] in ({}, {"phone": 1})
        assert "gone" not in await her.heard()


async def test_whoever_is_on_their_way_is_waited_for() -> None:
    """Ben has taken it and his phone rings: handing it on to somebody else is refused, with who comes. Ana gives it to
    a number outside instead once his phone was not answered; Ben is not asked any more when she leaves."""
    async with Story() as story:
        her, anas, bens = story.phone(HERS), story.phone(ANAS), story.phone(BENS)
        plumber = story.phone("+12125550188")
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        ben = await story.ready_agent("Ben", phone=BENS)
        cleo = await story.ready_agent("Cleo", phone=CLEOS)
        [work] = await ana.work()
        await ana.transfers(work, ben.id, "billing please")
        await ben.accepts()
        await story.passes(seconds=2)
        assert await bens.state() == "ringing"
        for to in (cleo.id, "queue:general", plumber.number):
            refusal = await ana.refused("POST", f"/work/{work['id']}/transfer", {"to": to, "reason": "quicker"})
            assert refusal["status"] == 409
            assert "Ben has taken it" in refusal["detail"]
        await cleo.is_now("off")
        await story.passes(seconds=60)
        assert (await ben.me())["state"] == "away"
        await ana.transfers(work, plumber.number, "a leak")
        await story.passes(seconds=2)
        await plumber.picks_up()
        await story.passes(seconds=6)
        await plumber.presses("1")
        await story.passes(seconds=2)
        await anas.hangs_up()
        await story.passes(seconds=5)
        assert await her.talks_with() == [plumber.number]
        assert [w for w in (await story.api("GET", "/work"))["waiting"] if w["case"] == case] == []


async def test_work_to_wrap_up_is_not_handed_on() -> None:
    """The conversation is over: handing it on is refused in words, and the work is Ana's to finish all the same."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await connected(story, her, ana, anas)
        ben = await story.ready_agent("Ben", phone=BENS)
        await her.hangs_up()
        await story.passes(seconds=2)
        [work] = await ana.work()
        refusal = await ana.refused("POST", f"/work/{work['id']}/transfer", {"to": ben.id, "reason": "a bill"})
        assert (refusal["status"], await ben.offers()) == (409, [])
        await ana.finishes(work)


async def test_a_caller_whose_agents_phone_is_in_another_call_goes_back_in_line() -> None:
    """Ana says that she takes two calls at a time, and has one telephone: the second caller is not kept for ever, but
    offered to somebody else when her phone did not become free while it would have rung."""
    async with Story() as story:
        her, anas, his = story.phone(HERS), story.phone(ANAS), story.phone("+12125550177")
        ana = await story.ready_agent("Ana", phone=ANAS, capacity={"phone": 2})
        await connected(story, her, ana, anas)
        await his.calls()
        await story.passes(seconds=15)
        offer = await ana.offered()
        await ana.accepts(offer)
        ben = await story.ready_agent("Ben", phone=BENS)
        await story.passes(seconds=25)
        assert (await ben.offered())["case"] == offer["case"]
        assert HERS in await anas.talks_with()
        assert (await his.heard()).endswith("or stay on the line.")


@pytest.mark.parametrize("to", ["queue:general", "agent"])
@pytest.mark.parametrize("outcome", ["solved", "answered"])
async def test_how_it_ended_is_theirs_to_say_who_handed_on_in_vain(to: str, outcome: str) -> None:
    """Ana hands her on, and she hangs up before anybody takes it. Ana is the last who talked with her: what she says of
    it counts and stands on the case, and nobody is asked any more."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        ben = await story.ready_agent("Ben", phone=BENS)
        [work] = await ana.work()
        await ana.transfers(work, ben.id if to == "agent" else to)
        assert (await ben.offered())["case"] == case
        await her.hangs_up()
        await story.passes(seconds=2)
        assert await ben.offers() == []
        await ana.finishes(work, outcome, "she found the fuse")
        now = await story.case(case)
        assert (now["status"] == "solved") is (outcome == "solved")
        [ended] = [e for e in await story.timeline(case) if e["facts"].get("what") == "finished"]
        assert (ended["facts"]["outcome"], ended["text"]) == (outcome, "she found the fuse")


async def test_whoever_was_left_to_the_next_one_is_answered_when_they_hang_up_first() -> None:
    """Ana hands her on and is through; she hears that Ana is gone, and hangs up before Ben is there: nobody else says
    how it ended, so she is answered in writing."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        ben = await story.ready_agent("Ben", phone=BENS)
        [work] = await ana.work()
        await story.passes(seconds=20)
        await ana.transfers(work, ben.id)
        await ana.finishes(work, "answered")
        await ana.is_now("away")
        await her.hangs_up()
        await story.passes(seconds=2)
        assert (await story.case(case))["ask"] is not None
        offer = await ben.offered()
        assert (offer["case"], offer["channel"]) == (case, "sms")


@pytest.mark.parametrize("taken", [False, True], ids=["asked", "ringing"])
async def test_what_is_solved_while_nobody_took_over_yet_is_solved(taken: bool) -> None:
    """Ana hands on to Ben, who lets it ring, or takes it and has not picked up yet; meanwhile it is solved, and she says
    so: her customer hears a good-bye, Ben is asked no more, and nobody is told that a line was lost. What she promised
    besides falls away, and she is told so."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        window = {"start": "2026-11-24T15:00:00Z", "end": "2026-11-24T16:00:00Z"}
        promise = await story.api("POST", f"/cases/{case}/promises", {"kind": "update", "window": window})
        ben = await story.ready_agent("Ben", phone=BENS)
        [work] = await ana.work()
        await ana.transfers(work, f"agent:{ben.id}")
        await ben.offered()
        bens = story.phone(BENS)
        if taken:
            await ben.accepts()
        await story.passes(seconds=3)
        assert (await bens.state() == "ringing") is taken
        [work] = await ana.work()
        ended = {"outcome": "solved"}
        told = await story.api("POST", f"/work/{work['id']}/finish", ended, token=ana.token)
        assert told["withdrawn"] == [promise["id"]]
        await story.passes(seconds=15)
        assert (await story.case(case))["status"] == "solved"
        assert [one["state"] for one in (await story.api("GET", "/promises"))["items"]] == ["withdrawn"]
        assert (await ben.offers(), await ben.work(), await bens.state()) == ([], [], "idle")
        assert (await ben.me())["state"] == "ready"
        assert "Goodbye" in await her.heard()
        assert (await her.state(), await anas.state()) == ("idle", "idle")
        assert "has gone" not in await her.heard()


async def test_danger_stays_danger_in_the_queue_that_a_person_names() -> None:
    """A call about gas is handed to a queue, and a text about a fire is assigned to one: whoever is next hears and
    reads that it is urgent, and it goes before everybody else there too."""
    async with Story() as story:
        her, anas, bens = story.phone(HERS), story.phone(ANAS), story.phone(BENS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await her.calls()
        await her.speaks("I smell gas in the kitchen")
        await story.passes(seconds=5)
        await ana.accepts()
        await story.passes(seconds=2)
        await anas.picks_up()
        await story.passes(seconds=2)
        await anas.presses("1")
        await story.passes(seconds=3)
        ben = await story.ready_agent("Ben", phone=BENS, skills={"heating": 3})
        [work] = await ana.work()
        await ana.transfers(work, "queue:heating", "look at it please")
        offer = await ben.offered()
        assert offer["urgent"]
        await ben.accepts(offer)
        await story.passes(seconds=2)
        await bens.picks_up()
        await story.passes(seconds=2)
        assert "I smell gas in the kitchen" in await bens.heard()
        await story.phone(HIS).texts("fire in the kitchen")
        [waiting] = (await story.api("GET", "/work"))["waiting"]
        for queue in ("billing", "general"):
            await story.api("POST", f"/cases/{waiting['case']}/assign", {"queue": queue, "reason": "theirs"})
            [now] = (await story.api("GET", "/work"))["waiting"]
            assert (now["queue"], now["priority"]) == (queue, 9)


async def test_their_language_goes_along_to_the_queue_that_a_person_names(tmp_path: Path) -> None:
    """It is not given up by handing on: whoever speaks it is asked, and only her yes lets anybody else be."""
    async with Story(policies=policies_with(tmp_path / "p", routing=GERMAN)) as story:
        await story.phone(HERS).texts("Guten Tag, meine Bestellung ist nicht da")
        case = await story.one_case()
        await story.api("POST", f"/cases/{case['id']}/assign", {"queue": "billing", "reason": "theirs"})
        ana = await story.ready_agent("Ana", languages=["en"], skills={"billing": 3})
        await story.passes(minutes=11)
        assert await ana.offers() == []
        [question] = await story.phone(HERS).inbox()
        assert question.startswith("Gerade ist niemand frei, der Deutsch spricht.")
        await story.phone(HERS).texts("Ja")
        assert (await ana.offered())["case"] == case["id"]


@pytest.mark.parametrize("how", ["finishes", "hangs up"])
@pytest.mark.parametrize("taken", [False, True], ids=["asked", "ringing"])
async def test_whoever_is_handed_on_hears_no_word_of_a_lost_line(how: str, taken: bool) -> None:
    """Ana hands her on, and does not wait for Ben: she hears that somebody else takes over, and is connected with him."""
    async with Story() as story:
        her, anas, bens = story.phone(HERS), story.phone(ANAS), story.phone(BENS)
        ana = await story.ready_agent("Ana", phone=ANAS)
        await connected(story, her, ana, anas)
        ben = await story.ready_agent("Ben", phone=BENS)
        [work] = await ana.work()
        await ana.transfers(work, f"agent:{ben.id}")
        if taken:
            await ben.accepts()
            await story.passes(seconds=1)
        [mine] = await ana.work()
        assert mine["state"] == "active", "she talks with her still"
        if how == "finishes":
            await ana.finishes(work, "answered")
        else:
            await anas.hangs_up()
        await story.passes(seconds=3)
        assert [one["state"] for one in await ana.work()] == ([] if how == "finishes" else ["wrapping"])
        heard = await her.heard()
        assert "somebody else takes this over" in heard and "has gone" not in heard
        if not taken:
            await ben.accepts()
        await story.passes(seconds=2)
        await bens.picks_up()
        await story.passes(seconds=2)
        await bens.presses("1")
        await story.passes(seconds=3)
        assert await her.talks_with() == [BENS]
