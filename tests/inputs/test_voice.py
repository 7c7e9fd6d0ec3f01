"""Odd calls and the right outcome: rows 1 to 10, and what a caller can never do."""

import xml.etree.ElementTree as ET

import pytest
from structlog.testing import capture_logs

from tests.story import HERS, OURS, Answered, Story

CALL = "CA" + "7" * 32


def arriving(**more: str) -> dict[str, str]:
    return {"CallSid": CALL, "From": HERS, "To": OURS, "CallStatus": "ringing", "Direction": "inbound", **more}


async def rings(story: Story, **more: str) -> Answered:
    return await story.webhook(arriving(**more), path="/twilio/voice")


async def goes_on(story: Story, answer: Answered, **heard: str) -> Answered:
    """Answer what was asked: the next document of the call."""
    root = ET.fromstring(answer.body)
    action = next(element.get("action") or "" for element in root if element.tag in ("Gather", "Dial"))
    path = action.removeprefix(story.service)
    return await story.webhook(arriving(CallStatus="in-progress", **heard), path=path)


def spoken(answer: Answered) -> str:
    assert answer.status == 200, answer.body
    return " ".join(element.text or "" for element in ET.fromstring(answer.body).iter("Say"))


async def in_line(story: Story, **more: str) -> Answered:
    """A call that has said nothing and hears its choices."""
    answer = await goes_on(story, await rings(story, **more))
    return await goes_on(story, answer)


@pytest.mark.parametrize("shown", ["", "anonymous", "+266696687", "Restricted"])
async def test_row1_a_withheld_number_is_served_and_belongs_to_nobody(shown: str) -> None:
    """Row 1: the call is served, two of them are two people, and a call-back asks for a number."""
    async with Story() as story:
        answer = await in_line(story, From=shown)
        assert "which number" in spoken(await goes_on(story, answer, Digits="1"))
        await rings(story, From=shown, CallSid="CA" + "8" * 32)
        customers = {case["customer"] for case in await story.cases()}
        assert len(customers) == 2


@pytest.mark.parametrize("shown", ["sip:ana@pbx.example", "client:browser-7"])
async def test_row2_a_sip_address_is_kept_as_it_is(shown: str) -> None:
    """Row 2: not read as a phone number, and shown as given."""
    async with Story() as story:
        assert "onecase" in spoken(await rings(story, From=shown))
        [contact] = (await story.one_case())["contacts"]
        assert contact["address"] == shown


@pytest.mark.parametrize("keys", ["12#*", "9" * 200, "7"])
async def test_row3_keys_that_are_no_choice(keys: str) -> None:
    """Row 3: asked again at most twice, then left in line for a person, never cut off."""
    async with Story() as story:
        answer = await in_line(story)
        for _ in range(2):
            answer = await goes_on(story, answer, Digits=keys)
            assert "did not get that" in spoken(answer)
        answer = await goes_on(story, answer, Digits=keys)
        assert "did not get that" not in spoken(answer)
        assert (await story.one_case())["ask"] is not None


@pytest.mark.parametrize("keys", ["7", "12#*"])
async def test_row3_a_pause_is_no_new_beginning(keys: str) -> None:
    """Row 3: whoever pauses between keys that are no choice hears "Sorry" twice at the most, then that they may stay;
    what they do say is an answer, and the next question is a new one."""
    async with Story() as story:
        answer, heard = await in_line(story), ""
        for _ in range(5):
            answer = await goes_on(story, answer, Digits=keys)
            heard += spoken(answer)
            answer = await goes_on(story, answer)
            assert "did not get that" not in spoken(answer), "a pause is no answer that was none"
            assert "Please stay on the line" not in spoken(answer)
        assert heard.count("did not get that") == 2
        assert heard.count("Please stay on the line") == 3
        answer = await goes_on(story, answer, SpeechResult="my boiler is cold")
        assert "did not get that" in spoken(await goes_on(story, answer, Digits=keys))


async def test_row3_words_that_are_no_time() -> None:
    """Row 3: at the question when to call, too: twice, and then in line."""
    async with Story() as story:
        answer = await goes_on(story, await in_line(story), Digits="4")
        for _ in range(2):
            answer = await goes_on(story, answer, SpeechResult="some day, who knows")
            assert "did not get that" in spoken(answer)
            assert "When shall we call you" in spoken(answer)
        answer = await goes_on(story, answer, SpeechResult="some day, who knows")
        assert "Please stay on the line" in spoken(answer)
        answer = await goes_on(story, answer)
        assert "Please stay on the line" not in spoken(answer)
        assert "did not get that" in spoken(await goes_on(story, answer, Digits="7"))


