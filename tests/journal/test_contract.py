"""One contract, two engines: everything here holds for the journal in memory and on SQLite alike."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import SYSTEM, AddAddress, Blob, Indexed, TakeContact
from router.core.decide import decide
from router.core.documents import Case, Customer, State
from router.core.values import replace
from router.core.words import AddressId, Channel
from router.journal.base import (
    Answer,
    Batch,
    Journal,
    JournalStopped,
    KeyTaken,
    Stored,
    VersionConflict,
)
from router.journal.memory import MemoryJournal, RamDisk
from router.journal.sqlite import SqliteJournal
from router.node.taking import Means, batch_of

NOW = Ms(1_790_000_000_000)
POLICY = parse_policies(default_policy_files(), 1)


class Writer:
    """Makes real batches: contacts decided by the core."""

    def __init__(self, sender: str = "+12125550142") -> None:
        self.sender = sender
        facts = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
        self.means = Means(secret=b"s" * 32, policy=POLICY, facts_of=lambda _: facts, senders={})
        self.state: State = {}
        self.count = 0

    def contact(self, text: str = "E42 again", *, key: str | None = None, channel: Channel = Channel.SMS) -> Batch:
        """A text of one and the same person; the next one builds on it."""
        self.count += 1
        at = Ms(NOW + self.count)
        command = TakeContact(
            key=key or f"twilio/SM{self.count}", channel=channel, sender=self.sender, via="+1", at=at, text=text
        )
        found = next((d.addresses[0].id for d in self.state.values() if isinstance(d, Customer)), None)
        decision = decide(self.state, command, self.means.context(command, at, found))
        owner = next(d.id for d in decision.state.values() if isinstance(d, Customer))
        answer = Answer(key=command.key, status=200, body="", kept_until=Ms(at + 1000))
        batch = batch_of(owner, command, self.state, decision, at=at, answer=answer)
        self.state = decision.state
        return batch

    def adds(self, address: str) -> Batch:
        """One more address of this person is noted."""
        self.count += 1
        at = Ms(NOW + self.count)
        customer = next(d for d in self.state.values() if isinstance(d, Customer))
        command = AddAddress(key=f"add/{address}", customer=customer.id, address=address, actor=SYSTEM)
        decision = decide(self.state, command, self.means.context(command, at))
        batch = batch_of(customer.id, command, self.state, decision, at=at, answer=None)
        self.state = decision.state
        return batch

    @property
    def case(self) -> Case:
        return next(d for d in self.state.values() if isinstance(d, Case))


class Engine:
    """One engine that can be closed and opened again on what it left behind."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind = kind
        self.folder = folder
        self.disk = RamDisk()
        self.journal: Journal

    async def open(self) -> Journal:
        if self.kind == "memory":
            self.journal = await MemoryJournal.open(self.disk)
        else:
            self.journal = await SqliteJournal.open(self.folder / "data")
        return self.journal

    async def reopen(self) -> Journal:
        await self.journal.close()
        return await self.open()


