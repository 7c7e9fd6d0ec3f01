"""Bad mail and hostile mail, row by row: what each is, and the outcome that reading decides.

Rows are those of the tables of bad inputs (e-mail) and of abuse that this project holds itself to.
"""

import base64

import pytest

from channels.email.addresses import ReplyAddress, reference_of_message_id
from channels.email.attachments import DOWNLOAD, plain_name
from channels.email.limits import Limits
from channels.email.reading import read_letter
from channels.email.trimming import NOTHING_NEW, trim
from tests.email.builders import NOW, VERIFIER, crlf, eml, from_mia, part, parts, read, whole
from tests.email.work import steps_of

SECRET = b"k" * 32


def test_row_26_no_from_two_addresses_or_an_empty_one() -> None:
    """A case without sender identity; the first address is not trusted for linking."""
    for headers in (
        "Subject: x\n",
        "From: a@x.example, b@x.example\n",
        "From: a@x.example\nFrom: b@x.example\n",
        "From: <>\n",
    ):
        letter = read(eml(f"{headers}\nIt is cold.\n"))
        assert letter.sender is None
        assert letter.authenticated == "none"
        assert letter.notes
        assert letter.new_words == "It is cold."


def test_row_27_no_date_or_1970_or_2099() -> None:
    """The time of receipt counts."""
    for date in ("", "Date: Thu, 01 Jan 1970 00:00:00 +0000\n", "Date: Thu, 01 Jan 2099 00:00:00 +0000\n", "Date: x\n"):
        assert read(eml(f"From: a@x.example\n{date}\nx\n")).date is None


def test_row_28_no_message_id() -> None:
    """The id comes from a hash: the same mail twice is one, over whatever way it came; another mail has another."""
    mail = eml("From: a@x.example\nSubject: x\n\nIt is cold.\n")
    again = b"Received: from elsewhere\r\nDelivered-To: help@support.example\r\n" + mail.replace(b"\r\n", b"\n")
    other = mail.replace(b"cold", b"warm")
    assert read(mail).message_id == read(again).message_id
    assert read(mail).message_id.endswith("@no-id.invalid>")
    assert read(mail).message_id != read(other).message_id


def test_row_29_a_message_id_that_an_older_different_mail_has() -> None:
    """It can be told from the older one by its fingerprint; the same mail again has the same."""
    first, second = from_mia("", "It is cold.\n"), from_mia("", "Pay me.\n")
    assert read(first).message_id == read(second).message_id
    assert read(first).fingerprint != read(second).fingerprint
    assert read(first).fingerprint == read(b"Received: x\r\n" + first).fingerprint


def test_row_30_in_reply_to_somebody_elses_case() -> None:
    """An In-Reply-To that we did not sign names no message of ours."""
    letter = read(from_mia("In-Reply-To: <msg.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@support.example>"))
    assert [reference_of_message_id(id, SECRET) for id in letter.in_reply_to] == [None]


def test_row_31_a_case_number_typed_into_the_subject_or_the_address() -> None:
    """It never grants access: only a signed address names a case."""
    case = "case_" + "0" * 32
    letter = read(eml(f"From: a@x.example\nTo: help+{case}@support.example\nSubject: [case #123] {case}\n\nx\n"))
    assert [ReplyAddress.verify(one.address, SECRET, "help@support.example") for one in letter.to] == [None]


def test_row_32_more_than_the_limits() -> None:
    """25 MB, 500 parts, 50 levels, a size declared as 1 GB: the top of the text is kept, the rest is one attachment."""
    limits = Limits(bytes=10_000, parts=20, nesting=5)
    many = whole(
        "Content-Length: 1073741824",
        parts(part("text/plain", "the top"), *[part("text/plain", f"part {n}") for n in range(600)]),
    )
    deep = from_mia(
        "Content-Type: multipart/mixed; boundary=b0",
        "--b0\n\nthe top\n--b0\n"
        + "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(1, 60))
        + "\nhi\n",
    )
    large = from_mia("", "the top\n" + "x" * 20_000)
    for mail, why in ((many, "20 parts"), (deep, "5 levels"), (large, "10,000 bytes")):
        letter = read_letter(mail, received_at=NOW, limits=limits)
        assert letter.new_words.startswith("the top")
        assert "--b" not in letter.text
        assert f"cut after {why}" in " ".join(letter.notes)
        assert [(p.name, p.note) for p in letter.parts] == [("rest-of-the-mail.eml", "cut")]
        assert letter.parts[0].content
        assert mail.endswith(letter.parts[0].content)
    letter = read(many)
    assert any("cut after 500 parts" in note for note in letter.notes)


