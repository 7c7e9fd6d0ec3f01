"""Mail to the service: as it was written, tried again while the service cannot, returned when it will not."""

import asyncio

import pytest

from channels.email.post import Envelope, PostFailure, Reply, Unreached
from channels.sandbox.mail.to_service import RETRY_AFTER_S
from tests.sandbox.mail_stage import HELP, LATER, MIA, NEVER, NOT_ARRIVED, RAW, TOM, MailBench, parsed
from tests.sandbox.stage import START


async def test_a_mail_goes_to_the_service_as_it_was_written(mail: MailBench):
    answer = await mail.post()
    assert (answer["status_code"], answer["accepted"], answer["reply"]) == (201, True, "250 OK")
    assert answer["message_id"] == "<1@customer.example>"
    assert mail.desk.got == [Envelope(MIA, (HELP,), RAW)]
    (sent,) = (await mail.ask("GET", f"/mail/{MIA}"))["sent"]
    assert (sent["subject"], sent["state"], sent["recipients"]) == ("Cold flat", "accepted", [HELP])


@pytest.mark.parametrize(
    ("head", "query", "sender", "recipients"),
    [
        ("From: a@x.example\nTo: HELP@Support.example, Q <q@support.example>", "", "a@x.example", (HELP, "q@support.example")),
        ("From: a@x.example\nReturn-Path: <b@x.example>\nTo: help@support.example", "", "b@x.example", (HELP,)),
        ("From: a@x.example\nReturn-Path: <>\nTo: help@support.example", "", "", (HELP,)),
        ("From: a@x.example\nTo: h@other.example", "", "a@x.example", ("h@other.example",)),
        ("From: a@x.example\nTo: undisclosed-recipients:;", "", "a@x.example", (HELP,)),
        ("From: a@x.example", "", "a@x.example", (HELP,)),
        ("Subject: nobody", "", "stranger@customer.example", (HELP,)),
        ("From: <>\nTo: help@support.example", "", "stranger@customer.example", (HELP,)),
        ("From: a@x.example, b@x.example\nTo: help@support.example", "", "a@x.example", (HELP,)),
        ("From: a@x.example\nTo: help@support.example", "?from=&to=c@d.example,e@f.example", "", ("c@d.example", "e@f.example")),
        ("From: =?utf-8?q?boss=40corp.example=2C?= <a@x.example>\nTo: help@support.example", "", "a@x.example", (HELP,)),
        ("From: a@x.example\nTo: help@support.example\nCc: h2@eu.support.example", "", "a@x.example", (HELP, "h2@eu.support.example")),
    ],
)  # fmt: skip
async def test_the_envelope_is_from_the_headers_or_as_told(
    mail: MailBench, head: str, query: str, sender: str, recipients: tuple[str, ...]
):
    raw = f"{head}\n\nwords\n".encode()
    assert (await mail.post(raw, query))["accepted"]
    assert mail.desk.got == [Envelope(sender, recipients, raw)]


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe\x00", b"no headers at all", b"\r\n\r\n", b"Subject: " + b"x" * 200_000, b":\n" * 5_000]
)
async def test_no_mail_is_refused_for_its_form(mail: MailBench, raw: bytes):
    answer = await mail.post(raw)
    if raw.strip():
        assert answer["accepted"] and mail.desk.got[0].raw == raw
    else:
        assert answer["status_code"] == 422


async def test_blind_copies_are_carried_and_not_shown(mail: MailBench):
    raw = b"From: a@x.example\r\nBcc: help@support.example,\r\n q@support.example\r\nTo: tom@customer.example\r\n\r\nBcc: stays\r\n"
    await mail.post(raw)
    assert mail.desk.got[0].recipients == (HELP, "q@support.example")
    assert mail.desk.got[0].raw == b"From: a@x.example\r\nTo: tom@customer.example\r\n\r\nBcc: stays\r\n"


async def test_copies_to_others_go_to_their_mailboxes_here(mail: MailBench):
    await mail.post(RAW.replace(b"Subject", b"Cc: Tom <tom@customer.example>\r\nSubject"))
    assert mail.desk.got[0].recipients == (HELP,)
    (item,) = await mail.items(TOM)
    assert (item["from"], item["to"], item["cc"], item["return_path"]) == (MIA, HELP, TOM, MIA)


async def test_without_a_service_to_bring_it_to_a_mail_is_a_problem(mail: MailBench):
    mail.bench.sandbox.post = None
    answer = await mail.post()
    assert answer["status_code"] == 409 and "where the service takes mail" in answer["detail"]


@pytest.mark.parametrize(
    ("query", "words"), [("?form=a@b.example", "only from and to"), ("?to=nobody", "an address like"), ("?from=a b@c", "an address like")]
)  # fmt: skip
async def test_a_wrong_envelope_is_said(mail: MailBench, query: str, words: str):
    answer = await mail.post(RAW, query)
    assert answer["status_code"] == 422 and words in answer["errors"][0]["msg"] and mail.desk.got == []


