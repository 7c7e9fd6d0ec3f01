"""All visitors of a site lose their connections at once and come back at once, and so do the screens of agents."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from tests.story import Story, Stream, World
from tests.visitor import PAGE, Visitor

VISITORS = 68
RATE = 34
"""New sessions that the site lets in within a minute: half of them."""
SCREENS = 6
LONG = 110
"""Lines of 40 KB each: more than a connection holds unread."""


@dataclass
class Person:
    """A visitor, and words that are theirs alone."""

    visitor: Visitor
    n: int

    @property
    def said(self) -> list[str]:
        """The whole talk, in order."""
        return [f"cold {self.n}", f"We come to cold {self.n}", f"still cold {self.n}"]

    @property
    def screen(self) -> list[str]:
        """What stands before them, their own words by what was accepted."""
        mine = {"(mine first)": self.said[0], "(mine second)": self.said[2]}
        return [mine.get(line, line) for line in self.visitor.said]

    async def begins(self) -> None:
        await self.visitor.comes()
        await self.visitor.says("message", client_id="first", text=self.said[0])
        await self.visitor.hears("accepted")

    async def goes_on(self) -> None:
        """In the middle of a line: nobody has told them that it arrived."""
        await self.visitor.says("message", client_id="second", text=self.said[2])

    async def comes_back(self) -> None:
        """Where they were, saying again what they do not know to have arrived, until they have the whole talk."""
        had = self.visitor.since
        assert (await self.visitor.comes())["since"] == had, "what they had said is gone"
        await self.goes_on()
        said = await self.visitor.until(lambda f: f["kind"] == "error" or f.get("client_id") == "second")
        assert said["kind"] != "error", said
        while self.visitor.since < len(self.said):
            await self.visitor.reads()


@dataclass
class Screen:
    """An agent's screen, across two connections."""

    token: str
    stream: Stream
    began: int
    seen: list[int] = field(default_factory=list[int])

    async def comes_back(self, story: World, end: int) -> None:
        """From the last mark that stood there, to the end."""
        self.seen += [e["seq"] for e in self.stream.events if e["seq"] <= self.stream.mark]
        self.stream = await story.stream(self.token, self.stream.mark or self.began)
        self.seen += [e["seq"] for e in await self.stream.until(end)]


async def last_seq(story: World) -> int:
    metrics = (await story.ask("GET", "/metrics")).body.decode()
    return int(float(next(li.split()[1] for li in metrics.splitlines() if li.startswith("onecase_journal_seq"))))


@contextmanager
def who_does_not_read(story: World, visitor: Visitor) -> Iterator[None]:
    """A window that says hello, asks for all lines and takes none of them."""
    host, port = story.service.removeprefix("http://").split(":")
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect((host, int(port)))
        slow.sendall(
            f"GET /chat/ws HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {PAGE}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        hello = json.dumps({"kind": "hello", "site": visitor.site, "session": visitor.session, "since": 0}).encode()
        slow.sendall(bytes((0x81, 0x80 | 126)) + len(hello).to_bytes(2, "big") + b"\0\0\0\0" + hello)
        yield


async def test_fault_10_all_visitors_and_screens_come_back_at_once() -> None:
    """Fault 10: sixty-eight people behind one address, twice as many as the site lets in anew within a minute, are cut
    off by a restart: half of them before they read the answer, half in the middle of a line. All are back at once, with
    the screens of their agents: nobody is told that it is too often, nobody misses a line or sees one twice, nobody
    sees a line of somebody else, and nobody waits for those who do not read."""
    async with Story() as story:
        site = (await story.api("POST", "/sites", {"name": "shop", "origins": [PAGE], "rate_per_min": RATE}))["key"]
        people = [Person(Visitor(story, site=site), n) for n in range(VISITORS)]
        for n in range(0, VISITORS, RATE):
            await asyncio.gather(*(one.begins() for one in people[n : n + RATE]))
            await story.passes(minutes=1)
        talker = Visitor(story)
        await talker.comes()
        for n in range(LONG):
            if n % 50 == 49:
                await story.passes(minutes=1)
            await talker.says("message", client_id=f"m{n}", text="🙂" * 10_000)
            await talker.hears("accepted")
        began = await last_seq(story)
        agents = [await story.agent(f"agent {n}") for n in range(SCREENS)]
        screens = [Screen(one.token, await one.looks(began), began) for one in agents]
        for case in await story.cases():
            if (words := (await story.said(case["id"]))[0]).startswith("cold"):
                await story.api("POST", f"/cases/{case['id']}/messages", {"text": f"We come to {words}"})
        await asyncio.gather(*(one.visitor.hears("message") for one in people[::2]))
        seen = await last_seq(story)
        await asyncio.gather(*(screen.stream.until(seen) for screen in screens[::2]))
        await asyncio.gather(*(one.goes_on() for one in people[VISITORS // 2 :]))
        for one in people[::4]:
            one.visitor.drops()
        await story.restarts()

        with ExitStack() as slow:
            for _ in range(3):
                slow.enter_context(who_does_not_read(story, talker))
            await asyncio.gather(
                *(screen.comes_back(story, seen) for screen in screens), *(one.comes_back() for one in people)
            )
        assert [one.screen for one in people] == [one.said for one in people]
        await story.settles()
        kept = [await story.said(case["id"]) for case in await story.cases()]
        assert sorted(one for one in kept if len(one) < LONG) == sorted(one.said for one in people)
        end = await last_seq(story)
        for screen in screens:
            screen.seen += [e["seq"] for e in await screen.stream.until(end) if e["seq"] > screen.seen[-1]]
            uncut = await story.stream(screen.token, began)
            assert screen.seen == [e["seq"] for e in await uncut.until(end)]
        newcomers = [Visitor(story, site=site) for _ in range(RATE + 1)]
        for one in newcomers:
            await one.connects()
            await one.says("hello", **one.hello())
        first = [await one.until(lambda f: f["kind"] in ("welcome", "error")) for one in newcomers]
        assert [f["kind"] for f in first] == ["welcome"] * RATE + ["error"], "only who is new is counted"