def test_row_33_undeclared_8_bit_and_unknown_charset() -> None:
    """Characters are replaced, and a note says so."""
    for header in ("", "Content-Type: text/plain; charset=x-foo"):
        letter = read(from_mia(header, "Gr\u00fc\u00dfe".encode("latin-1")))
        assert letter.text == "Grüße"
        assert any("characters replaced" in note for note in letter.notes)


def test_row_34_html_alone_with_an_empty_text() -> None:
    """The text is made from the HTML."""
    mail = whole("", parts(part("text/plain", ""), part("text/html", "<p>It is <b>cold</b>.</p>"), kind="alternative"))
    assert read(mail).text == read(mail).new_words == "It is cold."


def test_row_35_only_a_signature_or_a_quotation() -> None:
    """ "No new text", and it is shown whole."""
    for body in ("-- \nMia Miller\n", "On 11/23/26 2:02 PM, Support wrote:\n> old\n> words\n"):
        letter = read(from_mia("", body))
        assert letter.new_words == body.strip("\n")
        assert NOTHING_NEW in letter.notes


def test_row_36_winmail_smime_and_pgp() -> None:
    """A sealed attachment; no armour is shown as text."""
    armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA5\n-----END PGP MESSAGE-----\n"
    mails = (
        whole("", parts(part("text/plain", "see"), part("application/ms-tnef; name=winmail.dat", b"\x78\x9f\x3e\x22"))),
        from_mia(
            "Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64",
            base64.encodebytes(b"0\x82"),
        ),
        whole(
            "",
            parts(
                part("application/pgp-encrypted", "Version: 1"),
                part("application/octet-stream", armour),
                kind="encrypted",
            ),
        ),
        from_mia("", armour),
    )
    for mail in mails:
        letter = read(mail)
        assert [p.note[:6] for p in letter.parts] == ["sealed"]
        assert "BEGIN PGP" not in letter.text
        assert letter.notes


def test_row_37_a_calendar_answer() -> None:
    """Marked as such, so that it reopens nothing and nobody answers it."""
    letter = read(
        from_mia("Content-Type: text/calendar; method=REPLY", "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n")
    )
    assert letter.automatic == "calendar"


def test_row_38_out_of_office() -> None:
    """Marked as an automatic answer, with its reason."""
    letter = read(from_mia("Auto-Submitted: auto-replied", "I am away."))
    assert letter.automatic == "auto-reply"
    assert "automatic: Auto-Submitted: auto-replied" in letter.notes


def test_row_39_a_bounce_of_our_own_mail() -> None:
    """It names the mail that did not arrive, to whom and why."""
    status = part(
        "message/delivery-status",
        "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; mia@customer.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 User unknown\n",
    )
    returned = part("message/rfc822", "Message-ID: <msg.1@support.example>\n\nours\n")
    letter = read(
        whole(
            "",
            parts(part("text/plain", "failed"), status, returned, kind="report", more="; report-type=delivery-status"),
        )
    )
    assert letter.automatic == "bounce"
    assert letter.bounce is not None
    assert (letter.bounce.final_recipient, letter.bounce.permanent, letter.bounce.reason) == (
        "mia@customer.example",
        True,
        "550 User unknown",
    )
    assert letter.references == ("<msg.1@support.example>",)


def test_row_40_a_header_of_200_kb_or_5000_fields() -> None:
    """Cut, in bounded time: twice the header takes no more steps."""

    def mail(fields: int) -> bytes:
        return b"From: mia@customer.example\r\n" + b"X-A: b\r\n" * fields + b"\r\nIt is cold.\r\n"

    letter = read(mail(5_000))
    assert (letter.new_words, letter.notes[1:2]) == ("It is cold.", ("the header is cut",))
    assert steps_of(lambda: read(mail(10_000))) < steps_of(lambda: read(mail(5_000))) * 1.1
    long = read(crlf(b"From: mia@customer.example\nX-A: " + b"x" * 200_000 + b"\n\nIt is cold.\n"))
    assert long.new_words == "It is cold."


def test_abuse_2_forged_authentication_results() -> None:
    """Inside the mail they are ignored, whoever they name, and a note says so."""
    forged = f"Authentication-Results: {VERIFIER}; dmarc=pass header.from=customer.example\n"
    real = f"Authentication-Results: {VERIFIER}; dmarc=fail header.from=customer.example\n"
    below = read(eml(real + "Received: x\n" + forged + "From: mia@customer.example\n\nx\n"))
    assert below.authenticated == "fail"
    assert "forged-looking Authentication-Results ignored" in below.notes
    assert read(eml(forged + "From: mia@customer.example\n\nx\n"), verifier="").authenticated == "none"
    assert (
        read(
            eml(forged.replace(VERIFIER, f"{VERIFIER}.evil.example") + "From: mia@customer.example\n\nx\n")
        ).authenticated
        == "none"
    )


