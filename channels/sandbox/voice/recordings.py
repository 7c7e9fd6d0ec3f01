"""Recordings and what was said in them.

Its one rule: a recording notes the words that were spoken while it ran; its sound is silence of its length, for nobody
synthesises speech here. `sound` makes the files.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from channels.sandbox.carrier import API_VERSION
from channels.sandbox.ground import Ground
from channels.sandbox.times import rfc2822
from channels.sandbox.voice.own_documents import own_base
from channels.sandbox.voice.pacing import VoicePacing
from channels.sandbox.voice.requests import Requests
from router.core.clock import Ms

RECORDINGS_MAX = 20_000
WORDS_MAX = 10_000
TRANSCRIBED_S_MAX = 120

State = Literal["in-progress", "paused", "stopped", "processing", "completed", "absent"]
Source = Literal[
    "RecordVerb", "DialVerb", "Conference", "OutboundAPI", "StartCallRecordingAPI", "StartConferenceRecordingAPI"
]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to be told about a recording."""

    url: str = ""
    method: str = "POST"
    events: tuple[str, ...] = ("completed",)


@dataclass(slots=True, eq=False)
class Recording:
    sid: str
    call_sid: str
    conference_sid: str
    source: Source
    channels: int
    started_at: Ms
    wish: Wish
    status: State = "in-progress"
    updated_at: Ms = Ms(0)
    duration_s: int = -1
    words: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # number and text
    ran_ms: int = 0
    running_since: Ms | None = None

    @property
    def is_running(self) -> bool:
        return self.status == "in-progress"

    @property
    def is_open(self) -> bool:
        return self.status in ("in-progress", "paused")

    def note(self, number: str, text: str) -> None:
        if self.is_running and len(self.words) < WORDS_MAX:
            self.words.append((number, text))

    def text(self) -> str:
        return " ".join(text for _, text in self.words)


@dataclass(frozen=True, slots=True)
class Transcription:
    sid: str
    recording: Recording
    text: str
    status: Literal["completed", "failed"]
    created_at: Ms


class Recordings:
    """All recordings and transcriptions by SID, oldest first; the oldest gives way at `RECORDINGS_MAX`."""

    def __init__(self, ground: Ground, requests: Requests, pacing: VoicePacing) -> None:
        self._ground = ground
        self._requests = requests
        self._pacing = pacing
        self._by_sid: dict[str, Recording] = {}
        self.transcriptions: dict[str, Transcription] = {}

    def get(self, sid: str) -> Recording | None:
        return self._by_sid.get(sid)

    def remove(self, sid: str) -> None:
        del self._by_sid[sid]

    def newest_first(self) -> Iterator[Recording]:
        return reversed(self._by_sid.values())

    def begin(
        self, source: Source, *, call_sid: str = "", conference_sid: str = "", wish: Wish, channels: int = 1
    ) -> Recording:
        present = self._ground.now()
        sid = self._ground.sid("RE")
        made = Recording(sid, call_sid, conference_sid, source, channels, present, wish, updated_at=present)
        made.running_since = present
        self._by_sid[sid] = made
        if len(self._by_sid) > RECORDINGS_MAX:
            del self._by_sid[next(iter(self._by_sid))]
        self._tell(made, "in-progress")
        return made

    def pause(self, recording: Recording) -> None:
        self._halt(recording)
        recording.status = "paused"

    def go_on(self, recording: Recording) -> None:
        if recording.running_since is None:
            recording.running_since = self._ground.now()
        recording.status = "in-progress"

    def end(self, recording: Recording, *, is_silent: bool = False) -> None:
        """Stop it; nothing when it has ended. One of no length, or with nothing in it, is absent; one with words in it
        lasts a second at least."""
        if not recording.is_open:
            return
        self._halt(recording)
        length_ms = 0 if is_silent else max(recording.ran_ms, 1_000 if recording.words else 0)
        recording.duration_s = -(-length_ms // 1000)
        recording.status = "processing"
        self._ground.start(self._make_ready(recording), name=f"recording {recording.sid}")

    def url_of(self, recording: Recording) -> str:
        """Where the sound is, without `.wav` or `.mp3`."""
        return f"{own_base(self._ground.own_url)}{self.path_of(recording)}"

    def path_of(self, recording: Recording) -> str:
        return f"/{API_VERSION}/Accounts/{self._ground.account.sid}/Recordings/{recording.sid}"

    def _halt(self, recording: Recording) -> None:
        if recording.running_since is not None:
            recording.ran_ms += self._ground.now() - recording.running_since
        recording.running_since, recording.updated_at = None, self._ground.now()

    async def _make_ready(self, recording: Recording) -> None:
        await self._ground.sleep_ms(self._pacing.recording_ready_ms)
        recording.status = "completed" if recording.duration_s else "absent"
        recording.updated_at = self._ground.now()
        self._tell(recording, recording.status)

    async def transcribe(self, recording: Recording, tell: Callable[[Transcription], None]) -> None:
        """What was said, some time after the recording ended. Longer ones than two minutes fail."""
        await self._ground.sleep_ms(self._pacing.transcription_ready_ms)
        is_done = recording.duration_s <= TRANSCRIBED_S_MAX
        text = recording.text() if is_done else ""
        made = Transcription(
            self._ground.sid("TR"), recording, text, "completed" if is_done else "failed", self._ground.now()
        )
        self.transcriptions[made.sid] = made
        tell(made)

    def _tell(self, recording: Recording, event: str) -> None:
        if not recording.wish.url or event not in recording.wish.events:
            return
        fields = [
            ("AccountSid", self._ground.account.sid),
            ("RecordingSid", recording.sid),
            ("RecordingUrl", self.url_of(recording)),
            ("RecordingStatus", recording.status),
            ("RecordingChannels", str(recording.channels)),
            ("RecordingStartTime", rfc2822(recording.started_at)),
            ("RecordingSource", recording.source),
            ("RecordingTrack", "both"),
            ("ErrorCode", "0"),
        ]
        about = ("ConferenceSid", recording.conference_sid) if recording.conference_sid else None
        fields.insert(1, about or ("CallSid", recording.call_sid))
        if recording.duration_s >= 0:
            fields.append(("RecordingDuration", str(recording.duration_s)))
        self._requests.call_back(recording.wish.url, fields, about=recording.sid, method=recording.wish.method)
