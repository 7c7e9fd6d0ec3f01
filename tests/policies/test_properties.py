"""What holds of any text, any facts and any instants."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies import PolicyProblems, Verdict, default_policy_files, parse_policies
from policies.languages import NAMES
from policies.parse import FILES
from policies.text import words_of

DEFAULTS = default_policy_files()
POLICIES = parse_policies(DEFAULTS, 1)

HOURS = """
hours:
  always:
    zone: Europe/Berlin
    week:
      mon-wed: ["07:00-12:00", "13:00-18:30"]
      thu: "22:00-06:00"
      sat: "01:30-02:30"
      sun: ["02:15-02:45", "23:00-02:30"]
    dates:
      2026-12-24: "08:00-12:00"
      2026-12-25: closed
"""
BERLIN = parse_policies({**DEFAULTS, "hours.yaml": HOURS}, 1).hours["always"]

INSTANTS = st.integers(0, 2**31).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
NEAR_CHANGES = st.sampled_from([datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC),
                                datetime(2026, 12, 24, tzinfo=UTC)]).flatmap(
    lambda day: st.integers(-172_800, 172_800).map(lambda seconds: day + timedelta(seconds=seconds)))  # fmt: skip
MOMENTS = INSTANTS | NEAR_CHANGES

YAML_WORDS = st.sampled_from(
    ["a", "hours", "rules", "when", "queues", "otherwise", ": ", ":\n", "- ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ", ",
     "'", '"', "#", "&a", "*a", "!!int ", "%", "---\n", "?", "|", ">", "\t", "010", "no", "60 s", "\\x", "<<", "\ufeff", "\x85"]
)  # fmt: skip
TEXTS = st.text(max_size=60) | st.lists(YAML_WORDS, max_size=30).map("".join)


@given(st.dictionaries(st.sampled_from(list(FILES)) | st.text(max_size=8), TEXTS, max_size=3))
@settings(max_examples=150, deadline=None)
@example({"agents.yaml": "!!int abc"})
@example({"agents.yaml": "a: !!omap x"})
def test_any_text_is_read_or_refused(files: dict[str, str]) -> None:
    try:
        parse_policies({**DEFAULTS, **files}, 1)
    except PolicyProblems as error:
        assert error.problems
        assert all(problem.line >= 1 and problem.column >= 1 for problem in error.problems)


@given(st.sampled_from(list(FILES)), st.integers(0, 10_000), st.integers(0, 12), TEXTS)
@settings(max_examples=100, deadline=None)
def test_any_change_of_a_good_file_is_read_or_refused(name: str, at: int, dropped: int, put: str) -> None:
    text = DEFAULTS[name]
    at %= len(text)
    try:
        parse_policies({**DEFAULTS, name: text[:at] + put + text[at + dropped :]}, 1)
    except PolicyProblems as error:
        assert all(problem.file == name or problem.file in FILES for problem in error.problems)


@given(MOMENTS)
def test_the_next_opening_is_open(at: datetime) -> None:
    opening = BERLIN.next_open(at)
    assert opening is not None
    assert opening >= at
    assert BERLIN.is_open(opening)
    assert BERLIN.open_seconds_between(at, opening) == 0


@given(st.lists(MOMENTS, min_size=3, max_size=3).map(sorted))
@settings(deadline=None)
def test_open_seconds_add_up(moments: list[datetime]) -> None:
    first, middle, last = (min(moment, moments[0] + timedelta(days=400)) for moment in moments)
    parts = BERLIN.open_seconds_between(first, middle) + BERLIN.open_seconds_between(middle, last)
    assert parts == BERLIN.open_seconds_between(first, last)
    assert 0 <= parts <= (last - first).total_seconds()


@given(MOMENTS)
def test_a_second_counts_when_it_is_open(at: datetime) -> None:
    assert BERLIN.open_seconds_between(at, at + timedelta(seconds=1)) == BERLIN.is_open(at)


@given(st.text(max_size=200), st.sampled_from(["phone", "sms", "email", "chat"]))
def test_a_verdict_repeats_itself_and_never_the_customer(text: str, channel: str) -> None:
    facts = {"channel": channel, "text": text + " zebra E42"}
    verdict = POLICIES.route(facts)
    assert isinstance(verdict, Verdict)
    assert POLICIES.route(dict(reversed(facts.items()))) == verdict
    assert verdict.matched == ("text matches heating-words",)
    assert not any("zebra" in reason or "e42" in reason.casefold() for reason in verdict.matched)


@given(st.text(max_size=3_000))
def test_any_text_has_words_a_language_and_a_meaning(text: str) -> None:
    assert POLICIES.language_of(text) in ("", *NAMES["en"])
    if POLICIES.consent_word(text) is not None:
        assert len(words_of(text)) <= 2
    POLICIES.mentions_opt_out(text)


def test_problems_stand_in_the_order_of_the_file() -> None:
    try:
        parse_policies({**DEFAULTS, "agents.yaml": "ring: 1\nlost: 2\noffer: 3\n", "cases.yaml": "reopen: 1\n"}, 1)
    except PolicyProblems as error:
        places = [(problem.file, problem.line) for problem in error.problems]
        assert all(before <= after for before, after in pairwise(places))
