"""What somebody writes about a call: when they want one, another time, call me again, or rather write.

Its one rule: what is clear is done, and one line says what happens now; what is doubtful changes nothing and is asked
back with a time that we suggest. Longer words are something they tell us, unless they ask for a call. Of whoever has
nothing promised only a text that has a word of calling and one of time is looked at. Called is the number that it came
from, or for a mail or a chat one that is named in it, or theirs where it is surely them.
"""

from dataclasses import dataclass

from router.core.call_parts import (
    ask_for_phone,
    can_be_called,
    customer_of,
    is_taken,
    is_unpromised,
    number_to_call,
    place_on_phone,
    promise_call,
    until_turn,
)
from router.core.clock import Ms
from router.core.commands import CUSTOMER, CancelCallback, Command, MakePromise, MovePromise, TakeContact
from router.core.context import Making
from router.core.documents import Case
from router.core.errors import Reason, Rejected
from router.core.events import CallbackHeld, ContactReceived
from router.core.promises import cancel_promise, make_promise, move_promise, window_said
from router.core.telling import tell_customer
from router.core.wishes import NAMED_IN, number_named, wish_of
from router.core.words import CALLBACK, MINUTE_MS, AddressId, Channel, Evidence


def follow(making: Making, command: Command) -> None:
    """Take the words of a contact as an answer about a promised call, where they are one."""
    if not isinstance(command, TakeContact) or not command.text or command.touch is not None:
        return
    received = next((event for event in making.events if isinstance(event, ContactReceived)), None)
    if received is None or (received.letter is not None and received.letter.automatic):
        return  # no person wrote it
    case = making.case(received.case)
    spoken = making.context.policy.spoken
    if not _is_told_of_call(making, case, received) and case.unreached_at is None and not case.promised:
        if making.context.policy.asks_for_call(command.text):
            _take_first(making, case, received, command.text)
        elif case.promise is not None and spoken.choice(command.text) == "call":
            _call_again(making, case, received)
        return
    line = _promised_line(making, case, received)
    if customer_of(making, case) is None and _take_time(
        making, case, received, command.text, line=line, is_asked=spoken.is_short(command.text),
        back="callback_ask_back",
    ):  # fmt: skip
        return
    choice = spoken.choice(command.text)
    if choice == "call" and (case.promise is None or is_unpromised(making, case)):
        _call_again(making, case, received)
    elif choice == "text" and case.promise is not None and customer_of(making, case) is None:
        _withdraw(making, case, say="callback_in_writing", why="they would rather write")
    elif choice == "cancel" and case.promise is not None and customer_of(making, case) is None:
        _withdraw(making, case, say="callback_not_needed", why="they need no call any more")


def _is_told_of_call(making: Making, case: Case, received: ContactReceived) -> bool:
    """Whether they knew of a call that is to come when they wrote this. Of one of our own accord they know once it has
    missed them; before, "please stop by at five" names no time for it, also where that comes to us later."""
    promise = making.promise(case.promise) if case.promise is not None else None
    return promise is not None and (not promise.unpromised or any(at <= received.at for at, _ in promise.attempts))


@dataclass(frozen=True, slots=True)
class Line:
    """Where somebody is called: an address of theirs, or a `number` that they named; and where that is."""

    zones: tuple[str, ...]
    address: AddressId | None = None
    number: str = ""


def _take_first(making: Making, case: Case, received: ContactReceived, text: str) -> None:
    """Promise a call at the time that they name. An agent who is with them does that."""
    if case.taken or customer_of(making, case) is not None:
        return
    line = _line_of(making, case, received, text)
    if line is not None:
        _take_time(making, case, received, text, line=line, is_asked=False, back="callback_ask_first")


