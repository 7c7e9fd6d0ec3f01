"""Abuse, and the right outcome: numbers of cards, ids of others, doors that roles may not pass, markup and templates."""

import html
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from policies import check_policies, default_policy_files, parse_policies
from router.core.call_table import Script
from router.core.redaction import without_cards
from router.core.words import CallId, Step
from tests.email.builders import eml
from tests.story import Json, RealStory, Story
from tests.story.wire import HERS, HIS

CARD = "4111 1111 1111 1111"
OTHER_CARD = "5500-0055-5555-5559"
FIGURES = re.compile(rb"4111[ -]?1111[ -]?1111[ -]?1111|5500[ -]?0055[ -]?5555[ -]?5559")
ASIDE = "We took a card number out"


def nowhere(data: Path) -> None:
    """No card number is in any file of the folder."""
    for file in data.iterdir():
        assert not FIGURES.search(file.read_bytes()), file.name


# --- 27: card numbers and security codes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param(f"my card is {CARD}", "my card is [card number removed]", id="spaces"),
        pytest.param(OTHER_CARD, "[card number removed]", id="dashes"),
        pytest.param("4111111111111111", "[card number removed]", id="one-piece"),
        pytest.param("4111.1111.1111.1111", "[card number removed]", id="dots"),
        pytest.param("4111\u00a01111\u20131111  1111", "[card number removed]", id="odd-separators"),
        pytest.param("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "[card number removed]", id="figure-by-figure"),
        pytest.param("41 11 11 11 11 11 11 11", "[card number removed]", id="pairs"),
        pytest.param("378282246310005", "[card number removed]", id="fifteen"),
        pytest.param(
            "3782 822463 10005 exp 12/27 cvv 1234", "[card number removed] exp 12/27 cvv [removed]", id="amex"
        ),
        pytest.param("4222222222222", "[card number removed]", id="thirteen"),
        pytest.param("6304000000000000000", "[card number removed]", id="nineteen"),
        pytest.param(f"{CARD} 12/27 123", "[card number removed] 12/27 [removed]", id="code-after-date"),
        pytest.param(f"{CARD}, 123", "[card number removed], [removed]", id="code-after-number"),
        pytest.param("CVV: 123", "CVV: [removed]", id="cvv"),
        pytest.param("the security code is 4321.", "the security code is [removed].", id="security-code"),
        pytest.param("Prüfziffer 123", "Prüfziffer [removed]", id="german"),
        pytest.param("código de seguridad es 123", "código de seguridad es [removed]", id="spanish"),
        pytest.param(f"{CARD} and {OTHER_CARD}", "[card number removed] and [card number removed]", id="two"),
        pytest.param("4111 1111 1111 1112", "4111 1111 1111 1112", id="wrong-check-digit"),
        pytest.param("call 212 555 0142 or 212 555 0143", "call 212 555 0142 or 212 555 0143", id="phone-numbers"),
        pytest.param("from 2026-11-24 to 2026-11-25", "from 2026-11-24 to 2026-11-25", id="dates"),
        pytest.param("2026-11-24 2026-11-25", "2026-11-24 2026-11-25", id="dates-in-a-row"),
        pytest.param("your code is 123456", "your code is 123456", id="one-time-code"),
        pytest.param("error code 123", "error code 123", id="error-code"),
        pytest.param("0000000000000000", "0000000000000000", id="zeros"),
    ],
)
def test_row27_what_is_taken_out(text: str, kept: str) -> None:
    """Abuse 27: 13 to 19 figures with a right check digit go, however they are grouped; security codes by name go with
    them; numbers of other kinds stay."""
    assert without_cards(text) == kept


async def test_row27_by_text_it_is_said_once() -> None:
    """Abuse 27: a number by SMS is on no disk, and its sender is told once about a case; spam is answered by nobody."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts(f"please charge {CARD} cvv 123")
        await her.texts(f"or this one: {OTHER_CARD}")
        case = await story.one_case()
        assert (await story.said(case["id"]))[0] == "please charge [card number removed] cvv [removed]"
        told = [text for text in await her.inbox() if text.startswith(ASIDE)]
        assert len(told) == 1
        him = story.phone(HIS)
        await him.texts(f"You have won! http://win.example {CARD}")
        assert await him.inbox() == []
        nowhere(story.data)
        told_by = (await story.ask("GET", "/metrics")).body
        assert not FIGURES.search(told_by)


async def test_row27_who_said_stop_is_not_told() -> None:
    """Abuse 27: nothing goes to whoever told us to stop; that it did not stands on the case."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("STOP")
        await her.texts(f"charge {CARD}")
        assert not [text for text in await her.inbox() if text.startswith(ASIDE)]
        nowhere(story.data)


