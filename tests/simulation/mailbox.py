"""A mailbox elsewhere that the service follows, on a server that numbers its folders anew, has a mail twice and in two
folders, is away, and breaks off in the middle of a mail.

Its one rule: it loses nothing. Over a connection that holds, and when its folders are there, each mail in it is given.
"""

import asyncio
import imaplib
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from random import Random
from typing import Any, TypeVar

from channels.email.following import REFUSALS_MAX, Following
from channels.email.imap_port import (
    Cursor,
    Fetched,
    FolderTrouble,
    ImapTrouble,
    MailRefused,
    Opened,
    Session,
    Take,
)
from channels.email.imap_session import ImapSettings
from channels.sandbox.mail.control_mail import MAIL_ADDRESS
from router.core.clock import Clock, Ms
from tests.simulation.loop import Owner

FOLDERS = ("INBOX", "All Mail")
AWAY_S = (1.0, 600.0)
T = TypeVar("T")


@dataclass(slots=True)
class MailboxWeather:
    """What happens to a connection, as shares from 0 to 1."""

    refused: float = 0.0  # there is none
    broken: float = 0.0  # it is gone with any command
    torn: float = 0.0  # it is gone in the middle of a mail
    withheld: float = 0.0  # a mail is refused, less often than would make us give it up
    twice: float = 0.0  # a mail is put into its folder twice

    def clear(self) -> None:
        for one in fields(self):
            setattr(self, one.name, 0.0)


@dataclass(eq=False, slots=True)
class Lying:
    """One mail where it lies."""

    uid: int
    raw: bytes
    came_at: int
    refusals: int = 0


@dataclass(eq=False, slots=True)
class MailFolder:
    name: str
    uid_validity: int
    uid_last: int = 0
    mails: list[Lying] = field(default_factory=list[Lying])
    is_gone: bool = False

    def put(self, raw: bytes, came_at: int) -> None:
        self.uid_last += 1
        self.mails.append(Lying(self.uid_last, raw, came_at))

    def number_anew(self, chance: Random) -> None:
        """As after a backup or a move to another server: in whatever order the mails were found there."""
        self.uid_validity += chance.randint(1, 1_000)
        chance.shuffle(self.mails)
        for uid, mail in enumerate(self.mails, start=1):
            mail.uid = uid
        self.uid_last = len(self.mails)


class MailboxElsewhere:
    def __init__(self, chance: Random, *, now: Callable[[], int], world: Owner, note: Callable[[str], None]) -> None:
        self.weather = MailboxWeather()
        self.folders = {name: MailFolder(name, chance.randint(1, 1_000)) for name in FOLDERS}
        self.settings = ImapSettings(
            host="imap.elsewhere.example",
            user=MAIL_ADDRESS,
            password="",
            folders=FOLDERS,
            seen=chance.choice(("keep", "mark")),
            poll_s=chance.choice((20.0, 60.0, 300.0)),
        )
        self.chance = chance
        self.given = 0  # mails that somebody fetched
        self._has_idle = chance.random() < 0.5
        self._is_away = False
        self._sessions: list[MailboxSession] = []
        self._now = now
        self._world = world
        self._note = note

    def put(self, raw: bytes, folder: str) -> None:
        """A mail came: from now on it is here for us."""
        for _ in range(2 if self.hits(self.weather.twice) else 1):
            self.folders[folder].put(raw, self._now())
        self._tell(self.folders[folder])

    def connect(self) -> "MailboxSession":
        if self._is_away or self.hits(self.weather.refused):
            self.note("refused")
            raise ImapTrouble("No connection (simulated).")
        session = MailboxSession(self, has_idle=self._has_idle)
        self._sessions.append(session)
        return session

    async def stir(self) -> None:
        """Something happens to the mailbox as a whole, in some minutes at most."""
        happens = self.chance.choice((self._number_anew, self._number_anew, self._lose_folder, self._move))
        self._world.start(happens(), "a mailbox changes")

    async def _number_anew(self) -> None:
        """Mails come while the server is away; what is there when it is back has other numbers."""
        self._is_away = True
        self._break_off()
        await asyncio.sleep(self.chance.uniform(*AWAY_S))
        self._break_off()
        for folder in self.folders.values():
            folder.number_anew(self.chance)
        self._is_away = False
        self.note("numbered anew")

    async def _lose_folder(self) -> None:
        """Somebody takes a folder away, and puts it back as it was."""
        folder = self.folders[FOLDERS[-1]]
        folder.is_gone = True
        self._break_off()
        self.note("folder gone")
        await asyncio.sleep(self.chance.uniform(*AWAY_S))
        folder.is_gone = False

    async def _move(self) -> None:
        """Somebody moves a mail to another folder, whether it was read or not."""
        origin, target = (self.folders[name] for name in self.chance.sample(FOLDERS, 2))
        if not origin.mails:
            return
        mail = origin.mails.pop(self.chance.randrange(len(origin.mails)))
        target.put(mail.raw, mail.came_at)
        self.note(f"moved to {target.name}")
        self._tell(target)

    def leave(self, session: "MailboxSession") -> None:
        with suppress(ValueError):
            self._sessions.remove(session)

    def hits(self, share: float) -> bool:
        return share > 0 and self.chance.random() < share

    def note(self, what: str) -> None:
        self._note(f"mailbox {what}")

    def _tell(self, folder: MailFolder) -> None:
        for session in self._sessions:
            if session.folder is folder:
                session.news.set()

    def _break_off(self) -> None:
        for session in list(self._sessions):
            session.break_off()


