"""What somebody had said in a chat before they signed in stays before them: its lines are lines of their own chat.

Its one rule: lines are numbered there once and named by where they were said, so nothing is copied and nothing comes
twice. Whose chat that was is decided elsewhere, by a merge.
"""

from router.core.commands import BringLines, SignIn
from router.core.contacts import known_customer, new_customer
from router.core.context import Making
from router.core.errors import Reason, Rejected
from router.core.events import LinesBrought
from router.core.tree import owner_of_address

LINES_MAX = 1000
"""Lines of a chat, the last ones, that are brought along at once."""


def sign_in(making: Making, command: SignIn) -> None:
    """Know somebody who has said nothing here yet, so that what they had begun can be theirs. Raises Rejected where
    they are known."""
    if known_customer(making) is not None:
        raise Rejected(Reason.NOTHING_TO_DO, "known")
    new_customer(making, command, language=None)


def bring_lines(making: Making, command: BringLines) -> None:
    """Let what was said in a chat, which they had begun before they signed in, be lines of theirs: those that are not
    here after those that are. Raises Rejected where that is somebody else's, or nothing was said there since."""
    owner, customer = owner_of_address(making.state, command.chat), making.customer(command.customer)
    begun = owner.address(command.chat) if owner is not None else None
    mine = customer.address(command.address)
    if owner is None or begun is None or mine is None:
        raise Rejected(Reason.NOT_FOUND, "chat")
    known = next((one.lines for one in mine.brought if one.chat == begun.id), 0)
    after = max(known, begun.lines - LINES_MAX)
    if begun.lines <= after:
        raise Rejected(Reason.NOTHING_TO_DO, "lines")
    making.emit(
        LinesBrought(
            customer=customer.id,
            at=making.now,
            address=mine.id,
            chat=begun.id,
            owner=owner.id,
            after=after,
            count=begun.lines - after,
            line=mine.lines + 1,
        )
    )
