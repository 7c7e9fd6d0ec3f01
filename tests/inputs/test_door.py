"""Webhooks over the bare wire: in pieces, one behind the other, oddly framed; on connections that go on to ask more."""

import asyncio
from contextlib import suppress
from urllib.parse import urlencode, urlsplit

import pytest

from tests.story import HERS, OURS, Story, sign

PATH = "/twilio/messages"


class Wire:
    """A connection to the service, by hand."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def __aenter__(self) -> "Wire":
        where = urlsplit(self._story.service)
        self._reader, self._writer = await asyncio.open_connection(where.hostname, where.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    def webhook(self, sid: str, words: str, *, version: str = "1.1", more: str = "") -> bytes:
        """A signed text, as its bytes."""
        fields = {"MessageSid": sid, "From": HERS, "To": OURS, "Body": words}
        body = urlencode(fields)
        return (
            f"POST {PATH} HTTP/{version}\r\nhost: ours.example\r\ncontent-type: application/x-www-form-urlencoded\r\n"
            f"x-twilio-signature: {sign(self._story.service + PATH, fields)}\r\n{more}"
            f"content-length: {len(body)}\r\n\r\n{body}"
        ).encode()

    async def says(self, *pieces: bytes) -> None:
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            for _ in range(3):
                await asyncio.sleep(0)

    async def hears(self) -> tuple[int, bytes]:
        """The next answer: its status and its body."""
        async with asyncio.timeout(10):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next(int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:"))
            return int(head.split()[1]), await self._reader.readexactly(length)

    async def status(self) -> int:
        """The status of the next answer alone, whatever follows."""
        async with asyncio.timeout(10):
            return int((await self._reader.readuntil(b"\r\n")).split()[1])

    async def rest(self) -> bytes:
        async with asyncio.timeout(10):
            return await self._reader.read()


async def test_two_texts_on_one_connection_and_the_first_in_pieces() -> None:
    async with Story() as story, Wire(story) as wire:
        first = wire.webhook("SM" + "1" * 32, "the flat is cold")
        await wire.says(*(first[at : at + 40] for at in range(0, len(first), 40)))
        assert (await wire.hears())[0] == 200
        await wire.says(wire.webhook("SM" + "2" * 32, "still cold"))
        assert (await wire.hears())[0] == 200
        assert len(await story.said((await story.one_case())["id"])) == 2


async def test_texts_one_behind_the_other_are_answered_in_order() -> None:
    """Whoever does not wait for answers gets them all, and nothing is taken twice."""
    async with Story() as story, Wire(story) as wire:
        each = [wire.webhook(f"SM{n:032}", f"line {n}") for n in range(5)]
        await wire.says(each[0], each[1] + each[2] + each[3][:50], each[3][50:], each[4])
        assert [(await wire.hears())[0] for _ in each] == [200] * 5
        assert await story.said((await story.one_case())["id"]) == [f"line {n}" for n in range(5)]


async def test_a_connection_goes_on_to_ask_other_things() -> None:
    async with Story() as story, Wire(story) as wire:
        await wire.says(wire.webhook("SM" + "1" * 32, "hello"))
        assert (await wire.hears())[0] == 200
        await wire.says(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await wire.hears() == (200, b"ok")
        await wire.says(wire.webhook("SM" + "2" * 32, "once more"))
        assert (await wire.hears())[0] == 200
        assert len(await story.said((await story.one_case())["id"])) == 2


async def test_a_text_and_a_question_in_one_breath() -> None:
    async with Story() as story, Wire(story) as wire:
        await wire.says(wire.webhook("SM" + "1" * 32, "hello") + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await wire.hears())[0] == 200
        assert await wire.hears() == (200, b"ok")
        assert await story.said((await story.one_case())["id"]) == ["hello"]


@pytest.mark.parametrize(
    ("version", "more"), [("1.0", ""), ("1.1", "Connection: close\r\n")], ids=["http-1.0", "asked-to-close"]
)
async def test_whoever_asks_for_one_answer_gets_one(version: str, more: str) -> None:
    async with Story() as story, Wire(story) as wire:
        await wire.says(wire.webhook("SM" + "1" * 32, "hello", version=version, more=more))
        assert (await wire.rest()).split(b"\r\n")[0] == f"HTTP/{version} 200 OK".encode()
        assert await story.said((await story.one_case())["id"]) == ["hello"]


async def test_a_body_in_chunks_and_one_that_was_to_be_asked_for() -> None:
    async with Story() as story:
        async with Wire(story) as wire:
            head, _, body = wire.webhook("SM" + "1" * 32, "in chunks").partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if not line.startswith(b"content-length")]
            chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            await wire.says(b"\r\n".join([*lines, b"transfer-encoding: chunked", b"", chunks]))
            assert (await wire.hears())[0] == 200
        async with Wire(story) as wire:
            head, _, body = wire.webhook("SM" + "2" * 32, "asked", more="Expect: 100-continue\r\n").partition(
                b"\r\n\r\n"
            )
            await wire.says(head + b"\r\n\r\n", body)
            assert (await wire.hears())[0] == 200
        assert await story.said((await story.one_case())["id"]) == ["in chunks", "asked"]


@pytest.mark.parametrize(
    ("bytes_", "status"),
    [
        pytest.param(b"nonsense\r\n\r\n", 400, id="no-http"),
        pytest.param(b"POST /twilio/messages HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, id="length-below-zero"),
        pytest.param(b"POST /twilio/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400,
                     id="two-lengths"),
        pytest.param(b"POST /twilio/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
                     400, id="length-and-chunks"),
        pytest.param(b"POST /twilio/messages HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 70_000, 400, id="endless-header"),
        pytest.param(b"POST /twilio/messages HTTP/1.1\r\nHost: x\r\n\r\n", 403, id="no-length"),
        pytest.param(b"POST /twilio/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabc", 413,
                     id="announced-too-large"),
        pytest.param(b"GET /twilio/messages HTTP/1.1\r\nHost: x\r\n\r\n", 403, id="not-posted"),
    ],
)  # fmt: skip
async def test_requests_that_are_none(bytes_: bytes, status: int) -> None:
    """Each is answered in HTTP, keeps nothing, and the service goes on."""
    async with Story() as story:
        async with Wire(story) as wire:
            await wire.says(bytes_)
            assert await wire.status() == status
        assert await story.cases() == []
        await story.phone(HERS).texts("hello")
        await story.one_case()


async def test_a_connection_that_says_nothing_more_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.http.door.IDLE_S", 0.05)
    async with Story() as story, Wire(story) as silent, Wire(story) as half:
        await half.says(b"POST /twil")
        assert await silent.rest() == b""
        assert await half.rest() == b""


@pytest.mark.parametrize("path", [PATH, "/api/v1/cases"])
async def test_a_body_that_is_not_packed_as_it_says(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is the sender's fault and said so; no error of ours is logged for it."""
    async with Story() as story, Wire(story) as wire:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\n"
        await wire.says(head.encode() + b"plain")
        status, body = await wire.hears()
        assert (status, b"Broken body" in body) == (400, True)
        assert await wire.rest() == b""
    assert [one for one in caplog.records if one.name.startswith("aiohttp")] == []


