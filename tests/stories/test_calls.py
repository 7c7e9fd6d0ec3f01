"""Calls: they join the case that the text began, reach an agent or become a promise, and never end in silence."""

from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from router.admin_doctor import doctor
from tests.stories.test_matching import GERMAN, policies_with
from tests.story import ADMIN, HERS, HIS, OURS, OURS_TOO, Agent, Phone, Story

ANAS = "+14155550201"
BENS = "+14155550202"


async def connected(story: Story, her: Phone, agent: Agent, phone: Phone, **more: str) -> str:
    """She calls, the agent takes it and presses 1; they talk. Returns the case."""
    await her.calls(**more)
    await story.passes(seconds=15)
    await agent.accepts()
    await story.passes(seconds=3)
    await phone.picks_up()
    await story.passes(seconds=3)
    await phone.presses("1")
    await story.passes(seconds=3)
    return (await story.one_case())["id"]


async def test_a_text_then_a_call_is_one_case() -> None:
    """She texts, then calls: one case, and the agent on the phone has the text before them."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("E42 again, the flat is cold")
        ana = await story.ready_agent("ana", phone=ANAS, skills={"heating": 2}, capacity={"message": 0})
        await her.calls()
        assert "onecase" in await her.heard()
        await her.speaks("it is about my heating")
        offer = await ana.offered()
        assert (offer["channel"], offer["kind"]) == ("phone", "call")
        await ana.accepts(offer)
        await story.passes(seconds=2)
        assert await phone.state() == "ringing"
        await phone.picks_up()
        await story.passes(seconds=3)
        assert "1" in await phone.heard(), "the whisper asks for a key"
        await phone.presses("1")
        await story.passes(seconds=3)
        assert ANAS in await her.talks_with() or HERS in await phone.talks_with()
        case = await story.one_case()
        assert [c["channel"] for c in case["contacts"]] == ["sms", "phone"]
        texts = [entry["text"] for entry in await story.timeline(case["id"]) if entry["text"]]
        assert texts == ["E42 again, the flat is cold", "it is about my heating"]
        await her.hangs_up()
        await story.passes(seconds=2)
        assert await phone.state() == "idle", "nobody is left alone on the line"
        [work] = [w for w in await ana.work() if w["channel"] == "phone"]
        assert work["state"] == "wrapping"
        await ana.finishes(work, "solved", "fuse replaced")
        assert (await story.one_case())["status"] == "solved"


async def test_nobody_free_she_keeps_her_place_and_we_call() -> None:
    """Key 1 makes a promise; when it is her turn the agent's phone rings first, then hers, once."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=20)
        assert "Press 1" in await her.heard()
        await her.presses("1")
        assert "We will call you" in await her.heard()
        await story.passes(seconds=10)
        assert await her.state() == "idle"
        case = await story.one_case()
        [promise] = case["promises"]
        assert (promise["kind"], promise["state"], promise["callback"]) == ("callback", "open", "scheduled")
        await story.passes(minutes=10)
        ana = await story.ready_agent("ana", phone=ANAS)
        offer = await ana.offered()
        assert offer["place_at"] == promise["place_at"], "the place is that of her call"
        await ana.accepts(offer)
        await story.passes(seconds=2)
        assert (await phone.state(), await her.state()) == ("ringing", "idle"), "the agent's phone first"
        await phone.picks_up()
        await story.passes(seconds=2)
        assert "A call to make about general. Press 1 and we dial." in await phone.heard(), "nobody is on the line"
        await phone.presses("1")
        await story.passes(seconds=2)
        assert await her.state() == "ringing"
        await her.picks_up()
        await story.passes(seconds=8)
        assert HERS in await phone.talks_with()
        dialled = [
            one for one in await story.traffic("rest", "/Calls.json") if HERS in str(one) and one["method"] == "POST"
        ]
        assert len(dialled) == 1, "one dial for one promise"
        asked = dict(dialled[0]["fields"])
        assert (asked["MachineDetectionTimeout"], asked["MachineDetectionSilenceTimeout"]) == ("5", "2000"), (
            "whoever answers hears us soon, also where the provider cannot tell who it is"
        )
        [kept] = (await story.api("GET", "/promises?state=kept"))["items"]
        assert kept["attempts"][-1]["outcome"] == "answered"
        await phone.hangs_up()
        await story.passes(seconds=2)
        assert "gone" in await her.heard()
        await her.hangs_up()
        [work] = await ana.work()
        assert work["state"] == "wrapping"


async def test_hanging_up_silently_keeps_the_place_and_rings_nobody() -> None:
    """She hangs up before she heard that we would ring her: nobody is rung; when she calls again her place is there."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=20)
        await her.hangs_up()
        await story.passes(minutes=5)
        case = await story.one_case()
        assert case["promises"] == []
        assert case["ask"] is None
        first = case["opened_at"]
        await her.calls()
        await story.passes(seconds=20)
        again = await story.one_case()
        assert again["ask"]["place_at"] == first


async def test_hanging_up_in_the_greeting_keeps_the_place_and_waits_for_her() -> None:
    """She is gone before she stood in line: nobody is asked to do anything, and the case says that it waits for her.
    When she calls again, or writes, it is the same case, and in line she stands where her first call began."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=2)
        await her.hangs_up()
        case = await story.one_case()
        assert (case["status"], case["ask"], case["promises"]) == ("waiting_customer", None, [])
        assert "place kept" in [e["facts"].get("what") for e in await story.timeline(case["id"], "call")]
        await story.passes(minutes=5)
        await her.calls()
        await story.passes(seconds=20)
        again = await story.one_case()
        assert again["ask"]["place_at"] == case["opened_at"]
        assert again["status"] == "waiting_us"
        await her.hangs_up()
        assert (await story.one_case())["status"] == "waiting_customer"
        await her.texts("never mind the phone: my boiler is cold")
        written = await story.one_case()
        assert (written["status"], written["ask"] is None) == ("waiting_us", False)


