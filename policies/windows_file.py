"""Reads windows.yaml: words about time by language and meaning. A meaning that nobody knows is refused, and a set that
lacks a language has the product's own words for it."""

from collections.abc import Collection, Iterable
from typing import Final

from policies.conditions import WordIndex
from policies.fields import Fields
from policies.hours import DAY_MIN
from policies.hours_file import window_of
from policies.problems import nearest, shown
from policies.text import words_of
from policies.tree import Node, Scalar
from policies.window_calendar import WindowRules
from policies.window_hints import Hints
from policies.window_words import MEANINGS, PART, TIMES, ZONE, LanguageWords, Part, tokens_of, words_for
from policies.windows import WindowWords
from policies.zones import ZONE_FORM, zone, zone_hint

_Phrases = dict[str, tuple[str, ...]]
_Language = tuple[LanguageWords, _Phrases]
"""The words of a language, and its phrases by what they mean."""

PHRASE_CHARS_MAX: Final = 60
PHRASE_WORDS_MAX: Final = 8
AHEAD_DAYS_MAX: Final = 400

_HOURS_FORM: Final = 'times of one day such as "08:00-12:00"'
_CODE_FORM: Final = "a language as two letters, such as en"


def read_windows(top: Fields, base: Fields | None, *, index: WordIndex) -> WindowWords:
    """What stands in the file; `base` are the product's own words, for languages that it lacks. Words of calling go
    into `index`."""
    default = WindowRules()
    day = _hours(top, top.get("day")) or (default.day_start, default.day_end)
    rules = WindowRules(
        day_start=day[0],
        day_end=day[1],
        exact=_minutes(top, "exact", default.exact),
        around=_minutes(top, "around", default.around),
        soon=_minutes(top, "soon", default.soon),
        ahead=top.seconds("ahead", default.ahead * 86_400, low=86_400, high=AHEAD_DAYS_MAX * 86_400) // 86_400,
    )
    zones = _zones(top) or (_zones(base) if base is not None else {})
    read = {**(_languages(base, zones) if base is not None else {}), **_languages(top, zones)}
    hints = Hints(
        index,
        calls=_mask(index, read.values(), {"call"}),
        firsts=_mask(index, read.values(), {"call-first"}),
        times=_mask(index, read.values(), TIMES),
        skipped=frozenset(word for entry in _entries(read.values(), {"fill"}) for word in entry.split()),
        begin=frozenset(entry.split()[0] for entry in _entries(read.values(), {"call-first"})),
    )
    return WindowWords(rules, {code: words for code, (words, _) in read.items()}, hints)


def _mask(index: WordIndex, read: Iterable[_Language], meanings: Collection[str]) -> int:
    entries = _entries(read, meanings)
    return index.mask_of(entries) if entries else 0


def _entries(read: Iterable[_Language], meanings: Collection[str]) -> tuple[str, ...]:
    """Every phrase that means one of these, in any language, as an index looks it up. The parts of the day are among
    the times."""
    found = (
        " ".join(words_of(phrase))
        for _, table in read
        for meaning, phrases in table.items()
        if meaning in meanings or (meanings is TIMES and meaning.startswith(PART))
        for phrase in phrases
    )
    return tuple(dict.fromkeys(entry for entry in found if entry))


def _zones(top: Fields) -> _Phrases:
    """What is said for zones, in any language."""
    found: _Phrases = {}
    for key, node in top.block("zones").items():
        if (named := top.scalar(key, zone, expected=ZONE_FORM, hint=zone_hint)) is not None:
            found[f"{ZONE}{named.key}"] = _phrases(top, node)
    return found


def _languages(top: Fields, zones: _Phrases) -> dict[str, _Language]:
    found: dict[str, _Language] = {}
    for key, node in top.block("languages").items():
        code = top.scalar(key, _code, expected=_CODE_FORM) or ""
        found[code] = _language(Fields(node, top.findings, keys=("clock", "parts", "words")), zones)
    return found


def _language(fields: Fields, zones: _Phrases) -> _Language:
    clock = fields.choice(fields.get("clock"), ("12", "24"), what="12 or 24")
    meanings = dict(zones)
    parts: dict[str, Part] = {}
    for key, node in fields.block("parts").items():
        name = fields.name(key) or ""
        block = Fields(node, fields.findings, keys=("hours", "words"))
        hours = _hours(block, block.need("hours")) or (0, DAY_MIN)
        parts[name] = Part(name, *hours)
        meanings[f"{PART}{name}"] = _phrases(block, block.need("words"))
    for key, node in fields.block("words").items():
        if key.text not in MEANINGS:
            fields.refuse(key, found=f"unknown meaning {shown(key.text)}", expected="what a word about time may mean",
                          suggestion=nearest(key.text, MEANINGS))  # fmt: skip
        else:
            meanings[key.text] = _phrases(fields, node)
    return words_for(meanings, parts, is_24=clock == "24"), meanings


def _phrases(fields: Fields, node: Node | None) -> tuple[str, ...]:
    form = f"words, at most {PHRASE_WORDS_MAX} together"
    items = _listed(node) if isinstance(node, Scalar) else fields.items_of(node)
    found = [fields.scalar(item, _phrase, expected=form) for item in items]
    return tuple(phrase for phrase in found if phrase)


def _listed(node: Scalar) -> tuple[Scalar, ...]:
    """Phrases with commas between, each where it stands."""
    found: list[Scalar] = []
    column = node.column + node.is_quoted
    for written in node.text.split(","):
        phrase = written.strip()
        at = column + len(written) - len(written.lstrip())
        found.append(Scalar(node.file, node.line, at, phrase, is_quoted=True))
        column += len(written) + 1
    return tuple(found)


def _phrase(text: str) -> str | None:
    if len(text) > PHRASE_CHARS_MAX:
        return None
    tokens = tokens_of(text)
    is_sound = 0 < len(tokens) <= PHRASE_WORDS_MAX
    return text if is_sound and not any(token[0].isdigit() for token in tokens) else None


def _hours(fields: Fields, node: Node | None) -> tuple[int, int] | None:
    return fields.scalar(node, _within_a_day, expected=_HOURS_FORM)


def _within_a_day(text: str) -> tuple[int, int] | None:
    window = window_of(text)
    return window if window is not None and window[0] < window[1] <= DAY_MIN else None


def _minutes(fields: Fields, key: str, default: int) -> int:
    return fields.seconds(key, default * 60, low=300, high=86_400) // 60


def _code(text: str) -> str | None:
    return text if len(text) == 2 and text.isascii() and text.isalpha() and text.islower() else None
