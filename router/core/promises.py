"""What a customer was told would happen in a window: made, moved, looked after, kept or broken; never in silence.

Its one rule: a promise rests until its window is there, then work for it stands in line at the place it has. Before it
slips they hear so, with a later time and a choice; one that nobody could be told of is broken, counted, and still done.
How calls are dialled and tried again stands in `core.legs` and `core.attempts`.
"""

from datetime import UTC, datetime
from functools import partial

from policies.call_hours import Unfit, fit_window, may_ring
from policies.whose_clock import day_zones
from router.core.addresses import Address
from router.core.attempts import LAST_LOOK_MS, is_rung, rests_from
from router.core.call_parts import (
    ask_for_phone,
    can_be_called,
    change_promise,
    customer_of,
    is_at_other_number,
    is_unpromised,
    number_to_call,
    promise_call,
    stand_in_line,
    turn_to_writing,
)
from router.core.clock import Ms
from router.core.commands import CancelCallback, KeepPromise, MakePromise, MovePromise
from router.core.context import Making
from router.core.documents import Case, Promise, Window
from router.core.errors import Reason, Rejected
from router.core.events import CaseReopened, PromiseMade
from router.core.slips import (
    LATER_MS,
    WRITTEN_LATER_MS,
    ask_time,
    is_dialling,
    is_under_way,
    look_at_end,
    rest_for_night,
    rest_or_stand,
    slip,
    want_answer,
)
from router.core.telling import tell_customer, told_via, zones_of
from router.core.wishes import clock_for
from router.core.words import (
    CALLBACK,
    HOUR_MS,
    MINUTE_MS,
    ActorKind,
    CallbackState,
    Channel,
    PromiseId,
    PromiseState,
)

AHEAD_MS = 2 * HOUR_MS
"""An answer that is promised stands in line so long before it is due, where there is so much time."""
ELSEWHERE = "they are to be called at another number"
NIGHT_AGAIN_MS = 5 * MINUTE_MS
"""Who may not be rung at night, and is on the line with us, is looked after again so soon."""
FULL = "full"
"""Why a window cannot be promised in which nobody is free."""


