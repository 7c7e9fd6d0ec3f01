"""A service in another process, as the clockwork sees it: the last report that it gave on the present turn.

Its one rule: until the present turn is answered, the side is busy, whatever it said before. It does no I/O: `send` puts
a frame on its way.
"""

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field

from router.core.clock import Ms


class Report(BaseModel):
    """What a service says: `busy` in words, `next_due` in milliseconds since 1970."""

    model_config = ConfigDict(extra="forbid", strict=True)

    turn: int
    busy: list[str] = Field(max_length=10_000)
    next_due: int | None = None


class RemoteSide:
    def __init__(self, name: str, send: Callable[[dict[str, int]], None]) -> None:
        self._name = name
        self._send = send
        self._turn = 0
        self._report: Report | None = None

    def busy(self) -> list[str]:
        if self._report is None:
            return [f"{self._name}: no answer yet to turn {self._turn}"]
        return [f"{self._name}: {words}" for words in self._report.busy]

    def next_due(self) -> Ms | None:
        due = None if self._report is None else self._report.next_due
        return None if due is None else Ms(due)

    def move_to(self, at: Ms) -> None:
        self._turn += 1
        self._report = None
        self._send({"now": at, "turn": self._turn})

    def take(self, report: Report) -> None:
        """A report came; one on an earlier turn is not about the present."""
        if report.turn == self._turn:
            self._report = report
