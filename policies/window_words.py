"""Words about time: what each word of a language means, and a text as a row of such words.

Its one rule: a text is gone through once, from left to right, the longest known phrase first; nothing is looked at
again, so time is linear in it. What the row means is not decided here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from policies.text import folded

TEXT_MAX: Final = 100_000
"""Characters that are looked at."""
WORD_MAX: Final = 40
"""A longer word is none of ours; it is not folded either, which is not linear for heaps of accents."""

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MEANINGS: Final = (
    "call", "call-first", "suits", "happens", "fill", "not", "since", "soon", "every", "weekdays", "weekend",
    "next", "this", "today", "tomorrow", "after-tomorrow", "over", *DAYS, *(f"each-{day}" for day in DAYS), *MONTHS,
    "after", "before", "between", "and", "to", "at", "around", "on", "in", "within", "or", "of",
    "minutes", "hours", "days", "week", "weeks", "half-hour", "hour-and-half",
    "half-past", "half-to", "quarter-past", "quarter-to", "minutes-past", "minutes-to",
    "plus-half", "plus-quarter", "minus-quarter", "plus", "minus",
    "am", "pm", "oclock", "ordinal", "noon", "same", "a", *map(str, range(60)),
)  # fmt: skip
"""What a word may mean; a number stands for itself."""

TIMES: Final = (
    "soon", "weekdays", "weekend", "today", "tomorrow", "after-tomorrow", "over", *DAYS,
    *(f"each-{day}" for day in DAYS),
    *MONTHS, "minutes", "hours", "days", "week", "weeks", "half-hour", "hour-and-half", "oclock", "noon",
    *map(str, range(60)),
)  # fmt: skip
"""Meanings without any of which, a part of the day or a digit nothing in a text is a time."""
PART: Final = "part "
"""Before the name of a part of the day, which is a meaning too."""
ZONE: Final = "zone "
"""The same before the key of a zone."""
NO_TIME: Final = "no-time"
"""What 25:00 means: the clock never shows it. No word means that."""
NUMBERS: Final = frozenset(map(str, range(60)))
_TOKEN: Final = re.compile(r"[^\W\d_](?:[^\W_]|[\u0300-\u036f])*|\d[\d.:/–-]*|\n|[^\w\s]")
_FILLER: Final = frozenset(("fill",))
_NO_WORD: Final = "?"
_SUFFIX: Final = re.compile(r"[^\W\d_]{1,5}")
_APOSTROPHES: Final = str.maketrans("’‘´`", "''''")
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_DOTS: Final = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}|\d{2})?)?", re.ASCII)
_SLASHES: Final = re.compile(r"(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?", re.ASCII)
_CLOCK: Final = re.compile(r"(\d{1,2})[:.](\d{2})", re.ASCII)
_NUMBER: Final = re.compile(r"\d{1,2}", re.ASCII)
_RANGE: Final = re.compile(r"(\d{1,2}(?:[:.]\d{2})?)[-–](\d{1,2}(?:[:.]\d{2})?)", re.ASCII)
_NO_TIME_BEFORE: Final = frozenset("+#$€£@/=&%_*")
_NO_TIME_AFTER: Final = frozenset("%€$£°#@")
_BREAKS: Final = frozenset(",;()!?\n.:")

Date = tuple[int | None, int, int]
"""Year where it was said, month, day."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the day, in minutes since midnight."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LanguageWords:
    """The words of one language: phrases of folded words to what they may mean."""

    meanings: Mapping[tuple[str, ...], frozenset[str]]
    longest: Mapping[str, int]  # of a first word, how many words its longest phrase has
    parts: Mapping[str, Part] = field(default_factory=dict[str, Part])
    is_24: bool = False


