"""Whatever the documents say and whatever people do meanwhile: every call ends, nothing breaks, and it repeats."""

import asyncio
import hashlib
import random

import pytest

from tests.sandbox.stage import OURS, PHONE, TARGET
from tests.sandbox.voice_stage import ANA, BEN, CallBench, make_call_bench

PHONES = (PHONE, ANA, BEN, "client:cid", "sip:dan@example.com")
LEAVES = (
    "<Say>Some words.</Say>", "<Say loop='2'/>", "<Play>x.mp3</Play>", "<Play digits='1w2'/>", "<Pause length='3'/>",
    "<Pause length='x'/>", "<Redirect>/r</Redirect>", "<Redirect/>", "<Hangup/>", "<Reject/>", "<Unknown/>",
    "<Record timeout='2' transcribe='true' transcribeCallback='/t'/>", "<Record action='/r' maxLength='5'/>",
    "<Gather input='dtmf speech' action='/r' timeout='2'><Say>Well?</Say></Gather>", "<Gather numDigits='1'/>",
    "<Gather input='speech' speechTimeout='auto' bargeIn='false' action='/r'><Pause/></Gather>",
    "<Dial action='/r' timeout='5'>+14155550177</Dial>", "<Dial timeout='-3'><Client>cid</Client></Dial>",
    "<Dial sequential='true' timeout='3'><Number url='/r'>+14155550188</Number><Sip>sip:dan@example.com</Sip></Dial>",
    "<Dial answerOnBridge='true' hangupOnStar='true'><Number>+14155550177</Number><Client>cid</Client></Dial>",
    "<Dial record='true' timeLimit='9'><Number>+14155550142</Number></Dial>",
    "<Dial><Conference endConferenceOnExit='true' waitUrl='/w'>c</Conference></Dial>",
    "<Dial action='/r' timeLimit='20'><Conference record='true' startConferenceOnEnter='false'>c</Conference></Dial>",
    "<Dial hangupOnStar='true'><Conference muted='true' maxParticipants='2' beep='onExit'>d</Conference></Dial>",
)  # fmt: skip


async def act(calls: CallBench, chance: random.Random) -> None:
    """One thing that somebody does; what cannot be done now is refused, never broken."""
    phone = chance.choice(PHONES)
    legs = (await calls.rest("GET", "/Calls.json?PageSize=8"))["calls"]
    rooms = (await calls.rest("GET", "/Conferences.json?PageSize=2"))["conferences"]
    leg = f"/Calls/{chance.choice(legs)['sid'] if legs else 'CA'}"
    room = f"/Conferences/{chance.choice(rooms)['sid'] if rooms else 'CF'}"
    seat = f"{room}/Participants/{leg[7:]}.json"
    flag = chance.choice(("true", "false"))
    deeds = (
        lambda: calls.ask("POST", f"/phones/{phone}/calls", {}),
        lambda: calls.ask("POST", f"/phones/{phone}/press", {"digits": chance.choice(("1", "12#", "*"))}),
        lambda: calls.ask("POST", f"/phones/{phone}/speak", {"text": "some words"}),
        lambda: calls.ask("POST", f"/phones/{phone}/pick-up"),
        lambda: calls.ask("POST", f"/phones/{phone}/hang-up"),
        lambda: calls.ask("PUT", f"/phones/{phone}/behaviour", {"on_ring": chance.choice(("answer", "busy", "voicemail", "manual"))}),
        lambda: calls.rest("POST", "/Calls.json", To=phone, From=OURS, Url=f"{TARGET}/r", Record=flag),
        lambda: calls.rest("POST", f"{leg}.json", Url=f"{TARGET}/r"),
        lambda: calls.rest("POST", f"{leg}.json", Status="completed"),
        lambda: calls.rest("POST", f"{leg}/Recordings.json"),
        lambda: calls.rest("POST", "/Conferences/c/Participants.json", To=phone, From=OURS, EndConferenceOnExit=flag),
        lambda: calls.rest("POST", seat, Hold=flag, HoldUrl=f"{TARGET}/w"),
        lambda: calls.rest("POST", seat, Muted=flag, AnnounceUrl=f"{TARGET}/w"),
        lambda: calls.rest("DELETE", seat),
        lambda: calls.rest("POST", f"{room}.json", Status="completed"),
    )  # fmt: skip
    answer = await chance.choice(deeds)()
    assert answer["status_code"] < 500, answer


async def a_day(seed: int) -> str:
    bugs: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
    calls, chance = make_call_bench(seed), random.Random(seed)
    calls.service.routes |= {
        path: lambda _: "".join(chance.choices(LEAVES, k=chance.randint(0, 4))) for path in ("/twilio/voice", "/r")
    }
    calls.service.routes["/w"] = "<Say>Wait.</Say><Play>tune.mp3</Play>"
    for _ in range(120):
        await act(calls, chance)
        await calls.advance(chance.choice((0, 0.1, 1, 7)))
    await calls.advance(5 * 3600)
    legs = (await calls.rest("GET", "/Calls.json?PageSize=1000"))["calls"]
    rooms = (await calls.rest("GET", "/Conferences.json?PageSize=1000"))["conferences"]
    assert {one["status"] for one in legs} <= {"completed", "busy", "failed", "no-answer", "canceled"}
    assert all(one["status"] == "completed" for one in rooms)
    assert [await calls.state(one) for one in PHONES] == ["idle"] * len(PHONES)
    recordings = (await calls.rest("GET", "/Recordings.json?PageSize=1000"))["recordings"]
    assert {one["status"] for one in recordings} <= {"completed", "absent"}
    seen = await calls.ask("GET", "/traffic")
    await calls.sandbox.close()
    assert bugs == []
    return hashlib.sha256(str(seen).encode()).hexdigest()


@pytest.mark.parametrize("seed", range(8))
async def test_every_call_ends(seed: int):
    await a_day(seed)


async def test_a_day_repeats_bit_for_bit():
    assert await a_day(99) == await a_day(99)
