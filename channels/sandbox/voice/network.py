"""The telephone network: calls from phones to our numbers, and calls that the service orders.

Its one rule: a call lives in one task, from its beginning to its end, and is over when that task is. It knows neither
REST nor the control API.
"""

from dataclasses import dataclass, field
from typing import Literal

from channels.sandbox.account import Number
from channels.sandbox.ground import Ground
from channels.sandbox.phones import Phones
from channels.sandbox.voice.attestation import verstat_of
from channels.sandbox.voice.legs import Leg, Reports
from channels.sandbox.voice.line import HungUp, Redirected
from channels.sandbox.voice.meeting import attend
from channels.sandbox.voice.mixing import Participant, Seat
from channels.sandbox.voice.own_documents import fallback_url
from channels.sandbox.voice.pacing import VoicePacing
from channels.sandbox.voice.player import Player
from channels.sandbox.voice.program import Program
from channels.sandbox.voice.recordings import Recordings, Wish
from channels.sandbox.voice.requests import Requests
from channels.sandbox.voice.rooms import Conference, Conferences
from channels.sandbox.voice.sources import Ask, Source
from channels.sandbox.voice.studio import Studio
from channels.sandbox.voice.switch import Switch
from channels.sandbox.webhooks import Webhooks
from router.core.clock import Ms

TIME_LIMIT_S = 14_400
DETECTION_S = 30


@dataclass(frozen=True, slots=True)
class Detection:
    """Whether a person or a machine answers: `mode` may wait for the end of a greeting; `url` is told while the call
    goes on, without it the call waits; after `timeout_ms` nobody knows."""

    mode: Literal["Enable", "DetectMessageEnd"] = "Enable"
    timeout_ms: int = DETECTION_S * 1000
    url: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class CallOrder:
    """A call that the service wants."""

    to: str
    sender: str
    source: Source | None = None
    reports: Reports = field(default_factory=Reports)
    fallback: Ask | None = None
    timeout_s: int = 60
    limit_s: int = TIME_LIMIT_S
    keys: str = ""
    detection: Detection | None = None
    recording: Wish | None = None
    recording_channels: int = 1


