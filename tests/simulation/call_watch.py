"""What must hold of calls and promises after every batch of the log; the numbers are those of `invariants`.

Written from what was promised to whoever is on the phone, and from what the provider knows to be true.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from phonenumbers import parse
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from router.core.call_table import TABLE
from router.core.documents import Ask, Call, Case, Customer, Message, Promise, Recording, State
from router.core.events import (
    CallArrived,
    CallEnded,
    CallMoved,
    CallWentOn,
    CasesUnmerged,
    ContactReceived,
    LegAttempted,
    LegPlanned,
    LegPutOff,
    MessageQueued,
    PromiseChanged,
    PromiseMade,
    RecordingAttempted,
    TextWithheld,
    WorkClosed,
    WorkWanted,
    WorkWithdrawn,
)
from router.core.slips import NO_TIME
from router.core.tree import tree_of
from router.core.words import MINUTE_MS, ActorKind, CallRole, CallState, Channel, PromiseState, Step
from tests.simulation.exchange import Ear
from tests.simulation.log import Judge, Taken
from tests.simulation.recording_watch import attempted

RANK = {state: n for n, state in enumerate(CallState)}
ATTEMPTS_MAX = 3
BUSY_MS, AGAIN_MS, SPACING_MS = 120_000, 180_000, 900_000
"""So long nobody is called again: after a busy line, after the first call that nobody answered, between later ones."""
BUSY_FOR_MS = 1_800_000
"""What is busy within so long is one attempt."""
OURS = ("canceled", "later", "unknown")
"""Attempts that came to nothing because of us, or of the provider: they count for none."""
PLACE_KEPT_MS = 3 * 86_400_000
TAKEN_MS = 120_000
"""Whoever took a call-back rings them within this."""
ASKED_MS = 7_200_000
"""So long a call that somebody asked for as soon as possible may come at any hour."""
LIVE = ("phone", "chat")
UNHEARD = ("canceled", "held", "later", "unknown", "busy")
"""Attempts after which whoever was promised a time still waits for a word."""
WARN_MS = 6 * MINUTE_MS
"""A word that comes so long before the time is over, or later, may be of it."""
SAID_BY_MS = 5 * MINUTE_MS
"""So long after its end a promise was kept, or they have had a word of it."""
BY_THEM = ("HearCall", "StartCall", "OpenCase")
"""Commands by which somebody asked for a call in so many words."""
CALL_WORDS = ("call", "ruf", "llam")


FALLBACK = "Our service is just restarting"
"""With this the provider's own document begins, which callers hear while nobody answers for us."""


def is_night(at: int, number: str) -> bool:
    """Whether it is before eight or after twenty o'clock wherever a number may be."""
    zones = time_zones_for_number(parse(number))
    hours = [datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).hour for zone in zones if zone != UNKNOWN_TIMEZONE]
    return bool(hours) and not any(8 <= hour < 20 for hour in hours)


