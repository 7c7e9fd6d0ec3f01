"""Promised calls: whether a window is true, what one costs in memory, and how the next one due is found."""

import asyncio
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from channels.clock import Activity, RealClock
from router.core.capacity import Capacity, Supply
from router.core.clock import Ms
from router.core.documents import Slot
from router.core.roster import Ability, Need
from router.core.words import DAY_MS, MINUTE_MS, CaseId, CustomerId, PromiseId, SlotId
from router.node.deadlines import Deadlines

SLOT_MS = 20 * MINUTE_MS
CALL_MS = 5 * MINUTE_MS
START = Ms(1_790_000_400_000 // SLOT_MS * SLOT_MS)
AHEAD = 14 * DAY_MS // SLOT_MS
SKILLS = tuple(f"skill-{n}" for n in range(6))
FEW, MANY = 1_000, 100_000
ASKED = 2_000
BYTES_MAX = 400
MS_MAX = 2.0


def callbacks(folder: Path, rounds: int) -> None:
    """Feasibility with 1,000 booked windows, all of them full; memory and the next due of 100,000 pending call-backs."""
    del folder
    usual, worst = list[float](), list[float]()
    for turn in range(rounds):
        took = _feasibility(seed=turn)
        usual.append(statistics.median(took))
        worst.append(statistics.quantiles(took, n=1000)[-1])
        print(
            f"  round {turn + 1}: a window is judged in {usual[-1]:.3f} ms, 99.9 % in {worst[-1]:.3f} ms, the first "
            f"one after a change of staffing in {took[0]:.3f} ms"
        )
    print(
        f"callbacks: with 1,000 booked windows, one is judged in {statistics.median(usual):.3f} ms, 99.9 % in "
        f"{statistics.median(worst):.3f} ms (want {MS_MAX:g})"
    )
    print(f"callbacks: {_bytes():.0f} bytes each of 100,000 pending, beyond their documents (want {BYTES_MAX})")
    few, many = asyncio.run(_next_due(FEW)), asyncio.run(_next_due(MANY))
    print(
        f"callbacks: the next due of 100,000 costs {many / few:.2f} x that of 1,000 ({many:.1f} µs; 100 would be linear)"
    )


def _index(agents: int) -> Capacity:
    """Agents of two skills each, for two weeks of open slots."""
    time_of: dict[Ability, float] = {}
    for n in range(agents):
        held = sorted({SKILLS[n % len(SKILLS)], SKILLS[(n + 1) % len(SKILLS)]})
        ability: Ability = (tuple((name, 3) for name in held), None)
        time_of[ability] = time_of.get(ability, 0.0) + SLOT_MS
    expected = {Need(name, ((name, 1),)): 60_000.0 for name in SKILLS}
    return Capacity(
        slot_ms=SLOT_MS,
        share=0.85,
        supply=lambda _: Supply(time=time_of, cap=0.85),
        expected=lambda _: expected,
        opens=lambda _, slot: slot,
        ahead=AHEAD,
    )


def _slot(n: int, at: Ms, need: Need) -> Slot:
    return Slot(
        id=SlotId(f"slot_{n:032d}"), version=1, promise=PromiseId(f"prm_{n:032d}"), case=CaseId(f"case_{n:032d}"),
        customer=CustomerId(f"cus_{n:032d}"), queue=need.queue, skills=need.skills, window=(at, Ms(at + SLOT_MS)),
        at=at, load_ms=CALL_MS, expires_at=at,
    )  # fmt: skip


def _feasibility(*, seed: int) -> list[float]:
    """Milliseconds of the processor for each answer: whether a window is true, and where not, the next ones that are."""
    chance = random.Random(seed)
    index = _index(6)
    needs = [Need(name, ((name, 1),)) for name in SKILLS]
    booked, n = 0, 0
    while booked < FEW:  # the first slots are filled one after another
        need = needs[n % len(needs)]
        at = index.find(need, (START, Ms(START + AHEAD * SLOT_MS)), CALL_MS, now=START)
        if at is None:
            break
        index.put(_slot(n, at, need))
        booked, n = booked + 1, n + 1
    index.forget()
    took: list[float] = []
    for n in range(ASKED):
        need = chance.choice(needs)
        window_at = Ms(START + chance.randrange(max(1, booked // 20)) * SLOT_MS)
        began = time.thread_time()
        at = index.find(need, (window_at, Ms(window_at + SLOT_MS)), CALL_MS, now=START)
        if at is None:
            index.alternatives(need, CALL_MS, after=window_at)
        else:
            index.put(one := _slot(FEW + n, at, need))
            index.drop(one.id)
        took.append((time.thread_time() - began) * 1000)
    return took


def _bytes() -> float:
    """What the index and the deadlines of 100,000 pending call-backs take, each, beyond documents that are there."""
    need = Need(SKILLS[0], ((SKILLS[0], 1),))
    slots = [_slot(n, Ms(START + n % AHEAD * SLOT_MS), need) for n in range(MANY)]
    index = _index(6)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for slot in slots:
        index.put(slot)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / MANY


async def _next_due(count: int) -> float:
    """Microseconds in which one falls due, is done and another one is planned, among `count` pending."""
    deadlines = Deadlines(RealClock(), Activity())
    chance, soon = random.Random(count), 4_000_000_000_000
    for n in range(count):
        deadlines.set(f"promise {n}", Ms(soon + chance.randrange(DAY_MS)), _nothing)
    began = time.thread_time()
    for n in range(ASKED):
        deadlines.clear(f"promise {n % count}")
        deadlines.set(f"promise {n % count}", Ms(soon + chance.randrange(DAY_MS)), _nothing)
        deadlines.next_due()
    took = (time.thread_time() - began) / ASKED * 1e6
    deadlines.close()
    return took


_nothing: Callable[[], None] = lambda: None  # noqa: E731 - one for all
