"""Addresses of mail, and those of ours that carry a signature."""

import pytest

from channels.email.addresses import (
    ReplyAddress,
    is_mail_address,
    mail_key,
    message_id_of,
    reference_of_message_id,
)

SECRET, OTHER = b"k" * 32, b"z" * 32
CASE = "case_0199c0ffee00deadbeef0123456789ab"
BASE = "help@support.example"

GOOD = [
    "mia@customer.example",
    "a.b+c@x.example",
    "o'neil@x.example",
    "миа@почта.example",
    "1@2.example",
    "x_y@sub.domain.example",
]
BAD = ["", "mia", "@x.example", "mia@", "mia@host", "a b@x.example", "a@b@c", ".a@x.example", "a.@x.example", "a..b@x.example",
       "a@-x.example", "a@x-.example", "a@x..example", '"a b"@x.example', "a@x.example\n", "=?utf-8?q?a?=@x.example", "a" * 65 + "@x.example",
       "a@" + "x" * 250 + ".example", "a,b@x.example", "<a@x.example>"]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_an_address_is_one(text: str) -> None:
    assert is_mail_address(text)


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_address(text: str) -> None:
    assert not is_mail_address(text)


SAME = [
    ("Mia@Customer.Example", "mia@customer.example", True),
    (" mia@customer.example ", "mia@customer.example", True),
    ("mia@customer.example.", "mia@customer.example", True),
    ("mia@münchen.example", "MIA@xn--mnchen-3ya.example", True),
    ("mia@MÜNCHEN.example", "mia@münchen.example", True),
    ("mia+shop@customer.example", "mia@customer.example", False),
    ("m.ia@customer.example", "mia@customer.example", False),
    ("mia@customer.example", "mia@other.example", False),
]


@pytest.mark.parametrize(("one", "other", "is_same"), SAME)
def test_two_spellings_of_one_address_have_one_key(one: str, other: str, is_same: bool) -> None:
    """Capitals and the domain's spelling do not matter; plus-addresses and dots stay apart."""
    assert (mail_key(one) == mail_key(other)) is is_same
    assert mail_key(one).startswith("mail:")


def test_a_signed_address_names_its_case() -> None:
    """In any capitals, for the same base; it is the same each time."""
    signed = ReplyAddress.sign(CASE, SECRET, BASE)
    assert signed == ReplyAddress.sign(CASE, SECRET, BASE)
    assert signed.startswith("help+")
    assert signed.endswith("@support.example")
    assert is_mail_address(signed)
    assert len(signed.partition("@")[0]) <= 64
    assert ReplyAddress.verify(signed, SECRET, BASE) == CASE
    assert ReplyAddress.verify(signed.upper(), SECRET, BASE) == CASE
    assert ReplyAddress.verify(signed, SECRET, "HELP@Support.Example") == CASE


def test_an_address_that_we_did_not_sign_names_nothing() -> None:
    """One letter changed, another secret, another base, a piece of it, or a Message-ID's token: none."""
    signed = ReplyAddress.sign(CASE, SECRET, BASE)
    local, _, domain = signed.partition("@")
    for at in range(len("help+"), len(local)):
        changed = local[:at] + ("a" if local[at] != "a" else "b") + local[at + 1 :]
        assert ReplyAddress.verify(f"{changed}@{domain}", SECRET, BASE) is None
    token = message_id_of(f"msg_{CASE[5:]}", 1, "support.example", SECRET)[5:].partition("@")[0]
    for address in (
        f"{local[:-1]}@{domain}",
        f"{local}a@{domain}",
        f"{local}@evil.example",
        f"sales+{local[5:]}@{domain}",
        BASE,
        "",
        "help+@support.example",
        f"help+{token}@{domain}",
    ):
        assert ReplyAddress.verify(address, SECRET, BASE) is None
    assert ReplyAddress.verify(signed, OTHER, BASE) is None
    spellings = [f"{local[:-1]}{last}@{domain}" for last in "abcdefghijklmnopqrstuvwxyz234567"]
    assert [one for one in spellings if ReplyAddress.verify(one, SECRET, BASE)] == [signed]  # bits that mean nothing


def test_what_cannot_be_signed_is_refused() -> None:
    for case, base in (
        ("case_1", BASE),
        ("msg_" + "0" * 32, BASE),
        (CASE, "help"),
        (CASE, "a" * 22 + "@support.example"),
    ):
        with pytest.raises(ValueError, match="expected"):
            ReplyAddress.sign(case, SECRET, base)
    assert len(ReplyAddress.sign(CASE, SECRET, "a" * 21 + "@support.example").partition("@")[0]) == 64


def test_our_message_ids_name_the_message_they_were_made_for() -> None:
    """Whatever the attempt and whatever domain stands behind; attempts differ."""
    reference = f"msg_{CASE[5:]}"
    first, second = (message_id_of(reference, attempt, "support.example", SECRET) for attempt in (1, 2))
    assert first != second
    assert first.startswith("<msg.")
    assert first.endswith("@support.example>")
    for text in (first, second, first.upper(), first.strip("<>"), f" {first} "):
        assert reference_of_message_id(text, SECRET) == reference


def test_a_message_id_that_we_did_not_make_names_nothing() -> None:
    ours = message_id_of(f"msg_{CASE[5:]}", 1, "support.example", SECRET)
    for text in (
        "",
        "<a@b>",
        ours.replace("msg.", "prm."),
        ours[:20] + ("a" if ours[20] != "a" else "b") + ours[21:],
        ours.replace("@", "a@"),
        ours + ours,
    ):
        assert reference_of_message_id(text, SECRET) is None
    assert reference_of_message_id(ours, OTHER) is None
    for reference, attempt in (
        ("msg", 1),
        ("msg_1", 1),
        (f"MSG_{CASE[5:]}", 1),
        (f"msg_{CASE[5:]}", -1),
        (f"msg_{CASE[5:]}", 1 << 16),
    ):
        with pytest.raises(ValueError, match="expected"):
            message_id_of(reference, attempt, "support.example", SECRET)
