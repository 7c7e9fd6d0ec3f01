"""Mails by webhook, each provider's way: what comes in the body becomes a mail in an envelope, or a refusal in words."""

import base64
import hashlib
import hmac
import json
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from channels.base import Refusal
from channels.email.enveloping import HEADER_BYTES_MAX, RECIPIENTS_MAX, enveloped
from channels.email.form import PARTS_MAX
from channels.email.inbound import KINDS, Kind, envelopes_of, fields_of, token_of, verify_mailgun
from channels.email.post import Envelope, is_address
from channels.wire import WireRequest
from router.core.clock import Ms

OURS = "help@support.example"
KEY = b"key-of-the-webhooks"
NOW = Ms(1_795_446_000_000)
MAIL = (
    b"Return-Path: <mia@customer.example>\r\nFrom: Mia <mia@customer.example>\r\nTo: Help <help@support.example>\r\n"
    b"Subject: cold\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nDie Wohnung ist k\xfchl.\r\n"
)
JPEG = bytes(range(256)) + b"\r\n--zipp\r\n\r\n\n\r" * 3


def request(body: bytes, type: str, url: str = "/email/inbound/raw", **headers: str) -> WireRequest:
    return WireRequest("POST", url, CIMultiDict({"Content-Type": type, **headers}), body)


def form(*fields: tuple[str, str | bytes], files: tuple[tuple[str, str, str, bytes], ...] = ()) -> WireRequest:
    """A multipart form as providers send it; files are (field, file name, type, content)."""
    lines: list[bytes] = []
    for name, text in fields:
        content = text if isinstance(text, bytes) else text.encode()
        lines.append(b'--zip\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), content))
    for name, file_name, kind, content in files:
        head = f'--zip\r\nContent-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}'
        lines.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    return request(b"".join(lines) + b"--zip--\r\n", "multipart/form-data; boundary=zip")


def posted(mail: dict[str, Any]) -> WireRequest:
    return request(json.dumps(mail).encode(), "application/json; charset=utf-8")


def one(kind: Kind, asked: WireRequest, *, is_trusted: bool = False) -> Envelope:
    (envelope,) = envelopes_of(kind, asked, otherwise_to=OURS, is_trusted=is_trusted)
    return envelope


def read(envelope: Envelope) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(envelope.raw, policy=default))


