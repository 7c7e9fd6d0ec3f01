"""Card numbers go, however they are written, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.redaction import CARD_MARK, DOUBLED, without_cards

SEPARATORS = st.sampled_from(["", " ", "-", ".", " -", "\u00a0", "\u2013", "\u2212"])
WORDS = st.lists(st.sampled_from(["my", "card", "für", "E42", "№", "7", "12 34", "é", "2026-11-23", "\n"]), max_size=6)


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A number with a right check digit, in groups of four or in one piece."""
    figures = [draw(st.integers(0, 9)) for _ in range(15)]
    figures[0] = draw(st.integers(1, 9))
    total = sum(DOUBLED[figure] if at % 2 == 0 else figure for at, figure in enumerate(figures))
    plain = "".join(map(str, [*figures, -total % 10]))
    if draw(st.booleans()):  # in other people's figures
        plain = plain.translate({ord("0") + n: chr(0x0660 + n) for n in range(10)})
    between = draw(SEPARATORS)
    return between.join(plain[at : at + 4] for at in range(0, 16, 4))


@given(WORDS, cards(), WORDS)
def test_a_card_number_goes_wherever_it_stands(before: list[str], card: str, after: list[str]) -> None:
    text = " / ".join([*before, card, *after])
    kept = without_cards(text)
    assert CARD_MARK in kept
    assert card not in kept


@given(st.text(alphabet="abc 1234567890.-ä\u00a0\u0661/\n", max_size=60))
def test_what_has_no_long_number_is_left_alone(text: str) -> None:
    together = "".join(c for c in text if c not in " .-\u00a0")
    longest = max((len(run) for run in "".join(c if c.isdecimal() else " " for c in together).split()), default=0)
    if longest < 13:
        assert without_cards(text) is text


@pytest.mark.parametrize(
    "between",
    [
        " ",
        ", 12/27, ",
        " code ",
        ", and the code is ",
        " exp 12/27 code: ",
        " mit dem Code ",
        " y el código es ",
        ", PIN ",
    ],
)
def test_the_code_that_follows_a_card_goes_with_it(between: str) -> None:
    kept = without_cards(f"my card is 4111 1111 1111 1111{between}123")
    assert kept == f"my card is {CARD_MARK}{between}[removed]"


@pytest.mark.parametrize("after", [" for order 123", " code E42", ", room 123", " code 12345"])
def test_what_else_follows_a_card_stays(after: str) -> None:
    assert without_cards(f"4111 1111 1111 1111{after}") == f"{CARD_MARK}{after}"
