"""Visitors of a site: they chat, drop, come back, send again under the same client id, stay away, and come back at last.

Their one rule: a line that they were told stays on their screen, and the next one has the next number (invariant 39).
What they sent and was not accepted they send again, in the order in which they wrote it.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from router.core.events import ContactReceived
from router.core.timeline import line_of
from router.core.words import Channel
from tests.simulation.log import Judge, Log
from tests.simulation.loop import Owner
from tests.simulation.options import Options
from tests.simulation.process import CHAT_KEY, Process

WORDS = ("still E42", "hello?", "my invoice is wrong", "<b>hi</b>", "Meine Heizung ist kalt", "🙂", "a" * 2_000)
WRITES = (1, 5)
PAUSE_S = (2.0, 90.0)
AWAY_S = (1.0, 900.0)
RETRY_S = 5.0
DELAY_S = (0.001, 0.05)


@dataclass
class Visitor:
    """One browser: what it shows and what it has still to send."""

    name: str
    session: str | None = None
    since: int = 0
    lines: list[tuple[int, str]] = field(default_factory=list)
    unsent: deque[tuple[str, str]] = field(default_factory=deque)
    written: list[str] = field(default_factory=list)  # client ids in order
    accepted: dict[str, int] = field(default_factory=dict)
    is_done: bool = False


class Pipe:
    """One connection, to one process, for as long as both are there."""

    def __init__(self, visitors: Visitors, visitor: Visitor, process: Process, chance: Random) -> None:
        self._visitors = visitors
        self._visitor = visitor
        self._process = process
        self._chance = chance
        self._in: asyncio.Queue[str] = asyncio.Queue()
        self._writing = False
        self._again = False
        self.is_open = True
        self.is_welcome = False
        self.seat = process.do(lambda: process.chat.seat(origin="", remote="", wake=self._wake))
        self._reading = process.start(self._read())

    def say(self, kind: str, **fields: Any) -> None:
        self._in.put_nowait(json.dumps({"kind": kind, **fields}))

    def cut(self) -> None:
        """It breaks; what was under way is gone."""
        if self.is_open:
            self.is_open = False
            if self._process.is_alive:
                self._process.do(lambda: (self._reading.cancel(), self.seat.leave()))

    async def _read(self) -> None:
        while self.is_open:
            text = await self._in.get()
            await asyncio.sleep(self._delay_s())
            await self.seat.hear(text)

    def _wake(self) -> None:
        self._again = True
        if not self._writing:
            self._writing = True
            self._process.start(self._write())

    async def _write(self) -> None:
        try:
            while self._again:
                self._again = False
                while frames := await self.seat.next():
                    for frame in frames:
                        await asyncio.sleep(self._delay_s())
                        if self.is_open and self._process.is_alive:
                            self._visitors.hears(self._visitor, self, json.loads(frame))
        finally:
            self._writing = False

    def _delay_s(self) -> float:
        return (
            self._chance.uniform(0.2, 3.0)
            if self._chance.random() < self._visitors.slow
            else self._chance.uniform(*DELAY_S)
        )


class Visitors:
    def __init__(
        self, options: Options, judge: Judge, log: Log, world: Owner, process: Callable[[], Process | None]
    ) -> None:
        self._options = options
        self._judge = judge
        self._log = log
        self._world = world
        self._process = process
        self.slow = 0.1 if options.has("chat_slow") else 0.0
        self.breaks = 0.3 if options.has("chat_breaks") else 0.0
        self.is_mended = False
        self.all = [Visitor(f"visitor {n}") for n in range(options.chats)]
        self._pipes: dict[str, Pipe] = {}

    def begin(self) -> None:
        for n, visitor in enumerate(self.all):
            self._world.start(self._live(n, visitor, Random(f"visitors/{self._options.seed}/{n}")), visitor.name)

    def mend(self) -> None:
        """From now on no connection breaks by itself, and everybody comes and stays."""
        self.is_mended, self.slow, self.breaks = True, 0.0, 0.0

    def sent_by(self, key: str) -> str | None:
        """Who wrote the message of a command's key."""
        if not key.startswith("chat/"):
            return None
        id = key.rpartition("/")[2]
        return next((visitor.name for visitor in self.all if id in visitor.written), None)

    def is_quiet(self) -> bool:
        return all(visitor.is_done and not visitor.unsent for visitor in self.all)

    # --- one visitor --------------------------------------------------------------------------------------------------

    async def _live(self, n: int, visitor: Visitor, chance: Random) -> None:
        length = self._options.minutes * 60.0
        await asyncio.sleep(chance.uniform(0, length))
        for at in range(chance.randint(*WRITES)):
            id = f"v{n}-{at}"
            visitor.written.append(id)
            visitor.unsent.append((id, chance.choice(WORDS)))
            pipe = await self._connected(visitor, chance)
            if pipe is not None:
                self._send(visitor, pipe, visitor.unsent[-1], chance)
            await asyncio.sleep(chance.uniform(*PAUSE_S))
            if chance.random() < self.breaks and (pipe := self._pipes.get(visitor.name)):
                pipe.cut()
            elif chance.random() < 0.2 and not self.is_mended and (pipe := self._pipes.get(visitor.name)):
                pipe.cut()
                await asyncio.sleep(chance.uniform(*AWAY_S))
        visitor.is_done = True
        while True:  # and stays: whatever is answered finds them
            await self._connected(visitor, chance)
            await asyncio.sleep(RETRY_S * 6)

    def _send(self, visitor: Visitor, pipe: Pipe, message: tuple[str, str], chance: Random) -> None:
        id, text = message
        for _ in range(2 if chance.random() < 0.15 else 1):
            pipe.say("message", client_id=id, text=text)
        if chance.random() < 0.2:
            pipe.say("typing", on=True)

    async def _connected(self, visitor: Visitor, chance: Random) -> Pipe | None:
        """The open connection, or a new one; what was not accepted is sent again on it."""
        pipe = self._pipes.get(visitor.name)
        if pipe is not None and pipe.is_open and pipe._process.is_alive and pipe.is_welcome:
            return pipe
        if pipe is not None:
            pipe.cut()
        process = self._process()
        if process is None or process.chat is None:
            return None
        pipe = self._pipes[visitor.name] = Pipe(self, visitor, process, Random(chance.getrandbits(64)))
        pipe.say("hello", site=CHAT_KEY, session=visitor.session, since=visitor.since)
        return None

    # --- what they are told -------------------------------------------------------------------------------------------

    def hears(self, visitor: Visitor, pipe: Pipe, frame: dict[str, Any]) -> None:
        match frame["kind"]:
            case "welcome":
                if visitor.session is not None and frame["since"] != visitor.since:
                    self._judge.broken(39, f"{visitor.name} has {visitor.since} lines and is told {frame['since']}")
                visitor.session, pipe.is_welcome = frame["session"], True
                for id, text in visitor.unsent:
                    pipe.say("message", client_id=id, text=text)
            case "accepted":
                self._accepted(visitor, frame)
            case "message":
                self._line(visitor, frame["seq"], frame.get("client_id") or "ours")
                if frame["from"] == "customer":
                    self._accepted(visitor, frame)
                else:
                    pipe.say("delivered", seq=frame["seq"])
            case "error" if frame["error"] == "bad_session":
                self._judge.broken(39, f"{visitor.name} lost their session")
            case _:
                pass

    def _accepted(self, visitor: Visitor, frame: dict[str, Any]) -> None:
        id, seq = frame["client_id"], frame["seq"]
        if visitor.accepted.setdefault(id, seq) != seq:
            self._judge.broken(3, f"{id} is line {visitor.accepted[id]} and line {seq}")
        if not any(key.endswith(f"/{id}") for key in self._log.keys if key.startswith("chat/")):
            self._judge.broken(1, f"{id} was accepted before it was durable")
        if seq == visitor.since + 1:
            self._line(visitor, seq, id)
        visitor.unsent = deque(one for one in visitor.unsent if one[0] != id)

    def _line(self, visitor: Visitor, seq: int, what: str) -> None:
        if seq != visitor.since + 1:
            self._judge.broken(39, f"{visitor.name} was told line {seq} after line {visitor.since}")
        visitor.since = seq
        visitor.lines.append((seq, what))


