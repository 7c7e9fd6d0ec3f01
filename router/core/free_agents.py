"""Who is free for work of one need, in the order in which they are asked: who holds least, then the longest idle.

Whoever has just given something back is last of those who hold as much, so there is a queue for each load and they are
put at its end, at no cost; who comes out of order stands in a heap beside them. The first of all is at the head of the
first queue or of the heap. What is no longer true is left where it is until it comes to a head or most has gone, so a
change costs the same among a hundred agents or ten thousand.

It knows nothing of skills and of limits: the matcher says who is free for what.
"""

import heapq
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice

from router.core.clock import Ms
from router.core.words import AgentId

GONE_MAX = 64
"""So many entries that have gone are left standing, and as many again as are left."""

FreeAgent = tuple[int, Ms, AgentId, "Stand"]
"""How much an agent holds, since when they are idle, who they are, and what is true of them now."""


@dataclass(slots=True, eq=False)
class Stand:
    """One agent, put in once wherever they meet a need. `now`: how they stand; None when they are free no more, or
    were put in anew. It is never earlier than any entry that names this stand."""

    now: FreeAgent | None = None

    def __lt__(self, other: "Stand") -> bool:
        return False  # two stands of one agent: which one is true decides, not the order


@dataclass(slots=True, eq=False)
class FreeAgents:
    """Of each stand that is true exactly one entry is here: how they stood once, never later than they stand now. So an
    agent who moves back (they hold more) is moved when they come to a head; one who moves forward gets a new stand."""

    queues: list[deque[FreeAgent]] = field(default_factory=list[deque[FreeAgent]])  # by how much they held, in order
    others: list[FreeAgent] = field(default_factory=list[FreeAgent])  # a heap
    most: int = GONE_MAX  # a queue or heap is no longer, or what has gone is taken out

    def begin(self, free: list[FreeAgent]) -> None:
        """Put in all who are free, instead of whoever was."""
        self.queues, self.others, self.most = [], [], 2 * len(free) + GONE_MAX
        for entry in sorted(free):
            self.queue_of(entry[0]).append(entry)

    def queue_of(self, held: int) -> deque[FreeAgent]:
        """Those who hold so much."""
        while len(self.queues) <= held:
            self.queues.append(deque())
        return self.queues[held]

    def next(self, most: int) -> list[FreeAgent]:
        """Who is asked next, and then some of those who would be, in order; at most `most`."""
        queue = self._first()
        if not queue and not self.others:
            return []
        near = list(islice(queue, most))
        if len(near) < most or (self.others and self.others[0] < near[0]):
            near = sorted((*near, *self.others[:most]))[:most]
        return [entry for entry in near if entry[3].now is entry]

    def set_aside(self, passed_by: Collection[AgentId]) -> list[FreeAgent]:
        """Take out who would be next although they passed by, until `put_back`. Costs as much as there are of them."""
        aside: list[FreeAgent] = []
        while (near := self.next(1)) and near[0][2] in passed_by:
            aside += near
            if self.others and self.others[0] is near[0]:
                heapq.heappop(self.others)
            else:
                self.queues[near[0][0]].popleft()
        return aside

    def put_back(self, aside: Collection[FreeAgent]) -> None:
        for entry in aside:
            heapq.heappush(self.others, entry)

    def sweep(self) -> None:
        """Take out what has gone."""
        entries = (entry for entries in (*self.queues, self.others) for entry in entries)
        self.begin([now for entry in entries if (now := entry[3].now) is not None])

    def _first(self) -> deque[FreeAgent] | tuple[()]:
        """Who is asked next is at the head of what this returns or of the heap. What has gone is taken out there."""
        others = self.others
        first = ()
        for queue in self.queues:
            while queue and (now := queue[0][3].now) is not queue[0]:
                queue.popleft()
                if now is not None:
                    heapq.heappush(others, now)
            if queue:
                first = queue
                break
        while others and (now := others[0][3].now) is not others[0] and not (first and first[0] < others[0]):
            if now is None:
                heapq.heappop(others)
            else:
                heapq.heapreplace(others, now)
        return first


def post(lines: Collection[FreeAgents], entry: FreeAgent, *, is_last: bool) -> None:
    """Put an agent who is free in wherever they meet the need. `is_last`: nobody here has been idle for less long."""
    if not is_last:
        for line in lines:
            heapq.heappush(line.others, entry)
            if len(line.others) > line.most:
                line.sweep()
        return
    for line in lines:
        try:
            queue = line.queues[entry[0]]
        except IndexError:
            queue = line.queue_of(entry[0])
        queue.append(entry)
        if len(queue) > line.most:
            line.sweep()
