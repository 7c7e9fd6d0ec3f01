"""What each event about calls and promises changes in the documents: the phone's part of `core.evolve`."""

from typing import Any, assert_never

from router.core import side_folds as sides
from router.core.clock import Ms
from router.core.documents import Ask, Call, Case, Customer, Promise, Reached, State
from router.core.events import (
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
)
from router.core.folding import change, get, put
from router.core.values import replace
from router.core.words import (
    CALLBACK,
    SECOND_MS,
    CallbackState,
    CallRole,
    CallState,
    CaseStatus,
    Channel,
    PromiseState,
    Step,
)

WATCH_MS = 120 * SECOND_MS
"""A leg that listens comes back within half a minute; after this long the provider is asked whether it is there."""
IN_CONVERSATION = (Step.TALKING, Step.OPENING, Step.HELD)
ON_HOLD = (Step.HELD, Step.NUMBER)
"""Steps in which the agent still waits for whoever is on hold."""
TALK_WATCH_MS = 300 * SECOND_MS

CallEvent = (
    CallArrived
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
    | CallEnded
    | LegRefused
    | PromiseMade
    | PromiseChanged
    | PlaceKept
    | CallbackHeld
    | HoldChanged
    | JoinAsked
    | OutsideAsked
    | LeadTookOver
)


def call_folded(state: State, event: CallEvent) -> State:
    match event:
        case CallArrived():
            return _arrived(state, event)
        case LegPlanned():
            return _planned(state, event)
        case CallSaid():
            return _said(state, event)
        case CallRecorded():
            state = change(state, get(state, event.call, Call), spoke=True, suspect=())
            case = get(state, event.case, Case)
            unanswered = case.unanswered + 1
            state = change(
                state, case, entries=event.entry, changed_at=event.at, unanswered=unanswered, ask=_with_words(case.ask)
            )
            return sides.said(state, get(state, case.id, Case), at=event.at, heard=None) if case.side else state
        case CallEnded():
            return _ended(state, event)
        case LegRefused():
            case = get(state, event.case, Case)
            ended = event.work == case.wrapping and not event.stays
            return change(state, case, refused=event.work, wrapping=None if ended else case.wrapping)
        case PromiseMade():
            return _promised(state, event)
        case PromiseChanged():
            return _promise_changed(state, event)
        case PlaceKept():
            case = get(state, event.case, Case)
            status = CaseStatus.WAITING_CUSTOMER if event.waits else case.status
            return change(
                state, case, kept_place_at=event.place_at, status=status, entries=event.entry, changed_at=event.at
            )
        case CallbackHeld():
            return change(state, get(state, event.case, Case), entries=event.entry, changed_at=event.at)
        case HoldChanged():
            state = change(state, get(state, event.call, Call), held_at=event.at if event.held else None)
            return change(state, get(state, event.case, Case), entries=event.entry, changed_at=event.at)
        case OutsideAsked():
            state = change(state, get(state, event.call, Call), note=event.note)
            return change(state, get(state, event.case, Case), entries=event.entry)
        case JoinAsked():
            state = change(state, get(state, event.call, Call), mode=event.mode)
            return change(state, get(state, event.case, Case), entries=event.entry)
        case LeadTookOver():
            return _took_over(state, event)
        case (
            LegAttempted()
            | LegPutOff()
            | LegPlaced()
            | LegAnswered()
            | CallJoined()
            | CallWentOn()
            | CallMoved()
            | CallChecked()
        ):
            return _moved(_handed_on(state, event), event)
        case _:
            assert_never(event)


def _handed_on(state: State, event: CallEvent) -> State:
    """A conversation was handed on once another agent, or somebody outside, is in it."""
    if not isinstance(event, CallMoved | CallWentOn):
        return state
    call = get(state, event.call, Call)
    if isinstance(event, CallMoved):
        with_another = call.agent is not None and event.agent != call.agent and call.step in IN_CONVERSATION
        happened = call.role is CallRole.CUSTOMER and with_another
    else:
        happened = call.role is CallRole.OUTSIDE and event.step is Step.BESIDE
    if not happened:
        return state
    case = get(state, call.case, Case)
    return change(state, case, handed_on=case.handed_on + 1, handing=None)


