"""What comes after DATA: where a mail ends, which dots are its own, and what it costs."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from channels.email.smtp_data import PIECE_BYTES, MailData

PIECE = 65_536


def gathered(pieces: list[bytes], bytes_max: int = 1_000_000) -> tuple[bytes, bytes | None]:
    """The mail, and what came behind it."""
    data, behind = MailData(bytes_max), None
    for n, piece in enumerate(pieces):
        behind = data.feed(piece)
        if behind is not None:
            behind += b"".join(pieces[n + 1 :])
            break
    return b"".join(data.take()), behind


def dotted(mail: bytes) -> bytes:
    """As SMTP sends it: a dot before each line that begins with one, and the end."""
    return (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


bits = st.lists(st.sampled_from([b"\r", b"\n", b".", b"x", b"\r\n", b"\r\n.", b".\r\n"]), max_size=30).map(b"".join)


@given(bits, bits, st.lists(st.integers(0, 80), max_size=8))
@example(b"", b"", [])
@example(b".", b".\r\n", [1, 2, 3, 4])
def test_whatever_the_pieces_the_mail_is_the_same(body: bytes, behind: bytes, cuts: list[int]):
    mail = body + b"\r\n" if body else b""
    sent = dotted(mail) + behind
    places = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    assert gathered([sent[a:b] for a, b in zip(places, places[1:], strict=False)]) == (mail, behind)
    assert gathered([bytes([one]) for one in sent]) == (mail, behind)


@given(bits)
def test_a_lone_line_end_ends_no_mail(body: bytes):
    """Or a second mail could hide behind it."""
    for end in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r"):
        mail, behind = gathered([dotted(b"x" + body)[:-3] + b"x" + end])
        assert behind is None and mail.startswith(b"x")


@pytest.mark.parametrize("size", [99, 100, 101])
def test_the_size_is_that_of_the_mail_without_what_smtp_adds(size: int):
    data = MailData(100)
    mail = b"." * (size - 2) + b"\r\n"
    assert data.feed(dotted(mail)) == b""
    assert data.is_too_large is (size > 100)


def test_no_piece_of_a_large_mail_is_large():
    """Whoever puts them together does it beside the loop; here nothing is copied that grows with the mail."""
    data, mail = MailData(10_000_000), (b"x" * 78 + b"\r\n") * 100_000
    for at in range(0, len(mail), PIECE):
        data.feed(mail[at : at + PIECE])
    data.feed(b".\r\n")
    pieces = data.take()
    assert b"".join(pieces) == mail and max(len(piece) for piece in pieces) <= PIECE_BYTES + PIECE


def test_nothing_is_kept_of_a_mail_too_large_and_its_end_is_found():
    data = MailData(100)
    assert data.feed(b"x" * 200) is None and data.is_too_large
    assert data.feed(b"y" * 50 + b"\r\n.") is None
    assert data.feed(b"\r\nNOOP") == b"NOOP" and b"".join(data.take()) == b""


@pytest.mark.parametrize("unit", [b"\r\n", b"..\r\n", b"x" * 78 + b"\r\n"])
def test_a_mail_costs_its_bytes_whatever_its_lines(unit: bytes):
    size = 4_000_000
    piece = unit * (PIECE // len(unit))
    tracemalloc.start()
    data = MailData(2 * size)
    for _ in range(size // len(piece)):
        data.feed(piece)
    data.feed(b".\r\n")
    raw = b"".join(data.take())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(raw) > size / 2 and peak < 3 * size
