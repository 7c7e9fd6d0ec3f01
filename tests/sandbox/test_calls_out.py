"""Calls that the service orders, and those that its documents dial: how they ring, who answers, what is reported."""

import pytest

from channels.sandbox.voice.pacing import VoicePacing
from tests.sandbox.stage import OURS, PHONE, TARGET
from tests.sandbox.voice_stage import ANA, BEN, VOICE, CallBench, make_call_bench

STATUS = f"{TARGET}/status"
EVERY = ["initiated", "ringing", "answered", "completed"]
TALK = "<Say>Hello.</Say><Pause length='600'/>"


def progress(calls: CallBench, path: str = "/status") -> list[str]:
    return [form["CallStatus"] for form in calls.service.asked(path)]


@pytest.mark.fact("calls-2", "calls-5")
async def test_a_call_rings_is_answered_and_reported_in_order(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Say>Hello.</Say><Pause length='60'/>"
    sid = await calls.call_out(StatusCallback=STATUS, StatusCallbackEvent=EVERY)
    assert (await calls.leg(sid))["status"] == "queued"
    await calls.advance(1)
    assert await calls.state() == "ringing" and (await calls.leg(sid))["status"] == "ringing"
    await calls.does("pick-up")
    assert (await calls.leg(sid))["status"] == "in-progress" and await calls.heard() == [OURS, "Hello."]
    await calls.advance(70)
    forms = calls.service.asked("/status")
    assert [one["CallStatus"] for one in forms] == ["initiated", "ringing", "in-progress", "completed"]
    assert [one["SequenceNumber"] for one in forms] == ["0", "1", "2", "3"]
    assert all(one["CallbackSource"] == "call-progress-events" and one["Timestamp"] for one in forms)
    last = forms[-1]
    assert (last["CallDuration"], last["Duration"], last["SipResponseCode"]) == ("61", "2", "200")
    (asked,) = calls.service.asked("/twilio/voice")
    assert (asked["CallStatus"], asked["Direction"]) == ("in-progress", "outbound-api")


@pytest.mark.fact("calls-3")
async def test_only_the_end_is_reported_unless_said(calls: CallBench):
    await calls.on_the_phone()
    await calls.behave(on_ring="answer")
    await calls.call_out(StatusCallback=STATUS)
    await calls.advance(5)
    assert progress(calls) == ["completed"]


@pytest.mark.fact("calls-4")
@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        ({"on_ring": "busy"}, "busy", "486"),
        ({"on_ring": "ignore"}, "no-answer", "487"),
        ({"on_ring": "manual"}, "no-answer", "487"),
        ({"on_ring": "invalid"}, "failed", "404"),
        ({"on_ring": "answer", "after_s": 60}, "no-answer", "487"),
        ({"on_ring": "answer", "after_s": 3}, "completed", "200"),
        ({"on_ring": "voicemail", "after_s": 3}, "completed", "200"),
    ],
)
async def test_how_a_phone_meets_a_call(calls: CallBench, behaviour: dict[str, object], status: str, code: str):
    await calls.behave(PHONE, **behaviour)
    sid = await calls.call_out(Timeout="20", StatusCallback=STATUS)
    await calls.advance(40)
    assert (await calls.leg(sid))["status"] == status
    assert [(one["CallStatus"], one["SipResponseCode"]) for one in calls.service.asked("/status")] == [(status, code)]


@pytest.mark.fact("calls-6")
async def test_the_time_out_has_a_buffer(calls: CallBench):
    sid = await calls.call_out(Timeout="20")
    await calls.advance(25.2)  # it rings after 0.3 s
    assert (await calls.leg(sid))["status"] == "ringing"
    await calls.advance(0.1)
    assert (await calls.leg(sid))["status"] == "no-answer"


@pytest.mark.fact("calls-4")
async def test_declining_is_busy(calls: CallBench):
    sid = await calls.call_out()
    await calls.advance(1)
    await calls.does("hang-up")
    assert (await calls.leg(sid))["status"] == "busy"


