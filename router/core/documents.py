"""The documents: what is known now. Each is folded from events alone by `evolve` and written by one scope only.

Customer scope writes Customer, Case, Message, Call, Recording and Promise; domain scope writes Agent, Work, Slot and
Staffing. Words of people are not here: a document holds vault ids. A document is bounded; what grows with time are rows
of their own (`core.timeline`).
"""

from policies import kind_of
from policies.routing import DANGER
from router.core.addresses import Address
from router.core.clock import Ms
from router.core.values import field, value
from router.core.waits.said import Told
from router.core.words import (
    ActorKind,
    AddressId,
    AgentId,
    AgentState,
    CallbackState,
    CallId,
    CallRole,
    CallState,
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
    PromiseState,
    RecordingId,
    RecordingState,
    SlotId,
    Step,
    VaultId,
    WorkId,
    WorkState,
)

SkillLevels = tuple[tuple[str, int], ...]
"""Skills with the level that is needed or held, 1 and up, sorted by name."""


@value
class Code:
    """A code that was sent to `address`, for whoever is in `chat` to say. `digest`: of the code, keyed."""

    address: AddressId
    chat: AddressId
    digest: str
    expires_at: Ms
    tries: int = 5


@value
class Joined:
    """That a case, or a customer, stands under another one since `at`. `why`: the vault id of the reason given."""

    id: MergeId
    into: str
    at: Ms
    author: ActorKind
    author_id: str | None = None
    evidence: Evidence = Evidence.WEAK
    why: VaultId | None = None


@value
class Hold:
    """Nothing of a customer may be erased while it stands, as the law or a court wants it."""

    at: Ms
    author: ActorKind
    author_id: str | None = None
    why: VaultId | None = None


@value
class Customer:
    id: CustomerId
    version: int
    opened_at: Ms
    addresses: tuple[Address, ...]
    live_cases: tuple[CaseId, ...] = ()  # open matters, newest last
    last_case: CaseId | None = None
    language: str | None = None  # ISO 639-1, from what they last wrote
    zone: str = ""  # IANA name of their clock, as one of us or a program knows it
    zone_said: str = ""  # as they told us themselves, where their number does not tell
    unrecorded_at: Ms | None = None  # said then that they are not to be recorded
    discreet: bool = False  # others may hear their phone: no machine is told anything, hanging up is never a call
    told_at: Ms | None = None  # when an automatic mail last went to them
    code: Code | None = None  # the last one that was sent for them and not said yet
    users: tuple[CustomerId, ...] = ()  # provisional: somebody on a line that these people use
    joined: Joined | None = None  # the customer whom they were found to be as well
    members: tuple[CustomerId, ...] = ()  # customers who were found to be this one
    junk: int = 0  # contacts of theirs that are junk
    only_junk: bool = False  # we have met them in nothing else
    hold: Hold | None = None
    erase_wanted_at: Ms | None = None  # asked for while a hold stood: it is done when that ends
    erased_at: Ms | None = None  # ids, numbers and times are left

    def address(self, id: AddressId) -> Address | None:
        for address in self.addresses:
            if address.id == id:
                return address
        return None


@value
class Requirement:
    """What an agent must have to take a piece of work; equal requirements form one class of the matcher."""

    channel: Channel
    skills: SkillLevels = ()
    language: str | None = None
    rate: float = 1.0
    priority: int = 0
    target_ms: int = 3_600_000
    offer_ms: int = 30_000

    @property
    def kind(self) -> str:
        """The kind of capacity it takes: phone, chat, message or email."""
        return kind_of(self.channel)

    @property
    def is_danger(self) -> bool:
        """Whether the first free person takes it, before everybody else."""
        return self.priority >= DANGER


@value
class InChat:
    """Whoever asks is in the chat of `address`; once they have left it, they ask as `asked` again."""

    address: AddressId
    asked: Requirement


