"""One line of people who need the same of an agent: who stands where, what each was told, and what became of it.

One rule: every place that was told something is reached one day, also that of somebody who hung up (a ghost keeps it
until then), so nothing that was told escapes judgement. It hears what happens and says what will; it decides nothing.
Who waits for the same agents in other lines is named to it with each walk. Instants are seconds from any beginning, the
same one in all calls.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from router.core.values import value
from router.core.waits.learned import Learned, People
from router.core.waits.ranges import Balance, BandState, Calibration, Range
from router.core.waits.said import said
from router.core.waits.walk import NEVER, Levels, Stander, Walked, walk
from router.core.waits.walk import People as WalkPeople

TALKS_ENOUGH, WAITS_ENOUGH = 30, 50
"""With fewer talks finished or waits judged it is not said how long it will be."""
AWAY_MOST_S = 4 * 3600.0
"""Whoever did not answer is no longer expected back after so long."""
COVER_MEMORY = 0.002
"""The weight of one that was told and judged in the share of those that held: half is forgotten in 350."""


@value
class Cover:
    """How many of the ranges that were told held as they were told, rounded and all. `told`, `kept`: weighted towards
    the present; `judged`: how many there were ever."""

    told: float = 0.0
    kept: float = 0.0
    judged: int = 0

    @property
    def share(self) -> float | None:
        return self.kept / self.told if self.told else None

    def after(self, *, held: bool) -> "Cover":
        fresh = 1.0 - COVER_MEMORY
        return Cover(self.told * fresh + 1.0, self.kept * fresh + held, self.judged + 1)

    def together(self, other: "Cover") -> "Cover":
        return Cover(self.told + other.told, self.kept + other.kept, self.judged + other.judged)


@value
class LineState:
    """What a line has learned, as a document: some five kilobytes, however long it has learned."""

    people: Learned = Learned()
    bands: tuple[BandState, ...] = ()
    cover: Cover = Cover()
    balance: Balance = Balance()


@dataclass(slots=True, eq=False)
class Waiter:
    """`place_s`: since when their place counts; `holds_s`: since when they hold the line, None when they do not;
    `is_shown`: what they were told was said to them, for enough was known."""

    id: str
    place_s: float
    came_s: float
    holds_s: float | None
    told: Range | None = None
    is_shown: bool = False
    back_s: float | None = None

    @property
    def key(self) -> tuple[float, str]:
        return self.place_s, self.id


class Rival(NamedTuple):
    """Somebody of another line who waits for some of the same agents. `place_s`: where they stand as this line counts;
    `held_s`, `share`: as of a `Stander`."""

    place_s: float
    held_s: float | None
    share: float


Shares = Sequence[tuple[float, float]]
"""How much of somebody's work falls to some agents, from each age in seconds on: less is required of them later."""


def share_at(shares: Shares, age_s: float, *, first: float = 1.0) -> float:
    """The share at an age; `first`: of whoever is younger than all that is named."""
    return next((share for from_s, share in reversed(shares) if age_s >= from_s), first)


class Pool(NamedTuple):
    """Agents who are there for a line, with what else waits for them. `after_s`: they are for those alone who have
    waited so long, for then less is required. `shares`: of the work of this line's own people; everything where nothing
    is said."""

    levels: Levels
    busy: float
    rivals: Sequence[Rival] = ()
    after_s: float = 0.0
    shares: Shares = ()


class Way(NamedTuple):
    """A walk for one pool: `keys` are the places that it went along, with those of rivals."""

    after_s: float
    keys: list[tuple[float, str]]
    walked: Walked


