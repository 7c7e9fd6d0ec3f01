"""YAML text to a tree of plain text that remembers where each part stands.

One rule: nothing is guessed here. A scalar stays the text that was written (`no`, `010`, `12:30`), and the schema says
what it means; so YAML's own readings can never turn an answer into another one. Tags, anchors, aliases, directives and
several documents in one file are refused: no policy needs them, and they are what hostile YAML is made of.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from policies.problems import PolicyProblems, Problem, shown

FILE_BYTES_MAX = 256 * 1024
DEPTH_MAX = 16
NODES_MAX = 20_000
_UNFIT = re.compile("[\x00-\x08\x0a-\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff\ufffe\uffff]")
"""What nobody sees: control characters but tab and return, halves of characters, and marks of order."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One written value, as text; empty and not quoted means that nothing was written."""

    file: str
    line: int
    column: int
    text: str
    is_quoted: bool

    def found(self) -> str:
        return shown(self.text) if self.text or self.is_quoted else "nothing"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list, in its order."""

    file: str
    line: int
    column: int
    items: "tuple[Node, ...]"

    def found(self) -> str:
        return "a list"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in their order; every key once."""

    file: str
    line: int
    column: int
    entries: "dict[str, tuple[Scalar, Node]]"

    def found(self) -> str:
        return "a block of keys"


Node = Scalar | Listing | Mapping


@dataclass(frozen=True, slots=True)
class _Event:
    """One step of the parser, with what is asked of it here. `kind` is the name of its class."""

    kind: str
    line: int
    column: int
    text: str
    is_quoted: bool
    has_anchor: bool
    tag: str | None


def problem_at(node: Node, *, found: str, expected: str, suggestion: str | None = None) -> Problem:
    """A problem that stands where `node` stands."""
    return Problem(node.file, node.line, node.column, found, expected, suggestion)


@lru_cache(maxsize=64)
def tree_of(file: str, text: str) -> Mapping:
    """The tree of one file; an empty file is a mapping without keys. Nobody changes it: a set is read again when one of
    its files has changed, and the others are most of the work.

    Raises `PolicyProblems` with the first problem found. Time is linear in the text, which is cut off at
    `FILE_BYTES_MAX`, at `DEPTH_MAX` levels and at `NODES_MAX` parts.
    """
    _check_characters(file, text)
    try:
        root = _Builder(file, _events(text)).document()
    except MarkedYAMLError as error:
        raise PolicyProblems([_yaml_problem(file, text, error)]) from None
    except (YAMLError, ValueError, IndexError) as error:
        raise PolicyProblems([Problem(file, 1, 1, shown(str(error)), "valid YAML")]) from None
    if isinstance(root, Scalar) and not root.text:
        return Mapping(file, 1, 1, {})
    if not isinstance(root, Mapping):
        raise PolicyProblems([problem_at(root, found=root.found(), expected="keys with values at the top of the file")])
    return root