async def test_row27_on_the_phone() -> None:
    """Abuse 27: a number that is spoken or typed is on no disk; the caller hears at once that it was left out."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=15)
        await her.speaks(f"my card number is {CARD}")
        await story.passes(seconds=2)
        assert "We do not keep card numbers" in await her.heard()
        await her.presses("1")
        await story.passes(seconds=3)
        case = await her.case()
        said = [e["text"] for e in await story.timeline(case, "call") if e["text"]]
        assert said == ["my card number is [card number removed]"]
        hidden = story.phone(HIS)
        await hidden.calls(caller="anonymous")
        await story.passes(seconds=15)
        await hidden.presses("1")
        await story.passes(seconds=3)
        await hidden.presses("4111111111111111#")
        await story.passes(seconds=10)
        assert "cannot call that number" in await hidden.heard()
        await hidden.hangs_up()
        await story.settles()
        nowhere(story.data)


MAILS = {
    "plain": ("Content-Type: text/plain", f"charge {CARD}\n"),
    "html": ("Content-Type: text/html", f"<p>charge <b>4111</b> <i>1111</i> 1111 1111 {CARD}</p>\n"),
    "base64": ("Content-Type: text/plain\nContent-Transfer-Encoding: base64", "Y2hhcmdlIDQxMTEgMTExMSAxMTExIDExMTE=\n"),
    "file": (
        'Content-Type: multipart/mixed; boundary="b"',
        f"--b\nContent-Type: text/plain\n\nsee file\n--b\nContent-Type: text/csv\n"
        f'Content-Disposition: attachment; filename="cards.csv"\n\nname,card\nMia,{CARD}\n--b--\n',
    ),
}


@pytest.mark.parametrize("kind", MAILS)
async def test_row27_by_mail(kind: str) -> None:
    """Abuse 27: in no text, file or source of a mail; its source says the way it took and what is left; told once."""
    headers, body = MAILS[kind]
    async with Story() as story:
        head = f"From: Mia <mia@customer.example>\nTo: help@support.example\nSubject: card\nMessage-ID: <{kind}@c>\n"
        await story.brings_mail(eml(f"{head}{headers}\n\n{body}"))
        await story.settles()
        case = await story.one_case()
        came = (await story.timeline(case["id"], "message"))[0]
        assert any("card number" in note for note in came["notes"])
        source = (await story.ask("GET", came["raw_url"])).body
        assert not FIGURES.search(source)
        assert b"From: Mia <mia@customer.example>" in source
        nowhere(story.data)
        [answered] = (await story.provider("GET", "/mail/mia@customer.example"))["items"]
        assert case["ref"] in answered["text"]
        assert ASIDE.lower() in answered["text"].lower()


# --- 5, 7, 8: who shows a number, a link or a key ---------------------------------------------------------------------


async def test_row5_a_borrowed_number_hears_and_changes_nothing() -> None:
    """Abuse 5: whoever calls under a number of somebody else, without full attestation, is not told of the case, stands
    on it as weak evidence, and hanging up rings nobody."""
    async with Story() as story:
        await story.phone(HERS).texts("my boiler at 5 Elm Street is cold")
        thief = story.phone(HERS)
        await thief.calls(attestation="C")
        await story.passes(seconds=60)
        heard = await thief.heard()
        await thief.hangs_up()
        await story.settles()
        case = await story.one_case()
        assert "boiler" not in heard
        assert case["ref"] not in heard
        assert case["contacts"][-1]["evidence"] == "weak"
        assert case["promises"] == []
        assert case["junk"] is None, "whoever has an open case is no junk"


async def test_row7_a_link_that_leaked() -> None:
    """Abuse 7: a page's link shows one contact and nothing else, tells no other site of itself, is not used up by a
    scanner that reads it first, and cannot be made from another one."""
    async with Story() as story:
        await story.phone(HERS).texts("the history that nobody is shown")
        touch = {"channel": "touch", "address": HERS, "text": "E42"}
        made = await story.ask("POST", "/api/v1/contacts", body=touch, headers={"X-Site-Key": "site_demo"}, token=None)
        path = made.json["page_url"]
        before = (await story.ask("GET", "/metrics")).body
        for method in ("GET", "HEAD", "GET"):
            page = await story.ask(method, path, token=None)
            assert page.status == 200
            assert page.headers["Referrer-Policy"] == "no-referrer"
            assert page.headers["Cache-Control"] == "no-store"
        seq = re.compile(rb"onecase_journal_seq (\S+)")
        assert seq.findall((await story.ask("GET", "/metrics")).body) == seq.findall(before)
        assert b"E42" in page.body
        assert b"history" not in page.body
        assert (await story.ask("POST", path, token=None)).status == 405
        id, until, signature = path.removeprefix("/c/").split(".")
        other = id[:-1] + ("0" if id[-1] != "0" else "1")
        for forged in (f"{id}.ffffffffff.{signature}", f"{other}.{until}.{signature}", f"{id}.{until}.{'A' * 24}"):
            gone = await story.ask("GET", f"/c/{forged}", token=None)
            assert gone.status == 404
            assert b"E42" not in gone.body


async def test_row8_a_key_on_another_site() -> None:
    """Abuse 8: a key bound to a page's origin is 403 from another one, nothing is kept, and no other door knows it."""
    async with Story() as story:
        made = await story.api("POST", "/sites", {"name": "Shop", "origins": ["https://shop.example"]})
        own = {"X-Site-Key": made["key"], "Origin": "https://shop.example"}
        copied = {"X-Site-Key": made["key"], "Origin": "https://evil.example"}
        assert (await story.ask("POST", "/api/v1/contacts", body={}, headers=own, token=None)).status == 201
        refused = await story.ask("POST", "/api/v1/contacts", body={}, headers=copied, token=None)
        assert refused.status == 403
        assert "Access-Control-Allow-Origin" not in refused.headers
        assert len(await story.cases()) == 1
        for path in ("/api/v1/cases", "/api/v1/quarantine", "/api/v1/customers?q=x"):
            assert (await story.ask("GET", path, headers=own, token=None)).status == 401


