"""The control API: what tests, programs and the page tell the sandbox, and what they see of it.

Its one rule: input is checked as a whole before anything happens, unknown fields included. It is not authenticated:
the sandbox listens to its own machine, and `core` turns foreign web pages away.
"""

import base64
import binascii
import json
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from channels.sandbox.account import Number
from channels.sandbox.addresses import E164, SHORT_CODE, Address, Channel
from channels.sandbox.carrier import BODY_CHARS_MAX, MEDIA_MAX, is_web_url
from channels.sandbox.clockwork import Clockwork, StillBusy
from channels.sandbox.devices.control_devices import DeviceControl
from channels.sandbox.faults import Faults
from channels.sandbox.ground import Ground
from channels.sandbox.mail.control_mail import MailControl
from channels.sandbox.pages import page_file
from channels.sandbox.phones import Behaviour, Phone, Phones, Received
from channels.sandbox.problems import Problem, bad_field, problem_of
from channels.sandbox.texting import Texting
from channels.sandbox.times import ms_of, rfc3339
from channels.sandbox.traffic import EXCHANGES_MAX
from channels.sandbox.voice.control_calls import CallIn, PhoneCalls, PressIn, SpeakIn, is_line
from channels.sandbox.voice.own_documents import own_page
from channels.wire import WireRequest, WireResponse
from router.core.clock import Ms

MEDIA_BYTES_MAX = 5 * 1024 * 1024
ADVANCE_S_MAX = 10 * 366 * 86_400


class File(BaseModel):
    """A file of a text, as bytes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    content_type: str = Field(pattern=r"^[\w.+-]+/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*$", max_length=200)
    base64: str

    @field_validator("base64")
    @classmethod
    def _is_base64(cls, text: str) -> str:
        try:
            size = len(base64.b64decode(text, validate=True))
        except binascii.Error as problem:
            raise ValueError("expected base64 (RFC 4648, padded)") from problem
        if size > MEDIA_BYTES_MAX:
            raise ValueError(f"expected at most {MEDIA_BYTES_MAX} bytes")
        return text


class TextIn(BaseModel):
    """A text that a phone sends; `to` is our first number unless said. A file is bytes, or a URL passed on as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    body: str = Field(max_length=BODY_CHARS_MAX)
    to: str | None = None
    media: list[File | str] = Field(default_factory=list[File | str], max_length=MEDIA_MAX)
    channel: Channel = "sms"

    @field_validator("media")
    @classmethod
    def _are_urls(cls, media: list[File | str]) -> list[File | str]:
        for one in media:
            if isinstance(one, str) and not is_web_url(one):
                raise ValueError("expected {content_type, base64} or an http(s) URL")
        return media


class ClockIn(BaseModel):
    """How far to move the clock: by seconds or to an instant."""

    model_config = ConfigDict(extra="forbid", strict=True)

    advance_s: float | None = Field(default=None, ge=0, le=ADVANCE_S_MAX, allow_inf_nan=False)
    to: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "ClockIn":
        if (self.advance_s is None) == (self.to is None):
            raise ValueError("expected exactly one of advance_s and to")
        return self


Model = TypeVar("Model", bound=BaseModel)


