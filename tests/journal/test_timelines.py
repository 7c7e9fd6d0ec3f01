"""Rows of joined and split cases, over both engines: one order, pages without gap or repeat, each row on one case."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bench.filling import TickingClock
from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import (
    SYSTEM,
    CustomerCommand,
    MergeCases,
    MergeCustomers,
    SplitCase,
    TakeContact,
    UnmergeCases,
    UnmergeCustomers,
)
from router.core.documents import Case
from router.core.errors import Rejected
from router.core.events import CasesMerged, CaseSplit, CustomersMerged
from router.core.words import CaseId, Channel, MergeId
from router.journal.base import Journal
from router.journal.faultpoints import FaultPoints
from router.journal.memory import MemoryJournal, RamDisk
from router.journal.sqlite import SqliteJournal
from router.node.customers import CustomerScope
from router.node.taking import Means

HERS, HIS = "+12125550142", "+12125550177"
Shown = list[tuple[str, int]]


class Engine:
    """A journal with a customer scope on it; both can be opened again on what was left behind."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder, self.disk = kind, folder, RamDisk()
        self.journal: Journal
        self.scope: CustomerScope
        self.count = 0
        self._clock = TickingClock()

    async def open(self) -> None:
        if self.kind == "memory":
            self.journal = await MemoryJournal.open(self.disk)
        else:
            self.journal = await SqliteJournal.open(self.folder / "data")
        facts = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
        policy = parse_policies(default_policy_files(), 1)
        means = Means(secret=b"s" * 32, policy=policy, facts_of=lambda _: facts, senders={})
        means.cases_opened = (await self.journal.counts()).get("case", 0)
        self.scope = CustomerScope(journal=self.journal, clock=self._clock, means=means, faults=FaultPoints())

    async def reopen(self) -> None:
        await self.journal.close()
        await self.open()

    async def writes(self, sender: str, text: str = "E42") -> None:
        self.count += 1
        command = TakeContact(
            key=f"SM{self.count}", channel=Channel.SMS, sender=sender, via="+1", at=Ms(self._clock.now()), text=text
        )
        await self.scope.take(command)

    async def do(self, command: CustomerCommand) -> str:
        """Take a command that joins or splits; what undoes it."""
        outcome = await self.scope.take(command)
        assert outcome.decision is not None
        for event in outcome.decision.events:
            match event:
                case CasesMerged() | CustomersMerged():
                    return event.merge
                case CaseSplit():
                    return event.split
                case _:
                    pass
        return ""

    async def cases(self) -> list[Case]:
        """Of everybody, the oldest first."""
        return (await self.journal.cases(before=None, limit=100))[::-1]

    async def joined(self) -> tuple[Case, Case, str]:
        """Two people of three texts each, and their cases as one; and what tells the people apart again."""
        for _ in range(3):
            await self.writes(HERS)
            await self.writes(HIS, "my bill")
        hers, his = await self.cases()
        people = await self.do(MergeCustomers(key="p", customer=his.customer, into=hers.customer, actor=SYSTEM))
        await self.do(MergeCases(key="m", case=his.id, into=hers.id, actor=SYSTEM))
        return hers, his, people

    async def pages(self, *cases: str, size: int) -> Shown:
        """All rows of a timeline, read page by page."""
        found: Shown = []
        after = 0
        while page := await self.journal.timeline(list(cases), after=after, limit=size):
            found += [(entry.case, entry.n) for _, entry in page]
            after = page[-1][0]
        return found