def _line_of(making: Making, case: Case, received: ContactReceived, text: str) -> Line | None:
    """Where they are called: at the number that they wrote from; after a mail or a chat at one they named there, or at
    theirs if it is surely them. None: a person looks at it, for it may be somebody else."""
    customer = making.customer(case.customer)
    address = customer.address(received.address)
    if address is not None and can_be_called(address):
        return Line(address.facts.zones, address=address.id)
    if received.channel not in NAMED_IN or received.participant:
        return None
    if number := number_named(text):
        facts = making.context.facts_of(number)
        is_possible = facts.dialable and not facts.premium and bool(facts.country)
        is_possible = is_possible and not making.context.is_ours(number)
        return Line(facts.zones, number=number) if is_possible else None
    if received.evidence is Evidence.WEAK:
        return None
    own = next((one for one in customer.addresses if can_be_called(one)), None)
    return Line(own.facts.zones, address=own.id) if own is not None else None


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
    """Take a time that they name; True where they named one, or may have. `back`: the phrase that asks back."""
    policy, customer = making.context.policy, making.customer(case.customer)
    wish = wish_of(
        policy,
        text,
        language=case.language or customer.language or policy.phrases.language,
        zones=line.zones,
        queue=policy.queue_or_last(case.queue),
        now=making.now,
        is_asked=is_asked,
    )
    if wish is None or (wish.window is None and wish.sure):
        return False  # as soon as possible is a choice of its own
    doubt, said = wish.doubt, wish.said
    if wish.sure and wish.window is not None:
        try:
            _promise_at(making, case, wish.window, line=line)
        except Rejected as refused:
            if refused.reason is not Reason.WINDOW_UNFIT:
                return False
            if refused.window is None:
                why = "they named a time, and nobody is free"
                tell_customer(making, making.case(case.id), "callback_no_room", reason=why, is_answer=True)
                return True
            doubt, said = policy.phrase("callback_unfit", case.language or ""), window_said(making, case, refused)
    key = back if doubt else "callback_at"
    plain = {"window": said, **({"doubt": doubt} if doubt else {})}
    tell_customer(
        making,
        making.case(case.id),
        key,
        reason="they named a time for our call",
        is_answer=True,
        is_owed=True,
        about=None,
        **plain,
    )
    return True


def _promise_at(making: Making, case: Case, window: tuple[Ms, Ms], *, line: Line) -> None:
    """A number that they name may be a stranger's: it is called by day, and once; who asks is answered alike."""
    if case.promise is not None and not is_unpromised(making, case):
        move_promise(making, MovePromise(key="", promise=case.promise, actor=CUSTOMER, window=window, named=True))
        return
    if line.number and is_taken(making):
        making.emit(CallbackHeld(case=case.id, customer=case.customer, at=making.now, entry=case.entries + 1))
        return
    is_theirs = line.address is not None
    made = MakePromise(
        key="", case=case.id, actor=CUSTOMER, kind=CALLBACK, window=window, named=is_theirs, address=line.number
    )  # fmt: skip
    to = making.customer(case.customer).address(line.address) if line.address is not None else None
    make_promise(making, made, to=to)


def _call_again(making: Making, case: Case, received: ContactReceived) -> None:
    """At the place they had: being missed takes nobody's turn."""
    customer = making.customer(case.customer)
    address = customer.address(received.address)
    if address is None or not can_be_called(address):
        try:
            address = number_to_call(making, case, "")
        except Rejected:
            return
    on_phone = case.ask is not None and case.ask.requirement.channel is Channel.PHONE
    if not case.taken and not on_phone:
        place_at = place_on_phone(making, case.ask) if case.unreached_at is None else case.unreached_at
        ask_for_phone(making, case.id, place_at=place_at, call=None)
        case = making.case(case.id)
    until, why = until_turn(making, case), "they asked for it"
    promise_call(
        making, case, address, why=why, told_via=received.channel, place_at=case.unreached_at, until=until
    )  # fmt: skip
    case = making.case(case.id)
    window = making.promise(case.promise).window if case.promise is not None else None
    within = {"within": str((window[1] - making.now) // MINUTE_MS)} if window is not None else {}
    key = "callback_soon_within" if within else "callback_soon"
    tell_customer(
        making, case, key, reason="they asked to be called", is_answer=True, is_owed=True, about=None, **within
    )


def _withdraw(making: Making, case: Case, *, say: str, why: str) -> None:
    assert case.promise is not None
    cancel_promise(making, CancelCallback(key="", promise=case.promise, actor=CUSTOMER))
    tell_customer(making, making.case(case.id), say, reason=why, is_answer=True)