# --- 9, 10: ids and doors ---------------------------------------------------------------------------------------------


async def test_row9_ids_that_are_guessed() -> None:
    """Abuse 9: an id that nobody has, that has no form of an id, or that names another kind of thing is answered alike,
    word for word, wherever an id stands."""
    async with Story() as story:
        await story.phone(HERS).texts("hello")
        case = await story.one_case()
        wrong = [
            "case_" + "0" * 32,
            "case_",
            "bad_" + "0" * 32,
            "x",
            "%00",
            "..%2F..",
            case["customer"],
            case["id"] + "0",
        ]
        doors: list[tuple[str, str, Json | None]] = [
            ("GET", "/cases/{}", None), ("GET", "/cases/{}/calls", None), ("POST", "/cases/{}/callbacks", {}),
            ("POST", "/cases/{}/participants", {"address": "a@c.example"}), ("GET", "/media/{}", None),
            ("POST", "/customers/{}/addresses", {"address": "a@c.example"}), ("POST", "/quarantine/{}/release", {}), ("POST", "/calls/{}/hold", None), ("DELETE", "/callbacks/{}", None),
        ]  # fmt: skip
        for method, path, body in doors:
            ids = [id for id in wrong if id != case["customer"] or not path.startswith("/customers")]
            answers = [await story.ask(method, f"/api/v1{path.format(id)}", body=body) for id in ids]
            assert {a.status for a in answers} == {404}, (path, [(a.status, a.body) for a in answers])
            assert len({a.body for a in answers}) == 1, path


DOORS = ("case", "search", "file", "stream", "quarantine", "audit")
SEES: dict[str, tuple[str, ...]] = {
    "agent": ("case", "search", "file", "stream"),
    "lead": ("case", "search", "file", "stream", "quarantine"),
    "ops": ("case", "search", "file", "stream", "quarantine", "audit"),
    "admin": ("case", "search", "file", "stream", "quarantine", "audit"),
    "integration": ("case", "search", "file", "stream"),
}


