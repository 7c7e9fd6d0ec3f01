"""What somebody writes about a call: when they want one, another time, call me again, or rather write.

Its one rule: what is clear is done, and one line says what happens now; what is doubtful changes nothing and is asked
back with a time that we suggest. Longer words are something they tell us, unless they ask for a call. Of whoever has
nothing promised only a text is looked at that has a word of calling and one of time, is nothing but a wish for a call,
or answers the time that we suggested. Called is the number that is named in it, or else the one that it came from, or
for a mail or a chat theirs where it is surely them.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from policies import ConsentWord
from policies.call_hours import same_hours
from policies.spoken import SAME
from policies.text import words_of
from policies.window_calendar import Doubt
from router.core.addresses import Address
from router.core.call_parts import (
    ask_for_phone,
    can_be_called,
    customer_of,
    is_at_other_number,
    is_taken,
    is_unpromised,
    number_to_call,
    place_on_phone,
    promise_call,
    turn_to_writing,
    until_turn,
)
from router.core.clock import Ms
from router.core.commands import CUSTOMER, CancelCallback, Command, MakePromise, MovePromise, TakeContact
from router.core.context import Making
from router.core.documents import Case, Promise
from router.core.errors import Reason, Rejected
from router.core.events import CallbackHeld, ContactReceived
from router.core.promises import cancel_promise, check_window, give_up_number, make_promise, move_promise
from router.core.slips import say_call, say_promised
from router.core.telling import NOTHING, language_on, tell_customer
from router.core.terms import hear_clock
from router.core.wishes import (
    EARLIER,
    LATER,
    NAMED_IN,
    NO_EARLIER,
    NO_ROOM,
    READ_MAX,
    UNFIT,
    Wish,
    answer_to_clock,
    number_named,
    suggested_in,
    why_said,
    wish_at,
    wish_of,
    without_number,
)
from router.core.words import CALLBACK, HOUR_MS, AddressId, Channel, Evidence

ANSWER_CHARS_MAX: Final = 80
"""Longer words are no answer to a question for a time."""
TEXTED: Final = (Channel.SMS, Channel.WHATSAPP)
CANCEL: Final = (("cancel",),)
"""Of the words that end our texts, those that are said of a call."""
NEAR_MS_MAX: Final = HOUR_MS
"""How long a window is that we suggest before or after another, at most."""
NEAR_TRIED: Final = 8
"""So many earlier windows are looked at, at most."""
SENTENCE: Final = re.compile(r"[,;.!?\n]+")
DAYS_TRIED: Final = 7
"""On so many days that follow their hours are looked at, where there is no room in them."""


@dataclass(frozen=True, slots=True)
class Line:
    """Where somebody is called: an address of theirs, or a `number` that they named; and where that is."""

    zones: tuple[str, ...]
    address: AddressId | None = None
    number: str = ""


def follow(making: Making, command: Command) -> None:
    """Take the words of a contact as an answer about a promised call, where they are one."""
    if not isinstance(command, TakeContact) or not command.text or command.touch is not None:
        return
    received = next((event for event in making.events if isinstance(event, ContactReceived)), None)
    if received is None or (received.letter is not None and received.letter.automatic):
        return  # no person wrote it
    case = making.case(received.case)
    if received.channel in TEXTED and making.context.policy.consent_word(command.text) is ConsentWord.OPT_OUT:
        _stop(making, case, received, command.text)
        return
    spoken = making.context.policy.spoken
    if _is_other(making, case, received, command.text):
        return
    if not _is_told_of_call(making, case, received) and case.unreached_at is None and not case.promised:
        if not _take_first(making, case, received, command.text) and (
            case.promise is not None and spoken.choice(command.text) == "call"
        ):
            _call_again(making, case, received)
        return
    named = _line_of(making, case, received, command.text) if case.promise is None else None
    line = named or _promised_line(making, case, received)
    if (number := _other_number(making, case, received, command.text)) and customer_of(making, case) is None:
        if (other := _line_at(making, received, number)) and _may_say_where(making, case, received):
            _call_elsewhere(making, case, received, command.text, line=other)
        return
    is_asked = spoken.is_short(command.text) or answers_suggestion(making, case, command.text)
    if customer_of(making, case) is None and _take_time(
        making, case, received, command.text, line=line, is_asked=is_asked, back="callback_ask_back",
    ):  # fmt: skip
        return
    choice = spoken.choice(command.text)
    if choice == "call" and (case.promise is None or is_unpromised(making, case)):
        _call_again(making, case, received)
    elif choice == "text" and case.promise is not None and customer_of(making, case) is None:
        _withdraw(making, case, say="callback_in_writing", why="they would rather write")
    elif choice == "cancel" and case.promise is not None and customer_of(making, case) is None:
        _withdraw(making, case, say="callback_not_needed", why="they need no call any more")


def _is_other(making: Making, case: Case, received: ContactReceived, text: str) -> bool:
    """Take the words as a wish for a later or an earlier call than we promised or suggested, or for the same as was
    promised, or as one for none where we only suggested it; True where they are that."""
    spoken, is_told = making.context.policy.spoken, _is_told_of_call(making, case, received)
    suggested = suggested_in(case, now=making.now)
    if not (is_told or suggested) or customer_of(making, case) is not None or (case.taken and not is_told):
        return False
    to, promise = spoken.move(text), _standing(making, case)
    if to == SAME:  # where we only suggested a time, that is a yes to it
        reason = "they want the call as it was promised"
        return promise is not None and say_call(making, promise, reason=reason, is_answer=True)
    if to is not None:
        line = _promised_line(making, case, received) if is_told else _line_of(making, case, received, text)
        return line is not None and _ask_near(making, case, line, suggested, is_later=to == "later")
    say = {"text": "callback_in_writing", "cancel": "callback_not_needed"}.get(spoken.choice(text) or "")
    if is_told or say is None:
        return False
    return tell_customer(making, case, say, reason="they want no call", is_answer=True, is_owed=True)


def _ask_near(
    making: Making, case: Case, line: Line, suggested: tuple[Ms, Ms] | None, *, is_later: bool
) -> bool:  # fmt: skip
    """Ask whether a time with room suits, after the one that we promised or suggested or before it."""
    promise = _standing(making, case)
    base = suggested or (promise.window if promise is not None and not promise.by_turn else None)
    if base is None and not is_later:
        assert promise is not None, "something was promised or suggested"
        return say_call(making, promise, reason="they want the call earlier, and are called when it is their turn")
    base = base or (making.now, Ms(making.now + NEAR_MS_MAX))
    window = _near(making, case, line, base, is_later=is_later)
    back = "callback_ask_back" if promise is not None else "callback_ask_first"
    policy, reason = making.context.policy, f"they want our call {'later' if is_later else 'earlier'}"
    if window is None and promise is not None and not is_later:
        said = _said_at(making, case, line, promise.window or base).said
        return tell_customer(
            making, case, "callback_no_earlier", reason=reason, is_answer=True, is_owed=True,
            doubt=NO_EARLIER, plain={"window": said},
        )  # fmt: skip
    if window is None and is_later:
        return _say_no_room(making, case, reason=reason)
    why = UNFIT if window is None else LATER if is_later else EARLIER
    window = window or base
    doubt = why_said(policy, why, language=_language(making, case))
    said = _said_at(making, case, line, window).said
    return tell_customer(
        making, case, back, reason=reason, is_answer=True, is_owed=True,
        suggests=window, doubt=why, plain={"doubt": doubt, "window": said},
    )  # fmt: skip


def _standing(making: Making, case: Case) -> Promise | None:
    """The call that they were promised."""
    promise = making.promise(case.promise) if case.promise is not None else None
    return promise if promise is not None and not promise.unpromised else None


def _say_no_room(making: Making, case: Case, *, reason: str) -> bool:
    """Nobody is free at any time that we know; a call that they were promised stands."""
    key, plain, promise = "callback_no_room", NOTHING, _standing(making, case)
    if promise is not None and promise.window is not None and not promise.by_turn:
        key, plain = "callback_no_room_stands", {"window": say_promised(making, promise, promise.window)}
    elif promise is not None:
        key = "callback_no_room_turn"
    return tell_customer(
        making, case, key, reason=reason, is_answer=True, is_owed=True, doubt=NO_ROOM, plain=plain
    )  # fmt: skip


def _near(
    making: Making, case: Case, line: Line, base: tuple[Ms, Ms], *, is_later: bool
) -> tuple[Ms, Ms] | None:  # fmt: skip
    """The nearest window with room by day, after `base` or between now and it."""
    start, end = base
    length = min(end - start, NEAR_MS_MAX)
    if is_later:
        window = (end, Ms(end + length))
        refused = _why_no_room(making, case, window, line=line, by_day=True)
        other = refused.window if refused is not None else window
        return other if other is not None and other[0] >= end else None
    windows = ((Ms(at), Ms(at + length)) for at in earlier(start, length, now=making.now))
    return next(
        (one for one in windows if _why_no_room(making, case, one, line=line, by_day=True, others=False) is None), None
    )


def earlier(start: Ms, length: int, *, now: Ms) -> range:
    """When the windows of a length begin that we look at before one that begins at `start`, the nearest first: whole
    lengths before it, so at times that are said as it is, and spread over what is left until then."""
    return range(start - length, now, -max(1, -((now - start) // (NEAR_TRIED * length))) * length)


def _stop(making: Making, case: Case, received: ContactReceived, text: str) -> None:
    """A bare "cancel" ends our texts, as carriers have it, and our call too; nothing more is said."""
    is_promised = case.promise is not None and _is_told_of_call(making, case, received)
    if is_promised and words_of(text) in CANCEL and customer_of(making, case) is None:
        assert case.promise is not None
        cancel_promise(making, CancelCallback(key="", promise=case.promise, actor=CUSTOMER))


def _is_told_of_call(making: Making, case: Case, received: ContactReceived) -> bool:
    """Whether they knew of a call that is to come when they wrote this. Of one of our own accord they know once it has
    missed them; before, "please stop by at five" names no time for it, also where that comes to us later."""
    promise = making.promise(case.promise) if case.promise is not None else None
    return promise is not None and (not promise.unpromised or any(at <= received.at for at, _ in promise.attempts))


def _take_first(making: Making, case: Case, received: ContactReceived, text: str) -> bool:
    """Promise a call at the time that they name, or as soon as possible; True where they wished for one. An agent who
    is with them does that."""
    policy = making.context.policy
    is_answer = answers_suggestion(making, case, text)
    is_wish = policy.spoken.wishes_call(without_number(text))
    if not (is_answer or is_wish or policy.asks_for_call(text)):
        return False
    if case.taken or customer_of(making, case) is not None:
        return False
    line = _line_of(making, case, received, text)
    if line is None:
        return False
    if _take_time(making, case, received, text, line=line, is_asked=is_answer, back="callback_ask_first"):
        return True
    return _is_soon(making, case, text, line=line) and _call_soon(making, case, received, line)


def _is_soon(making: Making, case: Case, text: str, *, line: Line) -> bool:
    """Whether they want to be called as soon as possible."""
    if making.context.policy.spoken.wishes_call(without_number(text)):
        return True
    wish = _wish_in(making, case, text, line=line, is_asked=False)
    if wish is None:  # "call me. My shift ends at 9"
        return any(making.context.policy.spoken.wishes_call(one) for one in SENTENCE.split(text[:READ_MAX]))
    return wish.sure and wish.window is None


def _other_number(making: Making, case: Case, received: ContactReceived, text: str) -> str:
    """The number that they name, where a call is promised to another one; else nothing."""
    number = number_named(text) if received.channel in NAMED_IN and not received.participant else ""
    return number if number and is_at_other_number(making, case, number) else ""


def _may_say_where(making: Making, case: Case, received: ContactReceived) -> bool:
    """Whether who wrote this may have the promised call made elsewhere: it is surely them, or they wrote on the line
    that was to be called, or where they were told of it. Anybody else's words are read by a person first."""
    promise = making.promise(case.promise) if case.promise is not None else None
    if promise is None or received.evidence is not Evidence.WEAK:
        return True
    return received.address == promise.address or received.channel is promise.told_via


