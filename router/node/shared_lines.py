"""A line that several people use, as the journal has it: who they are, and who stood there today without a name.

Its one rule: whoever writes from such a line is found under the line and the day, never under a person. It takes no
lock and decides nothing.
"""

from collections.abc import Awaitable, Callable, Container

from policies import ConsentWord, PolicySet
from router.core.addresses import matching_key
from router.core.commands import BlockLine, SharedWith, TakeCall, TakeContact
from router.core.context import SharedLine
from router.core.documents import Customer, State
from router.core.events import ConsentChanged
from router.core.texts import TEXTS
from router.core.values import value
from router.core.words import DAY_MS, AddressId, CustomerId
from router.journal.base import Journal

PROVISIONAL_MAX = 1_000
"""So often it can be said in a day who wrote from one shared line; later ones stand with the last."""
PROVISIONAL_TRIED = 5
"""As many of those may be answered on the line."""

Users = tuple[tuple[CustomerId, AddressId], ...]
Found = tuple[str, AddressId]
Find = Callable[[str], Awaitable[Found | None]]


@value
class LineNow:
    """`users`, each with their own id of the line; `provisional`: who stood there without a name today or yesterday,
    the newest first; `next`: under what somebody new is found."""

    users: Users
    provisional: tuple[Found, ...]
    next: SharedLine


async def line_at(journal: Journal, find: Find, key: str, *, at: int) -> LineNow:
    """What is known of the shared line under `key` at a time."""
    loaded = await journal.load_by_address(key)
    customer = loaded.state.get(loaded.customer or "")
    address = customer.address(loaded.address) if isinstance(customer, Customer) and loaded.address else None
    users = tuple(one for one in address.users if not journal.is_erased(one[0])) if address is not None else ()
    today = at // DAY_MS
    latest = await _of_day(find, f"shared {key} {today}")
    earlier = await _of_day(find, f"shared {key} {today - 1}")
    return LineNow(
        users=users,
        provisional=(*latest[::-1][:PROVISIONAL_TRIED], *earlier[::-1][:PROVISIONAL_TRIED]),
        next=SharedLine(
            key=f"shared {key} {today}/{len(latest)}", users=tuple(dict.fromkeys(customer for customer, _ in users))
        ),
    )


async def lines_of(journal: Journal, state: State, *, gone: Container[str]) -> tuple[SharedWith, ...]:
    """The lines of the customers among these who are `gone` soon that others use as well, each with one of those who
    stay."""
    theirs = [a for d in state.values() if isinstance(d, Customer) and d.id in gone for a in d.addresses if a.users]
    words = await journal.words([a.id for a in theirs])
    found: list[SharedWith] = []
    for one in theirs:
        users = tuple(user for user in one.users if user[0] not in gone and not journal.is_erased(user[0]))
        if users and one.id in words:
            customer, address = users[0]
            found.append(SharedWith(key=matching_key(words[one.id]), customer=customer, address=address, users=users))
    return tuple(found)


async def _of_day(find: Find, day: str) -> list[Found]:
    found: list[Found] = []
    while len(found) < PROVISIONAL_MAX and (known := await find(f"{day}/{len(found)}")) is not None:
        found.append(known)
    return found


def blocks(command: TakeContact | TakeCall, users: Users, policy: PolicySet) -> list[BlockLine]:
    """What a bare stop or start from the line does to each who uses it; nothing where it is none."""
    if not isinstance(command, TakeContact) or command.channel not in TEXTS:
        return []
    word = policy.consent_word(command.text)
    if word not in (ConsentWord.OPT_OUT, ConsentWord.OPT_IN):
        return []
    return [
        BlockLine(
            key=f"{command.key}/{customer}",
            customer=customer,
            address=address,
            channel=command.channel,
            blocked=word is ConsentWord.OPT_OUT,
        )
        for customer, address in users
    ]


def stops(event: ConsentChanged, users: Users) -> list[BlockLine]:
    """What a stop of one who uses the line does to the others."""
    return [
        BlockLine(
            key=f"stop/{event.case}/{event.entry}/{customer}",
            customer=customer,
            address=address,
            channel=event.channel,
            blocked=event.blocked,
        )
        for customer, address in users
        if customer != event.customer
    ]