def make_promise(making: Making, command: MakePromise, *, to: Address | None = None) -> None:
    """Promise something in a window. A call that is promised already is moved there: nobody is rung twice. `to`: at
    this number of theirs, where it can be called. Where another number is named, that one is called instead."""
    case = making.case(command.case)
    is_other = command.kind == CALLBACK and is_at_other_number(making, case, command.address, to=to)
    if command.kind == CALLBACK and case.promise is not None and not is_unpromised(making, case) and not is_other:
        _move(making, making.promise(case.promise), command.window, named=command.named, why="they named another time")
        return
    if command.kind == CALLBACK:
        _promise_call(making, case, command, to=to if to is not None and can_be_called(to) else None)
        return
    check_window(making, case, None, command.window, named=True)
    if not case.status.is_live:
        making.emit(CaseReopened(case=case.id, at=making.now))
    end, case = command.window[1], making.case(case.id)
    ahead_ms = min(AHEAD_MS, (end - making.now) // 2)
    making.emit(
        PromiseMade(
            promise=PromiseId(making.context.ids.new("prm")),
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            kind=command.kind,
            told_via=_told_via(making, case, command),
            place_at=making.now,
            window=command.window,
            why="one of us said so",
            due_at=Ms(max(command.window[0], end - ahead_ms)),
            agent=command.agent,
            words=making.keep(command.text, kind="note", owner=case.customer) if command.text else None,
        )
    )


def _promise_call(making: Making, case: Case, command: MakePromise, *, to: Address | None) -> None:
    address = number_to_call(making, case, command.address, to=to)
    check_window(making, case, address, command.window, named=command.named)
    place_at = _place(making, case)
    if (kept_at := give_up_number(making, case)) is not None:
        place_at = min(place_at, kept_at)
    if not case.status.is_live:
        making.emit(CaseReopened(case=case.id, at=making.now))
    promise_call(
        making,
        making.case(case.id),
        address,
        why="they named the time" if command.named else "we said when we call",
        told_via=_told_via(making, case, command),
        number=command.address,
        due_at=command.window[0],
        place_at=place_at,
        window=command.window,
        named=command.named,
        agent=command.agent,
        words=making.keep(command.text, kind="note", owner=case.customer) if command.text else None,
    )
    if (made := making.case(case.id).promise) is not None:
        ask_time(making, made, making.promise(made).window)
    rest_or_stand(making, case)


def give_up_number(making: Making, case: Case) -> Ms | None:
    """They are to be called at another number than was promised: nobody is rung at that one. Their place, which goes
    along; None where nothing was promised. Raises Rejected where that call is being made."""
    if case.promise is None or is_unpromised(making, case):
        return None
    promise = making.promise(case.promise)
    if is_called(making, promise):
        raise Rejected(Reason.NOTHING_TO_DO, "under way")
    change_promise(making, promise.id, PromiseState.WITHDRAWN, CallbackState.CANCELLED, why=ELSEWHERE)
    return promise.place_at


def _told_via(making: Making, case: Case, command: MakePromise) -> Channel | None:
    """By what they hear of it: where they asked for it themselves, else by the line that goes out, if one can."""
    if command.actor.kind is ActorKind.CUSTOMER:
        return case.heard.channel if case.heard is not None else Channel.PHONE
    return Channel.PHONE if customer_of(making, case) is not None else told_via(making, case)


def _place(making: Making, case: Case) -> Ms:
    """Where they stand on the phone: the oldest of what they asked for. A wish in writing takes its share along when it
    becomes a call, and that is decided when it is their turn."""
    if case.ask is not None:
        return case.ask.place_at if case.ask.requirement.channel is Channel.PHONE else making.now
    return case.unreached_at or case.kept_place_at or making.now


def check_window(
    making: Making, case: Case, address: Address | None, window: Window, *, named: bool, others: bool = True,
    is_known: bool = True,
) -> None:  # fmt: skip
    """Raises Rejected(WINDOW_UNFIT), with one that can be promised, where this one cannot. The one place where it is
    asked whether a window is possible: by the hours of the queue and the day of whoever is called. `others`: another
    one is looked for, which takes the most time where nobody is free. Not `is_known`: who asks may be anybody, and
    only what the number tells may show."""
    policy, told = making.context.policy, address.facts.zones if address is not None else ()
    customer = making.customer(case.customer) if is_known else None
    zones = told if customer is None else day_zones(told, profile=customer.zone, asked=customer.zone_said)
    zone = clock_for(policy, customer, told, queue=policy.queue_or_last(case.queue)).zone.key
    queue = case.ask.queue if case.ask is not None else case.queue

    def opens(at: int) -> int | None:
        if address is None or queue not in policy.queues:
            return at
        found = policy.next_open(queue, datetime.fromtimestamp(at / 1000, UTC))
        return round(found.timestamp() * 1000) if found is not None else None

    found: Unfit | None = fit_window(window, now=making.now, zones=zones, is_named=named, opens=opens)
    if found is not None:
        start, end = found.instead
        raise Rejected(Reason.WINDOW_UNFIT, found.why, window=(Ms(start), Ms(end)), zone=zone)
    if address is None or queue not in policy.queues:
        return
    suits = partial(_is_by_day, zones=zones)
    room = making.context.room(case.id, queue, window, case.promise, suits if others else None)
    if not room.fits:  # where nobody is free at all, no time is named
        instead = room.alternatives[0] if room.alternatives else None
        raise Rejected(Reason.WINDOW_UNFIT, FULL, window=instead, zone=zone)


def _is_by_day(window: Window, zones: tuple[str, ...]) -> bool:
    return may_ring(window[0], zones) and may_ring(window[1] - 1, zones)


def make_up(making: Making, id: PromiseId) -> None:
    """There is no time for a promised call in its window, or not any more: they hear so before it, with the next window
    in which there is, and a choice. Where there is none at all they are called when somebody is free, and hear that."""
    promise = making.promise(id)
    case = making.case(promise.case)
    if promise.kind != CALLBACK or promise.window is None or promise.slot is not None or promise.asked is not None:
        return
    if is_under_way(making, promise) or is_rung(promise) or customer_of(making, case) is not None:
        return
    later = _next_free(making, promise, promise.window)
    if later is None:
        _without_time(making, promise)
        return
    if slip(making, promise, promise.window, later=later):
        ask_time(making, id, later)


def _next_free(making: Making, promise: Promise, window: Window) -> Window | None:
    """The next window in which somebody is free and it is day for them."""
    zones, case = zones_of(making, promise), making.case(promise.case)
    known = next((one for one in promise.others if _is_by_day(one, zones)), None)
    if known is not None or not promise.others:
        return known
    queue = case.ask.queue if case.ask is not None else case.queue
    after = (promise.others[-1][1], Ms(promise.others[-1][1] + window[1] - window[0]))
    room = making.context.room(case.id, queue, after, promise.id, lambda one: _is_by_day(one, zones))
    return next(iter(room.alternatives), None)


def _without_time(making: Making, promise: Promise) -> None:
    """No time can be kept for it: once they know, it is a call as soon as somebody is free from then on. Until then it
    stands as it was told, at risk."""
    case, reason = making.case(promise.case), "nobody is free at the time that was promised"
    if promise.state is not PromiseState.AT_RISK:
        change_promise(making, promise.id, PromiseState.AT_RISK, promise.callback, why=reason, due_at=promise.due_at)
    tell_customer(making, case, "callback_no_time", reason=reason, about=promise.id)


def move_promise(making: Making, command: MovePromise, *, by_caller: bool = False) -> None:
    """They, or one of us, want it at another time. `by_caller`: they say so on the phone, in line."""
    promise = making.promise(command.promise)
    if not promise.state.is_pending:
        raise Rejected(Reason.NOTHING_TO_DO, promise.state)
    if is_called(making, promise, by_caller=by_caller):
        raise Rejected(Reason.NOTHING_TO_DO, "under way")
    if promise.unpromised:  # with a time that they are told it is one that they are promised
        window = command.window or (making.now, Ms(making.now + LATER_MS))
        customer = making.customer(promise.customer)
        make_promise(
            making,
            MakePromise(
                key=command.key,
                case=promise.case,
                actor=command.actor,
                kind=CALLBACK,
                window=window,
                named=command.named or command.window is None,
                agent=promise.agent,
            ),
            to=customer.address(promise.address) if promise.address is not None else None,
        )
        return
    _move(making, promise, command.window, named=command.named, why="moved", reason=command.reason)


def _move(making: Making, promise: Promise, window: Window | None, *, named: bool, why: str, reason: str = "") -> None:
    case = making.case(promise.case)
    is_call = promise.kind == CALLBACK
    if window is None:
        window = (making.now, Ms(making.now + (LATER_MS if is_call else WRITTEN_LATER_MS)))
        named = True
    customer = making.customer(case.customer)
    address = customer.address(promise.address) if promise.address is not None else None
    check_window(making, case, address if is_call else None, window, named=named or not is_call)
    start, end = window
    due_at = start if is_call else Ms(max(start, end - min(AHEAD_MS, (end - making.now) // 2)))
    change_promise(
        making,
        promise.id,
        PromiseState.MOVED,
        CallbackState.SCHEDULED,
        why=why,
        due_at=due_at,
        said=making.keep(reason, kind="note", owner=case.customer) if reason else None,
        window=window,
        named=named,
    )
    if is_call:
        ask_time(making, promise.id, making.promise(promise.id).window)
        rest_or_stand(making, case)


def cancel_promise(making: Making, command: CancelCallback) -> None:
    """They do not want it any more, or somebody says so for them."""
    promise = making.promise(command.promise)
    case = making.case(promise.case)
    if not promise.state.is_pending:
        raise Rejected(Reason.NOTHING_TO_DO, promise.state)
    said = making.keep(command.reason, kind="note", owner=case.customer) if command.reason else None
    change_promise(making, promise.id, PromiseState.WITHDRAWN, CallbackState.CANCELLED, said=said)
    if promise.kind != CALLBACK:
        return
    if case.ask is None and case.unanswered:  # it was to be tried again later: what they asked still wants an answer
        ask_for_phone(making, case.id, place_at=promise.place_at, since_at=promise.since_at, call=None)
    if not case.taken:
        turn_to_writing(making, case.id, why="the call is not wanted any more")


# --- when something of it is due --------------------------------------------------------------------------------------


def next_look(promise: Promise, *, warn_ms: int, now: Ms, passed: bool = True) -> Ms | None:
    """When something of a promise has to be looked at: it stands in line, is about to slip, its time is over, or it is
    night for whoever is to be called. `passed`: a time that has passed is meant as well; None: nothing is due by
    itself."""
    if not promise.state.is_pending:
        return None
    looks = [promise.due_at] if promise.due_at is not None else []
    if promise.window is not None and not is_rung(promise):
        end = promise.window[1]
        warned = promise.later is not None
        steps = (end,) if warned else (Ms(end - warn_ms), Ms(end - LAST_LOOK_MS), end)
        looks.append(next((at for at in steps if at > now), end))
    night_at = rests_from(promise, now=now) if promise.kind == CALLBACK else None
    if night_at is not None and (promise.due_at is None or promise.due_at <= now):
        looks.append(night_at if passed or night_at > now else Ms(now + NIGHT_AGAIN_MS))
    return min((at for at in looks if passed or at > now), default=None)


def keep_promise(making: Making, command: KeepPromise) -> None:
    """Do what is due of a promise now. Raises Rejected where nothing is."""
    promise, before = making.promise(command.promise), len(making.events)
    if not promise.state.is_pending:
        raise Rejected(Reason.NOTHING_TO_DO, promise.state)
    if promise.window is not None and not is_rung(promise) and not is_dialling(making, promise):
        look_at_end(making, promise, promise.window)
    promise = making.promise(promise.id)
    is_due = promise.due_at is not None and promise.due_at <= making.now
    if promise.state.is_pending and not rest_for_night(making, promise) and is_due:
        _come_due(making, promise)
    if len(making.events) == before:
        raise Rejected(Reason.NOTHING_TO_DO, "not due")


def _come_due(making: Making, promise: Promise) -> None:
    """Its time has come: work for it is wanted, unless somebody is with them, or will be, already."""
    case = making.case(promise.case)
    change_promise(making, promise.id, promise.state, CallbackState.DUE)
    if promise.kind != CALLBACK:
        want_answer(making, making.case(case.id), promise)
        return
    on_phone = case.ask is not None and case.ask.requirement.channel is Channel.PHONE
    if case.taken or on_phone or customer_of(making, case) is not None:
        return
    if not case.status.is_live:
        making.emit(CaseReopened(case=case.id, at=making.now))
    stand_in_line(making, making.promise(promise.id))


def is_called(making: Making, promise: Promise, *, by_caller: bool = False) -> bool:
    """Whether the promised call is being made: an agent has taken it, or the customer is on the line for something
    else than to say so. Whoever only writes with them may move it."""
    case = making.asking(promise.case)
    has_it = case.ask is not None and case.taken and case.ask.requirement.channel is Channel.PHONE
    is_on_line = not by_caller and customer_of(making, case) is not None
    return promise.kind == CALLBACK and (has_it or is_on_line)
