"""Which way an answer takes: by the medium the customer used last, unless their terms or the way itself forbid it.

Gives the way with its reasons and what else was possible, so that the agent's reply box can say why.
"""

from collections.abc import Callable, Mapping, Sequence

from router.core.addresses import PROVED, Address, AddressKind
from router.core.clock import Ms
from router.core.documents import Case, Customer, Reached
from router.core.errors import Reason, Rejected
from router.core.values import replace, value
from router.core.words import DAY_MS, TOUCHES, AddressId, Channel

OPENS_WITH = {
    AddressKind.PHONE: Channel.SMS,
    AddressKind.MAIL: Channel.EMAIL,
    AddressKind.CHAT: Channel.CHAT,
    AddressKind.USER: Channel.CHAT,
}
"""What we write with on an address that never wrote to us."""
REACHES = {
    Channel.SMS: (AddressKind.PHONE,),
    Channel.WHATSAPP: (AddressKind.PHONE,),
    Channel.EMAIL: (AddressKind.MAIL,),
    Channel.CHAT: (AddressKind.CHAT, AddressKind.USER),
}
"""Which kinds of address a channel can write to."""
WINDOW_MS = DAY_MS
"""WhatsApp takes words of our own only within so long of the customer's last message to that number of ours."""


There = Callable[[AddressId], bool]
"""Whether somebody is in the chat of an address at this moment."""


def nobody(_: AddressId) -> bool:
    """Nobody is in any chat."""
    return False


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


def choose_way(
    case: Case,
    customer: Customer,
    *,
    wanted: Channel | None,
    numbers: Mapping[Channel, str],
    now: Ms,
    there: There = nobody,
) -> Choice:
    """The way for an answer on `case`. `numbers`: our own sender for each channel we can start on. Whoever is in the
    chat now is answered there. What only somebody who takes part wrote is answered to them, and to nobody else.

    Raises Rejected(OPTED_OUT) where the customer told us to stop there, PREMIUM where that number costs whoever texts
    it, WINDOW_CLOSED where they wrote there too long ago, CHANNEL_CANNOT where the channel cannot reach this address,
    NO_WAY_TO_REACH when nothing is left."""
    if (writer := writer_of(case)) is not None:
        customer = replace(customer, addresses=(writer,))
    named = _named(case, customer)
    ways = sorted(
        _ways(case, customer, numbers),
        key=lambda way: (
            not _is_there(way, there),
            way.channel is not (case.prefers or way.channel),
            bool(named) and way.address not in named,
        ),
    )
    open_ways = [way for way in ways if refusal_of(way, customer, now=now) is None]
    asked = [way for way in ways if wanted in (None, way.channel)]
    way = next((way for way in asked if way in open_ways), None)
    if way is None:
        raise _refused(asked, customer, wanted=wanted, instead=open_ways, now=now)
    others = tuple(other for other in open_ways if other != way)
    if wanted is not None:
        return Choice(way=way, reasons=("the agent chose this channel",), alternatives=others)
    reasons = ("they are in the chat now",) if _is_there(way, there) else None
    return Choice(way=way, reasons=reasons or _reasons(way, ways[0], case, customer, now), alternatives=others)


def writer_of(case: Case) -> Address | None:
    """Who is answered on a case on which the customer wrote nothing: whoever takes part and wrote last."""
    heard = case.heard
    if heard is None or not heard.participant:
        return None
    return next((p.address for p in case.participants if p.address.id == heard.address), None)


def _is_there(way: Way, there: There) -> bool:
    return way.channel is Channel.CHAT and there(way.address)


def refusal_of(way: Way, customer: Customer, *, now: Ms) -> Reason | None:
    """Why nothing can go out by `way` now; None where it is open."""
    address: Address | None = customer.address(way.address)
    if address is None or address.facts.kind not in REACHES.get(way.channel, ()) or address.bounced:
        return Reason.CHANNEL_CANNOT
    if way.channel in address.blocked:
        return Reason.OPTED_OUT
    if way.channel in (Channel.SMS, Channel.WHATSAPP) and address.facts.premium:
        return Reason.PREMIUM
    if way.channel is Channel.WHATSAPP and not _is_window_open(address, way.via, now):
        return Reason.WINDOW_CLOSED
    return None


def _is_window_open(address: Address, via: str, now: Ms) -> bool:
    return any(number == via and now - at <= WINDOW_MS for number, at in address.windows)


def _refused(asked: list[Way], customer: Customer, *, wanted: Channel | None, instead: list[Way], now: Ms) -> Rejected:
    """The first way's refusal, with every channel that it holds for."""
    if not asked:
        what = wanted.value if wanted is not None else ""
        reason = Reason.CHANNEL_CANNOT if wanted is not None else Reason.NO_WAY_TO_REACH
        return Rejected(reason, what, _channels(instead) if wanted is not None else None)
    found = [(refusal_of(way, customer, now=now) or Reason.CHANNEL_CANNOT, way) for way in asked]
    first = found[0][0]
    same = _channels([way for reason, way in found if reason is first])
    also = tuple(dict.fromkeys((reason, way.channel.value) for reason, way in found if reason is not first))
    return Rejected(first, " or ".join(same), _channels(instead), also=also)


def _channels(ways: list[Way]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(way.channel.value for way in ways))


