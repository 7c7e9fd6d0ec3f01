"""Which way an answer takes: by the medium the customer used last, unless their terms or the way itself forbid it.

Gives the way with its reasons and what else was possible, so that the agent's reply box can say why.
"""

from collections.abc import Mapping

from router.core.addresses import Address, AddressKind
from router.core.documents import Case, Customer
from router.core.errors import Reason, Rejected
from router.core.values import value
from router.core.words import AddressId, Channel

OPENS_WITH = {AddressKind.PHONE: Channel.SMS, AddressKind.MAIL: Channel.EMAIL}
"""What we write with on an address that never wrote to us."""
REACHES = {
    Channel.SMS: (AddressKind.PHONE,),
    Channel.WHATSAPP: (AddressKind.PHONE,),
    Channel.EMAIL: (AddressKind.MAIL,),
}
"""Which kinds of address a channel can write to."""


@value
class Way:
    channel: Channel
    address: AddressId
    via: str


@value
class Choice:
    way: Way
    reasons: tuple[str, ...]
    alternatives: tuple[Way, ...]


def choose_way(case: Case, customer: Customer, *, wanted: Channel | None, numbers: Mapping[Channel, str]) -> Choice:
    """The way for an answer on `case`. `numbers`: our own sender for each channel we can start on.

    Raises Rejected(OPTED_OUT) where the customer told us to stop there, CHANNEL_CANNOT where the channel cannot reach
    this address, NO_WAY_TO_REACH when nothing is left."""
    ways = _ways(case, customer, numbers)
    open_ways = [way for way in ways if not _refusal(way, customer)]
    if wanted is not None:
        asked = [way for way in ways if way.channel is wanted]
        if not asked:
            raise Rejected(Reason.CHANNEL_CANNOT, wanted.value)
        if refusal := _refusal(asked[0], customer):
            raise Rejected(refusal, wanted.value)
        others = tuple(way for way in open_ways if way != asked[0])
        return Choice(way=asked[0], reasons=("the agent chose this channel",), alternatives=others)
    if not open_ways:
        first = _refusal(ways[0], customer) if ways else None
        raise Rejected(first or Reason.NO_WAY_TO_REACH, ways[0].channel.value if ways else "")
    way = open_ways[0]
    return Choice(way=way, reasons=_reasons(way, ways[0], case), alternatives=tuple(open_ways[1:]))


def _reasons(way: Way, preferred: Way, case: Case) -> tuple[str, ...]:
    if case.heard is None:
        return (f"{way.channel} is how this address can be reached",)
    if case.heard.channel is Channel.PHONE:
        return (f"they called last, and {way.channel} reaches that number",)
    if way == preferred:
        return (f"the customer wrote last by {way.channel}", "same number of ours, so the answer keeps its thread")
    return (f"the customer stopped {preferred.channel}", f"{way.channel} is still open")


def _ways(case: Case, customer: Customer, numbers: Mapping[Channel, str]) -> list[Way]:
    ways: list[Way] = []
    if case.heard is not None and case.heard.channel in numbers:
        ways.append(Way(case.heard.channel, case.heard.address, case.heard.via))
    heard = customer.address(case.heard.address) if ways and case.heard is not None else None
    for address in customer.addresses:
        if address.of_line is not None or (heard is not None and address.line == heard.line):
            continue  # how they did not write to us on this line is not how we begin
        opens_with = OPENS_WITH.get(address.facts.kind)
        via = numbers.get(opens_with) if opens_with else None
        if opens_with is not None and via is not None:
            ways.append(Way(opens_with, address.id, via))
    return ways


def _refusal(way: Way, customer: Customer) -> Reason | None:
    address: Address | None = customer.address(way.address)
    if address is None or address.facts.kind not in REACHES.get(way.channel, ()) or address.bounced:
        return Reason.CHANNEL_CANNOT
    return Reason.OPTED_OUT if way.channel in address.blocked else None
