"""Messages on their way out: checked, paced by sender, delivered to the phone, each step reported.

Its one rule: whatever is refused is refused here, whether it came over REST or in a webhook's answer, and with the
provider's code. It does not ask the service anything.
"""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from channels.sandbox.addresses import Address, address_of
from channels.sandbox.consent import Consent
from channels.sandbox.ground import Ground
from channels.sandbox.messages import Media, Message, MessageLog, Status
from channels.sandbox.phones import Phones
from channels.sandbox.refusals import Refused
from channels.sandbox.times import moment
from channels.sandbox.webhooks import Webhooks
from policies.segments import segments_of
from router.core.clock import Ms

BODY_CHARS_MAX = 1_600
MEDIA_MAX = 10
VALIDITY_S = 36_000
WHATSAPP_WINDOW_MS = 24 * 3_600_000
QUEUE_OVERFLOW, WINDOW_CLOSED = 30001, 63016
API_VERSION = "2010-04-01"

MAGIC_SENDER_OK = "+15005550006"
MAGIC_SENDERS = {"+15005550007": 21606, "+15005550008": 21611}
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}


@dataclass(frozen=True, slots=True)
class Pacing:
    """How fast messages go, in milliseconds: one per sender and channel, then from `sending` on."""

    sms_ms: int = 1_000
    whatsapp_ms: int = 13
    sent_after_ms: int = 200
    delivered_after_ms: int = 800
    read_after_ms: int = 2_000
    queue_ms_max: int = 4 * 3_600_000


@dataclass(frozen=True, slots=True)
class Order:
    """A message somebody wants sent, as it came in."""

    to: str
    sender: str
    body: str = ""
    media_urls: Sequence[str] = ()
    status_callback: str = ""
    validity_s: int = VALIDITY_S
    direction: Literal["outbound-api", "outbound-reply"] = "outbound-api"


