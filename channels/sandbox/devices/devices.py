"""All devices of the sandbox, and what they send to the service: a press, and a look at their page.

Its one rule: it speaks as a device's maker would write it from the documents, with nothing that the service gave away
otherwise: HMAC-SHA256 over method, path, time and body.
"""

import hmac
import json
from urllib.parse import urlsplit

from multidict import CIMultiDict

from channels.sandbox.devices.device import Device, Light, Pressed
from channels.sandbox.ground import Ground
from channels.sandbox.times import rfc3339
from channels.wire import Transport, WireFailure, WireRequest, WireResponse

CONTACTS = "/api/v1/contacts"
SITE_KEY = "site_demo"
"""The site key of a new data folder of the service."""
TIMEOUT_S = 10.0
DEVICES_MAX = 1_000
MODEL = "T-100"


class Devices:
    """`target`: the service's public base URL."""

    def __init__(self, ground: Ground, transport: Transport, *, target: str) -> None:
        self._ground = ground
        self._transport = transport
        self._target = target.rstrip("/")
        self._devices: dict[str, Device] = {}

    def seen(self, name: str) -> Device:
        """The device of that name; one that nobody touched is not kept."""
        return self._devices.get(name) or Device(name)

    def used(self, name: str) -> Device:
        device = self._devices.setdefault(name, Device(name))
        if len(self._devices) > DEVICES_MAX:
            del self._devices[next(iter(self._devices))]
        return device

    def code_of(self, device: Device) -> str:
        """What it shows for its household to say; empty once the code's time is over."""
        return device.code if device.code_until > rfc3339(self._ground.now()) else ""

    async def press(
        self, device: Device, *, text: str, context: dict[str, object], reach_me: object, signs: bool, lag_s: int = 0
    ) -> Pressed:
        """Press its button once, and keep what the service answers."""
        ground = self._ground
        shape = {
            "text": text or None,
            "reach_me": reach_me,
            "context": {"model": MODEL, **context, "device": device.name},
        }
        body = json.dumps({name: value for name, value in shape.items() if value is not None}).encode()
        headers = CIMultiDict({"X-Site-Key": SITE_KEY, "Content-Type": "application/json"})
        headers["Idempotency-Key"] = ground.token()
        signs = signs and bool(device.key)
        if signs:
            headers["X-Device-Signature"] = _signature(device, "POST", CONTACTS, ground.now() // 1000 - lag_s, body)
        press = Pressed(ground.now(), text, signs)
        device.began(press)
        answer = await self._send("POST", CONTACTS, headers, body, about=f"device {device.name}")
        press.status = answer.status if answer else 0
        told = _object(answer)
        if answer is not None and answer.status == 201 and told:
            device.was_told(told)
            await self.look(device)
        else:
            device.light, press.trouble = Light.FAILED, _why(answer)
        return press

    def page_url(self, device: Device) -> str | None:
        """Where a person reads what the device reads; None before it was pressed."""
        return self._target + device.page if device.page else None

    async def look(self, device: Device) -> None:
        """Read its page, as a device does now and then."""
        if not device.page:
            return
        answer = await self._send(
            "GET", device.page, CIMultiDict({"Accept": "application/json"}), b"", about=f"device {device.name}"
        )
        if answer is not None and answer.status in (200, 404) and (shown := _object(answer)):
            device.read(shown)

    async def _send(
        self, method: str, path: str, headers: CIMultiDict[str], body: bytes, *, about: str
    ) -> WireResponse | None:
        """The service's answer; None where none came."""
        with self._ground.activity.doing(f"{method} {urlsplit(path).path} of {about}"):
            try:
                request = WireRequest(method, self._target + path, headers, body)
                return await self._transport.send(request, timeout_s=TIMEOUT_S)
            except WireFailure:
                return None


def _signature(device: Device, method: str, path: str, at_s: int, body: bytes) -> str:
    text = f"{method}\n{path}\n{at_s}\n".encode() + body
    return f"{device.key}.{at_s}.{hmac.new(device.secret.encode(), text, 'sha256').hexdigest()}"


def _object(answer: WireResponse | None) -> dict[str, object]:
    """The JSON object in an answer; an empty one where there is none."""
    try:
        read = json.loads(answer.body) if answer is not None else {}
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _why(answer: WireResponse | None) -> str:
    if answer is None:
        return "no answer came"
    return f"HTTP {answer.status} {_object(answer).get('detail', '')}".strip()
