"""Recordings and transcriptions: what is in them, who is told, and what is served."""

import base64
import io
import wave

import pytest
from multidict import CIMultiDict

from channels.sandbox.account import SANDBOX_SID, SANDBOX_TOKEN
from channels.wire import WireRequest
from tests.sandbox.stage import PHONE, TARGET
from tests.sandbox.voice_stage import ANA, BEN, CallBench

BOX = '<Record action="/done" {0}/><Say>We heard nothing.</Say>'


async def sound(calls: CallBench, url: str, *, is_known: bool = True) -> tuple[int, str, bytes]:
    basic = base64.b64encode(f"{SANDBOX_SID}:{SANDBOX_TOKEN}".encode()).decode()
    headers = CIMultiDict({"Authorization": f"Basic {basic}"} if is_known else {})
    answer = await calls.sandbox.handle(WireRequest("GET", url.removeprefix("http://127.0.0.1:8081"), headers))
    return answer.status, answer.content_type, answer.body


@pytest.mark.fact("record-1", "record-3")
async def test_what_is_said_is_recorded_until_silence(calls: CallBench):
    calls.service.routes["/twilio/voice"] = BOX.format('timeout="3" recordingStatusCallback="/ready"')
    sid = await calls.call_in()
    assert await calls.heard(PHONE, "record") == ["beep"]
    await calls.does("speak", text="please call me back")
    await calls.advance(6)
    (form,) = calls.service.asked("/done")
    assert form["RecordingDuration"] == "5" and form["Digits"] == "" and form["CallStatus"] == "in-progress"
    (ready,) = calls.service.asked("/ready")
    expected = {
        "CallSid": sid, "RecordingSid": form["RecordingSid"], "RecordingUrl": form["RecordingUrl"],
        "RecordingStatus": "completed", "RecordingDuration": "5", "RecordingSource": "RecordVerb", "RecordingChannels": "1",
    }  # fmt: skip
    assert expected.items() <= ready.items()


async def test_the_sound_is_as_long_as_the_recording(calls: CallBench):
    calls.service.routes["/twilio/voice"] = BOX.format("")
    await calls.call_in()
    await calls.does("speak", text="hello")
    await calls.advance(8)
    url = calls.service.asked("/done")[0]["RecordingUrl"]
    status, kind, body = await sound(calls, url)
    with wave.open(io.BytesIO(body)) as read:
        assert read.getnframes() / read.getframerate() == 6
    assert (status, kind) == (200, "audio/x-wav") and (await sound(calls, url + ".wav"))[2] == body
    status, kind, body = await sound(calls, url + ".mp3")
    assert (status, kind, body[:2]) == (200, "audio/mpeg", b"\xff\xfb")
    assert (await sound(calls, url, is_known=False))[0] == 401
    assert (await sound(calls, url + ".ogg"))[0] == (await sound(calls, url + "0"))[0] == 404


@pytest.mark.fact("record-2")
async def test_silence_is_no_recording(calls: CallBench):
    calls.service.routes["/twilio/voice"] = BOX.format(
        'recordingStatusCallback="/r" recordingStatusCallbackEvent="absent"'
    )
    await calls.call_in()
    await calls.advance(8)
    assert calls.service.asked("/done") == [] and "We heard nothing." in await calls.heard()
    assert calls.service.asked("/r")[0]["RecordingStatus"] == "absent"


@pytest.mark.fact("record-1")
@pytest.mark.parametrize(("attributes", "key", "digits"), [("", "#", "#"), ('finishOnKey="9"', "9", "9")])
async def test_a_key_ends_it(calls: CallBench, attributes: str, key: str, digits: str):
    calls.service.routes["/twilio/voice"] = BOX.format(attributes)
    await calls.call_in()
    await calls.does("speak", text="hello")
    await calls.does("press", digits=key)
    assert calls.service.asked("/done")[0]["Digits"] == digits


@pytest.mark.fact("record-1")
async def test_the_longest_length_ends_it(calls: CallBench):
    calls.service.routes["/twilio/voice"] = BOX.format('maxLength="4"')
    await calls.call_in()
    await calls.does("speak", text="x" * 1_000)
    await calls.advance(4)
    assert calls.service.asked("/done")[0]["RecordingDuration"] == "4"


@pytest.mark.fact("record-1", "record-4")
async def test_hanging_up_ends_it_and_is_told(calls: CallBench):
    calls.service.routes["/twilio/voice"] = BOX.format('transcribe="true" transcribeCallback="/words"')
    await calls.call_in()
    await calls.does("speak", text="it is me")
    await calls.advance(2)
    await calls.does("hang-up")
    (form,) = calls.service.asked("/done")
    assert (form["Digits"], form["CallStatus"], form["RecordingDuration"]) == ("hangup", "completed", "2")
    await calls.advance(3)
    (words,) = calls.service.asked("/words")
    expected = {
        "TranscriptionText": "it is me",
        "TranscriptionStatus": "completed",
        "RecordingSid": form["RecordingSid"],
    }
    assert expected.items() <= words.items() and words["From"] == PHONE
    (listed,) = (await calls.rest("GET", "/Transcriptions.json"))["transcriptions"]
    assert (listed["transcription_text"], listed["recording_sid"]) == ("it is me", form["RecordingSid"])


