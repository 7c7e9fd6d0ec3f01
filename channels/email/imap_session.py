"""One connection to an IMAP server: sign in, open a folder, fetch, wait for news. Blocking, for a thread of its own.

Its one rule: a mailbox is left as it was found. Folders are opened read-only and mails are fetched with PEEK; nothing
is ever deleted, and only `mark_seen` writes. It remembers nothing: positions are `channels.email.following`'s.
"""

import imaplib
import re
import selectors
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from io import BufferedReader
from typing import Any, Literal, cast

from imap_tools.errors import (
    ImapToolsError,
    MailboxFetchError,
    MailboxFolderSelectError,
    MailboxLoginError,
    MailboxTaggedResponseError,
)
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.query import AND
from imap_tools.utils import check_command_status

from channels.email.imap_port import Fetched, FolderTrouble, ImapTrouble, MailRefused, Opened

SILENCE_S = 30.0
"""Real seconds that a server may keep silent within a command."""
FOLDERS_SHOWN_MAX = 30
SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
INTERNAL_DATE = re.compile(rb'INTERNALDATE "([ \w:+-]{1,40})"')
SERVER_FAULTS = (OSError, EOFError, imaplib.IMAP4.error, ImapToolsError)
"""How a connection ends that did not end well. `ssl.SSLError` is an OSError."""


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """Where the mailbox is and how it is treated."""

    host: str
    user: str
    password: str = field(repr=False)
    port: int = 993
    tls: Literal["ssl", "starttls", "none"] = "ssl"
    ca_file: str = ""  # PEM of an authority of one's own; empty: those that the machine trusts
    folders: tuple[str, ...] = ("INBOX",)  # news of the first come at once where the server has IDLE
    address: str = ""  # ours, for mails that name no recipient; empty: made of user and host
    seen: Literal["keep", "mark"] = "keep"
    bytes_max: int = 25 * 1024 * 1024  # a larger mail is given up to here, under a first line that says so
    look_back_days: int = 2  # how far back a folder without a usable position is begun
    poll_s: float = 60.0  # between looks where the server has no IDLE, and at the folders after the first

    @property
    def our_address(self) -> str:
        return self.address or (self.user if "@" in self.user else f"{self.user}@{self.host}")


