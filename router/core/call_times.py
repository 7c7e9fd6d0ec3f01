"""A time for our call that somebody names on the phone, by voice or by keys, and what stands promised to whoever calls.

Its one rule: what was clear is promised and said back in one sentence; what was not is asked again with a time that we
suggest. Only whoever calls from the number that is to be called, and surely so, may move or cancel what was promised.
"""

from dataclasses import replace

from policies.window_calendar import Doubt
from router.core.call_parts import can_be_called, hold_wish, is_taken, is_unpromised
from router.core.call_table import may_ring_back
from router.core.commands import CUSTOMER, CancelCallback, MakePromise, MovePromise
from router.core.context import Making
from router.core.documents import Call, Customer, Promise, Said
from router.core.errors import Reason, Rejected
from router.core.promises import cancel_promise, make_promise, move_promise
from router.core.terms import hear_clock
from router.core.wishes import Wish, answer_to_clock, clock_for, why_said, wish_of
from router.core.words import CALLBACK, Step

NAMED_AT = (Step.GREETING, Step.WAITING, Step.TIME)
"""The steps at which a time may be one for our call: in line, where they were told that they may be called, a few words
about a time are."""
AGREES = "1"
"""The key that takes the time that we suggest."""
DAY_FROM_HOUR = 8
"""An hour that is typed alone and is earlier is one of the afternoon."""


def standing(making: Making, call: Call) -> Promise | None:
    """The call that is promised to whoever calls, where they surely call from the number that is to be called."""
    case = making.case(call.case)
    promise = making.promise(case.promise) if case.promise is not None else None
    if promise is None or promise.unpromised:
        return None
    return promise if promise.address == call.address and may_ring_back(call) else None


def may_name(making: Making, call: Call) -> bool:
    """Whether they may say when we call them: nothing is promised, or it is surely to them."""
    case = making.case(call.case)
    is_free = case.promise is None or is_unpromised(making, case)
    return not case.taken and (is_free or standing(making, call) is not None)


def reaches(making: Making, call: Call) -> bool:
    """Whether the number that they call from can be called."""
    address = making.customer(call.customer).address(call.address) if call.address else None
    return address is not None and can_be_called(address)


def wish_in(making: Making, call: Call, *, speech: str, keys: str) -> Wish | None:
    """The time for our call in one turn of theirs; None where they name none, or may not."""
    if call.step not in NAMED_AT or not may_name(making, call) or not reaches(making, call):
        return None
    is_at_time = call.step is Step.TIME
    if is_at_time and call.said is not None and call.said.doubt and (keys == AGREES or _agrees(making, speech)):
        return _suggested(making, call, call.said)
    words = speech or (clock_of_keys(keys) if is_at_time else "")
    policy, case = making.context.policy, making.case(call.case)
    is_asked = is_at_time or (call.step is Step.WAITING and policy.spoken.is_short(words))
    if not words or not (is_asked or policy.asks_for_call(words)):
        return None
    wish = wish_of(
        policy,
        words,
        language=call.language,
        zones=_zones(making, call),
        customer=_whose(making, call),
        queue=policy.queue_or_last(case.queue),
        now=making.now,
        is_asked=is_asked,
    )
    if wish is not None and wish.window is not None:
        return wish
    if not is_at_time or call.said is None or not _is_of_clock(making, call, call.said):
        return None
    asked = call.said
    return answer_to_clock(policy, words, asked=asked.window, said_in=asked.zone, language=call.language)


def take(making: Making, call: Call, wish: Wish) -> Said | None:
    """Promise a call then, or move the one that stands; what they hear of it. With a doubt nothing was promised; None:
    nor can it be, for nobody is free at any time that we know."""
    assert wish.window is not None
    if wish.sure:
        if may_ring_back(call):
            hear_clock(making, call.customer, wish.named, number=_zones(making, call))
        try:
            _promise(making, call, wish)
        except Rejected as refused:
            if refused.reason is not Reason.WINDOW_UNFIT:
                raise
            if refused.window is None:
                return None
            doubt = making.context.policy.phrase("callback_unfit", call.language)
            wish = replace(wish, window=refused.window, sure=False, doubt=doubt)
    assert wish.window is not None
    return Said(window=wish.window, zone=wish.zone, doubt="" if wish.sure else wish.doubt)


def said_of(making: Making, call: Call) -> Said | None:
    """When the call is that stands promised to whoever calls; None where it is when it is their turn."""
    promise, case = standing(making, call), making.case(call.case)
    if promise is None or promise.window is None:
        return None
    policy = making.context.policy
    queue = policy.queue_or_last(case.queue)
    clock = clock_for(policy, _whose(making, call), _zones(making, call), queue=queue)
    return Said(window=promise.window, zone=clock.zone.key)


def drop(making: Making, call: Call) -> None:
    """They need no call any more."""
    promise = standing(making, call)
    assert promise is not None, "only who may is asked"
    cancel_promise(making, CancelCallback(key="", promise=promise.id, actor=CUSTOMER))


def clock_of_keys(keys: str) -> str:
    """Typed keys as a time of day, empty where they are none.

    >>> clock_of_keys("1530"), clock_of_keys("930"), clock_of_keys("4"), clock_of_keys("99")
    ('15:30', '09:30', '16:00', '')
    """
    if not keys.isdecimal() or len(keys) > 4:
        return ""
    hour, minute = (int(keys), 0) if len(keys) <= 2 else (int(keys[:-2]), int(keys[-2:]))
    if len(keys) <= 2 and hour < DAY_FROM_HOUR:
        hour += 12
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else ""


def _promise(making: Making, call: Call, wish: Wish) -> None:
    """Only whose number it surely is may name a time late in the day."""
    named, case = may_ring_back(call), making.case(call.case)
    if case.promise is not None and not is_unpromised(making, case):
        moved = MovePromise(key="", promise=case.promise, actor=CUSTOMER, window=wish.window, named=named)
        move_promise(making, moved, by_caller=True)
        return
    address = making.customer(call.customer).address(call.address) if call.address else None
    assert wish.window is not None
    shown = making.context.dialled.shown
    if shown and is_taken(making):  # answered alike: nobody learns whom we are about to call
        hold_wish(making, case)
        return
    made = MakePromise(
        key="", case=case.id, actor=CUSTOMER, kind=CALLBACK, window=wish.window, named=named, address=shown
    )
    make_promise(making, made, to=address)


def _suggested(making: Making, call: Call, said: Said) -> Wish:
    named = said.zone if _is_of_clock(making, call, said) else ""
    return Wish(window=said.window, said="", sure=True, doubt="", words="", zone=said.zone, named=named)


def _is_of_clock(making: Making, call: Call, said: Said) -> bool:
    """Whether they were asked on which clock they are."""
    return said.doubt == why_said(making.context.policy, Doubt.ZONE, language=call.language)


def _zones(making: Making, call: Call) -> tuple[str, ...]:
    """Of the number that they call from."""
    address = making.customer(call.customer).address(call.address) if call.address else None
    return address.facts.zones if address is not None else ()


def _whose(making: Making, call: Call) -> Customer | None:
    """Whose clock is known, where they surely call from their own number: nobody else learns of it."""
    return making.customer(call.customer) if may_ring_back(call) else None


def _agrees(making: Making, speech: str) -> bool:
    return bool(speech) and making.context.policy.agrees(speech)
