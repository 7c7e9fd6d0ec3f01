"""Words that came just now, in memory: most are read once more at once, by those who look on, and need no look-up.

Its one rule: nothing is found here that the vault would not give. Who is erased is forgotten with the commit.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from router.core.commands import Kept

WORDS_MAX = 4_000
CHARS_MAX = 1_000
"""Of one; longer ones are looked up. Together they hold a few megabytes at most."""


class FreshWords:
    """`is_erased`: whether nothing is kept for an owner any more."""

    def __init__(self, is_erased: Callable[[str], bool]) -> None:
        self._is_erased = is_erased
        self._held: OrderedDict[str, str] = OrderedDict()

    def keep(self, kept: Iterable[Kept]) -> None:
        """What was committed just now."""
        held = self._held
        for one in kept:
            if len(one.body) <= CHARS_MAX and not self._is_erased(one.owner):
                held[one.id] = one.body
        while len(held) > WORDS_MAX:
            held.popitem(last=False)

    def forget(self) -> None:
        """Something was taken from the vault: what it was is not looked for."""
        self._held.clear()

    def found(self, ids: Iterable[str]) -> dict[str, str]:
        held = self._held
        return {id: held[id] for id in ids if id in held}
