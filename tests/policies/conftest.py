"""Policy sets to try things on: the product's own, with a file or two replaced."""

from collections.abc import Callable, Mapping

import pytest

from policies import PolicyProblems, PolicySet, Problem, default_policy_files, parse_policies

Parse = Callable[[Mapping[str, str]], PolicySet]
Refused = Callable[[str, str], list[Problem]]


@pytest.fixture(scope="session")
def defaults() -> PolicySet:
    return parse_policies(default_policy_files(), 1)


@pytest.fixture(scope="session")
def parse() -> Parse:
    """The product's own set with some files replaced."""
    return lambda files: parse_policies({**default_policy_files(), **files}, 1)


@pytest.fixture(scope="session")
def refused(parse: Parse) -> Refused:
    """The problems of the product's own set with one file replaced; there must be some."""

    def problems_of(file: str, text: str) -> list[Problem]:
        with pytest.raises(PolicyProblems) as caught:
            parse({file: text})
        return caught.value.problems

    return problems_of
