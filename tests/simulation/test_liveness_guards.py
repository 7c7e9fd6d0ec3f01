"""Guards of those who wait: taken away one by one, and the invariant of liveness that they hold up falls."""

from dataclasses import replace
from typing import Any

import pytest

from router.core import call_ends, matcher
from router.core.context import Making
from router.core.documents import Call
from router.core.matcher import Matcher
from tests.simulation.guarding import PLAIN, SEEDS_MAX, Patch
from tests.simulation.log import Broken
from tests.simulation.run import run_options

WAITING = replace(PLAIN, texts=60, agents=3, minutes=15)
CALLING = replace(
    PLAIN, mode="safety", texts=5, people=8, calls=40, minutes=40, faults=frozenset(("phones_odd", "webhook_slow"))
)


def what_needs_a_skill_never_ages(patch: Patch) -> None:
    patch.setattr(matcher, "pace_of", lambda requirement: 1e-12 if requirement.skills else 1.0)


def nobody_is_offered_anything(patch: Patch) -> None:
    patch.setattr(Matcher, "for_agent", lambda *_: None)
    patch.setattr(Matcher, "for_work", lambda *_: None)


def a_promise_is_broken_silently(patch: Patch) -> None:
    """Nothing follows it: no call in line, nothing to write."""
    real: Any = call_ends._not_reached

    def not_reached(making: Making, call: Call, *, how: str) -> None:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(call_ends, "ask_for_phone", lambda *_, **__: None)
            inner.setattr(call_ends, "turn_to_writing", lambda *_, **__: None)
            real(making, call, how=how)

    patch.setattr(call_ends, "_not_reached", not_reached)


GUARDS = (
    (what_needs_a_skill_never_ages, WAITING, 16, "had aged more"),
    (nobody_is_offered_anything, WAITING, 15, "is not asked"),
    (a_promise_is_broken_silently, CALLING, 17, "nobody is told"),
)


def test_whoever_types_a_number_key_by_key_is_never_in_silence() -> None:
    """The time for an answer begins anew with each key, and then they are asked again."""
    run_options(replace(CALLING, seed=5, faults=frozenset(("phones_odd",))))


@pytest.mark.parametrize(("take_away", "world", "number", "says"), GUARDS, ids=lambda one: getattr(one, "__name__", ""))
def test_without_this_guard_the_simulator_turns_red(
    take_away: Any, world: Any, number: int, says: str, monkeypatch: Patch
) -> None:
    """Of several checks with one number it is the one that says so."""
    take_away(monkeypatch)
    for seed in range(1, SEEDS_MAX + 1):
        try:
            run_options(replace(world, seed=seed))
        except Broken as broken:
            assert (broken.number, says in str(broken)) == (number, True), broken
            return
    pytest.fail(f"{take_away.__name__} stayed green over {SEEDS_MAX} seeds")