@pytest.mark.parametrize("role", [*SEES, "nobody", "site", "revoked"])
async def test_row10_doors_by_role(role: str) -> None:
    """Abuse 10: the doors to a case (itself, search, file, stream) and beside it open by role alone; without a token,
    with a site's key, or with a token that was taken back, none does and nothing is said."""
    async with Story() as story:
        await story.phone(HERS).texts("secret words", media=[{"content_type": "image/png", "base64": "iVBORw0KGgo="}])
        case = await story.one_case()
        file = (await story.timeline(case["id"], "message"))[0]["attachments"][0]["url"]
        token: str | None = None
        headers: dict[str, str] = {}
        if role in SEES:
            token = await story.token(role)
        elif role == "site":
            headers = {"X-Site-Key": "site_demo"}
        elif role == "revoked":
            token = await story.token("ops")
            [known] = [t for t in (await story.api("GET", "/tokens"))["items"] if t["role"] == "ops"]
            await story.api("DELETE", f"/tokens/{known['id']}")
        addresses = {
            "case": f"/api/v1/cases/{case['id']}/timeline", "search": "/api/v1/cases?q=secret", "file": file,
            "stream": "/api/v1/stream", "quarantine": "/api/v1/quarantine", "audit": "/api/v1/audit",
        }  # fmt: skip
        for door in DOORS:
            if door == "stream":
                upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
                           "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}  # fmt: skip
                if role in SEES:
                    opened = await story.stream(token or "")
                    await opened.closes()
                    continue
                answer = await story.ask("GET", addresses[door], headers={**headers, **upgrade}, token=token)
            else:
                answer = await story.ask("GET", addresses[door], headers=headers, token=token)
            opens = door in SEES.get(role, ())
            assert answer.status == (200 if opens else 403 if role in SEES else 401), door
            if not opens:
                assert b"secret" not in answer.body
                assert case["ref"].encode() not in answer.body


async def test_row10_an_agent_is_told_of_their_own_offers_alone() -> None:
    """Abuse 10: what concerns another agent is on nobody's stream but theirs and those of leads."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        ben = await story.agent("Ben")
        screen, over_all = await ben.looks(since=0), await story.stream(await story.token("lead"), since=0)
        await story.phone(HERS).texts("hello")
        await ana.accepts()
        seq = int(re.findall(rb"onecase_journal_seq (\d+)", (await story.ask("GET", "/metrics")).body)[0])
        seen = {(e["kind"], e["data"].get("agent")) for e in await screen.until(seq)}
        lead = {(e["kind"], e["data"].get("agent")) for e in await over_all.until(seq)}
        assert ("WorkOffered", ana.id) in lead - seen
        assert ("AgentStateChanged", ana.id) in lead - seen
        assert (await ben.refused("POST", f"/offers/off_{'0' * 32}/accept"))["status"] in (404, 409)


# --- 25, 31, 32, 33 ---------------------------------------------------------------------------------------------------


async def test_row14_nothing_here_calls_an_address_that_somebody_gives() -> None:
    """Abuse 14: there are no outgoing webhooks: no door takes an address to be called, so none has to be refused."""
    async with Story() as story:
        paths = json.loads((await story.ask("GET", "/openapi.json")).body)["paths"]
        assert [path for path in paths if "hook" in path] == []
        for target in ("http://127.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://169.254.169.254/", "http://0x7f.1/"):
            for method in ("POST", "PUT"):
                answer = await story.ask(method, "/api/v1/hooks", body={"url": target})
                assert answer.status == 404, (method, target)


async def test_row24_no_answer_is_a_table_for_spreadsheets() -> None:
    """Abuse 24: nothing here answers CSV, asked for or not, so no cell can be a formula: what begins like one comes as it
    was written, in JSON."""
    formula = '=HYPERLINK("http://x.example","hello")'
    async with Story() as story:
        her = story.phone()
        await her.texts(formula)
        case = await her.case()
        paths = json.loads((await story.ask("GET", "/openapi.json")).body)["paths"]
        kinds = {
            kind
            for path in paths.values()
            for route in path.values()
            for answer in route["responses"].values()
            for kind in answer.get("content", {})
        }
        assert [kind for kind in kinds if "csv" in kind or "sheet" in kind] == []
        for path in ("/cases", f"/cases/{case}", f"/cases/{case}/timeline", "/customers?q=%2B1", "/audit"):
            answer = await story.ask("GET", f"/api/v1{path}", headers={"Accept": "text/csv"})
            assert answer.headers["Content-Type"].startswith("application/json"), path
        assert formula in await story.said(case)


async def test_row25_what_strangers_write_is_no_line_of_the_log() -> None:
    """Abuse 25: line breaks and escapes in junk, in its release and in what cannot be read begin no line of the log, and
    no row of a timeline."""
    nasty = 'You have won! http://x.example\r\n{"event":"forged"}\x1b[2J'
    async with RealStory() as story:
        await story.phone(HIS).texts(nasty)
        [item] = (await story.api("GET", "/quarantine"))["items"]
        await story.api("POST", f"/quarantine/{item['id']}/release", {"reason": 'a\r\n{"event":"forged"}\x1b[2J'})
        await story.ask("POST", "/api/v1/quarantine/%0d%0a%1b[2J/release", body=b"{")
        assert story.process is not None
        process = story.process
        await process.stops()
        assert "\x1b" not in process.errors + process.output
        assert not any(line.startswith('{"event":"forged"') for line in process.errors.splitlines())
        await story.starts()


async def test_row31_stop_on_a_shared_phone() -> None:
    """Abuse 31: STOP from a number stops texts to that number; mail to the same customer goes on."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("hello")
        case = await story.one_case()
        mia = {"address": "mia@customer.example"}
        await story.api("POST", f"/customers/{case['customer']}/addresses", mia)
        await her.texts("STOP")
        problem = await story.refused("POST", f"/cases/{case['id']}/messages", {"text": "hi", "channel": "sms"})
        assert problem["type"].endswith("opted_out")
        sent = await story.api("POST", f"/cases/{case['id']}/messages", {"text": "hi"})
        assert sent["channel"] == "email"


