"""Who is free, against its definition: whatever happened for however long, the next is the least of all who are."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from router.core.clock import Ms
from router.core.free_agents import GONE_MAX, FreeAgent, FreeAgents, Stand, post
from router.core.words import AgentId

AGENTS = 6


@settings(max_examples=30, deadline=None)
@given(seed=st.integers())
def test_who_is_next_is_the_least_of_all_who_are_free(seed: int):
    """Agents take work, give it back at the same instant or later, leave and come back, thousands of times, seldom
    looked at: next is who holds least, then the longest idle, then the least id, but for those who passed by."""
    chance = random.Random(seed)
    often, seldom = FreeAgents(), FreeAgents()
    stands: dict[AgentId, Stand] = {}
    last, size = (Ms(0), AgentId("")), 0
    for now in range(1, 1_500):
        id = AgentId(f"agt_{chance.randrange(AGENTS)}")
        before = stands.pop(id, Stand()).now
        held, since, _, stand = before or (chance.randrange(3), Ms(0), id, Stand())
        what = chance.choice(["takes work", "gives back", "gives back", "leaves"])
        if what == "takes work" and before is not None:
            stand.now = (held + 1, since, id, stand)
            stands[id] = stand
        elif what == "leaves" and before is not None:
            stand.now = None
        else:
            stand.now, stand = None, Stand()
            since = chance.choice([since, Ms(now // 4), Ms(now // 4)])
            stand.now = (max(held - 1, 0), since, id, stand)
            post([often, seldom], stand.now, is_last=(since, id) >= last)
            last = max(last, (since, id))
            stands[id] = stand
        swept, size = size_of(seldom) < size, size_of(seldom)
        free = sorted(stand.now for stand in stands.values() if stand.now is not None)
        for line in [often, seldom] if swept or not chance.randrange(300) else [often]:
            assert_next(line, free, passed_by=chance.sample(sorted(stands), len(stands) // 3))
        assert size <= (len(seldom.queues) + 1) * (2 * AGENTS + GONE_MAX)


def size_of(line: FreeAgents) -> int:
    return sum(map(len, line.queues)) + len(line.others)


def assert_next(line: FreeAgents, free: list[FreeAgent], *, passed_by: list[AgentId]) -> None:
    near = line.next(3)
    assert near[:1] == free[:1]
    assert near == sorted(near)
    assert set(near) <= set(free)
    aside = line.set_aside(passed_by)
    others = [entry for entry in free if entry[2] not in passed_by]
    assert line.next(1) == others[:1]
    assert aside == (free[: free.index(others[0])] if others else free)
    line.put_back(aside)


def test_a_line_begun_late_has_all_who_are_free():
    """A need that comes when people are already at work: they stand in it as they stand now."""
    stands = [Stand() for _ in range(3)]
    for n, stand in enumerate(stands):
        stand.now = (2 - n, Ms(n), AgentId(f"agt_{n}"), stand)
    line = FreeAgents()
    line.begin([stand.now for stand in stands if stand.now is not None])
    assert line.next(1) == [stands[2].now]
    stands[2].now = None
    assert line.next(1) == [stands[1].now]
