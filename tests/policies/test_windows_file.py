"""windows.yaml: what may be written, and what is refused where it stands."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from policies import PolicySet, Problem, default_policy_files, parse_policies

Parse = Callable[[Mapping[str, str]], PolicySet]
Refused = Callable[[str, str], list[Problem]]

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
FRENCH = """
languages:
  fr:
    clock: 24
    parts:
      matin: {hours: "08:00-12:00", words: [matin, le matin]}
    words:
      call: [rappelez-moi, appelez-moi]
      tomorrow: demain
      after: après
      oclock: [h, heures]
"""


@pytest.mark.parametrize(
    ("text", "place", "found", "suggestion"),
    [
        pytest.param("exakt: 20 min\n", "1:1", "unknown key 'exakt'", "exact", id="unknown-key"),
        pytest.param("exact: 20\n", "1:8", "'20'", '"20 s" or "20 min"', id="no-unit"),
        pytest.param("exact: 1 min\n", "1:8", "'1 min'", None, id="too-short-for-a-call"),
        pytest.param('day: "20:00-08:00"\n', "1:6", "'20:00-08:00'", None, id="a-day-over-midnight"),
        pytest.param("ahead: 1 h\n", "1:8", "'1 h'", None, id="ahead-less-than-a-day"),
        pytest.param("languages: {english: {}}\n", "1:13", "'english'", None, id="a-language-by-its-name"),
        pytest.param("languages:\n  en:\n    clock: 13\n", "3:12", "'13'", None, id="clock"),
        pytest.param("languages:\n  en:\n    words:\n      tommorow: x\n", "4:7", "unknown meaning 'tommorow'", "tomorrow",
                     id="unknown-meaning"),
        pytest.param("languages:\n  en:\n    words:\n      after: after, , later\n", "4:21", "''", None,
                     id="nothing-between-commas"),
        pytest.param("languages:\n  en:\n    words:\n      after: [after, 3rd]\n", "4:22", "'3rd'", None, id="digits"),
        pytest.param('languages:\n  en:\n    words:\n      after: "later, 3rd"\n', "4:22", "'3rd'", None,
                     id="digits-between-commas"),
        pytest.param("languages:\n  en:\n    parts:\n      night: {words: night}\n", "4:14", "no key hours", None,
                     id="part-without-hours"),
        pytest.param("languages:\n  en:\n    parts:\n      night: {hours: late, words: night}\n", "4:22", "'late'", None,
                     id="hours-in-words"),
        pytest.param("languages:\n  en: {wrods: {}}\n", "2:8", "unknown key 'wrods'", "words", id="unknown-block"),
    ],
)  # fmt: skip
def test_refused(refused: Refused, text: str, place: str, found: str, suggestion: str | None) -> None:
    problem = refused("windows.yaml", text)[0]
    assert f"{problem.file}:{problem.line}:{problem.column}" == f"windows.yaml:{place}"
    assert found in problem.found
    assert problem.suggestion == suggestion


def test_a_language_of_ops_is_read_beside_the_products_own() -> None:
    """Whoever adds a language need not copy the others."""
    base = default_policy_files()
    policies = parse_policies({**base, "windows.yaml": FRENCH}, 1, base=base)
    found = policies.read_window("Rappelez-moi demain après 15 h", language="fr", zone=ZONE, now=NOW)
    assert found is not None
    assert (found.window.start, found.sure) == (datetime(2026, 12, 2, 15, tzinfo=UTC), True)
    assert policies.read_window("call me at 3", language="en", zone=ZONE, now=NOW) is not None


def test_a_set_without_words_reads_nothing(parse: Parse) -> None:
    policies = parse({"windows.yaml": ""})
    assert policies.read_window("call me at 3", language="en", zone=ZONE, now=NOW) is None


def test_hours_and_lengths_are_those_of_the_file() -> None:
    base = default_policy_files()
    text = 'day: "10:00-22:00"\nexact: 30 min\nsoon: 2 h\n'
    policies = parse_policies({"windows.yaml": text}, 1, base=base)
    found = policies.read_window("call me at 9", language="en", zone=ZONE, now=NOW)
    assert found is not None
    assert (found.window.start.hour, found.window.end.hour, found.window.end.minute) == (21, 21, 30)
    soon = policies.read_window("call me asap", language="en", zone=ZONE, now=NOW)
    assert soon is not None
    assert soon.window.end == datetime(2026, 12, 1, 11, tzinfo=UTC)