@value
class Ask:
    """What a case wants of an agent now. `place_at`: the customer's oldest ask that no person has attended to; a change
    between live and written channels, or a credit, moves it, and then `since_at` is when they truly asked."""

    work: WorkId
    place_at: Ms
    queue: str
    requirement: Requirement
    policy: int
    rule: str
    relax: tuple[tuple[int, str], ...] = ()  # after so many ms in line, this is no longer required
    agent: AgentId | None = None  # the one agent it is meant for, when a person said so
    written: bool = False  # words of theirs wait for an answer, whether or not they stay on the phone
    asked_at: Ms = Ms(0)  # when it was asked for in this form
    knows: AgentId | None = None  # who knows the case: asked before others for a grace
    first: bool = False  # a person put it before everybody else
    due_at: Ms | None = None  # the promise that it keeps is due then
    deadline_at: Ms | None = None  # the customer can be reached only until then
    early: bool = False  # moved forward for that deadline
    offered_language: str | None = None  # they were asked whether this language will do as well
    reasons: tuple[str, ...] = ()  # why the place is not simply when they asked
    takes_over: bool = False  # `agent` asked for it: it is theirs without an offer, and whoever had it is let go
    since_at: Ms | None = None  # when they asked, where the place counts as if they had at another time
    note: VaultId | None = None  # what whoever handed it on says to whoever takes it
    stays: bool = False  # in the queue that its case has, though `rule` names another: no rule says what it is about
    in_chat: InChat | None = None  # they asked otherwise in writing before they came, or came back, to a chat

    @property
    def waits_since(self) -> Ms:
        """Since when they truly wait: what a person or a figure is told. The place alone orders."""
        return self.place_at if self.since_at is None else self.since_at


@value
class Routed:
    """Where an ask goes and what it requires, by which rule: what words decide, without the ask's work and place."""

    queue: str
    requirement: Requirement
    policy: int
    rule: str
    relax: tuple[tuple[int, str], ...] = ()
    stays: bool = False


@value
class Rerouted:
    """Whatever asked as `was` asks as `now`."""

    was: Routed
    now: Routed


@value
class Place:
    """Where somebody stands, and since when they ask."""

    place_at: Ms
    since: Ms


@value
class Replaced:
    """Whoever is to be called and stood at `was` stands at `now`."""

    was: Place
    now: Place


@value
class Reached:
    """The customer's last words: how they came, so that the answer can go back the same way."""

    at: Ms
    channel: Channel
    address: AddressId
    via: str  # our number or sender they wrote to
    participant: bool = False  # somebody who takes part wrote it, and the customer wrote nothing there


@value
class Letter:
    """What a mail carries besides its new words. Everything that somebody wrote stands in the vault."""

    thread: VaultId  # its own Message-ID after those it refers to, oldest first: what an answer refers to
    raw: VaultId  # the whole source, as a file
    sender: VaultId | None = None  # From, as it was written
    to: tuple[VaultId, ...] = ()
    copies: tuple[VaultId, ...] = ()
    subject: VaultId | None = None
    full: VaultId | None = None  # all its text, where that is more than the new words
    html: VaultId | None = None  # made safe
    automatic: str = ""  # what it is where no person wrote it: a bounce, a notice of absence …
    subject_key: str = ""
    notes: tuple[str, ...] = ()  # what is odd about it
    vouched: bool = False  # the domain of its sender says that it is theirs
    sure: bool = False  # of the one that is answered: who wrote it is more than a name that anybody can write


@value
class Participant:
    """Somebody else who takes part in a case by mail. `invited`: by the customer or us, so answers go to them too."""

    address: Address
    invited: bool


@value
class Mailing:
    """What a mail of ours needs besides its words."""

    subject: VaultId | None = None  # None: named by the case's reference
    thread: VaultId | None = None  # what it answers
    copies: tuple[AddressId, ...] = ()
    automatic: bool = False  # nobody of us wrote it: no machine is to answer it
    apart: bool = False  # it goes to somebody who may not be the customer: nothing of it leads to the case
    html: VaultId | None = None  # the same words with their looks, made safe
    files: tuple[VaultId, ...] = ()


@value
class Candidate:
    """Where a case of which we were not sure may belong: another `case`, or a `customer`; `why`, as grounds."""

    case: CaseId | None = None
    customer: CustomerId | None = None
    why: tuple[str, ...] = ()


@value
class Question:
    """Which matter it is, asked of them once. `choices`: the case that each number stands for; None: something new, and
    where nothing was named, in the first place: what they wrote to us earlier."""

    at: Ms
    choices: tuple[CaseId | None, ...]
    named: bool  # the choices were named, for they had proved who they are


