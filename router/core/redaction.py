"""What is never kept of what people and devices tell: card numbers (PCI DSS 3.3) and things named as secrets.

Its one rule: it takes out before anything is written, and leaves a mark where something was. Linear in the text.
"""

import re

CARD_MARK = "[card number removed]"
SECRET_MARK = "[removed]"
CARD_DIGITS = (13, 19)

ADDRESS_MARK = "[address]"
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']{1,200}@[^\s<>()\[\],;:\"']{1,255}|\+\d(?:[ ().-]?\d){6,20}|\b\d{7,20}\b")
"""Mail addresses, numbers with a plus, and long ones without."""
_GROUPED = re.compile(r"\d{3,}(?:[ -]\d{3,})*")
"""Cards are written in one piece or in groups of three to six."""
_GROUP = re.compile(r"\d+")
_SECRET = re.compile(r"passw(?:or)?d|token|secret|authorization", re.IGNORECASE)
_SAID = re.compile(
    r"((?:passw(?:or)?d|token|secret|authorization)[\w-]{0,40}[\"']?\s{0,3}[=:]\s{0,3}[\"']?(?:bearer |basic )?)"
    r"[^\s&;,\"']+",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Whether something of this name is not to be kept at all.

    >>> is_secret("accessToken"), is_secret("model")
    (True, False)
    """
    return _SECRET.search(name) is not None


def redacted(text: str) -> str:
    """`text` without card numbers, and without what stands behind a secret's name.

    >>> redacted("card 4111 1111 1111 1111, 12/27")
    'card [card number removed], 12/27'
    >>> redacted("https://shop.example/?token=abc123&page=2")
    'https://shop.example/?token=[removed]&page=2'
    """
    return _SAID.sub(rf"\1{SECRET_MARK}", without_cards(text))


def without_addresses(text: str) -> str:
    """What a provider or a mail server said of a failure, without whom it was about: it stands in the log for good.

    >>> without_addresses("550 5.1.1 <mia@customer.example>: User unknown")
    '550 5.1.1 <[address]>: User unknown'
    >>> without_addresses("21211 The number +12125550142 is not valid")
    '21211 The number [address] is not valid'
    """
    return _ADDRESS.sub(ADDRESS_MARK, text)


def without_cards(text: str) -> str:
    """`text` without card numbers: 13 to 19 digits, alone or in groups, with a right check digit (ISO/IEC 7812-1)."""
    return _GROUPED.sub(_without_cards, text)


def _without_cards(found: re.Match[str]) -> str:
    """One run of groups of digits: whole groups that together are a card number go."""
    run = found[0]
    groups = [(m.start(), m.end()) for m in _GROUP.finditer(run)]
    kept, done, first = list[str](), 0, 0
    while first < len(groups):
        last = _card_from(run, groups, first)
        if last is None:
            first += 1
            continue
        kept += [run[done : groups[first][0]], CARD_MARK]
        done, first = groups[last][1], last + 1
    return "".join([*kept, run[done:]])


def _card_from(run: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """The last group of the card number that begins with group `first`, if one does."""
    least, most = CARD_DIGITS
    digits = ""
    for at in range(first, min(first + most, len(groups))):
        start, end = groups[at]
        if len(digits) + end - start > most:
            return None
        digits += run[start:end]
        if len(digits) >= least and _is_checked(digits):
            return at
    return None


def _is_checked(digits: str) -> bool:
    """Luhn's formula (ISO/IEC 7812-1, annex B). All zeros satisfy it and are nobody's card."""
    doubled = [int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits))]
    return any(doubled) and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