def _call_elsewhere(making: Making, case: Case, received: ContactReceived, text: str, *, line: Line) -> None:
    """They want the call that is promised at another number: at the time that they name, or as soon as possible."""
    if _take_time(making, case, received, text, line=line, is_asked=False, back="callback_ask_back"):
        return
    if not making.asking(case.id).taken and _is_soon(making, case, text, line=line):
        _call_soon(making, case, received, line)


def _line_of(making: Making, case: Case, received: ContactReceived, text: str) -> Line | None:
    """Where they are called: at the number that they wrote from; after a mail or a chat at one they named there, or at
    theirs if it is surely them, as on a page that carries their case. None: a person looks at it, for it may be
    somebody else."""
    customer = making.customer(case.customer)
    address = customer.address(received.address)
    number = number_named(text) if received.channel in NAMED_IN and not received.participant else ""
    if number:
        return _line_at(making, received, number)
    if address is not None and can_be_called(address):
        return Line(address.facts.zones, address=address.id)
    if received.channel in TEXTED or received.participant or received.evidence is Evidence.WEAK:
        return None
    own = next((one for one in customer.addresses if can_be_called(one)), None)
    return Line(own.facts.zones, address=own.id) if own is not None else None


def _line_at(making: Making, received: ContactReceived, number: str) -> Line | None:
    """A number that they named: the one that they wrote from, or any other that can be called."""
    if received.address in making.context.dialled.theirs:
        own = making.customer(received.customer).address(received.address)
        return Line(own.facts.zones, address=own.id) if own is not None and can_be_called(own) else None
    facts = making.context.facts_of(number)
    is_possible = facts.dialable and not facts.premium and bool(facts.country)
    return Line(facts.zones, number=number) if is_possible and not making.context.is_ours(number) else None


