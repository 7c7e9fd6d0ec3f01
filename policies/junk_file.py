"""Reads junk.yaml: rules in their order, each with conditions. A rule that would call everything junk is refused."""

from typing import Final

from policies.condition_file import Terms, read_condition, warn_of_never
from policies.conditions import AllOf
from policies.fields import Fields
from policies.junk import JunkRule, JunkRules
from policies.never import never
from policies.tree import Listing, Mapping

RULES_MAX: Final = 100

_KEYS: Final = ("name", "when")


def read_junk(top: Fields, *, terms: Terms) -> JunkRules:
    """The rules, in order. None at all is allowed: then nothing is junk."""
    node = top.get("rules")
    items = node.items if isinstance(node, Listing) else ()
    if node is not None and not isinstance(node, Listing):
        top.refuse(node, expected="a list of rules, each starting with a dash")
    if len(items) > RULES_MAX:
        top.refuse(top.node, found=f"{len(items)} rules", expected=f"at most {RULES_MAX}")
    blocks = [Fields(item, top.findings, keys=_KEYS) for item in items]
    names: dict[str, int] = {}
    rules: list[JunkRule] = []
    for block in blocks:
        rule = _rule(block, terms)
        if rule.name in names:
            block.refuse(block.get("name") or block.node, found=f"a second rule {rule.name}",
                         expected=f"each name once (first: line {names[rule.name]})")  # fmt: skip
        names.setdefault(rule.name, block.node.line)
        if why := never(rule.when):
            warn_of_never(block, rule.name, why)
        rules.append(rule)
    return JunkRules(tuple(rules), terms.index)


def _rule(fields: Fields, terms: Terms) -> JunkRule:
    when = fields.need("when")
    if when is not None and not isinstance(when, Mapping):
        fields.refuse(when, expected="conditions, indented below: what is junk has to be said")
    name = fields.name(fields.need("name")) or ""
    is_said = isinstance(when, Mapping)
    return JunkRule(name=name, when=read_condition(when, fields, terms=terms) if is_said else AllOf(()))