@value
class Side:
    """What a case that is joined with others is on its own, kept up while it is: what undoing gives back."""

    status: CaseStatus
    queue: str
    agent: AgentId | None = None
    ask: Ask | None = None  # what it wanted when it was joined, unless somebody has finished that since
    taken: bool = False
    place_at: Ms | None = None  # the oldest of its words that no person has attended to
    heard: Reached | None = None
    letter: Letter | None = None
    answered_at: Ms | None = None
    unanswered: int = 0
    contacts: int = 0
    language: str | None = None
    opt_out_hint: bool = False
    prefers: Channel | None = None
    solved_at: Ms | None = None


@value
class Split:
    """Where a case was taken out of another one, and which rows of that came along."""

    id: MergeId
    case: CaseId
    rows: tuple[int, ...]
    contacts: int
    unanswered: int
    at: Ms = Ms(0)
    topics: tuple[str, ...] = ()  # what those rows are about
    was_about: tuple[str, ...] = ()  # what the other case was about with them
    rerouted: Rerouted | None = None  # how that asks without the words that came along
    replaced: Replaced | None = None  # and where it stands then, for a call


@value
class Case:
    id: CaseId
    version: int
    ref: str
    status: CaseStatus
    customer: CustomerId
    queue: str
    opened_at: Ms
    changed_at: Ms
    priority: int = 0
    agent: AgentId | None = None
    subject: VaultId | None = None
    ask: Ask | None = None
    taken: bool = False  # an agent has accepted the ask
    heard: Reached | None = None
    answered_at: Ms | None = None
    unanswered: int = 0  # contacts since the last answer
    solved_at: Ms | None = None
    entries: int = 0  # rows of the timeline
    handed_on: int = 0  # how often somebody else had it then: what came to nothing does not count
    contacts: int = 0
    language: str | None = None
    opt_out_hint: bool = False  # words that may mean "stop" were seen; a person should look
    call: CallId | None = None  # the customer's leg of the call that is live or being made now
    promise: PromiseId | None = None  # the call that they were promised and did not get yet
    promised: tuple[PromiseId, ...] = ()  # what else they were told would happen and has not yet
    unreached_at: Ms | None = None  # the place of whoever was called and not reached: one answer makes it a call again
    wrapping: WorkId | None = None  # work that the case wants no more while its agent has still to say how it ended
    handing: WorkId | None = None  # work whose agent handed the call on: how it ended is theirs to say if nobody comes
    refused: WorkId | None = None  # work whose agent's phone did not take it; the domain gives it to somebody else
    moved_at: Ms | None = None  # when it last went ahead of others for the customer's own deadline
    kept_place_at: Ms | None = None  # the place of somebody who hung up without a word, kept for when they come back
    letter: Letter | None = None  # the last mail of a person
    participants: tuple[Participant, ...] = ()  # others who may write about it
    told_at: Ms | None = None  # when an automatic mail last went out about it
    subject_keys: tuple[str, ...] = ()  # of its mails that had one, the last of them, oldest first
    prefers: Channel | None = None  # how they said, with a touch, that they want to be answered
    junk: str = ""  # the rule by which it was set aside: nobody needs to see it
    mark: str = ""  # tells the same words of this sender from others, and tells nothing of them
    alike: int = 0  # so often in a row before they had sent the same
    redacted: bool = False  # a card number was taken out of their words, and they were told so
    texts: tuple[Ms, ...] = ()  # when texts of ours were queued within a day, as many as count, oldest first
    links_from: Ms | None = None  # links that carry it and were made before are taken back
    topics: tuple[str, ...] = ()  # what its words are about, as the policy's rules name it, newest last
    asked: bool = False  # it wanted an agent at some time
    candidates: tuple[Candidate, ...] = ()  # where it may belong, for an agent to choose
    question: Question | None = None  # which matter it is, asked and not answered
    suggested: tuple[Ms, Ms] | None = None  # the time for our call with which our last words to them asked back
    doubt: str = ""  # why they did, or why they named no time, as `wishes.why_said` says it
    joined: Joined | None = None  # the case that it goes on in
    parts: tuple[CaseId, ...] = ()  # cases that go on in this one
    side: Side | None = None  # its own account, while it is joined with others
    split: Split | None = None  # what it began as
    rows_moved: bool = False  # rows of its timeline stand in another case, or rows of another one here
    forgotten: tuple[str, ...] = ()  # what the policy has let go of it since it was closed
    asked_as: Ask | None = None  # what it wanted of an agent last, once it wants none: how it asks again

    @property
    def is_head(self) -> bool:
        """Whether it is a matter of its own, and not one that goes on in another case."""
        return self.joined is None


