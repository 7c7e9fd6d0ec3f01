"""What somebody had said in a chat before they signed in stays before them: its lines are lines of their own chat.

Its one rule: lines are numbered there once and named by where they were said, so nothing is copied and nothing comes
twice. Whose chat that was is decided elsewhere, by a merge.
"""

from router.core.addresses import Address
from router.core.commands import BringLines, Brings
from router.core.context import Making
from router.core.documents import Customer
from router.core.errors import Reason, Rejected
from router.core.events import LinesBrought
from router.core.tree import owner_of_address

LINES_MAX = 1000
"""Lines of a chat, the last ones, that are brought along at once."""


def bring_lines(making: Making, command: BringLines) -> None:
    """Let what was said in a chat, which they had begun before they signed in, be lines of theirs. Raises Rejected
    where that is somebody else's, or nothing was said there since."""
    owner = owner_of_address(making.state, command.chat)
    begun = owner.address(command.chat) if owner is not None else None
    mine = making.customer(command.customer).address(command.address)
    if owner is None or begun is None or mine is None:
        raise Rejected(Reason.NOT_FOUND, "chat")
    brings = Brings(chat=begun.id, owner=owner.id, lines=begun.lines)
    if not note_brought(making, making.customer(command.customer), mine, brings):
        raise Rejected(Reason.NOTHING_TO_DO, "lines")


def brought(making: Making, customer: Customer, address: Address, brings: Brings | None) -> tuple[Customer, Address]:
    """The customer, and their chat, with the lines before those that they write now."""
    if brings is None or not note_brought(making, customer, address, brings):
        return customer, address
    customer = making.customer(customer.id)
    return customer, next(one for one in customer.addresses if one.id == address.id)


def note_brought(making: Making, customer: Customer, address: Address, brings: Brings) -> bool:
    """Number the lines of another chat that are not here after those that are. False: there are none."""
    known = next((one.lines for one in address.brought if one.chat == brings.chat), 0)
    after = max(known, brings.lines - LINES_MAX)
    if brings.lines <= after:
        return False
    making.emit(
        LinesBrought(
            customer=customer.id,
            at=making.now,
            address=address.id,
            chat=brings.chat,
            owner=brings.owner,
            after=after,
            count=brings.lines - after,
            line=address.lines + 1,
        )
    )
    return True
