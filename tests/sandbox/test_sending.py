"""Messages on their way out: pace, statuses, how phones behave, and how texts are counted."""

import pytest

from policies.segments import segments_of
from tests.sandbox.stage import OURS, PHONE, TARGET, Bench

CALLBACK = f"{TARGET}/status"


async def status_of(bench: Bench, sid: str) -> str:
    return (await bench.rest("GET", f"/Messages/{sid}.json"))["status"]


@pytest.mark.fact("send-4", "send-2")
async def test_one_number_sends_one_message_a_second(bench: Bench):
    sids = [(await bench.send(f"{count}"))["sid"] for count in range(4)]
    other = (await bench.send("other", From="+14155550101"))["sid"]
    assert [await status_of(bench, sid) for sid in sids] == ["queued"] * 4
    await bench.advance(0.1)
    assert [await status_of(bench, sid) for sid in [*sids, other]] == [
        "sending",
        "queued",
        "queued",
        "queued",
        "sending",
    ]
    await bench.advance(0.2)
    assert await status_of(bench, sids[0]) == "sent"
    await bench.advance(0.7)
    assert [await status_of(bench, sid) for sid in sids] == ["delivered", "sending", "queued", "queued"]
    await bench.advance(1)
    assert await bench.inbox() == ["0", "other", "1"]
    await bench.advance(10)
    assert [await status_of(bench, sid) for sid in [*sids, other]] == ["delivered"] * 5


@pytest.mark.fact("send-4")
async def test_whatsapp_is_not_paced_so(bench: Bench):
    await bench.text("hi", channel="whatsapp")
    for count in range(5):
        await bench.send(f"{count}", From=f"whatsapp:{OURS}", To=f"whatsapp:{PHONE}")
    await bench.advance(1.1)
    assert await bench.inbox() == ["0", "1", "2", "3", "4"]


@pytest.mark.fact("send-6")
async def test_whatsapp_needs_an_open_window(bench: Bench):
    pair = {"From": f"whatsapp:{OURS}", "To": f"whatsapp:{PHONE}", "StatusCallback": CALLBACK}
    await bench.send(**pair)
    await bench.advance(2)
    assert bench.service.forms()[-1]["MessageStatus"] == "failed"
    assert bench.service.forms()[-1]["ErrorCode"] == "63016"
    await bench.text("hi", channel="whatsapp")
    await bench.advance(24 * 3600 - 10)
    await bench.send(**pair)
    await bench.advance(20)
    await bench.send(**pair)
    await bench.advance(2)
    assert bench.service.statuses() == ["failed", "sent", "delivered", "failed"]


@pytest.mark.fact("send-2", "send-3")
@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ({"on_text": "deliver"}, ["sent", "delivered"]),
        ({"on_text": "undelivered"}, ["sent", "undelivered"]),
        ({"on_text": "undelivered", "error_code": 30006}, ["sent", "undelivered"]),
        ({"on_text": "never"}, ["sent"]),
    ],
)
async def test_phones_behave_as_told(bench: Bench, behaviour: dict[str, object], expected: list[str]):
    await bench.ask("PUT", f"/phones/{PHONE}/behaviour", behaviour)
    sid = (await bench.send(StatusCallback=CALLBACK))["sid"]
    await bench.advance(60)
    assert bench.service.statuses() == expected and await status_of(bench, sid) == expected[-1]
    if "undelivered" in expected:
        code = behaviour.get("error_code", 30003)
        assert bench.service.forms()[-1]["ErrorCode"] == str(code)
        assert (await bench.rest("GET", f"/Messages/{sid}.json"))["error_code"] == code
    assert bool(await bench.inbox()) == ("delivered" in expected)


@pytest.mark.fact("send-7")
async def test_whatsapp_can_be_read(bench: Bench):
    await bench.ask("PUT", f"/phones/{PHONE}/behaviour", {"on_text": "read"})
    await bench.text("hi", channel="whatsapp")
    await bench.send(From=f"whatsapp:{OURS}", To=f"whatsapp:{PHONE}", StatusCallback=CALLBACK)
    await bench.advance(10)
    assert bench.service.statuses() == ["sent", "delivered", "read"]


@pytest.mark.fact("send-5")
async def test_a_message_that_waits_beyond_its_validity_fails(bench: Bench):
    for _ in range(3):
        await bench.send()
    late = (await bench.send(ValidityPeriod="2"))["sid"]
    await bench.advance(10)
    seen = await bench.rest("GET", f"/Messages/{late}.json")
    assert (seen["status"], seen["error_code"]) == ("failed", 30001)


@pytest.mark.fact("send-8")
@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("é" * 160, 1),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),
        ("“" + "a" * 69, 1),
        ("“" + "a" * 70, 2),
    ],
)
def test_segments(text: str, segments: int):
    assert segments_of(text) == segments
