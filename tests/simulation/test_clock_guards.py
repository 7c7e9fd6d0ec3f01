"""Guards of a clock that is set: taken away one by one, in a world whose clock goes back, and an invariant falls."""

from dataclasses import replace

from channels.clock import RealClock
from router.core.clock import Ms
from tests.simulation import trouble
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without
from tests.simulation.run import run_options

SET_BACK = replace(PLAIN, minutes=15, faults=frozenset(("clock_jump", "restart")))


def a_process_goes_on_where_the_log_ends(patch: Patch) -> None:
    patch.setattr(RealClock, "begin_at", lambda *_: None)


def time_never_goes_back(patch: Patch) -> None:
    patch.setattr(RealClock, "now", lambda self: Ms(self._wall_ms()))


GUARDS = (
    Guard(a_process_goes_on_where_the_log_ends, "clock_jump restart", (31,)),
    Guard(time_never_goes_back, "clock_jump", (31, 33)),
)


def test_the_plain_world_whose_clock_is_set_back_is_green(monkeypatch: Patch) -> None:
    """An hour back, and a restart: nothing that is due is lost or comes twice."""
    monkeypatch.setattr(trouble, "JUMPS_MS", (-3_600_000, -1_000))
    run_options(SET_BACK)


@each_of(GUARDS)
def test_without_this_guard_the_simulator_turns_red(guard: Guard, monkeypatch: Patch) -> None:
    monkeypatch.setattr(trouble, "JUMPS_MS", (-3_600_000, -1_000))
    turns_red_without(guard, SET_BACK, monkeypatch)
