"""The one helper: people at their ends of the wire, a service and a telephone sandbox between them, time moved by hand.

`Story` runs both in this process, on sockets, in a throw-away folder; `RealStory` runs them as two `onecase` processes,
of which one can be killed. When a story has ended, its journal is folded anew and must give exactly what is kept.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import aiohttp

from channels.sandbox.account import SANDBOX_SID, SANDBOX_TOKEN
from channels.sandbox.server import RunningSandbox, run_sandbox
from router import admin
from router.core.clock import Ms
from router.serving import Running, start_service
from router.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
ADMIN = "oct_the-admin-of-the-stories"
OURS, OURS_TOO = "+14155550100", "+14155550101"
HERS, HIS = "+12125550142", "+12125550143"
AFTERNOON = datetime.fromisoformat("2026-11-23T14:02:00-05:00")
PORTS = (12_000, 32_000)
PATIENCE_S = 30.0
"""Real seconds that anything of a process may take."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class World:
    """Whoever speaks to a service and its sandbox over the wire. `service` and `sandbox` are their addresses."""

    def __init__(self) -> None:
        self.service = ""
        self.sandbox = ""
        self.folder = Path(tempfile.mkdtemp(prefix="onecase-story-"))
        self.data = self.folder / "data"
        self._http: aiohttp.ClientSession
        self._open: list[Stream] = []

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        try:
            await self.begins()
        except BaseException:
            await self._http.close()
            self.abandons()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        try:
            for stream in self._open:
                await stream.closes()
            await self._http.close()
            await self.ends()
            if kind is None:
                await self.replays()
        finally:
            self.abandons()

    async def begins(self) -> None: ...
    async def ends(self) -> None: ...
    def abandons(self) -> None:
        """Leave nothing behind, however it ended."""
        shutil.rmtree(self.folder, ignore_errors=True)

    async def replays(self) -> None:
        """The log, folded from its beginning, gives what is kept, byte for byte."""
        said: list[str] = []
        settings = load_settings(None, {}, data=self.data)
        assert await admin.replay(settings, say=said.append) == 0, "\n".join(said)

    # --- people -------------------------------------------------------------------------------------------------------

    def phone(self, number: str = HERS) -> "Phone":
        return Phone(self, number)

    async def agent(self, name: str, **more: Any) -> "Agent":
        """A new agent, off until they say otherwise."""
        made = await self.api("POST", "/agents", {"name": name, **more})
        return Agent(self, made["id"], made["token"], name)

    async def ready_agent(self, name: str, **more: Any) -> "Agent":
        agent = await self.agent(name, **more)
        await agent.is_now("ready")
        return agent

    async def token(self, role: str) -> str:
        return (await self.api("POST", "/tokens", {"role": role}))["token"]

    # --- the service --------------------------------------------------------------------------------------------------

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Json | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = ADMIN,
    ) -> Answered:
        """Any request to the service, with whatever it answers."""
        sent = dict(headers or {})
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        async with self._http.request(
            method, self.service + path, data=body, headers=sent, allow_redirects=False
        ) as answer:
            return Answered(answer.status, answer.headers.copy(), await answer.read())

    async def api(
        self, method: str, path: str, body: Json | None = None, *, token: str = ADMIN, key: str | None = None
    ) -> Any:
        """A call of the API that must succeed; its JSON."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self.ask(method, f"/api/v1{path}", body=body, headers=headers, token=token)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body[:2000]!r}"
        return answer.json

    async def refused(
        self, method: str, path: str, body: Json | None = None, *, token: str | None = ADMIN, **headers: str
    ) -> Json:
        """A call of the API that must not succeed; its problem document."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.ask(method, f"/api/v1{path}", body=body, headers=named, token=token)
        return problem_in(answer)

    async def case(self, id: str) -> Json:
        return await self.api("GET", f"/cases/{id}")

    async def cases(self, **query: str) -> list[Json]:
        """Cases, the oldest first."""
        page = await self.api("GET", "/cases?" + urlencode({"limit": 200, **query}))
        return page["items"][::-1]

    async def one_case(self) -> Json:
        found = await self.cases()
        assert len(found) == 1, f"expected one case, there are {len(found)}"
        return await self.case(found[0]["id"])

    async def timeline(self, case: str, kind: str | None = None) -> list[Json]:
        page = await self.api("GET", f"/cases/{case}/timeline?limit=200")
        return [entry for entry in page["items"] if kind in (None, entry["kind"])]

    async def said(self, case: str) -> list[str]:
        """The words of both sides on a case, in order."""
        return [entry["text"] for entry in await self.timeline(case, "message")]

    async def decisions(self, case: str) -> list[Json]:
        return (await self.api("GET", f"/cases/{case}/decisions?limit=200"))["items"]

    async def stream(self, token: str = ADMIN, since: int | None = None, **options: Any) -> "Stream":
        """Somebody's screen, from the mark `since` on, or from now on."""
        query = "" if since is None else f"?since={since}"
        socket = await self._http.ws_connect(
            f"{self.service}/api/v1/stream{query}", headers={"Authorization": f"Bearer {token}"}, **options
        )
        self._open.append(Stream(socket))
        return self._open[-1]

    # --- the provider -------------------------------------------------------------------------------------------------

    async def provider(self, method: str, path: str, body: Json | None = None) -> Any:
        """A request to the sandbox that must succeed."""
        async with self._http.request(method, self.sandbox + path, json=body) as answer:
            said = await answer.json(content_type=None)
            assert answer.status < 300, f"{method} {path}: {answer.status} {said}"
            return said

    async def rest(self, path: str) -> Any:
        """A GET of the provider's REST API, below the account."""
        basic = base64.b64encode(f"{SANDBOX_SID}:{SANDBOX_TOKEN}".encode()).decode()
        address = f"{self.sandbox}/2010-04-01/Accounts/{SANDBOX_SID}{path}"
        async with self._http.get(address, headers={"Authorization": f"Basic {basic}"}) as answer:
            return await answer.json()

    async def faults(self, **shares: float | bool) -> None:
        """What goes wrong at the provider from now on; nothing else does."""
        await self.provider("PUT", "/faults", dict(shares))

    async def traffic(self, kind: str, ending: str = "") -> list[Json]:
        """What went over the wire between provider and service: `rest` or `webhook`."""
        items = (await self.provider("GET", "/traffic"))["items"]
        return [one for one in items if one["kind"] == kind and one["url"].partition("?")[0].endswith(ending)]

    async def webhook(
        self,
        fields: Mapping[str, str],
        *,
        path: str = "/twilio/messages",
        signature: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: str = "strict",
    ) -> Answered:
        """A webhook as the provider would send it, signed by the documented rule unless `signature` is given."""
        form = {"AccountSid": SANDBOX_SID, **fields}
        sent = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature if signature is not None else sign(self.service + path, form),
            **(headers or {}),
        }
        return await self.ask("POST", path, body=urlencode(form, errors=errors).encode(), headers=sent, token=None)

    # --- time ---------------------------------------------------------------------------------------------------------

    async def passes(self, **span: float) -> None:
        """Time passes (`minutes=2`); what falls due is done when this returns."""
        await self.provider("POST", "/clock", {"advance_s": timedelta(**span).total_seconds()})

    async def settles(self) -> None:
        """Whatever is under way is done; no time passes."""
        await self.provider("POST", "/clock", {"advance_s": 0})

    async def now(self) -> datetime:
        return datetime.fromisoformat((await self.provider("GET", "/clock"))["now"])