def _promised_line(making: Making, case: Case, received: ContactReceived) -> Line:
    """Where they are called who were promised a call, or were to be."""
    customer = making.customer(case.customer)
    promise = making.promise(case.promise) if case.promise is not None else None
    id = promise.address if promise is not None and promise.address is not None else received.address
    address = customer.address(id)
    return Line(address.facts.zones if address is not None else (), address=id)


def _take_time(
    making: Making, case: Case, received: ContactReceived, text: str, *, line: Line, is_asked: bool, back: str
) -> bool:  # fmt: skip
    """Take a time that they name, or a yes to the one that we suggested; True where they named one, or may have.
    `back`: the phrase that asks back."""
    wish = _time_in(making, case, text, line=line, is_asked=is_asked)
    if wish is None or (wish.window is None and wish.sure):
        return False  # as soon as possible is a choice of its own
    assert wish.window is not None, "what is not sure has a suggestion"
    window, why, reason = wish.window, wish.why, "they named a time for our call"
    if wish.sure:
        if received.evidence is not Evidence.WEAK or received.address == line.address:
            hear_clock(making, case.customer, wish.named, number=line.zones)
        try:
            _promise_at(making, case, window, line=line)
        except Rejected as refused:
            if refused.reason is not Reason.WINDOW_UNFIT:
                return False
            other, is_theirs = _other_with_room(making, case, wish, line, instead=refused.window)
            if other is None:
                _say_no_room(making, making.case(case.id), reason="they named a time, and nobody is free")
                return True
            if is_theirs:
                _promise_at(making, case, other, line=line)
            else:
                why = UNFIT
            window = other
    elif refused := _why_no_room(making, case, window, line=line):
        other, _ = _other_with_room(making, case, wish, line, instead=refused.window)
        if other is None:
            _say_no_room(making, making.case(case.id), reason=reason)
            return True
        window = other
    said = wish.said if wish.said and window == wish.window else _said_at(making, case, line, window).said
    plain = {"window": said}
    if why:
        plain["doubt"] = why_said(making.context.policy, why, language=_language(making, case))
    tell_customer(
        making, making.case(case.id), back if why else "callback_at", reason=reason, is_answer=True, is_owed=True,
        suggests=window if why else None, doubt=why, plain=plain,
    )  # fmt: skip
    return True