class _Builder:
    """Builds the tree from parser events, and stops at the first thing that no policy needs."""

    def __init__(self, file: str, stream: Iterator[_Event]) -> None:
        self._file = file
        self._stream = stream
        self._count = 0

    def document(self) -> Node:
        root: Node = Scalar(self._file, 1, 1, "", False)
        documents = 0
        for event in self._stream:
            if event.kind == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    self._refuse(event, found="a second document (---)", expected="one document in each file")
                root = self._node(next(self._stream), 1)
        return root

    def _node(self, event: _Event, depth: int) -> Node:
        self._check(event, depth)
        if event.kind == "ScalarEvent":
            return Scalar(self._file, event.line, event.column, event.text, event.is_quoted)
        if event.kind == "SequenceStartEvent":
            return Listing(self._file, event.line, event.column, tuple(self._items(depth)))
        return Mapping(self._file, event.line, event.column, self._entries(depth))

    def _items(self, depth: int) -> Iterator[Node]:
        while (event := next(self._stream)).kind != "SequenceEndEvent":
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> dict[str, tuple[Scalar, Node]]:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while (event := next(self._stream)).kind != "MappingEndEvent":
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar) or not key.text:
                raise PolicyProblems([problem_at(key, found=f"{key.found()} as a key", expected="a word as the key")])
            if key.text in entries:
                expected = f"each key once (first: line {entries[key.text][0].line})"
                raise PolicyProblems([problem_at(key, found=f"a second {shown(key.text)}", expected=expected)])
            entries[key.text] = (key, self._value(key, depth))
        return entries

    def _value(self, key: Scalar, depth: int) -> Node:
        """The value of a key; one that is missing stands where its key does, for the parser meets it later."""
        node = self._node(next(self._stream), depth + 1)
        is_missing = isinstance(node, Scalar) and not node.text and not node.is_quoted
        return replace(node, line=key.line, column=key.column) if is_missing else node

    def _check(self, event: _Event, depth: int) -> None:
        self._count += 1
        if event.has_anchor:
            self._refuse(event, found="an anchor or alias (& or *)", expected="values written out, without & and *")
        if event.tag is not None:
            self._refuse(event, found=f"a tag ({shown(event.tag)})", expected="plain values, without tags (!)")
        if depth > DEPTH_MAX:
            self._refuse(event, found="very deep nesting", expected=f"at most {DEPTH_MAX} levels")
        if self._count > NODES_MAX:
            self._refuse(event, found="a very large file", expected=f"at most {NODES_MAX} keys and values")

    def _refuse(self, event: _Event, *, found: str, expected: str) -> None:
        raise PolicyProblems([Problem(self._file, event.line, event.column, found, expected)])


def _events(text: str) -> Iterator[_Event]:
    """The parser's steps, one at a time, so that nobody parses what is refused anyway."""
    parser = cast(Any, YAML(typ="safe", pure=True))
    for event in parser.parse(text):
        mark, tag = event.start_mark, getattr(event, "tag", None)
        yield _Event(
            kind=type(event).__name__,
            line=mark.line + 1,
            column=mark.column + 1,
            text=getattr(event, "value", ""),
            is_quoted=bool(getattr(event, "style", None)),
            has_anchor=getattr(event, "anchor", None) is not None,
            tag=None if tag is None else str(tag),
        )


def _check_characters(file: str, text: str) -> None:
    """Refuse what is too long or not printable before any parser sees it."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > FILE_BYTES_MAX:
        raise PolicyProblems([Problem(file, 1, 1, f"{size} bytes", f"at most {FILE_BYTES_MAX} bytes in a file")])
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("%"):
            raise PolicyProblems([Problem(file, number, 1, "a directive (%)", "no YAML directives")])
        if (bad := _UNFIT.search(line)) is not None:
            raise PolicyProblems([Problem(file, number, bad.start() + 1, f"character {bad[0]!a}", "printable text")])


def _yaml_problem(file: str, text: str, error: MarkedYAMLError) -> Problem:
    """The parser's complaint in words for people who do not write parsers."""
    said = cast(Any, error)
    is_open = "unexpected end of stream" in str(said.problem)
    mark = said.context_mark if is_open else said.problem_mark or said.context_mark
    line, column = (int(mark.line), int(mark.column)) if mark else (0, 0)
    lines = text.split("\n")
    written = lines[line] if line < len(lines) else ""
    found, expected = str(said.problem), str(said.context or "valid YAML")
    if "\t" in written[: column + 1] or "'\\t'" in found:
        found, expected = "a tab", "spaces before and between values"
    elif "<block end>" in found or "<document start>" in found:
        found, expected = f"{shown(written.strip())} at an unexpected indent", "the same indent as the lines around it"
    elif "mapping values are not allowed" in found:
        found, expected = "a second ':' on one line", "one 'key: value' on a line, or quotes around the value"
    elif "could not find expected ':'" in found:
        found, expected = "a line without ':'", "'key: value'"
    elif is_open:
        found, expected = "a quote that is never closed", "a closing quote"
    return Problem(file, line + 1, column + 1, found, expected)
