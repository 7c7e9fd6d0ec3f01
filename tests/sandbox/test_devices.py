"""The sandbox's devices: what they send, what they keep of the answer, and what they show; a service as told answers."""

import hmac
import json
from typing import Any

import pytest

from channels.sandbox.times import rfc3339
from channels.wire import WireFailure, WireResponse
from router.core.clock import Ms
from tests.sandbox.stage import START, Bench

KEY, SECRET = "dvk_" + "0" * 32, "5" * 64
NEW: dict[str, Any] = {"page_url": "/c/one", "device": {"paired": False, "code": "7351-4820", "code_until": "2026-11-18T21:00:00.000Z",
       "key": KEY, "secret": SECRET}}  # fmt: skip
PAIRED = {"page_url": "/c/two", "device": {"paired": True}}


def json_of(shape: object, status: int = 200) -> WireResponse:
    return WireResponse(status, json.dumps(shape).encode(), "application/json")


def told(press: object, page: object) -> dict[str, WireResponse]:
    """What the service answers to a press, and shows on its page."""
    shown = json_of(page)
    return {"/api/v1/contacts": json_of(press, 201), "/c/one": shown, "/c/two": shown}


async def test_a_press_shows_the_code_and_the_next_one_signs(bench: Bench) -> None:
    """New: one press, its own id in the context, a code to show. Then it signs method, path, time and body with its key,
    and never shows that key."""
    bench.service.routes |= told(NEW, {"state": "unpaired", "says": "Tell us the code.", "paired": False})
    shown = await bench.ask("POST", "/devices/T100-1/press", {"text": "cold", "context": {"error": "E42"}})
    assert (shown["light"], shown["state"], shown["code"], shown["paired"]) == ("waits", "unpaired", "7351-4820", False)
    assert SECRET not in json.dumps(shown)
    first = bench.service.got[0]
    assert json.loads(first.body) == {"text": "cold", "context": {"model": "T-100", "error": "E42", "device": "T100-1"}}
    assert "X-Device-Signature" not in first.headers
    bench.service.got.clear()
    promise = {"kind": "callback", "state": "open", "window": None}
    bench.service.routes |= told(PAIRED, {"state": "call", "says": "We call.", "paired": True, "promise": promise})
    shown = await bench.ask("POST", "/devices/T100-1/press", {"lag_s": 60})
    assert (shown["light"], shown["code"], shown["paired"], shown["promised"]) == ("call", None, True, promise)
    signed = bench.service.got[0]
    at_s = START // 1000 - 60
    text = b"POST\n/api/v1/contacts\n%d\n" % at_s + signed.body
    mac = hmac.new(SECRET.encode(), text, "sha256").hexdigest()
    assert signed.headers["X-Device-Signature"] == f"{KEY}.{at_s}.{mac}"
    assert [one["signed"] for one in shown["presses"]] == [False, True]


async def test_a_device_whose_time_was_off_keeps_its_key(bench: Bench) -> None:
    """Pressed once with a clock that is off, it is taken as new; it stays the one that it was, and signs so."""
    bench.service.routes |= told(NEW, {"state": "unpaired", "says": "Tell us the code.", "paired": False})
    await bench.ask("POST", "/devices/T100-1/press", {})
    bench.service.routes |= told(PAIRED, {"state": "received", "says": "It came in.", "paired": True})
    await bench.ask("POST", "/devices/T100-1/press", {})
    late = {
        **NEW,
        "device": {**NEW["device"], "key": "dvk_" + "1" * 32, "secret": "6" * 64},
        "ignored": ["X-Device-Signature (its time is more than 300 s from ours)"],
    }
    bench.service.routes |= told(late, {"state": "unpaired", "says": "Tell us the code.", "paired": False})
    shown = await bench.ask("POST", "/devices/T100-1/press", {"lag_s": 600})
    assert (shown["paired"], shown["code"]) == (True, None)
    await bench.ask("POST", "/devices/T100-1/press", {})
    assert bench.service.got[-2].headers["X-Device-Signature"].startswith(f"{KEY}.{START // 1000}.")


async def test_a_look_reads_the_page(bench: Bench) -> None:
    """Looking at a device has it read its page; one that was never pressed, or was reset, asks nothing."""
    assert (await bench.ask("GET", "/devices/T100-1"))["light"] == "off"
    assert bench.service.got == []
    bench.service.routes |= told(NEW, {"state": "unpaired", "says": "x", "paired": False})
    await bench.ask("POST", "/devices/T100-1/press", {})
    bench.service.routes |= told(NEW, {"state": "done", "says": "Settled.", "paired": True})
    shown = await bench.ask("GET", "/devices/T100-1")
    assert (shown["light"], shown["says"], shown["paired"], shown["code"]) == ("done", "Settled.", True, None)
    await bench.ask("POST", "/devices/T100-1/reset", {})
    bench.service.got.clear()
    assert (await bench.ask("GET", "/devices/T100-1"))["has_key"] is False
    assert bench.service.got == []


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (WireFailure("gone", may_have_arrived=True), "no answer came"),
        (json_of({"detail": "Too many."}, 429), "HTTP 429 Too many."),
        (WireResponse(500, b"<html>"), "HTTP 500"),
        (WireResponse(201, b"<html>"), "HTTP 201"),
        (json_of([1], 201), "HTTP 201"),
    ],
)
async def test_what_is_not_taken_is_shown(bench: Bench, answer: WireResponse | WireFailure, trouble: str) -> None:
    """Whoever pressed sees that it did not go through, whatever the service answers."""
    bench.service.routes["/api/v1/contacts"] = answer
    shown = await bench.ask("POST", "/devices/T100-1/press", {})
    assert (shown["light"], shown["last"]["trouble"]) == ("failed", trouble)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/devices/T100-1/press", {"colour": 1}, 422, "Extra inputs"),
        ("POST", "/devices/T100-1/press", {"text": "x" * 2001}, 422, "at most 2000"),
        ("POST", "/devices/T100-1/press", {"context": "E42"}, 422, "should be an object"),
        ("POST", "/devices/T100%201/press", {}, 422, "visible ASCII"),
        ("GET", "/devices/" + "x" * 101, None, 422, "visible ASCII"),
        ("DELETE", "/devices/T100-1", None, 404, "nothing at DELETE"),
    ],
)
async def test_bad_input_is_named(bench: Bench, method: str, path: str, body: object, status: int, words: str) -> None:
    answer = await bench.ask(method, path, body)
    assert answer["status"] == status
    assert words in " ".join([answer["detail"], *(one["msg"] for one in answer["errors"])])


async def test_a_code_is_shown_until_its_time_is_over(bench: Bench) -> None:
    """Nobody reads out what would not be taken any more."""
    for until, code in ((rfc3339(Ms(START + 1)), "7351-4820"), (rfc3339(START), None)):
        new = {**NEW, "device": {**NEW["device"], "code_until": until}}
        bench.service.routes |= told(new, {"state": "unpaired", "says": "x", "paired": False})
        shown = await bench.ask("POST", "/devices/T100-1/press", {})
        assert (shown["code"], shown["code_until"]) == (code, until if code else None)
