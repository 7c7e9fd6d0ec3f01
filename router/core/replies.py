"""What somebody answers about a call that they were promised: call me again, or rather write.

Its one rule: only a few words that are a choice and nothing else change a promise, and one line says what happens now.
Anything longer is something they tell us, and a person reads it. Who has nothing promised is not asked about it.
"""

from router.core.call_parts import can_be_called, customer_of, number_to_call, promise_call, stand_in_line
from router.core.commands import SYSTEM, CancelCallback, Command, TakeContact
from router.core.context import Making
from router.core.documents import Case
from router.core.errors import Rejected
from router.core.events import ContactReceived
from router.core.promises import cancel_promise
from router.core.telling import tell_customer
from router.core.words import Channel


def follow(making: Making, command: Command) -> None:
    """Take the words of a contact as an answer about a promised call, where they are one."""
    if not isinstance(command, TakeContact) or not command.text or command.touch is not None:
        return
    received = next((event for event in making.events if isinstance(event, ContactReceived)), None)
    if received is None:
        return
    case = making.case(received.case)
    if case.promise is None and case.unreached_at is None and not case.promised:
        return
    choice = making.context.policy.spoken.choice(command.text)
    if choice == "call" and case.promise is None:
        _call_again(making, case, received)
    elif choice == "text" and case.promise is not None and customer_of(making, case) is None:
        _write_instead(making, case)


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
    cancel_promise(making, CancelCallback(key="", promise=case.promise, actor=SYSTEM))
    tell_customer(making, making.case(case.id), "callback_in_writing", reason="they would rather write")
