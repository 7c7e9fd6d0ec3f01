"""A scenario file: YAML to a `Scenario`, or what is wrong with it.

One rule: what is wrong is said with its place, what was found and what was expected, all at once; nothing is guessed.
"""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from policies import PolicyProblems, Problem
from policies.files import text_of_file
from policies.problems import either, nearest
from policies.tree import Mapping, Node, Scalar, problem_at, tree_of
from router.sim.scenario import Arrivals, CallBacks, Class, Part, Scenario, Spread, Team

PARTS: dict[str, type[Part]] = {
    "arrivals": Arrivals,
    "handling": Spread,
    "patience": Spread,
    "teams": Team,
    "classes": Class,
    "call_backs": CallBacks,
}


class ScenarioProblems(Exception):
    """The file is no scenario. `problems` is not empty and stands in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


def read_scenario(file: Path) -> Scenario:
    """The scenario in `file`; a policy folder is looked for beside it. Raises `ScenarioProblems`, and OSError where the
    file cannot be read."""
    try:
        tree = tree_of(file.name, text_of_file(file))
    except PolicyProblems as problems:
        raise ScenarioProblems(problems.problems) from None
    try:
        scenario = Scenario.model_validate(_plain(tree))
    except ValidationError as error:
        raise ScenarioProblems([_problem(tree, one) for one in error.errors()]) from None
    if scenario.policy is not None:
        scenario = scenario.model_copy(update={"policy": str(file.parent / scenario.policy)})
    return scenario


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.text if node.text or node.is_quoted else None
    if isinstance(node, Mapping):
        return {key: _plain(value) for key, (_, value) in node.entries.items()}
    return [_plain(item) for item in node.items]


def _problem(tree: Mapping, error: Any) -> Problem:
    """One complaint of the checker, where it belongs and in the words of this house."""
    node, steps = _node_at(tree, error["loc"])
    said = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ").partition(", unable to")[0]
    match error["type"]:
        case "extra_forbidden":
            key, known = str(error["loc"][-1]), _keys_beside(error["loc"])
            key_node = steps.entries[key][0] if isinstance(steps, Mapping) else node
            return problem_at(
                key_node, found=f"unknown key '{key}'", expected=either(known), suggestion=nearest(key, known)
            )
        case "too_long":
            said = f"{error['ctx']['max_length']} values at most"
        case "missing" if isinstance(error["loc"][-1], int):
            said = "two values: the hour, and what holds from then on"
        case "missing":
            return problem_at(node, found=f"no key {error['loc'][-1]}", expected=f"the key {error['loc'][-1]} here")
        case "model_type" | "dict_type" | "model_attributes_type":
            said = "keys with values, indented below"
        case "tuple_type" | "list_type":
            said = "a list"
        case "too_short":
            said = "one value at least"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            said = f"a number {said}"
        case _:
            pass
    return problem_at(node, found=node.found(), expected=said)


def _node_at(tree: Mapping, loc: tuple[int | str, ...]) -> tuple[Node, Node]:
    """The part of the file that a complaint is about, as near as there is one, and what it stands in."""
    node: Node = tree
    inside: Node = tree
    for step in loc:
        if isinstance(node, Mapping) and step in node.entries:
            inside, node = node, node.entries[str(step)][1]
        elif not isinstance(node, Scalar | Mapping) and isinstance(step, int) and step < len(node.items):
            inside, node = node, node.items[step]
        else:
            break
    return node, inside


def _keys_beside(loc: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand where an unknown one was found."""
    named = [step for step in loc[:-1] if isinstance(step, str)]
    return list((PARTS[named[-1]] if named else Scenario).model_fields)
