"""Fills a journal with open cases, or one case with messages, through the core and the engine, without sockets."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from channels.numbers import facts_of
from policies import default_policy_files, parse_policies
from router.core.clock import Ms
from router.core.commands import TakeContact
from router.core.words import Channel
from router.journal.base import Journal
from router.journal.faultpoints import FaultPoints
from router.journal.sqlite import SqliteJournal
from router.node.customers import CustomerScope
from router.node.taking import Means

AT_ONCE = 256
BEGIN = Ms(1_790_000_000_000)


class TickingClock:
    """Goes on by a millisecond each time it is read."""

    def __init__(self) -> None:
        self._now = BEGIN

    def now(self) -> Ms:
        self._now = Ms(self._now + 1)
        return self._now

    async def sleep_until(self, at: Ms) -> None:
        self._now = max(self._now, at)


async def open_scope(data: Path) -> tuple[Journal, CustomerScope]:
    journal = await SqliteJournal.open(data)
    if await journal.record("instance", "secret") is None:
        await journal.put_record("instance", "secret", ("00" * 32))
    policy = parse_policies(default_policy_files(), 1)
    means = Means(secret=bytes(32), policy=policy, facts_of=facts_of, senders={})
    means.cases_opened = (await journal.counts()).get("case", 0)
    scope = CustomerScope(journal=journal, clock=TickingClock(), means=means, faults=FaultPoints())
    return journal, scope


def same_text(n: int) -> str:
    del n
    return "thermostat E42 again please look at it soon bill order late refund"


async def fill(
    scope: CustomerScope, *, first: int, count: int, people: bool = True, text: Callable[[int], str] = same_text
) -> None:
    """Take `count` texts, each of another person (a case each), or all of one person (one case)."""
    numbers = iter(range(first, first + count))

    async def worker() -> None:
        for n in numbers:
            sender = f"+1415{2_000_000 + n}" if people else "+12125550142"
            command = TakeContact(
                key=f"fill/{first}/{n}",
                channel=Channel.SMS,
                sender=sender,
                via="+14155550100",
                at=Ms(BEGIN + n),
                text=text(n),
            )
            await scope.take(command)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
