"""What one of us does with a promised call: made, moved or taken back over the API, the customer reads it in one line.

Its one rule: nothing that a customer was told, or is to expect, changes without a word to them, by the medium in use or
another that they allow. What the customers do themselves is answered where they did it.
"""

from router.core import legs, promises
from router.core.call_parts import customer_of
from router.core.commands import CancelCallback, MakePromise, MovePromise, StartCall
from router.core.context import Making
from router.core.slips import say_call, say_promised
from router.core.telling import tell_customer, told_via
from router.core.words import CALLBACK, ActorKind, Channel

PROMISED = "one of us promised a call"


def start_call(making: Making, command: StartCall) -> None:
    """A call when it is their turn. One that they know nothing of, by an agent of their own accord, needs no word."""
    before = making.case(command.case).promise
    case = making.case(command.case)
    is_on_line = customer_of(making, case) is not None or command.actor.kind is ActorKind.CUSTOMER
    legs.start_call(making, command, told_via=Channel.PHONE if is_on_line else told_via(making, case))
    made = making.case(command.case).promise
    if command.actor.kind is not ActorKind.CUSTOMER and command.told and made is not None and made != before:
        say_call(making, making.promise(made), reason=PROMISED)


def make_promise(making: Making, command: MakePromise) -> None:
    """With words of ours (`text`) they were told already: those stand in an answer."""
    promises.make_promise(making, command)
    made = making.case(command.case).promise
    is_ours = command.actor.kind is not ActorKind.CUSTOMER and not command.text
    if is_ours and command.kind == CALLBACK and made is not None:
        say_call(making, making.promise(made), reason=PROMISED)


def move_promise(making: Making, command: MovePromise) -> None:
    before = making.promise(command.promise)
    promises.move_promise(making, command)
    if command.actor.kind is ActorKind.CUSTOMER:
        return
    case = making.case(before.case)
    if before.kind == CALLBACK:
        if case.promise is not None:
            say_call(making, making.promise(case.promise), reason=PROMISED)
        return
    after = making.promise(before.id)
    if before.window is not None and after.window is not None and after.window[1] > before.window[1]:
        said = say_promised(making, after, after.window)
        tell_customer(making, case, "promise_later", reason="one of us moved a promise", is_owed=True, window=said)


def cancel_promise(making: Making, command: CancelCallback) -> None:
    promise = making.promise(command.promise)
    promises.cancel_promise(making, command)
    is_told = promise.kind == CALLBACK and not promise.unpromised
    if command.actor.kind is not ActorKind.CUSTOMER and is_told:
        case = making.case(promise.case)
        tell_customer(making, case, "callback_not_needed", reason="one of us took a promised call back", is_owed=True)
