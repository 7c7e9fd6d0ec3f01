"""How devices change what is known of their address: paired, unpaired, another key. Used through `core.evolve`."""

from router.core.addresses import Address, Pairing
from router.core.documents import Case, Customer, State
from router.core.events import DeviceKeyChanged, DevicePaired, DeviceUnpaired
from router.core.folding import change, get
from router.core.values import replace


def device_folded(state: State, event: DevicePaired | DeviceUnpaired | DeviceKeyChanged) -> State:
    """The state after a device's event."""
    customer = get(state, event.customer, Customer)
    addresses = tuple(_changed(a, event) if a.id == event.address else a for a in customer.addresses)
    state = change(state, customer, addresses=addresses)
    if isinstance(event, DeviceKeyChanged) or event.case is None:
        return state
    return change(state, get(state, event.case, Case), entries=event.entry)


def _changed(address: Address, event: DevicePaired | DeviceUnpaired | DeviceKeyChanged) -> Address:
    match event:
        case DevicePaired():
            pairing = Pairing(key=event.key, at=event.at, how=event.how, evidence=event.evidence, key_at=event.at)
            return replace(address, pairing=pairing)
        case DeviceUnpaired():
            return replace(address, pairing=None)
        case DeviceKeyChanged():
            old = address.pairing
            if old is None:
                return address
            key_at = old.key_at if old.key == event.key else event.at
            return replace(address, pairing=replace(old, key=event.key, key_at=key_at, next_key=event.next_key))