async def test_hanging_up_after_hearing_it_becomes_a_call() -> None:
    """Fully attested, over ten seconds in line, and the sentence heard to its end: we ring that number."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls(attestation="A")
        await story.passes(seconds=60)
        assert "hang up" in await her.heard()
        await her.hangs_up()
        await story.settles()
        [promise] = (await story.one_case())["promises"]
        assert promise["callback"] == "scheduled"


async def test_a_hundred_spoofed_calls_ring_nobody() -> None:
    """Calls that show a number they have no right to, and hang up: that number gets no call and no text, and
    ops get one alert (S50)."""
    async with Story() as story:
        victim = story.phone(HIS)
        with capture_logs() as logs:
            for _ in range(100):
                await victim.calls(attestation="C")
                await story.passes(seconds=40)
                await victim.hangs_up()
        alerts = [(one["log_level"], one["rule"]) for one in logs if one["event"] == "junk_flood"]
        assert alerts == [("warning", "silent-stranger")], "one alert a flood, not one a call"
        lines, is_well = await doctor(story.service, ADMIN)
        assert not is_well
        assert any("much junk comes at once, by rule silent-stranger" in line for line in lines)
        await story.passes(hours=1)
        assert (await doctor(story.service, ADMIN))[1], "it is over"
        assert (await victim.now())["inbox"] == []
        assert not [one for one in await story.traffic("rest", "/Calls.json") if one.get("method") == "POST"]
        assert (await story.api("GET", "/promises"))["items"] == []
        assert await story.cases() == []
        aside = (await story.api("GET", "/quarantine?limit=200"))["items"]
        assert len(aside) == 100
        assert {one["rule"] for one in aside} == {"silent-stranger"}
        told = (await story.ask("GET", "/metrics")).body.decode()
        assert 'onecase_junk_total{rule="silent-stranger"} 100.0' in told


async def test_a_hundred_spoofed_calls_that_ask_for_ours_ring_a_phone_three_times_a_day() -> None:
    """Calls that show a number they have no right to, and press 1 or name a time: each is answered as anybody is, and the
    number is dialled no more often than one that somebody typed. Whoever has it calls, is vouched for, and is promised
    their own."""
    async with Story() as story:
        ana, phone = await story.agent("ana", phone=ANAS), story.phone(ANAS)
        victim = story.phone(HIS)
        for _ in range(8):
            await ana.is_now("off")
            await victim.calls(attestation="C")
            await story.passes(seconds=20)
            await victim.presses("1")
            await story.passes(seconds=10)
            assert "when it is your turn" in await victim.heard(), "answered alike"
            await ana.is_now("ready")
            for offer in [one for one in await ana.offers() if one["channel"] == "phone"]:
                await ana.accepts(offer)
                await story.passes(seconds=2)
                await phone.picks_up()
                await story.passes(seconds=2)
                await phone.presses("1")
                await story.passes(seconds=5)
                await victim.picks_up()
                await story.passes(seconds=5)
                await victim.hangs_up()
                await story.passes(seconds=3)
            for work in await ana.work():
                await ana.finishes(work, "solved")
            await story.passes(minutes=5)
        rung = [
            one for one in await story.traffic("rest", "/Calls.json") if HIS in str(one) and one["method"] == "POST"
        ]
        assert len(rung) == 3


async def test_many_who_speak_under_numbers_that_nobody_vouches_for_are_one_alert() -> None:
    """They are no junk, for they spoke: each is served, on weak evidence. Ops get one alert for those of one block of
    numbers, and none for as many from everywhere."""
    async with Story() as story:
        with capture_logs() as logs:
            for n in range(15):
                for number in (f"+1212555{1000 + n}", f"+1{310 + n}5550142"):
                    caller = story.phone(number)
                    await caller.calls(attestation="C")
                    await caller.speaks("my boiler is cold")
                    await caller.hangs_up()
        alerts = [(one["log_level"], one["rule"]) for one in logs if one["event"] == "junk_flood"]
        assert alerts == [("warning", "not-vouched-for")]
        lines, is_well = await doctor(story.service, ADMIN)
        assert not is_well
        assert any("many callers from one block of numbers" in line for line in lines)
        assert len(cases := await story.cases()) == 30
        assert {(one["evidence"], case["ask"] is None) for case in cases for one in case["contacts"]} == {
            ("weak", False)
        }
        await story.passes(hours=1)
        lines, _ = await doctor(story.service, ADMIN)
        assert not any("many callers" in line for line in lines), "it is over"


async def test_an_agent_whose_phone_stays_silent_loses_the_call_to_the_next() -> None:
    """The agent accepts and does not pick up: away with a notice, and the caller goes to the next with her place."""
    async with Story() as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.calls()
        await story.passes(seconds=15)
        offer = await ana.offered()
        await ana.accepts(offer)
        await story.passes(seconds=45)
        me = await ana.me()
        assert me["state"] == "away"
        assert "phone" in me["notice"]
        ben = await story.ready_agent("ben", phone=BENS)
        again = await ben.offered()
        assert again["place_at"] == offer["place_at"]
        assert await her.state() == "in_call", "she is still in line"


async def test_a_lost_agent_leg_brings_her_back_into_line() -> None:
    """The agent's line breaks in the middle: she hears so at once, and stays at the head of the line."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        place = (await story.case(case))["ask"]["place_at"]
        await phone.hangs_up()
        await story.passes(seconds=2)
        assert "gone" in await her.heard()
        [waiting] = (await story.api("GET", "/work"))["waiting"]
        assert waiting["case"] == case, "others are asked at once"
        [mine] = await ana.work()
        assert mine["state"] == "wrapping", "it may have been the end"
        await story.passes(seconds=20)
        assert (await story.case(case))["ask"]["place_at"] == place
        assert await her.state() == "in_call"
        assert await ana.work() == []
        assert (await ana.offered())["case"] == case, "she stayed on, and is asked for again"


