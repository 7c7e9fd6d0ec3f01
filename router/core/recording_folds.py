"""What each event about recordings changes in the documents: their part of `core.evolve`. It decides nothing."""

from typing import assert_never

from router.core.documents import Call, Case, Customer, Recording, State
from router.core.events import (
    RecordingAllowed,
    RecordingAnnounced,
    RecordingAttempted,
    RecordingChecked,
    RecordingDeleted,
    RecordingFound,
    RecordingLost,
    RecordingPlanned,
    RecordingReady,
    RecordingRefused,
    RecordingStarted,
    RecordingStopped,
    RecordingUnwanted,
)
from router.core.folding import change, get, put
from router.core.words import RecordingState

Changed = (
    RecordingAttempted
    | RecordingStarted
    | RecordingUnwanted
    | RecordingStopped
    | RecordingReady
    | RecordingDeleted
    | RecordingLost
    | RecordingChecked
)
RecordingEvent = RecordingAnnounced | RecordingRefused | RecordingAllowed | RecordingPlanned | RecordingFound | Changed


def recording_folded(state: State, event: RecordingEvent) -> State:
    match event:
        case RecordingAnnounced():
            call = get(state, event.call, Call)
            state = change(state, call, notice="", announced=event.what, announced_at=event.at)
            return _noted(state, event)
        case RecordingRefused():
            return _noted(change(state, get(state, event.customer, Customer), unrecorded_at=event.at), event)
        case RecordingAllowed():
            return _noted(change(state, get(state, event.customer, Customer), unrecorded_at=None), event)
        case RecordingPlanned():
            return _planned(state, event)
        case RecordingFound():
            return put(state, _found(event))
        case RecordingReady() | RecordingDeleted():
            return _noted(_changed(state, event), event)
        case _:
            return _changed(state, event)


def _planned(state: State, event: RecordingPlanned) -> State:
    call = get(state, event.call, Call)
    state = change(state, call, recordings=(*call.recordings, event.recording))
    return put(
        state,
        Recording(
            id=event.recording,
            version=0,
            customer=event.customer,
            case=event.case,
            call=event.call,
            planned_at=event.at,
            due_at=event.due_at,
        ),
    )


def _found(event: RecordingFound) -> Recording:
    return Recording(
        id=event.recording,
        version=0,
        customer=event.customer,
        case=event.case,
        call=None,
        planned_at=event.at,
        state=RecordingState.READY,
        provider_id=event.provider_id,
        unwanted_at=event.at,
        delete=True,
        due_at=event.at,
    )


def _changed(state: State, event: Changed) -> State:
    one = get(state, event.recording, Recording)
    match event:
        case RecordingAttempted():
            starting = RecordingState.STARTING
            return change(state, one, state=starting, attempted_at=event.at, due_at=event.lookup_at)
        case RecordingStarted():
            due_at = event.look_at if one.unwanted_at is None else event.at
            return change(
                state,
                one,
                state=RecordingState.RUNNING,
                provider_id=event.provider_id,
                started_at=event.at,
                due_at=due_at,
            )
        case RecordingUnwanted():
            return _unwanted(state, one, event)
        case RecordingStopped():
            due_at = event.at if one.delete else event.look_at
            return change(state, one, state=RecordingState.STOPPED, provider_id=event.provider_id, due_at=due_at)
        case RecordingReady():
            return change(state, one, state=RecordingState.READY, provider_id=event.provider_id, due_at=None)
        case RecordingDeleted():
            return change(state, one, state=RecordingState.DELETED, due_at=None)
        case RecordingLost():
            return change(state, one, state=RecordingState.NONE, due_at=None)
        case RecordingChecked():
            return change(state, one, due_at=event.look_at)
        case _:
            assert_never(event)


def _unwanted(state: State, one: Recording, event: RecordingUnwanted) -> State:
    """What the provider has, or may have, must be attended to at once; what was never asked for is over."""
    delete, unwanted_at = one.delete or event.delete, one.unwanted_at or event.at
    if one.state is RecordingState.PLANNED:
        return change(state, one, state=RecordingState.NONE, unwanted_at=unwanted_at, delete=delete, due_at=None)
    is_over = one.state in (RecordingState.NONE, RecordingState.DELETED)
    is_left = one.state in (RecordingState.STOPPED, RecordingState.READY) and not delete
    due_at = one.due_at if is_over or is_left else event.at
    return change(state, one, unwanted_at=unwanted_at, delete=delete, due_at=due_at)


def _noted(
    state: State, event: RecordingAnnounced | RecordingRefused | RecordingAllowed | RecordingReady | RecordingDeleted
) -> State:
    return change(state, get(state, event.case, Case), entries=event.entry)
