"""The log as the disk has it, read and folded here a second time: the model that everything else is compared with.

It is fed with whole records the moment they are there for good, so whatever it does not hold was never durable.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from router.core.documents import Call, Case, Customer, Document, Message, Promise, Recording, State, Work
from router.core.errors import Fault
from router.core.events import CommandTaken, ContactReceived, Event
from router.core.evolve import evolve
from router.journal import codec
from router.journal.persons import Persons

Kind = TypeVar("Kind")


class Broken(AssertionError):
    """An invariant does not hold. `number` is its number in the catalogue of invariants."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(f"invariant {number}: {text}")
        self.number = number


class Judge:
    """Keeps the first thing that was broken. The parts of the world report here, for what they raise inside the
    service would be caught at its edges."""

    def __init__(self, whose: str = "") -> None:
        self._whose = whose
        self.first: Broken | None = None

    def broken(self, number: int, text: str) -> None:
        if self.first is None:
            self.first = Broken(number, self._whose + text)

    def check(self) -> None:
        if self.first is not None:
            raise self.first


class Row(msgspec.Struct):
    """One way to find somebody."""

    key: str
    customer: str
    first_wins: bool = False


class KeptRow(msgspec.Struct):
    """One row of the vault."""

    id: str
    body: str


class Record(msgspec.Struct):
    """One record of the log: a batch, or with `record` a small row beside it."""

    stream: str = ""
    at: int = 0
    key: str = ""
    events: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"[]"))
    indexed: list[Row] = []
    kept: list[KeptRow] = []
    answer: dict[str, Any] | None = None
    erased: list[str] = []
    unindexed: list[str] = []
    record: list[Any] | None = None
    blob: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))


_decoder = msgspec.json.Decoder(Record)


@dataclass(slots=True)
class Taken:
    """A batch with the numbers of its events and the documents before it."""

    first: int
    last: int
    at: int
    stream: str
    command: CommandTaken
    events: tuple[Event, ...]
    before: State
    steps: list[State] = field(default_factory=list)  # the stream's documents before each event


class Log:
    def __init__(self, judge: Judge, watch: Callable[[Taken, State], None]) -> None:
        self.seq = 0
        self.batches: list[Taken] = []
        self.lines: dict[str, tuple[int, str]] = {}  # client id of a chat's line -> its number, and the customer
        self.states: dict[str, State] = {}
        self.keys: set[str] = set()
        self.addresses: dict[str, str] = {}  # matching key -> customer
        self.times: dict[str, int] = {}
        self.records = 0
        self.vault: dict[str, str] = {}
        self._persons = Persons()
        self._judge = judge
        self._watch = watch
        self._read: dict[str, Document] | None = None
        self._of_kind: dict[type[Any], list[Any]] = {}

    def take(self, body: bytes) -> None:
        """One more record is there for good."""
        self.records += 1
        record = _decoder.decode(body)
        if record.record is not None or bytes(record.blob) != b"null" or not record.stream:
            return
        events = codec.decode_events(bytes(record.events))
        self._check_frame(record, events)
        self.vault.update((row.id, row.body) for row in record.kept)
        if self._judge.first is not None or not isinstance(events[0], CommandTaken):
            return
        group = self._persons.streams(record.stream)
        if self._persons.hear(events):  # from now on these are folded together
            group = self._persons.streams(record.stream)
            joined = {id: d for stream in group for id, d in self.states.get(stream, {}).items()}
            self.states.update(dict.fromkeys(group, joined))
        before = state = self.states.get(record.stream, {})
        first, self.seq = self.seq + 1, self.seq + len(events)
        taken = Taken(first, self.seq, record.at, record.stream, events[0], events, before)
        try:
            for event in events:
                taken.steps.append(state)
                state = evolve(state, event)
        except Fault as fault:
            self._judge.broken(5, f"the log cannot be folded at {first}: {fault}")
            return
        self.states.update(dict.fromkeys(group, state))
        self._read, self._of_kind = None, {}
        self.batches.append(taken)
        lines = [event for event in events if isinstance(event, ContactReceived) and event.client_id]
        self.lines.update((line.client_id, (first, line.customer)) for line in lines)
        self._watch(taken, state)
        taken.before, taken.steps = {}, []  # only the watch needs them

    def _check_frame(self, record: Record, events: tuple[Event, ...]) -> None:
        if not events or not isinstance(events[0], CommandTaken):
            self._judge.broken(29, f"the batch after {self.seq} does not begin with the command that made it")
        if record.answer is not None:
            key = record.answer["key"]
            if key in self.keys:
                self._judge.broken(3, f"{key} was done twice")
            self.keys.add(key)
        if record.at < self.times.get(record.stream, 0):
            self._judge.broken(31, f"time went back in {record.stream}")
        self.times[record.stream] = record.at
        for key in record.unindexed:
            if self.addresses.get(key) in record.erased:
                del self.addresses[key]
        for row in record.indexed:
            if row.first_wins:  # a later claim gives way
                continue
            if self.addresses.setdefault(row.key, row.customer) != row.customer:
                self._judge.broken(8, "one line leads to two customers")

    # --- reading ------------------------------------------------------------------------------------------------------

    def documents(self) -> dict[str, Document]:
        """All of them, put together once for each record: they are asked for far more often than anything is written."""
        if self._read is None:
            self._read = {id: document for state in self.states.values() for id, document in state.items()}
        return self._read

    def all(self, kind: type[Kind]) -> list[Kind]:
        """Those of one kind, which nobody changes."""
        if kind not in self._of_kind:
            self._of_kind[kind] = [d for d in self.documents().values() if isinstance(d, kind)]
        return self._of_kind[kind]

    def cases(self) -> list[Case]:
        return self.all(Case)

    def messages(self) -> list[Message]:
        return self.all(Message)

    def customers(self) -> list[Customer]:
        return self.all(Customer)

    def works(self) -> list[Work]:
        return [d for d in self.states.get("domain", {}).values() if isinstance(d, Work)]

    def calls(self) -> list[Call]:
        return self.all(Call)

    def promises(self) -> list[Promise]:
        return self.all(Promise)

    def recordings(self) -> list[Recording]:
        return self.all(Recording)

    def customer(self, id: str) -> Customer | None:
        found = self.states.get(id, {}).get(id)
        return found if isinstance(found, Customer) else None

    def call(self, id: str) -> Call | None:
        for state in self.states.values():
            if isinstance(found := state.get(id), Call):
                return found
        return None

    def message(self, id: str) -> Message | None:
        for state in self.states.values():
            if isinstance(found := state.get(id), Message):
                return found
        return None