@pytest.fixture(params=["memory", "sqlite"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    engine = Engine(request.param, tmp_path)
    await engine.open()
    yield engine
    await engine.journal.close()


async def test_rows_of_several_cases_come_in_the_order_of_the_log(engine: Engine):
    """Page by page, of whatever size, every row once; the newest are the end of it."""
    hers, his, _ = await engine.joined()
    whole = await engine.pages(hers.id, his.id, size=1000)
    for id in (hers.id, his.id):
        assert [n for case, n in whole if case == id] == list(range(1, len([1 for c, _ in whole if c == id]) + 1))
    for size in (1, 2, 3, 7):
        assert await engine.pages(hers.id, his.id, size=size) == whole
    last = await engine.journal.timeline([hers.id, his.id], after=0, limit=3, newest=True)
    assert [(entry.case, entry.n) for _, entry in last] == whole[-3:]
    only = await engine.journal.timeline([hers.id, his.id], after=0, limit=100, kinds=("message",))
    assert len(only) == 6
    await engine.reopen()
    assert await engine.pages(hers.id, his.id, size=2) == whole


async def test_a_row_that_was_split_off_stands_in_one_case_alone(engine: Engine):
    """Under the id that it came in with; after a restart too; and back again when that is undone."""
    for text in ("E42", "my bill", "still E42"):
        await engine.writes(HERS, text)
    [case] = await engine.cases()
    rows = [entry for _, entry in await engine.journal.timeline([case.id], after=0, limit=50, kinds=("message",))]
    split = SplitCase(key="s", case=case.id, entries=(f"{case.id}/{rows[1].n}",), actor=SYSTEM)
    undoing = await engine.do(split)
    new = (await engine.cases())[1]
    for _ in range(2):
        moved = await engine.journal.timeline([new.id], after=0, limit=50, kinds=("message",))
        assert [(entry.case, entry.n) for _, entry in moved] == [(case.id, rows[1].n)]
        stay = await engine.journal.timeline([case.id], after=0, limit=50, kinds=("message",))
        assert [entry.n for _, entry in stay] == [rows[0].n, rows[2].n]
        assert [here for here, _ in await engine.journal.rows([(case.id, 1), (case.id, rows[1].n)])] == [
            case.id,
            new.id,
        ]
        await engine.reopen()
    await engine.do(UnmergeCases(key="u", merge=MergeId(undoing), actor=SYSTEM))
    back = await engine.journal.timeline([case.id], after=0, limit=50, kinds=("message",))
    assert [entry.n for _, entry in back] == [row.n for row in rows]
    assert await engine.journal.timeline([new.id], after=0, limit=50, kinds=("message",)) == []


async def test_one_persons_documents_are_one_working_set(engine: Engine):
    """Whoever writes is found under whom they stand, also after a restart, and by themselves once told apart."""
    hers, his, people = await engine.joined()
    assert await engine.scope.root_of(his.customer) == hers.customer
    await engine.reopen()
    assert await engine.scope.root_of(his.customer) == hers.customer
    await engine.writes(HIS, "and the address")
    head = await engine.journal.document(hers.id)
    assert isinstance(head, Case)
    assert (head.contacts, head.parts) == (7, (his.id,))
    await engine.do(UnmergeCustomers(key="u", merge=MergeId(people), actor=SYSTEM))
    assert await engine.scope.root_of(his.customer) == his.customer
    for sender, id, contacts in ((HERS, hers.id, 4), (HIS, his.id, 5)):
        await engine.writes(sender)
        case = await engine.journal.document(id)
        assert isinstance(case, Case)
        assert (case.contacts, case.joined, case.parts, case.side) == (contacts, None, (), None)


async def test_joining_two_people_races_what_they_write(engine: Engine):
    """Nothing is lost, nobody becomes two, and each row stands with its own customer, whatever comes at the same time."""
    await engine.writes(HERS)
    await engine.writes(HIS, "my bill")
    hers, his = await engine.cases()

    async def joins() -> None:
        for n in range(10):
            merge = await engine.do(
                MergeCustomers(key=f"p{n}", customer=his.customer, into=hers.customer, actor=SYSTEM)
            )
            await engine.do(MergeCases(key=f"m{n}", case=his.id, into=hers.id, actor=SYSTEM))
            await engine.do(UnmergeCustomers(key=f"u{n}", merge=MergeId(merge), actor=SYSTEM))

    async def both_write(sender: str) -> None:
        for _ in range(40):
            await engine.writes(sender)

    await asyncio.gather(joins(), both_write(HERS), both_write(HIS))
    assert (await engine.journal.counts())["customer"] == 2
    assert [case.contacts for case in await engine.cases()] == [41, 41]
    for case in await engine.cases():
        rows = await engine.journal.entries(case.id, after=0, limit=1000, kinds=("message",))
        assert {row.author_id for row in rows} == {case.customer}


async def test_a_case_of_somebody_else_is_not_taken_in(engine: Engine):
    await engine.writes(HERS)
    await engine.writes(HIS)
    hers, his = await engine.cases()
    for command in (
        MergeCases(key="a", case=his.id, into=hers.id, actor=SYSTEM),
        MergeCases(key="b", case=hers.id, into=CaseId("case_0"), actor=SYSTEM),
        UnmergeCases(key="c", merge=MergeId("mrg_0"), actor=SYSTEM),
        MergeCustomers(key="d", customer=hers.customer, into=hers.customer, actor=SYSTEM),
    ):
        with pytest.raises(Rejected):
            await engine.scope.take(command)
    assert all(case.is_head for case in await engine.cases())
