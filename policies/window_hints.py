"""Whether it is worth reading a text for the time of a call: a look at its words, which were looked up already.

Its one rule: no text in which a call at a time is asked for is passed over; of the others most are. Most texts speak of
neither, and many that have a word of calling ("you never call") ask for nothing.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from policies.conditions import WordIndex
from policies.text import TEXT_MAX, folded

_WORD: Final = re.compile(r"[^\W_]+")
_BREAK: Final = re.compile(r"[,;()!?\n.:]")
_DIGIT: Final = re.compile(r"\b\d")


@dataclass(frozen=True, slots=True)
class Hints:
    """Words of all languages as masks of `index`.

    `calls` ask for a call wherever they stand; `firsts` only where a sentence `begin`s with one, `skipped` words before
    it not counted; `times` stand in whatever names a time in words.
    """

    index: WordIndex = field(default_factory=WordIndex)
    calls: int = 0
    firsts: int = 0
    times: int = 0
    begin: frozenset[str] = frozenset()
    skipped: frozenset[str] = frozenset()

    def has_call(self, text: str) -> bool:
        """Whether a text has a word of calling."""
        return bool(self.index.hits(text) & (self.calls | self.firsts))

    def asks_for_call(self, text: str) -> bool:
        """Whether a text may ask for a call at some time. Linear in the text."""
        hits = self.index.hits(text)
        if not hits & (self.calls | self.firsts):
            return False
        if not hits & self.times and _DIGIT.search(text) is None:
            return False
        return bool(hits & self.calls) or self._begins(text)

    def _begins(self, text: str) -> bool:
        """Whether a sentence begins with a word of calling."""
        for sentence in _BREAK.split(folded(text[:TEXT_MAX])):
            first = next((found[0] for found in _WORD.finditer(sentence) if found[0] not in self.skipped), None)
            if first in self.begin:
                return True
        return False
