"""The sandbox on sockets: a thin shim over `Sandbox.handle`, the clock's control connection and the mail server.

Its one rule: it translates, with limits, and decides nothing.
"""

import asyncio
import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from channels.clock import Activity, ManualClock, RealClock
from channels.email.smtp import SmtpListener, SmtpPost
from channels.sandbox.account import SANDBOX_API_KEYS, SANDBOX_NUMBERS, SANDBOX_SID, SANDBOX_TOKEN
from channels.sandbox.carrier import Pacing
from channels.sandbox.clockwork import Clockwork
from channels.sandbox.core import Sandbox
from channels.sandbox.mail.control_mail import MAIL_ADDRESS
from channels.sandbox.mail.from_service import MAIL_HOST
from channels.sandbox.meeting import PATH as SMTP_PATH
from channels.sandbox.problems import Problem, problem_of
from channels.sandbox.remote_side import RemoteSide, Report
from channels.sandbox.voice.pacing import VoicePacing
from channels.transport import AiohttpTransport
from channels.wire import WireFailure, WireRequest, WireResponse
from router.core.clock import Ms

BODY_BYTES_MAX = 72 * 1024 * 1024  # ten files of 5 MiB in base64
FRAME_BYTES_MAX = 1 << 20
HEARTBEAT_S = 20.0
SHUTDOWN_S = 1.0


async def start(
    sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, *, meeting: "Meeting | None" = None
) -> web.AppRunner:
    """Serve `sandbox`; port 0 takes a free one. The caller ends it with `await runner.cleanup()`."""
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    followers: set[web.WebSocketResponse] = set()

    async def say_goodbye(_: web.Application) -> None:
        for socket in tuple(followers):
            await socket.close(code=aiohttp.WSCloseCode.GOING_AWAY)

    app.on_shutdown.append(say_goodbye)
    app.router.add_get("/clock/control", _clock_control(sandbox, followers))
    app.router.add_route("*", SMTP_PATH, _smtp_handler(meeting or Meeting()))
    app.router.add_route("*", "/{tail:.*}", _handler(sandbox))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    if not sandbox.own_url:
        sandbox.own_url = url_of(runner)
    return runner


def url_of(runner: web.AppRunner) -> str:
    """Where it listens; a wildcard address is reached on this machine."""
    host, port = runner.addresses[0][:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@dataclass(slots=True)
class Meeting:
    """Where a service in another process finds the mail server, and is found by it."""

    running: "RunningSandbox | None" = None


class MailTarget(BaseModel):
    """Where a service takes its mail."""

    model_config = ConfigDict(extra="forbid", strict=True)

    host: str = Field(min_length=1, max_length=255)
    port: int = Field(ge=1, le=65535)


@dataclass(slots=True)
class RunningSandbox:
    """A sandbox that serves. `clock` and `activity` are its own; a service in the same process may share them."""

    sandbox: Sandbox
    url: str
    clock: RealClock | ManualClock
    activity: Activity
    _runner: web.AppRunner
    _transport: AiohttpTransport
    _smtp: SmtpListener | None = None
    _mail_to: tuple[str, int] | None = None

    @property
    def smtp_port(self) -> int | None:
        """Where mail from the service is taken; None where it is not."""
        return self.sandbox.smtp_port

    @property
    def mail_to(self) -> tuple[str, int] | None:
        """Host and port where the service takes mail; it may be set at any time."""
        return self._mail_to

    @mail_to.setter
    def mail_to(self, target: tuple[str, int] | None) -> None:
        self._mail_to = target
        self.sandbox.post = SmtpPost(*target, name=MAIL_HOST) if target else None

    async def close(self) -> None:
        """Stop listening, then stop what is on its way."""
        if self._smtp is not None:
            await self._smtp.close()
        await self._runner.cleanup()
        await self.sandbox.close()
        await self._transport.close()


async def run_sandbox(
    *,
    target: str,
    host: str = "127.0.0.1",
    port: int = 0,
    clock_mode: Literal["real", "manual"] = "real",
    clock_start: Ms | None = None,
    seed: int | None = None,
    own_url: str = "",
    account_sid: str = SANDBOX_SID,
    auth_token: str = SANDBOX_TOKEN,
    numbers: Sequence[str] = SANDBOX_NUMBERS,
    pacing: Pacing | None = None,
    voice_pacing: VoicePacing | None = None,
    smtp_port: int | None = 0,
    mail_target: tuple[str, int] | None = None,
    mail_address: str = MAIL_ADDRESS,
) -> RunningSandbox:
    """Put a whole sandbox on sockets. A manual clock starts at `clock_start`, or at the present. Port 0 takes a free
    one, `smtp_port` None none. Mail for the service, whose own is `mail_address`, goes to `mail_target`."""
    clock = RealClock() if clock_mode == "real" else ManualClock(clock_start or RealClock().now())
    activity, transport = Activity(), AiohttpTransport()
    sandbox = Sandbox(
        clock=clock,
        transport=transport,
        chance=random.Random(seed),
        activity=activity,
        target=target,
        own_url=own_url,
        account_sid=account_sid,
        auth_token=auth_token,
        numbers=numbers,
        api_keys=SANDBOX_API_KEYS,
        pacing=pacing,
        voice_pacing=voice_pacing,
        mail_address=mail_address,
    )
    meeting = Meeting()
    try:
        runner = await start(sandbox, host, port, meeting=meeting)
    except BaseException:
        await transport.close()
        raise
    running = RunningSandbox(sandbox, url_of(runner), clock, activity, runner, transport)
    running.mail_to = mail_target
    meeting.running = running
    try:
        if smtp_port is not None:
            running._smtp = await SmtpListener.start(
                host, smtp_port, sandbox.mail_in, name=MAIL_HOST, admit=sandbox.mail_admits
            )
            sandbox.smtp_port = running._smtp.port
    except BaseException:
        await running.close()
        raise
    return running


def _handler(sandbox: Sandbox) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _shown(Problem(413, f"A body may have {BODY_BYTES_MAX} bytes.").response())
        try:
            return _shown(await sandbox.handle(WireRequest(request.method, request.raw_path, request.headers, body)))
        except WireFailure:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)  # goes nowhere: the connection is gone

    return handler


