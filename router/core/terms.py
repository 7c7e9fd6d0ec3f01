"""How a customer wants to be reached, whatever the matter. Its one rule: it holds from now on, and for every channel.

What they told us to stop stands with their addresses; what they said of recordings in `core.recording`.
"""

from policies.windows import NOWHERE
from router.core.commands import CUSTOMER, Actor, SetTerms
from router.core.context import Making
from router.core.documents import Customer, Promise
from router.core.errors import Reason, Rejected
from router.core.events import TermsSet
from router.core.telling import zones_at
from router.core.values import replace
from router.core.words import CALLBACK, CustomerId


def set_terms(making: Making, command: SetTerms) -> None:
    """Note whether others may hear their phone, and on whose clock they live."""
    customer = making.customer(command.customer)
    discreet = customer.discreet if command.discreet is None else command.discreet
    zone = customer.zone if command.zone is None else command.zone
    zone_said = "" if command.zone == "" else customer.zone_said
    if (discreet, zone, zone_said) == (customer.discreet, customer.zone, customer.zone_said):
        same = [] if command.discreet is None else ["discreet" if discreet else "not discreet"]
        same += [] if command.zone is None else [zone or "no zone"]
        raise Rejected(Reason.NOTHING_TO_DO, ", ".join(same))
    _set(making, customer, command.actor, discreet=discreet, zone=zone, zone_said=zone_said)


def hear_clock(making: Making, id: CustomerId, zone: str, *, number: tuple[str, ...]) -> None:
    """Keep on which clock they told us that they are. `number`: zones of the number that is called; where that is one,
    it tells, and another one beside a time is only how they put it."""
    customer = making.customer(id)
    if zone and zone not in NOWHERE and len(number) != 1 and customer.zone_said != zone:
        _set(making, customer, CUSTOMER, discreet=customer.discreet, zone=customer.zone, zone_said=zone)


def _set(making: Making, customer: Customer, by: Actor, *, discreet: bool, zone: str, zone_said: str) -> None:
    known = replace(customer, zone=zone, zone_said=zone_said)
    calls = [
        one
        for one in making.state.values()
        if isinstance(one, Promise) and one.customer == customer.id and one.kind == CALLBACK and one.state.is_pending
    ]
    making.emit(
        TermsSet(
            customer=customer.id,
            at=making.now,
            discreet=discreet,
            author=by.kind,
            author_id=by.id,
            zone=zone,
            zone_said=zone_said,
            clocks=tuple((one.id, zones) for one in calls if (zones := zones_at(known, one.address)) != one.zones),
        )
    )
