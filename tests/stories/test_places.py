"""Places in line: who is next, who is asked, and what becomes of a place when people come and go."""

from tests.story import Agent, Story, World, instant


async def waiting_cases(story: World, count: int, *, first: int = 1000, gap_s: float = 1) -> list[str]:
    """Customers who wrote one after the other; their cases, the longest waiter first."""
    phones = [story.phone(f"+1212555{first + n}") for n in range(count)]
    for phone in phones:
        await phone.texts("hello")
        await story.passes(seconds=gap_s)
    return [await phone.case() for phone in phones]


async def finish_all(agent: Agent) -> None:
    for work in await agent.work():
        await agent.finishes(work)


async def test_a_freed_slot_goes_to_the_longest_waiter_at_once() -> None:
    """S29: all busy and five waiting; whenever a slot frees, the longest waiter gets it in that instant. Whoever comes
    later, or has just come, never passes."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        cases = await waiting_cases(story, 6)
        served: list[str] = []
        for n in range(6):
            offer = await ana.offered()
            assert instant(offer["place_at"]) <= await story.now()
            served.append(offer["case"])
            work = await ana.accepts(offer)
            if n == 2:
                cases += await waiting_cases(story, 1, first=2000)
            await ana.finishes(work)
        assert served == cases[:6]
        assert (await ana.offered())["case"] == cases[6]


async def test_a_newcomer_never_passes_whoever_became_free() -> None:
    """S29: two agents, one line: the slot that frees goes to the oldest, although a newcomer writes in that very moment."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        ben = await story.ready_agent("Ben", capacity={"message": 1})
        cases = await waiting_cases(story, 4)
        works = [await agent.accepts() for agent in (ana, ben)]
        await story.phone("+12125552000").begins_text("newcomer")
        await ben.finishes(works[1])
        assert (await ben.offered())["case"] == cases[2]
        await ana.finishes(works[0])
        assert (await ana.offered())["case"] == cases[3]


async def test_nobody_ever_holds_more_than_fits() -> None:
    """Capacity holds over offers and work together, for every agent at every moment."""
    async with Story() as story:
        agents = [await story.ready_agent(name, capacity={"message": 2}) for name in ("Ana", "Ben", "Cem")]
        await waiting_cases(story, 12, gap_s=0)
        for _ in range(4):
            for agent in agents:
                held = await agent.api("GET", "/agents/me/work")
                assert len(held["offers"]) + len(held["work"]) == 2
                assert (await agent.me())["load"] == {"message": 2}
            await agents[0].accepts((await agents[0].offers())[0])
            await finish_all(agents[0])
        case_ids = [o["case"] for agent in agents for o in await agent.offers()]
        assert len(set(case_ids)) == len(case_ids) == 6


async def test_a_lost_screen_frees_its_offers_and_nobody_else_is_harmed() -> None:
    """S33: an agent's browser dies: after its time the lease ends, an offer held then keeps its age and goes to the next
    one in that instant; the agent is away with a notice, holds nothing, and can come back and be asked."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", skills={"heating": 3})
        await (await ana.looks()).dies()
        while (await ana.me())["connected"]:
            await story.settles()
        await story.passes(seconds=20)
        her = story.phone()
        await her.texts("E42 again")
        offer = await ana.offered()
        ben = await story.ready_agent("Ben", skills={"heating": 1})
        await story.passes(seconds=24)
        assert await ana.offers() == [offer]

        await story.passes(seconds=1)
        me = await ana.me()
        assert (me["state"], me["load"]) == ("away", {})
        assert "connection was lost" in me["notice"]
        again = await ben.offered()
        assert (again["case"], again["place_at"]) == (offer["case"], offer["place_at"])

        await ben.declines(again)
        await ana.is_now("ready")
        assert (await ana.offered())["place_at"] == offer["place_at"]


async def test_a_screen_that_comes_back_in_time_keeps_its_offers() -> None:
    """S33: a page that is loaded again within the time loses nothing, and a second tab keeps the first one's lease."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        first, second = await ana.looks(), await ana.looks()
        await first.closes()
        await story.passes(minutes=5)
        assert (await ana.me())["state"] == "ready"
        await second.closes()
        await story.passes(seconds=40)
        await ana.looks()
        await story.passes(minutes=5)
        assert (await ana.me())["state"] == "ready"


