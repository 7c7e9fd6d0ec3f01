"""What happened. Events carry ids, kinds, times, numbers and reasons; never a person's words, names or addresses.

An event's class name is its name in the journal for ever: a changed shape gets an upcaster in `journal.codec`.
The classes stand by scope in `events_customer`, `events_calls`, `events_merges` and `events_domain`; everybody takes
them from here.
"""

from router.core.events_calls import (
    CallArrived,
    CallbackHeld,
    CallChecked,
    CallEnded,
    CallJoined,
    CallMoved,
    CallRecorded,
    CallSaid,
    CallWentOn,
    HoldChanged,
    JoinAsked,
    LeadTookOver,
    LegAnswered,
    LegAttempted,
    LegPlaced,
    LegPlanned,
    LegPutOff,
    LegRefused,
    OutsideAsked,
    PlaceKept,
    PromiseChanged,
    PromiseMade,
    RecordingAllowed,
    RecordingAnnounced,
    RecordingAttempted,
    RecordingChecked,
    RecordingDeleted,
    RecordingLost,
    RecordingPlanned,
    RecordingReady,
    RecordingRefused,
    RecordingStarted,
    RecordingStopped,
    RecordingUnwanted,
    SlotAsked,
    SlotMissed,
    SlotTaken,
)
from router.core.events_customer import (
    AddressAdded,
    AddressMarked,
    AddressProved,
    AddressShared,
    AnswersFollowed,
    AskChanged,
    CandidatesDropped,
    CandidatesFound,
    CaseOpened,
    CaseReopened,
    CaseStatusChanged,
    CodeAsked,
    CodeRefused,
    ConsentChanged,
    ContactReceived,
    ContactReleased,
    ContactSetAside,
    ContextNoted,
    CopyQueued,
    CustomerCreated,
    CustomerErased,
    CustomerExported,
    DeviceKeyChanged,
    DevicePaired,
    DeviceUnpaired,
    ErasureWanted,
    Facts,
    FileMissing,
    HoldLifted,
    HoldSet,
    LinesBrought,
    LinksRevoked,
    MatterAnswered,
    MatterAsked,
    MessageAttempted,
    MessageDelivered,
    MessageFailed,
    MessageHurried,
    MessageLost,
    MessageQueued,
    MessageReleased,
    MessageRetryPlanned,
    MessageSent,
    NoteAdded,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantErased,
    ParticipantExported,
    RecordingFound,
    RoutingNoted,
    SwitchOffered,
    TermsSet,
    TextWithheld,
    WishNoted,
    WordsForgotten,
    WorkClosed,
    WorkReturned,
    WorkTaken,
    WorkWanted,
    WorkWithdrawn,
)
from router.core.events_domain import (
    AccessRefused,
    AgentAdded,
    AgentStateAsked,
    AgentStateChanged,
    DeadlineDue,
    LanguageDue,
    OfferEnded,
    PolicyActivated,
    PromiseAtRisk,
    ScreenLost,
    ScreenOpened,
    SlotFreed,
    SlotHeld,
    SlotRefused,
    StaffingSet,
    TokenNoted,
    WorkAccepted,
    WorkDropped,
    WorkFinished,
    WorkGivenBack,
    WorkOffered,
    WorkWrapped,
)
from router.core.events_merges import (
    CasesMerged,
    CaseSplit,
    CasesUnmerged,
    CustomersMerged,
    CustomersUnmerged,
    IdentityNoted,
    SplitUndone,
)
from router.core.values import field, value
from router.core.words import ActorKind