def check_chats_end(judge: Judge, log: Log, visitors: Visitors) -> None:
    """Everything that was written is a line once, in the order in which it was sent; everything of ours was told."""
    chats: dict[str, list[tuple[int, Any]]] = {}
    for batch in log.batches:
        for event in batch.events:
            if (line := line_of(event)) is not None:
                chats.setdefault(line[0], []).append((line[1], event))
    by_first = {e.client_id: id for id, rows in chats.items() for _, e in rows if isinstance(e, ContactReceived)}
    for visitor in visitors.all:
        rows = chats.get(by_first.get(visitor.written[0], "") if visitor.written else "", [])
        numbers = [n for n, _ in rows]
        if numbers != list(range(1, len(rows) + 1)):
            judge.broken(39, f"the lines of {visitor.name} are {numbers}")
        told = [e.client_id or "ours" if isinstance(e, ContactReceived) else "ours" for _, e in rows]
        if [what for _, what in visitor.lines] != told:
            judge.broken(39, f"{visitor.name} was told {visitor.lines}, the log says {told}")
        said = [id for id in told if id != "ours"]
        if sorted(said) != sorted(visitor.written):
            judge.broken(2, f"{visitor.name} wrote {visitor.written}, the log has {said}")
        if said != visitor.written:
            judge.broken(39, f"{visitor.name} wrote {visitor.written}, and it came as {said}")
    for message in log.messages():
        if message.channel is Channel.CHAT and message.state not in ("delivered", "read"):
            judge.broken(2, f"{message.id} is {message.state}, and its visitor is there")
