"""SMS and WhatsApp over Twilio's protocol, or a provider that speaks it.

Every answer to a webhook is an empty TwiML document: plain words would be sent to the customer as a message.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlencode

from twilio.base import values
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from channels.base import Capabilities, IsKnown, Outgoing, Received, Refusal, Sent
from channels.signatures import is_signed
from channels.twilio_media import TwilioMedia
from channels.wire import WireFailure, WireRequest, WireResponse
from router.core.clock import Ms
from router.core.commands import Command, Media, RecordDelivery, TakeContact
from router.core.words import Channel, Evidence, MessageId, Setback

MESSAGES_PATH = "/twilio/messages"
STATUS_PATH = "/twilio/status/message"
REFERENCE = "m"
"""The query parameter of a status callback that names our message."""
ATTEMPT = "n"
"""The one that says which attempt it is about."""
EMPTY = WireResponse(
    status=200,
    body=b'<?xml version="1.0" encoding="UTF-8"?><Response/>',
    content_type="text/xml; charset=utf-8",
)
FIELDS_MAX = 200
MEDIA_MAX = 10
WHATSAPP = "whatsapp:"
TOO_MANY = 429
LOOK_BACK = timedelta(minutes=2)
"""How far the provider's clock may be behind ours when a message is looked for."""
PAGE_SIZE = 1000
FOUND_MAX = 200
SETBACKS = {
    "63016": Setback.WINDOW_CLOSED,
    "21610": Setback.OPTED_OUT,
    **dict.fromkeys(("21612", "21614", "30003", "30005", "30006", "63003", "63024"), Setback.UNREACHABLE),
}
"""The provider's codes after which another way may reach them. Others say that we, or the words, are at fault."""
OWN_CODES = 10_000
"""The provider's own error codes begin here; the SDK puts the HTTP status where an answer has none."""


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """How one provider account is reached and recognised."""

    account: str
    secrets: tuple[bytes, ...] = field(repr=False)  # webhook secrets, the present one first; two while one is rotated
    public_url: str  # scheme and host under which the provider reaches us, and signs
    signature_header: str = "X-Twilio-Signature"
    signature_algorithm: str = "sha1"
    fallback_url: str = ""  # what customers whom we call hear while we are down
    agents_fallback_url: str = ""  # what agents hear then, and others who are no customers


