"""Events of the customer scope: customers, addresses, cases, contacts, messages.

Used through `core.events`.
"""

from router.core.addresses import Address
from router.core.clock import Ms
from router.core.documents import Ask, Candidate, Letter, Mailing, Question
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
    PromiseId,
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
    users: tuple[CustomerId, ...] = ()  # provisional: somebody on a line that these people use


@value
class AddressAdded:
    """A customer has one more address; `address.of_line` where it is a second spelling of one they had."""

    customer: CustomerId
    at: Ms
    address: Address


@value
class AddressShared:
    """Several people use this address; `users` empty: it is its customer's alone again."""

    customer: CustomerId
    at: Ms
    address: AddressId
    users: tuple[tuple[CustomerId, AddressId], ...]
    author: ActorKind
    author_id: str | None = None


@value
class TermsSet:
    """How they want to be reached, whatever the matter: all of it as it is from now on. `discreet`: others may hear
    their phone; `zone`, `zone_said`: their clock as we know it, and as they told us."""

    customer: CustomerId
    at: Ms
    discreet: bool
    author: ActorKind
    author_id: str | None = None
    zone: str = ""
    zone_said: str = ""
    clocks: tuple[tuple[PromiseId, tuple[str, ...]], ...] = ()  # calls to come that go by other clocks with that


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
class ParticipantErased:
    """Somebody takes part in a case no longer, and nothing of them is kept there: address, name, words and files are
    gone, or go at once. `why`: request, or again (a restored backup). `reason`: a reference that somebody gave."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    address: AddressId
    why: str
    reason: VaultId | None = None


@value
class ParticipantExported:
    """What somebody wrote in a case of somebody else was handed to somebody."""

    case: CaseId
    customer: CustomerId
    at: Ms
    address: AddressId


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
class DevicePaired:
    """A household said the code that a device of theirs shows. `case`: the one on whose timeline it stands, if any."""

    customer: CustomerId
    at: Ms
    address: AddressId
    key: str
    how: str
    evidence: Evidence
    author: ActorKind
    author_id: str | None = None
    case: CaseId | None = None
    entry: int = 0


@value
class DeviceUnpaired:
    """A device is nobody's any more: sold, lost, or paired by mistake. What it signs proves nothing from now on."""

    customer: CustomerId
    at: Ms
    address: AddressId
    author: ActorKind
    author_id: str | None = None
    why: VaultId | None = None
    case: CaseId | None = None
    entry: int = 0


@value
class DeviceKeyChanged:
    """A paired device was handed out its next key (`next_key`), or signs with it for the first time (`key`)."""

    customer: CustomerId
    at: Ms
    address: AddressId
    key: str
    next_key: str = ""


@value
class CaseOpened:
    case: CaseId
    customer: CustomerId
    at: Ms
    ref: str
    queue: str
    priority: int
    subject: VaultId | None = None
    candidates: tuple[Candidate, ...] = ()  # where it may belong as well


@value
class CaseReopened:
    case: CaseId
    at: Ms


@value
class ContactReceived:
    """One arrival. `link` says why it stands on this case, `grounds` what that and the evidence stand on, `topics` what
    its words are about; `at` is its true time, also when it was fetched later."""

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
    line: int = 0  # which one of its chat it is, from 1; 0: it came otherwise
    client_id: str | None = None  # what the chat client called it
    grounds: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    policy: int = 0  # the version that the link was decided under
    mark: str = ""  # tells the same words of this sender from others
    alike: int = 0  # so often in a row before they had sent the same
    redacted: bool = False  # a card number was taken out of the words
    keeps_wish: bool = False  # they are answered as they asked before; a call says so


@value
class ContactSetAside:
    """What came is junk: its case is closed, nobody is asked to look at it, and it stays whole in the quarantine.
    `matched` are the conditions that were true, `inputs` the facts they looked at. `only`: we know them from nothing
    else."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    rule: str
    policy: int
    matched: tuple[str, ...]
    came_at: Ms
    inputs: Facts = field(default_factory=dict[str, str | int | float | bool | None])
    only: bool = False


@value
class ContactReleased:
    """Somebody looked at what was set aside and let it out: it is no junk. `words`: the reason that they gave. `stuck`:
    it could not be taken when it came, and was taken because of them; what it is, it says itself."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    author: ActorKind
    author_id: str | None
    words: VaultId | None = None
    stuck: bool = False


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
    """How somebody wants to be reached, said with a touch. `calls`: by a call. `window`: when; what we suggest where a
    `doubt`, a sentence, says what was not clear."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    contact: ContactId
    words: VaultId
    calls: bool = False
    prefers: Channel | None = None
    window: tuple[Ms, Ms] | None = None
    zone: str = ""  # whose clock the window goes by
    doubt: str = ""
    language: str = ""  # of the words that named it
    address: AddressId | None = None  # where written words are to go, given in a chat


@value
class SwitchOffered:
    """Links were made by which the customer can go on by another channel. `channel`: the one that was asked for."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    channel: Channel
    until: Ms
    author: ActorKind
    author_id: str | None = None


