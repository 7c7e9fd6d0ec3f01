"""The agents at their desks: ready, away, gone; they accept, decline, ignore, answer, hand on and finish; their screens
open and drop live streams, and check that none of them has a gap or a repeat.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import msgspec

from router.http.live import may_see
from tests.simulation.desk_phones import DeskPhone, about_calls, about_recording, attend_call, begin_call, look_in
from tests.simulation.exchange import Exchange
from tests.simulation.log import Judge, Log
from tests.simulation.loop import Owner
from tests.simulation.network import Link
from tests.simulation.options import Options
from tests.simulation.pages import Page
from tests.simulation.process import ADMIN_TOKEN, Process

SKILLS = ({}, {"heating": 2}, {"billing": 1}, {"heating": 1, "billing": 3})
ANSWERS = ("ok", "We are on it.", "Please switch it off and on.", "E42 means low pressure: see page 12. 👍")


ScreenParts = tuple[Judge, Log, Callable[[], Process | None]]


class Screen:
    """One open page with its live stream. What it has seen is compared with the log, mark by mark."""

    def __init__(self, judge: Judge, log: Log, process: Callable[[], Process | None], token: str) -> None:
        self.position = 0  # the last mark
        self.seen: list[int] = []  # numbers of frames since then
        self.nudge = asyncio.Event()
        self._judge = judge
        self._log = log
        self._process = process
        self._token = token
        self._reading: asyncio.Task[None] | None = None

    def open(self, *, from_now: bool) -> None:
        """Read on from the last mark (or from the last frame, in the middle of a batch)."""
        process = self._process()
        if process is None or not process.is_ready:
            return
        who = process.identity(self._token)
        if who is None or who.agent is None:
            return
        if from_now and not self.position:
            since = process.journal.last_seq
        else:
            since = self.seen[-1] if self.seen else self.position
        self.position, self.seen, agent = since, [], who.agent

        async def read() -> None:
            process.node.domain.stream_opened(agent)
            try:
                async for frame in process.live.frames(since, who):
                    if not process.is_alive:
                        return
                    process.shows(frame, "a live stream")
                    self._take(msgspec.json.decode(frame), who)
            finally:
                if process.is_alive:
                    process.node.domain.stream_closed(agent)

        self._reading = process.start(read())

    @property
    def is_open(self) -> bool:
        return self._reading is not None and not self._reading.done()

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    def _take(self, frame: dict[str, Any], who: Any) -> None:
        if frame["kind"] == "typing":  # nothing of it is kept
            return
        seq = frame["seq"]
        if seq > self._log.seq:
            self._judge.broken(1, f"the stream showed {seq} before it was durable")
        if frame["kind"] != "mark":
            if seq <= (self.seen[-1] if self.seen else self.position):
                self._judge.broken(39, f"the stream repeated {seq} after {self.seen[-1:] or self.position}")
            self.seen.append(seq)
            if frame["kind"] == "WorkOffered":
                self.nudge.set()
            return
        expected = [
            n
            for batch in self._after(self.position, seq)
            for n, event in enumerate(batch.events, start=batch.first)
            if self.position < n <= seq and may_see(event, who)
        ]
        if expected != self.seen:
            missing = sorted(set(expected) ^ set(self.seen))
            self._judge.broken(39, f"the stream from {self.position} to {seq} has a gap or a repeat: {missing}")
        self.position, self.seen = seq, []

    def _after(self, after: int, until: int) -> list[Any]:
        found: list[Any] = []
        for batch in reversed(self._log.batches):
            if batch.last <= after:
                break
            if batch.first <= until:
                found.append(batch)
        return found[::-1]


class Desk:
    """One agent. `is_lost`: a page that says ready and never answers, for ever. `is_healthy`: does all that comes.
    `known`: the numbers of those whom they may call."""

    def __init__(
        self,
        number: int,
        options: Options,
        api: Link,
        world: Owner,
        screen_parts: ScreenParts,
        *,
        exchange: Exchange,
        known: list[str],
    ) -> None:
        self.name = f"agent {number}"
        self.phone = DeskPhone(number, options, exchange)
        self.is_lost = self.phone.is_lost = number < options.lost_agents
        self.is_healthy = False
        self._known = known
        self._on_phone = Random(f"desk calls/{options.seed}/{number}")
        self._on_tape = Random(f"desk recordings/{options.seed}/{number}")
        self._is_lead = options.has_lead and number == 0 and bool(self.phone.number)
        self.is_over = False
        self.id = self.token = ""
        self.screen: Screen | None = None
        self._chance = Random(f"desk/{options.seed}/{number}")
        self._options = options
        self._page = Page(self.name, api, self._chance, is_over=lambda: self.is_over)
        self._parts = screen_parts
        self.task = world.start(self._work_life(), self.name)

    def heal(self) -> None:
        """From now on they do all that comes."""
        self.is_healthy = self.phone.is_healthy = True

    async def ask(self, method: str, path: str, shape: object = None, *, token: str = "") -> Any:
        """The JSON of a 2xx answer, or None."""
        return await self._page.ask(method, path, shape, token=token or self.token)

    # --- the day ------------------------------------------------------------------------------------------------------

    async def _work_life(self) -> None:
        chance = self._chance
        shape: dict[str, Any] = {
            "name": self.name,
            "skills": chance.choice(SKILLS),
            "capacity": {"message": chance.randint(1, 5)},
        }
        if self.phone.number:
            shape["phone"] = self.phone.number
        if self._options.has_mail:
            shape["capacity"]["email"] = Random(f"desk mail/{self._options.seed}/{self.name}").randint(1, 5)
        if self._is_lead:
            shape["role"] = "lead"
        made = None
        while made is None and not self.is_over:
            made = await self.ask("POST", "/agents", shape, token=ADMIN_TOKEN)
        if made is None:
            return
        self.id, self.token = made["id"], made["token"]
        self.screen = Screen(*self._parts, self.token)
        while not self.is_over:
            await self._be_there()
            if self.is_lost:
                await asyncio.sleep(chance.uniform(30, 200))
                continue
            for _ in range(chance.randint(1, 6)):
                shown = await self.ask("GET", "/agents/me/work")
                if shown is not None:
                    await self._do(shown)
                    if self.phone.number and not self.is_healthy and self._on_phone.random() < 0.02:
                        await begin_call(self.ask, self._known, self._on_phone)
                    if self._is_lead and not self.is_healthy:
                        await look_in(self.ask, self.id, self._on_tape)
                await self._rest(is_busy=shown is not None and bool(shown["work"]))

    async def _be_there(self) -> None:
        me = await self.ask("GET", "/agents/me")
        if me is None:
            return
        chance, leaves = self._chance, not self.is_healthy and not self.is_lost
        if me["state"] != "ready" and (not leaves or chance.random() < 0.7):
            await self.ask("PUT", "/agents/me/state", {"state": "ready"})
        elif me["state"] == "ready" and leaves and chance.random() < 0.06:
            await self.ask("PUT", "/agents/me/state", {"state": chance.choice(("away", "off", "busy"))})
        if self.screen is None or self.is_lost:
            return
        if not self.screen.is_open and (self.is_healthy or chance.random() < 0.8):
            self.screen.open(from_now=chance.random() < 0.5)
        elif self.screen.is_open and self._options.has("streams_flap") and leaves and chance.random() < 0.3:
            self.screen.close()

    async def _rest(self, *, is_busy: bool) -> None:
        screen, length = self.screen, self._chance.uniform(3, 20) if is_busy else self._chance.uniform(15, 90)
        if screen is None or not screen.is_open:
            await asyncio.sleep(length)
            return
        screen.nudge.clear()
        nudged = asyncio.ensure_future(screen.nudge.wait())
        await asyncio.wait([nudged], timeout=length)
        nudged.cancel()
        await asyncio.sleep(self._chance.uniform(0.3, 3))

    async def _do(self, shown: dict[str, Any]) -> None:
        chance = self._chance
        for offer in shown["offers"]:
            what = 0.0 if self.is_healthy else chance.random()
            if what < 0.75:
                await self.ask("POST", f"/offers/{offer['id']}/accept")
            elif what < 0.85:
                await self.ask("POST", f"/offers/{offer['id']}/decline", {"reason": "not mine"})
        for work in shown["work"]:
            await self._attend(work)

    async def _attend(self, work: dict[str, Any]) -> None:
        """One step on one piece of work; sometimes none."""
        chance, case = self._chance, work["case"]
        if work["channel"] == "phone":
            if self._options.recorded != "no" and not self.is_healthy:
                await about_recording(self.ask, case, self._on_tape)
            await attend_call(self.ask, work, self.id, self._on_phone, is_healthy=self.is_healthy)
            return
        windows = self._options.windows
        if self._options.calls and not self.is_healthy and self._on_phone.random() < (0.2 if windows else 0.03):
            await about_calls(self.ask, case, self._on_phone, windows=windows)
        what = chance.random()
        if work["state"] == "active" and what < 0.45:
            mark = f"({self.name}, {self._page.asked})"  # no two agents say the same
            text = "ok" if self._options.repeats_words else f"{chance.choice(ANSWERS)} {mark}"
            await self.ask("POST", f"/cases/{case}/messages", {"text": text})
            if chance.random() < 0.5:
                return
        if not self.is_healthy and what < 0.55:
            to = "queue:general" if chance.random() < 0.7 else f"agent:{self.id}"
            await self.ask("POST", f"/work/{work['id']}/transfer", {"to": to, "reason": "somebody else knows"})
        elif not self.is_healthy and what < 0.62:
            await self.ask("POST", f"/cases/{case}/notes", {"text": "looked into it"})
        elif not self.is_healthy and what < 0.68:
            await self.ask("POST", f"/cases/{case}/status", {"status": chance.choice(("solved", "waiting_customer"))})
        elif self.is_healthy or what < 0.9:
            outcome = "solved" if chance.random() < 0.5 else "answered"
            await self.ask("POST", f"/work/{work['id']}/finish", {"outcome": outcome, "note": "done"})
