"""`evolve(state, event) -> state`: what each event changes in the documents, and nothing else.

Folding the journal from its beginning gives every document again; `onecase replay` proves it. An event of a later
version than a document never fails here: what was decided once is a fact.
"""

from typing import assert_never

from router.core import side_folds as sides
from router.core.addresses import PROVED, Address
from router.core.call_folds import call_folded
from router.core.clock import Ms
from router.core.device_folds import device_folded
from router.core.documents import (
    Agent,
    Ask,
    Case,
    Code,
    Customer,
    Hold,
    Letter,
    Message,
    MessageState,
    Offer,
    Participant,
    Promise,
    State,
    Work,
)
from router.core.events import (
    AccessRefused,
    AddressAdded,
    AddressMarked,
    AddressProved,
    AddressShared,
    AgentAdded,
    AgentStateAsked,
    AgentStateChanged,
    AnswersFollowed,
    AskChanged,
    CallArrived,
    CallbackHeld,
    CallChecked,
    CallEnded,
    CallJoined,
    CallMoved,
    CallRecorded,
    CallSaid,
    CallWentOn,
    CandidatesDropped,
    CandidatesFound,
    CaseOpened,
    CaseReopened,
    CasesMerged,
    CaseSplit,
    CaseStatusChanged,
    CasesUnmerged,
    CodeAsked,
    CodeRefused,
    CommandTaken,
    ConsentChanged,
    ContactReceived,
    ContactReleased,
    ContactSetAside,
    ContextNoted,
    CopyQueued,
    CustomerCreated,
    CustomerErased,
    CustomerExported,
    CustomersMerged,
    CustomersUnmerged,
    DeadlineDue,
    DeviceKeyChanged,
    DevicePaired,
    DeviceUnpaired,
    ErasureWanted,
    Event,
    FileMissing,
    HoldChanged,
    HoldLifted,
    HoldSet,
    IdentityNoted,
    JoinAsked,
    LanguageDue,
    LeadTookOver,
    LegAnswered,
    LegAttempted,
    LegPlaced,
    LegPlanned,
    LegPutOff,
    LegRefused,
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
    OfferEnded,
    OutsideAsked,
    ParticipantAdded,
    ParticipantChanged,
    ParticipantErased,
    ParticipantExported,
    PlaceKept,
    PolicyActivated,
    PromiseAtRisk,
    PromiseChanged,
    PromiseMade,
    RecordingAllowed,
    RecordingAnnounced,
    RecordingAttempted,
    RecordingChecked,
    RecordingDeleted,
    RecordingFound,
    RecordingLost,
    RecordingPlanned,
    RecordingReady,
    RecordingRefused,
    RecordingStarted,
    RecordingStopped,
    RecordingUnwanted,
    RoutingNoted,
    ScreenLost,
    ScreenOpened,
    SlotAsked,
    SlotFreed,
    SlotHeld,
    SlotMissed,
    SlotRefused,
    SlotTaken,
    SplitUndone,
    StaffingSet,
    SwitchOffered,
    TermsSet,
    TextWithheld,
    TokenNoted,
    WishNoted,
    WordsForgotten,
    WorkAccepted,
    WorkClosed,
    WorkDropped,
    WorkFinished,
    WorkGivenBack,
    WorkOffered,
    WorkReturned,
    WorkTaken,
    WorkWanted,
    WorkWithdrawn,
    WorkWrapped,
)
from router.core.folding import change, get, put
from router.core.junk_folds import junk_folded, no_junk
from router.core.recording_folds import recording_folded
from router.core.slot_folds import slot_folded
from router.core.tree import asking, head_of, is_written, owner_of_address
from router.core.values import replace
from router.core.words import DAY_MS, ActorKind, AddressId, CaseStatus, Channel, WorkState


