"""Mails of ours: what stands in their headers and bodies."""

from typing import Any

import pytest

from channels.email.composing import compose
from channels.email.letter import Mailbox, Part
from channels.email.subjects import bare_subject, is_forward, reply_subject
from tests.email.builders import NOW, OWN, read

HELP = Mailbox("Support", "help@support.example")
MIA = Mailbox("Mia Müller", "mia@customer.example")


def made(**more: Any) -> bytes:
    return compose(
        **{
            "sender": HELP,
            "to": [MIA],
            "subject": "Heating",
            "text": "Hello",
            "message_id": "<msg.a@support.example>",
            "date": NOW,
            **more,
        }
    )


def head(raw: bytes) -> list[str]:
    return raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")


def test_the_same_arguments_make_the_same_bytes() -> None:
    """Borders too: nothing is left to chance."""
    parts = [Part("a.png", "image/png", b"\x89PNG\r\n\x1a\n")]
    assert made(html="<p>Hello</p>", parts=parts) == made(html="<p>Hello</p>", parts=parts)


def test_a_plain_mail_has_what_it_needs() -> None:
    lines = head(made())
    assert "From: Support <help@support.example>" in lines
    assert "Date: Mon, 23 Nov 2026 14:00:00 +0000" in lines
    assert "Message-ID: <msg.a@support.example>" in lines
    assert 'Content-Type: text/plain; charset="utf-8"' in lines
    assert not [line for line in lines if line.startswith(("Auto-Submitted", "In-Reply-To", "References", "Re: "))]


@pytest.mark.parametrize(
    "trick",
    [
        "\r\nBcc: all@x.example",
        "\nX: 1",
        "\r X: 1",
        "\u2028Bcc: x",
        "\x0b\x0cBcc: x",
        "\0\nBcc: x",
        "a" * 300 + "\r\n\r\nbody",
    ],
)
def test_names_and_subjects_cannot_add_a_header(trick: str) -> None:
    """Nor end the header: line ends of every kind are blanks."""
    raw = made(
        sender=Mailbox(f"S{trick}", HELP.address),
        to=[Mailbox(f"M{trick}", MIA.address)],
        subject=f"H{trick}",
        parts=[Part(f"f{trick}.png", "image/png", b"x")],
    )
    names = {line.partition(":")[0] for line in head(raw) if not line.startswith((" ", "\t"))}
    assert names <= {"From", "To", "Subject", "Date", "Message-ID", "X-Loop", "MIME-Version", "Content-Type"}
    assert read(raw).text == "Hello"


@pytest.mark.parametrize(
    "address", ["mia", "mia@x.example\r\nBcc: a@b.example", "a@b.example, c@d.example", "<a@b.example>", ""]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    for more in ({"to": [Mailbox("x", address)]}, {"cc": [Mailbox("x", address)]}, {"sender": Mailbox("x", address)}):
        with pytest.raises(ValueError, match="expected an address"):
            made(**more)


def test_without_a_recipient_or_with_a_wrong_id_nothing_is_made() -> None:
    for more in ({"to": []}, {"message_id": "msg"}, {"message_id": "<a@b> <c@d>"}):
        with pytest.raises(ValueError, match="expected one"):
            made(**more)


def test_an_answer_stands_in_its_thread() -> None:
    """Re: once, In-Reply-To, References with the answered mail last."""
    letter = read(
        made(subject="AW: Re[2]: SV: Heating", in_reply_to="<q@customer.example>", references=["<p@customer.example>"])
    )
    assert letter.subject == "Re: Heating"
    assert letter.in_reply_to == ("<q@customer.example>",)
    assert letter.references == ("<p@customer.example>", "<q@customer.example>")


def test_references_stay_bounded_with_the_first_kept() -> None:
    ids = [f"<{'x' * 90}{n}@customer.example>" for n in range(60)]
    raw = made(in_reply_to="<q@customer.example>", references=ids)
    letter = read(raw)
    assert letter.references == (ids[0], *ids[-18:], "<q@customer.example>")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("kind", ["auto-generated", "auto-replied"])
def test_a_machines_mail_says_so(kind: str) -> None:
    """And whoever reads it, we too, knows it."""
    lines = head(made(automatic=kind))
    assert f"Auto-Submitted: {kind}" in lines
    assert "X-Auto-Response-Suppress: All" in lines
    assert read(made(automatic=kind), ours=()).automatic == "auto-reply"
    assert read(made(), ours=OWN).automatic == "own"


def test_answers_come_to_the_signed_address() -> None:
    (box,) = read(made(reply_to="help+abc@support.example")).reply_to
    assert (box.name, box.address) == ("Support", "help+abc@support.example")


def test_text_page_and_files_go_together() -> None:
    """The page is an alternative to the text; what a program might run or nest goes as a plain file."""
    files = [
        Part("Übersicht <1>.pdf", "application/pdf", b"%PDF-1"),
        Part("m.eml", "message/rfc822", b"From: x\n\nhi"),
        Part("x.html", "text/html", b"<html>"),
    ]
    raw = made(text="Grüße\n\n-- \nIhr Team", html="<p>Grüße</p>", parts=files)
    letter = read(raw)
    assert letter.text == "Grüße\n\n-- \nIhr Team"
    assert letter.html == "<p>Grüße</p>"
    assert [(p.name, p.content) for p in letter.parts] == [
        ("Übersicht _1_.pdf", b"%PDF-1"),
        ("m.eml", b"From: x\n\nhi"),
        ("x.html", b"<html>"),
    ]
    assert raw.count(b"application/octet-stream") == 2


def test_addresses_in_other_scripts_are_spelled_for_servers() -> None:
    """The domain as IDNA; a local part beyond ASCII needs a server that takes UTF-8."""
    assert b"<mia@xn--mnchen-3ya.example>" in made(
        to=[Mailbox("", "mia@münchen.example")]
    ) or b"mia@xn--mnchen-3ya.example" in made(to=[Mailbox("", "mia@münchen.example")])
    assert "миа@".encode() in made(to=[Mailbox("", "миа@customer.example")])


SUBJECTS = [
    ("Heating", "Heating"), ("Re: Heating", "Heating"), ("RE: AW: Heating", "Heating"), ("Re[3]: Heating", "Heating"), ("Re(2): Heating", "Heating"), ("SV: VS: Heating", "Heating"),
    ("Antw.: Heating", "Antw.: Heating"), ("Odp: Heating", "Heating"), ("R: I: Heating", "Heating"), ("回复: 暖气", "暖气"), ("回复：暖气", "暖气"), ("Fwd: WG: TR: RV: Heating", "Heating"),
    ("RE : Chauffage", "Chauffage"), ("Error: E42", "Error: E42"), ("Ref: 12", "Ref: 12"), ("Re:", ""), ("", ""), ("Re: " * 50 + "x", "Re: " * 30 + "x"),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "bare"), SUBJECTS)
def test_prefixes_of_every_language_are_taken_off(subject: str, bare: str) -> None:
    """And what people wrote stays."""
    assert bare_subject(subject) == bare
    assert reply_subject(subject) == f"Re: {bare}".strip()


def test_a_forward_is_told_by_its_first_prefix() -> None:
    assert [is_forward(s) for s in ("Fwd: x", "WG: Re: x", "TR: x", "Re: Fwd: x", "AW: x", "x", "VS: x")] == [
        True,
        True,
        True,
        False,
        False,
        False,
        False,
    ]
