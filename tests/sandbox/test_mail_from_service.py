"""Mail from the service: what stands in a mailbox, and all that a mailbox may do with it."""

import hashlib
import json

import pytest

from channels.email.post import ACCEPTED, Envelope, PostFailure
from tests.sandbox.mail_stage import HELP, MIA, RAW, TOM, Desk, MailBench, answer_to, parsed
from tests.sandbox.stage import make_bench

RICH = b"""From: =?utf-8?q?J=C3=BCrgen=2C_onecase?= <help@support.example>
To: Mia <mia@customer.example>, tom@customer.example
Subject: =?utf-8?q?K=C3=A4lte?=
Message-ID: <9@support.example>
Received: one
Received: two
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: multipart/alternative; boundary=y

--y
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Gr=C3=BC=C3=9Fe
--y
Content-Type: text/html; charset=utf-8

<p>Hello</p>
--y--
--x
Content-Type: application/pdf
Content-Disposition: attachment; filename="bill.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--x--
"""


async def test_a_mail_stands_in_its_mailbox(mail: MailBench):
    assert await mail.comes("MIA@customer.example", raw=RICH) == ACCEPTED
    (item,) = await mail.items(MIA)
    assert (item["from"], item["to"], item["subject"]) == (HELP, f"{MIA}, {TOM}", "Kälte")
    assert (item["text"], item["html"], item["raw"]) == ("Grüße", "<p>Hello</p>", RICH.decode())
    assert item["headers"]["From"] == "Jürgen, onecase <help@support.example>"
    assert item["headers"]["Received"] == "one\ntwo"
    assert item["attachments"] == [{"name": "bill.pdf", "type": "application/pdf", "size_bytes": 4}]
    assert (item["folder"], item["message_id"], item["at"]) == (
        "INBOX",
        "<9@support.example>",
        "2026-11-18T11:06:40.000Z",
    )
    assert await mail.items(TOM) == []  # the envelope says who gets it, not the headers


async def test_headers_in_plain_utf8_are_read(mail: MailBench):
    """RFC 6532."""
    await mail.comes(MIA, raw="From: Jürgen <help@support.example>\nSubject: Kälte\n\tim  Flur\n\n".encode())
    (item,) = await mail.items(MIA)
    assert (item["subject"], item["headers"]["From"]) == ("Kälte im  Flur", "Jürgen <help@support.example>")


async def test_items_are_in_order_and_can_be_followed(mail: MailBench):
    for number in range(3):
        await mail.comes(MIA, raw=answer_to(MIA, X_Number=str(number)))
    items = await mail.items(MIA)
    assert [one["headers"]["X-Number"] for one in items] == ["0", "1", "2"]
    later = await mail.ask("GET", f"/mail/{MIA}?after={items[1]['seq']}")
    assert [one["headers"]["X-Number"] for one in later["items"]] == ["2"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: caf\xe9 \xf0\x9f\x98\x80\n\n\xff",
        b"Content-Type: text/plain; charset=x-nowhere\n\nwords",
        b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n!!!",
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"Subject: =?utf-8?b?////?= =?x?q?y?=\nFrom: <<>>@,,\n\n",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (one, one) for one in range(300)),
        b"Content-Disposition: attachment; filename*=utf-8''%ff%fe\n\n",
        b"From: " + b"(" * 50_000 + b"\nTo: " + b"a:" * 50_000 + b"\n\n",
        b"X: y\n" * 5_000 + b"\n",
        b"Content-Type: text/plain; charset=zlib\n\nwords",
    ],
)
async def test_every_mail_can_be_shown(mail: MailBench, raw: bytes):
    assert (await mail.comes(MIA, raw=raw)).is_taken
    (item,) = await mail.items(MIA)
    assert json.dumps(item).encode() and isinstance(item["text"], str)


@pytest.mark.parametrize(("on_mail", "code"), [("reject", 550), ("full", 452), ("greylist", 451)])
async def test_a_mailbox_refuses(mail: MailBench, on_mail: str, code: int):
    await mail.behave(MIA, on_mail=on_mail)
    assert (await mail.comes(MIA)).code == code
    assert await mail.items(MIA) == []


async def test_greylisting_lets_through_after_a_minute(mail: MailBench):
    await mail.behave(MIA, on_mail="greylist")
    assert (await mail.comes(MIA)).code == 451
    await mail.bench.advance(59)
    assert (await mail.comes(MIA)).code == 451
    await mail.bench.advance(1)
    assert (await mail.comes(MIA)).code == 250
    assert (await mail.comes(MIA)).code == 250
    assert (await mail.comes(MIA, sender="other@support.example")).code == 451


