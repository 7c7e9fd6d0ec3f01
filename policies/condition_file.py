"""Reads the `when` of a rule: keys that must all hold, `all`, `any` and `not` around others, `cel` for the rest."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.conditions import (
    GAP,
    HOUR_OPEN,
    WHOLE,
    AllOf,
    AnyOf,
    Between,
    Condition,
    HasWords,
    HoursAre,
    Not,
    OneOf,
    Says,
    WordIndex,
)
from policies.expressions import ExpressionError, compile_expression
from policies.facts import ATTESTATIONS, CHANNELS, CONTEXT
from policies.fields import Fields
from policies.hours import Hours
from policies.problems import either, nearest
from policies.text import words_of
from policies.tree import Listing, Node, Scalar
from policies.tree import Mapping as Block

COUNT_MAX: Final = 1_000_000
VALUE_MAX: Final = 200

WORDS: Final = "text.any_words"
JUDGING: Final = ("alike", "junk_before", "silent", "anonymous", "attestation", "speaks_at_once")
"""Conditions on what is known only when a contact is judged."""
NOT_IN_ROUTING: Final = frozenset(JUDGING)
_NAMED_HOURS: Final = "hours with their name, such as {office: closed}: no queue is meant here"


@dataclass(frozen=True, slots=True)
class Terms:
    """What conditions may refer to: word lists, our numbers, hours; and the index that words are looked up in."""

    lists: Mapping[str, tuple[str, ...]]
    numbers: Iterable[str]
    used: set[str] = field(default_factory=set[str])
    judges: bool = False  # rules that say what is junk: they know more of a contact than those that route it
    index: WordIndex = field(default_factory=WordIndex)
    hours: Mapping[str, Hours] = field(default_factory=dict[str, Hours])
    own: Hours | None = None  # those of the queue that the rule leads to


def read_condition(node: Node, fields: Fields, *, terms: Terms) -> Condition:
    """The condition of one block of keys, all of which must hold. `fields` is the rule, for its findings."""
    block = Fields(node, fields.findings)
    parts = [_part(key, value, block, terms) for key, value in block.items()]
    if not parts:
        block.refuse(node, found="no condition", expected=either(_READERS), suggestion="when: otherwise")
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def warn_of_never(rule: Fields, name: str, why: str) -> None:
    """Say that a rule decides nothing, and why."""
    at = rule.get("when") or rule.node
    rule.findings.warn(f"{at.file}:{at.line}: rule {name} never decides: {why}")


def _part(key: Scalar, node: Node, block: Fields, terms: Terms) -> Condition:
    name = key.text
    if name.startswith(CONTEXT) and len(name) > len(CONTEXT):
        return _one_of(name, node, block, _plain)
    reader = _READERS.get(name)
    if reader is None:
        block.refuse(key, found=f"unknown condition {key.found()}", expected=f"{either(_READERS)}, or context.…",
                     suggestion=nearest(name, _READERS))  # fmt: skip
        return AllOf(())
    if name in JUDGING and not terms.judges:
        block.refuse(
            key, found=f"the condition {name}", expected="a condition for routing; this one is for junk.yaml alone"
        )
    return reader(name, node, block, terms)


def _plain(block: Fields, node: Node) -> str | None:
    return block.scalar(node, lambda text: text if 0 < len(text) <= VALUE_MAX else None, expected="a value")


def _one_of(fact: str, node: Node, block: Fields, read: Callable[[Fields, Node], str | None]) -> Condition:
    values = [value for item in block.items_of(node) if (value := read(block, item)) is not None]
    return OneOf(fact, frozenset(values), f"{fact} is {either(values)}")


def _channel(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    return _one_of(name, node, block, lambda fields, item: fields.choice(item, CHANNELS, what="a channel"))


def _language(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    return _one_of(name, node, block, lambda fields, item: fields.scalar(
        item, _two_small, expected="a language as two small letters, such as de",
        hint=lambda text: _two_small(text.lower()),
    ))  # fmt: skip


def _country(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    return _one_of(name, node, block, lambda fields, item: fields.scalar(
        item, _two_large, expected="a country as two capital letters, such as DE",
        hint=lambda text: _two_large(text.upper()),
    ))  # fmt: skip


def _number(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    known = tuple(terms.numbers)
    return _one_of(name, node, block, lambda fields, item: fields.choice(item, known, what="a number of numbers.yaml"))


def _words(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    """Words of a named list, or written here: these are known by the line that they stand in."""
    if not isinstance(node, Listing):
        named = block.choice(
            node, terms.lists, what='a list of words.yaml, or words in brackets: ["refund", "invoice"]'
        )
        if named is None:
            return AllOf(())
        terms.used.add(named)
        return HasWords(terms.index.mask_of(terms.lists[named]), f"text matches {named}")
    words = read_words(block, node)
    return HasWords(terms.index.mask_of(words), f"text matches words of line {node.line}")


def read_words(fields: Fields, node: Node | None) -> tuple[str, ...]:
    """Words as they are matched; what has no letter or digit is refused."""
    found = [fields.scalar(item, _entry, expected="a word, several words, smell .. gas, or a beginning such as heiz*")
             for item in fields.items_of(node)]  # fmt: skip
    return tuple(dict.fromkeys(word for word in found if word))


def _entry(text: str) -> str | None:
    parts = [" ".join(words_of(part)) for part in text.split(GAP)]
    end = text.strip()[-1:]
    is_plain = len(parts) == 1 or end != "*"
    is_sound = 0 < len(text) <= VALUE_MAX and "*" not in text.strip()[:-1] and all(parts) and is_plain
    return f" {GAP} ".join(parts) + (end if end in ("*", WHOLE) else "") if is_sound else None


def _known_customer(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    value = Fields(block.node, block.findings).flag(name, default=True)
    return OneOf(name, frozenset((value,)), "customer is known" if value else "customer is new")


def _flag(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    value = Fields(block.node, block.findings).flag(name, default=True)
    return OneOf(name, frozenset((value,)), f"{name} is {'yes' if value else 'no'}")


def _attestation(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    return _one_of(name, node, block, lambda fields, item: fields.choice(item, ATTESTATIONS, what="an attestation"))


def _hours(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    """`open` or `closed` of the queue that the rule leads to, or of hours that are named."""
    if isinstance(node, Block):
        named = Fields(node, block.findings, keys=terms.hours)
        parts = [HoursAre(terms.hours[key.text], _is_open(item, named))
                 for key, item in named.items() if key.text in terms.hours]  # fmt: skip
        if not parts:
            block.refuse(node, found="no hours", expected="hours of hours.yaml with open or closed")
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))
    wanted = _is_open(node, block)
    if terms.judges:
        block.refuse(node, expected=_NAMED_HOURS)
    return HoursAre(terms.own, wanted) if terms.own else AllOf(())


def _is_open(node: Node, block: Fields) -> bool:
    return block.choice(node, ("open", "closed"), what="open or closed") == "open"


def _count(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    limits = Fields(node, block.findings, keys=("at_least", "at_most"))
    low = limits.count("at_least", 0, low=0, high=COUNT_MAX)
    high = limits.count("at_most", COUNT_MAX, low=0, high=COUNT_MAX)
    return _between(name, limits, low=low, high=high)


def _age(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    limits = Fields(node, block.findings, keys=("at_least", "at_most"))
    low = limits.seconds("at_least", 0)
    high = limits.seconds("at_most", 400 * 86_400)
    return _between("age_s", limits, low=low, high=high)


def _between(fact: str, limits: Fields, *, low: int, high: int) -> Condition:
    if low > high:
        limits.refuse(limits.node, found=f"at least {low} and at most {high}", expected="a least below the most")
    at_least = [f"{fact} is at least {low}"] if "at_least" in limits else []
    at_most = [f"{fact} is at most {high}"] if "at_most" in limits else []
    if not at_least and not at_most:
        limits.refuse(limits.node, found="no limit", expected="at_least, at_most or both")
    return Between(fact, low, high if at_most else float("inf"), " and ".join(at_least + at_most))


def _all(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    return AllOf(tuple(read_condition(item, block, terms=terms) for item in block.items_of(node)))


def _any(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    return AnyOf(tuple(read_condition(item, block, terms=terms) for item in block.items_of(node)))


def _not(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    return Not(read_condition(node, block, terms=terms))


def _cel(name: str, node: Node, block: Fields, terms: Terms) -> Condition:
    source = block.text(node, expected="a CEL expression")
    try:
        expression = compile_expression(source) if source else None
    except ExpressionError as error:
        block.refuse(node, found=error.found, expected=error.expected, suggestion=error.suggestion)
        return AllOf(())
    if expression is None:
        return AllOf(())
    names = expression.program.variables()
    if terms.judges and HOUR_OPEN in names:
        block.refuse(node, found=f"the fact {HOUR_OPEN}", expected=f"a condition beside cel, hours: {_NAMED_HOURS}")
    return Says(expression, terms.own if HOUR_OPEN in names else None)


def _two_small(text: str) -> str | None:
    return text if len(text) == 2 and text.isascii() and text.isalpha() and text.islower() else None


def _two_large(text: str) -> str | None:
    return text if len(text) == 2 and text.isascii() and text.isalpha() and text.isupper() else None


_READERS: Final[Mapping[str, Callable[[str, Node, Fields, Terms], Condition]]] = {
    "channel": _channel, WORDS: _words, "language": _language, "country": _country, "number": _number,
    "known_customer": _known_customer, "hours": _hours, "contacts_in_case": _count, "media_count": _count, "age": _age,
    "links": _count, "alike": _count, "junk_before": _count, "silent": _flag, "anonymous": _flag,
    "attestation": _attestation, "speaks_at_once": _flag,
    "all": _all, "any": _any, "not": _not, "cel": _cel,
}  # fmt: skip
