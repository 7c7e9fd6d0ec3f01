"""Calls over REST: create, list, fetch, change, end, delete, record.

Its one rule: what is refused is refused before anything happens, with the provider's code. `CallReason`, `CallToken`,
`Trim` and the thresholds of machine detection change nothing here and are taken.
"""

import re
from collections.abc import Callable

from channels.sandbox.addresses import E164, PUNCTUATION
from channels.sandbox.carrier import API_VERSION, MAGIC_SENDER_OK
from channels.sandbox.refusals import NOT_EMULATED, Refused
from channels.sandbox.rest_call import Call, page_of
from channels.sandbox.times import rfc2822
from channels.sandbox.voice import parameters as read
from channels.sandbox.voice.documents import BrokenDocument, twiml_of
from channels.sandbox.voice.legs import FINAL, Leg, Reports
from channels.sandbox.voice.network import DETECTION_S, TIME_LIMIT_S, CallOrder, Detection, Network
from channels.sandbox.voice.rest_recordings import RecordingResources
from channels.sandbox.voice.sources import Ask, Given, Source

TWIML_CHARS_MAX = 4_000
KEYS = re.compile(r"[0-9A-D#*wW]{1,32}")
IDENTITY = re.compile(r"[!-~]{1,256}")
MAGIC_TO = {
    "+15005550001": 21217,
    "+15005550002": 21214,
    "+15005550003": 21215,
    "+15005550004": 21216,
}
TAKEN = (
    "CallReason", "CallToken", "Trim", "RecordingTrack", "MachineDetectionSpeechThreshold",
    "MachineDetectionSpeechEndThreshold", "MachineDetectionSilenceTimeout",
)  # fmt: skip
ORDER = (
    "To", "From", "Url", "Twiml", "Method", "FallbackUrl", "FallbackMethod", "StatusCallback", "StatusCallbackMethod",
    "StatusCallbackEvent", "SendDigits", "Timeout", "Record", "RecordingChannels", "MachineDetection",
    "MachineDetectionTimeout", "AsyncAmd", "AsyncAmdStatusCallback", "AsyncAmdStatusCallbackMethod", "TimeLimit",
    "CallerId", *read.WISH, *TAKEN,
)  # fmt: skip
CHANGE = ("Url", "Twiml", "Method", "Status", "FallbackUrl", "FallbackMethod", "StatusCallback",
    "StatusCallbackMethod", "TimeLimit")  # fmt: skip


class CallResources:
    """`Calls.json` and what is below it."""

    def __init__(self, network: Network, recordings: RecordingResources) -> None:
        self._network = network
        self._legs = network.switch.legs
        self._recordings = recordings

    def answer(self, call: Call, below: list[str]) -> tuple[int, dict[str, object] | None]:
        """The status and the JSON. Raise `Refused`."""
        match call.method, below:
            case "POST", []:
                return 201, self._shown(self._network.place(order_of(call, self._network)), is_new=True)
            case "GET", []:
                wanted = filter(_filter_of(call), self._legs.newest_first())
                return 200, page_of(call, "calls", wanted, self._shown)
            case "GET", [sid]:
                return 200, self._shown(self.get(sid))
            case "POST", [sid]:
                return 200, self._shown(self._changed(self.get(sid), call))
            case "DELETE", [sid]:
                self._remove(self.get(sid))
                return 204, None
            case _, [sid, "Recordings", *rest]:
                return self._recordings.of_call(call, self.get(sid), rest)
            case _, [_]:
                raise Refused(20405, call.method)
            case _, [_, name, *_]:
                raise Refused(NOT_EMULATED, f"The sandbox does not emulate {name} of calls.")
            case _:
                raise Refused(20405, call.method)

    def get(self, sid: str) -> Leg:
        leg = self._legs.get(sid)
        if leg is None:
            raise Refused(20404, f"/Calls/{sid}.json")
        return leg

    def _remove(self, leg: Leg) -> None:
        if not leg.is_over:
            raise Refused(20009, f"the call is {leg.status}; only one that is over can be deleted")
        self._legs.remove(leg.sid)

    def _changed(self, leg: Leg, call: Call) -> Leg:
        read.refuse_unknown(call, CHANGE)
        status = read.one_of(call, "Status", ("", "completed", "canceled"), default="")
        source = source_of(call) if "Url" in call.form or "Twiml" in call.form else None
        fallback, reports = fallback_of(call), reports_of(call)
        limit_s = read.whole(call, "TimeLimit", default=TIME_LIMIT_S, low=1, high=TIME_LIMIT_S)
        if leg.is_over:
            raise Refused(21220, leg.sid)
        if source is not None and leg.status != "in-progress":
            raise Refused(21220, leg.sid)
        if "FallbackUrl" in call.form:
            leg.fallback = fallback
        if "StatusCallback" in call.form:
            leg.reports = reports
        if "TimeLimit" in call.form:
            self._network.switch.limit(leg, limit_s * 1000)
        if status:
            self._end(leg, status)
        elif source is not None:
            leg.line.redirect(source)
        return leg

    def _end(self, leg: Leg, status: str) -> None:
        if leg.status == "in-progress":
            if status == "canceled":
                raise Refused(21220, leg.sid)
            return self._network.switch.end(leg)
        return self._network.switch.end(leg, "canceled" if leg.direction != "inbound" else "no-answer")

    def _shown(self, leg: Leg, *, is_new: bool = False) -> dict[str, object]:
        uri = f"/{API_VERSION}/Accounts/{self._network.ground.account.sid}/Calls/{leg.sid}"
        present = None if is_new else rfc2822(leg.created_at)
        return {
            "sid": leg.sid,
            "account_sid": self._network.ground.account.sid,
            "parent_call_sid": leg.parent_sid or None,
            "to": leg.to,
            "to_formatted": leg.to,
            "from": leg.sender,
            "from_formatted": leg.sender,
            "phone_number_sid": leg.number_sid or None,
            "status": leg.status,
            "start_time": None if leg.started_at is None else rfc2822(leg.answered_at or leg.started_at),
            "end_time": None if leg.ended_at is None else rfc2822(leg.ended_at),
            "duration": str(leg.duration_s) if leg.is_over else None,
            "price": None,
            "price_unit": "USD",
            "direction": leg.direction,
            "answered_by": leg.answered_by or None,
            "api_version": API_VERSION,
            "forwarded_from": leg.forwarded_from or None,
            "group_sid": None,
            "caller_name": None,
            "queue_time": str(leg.queue_ms),
            "trunk_sid": None,
            "date_created": present,
            "date_updated": None if is_new else rfc2822(leg.updated_at),
            "uri": f"{uri}.json",
            "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
        }


