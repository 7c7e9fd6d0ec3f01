"""`onecase demo`: a short story over the wire, on the real service with the sandbox, then the service is yours to try.

Every step goes the way the outside goes: a phone of the sandbox texts, the provider's webhook comes in, an agent works
over the API, the answer leaves through the official SDK.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

import aiohttp
import typer

from channels.sandbox.server import run_sandbox
from router.http.desk.words import rows_of
from router.http.names import SOMEBODY
from router.http.views import EntryOut
from router.interpreter import starting_to_serve
from router.serving import start_service
from router.settings import load_settings
from router.telemetry import set_up_logs

CUSTOMER = "+14155550142"
ANAS_PHONE = "+14155550177"
MAILBOX = "mia@customer.example"
STEP_S = 20.0
LINE_CHARS = 110


class StoryBroken(Exception):
    """A step of the story did not come true in time."""


async def play_demo(*, data: Path | None, port: int, sandbox_port: int, until: Callable[[], Awaitable[None]]) -> None:
    """Play, print, and serve until stopped. Without `data` everything is gone afterwards."""
    folder = data or Path(tempfile.mkdtemp(prefix="onecase-demo-"))
    try:
        set_up_logs("warning")
        environment = {k: v for k, v in os.environ.items() if k in ("ONECASE_HOST", "ONECASE_BOOTSTRAP_TOKEN")}
        settings = load_settings(None, environment, data=folder, port=port)
        sandbox = await run_sandbox(target=f"http://{settings.host}:{port}", host=settings.host, port=sandbox_port)
        with starting_to_serve():
            running = await start_service(settings, sandbox=sandbox)
        sandbox.sandbox.account.aim(running.url)
        try:
            async with aiohttp.ClientSession() as session:
                world = World(session, running.url, sandbox.url, running.bootstrap or "")
                agent = await world.story() if running.bootstrap else None
            _farewell(running.url, sandbox.url, running.bootstrap, agent, folder, kept=data is not None)
            await until()
            typer.echo("\nGood-bye." + ("" if data else " The throw-away folder is removed."))
        finally:
            await running.close()
            await sandbox.close()
    finally:
        if data is None:
            shutil.rmtree(folder, ignore_errors=True)


class World:
    """The people of the story, each on their side of the wire."""

    def __init__(self, session: aiohttp.ClientSession, service: str, sandbox: str, admin: str) -> None:
        self._session = session
        self._service = service
        self._sandbox = sandbox
        self._admin = admin

    async def story(self) -> dict[str, Any]:
        typer.echo("\nA story over the wire, on the sandbox:\n")
        ana = await self._api(
            "POST", "/agents", self._admin, {"name": "Ana", "skills": {"heating": 3}, "phone": ANAS_PHONE}
        )
        await self._api("PUT", "/agents/me/state", ana["token"], {"state": "ready"})
        await self._text("My thermostat shows E42 and the flat is cold")
        offer = await self._until("an offer", lambda: self._first_offer(ana["token"]))
        _tell("the case is durable, and Ana is offered it", offer["why"])
        await self._api("POST", f"/offers/{offer['id']}/accept", ana["token"])
        sent = await self._api(
            "POST",
            f"/cases/{offer['case']}/messages",
            ana["token"],
            {"text": "Hello, Ana here. Please check the heating's fuse in your cabinet: is it on?"},
        )
        _tell(f"Ana answers by {sent['channel']}", "; ".join(sent["reasons"]))
        await self._until("the answer on her phone", self._last_text)
        await self._text("found the fuse, it's on, still E42")
        await self._until("one case with two contacts", lambda: self._joined(offer["case"], ana["token"]))
        case = await self._api("GET", f"/cases/{offer['case']}", ana["token"])
        _tell("the second text joined the same case", f"case {case['ref']}, {case['ledger']['contacts']} contacts")
        [work] = (await self._api("GET", "/agents/me/work", ana["token"]))["work"]
        await self._api("POST", f"/work/{work['id']}/finish", ana["token"], {"outcome": "answered"})
        await self._call(offer["case"], ana["token"])
        await self._mail(case, ana["token"])
        await self._print_timeline(offer["case"], ana["token"])
        return ana

    async def _call(self, case: str, token: str) -> None:
        """She calls about the same matter: Ana's phone rings, Ana presses 1, they talk."""
        _tell(f"{CUSTOMER} calls, and says", "it is still cold, can you help me now?")
        await self._phone(CUSTOMER, "calls", {})
        await self._until("a greeting", lambda: self._hears(CUSTOMER, "what it is about"))
        await self._phone(CUSTOMER, "speak", {"text": "it is still cold, can you help me now?"})
        offer = await self._until("an offer of the call", lambda: self._first_offer(token))
        _tell("the call joined the same case" if offer["case"] == case else "the call opened a case", offer["why"])
        await self._api("POST", f"/offers/{offer['id']}/accept", token)
        await self._until("Ana's phone ringing", lambda: self._is(ANAS_PHONE, "ringing"))
        await self._phone(ANAS_PHONE, "pick-up", {})
        await self._until("the whisper", lambda: self._hears(ANAS_PHONE, "Press 1"))
        await self._phone(ANAS_PHONE, "press", {"digits": "1"})
        await self._until("the two talking", lambda: self._talk(CUSTOMER, ANAS_PHONE))
        _tell("they talk", "nothing had to be said twice; she hangs up")
        await self._phone(CUSTOMER, "hang-up", {})
        [work] = await self._until("the wrap-up", lambda: self._wrapping(token))
        done = {"outcome": "solved", "note": "fuse was loose; heating is on"}
        await self._api("POST", f"/work/{work['id']}/finish", token, done)

    async def _mail(self, case: dict[str, Any], token: str) -> None:
        """Ana puts it in writing; the customer answers that mail as anybody does, and it is the same case."""
        await self._api("POST", f"/customers/{case['customer']}/addresses", token, {"address": MAILBOX})
        written = {
            "text": "Hello, as we said: the fuse was loose, and the heating is on again.\n\nAna",
            "channel": "email",
        }
        await self._api("POST", f"/cases/{case['id']}/messages", token, written)
        got = await self._until("a mail in her mailbox", self._last_mail)
        _tell(f"Ana writes a mail to {MAILBOX}", got["subject"])
        answer = EmailMessage()
        answer["Message-ID"] = make_msgid(domain=MAILBOX.split("@")[1])
        answer["From"], answer["To"] = MAILBOX, got["headers"]["Reply-To"]
        answer["Subject"], answer["In-Reply-To"] = f"Re: {got['subject']}", got["headers"]["Message-ID"]
        quoted = "\n".join(f"> {line}" for line in got["text"].strip().splitlines())
        wrote = f"On {got['headers']['Date']}, {got['from']} wrote:"
        answer.set_content(f"It is warm. Thank you!\n\n{wrote}\n{quoted}\n")
        async with self._session.post(f"{self._sandbox}/mail", data=answer.as_bytes()) as said:
            said.raise_for_status()
        await self._until("the answer on the same case", lambda: self._joined(case["id"], token, contacts=4))
        _tell("she answers the mail", "the same case again; only her new words are shown, the rest is folded")
        offer = await self._until("an offer of the mail", lambda: self._first_offer(token))
        await self._api("POST", f"/offers/{offer['id']}/accept", token)
        await self._api("PUT", "/agents/me/state", token, {"state": "busy"})  # no offer runs out before you sign in
        _tell("Ana has it before her", "she is busy with it, and offered nothing more until you set her ready")

    async def _last_mail(self) -> dict[str, Any] | None:
        async with self._session.get(f"{self._sandbox}/mail/{MAILBOX}") as answer:
            items = (await answer.json())["items"]
        return items[-1] if items else None

    async def _phone(self, number: str, what: str, how: dict[str, Any]) -> None:
        async with self._session.post(f"{self._sandbox}/phones/{number}/{what}", json=how) as answer:
            answer.raise_for_status()

    async def _now(self, number: str) -> dict[str, Any]:
        async with self._session.get(f"{self._sandbox}/phones/{number}") as answer:
            return await answer.json()

    async def _is(self, number: str, state: str) -> bool:
        return (await self._now(number))["state"] == state

    async def _hears(self, number: str, words: str) -> bool:
        call = (await self._now(number))["call"] or {"heard": []}
        return any(words in (one["text"] or "") for one in call["heard"])

    async def _talk(self, one: str, other: str) -> bool:
        call = (await self._now(one))["call"]
        return call is not None and other in call["with"]

    async def _wrapping(self, token: str) -> list[dict[str, Any]]:
        work = (await self._api("GET", "/agents/me/work", token))["work"]
        return [one for one in work if one["state"] == "wrapping"]

    async def _text(self, body: str) -> None:
        _tell(f"{CUSTOMER} texts", body)
        async with self._session.post(f"{self._sandbox}/phones/{CUSTOMER}/texts", json={"body": body}) as answer:
            answer.raise_for_status()

    async def _first_offer(self, token: str) -> dict[str, Any] | None:
        work = await self._api("GET", "/agents/me/work", token)
        return work["offers"][0] if work["offers"] else None

    async def _last_text(self) -> str | None:
        async with self._session.get(f"{self._sandbox}/phones/{CUSTOMER}") as answer:
            inbox = (await answer.json())["inbox"]
        return inbox[-1]["body"] if inbox else None

    async def _joined(self, case: str, token: str, *, contacts: int = 2) -> bool:
        return (await self._api("GET", f"/cases/{case}", token))["ledger"]["contacts"] == contacts

    async def _until(self, what: str, look: Callable[[], Awaitable[Any]]) -> Any:
        try:
            async with asyncio.timeout(STEP_S):
                while not (found := await look()):
                    await asyncio.sleep(0.05)
                return found
        except TimeoutError:
            raise StoryBroken(f"{what} did not come within {STEP_S:.0f} s") from None

    async def _print_timeline(self, case: str, token: str) -> None:
        typer.echo("\n  The case, as the agent reads it:")
        page = await self._api("GET", f"/cases/{case}/timeline?limit=200", token)
        agents = (await self._api("GET", "/agents", token))["items"]
        names = {agent["id"]: agent["name"] or SOMEBODY for agent in agents}
        for row in rows_of([EntryOut.model_validate(entry) for entry in page["items"]], names):
            where = f" by {row.channel}" if row.channel else ""
            said = row.said if row.look == "record" else f"{row.who}{where}"
            more = row.words or ("; ".join(row.reasons) if row.look == "record" else "")
            told = f"{said}: {' '.join(more.split())}" if more else said
            typer.echo(f"    {row.at[11:19]}  " + (told if len(told) <= LINE_CHARS else f"{told[: LINE_CHARS - 1]}…"))

    async def _api(self, method: str, path: str, token: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        async with self._session.request(method, f"{self._service}/api/v1{path}", headers=headers, json=body) as answer:
            said: dict[str, Any] = await answer.json(content_type=None)
            if answer.status >= 400:
                raise StoryBroken(f"{method} {path}: {said.get('detail')}")
            return said


def _tell(what: str, said: str) -> None:
    typer.echo(f"  {what}: {said}")


def _farewell(
    url: str, sandbox: str, admin: str | None, agent: dict[str, Any] | None, folder: Path, *, kept: bool
) -> None:
    typer.echo("\nNow try it yourself; Ctrl-C ends it.")
    typer.echo(f"  phones to play with       {sandbox}/")
    typer.echo(f"  mailboxes to play with    {sandbox}/#mail")
    typer.echo(f"  the agents' desk          {url}/desk")
    typer.echo(f"  the API                   {url}/docs")
    if agent:
        typer.echo(f"  sign in as Ana with       {agent['token']}")
        typer.echo(f"  Ana's phone for calls     {ANAS_PHONE}, the third of the phones")
    if admin:
        typer.echo(f"  admin token               {admin}")
    typer.echo(f"  data                      {folder}" + ("" if kept else " (thrown away at the end)"))