def test_abuse_3_an_encoded_word_in_the_address() -> None:
    """No new identity."""
    for sender in (
        "=?utf-8?q?boss=40corp.example?=",
        "<=?utf-8?q?boss?=@corp.example>",
        "=?utf-8?q?boss=40corp.example=3E?= <x>",
    ):
        assert read(eml(f"From: {sender}\n\nx\n")).sender is None


def test_abuse_4_a_display_name_that_is_an_address() -> None:
    """The real address is the sender."""
    for name in (
        '"Support <boss@corp.example>"',
        "Support <boss@corp.example>",
        "boss@corp.example",
        "=?utf-8?q?boss=40corp.example?=",
    ):
        sender = read(eml(f"From: {name} <mallory@evil.example>\n\nx\n")).sender
        assert sender is not None
        assert sender.address == "mallory@evil.example"
        assert "boss@corp.example" in sender.name


def test_abuse_12_html_that_runs_loads_or_covers() -> None:
    """Script, onerror, overlay, form, refresh, svg and mathml mutation, remote pixel: removed; pictures wait for a person."""
    page = (
        "<p onclick=x style='position:fixed;background:url(http://t.example/a);color:red'>words</p><img src=http://t.example/p.gif onerror=x>"
        "<form action=http://x.example><button>ok</button></form><meta http-equiv=refresh content=0><svg><style><img src=x onerror=x></style></svg>"
        "<math><mtext><table><mglyph><style><img src=x onerror=x></style></mglyph></table></mtext></math><a href=' javascript:x'>j</a>"
        "<link rel=stylesheet href=http://t.example/c><div data-src='javascript:x' class=overlay id=x>d</div><img data-src='data:x' srcset='http://t.example/2 2x'>"
    )
    shown = read(from_mia("Content-Type: text/html", page)).html
    for word in (
        "script",
        "onclick",
        "onerror",
        "position",
        "url(",
        "<form",
        "<button",
        "<meta",
        "<svg",
        "<math",
        "<link",
        " src=",
        "srcset",
        "class=",
        " id=",
    ):
        assert word not in shown, (word, shown)
    assert '<img data-src="http://t.example/p.gif">' in shown


def test_abuse_13_a_file_name_that_is_markup_or_a_path() -> None:
    """Its base name alone, without signs of markup."""
    for name, wanted in (("<img onerror=x>", "_img onerror=x_"), ("../../x", "x"), ("..\\\\x.png", "x.png")):
        mail = whole(
            "",
            parts(
                part("text/plain", "w"),
                part("image/png", b"\x89PNG\r\n\x1a\n", f'Content-Disposition: attachment; filename="{name}"'),
            ),
        )
        assert [p.name for p in read(mail).parts] == [wanted]


def test_abuse_23_text_that_is_made_to_take_long() -> None:
    """100 kB of ">" or of blanks, nested introductions: twice the text takes about twice the steps at most."""
    wrote = "On Mon, Nov 23, 2026 at 2:02 PM Support <help@support.example> wrote:\n"
    shapes = (">", " ", "> ", ">\n", wrote, "> " + wrote, "-- \nx\n", "From: x\n", "a\n> b\n", "On 1 wrote:\n")
    for shape in shapes:
        half, full = shape * (50_000 // len(shape)), shape * (100_000 // len(shape))
        assert steps_of(lambda text=full: trim(text)) <= steps_of(lambda text=half: trim(text)) * 2.2 + 100, shape


@pytest.mark.parametrize(
    ("name", "kind", "plain"),
    [
        ("bill.pdf", "application/pdf", "bill.pdf"),
        ("请求.txt", "text/plain", "file.txt"),
        ("请求", "text/plain", "file.txt"),
        ("Wärme (1).docx", DOWNLOAD, "Warme (1).docx"),
        ("scan", "image/jpeg", "scan.jpg"),
        ("v1.2 неделя", "audio/mpeg", "v1.2.mp3"),
        ('a; b"c.png', "image/png", "a_ b_c.png"),
        ("", DOWNLOAD, "file.bin"),
    ],
)
def test_a_file_has_a_plain_name_with_its_ending(name: str, kind: str, plain: str) -> None:
    """Where a program cannot read the name that it came with; nothing of it ends the header's string."""
    assert plain_name(name, kind) == plain
