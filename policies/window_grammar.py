"""The grammar of times in free words: a row of lexemes to what is said in it about days, times and rules.

Its one rule: it goes through the row once and looks a few lexemes ahead, never back; what it cannot read it passes
over. It knows no calendar and no present: "tomorrow at 3" stays one day ahead, three o'clock.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

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
    Said,
    Same,
    Side,
    Soon,
    Suits,
    Times,
    Weekday,
    Zone,
)
from policies.window_words import DAYS, MONTHS, NO_TIME, NUMBERS, PART, ZONE, Lexeme, Part

OVER: Final = Ahead(-1)
"""Whichever day it was: it is over."""
EVERY_DAY: Final = frozenset(range(7))
WORKDAYS: Final = frozenset(range(5))
WEEKEND: Final = frozenset((5, 6))

EACH: Final = tuple(f"each-{day}" for day in DAYS)

_WORDS: Final = (
    ("soon", Soon()), ("same", Same()), ("call", Call()), ("or", Or()), ("suits", Suits()), ("happens", Happens()),
)  # fmt: skip
_PREPOSITIONS: Final = frozenset(("after", "before", "between", "around", "at", "on", "in"))
_SHIFTS: Final = {"half-past": 30, "quarter-past": 15, "half-to": -30, "quarter-to": -15}
_TAILS: Final = {"plus-half": 30, "plus-quarter": 15, "minus-quarter": -15}
_UNITS: Final = {"minutes": 1, "hours": 60}
_ROUND_MINUTES: Final = (5, 10, 20, 25)
_HOURS: Final = {"half-hour": 30, "hour-and-half": 90}


def items_of(
    lexemes: tuple[Lexeme, ...], parts: Mapping[str, Part] | None = None, *, is_24: bool = False
) -> list[Item]:
    """Everything that is said about times and calls, in its order."""
    return list(_Reader(lexemes, parts or {}, is_24=is_24).items())


class _Reader:
    """Goes through the row. Each reader of a thing gives it with where it ends, or None."""

    def __init__(self, lexemes: tuple[Lexeme, ...], parts: Mapping[str, Part], *, is_24: bool) -> None:
        self._row = lexemes
        self._parts = parts
        self._is_24 = is_24
        self._last: Said | None = None

    def items(self) -> Iterator[Item]:
        at, is_not, is_since, follows = 0, False, False, False
        while at < len(self._row):
            here = self._row[at]
            if at and here.segment != self._row[at - 1].segment:
                is_not = is_since = False
            read = self._said(at)
            if read is None:
                follows = follows and not here.is_unknown
                is_not = (is_not and not here.is_unknown) or here.has("not")
                is_since = (is_since and not here.is_unknown) or here.has("since")
                self._last = None if here.is_unknown else self._last
                at += 1
                continue
            said, end = read
            if not is_since:
                yield Item(said, here.start, self._row[end - 1].end, here.segment, is_not, follows)
                follows = True
                part = self._part_of(at, is_after_day=False) if isinstance(said, Ahead) else None
                if part is not None:  # tonight
                    yield Item(DayPart(part), here.start, here.end, here.segment, is_not, follows)
            is_not = is_not and isinstance(said, Call)
            self._last = said
            at = end

    def _said(self, at: int) -> tuple[Said, int] | None:
        here = self._row[at]
        if here.is_unknown:
            return None
        for read in (self._relative, self._every, self._day, self._times, self._part):
            if (found := read(at)) is not None:
                return found
        if here.has("call-first") and not here.has("call") and self._is_first(at):
            return Call(), at + 1
        for meaning, said in _WORDS:
            if here.has(meaning):
                return said, at + 1
        zone = next((meaning for meaning in here.means if meaning.startswith(ZONE)), None)
        return (Zone(zone.removeprefix(ZONE)), at + 1) if zone is not None else None

    def _is_first(self, at: int) -> bool:
        return at == 0 or self._row[at - 1].segment != self._row[at].segment

    def _at(self, at: int) -> Lexeme:
        return self._row[at] if at < len(self._row) else _NOTHING

    # --- days ---------------------------------------------------------------------------------------------------------

    def _every(self, at: int) -> tuple[Said, int] | None:
        here = self._row[at]
        named = here.has("every")
        one = self._at(at + 1) if named else here
        end = at + 1 + named
        if one.has("weekdays"):
            return Every(WORKDAYS), end
        if one.has("weekend") and named:
            return Every(WEEKEND), end
        if named and one.has("days"):
            return Every(EVERY_DAY), end
        each = _index(one, EACH)
        day = _index(one, DAYS)
        if each is not None or (named and day is not None):
            return Every(frozenset((each if each is not None else day or 0,))), end
        if named and self._part_of(at + 1, is_after_day=True):
            return Every(EVERY_DAY), at + 1
        last = _index(self._at(at + 2), DAYS)
        if not named and day is not None and last is not None and self._at(at + 1).has("to") and day < last:
            return Every(frozenset(range(day, last + 1))), at + 3
        return None

    def _day(self, at: int) -> tuple[Said, int] | None:
        here, start = self._row[at], at
        is_on = here.has("on")
        if is_on:
            at += 1
        is_next = self._at(at).has("next")
        if is_next or self._at(at).has("this"):
            at += 1
        one = self._at(at)
        if is_next and one.has("week"):
            return NextWeek(), at + 1
        if (day := _index(one, DAYS)) is not None:
            trails = not is_next and self._at(at + 1).has("next")
            return Weekday(day, is_next or trails), at + 1 + trails
        if at - start > is_on:
            return None
        if one.date is not None:
            year, month, day = one.date
            return OnDate(year, month, day), at + 1
        for meaning, days in (("today", 0), ("after-tomorrow", 2), ("over", OVER.days)):
            if one.has(meaning):
                return Ahead(days), at + 1
        if one.has("tomorrow") and not (self._is_part(one) and (is_on or self._is_after_day())):
            return Ahead(1), at + 1
        return self._date(at, is_on=is_on)

    def _date(self, at: int, *, is_on: bool) -> tuple[Said, int] | None:
        one, end = self._at(at), at + 1
        if (month := _index(one, MONTHS)) is not None:  # May 3rd
            day = _number(self._at(end))
            ordinal = self._at(end + 1).has("ordinal")
            return (OnDate(None, month + 1, day), end + 1 + ordinal) if day else None
        number = _number(one)
        if not number:
            return None
        is_ordinal = self._at(end).has("ordinal")
        end += is_ordinal
        if self._at(end).has("of"):
            end += 1
        if (month := _index(self._at(end), MONTHS)) is not None:  # 3 May
            return OnDate(None, month + 1, number), end + 1
        if number > 31:
            return None
        end = at + 1 + is_ordinal
        is_clock = self._at(end).has("oclock", "am", "pm") or one.minutes is not None
        is_date = is_ordinal or (is_on and one.number is not None)
        return (OnDate(None, None, number), end) if is_date and not is_clock else None

    def _is_after_day(self) -> bool:
        return isinstance(self._last, Ahead | Weekday | Every | OnDate)

    # --- times --------------------------------------------------------------------------------------------------------

    def _relative(self, at: int) -> tuple[Said, int] | None:
        here = self._row[at]
        is_within = here.has("within")
        if not is_within and not here.has("in"):
            return None
        at += 1
        is_around = self._at(at).has("around")
        at += is_around
        one = self._at(at)
        for meaning, minutes in _HOURS.items():
            if one.has(meaning):
                return In(minutes, is_within, is_around), at + 1
        number = 1 if one.has("a") else _number(one)
        unit = self._at(at + 1)
        if is_within and number is None and one.has("hours"):
            number, unit, at = 1, one, at - 1
        if not number:
            return None
        end = at + 2
        for meaning, minutes in _UNITS.items():
            if unit.has(meaning):
                tail = self._at(end)
                extra = 30 if meaning == "hours" and tail.has("plus-half") else 0
                return In(number * minutes + extra, is_within, is_around), end + bool(extra)
        if unit.has("days") and not is_within:
            return Ahead(number), end
        if unit.has("weeks", "week") and not is_within:
            return Ahead(7 * number), end
        return None

    def _times(self, at: int) -> tuple[Said, int] | None:
        start, prepositions = at, set[str]()
        while at - start < 3 and not (prepositions and self._row[at : at + 1] == ()):
            found = self._at(at).means & _PREPOSITIONS
            if not found or (at > start and self._clock(at) is not None):
                break
            prepositions |= found
            at += 1
        first = self._clock(at, is_at=bool(prepositions), is_between="between" in prepositions)
        if first is None or (first[0].is_none and prepositions == {"around"}):  # "about the 25:00 error"
            return None
        clock, at = first
        joins = ("to", "and") if "between" in prepositions else ("to",)
        if self._at(at).has(*joins):
            after = at + 1
            after += self._at(after).has("at", "around") and self._clock(after) is None
            if (second := self._clock(after, is_between=True)) is not None:
                marked = replace(clock, is_marked=clock.is_marked or bool(prepositions))
                return Times(Side.BETWEEN, marked, second[0]), second[1]
        if self._at(at).has("around") and not prepositions & {"after", "before"} and self._clock(at + 1) is None:
            return Times(Side.AROUND, clock), at + 1
        return Times(_side(prepositions, clock), clock), at

    def _clock(self, at: int, *, is_at: bool = False, is_between: bool = False) -> tuple[Clock, int] | None:
        one = self._at(at)
        is_hour_over = is_at and one.number is not None and one.number > 24 and self._at(at + 1).has("oclock")
        if one.has(NO_TIME) or is_hour_over:  # 25:00, um 25 Uhr
            if not is_at:
                return None
            found, end = self._marked(at + 1, (one.number or 0) % 12 * 60, one, is_marked=True)
            return replace(found, half="", is_exact=False, is_none=True), end
        if one.has("noon"):
            return Clock(12 * 60, "pm", is_marked=True, is_exact=True), at + 1
        for meaning, shift in _SHIFTS.items():
            hour = _hour(self._at(at + 1))
            if one.has(meaning) and hour is not None and one.number is None:
                return self._marked(at + 2, hour * 60 + shift, self._at(at + 1), is_marked=True)
        if one.minutes is not None:
            return self._marked(at + 1, one.minutes, one, is_marked=True)
        if (found := self._minutes_first(at, is_at=is_at)) is not None:
            return found
        hour = 1 if one.has("a") and self._at(at + 1).has("oclock") and not one.has("1") else _hour(one)
        if hour is None or self._at(at + 1).has("minutes", "days", "weeks"):
            return None
        return self._hour_first(at, hour, is_between=is_between)

    def _minutes_first(self, at: int, *, is_at: bool) -> tuple[Clock, int] | None:
        """Ten past four, zehn vor fünf, at ten to five."""
        number, middle, hour = _number(self._at(at)), self._at(at + 1), _hour(self._at(at + 2))
        if number is None or hour is None or number >= 60:
            return None
        if middle.has("minutes-past"):
            return self._marked(at + 3, hour * 60 + number, self._at(at + 2), is_marked=True)
        is_round = is_at and number in _ROUND_MINUTES and self._row[at].number is None and not self._is_24
        if middle.has("minutes-to") or (is_round and middle.has("to")):
            return self._marked(at + 3, hour * 60 - number, self._at(at + 2), is_marked=True)
        return None

    def _hour_first(self, at: int, hour: int, *, is_between: bool) -> tuple[Clock, int] | None:
        one, end, minutes = self._at(at), at + 1, hour * 60
        for meaning, shift in _TAILS.items():
            if self._at(end).has(meaning):
                return self._marked(end + 1, minutes + shift, one, is_marked=True)
        more = _number(self._at(end + 1))
        if more is not None and 0 < more < 60 and self._at(end).has("minus"):
            return self._marked(end + 2, minutes - more, one, is_marked=True)
        if more is not None and 0 < more < 60 and self._at(end).has("plus") and not is_between:
            return self._marked(end + 2, minutes + more, one, is_marked=True)
        if one.number is None and not is_between and (more := _number(self._at(end))) in (15, 20, 25, 30, 40, 45):
            return self._marked(end + 1, minutes + more, one, is_marked=True)  # four thirty
        return self._marked(end, minutes, one, is_marked=False)

    def _marked(self, at: int, minutes: int, hour: Lexeme, *, is_marked: bool) -> tuple[Clock, int]:
        """The time with what follows it: Uhr, o'clock, am, pm, de la tarde."""
        half, is_clock = "", False
        if self._at(at).has("oclock"):
            is_clock = True
            at += 1
            more = self._at(at)
            if more.number is not None and minutes % 60 == 0 and more.number < 60:  # 15 Uhr 30
                minutes, at = minutes + more.number, at + 1
        if self._at(at).has("am", "pm"):
            half = "am" if self._at(at).has("am") else "pm"
            at += 1
        is_read_as_is = self._is_24 and (is_clock or hour.minutes is not None) and minutes >= 6 * 60
        is_exact = hour.is_padded or minutes >= 12 * 60 or is_read_as_is or 0 <= minutes < 60
        return Clock(minutes % (24 * 60), half, is_marked or is_clock or bool(half), is_exact), at

    # --- parts of the day ---------------------------------------------------------------------------------------------

    def _part(self, at: int) -> tuple[Said, int] | None:
        side = Side.AT
        if self._row[at].has("after", "before") and (part := self._part_of(at + 1, is_after_day=True)) is not None:
            return DayPart(part, Side.AFTER if self._row[at].has("after") else Side.BEFORE), at + 2
        skipped = self._row[at].has("on", "in", "at", "this", "around", "every") and not self._is_part(self._row[at])
        part = self._part_of(at + skipped, is_after_day=skipped or self._is_after_day())
        return (DayPart(part, side), at + 1 + skipped) if part is not None else None

    def _part_of(self, at: int, *, is_after_day: bool) -> Part | None:
        one = self._at(at)
        name = next((meaning for meaning in one.means if meaning.startswith(PART)), None)
        if name is None or (one.has("tomorrow") and not is_after_day):
            return None
        return self._parts.get(name.removeprefix(PART))

    def _is_part(self, one: Lexeme) -> bool:
        return any(meaning.startswith(PART) for meaning in one.means)


_NOTHING: Final = Lexeme(0, 0)


def _side(prepositions: set[str], clock: Clock) -> Side:
    for meaning in (Side.AROUND, Side.AFTER, Side.BEFORE):
        if meaning in prepositions:
            return meaning
    return Side.AT if prepositions & {"at", "between", "in"} or clock.is_marked else Side.BARE


def _index(one: Lexeme, names: tuple[str, ...]) -> int | None:
    return _index_in(one.means, names) if one.means else None


@lru_cache(maxsize=2_048)
def _index_in(means: frozenset[str], names: tuple[str, ...]) -> int | None:
    """A language has few meanings, and each word of a text is asked for them several times."""
    return next((at for at, name in enumerate(names) if name in means), None)


def _number(one: Lexeme) -> int | None:
    """The number of digits or of a word."""
    if one.has(NO_TIME):
        return None
    if one.number is not None:
        return one.number
    return _number_in(one.means) if one.means else None


@lru_cache(maxsize=2_048)
def _number_in(means: frozenset[str]) -> int | None:
    return next((int(meaning) for meaning in means if meaning in NUMBERS), None)


def _hour(one: Lexeme) -> int | None:
    number = _number(one)
    return number if number is not None and number <= 24 else None
