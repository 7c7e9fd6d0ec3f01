"""The agents' telephones, and what agents do with the calls that they have.

Its one rule: a healthy agent picks up, presses the key that is asked for, and ends what they have begun; others do
whatever people do.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from tests.simulation.exchange import Ear, Exchange
from tests.simulation.options import Options

Ask = Callable[..., Awaitable[Any]]
KINDS = ("+1415556{n:04d}", "client:agent-{n}", "sip:agent{n}@desk.example", "+1415556{n:04d}", "")


class DeskPhone:
    """`number` is empty where an agent has no telephone."""

    def __init__(self, n: int, options: Options, exchange: Exchange) -> None:
        self._chance = Random(f"desk phone/{options.seed}/{n}")
        self._exchange = exchange
        self.is_healthy = False
        self.is_lost = False
        self.number = self._chance.choice(KINDS).format(n=n) if options.calls else ""
        if self.number:
            exchange.agents.add(self.number)
            exchange.answerers[self.number] = self.rings

    async def rings(self, ear: Ear) -> None:
        """Pick up or not, press the key or not, and sometimes drop the line in the middle."""
        chance, what = self._chance, 1.0 if self.is_healthy else self._chance.random()
        await asyncio.sleep(chance.uniform(0.5, 8))
        if self.is_lost or what < 0.08:
            return
        if what < 0.13:
            self._exchange.hang_up(ear)
            return
        self._exchange.pick_up(ear)
        await asyncio.sleep(chance.uniform(1.5, 6))
        if what < 0.18:
            self._exchange.hang_up(ear)
        elif what < 0.25:
            self._exchange.press(ear, chance.choice("259*"))
        elif what >= 0.32:
            self._exchange.press(ear, "1")
        if what < 0.45:
            await asyncio.sleep(chance.choice((0.1, 2.0, 30.0)) * chance.random())
            self._exchange.hang_up(ear)


async def attend_call(ask: Ask, work: dict[str, Any], me: str, chance: Random, *, is_healthy: bool) -> None:
    """One step on one call; sometimes none."""
    legs = (await ask("GET", f"/cases/{work['case']}/calls") or {"items": []})["items"]
    theirs = next((leg for leg in legs if leg["role"] == "customer"), None)
    mine = any(leg["role"] == "agent" and leg["agent"] == me for leg in legs)
    what = chance.random()
    if work["state"] == "wrapping":
        if is_healthy or what < 0.8:
            await ask("POST", f"/work/{work['id']}/finish", {"outcome": chance.choice(("solved", "answered"))})
        return
    if theirs is not None and theirs["step"] == "held":
        if is_healthy or what < 0.6:
            await ask("POST", f"/calls/{theirs['id']}/resume")
        return
    if is_healthy:
        if not mine and theirs is None:
            await ask("POST", f"/work/{work['id']}/finish", {"outcome": "not-reached", "note": "nobody there"})
        return
    if theirs is not None and what < 0.25:
        await ask("POST", f"/calls/{theirs['id']}/hold")
    elif what < 0.4:
        to = "queue:general" if chance.random() < 0.6 else f"agent:{me}"
        await ask("POST", f"/work/{work['id']}/transfer", {"to": to, "reason": "somebody else knows"})
    elif legs and what < 0.48:
        await ask("POST", f"/calls/{chance.choice(legs)['id']}/hang-up")
    elif what < 0.55:
        await ask("POST", f"/work/{work['id']}/finish", {"outcome": "answered", "note": "done"})


async def about_recording(ask: Ask, case: str, chance: Random) -> None:
    """The customer tells them that they do not want to be recorded, or do after all."""
    if chance.random() > 0.15:
        return
    legs = (await ask("GET", f"/cases/{case}/calls") or {"items": []})["items"]
    theirs = next((leg for leg in legs if leg["role"] == "customer"), None)
    if theirs is not None:
        await ask("POST", f"/calls/{theirs['id']}/recording", {"on": theirs["refused"]})


async def look_in(ask: Ask, me: str, chance: Random) -> None:
    """A lead looks after the calls of others: comes to one, or takes it over."""
    what = chance.random()
    if what > 0.4:
        return
    held = (await ask("GET", "/work") or {"held": []})["held"]
    theirs = [one for one in held if one["kind"] == "phone" and one["state"] == "active" and one["agent"] != me]
    if not theirs:
        return
    work = chance.choice(theirs)
    if what < 0.1:
        await ask("POST", f"/work/{work['work']}/take", {"reason": "I know them"})
        return
    legs = (await ask("GET", f"/cases/{work['case']}/calls") or {"items": []})["items"]
    if legs:
        mode = chance.choice(("listen", "whisper", "talk"))
        await ask("POST", f"/calls/{legs[0]['id']}/join", {"mode": mode, "reason": "to hear"})


async def begin_call(ask: Ask, numbers: list[str], chance: Random) -> None:
    """An agent calls somebody of their own accord."""
    shape = {"address": chance.choice(numbers), "channel": "phone", "subject": "the part is there"}
    await ask("POST", "/cases", shape)


async def about_calls(ask: Ask, case: str, chance: Random, *, windows: bool) -> None:
    """In the middle of a text: promise a call, or take a promise back. `windows`: within the next half hour."""
    if chance.random() < 0.7:
        made = await ask("POST", f"/cases/{case}/callbacks", {})
        if windows and made:
            await ask("PATCH", f"/callbacks/{made['id']}", {})
        return
    shown = await ask("GET", "/promises?state=open") or {"items": []}
    if shown["items"]:
        await ask("DELETE", f"/callbacks/{chance.choice(shown['items'])['id']}?reason=not+wanted")
