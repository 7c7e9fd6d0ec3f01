"""The ledger of erasures: who was erased and when, in a file of its own, so that a restored backup learns of it.

Its one rule: it holds ids and times and nothing personal; it only grows, and what is in it is on the disk. It also
remembers the folders where backups stand, and is written there as well: whoever finds a backup finds the ledger.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from router.journal.base import JournalUnusable

FILE_NAME = "erasures.jsonl"
ERASED, AT, BACKUPS = "erased", "at", "backups"


class Ledger(Protocol):
    async def note(self, owners: Iterable[str], at: str) -> list[str]:
        """Put down who is erased, durably, each once. Returns the folders of backups that could not be reached."""
        ...

    async def erased(self) -> dict[str, str]:
        """Everybody who was erased, with when. Raises JournalUnusable where it cannot be read."""
        ...


class MemoryLedger:
    """Remembers for as long as it lives: for services that live in memory."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def note(self, owners: Iterable[str], at: str) -> list[str]:
        for owner in owners:
            self.known.setdefault(owner, at)
        return []

    async def erased(self) -> dict[str, str]:
        return dict(self.known)


@dataclass(frozen=True, slots=True)
class Erasures:
    """The ledger in a file."""

    path: Path

    def all(self) -> dict[str, str]:
        return {str(line[ERASED]): str(line[AT]) for line in _read(self.path) if ERASED in line}

    async def erased(self) -> dict[str, str]:
        return await asyncio.to_thread(self.all)

    async def note(self, owners: Iterable[str], at: str) -> list[str]:
        return await asyncio.to_thread(self.write, list(owners), at)

    def write(self, owners: Iterable[str], at: str) -> list[str]:
        """Put down who is erased here and beside every backup."""
        known = self.all()
        fresh = {owner: at for owner in owners if owner not in known}
        _append(self.path, [{ERASED: owner, AT: when} for owner, when in fresh.items()])
        unreached: list[str] = []
        for folder in self._folders():
            try:
                Erasures(folder / FILE_NAME).learn(fresh)
            except (OSError, JournalUnusable):
                unreached.append(str(folder))
        return unreached

    def learn(self, erased: dict[str, str]) -> int:
        """Take over what another ledger says. Returns how many were new."""
        known = self.all()
        fresh = [{ERASED: owner, AT: at} for owner, at in erased.items() if owner not in known]
        _append(self.path, fresh)
        return len(fresh)

    def has_backup(self, folder: Path) -> None:
        """A backup stands in `folder` from now on: the ledger stands beside it."""
        folder = folder.absolute()
        if folder == self.path.absolute().parent:
            return
        Erasures(folder / FILE_NAME).learn(self.all())
        if folder not in self._folders():
            _append(self.path, [{BACKUPS: str(folder)}])

    def _folders(self) -> list[Path]:
        return [Path(str(line[BACKUPS])) for line in _read(self.path) if BACKUPS in line]


def _read(path: Path) -> list[dict[str, object]]:
    """All whole lines. The last one may be torn: what it was to say was not said to anybody."""
    try:
        lines = path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise JournalUnusable(f"{path} cannot be read ({error.strerror}): it says who was erased") from error
    found: list[dict[str, object]] = []
    for number, line in enumerate(lines, start=1):
        try:
            read = json.loads(line)
        except ValueError:
            read = None
        if not isinstance(read, dict):
            raise JournalUnusable(f"{path}:{number}: is damaged, and says who was erased: bring back a copy of it")
        found.append(read)
    return found


def _append(path: Path, lines: list[dict[str, str]]) -> None:
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # a backup is made beside a service that erases
        os.chmod(path, 0o600)
        end = path.read_bytes().rfind(b"\n") + 1
        file.truncate(end)  # a torn line goes
        file.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