@pytest.mark.fact("calls-7", "calls-9")
@pytest.mark.parametrize(
    ("mode", "on_ring", "expected", "after_s"),
    [
        ("Enable", "answer", "human", 2),
        ("DetectMessageEnd", "answer", "human", 2),
        ("Enable", "voicemail", "machine_start", 4),
        ("DetectMessageEnd", "voicemail", "machine_end_beep", 1.4),
    ],
)
async def test_who_answers_is_found_out_before_the_document(
    calls: CallBench, mode: str, on_ring: str, expected: str, after_s: float
):
    await calls.behave(on_ring=on_ring, says="Nobody in.")
    sid = await calls.call_out(MachineDetection=mode)
    await calls.advance(0.2 + after_s)
    assert calls.service.asked("/twilio/voice") == []
    await calls.advance(0.1)
    (form,) = calls.service.asked("/twilio/voice")
    assert (form["AnsweredBy"], form["MachineDetectionDuration"]) == (expected, str(round(after_s * 1000)))
    assert (await calls.leg(sid))["answered_by"] == expected


@pytest.mark.fact("calls-7")
async def test_who_answers_is_unknown_after_the_time_that_is_given():
    calls = make_call_bench(pacing=VoicePacing(human_ms=40_000))
    await calls.behave(on_ring="answer")
    sid = await calls.call_out(MachineDetection="Enable", MachineDetectionTimeout="5")
    await calls.advance(5.1)
    assert calls.service.asked("/twilio/voice") == []
    await calls.advance(0.3)
    (form,) = calls.service.asked("/twilio/voice")
    assert (form["AnsweredBy"], form["MachineDetectionDuration"]) == ("unknown", "5000")
    assert (await calls.leg(sid))["answered_by"] == "unknown"
    refused = await calls.rest("POST", "/Calls.json", To=PHONE, From=OURS, Url=VOICE, MachineDetectionTimeout="2")
    assert refused["status_code"] == 400


@pytest.mark.fact("calls-7")
async def test_who_answers_may_be_told_while_the_call_goes_on(calls: CallBench):
    calls.service.routes["/twilio/voice"] = TALK
    await calls.behave(on_ring="voicemail")
    more = {"AsyncAmd": "true", "AsyncAmdStatusCallback": f"{TARGET}/amd"}
    sid = await calls.call_out(MachineDetection="Enable", **more)
    await calls.advance(0.3)
    assert "AnsweredBy" not in calls.service.asked("/twilio/voice")[0]
    await calls.advance(4)
    (form,) = calls.service.asked("/amd")
    assert form.keys() == {"CallSid", "AccountSid", "AnsweredBy", "MachineDetectionDuration"}
    assert (form["CallSid"], form["AnsweredBy"]) == (sid, "machine_start")


@pytest.mark.fact("calls-8")
async def test_keys_are_sent_to_the_phone_instead_of_detection(calls: CallBench):
    await calls.behave(on_ring="answer")
    await calls.call_out(SendDigits="wW12#", MachineDetection="Enable")
    await calls.advance(2.1)
    assert "keys wW12#" in await calls.heard() and "AnsweredBy" not in calls.service.asked("/twilio/voice")[0]


@pytest.mark.fact("calls-12")
async def test_a_call_ends_at_its_time_limit(calls: CallBench):
    calls.service.routes["/twilio/voice"] = TALK
    await calls.behave(on_ring="answer")
    sid = await calls.call_out(TimeLimit="10")
    await calls.advance(11)
    leg = await calls.leg(sid)
    assert (leg["status"], leg["duration"]) == ("completed", "10")


@pytest.mark.fact("calls-10")
async def test_an_update_interrupts_the_verb_at_once(calls: CallBench):
    calls.service.routes["/twilio/voice"] = TALK
    (sid,) = await calls.on_the_phone(PHONE)
    calls.service.routes["/other"] = "<Say>Other.</Say>"
    changed = await calls.rest("POST", f"/Calls/{sid}.json", Url=f"{TARGET}/other")
    assert changed["status_code"] == 200
    await calls.advance()
    assert (await calls.heard())[-1] == "Other."
    await calls.rest("POST", f"/Calls/{sid}.json", Twiml="<Response><Say>Third.</Say></Response>")
    await calls.advance()
    assert (await calls.heard())[-1] == "Third."


@pytest.mark.fact("calls-10")
@pytest.mark.parametrize(
    ("after_s", "change", "expected"),
    [
        (0, {"Status": "canceled"}, "canceled"),
        (0, {"Status": "completed"}, "canceled"),
        (1, {"Status": "canceled"}, "canceled"),
        (5, {"Status": "completed"}, "completed"),
    ],
)
async def test_a_call_is_ended_over_the_api(calls: CallBench, after_s: int, change: dict[str, str], expected: str):
    calls.service.routes["/twilio/voice"] = TALK
    await calls.behave(on_ring="answer", after_s=3)
    sid = await calls.call_out(StatusCallback=STATUS)
    await calls.advance(after_s)
    assert (await calls.rest("POST", f"/Calls/{sid}.json", **change))["status"] == expected
    await calls.advance(60)
    assert progress(calls) == [expected] and await calls.state() == "idle"


