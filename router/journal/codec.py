"""Bytes and back: events and documents. Upcasters lift what older versions wrote to what is read now.

Encoding is deterministic: the same value gives the same bytes.
"""

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import msgspec

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
    Work,
)
from router.core.errors import Fault
from router.core.events import CommandTaken, CustomerEvent, DomainEvent, Event
from router.core.values import fields_of

T = TypeVar("T")
Fields = dict[str, Any]

EVENT_TYPES: dict[str, type] = {
    kind.__name__: kind for kind in (CommandTaken, *get_args(CustomerEvent), *get_args(DomainEvent))
}
DOCUMENT_TYPES: dict[str, type[Document]] = {
    "customer": Customer,
    "case": Case,
    "message": Message,
    "call": Call,
    "recording": Recording,
    "promise": Promise,
    "agent": Agent,
    "work": Work,
    "slot": Slot,
    "staffing": Staffing,
}
KIND_OF = {kind: name for name, kind in DOCUMENT_TYPES.items()}

UPCASTERS: dict[str, list[Callable[[Fields], Fields]]] = {}
"""By event name: what lifts the fields of each older shape to the next. An entry is never taken away."""

_encoder = msgspec.json.Encoder()
_document_decoders = {name: msgspec.json.Decoder(kind) for name, kind in DOCUMENT_TYPES.items()}
_raw_events = msgspec.json.Decoder(list[tuple[str, int, msgspec.Raw]])
_event_decoders = {name: msgspec.json.Decoder(kind) for name, kind in EVENT_TYPES.items()}


def encode_events(events: tuple[Event, ...]) -> str:
    """A JSON list of [name, shape number, fields]."""
    return _encoder.encode([(name := type(e).__name__, len(UPCASTERS.get(name, ())), e) for e in events]).decode()


def decode_events(text: str | bytes | msgspec.Raw) -> tuple[Event, ...]:
    """Raises `Fault` for an event that this version does not know: the log is newer than the program."""
    return tuple(_decode_event(name, shape, raw) for name, shape, raw in _raw_events.decode(text))


def _decode_event(name: str, shape: int, raw: msgspec.Raw) -> Event:
    decoder = _event_decoders.get(name)
    steps = UPCASTERS.get(name, [])
    if decoder is None or shape > len(steps):
        raise Fault(f"the log holds {name} of shape {shape}, which this version does not know: use a newer version")
    if shape == len(steps):
        return decoder.decode(raw)
    fields: Fields = msgspec.json.decode(raw)
    for lift in steps[shape:]:
        fields = lift(fields)
    return msgspec.convert(fields, EVENT_TYPES[name])


def encode_document(document: Document) -> str:
    return _encoder.encode(document).decode()


def decode_document(kind: str, text: str | bytes) -> Document:
    return _document_decoders[kind].decode(text)


def encode(value: object) -> bytes:
    """Any plain value or dataclass, as JSON."""
    return _encoder.encode(value)


def plain(value: object) -> Fields:
    """The fields of a value as JSON would hold them, defaults too."""
    return {name: msgspec.to_builtins(part) for name, part in fields_of(value).items()}


def decode(text: str | bytes | msgspec.Raw, kind: type[T]) -> T:
    return msgspec.json.decode(text, type=kind)
