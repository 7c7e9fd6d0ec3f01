"""Hours: what may be written, and when that is open, through midnight, special dates and clock changes."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from policies import Hours, PolicySet, Problem

Parse = Callable[[Mapping[str, str]], PolicySet]
Refused = Callable[[str, str], list[Problem]]

BERLIN = ZoneInfo("Europe/Berlin")


def text(body: str, *, zone: str = "Europe/Berlin") -> str:
    return f"zone: {zone}\nhours:\n  always:\n{body}"


def hours(parse: Parse, body: str, *, zone: str = "Europe/Berlin") -> Hours:
    return parse({"hours.yaml": text(body, zone=zone)}).hours["always"]


def wall(day: int, hour: int, minute: int = 0, *, month: int = 6, fold: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=BERLIN, fold=fold)


@pytest.mark.parametrize(
    ("zone", "suggestion"),
    [
        pytest.param("EST5", "America/New_York", id="row52-EST5"),
        pytest.param("EST", "America/New_York", id="row52-EST"),
        pytest.param("UTC+2", "Europe/Helsinki", id="row52-UTC+2"),
        pytest.param("Etc/GMT+2", None, id="row52-Etc"),
        pytest.param("europe/berlin", "Europe/Berlin", id="row52-small-letters"),
        pytest.param("Europe/Berln", "Europe/Berlin", id="row52-misspelt"),
        pytest.param("Europe", None, id="row52-folder"),
        pytest.param("Europe/../../etc/passwd", None, id="row52-path"),
    ],
)
def test_zone_refused_with_a_hint(refused: Refused, zone: str, suggestion: str | None) -> None:
    problem = refused("hours.yaml", text("    week: {daily: open}\n", zone=zone))[0]
    assert (problem.line, problem.column) == (1, 7)
    assert "Europe/Berlin" in problem.expected
    if suggestion:
        assert problem.suggestion == suggestion


def test_row52_old_name_of_a_zone_is_taken_with_a_note(parse: Parse) -> None:
    policies = parse({"hours.yaml": text("    week: {daily: open}\n", zone="Europe/Kiev")})
    assert policies.warnings == ("hours.yaml:1: zone Europe/Kiev is called Europe/Kyiv today",)
    assert policies.hours["always"].zone.key == "Europe/Kiev"


@pytest.mark.parametrize(
    ("body", "place", "found"),
    [
        pytest.param("    week: {mon: 09:00-09:00}\n", "4:17", "empty window", id="row53-empty"),
        pytest.param("    week: {mon: [09:00-12:00, 11:00-13:00]}\n", "4:31", "overlaps", id="row53-overlap"),
        pytest.param("    week: {mon: 22:00-06:00, tue: 05:00-09:00}\n", "4:35", "overlaps", id="row53-into-next-day"),
        pytest.param(
            "    week: {mon: 05:00-09:00, sun: 22:00-06:00}\n", "4:17", "overlaps", id="row53-around-the-week"
        ),
        pytest.param("    week: {mon: 09:00-25:00}\n", "4:17", "'09:00-25:00'", id="row53-no-such-time"),
        pytest.param("    week: {mon: 9-17}\n", "4:17", "'9-17'", id="row53-no-minutes"),
        pytest.param("    week: {mon: 750}\n", "4:17", "'750'", id="row53-number"),
        pytest.param("    week: {mon-fri: open, wed: closed}\n", "4:27", "wed a second time", id="row53-day-twice"),
        pytest.param("    week: {monday: open}\n", "4:12", "'monday'", id="row53-long-day"),
        pytest.param(
            "    week: {daily: open}\n    dates: {2026-02-30: closed}\n", "5:13", "'2026-02-30'", id="row53-date"
        ),
        pytest.param("    zone: UTC\n", "4:5", "no key week", id="row53-no-week"),
    ],
)
def test_windows_refused(refused: Refused, body: str, place: str, found: str) -> None:
    problem = refused("hours.yaml", text(body))[0]
    assert f"{problem.line}:{problem.column}" == place
    assert found in problem.found


def test_row53_window_over_midnight(parse: Parse) -> None:
    night = hours(parse, "    week: {mon: 22:00-06:00}\n")  # 1 June 2026 is a Monday
    assert [night.is_open(wall(1, 21, 59)), night.is_open(wall(1, 22)), night.is_open(wall(2, 5, 59))] == [
        False,
        True,
        True,
    ]
    assert not night.is_open(wall(2, 6))
    assert not night.is_open(wall(1, 3))
    assert night.open_seconds_between(wall(1, 0), wall(3, 0)) == 8 * 3600


def test_split_day_and_day_lists(parse: Parse) -> None:
    split = hours(parse, '    week: {mon-thu: ["08:00-12:30", "13:30-18:00"], "sat, sun": 10:00-11:00}\n')
    assert split.is_open(wall(1, 12, 29))
    assert not split.is_open(wall(1, 13))
    assert split.is_open(wall(4, 13, 30))
    assert not split.is_open(wall(5, 9))
    assert split.next_open(wall(4, 18)) == wall(6, 10)
    assert split.next_open(wall(1, 12, 30)) == wall(1, 13, 30)


def test_a_window_may_end_at_midnight_and_the_next_begin_there(parse: Parse) -> None:
    whole = hours(parse, "    week: {mon: 18:00-24:00, tue: 00:00-06:00}\n")
    assert whole.open_seconds_between(wall(1, 18), wall(2, 6)) == 12 * 3600


def test_a_date_stands_alone_from_midnight_to_midnight(parse: Parse) -> None:
    body = "    week: {daily: 22:00-06:00}\n    dates: {2026-06-02: closed, 2026-06-04: 20:00-02:00}\n"
    special = hours(parse, body)
    assert special.is_open(wall(1, 23))
    assert not special.is_open(wall(2, 1))
    assert not special.is_open(wall(2, 23))
    assert special.is_open(wall(4, 20)) and special.is_open(wall(5, 1))
    assert special.next_open(wall(2, 0)) == wall(3, 22)


def test_never_open_is_warned_of_and_has_no_next_opening(parse: Parse) -> None:
    policies = parse({"hours.yaml": text("    week: {daily: closed}\n")})
    assert policies.warnings == ("hours.yaml: hours always are never open",)
    assert policies.next_open("general", wall(1, 0)) is None


def test_the_default_is_open_at_all_hours(parse: Parse) -> None:
    policies = parse({})
    assert policies.is_open("general", wall(1, 3))
    assert policies.next_open("general", wall(1, 3)) == wall(1, 3)
    assert policies.open_seconds_between("general", wall(1, 3), wall(2, 3)) == 86_400
    assert policies.open_seconds_between("general", wall(2, 3), wall(1, 3)) == 0


@pytest.mark.parametrize(
    ("window", "opens", "seconds"),
    [  # on 29 March 2026 the clock jumps from 02:00 to 03:00 in Berlin
        pytest.param("02:30-05:00", datetime(2026, 3, 29, 1, tzinfo=UTC), 2 * 3600, id="start-in-the-gap"),
        pytest.param("01:00-02:30", datetime(2026, 3, 29, 0, tzinfo=UTC), 3600, id="end-in-the-gap"),
        pytest.param("01:00-05:00", datetime(2026, 3, 29, 0, tzinfo=UTC), 3 * 3600, id="over-the-gap"),
        pytest.param("02:15-02:45", datetime(2026, 4, 5, 0, 15, tzinfo=UTC), 0, id="inside-the-gap"),
    ],
)
def test_the_hour_that_does_not_exist(parse: Parse, window: str, opens: datetime, seconds: int) -> None:
    sunday = hours(parse, f"    week: {{sun: {window}}}\n")
    midnight = datetime(2026, 3, 29, tzinfo=BERLIN)
    assert sunday.next_open(midnight) == opens
    assert sunday.open_seconds_between(midnight, datetime(2026, 3, 30, tzinfo=BERLIN)) == seconds


@pytest.mark.parametrize(
    ("window", "first", "last", "seconds"),
    [  # on 25 October 2026 the hour from 02:00 to 03:00 comes twice in Berlin
        pytest.param("01:00-02:30", (1, 0, 0), (2, 29, 1), 5 * 1800, id="end-in-it"),
        pytest.param("02:30-04:00", (2, 30, 0), (3, 59, 0), 5 * 1800, id="start-in-it"),
        pytest.param("02:15-02:45", (2, 15, 0), (2, 44, 1), 3 * 1800, id="inside-it"),
        pytest.param("00:00-24:00", (0, 0, 0), (23, 59, 0), 25 * 3600, id="whole-day"),
    ],
)
def test_the_hour_that_comes_twice(
    parse: Parse, window: str, first: tuple[int, int, int], last: tuple[int, int, int], seconds: int
) -> None:
    sunday = hours(parse, f"    week: {{sun: {window}}}\n")
    for hour, minute, fold in (first, last):
        assert sunday.is_open(wall(25, hour, minute, month=10, fold=fold))
    assert sunday.open_seconds_between(wall(25, 0, month=10), wall(26, 0, month=10)) == seconds


def test_a_jump_at_midnight(parse: Parse) -> None:
    """In Cairo, 24 April 2026 begins at 01:00."""
    cairo = ZoneInfo("Africa/Cairo")
    friday = hours(parse, "    week: {fri: open}\n", zone="Africa/Cairo")
    assert friday.next_open(datetime(2026, 4, 23, 12, tzinfo=cairo)) == datetime(2026, 4, 24, 1, tzinfo=cairo)
    assert (
        friday.open_seconds_between(datetime(2026, 4, 23, tzinfo=cairo), datetime(2026, 4, 26, tzinfo=cairo))
        == 23 * 3600
    )
