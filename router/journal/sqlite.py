"""The journal on SQLite: WAL, synchronous=FULL, one writer thread with group commit, reads beside it.

Its one rule: a commit that fails is the last thing this engine does. It does not retry a failed fsync (the kernel may
have dropped the pages), it stops, and the node with it.
"""

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from router.core.clock import Ms
from router.core.commands import Blob
from router.core.documents import Call, Case, Document, Entry, Message, MessageState, Promise
from router.core.errors import Fault
from router.core.events import Event
from router.core.timeline import chat_lines_of, entry_of
from router.core.words import AddressId
from router.journal import codec
from router.journal.base import (
    BLOB_BYTES_MAX,
    Answer,
    Batch,
    Found,
    JournalClosed,
    JournalStopped,
    JournalUnusable,
    KeyTaken,
    ListenerFailed,
    Loaded,
    Stored,
    VersionConflict,
    command_kind,
    is_live,
    owner_of,
    tell,
)
from router.journal.checkpoints import EVERY_BATCHES, Checkpoints
from router.journal.faultpoints import FaultPoints
from router.journal.fresh_words import FreshWords
from router.journal.held import HOLDING
from router.journal.seen import Seen
from router.journal.sqlite_erasing import KIND, OWED, Erasing
from router.journal.sqlite_file import FILE_NAME, open_writer, take_folder, write_copy
from router.journal.sqlite_search import Indexing, Searching
from router.journal.terms import Term

GROUP_MAX = 512
"""Batches in one commit at most, so that a burst does not make the first of it wait for the last."""
GATHER_TURNS = 3
"""Turns of the loop before a group goes to disk. Each commit makes loop and writer hand the interpreter's lock to and
fro a dozen times; what is ready by then goes along, and where nothing is a turn takes microseconds."""

MERGES_MAX = 4
"""Pieces of the search index written anew after each of its writes, at most: more than what a write adds to it."""

CUTS_MAX, CUT_AGAIN_S = 100, 0.1
"""Tries to cut the database's log after an erasure: somebody may be in the middle of a long search."""
PIECE_BATCHES = 50
"""What a piece of an erasure writes, in batches of contacts."""

T = TypeVar("T")
Waiting = tuple[Batch, asyncio.Future[Stored]]
Refusal = KeyTaken | VersionConflict

PREFIX_OF: dict[type[Document], str] = {Case: "case_", Promise: "prm_", Call: "call_", Message: "msg_"}
"""How ids of a kind begin; they lie together on disk."""

ROWS_MAX = 256
"""Rows in one statement at most. One statement a table and group, for each one hands the interpreter's lock over."""


@dataclass(frozen=True, slots=True)
class Insert:
    """An INSERT of many rows at once, as text for any number of them."""

    into: str
    columns: int
    then: str = ""

    @lru_cache(maxsize=1024)  # noqa: B019 - six constants live as long as the program
    def rows(self, count: int) -> str:
        """The statement for `count` rows."""
        row = f"({', '.join('?' * self.columns)})"
        return f"INSERT INTO {self.into} VALUES {', '.join([row] * count)}{self.then}"


INSERT_BATCH = Insert("batch (seq, first, at, stream, kind, events)", 6)
PUT_DOCUMENT = Insert(
    "document (id, kind, owner, version, live, body)",
    6,
    " ON CONFLICT (id) DO UPDATE SET version = excluded.version, live = excluded.live, body = excluded.body",
)
INSERT_ENTRY = Insert("entry (case_id, n, kind, seq)", 4)
INSERT_LINE = Insert("line (address, n, seq)", 3)
INSERT_VAULT = Insert("vault (id, owner, kind, body)", 4)
INSERT_ADDRESS = Insert("address (key, address, customer)", 3, " ON CONFLICT DO NOTHING")
PUT_MOVED = Insert("moved (case_id, n, to_case)", 3, " ON CONFLICT DO UPDATE SET to_case = excluded.to_case")
INSERT_BLOB = Insert("blob (hash, n, body)", 3, " ON CONFLICT DO NOTHING")
INSERT_ANSWER = Insert("answer (key, kept_until, status, fingerprint, body)", 5)

