"""The real SDK places and steers calls: it must find in the sandbox what it finds at the provider."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from channels.sandbox.account import SANDBOX_TOKEN
from tests.sandbox.stage import OURS, PHONE, START, Receiver, advance
from tests.sandbox.voice_stage import ANA

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
HOLD = "<Response><Pause length='600'/></Response>"


async def behave(http: aiohttp.ClientSession, phone: str = PHONE, **behaviour: object) -> None:
    async with http.put(f"/phones/{phone}/behaviour", json=behaviour) as answer:
        assert answer.status == 200, await answer.text()


async def refusal(awaited: Any) -> tuple[int, int | None]:
    with pytest.raises(TwilioRestException) as caught:
        await awaited
    return caught.value.status, caught.value.code


def answering(receiver: Receiver, document: VoiceResponse) -> None:
    async def answer() -> web.Response:
        return web.Response(text=str(document), content_type="text/xml")

    receiver.answer = answer


@pytest.mark.fact("sdk-3", "sdk-4", "sign-1", "calls-1", "calls-2", "calls-11", "rest-4")
async def test_a_call_is_created_followed_and_ended(twilio: Client, http: aiohttp.ClientSession, receiver: Receiver):
    document = VoiceResponse()
    document.say("Tom & Jerry <3")
    gather = Gather(num_digits=1, action="/keys", action_on_empty_result=True)
    gather.pause(length=100)
    document.append(gather)
    answering(receiver, document)
    made = await twilio.calls.create_async(
        to=PHONE,
        from_=OURS,
        url=f"{receiver.url}/voice?case=a%20b",
        status_callback=f"{receiver.url}/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
        timeout=30,
    )
    assert made.sid is not None and made.sid.startswith("CA") and len(made.sid) == 34
    assert (made.status, made.direction, made.to, made._from) == ("queued", "outbound-api", PHONE, OURS)
    assert made.start_time is None and made.duration is None and made.date_created is None
    await behave(http, on_ring="answer")
    await advance(http, 5)
    seen = await twilio.calls(made.sid).fetch_async()
    assert seen.status == "in-progress" and seen.date_created == datetime.fromtimestamp(START // 1000, UTC)
    async with http.get(f"/phones/{PHONE}") as answer:
        heard = (await answer.json())["call"]["heard"]
    assert [one["text"] for one in heard if one["kind"] == "say"] == ["Tom & Jerry <3"]
    assert (await twilio.calls(made.sid).update_async(status="completed")).status == "completed"
    await advance(http, 1)
    assert await refusal(twilio.calls(made.sid).update_async(twiml=HOLD)) == (400, 21220)
    statuses = [form["CallStatus"] for path, _, form in receiver.got if path == "/status"]
    assert statuses == ["initiated", "ringing", "in-progress", "completed"]
    for path, headers, form in receiver.got:
        assert RequestValidator(SANDBOX_TOKEN).validate(receiver.url + path, form, headers["X-Twilio-Signature"])
    assert await twilio.calls(made.sid).delete_async()
    assert await refusal(twilio.calls(made.sid).fetch_async()) == (404, 20404)


@pytest.mark.fact("calls-13", "sdk-5")
async def test_calls_are_listed_by_what_they_are(twilio: Client, http: aiohttp.ClientSession):
    sids: list[str | None] = []
    for count in range(5):
        to = f"+1415555020{count}"
        await behave(http, to, on_ring="answer" if count % 2 else "busy")
        sids.append((await twilio.calls.create_async(to=to, from_=OURS, twiml=HOLD)).sid)
        await advance(http, 60)
    listed = await twilio.calls.list_async(page_size=2)
    assert [one.sid for one in listed] == sids[::-1]
    assert [one.sid for one in await twilio.calls.list_async(to="+14155550203")] == [sids[3]]
    assert [one.sid for one in await twilio.calls.list_async(status="busy")] == [sids[4], sids[2], sids[0]]
    assert len(await twilio.calls.list_async(from_=OURS, limit=3)) == 3
    after = datetime.fromtimestamp(START // 1000, UTC) + timedelta(seconds=150)
    assert [one.sid for one in await twilio.calls.list_async(start_time_after=after)] == [sids[4], sids[3]]
    assert [one.sid for one in await twilio.calls.list_async(start_time_before=after)] == [sids[2], sids[1], sids[0]]
    assert await twilio.calls.list_async(parent_call_sid="CA" + "1" * 32) == []


@pytest.mark.fact("calls-14", "calls-15", "calls-16")
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"to": ""}, (400, 21201)),
        ({"to": "abc"}, (400, 21211)),
        ({"to": "sip:"}, (400, 21211)),
        ({"from_": ""}, (400, 21213)),
        ({"from_": "abc"}, (400, 21212)),
        ({"from_": "+14155550199"}, (400, 21210)),
        ({"twiml": None}, (400, 21205)),
        ({"url": "nowhere"}, (400, 21205)),
        ({"twiml": "<Response><Say>"}, (400, 20001)),
        ({"twiml": "<Response>" + " " * 4000}, (400, 20001)),
        ({"timeout": 601}, (400, 20001)),
        ({"send_digits": "hello"}, (400, 20001)),
        ({"machine_detection": "Maybe"}, (400, 20001)),
        ({"status_callback": "nowhere"}, (400, 21609)),
        ({"status_callback_event": ["lunch"]}, (400, 20001)),
        ({"application_sid": "AP" + "0" * 32}, (403, 20008)),
        ({"to": OURS}, (403, 20008)),
        ({"to": "+15005550001"}, (400, 21217)),
        ({"to": "+15005550002"}, (400, 21214)),
        ({"to": "+15005550003"}, (400, 21215)),
        ({"to": "+15005550004"}, (400, 21216)),
    ],
)
async def test_what_is_wrong_is_refused_by_its_code(twilio: Client, change: dict[str, Any], expected: tuple[int, int]):
    assert await refusal(twilio.calls.create_async(**{"to": PHONE, "from_": OURS, "twiml": HOLD, **change})) == expected


@pytest.mark.fact("voice-7")
@pytest.mark.parametrize("to", ["client:ana", "sip:ana@example.com;transport=tls"])
async def test_lines_without_numbers_are_called(twilio: Client, http: aiohttp.ClientSession, to: str):
    await twilio.calls.create_async(to=to, from_=OURS, twiml=HOLD)
    await advance(http, 1)
    async with http.get(f"/phones/{to.replace('/', '%2F')}") as answer:
        assert (await answer.json())["state"] == "ringing"


@pytest.mark.fact("room-9")
async def test_a_conference_with_its_participants(twilio: Client, http: aiohttp.ClientSession, receiver: Receiver):
    document = VoiceResponse()
    dial = Dial()
    dial.conference("case-1", start_conference_on_enter=True, end_conference_on_exit=True, wait_url="", beep=False)
    document.append(dial)
    answering(receiver, document)
    await behave(http, on_ring="answer")
    await behave(http, ANA, on_ring="answer", after_s=2)
    await twilio.calls.create_async(to=PHONE, from_=OURS, url=f"{receiver.url}/voice")
    await advance(http, 1)
    invited = await twilio.conferences("case-1").participants.create_async(
        to=ANA, from_=OURS, label="ana", early_media=True, end_conference_on_exit=True
    )
    assert (invited.status, invited.label, invited.hold) == ("queued", "ana", False)
    await advance(http, 3)
    (found,) = await twilio.conferences.list_async(friendly_name="case-1", status="in-progress")
    assert found.sid is not None and found.sid == invited.conference_sid and invited.call_sid is not None
    room = twilio.conferences(found.sid)
    people = await room.participants.list_async()
    assert len(people) == 2 and {one.status for one in people} == {"connected"}
    one = room.participants("ana")
    assert (await one.update_async(hold=True, hold_url=f"{receiver.url}/hold")).hold is True
    assert (await one.update_async(hold=False, muted=True)).muted is True
    assert [person.call_sid for person in await room.participants.list_async(muted=True)] == [invited.call_sid]
    assert await room.participants(invited.call_sid).delete_async()
    await advance(http, 1)
    over = await room.fetch_async()
    assert (over.status, over.reason_conference_ended) == (
        "completed",
        "participant-with-end-conference-on-exit-kicked",
    )
    assert over.call_sid_ending_conference == invited.call_sid
    assert await refusal(room.update_async(status="completed")) == (400, 20001)
    assert await refusal(twilio.conferences("CF" + "0" * 32).fetch_async()) == (404, 20404)
    assert (await twilio.calls(invited.call_sid).fetch_async()).status == "completed"


@pytest.mark.fact("record-6")
async def test_recordings_are_listed_and_deleted(twilio: Client, http: aiohttp.ClientSession):
    await behave(http, on_ring="answer")
    made = await twilio.calls.create_async(to=PHONE, from_=OURS, twiml=HOLD)
    await advance(http, 1)
    assert made.sid is not None
    recording = await twilio.calls(made.sid).recordings.create_async(recording_channels="dual")
    assert recording.sid is not None and recording.status == "in-progress"
    await advance(http, 7)
    await twilio.calls(made.sid).recordings("Twilio.CURRENT").update_async(status=cast(Any, "stopped"))
    await advance(http, 1)
    (listed,) = await twilio.recordings.list_async(call_sid=made.sid)
    assert (listed.sid, listed.status, listed.duration) == (recording.sid, "completed", "7")
    fetched = await twilio.recordings(recording.sid).fetch_async()
    assert fetched.source == "StartCallRecordingAPI" and fetched.media_url is not None
    assert await twilio.recordings(recording.sid).delete_async()
    assert await twilio.recordings.list_async() == []


async def test_a_number_has_a_fallback_that_the_sandbox_serves(twilio: Client, http: aiohttp.ClientSession):
    (number, _) = await twilio.incoming_phone_numbers.list_async()
    assert number.voice_fallback_url is not None and number.capabilities is not None
    async with http.get(number.voice_fallback_url) as answer:
        assert (answer.status, answer.content_type) == (200, "text/xml") and "<Record" in await answer.text()
