"""The telephone as the provider knows it: who is on which line, what is in whose ear, who really pressed what.

Its one rule: it is the truth that the service only hears of. People act here on their phones; it never asks the log
what they did.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from channels.sandbox.account import Number
from channels.sandbox.core import Sandbox
from channels.sandbox.phones import Kind
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.network import Network
from channels.sandbox.voice.recordings import Recording
from router.core.clock import Clock
from tests.simulation.log import Judge
from tests.simulation.loop import Owner

GAP_MS = 2_000
"""So long after a prompt's time there may be nothing to hear."""
LISTENS_MS = 12_000
"""The longest that any step waits for an answer once all is said."""
DETECTS_MS = 4_000
ALONE_MS = 5_000
"""Two people who come into one room do not come in the same instant."""
AGENT_ALONE_MS = 60_000
"""An agent who is there waits so long for a customer's phone that nobody picks up."""
LOOKS_EVERY_S = 0.5
NOTICE = ("is recorded.", "wird aufgezeichnet.", "se graba.")
"""So it is said that a call, or what is said now, is recorded."""

Answers = Callable[["Ear"], Awaitable[None]]


@dataclass(eq=False)
class Ear:
    """The far end of one leg: what it has heard, and until when there is something to hear."""

    leg: Leg
    began_at: int
    reference: str = ""  # our own name of a leg that we ordered
    until: int = 0
    listened_until: int = 0
    heard: list[str] = field(default_factory=list[str])
    pressed: list[str] = field(default_factory=list[str])
    alone_since: int | None = None
    is_agents: bool = False
    told_at: int | None = None  # when it had heard to the end that what is said is recorded


