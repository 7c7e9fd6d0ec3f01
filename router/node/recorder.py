"""The recorder: asks the provider to record, to stop and to delete, as the documents of recordings say.

An attempt is durable before the provider is asked, and one without an answer is looked for before it is given up.
Stopping and deleting are asked again until they are done: somebody does not want to be heard by others later.
"""

import asyncio
from typing import cast

from channels.base import CallRecordings, Channel, LiveChannel
from channels.clock import Activity
from router.core.clock import Clock, Ms
from router.core.commands import BeginRecording, Command, Media, NoteRecording
from router.core.documents import Call, Recording
from router.core.errors import Rejected
from router.core.events import (
    RecordingAttempted,
    RecordingChecked,
    RecordingDeleted,
    RecordingFound,
    RecordingLost,
    RecordingPlanned,
    RecordingReady,
    RecordingStarted,
    RecordingStopped,
    RecordingUnwanted,
)
from router.core.words import SECOND_MS, RecordingId, RecordingState
from router.journal.base import Journal, JournalStopped, Stored
from router.journal.faultpoints import FaultPoints
from router.node.customers import sent_key
from router.node.deadlines import Deadlines
from router.node.dialler import Take
from router.node.tasks import Tasks

HEARD = (
    *(RecordingPlanned, RecordingAttempted, RecordingStarted, RecordingUnwanted, RecordingStopped),
    *(RecordingReady, RecordingDeleted, RecordingLost, RecordingChecked, RecordingFound),
)
AT_ONCE = 32
AGAIN_MS = SECOND_MS
AGAIN_MS_MAX = 60 * SECOND_MS
"""The provider is asked again after a second, and then after twice as long each time, up to this."""
SOUGHT_MS = 120 * SECOND_MS
"""An attempt without an answer may arrive so much later, for somebody may hold our request up."""


