"""The dialler: dials, moves and looks after telephone legs, as their documents say.

An attempt is durable before the provider is asked, and an attempt without an answer is looked up before anything else
happens to that number. Moving a leg is asked again until it has come: the step it goes to answers once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Protocol, cast

from channels.base import Channel, Dial, LiveChannel
from channels.clock import Activity
from policies import PolicySet
from router.core.addresses import matching_key
from router.core.clock import Clock, Ms
from router.core.commands import BeginLeg, BreakOffCall, Command, NoteCall, RecordLeg
from router.core.documents import Call, Document
from router.core.errors import Rejected
from router.core.events import (
    CallArrived,
    CallChecked,
    CallEnded,
    CallMoved,
    CallWentOn,
    LeadTookOver,
    LegAnswered,
    LegAttempted,
    LegPlaced,
    LegPlanned,
    LegPutOff,
)
from router.core.words import SECOND_MS, CallId, CallRole, CallState, Step
from router.journal.base import Journal, JournalStopped, Stored
from router.journal.faultpoints import FaultPoints
from router.node.customers import sent_key
from router.node.deadlines import Deadlines
from router.node.locks import Locks
from router.node.outbox import Breaker
from router.node.tasks import Tasks

HEARD = frozenset(
    {
        *(CallArrived, LegPlanned, LegAttempted, LegPutOff, LegPlaced, LegAnswered),
        *(CallWentOn, CallMoved, CallChecked, CallEnded, LeadTookOver),
    }
)
AT_ONCE = 64
"""Legs attended to at the same time; those to one number go one after the other."""
IN_ROOM = (Step.TALKING, Step.OPENING, Step.BESIDE)
"""Steps in which a leg asks for nothing: only the provider's word says that it is over, and that may be lost."""
ANSWERED = "in-progress"
"""The provider's word for a leg that somebody has picked up."""
ASK_MS = 10 * SECOND_MS
"""How often the provider is asked, once for all of them, which legs in rooms are on the line."""
DRAIN_S = 5.0
"""So long a stop waits for those who wait on the phone to hear of it."""
AGAIN_MS = SECOND_MS
"""How soon a move that did not come through is asked again: somebody is on the line."""
COMES_MS = 10 * SECOND_MS
"""Whoever was moved and has not come by then hears something that is not ours: they are moved once more."""
ASTRAY_MAX = 10_000
"""So many are remembered who came while we were starting; the others are fetched when they should have come."""


class Take(Protocol):
    def __call__(self, command: Command) -> Awaitable[object]: ...


