"""Calls that reached nobody: when the next one is, and what they hear of it.

Its one rule: each outcome has its own way. A busy line is tried again soon, a silent one later, a machine is not
"reached", and a number that cannot be called is not tried again. Nobody is rung at night because of it.
"""

from collections.abc import Iterable
from itertools import takewhile

from policies.call_hours import may_ring, ring_from, rings_until
from router.core.clock import Ms
from router.core.context import Making
from router.core.documents import Promise
from router.core.telling import tell_customer, zones_of
from router.core.words import HOUR_MS, SECOND_MS

LATER = "later"
"""How a dial ended that the provider could not take."""
UNKNOWN = "unknown"
"""How a dial ended that was not answered, and that the provider says it never had."""
LOST = "lost"
"""How a call ended that we went away from; it stands in the place of the provider's word."""
NOT_RUNG = ("canceled", "held", LATER, UNKNOWN)
"""Attempts for which nothing rang."""
OURS = (LATER, UNKNOWN)
"""Attempts for which nothing was dialled: they count for none."""
ASKED_MS = 2 * HOUR_MS
"""Who asked to be called has named the time that follows, whatever the hour is: for so long."""
DOUBLED_MAX = 10
"""The time between two attempts is doubled so often at most."""
LATER_MAX = 20
"""So often a dial is tried that the provider cannot take; then a person decides."""
LAST_LOOK_MS = 30 * SECOND_MS
"""One that somebody is at is looked at again so long before it is due."""
MISSED = ("machine", "no-answer")
"""After the first of these they hear that we tried, and how to come back."""
SAID = {
    "busy": "not reached: the line was busy",
    "no-answer": "not reached: nobody answered",
    "machine": "not reached: a machine answered",
    "failed": "not reached: the number cannot be called",
    LOST: "they answered while we were away; how it ended is not known",
    LATER: "not tried: the telephone provider could not take it",
    UNKNOWN: "not tried: the telephone provider did not have the call",
}
"""What the row of an attempt says of it."""


def next_at(making: Making, promise: Promise, how: str) -> Ms | None:
    """When it is tried again after an attempt that ended so; None: it is not."""
    settings = making.context.policy.settings.callbacks
    tried = counted((*promise.tries, (making.now, how)), busy_for_ms=settings.busy_for_s * SECOND_MS)
    if how == "failed" or tried >= settings.attempts or len(promise.attempts) + 1 >= settings.attempts + LATER_MAX:
        return None
    if how in ("busy", *OURS):  # soon, for it may be over; then further apart
        doubled = min(_in_a_row(promise, how), DOUBLED_MAX)
        wait_s = min(settings.busy_s * 2**doubled, max(settings.busy_s, settings.spacing_s))
    elif how == LOST:  # who is at their phone is called again soon
        wait_s = settings.busy_s
    else:
        wait_s = settings.again_s if tried <= 1 else settings.spacing_s
    return by_day(making, promise, Ms(making.now + wait_s * SECOND_MS))


def counted(attempts: Iterable[tuple[Ms, str]], *, busy_for_ms: int) -> int:
    """How many of these there were by the policy: none where nothing was dialled, and one for all within a time in
    which their line is busy."""
    counted, busy_at = 0, None
    for at, how in attempts:
        is_same = how == "busy" and busy_at is not None and at < busy_at + busy_for_ms
        if how in OURS or is_same:
            continue
        counted, busy_at = counted + 1, at if how == "busy" else busy_at
    return counted


def _in_a_row(promise: Promise, how: str) -> int:
    """So many of the last attempts ended like this."""
    return len(list(takewhile(lambda attempt: attempt[1] == how, reversed(promise.tries))))


def by_day(making: Making, promise: Promise, at: Ms) -> Ms:
    """That time, or their next morning where it is night for them and they did not name it."""
    zones = zones_of(making, promise)
    return at if at <= asked_until(promise) or may_ring(at, zones) else Ms(ring_from(at, zones))


def rests_from(promise: Promise, *, now: Ms) -> Ms | None:
    """From when on, `now` or later, nobody may be rung for it until their next morning: it is night for them, and no
    time that they named or asked for. None: nobody knows their clock, or whoever calls of their own accord, and knows
    what hour it is."""
    if promise.unpromised and not promise.attempts:
        return None
    until = rings_until(max(now, promise.due_at or now, asked_until(promise)), promise.zones)
    return Ms(until) if until is not None else None


def asked_until(promise: Promise) -> int:
    """Until when they may be rung at any hour, because they asked for it."""
    if promise.unpromised or not (promise.named or promise.waits_turn):
        return 0
    asked_at = promise.window[1] if promise.named and promise.window is not None else promise.made_at
    return asked_at + ASKED_MS


def is_rung(promise: Promise) -> bool:
    """Whether they were called for what is promised now at least once. A busy line they heard nothing of: it counts
    where the time that was promised is over with it."""
    return any(how not in NOT_RUNG and (how != "busy" or _is_at_end(promise, at)) for at, how in promise.tries)


def _is_at_end(promise: Promise, at: Ms) -> bool:
    return promise.window is not None and at >= promise.window[1] - LAST_LOOK_MS


def tell(making: Making, promise: Promise, how: str, *, is_last: bool) -> None:
    """What they read after an attempt: once that we tried and how to come back, and at the end that they decide."""
    case = making.case(promise.case)
    kind = "our_call" if promise.unpromised else "callback"
    busy_for_ms = making.context.policy.settings.callbacks.busy_for_s * SECOND_MS

    def is_heard_of(*tries: tuple[Ms, str]) -> bool:
        """Of the first that nobody, or a machine, answered; of a line that stays busy, or is so at the very end."""
        dialled = [one for one in tries if one[1] not in NOT_RUNG]
        is_missed = any(how in MISSED or (how == "busy" and _is_at_end(promise, at)) for at, how in dialled)
        return is_missed or counted(dialled, busy_for_ms=busy_for_ms) > 1

    if is_last:
        key = f"{kind}_no_number" if how == "failed" else f"{kind}_not_reached"
        tell_customer(making, case, key, reason=f"{_named(promise)} reached nobody", link=promise.id)
    elif is_heard_of(*promise.tries, (making.now, how)) and not is_heard_of(*promise.tries):
        reason = f"{_named(promise)} reached nobody; it is tried again"
        tell_customer(making, case, f"{kind}_tried", reason=reason, link=promise.id)


def _named(promise: Promise) -> str:
    return "a call of ours" if promise.unpromised else "a promised call"