def order_of(call: Call, network: Network, *, needs_source: bool = True, known: tuple[str, ...] = ORDER) -> CallOrder:
    """The call that the form orders. Raise `Refused`."""
    read.refuse_unknown(call, known)
    form = call.form
    to = _called(form.get("To", ""), network)
    sender = _caller(form.get("From", ""), to, network)
    keys = form.get("SendDigits", "")
    if keys and not KEYS.fullmatch(keys):
        raise Refused(20001, f"SendDigits is up to 32 of 0-9 A-D # * w W; got {keys}")
    return CallOrder(
        to=to,
        sender=form.get("CallerId", sender),
        source=source_of(call) if needs_source else None,
        reports=reports_of(call),
        fallback=fallback_of(call),
        timeout_s=read.whole(call, "Timeout", default=60, low=1, high=600),
        limit_s=read.whole(call, "TimeLimit", default=TIME_LIMIT_S, low=1, high=TIME_LIMIT_S),
        keys=keys,
        detection=_detection_of(call),
        recording=read.wish(call) if read.flag(call, "Record") else None,
        recording_channels=2 if form.get("RecordingChannels") == "dual" else 1,
    )


def source_of(call: Call) -> Source:
    address, text = read.url(call, "Url"), call.form.get("Twiml", "")
    if address:
        return Ask(address, read.method(call, "Method"))
    if not text:
        raise Refused(21205, "")
    if len(text) > TWIML_CHARS_MAX:
        raise Refused(20001, f"Twiml has up to {TWIML_CHARS_MAX} characters; got {len(text)}")
    try:
        twiml_of(text.encode("utf-8", "surrogatepass"), url="")
    except BrokenDocument as problem:
        raise Refused(20001, f"Twiml: {problem.words}") from problem
    return Given(text)


def reports_of(call: Call) -> Reports:
    return Reports(
        read.url(call, "StatusCallback", code=21609),
        read.method(call, "StatusCallbackMethod"),
        read.events(call, "StatusCallbackEvent", read.STATUS_EVENTS, default=("completed",)),
    )


def fallback_of(call: Call) -> Ask | None:
    address = read.url(call, "FallbackUrl")
    return Ask(address, read.method(call, "FallbackMethod")) if address else None


def _called(text: str, network: Network) -> str:
    if not text:
        raise Refused(21201)
    if text.startswith(("client:", "sip:", "sips:")):
        if not IDENTITY.fullmatch(text.partition(":")[2]):
            raise Refused(21211, text)
        return text
    number = text.translate(PUNCTUATION)
    if not E164.fullmatch(number):
        raise Refused(21211, text)
    if number in MAGIC_TO:
        raise Refused(MAGIC_TO[number], number)
    if number in network.ground.account.numbers:
        raise Refused(NOT_EMULATED, "The sandbox does not call its own numbers.")
    return number


def _caller(text: str, to: str, network: Network) -> str:
    if not text:
        raise Refused(21213)
    if text.startswith("client:") and not E164.fullmatch(to):
        return text
    number = text.translate(PUNCTUATION)
    if not E164.fullmatch(number):
        raise Refused(21212, text)
    if number not in network.ground.account.numbers and number != MAGIC_SENDER_OK:
        raise Refused(21210, number)
    return number


def _detection_of(call: Call) -> Detection | None:
    mode = read.one_of(call, "MachineDetection", ("", "Enable", "DetectMessageEnd"), default="")
    is_async = read.flag(call, "AsyncAmd")
    address = read.url(call, "AsyncAmdStatusCallback", code=21609)
    timeout_s = read.whole(call, "MachineDetectionTimeout", default=DETECTION_S, low=3, high=59)
    if not mode or (is_async and not address):
        return None
    return Detection(
        "DetectMessageEnd" if mode == "DetectMessageEnd" else "Enable",
        timeout_ms=timeout_s * 1000,
        url=address if is_async else "",
        method=read.method(call, "AsyncAmdStatusCallbackMethod"),
    )


def _filter_of(call: Call) -> Callable[[Leg], bool]:
    query = call.query
    to, sender, status, parent = (query.get(name) for name in ("To", "From", "Status", "ParentCallSid"))
    if status is not None and status not in FINAL | {"queued", "ringing", "in-progress"}:
        raise Refused(20001, f"Status is a status of calls; got {status}")
    starts, ends = read.within(call, "StartTime"), read.within(call, "EndTime")

    def is_wanted(leg: Leg) -> bool:
        return (
            (to is None or leg.to == to)
            and (sender is None or leg.sender == sender)
            and (status is None or leg.status == status)
            and (parent is None or leg.parent_sid == parent)
            and starts(leg.answered_at or leg.started_at)
            and ends(leg.ended_at)
        )

    return is_wanted
