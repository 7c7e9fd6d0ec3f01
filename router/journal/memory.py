"""The journal in memory, on a disk that is passed in: for the simulator, and the shortest description of the contract.

It keeps records of length, check sums and JSON. A torn last record is cut off at opening; damage anywhere else refuses
to open. Everything but the records is derived again at opening, by folding the events. Whoever is erased is gone from
all that can be read; the disk, which only grows, keeps what was written.
"""

import asyncio
import zlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from msgspec import Raw

from router.core.clock import Ms
from router.core.commands import Blob, Indexed, Kept
from router.core.documents import Case, Document, Entry, Message, State
from router.core.events import Event
from router.core.evolve import evolve
from router.core.files import hash_in
from router.core.taking_part import part_named
from router.core.timeline import chat_lines_of, entry_of, rows_of
from router.core.values import replace
from router.journal import codec
from router.journal.base import (
    DOMAIN,
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
    moves_of,
    owner_of,
    tell,
)
from router.journal.erased_answers import GONE, tells_of
from router.journal.held import HOLDING, going_with, held_in, parts_gone
from router.journal.memory_search import MemorySearch
from router.journal.persons import Persons
from router.journal.terms import Term

HEADER_BYTES = 12
"""Length and check sum of the body, and a check sum over both."""
NONE = Raw(b"[]")


class Disk(Protocol):
    """Where bytes go. Only what was synced surely survives."""

    def read(self) -> bytes: ...
    def write(self, data: bytes) -> None: ...
    def truncate(self, size: int) -> None: ...
    async def sync(self) -> None:
        """Raise OSError when the disk fails; nothing written since the last sync may be trusted then."""
        ...


class RamDisk:
    """A disk that never fails and lives as long as the process."""

    def __init__(self) -> None:
        self.data = b""

    def read(self) -> bytes:
        return self.data

    def write(self, data: bytes) -> None:
        self.data += data

    def truncate(self, size: int) -> None:
        self.data = self.data[:size]

    async def sync(self) -> None:
        await asyncio.sleep(0)


