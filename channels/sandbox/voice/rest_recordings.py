"""Recordings and transcriptions over REST, and the sound itself.

Its one rule: only recordings that are still being made can be paused or stopped; the sound is there once completed.
"""

from collections.abc import Iterable

from channels.sandbox.carrier import API_VERSION
from channels.sandbox.refusals import Refused
from channels.sandbox.rest_call import Call, page_of
from channels.sandbox.times import rfc2822
from channels.sandbox.voice import parameters as read
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.network import Network
from channels.sandbox.voice.recordings import Recording, Transcription
from channels.sandbox.voice.rooms import Conference
from channels.sandbox.voice.sound import mp3_of, wav_of
from channels.wire import WireResponse

START = ("RecordingChannels", "RecordingTrack", "Trim", *read.WISH)
LATEST = "Twilio.CURRENT"


class RecordingResources:
    """`Recordings`, wherever they stand."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._recordings = network.recordings

    def answer(self, call: Call, below: list[str]) -> tuple[int, dict[str, object] | None]:
        """The recordings of the whole account. Raise `Refused`."""
        call_sid, conference_sid = call.query.get("CallSid"), call.query.get("ConferenceSid")
        is_wanted = read.within(call, "DateCreated")
        found = (
            one
            for one in self._recordings.newest_first()
            if is_wanted(one.started_at)
            and call_sid in (None, one.call_sid)
            and conference_sid in (None, one.conference_sid)
        )
        return self._among(call, found, below)

    def of_call(self, call: Call, leg: Leg, below: list[str]) -> tuple[int, dict[str, object] | None]:
        if call.method == "POST" and not below:
            read.refuse_unknown(call, START)
            if leg.status != "in-progress":
                raise Refused(21220, leg.sid)
            channels = 2 if call.form.get("RecordingChannels") == "dual" else 1
            made = self._recordings.get(self._network.record(leg, read.wish(call), channels=channels))
            assert made is not None
            return 201, self._shown(made)
        return self._among(call, (one for one in self._newest() if one.call_sid == leg.sid), below)

    def of_conference(
        self, call: Call, conference: Conference, below: list[str]
    ) -> tuple[int, dict[str, object] | None]:
        if call.method == "POST" and not below:
            read.refuse_unknown(call, START)
            if conference.status != "in-progress":
                raise Refused(20001, f"the conference is {conference.status}")
            return 201, self._shown(self._network.conferences.record(conference, read.wish(call), by_api=True))
        return self._among(call, (one for one in self._newest() if one.conference_sid == conference.sid), below)

    def sound(self, name: str) -> WireResponse:
        """The file: `.mp3` where the name says so, else WAV."""
        sid, _, kind = name.partition(".")
        recording = self._recordings.get(sid)
        if recording is None or kind not in ("", "wav", "mp3") or recording.status != "completed":
            raise Refused(20404, f"/Recordings/{name}")
        if kind == "mp3":
            return WireResponse(200, mp3_of(recording.duration_s), "audio/mpeg")
        return WireResponse(200, wav_of(recording.duration_s), "audio/x-wav")

    def transcriptions(self, call: Call, below: list[str]) -> tuple[int, dict[str, object] | None]:
        return self._transcribed(call, [*self._recordings.transcriptions.values()][::-1], below)

    def _newest(self) -> Iterable[Recording]:
        return self._recordings.newest_first()

    def _among(self, call: Call, found: Iterable[Recording], below: list[str]) -> tuple[int, dict[str, object] | None]:
        match call.method, below:
            case "GET", []:
                return 200, page_of(call, "recordings", found, self._shown)
            case "GET", [sid]:
                return 200, self._shown(_get(found, sid))
            case "POST", [sid]:
                return 200, self._shown(self._changed(_get(found, sid), call))
            case "DELETE", [sid]:
                one = _get(found, sid)
                self._recordings.end(one)
                self._recordings.remove(one.sid)
                return 204, None
            case _, [sid, "Transcriptions", *rest]:
                recording = _get(found, sid)
                known = [one for one in self._recordings.transcriptions.values() if one.recording is recording]
                return self._transcribed(call, known[::-1], rest)
            case _:
                raise Refused(20405, call.method)

    def _changed(self, recording: Recording, call: Call) -> Recording:
        read.refuse_unknown(call, ("Status", "PauseBehavior"))
        status = read.one_of(call, "Status", ("paused", "in-progress", "stopped"), default="")
        if not recording.is_open:
            raise Refused(21220, recording.sid)
        if status == "paused":
            self._recordings.pause(recording)
        elif status == "in-progress":
            self._recordings.go_on(recording)
        else:
            self._recordings.end(recording)
        return recording

    def _transcribed(
        self, call: Call, known: list[Transcription], below: list[str]
    ) -> tuple[int, dict[str, object] | None]:
        match call.method, below:
            case "GET", []:
                return 200, page_of(call, "transcriptions", known, self._transcription)
            case "GET", [sid]:
                found = next((one for one in known if one.sid == sid), None)
                if found is None:
                    raise Refused(20404, call.raw_path)
                return 200, self._transcription(found)
            case _:
                raise Refused(20405, call.method)

    def _shown(self, recording: Recording) -> dict[str, object]:
        path = self._recordings.path_of(recording)
        return {
            "sid": recording.sid,
            "account_sid": self._network.ground.account.sid,
            "api_version": API_VERSION,
            "call_sid": recording.call_sid or None,
            "conference_sid": recording.conference_sid or None,
            "date_created": rfc2822(recording.started_at),
            "date_updated": rfc2822(recording.updated_at),
            "start_time": rfc2822(recording.started_at),
            "duration": str(recording.duration_s) if recording.duration_s >= 0 else None,
            "price": None,
            "price_unit": "USD",
            "status": recording.status,
            "channels": recording.channels,
            "source": recording.source,
            "error_code": None,
            "uri": f"{path}.json",
            "media_url": self._recordings.url_of(recording),
            "encryption_details": None,
            "subresource_uris": {"transcriptions": f"{path}/Transcriptions.json"},
        }

    def _transcription(self, one: Transcription) -> dict[str, object]:
        root = f"/{API_VERSION}/Accounts/{self._network.ground.account.sid}"
        return {
            "sid": one.sid,
            "account_sid": self._network.ground.account.sid,
            "api_version": API_VERSION,
            "recording_sid": one.recording.sid,
            "date_created": rfc2822(one.created_at),
            "date_updated": rfc2822(one.created_at),
            "duration": str(max(one.recording.duration_s, 0)),
            "status": one.status,
            "transcription_text": one.text,
            "type": "fast",
            "price": None,
            "price_unit": "USD",
            "uri": f"{root}/Transcriptions/{one.sid}.json",
        }


def _get(found: Iterable[Recording], sid: str) -> Recording:
    """By its SID, or the present one."""
    one = next((one for one in found if one.sid == sid or (sid == LATEST and one.is_open)), None)
    if one is None:
        raise Refused(20404, f"/Recordings/{sid}.json")
    return one
