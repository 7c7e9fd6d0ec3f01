"""One connection of a chat, from hello to its end, without I/O: what it may say, and in which order it hears.

Its one rule: lines are said in order of their number, each once, and none is passed over. What a client says is given
to the host frame by frame; what is to be said stands in `out`, and whoever does not read it is cut.
"""

import re
from collections import deque
from enum import StrEnum
from typing import Any

from channels.chat.frames import BadFrame, Frame, Hello, Said, Typing, error_frame, read_frame, say
from router.core.clock import Ms
from router.core.values import value
from router.core.words import SECOND_MS

OUT_MAX = 256
"""Frames that wait to be sent; a reader who lets more of them pile up is cut."""
TYPING_EVERY_MS = SECOND_MS
FRAMES_A_SECOND = 50
"""More than this in a second are dropped, and each message among them is told of; that somebody types has an allowance
of its own, of as many, and what is beyond it is not even told of."""
REFUSED_A_SECOND = 50
"""Messages of a second that are told that they were dropped, by name; of more none are told."""
NAMED = re.compile(r'"client_id"\s*:\s*"([A-Za-z0-9_-]{1,40})"', re.ASCII)
LOOKED_AT = 200
"""Characters at either end of a frame that is dropped in which its kind and name are looked for."""
ANGRY_FRAMES = 5_000
"""So many dropped frames end a connection."""


class Stage(StrEnum):
    NEW = "new"
    OPENING = "opening"
    OPEN = "open"
    OVER = "over"


@value
class Line:
    """One line of a chat, as everybody in it sees it. `message`: ours, to be acknowledged."""

    seq: int
    at: str
    author: str  # customer, agent, system
    text: str
    name: str | None = None
    client_id: str | None = None
    files: tuple[dict[str, Any], ...] = ()
    message: str | None = None
    by: str | None = None  # the channel by which it went, where its visitor had left


class Conversation:
    def __init__(self) -> None:
        self.stage = Stage.NEW
        self.out: deque[str] = deque()
        self.at = 0  # the number of the last line that was said
        self.is_slow = False
        self.own: set[str] = set()  # client ids that this connection sent and that were not accepted yet
        self._unacknowledged: deque[tuple[int, str]] = deque(maxlen=OUT_MAX)
        self._second = 0
        self._frames = 0
        self._typings = 0
        self._dropped = 0
        self._typed_at = -TYPING_EVERY_MS
        self._typed_on = False

    # --- what comes ---------------------------------------------------------------------------------------------------

    def hear(self, text: str, now: Ms) -> Frame | None:
        """What the host is to act on. None: nothing; where something was wrong, that is said already."""
        if self.stage is Stage.OVER or not self._may(text, now):
            return None
        try:
            frame = read_frame(text)
            self._check_order(frame)
        except BadFrame as bad:
            self.say(error_frame(bad.error, str(bad), client_id=bad.client_id))
            return None
        match frame:
            case Hello():
                self.stage = Stage.OPENING
                self.at = frame.since
            case Said():
                self.own.add(frame.client_id)
            case Typing():
                return frame if self._is_news(frame, now) else None
            case _:
                pass
        return frame

    def acknowledged(self, seq: int) -> list[str]:
        """Messages of ours up to line `seq` that were said here and are acknowledged by that for the first time."""
        found: list[str] = []
        while self._unacknowledged and self._unacknowledged[0][0] <= seq:
            found.append(self._unacknowledged.popleft()[1])
        return found

    # --- what goes ----------------------------------------------------------------------------------------------------

    def open(self, *, seq: int, **told: Any) -> None:
        """The session is known: its lines go up to `seq`. A client that says it has more has nothing."""
        self.stage = Stage.OPEN
        self.at = self.at if self.at <= seq else 0
        self.say(say("welcome", v=1, seq=seq, since=self.at, **told))

    def stay_new(self) -> None:
        """The hello was refused; another one may be said."""
        self.stage = Stage.NEW
        self.at = 0

    def line(self, line: Line) -> None:
        """Say the line that follows the last one; any other is not said."""
        if line.seq != self.at + 1:
            return
        self.at = line.seq
        if line.message is not None:
            self._unacknowledged.append((line.seq, line.message))
        if line.client_id is not None and line.client_id in self.own:
            self.accept(line.client_id, line.seq, line.at)
            return
        told: dict[str, Any] = {"from": line.author, "text": line.text, "files": list(line.files)}
        told |= {"name": line.name} if line.name else {}
        told |= {"client_id": line.client_id} if line.client_id else {}
        told |= {"by": line.by} if line.by else {}
        self.say(say("message", seq=line.seq, at=line.at, **told))

    def accept(self, client_id: str, seq: int, at: str) -> None:
        """A message of this client is durable, as line `seq`."""
        self.own.discard(client_id)
        self.say(say("accepted", client_id=client_id, seq=seq, at=at))

    def refuse(self, error: str, detail: str = "", **more: Any) -> None:
        self.own.discard(str(more.get("client_id")))
        self.say(error_frame(error, detail, **more))

    def say(self, frame: str) -> None:
        if len(self.out) >= OUT_MAX:
            self.is_slow = True
            return
        self.out.append(frame)

    def end(self) -> None:
        self.stage = Stage.OVER

    # --- inside -------------------------------------------------------------------------------------------------------

    def _may(self, text: str, now: Ms) -> bool:
        second = now // SECOND_MS
        if second != self._second:
            self._second, self._frames, self._typings = second, 0, 0
        ends = text if len(text) <= 2 * LOOKED_AT else text[:LOOKED_AT] + text[-LOOKED_AT:]
        if '"typing"' in ends and '"client_id"' not in ends:
            self._typings += 1
            if self._typings <= FRAMES_A_SECOND:
                return True
        else:
            self._frames += 1
            if self._frames <= FRAMES_A_SECOND:
                return True
            self._say_dropped(ends)
        self._dropped += 1
        if self._dropped > ANGRY_FRAMES:
            self.is_slow = True
        return False

    def _say_dropped(self, ends: str) -> None:
        """A message is told by its name that it was dropped; everything else of that second once."""
        beyond = self._frames - FRAMES_A_SECOND
        named = NAMED.search(ends)
        if beyond == 1 or (named is not None and beyond <= REFUSED_A_SECOND):
            client_id = named[1] if named is not None else None
            self.say(error_frame("too_many", client_id=client_id, retry_after_s=1))

    def _check_order(self, frame: Frame) -> None:
        if self.stage is Stage.NEW and not isinstance(frame, Hello):
            client_id = frame.client_id if isinstance(frame, Said) else None
            raise BadFrame("hello_first", client_id=client_id)
        if self.stage is not Stage.NEW and isinstance(frame, Hello):
            raise BadFrame("hello_twice")

    def _is_news(self, frame: Typing, now: Ms) -> bool:
        """Somebody who types says so once a second at most; that they stopped is told once."""
        if frame.on == self._typed_on and (not frame.on or now - self._typed_at < TYPING_EVERY_MS):
            return False
        if frame.on and now - self._typed_at < TYPING_EVERY_MS:
            return False
        self._typed_on = frame.on
        self._typed_at = now if frame.on else self._typed_at
        return True
