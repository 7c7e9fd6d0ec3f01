"""CEL, for conditions that structure cannot say: checked when a policy is read, bounded and harmless when it runs.

Only the facts may be named, only `FUNCTIONS` called, patterns must be written out, and loops nest two deep at most:
the library has no budget of steps, so what an expression can cost is bounded by its form.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, cast

import cel

from policies.facts import CONTEXT, FACTS, Fact
from policies.problems import nearest
from policies.text import TEXT_MAX

LENGTH_MAX: Final = 500
LOOPS_MAX: Final = 2
FUNCTIONS: Final = ("size", "contains", "startsWith", "endsWith", "matches", "int", "double", "string", "has")
LOOPS: Final = ("all", "exists", "exists_one", "map", "filter")

_SAMPLE: Final[Mapping[str, Fact]] = {
    "channel": "sms", "text": "words", "number": "+14155550100", "language": "en", "country": "DE",
    "known_customer": True, "contacts_in_case": 1, "age_s": 60, "hour_open": True, "media_count": 0,
    "links": 0, "alike": 0, "junk_before": 0, "silent": False, "anonymous": False, "attestation": "none",
    "speaks_at_once": False,
}  # fmt: skip
_TOKEN: Final = re.compile(r"""[rRbB]{0,2}(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|[A-Za-z_]\w*|\d[\w.]*|\S""", re.ASCII)
_FAILURES: Final = (LookupError, ValueError, TypeError, ArithmeticError, RuntimeError)


class ExpressionError(ValueError):
    """An expression that may not run. `found`, `expected` and `suggestion` say why."""

    def __init__(self, *, found: str, expected: str, suggestion: str | None = None) -> None:
        super().__init__(f"found {found}, expected {expected}")
        self.found, self.expected, self.suggestion = found, expected, suggestion


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression."""

    source: str
    program: cel.Program

    def is_true(self, context: cel.Context) -> bool:
        """Whether it is true. A fact that is not known, or of another type, makes it false."""
        try:
            return self.program.execute(context) is True
        except _FAILURES:
            return False


def context_of(facts: Mapping[str, Fact]) -> cel.Context:
    """Facts as an expression sees them: `context.model` is the member `model` of `context`."""
    values: dict[str, object] = {name: facts[name] for name in FACTS if name in facts}
    start = len(CONTEXT)
    values["context"] = {name[start:]: value for name, value in facts.items() if name.startswith(CONTEXT)}
    values["text"] = str(facts.get("text", ""))[:TEXT_MAX]
    return cel.Context(values)


def compile_expression(source: str) -> Expression:
    """The expression of `source`. Raises `ExpressionError`."""
    if len(source) > LENGTH_MAX or not source.isprintable():
        raise ExpressionError(
            found=f"{len(source)} characters", expected=f"one line of at most {LENGTH_MAX} characters"
        )
    tokens = _TOKEN.findall(source)
    bound = frozenset(_loop_variables(tokens))
    try:
        program = cel.compile(source)
    except ValueError as error:
        raise ExpressionError(found=_syntax(str(error)), expected="a CEL expression") from None
    _check_names(program, bound)
    _check_form(tokens)
    _check_result(program)
    return Expression(source, program)


def _check_names(program: cel.Program, bound: frozenset[str]) -> None:
    for name in program.variables():
        if name not in FACTS and name not in bound:
            near = nearest(name, FACTS)
            raise ExpressionError(found=f"the unknown name {name}", expected="a fact", suggestion=near)
    for name in program.functions():
        if name.isidentifier() and not name.startswith("_") and name not in FUNCTIONS:
            near = nearest(name, (*FUNCTIONS, *LOOPS))
            raise ExpressionError(found=f"the unknown function {name}", expected="a known function", suggestion=near)


def _check_form(tokens: list[str]) -> None:
    if '"""' in "".join(tokens) or "'''" in "".join(tokens) or ("/", "/") in pairwise(tokens):
        raise ExpressionError(found="a comment or triple quotes", expected="one plain expression")
    open_calls: list[str] = []
    for at, token in enumerate(tokens):
        before, after = tokens[at - 1] if at else "", tokens[at + 1 : at + 4]
        if token == "matches" and not (before == "." and len(after) == 3 and after[2] == ")" and after[1][-1] in "'\""):
            raise ExpressionError(found="a pattern that is not written out", expected="text.matches('a pattern')")
        if token == "(":
            open_calls.append(before)
        elif token == ")" and open_calls:
            open_calls.pop()
        if sum(call in LOOPS for call in open_calls) > LOOPS_MAX:
            raise ExpressionError(found="loops in loops in loops", expected=f"loops nested at most {LOOPS_MAX} deep")


def _check_result(program: cel.Program) -> None:
    """Try it once: a mistake of types shows itself on any facts."""
    try:
        result = program.execute(context_of(_SAMPLE))
    except TypeError:
        raise ExpressionError(found="a comparison of unlike things", expected="values of one type") from None
    except (LookupError, ArithmeticError, RuntimeError, ValueError):
        return
    if not isinstance(result, bool):
        raise ExpressionError(
            found=f"a value ({type(cast(object, result)).__name__})", expected="a question of yes or no"
        )


def _loop_variables(tokens: list[str]) -> Iterator[str]:
    for name, bracket, variable in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if name in LOOPS and bracket == "(":
            yield variable


def _syntax(message: str) -> str:
    place = re.search(r"<input>:\d+:(\d+): (?:Syntax error: )?([^\n]{1,60})", message)
    return f"at character {place[1]}: {place[2].strip()}" if place else "a broken expression"
