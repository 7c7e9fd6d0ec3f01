"""The contact centre against queueing theory: what can be known exactly comes out, within the run's own error."""

from dataclasses import dataclass
from typing import Any

import pytest

from router.sim.run import policy_of, simulate
from router.sim.scenario import Scenario
from router.sim.tally import Tally

SURE = 3.5
"""Standard errors: a right centre is further away once in two thousand figures."""
S = 300.0
EXPONENTIAL = {"distribution": "exponential", "mean_s": S}


@dataclass(frozen=True)
class Case:
    """`exact`: p_wait, mean_wait_s (over all who came) and p_abandon, where known; by class in `classes`."""

    source: str
    scenario: dict[str, Any]
    exact: dict[str, float]
    classes: dict[str, float] | None = None  # mean waits
    customers: int = 40_000  # 0: in the long run alone: where fewer say nothing, or take long for it

    def play(self, customers: int) -> tuple[Tally, dict[str, Tally]]:
        given = {"handling": EXPONENTIAL, "arrivals": {"rate_per_h": 1}, **self.scenario}
        scenario = Scenario.model_validate({"customers": customers, **given})
        report = simulate(scenario, policy_of(scenario), seed=7)
        return report.everybody, report.classes


def per_h(load: float) -> dict[str, float]:
    """Arrivals for so many agents' work."""
    return {"rate_per_h": load / S * 3600}


def impatient(mean_s: float) -> dict[str, Any]:
    return {"distribution": "exponential", "mean_s": mean_s}


CASES = {
    "ten agents at 0.8": Case(
        "Erlang C: C = B / (1 - rho (1 - B)), E[W] = C / (n mu - lambda)",
        {"arrivals": per_h(8), "agents": 10},
        {"p_wait": 0.409180150796, "mean_wait_s": 61.3770226195},
        customers=60_000,
    ),
    "one agent at 0.7": Case(
        "M/M/1: P(W > 0) = rho, E[W] = rho S / (1 - rho)",
        {"arrivals": per_h(0.7), "agents": 1},
        {"p_wait": 0.7, "mean_wait_s": 700.0},
    ),
    "fifty agents, some give up": Case(
        "Erlang A (Palm 1957): A(x, y) = x e^y y^-x gamma(x, y), x = n mu / theta, y = lambda / theta; "
        "P(W > 0) = A B / (1 + (A - 1) B), P(Ab | W > 0) = 1 / (rho A) + 1 - 1 / rho, E[W] = P(Ab) / theta",
        {"arrivals": per_h(51), "agents": 50, "patience": impatient(180)},
        {"p_wait": 0.507302725726, "p_abandon": 0.0732448922589, "mean_wait_s": 13.1840806066},
    ),
    "ten agents, fully loaded": Case(
        "Erlang A",
        {"arrivals": per_h(10), "agents": 10, "patience": impatient(180)},
        {"p_wait": 0.485294199413, "p_abandon": 0.140621713469, "mean_wait_s": 25.3119084244},
    ),
    "talks of one length": Case(
        "Pollaczek and Khinchine: E[W] = rho S (1 + cv^2) / (2 (1 - rho))",
        {"arrivals": per_h(0.7), "agents": 1, "handling": {"distribution": "constant", "mean_s": S}},
        {"p_wait": 0.7, "mean_wait_s": 350.0},
    ),
    "talks of many lengths": Case(
        "Pollaczek and Khinchine",
        {"arrivals": per_h(0.6), "agents": 1, "handling": {"distribution": "lognormal", "mean_s": S, "cv": 1.5}},
        {"p_wait": 0.6, "mean_wait_s": 731.25},
        customers=60_000,
    ),
    "a place that grows twice as fast": Case(
        "accumulating priority (Kleinrock 1964): W0 = rho S, W2 = W0 / ((1 - rho) (1 - rho1 (1 - b2 / b1))), "
        "and rho1 W1 + rho2 W2 = rho W of one line",
        {
            "arrivals": per_h(0.7),
            "agents": 1,
            "classes": [{"name": "fast", "share": 3, "rate": 2}, {"name": "slow", "share": 4, "rate": 1}],
        },
        {"p_wait": 0.7, "mean_wait_s": 700.0},
        classes={"fast": 535.294117647, "slow": 823.529411765},
        customers=60_000,
    ),
    "a place that grows four times as fast": Case(
        "accumulating priority (Kleinrock 1964)",
        {
            "arrivals": per_h(0.8),
            "agents": 1,
            "classes": [{"name": "fast", "share": 1, "rate": 4}, {"name": "slow", "share": 1, "rate": 1}],
        },
        {"p_wait": 0.8},
        classes={"fast": 685.714285714, "slow": 1714.28571429},
        customers=60_000,
    ),
    **{
        f"C: {agents} agents at {load / agents:.2f}": Case(
            "Erlang C",
            {"arrivals": per_h(load), "agents": agents},
            {"p_wait": p_wait, "mean_wait_s": wait},
            customers=customers,
        )
        for agents, load, p_wait, wait, customers in (
            (50, 47, 0.567980213049, 56.7980213049, 200_000),
            (200, 190, 0.365263856563, 10.9579156969, 0),
            (5, 4.8, 0.901699982334, 1352.5499735, 0),
            (500, 485, 0.387757910671, 7.75515821343, 0),
        )
    },
    **{
        f"A: {agents} agents at {load / agents:.2f}, patience {patience} s": Case(
            "Erlang A",
            {"arrivals": per_h(load), "agents": agents, "patience": impatient(patience)},
            {"p_wait": p_wait, "p_abandon": p_abandon, "mean_wait_s": wait},
        )
        for agents, load, patience, p_wait, p_abandon, wait in (
            (50, 60, 180, 0.847595901049, 0.176281239853, 31.7306231735),
            (20, 16, 600, 0.208788672399, 0.0158918234488, 9.53509406931),
            (5, 8, 60, 0.694334652438, 0.436021575418, 26.1612945251),
            (200, 200, 240, 0.48208945046, 0.0297676363383, 7.1442327212),
            (1, 0.9, 300, 0.593430340259, 0.340632955267, 102.18988658),
        )
    },
    **{
        f"P: urgent {urgent:.0%}, ordinary {ordinary:.0%} of one agent": Case(
            "strict priority (Cobham 1954): W1 = W0 / (1 - rho1), W2 = W1 / (1 - rho); a place that grows a thousand "
            "times as fast is that to one part in a thousand",
            {
                "arrivals": per_h(urgent + ordinary),
                "agents": 1,
                "classes": [
                    {"name": "urgent", "share": urgent, "rate": 1000},
                    {"name": "ordinary", "share": ordinary, "rate": 1},
                ],
            },
            {"mean_wait_s": wait},
            classes={"urgent": first, "ordinary": second},
            customers=customers,
        )
        for urgent, ordinary, first, second, wait, customers in (
            (0.3, 0.4, 300.0, 1000.0, 700.0, 60_000),
            (0.1, 0.8, 300.0, 3000.0, 2700.0, 0),
            (0.6, 0.2, 600.0, 3000.0, 1200.0, 100_000),
        )
    },
    "two teams that share nobody": Case(
        "Erlang C of each",
        {
            "arrivals": per_h(8.7),
            "teams": [
                {"name": "ten", "agents": 10, "skills": ["billing"]},
                {"name": "one", "agents": 1, "skills": ["heating"]},
            ],
            "classes": [
                {"name": "billing", "share": 80, "skills": ["billing"]},
                {"name": "heating", "share": 7, "skills": ["heating"]},
            ],
        },
        {},
        classes={"billing": 61.3770226195, "heating": 700.0},
        customers=60_000,
    ),
}


