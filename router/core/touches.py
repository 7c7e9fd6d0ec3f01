"""One touch of a button: a contact with what the page or device knows, and how they want to be reached.

Its one rule: whoever touches may not be whom the address names, so nothing is sent because of it; a promised call is
the only thing that follows by itself, to a number that we may dial, and only one to a number at a time.
"""

from contextlib import suppress
from dataclasses import replace

from policies.window_calendar import Doubt
from policies.windows_said import say_doubt
from router.core.addresses import Address, AddressKind
from router.core.call_parts import (
    ask_for_phone,
    can_be_called,
    customer_of,
    is_taken,
    is_unpromised,
    promise_call,
    rest_until_due,
    typed_address,
    until_turn,
    wish_call,
)
from router.core.clock import Ms
from router.core.commands import CUSTOMER, CancelCallback, Indexed, MakePromise, MovePromise, TakeContact, Touch
from router.core.contacts import clean_text, take_contact
from router.core.context import Making
from router.core.devices import number_of_household, signed, turn_key
from router.core.documents import Case, Promise
from router.core.errors import Reason, Rejected
from router.core.events import ContactReceived, WishNoted
from router.core.opening import closed_for
from router.core.promises import cancel_promise, check_window, make_promise, move_promise
from router.core.terms import hear_clock
from router.core.tree import owner_of_address
from router.core.wishes import Wish, wish_at, wish_of
from router.core.words import CALLBACK, ActorKind, AddressId, CaseId, Channel, ContactId, Evidence


def take_touch(making: Making, command: TakeContact) -> None:
    """A contact as any other; besides, it is found again by its id, and what they wish for stands on the case."""
    touch = command.touch
    assert touch is not None
    command = signed(making, command)
    take_contact(making, command)
    turn_key(making, command)
    received = next(event for event in making.events if isinstance(event, ContactReceived))
    device_key = touch.key or touch.fresh_key
    row = AddressId(f"{received.case}/{received.entry}" + (f"/{device_key}" if device_key else ""))
    making.indexed.append(Indexed(key=contact_key(received.contact), address=row, customer=received.customer))
    is_sure = bool(touch.key) or command.evidence is Evidence.PROOF
    owner = making.customer(received.customer)
    given = typed_address(making, owner, touch.number, typed=not is_sure) if touch.number else None
    note_wish(
        making,
        received.case,
        touch,
        contact=received.contact,
        number=given.id if given is not None else received.address,
        named=touch.number if given is not None else "" if is_sure else command.sender,
        is_sure=is_sure,
        is_told=command.actor.kind is not ActorKind.CUSTOMER or bool(touch.key),
    )


def note_wish(
    making: Making,
    id: CaseId,
    touch: Touch,
    *,
    contact: ContactId,
    number: AddressId,
    named: str,
    is_sure: bool,
    is_told: bool,
    told_via: Channel = Channel.TOUCH,
    given: AddressId | None = None,
) -> None:
    """How they want to be reached stands on the case; a call that they ask for is promised, where it can be. `number`:
    where; `named`: the same in full, where it may be somebody else's; `is_told`: they are answered with what is
    promised; `given`: an address for answers."""
    address = _called_at(making, id, number, is_sure=is_sure)
    language = making.context.policy.language_of(touch.time)  # not theirs: whose the address is must not show
    wish = _time_of(making, id, touch, address, language=language, is_sure=is_sure)
    if touch.wish:
        case = making.case(id)
        making.emit(
            WishNoted(
                case=case.id,
                customer=case.customer,
                at=making.now,
                entry=case.entries + 1,
                contact=contact,
                words=making.keep(clean_text(touch.wish), kind="note", owner=case.customer),
                calls=touch.calls,
                prefers=touch.prefers,
                window=wish.window if wish is not None else None,
                zone=wish.zone if wish is not None else "",
                doubt=wish.doubt if wish is not None else "",
                language=language if wish is not None else "",
                address=given,
            )
        )
    if (
        told_via is Channel.CHAT
        and touch.prefers is not None
        and not touch.calls
        and touch.prefers is not Channel.PHONE
    ):
        _write_instead(making, id)
    if is_sure and address is not None and wish is not None and wish.sure:
        hear_clock(making, making.case(id).customer, wish.named, number=address.facts.zones)
    if address is None or (wish is not None and not wish.sure):
        return  # what is doubtful promises nothing
    if touch.calls or (wish is not None and wish.window is not None):  # who asks for a call is never junk
        window = wish.window if wish is not None else None
        _promise(
            making, id, address,
            is_sure=is_sure, is_told=is_told, named=named, window=window, soon=touch.soon, told_via=told_via,
        )  # fmt: skip


def contact_key(id: str | ContactId) -> str:
    """Under which the timeline row of a touch is found, with the id of the key that its device has."""
    return f"contact {id}"


def _called_at(making: Making, id: CaseId, number: AddressId, *, is_sure: bool) -> Address | None:
    """Where they would be called; None where they cannot be. A paired device, or who is in a chat, is no telephone:
    whose it is, is called on the line that they used last."""
    owner = owner_of_address(making.state, number)
    address = owner.address(number) if owner is not None else None
    is_name = address is not None and address.facts.kind in (AddressKind.USER, AddressKind.CHAT)
    if address is not None and is_sure and (address.pairing is not None or is_name):
        address = number_of_household(making, id)
    return address if address is not None and can_be_called(address) else None


