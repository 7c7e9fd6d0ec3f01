"""Calls from phones: what the service is asked, what the caller hears, and how it ends."""

import pytest
from twilio.request_validator import RequestValidator

from channels.sandbox.account import SANDBOX_TOKEN
from channels.wire import WireFailure, WireResponse
from tests.sandbox.stage import OURS, PHONE, TARGET
from tests.sandbox.voice_stage import OWN_URL, VOICE, CallBench

ASK_KEYS = '<Gather action="/keys" {0}><Say>Press one.</Say></Gather><Say>Nothing came.</Say>'
ASK_WORDS = (
    '<Gather action="/words" input="speech" speechTimeout="auto" {0}><Say>Speak.</Say></Gather><Say>Nothing.</Say>'
)


@pytest.mark.fact("voice-1", "voice-2")
async def test_the_first_request_has_the_common_fields(calls: CallBench):
    sid = await calls.call_in()
    (form,) = calls.service.asked("/twilio/voice")
    expected = {
        "CallSid": sid, "From": PHONE, "To": OURS, "Caller": PHONE, "Called": OURS, "CallStatus": "ringing",
        "Direction": "inbound", "ApiVersion": "2010-04-01", "FromCity": "", "ToCountry": "US",
    }  # fmt: skip
    assert expected.items() <= form.items() and "StirVerstat" not in form and "ParentCallSid" not in form


@pytest.mark.fact("voice-4")
@pytest.mark.parametrize(
    ("attestation", "expected"),
    [
        ("A", "TN-Validation-Passed-A"),
        ("B", "TN-Validation-Passed-B"),
        ("C", "TN-Validation-Passed-C"),
        ("A-diverted", "TN-Validation-Passed-A-Diverted"),
        ("C-passthrough", "TN-Validation-Passed-C-Passthrough"),
        ("failed", "TN-Validation-Failed"),
        ("failed-B", "TN-Validation-Failed-B"),
        ("failed-A-diverted", "TN-Validation-Failed-A-Diverted"),
        ("unvalidated", "No-TN-Validation"),
        ("none", None),
    ],
)
async def test_the_attestation_is_told(calls: CallBench, attestation: str, expected: str | None):
    await calls.call_in(attestation=attestation)
    assert calls.service.asked("/twilio/voice")[0].get("StirVerstat") == expected


