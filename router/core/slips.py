"""A promise that will not be kept as told: word of it goes out before it is due, it moves once that word is out, or it
is broken, and they hear that as soon as any way is open again.

Its one rule: "moved" means that they know. Until the provider has taken the word the promise stays at risk, at the
window that was told; word that comes too late to be true is not sent.
"""

from policies.call_hours import may_ring, ring_from, said_window
from router.core import asks, attempts
from router.core.attempts import LAST_LOOK_MS, OURS, SAID, is_rung
from router.core.call_parts import change_promise, customer_of, promise_call, rest_until_due, stand_in_line
from router.core.cases import want_again
from router.core.clock import Ms
from router.core.context import Making
from router.core.documents import Case, Message, Promise, Window
from router.core.slots import ask_slot
from router.core.telling import NOTHING, number_zones, tell_customer, zones_of
from router.core.values import replace
from router.core.wishes import clock_for
from router.core.words import (
    CALLBACK,
    HOUR_MS,
    MINUTE_MS,
    SECOND_MS,
    CallbackState,
    CallState,
    Channel,
    PromiseId,
    PromiseState,
)

UNSURE_MS = MINUTE_MS
"""A dial of which the provider has said nothing for so long may have rung nobody."""
LATER_MS = 30 * MINUTE_MS
"""How much later a call is promised that slips, at the least."""
WRITTEN_LATER_MS = 2 * HOUR_MS
"""And an answer."""
NOBODY = "nobody is free for it"
TOLD = "it was not made in time; they were told before it was due"
AWAY = "the service was away when it was due"
OVER = "its time was over before anybody was free"
UNTOLD = "word that it moves did not reach them, and no other way is open"
NIGHT = "nobody was free while it was day for them"
NO_TIME = "no time could be kept for it: it is made when somebody is free"


def look_at_end(making: Making, promise: Promise, window: Window) -> None:
    """Whether it slips, or is broken: what fell due while we were away is, and they are told at once."""
    now, end = making.now, window[1]
    call = customer_of(making, making.case(promise.case))
    if now >= end and call is not None and call.state is not CallState.PLANNED:
        return  # they may have been rung: what became of that decides
    if now >= end:
        is_away = end < making.context.since
        _break(making, promise, why=AWAY if is_away else OVER)
        return
    warn_ms = making.context.policy.settings.callbacks.warn_s * SECOND_MS
    is_unsure = call is not None and call.state is not CallState.PLANNED
    is_done_soon = is_under_way(making, promise) and not (is_unsure or _is_hindered(promise))
    if now >= end - (LAST_LOOK_MS if is_done_soon else warn_ms) and promise.later is None:
        slip(making, promise, window)


def slip(making: Making, promise: Promise, window: Window, *, later: Window | None = None) -> bool:
    """It will not be kept as told: they hear so before it is due, with a later time and a choice. False: no way is open
    to tell them."""
    later = later or _later(making, promise, window)
    is_call, case = promise.kind == CALLBACK, making.case(promise.case)
    change_promise(
        making,
        promise.id,
        PromiseState.AT_RISK,
        promise.callback,
        why=SAID.get(promise.tries[-1][1], NOBODY) if promise.tries else NOBODY,
        due_at=promise.due_at,
        later=later,
    )
    key = "callback_later" if is_call else "promise_later"
    said = say_promised(making, promise, later)
    told = tell_customer(
        making, making.case(case.id), key, reason="a promise slips", about=promise.id, plain={"window": said}
    )  # fmt: skip
    if not told:
        _go_first(making, promise, window)
    return told


def word_is_out(making: Making, message: Message) -> None:
    """The provider took words of ours. Where they say that a promise slips, it is moved by them, unless its time is
    over or they are being called."""
    promise = making.state.get(message.about or "")
    if not isinstance(promise, Promise) or not is_wanted(making, message):
        return
    window, later = promise.window, promise.later
    if promise.state is not PromiseState.AT_RISK or (window is not None and making.now >= window[1]):
        return
    if later is None:  # that no time can be kept for it
        change_promise(making, promise.id, PromiseState.WITHDRAWN, CallbackState.CANCELLED, why="no time could be kept")
        promise_anew(making, promise, why=NO_TIME, due_at=max(making.now, window[0]) if window is not None else None)
        return
    is_ahead = later[0] > making.now
    change_promise(
        making,
        promise.id,
        PromiseState.MOVED,
        CallbackState.SCHEDULED if is_ahead else promise.callback,
        why=TOLD,
        due_at=later[0] if is_ahead else promise.due_at,
        window=later,
    )
    if is_ahead and promise.kind == CALLBACK and not making.case(promise.case).taken:
        rest_until_due(making, promise.case)


