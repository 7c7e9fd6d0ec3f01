"""How often somebody may come: token buckets, one a name, in bounded memory.

Its one rule: who has not come for a while has a full bucket again, so the one not seen for longest can be forgotten.
"""

from collections import OrderedDict

from router.core.clock import Ms
from router.core.words import MINUTE_MS

BUCKETS_MAX = 20_000


class Rates:
    def __init__(self, buckets_max: int = BUCKETS_MAX) -> None:
        self._buckets: OrderedDict[str, tuple[float, Ms]] = OrderedDict()
        self._buckets_max = buckets_max

    def wait_ms(self, name: str, *, per_min: int, now: Ms) -> int:
        """0 where `name` may come now, and it counts; else how long until it may. A bucket holds a minute's worth."""
        left, at = self._buckets.pop(name, (float(per_min), now))
        left = min(float(per_min), left + max(0, now - at) * per_min / MINUTE_MS)
        may = left >= 1
        self._buckets[name] = (left - 1 if may else left, now)
        if len(self._buckets) > self._buckets_max:
            self._buckets.popitem(last=False)
        return 0 if may else max(1, round((1 - left) * MINUTE_MS / per_min))

    def __len__(self) -> int:
        return len(self._buckets)
