"""A telephone provider for measuring: calls follow their documents at the pace of speech, and every answer is timed.

It speaks what the service needs of the provider's protocol: signed webhooks for calls and conferences, and calls made,
moved and ended over REST. Its one rule: nothing is cut short, so the service is asked as often as real calls would ask.
"""

import asyncio
import itertools
import time
import xml.etree.ElementTree as ET
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urljoin

import aiohttp
from aiohttp import web

from channels.sandbox.voice.pacing import VoicePacing
from channels.signatures import signature_of

TOKEN, ACCOUNT = "sandbox-auth-token", "AC" + "0" * 32
PACING = VoicePacing()
ANSWERS_AFTER_S = 3.0
"""An agent picks up so soon, and presses 1 so long after the whisper began."""

Fields = list[tuple[str, str]]


class Moved(Exception):
    """The service told the call to fetch another document."""


class Over(Exception):
    """The call has ended."""


@dataclass(eq=False)
class Leg:
    """`talk_s`: how long a customer talks once they are in a conference."""

    sid: str
    sender: str
    to: str
    direction: str
    talk_s: float = 0.0
    status: str = "in-progress"
    status_url: str = ""
    moved_to: str = ""
    talks: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def check(self) -> None:
        if self.status == "completed":
            raise Over
        if self.moved_to:
            raise Moved

    async def rest(self, seconds: float | None) -> None:
        """Let time pass. Raises Moved or Over."""
        self.check()
        self.news.clear()
        try:
            await asyncio.wait_for(self.news.wait(), seconds)
        except TimeoutError:
            return
        self.check()