def words(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def refused(kind: Kind, asked: WireRequest) -> tuple[int, str]:
    with pytest.raises(Refusal) as refusal:
        envelopes_of(kind, asked, otherwise_to=OURS)
    return refusal.value.status, str(refusal.value)


# --- raw --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type", ["message/rfc822", "application/x-www-form-urlencoded", "text/plain", ""])
def test_a_raw_message_is_the_mail_whatever_it_is_called(type: str) -> None:
    """Byte for byte; the envelope is what the headers tell."""
    assert one("raw", request(MAIL, type)) == Envelope("mia@customer.example", (OURS,), MAIL)


def test_the_query_says_the_envelope_better_than_the_headers() -> None:
    """A mail server that hands a mail over knows its envelope; `from=` alone is the null return path."""
    url = "/email/inbound/raw?to=help%2Babc@support.example&to=sales@support.example&from="
    envelope = one("raw", request(MAIL, "message/rfc822", url))
    assert (envelope.sender, envelope.recipients) == ("", ("help+abc@support.example", "sales@support.example"))


@pytest.mark.parametrize("query", ["?to=nobody", "?from=%0d%0a@x.example", "?" + "&".join(["to=a@b.example"] * 200)])
def test_a_query_that_names_no_address_is_refused(query: str) -> None:
    assert refused("raw", request(MAIL, "message/rfc822", "/email/inbound/raw" + query))[0] == 400


def test_what_has_no_header_is_refused_to_strangers_and_kept_from_friends() -> None:
    """A friend's words are read by a person, under a first line that says what is wrong with them."""
    asked = request(b"the flat is cold", "text/plain")
    assert refused("raw", asked) == (
        400,
        "The body cannot be read: a message begins with header lines (RFC 5322), and this does not.",
    )
    kept = one("raw", asked, is_trusted=True)
    assert kept.raw.startswith(b"X-Onecase-Note: could not be read: a message begins with")
    assert kept.raw.endswith(b"\r\n\r\nthe flat is cold")
    assert kept.recipients == (OURS,)


@pytest.mark.parametrize(
    ("header", "sender", "recipients"),
    [
        ("Return-Path: <>\r\nFrom: mailer-daemon@x.example", "", (OURS,)),
        ("From: a@x.example, b@x.example\r\nSender: c@x.example", "a@x.example", (OURS,)),
        ("Sender: c@x.example", "c@x.example", (OURS,)),
        ("Subject: nobody", "", (OURS,)),
        ("From: =?utf-8?q?boss=40corp.example?= <mia@x.example>", "mia@x.example", (OURS,)),
        ("From: =?utf-8?q?boss=40corp.example?=", "", (OURS,)),
        ("From: =?utf-8?q?boss?=@corp.example", "", (OURS,)),
        ('From: "boss@corp.example" <mia@x.example>', "mia@x.example", (OURS,)),
        ("To: B@x.example, b@X.example\r\nDelivered-To: a@x.example", "", ("a@x.example", "B@x.example")),
        (
            "Delivered-To: box@host.example\r\nX-Original-To: help@x.example\r\nTo: list@x.example\r\nCc: d@x.example",
            "",
            ("help@x.example", "box@host.example", "list@x.example", "d@x.example"),
        ),
        ("To: undisclosed-recipients:;", "", (OURS,)),
        ("To: friends: a@x.example, b@x.example;", "", ("a@x.example", "b@x.example")),
        ("To: " + ", ".join(f"p{i}@x.example" for i in range(200)), "", tuple(f"p{i}@x.example" for i in range(100))),
    ],
)
def test_an_envelope_out_of_headers(header: str, sender: str, recipients: tuple[str, ...]) -> None:
    """What servers wrote comes before what people wrote; text that only looks like an address is none."""
    envelope = enveloped(f"{header}\r\n\r\nhello".encode(), otherwise_to=OURS)
    assert (envelope.sender, envelope.recipients) == (sender, recipients)
    assert len(envelope.recipients) <= RECIPIENTS_MAX


def test_an_address_that_is_cut_by_a_limit_is_left_out() -> None:
    """Half an address could be somebody else's."""
    long = "x" * 240
    to = ", ".join(f"{i:03}@{long}.example" for i in range(RECIPIENTS_MAX))
    before = "X: y\r\n" * ((HEADER_BYTES_MAX - 20) // 6)
    for raw in (f"To: {to}\r\n\r\n", f"{before}To: {OURS}, {OURS}.evil.example\r\n\r\n"):
        found = enveloped(raw.encode(), otherwise_to=OURS).recipients
        assert all(address == OURS or len(address) == 252 for address in found), found


@given(
    st.binary(max_size=400), st.sampled_from([b"", b"From: ", b"To: <", b"Return-Path: ", b'To: "a', b"Cc: =?utf-8?b?"])
)
def test_any_bytes_have_an_envelope(raw: bytes, before: bytes) -> None:
    """Somebody is always named, by something that could be an address, and the bytes are not touched."""
    envelope = enveloped(before + raw, otherwise_to=OURS)
    assert envelope.raw == before + raw
    assert all(map(is_address, envelope.recipients))
    assert envelope.recipients
    assert envelope.sender == "" or is_address(envelope.sender)


# --- SendGrid ---------------------------------------------------------------------------------------------------------


def test_sendgrid_with_the_whole_message() -> None:
    """The field email is the mail, byte for byte; the envelope is what SendGrid heard over SMTP."""
    envelope = '{"to":["help+abc@support.example"],"from":"bounce+1@mailer.example"}'
    asked = form(("to", "x@y.example"), ("email", MAIL), ("envelope", envelope), ("charsets", "{}"))
    assert one("sendgrid", asked) == Envelope("bounce+1@mailer.example", ("help+abc@support.example",), MAIL)


HEADERS = (
    "Received: by mx.sendgrid.example\n\tfor <help@support.example>; today\nFrom: Mia <mia@customer.example>\n"
    "Subject: =?utf-8?q?k=C3=BChl?=\nMessage-ID: <1@customer.example>\nReferences: <0@support.example>\n"
    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=gone\n"
)


def test_sendgrid_with_the_pieces() -> None:
    """Headers stand as they came, words in the charset they were written in, files byte for byte, and an attached
    message as that message."""
    asked = form(
        ("headers", HEADERS),
        ("text", "Die Wohnung ist kühl.\n".encode("iso-8859-1")),
        ("html", "<p>Die Wohnung ist kühl. <img src='cid:pic1'></p>"),
        ("charsets", '{"text":"iso-8859-1","html":"utf-8","subject":"UTF-8"}'),
        ("envelope", '{"to":["help@support.example"],"from":"mia@customer.example"}'),
        ("attachments", "2"),
        ("attachment-info", '{"attachment1":{"filename":"Küche.jpg","type":"image/jpeg","content-id":"pic1"}}'),
        files=(
            ("attachment1", "Küche.jpg", "image/jpeg", JPEG),
            ("attachment2", "before.eml", "message/rfc822", MAIL),
        ),
    )
    envelope = one("sendgrid", asked)
    assert b"Received: by mx.sendgrid.example\r\n\tfor <help@support.example>; today\r\n" in envelope.raw
    assert b"boundary=gone" not in envelope.raw
    assert MAIL in envelope.raw
    mail = read(envelope)
    assert (mail["Subject"], mail["References"]) == ("kühl", "<0@support.example>")
    assert words(mail, "plain") == "Die Wohnung ist kühl.\n"
    assert "cid:pic1" in words(mail, "html")
    picture, before = mail.iter_attachments()
    assert (picture.get_filename(), picture.get_content_type()) == ("Küche.jpg", "image/jpeg")
    assert picture["Content-ID"] == "<pic1>"
    assert picture.get_content() == JPEG
    assert before.get_content()["Subject"] == "cold"
    assert envelope.raw == one("sendgrid", asked).raw  # a webhook that comes twice is known again


def test_sendgrid_without_a_block_of_headers() -> None:
    """The fields that show the sender are headers enough; an envelope that cannot be read is made of them."""
    fields = [("from", "Jörg <j@customer.example>"), ("to", "help@support.example"), ("subject", "kühl"), ("text", "x")]
    envelope = one("sendgrid", form(*fields, ("envelope", "{broken"), ("charsets", "[]")))
    assert (envelope.sender, envelope.recipients) == ("j@customer.example", (OURS,))
    mail = read(envelope)
    assert (mail["From"], mail["Subject"]) == ("Jörg <j@customer.example>", "kühl")
    assert envelope.raw.split(b"\r\n\r\n")[0].isascii()


def test_a_field_cannot_end_a_header_line() -> None:
    """Nobody writes a header of their own through a subject or a file's name."""
    asked = form(
        ("from", "a@x.example"),
        ("subject", "hi\r\nBcc: everybody@x.example\r\n\r\nboo"),
        ("text", "x"),
        files=(("attachment1", "a\u2028b.txt", "text/plain\tbad", b"1"),),
    )
    mail = read(one("sendgrid", asked))
    assert mail["Bcc"] is None
    assert mail["Subject"] == "hi Bcc: everybody@x.example boo"


@pytest.mark.parametrize("charset", ["idna", "undefined", "hex", "latin\u0000", "no-such", ""])
def test_words_in_no_charset_are_read_as_utf_8(charset: str) -> None:
    """What a provider says of a field is worth less than the field."""
    asked = form(
        ("from", "a@x.example"), ("text", "k\u00fchl \u00e9" * 30), ("charsets", json.dumps({"text": charset}))
    )
    assert words(read(one("sendgrid", asked)), "plain").startswith("k\u00fchl")


# --- Mailgun ----------------------------------------------------------------------------------------------------------


def signature(stamp: str, token: str, key: bytes = KEY) -> str:
    return hmac.new(key, (stamp + token).encode(), hashlib.sha256).hexdigest()


STAMP, TOKEN = str(NOW // 1000), "t" * 50
SIGNED = {"timestamp": STAMP, "token": TOKEN, "signature": signature(STAMP, TOKEN)}


def test_mailgun_with_the_whole_message() -> None:
    """body-mime is the mail, in either kind of form; sender and recipient are what Mailgun heard over SMTP."""
    fields = {"recipient": "help+abc@support.example", "sender": "bounce@mailer.example", **SIGNED}
    for asked in (
        form(*fields.items(), ("body-mime", MAIL)),
        request(urlencode({**fields, "body-mime": MAIL}).encode(), "application/x-www-form-urlencoded"),
    ):
        assert one("mailgun", asked) == Envelope("bounce@mailer.example", ("help+abc@support.example",), MAIL)
        assert verify_mailgun(fields_of(asked), KEY, NOW) == TOKEN


def test_mailgun_with_the_pieces() -> None:
    """Headers out of message-headers, words and files, which the HTML finds by their ids."""
    headers = [["Message-Id", "<1@customer.example>"], ["Subject", "kühl"], ["From", '"Müller, Jörg" <j@x.example>']]
    headers += [["Content-Type", "multipart/mixed"], ["Bad Name", "x"], ["only one"], ["X-Odd", "a\r\nTo: b@x.example"]]
    asked = form(
        ("recipient", "help@support.example,sales@support.example"),
        ("sender", ""),
        ("message-headers", json.dumps(headers)),
        ("body-plain", "It is cold.\r\n"),
        ("stripped-text", "It is cold."),
        ("body-html", "<img src='cid:a@b'>"),
        ("content-id-map", '{"<a@b>": "attachment-1"}'),
        files=(("attachment-1", "a.pdf", "application/pdf", b"%PDF"), ("attachment-2", "re.ics", ICS, b"BEGIN:")),
    )
    envelope = one("mailgun", asked)
    assert (envelope.sender, envelope.recipients) == ("", ("help@support.example", "sales@support.example"))
    mail = read(envelope)
    assert (mail["Subject"], mail["Message-Id"], mail["To"]) == ("kühl", "<1@customer.example>", None)
    assert mail["From"].addresses[0].display_name == "Müller, Jörg"
    assert (words(mail, "plain"), words(mail, "html")) == ("It is cold.\n", "<img src='cid:a@b'>")
    pdf, invitation = mail.iter_attachments()
    assert (pdf["Content-ID"], pdf.get_content()) == ("<a@b>", b"%PDF")
    assert invitation.get_content_type() == "text/calendar"
    assert invitation.get_param("method") == "REPLY"


ICS = 'text/calendar; charset="utf-8"; method=REPLY'


@pytest.mark.parametrize(
    ("change", "now", "why"),
    [
        ({"signature": signature(STAMP, TOKEN, b"other")}, NOW, "does not fit"),
        ({"signature": ""}, NOW, "does not fit"),
        ({"signature": "é"}, NOW, "does not fit"),
        ({"token": "u" * 50}, NOW, "does not fit"),
        ({"timestamp": str(NOW // 1000 + 1)}, NOW, "does not fit"),
        ({}, NOW + 301_000, "five minutes"),
        ({}, NOW - 301_000, "five minutes"),
        ({"timestamp": "soon", "signature": signature("soon", TOKEN)}, NOW, "no number"),
        ({"timestamp": "9" * 5_000, "signature": signature("9" * 5_000, TOKEN)}, NOW, "no number"),
        ({"token": "", "signature": signature(STAMP, "")}, NOW, "missing"),
    ],
)
def test_a_mailgun_signature_that_does_not_hold(change: dict[str, str], now: int, why: str) -> None:
    """Another key, another text, too old or of the future: 403, and the mail is not read."""
    with pytest.raises(Refusal, match=why) as refusal:
        verify_mailgun({**SIGNED, **change}, KEY, Ms(now))
    assert refusal.value.status == 403


def test_a_mailgun_signature_holds_in_its_five_minutes_and_never_without_a_key() -> None:
    assert verify_mailgun(SIGNED, KEY, Ms(NOW + 299_000)) == TOKEN
    with pytest.raises(Refusal, match="does not fit"):
        verify_mailgun({**SIGNED, "signature": signature(STAMP, TOKEN, b"")}, b"", NOW)


def test_a_stored_message_of_mailgun_is_told_to_be_forwarded() -> None:
    """A route that stores sends no words; the refusal says which action does."""
    status, why = refused("mailgun", form(("message-url", "https://storage.example/1"), ("subject", "cold")))
    assert (status, "forward()" in why) == (400, True)


# --- Postmark ---------------------------------------------------------------------------------------------------------

POSTMARK: dict[str, Any] = {
    "FromName": "Jörg",
    "From": "j@customer.example",
    "FromFull": {"Email": "j@customer.example", "Name": "Jörg", "MailboxHash": ""},
    "ToFull": [{"Email": "help+abc@support.example", "Name": "", "MailboxHash": "abc"}],
    "CcFull": [{"Email": "else@customer.example", "Name": "Else", "MailboxHash": ""}],
    "OriginalRecipient": "451+abc@inbound.postmark.example",
    "Subject": "kühl",
    "Date": "Mon, 23 Nov 2026 14:02:00 -0500",
    "MailboxHash": "abc",
    "TextBody": "It is cold.\n",
    "HtmlBody": "<p>It is cold.</p>",
    "Headers": [
        {"Name": "Message-ID", "Value": "<1@customer.example>"},
        {"Name": "Return-Path", "Value": "<bounce@mailer.example>"},
        {"Name": "MIME-Version", "Value": "1.0"},
    ],
    "Attachments": [
        {"Name": "a.jpg", "Content": base64.b64encode(JPEG).decode(), "ContentType": "image/jpeg", "ContentID": "a@b"}
    ],
}


def test_postmark_with_the_pieces() -> None:
    """All that it took apart is in the mail again; the recipient with its hash comes first."""
    envelope = one("postmark", posted(POSTMARK))
    assert envelope.sender == "bounce@mailer.example"
    assert envelope.recipients == (
        "451+abc@inbound.postmark.example",
        "help+abc@support.example",
        "else@customer.example",
    )
    mail = read(envelope)
    assert (mail["From"], mail["Subject"], mail["Date"]) == ("Jörg <j@customer.example>", "kühl", POSTMARK["Date"])
    assert (mail["To"], mail["Cc"]) == ("help+abc@support.example", "Else <else@customer.example>")
    assert mail["Message-ID"] == "<1@customer.example>"
    assert mail.get_all("MIME-Version") == ["1.0"]
    assert (words(mail, "plain"), words(mail, "html")) == ("It is cold.\n", "<p>It is cold.</p>")
    (picture,) = mail.iter_attachments()
    assert (picture.get_filename(), picture["Content-ID"], picture.get_content()) == ("a.jpg", "<a@b>", JPEG)


def test_half_characters_and_control_characters_in_json_break_no_mail() -> None:
    """JSON can hold what mail cannot; the rest of the words stays."""
    odd = {**POSTMARK, "FromFull": {"Email": "j@x.example", "Name": "J\ud800"}, "Subject": "hi\x00you\x1b"}
    mail = read(one("postmark", posted({**odd, "TextBody": "cold\ud800"})))
    assert mail["From"].addresses[0].addr_spec == "j@x.example"
    assert mail["Subject"] == "hi you"
    assert words(mail, "plain") == "cold?"


def test_postmark_with_the_whole_message() -> None:
    """RawEmail is the mail; the pieces beside it are not looked at."""
    raw = MAIL.replace(b"\xfc", b"u")
    envelope = one("postmark", posted({**POSTMARK, "RawEmail": raw.decode()}))
    assert envelope.raw == raw
    assert envelope.recipients[0] == "451+abc@inbound.postmark.example"


def test_an_attachment_that_is_no_base64_is_kept_as_it_came() -> None:
    """The mail goes on; its first line says which file is odd."""
    odd = {"Name": "b.bin", "Content": "!!! no", "ContentType": "application/octet-stream"}
    envelope = one("postmark", posted({**POSTMARK, "Attachments": [odd]}))
    assert envelope.raw.startswith(b"X-Onecase-Note: the attachment 'b.bin' is no base64 and stands as it came\r\n")
    (kept,) = read(envelope).iter_attachments()
    assert kept.get_content() == b"!!! no"


# --- what is none of these --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "type"),
    [
        ("sendgrid", "application/json"),
        ("mailgun", "text/plain"),
        ("postmark", "multipart/form-data"),
        ("postmark", ""),
    ],
)
def test_a_body_of_another_kind_is_refused_with_the_right_one(kind: Kind, type: str) -> None:
    """415, to friends too: the provider's address is set up for another provider."""
    status, why = refused(kind, request(b"{}", type))
    assert status == 415
    assert why.startswith(f"{kind} sends ")


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_body_is_refused(kind: Kind) -> None:
    types = {"raw": "", "sendgrid": "multipart/form-data; boundary=zip", "postmark": "application/json"}
    assert refused(kind, request(b"", types.get(kind, "application/x-www-form-urlencoded")))[0] == 400


BROKEN = [
    ("postmark", request(b'{"From": "a@x.example", "Te', "application/json"), "it is no JSON"),
    ("postmark", request(b"[" * 100_000, "application/json"), "it is no JSON"),
    ("postmark", request(b'["a"]', "application/json"), "its JSON is no object"),
    ("postmark", request(b'{"RecordType": "Bounce"}', "application/json"), "its JSON has none of"),
    ("sendgrid", request(form(("email", MAIL)).body[:-9], "multipart/form-data; boundary=zip"), "is cut off"),
    ("sendgrid", request(b"--zip\r\n", "multipart/form-data"), "names no boundary"),
    ("sendgrid", form(("hello", "world")), "it has none of the fields"),
    ("sendgrid", form(("email", "")), "the field email is empty"),
    ("sendgrid", form(*[("a", "b")] * (PARTS_MAX + 1)), "more than 1000 parts"),
    ("mailgun", request(b"a&" * (PARTS_MAX + 1), "application/x-www-form-urlencoded"), "more than 1000 fields"),
    ("mailgun", form(("body-mime", " \r\n")), "the field body-mime is empty"),
]


@pytest.mark.parametrize(("kind", "asked", "why"), BROKEN, ids=[f"{kind}: {why}" for kind, _, why in BROKEN])
def test_a_broken_body_is_refused_to_strangers_and_kept_whole_from_friends(
    kind: Kind, asked: WireRequest, why: str
) -> None:
    """A friend's mail is never lost for its form: a person gets all that came as a file, and reads what is wrong."""
    status, words_of_refusal = refused(kind, asked)
    assert status == 400
    assert words_of_refusal.startswith("The body cannot be read: ")
    assert why in words_of_refusal
    kept = one(kind, asked, is_trusted=True)
    assert kept.raw.startswith(b"X-Onecase-Note: could not be read: ")
    assert (kept.sender, kept.recipients) == ("", (OURS,))
    mail = read(kept)
    assert mail["Subject"] == f"A mail that came by {kind} could not be read"
    assert why in words(mail, "plain")
    (whole,) = mail.iter_attachments()
    assert whole.get_content() == asked.body


def test_a_boundary_that_begins_another_word_ends_nothing() -> None:
    """Only the whole boundary on a line of its own divides a form."""
    assert one("sendgrid", form(("email", MAIL + b"\r\n--zipper\r\nmore"))).raw == MAIL + b"\r\n--zipper\r\nmore"


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer oct_abc", "oct_abc"),
        ("basic " + base64.b64encode(b"mail:oct_abc").decode(), "oct_abc"),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), None),
        ("Basic !", None),
        ("Digest x", None),
        ("Bearer ", None),
        ("", None),
    ],
)
def test_a_token_is_shown_as_bearer_or_as_an_addresss_password(header: str, token: str | None) -> None:
    assert token_of(request(MAIL, "", Authorization=header)) == token


TYPES = st.sampled_from([
    "", "message/rfc822", "application/json", "application/x-www-form-urlencoded", "multipart/form-data",
    "multipart/form-data; boundary=zip", 'multipart/form-data; boundary="', "multipart/form-data; boundary*=x''%ff",
    "multipart/form-data; boundary*0=z; boundary*1=ip", "multipart/form-data; boundary=\udcff", ";;=", "\x00/\x00",
])  # fmt: skip
NAMES = st.sampled_from([
    "email", "headers", "text", "html", "subject", "from", "to", "envelope", "charsets", "attachment-info",
    "attachment1", "body-mime", "body-plain", "body-html", "message-headers", "content-id-map", "sender", "recipient",
    "timestamp", "token", "signature",
])  # fmt: skip
ODD_TEXTS = st.one_of(
    st.text(),
    st.sampled_from([
        "{}", "[]", '{"to": [1], "from": null}', '{"text": "idna", "html": "undefined", "subject": "\\u0000"}',
        '[["From", "\\ud800 <a@b.example>"], ["X", 1], ["Subject", "\\ud800"], [[], {}]]', '{"attachment1": 3}',
        '{"attachment1": {"content-id": "\\ud800\\n"}}', '{"<\\ud800>": "attachment1"}', "=?utf-8?b?=?=", "<<>>@,;:",
        "From: \x00\n b\n\n\nc: d\n:\n : x\nContent-", '"', "a@b.example", "[" * 5_000,
    ]),
)  # fmt: skip
FILE_TYPES = st.sampled_from(
    ["message/rfc822", "multipart/mixed; boundary=a", 'text/html; a*0*=b; c="d"', "image/", "x/y; =;;"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | ODD_TEXTS | st.sampled_from(["\ud800", "a\ud800@b.example"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["Name", "Value", "Email", "Content", "ContentType", "ContentID"]
    ), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
POSTMARK_NAMES = st.sampled_from([*POSTMARK, "RawEmail", "BccFull", "To", "ReplyTo"])


def stays_in_words(kind: Kind, asked: WireRequest, *, is_trusted: bool) -> None:
    """Envelopes that can be posted and read, or a refusal; from a friend, only for an address set up wrongly."""
    try:
        envelopes = envelopes_of(kind, asked, otherwise_to=OURS, is_trusted=is_trusted)
    except Refusal as refusal:
        assert refusal.status in (400, 415)
        assert not is_trusted or refusal.status == 415 or not asked.body or "query" in str(refusal)
        return
    assert len(envelopes) == 1
    for envelope in envelopes:
        assert envelope.raw
        assert envelope.recipients
        assert all(map(is_address, envelope.recipients))
        assert envelope.sender == "" or is_address(envelope.sender)
        message_from_bytes(envelope.raw)


@settings(max_examples=300)
@given(
    st.sampled_from(KINDS),
    st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")),
    TYPES,
    st.booleans(),
)
def test_any_bytes_are_envelopes_or_a_refusal(kind: Kind, body: bytes, type: str, is_trusted: bool) -> None:
    stays_in_words(kind, request(body, type), is_trusted=is_trusted)


@settings(max_examples=300)
@given(
    st.sampled_from(["sendgrid", "mailgun"]),
    st.lists(st.tuples(NAMES, st.binary(max_size=60) | ODD_TEXTS), max_size=8),
    st.lists(st.tuples(NAMES, st.text(max_size=20), FILE_TYPES | ODD_TEXTS, st.binary(max_size=60)), max_size=3),
    st.booleans(),
)
def test_any_form_is_envelopes_or_a_refusal(
    kind: Kind, fields: list[tuple[str, str | bytes]], files: list[tuple[str, str, str, bytes]], is_trusted: bool
) -> None:
    stays_in_words(kind, form(*fields, files=tuple(files)), is_trusted=is_trusted)


@settings(max_examples=300)
@given(st.dictionaries(POSTMARK_NAMES, VALUES, max_size=8), st.booleans())
def test_any_json_is_envelopes_or_a_refusal(mail: dict[str, Any], is_trusted: bool) -> None:
    stays_in_words("postmark", posted(mail), is_trusted=is_trusted)


@settings(max_examples=200)
@given(st.text(), st.text(), st.binary())
def test_whatever_was_taken_apart_is_whole_again(text: str, html: str, content: bytes) -> None:
    """Words and files come out of the rebuilt mail as they went in."""
    file = {"Name": "a.png", "Content": base64.b64encode(content).decode(), "ContentType": "image/png"}
    asked = posted({"From": "a@x.example", "TextBody": text + "!", "HtmlBody": html + "!", "Attachments": [file]})
    found = message_from_bytes(one("postmark", asked).raw)
    plain, marked, attached = [part.get_payload(decode=True) for part in found.walk() if not part.is_multipart()]
    assert (plain, marked, attached) == ((text + "!").encode(), (html + "!").encode(), content)
