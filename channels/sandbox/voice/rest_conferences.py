"""Conferences and their participants over REST.

Its one rule: a participant is found by the SID of its call or by its label. Calling somebody in opens the conference
where none of that name runs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from channels.sandbox.carrier import API_VERSION
from channels.sandbox.refusals import Refused
from channels.sandbox.rest_call import Call, page_of
from channels.sandbox.times import rfc2822
from channels.sandbox.voice import parameters as read
from channels.sandbox.voice.mixing import Participant, Seat
from channels.sandbox.voice.network import Network
from channels.sandbox.voice.player import DEFAULT_MUSIC
from channels.sandbox.voice.recordings import Wish
from channels.sandbox.voice.rest_calls import ORDER, order_of
from channels.sandbox.voice.rest_recordings import RecordingResources
from channels.sandbox.voice.rooms import EVENTS, KICKED, Charter, Conference
from channels.sandbox.voice.sources import Ask

SID = re.compile(r"CF[0-9a-f]{32}")
BEEPS = ("true", "false", "onEnter", "onExit")
CONFERENCE_WISH = "ConferenceRecordingStatusCallback"
INVITATION = (
    *(name for name in ORDER if name not in ("Url", "Twiml", "Method", "FallbackUrl", "FallbackMethod", "SendDigits")),
    "Label", "Muted", "Beep", "StartConferenceOnEnter", "EndConferenceOnExit", "WaitUrl", "WaitMethod", "EarlyMedia",
    "MaxParticipants", "ConferenceRecord", "Coaching", "CallSidToCoach", "ConferenceStatusCallback",
    "ConferenceStatusCallbackMethod", "ConferenceStatusCallbackEvent", CONFERENCE_WISH, f"{CONFERENCE_WISH}Method",
    f"{CONFERENCE_WISH}Event",
)  # fmt: skip
CHANGE = (
    "Muted", "Hold", "HoldUrl", "HoldMethod", "AnnounceUrl", "AnnounceMethod", "WaitUrl", "WaitMethod", "BeepOnExit",
    "EndConferenceOnExit", "Coaching", "CallSidToCoach",
)  # fmt: skip
STATUS = {"queued": "queued", "ringing": "ringing", "in-progress": "connecting", "completed": "complete"}


@dataclass(frozen=True, slots=True)
class _Listed:
    """A participant under the name that pages are cut by."""

    sid: str
    conference: Conference
    participant: Participant


class ConferenceResources:
    """`Conferences.json` and what is below it."""

    def __init__(self, network: Network, recordings: RecordingResources) -> None:
        self._network = network
        self._conferences = network.conferences
        self._recordings = recordings

    def answer(self, call: Call, below: list[str]) -> tuple[int, dict[str, object] | None]:
        """The status and the JSON. Raise `Refused`."""
        match call.method, below:
            case "GET", []:
                wanted = filter(_filter_of(call), self._conferences.newest_first())
                return 200, page_of(call, "conferences", wanted, self._shown)
            case "GET", [sid]:
                return 200, self._shown(self._get(sid))
            case "POST", [sid]:
                return 200, self._shown(self._changed(self._get(sid), call))
            case "POST", [sid, "Participants"]:
                return 201, self._invited(sid, call)
            case "GET", [sid, "Participants"]:
                return 200, self._participants(self._get(sid), call)
            case "GET", [sid, "Participants", one]:
                return 200, self._participant(self._seated(self._get(sid), one))
            case "POST", [sid, "Participants", one]:
                return 200, self._participant(self._moved(self._seated(self._get(sid), one), call))
            case "DELETE", [sid, "Participants", one]:
                self._kick(self._seated(self._get(sid), one))
                return 204, None
            case _, [sid, "Recordings", *rest]:
                return self._recordings.of_conference(call, self._get(sid), rest)
            case _:
                raise Refused(20405, call.method)

    def _get(self, name: str) -> Conference:
        """By SID; while it runs, by friendly name too."""
        found = self._conferences.get(name) or self._conferences.active(name)
        if found is None:
            raise Refused(20404, f"/Conferences/{name}.json")
        return found

    def _seated(self, conference: Conference, name: str) -> _Listed:
        for one in (*conference.seats.values(), *conference.invited.values()):
            if name in (one.leg.sid, one.seat.label):
                return _Listed(one.leg.sid, conference, one)
        raise Refused(20404, f"/Conferences/{conference.sid}/Participants/{name}.json")

    def _changed(self, conference: Conference, call: Call) -> Conference:
        read.refuse_unknown(call, ("Status", "AnnounceUrl", "AnnounceMethod"))
        status = read.one_of(call, "Status", ("", "completed"), default="")
        announced = read.url(call, "AnnounceUrl")
        if conference.status == "completed":
            raise Refused(20001, "the conference is over")
        if announced:
            self._conferences.announce(conference, Ask(announced, read.method(call, "AnnounceMethod")))
        if status:
            self._conferences.end(conference)
        return conference

    def _invited(self, name: str, call: Call) -> dict[str, object]:
        order = order_of(call, self._network, needs_source=False, known=INVITATION)
        seat, charter = _seat_of(call), _charter_of(call)
        conference = self._conferences.get(name)
        if SID.fullmatch(name) and (conference is None or conference.status == "completed"):
            raise Refused(20404, f"/Conferences/{name}/Participants.json")
        if conference is None:
            conference = self._conferences.opened(name, charter)
        if seat.coached and seat.coached not in conference.seats:
            raise Refused(20001, f"CallSidToCoach {seat.coached} is not in the conference")
        invited = self._network.invite(order, conference, seat)
        return self._participant(_Listed(invited.leg.sid, conference, invited))

    def _participants(self, conference: Conference, call: Call) -> dict[str, object]:
        muted, hold, coaching = (call.query.get(name) for name in ("Muted", "Hold", "Coaching"))
        seats = [
            _Listed(one.leg.sid, conference, one)
            for one in conference.seats.values()
            if muted in (None, _said(one.seat.muted))
            and hold in (None, _said(one.seat.hold))
            and coaching in (None, _said(bool(one.seat.coached)))
        ]
        return page_of(call, "participants", seats, self._participant)

    def _moved(self, listed: _Listed, call: Call) -> _Listed:
        read.refuse_unknown(call, CHANGE)
        one, conference = listed.participant, listed.conference
        before = one.seat
        change: dict[str, Any] = {}
        for name, key in (("Muted", "muted"), ("Hold", "hold"), ("EndConferenceOnExit", "end_on_exit")):
            if name in call.form:
                change[key] = read.flag(call, name)
        if "HoldUrl" in call.form:
            change["hold_music"] = Ask(read.url(call, "HoldUrl"), read.method(call, "HoldMethod"))
        if "WaitUrl" in call.form:
            change["wait_music"] = Ask(read.url(call, "WaitUrl"), read.method(call, "WaitMethod"))
        if "Coaching" in call.form or "CallSidToCoach" in call.form:
            coached = (
                call.form.get("CallSidToCoach", before.coached) if read.flag(call, "Coaching", default=True) else ""
            )
            if coached and coached not in conference.seats:
                raise Refused(20001, f"CallSidToCoach {coached} is not in the conference")
            change["coached"] = coached
        announced = read.url(call, "AnnounceUrl")
        one.seat = replace(before, **change)
        if one.is_in:
            self._conferences.changed(conference, one, before)
            if announced:
                self._conferences.announce(conference, Ask(announced, read.method(call, "AnnounceMethod")), one)
        return listed

    def _kick(self, listed: _Listed) -> None:
        if listed.participant.is_in:
            self._conferences.leave(listed.conference, listed.participant, KICKED, is_kicked=True)
        else:
            self._network.switch.end(listed.participant.leg, "canceled")

    def _shown(self, conference: Conference) -> dict[str, object]:
        uri = f"/{API_VERSION}/Accounts/{self._network.ground.account.sid}/Conferences/{conference.sid}"
        return {
            "sid": conference.sid,
            "account_sid": self._network.ground.account.sid,
            "friendly_name": conference.friendly_name,
            "status": conference.status,
            "region": "us1",
            "api_version": API_VERSION,
            "date_created": rfc2822(conference.created_at),
            "date_updated": rfc2822(conference.updated_at),
            "reason_conference_ended": conference.reason or None,
            "call_sid_ending_conference": conference.ended_by or None,
            "uri": f"{uri}.json",
            "subresource_uris": {"participants": f"{uri}/Participants.json", "recordings": f"{uri}/Recordings.json"},
        }

    def _participant(self, listed: _Listed) -> dict[str, object]:
        one, account = listed.participant, self._network.ground.account.sid
        leg, seat = one.leg, one.seat
        path = f"/{API_VERSION}/Accounts/{account}/Conferences/{listed.conference.sid}/Participants/{leg.sid}"
        return {
            "account_sid": account,
            "call_sid": leg.sid,
            "conference_sid": listed.conference.sid,
            "label": seat.label or None,
            "call_sid_to_coach": seat.coached or None,
            "coaching": bool(seat.coached),
            "muted": seat.muted,
            "hold": seat.hold,
            "start_conference_on_enter": seat.start_on_enter,
            "end_conference_on_exit": seat.end_on_exit,
            "status": "connected" if one.is_in else STATUS.get(leg.status, "failed"),
            "queue_time": str(leg.queue_ms),
            "date_created": rfc2822(leg.created_at),
            "date_updated": rfc2822(leg.updated_at),
            "uri": f"{path}.json",
        }


def _seat_of(call: Call) -> Seat:
    wait_url = call.form.get("WaitUrl")
    music = DEFAULT_MUSIC if wait_url is None else read.url(call, "WaitUrl")
    return Seat(
        label=call.form.get("Label", ""),
        muted=read.flag(call, "Muted"),
        start_on_enter=read.flag(call, "StartConferenceOnEnter", default=True),
        end_on_exit=read.flag(call, "EndConferenceOnExit"),
        beep=read.one_of(call, "Beep", BEEPS, default="true"),
        coached=call.form.get("CallSidToCoach", "") if read.flag(call, "Coaching", default=True) else "",
        wait_music=Ask(music, read.method(call, "WaitMethod")),
    )


def _charter_of(call: Call) -> Charter:
    is_recorded = call.form.get("ConferenceRecord", "") in ("record-from-start", "true")
    return Charter(
        status_url=read.url(call, "ConferenceStatusCallback", code=21609),
        status_method=read.method(call, "ConferenceStatusCallbackMethod"),
        events=read.events(call, "ConferenceStatusCallbackEvent", EVENTS, default=()),
        record=is_recorded,
        recording=read.wish(call, CONFERENCE_WISH) if is_recorded else Wish(),
        participants_max=read.whole(call, "MaxParticipants", default=250, low=2, high=250),
    )


def _filter_of(call: Call) -> Callable[[Conference], bool]:
    name, status = call.query.get("FriendlyName"), call.query.get("Status")
    created, updated = read.within(call, "DateCreated"), read.within(call, "DateUpdated")

    def is_wanted(conference: Conference) -> bool:
        return (
            name in (None, conference.friendly_name)
            and status in (None, conference.status)
            and created(conference.created_at)
            and updated(conference.updated_at)
        )

    return is_wanted


def _said(flag: bool) -> str:
    return "true" if flag else "false"