def _time_of(
    making: Making, id: CaseId, touch: Touch, address: Address | None, *, language: str, is_sure: bool
) -> Wish | None:
    """The time that they want to be called at; None where they name none. One that cannot be is doubtful, with one that
    can. Whose telephone it is only who is sure may say that it rings late in the day."""
    policy, case = making.context.policy, making.case(id)
    if address is None or not (touch.time or touch.window):
        return None
    queue = policy.queue_or_last(case.queue)
    zones, now = address.facts.zones, making.now
    customer = making.customer(case.customer) if is_sure else None  # whose the address is must not show
    if touch.window is not None:
        wish = wish_at(
            policy, touch.window, language=language, zones=zones, customer=customer, queue=queue, now=now
        )  # fmt: skip
    else:
        wish = wish_of(
            policy, touch.time, language=language, zones=zones, customer=customer, queue=queue, now=now,
            is_asked=touch.calls,
        )  # fmt: skip
    if wish is None and touch.calls:
        doubt, zone = say_doubt(Doubt.WIDE, language=policy.said_in(language)), policy.hours_of(queue).zone.key
        return Wish(window=None, said="", sure=False, doubt=doubt, words="", zone=zone)
    if wish is None or wish.window is None or not wish.sure:
        return wish
    try:
        check_window(making, case, address, wish.window, named=is_sure, is_known=is_sure)
    except Rejected as refused:
        if refused.reason is not Reason.WINDOW_UNFIT:
            raise
        return replace(wish, window=refused.window, sure=False, doubt=policy.phrase("callback_unfit", language))
    return wish


def _promise(
    making: Making,
    id: CaseId,
    address: Address,
    *,
    is_sure: bool,
    is_told: bool,
    named: str,
    window: tuple[Ms, Ms] | None,
    soon: bool,
    told_via: Channel,
) -> None:
    """Promise a call, unless one to this number is pending; who is sure to be theirs moves it to the time they name, or
    to now, and so does whoever asked for it in the same chat.
    `named`: the number, where it may be somebody else's; `is_told`: a program of ours, or a device of theirs, is
    answered with what is promised. An agent who has the case in hand keeps it: the promise stands in line when they are
    through. While nobody is there it rests until somebody is."""
    case = making.case(id)
    stands = case.promise is not None and not is_unpromised(making, case)
    is_theirs = is_sure or (told_via is Channel.CHAT and _asked_for_in_chat(making, case))
    is_moved = is_theirs and stands and (window is not None or soon) and customer_of(making, case) is None
    if not is_moved:
        if stands:
            return
        if any(_is_pending(making, document, address) for document in making.state.values()):
            return
    if is_moved and window is None:
        _move_to_now(making, case)
        return
    if window is not None and (is_moved or not (named and is_taken(making))):
        made = MakePromise(
            key="", case=id, actor=CUSTOMER, kind=CALLBACK, window=window, named=is_sure, address=named
        )  # fmt: skip
        with suppress(Rejected):  # an agent is about to call them, or has them: what they wish stands on the case
            make_promise(making, made, to=address)
        return
    why = "they asked for it with a touch" if told_via is Channel.TOUCH else "they asked for it as they left the chat"
    closed = closed_for(making, case, address)
    due_at = closed.at if closed is not None else None
    asking = making.asking(id)
    is_rung = asking.taken or (asking.ask is not None and asking.ask.requirement.channel is Channel.PHONE)
    if due_at is None and not is_rung and not (named and is_taken(making)):
        ask_for_phone(making, id, place_at=making.now, call=None)
        case = making.case(id)
    until = until_turn(making, case) if is_told else None
    if named:
        wish_call(making, case, address, named, why=why, told_via=told_via, due_at=due_at, until=until)
    else:
        promise_call(making, case, address, why=why, told_via=told_via, due_at=due_at, until=until)
    if due_at is not None and not is_rung and making.case(id).promise is not None:
        rest_until_due(making, id)


def _move_to_now(making: Making, case: Case) -> None:
    """A call that is promised for later is made as soon as it can be, where that is any sooner."""
    promise = making.promise(case.promise or "")
    if promise.window is None or promise.by_turn or promise.window[0] <= making.now:
        return
    move = MovePromise(key="", promise=promise.id, actor=CUSTOMER, window=None)
    try:
        move_promise(making, move)
    except Rejected as refused:
        if refused.window is not None and refused.window[0] < promise.window[0]:
            with suppress(Rejected):
                move_promise(making, replace(move, window=refused.window, named=True))


def _asked_for_in_chat(making: Making, case: Case) -> bool:
    """Whether the call that is promised on a case is one that its visitor asked for, and none that we announced."""
    promise = making.promise(case.promise) if case.promise is not None else None
    if promise is None or promise.unpromised or promise.agent is not None:
        return False
    return promise.told_via is Channel.CHAT


def _write_instead(making: Making, id: CaseId) -> None:
    """Whoever had asked for a call as they left, and wants to be written to now, is not called."""
    case = making.case(id)
    if case.promise is None or case.taken or not _asked_for_in_chat(making, case):
        return
    why = "they want to be written to instead"
    cancel_promise(making, CancelCallback(key="", promise=case.promise, actor=CUSTOMER, reason=why))


def _is_pending(making: Making, document: object, address: Address) -> bool:
    """Whether a document promises a call to this line, whoever of the household it was promised to."""
    if not isinstance(document, Promise) or not document.state.is_pending or document.address is None:
        return False
    if document.unpromised:
        return False
    customer = owner_of_address(making.state, document.address)
    known = customer.address(document.address) if customer else None
    return known is not None and known.line == address.line
