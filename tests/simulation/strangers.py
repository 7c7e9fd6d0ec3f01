"""Somebody who works for one routing domain alone, and tries there whatever the other one has given out: ids of
everything, tokens of its people, words of its customers, their sessions in a chat, and the texts that carry a case.

Its one rule: nothing of it is anything here. An id is 404, a token 401, words are found nowhere, a session is none.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

from multidict import CIMultiDict

from channels.wire import WireFailure, WireRequest, WireResponse
from tests.simulation.desks import Screen
from tests.simulation.loop import Owner
from tests.simulation.pages import TOO_MANY, Page
from tests.simulation.people import Person
from tests.simulation.process import ADMIN_TOKEN, CHAT_KEY
from tests.simulation.provider import SERVICE_URL
from tests.simulation.walls import Wall

if TYPE_CHECKING:
    from tests.simulation.world import World

PATIENCE_S = 12.0
TRIED = 100
"""So often, about, in the time of a world."""
HEARD_AFTER_S = 1.0
UNKNOWN = (404, 401)
"""What is answered to an id of somewhere else; while a service starts it knows no tokens."""
NO_AGENT, GONE = (*UNKNOWN, 422), (*UNKNOWN, 409)
"""Of an agent whom a body names there is none; any offer that is not open is gone, whoever it was made to."""
WINDOW = {"start": "2030-01-07T10:00:00Z", "end": "2030-01-07T11:00:00Z"}


@dataclass(frozen=True, slots=True)
class Try:
    """One request that names an id of a kind."""

    kind: str
    method: str
    path: str
    body: Any = None
    unknown: tuple[int, ...] = UNKNOWN


TRIES = (
    *(Try("case", "GET", f"/cases/{{id}}{what}") for what in ("", "/timeline", "/brief", "/decisions", "/calls")),
    Try("case", "POST", "/cases/{id}/messages", {"text": "hello"}),
    Try("case", "POST", "/cases/{id}/notes", {"text": "hello"}),
    Try("case", "POST", "/cases/{id}/status", {"status": "solved"}),
    Try("case", "POST", "/cases/{id}/assign", {"queue": "general"}),
    Try("case", "POST", "/cases/{id}/switch", {"channel": "sms"}),
    Try("case", "POST", "/cases/{id}/callbacks", {}),
    Try("case", "POST", "/cases/{id}/promises", {"kind": "reply", "window": WINDOW}),
    Try("case", "POST", "/cases/{id}/merge", {"case": "{own}"}),
    Try("case", "POST", "/cases/{own}/merge", {"case": "{id}"}),
    Try("case", "POST", "/quarantine/{id}/release", {}),
    Try("mrg", "POST", "/cases/{own}/unmerge", {"merge": "{id}"}),
    Try("agt", "POST", "/cases/{own}/assign", {"agent": "{id}"}, NO_AGENT),
    *(Try("cus", "GET", f"/customers/{{id}}{what}") for what in ("", "/devices")),
    Try("cus", "POST", "/customers/{id}/addresses", {"address": "+12125550142"}),
    Try("cus", "POST", "/customers/{id}/export", {}),
    Try("cus", "POST", "/customers/{id}/erase", {}),
    Try("cus", "POST", "/customers/{id}/hold", {"on": True}),
    Try("cus", "PATCH", "/customers/{id}/terms", {"discreet": True}),
    Try("cus", "POST", "/cases", {"customer": "{id}"}),
    Try("msg", "POST", "/outbox/{id}/retry", {}),
    Try("prm", "PATCH", "/callbacks/{id}", {"window": None}),
    Try("prm", "DELETE", "/promises/{id}"),
    Try("med", "GET", "/media/{id}"),
    Try("off", "POST", "/offers/{id}/accept", {}, GONE),
    Try("work", "POST", "/work/{id}/finish", {"outcome": "done"}),
    Try("work", "POST", "/work/{id}/transfer", {"to": "queue:general", "reason": "not ours"}),
)
LISTS = ("/cases", "/customers", "/agents", "/work", "/callbacks", "/promises", "/outbox", "/quarantine", "/audit")
LISTS_OF = ("/cases?customer={cus}", "/cases?agent={agt}")


class Stranger:
    """At home `here`, with what was given out `there`. `people` write to both."""

    def __init__(self, here: World, there: World, people: list[Person], owner: Owner) -> None:
        assert here.wall is not None and there.wall is not None
        self._here, self._there = here, there
        self._wall: Wall = here.wall
        self._known = there.wall.by_kind
        self._people = [person for person in people if person.spellings[0].startswith("+")]
        self._owner = owner
        self._chance = Random(f"stranger/{here.options.seed}")
        self._page = Page("stranger", here.api, self._chance, is_over=lambda: here.is_mended, token=ADMIN_TOKEN)
        self._token = ""
        self._asked = 0
        self.tried = 0
        owner.start(self._work(), "stranger")

    async def _work(self) -> None:
        made = None
        while made is None:
            await asyncio.sleep(self._chance.uniform(1, 20))  # while it starts it knows no tokens
            if self._here.is_mended:
                return
            made = await self._page.ask("POST", "/agents", {"name": "a lead of one domain", "role": "lead"})
        self._token = made["token"]
        screen = Screen(self._here.judge, self._here.log, self._here.current, self._token)
        ways = (*(self._try_id,) * 4, self._try_token, self._search, self._list)
        ways += (self._bring_session,) if self._here.options.chats else ()
        ways += (self._bring_text,) if self._people else ()
        pause_s = self._here.options.minutes * 60.0 / TRIED
        while not self._here.is_mended:
            await asyncio.sleep(self._chance.uniform(0.0, 2 * pause_s))
            if not screen.is_open:
                screen.open(from_now=True)
            await self._chance.choice(ways)()
        screen.close()

    # --- what they try ------------------------------------------------------------------------------------------------

    async def _try_id(self) -> None:
        one = self._chance.choice(TRIES)
        ids, own = self._known[one.kind], self._wall.by_kind["case"]
        if not ids or ("{own}" in str(one) and not own):
            return
        names = {"{id}": self._chance.choice(ids), "{own}": self._chance.choice(own) if own else ""}
        path, body = one.path, json.dumps(one.body)
        for name, id in names.items():
            path, body = path.replace(name, id), body.replace(name, id)
        token = self._desk_token() if one.kind in ("off", "work") else ADMIN_TOKEN
        answer = await self._ask(one.method, path, token, None if one.body is None else body.encode())
        if answer is not None and answer.status not in one.unknown:
            self._wall.judge.broken(26, f"{one.method} {path} of the other domain is answered with {answer.status}")

    async def _try_token(self) -> None:
        """Those that the other domain made for its own."""
        foreign = [desk.token for desk in self._there.desks if desk.token]
        if not foreign:
            return
        path = self._chance.choice(("/agents/me", "/cases", "/stream"))
        token = self._chance.choice(foreign)
        answer = await self._ask("GET", path, token)
        if answer is not None and answer.status != 401:
            self._wall.judge.broken(26, f"a token of the other domain is answered with {answer.status}")
        process = self._here.current()
        if process is not None and process.identity(token) is not None:
            self._wall.judge.broken(26, "a token of the other domain is somebody here")

    async def _search(self) -> None:
        """Words that were said to the other domain alone, and its references, unless a mail that went to both may say
        them."""
        refs = [] if self._here.post is not None else [case.ref for case in self._there.log.cases()]
        said = self._chance.choice((self._wall.other.mark, *refs))
        answer = await self._ask("GET", f"/cases?q={quote(said)}", self._any_token())
        if answer is not None and answer.status == 200 and json.loads(answer.body)["items"]:
            own = [case.ref for case in self._here.log.cases()]
            if said not in own:
                self._wall.judge.broken(26, f"{said!r} of the other domain is found")

    async def _list(self) -> None:
        """Everything that can be listed, or what is of somebody of the other domain; what is shown is looked at."""
        path = self._chance.choice((*LISTS, *LISTS_OF))
        if "{" in path:
            kind = path.partition("{")[2].rstrip("}")
            if not (ids := self._known[kind]):
                return
            answer = await self._ask("GET", path.replace(f"{{{kind}}}", self._chance.choice(ids)), self._any_token())
            if answer is not None and answer.status == 200 and json.loads(answer.body)["items"]:
                self._wall.judge.broken(26, f"{path} of the other domain lists something")
            return
        await self._ask("GET", path, ADMIN_TOKEN)

    async def _bring_session(self) -> None:
        """A browser comes with the session that it has at the other domain's site."""
        sessions = [visitor.session for visitor in self._there.visitors.all if visitor.session]
        process = self._here.current()
        if not sessions or process is None or process.chat is None:
            return
        door, hello = process.chat, {"kind": "hello", "site": CHAT_KEY, "since": 0}
        hello["session"] = self._chance.choice(sessions)
        frames: list[str] = []

        async def knock() -> None:
            seat = door.seat(origin="", remote="", wake=lambda: None)
            await seat.hear(json.dumps(hello))
            await asyncio.sleep(HEARD_AFTER_S)
            frames.extend(await seat.next())
            seat.leave()

        await asyncio.wait([process.start(knock())])
        self.tried += 1
        told = [json.loads(frame) for frame in frames]
        if any(frame["kind"] == "welcome" for frame in told) and told[0].get("error") != "bad_session":
            self._wall.judge.broken(26, "a session of the other domain's site is one here")

    async def _bring_text(self) -> None:
        """A case of the other domain is to go on by text, and the text goes to the wrong number."""
        ids = self._known["case"]
        if not ids:
            return
        path = f"{SERVICE_URL}/api/v1/cases/{self._chance.choice(ids)}/switch"
        answer = await self._send(self._there, "POST", path, ADMIN_TOKEN, b'{"channel": "sms"}')
        if answer is None or answer.status != 200:
            return
        body = parse_qs(urlsplit(json.loads(answer.body)["links"]["sms"]).query)["body"][0]
        person, provider = self._chance.choice(self._people), self._here.provider
        number = self._chance.choice(person.spellings)
        key = await provider.text(
            person.name, number=number, to=provider.ours[0], channel="sms", body=f"it's me {body}"
        )
        self._wall.carried.add(key)
        self.tried += 1

    # --- inside -------------------------------------------------------------------------------------------------------

    def _desk_token(self) -> str:
        """Of somebody here who takes work."""
        return next((desk.token for desk in self._here.desks if desk.token), self._token)

    def _any_token(self) -> str:
        return self._chance.choice((ADMIN_TOKEN, self._token, self._desk_token()))

    async def _ask(self, method: str, path: str, token: str, body: bytes | None = None) -> WireResponse | None:
        """What the domain that they work for answers; None where it does not, or not now."""
        self.tried += 1
        return await self._send(self._here, method, f"{SERVICE_URL}/api/v1{path}", token, body)

    async def _send(
        self, world: World, method: str, url: str, token: str, body: bytes | None = None
    ) -> WireResponse | None:
        self._asked += 1
        headers = CIMultiDict({"Authorization": f"Bearer {token}"})
        if method != "GET":
            headers["Idempotency-Key"] = f"stranger-{self._here.options.numbers[0][1:]}-{self._asked}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = await world.api.send(WireRequest(method, url, headers, body or b""), timeout_s=PATIENCE_S)
        except WireFailure:
            return None
        return None if answer.status >= 500 or answer.status == TOO_MANY else answer
