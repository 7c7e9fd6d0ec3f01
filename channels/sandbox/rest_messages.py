"""Messages and their media over REST: create, list, fetch, redact, delete.

Its one rule: a parameter that would change what happens and is not emulated is refused, never ignored. `SmartEncoded`,
`MaxPrice`, `RiskCheck` and the like change nothing here and are taken.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from multidict import CIMultiDict

from channels.sandbox.carrier import API_VERSION, VALIDITY_S, Carrier, Order
from channels.sandbox.ground import Ground
from channels.sandbox.messages import Media, Message, MessageLog
from channels.sandbox.refusals import NOT_EMULATED, Refused
from channels.sandbox.rest_call import Call, page_of
from channels.sandbox.times import moment, rfc2822
from channels.wire import WireResponse

REFUSED_PARAMETERS = (
    "MessagingServiceSid",
    "ContentSid",
    "ContentVariables",
    "ScheduleType",
    "SendAt",
    "PersistentAction",
    "ShortenUrls",
    "FallbackFrom",
)
ERROR_WORDS = {
    30001: "Queue overflow",
    30003: "Unreachable destination handset",
    30006: "Landline or unreachable carrier",
    63016: "Failed to send freeform message because you are outside the allowed window",
}


class MessageResources:
    """`Messages.json` and what is below it."""

    def __init__(self, ground: Ground, carrier: Carrier, log: MessageLog) -> None:
        self._ground = ground
        self._carrier = carrier
        self._log = log

    def answer(self, call: Call, below: list[str]) -> tuple[int, dict[str, object] | None]:
        """The status and the JSON. Raise `Refused`."""
        match call.method, below:
            case "POST", []:
                return 201, self._shown(self._carrier.take(_order_of(call)))
            case "GET", []:
                wanted = filter(_filter_of(call), self._log.newest_first())
                return 200, page_of(call, "messages", wanted, self._shown)
            case "GET", [sid]:
                return 200, self._shown(self._get(sid))
            case "POST", [sid]:
                return 200, self._shown(self._redacted(self._get(sid), call))
            case "DELETE", [sid]:
                self._log.remove(self._get(sid).sid)
                return 204, None
            case "GET", [sid, "Media"]:
                message = self._get(sid)
                return 200, page_of(call, "media_list", message.media, lambda one: self._media(message, one))
            case "GET", [sid, "Media", media_sid]:
                message = self._get(sid)
                return 200, self._media(message, _medium(message, media_sid))
            case "DELETE", [sid, "Media", media_sid]:
                message = self._get(sid)
                message.media.remove(_medium(message, media_sid))
                return 204, None
            case _:
                raise Refused(20405, call.method)

    def media_bytes(self, sid: str, media_sid: str) -> WireResponse:
        """The file itself, or a redirect to where it is."""
        one = _medium(self._get(sid), media_sid)
        if one.content is None:
            return WireResponse(307, b"", "text/plain", CIMultiDict({"Location": one.url}))
        # The content is a stranger's: it is never shown within the sandbox's own origin.
        headers = CIMultiDict({"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"})
        return WireResponse(200, one.content, one.content_type, headers)

    def _get(self, sid: str) -> Message:
        message = self._log.get(sid)
        if message is None:
            raise Refused(20404, f"/Messages/{sid}.json")
        return message

    def _redacted(self, message: Message, call: Call) -> Message:
        if call.pairs != (("Body", ""),):
            raise Refused(20009, "the sandbox only redacts (an empty Body)")
        if message.status in ("queued", "sending", "sent"):
            raise Refused(20009, f"its status is {message.status}, which is not final")
        message.body, message.updated_at = "", self._ground.now()
        return message

    def _shown(self, message: Message) -> dict[str, object]:
        uri = f"/{API_VERSION}/Accounts/{self._ground.account.sid}/Messages/{message.sid}"
        return {
            "sid": message.sid,
            "account_sid": self._ground.account.sid,
            "messaging_service_sid": None,
            "from": str(message.sender),
            "to": str(message.to),
            "body": message.body,
            "num_segments": str(message.segments),
            "num_media": str(len(message.media)),
            "direction": message.direction,
            "status": message.status,
            "error_code": message.error_code,
            "error_message": ERROR_WORDS.get(message.error_code or 0, "Unknown error") if message.error_code else None,
            "price": None,
            "price_unit": "USD",
            "api_version": API_VERSION,
            "date_created": rfc2822(message.created_at),
            "date_updated": rfc2822(message.updated_at),
            "date_sent": None if message.sent_at is None else rfc2822(message.sent_at),
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }

    def _media(self, message: Message, one: Media) -> dict[str, object]:
        return {
            "sid": one.sid,
            "account_sid": self._ground.account.sid,
            "parent_sid": message.sid,
            "content_type": one.content_type,
            "date_created": rfc2822(one.created_at),
            "date_updated": rfc2822(one.created_at),
            "uri": f"/{API_VERSION}/Accounts/{self._ground.account.sid}/Messages/{message.sid}/Media/{one.sid}.json",
        }


def _medium(message: Message, sid: str) -> Media:
    found = next((one for one in message.media if one.sid == sid), None)
    if found is None:
        raise Refused(20404, f"/Messages/{message.sid}/Media/{sid}.json")
    return found


def _order_of(call: Call) -> Order:
    for name in REFUSED_PARAMETERS:
        if name in call.form:
            raise Refused(NOT_EMULATED, f"The sandbox does not emulate {name}.")
    validity = call.form.get("ValidityPeriod", str(VALIDITY_S))
    if not validity.isdecimal() or not 1 <= int(validity[:6]) <= VALIDITY_S:
        raise Refused(20001, f"ValidityPeriod is 1 to {VALIDITY_S} seconds; got {validity}")
    return Order(
        to=call.form.get("To", ""),
        sender=call.form.get("From", ""),
        body=call.form.get("Body", ""),
        media_urls=call.all_of("MediaUrl"),
        status_callback=call.form.get("StatusCallback", ""),
        validity_s=int(validity),
    )


def _filter_of(call: Call) -> Callable[[Message], bool]:
    to, sender = call.query.get("To"), call.query.get("From")
    on, before, after = (_when(call, name) for name in ("DateSent", "DateSent<", "DateSent>"))

    def is_wanted(message: Message) -> bool:
        sent = None if message.sent_at is None else moment(message.sent_at).replace(microsecond=0)
        return (
            (to is None or str(message.to) == to)
            and (sender is None or str(message.sender) == sender)
            and (on is None or (sent is not None and sent.date() == on[0].date()))
            and (before is None or (sent is not None and _cut(sent, before) <= before[0]))
            and (after is None or (sent is not None and _cut(sent, after) >= after[0]))
        )

    return is_wanted


def _cut(sent: datetime, bound: tuple[datetime, bool]) -> datetime:
    """A bound that is a day is compared by days."""
    return sent.replace(hour=0, minute=0, second=0) if bound[1] else sent


def _when(call: Call, name: str) -> tuple[datetime, bool] | None:
    """The instant in a filter, and whether it is a whole day."""
    text = call.query.get(name)
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as problem:
        raise Refused(20001, f"{name} is YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ; got {text}") from problem
    return when if when.tzinfo else when.replace(tzinfo=UTC), len(text) == len("YYYY-MM-DD")
