"""What a caller chooses by words instead of keys. The lists stand in words.yaml under fixed names; both may be missing.

One rule: only short words are a choice. A longer sentence is somebody telling us something, and is kept as that; but
that they are not to be recorded counts in a sentence of any length.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from policies.conditions import WordIndex
from policies.text import words_of

NOT_RECORDED = "not-recorded-words"
NO_CALL = "no-call-words"
CALL_ME, CALL_ME_WITH = "call-me-words", "call-me-with-words"
"""A wish for a call as soon as possible, and what may stand beside it without changing it."""
SAME = "same"
MOVES = {"later-words": "later", "earlier-words": "earlier", "same-words": SAME}
MOVE_WITH = "move-with-words"
"""What may stand beside a wish for a later or an earlier call, or for the same."""
CHOICES = {NO_CALL: "cancel", CALL_ME: "call", "text-me-words": "text"}
"""In the order in which they count: who says "do not call me" asks for no call."""
YES, YES_WORDS = "agree-words", ("1", "yes", "ja", "sí")
WORDS_MAX = 8
PHRASE_WORDS_MAX = 4
YES_WITH = "agree-with-words"
"""What may stand beside a yes without changing it."""
MACHINE = "machine-words"
"""What machines that answer a phone say, and people do not."""
YES_TEXT_MAX = 80
"""Longer texts are no plain yes. Characters."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Choices by words: `call` us back, go on by `text`, or `cancel` the call."""

    index: WordIndex
    masks: tuple[tuple[int, str], ...]
    yes: frozenset[tuple[str, ...]] = frozenset()
    not_recorded: int = 0  # the mask of the words for that
    yes_with: frozenset[tuple[str, ...]] = frozenset()
    machine: int = 0
    call_me: frozenset[tuple[str, ...]] = frozenset()
    call_me_with: frozenset[tuple[str, ...]] = frozenset()
    moves: tuple[tuple[str, frozenset[tuple[str, ...]]], ...] = ()
    move_with: frozenset[tuple[str, ...]] = frozenset()

    def is_short(self, text: str) -> bool:
        """Whether the words are few enough to be a choice and nothing else."""
        return len(words_of(text)) <= WORDS_MAX

    def choice(self, text: str) -> str | None:
        """'call', 'text', 'cancel', or None where the words are no choice."""
        if not self.is_short(text):
            return None
        hits = self.index.hits(text)
        return next((choice for mask, choice in self.masks if hits & mask), None)

    def refuses_recording(self, text: str) -> bool:
        """Whether they do not want to be recorded. Saying it once too often is harmless, missing it is not."""
        return bool(self.not_recorded and self.index.hits(text) & self.not_recorded)

    def agrees(self, text: str) -> bool:
        """Whether the whole text is a word of yes, whatever its case, accents and dots."""
        return len(text) <= YES_TEXT_MAX and tuple(words_of(text)) in self.yes

    def consents(self, text: str, names: Iterable[str] = ()) -> bool:
        """Whether they say yes in few words of their own: words of yes, the `names` of what was asked for, and nothing
        that could change it."""
        return self.is_short(text) and _is_made_of(
            text, self.yes, beside=self.yes_with | {tuple(words_of(name)) for name in names}
        )

    def wishes_call(self, text: str) -> bool:
        """Whether the whole text asks for a call and names no time: "you did not call me" does not, nor "can I call
        you"."""
        return _is_made_of(text, self.call_me, beside=self.call_me_with)

    def move(self, text: str) -> str | None:
        """'later', 'earlier' or 'same', where the whole text asks for our call then and names no time."""
        return next((to for to, words in self.moves if _is_made_of(text, words, beside=self.move_with)), None)

    def is_person(self, text: str) -> bool:
        """Whether somebody answers us who sounded like a machine: few words, and none that machines say."""
        hits = self.index.hits(text) & self.machine if self.machine else 0
        return bool(text.strip()) and self.is_short(text) and not hits


def _is_made_of(text: str, wanted: frozenset[tuple[str, ...]], *, beside: frozenset[tuple[str, ...]]) -> bool:
    """Whether a short text has a phrase that is wanted, and nothing else but those and what may stand beside them."""
    if len(text) > YES_TEXT_MAX:
        return False
    words, n, is_there = words_of(text), 0, False
    while n < len(words):
        lengths = range(min(PHRASE_WORDS_MAX, len(words) - n), 0, -1)
        found = next((k for k in lengths if tuple(words[n : n + k]) in wanted | beside), 0)
        if not found:
            return False
        is_there = is_there or tuple(words[n : n + found]) in wanted
        n += found
    return is_there


def spoken_of(lists: Mapping[str, tuple[str, ...]]) -> Spoken:
    index = WordIndex()
    masks = tuple((index.mask_of(lists[name]), choice) for name, choice in CHOICES.items() if name in lists)
    yes = frozenset(tuple(words_of(word)) for word in lists.get(YES, YES_WORDS))
    refused = index.mask_of(lists[NOT_RECORDED]) if NOT_RECORDED in lists else 0
    machine = index.mask_of(lists[MACHINE]) if MACHINE in lists else 0
    return Spoken(
        index, masks, yes, refused, _phrases(lists, YES_WITH), machine,
        call_me=_phrases(lists, CALL_ME), call_me_with=_phrases(lists, CALL_ME_WITH),
        moves=tuple((to, _phrases(lists, name)) for name, to in MOVES.items()), move_with=_phrases(lists, MOVE_WITH),
    )  # fmt: skip


def _phrases(lists: Mapping[str, tuple[str, ...]], name: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words_of(phrase)) for phrase in lists.get(name, ()))