class MailboxSession:
    """One connection to it: what the real one is to an IMAP server."""

    def __init__(self, box: MailboxElsewhere, *, has_idle: bool) -> None:
        self.has_idle = has_idle
        self.news = asyncio.Event()
        self.folder: MailFolder | None = None
        self._box = box
        self._is_broken = False

    def open(self, folder: str) -> Opened:
        self._talk()
        found = self._box.folders[folder]
        if found.is_gone:
            raise FolderTrouble(f"There is no folder {folder!r} (simulated).", is_gone=True)
        self.folder = found
        self.news.clear()
        return Opened(found.uid_validity, found.uid_last)

    def uids_after(self, uid: int) -> list[int]:
        return sorted(mail.uid for mail in self._open().mails if mail.uid > uid)

    def uids_since(self, day: date) -> list[int]:
        return sorted(mail.uid for mail in self._open().mails if _at(mail.came_at).date() >= day)

    def fetch(self, uid: int) -> Fetched | None:
        mail = next((mail for mail in self._open().mails if mail.uid == uid), None)
        if mail is None:
            return None
        weather = self._box.weather
        if mail.refusals < REFUSALS_MAX - 1 and self._box.hits(weather.withheld):
            mail.refusals += 1
            raise MailRefused("this mail is broken (simulated)")
        if self._box.hits(weather.torn):
            self._fail("torn")
        self._box.given += 1
        self._box.note(f"given {self._open().name} {uid}")
        return Fetched(mail.raw, len(mail.raw), imaplib.Time2Internaldate(_at(mail.came_at)).strip('"'))

    def mark_seen(self, uid: int) -> bool:
        self._open()
        return True

    def leave(self) -> None:
        self._box.leave(self)

    def break_off(self) -> None:
        self._is_broken = True
        self.news.set()
        self._box.leave(self)

    def _open(self) -> MailFolder:
        self._talk()
        assert self.folder is not None
        return self.folder

    def _talk(self) -> None:
        if self._is_broken or self._box.hits(self._box.weather.broken):
            self._fail("broken")

    def _fail(self, what: str) -> None:
        self.break_off()
        self._box.note(what)
        raise ConnectionResetError(f"the connection is {what} (simulated)")


class FollowedMailbox:
    """One process follows it: what `channels.email.imap` is in a service, on a loop where nothing blocks."""

    def __init__(self, box: MailboxElsewhere, take: Take, cursor: Cursor, clock: Clock) -> None:
        self._box = box
        self._clock = clock
        self._session: MailboxSession | None = None
        self._over = asyncio.Event()
        self._following = Following(
            box.settings, take, cursor, clock, means=self, jitter=box.chance.random, on_state=lambda _: None
        )

    async def live(self) -> None:
        await self._following.live()

    def end(self) -> None:
        self._following.is_over = True
        self._over.set()
        if self._session is not None:
            self._session.break_off()

    def connect(self) -> Session:
        self._session = self._box.connect()
        return self._session

    async def at_service(self, doing: Coroutine[Any, Any, T]) -> T:
        return await doing

    async def wait(self, ms: int | None, session: Session | None) -> None:
        waiting: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._over.wait())]
        if session is not None and self._session is not None:
            waiting.append(asyncio.ensure_future(self._session.news.wait()))
        if ms is not None:
            waiting.append(asyncio.ensure_future(self._clock.sleep_until(Ms(self._clock.now() + ms))))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()


def _at(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