def _reasons(way: Way, preferred: Way, case: Case, customer: Customer, now: Ms) -> tuple[str, ...]:
    if way.channel is case.prefers:
        return (f"they asked to be answered by {way.channel}",)
    if case.prefers is not None and way.channel is not Channel.CHAT and was_left(way, case, customer):
        left = "mail address" if way.channel is Channel.EMAIL else "number"
        return (
            f"{case.prefers} does not reach them, as they asked",
            f"{way.channel} reaches the {left} that they left",
        )
    if case.heard is None:
        return (f"{way.channel} is how this address can be reached",)
    if case.heard.participant:
        return ("only they wrote about this, and the customer did not",)
    if case.heard.channel is Channel.PHONE and way == preferred:
        return _after_call(way, case.heard, customer)
    if case.heard.channel in TOUCHES and way.channel is not case.heard.channel:
        return (f"they touched a button last, and {way.channel} reaches them",)
    if way == preferred and way.channel is Channel.CHAT:
        return ("the customer wrote last by chat", "it waits there until they come back")
    if way == preferred:
        ours = "address" if way.channel is Channel.EMAIL else "number"
        return (f"the customer wrote last by {way.channel}", f"same {ours} of ours, so the answer keeps its thread")
    return (_why_not(preferred, customer, now), f"{way.channel} is still open")


def _why_not(way: Way, customer: Customer, now: Ms) -> str:
    match refusal_of(way, customer, now=now):
        case Reason.OPTED_OUT:
            return f"the customer stopped {way.channel}"
        case Reason.PREMIUM:
            return "their number is a premium number, and is never written to"
        case Reason.WINDOW_CLOSED:
            return f"their last message by {way.channel} is more than 24 hours old, so none can go there"
        case _:
            return f"{way.channel} cannot reach them"


def _after_call(way: Way, heard: Reached, customer: Customer) -> tuple[str, ...]:
    """Nothing that can be written to is as they were heard last."""
    if way.channel is Channel.CHAT:
        return ("they called last, and only their chat is left", "it waits there until they come back")
    called_from, written_to = customer.address(heard.address), customer.address(way.address)
    is_that_line = called_from is not None and written_to is not None and called_from.line == written_to.line
    return (f"they called last, and {way.channel} reaches {'that number' if is_that_line else 'them'}",)


def _ways(case: Case, customer: Customer, numbers: Mapping[Channel, str]) -> list[Way]:
    """All ways, the best first: as they wrote last, then otherwise on the line on which they were heard, then their
    other lines, those that they only typed behind them, and a chat that they may have left at the end."""
    heard = case.heard
    address = customer.address(heard.address) if heard is not None else None
    wrote = heard if heard is not None and address is not None and heard.channel in numbers else None
    if heard is not None and address is not None and heard.channel is Channel.PHONE:
        wrote, address = None, customer.address(address.line) or address  # a call says nothing of how a text is spelled
    elif wrote is None and heard is not None and heard.channel not in TOUCHES:
        address = None
    ways = [Way(wrote.channel, wrote.address, wrote.via)] if wrote is not None else []
    ways += [way for way in _begun(address, numbers) if wrote is None or way.channel is not wrote.channel]
    others = [a for a in customer.addresses if a.of_line is None and (address is None or a.line != address.line)]
    for other in sorted(_to_begin_on(others), key=_is_chat):  # another spelling of a line is not how we begin
        ways += _begun(other, numbers)
    return ways


def _is_chat(address: Address) -> bool:
    return OPENS_WITH.get(address.facts.kind) is Channel.CHAT


def _to_begin_on(addresses: list[Address]) -> list[Address]:
    """What they were heard on first. Of what they only typed the newest of a kind: it is in place of those before."""
    newest = [a for a in _newest_given(addresses) if a.typed]
    return [*(a for a in addresses if not a.typed), *newest]


def _named(case: Case, customer: Customer) -> set[AddressId]:
    """Where they asked a visitor's answers to go: to the newest address of a kind that they gave in a chat."""
    if case.prefers is None or (case.heard is not None and case.heard.channel in TOUCHES):
        return set()
    return {a.id for a in _newest_given(customer.addresses)}


def was_left(way: Way, case: Case, customer: Customer) -> bool:
    """Whether the address of `way` is one that they gave in a chat for answers."""
    return way.address in _named(case, customer)


def _newest_given(addresses: Sequence[Address]) -> list[Address]:
    """Of what they gave in a chat the newest of each kind, the newest first."""
    given = [a for a in addresses if a.typed or a.given_at is not None or PROVED in a.evidence]
    in_order = sorted(given, key=lambda a: a.given_at or 0)
    return list(reversed({a.facts.kind: a for a in in_order}.values()))


def _begun(address: Address | None, numbers: Mapping[Channel, str]) -> list[Way]:
    """How we can begin on an address: by text or mail, and by WhatsApp where they wrote there."""
    channel = OPENS_WITH.get(address.facts.kind) if address is not None else None
    if address is None or channel is None:
        return []
    ways: list[Way] = []
    if (via := numbers.get(channel)) is not None:
        ways.append(Way(channel, address.id, via))
    if address.windows and Channel.WHATSAPP in numbers:
        via, _ = max(address.windows, key=lambda window: window[1])
        ways.append(Way(Channel.WHATSAPP, address.id, via))
    return ways
