"""A real IMAP server on the test's own loop, a wire to it that can be cut, and somebody who follows a mailbox there."""

import asyncio
import contextlib
import ssl
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from imap_tools.mailbox import BaseMailBox, MailBoxStartTls, MailBoxUnencrypted
from pymap.backend.dict import Config, DictBackend, Login
from pymap.config import BackendCapability
from pymap.imap import IMAPService
from pysasl.hashing import BuiltinHash

from channels.clock import ManualClock
from channels.email.imap import ImapMailbox, ImapSettings, ImapState, Position
from channels.email.post import Envelope
from router.core.clock import Ms
from tests.story import free_port, patiently

HOST, USER, PASSWORD = "127.0.0.1", "help@support.example", 'a door of "oak"'
WAITS = ("idle", "polling", "reconnecting")
START = Ms(1_795_446_000_000)


class WithoutIdle(Config):
    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(idle=False, object_id=True, multi_append=True)


class MailServer:
    """What people and their mail programs do at the server, over the wire."""

    def __init__(self, port: int, authority: str | None = None) -> None:
        self.port = port
        self._authority = authority

    def _opened(self) -> BaseMailBox:
        if self._authority is None:
            return MailBoxUnencrypted(HOST, self.port, 20)
        return MailBoxStartTls(HOST, self.port, 20, ssl.create_default_context(cafile=self._authority))

    async def does(self, what: Callable[[BaseMailBox], Any]) -> Any:
        def done() -> Any:
            with self._opened().login(USER, PASSWORD, initial_folder=None) as box:
                return what(box)

        return await patiently(asyncio.to_thread(done))

    async def gets(self, *mails: bytes, folder: str = "INBOX", days_ago: int = 0) -> None:
        at = datetime.fromtimestamp(START / 1000, UTC) - timedelta(days=days_ago)
        await self.does(lambda box: [box.append(mail, folder, dt=at) for mail in mails])

    async def has_folder(self, name: str) -> None:
        await self.does(lambda box: box.folder.create(name))

    async def loses_folder(self, name: str) -> None:
        await self.does(lambda box: box.folder.delete(name))

    async def seen(self, folder: str = "INBOX") -> list[bool]:
        def flags(box: BaseMailBox) -> list[bool]:
            box.folder.set(folder, readonly=True)
            return ["\\Seen" in mail.flags for mail in box.fetch(mark_seen=False)]

        return await self.does(flags)


@asynccontextmanager
async def mail_server(
    *, has_idle: bool = True, cert: str | None = None, key: str | None = None, port: int = 0
) -> AsyncIterator[MailServer]:
    port = port or free_port()
    args = Namespace(
        host=HOST, port=port, cert=cert, key=key, tls=cert is not None, debug=False, proxy_protocol=None,
        passlib_cfg=None, inherited_sockets=None, demo_data=False, demo_user=USER, demo_password=PASSWORD,
    )  # fmt: skip
    config = (Config if has_idle else WithoutIdle).from_args(
        args, invalid_user_sleep=0.0, hash_context=BuiltinHash(rounds=1)
    )
    login = Login(config)
    await DictBackend._add_demo_user(config, login)
    backend = DictBackend(login, config)
    config.apply_context()
    async with AsyncExitStack() as stack:
        await backend.start(stack)
        await IMAPService(backend, config).start(stack)
        yield MailServer(port, cert)


