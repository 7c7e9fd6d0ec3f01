"""Words out of free text, the same way for customers' texts and for policies' word lists.

Case and accents do not count, nor does anything that is neither letter nor digit. Time is linear in the text, of which
only the first `TEXT_MAX` characters are read.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

TEXT_MAX: Final = 2_000

_WORD: Final = re.compile(r"[^\W_]+")
_ACCENTS: Final = re.compile("[\u0300-\u036f]+")
_PLAIN: Final = {n: chr(n).lower() if chr(n).isalnum() else " " for n in range(128)}


def words_of(text: str, *, limit: int = TEXT_MAX) -> tuple[str, ...]:
    """The words of the first `limit` characters, folded, in their order: 'Heizung: E42!' gives heizung and e42."""
    return _words_of(text[:limit])


@lru_cache(maxsize=4)
def _words_of(text: str) -> tuple[str, ...]:
    """Each text is asked for its language, its word lists and its orders, one after the other."""
    if text.isascii():  # most are; it takes a fourth of the time
        return tuple(text.translate(_PLAIN).split())
    return tuple(_WORD.findall(folded(text)))


def folded(text: str) -> str:
    """`text` without case and accents: 'Calefacción' gives 'calefaccion'."""
    if text.isascii():
        return text.casefold()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
