"""Where a contact goes and why: rules in order, the first whose condition is true decides.

A verdict depends on the facts and the rules alone: the same facts give the same verdict, in the same order of parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from policies.conditions import Condition, Inputs, WordIndex, word_mask
from policies.facts import Fact, Kind, kind_of

ANY_LANGUAGE: Final = "any"
SAME_LANGUAGE: Final = "same"
DANGER: Final = 9
"""The priority of what the first free person takes, before everybody else."""


@dataclass(frozen=True, slots=True)
class RelaxStep:
    """What is no longer required once work has waited `after_s`: 'skill:heating' (that skill), 'skills' (all of them),
    'level' (skills are required at any level) or 'language' (if the customer says yes)."""

    after_s: int
    drop: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say about one contact. `matched` names the conditions that were true, never the customer's words;
    `language` is the one an agent must speak, None when any will do; `rate` and `target_s` are those of the matcher's
    score; `priority` is 0 (ordinary) to 9."""

    rule: str
    queue: str
    skills: tuple[tuple[str, int], ...]
    language: str | None
    rate: float
    target_s: int
    priority: int
    matched: tuple[str, ...]
    relax: tuple[RelaxStep, ...]
    offer_s: int

    @property
    def is_danger(self) -> bool:
        """Whether somebody tells of danger."""
        return self.priority >= DANGER


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, with all that its queue adds. `language` is 'any', 'same' (as the customer's) or two letters."""

    name: str
    when: Condition
    queue: str
    skills: tuple[tuple[str, int], ...]
    language: str
    rate: float
    target_s: Mapping[Kind, int]
    priority: int
    relax: tuple[RelaxStep, ...]
    offer_s: int


@dataclass(frozen=True, slots=True)
class Routing:
    """Rules in their order, the last of which is true of everything."""

    rules: tuple[Rule, ...]
    words: WordIndex
    _topics: Mapping[str, str] = field(init=False)
    _masks: tuple[tuple[int, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        topics = {rule.name: topic for rule in self.rules if (topic := _topic(rule)) != _topic(self.rules[-1])}
        masks: dict[str, int] = {}
        for rule in self.rules:
            if rule.name in topics and (mask := word_mask(rule.when)):
                masks[topics[rule.name]] = masks.get(topics[rule.name], 0) | mask
        object.__setattr__(self, "_topics", topics)
        object.__setattr__(self, "_masks", tuple((mask, topic) for topic, mask in masks.items()))

    def topic_of(self, rule: str) -> str:
        """What a rule's work is about, by who must take it; empty where anybody does, and for an unknown rule."""
        return self._topics.get(rule, "")

    def topics_in(self, text: str) -> tuple[str, ...]:
        """What the words of a text are about: an outcome for each topic, never a word of theirs."""
        hits = self.words.hits(text) if text and self._masks else 0
        return tuple([topic for mask, topic in self._masks if hits & mask]) if hits else ()

    def route(self, facts: Mapping[str, Fact]) -> Verdict:
        """The verdict on one contact."""
        inputs = Inputs(facts, self.words)
        for rule in self.rules:
            if rule.when.test(inputs):
                return _verdict(rule, inputs)
        raise AssertionError("the last rule is true of everything")


def _topic(rule: Rule) -> str:
    """Rules that lead to the same people are about the same: a queue with the skills that it takes."""
    return " ".join((rule.queue, *(skill for skill, _ in rule.skills)))


def _verdict(rule: Rule, inputs: Inputs) -> Verdict:
    facts = inputs.facts
    language: Fact | None = rule.language
    if language == SAME_LANGUAGE:
        language = facts.get("language")
    return Verdict(
        rule=rule.name,
        queue=rule.queue,
        skills=rule.skills,
        language=language if isinstance(language, str) and language and language != ANY_LANGUAGE else None,
        rate=rule.rate,
        target_s=rule.target_s[kind_of(str(facts.get("channel", "")))],
        priority=rule.priority,
        matched=tuple(rule.when.reasons(inputs)),
        relax=rule.relax,
        offer_s=rule.offer_s,
    )
