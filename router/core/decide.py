"""`decide(state, command, context) -> Decision`: read it top to bottom; each arm is one noun's own rule.

Raises `Rejected` when the command is not allowed in this state. Nothing is written, sent or read here.
"""

from typing import assert_never

from router.core import (
    agents,
    agreed,
    asks,
    belonging,
    bringing,
    calls,
    cases,
    chats,
    contacts,
    customer_merging,
    devices,
    erasing,
    leads,
    leaving,
    legs,
    letters,
    live_chats,
    merging,
    messages,
    offers,
    outside,
    promises,
    quarantine,
    recorded,
    recording,
    replies,
    shared_lines,
    slots,
    splitting,
    switching,
    taking_part,
    terms,
    touches,
)
from router.core.commands import (
    AcceptOffer,
    ActivatePolicy,
    AddAddress,
    AddAgent,
    AddNote,
    AnswerCode,
    AnswerLanguage,
    AskCode,
    AssignCase,
    BeginAttempt,
    BeginLeg,
    BeginRecording,
    BlockLine,
    BreakOffCall,
    BringLines,
    BringOutside,
    CancelCallback,
    Command,
    CountRefused,
    DropCandidates,
    EndOffer,
    EraseCustomer,
    ErasePart,
    ExportCustomer,
    ExportPart,
    FinishWork,
    FoldWork,
    FollowAnswers,
    ForgetWords,
    FreeSlot,
    GiveBackWork,
    GiveCode,
    HangUp,
    HearCall,
    HoldCall,
    HoldSlot,
    JoinCall,
    KeepPromise,
    LeaveChat,
    LoseAgent,
    MakePromise,
    MergeCases,
    MergeCustomers,
    MovePromise,
    NoteAtRisk,
    NoteAway,
    NoteCall,
    NoteDeadlineDue,
    NoteLanguageDue,
    NoteMissing,
    NoteRecording,
    NoteToken,
    OfferSwitch,
    OfferWork,
    OpenCase,
    OpenScreen,
    PairDevice,
    PlaceCase,
    PutFirst,
    RecordAttempt,
    RecordDelivery,
    RecordLeg,
    RefuseSlot,
    ReleaseContact,
    ReleaseMessage,
    RevokeLinks,
    SendReply,
    SetAgentState,
    SetDeadline,
    SetHold,
    SetParticipant,
    SetRecording,
    SetStaffing,
    SetStatus,
    SetTerms,
    ShareLine,
    SignIn,
    SplitCase,
    StartCall,
    TakeCall,
    TakeContact,
    TakeRecording,
    UnmergeCases,
    UnmergeCustomers,
    UnpairDevice,
    WithdrawWork,
)
from router.core.context import Context, Decision, Making
from router.core.documents import State
from router.core.events import (
    AccessRefused,
    CommandTaken,
    PolicyActivated,
    PromiseAtRisk,
    SlotHeld,
    SlotRefused,
    TokenNoted,
)