class Control:
    """Answers whatever is not the REST API."""

    def __init__(
        self,
        ground: Ground,
        *,
        phones: Phones,
        texting: Texting,
        calls: PhoneCalls,
        mail: MailControl,
        devices: DeviceControl,
        clockwork: Clockwork | None,
    ) -> None:
        self._ground = ground
        self._phones = phones
        self._texting = texting
        self._calls = calls
        self._mail = mail
        self._devices = devices
        self._clockwork = clockwork

    async def answer(self, request: WireRequest) -> WireResponse:
        """Raise `Problem`."""
        path = [unquote(segment) for segment in urlsplit(request.url).path.strip("/").split("/")]
        match request.method, path:
            case _, ["phones", number, *rest]:
                return self._phone(request, _phone_number(number), rest)
            case "GET", ["faults"]:
                return _json(self._ground.faults.model_dump())
            case "PUT", ["faults"]:
                self._ground.faults = _read(Faults, request)
                return _json(self._ground.faults.model_dump())
            case "GET", ["clock"]:
                return self._clock()
            case "POST", ["clock"]:
                return await self._advance(_read(ClockIn, request))
            case "GET", ["traffic"]:
                return self._traffic(request)
            case "GET", ["about"]:
                return self._about()
            case _, ["mail", *rest]:
                return await self._mail.answer(request, rest)
            case _, ["devices", *rest]:
                return await self._devices.answer(request, rest)
            case (("GET" | "POST"), ["voice", _]) if (own := own_page(urlsplit(request.url).path)) is not None:
                return own
            case "GET", [*page]:
                return page_file("/".join(page)) or _nothing(request)
            case _:
                return _nothing(request)

    def _phone(self, request: WireRequest, number: str, rest: list[str]) -> WireResponse:
        match request.method, rest:
            case "GET", []:
                return _json(_shown(self._phones.seen(number), self._calls))
            case "POST", ["texts"]:
                return self._text(number, _read(TextIn, request))
            case "PUT", ["behaviour"]:
                behaviour = _read(Behaviour, request)
                self._phones.used(number).behaviour = behaviour
                return _json(behaviour.model_dump())
            case "POST", ["calls"]:
                wanted = _read(CallIn, request)
                return _json(self._calls.call(number, self._our_number(wanted.to), wanted), status=201)
            case "POST", ["press"]:
                return _json(self._calls.press(number, _read(PressIn, request)))
            case "POST", ["speak"]:
                return _json(self._calls.speak(number, _read(SpeakIn, request)))
            case "POST", ["pick-up"]:
                return _json(self._calls.pick_up(number))
            case "POST", ["hang-up"]:
                return _json(self._calls.hang_up(number))
            case _:
                return _nothing(request)

    def _text(self, phone: str, text: TextIn) -> WireResponse:
        number = self._our_number(text.to)
        if is_line(phone):
            raise Problem(409, f"{phone} is no telephone number; it cannot text.")
        if text.channel == "whatsapp" and not E164.fullmatch(phone):
            raise bad_field("channel", expected="sms, for a short code has no WhatsApp", got=text.channel)
        files = [
            ("application/octet-stream", None, one)
            if isinstance(one, str)
            else (one.content_type, base64.b64decode(one.base64), "")
            for one in text.media
        ]
        message = self._texting.text(Address(text.channel, phone), number, text.body, files)
        return _json({"message_sid": message.sid}, status=201)

    def _our_number(self, wanted: str | None) -> Number:
        numbers = self._ground.account.numbers
        number = numbers.get(wanted) if wanted is not None else next(iter(numbers.values()))
        if number is None:
            raise bad_field("to", expected=f"one of our numbers ({', '.join(numbers)})", got=wanted)
        return number

    def _clock(self) -> WireResponse:
        mode = "real" if self._clockwork is None else "manual"
        return _json({"now": rfc3339(self._ground.now()), "mode": mode})

    async def _advance(self, wanted: ClockIn) -> WireResponse:
        if self._clockwork is None:
            raise Problem(409, "This clock is the real one; start the sandbox with --clock manual to move it.")
        present = self._ground.now()
        at = ms_of(wanted.to) if wanted.to is not None else Ms(present + round((wanted.advance_s or 0) * 1000))
        if not present <= at <= present + ADVANCE_S_MAX * 1000:
            expected = f"an instant from {rfc3339(present)} on, at most {ADVANCE_S_MAX} s away"
            raise bad_field("to", expected=expected, got=str(wanted.to))
        try:
            present = await self._clockwork.advance_to(at)
        except StillBusy as problem:
            waited = f"{self._clockwork.patience_s:g} real seconds"
            words = (
                f"Time stands at {rfc3339(problem.at)}: after {waited} this is under way: {'; '.join(problem.names)}"
            )
            raise Problem(504, words) from problem
        return _json({"now": rfc3339(present), "mode": "manual"})

    def _traffic(self, request: WireRequest) -> WireResponse:
        query = dict(parse_qsl(urlsplit(request.url).query))
        if unknown := query.keys() - {"after", "limit"}:
            raise bad_field(min(unknown), expected="only after and limit", got=query[min(unknown)])
        after = _whole("after", query.get("after", "0"), low=0, high=10**15)
        limit = _whole("limit", query.get("limit", str(EXCHANGES_MAX)), low=1, high=EXCHANGES_MAX)
        items, more = self._ground.traffic.after(after, limit)
        return _json(
            {
                "items": [one.shown() for one in items],
                "next": str(items[-1].seq) if more else None,
                "debugger": [one.shown() for one in self._ground.traffic.troubles()],
            }
        )

    def _about(self) -> WireResponse:
        numbers = self._ground.account.numbers.values()
        shape = {
            "account_sid": self._ground.account.sid,
            "numbers": [{"number": one.e164, "sms_url": one.sms_url, "voice_url": one.voice_url} for one in numbers],
            "mail_address": self._mail.address,
            "smtp_port": self._ground.smtp_port,
        }
        return _json(shape)


def _json(shape: object, *, status: int = 200) -> WireResponse:
    return WireResponse(status, json.dumps(shape, ensure_ascii=False).encode(), "application/json")


def _read(model: type[Model], request: WireRequest) -> Model:
    try:
        return model.model_validate_json(request.body)
    except ValidationError as error:
        raise problem_of(error) from error


def _nothing(request: WireRequest) -> WireResponse:
    raise Problem(404, f"There is nothing at {request.method} {urlsplit(request.url).path} in the sandbox.")


def _phone_number(text: str) -> str:
    if E164.fullmatch(text) or SHORT_CODE.fullmatch(text) or is_line(text):
        return text
    expected = "a number like +14155550142 (or a short code of 3 to 8 digits, client:NAME or sip:ADDRESS)"
    raise bad_field("e164", expected=expected, got=text)


def _whole(name: str, text: str, *, low: int, high: int) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 15 and low <= int(text) <= high:
        return int(text)
    raise bad_field(name, expected=f"a whole number from {low} to {high}", got=text)


def _received(one: Received) -> dict[str, object]:
    return {
        "sid": one.sid,
        "from": one.sender,
        "to": one.to,
        "channel": one.channel,
        "body": one.body,
        "media": [{"url": url, "content_type": content_type} for url, content_type in one.media],
        "at": rfc3339(one.at),
    }


def _shown(phone: Phone, calls: PhoneCalls) -> dict[str, object]:
    """The phone: its calls, what it received and what it sent."""
    sent = [
        {
            "sid": one.sid,
            "to": one.to.number,
            "channel": one.to.channel,
            "body": one.body,
            "media": [{"url": part.url, "content_type": part.content_type} for part in one.media],
            "at": rfc3339(one.created_at),
            "handed_over": one.handed_over,
        }
        for one in phone.sent
    ]
    return {
        "number": phone.number,
        **calls.shown(phone),
        "inbox": [_received(one) for one in phone.inbox],
        "sent": sent,
        "behaviour": phone.behaviour.model_dump(),
    }
