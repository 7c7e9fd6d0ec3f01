"""A wish for a call at a time: on the customer's clock, and never taken as said where anything is doubtful."""

from datetime import UTC, datetime

import pytest

from policies import default_policy_files, parse_policies
from router.core.clock import Ms
from router.core.wishes import Wish, wish_of

POLICY = parse_policies(default_policy_files(), 1)
NOW = Ms(round(datetime(2026, 12, 1, 18, tzinfo=UTC).timestamp() * 1000))
NEW_YORK = ("America/New_York",)
US = ("America/New_York", "America/Chicago")


def wish(text: str, *, zones: tuple[str, ...] = NEW_YORK, language: str = "en", is_asked: bool = False) -> Wish | None:
    return wish_of(
        POLICY, text, language=language, zones=zones, customer=None, queue="general", now=NOW, is_asked=is_asked
    )


def ms(hour: int, minute: int = 0) -> Ms:
    return Ms(round(datetime(2026, 12, 1, hour, minute, tzinfo=UTC).timestamp() * 1000))


def test_three_o_clock_is_three_where_the_customer_is() -> None:
    """At 18:00 UTC it is 13:00 in New York: 'after 3' begins at 20:00 UTC."""
    found = wish("call after 3 pls, I have class until then")
    assert found is not None
    assert (found.sure, found.window, found.zone) == (True, (ms(20), Ms(ms(20) + 5 * 3_600_000)), "America/New_York")
    assert found.said == "today between 3:00 PM and 8:00 PM"


def test_a_number_of_several_zones_is_asked_back_with_the_place() -> None:
    """Who may be on another clock is told on which one we understood them."""
    found = wish("call me at 3", zones=US)
    assert found is not None
    assert not found.sure
    assert found.doubt == "We are not sure on which clock you are."
    assert found.said.endswith(" time")


def test_as_soon_as_possible_needs_no_clock_and_no_window() -> None:
    found = wish("please call me asap", zones=US)
    assert found is not None
    assert (found.sure, found.window) == (True, None)


def test_a_doubt_comes_with_its_sentence_and_a_suggestion() -> None:
    found = wish("ruf mich um 9 Uhr an", language="de", zones=("Europe/Berlin",))
    assert found is not None
    assert (found.sure, found.doubt, found.said) == (
        False,
        "Diese Zeit ist schon vorbei.",
        "morgen zwischen 9:00 und 9:20 Uhr",
    )


def test_a_window_that_comes_again_keeps_its_days() -> None:
    found = wish("call me any weekday 9 to 11")
    assert found is not None
    assert (found.days, found.from_min, found.until_min) == ((0, 1, 2, 3, 4), 540, 660)


@pytest.mark.parametrize("text", ["my contract ends on 3 May", "E42 since 11:20", "room 15", "", "call me", "\0" * 50])
def test_who_wishes_for_no_time_has_no_wish(text: str) -> None:
    assert wish(text) is None


def test_an_answer_to_our_question_needs_no_word_of_calling() -> None:
    assert wish("after 4") is None
    assert wish("after 4", is_asked=True) is not None


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert wish("call me. " + "x" * 5_000 + " at 3") is None
