"""Small words of the core: references, addresses, segments, identifiers."""

from hypothesis import given
from hypothesis import strategies as st

from policies.segments import segments_of
from router.core.addresses import matching_key
from router.core.clock import Ms
from router.core.reference import luhn_digit, normalised_reference, reference_of
from router.core.words import Ids


def test_the_reference_of_the_story_has_the_right_check_digit():
    assert luhn_digit("482196") == "3"
    assert normalised_reference("48 2196 3") == "48-2196-3"
    assert normalised_reference("#48-2196-3") == "48-2196-3"
    assert normalised_reference("48-2196-4") is None
    assert normalised_reference("482196") is None


@given(st.lists(st.integers(0, 1_200_000), min_size=2, max_size=50, unique=True), st.integers(0, 10**9))
def test_no_two_cases_share_a_reference(numbers: list[int], offset: int):
    made = [reference_of(n, offset=offset) for n in numbers]
    assert len(set(made)) == len(made)
    assert all(normalised_reference(ref) == ref for ref in made)


@given(st.integers(0, 999_999), st.integers(0, 6), st.integers(0, 9))
def test_one_wrong_digit_is_found(number: int, at: int, digit: int):
    ref = reference_of(number, offset=5).replace("-", "")
    wrong = ref[:at] + str(digit) + ref[at + 1 :]
    assert (normalised_reference(wrong) is not None) == (wrong == ref)


def test_numbers_match_by_line_not_by_spelling():
    assert matching_key("+55 11 8765-4321") == matching_key("+5511987654321")
    assert matching_key("+551132654321") != matching_key("+5511932654321"), "a landline never got a 9"
    assert matching_key("+5215512345678") == matching_key("+525512345678")
    assert matching_key("+1 (212) 555-0142") == matching_key("+12125550142")
    assert matching_key("BANK") == matching_key("bank ")
    assert matching_key("12345") != matching_key("+12345")


def test_segments_follow_the_standard():
    assert segments_of("") == 1
    assert segments_of("a" * 160) == 1
    assert segments_of("a" * 161) == 2
    assert segments_of("€" * 80) == 1, "an extended character counts twice"
    assert segments_of("€" * 81) == 2
    assert segments_of("ё" * 70) == 1
    assert segments_of("ё" * 71) == 2
    assert segments_of("😀" * 35) == 1
    assert segments_of("😀" * 36) == 2


def test_identifiers_are_repeatable_ordered_and_unguessable():
    made = [Ids(secret=b"s" * 32, key="k", at=Ms(1000 + n)).new("case") for n in range(5)]
    assert made == sorted(made)
    assert made[0] == Ids(secret=b"s" * 32, key="k", at=Ms(1000)).new("case")
    assert made[0][:17] == Ids(secret=b"t" * 32, key="k", at=Ms(1000)).new("case")[:17]
    assert made[0] != Ids(secret=b"t" * 32, key="k", at=Ms(1000)).new("case")
