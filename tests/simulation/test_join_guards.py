"""Each guard of joined cases and people is taken away, one at a time, and the simulator must turn red."""

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from router.core import contacts, customer_merging, side_folds
from router.node.customers import CustomerScope
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without
from tests.simulation.run import run_options

JOINED = replace(PLAIN, joins=True, minutes=15, people=6, texts=120)


def words_stand_where_the_matter_is(patch: Patch) -> None:
    patch.setattr(contacts, "side_of", lambda _making, head, _customer, **_: head)


def cases_stay_joined_across_people(patch: Patch) -> None:
    patch.setattr(customer_merging, "crossing", lambda *_: [])


def one_lock_for_two_people(patch: Patch) -> None:
    """Only one of both locks is held, and nobody looks again whose documents they hold."""

    class One(AsyncExitStack):
        """Enters the first of several."""

        entered = 0

        async def enter_async_context(self, cm: Any) -> Any:
            self.entered += 1
            return await super().enter_async_context(cm) if self.entered == 1 else None

    patch.setattr("router.node.customers.AsyncExitStack", One)
    patch.setattr("router.node.customers._check_person", lambda *_: None)
    patch.setattr(CustomerScope, "_forget", lambda *_: None)


def what_is_split_off_counts_where_it_was_too(patch: Patch) -> None:
    moved = side_folds._moved

    def kept(state: Any, case: Any, *, contacts: int, **more: Any) -> Any:
        return moved(state, case, contacts=max(0, contacts), **more)

    patch.setattr(side_folds, "_moved", kept)


GUARDS = (
    Guard(what_is_split_off_counts_where_it_was_too, "", (9,)),
    Guard(words_stand_where_the_matter_is, "", (0, 25)),
    Guard(cases_stay_joined_across_people, "", (0, 25)),
    Guard(one_lock_for_two_people, "disk_slow webhook_slow burst", (0, 2, 4, 8, 15, 25)),
)


def test_the_plain_world_with_somebody_who_joins_is_green():
    run_options(JOINED)


@each_of(GUARDS)
def test_without_this_guard_the_simulator_turns_red(guard: Guard, monkeypatch: Patch):
    turns_red_without(guard, JOINED, monkeypatch)