@pytest.fixture(params=["memory", "sqlite"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    engine = Engine(request.param, tmp_path)
    await engine.open()
    yield engine
    await engine.journal.close()


async def test_numbers_are_gapless_and_batches_come_back_whole(engine: Engine):
    writer, journal = Writer(), engine.journal
    stored = [await journal.append(writer.contact()) for _ in range(5)]
    assert stored[0].first == 1
    assert all(later.first == earlier.last + 1 for earlier, later in zip(stored, stored[1:], strict=False))
    assert journal.last_seq == stored[-1].last
    assert await journal.batches(after=0, limit=100) == stored
    assert await journal.batches(after=stored[1].last, limit=2) == stored[2:4]
    assert await journal.batches(after=stored[1].last - 1, limit=1) == stored[1:2], (
        "a number inside a batch gives it whole"
    )


async def test_what_was_acknowledged_is_there_after_a_restart(engine: Engine):
    writer = Writer()
    first = writer.contact("the flat is cold")
    await engine.journal.append(first)
    await engine.journal.append(writer.contact("still cold"))
    await engine.journal.put_record("cursor", "relay", "7")
    journal = await engine.reopen()
    loaded = await journal.load_by_address("tel:12125550142")
    assert loaded.state == {d.id: d for d in writer.state.values()}
    assert loaded.customer in loaded.state
    entries = await journal.entries(writer.case.id, after=0, limit=10)
    assert [e.n for e in entries] == [1, 2, 3]
    words = await journal.words([str(e.words) for e in entries if e.words])
    assert sorted(words.values()) == ["still cold", "the flat is cold"]
    assert await journal.record("cursor", "relay") == "7"
    assert (await journal.answer("twilio/SM1")) == first.answer


async def test_lines_of_a_chat_are_found_by_their_number(engine: Engine):
    """Whoever comes back asks for what follows the last line they have; other chats and texts are not among it."""
    one, other, by_text = Writer("chat:sit_1/a"), Writer("chat:sit_1/b"), Writer()
    for n in range(4):
        await asyncio.gather(
            engine.journal.append(one.contact(f"line {n + 1}", key=f"a{n}", channel=Channel.CHAT)),
            engine.journal.append(other.contact("theirs", key=f"b{n}", channel=Channel.CHAT)),
            engine.journal.append(by_text.contact(key=f"t{n}")),
        )
    [address] = [d.addresses[0].id for d in one.state.values() if isinstance(d, Customer)]
    for is_again in (False, True):
        journal = await engine.reopen() if is_again else engine.journal
        rows = await journal.lines(address, after=1, limit=2)
        assert [n for n, _ in rows] == [2, 3]
        words = await journal.words([str(getattr(event, "words", "")) for _, event in rows])
        assert sorted(words.values()) == ["line 2", "line 3"]
        assert [n for n, _ in await journal.lines(address, after=0, limit=50)] == [1, 2, 3, 4]
        assert await journal.lines(address, after=4, limit=50) == []
        assert await journal.lines("adr_nobody", after=0, limit=50) == []


async def test_a_key_is_done_once_also_within_one_group(engine: Engine):
    one, other = Writer(), Writer("+12125550143")
    futures = [engine.journal.append(one.contact(key="k")), engine.journal.append(other.contact(key="k"))]
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert [type(r) for r in results] == [Stored, KeyTaken]
    with pytest.raises(KeyTaken):
        await engine.journal.append(Writer("+12125550144").contact(key="k"))
    assert engine.journal.last_seq == futures[0].result().last, "a refused batch takes no number"


async def test_a_conflict_refuses_that_batch_alone(engine: Engine):
    writer = Writer()
    await engine.journal.append(writer.contact())
    before = writer.state
    good = writer.contact()
    writer.state = before
    stale = writer.contact(key="other")
    apart = Writer("+12125550143")
    apart.count = 100
    results = await asyncio.gather(
        *(engine.journal.append(batch) for batch in (good, stale, apart.contact())), return_exceptions=True
    )
    assert [type(r) for r in results] == [Stored, VersionConflict, Stored]


async def test_an_address_leads_to_one_customer(engine: Engine):
    """Two first contacts of one number that met nobody's lock: the second is refused, to be decided again."""
    one, other = Writer(), Writer()
    other.count = 50
    results = await asyncio.gather(*(engine.journal.append(w.contact()) for w in (one, other)), return_exceptions=True)
    assert [type(r) for r in results] == [Stored, VersionConflict]
    other = Writer()
    other.count = 70
    with pytest.raises(VersionConflict):
        await engine.journal.append(other.contact())


async def test_listeners_hear_each_batch_in_order_before_its_answer(engine: Engine):
    heard: list[Stored] = []
    engine.journal.listen(heard.extend)
    writer = Writer()
    futures = [engine.journal.append(writer.contact()) for _ in range(20)]
    for future in futures:
        assert (await future) in heard
    assert [s.first for s in heard] == sorted(s.first for s in heard)


async def test_a_listener_that_fails_stops_the_engine(engine: Engine):
    """Whoever missed something knows less than the disk: nothing is acknowledged from there on, nobody waits for ever,
    and it is said who it was. What was committed is there after a start."""

    def forgets(batches: list[Stored]) -> None:
        raise KeyError("work_1")

    heard: list[Stored] = []
    engine.journal.listen(forgets)
    engine.journal.listen(heard.extend)
    writer = Writer()
    futures = [engine.journal.append(writer.contact()) for _ in range(3)]
    for future in futures:
        with pytest.raises(JournalStopped, match="forgets failed over what was committed: KeyError"):
            await future
    with pytest.raises(JournalStopped, match="forgets"):
        await engine.journal.append(writer.contact())
    assert heard == []
    assert (await engine.reopen()).last_seq > 0


async def test_reads_are_bounded_and_in_order(engine: Engine):
    writer, journal = Writer(), engine.journal
    for _ in range(30):
        await journal.append(writer.contact())
    case = writer.case.id
    assert [e.n for e in await journal.entries(case, after=5, limit=4)] == [6, 7, 8, 9]
    assert len(await journal.entries(case, after=0, limit=100, kinds=("message",))) == 30
    assert await journal.entries("case_none", after=0, limit=5) == []
    assert [c.id for c in await journal.cases(before=None, limit=5)] == [case]
    assert await journal.cases(before=case, limit=5) == []
    assert await journal.document(case) == writer.case
    assert await journal.document("case_none") is None
    assert (await journal.load_by_document("case_none")).customer is None
    assert (await journal.load_by_document(case)).customer == writer.case.customer
    assert await journal.counts() == {"case": 1, "customer": 1}
    assert [d.id for d in await journal.live(Case)] == [case]


async def test_what_is_indexed_under_a_beginning_is_listed_from_its_end(engine: Engine):
    """Keys that begin alike, the greatest first, below any of them; neighbours in the alphabet are not among them."""
    writer, journal = Writer(), engine.journal
    for name in ("a", "c", "b"):
        batch = writer.contact()
        owner = writer.case.customer
        keys = (f"list {name}", f"lis {name}", f"list!{name}")
        more = tuple(Indexed(key=key, address=AddressId(name), customer=owner) for key in keys)
        await journal.append(replace(batch, indexed=(*batch.indexed, *more)))
    assert await journal.listed("list ", before=None, limit=10) == ["c", "b", "a"]
    assert await journal.listed("list ", before="c", limit=1) == ["b"]
    assert await journal.listed("list ", before="a", limit=10) == []
    assert await journal.listed("none ", before=None, limit=10) == []


async def test_records_are_written_replaced_and_deleted(engine: Engine):
    journal = engine.journal
    await journal.put_record("token", "b", "1")
    await journal.put_record("token", "a", "2")
    await journal.put_record("token", "b", "3")
    assert await journal.records("token") == {"a": "2", "b": "3"}
    await journal.put_record("token", "a", None)
    assert await journal.record("token", "a") is None


async def test_old_answers_are_forgotten_young_ones_kept(engine: Engine):
    writer, journal = Writer(), engine.journal
    for _ in range(3):
        await journal.append(writer.contact())
    assert await journal.forget_answers(Ms(NOW + 1002)) == 1
    assert await journal.answer("twilio/SM1") is None
    assert await journal.answer("twilio/SM2") is not None


async def test_a_backup_taken_while_writing_is_whole(engine: Engine, tmp_path: Path):
    writer, journal = Writer(), engine.journal
    for _ in range(10):
        await journal.append(writer.contact())
    under_way = [journal.append(writer.contact()) for _ in range(50)]
    await journal.backup(tmp_path / "copy")
    await asyncio.gather(*under_way)
    with pytest.raises(FileExistsError):
        await journal.backup(tmp_path / "copy")
    copied = await _open_copy(engine.kind, tmp_path)
    batches = await copied.batches(after=0, limit=1000)
    assert len(batches) >= 10
    assert batches == (await journal.batches(after=0, limit=len(batches)))
    await copied.close()


async def _open_copy(kind: str, tmp_path: Path) -> Journal:
    if kind == "memory":
        disk = RamDisk()
        disk.data = (tmp_path / "copy").read_bytes()  # noqa: ASYNC240
        return await MemoryJournal.open(disk)
    folder = tmp_path / "restored"
    folder.mkdir()
    (tmp_path / "copy").rename(folder / "journal.db")
    return await SqliteJournal.open(folder)


async def test_a_closed_journal_takes_nothing(engine: Engine):
    writer = Writer()
    await engine.journal.append(writer.contact())
    await engine.journal.close()
    with pytest.raises(JournalStopped):
        await engine.journal.append(writer.contact())
    await engine.open()


async def test_the_ten_thousandth_row_costs_what_the_tenth_did(engine: Engine):
    """Shapes, not seconds: a case stays small and each text adds the same rows, whatever its number."""
    writer, journal = Writer(), engine.journal
    sizes: list[tuple[int, int, int]] = []
    for n in range(1, 301):
        batch = writer.contact()
        await journal.append(batch)
        if n in (10, 300):
            sizes.append((len(batch.documents), len(batch.rows), len(batch.kept)))
    assert sizes[0] == sizes[1] == (1, 1, 1)


async def test_files_stand_once_under_their_hash_and_survive_a_restart(engine: Engine):
    """Small ones come with the batch that speaks of them, large ones before it; the same content is kept once."""
    small, large = Blob(hash="a" * 64, body=b"\x00\xff small"), Blob(hash="b" * 64, body=bytes(range(256)) * 3_000)
    empty = Blob(hash="c" * 64, body=b"")
    journal = engine.journal
    await journal.put_blob(large)
    await journal.put_blob(large)
    writer = Writer()
    await journal.append(replace(writer.contact(), blobs=(small, empty)))
    await journal.append(replace(writer.contact(), blobs=(small,)))
    journal = await engine.reopen()
    assert await journal.blob(small.hash) == small.body
    assert await journal.blob(large.hash) == large.body
    assert await journal.blob(empty.hash) == b""
    assert await journal.blob("d" * 64) is None
