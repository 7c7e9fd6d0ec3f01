"""Retention: lets go by itself of what the policy keeps no longer, a consumer of cases with a durable cursor.

Its one rule: it goes through all cases again and again, a bounded piece at a time, and what a case has let go is an
event, so that a crash or a restart does nothing twice and forgets nothing. A hold stops it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from channels.clock import Activity
from policies import PolicySet, Retention
from policies.retention import JUNK, KINDS
from router.core.clock import Clock, Ms
from router.core.commands import SYSTEM, Command, EraseCustomer, ForgetWords
from router.core.documents import Case, Customer, Entry
from router.core.errors import Rejected
from router.core.junk import LISTED
from router.core.words import DAY_MS, HOUR_MS, MINUTE_MS, VaultId
from router.journal.base import Journal
from router.node.aside import Aside
from router.node.paging import pages
from router.node.person import person_in
from router.node.uploads import Uploads

PIECE = 200
"""Cases that are looked at between two pauses."""
PAUSE_MS = 10 * MINUTE_MS
ROUND_MS = 6 * HOUR_MS
"""From the end of one way through all cases to the beginning of the next."""
CURSOR = "retention"
SPOKEN = ("recording", "recorded")
"""Rows of the timeline whose file is what was recorded of a call."""

log = structlog.get_logger("onecase.retention")


@dataclass(slots=True)
class Holdings:
    """Where everything of one case stands in the vault, by what it is."""

    ids: dict[str, list[VaultId]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    rows: list[int] = field(default_factory=list[int])  # of the timeline that say words

    def add(self, entry: Entry) -> None:
        """A row of the timeline. By what name somebody wrote is the customer's, and goes with them."""
        is_spoken = entry.facts.get("what") in SPOKEN
        self.ids["recordings" if is_spoken else "files"] += entry.media
        words = [id for id in (entry.words, entry.said) if id is not None]
        if (letter := entry.letter) is not None:
            parts = (letter.subject, letter.full, letter.html, *letter.to, *letter.copies)
            words += [id for id in parts if id is not None]
            self.ids["mails"].append(letter.raw)
        self.ids["words"] += words
        if words or entry.media:
            self.rows.append(entry.n)


