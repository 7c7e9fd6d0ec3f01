"""Whose documents are folded together: those of all customers who were ever found to be one person.

Its one rule: a group only grows. Folding looks documents up by id, so that more of them than needed change nothing.
"""

from collections.abc import Iterable

from router.core.events import CustomersMerged, Event


class Persons:
    """Groups of streams, by the streams in them."""

    def __init__(self) -> None:
        self._groups: dict[str, tuple[str, ...]] = {}

    def streams(self, stream: str) -> tuple[str, ...]:
        """All streams that are folded together with this one, itself included."""
        return self._groups.get(stream, (stream,))

    def hear(self, events: Iterable[Event]) -> bool:
        """Whether groups were joined by `events`. To be told of a batch before it is folded."""
        joined = False
        for event in events:
            if isinstance(event, CustomersMerged):
                group = tuple(dict.fromkeys((*self.streams(event.customer), *self.streams(event.into))))
                joined |= len(group) > len(self.streams(event.into))
                self._groups.update(dict.fromkeys(group, group))
        return joined
