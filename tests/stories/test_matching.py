"""Who gets what: the agent who knows the case, capacity, danger, leads, language, and what the figures show."""

from datetime import timedelta
from pathlib import Path

import pytest

from policies import default_policy_files
from tests.story import HERS, Agent, Json, Story, World, instant

ANAS = "+14155550201"


def policies_with(folder: Path, **changes: dict[str, str]) -> Path:
    """The default policies with text replaced, by file."""
    folder.mkdir(exist_ok=True)
    for name, body in default_policy_files().items():
        text = body
        for old, new in changes.get(name.removesuffix(".yaml"), {}).items():
            assert old in text
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


GERMAN = {"- name: everything-else\n": "- name: german\n    when:\n      language: de\n    queue: general\n"
          "    language: de\n    relax:\n      - after: 10 min\n        drop: language\n\n  - name: everything-else\n"}  # fmt: skip


async def served_by(story: World, agent: Agent, words: str = "hello") -> str:
    """She writes, this agent serves her; the case."""
    await story.phone(HERS).texts(words)
    work = await agent.accepts()
    await agent.replies(work["case"], "done so far")
    await agent.finishes(work)
    return work["case"]


async def test_the_agent_who_knows_the_case_is_asked_first() -> None:
    """S32: she comes back while the agent who knows her case is busy with others: it waits for them for the grace, then
    anybody gets it."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        case = await served_by(story, ana)
        ben = await story.ready_agent("Ben")
        await story.phone(HERS).texts("one more thing")
        offer = await ana.offered()
        assert offer["case"] == case
        [*_, offered] = await story.decisions(case)
        assert f"{ana.id}: knows the case" in offered["candidates"]
        await ana.finishes(await ana.accepts(offer))

        await story.phone("+12125550199").texts("somebody else")
        await (ana if await ana.offers() else ben).accepts()
        await ana.is_now("ready")
        if not await ana.work():
            await story.phone("+12125550198").texts("a third")
            await ana.accepts()
        await story.phone(HERS).texts("and another")
        assert case not in [o["case"] for o in await ben.offers()]
        await story.passes(seconds=19)
        assert case not in [o["case"] for o in await ben.offers()]
        await story.passes(seconds=1)
        assert case in [o["case"] for o in await ben.offers()]


async def test_nobody_waits_for_an_agent_who_is_not_there() -> None:
    """S32: the agent who knows the case has gone home: she is offered to somebody else in that instant."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        case = await served_by(story, ana)
        ben = await story.ready_agent("Ben")
        await ana.is_now("off")
        await story.phone(HERS).texts("one more thing")
        assert (await ben.offered())["case"] == case
        [*_, offered] = await story.decisions(case)
        assert f"the agent who knows the case is not there: {ana.id}" in offered["reasons"]


async def test_what_was_given_to_somebody_who_goes_home_goes_to_everybody() -> None:
    """Work assigned by a person waits for that agent while they work; when they go, everybody gets it after the grace,
    and the decision says so."""
    async with Story() as story:
        ben = await story.ready_agent("Ben", capacity={"message": 1})
        await story.phone("+12125550001").texts("keeps Ben busy")
        await ben.accepts()
        ana = await story.agent("Ana")
        await story.phone(HERS).texts("hello")
        case = await story.phone(HERS).case()
        await story.api("POST", f"/cases/{case}/assign", {"agent": ben.id, "reason": "he knows her"})
        await ana.is_now("ready")
        await story.passes(minutes=10)
        assert await ana.offers() == []
        await ben.finishes((await ben.work())[0])
        await ben.declines(await ben.offered(), "going home")
        await ben.is_now("off")
        await story.passes(seconds=19)
        assert await ana.offers() == []
        await story.passes(seconds=1)
        assert (await ana.offered())["case"] == case
        [*_, offered] = await story.decisions(case)
        assert f"meant for {ben.id}, who has been gone for 20 s: anybody may take it" in offered["reasons"]