async def test_somebody_else_takes_her_while_she_hears_that_the_line_broke() -> None:
    """The agent's line breaks while another agent is free: they have the offer within two seconds, and take it before
    she has heard all of it. The first agent has notes to finish, which ends nothing."""
    async with Story() as story:
        her, anas, bens = story.phone(HERS), story.phone(ANAS), story.phone(BENS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        ben = await story.ready_agent("ben", phone=BENS)
        await anas.hangs_up()
        await story.passes(seconds=2)
        await ben.accepts(await ben.offered())
        await story.passes(seconds=1)
        await bens.picks_up()
        await story.passes(seconds=2)
        await bens.presses("1")
        await story.passes(seconds=10)
        assert await her.talks_with() == [BENS]
        [left] = await ana.work()
        await ana.finishes(left, "solved")
        assert await her.talks_with() == [BENS]
        assert (await story.case(case))["agent"] == ben.id


async def test_a_line_that_broke_without_a_word_of_it_is_found_out() -> None:
    """The provider's word that the agent's line broke is lost: within a quarter of a minute she hears it all the same,
    and others are asked. It is asked once for all calls, and not at all while nobody talks."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        listed = len(await story.traffic("rest", "/Calls.json"))
        await story.passes(seconds=60)
        assert len(await story.traffic("rest", "/Calls.json")) - listed <= 7
        await story.faults(lose_status=True)
        await anas.hangs_up()
        await story.passes(seconds=15)
        assert "gone" in await her.heard()
        [waiting] = [*(await story.api("GET", "/work"))["waiting"], *await ana.offers()]
        assert waiting["case"] == case


async def test_both_lines_that_broke_without_a_word_of_it_are_found_out() -> None:
    """Nobody tells us that the agent's line broke, nor that she hung up: the work is to be wrapped up soon after. Nobody
    is asked for then."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await connected(story, her, ana, anas)
        await story.passes(seconds=20)
        await story.faults(lose_status=True)
        await anas.hangs_up()
        await her.hangs_up()
        await story.passes(seconds=15)
        [left] = await ana.work()
        assert left["state"] == "wrapping"
        await ana.finishes(left)
        listed = len(await story.traffic("rest", "/Calls.json"))
        await story.passes(seconds=60)
        assert len(await story.traffic("rest", "/Calls.json")) == listed
        assert (await story.api("GET", "/work"))["waiting"] == []


@pytest.mark.parametrize("how", ["she hangs up", "the agent finishes"])
async def test_an_agent_who_hangs_up_first_was_through(how: str) -> None:
    """Ana hangs up, and so does she, or Ana says how it ended: nobody is asked for her any more, the work is Ana's to
    wrap up, and solved it is."""
    async with Story() as story:
        her, anas = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        ben = await story.ready_agent("ben", phone=BENS)
        await anas.hangs_up()
        await story.passes(seconds=2)
        assert (await ben.offered())["case"] == case
        if how == "she hangs up":
            await her.hangs_up()
            await story.passes(seconds=2)
        [left] = await ana.work()
        assert left["state"] == "wrapping"
        await ana.finishes(left, "solved")
        await story.passes(seconds=10)
        assert await her.state() == "idle"
        assert await ben.offers() == []
        assert (await ana.work(), (await story.case(case))["status"]) == ([], "solved")


async def on_hold(story: Story, ana: Agent, case: str) -> str:
    """Her line is put on hold. Returns its id."""
    [leg] = [one for one in await ana.legs(case) if one["role"] == "customer"]
    await ana.api("POST", f"/calls/{leg['id']}/hold")
    await story.passes(seconds=3)
    return leg["id"]


async def test_hold_has_a_clock() -> None:
    """Since when she is on hold, and when she is asked about it, is there for whoever looks; how long it was stays on
    the timeline; and once the policy's limit is over she is asked, live, whether she would rather be called."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        leg = await on_hold(story, ana, case)
        assert "One moment" in await her.heard()
        assert await phone.talks_with() == []
        [held] = [one for one in await ana.legs(case) if one["role"] == "customer"]
        since = datetime.fromisoformat(held["held_since"])
        assert (await story.now() - since).total_seconds() == pytest.approx(3, abs=1)
        assert (datetime.fromisoformat(held["asked_at"]) - since).total_seconds() == 120
        assert f'datetime="{held["held_since"]}" data-since' in await ana.page(case)
        await story.passes(seconds=100)
        assert "need not wait" not in await her.heard()
        await story.passes(seconds=60)
        assert (await her.heard()).count("need not wait") == 1
        await story.passes(seconds=60)
        assert (await her.heard()).count("need not wait") == 1, "said once"
        await ana.api("POST", f"/calls/{leg}/resume")
        await story.passes(seconds=3)
        assert HERS in await phone.talks_with()
        [back] = [one for one in await ana.legs(case) if one["role"] == "customer"]
        assert back["held_since"] is None
        rows = [e["facts"] for e in await story.timeline(case, "call") if e["facts"].get("what") in ("hold", "resume")]
        assert [row["what"] for row in rows] == ["hold", "resume"]
        assert 220 <= rows[1]["seconds"] <= 226
        assert "on hold" in await ana.page(case)


async def test_whoever_is_not_on_hold_yet_is_not_said_to_be() -> None:
    """The provider is down when Ana puts her on hold, so she hears Ana still: API and desk say so, until she is."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        await story.faults(error_rate=True)
        leg = await on_hold(story, ana, case)
        await story.passes(seconds=2)
        assert ANAS in await her.talks_with()
        [shown] = [one for one in await ana.legs(case) if one["id"] == leg]
        assert (shown["moving"], shown["held_since"]) == (True, None)
        page = await ana.page(case)
        assert "is being put on hold, and hears you still" in page
        await story.faults()
        await story.passes(seconds=3)
        assert await her.talks_with() == []
        [shown] = [one for one in await ana.legs(case) if one["id"] == leg]
        assert shown["moving"] is False and shown["held_since"] is not None
        assert "hears you still" not in await ana.page(case)


async def test_hold_lets_her_out() -> None:
    """On hold she is not caught: a key turns the wait into a call. The agent has their notes to finish, reads why she is
    gone, and is offered her call only then."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        place = (await story.case(case))["ask"]["place_at"]
        await on_hold(story, ana, case)
        await her.presses("1")
        await story.passes(seconds=3)
        assert "We will call you" in await her.heard()
        await story.passes(seconds=10)
        assert (await her.state(), await phone.state()) == ("idle", "idle")
        [promise] = (await story.case(case))["promises"]
        assert promise["place_at"] == place
        [work] = await ana.work()
        assert work["state"] == "wrapping"
        assert await ana.offers() == [], "not while they finish their notes"
        given_back = [e for e in await story.timeline(case, "assignment") if e["facts"]["what"] == "given_back"]
        assert given_back == []
        told = [e["facts"]["what"] for e in await story.timeline(case, "call") if "what" in e["facts"]]
        assert "call instead" in told
        await ana.finishes(work, "call-back", "she rather waits at home")
        offer = await ana.offered()
        assert (offer["case"], offer["place_at"]) == (case, place)


async def test_hold_waits_for_the_number_of_who_hides_it() -> None:
    """Who hides their number and would rather be called is asked for one: without it they are on hold as before, since
    the same time; with it they leave, and are called there."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone, caller="anonymous")
        await on_hold(story, ana, case)
        [held] = [one for one in await ana.legs(case) if one["role"] == "customer"]
        await her.presses("1")
        await story.passes(seconds=6)
        assert "which number" in await her.heard()
        await story.passes(seconds=15)
        [again] = [one for one in await ana.legs(case) if one["role"] == "customer"]
        assert (again["step"], again["held_since"]) == ("held", held["held_since"])
        assert [one["state"] for one in await ana.work()] == ["active"]
        await her.presses("1")
        await story.passes(seconds=6)
        await her.presses("2125550142#")
        await story.passes(seconds=12)
        assert "We will call you" in await her.heard()
        assert [one["state"] for one in await ana.work()] == ["wrapping"]
        assert len((await story.case(case))["promises"]) == 1


async def ends_their_call(story: Story, agent: Agent) -> None:
    """The agent ends it at the desk, not on their telephone."""
    case = await story.one_case()
    [leg] = [one for one in await agent.legs(case["id"]) if one["role"] == "customer"]
    await agent.api("POST", f"/calls/{leg['id']}/hang-up")
    await story.passes(seconds=4)


async def test_an_agent_who_ends_the_call_is_through_with_it() -> None:
    """As if she had hung up: the agent wraps up, and when that is done nobody is asked about it again. A call that was
    promised is kept, and not tried again."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.calls()
        await story.passes(seconds=8)
        await her.speaks("my boiler is cold")
        await ana.accepts()
        await story.passes(seconds=3)
        await phone.picks_up()
        await story.passes(seconds=3)
        await phone.presses("1")
        await story.passes(seconds=20)
        await ends_their_call(story, ana)
        assert (await her.state(), await phone.state()) == ("idle", "idle")
        [work] = await ana.work()
        assert work["state"] == "wrapping"
        await ana.finishes(work)
        await story.passes(minutes=2)
        case = await story.one_case()
        assert await ana.offers() == [] and (case["ask"], case["promises"]) == (None, [])

        await ana.api("POST", f"/cases/{case['id']}/callbacks", {})
        await ana.accepts()
        await story.passes(seconds=3)
        await phone.picks_up()
        await story.passes(seconds=3)
        await phone.presses("1")
        await story.passes(seconds=3)
        await her.picks_up()
        await story.passes(seconds=30)
        await ends_their_call(story, ana)
        [work] = await ana.work()
        await ana.finishes(work)
        await story.passes(hours=2)
        assert await ana.offers() == [] and await her.state() == "idle"
        [promise] = (await story.api("GET", "/promises?state=kept"))["items"]
        assert [one["outcome"] for one in promise["attempts"]] == ["answered"]


async def test_a_warm_transfer_never_leaves_her_alone() -> None:
    """Ana hands the call to Ben and stays until he is there; then she leaves, and nothing ends for the customer."""
    async with Story() as story:
        her, anas, bens = story.phone(HERS), story.phone(ANAS), story.phone(BENS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, anas)
        ben = await story.ready_agent("ben", phone=BENS)
        [work] = await ana.work()
        await ana.transfers(work, f"agent:{ben.id}", "knows the boiler")
        assert HERS in await anas.talks_with(), "she is not alone meanwhile"
        await ben.accepts()
        await story.passes(seconds=2)
        await bens.picks_up()
        await story.passes(seconds=2)
        await bens.presses("1")
        await story.passes(seconds=2)
        assert {HERS, ANAS} <= set(await bens.talks_with())
        await anas.hangs_up()
        await story.passes(seconds=2)
        assert HERS in await bens.talks_with()
        assert (await story.case(case))["agent"] == ben.id


async def test_words_of_danger_go_to_the_first_free_person() -> None:
    """'I smell gas' passes those who wait, whatever skill the agent has."""
    async with Story() as story:
        her, him = story.phone(HERS), story.phone(HIS)
        await him.calls()
        await story.passes(seconds=30)
        await her.calls()
        await her.speaks("I smell gas in the kitchen")
        await story.passes(seconds=5)
        ana = await story.ready_agent("ana", phone=ANAS)
        offer = await ana.offered()
        assert offer["case"] == await her.case()


async def test_she_goes_on_by_text() -> None:
    """Key 3: one text arrives, the place goes along, and her answer is on the same case."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("3")
        await story.passes(seconds=10)
        assert await her.state() == "idle"
        [text] = await her.inbox()
        link = text.partition("Your page: ")[2]
        page = await story.ask("GET", urlsplit(link).path, token=None)
        assert page.status == 200 and "<textarea" in page.body.decode(), "where she can go on as well"
        await her.texts("my boiler is cold")
        case = await story.one_case()
        assert case["ask"] is not None
        assert [c["channel"] for c in case["contacts"]] == ["phone", "sms"]


async def test_an_agent_calls_a_customer() -> None:
    """`POST /cases` with an address and `phone`: the agent's phone rings, then the customer's."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await ana.api("POST", "/cases", {"address": HERS, "channel": "phone", "subject": "the part is there"})
        await story.settles()
        assert case["subject"] is None or case["subject"] == "the part is there"
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=2)
        assert await her.state() == "ringing"
        await her.picks_up()
        await story.passes(seconds=8)
        assert HERS in await phone.talks_with()


async def test_a_call_back_to_a_busy_number_is_tried_again() -> None:
    """Busy: recorded, the agent is let go, and after the spacing it is her turn again at her place."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=10)
        await her.behaves(on_ring="busy")
        ana = await story.ready_agent("ana", phone=ANAS)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=10)
        case = await story.one_case()
        [promise] = case["promises"]
        assert promise["attempts"][-1]["outcome"] == "busy"
        [work] = await ana.work()
        await ana.finishes(work, "not-reached")
        await story.passes(minutes=1, seconds=55)
        again = await ana.offered()
        assert again["place_at"] == promise["place_at"]