def _moved(
    state: State,
    event: LegAttempted | LegPutOff | LegPlaced | LegAnswered | CallJoined | CallWentOn | CallMoved | CallChecked,
) -> State:
    call = get(state, event.call, Call)
    match event:
        case LegAttempted():
            return change(
                state,
                call,
                state=CallState.DIALLING,
                attempted_at=event.at,
                due_at=event.lookup_at,
                tried=call.tried + 1,
            )
        case LegPutOff():
            return change(state, call, state=CallState.PLANNED, attempted_at=None, due_at=event.again_at)
        case LegPlaced():
            ringing = CallState.RINGING if call.state is CallState.DIALLING else call.state
            due_at = event.at if call.move else event.look_at
            return change(state, call, state=ringing, provider_id=event.provider_id, due_at=due_at)
        case LegAnswered():
            due_at = Ms(event.at + WATCH_MS)
            return change(state, call, state=CallState.LIVE, answered_at=event.at, heard_at=event.at, due_at=due_at)
        case CallJoined():
            return change(state, call, joined=True)
        case CallWentOn():
            talking = event.step in (Step.TALKING, Step.OPENING) and call.talking_at is None and not event.notice
            watch_ms = TALK_WATCH_MS if event.step in (Step.TALKING, Step.BESIDE) else WATCH_MS
            return change(
                state,
                call,
                turn=event.turn,
                step=event.step,
                rounds=event.rounds,
                misses=event.misses,
                language_asked=call.language_asked or event.step is Step.LANGUAGE,
                language_open=event.step is Step.LANGUAGE
                or (call.language_open and event.heard not in ("keys", "speech")),
                talking_at=event.at if talking else call.talking_at,
                told_at=event.at if event.told and call.told_at is None else call.told_at,
                queued_at=event.at if event.queued else call.queued_at,
                move=False,
                first=event.first,
                notice=event.notice,
                coached=event.coached,
                pressed=call.pressed or event.heard in ("keys", "refused"),
                held_at=call.held_at if event.step in ON_HOLD else None,
                heard_at=event.at,
                early=event.early,
                wait=event.wait,
                unsure=event.unsure or (call.unsure and (event.wait is None or event.wait.high_s is None)),
                said=event.said,
                closed=event.closed or (None if event.step is Step.WAITING else call.closed),
                due_at=Ms(event.at + watch_ms),
            )
        case CallMoved():
            if event.stays:
                return change(state, call, work=event.work, agent=event.agent)
            return change(
                state,
                call,
                turn=event.turn,
                step=event.step,
                through=event.through,
                ended_by=event.by,
                rounds=0,
                misses=0,
                move=True,
                held_at=call.held_at if event.step in ON_HOLD else None,
                first="",
                notice="",
                work=event.work,
                agent=event.agent,
                due_at=event.at if call.provider_id is not None else call.due_at,
            )
        case CallChecked():
            return change(state, call, due_at=event.look_at)
        case _:
            assert_never(event)


def _arrived(state: State, event: CallArrived) -> State:
    case = get(state, event.case, Case)
    present = state.get(case.call or "")
    if not (isinstance(present, Call) and _is_theirs(present, case) and present.work is not None):
        state = change(state, case, call=event.call)  # whoever talks with an agent is not put aside by a second call
    call = Call(
        id=event.call,
        version=0,
        customer=event.customer,
        case=event.case,
        role=CallRole.CUSTOMER,
        to=event.address,
        via=event.via,
        started_at=event.at,
        state=CallState.LIVE,
        step=event.step,
        turn=1,
        language=event.language,
        address=event.address,
        provider_id=event.provider_id,
        attested=event.attested,
        discreet=get(state, event.customer, Customer).discreet,
        known=event.known,
        shared=event.shared,
        answered_at=event.at,
        heard_at=event.at,
        due_at=Ms(event.at + WATCH_MS),
        notice=event.notice,
        hidden=event.hidden,
        attestation=event.attestation,
        no_text=event.no_text,
        no_call=event.no_call,
        block=event.block,
    )
    return put(state, call)


def _planned(state: State, event: LegPlanned) -> State:
    if event.role is CallRole.CUSTOMER:
        state = change(state, get(state, event.case, Case), call=event.call)
    call = Call(
        id=event.call,
        version=0,
        customer=event.customer,
        case=event.case,
        role=event.role,
        to=event.to,
        via=event.via,
        started_at=event.at,
        step=event.step,
        turn=1,
        language=event.language,
        address=event.address,
        known=True,
        work=event.work,
        agent=event.agent,
        promise=event.promise,
        discreet=get(state, event.customer, Customer).discreet,
        mode=event.mode,
        due_at=event.at,
    )
    return put(state, call)


def _took_over(state: State, event: LeadTookOver) -> State:
    """Their leg becomes an agent's. One that stands in the room already comes into it anew, to be heard there."""
    call = get(state, event.call, Call)
    state = change(state, call, role=CallRole.AGENT, work=event.work, mode=None, coached="")
    if call.step is not Step.BESIDE:
        return state
    return change(state, get(state, event.call, Call), turn=event.turn, move=True, due_at=event.at)


