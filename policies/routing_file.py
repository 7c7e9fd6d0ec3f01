"""Reads routing.yaml: rules in their order, the last being `when: otherwise`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from policies.condition_file import NOT_IN_ROUTING, Terms, read_condition, warn_of_never
from policies.conditions import AllOf, Condition
from policies.fields import Fields
from policies.never import never
from policies.problems import either, nearest
from policies.queues import Queue, read_language, read_skills, read_targets
from policies.routing import ANY_LANGUAGE, DANGER, RelaxStep, Routing, Rule
from policies.scalars import name
from policies.tree import Listing, Node, Scalar

RULES_MAX: Final = 1_000
RATE_MAX: Final = 1_000
PRIORITY_MAX: Final = DANGER
OTHERWISE: Final = "otherwise"

_KEYS: Final = ("name", "when", "queue", "skills", "language", "rate", "priority", "targets", "relax", "offer")
_DROP_FORM: Final = "level, skills, language, or a skill, such as skill heating: what the rule requires"
_NO_QUEUE: Final = Queue("", "", {"phone": 1, "chat": 1, "message": 1, "email": 1}, 1, (), ANY_LANGUAGE)


def read_routing(top: Fields, *, queues: Mapping[str, Queue], terms: Terms) -> Routing:
    """The rules, in order. What no rule leads to is warned of."""
    node = top.need("rules")
    items = node.items if isinstance(node, Listing) else ()
    if node is not None and not items:
        top.refuse(node, expected="a list of rules, each starting with a dash")
    if len(items) > RULES_MAX:
        top.refuse(top.node, found=f"{len(items)} rules", expected=f"at most {RULES_MAX}")
    blocks = [Fields(item, top.findings, keys=_KEYS) for item in items]
    rules = [_rule(block, queues, terms) for block in blocks]
    _check_order(blocks, rules)
    for queue in queues:
        if queue not in {rule.queue for rule in rules}:
            top.findings.warn(f"{top.node.file}: no rule leads to queue {queue}; work gets there by hand only")
    return Routing(tuple(rules), terms.index)


def _rule(fields: Fields, queues: Mapping[str, Queue], terms: Terms) -> Rule:
    queue = queues.get(fields.choice(fields.need("queue"), queues, what="a queue of queues.yaml") or "", _NO_QUEUE)
    when = _when(fields, replace(terms, own=terms.hours.get(queue.hours)))
    skills = {**dict(queue.skills), **dict(read_skills(fields))}
    language = read_language(fields, fields.get("language")) or queue.language
    relax = _relax(fields, tuple(sorted(skills)), language=language)
    _warn_of_no_end(fields, skills, relax)
    return Rule(
        name=fields.name(fields.need("name")) or "",
        when=when,
        queue=queue.name,
        skills=tuple(sorted(skills.items())),
        language=language,
        rate=fields.number("rate", 1.0, low=0.01, high=RATE_MAX),
        target_s=read_targets(fields, queue.target_s),
        priority=fields.count("priority", 0, low=0, high=PRIORITY_MAX),
        relax=relax,
        offer_s=fields.seconds("offer", queue.offer_s, high=3600),
    )


def _when(fields: Fields, terms: Terms) -> Condition:
    node = fields.need("when")
    if node is None or _is_otherwise(node):
        return AllOf(())
    if isinstance(node, Scalar):
        near = nearest(node.text, (OTHERWISE,))
        fields.refuse(node, expected="otherwise, or conditions indented below", suggestion=near)
        return AllOf(())
    return read_condition(node, fields, terms=terms)


def _is_otherwise(node: Node | None) -> bool:
    return isinstance(node, Scalar) and node.text == OTHERWISE


def _relax(fields: Fields, skills: tuple[str, ...], *, language: str) -> tuple[RelaxStep, ...]:
    steps: list[RelaxStep] = []
    others = () if language == ANY_LANGUAGE else ("language",)
    for node in fields.items_of(fields.get("relax")):
        step = Fields(node, fields.findings, keys=("after", "drop"))
        after_s = step.duration(step.need("after"))
        at = step.need("drop")
        drop = step.scalar(at, lambda text: _drop(text, skills, others), expected=_DROP_FORM,
                           hint=lambda text: _drop_hint(text, skills, others))  # fmt: skip
        if after_s is None or drop is None:
            continue
        if steps and after_s <= steps[-1].after_s:
            before = f"a time later than the {steps[-1].after_s} s of the step before"
            step.refuse(node, found=f"a step after {after_s} s", expected=before)
        steps.append(RelaxStep(after_s, drop))
    return tuple(steps)


def _warn_of_no_end(fields: Fields, skills: Mapping[str, int], relax: Sequence[RelaxStep]) -> None:
    """Say where a rule lets somebody wait for ever: it gives up a level, and still asks for a skill that none may have.

    A rule that relaxes nothing is left alone: whoever wrote it wants those skills and no others."""
    dropped = {step.drop for step in relax}
    kept = [skill for skill in sorted(skills) if not dropped & {"skills", f"skill:{skill}"}]
    if dropped and kept:
        fields.findings.warn(
            f"{fields.node.file}:{fields.node.line}: its steps never give up {either(kept)}: while nobody has it, "
            "people wait for ever; a last step with `drop: skills` ends that"
        )


def _drop(text: str, skills: tuple[str, ...], others: tuple[str, ...]) -> str | None:
    if text in others:
        return text
    if text in ("level", "skills"):
        return text if skills else None
    skill = name(text.removeprefix("skill").lstrip(" :"))
    return f"skill:{skill}" if text.startswith("skill") and skill in skills else None


def _drop_hint(text: str, skills: tuple[str, ...], others: tuple[str, ...]) -> str | None:
    forms = list(others)
    forms += ["level", "skills", *(f"skill {skill}" for skill in skills)] if skills else []
    return nearest(text, forms)


def _check_order(blocks: list[Fields], rules: list[Rule]) -> None:
    """Names once, `otherwise` last and only there; a condition that stood before decides nothing."""
    names: dict[str, int] = {}
    seen: dict[str, str] = {}
    ends: str | None = None
    for block, rule in zip(blocks, rules, strict=True):
        if ends is not None:
            block.refuse(block.node, found=f"rule {rule.name} after {ends}, which takes everything",
                         expected="the rule with 'when: otherwise' as the last")  # fmt: skip
        if rule.name in names and "name" in block:
            block.refuse(block.get("name") or block.node, found=f"a second rule {rule.name}",
                         expected=f"each name once (first: line {names[rule.name]})")  # fmt: skip
        names.setdefault(rule.name, block.node.line)
        if why := never(rule.when, unknown=NOT_IN_ROUTING):
            warn_of_never(block, rule.name, why)
        if _is_otherwise(block.get("when")):
            ends = rule.name
        elif earlier := seen.get(str(rule.when)):
            block.findings.warn(f"{block.node.file}:{block.node.line}: rule {rule.name} never decides: "
                                f"rule {earlier} has the same conditions")  # fmt: skip
        seen.setdefault(str(rule.when), rule.name)
    if ends is None and blocks:
        last = blocks[-1]
        at = last.get("when") or last.node
        last.refuse(at, found="a last rule with conditions", expected="'when: otherwise' in the last rule")
