"""Whether words say that this is another matter, or the same one again, by lists of words.yaml.

One rule: what people say of it themselves counts more than what we guess from their topic. It does not know cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policies.conditions import WordIndex
from policies.text import words_of

ANOTHER: Final = "another-matter-words"
AGAIN: Final = "same-matter-words"
EARLIER: Final = "earlier-answers"
NEW: Final = "new-answers"
EARLIER_WORDS: Final = ("earlier", "the earlier one", "das Frühere", "lo anterior")
NEW_WORDS: Final = ("something new", "new", "etwas Neues", "algo nuevo")
ANSWER_CHARS_MAX: Final = 80
"""Longer texts are no plain answer."""


@dataclass(frozen=True, slots=True)
class Matters:
    """What a text says of the matter it is about."""

    index: WordIndex
    another: int = 0
    again: int = 0
    earlier: frozenset[tuple[str, ...]] = frozenset()
    new: frozenset[tuple[str, ...]] = frozenset()

    def says_earlier(self, text: str) -> bool:
        """Whether the whole text answers that it is about what was there before."""
        return len(text) <= ANSWER_CHARS_MAX and words_of(text) in self.earlier

    def says_new(self, text: str) -> bool:
        """Whether the whole text answers that it is about something new."""
        return len(text) <= ANSWER_CHARS_MAX and words_of(text) in self.new

    def is_another(self, text: str) -> bool:
        """Whether the words say that it is about something else than before."""
        return bool(self.another and text and self.index.hits(text) & self.another)

    def is_again(self, text: str) -> bool:
        """Whether the words say that it is about the same as before."""
        return bool(self.again and text and self.index.hits(text) & self.again)


def matters_of(lists: Mapping[str, tuple[str, ...]], index: WordIndex) -> Matters:
    another, again = (index.mask_of(lists[name]) if name in lists else 0 for name in (ANOTHER, AGAIN))
    earlier, new = (
        frozenset(words_of(answer) for answer in lists.get(name, otherwise))
        for name, otherwise in ((EARLIER, EARLIER_WORDS), (NEW, NEW_WORDS))
    )
    return Matters(index, another, again, earlier, new)
