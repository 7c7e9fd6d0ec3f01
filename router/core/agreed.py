"""What one of us does with a promised call: made, moved or taken back over the API, the customer reads it in one line.

Its one rule: nothing that a customer was told, or is to expect, changes without a word to them, by the medium in use or
another that they allow. What the customers do themselves is answered where they did it.
"""

from router.core import legs, promises
from router.core.call_parts import customer_of, give_way, is_at_other_number
from router.core.clock import Ms
from router.core.commands import CancelCallback, MakePromise, MovePromise, StartCall
from router.core.context import Making
from router.core.documents import Case
from router.core.errors import Reason, Rejected
from router.core.slips import say_call, say_promised
from router.core.telling import tell_customer, told_via
from router.core.words import CALLBACK, ActorKind, Channel

PROMISED = "one of us promised a call"


def start_call(making: Making, command: StartCall) -> None:
    """A call when it is their turn. One that they know nothing of, by an agent of their own accord, needs no word. A
    number that is named is the one that is called, also where a call to another one is before them."""
    case = making.case(command.case)
    before = making.promise(case.promise) if case.promise is not None else None
    is_on_line = customer_of(making, case) is not None or command.actor.kind is ActorKind.CUSTOMER
    via = Channel.PHONE if is_on_line else told_via(making, case)
    legs.start_call(making, command, told_via=via, kept_at=_leave_number(making, case, command))
    made = making.case(command.case).promise
    is_owed = command.told or (before is not None and not before.unpromised)
    is_same = before is not None and made == before.id
    if command.actor.kind is not ActorKind.CUSTOMER and is_owed and made is not None and not is_same:
        say_call(making, making.promise(made), reason=PROMISED)


def _leave_number(making: Making, case: Case, command: StartCall) -> Ms | None:
    """Nobody is rung at the number that a call before them goes to, where another one is named. The place of what was
    promised, which goes along; None where nothing was. Raises Rejected where that call is being made."""
    if case.promise is None or not is_at_other_number(making, case, command.address):
        return None
    ours = making.promise(case.promise)
    if not ours.unpromised:
        return promises.give_up_number(making, case)
    if promises.is_called(making, ours):
        raise Rejected(Reason.NOTHING_TO_DO, "under way")
    if not command.told:  # a promise takes its place by itself
        give_way(making, case, ours)
    return None


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
        tell_customer(
            making, case, "promise_later", reason="one of us moved a promise", is_owed=True, plain={"window": said}
        )


def cancel_promise(making: Making, command: CancelCallback) -> None:
    promise = making.promise(command.promise)
    promises.cancel_promise(making, command)
    is_told = promise.kind == CALLBACK and not promise.unpromised
    if command.actor.kind is not ActorKind.CUSTOMER and is_told:
        case = making.case(promise.case)
        tell_customer(making, case, "callback_not_needed", reason="one of us took a promised call back", is_owed=True)
