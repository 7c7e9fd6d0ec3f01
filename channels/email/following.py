"""Following a mailbox: what is new in its folders is given to who takes it, over one connection after another.

Its one rule: a position moves on only after its mail was taken, so a crash gives a mail twice and never loses one; who
takes knows what it has. It reads no mail beyond the headers that make the envelope.

What it needs of the service it awaits, by its `Means`; a connection it talks to in plain calls. So the same code runs
on a thread where both block (`channels.email.imap`), and in the simulator where nothing does.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol, TypeVar

from channels.email.enveloping import enveloped, noted
from channels.email.headers import instant_of
from channels.email.imap_port import (
    NOWHERE,
    Cursor,
    Fetched,
    FolderTrouble,
    ImapState,
    ImapTrouble,
    MailRefused,
    Opened,
    Position,
    Session,
    Take,
)
from channels.email.imap_session import SERVER_FAULTS, ImapSettings
from channels.email.post import Envelope
from router.core.clock import Clock

RECONNECT_MS_MIN, RECONNECT_MS_MAX = 1_000, 300_000
REFUSALS_MAX = 3
"""How often the server may refuse a mail before a note is taken in its place, so that it holds up nothing for ever."""

T = TypeVar("T")


class NotTaken(ImapTrouble):
    """A mail or its place could not be kept on our side: that folder waits."""


class Means(Protocol):
    """What following needs beside a place for what it found."""

    def connect(self) -> Session:
        """A new connection. Raises as a session does."""
        ...

    async def at_service(self, doing: Coroutine[Any, Any, T]) -> T:
        """What `doing` gives, where the service lives."""
        ...

    async def wait(self, ms: int | None, session: Session | None) -> None:
        """Until `ms` have passed on the clock, the server of `session` has news, or following is over."""
        ...


class Following:
    """`live` until `is_over`. `jitter` gives 0..1 and spreads reconnections; `on_state` hears of each new state."""

    def __init__(
        self,
        settings: ImapSettings,
        take: Take,
        cursor: Cursor,
        clock: Clock,
        *,
        means: Means,
        jitter: Callable[[], float],
        on_state: Callable[[ImapState], None],
    ) -> None:
        self._settings = settings
        self._take = take
        self._cursor = cursor
        self._clock = clock
        self._means = means
        self._jitter = jitter
        self._on_state = on_state
        self._failures = 0  # in a row
        self._refused = ("", 0)  # the mail that the server refused last, and how often
        self.is_over = False  # set from outside; whoever sets it ends what is waited for as well
        self.state = ImapState()

    async def live(self) -> None:
        while not self.is_over:
            self._show(doing="connecting")
            try:
                await self._follow()
            except Exception as problem:  # noqa: BLE001 - the edge: whatever it was, the mailbox is followed on
                if not self.is_over:
                    await self._pause(problem)
        self._show(doing="stopped", connected_since=None)

    async def _follow(self) -> None:
        """Over one connection, for as long as it holds."""
        session = self._means.connect()
        try:
            self._show(connected_since=self._clock.now(), error="")
            while not self.is_over:
                self._show(doing="looking")
                is_well = await self._look(session)
                await self._rest(session, is_well=is_well)
                self._failures = 0
        finally:
            session.leave()

    async def _pause(self, problem: Exception) -> None:
        """Before the next connection: longer after each failure in a row, and at once as long as it gets where only a
        person can help, for providers lock accounts whose logins fail often."""
        self._failures += 1
        doubled = RECONNECT_MS_MIN << min(self._failures - 1, 30)
        is_lasting = isinstance(problem, ImapTrouble) and problem.is_lasting
        most = RECONNECT_MS_MAX if is_lasting else min(doubled, RECONNECT_MS_MAX)
        self._show(doing="reconnecting", connected_since=None, error=_words(problem))
        await self._means.wait(int(most * (1 + self._jitter()) / 2), None)

    async def _rest(self, session: Session, *, is_well: bool) -> None:
        """Until there may be something new."""
        needs_looks = len(self._settings.folders) > 1 or not is_well or not session.has_idle
        self._show(doing="idle" if session.has_idle else "polling")
        ms = int(self._settings.poll_s * 1000) if needs_looks else None
        await self._means.wait(ms, session if session.has_idle else None)

    # --- what is new --------------------------------------------------------------------------------------------------

    async def _look(self, session: Session) -> bool:
        """Bring what is new in all folders; the first comes last, for the open one is the one that IDLE tells of.
        False where a folder could not be read."""
        troubles: list[ImapTrouble] = []
        for folder in reversed(self._settings.folders):
            try:
                troubles += await self._look_into(session, folder)
            except (FolderTrouble, NotTaken) as trouble:
                troubles.append(trouble)
                if isinstance(trouble, FolderTrouble) and trouble.is_gone:
                    await self._save(folder, NOWHERE)
        error = " ".join(map(str, troubles))
        if any(isinstance(trouble, NotTaken) for trouble in troubles):
            raise NotTaken(error)
        if error != self.state.error:
            self._show(error=error)
        return not troubles

    async def _look_into(self, session: Session, folder: str) -> list[ImapTrouble]:
        opened = session.open(folder)
        position = await self._ours(self._cursor.load(folder), otherwise=f"The place in {folder!r} could not be read")
        if position is not None and holds(position, opened):
            uids = session.uids_after(position.uid)
        else:
            uids = session.uids_since(self._look_back())
            position = None
        unmarked = [uid for uid in uids if not await self._bring(session, folder, Position(opened.uid_validity, uid))]
        if position is None:
            last = max([opened.uid_last, *uids[-1:]])
            await self._save(folder, Position(opened.uid_validity, last))
        words = f"The server did not mark {len(unmarked)} mails in {folder!r} as read: set seen to keep, or give "
        return [ImapTrouble(f"{words}{self._settings.user!r} the right to.")] if unmarked else []

    async def _bring(self, session: Session, folder: str, position: Position) -> bool:
        """Give one mail to who takes it, then move on. False where it should be marked and was not."""
        where = f"imap:{folder}/{position.uid_validity}/{position.uid}"
        fetched = self._fetched(session, position.uid, where)
        if fetched is not None:
            await self._give(self._envelope(fetched), where)
        await self._save(folder, position)
        return fetched is None or self._settings.seen == "keep" or session.mark_seen(position.uid)

    def _fetched(self, session: Session, uid: int, where: str) -> Fetched | None:
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

    # --- at the service -----------------------------------------------------------------------------------------------

    async def _give(self, envelope: Envelope, where: str) -> None:
        async def given() -> bool:
            return await self._take(envelope, where)

        is_taken = await self._ours(given(), otherwise=f"The mail {where} could not be taken")
        if not is_taken:
            raise NotTaken(f"The mail {where} is not wanted yet; it is tried again.")
        self._show(last_mail_at=self._clock.now())

    async def _save(self, folder: str, position: Position) -> None:
        saving = self._cursor.save(folder, position)
        await self._ours(saving, otherwise=f"The place in {folder!r} could not be kept")

    async def _ours(self, doing: Coroutine[Any, Any, T], *, otherwise: str) -> T:
        """What `doing` gives. However it fails, it is our side's failure and none of the connection's."""
        try:
            return await self._means.at_service(doing)
        except Exception as problem:
            raise NotTaken(f"{otherwise} ({type(problem).__name__}: {problem}); it is tried again.") from problem

    def _show(self, **changes: Any) -> None:
        if changes.get("error"):
            changes["error_at"] = self._clock.now()
        self.state = shown = replace(self.state, **changes)
        self._on_state(shown)


def holds(position: Position, opened: Opened) -> bool:
    """Whether a place still says how far a folder is taken: its numbers are the same, and did not fall."""
    return position.uid_validity == opened.uid_validity and position.uid <= opened.uid_last


def _words(problem: Exception) -> str:
    match problem:
        case ImapTrouble():
            return str(problem)
        case _ if isinstance(problem, SERVER_FAULTS):
            return f"The connection to the mail server broke ({problem or type(problem).__name__}); it is made again."
        case _:
            return f"{type(problem).__name__}: {problem}"[:300]
