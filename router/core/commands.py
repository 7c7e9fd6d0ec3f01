"""What somebody wants to happen. Imperatives; the words of a person may stand here, for a command is never kept.

`key` makes a command repeatable: the same key is done once, and its first answer is given again.
The classes stand in `commands_parts`, `commands_customer`, `commands_people`, `commands_calls` and `commands_domain`;
everybody takes them from here.
"""

from router.core.commands_calls import (
    BeginLeg,
    BeginRecording,
    BreakOffCall,
    BringOutside,
    CancelCallback,
    HangUp,
    HearCall,
    HoldCall,
    JoinCall,
    KeepPromise,
    MakePromise,
    MovePromise,
    NoteCall,
    NoteRecording,
    OpenCase,
    RecordLeg,
    SetRecording,
    StartCall,
    TakeCall,
    TakeRecording,
)
from router.core.commands_customer import (
    AddAddress,
    AddNote,
    AnswerCode,
    AnswerLanguage,
    AssignCase,
    BeginAttempt,
    BlockLine,
    DropCandidates,
    FoldWork,
    NoteMissing,
    PutFirst,
    RecordAttempt,
    RecordDelivery,
    ReleaseContact,
    ReleaseMessage,
    SendReply,
    SetDeadline,
    SetParticipant,
    SetStatus,
    SetTerms,
    ShareLine,
    TakeContact,
)
from router.core.commands_domain import (
    AcceptOffer,
    ActivatePolicy,
    AddAgent,
    CountRefused,
    EndOffer,
    FinishWork,
    FreeSlot,
    GiveBackWork,
    HoldSlot,
    LoseAgent,
    NoteAtRisk,
    NoteDeadlineDue,
    NoteLanguageDue,
    NoteToken,
    OfferWork,
    OpenScreen,
    RefuseSlot,
    SetAgentState,
    SetStaffing,
    WithdrawWork,
)
from router.core.commands_parts import (
    CUSTOMER,
    SYSTEM,
    Actor,
    File,
    MailIn,
    Media,
    Other,
    Touch,
)
from router.core.commands_people import (
    AskCode,
    BringLines,
    EraseCustomer,
    ErasePart,
    ExportCustomer,
    ExportPart,
    FollowAnswers,
    ForgetWords,
    GiveCode,
    LeaveChat,
    MergeCases,
    MergeCustomers,
    NoteAway,
    OfferSwitch,
    PairDevice,
    PlaceCase,
    RevokeLinks,
    SetHold,
    SharedWith,
    SignIn,
    SplitCase,
    Spoken,
    UnmergeCases,
    UnmergeCustomers,
    UnpairDevice,
)
from router.core.values import value
from router.core.words import (
    AddressId,
    CustomerId,
    VaultId,
)

__all__ = [
    "CUSTOMER",
    "SYSTEM",
    "AcceptOffer",
    "ActivatePolicy",
    "Actor",
    "AddAddress",
    "AddAgent",
    "AddNote",
    "AnswerCode",
    "AnswerLanguage",
    "AskCode",
    "AssignCase",
    "BeginAttempt",
    "BeginLeg",
    "BeginRecording",
    "Blob",
    "BlockLine",
    "BreakOffCall",
    "BringLines",
    "BringOutside",
    "CancelCallback",
    "Command",
    "CountRefused",
    "CustomerCommand",
    "DomainCommand",
    "DropCandidates",
    "EndOffer",
    "EraseCustomer",
    "ErasePart",
    "ExportCustomer",
    "ExportPart",
    "File",
    "FinishWork",
    "FoldWork",
    "FollowAnswers",
    "ForgetWords",
    "FreeSlot",
    "GiveBackWork",
    "GiveCode",
    "HangUp",
    "HearCall",
    "HoldCall",
    "HoldSlot",
    "Indexed",
    "JoinCall",
    "KeepPromise",
    "Kept",
    "LeaveChat",
    "LoseAgent",
    "MailIn",
    "MakePromise",
    "Media",
    "MergeCases",
    "MergeCustomers",
    "MovePromise",
    "NoteAtRisk",
    "NoteAway",
    "NoteCall",
    "NoteDeadlineDue",
    "NoteLanguageDue",
    "NoteMissing",
    "NoteRecording",
    "NoteToken",
    "OfferSwitch",
    "OfferWork",
    "OpenCase",
    "OpenScreen",
    "Other",
    "PairDevice",
    "PlaceCase",
    "PutFirst",
    "RecordAttempt",
    "RecordDelivery",
    "RecordLeg",
    "RefuseSlot",
    "ReleaseContact",
    "ReleaseMessage",
    "RevokeLinks",
    "SendReply",
    "SetAgentState",
    "SetDeadline",
    "SetHold",
    "SetParticipant",
    "SetRecording",
    "SetStaffing",
    "SetStatus",
    "SetTerms",
    "ShareLine",
    "SharedWith",
    "SignIn",
    "SplitCase",
    "Spoken",
    "StartCall",
    "TakeCall",
    "TakeContact",
    "TakeRecording",
    "Touch",
    "UnmergeCases",
    "UnmergeCustomers",
    "UnpairDevice",
    "WithdrawWork",
]


CustomerCommand = (
    TakeContact
    | SendReply
    | AddNote
    | NoteMissing
    | SetStatus
    | AssignCase
    | BeginAttempt
    | RecordAttempt
    | RecordDelivery
    | ReleaseMessage
    | PutFirst
    | SetDeadline
    | AnswerCode
    | AnswerLanguage
    | FoldWork
    | AddAddress
    | OfferSwitch
    | RevokeLinks
    | PairDevice
    | UnpairDevice
    | DropCandidates
    | ShareLine
    | SetTerms
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
    | BringOutside
    | BeginLeg
    | RecordLeg
    | StartCall
    | OpenCase
    | HoldCall
    | BreakOffCall
    | HangUp
    | CancelCallback
    | MakePromise
    | MovePromise
    | KeepPromise
    | LeaveChat
    | SignIn
    | BringLines
    | FollowAnswers
    | NoteAway
    | AskCode
    | GiveCode
    | MergeCases
    | PlaceCase
    | UnmergeCases
    | SplitCase
    | MergeCustomers
    | UnmergeCustomers
    | EraseCustomer
    | ErasePart
    | SetHold
    | ExportCustomer
    | ExportPart
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
    | NoteToken
    | SetStaffing
    | HoldSlot
    | RefuseSlot
    | FreeSlot
    | NoteAtRisk
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
    timeline row of a touch by its contact's id, or, under a key that lists it, a case that was set aside, or in
    which somebody takes part."""

    key: str
    address: AddressId
    customer: CustomerId
    first_wins: bool = False  # one that is there already stays, and nobody is in the way
