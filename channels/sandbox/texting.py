"""Texts from a phone to one of our numbers: kept, given to the service, and its answer carried out.

Its one rule: the message is in the log before the service hears of it and stays there when the service never does, so
that it can be found by listing. It does not judge what is written, except for the provider's own opt-out words.
"""

import json
from collections.abc import Sequence

from channels.sandbox.account import Number
from channels.sandbox.addresses import Address, country_of
from channels.sandbox.carrier import API_VERSION, Carrier, Order
from channels.sandbox.consent import Consent
from channels.sandbox.cookies import TextCookies
from channels.sandbox.ground import Ground
from channels.sandbox.messages import Media, Message, MessageLog
from channels.sandbox.phones import Phones
from channels.sandbox.refusals import Refused
from channels.sandbox.twiml import script_of
from channels.sandbox.webhooks import Failed, Webhooks
from channels.wire import WireResponse
from policies.segments import segments_of

PROFILE_NAME = "Sandbox phone"


class Texting:
    """Lets phones write to us."""

    def __init__(
        self, ground: Ground, *, webhooks: Webhooks, log: MessageLog, phones: Phones, consent: Consent, carrier: Carrier
    ) -> None:
        self._ground = ground
        self._webhooks = webhooks
        self._log = log
        self._phones = phones
        self._consent = consent
        self._carrier = carrier
        self._cookies = TextCookies()

    def text(
        self, phone: Address, number: Number, body: str, files: Sequence[tuple[str, bytes | None, str]]
    ) -> Message:
        """Send `body` and `files` (content type, bytes or None, URL) from `phone` to our `number`."""
        present = self._ground.now()
        message = Message(
            sid=self._ground.sid("MM" if files else "SM"),
            direction="inbound",
            sender=phone,
            to=Address(phone.channel, number.e164),
            body=body,
            segments=segments_of(body),
            status="received",
            created_at=present,
            updated_at=present,
            sent_at=present,
            handed_over="pending",
        )
        message.media = [self._media(message.sid, *one) for one in files]
        self._log.add(message)
        self._phones.used(phone.number).sent.append(message)
        self._carrier.heard(phone, number.e164)
        if phone.channel == "sms" and (answer := self._consent.hear(number.e164, phone.number, body)):
            self._carrier.answer_by_itself(message.to, phone, answer)
        self._ground.start(self._hand_over(message, number), name=f"hand over {message.sid}")
        return message

    def _media(self, message_sid: str, content_type: str, content: bytes | None, url: str) -> Media:
        sid = self._ground.sid("ME")
        path = f"/{API_VERSION}/Accounts/{self._ground.account.sid}/Messages/{message_sid}/Media/{sid}"
        return Media(sid, content_type, content, url or self._ground.own_url + path, self._ground.now())

    async def _hand_over(self, message: Message, number: Number) -> None:
        fields = self._fields(message)
        url = number.sms_url
        if not url:
            message.handed_over = "done"
            return
        cookies = self._cookies.of(str(message.sender), str(message.to), at=self._ground.now())
        answer = await self._webhooks.ask(url, fields, about=message.sid, cookies=cookies)
        if isinstance(answer, Failed) and number.sms_fallback_url:
            fields += [("ErrorCode", str(answer.code)), ("ErrorUrl", url)]
            url = number.sms_fallback_url
            answer = await self._webhooks.ask(url, fields, about=message.sid, cookies=cookies)
        if isinstance(answer, Failed):
            message.handed_over = "failed"
            return
        message.handed_over = "done"
        self._carry_out(answer, message, url)

    def _carry_out(self, answer: WireResponse, message: Message, url: str) -> None:
        script = script_of(answer, url=url)
        for code, words in script.troubles:
            self._ground.trouble(code, words, about=url)
        for reply in script.replies:
            order = Order(
                to=reply.to or str(message.sender),
                sender=reply.sender or str(message.to),
                body=reply.body,
                media_urls=reply.media_urls,
                status_callback=reply.status_callback,
                direction="outbound-reply",
            )
            try:
                self._carrier.take(order)
            except Refused as refusal:
                self._ground.trouble(refusal.code, refusal.message, about=message.sid)

    def _fields(self, message: Message) -> list[tuple[str, str]]:
        fields = [
            ("MessageSid", message.sid),
            ("SmsSid", message.sid),
            ("SmsMessageSid", message.sid),
            ("AccountSid", self._ground.account.sid),
            ("From", str(message.sender)),
            ("To", str(message.to)),
            ("Body", message.body),
            ("NumMedia", str(len(message.media))),
            ("NumSegments", str(message.segments)),
            ("SmsStatus", "received"),
            ("ApiVersion", API_VERSION),
        ]
        for place, one in enumerate(message.media):
            fields += [(f"MediaUrl{place}", one.url), (f"MediaContentType{place}", one.content_type)]
        return fields + (_whatsapp(message) if message.sender.channel == "whatsapp" else _places(message))


def _places(message: Message) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for side, address in (("From", message.sender), ("To", message.to)):
        fields += [(f"{side}{part}", "") for part in ("City", "State", "Zip")]
        fields.append((f"{side}Country", country_of(address.number)))
    return fields


def _whatsapp(message: Message) -> list[tuple[str, str]]:
    wa_id = message.sender.number.removeprefix("+")
    context = {"ProfileName": PROFILE_NAME, "WaId": wa_id}
    kind = message.media[0].content_type.partition("/")[0] if message.media else "text"
    return [
        ("ProfileName", PROFILE_NAME),
        ("WaId", wa_id),
        ("MessageType", kind if kind in ("text", "image", "audio", "video") else "document"),
        ("ChannelMetadata", json.dumps({"type": "whatsapp", "data": {"context": context}})),
    ]