async def test_row4_a_caller_who_hangs_up_at_once() -> None:
    """Row 4: the case shows that they called, left before anybody was there, and how long they had waited; nobody
    rings them."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=2)
        await her.hangs_up()
        case = await story.one_case()
        ended = [e for e in await story.timeline(case["id"], "call") if e["facts"].get("what") == "ended"]
        assert [e["facts"]["step"] for e in ended] == ["greeting"]
        assert [(e["facts"]["abandoned"], e["facts"]["waited"]) for e in ended] == [(True, 2)]
        assert "onecase_calls_abandoned_total 1.0" in (await story.ask("GET", "/metrics")).body.decode()
        await story.passes(hours=1)
        assert await her.state() == "idle"


async def test_row5_final_stays_final() -> None:
    """Row 5: 'completed' before 'ringing': the call is over and stays so."""
    async with Story() as story:
        answer = await rings(story)
        for state in ("completed", "ringing", "in-progress", "busy"):
            noted = await story.webhook(arriving(CallStatus=state), path="/twilio/status/call")
            assert noted.status == 204
        case = await story.one_case()
        ended = [e for e in await story.timeline(case["id"], "call") if e["facts"].get("what") == "ended"]
        assert [e["facts"]["how"] for e in ended] == ["completed"]
        assert b"<Hangup" in (await goes_on(story, answer)).body


@pytest.mark.parametrize("state", ["teleported", "", "COMPLETED", "x" * 5000])
async def test_row6_unknown_states_change_nothing(state: str) -> None:
    """Row 6: a word that the provider never had: nothing changes, it is counted, and the log has it as it came."""
    async with Story() as story:
        await rings(story)
        before = await story.one_case()
        with capture_logs() as logs:
            for _ in range(2):
                noted = await story.webhook(arriving(CallStatus=state, Extra="1"), path="/twilio/status/call")
        assert [one["word"] for one in logs if one["event"] == "call_state_unknown"] == [state[:40]]
        assert "onecase_call_states_unknown_total 2.0" in (await story.ask("GET", "/metrics")).body.decode()
        assert noted.status == 204
        assert (await story.one_case())["version"] == before["version"]


async def test_row7_another_account() -> None:
    """Row 7: nothing of it is kept."""
    async with Story() as story:
        assert (await rings(story, AccountSid="AC" + "9" * 32)).status == 403
        assert await story.cases() == []


@pytest.mark.parametrize("signature", ["", "AAAA", "é"])
async def test_row8_wrong_signature(signature: str) -> None:
    """Row 8: turned away, with nothing of the request in the answer. A flood of it is two lines of the log, the first
    at once and one with the count of the rest, with nothing of the request in them either."""
    async with Story() as story:
        with capture_logs() as logs:
            for _ in range(20):
                answer = await story.webhook(arriving(), path="/twilio/voice", signature=signature)
                assert answer.status == 403
                assert HERS.encode() not in answer.body
            told = [one for one in logs if one["event"] == "webhook refused"]
            assert [one["count"] for one in told] == [1]
            await story.passes(seconds=11)
        told = [one for one in logs if one["event"] == "webhook refused"]
        assert [one["count"] for one in told] == [1, 19]
        assert HERS not in str(logs)
        assert CALL not in str(told)
        assert await story.cases() == []


@pytest.mark.parametrize(
    "words", ["</Say><Dial>+19005550100</Dial>", "<script>alert(1)</script> \N{FIRE}", "cold " * 2000, "a\x00b"]
)
async def test_row9_speech_is_text_and_bounded(words: str) -> None:
    """Row 9, abuse 32: markup and emoji are kept as text, long words are cut, and none of it comes back as TwiML."""
    async with Story() as story:
        form = arriving(CallStatus="in-progress", SpeechResult=words)
        first = ET.fromstring((await rings(story)).body)
        path = (first[0].get("action") or "").removeprefix(story.service)
        answer = await story.webhook(form, path=path)
        assert answer.status == 200
        assert b"1900555" not in answer.body
        case = await story.one_case()
        [said] = [e["text"] for e in await story.timeline(case["id"], "call") if e["text"]]
        assert said == words.replace("\x00", "")[:5000].strip()


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("9005550100", "premium"),
        ("911", "emergency"),
        (OURS.removeprefix("+1"), "our own"),
        ("12", "too short"),
        ("0005550123", "nobody can have it"),
        ("212555CALL", "with letters"),
        ("+1 (212) FLOWERS", "with letters"),
    ],
)
async def test_row10_numbers_that_we_do_not_call(typed: str, why: str) -> None:
    """Row 10: refused with a spoken reason and another choice."""
    async with Story() as story:
        answer = await goes_on(story, await in_line(story, From="anonymous"), Digits="1")
        answer = await goes_on(story, answer, Digits=typed)
        assert "cannot call that number" in spoken(answer), why
        assert "which number" in spoken(answer)
        assert (await story.one_case())["promises"] == []
        answer = await goes_on(story, answer, Digits="2125550142")
        assert "We will call you" in spoken(answer)


async def test_row10_three_numbers_that_we_do_not_call_lead_back_into_line() -> None:
    """Row 10: nobody is asked for ever: they hear that they may stay, and are in line."""
    async with Story() as story:
        answer = await goes_on(story, await in_line(story, From="anonymous"), Digits="1")
        for _ in range(2):
            answer = await goes_on(story, answer, Digits="9005550100")
            assert "cannot call that number" in spoken(answer)
        answer = await goes_on(story, answer, Digits="9005550100")
        assert "Please stay on the line" in spoken(answer)
        assert "which number" not in spoken(answer)
        assert (await story.one_case())["ask"] is not None


async def test_abuse5_a_number_that_calls_hears_nothing_of_a_case() -> None:
    """Abuse 5: caller ID is a hint: what was said on the case, its reference and its state are not read out."""
    async with Story() as story:
        await story.phone(HERS).texts("my boiler at 5 Elm Street is cold")
        case = await story.one_case()
        said = spoken(await rings(story, StirVerstat="TN-Validation-Passed-C"))
        said += spoken(await goes_on(story, await rings(story, CallSid="CA" + "6" * 32)))
        assert "boiler" not in said
        assert case["ref"] not in said
        assert (await story.one_case())["contacts"][-1]["evidence"] == "weak"


@pytest.mark.fact("voice-5")
async def test_abuse5_only_full_attestation_is_strong() -> None:
    """A number that the provider vouches for fully, and that we know, is strong evidence; all else is weak."""
    async with Story() as story:
        await story.phone(HERS).texts("hello")
        for n, (vouched, evidence) in enumerate(
            [
                ("TN-Validation-Passed-A", "strong"),
                ("TN-Validation-Passed-A-Diverted", "weak"),
                ("TN-Validation-Passed-B", "weak"),
                ("TN-Validation-Failed-A", "weak"),
            ]
        ):
            await rings(story, CallSid=f"CA{n:032x}", StirVerstat=vouched)
            assert (await story.one_case())["contacts"][-1]["evidence"] == evidence


async def test_abuse16_a_replayed_request_an_hour_later() -> None:
    """Abuse 16: the same answer, word for word, and no second effect."""
    async with Story() as story:
        first = await rings(story)
        second = await goes_on(story, first, SpeechResult="it is cold")
        case = await story.one_case()
        await story.passes(hours=1)
        assert (await rings(story)).body == first.body
        assert (await goes_on(story, first, SpeechResult="it is cold")).body == second.body
        now = await story.one_case()
        assert [c["id"] for c in now["contacts"]] == [c["id"] for c in case["contacts"]]
        said = [e["text"] for e in await story.timeline(case["id"], "call") if e["text"]]
        assert said == ["it is cold"]


async def test_abuse22_one_promise_for_one_number() -> None:
    """Abuse 22: who asks for a call twice is promised one."""
    async with Story() as story:
        for n in range(3):
            sid = f"CA{n:032x}"
            answer = await rings(story, CallSid=sid)
            for keys in ("", "", "1"):
                root = ET.fromstring(answer.body)
                path = (root[0].get("action") or "").removeprefix(story.service)
                answer = await story.webhook(arriving(CallSid=sid, Digits=keys), path=path)
            assert "We will call you" in spoken(answer)
            await story.webhook(arriving(CallSid=sid, CallStatus="completed"), path="/twilio/status/call")
        assert len((await story.api("GET", "/promises"))["items"]) == 1


async def test_a_call_that_we_never_heard_of_is_let_go_kindly() -> None:
    """A turn of an unknown call, a turn that is no number, a step that is none."""
    async with Story() as story:
        for query in (f"?call=call_{CALL}&turn=4", "?turn=99999999999999999999", "", "?call=%00&turn=-1"):
            answer = await story.webhook(arriving(), path=f"/twilio/voice/waiting{query}")
            assert answer.status == 200
            assert b"<Hangup" in answer.body
        assert (await story.webhook(arriving(), path="/twilio/voice/nowhere")).status == 404
