"""On whose clock a customer's times are: the number, then the profile, then what they answered."""

from zoneinfo import ZoneInfo

import pytest

from policies.whose_clock import Rests, clock_of

OURS = ZoneInfo("Europe/Berlin")
US = ("America/New_York", "America/Chicago", "America/Los_Angeles")


@pytest.mark.parametrize(
    ("number", "profile", "asked", "zone", "rests", "sure"),
    [
        pytest.param(("Europe/Madrid",), None, None, "Europe/Madrid", Rests.NUMBER, True, id="one-zone"),
        pytest.param(("Europe/Madrid",), "Asia/Tokyo", None, "Europe/Madrid", Rests.NUMBER, True, id="number-first"),
        pytest.param((), "Asia/Tokyo", "Europe/Paris", "Asia/Tokyo", Rests.PROFILE, True, id="then-profile"),
        pytest.param((), None, "Europe/Paris", "Europe/Paris", Rests.ASKED, True, id="then-asked"),
        pytest.param(US, None, None, "America/New_York", Rests.NUMBER, False, id="several-zones"),
        pytest.param(US, "America/Chicago", None, "America/Chicago", Rests.PROFILE, True, id="profile-tells-which"),
        pytest.param(US, "Asia/Tokyo", "America/Chicago", "America/Chicago", Rests.ASKED, True, id="asked-tells-which"),
        pytest.param(US, "Asia/Tokyo", None, "Asia/Tokyo", Rests.PROFILE, False, id="profile-is-elsewhere"),
        pytest.param((), None, None, "Europe/Berlin", Rests.OURS, False, id="nothing-known"),
        pytest.param(("Etc/Unknown",), "nowhere", "UTC+2", "Europe/Berlin", Rests.OURS, False, id="no-zones"),
    ],
)
def test_the_zone_and_what_it_rests_on(
    number: tuple[str, ...], profile: str | None, asked: str | None, zone: str, rests: Rests, sure: bool
) -> None:
    clock = clock_of(number, profile=profile, asked=asked, ours=OURS)
    assert (clock.zone.key, clock.rests, clock.sure) == (zone, rests, sure)


def test_our_own_zone_is_taken_where_the_number_may_lie_in_it() -> None:
    """Of several zones that a number may lie in, the one of the hours that they wait for is the likeliest."""
    clock = clock_of(US, profile=None, asked=None, ours=ZoneInfo("America/Chicago"))
    assert (clock.zone.key, clock.sure) == ("America/Chicago", False)
