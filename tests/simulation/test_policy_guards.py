"""Guards of a policy that is changed while contacts and call-backs are under way: taken away one by one, and an invariant
falls. In both modes the world with that fault alone is green."""

from dataclasses import replace

import pytest

from policies.problems import Findings
from router.node.node import Node
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without
from tests.simulation.options import Mode
from tests.simulation.run import run_options

RELOADED = replace(PLAIN, texts=40, calls=30, minutes=20, windows=True, faults=frozenset(("policy_reload",)))


def mistakes_are_let_pass(patch: Patch) -> None:
    patch.setattr(Findings, "stop_if_wrong", lambda _: None)


def nobody_notes_that_another_policy_is_live(patch: Patch) -> None:
    async def nothing(_: Node) -> None:
        return None

    patch.setattr(Node, "_activate_policy", nothing)


GUARDS = (
    Guard(mistakes_are_let_pass, "policy_reload", (0, 30), first=2),
    Guard(nobody_notes_that_another_policy_is_live, "policy_reload", (29, 30)),
)


@pytest.mark.parametrize("mode", ["safety", "liveness"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_world_whose_policy_changes_is_green(seed: int, mode: Mode) -> None:
    """Sooner or later attempts, other targets, one queue less, a mistake, a file by half: nobody is lost by it."""
    assert run_options(replace(RELOADED, seed=seed, mode=mode)).processes > 2


@each_of(GUARDS)
def test_without_this_guard_the_simulator_turns_red(guard: Guard, monkeypatch: Patch) -> None:
    turns_red_without(guard, RELOADED, monkeypatch)