@pytest.mark.fact("calls-11")
@pytest.mark.parametrize("change", [{"Url": VOICE}, {"Twiml": "<Response/>"}, {"Status": "completed"}])
async def test_what_is_over_cannot_be_changed(calls: CallBench, change: dict[str, str]):
    await calls.behave(on_ring="busy")
    sid = await calls.call_out()
    await calls.advance(5)
    answer = await calls.rest("POST", f"/Calls/{sid}.json", **change)
    assert (answer["status_code"], answer["code"]) == (400, 21220)


async def test_a_ringing_call_cannot_be_sent_elsewhere(calls: CallBench):
    sid = await calls.call_out()
    await calls.advance(1)
    assert (await calls.rest("POST", f"/Calls/{sid}.json", Url=VOICE))["code"] == 21220


async def test_a_persons_hello_and_a_script(calls: CallBench):
    calls.service.routes["/twilio/voice"] = (
        '<Gather numDigits="1" action="/keys"><Say>Press one to take it.</Say></Gather>'
    )
    calls.service.routes["/keys"] = "<Say>Taken.</Say><Pause length='60'/>"
    script = [
        {"on": "say", "contains": "Press one", "after_s": 1, "press": "1"},
        {"on": "say", "contains": "Taken", "after_s": 2, "hang_up": True},
    ]
    await calls.behave(on_ring="answer", says="Hello?", script=script)
    sid = await calls.call_out()
    await calls.advance(5)
    assert calls.service.asked("/keys")[0]["Digits"] == "1" and (await calls.leg(sid))["status"] == "completed"


@pytest.mark.fact("calls-17")
async def test_calls_go_one_a_second_where_paced():
    calls = make_call_bench(pacing=VoicePacing(calls_per_s=1))
    sids = [
        await calls.call_out(f"+1415555020{count}", StatusCallback=STATUS, StatusCallbackEvent=EVERY)
        for count in range(3)
    ]
    assert [(await calls.leg(one))["queue_time"] for one in sids] == ["0", "1000", "2000"]
    await calls.advance(1.5)
    assert [(await calls.leg(one))["status"] for one in sids] == ["ringing", "ringing", "queued"]
    await calls.sandbox.close()


@pytest.mark.fact("calls-17")
async def test_the_rate_of_calls_can_be_told(calls: CallBench):
    await calls.ask("PUT", "/faults", {"calls_per_s": 1})
    sids = [await calls.call_out(f"+1415555020{count}") for count in range(3)]
    assert [(await calls.leg(one))["queue_time"] for one in sids] == ["0", "1000", "2000"]
    await calls.advance(1.5)
    assert [(await calls.leg(one))["status"] for one in sids] == ["ringing", "ringing", "queued"]
    await calls.call_in("+14155550211")
    assert await calls.state("+14155550211") == "idle" and len(calls.service.asked("/twilio/voice")) == 1


DIAL = '<Dial action="/after" {0}>{1}</Dial><Say>not reached</Say>'


@pytest.mark.fact("twiml-13")
async def test_dial_puts_two_through(calls: CallBench):
    calls.service.routes["/twilio/voice"] = DIAL.format("", f"<Number>{ANA}</Number>")
    calls.service.routes["/after"] = "<Say>Back again.</Say>"
    await calls.behave(ANA, on_ring="answer", after_s=2)
    sid = await calls.call_in()
    await calls.advance(3)
    assert (await calls.company(), await calls.company(ANA)) == ([ANA], [PHONE])
    await calls.does("speak", text="hello Ana")
    await calls.does("speak", ANA, text="hello you")
    assert "hello Ana" in await calls.heard(ANA) and "hello you" in await calls.heard()
    assert (await calls.phone(ANA))["call"]["heard"][-1]["from"] == PHONE
    children = (await calls.rest("GET", f"/Calls.json?ParentCallSid={sid}"))["calls"]
    assert [(one["to"], one["from"], one["direction"]) for one in children] == [(ANA, PHONE, "outbound-dial")]
    await calls.advance(10)
    await calls.does("hang-up", ANA)
    (form,) = calls.service.asked("/after")
    expected = {
        "DialCallStatus": "completed", "DialCallSid": children[0]["sid"], "DialBridged": "true", "DialCallDuration": "11",
        "CallStatus": "in-progress",
    }  # fmt: skip
    assert expected.items() <= form.items() and (await calls.heard())[-1] == "Back again."
    assert await calls.company() == []


