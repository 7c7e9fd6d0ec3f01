"""Leads: they come to live calls, to listen, whisper or talk, and take them over; the customer is never alone for it."""

import pytest

from tests.stories.test_calls import ANAS, BENS, connected
from tests.story import HERS, Agent, Json, Phone, Story

LEAS = "+14155550203"


async def talking(story: Story) -> tuple[str, Phone, Phone, Agent]:
    """She talks with Ana. The case, both phones, Ana."""
    her, anas = story.phone(HERS), story.phone(ANAS)
    ana = await story.ready_agent("ana", phone=ANAS)
    return await connected(story, her, ana, anas), her, anas, ana


async def a_lead(story: Story, phone: str | None = LEAS) -> Agent:
    return await story.agent("lea", phone=phone, role="lead")


async def leg_of(agent: Agent, case: str, role: str = "customer") -> str:
    return next(one["id"] for one in await agent.legs(case) if one["role"] == role)


async def joins(story: Story, lead: Agent, case: str, mode: str, phone: Phone) -> str:
    """The lead asks, picks up, and presses the key. Returns their own leg."""
    leg = (await lead.api("POST", f"/calls/{await leg_of(lead, case)}/join", {"mode": mode, "reason": "new here"}))[
        "id"
    ]
    await story.passes(seconds=2)
    await phone.picks_up()
    await story.passes(seconds=3)
    assert "want to join" in await phone.heard()
    await phone.presses("1")
    await story.passes(seconds=2)
    return leg


async def test_a_lead_listens_and_nobody_hears_them() -> None:
    """Muted: the lead hears both and is heard by neither; it stands on the case who listened, when and why."""
    async with Story() as story:
        case, her, anas, _ = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        await joins(story, lea, case, "listen", leas)
        await her.speaks("it is still cold")
        assert "it is still cold" in await leas.heard()
        await leas.speaks("psst")
        assert "psst" not in await her.heard()
        assert "psst" not in await anas.heard()
        [row] = [e for e in await story.timeline(case) if e["facts"].get("what") == "lead joins"]
        assert (row["author"]["id"], row["text"], row["facts"]["mode"]) == (lea.id, "new here", "listen")
        assert [e["kind"] for e in await story.timeline(case)].count("assignment") == 1


async def test_a_lead_whispers_to_the_agent_alone() -> None:
    """Coaching: the agent hears the lead, the customer does not."""
    async with Story() as story:
        case, her, anas, _ = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        await joins(story, lea, case, "whisper", leas)
        await leas.speaks("offer her a visit")
        assert "offer her a visit" in await anas.heard()
        assert "offer her a visit" not in await her.heard()
        await her.speaks("hello?")
        assert "hello?" in await leas.heard()


async def test_a_lead_goes_from_listening_to_talking_and_leaves() -> None:
    """Another mode without another ring; when the lead leaves, the two go on."""
    async with Story() as story:
        case, her, anas, _ = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        leg = await joins(story, lea, case, "listen", leas)
        again = await lea.api("POST", f"/calls/{await leg_of(lea, case)}/join", {"mode": "talk", "reason": "she asked"})
        assert again["id"] == leg
        await story.passes(seconds=2)
        await leas.speaks("Lea here, I can help")
        assert "Lea here, I can help" in await her.heard()
        assert "Lea here, I can help" in await anas.heard()
        await leas.hangs_up()
        await story.passes(seconds=5)
        assert await her.talks_with() == [ANAS]
        assert "gone" not in await her.heard()


async def test_a_lead_who_is_in_a_conversation_is_offered_no_other_call() -> None:
    """They are on the phone, after a restart as well; once they have left, whoever waits is offered to them."""
    async with Story() as story:
        case, _, _, _ = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        await joins(story, lea, case, "listen", leas)
        await lea.is_now("ready")
        await story.phone("+12125550188").calls()
        await story.passes(seconds=20)
        assert await lea.offers() == []
        await story.restarts()
        await story.passes(seconds=5)
        assert await lea.offers() == []
        await leas.hangs_up()
        await story.passes(seconds=2)
        assert len(await lea.offers()) == 1


async def test_a_lead_whose_phone_is_not_answered_changes_nothing() -> None:
    """No answer, a hang-up before the key: nothing is heard of it in the conversation, and nobody is set away."""
    async with Story() as story:
        case, her, _, ana = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        await lea.is_now("ready")
        for picks_up in (False, True):
            await lea.api("POST", f"/calls/{await leg_of(lea, case)}/join", {"mode": "talk", "reason": "she asked"})
            await story.passes(seconds=2)
            if picks_up:
                await leas.picks_up()
                await story.passes(seconds=2)
                await leas.hangs_up()
            await story.passes(seconds=60)
            assert await her.talks_with() == [ANAS]
            assert [one["role"] for one in await ana.legs(case)] == ["customer", "agent"]
        assert (await lea.me())["state"] == "ready"


