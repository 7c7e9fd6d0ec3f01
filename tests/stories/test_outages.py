"""Outages: what was acknowledged is there afterwards, what came meanwhile is fetched, and nothing comes twice."""

import asyncio
import resource
from contextlib import suppress
from datetime import timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

from tests.story import AFTERNOON, HERS, OURS_TOO, Phone, RealStory, Story, World, instant


async def test_texts_of_an_outage_are_on_cases_with_their_true_times() -> None:
    """S48: the service is dead for 20 minutes and three texts come; when it is ready again all are on cases with the
    times at which they were sent, none twice, and their places are those times."""
    async with RealStory() as story:
        await story.phone("+12125550001").texts("before the outage")
        await story.is_killed()
        for n in range(3):
            await story.passes(minutes=5)
            await story.phone(f"+1212555000{n + 1}").texts(f"during the outage {n}")
        await story.passes(minutes=5)
        await story.starts()

        cases = [await story.case(await story.phone(f"+1212555000{n + 1}").case()) for n in range(3)]
        assert len(await story.cases()) == 3
        for n, case in enumerate(cases):
            entries = await story.timeline(case["id"], "message")
            assert entries[-1]["text"] == f"during the outage {n}"
            assert entries[-1]["facts"]["late"] is True
            assert instant(entries[-1]["at"]) == AFTERNOON + timedelta(minutes=5 * (n + 1))
        assert instant(cases[0]["ask"]["place_at"]) == AFTERNOON
        assert instant(cases[2]["ask"]["place_at"]) == AFTERNOON + timedelta(minutes=15)

        await story.passes(minutes=30)
        late = [w for w in await story.traffic("webhook", "/twilio/messages") if w["status"] == 200]
        assert len(late) == 1
        replayed = await story.webhook({**late[0]["fields"]})
        assert replayed.status == 200
        assert [len(await story.said(case["id"])) for case in cases] == [2, 1, 1]


async def test_pictures_of_an_outage_come_along() -> None:
    """S48: a late text keeps its files."""
    async with Story() as story:
        await story.stops()
        picture = {"content_type": "image/png", "base64": "iVBORw0KGgo="}
        await story.phone().texts("look", channel="whatsapp", media=[picture, picture])
        await story.starts()
        case = await story.one_case()
        [entry] = await story.timeline(case["id"], "message")
        assert [a["type"] for a in entry["attachments"]] == ["image/png", "image/png"]


async def test_calls_of_an_outage_are_on_cases_and_their_callers_have_a_way_on() -> None:
    """S48: two people call while the service is dead. The provider's document takes the words of one, the other hangs
    up; afterwards both are on cases with their true times, once, and somebody is asked to look after them."""
    async with RealStory() as story:
        await story.is_killed()
        speaker, other = story.phone("+12125550001"), story.phone("+12125550002")
        await story.passes(minutes=5)
        await speaker.calls()
        await story.passes(seconds=10)
        assert "restarting" in await speaker.heard()
        await speaker.speaks("my boiler is cold")
        await speaker.hangs_up()
        await story.passes(minutes=5)
        await other.calls()
        await other.hangs_up()
        await story.passes(minutes=10)
        await story.starts()
        phones = {5: speaker, 10: other}
        cases = [await story.case(await phone.case()) for phone in phones.values()]
        for case, minutes in zip(cases, (5, 10), strict=True):
            assert case["ask"] is not None
            first = (await story.timeline(case["id"], "call"))[0]
            assert first["facts"]["late"] is True
            assert abs(instant(first["at"]) - AFTERNOON - timedelta(minutes=minutes)) < timedelta(minutes=1)
            rows = await story.timeline(case["id"], "call")
            [ended] = [row for row in rows if row["facts"].get("what") == "ended"]
            listed = (await story.rest("/Calls.json"))["calls"]
            [lasted] = [int(one["duration"]) for one in listed if one["from"] == phones[minutes].number]
            assert ended["facts"]["how"] == "missed"
            assert ended["facts"].get("seconds") == (lasted or None), "as long as the provider says, or nothing said"
            assert (instant(ended["at"]) - instant(first["at"])).total_seconds() == pytest.approx(lasted, abs=1)
        [recording] = [a for e in await story.timeline(cases[0]["id"], "call") for a in e["attachments"]]
        assert recording["type"] == "audio/wav"
        heard = await story.ask("GET", recording["url"])
        assert (heard.status, heard.body[:4]) == (200, b"RIFF")
        await story.passes(minutes=30)
        assert len(await story.cases()) == 2


