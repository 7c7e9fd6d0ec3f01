"""Which keys were surely never seen, so that nobody looks for them: one bit for each of many hashes.

Of what was added it never says no. Of what was not it says yes now and then (one in 670 with 100,000 keys added, one in
70 with a million), which costs a read and nothing else.
"""

from collections.abc import Iterable

BITS = 1 << 26
"""8 MiB."""


class Seen:
    def __init__(self, keys: Iterable[str]) -> None:
        self._bits = bits = bytearray(BITS // 8)
        for key in keys:  # as `add` does, which would be most of the time of a hundred thousand
            place = hash(key) % BITS
            bits[place >> 3] |= 1 << (place & 7)

    def add(self, key: str) -> None:
        place = hash(key) % BITS
        self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, key: str) -> bool:
        place = hash(key) % BITS
        return self._bits[place >> 3] >> (place & 7) & 1 == 1