class Story(World):
    """Service and sandbox in this process."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self._port = free_port()
        self._settings = settings
        self._sandbox: RunningSandbox
        self.running: Running | None = None

    async def begins(self) -> None:
        self._sandbox = await run_sandbox(
            target=f"http://127.0.0.1:{self._port}",
            clock_mode="manual",
            clock_start=Ms(int(AFTERNOON.timestamp() * 1000)),
            seed=7,
        )
        self.sandbox = self._sandbox.url
        await self.starts()

    async def ends(self) -> None:
        await self.stops()
        await self._sandbox.close()

    async def starts(self) -> None:
        settings = load_settings(None, {}, data=self.data, port=self._port, bootstrap_token=ADMIN, **self._settings)
        self.running = await start_service(settings, sandbox=self._sandbox)
        self.service = self.running.url

    async def stops(self) -> None:
        """The service is away; the provider is not."""
        if self.running is not None:
            await self.running.close()
            self.running = None

    async def restarts(self) -> None:
        await self.stops()
        await self.starts()


class RealStory(World):
    """Two processes: `onecase sandbox`, which outlives the other, and `onecase serve` on its manual clock."""

    def __init__(self, *, environment: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self._environment = environment or {}
        self.before_start: Callable[[], None] | None = None  # runs in the service's process
        self.provider_process: Process | None = None
        self.process: Process | None = None
        self._port = free_port()

    async def begins(self) -> None:
        port = free_port()
        self.sandbox, self.service = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{self._port}"
        self.provider_process = await Process.of(
            "sandbox", f"--port={port}", f"--target={self.service}", "--clock=manual",
            f"--clock-start={AFTERNOON.isoformat()}",
        )  # fmt: skip
        await self.provider_process.says("sandbox ready")
        await self.starts()

    async def ends(self) -> None:
        ended = [await process.stops() for process in (self.process, self.provider_process) if process is not None]
        assert set(ended) == {0}, [process.errors for process in (self.process, self.provider_process) if process]

    def abandons(self) -> None:
        for process in (self.process, self.provider_process):
            if process is not None and process.code is None:
                process.child.kill()
        super().abandons()

    async def starts(self, **environment: str) -> None:
        self.process = await self._serve(self._port, environment)
        await self.process.says("onecase ready")

    async def process_ends_at(self, fault_point: str) -> None:
        """Start anew, to be killed when it comes to a named point for the n-th time (`name:n`)."""
        assert self.process is not None
        await self.process.stops()
        await self.starts(ONECASE_FAULT_POINT=fault_point)

    async def another(self) -> "Process":
        """A second service on the same folder."""
        return await self._serve(free_port(), {})

    async def _serve(self, port: int, environment: Mapping[str, str]) -> "Process":
        options = [f"--data={self.data}", f"--port={port}", f"--sandbox-url={self.sandbox}", "--clock=manual"]
        given = {"ONECASE_BOOTSTRAP_TOKEN": ADMIN, **self._environment, **environment}
        return await Process.of("serve", *options, preexec=self.before_start, **given)

    async def is_killed(self) -> None:
        """kill -9: nothing is finished, nothing is flushed."""
        assert self.process is not None
        await self.process.is_killed()
        self.process = None

    async def dies(self) -> int:
        """Wait until the service ends by itself; its exit code."""
        assert self.process is not None
        code = await self.process.ends()
        return code


@dataclass
class Phone:
    """Somebody's telephone."""

    story: World
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

    story: World
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


