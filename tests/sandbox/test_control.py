"""The control API and the page: what is refused is refused with words, and strangers are turned away."""

import aiohttp
import pytest

from channels.sandbox.server import RunningSandbox
from tests.sandbox.stage import PHONE, START, Bench


@pytest.mark.fact("voice-8", "text-4", "calls-9")
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", f"/phones/{PHONE}/texts", {}, 422, "Field required"),
        ("POST", f"/phones/{PHONE}/texts", {"body": "x", "colour": 1}, 422, "Extra inputs are not permitted; got 1"),
        ("POST", f"/phones/{PHONE}/texts", {"body": "x" * 1601}, 422, "at most 1600"),
        ("POST", f"/phones/{PHONE}/texts", {"body": "x", "to": "+14155550199"}, 422, "one of our numbers (+14155550100"),
        ("POST", f"/phones/{PHONE}/texts", {"body": "x", "channel": "pigeon"}, 422, "'sms' or 'whatsapp'; got 'pigeon'"),
        ("POST", f"/phones/{PHONE}/texts", {"body": "x", "media": ["ftp://x"]}, 422, "http(s) URL"),
        ("POST", f"/phones/{PHONE}/texts", {"body": "x", "media": [{"content_type": "a/b", "base64": "é"}]}, 422, "base64"),
        ("POST", "/phones/nobody/texts", {"body": "x"}, 422, "a number like +14155550142"),
        ("POST", f"/phones/{PHONE}/calls", {"to": "+14155550199"}, 422, "one of our numbers (+14155550100"),
        ("POST", f"/phones/{PHONE}/calls", {"attestation": "D"}, 422, "got 'D'"),
        ("POST", f"/phones/{PHONE}/calls", {"forwarded_from": ""}, 422, "should match"),
        ("POST", f"/phones/{PHONE}/calls", {"caller_name": "Ann"}, 422, "Extra inputs"),
        ("POST", f"/phones/{PHONE}/texts", {"body": "x", "button_text": "Yes"}, 422, "Extra inputs"),
        ("PUT", "/faults", {"calls_per_s": -1}, 422, "greater than or equal to 0"),
        ("POST", f"/phones/{PHONE}/calls", {"caller": ""}, 422, "got ''"),
        ("POST", f"/phones/{PHONE}/press", {"digits": "1"}, 409, "in no call; it cannot press keys"),
        ("POST", f"/phones/{PHONE}/press", {"digits": "x"}, 422, "got 'x'"),
        ("POST", f"/phones/{PHONE}/press", {}, 422, "Field required"),
        ("POST", f"/phones/{PHONE}/speak", {"text": "hello"}, 409, "in no call; it cannot speak"),
        ("POST", f"/phones/{PHONE}/speak", {"text": ""}, 422, "at least 1 character"),
        ("POST", f"/phones/{PHONE}/pick-up", None, 409, "in no call; it cannot pick up"),
        ("POST", f"/phones/{PHONE}/hang-up", None, 409, "in no call; it cannot hang up"),
        ("POST", "/phones/client:ana/texts", {"body": "x"}, 409, "it cannot text"),
        ("PUT", f"/phones/{PHONE}/behaviour", {"on_ring": "explode"}, 422, "got 'explode'"),
        ("PUT", f"/phones/{PHONE}/behaviour", {"script": [{"on": "gather", "press": "x"}]}, 422, "got 'x'"),
        ("GET", "/nowhere", None, 404, "nothing at GET /nowhere"),
        ("PUT", "/faults", {"error_rate": 2}, 422, "number from 0 to 1, or true or false; got 2"),
        ("PUT", "/faults", {"gremlins": True}, 422, "Extra inputs"),
        ("PUT", f"/phones/{PHONE}/behaviour", {"on_text": "eat"}, 422, "got 'eat'"),
        ("POST", "/clock", {}, 422, "exactly one of advance_s and to"),
        ("POST", "/clock", {"advance_s": -1}, 422, "greater than or equal to 0"),
        ("POST", "/clock", {"to": "2027-01-01T00:00:00"}, 422, "timezone"),
        ("GET", "/traffic?limit=0", None, 422, "a whole number from 1 to 10000; got '0'"),
        ("GET", "/traffic?page=2", None, 422, "only after and limit"),
    ],
)  # fmt: skip
async def test_bad_input_is_named(bench: Bench, method: str, path: str, body: object, status: int, words: str):
    answer = await bench.ask(method, path, body)
    assert answer["status_code"] == answer["status"] == status
    assert words in " ".join([answer["detail"], *(one["msg"] for one in answer["errors"])])
    assert {"type", "title", "status", "detail", "errors"} <= answer.keys()


