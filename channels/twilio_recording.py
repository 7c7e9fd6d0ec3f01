"""Recordings of calls over Twilio's REST API: begun, found, stopped, looked at and deleted, and their status callbacks.

Its one rule: a recording carries our id in the address of its callback, so that the provider's word is known to belong
to it. One customer's leg is recorded, which hears the whole conversation and nothing that is whispered to an agent.
"""

import re
from typing import Any
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from channels.base import RecordingLook, Sent
from channels.twilio_media import TwilioMedia
from channels.twilio_messaging import refused
from channels.twilio_rest import TwilioException
from channels.wire import WireFailure
from router.core.commands import Media, NoteRecording
from router.core.words import RecordingId

REFERENCE = "recording"
OURS = "StartCallRecordingAPI"
"""How the provider calls what we began."""
RUNNING = ("in-progress", "paused")
TOLD = ("in-progress", "completed", "absent", "failed")
NOT_FOUND, GONE_CODE = 404, 21220
LISTED_MAX = 50
SOUND = "audio/x-wav"
SOUND_AT = re.compile(r"/Accounts/\w+/Recordings/(RE\w+)(?:\.\w+)?$", re.ASCII)
STOP: Any = "stopped"  # the SDK names a class of constants where it takes one of them
TROUBLE = (TwilioException, WireFailure, ValueError, TimeoutError)


class TwilioRecordings:
    """`status_url` is where the provider tells how a recording goes."""

    def __init__(self, client: Client, media: TwilioMedia, *, account: str, status_url: str) -> None:
        self._client = client
        self._media = media
        self._account = account
        self._status_url = status_url

    def heard(self, fields: dict[str, str], query: dict[str, str]) -> NoteRecording | None:
        """A status callback; None where it is of no recording that we asked for, or says nothing that we know."""
        reference, sid = query.get(REFERENCE, ""), fields.get("RecordingSid", "")
        state, seconds = fields.get("RecordingStatus", ""), fields.get("RecordingDuration", "")
        if not reference or not sid or state not in TOLD:
            return None
        return NoteRecording(
            key=f"twilio/{sid}/{state}",
            recording=RecordingId(reference),
            state=state,
            provider_id=sid,
            seconds=int(seconds) if seconds.isdecimal() and len(seconds) < 8 else 0,
            media=self.media_of(sid),
        )

    def media_of(self, sid: str) -> Media:
        """Where the sound of a recording is fetched: at the provider's own address, whatever a callback says."""
        uri = f"/2010-04-01/Accounts/{self._account}/Recordings/{sid}"
        return Media(url=self._media.url_of(uri) + ".wav", content_type=SOUND)

    async def begin(self, call: str, reference: RecordingId) -> Sent:
        try:
            made = await self._client.calls(call).recordings.create_async(
                recording_status_callback=f"{self._status_url}?{urlencode({REFERENCE: reference})}#rc=3&rp=all",
                recording_status_callback_event=["in-progress completed absent"],
            )
        except TwilioRestException as error:
            return refused(error)
        except WireFailure as error:
            return Sent("lost" if error.may_have_arrived else "again", error=str(error))
        except (TwilioException, ValueError, TimeoutError) as error:
            return Sent("lost", error=type(error).__name__)  # an answer came and cannot be read
        return Sent("sent", provider_id=made.sid) if made.sid else Sent("lost", error="answer without sid")

    async def found(self, call: str) -> list[str]:
        """What we began on a call, the oldest first."""
        try:
            listed = await self._client.calls(call).recordings.list_async(limit=LISTED_MAX)
        except TROUBLE as error:
            raise ConnectionError(str(error)) from error
        return [one.sid for one in reversed(listed) if one.sid and str(one.source) == OURS]

    async def stop(self, call: str, provider_id: str) -> bool:
        try:
            await self._client.calls(call).recordings(provider_id).update_async(status=STOP)
        except TwilioRestException as error:
            if error.code == GONE_CODE or error.status == NOT_FOUND:
                return False
            raise ConnectionError(str(error)) from error
        except TROUBLE as error:
            raise ConnectionError(str(error)) from error
        return True

    async def look(self, provider_id: str) -> RecordingLook:
        try:
            one = await self._client.recordings(provider_id).fetch_async()
        except TwilioRestException as error:
            if error.status == NOT_FOUND:
                return RecordingLook("gone")
            raise ConnectionError(str(error)) from error
        except TROUBLE as error:
            raise ConnectionError(str(error)) from error
        status, seconds = str(one.status or ""), str(one.duration or "")
        state = "in-progress" if status in RUNNING else status
        return RecordingLook(state, int(seconds) if seconds.isdecimal() else 0, self.media_of(provider_id))

    def id_of(self, url: str) -> str | None:
        return recording_id(url)

    async def delete(self, provider_id: str) -> bool:
        """True once the provider does not have it. False: it does not let go of it yet."""
        try:
            return await self._client.recordings(provider_id).delete_async()
        except TwilioRestException as error:
            if error.status == NOT_FOUND:
                return True
            raise ConnectionError(str(error)) from error
        except TROUBLE as error:
            raise ConnectionError(str(error)) from error


def recording_id(url: str) -> str | None:
    """The provider's id of a recording, by the address of its sound; None for addresses of anything else.

    >>> recording_id("https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE2.wav")
    'RE2'
    """
    found = SOUND_AT.search(url)
    return found[1] if found else None