__all__ = [
    "AccessRefused",
    "AddressAdded",
    "AddressMarked",
    "AddressProved",
    "AddressShared",
    "AgentAdded",
    "AgentStateAsked",
    "AgentStateChanged",
    "AnswersFollowed",
    "AskChanged",
    "CallArrived",
    "CallChecked",
    "CallEnded",
    "CallJoined",
    "CallMoved",
    "CallRecorded",
    "CallSaid",
    "CallWentOn",
    "CallbackHeld",
    "CandidatesDropped",
    "CandidatesFound",
    "CaseOpened",
    "CaseReopened",
    "CaseSplit",
    "CaseStatusChanged",
    "CasesMerged",
    "CasesUnmerged",
    "CodeAsked",
    "CodeRefused",
    "CommandTaken",
    "ConsentChanged",
    "ContactReceived",
    "ContactReleased",
    "ContactSetAside",
    "ContextNoted",
    "CopyQueued",
    "CustomerCreated",
    "CustomerErased",
    "CustomerEvent",
    "CustomerExported",
    "CustomersMerged",
    "CustomersUnmerged",
    "DeadlineDue",
    "DeviceKeyChanged",
    "DevicePaired",
    "DeviceUnpaired",
    "DomainEvent",
    "ErasureWanted",
    "Event",
    "Facts",
    "FileMissing",
    "HoldChanged",
    "HoldLifted",
    "HoldSet",
    "IdentityNoted",
    "JoinAsked",
    "LanguageDue",
    "LeadTookOver",
    "LegAnswered",
    "LegAttempted",
    "LegPlaced",
    "LegPlanned",
    "LegPutOff",
    "LegRefused",
    "LinesBrought",
    "LinksRevoked",
    "MatterAnswered",
    "MatterAsked",
    "MessageAttempted",
    "MessageDelivered",
    "MessageFailed",
    "MessageHurried",
    "MessageLost",
    "MessageQueued",
    "MessageReleased",
    "MessageRetryPlanned",
    "MessageSent",
    "NoteAdded",
    "OfferEnded",
    "OutsideAsked",
    "ParticipantAdded",
    "ParticipantChanged",
    "ParticipantErased",
    "ParticipantExported",
    "PlaceKept",
    "PolicyActivated",
    "PromiseAtRisk",
    "PromiseChanged",
    "PromiseMade",
    "RecordingAllowed",
    "RecordingAnnounced",
    "RecordingAttempted",
    "RecordingChecked",
    "RecordingDeleted",
    "RecordingFound",
    "RecordingLost",
    "RecordingPlanned",
    "RecordingReady",
    "RecordingRefused",
    "RecordingStarted",
    "RecordingStopped",
    "RecordingUnwanted",
    "RoutingNoted",
    "ScreenLost",
    "ScreenOpened",
    "SlotAsked",
    "SlotFreed",
    "SlotHeld",
    "SlotMissed",
    "SlotRefused",
    "SlotTaken",
    "SplitUndone",
    "StaffingSet",
    "SwitchOffered",
    "TermsSet",
    "TextWithheld",
    "TokenNoted",
    "WishNoted",
    "WordsForgotten",
    "WorkAccepted",
    "WorkClosed",
    "WorkDropped",
    "WorkFinished",
    "WorkGivenBack",
    "WorkOffered",
    "WorkReturned",
    "WorkTaken",
    "WorkWanted",
    "WorkWithdrawn",
    "WorkWrapped",
]


@value
class CommandTaken:
    """First of each batch: enough to decide again without words."""

    kind: str
    key: str
    actor: ActorKind
    actor_id: str | None = None
    facts: Facts = field(default_factory=dict[str, str | int | float | bool | None])


CustomerEvent = (
    CustomerCreated
    | AddressAdded
    | AddressMarked
    | DevicePaired
    | DeviceUnpaired
    | DeviceKeyChanged
    | AddressShared
    | TermsSet
    | ParticipantAdded
    | ParticipantChanged
    | ParticipantErased
    | ParticipantExported
    | CaseOpened
    | CaseReopened
    | ContactReceived
    | ContactSetAside
    | ContactReleased
    | ContextNoted
    | WishNoted
    | SwitchOffered
    | LinksRevoked
    | ConsentChanged
    | WorkWanted
    | AskChanged
    | MatterAsked
    | MatterAnswered
    | CandidatesDropped
    | CandidatesFound
    | WorkWithdrawn
    | WorkTaken
    | WorkClosed
    | WorkReturned
    | RoutingNoted
    | MessageQueued
    | CopyQueued
    | MessageHurried
    | MessageAttempted
    | MessageRetryPlanned
    | MessageSent
    | MessageDelivered
    | MessageFailed
    | MessageLost
    | MessageReleased
    | TextWithheld
    | AnswersFollowed
    | LinesBrought
    | CodeAsked
    | CodeRefused
    | AddressProved
    | NoteAdded
    | FileMissing
    | CaseStatusChanged
    | CallArrived
    | LegPlanned
    | LegAttempted
    | LegPutOff
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
    | OutsideAsked
    | LeadTookOver
    | CallEnded
    | LegRefused
    | PromiseMade
    | PromiseChanged
    | SlotAsked
    | SlotTaken
    | SlotMissed
    | PlaceKept
    | CallbackHeld
    | HoldChanged
    | CasesMerged
    | CasesUnmerged
    | CaseSplit
    | SplitUndone
    | CustomersMerged
    | CustomersUnmerged
    | IdentityNoted
    | HoldSet
    | HoldLifted
    | ErasureWanted
    | CustomerErased
    | CustomerExported
    | WordsForgotten
    | RecordingFound
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
    | TokenNoted
    | StaffingSet
    | SlotHeld
    | SlotRefused
    | SlotFreed
    | PromiseAtRisk
)
Event = CommandTaken | CustomerEvent | DomainEvent
