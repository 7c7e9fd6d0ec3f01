"""`<Record>`: what the caller says, until silence, a key, the longest length or the end of the call.

Its one rule: if nothing was said and no key ended it, nobody is told and the call goes on in its document. What a phone
says counts as lasting as long as it takes to say; the silence is counted from there.
"""

from xml.etree.ElementTree import Element

from channels.sandbox.voice.documents import Document, flag_of, number_of
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.line import HungUp
from channels.sandbox.voice.recordings import Recording, Transcription, Wish
from channels.sandbox.voice.sources import Ask, method_of
from channels.sandbox.voice.studio import Studio
from router.core.clock import Ms

TIMEOUT_S = 5.0
LENGTH_S, LENGTH_S_MAX = 3_600.0, 14_400.0
FINISH_KEYS = "1234567890*#"


async def record(studio: Studio, leg: Leg, verb: Element, document: Document) -> Ask | None:
    recording = studio.recordings.begin("RecordVerb", call_sid=leg.sid, wish=wish_of(verb, document))
    leg.recordings.append(recording)
    leg.hear("record", "beep" if flag_of(verb, "playBeep", default=True) else None)
    try:
        ended_by = await _listen(studio, leg, verb)
    except HungUp:
        if recording.words or recording.duration_s > 0:
            _transcribe(studio, leg, verb, document, recording)
            action = document.absolute(verb.get("action", "")) or document.url
            if action:
                studio.requests.tell(leg, action, _fields(studio, recording, "hangup"), method=verb.get("method", ""))
        raise
    finally:
        studio.recordings.end(recording, is_silent=not recording.words)
        leg.recordings.remove(recording)
    if not recording.words and not ended_by:
        return None
    _transcribe(studio, leg, verb, document, recording)
    action = document.absolute(verb.get("action", "")) or document.url
    if not action:
        return None
    return Ask(action, method_of(verb.get("method")), tuple(_fields(studio, recording, ended_by)))


def wish_of(verb: Element, document: Document) -> Wish:
    """Who is told about a recording, from the attributes of the verb or noun that asks for it."""
    url = verb.get("recordingStatusCallback", "")
    events = tuple(verb.get("recordingStatusCallbackEvent", "completed").replace(",", " ").split())
    return Wish(document.absolute(url) if url else "", verb.get("recordingStatusCallbackMethod", "POST"), events)


async def _listen(studio: Studio, leg: Leg, verb: Element) -> str:
    """The key that ended it; empty for silence or the longest length."""
    line, ground = leg.line, studio.ground
    finish_keys, ended_by = verb.get("finishOnKey", FINISH_KEYS), ""
    began_at = quiet_since = ground.now()

    def on_key(key: str) -> None:
        nonlocal ended_by
        ended_by = ended_by or (key if key in finish_keys else "")

    def on_words(_: str, until: Ms) -> None:
        nonlocal quiet_since
        quiet_since = until

    timeout_ms = round(number_of(verb, "timeout", default=TIMEOUT_S, low=1, high=LENGTH_S_MAX) * 1000)
    longest_ms = round(number_of(verb, "maxLength", default=LENGTH_S, low=1, high=LENGTH_S_MAX) * 1000)
    line.on_key, line.on_words = on_key, on_words
    try:
        while not ended_by:
            ends_at = Ms(min(began_at + longest_ms, quiet_since + timeout_ms))
            if ground.now() >= ends_at:
                break
            await line.rest(ends_at)
    finally:
        line.on_key = line.on_words = None
    return ended_by


def _fields(studio: Studio, recording: Recording, ended_by: str) -> list[tuple[str, str]]:
    return [*studio.switch.recorded(recording), ("Digits", ended_by)]


def _transcribe(studio: Studio, leg: Leg, verb: Element, document: Document, recording: Recording) -> None:
    url = verb.get("transcribeCallback", "")
    if not url and not flag_of(verb, "transcribe", default=False):
        return

    def tell(made: Transcription) -> None:
        if url:
            fields = [
                ("TranscriptionSid", made.sid),
                ("TranscriptionText", made.text),
                ("TranscriptionStatus", made.status),
                ("TranscriptionUrl", f"{studio.recordings.url_of(recording)}/Transcriptions/{made.sid}"),
                ("TranscriptionType", "fast"),
                ("RecordingSid", recording.sid),
                ("RecordingUrl", studio.recordings.url_of(recording)),
            ]
            studio.requests.tell(leg, document.absolute(url), fields)

    studio.ground.start(studio.recordings.transcribe(recording, tell), name=f"transcription of {recording.sid}")