def evolve(state: State, event: Event) -> State:
    """The state after `event`. Raises `Fault` when a document that the event speaks of is missing."""
    match event:  # what each new contact tells stands first
        case ContactReceived():
            return _contact_received(state, event)
        case CustomerCreated():
            return put(state, _customer(event))
        case CaseOpened():
            return _case_opened(state, event)
        case WorkWanted():
            case = get(state, event.case, Case)
            status = case.status if case.status is CaseStatus.OPEN else event.status or CaseStatus.WAITING_US
            return change(
                state,
                case,
                ask=event.ask,
                taken=False,
                status=status,
                queue=event.ask.queue,
                entries=event.entry,
                topics=_topics_with(case, (event.topic,)) if event.topic else case.topics,
                asked=True,
                asked_as=None,
            )
        case (
            CommandTaken()
            | PolicyActivated()
            | AccessRefused()
            | TokenNoted()
            | LanguageDue()
            | DeadlineDue()
            | CustomerExported()
            | ParticipantExported()
        ):
            return state
        case AskChanged():
            case = get(state, event.case, Case)
            moved_at = event.at if event.what == "deadline" else case.moved_at
            status = event.status or case.status
            return change(
                state, case, ask=event.ask, queue=event.ask.queue, entries=event.entry, moved_at=moved_at, status=status
            )
        case MatterAsked() | CandidatesFound() | CandidatesDropped() | MatterAnswered():
            return _matter_moved(state, event)
        case AddressAdded() | AddressShared():
            return _addresses_changed(state, event)
        case TermsSet():
            return _terms_set(state, event)
        case AddressMarked():
            return _address_marked(state, event)
        case DevicePaired() | DeviceUnpaired() | DeviceKeyChanged():
            return device_folded(state, event)
        case ParticipantAdded() | ParticipantChanged():
            return _participants_changed(state, event)
        case ParticipantErased():
            return _participant_erased(state, event)
        case CaseReopened():
            return _case_reopened(state, event)
        case ConsentChanged():
            return _consent_changed(state, event)
        case WorkWithdrawn() | WorkTaken() | WorkClosed() | WorkReturned():
            return _work_folded(state, event)
        case LinksRevoked():
            return change(state, get(state, event.case, Case), entries=event.entry, links_from=event.at)
        case RoutingNoted() | ContextNoted() | IdentityNoted() | SwitchOffered() | FileMissing():
            return change(state, get(state, event.case, Case), entries=event.entry)
        case TextWithheld():
            return _text_withheld(state, event)
        case WordsForgotten():
            case = get(state, event.case, Case)
            return change(state, case, entries=event.entry, forgotten=(*case.forgotten, event.what))
        case WishNoted():
            case = get(state, event.case, Case)
            state = change(state, case, entries=event.entry, prefers=event.prefers or case.prefers)
            state = _address_given(state, event) if event.address is not None else state
            return sides.wished(state, event) if case.side is not None else state
        case NoteAdded():
            return change(state, get(state, event.case, Case), entries=event.entry, changed_at=event.at, forgotten=())
        case CaseStatusChanged():
            return _status_changed(state, event)
        case CodeAsked() | CodeRefused() | AddressProved():
            return _code_moved(state, event)
        case LinesBrought():
            return _lines_brought(state, event)
        case AnswersFollowed():
            for id in event.messages:
                state = change(state, get(state, id, Message), moved_to=event.message)
            return state
        case CasesMerged() | CasesUnmerged() | CaseSplit() | SplitUndone() | CustomersMerged() | CustomersUnmerged():
            return _joined(state, event)
        case (
            MessageQueued()
            | CopyQueued()
            | MessageHurried()
            | MessageAttempted()
            | MessageRetryPlanned()
            | MessageSent()
            | MessageDelivered()
            | MessageFailed()
            | MessageLost()
            | MessageReleased()
        ):
            return _message_moved(state, event)
        case (
            CallArrived()
            | LegPlanned()
            | LegAttempted()
            | LegPutOff()
            | LegPlaced()
            | LegAnswered()
            | CallJoined()
            | CallWentOn()
            | CallMoved()
            | CallChecked()
            | CallSaid()
            | CallRecorded()
            | CallEnded()
            | LegRefused()
            | PromiseMade()
            | PromiseChanged()
            | PlaceKept()
            | CallbackHeld()
            | HoldChanged()
            | JoinAsked()
            | OutsideAsked()
            | LeadTookOver()
        ):
            return call_folded(state, event)
        case (
            StaffingSet()
            | SlotAsked()
            | SlotTaken()
            | SlotMissed()
            | SlotHeld()
            | SlotRefused()
            | SlotFreed()
            | PromiseAtRisk()
        ):
            return slot_folded(state, event)
        case (
            RecordingAnnounced()
            | RecordingRefused()
            | RecordingAllowed()
            | RecordingPlanned()
            | RecordingAttempted()
            | RecordingStarted()
            | RecordingUnwanted()
            | RecordingStopped()
            | RecordingReady()
            | RecordingDeleted()
            | RecordingLost()
            | RecordingChecked()
            | RecordingFound()
        ):
            return recording_folded(state, event)
        case HoldSet() | HoldLifted() | ErasureWanted() | CustomerErased():
            return _kept_or_erased(state, event)
        case ContactSetAside() | ContactReleased():
            return junk_folded(state, event)
        case AgentAdded() | AgentStateChanged() | AgentStateAsked() | ScreenOpened() | ScreenLost():
            return _agent_changed(state, event)
        case (
            WorkOffered()
            | OfferEnded()
            | WorkAccepted()
            | WorkWrapped()
            | WorkFinished()
            | WorkGivenBack()
            | WorkDropped()
        ):
            return _work_moved(state, event)
        case _:
            assert_never(event)


