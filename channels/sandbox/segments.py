"""How many SMS a text takes: GSM 03.38 in septets where it fits, else UCS-2 in 16-bit units.

Its one rule: neither an escaped GSM character nor a surrogate pair is cut in two. It does not transliterate.
"""

SEPTETS_SINGLE, SEPTETS_PART = 160, 153
UNITS_SINGLE, UNITS_PART = 70, 67

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_ESCAPED = frozenset("\f^{}\\[~]|€")


def segments_of(text: str) -> int:
    """The number of segments; 1 for an empty text."""
    if all(char in GSM_BASIC or char in GSM_ESCAPED for char in text):
        return _parts([2 if char in GSM_ESCAPED else 1 for char in text], SEPTETS_SINGLE, SEPTETS_PART)
    return _parts([2 if ord(char) > 0xFFFF else 1 for char in text], UNITS_SINGLE, UNITS_PART)


def _parts(weights: list[int], single: int, part: int) -> int:
    if sum(weights) <= single:
        return 1
    parts, room = 1, part
    for weight in weights:
        if weight > room:
            parts, room = parts + 1, part
        room -= weight
    return parts
