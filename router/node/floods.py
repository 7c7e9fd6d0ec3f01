"""Floods of junk: one alert when much of it comes at once, and none for each contact of it.

Its one rule: a flood is told once when it begins; it is over when a whole window has passed without reaching the mark.
It changes nothing of what happens to a contact, and knows nothing of what came before the start.
"""

from collections import deque
from dataclasses import dataclass, field

import structlog

from router.core.clock import Ms
from router.core.events import ContactSetAside
from router.core.words import MINUTE_MS
from router.journal.base import Stored

WINDOW_MS = 10 * MINUTE_MS
MARK = 12
"""So many contacts set aside by one rule within a window are a flood: one every 50 seconds."""

log = structlog.get_logger("onecase.junk")


@dataclass(slots=True)
class Flood:
    """What one rule set aside lately; `since`: when its flood began, None while there is none."""

    lately: deque[Ms] = field(default_factory=lambda: deque[Ms](maxlen=MARK))
    since: Ms | None = None
    full_at: Ms = Ms(0)  # when the mark was reached last


class Floods:
    def __init__(self) -> None:
        self._by_rule: dict[str, Flood] = {}
        self.told: dict[str, int] = {}  # floods by rule, since the start

    def hear(self, batches: list[Stored]) -> None:
        for stored in batches:
            for event in stored.events:
                if type(event) is ContactSetAside:
                    self._note(event)

    def under_way(self, now: Ms) -> dict[str, Ms]:
        """Rules that a flood is under way of, with when it began."""
        return {
            rule: flood.since
            for rule, flood in self._by_rule.items()
            if flood.since is not None and now - flood.full_at < WINDOW_MS
        }

    def _note(self, event: ContactSetAside) -> None:
        flood = self._by_rule.setdefault(event.rule, Flood())
        flood.lately.append(event.at)
        if len(flood.lately) < MARK or event.at - flood.lately[0] > WINDOW_MS:
            return
        if flood.since is None or event.at - flood.full_at >= WINDOW_MS:
            flood.since = flood.lately[0]
            self.told[event.rule] = self.told.get(event.rule, 0) + 1
            channel = str(event.inputs.get("channel", ""))
            log.warning("junk_flood", rule=event.rule, channel=channel, count=MARK, minutes=WINDOW_MS // MINUTE_MS)
        flood.full_at = event.at
