"""What the tests of the mailboxes stand on: a sandbox in memory and a service that takes mail as told."""

import json
from dataclasses import dataclass, field
from email import message_from_string
from email.message import Message
from typing import Any

from channels.email.post import Envelope, PostFailure, PostRefused, Reply, Unreached
from channels.wire import WireRequest
from tests.sandbox.stage import Bench

MIA, TOM, HELP = "mia@customer.example", "tom@customer.example", "help@support.example"
RAW = (
    b"From: Mia <mia@customer.example>\r\nTo: help@support.example\r\nSubject: Cold flat\r\n"
    b"Message-ID: <1@customer.example>\r\n\r\nThe thermostat shows E42.\r\n"
)
NOT_ARRIVED = PostFailure("no connection", may_have_arrived=False)
LATER, NEVER = PostRefused(450, "4.7.1 later"), PostRefused(550, "5.7.1 We do not want this")


@dataclass
class Desk:
    """The service's mail server, in memory: notes what comes; says yes, or what `answers` hold."""

    answers: list[Exception | None] = field(default_factory=list[Exception | None])
    got: list[Envelope] = field(default_factory=list[Envelope])
    unreached: list[Unreached] = field(default_factory=list[Unreached])  # once, of the next mail that is taken

    async def deliver(self, envelope: Envelope, *, timeout_s: float) -> tuple[Unreached, ...]:
        self.got.append(envelope)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        unreached, self.unreached = tuple(self.unreached), []
        return unreached


@dataclass
class MailBench:
    bench: Bench
    desk: Desk

    async def ask(self, method: str, url: str, body: object = None) -> Any:
        return await self.bench.ask(method, url, body)

    async def post(self, raw: bytes = RAW, query: str = "") -> Any:
        answer = await self.bench.sandbox.handle(WireRequest("POST", f"/mail{query}", body=raw))
        return {**json.loads(answer.body), "status_code": answer.status}

    async def comes(self, *to: str, sender: str = "bounces@support.example", raw: bytes | None = None) -> Reply:
        """The service sends a mail."""
        if raw is None:
            raw = answer_to(", ".join(to))
        return await self.bench.sandbox.mail_in(Envelope(sender, to, raw))

    async def behave(self, address: str, **behaviour: object) -> None:
        answer = await self.ask("PUT", f"/mail/{address}/behaviour", behaviour)
        assert answer["status_code"] == 200, answer

    async def fault(self, **faults: object) -> None:
        answer = await self.ask("PUT", "/faults", faults)
        assert answer["status_code"] == 200, answer

    async def items(self, address: str) -> list[Any]:
        return (await self.ask("GET", f"/mail/{address}"))["items"]

    async def traffic(self) -> list[Any]:
        return [one for one in (await self.ask("GET", "/traffic"))["items"] if one["kind"] == "mail"]


def answer_to(to: str, **headers: str) -> bytes:
    """A mail of the service; `Auto_Submitted` is the header Auto-Submitted."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        f"From: onecase <{HELP}>\r\nTo: {to}\r\nSubject: Re: Cold flat\r\nMessage-ID: <7@support.example>\r\n"
        f"{more}\r\nWe are coming.\r\n"
    ).encode()


def parsed(raw: bytes | str) -> Message:
    return message_from_string(raw if isinstance(raw, str) else raw.decode())