async def test_an_agent_whom_the_outage_caught_in_the_whisper_hears_words_for_agents() -> None:
    """Their phone was ringing, or they hear the whisper, when we go away: they are told that this call ends, and are
    not asked what it is about, nor recorded. The caller is at their place afterwards."""
    async with Story() as story:
        her, phone = story.phone(), story.phone("+14155550201")
        ana = await story.ready_agent("Ana", phone="+14155550201")
        await her.calls()
        await story.passes(seconds=20)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=1)
        await story.stops()
        await story.passes(seconds=30)
        heard = await phone.heard()
        assert "this call from us ends here" in heard and "after the tone" not in heard
        assert await phone.state() == "idle"
        await story.starts()
        await story.passes(seconds=10)
        case = await story.one_case()
        assert case["ask"] is not None
        assert (await ana.me())["state"] == "ready", "it was not they who did not answer"
        assert all(one["kind"] != "record" for one in (await phone.now())["call"]["heard"])


async def test_words_of_a_caller_whom_the_outage_caught_on_the_line_are_looked_after() -> None:
    """We greeted her and went away; she speaks to the provider's document and hangs up, and nobody tells us so. Her
    words stand in line at once, and stay there when we learn that she has gone."""
    async with Story() as story:
        her = story.phone()
        await her.calls()
        await story.stops()
        await story.passes(seconds=20)
        assert "restarting" in await her.heard()
        await her.speaks("my boiler is cold")
        await her.hangs_up()
        await story.passes(seconds=30)
        await story.starts()
        assert instant((await story.one_case())["ask"]["place_at"]) <= AFTERNOON, "the share she has waited goes along"
        await story.passes(minutes=10)
        ana = await story.ready_agent("ana")
        offer = await ana.offered()
        assert offer["channel"] == "sms", "she is answered in writing"


async def test_a_caller_in_line_whom_we_lost_is_work_again() -> None:
    """Nobody is free, she waits, and the service dies; the provider's own document hears nothing and ends the call. She
    did not hang up: when the service is ready again she is work, at the place of her call, and the call is over since
    the provider says so."""
    async with RealStory() as story:
        her = story.phone()
        await her.calls()
        await story.passes(seconds=20)
        assert "Nobody could take" in await her.heard() or "Press 1" in await her.heard()
        await story.is_killed()
        await story.passes(seconds=90)
        assert "restarting" in await her.heard()
        assert await her.state() == "idle", "the provider ended the call"
        await story.passes(minutes=4)
        await story.starts()
        await story.settles()
        case = await story.one_case()
        assert (await story.api("GET", f"/cases/{case['id']}/calls"))["items"] == [], "nobody is on the line"
        assert case["ask"] is not None, "somebody looks after her"
        assert instant(case["ask"]["place_at"]) <= AFTERNOON
        await _ended_as_the_provider_says(story, case["id"], how="lost")
        assert "hung up" not in str(await story.timeline(case["id"]))
        ana = await story.ready_agent("ana", phone="+14155550201")
        assert (await ana.offered())["case"] == case["id"]


async def test_a_caller_whom_we_lost_in_the_greeting_is_work() -> None:
    """The service goes before she has said a word or stood in line, and she says nothing to the provider's document."""
    async with Story() as story:
        her = story.phone()
        await her.calls()
        await story.passes(seconds=1.5)
        await story.stops()
        await story.passes(minutes=2)
        assert await her.state() == "idle"
        await story.starts()
        await story.settles()
        case = await story.one_case()
        assert (case["status"], case["ask"] is None) == ("open", False)
        await _ended_as_the_provider_says(story, case["id"], how="lost")
        await story.passes(minutes=10)
        ana = await story.ready_agent("ana")
        assert (await ana.offered())["channel"] == "sms", "she is answered in writing"


async def test_a_caller_whom_we_lost_after_she_heard_that_we_ring_her_is_called() -> None:
    """Fully attested, long enough in line, and the sentence heard to its end: that it was we who went changes nothing."""
    async with Story() as story:
        her = story.phone()
        await her.calls(attestation="A")
        await story.passes(seconds=60)
        assert "hang up" in await her.heard()
        await story.stops()
        await story.passes(minutes=2)
        await story.starts()
        await story.settles()
        [promise] = (await story.one_case())["promises"]
        assert (promise["state"], promise["callback"]) == ("open", "scheduled")