@pytest.mark.parametrize("trouble", [LATER, NOT_ARRIVED, PostFailure("timed out", may_have_arrived=True)])
async def test_a_service_that_cannot_is_tried_again(mail: MailBench, trouble: Exception):
    mail.desk.answers = [trouble, trouble]
    assert not (await mail.post())["accepted"]
    await mail.bench.advance(59)
    assert len(mail.desk.got) == 1
    await mail.bench.advance(1)
    assert len(mail.desk.got) == 2
    await mail.bench.advance(300)
    assert len(mail.desk.got) == 3
    await mail.bench.advance(86_400)
    assert mail.desk.got == [Envelope(MIA, (HELP,), RAW)] * 3 and await mail.items(MIA) == []
    assert [one["attempt"] for one in await mail.traffic()] == [1, 2, 3]


async def test_the_clock_waits_for_a_mail_on_its_way(mail: MailBench):
    arrived: list[int] = []

    class SlowDesk:
        async def deliver(self, envelope: Envelope, *, timeout_s: float) -> tuple[Unreached, ...]:
            for _ in range(500):
                await asyncio.sleep(0)
            arrived.append(mail.bench.clock.now() - START)
            return ()

    mail.desk.answers = [LATER]
    await mail.post()
    mail.bench.sandbox.post = SlowDesk()
    await mail.bench.advance(3_600)
    assert arrived == [60_000]


async def test_whom_the_service_refuses_is_reported_or_tried_again_alone(mail: MailBench):
    """While it took the mail for others."""
    mail.desk.unreached = [
        Unreached(TOM, Reply(550, "5.1.1 no")),
        Unreached("eva@customer.example", Reply(450, "4.2.0")),
    ]
    assert (await mail.post(query=f"?to={HELP},{TOM},eva@customer.example"))["accepted"]
    (item,) = await mail.items(MIA)
    assert "5.1.1 no" in item["text"] and TOM in item["text"]
    await mail.bench.advance(RETRY_AFTER_S[0])
    assert [one.recipients for one in mail.desk.got][1:] == [("eva@customer.example",)]


async def test_what_stays_undelivered_is_returned(mail: MailBench):
    mail.desk.answers = [LATER] * 20
    await mail.post()
    await mail.bench.advance(sum(RETRY_AFTER_S))
    assert len(mail.desk.got) == 1 + len(RETRY_AFTER_S)
    (item,) = await mail.items(MIA)
    assert "4.7.1 later" in item["text"] and item["headers"]["Auto-Submitted"] == "auto-replied"


async def test_a_refusal_is_returned_at_once_as_a_report(mail: MailBench):
    """RFC 3464: a part for people, a part for programs, the headers of what was not delivered."""
    mail.desk.answers = [NEVER]
    answer = await mail.post()
    assert (answer["accepted"], answer["reply"]) == (False, "550 5.7.1 We do not want this")
    (item,) = await mail.items(MIA)
    report = parsed(item["raw"])
    assert report.get_content_type() == "multipart/report" and report.get_param("report-type") == "delivery-status"
    words, status, original = report.get_payload()
    assert "We do not want this" in words.get_payload()
    about, recipient = status.get_payload()
    assert about["Reporting-MTA"] == "dns; mail.customer.example"
    assert recipient["Final-Recipient"] == f"rfc822; {HELP}" and recipient["Action"] == "failed"
    assert recipient["Status"] == "5.7.1" and recipient["Diagnostic-Code"] == "smtp; 550 5.7.1 We do not want this"
    assert original.get_content_type() == "text/rfc822-headers" and "<1@customer.example>" in original.get_payload()
    assert item["return_path"] == "" and item["to"] == MIA


async def test_a_report_is_never_reported_upon(mail: MailBench):
    mail.desk.answers = [NEVER]
    await mail.post(RAW, "?from=&to=help@support.example")
    await mail.bench.advance(60)
    assert await mail.items(MIA) == []


async def test_one_mail_comes_twice(mail: MailBench):
    await mail.fault(mail_twice=True)
    assert (await mail.post())["accepted"]
    assert mail.desk.got == [Envelope(MIA, (HELP,), RAW)] * 2
    assert [one["faults"] for one in await mail.traffic()] == [[], ["twice"]]


async def test_traffic_shows_mail_in_order_with_the_rest(mail: MailBench):
    await mail.bench.text("a text")
    await mail.bench.advance()
    await mail.post()
    await mail.comes(MIA)
    items = (await mail.ask("GET", "/traffic"))["items"]
    assert [one["kind"] for one in items] == ["webhook", "mail", "mail"]
    shown = [(one["direction"], one["from"], one["to"], one["code"], one["text"]) for one in items[1:]]
    assert shown == [("in", MIA, HELP, 250, "OK"), ("out", "bounces@support.example", MIA, 250, "2.0.0 OK")]
