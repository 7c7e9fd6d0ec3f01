"""Mail over real sockets: the sandbox's mail server and the way to the service's, with the real SMTP client."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from channels.email.post import ACCEPTED, Envelope, PostFailure, PostRefused, Reply
from channels.email.smtp import SmtpListener, SmtpPost
from channels.sandbox.server import RunningSandbox, run_sandbox
from tests.sandbox.mail_stage import HELP, MIA, RAW, TOM, answer_to
from tests.sandbox.stage import START, Receiver

HOST = "127.0.0.1"
ANSWER = Envelope("bounces@support.example", (MIA,), answer_to(MIA))


class Desk:
    """The service's mail server, on a socket."""

    def __init__(self) -> None:
        self.got: list[Envelope] = []
        self.replies: list[Reply] = []

    async def take(self, envelope: Envelope) -> Reply:
        self.got.append(envelope)
        return self.replies.pop(0) if self.replies else ACCEPTED


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def connected(running: RunningSandbox, desk: Desk) -> AsyncIterator[RunningSandbox]:
    """A sandbox whose mail for the service goes to `desk`, which started after it."""
    bugs: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context["message"]))
    listener = await SmtpListener.start(HOST, 0, desk.take)
    running.mail_to = (HOST, listener.port)
    yield running
    await listener.close()
    assert bugs == []


async def ask(sandbox: RunningSandbox, method: str, path: str, body: bytes | None = None) -> Any:
    async with aiohttp.ClientSession(sandbox.url) as http, http.request(method, path, data=body) as answer:
        return await answer.json(content_type=None)


async def send(sandbox: RunningSandbox, mail: Envelope = ANSWER) -> None:
    assert sandbox.smtp_port
    await SmtpPost(HOST, sandbox.smtp_port).deliver(mail, timeout_s=5)


async def test_mail_goes_both_ways(connected: RunningSandbox, desk: Desk):
    answer = await ask(connected, "POST", "/mail", RAW)
    assert answer["accepted"] and desk.got == [Envelope(MIA, (HELP,), RAW)]
    await send(connected)
    (item,) = (await ask(connected, "GET", f"/mail/{MIA}"))["items"]
    assert (item["text"], item["return_path"]) == ("We are coming.\n", "bounces@support.example")


async def test_a_mail_waits_for_a_service_that_is_away(connected: RunningSandbox, desk: Desk):
    there, connected.mail_to = connected.mail_to, (HOST, 9)
    answer = await ask(connected, "POST", "/mail", RAW)
    assert not answer["accepted"] and answer["reply"].startswith("no reply")
    connected.mail_to = there
    await ask(connected, "POST", "/clock", json.dumps({"advance_s": 60}).encode())
    assert desk.got == [Envelope(MIA, (HELP,), RAW)]


async def test_advancing_the_clock_waits_for_the_mail_to_arrive(connected: RunningSandbox, desk: Desk):
    desk.replies = [Reply(451, "4.3.0 not now")]
    await ask(connected, "POST", "/mail", RAW)
    await ask(connected, "PUT", f"/mail/{MIA}/behaviour", b'{"on_mail": "auto_reply"}')
    await send(connected)
    await ask(connected, "POST", "/clock", json.dumps({"advance_s": 60}).encode())
    assert [one.sender for one in desk.got] == [MIA] * 3
    assert connected.activity.names() == []


async def test_a_refusal_of_a_mailbox_comes_over_the_wire(connected: RunningSandbox):
    await ask(connected, "PUT", f"/mail/{MIA}/behaviour", b'{"on_mail": "reject"}')
    with pytest.raises(PostRefused) as caught:
        await send(connected)
    assert (caught.value.code, caught.value.text) == (550, "5.1.1 No such user here")
    (seen,) = (await ask(connected, "GET", "/traffic"))["items"]
    assert (seen["to"], seen["code"], seen["text"]) == (MIA, 550, "5.1.1 No such user here")


async def test_a_mailbox_that_refuses_does_not_keep_the_mail_from_others(connected: RunningSandbox):
    await ask(connected, "PUT", f"/mail/{TOM}/behaviour", b'{"on_mail": "full"}')
    assert connected.smtp_port
    mail = Envelope(ANSWER.sender, (MIA, TOM), ANSWER.raw)
    (unreached,) = await SmtpPost(HOST, connected.smtp_port).deliver(mail, timeout_s=5)
    assert (unreached.address, unreached.reply.code) == (TOM, 452)
    assert [len((await ask(connected, "GET", f"/mail/{one}"))["items"]) for one in (MIA, TOM)] == [1, 0]


async def test_the_real_client_loses_the_answer(connected: RunningSandbox):
    await ask(connected, "PUT", "/faults", b'{"mail_lost_answer": 1}')
    with pytest.raises(PostFailure) as caught:
        await send(connected)
    assert caught.value.may_have_arrived
    assert len((await ask(connected, "GET", f"/mail/{MIA}"))["items"]) == 1


async def test_the_sandbox_says_where_it_takes_mail(connected: RunningSandbox):
    about = await ask(connected, "GET", "/about")
    assert (about["mail_address"], about["smtp_port"]) == (HELP, connected.smtp_port) and connected.smtp_port


async def test_without_mail_the_sandbox_runs_as_well(receiver: Receiver):
    sandbox = await run_sandbox(target=receiver.url, clock_mode="manual", clock_start=START, smtp_port=None)
    assert sandbox.smtp_port is None and sandbox.mail_to is None
    assert (await ask(sandbox, "POST", "/mail", RAW))["status"] == 409
    await sandbox.close()


async def test_where_the_mail_servers_port_is_taken_nothing_stays_behind(running: RunningSandbox, receiver: Receiver):
    with pytest.raises(OSError, match="address already in use"):
        await run_sandbox(target=receiver.url, smtp_port=running.smtp_port)
