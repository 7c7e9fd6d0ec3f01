"""What is never kept of what people and devices tell: card numbers (PCI DSS 3.3) and things named as secrets.

Its one rule: it takes out before anything is written, and leaves a mark where something was. Linear in the text.
"""

import re

CARD_MARK = "[card number removed]"
SECRET_MARK = "[removed]"
CARD_DIGITS = (13, 19)

SEPARATORS = " \\-.\\u00a0\\u2010-\\u2015\\u2212"
_FEW = re.compile(rf"\d[{SEPARATORS}]{{0,2}}\d[{SEPARATORS}]{{0,2}}\d")
"""What has not even three figures together is not looked at further."""
_GROUPED = re.compile(rf"\d+(?:[{SEPARATORS}]{{1,2}}\d+)*")
"""Cards are written in one piece, in groups of three to six, or figure by figure."""
GROUP_MIN = 3
_CODE = re.compile(
    r"(\b(?:cvv2?|cvc2?|csc|cid|card verification code|security code|kartenprüfnummer|prüfnummer|prüfziffer"
    r"|sicherheitscode|c[oó]digo de seguridad)\b(?:\s{0,3}(?:is|ist|lautet|es|[=:#-]))?\s{0,3})\d{3,4}(?!\d)",
    re.IGNORECASE,
)
"""A security code by its name."""
_AFTER_CARD = re.compile(
    r"(\[card number removed\][\s,;/|-]{0,3}(?:(?:exp\w{0,8}|valid\w{0,8}|gültig bis|cad\w{0,8})\W{0,3})?"
    r"(?:\d{1,2}\s?[/-]\s?\d{2,4}[\s,;/|-]{1,3})?)\d{3,4}(?!\d)",
    re.IGNORECASE,
)
"""Three or four figures right after a card number, or after its date."""
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


def without_cards(text: str) -> str:
    """`text` without card numbers: 13 to 19 digits, alone or in groups, with a right check digit (ISO/IEC 7812-1); and
    without security codes. It is the same object where nothing was taken out.

    >>> without_cards("4111-1111-1111-1111 12/27 123"), without_cards("the CVV is 123")
    ('[card number removed] 12/27 [removed]', 'the CVV is [removed]')
    """
    if not _FEW.search(text):
        return text
    kept = _GROUPED.sub(_without_cards, text)
    if kept != text:
        kept = _AFTER_CARD.sub(rf"\1{SECRET_MARK}", kept)
    kept = _CODE.sub(rf"\1{SECRET_MARK}", kept)
    return text if kept == text else kept


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
    digits, sizes = "", set[int]()
    for at in range(first, min(first + most, len(groups))):
        start, end = groups[at]
        sizes.add(end - start)
        if len(digits) + end - start > most or (min(sizes) < GROUP_MIN and len(sizes) > 1):
            return None
        digits += run[start:end]
        if len(digits) >= least and _is_checked(digits):
            return at
    return None


def _is_checked(digits: str) -> bool:
    """Luhn's formula (ISO/IEC 7812-1, annex B). All zeros satisfy it and are nobody's card."""
    doubled = [int(d) * (1 + at % 2) for at, d in enumerate(reversed(digits))]
    return any(doubled) and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