@value
class LinksRevoked:
    """No link that was made before carries this case any more."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    author: ActorKind
    author_id: str | None = None


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
    also: tuple[tuple[CustomerId, AddressId], ...] = ()  # the same line as whoever was found to be this person has it


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
    status: CaseStatus | None = None  # where the case stands with it; None: it waits for us
    topic: str = ""  # what it is about by its rule, where that is something in particular


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
    status: CaseStatus | None = None  # where the case stands from now on; what its parts would say alone stays


@value
class MatterAsked:
    """Somebody with several open matters was asked which it is."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    question: Question


@value
class MatterAnswered:
    """They said which matter it is. `chosen`: the case, or the likeliest earlier one; None: something new."""

    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    chosen: CaseId | None = None
    named: bool = False  # by its reference, for they had proved who they are


@value
class CandidatesFound:
    """Whose case it is was learned afterwards, and where it may belong with that. `grounds` on which it was not put
    there."""

    case: CaseId
    at: Ms
    entry: int
    candidates: tuple[Candidate, ...]
    grounds: tuple[str, ...] = ()


@value
class CandidatesDropped:
    """One of us said that a case of which we were not sure is a matter of its own."""

    case: CaseId
    at: Ms
    entry: int
    author: ActorKind
    author_id: str | None = None


@value
class WorkWithdrawn:
    """A case wants no agent any more; one who is at it already wraps up, unless they go on with the matter in other
    work (`goes_on`): then there is one thing to wrap up, and not two. Whoever took a call and was with nobody yet
    (`unmet`) has nothing to wrap up."""

    case: CaseId
    customer: CustomerId
    at: Ms
    work: WorkId
    why: str
    goes_on: bool = False
    unmet: bool = False


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
    author: ActorKind = ActorKind.AGENT  # who gave it back: the agent, a lead, or the system
    author_id: str | None = None
    words: VaultId | None = None  # the note for whoever takes it
    wraps: bool = False  # their line was lost: if the customer hangs up now, it is theirs to wrap up
    hands: bool = False  # they handed a call on, and are with the customer until somebody is there


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
    line: int = 0  # which one of its chat it is, from 1; 0: of none
    is_secret: bool = False  # its words are for nobody but whoever gets it
    shown_in: AddressId | None = None  # the chat in which it is a line, where it goes another way itself
    along: tuple[VaultId, ...] = ()  # words that waited in a chat and go ahead of its own, in the same message
    due_at: Ms | None = None  # when it is sent; None: now
    about: PromiseId | None = None  # it says what becomes of this promise: it has to reach them
    suggests: tuple[Ms, Ms] | None = None  # it asks whether we shall call them then
    doubt: str = ""  # why, or why we named no time, as `wishes.why_said` says it


@value
class CopyQueued:
    """The mail `of` went out, and one of those in copy was refused it for now: it goes to them alone later, as a
    message of its own, the same mail to whoever gets it."""

    message: MessageId
    of: MessageId
    case: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    address: AddressId
    due_at: Ms
    why: str


@value
class MessageHurried:
    """Words that waited for the day go at once, and first: something else of ours goes to the same place now."""

    message: MessageId
    at: Ms


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
    case: CaseId | None = None  # where a mail takes long and its words have no other way: this makes a row there
    entry: int = 0
    unanswered: bool = False  # nobody knows whether the attempt before it arrived


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
class CodeAsked:
    """A code went to an address that a visitor typed. `digest`: of the code, keyed."""

    customer: CustomerId
    at: Ms
    address: AddressId
    chat: AddressId
    digest: str
    expires_at: Ms


@value
class CodeRefused:
    """A wrong code was said."""

    customer: CustomerId
    at: Ms
    address: AddressId


@value
class AddressProved:
    """Whoever is in a chat said the code that went to an address. `is_new`: nobody had it; else it is somebody's.
    `vouches`: what they say in that chat from now on is proof of who they are."""

    customer: CustomerId
    at: Ms
    address: AddressId
    chat: AddressId
    is_new: bool
    vouches: bool = False


@value
class LinesBrought:
    """Lines of the chat that somebody had begun before they signed in are lines of theirs as well: `count` of them,
    after the first `after` there, from line `line` on here. `owner`: whose that chat is."""

    customer: CustomerId
    at: Ms
    address: AddressId
    chat: AddressId
    owner: CustomerId
    after: int
    count: int
    line: int


@value
class AnswersFollowed:
    """Answers that waited in a chat for somebody who left it went out, all in one message, by a way they allowed."""

    case: CaseId
    customer: CustomerId
    at: Ms
    messages: tuple[MessageId, ...]
    message: MessageId


@value
class TextWithheld:
    """A text that nobody asked us for was not sent. `what`: the key of its phrase."""

    case: CaseId
    at: Ms
    entry: int
    what: str
    why: str
    on_page: bool = False  # it answers what they wrote on their page, which shows what became of it
    suggests: tuple[Ms, Ms] | None = None  # there: it asks whether we shall call them then
    doubt: str = ""  # and why, or why we named no time


@value
class FileMissing:
    """A file that came along is not at the provider any more."""

    case: CaseId
    at: Ms
    entry: int
    file: VaultId


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
