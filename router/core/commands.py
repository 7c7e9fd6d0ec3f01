"""What somebody wants to happen. Imperatives; the words of a person may stand here, for a command is never kept.

`key` makes a command repeatable: the same key is done once, and its first answer is given again.
"""

from router.core.clock import Ms
from router.core.documents import Ask, SkillLevels
from router.core.values import field, value
from router.core.words import (
    ActorKind,
    AddressId,
    AgentId,
    AgentState,
    CaseId,
    CaseStatus,
    Channel,
    CustomerId,
    Evidence,
    MessageId,
    OfferId,
    VaultId,
    WorkId,
)


@value
class Actor:
    kind: ActorKind
    id: str | None = None


SYSTEM = Actor(ActorKind.SYSTEM)
CUSTOMER = Actor(ActorKind.CUSTOMER)


@value
class Media:
    """A file that came along: where it can be fetched, and what the sender says it is."""

    url: str
    content_type: str


@value
class TakeContact:
    """A person wrote. `at` is when the provider took it; `sender` and `via` are as the provider spells them."""

    key: str
    channel: Channel
    sender: str
    via: str
    at: Ms
    text: str = ""
    media: tuple[Media, ...] = ()
    evidence: Evidence = Evidence.WEAK
    late: bool = False
    context: dict[str, str] = field(default_factory=dict[str, str])
    actor: Actor = CUSTOMER


@value
class SendReply:
    key: str
    case: CaseId
    text: str
    channel: Channel | None  # None: as the customer's terms say
    actor: Actor


@value
class AddNote:
    key: str
    case: CaseId
    text: str
    actor: Actor


@value
class SetStatus:
    key: str
    case: CaseId
    status: CaseStatus
    actor: Actor
    reason: str = ""
    if_version: int | None = None


@value
class AssignCase:
    """Give a case to one agent, or to a queue."""

    key: str
    case: CaseId
    actor: Actor
    agent: AgentId | None = None
    queue: str | None = None
    reason: str = ""
    if_version: int | None = None


@value
class BeginAttempt:
    """The outbox is about to ask the provider."""

    key: str
    message: MessageId
    actor: Actor = SYSTEM


@value
class RecordAttempt:
    """What the provider answered. `provider_id` on success; else `error`, and whether another try may help.

    `outcome`: sent, refused (never will), again (not taken, try later), lost (no answer: it may have gone out),
    absent (looked for and not found)."""

    key: str
    message: MessageId
    attempt: int
    outcome: str
    provider_id: str | None = None
    error: str = ""
    retry_after_ms: int | None = None
    adopted: bool = False
    actor: Actor = SYSTEM


@value
class RecordDelivery:
    """The provider's status callback for one message of ours."""

    key: str
    message: MessageId
    state: str
    provider_id: str
    error: str = ""
    actor: Actor = SYSTEM


@value
class ReleaseMessage:
    key: str
    message: MessageId
    actor: Actor


@value
class FoldWork:
    """The customer's side takes note of what the domain decided, in order of `seq`."""

    key: str
    case: CaseId
    event: object
    actor: Actor = SYSTEM


# --- domain scope -----------------------------------------------------------------------------------------------------


@value
class ActivatePolicy:
    key: str
    policy: int
    digest: str
    actor: Actor


@value
class AddAgent:
    key: str
    name: str
    skills: SkillLevels
    languages: tuple[str, ...]
    capacity: tuple[tuple[str, int], ...]
    actor: Actor
    phone: str | None = None


@value
class SetAgentState:
    key: str
    agent: AgentId
    state: AgentState
    actor: Actor
    until: Ms | None = None
    why: str = ""


@value
class LoseAgent:
    """No stream of this agent has been open for as long as the policy allows."""

    key: str
    agent: AgentId
    actor: Actor = SYSTEM


@value
class OfferWork:
    """The matcher found an agent for a piece of work."""

    key: str
    work: WorkId
    case: CaseId
    customer: CustomerId
    ask: Ask
    agent: AgentId
    score: float
    waiting: int
    candidates: tuple[str, ...]
    actor: Actor = SYSTEM


@value
class AcceptOffer:
    key: str
    offer: OfferId
    work: WorkId
    agent: AgentId
    actor: Actor


@value
class EndOffer:
    """`how`: declined (by the agent), expired (its time), revoked (the case or the agent went away)."""

    key: str
    offer: OfferId
    work: WorkId
    how: str
    actor: Actor
    why: str = ""


@value
class WithdrawWork:
    key: str
    work: WorkId
    why: str
    actor: Actor = SYSTEM


@value
class FinishWork:
    key: str
    work: WorkId
    agent: AgentId
    outcome: str
    actor: Actor
    note: str = ""


@value
class GiveBackWork:
    """Hand accepted work on: `to` is `agent:ID`, `queue:NAME`, or nobody in particular."""

    key: str
    work: WorkId
    agent: AgentId
    actor: Actor
    why: str
    to: str | None = None


@value
class CountRefused:
    key: str
    what: str
    count: int
    actor: Actor = SYSTEM


CustomerCommand = (
    TakeContact
    | SendReply
    | AddNote
    | SetStatus
    | AssignCase
    | BeginAttempt
    | RecordAttempt
    | RecordDelivery
    | ReleaseMessage
    | FoldWork
)
DomainCommand = (
    ActivatePolicy
    | AddAgent
    | SetAgentState
    | LoseAgent
    | OfferWork
    | AcceptOffer
    | EndOffer
    | WithdrawWork
    | FinishWork
    | GiveBackWork
    | CountRefused
)
Command = CustomerCommand | DomainCommand


@value
class Kept:
    """Words that a decision puts into the vault: by id, for one owner (a customer, an agent or the domain)."""

    id: VaultId
    owner: str
    kind: str
    body: str


@value
class Indexed:
    """An address found again by its matching key."""

    key: str
    address: AddressId
    customer: CustomerId
