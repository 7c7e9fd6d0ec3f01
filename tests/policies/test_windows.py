"""Windows said in free words: the table of phrases in windows.yaml, clocks that change, and what holds of any text."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from policies import default_policy_files, parse_policies
from policies.hours_file import DAYS
from policies.window_calendar import Doubt, Window
from policies.windows import ReadWindow
from policies.windows_said import say_doubt, say_window

POLICIES = parse_policies(default_policy_files(), 1)
TABLE = YAML(typ="base").load(Path(__file__).with_name("windows.yaml"))
ZONE = ZoneInfo(TABLE["zone"])
NOW = datetime.fromisoformat(TABLE["now"]).replace(tzinfo=ZONE)
ROWS = [
    pytest.param(way == "asked", language, phrase, meaning, id=f"{way}-{language}-{phrase}")
    for way in ("said", "asked")
    for language, phrases in TABLE[way].items()
    for phrase, meaning in phrases.items()
]


def read(
    text: str, *, language: str = "en", zone: ZoneInfo = ZONE, now: datetime = NOW, is_asked: bool = False
) -> ReadWindow | None:
    return POLICIES.read_window(text, language=language, zone=zone, now=now, is_asked=is_asked)


def meaning_of(found: ReadWindow | None) -> str:
    """What was read, as the table writes it."""
    if found is None:
        return "nothing"
    start, end = found.window.start.astimezone(ZONE), found.window.end.astimezone(ZONE)
    days = (start.date() - NOW.date()).days
    day = {0: "today", 1: "tomorrow"}.get(days) or (DAYS[start.weekday()] if days < 7 else f"{start:%Y-%m-%d}")
    parts = [day, f"{start:%H:%M}-{end:%H:%M}"]
    if found.rule is not None:
        each = sorted(found.rule.days)
        named = {tuple(range(5)): "mon-fri", tuple(range(7)): "daily"}.get(tuple(each)) or " ".join(
            DAYS[day] for day in each
        )
        parts += ["each", named]
    parts += ["soon"] if found.is_soon else []
    parts += [found.doubt] if found.doubt else []
    return " ".join(parts)


@pytest.mark.parametrize(("is_asked", "language", "phrase", "meaning"), ROWS)
def test_phrase(is_asked: bool, language: str, phrase: str, meaning: str) -> None:
    assert meaning_of(read(phrase, language=language, is_asked=is_asked)) == meaning


@pytest.mark.parametrize(
    ("language", "phrase"),
    [
        (language, phrase)
        for language, phrases in TABLE["said"].items()
        for phrase, meaning in phrases.items()
        if meaning != "nothing"
    ]
    + [
        ("es", "llámame"),
        ("es", "llámame a mediodía"),
        ("es", "llámame al mediodía"),
        ("es", "llámeme mañana por la tarde"),
        ("de", "Rückruf ab 15 Uhr"),
        ("de", "bitte anrufen um 19 Uhr"),
        ("de", "bitte anrufen morgen um 9 Uhr"),
    ],
)
def test_a_wish_shows_its_language(language: str, phrase: str) -> None:
    """Few words have few small ones: that they ask for a call in one language only shows it too."""
    assert POLICIES.language_known(phrase) == language


def test_the_table_is_long_enough() -> None:
    """Nobody thins it out: 120 phrases that name a time, and 20 that only look so."""
    meanings = [meaning for way in ("said", "asked") for phrases in TABLE[way].values() for meaning in phrases.values()]
    assert sum(meaning != "nothing" for meaning in meanings) >= 120
    assert meanings.count("nothing") >= 20


@pytest.mark.parametrize(
    ("language", "phrase", "meaning"),
    [
        ("en", "same time tomorrow", "tomorrow 15:00-16:00"),
        ("en", "the same time on Friday please", "fri 15:00-16:00"),
        ("de", "morgen zur gleichen Zeit", "tomorrow 15:00-16:00"),
        ("es", "mañana a la misma hora", "tomorrow 15:00-16:00"),
        ("en", "same time", "nothing"),
    ],
)
def test_the_same_time_is_that_of_what_is_promised(language: str, phrase: str, meaning: str) -> None:
    promised = Window(NOW + timedelta(hours=5), NOW + timedelta(hours=6))
    found = POLICIES.read_window(phrase, language=language, zone=ZONE, now=NOW, is_asked=True, promised=promised)
    assert meaning_of(found) == meaning


# --- clocks that change -----------------------------------------------------------------------------------------------

BERLIN = ZoneInfo("Europe/Berlin")


def test_a_time_that_does_not_exist_that_night_is_asked_back_with_one_that_does() -> None:
    """On 29 March 2026 it is never 2:30 in Berlin."""
    found = read(
        "ruf mich morgen um 02:30 an", language="de", zone=BERLIN, now=datetime(2026, 3, 28, 12, tzinfo=BERLIN)
    )
    assert found is not None
    assert found.doubt is Doubt.SKIPPED
    assert found.suggestion == Window(
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 50, tzinfo=UTC)
    )


def test_a_time_that_comes_twice_that_night_is_asked_back_with_the_first() -> None:
    """On 25 October 2026 it is 2:30 twice in Berlin."""
    found = read("call me tomorrow at 02:30", zone=BERLIN, now=datetime(2026, 10, 24, 12, tzinfo=BERLIN))
    assert found is not None
    assert found.doubt is Doubt.TWICE
    assert found.window.start == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_an_hour_is_that_of_the_customers_clock_across_a_change() -> None:
    """The evening after the clocks have changed is meant on the new time."""
    found = read("call me tomorrow between 18:00 and 19:00", zone=BERLIN, now=datetime(2026, 10, 24, 12, tzinfo=BERLIN))
    assert found is not None
    assert found.sure
    assert found.window == Window(datetime(2026, 10, 25, 17, tzinfo=UTC), datetime(2026, 10, 25, 18, tzinfo=UTC))


def test_in_two_hours_is_two_hours_later_whatever_the_clocks_do() -> None:
    found = read("call me in 2 hours", zone=BERLIN, now=datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert found is not None
    assert found.window.start == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


# --- how it is said back ----------------------------------------------------------------------------------------------

AT_THREE = Window(datetime(2026, 12, 1, 14, tzinfo=UTC), datetime(2026, 12, 1, 14, 20, tzinfo=UTC))


@pytest.mark.parametrize(
    ("language", "zone", "hours_later", "said"),
    [
        ("en", "Europe/Berlin", 0, "today between 15:00 and 15:20"),
        ("en", "America/New_York", 0, "today between 9:00 AM and 9:20 AM"),
        ("de", "Europe/Berlin", 0, "heute zwischen 15:00 und 15:20 Uhr"),
        ("es", "Europe/Madrid", 0, "hoy entre las 15:00 y las 15:20"),
        ("en", "Europe/Berlin", 24, "tomorrow between 15:00 and 15:20"),
        ("de", "Europe/Berlin", 72, "am Freitag zwischen 15:00 und 15:20 Uhr"),
        ("es", "Europe/Madrid", 240, "el 11 de diciembre entre las 15:00 y las 15:20"),
        ("es", "Europe/Madrid", 22, "mañana entre las 13:00 y las 13:20"),
        ("de", "Europe/Berlin", 16, "morgen zwischen 07:00 und 07:20 Uhr"),
        ("fr", "Europe/Paris", 0, "2026-12-01 15:00-15:20"),
    ],
)
def test_a_window_is_said_in_one_line(language: str, zone: str, hours_later: int, said: str) -> None:
    later = timedelta(hours=hours_later)
    window = Window(AT_THREE.start + later, AT_THREE.end + later)
    assert say_window(window, language=language, zone=ZoneInfo(zone), now=NOW) == said


def test_full_hours_are_said_short_in_german_and_the_place_is_named_where_asked() -> None:
    window = Window(datetime(2026, 12, 2, 8, tzinfo=UTC), datetime(2026, 12, 2, 10, tzinfo=UTC))
    assert say_window(window, language="de", zone=BERLIN, now=NOW) == "morgen zwischen 9 und 11 Uhr"
    named = say_window(window, language="en", zone=ZoneInfo("America/New_York"), now=NOW, names_place=True)
    assert named == "tomorrow between 3:00 AM and 5:00 AM, New York time"


@pytest.mark.parametrize("language", ["en", "de", "es", "fr"])
@pytest.mark.parametrize("doubt", list(Doubt))
def test_every_doubt_has_a_sentence(language: str, doubt: Doubt) -> None:
    assert say_doubt(doubt, language=language).endswith(".")


# --- what holds of any text -------------------------------------------------------------------------------------------

LANGUAGES = st.sampled_from(["en", "de", "es"])
ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
).map(ZoneInfo)
MOMENTS = st.integers(1_700_000_000, 2_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
TIME_WORDS = """call me llámame ruf mich an not before after 3 9 11 15:30 at um a las half past halb y media menos cuarto between
    and to bis von de morgen mañana tomorrow tonight heute today next monday nächsten lunes on am the 3rd 3. 31 february
    29 märz 3.5. 2026-02-29 9999-12-31 0001-01-01 every weekday werktags cada in an hour 99 days weeks within now asap or oder o - , . ! 9-11
    5pm 12am 24 24:00 0:00 00:00 02:30 evening noon around ish call since not nicht no week two 1 a un"""
PHRASES = st.text(max_size=80) | st.lists(st.sampled_from(TIME_WORDS.split()), max_size=14).map(" ".join)


CALLING = """call me please ring bitte anrufen ruf an rufen llámame llamar por favor hello hallo . , the for nobody invoice after
    nach a las 3 three drei tres 15:30 3pm tomorrow morgen mañana morning monday soon asap now hour stunde in once every"""
ASKING = st.lists(st.sampled_from(CALLING.split()), max_size=9).map(" ".join)


@given(ASKING | PHRASES, LANGUAGES, MOMENTS)
@settings(max_examples=1_500, deadline=None)
def test_no_text_that_asks_for_a_call_is_passed_over(text: str, language: str, now: datetime) -> None:
    """The look at its words that spares most texts the reading spares no wish."""
    found = read(text, language=language, now=now)
    if found is not None and found.doubt is not Doubt.BESIDE:
        assert POLICIES.asks_for_call(text)


def test_a_text_that_asks_for_no_call_is_not_read() -> None:
    """A word of calling alone is not enough, nor a time alone."""
    for text in ("I will not call again, order 17", "please call me", "the heating is off since 3", "who will call"):
        assert not POLICIES.asks_for_call(text)


@given(PHRASES, LANGUAGES, ZONES, MOMENTS, st.booleans())
@settings(max_examples=1_500, deadline=None)
def test_any_text_gives_a_window_ahead_or_none(
    text: str, language: str, zone: ZoneInfo, now: datetime, is_asked: bool
) -> None:
    """What is read begins before it ends and lies ahead; a doubt goes with what to suggest."""
    found = read(text, language=language, zone=zone, now=now, is_asked=is_asked)
    if found is None:
        return
    assert now <= found.window.start < found.window.end
    assert found.sure == (found.suggestion is None)
    assert found.words
    say_window(found.window, language=language, zone=zone, now=now)


CALLS = {"en": "call me", "de": "bitte anrufen", "es": "llámame"}


@given(LANGUAGES, ZONES, MOMENTS, st.integers(1, 50 * 24 * 60), st.integers(5, 8 * 60))
@settings(max_examples=800, deadline=None)
def test_what_we_say_is_read_as_the_same_window(
    language: str, zone: ZoneInfo, now: datetime, ahead: int, length: int
) -> None:
    """Whoever answers with our own words means what we meant."""
    start = now.replace(second=0) + timedelta(minutes=ahead)
    window = Window(start, start + timedelta(minutes=length))
    walls = [at.astimezone(zone).replace(tzinfo=None) for at in (window.start, window.end)]
    if walls[1] - walls[0] != window.end - window.start:
        return  # the clocks change in it
    said = say_window(window, language=language, zone=zone, now=now)
    for text, is_asked in ((f"{CALLS[language]} {said}", False), (said, True)):
        found = read(text, language=language, zone=zone, now=now, is_asked=is_asked)
        assert found is not None, text
        assert found.window == window or found.doubt is Doubt.TWICE, text
        assert found.sure or found.doubt is Doubt.TWICE, (text, found.doubt)


@pytest.mark.parametrize(
    "part",
    [
        "call me at 3 ",
        "9 ",
        "please ",
        "not before ",
        "(",
        "9-",
        "9:",
        "a.m.",
        "in about ",
        "or ",
        "tomorrow next ",
        "half past ",
        "\u0301\u0316",
        "a\u0301",
    ],
)
def test_a_long_text_is_read_in_time_that_grows_with_it(part: str) -> None:
    """Counted in steps, not seconds: no word is looked at more often in a long text than in a short one."""
    costs = [_steps(part * (size // len(part))) for size in (1_000, 8_000)]
    assert costs[1] <= 9 * costs[0] + 500


def _steps(text: str) -> int:
    count = 0

    def counted(frame: object, event: str, arg: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(counted)
    try:
        read(text, is_asked=True)
    finally:
        sys.setprofile(None)
    return count