async def test_wrapping_up_a_call_that_reached_nobody_keeps_the_promise_unless_they_say_otherwise() -> None:
    """Busy, and she is called again: what is chosen already on the desk changes nothing of that, and "solved" says that
    nobody calls her then. Where no call is promised "solved" stands first, as ever."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=10)
        await her.behaves(on_ring="busy")
        ana = await story.ready_agent("ana", phone=ANAS)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=10)
        case = await story.one_case()
        choice = (await ana.page(case["id"])).partition('id="outcome"')[2].partition("</select>")[0]
        assert [part.partition('"')[0] for part in choice.split('value="')[1:]][:2] == ["call_stands", "solved"]
        assert "nobody calls them, and they are not told so" in choice
        [work] = await ana.work()
        await ana.finishes(work, "call_stands")
        [promise] = (await story.one_case())["promises"]
        assert (promise["state"], promise["callback"]) == ("open", "scheduled")
        await story.phone(HIS).texts("hello")
        other = await ana.accepts()
        choice = (await ana.page(other["case"])).partition('id="outcome"')[2].partition("</select>")[0]
        assert choice.split('value="')[1].startswith("solved")
        assert "call_stands" not in choice


async def test_what_falls_away_with_solved_is_said_in_the_answer_and_on_the_timeline() -> None:
    """A call on Thursday stands promised, and what she writes meanwhile is finished. Any other word leaves it standing;
    solved ends it, and says so to whoever says it, by program or on the desk, and on the case."""
    async with Story() as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("ana")
        await her.texts("E42 again")
        case = (await story.one_case())["id"]
        window = {"start": "2026-12-03T15:00:00Z", "end": "2026-12-03T15:20:00Z"}
        work = await ana.accepts()
        promise = await ana.api("POST", f"/cases/{case}/callbacks", {"window": window, "named": True})
        answered = await ana.finishes(work, "answered")
        assert (answered["withdrawn"], answered["notice"]) == ([], None)
        assert [one["id"] for one in (await story.case(case))["promises"]] == [promise["id"]]
        await her.texts("still E42")
        solved = await ana.finishes(await ana.accepts(), "solved")
        assert solved["withdrawn"] == [promise["id"]]
        assert "the customer is not told so" in solved["notice"]
        assert (await story.case(case))["promises"] == []
        [row] = [e for e in await story.timeline(case, "promise") if e["facts"].get("what") == "dropped"]
        assert row["reasons"] == ["the agent settled it, and the customer was not told that it falls away"]
        assert "What we promised falls away" in await ana.page(case)

        await her.texts("E42 once more")
        work = await ana.accepts()
        await ana.api("POST", f"/cases/{case}/callbacks", {"window": window, "named": True})
        done = await story.ask(
            "POST",
            f"/desk/work/{work['id']}/finish",
            body=f"outcome=solved&at={case}".encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            token=ana.token,
        )
        assert "done=finished_unkept" in done.headers["Location"]


async def test_a_call_back_that_is_cancelled_between_two_attempts_is_answered_in_writing() -> None:
    """She wrote, was promised a call, and was not reached: without the call her words still stand in line, at her
    place."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("E42 again, the flat is cold")
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=10)
        await her.behaves(on_ring="busy")
        ana = await story.ready_agent("ana", phone=ANAS)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=10)
        [work] = await ana.work()
        await ana.finishes(work, "not-reached")
        [promise] = (await story.one_case())["promises"]
        assert await ana.offers() == [], "she is called again later"
        await ana.api("DELETE", f"/callbacks/{promise['id']}?reason=not+wanted")
        await story.settles()
        offer = await ana.offered()
        assert offer["channel"] == "sms"
        assert offer["place_at"] <= promise["place_at"]


