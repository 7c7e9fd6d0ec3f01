"""The log is copied into the database beside the writer: bounded, at no commit's cost, safe to be killed at."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path

import pytest

from router.core.timeline import entry_of
from router.journal import codec
from router.journal.base import Batch, JournalStopped, Stored
from router.journal.seen import Seen
from router.journal.sqlite import SqliteJournal
from router.journal.sqlite_file import FILE_NAME
from tests.journal.test_contract import Writer

PAGE_BYTES = 4096
PEOPLE = 40


def many(count: int, writers: list[Writer]) -> list[Batch]:
    """Contacts of several people by turns; each builds on that person's last one."""
    return [writers[n % len(writers)].contact(key=f"twilio/SM{n}") for n in range(count)]


def people() -> list[Writer]:
    writers = [Writer(f"+1212555{n:04d}") for n in range(PEOPLE)]
    for n, writer in enumerate(writers):
        writer.means.cases_opened = n
        writer.count = n * 10_000
    return writers


async def write(journal: SqliteJournal, batches: list[Batch], at_once: int = PEOPLE) -> list[Stored]:
    stored: list[Stored] = []
    for start in range(0, len(batches), at_once):
        stored += await asyncio.gather(*(journal.append(b) for b in batches[start : start + at_once]))
    return stored


async def write_until_stopped(journal: SqliteJournal, batches: list[Batch]) -> list[Stored]:
    stored: list[Stored] = []
    try:
        for batch in batches:
            stored.append(await journal.append(batch))
    except JournalStopped as stopped:
        assert "a commit failed" in str(stopped)
    return stored


async def test_the_log_stays_bounded_while_writing_goes_on(tmp_path: Path):
    journal = await SqliteJournal.open(tmp_path, checkpoint_every=100)
    stored = await write(journal, many(4000, people()))
    log_bytes = (tmp_path / f"{FILE_NAME}-wal").stat().st_size
    assert log_bytes < 100 * 5 * 6 * PAGE_BYTES, "at most `every` times BEHIND_MAX and a bit, of a few pages each"
    assert await journal.batches(after=0, limit=5000) == stored
    await journal.close()
    journal = await SqliteJournal.open(tmp_path)
    assert await journal.batches(after=0, limit=5000) == stored
    await journal.close()


async def test_a_reader_who_stays_delays_it_and_nothing_is_lost(tmp_path: Path):
    journal = await SqliteJournal.open(tmp_path, checkpoint_every=50)
    writers = people()
    first = await write(journal, many(200, writers))
    reader = sqlite3.connect(f"{(tmp_path / FILE_NAME).as_uri()}?mode=ro", uri=True)
    reader.execute("BEGIN")
    seen = reader.execute("SELECT count(*) FROM batch").fetchone()
    more = [writers[n % PEOPLE].contact(key=f"twilio/later{n}") for n in range(800)]
    stored = first + await write(journal, more)
    assert reader.execute("SELECT count(*) FROM batch").fetchone() == seen == (200,)
    reader.close()
    assert await journal.batches(after=0, limit=5000) == stored
    await journal.close()


async def test_a_copy_that_fails_stops_the_engine_before_its_next_commit(tmp_path: Path):
    """Nothing acknowledged is lost by it: the log has it all."""
    journal = await SqliteJournal.open(tmp_path, checkpoint_every=10)
    journal._checkpoints._beside.close()  # pyright: ignore[reportPrivateUsage]
    stored = await write_until_stopped(journal, many(1000, people()))
    await journal.close()
    assert 10 <= len(stored) < 1000
    journal = await SqliteJournal.open(tmp_path)
    assert await journal.batches(after=0, limit=5000) == stored
    await journal.close()


CHILD = """
import asyncio, pathlib, sys
from router.journal.sqlite import SqliteJournal
from tests.journal.test_checkpoints import many, people

async def main():
    journal = await SqliteJournal.open(pathlib.Path(sys.argv[1]), checkpoint_every=40)
    batches = many(20_000, people())
    for start in range(0, len(batches), 40):
        done = await asyncio.gather(*(journal.append(b) for b in batches[start : start + 40]))
        print(done[-1].last, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("after_groups", [3, 10, 25, 60])
def test_killed_while_copying_nothing_acknowledged_is_lost(after_groups: int, tmp_path: Path):
    """With a checkpoint for each group one is nearly always under way."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(after_groups)]
    time.sleep(0.001 * after_groups)  # another moment of the copying each time
    child.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in child.stdout.read().splitlines() if line]
    child.wait()

    async def look() -> None:
        journal = await SqliteJournal.open(tmp_path)
        assert journal.last_seq >= acknowledged[-1]
        stored = await journal.batches(after=0, limit=50_000)
        assert [s.first for s in stored[1:]] == [s.last + 1 for s in stored[:-1]]
        await journal.close()
        with sqlite3.connect(tmp_path / FILE_NAME) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    asyncio.run(look())


async def test_a_journal_of_the_first_schema_tells_the_same_after_the_second(tmp_path: Path):
    journal = await SqliteJournal.open(tmp_path / "new")
    batches = many(100, people())
    stored = await write(journal, batches)
    cases = await journal.cases(before=None, limit=100)
    told = {case.id: await journal.entries(case.id, after=0, limit=100) for case in cases}
    await journal.close()
    (tmp_path / "old").mkdir()
    with sqlite3.connect(tmp_path / "new" / FILE_NAME) as new, sqlite3.connect(tmp_path / "old" / FILE_NAME) as old:
        first = resources.files("router.journal.migrations") / "0001_first.sql"
        old.executescript(first.read_text() + "\nPRAGMA user_version = 1;")
        for table in ("batch", "document", "vault", "address", "answer", "record"):
            rows = new.execute(f"SELECT * FROM {table}").fetchall()
            if rows:
                old.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
        for entry in (e for s in stored for event in s.events if (e := entry_of(event))):
            body = codec.encode(entry).decode()
            old.execute("INSERT INTO entry VALUES (?, ?, ?, ?)", (entry.case, entry.n, entry.kind, body))
    journal = await SqliteJournal.open(tmp_path / "old")
    assert await journal.cases(before=None, limit=100) == cases
    assert {case.id: await journal.entries(case.id, after=0, limit=100) for case in cases} == told
    assert await journal.batches(after=0, limit=1000) == stored
    loaded = await journal.load_by_address("tel:12125550000")
    assert loaded.customer == stored[0].stream
    await journal.close()


async def test_reads_of_start_use_an_index(tmp_path: Path):
    """Open work is found among 100,000 cases without looking at each."""
    await (await SqliteJournal.open(tmp_path)).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        plan = db.execute(
            "EXPLAIN QUERY PLAN SELECT body FROM document WHERE kind = 'message' AND live "
            "AND kind NOT IN ('customer', 'case') ORDER BY id"
        ).fetchall()
    assert "document_at_work" in json.dumps(plan)


def test_what_was_seen_is_never_denied():
    seen = Seen(f"tel:1212{n}" for n in range(5000))
    seen.add("tel:49")
    assert all(f"tel:1212{n}" in seen for n in range(5000))
    assert "tel:49" in seen
    assert sum(f"tel:44{n}" in seen for n in range(5000)) < 50
