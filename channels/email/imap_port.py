"""What whoever follows an IMAP mailbox needs: of the service, and of a connection to the server; and what they tell.

Its one rule: a place in a folder holds for one UIDVALIDITY only. No I/O.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from channels.email.post import Envelope
from router.core.clock import Ms

Take = Callable[[Envelope, str], Awaitable[bool]]
"""Takes a mail, with where it lay. True once it is kept, or was before; False, or raising: not now, it comes again, and
nothing of its folder passes it."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a folder is taken: its UIDVALIDITY and the last UID (RFC 9051 section 2.3.1.1)."""

    uid_validity: int
    uid: int


NOWHERE = Position(0, 0)
"""No folder has it, so the folder is begun anew. Kept where a folder was gone."""


class Cursor(Protocol):
    """Keeps positions by folder, durably. What `save` was given is there once it has returned."""

    async def load(self, folder: str) -> Position | None: ...
    async def save(self, folder: str, position: Position) -> None: ...


@dataclass(frozen=True, slots=True)
class ImapState:
    """How it goes, for people. `error` says what is wrong and what to do; empty when all is well."""

    doing: Literal["stopped", "connecting", "looking", "idle", "polling", "reconnecting"] = "stopped"
    connected_since: Ms | None = None
    last_mail_at: Ms | None = None
    error: str = ""
    error_at: Ms | None = None


# --- a connection -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder as it stands. `uid_last`: the highest UID that was given to a mail, there or gone; 0: none yet."""

    uid_validity: int
    uid_last: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail up to one byte more than the limit; the rest as the server tells it, None and empty where it does not."""

    raw: bytes
    size: int | None
    internal_date: str = ""  # when the mail came to the server (RFC 9051 section 2.3.3): " 7-Nov-2026 02:44:25 +0100"


class ImapTrouble(Exception):
    """What is wrong and what to do, in a sentence. `is_lasting`: only a person can mend it, so there is no hurry."""

    def __init__(self, words: str, *, is_lasting: bool = False) -> None:
        super().__init__(words)
        self.is_lasting = is_lasting


class FolderTrouble(ImapTrouble):
    """One folder cannot be read; the others can. `is_gone`: it is not there."""

    def __init__(self, words: str, *, is_gone: bool = False) -> None:
        super().__init__(words)
        self.is_gone = is_gone


class MailRefused(ImapTrouble):
    """The server does not give a mail that it has."""


class Session(Protocol):
    """A signed-in connection; its calls may block. Each raises ImapTrouble, and an OSError where it breaks."""

    has_idle: bool  # the server tells of news in the open folder

    def open(self, folder: str) -> Opened:
        """Open a folder and see where it stands. Raises FolderTrouble."""
        ...

    def uids_after(self, uid: int) -> list[int]:
        """The UIDs in the open folder beyond `uid`, rising."""
        ...

    def uids_since(self, day: date) -> list[int]:
        """The UIDs in the open folder that arrived on `day` or later, rising."""
        ...

    def fetch(self, uid: int) -> Fetched | None:
        """A mail of the open folder; None where it is gone. Raises MailRefused."""
        ...

    def mark_seen(self, uid: int) -> bool:
        """Mark a mail as read; False where the server says no."""
        ...

    def leave(self) -> None:
        """Say goodbye and close; nothing is raised."""
        ...
