"""Agents' time that was asked for and not answered when we stopped: answered once we are ready, each in its turn."""

import asyncio
from collections import Counter
from collections.abc import Iterator

from channels.clock import ManualClock
from channels.numbers import facts_of
from policies import default_policy_files, parse_policies
from router.core.clock import Ms
from router.core.commands import SYSTEM, CancelCallback, MakePromise, MovePromise, SetStaffing, TakeContact
from router.core.documents import Promise, Shift, Slot, Window
from router.core.events import Event, SlotAsked, SlotFreed, SlotHeld, SlotMissed, SlotRefused, SlotTaken
from router.core.words import CALLBACK, HOUR_MS, MINUTE_MS, Channel, PromiseId
from router.journal.base import Journal
from router.journal.faultpoints import FaultPoints
from router.journal.memory import MemoryJournal, RamDisk, next_frame
from router.node.bookings import AT_A_TURN
from router.node.customers import CustomerScope
from router.node.node import Node
from router.node.taking import Means

NOW = Ms(1_790_000_400_000)  # ten in the morning in New York, where a slot begins
POLICY = parse_policies(default_policy_files(), 0)
WINDOW = (Ms(NOW + 2 * HOUR_MS), Ms(NOW + 2 * HOUR_MS + 20 * MINUTE_MS))
LATER = (Ms(NOW + 3 * HOUR_MS), Ms(NOW + 3 * HOUR_MS + 20 * MINUTE_MS))
ASKED = 2 * AT_A_TURN + 5
FIT = 10
"""So many calls of five minutes have three agents time for in twenty minutes."""


async def node_on(disk: RamDisk) -> Node:
    return Node(
        journal=await MemoryJournal.open(disk),
        clock=ManualClock(NOW),
        policy=POLICY,
        policy_files=default_policy_files(),
        channels=[],
        facts_of=facts_of,
        senders={},
    )


async def fill(disk: RamDisk) -> list[PromiseId]:
    """The log of a service that stopped when many had asked for a call in the same window and none was answered: their
    promises, in the order in which they asked. The first one asked again, and last, for another one."""
    node = await node_on(disk)
    await node.start()
    shift = Shift(start=NOW, end=Ms(NOW + 12 * HOUR_MS), queue="general", count=3)
    await node.take(SetStaffing(key="staff", shifts=(shift,), shrinkage=0.0, actor=SYSTEM))
    await node.close()
    journal, clock = await MemoryJournal.open(disk), ManualClock(Ms(NOW - ASKED - 1))
    means = Means(secret=bytes(32), policy=POLICY, facts_of=facts_of, senders={})
    scope = CustomerScope(journal=journal, clock=clock, means=means, faults=FaultPoints())
    made: list[PromiseId] = []
    for n in range(ASKED):
        clock.move_to(Ms(clock.now() + 1))
        text = TakeContact(
            key=f"t/{n}", channel=Channel.SMS, sender=f"+1212555{n:04}", via="+1", at=clock.now(), text="hello"
        )
        outcome = await scope.take(text)
        assert outcome.decision is not None
        case = next(id for id in outcome.decision.state if id.startswith("case_"))
        asks = MakePromise(key=f"p/{n}", case=case, actor=SYSTEM, kind=CALLBACK, window=WINDOW)  # type: ignore[arg-type]
        outcome = await scope.take(asks)
        assert outcome.decision is not None
        made.append(next(PromiseId(id) for id in outcome.decision.state if id.startswith("prm_")))
    clock.move_to(NOW)
    await scope.take(MovePromise(key="m", promise=made[0], actor=SYSTEM, window=LATER))
    await journal.close()
    return [*made[1:], made[0]]


async def settled(node: Node) -> None:
    """Whatever is under way is done, and what that began."""
    begun = -1
    while begun != node.activity.begun or node.activity.names() or node.relay.lag:
        begun = node.activity.begun
        await asyncio.sleep(0)


async def all_events(journal: Journal) -> list[Event]:
    return [event for stored in await journal.batches(after=0, limit=1_000_000) for event in stored.events]