async def test_a_call_that_the_providers_document_ends_after_the_start_was_lost_as_well() -> None:
    """The service is back while she still hears the provider's document, and the provider lets us move no call: hers
    never comes back to us."""
    async with Story() as story:
        her = story.phone()
        await her.calls()
        await story.passes(seconds=20)
        await story.stops()
        while "restarting" not in await her.heard():
            await story.passes(seconds=1)
        await story.faults(error_rate=True)
        await story.starts()
        assert await her.state() == "in_call"
        assert len((await story.api("GET", f"/cases/{await her.case()}/calls"))["items"]) == 1
        await story.passes(seconds=60)
        assert await her.state() == "idle"
        await story.faults()
        case = await story.one_case()
        assert case["ask"] is not None
        await _ended_as_the_provider_says(story, case["id"], how="lost")


async def test_a_caller_whom_we_came_back_to_hangs_up_by_herself() -> None:
    """A start between two of her turns: she hears that we are back, stays in line, and her hang-up is one."""
    async with Story() as story:
        her = story.phone()
        await her.calls()
        await story.passes(seconds=20)
        await story.stops()
        await story.starts()
        await story.passes(seconds=30)
        assert "restarting" not in await her.heard()
        await her.hangs_up()
        case = await story.one_case()
        assert (case["ask"], case["status"]) == (None, "waiting_customer")


async def test_a_conversation_that_ended_during_the_outage_ended_when_it_did() -> None:
    """They talk on while the service is dead, and she hangs up then. At the start nobody is on the line any more, the
    call has the provider's end and length, and the agent has their notes to finish."""
    async with RealStory() as story:
        her, phone = story.phone(), story.phone("+14155550201")
        ana = await story.ready_agent("ana", phone=phone.number)
        await her.calls()
        await story.passes(seconds=15)
        await ana.accepts()
        await story.passes(seconds=3)
        await phone.picks_up()
        await story.passes(seconds=3)
        await phone.presses("1")
        await story.passes(seconds=20)
        assert await her.talks_with() == [phone.number]
        await story.is_killed()
        await story.passes(minutes=2)
        await her.hangs_up()
        await story.passes(minutes=10)
        await story.starts()
        await story.settles()
        case = await story.one_case()
        assert [c for c in await ana.legs(case["id"]) if c["role"] == "customer"] == []
        await _ended_as_the_provider_says(story, case["id"], how="completed")
        [work] = await ana.work()
        assert work["state"] == "wrapping"
        assert case["ask"] is None


async def _ended_as_the_provider_says(story: World, case: str, *, how: str) -> None:
    """The timeline's row of her line: how it ended, and when and how long by the provider's own log."""
    rows = [e for e in await story.timeline(case, "call") if e["facts"].get("who") == "customer"]
    [ended] = [e for e in rows if e["facts"].get("what") == "ended"]
    assert ended["facts"]["how"] == how
    listed = (await story.rest("/Calls.json"))["calls"]
    [call] = [one for one in listed if one["direction"] == "inbound"]
    end = parsedate_to_datetime(call["end_time"])
    assert abs(instant(ended["at"]) - end) <= timedelta(seconds=5)
    assert abs(ended["facts"]["seconds"] - int(call["duration"])) <= 5


async def test_words_of_an_earlier_call_take_nobody_off_the_line() -> None:
    """Cut off by the outage, she speaks to the provider's document and calls again. What she had said is fetched while
    she waits: she stays in line on the phone, and her words stay in line when she hangs up."""
    async with Story() as story:
        her, phone = story.phone(), story.phone("+14155550201")
        await her.calls()
        await story.stops()
        await story.passes(seconds=20)
        await her.speaks("my boiler is cold")
        await her.hangs_up()
        await story.starts()
        await her.calls(attestation="C")
        await story.passes(minutes=5)
        case = await story.one_case()
        assert [e["attachments"] for e in await story.timeline(case["id"], "call") if e["attachments"]], "it is fetched"
        ana = await story.ready_agent("ana", phone=phone.number)
        assert (await ana.offered())["channel"] == "phone"
        await ana.is_now("away")
        await her.hangs_up()
        await ana.is_now("ready")
        assert (await ana.offered())["channel"] == "sms"


