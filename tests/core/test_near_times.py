"""Where an earlier call is wished for: which windows are looked at before the one that stands."""

from hypothesis import given
from hypothesis import strategies as st

from router.core.clock import Ms
from router.core.replies import NEAR_MS_MAX, NEAR_TRIED, earlier
from router.core.words import DAY_MS, MINUTE_MS

NOW = Ms(1_764_580_320_000)


@given(ahead=st.integers(-DAY_MS, 90 * DAY_MS), length=st.integers(5 * MINUTE_MS, NEAR_MS_MAX))
def test_earlier_windows_lie_between_now_and_the_one_that_stands(ahead: int, length: int) -> None:
    """They are few, the nearest first, none has begun or reaches into the one that stands, and each begins whole lengths
    before it; the nearest is there wherever it has not begun."""
    start = Ms(NOW + ahead)
    found = list(earlier(start, length, now=NOW))
    assert len(found) <= NEAR_TRIED
    assert found == sorted(set(found), reverse=True)
    assert all(NOW < at <= start - length and (start - at) % length == 0 for at in found)
    assert found[:1] == ([start - length] if start - length > NOW else [])


@given(ahead=st.integers(1, 90 * DAY_MS), length=st.integers(5 * MINUTE_MS, NEAR_MS_MAX))
def test_earlier_windows_are_looked_for_in_all_the_time_until_then(ahead: int, length: int) -> None:
    """Between now and the one that stands no more than a part of that time is left without one, and where it is short
    every window is looked at."""
    start = Ms(NOW + ahead)
    ends = [*(at for at in earlier(start, length, now=NOW)), NOW]
    widest = max(first - second for first, second in zip([start, *ends], ends, strict=False))
    assert widest <= max(length, -(-ahead // NEAR_TRIED) + length)


def test_a_call_at_six_is_asked_back_for_twenty_minutes_before() -> None:
    at_six = Ms(NOW + 150 * MINUTE_MS)
    assert [(at_six - at) // MINUTE_MS for at in earlier(at_six, 20 * MINUTE_MS, now=NOW)] == [
        20,
        40,
        60,
        80,
        100,
        120,
        140,
    ]