def _customer(event: CustomerCreated) -> Customer:
    return Customer(
        id=event.customer,
        version=0,
        opened_at=event.at,
        addresses=(event.address,),
        language=event.language,
        users=event.users,
    )


def _addresses_changed(state: State, event: AddressAdded | AddressShared) -> State:
    customer = get(state, event.customer, Customer)
    if isinstance(event, AddressAdded):
        return change(state, customer, addresses=(*customer.addresses, event.address))
    addresses = tuple(
        replace(a, users=event.users, shared=bool(event.users)) if a.id == event.address else a
        for a in customer.addresses
    )
    return change(state, customer, addresses=addresses)


def _participants_changed(state: State, event: ParticipantAdded | ParticipantChanged) -> State:
    case = get(state, event.case, Case)
    if isinstance(event, ParticipantAdded):
        taking_part = (*case.participants, Participant(address=event.address, invited=event.invited))
    else:
        taking_part = tuple(
            replace(p, invited=event.invited) if p.address.id == event.address else p for p in case.participants
        )
    return change(state, case, participants=taking_part)


def _participant_erased(state: State, event: ParticipantErased) -> State:
    case = get(state, event.case, Case)
    left = tuple(p for p in case.participants if p.address.id != event.address)
    return change(state, case, participants=left, entries=event.entry)


def _matter_moved(state: State, event: MatterAsked | CandidatesFound | CandidatesDropped | MatterAnswered) -> State:
    case = get(state, event.case, Case)
    match event:
        case MatterAsked():
            return change(state, case, entries=event.entry, question=event.question)
        case CandidatesFound():
            return change(state, case, entries=event.entry, candidates=event.candidates)
        case CandidatesDropped():
            return change(state, case, entries=event.entry, candidates=(), question=None)
        case MatterAnswered():
            return _matter_answered(state, event)


def _contact_received(state: State, event: ContactReceived) -> State:
    case = get(state, event.case, Case)
    if event.letter is not None and event.letter.automatic:  # kept, and nothing else: no person wrote it
        return change(state, case, entries=event.entry, forgotten=())
    ask, status = _line_with_words(case, event)
    answers_it = _is_answered(case, event)
    state = change(
        state,
        case,
        ask=ask,
        status=status,
        heard=sides.heard_on(case.heard, event),
        letter=sides.letter_to_answer(case.letter, event) if answers_it else case.letter,
        subject_keys=_subjects_with(case, event.letter),
        changed_at=max(case.changed_at, event.at),
        entries=event.entry,
        forgotten=(),
        topics=_topics_with(case, event.topics) if event.topics else case.topics,
        mark=event.mark,
        alike=event.alike,
        redacted=case.redacted or event.redacted,
        contacts=case.contacts + 1,
        unanswered=case.unanswered + 1,
        language=event.language or case.language,
        opt_out_hint=case.opt_out_hint or event.opt_out_hint,
        prefers=case.prefers if sides.keeps_wish(event) else None,
    )
    if case.side is not None:
        for other in {one.id: one for one in (asking(state, case), head_of(state, case))}.values():
            if other.id != case.id:
                ask, status = _line_with_words(other, event)
                state = change(state, other, ask=ask, status=status, changed_at=max(other.changed_at, event.at))
        state = sides.came_in(state, get(state, case.id, Case), event, answers_it=answers_it)
    return _customer_wrote(state, event)


