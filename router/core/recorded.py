"""A recording at the provider: asked for, running, stopped, ready or deleted, as the provider says.

Its one rule: an attempt is an event before the provider is asked, and what the provider says twice or late changes
nothing. Whether something is to be recorded is decided in `core.recording`.
"""

from router.core.clock import Ms
from router.core.commands import BeginRecording, NoteRecording
from router.core.context import Making
from router.core.documents import Call, Recording
from router.core.errors import Fault, Reason, Rejected
from router.core.events import (
    RecordingAttempted,
    RecordingChecked,
    RecordingDeleted,
    RecordingLost,
    RecordingReady,
    RecordingStarted,
    RecordingStopped,
)
from router.core.recording import is_wanted
from router.core.words import HOUR_MS, SECOND_MS, RecordingState

AT_PROVIDER = (RecordingState.STARTING, RecordingState.RUNNING)
LOOK_AFTER_MS = 5 * SECOND_MS
"""How long asking for it may stay without an answer before the provider is asked whether it records."""
WATCH_MS = HOUR_MS
READY_AFTER_MS = 15 * SECOND_MS
"""How long a file may take before it is asked for."""


def begin_recording(making: Making, command: BeginRecording) -> None:
    """Record that the provider is about to be asked; what is not wanted any more is not asked for."""
    one = making.recording(command.recording)
    if one.state is not RecordingState.PLANNED:
        raise Rejected(Reason.NOTHING_TO_DO, one.state)
    call = making.state.get(one.call or "")
    if not isinstance(call, Call) or call.provider_id is None or not is_wanted(making, call):
        making.emit(RecordingLost(recording=one.id, at=making.now, why="what was said there is over"))
        return
    making.emit(RecordingAttempted(recording=one.id, at=making.now, lookup_at=Ms(making.now + LOOK_AFTER_MS)))


def note_recording(making: Making, command: NoteRecording) -> None:
    """Take what the provider says. Said twice, or of a recording that is further on, it changes nothing."""
    one = making.recording(command.recording)
    if one.provider_id is not None and command.provider_id not in ("", one.provider_id):
        raise Rejected(Reason.NOTHING_TO_DO, "another recording")
    match command.state:
        case "in-progress":
            _started(making, one, command)
        case "stopped":
            _expect(one, RecordingState.RUNNING)
            _stopped(making, one, command.provider_id)
        case "completed":
            _ready(making, one, command)
        case "absent" | "failed":
            _expect(one, *AT_PROVIDER, RecordingState.STOPPED)
            making.emit(RecordingLost(recording=one.id, at=making.now, why="nothing was in it"))
        case "refused" | "again" | "missing":
            _expect(one, RecordingState.STARTING)
            making.emit(RecordingLost(recording=one.id, at=making.now, why=f"it never began ({command.state})"))
        case "deleted" | "gone":
            _gone(making, one)
        case "there":
            _expect(one, *AT_PROVIDER, RecordingState.STOPPED)
            watch_ms = WATCH_MS if one.state is RecordingState.RUNNING else READY_AFTER_MS
            making.emit(RecordingChecked(recording=one.id, at=making.now, look_at=Ms(making.now + watch_ms)))
        case _:
            raise Rejected(Reason.NOTHING_TO_DO, command.state[:40])


def _expect(one: Recording, *states: RecordingState) -> None:
    if one.state not in states:
        raise Rejected(Reason.NOTHING_TO_DO, one.state)


def _started(making: Making, one: Recording, command: NoteRecording) -> None:
    """The provider records: asked for, or found later where nobody believed in it any more."""
    _expect(one, RecordingState.STARTING, RecordingState.NONE)
    if not command.provider_id:
        raise Fault("a recording without the provider's name for it")
    making.emit(
        RecordingStarted(
            recording=one.id,
            at=making.now,
            provider_id=command.provider_id,
            look_at=Ms(making.now + WATCH_MS),
            adopted=command.adopted,
        )
    )


def _stopped(making: Making, one: Recording, provider_id: str) -> None:
    making.emit(
        RecordingStopped(
            recording=one.id,
            at=making.now,
            look_at=Ms(making.now + READY_AFTER_MS),
            provider_id=provider_id or one.provider_id or "",
        )
    )


def _ready(making: Making, one: Recording, command: NoteRecording) -> None:
    if one.delete:  # nobody is to hear it: it is over, and then deleted
        _expect(one, *AT_PROVIDER, RecordingState.NONE)
        _stopped(making, one, command.provider_id)
        return
    _expect(one, *AT_PROVIDER, RecordingState.STOPPED, RecordingState.NONE)
    case, media = making.case(one.case), command.media
    kept = [making.keep(f"{media.content_type} {media.url}", kind="media", owner=one.customer)] if media else []
    making.emit(
        RecordingReady(
            recording=one.id,
            case=case.id,
            customer=one.customer,
            at=making.now,
            entry=case.entries + 1,
            provider_id=command.provider_id,
            media=tuple(kept),
            seconds=command.seconds,
        )
    )


def _gone(making: Making, one: Recording) -> None:
    """The provider does not have it any more: as we asked, or for reasons of its own."""
    if one.is_settled or one.provider_id is None:
        raise Rejected(Reason.NOTHING_TO_DO, one.state)
    case = making.case(one.case)
    making.emit(RecordingDeleted(recording=one.id, case=case.id, at=making.now, entry=case.entries + 1))
