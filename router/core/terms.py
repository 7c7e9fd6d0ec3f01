"""How a customer wants to be reached, whatever the matter. Its one rule: it holds from now on, and for every channel.

What they told us to stop stands with their addresses; what they said of recordings in `core.recording`.
"""

from router.core.commands import SetTerms
from router.core.context import Making
from router.core.errors import Reason, Rejected
from router.core.events import TermsSet


def set_terms(making: Making, command: SetTerms) -> None:
    """Note that others may hear their phone, or that they may not any more."""
    customer = making.customer(command.customer)
    if customer.discreet == command.discreet:
        raise Rejected(Reason.NOTHING_TO_DO, "discreet" if command.discreet else "not discreet")
    making.emit(
        TermsSet(
            customer=customer.id,
            at=making.now,
            discreet=command.discreet,
            author=command.actor.kind,
            author_id=command.actor.id,
        )
    )