async def test_whoever_hangs_up_in_the_middle_of_a_body_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async with Story() as story:
        async with Wire(story) as wire:
            await wire.says(b"POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf")
        await story.phone(HERS).texts("hello")
        await story.one_case()
    assert [one for one in caplog.records if one.name.startswith("aiohttp")] == []


async def test_what_is_under_way_when_the_service_stops_is_answered() -> None:
    """Whoever asks on and on gets an answer for all that was taken, and then no connection any more."""
    async with Story() as story:
        answered: list[str] = []
        async with asyncio.TaskGroup() as group:
            for who in range(8):
                group.create_task(_texts_on(story, who, answered))
            while len(answered) < 40:
                await asyncio.sleep(0)
            await story.stops()
        await story.restarts()
        assert sorted(await story.said((await story.one_case())["id"])) == sorted(answered)


async def _texts_on(story: Story, who: int, answered: list[str]) -> None:
    async with Wire(story) as wire:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            for n in range(10_000):
                await wire.says(wire.webhook(f"SM{who:016}{n:016}", words := f"line {n} of {who}"))
                assert (await wire.hears())[0] == 200
                answered.append(words)


async def test_whoever_sends_half_does_not_keep_the_service_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.http.shim.STOP_S", 0.05)
    async with Story() as story, Wire(story) as webhook, Wire(story) as upload, Wire(story) as silent:
        await webhook.says(webhook.webhook("SM" + "1" * 32, "hello")[:200])
        await upload.says(b"POST /api/v1/cases HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf")
        async with asyncio.timeout(20):
            await story.stops()
        for wire in (webhook, upload, silent):
            await wire.rest()
        await story.restarts()
        assert await story.cases() == []
