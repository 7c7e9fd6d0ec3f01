"""What somebody wants to happen. Imperatives; the words of a person may stand here, for a command is never kept.

`key` makes a command repeatable: the same key is done once, and its first answer is given again.
"""

from router.core.clock import Ms
from router.core.documents import Ask, Entry, SkillLevels
from router.core.values import field, value
from router.core.words import (
    ActorKind,
    AddressId,
    AgentId,
    AgentState,
    CallId,
    CaseId,
    CaseStatus,
    Channel,
    CustomerId,
    Evidence,
    JoinMode,
    MergeId,
    MessageId,
    OfferId,
    PromiseId,
    RecordingId,
    Setback,
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
class File:
    """A file that came along whole. `content` is None where it was stored before."""

    name: str
    content_type: str
    hash: str  # SHA-256, hexadecimal
    size_bytes: int
    content: bytes | None = None
    note: str = ""


@value
class Other:
    """Somebody else whom a mail went to. `owner`: the customer who has this address; `takes_part_in`: cases of whom the
    mail is about. Both are found under that customer's lock."""

    address: str
    owner: str = ""
    takes_part_in: tuple[str, ...] = ()


@value
class MailIn:
    """What a mail carries besides its new words; addresses as they were written, and plain ones to write back to."""

    id: str  # its Message-ID
    raw: File
    thread: str = ""  # Message-IDs it refers to, oldest first
    subject: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    others: tuple[Other, ...] = ()  # everybody it went to besides us and its sender
    full_text: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    automatic: str = ""
    vouched: bool | None = None  # the verifier we trust says that it comes from where it says; None: it says nothing
    keys: tuple[str, ...] = ()  # under which mails that refer to it find its case
    subject_key: str = ""  # equal for equal subjects, and tells nothing of them
    bounced: MessageId | None = None  # the message of ours that came back
    bounced_at: tuple[AddressId, ...] = ()  # whom it did not reach; empty: it does not say, or says somebody else
    bounced_for_good: bool = False
    bounced_why: str = ""
    quiet: str = ""  # why no automatic answer may go out
    redacted: bool = False  # a card number was taken out of it
    notes: tuple[str, ...] = ()


@value
class Touch:
    """What comes with a touch of a button besides words and context. Redacted and bounded by whoever read it."""

    extra: dict[str, str] = field(default_factory=dict[str, str])  # what could not be used, by name
    calls: bool = False  # they want to be called when it is their turn
    prefers: Channel | None = None  # how they want to be answered
    wish: str = ""  # how they want to be reached, for the agent to read
    key: str = ""  # the id of the device's key that signed it, where it is signed as it should be
    fresh_key: str = ""  # the id of a key that the device is given with the answer, or can be


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
    thread_by: str = ""  # how it says so: reply_address, answer (to a mail of ours), thread (of theirs), carry
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
    absent (looked for and not found). `unreached`: whom mail will never reach."""

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
    """Let out what was set aside as junk. `text`, `context` and `media` are what came then, as the vault has it."""

    key: str
    case: CaseId
    actor: Actor
    reason: str = ""
    text: str = ""
    context: dict[str, str] = field(default_factory=dict[str, str])
    media: tuple[Media, ...] = ()


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
class BlockLine:
    """Somebody on a shared line told us to stop there, or to go on."""

    key: str
    customer: CustomerId
    address: AddressId
    channel: Channel
    blocked: bool
    actor: Actor = CUSTOMER


# --- chats ------------------------------------------------------------------------------------------------------------


@value
class LeaveChat:
    """A visitor says how answers are to follow them. `given`: an address that they typed; `wish`: all in words."""

    key: str
    customer: CustomerId
    channel: Channel | None
    given: str
    wish: str
    actor: Actor = CUSTOMER


@value
class FollowAnswers:
    """Whoever was in the chat of `address` is gone, and `messages` wait there. `text`: what those say."""

    key: str
    customer: CustomerId
    address: AddressId
    messages: tuple[MessageId, ...]
    text: str
    actor: Actor = SYSTEM


@value
class AskCode:
    """A visitor, in the chat of `address`, says that `given` is theirs too. `digest`: of the code that is sent."""

    key: str
    customer: CustomerId
    address: AddressId
    given: str
    code: str
    digest: str
    actor: Actor = CUSTOMER


@value
class GiveCode:
    """A visitor says the code. `given`: the address that it went to; `digest`: of what they said."""

    key: str
    customer: CustomerId
    address: AddressId
    given: str
    digest: str
    actor: Actor = CUSTOMER


@value
class OfferSwitch:
    """The customer is to go on by another channel, by links that carry the case until `until`."""

    key: str
    case: CaseId
    channel: Channel
    until: Ms
    actor: Actor


@value
class RevokeLinks:
    key: str
    case: CaseId
    actor: Actor


@value
class PairDevice:
    """Somebody of the household said the code that a device shows. `device`: its address, `customer`: who has it."""

    key: str
    customer: CustomerId
    device: str
    device_key: str
    how: str
    evidence: Evidence
    actor: Actor


@value
class UnpairDevice:
    key: str
    customer: CustomerId
    address: AddressId
    actor: Actor
    reason: str = ""


# --- joining and taking apart -----------------------------------------------------------------------------------------


@value
class MergeCases:
    """`case` goes on in `into`, whose version `if_version` is. Both are of one person."""

    key: str
    case: CaseId
    into: CaseId
    actor: Actor
    reason: str = ""
    evidence: Evidence = Evidence.WEAK
    if_version: int | None = None


@value
class UnmergeCases:
    """Take apart what one merge, or one split, did; what came in between is on the right side already."""

    key: str
    merge: MergeId
    actor: Actor
    reason: str = ""
    if_version: int | None = None


@value
class SplitCase:
    """Named rows are another matter. `rows`, `left` and `text` are found under the customer's lock: those rows, the
    contacts that stay, and what was written in the first row of theirs."""

    key: str
    case: CaseId
    entries: tuple[str, ...]
    actor: Actor
    reason: str = ""
    if_version: int | None = None
    rows: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()
    text: str = ""


@value
class MergeCustomers:
    """`customer` was found to be `into` as well, whose version `if_version` is."""

    key: str
    customer: CustomerId
    into: CustomerId
    actor: Actor
    reason: str = ""
    evidence: Evidence = Evidence.WEAK
    if_version: int | None = None


@value
class UnmergeCustomers:
    """They are two people after all: their cases are taken apart as well."""

    key: str
    merge: MergeId
    actor: Actor
    reason: str = ""
    if_version: int | None = None


# --- calls ------------------------------------------------------------------------------------------------------------


@value
class TakeCall:
    """A phone calls us. `attested`: the provider vouches for the number (True), does not (False), says nothing (None).
    `late`: it was fetched from the provider's log after we missed it; nobody is on the line."""

    key: str
    call: CallId
    provider_id: str
    sender: str
    via: str
    at: Ms
    attested: bool | None = None
    late: bool = False
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
    """The dialler is about to ask the provider."""

    key: str
    call: CallId
    actor: Actor = SYSTEM


@value
class RecordLeg:
    """What the provider answered to a dial or a move: placed, refused, again, lost, absent; moved, gone."""

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
    """We call the customer about a case: for an agent who asks for it now, or when it is their turn."""

    key: str
    case: CaseId
    actor: Actor
    agent: AgentId | None = None
    address: str = ""  # another number of theirs


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


@value
class HoldCall:
    """Take a customer out of the conversation to a way of waiting that listens to them, or back (`held` False)."""

    key: str
    call: CallId
    held: bool
    actor: Actor


@value
class HangUp:
    key: str
    call: CallId
    actor: Actor


@value
class CancelCallback:
    key: str
    promise: PromiseId
    actor: Actor
    reason: str = ""


# --- what becomes of what is known ------------------------------------------------------------------------------------


@value
class Spoken:
    """A recording that the provider's own machine made of somebody's words."""

    case: CaseId
    provider_id: str


@value
class EraseCustomer:
    """Forget a customer. `again`: they were erased already, and came back with a restored backup; no hold of that day
    stands in the way. `keys` under which they are found, and what was `spoken`, are put there by whoever knows them."""

    key: str
    customer: CustomerId
    actor: Actor
    reason: str = ""  # a reference; it is kept, so it names nobody
    why: str = "request"
    keys: tuple[str, ...] = ()
    spoken: tuple[Spoken, ...] = ()

    @property
    def again(self) -> bool:
        return self.why == "again"


@value
class SetHold:
    """Nothing of this customer may be erased from now on, or it may again."""

    key: str
    customer: CustomerId
    on: bool
    actor: Actor
    reason: str = ""
    keys: tuple[str, ...] = ()
    spoken: tuple[Spoken, ...] = ()


@value
class ExportCustomer:
    """All that is known of a customer is handed to somebody."""

    key: str
    customer: CustomerId
    actor: Actor


@value
class ForgetWords:
    """The policy keeps no longer what a closed case holds of one kind. `ids`: where that stands in the vault."""

    key: str
    case: CaseId
    what: str
    days: int
    ids: tuple[VaultId, ...] = ()
    recordings: bool = False  # they are deleted at the provider as well
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
class OpenScreen:
    """The first screen of an agent was opened."""

    key: str
    agent: AgentId
    actor: Actor = SYSTEM


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
    overtakes: str = ""
    actor: Actor = SYSTEM


@value
class NoteLanguageDue:
    """Only the customer's yes can drop the language that work requires: have them asked."""

    key: str
    work: WorkId
    case: CaseId
    customer: CustomerId
    language: str
    other: str
    actor: Actor = SYSTEM


@value
class NoteDeadlineDue:
    """A customer's own deadline is near, and those whom they would pass have time left."""

    key: str
    work: WorkId
    case: CaseId
    customer: CustomerId
    why: str
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
    takes_over: bool = False  # whoever it goes to asked for it themselves
    note: str = ""  # why, in the words of whoever hands it on: kept in the vault


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
    | PutFirst
    | SetDeadline
    | AnswerLanguage
    | FoldWork
    | AddAddress
    | OfferSwitch
    | RevokeLinks
    | PairDevice
    | UnpairDevice
    | DropCandidates
    | ShareLine
    | BlockLine
    | ReleaseContact
    | SetParticipant
    | TakeCall
    | TakeRecording
    | HearCall
    | NoteCall
    | BeginRecording
    | NoteRecording
    | SetRecording
    | JoinCall
    | BeginLeg
    | RecordLeg
    | StartCall
    | OpenCase
    | HoldCall
    | HangUp
    | CancelCallback
    | LeaveChat
    | FollowAnswers
    | AskCode
    | GiveCode
    | MergeCases
    | UnmergeCases
    | SplitCase
    | MergeCustomers
    | UnmergeCustomers
    | EraseCustomer
    | SetHold
    | ExportCustomer
    | ForgetWords
)
DomainCommand = (
    ActivatePolicy
    | AddAgent
    | SetAgentState
    | OpenScreen
    | LoseAgent
    | NoteLanguageDue
    | NoteDeadlineDue
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
class Blob:
    """A file, stored once under the hash of its content (SHA-256, hexadecimal)."""

    hash: str
    body: bytes


@value
class Indexed:
    """An address found again by its matching key; or, in `address`, the case of a mail by the mail's own id, the
    timeline row of a touch by its contact's id, or a case that was set aside, under a key that lists it."""

    key: str
    address: AddressId
    customer: CustomerId
    first_wins: bool = False  # one that is there already stays, and nobody is in the way
