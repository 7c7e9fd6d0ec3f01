"""Devices with one button: they press at random, sign once they have a key, are paired by an agent and pressed on.

Their one rule: a device sends a press again, signed anew, until somebody answers it; what was answered with 201 is on a
case, once; and once a device was paired, what it signs is believed.
"""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

from multidict import CIMultiDict

from channels.wire import WireFailure, WireRequest, WireResponse
from router.core.clock import Clock
from router.http.auth import hash_of
from tests.simulation.log import Judge
from tests.simulation.loop import Owner
from tests.simulation.network import Link, Weather
from tests.simulation.options import Options
from tests.simulation.process import ADMIN_TOKEN
from tests.simulation.provider import SERVICE_URL, Provider

PATH = "/api/v1/contacts"
TIMEOUT_S = 10.0
ROUGH = {"lost": 0.05, "late": 0.05, "repeated": 0.1, "answer_lost": 0.08}
"""What becomes of a device's requests until the world is mended, each in so many of a hundred."""
Planned = tuple[float, Callable[[], Awaitable[object]]]


@dataclass(slots=True)
class Device:
    name: str
    key: str = ""
    secret: str = ""
    is_paired: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # it has one button


class Pressers:
    def __init__(
        self, options: Options, *, link: Link, provider: Provider, judge: Judge, clock: Clock, world: Owner
    ) -> None:
        self._options = options
        self._link = link
        self._provider = provider
        self._judge = judge
        self._clock = clock
        self._world = world
        self._chance = Random(f"presses/{options.seed}")
        self._token = f"tok_{hash_of(ADMIN_TOKEN)[:16]}"
        self._count = 0
        self.answered = 0
        self.at_it = 0
        self.devices = [Device(f"T100-{n}") for n in range(1 + options.presses // 8)]
        link.weather = Weather(**ROUGH)

    def plan(self) -> list[Planned]:
        """Every press of the whole world, by its time in seconds."""
        chance, length = self._chance, self._options.minutes * 60.0
        times = sorted(chance.uniform(0, length) for _ in range(self._options.presses))
        return [(at, partial(self._begin, chance.choice(self.devices))) for at in times]

    def mend(self) -> None:
        self._link.weather = Weather()

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _begin(self, device: Device) -> None:
        self._count += 1
        name, own = f"press-{self._count}", Random(self._chance.getrandbits(64))

        async def do() -> None:
            self.at_it += 1
            try:
                async with device.lock:
                    await self._press(device, name, own)
            finally:
                self.at_it -= 1

        self._world.start(do(), name)

    async def _press(self, device: Device, name: str, chance: Random) -> None:
        key = f"api/{self._token}/{name}"
        self._provider.sent_by[key] = device.name
        body = json.dumps({"text": chance.choice(("", "E42", "help")), "context": {"device": device.name}}).encode()
        was_paired = device.is_paired
        told = await self._asked(PATH, body, name, chance, device=device)
        self.answered += 1
        self._provider.in_log[key] = device.name
        if told.get("status") == 410 and self._options.erasures:
            device.is_paired = False  # asked again, and the answer was erased meanwhile
            return
        shown = told["device"]
        if was_paired and not shown["paired"]:
            if self._options.joins or self._options.erasures:
                device.is_paired = False  # its household was told apart from it, or erased
            elif not any("its time" in one for one in told["ignored"]):
                self._judge.broken(24, f"{device.name} is paired, and was not believed: {told['ignored']}")
            return  # its clock was off: it keeps the key that it has
        if "key" in shown:
            device.key, device.secret = shown["key"], shown["secret"]
        if not shown["paired"] and chance.random() < 0.5:
            await self._pair(device, told["case"], shown["code"], name, chance)

    async def _pair(self, device: Device, case: str, code: str, name: str, chance: Random) -> None:
        """An agent hears the code of whoever pressed. Meanwhile it may be over, or another press have given another."""
        found = await self._asked(f"/api/v1/cases/{case}", None, name, chance)
        key = device.key
        path = f"/api/v1/customers/{found['customer']}/devices"
        paired = await self._asked(path, json.dumps({"code": code}).encode(), f"{name}-pair", chance)
        device.is_paired = device.is_paired or (bool(paired.get("id")) and device.key == key)

    async def _asked(
        self, path: str, body: bytes | None, name: str, chance: Random, *, device: Device | None = None
    ) -> Any:
        """The JSON of an answer that is final. Asked again until there is one."""
        while True:
            headers = CIMultiDict({"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"})
            if body is not None:
                headers["Idempotency-Key"] = name
            if device is not None and device.key:
                headers["X-Device-Signature"] = self._signature(device, path, body or b"")
            request = WireRequest("GET" if body is None else "POST", SERVICE_URL + path, headers, body or b"")
            try:
                answer: WireResponse = await self._link.send(request, timeout_s=TIMEOUT_S)
            except WireFailure:
                await asyncio.sleep(chance.uniform(1, 20))
                continue
            if answer.status < 500 and answer.status not in (401, 429):
                return json.loads(answer.body)
            await asyncio.sleep(chance.uniform(2, 10))

    def _signature(self, device: Device, path: str, body: bytes) -> str:
        at_s = self._clock.now() // 1000
        text = b"POST\n%s\n%d\n" % (path.encode(), at_s) + body
        return f"{device.key}.{at_s}.{hmac.new(device.secret.encode(), text, 'sha256').hexdigest()}"
