"""When a queue is closed: until when, and whose clock says so.

Its one rule: hours are looked at only for somebody who waits on the line, or asks for a call with a touch; a text
asks for no hours. Whoever is ready is offered work all the same: closed hours tell a caller what to expect, and keep
nobody from helping them.
"""

from datetime import UTC, datetime

from policies import PolicySet
from policies.openings import is_same_clock, said_opening
from router.core.addresses import Address
from router.core.clock import Ms
from router.core.context import Making
from router.core.documents import Call, Case, Opening


def closed_until(making: Making, call: Call) -> Opening | None:
    """When the queue that a caller waits in opens; None where it is open, or where an agent has taken them already."""
    address = making.customer(call.customer).address(call.address) if call.address else None
    return closed_for(making, making.case(call.case), address)


def closed_for(making: Making, case: Case, address: Address | None) -> Opening | None:
    """When the queue of a case opens, for whoever is called at `address`; None where it is open, or an agent has it."""
    policy, queue = making.context.policy, case.ask.queue if case.ask is not None else case.queue
    if case.taken or queue not in policy.queues or policy.hours_of(queue).is_always:
        return None
    now = _instant(making.now)
    if policy.is_open(queue, now):
        return None
    opens, zone = policy.next_open(queue, now), policy.hours_of(queue).zone
    theirs = address.facts.zones if address is not None else ()
    return Opening(
        at=Ms(round(opens.timestamp() * 1000)) if opens is not None else None,
        zone=zone.key,
        is_elsewhere=not is_same_clock(zone, theirs, opens or now),
    )


def opens_said(opening: Opening, policy: PolicySet, *, now: Ms, language: str) -> str:
    """When it opens, in words of `language`; empty where it never does."""
    if opening.at is None:
        return ""
    return said_opening(
        opening.at,
        now,
        zone=opening.zone,
        language=language if language in policy.phrases.parts["closed"] else policy.phrases.language,
        names_place=opening.is_elsewhere,
    )


def _instant(ms: Ms) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
