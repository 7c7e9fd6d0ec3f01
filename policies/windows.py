"""Windows said in free words: when a customer wants to be called, read from what they wrote or said.

Its one rule: nothing is guessed in silence. What may be read in two ways, is over, or does not exist is given with its
doubt and with a window that we suggest. It does not know whether anybody is free then.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from policies.window_calendar import Doubt, Meaning, Placed, Rule, Window, WindowRules, placed
from policies.window_grammar import OVER, items_of
from policies.window_hints import Hints
from policies.window_terms import (
    Ahead,
    Call,
    Clock,
    DayPart,
    Every,
    Happens,
    In,
    Item,
    NextWeek,
    OnDate,
    Or,
    Same,
    Side,
    Soon,
    Suits,
    Times,
    Weekday,
    Zone,
)
from policies.window_words import LanguageWords, Row, row_of
from policies.zones import zone_of_place

WORDS_MAX: Final = 200
"""Characters of the words that were read."""
NOWHERE: Final = ("UTC",)
"""A clock that nobody lives by."""
_FIRST: Final = (Doubt.BESIDE, Doubt.ZONE)
"""Doubts that say more than any of the calendar."""
_FLIPPED: Final = {Side.BEFORE: Side.AFTER, Side.AFTER: Side.BEFORE}


@dataclass(frozen=True, slots=True)
class ReadWindow:
    """What was read. `window` lies ahead; with a `doubt` it is what we suggest. `words` are those that were read.

    `is_soon`: they want it as soon as possible. `rule`: where they named a window that comes again. `hours`: what they
    named of a day, in minutes since midnight, also where some of it is over. `zone`: whose clock they named.
    """

    window: Window
    words: str
    doubt: Doubt | None = None
    is_soon: bool = False
    rule: Rule | None = None
    hours: tuple[int, int] | None = None
    zone: ZoneInfo | None = None

    @property
    def sure(self) -> bool:
        """Whether it is confirmed, not asked back."""
        return self.doubt is None

    @property
    def suggestion(self) -> Window | None:
        """What to ask back with; None where it is sure."""
        return None if self.sure else self.window


@dataclass(frozen=True, slots=True)
class WindowWords:
    """Words about time of every language that has them, and what is left out when people speak of times."""

    rules: WindowRules = field(default_factory=WindowRules)
    languages: Mapping[str, LanguageWords] = field(default_factory=dict[str, LanguageWords])
    hints: Hints = field(default_factory=Hints)

    def language_of_wish(self, text: str) -> str | None:
        """The one language in which a sentence of `text` asks for a call and holds nothing else but times; None where
        there is none or more."""
        if not self.hints.has_call(text):
            return None
        found = [code for code, words in self.languages.items() if _asks_in(text[:WORDS_MAX], words)]
        return found[0] if len(found) == 1 else None

    def zone_in(self, text: str, *, language: str) -> str | None:
        """The one zone that is named in `text`, with a time or without, in words for zones or by its place."""
        words = self.languages.get(language)
        row = row_of(text, words) if words is not None else None
        items = items_of(row.lexemes, words.parts, is_24=words.is_24) if words is not None and row is not None else []
        keys = {item.said.key for item in items if isinstance(item.said, Zone)}
        found = zone_of_place(text) if not keys else keys.pop() if len(keys) == 1 else None
        return found if found not in NOWHERE else None

    def read(
        self, text: str, *, language: str, zone: ZoneInfo, now: datetime, is_asked: bool = False,
        promised: Window | None = None,
    ) -> ReadWindow | None:  # fmt: skip
        """The window in `text`; None where no time is wished for. `now` is aware, `zone` is the customer's.

        `is_asked`: we asked for a time, so that a time is a wish without a word of calling. `promised`: what "the same
        time" is. Linear in the text.
        """
        words = self.languages.get(language)
        if words is None:
            return None
        row = row_of(text, words)
        items = items_of(row.lexemes, words.parts, is_24=words.is_24)
        wish = _wish(_with_same(items, promised, zone), row, is_asked=is_asked)
        if wish is None:
            return None
        meaning, used, doubt = wish
        named, is_clear = _zone_of(items, used, row)
        doubt = doubt if is_clear or doubt is Doubt.BESIDE else Doubt.ZONE
        zone = named or zone
        found = placed(meaning, now=now, zone=zone, rules=self.rules)
        found = _around_exceptions(found, used, now=now, zone=zone, rules=self.rules) if not _timed(used) else found
        said = " ".join(row.text[item.start : item.end] for item in used)[:WORDS_MAX]
        return ReadWindow(
            found.window, said, doubt if doubt in _FIRST else found.doubt or doubt, meaning.is_soon, found.rule,
            found.hours, named,
        )  # fmt: skip


_OTHER_CLOCK: Final = re.compile(
    r"\s+(?:(?!PM|AM)[A-Z]{1,4}T\b|[A-Z]\w+(?: [A-Z]\w+)? time\b|(?:Uhr )?(?:\w+er Zeit|Ortszeit)\b|hora de\b)"
)
"""What names another clock right after a time: AEST, Sydney time, Moskauer Zeit, hora de Lima."""


def _zone_of(items: list[Item], used: list[Item], row: Row) -> tuple[ZoneInfo | None, bool]:
    """The zone that is named beside what is used, and whether that is clear: it is one that we know, and no other."""
    inside = {item.segment for item in used}
    keys = {
        item.said.key
        for before, item in pairwise(items)
        if isinstance(item.said, Zone) and ((item.follows and before.segment in inside) or item.segment in row.pure)
    }
    if keys:
        return ZoneInfo(min(keys)), len(keys) == 1
    times = [item for item in used if isinstance(item.said, Times)]
    return None, not any(_OTHER_CLOCK.match(row.text, item.end) for item in times)


def _with_same(items: list[Item], promised: Window | None, zone: ZoneInfo) -> list[Item]:
    """ "The same time tomorrow" are the hours that are promised; where none are, or no day is named, nothing."""
    if not any(isinstance(item.said, Same) for item in items):
        return items
    is_placed = any(isinstance(item.said, Ahead | Weekday | OnDate | Every) for item in items)
    if promised is None or not is_placed:
        return [item for item in items if not isinstance(item.said, Same)]
    first, last = (at.astimezone(zone) for at in (promised.start, promised.end))
    ends = [Clock(at.hour * 60 + at.minute, is_marked=True, is_exact=True) for at in (first, last)]
    same = Times(Side.BETWEEN, ends[0], ends[1])
    return [replace(item, said=same) if isinstance(item.said, Same) else item for item in items]


def _asks_in(text: str, words: LanguageWords) -> bool:
    row = row_of(text, words)
    items = items_of(row.lexemes, words.parts, is_24=words.is_24)
    return any(isinstance(item.said, Call) and item.segment in row.pure for item in items)


def _wish(
    items: list[Item], row: Row, *, is_asked: bool
) -> tuple[Meaning, list[Item], Doubt | None] | None:  # fmt: skip
    """What is wished for, by which items, and what is doubtful before any calendar is asked. A day that is over is one
    only where nothing else is said: as an answer to us, or with the words that ask for a call."""
    items = _flipped(items)
    ahead = _without_over(items)
    found = _wish_in(ahead, row, is_asked=is_asked)
    if found is not None or len(ahead) == len(items):
        return found
    return _wish_in([item for item in items if item.segment in row.pure], row, is_asked=is_asked)


def _without_over(items: list[Item]) -> list[Item]:
    """Without the days that are over, and the times that are said right beside them: what happened then is no wish."""
    gone: set[int] = set()
    for at, item in enumerate(items):
        if item.said == OVER:
            gone.add(at)
            gone |= {n for n, link in ((at - 1, at), (at + 1, at + 1)) if _is_time_of(items, n, link=link)}
    return [item for at, item in enumerate(items) if at not in gone] if gone else items


def _is_time_of(items: list[Item], at: int, *, link: int) -> bool:
    """Whether there is a time at a place of the row, without a word that we do not know before the item at `link`."""
    is_there = 0 <= at < len(items) and link < len(items)
    return is_there and isinstance(items[at].said, Times | DayPart) and items[link].follows


def _wish_in(
    items: list[Item], row: Row, *, is_asked: bool
) -> tuple[Meaning, list[Item], Doubt | None] | None:  # fmt: skip
    calls = {item.segment for item in items if isinstance(item.said, Call) and not item.is_not}
    elsewhere = {item.segment for item in items if isinstance(item.said, Happens)} - calls
    items = [item for item in items if item.segment not in elsewhere]
    items = _suited(items) if is_asked else items
    if not calls and not is_asked:
        return None
    used, doubt = _chosen([item for item in items if not isinstance(item.said, Call | Same | Zone)], items, row, calls,
                          is_asked=is_asked)  # fmt: skip
    if not used:
        return None
    suiting = _timed(used)
    if len(suiting) < len(used):
        doubt = doubt or Doubt.EXCEPT
    meaning, two = _meaning(suiting, has_or=any(isinstance(item.said, Or) for item in items))
    return meaning, used, Doubt.TWO if two else doubt


def _suited(items: list[Item]) -> list[Item]:
    """ "6 works better", where we asked for a time: that makes a time of the number."""
    suits = {item.segment for item in items if isinstance(item.said, Suits)}
    return [
        replace(item, said=replace(item.said, side=Side.AT))
        if isinstance(item.said, Times) and item.said.side is Side.BARE and item.segment in suits
        else item
        for item in items
    ]


def _flipped(items: list[Item]) -> list[Item]:
    """ "Do not call me before 3" asks for a call after 3; "do not call me" asks for none."""
    made: list[Item] = []
    refused: Item | None = None
    for item in items:
        if isinstance(item.said, Call):
            refused = item if item.is_not else None
        elif refused is not None and item.segment == refused.segment and isinstance(item.said, Times):
            side = _FLIPPED.get(item.said.side)
            if side is not None:
                made.append(replace(refused, is_not=False))
                item = replace(item, said=replace(item.said, side=side), is_not=False)  # noqa: PLW2901
                refused = None
        made.append(item)
    return made


def _chosen(
    others: list[Item], items: list[Item], row: Row, calls: set[int], *, is_asked: bool
) -> tuple[list[Item], Doubt | None]:  # fmt: skip
    """The items that say when: those of the sentence that asks, and of sentences that hold nothing but times."""
    suits = {item.segment for item in items if isinstance(item.said, Suits)}
    refusing = {item.segment for item in items if isinstance(item.said, Call) and item.is_not} - calls
    usable = [item for item in _telling(others, items, row, is_asked=is_asked) if item.segment not in refusing]
    wished = [item for item in usable if item.segment in calls or item.segment in row.pure]
    if wished and any(not isinstance(item.said, Ahead | Weekday | OnDate | NextWeek) for item in wished):
        return wished, None
    suiting = [item for item in usable if item.segment in calls | suits or item.segment in row.pure]
    if suiting:
        return suiting, None
    return usable, None if is_asked else Doubt.BESIDE


def _telling(others: list[Item], items: list[Item], row: Row, *, is_asked: bool) -> list[Item]:
    """Without bare numbers that are hardly times: of a room, of an invoice."""
    before = {id(item): items[at - 1].said if at else None for at, item in enumerate(items)}
    kept: list[Item] = []
    for item in others:
        match item.said:
            case Or() | Suits():
                continue
            case Times(side=Side.BARE) | Times(side=Side.BETWEEN, first=_, last=_) if not _is_marked(item.said):
                is_digit = row.text[item.start].isdigit() or item.said.side is Side.BETWEEN
                is_meant = item.follows and isinstance(
                    before[id(item)], Call | Ahead | Weekday | OnDate | Every | Or | Times
                )
                if (is_digit and is_meant) or (is_asked and item.segment in row.pure):
                    kept.append(item)
            case _:
                kept.append(item)
    return kept


def _is_marked(times: Times) -> bool:
    return times.first.is_marked or (times.last is not None and times.last.is_marked)


def _timed(items: Iterable[Item]) -> list[Item]:
    return [item for item in items if not item.is_not]


def _meaning(items: list[Item], *, has_or: bool) -> tuple[Meaning, bool]:
    """One meaning of all items, and whether there are two at once: then it is the first."""
    times, two = _times(items)
    days = tuple(
        dict.fromkeys(item.said for item in items if isinstance(item.said, Ahead | Weekday | OnDate | NextWeek))
    )
    parts = _narrowest(list(dict.fromkeys(item.said for item in items if isinstance(item.said, DayPart))))
    every = [item.said for item in items if isinstance(item.said, Every)]
    relative = list(dict.fromkeys(item.said for item in items if isinstance(item.said, In)))
    is_soon = any(isinstance(item.said, Soon) for item in items)
    two = two or len(parts) > 1 or len(set(every)) > 1 or len(relative) > 1 or bool(every and days)
    is_timed = bool(times or parts or days or every or relative)
    if relative and (times or parts or every or days):
        two = True
    if is_soon and is_timed and has_or:
        two = True
    if relative and isinstance(items[0].said, In):
        return Meaning(relative=relative[0]), two
    meaning = Meaning(days if not every else (), times, parts[0] if parts else None, every[0] if every else None,
                      relative[0] if relative and not (times or parts or days or every) else None,
                      is_soon=is_soon and not is_timed)  # fmt: skip
    return meaning, two


def _narrowest(parts: list[DayPart]) -> list[DayPart]:
    """ "First thing in the morning": of a part within another only that is meant."""
    if len(parts) != 2 or any(part.side is not Side.AT for part in parts):
        return parts
    inner, outer = sorted(parts, key=lambda one: one.part.end - one.part.start)
    is_inside = outer.part.start <= inner.part.start and inner.part.end <= outer.part.end
    return [inner] if is_inside else parts


def _times(items: list[Item]) -> tuple[Times | None, bool]:
    found = [(item, item.said) for item in items if isinstance(item.said, Times)]
    said = list(dict.fromkeys(times for _, times in found))
    if len(said) == 2 and len(found) == 2 and found[1][0].follows:
        sides = {times.side: times.first for times in said}
        if sides.keys() == {Side.AFTER, Side.BEFORE}:
            return Times(Side.BETWEEN, sides[Side.AFTER], sides[Side.BEFORE]), False
    return (said[0] if said else None), len(said) > 1


def _around_exceptions(
    found: Placed, used: list[Item], *, now: datetime, zone: ZoneInfo, rules: WindowRules
) -> Placed:  # fmt: skip
    """Only what does not suit was said: the first whole day ahead that is not one of those."""
    refused = [item.said for item in used]
    for ahead in range(1, 9):
        option = placed(Meaning((Ahead(ahead),)), now=now, zone=zone, rules=rules)
        day = option.window.start.astimezone(zone).weekday()
        if Ahead(ahead) not in refused and not any(isinstance(one, Weekday) and one.day == day for one in refused):
            return replace(option, doubt=Doubt.EXCEPT)
    return replace(found, doubt=Doubt.EXCEPT)
