"""The wall between two routing domains, as a world sees it: nothing of one is ever written down or shown at the other.

Its one rule: it looks at bytes, those of every record of a log and of everything that a domain shows on any wire, so that
no query, index, stream or cache has to be thought of.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from router.core.events import ContactReceived
from router.core.words import Evidence
from router.http.auth import id_of
from tests.simulation.log import Judge, Log
from tests.simulation.process import ADMIN_TOKEN

ID = re.compile(rb"\b(?:adr|agt|call|case|con|cus|dvk|med|mrg|msg|off|prm|rec|slot|tok|v|work)_[0-9a-z]{16,40}\b")
ALIKE = id_of(ADMIN_TOKEN).encode()
"""The one id that operators gave twice."""
SID_BITS = 128


class Ids(Random):
    """Chance of a provider that gives an id out which another one gave before (fault 22): every other one, where there
    is any that was not given a second time."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self.first: deque[int] = deque()  # given here, and nowhere else by now
        self.other: Ids | None = None

    def getrandbits(self, k: int, /) -> int:
        drawn = super().getrandbits(k)
        if k != SID_BITS:
            return drawn
        if self.other is not None and self.other.first and drawn % 2:
            return self.other.first.popleft()
        self.first.append(drawn)
        return drawn


@dataclass(eq=False)
class Wall:
    """Around one domain. `mark` stands in the words that were said to it; `ids` are all that its log ever held."""

    judge: Judge
    log: Log
    mark: str
    ids: dict[bytes, None] = field(default_factory=dict)  # a set in order
    by_kind: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    carried: set[str] = field(default_factory=set)  # keys of texts in which somebody brought what the other gave out
    looks: int = 0
    other: "Wall" = field(init=False)

    def wrote(self, record: bytes) -> None:
        """A record of this domain's log is there for good."""
        self._look(record, "its log")
        for id in ID.findall(record):
            if id not in self.ids:
                self.ids[id] = None
                self.by_kind[id.partition(b"_")[0].decode()].append(id.decode())

    def shows(self, shown: bytes, where: str) -> None:
        """It answers, tells or sends something."""
        self.looks += 1
        self._look(shown, where)

    def _look(self, seen: bytes, where: str) -> None:
        if self.other.mark.encode() in seen:
            self.judge.broken(26, f"words that were said to the other domain are in {where}")
        for id in ID.findall(seen):
            if id in self.other.ids and id != ALIKE:
                self.judge.broken(26, f"{id.decode()} of the other domain is in {where}")

    def end(self) -> None:
        """Whoever brings what the other gave out is taken for nobody by it."""
        for batch in self.log.batches:
            for event in batch.events:
                if isinstance(event, ContactReceived) and batch.command.key in self.carried:
                    self._check_brought(event)

    def _check_brought(self, event: ContactReceived) -> None:
        if event.evidence is Evidence.PROOF:
            self.judge.broken(26, f"{event.contact} is believed by what another domain gave out")


def stand_between(one: Wall, two: Wall) -> None:
    one.other, two.other = two, one


def at_both(one: Iterable[str], two: Iterable[str]) -> int:
    """How many ids a provider gave to items at both."""
    return len(set(one) & set(two))