async def test_a_provider_that_is_down_at_start_is_asked_again() -> None:
    """The service starts although the provider's log cannot be read, and fetches what it missed when it can."""
    async with Story() as story:
        await story.stops()
        await story.phone().texts("during the outage")
        await story.faults(error_rate=True)
        await story.starts()
        assert (await story.ask("GET", "/readyz")).status == 200
        assert await story.cases() == []
        await story.faults()
        await story.passes(minutes=5)
        case = await story.one_case()
        assert instant((await story.timeline(case["id"]))[0]["at"]) == AFTERNOON


async def test_what_came_while_the_service_was_getting_ready_waits_no_longer_than_seconds() -> None:
    """The log was read, and then a text came for which nobody was there yet: it is asked for again soon after."""
    async with Story() as story:
        await story.stops()
        await story.starts()
        await story.faults(provider_down=True)
        await story.phone().texts("just in between")
        await story.faults()
        await story.passes(seconds=15)
        assert await story.said((await story.one_case())["id"]) == ["just in between"]


@pytest.mark.parametrize(
    "point",
    [
        "webhook.before_answer:3",
        "relay.before_fold:2",
        "outbox.after_send:1",
    ],
)
async def test_a_service_killed_at_any_step_loses_nothing_acknowledged(point: str) -> None:
    """S45: the service is killed dead in the middle of a step while texts come and an agent answers; after the start
    everything that was acknowledged is there, everything the provider holds is on a case once, and an answer that was
    accepted arrives once."""
    async with RealStory() as story:
        await story.process_ends_at(point)
        phones = [story.phone(f"+1212555010{n}") for n in range(4)]
        acknowledged: list[str] = []
        answered = False
        try:
            ana = await story.ready_agent("Ana")
            for n, phone in enumerate(phones):
                await phone.texts(f"text {n}")
            offers = await ana.offers()
            await ana.accepts(offers[0])
            await ana.replies(offers[0]["case"], "an answer")
            answered = True
            await story.passes(minutes=3)
        except (aiohttp.ClientError, AssertionError):
            pass
        assert await story.dies() == -9
        acknowledged = [
            w["fields"]["Body"] for w in await story.traffic("webhook", "/twilio/messages") if w["status"] == 200
        ]
        for phone in phones:
            if not (await story.provider("GET", f"/phones/{phone.number}"))["sent"]:
                await phone.texts(f"text {phones.index(phone)}")

        await story.starts()
        await story.passes(minutes=6)
        said = [text for case in await story.cases() for text in await story.said(case["id"])]
        assert set(acknowledged) <= set(said)
        for n in range(4):
            assert said.count(f"text {n}") == 1
        got = [one["body"] for phone in phones for one in await phone.received()]
        if answered:
            assert said.count("an answer") == 1
            assert got.count("an answer") + (await _unknown(story)) == 1
        assert got.count("an answer") <= 1


async def _unknown(story: RealStory) -> int:
    """Messages of which nobody knows whether they went out; shown to ops, never sent twice."""
    return len((await story.api("GET", "/outbox?state=unknown"))["items"])


async def test_two_processes_share_one_clock() -> None:
    """The service follows the sandbox's clock: when an advance returns, everything that fell due on either side is done,
    in order; time stands still otherwise."""
    async with RealStory() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("E42")
        offer = await ana.offered()
        assert instant(offer["expires_at"]) == AFTERNOON + timedelta(seconds=30)
        await story.passes(seconds=29.999)
        assert await ana.offers() == [offer]
        await story.passes(seconds=0.001)
        assert await ana.offers() == []
        await story.passes(seconds=30)  # nobody else is there: it comes again
        work = await ana.accepts()
        await ana.replies(work["case"], "hello")
        assert await her.inbox() == ["hello"]
        steps = [e["at"] for e in await story.timeline(work["case"])]
        assert instant(steps[-1]) <= await story.now()
        ended = [d["at"] for d in await story.decisions(work["case"]) if d["what"] == "expired"]
        assert [instant(at) for at in ended] == [AFTERNOON + timedelta(seconds=30)]


async def test_what_fell_due_while_the_service_was_away_is_done_before_it_is_ready() -> None:
    """A message whose next attempt fell due during the outage goes out at the start, once."""
    async with RealStory() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("hello")
        work = await ana.accepts()
        await story.faults(throttle=True)
        await ana.replies(work["case"], "be patient")
        await story.is_killed()
        await story.faults()
        await story.passes(minutes=20)
        await story.starts()
        assert await her.inbox() == ["be patient"]


async def test_a_service_that_is_told_to_stop_leaves_nothing_undone() -> None:
    """SIGTERM: exit code 0, the folder is free, and the next start finds everything."""
    async with RealStory() as story:
        await story.phone(HERS).texts("hello")
        assert story.process is not None
        assert await story.process.stops() == 0
        await story.starts()
        assert (await story.one_case())["ledger"]["contacts"] == 1