class MessageState:
    """Names of an outgoing message's states (contract: delivery), and two of our own for what is not yet known."""

    QUEUED = "queued"
    SENDING = "sending"  # an attempt was recorded and its outcome is not known yet
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"  # looked for at the provider, not found: a person decides


@value
class Message:
    """One message of ours, from intent to receipt."""

    id: MessageId
    version: int
    customer: CustomerId
    case: CaseId
    channel: Channel
    address: AddressId
    via: str
    words: VaultId
    queued_at: Ms
    state: str = MessageState.QUEUED
    attempts: int = 0
    attempted_at: Ms | None = None
    due_at: Ms | None = None  # when the outbox must look at it again
    provider_id: str | None = None
    error: str | None = None
    segments: int = 0
    mail: Mailing | None = None
    author: ActorKind = ActorKind.SYSTEM
    author_id: str | None = None
    moved_from: MessageId | None = None  # the message whose words go out on this way, for they could not on theirs
    moved_to: MessageId | None = None
    line: int = 0  # which one of its chat it is; 0: of none
    along: tuple[VaultId, ...] = ()  # words that go ahead of its own
    tried_since: Ms | None = None  # since somebody had it tried again; None: since it was queued
    late: bool = False  # it was said on its case that it takes long
    unanswered: int = 0  # attempts of which nobody knows whether they arrived, since somebody had it tried again
    about: PromiseId | None = None  # it says what becomes of this promise
    copy_of: MessageId | None = None  # it is that mail, for somebody in copy who was refused it then


@value
class Opening:
    """When a queue that is closed opens; `at`: None where it never does. `zone`: whose clock says so."""

    at: Ms | None
    zone: str
    is_elsewhere: bool = False  # whoever is told may be on another clock


@value
class Said:
    """A time for our call as it is said on the phone. `doubt`, a sentence: it is not promised, but suggested."""

    window: tuple[Ms, Ms]
    zone: str
    doubt: str = ""


@value
class Call:
    """One telephone leg. `step` with `turn` is where it stands: each document that the provider fetches has a turn of
    its own, so that a late or repeated request is told from the next one."""

    id: CallId
    version: int
    customer: CustomerId
    case: CaseId
    role: CallRole
    to: str  # the vault id of the number, SIP address or client at the other end
    via: str  # our number
    started_at: Ms
    language: str
    state: CallState = CallState.PLANNED
    step: Step = Step.GREETING
    turn: int = 0
    rounds: int = 0  # turns in this step without an answer
    misses: int = 0  # answers to what is asked here that were none; a pause between them is no answer
    address: AddressId | None = None
    provider_id: str | None = None
    attested: bool | None = None  # the provider vouches for the caller's number; None: it says nothing
    known: bool = False  # the number was this customer's before this call
    shared: bool = False  # several people use the number: it is nobody's in particular
    discreet: bool = False  # others may hear this phone
    spoke: bool = False  # they said what it is about
    language_asked: bool = False  # whether another language would do
    language_open: bool = False  # and they have said nothing to it
    talking_at: Ms | None = None  # was told to go into the room
    joined: bool = False  # was seen there
    through: bool = False  # one of us ended the conversation, so that the good-bye is its end
    ended_by: str | None = None  # who of us did
    told_at: Ms | None = None  # heard to its end that hanging up becomes a call
    queued_at: Ms | None = None  # in line since
    work: WorkId | None = None  # of an agent's leg, and of a customer's leg once an agent is with them
    agent: AgentId | None = None
    promise: PromiseId | None = None
    move: bool = False  # the provider must be told to fetch `step` now
    tried: int = 0  # how often the provider was asked to dial it
    attempted_at: Ms | None = None
    due_at: Ms | None = None  # when the provider must be dialled, told or asked
    answered_at: Ms | None = None
    heard_at: Ms | None = None  # when it last came for what to say
    ended_at: Ms | None = None
    ended_how: str = ""
    first: str = ""  # the phrase that is said first in this turn
    notice: str = ""  # this turn says that messages or calls are recorded, and nothing else
    announced: str = ""  # they heard to its end that messages, or calls, are recorded
    announced_at: Ms | None = None
    recordings: tuple[RecordingId, ...] = ()  # of what was said on it, the oldest first
    mode: JoinMode | None = None  # of a lead's leg
    note: VaultId | None = None  # of somebody outside: why a customer is handed on to them
    coached: str = ""  # the provider's id of the leg whose ear alone a lead speaks to
    hidden: bool = False  # the caller hides their number
    attestation: str = ""  # what the provider says of it: A, B, C, failed; empty: nothing
    block: str = ""  # a mark of the block of numbers that theirs is of, where the provider does not vouch for it
    pressed: bool = False  # they pressed a key
    suspect: tuple[str, ...] = ()  # all that they said is junk: the rule, and the conditions that were true
    held_at: Ms | None = None  # on hold since
    no_text: bool = False  # the caller's number gets no texts of ours: none is offered
    no_call: bool = False  # nor may we call it: hanging up never becomes a call
    closed: Opening | None = None  # the queue was closed when they last came into line
    said: Said | None = None  # when we call them, or could, as this turn says it
    early: bool = False  # in line for less than it takes until the choices are told
    wait: Told | None = None  # how long they were told last, in line, that it will be
    unsure: bool = False  # they were told that we cannot say how long, and no figure since

    @property
    def room(self) -> str:
        """The conference of this call's case."""
        return f"room-{self.case}"


