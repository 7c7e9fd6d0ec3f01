"""Odd texts and the right outcome: rows 11 to 18, signatures, and what a sender's words can never do."""

import base64
import hashlib
import hmac
from urllib.parse import quote_plus

import pytest

from channels.sandbox.account import SANDBOX_SID, SANDBOX_TOKEN
from tests.story import HERS, OURS, Story, sign

EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


@pytest.mark.parametrize(
    ("words", "blocked", "hint"),
    [
        ("STOP", True, False),
        (" stop. ", True, False),
        ("Stop all", True, False),
        ("ARRET", True, False),
        ("arrêt", True, False),
        ("stop \N{OCTAGONAL SIGN}", True, False),
        ("\N{OCTAGONAL SIGN}STOP!!", True, False),
        ("please stop by at 5", False, True),
        ("stop texting me you idiots", False, True),
        ("don't cancel my order", False, False),
    ],
)
async def test_row11_stop_is_a_word_of_its_own(words: str, blocked: bool, hint: bool) -> None:
    """Row 11: the bare word ends our texts at once; the word inside a sentence does not, and is pointed out."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("hello")
        case = (await story.one_case())["id"]
        await her.texts(words)
        customer = await story.api("GET", f"/customers/{(await story.case(case))['customer']}")
        assert customer["addresses"][0]["blocked"] == (["sms"] if blocked else [])
        assert (await story.case(case))["flags"] == (["may_have_asked_us_to_stop"] if hint else [])
        assert words.strip() in [text.strip() for text in await story.said(case)]
        answer = await story.ask("POST", f"/api/v1/cases/{case}/messages", body={"text": "ok"}, token=ana.token)
        assert answer.status == (409 if blocked else 202)


async def test_row11_stop_as_the_first_word_ever_opens_nothing() -> None:
    """A stranger's STOP is kept and obeyed; nobody is bothered with it."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone(HERS).texts("STOP")
        assert (await story.one_case())["status"] == "closed"
        assert await ana.offers() == []


async def test_row12_start_after_stop() -> None:
    """Row 12: START opens texts again, and both stand on the case."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("hello")
        await her.texts("STOP")
        await her.texts("START")
        case = await story.one_case()
        terms = [(e["facts"]["blocked"], e["reasons"]) for e in await story.timeline(case["id"], "terms")]
        assert terms == [(True, ["their own word"]), (False, ["their own word"])]


async def test_row13_an_empty_text_is_kept_and_answered_by_nobody() -> None:
    """Row 13: nothing was said, that is kept too; no automatic answer goes out."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("")
        case = await story.one_case()
        assert await story.said(case["id"]) == [""]
        await story.passes(minutes=10)
        assert await her.received() == []


@pytest.mark.parametrize("count", ["10", "0", "999999", "-1", "many", "", "٣"])
async def test_row14_the_number_of_files_is_not_trusted(count: str) -> None:
    """Row 14: whatever is said of the files, those that have an address are kept, ten at most, and the text stays."""
    async with Story() as story:
        files = {f"MediaUrl{n}": f"https://example.org/{n}" for n in range(3)}
        fields = {"MessageSid": "MM" + "1" * 32, "From": HERS, "To": OURS, "Body": "look", "NumMedia": count, **files}
        assert (await story.webhook(fields)).status == 200
        [entry] = await story.timeline((await story.one_case())["id"], "message")
        assert entry["text"] == "look"
        assert len(entry["attachments"]) in (0, 3)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        pytest.param("x" * 1600, "x" * 1600, id="1600"),
        pytest.param("ä€😀漢" * 400, "ä€😀漢" * 400, id="mixed"),
        pytest.param("a\0b", "ab", id="nul"),
        pytest.param("<b>&amp;\u202e\u200b</b>", "<b>&amp;\u202e\u200b</b>", id="markup-as-words"),
        pytest.param("line\r\nline\n\tend", "line\r\nline\n\tend", id="lines"),
        pytest.param("y" * 30_000, "y" * 20_000, id="longer-than-any-text"),
    ],
)
async def test_row15_words_are_kept_as_they_are(sent: str, kept: str) -> None:
    """Row 15: every valid word survives; what cannot be stored is left out; nothing else is touched."""
    async with Story() as story:
        fields = {"MessageSid": "SM" + "1" * 32, "From": HERS, "To": OURS, "Body": sent}
        assert (await story.webhook(fields)).status == 200
        assert await story.said((await story.one_case())["id"]) == [kept]