def _little_room() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))


async def test_a_full_disk_stops_the_service_and_nothing_is_acknowledged_that_is_not_there() -> None:
    """The disk fills up while texts come in: from the first write that fails nothing is acknowledged, the service ends with
    a sentence; with room again, everything that was acknowledged is there."""
    async with RealStory() as story:
        assert story.process is not None
        await story.process.stops()
        story.before_start = _little_room
        await story.starts()
        taken: list[int] = []
        refused = 0
        for n in range(2000):
            fields = {"MessageSid": f"SM{n:032x}", "From": f"+1212{n:07d}", "To": "+14155550100", "Body": "x" * 1500}
            try:
                answer = await story.webhook(fields)
            except aiohttp.ClientError:
                break
            if answer.status == 200:
                assert not refused, "acknowledged after a write had failed"
                taken.append(n)
            else:
                assert answer.status == 503
                refused += 1
                if refused > 3:
                    break
        assert taken
        assert len(taken) < 2000
        assert await story.dies() == 1
        assert "Nothing that was acknowledged is lost" in story.process.errors
        assert "Traceback" not in story.process.errors

        story.before_start = None
        await story.starts()
        found = {c["id"] for c in await _all_cases(story)}
        assert len(found) >= len(taken)
        for n in taken:
            assert (await story.api("GET", f"/customers?q=%2B1212{n:07d}"))["items"]


async def test_a_full_disk_gives_out_no_token_that_is_gone_afterwards() -> None:
    """Tokens stand beside the log, under the same rule: one that could not be written was never given, and the first
    write that fails is the last one."""
    async with RealStory() as story:
        assert story.process is not None
        await story.process.stops()
        story.before_start = _little_room
        await story.starts()
        given: list[str] = []
        for _ in range(20_000):
            answer = await story.ask("POST", "/api/v1/tokens", body={"role": "ops"})
            if answer.status != 201:
                break
            given.append(answer.json["token"])
        assert given
        assert answer.status == 503
        with suppress(aiohttp.ClientError):  # it may be gone by then
            refused = await story.webhook({"MessageSid": "SM1", "From": HERS, "To": "+14155550100", "Body": "x"})
            assert refused.status == 503
        assert await story.dies() == 1
        story.before_start = None
        await story.starts()
        for token in (given[0], given[-1]):
            assert (await story.ask("GET", "/api/v1/cases", token=token)).status == 200


async def _all_cases(story: RealStory) -> list[dict[str, str]]:
    items, after = [], ""
    while True:
        page = await story.api("GET", f"/cases?limit=200{after}")
        items += page["items"]
        if page["next"] is None:
            return items
        after = f"&after={page['next']}"


async def test_a_second_service_on_the_same_folder_is_turned_away() -> None:
    """One folder, one process: the second one says so and touches nothing."""
    async with RealStory() as story:
        await story.phone(HERS).texts("hello")
        second = await story.another()
        await second.ends()
        assert second.code == 1
        assert "in use by another onecase process" in second.errors
        assert "Traceback" not in second.errors
        assert (await story.one_case())["ledger"]["contacts"] == 1
        await asyncio.sleep(0)


async def test_a_call_of_ours_that_was_answered_while_we_were_away_is_told_truly() -> None:
    """Her phone rings and the service dies; she answers, hears the provider's document and says something. At the start
    nobody claims that she was not reached, her words are on the case, and she is called again soon."""
    async with Story() as story:
        her, phone = story.phone(), story.phone("+14155550201")
        ana = await story.ready_agent("Ana", phone=phone.number)
        case = await ana.api("POST", "/cases", {"address": her.number, "channel": "phone"})
        await story.settles()
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=2)
        assert await her.state() == "ringing"
        await story.stops()
        await her.picks_up()
        await story.passes(seconds=15)
        heard = await her.heard()
        assert "restarting" in heard and "we call you again" in heard
        assert "how we can reach you" not in heard, "we have called them"
        await her.speaks("my boiler is cold")
        await story.passes(seconds=30)
        await story.starts()
        await story.settles()
        [call] = (await story.api("GET", "/callbacks"))["items"]
        assert [one["outcome"] for one in call["attempts"]] == ["lost"]
        rows = await story.timeline(case["id"], "call")
        [ended] = [one for one in rows if one["facts"].get("what") == "ended" and one["facts"]["who"] == "customer"]
        assert ended["facts"]["how"] == "lost" and ended["facts"]["seconds"] > 10
        assert "they answered while we were away; how it ended is not known" in str(rows)
        assert "not reached" not in str(rows)
        assert (await ana.me())["state"] == "ready"
        assert [one["attachments"] for one in rows if one["attachments"]], "what she said is kept"
        [work] = await ana.work()
        await ana.finishes(work, "not-reached")
        await story.passes(minutes=3)
        assert (await story.api("GET", "/callbacks"))["items"][0]["callback"] == "due"


