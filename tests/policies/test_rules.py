"""Rules: what may be written, which one decides, and what a verdict says about it."""

from collections.abc import Callable, Mapping

import pytest

from policies import PolicySet, Problem, RelaxStep, Verdict, explain
from policies.facts import FACTS

Parse = Callable[[Mapping[str, str]], PolicySet]
Refused = Callable[[str, str], list[Problem]]

OTHERWISE = "- {name: o, when: otherwise, queue: general}\n"


def rules(*written: str) -> str:
    return "rules:\n" + "".join(f"- {rule}\n" for rule in written) + OTHERWISE


def when(condition: str) -> str:
    return rules(f"{{name: a, when: {condition}, queue: billing}}")


@pytest.mark.parametrize(
    ("text", "place", "found", "suggestion"),
    [
        pytest.param(rules("{name: a, when: {channel: sms}, queue: heatng}"), "2:42", "'heatng'", "heating",
                     id="row54-unknown-queue"),
        pytest.param("rules:\n" + OTHERWISE + "- {name: a, when: {channel: sms}, queue: billing}\n", "3:3",
                     "rule a after o", None, id="row54-rule-after-otherwise"),
        pytest.param("rules:\n- {name: a, when: {channel: sms}, queue: billing}\n", "2:19", "a last rule with conditions",
                     None, id="row54-no-otherwise"),
        pytest.param(rules("{name: o, when: {channel: sms}, queue: billing}"), "3:10", "a second rule o", None,
                     id="row54-name-twice"),
        pytest.param(when("{text.any_words: heating-wrds}"), "2:36", "'heating-wrds'", "heating-words",
                     id="row54-unknown-list"),
        pytest.param(when("{number: '+14155550109'}"), "2:28", "'+14155550109'", "+14155550101",
                     id="row54-unknown-number"),
        pytest.param(when("{chanel: sms}"), "2:20", "unknown condition 'chanel'", "channel", id="row49-unknown-condition"),
        pytest.param(when("{channel: sns}"), "2:29", "'sns'", "sms", id="row49-unknown-channel"),
        pytest.param(when("{language: DE}"), "2:30", "'DE'", "de", id="row49-large-letters"),
        pytest.param(when("{country: no}"), "2:29", "'no'", "NO", id="row51-norway"),
        pytest.param(when("{}"), "2:19", "no condition", "when: otherwise", id="row49-no-condition"),
        pytest.param(when("otherwize"), "2:19", "'otherwize'", "otherwise", id="row49-misspelt-otherwise"),
        pytest.param(when("{text.any_words: []}"), "2:36", "an empty list", None, id="row49-no-words"),
        pytest.param(when("{text.any_words: ['!!']}"), "2:37", "'!!'", None, id="row49-no-letters"),
        pytest.param(when("{age: {at_least: 2 h, at_most: 1 h}}"), "2:25", "at least 7200", None, id="row54-never-true"),
        pytest.param(when("{age: {}}"), "2:25", "no limit", None, id="row54-no-limit"),
        pytest.param("rules: []\n", "1:8", "a list", None, id="row54-no-rules"),
        pytest.param(rules("{when: {channel: sms}, queue: billing}"), "2:3", "no key name", None, id="row54-no-name"),
        pytest.param(rules("{name: a, when: {channel: sms}, queue: billing, targets: {phone: -5 s}}"), "2:68", "'-5 s'",
                     None, id="row55-negative-target"),
        pytest.param(rules("{name: a, when: {channel: sms}, queue: billing, targets: {phone: 0 s}}"), "2:68", "'0 s'",
                     None, id="row55-target-under-a-second"),
        pytest.param(rules("{name: a, when: {channel: sms}, queue: billing, rate: -1}"), "2:57", "'-1'", None,
                     id="row55-negative-rate"),
        pytest.param(rules("{name: a, when: {channel: sms}, queue: billing, rate: .inf}"), "2:57", "'.inf'", None,
                     id="row55-endless-rate"),
        pytest.param(rules("{name: a, when: {channel: sms}, queue: billing, skills: {x: 0}}"), "2:63", "'0'", None,
                     id="row55-level-0"),
        pytest.param(rules("{name: a, when: {channel: sms}, queue: billing, skills: {heat: 1}, relax: {after: 1 min, "
                           "drop: skill het}}"), "2:98", "'skill het'", "skill heat", id="row54-relax-other-skill"),
        pytest.param(rules("{name: a, when: {channel: sms}, queue: billing, skills: {heat: 1}, relax: [{after: 2 min, "
                           "drop: level}, {after: 1 min, drop: skills}]}"), "2:107", "a step after 60 s", None,
                     id="row54-relax-out-of-order"),
    ],
)  # fmt: skip
def test_refused(refused: Refused, text: str, place: str, found: str, suggestion: str | None) -> None:
    problem = refused("routing.yaml", text)[0]
    assert f"{problem.line}:{problem.column}" == place
    assert found in problem.found
    assert problem.suggestion == suggestion