def _said(state: State, event: CallSaid) -> State:
    call = get(state, event.call, Call)
    suspect = event.suspect if call.suspect or not call.spoke else ()  # one word in earnest and the whole is
    state = change(state, call, spoke=True, suspect=suspect)
    case = get(state, event.case, Case)
    heard, ask = case.heard, _with_words(case.ask)
    if call.address is not None:
        heard = Reached(at=event.at, channel=Channel.PHONE, address=call.address, via=call.via)
    state = change(
        state,
        case,
        entries=event.entry,
        changed_at=event.at,
        unanswered=case.unanswered + 1,
        heard=heard,
        ask=ask,
        redacted=case.redacted or event.redacted,
    )
    return sides.said(state, get(state, case.id, Case), at=event.at, heard=heard) if case.side else state


def _with_words(ask: Ask | None) -> Ask | None:
    """No hang-up, of this call or another, takes their words out of line."""
    on_phone = ask is not None and ask.requirement.channel is Channel.PHONE
    return replace(ask, written=True) if ask is not None and on_phone else ask


def _ended(state: State, event: CallEnded) -> State:
    call = get(state, event.call, Call)
    state = change(state, call, state=CallState.ENDED, ended_at=event.at, ended_how=event.how, due_at=None, move=False)
    case = get(state, event.case, Case)
    changes: dict[str, Any] = {"entries": event.entry, "changed_at": max(case.changed_at, event.at)}
    if case.call == event.call:
        theirs = [d for d in state.values() if isinstance(d, Call) and _is_theirs(d, case)]
        latest = max(theirs, key=lambda d: (d.started_at, d.id), default=None)  # in whatever order they were read
        changes["call"] = latest.id if latest else None
    talked = event.role is CallRole.CUSTOMER and call.work is not None and event.step is not Step.GREETING
    if talked and call.answered_at is not None:
        changes |= {"answered_at": event.at, "unanswered": 0}
    state = change(state, case, **changes)
    if case.side is not None and "answered_at" in changes:
        state = sides.attended(state, get(state, case.id, Case), at=event.at)
    return state


def _promised(state: State, event: PromiseMade) -> State:
    case = get(state, event.case, Case)
    is_call = event.kind == CALLBACK
    state = change(
        state,
        case,
        promise=event.promise if is_call else case.promise,
        promised=case.promised if is_call else (*case.promised, event.promise),
        unreached_at=None if is_call else case.unreached_at,
        entries=event.entry,
        changed_at=event.at,
    )
    return put(
        state,
        Promise(
            id=event.promise,
            version=0,
            customer=event.customer,
            case=event.case,
            kind=event.kind,
            made_at=event.at,
            told_via=event.told_via,
            place_at=event.place_at,
            address=event.address,
            window=event.window,
            due_at=event.due_at,
            since_at=event.since_at,
            named=event.named,
            by_turn=event.by_turn,
            agent=event.agent,
            words=event.words,
            unpromised=event.unpromised,
            zones=event.zones,
        ),
    )


def _promise_changed(state: State, event: PromiseChanged) -> State:
    promise = get(state, event.promise, Promise)
    attempts = (*promise.attempts, (event.at, event.attempt)) if event.attempt else promise.attempts
    state = change(
        state,
        promise,
        state=event.state,
        callback=event.callback,
        attempts=attempts,
        earlier=promise.earlier if event.window is None or event.named is None else len(promise.attempts),
        due_at=event.due_at,
        window=event.window or promise.window,
        named=promise.named if event.named is None else event.named,
        later=None if event.window is not None else event.later or promise.later,
        word=promise.word if event.window in (None, promise.later) else None,
        by_turn=promise.by_turn and event.named is None and (event.window is None or event.due_at is None),
    )
    case = get(state, event.case, Case)
    over = not event.state.is_pending
    failed = event.state is PromiseState.BROKEN or event.callback is CallbackState.FAILED
    status = CaseStatus.WAITING_US if failed and case.status.is_live else case.status
    return change(
        state,
        case,
        promise=None if over and case.promise == event.promise else case.promise,
        promised=tuple(id for id in case.promised if id != event.promise) if over else case.promised,
        unreached_at=promise.place_at if event.callback is CallbackState.FAILED else case.unreached_at,
        status=status,
        entries=event.entry,
        changed_at=event.at,
    )


def _is_theirs(call: Call, case: Case) -> bool:
    """Whether it is a customer's line of this case that is not over."""
    return call.case == case.id and call.role is CallRole.CUSTOMER and call.state is not CallState.ENDED