class TwilioMessaging:
    """The adapter for `/twilio/messages` and `/twilio/status/message`."""

    id = "twilio-messaging"
    carries: Sequence[Channel] = (Channel.SMS, Channel.WHATSAPP)
    capabilities = Capabilities(media=True, can_start=True, can_send=True)
    paths: Sequence[str] = (MESSAGES_PATH, STATUS_PATH)

    def __init__(self, settings: TwilioSettings, client: Client, media: TwilioMedia) -> None:
        self._settings = settings
        self._client = client
        self._media = media
        self._public = settings.public_url.rstrip("/")

    # --- in -----------------------------------------------------------------------------------------------------------

    def receive(self, request: WireRequest, now: Ms) -> Received:
        fields = verified_fields(request, self._settings)
        path, _, query = request.url.partition("?")
        if path == STATUS_PATH:
            return self._status(fields, dict(parse_qsl(query)))
        return Received(commands=(_contact(fields, now),), response=EMPTY)

    def _status(self, fields: dict[str, str], query: dict[str, str]) -> Received:
        reference = query.get(REFERENCE, "")
        sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
        state = fields.get("MessageStatus") or fields.get("SmsStatus") or ""
        commands: tuple[Command, ...] = ()
        if reference and sid:
            command = RecordDelivery(
                key=f"twilio/{sid}/{state}",
                message=MessageId(reference),
                state=state,
                provider_id=sid,
                error=fields.get("ErrorCode", ""),
                setback=SETBACKS.get(fields.get("ErrorCode", "")),
                attempt=int(number) if (number := query.get(ATTEMPT, "")[:9]).isdecimal() else 0,
            )
            commands = (command,)
        return Received(commands=commands, response=EMPTY)

    # --- out ----------------------------------------------------------------------------------------------------------

    async def send(self, message: Outgoing) -> Sent:
        prefix = WHATSAPP if message.channel is Channel.WHATSAPP else ""
        query = urlencode({REFERENCE: message.reference, ATTEMPT: message.attempt})
        callback = f"{self._public}{STATUS_PATH}?{query}#rc=3&rp=all"
        try:
            made = await self._client.messages.create_async(
                to=prefix + message.to,
                from_=prefix + message.via,
                body=message.text,
                status_callback=callback,
            )
        except TwilioRestException as error:
            return refused(error)
        except WireFailure as error:
            return Sent("lost" if error.may_have_arrived else "again", error=str(error))
        except (TwilioException, ValueError, TimeoutError) as error:
            return Sent("lost", error=type(error).__name__)  # an answer came and cannot be read
        return Sent("sent", provider_id=made.sid) if made.sid else Sent("lost", error="answer without sid")

    async def find(self, message: Outgoing) -> list[str]:
        prefix = WHATSAPP if message.channel is Channel.WHATSAPP else ""
        since = moment(message.attempted_at) - LOOK_BACK
        try:
            listed = await self._client.messages.list_async(
                to=prefix + message.to,
                from_=prefix + message.via,
                limit=FOUND_MAX,  # newest first; a filter by the date of sending would hide what still stands in line
            )
        except (TwilioException, WireFailure, ValueError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        return [
            made.sid
            for made in reversed(listed)
            if made.body == message.text and made.sid and (made.date_created is None or made.date_created >= since)
        ]

    async def missed(self, since: Ms, until: Ms | None, is_known: IsKnown) -> list[TakeContact]:
        try:
            async with asyncio.timeout(60):
                # Newest first: a limit would leave out the oldest, which nobody would ask for again.
                listed = await self._client.messages.list_async(
                    date_sent_after=moment(since),
                    date_sent_before=values.unset if until is None else moment(until),
                    page_size=PAGE_SIZE,
                )
        except (TwilioException, WireFailure, ValueError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        found: list[TakeContact] = []
        for message in listed:
            if message.direction != "inbound" or not message.sid or not message.from_:
                continue
            if await is_known(_key(message.sid)):
                continue
            taken = message.date_sent or message.date_created
            fields = {
                "MessageSid": message.sid,
                "From": str(message.from_),
                "To": str(message.to or ""),
                "Body": message.body or "",
            }
            at = instant(taken) if taken else since
            fields |= await self._files_of(message.sid) if message.num_media not in (None, "0") else {}
            found.append(_contact(fields, at, late=True))
        return found

    async def fetch_media(self, url: str) -> WireResponse | None:
        return await self._media.fetch(url)

    async def _files_of(self, sid: str) -> dict[str, str]:
        """The fields that the webhook of a message would have had for its files. Raises ConnectionError."""
        try:
            listed = await self._client.messages(sid).media.list_async(limit=MEDIA_MAX)
        except (TwilioException, WireFailure, ValueError, TimeoutError) as error:
            raise ConnectionError(str(error)) from error
        fields = {"NumMedia": str(len(listed))}
        for n, medium in enumerate(listed):
            fields[f"MediaUrl{n}"] = self._media.url_of(medium.uri or "")
            fields[f"MediaContentType{n}"] = medium.content_type or "application/octet-stream"
        return fields


def verified_fields(request: WireRequest, settings: TwilioSettings) -> dict[str, str]:
    """The form's fields, once the signature holds. The URL that was signed is ours by configuration, never what the
    request's own headers claim. Raises Refusal."""
    pairs = _form(request.body)
    signature = request.headers.get(settings.signature_header)
    if signature is None or not is_signed(
        settings.public_url.rstrip("/") + request.url,
        pairs,
        signature,
        secrets=settings.secrets,
        algorithm=settings.signature_algorithm,
    ):
        raise Refusal("signature")
    fields = dict(pairs)
    if fields.get("AccountSid", settings.account) != settings.account:
        raise Refusal("account")
    return fields


def _contact(fields: dict[str, str], at: Ms, *, late: bool = False) -> TakeContact:
    sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
    if not sid:
        raise Refusal("no MessageSid", status=400)
    sender, via = fields.get("From", ""), fields.get("To", "")
    by_whatsapp = sender.startswith(WHATSAPP)
    return TakeContact(
        key=_key(sid),
        channel=Channel.WHATSAPP if by_whatsapp else Channel.SMS,
        sender=sender.removeprefix(WHATSAPP),
        via=via.removeprefix(WHATSAPP),
        at=at,
        text=fields.get("Body", ""),
        media=_media(fields),
        evidence=Evidence.STRONG if by_whatsapp else Evidence.WEAK,
        grounds=("whatsapp_account",) if by_whatsapp else ("bare_from",),
        late=late,
    )


def _key(sid: str) -> str:
    return f"twilio/{sid}"


def _form(body: bytes) -> list[tuple[str, str]]:
    """The fields in order, as `urllib.parse.parse_qsl` reads them; most need no decoding, which is most of its time."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("the form cannot be read", status=400) from error
    if text.count("&") >= FIELDS_MAX:
        raise Refusal("too many fields", status=400)
    return [
        (_plain(name), _plain(value)) if "%" in pair or "+" in pair else (name, value)
        for pair in text.split("&")
        if pair
        for name, _, value in [pair.partition("=")]
    ]


def _plain(text: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    if text.startswith("%2B") and "%" not in text[3:]:  # as each number is sent
        return f"+{text[3:]}"
    return unquote(text, errors="surrogateescape")


def _media(fields: dict[str, str]) -> tuple[Media, ...]:
    count = fields.get("NumMedia", "0")
    total = min(int(count), MEDIA_MAX) if count.isdecimal() else 0
    return tuple(
        Media(url=url, content_type=fields.get(f"MediaContentType{n}", "application/octet-stream"))
        for n in range(total)
        if (url := fields.get(f"MediaUrl{n}"))
    )


def refused(error: TwilioRestException) -> Sent:
    text = f"{error.code or error.status}"
    is_own = error.code is not None and error.code >= OWN_CODES
    if error.status == TOO_MANY or (error.status >= 500 and is_own):
        return Sent("again", error=text)
    if error.status >= 500:
        return Sent("lost", error=text)  # not the provider's own words: somebody between us may have sent it on
    return Sent("refused", error=text, setback=SETBACKS.get(text))


def instant(at: datetime) -> Ms:
    return Ms(int(at.timestamp() * 1000))


def moment(at: Ms) -> datetime:
    return datetime.fromtimestamp(at / 1000, tz=UTC)