class Dialler:
    def __init__(
        self,
        *,
        journal: Journal,
        take: Take,
        channel: Channel | None,
        policy: Callable[[], PolicySet],
        clock: Clock,
        deadlines: Deadlines,
        activity: Activity,
        faults: FaultPoints,
    ) -> None:
        self._journal = journal
        self._take = take
        self._channel = cast(LiveChannel | None, channel)
        self._policy = policy
        self._clock = clock
        self._deadlines = deadlines
        self._activity = activity
        self._faults = faults
        self.tasks = Tasks()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._in_order = Locks()
        self._under_way: set[CallId] = set()
        self._unsure: set[CallId] = set()  # on the line when we went away, and not seen since
        self._ids: dict[CallId, str] = {}  # the provider's, of every leg that is not over
        self._rooms: set[CallId] = set()  # legs in a room
        self._asks_rooms = False
        self.breaker = Breaker()
        self.is_served = False  # whoever comes for what to say is answered
        self._held: dict[CallId, None] = {}  # legs that are dialled, moved or fetched once that is so
        self._astray: dict[CallId, None] = {}  # whoever came for what to say before, and was turned away
        self._asked_again: dict[CallId, int] = {}  # the turn to which a leg was moved a second time soon
        self.legs: dict[CallId, str] = {}  # state of every leg that is not over
        self.dialling_since: dict[CallId, Ms] = {}  # legs of which the provider has said nothing since we asked
        self._lines: dict[str, dict[CallId, None]] = {}  # legs to each phone: the first alone is dialled
        self._line_of: dict[CallId, str] = {}
        self._comes: dict[CallId, asyncio.Event] = {}  # legs that are about to come for their last words

    async def load(self) -> None:
        """Know every leg that is not over, before anything is heard: whoever is on an agent's phone stands before
        those who are planned from then on."""
        for call in sorted(await self._legs(), key=lambda c: (c.state is CallState.PLANNED, c.started_at, c.id)):
            self.legs[call.id] = call.state
            if call.provider_id is not None:
                self._ids[call.id] = call.provider_id
            if call.state is CallState.LIVE and call.step in IN_ROOM:
                self._rooms.add(call.id)
            if call.state is CallState.DIALLING:
                self.dialling_since[call.id] = call.started_at
            if call.role is not CallRole.CUSTOMER:
                self._join_line(call.id, call.to)
            elif call.promise is not None and call.state is not CallState.PLANNED:
                self._join_line(call.id, matching_key(await self._number_of(call)))

    async def begin(self) -> None:
        """Take up every leg that is not over. Of a leg that the provider has
        it is asked at once where it stands: it may have ended while we were away."""
        for call in await self._legs():
            if call.provider_id is not None and call.state in (CallState.RINGING, CallState.LIVE):
                self._unsure.add(call.id)
                self._start(call.id)
            elif call.due_at is not None:
                self._plan(call.id, call.due_at)
        self._watch_rooms()

    async def serve(self) -> None:
        """From now on whoever comes for what to say is answered: whoever waited for that is dialled, moved or fetched,
        those first who came too early."""
        self.is_served = True
        for id in self._astray:
            await self._try(RecordLeg(key=f"astray/{id}/{self._clock.now()}", call=id, outcome="astray"))
        for id in self._held:
            self._start(id)
        self._astray.clear()
        self._held.clear()

    def turn_away(self, call: CallId) -> None:
        """Somebody came for what to say and was not answered: they hear the provider's own document now."""
        if not self.is_served and len(self._astray) < ASTRAY_MAX:
            self._astray[call] = None

    def hear(self, batches: list[Stored]) -> None:
        for stored in batches:
            for event in stored.events:
                if type(event) in HEARD:
                    self._hear(event)
                if isinstance(event, CallWentOn | CallEnded) and (come := self._comes.get(event.call)) is not None:
                    come.set()

    async def drain(self) -> None:
        """The service stops: whoever waits on the phone hears so from us, where the provider lets them in time."""
        coming: list[asyncio.Event] = []
        legs = await self._legs()
        asked = [self.tasks.start(self._break_off(call, coming), f"stop {call.id}") for call in legs]
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                if asked:
                    await asyncio.wait(asked)
                for come in coming:
                    await come.wait()

    async def _break_off(self, call: Call, coming: list[asyncio.Event]) -> None:
        come = self._comes[call.id] = asyncio.Event()
        with suppress(Rejected, JournalStopped):
            await self._take(BreakOffCall(key=f"stop/{call.id}/{call.version}", call=call.id))
            coming.append(come)

    async def close(self) -> None:
        """Let what is under way finish for a moment; the rest is taken up at the next start."""
        await self.tasks.close()

    async def _legs(self) -> list[Call]:
        return [call for call in await self._journal.live(Call) if isinstance(call, Call)]

    # --- when ---------------------------------------------------------------------------------------------------------

    def _hear(self, event: object) -> None:
        match event:
            case CallEnded():
                self.legs.pop(event.call, None)
                self.dialling_since.pop(event.call, None)
                self._unsure.discard(event.call)
                self._ids.pop(event.call, None)
                self._rooms.discard(event.call)
                self._asked_again.pop(event.call, None)
                self._deadlines.clear(f"leg {event.call}")
                self._leave_line(event.call)
            case LegPlanned():
                self.legs[event.call] = CallState.PLANNED
                if event.role is not CallRole.CUSTOMER:
                    self._join_line(event.call, event.to)
                self._start(event.call)
            case LegAttempted():
                self.legs[event.call] = CallState.DIALLING
                self.dialling_since[event.call] = event.at
                self._plan(event.call, event.lookup_at)
            case LegPutOff():
                self.legs[event.call] = CallState.PLANNED
                self.dialling_since.pop(event.call, None)
                self._plan(event.call, event.again_at)
            case LegPlaced() | CallChecked():
                self._plan(event.call, event.look_at)
                if isinstance(event, LegPlaced):
                    self._ids[event.call] = event.provider_id
                    self.dialling_since.pop(event.call, None)
                    self.legs[event.call] = CallState.RINGING
                    self._start(event.call)  # it may have been moved while it was being dialled
            case CallMoved() if not event.stays:
                self._start(event.call)
            case LeadTookOver():
                self._start(event.call)
            case CallArrived() | LegAnswered():
                if isinstance(event, CallArrived):
                    self._ids[event.call] = event.provider_id
                self.dialling_since.pop(event.call, None)
                self.legs[event.call] = CallState.LIVE
                self._watch(event.call)
            case CallWentOn():
                self._unsure.discard(event.call)
                self._watch(event.call)
                if event.step in IN_ROOM:
                    self._rooms.add(event.call)
                    self._watch_rooms()
                else:
                    self._rooms.discard(event.call)
            case _:
                pass

    def _join_line(self, call: CallId, to: str) -> None:
        self._lines.setdefault(to, {})[call] = None
        self._line_of[call] = to

    def _leave_line(self, call: CallId) -> None:
        """An agent's phone is free again: whoever is next on it is dialled."""
        to = self._line_of.pop(call, None)
        if to is None:
            return
        del self._lines[to][call]
        if following := next(iter(self._lines[to]), None):
            self._start(following)
        else:
            del self._lines[to]

    def _watch(self, call: CallId) -> None:
        """Look at the leg when its document says so; the document is read then."""
        self._deadlines.set(f"leg {call}", Ms(self._clock.now() + 120 * SECOND_MS), lambda: self._start(call))

    def _plan(self, call: CallId, at: Ms) -> None:
        if at <= self._clock.now():
            self._start(call)
        else:
            self._deadlines.set(f"leg {call}", at, lambda: self._start(call))

    def _watch_rooms(self) -> None:
        """Ask who is on the line in a while, where anybody is in a room."""
        if self._rooms and not self._asks_rooms:
            self._asks_rooms = True
            at = Ms(self._clock.now() + ASK_MS)
            self._deadlines.set("rooms", at, lambda: self.tasks.start(self._ask_rooms(), "rooms"))

    async def _ask_rooms(self) -> None:
        """Look at each leg in a room that the provider does not name among those on the line."""
        asked = {id: self._ids[id] for id in sorted(self._rooms) if id in self._ids}
        with self._activity.doing("dialler"):
            on_line = None
            if asked and self._channel is not None:
                with suppress(ConnectionError):
                    on_line = await self._channel.on_line()
            for id, provider_id in asked.items():
                if on_line is not None and provider_id not in on_line and id in self._rooms:
                    self._unsure.add(id)
                    self._start(id)
        self._asks_rooms = False
        self._watch_rooms()

    def _start(self, call: CallId) -> None:
        self.tasks.start(self._work(call), f"leg {call}")

    # --- what ---------------------------------------------------------------------------------------------------------

    async def _work(self, id: CallId) -> None:
        with self._activity.doing("dialler"):
            async with self._slots:
                call = await self._journal.document(id)
                if isinstance(call, Call) and call.state is not CallState.ENDED and self._channel is not None:
                    async with self._in_order.hold(call.to):
                        await self._attend(id, self._channel)

    async def _attend(self, id: CallId, channel: LiveChannel) -> None:
        found: Document | None = await self._journal.document(id)
        if not isinstance(found, Call) or found.state is CallState.ENDED or id in self._under_way:
            return
        self._under_way.add(id)
        try:
            if found.state is CallState.PLANNED:
                if found.due_at is not None and found.due_at > self._clock.now() and not found.move:
                    self._plan(id, found.due_at)  # it was put off, and is wanted still
                elif not self.is_served:
                    self._held[id] = None
                else:
                    await self._dial(found, channel)
            elif found.state is CallState.DIALLING and found.provider_id is None:
                if found.due_at is not None and found.due_at <= self._clock.now():
                    await self._look_up(found, channel)
            elif found.move:
                await self._move(found, channel)
            elif id in self._unsure or (found.due_at is not None and found.due_at <= self._clock.now()):
                await self._look(found, channel)
            elif found.due_at is not None:
                self._plan(id, found.due_at)
        finally:
            self._under_way.discard(id)

    async def _dial(self, call: Call, channel: LiveChannel) -> None:
        number = await self._number_of(call)
        if call.role is CallRole.CUSTOMER:
            self._join_line(call.id, matching_key(number))
        line = self._line_of.get(call.id, call.to)
        busy = next(iter(self._lines.get(line, {})), call.id) != call.id
        busy_until = Ms(call.started_at + self._policy().settings.agents.leg_s * SECOND_MS)
        if busy and call.role is not CallRole.CUSTOMER and self._clock.now() < busy_until:
            return self._plan(call.id, busy_until)  # their phone is still in another call, which is about to end
        later, is_theirs = False, call.role is CallRole.CUSTOMER
        if wait := self.breaker.wait_ms(self._clock.now()):
            later = not is_theirs and self._clock.now() >= busy_until  # whoever took it need not sit there any longer
            if not later:
                again_at = Ms(self._clock.now() + wait)
                return self._plan(call.id, again_at if is_theirs else min(again_at, busy_until))
        self._faults.reach("dialler.before_attempt")
        asked, key = number if is_theirs else "", f"leg/{call.id}/{call.version}"
        await self._try(BeginLeg(key=key, call=call.id, number=asked, busy=busy, later=later))
        begun = await self._journal.document(call.id)
        if not isinstance(begun, Call) or begun.state is not CallState.DIALLING or begun.provider_id is not None:
            return None
        dial = await self._dial_of(begun)
        self._faults.reach("dialler.before_dial")
        sent = await channel.dial(dial)
        self._faults.reach("dialler.after_dial")
        self.breaker.note(ok=sent.is_provider_well, now=self._clock.now())
        if sent.outcome != "lost":
            outcome = "placed" if sent.outcome == "sent" else sent.outcome
            await self._record(begun, outcome, provider_id=sent.provider_id or "", error=sent.error)
        return None

    async def _look_up(self, call: Call, channel: LiveChannel) -> None:
        """A dial without an answer: ask the provider whether it has the call."""
        try:
            found = await channel.dialled(await self._dial_of(call))
        except ConnectionError:
            self.breaker.note(ok=False, now=self._clock.now())
            return self._plan(
                call.id, Ms(self._clock.now() + max(5 * AGAIN_MS, self.breaker.wait_ms(self._clock.now())))
            )
        for id in found:
            if await self._journal.answer(sent_key(id)) is None:
                return await self._record(call, "placed", provider_id=id, adopted=True)
        gone_at = Ms((call.attempted_at or 0) + self._policy().settings.sending.lookup_s * SECOND_MS)
        if self._clock.now() < gone_at:  # it may come yet: somebody may hold our request up
            return self._plan(call.id, gone_at)
        return await self._record(call, "absent")

    async def _move(self, call: Call, channel: LiveChannel) -> None:
        """Have the leg fetch the step where it should be. One that is not answered yet is ended instead."""
        if call.provider_id is None:
            return None
        ends = call.step is Step.GOODBYE and (call.role is not CallRole.CUSTOMER or call.state is not CallState.LIVE)
        if call.state is not CallState.LIVE and not ends:
            return await self._look(call, channel)  # it fetches its step when it is answered, if it still rings
        if not ends and not self.is_served:  # it would come to a closed door
            self._held[call.id] = None
            return None
        self._faults.reach("dialler.before_move")
        try:
            if ends:
                there = await channel.hang_up(call.provider_id)
            else:
                there = await channel.move(call.provider_id, reference=call.id, step=call.step, turn=call.turn)
        except ConnectionError:
            return self._plan(call.id, Ms(self._clock.now() + AGAIN_MS))
        if not there:
            return await self._look(call, channel)
        await self._record(call, "moved")
        if not ends and self._asked_again.get(call.id) != call.turn:
            self._asked_again[call.id] = call.turn
            self._plan(call.id, Ms(self._clock.now() + COMES_MS))
        return None

    async def _look(self, call: Call, channel: LiveChannel) -> None:
        """Nothing was heard of a leg for long: ask the provider where it stands."""
        if call.provider_id is None:
            return None
        try:
            seen = await channel.look(call.provider_id)
        except ConnectionError:
            return self._plan(call.id, Ms(self._clock.now() + 5 * AGAIN_MS))
        is_answered = seen.state == ANSWERED and call.state is CallState.RINGING
        if is_answered and not self.is_served:  # they could not be told yet what they are to hear
            self._held[call.id] = None
            return None
        key = f"look/{call.id}/{call.version}"
        try:
            await self._take(
                NoteCall(
                    key=key,
                    call=call.id,
                    state=seen.state,
                    provider_id=call.provider_id,
                    seconds=seen.seconds,
                    ended_at=seen.ended_at,
                )
            )
        except (Rejected, JournalStopped):
            if not self.is_served:
                self._held[call.id] = None
                return None
            self._unsure.discard(call.id)
            await self._record(call, "answered" if is_answered else "there")
        else:
            self._unsure.discard(call.id)
        return None

    async def _record(
        self, call: Call, outcome: str, *, provider_id: str = "", error: str = "", adopted: bool = False
    ) -> None:
        await self._try(
            RecordLeg(
                key=f"leg/{call.id}/{outcome}/{call.version}",
                call=call.id,
                outcome=outcome,
                turn=call.turn,
                provider_id=provider_id,
                error=error,
                adopted=adopted,
            )
        )

    async def _try(self, command: Command) -> None:
        """Do it; where the moment has passed, nothing happens."""
        try:
            await self._take(command)
        except (Rejected, JournalStopped):
            return

    async def _number_of(self, call: Call) -> str:
        return (await self._journal.words([call.to])).get(call.to, "")

    async def _dial_of(self, call: Call) -> Dial:
        settings = self._policy().settings
        to = await self._number_of(call)
        return Dial(
            reference=call.id,
            role=call.role,
            to=to,
            via=call.via,
            step=call.step,
            turn=call.turn,
            ring_s=settings.callbacks.ring_s if call.role is CallRole.CUSTOMER else settings.agents.leg_s,
            attempted_at=call.attempted_at or call.started_at,
        )