async def test_when_the_conversation_is_over_the_lead_is_let_go() -> None:
    """She hangs up: the lead's line ends as the agent's does; and the agent's lost line leaves nobody
    with a lead whom she does not hear."""
    async with Story() as story:
        case, her, anas, _ = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        await joins(story, lea, case, "listen", leas)
        hers = await leg_of(lea, case)
        await anas.hangs_up()
        await story.passes(seconds=2)
        assert "gone" in await her.heard()
        assert await leas.state() == "idle"
        await her.hangs_up()
        await story.passes(seconds=2)
        assert (await lea.refused("POST", f"/calls/{hers}/join", {"mode": "talk", "reason": "she asked"}))[
            "status"
        ] == 409
        ended = [e["facts"]["who"] for e in await story.timeline(case) if e["facts"].get("what") == "ended"]
        assert sorted(ended) == ["agent", "customer", "lead"]


async def test_a_lead_who_talks_goes_on_when_the_agents_line_breaks() -> None:
    """She hears the lead: nobody tells her that the other end has gone. The work is the lead's, the agent has notes to
    finish, and when the lead's line breaks as well, she is told so and stands in line at her place."""
    async with Story() as story:
        case, her, anas, ana = await talking(story)
        place = (await story.case(case))["ask"]["place_at"]
        lea, leas = await a_lead(story), story.phone(LEAS)
        await joins(story, lea, case, "talk", leas)
        await anas.hangs_up()
        await story.passes(seconds=5)
        assert await her.talks_with() == [LEAS]
        assert "gone" not in await her.heard()
        await leas.speaks("Lea here")
        assert "Lea here" in await her.heard()
        [mine] = await lea.work()
        assert (mine["case"], mine["state"]) == (case, "active")
        [left] = await ana.work()
        assert left["state"] == "wrapping"
        assert (await story.case(case))["agent"] == lea.id
        await ana.finishes(left)
        assert await her.talks_with() == [LEAS]
        await leas.hangs_up()
        await story.passes(seconds=2)
        assert "gone" in await her.heard()
        [waiting] = [*(await story.api("GET", "/work"))["waiting"], *await ana.offers()]
        assert waiting["case"] == case
        assert (await story.case(case))["ask"]["place_at"] == place


async def test_who_may_come_to_a_call() -> None:
    """Agents may not, a lead without a phone cannot, and whoever is in the call already has nothing to do."""
    async with Story() as story:
        case, _, _, ana = await talking(story)
        leg = await leg_of(ana, case)
        ben = await story.agent("ben", phone=BENS)
        assert (await ben.refused("POST", f"/calls/{leg}/join", {"mode": "listen", "reason": "to learn"}))[
            "status"
        ] == 403
        lea = await a_lead(story, None)
        assert (await lea.refused("POST", f"/calls/{leg}/join", {"mode": "listen", "reason": "to learn"}))[
            "status"
        ] == 403
        assert (await lea.refused("POST", f"/calls/{leg}/join", {"mode": "shout", "reason": "to learn"}))["status"] in (
            400,
            422,
        )
        assert (await story.refused("POST", "/calls/call_1/join", {"mode": "listen", "reason": "to learn"}))[
            "status"
        ] == 403


async def test_a_lead_takes_a_call_over() -> None:
    """The lead is rung first; only when they are there is the agent let go, who then has only notes to finish."""
    async with Story() as story:
        case, her, anas, ana = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        [work] = await ana.work()
        await lea.api("POST", f"/work/{work['id']}/take", {"reason": "she asked for me"})
        await story.passes(seconds=2)
        assert HERS in await anas.talks_with(), "she is not alone meanwhile"
        assert await leas.state() == "ringing", "no offer to accept: they asked for it"
        await leas.picks_up()
        await story.passes(seconds=2)
        await leas.presses("1")
        await story.passes(seconds=3)
        assert await her.talks_with() == [LEAS]
        assert "gone" not in await her.heard()
        assert await anas.state() == "idle"
        assert (await story.case(case))["agent"] == lea.id
        [mine] = await lea.work()
        assert (mine["case"], mine["state"]) == (case, "active")
        [left] = await ana.work()
        assert left["state"] == "wrapping"
        reasons = [reason for e in await story.timeline(case, "assignment") for reason in e["reasons"]]
        assert "taken over by lea: she asked for me" in reasons
        [noted] = await audited(story, "GiveBackWork")
        assert noted["actor_id"] == lea.id
        assert noted["reason"].endswith(": she asked for me")
        await ana.finishes(left, "done")
        assert await her.talks_with() == [LEAS]
        await her.hangs_up()
        await story.passes(seconds=2)
        [mine] = await lea.work()
        await lea.finishes(mine, "solved")
        assert (await story.case(case))["status"] == "solved"


