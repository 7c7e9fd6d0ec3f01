"""On whose clock a customer's times are: the number, then the profile, then what they answered."""

from zoneinfo import ZoneInfo

import pytest

from policies.whose_clock import Rests, clock_of, day_zones, on_clock

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
        pytest.param(
            ("America/Boise", "America/Los_Angeles"),
            None,
            "America/Denver",
            "America/Denver",
            Rests.ASKED,
            True,
            id="shows-the-same-time",
        ),
        pytest.param((), None, None, "Europe/Berlin", Rests.OURS, False, id="nothing-known"),
        pytest.param(("Etc/Unknown",), "nowhere", "UTC+2", "Europe/Berlin", Rests.OURS, False, id="no-zones"),
    ],
)
def test_the_zone_and_what_it_rests_on(
    number: tuple[str, ...], profile: str | None, asked: str | None, zone: str, rests: Rests, sure: bool
) -> None:
    clock = clock_of(number, profile=profile, asked=asked, ours=OURS)
    assert (clock.zone.key, clock.rests, clock.sure) == (zone, rests, sure)


@pytest.mark.parametrize(
    ("number", "profile", "asked", "zones"),
    [
        pytest.param(("Europe/Madrid",), "", "", ("Europe/Madrid",), id="the-number-alone"),
        pytest.param((), "", "Asia/Tokyo", ("Asia/Tokyo",), id="what-was-told"),
        pytest.param(US, "", "America/Chicago", ("America/Chicago",), id="told-which"),
        pytest.param(("America/Boise", "America/Los_Angeles"), "", "America/Denver", ("America/Denver",), id="alike"),
        pytest.param(("Europe/Madrid",), "Asia/Tokyo", "", ("Asia/Tokyo", "Europe/Madrid"), id="moved-away"),
        pytest.param(("Etc/Unknown",), "nowhere", "", ("Etc/Unknown",), id="no-zone"),
    ],
)
def test_by_whose_clocks_it_must_be_day(
    number: tuple[str, ...], profile: str, asked: str, zones: tuple[str, ...]
) -> None:
    assert day_zones(number, profile=profile, asked=asked) == zones


def test_the_same_time_of_day_on_another_clock() -> None:
    """Five in New York is five in Denver two hours later."""
    hour = 3_600_000
    assert on_clock((100 * hour, 101 * hour), said_in="America/New_York", zone="America/Denver") == (
        102 * hour,
        103 * hour,
    )


def test_our_own_zone_is_taken_where_the_number_may_lie_in_it() -> None:
    """Of several zones that a number may lie in, the one of the hours that they wait for is the likeliest."""
    clock = clock_of(US, profile=None, asked=None, ours=ZoneInfo("America/Chicago"))
    assert (clock.zone.key, clock.sure) == ("America/Chicago", False)
