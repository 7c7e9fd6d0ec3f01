"""Whether words say that this is another matter, or the same one again, by two lists of words.yaml.

One rule: what people say of it themselves counts more than what we guess from their topic. It does not know cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policies.conditions import WordIndex

ANOTHER: Final = "another-matter-words"
AGAIN: Final = "same-matter-words"


@dataclass(frozen=True, slots=True)
class Matters:
    """What a text says of the matter it is about."""

    index: WordIndex
    another: int = 0
    again: int = 0

    def is_another(self, text: str) -> bool:
        """Whether the words say that it is about something else than before."""
        return bool(self.another and text and self.index.hits(text) & self.another)

    def is_again(self, text: str) -> bool:
        """Whether the words say that it is about the same as before."""
        return bool(self.again and text and self.index.hits(text) & self.again)


def matters_of(lists: Mapping[str, tuple[str, ...]], index: WordIndex) -> Matters:
    another, again = (index.mask_of(lists[name]) if name in lists else 0 for name in (ANOTHER, AGAIN))
    return Matters(index, another, again)
