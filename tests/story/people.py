"""People at their ends of the wire: somebody with a telephone, an agent with the API, an open screen."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import aiohttp

from tests.story.wire import OURS, Json, patiently

if TYPE_CHECKING:
    from tests.story.world import World


@dataclass
class Phone:
    """Somebody's telephone."""

    story: "World"
    number: str

    async def texts(
        self,
        body: str,
        *,
        to: str = OURS,
        channel: str = "sms",
        media: Sequence[str | Json] = (),
    ) -> str:
        """Write to us and wait until it came in. Returns the provider's id."""
        sid = await self.begins_text(body, to=to, channel=channel, media=media)
        await self.story.settles()
        return sid

    async def begins_text(
        self, body: str, *, to: str = OURS, channel: str = "sms", media: Sequence[str | Json] = ()
    ) -> str:
        sent = {"body": body, "to": to, "channel": channel, "media": list(media)}
        return (await self.story.provider("POST", f"/phones/{self.number}/texts", sent))["message_sid"]

    async def calls(self, *, to: str = OURS, **more: Any) -> str:
        """Call us, and hear the first words. Returns the provider's id of the call."""
        made = await self._does("calls", {"to": to, **more})
        return made["call_sid"]

    async def presses(self, digits: str) -> None:
        await self._does("press", {"digits": digits})

    async def speaks(self, text: str) -> None:
        """Say something, and fall silent for long enough to be understood as done."""
        await self._does("speak", {"text": text})
        await self.story.passes(seconds=3)

    async def picks_up(self) -> None:
        await self._does("pick-up")

    async def hangs_up(self) -> None:
        await self._does("hang-up")

    async def _does(self, what: str, how: Json | None = None) -> Any:
        address = f"/phones/{quote(self.number, safe='')}/{what}"
        said = await self.story.provider("POST", address, how if how is not None else {})
        await self.story.settles()
        return said

    async def now(self) -> Json:
        """The telephone as it is: state, call, inbox, calls."""
        return await self.story.provider("GET", f"/phones/{quote(self.number, safe='')}")

    async def state(self) -> str:
        return (await self.now())["state"]

    async def heard(self) -> str:
        """All that was spoken into this ear in the present call, or the last one."""
        call = (await self.now())["call"] or {"heard": []}
        return " ".join(one.get("text") or "" for one in call["heard"] if one["kind"] == "say")

    async def talks_with(self) -> list[str]:
        call = (await self.now())["call"]
        return list(call["with"]) if call else []

    async def case(self) -> str:
        """The newest case of whoever has this number."""
        [customer] = (await self.story.api("GET", "/customers?" + urlencode({"q": self.number})))["items"]
        return customer["cases"][0]

    async def inbox(self) -> list[str]:
        """What was received, oldest first."""
        await self.story.passes(seconds=2)
        return [one["body"] for one in await self.received()]

    async def received(self) -> list[Json]:
        return (await self.story.provider("GET", f"/phones/{self.number}"))["inbox"]

    async def behaves(self, **how: Any) -> None:
        await self.story.provider("PUT", f"/phones/{self.number}/behaviour", how)


@dataclass
class Agent:
    """An agent, working over the API."""

    story: "World"
    id: str
    token: str
    name: str

    async def api(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Any:
        return await self.story.api(method, path, body, token=self.token, key=key)

    async def refused(self, method: str, path: str, body: Json | None = None) -> Json:
        return await self.story.refused(method, path, body, token=self.token)

    async def is_now(self, state: str, until: str | None = None) -> Json:
        """Say so: ready, busy, away or off."""
        shown = await self.api("PUT", "/agents/me/state", {"state": state, "until": until})
        await self.story.settles()
        return shown

    async def me(self) -> Json:
        return await self.api("GET", "/agents/me")

    async def offers(self) -> list[Json]:
        return (await self.api("GET", "/agents/me/work"))["offers"]

    async def work(self) -> list[Json]:
        return (await self.api("GET", "/agents/me/work"))["work"]

    async def offered(self) -> Json:
        """The only offer there is."""
        offers = await self.offers()
        assert len(offers) == 1, f"{self.name} was to have one offer, has {len(offers)}"
        return offers[0]

    async def accepts(self, offer: Json | None = None) -> Json:
        offer = offer or await self.offered()
        work = await self.api("POST", f"/offers/{offer['id']}/accept")
        await self.story.settles()
        return work

    async def declines(self, offer: Json, reason: str = "") -> None:
        await self.api("POST", f"/offers/{offer['id']}/decline", {"reason": reason})
        await self.story.settles()

    async def replies(self, case: str, text: str, channel: str = "auto") -> Json:
        sent = await self.api("POST", f"/cases/{case}/messages", {"text": text, "channel": channel})
        await self.story.settles()
        return sent

    async def finishes(self, work: Json, outcome: str = "done", note: str = "") -> Json:
        done = await self.api("POST", f"/work/{work['id']}/finish", {"outcome": outcome, "note": note})
        await self.story.settles()
        return done

    async def transfers(self, work: Json, to: str, reason: str = "they know better") -> Json:
        given = await self.api("POST", f"/work/{work['id']}/transfer", {"to": to, "reason": reason})
        await self.story.settles()
        return given

    async def legs(self, case: str) -> list[Json]:
        """Who is on the line."""
        return (await self.api("GET", f"/cases/{case}/calls"))["items"]

    async def page(self, case: str) -> str:
        """The desk with a case open, as a browser gets it."""
        answer = await self.story.ask("GET", f"/desk/case/{case}", token=self.token)
        assert answer.status == 200, answer.body
        return answer.body.decode()

    async def clicks(self, path: str, **form: str) -> None:
        """A form of the desk is sent, and leads back to a page."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self.story.ask(
            "POST", f"/desk{path}", body=urlencode(form).encode(), headers=kind, token=self.token
        )
        assert answer.status == 303, answer.body
        await self.story.settles()

    async def looks(self, since: int | None = None) -> "Stream":
        """Open a screen."""
        return await self.story.stream(self.token, since)


@dataclass
class Stream:
    """One open stream and all that it showed."""

    socket: aiohttp.ClientWebSocketResponse
    frames: list[Json] = field(default_factory=list[Json])

    async def until(self, seq: int) -> list[Json]:
        """Read until the mark `seq` has been passed; all events so far."""
        await patiently(self._read(seq))
        return self.events

    async def _read(self, seq: int) -> None:
        while not self.frames or self.mark < seq:
            self.frames.append(await self.socket.receive_json())

    @property
    def mark(self) -> int:
        return max((f["seq"] for f in self.frames if f["kind"] == "mark"), default=0)

    @property
    def events(self) -> list[Json]:
        return [f for f in self.frames if f["kind"] != "mark"]

    async def closes(self) -> None:
        await self.socket.close()

    async def dies(self) -> None:
        """A browser that dies says no good-bye: its connection breaks."""
        transport = self.socket.get_extra_info("socket")
        transport.shutdown(socket.SHUT_RDWR)