async def test_an_agent_who_was_there_before_a_restart_and_never_comes_back_is_lost() -> None:
    """A screen that was open when the service stopped and does not come back frees what its agent was offered."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        cem = await story.ready_agent("Cem", skills={"billing": 1}, capacity={"message": 1})
        await ana.looks()
        screen = await cem.looks()
        await story.phone().texts("hello")
        await story.stops()
        await story.starts()
        assert screen is not None
        await cem.looks()
        await story.passes(seconds=44)
        assert (await ana.me())["state"] == "ready"
        await story.passes(seconds=1)
        assert (await ana.me())["state"] == "away"
        assert "connection was lost" in (await ana.me())["notice"]
        assert (await cem.me())["state"] == "ready"


async def test_whoever_is_in_a_call_is_offered_nothing_else() -> None:
    """S28: a call comes to somebody who writes messages; from its offer to the finish nothing else comes."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone=ANAS)
        await story.phone("+12125550001").texts("hello")
        assert len(await ana.offers()) == 1
        await ana.accepts()
        await story.phone(HERS).calls()
        await story.passes(seconds=15)
        assert [o["channel"] for o in await ana.offers()] == ["phone"]
        await story.phone("+12125550002").texts("hello")
        assert [o["channel"] for o in await ana.offers()] == ["phone"]


async def test_danger_goes_to_the_first_free_person() -> None:
    """A gas leak overtakes everybody who waits, however long."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        for n in range(3):
            await story.phone(f"+1212555000{n}").texts("hello")
        await story.passes(seconds=20)
        work = await ana.accepts()
        await story.passes(minutes=30)
        await story.phone(HERS).texts("I smell gas")
        await ana.finishes(work)
        assert (await ana.offered())["case"] == await story.phone(HERS).case()


@pytest.mark.parametrize("channel", ["sms", "phone"])
async def test_danger_does_not_wait_for_an_offer_of_something_else(channel: str) -> None:
    """Ana alone is there, and has been asked to take something ordinary: she is asked for the gas leak at once instead,
    and then for what she was asked before, at its place. Two dangers do not push each other aside."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1}, phone="+14155550201")
        him, her = story.phone("+12125550001"), story.phone(HERS)
        await (him.texts("hello") if channel == "sms" else him.calls())
        await story.passes(seconds=1 if channel == "sms" else 15)
        before = await ana.offered()
        if channel == "sms":
            await her.texts("I smell gas")
        else:
            await her.calls()
            await her.speaks("I smell gas")
        offer = await ana.offered()
        assert (offer["case"], before["case"]) == (await her.case(), await him.case())
        [*_, revoked] = [d for d in await story.decisions(before["case"]) if d["what"] == "revoked"]
        assert "somebody is in danger" in revoked["reasons"]
        third = story.phone("+12125550003")
        await third.texts("es brennt")
        assert offer["case"] in [one["case"] for one in await ana.offers()]
        assert (await ana.me())["state"] == "ready"


async def test_a_lead_puts_work_first_and_says_why() -> None:
    """A lead's word goes before every place; the reason stands on the case, an agent may not, and the figures tell."""
    async with Story() as story:
        lead = await story.token("lead")
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        for n in range(4):
            await story.phone(f"+1212555000{n}").texts("hello")
            await story.passes(seconds=2)
        work = await ana.accepts()
        everything = await story.api("GET", "/work", token=lead)
        assert everything["waiting_count"] == 3
        assert [held["agent"] for held in everything["held"]] == [ana.id]
        last = everything["waiting"][-1]
        refused = await ana.refused("POST", f"/work/{last['work']}/first", {"reason": "please"})
        assert refused["status"] == 403
        await story.api("POST", f"/work/{last['work']}/first", {"reason": "she leaves at three"}, token=lead)
        await story.settles()
        waiting = (await story.api("GET", "/work", token=lead))["waiting"]
        assert [w["work"] for w in waiting if w["first"]] == [last["work"]]
        await story.restarts()
        await ana.finishes(work)
        assert (await ana.offered())["case"] == last["case"]
        steps = {step["what"]: step for step in await story.decisions(last["case"])}
        assert steps["offered"]["inputs"]["overtakes"] == "put first by a person"
        [entry] = [e for e in await story.timeline(last["case"]) if e["facts"].get("what") == "put_first"]
        assert (entry["author"]["kind"], entry["text"]) == ("agent", "she leaves at three")
        again = await story.refused("POST", f"/work/{last['work']}/first", {"reason": "again"}, token=lead)
        assert again["status"] == 409
        metrics = (await story.ask("GET", "/metrics")).body.decode()
        assert 'onecase_overtakes_total{reason="put first by a person"} 1.0' in metrics
        assert 'onecase_class_waiting{queue="general",requires="message"} 2.0' in metrics