def _line_with_words(case: Case, event: ContactReceived) -> tuple[Ask | None, CaseStatus]:
    """What words change in what a case wants of an agent, and where it stands."""
    ask, status = case.ask, case.status
    if ask is not None and case.taken and case.answered_at is not None and case.answered_at >= ask.place_at:
        if not case.unanswered:  # the first words since the answer begin a new wait; the next ones stand behind them
            ask = replace(ask, place_at=max(ask.place_at, event.at), since_at=None)
        status = CaseStatus.WAITING_US if status is CaseStatus.WAITING_CUSTOMER else status
    on_phone = ask is not None and ask.requirement.channel is Channel.PHONE
    if ask is not None and on_phone and not ask.written and event.channel is not Channel.PHONE:
        ask = replace(ask, written=True)  # a hang-up must not take what they wrote out of line
    return ask, status


def _joined(
    state: State,
    event: CasesMerged | CasesUnmerged | CaseSplit | SplitUndone | CustomersMerged | CustomersUnmerged,
) -> State:
    match event:
        case CasesMerged():
            return sides.merged(state, event)
        case CasesUnmerged():
            return sides.unmerged(state, event)
        case CaseSplit():
            return sides.split(state, event)
        case SplitUndone():
            return sides.split_undone(state, event)
        case CustomersMerged():
            return sides.customers_merged(state, event)
        case CustomersUnmerged():
            return sides.customers_unmerged(state, event)
        case _:
            assert_never(event)


def _subjects_with(case: Case, letter: Letter | None) -> tuple[str, ...]:
    """The subjects of a case, that of its newest mail last."""
    if letter is None or not letter.subject_key or letter.subject_key in case.subject_keys[-1:]:
        return case.subject_keys
    others = (key for key in case.subject_keys if key != letter.subject_key)
    return (*others, letter.subject_key)[-sides.SUBJECTS_MAX :]


def _topics_with(case: Case, topics: tuple[str, ...]) -> tuple[str, ...]:
    """What a case is about, with what its newest words are about."""
    return tuple(dict.fromkeys((*case.topics, *topics)))[-sides.TOPICS_MAX :]


def _matter_answered(state: State, event: MatterAnswered) -> State:
    """What they named comes first among the candidates; something new has none."""
    case = get(state, event.case, Case)
    first = [replace(c, why=("they_said",)) for c in case.candidates if c.case == event.chosen]
    others = [c for c in case.candidates if c.case != event.chosen]
    candidates = (*first, *others) if event.chosen is not None else ()
    return change(state, case, entries=event.entry, question=None, candidates=candidates)


def _is_answered(case: Case, event: ContactReceived) -> bool:
    """Whether answers go on from this mail: the customer's, or that of somebody one of us invited."""
    if case.letter is None or not event.participant:
        return True
    return any(p.invited for p in case.participants if p.address.id == event.address)


def _customer_wrote(state: State, event: ContactReceived) -> State:
    customer = get(state, event.customer, Customer)
    language = event.language or customer.language
    addresses = customer.addresses
    if event.channel is Channel.WHATSAPP:
        addresses = tuple(
            a.wrote_by_whatsapp(event.via, event.at) if a.id == event.address else a for a in customer.addresses
        )
    if event.line:
        addresses = _at_line(addresses, event.address, event.line)
    if language == customer.language and addresses is customer.addresses and not customer.only_junk:
        return state
    return change(state, customer, language=language, addresses=addresses, only_junk=False)


def _told_there(state: State, event: MessageQueued) -> State:
    """An address that a visitor typed is written to: what comes from there is a reply to that."""
    owner = owner_of_address(state, event.address)
    address = owner.address(event.address) if owner is not None else None
    if owner is None or address is None or not address.typed:
        return state
    told = replace(address, told_case=event.case, told_at=event.at)
    return change(state, owner, addresses=tuple(told if a.id == told.id else a for a in owner.addresses))


