"""Where in a row's words the terms stand: the words around the first of them, and each of them marked.

It is shown to people; it decides nothing about what is found.
"""

import re
from collections.abc import Sequence

from router.journal.base import Place
from router.journal.findable import BESIDE
from router.journal.terms import UNSPACED, Term, folded, follows, tokens

CHARS_MAX = 240
BEFORE_CHARS = 60
"""Of what stands before the first word that was found."""
LOOKED_AT_CHARS = 20_000
"""Words of a longer row are shown from its beginning."""
WORDS = re.compile(f"{UNSPACED.pattern}|(?:(?!{UNSPACED.pattern})[^\\W_])+")


def place_of(slot: int, text: str, terms: Sequence[Term]) -> Place:
    """What is shown of a row in which something was found."""
    spans = marks(text[:LOOKED_AT_CHARS], terms)
    start = max(0, spans[0][0] - BEFORE_CHARS) if spans else 0
    if start and (space := text.find(" ", start, spans[0][0])) >= 0:
        start = space + 1
    end = start + CHARS_MAX
    cut = text[start:end]
    before, after = "… " if start else "", " …" if end < len(text) else ""
    shift = start - len(before)
    marked = tuple((a - shift, b - shift) for a, b in spans if start <= a and b <= end)
    return Place(entry=slot if slot < BESIDE else 0, text=before + cut + after, marks=marked)


def marks(text: str, terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Start and end of each word of `text` that is part of a term, in order."""
    sought = [(tokens(said.text), said.goes_on) for term in terms for way in term.ways for said in way]
    figures = tuple(term.figures for term in terms if term.figures)
    spans = [(found.start(), found.end()) for found in WORDS.finditer(text)]
    here = [folded(text[start:end]) for start, end in spans]
    hit = {n for n, word in enumerate(here) if figures and word.isdecimal() and word.endswith(figures)}
    for words, goes_on in sought:
        for at in range(len(here) - len(words) + 1):
            if words and follows(here, at, words, goes_on=goes_on):
                hit.update(range(at, at + len(words)))
    return [spans[n] for n in sorted(hit)]
