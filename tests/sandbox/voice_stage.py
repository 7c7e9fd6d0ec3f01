"""What the tests of calls stand on: a service that answers by path, phones that are driven in one line each."""

import random
from dataclasses import dataclass
from typing import Any

from channels.clock import Activity, ManualClock
from channels.sandbox.core import Sandbox
from channels.sandbox.voice.pacing import VoicePacing
from tests.sandbox.stage import OURS, PHONE, START, TARGET, Bench, Service

ANA, BEN = "+14155550177", "+14155550188"
VOICE = f"{TARGET}/twilio/voice"
OWN_URL = "http://127.0.0.1:8081"


@dataclass
class CallBench(Bench):
    """A sandbox in memory, and what people do on their phones; each step leaves everybody at rest."""

    async def call_in(self, phone: str = PHONE, **more: object) -> str:
        answer = await self.ask("POST", f"/phones/{phone}/calls", more)
        assert answer["status_code"] == 201, answer
        await self.advance()
        return answer["call_sid"]

    async def call_out(self, to: str = PHONE, **more: str | list[str]) -> str:
        form = {"To": to, "From": OURS, "Url": VOICE, **more}
        if "Twiml" in more:
            del form["Url"]
        answer = await self.rest("POST", "/Calls.json", **form)
        assert answer["status_code"] == 201, answer
        await self.advance()
        return answer["sid"]

    async def does(self, verb: str, phone: str = PHONE, **body: object) -> None:
        answer = await self.ask("POST", f"/phones/{phone}/{verb}", body or None)
        assert answer["status_code"] == 200, answer
        await self.advance()

    async def behave(self, phone: str = PHONE, **behaviour: object) -> None:
        answer = await self.ask("PUT", f"/phones/{phone}/behaviour", behaviour)
        assert answer["status_code"] == 200, answer

    async def phone(self, phone: str = PHONE) -> Any:
        return await self.ask("GET", f"/phones/{phone}")

    async def state(self, phone: str = PHONE) -> str:
        return (await self.phone(phone))["state"]

    async def heard(self, phone: str = PHONE, *kinds: str) -> list[str]:
        """The words of what was heard in the last call, of all kinds or of some."""
        call = (await self.phone(phone))["call"]
        return [one.get("text", "") for one in call["heard"] if not kinds or one["kind"] in kinds]

    async def company(self, phone: str = PHONE) -> list[str]:
        return (await self.phone(phone))["call"]["with"]

    async def leg(self, sid: str) -> Any:
        return await self.rest("GET", f"/Calls/{sid}.json")

    async def on_the_phone(self, *phones: str) -> list[str]:
        """Let these answer at once, call them, and leave them in whatever the service says."""
        sids: list[str] = []
        for one in phones:
            await self.behave(one, on_ring="answer")
            sids.append(await self.call_out(one))
            await self.advance(1)
        return sids


def make_call_bench(seed: int = 7, pacing: VoicePacing | None = None) -> CallBench:
    clock, service = ManualClock(START), Service()
    sandbox = Sandbox(
        clock=clock,
        transport=service,
        chance=random.Random(seed),
        activity=Activity(),
        target=TARGET,
        own_url=OWN_URL,
        voice_pacing=pacing,
    )
    return CallBench(sandbox, clock, service)
