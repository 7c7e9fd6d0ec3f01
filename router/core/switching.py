"""Going on by another channel: links that carry the case, made for somebody and taken back.

Its one rule: it is told on the case that links were made, never what stands in them; what a link is worth is asked
again each time that somebody brings it.
"""

from router.core.commands import OfferSwitch, RevokeLinks
from router.core.context import Making
from router.core.events import LinksRevoked, SwitchOffered


def offer_switch(making: Making, command: OfferSwitch) -> None:
    """Note that links were made that carry the case."""
    case = making.case(command.case)
    making.emit(
        SwitchOffered(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            channel=command.channel,
            until=command.until,
            author=command.actor.kind,
            author_id=command.actor.id,
        )
    )


def revoke_links(making: Making, command: RevokeLinks) -> None:
    """Take back every link that was made until now."""
    case = making.case(command.case)
    making.emit(
        LinksRevoked(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            author=command.actor.kind,
            author_id=command.actor.id,
        )
    )
