"""Floods: one alert when much junk, or many callers under borrowed numbers, come at once, and none for each of them.

Its one rule: a flood is told once when it begins; it is over when a whole window has passed without reaching the mark.
It changes nothing of what happens to a contact, and knows nothing of what came before the start.
"""

from collections import deque
from dataclasses import dataclass, field

import structlog

from router.core.clock import Ms
from router.core.events import CallSaid, ContactSetAside
from router.core.words import MINUTE_MS, Channel
from router.journal.base import Stored

WINDOW_MS = 10 * MINUTE_MS
MARK = 12
"""So many of one source within a window are a flood: one every 50 seconds."""
NOT_VOUCHED = "not-vouched-for"
"""In the place of a rule: calls that are no junk, for they spoke, under numbers of one block that anybody may show."""
SOURCES_MAX = 1_000
"""Blocks of numbers that are counted, those heard of last: whoever shows a new one each time is none of them."""

log = structlog.get_logger("onecase.junk")

Source = tuple[str, str]
"""What set it aside, or `NOT_VOUCHED`; and of those the block."""


@dataclass(slots=True)
class Flood:
    """What came from one source lately; `since`: when its flood began, None while there is none."""

    lately: deque[Ms] = field(default_factory=lambda: deque[Ms](maxlen=MARK))
    since: Ms | None = None
    full_at: Ms = Ms(0)  # when the mark was reached last


class Floods:
    def __init__(self) -> None:
        self._by_source: dict[Source, Flood] = {}
        self.told: dict[str, int] = {}  # floods by rule, since the start

    def hear(self, batches: list[Stored]) -> None:
        for stored in batches:
            for event in stored.events:
                if type(event) is ContactSetAside:
                    self._note((event.rule, ""), at=event.at, channel=str(event.inputs.get("channel", "")))
                elif type(event) is CallSaid and event.block:
                    self._note((NOT_VOUCHED, event.block), at=event.at, channel=Channel.PHONE)

    def under_way(self, now: Ms) -> dict[str, Ms]:
        """Rules that a flood is under way of, with when it began."""
        under_way = [
            (rule, flood.since)
            for (rule, _), flood in self._by_source.items()
            if flood.since is not None and now - flood.full_at < WINDOW_MS
        ]
        return dict(sorted(under_way, reverse=True))  # the earliest of a rule comes last, and stays

    def _note(self, source: Source, *, at: Ms, channel: str) -> None:
        flood = self._by_source.pop(source, None) or Flood()
        self._by_source[source] = flood  # the last of all, so that the first is the one heard of longest ago
        if len(self._by_source) > SOURCES_MAX:
            del self._by_source[next(iter(self._by_source))]
        flood.lately.append(at)
        if len(flood.lately) < MARK or at - flood.lately[0] > WINDOW_MS:
            return
        if flood.since is None or at - flood.full_at >= WINDOW_MS:
            flood.since, rule = flood.lately[0], source[0]
            self.told[rule] = self.told.get(rule, 0) + 1
            log.warning("junk_flood", rule=rule, channel=channel, count=MARK, minutes=WINDOW_MS // MINUTE_MS)
        flood.full_at = at
