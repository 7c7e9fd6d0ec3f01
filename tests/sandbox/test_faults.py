"""Faults on command: each does what it says, and a run with them repeats bit for bit."""

import asyncio
import hashlib
import json

import aiohttp
import pytest
from twilio.rest import Client

from channels.sandbox.server import RunningSandbox
from channels.wire import WireFailure
from tests.sandbox.stage import OURS, PHONE, TARGET, Bench, make_bench

CALLBACK = f"{TARGET}/status"


async def fault(bench: Bench, **faults: object) -> None:
    answer = await bench.ask("PUT", "/faults", faults)
    assert answer["status_code"] == 200, answer


async def count(bench: Bench) -> int:
    await bench.ask("PUT", "/faults", {})
    return len((await bench.rest("GET", "/Messages.json"))["messages"])


@pytest.mark.fact("rest-2")
@pytest.mark.parametrize(
    ("name", "status", "code"), [("provider_down", 503, 20503), ("error_rate", 500, 20500), ("throttle", 429, 20429)]
)
async def test_rest_fails_without_effect(bench: Bench, name: str, status: int, code: int):
    await fault(bench, **{name: True})
    answer = await bench.send()
    assert (answer["status_code"], answer["code"]) == (status, code)
    assert await count(bench) == 0


async def test_an_answer_is_lost_after_the_effect(bench: Bench):
    await fault(bench, lose_answers=1)
    with pytest.raises(WireFailure) as caught:
        await bench.send()
    assert caught.value.may_have_arrived and await count(bench) == 1


async def test_an_answer_is_cut_after_the_effect(bench: Bench):
    await fault(bench, truncate=1)
    with pytest.raises(json.JSONDecodeError):
        await bench.send()
    assert await count(bench) == 1


@pytest.mark.fact("sdk-8")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_the_real_sdk_loses_an_answer(running: RunningSandbox, twilio: Client):
    async with aiohttp.ClientSession(running.url) as http:
        await http.put("/faults", json={"lose_answers": 1})
        with pytest.raises(aiohttp.ClientError):
            await twilio.messages.create_async(to=PHONE, from_=OURS, body="x")
        await http.put("/faults", json={})
    assert len(await twilio.messages.list_async()) == 1


@pytest.mark.fact("http-1", "http-8")
async def test_webhooks_come_twice_with_one_token(bench: Bench):
    await fault(bench, duplicate_webhooks=True)
    await bench.text("hello")
    await bench.advance()
    one, two = bench.service.got
    assert one.body == two.body
    assert one.headers["I-Twilio-Idempotency-Token"] == two.headers["I-Twilio-Idempotency-Token"]


async def test_statuses_are_lost(bench: Bench):
    await fault(bench, lose_status=1)
    sid = (await bench.send(StatusCallback=CALLBACK))["sid"]
    await bench.advance(10)
    assert bench.service.got == []
    assert (await bench.rest("GET", f"/Messages/{sid}.json"))["status"] == "delivered"


@pytest.mark.fact("http-8")
async def test_webhooks_overtake_each_other(bench: Bench):
    await bench.send(StatusCallback=CALLBACK)
    await fault(bench, reorder=1)
    await bench.advance(0.3)
    await fault(bench, reorder=0)
    await bench.advance(10)
    assert bench.service.statuses() == ["delivered", "sent"]


@pytest.mark.fact("http-8")
async def test_webhooks_and_calls_are_slow(bench: Bench):
    await fault(bench, delay_s=30)
    await bench.text("hello")
    calling = asyncio.create_task(bench.send())
    await bench.advance(29)
    assert bench.service.got == [] and not calling.done()
    await bench.advance(1)
    assert len(bench.service.got) == 1
    assert (await calling)["status_code"] == 201


async def test_while_the_provider_is_down_texts_are_only_logged(bench: Bench):
    await fault(bench, provider_down=True)
    await bench.text("hello")
    await bench.advance(60)
    assert bench.service.got == [] and await count(bench) == 1


async def trace(seed: int) -> str:
    """What a busy run with many faults leaves behind."""
    bench = make_bench(seed)
    await fault(bench, duplicate_webhooks=0.3, reorder=0.3, lose_status=0.2, error_rate=0.2, throttle=0.1)
    for number in range(30):
        await bench.text(f"text {number}", phone=f"+1415555{number:04}")
        await bench.send(f"message {number}", StatusCallback=CALLBACK, To=f"+1415556{number:04}")
        await bench.advance(0.5)
    await bench.advance(60)
    seen = await bench.ask("GET", "/traffic")
    await bench.sandbox.close()
    assert len(seen["items"]) > 100
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


async def test_a_run_repeats_bit_for_bit():
    assert await trace(1) == await trace(1)
    assert await trace(1) != await trace(2)
