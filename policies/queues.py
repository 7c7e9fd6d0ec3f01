"""Queues, and queues.yaml: where work waits, when people are there, how soon an answer should come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from policies.facts import KINDS, Kind
from policies.fields import Fields
from policies.routing import ANY_LANGUAGE, SAME_LANGUAGE
from policies.tree import Node

TARGETS_S: Final[Mapping[Kind, int]] = {"phone": 60, "chat": 90, "message": 3600, "email": 28_800}
LEVEL_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue. `hours` names its hours; `target_s` says by kind of ask how soon an answer should come, in seconds
    of the clock; `skills` are required of whoever takes its work, with their least level."""

    name: str
    hours: str
    target_s: Mapping[Kind, int]
    offer_s: int
    skills: tuple[tuple[str, int], ...]
    language: str


def read_queues(top: Fields, *, hours: Iterable[str], offer_s: int) -> dict[str, Queue]:
    """All queues, by name. `hours` are the names that may be used, `offer_s` how long an offer lasts otherwise."""
    targets = read_targets(top, TARGETS_S)
    known = tuple(hours)
    queues: dict[str, Queue] = {}
    for key, node in top.block("queues").items():
        fields = Fields(node, top.findings, keys=("hours", "targets", "offer", "skills", "language"))
        name = top.name(key) or ""
        queues[name] = Queue(
            name=name,
            hours=fields.choice(fields.need("hours"), known, what="hours named in hours.yaml") or "",
            target_s=read_targets(fields, targets),
            offer_s=fields.seconds("offer", offer_s, high=3600),
            skills=read_skills(fields),
            language=read_language(fields, fields.get("language")) or ANY_LANGUAGE,
        )
    if not queues:
        top.refuse(top.node, found="no queues", expected="at least one under queues")
    return queues


def read_targets(fields: Fields, default: Mapping[Kind, int]) -> Mapping[Kind, int]:
    """How soon an answer should come, by kind of ask; what is not named is as in `default`."""
    block = fields.block("targets", keys=KINDS)
    return {kind: block.seconds(kind, default[kind]) for kind in KINDS}


def read_skills(fields: Fields) -> tuple[tuple[str, int], ...]:
    """Skills with their least level, in order of their names."""
    block = fields.block("skills")
    names = [name for key, _ in block.items() if (name := fields.name(key))]
    return tuple((name, block.count(name, 1, low=1, high=LEVEL_MAX)) for name in sorted(names))


def read_language(fields: Fields, node: Node | None) -> str | None:
    """'any', 'same' or a language as two letters."""
    return fields.scalar(node, _language, expected="any, same (as the customer's) or two letters such as de")


def _language(text: str) -> str | None:
    is_code = len(text) == 2 and text.isascii() and text.isalpha() and text.islower()
    return text if is_code or text in (ANY_LANGUAGE, SAME_LANGUAGE) else None