@pytest.mark.fact("twiml-13")
@pytest.mark.parametrize(
    ("on_ring", "status"), [("busy", "busy"), ("ignore", "no-answer"), ("invalid", "failed"), ("manual", "no-answer")]
)
async def test_dial_tells_why_nobody_came(calls: CallBench, on_ring: str, status: str):
    calls.service.routes["/twilio/voice"] = DIAL.format('timeout="10"', f"<Number>{ANA}</Number>")
    await calls.behave(ANA, on_ring=on_ring)
    await calls.call_in()
    await calls.advance(11)
    (form,) = calls.service.asked("/after")
    assert (form["DialCallStatus"], form["DialBridged"]) == (status, "false") and "DialCallDuration" not in form


@pytest.mark.fact("twiml-14")
async def test_without_an_action_the_document_goes_on(calls: CallBench):
    calls.service.routes["/twilio/voice"] = f'<Dial timeout="5">{ANA}</Dial><Say>Nobody came.</Say>'
    await calls.call_in()
    await calls.advance(6)
    assert "Nobody came." in await calls.heard()


@pytest.mark.fact("twiml-15")
async def test_the_first_to_answer_wins(calls: CallBench):
    nouns = f"<Number>{ANA}</Number><Client>ben</Client><Sip>sip:cid@example.com</Sip>"
    calls.service.routes["/twilio/voice"] = DIAL.format("", nouns)
    sid = await calls.call_in()
    await calls.advance(1)
    assert [await calls.state(one) for one in (ANA, "client:ben", "sip:cid@example.com")] == ["ringing"] * 3
    await calls.does("pick-up", "client:ben")
    children = (await calls.rest("GET", f"/Calls.json?ParentCallSid={sid}"))["calls"]
    assert [(one["to"], one["status"]) for one in children[::-1]] == [
        (ANA, "canceled"),
        ("client:ben", "in-progress"),
        ("sip:cid@example.com", "canceled"),
    ]
    assert await calls.company() == ["client:ben"]


@pytest.mark.fact("twiml-15")
async def test_one_after_the_other(calls: CallBench):
    calls.service.routes["/twilio/voice"] = DIAL.format(
        'sequential="true"', f"<Number>{ANA}</Number><Number>{BEN}</Number>"
    )
    await calls.behave(ANA, on_ring="busy")
    await calls.call_in()
    await calls.advance(1)
    assert [await calls.state(one) for one in (ANA, BEN)] == ["idle", "ringing"]


@pytest.mark.fact("twiml-16")
async def test_a_whisper_is_for_the_callee_alone(calls: CallBench):
    calls.service.routes["/twilio/voice"] = DIAL.format("", f'<Number url="/whisper">{ANA}</Number>')
    calls.service.routes["/whisper"] = (
        '<Gather numDigits="1" action="/taken"><Say>A case. Press 1.</Say></Gather><Hangup/>'
    )
    sid = await calls.call_in()
    await calls.advance(1)
    await calls.does("pick-up", ANA)
    assert "A case. Press 1." in await calls.heard(ANA) and "A case. Press 1." not in await calls.heard()
    assert calls.service.asked("/whisper")[0]["ParentCallSid"] == sid and await calls.company() == []
    await calls.does("press", ANA, digits="1")
    assert await calls.company() == [ANA]


async def test_a_voicemail_box_does_not_take_a_whispered_call(calls: CallBench):
    calls.service.routes["/twilio/voice"] = DIAL.format("", f'<Number url="/whisper">{ANA}</Number>')
    calls.service.routes["/whisper"] = '<Gather numDigits="1" action="/taken"><Say>Press 1.</Say></Gather><Hangup/>'
    await calls.behave(ANA, on_ring="voicemail")
    await calls.call_in()
    await calls.advance(20)
    assert calls.service.asked("/after")[0]["DialBridged"] == "false"


@pytest.mark.fact("twiml-17")
async def test_answer_on_bridge_keeps_ringing(calls: CallBench):
    calls.service.routes["/twilio/voice"] = DIAL.format('answerOnBridge="true"', f"<Number>{ANA}</Number>")
    sid = await calls.call_in()
    await calls.advance(4)
    assert (await calls.leg(sid))["status"] == "ringing"
    await calls.does("pick-up", ANA)
    assert (await calls.leg(sid))["status"] == "in-progress"


