"""The transport on real sockets: limits hold, redirects are not followed, and a failure says what may have happened."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from channels.transport import AiohttpTransport
from channels.wire import WireFailure, WireRequest
from tests.sandbox.stage import Receiver


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    async with AiohttpTransport(body_bytes_max=1_000) as made:
        yield made


async def failure(transport: AiohttpTransport, url: str) -> WireFailure:
    with pytest.raises(WireFailure) as caught:
        await transport.send(WireRequest("POST", url, body=b"a=1"), timeout_s=0.1)
    return caught.value


async def test_the_url_goes_out_as_it_is_and_the_answer_comes_back(transport: AiohttpTransport, receiver: Receiver):
    answer = await transport.send(WireRequest("POST", f"{receiver.url}/a%20b?c=d%2Fe&f", body=b"x"), timeout_s=5)
    assert (answer.status, answer.body, answer.content_type) == (200, b"<Response/>", "text/xml; charset=utf-8")
    assert receiver.got[0][0] == "/a%20b?c=d%2Fe&f"


async def test_a_redirect_is_an_answer(transport: AiohttpTransport, receiver: Receiver):
    async def elsewhere() -> web.Response:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    receiver.answer = elsewhere
    answer = await transport.send(WireRequest("POST", receiver.url + "/"), timeout_s=5)
    assert (answer.status, answer.headers["location"], len(receiver.got)) == (302, "/elsewhere", 1)


@pytest.mark.fact("sdk-9")
async def test_failures_say_whether_the_request_may_have_arrived(
    transport: AiohttpTransport, receiver: Receiver, unused_tcp_port: int
):
    assert not (await failure(transport, f"http://127.0.0.1:{unused_tcp_port}/")).may_have_arrived
    for url in ("nowhere", "ftp://127.0.0.1/", "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y"):
        assert not (await failure(transport, url)).may_have_arrived

    async def large() -> web.Response:
        return web.Response(body=b"x" * 1_001)

    receiver.answer = large
    assert (await failure(transport, receiver.url + "/")).may_have_arrived
    release = asyncio.Event()

    async def late() -> web.Response:
        await release.wait()
        return web.Response()

    receiver.answer = late
    assert "no answer" in str(slow := await failure(transport, receiver.url + "/")) and slow.may_have_arrived
    release.set()
