"""Honest waits in five contact centres that nobody described to the estimator: ranges hold as often as they say.

The targets are those of docs: what is claimed is that four in five hold; what is asked of the code is more than that.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from router.core.waits.ranges import WAIT_LEAST_S, Range
from router.core.waits.said import said
from tests.sim.waits_day import DAY_S, Centre, Play, Visit

FEW = 300
"""Hours and bands with fewer people are left out."""


@dataclass(frozen=True)
class Wanted:
    """`width`: of ranges to the mean wait; `les`, `places`: mean error to that of two usual estimators."""

    centre: Centre
    width: float
    bias: float = 0.03
    les: float = 0.72
    places: float = 0.97


WANTED = {
    "twenty agents, short lines": Wanted(Centre(), width=1.30),
    "twenty agents, overloaded": Wanted(Centre(load=1.25, days=30), width=1.00),
    "four agents": Wanted(Centre(scale=0.2, load=1.05, days=180), width=1.65),
    "eighty agents": Wanted(Centre(scale=4.0, load=1.05, days=20), width=0.80),
    "incidents": Wanted(Centre(incidents=True), width=1.30, bias=0.12, les=0.78, places=1.00),
}


@pytest.mark.parametrize("name", WANTED)
def test_ranges_hold_as_often_as_they_say(name: str) -> None:
    """Four in five, in every hour, for short and long lines, and in any thousand waits."""
    _prove(WANTED[name], seed=7)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [8, 23, 404])
@pytest.mark.parametrize("name", WANTED)
def test_ranges_hold_for_other_days_too(name: str, seed: int) -> None:
    """The same centres, with other people."""
    _prove(WANTED[name], seed=seed)


def _prove(wanted: Wanted, *, seed: int) -> None:
    centre = wanted.centre
    played = Play(centre, seed).run()
    assert all(visit.reached_s is not None for visit in played), "a place was never reached"
    visits = [(v, v.told) for v in played if v.told is not None and v.came_s >= centre.days // 6 * DAY_S]
    mean_s = _mean(v.wait_s for v, _ in visits)
    holds = [told.low_s <= v.wait_s <= told.high_s for v, told in visits]
    assert len(visits) >= 19_000
    assert 0.80 <= _mean(holds) <= 0.86
    assert _mean(v.wait_s < told.low_s for v, told in visits) <= 0.11
    assert _mean(v.wait_s > told.high_s for v, told in visits) <= 0.11
    assert min(_by(visits, holds, lambda v, told: sum(told.places >= edge for edge in (2, 4, 8, 16)))) >= 0.74
    assert min(_by(visits, holds, lambda v, told: int(v.came_s % DAY_S // 3600))) >= 0.74
    assert min(_mean(holds[n : n + 1000]) for n in range(0, len(holds) - 999, 1000)) >= 0.65
    assert abs(_mean(told.expected_s - v.wait_s for v, told in visits)) <= wanted.bias * mean_s
    error_s = _mean(abs(told.expected_s - v.wait_s) for v, told in visits)
    assert error_s <= wanted.les * _mean(abs(max(v.les_s, WAIT_LEAST_S) - v.wait_s) for v, _ in visits)
    assert error_s <= wanted.places * _mean(abs(v.places_s - v.wait_s) for v, _ in visits)
    assert _mean(told.high_s - told.low_s for _, told in visits) <= wanted.width * mean_s
    assert _mean(v.wait_s <= _shown(told)[1] for v, told in visits if v.called) >= 0.90
    assert _mean(_shown(told)[0] <= v.wait_s <= _shown(told)[1] for v, told in visits) >= 0.88
    if centre.incidents:
        in_one = [h for h, (v, _) in zip(holds, visits, strict=True) if _is_in_incident(v)]
        assert _mean(in_one) >= 0.72


def _shown(told: Range) -> tuple[float, float]:
    found = said(told)
    assert found.low_s is not None and found.high_s is not None
    return found.low_s, found.high_s


def _is_in_incident(visit: Visit) -> bool:
    return int(visit.came_s // DAY_S) % 5 == 4 and 2 <= visit.came_s % DAY_S / 3600 < 4


def _by(
    visits: list[tuple[Visit, Range]], holds: list[bool], name_of: Callable[[Visit, Range], int]
) -> Iterable[float]:
    groups = defaultdict[int, list[bool]](list)
    for (visit, told), one in zip(visits, holds, strict=True):
        groups[name_of(visit, told)].append(one)
    return [_mean(group) for group in groups.values() if len(group) > FEW]


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return sum(every) / len(every)