class Line:
    def __init__(self, state: LineState | None = None) -> None:
        first = state or LineState()
        self.people = People(first.people)
        self.ranges = Calibration(first.bands, first.balance)
        self.cover = first.cover
        self._waiters: dict[str, Waiter] = {}
        self._order: list[tuple[float, str]] = []
        self._ghosts: list[tuple[float, str, Waiter]] = []
        self._away: dict[str, Waiter] = {}
        self._ways: list[Way] = []
        self._walked_s = 0.0

    def state(self) -> LineState:
        return LineState(
            people=self.people.learned(), bands=self.ranges.states(), cover=self.cover, balance=self.ranges.balance
        )

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, id: str) -> bool:
        return id in self._waiters

    @property
    def has_ghosts(self) -> bool:
        """Whether somebody hung up at a place that was not reached yet."""
        return bool(self._ghosts)

    @property
    def is_known(self) -> bool:
        """Whether enough was seen to say a range."""
        return self.people.finished >= TALKS_ENOUGH and self.ranges.count >= WAITS_ENOUGH

    # --- what happens ------------------------------------------------------------------------------------------------

    def join(self, id: str, *, place_s: float, now_s: float, holds: bool, told: Range | None) -> None:
        """Somebody waits from now on. `told`: the range for their place, whether or not it was shown."""
        is_back = self._away.pop(id, None) is not None
        known = self._leave(id)
        if known is None:
            known = Waiter(id, place_s, now_s, None, told=None if is_back else told, is_shown=self.is_known)
        known.place_s = place_s
        if not holds:
            known.holds_s = None
        elif known.holds_s is None:
            known.holds_s = now_s
        self._waiters[id] = known
        insort(self._order, known.key)

    def hand_over(self, id: str, other: "Line") -> None:
        """What they need of an agent is something else from now on: they stand in another line, and what they were told
        is judged there."""
        waiter, away = self._leave(id), self._away.pop(id, None)
        if waiter is not None:
            other._waiters[id] = waiter
            insort(other._order, waiter.key)
        if away is not None:
            other._away[id] = away

    def wants_call(self, id: str, now_s: float) -> None:
        """They hold no longer and wait for our call, at the same place."""
        waiter = self._waiters.get(id)
        if waiter is not None and waiter.holds_s is not None:
            self.people.held(now_s - waiter.holds_s, gone=False)
            waiter.holds_s = None

    def hang_up(self, id: str, now_s: float) -> None:
        """They hung up and are not waited for. What they were told is judged when their place is reached."""
        waiter = self._leave(id)
        if waiter is None:
            return
        if waiter.holds_s is not None:
            self.people.held(now_s - waiter.holds_s, gone=True)
        if waiter.told is not None:
            insort(self._ghosts, (waiter.place_s, id, waiter), key=lambda ghost: ghost[0])

    def reach(self, id: str, now_s: float) -> None:
        """An agent comes to somebody's place, so those before it have been reached too."""
        waiter = self._leave(id)
        if waiter is None:
            return
        if waiter.holds_s is not None:
            self.people.held(now_s - waiter.holds_s, gone=False)
        self._judge(waiter, now_s)
        while self._ghosts and self._ghosts[0][0] <= waiter.place_s:
            self._judge(self._ghosts.pop(0)[2], now_s)
        self.rest(now_s)

    def rest(self, now_s: float, *, is_free: bool = False) -> None:
        """Where an agent is free and nobody waits before them, ghosts at the head have been reached."""
        while is_free and self._ghosts and (not self._order or self._ghosts[0][0] < self._order[0][0]):
            self._judge(self._ghosts.pop(0)[2], now_s)

    def miss(self, id: str, *, place_s: float, back_s: float) -> None:
        """They did not answer our call; they come back to their place at `back_s`."""
        self._away[id] = Waiter(id, place_s, place_s, None, back_s=back_s)

    def forget(self, id: str) -> None:
        """They are attended to otherwise: neither waiting nor expected back, and what they were told is not judged."""
        self._leave(id)
        self.expect_no_more(id)

    def expect_no_more(self, id: str) -> None:
        """They do not come back."""
        self._away.pop(id, None)

    # --- what will happen --------------------------------------------------------------------------------------------

    def look(self, now_s: float, *pools: Pool, booked_s: Iterable[float] = ()) -> bool:
        """Walk the line, once for each pool; the first is for everybody in it. From now on `range_of` and `newcomer`
        say what stands. False where nothing can be said, for no talk was ever over here. `booked_s`: when calls begin
        that were promised for a time, to people who stand in no line until then."""
        self._ways, self._walked_s = [], now_s
        talk_s = self.people.talk_s(now_s)
        if talk_s is None:
            return False
        people = WalkPeople(talk_s, self.people.call_s(talk_s), self.people.hazards())
        due_s = self._due_back_s(now_s, booked_s)
        for pool in pools:
            standing = self._walked(pool, now_s)
            keys, line = [key for key, _ in standing], [stander for _, stander in standing]
            walked = walk(line, people=people, levels=pool.levels, busy=pool.busy, due_back_s=due_s)
            self._ways.append(Way(pool.after_s, keys, walked))
        return True

    def newcomer(self) -> Range | None:
        """The range for somebody who would come now, as of the last look; None where nothing can be said."""
        return self.range_for("", NEVER)

    def range_of(self, id: str) -> Range | None:
        """The range for somebody who waits, as of the last look, counted from then."""
        waiter = self._waiters.get(id)
        return self.range_for(id, waiter.place_s) if waiter is not None else None

    def range_for(self, id: str, place_s: float) -> Range | None:
        """The range for somebody at a place, who waits or comes now: whoever brings a place along is not the last. Who
        has waited for long enough that less is required is served by whoever comes to them first."""
        best_s, places = NEVER, 0.0
        for way in self._ways:
            n = bisect_left(way.keys, (place_s, id))
            at_s = max(way.walked.waits_s[n], way.after_s - max(0.0, self._walked_s - place_s))
            if at_s < best_s:
                best_s, places = at_s, way.walked.places[n]
        return self.ranges.range(best_s, places) if best_s < NEVER else None

    def ids(self) -> list[str]:
        """Who waits, by place."""
        return [id for _, id in self._order]

    # --- inside ------------------------------------------------------------------------------------------------------

    def _walked(self, pool: Pool, now_s: float) -> list[tuple[tuple[float, str], Stander]]:
        """Everybody who waits for a pool, by place as this line counts."""
        own = (self._waiters[id] for _, id in self._order)
        standing = [(w.key, Stander(_held_s(w, now_s), share_at(pool.shares, now_s - w.place_s))) for w in own]
        if pool.rivals:
            standing += [((r.place_s, ""), Stander(r.held_s, r.share)) for r in pool.rivals]
            standing.sort(key=lambda one: one[0])
        return standing

    def standing(self, now_s: float) -> list[tuple[float, float | None]]:
        """Since when each waits, by place, and how long they have held the line: for lines that wait for the same."""
        return [(place_s, _held_s(self._waiters[id], now_s)) for place_s, id in self._order]

    def _due_back_s(self, now_s: float, booked_s: Iterable[float]) -> Sequence[float]:
        backs_s = (away.back_s or 0.0 for away in self._away.values())
        hence = (back_s - now_s for back_s in (*backs_s, *booked_s))
        return sorted(max(0.0, due_s) for due_s in hence if due_s > -AWAY_MOST_S)

    def _leave(self, id: str) -> Waiter | None:
        waiter = self._waiters.pop(id, None)
        if waiter is not None:
            del self._order[bisect_left(self._order, waiter.key)]
        return waiter

    def _judge(self, waiter: Waiter, now_s: float) -> None:
        if waiter.told is None:
            return
        waited_s = max(0.0, now_s - waiter.came_s)
        self.ranges.judge(waiter.told, waited_s)
        shown = said(waiter.told)
        if waiter.is_shown and shown.low_s is not None and shown.high_s is not None:
            self.cover = self.cover.after(held=shown.low_s <= waited_s <= shown.high_s)
        waiter.told = None


def _held_s(waiter: Waiter, now_s: float) -> float | None:
    return None if waiter.holds_s is None else max(0.0, now_s - waiter.holds_s)