async def test_a_phone_nobody_used_is_idle_and_empty(bench: Bench):
    phone = await bench.ask("GET", "/phones/%2B447700900123")
    assert (phone["state"], phone["call"], phone["calls"], phone["inbox"]) == ("idle", None, [], [])


async def test_behaviour_takes_the_whole_shape(bench: Bench):
    shape = {"on_ring": "voicemail", "after_s": 3, "says": "hello", "on_text": "never", "error_code": 30006}
    shape["script"] = [{"on": "say", "contains": "press", "after_s": 1, "press": "1", "speak": None, "hang_up": False}]
    await bench.ask("PUT", f"/phones/{PHONE}/behaviour", shape)
    assert (await bench.ask("GET", f"/phones/{PHONE}"))["behaviour"] == shape


async def test_traffic_is_in_order_and_read_in_parts(bench: Bench):
    await bench.text("one")
    await bench.advance()
    await bench.send("two")
    await bench.text("three")
    await bench.advance()
    whole = await bench.ask("GET", "/traffic")
    assert [one["kind"] for one in whole["items"]] == ["webhook", "rest", "webhook"] and whole["next"] is None
    assert [one["fields"]["Body"] for one in whole["items"]] == ["one", "two", "three"]
    assert [one["status"] for one in whole["items"]] == [200, 201, 200]
    assert "sandbox-auth-token" not in str(whole)
    part = await bench.ask("GET", "/traffic?limit=2")
    assert [one["seq"] for one in part["items"]] == [1, 2] and part["next"] == "2"
    rest = await bench.ask("GET", f"/traffic?limit=2&after={part['next']}")
    assert [one["seq"] for one in rest["items"]] == [3]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:8081"}, 200),
        ({"Host": "localhost:8081", "Origin": "http://localhost:8081"}, 200),
        ({"Host": "[::1]:8081"}, 200),
        ({"Host": "sandbox:8081"}, 200),
        ({"Host": "evil.example:8081", "Origin": "http://evil.example:8081"}, 421),
        ({"Host": "localhost:8081", "Origin": "http://evil.example"}, 403),
        ({"Host": "localhost:8081", "Origin": "http://localhost:3000"}, 403),
        ({"Host": "localhost:8081", "Origin": "null"}, 403),
    ],
)
async def test_foreign_pages_cannot_drive_it(bench: Bench, headers: dict[str, str], status: int):
    assert (await bench.ask("PUT", "/faults", {}, headers))["status_code"] == status


async def test_the_page_is_served(running: RunningSandbox):
    async with aiohttp.ClientSession(running.url) as http:
        for path, kind, words in (
            ("/", "text/html", "<title>Sandbox"),
            ("/page/page.css", "text/css", "prefers-color-scheme"),
            ("/page/page.js", "text/javascript", "textContent"),
        ):
            async with http.get(path) as answer:
                assert (answer.status, answer.content_type) == (200, kind) and words in await answer.text()
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        async with http.get("/page/../core.py") as answer:
            assert answer.status == 404
        async with http.get("/about") as answer:
            assert [one["number"] for one in (await answer.json())["numbers"]] == ["+14155550100", "+14155550101"]
        async with http.put("/faults", data=b"{") as answer:
            assert (answer.status, answer.content_type) == (400, "application/problem+json")
        async with http.get("/clock") as answer:
            assert (await answer.json())["mode"] == "manual"
    assert running.clock.now() == START
