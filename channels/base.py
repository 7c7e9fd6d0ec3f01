"""The contract of a channel: translate both ways, decide nothing.

In: `WireRequest -> Received` without I/O. Out: `send`, `find` and `missed` speak to the provider over a `Transport`.
A new channel is one adapter file and one registry line, or a plug-in of the entry-point group `onecase.channels`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from channels.wire import WireRequest, WireResponse
from router.core.call_table import Script
from router.core.clock import Ms
from router.core.commands import Command, Media, TakeCall, TakeContact, TakeRecording
from router.core.values import value
from router.core.words import CallId, CallRole, CaseId, RecordingId, Setback, Step
from router.core.words import Channel as ChannelName

__all__ = ["Capabilities", "Channel", "ChannelName", "Outgoing", "Received", "Refusal", "Sent"]


@value
class Capabilities:
    """What a channel can do. The router asks these, never a channel's name."""

    live: bool = False  # both sides are present at once
    media: bool = False
    text_chars_max: int = 1600
    can_start: bool = False  # we may write first
    can_send: bool = False
    carries_proof: bool = False
    repeats_safely: bool = False  # a message sent twice under one id is one message to whoever gets it


@value
class Received:
    """What a request means, and what to answer once all of it is durable.

    With `call` somebody is on the line: the channel's `speak` makes the answer from where that call stands then."""

    commands: tuple[Command, ...]
    response: WireResponse
    call: CallId | None = None


@value
class Enclosed:
    """A file that goes along."""

    name: str
    content_type: str
    content: bytes


@value
class CopyOf:
    """The mail that somebody in copy is to get alone, for they were refused it when it went out."""

    reference: str
    to: str  # whom it was for


@value
class Letter:
    """What a mail to send needs besides its words. `thread`: Message-IDs that it answers, oldest first."""

    case: CaseId
    subject: str
    is_answer: bool
    brand: str = ""
    thread: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    automatic: bool = False
    leads_back: bool = True  # whether its answer is to find the case by the address it goes to
    html: str = ""
    files: tuple[Enclosed, ...] = ()
    copy_of: CopyOf | None = None


@value
class Outgoing:
    """A message to send. `reference` and `attempt` are ours and travel along, so that callbacks name them."""

    reference: str
    channel: ChannelName
    to: str
    via: str
    text: str
    attempted_at: Ms
    attempt: int
    letter: Letter | None = None


@value
class Sent:
    """How an attempt ended: `sent`, `refused` (never will), `again` (not taken; try later), `lost` (nobody knows).

    `unreached`: those whom mail will never reach: of a letter's copies, or whom it was for. `of_recipient`: it
    is to be tried again because of whom it is for, and tells nothing of how the provider does. `later`: those in copy
    who were refused it for now (`error` says why), while the others have it."""

    outcome: str
    provider_id: str | None = None
    error: str = ""
    retry_after_ms: int | None = None
    setback: Setback | None = None  # of one that was refused: why, where another way may reach them
    unreached: tuple[str, ...] = ()
    later: tuple[str, ...] = ()
    of_recipient: bool = False

    @property
    def is_provider_well(self) -> bool:
        return self.outcome in ("sent", "refused") or self.of_recipient


@value
class Dial:
    """A leg to dial. `reference` is ours and travels along in every address that the provider is given."""

    reference: CallId
    role: CallRole
    to: str
    via: str
    step: Step
    turn: int
    ring_s: int
    attempted_at: Ms


class Refusal(Exception):
    """A request that is not let in: bad signature, unknown account. Nothing of it is kept."""

    def __init__(self, why: str, status: int = 403) -> None:
        super().__init__(why)
        self.status = status


IsKnown = Callable[[str], Awaitable[bool]]


@value
class RecordingLook:
    """Where a recording stands: in-progress, stopped, processing, completed, absent, or gone."""

    state: str
    seconds: int = 0
    media: Media | None = None


class CallRecordings(Protocol):
    """Recording a call at the provider. `call` and `provider_id` are the provider's. All but `begin` raise
    ConnectionError."""

    async def begin(self, call: str, reference: RecordingId) -> Sent: ...
    async def found(self, call: str) -> Sequence[str]:
        """All that we began on a call, for one of them may be the one whose answer was lost; the oldest first."""
        ...

    async def stop(self, call: str, provider_id: str) -> bool:
        """False: it does not run any more."""
        ...

    async def look(self, provider_id: str) -> RecordingLook: ...
    async def delete(self, provider_id: str) -> bool:
        """True once the provider does not have it."""
        ...

    def id_of(self, url: str) -> str | None:
        """The provider's id of a recording by the address where its sound is; None where it is none of this provider's
        recordings."""
        ...


@value
class CallLook:
    """Where a leg stands, in the provider's word; of one that is over when, and how long it had been answered, where
    the provider says so."""

    state: str
    ended_at: Ms | None = None
    seconds: int = 0


class LiveChannel(Protocol):
    """What a channel does besides when people are on the line: dial, move, look, and say what a script says."""

    @property
    def recordings(self) -> CallRecordings: ...

    @property
    def spoken_type(self) -> str:
        """The content type of what `speak` makes."""
        ...

    def speak(self, script: Script) -> WireResponse: ...
    async def dial(self, dial: Dial) -> Sent: ...
    async def dialled(self, dial: Dial) -> Sequence[str]:
        """The provider's ids of calls that may be a dial whose answer was lost. Raises ConnectionError."""
        ...

    async def move(self, provider_id: str, *, reference: CallId, step: Step, turn: int) -> bool:
        """Have a live leg fetch a step now. False: it is over. Raises ConnectionError."""
        ...

    async def hang_up(self, provider_id: str) -> bool: ...
    async def look(self, provider_id: str) -> CallLook:
        """Where a leg stands. Raises ConnectionError."""
        ...

    async def on_line(self) -> frozenset[str] | None:
        """The provider's ids of all calls that are answered and not over; None where they are too many to be told.
        Raises ConnectionError."""
        ...

    async def astray(self, is_known: IsKnown) -> Sequence[TakeCall]:
        """Whoever called a number of ours, is on the line and never came to us, the oldest first. Raises
        ConnectionError.

        `is_known` tells of a command's key whether it was done."""
        ...


class Channel(Protocol):
    """One adapter. It may carry several channel names of one provider."""

    @property
    def id(self) -> str:
        """Short and stable, such as `twilio-messaging`."""
        ...

    @property
    def carries(self) -> Sequence[ChannelName]: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def paths(self) -> Sequence[str]:
        """Where the provider's requests come in, such as `/twilio/messages`."""
        ...

    def receive(self, request: WireRequest, now: Ms) -> Received:
        """Read one request that arrived at `now`. Raises Refusal; never fails on odd words or missing fields."""
        ...

    async def send(self, message: Outgoing) -> Sent: ...
    async def find(self, message: Outgoing) -> Sequence[str]:
        """The provider's ids of all that may be a message whose answer was lost (same words to the same address since
        the attempt), oldest first. Raises ConnectionError when the provider cannot be asked."""
        ...

    async def missed(
        self, since: Ms, until: Ms | None, is_known: IsKnown
    ) -> Sequence[TakeContact | TakeCall | TakeRecording]:
        """What the provider took from `since` to `until` (None: to the present) and we do not have; empty where it
        keeps no log. Raises ConnectionError.

        `is_known` tells of a command's key whether it was done."""
        ...

    async def fetch_media(self, url: str) -> WireResponse | None:
        """The provider's answer to who asks for a file that came along; None, and nothing sent, for an address that is
        not this provider's. Raises WireTooLarge, and ConnectionError when no answer came."""
        ...
