"""`value`: the house's class of plain values, immutable to the type checker and cheap to make.

A frozen dataclass sets each field through `object.__setattr__`: about four times the cost, twenty times a contact. Here
the checker (strict in core and policies) refuses every assignment, and a value is hashed and compared by its fields.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A slotted dataclass that nobody changes after it was made."""
    return dataclass(slots=True, unsafe_hash=True)(cls)


_read: dict[type, Callable[[Any], tuple[Any, ...]]] = {}


def replace(old: T, /, **changes: Any) -> T:
    """A copy of a value with some fields changed. As `dataclasses.replace`, at a third of its cost. Raises
    AttributeError for a field that is not there."""
    kind = type(old)
    read = _read.get(kind)
    if read is None:
        read = _read[kind] = attrgetter(*(f.name for f in fields(kind)))  # pyright: ignore[reportArgumentType]
    new = kind(*read(old))
    for name, changed in changes.items():
        setattr(new, name, changed)
    return new