def compare(case: Case, customers: int, *, within: float | None = None) -> None:
    """Each figure within the run's own error, and within a share of the exact value where one is given."""
    everybody, classes = case.play(customers)
    found = dict(zip(("p_wait", "mean_wait_s", "p_abandon"), everybody.errors(), strict=True))
    for name, exact in case.exact.items():
        agree(f"{name} ({case.source})", getattr(everybody, name), exact, found[name], within)
    for name, exact in (case.classes or {}).items():
        agree(f"wait of {name} ({case.source})", classes[name].mean_wait_s, exact, classes[name].errors()[1], within)


def agree(what: str, got: float, exact: float, error: float, within: float | None) -> None:
    assert error <= 0.12 * exact, f"{what}: too few customers to say anything: {got} ± {error}"
    assert abs(got - exact) <= SURE * error, f"{what}: {got} ± {error}, exact {exact}"
    assert within is None or abs(got - exact) <= within * exact, f"{what}: {got}, exact {exact}"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.customers])
def test_what_theory_knows_comes_out(name: str) -> None:
    """Waits, hang-ups and shares of classes are those of the formulas, around the matcher that routes real contacts."""
    compare(CASES[name], CASES[name].customers)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_what_theory_knows_comes_out_of_two_million(name: str) -> None:
    """The same to three in a hundred."""
    compare(CASES[name], 2_000_000, within=0.03)


def test_nobody_is_held_who_need_not_be() -> None:
    """One line of equals is served in order: nobody is overtaken, whatever the load."""
    everybody, _ = CASES["fifty agents, some give up"].play(20_000)
    assert everybody.overtaken == 0
    assert everybody.customers == 20_000
