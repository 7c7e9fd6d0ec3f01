"""What whoever follows an IMAP mailbox needs from the service, and what they tell it.

Its one rule: a place in a folder holds for one UIDVALIDITY only. No I/O.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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