def _lines_brought(state: State, event: LinesBrought) -> State:
    customer = get(state, event.customer, Customer)
    lines, line = event.after + event.count, event.line + event.count - 1
    addresses = tuple(
        a.bringing(event.chat, owner=event.owner, lines=lines, line=line) if a.id == event.address else a
        for a in customer.addresses
    )
    return change(state, customer, addresses=addresses)


def _at_line(addresses: tuple[Address, ...], id: AddressId, line: int) -> tuple[Address, ...]:
    return tuple(a.at_line(line) if a.id == id else a for a in addresses)


def _address_marked(state: State, event: AddressMarked) -> State:
    def marked(address: Address) -> Address:
        return replace(address, bounced=event.bounced) if address.id == event.address else address

    if event.case is not None:
        case = get(state, event.case, Case)
        return change(state, case, participants=tuple(replace(p, address=marked(p.address)) for p in case.participants))
    customer = get(state, event.customer, Customer)
    return change(state, customer, addresses=tuple(marked(a) for a in customer.addresses))


def _code_moved(state: State, event: CodeAsked | CodeRefused | AddressProved) -> State:
    customer = get(state, event.customer, Customer)
    match event:
        case CodeAsked():
            code = Code(address=event.address, chat=event.chat, digest=event.digest, expires_at=event.expires_at)
            return change(state, customer, code=code)
        case CodeRefused():
            code = customer.code
            return change(state, customer, code=replace(code, tries=code.tries - 1) if code is not None else None)
        case AddressProved():
            proved = tuple(_proved(address, event) for address in customer.addresses)
            return change(state, customer, addresses=proved, code=None if event.is_new else customer.code)


def _address_given(state: State, event: WishNoted) -> State:
    customer = get(state, event.customer, Customer)
    addresses = tuple(replace(a, given_at=event.at) if a.id == event.address else a for a in customer.addresses)
    return change(state, customer, addresses=addresses)


def _proved(address: Address, event: AddressProved) -> Address:
    if address.id == event.address:
        return replace(address, typed=not event.is_new, evidence={**address.evidence, PROVED: f"{event.at}"})
    return replace(address, proved_at=event.at) if event.vouches and address.id == event.chat else address


def _kept_or_erased(state: State, event: HoldSet | HoldLifted | ErasureWanted | CustomerErased) -> State:
    customer = get(state, event.customer, Customer)
    match event:
        case HoldSet():
            hold = Hold(at=event.at, author=event.author, author_id=event.author_id, why=event.why)
            return change(state, customer, hold=hold)
        case HoldLifted():
            return change(state, customer, hold=None)
        case ErasureWanted():
            return change(state, customer, erase_wanted_at=event.at)
        case CustomerErased():
            return change(
                state, customer, erased_at=event.at, hold=None, erase_wanted_at=None, zone="", zone_said=""
            )  # fmt: skip
        case _:
            assert_never(event)


def _terms_set(state: State, event: TermsSet) -> State:
    customer = get(state, event.customer, Customer)
    state = change(state, customer, discreet=event.discreet, zone=event.zone, zone_said=event.zone_said)
    for id, zones in event.clocks:
        state = change(state, get(state, id, Promise), zones=zones)
    return state


def _case_opened(state: State, event: CaseOpened) -> State:
    customer = get(state, event.customer, Customer)
    state = change(state, customer, live_cases=(*customer.live_cases, event.case), last_case=event.case)
    return put(
        state,
        Case(
            id=event.case,
            version=0,
            ref=event.ref,
            status=CaseStatus.OPEN,
            customer=event.customer,
            queue=event.queue,
            opened_at=event.at,
            changed_at=event.at,
            priority=event.priority,
            subject=event.subject,
            candidates=event.candidates,
        ),
    )


def _case_reopened(state: State, event: CaseReopened) -> State:
    case = get(state, event.case, Case)
    customer = get(state, case.customer, Customer)
    if case.is_head:
        state = change(state, customer, live_cases=(*customer.live_cases, case.id), last_case=case.id)
    state = no_junk(state, case)
    return change(state, case, status=CaseStatus.WAITING_US, solved_at=None, changed_at=event.at, junk="", forgotten=())


