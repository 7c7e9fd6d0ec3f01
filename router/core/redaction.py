"""What is never kept of what people and devices tell: card numbers (PCI DSS 3.3) and things named as secrets.

Its one rule: it takes out before anything is written, and leaves a mark where something was. Linear in the text.
"""

import re
from bisect import bisect_left

CARD_MARK = "[card number removed]"
SECRET_MARK = "[removed]"
CARD_DIGITS = (13, 19)

ADDRESS_MARK = "[address]"
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']{1,200}@[^\s<>()\[\],;:\"']{1,255}|\+\d(?:[ ().-]?\d){6,20}|\b\d{7,20}\b")
"""Mail addresses, numbers with a plus, and long ones without."""
SEPARATORS = " \\-.\\u00a0\\u2010-\\u2015\\u2212"
_FIGURE = re.compile(r"\d")
_GROUPED = re.compile(rf"\d+(?:[{SEPARATORS}]{{1,2}}\d+)*")
"""Cards are written in one piece, in groups of three to six, or figure by figure."""
_SHORTEST = b"0" * CARD_DIGITS[0]
_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_APART = b" -." + bytes(range(0x80, 0x100))
_ODD_FIGURE = re.compile(r"[^\x00-\x7F\D]")
"""A digit that is none of ASCII's."""
GROUP_MIN = 3
_CODE = re.compile(
    r"(\b(?:cvv2?|cvc2?|csc|cid|card verification code|security code|kartenprüfnummer|prüfnummer|prüfziffer"
    r"|sicherheitscode|c[oó]digo de seguridad)\b(?:\s{0,3}(?:is|ist|lautet|es|[=:#-]))?\s{0,3})\d{3,4}(?!\d)",
    re.IGNORECASE,
)
"""A security code by its name."""
_AFTER_CARD = re.compile(
    r"(\[card number removed\][\s,;/|-]{0,3}(?:(?:exp\w{0,8}|valid\w{0,8}|gültig bis|cad\w{0,8})\W{0,3})?"
    r"(?:\d{1,2}\s?[/-]\s?\d{2,4}[\s,;/|-]{1,3})?"
    r"(?:(?:(?:and|with|und|mit|y|con)\s)?(?:(?:the|my|der|dem|mein|el)\s)?(?:pin\s?)?"
    r"(?:code|c[oó]digo|pin)(?:\s(?:is|ist|lautet|es))?\W{1,3})?)\d{3,4}(?!\d)",
    re.IGNORECASE,
)
"""Three or four figures right after a card number, or after its date, with no more than a word for a code between."""
_GROUP = re.compile(r"\d+")
DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
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
    """`text` without card numbers: 13 to 19 digits, alone or in groups, with a right check digit (ISO/IEC 7812-1); and
    without security codes. It is the same object where nothing was taken out.

    >>> without_cards("4111-1111-1111-1111 12/27 123"), without_cards("the CVV is 123")
    ('[card number removed] 12/27 [removed]', 'the CVV is [removed]')
    """
    if _FIGURE.search(text) is None:  # most texts end here
        return text
    kept = text
    if _may_have_card(text) and (kept := _GROUPED.sub(_without_cards, text)) != text:
        kept = _AFTER_CARD.sub(rf"\1{SECRET_MARK}", kept)
    small = text.casefold()
    if "cv" in small or "code" in small or "csc" in small or "cid" in small or "prüf" in small or "digo" in small:
        kept = _CODE.sub(rf"\1{SECRET_MARK}", kept)
    return text if kept == text else kept


def _may_have_card(text: str) -> bool:
    """Whether as many digits stand together as the shortest card has, with anything between them that may: a quick
    look, with which most texts are done."""
    if not text.isascii() and _ODD_FIGURE.search(text) is not None:
        return True
    return _SHORTEST in text.encode("utf-8", "replace").translate(_ZEROS, _APART)


def _without_cards(found: re.Match[str]) -> str:
    """One run of groups of digits: whole groups that together are a card number go."""
    run = found[0]
    if len(run) < CARD_DIGITS[0]:
        return run
    groups = _Groups(run)
    kept, done, first = list[str](), 0, 0
    while first < groups.count:
        after = groups.card_from(first)
        if after is None:
            first += 1
            continue
        kept += [run[done : groups.starts[first]], CARD_MARK]
        done, first = groups.ends[after - 1], after
    return "".join([*kept, run[done:]])


class _Groups:
    """The groups of digits of one run, so laid out that whether some of them are a card number takes a few steps,
    whatever stands around them. Cards come in groups of three figures or more, or in groups of one size."""

    def __init__(self, run: str) -> None:
        found = [(m.start(), m.end()) for m in _GROUP.finditer(run)]
        self.count = len(found)
        self.starts = [start for start, _ in found]
        self.ends = [end for _, end in found]
        self._digits, self._even, self._odd = [0], [0], [0]  # up to each group: how many, and what they come to
        digits = even = odd = 0
        for start, end in found:
            for figure in run[start:end]:
                digit = int(figure)
                even, odd = (
                    (even + DOUBLED[digit], odd + digit) if digits % 2 == 0 else (even + digit, odd + DOUBLED[digit])
                )
                digits += 1
            self._digits.append(digits)
            self._even.append(even)
            self._odd.append(odd)
        self._fitting = self._fit([end - start for start, end in found])

    def _fit(self, sizes: list[int]) -> list[int]:
        """By group: the end of those after it that may stand in one number with it."""
        fitting = [0] * len(sizes)
        same = large = len(sizes)
        for at in range(len(sizes) - 1, -1, -1):
            if at + 1 < len(sizes) and sizes[at] != sizes[at + 1]:
                same = at + 1
            if sizes[at] < GROUP_MIN:
                large = at
            fitting[at] = max(same, large)
        return fitting

    def card_from(self, first: int) -> int | None:
        """The end of the card number that begins with group `first`, if one does: Luhn's formula (ISO/IEC 7812-1, annex
        B). All zeros satisfy it and are nobody's card."""
        digits, least, most = self._digits, *CARD_DIGITS
        at = bisect_left(digits, digits[first] + least, first + 1)
        while at <= self._fitting[first] and digits[at] <= digits[first] + most:
            doubled = self._even if digits[at] % 2 == 0 else self._odd  # the last digit is not doubled
            total = doubled[at] - doubled[first]
            if total and total % 10 == 0:
                return at
            at += 1
        return None