@pytest.mark.parametrize("to", [(MIA, TOM), (TOM, MIA)])
async def test_of_several_recipients_who_is_unknown_is_reported(mail: MailBench, to: tuple[str, ...]):
    await mail.behave(TOM, on_mail="reject")
    assert (await mail.comes(*to)).is_taken
    await mail.bench.advance()
    assert len(await mail.items(MIA)) == 1 and await mail.items(TOM) == []
    (report,) = mail.desk.got
    assert (report.sender, report.recipients) == ("", ("bounces@support.example",))
    assert parsed(report.raw).get_payload()[1].get_payload()[1]["Final-Recipient"] == f"rfc822; {TOM}"


async def test_of_several_recipients_one_that_is_full_holds_all_back(mail: MailBench):
    """Or the others would get the mail again when it is tried again."""
    await mail.behave(TOM, on_mail="full")
    assert (await mail.comes(MIA, TOM)).code == 452
    assert await mail.items(MIA) == []


async def test_a_mail_is_taken_and_bounces_later(mail: MailBench):
    await mail.behave(MIA, on_mail="bounce_later", after_s=120)
    assert (await mail.comes(MIA)).code == 250
    await mail.bench.advance(119)
    assert mail.desk.got == [] and await mail.items(MIA) == []
    await mail.bench.advance(1)
    (report,) = mail.desk.got
    assert (report.sender, report.recipients) == ("", ("bounces@support.example",))
    assert parsed(report.raw)["Auto-Submitted"] == "auto-replied" and b"<7@support.example>" in report.raw


async def test_what_has_no_return_path_is_lost_without_a_report(mail: MailBench):
    await mail.behave(MIA, on_mail="bounce_later")
    assert (await mail.comes(MIA, sender="")).code == 250
    await mail.bench.advance(3_600)
    assert mail.desk.got == []


@pytest.mark.parametrize("raw", [answer_to(MIA), answer_to(MIA, Auto_Submitted="auto-replied", Precedence="bulk")])
async def test_the_other_desk_answers_everything_and_hides_that_it_is_a_machine(mail: MailBench, raw: bytes):
    await mail.behave(MIA, on_mail="auto_reply")
    for sender in ("bounces@support.example", ""):
        await mail.comes(MIA, sender=sender, raw=raw)
        await mail.bench.advance(5)
    assert [(one.sender, one.recipients) for one in mail.desk.got] == [(MIA, (HELP,))] * 2
    answer = parsed(mail.desk.got[0].raw)
    assert answer["In-Reply-To"] == "<7@support.example>" and answer["Subject"].startswith("Re: Re: Cold flat [#")
    assert not [name for name in answer if name.lower() in ("auto-submitted", "precedence", "x-auto-response-suppress")]
    assert "We have received your request" in answer.get_payload()


async def test_the_other_desk_answers_where_it_is_asked_to(mail: MailBench):
    await mail.behave(MIA, on_mail="auto_reply", after_s=0, says="Grüße")
    await mail.comes(MIA, raw=answer_to(MIA, Reply_To="case+abc@support.example"))
    await mail.bench.advance()
    assert mail.desk.got[0].recipients == ("case+abc@support.example",)
    assert parsed(mail.desk.got[0].raw).get_payload(decode=True) == "Grüße".encode()


async def test_vacation_answers_the_return_path_once_a_week_and_says_what_it_is(mail: MailBench):
    """RFC 3834."""
    await mail.behave(MIA, on_mail="vacation")
    for advance_s in (5, 6 * 86_400, 2 * 86_400, 5):
        await mail.comes(MIA)
        await mail.bench.advance(advance_s)
    assert [(one.sender, one.recipients) for one in mail.desk.got] == [("", ("bounces@support.example",))] * 2
    note = parsed(mail.desk.got[0].raw)
    assert (note["Auto-Submitted"], note["Subject"]) == ("auto-replied (vacation)", "Auto: Re: Cold flat")
    assert note["In-Reply-To"] == note["References"] == "<7@support.example>"
    assert len(await mail.items(MIA)) == 4


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("", {}),
        ("bounces@support.example", {"Auto_Submitted": "auto-generated"}),
        ("bounces@support.example", {"Precedence": "bulk"}),
        ("bounces@support.example", {"List_Unsubscribe": "<mailto:x@support.example>"}),
        ("mailer-daemon@support.example", {}),
    ],
)
async def test_vacation_does_not_answer_machines(mail: MailBench, sender: str, headers: dict[str, str]):
    await mail.behave(MIA, on_mail="vacation")
    await mail.comes(MIA, sender=sender, raw=answer_to(MIA, **headers))
    await mail.bench.advance(60)
    assert mail.desk.got == []


