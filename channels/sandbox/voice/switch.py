"""The switch: legs are rung, answered and ended, and each step is reported.

Its one rule: a leg ends here, at once and once, whatever ended it; whoever steers it learns of it at its next rest. The
phones' own behaviour while ringing stands here as well. It does not run documents.
"""

from collections.abc import Callable, Sequence

from channels.sandbox.ground import Ground
from channels.sandbox.phones import Phones, Reaction
from channels.sandbox.voice.handsets import Handsets
from channels.sandbox.voice.legs import Direction, Leg, LegLog, Reports, Status
from channels.sandbox.voice.line import HungUp, Line
from channels.sandbox.voice.pacing import VoicePacing
from channels.sandbox.voice.recordings import Recording, Recordings
from channels.sandbox.voice.requests import Requests
from channels.sandbox.voice.sources import Ask
from router.core.clock import Ms

VOICEMAIL_MS_MAX = 180_000
GREETING = "Please leave a message after the tone."
SIP = {"busy": 486, "no-answer": 487, "canceled": 487, "failed": 404}


class Switch:
    def __init__(
        self, ground: Ground, *, phones: Phones, requests: Requests, recordings: Recordings, pacing: VoicePacing
    ) -> None:
        self.ground = ground
        self.pacing = pacing
        self.phones = phones
        self.requests = requests
        self.recordings = recordings
        self.legs = LegLog()
        self.handsets = Handsets(ground, phones, act=self._react)

    def leg(
        self,
        direction: Direction,
        *,
        sender: str,
        to: str,
        phone: str,
        parent_sid: str = "",
        reports: Reports | None = None,
        fallback: Ask | None = None,
        number_sid: str = "",
    ) -> Leg:
        """A new leg, not yet on its way."""
        present = self.ground.now()
        made = Leg(
            self.ground.sid("CA"),
            direction,
            sender,
            to,
            phone,
            Line(self.ground),
            present,
            present,
            parent_sid=parent_sid,
            reports=reports or Reports(),
            fallback=fallback,
            number_sid=number_sid,
        )
        self.legs.add(made)
        return made

    async def ring(self, leg: Leg, *, timeout_ms: int, on_ringing: Callable[[], None] | None = None) -> None:
        """Ring the leg's phone until it answers. Raise `HungUp` when it does not."""
        leg.started_at = self.ground.now()
        self.requests.progress(leg, "initiated")
        await self._wait(leg, self.pacing.ringing_after_ms)
        behaviour = self.phones.seen(leg.phone).behaviour
        if behaviour.on_ring == "invalid":
            self._fail(leg, "failed")
        if not self.handsets.take(leg):
            self._fail(leg, "busy")
        leg.becomes("ringing", at=self.ground.now())
        self.requests.progress(leg, "ringing")
        if on_ringing is not None:
            on_ringing()
        ends_at = Ms(self.ground.now() + timeout_ms)
        acts_at = Ms(self.ground.now() + round(behaviour.after_s * 1000))
        acts = behaviour.on_ring in ("answer", "busy", "voicemail")
        while not leg.line.is_picked_up:
            present = self.ground.now()
            if acts and present >= acts_at and acts_at <= ends_at:
                if behaviour.on_ring == "busy":
                    self._fail(leg, "busy")
                break
            if present >= ends_at:
                self._fail(leg, "no-answer")
            await leg.line.rest(min(acts_at, ends_at) if acts else ends_at)
        self.answer(leg)
        self._say_by_itself(leg)

    def answer(self, leg: Leg) -> None:
        """The call is taken; nothing when it was already."""
        if leg.is_over or leg.answered_at is not None:
            return
        leg.becomes("in-progress", at=self.ground.now())
        leg.answered_at = self.ground.now()
        self.requests.progress(leg, "answered")
        leg.hear("connected", leg.to if leg.direction == "inbound" else leg.sender)

    def limit(self, leg: Leg, duration_ms: int) -> None:
        """End the leg after so long."""

        async def cut() -> None:
            await self.ground.sleep_ms(duration_ms)
            self.end(leg)

        clock = self.ground.start(cut(), name=f"time limit of {leg.sid}")
        leg.at_end.append(clock.cancel)

    def end(self, leg: Leg, status: Status = "completed", *, sip_code: int | None = None) -> None:
        """The call is over, now. Nothing when it was already."""
        if leg.is_over:
            return
        if status == "completed" and leg.answered_at is None:
            status = "no-answer"
        present = self.ground.now()
        if leg.room is not None:
            leg.room.leave(leg, "participant_hung_up")
        leg.becomes(status, at=present)
        leg.ended_at = present
        leg.sip_code = sip_code or SIP.get(status, 200)
        for recording in tuple(leg.recordings):
            self.recordings.end(recording)
        for last in leg.at_end:
            last()
        leg.at_end.clear()
        leg.hear("ended", status)
        self.handsets.release(leg)
        leg.line.cut()
        self._report_end(leg)

    def speak(self, leg: Leg, text: str) -> None:
        """The phone at the far end of `leg` says something."""
        present, line = self.ground.now(), leg.line
        line.spoken_until = Ms(max(present, line.spoken_until) + self.pacing.speech_ms(text))
        for recording in leg.recordings:
            recording.note(leg.phone, text)
        if leg.room is not None:
            leg.room.speak(leg, text)
        if line.on_words is not None:
            line.on_words(text, line.spoken_until)
        line.ring()

    def _react(self, leg: Leg, reaction: Reaction) -> None:
        if reaction.press:
            leg.line.press(reaction.press)
        if reaction.speak:
            self.speak(leg, reaction.speak)
        if reaction.hang_up:
            self.end(leg)

    async def send_keys(self, leg: Leg, keys: str) -> None:
        """Press keys towards the phone."""
        leg.hear("play", f"keys {keys}")
        await self._wait(leg, self.pacing.keys_ms(keys))

    def greeting_ms(self, leg: Leg) -> int:
        """How long a voicemail box speaks before its tone."""
        return self.pacing.speech_ms(self.phones.seen(leg.phone).behaviour.says or GREETING)

    def _say_by_itself(self, leg: Leg) -> None:
        behaviour = self.phones.seen(leg.phone).behaviour
        if behaviour.on_ring == "voicemail":
            self.speak(leg, behaviour.says or GREETING)
            self.limit(leg, VOICEMAIL_MS_MAX)
        elif behaviour.says:
            self.speak(leg, behaviour.says)

    async def _wait(self, leg: Leg, duration_ms: int) -> None:
        await leg.line.rest_until(Ms(self.ground.now() + duration_ms))

    def _fail(self, leg: Leg, status: Status) -> None:
        self.end(leg, status)
        raise HungUp

    def _report_end(self, leg: Leg) -> None:
        seconds = leg.duration_s
        more: list[tuple[str, str]] = [
            ("CallDuration", str(seconds)),
            ("Duration", str(-(-seconds // 60))),
            ("SipResponseCode", str(leg.sip_code)),
        ]
        for recording in leg.recordings:
            if recording.source == "OutboundAPI":
                more += self.recorded(recording)
        self.requests.progress(leg, "completed", more=more)

    def recorded(self, recording: Recording) -> Sequence[tuple[str, str]]:
        """The fields about a recording that requests about its call have."""
        return (
            ("RecordingUrl", self.recordings.url_of(recording)),
            ("RecordingSid", recording.sid),
            ("RecordingDuration", str(max(recording.duration_s, 0))),
        )
