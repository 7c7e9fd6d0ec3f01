"""Somebody who only takes part in another's case is erased there: their address, their name, their words.

Its one rule: the case stays its customer's, with every row. What the rows said that were theirs is gone, and they take
part no longer; whoever writes from that address afterwards is somebody new. Where their words stand, whoever decides
this is told.
"""

from router.core.commands import ErasePart, ExportPart
from router.core.context import Making
from router.core.documents import Case, Message
from router.core.erasing import ERASED, OWNER, UNSENT
from router.core.errors import Reason, Rejected
from router.core.events import MessageFailed, ParticipantErased, ParticipantExported
from router.core.tree import customers_of
from router.core.words import AddressId, CaseId


def owner_of_part(case: CaseId, address: AddressId) -> str:
    """As whom somebody who takes part in a case stands in what is owed, and in the ledger of erasures."""
    return f"{case}/{address}"


def part_named(owner: str) -> tuple[CaseId, AddressId] | None:
    """The case, and the address there, of an owner who only takes part; None: it is a customer."""
    case, slash, address = owner.partition("/")
    return (CaseId(case), AddressId(address)) if slash else None


def takes_part(case: Case, address: AddressId) -> bool:
    return any(one.address.id == address for one in case.participants)


def erase_part(making: Making, command: ErasePart) -> None:
    """Wherever they take part under this address, for a split takes people along. Raises Rejected where they take part
    no longer, and where a hold stands on the customer of the case: what was said to them is kept whole."""
    cases = [d for d in making.state.values() if isinstance(d, Case) and takes_part(d, command.address)]
    if not cases:
        raise Rejected(Reason.NOTHING_TO_DO, "erased")
    if any(one.hold is not None for one in customers_of(making.state)) and not command.again:
        raise Rejected(Reason.HELD, "customer")
    for message in [d for d in making.state.values() if isinstance(d, Message)]:
        if message.address == command.address and message.state in UNSENT:
            case = making.case(message.case)
            making.emit(
                MessageFailed(message=message.id, case=case.id, at=making.now, entry=case.entries + 1, error=ERASED)
            )
    kept = making.keep(command.reason, kind="note", owner=OWNER) if command.reason else None
    for one in cases:
        making.emit(
            ParticipantErased(
                case=one.id,
                customer=one.customer,
                at=making.now,
                entry=making.case(one.id).entries + 1,
                address=command.address,
                why=command.why,
                reason=kept,
            )
        )
        making.erased.append(owner_of_part(one.id, command.address))
    making.unindexed.extend(command.keys)
    making.forgotten.extend(command.words)


def export_part(making: Making, command: ExportPart) -> None:
    case = making.case(command.case)
    if not takes_part(case, command.address):
        raise Rejected(Reason.NOT_FOUND, "participant")
    making.emit(ParticipantExported(case=case.id, customer=case.customer, at=making.now, address=command.address))
