"""Conferences: who hears whom, when they start and end, and what is told of it."""

import pytest

from tests.sandbox.stage import OURS, PHONE, TARGET
from tests.sandbox.voice_stage import ANA, BEN, CallBench

EVERY = "start end join leave mute hold modify speaker announcement"


def meeting(more: str = "", *, dial: str = 'action="/after"') -> str:
    events = f'statusCallback="/conference" statusCallbackEvent="{EVERY}"'
    return f"<Dial {dial}><Conference {events} {more}>case-1</Conference></Dial><Say>after all</Say>"


def events(calls: CallBench) -> list[str]:
    return [form["StatusCallbackEvent"] for form in calls.service.asked("/conference")]


def last(calls: CallBench, event: str) -> dict[str, str]:
    return [form for form in calls.service.asked("/conference") if form["StatusCallbackEvent"] == event][-1]


async def meet(calls: CallBench, *phones: str) -> list[str]:
    if "/twilio/voice" not in calls.service.routes:
        calls.service.routes["/twilio/voice"] = meeting()
    return await calls.on_the_phone(*phones)


async def conference(calls: CallBench) -> str:
    return (await calls.rest("GET", "/Conferences.json?FriendlyName=case-1"))["conferences"][0]["sid"]


async def move(calls: CallBench, call_sid: str, **change: str) -> dict[str, object]:
    sid = await conference(calls)
    answer = await calls.rest("POST", f"/Conferences/{sid}/Participants/{call_sid}.json", **change)
    assert answer["status_code"] == 200, answer
    await calls.advance()
    return answer


@pytest.mark.fact("room-3")
async def test_two_meet_and_hear_each_other(calls: CallBench):
    await meet(calls, PHONE)
    assert await calls.company() == [] and (await calls.heard(PHONE, "music"))[-1].startswith("http://twimlets.com/")
    await calls.does("speak", text="anybody?")
    await meet(calls, ANA)
    assert (await calls.company(), await calls.company(ANA)) == ([ANA], [PHONE])
    await calls.does("speak", ANA, text="good morning")
    assert "good morning" in await calls.heard() and "anybody?" not in await calls.heard(ANA)
    assert (await calls.heard(PHONE, "connected"))[-1] == ANA
    assert events(calls)[:3] == ["participant-join", "participant-join", "conference-start"]
    assert [one["SequenceNumber"] for one in calls.service.asked("/conference")] == ["0", "1", "2", "3", "4"]
    expected = {
        "FriendlyName": "case-1", "Muted": "false", "Hold": "false", "Coaching": "false",
        "StartConferenceOnEnter": "true", "EndConferenceOnExit": "false",
    }  # fmt: skip
    assert expected.items() <= last(calls, "participant-join").items()


@pytest.mark.fact("room-1")
async def test_nobody_is_heard_before_somebody_may_start_it(calls: CallBench):
    calls.service.routes["/twilio/voice"] = meeting('startConferenceOnEnter="false"')
    await meet(calls, PHONE, BEN)
    assert await calls.company() == [] and "conference-start" not in events(calls)
    shown = await calls.rest("GET", f"/Conferences/{await conference(calls)}.json")
    assert shown["status"] == "init"
    calls.service.routes["/twilio/voice"] = meeting()
    await meet(calls, ANA)
    assert await calls.company() == [BEN, ANA] and "conference-start" in events(calls)


@pytest.mark.fact("room-1")
async def test_the_music_while_waiting_is_the_services_own(calls: CallBench):
    calls.service.routes["/twilio/voice"] = meeting('waitUrl="/wait"')
    calls.service.routes["/wait"] = "<Say>Soon.</Say><Play>/tune.mp3</Play>"
    await meet(calls, PHONE)
    await calls.advance(10)
    assert (await calls.heard(PHONE, "say", "music"))[:3] == ["Soon.", f"{TARGET}/tune.mp3", "Soon."]
    await meet(calls, ANA)
    heard = len(await calls.heard(PHONE, "say", "music"))
    await calls.advance(10)
    assert len(await calls.heard(PHONE, "say", "music")) == heard


@pytest.mark.fact("room-2")
@pytest.mark.parametrize("document", ["", "<Redirect/>", "<Gather/>", "<Pause length='0'/>", "<Say/><Redirect/>"])
async def test_waiting_does_not_spin(calls: CallBench, document: str):
    calls.service.routes["/twilio/voice"] = meeting('waitUrl="/wait"')
    calls.service.routes["/wait"] = document
    await meet(calls, PHONE)
    await calls.advance(10)
    assert 1 <= len(calls.service.asked("/wait")) <= 12


@pytest.mark.fact("room-2")
async def test_silence_is_music_too(calls: CallBench):
    calls.service.routes["/twilio/voice"] = meeting('waitUrl=""')
    await meet(calls, PHONE)
    assert await calls.heard(PHONE, "music") == []


