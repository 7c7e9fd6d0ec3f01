"""Bookable capacity: which windows are true, so that never more is promised than those who will be there can do.

By slot of 15 to 30 minutes: agents' time that the roster says, of that the policy's share, less what is expected to go
to whoever calls, less what is promised already. Agents of several skills serve several needs, so what is left for one
is what a maximum flow leaves: the least, over all sets of needs with it, of the time of those who can do any of them
less what these needs take (Hall's theorem). Sets are few, for needs that the same agents meet are one.

An index in memory; it changes nothing itself. Time and what is expected are asked for by slot and remembered until
`forget`. It does not know how either is found.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from router.core.clock import Ms
from router.core.documents import Slot, Window
from router.core.roster import Ability, Need, meets
from router.core.values import value
from router.core.words import CaseId, PromiseId, SlotId

NEEDS_MAX = 8
"""So many needs of different agents are weighed against each other in a slot; of more, those that take the most."""
ROUNDING_MS = 1.0
"""So little is no lack."""
MOST_OF_IT = 0.5
"""A window that has so much of a slot counts as having it; of a smaller part, that part of its room is theirs."""
ALTERNATIVES = 3
"""So many other windows are named."""


@value
class Supply:
    """Agents' time in a slot. `cap`: the share of it that may be given away; `least_ms`: where anybody is there at all,
    at least so much may be."""

    time: Mapping[Ability, float]
    cap: float
    least_ms: float = 0.0
    basis: str = ""

    def usable(self, ms: float) -> float:
        return max(ms * self.cap, min(ms, self.least_ms))


@value
class Room:
    """Whether there is agents' time in a window; where not, the next windows in which there is."""

    fits: bool
    alternatives: tuple[Window, ...] = ()


Suits = Callable[[Window], bool]
"""Whether whoever is called may be called then."""
FindRoom = Callable[[CaseId, str, Window, PromiseId | None, Suits | None], Room]
"""Looks for agents' time: for a call about a case, in a queue, within a window; of a promise, where there is one. Other
windows are only those that suit; None: no others are looked for."""


def any_time(window: Window) -> bool:
    """Where nobody says when they may be called, at any time."""
    return True


def any_room(case: CaseId, queue: str, window: Window, promise: PromiseId | None, suits: Suits | None) -> Room:
    """Where nobody counts agents' time, every window has some."""
    return Room(fits=True)


class Part(NamedTuple):
    """What a promised call takes of one slot."""

    slot: int
    ms: int


class _Masks(dict[Need, int]):
    """Who of `abilities` meets a need, as bits; found out once."""

    def __init__(self, abilities: Sequence[Ability]) -> None:
        super().__init__()
        self._abilities = abilities

    def __missing__(self, need: Need) -> int:
        mask = self[need] = sum(1 << n for n, ability in enumerate(self._abilities) if meets(ability, need))
        return mask


