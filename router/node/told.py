"""Who is meant by a reply from an address that a visitor typed: the visitor on whose case we wrote there.

Its one rule: that somebody typed an address leads nobody to them; a reply to words of ours does. Several visitors may
have typed the same one: it answers whoever was written to about it last. It takes no lock and decides nothing.
"""

from router.core.addresses import is_anonymous, matching_key
from router.core.chats import is_told
from router.core.clock import Ms
from router.core.commands import LeaveChat, OpenCase, TakeCall, TakeContact
from router.core.documents import Customer
from router.core.words import AddressId, CustomerId
from router.journal.base import Journal

TOLD_MAX = 8
"""Visitors who may have typed one address, and are found by replies from there; later ones are only written to."""


async def told(
    journal: Journal, command: TakeContact | TakeCall | OpenCase, *, within_ms: int
) -> tuple[CustomerId, AddressId] | None:
    """Whose reply it is. A call is one where the provider vouches for its number; what somebody touched is none, for
    there anybody types any number; a mail says by itself what it answers."""
    if isinstance(command, OpenCase) or is_anonymous(command.sender):
        return None
    if isinstance(command, TakeCall):
        if command.attested is not True:
            return None
    elif command.touch is not None or command.mail is not None:
        return None
    best: tuple[Ms, CustomerId, AddressId] | None = None
    for key in _keys(command.sender):
        loaded = await journal.load_by_address(key)
        customer = loaded.state.get(loaded.customer or "")
        address = customer.address(loaded.address) if isinstance(customer, Customer) and loaded.address else None
        if not isinstance(customer, Customer) or address is None or address.told_at is None:
            continue
        is_newer = best is None or address.told_at > best[0]
        if is_newer and is_told(address, at=command.at, within_ms=within_ms):
            best = address.told_at, customer.id, address.id
    return best[1:] if best is not None else None


async def key_for(journal: Journal, command: LeaveChat) -> str:
    """Under which replies from the address that this visitor types will be found; empty where they are already, or too
    many others typed it."""
    if not command.given:
        return ""
    free = ""
    for key in _keys(command.given):
        customer = (await journal.load_by_address(key)).customer
        if customer == command.customer:
            return ""
        free = free or (key if customer is None else "")
    return free


def _keys(given: str) -> tuple[str, ...]:
    return tuple(f"told {matching_key(given)} {n}" for n in range(TOLD_MAX))
