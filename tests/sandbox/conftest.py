"""The fixtures of the sandbox's tests; what they are made of stands in `stage`."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from twilio.rest import Client

from channels.sandbox.account import SANDBOX_SID, SANDBOX_TOKEN
from channels.sandbox.server import RunningSandbox, run_sandbox
from tests.sandbox.mail_stage import Desk, MailBench
from tests.sandbox.stage import START, Bench, Receiver, RedirectedHttp, make_bench
from tests.sandbox.voice_stage import CallBench, make_call_bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = make_bench()
    yield made
    await made.sandbox.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver("", [])

    async def take(request: web.Request) -> web.Response:
        made.got.append((request.raw_path, request.headers, await request.post()))
        return await made.answer() if made.answer else web.Response(text="<Response/>", content_type="text/xml")

    app = web.Application()
    app.router.add_post("/{tail:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def running(receiver: Receiver) -> AsyncIterator[RunningSandbox]:
    """A sandbox on a socket, on manual time."""
    made = await run_sandbox(target=receiver.url, clock_mode="manual", clock_start=START, seed=7)
    yield made
    await made.close()


@pytest.fixture
async def http(running: RunningSandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """The control API of that sandbox."""
    async with aiohttp.ClientSession(running.url) as session:
        yield session


@pytest.fixture
async def twilio(running: RunningSandbox) -> AsyncIterator[Client]:
    """The real SDK."""
    async with RedirectedHttp(running.url) as http:
        yield Client(SANDBOX_SID, SANDBOX_TOKEN, http_client=http)


@pytest.fixture
async def calls() -> AsyncIterator[CallBench]:
    """Fails when a task of the sandbox failed, which nobody else would see."""
    bugs: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
    made = make_call_bench()
    yield made
    await made.sandbox.close()
    assert bugs == []


@pytest.fixture
async def mail() -> AsyncIterator[MailBench]:
    """Fails when a task of the sandbox failed, which nobody else would see."""
    bugs: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
    bench, desk = make_bench(), Desk()
    bench.sandbox.post = desk
    yield MailBench(bench, desk)
    await bench.sandbox.close()
    assert bugs == []
