"""How many parts a text message is sent and billed in (3GPP TS 23.038 and 23.040)."""

from collections.abc import Iterable

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = frozenset("\f^{}\\[~]|€")  # two septets each, never split over two parts
GSM7_SINGLE, GSM7_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67


def segments_of(text: str) -> int:
    """Parts of `text`: one with up to 160 septets (or 70 UTF-16 units), more by 153 (or 67); 1 for an empty text."""
    if all(c in GSM7 or c in GSM7_EXTENDED for c in text):
        return _parts((2 if c in GSM7_EXTENDED else 1 for c in text), single=GSM7_SINGLE, part=GSM7_PART)
    return _parts((2 if ord(c) > 0xFFFF else 1 for c in text), single=UCS2_SINGLE, part=UCS2_PART)


def _parts(units: Iterable[int], *, single: int, part: int) -> int:
    sizes = list(units)
    if sum(sizes) <= single:
        return 1
    parts, room = 1, part
    for size in sizes:
        if size > room:
            parts, room = parts + 1, part
        room -= size
    return parts
