"""Tells whoever reads the stream, and whoever waits in a chat, how long it still takes, when that has become another.

Its one rule: it tells what a person would be told, in whole minutes, and only where that has changed; it looks a moment
after something happened in a line, and now and then while somebody waits there. Nothing of it is kept or has a number.
"""

from collections.abc import Iterator
from typing import Any

from router.core.clock import Ms
from router.core.waits.said import Said
from router.core.words import SECOND_MS, CaseId
from router.http.chat_door import ChatDoor
from router.http.live import Live
from router.http.views import wait_out
from router.node.node import Node

SOON_MS = SECOND_MS
"""Many calls that come at once are looked at once."""
AGAIN_MS = 30 * SECOND_MS
"""A wait becomes shorter though nothing happens: so often it is looked at."""
TOLD_AT_ONCE = 100
"""So many cases stand in one frame."""
DUE = "waits"


class WaitNews:
    def __init__(self, node: Node, live: Live, chat: ChatDoor) -> None:
        self._node = node
        self._live = live
        self._chat = chat
        self._known: dict[CaseId, Said] = {}
        self._due_at: Ms | None = None
        node.waits.on_heard = self._heard

    def _heard(self) -> None:
        """Something happened in a line. What is not surely known of it is no news."""
        if self._node.waits.is_anybody_told:
            self._look_at(Ms(self._node.clock.now() + SOON_MS))

    def _look_at(self, at: Ms) -> None:
        if self._due_at is None or at < self._due_at:
            self._due_at = at
            self._node.deadlines.set(DUE, at, self._look)

    def _look(self) -> None:
        self._due_at = None
        waits = self._node.waits
        waits.settle()
        self._chat.look_at_waits()
        if self._live.readers:
            told = list(self._changes())
            for n in range(0, len(told), TOLD_AT_ONCE):
                self._live.whisper("waits", {"waits": told[n : n + TOLD_AT_ONCE]})
        else:
            self._known.clear()
        if waits.is_anybody_told:
            self._look_at(Ms(self._node.clock.now() + AGAIN_MS))

    def _changes(self) -> Iterator[dict[str, Any]]:
        before, self._known = self._known, {}
        for case, queue, said in self._node.waits.told():
            self._known[case] = said
            if before.get(case) != said:
                yield {"case": case, "queue": queue, **wait_out(said).model_dump()}