async def answers(journal: Journal) -> list[SlotHeld | SlotRefused]:
    return [one for one in await all_events(journal) if isinstance(one, SlotHeld | SlotRefused)]


async def test_a_start_decides_nothing_of_what_was_asked_before() -> None:
    """However many asked: the node is ready before the first of them is answered. Then they are answered a few at a
    turn, in the order in which they asked, so that the first ten have their window."""
    disk = RamDisk()
    asked = await fill(disk)
    node = await node_on(disk)
    await node.start()
    assert node.is_ready
    assert await answers(node.journal) == []
    assert [p.asked for p in await promises(node)] == [WINDOW] * (ASKED - 1) + [LATER]

    turns = list[int]()
    node.listen(
        lambda batches: turns.append(sum(isinstance(e, SlotHeld | SlotRefused) for b in batches for e in b.events))
    )
    await settled(node)
    found = await answers(node.journal)
    assert [one.promise for one in found] == asked
    assert [type(one) for one in found] == [SlotHeld] * FIT + [SlotRefused] * (ASKED - 1 - FIT) + [SlotHeld]
    assert 1 <= max(turns) <= AT_A_TURN
    await check(node)
    await node.close()


async def promises(node: Node) -> list[Promise]:
    """In the order in which they asked."""
    found = [one for one in await node.journal.live(Promise) if isinstance(one, Promise)]
    return sorted(found, key=lambda one: (one.asked_at or 0, one.id))


async def check(node: Node) -> None:
    """Each ask has its one answer, no time is kept twice or for nobody, and no window holds more than fits."""
    events = await all_events(node.journal)
    told = Counter[tuple[PromiseId, Window]](
        (e.promise, e.window) for e in events if isinstance(e, SlotTaken | SlotMissed)
    )
    last = {e.promise: e.window for e in events if isinstance(e, SlotAsked)}
    assert all(told[promise, window] == 1 for promise, window in last.items()), "one answer each"
    assert all(one.asked is None for one in await promises(node))
    kept = [one for one in await node.journal.live(Slot) if isinstance(one, Slot)]
    assert sorted(one.id for one in kept) == sorted(p.slot for p in await promises(node) if p.slot is not None)
    by_window = Counter(one.window for one in kept)
    assert (by_window[WINDOW], by_window[LATER]) == (FIT, 1)


def prefixes(data: bytes, begin: int) -> Iterator[int]:
    """Where each record of a log ends, from `begin` on."""
    at = begin
    while (frame := next_frame(data, at)) is not None:
        yield at
        _, at = frame


async def test_it_is_killed_at_any_moment_while_it_answers() -> None:
    """From whatever the disk holds, the next start has each ask answered once: none lost, none twice."""
    disk = RamDisk()
    await fill(disk)
    begin = len(disk.data)
    node = await node_on(disk)
    await node.start()
    await settled(node)
    await node.close()
    whole = disk.data
    ends = list(prefixes(whole, begin))
    assert len(ends) >= 3 * (ASKED // AT_A_TURN)
    for end in ends:
        cut = RamDisk()
        cut.data = whole[:end]
        again = await node_on(cut)
        await again.start()
        await settled(again)
        await check(again)
        await again.close()


async def test_who_asks_while_others_are_answered_comes_after_them() -> None:
    """Also who asked before, and asks for something else now: one answer, to that. Whose promise has ended has none."""
    disk = RamDisk()
    asked = await fill(disk)
    node = await node_on(disk)
    await node.start()
    ends, moves = AT_A_TURN + 5, AT_A_TURN + 8  # of those who come in the second turn
    await asyncio.gather(
        node.take(CancelCallback(key="c", promise=asked[ends], actor=SYSTEM)),
        node.take(MovePromise(key="m2", promise=asked[moves], actor=SYSTEM, window=LATER)),
    )
    await settled(node)
    found = [one.promise for one in await answers(node.journal)]
    assert found == [*(one for n, one in enumerate(asked) if n not in (ends, moves)), asked[moves]]
    assert not any(isinstance(one, SlotFreed) for one in await all_events(node.journal))
    await node.close()