@pytest.mark.parametrize(
    "given", ["</Say><Dial>+19005550100</Dial><Say>", "]]><Dial/>", "&#60;Dial&#62;", '"><Redirect>']
)
async def test_row32_a_name_is_no_twiml(given: str) -> None:
    """Abuse 32: what a caller is called, says or shows is text wherever it comes back, never a verb."""
    async with Story() as story:
        form = {"CallSid": "CA" + "5" * 32, "From": given, "To": "+14155550100", "CallStatus": "ringing",
                "CallerName": given, "SpeechResult": given, "Direction": "inbound"}  # fmt: skip
        answer = await story.webhook(form, path="/twilio/voice")
        assert answer.status == 200
        assert {element.tag for element in ET.fromstring(answer.body).iter()} <= {
            "Response",
            "Gather",
            "Say",
            "Redirect",
        }
        spoken = Script(call=CallId("call_1"), turn=1, step=Step.WHISPER, language="en", says=(given,))
        assert story.running is not None
        voice = next(one for one in story.running.node.channels if one.capabilities.live)
        root = ET.fromstring(voice.speak(spoken).body)
        assert [element.text for element in root.iter("Say")] == [given]
        assert not {element.tag for element in root.iter()} & {"Dial", "Redirect"}


async def test_row33_a_template_is_filled_once_and_runs_nothing() -> None:
    """Abuse 33: braces in people's words are words: on the desk, in answers, and where they are put into a phrase; a
    phrase with anything but its own names is refused."""
    braces = "{{7*7}} {brand} {obj.__class__} ${7*7} {% raw %}"
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts(braces)
        work = await ana.accepts()
        page = html.unescape(await ana.page(work["case"]))
        assert braces in page
        await ana.replies(work["case"], braces)
        assert braces in await her.inbox()
    policies = parse_policies(default_policy_files(), 1)
    assert policies.phrase("mail_subject", "en", brand="{ref}", ref="{{7*7}}") == "{ref}: your message {{7*7}}"
    words = default_policy_files()["words.yaml"].replace('en: "Goodbye."', 'en: "Goodbye {obj.__class__}."')
    [problem] = check_policies({**default_policy_files(), "words.yaml": words}).lines()
    assert "obj.__class__" in problem
