"""Whoever speaks to a service and its sandbox over the wire, wherever those run."""

import base64
import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp

from channels.sandbox.account import SANDBOX_SID, SANDBOX_TOKEN
from router import admin
from router.settings import load_settings
from tests.story.people import Agent, Phone, Stream
from tests.story.wire import ADMIN, HERS, Answered, Json, problem_in, sign


class World:
    """Whoever speaks to a service and its sandbox over the wire. `service` and `sandbox` are their addresses."""

    def __init__(self) -> None:
        self.service = ""
        self.sandbox = ""
        self.folder = Path(tempfile.mkdtemp(prefix="onecase-story-"))
        self.data = self.folder / "data"
        self._http: aiohttp.ClientSession
        self._open: list[Stream] = []
        self.mails_written = 0

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0)  # as many people at once as a story has
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), connector=connector)
        try:
            await self.begins()
        except BaseException:
            await self._http.close()
            self.abandons()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        try:
            for stream in self._open:
                await stream.closes()
            await self._http.close()
            await self.ends()
            if kind is None:
                await self.replays()
        finally:
            self.abandons()

    async def begins(self) -> None: ...
    async def ends(self) -> None: ...
    def abandons(self) -> None:
        """Leave nothing behind, however it ended."""
        shutil.rmtree(self.folder, ignore_errors=True)

    async def replays(self) -> None:
        """The log, folded from its beginning, gives what is kept, byte for byte."""
        said: list[str] = []
        settings = load_settings(None, {}, data=self.data)
        assert await admin.replay(settings, say=said.append) == 0, "\n".join(said)

    # --- people -------------------------------------------------------------------------------------------------------

    def phone(self, number: str = HERS) -> Phone:
        return Phone(self, number)

    async def agent(self, name: str, **more: Any) -> Agent:
        """A new agent, off until they say otherwise."""
        made = await self.api("POST", "/agents", {"name": name, **more})
        return Agent(self, made["id"], made["token"], name)

    async def ready_agent(self, name: str, **more: Any) -> Agent:
        agent = await self.agent(name, **more)
        await agent.is_now("ready")
        return agent

    async def token(self, role: str) -> str:
        return (await self.api("POST", "/tokens", {"role": role}))["token"]

    # --- the service --------------------------------------------------------------------------------------------------

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Json | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = ADMIN,
    ) -> Answered:
        """Any request to the service, with whatever it answers."""
        sent = dict(headers or {})
        if token:
            sent.setdefault("Authorization", f"Bearer {token}")
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        async with self._http.request(
            method, self.service + path, data=body, headers=sent, allow_redirects=False
        ) as answer:
            return Answered(answer.status, answer.headers.copy(), await answer.read())

    async def api(
        self, method: str, path: str, body: Json | None = None, *, token: str = ADMIN, key: str | None = None
    ) -> Any:
        """A call of the API that must succeed; its JSON."""
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self.ask(method, f"/api/v1{path}", body=body, headers=headers, token=token)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body[:2000]!r}"
        return answer.json

    async def refused(
        self, method: str, path: str, body: Json | None = None, *, token: str | None = ADMIN, **headers: str
    ) -> Json:
        """A call of the API that must not succeed; its problem document."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.ask(method, f"/api/v1{path}", body=body, headers=named, token=token)
        return problem_in(answer)

    async def case(self, id: str) -> Json:
        return await self.api("GET", f"/cases/{id}")

    async def cases(self, **query: str) -> list[Json]:
        """Cases, the oldest first."""
        page = await self.api("GET", "/cases?" + urlencode({"limit": 200, **query}))
        return page["items"][::-1]

    async def one_case(self) -> Json:
        found = await self.cases()
        assert len(found) == 1, f"expected one case, there are {len(found)}"
        return await self.case(found[0]["id"])

    async def timeline(self, case: str, kind: str | None = None) -> list[Json]:
        page = await self.api("GET", f"/cases/{case}/timeline?limit=200")
        return [entry for entry in page["items"] if kind in (None, entry["kind"])]

    async def said(self, case: str) -> list[str]:
        """The words of both sides on a case, in order."""
        return [entry["text"] for entry in await self.timeline(case, "message")]

    async def decisions(self, case: str) -> list[Json]:
        """What was decided about who gets it; why each contact stands there is in `links`."""
        return [one for one in await self._decided(case) if one["what"] != "linked"]

    async def links(self, case: str) -> list[Json]:
        """Why each contact stands on this case, and how sure it is whose it is."""
        return [one for one in await self._decided(case) if one["what"] == "linked"]

    async def _decided(self, case: str) -> list[Json]:
        return (await self.api("GET", f"/cases/{case}/decisions?limit=200"))["items"]

    async def stream(self, token: str = ADMIN, since: int | None = None, **options: Any) -> Stream:
        """Somebody's screen, from the mark `since` on, or from now on."""
        query = "" if since is None else f"?since={since}"
        socket = await self._http.ws_connect(
            f"{self.service}/api/v1/stream{query}", headers={"Authorization": f"Bearer {token}"}, **options
        )
        self._open.append(Stream(socket))
        return self._open[-1]

    # --- the provider -------------------------------------------------------------------------------------------------

    async def provider(self, method: str, path: str, body: Json | None = None) -> Any:
        """A request to the sandbox that must succeed."""
        async with self._http.request(method, self.sandbox + path, json=body) as answer:
            said = await answer.json(content_type=None)
            assert answer.status < 300, f"{method} {path}: {answer.status} {said}"
            return said

    async def brings_mail(self, raw: bytes, query: str = "") -> Json:
        """A mail is brought to the sandbox's mail server, which brings it to us."""
        async with self._http.post(f"{self.sandbox}/mail{query}", data=raw) as answer:
            said = await answer.json(content_type=None)
            assert answer.status < 300, f"{answer.status} {said}"
            return said

    async def rest(self, path: str, **fields: str) -> Any:
        """A GET of the provider's REST API, below the account; with fields a POST."""
        basic = base64.b64encode(f"{SANDBOX_SID}:{SANDBOX_TOKEN}".encode()).decode()
        address = f"{self.sandbox}/2010-04-01/Accounts/{SANDBOX_SID}{path}"
        method, headers = "POST" if fields else "GET", {"Authorization": f"Basic {basic}"}
        async with self._http.request(method, address, data=fields or None, headers=headers) as answer:
            return await answer.json()

    async def faults(self, **shares: float | bool) -> None:
        """What goes wrong at the provider from now on; nothing else does."""
        await self.provider("PUT", "/faults", dict(shares))

    async def traffic(self, kind: str, ending: str = "") -> list[Json]:
        """What went over the wire between provider and service: `rest` or `webhook`."""
        items = (await self.provider("GET", "/traffic"))["items"]
        return [one for one in items if one["kind"] == kind and one["url"].partition("?")[0].endswith(ending)]

    async def webhook(
        self,
        fields: Mapping[str, str],
        *,
        path: str = "/twilio/messages",
        signature: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: str = "strict",
    ) -> Answered:
        """A webhook as the provider would send it, signed by the documented rule unless `signature` is given."""
        form = {"AccountSid": SANDBOX_SID, **fields}
        sent = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": signature if signature is not None else sign(self.service + path, form),
            **(headers or {}),
        }
        return await self.ask("POST", path, body=urlencode(form, errors=errors).encode(), headers=sent, token=None)

    # --- time ---------------------------------------------------------------------------------------------------------

    async def passes(self, **span: float) -> None:
        """Time passes (`minutes=2`); what falls due is done when this returns."""
        await self.provider("POST", "/clock", {"advance_s": timedelta(**span).total_seconds()})

    async def settles(self) -> None:
        """Whatever is under way is done; no time passes."""
        await self.provider("POST", "/clock", {"advance_s": 0})

    async def now(self) -> datetime:
        return datetime.fromisoformat((await self.provider("GET", "/clock"))["now"])