def _shown(answer: WireResponse) -> web.Response:
    response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    response.headers["Content-Type"] = answer.content_type
    return response


def _smtp_handler(meeting: Meeting) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        running = meeting.running
        if running is None:
            return _shown(Problem(503, "The sandbox is starting.").response())
        if request.method == "PUT" and "Origin" not in request.headers:
            try:
                target = MailTarget.model_validate_json(await request.read())
            except ValidationError as error:
                return _shown(problem_of(error).response())
            running.mail_to = (target.host, target.port)
        elif request.method != "GET":
            return _shown(Problem(405, f"{SMTP_PATH} is read, or told by a service.").response())
        return _shown(WireResponse(200, json.dumps({"port": running.smtp_port}).encode(), "application/json"))

    return handler


def _clock_control(sandbox: Sandbox, followers: set[web.WebSocketResponse]) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        if sandbox.clockwork is None:
            return _shown(Problem(409, "This clock is the real one; there is nothing to follow.").response())
        if "Origin" in request.headers:
            return _shown(Problem(403, "Only programs follow the clock; web pages do not.").response())
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=FRAME_BYTES_MAX)
        await socket.prepare(request)
        followers.add(socket)
        try:
            await _converse(socket, sandbox.clockwork, name=f"service at {request.remote}")
        finally:
            followers.discard(socket)
        return socket

    return handler


async def _converse(socket: web.WebSocketResponse, clockwork: Clockwork, *, name: str) -> None:
    frames: asyncio.Queue[dict[str, int]] = asyncio.Queue()
    side = RemoteSide(name, frames.put_nowait)
    telling = asyncio.create_task(_tell(socket, frames), name=f"tell the time to the {name}")
    clockwork.join(side)
    try:
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                break
            side.take(Report.model_validate_json(frame.data))
    except ValidationError as problem:
        await socket.close(code=aiohttp.WSCloseCode.UNSUPPORTED_DATA, message=str(problem.error_count()).encode())
    finally:
        clockwork.leave(side)
        telling.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await telling


async def _tell(socket: web.WebSocketResponse, frames: "asyncio.Queue[dict[str, int]]") -> None:
    while True:
        await socket.send_str(json.dumps(await frames.get()))