class ImapSession:
    """A signed-in connection. Raises ImapTrouble, and `SERVER_FAULTS` when the connection breaks."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._box = _connected(settings)
        self._client = self._box.client
        try:
            self._sign_in()
            _, told = self._client.capability()  # those before signing in are fewer
        except BaseException:
            self.leave()
            raise
        self.has_idle = b"IDLE" in b" ".join(part for part in told if part).upper().split()

    def open(self, folder: str) -> Opened:
        """Open a folder and see where it stands. Raises FolderTrouble."""
        try:
            self._box.folder.set(folder, readonly=self._settings.seen == "keep")
        except MailboxFolderSelectError as refused:
            raise self._refused(folder, refused) from refused
        except imaplib.IMAP4.readonly as refused:
            raise FolderTrouble(f"The folder {folder!r} may not be written to, so seen must be keep.") from refused
        validity, uid_next = self._number("UIDVALIDITY"), self._number("UIDNEXT")
        if not validity:
            raise FolderTrouble(f"The server gives no UIDVALIDITY for the folder {folder!r}, so it cannot be followed.")
        return Opened(validity, uid_next - 1 if uid_next else max(self.uids_after(0), default=0))

    def uids_after(self, uid: int) -> list[int]:
        """The UIDs in the open folder beyond `uid`, rising."""
        found = self._box.uids(f"UID {uid + 1}:*", charset=None)
        return sorted(one for text in found if (one := int(text)) > uid)  # `n:*` names the last mail in any case

    def uids_since(self, day: date) -> list[int]:
        """The UIDs in the open folder that arrived on `day` or later, rising."""
        return sorted(map(int, self._box.uids(AND(date_gte=day), charset=None)))

    def fetch(self, uid: int) -> Fetched | None:
        """A mail of the open folder; None where it is gone. Raises MailRefused."""
        wanted = f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{self._settings.bytes_max + 1}>)"
        answer = self._client.uid("FETCH", str(uid), wanted)
        try:
            check_command_status(answer, MailboxFetchError)
        except MailboxFetchError as refused:
            raise MailRefused(_said(refused)) from refused
        parts = cast(Sequence[Any], answer[1])
        raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
        told = b" ".join(part[0] if isinstance(part, tuple) else part or b"" for part in parts)
        size, date = SIZE.search(told), INTERNAL_DATE.search(told)
        return None if raw is None else Fetched(raw, int(size[1]) if size else None, date[1].decode() if date else "")

    def mark_seen(self, uid: int) -> bool:
        """Mark a mail as read; False where the server says no. Not by imap-tools, which expunges after marking and
        so would delete what somebody else has only marked for it."""
        status, _ = self._client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")
        return status == "OK"

    def idle(self, bell: socket.socket, seconds: float) -> None:
        """Return when the server has news, when something comes on `bell`, or after real `seconds`."""
        try:
            self._box.idle.start()
        except MailboxTaggedResponseError:  # news came before the server agreed to wait
            pass
        else:
            if not self._has_unread():
                wait_readable((self._client.sock, bell), seconds)
        self._box.idle.stop()

    def break_off(self) -> None:
        """End whatever goes on, from any thread. The plain socket is shut: TLS has state that is its thread's own."""
        with suppress(OSError):
            socket.socket.shutdown(self._client.sock, socket.SHUT_RDWR)

    def leave(self) -> None:
        """Say goodbye and close; nothing is raised, for nothing depends on it."""
        with suppress(*SERVER_FAULTS):
            self._box.logout()
        with suppress(*SERVER_FAULTS):
            self._client.shutdown()

    def _sign_in(self) -> None:
        user, password = self._settings.user, self._settings.password
        try:
            if (user + password).isascii():
                self._box.login(user, password, initial_folder=None)
            else:
                self._box.login_utf8(user, password, initial_folder=None)
        except (MailboxLoginError, imaplib.IMAP4.error) as refused:
            if isinstance(refused, imaplib.IMAP4.abort):
                raise
            raise ImapTrouble(
                f"{self._settings.host} refused the login of {user!r} ({_said(refused)}): check user and password; "
                "many providers want a password made for this application.",
                is_lasting=True,
            ) from refused

    def _refused(self, folder: str, refused: MailboxFolderSelectError) -> FolderTrouble:
        there = [one.name for one in self._box.folder.list() if "\\Noselect" not in one.flags]
        if folder in there or (folder.upper() == "INBOX" and "INBOX" in map(str.upper, there)):
            return FolderTrouble(f"The server does not open the folder {folder!r} ({_said(refused)}).")
        names = ", ".join(there[:FOLDERS_SHOWN_MAX])
        return FolderTrouble(f"There is no folder {folder!r}; there are: {names}.", is_gone=True)

    def _number(self, name: str) -> int:
        """A number that came with the opening of a folder; 0 where it did not come."""
        _, found = self._client.response(name)
        text = cast(bytes, found[-1] or b"") if found else b""
        return int(text) if text.isdigit() else 0

    def _has_unread(self) -> bool:
        """Whether the server's words wait in a buffer of ours, where waiting for the socket would not see them."""
        sock, reader = self._client.sock, cast(BufferedReader, self._client.file)
        sock.settimeout(0)
        try:
            return bool(reader.peek(1))
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        finally:
            sock.settimeout(SILENCE_S)


def wait_readable(sockets: Sequence[socket.socket], seconds: float | None) -> None:
    """Return when one of `sockets` can be read, or after real `seconds` (None: never)."""
    with selectors.DefaultSelector() as selector:
        for one in sockets:
            selector.register(one, selectors.EVENT_READ)
        selector.select(seconds)


def _connected(settings: ImapSettings) -> BaseMailBox:
    """Certificates are checked: imaplib's own context would not."""
    host, port = settings.host, settings.port
    try:
        match settings.tls:
            case "ssl":
                return MailBox(host, port, SILENCE_S, ssl_context=_trust(settings))
            case "starttls":
                return MailBoxStartTls(host, port, SILENCE_S, ssl_context=_trust(settings))
            case "none":
                return MailBoxUnencrypted(host, port, SILENCE_S)
    except ssl.SSLCertVerificationError as problem:
        words = f"The certificate of {host}:{port} is not trusted ({problem.verify_message}): check host, or give the"
        raise ImapTrouble(f"{words} authority that signed it as ca_file.", is_lasting=True) from problem
    except ssl.SSLError as problem:
        words = f"{host}:{port} does not speak TLS as asked ({problem.reason}): check port and tls"
        raise ImapTrouble(f"{words} (usually 993 with ssl, 143 with starttls).", is_lasting=True) from problem
    except (*SERVER_FAULTS, ValueError) as problem:
        raise ImapTrouble(f"No connection to {host}:{port} ({_said(problem)}): check host, port and tls.") from problem


def _trust(settings: ImapSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file or None)
    except OSError as problem:
        words = f"No certificates can be read from {settings.ca_file!r} ({_said(problem)}): check ca_file."
        raise ImapTrouble(words, is_lasting=True) from problem


def _said(problem: Exception) -> str:
    """The server's own words, on one line."""
    words = getattr(problem, "command_result", None)
    text = str(words[1][-1] if words and words[1] else problem) if words else str(problem)
    if text.startswith("b'") and text.endswith("'"):
        text = text[2:-1]
    return " ".join(text.split())[:200] or type(problem).__name__
