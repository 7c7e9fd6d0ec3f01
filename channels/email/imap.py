"""A mailbox on an IMAP server, followed for as long as the service runs.

Its one rule: a position moves on only after its mail was taken, so a crash gives a mail twice and never loses one; who
takes knows what it has. A thread of its own does the talking (IMAP libraries block); `take`, the cursor and the clock
are asked on the service's loop. It reads no mail beyond the headers that make the envelope.
"""

import asyncio
import concurrent.futures
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from channels.email.enveloping import enveloped, noted
from channels.email.headers import instant_of
from channels.email.imap_port import NOWHERE, Cursor, ImapState, Position, Take
from channels.email.imap_session import (
    SERVER_FAULTS,
    Fetched,
    FolderTrouble,
    ImapSession,
    ImapSettings,
    ImapTrouble,
    MailRefused,
    wait_readable,
)
from channels.email.post import Envelope
from router.core.clock import Clock, Ms

__all__ = ["Cursor", "ImapMailbox", "ImapSettings", "ImapState", "Position", "Take"]

IDLE_S_MAX = 60.0
"""Real seconds of one IDLE. Servers tell of what comes after it began; what came in the moment before is found when it
ends and the folder is looked at again. Routers forget a silent connection after ten minutes (RFC 2177: 29)."""
RECONNECT_MS_MIN, RECONNECT_MS_MAX = 1_000, 300_000
REFUSALS_MAX = 3
"""How often the server may refuse a mail before a note is taken in its place, so that it holds up nothing for ever."""
CLOSE_S, BREAK_S = 1.0, 0.5
"""Real seconds that `close` gives to a mail that is being taken, and then to the thread."""

T = TypeVar("T")


class NotTaken(ImapTrouble):
    """A mail or its place could not be kept on our side: that folder waits."""


