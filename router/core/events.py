"""What happened. Events carry ids, kinds, times, numbers and reasons; never a person's words, names or addresses.

An event's class name is its name in the journal for ever: a changed shape gets an upcaster in `journal.codec`.
"""

from router.core.addresses import Address
from router.core.clock import Ms
from router.core.documents import Ask, Letter, Mailing, SkillLevels
from router.core.values import field, value
from router.core.words import (
    ActorKind,
    AddressId,
    AgentId,
    AgentState,
    CallbackState,
    CallId,
    CallRole,
    CaseId,
    CaseStatus,
    Channel,
    ContactId,
    CustomerId,
    Evidence,
    JoinMode,
    MessageId,
    OfferId,
    PromiseId,
    PromiseState,
    RecordingId,
    Setback,
    Step,
    VaultId,
    WorkId,
)

Facts = dict[str, str | int | float | bool | None]


@value
class CommandTaken:
    """First of each batch: enough to decide again without words."""

    kind: str
    key: str
    actor: ActorKind
    actor_id: str | None = None
    facts: Facts = field(default_factory=dict[str, str | int | float | bool | None])


# --- customer scope ---------------------------------------------------------------------------------------------------


@value
class CustomerCreated:
    customer: CustomerId
    at: Ms
    address: Address
    language: str | None = None


@value
class AddressAdded:
    """A customer has one more address; `address.of_line` where it is a second spelling of one they had."""

    customer: CustomerId
    at: Ms
    address: Address


@value
class AddressMarked:
    """A mail to this address came back for good (`bounced`), or somebody wrote from it again."""

    customer: CustomerId
    at: Ms
    address: AddressId
    bounced: bool
    why: str = ""


@value
class ParticipantAdded:
    """Somebody else may write about a case; `invited`: and is written to."""

    case: CaseId
    customer: CustomerId
    at: Ms
    address: Address
    invited: bool
    why: str


@value
class CaseOpened:
    case: CaseId
    customer: CustomerId
    at: Ms
    ref: str
    queue: str
    priority: int
    subject: VaultId | None = None


@value
class CaseReopened:
    case: CaseId
    at: Ms


@value
class ContactReceived:
    """One arrival. `link` says why it stands on this case; `at` is its true time, also when it was fetched later."""

    contact: ContactId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    channel: Channel
    address: AddressId
    via: str
    evidence: Evidence
    link: str
    words: VaultId | None = None
    media: tuple[VaultId, ...] = ()
    language: str | None = None
    late: bool = False  # fetched from the provider's log after we missed its webhook
    opt_out_hint: bool = False
    letter: Letter | None = None
    participant: bool = False  # somebody else than the customer wrote it


@value
class ConsentChanged:
    customer: CustomerId
    case: CaseId
    at: Ms
    entry: int
    address: AddressId
    channel: Channel
    blocked: bool
    why: str


@value
class WorkWanted:
    """A case wants an agent. `matched` are the conditions that were true, `inputs` the facts they looked at."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    ask: Ask
    matched: tuple[str, ...] = ()
    inputs: Facts = field(default_factory=dict[str, str | int | float | bool | None])


@value
class AskChanged:
    """What a case wants of an agent is wanted otherwise; work and place stay. `what`: put_first, deadline_set,
    deadline, language_asked, language_agreed, language_kept. `words`: the reason that somebody gave."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    ask: Ask
    what: str
    author: ActorKind
    author_id: str | None = None
    words: VaultId | None = None
    reasons: tuple[str, ...] = ()


@value
class WorkWithdrawn:
    """A case wants no agent any more; one who is at it already wraps up."""

    case: CaseId
    customer: CustomerId
    at: Ms
    work: WorkId
    why: str


@value
class WorkTaken:
    """The customer's side learns that an agent accepted (folded from `WorkAccepted`)."""

    case: CaseId
    at: Ms
    entry: int
    work: WorkId
    agent: AgentId


@value
class WorkClosed:
    """The customer's side learns that the work is finished (folded from `WorkFinished`)."""

    case: CaseId
    at: Ms
    entry: int
    work: WorkId
    agent: AgentId
    outcome: str
    note: VaultId | None = None


