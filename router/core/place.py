"""The place in line: across a change of channel no channel is a shortcut; who goes before it, and when."""

from router.core.clock import Ms
from router.core.documents import Ask, Requirement
from router.core.matcher import FIRST, ORDINARY, PROMISED
from router.core.words import MINUTE_MS

LIVE = frozenset({"phone", "chat"})
SWITCHED = "the share of the target that they waited for another channel counts on here"


def place_after_switch(place_at: Ms, *, now: Ms, old: Requirement, new: Requirement) -> Ms:
    """Where somebody stands who waited since `place_at` for `old` and now asks for `new`.

    Between live channels the seconds count on; else the share of the target that has been waited. A part of a
    millisecond counts as a whole one, for it would be missing from their place on the way back."""
    if old.kind in LIVE and new.kind in LIVE:
        return place_at
    waited_ms = max(0, now - place_at)
    return Ms(now - -(-waited_ms * new.target_ms // old.target_ms))


def since_of(waits_since: Ms, place_at: Ms) -> Ms | None:
    """What an ask notes of when they truly asked: nothing where the place says it."""
    return None if waits_since == place_at else waits_since


def reasons_of(reasons: tuple[str, ...], *, old: Requirement, new: Requirement, since_at: Ms | None) -> tuple[str, ...]:
    """Why a place is where it is after a change of channel. `since_at`: as the new ask notes it."""
    if since_at is None:
        return tuple(why for why in reasons if why != SWITCHED)
    is_scaled = (old.kind not in LIVE or new.kind not in LIVE) and old.target_ms != new.target_ms
    return (*reasons, SWITCHED) if is_scaled and SWITCHED not in reasons else reasons


BITES_MS = 5 * MINUTE_MS
"""A promise goes first so long before it is due, and a customer's own deadline where those it passes have time left."""

SERVED_MS = 5 * MINUTE_MS
"""So much time those who are passed must have left before their own target."""


def turn_of(ask: Ask, now: Ms) -> tuple[int, Ms | None]:
    """Whether an ask stands in line or goes before it, and when that changes by itself."""
    if ask.first:
        return FIRST, None
    if ask.early:
        return PROMISED, None
    if ask.due_at is None:
        return ORDINARY, None
    bites_at = Ms(ask.due_at - BITES_MS)
    return (PROMISED, None) if now >= bites_at else (ORDINARY, bites_at)


def has_slack(ask: Ask, now: Ms) -> bool:
    """Whether somebody who waits may be passed once: their target, and what they were promised, is far enough."""
    target_at = ask.place_at + ask.requirement.target_ms
    return min(target_at, ask.due_at or target_at) - now >= SERVED_MS