@pytest.mark.fact("twiml-18")
async def test_a_star_ends_the_other_leg(calls: CallBench):
    calls.service.routes["/twilio/voice"] = DIAL.format('hangupOnStar="true"', f"<Number>{ANA}</Number>")
    await calls.behave(ANA, on_ring="answer")
    await calls.call_in()
    await calls.advance(1)
    await calls.does("press", digits="*")
    assert await calls.state(ANA) == "idle" and len(calls.service.asked("/after")) == 1


async def test_a_caller_who_gives_up_cancels_the_ringing(calls: CallBench):
    noun = f'<Number statusCallback="/status" statusCallbackEvent="initiated ringing answered completed">{ANA}</Number>'
    calls.service.routes["/twilio/voice"] = DIAL.format("", noun)
    await calls.call_in()
    await calls.advance(2)
    await calls.does("hang-up")
    assert progress(calls) == ["initiated", "ringing", "canceled"] and await calls.state(ANA) == "idle"
    (form,) = calls.service.asked("/after")
    assert (form["DialCallStatus"], form["CallStatus"]) == ("canceled", "completed")


async def test_a_dialled_leg_can_be_sent_elsewhere(calls: CallBench):
    calls.service.routes["/twilio/voice"] = DIAL.format("", f"<Number>{ANA}</Number>")
    calls.service.routes["/apart"] = TALK
    await calls.behave(ANA, on_ring="answer")
    sid = await calls.call_in()
    await calls.advance(1)
    (child,) = (await calls.rest("GET", f"/Calls.json?ParentCallSid={sid}"))["calls"]
    await calls.rest("POST", f"/Calls/{child['sid']}.json", Url=f"{TARGET}/apart")
    await calls.advance()
    (form,) = calls.service.asked("/after")
    assert "DialCallDuration" not in form and await calls.state(ANA) == "in_call"
    assert (await calls.heard(ANA))[-1] == "Hello."


@pytest.mark.fact("twiml-19")
@pytest.mark.parametrize(
    ("attributes", "noun", "code"),
    [
        ("", "<Number>911</Number>", 13224),
        ("", "<Client>two words</Client>", 13224),
        ("", "<Sip>http://x</Sip>", 13224),
        ("", f"<Number>{OURS}</Number>", 13224),
        ('callerId="+14155550199"', f"<Number>{ANA}</Number>", 13214),
        ("", "<Queue>q</Queue>", 13221),
        ("", "<Conference></Conference>", 13221),
    ],
)
async def test_what_cannot_be_dialled_is_named(calls: CallBench, attributes: str, noun: str, code: int):
    calls.service.routes["/twilio/voice"] = f"<Dial {attributes}>{noun}</Dial><Say>on we go</Say>"
    await calls.call_in()
    await calls.advance(1)
    assert await calls.debugger() == [code] and "on we go" in await calls.heard()


@pytest.mark.fact("calls-18")
async def test_lost_and_late_reports(calls: CallBench):
    await calls.behave(on_ring="busy")
    await calls.ask("PUT", "/faults", {"lose_status": 1})
    await calls.call_out(StatusCallback=STATUS, StatusCallbackEvent=EVERY)
    await calls.advance(5)
    assert progress(calls) == []
    await calls.ask("PUT", "/faults", {"reorder": 1})
    await calls.call_out(StatusCallback=STATUS, StatusCallbackEvent=EVERY)
    await calls.ask("PUT", "/faults", {})
    await calls.advance(5)
    assert progress(calls) == ["ringing", "busy", "initiated"]


async def many_calls(count: int, duration_s: int) -> str:
    """What so many calls in a loop of prompts leave on the wire."""
    calls = make_call_bench()
    calls.service.routes["/twilio/voice"] = (
        '<Gather timeout="5" action="/keys"><Say>Please hold.</Say></Gather><Redirect/>'
    )
    for place in range(count):
        await calls.ask("POST", f"/phones/+1415556{place:04}/calls", {})
    await calls.advance(duration_s)
    seen = await calls.ask("GET", "/traffic")
    await calls.sandbox.close()
    assert len(seen["items"]) == count * (1 + duration_s * 1000 // 6_010)
    return str(seen)


async def test_five_hundred_calls_at_once():
    """Nothing polls: time that passes costs what happens in it."""
    await many_calls(500, 13)


async def test_many_calls_repeat_bit_for_bit():
    assert await many_calls(30, 60) == await many_calls(30, 60)
