"""What stories share: who is who, what an answer is, how a webhook is signed, and how long anybody waits."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import socket
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from channels.sandbox.account import SANDBOX_TOKEN

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
