"""Errors by whose fault they are.

`Rejected`: not allowed now; the words for people live in `router.http`. `BadInput`: the sender's. `Fault`: ours, so
the node stops instead of going on from a state that nobody understands.
"""

from dataclasses import dataclass
from enum import StrEnum

from router.core.clock import Ms


class Reason(StrEnum):
    NOT_FOUND = "not_found"
    STALE_VERSION = "stale_version"
    OFFER_GONE = "offer_gone"
    NOT_YOURS = "not_yours"
    WORK_NOT_ACTIVE = "work_not_active"
    CASE_CLOSED = "case_closed"
    NO_WAY_TO_REACH = "no_way_to_reach"
    NO_NUMBER = "no_number"
    NUMBER_TAKEN = "number_taken"
    PREMIUM = "premium"
    OPTED_OUT = "opted_out"
    WINDOW_CLOSED = "window_closed"
    WINDOW_UNFIT = "window_unfit"
    CHANNEL_CANNOT = "channel_cannot"
    TEXT_TOO_LONG = "text_too_long"
    TEXTS_SPENT = "texts_spent"
    NAME_TAKEN = "name_taken"
    SHARED_LINE = "shared_line"
    TWO_PEOPLE = "two_people"
    NOTHING_TO_DO = "nothing_to_do"
    STILL_RINGING = "still_ringing"
    TRIES_SPENT = "tries_spent"
    OTHER_CUSTOMER = "other_customer"
    TOO_MANY = "too_many"
    ITSELF = "itself"
    NOTHING_TAKEN = "nothing_taken"
    NOTHING_STAYS = "nothing_stays"
    SEVERAL_CASES = "several_cases"
    ERASED = "erased"
    HELD = "held"
    JOINED = "joined"


@dataclass(eq=False)  # not frozen: Python writes the traceback into an exception while it passes
class Rejected(Exception):
    """The command is not allowed in the present state. `what` names the thing it was about, never a person's words.

    `instead`: the channels that are open in place of the one that is not; None where that is no question. `when`: from
    when it is allowed. `also`: what else was looked at and is not allowed either. `window`: one that is possible, and
    `zone` whose clock it is to be told by."""

    reason: Reason
    what: str = ""
    instead: tuple[str, ...] | None = None
    when: Ms | None = None
    also: tuple[tuple[Reason, str], ...] = ()
    window: tuple[Ms, Ms] | None = None
    zone: str = ""


@dataclass(eq=False)
class BadInput(Exception):
    """What came cannot be read: where, what was expected, what came."""

    path: str
    expected: str
    got: str


class Fault(Exception):
    """A bug of ours: an invariant does not hold. Stop; do not repair."""
