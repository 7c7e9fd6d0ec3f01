"""What events about staffing and slots change in the documents."""

from router.core.documents import STAFFING, Promise, Slot, Staffing, State
from router.core.events import (
    PromiseAtRisk,
    SlotAsked,
    SlotFreed,
    SlotHeld,
    SlotMissed,
    SlotRefused,
    SlotTaken,
    StaffingSet,
)
from router.core.folding import change, get, put
from router.core.values import replace

SlotEvent = StaffingSet | SlotAsked | SlotTaken | SlotMissed | SlotHeld | SlotRefused | SlotFreed | PromiseAtRisk


def slot_folded(state: State, event: SlotEvent) -> State:
    match event:
        case StaffingSet():
            known = state.get(STAFFING)
            version = known.version if known is not None else 0
            said = Staffing(id=STAFFING, version=version, at=event.at, shifts=event.shifts, shrinkage=event.shrinkage)
            return put(state, said)
        case SlotAsked():
            promise = get(state, event.promise, Promise)
            return change(state, promise, asked=event.window, asked_at=event.at, queue=event.queue, skills=event.skills)
        case SlotTaken():
            promise = get(state, event.promise, Promise)
            window = promise.window if event.window == promise.later else event.window  # theirs once they know of it
            return change(state, promise, asked=None, asked_at=None, slot=event.slot, window=window, others=())
        case SlotMissed():
            return _missed(state, event)
        case SlotHeld():
            return put(state, _held(event))
        case SlotRefused():
            return state
        case SlotFreed():
            return change(state, get(state, event.slot, Slot), free=True)
        case PromiseAtRisk():
            return change(state, get(state, event.slot, Slot), at_risk=True)


def _missed(state: State, event: SlotMissed) -> State:
    """What was kept for it is lost only where that was the window."""
    promise = get(state, event.promise, Promise)
    is_answer = promise.asked == event.window
    changed = replace(
        promise,
        asked=None if is_answer else promise.asked,
        asked_at=None if is_answer else promise.asked_at,
        slot=None if event.window in (promise.window, promise.later) else promise.slot,
        others=event.alternatives,
    )
    return put(state, changed)


def _held(event: SlotHeld) -> Slot:
    return Slot(
        id=event.slot,
        version=0,
        promise=event.promise,
        case=event.case,
        customer=event.customer,
        queue=event.queue,
        window=event.window,
        at=event.start,
        load_ms=event.load_ms,
        expires_at=event.expires_at,
        skills=event.skills,
    )
