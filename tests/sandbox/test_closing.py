"""A sandbox that is closed says good-bye once: whoever is on the line is cut off, and nothing runs on behind it."""

import asyncio

import aiohttp
from aiohttp import web

from channels.sandbox.account import SANDBOX_NUMBERS
from channels.sandbox.server import run_sandbox

HERS = "+12125550142"
WAITS = '<Response><Gather timeout="60"><Say>Just a moment.</Say></Gather></Response>'


async def test_it_closes_in_good_order_with_a_call_on_the_line():
    """The service and then the sandbox end while somebody waits in line, as Ctrl-C ends the demo: the call is over, and
    nothing is told over a connection that is gone."""
    bugs: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
    service, target = await _service()
    running = await run_sandbox(target=target)
    async with aiohttp.ClientSession(running.url) as http:
        async with http.post(f"/phones/{HERS}/calls", json={"to": SANDBOX_NUMBERS[0]}) as made:
            assert made.status == 201
        async with asyncio.timeout(10):
            while not (await _call(http))["heard"]:
                await asyncio.sleep(0)
    await service.cleanup()
    await running.close()
    async with asyncio.timeout(10):
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)
    assert bugs == []


async def _service() -> tuple[web.AppRunner, str]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=WAITS, content_type="text/xml")

    app = web.Application()
    app.router.add_post("/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _call(http: aiohttp.ClientSession) -> dict[str, list[object]]:
    async with http.get(f"/phones/{HERS}") as answer:
        return (await answer.json())["call"] or {"heard": []}
