"""Files with mistakes: refused with file, line, column, what was found, what was expected and the nearest right word."""

from collections.abc import Callable, Mapping

import pytest

from policies import PolicyProblems, PolicySet, Problem, check_policies, default_policy_files, parse_policies
from policies.tree import DEPTH_MAX, FILE_BYTES_MAX, NODES_MAX

Parse = Callable[[Mapping[str, str]], PolicySet]
Refused = Callable[[str, str], list[Problem]]

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("file", "text", "place", "found", "suggestion"),
    [
        pytest.param("agents.yaml", "capacity:\n\tphone: 1\n", "2:1", "a tab", None, id="row49-tab"),
        pytest.param("agents.yaml", "capacity:\n    phone: 1\n  chat: 2\n", "3:3", "indent", None, id="row49-indent"),
        pytest.param("agents.yaml", "lost: 45 s\nring: 20 s\nlost: 50 s\n", "3:1", "a second 'lost'", None,
                     id="row49-duplicate-key"),
        pytest.param("agents.yaml", "lost: 45 s\nstikcy: 20 s\n", "2:1", "unknown key 'stikcy'", "sticky",
                     id="row49-unknown-key"),
        pytest.param("agents.yaml", "missed_offers_away: two\n", "1:21", "'two'", None, id="row49-wrong-type"),
        pytest.param("agents.yaml", "capacity: 3\n", "1:11", "'3'", None, id="row49-scalar-for-block"),
        pytest.param("agents.yaml", "- lost: 45 s\n", "1:1", "a list", None, id="row49-list-for-block"),
        pytest.param("agents.yaml", "lost: 'x\n", "1:7", "a quote that is never closed", None, id="row49-open-quote"),
        pytest.param("agents.yaml", "lost: a: b\n", "1:8", "a second ':'", None, id="row49-two-colons"),
        pytest.param("agents.yaml", "lost:\n", "1:1", "nothing", None, id="row49-nothing-written"),
        pytest.param("agents.yaml", "lost: !!python/object:os.system x\n", "1:7", "a tag", None, id="row50-python-object"),
        pytest.param("agents.yaml", "lost: !!int 45\n", "1:7", "a tag", None, id="row50-tag"),
        pytest.param("agents.yaml", BOMB, "1:4", "an anchor", None, id="row50-billion-laughs"),
        pytest.param("agents.yaml", "%YAML 1.1\n---\nlost: no\n", "1:1", "a directive", None, id="row50-directive"),
        pytest.param("agents.yaml", "lost: 45 s\n---\nlost: 50 s\n", "2:1", "a second document", None,
                     id="row50-two-documents"),
        pytest.param("agents.yaml", "[" * 2_000, f"1:{DEPTH_MAX + 1}", "deep nesting", None, id="row50-depth"),
        pytest.param("agents.yaml", "- a\n" * (NODES_MAX + 1), f"{NODES_MAX}:3", "very large", None, id="row50-nodes"),
        pytest.param("agents.yaml", "#" * (FILE_BYTES_MAX + 1), "1:1", "bytes", None, id="row50-size"),
        pytest.param("agents.yaml", "? [a, b]\n: c\n", "1:3", "a list as a key", None, id="row50-key-of-parts"),
        pytest.param("agents.yaml", "lost: \x00\n", "1:7", "character '\\x00'", None, id="row50-nul"),
        pytest.param("agents.yaml", "lost: \ud800\n", "1:7", "character '\\ud800'", None, id="row50-surrogate"),
        pytest.param("agents.yaml", "missed_offers_away: 010\n", "1:21", "'010'", "10", id="row51-octal"),
        pytest.param("agents.yaml", "missed_offers_away: 0x10\n", "1:21", "'0x10'", None, id="row51-hexadecimal"),
        pytest.param("agents.yaml", "missed_offers_away: 1_0\n", "1:21", "'1_0'", "10", id="row51-underscore"),
        pytest.param("agents.yaml", "missed_offers_away: no\n", "1:21", "'no'", None, id="row51-no-for-number"),
        pytest.param("agents.yaml", "lost: 12:30\n", "1:7", "'12:30'", '"12 min 30 s" or "12 h 30 min"',
                     id="row51-sexagesimal"),
        pytest.param("agents.yaml", "lost: 60\n", "1:7", "'60'", '"60 s" or "60 min"', id="row51-no-unit"),
        pytest.param("agents.yaml", "wrap_up: no\n", "1:10", "'no'", None, id="row51-no-for-duration"),
        pytest.param("calls.yaml", "record: cals\n", "1:9", "'cals'", "calls", id="recorded-misspelt"),
        pytest.param("calls.yaml", "record: yes\n", "1:9", "'yes'", None, id="recorded-yes-is-not-enough"),
        pytest.param("calls.yaml", "on_refusal: forget\n", "1:13", "'forget'", None, id="refused-otherwise"),
        pytest.param("numbers.yaml", 'numbers:\n  "+14155550100": {brand: x, record: on}\n', "2:38", "'on'", None,
                     id="recorded-on-a-number"),
        pytest.param("retention.yaml", "words: 90\n", "1:8", "'90'", '"90 s" or "90 min"',
                     id="kept-without-a-unit"),
        pytest.param("retention.yaml", "words: 36 h\n", "1:8", "'36 h'", None, id="kept-for-part-of-a-day"),
        pytest.param("retention.yaml", "word: 90 days\n", "1:1", "unknown key 'word'", "words", id="kept-misspelt"),
        pytest.param("retention.yaml", "mails: no\n", "1:8", "'no'", None, id="kept-no"),
        pytest.param("sending.yaml", "twice_is_better_than_never: 0\n", "1:29", "'0'", None, id="row51-zero-for-no"),
    ],
)  # fmt: skip
def test_refused(refused: Refused, file: str, text: str, place: str, found: str, suggestion: str | None) -> None:
    problem = refused(file, text)[0]
    assert f"{problem.file}:{problem.line}:{problem.column}" == f"{file}:{place}"
    assert found in problem.found
    assert problem.suggestion == suggestion
    assert str(problem).startswith(f"{file}:{place}: found ")