async def test_no_offer_until_finish_and_none_after_a_break_was_asked() -> None:
    """S51: after the talk the agent holds the slot until they say finish; a break that was asked begins then, no offer
    is made from the asking on, and the waiters keep their places."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        cases = await waiting_cases(story, 6)
        work = await ana.accepts()
        await story.api("POST", f"/cases/{cases[0]}/status", {"status": "solved"})
        await story.settles()
        assert [w["state"] for w in await ana.work()] == ["wrapping"]
        assert await ana.offers() == []
        await story.passes(minutes=30)
        waiting = await story.decisions(cases[1])
        assert [step["what"] for step in waiting] == ["queued"]

        shown = await ana.is_now("away")
        assert (shown["state"], shown["asked"]) == ("ready", "away")
        await ana.finishes(work)
        assert (await ana.me())["state"] == "away"
        await story.passes(minutes=10)
        assert await ana.offers() == []

        places = [(await story.case(id))["ask"]["place_at"] for id in cases[1:]]
        assert places == sorted(places)
        await ana.is_now("ready")
        offer = await ana.offered()
        assert (offer["case"], offer["place_at"]) == (cases[1], places[0])


async def test_whoever_asked_for_a_break_gets_nothing_more_although_there_is_room() -> None:
    """S51: from the asking on no offer is made, although the agent could hold more; those who write wait."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 2})
        await story.phone("+12125550001").texts("hello")
        work = await ana.accepts()
        await ana.is_now("away")
        await story.phone("+12125550002").texts("hello")
        assert await ana.offers() == []
        await story.passes(minutes=10)
        waiting = await story.decisions(await story.phone("+12125550002").case())
        assert [step["what"] for step in waiting] == ["queued"]
        await ana.finishes(work)
        await ana.is_now("ready")
        assert (await ana.offered())["case"] == await story.phone("+12125550002").case()


async def test_the_longest_waiter_is_next_over_all_queues() -> None:
    """S29: whoever can do everything takes the longest waiter on equal priority, whichever queue they stand in."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", skills={"heating": 1, "billing": 1}, capacity={"message": 1})
        phones = [story.phone(f"+121255500{n:02d}") for n in range(7)]
        for phone, words in zip(
            phones, ["hello", "boiler", "invoice", "hello", "invoice", "boiler", "hello"], strict=True
        ):
            await phone.texts(words)
            await story.passes(seconds=2)
        served: list[str] = []
        for _ in phones:
            work = await ana.accepts()
            served.append(work["case"])
            await ana.finishes(work)
        assert served == [await phone.case() for phone in phones]


async def test_a_break_takes_open_offers_back_at_once() -> None:
    """Whoever leaves gives their offers back with their places; the next one is asked in the same instant."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone().texts("hello")
        offer = await ana.offered()
        ben = await story.ready_agent("Ben")
        await ana.is_now("away")
        assert await ana.offers() == []
        assert (await ben.offered())["place_at"] == offer["place_at"]


async def test_whoever_was_kept_for_an_agent_who_leaves_passes_nobody() -> None:
    """What was offered to an agent who goes away and what waited for them alone are free in one instant: whoever has
    waited longest goes first."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        first, second = await waiting_cases(story, 2)
        for _ in range(2):
            await ana.finishes(await ana.accepts())
        assert await waiting_cases(story, 2) == [first, second]
        ben = await story.ready_agent("Ben", capacity={"message": 1})
        assert (await ana.offered())["case"] == first
        assert await ben.offers() == [], "the second is kept for Ana, who knows the case"
        await ana.is_now("away")
        assert (await ben.offered())["case"] == first


async def test_two_missed_offers_in_a_row_set_an_agent_away() -> None:
    """S51: whoever lets two offers in a row run out is away and reads why; what was offered waits with its place and is
    offered to others in that instant, all of it."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        cases = await waiting_cases(story, 4, gap_s=5)
        places = {o["case"]: o["place_at"] for o in await ana.offers()}
        assert list(places) == cases
        await story.passes(seconds=12)
        assert (await ana.me())["state"] == "ready"
        await story.passes(seconds=4)
        me = await ana.me()
        assert me["state"] == "away"
        assert me["notice"].startswith("2 offers in a row ran out")
        assert (await ana.offers(), me["load"]) == ([], {})

        ben = await story.ready_agent("Ben")
        assert {o["case"]: o["place_at"] for o in await ben.offers()} == places


