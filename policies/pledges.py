"""What one of us says in an answer that a customer will wait for: that they will be called, or hear from us, by a time.

One rule: only a sentence that says what we will do is a pledge; which time it names is read elsewhere. Words of
customers are never asked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from policies.conditions import WordIndex

CALL_PLEDGES: Final = "we-call-words"
WRITE_PLEDGES: Final = "we-write-words"
_SENTENCE: Final = re.compile(r"[^.!?\n]+(?:[.](?=\d)[^.!?\n]+)*")
READ_MAX: Final = 4_000
"""Characters of an answer that are read."""


@dataclass(frozen=True, slots=True)
class Pledge:
    """A call or an answer that is promised, and the sentence that promises it."""

    kind: Literal["callback", "reply"]
    sentence: str


@dataclass(frozen=True, slots=True)
class Pledges:
    index: WordIndex = field(default_factory=WordIndex)
    calls: int = 0
    writes: int = 0

    def said_in(self, text: str) -> tuple[Pledge, ...]:
        """The pledges in an answer of ours, in their order. Linear in the text."""
        found: list[Pledge] = []
        for sentence in _SENTENCE.findall(text[:READ_MAX]):
            hits = self.index.hits(sentence)
            if hits & self.calls:
                found.append(Pledge("callback", sentence.strip()))
            elif hits & self.writes:
                found.append(Pledge("reply", sentence.strip()))
        return tuple(found)


def pledges_of(lists: Mapping[str, tuple[str, ...]]) -> Pledges:
    index = WordIndex()
    calls, writes = (index.mask_of(lists[name]) if name in lists else 0 for name in (CALL_PLEDGES, WRITE_PLEDGES))
    return Pledges(index, calls, writes)
