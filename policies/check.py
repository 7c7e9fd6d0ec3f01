"""Whether a policy folder is sound: its problems and warnings, to be printed by whoever asked."""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.parse import parse_policies
from policies.policy_set import PolicySet
from policies.problems import PolicyProblems, Problem


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `policies` is there when there is no problem."""

    policies: PolicySet | None
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]

    def lines(self) -> list[str]:
        """One line for each finding, problems first."""
        return [str(problem) for problem in self.problems] + [f"warning: {warning}" for warning in self.warnings]


def check_policies(files: Mapping[str, str], *, base: Mapping[str, str] | None = None) -> Report:
    """Read `files` as version 0 and say what is wrong. Never raises for what the files hold."""
    try:
        policies = parse_policies(files, 0, base=base)
    except PolicyProblems as error:
        return Report(None, tuple(error.problems), ())
    return Report(policies, (), policies.warnings)
