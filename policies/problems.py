"""What is wrong with a policy file: where it stands, what was found, what was expected, what was probably meant.

One rule: reading goes on after a problem, so that whoever mends a file sees all of them at once.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

PROBLEMS_MAX = 200
SHOWN_MAX = 60
KNOWN_MAX = 1_000


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake. `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    found: str
    expected: str
    suggestion: str | None = None

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: found {self.found}, expected {self.expected}{hint}"


class PolicyProblems(Exception):
    """The files are no policy set. `problems` is not empty and stands in the order of file, line and column."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.file, problem.line, problem.column))
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(slots=True)
class Findings:
    """What reading has found so far: problems, which refuse the set, and warnings, which do not."""

    problems: list[Problem] = field(default_factory=list[Problem])
    warnings: list[str] = field(default_factory=list[str])

    def add(self, problem: Problem) -> None:
        """Keep `problem`. Raises `PolicyProblems` at the limit: no reader mends more than that in one go."""
        self.problems.append(problem)
        if len(self.problems) >= PROBLEMS_MAX:
            raise PolicyProblems(self.problems)

    def warn(self, warning: str) -> None:
        """Keep a remark that does not refuse the set."""
        self.warnings.append(warning)

    def stop_if_wrong(self) -> None:
        """Raise `PolicyProblems` when there are any."""
        if self.problems:
            raise PolicyProblems(self.problems)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None when none is like it. Only the first `KNOWN_MAX` are compared."""
    by_folded = {name.casefold(): name for name in islice(known, KNOWN_MAX)}
    close = difflib.get_close_matches(word.casefold()[:SHOWN_MAX], by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def shown(text: str) -> str:
    """`text` quoted for a message, on one line and cut."""
    cut = text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"
    return ascii(cut) if not cut.isprintable() else f"'{cut}'"


def either(names: Iterable[str]) -> str:
    """'a, b or c', in the order given."""
    *most, last = list(names) or ["nothing"]
    return f"{', '.join(most)} or {last}" if most else last