def _consent_changed(state: State, event: ConsentChanged) -> State:
    for id, of_line in ((event.customer, event.address), *event.also):
        customer = get(state, id, Customer)
        said_on = customer.address(of_line)
        assert said_on is not None
        addresses = tuple(_stopped(a, event) if a.line == said_on.line else a for a in customer.addresses)
        state = change(state, customer, addresses=addresses)
    state = change(state, get(state, event.case, Case), entries=event.entry)
    return sides.only_stopped(state, get(state, event.case, Case))


def _stopped(address: Address, event: ConsentChanged) -> Address:
    others = tuple(channel for channel in address.blocked if channel != event.channel)
    return replace(address, blocked=(*others, event.channel) if event.blocked else others)


def _work_folded(state: State, event: WorkWithdrawn | WorkTaken | WorkClosed | WorkReturned) -> State:
    case = replace(get(state, event.case, Case), changed_at=event.at)
    match event:
        case WorkWithdrawn():
            wrapping = event.work if case.taken and not event.unmet else case.wrapping
            return change(state, case, ask=None, asked_as=case.ask, taken=False, refused=None, wrapping=wrapping)
        case WorkTaken():
            side = replace(case.side, agent=event.agent) if case.side is not None else None
            if case.joined is not None and is_written(case):  # whoever answers in the chat has the whole matter
                state = change(state, head_of(state, case), agent=event.agent)
            return change(
                state,
                case,
                taken=True,
                agent=event.agent,
                entries=event.entry,
                refused=None,
                kept_place_at=None,
                side=side,
            )
        case WorkClosed() if case.ask is None or case.ask.work != event.work:
            return change(state, case, wrapping=None, handing=None, entries=event.entry)
        case WorkClosed():
            state = change(state, case, ask=None, asked_as=case.ask, taken=False, handing=None, entries=event.entry)
            return sides.finished(state, case) if case.side is not None else state
        case WorkReturned():
            on_phone = case.ask is not None and case.ask.requirement.channel is Channel.PHONE
            by_agent = event.author is ActorKind.AGENT and not on_phone  # on the phone it counts once somebody is there
            handed_on = case.handed_on + by_agent
            return change(
                state,
                case,
                taken=False,
                agent=None,
                entries=event.entry,
                refused=None,
                handed_on=handed_on,
                wrapping=event.work if event.wraps else case.wrapping,
                handing=event.work if event.hands else case.handing,
            )
        case _:
            assert_never(event)


def _status_changed(state: State, event: CaseStatusChanged) -> State:
    case = get(state, event.case, Case)
    customer = get(state, case.customer, Customer)
    listed = case.id in customer.live_cases
    if listed and not event.status.is_live:
        state = change(state, customer, live_cases=tuple(c for c in customer.live_cases if c != case.id))
    elif not listed and event.status.is_live and case.is_head:
        state = change(state, customer, live_cases=(*customer.live_cases, case.id))
    if event.status.is_live:
        state = no_junk(state, case)
    state = change(
        state,
        case,
        status=event.status,
        solved_at=None if event.status.is_live else event.at,
        forgotten=() if event.status.is_live else case.forgotten,
        changed_at=event.at,
        entries=event.entry,
        junk="" if event.status.is_live else case.junk,
    )
    return sides.status_set(state, event) if case.side is not None else state


