"""What happened. Events carry ids, kinds, times, numbers and reasons; never a person's words, names or addresses.

An event's class name is its name in the journal for ever: a changed shape gets an upcaster in `journal.codec`.
"""

from dataclasses import dataclass, field

from router.core.addresses import Address
from router.core.clock import Ms
from router.core.documents import Ask, SkillLevels
from router.core.words import (
    ActorKind,
    AddressId,
    AgentId,
    AgentState,
    CaseId,
    CaseStatus,
    Channel,
    ContactId,
    CustomerId,
    Evidence,
    MessageId,
    OfferId,
    VaultId,
    WorkId,
)

Facts = dict[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class CommandTaken:
    """First of each batch: enough to decide again without words."""

    kind: str
    key: str
    actor: ActorKind
    actor_id: str | None = None
    facts: Facts = field(default_factory=dict[str, str | int | float | bool | None])


# --- customer scope ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CustomerCreated:
    customer: CustomerId
    at: Ms
    address: Address


@dataclass(frozen=True, slots=True)
class CaseOpened:
    case: CaseId
    customer: CustomerId
    at: Ms
    ref: str
    queue: str
    priority: int


@dataclass(frozen=True, slots=True)
class CaseReopened:
    case: CaseId
    at: Ms


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class ConsentChanged:
    customer: CustomerId
    case: CaseId
    at: Ms
    entry: int
    address: AddressId
    channel: Channel
    blocked: bool
    why: str


@dataclass(frozen=True, slots=True)
class WorkWanted:
    """A case wants an agent. `matched` are the conditions that were true, `inputs` the facts they looked at."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    ask: Ask
    matched: tuple[str, ...] = ()
    inputs: Facts = field(default_factory=dict[str, str | int | float | bool | None])


@dataclass(frozen=True, slots=True)
class WorkWithdrawn:
    """A case wants no agent any more; one who is at it already wraps up."""

    case: CaseId
    customer: CustomerId
    at: Ms
    work: WorkId
    why: str


@dataclass(frozen=True, slots=True)
class WorkTaken:
    """The customer's side learns that an agent accepted (folded from `WorkAccepted`)."""

    case: CaseId
    at: Ms
    entry: int
    work: WorkId
    agent: AgentId


@dataclass(frozen=True, slots=True)
class WorkClosed:
    """The customer's side learns that the work is finished (folded from `WorkFinished`)."""

    case: CaseId
    at: Ms
    entry: int
    work: WorkId
    agent: AgentId
    outcome: str
    note: VaultId | None = None


@dataclass(frozen=True, slots=True)
class WorkReturned:
    """The customer's side learns that an agent gave accepted work back; the place is kept."""

    case: CaseId
    at: Ms
    entry: int
    work: WorkId
    agent: AgentId
    why: str


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class MessageAttempted:
    """An attempt begins. Durable before the provider is asked, so that a crash leaves a question, never a second send."""

    message: MessageId
    at: Ms
    attempt: int
    lookup_at: Ms


@dataclass(frozen=True, slots=True)
class MessageRetryPlanned:
    message: MessageId
    at: Ms
    due_at: Ms
    error: str


@dataclass(frozen=True, slots=True)
class MessageSent:
    message: MessageId
    at: Ms
    provider_id: str
    adopted: bool = False  # found at the provider after its answer was lost


@dataclass(frozen=True, slots=True)
class MessageDelivered:
    """The provider's word on a message already sent: `delivered` or `read`."""

    message: MessageId
    at: Ms
    state: str


@dataclass(frozen=True, slots=True)
class MessageFailed:
    message: MessageId
    case: CaseId
    at: Ms
    entry: int
    error: str


@dataclass(frozen=True, slots=True)
class MessageLost:
    """Nobody knows whether it went out: looked for at the provider and not found. A person decides."""

    message: MessageId
    case: CaseId
    at: Ms
    entry: int


@dataclass(frozen=True, slots=True)
class MessageReleased:
    """Somebody asked for another try of a failed or unknown message."""

    message: MessageId
    at: Ms


@dataclass(frozen=True, slots=True)
class NoteAdded:
    case: CaseId
    at: Ms
    entry: int
    words: VaultId
    author: ActorKind
    author_id: str | None


@dataclass(frozen=True, slots=True)
class CaseStatusChanged:
    case: CaseId
    at: Ms
    entry: int
    status: CaseStatus
    author: ActorKind
    author_id: str | None
    why: VaultId | None = None


# --- domain scope -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PolicyActivated:
    at: Ms
    policy: int
    digest: str


@dataclass(frozen=True, slots=True)
class AgentAdded:
    agent: AgentId
    at: Ms
    name: VaultId
    skills: SkillLevels
    languages: tuple[str, ...]
    capacity: tuple[tuple[str, int], ...]
    phone: VaultId | None = None


@dataclass(frozen=True, slots=True)
class AgentStateChanged:
    agent: AgentId
    at: Ms
    state: AgentState
    until: Ms | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class AgentStateAsked:
    """A break or the end of the shift, asked for while work is under way: it begins when that is finished."""

    agent: AgentId
    at: Ms
    state: AgentState
    until: Ms | None = None


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class WorkAccepted:
    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    offer: OfferId


@dataclass(frozen=True, slots=True)
class WorkWrapped:
    """The customer's side of the work is over; the agent keeps its capacity until they say finish."""

    work: WorkId
    at: Ms
    agent: AgentId
    why: str


@dataclass(frozen=True, slots=True)
class WorkFinished:
    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    outcome: str
    note: VaultId | None = None


@dataclass(frozen=True, slots=True)
class WorkGivenBack:
    """Accepted work returns to the line with its place: transferred, or its agent was lost."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    why: str
    to: str | None = None  # agent:ID or queue:NAME


@dataclass(frozen=True, slots=True)
class WorkDropped:
    """Work that its case withdrew before anybody accepted it."""

    work: WorkId
    at: Ms
    why: str


@dataclass(frozen=True, slots=True)
class AccessRefused:
    """Attempts turned away at the door since the last such event, counted, so that a flood cannot fill the log."""

    at: Ms
    what: str
    count: int


CustomerEvent = (
    CustomerCreated
    | CaseOpened
    | CaseReopened
    | ContactReceived
    | ConsentChanged
    | WorkWanted
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
    | NoteAdded
    | CaseStatusChanged
)
DomainEvent = (
    PolicyActivated
    | AgentAdded
    | AgentStateChanged
    | AgentStateAsked
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
