"""junk.yaml: what may be written, and what it makes of a contact."""

from collections.abc import Callable, Mapping

import pytest

from policies import Fact, Junk, PolicySet, Problem, default_policy_files, parse_policies

Parse = Callable[[Mapping[str, str]], PolicySet]
Refused = Callable[[str, str], list[Problem]]

SPAM = {"channel": "sms", "text": "You have WON, see http://x.example/", "links": 1, "known_customer": False}


@pytest.mark.parametrize(
    ("text", "place", "found", "suggestion"),
    [
        pytest.param("rulse: []\n", "1:1", "unknown key 'rulse'", "rules", id="unknown-key"),
        pytest.param("rules: spam\n", "1:8", "'spam'", None, id="no-list"),
        pytest.param("rules:\n  - name: a\n", "2:5", "no key when", None, id="no-condition"),
        pytest.param("rules:\n  - {name: a, when: otherwise}\n", "2:21", "'otherwise'", None, id="everything"),
        pytest.param("rules:\n  - {name: a, when: {}}\n", "2:21", "no condition", None, id="empty"),
        pytest.param("rules:\n  - {name: a, when: {silnt: yes}}\n", "2:22", "unknown condition 'silnt'", "silent",
                     id="unknown-condition"),
        pytest.param("rules:\n  - {name: a, when: {attestation: D}}\n", "2:35", "'D'", None, id="attestation"),
        pytest.param("rules:\n  - {name: a, when: {links: 2}}\n", "2:29", "'2'", None, id="count-without-limit"),
        pytest.param("rules:\n  - {name: a, when: {text.any_words: spam}}\n", "2:38", "'spam'", None, id="no-such-list"),
        pytest.param("rules:\n  - {name: a, when: {silent: yes}}\n  - {name: a, when: {silent: no}}\n", "3:12",
                     "a second rule a", None, id="twice"),
        pytest.param("rules:\n  - {name: a, queue: general, when: {silent: yes}}\n", "2:15", "unknown key 'queue'",
                     None, id="no-queue"),
    ],
)  # fmt: skip
def test_refused(refused: Refused, text: str, place: str, found: str, suggestion: str | None) -> None:
    """A mistake in junk.yaml is told with file, line and column; a rule that calls everything junk is one."""
    problem = refused("junk.yaml", text)[0]
    assert (problem.file, f"{problem.line}:{problem.column}") == ("junk.yaml", place)
    assert found in problem.found
    if suggestion is not None:
        assert problem.suggestion == suggestion


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        pytest.param(SPAM, "advertising", id="advertising"),
        pytest.param({**SPAM, "links": 0}, None, id="no-link"),
        pytest.param({**SPAM, "known_customer": True}, None, id="known"),
        pytest.param({**SPAM, "text": "see http://x.example/ please"}, None, id="other-words"),
        pytest.param({"channel": "sms", "text": "hi", "alike": 3}, "same-again", id="again"),
        pytest.param({"channel": "sms", "text": "hi", "alike": 2}, None, id="not-often-enough"),
        pytest.param({"channel": "phone", "silent": True, "anonymous": True}, "silent-and-hidden", id="hidden"),
        pytest.param({"channel": "phone", "silent": False, "anonymous": True}, None, id="hidden-and-speaks"),
        pytest.param({"channel": "phone", "silent": True, "known_customer": False, "attestation": "C"},
                     "silent-stranger", id="borrowed"),
        pytest.param({"channel": "phone", "silent": True, "known_customer": False, "attestation": "A"}, None,
                     id="vouched-for"),
        pytest.param({"channel": "phone", "silent": True, "known_customer": False, "attestation": "none"}, None,
                     id="nobody-vouches-here"),
        pytest.param({"channel": "phone", "speaks_at_once": True, "known_customer": False, "attestation": "none"},
                     "machine", id="machine"),
        pytest.param({}, None, id="nothing-known"),
    ],
)  # fmt: skip
def test_the_products_own_rules(parse: Parse, facts: dict[str, Fact], rule: str | None) -> None:
    """What comes with the product, by the facts of a contact alone."""
    found = parse({}).judge(facts)
    assert (found.rule if found else None) == rule


def test_no_rules_no_junk(parse: Parse) -> None:
    assert parse({"junk.yaml": ""}).judge(SPAM) is None
    assert parse({"junk.yaml": "rules: []\n"}).judge(SPAM) is None


def test_what_was_true_is_said_without_the_words(parse: Parse) -> None:
    """The verdict names rule and conditions, never what somebody wrote."""
    found = parse({}).judge(SPAM)
    assert found is not None
    assert found == Junk("advertising", found.matched)
    assert "WON" not in str(found)


def test_a_set_with_words_of_its_own_keeps_the_products_junk() -> None:
    """A folder that has words.yaml and no junk.yaml has the product's own rules, with their words."""
    base = default_policy_files()
    own = base["words.yaml"].replace("spam-words", "our-words")
    assert parse_policies({"words.yaml": own}, 1, base=base).judge(SPAM) is not None


@pytest.mark.parametrize("condition", ["silent: yes", "alike: {at_least: 2}", "attestation: C"])
def test_what_is_known_to_a_judge_alone_routes_nothing(refused: Refused, condition: str) -> None:
    """A rule of routing.yaml that could never be true is refused, with the file that it belongs into."""
    rules = f"rules:\n  - {{name: a, when: {{{condition}}}, queue: general}}\n"
    problem = refused("routing.yaml", f"{rules}  - {{name: o, when: otherwise, queue: general}}\n")[0]
    assert (problem.file, problem.line) == ("routing.yaml", 2)
    assert "junk.yaml" in problem.expected


def test_links_are_known_to_both(parse: Parse) -> None:
    rules = "rules:\n  - {name: a, when: {links: {at_least: 1}}, queue: billing}\n"
    routed = parse({"routing.yaml": f"{rules}  - {{name: o, when: otherwise, queue: general}}\n"})
    assert routed.route({"channel": "sms", "links": 1}).rule == "a"
    assert routed.route({"channel": "sms"}).rule == "o"