KNOWN = (
    "SELECT (SELECT json_group_array(key) FROM answer WHERE key IN (SELECT value FROM json_each(?))), "
    "(SELECT json_group_object(id, version) FROM document WHERE id IN (SELECT value FROM json_each(?))), "
    "(SELECT json_group_array(key) FROM address WHERE key IN (SELECT value FROM json_each(?)))"
)


ROWS_OF_A_BATCH_MAX = 512
"""More rows than one command ever adds to timelines."""
STANDING = """
WITH here (id) AS (SELECT value FROM json_each(?1)), kinds (kind) AS (SELECT value FROM json_each(?2)),
row (case_id, n, kind, seq) AS (
    SELECT e.case_id, e.n, e.kind, e.seq FROM entry AS e LEFT JOIN moved AS m ON m.case_id = e.case_id AND m.n = e.n
    WHERE e.case_id IN here AND (m.to_case IS NULL OR m.to_case IN here)
    UNION ALL
    SELECT e.case_id, e.n, e.kind, e.seq FROM moved AS m JOIN entry AS e ON e.case_id = m.case_id AND e.n = m.n
    WHERE m.to_case IN here AND m.case_id NOT IN here
)
SELECT case_id, n, seq FROM row WHERE (?3 = 0 OR kind IN kinds) AND seq > ?4
"""
"""Rows that stand in some cases, in whichever they came in."""


