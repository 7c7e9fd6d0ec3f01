"""A line that several people use: who writes or calls there is nobody in particular until an agent, or they, say who.

Its one rule: such a line opens nobody's profile. What comes from it stands with a provisional customer, with the people
who use the line as candidates for the agent; a stop from it stops the line for all of them, and nothing else of theirs.
"""

from policies.segments import segments_of
from router.core.addresses import Address
from router.core.choice import Way, refusal_of
from router.core.commands import SYSTEM, BlockLine, ShareLine
from router.core.context import Making
from router.core.documents import Candidate, Case, Customer
from router.core.errors import Reason, Rejected
from router.core.events import AddressShared, ConsentChanged, ContactReceived
from router.core.evidence import Graded
from router.core.linking import CANDIDATES_MAX, Link, may_ask
from router.core.texts import queue_message, spent_until
from router.core.tree import side_for
from router.core.words import Evidence

USERS_MAX = 9
"""People on one line who are known by name; as many as have a key of their own."""
GOES_ON = ("reply", "answer_to_question", "open_promise", "our_call")
"""Ways in which a contact goes on with what we wrote on the line: it goes where that came from, whoever holds it."""


def refuse_shared(address: Address) -> None:
    """Raises Rejected(SHARED_LINE) where several people use this address: none of them is meant by it alone."""
    if address.users:
        raise Rejected(Reason.SHARED_LINE, "line")


def graded_on_line(customer: Customer, graded: Graded) -> Graded:
    """Whatever vouches for a shared line vouches for nobody in particular."""
    return Graded(Evidence.WEAK, ("shared_line", *graded.grounds)) if customer.users else graded


def check_goes_on(customer: Customer, how: str) -> None:
    """Once it was said who wrote, only answers to what we wrote there go on with them; the rest is anybody's again."""
    if customer.users and customer.joined is not None and how not in GOES_ON:
        raise Rejected(Reason.SHARED_LINE, "line")


def candidates_of(customer: Customer, found: Link) -> tuple[Candidate, ...]:
    """Where a new case may belong: to one of the people who use the line, or to an open case."""
    people = tuple(Candidate(customer=user, why=("shared_line",)) for user in customer.users)
    return (*people, *found.candidates)[:CANDIDATES_MAX]


def share_line(making: Making, command: ShareLine) -> None:
    """Note that several people use an address of theirs, or that it is one person's again (`users` empty)."""
    customer = making.customer(command.customer)
    address = customer.address(command.address)
    if address is None:
        raise Rejected(Reason.NOT_FOUND, "address")
    users = tuple(dict.fromkeys((*address.users, *command.users))) if command.shared else ()
    if users == address.users:
        raise Rejected(Reason.NOTHING_TO_DO, "shared" if command.shared else "theirs alone")
    if len(users) > USERS_MAX:
        raise Rejected(Reason.TOO_MANY, f"{USERS_MAX} people on one line")
    making.emit(
        AddressShared(
            customer=customer.id,
            at=making.now,
            address=address.id,
            users=users,
            author=command.actor.kind,
            author_id=command.actor.id,
        )
    )


def block_line(making: Making, command: BlockLine) -> None:
    """Somebody on a shared line told us to stop there, or to go on: it holds for everybody who uses the line."""
    customer = making.customer(command.customer)
    address = customer.address(command.address)
    case = making.state.get(customer.last_case or "")
    if address is None or not isinstance(case, Case):
        raise Rejected(Reason.NOT_FOUND, "address")
    if (command.channel in address.blocked) is command.blocked:
        raise Rejected(Reason.NOTHING_TO_DO, "so")
    mine = side_for(making.state, making.head(case.id), customer.id) or case
    making.emit(
        ConsentChanged(
            customer=customer.id,
            case=mine.id,
            at=making.now,
            entry=mine.entries + 1,
            address=address.id,
            channel=command.channel,
            blocked=command.blocked,
            why="somebody on this shared line said so",
        )
    )


def ask_who(making: Making, customer: Customer, received: ContactReceived) -> None:
    """Ask once on the line who it is. It names nobody, and tells nothing but that several people use it."""
    policy = making.context.policy
    if not customer.users or not policy.settings.cases.ask_who or received.late or not may_ask(received.channel):
        return
    case = making.case(received.case)
    way = Way(received.channel, received.address, received.via)
    spent = spent_until(case, way.channel, now=making.now, sending=policy.settings.sending)
    if case.contacts > 1 or spent is not None or refusal_of(way, customer, now=making.now) is not None:
        return
    number = policy.numbers.get(received.via)
    text = policy.phrase("who_writes", case.language or "", brand=number.brand if number else "")
    words = making.keep(text, kind="text", owner=customer.id)
    reasons = ("several people use this line",)
    queue_message(making, case, way, words, segments=segments_of(text), by=SYSTEM, reasons=reasons)