class Process:
    """One `onecase` command as an operator runs it."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self.child = child
        self.output = ""
        self.errors = ""
        self._news = asyncio.Event()
        self._reading = [
            asyncio.create_task(self._read(child.stdout, "output")),
            asyncio.create_task(self._read(child.stderr, "errors")),
        ]
        for reading in self._reading:
            reading.add_done_callback(lambda _: self._news.set())

    @classmethod
    async def of(cls, *arguments: str, preexec: Any = None, cwd: Path | None = None, **environment: str) -> Self:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ONECASE_")}
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(ROOT / "onecase.py"), *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**kept, "PYTHONUNBUFFERED": "1", **environment}, preexec_fn=preexec, cwd=cwd,
        )  # fmt: skip
        return cls(child)

    @classmethod
    async def ran(cls, *arguments: str, **more: Any) -> "Process":
        """Run a command to its end."""
        process = await cls.of(*arguments, **more)
        await process.ends()
        return process

    @property
    def code(self) -> int | None:
        return self.child.returncode

    async def says(self, words: str) -> str:
        """Wait until `words` were printed; all that was printed so far."""
        await patiently(self._heard(words))
        return self.output

    async def _heard(self, words: str) -> None:
        while words not in self.output:
            ended = all(reading.done() for reading in self._reading)
            assert not ended, f"ended with {await self.child.wait()}: {self.output}{self.errors}"
            self._news.clear()
            await self._news.wait()

    async def ends(self) -> int:
        await patiently(asyncio.gather(self.child.wait(), *self._reading))
        return self.child.returncode or 0

    async def stops(self) -> int:
        """SIGTERM, as a service manager does it."""
        if self.child.returncode is None:
            self.child.send_signal(signal.SIGTERM)
        return await self.ends()

    async def is_killed(self) -> None:
        self.child.kill()
        await self.ends()

    async def _read(self, pipe: asyncio.StreamReader | None, name: str) -> None:
        assert pipe is not None
        while chunk := await pipe.read(65536):
            setattr(self, name, getattr(self, name) + chunk.decode("utf-8", "replace"))
            self._news.set()


def sign(url: str, fields: Mapping[str, str], secret: str = SANDBOX_TOKEN) -> str:
    """The signature by the provider's documentation: the URL, then each field's name and value, sorted by name."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def problem_in(answer: Answered) -> Json:
    """The problem document of a refusal, checked for its form."""
    assert answer.status >= 400, f"was not refused: {answer.status} {answer.body[:500]!r}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert set(problem) >= {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == answer.status
    assert "Traceback" not in answer.body.decode()
    return problem


async def patiently(what: Awaitable[Any]) -> Any:
    """Wait for `what`, but not for ever. Only time in which this process runs counts, so a suspended machine breaks
    nothing."""
    doing = asyncio.ensure_future(what)
    for _ in range(int(PATIENCE_S * 10)):
        if (await asyncio.wait({doing}, timeout=0.1))[0]:
            return doing.result()
    doing.cancel()
    raise TimeoutError(f"still waiting after {PATIENCE_S:g} s")


def free_port() -> int:
    """A port below those that outgoing connections take, so that it is still free when somebody listens, and listens
    again after a restart."""
    while True:
        port = random.SystemRandom().randrange(*PORTS)
        with socket.socket() as asked:
            try:
                asked.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
