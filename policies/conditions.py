"""Conditions of rules, ready to be tested: each says whether it is true and names itself without the customer's words.

One rule: a fact that is not known makes a condition on it false. The words of a text are looked up once for all rules,
in a `WordIndex`; a condition on words then tests one bit.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

import cel

from policies.expressions import Expression, context_of
from policies.facts import NOW, Fact
from policies.hours import Hours
from policies.text import words_of

HOUR_OPEN: Final = "hour_open"
"""A fact of the rule more than of the contact: each rule leads to a queue with hours of its own."""


class Inputs:
    """The facts of one contact. What takes time is looked up once, and only where a rule asks for it."""

    __slots__ = ("_context", "_hits", "_index", "_open", "facts")

    def __init__(self, facts: Mapping[str, Fact], index: "WordIndex") -> None:
        self.facts = facts
        self._index = index
        self._hits: int | None = None
        self._context: cel.Context | None = None
        self._open: dict[str, bool] | None = None

    @property
    def hits(self) -> int:
        """The bits of the word lists that the text has words of."""
        if self._hits is None:
            text = self.facts.get("text")
            self._hits = self._index.hits(text) if isinstance(text, str) and text else 0
        return self._hits

    def context(self) -> cel.Context:
        """The facts as expressions see them, made once."""
        if self._context is None:
            self._context = context_of(self.facts)
        return self._context

    def is_open(self, hours: Hours) -> bool | None:
        """Whether these hours are open now; None where nobody says what time it is."""
        now = self.facts.get(NOW)
        if not isinstance(now, int):
            return None
        if self._open is None:
            self._open = {}
        if hours.name not in self._open:
            self._open[hours.name] = hours.is_open(datetime.fromtimestamp(now / 1000, UTC))
        return self._open[hours.name]


class Condition(Protocol):
    """Something that is true or false of a contact."""

    def test(self, inputs: Inputs) -> bool:
        """Whether it is true."""
        ...

    def reasons(self, inputs: Inputs) -> Iterator[str]:
        """The printable forms of what made it true; asked only when it is."""
        ...

    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class OneOf:
    """A fact has one of some values."""

    fact: str
    values: frozenset[Fact]
    label: str

    def test(self, inputs: Inputs) -> bool:
        return inputs.facts.get(self.fact) in self.values

    def reasons(self, inputs: Inputs) -> Iterator[str]:
        yield self.label

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True)
class Between:
    """A number is at least `low` and at most `high`."""

    fact: str
    low: float
    high: float
    label: str

    def test(self, inputs: Inputs) -> bool:
        value = inputs.facts.get(self.fact)
        return isinstance(value, int | float) and self.low <= value <= self.high

    def reasons(self, inputs: Inputs) -> Iterator[str]:
        yield self.label

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True)
class HasWords:
    """The text has a word of one of the lists in `mask`."""

    mask: int
    label: str

    def test(self, inputs: Inputs) -> bool:
        return inputs.hits & self.mask != 0

    def reasons(self, inputs: Inputs) -> Iterator[str]:
        yield self.label

    def __str__(self) -> str:
        return self.label


@dataclass(frozen=True, slots=True)
class HoursAre:
    """Some hours are open, or closed, at this moment."""

    hours: Hours
    open: bool

    def test(self, inputs: Inputs) -> bool:
        return inputs.is_open(self.hours) is self.open

    def reasons(self, inputs: Inputs) -> Iterator[str]:
        yield str(self)

    def __str__(self) -> str:
        return f"hours {self.hours.name} are {'open' if self.open else 'closed'}"


@dataclass(frozen=True, slots=True)
class Says:
    """A CEL expression is true. `hours`: those that `hour_open` in it means, where it says so."""

    expression: Expression
    hours: Hours | None = None

    def test(self, inputs: Inputs) -> bool:
        is_open = inputs.is_open(self.hours) if self.hours is not None else None
        if is_open is None:
            return self.expression.is_true(inputs.context())
        return self.expression.is_true(context_of({**inputs.facts, HOUR_OPEN: is_open}))

    def reasons(self, inputs: Inputs) -> Iterator[str]:
        yield str(self)

    def __str__(self) -> str:
        return f"cel: {self.expression.source}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part is true; without parts, always."""

    parts: tuple[Condition, ...]

    def test(self, inputs: Inputs) -> bool:
        for part in self.parts:  # not all(): a generator costs more than the parts
            if not part.test(inputs):
                return False
        return True

    def reasons(self, inputs: Inputs) -> Iterator[str]:
        for part in self.parts:
            yield from part.reasons(inputs)

    def __str__(self) -> str:
        return " and ".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part is true."""

    parts: tuple[Condition, ...]

    def test(self, inputs: Inputs) -> bool:
        for part in self.parts:
            if part.test(inputs):
                return True
        return False

    def reasons(self, inputs: Inputs) -> Iterator[str]:
        for part in self.parts:
            if part.test(inputs):
                yield from part.reasons(inputs)

    def __str__(self) -> str:
        return f"any of ({', '.join(map(str, self.parts))})"


@dataclass(frozen=True, slots=True)
class Not:
    """A part is false."""

    part: Condition

    def test(self, inputs: Inputs) -> bool:
        return not self.part.test(inputs)

    def reasons(self, inputs: Inputs) -> Iterator[str]:
        yield str(self)

    def __str__(self) -> str:
        return f"not ({self.part})"


NONE: Final[Mapping[str, int]] = {}
NO_GAPS: Final[Mapping[re.Pattern[str], int]] = {}
GAP: Final = ".."
"""Between two words of an entry: others may stand there, `GAP_MAX` at most."""
GAP_MAX: Final = 4
WHOLE: Final = "!"
"""At the end of an entry: it is the whole text, or it is not meant."""


@dataclass(slots=True)
class WordIndex:
    """Every word of every list, and which lists have it, as bits: one pass over a text answers for all lists.

    An entry is a word (`invoice`), several (`no heat`), some with up to `GAP_MAX` others between (`smell .. gas`), a
    beginning (`heiz*`) or a whole text (`fire!`). Filled while a policy is read, then left alone.
    """

    _lists: dict[tuple[str, ...], int] = field(default_factory=dict[tuple[str, ...], int])
    _words: dict[str, int] = field(default_factory=dict[str, int])
    _parts: dict[str, int] = field(default_factory=dict[str, int])
    _phrases: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])  # by their first word
    _gaps: dict[str, dict[re.Pattern[str], int]] = field(default_factory=dict[str, dict[re.Pattern[str], int]])
    _whole: dict[str, int] = field(default_factory=dict[str, int])
    _known: set[str] = field(default_factory=set[str])  # all words of either
    _last: tuple[str, int] = ("", 0)  # the text that was asked for last: a contact asks for it more than once

    def mask_of(self, entries: tuple[str, ...]) -> int:
        """The bit of a list; a list that is known has the bit it had."""
        mask = self._lists.get(entries)
        if mask is None:
            mask = self._lists[entries] = 1 << len(self._lists)
            self._last = ("", 0)
            for entry in entries:
                self._add(entry, mask)
        return mask

    def hits(self, text: str) -> int:
        """The bits of the lists that have a word of `text`. Linear in the text."""
        last, known = self._last
        if text == last:
            return known
        words = words_of(text)
        line = f" {' '.join(words)} "
        hits = self._whole.get(line, 0)
        for part, mask in self._parts.items():
            if part in line:
                hits |= mask
        for word in self._known.intersection(words):
            hits |= self._words.get(word, 0)
            for part, mask in self._phrases.get(word, NONE).items():
                if part in line:
                    hits |= mask
            for pattern, mask in self._gaps.get(word, NO_GAPS).items():
                if pattern.search(line):
                    hits |= mask
        self._last = (text, hits)
        return hits

    def _add(self, entry: str, mask: int) -> None:
        words = words_of(entry)
        if entry.endswith(WHOLE):
            line = f" {' '.join(words)} "
            self._whole[line] = self._whole.get(line, 0) | mask
            return
        if GAP in entry:
            parts = (re.escape(" ".join(words_of(part))) for part in entry.split(GAP))
            pattern = re.compile(f" {f' (?:[^ ]+ ){{0,{GAP_MAX}}}'.join(parts)} ")
            gaps = self._gaps.setdefault(words[0], {})
            gaps[pattern] = gaps.get(pattern, 0) | mask
            self._known.add(words[0])
            return
        is_beginning = entry.endswith("*")
        if len(words) == 1 and not is_beginning:
            table, key = self._words, words[0]
        else:
            table = self._phrases.setdefault(words[0], {}) if len(words) > 1 else self._parts
            key = f" {' '.join(words)}{'' if is_beginning else ' '}"
        table[key] = table.get(key, 0) | mask
        if table is not self._parts:
            self._known.update(words[:1])


def word_mask(condition: Condition) -> int:
    """The bits of the word lists that make a condition true, alone or with others; those below a `not` do not."""
    match condition:
        case HasWords():
            return condition.mask
        case AllOf() | AnyOf():
            mask = 0
            for part in condition.parts:
                mask |= word_mask(part)
            return mask
        case _:
            return 0