class SqliteJournal:
    """Open with `SqliteJournal.open(folder)`. One process a folder; a second one is refused."""

    def __init__(self, *, folder: Path, lock: int, reads: aiosqlite.Connection, faults: FaultPoints) -> None:
        self._folder = folder
        self._lock = lock
        self._reads = reads
        self._faults = faults
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal-writer")
        self._waiting: list[Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._stopped: JournalStopped | None = None
        self._listeners: list[Callable[[list[Stored]], None]] = []
        self._writer: sqlite3.Connection
        self._checkpoints: Checkpoints
        self._indexing: Indexing
        self._erasing: Erasing
        self._erases = asyncio.Lock()
        self._searching: Searching
        self._search_thread = ThreadPoolExecutor(1, thread_name_prefix="journal-search")
        self._seq = 0
        self._addresses: Seen
        self._wanted: dict[str, asyncio.Future[Loaded]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._fresh = FreshWords(self.is_erased)

    @classmethod
    async def open(
        cls, folder: Path, *, faults: FaultPoints | None = None, checkpoint_every: int = EVERY_BATCHES
    ) -> "SqliteJournal":
        """Open or make the journal in `folder`. Raises JournalUnusable with a sentence that says what to do."""
        folder = folder.absolute()
        lock = take_folder(folder)
        try:
            path = folder / FILE_NAME
            writer = open_writer(path)
            reads = await aiosqlite.connect(f"{path.as_uri()}?mode=ro", uri=True, cached_statements=256)
            await reads.execute("PRAGMA mmap_size=268435456")
            indexing = Indexing(writer)
            journal = cls(folder=folder, lock=lock, reads=reads, faults=faults or FaultPoints())
            journal._writer = writer
            journal._indexing = indexing
            journal._erasing = Erasing(writer)
            journal._searching = Searching(f"{path.as_uri()}?mode=ro")
            journal._checkpoints = Checkpoints(path, writer, every=checkpoint_every)
            journal._addresses = Seen(key for (key,) in writer.execute("SELECT key FROM address"))
            journal._seq = writer.execute("SELECT coalesce(max(seq), 0) FROM batch").fetchone()[0]
            return journal
        except sqlite3.Error as error:
            os.close(lock)
            raise JournalUnusable(f"{folder / FILE_NAME} cannot be opened: {error}") from error
        except BaseException:
            os.close(lock)
            raise

    @property
    def last_seq(self) -> int:
        return self._seq

    def listen(self, listener: Callable[[list[Stored]], None]) -> None:
        self._listeners.append(listener)

    # --- writing ------------------------------------------------------------------------------------------------------

    def append(self, batch: Batch) -> asyncio.Future[Stored]:
        done: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        if self._stopped is not None:
            done.set_exception(self._stopped)
            return done
        for indexed in batch.indexed:
            self._addresses.add(indexed.key)
        self._waiting.append((batch, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_groups(), name="journal-writer")
        return done

    async def _write_groups(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                for _ in range(GATHER_TURNS):
                    await asyncio.sleep(0)
                group, self._waiting = self._waiting[:GROUP_MAX], self._waiting[GROUP_MAX:]
                try:
                    results = await loop.run_in_executor(self._thread, self._commit, [b for b, _ in group])
                except Exception as error:
                    self._stop(f"a commit failed: {error}", group)
                    return
                self._freshen(
                    batch for (batch, _), result in zip(group, results, strict=True) if isinstance(result, Stored)
                )
                try:
                    tell(self._listeners, [r for r in results if isinstance(r, Stored)])
                except ListenerFailed as error:
                    self._stop(str(error), group)
                    raise  # a fault of ours: this task ends with it, to be seen
                for (_, done), result in zip(group, results, strict=True):
                    if done.cancelled():
                        continue
                    if isinstance(result, Stored):
                        done.set_result(result)
                    else:
                        done.set_exception(result)
        finally:
            self._writing = None

    def _freshen(self, committed: Iterable[Batch]) -> None:
        for batch in committed:
            if batch.erased or batch.forgotten:
                self._fresh.forget()
            self._fresh.keep(batch.kept)

    def _stop(self, why: str, group: Sequence[Waiting]) -> None:
        self._stopped = JournalStopped(why)
        for _, done in [*group, *self._waiting]:
            if not done.done():
                done.set_exception(self._stopped)
        self._waiting = []

    def _commit(self, group: list[Batch]) -> list[Stored | Refusal]:
        """One transaction for the whole group, on the writer's thread. Refused batches take no number."""
        self._faults.reach("journal.before_write")
        self._checkpoints.attend()
        db = self._writer
        db.execute("BEGIN IMMEDIATE")
        try:
            results, accepted = self._judge(group)
            self._insert(accepted)
            self._faults.reach("journal.before_commit")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        if accepted:
            self._seq = accepted[-1][1].last
        self._checkpoints.committed(len(accepted))
        self._faults.reach("journal.after_commit")
        return results

    def _judge(self, group: list[Batch]) -> tuple[list[Stored | Refusal], list[tuple[Batch, Stored]]]:
        taken, versions, owned = self._known(group)
        results: list[Stored | Refusal] = []
        accepted: list[tuple[Batch, Stored]] = []
        seq = self._seq
        for batch in group:
            if batch.answer and batch.answer.key in taken:
                results.append(KeyTaken(batch.answer.key))
            elif any(versions.get(d.id, 0) != base for d, base in batch.documents) or any(
                i.key in owned for i in batch.indexed if not i.first_wins
            ):
                results.append(VersionConflict(batch.stream))
            else:
                stored = Stored(
                    first=seq + 1,
                    last=seq + len(batch.events),
                    at=batch.at,
                    stream=batch.stream,
                    kind=command_kind(batch.events),
                    events=batch.events,
                )
                seq = stored.last
                results.append(stored)
                accepted.append((batch, stored))
                if batch.answer:
                    taken.add(batch.answer.key)
                for document, _ in batch.documents:
                    versions[document.id] = document.version
                owned.difference_update(batch.unindexed)
                owned.update(i.key for i in batch.indexed)
        return results, accepted

    def _known(self, group: list[Batch]) -> tuple[set[str], dict[str, int], set[str]]:
        """Which keys were done, which versions documents have, which addresses are somebody's. One statement and one
        row for the group: each row fetched hands the interpreter's lock over, as each statement does."""
        keys = [b.answer.key for b in group if b.answer]
        documents = [d.id for b in group for d, base in b.documents if base]
        addresses = [i.key for b in group for i in b.indexed]
        row = self._writer.execute(KNOWN, (json.dumps(keys), json.dumps(documents), json.dumps(addresses))).fetchone()
        taken, versions, owned = (json.loads(part) for part in row)
        return set(taken), versions, set(owned)

    def _insert(self, accepted: list[tuple[Batch, Stored]]) -> None:
        many, erased = self._insert_rows, self._erasing.erased
        self._erasing.take(accepted)
        many(
            INSERT_BATCH,
            [(s.last, s.first, s.at, s.stream, s.kind, codec.encode_events(s.events)) for _, s in accepted],
        )
        many(PUT_DOCUMENT, [_document_row(d) for d in _last_versions(b for b, _ in accepted)])
        many(INSERT_ENTRY, [(*row, s.last) for b, s in accepted for row in b.rows])
        many(INSERT_LINE, [(address, n, s.last) for b, s in accepted for address, n in b.lines])
        many(PUT_MOVED, [(m.case, m.n, m.to) for b, _ in accepted for m in b.moved])
        many(
            INSERT_VAULT,
            [(k.id, k.owner, k.kind, k.body) for b, _ in accepted for k in b.kept if k.owner not in erased],
        )
        found = [i for b, _ in accepted for i in b.indexed if i.customer not in erased]
        many(INSERT_ADDRESS, [(i.key, i.address, i.customer) for i in found])
        many(INSERT_BLOB, [row for b, _ in accepted for blob in b.blobs for row in _pieces(blob)])
        many(
            INSERT_ANSWER,
            [
                (a.key, a.kept_until, a.status, a.fingerprint, a.body)
                for a in (b.answer for b, _ in accepted)
                if a is not None
            ],
        )

    def _insert_rows(self, insert: Insert, rows: list[tuple[Any, ...]]) -> None:
        for start in range(0, len(rows), ROWS_MAX):
            some = rows[start : start + ROWS_MAX]
            self._writer.execute(insert.rows(len(some)), [value for row in some for value in row])

    async def put_blob(self, blob: Blob) -> None:
        await self._write_beside(lambda: self._erasing.promise(blob.hash))
        for row in _pieces(blob):
            await self._write_beside(lambda row=row: self._insert_rows(INSERT_BLOB, [row]))

    async def put_record(self, kind: str, id: str, body: str | None) -> None:
        await self._write_beside(lambda: self._put_record(kind, id, body))

    def _put_record(self, kind: str, id: str, body: str | None) -> None:
        if body is None:
            self._writer.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, id))
        else:
            if kind in HOLDING:
                self._erasing.hold(body)
            self._writer.execute("INSERT OR REPLACE INTO record (kind, id, body) VALUES (?, ?, ?)", (kind, id, body))

    def is_erased(self, owner: str) -> bool:
        return owner in self._erasing.erased

    async def erasing(self) -> list[str]:
        return [owner for owner, body in (await self.records(KIND)).items() if body == OWED]

    async def erase(self, owners: Sequence[str]) -> bool:
        """Piece by piece; the log of the database is cut at the end, so that nothing is left beside it."""
        async with self._erases:
            return await self._erase(owners)

    async def _erase(self, owners: Sequence[str]) -> bool:
        steps, is_gone = self._erasing.steps(owners), True
        while (well := await self._write_beside(lambda: self._erase_piece(steps))) is not None:
            is_gone = well
        for _ in range(CUTS_MAX):
            if await self._write_beside(self._cut):
                break
            await asyncio.sleep(CUT_AGAIN_S)
        else:
            is_gone = False
        if is_gone:
            self._faults.reach("erase.before_done")
            await self._write_beside(lambda: self._erasing.done(owners))
        return is_gone

    async def unindex(self, case: str, rows: Sequence[int]) -> None:
        await self._write_beside(lambda: self._erasing.unindex(case, rows))

    async def index_addresses(self, case: str) -> None:
        def again() -> None:
            self._erasing.unindex_addresses(case)
            self._indexing.write_addresses(case)

        await self._write_beside(again)

    async def index_again(self, case: str, rows: Sequence[int]) -> None:
        found = await self._all(
            "SELECT DISTINCT first, seq, at, stream, batch.kind, events FROM entry JOIN batch USING (seq) "
            "WHERE case_id = ? AND n IN (SELECT value FROM json_each(?)) ORDER BY seq",
            (case, json.dumps(list(rows))),
        )
        batches = [_stored(row) for row in found]
        await self._write_beside(lambda: self._indexing.write_again(case, batches))

    async def tidy(self) -> None:
        async with self._erases:
            steps = self._erasing.tidying()
            while await self._write_beside(lambda: self._erase_piece(steps)) is not None:
                pass
            await self._write_beside(self._cut)

    def _erase_piece(self, steps: Iterator[bool]) -> bool | None:
        self._faults.reach("erase.before_piece")
        self._checkpoints.attend()
        with self._erasing.careful():
            is_well = next(steps, None)
        self._checkpoints.committed(PIECE_BATCHES)
        return is_well

    def _cut(self) -> bool:
        self._checkpoints.attend()
        return self._erasing.cut()

    @property
    def indexed_to(self) -> int:
        return self._indexing.position

    async def index(self, batches: Sequence[Stored]) -> None:
        await self._write_beside(lambda: self._index(batches))
        for _ in range(MERGES_MAX):
            if not await self._write_beside(self._merge_index):
                break

    def _merge_index(self) -> bool:
        self._checkpoints.attend()
        is_more = self._indexing.merge()
        self._checkpoints.committed(is_more)
        return is_more

    def _index(self, batches: Sequence[Stored]) -> None:
        self._faults.reach("search.before_write")
        self._checkpoints.attend()
        self._checkpoints.committed(self._indexing.write(batches))
        self._faults.reach("search.after_write")

    async def forget_answers(self, before: Ms) -> int:
        def forget() -> int:
            return self._writer.execute("DELETE FROM answer WHERE kept_until < ?", (before,)).rowcount

        return await self._write_beside(forget)

    async def _write_beside(self, write: Callable[[], T]) -> T:
        """A write outside the log stands under the same rule: one that fails is the last thing this engine does."""
        if self._stopped is not None:
            raise self._stopped
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, write)
        except sqlite3.Error as error:
            self._stop(f"a write failed: {error}", ())
            raise JournalStopped(f"a write failed: {error}") from error

    # --- reading ------------------------------------------------------------------------------------------------------

    async def load_by_address(self, key: str) -> Loaded:
        """Look-ups that come while one is under way go together: one hop to the reader's thread for all of them.
        Who was surely never seen is not looked for; nobody else writes to this folder."""
        if key not in self._addresses:
            return Loaded()
        wanted = self._wanted.get(key)
        if wanted is None:
            wanted = self._wanted[key] = asyncio.get_running_loop().create_future()
            if self._looking is None:
                self._looking = asyncio.create_task(self._look_up_addresses(), name="journal-reader")
        return await asyncio.shield(wanted)

    async def _look_up_addresses(self) -> None:
        try:
            while self._wanted:
                wanted, self._wanted = self._wanted, {}
                try:
                    found = await self._find_addresses(list(wanted))
                except Exception as error:
                    for future in wanted.values():
                        future.set_exception(error)
                    continue
                for key, future in wanted.items():
                    future.set_result(found.get(key, Loaded()))
        finally:
            self._looking = None

    async def _find_addresses(self, keys: list[str]) -> dict[str, Loaded]:
        rows = await self._all(
            "SELECT a.key, a.customer, a.address, d.kind, d.body FROM address a "
            "LEFT JOIN document d ON d.owner = a.customer AND d.live "
            "WHERE a.key IN (SELECT value FROM json_each(?))",
            (json.dumps(keys),),
        )
        grouped: dict[str, list[Any]] = {}
        for row in rows:
            grouped.setdefault(row[0], []).append(row)
        return {
            key: Loaded(
                customer=of[0][1], address=AddressId(of[0][2]), state=_state((kind, body) for *_, kind, body in of)
            )
            for key, of in grouped.items()
        }

    async def load_by_document(self, id: str) -> Loaded:
        rows = await self._all(
            "SELECT d.owner, d.kind, d.body FROM document d "
            "WHERE d.owner = (SELECT owner FROM document WHERE id = ?) AND (d.live OR d.id = ?)",
            (id, id),
        )
        return Loaded(customer=rows[0][0], state=_state((k, b) for _, k, b in rows)) if rows else Loaded()

    async def owned(self, owner: str) -> list[Document]:
        rows = await self._all("SELECT kind, body FROM document WHERE owner = ? ORDER BY id", (owner,))
        return [codec.decode_document(kind, body) for kind, body in rows]

    async def document(self, id: str) -> Document | None:
        rows = await self._all("SELECT kind, body FROM document WHERE id = ?", (id,))
        return codec.decode_document(*rows[0]) if rows else None

    async def listed(self, prefix: str, *, before: str | None, limit: int) -> list[str]:
        end = prefix + before if before is not None else prefix[:-1] + chr(ord(prefix[-1]) + 1)
        rows = await self._all(
            "SELECT key FROM address WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?", (prefix, end, limit)
        )
        return [key.removeprefix(prefix) for (key,) in rows]

    async def live(self, kind: type[Document]) -> list[Document]:
        name = codec.KIND_OF[kind]
        where = {
            "case": "id >= 'case_' AND id < 'case`' AND live",
            "customer": "id >= 'cus_' AND id < 'cus`' AND live",
        }.get(name, f"kind = '{name}' AND live AND kind NOT IN ('customer', 'case')")  # as the index says it
        rows = await self._all(f"SELECT body FROM document WHERE {where} ORDER BY id", ())
        return [codec.decode_document(name, body) for (body,) in rows]

    async def documents(self, kind: type[Document], *, after: str, limit: int) -> list[Document]:
        prefix = PREFIX_OF[kind]
        rows = await self._all(
            "SELECT body FROM document WHERE id > ? AND id < ? ORDER BY id LIMIT ?",
            (after or prefix, f"{prefix[:-1]}`", limit),
        )
        return [codec.decode_document(codec.KIND_OF[kind], body) for (body,) in rows]

    async def cases(self, *, before: str | None, limit: int, owner: str | None = None) -> list[Case]:
        where, values = "id >= 'case_' AND id < ?", [before or "case`"]
        if owner is not None:
            where, values = f"{where} AND owner = ? AND kind = 'case'", [*values, owner]
        rows = await self._all(f"SELECT body FROM document WHERE {where} ORDER BY id DESC LIMIT ?", (*values, limit))
        return [case for (body,) in rows if isinstance(case := codec.decode_document("case", body), Case)]

    async def messages(self, *, states: tuple[str, ...], after: str, limit: int) -> list[Message]:
        rows = await self._all(
            "SELECT body FROM document WHERE id > ? AND id < 'msg`' AND coalesce(body ->> '$.state', ?) IN "
            "(SELECT value FROM json_each(?)) ORDER BY id LIMIT ?",
            (after or "msg_", MessageState.QUEUED, json.dumps(states), limit),  # what is as at first is not written
        )
        return [m for (body,) in rows if isinstance(m := codec.decode_document("message", body), Message)]

    async def entries(self, case: str, *, after: int, limit: int, kinds: tuple[str, ...] = ()) -> list[Entry]:
        only = "AND entry.kind IN (SELECT value FROM json_each(?))" if kinds else "AND ? IS NOT NULL"
        rows = await self._all(
            f"SELECT n, events FROM entry JOIN batch USING (seq) WHERE case_id = ? AND n > ? {only} ORDER BY n LIMIT ?",
            (case, after, json.dumps(kinds), limit),
        )
        return [_entry(case, n, events) for n, events in rows]

    async def lines(self, address: str, *, after: int, limit: int) -> list[tuple[int, Event]]:
        rows = await self._all(
            "SELECT n, events FROM line JOIN batch USING (seq) WHERE address = ? AND n > ? ORDER BY n LIMIT ?",
            (address, after, limit),
        )
        return [(n, _line(address, n, events)) for n, events in rows]

    async def timeline(
        self, cases: Sequence[str], *, after: int, limit: int, kinds: tuple[str, ...] = (), newest: bool = False
    ) -> list[tuple[int, Entry]]:
        """Batches are whole: where one tells several rows, all of them are read, whichever of them fit."""
        most = limit + 2 * ROWS_OF_A_BATCH_MAX
        rows = await self._all(
            f"{STANDING} ORDER BY seq {'DESC' if newest else 'ASC'} LIMIT ?5",
            (json.dumps(list(cases)), json.dumps(kinds), len(kinds), after, most),
        )
        within = sum(row[2] == rows[0][2] for row in rows) if rows else 0  # the cursor may stand in the first batch
        last = rows[min(len(rows), limit + within) - 1][2] if rows else 0
        wanted = [row for row in rows if (row[2] >= last if newest else row[2] <= last)]
        batches = await self._all(
            "SELECT seq, first, events FROM batch WHERE seq IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted({seq for _, _, seq in wanted})),),
        )
        told = {seq: (first, codec.decode_events(events)) for seq, first, events in batches}
        found = sorted((_numbered(case, n, *told[seq]) for case, n, seq in wanted), key=lambda one: one[0])
        found = [one for one in found if one[0] > after]
        return found[-limit:] if newest else found[:limit]

    async def rows(self, ids: Sequence[tuple[str, int]]) -> list[tuple[str, Entry]]:
        rows = await self._all(
            "SELECT coalesce(to_case, e.case_id), e.case_id, e.n, events FROM json_each(?) AS id "
            "JOIN entry AS e ON e.case_id = id.value ->> 0 AND e.n = id.value ->> 1 "
            "JOIN batch USING (seq) LEFT JOIN moved AS m ON m.case_id = e.case_id AND m.n = e.n ORDER BY id.key",
            (json.dumps(list(ids)),),
        )
        return [(here, _entry(case, n, events)) for here, case, n, events in rows]

    async def words(self, ids: list[str]) -> dict[str, str]:
        found = self._fresh.found(ids)
        if len(found) == len(ids):
            return found
        rows = await self._all(
            "SELECT id, body FROM vault WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps([id for id in ids if id not in found]),),
        )
        return found | {id: body for id, body in rows}

    async def blob(self, hash: str) -> bytes | None:
        rows = await self._all("SELECT body FROM blob WHERE hash = ? ORDER BY n", (hash,))
        pieces = [body for (body,) in rows]
        if len(pieces) < 2:
            return pieces[0] if pieces else None
        return await asyncio.to_thread(b"".join, pieces)

    async def answer(self, key: str) -> Answer | None:
        rows = await self._all("SELECT status, body, fingerprint, kept_until FROM answer WHERE key = ?", (key,))
        if not rows:
            return None
        status, body, fingerprint, until = rows[0]
        return Answer(key=key, status=status, body=body, fingerprint=fingerprint, kept_until=Ms(until))

    async def batches(self, *, after: int, limit: int, kinds: tuple[str, ...] = ()) -> list[Stored]:
        only = "AND kind IN (SELECT value FROM json_each(?))" if kinds else "AND ? IS NOT NULL"
        rows = await self._all(
            f"SELECT first, seq, at, stream, kind, events FROM batch WHERE seq > ? {only} ORDER BY seq LIMIT ?",
            (after, json.dumps(kinds), limit),
        )
        return [_stored(row) for row in rows]

    async def domain_batches(self, *, after: int, limit: int) -> list[Stored]:
        rows = await self._all(
            "SELECT first, seq, at, stream, kind, events FROM batch "
            "WHERE stream = 'domain' AND seq > ? ORDER BY seq LIMIT ?",
            (after, limit),
        )
        return [_stored(row) for row in rows]

    async def record(self, kind: str, id: str) -> str | None:
        rows = await self._all("SELECT body FROM record WHERE kind = ? AND id = ?", (kind, id))
        return rows[0][0] if rows else None

    async def records(self, kind: str) -> dict[str, str]:
        rows = await self._all("SELECT id, body FROM record WHERE kind = ? ORDER BY id", (kind,))
        return {id: body for id, body in rows}

    async def find_cases(
        self, terms: Sequence[Term], *, before: str | None, limit: int, owner: str | None = None
    ) -> Found:
        return await self._find("case", terms, before=before, limit=limit, owner=owner)

    async def find_customers(self, terms: Sequence[Term], *, before: str | None, limit: int) -> Found:
        return await self._find("customer", terms, before=before, limit=limit)

    async def _find(
        self, kind: str, terms: Sequence[Term], *, before: str | None, limit: int, owner: str | None = None
    ) -> Found:
        def find() -> Found:
            return self._searching.find(kind, terms, before=before, limit=limit, owner=owner)

        return await asyncio.get_running_loop().run_in_executor(self._search_thread, find)

    async def counts(self) -> dict[str, int]:
        rows = await self._all("SELECT kind, count(*) FROM document GROUP BY kind", ())
        return {kind: count for kind, count in rows}

    async def backup(self, to: Path) -> None:
        """A consistent copy by SQLite's backup API, while writing goes on. `to` must not exist."""
        if to.exists():
            raise FileExistsError(f"{to} exists; a backup never overwrites")
        await asyncio.to_thread(write_copy, self._folder / FILE_NAME, to)

    async def close(self) -> None:
        """Finish what waits, then let the folder go."""
        while self._writing is not None:
            await asyncio.wait([self._writing])
        self._stopped = self._stopped or JournalClosed()
        await self._reads.close()
        await asyncio.get_running_loop().run_in_executor(self._search_thread, self._searching.close)
        self._search_thread.shutdown()
        await asyncio.to_thread(self._checkpoints.close)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.close)
        self._thread.shutdown()
        os.close(self._lock)

    async def _all(self, sql: str, values: Sequence[object]) -> list[Any]:
        return list(await self._reads.execute_fetchall(sql, values))  # type: ignore[arg-type]


