"""Visitors of a site: they chat, drop, come back, send again under the same client id, stay away, and come back at last.
Some are signed in there, send files, say where answers are to follow them, or prove that a number is theirs.

Their one rule: a line that they were told stays on their screen, and the next one has the next number (invariant 39).
What they sent and was not accepted they send again, in the order in which they wrote it. Whoever is erased begins anew;
nobody else ever loses their session.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import jwt
from multidict import CIMultiDict

from channels.sandbox.messages import Message as Text
from channels.wire import WireFailure, WireRequest
from router.core.clock import Clock
from router.core.documents import Message
from router.core.events import ContactReceived
from router.core.timeline import line_of
from router.core.words import Channel
from router.http.chat_pages import FILES_PATH
from tests.simulation.log import Judge, Log
from tests.simulation.loop import Owner
from tests.simulation.options import Options
from tests.simulation.process import CHAT_KEY, SITE_WORD, Process
from tests.simulation.provider import SERVICE_URL

WORDS = ("still E42", "hello?", "my invoice is wrong", "<b>hi</b>", "Meine Heizung ist kalt", "🙂", "a" * 2_000)
CODE = re.compile(r"\b\d{6}\b")
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
    files: dict[str, str] = field(default_factory=dict)  # client id -> what was uploaded for it
    upload: str = ""
    number: str = ""  # a telephone of theirs
    is_signed_in: bool = False
    is_done: bool = False
    ever: set[str] = field(default_factory=set)  # client ids, those of before an erasure as well


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
                            self._process.shows(frame.encode(), "a chat")
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
        self,
        options: Options,
        judge: Judge,
        log: Log,
        *,
        world: Owner,
        process: Callable[[], Process | None],
        clock: Clock,
        texts: Callable[[], list[Text]],
    ) -> None:
        self._options = options
        self._judge = judge
        self._log = log
        self._world = world
        self._process = process
        self._clock = clock
        self._texts = texts
        self.slow = 0.1 if options.has("chat_slow") else 0.0
        self.breaks = 0.3 if options.has("chat_breaks") else 0.0
        self.is_mended = False
        self.counts: Counter[str] = Counter()  # what visitors did
        kinds = Random(f"visitors/kinds/{options.seed}")
        self.all = [
            Visitor(f"visitor {n}", number=f"+1415556{n:04d}", is_signed_in=kinds.random() < 0.3)
            for n in range(options.chats)
        ]
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
        return next((visitor.name for visitor in self.all if id in visitor.ever), None)

    def is_quiet(self) -> bool:
        return all(v.is_done and not v.unsent and not (v.lines and self._is_erased(v)) for v in self.all)

    def _is_erased(self, visitor: Visitor) -> bool:
        """Whether whoever wrote the newest of what they wrote was erased."""
        lines = self._log.lines
        _, writer = max((lines[id] for id in visitor.written if id in lines), default=(0, ""))
        customer = self._log.customer(writer)
        return customer is not None and customer.erased_at is not None

    # --- one visitor --------------------------------------------------------------------------------------------------

    async def _live(self, n: int, visitor: Visitor, chance: Random) -> None:
        length = self._options.minutes * 60.0
        await asyncio.sleep(chance.uniform(0, length))
        for at in range(chance.randint(*WRITES)):
            id = f"v{n}-{at}"
            visitor.written.append(id)
            visitor.ever.add(id)
            visitor.unsent.append((id, chance.choice(WORDS) + self._options.mark))
            if chance.random() < 0.15:
                await self._upload(visitor, id, chance)
            pipe = await self._connected(visitor, chance)
            if pipe is not None and visitor.unsent and visitor.unsent[-1][0] == id:
                self._send(visitor, pipe, visitor.unsent[-1], chance)
            await asyncio.sleep(chance.uniform(*PAUSE_S))
            if chance.random() < 0.3 and (pipe := await self._connected(visitor, chance)):
                await self._says_more(visitor, pipe, chance)
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
        for _ in range(2 if chance.random() < 0.15 else 1):
            self._says(visitor, pipe, message)
        if chance.random() < 0.2:
            pipe.say("typing", on=True)

    def _says(self, visitor: Visitor, pipe: Pipe, message: tuple[str, str]) -> None:
        id, text = message
        files = [visitor.files[id]] if id in visitor.files else []
        pipe.say("message", client_id=id, text=text, files=files)

    async def _upload(self, visitor: Visitor, id: str, chance: Random) -> None:
        """A picture for a message; where it does not arrive, the words go without it."""
        process = self._process()
        if process is None or not visitor.upload:
            return
        headers = CIMultiDict({"Authorization": f"Bearer {visitor.upload}", "X-File-Name": "boiler.png"})
        body = b"\x89PNG\r\n\x1a\n" + chance.randbytes(40)
        with suppress(WireFailure):
            answer = await process.answer(WireRequest("POST", f"{SERVICE_URL}{FILES_PATH}", headers, body))
            if answer.status == 201:
                visitor.files[id] = json.loads(answer.body)["file"]
                self.counts["files"] += 1

    async def _says_more(self, visitor: Visitor, pipe: Pipe, chance: Random) -> None:
        """Where answers are to follow, or that a number is theirs: the code is in the last text that came there."""
        if chance.random() < 0.5:
            pipe.say("leave", reach_me={"channel": "sms", "address": visitor.number})
            return
        pipe.say("prove", address=visitor.number)
        await asyncio.sleep(chance.uniform(5, 60))
        texts = [m.body for m in self._texts() if m.to.number == visitor.number]
        if (found := next((CODE.search(text) for text in texts), None)) is not None and pipe.is_open:
            pipe.say("code", code=found[0] if chance.random() < 0.9 else "000000")

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
        word = {"identity": self._word(visitor)} if visitor.is_signed_in else {"session": visitor.session}
        pipe.say("hello", site=CHAT_KEY, since=visitor.since, **word)
        return None

    def _word(self, visitor: Visitor) -> str:
        """What the site says of whoever is signed in."""
        claims = {"sub": visitor.name, "iss": SITE_WORD.issuer, "aud": SITE_WORD.audience}
        claims["exp"] = self._clock.now() // 1000 + 3600
        return jwt.encode(claims, SITE_WORD.key, algorithm=SITE_WORD.algorithm, headers={"kid": SITE_WORD.kid})

    # --- what they are told -------------------------------------------------------------------------------------------

    def hears(self, visitor: Visitor, pipe: Pipe, frame: dict[str, Any]) -> None:
        match frame["kind"]:
            case "welcome":
                if frame["since"] != visitor.since:
                    self._lost(visitor, f"has {visitor.since} lines and is told {frame['since']}")
                visitor.session, visitor.upload, pipe.is_welcome = frame["session"], frame["upload"], True
                self.counts["signed in"] += frame["identified"]
                for message in visitor.unsent:
                    self._says(visitor, pipe, message)
            case "left" | "proved" as done:
                self.counts[done] += 1
            case "accepted":
                self._accepted(visitor, frame)
            case "message":
                self._line(visitor, frame["seq"], frame.get("client_id") or "ours")
                if frame["from"] == "customer":
                    self._accepted(visitor, frame)
                else:
                    pipe.say("delivered", seq=frame["seq"])
            case "error" if frame["error"] == "bad_session":
                self._lost(visitor, "lost their session")
                if pipe.is_welcome:  # it was open: the service has ended it
                    pipe.cut()
            case "error" if frame["error"] == "used_before":
                self._erased_unheard(visitor, frame["client_id"])
            case "error" if frame["error"] == "bad_file":
                visitor.files.pop(frame["client_id"], None)  # it was of the session before
                pipe.cut()
            case _:
                pass

    def _erased_unheard(self, visitor: Visitor, id: str) -> None:
        """What came and was erased before they were told that it came is not taken again."""
        owners = {e.customer for b in self._log.batches for e in b.events if getattr(e, "client_id", None) == id}
        known = [customer for one in owners if (customer := self._log.customer(one)) is not None]
        if not any(customer.erased_at is not None for customer in known):
            self._judge.broken(2, f"{id} was not taken, and nobody was erased")
        visitor.unsent = deque(one for one in visitor.unsent if one[0] != id)
        visitor.written.remove(id)

    def _lost(self, visitor: Visitor, how: str) -> None:
        """Whoever was erased begins anew, with what they have not sent yet; nobody else is ever told so."""
        if not self._is_erased(visitor):
            self._judge.broken(39, f"{visitor.name} {how}, and was not erased")
        self.counts["erased"] += 1
        visitor.session, visitor.since = None, 0
        visitor.lines.clear()
        visitor.accepted.clear()
        visitor.files.clear()
        visitor.written = [id for id, _ in visitor.unsent]

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
        if waits_for_visitor(log, message):
            judge.broken(2, f"{message.id} is {message.state}, and its visitor is there")


def waits_for_visitor(log: Log, message: Message) -> bool:
    """Whether an answer in a chat is still to be told there: those of whoever was erased are not, nor what followed them."""
    if message.channel is not Channel.CHAT or message.state in ("delivered", "read") or message.moved_to is not None:
        return False
    customer = log.customer(message.customer)
    return customer is None or customer.erased_at is None
