"""Each guard of erasing is taken away, one at a time, and the simulator must turn red."""

from dataclasses import replace
from typing import Any

from router.core import erasing
from router.journal.memory import MemoryJournal
from router.node import customers
from router.node.eraser import Eraser
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without

OF_OPS = replace(PLAIN, erasures=10)


def whoever_was_erased_is_still_found(patch: Patch) -> None:
    async def keys_of(*_: object) -> tuple[str, ...]:
        return ()

    patch.setattr(customers, "keys_of", keys_of)
    patch.setattr(MemoryJournal, "is_erased", lambda *_: False)


def words_that_come_late_are_kept(patch: Patch) -> None:
    real = MemoryJournal._apply

    def apply(self: MemoryJournal, batch: Any, stored: Any) -> None:
        real(self, batch, stored)
        for kept in batch.kept:
            self._vault[kept.id], self._kept_by[kept.id] = kept.body, kept.owner

    patch.setattr(MemoryJournal, "_apply", apply)


def nobody_pays_what_is_owed(patch: Patch) -> None:
    patch.setattr(Eraser, "hear", lambda *_: None)


def what_is_open_stays_open(patch: Patch) -> None:
    patch.setattr(erasing, "_close", lambda *_: None)


GUARDS = (
    Guard(whoever_was_erased_is_still_found, "", (0, 8, 15, 27, 35)),
    Guard(words_that_come_late_are_kept, "", (27,)),
    Guard(nobody_pays_what_is_owed, "", (27,)),
    Guard(what_is_open_stays_open, "", (0, 13, 14, 15, 27, 33, 35)),
)


@each_of(GUARDS)
def test_without_this_guard_the_simulator_turns_red(guard: Guard, monkeypatch: Patch) -> None:
    turns_red_without(guard, OF_OPS, monkeypatch)
