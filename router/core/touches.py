"""One touch of a button: a contact with what the page or device knows, and how they want to be reached.

Its one rule: whoever touches may not be whom the address names, so nothing is sent because of it; a promised call is
the only thing that follows by itself, to a number that we may dial, and only one to a number at a time.
"""

from router.core.addresses import Address, AddressKind
from router.core.call_parts import ask_for_phone, can_be_called, promise_call, typed_address, wish_call
from router.core.commands import Indexed, TakeContact
from router.core.contacts import clean_text, take_contact
from router.core.context import Making
from router.core.devices import number_of_household, signed, turn_key
from router.core.documents import Promise
from router.core.events import ContactReceived, WishNoted
from router.core.tree import owner_of_address
from router.core.words import AddressId, CaseId, Channel, ContactId, Evidence


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
    if touch.wish:
        case = making.case(received.case)
        making.emit(
            WishNoted(
                case=case.id,
                customer=case.customer,
                at=making.now,
                entry=case.entries + 1,
                contact=received.contact,
                words=making.keep(clean_text(touch.wish), kind="note", owner=case.customer),
                calls=touch.calls,
                prefers=touch.prefers,
            )
        )
    if touch.calls:  # who asks for a call is never junk
        given = typed_address(making, making.customer(received.customer), touch.number) if touch.number else None
        number = given.id if given is not None else received.address
        is_sure = bool(touch.key) or command.evidence is Evidence.PROOF
        named = touch.number if given is not None else "" if is_sure else command.sender
        _promise(making, received.case, number, is_sure=is_sure, named=named)


def contact_key(id: str | ContactId) -> str:
    """Under which the timeline row of a touch is found, with the id of the key that its device has."""
    return f"contact {id}"


def _promise(making: Making, id: CaseId, number: AddressId, *, is_sure: bool, named: str) -> None:
    """Promise a call, unless one to this number is pending. `named`: the number, where it may be somebody else's. An
    agent who has the case in hand keeps it: the promise stands in line when they are through. A paired device, or a
    name at a site, is no telephone: whose it is, is called on the line that they used last."""
    customer, case = making.customer(making.case(id).customer), making.case(id)
    address = customer.address(number)
    if address is not None and is_sure and (address.pairing is not None or address.facts.kind is AddressKind.USER):
        address = number_of_household(making, id)
    if address is None or not can_be_called(address) or case.promise is not None:
        return
    if any(_is_pending(making, document, address) for document in making.state.values()):
        return
    why = "they asked for it with a touch"
    if named:
        wish_call(making, case, address, named, why=why, told_via=Channel.TOUCH)
    else:
        promise_call(making, case, address, why=why, told_via=Channel.TOUCH)
    if making.case(id).promise is None:
        return
    case = making.asking(id)
    on_phone = case.ask is not None and case.ask.requirement.channel is Channel.PHONE
    if not case.taken and not on_phone:
        ask_for_phone(making, id, place_at=making.now, call=None)


def _is_pending(making: Making, document: object, address: Address) -> bool:
    """Whether a document promises a call to this line, whoever of the household it was promised to."""
    if not isinstance(document, Promise) or not document.state.is_pending or document.address is None:
        return False
    customer = owner_of_address(making.state, document.address)
    known = customer.address(document.address) if customer else None
    return known is not None and known.line == address.line