def word_is_lost(making: Making, message: Message) -> None:
    """Words that the provider took did not arrive, and no other way is open. A promise that they moved is broken, for
    whoever was promised it does not know; it is still to be done, and first of all."""
    promise = making.state.get(message.about or "")
    if not isinstance(promise, Promise) or promise.state is not PromiseState.MOVED or not is_wanted(making, message):
        return
    _break(making, promise, why=UNTOLD)
    asking = making.asking(promise.case)
    if asking.ask is not None and not asking.taken:
        ask = replace(asking.ask, due_at=Ms(making.now))
        asks.changed(making, asking, ask, at=making.now, what="promised", reasons=("they do not know of another time",))


def is_wanted(making: Making, message: Message) -> bool:
    """Whether what a message says of a promise is still so: the newest word of it, and nothing has settled it since.
    True for all other messages."""
    if message.about is None:
        return True
    promise = making.state.get(message.about)
    if not isinstance(promise, Promise) or promise.word != message.id:
        return False
    case = making.case(promise.case)
    if promise.state is PromiseState.BROKEN:
        is_call = promise.kind == CALLBACK and promise.address is not None
        is_owed = case.promise is not None if is_call else making.asking(case.id).ask is not None
        return is_owed and customer_of(making, case) is None
    is_open = promise.state is PromiseState.OPEN  # what it says was settled otherwise
    return promise.state.is_pending and not (is_open or is_rung(promise) or is_dialling(making, promise))


def _go_first(making: Making, promise: Promise, window: Window) -> None:
    """Nobody can be told that it slips, so it must not: as soon as possible becomes before its time is over,
    and it goes before others."""
    asking = making.asking(promise.case)
    ask = asking.ask
    if not promise.by_turn or ask is None or asking.taken or ask.requirement.channel is not Channel.PHONE:
        return
    why = "they cannot be told that it takes longer, so they are called first"
    asks.changed(making, asking, replace(ask, due_at=window[1]), at=making.now, what="promised", reasons=(why,))


def _later(making: Making, promise: Promise, window: Window) -> Window:
    """The next time that is true: from now on until later than was said, or their next morning."""
    is_call = promise.kind == CALLBACK
    start, end = window
    longer = max(end - start, LATER_MS if is_call else WRITTEN_LATER_MS)
    wait = making.context.wait(promise.case) if promise.by_turn else None
    if wait is not None and wait.high_s is not None:
        longer = max(longer, making.now + wait.high_s * SECOND_MS - end)
    until, zones = Ms(end + longer), zones_of(making, promise)
    if not is_call or promise.named or (may_ring(making.now, zones) and may_ring(until - 1, zones)):
        return Ms(making.now), until
    morning = Ms(ring_from(until, zones))
    return morning, Ms(morning + longer)


def rest_for_night(making: Making, promise: Promise) -> bool:
    """Nobody may ring them before morning, and it was not their turn: they are called then, and whoever waits for the
    first call hears so. Not where it is danger, or they are on the line. False: they may be rung."""
    case, now = making.case(promise.case), making.now
    is_danger = case.ask is not None and case.ask.requirement.is_danger
    rests_at = None if is_danger or promise.kind != CALLBACK else attempts.rests_from(promise, now=now)
    if rests_at is None or now < rests_at or customer_of(making, case) is not None:
        return False
    morning = Ms(ring_from(now, promise.zones))
    state, later = promise.state, Ms(morning + LATER_MS)
    is_told = not (promise.unpromised or is_rung(promise)) and tell_customer(
        making,
        case,
        "callback_later",
        reason="nobody is rung at night",
        about=promise.id,
        plain={"window": say_promised(making, promise, (morning, later))},
    )
    change_promise(
        making,
        promise.id,
        PromiseState.AT_RISK if is_told else state,
        CallbackState.SCHEDULED,
        why=NIGHT,
        due_at=morning,
        later=(morning, later) if is_told else None,
    )
    rest_until_due(making, case.id)
    return True


def _break(making: Making, promise: Promise, *, why: str) -> None:
    """It was not kept: counted, told, and done all the same as soon as it can be."""
    case = making.case(promise.case)
    change_promise(making, promise.id, PromiseState.BROKEN, CallbackState.DUE, why=why)
    is_call = promise.kind == CALLBACK
    key = "callback_overdue" if is_call else "promise_overdue"
    tell_customer(making, making.case(case.id), key, reason="a promise was broken", about=promise.id, is_late=True)
    if not is_call:
        want_answer(making, making.case(case.id), promise)
        return
    is_day = may_ring(making.now, zones_of(making, promise))
    why = "what was promised is still to be done"
    promise_anew(making, promise, why=why, due_at=None if is_day else Ms(making.now))


