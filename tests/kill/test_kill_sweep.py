"""Real processes, killed once at each named point of the story: nothing acknowledged is lost, no effect happens twice.

The sandbox outlives the service, as a provider does. People and agents try again until they are answered.
"""

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from policies import default_policy_files
from router.journal.faultpoints import FAULT_POINTS
from tests.story import Process, free_port

HER = "+12125550142"
PATIENCE_S = 40.0
KILLS = [
    ("webhook.before_decide", 1),
    ("journal.before_write", 4),
    ("journal.before_commit", 4),
    ("journal.after_commit", 4),
    ("webhook.before_answer", 1),
    ("relay.before_fold", 1),
    ("relay.after_fold", 1),
    ("matcher.before_offer", 1),
    ("outbox.before_attempt", 1),
    ("outbox.before_send", 1),
    ("outbox.after_send", 1),
    ("outbox.after_record", 1),
    ("journal.before_commit", 7),
    ("journal.after_commit", 8),
    ("search.before_write", 2),
    ("search.after_write", 2),
]


def test_every_fault_point_is_visited():
    elsewhere = ("chat.", "dialler.", "recorder.", "mail.", "erase.")  # sweeps of their own visit those
    of_others = {name for name in FAULT_POINTS if name.startswith(elsewhere)}
    assert {name for name, _ in KILLS} == set(FAULT_POINTS) - of_others


@dataclass
class Stage:
    """A sandbox that lives on, and a service that is started again whenever it died."""

    folder: Path
    service_port: int
    sandbox_port: int
    session: aiohttp.ClientSession
    processes: list[Process] = field(default_factory=list[Process])
    service: Process | None = None
    starts: int = 0
    alive: asyncio.Task[None] | None = None

    @property
    def sandbox(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.service_port}/api/v1"

    async def start_sandbox(self) -> None:
        target = f"http://127.0.0.1:{self.service_port}"
        await self._spawn("sandbox", "--port", str(self.sandbox_port), "--target", target)
        await self.until("the sandbox", lambda: self._answers(f"{self.sandbox}/clock"))

    async def start_service(self, fault: str = "") -> None:
        self.starts += 1
        arguments = ["serve", "--port", str(self.service_port), "--data", str(self.folder / "data")]
        self.service = await self._spawn(*arguments, "--sandbox-url", self.sandbox, fault=fault)

    async def _spawn(self, *arguments: str, fault: str = "") -> Process:
        environment = {"ONECASE_POLICIES": str(self.folder / "policies"), "ONECASE_BOOTSTRAP_TOKEN": "boot"}
        environment |= {"ONECASE_FAULT_POINT": fault} if fault else {}
        process = await Process.of(*arguments, cwd=self.folder, **environment)
        self.processes.append(process)
        return process

    async def keep_alive(self) -> None:
        """Start the service again, without the fault, as soon as it died."""
        while True:
            assert self.service is not None
            code = await self.service.child.wait()
            assert code == -signal.SIGKILL, f"it ended by itself with {code}: {self.service.errors}"
            await self.start_service()

    async def until(self, what: str, look: Any) -> Any:
        """Try until it is so; a connection that fails is tried again, as any client would."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                if found := await look():
                    return found
            except (aiohttp.ClientError, ConnectionError, TimeoutError):
                pass
            await asyncio.sleep(0.02)  # between two real attempts over a real socket
        raise AssertionError(f"{what} did not come; {[process.errors[-2000:] for process in self.processes]}")

    async def call(self, method: str, path: str, token: str, body: Any = None, key: str | None = None) -> Any:
        """One API call, repeated under one Idempotency-Key until it is answered."""

        async def attempt() -> Any:
            headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
            async with self.session.request(method, self.api + path, headers=headers, json=body) as answer:
                if answer.status in (401, 503):
                    return None  # starting: tokens are not read yet
                return {"status": answer.status, "body": await answer.json(content_type=None)}

        return await self.until(f"{method} {path}", attempt)

    async def _answers(self, url: str) -> bool:
        async with self.session.get(url) as answer:
            return answer.status == 200

    async def close(self) -> None:
        if self.alive is not None:
            self.alive.cancel()
        for process in self.processes:
            if process.code is None:
                await process.is_killed()


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    policies = folder / "policies"
    policies.mkdir()
    for name, text in default_policy_files().items():
        quick = re.sub(r"(?m)^(lookup|spacing):.*$", r"\1: 1 s", text) if name.startswith("sending") else text
        (policies / name).write_text(quick)
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        made = Stage(folder, free_port(), free_port(), session)
        try:
            yield made
        finally:
            await made.close()


@pytest.mark.parametrize(("point", "count"), KILLS, ids=[f"{name}-{n}" for name, n in KILLS])
async def test_killed_once_the_story_still_ends_well(point: str, count: int, tmp_path: Path):
    """Text, offer, accept, answer, second text: every acknowledged contact is there, her phone rings once an answer."""
    async with stage(tmp_path) as at:
        await at.start_sandbox()
        await at.start_service(fault=f"{point}:{count}")
        at.alive = asyncio.create_task(at.keep_alive())
        case = await asyncio.wait_for(_story(at), timeout=90)
        at.alive.cancel()
        assert at.starts == 2, "it died exactly once"
        await _nothing_lost_nothing_twice(at, case)
        await _replay_is_clean(at)


async def _story(at: Stage) -> str:
    ana = (await at.call("POST", "/agents", "boot", {"name": "Ana", "skills": {"heating": 3}}, key="ana"))["body"]
    token = ana["token"]
    await at.call("PUT", "/agents/me/state", token, {"state": "ready"})
    await _texts(at, "My thermostat shows E42")

    async def offered() -> Any:
        work = (await at.call("GET", "/agents/me/work", token))["body"]
        return (work["offers"] or work["work"] or [None])[0]

    offer = await at.until("an offer", offered)
    if "expires_at" in offer:
        await at.call("POST", f"/offers/{offer['id']}/accept", token, key="accept")
    case = offer["case"]
    answer = {"text": "Please check the fuse", "channel": "auto"}
    sent = await at.call("POST", f"/cases/{case}/messages", token, answer, key="answer")
    assert sent["status"] == 202, sent
    await at.until("the answer on her phone", lambda: _inbox_or_retry(at))
    await _texts(at, "the fuse is on, still E42")

    async def joined() -> bool:
        found = (await at.call("GET", f"/cases/{case}", token))["body"]
        return found["ledger"]["contacts"] == 2

    await at.until("the second text on the same case", joined)

    async def settled() -> bool:
        page = (await at.call("GET", "/outbox?state=open", "boot"))["body"]
        return not page["items"]

    await at.until("an empty outbox", settled)
    return case


async def _texts(at: Stage, body: str) -> None:
    """She writes. What a dead service missed is in the provider's log and fetched at its start."""
    async with at.session.post(f"{at.sandbox}/phones/{HER}/texts", json={"body": body}) as answer:
        assert answer.status < 300, await answer.text()


