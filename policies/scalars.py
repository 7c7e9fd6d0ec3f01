"""What one written value means: whole numbers, shares, yes or no, durations, names.

Each function gives the value, or None when the text does not say such a value; `hint_for` then says what was probably
meant. Nothing is rounded, padded or guessed: `010` is no number, `12:30` is no duration, `60` has no unit.
"""

import re
from typing import Final

_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,11})", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,8})(?:\.[0-9]{1,6})?", re.ASCII)
_DURATION: Final = re.compile(r"([0-9]{1,7}) ?(seconds?|s|minutes?|min|hours?|h|days?|d)(?![a-z])", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,58}[a-z0-9])?", re.ASCII)
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}", re.ASCII)
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_YES_NO: Final = {"yes": True, "no": False, "true": True, "false": False, "on": True, "off": False}

DURATION_FORM: Final = 'a number with its unit, such as "60 s", "5 min", "1 h" or "2 days"'
NAME_FORM: Final = "a name of small letters, digits and dashes, such as general"


def whole(text: str) -> int | None:
    """-3, 0, 12; not 010, 1_000, 0x10 or 1.0."""
    return int(text) if _WHOLE.fullmatch(text) else None


def decimal(text: str) -> float | None:
    """2, 0.5; not .5, 1e3, inf or nan."""
    return float(text) if _DECIMAL.fullmatch(text) else None


def yes_no(text: str) -> bool | None:
    """yes, no, true, false, on or off, in any case."""
    return _YES_NO.get(text.casefold())


def seconds(text: str) -> int | None:
    """Seconds of '60 s', '5 min', '1 h', '2 days', '1 h 30 min'."""
    total, rest = 0, text.strip()
    while rest:
        part = _DURATION.match(rest)
        if part is None:
            return None
        total += int(part[1]) * _UNITS[part[2][0]]
        after = rest[part.end() :]
        if after and not after.startswith(" "):
            return None
        rest = after.strip()
    return total if text.strip() else None


def name(text: str) -> str | None:
    """heating, heating-errors, tier_2; at most 60 characters."""
    return text if _NAME.fullmatch(text) else None


def number_hint(text: str) -> str | None:
    """What a number was probably meant to be: 10 for 010 or 1_0."""
    plain = text.replace("_", "").replace(",", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) < 12):
        return None
    return str(int(plain)) if str(int(plain)) != text else None


def duration_hint(text: str) -> str | None:
    """What a duration was probably meant to be: '12 min 30 s' for 12:30, '60 s' for 60."""
    if _CLOCK.fullmatch(text):
        first, second = text.split(":")
        return f'"{int(first)} min {int(second)} s" or "{int(first)} h {int(second)} min"'
    number = whole(text)
    return f'"{number} s" or "{number} min"' if number is not None and number > 0 else None
