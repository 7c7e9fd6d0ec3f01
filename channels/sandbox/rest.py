"""The emulated REST API: who calls, which fault hits, which resource answers.

Its one rule: every call is in the traffic, with what became of it; what is not emulated is refused with words.
Resources over messages stand in `rest_messages`, those over calls in `voice`.
"""

import json
from urllib.parse import unquote, urlsplit

from multidict import CIMultiDict

from channels.sandbox.account import Number
from channels.sandbox.carrier import API_VERSION, is_web_url
from channels.sandbox.ground import Ground
from channels.sandbox.refusals import NOT_EMULATED, Refused
from channels.sandbox.rest_call import Call, page_of, pairs_of
from channels.sandbox.rest_messages import MessageResources
from channels.sandbox.traffic import Exchange
from channels.sandbox.voice.network import Network
from channels.sandbox.voice.rest_calls import CallResources
from channels.sandbox.voice.rest_conferences import ConferenceResources
from channels.sandbox.voice.rest_recordings import RecordingResources
from channels.wire import WireFailure, WireRequest, WireResponse

ROOT = f"/{API_VERSION}/"
NOT_BUILT = frozenset({"Queues", "Applications", "SIP", "Conversations", "OutgoingCallerIds"})
NUMBER_URLS = {
    "SmsUrl": "sms_url",
    "SmsFallbackUrl": "sms_fallback_url",
    "VoiceUrl": "voice_url",
    "VoiceFallbackUrl": "voice_fallback_url",
    "StatusCallback": "status_callback",
}
JSON_TYPE = "application/json; charset=utf-8"


