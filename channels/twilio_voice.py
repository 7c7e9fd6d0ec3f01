"""Calls over Twilio, or whatever speaks its protocol: webhooks to commands, scripts to TwiML, legs dialled and moved.

Its one rule: the address of a document names its call, step and turn, so that what comes back is known to belong to it.
A step in an address is a hint; the call's own document says where it stands.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

from twilio.base import values
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
from twilio.twiml.voice_response import Dial as VoiceDial
from twilio.twiml.voice_response import Gather, VoiceResponse

from channels.base import CallLook, Capabilities, Dial, IsKnown, Received, Refusal, Sent
from channels.numbers import dialled_number, spoken_digits
from channels.twilio_media import TwilioMedia
from channels.twilio_messaging import TwilioSettings, instant, moment, refused, verified_fields
from channels.twilio_recording import OURS, TwilioRecordings
from channels.twilio_rest import TwilioException
from channels.wire import WireFailure, WireRequest, WireResponse
from router.core.call_parts import inbound_id
from router.core.call_table import Script
from router.core.clock import Ms
from router.core.commands import HearCall, Media, NoteCall, TakeCall, TakeRecording
from router.core.values import replace
from router.core.words import CallId, CallRole, Channel, Step

VOICE_PATH = "/twilio/voice"
STATUS_PATH = "/twilio/status/call"
CONFERENCE_PATH = "/twilio/status/conference"
RECORDING_PATH = "/twilio/status/recording"
MUSIC_PATH = "/hold.wav"
XML = "text/xml"
FULLY_ATTESTED = "TN-Validation-Passed-A"
PASSED = "TN-Validation-Passed-"
"""The only value that vouches for the caller: others are weaker, or speak of whoever forwarded the call."""
LOCALES = {"en": "en-US", "de": "de-DE", "es": "es-ES", "fr": "fr-FR", "it": "it-IT", "pt": "pt-BR", "nl": "nl-NL"}
DIGITS_MAX = 40
PAGE_SIZE = 200
FOUND_MAX = 20
ON_LINE_MAX = 5_000
"""An account with more calls at a time is not asked for all: each is looked at when it has been silent for long."""
PAGE_SIZE_MAX = 1_000
DETECTION: Mapping[str, Any] = {
    "machine_detection": "Enable",
    "machine_detection_silence_timeout": 2_000,
    "machine_detection_timeout": 5,
}
"""How long the provider listens whether a machine answers, while whoever answers hears nothing: two seconds where they
say nothing, the least that it takes; five in all, in which it hears out the longest greeting that may still be a
person's. What it cannot tell by then is a person."""
CALL_GONE = 21220
NOT_FOUND = 404
OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
LOOK_BACK = timedelta(minutes=2)
LONGEST_RECORDING = timedelta(hours=1)
"""A recording is listed by when it began, and is there once it has ended: by default it takes an hour at most."""
EMPTY = WireResponse(204)
HERE = "\x00"
"""Stands for the address of a document within one that many calls hear; no words of anybody's have it."""
KNOWN_DOCUMENTS = 256
NO_CALL = CallId("")


