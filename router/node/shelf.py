"""Customers' working sets at hand: what was loaded or written last, so that a known sender costs no read.

Only what is durable stands here. A working set is taken and put back whole, under that customer's lock.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from router.core.documents import Case, Customer, Message, State
from router.core.words import AddressId
from router.journal.base import is_live

CUSTOMERS_MAX = 50_000
MESSAGES_KEPT = 4
"""Settled messages kept at hand, for their receipts come within seconds."""


@dataclass(slots=True)
class Shelved:
    state: State
    keys: set[str] = field(default_factory=set[str])  # address keys and document ids that lead here


class Shelf:
    def __init__(self, customers_max: int = CUSTOMERS_MAX) -> None:
        self._max = customers_max
        self._sets: OrderedDict[str, Shelved] = OrderedDict()
        self._addresses: dict[str, tuple[str, AddressId]] = {}
        self._owners: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._sets)

    def by_address(self, key: str) -> tuple[str, AddressId] | None:
        """The customer and the address that a matching key leads to, when at hand."""
        return self._addresses.get(key)

    def owner(self, document: str) -> str | None:
        return self._owners.get(document)

    def state(self, customer: str) -> State | None:
        found = self._sets.get(customer)
        if found is None:
            return None
        self._sets.move_to_end(customer)
        return found.state

    def know_address(self, key: str, customer: str, address: AddressId) -> None:
        if (shelved := self._sets.get(customer)) is not None:
            self._addresses[key] = (customer, address)
            shelved.keys.add(key)

    def put(self, customer: str, state: State) -> None:
        """Replace a working set; the least recently used one makes room."""
        kept = state if len(state) <= 2 + MESSAGES_KEPT else _working_set(state)
        shelved = self._sets.get(customer)
        if shelved is None:
            shelved = self._sets[customer] = Shelved(state=kept)
            if len(self._sets) > self._max:
                self._forget(next(iter(self._sets)))
        else:
            shelved.state = kept
            self._sets.move_to_end(customer)
        for id in kept:
            if id not in shelved.keys:
                shelved.keys.add(id)
                self._owners[id] = customer

    def drop(self, customer: str) -> None:
        """Forget a working set that is no longer the last word."""
        if customer in self._sets:
            self._forget(customer)

    def _forget(self, customer: str) -> None:
        for key in self._sets.pop(customer).keys:
            self._addresses.pop(key, None)
            self._owners.pop(key, None)


def _working_set(state: State) -> State:
    last = {d.last_case for d in state.values() if isinstance(d, Customer)}
    settled = [id for id, d in state.items() if isinstance(d, Message) and not is_live(d)][-MESSAGES_KEPT:]
    return {id: d for id, d in state.items() if is_live(d) or id in settled or (isinstance(d, Case) and id in last)}