@pytest.mark.fact("room-4", "room-3")
async def test_the_muted_hear_and_are_not_heard(calls: CallBench):
    sid, _ = await meet(calls, PHONE, ANA)
    await move(calls, sid, Muted="true")
    await calls.does("speak", text="unheard")
    await calls.does("speak", ANA, text="heard")
    assert "unheard" not in await calls.heard(ANA) and "heard" in await calls.heard()
    await move(calls, sid, Muted="false")
    assert [one for one in events(calls) if "mute" in one] == ["participant-mute", "participant-unmute"]


@pytest.mark.fact("room-4")
async def test_the_held_hear_music_alone(calls: CallBench):
    sid, _ = await meet(calls, PHONE, ANA)
    calls.service.routes["/hold"] = "<Play>/hold.mp3</Play>"
    assert (await move(calls, sid, Hold="true", HoldUrl=f"{TARGET}/hold"))["hold"] is True
    await calls.does("speak", ANA, text="behind the back")
    await calls.does("speak", text="hello?")
    assert "behind the back" not in await calls.heard() and "hello?" not in await calls.heard(ANA)
    assert (await calls.heard())[-1] == f"{TARGET}/hold.mp3" and await calls.company() == await calls.company(ANA) == []
    await move(calls, sid, Hold="false")
    await calls.does("speak", ANA, text="back")
    assert (await calls.heard())[-1] == "back" and await calls.company() == [ANA]
    assert last(calls, "participant-unhold")["Hold"] == "false"


@pytest.mark.fact("room-4")
async def test_a_coach_hears_all_and_is_heard_by_one(calls: CallBench):
    sid, ana = await meet(calls, PHONE, ANA)
    calls.service.routes["/twilio/voice"] = meeting(f'coach="{ana}"')
    (ben,) = await meet(calls, BEN)
    await calls.does("speak", BEN, text="offer a refund")
    await calls.does("speak", text="I am cross")
    assert "offer a refund" in await calls.heard(ANA) and "offer a refund" not in await calls.heard()
    assert "I am cross" in await calls.heard(BEN)
    assert await calls.company() == [ANA] and await calls.company(ANA) == [PHONE, BEN]
    await move(calls, ben, Coaching="false")
    await calls.does("speak", BEN, text="I take over")
    assert "I take over" in await calls.heard() and sid


@pytest.mark.fact("room-4")
async def test_an_announcement_is_heard_by_all_or_by_one(calls: CallBench):
    calls.service.routes["/news"] = "<Say>News.</Say>"
    sid, _ = await meet(calls, PHONE, ANA)
    await move(calls, sid, AnnounceUrl=f"{TARGET}/news")
    assert "News." in await calls.heard() and "News." not in await calls.heard(ANA)
    await calls.rest("POST", f"/Conferences/{await conference(calls)}.json", AnnounceUrl=f"{TARGET}/news")
    await calls.advance(2)
    assert "News." in await calls.heard(ANA)
    assert last(calls, "announcement-end")["AnnounceUrl"] == f"{TARGET}/news"


@pytest.mark.fact("room-5", "room-6")
async def test_whoever_may_end_it_ends_it_for_all(calls: CallBench):
    await meet(calls, PHONE)
    calls.service.routes["/twilio/voice"] = meeting('endConferenceOnExit="true"')
    (ana,) = await meet(calls, ANA)
    await calls.does("hang-up", ANA)
    reasons = [
        one["ReasonParticipantLeft"] for one in calls.service.asked("/conference") if "ReasonParticipantLeft" in one
    ]
    assert reasons == ["participant_hung_up", "moderator_ended_conference"]
    form = last(calls, "conference-end")
    assert form["ReasonConferenceEnded"] == "participant-with-end-conference-on-exit-left"
    assert form["CallSidEndingConference"] == ana
    (after,) = calls.service.asked("/after")
    assert after["DialCallStatus"] == "answered" and "DialCallSid" not in after and "DialCallDuration" not in after


@pytest.mark.fact("room-5")
async def test_the_last_to_leave_ends_it(calls: CallBench):
    await meet(calls, PHONE, ANA)
    await calls.does("hang-up")
    assert "conference-end" not in events(calls)
    await calls.does("hang-up", ANA)
    assert last(calls, "conference-end")["ReasonConferenceEnded"] == "last-participant-left"
    await meet(calls, PHONE)
    assert len((await calls.rest("GET", "/Conferences.json?FriendlyName=case-1"))["conferences"]) == 2


@pytest.mark.fact("room-5", "room-9")
async def test_it_is_ended_over_the_api(calls: CallBench):
    calls.service.routes["/twilio/voice"] = meeting(dial="")
    await meet(calls, PHONE, ANA)
    sid = await conference(calls)
    shown = await calls.rest("POST", f"/Conferences/{sid}.json", Status="completed")
    await calls.advance()
    assert (shown["status"], shown["reason_conference_ended"]) == ("completed", "conference-ended-via-api")
    assert last(calls, "participant-leave")["ReasonParticipantLeft"] == "conference_ended_via_api"
    assert (await calls.heard())[-1] == (await calls.heard(ANA))[-1] == "after all"