@pytest.mark.parametrize(
    ("file", "text", "found"),
    [
        pytest.param("agents.yaml", "capacity: {phone: 0}\n", "'0'", id="row54-capacity-0"),
        pytest.param("queues.yaml", "queues: {general: {hours: alwys}}\n", "'alwys'", id="row54-unknown-hours"),
        pytest.param(
            "queues.yaml", "queues: {General Queue: {hours: always}}\n", "'General Queue'", id="row54-queue-name"
        ),
        pytest.param("queues.yaml", "queues: {}\n", "no queues", id="row54-no-queues"),
        pytest.param("numbers.yaml", "numbers: {'12': {brand: x}}\n", "'12'", id="row54-no-number"),
    ],
)
def test_refused_elsewhere(refused: Refused, file: str, text: str, found: str) -> None:
    problem = refused(file, text)[0]
    assert problem.file == file
    assert found in problem.found


def test_row54_queue_that_no_rule_leads_to_is_warned_of(parse: Parse) -> None:
    policies = parse({"routing.yaml": when("{channel: sms}")})
    assert policies.warnings == ("routing.yaml: no rule leads to queue heating; work gets there by hand only",)


def test_row54_rule_with_the_conditions_of_an_earlier_one_is_warned_of(parse: Parse) -> None:
    same = [
        f"{{name: {name}, when: {{channel: sms}}, queue: {queue}}}"
        for name, queue in (("a", "billing"), ("b", "heating"))
    ]
    assert parse({"routing.yaml": rules(*same)}).warnings == (
        "routing.yaml:3: rule b never decides: rule a has the same conditions",
    )


@pytest.mark.parametrize(
    ("steps", "is_told"),
    [
        ("[{after: 1 min, drop: level}]", True),
        ("[{after: 1 min, drop: level}, {after: 2 min, drop: skill chess}]", True),
        ("[{after: 1 min, drop: level}, {after: 2 min, drop: skills}]", False),
        ("[{after: 1 min, drop: skill heat}, {after: 2 min, drop: skill chess}]", False),
    ],
)
def test_a_rule_whose_steps_leave_a_skill_required_for_ever_is_warned_of(
    parse: Parse, steps: str, is_told: bool
) -> None:
    """Giving up a level leaves the skill itself: where nobody has it, people would wait for ever."""
    rule = f"{{name: a, when: {{channel: sms}}, queue: billing, skills: {{heat: 2, chess: 1}}, relax: {steps}}}"
    told = [one for one in parse({"routing.yaml": rules(rule)}).warnings if "wait for ever" in one]
    assert bool(told) is is_told
    assert all("its steps never give up" in one and "heat" in one for one in told)


@pytest.mark.parametrize(
    ("condition", "facts", "is_true"),
    [
        ("{channel: sms}", {"channel": "sms"}, True),
        ("{channel: [sms, chat]}", {"channel": "chat"}, True),
        ("{channel: sms}", {"channel": "chat"}, False),
        ("{channel: sms}", {}, False),
        ("{language: de, country: AT}", {"language": "de", "country": "AT"}, True),
        ("{language: de, country: AT}", {"language": "de", "country": "DE"}, False),
        ("{number: '+14155550101'}", {"number": "+14155550101"}, True),
        ("{known_customer: no}", {"known_customer": False}, True),
        ("{known_customer: no}", {}, False),
        ("{context.model: [HX1, HX2]}", {"context.model": "HX2"}, True),
        ("{contacts_in_case: {at_least: 3}}", {"contacts_in_case": 3}, True),
        ("{contacts_in_case: {at_least: 3}}", {"contacts_in_case": 2}, False),
        ("{age: {at_most: 1 h}}", {"age_s": 3600}, True),
        ("{age: {at_least: 1 h, at_most: 2 h}}", {"age_s": 9000}, False),
        ("{media_count: {at_least: 1}}", {"media_count": 0}, False),
        ("{not: {channel: sms}}", {"channel": "chat"}, True),
        ("{any: [{channel: sms}, {language: de}]}", {"language": "de"}, True),
        ("{all: [{channel: sms}, {language: de}]}", {"language": "de"}, False),
        ("{text.any_words: [refund]}", {"text": "My REFUND, please!"}, True),
        ("{text.any_words: [refund]}", {"text": "refunds"}, False),
        ("{text.any_words: [refund*]}", {"text": "refunds"}, True),
        ("{text.any_words: [no heat]}", {"text": "there is no... heat"}, True),
        ("{text.any_words: [no heat]}", {"text": "no heating"}, False),
        ("{text.any_words: [calefacción]}", {"text": "CALEFACCION rota"}, True),
        ("{text.any_words: [refund]}", {"text": "x" * 2000 + " refund"}, False),
        ("{cel: \"channel == 'sms' && size(text) > 3\"}", {"channel": "sms", "text": "word"}, True),
        ("{cel: \"has(context.model) && context.model.startsWith('HX')\"}", {"context.model": "HX1"}, True),
        ("{cel: \"has(context.model) && context.model.startsWith('HX')\"}", {}, False),
        ("{cel: \"context.model == 'HX1'\"}", {}, False),
        ("{cel: contacts_in_case > 2}", {}, False),
        ("{cel: contacts_in_case > 2}", {"contacts_in_case": 3}, True),
    ],
)
def test_condition(parse: Parse, condition: str, facts: dict[str, str | int | bool], is_true: bool) -> None:
    assert (parse({"routing.yaml": when(condition)}).route(facts).rule == "a") is is_true