async def test_a_caller_without_a_number_is_served_and_asked_for_one() -> None:
    """A withheld number: no identity, and a call-back asks where to."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls(caller="anonymous")
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=6)
        assert "which number" in await her.heard()
        await her.presses("2125550142#")
        await story.passes(seconds=3)
        assert "We will call you" in await her.heard()
        [promise] = (await story.one_case())["promises"]
        assert promise["callback"] == "scheduled"


async def test_who_cannot_get_texts_is_offered_none() -> None:
    """A withheld number is not offered to go on by text; who asks for it all the same hears why not."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls(caller="anonymous")
        await story.passes(seconds=60)
        heard = await her.heard()
        assert "Press 1" in heard
        assert "by text" not in heard
        await her.presses("3")
        await story.passes(seconds=3)
        assert "cannot send texts" in await her.heard()
        assert await her.state() == "in_call"
        assert (await story.one_case())["ask"] is not None


async def test_a_hidden_number_is_never_told_that_we_ring_it() -> None:
    """Nobody says "hang up, and we ring you on this number" to a number that we cannot call, however well it is vouched
    for; an agent reads what they said, and is told that nobody can answer."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls(caller="anonymous", attestation="A")
        await story.passes(seconds=5)
        await her.speaks("my heating is cold")
        await story.passes(seconds=90)
        heard = await her.heard()
        assert "Press 1" in heard
        assert "hang up" not in heard
        await her.hangs_up()
        await story.settles()
        case = await story.one_case()
        assert case["promises"] == []
        assert "my heating is cold" in [e["text"] for e in await story.timeline(case["id"], "call")]
        ana = await story.ready_agent("Ana", phone=ANAS)
        assert (await ana.offered())["case"] == case["id"]
        brief = await story.api("GET", f"/cases/{case['id']}/brief")
        assert "left no address that can be answered" in brief["cautions"]


async def test_a_number_that_nobody_may_call_is_never_told_that_we_ring_it() -> None:
    """A premium number, and our own that somebody pretends to call from, at which nobody is written to either."""
    for number in ("+19005550123", OURS_TOO):
        async with Story() as story:
            her = story.phone(HERS)
            await her.calls(caller=number, attestation="A")
            await story.passes(seconds=5)
            await her.speaks("my heating is cold")
            await story.passes(seconds=90)
            heard = await her.heard()
            assert "Press 1" in heard
            assert "hang up" not in heard
            await her.hangs_up()
            await story.settles()
            case = await story.one_case()
            assert case["promises"] == []
            assert case["ask"] is not None


async def test_a_code_that_no_device_shows_is_said_to_be_none() -> None:
    """She types a code that is none: she hears that it is not known, and keeps her place."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await her.presses("8")
        await story.passes(seconds=6)
        await her.presses("12345678#")
        await story.passes(seconds=3)
        assert "No device shows that code" in await her.heard()
        assert await her.state() == "in_call"


