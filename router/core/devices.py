"""Devices of a household: paired by the code that they show, and what their signature is worth from then on.

Its one rule: a signature proves the device, and the household only as far as the pairing was proved: whoever said the
code by a bare text may be anybody, so what that device signs is weak. It knows no codes and no keys, only their ids.
"""

from policies.segments import segments_of
from router.core.addresses import Address, Pairing
from router.core.call_parts import can_be_called
from router.core.choice import Way, refusal_of
from router.core.commands import SYSTEM, AnswerCode, PairDevice, TakeContact, UnpairDevice
from router.core.contacts import clean_text, known_customer
from router.core.context import Making
from router.core.documents import Case, Customer
from router.core.errors import Reason, Rejected
from router.core.events import DeviceKeyChanged, DevicePaired, DeviceUnpaired
from router.core.texts import check_budget, queue_message
from router.core.tree import customers_of, owner_of_address
from router.core.values import replace
from router.core.words import DAY_MS, CaseId, Evidence

KEY_DAYS = 30
"""After so long a device that signs is handed out its next key."""


def pair_device(making: Making, command: PairDevice) -> None:
    """Note that a device is of a household. Raises Rejected where it signs with this key already."""
    found = known_customer(making)
    if found is None:
        raise Rejected(Reason.NOT_FOUND, "device")
    customer, address = found
    if address.pairing is not None and address.pairing.key == command.device_key:
        raise Rejected(Reason.NOTHING_TO_DO, "paired")
    case = _case_of(making, customer)
    making.emit(
        DevicePaired(
            customer=customer.id,
            at=making.now,
            address=address.id,
            key=command.device_key,
            how=command.how,
            evidence=command.evidence,
            author=command.actor.kind,
            author_id=command.actor.id,
            case=case.id if case else None,
            entry=case.entries + 1 if case else 0,
        )
    )


def unpair_device(making: Making, command: UnpairDevice) -> None:
    """Note that a device is nobody's any more. Raises Rejected for an address that is no paired device of theirs."""
    customer = next((c for c in customers_of(making.state) if c.address(command.address)), None)
    address = customer.address(command.address) if customer else None
    if customer is None or address is None or address.pairing is None:
        raise Rejected(Reason.NOT_FOUND, "device")
    case = _case_of(making, customer)
    reason = clean_text(command.reason)
    making.emit(
        DeviceUnpaired(
            customer=customer.id,
            at=making.now,
            address=address.id,
            author=command.actor.kind,
            author_id=command.actor.id,
            why=making.keep(reason, kind="note", owner=customer.id) if reason else None,
            case=case.id if case else None,
            entry=case.entries + 1 if case else 0,
        )
    )


def signed(making: Making, command: TakeContact) -> TakeContact:
    """A press with what its signature is worth. A key that is neither the device's own nor its next one is none, and
    neither is one of a device that is not paired."""
    pairing = _signing(making, command)
    if pairing is None:
        return command
    is_sure = pairing.evidence in (Evidence.PROOF, Evidence.STRONG)
    return replace(command, evidence=Evidence.PROOF if is_sure else Evidence.WEAK)


def turn_key(making: Making, command: TakeContact) -> None:
    """Hand out the next key after a while, the same until it is used, and let go of the old one then: a device that
    does not take it goes on with the one that it has."""
    pairing, found, touch = _signing(making, command), known_customer(making), command.touch
    if pairing is None or found is None or touch is None:
        return
    customer, address = found
    if touch.key == pairing.next_key:
        making.emit(DeviceKeyChanged(customer=customer.id, at=making.now, address=address.id, key=touch.key))
    elif touch.fresh_key and not pairing.next_key and making.now - pairing.key_at >= KEY_DAYS * DAY_MS:
        changed = DeviceKeyChanged(
            customer=customer.id, at=making.now, address=address.id, key=pairing.key, next_key=touch.fresh_key
        )
        making.emit(changed)


def answer_code(making: Making, command: AnswerCode) -> None:
    """Say in one line what became of the code that somebody wrote. Raises Rejected where they cannot be written to
    there, or had as many texts about it as a day may bring."""
    case = making.head(command.case)
    customer = owner_of_address(making.state, command.address)
    if customer is None or case.junk:
        raise Rejected(Reason.NOT_FOUND, "address")
    way = Way(command.channel, command.address, command.via)
    if (refusal := refusal_of(way, customer, now=making.now)) is not None:
        raise Rejected(refusal)
    policy = making.context.policy
    check_budget(case, command.channel, now=making.now, sending=policy.settings.sending)
    text = policy.phrase(command.phrase, case.language or customer.language or "")
    words = making.keep(text, kind="text", owner=customer.id)
    reasons = ("they wrote the code of a device",)
    queue_message(making, making.case(case.id), way, words, segments=segments_of(text), by=SYSTEM, reasons=reasons)


def number_of_household(making: Making, id: CaseId) -> Address | None:
    """Where a household is called whose device asks for it: on the line that they used last, else on the first that
    can be called."""
    heard = making.case(id).heard
    addresses = [address for customer in customers_of(making.state) for address in customer.addresses]
    numbers = [address for address in addresses if can_be_called(address)]
    last = [address for address in numbers if heard is not None and address.id == heard.address]
    return next(iter(last + numbers), None)


# --- inside -----------------------------------------------------------------------------------------------------------


def _signing(making: Making, command: TakeContact) -> Pairing | None:
    """The pairing of the device that signed this press with a key of its own."""
    found, key = known_customer(making), command.touch.key if command.touch else ""
    pairing = found[1].pairing if found else None
    return pairing if key and pairing is not None and key in (pairing.key, pairing.next_key) else None


def _case_of(making: Making, customer: Customer) -> Case | None:
    """The matter on whose timeline it is told: the newest open one, else the last."""
    case = making.state.get(next(iter(customer.live_cases[-1:]), customer.last_case or ""))
    return case if isinstance(case, Case) else None