@value
class Recording:
    """What was said in a stretch of a call, as the provider has it. `call`: None where its own machine recorded it."""

    id: RecordingId
    version: int
    customer: CustomerId
    case: CaseId
    call: CallId | None
    planned_at: Ms
    state: RecordingState = RecordingState.PLANNED
    attempted_at: Ms | None = None
    provider_id: str | None = None
    started_at: Ms | None = None
    unwanted_at: Ms | None = None  # it is to be stopped
    delete: bool = False  # and to be deleted at the provider
    due_at: Ms | None = None  # when the provider must be told or asked

    @property
    def is_settled(self) -> bool:
        """Nothing is to be done about it any more, unless the provider says otherwise."""
        if self.delete and self.state is RecordingState.READY:
            return False
        return self.state in (RecordingState.READY, RecordingState.DELETED, RecordingState.NONE)


Window = tuple[Ms, Ms]
"""From when to when; the end is not in it."""


@value
class Promise:
    """What a customer was told would happen, or a call that we make without having told them (`unpromised`).
    `window`: from when to when; None: when it is their turn."""

    id: PromiseId
    version: int
    customer: CustomerId
    case: CaseId
    kind: str
    made_at: Ms
    told_via: Channel | None  # None: nothing could be sent to say so
    place_at: Ms  # whose turn it is goes by this
    address: AddressId | None = None
    state: PromiseState = PromiseState.OPEN
    callback: CallbackState = CallbackState.SCHEDULED
    window: tuple[Ms, Ms] | None = None
    attempts: tuple[tuple[Ms, str], ...] = ()
    earlier: int = 0  # so many of them were made before they, or one of us, set another time
    due_at: Ms | None = None  # it rests until then: work for it is wanted, or it is tried again
    since_at: Ms | None = None  # when they asked, where the place counts as if they had at another time
    asked: Window | None = None  # time of ours was asked for it, and the answer is not there yet
    asked_at: Ms | None = None  # since when: who asked first is answered first
    queue: str = ""  # whose time, where any was asked for
    skills: SkillLevels = ()  # and what it requires beyond that
    slot: SlotId | None = None  # the time of ours that is kept for it
    others: tuple[Window, ...] = ()  # windows that were free when theirs was not, or is not any more
    named: bool = False  # they named the time themselves: it may be night
    by_turn: bool = False  # when it is their turn, which was to be within the window
    agent: AgentId | None = None  # who promised it: asked before others
    words: VaultId | None = None  # what was promised, where somebody wrote it down
    unpromised: bool = False  # a call of our own accord: it goes as promised ones do, and the customer was told nothing
    later: Window | None = None  # to what it moves that slips, once they know; set as soon as that is found out
    word: MessageId | None = None  # what tells them so, or that it was broken
    zones: tuple[str, ...] = ()  # by whose clock it is night for whoever is called

    @property
    def waits_since(self) -> Ms:
        return self.place_at if self.since_at is None else self.since_at

    @property
    def tries(self) -> tuple[tuple[Ms, str], ...]:
        """The attempts for what is promised now: those for another time do not keep it, and use up none of it."""
        return self.attempts[self.earlier :]

    @property
    def waits_turn(self) -> bool:
        """Whether it is as soon as possible, and no time that anybody named."""
        return self.window is None or self.by_turn


