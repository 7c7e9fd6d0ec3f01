"""Texts from a phone: the webhook, its retries, what its answer does, and the provider's own opt-out words."""

from urllib.parse import parse_qsl

import pytest
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from channels.sandbox.account import SANDBOX_TOKEN
from channels.wire import WireFailure, WireResponse
from tests.sandbox.stage import OURS, PHONE, TARGET, Bench, twiml

NO_CONNECTION = WireFailure("refused", may_have_arrived=False)
NO_ANSWER = WireFailure("timed out", may_have_arrived=True)


def status(code: int) -> WireResponse:
    return WireResponse(code, b"", "text/plain")


async def aim(bench: Bench, **urls: str) -> None:
    answer = await bench.rest("POST", f"/IncomingPhoneNumbers/PN{1:032x}.json", **urls)
    assert answer["status_code"] == 200, answer


@pytest.mark.fact("text-1", "http-1")
async def test_the_webhook_has_all_fields_and_a_signature(bench: Bench):
    sid = await bench.text("Grüße & 😀")
    await bench.advance()
    (request,) = bench.service.got
    fields = parse_qsl(request.body.decode(), keep_blank_values=True)
    form = dict(fields)
    assert request.url == f"{TARGET}/twilio/messages"
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"] == sid
    assert (form["From"], form["To"], form["Body"]) == (PHONE, OURS, "Grüße & 😀")
    assert (form["NumMedia"], form["NumSegments"], form["SmsStatus"]) == ("0", "1", "received")
    assert (form["FromCountry"], form["ToCity"], form["ApiVersion"]) == ("US", "", "2010-04-01")
    signature = request.headers["x-twilio-signature"]
    assert RequestValidator(SANDBOX_TOKEN).validate(request.url, MultiDict(fields), signature)
    assert request.headers["User-Agent"] == "TwilioProxy/1.1"


@pytest.mark.fact("text-3")
async def test_whatsapp_has_its_own_addresses_and_fields(bench: Bench):
    await bench.text("hi", channel="whatsapp")
    await bench.advance()
    (form,) = bench.service.forms()
    assert (form["From"], form["To"]) == (f"whatsapp:{PHONE}", f"whatsapp:{OURS}")
    assert (form["WaId"], form["MessageType"]) == ("14155550142", "text") and "FromCity" not in form


@pytest.mark.fact("text-5")
async def test_twiml_replies_are_sent(bench: Bench):
    bench.service.answers = [
        twiml(
            f"<Message>one &amp; two</Message><Message to='+447700900123' statusCallback='/s'><Body>{'é'}</Body></Message>"
        )
    ]
    await bench.text("hello")
    await bench.advance(5)
    assert await bench.inbox() == ["one & two"]
    assert await bench.inbox("+447700900123") == ["é"]
    assert bench.service.got[-1].url == f"{TARGET}/s" and bench.service.statuses() == ["sent", "delivered"]
    listed = (await bench.rest("GET", "/Messages.json"))["messages"]
    assert [one["direction"] for one in listed] == ["outbound-reply", "outbound-reply", "inbound"]


@pytest.mark.fact("text-6", "http-4", "http-11", "http-12", "http-13")
@pytest.mark.parametrize(
    ("answer", "inbox", "codes"),
    [
        (twiml(""), [], []),
        (status(204), [], []),
        (WireResponse(200, b"OK", "text/plain; charset=utf-8"), ["OK"], []),
        (WireResponse(200, b"{}", "application/json"), [], [12300]),
        (WireResponse(200, b"<Response><Message>x", "text/xml"), [], [12100]),
        (WireResponse(200, b"<Reply/>", "text/xml"), [], [12100]),
        (WireResponse(200, b'<!DOCTYPE r [<!ENTITY a "b">]><Response><Message>&a;</Message></Response>', "text/xml"), [], [12100]),
        (twiml("<Say>hi</Say><Message color='red'>x</Message>"), ["x"], [12200, 12200]),
        (twiml("<Message></Message>"), [], [21602]),
        (WireResponse(200, b"x" * 65_537, "text/plain"), [], [11750]),
        (status(302), [], [11200]),
        (status(500), [], [11200]),
    ],
)  # fmt: skip
async def test_what_an_answer_does(bench: Bench, answer: WireResponse, inbox: list[str], codes: list[int]):
    bench.service.answers = [answer]
    await bench.text("hello")
    await bench.advance(2)
    assert (await bench.inbox(), await bench.debugger()) == (inbox, codes)


