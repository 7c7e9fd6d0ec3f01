"""The contact centre in virtual time: call-backs, rosters, curves, skills and relaxing, all in the core's one line."""

from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from router.core.words import DAY_MS, HOUR_MS
from router.sim.arrivals import arrival_times
from router.sim.daily import Daily
from router.sim.people import callers, spread
from router.sim.report import Report
from router.sim.run import Centre, policy_of, simulate
from router.sim.scenario import Scenario, Spread
from router.sim.tally import BATCHES_MAX, Tally

EXPONENTIAL = {"distribution": "exponential", "mean_s": 300}


def scenario(**changes: Any) -> Scenario:
    base = {"customers": 4_000, "arrivals": {"rate_per_h": 120}, "handling": EXPONENTIAL, "agents": 10}
    given = {name: value for name, value in {**base, **changes}.items() if value is not None}
    return Scenario.model_validate(given)


def played(seed: int = 1, **changes: Any) -> Report:
    asked = scenario(**changes)
    return simulate(asked, policy_of(asked), seed)


PATIENCE = {"distribution": "exponential", "mean_s": 120}


def test_call_backs_lose_nobody_and_keep_every_place() -> None:
    """Whoever would hang up, or takes the offer, is called in their turn: everybody is served, nobody is overtaken but
    who did not answer, and holding and being called are one line."""
    without, with_them = played(patience=PATIENCE), played(patience=PATIENCE, call_backs="true")
    assert without.everybody.p_abandon > 0.1
    assert without.promises.made == 0
    promises = with_them.promises
    assert promises.made > 0
    assert promises.kept + promises.unreached == promises.made
    assert promises.rings > promises.made, "some do not answer at once"
    assert with_them.everybody.served == 4_000 - promises.unreached
    assert with_them.everybody.overtaken == 0
    sure = played(patience=PATIENCE, call_backs={"take": 0, "answers": 1})
    patient = played(patience=None)
    assert sure.everybody.served == 4_000
    assert sure.everybody.mean_wait_s == patient.everybody.mean_wait_s, "a kept place is that of who never gives up"


def test_who_never_answers_is_rung_as_often_as_the_policy_says() -> None:
    report = played(patience=PATIENCE, call_backs={"answers": 1e-9, "take": 1}, agents=9)
    assert report.promises.kept == 0
    assert report.promises.rings == 3 * report.promises.made
    assert report.everybody.abandoned == report.promises.unreached == report.promises.made


def test_a_roster_brings_and_sends_home() -> None:
    """Nobody is served before the doors open; who talks at closing time is talked with to the end; the next morning
    the rest is served first."""
    report = played(roster=[[0, 0], [8, 14], [18, 0]], agents=None, customers=2_880)  # a day's worth
    assert report.everybody.served == 2_880
    assert report.everybody.overtaken == 0
    assert report.until_ms > DAY_MS + 8 * HOUR_MS, "who called after closing waits for the morning"
    assert report.everybody.quantile_s(0.9) > 5 * 3600
    assert 0.9 < report.occupancy < 1.05


def test_a_curve_brings_as_many_as_it_says() -> None:
    """The rate steps at the hour, over midnight too; hours of rate 0 bring nobody."""
    curve = Daily([(8, 600.0), (12, 60.0), (20, 0.0)])
    counts = [0] * 24
    days = 40
    for at in arrival_times(curve, Random(5)):
        if at >= days * DAY_MS:
            break
        counts[int(at % DAY_MS // HOUR_MS)] += 1
    for hour, count in enumerate(counts):
        wanted = days * curve.at(hour * HOUR_MS)
        assert abs(count - wanted) <= 4 * wanted**0.5, f"hour {hour}: {count} of {wanted}"
    assert curve.day_sum() == 4 * 600 + 8 * 60
    assert list(islice(curve.changes(), 4)) == [(0, 0), (8 * HOUR_MS, 600), (12 * HOUR_MS, 60), (20 * HOUR_MS, 0)]


@pytest.mark.parametrize(("name", "cv"), [("constant", 0.0), ("exponential", 1.0), ("lognormal", 0.4)])
def test_lengths_have_the_mean_and_spread_that_were_asked_for(name: str, cv: float) -> None:
    draw = spread(Spread.model_validate({"distribution": name, "mean_s": 60, "cv": cv}), Random(3))
    drawn = [draw() / 1000 for _ in range(40_000)]
    mean = sum(drawn) / len(drawn)
    variation = (sum((one - mean) ** 2 for one in drawn) / len(drawn)) ** 0.5 / mean
    assert abs(mean - 60) <= 4 * cv * 60 / len(drawn) ** 0.5 + 1e-9
    assert abs(variation - cv) < 0.03


def test_two_centres_of_one_seed_meet_the_same_people() -> None:
    """What a policy does with people changes nothing about who comes, what they need and how patient they are."""
    one, other = scenario(patience=PATIENCE), scenario(patience=PATIENCE, agents=3, call_backs="true")
    policy = policy_of(one)
    same = [
        [(c.at, c.handling_ms, c.patience_ms) for c in islice(callers(which, policy, 9), 500)] for which in (one, other)
    ]
    assert same[0] == same[1]
    assert [c.at for c in islice(callers(one, policy, 10), 500)] != [at for at, _, _ in same[0]]


def test_the_rules_of_a_policy_are_played() -> None:
    """A class's words go through the policy's rules: its skill is required, and no longer after the minute that the
    policy names; until then they wait for the one who can."""
    classes = [{"name": "heating", "share": 1, "says": "my heating shows E42"}, {"name": "other", "share": 3}]
    teams = [{"name": "few", "agents": 1, "skills": ["heating"]}, {"name": "many", "agents": 20, "skills": {}}]
    report = played(classes=classes, teams=teams, agents=None)
    heating, other = report.classes["heating"], report.classes["other"]
    assert 58 < heating.quantile_s(0.95) < 62, "after a minute anybody will do"
    assert heating.p_wait > 0.5 > other.p_wait


def test_a_folder_of_policies_changes_the_outcome(tmp_path: Path) -> None:
    """One attempt instead of three, from callbacks.yaml in the folder that the scenario names."""
    (tmp_path / "callbacks.yaml").write_text("attempts: 1\n", encoding="utf-8")
    backs = {"answers": 0.5, "take": 1}
    usual, once = (
        played(patience=PATIENCE, call_backs=backs, policy=folder).promises for folder in (None, str(tmp_path))
    )
    assert once.rings == once.made
    assert usual.rings > 1.5 * usual.made
    assert once.unreached / once.made > 0.4 > usual.unreached / usual.made


def test_a_count_stays_small_and_knows_its_error() -> None:
    """However many are counted, as many batches are held; the error of independent waits is that of the textbook."""
    tally, chance = Tally(), Random(2)
    for _ in range(100_000):
        tally.add(chance.expovariate(1 / 60_000), waited=True, served=True)
    assert len(tally._marks) <= BATCHES_MAX
    assert 0.6 * 60 / 100_000**0.5 < tally.errors()[1] < 1.6 * 60 / 100_000**0.5
    assert abs(tally.quantile_s(0.5) - 41.6) < 1
    assert Tally().errors()[0] == float("inf")
    assert Tally().quantile_s(0.5) == Tally().mean_wait_s == 0.0


def test_people_can_be_given() -> None:
    """A centre plays whoever is given to it, with the places that were worked out for them."""
    asked = scenario(customers=50)
    policy = policy_of(asked)
    report = Centre(asked, policy).play(list(callers(asked, policy, 1))[:30])
    assert report.everybody.customers == 30