async def test_an_agent_who_answered_while_we_were_away_is_not_set_away() -> None:
    """Their phone rings and the service dies; they answer, and the provider's document ends the call."""
    async with Story() as story:
        her, phone = story.phone(), story.phone("+14155550201")
        ana = await story.ready_agent("Ana", phone=phone.number)
        await her.calls()
        await story.passes(seconds=20)
        await ana.accepts()
        await story.passes(seconds=2)
        await story.stops()
        await phone.picks_up()
        await story.passes(seconds=30)
        assert "this call from us ends here" in await phone.heard()
        await story.starts()
        await story.passes(seconds=10)
        assert (await ana.me())["state"] == "ready"
        assert "their phone did not take it" not in str(await story.decisions((await story.one_case())["id"]))


async def test_whoever_is_in_line_at_an_ordered_stop_hears_of_it_and_is_called() -> None:
    """The number is surely hers and she waits: before we go she hears that we call her back, the call ends, and she is
    promised a call at her place. She never hears the provider's document."""
    async with Story() as story:
        her, phone = story.phone(), story.phone("+14155550201")
        await her.calls(attestation="A")
        await story.passes(seconds=22)
        place_at = (await story.one_case())["ask"]["place_at"]
        await story.stops_in_order()
        await story.passes(seconds=15)
        assert await her.state() == "idle"
        heard = await her.heard()
        assert "restarts in a moment" in heard and "we will call you back on this number" in heard
        assert "after the tone" not in heard
        await story.starts()
        await story.settles()
        [promise] = (await story.one_case())["promises"]
        assert (promise["state"], promise["callback"], promise["place_at"]) == ("open", "scheduled", place_at)
        ana = await story.ready_agent("Ana", phone=phone.number)
        assert (await ana.offered())["place_at"] == place_at
        assert "abandoned" not in str(await story.timeline((await story.one_case())["id"]))


async def test_whoever_cannot_be_called_is_told_to_come_back_to_their_place() -> None:
    """Nobody vouches for the number: nobody is called, she hears that she keeps her place, and somebody looks after
    her in writing meanwhile."""
    async with Story() as story:
        her = story.phone()
        await her.calls(attestation="C")
        await story.passes(seconds=22)
        place_at = (await story.one_case())["ask"]["place_at"]
        await story.stops_in_order()
        await story.passes(seconds=15)
        heard = await her.heard()
        assert "please call again in a few minutes" in heard and "call you back" not in heard
        await story.starts()
        await story.settles()
        case = await story.one_case()
        assert (case["promises"], case["ask"] is None) == ([], False)
        await her.calls(attestation="C")
        await story.passes(seconds=10)
        assert instant((await story.one_case())["ask"]["place_at"]) - instant(place_at) < timedelta(seconds=1)


async def test_whoever_is_on_hold_at_an_ordered_stop_is_with_their_agent_again() -> None:
    """They talk on while the service restarts."""
    async with Story() as story:
        her, phone = story.phone(), story.phone("+14155550201")
        ana = await story.ready_agent("ana", phone=phone.number)
        await her.calls()
        await story.passes(seconds=15)
        await ana.accepts()
        await story.passes(seconds=3)
        await phone.picks_up()
        await story.passes(seconds=3)
        await phone.presses("1")
        await story.passes(seconds=3)
        case = await story.one_case()
        [leg] = [one for one in await ana.legs(case["id"]) if one["role"] == "customer"]
        await ana.api("POST", f"/calls/{leg['id']}/hold", {})
        await story.passes(seconds=5)
        assert await her.talks_with() == []
        await story.stops_in_order()
        await story.passes(seconds=60)
        assert await her.talks_with() == [phone.number]
        assert "after the tone" not in await her.heard()
        await story.starts()
        await story.passes(seconds=20)
        assert await her.talks_with() == [phone.number]


