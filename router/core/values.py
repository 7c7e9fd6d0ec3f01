"""`value`: the house's class of plain values. Immutable, compared and hashed by its fields; defaults are not written.

A value is a `msgspec.Struct`: made and copied in C at a tenth of a frozen dataclass's cost, of which a contact takes
some sixty. The only third-party name in the core; it does no I/O.
"""

from typing import Any, TypeVar, dataclass_transform

import msgspec
from msgspec import field, structs

T = TypeVar("T")
STRUCT = type(msgspec.Struct)
LEFT_OUT = ("__dict__", "__weakref__")

__all__ = ["field", "fields_of", "replace", "value"]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make `cls`, a class of annotated fields, a value. Field types may not be subclassed."""
    names = {name: part for name, part in vars(cls).items() if name not in LEFT_OUT}
    make: Any = STRUCT
    made: Any = make(cls.__name__, (msgspec.Struct,), names, frozen=True, omit_defaults=True, gc=False)
    return made


def replace(old: T, /, **changes: Any) -> T:
    """A copy of a value with some fields changed. Raises TypeError for a field that is not there."""
    copy: Any = structs.replace
    made: Any = copy(old, **changes)
    return made


def fields_of(one: object) -> dict[str, Any]:
    """The fields of a value by name, not copied."""
    return structs.asdict(one)  # pyright: ignore[reportArgumentType]