@pytest.mark.parametrize(
    ("written", "is_twice"), [("no", False), ("off", False), ("yes", True), ("on", True), ("True", True)]
)
def test_row51_yes_and_no_are_read_where_they_are_asked_for(parse: Parse, written: str, is_twice: bool) -> None:
    settings = parse({"sending.yaml": f"twice_is_better_than_never: {written}\n"}).settings
    assert settings.sending.twice_is_better_than_never is is_twice


@pytest.mark.parametrize("written", ["no", "on", "12:30", "010", "null", "~", "1e3", "2026-01-01"])
def test_row51_words_stay_the_words_that_were_written(parse: Parse, written: str) -> None:
    routing = f"rules:\n- name: a\n  when: {{context.code: {written}}}\n  queue: billing\n- name: o\n  when: otherwise\n  queue: general\n"
    policies = parse({"routing.yaml": routing})
    assert policies.route({"context.code": written}).rule == "a"
    assert policies.route({"context.code": "other"}).rule == "o"


def test_all_mistakes_of_all_files_are_told_at_once(refused: Refused) -> None:
    problems = refused("agents.yaml", "lost: 60\nstikcy: 1 s\ncapacity: {phone: 0}\n")
    assert [(problem.line, problem.column) for problem in problems] == [(1, 7), (2, 1), (3, 19)]


def test_a_message_reads_as_a_sentence(refused: Refused) -> None:
    assert str(refused("agents.yaml", "lost: 12:30\n")[0]) == (
        'agents.yaml:1:7: found \'12:30\', expected a number with its unit, such as "60 s", "5 min", "1 h" or '
        '"2 days"; did you mean "12 min 30 s" or "12 h 30 min"?'
    )


def test_a_file_that_is_needed_and_one_that_nobody_knows() -> None:
    with pytest.raises(PolicyProblems) as caught:
        parse_policies({"hour.yaml": ""}, 1)
    told = [str(problem) for problem in caught.value.problems]
    assert any(
        line.startswith("hour.yaml:1:1: found an unknown file") and line.endswith("hours.yaml?") for line in told
    )
    assert any(line.startswith("routing.yaml:1:1: found no such file") for line in told)


def test_a_set_of_an_older_release_falls_back_on_the_products_own() -> None:
    base = default_policy_files()
    report = check_policies(
        {"words.yaml": "phrases:\n  code: {en: 'Code {code}'}\nlists: {heating-words: [a], billing-words: [b]}\n"},
        base=base,
    )
    assert report.policies is not None
    assert report.policies.phrase("code", "de", code="7") == "Code 7"
    assert "Brand X" in report.policies.phrase("greeting", "de", brand="Brand X")
    assert any("phrase greeting is missing" in warning for warning in report.warnings)


def test_checking_prints_what_is_wrong() -> None:
    report = check_policies({**default_policy_files(), "agents.yaml": "lost: 60\n"})
    assert report.policies is None
    assert report.lines() == [str(problem) for problem in report.problems]
