"""How a guard is taken away: what, in which kind of world, and what may fall then."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.simulation.log import Broken
from tests.simulation.options import Options
from tests.simulation.run import run_options

Patch = pytest.MonkeyPatch
SEEDS_MAX = 12
PLAIN = Options(
    seed=0,
    mode="liveness",
    faults=frozenset(),
    people=12,
    texts=70,
    agents=3,
    minutes=5,
    twice=False,
    repeats_words=False,
    lost_agents=0,
    strength=0.25,
    late_s_max=300.0,
)


@dataclass(frozen=True)
class Guard:
    """What is taken away, in which kind of world, and which invariants may be the ones to fall. `first`: the seed that
    is tried first, one in whose world it falls: green ones take the longest."""

    take_away: Callable[[Patch], None]
    faults: str
    numbers: tuple[int, ...]
    changes: tuple[tuple[str, Any], ...] = ()
    first: int = 1

    @property
    def seeds(self) -> list[int]:
        """All that are tried, in this order."""
        return sorted(range(1, SEEDS_MAX + 1), key=lambda seed: seed != self.first)


def each_of(guards: tuple[Guard, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("guard", guards, ids=lambda guard: guard.take_away.__name__)


def turns_red_without(guard: Guard, world: Options, patch: Patch) -> None:
    """Without the guard one of the first seeds of that kind of world breaks an invariant that it keeps."""
    guard.take_away(patch)
    for seed in guard.seeds:
        options = replace(world, seed=seed, faults=frozenset(guard.faults.split()), **dict(guard.changes))
        try:
            run_options(options)
        except Broken as broken:
            assert broken.number in guard.numbers, broken
            return
    pytest.fail(f"{guard.take_away.__name__} stayed green over {SEEDS_MAX} seeds")