def _time_in(making: Making, case: Case, text: str, *, line: Line, is_asked: bool) -> Wish | None:
    """The time that they name, or take, or tell on which clock it is."""
    suggested = suggested_in(case, now=making.now)
    is_of_clock = case.doubt == Doubt.ZONE
    if suggested is not None and _is_yes(making, text):
        said = _said_at(making, case, line, suggested)
        return replace(said, named=said.zone) if is_of_clock else said
    wish = _wish_in(making, case, text, line=line, is_asked=is_asked)
    if wish is not None or not (is_asked and is_of_clock and suggested is not None):
        return wish
    language, zone = _language(making, case), _said_at(making, case, line, suggested).zone
    return answer_to_clock(making.context.policy, text, asked=suggested, said_in=zone, language=language)


def _wish_in(making: Making, case: Case, text: str, *, line: Line, is_asked: bool) -> Wish | None:
    policy = making.context.policy
    promise = making.promise(case.promise) if case.promise is not None else None
    is_timed = promise is not None and not (promise.unpromised or promise.by_turn)
    return wish_of(
        policy,
        text,
        language=_language(making, case),
        zones=line.zones,
        customer=making.customer(case.customer),
        queue=policy.queue_or_last(case.queue),
        now=making.now,
        is_asked=is_asked,
        promised=promise.window if promise is not None and is_timed else suggested_in(case, now=making.now),
    )