async def test_a_missed_offer_comes_again_to_the_only_one_there() -> None:
    """Nobody else is there who could take it: after one more offer time it is offered to the same agent again, at its
    place; the second miss in a row sets them away."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone().texts("hello")
        offer = await ana.offered()
        await story.passes(seconds=31)
        assert await ana.offers() == []
        await story.passes(seconds=30)
        again = await ana.offered()
        assert (again["case"], again["place_at"]) == (offer["case"], offer["place_at"])
        assert (await ana.me())["state"] == "ready"
        await story.passes(seconds=30)
        me = await ana.me()
        assert me["state"] == "away"
        assert me["notice"].startswith("2 offers in a row ran out")
        await ana.is_now("ready")
        await story.passes(seconds=30)
        assert (await ana.offered())["place_at"] == offer["place_at"]


async def test_a_missed_offer_goes_to_the_others_first() -> None:
    """Whoever else could take it is asked before the one who missed it; when all have missed it, they are asked again."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone().texts("hello")
        await ana.offered()
        ben = await story.ready_agent("Ben")
        await story.passes(seconds=31)
        assert (await ana.offers(), len(await ben.offers())) == ([], 1)
        await story.passes(seconds=30)
        assert (len(await ana.offers()), await ben.offers()) == (1, [])
        await story.passes(seconds=30)
        assert (await ana.me())["state"] == "away"
        assert (len(await ben.offers()), (await ben.me())["state"]) == (1, "ready")


async def test_a_missed_offer_is_forgiven_by_an_accepted_one() -> None:
    """Only offers missed in a row count."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        await waiting_cases(story, 3)
        await story.passes(seconds=31)
        await ana.finishes(await ana.accepts())
        await story.passes(seconds=31)
        assert (await ana.me())["state"] == "ready"


async def test_offers_that_ran_out_while_the_service_was_away_are_nobodys_fault() -> None:
    """An agent is not set away for offers that nobody could answer."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        cases = await waiting_cases(story, 3)
        await story.stops()
        await story.passes(minutes=20)
        await story.starts()
        await story.settles()
        assert (await ana.me())["state"] == "ready"
        assert [o["case"] for o in await ana.offers()] == cases


async def test_who_declines_is_not_asked_again_at_once() -> None:
    """Declined work goes to the next one with its place; only when nobody else took it, the first is asked again."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", skills={"heating": 1})
        await story.phone().texts("boiler")
        offer = await ana.offered()
        await ana.declines(offer, "lunch")
        assert await ana.offers() == []
        await story.passes(minutes=1, seconds=59)
        assert await ana.offers() == []
        await story.passes(seconds=2)
        assert (await ana.offered())["place_at"] == offer["place_at"]


async def test_an_offer_is_declined_without_a_word() -> None:
    """As it is accepted: a request without a body, or with one that gives no reason. One that is not JSON is refused."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone().texts("hello")
        path = f"/api/v1/offers/{(await ana.offered())['id']}/decline"
        assert (await story.ask("POST", path, body=b"lunch", token=ana.token)).status == 415
        assert (await story.ask("POST", path, token=ana.token)).status == 200
        await story.settles()
        assert await ana.offers() == []


async def test_an_offer_that_has_gone_says_so() -> None:
    """An offer that ran out, was declined or was taken back cannot be accepted; the answer says that, and holds nothing."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        ben = await story.ready_agent("Ben")
        await story.phone().texts("hello")
        first, other = (ana, ben) if await ana.offers() else (ben, ana)
        offer = await first.offered()
        assert (await other.refused("POST", f"/offers/{offer['id']}/accept"))["status"] == 403
        await story.passes(seconds=30)
        for verb in ("accept", "decline"):
            refusal = await first.refused("POST", f"/offers/{offer['id']}/{verb}", {})
            assert (refusal["status"], refusal["title"]) == (409, "Offer gone")
        assert await first.work() == []


async def test_a_skill_that_nobody_present_has_is_not_waited_for() -> None:
    """Requirements relax as the rule says: after a minute where somebody with the skill is there but busy, at once where
    nobody present has it; the step that was taken stands in the decision."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone("+12125550001").texts("the heating is off")
        offer = await ana.offered()
        [*_, offered] = await story.decisions(offer["case"])
        assert "skill:heating not required: nobody present has it" in offered["reasons"]

        expert = await story.ready_agent("Eva", skills={"heating": 3}, capacity={"message": 1})
        await story.phone("+12125550002").texts("another heating")
        assert (await expert.offered())["case"] != offer["case"]
        await expert.accepts()
        await story.phone("+12125550003").texts("a third heating")
        third = await story.phone("+12125550003").case()
        await story.passes(seconds=59)
        assert third not in [o["case"] for o in await ana.offers()]
        await story.passes(seconds=1)
        assert third in [o["case"] for o in await ana.offers()]
        [*_, offered] = await story.decisions(third)
        assert "skill:heating no longer required after 60 s" in offered["reasons"]