@value
class WorkReturned:
    """The customer's side learns that an agent gave accepted work back; the place is kept."""

    case: CaseId
    at: Ms
    entry: int
    work: WorkId
    agent: AgentId
    why: str


@value
class RoutingNoted:
    """The customer's side keeps what the matcher did for a case: an offer made, declined, lapsed or taken back."""

    case: CaseId
    at: Ms
    entry: int
    what: str
    work: WorkId
    agent: AgentId | None
    why: str
    facts: Facts = field(default_factory=dict[str, str | int | float | bool | None])
    candidates: tuple[str, ...] = ()


@value
class MessageQueued:
    message: MessageId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    channel: Channel
    address: AddressId
    via: str
    words: VaultId
    segments: int
    author: ActorKind
    author_id: str | None
    reasons: tuple[str, ...]
    mail: Mailing | None = None
    budget: int = 0  # it counts: so many texts a day were allowed about this case; 0: it does not
    moved_from: MessageId | None = None  # the message whose words it carries on another way


@value
class MessageAttempted:
    """An attempt begins. Durable before the provider is asked, so a crash leaves a question, never a second send."""

    message: MessageId
    at: Ms
    attempt: int
    lookup_at: Ms


@value
class MessageRetryPlanned:
    message: MessageId
    at: Ms
    due_at: Ms
    error: str


@value
class MessageSent:
    message: MessageId
    at: Ms
    provider_id: str
    adopted: bool = False  # found at the provider after its answer was lost


@value
class MessageDelivered:
    """The provider's word on a message already sent: `delivered` or `read`."""

    message: MessageId
    at: Ms
    state: str


@value
class MessageFailed:
    message: MessageId
    case: CaseId
    at: Ms
    entry: int
    error: str
    setback: Setback | None = None


@value
class MessageLost:
    """Nobody knows whether it went out: looked for at the provider and not found. A person decides."""

    message: MessageId
    case: CaseId
    at: Ms
    entry: int


@value
class MessageReleased:
    """Somebody asked for another try of a failed or unknown message."""

    message: MessageId
    at: Ms
    budget: int = 0  # as in MessageQueued: another try is another text


@value
class TextWithheld:
    """A text that nobody asked us for was not sent. `what`: the key of its phrase."""

    case: CaseId
    at: Ms
    entry: int
    what: str
    why: str


@value
class NoteAdded:
    case: CaseId
    at: Ms
    entry: int
    words: VaultId
    author: ActorKind
    author_id: str | None


@value
class CaseStatusChanged:
    case: CaseId
    at: Ms
    entry: int
    status: CaseStatus
    author: ActorKind
    author_id: str | None
    why: VaultId | None = None


# --- calls ------------------------------------------------------------------------------------------------------------


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
    notice: str = ""  # its first turn says what is recorded


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
class LeadTookOver:
    """A lead who was in the conversation has its work from now on: their leg is an agent's."""

    call: CallId
    case: CaseId
    at: Ms
    turn: int
    work: WorkId


@value
class CallEnded:
    """A leg is over. `how`: completed, busy, no-answer, failed, canceled, machine, unknown."""

    call: CallId
    case: CaseId
    at: Ms
    entry: int
    how: str
    role: CallRole
    seconds: int = 0  # from when it was answered
    step: Step = Step.GOODBYE  # where it stood
    agent: AgentId | None = None


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


@value
class PromiseMade:
    promise: PromiseId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    kind: str
    told_via: Channel
    place_at: Ms
    address: AddressId | None = None
    window: tuple[Ms, Ms] | None = None
    why: str = ""


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


@value
class PlaceKept:
    """They hung up without a word: nothing is done, and their place waits for them for some days."""

    case: CaseId
    at: Ms
    entry: int
    place_at: Ms


# --- domain scope -----------------------------------------------------------------------------------------------------


@value
class PolicyActivated:
    at: Ms
    policy: int
    digest: str


@value
class AgentAdded:
    agent: AgentId
    at: Ms
    name: VaultId
    skills: SkillLevels
    languages: tuple[str, ...]
    capacity: tuple[tuple[str, int], ...]
    phone: VaultId | None = None


@value
class AgentStateChanged:
    agent: AgentId
    at: Ms
    state: AgentState
    until: Ms | None = None
    why: str = ""