def decide(state: State, command: Command, context: Context) -> Decision:  # noqa: PLR0915 - one arm a command
    """What happens when `command` meets `state`: `CommandTaken` first, then what follows from it."""
    making = Making(state=state, context=context)
    actor = command.actor
    making.events.append(
        CommandTaken(kind=type(command).__name__, key=command.key, actor=actor.kind, actor_id=actor.id)
    )
    erasing.check(state, command)
    match command:
        case TakeContact() if command.mail is not None:
            letters.take_letter(making, command)
        case TakeContact() if command.touch is not None:
            touches.take_touch(making, command)
        case TakeContact():
            contacts.take_contact(making, command)
        case SendReply():
            messages.send_reply(making, command)
        case AddNote():
            cases.add_note(making, command)
        case AnswerCode():
            devices.answer_code(making, command)
        case NoteMissing():
            cases.note_missing(making, command)
        case SetStatus():
            cases.set_status(making, command)
        case AssignCase():
            cases.assign(making, command)
        case BeginAttempt():
            messages.begin_attempt(making, command)
        case RecordAttempt():
            messages.record_attempt(making, command)
        case RecordDelivery():
            messages.record_delivery(making, command)
        case ReleaseMessage():
            messages.release_message(making, command)
        case PutFirst():
            asks.put_first(making, command)
        case SetDeadline():
            asks.set_deadline(making, command)
        case AnswerLanguage():
            asks.answer_language(making, command)
        case SetParticipant():
            letters.set_participant(making, command)
        case AddAddress():
            contacts.add_address(making, command)
        case OfferSwitch():
            switching.offer_switch(making, command)
        case RevokeLinks():
            switching.revoke_links(making, command)
        case PairDevice():
            devices.pair_device(making, command)
        case UnpairDevice():
            devices.unpair_device(making, command)
        case PlaceCase():
            belonging.place_case(making, command)
        case DropCandidates():
            belonging.drop_candidates(making, command)
        case ShareLine():
            shared_lines.share_line(making, command)
        case SetTerms():
            terms.set_terms(making, command)
        case BlockLine():
            shared_lines.block_line(making, command)
        case ReleaseContact():
            quarantine.release(making, command)
        case FoldWork(event=SlotHeld() | SlotRefused() | PromiseAtRisk() as event):
            slots.fold_slot(making, event)
            promises.make_up(making, event.promise)
        case FoldWork():
            cases.fold_work(making, command)
        case LeaveChat():
            leaving.leave_chat(making, command)
        case SignIn():
            bringing.sign_in(making, command)
        case BringLines():
            bringing.bring_lines(making, command)
        case FollowAnswers():
            chats.follow_answers(making, command)
        case NoteAway():
            live_chats.note_away(making, command)
        case AskCode():
            chats.ask_code(making, command)
        case GiveCode():
            chats.give_code(making, command)
        case TakeCall():
            calls.take_call(making, command)
        case TakeRecording():
            calls.take_recording(making, command)
        case HearCall():
            calls.hear_call(making, command)
        case NoteCall():
            calls.note_call(making, command)
        case BeginRecording():
            recorded.begin_recording(making, command)
        case NoteRecording():
            recorded.note_recording(making, command)
        case SetRecording():
            recording.set_recording(making, command)
        case BringOutside():
            outside.bring_outside(making, command)
        case JoinCall():
            leads.join_call(making, command)
        case BeginLeg():
            legs.begin_leg(making, command)
        case RecordLeg():
            legs.record_leg(making, command)
        case StartCall():
            agreed.start_call(making, command)
        case OpenCase():
            calls.open_for(making, command)
        case HoldCall():
            calls.hold_call(making, command)
        case BreakOffCall():
            calls.break_off(making, command)
        case HangUp():
            calls.hang_up(making, command)
        case CancelCallback():
            agreed.cancel_promise(making, command)
        case MakePromise():
            agreed.make_promise(making, command)
        case MovePromise():
            agreed.move_promise(making, command)
        case KeepPromise():
            promises.keep_promise(making, command)
        case MergeCases():
            merging.merge_cases(making, command)
        case UnmergeCases():
            splitting.undo(making, command)
        case SplitCase():
            splitting.split_case(making, command)
        case MergeCustomers():
            customer_merging.merge_customers(making, command)
        case UnmergeCustomers():
            customer_merging.unmerge_customers(making, command)
        case EraseCustomer():
            erasing.erase_customer(making, command)
        case ErasePart():
            taking_part.erase_part(making, command)
        case ExportPart():
            taking_part.export_part(making, command)
        case SetHold():
            erasing.set_hold(making, command)
        case ExportCustomer():
            erasing.export_customer(making, command)
        case ForgetWords():
            erasing.forget_words(making, command)
        case ActivatePolicy():
            making.emit(PolicyActivated(at=making.now, policy=command.policy, digest=command.digest))
        case AddAgent():
            agents.add_agent(making, command)
        case SetAgentState():
            agents.set_state(making, command)
        case OpenScreen():
            agents.open_screen(making, command)
        case LoseAgent():
            agents.lose_agent(making, command)
        case NoteLanguageDue():
            offers.note_language_due(making, command)
        case NoteDeadlineDue():
            offers.note_deadline_due(making, command)
        case OfferWork():
            offers.offer_work(making, command)
        case AcceptOffer():
            offers.accept_offer(making, command)
        case EndOffer():
            offers.end_offer(making, command)
        case WithdrawWork():
            offers.withdraw_work(making, command)
        case FinishWork():
            offers.finish_work(making, command)
        case GiveBackWork():
            offers.give_back(making, command)
        case CountRefused():
            making.emit(AccessRefused(at=making.now, what=command.what, count=command.count))
        case NoteToken():
            noted = TokenNoted(
                at=making.now, what=command.what, token=command.token, role=command.role, agent=command.agent
            )
            making.emit(noted)
        case SetStaffing():
            slots.set_staffing(making, command)
        case HoldSlot():
            slots.hold_slot(making, command)
        case RefuseSlot():
            slots.refuse_slot(making, command)
        case FreeSlot():
            slots.free_slot(making, command)
        case NoteAtRisk():
            slots.note_at_risk(making, command)
        case _:
            assert_never(command)
    replies.follow(making, command)
    belonging.follow(making)
    merging.follow(making)
    leads.follow(making)
    outside.follow(making)
    recording.follow(making)
    return Decision(
        events=tuple(making.events),
        kept=tuple(making.kept),
        indexed=tuple(making.indexed),
        state=making.state,
        blobs=tuple(making.blobs),
        erased=tuple(making.erased),
        unindexed=tuple(making.unindexed),
        forgotten=tuple(making.forgotten),
    )