def _message_moved(
    state: State,
    event: MessageQueued
    | CopyQueued
    | MessageHurried
    | MessageAttempted
    | MessageRetryPlanned
    | MessageSent
    | MessageDelivered
    | MessageFailed
    | MessageLost
    | MessageReleased,
) -> State:
    match event:
        case MessageQueued():
            return _message_queued(state, event)
        case CopyQueued():
            return _copy_queued(state, event)
        case MessageFailed() | MessageLost():
            state = change(state, get(state, event.case, Case), entries=event.entry)
        case MessageRetryPlanned() if event.case is not None:
            state = change(state, get(state, event.case, Case), entries=event.entry)
        case _:
            pass
    message = get(state, event.message, Message)
    state = _texts_counted(state, message, event)
    match event:
        case MessageAttempted():
            moved = replace(
                message,
                state=MessageState.SENDING,
                attempts=event.attempt,
                attempted_at=event.at,
                due_at=event.lookup_at,
            )
        case MessageHurried():
            moved = replace(message, due_at=event.at)
        case MessageRetryPlanned():
            late = message.late or event.case is not None
            unanswered = message.unanswered + event.unanswered
            again = replace(message, error=event.error, late=late, unanswered=unanswered)
            moved = replace(again, state=MessageState.QUEUED, due_at=event.due_at)
        case MessageSent():
            moved = replace(message, state=MessageState.SENT, provider_id=event.provider_id, due_at=None, error=None)
        case MessageDelivered():
            moved = replace(message, state=event.state, due_at=None, error=None)
        case MessageFailed():
            moved = replace(message, state=MessageState.FAILED, due_at=None, error=event.error)
        case MessageLost():
            moved = replace(message, state=MessageState.UNKNOWN, due_at=None)
        case MessageReleased():
            fresh = replace(message, error=None, provider_id=None, tried_since=event.at, late=False, unanswered=0)
            moved = replace(fresh, state=MessageState.QUEUED, due_at=event.at)
        case _:
            assert_never(event)
    return put(state, moved)


def _texts_counted(state: State, message: Message, event: Event) -> State:
    """A text that did not arrive takes nothing of the day's budget; another try of it is another text."""
    case = state.get(message.case)
    match event:
        case MessageFailed() if isinstance(case, Case) and message.queued_at in case.texts:
            at = case.texts.index(message.queued_at)
            state = change(state, case, texts=(*case.texts[:at], *case.texts[at + 1 :]))
            return sides.not_arrived(state, event, message.queued_at) if case.side is not None else state
        case MessageReleased() if isinstance(case, Case) and event.budget:
            return change(state, case, texts=_texts_with(case, event.at, event.budget))
        case _:
            return state


def _texts_with(case: Case, at: Ms, budget: int) -> tuple[Ms, ...]:
    """The times within a day, `at` included; more than `budget` of them say nothing more."""
    return (*(earlier for earlier in case.texts if earlier > at - DAY_MS), at)[-budget:]


def _text_withheld(state: State, event: TextWithheld) -> State:
    case = get(state, event.case, Case)
    if not event.on_page:
        return change(state, case, entries=event.entry)
    return change(state, case, entries=event.entry, suggested=event.suggests, doubt=event.doubt)


def _message_queued(state: State, event: MessageQueued) -> State:
    if event.mail is not None and event.mail.automatic:
        state = change(state, get(state, event.customer, Customer), told_at=event.at)
    if event.line:
        chat = event.shown_in or event.address
        owner = owner_of_address(state, chat) or get(state, event.customer, Customer)
        state = change(state, owner, addresses=_at_line(owner.addresses, chat, event.line))
    if not event.is_secret:
        state = _told_there(state, event)
    case = get(state, event.case, Case)
    by_person = event.author is ActorKind.AGENT and event.moved_from is None  # an answer counts when it is written
    if event.moved_from is not None:
        state = change(state, get(state, event.moved_from, Message), moved_to=event.message)
    state = change(
        state,
        case,
        entries=event.entry,
        changed_at=event.at,
        forgotten=(),
        suggested=event.suggests if event.moved_from is None else case.suggested,
        doubt=event.doubt if event.moved_from is None else case.doubt,
        answered_at=event.at if by_person else case.answered_at,
        unanswered=0 if by_person else case.unanswered,
        texts=_texts_with(case, event.at, event.budget) if event.budget else case.texts,
        status=CaseStatus.WAITING_CUSTOMER if by_person and case.status.is_live else case.status,
        told_at=event.at if event.mail is not None and event.mail.automatic else case.told_at,
    )
    if case.side is not None:
        state = sides.answered(state, event, by_person=by_person)
    if event.about is not None:
        state = change(state, get(state, event.about, Promise), word=event.message)
    return put(
        state,
        Message(
            id=event.message,
            version=0,
            customer=event.customer,
            case=event.case,
            channel=event.channel,
            address=event.address,
            via=event.via,
            words=event.words,
            queued_at=event.at,
            due_at=event.due_at if event.due_at is not None else event.at,
            segments=event.segments,
            mail=event.mail,
            author=event.author,
            author_id=event.author_id,
            moved_from=event.moved_from,
            line=event.line,
            along=event.along,
            about=event.about,
        ),
    )