@value
class Agent:
    id: AgentId
    version: int
    name: VaultId
    skills: SkillLevels
    languages: tuple[str, ...]
    capacity: tuple[tuple[str, int], ...]  # how much at once, by kind: phone, chat, message, email
    state: AgentState = AgentState.OFF
    since: Ms = Ms(0)
    until: Ms | None = None
    asked: AgentState | None = None  # a state to take once the present work is finished
    asked_until: Ms | None = None
    missed: int = 0  # offers let lapse in a row
    acted_at: Ms = Ms(0)  # when they last took or declined something, or changed state: they were there
    notice: str | None = None  # why the system changed the state, for the agent to read
    screen: bool = False  # a screen was opened and not given up: nobody there for `agents.lost_s` means lost
    lost_at: Ms | None = None  # when the last screen was given up
    phone: VaultId | None = None

    def room_for(self, kind: str) -> int:
        """How much of a kind at once. Nobody without a phone, SIP address or browser line is offered a call."""
        if kind == "phone" and self.phone is None:
            return 0
        return next((n for k, n in self.capacity if k == kind), 0)


@value
class Offer:
    id: OfferId
    agent: AgentId
    at: Ms
    expires_at: Ms


@value
class Work:
    """One thing an agent is to do now for a case. It begins as the case's ask and lives here once offered."""

    id: WorkId
    version: int
    case: CaseId
    customer: CustomerId
    ask: Ask
    state: WorkState = WorkState.WAITING
    offer: Offer | None = None
    agent: AgentId | None = None
    passed_by: tuple[AgentId, ...] = ()  # declined or let it lapse; not offered to them again before `again_at`
    again_at: Ms | None = None
    accepted_at: Ms | None = None
    wraps_until: Ms | None = None  # wrapping ends by itself then; None: when the agent says so
    stays: bool = False  # handed on by an agent who is with the customer until somebody else is there


@value
class Shift:
    """Who is to be there from `start` to `end`: one `agent`, or `count` people for a `queue` or with a `skill`.
    `breaks`: when not, in order."""

    start: Ms
    end: Ms
    agent: AgentId | None = None
    queue: str | None = None
    skill: str | None = None
    count: int = 1
    breaks: tuple[Window, ...] = ()


STAFFING = "staffing"
"""The id of the one document that says who will be there."""


@value
class Staffing:
    """Who will be there. `shrinkage`: the share of paid time that is not spent with customers, 0 to 1."""

    id: str
    version: int
    at: Ms
    shifts: tuple[Shift, ...]
    shrinkage: float = 0.0


@value
class Slot:
    """Agents' time kept free for one promised call. `load_ms`: how much of it; `at`: from when, in the window."""

    id: SlotId
    version: int
    promise: PromiseId
    case: CaseId
    customer: CustomerId
    queue: str
    window: Window
    at: Ms
    load_ms: int
    expires_at: Ms  # it is free again then, unless the promise stands
    skills: SkillLevels = ()
    at_risk: bool = False  # too few people will be there for it
    free: bool = False  # nobody needs it any more


Document = Customer | Case | Message | Call | Recording | Promise | Agent | Work | Slot | Staffing
DocumentId = str
State = dict[DocumentId, Document]
"""The documents one decision looks at, by id. Never changed in place."""


@value
class Entry:
    """One row of a case's timeline, for people to read. `words` names the vault row that holds what was said."""

    case: CaseId
    n: int
    at: Ms
    kind: str
    author: str  # customer, agent, system
    author_id: str | None = None
    channel: Channel | None = None
    direction: str | None = None
    words: VaultId | None = None
    message: MessageId | None = None
    contact: str | None = None
    address: AddressId | None = None
    via: str = ""  # which of our numbers or addresses a contact came to, or a mail of ours went from
    evidence: Evidence | None = None
    media: tuple[VaultId, ...] = ()
    reasons: tuple[str, ...] = ()
    letter: Letter | None = None
    mail: Mailing | None = None  # of a mail of ours
    said: VaultId | None = None  # a reason that a person gave, shown with the others
    facts: dict[str, str | int | float | bool | None] = field(
        default_factory=dict[str, str | int | float | bool | None]
    )