async def test_an_ordered_stop_waits_for_no_provider_that_is_down() -> None:
    """Nobody can be told: the service stops all the same, and whoever was in line is promised a call."""
    async with Story() as story:
        her = story.phone()
        await her.calls(attestation="A")
        await story.passes(seconds=22)
        await story.faults(error_rate=True)
        await story.stops_in_order()
        await story.faults()
        await story.passes(minutes=2)
        assert "after the tone" in await her.heard()
        await story.starts()
        await story.settles()
        [promise] = (await story.one_case())["promises"]
        assert promise["callback"] == "scheduled"


async def test_whoever_hears_the_providers_document_is_taken_back_when_we_are_there() -> None:
    """The service dies while she waits, and is back before the provider's document ends: she is in line with us again,
    hears so, and is connected as anybody else."""
    async with Story() as story:
        her, phone = story.phone(), story.phone("+14155550201")
        await her.calls()
        await story.passes(seconds=20)
        place_at = (await story.one_case())["ask"]["place_at"]
        await story.stops()
        while "after the tone" not in await her.heard():
            await story.passes(seconds=1)
        await story.starts()
        for _ in range(60):
            if "We are back" in await her.heard() or await her.state() == "idle":
                break
            await story.passes(seconds=1)
        assert "We are back, and you have kept your place" in await her.heard()
        assert await her.state() == "in_call"
        ana = await story.ready_agent("ana", phone=phone.number)
        offer = await ana.offered()
        assert (offer["channel"], offer["place_at"]) == ("phone", place_at)
        await ana.accepts(offer)
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=3)
        assert await her.talks_with() == [phone.number]


async def _hears(story: World, phone: Phone, words: str, *, seconds: int = 40) -> str:
    """Time passes until somebody hears these words, or is off the line; all that they have heard."""
    for _ in range(seconds):
        if words in await phone.heard() or await phone.state() == "idle":
            break
        await story.passes(seconds=1)
    return await phone.heard()


@pytest.mark.parametrize("seconds", [1, 20], ids=["in the greeting", "in line"])
async def test_nobody_is_fetched_before_their_way_to_us_is_open(seconds: int) -> None:
    """The service dies, and is back while she hears the end of the provider's document, later than anything of ours
    lasts: she is fetched once her way to us is open, and not into a closed door and the same document again."""
    async with RealStory() as story:
        her = story.phone()
        await her.calls()
        await story.passes(seconds=seconds)
        await story.is_killed()
        await _hears(story, her, "We heard nothing", seconds=90)
        assert await her.state() == "in_call"
        await story.starts()
        await story.settles()
        heard = await _hears(story, her, "We are back")
        assert "We are back, and you have kept your place" in heard and heard.count("just restarting") == 1
        assert await her.state() == "in_call"
        turns = [one for one in await story.traffic("webhook") if one["status"] == 503]
        assert turns == [], "she came to us before we took anything"


async def test_whoever_calls_while_we_are_away_is_fetched_as_well() -> None:
    """The service is dead when she calls. It is back before the provider's document ends: her call is a case with the time
    of her call, she hears our greeting, what she had said by then is kept, and she is no missed call."""
    async with RealStory() as story:
        her, other = story.phone(), story.phone("+12125550007")
        await story.is_killed()
        called_at = await story.now()
        await her.calls()
        await story.passes(seconds=6)
        await other.calls()
        await _hears(story, her, "after the tone")
        await story.starts()
        await story.settles()
        for phone in (her, other):
            heard = await _hears(story, phone, "what it is about", seconds=12)
            assert "what it is about" in heard, heard
            assert await phone.state() == "in_call"
        case = await story.case(await her.case())
        [call] = (await story.api("GET", f"/cases/{case['id']}/calls"))["items"]
        assert abs(instant(call["started_at"]) - called_at) <= timedelta(seconds=1)
        await _hears(story, her, "Press 1", seconds=60)
        case = await story.case(case["id"])
        assert abs(instant(case["ask"]["place_at"]) - called_at) <= timedelta(seconds=1)
        ana, phone = await story.ready_agent("Ana", phone="+14155550201"), story.phone("+14155550201")
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=3)
        assert await her.talks_with() == [phone.number]
        assert len(await story.cases()) == 2


