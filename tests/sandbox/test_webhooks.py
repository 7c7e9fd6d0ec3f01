"""Webhooks on their way: redirects are followed, each request signed for its own URL, and cookies come back."""

import pytest
from multidict import CIMultiDict
from twilio.request_validator import RequestValidator

from channels.sandbox.account import SANDBOX_TOKEN
from channels.sandbox.cookies import COOKIES_MAX, TextCookies
from channels.wire import WireRequest, WireResponse
from router.core.clock import Ms
from tests.sandbox.stage import OURS, PHONE, TARGET, Bench, form_of, twiml
from tests.sandbox.voice_stage import CallBench


def sent_on(status: int, place: str) -> WireResponse:
    return WireResponse(status, b"", "text/plain", CIMultiDict({"Location": place}))


def baking(*cookies: str, inner: str = "") -> WireResponse:
    return WireResponse(
        200, f"<Response>{inner}</Response>".encode(), "text/xml", CIMultiDict([("Set-Cookie", one) for one in cookies])
    )


def is_signed(request: WireRequest) -> bool:
    form = form_of(request) if request.method == "POST" else {}
    return RequestValidator(SANDBOX_TOKEN).validate(request.url, form, request.headers["X-Twilio-Signature"])


@pytest.mark.fact("http-5", "sign-8")
@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
async def test_a_redirect_is_followed(bench: Bench, status: int, method: str):
    bench.service.answers = [sent_on(status, "there?a=b%20c#rc=2"), twiml("<Message>found</Message>")]
    await bench.text("hello")
    await bench.advance(2)
    first, second = bench.service.got
    assert (second.method, second.url) == (method, f"{TARGET}/twilio/there?a=b%20c")
    assert second.body == (first.body if method == "POST" else b"") and is_signed(first) and is_signed(second)
    assert first.headers["I-Twilio-Idempotency-Token"] == second.headers["I-Twilio-Idempotency-Token"]
    assert await bench.inbox() == ["found"] and await bench.debugger() == []


@pytest.mark.fact("http-5")
async def test_a_call_follows_to_another_host(calls: CallBench):
    calls.service.routes["/twilio/voice"] = sent_on(307, "https://other.example/voice")
    calls.service.routes["/voice"] = "<Say>over here</Say><Redirect>next</Redirect>"
    await calls.call_in()
    assert calls.service.got[1].url == "https://other.example/voice" and "over here" in await calls.heard()


@pytest.mark.fact("http-5")
async def test_redirects_in_a_ring_are_given_up(bench: Bench):
    bench.service.routes["/twilio/messages"] = sent_on(307, "/twilio/messages")
    await bench.text("hello")
    await bench.advance()
    assert len(bench.service.got) == 11 and await bench.debugger() == [11215]


@pytest.mark.fact("http-6")
async def test_a_call_keeps_its_cookies_for_itself(calls: CallBench):
    calls.service.routes["/twilio/voice"] = baking(
        "step=1; Path=/; HttpOnly", "b=2", inner="<Redirect>/next</Redirect>"
    )
    calls.service.routes["/next"] = baking("step=; Max-Age=0", "===", inner="<Redirect>/last</Redirect>")
    calls.service.routes["/last"] = "<Redirect>https://other.example/elsewhere</Redirect>"
    await calls.call_in()
    assert [one.headers.get("Cookie") for one in calls.service.got[:4]] == [None, "step=1; b=2", "b=2", None]
    await calls.advance(5)
    before = len(calls.service.got)
    await calls.call_in("+14155550177")
    assert "Cookie" not in calls.service.got[before].headers


@pytest.mark.fact("http-7")
async def test_texts_of_one_pair_share_cookies_for_four_hours(bench: Bench):
    bench.service.answers = [baking("seen=1")]
    for phone, after_s in ((PHONE, 0), (PHONE, 3_600), ("+14155550177", 0), (PHONE, 3 * 3_600)):
        await bench.advance(after_s)
        await bench.text("hello", phone=phone)
        await bench.advance()
    assert [one.headers.get("Cookie") for one in bench.service.got] == [None, "seen=1", None, None]


def test_cookies_are_bounded():
    texts = TextCookies()
    jar = texts.of(PHONE, OURS, at=Ms(0))
    jar.take(TARGET, baking(*(f"c{count}=1" for count in range(COOKIES_MAX + 5)), "long=" + "x" * 5_000))
    assert jar.header_for(TARGET).count("=") == COOKIES_MAX
    assert texts.of(PHONE, OURS, at=Ms(1)) is jar