async def test_a_skill_is_asked_for_again_when_somebody_comes_who_has_it() -> None:
    """S31, S35: what waits without a skill because nobody present had it requires it again as soon as somebody with it
    signs in, until the rule's own time; and what a decision says of that is true when it is taken."""
    async with Story() as story:
        for n, words in enumerate(("heating one", "heating two", "a bill", "heating three")):
            await story.phone(f"+1212555000{n}").texts(words)
            await story.passes(seconds=1)
        cases = [await story.phone(f"+1212555000{n}").case() for n in range(4)]
        eva = await story.ready_agent("Eva", skills={"heating": 3}, capacity={"message": 1})
        assert (await eva.offered())["case"] == cases[0]
        [*_, offered] = await story.decisions(cases[0])
        assert offered["reasons"] == ["rule heating-errors, policy 1"]
        ben = await story.ready_agent("Ben", skills={"billing": 2})
        assert [o["case"] for o in await ben.offers()] == [cases[2]]
        await eva.accepts()
        await ben.accepts()
        await story.passes(seconds=55)
        assert await ben.offers() == []
        await story.passes(seconds=5)
        assert {o["case"] for o in await ben.offers()} == {cases[1], cases[3]}
        [*_, offered] = await story.decisions(cases[1])
        assert "skill:heating no longer required after 60 s" in offered["reasons"]


async def test_when_the_last_one_with_a_skill_leaves_the_others_are_asked() -> None:
    """Nobody waits for a skill that has just gone home."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        expert = await story.ready_agent("Eva", skills={"heating": 3}, capacity={"message": 1})
        await story.phone("+12125550001").texts("heating one")
        work = await expert.accepts()
        await story.phone("+12125550002").texts("heating two")
        assert await ana.offers() == []
        await expert.is_now("off")
        assert await ana.offers() == []
        await expert.finishes(work)
        assert (await expert.me())["state"] == "off"
        await ana.offered()


async def test_a_case_given_to_somebody_goes_with_its_place() -> None:
    """Assignment and transfer: the named agent, or the queue, gets the case with the customer's place and the reason;
    the first one wraps up."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        ben = await story.agent("Ben", skills={"billing": 2})
        await story.phone().texts("hello")
        offer = await ana.offered()
        work = await ana.accepts(offer)
        await ben.is_now("ready")
        await story.passes(minutes=3)
        await ana.transfers(work, f"agent:{ben.id}", "knows the contract")
        passed = await ben.offered()
        assert (passed["case"], passed["place_at"]) == (offer["case"], offer["place_at"])
        assert await ana.work() == []
        steps = [e for e in await story.timeline(offer["case"], "assignment") if e["facts"]["what"] == "given_back"]
        assert (steps[0]["text"], passed["note"]) == ("knows the contract", "knows the contract")

        taken = await ben.accepts(passed)
        await ben.transfers(taken, "queue:billing", "a bill after all")
        case = await story.case(offer["case"])
        assert (case["queue"], case["ask"]["place_at"]) == ("billing", offer["place_at"])

        refusal = await ben.refused("POST", f"/work/{taken['id']}/transfer", {"to": "queue:billing", "reason": "again"})
        assert refusal["status"] in (404, 409)
        refusal = await ben.refused("POST", f"/work/{taken['id']}/transfer", {"to": "queue:moon", "reason": "x"})
        assert refusal["status"] == 422


