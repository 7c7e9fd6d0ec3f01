"""A rule that can never decide is named with the reason when a set is read; one that may is not."""

from collections.abc import Callable, Mapping

import pytest

from policies import PolicySet

Parse = Callable[[Mapping[str, str]], PolicySet]

HOURS = """hours:
  always: open
  office: {week: {mon-fri: "09:00-17:00"}}
  shut: closed
"""
QUEUES = "queues:\n  general: {hours: always}\n  billing: {hours: office}\n  heating: {hours: always}\n"


@pytest.mark.parametrize(
    ("condition", "queue", "why"),
    [
        ("{hours: closed}", "general", "hours always are always open"),
        ("{hours: {shut: open}}", "general", "hours shut are never open"),
        ("{hours: open, not: {hours: open}}", "billing", "it asks for hours office are open, and for not that"),
        ("{hours: {office: open}, all: [{hours: {office: closed}}]}", "general", "open and closed at once"),
        ("{channel: sms, all: [{channel: [chat, email]}]}", "general", "no channel is all of what is asked for"),
        ("{age: {at_least: 2 h}, any: [{age: {at_most: 1 h}}, {age: {at_most: 1 min}}]}", "general", "no age_s lies"),
        ("{cel: silent && channel == 'phone'}", "general", "nothing says silent here"),
        ("{hours: closed}", "billing", None),
        ("{hours: {office: closed, always: open}}", "general", None),
        ("{channel: sms, any: [{channel: chat}, {channel: [sms, chat]}]}", "general", None),
        ("{age: {at_least: 2 h}, any: [{age: {at_most: 1 h}}, {language: de}]}", "general", None),
        ("{cel: silent || channel == 'phone'}", "general", None),
        ("{cel: hour_open && channel == 'phone'}", "billing", None),
        ("{not: {channel: sms}}", "general", None),
    ],
)
def test_a_rule_that_never_decides(parse: Parse, condition: str, queue: str, why: str | None) -> None:
    routing = (
        f"rules:\n- {{name: a, when: {condition}, queue: {queue}}}\n- {{name: o, when: otherwise, queue: general}}\n"
    )
    told = [one for one in parse({"hours.yaml": HOURS, "queues.yaml": QUEUES, "routing.yaml": routing}).warnings
            if "never decides" in one]  # fmt: skip
    assert len(told) == (why is not None), told
    if why is not None:
        assert told[0].startswith("routing.yaml:2: rule a never decides: ") and why in told[0]


def test_a_rule_of_junk_too(parse: Parse) -> None:
    junk = "rules:\n- {name: a, when: {hours: {shut: open}}}\n"
    assert "junk.yaml:2: rule a never decides: hours shut are never open" in parse(
        {"hours.yaml": HOURS, "queues.yaml": QUEUES, "junk.yaml": junk}
    ).warnings  # fmt: skip


def test_hours_of_nobody_are_refused_in_junk(refused: Callable[[str, str], list[object]]) -> None:
    """Junk goes to no queue: its hours need a name."""
    assert refused("junk.yaml", "rules:\n- {name: a, when: {hours: closed}}\n")
    assert refused("junk.yaml", "rules:\n- {name: a, when: {cel: hour_open}}\n")


@pytest.mark.parametrize(
    ("condition", "now_ms", "is_true"),
    [  # 1970-01-01 is a Thursday
        ("{hours: open}", 10 * 3_600_000, True),
        ("{hours: open}", 8 * 3_600_000, False),
        ("{hours: closed}", 8 * 3_600_000, True),
        ("{hours: {office: open}}", 16 * 3_600_000, True),
        ("{cel: hour_open}", 10 * 3_600_000, True),
        ("{cel: '!hour_open'}", 8 * 3_600_000, True),
        ("{hours: open}", None, False),
        ("{hours: closed}", None, False),
    ],
)
def test_hours_are_those_of_the_moment(parse: Parse, condition: str, now_ms: int | None, is_true: bool) -> None:
    """Where nobody says what time it is, hours are neither open nor closed."""
    routing = (
        f"rules:\n- {{name: a, when: {condition}, queue: billing}}\n- {{name: o, when: otherwise, queue: general}}\n"
    )
    policies = parse({"hours.yaml": HOURS, "queues.yaml": QUEUES, "routing.yaml": routing})
    facts = {} if now_ms is None else {"now_ms": now_ms}
    assert (policies.route(facts).rule == "a") is is_true