@pytest.mark.parametrize(
    ("source", "found", "suggestion"),
    [
        ("chanel == 'sms'", "the unknown name chanel", "channel"),
        ("sise(text) > 3", "the unknown function sise", "size"),
        ("1 +", "at character 4", None),
        ("contacts_in_case > 'a'", "unlike things", None),
        ("contacts_in_case + 1", "a value (int)", None),
        ("[1].all(a, [2].all(b, [3].all(c, a + b + c > 0)))", "loops in loops", None),
        ("text.matches(number)", "a pattern that is not written out", None),
        ("'a'.matches(text)", "a pattern that is not written out", None),
        ("channel == 'sms' // always", "a comment", None),
        ("true || " * 100 + "true", "characters", None),
    ],
)
def test_expression_refused(refused: Refused, source: str, found: str, suggestion: str | None) -> None:
    problem = refused("routing.yaml", when(f'{{cel: "{source}"}}'))[0]
    assert (problem.line, problem.column) == (2, 25)
    assert found in problem.found
    assert problem.suggestion == suggestion


def test_two_loops_deep_and_a_written_pattern_are_allowed(parse: Parse) -> None:
    source = "[1].all(a, [2].exists(b, a < b)) && text.matches('E[0-9]+')"
    assert parse({"routing.yaml": when(f'{{cel: "{source}"}}')}).route({"text": "E42"}).rule == "a"


@pytest.mark.parametrize(
    ("text", "queue"),
    [
        ("E42 again", "heating"),
        ("Meine Heizung ist kaputt", "heating"),
        ("la calefacción no funciona", "heating"),
        ("there is no hot water", "heating"),
        ("Where is my invoice?", "billing"),
        ("Die Rechnung stimmt nicht", "billing"),
        ("No entiendo la factura", "billing"),
        ("Good morning", "general"),
        ("", "general"),
    ],
)
def test_the_products_own_rules(defaults: PolicySet, text: str, queue: str) -> None:
    assert defaults.route({"channel": "sms", "text": text}).queue == queue


def test_the_whole_verdict(defaults: PolicySet) -> None:
    verdict = defaults.route({"channel": "phone", "text": "my thermostat"})
    assert verdict == Verdict(
        rule="heating-errors", queue="heating", skills=(("heating", 1),), language=None, rate=1.0, target_s=60, priority=0,
        matched=("text matches heating-words",), relax=(RelaxStep(60, "skill:heating"),), offer_s=30,
    )  # fmt: skip
    assert explain(verdict) == "rule heating-errors: text matches heating-words → queue heating, skill heating 1"
    assert explain(defaults.route({})) == "rule everything-else: no other rule applies → queue general"


def test_targets_and_offers_come_from_rule_queue_and_set_in_that_order(parse: Parse) -> None:
    queues = "targets: {phone: 10 s}\nqueues:\n  general: {hours: always}\n  heating: {hours: always}\n" \
             "  billing: {hours: always, targets: {chat: 20 s}, offer: 15 s, skills: {money: 2}, language: same}\n"  # fmt: skip
    routing = rules("{name: a, when: {channel: [phone, chat, email]}, queue: billing, targets: {email: 1 h 30 min}}")
    policies = parse({"queues.yaml": queues, "routing.yaml": routing})
    verdicts = [policies.route({"channel": channel, "language": "de"}) for channel in ("phone", "chat", "email", "sms")]
    assert [verdict.target_s for verdict in verdicts] == [10, 20, 5400, 3600]
    assert [verdict.offer_s for verdict in verdicts] == [15, 15, 15, 30]
    assert [verdict.language for verdict in verdicts] == ["de", "de", "de", None]
    assert verdicts[0].skills == (("money", 2),)
    assert policies.route({"channel": "phone"}).language is None
    assert policies.skills() == ("money",)


def test_matched_names_what_was_true_in_the_order_of_the_rule(parse: Parse) -> None:
    condition = "{channel: sms, any: [{language: de}, {country: DE}, {known_customer: yes}], not: {hours: closed}}"
    verdict = parse({"routing.yaml": when(condition)}).route(
        {"channel": "sms", "country": "DE", "known_customer": True}
    )
    assert verdict.matched == ("channel is sms", "country is DE", "customer is known", "not (hours always are closed)")


def test_every_fact_is_documented() -> None:
    assert all(documentation.endswith(".") for _, documentation in FACTS.values())
