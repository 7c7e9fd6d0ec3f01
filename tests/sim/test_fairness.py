"""One line for those who hold and those who are called: in the simulated day neither choice is a shortcut or a loss."""

import json

import pytest

from router.sim.report import Report
from router.sim.run import policy_of, simulate
from router.sim.scenario import Scenario

SEEDS = (3, 11, 29)
BUSY_DAY = {
    "days": 10,
    "arrivals": {"curve": [[0, 0], [8, 0.97 * 20 * 12], [20, 0]]},  # twenty agents at 0.97, talks of five minutes
    "handling": {"distribution": "exponential", "mean_s": 300},
    "patience": {"distribution": "exponential", "mean_s": 600},
    "agents": 20,
    "call_backs": {"take": 0.5, "answers": 0.9},
}


def played(seed: int) -> Report:
    scenario = Scenario.model_validate(BUSY_DAY)
    return simulate(scenario, policy_of(scenario), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_holds_and_call_backs_wait_alike(seed: int) -> None:
    """With call-backs, rings that nobody answers, and people who hang up: who chose to hold and who chose to be called
    have their turn after the same time, to one part in twenty; not one in a hundred is overtaken by an equal."""
    report = played(seed)
    fairness = report.fairness
    assert report.promises.rings > report.promises.made, "some do not answer at once"
    assert report.promises.made > fairness.call_backs.served, "some hang up, and are called"
    assert min(fairness.holds.served, fairness.call_backs.served) > 5_000
    assert fairness.medians_differ is not None
    assert fairness.medians_differ <= 0.05
    assert report.overtaken_share <= 0.01


def test_the_report_says_whether_one_line_is_one() -> None:
    """For people in one line of words, for programs under `fairness`; without call-backs there is nothing to compare."""
    report = played(3)
    said = json.loads(json.dumps(report.as_json()))["fairness"]
    assert said["overtaken_share"] <= 0.01
    assert 0 <= said["medians_differ"] <= 0.05
    assert said["holds"]["customers"] == report.fairness.holds.served
    assert said["call_backs"]["median_wait_s"] > 0
    table = report.as_table()
    assert "who chose to hold" in table
    assert "Overtaken by somebody of their class who had come later: 0.00%" in table
    alone = Scenario.model_validate({**BUSY_DAY, "days": 1, "call_backs": "false"})
    without = simulate(alone, policy_of(alone), 3)
    assert without.as_json()["fairness"]["medians_differ"] is None  # type: ignore[index]
    assert "who chose to hold" not in without.as_table()
