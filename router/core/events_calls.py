"""Events of the customer scope about calls, recordings and promises.

Used through `core.events`.
"""

from router.core.clock import Ms
from router.core.documents import Opening, Said, SkillLevels, Window
from router.core.values import value
from router.core.waits.said import Told
from router.core.words import (
    ActorKind,
    AddressId,
    AgentId,
    CallbackState,
    CallId,
    CallRole,
    CaseId,
    Channel,
    CustomerId,
    JoinMode,
    PromiseId,
    PromiseState,
    RecordingId,
    SlotId,
    Step,
    VaultId,
    WorkId,
)


@value
class CallArrived:
    """A customer's phone called us. Its contact stands in `ContactReceived` of the same batch."""

    call: CallId
    case: CaseId
    customer: CustomerId
    at: Ms
    address: AddressId
    via: str
    provider_id: str
    language: str
    step: Step
    attested: bool | None = None
    known: bool = False
    shared: bool = False  # several people use the number
    notice: str = ""  # its first turn says what is recorded
    hidden: bool = False  # the caller hides their number
    attestation: str = ""  # what the provider says of it: A, B, C, failed; empty: nothing
    no_text: bool = False  # it gets no texts of ours
    no_call: bool = False  # it is not one that we may call
    block: str = ""  # a mark of the block of numbers that theirs is of, where the provider does not vouch for it


@value
class LegPlanned:
    """Somebody is to be dialled: an agent, or a customer whom an agent waits for."""

    call: CallId
    case: CaseId
    customer: CustomerId
    at: Ms
    role: CallRole
    to: str  # vault id of the number
    via: str
    step: Step
    language: str
    address: AddressId | None = None
    work: WorkId | None = None
    agent: AgentId | None = None
    promise: PromiseId | None = None
    mode: JoinMode | None = None  # of a lead's leg


@value
class LegAttempted:
    """The provider is about to be asked to dial. Durable before, so a crash leaves a question, never two rings."""

    call: CallId
    at: Ms
    lookup_at: Ms


@value
class LegPutOff:
    """The provider could not take the dial at this moment; nothing rang. It is asked again from `again_at` on."""

    call: CallId
    at: Ms
    again_at: Ms


@value
class LegPlaced:
    """The provider has the call; `look_at`: when to ask how it went if nobody says."""

    call: CallId
    at: Ms
    provider_id: str
    look_at: Ms
    adopted: bool = False


@value
class LegAnswered:
    """Somebody or something picked up: `by` is human, machine, or empty where the provider does not say."""

    call: CallId
    at: Ms
    by: str = ""


@value
class CallJoined:
    """A leg is in the room: whoever is there hears it."""

    call: CallId
    at: Ms


@value
class CallWentOn:
    """One turn of a call: what came back (`heard`: speech, keys, silence, left) and where it stands now."""

    call: CallId
    at: Ms
    turn: int
    step: Step
    heard: str
    rounds: int = 0
    misses: int = 0
    told: bool = False  # heard to its end that hanging up becomes a call
    queued: bool = False  # in line from now on
    language: str | None = None
    first: str = ""  # the phrase that this turn says first
    notice: str = ""  # this turn says that messages or calls are recorded
    coached: str = ""  # whose ear alone a lead speaks to from now on
    closed: Opening | None = None  # the queue is closed until then
    early: bool = False  # the choices are not told yet
    wait: Told | None = None  # how long it will be, as they are told
    unsure: bool = False  # this turn says that we cannot say how long
    said: Said | None = None  # when we call them, or could


@value
class CallMoved:
    """We want a live leg at another step now; the provider is told."""

    call: CallId
    at: Ms
    turn: int
    step: Step
    work: WorkId | None = None
    agent: AgentId | None = None
    stays: bool = False  # it is there already: another agent comes to the conversation
    through: bool = False  # one of us ended it out of the conversation
    by: str | None = None  # who of us ended it, by agent or token


@value
class CallChecked:
    """The provider was told or asked and nothing changed; `look_at`: when to look again."""

    call: CallId
    at: Ms
    look_at: Ms


@value
class CallSaid:
    """The customer said something in a call; it stands on the case as text."""

    call: CallId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    words: VaultId
    language: str | None = None
    suspect: tuple[str, ...] = ()  # the rule by which it is junk, and the conditions that were true
    redacted: bool = False  # a card number was taken out of the words
    block: str = ""  # with their first words: that of the call (`CallArrived`)


@value
class CallRecorded:
    """What the customer said to the provider's own document while we were away."""

    call: CallId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    media: tuple[VaultId, ...]


@value
class RecordingAnnounced:
    """They heard to its end that what they say (`messages`), or this call (`calls`), is recorded."""

    call: CallId
    case: CaseId
    at: Ms
    entry: int
    what: str


@value
class RecordingRefused:
    """Nothing that this customer says is recorded from now on."""

    call: CallId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    author: ActorKind
    author_id: str | None = None


@value
class RecordingAllowed:
    """The customer said that they may be recorded after all."""

    call: CallId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    author: ActorKind
    author_id: str | None = None


@value
class RecordingPlanned:
    recording: RecordingId
    call: CallId
    case: CaseId
    customer: CustomerId
    at: Ms
    due_at: Ms


@value
class RecordingAttempted:
    """The provider is about to be asked to record. Durable before, so a crash leaves a question."""

    recording: RecordingId
    at: Ms
    lookup_at: Ms


@value
class RecordingStarted:
    recording: RecordingId
    at: Ms
    provider_id: str
    look_at: Ms
    adopted: bool = False  # found at the provider after its answer was lost


@value
class RecordingUnwanted:
    """It is to be stopped, and deleted where `delete`; the provider is told until it has done so."""

    recording: RecordingId
    at: Ms
    why: str
    delete: bool = False