def _language(making: Making, case: Case) -> str:
    """Theirs, or that of the number of ours that they wrote to."""
    known = case.language or making.customer(case.customer).language
    return known or language_on(making.context.policy, case.heard.via if case.heard is not None else "")


def _said_at(making: Making, case: Case, line: Line, window: tuple[Ms, Ms]) -> Wish:
    policy, language = making.context.policy, _language(making, case)
    queue, customer = policy.queue_or_last(case.queue), making.customer(case.customer)
    return wish_at(
        policy, window, language=language, zones=line.zones, customer=customer, queue=queue, now=making.now
    )  # fmt: skip


def answers_suggestion(making: Making, case: Case, text: str) -> bool:
    """Whether words of theirs come after our question for a time, and are short enough to be nothing but the answer."""
    return suggested_in(case, now=making.now) is not None and len(text) <= ANSWER_CHARS_MAX


def _is_yes(making: Making, text: str) -> bool:
    policy = making.context.policy
    return policy.agrees(text) or policy.spoken.consents(text) or policy.spoken.move(text) == SAME


def _why_no_room(
    making: Making, case: Case, window: tuple[Ms, Ms], *, line: Line, by_day: bool = False, others: bool = True
) -> Rejected | None:  # fmt: skip
    """Why a call cannot be promised then, with another time where `others` are asked for; None where it can. `by_day`:
    they named no time."""
    customer = making.customer(case.customer)
    address = customer.address(line.address) if line.address is not None else None
    try:
        check_window(making, case, address, window, named=address is not None and not by_day, others=others)
    except Rejected as refused:
        return refused
    return None


def _other_with_room(
    making: Making, case: Case, wish: Wish, line: Line, *, instead: tuple[Ms, Ms] | None
) -> tuple[tuple[Ms, Ms] | None, bool]:  # fmt: skip
    """Another time with room, and whether it is one that they named as well: their hours on a day that follows, before
    any that is free. None: there is none."""
    if wish.window is None or wish.hours is None:
        return instead, False
    for ahead in range(1, DAYS_TRIED + 1):
        weekday, (start, end) = same_hours(wish.window[0], wish.hours, zone=wish.zone, ahead=ahead)
        window = Ms(start), Ms(end)
        is_theirs = wish.sure and weekday in wish.days
        is_meant = is_theirs or not wish.days
        if is_meant and _why_no_room(making, case, window, line=line, others=False) is None:
            return window, is_theirs
    return instead, False


