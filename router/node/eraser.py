"""The eraser: brings every erasure to its end, a consumer of the log whose debts stand in the journal itself.

Its one rule: who is erased is put down in the ledger, then removed piece by piece, and owed until nothing is left.
A crash at any instant costs doing it again. At a start whoever the ledger names is erased again before anybody is let
in: a restored backup brings nobody back.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from channels.clock import Activity
from router.core.clock import Clock, Ms
from router.core.commands import SYSTEM, EraseCustomer, ErasePart, UnmergeCustomers
from router.core.documents import Case, Customer
from router.core.errors import Rejected
from router.core.events import CustomerErased, ParticipantErased
from router.core.taking_part import owner_of_part, part_named, takes_part
from router.core.words import MINUTE_MS, AddressId, CaseId, CustomerId
from router.journal.base import Journal, Stored
from router.journal.erasures import Ledger
from router.journal.faultpoints import FaultPoints
from router.node.paging import pages
from router.node.person import person_in

TOGETHER_MAX = 100
"""Customers whose words are removed in one pass through the vault."""
AGAIN_MS = MINUTE_MS
"""What could not go yet is tried again after this."""

log = structlog.get_logger("onecase.erasing")


class Eraser:
    def __init__(
        self, *, journal: Journal, ledger: Ledger, clock: Clock, activity: Activity, faults: FaultPoints
    ) -> None:
        self._journal = journal
        self._ledger = ledger
        self._clock = clock
        self._activity = activity
        self._faults = faults
        self._owed: dict[str, None] = {}
        self._news = asyncio.Event()
        self._settled: list[asyncio.Future[None]] = []

    @property
    def owed(self) -> int:
        """Customers of whom something is still to be removed."""
        return len(self._owed)

    def hear(self, batches: list[Stored]) -> None:
        for stored in batches:
            for event in stored.events:
                if isinstance(event, CustomerErased):
                    self._owed[event.customer] = None
                    self._news.set()
                elif isinstance(event, ParticipantErased):
                    self._owed[owner_of_part(event.case, event.address)] = None
                    self._news.set()

    async def begin(self, take: Callable[[EraseCustomer | ErasePart | UnmergeCustomers], Awaitable[object]]) -> int:
        """Erase again whom the ledger names and this journal still has, and finish what is owed. Returns how many were
        erased again."""
        again, named = 0, set(await self._ledger.erased())
        for id in sorted(named):
            if (part := part_named(id)) is not None:
                again += await self._part_again(*part, take)
                continue
            if self._journal.is_erased(id) or not isinstance(await self._journal.document(id), Customer):
                continue
            await self._take_apart(id, named, take)
            try:
                await take(EraseCustomer(key=f"again/{id}", customer=CustomerId(id), actor=SYSTEM, why="again"))
            except Rejected:
                continue
            again += 1
        self._owed |= dict.fromkeys(await self._journal.erasing())
        while self._owed:
            await self._pass()
        if again:
            log.warning("erased again, as the ledger says", customers=again)
        return again

    async def _part_again(self, id: CaseId, address: AddressId, take: Callable[[ErasePart], Awaitable[object]]) -> bool:
        """Whether somebody took part in a case of this journal who was erased there."""
        case = await self._journal.document(id)
        if not isinstance(case, Case) or not takes_part(case, address):
            return False
        command = ErasePart(key=f"again/{id}/{address}", case=id, address=address, actor=SYSTEM, why="again")
        try:
            await take(command)
        except Rejected:
            return False
        return True

    async def _take_apart(
        self, id: str, named: set[str], take: Callable[[UnmergeCustomers], Awaitable[object]]
    ) -> None:
        """Whoever was one person with them in the backup, and was not erased, stays: they were taken apart since."""
        for one in await person_in(self._journal, id):
            if one.joined is None or (one.id in named) is (one.joined.into in named):
                continue
            merge = one.joined.id
            with suppress(Rejected):
                await take(UnmergeCustomers(key=f"again/{merge}", merge=merge, actor=SYSTEM))

    async def run(self) -> None:
        """Erase for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            with self._activity.doing("eraser"):
                while self._owed and await self._pass():
                    pass
            if self._owed:
                await self._clock.sleep_until(Ms(self._clock.now() + AGAIN_MS))
                self._news.set()

    async def finished(self, owner: str) -> None:
        """Wait until nothing of `owner` is owed."""
        while owner in self._owed:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settled.append(done)
            await done

    async def _pass(self) -> bool:
        """One pass through the vault for all who are owed. False: something could not go yet."""
        owners: Sequence[str] = list(self._owed)[:TOGETHER_MAX]
        at = datetime.fromtimestamp(self._clock.now() / 1000, tz=UTC).isoformat(timespec="seconds")
        self._faults.reach("erase.before_ledger")
        for folder in await self._ledger.note(owners, at):
            log.warning("the ledger of erasures could not be written beside the backups", folder=folder)
        for case, address in filter(None, map(part_named, owners)):
            await self._unfind(case, address)
        is_gone = await self._journal.erase(owners)
        if is_gone:
            for owner in owners:
                self._owed.pop(owner, None)
            log.info("erased", customers=len(owners))
        settled, self._settled = self._settled, []
        for done in settled:
            if not done.done():
                done.set_result(None)
        return is_gone

    async def _unfind(self, id: CaseId, address: AddressId) -> None:
        """A case is found no more by what it held of somebody who took part: by their rows, and by mails that named
        them."""
        async for rows in pages(self._journal, id):
            told = [row.n for row in rows if row.address == address or row.letter is not None]
            await self._journal.unindex(id, told)
            await self._journal.index_again(id, told)
        await self._journal.index_addresses(id)
