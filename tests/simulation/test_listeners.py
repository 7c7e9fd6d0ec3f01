"""Somebody who listens to the log and fails over it is the failure of the whole world, with its seed."""

import pytest

from router.node.learner import Learner
from tests.simulation.guarding import PLAIN
from tests.simulation.log import Broken
from tests.simulation.run import run_options


def test_an_error_of_whoever_listens_is_the_failure_of_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not taken for a failing disk, nor does the world stand still: its own words and the seed are shown."""

    def hear(*_: object) -> None:
        raise AssertionError("the judge says no")

    monkeypatch.setattr(Learner, "hear", hear)
    with pytest.raises(Broken, match="the judge says no") as broken:
        run_options(PLAIN)
    assert any(f"World of seed {PLAIN.seed}" in note for note in broken.value.__notes__)