class Capacity:
    """`supply`: agents' time in a slot. `expected`: what those who call in it will take, by need. `opens`: the start of
    the first slot from one on in which a queue is open; None where none is, up to `ahead` slots later."""

    def __init__(
        self,
        *,
        slot_ms: int,
        share: float,
        supply: Callable[[int], Supply],
        expected: Callable[[int], Mapping[Need, float]],
        opens: Callable[[str, int], int | None],
        ahead: int,
    ) -> None:
        self.slot_ms = slot_ms
        self._most_ms = max(1, int(slot_ms * share))  # one agent's part of one slot
        self._supply = supply
        self._expected = expected
        self._opens = opens
        self._ahead = ahead
        self._booked: dict[int, dict[Need, int]] = {}
        self._by_slot: dict[int, set[SlotId]] = {}
        self._rooms: dict[int, dict[Need, float]] = {}
        self._left: dict[
            int, dict[int, float]
        ] = {}  # by slot and by who meets a need: one look finds it for all of them
        self._supplies: dict[int, Supply] = {}
        self._masks: dict[tuple[Ability, ...], _Masks] = {}
        self._held: dict[SlotId, Slot] = {}

    def __len__(self) -> int:
        return len(self._held)

    # --- what is known ------------------------------------------------------------------------------------------------

    def number(self, at: Ms) -> int:
        """The slot in which an instant lies."""
        return at // self.slot_ms

    def window(self, slot: int) -> Window:
        return Ms(slot * self.slot_ms), Ms((slot + 1) * self.slot_ms)

    def supply(self, slot: int) -> Supply:
        found = self._supplies.get(slot)
        if found is None:
            found = self._supplies[slot] = self._supply(slot)
        return found

    def agents(self, need: Need, slot: int) -> float:
        """How many agents will be there for a need, on an average over the slot."""
        time = self.supply(slot).time
        return sum(ms for ability, ms in time.items() if meets(ability, need)) / self.slot_ms

    def booked(self, slot: int, queue: str | None = None) -> int:
        """How many promised calls begin in a slot."""
        held = (self._held[id] for id in self._by_slot.get(slot, ()))
        return sum(self.number(one.at) == slot and queue in (None, one.queue) for one in held)

    def room(self, need: Need, slot: int) -> float:
        """Milliseconds of agents' time that may still be promised in a slot; 0 where the queue is closed."""
        rooms = self._rooms.setdefault(slot, {})
        found = rooms.get(need)
        if found is None:
            is_open = self._opens(need.queue, slot) == slot
            found = rooms[need] = self._room(need, slot) if is_open else 0.0
        return found

    def find(self, need: Need, window: Window, load_ms: int, *, now: Ms) -> Ms | None:
        """From when on a call of `load_ms` finds agents' time within `window`; None where it does not."""
        start, end = max(window[0], now), window[1]
        for slot in range(start // self.slot_ms, -(-end // self.slot_ms)):
            begins, ends = max(start, slot * self.slot_ms), min(end, (slot + 1) * self.slot_ms)
            if begins < ends and self._fits(need, slot, load_ms, share=(ends - begins) / self.slot_ms):
                return Ms(begins)
        return None

    def alternatives(
        self, need: Need, load_ms: int, *, after: Ms, suits: Suits = any_time
    ) -> tuple[Window, ...]:  # fmt: skip
        """The next windows in which there is time, the soonest first; each begins at `after` or later."""
        found: list[Window] = []
        slot = -(-after // self.slot_ms)
        last = slot + self._ahead
        while slot < last and len(found) < ALTERNATIVES:
            opens = self._opens(need.queue, slot)
            if opens is None or opens >= last:
                break
            slot = opens
            if self._fits(need, slot, load_ms) and suits(self.window(slot)):  # what is dear comes last
                found.append(self.window(slot))
            slot += 1
        return tuple(found)

    def beyond(self, since: Ms) -> list[Slot]:
        """What is promised and does not fit any more: of each slot that has too much, what was promised last. What is
        expected of callers does not count here, for a promise goes before them."""
        found: dict[SlotId, Slot] = {}
        for slot in sorted(number for number in self._by_slot if (number + 1) * self.slot_ms > since):
            taken = dict(self._booked[slot])
            held = sorted((self._held[id] for id in self._by_slot[slot]), key=_since)
            for one in held:
                if one.id in found:
                    self._less(taken, one, slot)
            supply = self.supply(slot)
            masks = self._masks_of(supply)
            while (short := _short(taken, supply, masks)) is not None:
                last = next((one for one in reversed(held) if one.id not in found and _need(one) in short), None)
                if last is None:
                    break
                found[last.id] = last
                self._less(taken, last, slot)
        return list(found.values())

    def next_due(self, most: int) -> list[Slot]:
        """The promised calls that come first."""
        return heapq.nsmallest(most, self._held.values(), key=lambda slot: (slot.at, slot.id))

    # --- changes ------------------------------------------------------------------------------------------------------

    def put(self, slot: Slot) -> None:
        """Count a promised call."""
        self.drop(slot.id)
        self._held[slot.id] = slot
        need = _need(slot)
        for number, ms in self._parts(slot.at, slot.load_ms):
            self._by_slot.setdefault(number, set()).add(slot.id)
            here = self._booked.setdefault(number, {})
            here[need] = here.get(need, 0) + ms
            self._changed(number)

    def drop(self, id: SlotId) -> None:
        """Count it no more."""
        slot = self._held.pop(id, None)
        if slot is None:
            return
        for number, _ in self._parts(slot.at, slot.load_ms):
            self._less(self._booked[number], slot, number)
            self._by_slot[number].discard(id)
            self._changed(number)
            if not self._by_slot[number]:
                del self._by_slot[number], self._booked[number]

    def forget(self) -> None:
        """Agents' time or what is expected has changed: ask anew."""
        self._rooms.clear()
        self._left.clear()
        self._supplies.clear()
        self._masks.clear()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _parts(self, at: Ms, load_ms: int) -> Sequence[Part]:
        """What a call takes of each slot from the one on in which it begins: no more than one agent has."""
        first, most = at // self.slot_ms, self._most_ms
        return [Part(first + n, min(most, load_ms - n * most)) for n in range(max(1, -(-load_ms // most)))]

    def _fits(self, need: Need, slot: int, load_ms: int, share: float = 1.0) -> bool:
        parts = self._parts(Ms(slot * self.slot_ms), load_ms)
        counts = 1.0 if share >= MOST_OF_IT else share  # a window as long as a slot has most of one, wherever it begins
        if self.room(need, slot) * counts < parts[0].ms:
            return False
        return all(self.room(need, number) >= ms for number, ms in parts[1:])

    def _changed(self, slot: int) -> None:
        self._rooms.pop(slot, None)
        self._left.pop(slot, None)

    def _room(self, need: Need, slot: int) -> float:
        supply = self.supply(slot)
        masks = self._masks_of(supply)
        left = self._left.setdefault(slot, {})
        if (mask := masks[need]) not in left:
            takes: dict[Need, float] = dict(self._expected(slot))
            for other, ms in self._booked.get(slot, {}).items():
                takes[other] = takes.get(other, 0.0) + ms
            left.update(_left(need, takes, supply, masks))
        return left[mask]

    def _masks_of(self, supply: Supply) -> _Masks:
        abilities = tuple(supply.time)
        found = self._masks.get(abilities)
        if found is None:
            found = self._masks[abilities] = _Masks(abilities)
        return found

    def _less(self, taken: dict[Need, int], slot: Slot, number: int) -> None:
        need = _need(slot)
        ms = next(ms for at, ms in self._parts(slot.at, slot.load_ms) if at == number)
        taken[need] = taken.get(need, 0) - ms
        if taken[need] <= 0:
            del taken[need]


def _since(slot: Slot) -> tuple[Ms, str]:
    """Who was promised their time first: all are held for equally long."""
    return slot.expires_at, slot.promise


def _need(slot: Slot) -> Need:
    return Need(slot.queue, slot.skills)


@value
class _Side:
    """Needs that the same abilities meet, what they take, and who meets them as bits."""

    needs: tuple[Need, ...]
    takes: float
    mask: int


def _sides(takes: Mapping[Need, float], masks: Mapping[Need, int]) -> list[_Side]:
    """Needs by who meets them, those that take the most first."""
    by_mask: dict[int, tuple[tuple[Need, ...], float]] = {}
    for need, ms in takes.items():
        mask = masks[need]
        needs, total = by_mask.get(mask, ((), 0.0))
        by_mask[mask] = ((*needs, need), total + ms)
    sides = [_Side(needs, total, mask) for mask, (needs, total) in by_mask.items()]
    return sorted(sides, key=lambda side: -side.takes)


def _spare(sides: Sequence[_Side], supply: Supply) -> list[float]:
    """What agents can give less what is taken of them, for each set of `sides`; the set's number has a bit a side."""
    count = len(sides)
    alone = [0.0] * (1 << count)  # by set: the time of agents whom no side outside of it can have
    for n, ms in enumerate(supply.time.values()):
        alone[sum(1 << k for k, side in enumerate(sides) if side.mask >> n & 1)] += ms
    takes = [0.0]
    for k, side in enumerate(sides):
        bit = 1 << k
        takes += [ms + side.takes for ms in takes]
        for first in range(bit, 1 << count, 2 * bit):  # each run of sets that have this side
            for one in range(first, first + bit):
                alone[one] += alone[one - bit]
    total = alone[-1]
    usable = supply.usable if supply.least_ms else supply.cap.__mul__  # a call saved in the usual case
    spare = [usable(total - rest) - ms for rest, ms in zip(reversed(alone), takes, strict=True)]
    spare[0] = 0.0
    return spare


def _left(need: Need, takes: Mapping[Need, float], supply: Supply, masks: Mapping[Need, int]) -> dict[int, float]:
    """What a maximum flow can carry for `need` beyond what it carries without, 0 at least, by who meets it. Where all
    that others take is weighed, the same for each of them, for the sets are theirs too."""
    mask = masks[need]
    if not mask:
        return {mask: 0.0}
    sides = [side for side in _sides(takes, masks) if side.mask]
    mine = next((side for side in sides if side.mask == mask), _Side((need,), 0.0, mask))
    sides = [mine, *(side for side in sides if side.mask != mask)]
    weighed = sides[:NEEDS_MAX]
    gained = _gained(_spare(weighed, supply))
    found = weighed if len(weighed) == len(sides) else [mine]
    return {side.mask: ms for side, ms in zip(found, gained, strict=False)}


def _gained(spare: Sequence[float]) -> list[float]:
    """For each side, the least over the sets that have it, less the least over those that have it not."""
    gained: list[float] = []
    while len(spare) > 1:  # the last side first; then it is in no set any more, or in all
        half = len(spare) // 2
        without, having = spare[:half], spare[half:]
        gained.append(max(0.0, min(having) - min(without)))
        spare = list(map(min, without, having))
    return gained[::-1]


def _short(takes: Mapping[Need, float], supply: Supply, masks: Mapping[Need, int]) -> frozenset[Need] | None:
    """The set of needs that lacks the most of its agents' time; None where none does."""
    sides = _sides(takes, masks)[:NEEDS_MAX]
    spare = _spare(sides, supply)
    worst = min(range(len(spare)), key=spare.__getitem__)
    if spare[worst] > -ROUNDING_MS:
        return None
    return frozenset(need for n, side in enumerate(sides) if worst >> n & 1 for need in side.needs)
