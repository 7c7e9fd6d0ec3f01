"""The live stream: every event once, in order, from any mark on; for whoever may see it; never waited for."""

import asyncio
import socket

import aiohttp
import pytest

from router.http import shim
from tests.story import ADMIN, Story, World


async def last_seq(story: World) -> int:
    metrics = (await story.ask("GET", "/metrics")).body.decode()
    return int(float(next(li.split()[1] for li in metrics.splitlines() if li.startswith("onecase_journal_seq"))))


async def test_a_screen_resumes_from_any_mark_without_gap_or_repeat() -> None:
    """S34: whoever comes back with any mark they were ever given gets exactly the rest, also after a restart."""
    async with Story() as story:
        whole = await story.stream(since=0)
        ana = await story.ready_agent("Ana")
        for n in range(3):
            await story.phone(f"+1212555100{n}").texts(f"hello {n}")
        await ana.accepts((await ana.offers())[0])
        end = await last_seq(story)
        everything = await whole.until(end)
        numbers = [e["seq"] for e in everything]
        assert numbers == sorted(set(numbers))
        said = [e["data"]["text"] for e in everything if e["kind"] == "ContactReceived"]
        assert said == ["hello 0", "hello 1", "hello 2"]

        marks = [f["seq"] for f in whole.frames if f["kind"] == "mark"]
        assert marks == sorted(set(marks))
        for since in (*marks[::3], *numbers[::4]):
            rest = await (await story.stream(since=since)).until(end) if since < end else []
            assert rest == [e for e in everything if e["seq"] > since]

        await story.restarts()
        middle = marks[len(marks) // 2]
        again = await story.stream(since=middle)
        assert await again.until(end) == [e for e in everything if e["seq"] > middle]
        await story.phone("+12125551009").texts("after the restart")
        later = await again.until(await last_seq(story))
        assert "after the restart" in [e["data"].get("text") for e in later]


async def test_a_screen_that_is_cut_again_and_again_misses_nothing() -> None:
    """S34: twenty connections, each broken at once after its first mark, show what one unbroken one shows."""
    async with Story() as story:
        whole = await story.stream(since=0)
        await story.ready_agent("Ana")
        seen: list[int] = []
        mark = 0
        for n in range(20):
            await story.phone(f"+121255510{n:02d}").begins_text(f"hello {n}")
            flapping = await story.stream(since=mark)
            await flapping.until(mark + 1)
            seen += [e["seq"] for e in flapping.events if e["seq"] <= flapping.mark]
            mark = flapping.mark
            await flapping.dies()
        await story.settles()
        end = await last_seq(story)
        if mark < end:
            seen += [e["seq"] for e in await (await story.stream(since=mark)).until(end)]
        assert seen == [e["seq"] for e in await whole.until(end)]


async def test_agents_see_their_own_offers_and_leads_see_all() -> None:
    """The stream is filtered by role, and the marks are the same for everybody."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        ben = await story.agent("Ben")
        screens = {"ana": await ana.looks(0), "ben": await ben.looks(0), "admin": await story.stream(since=0)}
        await story.phone().texts("hello")
        end = await last_seq(story)
        kinds = {name: [e["kind"] for e in await screen.until(end)] for name, screen in screens.items()}
        assert "WorkOffered" in kinds["ana"]
        assert "WorkOffered" in kinds["admin"]
        assert "WorkOffered" not in kinds["ben"]
        assert "ContactReceived" in kinds["ben"]
        assert not any("CommandTaken" in seen for seen in kinds.values())
        assert {screen.mark for screen in screens.values()} == {end}


async def test_a_stream_needs_a_token_and_ends_with_it() -> None:
    """No token, no stream; a revoked token's stream is closed; a cursor that no page gave is refused."""
    async with Story() as story:
        with pytest.raises(aiohttp.WSServerHandshakeError) as nobody:
            await story.stream("nonsense")
        assert nobody.value.status == 401
        for broken in ("-1", "x", "9" * 30, "1.5", ""):
            answer = await story.ask(
                "GET", f"/api/v1/stream?since={broken}", headers={"Upgrade": "websocket", "Connection": "Upgrade"}
            )
            assert answer.status == 400, broken
        ops = await story.token("ops")
        screen = await story.stream(ops)
        [token] = [t["id"] for t in (await story.api("GET", "/tokens"))["items"] if t["role"] == "ops"]
        await story.api("DELETE", f"/tokens/{token}")
        async with asyncio.timeout(10):
            while (frame := await screen.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                assert frame.json()["kind"] == "mark"  # nothing is told any more
            assert frame.type is aiohttp.WSMsgType.CLOSE
        assert screen.socket.close_code == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_a_slow_reader_is_cut_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """S34: a reader that stops reading is cut after its time and its connection is gone; the service and the other
    readers go on meanwhile; resuming later has no gap."""
    monkeypatch.setattr(shim, "SEND_S", 0.5)
    async with Story() as story:
        case = await _long_story(story)
        ana = await story.ready_agent("Ana")
        end = await last_seq(story)
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            host, port = story.service.removeprefix("http://").split(":")
            slow.connect((host, int(port)))
            slow.sendall(
                f"GET /api/v1/stream?since=0 HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {ana.token}\r\n"
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            async with asyncio.timeout(10):
                while not (await ana.me())["connected"]:
                    await asyncio.sleep(0)
                quick = await story.stream(ADMIN, since=0)
                assert (await quick.until(end))[-1]["seq"] <= end
                while (await ana.me())["connected"]:
                    await asyncio.sleep(0.02)
        resumed = await story.stream(ADMIN, since=end)
        await story.api("POST", f"/cases/{case}/notes", {"text": "still here"})
        events = await resumed.until(await last_seq(story))
        assert [(e["kind"], e["data"].get("text")) for e in events] == [
            ("ScreenOpened", None),
            ("NoteAdded", "still here"),
        ]


async def _long_story(story: World) -> str:
    """A case with more words on it than any socket buffers."""
    await story.phone().texts("hello")
    case = (await story.one_case())["id"]
    note = {"text": "words " * 3333}
    for _ in range(14):
        await asyncio.gather(*(story.api("POST", f"/cases/{case}/notes", note) for _ in range(25)))
    return case