class Wire:
    """Carries bytes to the server and back, until told otherwise."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0
        self.connections = 0
        self.cut_at: bytes | None = None
        """Breaks, once, where the server has said this."""
        self.held_at: bytes | None = None
        """What the server says from here on comes in one piece with what it says next, once."""
        self.holds = asyncio.Event()
        self.fetches_refused = 0
        """How many times a mail that is asked for is refused."""
        self.fetches: list[bytes] = []
        """What was asked for of mails, as it was asked."""

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        there, back = await asyncio.open_connection(HOST, self._server.port)
        self._writers += [writer, back]
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, back, writer))
                both.create_task(self._answer(there, writer))
        except* (OSError, EOFError):
            pass
        finally:
            writer.close()
            back.close()

    def breaks(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        while some := await reader.read(65536):
            if b" UID FETCH " in some:
                self.fetches.append(some.partition(b" UID FETCH ")[2])
            if b" UID FETCH " in some and self.fetches_refused:
                self.fetches_refused -= 1
                back.write(some.split()[0] + b" NO [SERVERBUG] this mail is broken\r\n")
                continue
            writer.write(some)
            await writer.drain()
        raise EOFError

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while some := await reader.read(65536):
            if self.held_at is not None and self.held_at in some:
                self.held_at = None
                self.holds.set()
                some += await reader.read(65536)
            if self.cut_at is not None and (found := some.find(self.cut_at)) >= 0:
                some, self.cut_at = some[: found + len(self.cut_at or b"")], None
                writer.write(some)
                await writer.drain()
                raise EOFError
            writer.write(some)
            await writer.drain()
        raise EOFError


@asynccontextmanager
async def wire_to(server: MailServer) -> AsyncIterator[Wire]:
    wire = Wire(server)
    listening = await asyncio.start_server(wire.carry, HOST, 0)
    wire.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield wire
        wire.breaks()


class SeenClock(ManualClock):
    """Tells when somebody waits for it."""

    def __init__(self, start: Ms, tell: Callable[[], None]) -> None:
        super().__init__(start)
        self._tell = tell

    async def sleep_until(self, at: Ms) -> None:
        self._tell()  # heard only after this task has lain down
        await super().sleep_until(at)


class Notebook:
    """A cursor: where each folder stands."""

    def __init__(self) -> None:
        self.pages: dict[str, Position] = {}
        self.is_torn = False

    async def load(self, folder: str) -> Position | None:
        return self.pages.get(folder)

    async def save(self, folder: str, position: Position) -> None:
        if self.is_torn:
            raise OSError("the disk is full")
        self.pages[folder] = position


async def yes(_: bytes) -> bool:
    return True


class Desk:
    """Takes mails out of mailboxes, or does not, and remembers across restarts what it took and how far that was."""

    def __init__(self) -> None:
        self.clock = SeenClock(START, lambda: self._news.set())
        self.notebook = Notebook()
        self.got: list[tuple[Envelope, str]] = []
        self.answer: Callable[[bytes], Awaitable[bool]] = yes
        self.logs: Callable[[ImapState], None] = lambda _: None
        self._news = asyncio.Event()
        self._running: list[ImapMailbox] = []

    @property
    def bodies(self) -> list[bytes]:
        return [envelope.raw for envelope, _ in self.got]

    async def take(self, envelope: Envelope, where: str) -> bool:
        self.got.append((envelope, where))
        self._news.set()
        return await self.answer(envelope.raw)

    def follows(self, port: int, **settings: Any) -> ImapMailbox:
        given: Mapping[str, Any] = {"tls": "none", "user": USER, "password": PASSWORD, **settings}
        mailbox = ImapMailbox(
            ImapSettings(host=HOST, port=port, **given), self.take, self.notebook, self.clock,
            jitter=lambda: 1.0, on_state=self._hears,
        )  # fmt: skip
        mailbox.start()
        self._running.append(mailbox)
        return mailbox

    async def sees(self, what: Callable[[], bool]) -> None:
        """Wait until `what` is so; it is looked at with each mail and each state of a mailbox."""

        async def seen() -> None:
            while not what():
                self._news.clear()
                await self._news.wait()

        try:
            await patiently(seen())
        except TimeoutError as late:
            raise AssertionError(
                f"{[m.state for m in self._running]}, taken: {[where for _, where in self.got]}"
            ) from late

    async def has(self, count: int) -> None:
        await self.sees(lambda: len(self.got) >= count)

    async def is_at(self, mailbox: ImapMailbox, doing: str) -> None:
        await self.sees(lambda: mailbox.state.doing == doing)

    async def waits(self, mailbox: ImapMailbox) -> int:
        """Let the time come that the mailbox waits for; how long that was, in ms."""
        await self.sees(lambda: mailbox.state.doing in WAITS and self.clock.next_due() is not None)
        due = self.clock.next_due()
        assert due is not None
        waited = due - self.clock.now()
        self.clock.move_to(due)
        return waited

    def _hears(self, state: ImapState) -> None:
        self.logs(state)
        self._news.set()

    async def closes(self) -> None:
        for mailbox in self._running:
            with contextlib.suppress(OSError):
                await mailbox.close()
            assert mailbox.state.doing == "stopped", mailbox.state


@asynccontextmanager
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    try:
        yield made
    finally:
        await made.closes()