@dataclass(frozen=True, slots=True)
class Lexeme:
    """A known phrase, a number, a time, a date, or a word that says nothing about a time (`is_unknown`)."""

    start: int
    end: int
    means: frozenset[str] = frozenset()
    number: int | None = None
    minutes: int | None = None  # of a time such as 15:30, since midnight
    is_padded: bool = False  # written with a leading zero
    is_dotted: bool = False  # a number with a dot, as German dates have them
    date: Date | None = None
    segment: int = 0

    @property
    def is_unknown(self) -> bool:
        return not self.means and self.number is None and self.minutes is None and self.date is None

    def has(self, *meanings: str) -> bool:
        return not self.means.isdisjoint(meanings)


@dataclass(frozen=True, slots=True)
class Row:
    """A text as lexemes, without its fillers. `text` is what their places count in; `pure` names the segments (between
    commas and full stops) without a word that we do not know."""

    text: str
    lexemes: tuple[Lexeme, ...]
    pure: frozenset[int]


@lru_cache(maxsize=8192)
def tokens_of(text: str) -> tuple[str, ...]:
    """A phrase of a table as it is looked up. A set has thousands of them, each asked for more than once, and again in
    the next set."""
    return tuple(_folded(found[0]) for found in _TOKEN.finditer(text.translate(_APOSTROPHES)))


def words_for(meanings: Mapping[str, tuple[str, ...]], parts: Mapping[str, Part], *, is_24: bool) -> LanguageWords:
    """The table of a language. `meanings`: what it means, to phrases as they are written."""
    table: dict[tuple[str, ...], frozenset[str]] = {}
    longest: dict[str, int] = {}
    for meaning, phrases in meanings.items():
        for phrase in map(tokens_of, phrases):
            if phrase:
                table[phrase] = table.get(phrase, frozenset()) | {meaning}
                longest[phrase[0]] = max(longest.get(phrase[0], 0), len(phrase))
    return LanguageWords(table, longest, parts, is_24)


def row_of(text: str, words: LanguageWords) -> Row:
    """The text as a row of lexemes."""
    plain = text[:TEXT_MAX].translate(_APOSTROPHES)
    found = [(match.start(), match.end(), _folded(match[0])) for match in _TOKEN.finditer(plain)]
    lexemes: list[Lexeme] = []
    segment, at = 0, 0
    impure: set[int] = set()
    while at < len(found):
        start, end, token = found[at]
        if token[0].isdecimal():
            made, taken = _numeric(plain, found, at, words)
        elif known := _longest(found, at, words):
            means, taken = known
            made = [Lexeme(start, found[at + taken - 1][1], means)]
        else:
            taken = 1
            made = [] if token in _BREAKS or not token[0].isalnum() else [Lexeme(start, end)]
            segment += token in _BREAKS
        for lexeme in made:
            if lexeme.is_unknown:
                impure.add(segment)
            lexemes.append(_in_segment(lexeme, segment))
        at += taken
    lexemes = _without_phone_numbers(lexemes)
    impure |= {lexeme.segment for lexeme in lexemes if lexeme.is_unknown}
    kept = tuple(lexeme for lexeme in lexemes if lexeme.means != _FILLER)
    return Row(plain, kept, frozenset(lexeme.segment for lexeme in lexemes) - impure)


def _folded(word: str) -> str:
    return (folded(word) if len(word) <= WORD_MAX else "") or _NO_WORD


def _longest(
    found: list[tuple[int, int, str]], at: int, words: LanguageWords
) -> tuple[frozenset[str], int] | None:  # fmt: skip
    for count in range(min(words.longest.get(found[at][2], 0), len(found) - at), 0, -1):
        means = words.meanings.get(tuple(token for _, _, token in found[at : at + count]))
        if means is not None:
            return means, count
    return None


