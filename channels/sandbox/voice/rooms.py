"""Conferences: who is in, who hears whom, and what the service is told of it.

Its one rule: the first to come defines the conference (its callbacks, its recording); it starts when two are in and one
of them may start it, and what is spoken before reaches nobody. `mixing` says who hears whom.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from channels.sandbox.ground import Ground
from channels.sandbox.phones import Kind
from channels.sandbox.times import rfc2822
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.mixing import Participant, Seat, are_talking, hears
from channels.sandbox.voice.player import DEFAULT_MUSIC, Player
from channels.sandbox.voice.recordings import Recording, Recordings, Wish
from channels.sandbox.voice.requests import Requests
from channels.sandbox.voice.sources import Ask
from router.core.clock import Ms

CONFERENCES_MAX = 20_000
EVENTS = ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
REASONS = {
    "conference-ended-via-api": "The conference was ended over the API",
    "participant-with-end-conference-on-exit-left": "A participant with endConferenceOnExit left",
    "participant-with-end-conference-on-exit-kicked": "A participant with endConferenceOnExit was removed",
    "last-participant-kicked": "The last participant was removed",
    "last-participant-left": "The last participant left",
}
KICKED = "participant_updated_via_api"

Status = Literal["init", "in-progress", "completed"]


@dataclass(frozen=True, slots=True)
class Charter:
    """What the first participant says about the conference."""

    status_url: str = ""
    status_method: str = "POST"
    events: tuple[str, ...] = ()
    record: bool = False
    recording: Wish = field(default_factory=Wish)
    participants_max: int = 250


@dataclass(slots=True, eq=False)
class Conference:
    sid: str
    friendly_name: str
    charter: Charter
    created_at: Ms
    updated_at: Ms
    status: Status = "init"
    reason: str = ""
    ended_by: str = ""
    sequence: int = 0
    seats: dict[str, Participant] = field(default_factory=dict[str, Participant])
    invited: dict[str, Participant] = field(default_factory=dict[str, Participant])
    recordings: list[Recording] = field(default_factory=list[Recording])


class Conferences:
    """All conferences; those that are not over by their friendly name."""

    def __init__(self, ground: Ground, *, requests: Requests, recordings: Recordings, player: Player) -> None:
        self._ground = ground
        self._requests = requests
        self._recordings = recordings
        self._player = player
        self._by_sid: dict[str, Conference] = {}
        self._active: dict[str, Conference] = {}

    def get(self, sid: str) -> Conference | None:
        return self._by_sid.get(sid)

    def active(self, name: str) -> Conference | None:
        return self._active.get(name)

    def newest_first(self) -> Iterator[Conference]:
        return reversed(self._by_sid.values())

    def opened(self, name: str, charter: Charter) -> Conference:
        """The conference of this name that is not over, or a new one by `charter`."""
        if (found := self._active.get(name)) is not None:
            return found
        present = self._ground.now()
        made = Conference(self._ground.sid("CF"), name, charter, present, present)
        self._by_sid[made.sid] = self._active[name] = made
        if len(self._by_sid) > CONFERENCES_MAX:
            oldest = next((one.sid for one in self._by_sid.values() if one.status == "completed"), made.sid)
            del self._by_sid[oldest]
        return made

    def invite(self, conference: Conference, leg: Leg, seat: Seat) -> Participant:
        """Somebody is being called who will join; `spurn` when they do not."""
        invited = conference.invited[leg.sid] = Participant(leg, seat)
        return invited

    def spurn(self, conference: Conference, leg: Leg) -> None:
        """Whoever was invited does not come."""
        invited = conference.invited.pop(leg.sid, None)
        if invited is None or conference.status == "completed":
            return
        self._tell_leave(conference, invited, "participant_add_failed")
        if not conference.seats and not conference.invited:
            self._close(conference, "last-participant-left", invited.leg)

    def join(self, conference: Conference, leg: Leg, seat: Seat) -> Participant | None:
        """Take the leg in; None when it is full."""
        if len(conference.seats) >= conference.charter.participants_max:
            return None
        invited = conference.invited.pop(leg.sid, None)
        one = invited or Participant(leg, seat)
        conference.seats[leg.sid] = one
        one.is_in = True
        leg.room = ConferenceRoom(self, conference)
        self._tell(conference, "join", "participant-join", one)
        if conference.status == "init":
            self._start_if_ready(conference, one)
        elif seat.beep in ("true", "onEnter"):
            self._beep(conference, one)
        self.settle(conference)
        return one

    def leave(self, conference: Conference, one: Participant, why: str, *, is_kicked: bool = False) -> None:
        """Nothing when it was not in. It may end the conference."""
        if conference.seats.pop(one.leg.sid, None) is None:
            return
        self._put_out(one)
        self._tell_leave(conference, one, why)
        if conference.status == "completed":
            return
        ending = "kicked" if is_kicked else "left"
        if one.seat.end_on_exit:
            self._close(conference, f"participant-with-end-conference-on-exit-{ending}", one.leg)
        elif not conference.seats and not conference.invited:
            self._close(conference, f"last-participant-{ending}", one.leg)
        else:
            if conference.status == "in-progress" and one.seat.beep in ("true", "onExit"):
                self._beep(conference, one)
            self.settle(conference)

    def end(self, conference: Conference) -> None:
        """End it over the API."""
        self._close(conference, "conference-ended-via-api", None)

    def changed(self, conference: Conference, one: Participant, before: Seat) -> None:
        """Tell what differs from `before` and let everybody hear by it."""
        if one.seat.muted != before.muted:
            self._tell(conference, "mute", f"participant-{'mute' if one.seat.muted else 'unmute'}", one)
        if one.seat.hold != before.hold:
            self._tell(conference, "hold", f"participant-{'hold' if one.seat.hold else 'unhold'}", one)
        if (one.seat.end_on_exit, one.seat.coached) != (before.end_on_exit, before.coached):
            self._tell(conference, "modify", "participant-modify", one)
        self.settle(conference)

    def speak(self, conference: Conference, leg: Leg, text: str) -> None:
        speaker = conference.seats.get(leg.sid)
        if speaker is None or conference.status != "in-progress":
            return
        is_public = not (speaker.seat.muted or speaker.seat.hold or speaker.seat.coached)
        if is_public:
            for recording in conference.recordings:
                recording.note(leg.phone, text)
        for one in conference.seats.values():
            if hears(one, speaker):
                one.leg.hear("say", text, source=leg.phone)
                for recording in one.leg.recordings:
                    recording.note(leg.phone, text)
        if not speaker.seat.muted and not speaker.seat.hold:
            for event in ("participant-speech-start", "participant-speech-stop"):
                self._tell(conference, "speaker", event, speaker)

    def company(self, conference: Conference, leg: Leg) -> list[str]:
        me = conference.seats.get(leg.sid)
        if me is None or conference.status != "in-progress":
            return []
        return [one.leg.phone for one in conference.seats.values() if are_talking(me, one)]

    def announce(self, conference: Conference, source: Ask, only: Participant | None = None) -> None:
        """Play a document to everybody, or to one."""
        leg = only.leg if only is not None else next((one.leg for one in conference.seats.values()), None)
        if leg is None:
            return

        def hear(kind: Kind, text: str | None) -> None:
            for one in tuple(conference.seats.values()):
                if only is None or one is only:
                    one.leg.hear(kind, text)

        async def play() -> None:
            is_done = await self._player.announce(leg, source, hear)
            more = [("AnnounceUrl", source.url)]
            if not is_done:
                more.append(("ReasonAnnouncementFailed", "the document could not be fetched"))
            event = "announcement-end" if is_done else "announcement-fail"
            self._tell(conference, "announcement", event, only, more=more)

        self._ground.start(play(), name=f"announcement in {conference.sid}")

    def record(self, conference: Conference, wish: Wish, *, by_api: bool = False) -> Recording:
        source = "StartConferenceRecordingAPI" if by_api else "Conference"
        made = self._recordings.begin(source, conference_sid=conference.sid, wish=wish)
        conference.recordings.append(made)
        return made

    def settle(self, conference: Conference) -> None:
        """Let music play to whoever waits or is held, and tell everybody whom they are with."""
        for one in conference.seats.values():
            self._tune(conference, one)
            company = self.company(conference, one.leg)
            if company and company != one.told and not set(company) <= set(one.told):
                one.leg.hear("connected", ", ".join(company))
            one.told = company

    def _tune(self, conference: Conference, one: Participant) -> None:
        wanted: Ask | None = None
        if one.seat.hold:
            wanted = one.seat.hold_music or Ask(DEFAULT_MUSIC)
        elif conference.status == "init":
            wanted = one.seat.wait_music
        if wanted == one.music:
            return
        one.silence()
        one.music = wanted
        if wanted is not None and wanted.url:
            one.playing = self._ground.start(self._player.music(one.leg, wanted), name=f"music for {one.leg.sid}")

    def _start_if_ready(self, conference: Conference, by: Participant) -> None:
        if len(conference.seats) < 2 or not any(one.seat.start_on_enter for one in conference.seats.values()):
            return
        conference.status, conference.updated_at = "in-progress", self._ground.now()
        self._tell(conference, "start", "conference-start", by)
        if conference.charter.record:
            self.record(conference, conference.charter.recording)

    def _close(self, conference: Conference, reason: str, by: Leg | None) -> None:
        if conference.status == "completed":
            return
        conference.status, conference.reason = "completed", reason
        conference.ended_by, conference.updated_at = by.sid if by is not None else "", self._ground.now()
        del self._active[conference.friendly_name]
        why = "conference_ended_via_api" if by is None else "moderator_ended_conference"
        for one in tuple(conference.seats.values()):
            self.leave(conference, one, why)
        for recording in conference.recordings:
            self._recordings.end(recording)
        more = [("ReasonConferenceEnded", reason), ("Reason", REASONS[reason])]
        if by is not None:
            more.append(("CallSidEndingConference", by.sid))
        self._tell(conference, "end", "conference-end", None, more=more)

    def _put_out(self, one: Participant) -> None:
        one.is_in = False
        one.silence()
        one.leg.room = None
        one.leg.line.ring()

    def _beep(self, conference: Conference, about: Participant) -> None:
        for one in conference.seats.values():
            if one is not about:
                one.leg.hear("play", "beep")

    def _tell_leave(self, conference: Conference, one: Participant, why: str) -> None:
        status = one.leg.status if one.leg.is_over or why == "participant_add_failed" else "in-progress"
        if why == "participant_hung_up":
            status = "completed"
        more = [("ParticipantCallStatus", status), ("ReasonParticipantLeft", why)]
        self._tell(conference, "leave", "participant-leave", one, more=more)

    def _tell(
        self,
        conference: Conference,
        kind: str,
        event: str,
        one: Participant | None,
        *,
        more: list[tuple[str, str]] | None = None,
    ) -> None:
        charter = conference.charter
        if not charter.status_url or kind not in charter.events:
            return
        fields = [
            ("ConferenceSid", conference.sid),
            ("FriendlyName", conference.friendly_name),
            ("AccountSid", self._ground.account.sid),
            ("SequenceNumber", str(conference.sequence)),
            ("Timestamp", rfc2822(self._ground.now())),
            ("StatusCallbackEvent", event),
            *(one.fields() if one is not None else ()),
            *(more or ()),
        ]
        conference.sequence += 1
        self._requests.call_back(
            charter.status_url, fields, about=f"{conference.sid} {event}", method=charter.status_method
        )


@dataclass(frozen=True, slots=True)
class ConferenceRoom:
    """A conference as its legs see it."""

    conferences: Conferences
    conference: Conference

    def speak(self, leg: Leg, text: str) -> None:
        self.conferences.speak(self.conference, leg, text)

    def company(self, leg: Leg) -> list[str]:
        return self.conferences.company(self.conference, leg)

    def leave(self, leg: Leg, why: str) -> None:
        if (one := self.conference.seats.get(leg.sid)) is not None:
            self.conferences.leave(self.conference, one, why)