class TwilioVoice:
    """The adapter for `/twilio/voice…` and the status addresses of calls, conferences and recordings."""

    id = "twilio-voice"
    carries: Sequence[Channel] = (Channel.PHONE,)
    spoken_type = XML
    capabilities = Capabilities(live=True, can_start=True)
    paths: Sequence[str] = (
        VOICE_PATH,
        *(f"{VOICE_PATH}/{step.value}" for step in Step),
        STATUS_PATH,
        CONFERENCE_PATH,
        RECORDING_PATH,
    )

    def __init__(self, settings: TwilioSettings, client: Client, media: TwilioMedia) -> None:
        self._settings = settings
        self._client = client
        self._media = media
        self._public = settings.public_url.rstrip("/")
        self._known = lru_cache(maxsize=KNOWN_DOCUMENTS)(self._document)
        self.recordings = TwilioRecordings(
            client, media, account=settings.account, status_url=self._public + RECORDING_PATH
        )

    # --- in -----------------------------------------------------------------------------------------------------------

    def receive(self, request: WireRequest, now: Ms) -> Received:
        fields = verified_fields(request, self._settings)
        path, _, raw_query = request.url.partition("?")
        query = dict(parse_qsl(raw_query))
        sid = fields.get("CallSid", "")
        match path:
            case _ if path == VOICE_PATH:
                command = _taken(fields, sid, now)
                return Received(commands=(command,), response=EMPTY, call=command.call)
            case _ if path == STATUS_PATH:
                return self._status(fields, query)
            case _ if path == CONFERENCE_PATH:
                return _seen(fields)
            case _ if path == RECORDING_PATH:
                noted = self.recordings.heard(fields, query)
                return Received(commands=(noted,) if noted else (), response=EMPTY)
            case _:
                heard = _heard(fields, query, step=path.rpartition("/")[2])
                return Received(commands=(heard,), response=EMPTY, call=heard.call)

    def _status(self, fields: dict[str, str], query: dict[str, str]) -> Received:
        sid, state = fields.get("CallSid", ""), fields.get("CallStatus", "")
        call = CallId(query.get("call") or inbound_id(sid))
        command = NoteCall(
            key=f"twilio/{sid}/{state}",
            call=call,
            state=state,
            provider_id=sid,
            seconds=_whole(fields.get("CallDuration", "")),
            ended_at=_stamp(fields),
        )
        return Received(commands=(command,), response=EMPTY)

    # --- what they hear -----------------------------------------------------------------------------------------------

    def speak(self, script: Script) -> WireResponse:
        """The TwiML of a script. Most callers hear the same: that is made once, but for the address they go on at. What
        an agent hears before a call tells what people said, and is not kept."""
        here = self._address(script.step, call=script.call, turn=script.turn)
        if script.room is not None or script.step is Step.WHISPER:
            return WireResponse(200, self._document(script, here).encode(), XML)
        same = self._known(replace(script, call=NO_CALL, turn=0), HERE)
        return WireResponse(200, same.replace(HERE, escape(here)).encode(), XML)

    def _document(self, script: Script, here: str) -> str:
        document = VoiceResponse()
        locale = LOCALES.get(script.language, script.language)
        if script.listen_s:
            gather = Gather(
                input=" ".join(
                    kind for kind, on in (("dtmf", script.keys is not None), ("speech", script.speech)) if on
                ),
                action=here,
                timeout=script.listen_s,
                language=locale,
                **({"speech_timeout": "auto"} if script.speech else {}),
                **({"num_digits": script.keys} if script.keys else {}),
                **({"finish_on_key": "#"} if script.keys == 0 else {}),
            )
            self._say(gather, script, locale)
            document.append(gather)
            document.redirect(here)
        elif script.room is not None:
            self._say(document, script, locale)
            dial = VoiceDial(action=here)
            document.append(dial)
            dial.conference(
                script.room,
                beep="false",
                start_conference_on_enter=True,
                end_conference_on_exit=False,
                wait_url=self._public + MUSIC_PATH,
                wait_method="GET",
                status_callback=f"{self._public}{CONFERENCE_PATH}#rc=3&rp=all",
                status_callback_event="join leave",
                participant_label=script.call,
                **({"muted": True} if script.muted else {}),
                **({"coach": script.coached} if script.coached else {}),
            )
        else:
            self._say(document, script, locale)
            if script.goes_on:
                document.redirect(here)
            else:
                document.hangup()
        return str(document)

    def _say(self, into: VoiceResponse | Gather, script: Script, locale: str) -> None:
        for words in script.says:
            if words is None:
                into.play(self._public + MUSIC_PATH)
            else:
                into.say(words, language=locale)

    def _address(self, step: Step, *, call: CallId, turn: int) -> str:
        return f"{self._public}{VOICE_PATH}/{step.value}?{urlencode({'call': call, 'turn': turn})}"

    # --- out ----------------------------------------------------------------------------------------------------------

    async def dial(self, dial: Dial) -> Sent:
        is_theirs, settings = dial.role is CallRole.CUSTOMER, self._settings
        fallback = settings.fallback_url if is_theirs else settings.agents_fallback_url
        try:
            made = await self._client.calls.create_async(
                to=dial.to,
                from_=dial.via,
                url=self._address(dial.step, call=dial.reference, turn=dial.turn),
                status_callback=f"{self._public}{STATUS_PATH}?{urlencode({'call': dial.reference})}#rc=3&rp=all",
                status_callback_event=["completed"],
                timeout=dial.ring_s,
                **({"fallback_url": fallback} if fallback else {}),
                **(DETECTION if is_theirs else {}),
            )
        except TwilioRestException as error:
            return refused(error)
        except WireFailure as error:
            return Sent("lost" if error.may_have_arrived else "again", error=str(error))
        except (TwilioException, ValueError, TimeoutError) as error:
            return Sent("lost", error=type(error).__name__)  # an answer came and cannot be read
        return Sent("sent", provider_id=made.sid) if made.sid else Sent("lost", error="answer without sid")

    async def dialled(self, dial: Dial) -> list[str]:
        since = moment(dial.attempted_at) - LOOK_BACK
        try:
            listed = await self._client.calls.list_async(to=dial.to, from_=dial.via, limit=FOUND_MAX)
        except (TwilioException, WireFailure, ValueError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        return [
            call.sid
            for call in reversed(listed)
            if call.sid
            and str(call.direction).startswith("outbound")
            and (call.date_created is None or call.date_created >= since)
        ]

    async def move(self, provider_id: str, *, reference: CallId, step: Step, turn: int) -> bool:
        return await self._update(provider_id, url=self._address(step, call=reference, turn=turn))

    async def hang_up(self, provider_id: str) -> bool:
        return await self._update(provider_id, status="completed")

    async def look(self, provider_id: str) -> CallLook:
        try:
            call = await self._client.calls(provider_id).fetch_async()
        except TwilioRestException as error:
            if error.status == NOT_FOUND:
                return CallLook("completed")
            raise ConnectionError(str(error)) from error
        except (TwilioException, WireFailure, ValueError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        ended_at = instant(call.end_time) if call.end_time else None
        return CallLook(str(call.status or ""), ended_at=ended_at, seconds=_whole(str(call.duration or "")))

    async def on_line(self) -> frozenset[str] | None:
        try:
            calls = await self._client.calls.list_async(
                status="in-progress", limit=ON_LINE_MAX, page_size=min(ON_LINE_MAX, PAGE_SIZE_MAX)
            )
        except (TwilioException, WireFailure, ValueError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        return frozenset(call.sid for call in calls if call.sid) if len(calls) < ON_LINE_MAX else None

    async def astray(self, is_known: IsKnown) -> list[TakeCall]:
        """Of an account that others use as well, only calls to numbers whose address for calls is ours."""
        found: list[TakeCall] = []
        try:
            calls = await self._client.calls.list_async(
                status="in-progress", limit=ON_LINE_MAX, page_size=PAGE_SIZE_MAX
            )
            unknown = [
                call
                for call in calls
                if call.sid and call.direction == "inbound" and not await is_known(_key(call.sid))
            ]
            if not unknown:
                return found
            numbers = await self._client.incoming_phone_numbers.list_async(page_size=PAGE_SIZE_MAX)
        except (TwilioException, WireFailure, ValueError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        ours = {one.phone_number for one in numbers if _bare(one.voice_url) == self._public + VOICE_PATH}
        for call in unknown:
            if call.to in ours and call.sid and call.start_time:
                fields = {"From": str(getattr(call, "_from", None) or ""), "To": call.to}
                found.append(_taken(fields, call.sid, instant(call.start_time), astray=True))
        return sorted(found, key=lambda one: one.at)

    async def _update(self, provider_id: str, **changes: str) -> bool:
        try:
            await self._client.calls(provider_id).update_async(**changes)
        except TwilioRestException as error:
            if error.code == CALL_GONE or error.status == NOT_FOUND:
                return False
            raise ConnectionError(str(error)) from error
        except (TwilioException, WireFailure, ValueError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        return True

    # --- the rest of the contract -------------------------------------------------------------------------------------

    async def missed(self, since: Ms, until: Ms | None, is_known: IsKnown) -> list[TakeCall | TakeRecording]:
        """Calls that the provider took while nobody answered for us, and what was said to its own document then."""
        found: list[TakeCall | TakeRecording] = []
        after, before = moment(since), values.unset if until is None else moment(until)
        try:
            calls = await self._client.calls.list_async(
                start_time_after=after, start_time_before=before, page_size=PAGE_SIZE
            )
            calls += await self._client.calls.list_async(  # whoever was on the line when we last looked
                end_time_after=after, end_time_before=before, page_size=PAGE_SIZE
            )
            recordings = await self._client.recordings.list_async(
                date_created_after=after - LONGEST_RECORDING, date_created_before=before, page_size=PAGE_SIZE
            )
        except (TwilioException, WireFailure, ValueError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        for call in {one.sid: one for one in calls}.values():
            is_over = call.direction == "inbound" and str(call.status) in OVER
            if call.sid and is_over and not await is_known(_key(call.sid)):
                fields = {"From": str(getattr(call, "_from", None) or ""), "To": str(call.to or "")}
                taken = call.start_time or call.date_created
                at, seconds = instant(taken) if taken else since, _whole(str(call.duration or ""))
                found.append(_taken(fields, call.sid, at, late=True, seconds=seconds))
        for one in recordings:
            is_said = str(one.source) != OURS  # what we began ourselves is followed by what asked for it
            if (
                one.sid
                and one.call_sid
                and is_said
                and str(one.status) == "completed"
                and not await is_known(_key(one.sid))
            ):
                media = Media(url=self._media.url_of(one.uri or "") + ".wav", content_type="audio/wav")
                at = instant(one.date_created) if one.date_created else since
                found.append(TakeRecording(key=_key(one.sid), call=inbound_id(one.call_sid), at=at, media=(media,)))
        return found

    async def send(self, message: object) -> Sent:
        raise NotImplementedError("nothing is written over the phone")

    async def find(self, message: object) -> Sequence[str]:
        return ()

    async def fetch_media(self, url: str) -> WireResponse | None:
        return await self._media.fetch(url)


def _bare(url: str | None) -> str:
    """An address without what is added for the provider's own ends."""
    return (url or "").partition("#")[0].partition("?")[0]


def _taken(
    fields: dict[str, str], sid: str, at: Ms, *, late: bool = False, astray: bool = False, seconds: int = 0
) -> TakeCall:
    if not sid:
        raise Refusal("no CallSid", status=400)
    vouched = fields.get("StirVerstat")
    nothing_said = False if astray else None  # the log says nothing of who vouches, so nobody does
    return TakeCall(
        key=_key(sid),
        call=inbound_id(sid),
        provider_id=sid,
        sender=fields.get("From", ""),
        via=fields.get("To", ""),
        at=at,
        attested=nothing_said if vouched is None else vouched == FULLY_ATTESTED,
        attestation=_attestation(vouched or ""),
        late=late,
        astray=astray,
        seconds=seconds,
    )


def _attestation(vouched: str) -> str:
    """A, B or C for a number that passed, failed for one that did not; nothing where nothing is said."""
    if vouched.startswith(PASSED):
        return vouched.removeprefix(PASSED)[:1]
    return "failed" if "Failed" in vouched else ""


def _heard(fields: dict[str, str], query: dict[str, str], *, step: str) -> HearCall:
    sid = fields.get("CallSid", "")
    call = CallId(query.get("call") or inbound_id(sid))
    raw = query.get("turn", "")
    turn = int(raw) if raw.isdecimal() and len(raw) < 10 else -1
    digits = "".join(c for c in fields.get("Digits", "") if c in "0123456789*#")[:DIGITS_MAX]
    speech = fields.get("SpeechResult", "")
    if step == Step.NUMBER and not digits and (digits := spoken_digits(speech)):
        speech = ""
    outbound = fields.get("Direction", "").startswith("outbound")
    ours = fields.get("From" if outbound else "To", "")
    by = fields.get("AnsweredBy", "")
    return HearCall(
        key=f"{call}/{turn}",
        call=call,
        turn=turn,
        step=step,
        digits=digits,
        number=dialled_number(digits, ours=ours) if len(digits) > 1 else "",
        speech=speech,
        provider_id=sid,
        answered_by="machine" if by.startswith(("machine", "fax")) else "human" if by == "human" else "",
    )


def _seen(fields: dict[str, str]) -> Received:
    """Somebody came into a conference or left it. Whoever hung up is over; who was moved says so in another way."""
    event, sid, label = (fields.get(name, "") for name in ("StatusCallbackEvent", "CallSid", "ParticipantLabel"))
    state = ""
    if event == "participant-join":
        state = "joined"
    elif event == "participant-leave" and fields.get("ReasonParticipantLeft") == "participant_hung_up":
        state = "completed"
    if not label or not state:
        return Received(commands=(), response=EMPTY)
    command = NoteCall(key=f"twilio/{sid}/{state}", call=CallId(label), state=state, provider_id=sid)
    return Received(commands=(command,), response=EMPTY)


def _stamp(fields: dict[str, str]) -> Ms | None:
    """When what a status callback tells of happened; it may come long after."""
    try:
        at = parsedate_to_datetime(fields.get("Timestamp", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return instant(at if at.tzinfo else at.replace(tzinfo=UTC))


def _whole(seconds: str) -> int:
    """A number of seconds; 0 where there is none."""
    return int(seconds) if seconds.isascii() and seconds.isdecimal() and len(seconds) < 10 else 0


def _key(sid: str) -> str:
    return f"twilio/{sid}"
