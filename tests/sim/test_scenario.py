"""Scenario files and the command that plays them: what is wrong is said with its place, and nothing is guessed."""

import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.main import Stop, simulate
from router.sim.run import policy_of
from router.sim.run import simulate as play
from router.sim.scenario import Scenario
from router.sim.scenario_file import ScenarioProblems, read_scenario
from tests.story import Process
from tests.story.processes import ROOT

SOUND = """\
customers: 2000
arrivals: {rate_per_h: 120}
handling: {distribution: exponential, mean_s: 300}
patience: none
agents: 11
call_backs: false
"""
SAMPLE = ROOT / "config" / "samples" / "two-days.yaml"


def problems_of(folder: Path, text: str) -> list[str]:
    file = folder / "centre.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioProblems) as found:
        read_scenario(file)
    return [str(problem) for problem in found.value.problems]


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    """The names of the contract; `none` is no patience limit, a list of skills is each of them at level 1."""
    file = tmp_path / "centre.yaml"
    file.write_text(SOUND + "classes: [{name: a, share: 1, skills: [heating]}, {name: b, share: 2, rate: 2}]\n")
    scenario = read_scenario(file)
    assert (scenario.customers, scenario.agents, scenario.patience, scenario.call_backs) == (2000, 11, None, None)
    assert [(one.name, one.skills, one.rate) for one in scenario.classes] == [
        ("a", {"heating": 1}, None),
        ("b", None, 2),
    ]
    assert isinstance(read_scenario(SAMPLE), Scenario)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("customers: 2000", "customers: many", "centre.yaml:1:12: found 'many', expected a valid integer"),
        ("customers: 2000", "customer: 2000", "1:1: found unknown key 'customer', expected agents, roster, customers"),
        ("customers: 2000", "customer: 2000", "did you mean customers?"),
        ("customers: 2000\n", "", "found a block of keys, expected either customers or days, one of them"),
        ("{rate_per_h: 120}", "{rate_per_h: -1}", "2:24: found '-1', expected a number greater than 0"),
        ("{rate_per_h: 120}", "{}", "2:11: found a block of keys, expected either rate_per_h or curve"),
        ("{rate_per_h: 120}", "{curve: [[8, 9], [7, 3]]}", "found a list, expected hours that rise"),
        ("{rate_per_h: 120}", "{curve: [[8, 0]]}", "found a list, expected one value over 0 at least"),
        ("{rate_per_h: 120}", "{curve: []}", "found a list, expected one value at least"),
        ("{rate_per_h: 120}", "{curve: [[8]]}", "found a list, expected two values: the hour, and what holds from"),
        ("{rate_per_h: 120}", "{curve: [[8, 1, 2]]}", "found a list, expected 2 values at most"),
        ("exponential", "exponentiel", "3:26: found 'exponentiel', expected 'exponential', 'lognormal' or 'constant'"),
        ("mean_s: 300", "mean_s: 300, cv: 2", "no cv here: it is 1 when the distribution is exponential"),
        (", mean_s: 300", "", "3:11: found no key mean_s, expected the key mean_s here"),
        ("patience: none", "patience: some", "4:11: found 'some', expected keys with values, indented below"),
        ("agents: 11", "agents: 11\nroster: [[8, 3]]", "either agents, roster or teams, one of them"),
        ("agents: 11", "agents: 0", "5:9: found '0', expected a number greater than or equal to 1"),
        ("agents: 11", "agents: nan", "5:9: found 'nan', expected a valid integer"),
        ("call_backs: false", "call_backs: maybe", "6:13: found 'maybe', expected true, false, or a block"),
        ("call_backs: false", "classes: [{name: a, share: 1}, {name: a, share: 1}]", "each name once; a comes twice"),
        ("customers: 2000", "days: 3000", "at most 10,000,000 customers in all"),
        ("rate_per_h: 120", "rate_per_h: &a 120", "an anchor or alias"),
        ("agents: 11", "agents: [", "expected"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    """File, line, column, what was found, what was expected."""
    text = SOUND.replace(old, new)
    if new == "days: 3000":
        text = text.replace("rate_per_h: 120", "rate_per_h: 500")
    found = problems_of(tmp_path, text)
    assert any(said in line for line in found), found
    assert all(line.startswith("centre.yaml:") for line in found)


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    text = SOUND.replace("2000", "x").replace("exponential", "y").replace("11", "z")
    assert [line.split(":")[1] for line in problems_of(tmp_path, text)] == ["1", "3", "5"]


VALUES = ["5", "-1", "x", "''", "~", "none", "true", "1e400", "nan", "[]", "{}", "[5]", "[[1, 2]]", "[[a, b], 3]",
          "{a: 1}", "[{name: a}]", "[{name: a, share: 1, skills: [[1]]}]", "[{name: a, share: 1, handling: 3, zz: 1}]",
          "[{name: t, agents: 3, skills: {h: 99}}]", "{rate_per_h: 5, curve: [[0, 5]]}", "{take: 2}"]  # fmt: skip
KEYS = [*Scenario.model_fields, "junk"]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)))
def test_any_file_is_read_or_refused_with_words(parts: dict[str, str]) -> None:
    """Nothing that stands in a file brings down its reader."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "centre.yaml"
        file.write_text("\n".join(f"{key}: {value}" for key, value in parts.items()), encoding="utf-8")
        try:
            read_scenario(file)
        except ScenarioProblems as problems:
            assert problems.problems
            assert "pydantic" not in str(problems)


async def test_the_command_prints_what_programs_expect(tmp_path: Path) -> None:
    """`--json` has the keys of the contract; the same seed plays the same days, another seed others."""
    file = tmp_path / "centre.yaml"
    file.write_text(SOUND + "classes: [{name: a, share: 1}, {name: b, share: 1}]\n")
    first, other = [
        json.loads((await Process.ran("simulate", str(file), "--json", "--seed", seed)).output) for seed in "12"
    ]
    scenario = read_scenario(file)
    again = play(scenario, policy_of(scenario), seed=1).as_json()
    assert list(first) == [
        "customers", "served", "abandoned", "p_wait", "mean_wait_s", "served_within", "classes", "promises",
        "fairness", "seconds_run",
    ]  # fmt: skip
    assert set(first["classes"]) == {"a", "b"}
    assert first["served"] + first["abandoned"] == first["customers"] == 2000
    assert first["served_within"]["20"] > 1 - first["p_wait"]
    assert first.pop("seconds_run") > 0
    del again["seconds_run"]
    assert first == again
    assert first["mean_wait_s"] != other["mean_wait_s"]


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    """A file that is not there, one with a mistake, one whose callers nobody could serve, policies that are none: a
    sentence each."""
    mistaken, lonely, ruled = (tmp_path / name for name in ("mistaken.yaml", "lonely.yaml", "ruled.yaml"))
    mistaken.write_text(SOUND.replace("11", "none"))
    team = "teams: [{name: t, agents: 3, skills: {}}]\nclasses: [{name: a, share: 1, skills: {heating: 2}}]"
    lonely.write_text(SOUND.replace("agents: 11", team))
    ruled.write_text(SOUND + "policy: rules\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "queues.yaml").write_text("queues: 7\n")
    for file, said in (
        (tmp_path / "nothing.yaml", "No such file"),
        (mistaken, "mistaken.yaml:5:9: found 'none', expected a valid integer"),
        (lonely, "class a asks for heating 2, which no team has"),
        (ruled, "queues.yaml:1:9"),
    ):
        with pytest.raises(Stop, match=re.escape(said)):
            simulate(file)


async def test_the_sample_is_played(tmp_path: Path) -> None:
    """The table for people has a row for each class and says what call-backs did; a folder is no scenario."""
    ran = await Process.ran("simulate", str(SAMPLE))
    assert ran.code == 0, ran.errors
    assert [line.split("  ")[0] for line in ran.output.splitlines()[1:4]] == ["everybody", "ordinary", "no heating"]
    assert "Call-backs:" in ran.output
    refused = await Process.ran("simulate", str(tmp_path))
    assert (refused.code, refused.errors.count("\n")) == (1, 1), refused.errors
