"""The SQLite engine's file: its folder held by one process, its schema brought up to date, whole copies of it."""

import fcntl
import os
import sqlite3
from contextlib import closing
from importlib import resources
from pathlib import Path

from router.journal.base import JournalUnusable

CACHE_KIB = 64_000
FILE_NAME = "journal.db"
LOCK_NAME = "journal.lock"


def take_folder(folder: Path) -> int:
    """Hold the folder's lock for as long as this process lives."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalUnusable(
            f"{folder} cannot be written ({error.strerror}): choose another folder with --data, or mend its rights"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise JournalUnusable(
            f"{folder} is in use by another onecase process: stop that one, or choose another folder with --data"
        ) from error
    return lock


def open_writer(path: Path) -> sqlite3.Connection:
    """The connection that writes, with the schema of this version. Its log is copied back by `Checkpoints`."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=1024)
    os.chmod(path, 0o600)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA secure_delete=FAST")  # what is deleted is overwritten where that costs no more writing
    db.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
    _migrate(db, path)
    db.execute("PRAGMA wal_autocheckpoint=0")
    return db


def write_copy(source: Path, to: Path) -> None:
    """A consistent copy of the database file `source`, which may be written meanwhile. Whole or not there, in one file,
    and nobody's but its owner's."""
    part = to.with_name(to.name + ".part")
    os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as reading,
        closing(sqlite3.connect(part)) as writing,
    ):
        reading.backup(writing, pages=2000)
        writing.execute("PRAGMA journal_mode=DELETE")  # a reader of the copy makes no files beside it
    part.rename(to)


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Apply the numbered files that this database has not seen, each in one transaction with its number."""
    have = db.execute("PRAGMA user_version").fetchone()[0]
    files = sorted(f.name for f in resources.files("router.journal.migrations").iterdir() if f.name.endswith(".sql"))
    newest = int(files[-1].split("_")[0])
    if have > newest:
        raise JournalUnusable(f"{path} was written by a newer onecase (schema {have} > {newest}): use that version")
    for name in files:
        number = int(name.split("_")[0])
        if number > have:
            sql = (resources.files("router.journal.migrations") / name).read_text(encoding="utf-8")
            db.executescript(f"BEGIN;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