@pytest.mark.fact("http-1", "http-2", "http-3", "sign-8")
@pytest.mark.parametrize(
    ("fragment", "answers", "attempts"),
    [
        ("", [NO_CONNECTION, NO_CONNECTION], 2),
        ("", [NO_ANSWER], 1),
        ("", [status(500)], 1),
        ("#rc=0", [NO_CONNECTION], 1),
        ("#rc=3&rp=5xx", [status(500), status(503)], 3),
        ("#rc=2&rp=5xx", [status(404)], 1),
        ("#rc=2&rp=4xx,rt", [status(404), NO_ANSWER, status(404)], 3),
        ("#rc=2&rp=all", [NO_CONNECTION, status(500), NO_ANSWER], 3),
        ("#rc=9&rp=all", [NO_ANSWER], 1),
    ],
)
async def test_retries_follow_the_fragment(
    bench: Bench, fragment: str, answers: list[WireResponse | WireFailure], attempts: int
):
    await aim(bench, SmsUrl=f"{TARGET}/in?a=1{fragment}")
    bench.service.answers = answers
    await bench.text("hello")
    await bench.advance()
    assert len(bench.service.got) == attempts
    assert {one.url for one in bench.service.got} == {f"{TARGET}/in?a=1"}
    assert len({one.headers["I-Twilio-Idempotency-Token"] for one in bench.service.got}) == 1
    assert (11243 in await bench.debugger()) == ("rc=9" in fragment)


@pytest.mark.fact("http-4")
async def test_what_the_service_missed_can_be_listed(bench: Bench):
    bench.service.answers = [NO_CONNECTION, NO_CONNECTION]
    sid = await bench.text("anybody there?")
    await bench.advance()
    assert await bench.debugger() == [11205]
    (listed,) = (await bench.rest("GET", f"/Messages.json?To=%2B{OURS[1:]}"))["messages"]
    assert (listed["sid"], listed["status"], listed["direction"]) == (sid, "received", "inbound")
    phone = await bench.ask("GET", f"/phones/{PHONE}")
    assert phone["sent"][0]["handed_over"] == "failed"


@pytest.mark.fact("http-9")
async def test_the_fallback_is_asked_when_the_webhook_fails(bench: Bench):
    await aim(bench, SmsFallbackUrl="https://spare.example/in")
    bench.service.answers = [status(500), twiml("<Message>later</Message>")]
    await bench.text("hello")
    await bench.advance(2)
    assert bench.service.got[1].url == "https://spare.example/in"
    assert bench.service.forms()[1]["ErrorCode"] == "11200"
    assert await bench.inbox() == ["later"]


@pytest.mark.fact("text-7")
@pytest.mark.parametrize(
    "word", ["STOP", " stop ", "StopAll", "UNSUBSCRIBE", "cancel", "End", "QUIT", "revoke", "OPTOUT"]
)
async def test_stop_blocks_the_pair_and_start_frees_it(bench: Bench, word: str):
    await bench.text(word)
    await bench.advance(1)
    assert bench.service.forms()[0]["Body"] == word, "the service hears of it"
    assert [one[:33] for one in await bench.inbox()] == ["You have successfully been unsubs"]
    refused = await bench.send()
    assert (refused["status_code"], refused["code"]) == (400, 21610)
    assert (await bench.send(From="+14155550101"))["status_code"] == 201, "our other number is not blocked"
    await bench.text("start")
    await bench.advance(1)
    assert (await bench.send())["status_code"] == 201


@pytest.mark.fact("text-8", "text-9")
async def test_only_the_bare_words_count_and_only_when_they_change_something(bench: Bench):
    for body in ("please stop by at 5", "STOP please", "YES", "start"):
        await bench.text(body)
    await bench.text("STOP", channel="whatsapp")
    await bench.advance(1)
    assert await bench.inbox() == []
    await bench.text("stop")
    await bench.text("stop")
    await bench.text("HELP")
    assert [one.split()[0] for one in await bench.inbox()] == ["You", "Reply"]


async def test_a_twiml_reply_to_somebody_who_stopped_is_refused(bench: Bench):
    bench.service.answers = [twiml("<Message>sorry to see you go</Message>")]
    await bench.text("STOP")
    await bench.advance(2)
    assert len(await bench.inbox()) == 1 and await bench.debugger() == [21610]