async def test_vacation_does_not_answer_what_was_not_written_to_it(mail: MailBench):
    await mail.behave(MIA, on_mail="vacation")
    await mail.comes(MIA, raw=answer_to("list@elsewhere.example"))
    await mail.bench.advance(60)
    assert mail.desk.got == []


async def test_the_fault_of_greylisting_hits_each_mail_for_a_minute(mail: MailBench):
    await mail.fault(mail_greylist=True)
    assert (await mail.comes(MIA)).code == 451
    await mail.fault()
    assert (await mail.comes(MIA)).code == 451
    await mail.bench.advance(60)
    assert (await mail.comes(MIA)).code == 250
    await mail.fault(mail_greylist=True)
    other = answer_to(MIA).replace(b"<7@", b"<8@")
    assert (await mail.comes(MIA, raw=other)).code == 451


async def test_a_mail_is_taken_and_the_connection_breaks(mail: MailBench):
    await mail.fault(mail_lost_answer=True)
    with pytest.raises(PostFailure) as caught:
        await mail.comes(MIA)
    assert caught.value.may_have_arrived and len(await mail.items(MIA)) == 1
    (seen,) = await mail.traffic()
    assert seen["code"] is None and "broke" in seen["failure"] and seen["faults"] == ["lost answer"]


async def test_the_fault_of_late_bounces_hits_any_mailbox(mail: MailBench):
    await mail.fault(mail_bounce_later=True)
    assert (await mail.comes(MIA, TOM)).code == 250
    await mail.bench.advance(60)
    (report,) = mail.desk.got
    failed = parsed(report.raw).get_payload()[1].get_payload()[1:]
    assert [one["Final-Recipient"] for one in failed] == [f"rfc822; {MIA}", f"rfc822; {TOM}"]
    assert await mail.items(MIA) == []


async def test_one_mail_stands_in_two_folders(mail: MailBench):
    await mail.fault(mail_two_folders=True)
    await mail.comes(MIA)
    one, two = await mail.items(MIA)
    assert (one["folder"], two["folder"]) == ("INBOX", "All Mail") and one["raw"] == two["raw"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/mail/nobody", None, 422, "an address like"),
        ("GET", f"/mail/{MIA}?after=x", None, 422, "the seq of a mail"),
        ("GET", f"/mail/{MIA}?before=1", None, 422, "only after"),
        ("PUT", f"/mail/{MIA}/behaviour", {"on_mail": "eat"}, 422, "got 'eat'"),
        ("PUT", f"/mail/{MIA}/behaviour", {"on_mai": "accept"}, 422, "Extra inputs"),
        ("GET", "/mail", None, 404, "nothing at GET /mail"),
        ("DELETE", f"/mail/{MIA}", None, 404, "nothing at DELETE"),
    ],
)
async def test_wrong_questions_are_answered_in_words(
    mail: MailBench, method: str, path: str, body: object, status: int, words: str
):
    answer = await mail.ask(method, path, body)
    assert answer["status_code"] == status
    assert words in answer["detail"] + " ".join(one["msg"] for one in answer["errors"])


async def trace(seed: int) -> str:
    """What a busy run with many faults leaves behind."""
    bench, desk = make_bench(seed), Desk()
    bench.sandbox.post = desk
    mail = MailBench(bench, desk)
    await mail.fault(mail_greylist=0.3, mail_bounce_later=0.3, mail_two_folders=0.3, mail_twice=0.3)
    await mail.behave(TOM, on_mail="auto_reply")
    for number in range(40):
        await mail.post(RAW.replace(b"<1@", b"<%d@" % number))
        await mail.comes(MIA, TOM, raw=answer_to(MIA).replace(b"<7@", b"<%d@" % number))
        await bench.advance(7)
    await bench.advance(3_600)
    seen = [await mail.ask("GET", path) for path in ("/traffic", f"/mail/{MIA}", f"/mail/{TOM}")]
    await bench.sandbox.close()
    raws = "".join(repr(one) for one in desk.got)
    assert len(desk.got) > 50
    return hashlib.sha256((json.dumps(seen) + raws).encode()).hexdigest()


async def test_a_run_repeats_bit_for_bit():
    assert await trace(1) == await trace(1)
    assert await trace(1) != await trace(2)


async def test_mailboxes_are_bounded_and_the_oldest_mail_gives_way(mail: MailBench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("channels.sandbox.mail.mailboxes.MAIL_BYTES_MAX", 250_000)
    for address in (MIA, TOM, MIA):
        await mail.bench.sandbox.mail_in(Envelope(HELP, (address,), b"x" * 100_000))
    assert (len(await mail.items(MIA)), len(await mail.items(TOM))) == (1, 1)
