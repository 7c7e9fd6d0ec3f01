"""What is junk: rules in their order, the first whose condition is true names a contact as what nobody needs to see.

Its one rule: it judges one contact by its facts alone. Who is never judged (people with an open case, danger, whoever
proved who they are) is not decided here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.conditions import Condition, Inputs, WordIndex
from policies.facts import Fact


@dataclass(frozen=True, slots=True)
class JunkRule:
    """One rule of junk.yaml."""

    name: str
    when: Condition


@dataclass(frozen=True, slots=True)
class Junk:
    """That a contact is junk, by which rule. `matched` names the conditions that were true, never anybody's words."""

    rule: str
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JunkRules:
    """Rules in their order; a set without any calls nothing junk."""

    rules: tuple[JunkRule, ...]
    words: WordIndex

    def judge(self, facts: Mapping[str, Fact]) -> Junk | None:
        """What makes a contact with these facts junk; None for one that is to be worked on."""
        if not self.rules:
            return None
        inputs = Inputs(facts, self.words)
        for rule in self.rules:
            if rule.when.test(inputs):
                return Junk(rule=rule.name, matched=tuple(rule.when.reasons(inputs)))
        return None