class Carrier:
    """Takes orders and carries them out on the clock."""

    def __init__(
        self, ground: Ground, *, webhooks: Webhooks, log: MessageLog, phones: Phones, consent: Consent, pacing: Pacing
    ) -> None:
        self._ground = ground
        self._webhooks = webhooks
        self._log = log
        self._phones = phones
        self._consent = consent
        self._pacing = pacing
        self._free_at: dict[Address, Ms] = {}
        self._heard_at: dict[tuple[str, str], Ms] = {}

    def heard(self, phone: Address, our_number: str) -> None:
        """A phone wrote to us: that opens WhatsApp's window of 24 hours."""
        if phone.channel == "whatsapp":
            self._heard_at[our_number, phone.number] = self._ground.now()

    def take(self, order: Order) -> Message:
        """Queue the message. Raise `Refused`."""
        sender, to = self._checked(order)
        slot = self._slot(sender)
        message = self._message(order, sender, to)
        self._log.add(message)
        self._ground.start(self._carry(message, slot, order.validity_s), name=f"carry {message.sid}")
        return message

    def answer_by_itself(self, sender: Address, to: Address, text: str) -> None:
        """The provider's own answer to one of its words: it is there at once."""
        message = self._message(Order(str(to), str(sender), text, direction="outbound-reply"), sender, to)
        message.becomes("delivered", at=self._ground.now())
        message.sent_at = self._ground.now()
        self._log.add(message)
        self._phones.used(to.number).receive(message, at=self._ground.now())

    def _checked(self, order: Order) -> tuple[Address, Address]:
        if not order.to:
            raise Refused(21604)
        if not order.sender:
            raise Refused(21603)
        if not order.body and not order.media_urls:
            raise Refused(21602)
        sender, to = address_of(order.sender), address_of(order.to)
        if sender is None:
            raise Refused(21212, order.sender)
        if to is None:
            raise Refused(21211, order.to)
        self._check_pair(sender, to)
        _check_content(order)
        if to.channel == "sms" and self._consent.is_stopped(sender.number, to.number):
            raise Refused(21610)
        return sender, to

    def _check_pair(self, sender: Address, to: Address) -> None:
        if sender.number in MAGIC_SENDERS:
            raise Refused(MAGIC_SENDERS[sender.number], sender.number)
        if to.number in MAGIC_TO:
            raise Refused(MAGIC_TO[to.number], to.number)
        if sender.channel != to.channel:
            raise Refused(21910)
        if sender == to:
            raise Refused(21266, str(to))
        if sender.number not in self._ground.account.numbers and sender.number != MAGIC_SENDER_OK:
            raise Refused(21606 if sender.channel == "sms" else 63007, str(sender))

    def _slot(self, sender: Address) -> Ms:
        """When this sender's next message may go; taken at once."""
        present = self._ground.now()
        slot = max(present, self._free_at.get(sender, present))
        if slot - present > self._pacing.queue_ms_max:
            raise Refused(21611, str(sender))
        gap_ms = self._pacing.sms_ms if sender.channel == "sms" else self._pacing.whatsapp_ms
        self._free_at[sender] = Ms(slot + gap_ms)
        return slot

    def _message(self, order: Order, sender: Address, to: Address) -> Message:
        present = self._ground.now()
        return Message(
            sid=self._ground.sid("MM" if order.media_urls else "SM"),
            direction=order.direction,
            sender=sender,
            to=to,
            body=order.body,
            segments=segments_of(order.body),
            status="queued",
            created_at=present,
            updated_at=present,
            media=[Media(self._ground.sid("ME"), _type_of(url), None, url, present) for url in order.media_urls],
            status_callback=order.status_callback,
        )

    async def _carry(self, message: Message, slot: Ms, validity_s: int) -> None:
        await self._ground.clock.sleep_until(slot)
        if slot - message.created_at > validity_s * 1000:
            return self._report(message, "failed", QUEUE_OVERFLOW)
        message.becomes("sending", at=self._ground.now())
        await self._ground.sleep_ms(self._pacing.sent_after_ms)
        if self._is_window_closed(message):
            return self._report(message, "failed", WINDOW_CLOSED)
        message.sent_at = self._ground.now()
        self._report(message, "sent")
        await self._ground.sleep_ms(self._pacing.delivered_after_ms)
        behaviour = self._phones.seen(message.to.number).behaviour
        if behaviour.on_text == "undelivered":
            return self._report(message, "undelivered", behaviour.error_code)
        if behaviour.on_text == "never":
            return None
        self._phones.used(message.to.number).receive(message, at=self._ground.now())
        self._report(message, "delivered")
        if behaviour.on_text == "read" and message.to.channel == "whatsapp":
            await self._ground.sleep_ms(self._pacing.read_after_ms)
            self._report(message, "read")
        return None

    def _is_window_closed(self, message: Message) -> bool:
        if message.to.channel != "whatsapp":
            return False
        heard_at = self._heard_at.get((message.sender.number, message.to.number))
        return heard_at is None or self._ground.now() - heard_at > WHATSAPP_WINDOW_MS

    def _report(self, message: Message, status: Status, error_code: int | None = None) -> None:
        message.becomes(status, at=self._ground.now(), error_code=error_code)
        if not message.status_callback or self._ground.strikes(self._ground.faults.lose_status):
            return
        fields = [
            ("MessageSid", message.sid),
            ("MessageStatus", status),
            ("SmsSid", message.sid),
            ("SmsStatus", status),
            ("AccountSid", self._ground.account.sid),
            ("From", str(message.sender)),
            ("To", str(message.to)),
            ("ApiVersion", API_VERSION),
        ]
        if error_code is not None:
            fields.append(("ErrorCode", str(error_code)))
        if status in ("delivered", "undelivered") and message.to.channel == "sms":
            fields.append(("RawDlrDoneDate", moment(self._ground.now()).strftime("%y%m%d%H%M")))
        if message.to.channel == "whatsapp":
            fields += [("ChannelPrefix", "whatsapp"), ("ChannelToAddress", str(message.to))]
            fields += [("EventType", status.upper())] if status in ("delivered", "read") else []
        self._webhooks.post(message.status_callback, fields, about=f"{message.sid} {status}")


def _check_content(order: Order) -> None:
    if len(order.body) > BODY_CHARS_MAX:
        raise Refused(21617)
    if len(order.media_urls) > MEDIA_MAX:
        raise Refused(21623, str(MEDIA_MAX))
    for url in order.media_urls:
        if not is_web_url(url):
            raise Refused(21620, url)
    if order.status_callback and not is_web_url(order.status_callback):
        raise Refused(21609, order.status_callback)


def is_web_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        if not text.isascii() or not text.isprintable() or " " in text:
            return False
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _type_of(url: str) -> str:
    return mimetypes.guess_type(urlsplit(url).path)[0] or "application/octet-stream"