@pytest.mark.fact("voice-6")
async def test_who_passed_a_call_on_is_told_with_every_request(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Redirect>/next</Redirect>"
    sid = await calls.call_in(forwarded_from="+14155550199")
    assert [calls.service.asked(one)[0]["ForwardedFrom"] for one in ("/twilio/voice", "/next")] == ["+14155550199"] * 2
    assert (await calls.leg(sid))["forwarded_from"] == "+14155550199"
    await calls.advance(5)
    other = await calls.call_in()
    assert "ForwardedFrom" not in calls.service.asked("/twilio/voice")[-1]
    assert (await calls.leg(other))["forwarded_from"] is None


@pytest.mark.fact("twiml-5")
async def test_what_is_too_long_to_say_is_cut(calls: CallBench):
    calls.service.routes["/twilio/voice"] = f"<Say>{'a' * 4_096}b</Say>"
    await calls.call_in()
    assert (await calls.heard())[1] == "a" * 4_096 and await calls.debugger() == [13520]


@pytest.mark.fact("voice-3")
@pytest.mark.parametrize("caller", ["anonymous", "+266696687", "sip:ann@example.com", "Restricted"])
async def test_the_caller_shows_what_it_wants(calls: CallBench, caller: str):
    await calls.call_in(caller=caller)
    assert calls.service.asked("/twilio/voice")[0]["From"] == caller


@pytest.mark.fact("voice-7")
@pytest.mark.parametrize("line", ["client:ana", "sip:ana@example.com"])
async def test_lines_without_numbers_call_too(calls: CallBench, line: str):
    await calls.call_in(line.replace(":", "%3A"))
    assert calls.service.asked("/twilio/voice")[0]["From"] == line


@pytest.mark.fact("twiml-4")
async def test_the_caller_hears_what_is_said_and_for_how_long(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Say>Hello, <break/> you.</Say><Play>/jingle.mp3</Play><Pause length='2'/>"
    sid = await calls.call_in()
    assert await calls.heard() == [OURS, "Hello, you."] and await calls.state() == "in_call"
    await calls.advance(1)  # 350 ms and 11 characters of 55 ms
    assert (await calls.heard())[2:] == [f"{TARGET}/jingle.mp3"]
    await calls.advance(4.9)
    assert await calls.state() == "in_call"
    await calls.advance(0.1)
    leg = await calls.leg(sid)
    assert (leg["status"], leg["duration"], leg["direction"]) == ("completed", "6", "inbound")
    assert (await calls.heard())[-1] == "completed" and await calls.state() == "idle"


@pytest.mark.fact("voice-9", "calls-5")
async def test_the_end_of_a_call_is_reported_to_the_number(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Say>x</Say><Pause length='60'/>"
    sid = await calls.call_in()
    await calls.advance(49)
    await calls.does("hang-up")
    (form,) = calls.service.asked("/twilio/status/call")
    expected = {"CallSid": sid, "CallStatus": "completed", "CallDuration": "49", "Duration": "1"}
    assert expected.items() <= form.items() and form["SipResponseCode"] == "200"
    assert form["Timestamp"].endswith("+0000") and form["CallbackSource"] == "call-progress-events"


@pytest.mark.fact("twiml-1", "twiml-2")
@pytest.mark.parametrize(
    ("verb", "status"),
    [
        ("<Reject reason='busy'/>", "busy"),
        ("<Reject/>", "no-answer"),
        ("<Hangup/>", "completed"),
        ("", "no-answer"),
    ],
)
async def test_how_a_call_ends_at_once(calls: CallBench, verb: str, status: str):
    calls.service.routes["/twilio/voice"] = verb
    sid = await calls.call_in()
    assert (await calls.leg(sid))["status"] == status and await calls.state() == "idle"


@pytest.mark.fact("twiml-2")
async def test_reject_must_come_first(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Say>x</Say><Reject/><Say>still here</Say>"
    await calls.call_in()
    await calls.advance(5)
    assert "still here" in await calls.heard() and await calls.debugger() == [12200]


@pytest.mark.fact("twiml-3")
async def test_a_pause_first_delays_the_answer(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Pause length='3'/><Say>x</Say>"
    await calls.call_in()
    assert await calls.state() == "ringing"
    assert (await calls.ask("POST", f"/phones/{PHONE}/press", {"digits": "1"}))["status_code"] == 409
    await calls.advance(3)
    assert await calls.state() == "in_call"


@pytest.mark.fact("twiml-7")
@pytest.mark.parametrize(
    ("attributes", "keys", "digits"),
    [
        ('numDigits="1"', "1", "1"),
        ('numDigits="1"', "42", "4"),
        ("", "123#", "123"),
        ('finishOnKey="*"', "1#*", "1#"),
        ('finishOnKey="" timeout="2"', "12#", "12#"),
        ('timeout="2"', "12", "12"),
        ('numDigits="3" timeout="2"', "12", "12"),
    ],
)
async def test_keys_are_gathered(calls: CallBench, attributes: str, keys: str, digits: str):
    calls.service.routes["/twilio/voice"] = ASK_KEYS.format(attributes)
    calls.service.routes["/keys"] = "<Say>Thanks.</Say>"
    await calls.call_in()
    await calls.does("press", digits=keys)
    await calls.advance(2)
    (form,) = calls.service.asked("/keys")
    assert form["Digits"] == digits and form["CallStatus"] == "in-progress"
    assert "Thanks." in await calls.heard() and "Nothing came." not in await calls.heard()


@pytest.mark.fact("twiml-8")
async def test_a_key_interrupts_the_prompt_and_comes_once(calls: CallBench):
    calls.service.routes["/twilio/voice"] = '<Gather numDigits="1" action="/keys"><Say>Long.</Say><Say>B</Say></Gather>'
    calls.service.routes["/keys"] = '<Pause length="9"/>'
    await calls.call_in()
    await calls.does("press", digits="1")
    await calls.does("press", digits="2")
    assert [one["Digits"] for one in calls.service.asked("/keys")] == ["1"]
    assert "B" not in await calls.heard()


@pytest.mark.fact("twiml-8", "twiml-9")
async def test_no_key_falls_through_after_the_prompt_and_the_timeout(calls: CallBench):
    calls.service.routes["/twilio/voice"] = ASK_KEYS.format('timeout="3"')
    await calls.call_in()
    await calls.advance(3.8)  # the prompt lasts 0.9 s
    assert "Nothing came." not in await calls.heard()
    await calls.advance(0.1)
    assert "Nothing came." in await calls.heard() and calls.service.asked("/keys") == []


@pytest.mark.fact("twiml-9")
async def test_an_empty_result_is_told_where_wanted(calls: CallBench):
    calls.service.routes["/twilio/voice"] = ASK_KEYS.format('actionOnEmptyResult="true"')
    await calls.call_in()
    await calls.advance(7)
    assert calls.service.asked("/keys")[0]["Digits"] == ""


@pytest.mark.fact("twiml-11")
async def test_keys_that_nobody_waits_for_are_gone(calls: CallBench):
    calls.service.routes["/twilio/voice"] = '<Say>First.</Say><Gather numDigits="1" action="/keys"/>'
    await calls.call_in()
    await calls.does("press", digits="1")
    await calls.advance(7)
    assert calls.service.asked("/keys") == []


@pytest.mark.fact("twiml-10")
async def test_words_are_understood(calls: CallBench):
    calls.service.routes["/twilio/voice"] = ASK_WORDS.format('language="en-GB" hints="boiler"')
    await calls.call_in()
    await calls.does("speak", text="my boiler is cold")
    await calls.advance(4)
    (form,) = calls.service.asked("/words")
    assert (form["SpeechResult"], form["Language"]) == ("my boiler is cold", "en-GB") and 0 < float(
        form["Confidence"]
    ) <= 1
    assert "Digits" not in form


async def test_words_are_kept_out_where_barging_in_is_not_allowed(calls: CallBench):
    calls.service.routes["/twilio/voice"] = ASK_WORDS.format('bargeIn="false"')
    await calls.call_in()
    await calls.does("speak", text="too early")
    await calls.advance(20)
    assert calls.service.asked("/words") == [] and "Nothing." in await calls.heard()


@pytest.mark.fact("twiml-10")
async def test_partial_words_are_told(calls: CallBench):
    calls.service.routes["/twilio/voice"] = ASK_WORDS.format('partialResultCallback="/partial"')
    await calls.call_in()
    await calls.does("speak", text="my")
    await calls.does("speak", text="boiler")
    assert [(one["UnstableSpeechResult"], one["SequenceNumber"]) for one in calls.service.asked("/partial")] == [
        ("my", "0"),
        ("my boiler", "1"),
    ]


async def test_either_keys_or_words(calls: CallBench):
    calls.service.routes["/twilio/voice"] = '<Gather input="dtmf speech" timeout="2" action="/x"/>'
    await calls.call_in()
    await calls.does("press", digits="7")
    await calls.does("speak", text="seven")
    await calls.advance(2)
    (form,) = calls.service.asked("/x")
    assert form["Digits"] == "7" and "SpeechResult" not in form


@pytest.mark.fact("twiml-12", "sign-2")
async def test_a_redirect_by_get_has_its_fields_in_the_query_and_is_signed(calls: CallBench):
    calls.service.routes["/twilio/voice"] = '<Redirect method="GET">next?a=b%20c</Redirect>'
    calls.service.routes["/twilio/next"] = "<Say>here</Say>"
    await calls.call_in()
    request = next(one for one in calls.service.got if one.method == "GET")
    assert request.url.startswith(f"{TARGET}/twilio/next?a=b%20c&CallSid=CA") and request.body == b""
    assert "Content-Type" not in request.headers and "here" in await calls.heard()
    assert RequestValidator(SANDBOX_TOKEN).validate(request.url, {}, request.headers["X-Twilio-Signature"])


async def test_a_loop_that_takes_no_time_is_stopped(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Redirect/>"
    await calls.call_in()
    assert len(calls.service.asked("/twilio/voice")) == 50
    assert "an application error has occurred" in (await calls.heard())[1]


@pytest.mark.fact("http-4", "http-9", "http-10", "http-11", "http-12")
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (WireResponse(500, b"", "text/xml"), 11200),
        (WireResponse(404, b"", "text/xml"), 11200),
        (WireFailure("no answer in 15 s", may_have_arrived=True), 11200),
        (WireFailure("no connection", may_have_arrived=False), 11205),
        (WireResponse(200, b"<Response><Say>", "text/xml"), 12100),
        (WireResponse(200, b"<response/>", "text/xml"), 12100),
        (WireResponse(200, b"<!DOCTYPE x [<!ENTITY a 'b'>]><Response><Say>&a;</Say></Response>", "text/xml"), 12100),
        (WireResponse(200, b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Response/>', "text/xml"), 12100),
        (WireResponse(200, b"<Response>" + b" " * 65_536 + b"</Response>", "text/xml"), 11750),
        (WireResponse(200, b"{}", "application/json"), 12300),
    ],
)
async def test_a_document_that_fails_is_looked_for_at_the_fallback(calls: CallBench, answer: object, code: int):
    calls.service.routes["/twilio/voice"] = answer  # pyright: ignore[reportArgumentType]
    calls.service.routes["/plan-b"] = "<Say>Plan B.</Say>"
    numbers = await calls.rest("GET", "/IncomingPhoneNumbers.json")
    pn = numbers["incoming_phone_numbers"][0]["sid"]
    await calls.rest("POST", f"/IncomingPhoneNumbers/{pn}.json", VoiceFallbackUrl=f"{TARGET}/plan-b")
    await calls.call_in()
    (form,) = calls.service.asked("/plan-b")
    assert (form["ErrorCode"], form["ErrorUrl"]) == (str(code), VOICE)
    assert "Plan B." in await calls.heard() and code in await calls.debugger()
    await calls.rest("POST", f"/IncomingPhoneNumbers/{pn}.json", VoiceFallbackUrl="")
    await calls.advance(60)
    await calls.call_in()
    assert "an application error has occurred" in (await calls.heard())[1]
    await calls.advance(60)
    assert await calls.state() == "idle"


async def test_while_the_service_is_away_the_sandbox_takes_the_words_down(calls: CallBench):
    calls.service.routes["/twilio/voice"] = WireFailure("no connection", may_have_arrived=False)
    sid = await calls.call_in()
    assert "restarting" in (await calls.heard())[1]
    await calls.advance(10)
    assert (await calls.heard())[-1] == "beep"
    await calls.does("speak", text="the heating is off again")
    await calls.advance(20)
    assert any("Thank you" in one for one in await calls.heard()) and await calls.state() == "idle"
    (recording,) = (await calls.rest("GET", f"/Calls/{sid}/Recordings.json"))["recordings"]
    assert (recording["source"], recording["status"]) == ("RecordVerb", "completed")
    assert all(OWN_URL not in one.url for one in calls.service.got)


@pytest.mark.fact("http-13")
@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        (WireResponse(200, b"Just words.", "text/plain"), "Just words."),
        (WireResponse(200, b"ID3...", "audio/mpeg"), VOICE),
    ],
)
async def test_words_and_sounds_are_documents_too(calls: CallBench, answer: WireResponse, heard: str):
    calls.service.routes["/twilio/voice"] = answer
    await calls.call_in()
    assert heard in await calls.heard()


@pytest.mark.fact("twiml-6")
@pytest.mark.parametrize(
    "verb", ["<say>x</say>", "<Dance/>", "<Enqueue>q</Enqueue>", "<Gather><Dial>1</Dial></Gather>"]
)
async def test_what_is_not_known_is_named_and_skipped(calls: CallBench, verb: str):
    calls.service.routes["/twilio/voice"] = f"{verb}<Say>on we go</Say>"
    await calls.call_in()
    await calls.advance(6)
    assert "on we go" in await calls.heard() and await calls.debugger() == [12200]


@pytest.mark.fact("voice-10")
async def test_a_caller_who_hangs_up_interrupts_everything(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Say loop='0'>again</Say>"
    sid = await calls.call_in()
    await calls.advance(10)
    await calls.does("hang-up")
    heard = await calls.heard()
    await calls.advance(60)
    assert (await calls.leg(sid))["status"] == "completed" and await calls.heard() == heard


async def test_a_phone_is_in_one_call(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Say>x</Say><Pause length='60'/>"
    await calls.call_in()
    again = await calls.ask("POST", f"/phones/{PHONE}/calls", {})
    assert again["status_code"] == 409 and "in another call" in again["detail"]
    sid = await calls.call_out()
    await calls.advance(1)
    assert (await calls.leg(sid))["status"] == "busy"


async def test_the_phone_keeps_its_calls(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Say>one</Say>"
    sid = await calls.call_in()
    await calls.advance(5)
    (call,) = (await calls.phone())["calls"]
    assert (call["sid"], call["direction"], call["status"]) == (sid, "inbound", "completed")
    assert call["started_at"] < call["ended_at"] and [one["kind"] for one in call["heard"]] == [
        "connected",
        "say",
        "ended",
    ]