class Telephone:
    """`times_s`: what the service took for each document of a call since the measuring began."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.times_s: list[float] = []
        self.refused: list[int] = []
        self.legs: dict[str, Leg] = {}
        self.talked = 0
        self.on_over: Callable[[Leg], None] = lambda leg: None
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None

    async def open(self, port: int) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        app = web.Application()
        root = f"/2010-04-01/Accounts/{ACCOUNT}"
        app.router.add_post(f"{root}/Calls.json", self._make)
        app.router.add_post(f"{root}/Calls/{{sid}}.json", self._change)
        app.router.add_get(f"{root}/Calls/{{sid}}.json", self._show)
        for name in ("Calls", "Messages", "Recordings"):
            app.router.add_get(f"{root}/{name}.json", _empty(name.lower()))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None and self._runner is not None:
            await self._session.close()
            await self._runner.cleanup()

    @property
    def waiting(self) -> int:
        """How many have called and are not in a conversation."""
        return sum(leg.direction == "inbound" and not leg.talks for leg in self.legs.values())

    def calls(self, sender: str, to: str, *, talk_s: float) -> None:
        """Somebody calls the service."""
        leg = self._leg(sender, to, "inbound", talk_s=talk_s)
        leg.status_url = f"{self.service}/twilio/status/call"
        self._start(self._run(leg, f"{self.service}/twilio/voice"))

    # --- REST --------------------------------------------------------------------------------------------------------

    async def _make(self, request: web.Request) -> web.Response:
        form = await request.post()
        leg = self._leg(str(form["From"]), str(form["To"]), "outbound-api")
        leg.status = "ringing"
        leg.status_url = str(form.get("StatusCallback", ""))
        self._start(self._picked_up(leg, str(form["Url"])))
        return web.json_response(_shown(leg), status=201)

    async def _change(self, request: web.Request) -> web.Response:
        form, leg = await request.post(), self.legs.get(request.match_info["sid"])
        if leg is None or leg.status == "completed":
            return web.json_response({"code": 21220, "message": "over", "status": 400}, status=400)
        if form.get("Status") == "completed":
            self._end(leg)
        elif "Url" in form:
            leg.moved_to = str(form["Url"])
            leg.news.set()
        return web.json_response(_shown(leg))

    async def _show(self, request: web.Request) -> web.Response:
        leg = self.legs.get(request.match_info["sid"])
        if leg is None:
            return web.json_response({"code": 20404, "message": "not found", "status": 404}, status=404)
        return web.json_response(_shown(leg))

    # --- a call ------------------------------------------------------------------------------------------------------

    def _leg(self, sender: str, to: str, direction: str, *, talk_s: float = 0.0) -> Leg:
        leg = Leg(sid=f"CA{next(self._numbers):032x}", sender=sender, to=to, direction=direction, talk_s=talk_s)
        self.legs[leg.sid] = leg
        return leg

    async def _picked_up(self, leg: Leg, url: str) -> None:
        await asyncio.sleep(ANSWERS_AFTER_S)
        if leg.status == "ringing":
            leg.status = "in-progress"
            await self._run(leg, url)

    async def _run(self, leg: Leg, url: str) -> None:
        """From document to document, until it is over."""
        fields: Fields = []
        try:
            while url:
                document = await self._fetch(leg, url, fields)
                try:
                    url, fields = await self._follow(leg, document, url)
                except Moved:
                    url, fields, leg.moved_to = leg.moved_to, [], ""
            self._end(leg)
        except Over:
            pass
        await self._post(leg.status_url, [*_fields_of(leg), ("CallStatus", "completed")])
        del self.legs[leg.sid]
        self.on_over(leg)

    async def _fetch(self, leg: Leg, url: str, fields: Fields) -> ET.Element:
        began = time.perf_counter()
        status, body = await self._post(url, [*_fields_of(leg), ("CallStatus", "in-progress"), *fields])
        self.times_s.append(time.perf_counter() - began)
        if status != 200:
            self.refused.append(status)
            self._end(leg)
            raise Over
        return ET.fromstring(body)

    async def _follow(self, leg: Leg, document: ET.Element, here: str) -> tuple[str, Fields]:
        for verb in document:
            match verb.tag:
                case "Gather":
                    if leg.direction != "inbound":
                        await leg.rest(ANSWERS_AFTER_S)
                        return urljoin(here, verb.get("action", "")), [("Digits", "1"), ("msg", "Gather End")]
                    await self._play(leg, verb)
                    await leg.rest(float(verb.get("timeout", "5")))
                case "Say" | "Play":
                    await self._play(leg, [verb])
                case "Redirect":
                    return urljoin(here, verb.text or ""), []
                case "Dial":
                    await self._sit(leg, verb[0])
                    return urljoin(here, verb.get("action", "")), [("DialCallStatus", "answered")]
                case _:
                    break
        return "", []

    async def _play(self, leg: Leg, verbs: ET.Element | list[ET.Element]) -> None:
        for verb in verbs:
            words = verb.text or ""
            await leg.rest((PACING.speech_ms(words) if verb.tag == "Say" else PACING.play_ms) / 1000)

    async def _sit(self, leg: Leg, conference: ET.Element) -> None:
        """In the conference; a customer leaves it when all is said."""
        label = conference.get("participantLabel", "")
        url = conference.get("statusCallback", "")
        seen = [*_fields_of(leg), ("ParticipantLabel", label), ("FriendlyName", conference.text or "")]
        await self._post(url, [*seen, ("StatusCallbackEvent", "participant-join")])
        leg.talks, why = True, "participant_hung_up"
        try:
            await leg.rest(leg.talk_s or None)
            self.talked += 1
            self._end(leg)
            raise Over
        except Moved:
            why = "participant_updated_via_api"
            raise
        finally:
            leg.talks = False
            left = [*seen, ("StatusCallbackEvent", "participant-leave"), ("ReasonParticipantLeft", why)]
            await self._post(url, left)

    def _end(self, leg: Leg) -> None:
        was_ringing, leg.status = leg.status == "ringing", "completed"
        leg.news.set()
        if was_ringing:
            del self.legs[leg.sid]

    async def _post(self, url: str, fields: Fields) -> tuple[int, str]:
        assert self._session is not None
        bare = urldefrag(url).url
        signature = signature_of(bare, fields, secret=TOKEN.encode())
        async with self._session.post(bare, data=fields, headers={"X-Twilio-Signature": signature}) as answer:
            return answer.status, await answer.text()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.refused.append(-1)
            print(f"  a call broke: {error!r}")


def _fields_of(leg: Leg) -> Fields:
    return [
        ("CallSid", leg.sid),
        ("AccountSid", ACCOUNT),
        ("From", leg.sender),
        ("To", leg.to),
        ("Direction", leg.direction),
        ("StirVerstat", "TN-Validation-Passed-A"),
        ("ApiVersion", "2010-04-01"),
    ]


def _shown(leg: Leg) -> dict[str, str]:
    return {"sid": leg.sid, "status": leg.status, "direction": leg.direction, "to": leg.to, "from": leg.sender}


def _empty(name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({name: [], "page": 0, "next_page_uri": None})

    return answer
