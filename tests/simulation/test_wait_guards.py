"""Guards of waits that are said: taken away one by one, and the simulator turns red; with them it is green in both modes."""

from dataclasses import replace
from typing import Any

import pytest

from router.core.waits import line
from router.core.waits.said import Said
from router.node import wait_lines
from tests.simulation import wait_watch
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without
from tests.simulation.options import Mode
from tests.simulation.run import run_options

LONG_LINE = replace(PLAIN, seed=1, texts=0, people=60, calls=60, minutes=24, agents=2, steady=True)
"""More call than can be served at once, so that most of them wait, and hear how long."""


@pytest.fixture
def is_short(monkeypatch: Patch) -> None:
    """The world is over sooner than thirty talks are, so fewer are enough in it."""
    for module, talks, waits in ((line, "TALKS_ENOUGH", "WAITS_ENOUGH"), (wait_watch, "TALKS_MIN", "WAITS_MIN")):
        monkeypatch.setattr(module, talks, 8)
        monkeypatch.setattr(module, waits, 10)


def it_is_said_before_enough_was_seen(patch: Patch) -> None:
    patch.setattr(line, "TALKS_ENOUGH", 1)
    patch.setattr(line, "WAITS_ENOUGH", 1)


def half_of_it_is_said(patch: Patch) -> None:
    real = wait_lines.said

    def said(found: Any) -> Said:
        return real(found._replace(low_s=found.low_s / 2, high_s=found.high_s / 2))

    patch.setattr(wait_lines, "said", said)


GUARDS = (
    Guard(it_is_said_before_enough_was_seen, "", (32,)),
    Guard(half_of_it_is_said, "", (32,)),
)


@pytest.mark.usefixtures("is_short")
@pytest.mark.parametrize("mode", ["safety", "liveness"])
def test_what_is_said_in_a_long_line_holds(mode: Mode) -> None:
    judged, held = run_options(replace(LONG_LINE, mode=mode)).waits
    assert judged >= wait_watch.JUDGED_MIN, "enough were told to tell it from chance"
    assert held >= 0.8 * judged


@pytest.mark.usefixtures("is_short")
@each_of(GUARDS)
def test_without_this_guard_the_simulator_turns_red(guard: Guard, monkeypatch: Patch) -> None:
    turns_red_without(guard, LONG_LINE, monkeypatch)
