"""Erasing a customer, and the hold that stands in its way.

Its one rule: what was decided stays true and nothing that is open is left: cases are closed, work and promises are
withdrawn, messages are not sent, recordings go at the provider. What goes from vault, search, files and index the
journal sees to, for the owners that a decision names.
"""

from policies.retention import JUNK
from router.core.call_parts import drop_promise, move
from router.core.commands import (
    AddAddress,
    AddNote,
    AnswerLanguage,
    AskCode,
    AssignCase,
    BringOutside,
    CancelCallback,
    Command,
    DropCandidates,
    EraseCustomer,
    ErasePart,
    ExportCustomer,
    ExportPart,
    ForgetWords,
    GiveCode,
    Indexed,
    JoinCall,
    LeaveChat,
    MakePromise,
    MergeCases,
    MergeCustomers,
    MovePromise,
    OfferSwitch,
    OpenCase,
    PairDevice,
    PlaceCase,
    PutFirst,
    ReleaseContact,
    ReleaseMessage,
    SendReply,
    SetDeadline,
    SetHold,
    SetParticipant,
    SetRecording,
    SetStatus,
    SetTerms,
    ShareLine,
    SplitCase,
    StartCall,
    TakeCall,
    TakeContact,
    UnmergeCustomers,
)
from router.core.context import Making
from router.core.documents import Call, Case, Customer, Hold, Message, MessageState, Recording, State
from router.core.errors import Reason, Rejected
from router.core.events import (
    CallEnded,
    CaseStatusChanged,
    CustomerErased,
    CustomerExported,
    ErasureWanted,
    HoldLifted,
    HoldSet,
    MessageFailed,
    RecordingFound,
    RecordingUnwanted,
    WordsForgotten,
    WorkWithdrawn,
)
from router.core.junk import LISTED
from router.core.tree import customers_of
from router.core.words import ActorKind, CallState, CaseStatus, RecordingId, RecordingState, Step

ERASED = "the customer was erased"
OWNER = "erasures"
"""Whose the reasons of erasures are: nobody's who can be erased."""
REFUSED = (
    *(TakeContact, TakeCall, OpenCase, SendReply, AddNote, SetStatus, AssignCase, ReleaseMessage, PutFirst),
    *(SetDeadline, AnswerLanguage, AddAddress, SetParticipant, StartCall, SetRecording, JoinCall, CancelCallback),
    *(MakePromise, MovePromise, BringOutside),
    *(ErasePart, ExportPart),
    *(SetHold, ExportCustomer, ForgetWords, MergeCases, SplitCase, MergeCustomers, PairDevice, OfferSwitch),
    *(DropCandidates, ShareLine, SetTerms, ReleaseContact, LeaveChat, AskCode, GiveCode, PlaceCase),
)
"""What nobody can do with a customer who was erased. The rest only brings to its end what was under way."""
UNSENT = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)


def check(state: State, command: Command) -> None:
    """Raises Rejected(ERASED) for what needs a customer who is there."""
    if type(command) not in REFUSED:
        return
    for document in state.values():
        if isinstance(document, Customer) and document.erased_at is not None:
            raise Rejected(Reason.ERASED, "customer")


def erase_customer(making: Making, command: EraseCustomer) -> None:
    """Erase, or note that it is wanted while a hold stands. Raises Rejected where either was done before, and where
    others were found to be the same person and nobody said that they are meant as well: a wrong join destroys nothing.
    """
    customer, person = making.customer(command.customer), _person(making)
    if customer.erased_at is not None:
        raise Rejected(Reason.ERASED, "customer")
    others = [one.id for one in person if one.id != customer.id]
    if others and not command.whole_person and not command.again:
        raise Rejected(Reason.JOINED, ", ".join(others))
    if any(one.hold is not None for one in person) and not command.again:
        wanted = [one for one in person if one.erase_wanted_at is None]
        if not wanted:
            raise Rejected(Reason.HELD, "customer")
        for one in wanted:
            making.emit(ErasureWanted(customer=one.id, at=making.now, why=command.why))
        return
    _erase(making, command, person, why=command.why, reason=command.reason)


def set_hold(making: Making, command: SetHold) -> None:
    """Let nothing be erased, or let it again: then what was wanted meanwhile is done in the same instant."""
    customer, actor = making.customer(command.customer), command.actor
    if (customer.hold is not None) is command.on:
        raise Rejected(Reason.NOTHING_TO_DO, "on hold" if command.on else "free to be erased")
    why = making.keep(command.reason, kind="note", owner=customer.id) if command.reason else None
    kind = HoldSet if command.on else HoldLifted
    making.emit(kind(customer=customer.id, at=making.now, author=actor.kind, author_id=actor.id, why=why))
    person = _person(making)
    is_wanted = all(one.erase_wanted_at is not None for one in person)  # whoever was joined since was not meant
    if not command.on and is_wanted and all(one.hold is None for one in person):
        _erase(making, command, person, why="request")


