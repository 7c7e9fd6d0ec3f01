"""staffing.yaml: how agents' time is counted when calls are promised at a time. Every key has a default.

Who will be there is not said here but by PUT /api/v1/staffing: that changes daily, this does not.
"""

from dataclasses import dataclass
from typing import Final

from policies.fields import Fields
from policies.scalars import DURATION_FORM, duration_hint, seconds

SLOTS_S: Final = (900, 1200, 1800)
"""How long a slot may be: each divides an hour, so that slots begin on its quarters, thirds or halves."""


@dataclass(frozen=True, slots=True)
class StaffingSettings:
    """How agents' time is counted."""

    slot_s: int = 1200
    """Agents' time is counted by stretches of this length: 15, 20 or 30 minutes."""
    share: float = 0.85
    """So much of the agents' time may be promised or expected to go to whoever calls; the rest is slack."""
    learned_share: float = 0.5
    """Of what may be promised, so much, where nobody said who will be there and it is only learned."""
    call_s: int = 300
    """How long a call is taken to last, until enough of them were seen."""
    held_for_s: int = 120
    """A slot that was found is kept for so long until its promise stands."""
    ahead_days: int = 14
    """So many days ahead other windows are looked for."""
    away_s: int = 3600
    """Whom the system set away is missed for so long ahead, and no longer: they never said that they go."""
    late_s: int = 300
    """Who has not come so long after their shift began is taken not to come in it."""


def read_staffing(top: Fields) -> StaffingSettings:
    """staffing.yaml"""
    use = StaffingSettings()
    ahead_s = top.seconds("ahead", use.ahead_days * 86_400, low=86_400, high=60 * 86_400)
    return StaffingSettings(
        slot_s=_slot(top, use.slot_s),
        share=top.number("share", use.share, low=0.05, high=1),
        learned_share=top.number("learned_share", use.learned_share, low=0, high=1),
        call_s=top.seconds("call", use.call_s, low=30, high=7200),
        held_for_s=top.seconds("held_for", use.held_for_s, low=10, high=3600),
        ahead_days=ahead_s // 86_400,
        away_s=top.seconds("away", use.away_s, low=600, high=86_400),
        late_s=top.seconds("late", use.late_s, low=0, high=3600),
    )


def _slot(top: Fields, default: int) -> int:
    node = top.get("slot")
    value = top.scalar(node, seconds, expected=DURATION_FORM, hint=duration_hint)
    if value is not None and node is not None and value not in SLOTS_S:
        top.refuse(node, expected="15 min, 20 min or 30 min")
    return default if value is None else value
