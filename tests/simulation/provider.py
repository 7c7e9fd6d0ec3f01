"""The provider: the sandbox core with its phones, and what it knows for sure about every message.

Its one rule: it outlives every process of the service; what its log holds is the truth about what was sent.
"""

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

from multidict import CIMultiDict

from channels.clock import Activity
from channels.sandbox.account import SANDBOX_SID, SANDBOX_TOKEN
from channels.sandbox.core import Sandbox
from channels.sandbox.messages import Message
from channels.signatures import signature_of
from channels.twilio_messaging import MESSAGES_PATH, REFERENCE
from channels.wire import Transport, WireRequest, WireResponse
from router.core.clock import Clock
from router.core.words import CallState
from tests.simulation.exchange import Ear, Exchange
from tests.simulation.log import Judge, Log
from tests.simulation.loop import Owner

SERVICE_URL = "https://service.example"
PROVIDER_URL = "https://provider.example"
NEXT_TOKEN = "the-token-after"


class Provider:
    """`wire` leads to the service. `sent_by` maps the key of each inbound message to the person who wrote it."""

    def __init__(
        self,
        *,
        clock: Clock,
        chance: Random,
        wire: Transport,
        judge: Judge,
        log: Log,
        world: Owner,
        lines: Random,
        numbers: tuple[str, str],
        mark: str,
    ) -> None:
        self.sandbox = Sandbox(
            clock=clock,
            transport=wire,
            chance=chance,
            activity=Activity(),
            target=SERVICE_URL,
            own_url=PROVIDER_URL,
            numbers=numbers,
        )
        self.ours = numbers
        self.mark = mark  # in words that are said to us
        self.sent_by: dict[str, str] = {}
        self.in_log: dict[str, str] = {}  # of them those that the provider's own log holds
        self.asked: Counter[str] = Counter()  # requests to send, by our reference
        self.lookups = 0
        self.on_ordered: Callable[[bytes], None] = lambda _: None  # what the service wants sent or dialled
        self.world = world
        self.exchange = Exchange(self.sandbox, clock=clock, judge=judge, world=world, chance=lines)
        self._wire = wire
        self._chance = chance
        self._judge = judge
        self._log = log

    @property
    def token(self) -> str:
        return self.sandbox.account.auth_token

    def rotate(self) -> None:
        self.sandbox.account.auth_token = NEXT_TOKEN if self.token == SANDBOX_TOKEN else SANDBOX_TOKEN

    async def faults(self, **shares: float) -> None:
        await self._control("PUT", "/faults", shares)

    async def behave(self, number: str, on_text: str) -> None:
        await self._control("PUT", f"/phones/{number}/behaviour", {"on_text": on_text})

    async def text(
        self, person: str, *, number: str, to: str, channel: str, body: str, media: int = 0, kept: bool = True
    ) -> str:
        """A phone writes to us. Returns the key under which the service will know it."""
        files = [f"{PROVIDER_URL}/files/{n}.jpg" for n in range(media)]
        text = {"body": body, "to": to, "media": files, "channel": channel}
        sid = json.loads(await self._control("POST", f"/phones/{number}/texts", text))["message_sid"]
        key = f"twilio/{sid}"
        self.sent_by[key] = self.in_log[key] = person
        return key

    async def mailbox(self, address: str, on_mail: str, *, after_s: float) -> None:
        """What a mailbox does by itself with mail."""
        shape = {"on_mail": on_mail, "after_s": after_s}
        await self._control("PUT", f"/mail/{quote(address)}/behaviour", shape)

    async def mail(self, raw: bytes, *, sender: str) -> None:
        """A mail sets out from a mailbox; its server tries until it is through."""
        request = WireRequest("POST", f"/mail?from={quote(sender)}", body=raw)
        answer = await self.sandbox.handle(request)
        assert answer.status < 300, answer

    async def rings(self, number: str, on_ring: str, *, after_s: float) -> None:
        """What a phone does by itself when it is called."""
        behaviour = self.exchange.network.switch.phones.seen(number).behaviour
        shape = {**behaviour.model_dump(), "on_ring": on_ring, "after_s": after_s}
        await self._control("PUT", f"/phones/{number}/behaviour", shape)

    def call(self, person: str, *, number: str, to: str, vouched: str, hidden: bool) -> Ear | None:
        """A phone calls us; None when it is in another call. Who hides the number is nobody we know."""
        sender = "anonymous" if hidden else number
        ear = self.exchange.call_us(number, self.sandbox.account.numbers[to], sender=sender, attestation=vouched)
        if ear is not None:
            key = f"twilio/{ear.leg.sid}"
            self.sent_by[key] = self.in_log[key] = f"{person}, hidden in {ear.leg.sid}" if hidden else person
        return ear

    async def odd_text(self, person: str, *, number: str, body: bytes, signed: bool, with_sid: bool = True) -> int:
        """A webhook whose body no phone of the sandbox sends; forged unless `signed`. Returns the status, 0 for none."""
        sid = f"SM{self._chance.getrandbits(128):032x}"
        if signed:
            self.sent_by[f"twilio/{sid}"] = person
        raw = urlencode({"AccountSid": SANDBOX_SID, "From": number, "To": self.ours[0]}) + "&Body="
        raw += "".join(f"%{b:02X}" for b in body) + (f"&MessageSid={sid}" if with_sid else "")
        fields = parse_qsl(raw, keep_blank_values=True, errors="surrogateescape")
        secret = self.token.encode() if signed else b"a guess"
        url = SERVICE_URL + MESSAGES_PATH
        signature = _signature(url, fields, secret)
        headers = CIMultiDict(
            {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        )
        try:
            answer = await self._wire.send(WireRequest("POST", url, headers, raw.encode()), timeout_s=15)
        except Exception:  # noqa: BLE001 - whoever sends such things does not care
            return 0
        if not signed and answer.status < 300:
            self._judge.broken(24, f"a forged webhook was answered with {answer.status}")
        return answer.status

    async def answer(self, request: WireRequest) -> WireResponse:
        """A request of the service arrives here."""
        self.on_ordered(request.body)
        parts = urlsplit(request.url)
        if request.method == "POST" and parts.path.endswith("/Calls.json"):
            self._about_to_dial(request)
        elif request.method == "POST" and parts.path.endswith("/Messages.json"):
            self._about_to_send(request)
        else:
            self.lookups += 1
        path = parts._replace(scheme="", netloc="").geturl()
        return await self.sandbox.handle(WireRequest(request.method, path, request.headers, request.body))

    def _about_to_send(self, request: WireRequest) -> None:
        """Whatever is to be sent was written down as an attempt before (invariant 21), one for each request."""
        form = parse_qs(request.body.decode())
        reference = _reference(form.get("StatusCallback", [""])[0])
        self.asked[reference] += 1
        message = self._log.message(reference)
        if message is None or message.attempts < self.asked[reference]:
            attempts = message.attempts if message else 0
            self._judge.broken(21, f"{reference} was handed over {self.asked[reference]} times in {attempts} attempts")

    def _about_to_dial(self, request: WireRequest) -> None:
        """Whoever is to be dialled was written down as an attempt before (invariant 21), one for each dial."""
        callback = parse_qs(request.body.decode()).get("StatusCallback", [""])[0]
        reference = dict(parse_qsl(urlsplit(callback).query)).get("call", "")
        self.asked[reference] += 1
        call = self._log.call(reference)
        if call is None or call.state is CallState.PLANNED:
            self._judge.broken(21, f"{reference} was dialled before it was written down")
        elif self.asked[reference] > call.tried:
            self._judge.broken(21, f"{reference} was dialled {self.asked[reference]} times in {call.tried} attempts")

    def messages(self) -> list[Message]:
        """Everything the provider's log holds."""
        rest = self.sandbox._rest  # pyright: ignore[reportPrivateUsage]
        return list(rest._messages._log.newest_first())  # pyright: ignore[reportPrivateUsage]

    def recorded(self) -> list[str]:
        """What callers said to the provider's own document, by the keys under which the service will know it."""
        done = self.exchange.network.recordings.newest_first()
        return [f"twilio/{one.sid}" for one in done if one.status == "completed" and one.source == "RecordVerb"]

    def accepted(self) -> Counter[str]:
        """How often each message of ours was taken for sending, by our reference."""
        return Counter(_reference(m.status_callback) for m in self.messages() if m.direction == "outbound-api")

    async def _control(self, method: str, path: str, shape: object) -> bytes:
        answer = await self.sandbox.handle(WireRequest(method, path, body=json.dumps(shape).encode()))
        assert answer.status < 300, (method, path, answer)
        return answer.body


def _reference(callback: str) -> str:
    return dict(parse_qsl(urlsplit(callback).query)).get(REFERENCE, "")


def _signature(url: str, fields: list[tuple[str, str]], secret: bytes) -> str:
    try:
        return signature_of(url, fields, secret=secret)
    except UnicodeEncodeError:
        return "cannot be signed"