async def test_a_lead_takes_work_over() -> None:
    """What an agent works on, is offered or waits comes to the lead with its place, and the case says who and why."""
    async with Story() as story:
        made = await story.api("POST", "/agents", {"name": "Lea", "role": "lead"})
        lea = Agent(story, made["id"], made["token"], "Lea")
        ana = await story.ready_agent("Ana")
        await story.phone().texts("hello")
        offer = await ana.offered()
        work = await ana.accepts(offer)
        await lea.is_now("ready")
        await lea.api("POST", f"/work/{work['id']}/take", {"reason": "a complaint"})
        await story.settles()
        taken = await lea.offered()
        assert (taken["case"], taken["place_at"]) == (offer["case"], offer["place_at"])
        assert await ana.work() == []
        [step] = [e for e in await story.timeline(offer["case"], "assignment") if e["facts"]["what"] == "given_back"]
        assert step["reasons"] == ["taken over by Lea: a complaint"]

        await story.phone("+12125550001").texts("another")
        other = await ana.offered()
        await lea.api("POST", f"/work/{other['work']}/take", {"reason": "mine too"})
        await story.settles()
        assert other["case"] in [o["case"] for o in await lea.offers()]
        assert await ana.offers() == []


async def in_german(story: World) -> Json:
    """She writes German and nobody speaks it; after ten minutes she is asked. Her case."""
    await story.phone(HERS).texts("Guten Tag, meine Bestellung ist nicht da")
    await story.passes(minutes=9)
    assert await story.phone(HERS).inbox() == []
    await story.passes(minutes=1)
    [question] = await story.phone(HERS).inbox()
    assert question == (
        "Gerade ist niemand frei, der Deutsch spricht. Antworten Sie mit 1, dann hilft Ihnen jemand auf Englisch; "
        "sonst behalten Sie Ihren Platz."
    )
    return await story.one_case()


async def test_language_is_given_up_only_with_her_yes(tmp_path: Path) -> None:
    """S31, S55: no German agent for ten minutes: she is asked once, in German; nothing is relaxed until she says yes,
    and each step stands on her case. Her place is kept throughout."""
    async with Story(policies=policies_with(tmp_path / "p", routing=GERMAN)) as story:
        ana = await story.ready_agent("Ana", languages=["en"])
        case = await in_german(story)
        place_at = case["ask"]["place_at"]
        await story.phone(HERS).texts("nein, lieber warte ich")
        await story.passes(minutes=30)
        assert await ana.offers() == []
        assert len(await story.phone(HERS).inbox()) == 1
        await story.restarts()
        await story.passes(minutes=1)
        assert len(await story.phone(HERS).inbox()) == 1
        await story.phone(HERS).texts("Ja!")
        offer = await ana.offered()
        assert (offer["case"], offer["place_at"]) == (case["id"], place_at)
        steps = await story.decisions(case["id"])
        assert [s["what"] for s in steps] == ["queued", "language_asked", "language_agreed", "offered"]
        assert "language en: the customer agreed" in steps[-1]["reasons"]


@pytest.mark.parametrize("yes", ["ja, englisch ist in Ordnung", "Ja, kein Problem", "yes English is fine", "ja, englisch geht auch", "Englisch geht auch", "in Ordnung"])  # fmt: skip
async def test_a_yes_in_their_own_words_is_a_yes(tmp_path: Path, yes: str) -> None:
    """S55: whoever agrees to another language does so in words of their own."""
    async with Story(policies=policies_with(tmp_path / "p", routing=GERMAN)) as story:
        ana = await story.ready_agent("Ana", languages=["en"])
        case = await in_german(story)
        await story.phone(HERS).texts(yes)
        assert (await ana.offered())["case"] == case["id"]