@pytest.mark.parametrize("raw", [b"\xed\xa0\x80", b"\xff\xfe", b"caf\xe9", b"ok\xf0\x9f\x98"])
async def test_row15_bytes_that_are_no_words(raw: bytes) -> None:
    """Row 15: a lone surrogate or a broken letter, signed as it was sent, becomes a replacement character."""
    async with Story() as story:
        sid = b"SM" + b"1" * 32
        pairs = {b"AccountSid": SANDBOX_SID.encode(), b"From": HERS.encode(), b"To": OURS.encode(), b"MessageSid": sid}
        pairs[b"Body"] = raw
        text = f"{story.service}/twilio/messages".encode() + b"".join(k + pairs[k] for k in sorted(pairs))
        signature = base64.b64encode(hmac.new(SANDBOX_TOKEN.encode(), text, hashlib.sha1).digest()).decode()
        body = "&".join(f"{quote_plus(k)}={quote_plus(v)}" for k, v in pairs.items()).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
        answer = await story.ask("POST", "/twilio/messages", body=body, headers=headers, token=None)
        assert answer.status == 200
        [said] = await story.said((await story.one_case())["id"])
        assert "\N{REPLACEMENT CHARACTER}" in said
        assert said.encode()


@pytest.mark.parametrize(
    ("text", "segments"),
    [("a" * 160, 1), ("a" * 161, 2), ("ä" * 160, 1), ("€" * 80, 1), ("漢" * 70, 1), ("😀" * 36, 2)],
)
async def test_row15_segments_are_counted_as_they_are_billed(text: str, segments: int) -> None:
    """Row 15: GSM letters count one or two, others make the whole text 16-bit."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone(HERS).texts("hello")
        sent = await ana.replies((await story.one_case())["id"], text)
        assert sent["segments"] == segments
        [rest] = [r for r in await story.traffic("rest", "/Messages.json") if r["method"] == "POST"]
        assert f'"num_segments": "{segments}"' in rest["answer"]


@pytest.mark.parametrize("sender", ["12345", "MYBANK", "", "anonymous", "+266696687", "+1", "sip:bob@example.org"])
async def test_row16_senders_that_cannot_be_answered(sender: str) -> None:
    """Row 16: a short code, a name or nobody at all: kept on a case, never written to."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        fields = {"MessageSid": "SM" + "1" * 32, "From": sender, "To": OURS, "Body": "your code is 1"}
        assert (await story.webhook(fields)).status == 200
        case = (await story.one_case())["id"]
        refusal = await ana.refused("POST", f"/cases/{case}/messages", {"text": "who are you?"})
        assert refusal["status"] == 409
        assert [r for r in await story.traffic("rest") if r["method"] == "POST"] == []


async def test_row17_the_same_sid_twice_is_one_item() -> None:
    """Row 17: the first one counts, whatever the second one says."""
    async with Story() as story:
        fields = {"MessageSid": "SM" + "1" * 32, "From": HERS, "To": OURS, "Body": "first"}
        for body in ("first", "first", "second"):
            assert (await story.webhook({**fields, "Body": body})).status == 200
        assert await story.said((await story.one_case())["id"]) == ["first"]


async def test_abuse16_a_replay_an_hour_later_does_nothing() -> None:
    """Abuse 16: a webhook with a valid signature, sent again later, after a restart, too."""
    async with Story() as story:
        fields = {"MessageSid": "SM" + "1" * 32, "From": HERS, "To": OURS, "Body": "hello"}
        await story.webhook(fields)
        case = await story.one_case()
        await story.passes(hours=1)
        await story.webhook(fields)
        await story.restarts()
        await story.webhook(fields)
        assert await story.one_case() == case


@pytest.mark.parametrize(
    "what", ["missing", "wrong", "empty", "other url", "other field", "other account", "other secret"]
)
async def test_a_wrong_signature_is_turned_away(what: str) -> None:
    """A webhook that the provider did not sign is refused, nothing of it is kept but a line in the audit."""
    async with Story() as story:
        url = f"{story.service}/twilio/messages"
        fields = {
            "AccountSid": SANDBOX_SID,
            "MessageSid": "SM" + "1" * 32,
            "From": HERS,
            "To": OURS,
            "Body": "secret words",
        }
        good = sign(url, fields)
        given = {
            "wrong": ("B" if good[0] == "A" else "A") + good[1:],
            "empty": "",
            "other url": sign(f"{story.service}/twilio/status/message", fields),
            "other field": sign(url, {**fields, "Body": "other"}),
            "other secret": sign(url, fields, secret="guess"),
        }
        if what == "missing":
            answer = await story.ask(
                "POST", "/twilio/messages", body=b"From=%2B1", token=None,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            )  # fmt: skip
        elif what == "other account":
            answer = await story.webhook({**fields, "AccountSid": "AC" + "9" * 32})
        else:
            answer = await story.webhook(fields, signature=given[what])
        assert answer.status == 403
        assert b"secret words" not in answer.body
        assert await story.cases() == []
        [line] = [a for a in (await story.api("GET", "/audit"))["items"] if a["action"] == "CountRefused"]
        assert line["data"]["count"] == 1
        assert "twilio-messaging" in line["data"]["what"]


