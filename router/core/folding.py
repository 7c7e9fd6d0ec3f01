"""What every fold does: get a document of the state, put one, change one. Each change raises its version by one."""

from typing import Any, TypeVar

from router.core.documents import (
    Agent,
    Call,
    Case,
    Customer,
    Document,
    Message,
    Promise,
    Recording,
    Slot,
    Staffing,
    State,
    Work,
)
from router.core.errors import Fault
from router.core.values import replace

D = TypeVar("D", Customer, Case, Message, Call, Promise, Recording, Agent, Work, Slot, Staffing)


def get(state: State, id: str, kind: type[D]) -> D:
    """Document `id`. Raises Fault where it is not there, or another thing."""
    found = state.get(id)
    if not isinstance(found, kind):
        raise Fault(f"an event speaks of {kind.__name__} {id}, which is not there")
    return found


def put(state: State, document: Document) -> State:
    """The state with `document` in it."""
    return {**state, document.id: replace(document, version=document.version + 1)}


def change(state: State, document: Document, /, **changes: Any) -> State:
    """The state with `document` changed."""
    return {**state, document.id: replace(document, version=document.version + 1, **changes)}