async def test_what_is_no_yes_gives_up_no_language(tmp_path: Path) -> None:
    """A no, a condition, and words about something else, with a yes in them or not."""
    noes = ("nein", "lieber nicht", "ja, aber lieber deutsch", "not English", "ja hallo, die Heizung ist kalt", "danke")
    async with Story(policies=policies_with(tmp_path / "p", routing=GERMAN)) as story:
        ana = await story.ready_agent("Ana", languages=["en"])
        await in_german(story)
        for no in noes:
            await story.phone(HERS).texts(no)
            assert await ana.offers() == [], no


async def test_a_german_agent_who_comes_makes_the_question_idle(tmp_path: Path) -> None:
    """Whoever speaks her language takes her at any time, asked or not; a later 1 is then only a text."""
    async with Story(policies=policies_with(tmp_path / "p", routing=GERMAN)) as story:
        ana = await story.ready_agent("Ana", languages=["en"])
        case = await in_german(story)
        eva = await story.ready_agent("Eva", languages=["de"])
        await eva.accepts()
        await story.phone(HERS).texts("1")
        assert await ana.offers() == []
        assert "language_agreed" not in [s["what"] for s in await story.decisions(case["id"])]


async def test_who_comes_back_soon_has_waited_a_little_already() -> None:
    """Coming back on a matter that we had ended counts a tenth of the target as waited, and the decision says so; an
    answer to our question does not, nor does coming back after the policy's days."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone(HERS).texts("hello")
        await ana.finishes(await ana.accepts(), "solved")
        await story.passes(hours=30)
        await ana.is_now("ready")
        await story.phone(HERS).texts("not solved after all")
        offer = await ana.offered()
        waited = (await story.now()) - instant(offer["place_at"])
        assert waited.total_seconds() == 360
        [*_, queued, _] = await story.decisions(offer["case"])
        assert "came back within 7 days: 6 min count as waited already" in queued["reasons"]
        work = await ana.accepts(offer)
        await ana.replies(offer["case"], "which model is it?")
        await ana.finishes(work)
        await story.phone(HERS).texts("E42")
        assert instant((await ana.offered())["place_at"]) == await story.now()


async def test_a_customers_own_deadline_passes_only_those_who_have_time_left() -> None:
    """Who can be reached only until three goes ahead of people whose hour is far from over, once for a case and day."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        for n in range(3):
            await story.phone(f"+1212555000{n}").texts("hello")
            await story.passes(seconds=10)
        work = await ana.accepts()
        [_, hers] = (await story.api("GET", "/work"))["waiting"]
        refused = await story.refused("PUT", f"/work/{hers['work']}/deadline", {"until": "2026-11-23T15:00:00"})
        assert refused["status"] == 422
        until = await story.now() + timedelta(minutes=20)
        await story.api("PUT", f"/work/{hers['work']}/deadline", {"until": until.isoformat()})
        await story.passes(minutes=14)
        assert [w["case"] for w in (await story.api("GET", "/work"))["waiting"]][1] == hers["case"]
        await story.passes(minutes=2)
        await ana.finishes(work)
        offer = await ana.offered()
        assert offer["case"] == hers["case"]
        steps = await story.decisions(hers["case"])
        assert [s["what"] for s in steps] == ["queued", "deadline_set", "deadline", "offered"]
        assert steps[-1]["inputs"]["overtakes"] == "a time is due"


