"""What only the SQLite engine has: its folder, its file, its disk."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from router.core.values import replace
from router.journal.base import JournalStopped, JournalUnusable
from router.journal.sqlite import SqliteJournal
from router.journal.sqlite_file import FILE_NAME
from tests.journal.test_contract import Writer


async def test_a_second_process_on_the_same_folder_is_refused(tmp_path: Path):
    journal = await SqliteJournal.open(tmp_path)
    with pytest.raises(JournalUnusable, match="in use by another onecase process"):
        await SqliteJournal.open(tmp_path)
    code = (
        "import asyncio, sys, pathlib\nfrom router.journal.sqlite import SqliteJournal\n"
        f"asyncio.run(SqliteJournal.open(pathlib.Path({str(tmp_path)!r})))"
    )
    other = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert "in use by another onecase process" in other.stderr
    await journal.close()
    await (await SqliteJournal.open(tmp_path)).close()


async def test_a_relative_folder_is_a_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The default data folder is relative to where the command is called."""
    monkeypatch.chdir(tmp_path)
    journal = await SqliteJournal.open(Path("onecase-data"))
    await journal.append(Writer().contact())
    await journal.backup(Path("copy.db"))
    await journal.close()
    assert (tmp_path / "onecase-data" / FILE_NAME).exists()
    assert (tmp_path / "copy.db").exists()


async def test_a_file_of_a_newer_version_is_refused_in_words(tmp_path: Path):
    await (await SqliteJournal.open(tmp_path)).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalUnusable, match="newer onecase"):
        await SqliteJournal.open(tmp_path)


async def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path):
    (tmp_path / FILE_NAME).write_bytes(b"not a database at all" * 100)
    with pytest.raises(JournalUnusable, match="cannot be opened"):
        await SqliteJournal.open(tmp_path)


async def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalUnusable, match="choose another folder with --data"):
        await SqliteJournal.open(tmp_path / "file" / "data")


async def test_after_a_failed_commit_nothing_is_taken_any_more(tmp_path: Path):
    """Fail-stop: the batch of the failed commit and all later ones are refused, and none of them is on disk."""
    journal = await SqliteJournal.open(tmp_path)
    writer = Writer()
    kept = await journal.append(writer.contact())
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("DROP TABLE entry")  # the next commit fails in its middle
    lost = [journal.append(writer.contact()) for _ in range(3)]
    for future in lost:
        with pytest.raises(JournalStopped, match="a commit failed"):
            await future
    with pytest.raises(JournalStopped):
        await journal.append(writer.contact())
    assert [s.last for s in await journal.batches(after=0, limit=10)] == [kept.last]
    await journal.close()


async def test_statements_of_a_commit_do_not_grow_with_its_batches(tmp_path: Path):
    """One statement a table and group: the interpreter's lock changes hands as often for fifty batches as for two."""
    journal = await SqliteJournal.open(tmp_path)
    seen: list[str] = []
    journal._writer.set_trace_callback(seen.append)  # pyright: ignore[reportPrivateUsage]
    counts: list[int] = []
    for size in (2, 50):
        seen.clear()
        writers = [Writer(f"+1212{size:03d}{n:04d}") for n in range(size)]
        for n, writer in enumerate(writers):
            writer.count = n * 1000 + size
        journal._commit([w.contact() for w in writers])  # pyright: ignore[reportPrivateUsage]
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 12
    await journal.close()


async def test_words_that_came_just_now_are_read_without_a_look_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Who looks on reads each line once, at once; a look-up for each would make a busy stream fall behind."""
    journal, writer = await SqliteJournal.open(tmp_path), Writer()
    try:
        batches = [writer.contact(f"line {n}") for n in range(3)]
        await journal.append(batches[0])
        kept = {k.id: k.body for batch in batches for k in batch.kept}
        later = [journal.append(batch) for batch in batches[1:]]
        await asyncio.gather(*later)
        with monkeypatch.context() as patch:
            patch.setattr(journal, "_all", lambda *_: pytest.fail("a look-up"))
            assert await journal.words(list(kept)) == kept
        await journal.append(replace(writer.contact("and no more"), forgotten=(batches[0].kept[0].id,)))
        assert await journal.words([batches[0].kept[0].id, batches[1].kept[0].id]) == {
            batches[1].kept[0].id: batches[1].kept[0].body
        }
    finally:
        await journal.close()
