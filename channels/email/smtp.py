"""Mail on real sockets: `SmtpPost` carries it away, `SmtpListener` takes it in.

Its one rule: nobody is told that a mail is taken before it is, and a failure says whether the mail may have arrived. It
reads no message, keeps none and tries nothing again.
"""

import asyncio
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Self

import aiosmtplib

from channels.email.post import Admit, Envelope, PostFailure, PostRefused, Reply, Take, Unreached, is_address
from channels.email.smtp_session import FAILED, NO_ADDRESS, Session, SmtpLimits, TurnedAway

CONNECTIONS_OUT_MAX = 5
KEPT_S = 5.0
"""How long a connection is kept for the next mail. Servers wait longer (RFC 5321 section 4.5.3.2.7: five minutes)."""
QUIT_S = 2.0
UTF8_REFUSED = Reply(550, "5.6.7 this server takes no addresses outside ASCII")
LOGIN_S = 20.0
"""How long a reply of the login is waited for: servers answer a wrong password late, and some never."""
LEAVING = 421  # on all recipients, whoever was asked about
SYSTEM_STATUS = "4.3."  # RFC 3463: on the server itself: full, not able, not willing
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3 Too many recipients")

log = logging.getLogger("onecase.mail")


class SmtpPost:
    """Carries mail to one server, over a few connections; each is kept for a moment, for mails come in swarms."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: Literal["none", "starttls", "tls"] = "none",
        username: str = "",
        password: str = "",
        name: str = "localhost",  # what we call ourselves in EHLO
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._tls, self._tls_context = host, port, tls, tls_context
        self._username, self._password, self._name = username, password, name
        self._turns = asyncio.Semaphore(CONNECTIONS_OUT_MAX)
        self._kept: dict[aiosmtplib.SMTP, asyncio.TimerHandle] = {}  # open, and nothing under way on them
        self._is_let_in = True  # as far as is known

    async def deliver(self, envelope: Envelope, *, timeout_s: float) -> tuple[Unreached, ...]:
        """See `Post`. A connection that is lost anywhere after DATA was said counts as: may have arrived."""
        for address in (envelope.recipients[0], envelope.sender or "null@path"):
            if not is_address(address):
                raise PostRefused(553, f"5.1.3 {address!r} is no address")
        client, progress = self._client(timeout_s), _Progress()
        try:
            async with asyncio.timeout(timeout_s), self._turns:
                if (kept := self._kept_one()) is not None:
                    client, fresh = kept, client
                    try:
                        unreached = await _carry(client, envelope, progress)
                        self._keep(client)
                        return unreached
                    except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPSenderRefused, OSError):
                        if progress.is_begun:
                            raise
                        client.close()  # it was open too long for the other side
                        client = fresh
                await self._open(client, progress)
                unreached = await _carry(client, envelope, progress)
            self._keep(client)
            return unreached
        except aiosmtplib.SMTPResponseException as problem:
            if progress.is_login:
                raise self._not_let_in(f"{problem.code} {_one_line(problem)}", str(problem.code)) from problem
            await _leave(client)
            if 400 <= problem.code <= 599:
                raise PostRefused(problem.code, _one_line(problem), of_recipient=_is_of_recipient(problem)) from problem
            raise PostFailure(f"{self._host} said {problem}", may_have_arrived=progress.is_data_said) from problem
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as problem:
            if progress.is_login:
                raise self._not_let_in(f"no reply to our login ({problem!r})", type(problem).__name__) from problem
            reason = f"no reply from {self._host}:{self._port}: {problem!r}"
            raise PostFailure(reason, may_have_arrived=progress.is_data_said) from problem
        finally:
            if client not in self._kept:
                client.close()

    async def _open(self, client: aiosmtplib.SMTP, progress: "_Progress") -> None:
        await client.connect()
        with suppress(aiosmtplib.SMTPHeloError):  # then it speaks HELO, and has no extensions
            await client.ehlo()
        if self._username and self._password:
            progress.is_login = True
            await client.login(self._username, self._password, timeout=LOGIN_S)
            progress.is_login = False
        if not self._is_let_in:
            self._is_let_in = True
            log.warning("the mail server %s lets us in again", self._host)

    def _not_let_in(self, why: str, short: str) -> PostFailure:
        """A word on us, and none on the mail. It is logged where it begins, for it stops all mail."""
        if self._is_let_in:
            self._is_let_in = False
            log.warning("no mail goes out: the mail server %s does not let us in (%s)", self._host, short)
        return PostFailure(f"{self._host} does not let us in: {why}", may_have_arrived=False)

    def _kept_one(self) -> aiosmtplib.SMTP | None:
        """A connection on which nothing is under way."""
        while self._kept:
            client, timer = self._kept.popitem()
            timer.cancel()
            if client.is_connected:
                return client
            client.close()
        return None

    def _keep(self, client: aiosmtplib.SMTP) -> None:
        self._kept[client] = asyncio.get_running_loop().call_later(KEPT_S, self._let_go, client)

    def _let_go(self, client: aiosmtplib.SMTP) -> None:
        if self._kept.pop(client, None) is not None:
            leaving = asyncio.get_running_loop().create_task(_leave(client), name="leave a mail server")
            leaving.add_done_callback(lambda _: client.close())

    def _client(self, timeout_s: float) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            use_tls=self._tls == "tls",
            start_tls=self._tls == "starttls",
            local_hostname=self._name,
            timeout=timeout_s,
            tls_context=self._tls_context,
        )


@dataclass(slots=True)
class _Progress:
    is_login: bool = False  # the server has been told who we are, and has not said yes
    is_begun: bool = False  # the server has heard whom it is from, and said yes
    is_data_said: bool = False


async def _carry(client: aiosmtplib.SMTP, envelope: Envelope, progress: _Progress) -> tuple[Unreached, ...]:
    raw, options, encoding = envelope.raw, list[str](), "ascii"
    if client.supports_extension("size"):
        lone_ends = raw.count(b"\n") - raw.count(b"\r\n")  # each grows by one byte on its way
        options.append(f"SIZE={len(raw) + lone_ends}")
    if not raw.isascii() and client.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    if not "".join((envelope.sender, *envelope.recipients)).isascii() and client.supports_extension("smtputf8"):
        options.append("SMTPUTF8")
        encoding = "utf-8"
    first, *copies = envelope.recipients
    if encoding == "ascii" and not (envelope.sender + first).isascii():
        raise PostRefused(UTF8_REFUSED.code, UTF8_REFUSED.text)
    await client.mail(envelope.sender, options=options, encoding=encoding)
    progress.is_begun = True
    await client.rcpt(first, encoding=encoding)
    unreached = [Unreached(one, no) for one in copies if (no := await _refusal(client, one, encoding=encoding))]
    progress.is_data_said = True
    await client.data(raw)
    return tuple(unreached)


async def _refusal(client: aiosmtplib.SMTP, copy: str, *, encoding: str) -> Reply | None:
    """Why this one gets no copy; None where they get one. Raise what ends the whole conversation."""
    if not is_address(copy):
        return NO_ADDRESS
    if encoding == "ascii" and not copy.isascii():
        return UTF8_REFUSED
    try:
        await client.rcpt(copy, encoding=encoding)
    except aiosmtplib.SMTPRecipientRefused as problem:
        if not 400 <= problem.code <= 599 or problem.code == LEAVING:
            raise
        return Reply(problem.code, _one_line(problem))
    return None


def _is_of_recipient(problem: aiosmtplib.SMTPResponseException) -> bool:
    if not isinstance(problem, aiosmtplib.SMTPRecipientRefused) or problem.code == LEAVING:
        return False
    return not problem.message.startswith(SYSTEM_STATUS)


async def _leave(client: aiosmtplib.SMTP) -> None:
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):  # the mail is there, whatever comes now
        await client.quit(timeout=QUIT_S)


def _one_line(problem: aiosmtplib.SMTPResponseException) -> str:
    return " ".join(problem.message.split())


class SmtpListener:
    """A mail server on the running loop. What `take` raises is 451 to the sender, who never sees why; where it raises
    `PostFailure` the connection breaks without a reply. A mail that came whole is taken even if its sender is gone."""

    def __init__(self, take: Take, limits: SmtpLimits, *, name: str, admit: Admit | None) -> None:
        self.limits, self.name = limits, name
        self.is_closing = False
        self._take, self._admit = take, admit
        self._connections: set[Session] = set()
        self._takes: set[asyncio.Task[Reply]] = set()
        self._server: asyncio.Server | None = None
        self._empty = asyncio.Event()

    @classmethod
    async def start(
        cls,
        host: str,
        port: int,
        take: Take,
        limits: SmtpLimits | None = None,
        *,
        name: str = "localhost",
        admit: Admit | None = None,
    ) -> Self:
        """Listen; port 0 takes a free one. `name` is what the server calls itself. Raise OSError as a socket does."""
        logging.getLogger("mail.log").setLevel(logging.ERROR)  # strangers' commands and addresses belong in no log
        made = cls(take, limits or SmtpLimits(), name=name, admit=admit)
        made._server = await asyncio.get_running_loop().create_server(made._protocol, host, port)
        return made

    @property
    def port(self) -> int:
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Take nobody in any more, let mails under way finish for `closing_s`, then break them off."""
        self.is_closing = True
        assert self._server is not None
        self._server.close()
        for connection in tuple(self._connections):
            connection.leave_if_idle()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.closing_s):
                if self._connections:
                    await self._empty.wait()
                if self._takes:
                    await asyncio.wait(self._takes)
        for connection in tuple(self._connections):
            connection.break_off()
        for task in tuple(self._takes):
            task.cancel()
        await asyncio.gather(*self._takes, return_exceptions=True)

    def gone(self, session: Session) -> None:
        self._connections.discard(session)
        if not self._connections:
            self._empty.set()

    async def taken(self, envelope: Envelope) -> Reply | None:
        """What `take` says to this mail; None where nothing is to be said."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._within_time(envelope), name="take a mail")
        self._takes.add(task)
        task.add_done_callback(self._takes.discard)
        await asyncio.wait({task})  # not `await task`: the sender's going away must not cancel it
        if task.cancelled():
            return FAILED
        problem = task.exception()
        if problem is None:
            return task.result()
        if isinstance(problem, PostFailure):
            return None
        loop.call_exception_handler({"message": "a mail was not taken", "exception": problem, "task": task})
        return FAILED

    async def _within_time(self, envelope: Envelope) -> Reply:
        async with asyncio.timeout(self.limits.take_s):
            return await self._take(envelope)

    def refusal(self, sender: str, recipients: list[str], recipient: str) -> Reply | None:
        if not is_address(recipient):
            return NO_ADDRESS
        if len(recipients) >= self.limits.recipients:
            return TOO_MANY_RECIPIENTS
        return self._admit(sender, recipient) if self._admit else None

    def _protocol(self) -> asyncio.BaseProtocol:
        if len(self._connections) >= self.limits.connections or self.is_closing:
            return TurnedAway()
        connection = Session(self)
        self._connections.add(connection)
        return connection