async def test_a_call_that_stays_in_its_queue_is_said_to_stay() -> None:
    """She is with heating, and calls without a word of what it is about: her case's queue takes it, and the row says so
    instead of naming a rule that leads elsewhere."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("E42 again, my heating is cold")
        ana = await story.ready_agent("ana", phone=ANAS, skills={"heating": 2})
        await ana.accepts()
        [work] = await ana.work()
        await ana.replies(work["case"], "have you checked the fuse?")
        await ana.finishes(work, "waiting")
        await ana.is_now("off")
        await her.calls()
        await story.passes(seconds=20)
        [*_, queued] = [d for d in await story.decisions(work["case"]) if d["what"] == "queued"]
        assert (await story.one_case())["ask"]["queue"] == "heating"
        assert "where the case stands already" in queued["reasons"][0]
        assert await phone.state() == "idle"


async def test_a_late_turn_hears_what_stands_now() -> None:
    """A turn of a call that is over changes nothing, and is still answered with words."""
    async with Story() as story:
        her = story.phone(HERS)
        sid = await her.calls()
        await story.passes(seconds=20)
        before = await story.one_case()
        path = f"/twilio/voice/greeting?call=call_{sid}&turn=1"
        fields = {"CallSid": sid, "From": HERS, "To": OURS, "Digits": "1", "Direction": "inbound"}
        again = await story.webhook(fields, path=path)
        assert again.status == 200
        assert (await story.one_case())["version"] == before["version"]


async def test_slow_speakers_and_relay_operators_are_never_cut_off() -> None:
    """S54: twelve seconds of silence at every prompt: she is asked again, stays in line, is understood, and on the
    call-back she is not taken for a machine even where the provider thinks so."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        for n in range(8):
            await story.passes(seconds=12)
            assert await her.state() == "in_call"
            await her.speaks(f"this is relay operator {n} go ahead")
        await story.passes(seconds=3)
        assert (await story.one_case())["ask"] is not None
        said = [e["text"] for e in await story.timeline(await her.case(), "call") if e["text"]]
        assert said == [f"this is relay operator {n} go ahead" for n in range(8)]
        await story.passes(seconds=12)
        await her.presses("1")
        await story.passes(seconds=12)
        await her.behaves(on_ring="voicemail", after_s=2)
        ana = await story.ready_agent("ana", phone=ANAS)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        for _ in range(40):
            await story.passes(seconds=1)
            if "press 1" in (await her.heard()).lower():
                break
        await her.presses("1")
        await story.passes(seconds=3)
        assert HERS in await phone.talks_with()