class RetentionClock:
    def __init__(
        self,
        *,
        journal: Journal,
        aside: Aside,
        uploads: Uploads,
        take: Callable[[Command], Awaitable[object]],
        policy: Callable[[], PolicySet],
        clock: Clock,
        activity: Activity,
    ) -> None:
        self._journal = journal
        self._aside = aside
        self._uploads = uploads
        self._take = take
        self._policy = policy
        self._clock = clock
        self._activity = activity
        self.forgotten = 0  # since the start of the process: kinds of cases, and customers
        self.through_at: Ms | None = None  # when all cases had been looked at last

    async def run(self) -> None:
        """Look through all cases for ever."""
        while True:
            pause_ms = ROUND_MS
            if await self._uploads.forget():
                with self._activity.doing("retention"):
                    await self._journal.tidy()
            if self._policy().settings.retention.junk is not None:
                with self._activity.doing("retention"):
                    await self._junk(self._policy().settings.retention)
            if not self._policy().settings.retention.keeps_all:
                with self._activity.doing("retention"):
                    is_through = await self._piece(self._policy().settings.retention)
                pause_ms = ROUND_MS if is_through else PAUSE_MS
            await self._clock.sleep_until(Ms(self._clock.now() + pause_ms))

    async def _piece(self, rules: Retention) -> bool:
        """Look at the next cases. True: they were the last ones."""
        after = await self._journal.record("cursor", CURSOR) or ""
        cases = [d for d in await self._journal.documents(Case, after=after, limit=PIECE) if isinstance(d, Case)]
        before = self.forgotten
        for case in cases:
            if not case.status.is_live:
                await self._look(case, rules)
        is_through = len(cases) < PIECE
        await self._journal.put_record("cursor", CURSOR, None if is_through else cases[-1].id)
        if self.forgotten > before:
            log.info("let go as the policy says", count=self.forgotten - before)
            await self._journal.tidy()
        if is_through:
            self.through_at = self._clock.now()
        return is_through

    async def _junk(self, rules: Retention) -> None:
        """What was set aside, the newest first of what is due: a few at a time, for it is looked at on each round."""
        before: str | None = f"case_{max(0, self._clock.now() - (rules.junk or 0) * DAY_MS):012x}"
        gone = self.forgotten
        await self._mails(rules)
        while ids := await self._journal.listed(LISTED, before=before, limit=PIECE):
            before = ids[-1]
            for id in ids:
                case = await self._journal.document(id)
                is_due = isinstance(case, Case) and case.junk and self._is_due(case.changed_at, rules.junk)
                if isinstance(case, Case) and is_due and await self._may_go(case):
                    await self._forget(case, [JUNK], rules)
        if self.forgotten > gone:
            log.info("junk has left the quarantine, as the policy says", count=self.forgotten - gone)
            await self._journal.tidy()

    async def _mails(self, rules: Retention) -> None:
        """Mails that could not be taken stand in the quarantine too, and have the same time there."""
        due = [one for one in await self._aside.items() if one.raw and self._is_due(max(one.at, one.since), rules.junk)]
        over = [one for one in due if not await self._is_held(one.whose)]
        await self._aside.forget(over)
        self.forgotten += len(over)

    async def _is_held(self, whose: Sequence[str]) -> bool:
        """Whether a hold stands on somebody who is found under one of these keys."""
        for key in whose:
            loaded = await self._journal.load_by_address(key)
            customer = loaded.state.get(loaded.customer or "")
            if isinstance(customer, Customer) and customer.hold is not None:
                return True
        return False

    async def _look(self, case: Case, rules: Retention) -> None:
        customer = await self._may_go(case)
        if customer is None:
            return
        if rules.customers is not None and await self._is_over(customer, rules.customers):
            key = f"retention/{customer.id}/{customer.version}"
            command = EraseCustomer(key=key, customer=customer.id, actor=SYSTEM, why="retention", whole_person=True)
            await self._try(command)
            return
        due = [k for k in KINDS if k not in case.forgotten and self._is_due(case.changed_at, rules.days(k))]
        if due:
            await self._forget(case, due, rules)

    async def _may_go(self, case: Case) -> Customer | None:
        """Whose it is, where they are there and no hold stands on them."""
        customer = await self._journal.document(case.customer)
        if not isinstance(customer, Customer) or customer.erased_at is not None or customer.hold is not None:
            return None
        return customer

    async def _is_over(self, customer: Customer, days: int) -> bool:
        """Whether nothing is open, and nothing happened for so long, of theirs and of whoever is the same person."""
        person = [customer] if customer.joined is None and not customer.members else None
        for one in person or await person_in(self._journal, customer.id):
            if not await self._is_all_over(one, days):
                return False
        return True

    async def _is_all_over(self, customer: Customer, days: int) -> bool:
        if customer.hold is not None or customer.live_cases or not self._is_due(customer.opened_at, days):
            return False
        before: str | None = None
        while cases := await self._journal.cases(before=before, limit=PIECE, owner=customer.id):
            if any(case.status.is_live or not self._is_due(case.changed_at, days) for case in cases):
                return False
            before = cases[-1].id
        return True

    def _is_due(self, since: Ms, days: int | None) -> bool:
        return days is not None and since + days * DAY_MS <= self._clock.now()

    async def _forget(self, case: Case, kinds: list[str], rules: Retention) -> None:
        held = Holdings()
        async for rows in pages(self._journal, case.id):
            for entry in rows:
                held.add(entry)
        if case.subject is not None:
            held.ids["words"].append(case.subject)
            held.rows.append(0)
        await self._journal.unindex(case.id, held.rows)  # first: what is gone is not found, whatever happens now
        everything = [id for kind in KINDS for id in held.ids[kind]]
        for kind in kinds:
            await self._try(
                ForgetWords(
                    key=f"retention/{case.id}/{kind}/{case.version}",
                    case=case.id,
                    what=kind,
                    days=rules.days(kind) or 0,
                    ids=tuple(everything if kind == JUNK else held.ids[kind]),
                    recordings=kind in ("recordings", JUNK),
                )
            )
        if "words" not in kinds and JUNK not in kinds:
            await self._journal.index_again(case.id, held.rows)

    async def _try(self, command: Command) -> None:
        """Do it; where somebody was quicker (a hold, a new word), nothing goes."""
        try:
            await self._take(command)
        except Rejected:
            return
        self.forgotten += 1