class ImapMailbox:
    """`start` it on the service's loop, `close` it there. `jitter` gives 0..1 and spreads reconnections; `on_state` is
    called on the loop with each new state."""

    def __init__(
        self,
        settings: ImapSettings,
        take: Take,
        cursor: Cursor,
        clock: Clock,
        *,
        jitter: Callable[[], float],
        on_state: Callable[[ImapState], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._take = take
        self._cursor = cursor
        self._clock = clock
        self._jitter = jitter
        self._on_state = on_state
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread | None = None
        self._ended = asyncio.Event()
        self._closing = threading.Event()
        self._bell, self._rope = socket.socketpair()  # a byte on the rope wakes the thread out of any wait of ours
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._session: ImapSession | None = None
        self._failures = 0  # in a row
        self._refused = ("", 0)  # the mail that the server refused last, and how often
        self._under_way: concurrent.futures.Future[Any] | None = None
        self.state = ImapState()

    def start(self) -> None:
        """Begin to follow the mailbox. Whatever is wrong with it shows in `state`; nothing is raised."""
        self._loop = asyncio.get_running_loop()
        # A daemon, for a connection that is being made cannot be broken off and must not keep the program from ending.
        self._thread = threading.Thread(target=self._live, name="imap", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        """End within two seconds. A mail that is being taken gets one of them, and else comes again next time."""
        self._closing.set()
        self._ring()
        if self._session is not None:
            self._session.break_off()
        if self._thread is not None and not await self._has_ended(CLOSE_S):
            if self._under_way is not None:
                self._under_way.cancel()
            if not await self._has_ended(BREAK_S):
                return
        self._bell.close()
        self._rope.close()

    # --- on the thread ------------------------------------------------------------------------------------------------

    def _live(self) -> None:
        while not self._closing.is_set():
            self._show(doing="connecting")
            try:
                self._follow()
            except Exception as problem:  # noqa: BLE001 - the thread's edge: whatever it was, the mailbox is followed on
                if not self._closing.is_set():
                    self._pause(problem)
        self._show(doing="stopped", connected_since=None)
        with suppress(RuntimeError):  # the loop may have ended first
            self._loop.call_soon_threadsafe(self._ended.set)

    def _follow(self) -> None:
        """Over one connection, for as long as it holds."""
        self._session = session = ImapSession(self._settings)
        try:
            self._show(connected_since=self._clock.now(), error="")
            while not self._closing.is_set():
                self._show(doing="looking")
                is_well = self._look(session)
                self._rest(session, is_well=is_well)
                self._failures = 0
        finally:
            self._session = None
            session.leave()

    def _pause(self, problem: Exception) -> None:
        """Before the next connection: longer after each failure in a row, and at once as long as it gets where only a
        person can help, for providers lock accounts whose logins fail often."""
        self._failures += 1
        doubled = RECONNECT_MS_MIN << min(self._failures - 1, 30)
        is_lasting = isinstance(problem, ImapTrouble) and problem.is_lasting
        most = RECONNECT_MS_MAX if is_lasting else min(doubled, RECONNECT_MS_MAX)
        self._show(doing="reconnecting", connected_since=None, error=_words(problem))
        self._wait(int(most * (1 + self._jitter()) / 2))

    def _look(self, session: ImapSession) -> bool:
        """Bring what is new in all folders; the first comes last, for the open one is the one that IDLE tells of.
        False where a folder could not be read."""
        troubles: list[ImapTrouble] = []
        for folder in reversed(self._settings.folders):
            try:
                troubles += self._look_into(session, folder)
            except (FolderTrouble, NotTaken) as trouble:
                troubles.append(trouble)
                if isinstance(trouble, FolderTrouble) and trouble.is_gone:
                    self._save(folder, NOWHERE)
        error = " ".join(map(str, troubles))
        if any(isinstance(trouble, NotTaken) for trouble in troubles):
            raise NotTaken(error)
        if error != self.state.error:
            self._show(error=error)
        return not troubles

    def _look_into(self, session: ImapSession, folder: str) -> list[ImapTrouble]:
        opened = session.open(folder)
        position = self._on_loop(self._cursor.load(folder), otherwise=f"The place in {folder!r} could not be read")
        is_known = position is not None and position.uid_validity == opened.uid_validity
        if position is not None and is_known and position.uid <= opened.uid_last:
            uids = session.uids_after(position.uid)
        else:
            uids = session.uids_since(self._look_back())
            position = None
        unmarked = [uid for uid in uids if not self._bring(session, folder, Position(opened.uid_validity, uid))]
        if position is None:
            last = max([opened.uid_last, *uids[-1:]])
            self._save(folder, Position(opened.uid_validity, last))
        words = f"The server did not mark {len(unmarked)} mails in {folder!r} as read: set seen to keep, or give "
        return [ImapTrouble(f"{words}{self._settings.user!r} the right to.")] if unmarked else []

    def _bring(self, session: ImapSession, folder: str, position: Position) -> bool:
        """Give one mail to who takes it, then move on. False where it should be marked and was not."""
        where = f"imap:{folder}/{position.uid_validity}/{position.uid}"
        fetched = self._fetched(session, position.uid, where)
        if fetched is not None:
            self._give(self._envelope(fetched), where)
        self._save(folder, position)
        return fetched is None or self._settings.seen == "keep" or session.mark_seen(position.uid)

    def _fetched(self, session: ImapSession, uid: int, where: str) -> Fetched | None:
        try:
            return session.fetch(uid)
        except MailRefused as refused:
            before, count = self._refused
            self._refused = (where, count + 1 if before == where else 1)
            words = f"The server does not give the mail {where} ({refused})"
            if self._refused[1] < REFUSALS_MAX:
                raise FolderTrouble(f"{words}; it is asked again.") from refused
            subject = b"Subject: A mail that the mail server does not give\r\n\r\n"
            note = noted(f"not fetched: {words}", subject + f"{words}. Look for it there.\r\n".encode())
            return Fetched(note, None)

    def _give(self, envelope: Envelope, where: str) -> None:
        async def given() -> bool:
            return await self._take(envelope, where)

        is_taken = self._on_loop(given(), otherwise=f"The mail {where} could not be taken")
        if not is_taken:
            raise NotTaken(f"The mail {where} is not wanted yet; it is tried again.")
        self._show(last_mail_at=self._clock.now())

    def _envelope(self, fetched: Fetched) -> Envelope:
        """The mail as it came, or as much of it as the limit allows, under a line that says so. The line is the same
        wherever the mail lies, for the same mail in two folders must be the same bytes."""
        raw, most = fetched.raw, self._settings.bytes_max
        came_at = instant_of(fetched.internal_date, received_at=self._clock.now())
        envelope = replace(enveloped(raw, otherwise_to=self._settings.our_address), received_at=came_at)
        if len(raw) <= most:
            return envelope
        size = f"{fetched.size} bytes" if fetched.size else "unknown size"
        return replace(envelope, raw=noted(f"cut after {most} bytes, of {size}; all is in the mailbox", raw[:most]))

    def _look_back(self) -> date:
        today = datetime.fromtimestamp(self._clock.now() / 1000, UTC).date()
        return today - timedelta(days=self._settings.look_back_days)

    def _rest(self, session: ImapSession, *, is_well: bool) -> None:
        """Until there may be something new."""
        needs_looks = len(self._settings.folders) > 1 or not is_well or not session.has_idle
        self._show(doing="idle" if session.has_idle else "polling")
        self._wait(int(self._settings.poll_s * 1000) if needs_looks else None, session if session.has_idle else None)

    def _wait(self, ms: int | None, session: ImapSession | None = None) -> None:
        """Until `ms` have passed on the clock, the bell rings, or the server of `session` has news."""
        with suppress(BlockingIOError):
            while self._bell.recv(64):
                pass
        if self._closing.is_set():
            return
        alarm = None if ms is None else asyncio.run_coroutine_threadsafe(self._alarm(ms), self._loop)
        try:
            if session is None:
                wait_readable((self._bell,), None)
            else:
                session.idle(self._bell, IDLE_S_MAX)
        finally:
            if alarm is not None:
                alarm.cancel()

    def _save(self, folder: str, position: Position) -> None:
        self._on_loop(self._cursor.save(folder, position), otherwise=f"The place in {folder!r} could not be kept")

    def _on_loop(self, doing: Coroutine[Any, Any, T], *, otherwise: str) -> T:
        """What `doing` gives. However it fails, it is our side's failure and none of the connection's."""
        self._under_way = under_way = asyncio.run_coroutine_threadsafe(doing, self._loop)
        try:
            return under_way.result()
        except Exception as problem:
            raise NotTaken(f"{otherwise} ({type(problem).__name__}: {problem}); it is tried again.") from problem

    def _show(self, **changes: Any) -> None:
        if changes.get("error"):
            changes["error_at"] = self._clock.now()
        self.state = shown = replace(self.state, **changes)
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._on_state, shown)

    # --- on the loop --------------------------------------------------------------------------------------------------

    async def _alarm(self, ms: int) -> None:
        await self._clock.sleep_until(Ms(self._clock.now() + ms))
        self._ring()

    async def _has_ended(self, within_s: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._ended.wait()
        return self._ended.is_set()

    def _ring(self) -> None:
        with suppress(OSError):
            self._rope.send(b"\0")


def _words(problem: Exception) -> str:
    match problem:
        case ImapTrouble():
            return str(problem)
        case _ if isinstance(problem, SERVER_FAULTS):
            return f"The connection to the mail server broke ({problem or type(problem).__name__}); it is made again."
        case _:
            return f"{type(problem).__name__}: {problem}"[:300]