class MemoryJournal:
    def __init__(self, disk: Disk | None = None) -> None:
        self._disk = disk or RamDisk()
        self._log: list[Stored] = []
        self._seq = 0
        self._documents: dict[str, Document] = {}
        self._owned: dict[str, set[str]] = defaultdict(set)
        self._lines: dict[str, list[tuple[int, Event]]] = defaultdict(list)
        self._entries: dict[str, list[Entry]] = defaultdict(list)
        self._numbers: dict[tuple[str, int], int] = {}  # of rows: the event that each tells
        self._moved: dict[tuple[str, int], str] = {}  # rows that stand in another case
        self._persons = Persons()
        self._vault: dict[str, str] = {}
        self._kept_by: dict[str, str] = {}  # whose each row of the vault is
        self._addresses: dict[str, Indexed] = {}
        self._blobs: dict[str, bytes] = {}
        self._answers: dict[str, Answer] = {}
        self._records: dict[tuple[str, str], str] = {}
        self._waiting: list[tuple[Batch, asyncio.Future[Stored]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._stopped: JournalStopped | None = None
        self._listeners: list[Callable[[list[Stored]], None]] = []
        self._erased: dict[str, bool] = {}  # by owner, whether all that was theirs is gone
        self._search = MemorySearch(self._documents, self._vault)

    @classmethod
    async def open(cls, disk: Disk | None = None) -> "MemoryJournal":
        journal = cls(disk)
        journal._recover()
        return journal

    @property
    def last_seq(self) -> int:
        return self._seq

    def listen(self, listener: Callable[[list[Stored]], None]) -> None:
        self._listeners.append(listener)

    def append(self, batch: Batch) -> asyncio.Future[Stored]:
        done: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        if self._stopped is not None:
            done.set_exception(self._stopped)
            return done
        self._waiting.append((batch, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_groups(), name="journal-writer")
        return done

    async def _write_groups(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                try:
                    await self._commit(group)
                except OSError as error:
                    self._stop(f"a commit failed: {error}", group)
                    return
                except Exception as error:  # a fault of ours, a listener's mostly: this task ends with it, to be seen
                    self._stop(str(error) if isinstance(error, ListenerFailed) else f"a commit failed: {error}", group)
                    raise
        finally:
            self._writing = None

    async def _commit(self, group: list[tuple[Batch, asyncio.Future[Stored]]]) -> None:
        accepted: list[tuple[Batch, asyncio.Future[Stored], Stored]] = []
        taken: set[str] = set()
        versions: dict[str, int] = {}
        gone: set[str] = set()
        seq = self._seq
        for batch, done in group:
            refusal = self._refusal(batch, taken, versions, gone)
            if refusal is not None:
                if not done.cancelled():
                    done.set_exception(refusal)
                continue
            last = seq + len(batch.events)
            kind = command_kind(batch.events)
            stored = Stored(first=seq + 1, last=last, at=batch.at, stream=batch.stream, kind=kind, events=batch.events)
            seq = last
            accepted.append((batch, done, stored))
            taken.update([batch.answer.key] if batch.answer else [])
            taken.update(f"address {i.key}" for i in batch.indexed)
            gone.update(batch.unindexed)
            gone.difference_update(i.key for i in batch.indexed)
            versions.update({d.id: d.version for d, _ in batch.documents})
        self._disk.write(b"".join(_frame(_batch_record(batch)) for batch, _, _ in accepted))
        await self._disk.sync()
        for batch, _, stored in accepted:
            self._apply(batch, stored)
        tell(self._listeners, [stored for _, _, stored in accepted])
        for _, done, stored in accepted:
            if not done.cancelled():
                done.set_result(stored)

    def _refusal(self, batch: Batch, taken: set[str], versions: dict[str, int], gone: set[str]) -> Exception | None:
        if batch.answer and (batch.answer.key in self._answers or batch.answer.key in taken):
            return KeyTaken(batch.answer.key)
        for document, base in batch.documents:
            known = self._documents.get(document.id)
            if versions.get(document.id, known.version if known else 0) != base:
                return VersionConflict(batch.stream)
        claimed = [i.key for i in batch.indexed if not i.first_wins and i.key not in gone]
        if any(key in self._addresses or f"address {key}" in taken for key in claimed):
            return VersionConflict(batch.stream)
        return None

    def _apply(self, batch: Batch, stored: Stored) -> None:
        self._seq = stored.last
        self._log.append(stored)
        for document, _ in batch.documents:
            self._documents[document.id] = document
            self._owned[owner_of(document)].add(document.id)
        for event in batch.events if batch.lines else ():
            for address, n in chat_lines_of(event):
                self._lines[address].append((n, event))
        for number, event in enumerate(stored.events, start=stored.first):
            if (entry := entry_of(event)) is not None:
                self._entries[entry.case].append(entry)
                self._numbers[entry.case, entry.n] = number
        for row in batch.moved:
            self._moved[row.case, row.n] = row.to
        self._erased.update(dict.fromkeys(batch.erased, False))
        found = {key: i.customer for key in batch.unindexed if (i := self._addresses.get(key))}
        found = {key: owner for key, owner in found.items() if owner in batch.erased}
        parts = parts_gone(batch.erased, batch.unindexed)
        found |= {key: owner for key, owner in parts.items() if key not in self._addresses}
        for record, body in self._holding().items() if found else ():
            self._records[record] = going_with(body, found) or body
        for key in batch.unindexed:
            if key in self._addresses and _is_of(self._addresses[key], batch):
                del self._addresses[key]
        for id in batch.forgotten:
            self._vault.pop(id, None)
        for kept in batch.kept:
            if kept.owner not in self._erased:
                self._vault[kept.id], self._kept_by[kept.id] = kept.body, kept.owner
        for indexed in batch.indexed:
            if indexed.customer not in self._erased:
                self._addresses.setdefault(indexed.key, indexed)
        self._blobs.update({b.hash: b.body for b in batch.blobs})
        if batch.answer:
            self._answers[batch.answer.key] = batch.answer

    def _stop(self, why: str, group: list[tuple[Batch, asyncio.Future[Stored]]]) -> None:
        self._stopped = JournalStopped(why)
        for _, done in [*group, *self._waiting]:
            if not done.done():
                done.set_exception(self._stopped)
        self._waiting = []

    def _recover(self) -> None:
        data, at = self._disk.read(), 0
        while (frame := next_frame(data, at)) is not None:
            body, at = frame
            self._replay(codec.decode(body, dict[str, Raw]))
        if at < len(data):
            self._disk.truncate(at)

    def _replay(self, record: dict[str, Raw]) -> None:
        if "record" in record:
            self._keep_record(*codec.decode(record["record"], tuple[str, str, str | None]))
            return
        if "erased" in record and "events" not in record:
            self._remove(codec.decode(record["erased"], list[str]))
            return
        if "blob" in record:
            self._keep_blob(codec.decode(record["blob"], Blob))
            return
        events = codec.decode_events(record["events"])
        stream = codec.decode(record["stream"], str)
        self._persons.hear(events)
        before: State = {
            id: self._documents[id] for owner in self._persons.streams(stream) for id in self._owned[owner]
        }
        after = before
        for event in events:
            after = evolve(after, event)
        batch = Batch(
            stream=stream,
            at=Ms(codec.decode(record["at"], int)),
            key=codec.decode(record["key"], str),
            events=events,
            documents=tuple((d, 0) for id, d in after.items() if before.get(id) is not d),
            rows=rows_of(events),
            lines=tuple(line for event in events for line in chat_lines_of(event)),
            kept=codec.decode(record["kept"], tuple[Kept, ...]),
            indexed=codec.decode(record["indexed"], tuple[Indexed, ...]),
            blobs=codec.decode(record.get("blobs", NONE), tuple[Blob, ...]),
            moved=moves_of(events),
            answer=codec.decode(record["answer"], Answer) if bytes(record["answer"]) != b"null" else None,
            erased=codec.decode(record.get("erased", NONE), tuple[str, ...]),
            unindexed=codec.decode(record.get("unindexed", NONE), tuple[str, ...]),
            forgotten=codec.decode(record.get("forgotten", NONE), tuple[str, ...]),
        )
        last = self._seq + len(events)
        kind = command_kind(events)
        self._apply(
            batch,
            Stored(first=self._seq + 1, last=last, at=batch.at, stream=stream, kind=kind, events=events),
        )

    async def put_record(self, kind: str, id: str, body: str | None) -> None:
        await self._write_beside({"record": [kind, id, body]})
        self._keep_record(kind, id, body)

    async def put_blob(self, blob: Blob) -> None:
        await self._write_beside({"blob": blob})
        self._keep_blob(blob)

    async def _write_beside(self, record: dict[str, object]) -> None:
        if self._stopped is not None:
            raise self._stopped
        try:
            self._disk.write(_frame(codec.encode(record)))
            await self._disk.sync()
        except OSError as error:
            self._stop(f"a commit failed: {error}", [])
            raise JournalStopped(f"a commit failed: {error}") from error

    def is_erased(self, owner: str) -> bool:
        return owner in self._erased

    async def erasing(self) -> list[str]:
        return [owner for owner, is_gone in self._erased.items() if not is_gone]

    async def erase(self, owners: Sequence[str]) -> bool:
        await self._write_beside({"erased": list(owners)})
        self._remove(owners)
        return True

    async def unindex(self, case: str, rows: Sequence[int]) -> None:
        """Nothing to do: the index reads the vault."""

    async def index_again(self, case: str, rows: Sequence[int]) -> None:
        """Nothing to do either."""

    async def index_addresses(self, case: str) -> None:
        """Nor here."""

    async def tidy(self) -> None:
        """On its next opening the disk gives those files again, and they go again."""
        self._drop_orphans()

    def _drop_orphans(self) -> None:
        named = self._named()
        self._blobs = {hash: body for hash, body in self._blobs.items() if hash in named}

    def _holding(self) -> dict[tuple[str, str], str]:
        return {key: body for key, body in self._records.items() if key[0] in HOLDING}

    def _named(self) -> set[str]:
        """Files that a row of the vault names or a record holds."""
        held = {held_in(body).raw for body in self._holding().values()}
        return held | {hash_in(body) for body in self._vault.values()}

    def _remove(self, owners: Sequence[str]) -> None:
        theirs = [id for id, owner in self._kept_by.items() if owner in owners]
        files = {file for id in theirs if (file := hash_in(self._vault.get(id, "")))}
        for record, held in [(record, held_in(body)) for record, body in self._holding().items()]:
            if held.owner in owners:
                files.add(held.raw)
                del self._records[record]
        for id in theirs:
            self._vault.pop(id, None)
            del self._kept_by[id]
        for hash in files - self._named():
            self._blobs.pop(hash, None)
        for key in [key for key, indexed in self._addresses.items() if indexed.customer in owners]:
            del self._addresses[key]
        parts = [part for owner in owners if (part := part_named(owner)) is not None]
        documents = {id for owner in owners for id in self._owned[owner]} | {case for case, _ in parts}
        if parts:
            self._drop_orphans()
        for key, answer in self._answers.items():
            if tells_of(answer.body, documents):
                self._answers[key] = replace(answer, status=410, body=GONE)
        self._erased.update(dict.fromkeys(owners, True))

    def _keep_blob(self, blob: Blob) -> None:
        self._blobs[blob.hash] = blob.body

    def _keep_record(self, kind: str, id: str, body: str | None) -> None:
        if body is None:
            self._records.pop((kind, id), None)
        else:
            self._records[(kind, id)] = body

    async def forget_answers(self, before: Ms) -> int:
        old = [key for key, answer in self._answers.items() if answer.kept_until < before]
        for key in old:
            del self._answers[key]
        return len(old)

    # --- reading ------------------------------------------------------------------------------------------------------

    async def load_by_address(self, key: str) -> Loaded:
        found = self._addresses.get(key)
        if found is None:
            return Loaded()
        return Loaded(customer=found.customer, address=found.address, state=self._live_of(found.customer))

    async def load_by_document(self, id: str) -> Loaded:
        document = self._documents.get(id)
        if document is None:
            return Loaded()
        owner = owner_of(document)
        return Loaded(customer=owner, state=self._live_of(owner) | {id: document})

    def _live_of(self, owner: str) -> State:
        return {id: d for id in sorted(self._owned[owner]) if is_live(d := self._documents[id])}

    async def owned(self, owner: str) -> list[Document]:
        return [self._documents[id] for id in sorted(self._owned[owner])]

    async def document(self, id: str) -> Document | None:
        return self._documents.get(id)

    async def listed(self, prefix: str, *, before: str | None, limit: int) -> list[str]:
        found = sorted((key.removeprefix(prefix) for key in self._addresses if key.startswith(prefix)), reverse=True)
        return [rest for rest in found if before is None or rest < before][:limit]

    async def live(self, kind: type[Document]) -> list[Document]:
        return [d for _, d in sorted(self._documents.items()) if isinstance(d, kind) and is_live(d)]

    async def documents(self, kind: type[Document], *, after: str, limit: int) -> list[Document]:
        return [d for id, d in sorted(self._documents.items()) if isinstance(d, kind) and id > after][:limit]

    async def cases(self, *, before: str | None, limit: int, owner: str | None = None) -> list[Case]:
        found = [
            d
            for id, d in sorted(self._documents.items(), reverse=True)
            if isinstance(d, Case) and (before is None or id < before) and (owner is None or d.customer == owner)
        ]
        return found[:limit]

    async def messages(self, *, states: tuple[str, ...], after: str, limit: int) -> list[Message]:
        found = [
            d
            for id, d in sorted(self._documents.items())
            if isinstance(d, Message) and d.state in states and id > after
        ]
        return found[:limit]

    async def entries(self, case: str, *, after: int, limit: int, kinds: tuple[str, ...] = ()) -> list[Entry]:
        found = [e for e in self._entries[case] if e.n > after and (not kinds or e.kind in kinds)]
        return sorted(found, key=lambda e: e.n)[:limit]

    async def lines(self, address: str, *, after: int, limit: int) -> list[tuple[int, Event]]:
        return sorted((line for line in self._lines[address] if line[0] > after), key=lambda line: line[0])[:limit]

    async def timeline(
        self, cases: Sequence[str], *, after: int, limit: int, kinds: tuple[str, ...] = (), newest: bool = False
    ) -> list[tuple[int, Entry]]:
        moved = [key for key, to in self._moved.items() if to in cases and key[0] not in cases]
        keys = [(case, entry.n) for case in cases for entry in self._entries[case]]
        here = [key for key in keys if self._moved.get(key, key[0]) in cases] + moved
        found = [(self._numbers[key], self._row(*key)) for key in here if self._numbers[key] > after]
        found = sorted((one for one in found if not kinds or one[1].kind in kinds), key=lambda one: one[0])
        return found[-limit:] if newest else found[:limit]

    async def rows(self, ids: Sequence[tuple[str, int]]) -> list[tuple[str, Entry]]:
        return [(self._moved.get(id, id[0]), self._row(*id)) for id in ids if id in self._numbers]

    def _row(self, case: str, n: int) -> Entry:
        return next(entry for entry in self._entries[case] if entry.n == n)

    async def words(self, ids: list[str]) -> dict[str, str]:
        return {id: self._vault[id] for id in ids if id in self._vault}

    async def blob(self, hash: str) -> bytes | None:
        return self._blobs.get(hash)

    async def answer(self, key: str) -> Answer | None:
        return self._answers.get(key)

    async def batches(self, *, after: int, limit: int, kinds: tuple[str, ...] = ()) -> list[Stored]:
        start = bisect_right(self._log, after, key=lambda stored: stored.last)
        found: list[Stored] = []
        for stored in self._log[start:]:
            if not kinds or stored.kind in kinds:
                found.append(stored)
            if len(found) == limit:
                break
        return found

    async def domain_batches(self, *, after: int, limit: int) -> list[Stored]:
        found = (s for s in self._log[bisect_right(self._log, after, key=lambda s: s.last) :] if s.stream == DOMAIN)
        return list(islice(found, limit))

    async def record(self, kind: str, id: str) -> str | None:
        return self._records.get((kind, id))

    async def records(self, kind: str) -> dict[str, str]:
        return {id: body for (k, id), body in sorted(self._records.items()) if k == kind}

    @property
    def indexed_to(self) -> int:
        return self._search.position

    async def index(self, batches: Sequence[Stored]) -> None:
        if self._stopped is not None:
            raise self._stopped
        self._search.write(batches)

    async def find_cases(
        self, terms: Sequence[Term], *, before: str | None, limit: int, owner: str | None = None
    ) -> Found:
        return self._search.find("case", terms, before=before, limit=limit, owner=owner)

    async def find_customers(self, terms: Sequence[Term], *, before: str | None, limit: int) -> Found:
        return self._search.find("customer", terms, before=before, limit=limit)

    async def counts(self) -> dict[str, int]:
        found: dict[str, int] = defaultdict(int)
        for document in self._documents.values():
            found[codec.KIND_OF[type(document)]] += 1
        return dict(sorted(found.items()))

    async def backup(self, to: Path) -> None:
        if to.exists():
            raise FileExistsError(f"{to} exists; a backup never overwrites")
        to.write_bytes(self._disk.read())

    async def close(self) -> None:
        while self._writing is not None:
            await asyncio.wait([self._writing])
        self._stopped = self._stopped or JournalClosed()


def _is_of(indexed: Indexed, batch: Batch) -> bool:
    """Whether a key is of somebody whom a batch erases, or leads to a document that it changes."""
    leads_to = [part[1] for owner in batch.erased if (part := part_named(owner)) is not None]
    leads_to += [document.id for document, _ in batch.documents]
    return indexed.customer in batch.erased or indexed.address in leads_to


def _batch_record(batch: Batch) -> bytes:
    return codec.encode(
        {
            "stream": batch.stream,
            "at": batch.at,
            "key": batch.key,
            "events": Raw(codec.encode_events(batch.events).encode()),
            "kept": batch.kept,
            "indexed": batch.indexed,
            "answer": batch.answer,
        }
        | ({"blobs": batch.blobs} if batch.blobs else {})
        | ({"erased": batch.erased, "unindexed": batch.unindexed} if batch.erased or batch.unindexed else {})
        | ({"forgotten": batch.forgotten} if batch.forgotten else {})
    )


def next_frame(data: bytes | memoryview, at: int) -> tuple[bytes, int] | None:
    """The record that begins at byte `at`, and where the next one does. None: there is no whole one; what stands there
    is the torn end of the last write. Raises JournalUnusable for any other damage."""
    header = bytes(data[at : at + HEADER_BYTES])
    if len(header) < HEADER_BYTES:
        return None
    size = int.from_bytes(header[:4], "big")
    if header[8:] != _sum(header[:8]):  # a length that is not sure must not say what is the end
        raise JournalUnusable(f"the log is damaged at byte {at}: restore a backup")
    body = bytes(data[at + HEADER_BYTES : at + HEADER_BYTES + size])
    if len(body) == size and _sum(body) == header[4:8]:
        return body, at + HEADER_BYTES + size
    if len(data) - at > HEADER_BYTES + size:
        raise JournalUnusable(f"the log is damaged at byte {at}: restore a backup")
    return None


def _frame(body: bytes) -> bytes:
    header = len(body).to_bytes(4, "big") + _sum(body)
    return header + _sum(header) + body


def _sum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")
