"""What somebody writes about a call: when they want one, another time, call me again, or rather write.

Its one rule: what is clear is done, and one line says what happens now; what is doubtful changes nothing and is asked
back with a time that we suggest. Longer words are something they tell us, unless they ask for a call. Of whoever has
nothing promised only a text that has a word of calling and one of time is looked at, and only the number that it came
from is called.
"""

from router.core.call_parts import can_be_called, customer_of, number_to_call, promise_call, stand_in_line
from router.core.clock import Ms
from router.core.commands import CUSTOMER, CancelCallback, Command, MakePromise, MovePromise, TakeContact
from router.core.context import Making
from router.core.documents import Case
from router.core.errors import Reason, Rejected
from router.core.events import ContactReceived
from router.core.promises import cancel_promise, make_promise, move_promise, window_said
from router.core.telling import tell_customer
from router.core.wishes import wish_of
from router.core.words import CALLBACK, AddressId, Channel


def follow(making: Making, command: Command) -> None:
    """Take the words of a contact as an answer about a promised call, where they are one."""
    if not isinstance(command, TakeContact) or not command.text or command.touch is not None:
        return
    received = next((event for event in making.events if isinstance(event, ContactReceived)), None)
    if received is None:
        return
    case = making.case(received.case)
    if case.promise is None and case.unreached_at is None and not case.promised:
        if making.context.policy.asks_for_call(command.text):
            _take_first(making, case, received, command.text)
        return
    spoken = making.context.policy.spoken
    if customer_of(making, case) is None and _take_time(
        making, case, received, command.text, is_asked=spoken.is_short(command.text), back="callback_ask_back"
    ):  # fmt: skip
        return
    choice = spoken.choice(command.text)
    if choice == "call" and case.promise is None:
        _call_again(making, case, received)
    elif choice == "text" and case.promise is not None and customer_of(making, case) is None:
        _write_instead(making, case)


def _take_first(making: Making, case: Case, received: ContactReceived, text: str) -> None:
    """Promise a call at the time that they name, to the number that they wrote from. An agent who is with them does
    that; and who writes a mail or a chat may be somebody else, so that a person looks at it."""
    address = making.customer(case.customer).address(received.address)
    if case.taken or customer_of(making, case) is not None or address is None or not can_be_called(address):
        return
    _take_time(making, case, received, text, is_asked=False, back="callback_ask_first")


def _take_time(
    making: Making, case: Case, received: ContactReceived, text: str, *, is_asked: bool, back: str
) -> bool:  # fmt: skip
    """Take a time that they name; True where they named one, or may have. `back`: the phrase that asks back."""
    policy, customer = making.context.policy, making.customer(case.customer)
    promise = making.promise(case.promise) if case.promise is not None else None
    number = promise.address if promise is not None and promise.address is not None else received.address
    address = customer.address(number)
    wish = wish_of(
        policy,
        text,
        language=case.language or customer.language or policy.phrases.language,
        zones=address.facts.zones if address is not None else (),
        queue=case.queue if case.queue in policy.queues else policy.routing.rules[-1].queue,
        now=making.now,
        is_asked=is_asked,
    )
    if wish is None or (wish.window is None and wish.sure):
        return False  # as soon as possible is a choice of its own
    doubt, said = wish.doubt, wish.said
    if wish.sure and wish.window is not None:
        try:
            _promise_at(making, case, wish.window, number=number)
        except Rejected as refused:
            if refused.reason is not Reason.WINDOW_UNFIT or refused.window is None:
                return False
            doubt, said = policy.phrase("callback_unfit", case.language or ""), window_said(making, case, refused)
    key = back if doubt else "callback_at"
    plain = {"window": said, **({"doubt": doubt} if doubt else {})}
    tell_customer(making, making.case(case.id), key, reason="they named a time for our call", **plain)
    return True


def _promise_at(making: Making, case: Case, window: tuple[Ms, Ms], *, number: AddressId) -> None:
    if case.promise is not None:
        move_promise(making, MovePromise(key="", promise=case.promise, actor=CUSTOMER, window=window, named=True))
        return
    customer = making.customer(case.customer)
    made = MakePromise(key="", case=case.id, actor=CUSTOMER, kind=CALLBACK, window=window, named=True)
    make_promise(making, made, to=customer.address(number))


def _call_again(making: Making, case: Case, received: ContactReceived) -> None:
    """At the place they had: being missed takes nobody's turn."""
    customer = making.customer(case.customer)
    address = customer.address(received.address)
    if address is None or not can_be_called(address):
        try:
            address = number_to_call(making, case, "")
        except Rejected:
            return
    promise_call(making, case, address, why="they asked for it", told_via=received.channel, place_at=case.unreached_at)
    case = making.case(case.id)
    if case.promise is None:
        return
    on_phone = case.ask is not None and case.ask.requirement.channel is Channel.PHONE
    if not case.taken and not on_phone:
        stand_in_line(making, making.promise(case.promise))
    tell_customer(making, making.case(case.id), "callback_soon", reason="they asked to be called")


def _write_instead(making: Making, case: Case) -> None:
    assert case.promise is not None
    cancel_promise(making, CancelCallback(key="", promise=case.promise, actor=CUSTOMER))
    tell_customer(making, making.case(case.id), "callback_in_writing", reason="they would rather write")
