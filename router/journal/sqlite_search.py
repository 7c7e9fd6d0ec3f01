"""The search index on SQLite: FTS5 tables beside the log, written a chunk of batches at a time, read newest first.

Its one rule: a chunk's rows and the number up to which the index has come are one transaction, which no contact waits
for: it is not brought to the disk by itself but with the next commit, and after a crash it is done again.

A row's number is its document's ordinal and its slot there. So the rows of one case lie together, the newest case last,
and what all terms have in common is found by going down from the top, without looking at the rest.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from router.journal import codec
from router.journal.base import Found, Hit, Place, Stored
from router.journal.excerpts import place_of
from router.journal.findable import BESIDE, SLOT_BITS, Row, rows_of, slot_of, text_of
from router.journal.terms import PREFIX_MIN, Said, Term, tokens, whole

SHAPE = "1"
"""Of the tables below and of what is put into them; another one than the file's and the index is made anew."""
ROWS_MAX = 256
"""Rows in one statement at most."""
CHARS = 64 * 1024
"""Words after which a write ends: some milliseconds, for the next commit waits for it."""
MERGED_PAGES = 16
"""Pages of the index written anew at once, for the same reason: left to itself, FTS5 writes hundreds in a commit."""
MERGED_FROM = 16
"""Parts of the index of one size that are made one; each write of rows adds one."""
PARTS_MAX = 512
"""Of one size: so many are made one at once, whoever waits. It does not come to that."""
LOOKED_AT_FIRST = 2
"""Batches whose words are read at once; then twice as many."""
ROUNDS_MAX = 500
"""Documents looked at for one page. Where no more are found among them, the next page goes on below."""
STEPS = 64
"""Rows stepped over before a cursor is set anew further down."""
ENDINGS_MAX = 32
"""Words that an unfinished one may become, each looked for by itself; for more of them the index is asked at once."""
SLOTS = (1 << SLOT_BITS) - 1
KINDS = ("case", "customer")
TABLES = tuple(f"search_{kind}{part}" for kind in KINDS for part in ("", "_words"))
MAKE = """
CREATE TABLE search_{kind} (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL);
CREATE INDEX search_{kind}_owner ON search_{kind} (owner, n);
CREATE VIRTUAL TABLE search_{kind}_words USING fts5(
    words, keys, tokenize = 'unicode61 remove_diacritics 2', prefix = '3', columnsize = 0
);
"""


