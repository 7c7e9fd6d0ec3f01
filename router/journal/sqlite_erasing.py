"""Erasing on SQLite: what is owed is written with the commit that erases somebody, and then done piece by piece.

Its one rule: it is done again from its beginning after a crash, and nothing that it still needs goes before it is done
with it: files go while the vault names them, the vault goes before what was made from it, and only then is nobody owed.

Every piece is one short transaction on the writer's thread, so that no contact waits for an erasure. What is deleted is
overwritten (`secure_delete`), and the write-ahead log is cut to nothing. A page that was split earlier may hold a piece
of what stood there: a small database is written anew as a whole; a large one has its free pages overwritten.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from router.core.files import hash_in
from router.core.taking_part import part_named
from router.core.words import CaseId
from router.journal.base import Batch, Stored
from router.journal.erased_answers import GONE, tells_of
from router.journal.findable import BESIDE
from router.journal.held import HOLDING, Held, going_with, held_in, parts_gone
from router.journal.sqlite_search import KINDS, SLOT_BITS, SLOTS

KIND, OWED, DONE = "erased", "owed", "done"
"""Records of those who were erased, by owner."""
VAULT_ROWS, ANSWER_ROWS, ADDRESS_ROWS = 5000, 1000, 5000
"""Rows that one piece looks through."""
MERGED_PAGES = 200
"""Pages of the search index that one piece writes anew."""
COMPACTED_BYTES_MAX = 64 * 1024 * 1024
"""A database of this size is written anew in a moment."""
SCRUBBED_BYTES = 1024 * 1024
PROMISED_S = 600.0
"""A file that was put here and that nothing names yet: so long the batch that speaks of it may be on its way."""
FILE_FROM = "instr(body, ' blob:') + 6"
MEDIA = "id >= 'med_' AND id < 'med`'"


class Erasing:
    """On the writer's thread and connection."""

    def __init__(self, writer: sqlite3.Connection) -> None:
        self._db = writer
        self.erased = {id for (id,) in writer.execute("SELECT id FROM record WHERE kind = ?", (KIND,))}
        self._promised: dict[str, float] = {}  # files that no batch has named yet, with when they came
        self._named: set[str] = set()  # files that somebody's batch has named since an erasure began
        self._left: set[str] = set()  # files of those who are being erased that cannot go yet

    def take(self, accepted: Iterable[tuple[Batch, Stored]]) -> None:
        """Within a commit: whom it erases nobody finds from here on, and what it forgets is gone."""
        for batch, _ in accepted:
            for kept in batch.kept:
                if kept.kind == "media" and kept.owner not in self.erased:
                    self._name(hash_in(kept.body))
            for owner in batch.erased:
                self._db.execute("INSERT OR REPLACE INTO record (kind, id, body) VALUES (?, ?, ?)", (KIND, owner, OWED))
                self.erased.add(owner)
            if batch.unindexed:
                leads_to = [part[1] for owner in batch.erased if (part := part_named(owner)) is not None]
                leads_to += [document.id for document, _ in batch.documents]
                self._let_go(batch)
                self._db.execute(
                    "DELETE FROM address WHERE key IN (SELECT value FROM json_each(?)) "
                    "AND (customer IN (SELECT value FROM json_each(?)) OR address IN (SELECT value FROM json_each(?)))",
                    (json.dumps(batch.unindexed), json.dumps(batch.erased), json.dumps(leads_to)),
                )
            if batch.forgotten:
                self._overwriting(
                    "DELETE FROM vault WHERE id IN (SELECT value FROM json_each(?))", json.dumps(batch.forgotten)
                )

    def _let_go(self, batch: Batch) -> None:
        """What records hold of whom a batch erases is theirs to the end, by the keys that still find them. Where
        somebody only takes part, it is theirs unless a customer has their address."""
        sql = "SELECT key, customer FROM address WHERE key IN (SELECT value FROM json_each(?)) "
        sql += "AND customer IN (SELECT value FROM json_each(?))"
        found = dict(self._db.execute(sql, (json.dumps(batch.unindexed), json.dumps(batch.erased))).fetchall())
        if parts := parts_gone(batch.erased, batch.unindexed):
            sql = "SELECT key FROM address WHERE key IN (SELECT value FROM json_each(?))"
            customers = {key for (key,) in self._db.execute(sql, (json.dumps(list(parts)),))}
            found |= {key: owner for key, owner in parts.items() if key not in customers}
        for kind, id, body in self._records() if found else ():
            if (left := going_with(body, found)) is not None:
                self._db.execute("UPDATE record SET body = ? WHERE kind = ? AND id = ?", (left, kind, id))

    def _records(self) -> list[tuple[str, str, str]]:
        """Those that hold files."""
        sql = "SELECT kind, id, body FROM record WHERE kind IN (SELECT value FROM json_each(?))"
        return self._db.execute(sql, (json.dumps(HOLDING),)).fetchall()

    def unindex(self, case: str, rows: Sequence[int]) -> None:
        """Take rows of a case out of the search index."""
        found = self._db.execute("SELECT n FROM search_case WHERE id = ?", (case,)).fetchone()
        if found is not None:
            slots = [found[0] << SLOT_BITS | row % BESIDE for row in rows]
            self._overwriting(
                "DELETE FROM search_case_words WHERE rowid IN (SELECT value FROM json_each(?))", json.dumps(slots)
            )

    def unindex_addresses(self, case: str) -> None:
        """Take the addresses of whoever takes part, or was found since it was opened, out of a case's index."""
        found = self._db.execute("SELECT n FROM search_case WHERE id = ?", (case,)).fetchone()
        if found is not None:
            low = found[0] << SLOT_BITS
            self._overwriting("DELETE FROM search_case_words WHERE rowid BETWEEN ? AND ?", low | BESIDE, low | SLOTS)

    def promise(self, hash: str) -> None:
        """A file came, and a batch will name it."""
        self._promised[hash] = time.monotonic()

    def hold(self, body: str) -> None:
        """A record holds a file from here on, with whoever else it is of."""
        self._name(held_in(body).raw)

    def _name(self, hash: str) -> None:
        self._promised.pop(hash, None)
        self._named.add(hash)

    def steps(self, owners: Sequence[str]) -> Iterator[bool]:
        """Piece by piece; each gives whether all of it could go so far."""
        self._named.clear()
        self._left.clear()
        who = json.dumps(list(owners))
        cases = {case for owner in owners if (named := part_named(owner)) is not None for case in named[:1]}
        for part in (self._files, self._vault):
            for _ in part(who):
                yield not self._left
        for _ in self._orphans() if cases else ():  # the commit took the names of files with the words
            yield not self._left
        for _ in self._answers(who, cases):
            yield not self._left
        for part in (self._addresses, self._index, self._merged, self._scrub):
            for _ in part(who):
                yield not self._left

    @contextmanager
    def careful(self) -> Iterator[None]:
        """What is deleted meanwhile is overwritten, whole pages too, and nothing waits for the disk."""
        self._db.execute("PRAGMA secure_delete=ON")
        self._db.execute("PRAGMA synchronous=NORMAL")
        try:
            yield
        finally:
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA secure_delete=FAST")

    def tidying(self) -> Iterator[bool]:
        """What no erasure of anybody's removes: files that nobody names any more, and what is left of deleted words."""
        for part in (self._orphans(), self._merged(""), self._scrub("")):
            for _ in part:
                yield True

    def done(self, owners: Sequence[str]) -> None:
        """Nobody of them is owed any more."""
        self._db.execute(
            "UPDATE record SET body = ? WHERE kind = ? AND id IN (SELECT value FROM json_each(?))",
            (DONE, KIND, json.dumps(list(owners))),
        )

    def cut(self) -> bool:
        """Cut the write-ahead log to nothing. False: somebody reads in it."""
        self._db.execute("PRAGMA busy_timeout=100")
        try:
            return self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        except sqlite3.OperationalError:
            return False
        finally:
            self._db.execute("PRAGMA busy_timeout=5000")

    # --- the pieces ---------------------------------------------------------------------------------------------------

    def _ranges(self, table: str, key: str, rows: int, *, where: str = "1") -> Iterator[tuple[str, str]]:
        """The table in pieces by its key, each from (not with) to (with)."""
        low = ""
        while True:
            row = self._db.execute(
                f"SELECT max({key}) FROM "
                f"(SELECT {key} FROM {table} WHERE {key} > ? AND {where} ORDER BY {key} LIMIT ?)",
                (low, rows),
            ).fetchone()
            if row[0] is None:
                return
            yield low, row[0]
            low = row[0]

    def _files(self, who: str) -> Iterator[None]:
        """Files of theirs that no other owner has. One that came just now may be wanted by a batch on its way."""
        theirs: set[str] = set()
        for low, high in self._ranges("vault", "id", VAULT_ROWS, where=MEDIA):
            theirs.update(
                hash
                for (hash,) in self._db.execute(
                    f"SELECT substr(body, {FILE_FROM}, 64) FROM vault WHERE id > ? AND id <= ? AND {MEDIA} "
                    "AND owner IN (SELECT value FROM json_each(?)) AND instr(body, ' blob:')",
                    (low, high, who),
                )
            )
            yield
        owners = set(json.loads(who))
        theirs.update(held.raw for held in self._held() if held.owner in owners)
        shared: set[str] = set()
        if theirs:
            for low, high in self._ranges("vault", "id", VAULT_ROWS, where=MEDIA):
                shared.update(
                    hash
                    for (hash,) in self._db.execute(
                        f"SELECT substr(body, {FILE_FROM}, 64) AS hash FROM vault WHERE id > ? AND id <= ? AND {MEDIA} "
                        "AND owner NOT IN (SELECT value FROM json_each(?)) AND instr(body, ' blob:') "
                        "AND hash IN (SELECT value FROM json_each(?))",
                        (low, high, who, json.dumps(sorted(theirs))),
                    )
                )
                yield
        shared.update(held.raw for held in self._held() if held.owner not in owners)
        for hash in sorted(theirs - shared - self._named):
            if time.monotonic() - self._promised.get(hash, -PROMISED_S) < PROMISED_S:
                self._left.add(hash)
            else:
                self._db.execute("DELETE FROM blob WHERE hash = ?", (hash,))
            yield

    def _orphans(self) -> Iterator[None]:
        self._named.clear()
        named: set[str] = set()
        for low, high in self._ranges("vault", "id", VAULT_ROWS, where=MEDIA):
            named.update(
                hash
                for (hash,) in self._db.execute(
                    f"SELECT substr(body, {FILE_FROM}, 64) FROM vault WHERE id > ? AND id <= ? AND {MEDIA}", (low, high)
                )
            )
            yield
        named.update(held.raw for held in self._held())
        for (hash,) in self._db.execute("SELECT hash FROM blob WHERE n = 0").fetchall():
            is_promised = time.monotonic() - self._promised.get(hash, -PROMISED_S) < PROMISED_S
            if hash not in named and hash not in self._named and not is_promised:
                self._db.execute("DELETE FROM blob WHERE hash = ?", (hash,))
                yield

    def _held(self) -> list[Held]:
        """Files that records hold. One that a record is to hold was promised just now."""
        return [held for _, _, body in self._records() if (held := held_in(body)).raw]

    def _vault(self, who: str) -> Iterator[None]:
        """All their words; the names of files that are still there stay for the next time."""
        for low, high in self._ranges("vault", "id", VAULT_ROWS):
            self._db.execute(
                "DELETE FROM vault WHERE id > ? AND id <= ? AND owner IN (SELECT value FROM json_each(?)) "
                f"AND NOT (kind = 'media' AND substr(body, {FILE_FROM}, 64) IN (SELECT value FROM json_each(?)))",
                (low, high, who, json.dumps(sorted(self._left))),
            )
            yield
        owners = set(json.loads(who))
        for kind, id, body in self._records():
            if (held := held_in(body)).owner in owners and held.raw not in self._left:
                self._db.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, id))
        yield

    def _answers(self, who: str, cases: set[CaseId]) -> Iterator[None]:
        """What was answered about them, or about cases in which they took part, is said to nobody again; the keys stay
        done."""
        theirs = {
            id
            for (id,) in self._db.execute(
                "SELECT id FROM document WHERE owner IN (SELECT value FROM json_each(?))", (who,)
            )
        }
        theirs |= cases
        for low, high in self._ranges("answer", "key", ANSWER_ROWS):
            for key, body in self._db.execute(
                "SELECT key, body FROM answer WHERE key > ? AND key <= ? AND body <> ''", (low, high)
            ).fetchall():
                if tells_of(body, theirs):
                    self._db.execute("UPDATE answer SET status = 410, body = ? WHERE key = ?", (GONE, key))
            yield

    def _addresses(self, who: str) -> Iterator[None]:
        for low, high in self._ranges("address", "key", ADDRESS_ROWS):
            self._db.execute(
                "DELETE FROM address WHERE key > ? AND key <= ? AND customer IN (SELECT value FROM json_each(?))",
                (low, high, who),
            )
            yield

    def _index(self, who: str) -> Iterator[None]:
        for kind in KINDS:
            for (n,) in self._db.execute(
                f"SELECT n FROM search_{kind} WHERE owner IN (SELECT value FROM json_each(?))", (who,)
            ).fetchall():
                low, high = n << SLOT_BITS, n << SLOT_BITS | SLOTS
                self._db.execute(f"DELETE FROM search_{kind}_words WHERE rowid BETWEEN ? AND ?", (low, high))
                yield

    def _merged(self, _: str) -> Iterator[None]:
        """What was deleted from a search index is still in it until its parts are written anew as one."""
        for kind in KINDS:
            words = f"search_{kind}_words"
            pages = -MERGED_PAGES
            while True:
                before = self._db.total_changes
                self._db.execute(f"INSERT INTO {words} ({words}, rank) VALUES ('merge', ?)", (pages,))
                is_one = self._db.total_changes - before < 2 and pages > 0  # now: others write between two pieces
                yield
                if is_one:
                    break
                pages = MERGED_PAGES

    def _scrub(self, _: str) -> Iterator[None]:
        """What is left of rows that moved: all is written anew, or pages that were free before are taken, filled with
        nothing, and given back."""
        pages, size = (self._db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "page_size"))
        if pages * size <= COMPACTED_BYTES_MAX:
            self._db.execute("VACUUM")
            yield
            return
        self._db.execute("DROP TABLE IF EXISTS scrub")
        self._db.execute("CREATE TABLE scrub (zeros BLOB)")
        while (free := self._db.execute("PRAGMA freelist_count").fetchone()[0]) > 0:
            self._db.execute("INSERT INTO scrub (zeros) VALUES (zeroblob(?))", (min(SCRUBBED_BYTES, free * size),))
            yield
        self._db.execute("DROP TABLE scrub")
        yield

    def _overwriting(self, sql: str, *values: object) -> None:
        """Delete, with all that stood there overwritten, whole pages too."""
        self._db.execute("PRAGMA secure_delete=ON")
        try:
            self._db.execute(sql, values)  # type: ignore[arg-type]
        finally:
            self._db.execute("PRAGMA secure_delete=FAST")
