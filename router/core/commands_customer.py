"""Commands of the customer scope about contacts, cases and messages. Used through `core.commands`."""

from router.core.clock import Ms
from router.core.commands_parts import CUSTOMER, SYSTEM, Actor, File, MailIn, Media, Touch
from router.core.values import field, value
from router.core.words import (
    AddressId,
    AgentId,
    CaseId,
    CaseStatus,
    Channel,
    CustomerId,
    Evidence,
    MessageId,
    Setback,
    VaultId,
    WorkId,
)


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
    mail: MailIn | None = None
    thread: CaseId | None = None  # the case that it says it is about
    thread_by: str = ""  # how it says so: reply_address, answer (to ours), thread (of theirs), same_subject, carry
    touch: Touch | None = None
    files: tuple[File, ...] = ()
    client_id: str | None = None  # what a chat client calls it
    carry: str = ""  # a token that says which case it is about and that it is the customer, as it was given
    grounds: tuple[str, ...] = ()  # what `evidence` stands on, where the channel knows better than the address
    actor: Actor = CUSTOMER


@value
class SendReply:
    key: str
    case: CaseId
    text: str
    channel: Channel | None  # None: as the customer's terms say
    actor: Actor
    reason: str = ""  # why a person sends it although the policy would have it wait
    html: str = ""  # the same words with their looks, made safe; where it does not go by mail, `text` does alone
    files: tuple[File, ...] = ()
    unread: tuple[tuple[MessageId, str], ...] = ()  # what waits in the chats of whoever may be answered, and its words


@value
class AddNote:
    key: str
    case: CaseId
    text: str
    actor: Actor


@value
class NoteMissing:
    """A file that came along with a contact of this case is not at the provider any more."""

    key: str
    case: CaseId
    file: VaultId
    actor: Actor


@value
class AnswerCode:
    """Somebody wrote the code of a device: `phrase` tells them, where they wrote, what became of it."""

    key: str
    case: CaseId
    channel: Channel
    address: AddressId
    via: str
    phrase: str
    actor: Actor = SYSTEM


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
    takes_over: bool = False  # they asked for it themselves: no offer


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
    absent (looked for and not found). `unreached`: whom mail will never reach; `later`: who was in copy and is to be
    tried again, while the others have it."""

    key: str
    message: MessageId
    attempt: int
    outcome: str
    provider_id: str | None = None
    error: str = ""
    retry_after_ms: int | None = None
    adopted: bool = False
    setback: Setback | None = None
    unreached: tuple[AddressId, ...] = ()
    later: tuple[AddressId, ...] = ()
    actor: Actor = SYSTEM


@value
class RecordDelivery:
    """The provider's status callback for one attempt of one message of ours. `attempt` 0: it does not say which."""

    key: str
    message: MessageId
    state: str
    provider_id: str
    error: str = ""
    attempt: int = 0
    setback: Setback | None = None
    actor: Actor = SYSTEM


@value
class ReleaseMessage:
    key: str
    message: MessageId
    actor: Actor


@value
class PutFirst:
    """A lead puts waiting work before everybody else, and says why."""

    key: str
    case: CaseId
    work: WorkId
    actor: Actor
    reason: str


@value
class SetDeadline:
    """The customer said until when they can be reached about this; None: for as long as it takes."""

    key: str
    case: CaseId
    work: WorkId
    until: Ms | None
    actor: Actor


@value
class AnswerLanguage:
    """What the customer said when they were asked whether another language will do."""

    key: str
    case: CaseId
    yes: bool
    actor: Actor = CUSTOMER


@value
class FoldWork:
    """The customer's side takes note of what the domain decided, in order of `seq`."""

    key: str
    case: CaseId
    event: object
    actor: Actor = SYSTEM


@value
class SetParticipant:
    """Whether somebody else is written to about a case."""

    key: str
    case: CaseId
    address: str
    invited: bool
    actor: Actor


@value
class ReleaseContact:
    """Let out what was set aside as junk. `text`, `context` and `media` are what came then, as the vault has it.
    `stuck`: it could not be taken when it came, and is taken now."""

    key: str
    case: CaseId
    actor: Actor
    reason: str = ""
    text: str = ""
    context: dict[str, str] = field(default_factory=dict[str, str])
    media: tuple[Media, ...] = ()
    stuck: bool = False


@value
class AddAddress:
    """The customer told us one more way to reach them. `shared`: others use it too, and one of them has it already."""

    key: str
    customer: CustomerId
    address: str
    actor: Actor
    shared: bool = False


@value
class DropCandidates:
    """A case of which we were not sure is a matter of its own."""

    key: str
    case: CaseId
    actor: Actor


@value
class ShareLine:
    """Several people use an address of a customer's: `users`, each with their own id of it. Not `shared`: nobody else
    does any more."""

    key: str
    customer: CustomerId
    address: AddressId
    actor: Actor
    users: tuple[tuple[CustomerId, AddressId], ...] = ()
    shared: bool = True


@value
class SetTerms:
    """How a customer wants to be reached, whatever the matter; None: as before. `zone`: an IANA name; empty: their
    clock is not known any more, whoever told it."""

    key: str
    customer: CustomerId
    actor: Actor
    discreet: bool | None = None
    zone: str | None = None


@value
class BlockLine:
    """Somebody on a shared line told us to stop there, or to go on."""

    key: str
    customer: CustomerId
    address: AddressId
    channel: Channel
    blocked: bool
    actor: Actor = CUSTOMER
