"""One session of the mail server: what the library does of SMTP, with limits on what it leaves without.

Its one rule: nothing from outside is unbounded: lines, mails, commands, silence and the whole session have an end. It
decides nothing about mails; its `Host` does. The library makes an object of each line of a mail and reads on without
letting others have their turn; so what comes after DATA goes past it, into `MailData`.
"""

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import AnyStr, Protocol, cast

from aiosmtpd.smtp import SMTP, syntax
from aiosmtpd.smtp import Envelope as Gathered

from channels.email.post import Envelope, Reply, is_address
from channels.email.smtp_data import MailData

BUFFER_BYTES_MAX = 1 << 16  # of commands; twice as much stops the other side from sending
READ_BYTES_MAX = 1 << 24  # more than the buffer ever holds
MARK = b"\n"
TOGETHER_AT_ONCE_MAX = 8  # pieces of a mail; more are put together beside the loop
COMMAND_BYTES_MAX = 2_048
COMMANDS_MAX = 10_000  # of each kind, in one session
NULL_PATH = "<>"
PLAIN_PATH = re.compile(
    r"<([\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*@[\w-]+(?:\.[\w-]+)*)?>(?: ([^(]*))?", re.ASCII
)
"""A path as nearly all are (RFC 5321 section 4.1.2), the null path too, and its parameters."""

FAILED = Reply(451, "4.3.0 Local trouble, please try again later")
BUSY = Reply(421, "4.3.2 Too many connections, please try again later")
CLOSING = Reply(421, "4.3.2 Going down, please try again later")
IDLE = Reply(421, "4.4.2 This takes too long, goodbye")
TOO_LARGE = Reply(552, "5.3.4 The mail is too large")
FAR_TOO_LARGE = Reply(552, "5.3.4 The mail is far too large, goodbye")
NO_ADDRESS = Reply(553, "5.1.3 This is no address")


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """What a listener takes at most; durations in real seconds."""

    message_bytes: int = 25 * 1024 * 1024  # said in EHLO as SIZE
    recipients: int = 50
    connections: int = 50  # more are told 421
    idle_s: float = 60.0  # without a byte from the other side
    session_s: float = 900.0  # for a whole connection, however many mails it brings
    take_s: float = 60.0  # for whoever takes a mail to say the reply
    closing_s: float = 5.0  # for mails under way when the listener closes


class Host(Protocol):
    """Whom a session belongs to."""

    limits: SmtpLimits
    name: str
    is_closing: bool

    def refusal(self, sender: str, recipients: list[str], recipient: str) -> Reply | None:
        """Why `recipient` cannot be added to `recipients`; None: it can."""
        ...

    async def taken(self, envelope: Envelope) -> Reply | None:
        """The reply to a whole mail; None where the connection is to break instead."""
        ...

    def gone(self, session: "Session") -> None: ...