async def test_whoever_came_for_what_to_say_while_we_were_starting_is_fetched_at_once() -> None:
    """She presses a key in line at the moment at which we are there and not ready yet: she is turned away, and fetched as
    soon as we are, not when her words would have been over."""
    async with Story() as story:
        her = story.phone()
        await her.calls()
        await story.passes(seconds=20)
        assert story.running is not None
        node = story.running.node
        node.is_ready = node.dialler.is_served = False  # as in the last moments of a start
        node.means.since = node.clock.now()
        await her.presses("9")
        await _hears(story, her, "just restarting")
        node.is_ready = True
        await node.dialler.serve()
        assert "We are back" in await _hears(story, her, "We are back", seconds=2)


async def test_a_key_that_was_pressed_while_we_were_away_keeps_nobody_waiting_for_us() -> None:
    """She is in line and presses a key to nobody; the provider's document takes over and does not tell us. She is out of
    it within two seconds of the start, hears so, and may press again."""
    async with Story() as story:
        her = story.phone()
        await her.calls()
        await _hears(story, her, "Press 1", seconds=60)
        await story.passes(seconds=20)
        await story.stops()
        await her.presses("1")
        assert "just restarting" in await _hears(story, her, "just restarting")
        await story.starts()
        assert "We are back, and you have kept your place" in await _hears(story, her, "We are back", seconds=2)
        await _hears(story, her, "Press 1", seconds=20)
        await her.presses("1")
        await story.passes(seconds=2)
        assert len((await story.one_case())["promises"]) == 1


async def test_whoever_was_fetched_and_fell_into_the_document_again_is_fetched_again() -> None:
    """We fetch her, and the provider does not reach us at that moment: ten seconds later she is fetched once more."""
    async with Story() as story:
        her = story.phone()
        await her.calls()
        await story.passes(seconds=20)
        assert story.running is not None
        node = story.running.node
        node.is_ready = node.dialler.is_served = False
        node.means.since = node.clock.now()
        await her.presses("9")
        await _hears(story, her, "just restarting")
        await node.dialler.serve()
        await story.passes(seconds=1)
        assert (await her.heard()).count("just restarting") == 2, "the door was closed still"
        node.is_ready = True
        assert "We are back" in await _hears(story, her, "We are back", seconds=10)


async def test_words_that_the_fetching_broke_off_are_kept_and_calls_of_others_are_left_alone() -> None:
    """She speaks to the document when we are back: what she had said is on her case. The number that another service of
    the account answers is not ours, and whoever calls it is left where they are."""
    async with RealStory() as story:
        her, stranger = story.phone(), story.phone("+12125550009")
        numbers = (await story.rest("/IncomingPhoneNumbers.json"))["incoming_phone_numbers"]
        [theirs] = [one["sid"] for one in numbers if one["phone_number"] == OURS_TOO]
        await story.rest(f"/IncomingPhoneNumbers/{theirs}.json", VoiceUrl="http://127.0.0.1:9/voice")
        await story.is_killed()
        await stranger.calls(to=OURS_TOO)
        await her.calls()
        await _hears(story, her, "after the tone")
        await story.passes(seconds=8)
        await her.speaks("my boiler is cold")
        await story.starts()
        await story.settles()
        assert "what it is about" in await _hears(story, her, "what it is about", seconds=12)
        await story.passes(minutes=6)
        assert "what it is about" not in await stranger.heard()
        [recording] = [a for e in await story.timeline(await her.case(), "call") for a in e["attachments"]]
        assert recording["type"] == "audio/wav"


async def test_a_customer_whom_we_called_is_taken_out_of_the_providers_document_as_well() -> None:
    """Her phone rings with our call-back and the service dies; she answers and hears the provider's document. We are back
    before it ends: she hears who we are, is with the agent who waited, and the promise is kept by this one dial."""
    async with Story() as story:
        her, phone = story.phone(), story.phone("+14155550201")
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=10)
        ana = await story.ready_agent("Ana", phone=phone.number)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=2)
        assert await her.state() == "ringing"
        await story.stops()
        await her.picks_up()
        while "restarting" not in await her.heard():
            await story.passes(seconds=1)
        await story.starts()
        await story.passes(seconds=10)
        assert "One of us is on the line for you" in await her.heard()
        assert await her.talks_with() == [phone.number]
        [promise] = (await story.api("GET", "/promises"))["items"]
        assert (promise["state"], [one["outcome"] for one in promise["attempts"]]) == ("kept", ["answered"])
        assert len([one for one in (await her.now())["calls"] if one["direction"] == "outbound-api"]) <= 1
        await her.hangs_up()
        await story.settles()
        [work] = await ana.work()
        assert work["state"] == "wrapping"