async def _inbox(at: Stage) -> list[str]:
    async with at.session.get(f"{at.sandbox}/phones/{HER}") as answer:
        return [text["body"] for text in (await answer.json())["inbox"]]


async def _inbox_or_retry(at: Stage) -> list[str]:
    """Killed between the record of an attempt and the sending, nobody knows: it stands on the ops list, and a person
    who has looked sends it again."""
    page = (await at.call("GET", "/outbox?state=unknown", "boot"))["body"]
    for item in page["items"]:
        await at.call("POST", f"/outbox/{item['id']}/retry", "boot", key=f"retry-{item['id']}")
    return await _inbox(at)


async def _nothing_lost_nothing_twice(at: Stage, case: str) -> None:
    page = (await at.call("GET", "/cases?limit=100", "boot"))["body"]
    assert [c["id"] for c in page["items"]] == [case], "one matter, one case"
    rows = (await at.call("GET", f"/cases/{case}/timeline?limit=200", "boot"))["body"]["items"]
    said = [(e["direction"], e["text"]) for e in rows if e["kind"] == "message"]
    assert sorted(said) == [
        ("in", "My thermostat shows E42"),
        ("in", "the fuse is on, still E42"),
        ("out", "Please check the fuse"),
    ]
    assert await _inbox(at) == ["Please check the fuse"], "one answer, one text"


async def _replay_is_clean(at: Stage) -> None:
    assert at.service is not None
    assert await at.service.stops() == 0, "SIGTERM ends it cleanly"
    replay = await Process.ran("replay", "--data", str(at.folder / "data"), cwd=at.folder)
    assert replay.code == 0, f"documents equal the log: {replay.errors}"
