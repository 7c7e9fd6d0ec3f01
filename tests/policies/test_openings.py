"""When it opens, in words: the day as people say it, on the clock of the place whose hours they are."""

from datetime import datetime

import pytest

from policies.openings import said_opening

ZONE = "America/New_York"
NOW = "2026-11-23T20:00:00-05:00"


def ms(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp() * 1000)


@pytest.mark.parametrize(
    ("opens", "language", "said"),
    [
        ("2026-11-23T22:30:00-05:00", "en", "today at 10:30 PM"),
        ("2026-11-24T09:00:00-05:00", "en", "tomorrow at 9:00 AM"),
        ("2026-11-26T12:00:00-05:00", "en", "on Thursday at 12:00 PM"),
        ("2026-11-30T00:05:00-05:00", "en", "on November 30 at 12:05 AM"),
        ("2026-11-24T09:00:00-05:00", "de", "morgen um 9:00 Uhr"),
        ("2026-11-26T09:00:00-05:00", "de", "am Donnerstag um 9:00 Uhr"),
        ("2027-01-04T09:00:00-05:00", "de", "am 4. Januar um 9:00 Uhr"),
        ("2026-11-24T01:00:00-05:00", "es", "mañana a la 1:00"),
        ("2026-11-26T13:00:00-05:00", "es", "el jueves a las 13:00"),
        ("2027-01-04T09:00:00-05:00", "es", "el 4 de enero a las 9:00"),
        ("2026-11-24T09:00:00-05:00", "fr", "2026-11-24 09:00"),
    ],
)
def test_said(opens: str, language: str, said: str) -> None:
    assert said_opening(ms(opens), ms(NOW), zone=ZONE, language=language) == said


def test_the_place_is_named_where_it_may_be_another_clock() -> None:
    opens = ms("2026-11-24T09:00:00-05:00")
    named = [
        said_opening(opens, ms(NOW), zone=ZONE, language=language, names_place=True) for language in ("en", "de", "es")
    ]
    assert named == [
        "tomorrow at 9:00 AM, New York time",
        "morgen um 9:00 Uhr, Ortszeit New York",
        "mañana a las 9:00, hora de New York",
    ]