async def test_a_deadline_never_passes_whoever_has_no_time_left() -> None:
    """Those whose target would be missed are not passed: the deadline's owner keeps the place they had."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        for n in range(3):
            await story.phone(f"+1212555000{n}").texts("hello")
            await story.passes(seconds=10)
        work = await ana.accepts()
        [longest, hers] = (await story.api("GET", "/work"))["waiting"]
        await story.passes(minutes=58)
        until = await story.now() + timedelta(minutes=4)
        await story.api("PUT", f"/work/{hers['work']}/deadline", {"until": until.isoformat()})
        await story.settles()
        await ana.finishes(work)
        assert (await ana.offered())["case"] == longest["case"]
        assert [s["what"] for s in await story.decisions(hers["case"])] == ["queued", "deadline_set"]


LEVELS = {"- name: everything-else\n": "- name: bills\n    when:\n      text.any_words: [reactor]\n    queue: billing\n"
          "    skills: {billing: 2}\n    relax:\n      - after: 5 min\n        drop: level\n      - after: 10 min\n"
          "        drop: skill billing\n\n  - name: everything-else\n"}  # fmt: skip


async def test_a_level_that_nobody_present_has_is_not_waited_for(tmp_path: Path) -> None:
    """The rule wants billing at level 2. Cleo alone is there, who knows no billing: she is offered it in that instant,
    level and skill being given up together. When Dora comes who has level 2, it is required again; when Dora has gone
    and Emil with level 1 is there, the level alone is given up."""
    async with Story(policies=policies_with(tmp_path / "p", routing=LEVELS)) as story:
        cleo = await story.ready_agent("Cleo", capacity={"message": 1})
        await story.phone("+12125550001").texts("a reactor")
        offer = await cleo.offered()
        [*_, offered] = await story.decisions(offer["case"])
        assert "level 2 of billing not required: nobody present has it" in offered["reasons"]
        assert "skill:billing not required: nobody present has it" in offered["reasons"]
        await story.phone("+12125550002").texts("another reactor")
        second = await story.phone("+12125550002").case()
        dora = await story.ready_agent("Dora", skills={"billing": 2}, capacity={"message": 1})
        assert (await dora.offered())["case"] == second
        work = await dora.accepts()
        await story.phone("+12125550003").texts("a third reactor")
        third = await story.phone("+12125550003").case()
        emil = await story.ready_agent("Emil", skills={"billing": 1}, capacity={"message": 1})
        assert await emil.offers() == [], "Dora is there, and busy"
        await dora.finishes(work)
        assert (await dora.offered())["case"] == third
        await dora.is_now("off")
        assert (await emil.offered())["case"] == third


async def test_leads_see_who_is_next_in_the_order_of_the_matcher() -> None:
    """Danger came last and stands first, with its priority; then the caller whose minute is over, before a text that has
    waited longer and has an hour. Whoever is free is offered them in that order."""
    async with Story() as story:
        await story.phone("+12125550001").texts("hello")
        await story.passes(seconds=60)
        await story.phone(HERS).calls()
        await story.passes(seconds=40)
        await story.phone("+12125550003").texts("there is a gas leak, I smell gas")
        waiting = (await story.api("GET", "/work"))["waiting"]
        assert [(one["kind"], one["priority"]) for one in waiting] == [("message", 9), ("phone", 0), ("message", 0)]


async def test_what_is_required_is_given_up_in_the_written_order(tmp_path: Path) -> None:
    """S31: somebody with billing at level 2 is there, and busy. After five minutes the level is given up, and after ten
    the skill: whoever is offered it then, no sooner, and each decision records the steps that were taken."""
    async with Story(policies=policies_with(tmp_path / "p", routing=LEVELS)) as story:
        dora = await story.ready_agent("Dora", skills={"billing": 2}, capacity={"message": 1})
        await story.phone("+12125550001").texts("a reactor")
        await dora.accepts()
        emil = await story.ready_agent("Emil", skills={"billing": 1}, capacity={"message": 1})
        cleo = await story.ready_agent("Cleo", capacity={"message": 1})
        await story.phone("+12125550002").texts("another reactor")
        second = await story.phone("+12125550002").case()
        await story.passes(seconds=299)
        assert [await emil.offers(), await cleo.offers()] == [[], []]
        await story.passes(seconds=1)
        assert (await emil.offered())["case"] == second
        assert await cleo.offers() == []
        [*_, offered] = await story.decisions(second)
        assert [one for one in offered["reasons"] if "no longer" in one] == ["level no longer required after 300 s"]
        await emil.accepts()

        await story.phone("+12125550003").texts("a third reactor")
        third = await story.phone("+12125550003").case()
        await story.passes(seconds=599)
        assert await cleo.offers() == []
        await story.passes(seconds=1)
        assert (await cleo.offered())["case"] == third
        [*_, offered] = await story.decisions(third)
        assert [one for one in offered["reasons"] if "no longer" in one] == [
            "level no longer required after 300 s",
            "skill:billing no longer required after 600 s",
        ]