@value
class AgentStateAsked:
    """A break or the end of the shift, asked for while work is under way: it begins when that is finished."""

    agent: AgentId
    at: Ms
    state: AgentState
    until: Ms | None = None


@value
class ScreenOpened:
    """The first screen of an agent is open: from now on they are lost when no screen is for too long."""

    agent: AgentId
    at: Ms


@value
class ScreenLost:
    """No screen of an agent was open for as long as the policy allows."""

    agent: AgentId
    at: Ms


@value
class LanguageDue:
    """Work has waited so long that its language may go, if the customer agrees: `other` is spoken by somebody here."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    language: str
    other: str


@value
class DeadlineDue:
    """Work can go ahead of others for the customer's own deadline: those it passes have time left."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    why: str


@value
class WorkOffered:
    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    offer: OfferId
    expires_at: Ms
    ask: Ask
    score: float
    waiting: int
    candidates: tuple[str, ...]  # "agent: why (not)" in the order they were weighed
    overtakes: str = ""  # why it goes before its equals with an older place; empty when none of them waits


@value
class OfferEnded:
    """An offer came to nothing: `declined`, `expired` or `revoked`. The work waits again with its place."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    offer: OfferId
    how: str
    why: str = ""
    again_at: Ms | None = None  # from when it may be offered to this agent again


@value
class WorkAccepted:
    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    offer: OfferId
    phone: VaultId | None = None  # where the agent's own leg rings, for work on the phone


@value
class WorkWrapped:
    """The customer's side of the work is over; the agent keeps its capacity until they say finish."""

    work: WorkId
    at: Ms
    agent: AgentId
    why: str


@value
class WorkFinished:
    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    outcome: str
    note: VaultId | None = None


@value
class WorkGivenBack:
    """Accepted work returns to the line with its place: transferred, or its agent was lost."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    why: str
    to: str | None = None  # agent:ID or queue:NAME
    stays: bool = False  # the agent stays on the line until somebody else is there, and finishes then
    takes_over: bool = False  # whoever it goes to has asked for it: no offer, and this agent is let go then


@value
class WorkDropped:
    """Work that its case withdrew before anybody accepted it."""

    work: WorkId
    at: Ms
    why: str


@value
class AccessRefused:
    """Attempts turned away at the door since the last such event, counted, so that a flood cannot fill the log."""

    at: Ms
    what: str
    count: int


CustomerEvent = (
    CustomerCreated
    | AddressAdded
    | AddressMarked
    | ParticipantAdded
    | CaseOpened
    | CaseReopened
    | ContactReceived
    | ConsentChanged
    | WorkWanted
    | AskChanged
    | WorkWithdrawn
    | WorkTaken
    | WorkClosed
    | WorkReturned
    | RoutingNoted
    | MessageQueued
    | MessageAttempted
    | MessageRetryPlanned
    | MessageSent
    | MessageDelivered
    | MessageFailed
    | MessageLost
    | MessageReleased
    | TextWithheld
    | NoteAdded
    | CaseStatusChanged
    | CallArrived
    | LegPlanned
    | LegAttempted
    | LegPlaced
    | LegAnswered
    | CallJoined
    | CallWentOn
    | CallMoved
    | CallChecked
    | CallSaid
    | CallRecorded
    | RecordingAnnounced
    | RecordingRefused
    | RecordingAllowed
    | RecordingPlanned
    | RecordingAttempted
    | RecordingStarted
    | RecordingUnwanted
    | RecordingStopped
    | RecordingReady
    | RecordingDeleted
    | RecordingLost
    | RecordingChecked
    | JoinAsked
    | LeadTookOver
    | CallEnded
    | LegRefused
    | PromiseMade
    | PromiseChanged
    | PlaceKept
)
DomainEvent = (
    PolicyActivated
    | AgentAdded
    | AgentStateChanged
    | AgentStateAsked
    | ScreenOpened
    | ScreenLost
    | LanguageDue
    | DeadlineDue
    | WorkOffered
    | OfferEnded
    | WorkAccepted
    | WorkWrapped
    | WorkFinished
    | WorkGivenBack
    | WorkDropped
    | AccessRefused
)
Event = CommandTaken | CustomerEvent | DomainEvent
