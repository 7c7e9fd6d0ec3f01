"""Events of the customer scope: customers, addresses, cases, contacts, messages.

Used through `core.events`.
"""

from router.core.addresses import Address
from router.core.clock import Ms
from router.core.documents import Ask, Letter, Mailing
from router.core.values import field, value
from router.core.words import (
    ActorKind,
    AddressId,
    AgentId,
    CaseId,
    CaseStatus,
    Channel,
    ContactId,
    CustomerId,
    Evidence,
    MessageId,
    RecordingId,
    Setback,
    VaultId,
    WorkId,
)

Facts = dict[str, str | int | float | bool | None]


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
    """A mail to this address came back for good (`bounced`), or somebody wrote from it again. `case`: it is that of
    somebody who takes part there; None: it is the customer's."""

    customer: CustomerId
    at: Ms
    address: AddressId
    bounced: bool
    why: str = ""
    case: CaseId | None = None


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
class ParticipantChanged:
    """Whether somebody who takes part is written to was decided by one of us."""

    case: CaseId
    customer: CustomerId
    at: Ms
    address: AddressId
    invited: bool
    author: ActorKind
    author_id: str | None = None


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
class ContextNoted:
    """What a page, app or device told of itself with a contact, as rows of `name: value` in the vault."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    contact: ContactId
    channel: Channel
    words: VaultId


@value
class WishNoted:
    """How somebody wants to be reached, said with a touch. `calls`: by a call when it is their turn."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    contact: ContactId
    words: VaultId
    calls: bool = False
    prefers: Channel | None = None


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
    said: VaultId | None = None  # the agent's own reason


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
    said: VaultId | None = None  # the agent's own reason


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


# --- what becomes of what is known ------------------------------------------------------------------------------------


@value
class HoldSet:
    """Nothing of this customer may be erased until the hold is lifted."""

    customer: CustomerId
    at: Ms
    author: ActorKind
    author_id: str | None = None
    why: VaultId | None = None


@value
class HoldLifted:
    customer: CustomerId
    at: Ms
    author: ActorKind
    author_id: str | None = None
    why: VaultId | None = None


@value
class ErasureWanted:
    """Somebody is to be erased, and a hold stands: it is done when that is lifted."""

    customer: CustomerId
    at: Ms
    why: str


@value
class CustomerErased:
    """All words, names, addresses and files of this customer are gone, or go at once. `why`: request, retention, or
    again (a restored backup). `reason`: a reference that somebody gave, without anything personal."""

    customer: CustomerId
    at: Ms
    why: str
    reason: VaultId | None = None


@value
class CustomerExported:
    """All that is known of a customer was handed to somebody."""

    customer: CustomerId
    at: Ms


@value
class WordsForgotten:
    """What a closed case kept is gone as the policy says. `what`: words, mails, files or recordings."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    what: str
    days: int  # how long it was kept


@value
class RecordingFound:
    """What somebody said to the provider's own machine stands there as a recording, and is to be deleted."""

    recording: RecordingId
    customer: CustomerId
    case: CaseId
    at: Ms
    provider_id: str