def promise_anew(making: Making, promise: Promise, *, why: str, due_at: Ms | None) -> None:
    """A promised call that is over is made all the same, at the place it had: as soon as somebody is free from `due_at`
    on, and without a time."""
    case = making.case(promise.case)
    address = making.customer(case.customer).address(promise.address) if promise.address is not None else None
    if address is None:
        return
    promise_call(
        making,
        case,
        address,
        why=why,
        told_via=promise.told_via,
        place_at=promise.place_at,
        due_at=due_at,
        agent=promise.agent,
        words=promise.words,
    )
    rest_or_stand(making, case)


# --- what follows from a promise that stands, was moved or was broken -------------------------------------------------


def ask_time(making: Making, id: PromiseId, window: Window | None) -> None:
    """Have agents' time kept for a promised call; what was kept for it before is given up then."""
    promise = making.promise(id)
    case = making.case(promise.case)
    if window is not None:
        ask_slot(making, id, window, queue=case.ask.queue if case.ask is not None else case.queue)


def rest_or_stand(making: Making, case: Case) -> None:
    """Work for the call is wanted when its window is there, and not before. Whoever is with them already goes on."""
    case = making.case(case.id)
    if case.promise is None or case.taken or customer_of(making, case) is not None:
        return
    promise = making.promise(case.promise)
    if promise.due_at is not None and promise.due_at > making.now:
        rest_until_due(making, case.id)
    elif case.ask is None or case.ask.requirement.channel is not Channel.PHONE:
        stand_in_line(making, promise)


def want_answer(making: Making, case: Case, promise: Promise) -> None:
    """An answer that is promised is wanted from an agent, first from whoever promised it."""
    assert promise.window is not None
    asking = making.asking(case.id)
    if asking.ask is None:
        want_again(making, case.id, place_at=promise.place_at)
        asking = making.asking(case.id)
    if asking.ask is None or asking.taken:
        return
    end = min(promise.window[1], asking.ask.due_at or promise.window[1])
    ask = replace(asking.ask, due_at=end, knows=promise.agent or asking.ask.knows)
    asks.changed(making, asking, ask, at=making.now, what="promised", reasons=("an answer is promised",))


def is_dialling(making: Making, promise: Promise) -> bool:
    """Whether the customer is being rung for it, or is on the line. Not where the provider has not said for long
    whether it took the dial: then nobody knows."""
    call = customer_of(making, making.case(promise.case))
    if call is None or call.promise != promise.id:
        return call is not None
    if call.state is CallState.DIALLING and call.attempted_at is not None:
        return making.now < call.attempted_at + UNSURE_MS
    return call.state is not CallState.PLANNED


def is_under_way(making: Making, promise: Promise) -> bool:
    """Whether an agent is about to keep it: their phone rings, or they are at the case."""
    case = making.asking(promise.case)
    return case.taken and case.ask is not None


def _is_hindered(promise: Promise) -> bool:
    """Whether the provider could not take the last dial: whoever is at it may not come through either."""
    return bool(promise.attempts) and promise.attempts[-1][1] in OURS


def say_promised(making: Making, promise: Promise, window: Window) -> str:
    case, customer, policy = making.case(promise.case), making.customer(promise.customer), making.context.policy
    zones = number_zones(customer, promise.address)
    clock = clock_for(policy, customer, zones, queue=policy.queue_or_last(case.queue))
    language = policy.said_in(case.language or customer.language or policy.phrases.language)
    return said_window(window, making.now, zone=clock.zone.key, language=language, names_place=not clock.sure)


def say_call(making: Making, promise: Promise, *, reason: str, is_answer: bool = False) -> bool:
    """When we call them, in one line: as it is promised."""
    case = making.case(promise.case)
    key, plain = "callback_soon", NOTHING
    if promise.window is not None and promise.by_turn:
        left = max(1, (promise.window[1] - making.now) // MINUTE_MS)
        key, plain = "callback_soon_within", {"within": str(left)}
    elif promise.window is not None:
        key, plain = "callback_at", {"window": say_promised(making, promise, promise.window)}
    return tell_customer(making, case, key, reason=reason, is_answer=is_answer, is_owed=True, plain=plain)
