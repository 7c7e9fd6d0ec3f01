"""Typed reading of one block of keys: every mistake is noted with its place, and reading goes on with a stand-in.

One rule: a key that is not in the list of known keys is refused, with the nearest known one. A stand-in value never
gets out, for the set is refused when anything was noted.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from policies import scalars
from policies.problems import Findings, either, nearest
from policies.tree import Listing, Mapping, Node, Scalar, problem_at

Value = TypeVar("Value")


class Fields:
    """The keys of one block. `keys` names those that may stand there; None allows any."""

    def __init__(self, node: Node, findings: Findings, *, keys: Iterable[str] | None = None) -> None:
        self.node = node
        self.findings = findings
        self._entries: dict[str, tuple[Scalar, Node]] = {}
        if isinstance(node, Mapping):
            self._entries = node.entries
        else:
            self.refuse(node, expected="keys with values, indented below")
        if keys is not None:
            self._refuse_unknown(tuple(keys))

    def refuse(self, at: Node, *, expected: str, found: str | None = None, suggestion: str | None = None) -> None:
        """Note a problem where `at` stands; what was found is said by the node itself unless given."""
        self.findings.add(problem_at(at, found=found or at.found(), expected=expected, suggestion=suggestion))

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def items(self) -> Iterator[tuple[Scalar, Node]]:
        """Keys with values, in the order of the file."""
        return iter(self._entries.values())

    def key(self, key: str) -> Node:
        """Where `key` itself stands."""
        return self._entries[key][0]

    def get(self, key: str) -> Node | None:
        """The value of `key`, if it is there."""
        entry = self._entries.get(key)
        return entry[1] if entry else None

    def need(self, key: str) -> Node | None:
        """The value of `key`; its absence is a problem of the block."""
        if key not in self._entries and isinstance(self.node, Mapping):
            self.refuse(self.node, found=f"no key {key}", expected=f"the key {key} here")
        return self.get(key)

    def block(self, key: str, *, keys: Iterable[str] | None = None) -> "Fields":
        """The block below `key`; an empty one when the key is not there."""
        node = self.get(key)
        stand_in = Mapping(self.node.file, self.node.line, self.node.column, {})
        return Fields(stand_in if node is None else node, self.findings, keys=keys)

    def scalar(
        self, node: Node | None, read: Callable[[str], Value | None], *, expected: str,
        hint: Callable[[str], str | None] = lambda text: None,
    ) -> Value | None:  # fmt: skip
        """What `read` makes of one written value; None, with a problem noted, when it makes nothing of it."""
        if node is None:
            return None
        value = read(node.text) if isinstance(node, Scalar) else None
        if value is None:
            self.refuse(node, expected=expected, suggestion=hint(node.text) if isinstance(node, Scalar) else None)
        return value

    def text(self, node: Node | None, *, expected: str = "text") -> str | None:
        """Any text but an empty one."""
        return self.scalar(node, lambda text: text.strip() or None, expected=expected)

    def name(self, node: Node | None) -> str | None:
        """A name, as `scalars.name` allows it."""
        return self.scalar(node, scalars.name, expected=scalars.NAME_FORM, hint=_name_hint)

    def choice(self, node: Node | None, known: Iterable[str], *, what: str) -> str | None:
        """One of `known`; what else is written is refused with the nearest."""
        names = tuple(known)
        expected = f"{what}: {either(names)}" if len(names) <= 12 else what
        return self.scalar(node, lambda text: text if text in names else None, expected=expected,
                           hint=lambda text: nearest(text, names))  # fmt: skip

    def items_of(self, node: Node | None) -> tuple[Node, ...]:
        """The items of a list; one value alone is a list of one."""
        if node is None:
            return ()
        if isinstance(node, Listing):
            if not node.items:
                self.refuse(node, found="an empty list", expected="at least one value")
            return node.items
        return (node,)

    def count(self, key: str, default: int, *, low: int, high: int) -> int:
        """A whole number of `low` to `high`."""
        value = self.scalar(self.get(key), lambda text: _within(scalars.whole(text), low, high),
                            expected=f"a whole number of {low} to {high}", hint=scalars.number_hint)  # fmt: skip
        return default if value is None else value

    def number(self, key: str, default: float, *, low: float, high: float) -> float:
        """A number of `low` to `high`, with a decimal point where needed."""
        value = self.scalar(self.get(key), lambda text: _within(scalars.decimal(text), low, high),
                            expected=f"a number of {low:g} to {high:g}", hint=scalars.number_hint)  # fmt: skip
        return default if value is None else value

    def flag(self, key: str, *, default: bool) -> bool:
        """yes or no."""
        value = self.scalar(self.get(key), scalars.yes_no, expected="yes or no")
        return default if value is None else value

    def seconds(self, key: str, default: int, *, low: int = 1, high: int = 400 * 86_400) -> int:
        """A duration in seconds, `low` at least."""
        value = self.duration(self.get(key), low=low, high=high)
        return default if value is None else value

    def duration(self, node: Node | None, *, low: int = 1, high: int = 400 * 86_400) -> int | None:
        """The same of a node."""
        value = self.scalar(node, scalars.seconds, expected=scalars.DURATION_FORM, hint=scalars.duration_hint)
        if value is not None and node is not None and _within(value, low, high) is None:
            self.refuse(node, expected=f"a duration of {low} s to {high // 86_400} days")
            return None
        return value

    def _refuse_unknown(self, keys: tuple[str, ...]) -> None:
        for key, _ in self._entries.values():
            if key.text not in keys:
                near = nearest(key.text, keys)
                self.refuse(key, found=f"unknown key {key.found()}", expected=either(keys), suggestion=near)


def _within(value: Value | None, low: float, high: float) -> Value | None:
    return value if isinstance(value, int | float) and low <= value <= high else None


def _name_hint(text: str) -> str | None:
    return scalars.name("-".join(text.casefold().split()))
