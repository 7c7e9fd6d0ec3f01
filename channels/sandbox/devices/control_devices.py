"""The control API's part about devices: press the one button, see the lamp and what is read from it, reset.

Its one rule: a press waits for the service's answer, so that whoever pressed sees what the device shows then.
"""

import json
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from channels.sandbox.devices.device import Device, Pressed
from channels.sandbox.devices.devices import Devices
from channels.sandbox.problems import Problem, bad_field, problem_of
from channels.sandbox.times import rfc3339
from channels.wire import WireRequest, WireResponse

TEXT_CHARS_MAX = 2_000


class PressOnce(BaseModel):
    """A press. `signed`: with the device's own key, where it has one; `lag_s`: how far its clock is behind."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(default="", max_length=TEXT_CHARS_MAX)
    context: dict[str, Any] = Field(default_factory=dict)
    reach_me: Any = None
    signed: bool = True
    lag_s: int = Field(default=0, ge=-86_400, le=86_400)


class DeviceControl:
    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    async def answer(self, request: WireRequest, rest: list[str]) -> WireResponse:
        """Answer for `/devices/…`, `rest` being what follows. Raise `Problem`."""
        match request.method, rest:
            case "GET", [name]:
                device = self._devices.seen(_name(name))
                await self._devices.look(device)
                return _json(self._shown(device))
            case "POST", [name, "press"]:
                device, wanted = self._devices.used(_name(name)), _read(request)
                await self._devices.press(
                    device,
                    text=wanted.text,
                    context=wanted.context,
                    reach_me=wanted.reach_me,
                    signs=wanted.signed,
                    lag_s=wanted.lag_s,
                )
                return _json(self._shown(device), status=201)
            case "POST", [name, "reset"]:
                device = self._devices.used(_name(name))
                device.factory_reset()
                return _json(self._shown(device))
            case _:
                raise Problem(404, f"There is nothing at {request.method} {urlsplit(request.url).path} in the sandbox.")

    def _shown(self, device: Device) -> dict[str, object]:
        return _shown(device, code=self._devices.code_of(device), page_url=self._devices.page_url(device))


def _name(text: str) -> str:
    if 0 < len(text) <= 100 and all("!" <= one <= "~" for one in text):
        return text
    raise bad_field("name", expected="1 to 100 visible ASCII characters", got=text)


def _read(request: WireRequest) -> PressOnce:
    try:
        return PressOnce.model_validate_json(request.body or b"{}")
    except ValidationError as error:
        raise problem_of(error) from error


def _shown(device: Device, *, code: str, page_url: str | None) -> dict[str, object]:
    return {
        "name": device.name,
        "light": device.light,
        "state": device.state,
        "says": device.says,
        "paired": device.paired,
        "code": code or None,
        "code_until": (device.code_until or None) if code else None,
        "promised": device.promise,
        "page_url": page_url,
        "has_key": bool(device.key),
        "last": _pressed(device.pressed[-1]) if device.pressed else None,
        "presses": [_pressed(one) for one in device.pressed],
    }


def _pressed(one: Pressed) -> dict[str, object]:
    return {
        "at": rfc3339(one.at),
        "text": one.text,
        "signed": one.signed,
        "status": one.status or None,
        "trouble": one.trouble,
    }


def _json(shape: object, *, status: int = 200) -> WireResponse:
    return WireResponse(status, json.dumps(shape, ensure_ascii=False).encode(), "application/json")