def _promise_at(making: Making, case: Case, window: tuple[Ms, Ms], *, line: Line) -> None:
    """A number that they name may be a stranger's: it is called by day, and once; who asks is answered alike."""
    to = making.customer(case.customer).address(line.address) if line.address is not None else None
    is_other = is_at_other_number(making, case, line.number, to=to)
    if case.promise is not None and not is_unpromised(making, case) and not is_other:
        move_promise(making, MovePromise(key="", promise=case.promise, actor=CUSTOMER, window=window, named=True))
        return
    if line.number and is_taken(making):
        _hold(making, case)
        return
    is_theirs = line.address is not None
    made = MakePromise(
        key="", case=case.id, actor=CUSTOMER, kind=CALLBACK, window=window, named=is_theirs, address=line.number
    )  # fmt: skip
    make_promise(making, made, to=to)


def _call_soon(making: Making, case: Case, received: ContactReceived, line: Line) -> bool:
    """A call as soon as somebody is free. False: their number cannot be called."""
    if line.number and is_taken(making):
        _hold(making, case)
        return True
    to = making.customer(case.customer).address(line.address) if line.address is not None else None
    try:
        address = number_to_call(making, case, line.number, to=to)
    except Rejected:
        return False
    case = making.case(case.id)
    kept_at = give_up_number(making, case) if is_at_other_number(making, case, line.number, to=to) else None
    _call_at_turn(making, making.case(case.id), address, received, number=line.number, kept_at=kept_at)
    return True


def _hold(making: Making, case: Case) -> None:
    """A call to the number that they name is promised already: their wish stands on the case, and a person decides.
    They are not called elsewhere meanwhile."""
    if give_up_number(making, case) is not None:
        turn_to_writing(making, case.id, why="the number is not called a second time by itself")
    case = making.case(case.id)
    making.emit(CallbackHeld(case=case.id, customer=case.customer, at=making.now, entry=case.entries + 1))


def _call_again(making: Making, case: Case, received: ContactReceived) -> None:
    """At the place they had: being missed takes nobody's turn."""
    customer = making.customer(case.customer)
    address = customer.address(received.address)
    if address is None or not can_be_called(address):
        try:
            address = number_to_call(making, case, "")
        except Rejected:
            return
    _call_at_turn(making, case, address, received)


def _call_at_turn(
    making: Making,
    case: Case,
    address: Address,
    received: ContactReceived,
    *,
    number: str = "",
    kept_at: Ms | None = None,
) -> None:
    """A call as soon as it is their turn. `kept_at`: the place that they had for one at another number."""
    on_phone = case.ask is not None and case.ask.requirement.channel is Channel.PHONE
    if not case.taken and not on_phone:
        place_at = place_on_phone(making, case.ask) if case.unreached_at is None else case.unreached_at
        place_at = min(place_at, kept_at) if kept_at is not None else place_at
        ask_for_phone(making, case.id, place_at=place_at, call=None)
        case = making.case(case.id)
    until, why = until_turn(making, case), "they asked for it"
    promise_call(
        making, case, address, why=why, told_via=received.channel, place_at=case.unreached_at, until=until,
        number=number,
    )  # fmt: skip
    if (made := making.case(case.id).promise) is not None:
        say_call(making, making.promise(made), reason="they asked to be called", is_answer=True)


def _withdraw(making: Making, case: Case, *, say: str, why: str) -> None:
    assert case.promise is not None
    cancel_promise(making, CancelCallback(key="", promise=case.promise, actor=CUSTOMER))
    tell_customer(making, making.case(case.id), say, reason=why, is_answer=True, is_owed=True)
