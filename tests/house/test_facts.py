"""The map from facts of the provider to tests is whole: no fact without a test, no test of a fact that nobody wrote down."""

import ast
import re
from collections.abc import Iterator

from house import modules

from tests.sandbox.facts import FACTS


def marked() -> Iterator[tuple[str, str]]:
    """Each id that a test is marked with, and where."""
    for file in modules("tests"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        tests = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        for test in tests:
            for mark in test.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fact":
                    assert test.name.startswith("test_"), f"{file.name}: {test.name} is no test"
                    for one in mark.args:
                        assert isinstance(one, ast.Constant), f"{file.name}: {test.name}: ids are written out"
                        yield str(one.value), f"{file.name}: {test.name}"


def test_every_fact_has_a_test() -> None:
    proved = {fact for fact, _ in marked()}
    assert not [fact for fact in FACTS if fact not in proved]


def test_every_test_of_a_fact_names_one_that_is_known() -> None:
    assert not [(fact, where) for fact, where in marked() if fact not in FACTS]


def test_facts_are_sentences_with_ids_in_order() -> None:
    """`kind-1`, `kind-2` and so on, each once."""
    counted: dict[str, int] = {}
    for fact, words in FACTS.items():
        kind, _, number = fact.partition("-")
        counted[kind] = counted.get(kind, 0) + 1
        assert re.fullmatch(r"[a-z]+", kind) and number == str(counted[kind]), fact
        assert words.endswith("."), fact