async def test_slow_answers_to_what_we_ask_are_taken() -> None:
    """S54: ten seconds and more of silence where she is to speak, to type a code, to say or type a number, or a time:
    each answer is still that, and no choice of those in line."""
    async with Story() as story:
        her, him = story.phone(HERS), story.phone(HIS)
        await her.calls(caller="anonymous")
        await story.passes(seconds=20)
        await her.presses("2")
        await story.passes(seconds=15)
        await her.speaks("this is relay operator 7 the heating is cold")
        await story.passes(seconds=2)
        assert "You will not need to say it again" in await her.heard()
        await story.passes(seconds=30)
        await her.presses("8")
        await story.passes(seconds=15)
        await her.presses("12345678#")
        await story.passes(seconds=3)
        assert "No device shows that code" in await her.heard()
        await story.passes(seconds=10)
        await her.presses("1")
        await story.passes(seconds=16)
        await her.speaks("one moment, she is looking for it")
        await story.passes(seconds=15)
        assert (await her.heard()).count("On which number") == 2, "words that are none are asked again"
        await her.speaks("the number is 212 555 0142")
        await story.passes(seconds=12)
        assert (await her.state(), len((await story.one_case())["promises"])) == ("idle", 1)
        await him.calls()
        await story.passes(seconds=20)
        await him.presses("4")
        await story.passes(seconds=16)
        await him.presses("1630#")
        await story.passes(seconds=2)
        assert "We call you today between 4:30 PM" in await him.heard()


async def test_in_line_too_language_is_given_up_only_with_her_yes(tmp_path: Path) -> None:
    """S55 on the phone: she is asked in German, in line, twice at the most; 1 is a yes, and silence is none."""
    async with Story(policies=policies_with(tmp_path / "p", routing=GERMAN)) as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("Ana", phone=ANAS, languages=["en"], capacity={"message": 0})
        await her.texts("Guten Tag, meine Heizung ist kalt und ich brauche bitte Hilfe")
        await her.calls()
        await story.passes(minutes=9)
        assert "Antworten Sie" not in await her.heard()
        await story.passes(minutes=2)
        heard = await her.heard()
        assert heard.count("Deutsch") == 2, "once more, for whoever is relayed"
        assert await ana.offers() == []
        await story.passes(minutes=5)
        assert (await her.heard()).count("Deutsch") == 2
        assert await ana.offers() == []


