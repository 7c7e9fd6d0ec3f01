"""What is found in a journal: one contract, two engines."""

import random
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router.core.values import replace
from router.journal.base import Journal, JournalStopped
from router.journal.sqlite import SqliteJournal
from router.journal.sqlite_file import FILE_NAME
from router.journal.sqlite_search import MERGED_FROM, MERGED_PAGES
from router.journal.terms import terms_of
from tests.journal.test_contract import Engine, Writer

MUELLER = "Frau Müller sagt: die Straße ist gesperrt"
KANA = "サーモスタットが動きません"


@pytest.fixture(params=["memory", "sqlite"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    engine = Engine(request.param, tmp_path)
    await engine.open()
    yield engine
    await engine.journal.close()


async def take(journal: Journal, writer: Writer, *texts: str) -> str:
    for text in texts:
        await journal.append(replace(batch := writer.contact(text), key=f"{writer.sender}/{batch.key}"))
    return writer.case.id


def people(count: int) -> list[Writer]:
    writers = [Writer(f"+1212555{n:04d}") for n in range(142, 142 + count)]
    for n, writer in enumerate(writers):
        writer.count = n * 1000
    return writers


async def index(journal: Journal, chunk: int = 100) -> None:
    while batches := await journal.batches(after=journal.indexed_to, limit=chunk):
        await journal.index(batches)


async def found(journal: Journal, typed: str, **more: str) -> list[str]:
    page = await journal.find_cases(terms_of(typed), before=None, limit=50, owner=more.get("owner"))
    return [hit.document.id for hit in page.hits]


@pytest.mark.parametrize(
    ("typed", "is_found"),
    [
        ("kettle", True),
        ("KETTLE", True),
        ("ket", True),
        ("ket hums", False),  # only the last word may be unfinished
        ("hums kettle", True),
        ("hums battery", True),  # words of one case, each in another of its rows
        ("hums pump", False),
        ('"kettle hums"', True),
        ('"hums kettle"', False),
        ("muller", True),
        ("Müller", True),
        ("mueller", True),
        ("MÜLL", True),
        ("strasse", True),
        ("STRASSE", True),
        ("straße", True),
        ("strassenbahn", False),
        ("モスタ", True),
        ("動き", True),
        ("動ま", False),
        ("+12125550142", True),
        ("+1 212 555 0142", True),
        ("(212) 555-0142", True),
        ("2125550142", True),
        ("212 555 0142 kettle", True),
        ("0142", True),
        ("0141", False),
        ("142 555", False),
        ("E42", True),
        ("order 4711", True),
        ("", False),
        ("!!! - ()", False),
        ('"', False),
        ('kettle "', True),
        ("kettle AND NOT NEAR(hums*) ^col:", False),
        ("kettle OR", False),
        ("ket\x00tle", False),
        ("\ud800kettle", True),
    ],
)
async def test_what_was_typed_finds_what_was_said(engine: Engine, typed: str, is_found: bool):
    """All words, in any row of the case; the last may be unfinished; any spelling of a number, with umlauts or not."""
    hers, other = people(2)
    case = await take(engine.journal, hers, "E42: the kettle hums", "my battery, order 4711", MUELLER, KANA)
    await take(engine.journal, other, "nothing of that")
    await index(engine.journal)
    assert await found(engine.journal, typed) == ([case] if is_found else [])


async def test_a_reference_is_found_in_any_spelling(engine: Engine):
    first, second = people(2)
    case = await take(engine.journal, first, "hello")
    second.means.cases_opened = 1
    await take(engine.journal, second, "hello")
    await index(engine.journal)
    ref = first.case.ref
    for spelled in (ref, ref.replace("-", ""), ref.replace("-", " "), f"{ref} hello"):
        assert await found(engine.journal, spelled) == [case]


async def test_the_newest_come_first_page_by_page_and_of_one_owner_alone(engine: Engine):
    writers = people(7)
    cases = [await take(engine.journal, w, "the kettle hums") for w in writers]
    await index(engine.journal)
    seen: list[str] = []
    before: str | None = None
    while True:
        page = await engine.journal.find_cases(terms_of("kettle hums"), before=before, limit=3)
        seen += [hit.document.id for hit in page.hits]
        if page.next is None:
            break
        before = page.next
    assert seen == cases[::-1]
    assert await found(engine.journal, "kettle", owner=writers[2].case.customer) == [cases[2]]
    nowhere = await engine.journal.find_cases(terms_of("kettle"), before="case_none", limit=3)
    assert nowhere.hits == ()


async def test_it_says_where_the_words_stand(engine: Engine):
    [hers] = people(1)
    await take(engine.journal, hers, "the kettle hums", KANA)
    await index(engine.journal)
    [hit] = (await engine.journal.find_cases(terms_of("動き kettle"), before=None, limit=5)).hits
    entries = {e.n: e for e in await engine.journal.entries(hit.document.id, after=0, limit=10)}
    assert {p.text for p in hit.places} == {"the kettle hums", KANA}
    words = await engine.journal.words([str(entries[p.entry].words) for p in hit.places])
    assert set(words.values()) == {p.text for p in hit.places}


async def test_customers_are_found_by_any_form_of_an_address(engine: Engine):
    first, second = people(2)
    await take(engine.journal, first, "hello")
    await take(engine.journal, second, "hello")
    await index(engine.journal)
    for typed, want in (("0142", [first]), ("212 555 0143", [second]), ("2125550", [])):
        page = await engine.journal.find_customers(terms_of(typed), before=None, limit=5)
        assert [hit.document.id for hit in page.hits] == [w.case.customer for w in want]


async def test_it_goes_on_where_it_stopped_and_twice_is_once(engine: Engine):
    """Whatever the size of the chunks, and after a restart; what is given again changes nothing."""
    writers = people(5)
    cases = [await take(engine.journal, w, "the kettle hums") for w in writers[:3]]
    await index(engine.journal, chunk=1)
    again = await engine.journal.batches(after=0, limit=100)
    await engine.journal.index(again)
    journal = await engine.reopen()
    assert journal.indexed_to == (journal.last_seq if engine.kind == "sqlite" else 0), "memory makes it anew"
    for writer in writers[3:]:
        cases.append(await take(journal, writer, "the kettle hums"))
    assert await found(journal, "kettle") == (cases[2::-1] if engine.kind == "sqlite" else [])
    await index(journal, chunk=2)
    assert await found(journal, "kettle") == cases[::-1]
    page = await journal.find_customers(terms_of("0144"), before=None, limit=5)
    assert len(page.hits) == 1


async def test_a_chunk_takes_as_many_statements_whatever_is_in_it(tmp_path: Path):
    """The interpreter's lock changes hands as often for fifty texts as for two; no wait for the disk is its own; and
    commits wait for the disk afterwards as before."""
    journal = await SqliteJournal.open(tmp_path)
    seen: list[str] = []
    counts: list[int] = []
    for size in (2, 50):
        writers = [Writer(f"+1212{size:03d}{n:04d}") for n in range(size)]
        for n, writer in enumerate(writers):
            writer.count = n * 1000 + size
        position = journal.last_seq
        for writer in writers:
            await journal.append(writer.contact())
        batches = await journal.batches(after=position, limit=100)
        journal._writer.set_trace_callback(seen.append)  # pyright: ignore[reportPrivateUsage]
        await journal.index(batches)
        journal._writer.set_trace_callback(None)  # pyright: ignore[reportPrivateUsage]
        ours = [sql for sql in seen if not sql.startswith("--") and "'main'." not in sql]
        looks = [sql for sql in ours if ours.index("PRAGMA synchronous=NORMAL") > ours.index(sql)]
        assert len(looks) <= 5, "the words of a chunk are read in few steps, each twice as large as the one before"
        ours = ours[len(looks) :]
        assert ours[-2:] == ["COMMIT", "PRAGMA synchronous=FULL"]
        counts.append(len(ours))
        seen.clear()
    assert counts[0] == counts[1] <= 16
    await journal.close()


async def test_parts_of_the_index_become_few_a_piece_at_a_time(tmp_path: Path):
    """Left to itself FTS5 writes much of the index anew inside one write of ours, and the next commit waits for it."""
    journal = await SqliteJournal.open(tmp_path)
    db = journal._writer  # pyright: ignore[reportPrivateUsage]
    pages: list[int] = []  # that each statement of ours wrote

    def see(sql: str) -> None:
        if not sql.startswith("--"):
            pages.append(0)
        elif "REPLACE INTO" in sql:
            pages[-1] += 1

    chance = random.Random(5)
    [hers] = people(1)
    for _ in range(300):
        await take(journal, hers, " ".join(f"{chance.getrandbits(40):x}" for _ in range(900)))
        db.set_trace_callback(see)
        await journal.index(await journal.batches(after=journal.indexed_to, limit=100))
        db.set_trace_callback(None)
    [(parts,)] = db.execute("SELECT count(DISTINCT segid) FROM search_case_words_idx")
    await journal.close()
    assert parts <= 3 * MERGED_FROM
    assert MERGED_PAGES <= max(pages) <= 3 * MERGED_PAGES, "no write does the work of many"


async def test_of_a_chunk_that_fails_nothing_is_there(tmp_path: Path):
    """Rows and cursor are one: what was not written is not counted as written, and commits wait for the disk again."""
    journal = await SqliteJournal.open(tmp_path)
    [hers] = people(1)
    case = await take(journal, hers, "the kettle hums")
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("ALTER TABLE search_customer_words RENAME TO aside")
    with pytest.raises(JournalStopped, match="a write failed"):
        await index(journal)
    assert await found(journal, "kettle") == []
    assert journal.indexed_to == 0
    assert journal._writer.execute("PRAGMA synchronous").fetchone() == (2,)  # pyright: ignore[reportPrivateUsage]
    await journal.close()
    journal = await SqliteJournal.open(tmp_path)
    await index(journal)
    assert await found(journal, "kettle") == [case]
    await journal.close()


async def test_rows_of_the_index_belong_to_an_owner_and_a_case(tmp_path: Path):
    """So that whoever is erased can be taken out of it."""
    journal = await SqliteJournal.open(tmp_path)
    [hers] = people(1)
    case = await take(journal, hers, "the kettle hums", "still")
    await index(journal)
    await journal.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        rows = db.execute(
            "SELECT c.id, c.owner, w.words FROM search_case_words w JOIN search_case c ON c.n = w.rowid >> 24"
        ).fetchall()
    assert [(id, owner) for id, owner, _ in rows] == [(case, hers.case.customer)] * 3
    assert {words for *_, words in rows} == {"+12125550142", "the kettle hums", "still"}


async def test_an_index_of_another_shape_is_made_anew(tmp_path: Path):
    journal = await SqliteJournal.open(tmp_path)
    [hers] = people(1)
    case = await take(journal, hers, "the kettle hums")
    await index(journal)
    await journal.put_record("search", "shape", "0")
    await journal.close()
    journal = await SqliteJournal.open(tmp_path)
    assert (journal.indexed_to, await found(journal, "kettle")) == (0, [])
    await index(journal)
    assert await found(journal, "kettle") == [case]
    await journal.close()


async def test_an_address_that_is_added_finds_the_cases_there_are(engine: Engine):
    """Those that are indexed already, those of the same chunk, and of this customer alone."""
    first, second, other = people(3)
    for writer in (first, second, other):
        await take(engine.journal, writer, "the kettle hums")
        if writer is first:
            await index(engine.journal)
    for writer in (first, second):
        await engine.journal.append(writer.adds(f"mia.{writer.sender[-4:]}@customer.example"))
    await index(engine.journal)
    for writer in (first, second):
        assert await found(engine.journal, f"mia.{writer.sender[-4:]}@cust") == [writer.case.id]
    assert await found(engine.journal, "customer.example kettle") == [second.case.id, first.case.id]