class Indexing:
    """On the writer's thread and connection."""

    def __init__(self, writer: sqlite3.Connection) -> None:
        self._db = writer
        self._parts = 0  # written since there was nothing to merge
        self.position = self._begin()

    def write(self, batches: Sequence[Stored]) -> int:
        """Put the rows of the first of `batches` into the index, once, however often they are given; `position` tells
        how far it came. Returns how many rows."""
        fresh, vault = self._share([stored for stored in batches if stored.last > self.position])
        if not fresh:
            return 0
        db = self._db
        db.execute("PRAGMA synchronous=NORMAL")
        try:
            db.execute("BEGIN IMMEDIATE")
            try:
                count = self._insert(fresh, vault)
                db.execute(
                    "INSERT OR REPLACE INTO record (kind, id, body) VALUES ('cursor', 'search', ?)",
                    (str(fresh[-1].last),),
                )
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        finally:
            db.execute("PRAGMA synchronous=FULL")
        self.position = fresh[-1].last
        self._parts += 1
        return count

    def merge(self) -> bool:
        """Write a piece of the index anew, where it has many parts. Returns whether there is more to do."""
        if self._parts < MERGED_FROM:
            return False
        self._db.execute("PRAGMA synchronous=NORMAL")
        try:
            is_more = any(self._merge(kind) for kind in KINDS)
        finally:
            self._db.execute("PRAGMA synchronous=FULL")
        if not is_more:
            self._parts = 0
        return is_more

    def _merge(self, kind: str) -> bool:
        before = self._db.total_changes
        self._tell(kind, "merge", MERGED_PAGES)
        return self._db.total_changes - before >= 2  # as SQLite says it: less, and nothing was done

    def _tell(self, kind: str, what: str, how: int) -> None:
        self._db.execute(f"INSERT INTO search_{kind}_words (search_{kind}_words, rank) VALUES ('{what}', ?)", (how,))

    def write_again(self, case: str, batches: Sequence[Stored]) -> None:
        """Put rows of one case in again, with what the vault still holds of them."""
        rows = [row for row in rows_of(batches)[0] if row.document == case and row.slot]
        vault = self._json(
            "SELECT json_group_object(id, body) FROM vault WHERE id IN (SELECT value FROM json_each(?))",
            [id for row in rows for id in row.ids],
        )
        self._insert_rows("case", rows, vault, {})

    def write_addresses(self, case: str) -> None:
        """Put the addresses of those who take part in a case in again, and of its customer."""
        row = self._db.execute("SELECT owner FROM search_case WHERE id = ?", (case,)).fetchone()
        if row is None:
            return
        given = self._addresses({row[0]}, {}).get(row[0], [])
        taking_part = self._db.execute(
            "SELECT p.value ->> '$.address.id' FROM document AS d, json_each(d.body, '$.participants') AS p "
            "WHERE d.id = ?",
            (case,),
        ).fetchall()
        ids = dict.fromkeys([*given, *(str(id) for (id,) in taking_part)])
        rows = [Row(case, row[0], BESIDE | n, addresses=(id,)) for n, id in enumerate(ids)]
        self._insert_rows("case", rows, self._words(ids), {})

    def _begin(self) -> int:
        """Where the index stands; 0 where it is missing or of another shape, and is made empty."""
        position = self._opened()
        for kind in KINDS:
            for what, how in (("automerge", 0), ("usermerge", MERGED_FROM), ("crisismerge", PARTS_MAX)):
                self._tell(kind, what, how)
        return position

    def _opened(self) -> int:
        db = self._db
        have = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'search%'")}
        shape = db.execute("SELECT body FROM record WHERE kind = 'search' AND id = 'shape'").fetchone()
        if have.issuperset(TABLES) and shape == (SHAPE,):
            cursor = db.execute("SELECT body FROM record WHERE kind = 'cursor' AND id = 'search'").fetchone()
            return int(cursor[0]) if cursor else 0
        drop = "".join(f"DROP TABLE IF EXISTS {name};" for name in TABLES)
        make = "".join(MAKE.format(kind=kind) for kind in KINDS)
        db.executescript(
            f"BEGIN;{drop}{make}"
            "DELETE FROM record WHERE kind = 'cursor' AND id = 'search';"
            f"INSERT OR REPLACE INTO record (kind, id, body) VALUES ('search', 'shape', '{SHAPE}');COMMIT;"
        )
        return 0

    def _share(self, batches: Sequence[Stored]) -> tuple[Sequence[Stored], dict[str, str]]:
        """As many of `batches` as are written at once, and their words."""
        vault: dict[str, str] = {}
        until, more, chars = 0, LOOKED_AT_FIRST, 0
        while until < len(batches):
            ids = [[id for rows in rows_of([one]) for row in rows for id in row.ids] for one in batches[until:][:more]]
            vault |= self._words(chain.from_iterable(ids))
            for of_one in ids:
                until += 1
                chars += sum(len(vault.get(id, "")) for id in of_one)
                if chars >= CHARS:
                    return batches[:until], vault
            more *= 2
        return batches, vault

    def _words(self, ids: Iterable[str]) -> dict[str, str]:
        return self._json(
            "SELECT json_group_object(id, body) FROM vault WHERE id IN (SELECT value FROM json_each(?))", ids
        )

    def _insert(self, batches: Sequence[Stored], vault: dict[str, str]) -> int:
        cases, customers = rows_of(batches)
        addresses = self._addresses({row.owner for row in cases if row.with_addresses}, vault)
        written = self._insert_rows("case", self._of_each_case(cases), vault, addresses)
        return written + self._insert_rows("customer", customers, vault, addresses)

    def _addresses(self, owners: set[str], vault: dict[str, str]) -> dict[str, list[str]]:
        """The addresses of customers who have a new case; their words go into `vault`."""
        if not owners:
            return {}
        found = self._json(
            "SELECT json_group_object(id, json(body ->> '$.addresses')) FROM document "
            "WHERE id IN (SELECT value FROM json_each(?))",
            sorted(owners),
        )
        given = {id: [str(address["id"]) for address in all] for id, all in found.items()}
        vault |= self._words(id for ids in given.values() for id in ids)
        return given

    def _of_each_case(self, rows: list[Row]) -> list[Row]:
        """A customer's new address is put to each of their cases, those of this chunk too."""
        owners = sorted({row.owner for row in rows if row.of_each_case})
        if not owners:
            return rows
        cases = self._json(
            "SELECT json_group_object(owner, json(ids)) FROM (SELECT owner, json_group_array(id) AS ids "
            "FROM search_case WHERE owner IN (SELECT value FROM json_each(?)) GROUP BY owner)",
            owners,
        )
        found = [row for row in rows if not row.of_each_case]
        for row in (row for row in rows if row.of_each_case):
            theirs = {*cases.get(row.owner, []), *(one.document for one in found if one.owner == row.owner)}
            found += [Row(id, row.owner, row.slot, addresses=row.addresses) for id in sorted(theirs)]
        return found

    def _insert_rows(
        self, kind: str, rows: Sequence[Row], vault: dict[str, str], addresses: dict[str, list[str]]
    ) -> int:
        if not rows:
            return 0
        owners: dict[str, str] = {}
        for row in rows:
            owners.setdefault(row.document, row.owner)  # of a joined case the customer for whom it was opened
        ordinals = self._ordinals(kind, owners)
        values: dict[int, tuple[str, str]] = {}
        for row in rows:
            text, keys = text_of(row, vault, addresses.get(row.owner, ()) if row.with_addresses else ())
            if text or keys:
                values[ordinals[row.document] << SLOT_BITS | slot_of(row, text)] = (text, keys)
        self._many(
            f"INSERT OR REPLACE INTO search_{kind}_words (rowid, words, keys)",
            [(n, *both) for n, both in sorted(values.items())],
        )
        return len(values)

    def _ordinals(self, kind: str, owners: dict[str, str]) -> dict[str, int]:
        """The numbers of documents; new ones get the next."""
        row = self._db.execute(
            f"SELECT coalesce(max(n), 0), (SELECT json_group_object(id, n) FROM search_{kind} WHERE id IN "
            f"(SELECT value FROM json_each(?))) FROM search_{kind}",
            (json.dumps(list(owners)),),
        ).fetchone()
        known: dict[str, int] = json.loads(row[1])
        new = [(n, id, owners[id]) for n, id in enumerate((id for id in owners if id not in known), row[0] + 1)]
        self._many(f"INSERT INTO search_{kind} (n, id, owner)", new)
        return known | {id: n for n, id, _ in new}

    def _json(self, sql: str, values: Iterable[str]) -> dict[str, Any]:
        """One statement and one row, whatever is asked: each of them hands the interpreter's lock over."""
        return json.loads(self._db.execute(sql, (json.dumps(list(values)),)).fetchone()[0])

    def _many(self, insert: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for start in range(0, len(rows), ROWS_MAX):
            some = rows[start : start + ROWS_MAX]
            row = f"({', '.join('?' * len(some[0]))})"
            self._db.execute(f"{insert} VALUES {', '.join([row] * len(some))}", [v for one in some for v in one])


class Searching:
    """Reads on a connection and a thread of their own, so that a long search is in nobody's way."""

    def __init__(self, uri: str) -> None:
        self._db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA mmap_size=268435456")
        for kind in KINDS:
            self._db.execute(
                f"CREATE VIRTUAL TABLE temp.search_{kind}_terms USING fts5vocab(main, search_{kind}_words, row)"
            )

    def close(self) -> None:
        self._db.close()

    def find(self, kind: str, terms: Sequence[Term], *, before: str | None, limit: int, owner: str | None) -> Found:
        """Documents in which all terms stand, the newest first."""
        self._db.execute("BEGIN")
        try:
            return self._find(kind, terms, before=before, limit=limit, owner=owner)
        finally:
            self._db.execute("COMMIT")

    def _find(self, kind: str, terms: Sequence[Term], *, before: str | None, limit: int, owner: str | None) -> Found:
        top = self._db.execute(
            f"SELECT max(n) + 1 FROM search_{kind}" if before is None else f"SELECT n FROM search_{kind} WHERE id = ?",
            () if before is None else (before,),
        ).fetchone()
        if not terms or top is None or top[0] is None:
            return Found()
        cursors: list[Descent | Owned] = [Descent(self._db, kind, self._match(kind, term)) for term in terms]
        descents = cursors[:]
        if owner is not None:
            of = self._db.execute(f"SELECT n FROM search_{kind} WHERE owner = ? ORDER BY n DESC", (owner,))
            cursors.insert(0, Owned([n for (n,) in of]))
        found: list[Hit] = []
        n: int = top[0] - 1
        for _ in range(ROUNDS_MAX):
            common = _common(cursors, n)
            if common is None:
                return Found(tuple(found))
            n = common
            if all(cursor.at == n for cursor in cursors):
                rows = list(dict.fromkeys(c.row for c in descents if isinstance(c, Descent)))
                found.append(self._hit(kind, n, rows, terms))
                if len(found) == limit:
                    return Found(tuple(found), self._id_at(kind, n))
                n -= 1
        return Found(tuple(found), self._id_at(kind, n + 1))

    def _hit(self, kind: str, n: int, rows: list[int], terms: Sequence[Term]) -> Hit:
        places: list[Place] = []
        for row in rows:
            body = self._db.execute(f"SELECT words FROM search_{kind}_words WHERE rowid = ?", (row,)).fetchone()
            places.append(place_of(row & SLOTS, whole(body[0]), terms))
        body = self._db.execute(f"SELECT body FROM search_{kind} JOIN document USING (id) WHERE n = ?", (n,)).fetchone()
        return Hit(document=codec.decode_document(kind, body[0]), places=tuple(places))

    def _id_at(self, kind: str, n: int) -> str | None:
        row = self._db.execute(f"SELECT id FROM search_{kind} WHERE n >= ? ORDER BY n LIMIT 1", (n,)).fetchone()
        return row[0] if row else None

    def _match(self, kind: str, term: Term) -> str:
        """A term in FTS5's language; everything that somebody typed stands in quotes there."""
        ways = (" AND ".join(self._part(kind, said) for said in way) for way in term.ways)
        return " OR ".join(f"({way})" for way in ways)

    def _part(self, kind: str, said: Said) -> str:
        """An unfinished word as those that it may become: each lies in order on the disk, a prefix must be sorted."""
        if not said.goes_on:
            return _quoted(said.text)
        parts = tokens(said.text)
        if len(parts) == 1 and len(parts[0]) > PREFIX_MIN and parts[0].isascii():
            rows = self._db.execute(
                f"SELECT term FROM temp.search_{kind}_terms WHERE term >= ? AND term < ? LIMIT {ENDINGS_MAX + 1}",
                (parts[0], f"{parts[0]}\U0010ffff"),
            ).fetchall()
            if 0 < len(rows) <= ENDINGS_MAX:
                return f"({' OR '.join(_quoted(word) for (word,) in rows)})"
        return f"{_quoted(said.text)} *"


class Descent:
    """The documents of one term, going down. `at`: the one it stands at, `row`: where in it."""

    def __init__(self, db: sqlite3.Connection, kind: str, match: str) -> None:
        self._db = db
        words = f"search_{kind}_words"
        self._sql = f"SELECT rowid FROM {words} WHERE {words} MATCH ? AND rowid <= ? ORDER BY rowid DESC"
        self._match = match
        self._rows: sqlite3.Cursor | None = None
        self.at: int | None = None
        self.row = 0

    def seek(self, n: int) -> int | None:
        """The newest document that is not newer than `n`."""
        if self._rows is not None:
            for _ in range(STEPS):
                if self.at is None or self.at <= n:
                    return self.at
                self._step(self._rows)
        self._rows = self._db.execute(self._sql, (self._match, n << SLOT_BITS | SLOTS))
        self._step(self._rows)
        return self.at

    def _step(self, rows: sqlite3.Cursor) -> None:
        row = rows.fetchone()
        self.at, self.row = (row[0] >> SLOT_BITS, row[0]) if row else (None, 0)


class Owned:
    """The documents of one owner, going down."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers
        self._next = 0
        self.at: int | None = None

    def seek(self, n: int) -> int | None:
        while self._next < len(self._numbers) and self._numbers[self._next] > n:
            self._next += 1
        self.at = self._numbers[self._next] if self._next < len(self._numbers) else None
        return self.at


def _common(cursors: Iterable[Descent | Owned], n: int) -> int | None:
    """One round down from `n`: the newest document at which all could stand. None: one of them has come to its end."""
    for cursor in cursors:
        at = cursor.seek(n)
        if at is None:
            return None
        n = min(n, at)
    return n


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
