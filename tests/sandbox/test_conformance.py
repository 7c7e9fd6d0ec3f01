"""The real SDK over real HTTP: it must find in the sandbox what it finds at the provider."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from channels.sandbox.account import SANDBOX_API_KEYS, SANDBOX_SID, SANDBOX_TOKEN
from channels.sandbox.server import RunningSandbox
from tests.sandbox.stage import OURS, PHONE, START, Bench, Receiver, RedirectedHttp, advance

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
START_AT = datetime.fromtimestamp(START // 1000, UTC)


async def text(http: aiohttp.ClientSession, phone: str = PHONE, **text: object) -> str:
    async with http.post(f"/phones/{phone}/texts", json=text) as answer:
        assert answer.status == 201, await answer.text()
        return (await answer.json())["message_sid"]


async def refusal(awaited: Any) -> tuple[int, int | None]:
    with pytest.raises(TwilioRestException) as caught:
        await awaited
    return caught.value.status, caught.value.code


@pytest.mark.fact("sdk-1", "sdk-2", "sdk-4", "sign-1", "send-1", "rest-4")
async def test_a_message_is_created_and_followed(twilio: Client, http: aiohttp.ClientSession, receiver: Receiver):
    made = await twilio.messages.create_async(
        to=PHONE, from_=OURS, body="Grüße 😀", status_callback=f"{receiver.url}/twilio/status/message?id=a%20b"
    )
    assert made.sid is not None and made.sid.startswith("SM") and len(made.sid) == 34
    assert (made.status, made.direction, made.num_segments, made.num_media) == ("queued", "outbound-api", "1", "0")
    assert made.date_created == START_AT and made.date_sent is None and made.error_code is None
    await advance(http, 2)
    seen = await twilio.messages(made.sid).fetch_async()
    assert (seen.status, seen.body) == ("delivered", "Grüße 😀") and seen.date_sent is not None
    assert [form["MessageStatus"] for _, _, form in receiver.got] == ["sent", "delivered"]
    for path, headers, form in receiver.got:
        assert RequestValidator(SANDBOX_TOKEN).validate(receiver.url + path, form, headers["X-Twilio-Signature"])
    assert "RawDlrDoneDate" in receiver.got[1][2]


@pytest.mark.fact("send-6")
async def test_whatsapp_takes_free_words_for_a_day(twilio: Client, http: aiohttp.ClientSession, receiver: Receiver):
    """Taken like any other, then reported as failed with 63016: to whoever never wrote, and a day after they did."""
    pair = {
        "to": f"whatsapp:{PHONE}",
        "from_": f"whatsapp:{OURS}",
        "status_callback": f"{receiver.url}/twilio/status/message",
    }

    async def sends() -> tuple[str, int | None]:
        made = await twilio.messages.create_async(**pair, body="hello")
        assert made.sid is not None and made.status == "queued" and made.error_code is None
        await advance(http, 2)
        seen = await twilio.messages(made.sid).fetch_async()
        return str(seen.status), seen.error_code

    assert await sends() == ("failed", 63016)
    report = receiver.got[-1][2]
    assert (report["MessageStatus"], report["ErrorCode"], report["To"]) == ("failed", "63016", f"whatsapp:{PHONE}")
    await text(http, body="hi", channel="sms")
    assert await sends() == ("failed", 63016), "a text opens no window"
    await text(http, body="hi", channel="whatsapp")
    assert await sends() == ("delivered", None)
    await advance(http, 86_400)
    assert await sends() == ("failed", 63016)


@pytest.mark.fact("sdk-5", "send-11")
async def test_messages_are_listed_newest_first_in_pages(twilio: Client, http: aiohttp.ClientSession):
    sids = [await text(http, body=f"text {count}") for count in range(7)]
    listed = await twilio.messages.list_async(to=OURS, page_size=3)
    assert [one.sid for one in listed] == sids[::-1]
    assert all((one.direction, one.status) == ("inbound", "received") for one in listed)
    assert len(await twilio.messages.list_async(limit=2)) == 2
    assert await twilio.messages.list_async(from_="+14155550199") == []


@pytest.mark.fact("send-11")
async def test_lists_are_cut_by_the_date_sent(twilio: Client, http: aiohttp.ClientSession):
    early = await text(http, body="early")
    await advance(http, 3 * 86_400)
    late = await text(http, body="late")
    middle = START_AT + timedelta(days=1)
    assert [one.sid for one in await twilio.messages.list_async(date_sent_after=middle)] == [late]
    assert [one.sid for one in await twilio.messages.list_async(date_sent_before=middle)] == [early]
    assert [one.sid for one in await twilio.messages.list_async(date_sent_after=START_AT)] == [late, early]
    assert [one.sid for one in await twilio.messages.list_async(date_sent=START_AT.date())] == [early]


@pytest.mark.fact("text-2")
async def test_media_of_an_inbound_text(twilio: Client, http: aiohttp.ClientSession, receiver: Receiver):
    picture = b"\x89PNG not really"
    coded = base64.b64encode(picture).decode()
    files = [{"content_type": "image/png", "base64": coded}, "https://elsewhere.example/x.jpg"]
    sid = await text(http, body="", media=files)
    await advance(http, 0)
    form = receiver.got[0][2]
    assert sid.startswith("MM") and form["NumMedia"] == "2" and form["MediaContentType0"] == "image/png"
    assert form["MediaUrl1"] == "https://elsewhere.example/x.jpg"
    listed = await twilio.messages(sid).media.list_async()
    assert [one.content_type for one in listed] == ["image/png", "application/octet-stream"]
    async with http.get(form["MediaUrl0"]) as answer:
        assert answer.status == 401
    basic = {"Authorization": aiohttp.encode_basic_auth(SANDBOX_SID, SANDBOX_TOKEN)}
    async with http.get(form["MediaUrl0"], headers=basic) as answer:
        assert (answer.status, answer.content_type, await answer.read()) == (200, "image/png", picture)
    assert listed[1].sid is not None
    second = form["MediaUrl0"].rpartition("/")[0] + "/" + listed[1].sid
    async with http.get(second, headers=basic, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (307, "https://elsewhere.example/x.jpg")


@pytest.mark.fact("sdk-3")
async def test_media_sent_out_reach_the_phone(twilio: Client, http: aiohttp.ClientSession):
    made = await twilio.messages.create_async(to=PHONE, from_=OURS, media_url=["https://service.example/plan.pdf"])
    assert made.sid is not None and made.sid.startswith("MM") and made.num_media == "1"
    await advance(http, 2)
    async with http.get(f"/phones/{PHONE}") as answer:
        (got,) = (await answer.json())["inbox"]
    assert got["media"] == [{"url": "https://service.example/plan.pdf", "content_type": "application/pdf"}]


@pytest.mark.fact("send-11")
async def test_redact_and_delete(twilio: Client, http: aiohttp.ClientSession):
    sid = await text(http, body="my card is 4111…")
    assert (await twilio.messages(sid).update_async(body="")).body == ""
    assert await refusal(twilio.messages(sid).update_async(body="other")) == (400, 20009)
    assert await refusal(twilio.messages(sid).update_async(status="canceled")) == (400, 20009)
    assert await twilio.messages(sid).delete_async()
    assert await refusal(twilio.messages(sid).fetch_async()) == (404, 20404)


@pytest.mark.fact("send-1", "send-9", "send-10")
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"to": ""}, 21604),
        ({"from_": ""}, 21603),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"to": "0123"}, 21211),
        ({"from_": "nobody"}, 21212),
        ({"from_": "+14155550199"}, 21606),
        ({"to": OURS}, 21266),
        ({"to": f"whatsapp:{PHONE}"}, 21910),
        ({"to": f"whatsapp:{PHONE}", "from_": "whatsapp:+14155550199"}, 63007),
        ({"media_url": ["ftp://x/y"]}, 21620),
        ({"media_url": ["https://x/y"] * 11}, 21623),
        ({"status_callback": "nowhere"}, 21609),
        ({"validity_period": 99_999}, 20001),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550002"}, 21612),
        ({"to": "+15005550003"}, 21408),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
        ({"from_": "+15005550007"}, 21606),
        ({"from_": "+15005550008"}, 21611),
    ],
)
async def test_what_is_wrong_is_refused_by_its_code(twilio: Client, change: dict[str, Any], expected: int):
    assert await refusal(twilio.messages.create_async(**{"to": PHONE, "from_": OURS, "body": "x", **change})) == (
        400,
        expected,
    )


@pytest.mark.fact("rest-5", "send-12")
async def test_what_is_not_emulated_is_refused_with_words(twilio: Client):
    with pytest.raises(TwilioRestException, match="does not emulate Queues"):
        await twilio.queues.create_async(friendly_name="q")
    with pytest.raises(TwilioRestException, match="does not emulate ContentSid"):
        await twilio.messages.create_async(to=PHONE, from_=OURS, content_sid="HX" + "0" * 32)
    assert await refusal(twilio.calls("CA" + "0" * 32).fetch_async()) == (404, 20404)


@pytest.mark.fact("sdk-2", "rest-1", "rest-3")
async def test_account_numbers_and_keys(running: RunningSandbox, twilio: Client, receiver: Receiver):
    account = await twilio.api.accounts(SANDBOX_SID).fetch_async()
    assert (account.status, account.sid) == ("active", SANDBOX_SID)
    numbers = await twilio.incoming_phone_numbers.list_async()
    assert [one.phone_number for one in numbers] == [OURS, "+14155550101"]
    assert (numbers[0].sms_url, numbers[0].voice_url) == (
        f"{receiver.url}/twilio/messages",
        f"{receiver.url}/twilio/voice",
    )
    changed = await numbers[0].update_async(sms_url="https://service.example/new#rc=2&rp=all")
    assert changed.sms_url == "https://service.example/new#rc=2&rp=all"
    ((key, secret),) = SANDBOX_API_KEYS.items()
    async with RedirectedHttp(running.url) as http:
        by_key = Client(key, secret, SANDBOX_SID, http_client=http)
        assert (await by_key.messages.create_async(to=PHONE, from_=OURS, body="x")).status == "queued"
        wrong = Client(SANDBOX_SID, "wrong", http_client=http)
        assert await refusal(wrong.messages("SM1").fetch_async()) == (401, 20003)
        other = Client(SANDBOX_SID, SANDBOX_TOKEN, "AC" + "1" * 32, http_client=http)
        assert await refusal(other.messages("SM1").fetch_async()) == (404, 20404)


CALL_FIELDS = {
    "sid", "account_sid", "parent_call_sid", "to", "to_formatted", "from", "from_formatted", "phone_number_sid", "status",
    "start_time", "end_time", "duration", "price", "price_unit", "direction", "answered_by", "api_version",
    "forwarded_from", "group_sid", "caller_name", "queue_time", "trunk_sid", "date_created", "date_updated", "uri",
    "subresource_uris",
}  # fmt: skip
MESSAGE_FIELDS = {
    "sid", "account_sid", "messaging_service_sid", "from", "to", "body", "num_segments", "num_media", "direction",
    "status", "error_code", "error_message", "price", "price_unit", "api_version", "date_created", "date_updated",
    "date_sent", "uri", "subresource_uris",
}  # fmt: skip


@pytest.mark.fact("calls-19")
async def test_a_call_is_shown_whole(bench: Bench):
    made = await bench.rest("POST", "/Calls.json", To=PHONE, From=OURS, Twiml="<Response/>")
    assert made.keys() - {"status_code"} == CALL_FIELDS and made["uri"].startswith("/2010-04-01/Accounts/")


@pytest.mark.fact("send-13")
async def test_a_message_is_shown_whole(bench: Bench):
    made = await bench.send()
    assert made.keys() - {"status_code"} == MESSAGE_FIELDS and made["uri"].startswith("/2010-04-01/Accounts/")


@pytest.mark.fact("sdk-6")
async def test_an_error_is_shown_as_the_provider_shows_it(bench: Bench):
    refused = await bench.send(To="0123")
    assert refused.pop("status_code") == 400 and "0123" in refused.pop("message")
    assert refused == {"code": 21211, "more_info": "https://www.twilio.com/docs/errors/21211", "status": 400}


@pytest.mark.fact("sdk-7")
async def test_what_would_be_xml_is_refused_with_words(bench: Bench):
    refused = await bench.rest("GET", "/Messages")
    assert (refused["status_code"], refused["code"]) == (403, 20008) and ".json" in refused["message"]


@pytest.mark.fact("text-10", "send-12")
@pytest.mark.parametrize("name", ["MessagingServiceSid", "ContentSid", "ScheduleType", "SendAt", "ShortenUrls"])
async def test_what_would_change_a_message_is_refused_with_words(bench: Bench, name: str):
    refused = await bench.send(**{name: "x"})
    assert (refused["status_code"], refused["code"]) == (403, 20008) and name in refused["message"]