async def test_a_lead_who_listens_takes_over_without_another_ring() -> None:
    """The lead is in the room already: heard by all from then on, and the agent is let go."""
    async with Story() as story:
        case, her, anas, ana = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        await joins(story, lea, case, "listen", leas)
        [work] = await ana.work()
        await lea.api("POST", f"/work/{work['id']}/take", {"reason": "I know the part"})
        await story.passes(seconds=4)
        assert await her.talks_with() == [LEAS]
        await leas.speaks("Lea here")
        assert "Lea here" in await her.heard()
        assert await anas.state() == "idle"
        assert (await story.case(case))["agent"] == lea.id
        await leas.hangs_up()
        await story.passes(seconds=2)
        assert "gone" in await her.heard(), "now it is their line that is lost"


async def test_a_lead_who_does_not_come_leaves_her_with_the_agent() -> None:
    """Taken over, and the lead's phone is not answered: she goes on talking with whom she has."""
    async with Story() as story:
        _, her, anas, ana = await talking(story)
        lea = await a_lead(story)
        [work] = await ana.work()
        await lea.api("POST", f"/work/{work['id']}/take", {"reason": "she asked for me"})
        await story.passes(seconds=50)
        assert await her.talks_with() == [ANAS]
        assert await anas.state() == "in_call"


@pytest.mark.parametrize("what", ["what the agent has", "what waits"])
async def test_a_lead_takes_a_call_once_more_after_their_phone_was_not_answered(what: str) -> None:
    """Lea's phone is busy: she is set away, the work stands in line again, and the agent is with the customer. She takes
    it once more, by the agent's work or by what waits: her phone rings, no offer is made of it, and once she is there
    the agent is let go."""
    async with Story() as story:
        case, her, anas, ana = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        [work] = await ana.work()
        await leas.behaves(on_ring="busy")
        await lea.api("POST", f"/work/{work['id']}/take", {"reason": "she asked for me"})
        await story.passes(seconds=10)
        assert (await lea.me())["state"] == "away"
        [waiting] = (await story.api("GET", "/work"))["waiting"]
        await leas.behaves(on_ring="manual")
        taken = work["id"] if what == "what the agent has" else waiting["work"]
        await lea.api("POST", f"/work/{taken}/take", {"reason": "now I can"})
        await story.passes(seconds=3)
        assert await leas.state() == "ringing"
        assert [one["id"] for one in await ana.work()] == [work["id"]]
        assert await ana.offers() == []
        assert HERS in await anas.talks_with()
        await leas.picks_up()
        await story.passes(seconds=2)
        await leas.presses("1")
        await story.passes(seconds=3)
        assert await her.talks_with() == [LEAS]
        assert await anas.state() == "idle"
        assert (await story.case(case))["agent"] == lea.id
        assert "gone" not in await her.heard()
        assert "now I can" in str(await story.timeline(case))


async def test_a_lead_takes_a_call_that_waits() -> None:
    """Nobody has it: the lead's phone rings at once; a second one, while they are in that call, is refused in words,
    and stands in line as it did."""
    async with Story() as story:
        her, leas = story.phone(HERS), story.phone(LEAS)
        lea = await a_lead(story)
        await her.calls()
        await story.passes(seconds=15)
        [waiting] = (await story.api("GET", "/work"))["waiting"]
        await lea.api("POST", f"/work/{waiting['work']}/take", {"reason": "I know her"})
        await story.passes(seconds=2)
        await leas.picks_up()
        await story.passes(seconds=2)
        await leas.presses("1")
        await story.passes(seconds=3)
        assert await her.talks_with() == [LEAS]
        await story.phone("+12125550177").calls()
        await story.passes(seconds=15)
        [waiting] = (await story.api("GET", "/work"))["waiting"]
        refusal = await lea.refused("POST", f"/work/{waiting['work']}/take", {"reason": "this one too"})
        assert (refusal["status"], refusal["title"]) == (409, "In a call")
        assert (await story.api("GET", "/work"))["waiting"] == [waiting]


