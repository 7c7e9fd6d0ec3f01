"""Bookings: agents' time kept for promised calls, on an index in memory that is rebuilt from documents at start.

Part of the domain scope, decided by its one leader in one thread, so that of five who ask for three places at once
three get one. Its one rule: what is held is in the index before anybody else is answered. What the customer's side does
with an answer is told in `core.slots`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from channels.clock import Activity
from policies import StaffingSettings
from router.core.capacity import Capacity, Room, Suits, Supply, any_time
from router.core.clock import Clock, Ms
from router.core.commands import DomainCommand, FreeSlot, HoldSlot, NoteAtRisk, RefuseSlot
from router.core.documents import Agent, Document, Promise, Shift, SkillLevels, Slot, Staffing, Window
from router.core.events import SlotAsked
from router.core.learned import call_ms, calls_at, present_at, present_now
from router.core.presence import NOBODY, Missing, changes_at, missing_now
from router.core.roster import Ability, Need, Roster, ShiftEnds, shift_ends
from router.core.values import replace, value
from router.core.words import DAY_MS, HOUR_MS, SECOND_MS, AgentId, CaseId, CustomerId, PromiseId, SlotId
from router.journal.base import Journal, Stored
from router.node.deadlines import Deadlines
from router.node.learner import Learner
from router.node.taking import Means

LOOKED_AFTER_MS = 15 * SECOND_MS
"""When somebody came or went, so much later what is promised is looked at again: all who come at eight are looked at
once, and everybody within a minute."""
AT_A_TURN = 20
"""So many who asked before we stopped are answered at a turn. Whoever asks for something beside waits for one turn at
the most, a few hundredths of a second."""
HOURS_SHOWN = 24
OPENS_KEPT = 20_000
SHUT_MAX = 100
"""So many openings shorter than a slot are passed over."""
A_MOMENT = timedelta(seconds=1)
PENCILLED_MS = 30 * SECOND_MS
"""What was looked up for a promise is kept so long until it asks."""
PENCILLED = "pencilled/"
ROSTERED, LEARNED, UNKNOWN = "rostered", "learned", "unknown"
SHORT = "fewer people are there than were expected"


@value
class SlotView:
    """What may be promised in one slot. `room`: how many more calls; `basis`: what that rests on."""

    start: Ms
    end: Ms
    agents: float
    booked: int
    room: int
    basis: str


class Bookings:
    def __init__(
        self,
        *,
        clock: Clock,
        means: Means,
        deadlines: Deadlines,
        learner: Learner,
        agents: Mapping[AgentId, Agent],
        activity: Activity,
        attempt: Callable[[DomainCommand], asyncio.Future[Stored] | None],
        next_key: Callable[[], str],
        on_shifts: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._means = means
        self._deadlines = deadlines
        self._learner = learner
        self._agents = agents
        self._activity = activity
        self._attempt = attempt
        self._next_key = next_key
        self._on_shifts = on_shifts
        self._is_rebuilt = False
        self._unneeded: deque[SlotId] = deque()
        self._unanswered: dict[PromiseId, SlotAsked] = {}
        self._at_risk = 0
        self._slots: dict[SlotId, Slot] = {}
        self._by_promise: dict[PromiseId, SlotId] = {}
        self._opens: dict[tuple[str, int], int | None] = {}
        self._missing: Missing = {}
        self._away_until = Ms(0)  # until when whom the system set away is taken off what is there
        self._shifts_of: dict[AgentId, list[Shift]] = {}
        self.staffing: Staffing | None = None
        rules = self._rules
        self._slot_ms = rules.slot_s * SECOND_MS
        self._roster = self._new_roster()
        self.capacity = Capacity(
            slot_ms=self._slot_ms,
            share=rules.share,
            supply=self._supply,
            expected=self._expected,
            opens=self._next_open,
            ahead=rules.ahead_days * DAY_MS // self._slot_ms,
        )
        learner.on_change = self._learned_anew

    # --- what is known ------------------------------------------------------------------------------------------------

    @property
    def call_ms(self) -> int:
        """How long a call is taken to last."""
        return call_ms(self._learner.learned, otherwise=self._rules.call_s * SECOND_MS)

    def agents_at(self, queue: str, at: Ms) -> float:
        """How many agents will be there for a queue at an instant, by the roster or as was learned."""
        return self.capacity.agents(self.need(queue), self.capacity.number(at))

    def levels(self, queue: str, start: Ms, end: Ms) -> list[tuple[float, float]]:
        """How many agents the roster has for a queue between two instants: (seconds from `start`, agents), each until
        the next. Empty where it does not say so of the present; it ends where the roster does."""
        capacity, need = self.capacity, self.need(queue)
        found: list[tuple[float, float]] = []
        for number in range(capacity.number(start), capacity.number(end) + 1):
            if capacity.supply(number).basis != ROSTERED:
                break
            hence_s = max(0, capacity.window(number)[0] - start) / SECOND_MS
            found.append((hence_s, capacity.agents(need, number)))
        return found

    def need(self, queue: str, skills: SkillLevels = ()) -> Need:
        """What work of a queue needs, with the skills of the queue itself."""
        known = self._means.policy.queues.get(queue)
        return Need(queue, tuple(sorted({*(known.skills if known else ()), *skills})))

    def views(self, queue: str, start: Ms, end: Ms) -> list[SlotView]:
        """What may be promised in each slot between two instants."""
        self._learner.look()
        need, load_ms, now = self.need(queue), self.call_ms, self._clock.now()
        found: list[SlotView] = []
        for number in range(self.capacity.number(start), -(-end // self._slot_ms)):
            first, last = self.capacity.window(number)
            room = self.capacity.room(need, number) if last > now else 0.0
            found.append(
                SlotView(
                    start=first,
                    end=last,
                    agents=round(self.capacity.agents(need, number), 2),
                    booked=self.capacity.booked(number, queue),
                    room=int(room // load_ms),
                    basis=self.capacity.supply(number).basis,
                )
            )
        return found

    def short(self) -> tuple[int, int]:
        """How many of those who should be there now are not, and of how many."""
        now, shifts = self._clock.now(), self._roster.shifts
        due = sum(shift.count for shift in shifts if shift.start <= now < shift.end)
        short = sum(absent.gone + absent.away for n, absent in self._missing.items() if now < shifts[n].end)
        return short, due

    def booked_by_hour(self) -> dict[Ms, int]:
        """How many calls are promised, by the hour in which they begin; the next hours alone."""
        now = self._clock.now()
        found: dict[Ms, int] = {}
        for number in range(self.capacity.number(now), self.capacity.number(Ms(now + HOURS_SHOWN * HOUR_MS)) + 1):
            if count := self.capacity.booked(number):
                hour = Ms(self.capacity.window(number)[0] // HOUR_MS * HOUR_MS)
                found[hour] = found.get(hour, 0) + count
        return found

    @property
    def at_risk(self) -> int:
        """How many promised calls do not fit any more and have not been moved."""
        return self._at_risk

    def ends_of(self, agent: Agent) -> ShiftEnds:
        """Whether they take no more calls, for their shift is about to end."""
        shifts = self._shifts_of.get(agent.id)
        if not shifts:
            return ShiftEnds(is_near=False, changes_at=None)
        return shift_ends(shifts, now=self._clock.now(), since=agent.since, call_ms=self.call_ms)

    def slot(self, id: SlotId) -> Slot | None:
        return self._slots.get(id)

    # --- start --------------------------------------------------------------------------------------------------------

    async def load(self, journal: Journal) -> None:
        """Who will be there, and what is kept, from their documents."""
        for kind in (Staffing, Slot):
            for document in await journal.live(kind):
                self.put(document)

    def rebuild(self, promises: Iterable[Document]) -> None:
        """Find what was asked for and not answered, and what no promise needs. Nothing is decided of it: that is for
        `answer`, so that a start costs no more than reading."""
        wanted: set[SlotId] = set()
        asked: list[SlotAsked] = []
        for promise in promises:
            if not isinstance(promise, Promise):
                continue
            if promise.slot is not None:
                wanted.add(promise.slot)
                self.confirm(promise.slot)
            if promise.asked is not None:
                asked.append(_ask_of(promise, promise.asked))
        self._unanswered = {one.promise: one for one in sorted(asked, key=lambda one: (one.at, one.promise))}
        for slot in self._slots.values():
            asks = slot.promise in self._by_promise and slot.expires_at > self._clock.now()
            if slot.id not in wanted and not asks:
                self._unneeded.append(slot.id)
        self._is_rebuilt = True
        self.look_again()

    async def answer(self, told: Callable[[int], Awaitable[None]]) -> None:
        """Let go of what `rebuild` found that no promise needs, then answer those who asked, in the order in which they
        did, a few at a turn. The next turn waits until cases were `told` (up to an event) what came of this one."""
        with self._activity.doing("bookings"):
            while self._unneeded or self._unanswered:
                decided = [self._go_on() for _ in range(min(AT_A_TURN, len(self._unneeded) + len(self._unanswered)))]
                durable = [await one for one in decided if one is not None]
                if durable:
                    await told(durable[-1].last)

    def _go_on(self) -> asyncio.Future[Stored] | None:
        if self._unneeded:
            return self._free(self._unneeded.popleft(), why="no promise needs it")
        return self._answer(self._unanswered.pop(next(iter(self._unanswered))))

    # --- what is asked ------------------------------------------------------------------------------------------------

    def pencil(
        self,
        case: CaseId,
        queue: str,
        window: Window,
        promise: PromiseId | None = None,
        suits: Suits | None = any_time,
    ) -> Room:
        """Whether a call can be promised for a case in a window, looked up before that is decided: of several who ask
        at once each sees what is left by the others. Where it can, the time is kept in memory until the promise asks
        for it (`ask`), or for `PENCILLED_MS`; not while some who asked before are not answered, for they come first.
        `promise`: what is kept for it already is left out of account. Other windows are those that suit; None: no
        others are looked for, which is most of the work where nobody is free."""
        self._learner.look()
        now, load_ms, need = self._clock.now(), self.call_ms, self.need(queue)
        self._rub_out(case)
        before = self._slots.get(self._by_promise.get(promise, SlotId(""))) if promise is not None else None
        if before is not None:
            self.capacity.drop(before.id)
        start = self.capacity.find(need, window, load_ms, now=now)
        after = max(now, window[0])
        later: tuple[Window, ...] = ()
        if start is None and suits is not None:
            later = self.capacity.alternatives(need, load_ms, after=after, suits=suits)
        if before is not None and not before.at_risk:
            self.capacity.put(before)
        if start is None:
            return Room(fits=False, alternatives=later)
        if self._unanswered:
            return Room(fits=True)
        pencilled = Slot(
            id=SlotId(f"{PENCILLED}{case}"),
            version=0,
            promise=PromiseId(""),
            case=case,
            customer=CustomerId(""),
            queue=queue,
            window=window,
            at=start,
            load_ms=load_ms,
            expires_at=Ms(now + PENCILLED_MS),
            skills=need.skills,
        )
        self.capacity.put(pencilled)
        self._deadlines.set(pencilled.id, pencilled.expires_at, lambda: self._rub_out(case))
        return Room(fits=True)

    def ask(self, event: SlotAsked) -> None:
        """A promise needs agents' time: keep it, or say when there is some. After all who asked before we stopped."""
        if self._unanswered:
            self._unanswered.pop(event.promise, None)  # what it asked for before does not count any more
            self._unanswered[event.promise] = event
        else:
            self._answer(event)

    def _answer(self, event: SlotAsked) -> asyncio.Future[Stored] | None:
        self._learner.look()
        self._rub_out(event.case)
        now, load_ms = self._clock.now(), self.call_ms
        need = self.need(event.queue, event.skills)
        before = self._slots.get(self._by_promise.get(event.promise, SlotId("")))
        if before is not None:
            self.capacity.drop(before.id)
        start = self.capacity.find(need, event.window, load_ms, now=now)
        if start is None:
            later = self.capacity.alternatives(need, load_ms, after=max(now, event.window[0]))
            if before is not None and not before.at_risk:
                self.capacity.put(before)
            return self._attempt(
                RefuseSlot(
                    key=self._next_key(),
                    promise=event.promise,
                    case=event.case,
                    customer=event.customer,
                    window=event.window,
                    why="it is over" if event.window[1] <= now else "nobody is free then",
                    alternatives=later,
                )
            )
        return self._attempt(
            HoldSlot(
                key=self._next_key(),
                promise=event.promise,
                case=event.case,
                customer=event.customer,
                queue=event.queue,
                window=event.window,
                start=start,
                load_ms=load_ms,
                expires_at=Ms(now + self._rules.held_for_s * SECOND_MS),
                skills=need.skills,
                replaces=before.id if before is not None else None,
            )
        )

    def confirm(self, slot: SlotId) -> None:
        """Its promise stands: it is kept for as long as that does."""
        self._deadlines.clear(f"slot {slot}")

    def ended(self, promise: PromiseId) -> None:
        """A promise has ended: what was kept for it is free."""
        self._unanswered.pop(promise, None)
        slot = self._by_promise.get(promise)
        if slot is not None:
            self._free(slot, why="the promise has ended")

    def look_again(self) -> None:
        """Who is there, and whether what is promised still fits: what does not is at risk from now on."""
        now = self._clock.now()
        missing = missing_now(self._roster, self._agents, now=now, late_ms=self._rules.late_s * SECOND_MS)
        until = Ms(now + self._rules.away_s * SECOND_MS)
        for n in {*missing, *self._missing}:
            shift, was, is_now = self._roster.shifts[n], self._missing.get(n, NOBODY), missing.get(n, NOBODY)
            if was.gone != is_now.gone:
                self._roster.miss(shift, is_now.gone - was.gone, now)
            if was.away and now < self._away_until:
                self._roster.miss(shift, -was.away, now, self._away_until)
            if is_now.away:
                self._roster.miss(shift, is_now.away, now, until)
            if was != is_now or is_now.away:
                self.capacity.forget()
        self._missing, self._away_until = missing, until
        self._note_risks(now)
        again = changes_at(self._roster, self._agents, now=now, late_ms=self._rules.late_s * SECOND_MS)
        if any(absent.away for absent in missing.values()):  # the near future goes on
            nearer = Ms(now + self._rules.away_s * SECOND_MS // 4)
            again = nearer if again is None else min(again, nearer)
        if again is not None:
            self._deadlines.set("staffing", again, self.look_again)
        else:
            self._deadlines.clear("staffing")

    # --- what was decided ---------------------------------------------------------------------------------------------

    def put(self, document: Document) -> None:
        """Learn of a document that was decided or read."""
        match document:
            case Staffing():
                self._put_staffing(document)
            case Slot():
                self._put_slot(document)
            case Agent() if self._roster.shifts and self._is_rebuilt:
                self._deadlines.set("presence", Ms(self._clock.now() + LOOKED_AFTER_MS), self.look_again)
            case _:
                return

    def _put_staffing(self, staffing: Staffing) -> None:
        self.staffing, self._missing = staffing, {}
        self._roster = self._new_roster()
        self.capacity.forget()
        self._shifts_of = {}
        for shift in sorted(staffing.shifts, key=lambda one: one.start):
            if shift.agent is not None:
                self._shifts_of.setdefault(shift.agent, []).append(shift)
        if self._is_rebuilt:
            self._deadlines.set("staffing", self._clock.now(), self.look_again)
            self._on_shifts()

    def _put_slot(self, slot: Slot) -> None:
        known = self._slots.get(slot.id)
        was_at_risk, is_at_risk = known is not None and known.at_risk, slot.at_risk and not slot.free
        self._at_risk += is_at_risk - was_at_risk
        if slot.free or slot.at_risk:
            self.capacity.drop(slot.id)
        if slot.free:
            self._slots.pop(slot.id, None)
            if self._by_promise.get(slot.promise) == slot.id:
                del self._by_promise[slot.promise]
            self._deadlines.clear(f"slot {slot.id}")
            return
        waits = known is None and slot.expires_at > self._clock.now()
        self._slots[slot.id] = slot
        self._by_promise[slot.promise] = slot.id
        if not slot.at_risk:
            self.capacity.put(slot)
        if waits:  # those whose time is over were confirmed, or are let go of at the start
            self._deadlines.set(
                f"slot {slot.id}", slot.expires_at, lambda: self._free(slot.id, why="no promise was made of it")
            )

    # --- inside -------------------------------------------------------------------------------------------------------

    @property
    def _rules(self) -> StaffingSettings:
        return self._means.policy.settings.staffing

    def _new_roster(self) -> Roster:
        abilities = {id: agent.skills for id, agent in self._agents.items()}
        return Roster(self.staffing, abilities, slot_ms=self._slot_ms)

    def _rub_out(self, case: CaseId) -> None:
        id = SlotId(f"{PENCILLED}{case}")
        self.capacity.drop(id)
        self._deadlines.clear(id)

    def _learned_anew(self, is_hour: bool) -> None:
        """Another hour has begun; or somebody came or went, which says something only where nobody said who comes."""
        if is_hour or not self._roster.shifts:
            self.capacity.forget()

    def _free(self, id: SlotId, *, why: str) -> asyncio.Future[Stored] | None:
        return self._attempt(FreeSlot(key=self._next_key(), slot=id, why=why))

    def _note_risks(self, now: Ms) -> None:
        """Each is told other windows that are free when all who came before have taken the first of theirs."""
        found = [slot for slot in self.capacity.beyond(now) if slot.id in self._slots]
        for slot in found:
            self.capacity.drop(slot.id)
        taken: list[SlotId] = []
        for slot in found:
            need = Need(slot.queue, slot.skills)
            later = self.capacity.alternatives(need, slot.load_ms, after=max(now, slot.window[0]))
            if later:
                taken.append(SlotId(f"likely/{slot.id}"))
                self.capacity.put(replace(slot, id=taken[-1], at=later[0][0]))
            self._attempt(NoteAtRisk(key=self._next_key(), slot=slot.id, why=SHORT, alternatives=later))
        for id in taken:
            self.capacity.drop(id)

    def _supply(self, number: int) -> Supply:
        rules, (start, _) = self._rules, self.capacity.window(number)
        if self._roster.covers(start):
            return Supply(time=self._roster.time(number), cap=rules.share, basis=ROSTERED)
        learned = self._learner.learned
        there = present_at(learned, self._learner.hour_at(start))
        if there is None and self._roster.shifts:
            return Supply(time={}, cap=0.0, basis=UNKNOWN)
        there = there if there is not None else present_now(learned)
        if there:
            time: dict[Ability, float] = {(skills, None): count * self._slot_ms for skills, count in there.items()}
            return Supply(time=time, cap=rules.share * rules.learned_share, least_ms=self.call_ms, basis=LEARNED)
        some: dict[Ability, float] = {((), queue): float(self.call_ms) for queue in self._means.policy.queues}
        return Supply(time=some, cap=1.0, basis=UNKNOWN)

    def _expected(self, number: int) -> Mapping[Need, float]:
        hour = self._learner.hour_at(self.capacity.window(number)[0])
        share = self._slot_ms / HOUR_MS
        return {
            self.need(need.queue, need.skills): count * share * self.call_ms
            for need, count in calls_at(self._learner.learned, hour).items()
        }

    def _next_open(self, queue: str, number: int) -> int | None:
        """The first slot from `number` on that lies in the hours of a queue as a whole."""
        known = self._opens.get((queue, number), -1)
        if known != -1:
            return known
        if len(self._opens) >= OPENS_KEPT:
            self._opens.clear()
        found = self._opens[queue, number] = self._looked_up(queue, number)
        return found

    def _looked_up(self, queue: str, number: int) -> int | None:
        policy, at = self._means.policy, number
        if queue not in policy.queues:
            return None
        for _ in range(SHUT_MAX):
            start, end = (_instant(ms) for ms in self.capacity.window(at))
            opens = policy.next_open(queue, start)
            if opens is None:
                return None
            if opens > start:
                at = max(at + 1, -(-int(opens.timestamp() * 1000) // self._slot_ms))
            elif policy.is_open(queue, end - A_MOMENT):
                return at
            else:
                at += 1
        return None


def _ask_of(promise: Promise, window: Window) -> SlotAsked:
    """What a promise asked for, as it was asked."""
    return SlotAsked(
        promise=promise.id,
        case=promise.case,
        customer=promise.customer,
        at=promise.made_at if promise.asked_at is None else promise.asked_at,
        queue=promise.queue,
        window=window,
        skills=promise.skills,
    )


def _instant(at: Ms) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)