@dataclass
class CallWatch:
    """`vouched`: what the carrier said of the caller of a call; `ear_of`: a leg as its far end knows it;
    `is_dialled`: whether the provider has a leg that we ordered; `began`: when our processes began, by their clocks;
    `said`: the words of a contact."""

    judge: Judge
    vouched: Callable[[str], str]
    ear_of: Callable[[str], Ear | None]
    is_dialled: Callable[[str], bool]
    began: Callable[[], list[int]]
    said: Callable[[str], str]
    arrived: set[str] = field(default_factory=set)
    on_line: dict[str, str] = field(default_factory=dict)  # agent -> their leg
    dialled: dict[str, str] = field(default_factory=dict)  # promise -> the leg that is out for it
    tried: dict[str, list[int]] = field(default_factory=dict)  # promise -> when each attempt began
    ended: dict[str, int] = field(default_factory=dict)  # promise -> when the last one was over
    late: dict[str, int] = field(default_factory=dict)  # promise -> when it was first seen overdue
    busy: dict[str, int] = field(default_factory=dict)  # promise -> when a busy line last counted as an attempt
    missed: dict[str, str] = field(default_factory=dict)  # promise -> how the last one ended
    due: dict[str, tuple[int, str]] = field(
        default_factory=dict
    )  # promise -> its end, its case: they heard nothing yet
    unsaid: dict[str, int] = field(default_factory=dict)  # promise -> when it was first seen over without a word
    kept: dict[str, int] = field(default_factory=dict)

    def look(self, batch: Taken, after: State) -> None:
        states = [*batch.steps[1:], after]
        withdrawn: dict[str, WorkWithdrawn] = {}
        for before, event, now in zip(batch.steps, batch.events, states, strict=True):
            self._monotone(before, event, now)
            match event:
                case CallArrived():
                    if event.provider_id in self.arrived:
                        self.judge.broken(3, f"{event.provider_id} became two calls")
                    self.arrived.add(event.provider_id)
                case LegPlanned():
                    self._planned(before, event)
                case LegAttempted():
                    self._attempted(before, event)
                case CallWentOn():
                    self._went_on(batch, before, event)
                    self._in_line(event, now)
                case CallEnded():
                    self._ended(before, event)
                case RecordingAttempted():
                    self._recorded(before, event)
                case PromiseMade():
                    self._promised(batch, before, event)
                case PromiseChanged():
                    self._changed(before, event)
                case WorkWanted() if batch.command.kind == "StartCall" and batch.command.actor is ActorKind.AGENT:
                    if isinstance(case := before.get(event.case), Case):
                        self.ended.pop(case.promise or "", None)  # a person wants it now
                case WorkWithdrawn():
                    withdrawn[event.case] = event
                case MessageQueued() | TextWithheld():
                    self._said_of(event)
                case WorkWanted() if event.case in withdrawn:
                    self._switched(batch, withdrawn.pop(event.case), event)
                case _:
                    pass
        self._silent(batch, after)
        self._owned(batch, after)
        for event in batch.events:
            if isinstance(event, CallEnded) and event.role is CallRole.CUSTOMER:
                self._lost(batch, event, after)

    def _monotone(self, before: State, event: object, now: State) -> None:
        id = getattr(event, "call", "")
        old, new = before.get(id), now.get(id)
        if not isinstance(old, Call) or not isinstance(new, Call):
            return
        is_put_off = isinstance(event, LegPutOff)
        if (RANK[new.state] < RANK[old.state] and not is_put_off) or new.turn < old.turn:
            self.judge.broken(7, f"{id} went from {old.state}/{old.turn} back to {new.state}/{new.turn}")
        if old.state is CallState.ENDED and isinstance(event, CallEnded | CallMoved | CallWentOn | LegAttempted):
            self.judge.broken(7, f"{id} was over, and {type(event).__name__} came")

    # --- legs ---------------------------------------------------------------------------------------------------------

    def _planned(self, before: State, event: LegPlanned) -> None:
        if event.role is not CallRole.CUSTOMER:
            return
        beside = [
            d
            for d in before.values()
            if isinstance(d, Call) and d.case == event.case and d.role is CallRole.AGENT and d.step is Step.BESIDE
        ]
        if not any(leg.state is CallState.LIVE for leg in beside):
            self.judge.broken(44, f"{event.call} is to be rung, and no agent is there to talk")

    def _attempted(self, before: State, event: LegAttempted) -> None:
        call = before.get(event.call)
        assert isinstance(call, Call)
        if call.state is not CallState.PLANNED:
            self.judge.broken(18, f"{call.id} was dialled while it was {call.state}")
        if call.role is not CallRole.CUSTOMER:
            other = self.on_line.setdefault(call.agent or "", call.id)
            if other != call.id:
                self.judge.broken(13, f"{call.agent} is rung as {call.id} while {other} is on their line")
            return
        promise = call.promise or ""
        if promise in self.dialled:
            self.judge.broken(18, f"{promise} is dialled twice at once: {self.dialled[promise]}, {call.id}")
        times = self.tried.setdefault(promise, [])
        if promise in self.ended and event.at < self.ended[promise] + self._rests_ms(promise):
            self.judge.broken(18, f"{promise} was tried again after {event.at - self.ended[promise]} ms")
        times.append(event.at)
        if len(times) > ATTEMPTS_MAX:
            self.judge.broken(18, f"{promise} was tried {len(times)} times")
        self.dialled[promise] = call.id
        self._rung_by_day(before, call, event)

    def _rung_by_day(self, before: State, call: Call, event: LegAttempted) -> None:
        """Nobody's phone rings at night of our own accord: but at a time that they named, soon after they asked for it,
        because it is danger, or because an agent wants it so. Who took it by day has their call."""
        promise = before.get(call.promise or "")
        assert isinstance(promise, Promise)
        is_asked = promise.waits_turn and event.at <= promise.made_at + ASKED_MS + TAKEN_MS
        is_wanted = not promise.attempts if promise.unpromised else promise.named or is_asked
        case = before.get(call.case)
        is_danger = isinstance(case, Case) and case.ask is not None and case.ask.requirement.is_danger
        number = self.said(call.to)
        is_at_night = is_night(event.at, number) and is_night(event.at - TAKEN_MS, number)
        if is_at_night and not (is_wanted or is_danger):
            self.judge.broken(19, f"{promise.id} rings somebody at night")

    def _rests_ms(self, promise: str) -> int:
        """How long they are left alone after the last attempt."""
        if self.missed.get(promise) in ("busy", "later", "unknown", "lost"):
            return BUSY_MS
        return AGAIN_MS if len(self.tried[promise]) <= 1 else SPACING_MS

    def _went_on(self, batch: Taken, before: State, event: CallWentOn) -> None:
        call = before.get(event.call)
        assert isinstance(call, Call)
        if batch.command.kind == "HearCall":
            asked = batch.command.key.rpartition("/")[2]
            if asked != str(call.turn):
                self.judge.broken(6, f"turn {asked} of {call.id} acted when it stood at {call.turn}")
        if event.step is Step.BESIDE and call.step is not Step.BESIDE:
            ear = self.ear_of(call.provider_id or "")
            if ear is None or not any("1" in keys for keys in ear.pressed):
                self.judge.broken(44, f"{call.id} is put through, and nobody pressed the key there")

    def _in_line(self, event: CallWentOn, now: State) -> None:
        """Whoever is told to wait has a place in line."""
        call = now[event.call]
        case = now.get(call.case) if isinstance(call, Call) else None
        if event.step is not Step.WAITING or not isinstance(case, Case):
            return
        if case.ask is None or case.ask.requirement.channel is not Channel.PHONE:
            self.judge.broken(15, f"{event.call} is told to wait, and nobody will come")

    def _ended(self, before: State, event: CallEnded) -> None:
        call = before.get(event.call)
        assert isinstance(call, Call)
        if self.on_line.get(call.agent or "") == call.id:
            del self.on_line[call.agent or ""]
        if call.promise is not None and self.dialled.get(call.promise) == call.id:
            del self.dialled[call.promise]
            self.ended[call.promise] = event.at
            self.missed[call.promise] = ""
        if event.how == "unknown" and self.is_dialled(call.id):
            self.judge.broken(21, f"{call.id} was given up, and the provider has it")

    def _lost(self, batch: Taken, event: CallEnded, after: State) -> None:
        """Who heard the provider's own document because we had died, and whom nobody had talked with, is looked after:
        whatever the service thinks of how the call ended."""
        call, case = batch.before.get(event.call), after.get(event.case)
        if not isinstance(call, Call) or not isinstance(case, Case) or call.promise is not None:
            return
        ear = self.ear_of(call.provider_id or "")
        went_away = any(at >= (call.heard_at or call.started_at) for at in self.began())
        if ear is None or not went_away or not any(FALLBACK in words for words in ear.heard):
            return
        talked = call.joined or call.talking_at is not None
        settled = call.queued_at is not None and _ask_of(batch.before, event.case) is None
        settled = settled or (case.solved_at or 0) >= event.at
        other = None if case.call is None else after.get(case.call)
        again = isinstance(other, Call) and other.state is not CallState.ENDED
        looks = any(one.ask is not None or one.promise is not None for one in tree_of(after, case))
        if not looks and not (talked or settled or again or TABLE[call.step].ends):
            self.judge.broken(15, f"{call.id} was lost at {call.step}, and nobody will look")

    def _recorded(self, before: State, event: RecordingAttempted) -> None:
        one = before.get(event.recording)
        call = before.get(one.call) if isinstance(one, Recording) else None
        customer = before.get(one.customer) if isinstance(one, Recording) else None
        assert isinstance(one, Recording)
        assert isinstance(call, Call)
        assert isinstance(customer, Customer)
        attempted(self.judge, event, one=one, call=call, customer=customer)

    # --- promises -----------------------------------------------------------------------------------------------------

    def _promised(self, batch: Taken, before: State, event: PromiseMade) -> None:
        if event.window is not None and not event.unpromised:
            self.due[event.promise] = event.window[1], event.case
        others = [d for d in before.values() if isinstance(d, Promise) and d.case == event.case and d.state.is_pending]
        if others:
            self.judge.broken(18, f"{event.promise} was made beside {others[0].id} of the same case")
        if batch.command.kind in BY_THEM or self._asked_in_writing(batch, event, before):
            return
        changes = [e for e in batch.events if isinstance(e, PromiseChanged) and e.case == event.case]
        is_without_time = event.why == NO_TIME and any(e.state is PromiseState.WITHDRAWN for e in changes)
        if is_without_time or any(e.state is PromiseState.BROKEN for e in changes):  # it is still to be done
            return
        call = next((before[e.call] for e in batch.events if isinstance(e, CallEnded)), None)
        if not isinstance(call, Call):
            self.judge.broken(24, f"{event.promise} was made by {batch.command.kind}, and nobody asked for it")
            return
        vouched = self.vouched(call.provider_id or "")
        if vouched != "A" and not (vouched == "none" and call.known):
            self.judge.broken(24, f"{call.id} was hung up ({vouched}, known {call.known}), and that number is rung")

    def _asked_in_writing(self, batch: Taken, event: PromiseMade, before: State) -> bool:
        """Whether what came says in so many words that it is a call that they want, or names a time after a call
        of ours has missed them."""
        case = before.get(event.case)
        first = batch.before.get(event.case)
        ours = before.get(first.promise or "") if isinstance(first, Case) else None
        was_missed = isinstance(ours, Promise) and any(at <= event.at for at, _ in ours.attempts)
        was_asked = event.named and isinstance(case, Case) and (case.unreached_at is not None or was_missed)
        words = (self.said(e.words or "").casefold() for e in batch.events if isinstance(e, ContactReceived))
        return was_asked or any(call in said for said in words for call in CALL_WORDS)

    def _changed(self, before: State, event: PromiseChanged) -> None:
        promise = before.get(event.promise)
        assert isinstance(promise, Promise)
        if event.window is not None:  # another time was said, and is theirs whatever was tried before
            self.ended.pop(promise.id, None)
            if event.named is not None and promise.id not in self.dialled:
                self.tried.pop(promise.id, None)
                self.busy.pop(promise.id, None)
            self.due[promise.id] = event.window[1], promise.case
            self.unsaid.pop(promise.id, None)
        if not event.state.is_pending or (event.attempt and event.attempt not in UNHEARD):
            self.due.pop(promise.id, None)
        if event.attempt and self.missed.get(promise.id) == "":
            self.missed[promise.id] = event.attempt
            busy_at = self.busy.get(promise.id)
            is_same = event.attempt == "busy" and busy_at is not None and event.at < busy_at + BUSY_FOR_MS
            if event.attempt in OURS or is_same:
                self.tried.get(promise.id, [0]).pop()
            elif event.attempt == "busy":
                self.busy[promise.id] = event.at
        if event.window is not None and event.window == promise.later:
            self._told_before(before, promise, event)
        reached = promise.state is PromiseState.KEPT and event.state is PromiseState.KEPT
        if not promise.state.is_pending and not reached:
            self.judge.broken(17, f"{promise.id} was {promise.state} and became {event.state}")

    def _told_before(self, before: State, promise: Promise, event: PromiseChanged) -> None:
        """One that slips counts as moved where the provider has the word of it, before the time that was told is over."""
        word = before.get(promise.word or "")
        is_out = isinstance(word, Message) and word.about == promise.id and word.provider_id is not None
        if not is_out or promise.window is None or event.at >= promise.window[1]:
            self.judge.broken(17, f"{promise.id} counts as moved, and they did not know in time")

    def _owned(self, batch: Taken, after: State) -> None:
        """Whatever was promised has somebody who will, at every instant."""
        if not any(
            isinstance(e, PromiseMade | PromiseChanged | WorkWithdrawn | WorkClosed | CallEnded) for e in batch.events
        ):
            return
        for event in [e for e in batch.events if isinstance(e, PromiseChanged)]:
            if event.state is PromiseState.BROKEN:
                self._broken(batch, after, event)
        for promise in [d for d in after.values() if isinstance(d, Promise) and d.state.is_pending]:
            case = after.get(promise.case)
            assert isinstance(case, Case)
            if case.promise != promise.id:
                self.judge.broken(17, f"{promise.id} is open, and its case has forgotten it")
            elif case.ask is None and (promise.due_at or 0) < batch.at - MINUTE_MS and not self._is_out(after, promise):
                # After an outage or a leap of the clock several are late at once, and are looked at one by one.
                if self.late.setdefault(promise.id, batch.at) < batch.at - MINUTE_MS:
                    self.judge.broken(17, f"{promise.id} is open, and nobody will keep it")
            else:
                self.late.pop(promise.id, None)

    def _said_of(self, event: MessageQueued | TextWithheld) -> None:
        """Word of a promise is on its way to them, or the case says why it is not."""
        for promise, (end, case) in list(self.due.items()):
            if case == event.case and (event.at >= end - WARN_MS or _is_about(event, promise)):
                del self.due[promise]

    def _silent(self, batch: Taken, after: State) -> None:
        """No time that was told goes by in silence: they were rung in it, are on the line, or had a word of it."""
        for id, (end, _) in self.due.items():
            promise = after.get(id)
            if not isinstance(promise, Promise):
                continue
            if batch.at <= end or promise.id in self.dialled or self._is_out(after, promise):
                self.unsaid.pop(promise.id, None)
            elif self.unsaid.setdefault(promise.id, batch.at) < batch.at - SAID_BY_MS:
                self.judge.broken(17, f"{promise.id} was due until {end}, and they hear nothing of it")

    def end(self, promise: Promise, now: int) -> None:
        """Nor at the end of all."""
        if promise.id in self.due and now > self.due[promise.id][0] + SAID_BY_MS:
            self.judge.broken(17, f"{promise.id} was due until {self.due[promise.id][0]}, and they heard nothing of it")

    def _broken(self, batch: Taken, after: State, event: PromiseChanged) -> None:
        """A promise is never broken silently: it says why, word of it is on its way to them or the case says why it is
        not, and in the same instant somebody is to look, or will be once it is day for them."""
        case = after.get(event.case)
        assert isinstance(case, Case)
        if not any(isinstance(e, MessageQueued | TextWithheld) and e.case == event.case for e in batch.events):
            self.judge.broken(17, f"{event.promise} was broken, and they hear nothing of it")
        is_owned = any(one.ask is not None or one.promise not in (None, event.promise) for one in tree_of(after, case))
        if not event.why or not is_owned:
            self.judge.broken(17, f"{event.promise} was broken, and nobody is told")

    def _is_out(self, after: State, promise: Promise) -> bool:
        """They are being called, or a line of theirs is not known to be over: its end puts the promise in line."""
        live = [d for d in after.values() if isinstance(d, Call) and d.state is not CallState.ENDED]
        return any(call.case == promise.case and call.role is CallRole.CUSTOMER for call in live)

    def _switched(self, batch: Taken, old: WorkWithdrawn, new: WorkWanted) -> None:
        """The share that was waited, or the place itself, goes along with whoever changes the channel."""
        case = next((s[new.case] for s in batch.steps if new.case in s), None)
        ask = case.ask if isinstance(case, Case) else None
        if ask is None or ask.work != old.work:
            return
        if any(isinstance(e, CasesUnmerged) for e in batch.events):  # each side has what it had asked, and where
            return
        was, now_is = ask.requirement, new.ask.requirement
        if was.channel is now_is.channel or (was.kind in LIVE and now_is.kind in LIVE):
            if new.ask.place_at > ask.place_at:
                self.judge.broken(11, f"the place of {new.case} got {new.ask.place_at - ask.place_at} ms younger")
            return
        waited_ms = max(0, new.at - ask.place_at)
        if (new.at - new.ask.place_at) * was.target_ms < waited_ms * now_is.target_ms:
            self.judge.broken(11, f"{new.case} lost its share of waiting by {was.channel} -> {now_is.channel}")


def _is_about(event: MessageQueued | TextWithheld, promise: str) -> bool:
    if isinstance(event, TextWithheld):
        return event.what in ("callback_later", "callback_no_time", "promise_later")
    return event.about == promise


def _ask_of(state: State, case: str) -> Ask | None:
    found = state.get(case)
    return found.ask if isinstance(found, Case) else None
