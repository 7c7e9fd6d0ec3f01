"""Honest waits where agents differ: ranges hold for those who need a skill and for those who do not."""

from collections.abc import Callable

import pytest

from tests.sim.skills_day import DAY_S, Caller, Skills, SkillsPlay

CENTRES = {
    "six of twenty have the skill": Skills(days=15),
    "after a minute anybody will do": Skills(relax_s=60, days=15),
    "two of twenty have the skill": Skills(plain=18, skilled=2, needs=0.1, days=40),
    "half have the skill, and too few are there": Skills(plain=10, skilled=10, needs=0.4, load=1.1, days=20),
}
SLOW = list(CENTRES)[2:]


@pytest.mark.parametrize("name", [*(pytest.param(name, marks=pytest.mark.slow) for name in SLOW), *list(CENTRES)[:2]])
def test_ranges_hold_for_those_who_need_a_skill_and_for_those_who_do_not(name: str) -> None:
    """As often as they say, and without a bias that grows."""
    centre = CENTRES[name]
    played = SkillsPlay(centre, seed=7).run()
    for needs in (True, False):
        callers = [c for c in played[needs] if c.told is not None and c.came_s > centre.days // 6 * DAY_S]
        assert len(callers) > 2_500
        low, high = (mean(callers, side) for side in (is_below, is_above))
        assert max(low, high) <= 0.11, f"{needs}: {low:.3f} below, {high:.3f} above"
        assert 0.79 <= 1.0 - low - high <= 0.87
        off_s = mean(callers, lambda c: expected_s(c) - c.wait_s)
        assert abs(off_s) <= 0.08 * mean(callers, lambda c: c.wait_s)


def is_below(caller: Caller) -> float:
    return caller.told is not None and caller.wait_s < caller.told.low_s


def is_above(caller: Caller) -> float:
    return caller.told is not None and caller.wait_s > caller.told.high_s


def expected_s(caller: Caller) -> float:
    assert caller.told is not None
    return caller.told.expected_s


def mean(callers: list[Caller], of: Callable[[Caller], float]) -> float:
    return sum(map(of, callers)) / len(callers)