class Network:
    def __init__(self, ground: Ground, *, webhooks: Webhooks, phones: Phones, pacing: VoicePacing) -> None:
        self.ground = ground
        self.pacing = pacing
        requests = Requests(ground, webhooks)
        recordings = Recordings(ground, requests, pacing)
        player = Player(ground, requests, pacing)
        self.recordings = recordings
        self.conferences = Conferences(ground, requests=requests, recordings=recordings, player=player)
        self.switch = Switch(ground, phones=phones, requests=requests, recordings=recordings, pacing=pacing)
        self._requests = requests
        self._studio = Studio(ground, pacing, requests, recordings, player, self.conferences, self.switch)
        self._program = Program(self._studio)
        self._free_at = Ms(0)

    def call_us(
        self, phone: str, number: Number, *, sender: str, attestation: str, forwarded_from: str = ""
    ) -> Leg | None:
        """`phone` calls our `number`, showing `sender`; None when it is in another call."""
        leg = self.switch.leg(
            "inbound",
            sender=sender,
            to=number.e164,
            phone=phone,
            number_sid=number.sid,
            reports=Reports(number.status_callback),
            fallback=Ask(fallback) if (fallback := self.fallback_of(number)) else None,
        )
        if not self.switch.handsets.take(leg):
            self.switch.legs.remove(leg.sid)
            return None
        leg.verstat, leg.forwarded_from = verstat_of(attestation), forwarded_from
        leg.started_at = self.ground.now()
        leg.becomes("ringing", at=self.ground.now())
        self.ground.start(self._live_inbound(leg, Ask(number.voice_url)), name=f"call {leg.sid}")
        return leg

    def fallback_of(self, number: Number) -> str:
        """The sandbox's own document, unless the number names another."""
        return number.voice_fallback_url if number.voice_fallback_url is not None else fallback_url(self.ground.own_url)

    def place(self, order: CallOrder) -> Leg:
        """Call somebody, in our turn."""
        leg, slot = self._ordered(order)
        self.ground.start(self._live_outbound(leg, order, slot), name=f"call {leg.sid}")
        return leg

    def invite(self, order: CallOrder, conference: Conference, seat: Seat) -> Participant:
        """Call somebody into a conference."""
        leg, slot = self._ordered(order)
        invited = self.conferences.invite(conference, leg, seat)
        self.ground.start(self._live_invited(leg, order, slot, conference, seat), name=f"call {leg.sid}")
        return invited

    def record(self, leg: Leg, wish: Wish, *, channels: int = 1, by_api: bool = True) -> str:
        """Record a call from now on; the recording's SID."""
        source = "StartCallRecordingAPI" if by_api else "OutboundAPI"
        made = self.recordings.begin(source, call_sid=leg.sid, wish=wish, channels=channels)
        leg.recordings.append(made)
        return made.sid

    def _ordered(self, order: CallOrder) -> tuple[Leg, Ms]:
        leg = self.switch.leg(
            "outbound-api",
            sender=order.sender,
            to=order.to,
            phone=order.to,
            reports=order.reports,
            fallback=order.fallback,
        )
        number = self.ground.account.numbers.get(order.sender)
        leg.number_sid = number.sid if number is not None else ""
        slot = max(self.ground.now(), self._free_at)
        if (calls_per_s := self.ground.faults.calls_per_s or self.pacing.calls_per_s) > 0:
            self._free_at = Ms(slot + round(1000 / calls_per_s))
        leg.queue_ms = slot - self.ground.now()
        return leg, slot

    async def _live_inbound(self, leg: Leg, source: Ask) -> None:
        try:
            self.switch.limit(leg, TIME_LIMIT_S * 1000)
            if source.url:
                await self._steer(leg, source)
            else:
                self.switch.end(leg, "failed")
        except HungUp:
            pass
        finally:
            self.switch.end(leg)

    async def _live_outbound(self, leg: Leg, order: CallOrder, slot: Ms) -> None:
        assert order.source is not None
        source = order.source
        try:
            await self._reach(leg, order, slot)
            try:
                await self._detect(leg, order)
            except Redirected:
                source = leg.line.take_redirect()
            await self._steer(leg, source)
        except HungUp:
            pass
        finally:
            self.switch.end(leg)

    async def _live_invited(self, leg: Leg, order: CallOrder, slot: Ms, conference: Conference, seat: Seat) -> None:
        try:
            await self._reach(leg, order, slot)
            # Whoever changed the seat while it rang meant the one that is taken now.
            invited = conference.invited.get(leg.sid)
            try:
                if conference.status != "completed":
                    await attend(self._studio, leg, conference, invited.seat if invited else seat)
            except Redirected:
                await self._steer(leg, leg.line.take_redirect())
        except HungUp:
            pass
        finally:
            self.switch.end(leg)
            self.conferences.spurn(conference, leg)

    async def _reach(self, leg: Leg, order: CallOrder, slot: Ms) -> None:
        """From the queue to the answer. Raise `HungUp`."""
        await leg.line.rest_until(slot)
        await self.switch.ring(leg, timeout_ms=order.timeout_s * 1000 + self.pacing.ring_buffer_ms)
        self.switch.limit(leg, order.limit_s * 1000)
        if order.recording is not None:
            self.record(leg, order.recording, channels=order.recording_channels, by_api=False)
        if order.keys:
            await self.switch.send_keys(leg, order.keys)

    async def _detect(self, leg: Leg, order: CallOrder) -> None:
        detection = order.detection
        if detection is None or order.keys:
            return
        if detection.url:
            self.ground.start(self._tell_detected(leg, detection), name=f"detection for {leg.sid}")
            return
        answered_by, after_ms = self._answerer(leg, detection)
        await leg.line.rest_until(Ms(self.ground.now() + after_ms))
        leg.answered_by, leg.detection_ms = answered_by, after_ms

    async def _tell_detected(self, leg: Leg, detection: Detection) -> None:
        answered_by, after_ms = self._answerer(leg, detection)
        await self.ground.sleep_ms(after_ms)
        if leg.is_over:
            return
        leg.answered_by = answered_by
        fields = [
            ("CallSid", leg.sid),
            ("AccountSid", self.ground.account.sid),
            ("AnsweredBy", answered_by),
            ("MachineDetectionDuration", str(after_ms)),
        ]
        self._requests.call_back(detection.url, fields, about=f"{leg.sid} detection", method=detection.method)

    def _answerer(self, leg: Leg, detection: Detection) -> tuple[str, int]:
        """Who answered, and how long it takes to find out."""
        who, after_ms = self._who(leg, detection)
        return (who, after_ms) if after_ms <= detection.timeout_ms else ("unknown", detection.timeout_ms)

    def _who(self, leg: Leg, detection: Detection) -> tuple[str, int]:
        if self.switch.phones.seen(leg.phone).behaviour.on_ring != "voicemail":
            return "human", self.pacing.human_ms
        if detection.mode == "Enable":
            return "machine_start", self.pacing.machine_ms
        return "machine_end_beep", self.switch.greeting_ms(leg) + self.pacing.beep_after_ms

    async def _steer(self, leg: Leg, source: Source) -> None:
        following: Source | None = source
        while following is not None:
            try:
                await self._program.run(leg, following)
                following = None
            except Redirected:
                following = leg.line.take_redirect()