async def test_assigning_takes_the_case_from_whoever_was_asked() -> None:
    """A lead gives a waiting case to one agent: the open offer is taken back, only that agent is asked, the place stays."""
    async with Story() as story:
        lead = await story.token("lead")
        ana = await story.ready_agent("Ana")
        await story.phone().texts("hello")
        offer = await ana.offered()
        ben = await story.ready_agent("Ben", capacity={"message": 1})
        body = {"agent": ben.id, "reason": "she asked for him"}
        await story.api("POST", f"/cases/{offer['case']}/assign", body, token=lead)
        await story.settles()
        assert await ana.offers() == []
        assert (await ben.offered())["place_at"] == offer["place_at"]
        notes = [e["text"] for e in await story.timeline(offer["case"], "note")]
        assert notes == ["she asked for him"]
        assert (await ana.refused("POST", f"/cases/{offer['case']}/assign", {"agent": ben.id}))["status"] == 403


async def test_an_answer_before_anybody_took_it_ends_the_wait() -> None:
    """A case answered by somebody else wants nobody any more: the offer is withdrawn; her next words begin a new wait."""
    async with Story() as story:
        lead = await story.token("lead")
        ana = await story.ready_agent("Ana")
        her = story.phone()
        await her.texts("hello")
        offer = await ana.offered()
        await story.api("POST", f"/cases/{offer['case']}/messages", {"text": "Hi, the lead here."}, token=lead)
        await story.settles()
        assert await ana.offers() == []
        assert (await story.case(offer["case"]))["status"] == "waiting_customer"
        assert (await ana.refused("POST", f"/offers/{offer['id']}/accept"))["status"] == 409
        await story.passes(minutes=5)
        await her.texts("thanks, and it is still cold")
        again = await ana.offered()
        assert again["case"] == offer["case"]
        assert instant(again["place_at"]) == await story.now()


async def test_every_decision_can_be_explained() -> None:
    """S35: for each step the policy version, the rule, what it looked at, who was weighed and why, the score, the place."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", skills={"heating": 3})
        ben = await story.ready_agent("Ben", skills={"heating": 1})
        await story.phone().texts("My thermostat shows E42")
        case = await story.one_case()
        first = ana if await ana.offers() else ben
        await first.declines(await first.offered(), "in a meeting")
        second = ben if first is ana else ana
        await second.finishes(await second.accepts())

        queued, offered, declined, again, accepted, finished = await story.decisions(case["id"])
        assert (queued["what"], queued["policy"], queued["rule"]) == ("queued", 1, "heating-errors")
        assert queued["inputs"]["channel"] == "sms"
        assert queued["inputs"]["queue"] == "heating"
        assert queued["inputs"]["skills"] == "heating 1"
        assert "queue heating by rule heating-errors of policy 1" in queued["reasons"]
        assert any("heating-words" in reason or "text.any_words" in reason for reason in queued["reasons"])
        assert not any("E42" in str(value) for value in queued["inputs"].values())

        assert (offered["what"], offered["policy"], offered["rule"]) == ("offered", 1, "heating-errors")
        assert offered["agent"] == first.id
        assert f"{first.id}: free, holds 0" in offered["candidates"]
        assert offered["inputs"]["score"] == 0
        assert offered["inputs"]["waiting"] == 1
        assert (declined["what"], declined["agent"], declined["reasons"]) == ("declined", first.id, ["in a meeting"])
        assert again["agent"] == second.id
        assert [accepted["what"], finished["what"]] == ["accepted", "finished"]
        assert finished["inputs"]["outcome"] == "done"


async def test_a_call_that_is_asked_for_instead_of_an_answer_is_no_shortcut_and_no_loss() -> None:
    """S13: half of the hour in which a text is answered is half of a caller's minute, and half of the hour again when
    the call is not wanted any more. A call-back stands in one line with those who hold, by their target."""
    async with Story() as story:
        texted_at = await story.now()
        await story.phone("+12125551001").texts("hello")
        await story.passes(minutes=30)
        case = await story.one_case()
        asked_at = await story.now()
        promise = await story.api("POST", f"/cases/{case['id']}/callbacks", {})
        waits = (await story.one_case())["ask"]
        assert 29 <= (asked_at - instant(waits["place_at"])).total_seconds() <= 31
        assert abs((instant(waits["since"]) - texted_at).total_seconds()) < 2

        await story.api("DELETE", f"/callbacks/{promise['id']}")
        again = (await story.one_case())["ask"]
        assert abs((instant(again["place_at"]) - texted_at).total_seconds()) < 60