def _stored(row: Any) -> Stored:
    first, last, at, stream, kind, events = row
    return Stored(first=first, last=last, at=Ms(at), stream=stream, kind=kind, events=codec.decode_events(events))


def _entry(case: str, n: int, events: str) -> Entry:
    """Row `n` of a case's timeline, from the batch that wrote it."""
    for event in codec.decode_events(events):
        entry = entry_of(event)
        if entry is not None and entry.case == case and entry.n == n:
            return entry
    raise Fault(f"no event in the log tells row {n} of {case}")


def _line(address: str, n: int, events: str) -> Event:
    """Line `n` of a chat, from the batch that wrote it."""
    for event in codec.decode_events(events):
        if (address, n) in chat_lines_of(event):
            return event
    raise Fault(f"no event in the log says line {n} of {address}")


def _numbered(case: str, n: int, first: int, events: tuple[Event, ...]) -> tuple[int, Entry]:
    """A row with the number of its event."""
    for number, event in enumerate(events, start=first):
        entry = entry_of(event)
        if entry is not None and entry.case == case and entry.n == n:
            return number, entry
    raise Fault(f"no event in the log tells row {n} of {case}")


def _pieces(blob: Blob) -> Iterator[tuple[str, int, bytes]]:
    """Its rows, each cut when it is written: a large file is not copied at once."""
    starts = range(0, max(1, len(blob.body)), BLOB_BYTES_MAX)
    return ((blob.hash, n, blob.body[at : at + BLOB_BYTES_MAX]) for n, at in enumerate(starts))


def _document_row(document: Document) -> tuple[str, str, str, int, bool, str]:
    return (
        document.id,
        codec.KIND_OF[type(document)],
        owner_of(document),
        document.version,
        is_live(document),
        codec.encode_document(document),
    )


def _last_versions(batches: Iterable[Batch]) -> Iterable[Document]:
    """Each document once, as the last batch of the group left it."""
    return {document.id: document for batch in batches for document, _ in batch.documents}.values()


def _state(rows: Iterable[tuple[str | None, str | None]]) -> dict[str, Document]:
    found = (codec.decode_document(kind, body) for kind, body in rows if kind is not None and body is not None)
    return {document.id: document for document in found}