class Exchange:
    """`answerers`: who picks up which phone. `is_calm`: whether nothing has gone wrong on any wire for long enough."""

    def __init__(self, sandbox: Sandbox, *, clock: Clock, judge: Judge, world: Owner, chance: Random) -> None:
        rest = sandbox._rest  # pyright: ignore[reportPrivateUsage]
        self.network: Network = rest._network  # pyright: ignore[reportPrivateUsage]
        self.answerers: dict[str, Answers] = {}
        self.agents: set[str] = set()  # the phones of agents
        self.vouched: dict[str, str] = {}  # by the provider's id of a call: what the carrier says of the caller
        self.ears: dict[str, Ear] = {}
        self.breaks = 0.0  # the share of lines that break
        self.is_calm: Callable[[], bool] = lambda: False
        self.calls = 0
        self.on_recording: Callable[[Recording], None] = lambda _: None
        self._record = self.network.recordings.begin
        self.network.recordings.begin = self._recorded
        self._clock = clock
        self._judge = judge
        self._world = world
        self._chance = chance
        self._take = self.network.switch.handsets.take
        self.network.switch.handsets.take = self._taken

    # --- what people do -----------------------------------------------------------------------------------------------

    def call_us(self, phone: str, to: Number, *, sender: str, attestation: str) -> Ear | None:
        """Somebody calls; None when their phone is in another call."""
        leg = self.network.call_us(phone, to, sender=sender, attestation=attestation)
        if leg is None:
            return None
        self.calls += 1
        self.vouched[leg.sid] = attestation
        return self.ears[leg.sid]

    def press(self, ear: Ear, keys: str) -> None:
        if not ear.leg.is_over:
            ear.pressed.append(keys)
            if ear.leg.line.on_key is not None:  # after a key as long is waited for the next one
                ear.until = max(ear.until, self._clock.now())
            ear.leg.line.press(keys)

    def speak(self, ear: Ear, words: str) -> None:
        if not ear.leg.is_over:
            self.network.switch.speak(ear.leg, words)

    def pick_up(self, ear: Ear) -> None:
        ear.leg.line.is_picked_up = True
        ear.leg.line.ring()

    def hang_up(self, ear: Ear) -> None:
        declines = ear.leg.direction != "inbound" and ear.leg.answered_at is None
        self.network.switch.end(ear.leg, "busy" if declines else "completed")

    # --- what is seen -------------------------------------------------------------------------------------------------

    def legs(self) -> list[Leg]:
        """Every leg that there ever was, newest first."""
        return list(self.network.switch.legs.newest_first())

    def live(self) -> list[Leg]:
        return [ear.leg for ear in self.ears.values() if not ear.leg.is_over]

    def has(self, reference: str) -> bool:
        """Whether the provider has a leg that we ordered under this name."""
        return any(reference_of(leg) == reference for leg in self.legs())

    # --- inside -------------------------------------------------------------------------------------------------------

    def _taken(self, leg: Leg) -> bool:
        if not self._take(leg):
            return False
        ear = Ear(leg, self._clock.now(), reference_of(leg), is_agents=leg.phone in self.agents)
        self.ears[leg.sid] = ear
        inner = leg.listener

        def listen(kind: Kind, text: str | None, source: str) -> None:
            self._hears(ear, kind, text)
            if inner is not None:
                inner(kind, text, source)

        leg.listener = listen
        if leg.direction != "inbound" and (answers := self.answerers.get(leg.phone)) is not None:
            self._world.start(answers(ear), f"{leg.phone} rings")  # pyright: ignore[reportArgumentType]
        self._world.start(self._follow(ear), f"ear of {leg.sid}")
        if self.breaks and self._chance.random() < self.breaks:
            self._world.start(self._break(ear, self._chance.choice((0.05, 1.0, 10.0, 60.0)) * self._chance.random()))
        return True

    def _recorded(self, *given: Any, **more: Any) -> Recording:
        made = self._record(*given, **more)
        self.on_recording(made)
        return made

    def _hears(self, ear: Ear, kind: Kind, text: str | None) -> None:
        now, pacing = self._clock.now(), self.network.pacing
        match kind:
            case "say":
                ear.until = max(ear.until, now + pacing.speech_ms(text or ""))
                ear.heard.append(text or "")
                if ear.told_at is None and any(word in (text or "") for word in NOTICE):
                    ear.told_at = now + pacing.speech_ms(text or "")
            case "play" | "music":
                ear.until = max(ear.until, now + pacing.play_ms)
            case "connected" if ear.leg.direction != "inbound" and not ear.heard:
                ear.until = now + DETECTS_MS
            case _:
                ear.until = max(ear.until, now)

    async def _break(self, ear: Ear, after_s: float) -> None:
        await asyncio.sleep(after_s)
        if self.breaks:
            self.network.switch.end(ear.leg)

    async def _follow(self, ear: Ear) -> None:
        while not ear.leg.is_over:
            is_calm = self.is_calm()
            await asyncio.sleep(LOOKS_EVERY_S if is_calm else 10 * LOOKS_EVERY_S)
            if is_calm and self.is_calm():
                self._look(ear)
            else:
                ear.alone_since, ear.until = None, max(ear.until, self._clock.now())

    def _look(self, ear: Ear) -> None:
        leg, now = ear.leg, self._clock.now()
        if leg.is_over or leg.answered_at is None:
            return
        with_somebody = bool(leg.company())
        self._look_alone(ear, with_somebody, now)
        if with_somebody or ear.is_agents:
            ear.until = max(ear.until, now)
            return
        listens = leg.room is None and (leg.line.on_words is not None or leg.line.on_key is not None)
        waits_ms = LISTENS_MS if listens else max(0, ear.listened_until - ear.until)
        until = max(ear.until, leg.line.spoken_until) + waits_ms + GAP_MS
        if listens:
            ear.listened_until = now
        if now > until:
            self._judge.broken(
                43, f"{leg.sid} ({leg.phone}) has heard nothing for {now - ear.until} ms: {ear.heard[-2:]}"
            )

    def _look_alone(self, ear: Ear, with_somebody: bool, now: int) -> None:
        if ear.leg.room is None or with_somebody:
            ear.alone_since = None
            return
        ear.alone_since = now if ear.alone_since is None else ear.alone_since
        if now - ear.alone_since > (AGENT_ALONE_MS if ear.is_agents else ALONE_MS):
            who = "an agent" if ear.is_agents else "a customer"
            self._judge.broken(43, f"{ear.leg.sid}: {who} has been alone in a room for {now - ear.alone_since} ms")


def reference_of(leg: Leg) -> str:
    """Our name of a leg that we ordered: its status goes to an address that names it."""
    return dict(parse_qsl(urlsplit(leg.reports.url).query)).get("call", "")