async def test_the_desk_shows_leads_the_ways_in() -> None:
    """Listen, whisper, talk and take over stand on a live call for leads, and for nobody else."""
    async with Story() as story:
        case, her, _, ana = await talking(story)
        lea, leas = await a_lead(story), story.phone(LEAS)
        assert 'id="join-listen"' not in await ana.page(case)
        page = await lea.page(case)
        assert all(f'id="join-{mode}"' in page for mode in ("listen", "whisper", "talk"))
        await lea.clicks(f"/call/{await leg_of(lea, case)}/join", mode="listen", reason="new here", at=case)
        await story.passes(seconds=2)
        await leas.picks_up()
        await story.passes(seconds=2)
        await leas.presses("1")
        await story.passes(seconds=2)
        page = await lea.page(case)
        assert "<b>lea (lead)</b> is in the conversation (listen)" in page
        assert "comes to the call to listen" in page
        ask = (await story.case(case))["ask"]
        await lea.clicks(f"/work/{ask['work']}/take", reason="I know the part", at=case)
        await story.passes(seconds=3)
        assert await her.talks_with() == [LEAS]


async def audited(story: Story, action: str) -> list[Json]:
    items = (await story.api("GET", "/audit?limit=200"))["items"]
    return [one for one in items if one["action"] == action]


async def test_what_leads_do_is_audited_with_their_reasons() -> None:
    """Coming to a call, putting somebody first, joining and taking apart, cancelling a promise, saying who may be
    recorded, making a token: who did it, and why, in the audit."""
    async with Story() as story:
        case, _, _, _ = await talking(story)
        lea = await a_lead(story)
        leg = await leg_of(lea, case)
        for nothing in ({}, {"reason": ""}, {"reason": "  "}):
            refused = await lea.refused("POST", f"/calls/{leg}/join", {"mode": "listen", **nothing})
            assert refused["status"] == 422
            assert "reason" in refused["detail"]
        assert await audited(story, "JoinCall") == []
        await lea.api("POST", f"/calls/{leg}/join", {"mode": "listen", "reason": "new here"})
        await lea.api("POST", f"/calls/{leg}/recording", {"on": False})
        other = story.phone("+12125550111")
        await other.texts("hello")
        second = await other.case()
        ask = (await story.case(second))["ask"]
        await lea.api("POST", f"/work/{ask['work']}/first", {"reason": "waits since Monday"})
        promise = await lea.api("POST", f"/cases/{second}/callbacks", {})
        await lea.api("DELETE", f"/callbacks/{promise['id']}?reason=by+mail")
        made = await lea.api("POST", "/cases", {"address": "+12125550111", "subject": "another matter"})
        merged = await lea.api("POST", f"/cases/{second}/merge", {"case": made["id"], "reason": "the same"})
        await lea.api("POST", f"/cases/{second}/unmerge", {"merge": merged["merge"], "reason": "not the same"})
        reasons = {
            "JoinCall": "new here",
            "SetRecording": None,
            "PutFirst": "waits since Monday",
            "CancelCallback": "by mail",
            "MergeCases": "the same",
            "UnmergeCases": "not the same",
        }
        for action, reason in reasons.items():
            [one] = await audited(story, action)
            assert (one["actor"], one["actor_id"], one["reason"]) == ("agent", lea.id, reason)
            assert one["actor_name"] == "lea"

        token = await story.api("POST", "/tokens", {"role": "ops"})
        id = next(one["id"] for one in (await story.api("GET", "/tokens"))["items"] if one["role"] == "ops")
        await story.api("DELETE", f"/tokens/{id}")
        noted = [one["data"]["TokenNoted"] for one in await audited(story, "NoteToken")]
        assert [(one["what"], one["token"], one["role"]) for one in noted] == [
            ("made", id, "ops"),
            ("revoked", id, "ops"),
        ]
        assert {one["actor_name"] for one in await audited(story, "NoteToken")} == {"admin token"}
        assert token["token"] not in str(await story.api("GET", "/audit?limit=200"))


async def test_the_desk_lets_a_lead_put_a_case_first() -> None:
    """With a reason, that stands on the case; agents have no such button, and nobody has it twice."""
    async with Story() as story:
        ana, lea = await story.agent("Ana"), await a_lead(story)
        her = story.phone(HERS)
        await her.texts("hello")
        case = await her.case()
        assert 'id="put-first"' not in await ana.page(case)
        assert 'id="put-first"' in await lea.page(case)
        work = (await story.case(case))["ask"]["work"]
        await lea.clicks(f"/work/{work}/first", reason="waits since Monday", at=case)
        page = await lea.page(case)
        assert 'id="put-first"' not in page
        assert 'lea put it before everybody else: <q dir="auto">waits since Monday</q>' in page
        [waiting] = (await story.api("GET", "/work"))["waiting"]
        assert waiting["first"]