class Recorder:
    def __init__(
        self,
        *,
        journal: Journal,
        take: Take,
        channel: Channel | None,
        clock: Clock,
        deadlines: Deadlines,
        activity: Activity,
        faults: FaultPoints,
    ) -> None:
        self._journal = journal
        self._take = take
        self._recordings: CallRecordings | None = cast(LiveChannel, channel).recordings if channel else None
        self._clock = clock
        self._deadlines = deadlines
        self._activity = activity
        self._faults = faults
        self.tasks = Tasks()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[RecordingId] = set()
        self._failed: dict[RecordingId, int] = {}  # how often in a row the provider could not be asked

    @property
    def open(self) -> int:
        """How many are being attended to at this moment."""
        return len(self.tasks) + len(self._under_way) + len(self._failed)

    async def load(self) -> None:
        """Take up every recording that is not settled."""
        for one in await self._journal.live(Recording):
            if isinstance(one, Recording) and one.due_at is not None:
                self._plan(one.id, one.due_at)

    def hear(self, batches: list[Stored]) -> None:
        for stored in batches:
            for event in stored.events:
                if isinstance(event, HEARD):
                    self._failed.pop(event.recording, None)
                    self._start(event.recording)

    async def close(self) -> None:
        """Let what is under way finish for a moment; the rest is taken up at the next start."""
        await self.tasks.close()

    # --- when ---------------------------------------------------------------------------------------------------------

    def _plan(self, id: RecordingId, at: Ms) -> None:
        if at <= self._clock.now():
            self._start(id)
        else:
            self._deadlines.set(f"recording {id}", at, lambda: self._start(id))

    def _start(self, id: RecordingId) -> None:
        self.tasks.start(self._work(id), f"recording {id}")

    async def _work(self, id: RecordingId) -> None:
        with self._activity.doing("recorder"):
            async with self._slots:
                if id in self._under_way or self._recordings is None:
                    return
                self._under_way.add(id)
                try:
                    await self._attend(id, self._recordings)
                finally:
                    self._under_way.discard(id)

    async def _attend(self, id: RecordingId, recordings: CallRecordings) -> None:
        """Do what is due, until nothing is: what was heard meanwhile is in the document."""
        seen = -1
        while True:
            one = await self._journal.document(id)
            if not isinstance(one, Recording) or one.due_at is None:
                self._deadlines.clear(f"recording {id}")
                self._failed.pop(id, None)  # it was settled while the provider could not be asked
                return None
            if one.due_at > self._clock.now():
                return self._plan(id, one.due_at)
            try:
                if one.version == seen:
                    raise ConnectionError("what the provider said changed nothing")
                seen = one.version
                await self._do(one, recordings)
            except ConnectionError:
                times = self._failed[id] = self._failed.get(id, 0) + 1
                wait_ms = min(AGAIN_MS_MAX, AGAIN_MS << min(times - 1, 10))
                return self._plan(id, Ms(self._clock.now() + wait_ms))
            except JournalStopped:
                return None
            self._failed.pop(id, None)

    # --- what ---------------------------------------------------------------------------------------------------------

    async def _do(self, one: Recording, recordings: CallRecordings) -> None:
        """One step. Raises ConnectionError where the provider could not be asked."""
        match one.state:
            case RecordingState.PLANNED:
                await self._begin(one, recordings)
            case RecordingState.STARTING:
                await self._seek(one, recordings)
            case RecordingState.RUNNING if one.unwanted_at is not None:
                await self._stop(one, recordings)
            case RecordingState.STOPPED | RecordingState.READY if one.delete:
                await self._delete(one, recordings)
            case _:
                await self._look(one, recordings)

    async def _begin(self, one: Recording, recordings: CallRecordings) -> None:
        self._faults.reach("recorder.before_attempt")
        await self._try(BeginRecording(key=f"record/{one.id}", recording=one.id))
        begun = await self._journal.document(one.id)
        if not isinstance(begun, Recording) or begun.state is not RecordingState.STARTING:
            return
        self._faults.reach("recorder.before_asking")
        sent = await recordings.begin(await self._leg_of(one), one.id)
        self._faults.reach("recorder.after_asking")
        if sent.outcome == "sent":
            await self._note(begun, "in-progress", provider_id=sent.provider_id or "")
        elif sent.outcome != "lost":
            await self._note(begun, sent.outcome)

    async def _seek(self, one: Recording, recordings: CallRecordings) -> None:
        """Asked for, and no answer came: the provider may record."""
        for id in await recordings.found(await self._leg_of(one)):
            if await self._journal.answer(sent_key(id)) is None:
                await self._note(one, "in-progress", provider_id=id, adopted=True)
                return
        if self._clock.now() >= (one.attempted_at or 0) + SOUGHT_MS:
            await self._note(one, "missing")
        else:
            raise ConnectionError("it may come yet")

    async def _stop(self, one: Recording, recordings: CallRecordings) -> None:
        self._faults.reach("recorder.before_stop")
        if await recordings.stop(await self._leg_of(one), one.provider_id or ""):
            await self._note(one, "stopped")
        else:
            await self._look(one, recordings)

    async def _delete(self, one: Recording, recordings: CallRecordings) -> None:
        self._faults.reach("recorder.before_delete")
        if not await recordings.delete(one.provider_id or ""):
            raise ConnectionError("the provider keeps it")
        await self._note(one, "deleted")

    async def _look(self, one: Recording, recordings: CallRecordings) -> None:
        seen = await recordings.look(one.provider_id or "")
        still = ("in-progress",) if one.unwanted_at is None else ()
        state = seen.state
        if state in ("stopped", "processing"):
            state = "stopped" if one.state is RecordingState.RUNNING else "there"
        elif state in still or state not in ("completed", "absent", "failed", "gone"):
            if one.unwanted_at is not None:
                raise ConnectionError("it still runs")
            state = "there"
        await self._note(one, state, seconds=seen.seconds, media=seen.media)

    async def _leg_of(self, one: Recording) -> str:
        """The provider's id of the call: what is recorded is known to the provider."""
        call = await self._journal.document(one.call or "")
        assert isinstance(call, Call), "a recording belongs to a call"
        return call.provider_id or ""

    async def _note(
        self,
        one: Recording,
        state: str,
        *,
        provider_id: str = "",
        seconds: int = 0,
        media: Media | None = None,
        adopted: bool = False,
    ) -> None:
        await self._try(
            NoteRecording(
                key=f"record/{one.id}/{state}/{one.version}",
                recording=one.id,
                state=state,
                provider_id=provider_id or one.provider_id or "",
                seconds=seconds,
                media=media,
                adopted=adopted,
            )
        )

    async def _try(self, command: Command) -> None:
        """Do it; where the moment has passed, nothing happens."""
        try:
            await self._take(command)
        except Rejected:
            return