async def test_whoever_required_a_language_is_asked_and_called_in_it(tmp_path: Path) -> None:
    """S55: her call to the German number requires German; whichever number she calls next, what may be given up is
    asked in German, and the call that she is promised begins in German."""
    number = '"+14155550101": {brand: onecase, language: %s}'
    policies = policies_with(tmp_path / "p", routing=GERMAN, numbers={number % "en": number % "de"})
    async with Story(policies=policies) as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("Ana", phone=ANAS, languages=["en"], capacity={"message": 0})
        await her.calls(to=OURS_TOO)
        await story.passes(seconds=30)
        await her.presses("1")
        await story.passes(seconds=10)
        await her.calls()
        await story.passes(minutes=12)
        heard = await her.heard()
        assert "Gerade ist niemand frei, der Deutsch spricht." in heard
        assert "Englisch will" not in heard and "in Englisch" not in heard
        assert await ana.offers() == []
        await her.hangs_up()
        await story.passes(seconds=5)
        gus, phone = await story.ready_agent("Gus", phone=BENS, languages=["de"]), story.phone(BENS)
        await gus.accepts()
        await story.passes(seconds=3)
        await phone.picks_up()
        await story.passes(seconds=3)
        await phone.presses("1")
        await story.passes(seconds=3)
        await her.picks_up()
        await story.passes(seconds=3)
        assert "Jemand von uns ist für Sie in der Leitung." in await her.heard()


async def test_in_line_she_says_yes_to_another_language(tmp_path: Path) -> None:
    """S55: the key is her yes; the agent who speaks English is offered her, at her place."""
    async with Story(policies=policies_with(tmp_path / "p", routing=GERMAN)) as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("Ana", phone=ANAS, languages=["en"], capacity={"message": 0})
        await her.texts("Guten Tag, meine Heizung ist kalt und ich brauche bitte Hilfe")
        await her.calls()
        for _ in range(200):
            await story.passes(seconds=4)
            if "Deutsch" in await her.heard():
                break
        place_at = (await story.one_case())["ask"]["place_at"]
        await her.presses("1")
        await story.passes(seconds=2)
        offer = await ana.offered()
        assert offer["place_at"] == place_at


@pytest.mark.parametrize("after_s", [11, 30])
async def test_a_spoken_yes_that_comes_late_is_a_yes(tmp_path: Path, after_s: int) -> None:
    """S54, S55: somebody speaks for her: the yes comes after eleven seconds of silence, or when she is in line again."""
    async with Story(policies=policies_with(tmp_path / "p", routing=GERMAN)) as story:
        her = story.phone(HERS)
        ana = await story.ready_agent("Ana", phone=ANAS, languages=["en"], capacity={"message": 0})
        await her.texts("Guten Tag, meine Heizung ist kalt und ich brauche bitte Hilfe")
        await her.calls()
        for _ in range(800):
            await story.passes(seconds=1)
            if "Deutsch" in await her.heard():
                break
        await story.passes(seconds=after_s)
        await her.speaks("ja, Englisch ist in Ordnung")
        await story.passes(seconds=2)
        assert (await ana.offered())["channel"] == "phone"


@pytest.mark.parametrize(
    ("words", "is_person"), [("Relay operator two, go ahead", True), ("please leave a message after the tone", False)]
)
async def test_whoever_sounds_like_a_machine_may_speak(words: str, is_person: bool) -> None:
    """S54: a relay operator answers our call and is taken for a machine: what they say after twelve seconds lets the
    agent in; what machines say does not."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await ana.api("POST", "/cases", {"address": HERS, "channel": "phone"})
        await her.behaves(on_ring="voicemail", after_s=2)
        await story.settles()
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        for _ in range(40):
            await story.passes(seconds=1)
            if "press 1" in (await her.heard()).lower():
                break
        await story.passes(seconds=14)
        await her.speaks(words)
        await story.passes(seconds=3)
        assert (HERS in await phone.talks_with()) is is_person


async def test_nobody_overtakes_in_line_on_the_phone() -> None:
    """S29: three callers wait; each freed agent gets the one who came first."""
    async with Story() as story:
        callers = [story.phone(f"+1212555030{n}") for n in range(3)]
        for caller in callers:
            await caller.calls()
            await story.passes(seconds=15)
        places = []
        for n in range(3):
            agent = await story.ready_agent(f"agent {n}", phone=f"+1415555040{n}")
            offer = await agent.offered()
            places.append(offer["case"])
        assert places == [await caller.case() for caller in callers]


async def test_a_call_ended_and_notes_unfinished() -> None:
    """S51: five wait, and no offer comes until finish; the waiters keep their places."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await connected(story, her, ana, phone)
        waiting = [story.phone(f"+1212555030{n}") for n in range(5)]
        for caller in waiting:
            await caller.calls()
            await story.passes(seconds=1)
        await story.passes(seconds=20)
        await her.hangs_up()
        await story.passes(minutes=2)
        assert await ana.offers() == []
        [work] = await ana.work()
        assert work["state"] == "wrapping"
        await ana.finishes(work)
        offer = await ana.offered()
        assert offer["case"] == await waiting[0].case()
