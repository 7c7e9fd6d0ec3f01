"""The words of the field: identifiers, channels, states. One term, one meaning, here and everywhere else.

Does not hold rules: those stand with the nouns they belong to.
"""

import hashlib
from enum import StrEnum
from typing import NewType

from router.core.clock import Ms

CustomerId = NewType("CustomerId", str)
AddressId = NewType("AddressId", str)
CaseId = NewType("CaseId", str)
ContactId = NewType("ContactId", str)
MessageId = NewType("MessageId", str)
WorkId = NewType("WorkId", str)
OfferId = NewType("OfferId", str)
CallId = NewType("CallId", str)
PromiseId = NewType("PromiseId", str)
SlotId = NewType("SlotId", str)
"""Agents' time that is kept free for one promised call."""
RecordingId = NewType("RecordingId", str)
AgentId = NewType("AgentId", str)
MergeId = NewType("MergeId", str)
"""One joining of two cases or two customers, or one split of a case: by it that is undone."""
VaultId = NewType("VaultId", str)
"""Where words of a person stand. Events carry this instead of the words."""

SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Channel(StrEnum):
    PHONE = "phone"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    CHAT = "chat"
    EMAIL = "email"
    TOUCH = "touch"
    PAGE = "page"


BY_A_PERSON = "assigned by a person"
"""What stands for the rule where a person chose the queue or the agent."""


def named_rule(rule: str, policy: int) -> str:
    """By what something stands where it does, for people.

    >>> named_rule("billing", 7), named_rule(BY_A_PERSON, 7)
    ('rule billing, policy 7', 'a person')
    """
    return "a person" if rule == BY_A_PERSON else f"rule {rule}, policy {policy}"


TOUCHES = (Channel.TOUCH, Channel.PAGE)
"""Channels by which somebody reaches us and nothing can be sent back."""


class Setback(StrEnum):
    """Why a message could not reach them on its way, where another way may."""

    WINDOW_CLOSED = "window_closed"  # words of our own go there only within a day of theirs
    OPTED_OUT = "opted_out"
    UNREACHABLE = "unreachable"
    LATE = "late"  # its server does not take it for now, for longer than somebody should wait


class Evidence(StrEnum):
    """Why a contact is linked to a customer, weakest first (glossary: evidence)."""

    WEAK = "weak"
    STRONG = "strong"
    PROOF = "proof"


class CaseStatus(StrEnum):
    OPEN = "open"
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_US = "waiting_us"
    SOLVED = "solved"
    CLOSED = "closed"

    @property
    def is_live(self) -> bool:
        """True until the matter is solved or closed."""
        return self not in (CaseStatus.SOLVED, CaseStatus.CLOSED)


class WorkState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    ACTIVE = "active"
    WRAPPING = "wrapping"
    DONE = "done"


class CallState(StrEnum):
    """One telephone leg, from intent to its end."""

    PLANNED = "planned"  # we want it dialled
    DIALLING = "dialling"  # an attempt was recorded and its outcome is not known yet
    RINGING = "ringing"  # the provider has it
    LIVE = "live"  # answered: it hears what we say
    ENDED = "ended"


class CallRole(StrEnum):
    """Who is at the other end of a leg."""

    CUSTOMER = "customer"
    AGENT = "agent"
    LEAD = "lead"  # comes to a conversation of others, which goes on without them
    OUTSIDE = "outside"  # nobody of ours: a customer is handed on to them


class JoinMode(StrEnum):
    """How a lead is in a conversation."""

    LISTEN = "listen"  # hears all, heard by nobody
    WHISPER = "whisper"  # heard by the agent alone
    TALK = "talk"  # heard by all


class RecordingState(StrEnum):
    """One recording at the provider, from intent to its end."""

    PLANNED = "planned"  # we want it
    STARTING = "starting"  # an attempt was recorded and its outcome is not known yet
    RUNNING = "running"
    STOPPED = "stopped"  # over; its file is not there yet
    READY = "ready"
    DELETED = "deleted"
    NONE = "none"  # it never began, or nothing was in it


class Step(StrEnum):
    """Where a call stands; `core.call_table` says what is said there and what follows."""

    GREETING = "greeting"
    WAITING = "waiting"
    LANGUAGE = "language"
    NUMBER = "number"
    CODE = "code"
    WORDS = "words"
    TIME = "time"
    DROPPED = "dropped"
    PROMISED = "promised"
    TEXTED = "texted"
    TALKING = "talking"
    HELD = "held"
    LOST = "lost"
    RESTARTING = "restarting"
    OPENING = "opening"
    MACHINE = "machine"
    WHISPER = "whisper"
    BESIDE = "beside"
    GOODBYE = "goodbye"


CALLBACK = "callback"
"""The kind of a promise to phone."""
PROMISE_KINDS = (CALLBACK, "reply", "update")


class PromiseState(StrEnum):
    OPEN = "open"
    AT_RISK = "at_risk"
    KEPT = "kept"
    MOVED = "moved"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"

    @property
    def is_pending(self) -> bool:
        """True while it is to be kept."""
        return self in (PromiseState.OPEN, PromiseState.AT_RISK, PromiseState.MOVED)


class CallbackState(StrEnum):
    """How far a promised call has come (contract: callback states)."""

    ASKED = "asked"
    SCHEDULED = "scheduled"
    DUE = "due"
    DIALLING = "dialling"
    TALKING = "talking"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    MOVED = "moved"


class AgentState(StrEnum):
    READY = "ready"
    BUSY = "busy"
    AWAY = "away"
    OFF = "off"


class ActorKind(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"


class Ids:
    """Makes the identifiers of one command: a prefix, the command's time (48 bits) and 80 bits keyed by the instance's
    secret over the command's key and the position. Repeatable in replay, unguessable outside, near in order of time."""

    __slots__ = ("_at", "_hash", "_position")

    def __init__(self, *, secret: bytes, key: str, at: Ms) -> None:
        self._at = f"{at:012x}"
        self._hash = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), key=secret, digest_size=10)
        self._position = 0

    def new(self, prefix: str) -> str:
        """The next identifier, such as `case_0199…` (32 hexadecimal digits after the prefix)."""
        self._position += 1
        keyed = self._hash.copy()
        keyed.update(self._position.to_bytes(4, "big"))
        return f"{prefix}_{self._at}{keyed.hexdigest()}"