class TurnedAway(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        _say_goodbye(transport, BUSY)


class _Hooks:
    """What the library asks in the course of a session."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def handle_MAIL(  # noqa: N802 (the library's name)
        self, server: SMTP, session: object, envelope: Gathered, address: str, options: list[str]
    ) -> str:
        if address != NULL_PATH and not is_address(address):
            return _line(NO_ADDRESS)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: object, envelope: Gathered, address: str, options: list[str]
    ) -> str:
        if refusal := self._host.refusal(_sender(envelope), envelope.rcpt_tos, address):
            return _line(refusal)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: "Session", session: object, envelope: Gathered) -> str:  # noqa: N802
        mail = Envelope(_sender(envelope), tuple(envelope.rcpt_tos), envelope.original_content or b"")
        server.is_taking = True
        reply = await self._host.taken(mail)
        server.is_taking = False
        if reply is None:
            server.break_off()
        return _line(reply or FAILED)

    async def handle_exception(self, error: Exception) -> str:
        context = {"message": "a bug in the mail server", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)
        return _line(FAILED)


class Session(SMTP):
    """One session, with our limits on what the library leaves without."""

    line_length_limit = BUFFER_BYTES_MAX

    def __init__(self, host: Host) -> None:
        self._host, self._limits = host, host.limits
        self._came_bytes, self._ends_at = 0, 0.0
        self.is_taking = False
        self._data: MailData | None = None  # while the bytes of a mail come
        self._is_whole = asyncio.Event()
        self.command_size_limits = defaultdict(lambda: COMMAND_BYTES_MAX)  # the library's own is shared by all
        super().__init__(
            _Hooks(host),
            data_size_limit=self._limits.message_bytes,
            enable_SMTPUTF8=True,
            hostname=host.name,  # or the library would look it up and block the loop
            ident="ESMTP",
            timeout=self._limits.idle_s,
            command_call_limit=COMMANDS_MAX,
            loop=asyncio.get_running_loop(),
        )

    def leave_if_idle(self) -> None:
        """Say goodbye, unless a mail is under way."""
        if self.envelope is None or self.envelope.mail_from is None:
            _say_goodbye(self.transport, CLOSING)

    def break_off(self) -> None:
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._ends_at = self.loop.time() + self._limits.session_s
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._host.gone(self)

    def data_received(self, data: bytes) -> None:
        self._came_bytes += len(data)
        if self._came_bytes > 2 * self._limits.message_bytes + BUFFER_BYTES_MAX:
            _say_goodbye(self.transport, FAR_TOO_LARGE)  # whoever did not hear that it is too large
            return
        self._reset_timeout()
        if self._data is None:
            super().data_received(data)
        else:
            self._feed(self._data, data)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 (the library's name)
        """As the library does it, but for how the bytes are collected."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        assert self.envelope is not None
        if not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
        elif arg:
            await self.push("501 Syntax: DATA")
        else:
            await self._collect(MailData(self._limits.message_bytes))

    async def _collect(self, data: MailData) -> None:
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self._reader.feed_data(MARK)  # so that there is something to read, and no other byte comes before we have it
        early = (await self._reader.read(READ_BYTES_MAX))[: -len(MARK)]  # of whoever did not wait for the 354
        self._data = data
        self._is_whole.clear()
        self._feed(data, early)
        await self._is_whole.wait()
        await self._end_of(data)

    def _feed(self, data: MailData, some: bytes) -> None:
        was_too_large = data.is_too_large
        behind = data.feed(some)
        if data.is_too_large and not was_too_large:
            self._writer.write(_line(TOO_LARGE).encode() + b"\r\n")  # at once; the rest comes to nothing
        if behind is not None:
            self._data = None
            self._is_whole.set()
            super().data_received(behind)

    async def _end_of(self, data: MailData) -> None:
        """Have the mail taken, unless its reply was said."""
        assert self.envelope is not None
        if data.is_too_large:
            return self._set_post_data_state()
        pieces = data.take()
        is_large = len(pieces) > TOGETHER_AT_ONCE_MAX
        raw = await asyncio.to_thread(b"".join, pieces) if is_large else b"".join(pieces)
        self.envelope.content = self.envelope.original_content = raw
        status = await self._call_handler_hook("DATA")
        self._set_post_data_state()
        return await self.push(status)

    async def push(self, status: AnyStr) -> None:
        await super().push(status)
        if self._host.is_closing:
            self.leave_if_idle()

    def _reset_timeout(self, duration: float | None = None) -> None:
        left_s = max(self._ends_at - self.loop.time(), 0.001)
        super()._reset_timeout(min(duration or self._limits.idle_s, left_s))

    def _timeout_cb(self) -> None:
        if self.is_taking:  # the reply has a time limit of its own
            super()._reset_timeout(self._limits.idle_s)
        else:
            _say_goodbye(self.transport, IDLE)

    def _set_post_data_state(self) -> None:
        self._came_bytes = 0
        super()._set_post_data_state()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        if (plain := PLAIN_PATH.fullmatch(arg)) is not None:  # which the library takes a hundred times as long for
            return plain[1] or NULL_PATH, plain[2] or ""
        try:
            return super()._getaddr(arg)
        except (IndexError, ValueError, AttributeError):  # the standard library's parser, on odd addresses
            return None, None


def _sender(envelope: Gathered) -> str:
    return "" if envelope.mail_from in (None, NULL_PATH) else envelope.mail_from


def _line(reply: Reply) -> str:
    return f"{reply.code} {' '.join(reply.text.split())}".encode("ascii", "replace").decode()


def _say_goodbye(transport: asyncio.BaseTransport | None, reply: Reply) -> None:
    if transport is not None and not transport.is_closing():
        cast(asyncio.Transport, transport).write(_line(reply).encode() + b"\r\n")
        transport.close()