@value
class RecordingStopped:
    recording: RecordingId
    at: Ms
    look_at: Ms
    provider_id: str


@value
class RecordingReady:
    """Its file is there and stands on the case."""

    recording: RecordingId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    provider_id: str
    media: tuple[VaultId, ...]
    seconds: int = 0


@value
class RecordingDeleted:
    recording: RecordingId
    case: CaseId
    at: Ms
    entry: int


@value
class RecordingLost:
    """Nothing was recorded: it never began, or nothing was in it."""

    recording: RecordingId
    at: Ms
    why: str


@value
class RecordingChecked:
    """The provider was asked and nothing changed; `look_at`: when to look again."""

    recording: RecordingId
    at: Ms
    look_at: Ms


@value
class JoinAsked:
    """A lead comes to a conversation, or is in it otherwise from now on. `call`: their own leg; `words`: why."""

    call: CallId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    agent: AgentId
    mode: JoinMode
    words: VaultId | None = None


@value
class OutsideAsked:
    """An agent has a number called that is nobody's of ours. `call`: that leg; `words`: the number, and why; `note`:
    why, as whoever answers there hears it."""

    call: CallId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    agent: AgentId
    words: VaultId
    note: VaultId | None = None


@value
class LeadTookOver:
    """A lead who was in the conversation has its work from now on: their leg is an agent's."""

    call: CallId
    case: CaseId
    at: Ms
    turn: int
    work: WorkId


@value
class CallEnded:
    """A leg is over. `how`: completed, busy, no-answer, failed, canceled, later (the provider could not take it),
    machine, unknown, missed (it came while we were away), lost (we were away while they were on it), held (the number
    is called for others already, or was often enough for a day)."""

    call: CallId
    case: CaseId
    at: Ms
    entry: int
    how: str
    role: CallRole
    seconds: int = 0  # from when it was answered; 0 where it was not, or, of one that was missed, nobody knows
    step: Step = Step.GOODBYE  # where it stood
    agent: AgentId | None = None
    abandoned: bool = False  # they left before anybody of us was with them, and nothing was promised
    waited_s: int = 0  # how long one that was abandoned had waited, since the call began
    by: str | None = None  # who of us ended it, by agent or token


@value
class LegRefused:
    """An agent took a call and their own phone did not: the work needs somebody else (folded by the domain)."""

    case: CaseId
    customer: CustomerId
    at: Ms
    work: WorkId
    agent: AgentId
    why: str
    away: bool = False  # nobody answered at their phone: no more offers until they say that they are there
    stays: bool = (
        False  # they had talked: the work is theirs to wrap up until it is known whether the customer stays on
    )
    to: AgentId | None = None  # a lead who is with the customer, and goes on with them
    notice: str = ""  # what they read who are set away for it


@value
class PromiseMade:
    promise: PromiseId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    kind: str
    told_via: Channel | None
    place_at: Ms
    address: AddressId | None = None
    window: tuple[Ms, Ms] | None = None
    why: str = ""
    since_at: Ms | None = None  # when they asked, where that is not their place
    due_at: Ms | None = None  # it rests until then: the queue opens, or the window is there
    named: bool = False  # they named the window themselves
    by_turn: bool = False  # when it is their turn, which is to be within the window
    agent: AgentId | None = None  # who promised it
    words: VaultId | None = None  # what, where somebody wrote it down
    unpromised: bool = False  # a call of our own accord: the customer was told nothing
    zones: tuple[str, ...] = ()  # by whose clock it is night for them


@value
class PromiseChanged:
    """A promise went on or ended; `attempt` is the outcome of a call that was made for it."""

    promise: PromiseId
    case: CaseId
    at: Ms
    entry: int
    state: PromiseState
    callback: CallbackState
    why: str = ""
    attempt: str = ""
    due_at: Ms | None = None  # when it is tried again
    said: VaultId | None = None  # a person's own reason
    window: tuple[Ms, Ms] | None = None  # what it was moved to
    named: bool | None = None  # whether they named that window themselves
    unpromised: bool = False  # a call of our own accord
    later: tuple[Ms, Ms] | None = None  # to what it will be moved, once they know


@value
class SlotAsked:
    """A promise needs agents' time in a window: work of `queue` that requires `skills`. The window is told to nobody
    before the answer."""

    promise: PromiseId
    case: CaseId
    customer: CustomerId
    at: Ms
    queue: str
    window: Window
    skills: SkillLevels = ()


@value
class SlotTaken:
    """Agents' time is kept for a promise: from now on its window is this one."""

    promise: PromiseId
    case: CaseId
    customer: CustomerId
    at: Ms
    slot: SlotId
    window: Window


@value
class SlotMissed:
    """There is no time of agents for a promise in the window that was asked for, or there is none any more.
    `alternatives`: windows in which there was some, the soonest first."""

    promise: PromiseId
    case: CaseId
    customer: CustomerId
    at: Ms
    window: Window
    alternatives: tuple[Window, ...] = ()


@value
class CallbackHeld:
    """They wish to be called at a number that is to be called already, or was often enough for a day: nothing is
    dialled because of it, and a person decides."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int


@value
class HoldChanged:
    """The customer was taken out of the conversation to wait, or does not wait any more: back in it, or to be called
    instead. `seconds`: how long they waited."""

    call: CallId
    case: CaseId
    at: Ms
    entry: int
    held: bool
    how: str  # hold, resume, call instead
    seconds: int = 0


@value
class PlaceKept:
    """They hung up without a word: nothing is done, and their place waits for them for some days."""

    case: CaseId
    at: Ms
    entry: int
    place_at: Ms
    waits: bool = False  # nothing else is wanted of us: the case waits for them