async def test_who_is_sent_elsewhere_leaves(calls: CallBench):
    sid, _ = await meet(calls, PHONE, ANA)
    await calls.rest("POST", f"/Calls/{sid}.json", Twiml="<Response><Say>elsewhere</Say></Response>")
    await calls.advance()
    form = last(calls, "participant-leave")
    assert (form["ReasonParticipantLeft"], form["ParticipantCallStatus"]) == (
        "participant_updated_via_api",
        "in-progress",
    )
    assert (await calls.heard())[-1] == "elsewhere" and calls.service.asked("/after") == []


@pytest.mark.fact("room-9")
async def test_who_is_put_out_goes_on_in_the_document(calls: CallBench):
    sid, _ = await meet(calls, PHONE, ANA)
    answer = await calls.rest("DELETE", f"/Conferences/{await conference(calls)}/Participants/{sid}.json")
    await calls.advance()
    assert answer["status_code"] == 204 and len(calls.service.asked("/after")) == 1
    again = await calls.rest("GET", f"/Conferences/{await conference(calls)}/Participants/{sid}.json")
    assert again["status_code"] == 404


@pytest.mark.fact("room-7")
async def test_somebody_is_called_in(calls: CallBench):
    await meet(calls, PHONE)
    invitation = {
        "From": OURS,
        "To": ANA,
        "Label": "ana",
        "EndConferenceOnExit": "true",
        "StatusCallback": f"{TARGET}/s",
    }
    made = await calls.rest("POST", "/Conferences/case-1/Participants.json", **invitation)
    assert (made["status_code"], made["status"], made["label"]) == (201, "queued", "ana")
    await calls.advance(1)
    found = await calls.rest("GET", f"/Conferences/{await conference(calls)}/Participants/ana.json")
    assert found["status"] == "ringing"
    await calls.does("pick-up", ANA)
    assert await calls.company() == [ANA]
    listed = await calls.rest("GET", f"/Conferences/{await conference(calls)}/Participants.json")
    assert [one["status"] for one in listed["participants"]] == ["connected", "connected"]
    assert last(calls, "participant-join")["ParticipantLabel"] == "ana"
    await calls.does("hang-up", ANA)
    assert "conference-end" in events(calls) and calls.service.asked("/s")[-1]["CallStatus"] == "completed"


@pytest.mark.fact("room-6")
@pytest.mark.parametrize(("on_ring", "status"), [("busy", "busy"), ("invalid", "failed"), ("ignore", "no-answer")])
async def test_who_does_not_come_is_told(calls: CallBench, on_ring: str, status: str):
    await meet(calls, PHONE)
    await calls.behave(ANA, on_ring=on_ring)
    await calls.rest("POST", "/Conferences/case-1/Participants.json", From=OURS, To=ANA, Timeout="5")
    await calls.advance(15)
    form = last(calls, "participant-leave")
    assert (form["ReasonParticipantLeft"], form["ParticipantCallStatus"]) == ("participant_add_failed", status)


@pytest.mark.fact("room-7")
async def test_calling_somebody_in_opens_the_conference(calls: CallBench):
    more = {
        "ConferenceStatusCallback": f"{TARGET}/conference",
        "ConferenceStatusCallbackEvent": ["join", "leave", "end"],
    }
    await calls.behave(ANA, on_ring="busy")
    made = await calls.rest("POST", "/Conferences/new/Participants.json", From=OURS, To=ANA, **more)
    await calls.advance(5)
    assert made["conference_sid"].startswith("CF") and events(calls) == ["participant-leave", "conference-end"]
    assert (await calls.rest("GET", "/Conferences.json?Status=completed"))["conferences"][0]["friendly_name"] == "new"


async def test_the_reports_of_a_conference_may_be_lost(calls: CallBench):
    await calls.ask("PUT", "/faults", {"lose_status": 1})
    await meet(calls, PHONE, ANA)
    assert events(calls) == [] and await calls.company() == [ANA]


@pytest.mark.fact("room-3")
async def test_the_first_defines_it(calls: CallBench):
    await meet(calls, PHONE)
    calls.service.routes["/twilio/voice"] = meeting().replace("/conference", "/other")
    await meet(calls, ANA)
    assert calls.service.asked("/other") == []


@pytest.mark.fact("room-8")
async def test_it_may_be_full(calls: CallBench):
    calls.service.routes["/twilio/voice"] = meeting('maxParticipants="2"', dial="")
    await meet(calls, PHONE, ANA, BEN)
    assert "after all" in await calls.heard(BEN) and 13210 in await calls.debugger()


async def test_a_bell_tells_who_comes(calls: CallBench):
    await meet(calls, PHONE, ANA, BEN)
    assert await calls.heard(ANA, "play") == ["beep"]