async def test_a_flood_of_wrong_signatures_is_one_line_every_few_seconds() -> None:
    """However many come, the audit and the log grow by a line per ten seconds, with their count."""
    async with Story() as story:
        fields = {"MessageSid": "SM" + "1" * 32, "From": HERS, "To": OURS, "Body": "x"}
        for _ in range(300):
            assert (await story.webhook(fields, signature="nonsense")).status == 403
        await story.passes(seconds=11)
        lines = [a for a in (await story.api("GET", "/audit?limit=200"))["items"] if a["action"] == "CountRefused"]
        assert [line["data"]["count"] for line in lines] == [1, 299]
        assert "onecase_webhooks_refused_total 300.0" in (await story.ask("GET", "/metrics")).body.decode()
        assert (await story.webhook(fields)).status == 200


@pytest.mark.parametrize(
    "claim",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Proto": "https"},
        {"Forwarded": "host=evil.example;proto=https"},
        {"Host": "evil.example"},
        {"X-Original-URL": "/twilio/status/message"},
        {"X-HTTP-Method-Override": "GET"},
    ],
)
async def test_abuse17_the_signed_address_is_ours_by_configuration(claim: dict[str, str]) -> None:
    """Abuse 17: headers cannot make a signature over another host hold, nor break one over ours."""
    async with Story() as story:
        fields = {"AccountSid": SANDBOX_SID, "MessageSid": "SM" + "1" * 32, "From": HERS, "To": OURS, "Body": "x"}
        for host in ("https://evil.example", "http://evil.example", story.service.replace("http:", "https:")):
            forged = sign(f"{host}/twilio/messages", fields)
            assert (await story.webhook(fields, signature=forged, headers=claim)).status == 403
        assert (await story.webhook(fields, headers=claim)).status == 200


@pytest.mark.parametrize(
    "words",
    [
        "</Message><Dial>+1900</Dial>",
        "]]><Redirect>http://evil</Redirect>",
        "&lt;Response&gt;",
        "<?xml version='1.1'?>",
    ],
)
async def test_abuse32_no_words_reach_our_twiml(words: str) -> None:
    """Abuse 32: the answer to a webhook is the same empty document, whatever anybody wrote in any field."""
    async with Story() as story:
        fields = {
            "MessageSid": "SM" + "1" * 32, "From": HERS, "To": OURS, "Body": words, "ProfileName": words,
            "FromCity": words, "ButtonText": words,
        }  # fmt: skip
        answer = await story.webhook(fields)
        assert (answer.status, answer.body) == (200, EMPTY)
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        assert await story.phone(HERS).inbox() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"&".join(b"a%d=1" % n for n in range(300)), 400, id="too-many-fields"),
        pytest.param(b"\xff\xfe\x00", 400, id="no-form"),
        pytest.param(b"", 403, id="nothing"),
        pytest.param(b"%", 403, id="half-an-escape"),
        pytest.param(b"x" * 1_100_000, 413, id="too-large"),
    ],
)
async def test_webhooks_that_are_none(body: bytes, status: int) -> None:
    """What is no form, or too much of one, is refused without a trace."""
    async with Story() as story:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"}
        answer = await story.ask("POST", "/twilio/messages", body=body, headers=headers, token=None)
        assert answer.status == status
        assert await story.cases() == []


async def test_a_signed_webhook_without_a_message_is_refused_by_form() -> None:
    """Signed, but nothing that can be kept: 400, and the service goes on."""
    async with Story() as story:
        assert (await story.webhook({"From": HERS, "To": OURS, "Body": "x"})).status == 400
        assert (await story.webhook({"MessageStatus": "sent"}, path="/twilio/status/message")).status == 200
        assert (await story.ask("PUT", "/twilio/messages", token=None)).status == 405
        assert (await story.webhook({"MessageSid": "SM1", "From": HERS, "To": OURS, "Body": "x"})).status == 200