def _numeric(
    text: str, found: list[tuple[int, int, str]], at: int, words: LanguageWords
) -> tuple[list[Lexeme], int]:  # fmt: skip
    """What digits say: a time, a date, a number, two of them with a dash between, or nothing about a time."""
    start, end, token = found[at]
    unknown = Lexeme(start, end)
    bare = token.rstrip(".:/-–")
    before, after = text[start - 1 : start], text[start + len(bare) : start + len(bare) + 1]
    if before in _NO_TIME_BEFORE or before.isalnum() or after in _NO_TIME_AFTER:
        return [unknown], 1
    is_dotted = token.startswith(f"{bare}.")
    if (pair := _RANGE.fullmatch(bare)) is not None:
        middle = Lexeme(start + pair.end(1), start + pair.start(2), frozenset(("to",)))
        ends = [_one(pair[side], start + pair.start(side), start + pair.end(side)) for side in (1, 2)]
        return ([ends[0], middle, ends[1]] if not any(one.is_unknown for one in ends) else [unknown]), 1
    if (date := _date(bare, is_dotted=is_dotted, words=words)) is not None:
        return [Lexeme(start, end, date=date)], 1
    one = _one(bare, start, start + len(bare), is_dotted=is_dotted)
    suffix = _SUFFIX.match(text, start + len(bare))
    if suffix is None or one.is_unknown:
        return [one], 1
    means = words.meanings.get((folded(suffix[0]),))
    tail = text[suffix.end() : suffix.end() + 3].split(" ", 1)[0].rstrip(".,;!?")
    if means and "oclock" in means and tail.isdecimal() and len(tail) == 2 and one.number is not None:  # 15h30
        return [_one(f"{bare}:{tail}", start, suffix.end() + 2)], 2
    if text[suffix.end() : suffix.end() + 1].isalnum() or means is None:
        return [unknown], 2
    return [one], 1


def _one(written: str, start: int, end: int, *, is_dotted: bool = False) -> Lexeme:
    is_padded = written.startswith("0")
    if (clock := _CLOCK.fullmatch(written)) is not None:
        hour, minute = int(clock[1]), int(clock[2])
        if hour < 24 and minute < 60:
            return Lexeme(start, end, minutes=hour * 60 + minute, is_padded=is_padded)
        if ":" in written:
            return Lexeme(start, end, frozenset((NO_TIME,)), hour)
    elif _NUMBER.fullmatch(written):
        number = int(written)
        return Lexeme(start, end, number=number, is_padded=is_padded and number > 0, is_dotted=is_dotted)
    return Lexeme(start, end)


def _date(bare: str, *, is_dotted: bool, words: LanguageWords) -> Date | None:
    """2026-12-03; in languages that count hours to 24 also 3.12., 3.12.2026 and 3/12."""
    if (iso := _ISO.fullmatch(bare)) is not None:
        return _sound(int(iso[1]), int(iso[2]), int(iso[3]))
    if not words.is_24:
        return None
    if (dots := _DOTS.fullmatch(bare)) is not None and (dots[3] or is_dotted):
        return _sound(_year(dots[3]), int(dots[2]), int(dots[1]))
    if (slashes := _SLASHES.fullmatch(bare)) is not None:
        return _sound(_year(slashes[3]), int(slashes[2]), int(slashes[1]))
    return None


def _year(written: str | None) -> int | None:
    return None if not written else int(written) + (2_000 if len(written) == 2 else 0)


def _sound(year: int | None, month: int, day: int) -> Date | None:
    return (year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 and (year is None or year > 0) else None


def _in_segment(lexeme: Lexeme, segment: int) -> Lexeme:
    if segment == 0:
        return lexeme
    return Lexeme(
        lexeme.start, lexeme.end, lexeme.means, lexeme.number, lexeme.minutes, lexeme.is_padded, lexeme.is_dotted,
        lexeme.date, segment,
    )  # fmt: skip


def _without_phone_numbers(lexemes: list[Lexeme]) -> list[Lexeme]:
    """Numbers right after one another are parts of a longer one, and no times."""
    made = list(lexemes)
    for at in range(1, len(lexemes)):
        first, second = lexemes[at - 1], lexemes[at]
        if first.number is not None and second.number is not None and not first.is_dotted:
            made[at - 1] = Lexeme(first.start, first.end, segment=first.segment)
            made[at] = Lexeme(second.start, second.end, segment=second.segment)
    return made
