"""A machine's clock that is set right or wrong: what the service takes for the time."""

import asyncio

import pytest

from channels.clock import RealClock
from router.core.clock import Ms

HOUR_MS = 3_600_000


class Machine:
    """A wall clock that anybody sets, and the time that really passed."""

    def __init__(self) -> None:
        self.wall = 1_790_000_000_000
        self.ran = 5_000

    def passes(self, ms: int) -> None:
        self.wall += ms
        self.ran += ms

    @property
    def clock(self) -> RealClock:
        return RealClock(lambda: self.wall, lambda: self.ran)


@pytest.mark.parametrize("back_ms", [1, 1_000, HOUR_MS])
def test_a_clock_that_is_set_back_is_caught_up_with_and_never_stands(back_ms: int) -> None:
    """Time goes on at half its speed however often somebody asks, and after twice the step it is the wall's again."""
    machine = Machine()
    clock = machine.clock
    began = clock.now()
    machine.wall -= back_ms
    assert clock.now() == began
    for _ in range(100):
        machine.passes(back_ms // 100)
        clock.now()
    assert clock.now() == began + back_ms // 100 * 100 // 2
    machine.passes(2 * back_ms)
    assert clock.now() == machine.wall
    machine.passes(7)
    assert clock.now() == machine.wall


def test_it_is_set_back_twice() -> None:
    """The second step is caught up with as the first, and no instant is said twice as an earlier one."""
    machine = Machine()
    clock = machine.clock
    said = [clock.now()]
    for _ in range(3):
        machine.wall -= HOUR_MS
        for _ in range(20):
            machine.passes(60_000)
            said.append(clock.now())
    assert said == sorted(said)
    machine.passes(6 * HOUR_MS)
    assert clock.now() == machine.wall


def test_a_process_goes_on_where_the_log_ends() -> None:
    """A clock of a process that begins while the wall is behind the log does not repeat what is past."""
    machine = Machine()
    clock = machine.clock
    last = Ms(machine.wall + HOUR_MS)
    clock.begin_at(last)
    assert clock.now() == last
    machine.passes(1_000)
    assert clock.now() == last + 500
    machine.passes(2 * HOUR_MS)
    assert clock.now() == machine.wall


async def test_whoever_sleeps_until_then_wakes_then() -> None:
    """A sleeper whose instant has come is not asleep, and one whose clock was set forward wakes with it."""
    machine = Machine()
    clock = machine.clock
    await asyncio.wait_for(clock.sleep_until(clock.now()), 1)
    sleeping = asyncio.create_task(clock.sleep_until(Ms(clock.now() + 20)))
    await asyncio.sleep(0)
    machine.wall += HOUR_MS
    await asyncio.wait_for(sleeping, 5)
