"""The case reference that people speak and type: six digits or more, the last of all a Luhn check digit (`48-2196-3`).

A reference alone is weak evidence; it identifies, it never opens anything.
"""

SPREAD = 618_033  # odd, not a multiple of 5: a step that visits every number below a power of ten exactly once
DIGITS_MIN = 6
DOUBLED = str.maketrans("0123456789", "0246813579")


def reference_of(number: int, *, offset: int) -> str:
    """The reference of the `number`-th case (from 0), scattered so that neighbours look unalike. `offset` is the
    instance's own start. Six digits carry a million cases; the next ones get seven, and so on."""
    width, first = DIGITS_MIN, 0
    while number - first >= 10**width:
        first += 10**width
        width += 1
    digits = f"{((number - first) * SPREAD + offset) % 10**width:0{width}d}"
    return f"{digits[:-4]}-{digits[-4:]}-{luhn_digit(digits)}"


def number_of(reference: str, *, offset: int) -> int:
    """The number that `reference_of` made this reference from.

    >>> number_of(reference_of(2_000_000, offset=77), offset=77)
    2000000
    """
    digits = reference.replace("-", "")[:-1]
    turn: int = 10 ** len(digits)
    first = sum(10**width for width in range(DIGITS_MIN, len(digits)))
    return (int(digits) - offset) * pow(SPREAD, -1, turn) % turn + first


def luhn_digit(digits: str) -> str:
    """The check digit of ISO/IEC 7812-1 annex B: finds every single wrong digit and most swapped neighbours."""
    total = sum(map(int, digits[-1::-2].translate(DOUBLED))) + sum(map(int, digits[-2::-2]))
    return str(-total % 10)


def normalised_reference(text: str) -> str | None:
    """`48 2196 3`, `4821963` and `48-2196-3` as the last; None when it is none or its check digit is wrong."""
    digits = "".join(c for c in text if c in "0123456789")
    if len(digits) <= DIGITS_MIN or any(c not in "0123456789 -./#" for c in text):
        return None
    body, check = digits[:-1], digits[-1]
    return f"{body[:-4]}-{body[-4:]}-{check}" if luhn_digit(body) == check else None
