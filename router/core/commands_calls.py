"""Commands of the customer scope about calls and recordings. Used through `core.commands`."""

from router.core.clock import Ms
from router.core.commands_parts import CUSTOMER, SYSTEM, Actor, Media
from router.core.values import value
from router.core.words import (
    AgentId,
    CallId,
    CaseId,
    Channel,
    CustomerId,
    JoinMode,
    PromiseId,
    RecordingId,
)

# --- calls ------------------------------------------------------------------------------------------------------------


@value
class TakeCall:
    """A phone calls us. `attested`: the provider vouches for the number (True), does not (False), says nothing (None).
    `late`: it was fetched from the provider's log after we missed it; nobody is on the line, and it lasted `seconds`,
    where the log says so. `astray`: we missed it as well, and they are on the line still, with words that are not
    ours."""

    key: str
    call: CallId
    provider_id: str
    sender: str
    via: str
    at: Ms
    attested: bool | None = None
    late: bool = False
    astray: bool = False
    seconds: int = 0
    attestation: str = ""  # what it says of the number: A, B, C, failed
    actor: Actor = CUSTOMER

    @property
    def channel(self) -> Channel:
        return Channel.PHONE


@value
class TakeRecording:
    """Words that the provider recorded for us, in a call that we did not answer or lost."""

    key: str
    call: CallId
    at: Ms
    media: tuple[Media, ...]
    actor: Actor = CUSTOMER


@value
class HearCall:
    """The provider asks what to say next in a call, with what it heard at `step` of `turn`."""

    key: str
    call: CallId
    turn: int
    step: str
    digits: str = ""
    number: str = ""  # the keys as a number to call, in the country of ours
    speech: str = ""
    provider_id: str = ""
    answered_by: str = ""
    known_code: bool = False  # what they typed is a code that a device shows now
    actor: Actor = CUSTOMER


@value
class NoteCall:
    """The provider's word on a leg: its status, in the provider's words."""

    key: str
    call: CallId
    state: str
    provider_id: str
    seconds: int = 0  # from the answer to the end, as the provider counts them; 0: it does not say
    ended_at: Ms | None = None  # when the provider says that it was over
    actor: Actor = SYSTEM


@value
class BeginRecording:
    """The provider is about to be asked to record."""

    key: str
    recording: RecordingId
    actor: Actor = SYSTEM


@value
class NoteRecording:
    """What the provider says of a recording: in-progress, completed, absent, failed, stopped, deleted, gone; or what
    became of asking for it: refused, again, missing. `media`: its file, once it is there."""

    key: str
    recording: RecordingId
    state: str
    provider_id: str = ""
    seconds: int = 0
    media: Media | None = None
    adopted: bool = False
    actor: Actor = SYSTEM


@value
class SetRecording:
    """Somebody says for a customer on the line whether they may be recorded."""

    key: str
    call: CallId
    on: bool
    actor: Actor


@value
class BringOutside:
    """Call a number that is nobody's of ours, to hand the customer of a live call on to whoever answers there."""

    key: str
    case: CaseId
    agent: AgentId
    number: str
    reason: str
    actor: Actor


@value
class JoinCall:
    """A lead wants to come to the conversation that a leg belongs to. `phone`: where their own leg rings."""

    key: str
    call: CallId
    agent: AgentId
    phone: str
    mode: JoinMode
    actor: Actor
    reason: str = ""


@value
class BeginLeg:
    """The dialler is about to ask the provider. `number`: what it dials, of a customer's leg; `busy`: another call of
    ours to that number is not over; `later`: the provider is not asked, for it has failed too often."""

    key: str
    call: CallId
    number: str = ""
    busy: bool = False
    later: bool = False
    actor: Actor = SYSTEM


@value
class RecordLeg:
    """What the provider answered to a dial or a move: placed, refused, again, lost, absent; moved, gone. Or where it
    says that it stands: there; answered, where somebody has picked it up. Or astray: they came for what to say before
    we could answer."""

    key: str
    call: CallId
    outcome: str
    turn: int = 0
    provider_id: str = ""
    error: str = ""
    adopted: bool = False
    actor: Actor = SYSTEM


@value
class StartCall:
    """We call the customer about a case: for an agent who asks for it now, or when it is their turn. `told`: the
    customer knows of it, so that it is a promise."""

    key: str
    case: CaseId
    actor: Actor
    agent: AgentId | None = None
    address: str = ""  # another number of theirs
    told: bool = True


@value
class OpenCase:
    """We contact somebody: a case without a contact of theirs. By `customer`, or by an address (`sender`)."""

    key: str
    sender: str
    at: Ms
    actor: Actor
    customer: CustomerId | None = None
    subject: str = ""
    calls: bool = False  # call them now
    agent: AgentId | None = None
    via: str = ""
    writes: Channel | None = None  # they are to be written to by this


@value
class HoldCall:
    """Take a customer out of the conversation to a way of waiting that listens to them, or back (`held` False)."""

    key: str
    call: CallId
    held: bool
    actor: Actor


@value
class BreakOffCall:
    """The service is about to stop: a customer who waits on the phone hears so, and is looked after from then on."""

    key: str
    call: CallId
    actor: Actor = SYSTEM


@value
class HangUp:
    key: str
    call: CallId
    actor: Actor


@value
class MakePromise:
    """Tell the customer of a case that something happens in a window: that we phone, answer, or say how it stands."""

    key: str
    case: CaseId
    actor: Actor
    kind: str
    window: tuple[Ms, Ms]
    named: bool = False  # they named the time themselves: it may be night
    address: str = ""  # another number of theirs
    agent: AgentId | None = None
    text: str = ""  # what is promised


@value
class MovePromise:
    """Keep a promise in another window; None: as soon as it is their turn."""

    key: str
    promise: PromiseId
    actor: Actor
    window: tuple[Ms, Ms] | None
    named: bool = False
    reason: str = ""


@value
class KeepPromise:
    """Something of a promise is due: its window is there, it is about to slip, or its time is over."""

    key: str
    promise: PromiseId
    actor: Actor = SYSTEM


@value
class CancelCallback:
    key: str
    promise: PromiseId
    actor: Actor
    reason: str = ""
