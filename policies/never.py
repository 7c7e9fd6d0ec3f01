"""Conditions that can never be true, found when a policy is read: a rule that waits for one decides nothing.

Its one rule: nothing is called impossible that might be true. What an expression (`cel`) says is not looked into,
except for facts that nobody gives there.
"""

from collections.abc import Iterator
from typing import Final

from policies.conditions import AllOf, AnyOf, Between, Condition, HoursAre, Not, OneOf, Says
from policies.facts import Fact

WAYS_MAX: Final = 200
"""A condition with more ways to become true is not looked into further: one of them will do."""

PARTS_MAX: Final = 50
"""Of more parts that must all be true only so many are held against each other."""

_Way = tuple[Condition, ...]


def never(condition: Condition, *, unknown: frozenset[str] = frozenset()) -> str | None:
    """Why a condition can never be true; None where it may be. `unknown`: facts that are not given where it stands."""
    why: str | None = None
    for count, way in enumerate(_ways(condition)):
        why = _contradiction(way, unknown)
        if why is None or count >= WAYS_MAX:
            return None
    return why


def _ways(condition: Condition) -> Iterator[_Way]:
    """The sets of simple conditions any of which makes it true."""
    match condition:
        case AllOf():
            yield from _together(condition.parts[:PARTS_MAX])
        case AnyOf():
            for part in condition.parts:
                yield from _ways(part)
        case _:
            yield (condition,)


def _together(parts: tuple[Condition, ...]) -> Iterator[_Way]:
    if not parts:
        yield ()
        return
    for way in _ways(parts[0]):
        for rest in _together(parts[1:]):
            yield way + rest


def _contradiction(way: _Way, unknown: frozenset[str]) -> str | None:
    values: dict[str, frozenset[Fact]] = {}
    ranges: dict[str, tuple[float, float]] = {}
    hours: dict[str, bool] = {}
    for part in way:
        match part:
            case OneOf():
                values[part.fact] = values.get(part.fact, part.values) & part.values
                if not values[part.fact]:
                    return f"no {part.fact} is all of what is asked for"
            case Between():
                low, high = ranges.get(part.fact, (part.low, part.high))
                low, high = max(low, part.low), min(high, part.high)
                ranges[part.fact] = (low, high)
                if low > high:
                    return f"no {part.fact} lies within all the limits"
            case HoursAre():
                if hours.setdefault(part.hours.name, part.open) is not part.open:
                    return f"hours {part.hours.name} cannot be open and closed at once"
                if part.hours.is_always != part.open and (part.hours.is_always or part.hours.is_never):
                    return f"hours {part.hours.name} are {'always open' if part.hours.is_always else 'never open'}"
            case Says() if missing := _missing(part, unknown):
                return f"nothing says {missing} here"
            case Not() if any(str(part.part) == str(other) for other in way):
                return f"it asks for {part.part}, and for not that"
            case Not() if isinstance(part.part, AllOf) and not part.part.parts:
                return "it asks that nothing be true"
            case _:
                pass
    return None


def _missing(part: Says, unknown: frozenset[str]) -> str | None:
    """A fact that an expression needs and nobody gives; where it has another way to be true, it may be."""
    source = part.expression.source
    if "||" in source or "?" in source:
        return None
    return min(unknown.intersection(part.expression.program.variables()), default=None)
