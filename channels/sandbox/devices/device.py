"""One device with one button: what it holds, and what it shows.

Its one rule: it knows what a device can know: its own id, what it was told, and nothing of who pressed it.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from router.core.clock import Ms

TIME_OFF = "its time is"
"""In what `ignored` says of a signature whose time is too far from the service's."""
PRESSES_MAX = 50
"""Presses that are remembered; the oldest gives way."""


class Light(StrEnum):
    """What its lamp shows."""

    OFF = "off"  # never pressed
    SENDING = "sending"
    WAITS = "waits"  # it came in
    CALL = "call"  # somebody calls
    DONE = "done"
    FAILED = "failed"  # the service did not take it


LIGHTS = {"call": Light.CALL, "done": Light.DONE, "answered": Light.DONE, "gone": Light.OFF}


@dataclass(slots=True)
class Pressed:
    """One press. `status`: what the service answered; 0: nothing."""

    at: Ms
    text: str
    signed: bool
    status: int = 0
    trouble: str = ""


@dataclass(slots=True)
class Device:
    """`key` and `secret` are what it signs with, `page` is where it reads how things stand."""

    name: str
    light: Light = Light.OFF
    state: str = ""
    says: str = ""
    paired: bool = False
    code: str = ""
    code_until: str = ""
    promise: dict[str, object] | None = None
    key: str = ""
    secret: str = field(default="", repr=False)
    page: str = ""
    clock_off_s: int = 0
    pressed: list[Pressed] = field(default_factory=list[Pressed])

    def began(self, press: Pressed) -> None:
        self.pressed = [*self.pressed, press][-PRESSES_MAX:]
        self.light = Light.SENDING

    def was_told(self, told: dict[str, object]) -> None:
        """Keep what the service answered to a press. One that says that the device's time is off was taken as somebody
        else's: it keeps its key, and what it was told of it."""
        given, ignored = told.get("device"), told.get("ignored")
        device: dict[str, object] = given if isinstance(given, dict) else {}
        self.page = str(told.get("page_url", ""))
        if not (isinstance(ignored, list) and any(TIME_OFF in str(why) for why in ignored)):
            self.paired = device.get("paired") is True
            self.code, self.code_until = str(device.get("code", "")), str(device.get("code_until", ""))
            if "key" in device:
                self.key, self.secret = str(device["key"]), str(device.get("secret", ""))
        promise = told.get("promise")
        self.promise = promise if isinstance(promise, dict) else None
        self.light = Light.CALL if self.promise else Light.WAITS

    def read(self, shown: dict[str, object]) -> None:
        """Show what its page says now."""
        self.state, self.says = str(shown.get("state", "")), str(shown.get("says", ""))
        promise = shown.get("promise")
        self.promise = promise if isinstance(promise, dict) else None
        self.light = LIGHTS.get(self.state, Light.WAITS)
        if shown.get("paired") is True:
            self.paired, self.code, self.code_until = True, "", ""

    def factory_reset(self) -> None:
        """Forget everything but its name."""
        self.light, self.state, self.says, self.paired, self.code, self.code_until = Light.OFF, "", "", False, "", ""
        self.key = self.secret = self.page = ""
        self.promise = None