def keep_wishes(making: Making, command: UnmergeCustomers, side: list[Customer], *, hold: Hold | None) -> None:
    """Customers of whom some are to be erased were one person with others until now. What held that person holds them
    still, so that to take people apart destroys nothing; where nothing did, what was wanted is done in this instant."""
    wanted = [one for one in side if one.erase_wanted_at is not None]
    if not wanted or any(one.hold is not None for one in side):
        return
    if hold is not None:
        held = HoldSet(customer=wanted[0].id, at=hold.at, author=hold.author, author_id=hold.author_id, why=hold.why)
        making.emit(held)
    elif len(wanted) == len(side):  # else there is somebody yet who was not meant
        _erase(making, command, side, why="request")


def export_customer(making: Making, command: ExportCustomer) -> None:
    making.emit(CustomerExported(customer=making.customer(command.customer).id, at=making.now))


def forget_words(making: Making, command: ForgetWords) -> None:
    """What the policy keeps no longer of a case that is closed, unless a hold stands."""
    case = making.case(command.case)
    if case.status.is_live or command.what in case.forgotten:
        raise Rejected(Reason.NOTHING_TO_DO, "open" if case.status.is_live else "forgotten")
    if command.what == JUNK and not case.junk:
        raise Rejected(Reason.NOTHING_TO_DO, "let out")
    if making.customer(case.customer).hold is not None:
        raise Rejected(Reason.HELD, "customer")
    if command.recordings:
        _unrecord(making, [d for d in making.state.values() if isinstance(d, Recording) and d.case == case.id])
    making.emit(
        WordsForgotten(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=making.case(case.id).entries + 1,
            what=command.what,
            days=command.days,
        )
    )
    if command.what == JUNK:  # it cannot be let out any more, for nothing of it is left
        making.unindexed.append(f"{LISTED}{case.id}")
    making.forgotten.extend(command.ids)


# --- what is open -----------------------------------------------------------------------------------------------------


def _person(making: Making) -> list[Customer]:
    """All customers who were found to be this person, and are there: they are erased, or kept, together."""
    return [one for one in customers_of(making.state) if one.erased_at is None]


def _erase(
    making: Making,
    command: EraseCustomer | SetHold | UnmergeCustomers,
    person: list[Customer],
    *,
    why: str,
    reason: str = "",
) -> None:
    owners = {one.id for one in person}
    owned = [d for d in making.state.values() if isinstance(d, Message | Case | Call | Recording)]
    documents = [d for d in owned if d.customer in owners]
    for message in (d for d in documents if isinstance(d, Message) and d.state in UNSENT):
        _withdraw_message(making, message)
    for case in (d for d in documents if isinstance(d, Case)):
        _close(making, case)
    for call in (d for d in documents if isinstance(d, Call) and d.state is not CallState.ENDED):
        _end_call(making, call)
    _unrecord(making, [d for d in documents if isinstance(d, Recording)])
    for one in (one for one in command.spoken if making.case(one.case).customer in owners):
        making.emit(
            RecordingFound(
                recording=RecordingId(making.context.ids.new("rec")),
                customer=making.case(one.case).customer,
                case=one.case,
                at=making.now,
                provider_id=one.provider_id,
            )
        )
    kept = making.keep(reason, kind="note", owner=OWNER) if reason else None
    for customer in person:
        making.emit(CustomerErased(customer=customer.id, at=making.now, why=why, reason=kept))
        making.erased.append(customer.id)
    making.unindexed.extend(command.keys)
    for line in command.lines:  # in the same commit, so that nobody is new on it in between
        making.indexed.append(Indexed(key=line.key, address=line.address, customer=line.customer, first_wins=True))


def _withdraw_message(making: Making, message: Message) -> None:
    """It is not sent, or not again. Its words do not go another way, for they are gone."""
    case = making.case(message.case)
    making.emit(MessageFailed(message=message.id, case=case.id, at=making.now, entry=case.entries + 1, error=ERASED))


def _close(making: Making, case: Case) -> None:
    if case.ask is not None:
        making.emit(WorkWithdrawn(case=case.id, customer=case.customer, at=making.now, work=case.ask.work, why=ERASED))
    drop_promise(making, case.id, why=ERASED)
    if case.status.is_live:
        making.emit(
            CaseStatusChanged(
                case=case.id,
                at=making.now,
                entry=making.case(case.id).entries + 1,
                status=CaseStatus.CLOSED,
                author=ActorKind.SYSTEM,
                author_id=None,
            )
        )


def _end_call(making: Making, call: Call) -> None:
    """Whoever is on the line hears a good-bye; a leg that nobody has dialled is not dialled."""
    if call.state is not CallState.PLANNED:
        move(making, call, Step.GOODBYE)
        return
    making.emit(
        CallEnded(
            call=call.id,
            case=call.case,
            at=making.now,
            entry=making.case(call.case).entries + 1,
            how="canceled",
            role=call.role,
            step=call.step,
            agent=call.agent,
        )
    )


def _unrecord(making: Making, recordings: list[Recording]) -> None:
    for one in recordings:
        if not one.delete and one.state is not RecordingState.DELETED:
            making.emit(RecordingUnwanted(recording=one.id, at=making.now, why=ERASED, delete=True))
