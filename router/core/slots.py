"""Slots: agents' time that is kept free for promised calls. What either side decides about them.

For whoever promises a call in a window, on the customer's side:

    ask_slot(making, promise, window, queue=…)   emits SlotAsked; `promise.asked` is the window until the answer comes
    fold_slot(making, event)                     the answer, which the relay brings as a FoldWork:
        SlotHeld      → SlotTaken: `promise.window` is true from now on and may be told; `promise.slot` keeps it
        SlotRefused   → SlotMissed: `promise.others` are the next true windows; a window that it had before stays
        PromiseAtRisk → PromiseChanged(at_risk) and SlotMissed: tell them before the window, with `promise.others`

Before it promises a window, a decision looks by `context.room(case, queue, window, promise)` whether it fits, and what
does else. On a node that is `Bookings.pencil`: what fits is kept in memory for the promise to ask for, so that a window
that was found true is not gone when the answer comes, whoever asks beside it.

Nothing else is called: a promise that ends (kept, broken, moved, withdrawn) frees its slot by PromiseChanged, another
window is asked for by ask_slot again, which gives the old one up once the new one is held, and a slot whose promise
does not take it is free again after `staffing.yaml: held_for`. What was asked for when the service stopped is answered
once it is ready again, in the order in which it was asked. The domain's side decides by what `router.node.bookings`
finds on its index.
"""

from router.core.commands import FreeSlot, HoldSlot, NoteAtRisk, RefuseSlot, SetStaffing
from router.core.context import Making
from router.core.documents import Promise, SkillLevels, Slot, Window
from router.core.errors import Reason, Rejected
from router.core.events import (
    PromiseAtRisk,
    PromiseChanged,
    SlotAsked,
    SlotFreed,
    SlotHeld,
    SlotMissed,
    SlotRefused,
    SlotTaken,
    StaffingSet,
)
from router.core.words import PromiseId, PromiseState, SlotId

# --- the customer's side ----------------------------------------------------------------------------------------------


def ask_slot(making: Making, id: PromiseId, window: Window, *, queue: str, skills: SkillLevels = ()) -> None:
    """Ask for agents' time in `window` for a promise. `skills`: what it requires beyond its queue."""
    promise = making.promise(id)
    assert window[0] < window[1], "a window ends after it starts"
    making.emit(
        SlotAsked(
            promise=promise.id,
            case=promise.case,
            customer=promise.customer,
            at=making.now,
            queue=queue,
            window=window,
            skills=skills,
        )
    )


def fold_slot(making: Making, event: SlotHeld | SlotRefused | PromiseAtRisk) -> None:
    """Take note of the domain's answer. Of a promise that has ended, or asks for something else by now: nothing."""
    promise = making.state.get(event.promise)
    if not isinstance(promise, Promise) or not promise.state.is_pending:
        raise Rejected(Reason.NOTHING_TO_DO, "promise")
    match event:
        case SlotHeld():
            _asks_for(promise, event.window)
            making.emit(
                SlotTaken(
                    promise=promise.id,
                    case=promise.case,
                    customer=promise.customer,
                    at=making.now,
                    slot=event.slot,
                    window=event.window,
                )
            )
        case SlotRefused():
            _asks_for(promise, event.window)
            _miss(making, promise, event)
        case PromiseAtRisk():
            if promise.slot != event.slot:
                raise Rejected(Reason.NOTHING_TO_DO, "slot")
            if promise.state is not PromiseState.AT_RISK:
                making.emit(
                    PromiseChanged(
                        promise=promise.id,
                        case=promise.case,
                        at=making.now,
                        entry=making.case(promise.case).entries + 1,
                        state=PromiseState.AT_RISK,
                        callback=promise.callback,
                        why=event.why,
                        due_at=promise.due_at,
                    )
                )
            _miss(making, promise, event)


def _asks_for(promise: Promise, window: Window) -> None:
    if promise.asked != window:
        raise Rejected(Reason.NOTHING_TO_DO, "window")


def _miss(making: Making, promise: Promise, event: SlotRefused | PromiseAtRisk) -> None:
    making.emit(
        SlotMissed(
            promise=promise.id,
            case=promise.case,
            customer=promise.customer,
            at=making.now,
            window=event.window,
            alternatives=event.alternatives,
        )
    )


# --- the domain's side ------------------------------------------------------------------------------------------------


def set_staffing(making: Making, command: SetStaffing) -> None:
    making.emit(StaffingSet(at=making.now, shifts=command.shifts, shrinkage=command.shrinkage))


def hold_slot(making: Making, command: HoldSlot) -> None:
    """Keep agents' time for a promise, and give up what was kept for it before."""
    if command.replaces is not None:
        before = _the_slot(making, command.replaces)
        making.emit(SlotFreed(slot=before.id, at=making.now, why="another window was found"))
    making.emit(
        SlotHeld(
            slot=SlotId(making.context.ids.new("slot")),
            promise=command.promise,
            case=command.case,
            customer=command.customer,
            at=making.now,
            queue=command.queue,
            window=command.window,
            start=command.start,
            load_ms=command.load_ms,
            expires_at=command.expires_at,
            skills=command.skills,
        )
    )


def refuse_slot(making: Making, command: RefuseSlot) -> None:
    making.emit(
        SlotRefused(
            promise=command.promise,
            case=command.case,
            customer=command.customer,
            at=making.now,
            window=command.window,
            why=command.why,
            alternatives=command.alternatives,
        )
    )


def free_slot(making: Making, command: FreeSlot) -> None:
    slot = _the_slot(making, command.slot)
    making.emit(SlotFreed(slot=slot.id, at=making.now, why=command.why))


def note_at_risk(making: Making, command: NoteAtRisk) -> None:
    slot = _the_slot(making, command.slot)
    if slot.at_risk:
        raise Rejected(Reason.NOTHING_TO_DO, "slot")
    making.emit(
        PromiseAtRisk(
            slot=slot.id,
            promise=slot.promise,
            case=slot.case,
            customer=slot.customer,
            at=making.now,
            window=slot.window,
            why=command.why,
            alternatives=command.alternatives,
        )
    )


def _the_slot(making: Making, id: SlotId) -> Slot:
    found = making.state.get(id)
    if not isinstance(found, Slot) or found.free:
        raise Rejected(Reason.NOT_FOUND, "slot")
    return found
