"""A visitor leaves a chat and says how they want to be reached: an answer by another way, or a call.

Its one rule: what they wish for is read as with a touch, and nothing is promised on an address that cannot be reached.
"""

from router.core.call_parts import typed_address
from router.core.chats import add_typed, case_of_visitor
from router.core.commands import Indexed, LeaveChat
from router.core.context import Making
from router.core.evidence import holds_proof
from router.core.touches import note_wish
from router.core.words import DAY_MS, Channel, ContactId


def leave_chat(making: Making, command: LeaveChat) -> None:
    """Note how answers are to follow a visitor, and promise the call that they ask for. Raises Rejected where there is
    no case, or too many addresses."""
    customer = making.customer(command.customer)
    case = case_of_visitor(making, customer)
    touch, chat = command.touch, customer.address(command.address)
    given = add_typed(making, customer, command.given) if command.given else None
    if given is not None and given.typed and command.told_key:
        making.indexed.append(Indexed(key=command.told_key, address=given.id, customer=customer.id, first_wins=True))
    named = typed_address(making, making.customer(customer.id), touch.number) if touch.number else None
    holds_ms = making.context.policy.settings.cases.proof_days * DAY_MS
    is_proved = chat is not None and holds_proof(chat, at=making.now, holds_ms=holds_ms)
    note_wish(
        making,
        case.id,
        touch,
        contact=ContactId(""),
        number=named.id if named is not None else command.address,
        named=touch.number if named is not None else "",
        is_sure=is_proved or command.is_proved,
        is_told=False,
        told_via=Channel.CHAT,
        given=given.id if given is not None else None,
    )