def _copy_queued(state: State, event: CopyQueued) -> State:
    """The same mail, to one of those in copy: nobody answered anything by it, and it has its own outcome."""
    state = change(state, get(state, event.case, Case), entries=event.entry)
    of = get(state, event.of, Message)
    return put(
        state,
        Message(
            id=event.message,
            version=0,
            customer=of.customer,
            case=event.case,
            channel=of.channel,
            address=event.address,
            via=of.via,
            words=of.words,
            queued_at=event.at,
            due_at=event.due_at,
            mail=of.mail,
            along=of.along,
            copy_of=of.id,
        ),
    )


def _agent_changed(
    state: State, event: AgentAdded | AgentStateChanged | AgentStateAsked | ScreenOpened | ScreenLost
) -> State:
    match event:
        case ScreenOpened():
            return change(state, get(state, event.agent, Agent), screen=True, lost_at=None)
        case ScreenLost():
            return change(state, get(state, event.agent, Agent), screen=False, lost_at=event.at)
        case AgentAdded():
            return put(
                state,
                Agent(
                    id=event.agent,
                    version=0,
                    name=event.name,
                    skills=event.skills,
                    languages=event.languages,
                    capacity=event.capacity,
                    since=event.at,
                    phone=event.phone,
                ),
            )
        case AgentStateAsked():
            agent = get(state, event.agent, Agent)
            return change(state, agent, asked=event.state, asked_until=event.until)
        case AgentStateChanged():
            agent = get(state, event.agent, Agent)
            return change(
                state,
                agent,
                state=event.state,
                since=event.at,
                until=event.until,
                asked=None,
                asked_until=None,
                missed=0,
                acted_at=event.at,
                notice=event.why or None,
            )
        case _:
            assert_never(event)


def _work_moved(
    state: State,
    event: WorkOffered | OfferEnded | WorkAccepted | WorkWrapped | WorkFinished | WorkGivenBack | WorkDropped,
) -> State:
    if isinstance(event, WorkOffered):
        known = state.get(event.work)
        work = (
            known
            if isinstance(known, Work)
            else Work(id=event.work, version=0, case=event.case, customer=event.customer, ask=event.ask)
        )
        offer = Offer(id=event.offer, agent=event.agent, at=event.at, expires_at=event.expires_at)
        return change(state, work, ask=event.ask, state=WorkState.OFFERED, offer=offer)
    work = get(state, event.work, Work)
    match event:
        case OfferEnded():
            earlier = () if event.anew else work.passed_by
            passed = earlier if event.how == "revoked" else (*earlier, event.agent)
            again_at = event.again_at or work.again_at
            offered_at = work.offer.at if work.offer is not None else event.at
            state = change(state, work, state=WorkState.WAITING, offer=None, passed_by=passed, again_at=again_at)
            return _missed(state, event, offered_at=offered_at)
        case WorkAccepted():
            state = change(state, work, state=WorkState.ACTIVE, offer=None, agent=event.agent, accepted_at=event.at)
            return change(state, get(state, event.agent, Agent), missed=0, acted_at=event.at)
        case WorkWrapped():
            return change(state, work, state=WorkState.WRAPPING, wraps_until=event.until_at)
        case WorkGivenBack() if event.stays:
            return change(state, work, state=WorkState.WRAPPING, stays=True)
        case WorkFinished() | WorkGivenBack() | WorkDropped():
            return change(state, work, state=WorkState.DONE, offer=None)
        case _:
            assert_never(event)


def _missed(state: State, event: OfferEnded, *, offered_at: Ms) -> State:
    """Whoever took or declined something while it was offered is there, and only busy with that."""
    agent = get(state, event.agent, Agent)
    if event.how == "declined":
        return change(state, agent, acted_at=event.at)
    if event.how != "expired" or offered_at < agent.acted_at:
        return state
    return change(state, agent, missed=agent.missed + 1)