class Rest:
    """Answers calls below `/2010-04-01/`."""

    def __init__(self, ground: Ground, messages: MessageResources, network: Network) -> None:
        self._ground = ground
        self._messages = messages
        self._network = network
        self._recordings = RecordingResources(network)
        self._calls = CallResources(network, self._recordings)
        self._conferences = ConferenceResources(network, self._recordings)

    async def answer(self, request: WireRequest) -> WireResponse:
        """Raise `WireFailure` when a fault breaks the connection after the effect."""
        ground, parts = self._ground, urlsplit(request.url)
        trouble, form = None, ()
        try:
            form = pairs_of(request.body.decode("utf-8", "replace") if request.body else parts.query)
        except Refused as refusal:
            trouble = refusal
        exchange = ground.traffic.begin("rest", request.method, request.url, form, at=ground.now())
        if ground.faults.delay_s:
            exchange.faults.append("delay_s")
            with ground.holding():
                await ground.sleep_ms(int(ground.faults.delay_s * 1000))
        try:
            if trouble is not None:
                raise trouble
            if not ground.account.admits(request.headers.get("Authorization", "")):
                raise Refused(20003)
            self._strike_before(exchange)
            response = self._route(_call_of(request, form))
        except Refused as refusal:
            response = _refusal(refusal)
        response = self._spoil(response, exchange)
        exchange.answered(response.status, response.body)
        return response

    def _strike_before(self, exchange: Exchange) -> None:
        ground, faults = self._ground, self._ground.faults
        for name, share, code in (
            ("provider_down", faults.provider_down, 20503),
            ("throttle", faults.throttle, 20429),
            ("error_rate", faults.error_rate, 20500),
        ):
            if ground.strikes(share):
                exchange.faults.append(name)
                raise Refused(code)

    def _spoil(self, response: WireResponse, exchange: Exchange) -> WireResponse:
        ground = self._ground
        if ground.strikes(ground.faults.lose_answers):
            exchange.faults.append("lose_answers")
            exchange.failure = "the connection was broken before the answer (a fault)"
            raise WireFailure(exchange.failure, may_have_arrived=True)
        if response.content_type == JSON_TYPE and ground.strikes(ground.faults.truncate):
            exchange.faults.append("truncate")
            return WireResponse(response.status, response.body[: len(response.body) // 2], JSON_TYPE, response.headers)
        return response

    def _route(self, call: Call) -> WireResponse:
        account = self._ground.account
        match call.path:
            case ["Accounts", sid, *rest] if sid == account.sid:
                return self._below_account(call, rest)
            case _:
                raise Refused(20404, call.raw_path)

    def _below_account(self, call: Call, rest: list[str]) -> WireResponse:
        if rest and rest[0] in NOT_BUILT:
            raise Refused(NOT_EMULATED, f"The sandbox does not emulate {rest[0]}.")
        if rest[:1] == ["Recordings"] and len(rest) == 2 and not call.is_json and call.method == "GET":
            return self._recordings.sound(rest[1])
        if rest[2:3] == ["Media"] and len(rest) == 4 and not call.is_json and call.method == "GET":
            return self._messages.media_bytes(rest[1], rest[3])
        if not call.is_json:
            raise Refused(NOT_EMULATED, "The sandbox answers in JSON: let the path end in .json.")
        match call.method, rest:
            case "GET", []:
                return answer_json(self._account())
            case "GET", ["IncomingPhoneNumbers"]:
                wanted = call.query.get("PhoneNumber", "")
                numbers = [one for one in self._ground.account.numbers.values() if wanted in one.e164]
                return answer_json(page_of(call, "incoming_phone_numbers", numbers, self._number))
            case (("GET" | "POST"), ["IncomingPhoneNumbers", sid]):
                return answer_json(self._number(self._change_number(call, sid)))
            case _, ["Messages", *below]:
                return _answered(self._messages.answer(call, below))
            case _, ["Calls", *below]:
                return _answered(self._calls.answer(call, below))
            case _, ["Conferences", *below]:
                return _answered(self._conferences.answer(call, below))
            case _, ["Recordings", *below]:
                return _answered(self._recordings.answer(call, below))
            case _, ["Transcriptions", *below]:
                return _answered(self._recordings.transcriptions(call, below))
            case _:
                raise Refused(20404, call.raw_path)

    def _account(self) -> dict[str, object]:
        account = self._ground.account
        uri = f"{ROOT}Accounts/{account.sid}"
        return {
            "sid": account.sid,
            "friendly_name": "onecase sandbox",
            "status": "active",
            "type": "Full",
            "auth_token": account.auth_token,
            "owner_account_sid": account.sid,
            "uri": f"{uri}.json",
            "subresource_uris": {
                "calls": f"{uri}/Calls.json",
                "conferences": f"{uri}/Conferences.json",
                "messages": f"{uri}/Messages.json",
                "recordings": f"{uri}/Recordings.json",
                "incoming_phone_numbers": f"{uri}/IncomingPhoneNumbers.json",
            },
        }

    def _change_number(self, call: Call, sid: str) -> Number:
        number = self._ground.account.number_by_sid(sid)
        if number is None:
            raise Refused(20404, call.raw_path)
        for name, value in call.form.items():
            if call.method == "GET":
                break
            if name not in NUMBER_URLS:
                raise Refused(NOT_EMULATED, f"The sandbox cannot change {name} of a number.")
            if value and not is_web_url(value):
                raise Refused(20001, f"{name} is not a URL: {value}")
            setattr(number, NUMBER_URLS[name], value)
        return number

    def _number(self, number: Number) -> dict[str, object]:
        account = self._ground.account
        return {
            "sid": number.sid,
            "account_sid": account.sid,
            "phone_number": number.e164,
            "friendly_name": number.e164,
            "api_version": API_VERSION,
            "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
            "voice_url": number.voice_url,
            "voice_method": "POST",
            "voice_fallback_url": self._network.fallback_of(number),
            "voice_fallback_method": "POST",
            "sms_url": number.sms_url,
            "sms_method": "POST",
            "sms_fallback_url": number.sms_fallback_url,
            "sms_fallback_method": "POST",
            "status_callback": number.status_callback,
            "status_callback_method": "POST",
            "status": "in-use",
            "uri": f"{ROOT}Accounts/{account.sid}/IncomingPhoneNumbers/{number.sid}.json",
        }


def _answered(answer: tuple[int, dict[str, object] | None]) -> WireResponse:
    status, shape = answer
    return answer_json(shape, status=status)


def answer_json(shape: object, *, status: int = 200) -> WireResponse:
    """204 has no body."""
    body = b"" if status == 204 else json.dumps(shape, ensure_ascii=False).encode()
    return WireResponse(status, body, JSON_TYPE)


def _refusal(refusal: Refused) -> WireResponse:
    headers = CIMultiDict[str]()
    if refusal.code == 20429:
        headers.update({"Retry-After": "1", "Twilio-Concurrent-Requests": "100"})
    if refusal.code == 20003:
        headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    body = json.dumps(refusal.shown()).encode()
    return WireResponse(refusal.status, body, JSON_TYPE, headers)


def _call_of(request: WireRequest, form: tuple[tuple[str, str], ...]) -> Call:
    parts = urlsplit(request.url)
    is_json = parts.path.endswith(".json")
    segments = parts.path.removeprefix(ROOT).removesuffix(".json").split("/")
    return Call(
        method=request.method,
        path=[unquote(segment) for segment in segments],
        raw_path=parts.path,
        is_json=is_json,
        query=dict(pairs_of(parts.query)),
        pairs=form if request.body else (),
    )
