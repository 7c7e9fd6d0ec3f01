"""The ledger of erasures: it only grows, forgives a torn end and nothing else, and stands beside every backup."""

from pathlib import Path

import pytest

from router.journal.base import JournalUnusable
from router.journal.erasures import FILE_NAME, Erasures

AT = "2026-11-24T09:00:00+00:00"


async def test_each_is_named_once_and_a_torn_end_is_forgiven(tmp_path: Path) -> None:
    """What was half written was said to nobody; the next line stands whole."""
    ledger = Erasures(tmp_path / FILE_NAME)
    assert await ledger.erased() == {}
    await ledger.note(["cus_1", "cus_2"], AT)
    await ledger.note(["cus_2"], AT)
    with ledger.path.open("ab") as file:
        file.write(b'{"erased": "cus_3", "at"')
    assert list(await ledger.erased()) == ["cus_1", "cus_2"]
    await ledger.note(["cus_4"], AT)
    assert list(await ledger.erased()) == ["cus_1", "cus_2", "cus_4"]
    assert ledger.path.stat().st_mode & 0o777 == 0o600


async def test_a_damaged_ledger_says_where(tmp_path: Path) -> None:
    """Whoever is missing there would come back: nothing is guessed."""
    ledger = Erasures(tmp_path / FILE_NAME)
    ledger.path.write_text('{"erased": "cus_1", "at": "x"}\n{"era\n{"erased": "cus_2", "at": "x"}\n')
    with pytest.raises(JournalUnusable, match=r"erasures\.jsonl:2: is damaged"):
        await ledger.erased()


async def test_what_is_erased_after_a_backup_stands_beside_it(tmp_path: Path) -> None:
    """Also a backup folder that cannot be reached is named, and learns of it with the next backup."""
    ledger, backups, gone = Erasures(tmp_path / "data" / FILE_NAME), tmp_path / "backups", tmp_path / "gone"
    await ledger.note(["cus_1"], AT)
    for folder in (backups, gone):
        folder.mkdir()
        ledger.has_backup(folder)
        ledger.has_backup(folder)
    (gone / FILE_NAME).unlink()
    gone.rmdir()
    gone.write_text("no folder any more")
    assert await ledger.note(["cus_2"], AT) == [str(gone)]
    assert list(Erasures(backups / FILE_NAME).all()) == ["cus_1", "cus_2"]
    assert list(ledger.all()) == ["cus_1", "cus_2"]