@pytest.mark.fact("record-5")
async def test_a_dialled_call_is_recorded(calls: CallBench):
    calls.service.routes["/twilio/voice"] = f'<Dial record="record-from-answer-dual" action="/after">{ANA}</Dial>'
    await calls.behave(ANA, on_ring="answer")
    sid = await calls.call_in()
    await calls.advance(10)
    await calls.does("speak", ANA, text="noted")
    await calls.does("hang-up", ANA)
    await calls.advance(1)
    (one,) = (await calls.rest("GET", f"/Calls/{sid}/Recordings.json"))["recordings"]
    assert (one["source"], one["channels"], one["status"], one["duration"]) == ("DialVerb", 2, "completed", "10")
    assert calls.service.asked("/after")[0]["RecordingUrl"].endswith(one["sid"])


@pytest.mark.fact("record-5")
async def test_a_conference_is_recorded_from_its_start(calls: CallBench):
    noun = '<Conference record="record-from-start" recordingStatusCallback="/r">c</Conference>'
    calls.service.routes["/twilio/voice"] = f"<Dial>{noun}</Dial>"
    await calls.on_the_phone(PHONE, ANA)
    await calls.advance(5)
    await calls.does("hang-up")
    await calls.does("hang-up", ANA)
    await calls.advance(1)
    (form,) = calls.service.asked("/r")
    assert (form["RecordingSource"], form["RecordingStatus"], form["RecordingDuration"]) == (
        "Conference",
        "completed",
        "6",
    )
    assert form["ConferenceSid"].startswith("CF") and "CallSid" not in form


async def test_a_recorded_call_says_so_at_its_end(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Pause length='5'/>"
    await calls.behave(on_ring="answer")
    await calls.call_out(Record="true", StatusCallback=f"{TARGET}/s", RecordingStatusCallback=f"{TARGET}/r")
    await calls.advance(10)
    form = calls.service.asked("/s")[-1]
    assert form["RecordingDuration"] == "5" and form["RecordingSid"] == calls.service.asked("/r")[0]["RecordingSid"]
    assert calls.service.asked("/r")[0]["RecordingSource"] == "OutboundAPI"


@pytest.mark.fact("record-6")
async def test_a_recording_is_begun_paused_and_stopped_over_the_api(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Pause length='600'/>"
    (sid,) = await calls.on_the_phone(PHONE)
    made = await calls.rest("POST", f"/Calls/{sid}/Recordings.json")
    assert (made["status_code"], made["status"], made["source"]) == (201, "in-progress", "StartCallRecordingAPI")
    path = f"/Calls/{sid}/Recordings/{made['sid']}.json"
    await calls.advance(2)
    assert (await calls.rest("POST", path, Status="paused"))["status"] == "paused"
    await calls.advance(10)
    assert (await calls.rest("POST", path, Status="in-progress"))["status"] == "in-progress"
    await calls.advance(3)
    assert (await calls.rest("POST", path, Status="stopped"))["duration"] == "5"
    await calls.advance(1)
    assert (await calls.rest("GET", path))["status"] == "completed"
    assert (await calls.rest("POST", path, Status="stopped"))["code"] == 21220
    assert (await calls.rest("DELETE", path))["status_code"] == 204
    assert (await calls.rest("GET", f"/Recordings/{made['sid']}.json"))["status_code"] == 404


async def test_the_recording_of_one_line_hears_what_that_line_hears(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Dial><Conference>case-1</Conference></Dial>"
    (hers,) = await calls.on_the_phone(PHONE)
    (anas,) = await calls.on_the_phone(ANA)
    made = await calls.rest("POST", f"/Calls/{hers}/Recordings.json")
    await calls.does("speak", text="it is cold")
    await calls.does("speak", ANA, text="we are coming")
    calls.service.routes["/twilio/voice"] = f'<Dial><Conference coach="{anas}">case-1</Conference></Dial>'
    await calls.on_the_phone(BEN)
    await calls.does("speak", BEN, text="say Thursday")
    recording = calls.sandbox._rest._network.recordings.get(made["sid"])  # pyright: ignore[reportPrivateUsage]
    assert recording is not None
    assert recording.words == [(PHONE, "it is cold"), (ANA, "we are coming")]
    await calls.does("hang-up")
    await calls.advance(1)
    assert (await calls.rest("GET", f"/Calls/{hers}/Recordings/{made['sid']}.json"))["status"] == "completed"
    assert (await calls.rest("POST", f"/Calls/{hers}/Recordings/{made['sid']}.json", Status="stopped"))["code"] == 21220


@pytest.mark.fact("record-3")
async def test_the_start_of_a_recording_is_told_too(calls: CallBench):
    calls.service.routes["/twilio/voice"] = "<Pause length='600'/>"
    (sid,) = await calls.on_the_phone(PHONE)
    wish = {"RecordingStatusCallback": f"{TARGET}/r", "RecordingStatusCallbackEvent": "in-progress completed absent"}
    await calls.rest("POST", f"/Calls/{sid}/Recordings.json", **wish)
    await calls.advance(3)
    await calls.does("hang-up")
    await calls.advance(1)
    assert [form["RecordingStatus"] for form in calls.service.asked("/r")] == ["in-progress", "completed"]
