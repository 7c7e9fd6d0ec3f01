"""The control API about calls: what phones do, and what is seen of it.

Its one rule: what a phone cannot do now is refused with words, and nothing happens.
"""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

from channels.sandbox.account import Number
from channels.sandbox.phones import KEYS, KEYS_MAX, Phone, PhoneCall
from channels.sandbox.problems import Problem
from channels.sandbox.times import rfc3339
from channels.sandbox.voice.attestation import ATTESTATIONS
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.network import Network

LINE = re.compile(r"(client:|sips?:)[!-~]{1,256}")


class CallIn(BaseModel):
    """A call from a phone; `to` is our first number unless said. `caller` is shown as From instead of the phone's own
    number: anonymous, a SIP address, whatever comes. `attestation` is what the caller's carrier vouches for (see
    `attestation`), `forwarded_from` the number that passed the call on to us, where the carrier names it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    to: str | None = None
    attestation: str = "none"
    caller: str | None = Field(default=None, pattern=r"^[ -~]{1,256}$")
    forwarded_from: str | None = Field(default=None, pattern=r"^[ -~]{1,256}$")

    @field_validator("attestation")
    @classmethod
    def _is_known(cls, said: str) -> str:
        if said not in ATTESTATIONS:
            raise ValueError(f"expected one of {', '.join(ATTESTATIONS)}")
        return said


class PressIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    digits: str = Field(pattern=KEYS, max_length=KEYS_MAX)


class SpeakIn(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    text: str = Field(min_length=1, max_length=4_000)


def is_line(text: str) -> bool:
    """Is it a phone without a number: `client:NAME` or `sip:ADDRESS`?"""
    return LINE.fullmatch(text) is not None


class PhoneCalls:
    def __init__(self, network: Network) -> None:
        self._network = network

    def call(self, phone: str, number: Number, wanted: CallIn) -> dict[str, object]:
        leg = self._network.call_us(
            phone,
            number,
            sender=wanted.caller or phone,
            attestation=wanted.attestation,
            forwarded_from=wanted.forwarded_from or "",
        )
        if leg is None:
            raise Problem(409, f"{phone} is in another call; hang up first.")
        return {"call_sid": leg.sid}

    def press(self, phone: str, wanted: PressIn) -> dict[str, object]:
        leg = self._talking(phone, "press keys")
        leg.line.press(wanted.digits)
        return self.state(phone)

    def speak(self, phone: str, wanted: SpeakIn) -> dict[str, object]:
        self._network.switch.speak(self._talking(phone, "speak"), wanted.text)
        return self.state(phone)

    def pick_up(self, phone: str) -> dict[str, object]:
        leg = self._leg(phone, "pick up")
        if leg.direction == "inbound" or leg.status != "ringing":
            raise Problem(409, f"{phone} does not ring; there is nothing to pick up.")
        leg.line.is_picked_up = True
        leg.line.ring()
        return self.state(phone)

    def hang_up(self, phone: str) -> dict[str, object]:
        """While it rings, that is to decline."""
        leg = self._leg(phone, "hang up")
        is_declined = leg.direction != "inbound" and leg.answered_at is None
        self._network.switch.end(leg, "busy" if is_declined else "completed")
        return self.state(phone)

    def state(self, phone: str) -> dict[str, object]:
        leg = self._network.switch.handsets.leg_of(phone)
        return {"state": "idle" if leg is None else "ringing" if leg.answered_at is None else "in_call"}

    def shown(self, phone: Phone) -> dict[str, object]:
        """`call` is the present call or the last, `calls` all that are known, oldest first."""
        leg = self._network.switch.handsets.leg_of(phone.number)
        company = [] if leg is None else leg.company()
        call = None if phone.call is None else {**_call(phone.call), "with": company}
        if call is not None and leg is not None:
            call["status"] = leg.status
        return {**self.state(phone.number), "call": call, "calls": [_call(one) for one in phone.calls]}

    def _leg(self, phone: str, doing: str) -> Leg:
        leg = self._network.switch.handsets.leg_of(phone)
        if leg is None:
            raise Problem(409, f"{phone} is in no call; it cannot {doing}.")
        return leg

    def _talking(self, phone: str, doing: str) -> Leg:
        leg = self._leg(phone, doing)
        if leg.answered_at is None:
            raise Problem(409, f"The call of {phone} is not answered yet; it cannot {doing}.")
        return leg


def _call(call: PhoneCall) -> dict[str, object]:
    heard = [
        {
            "at": rfc3339(one.at),
            "kind": one.kind,
            **({} if one.text is None else {"text": one.text}),
            **({"from": one.source} if one.source else {}),
        }
        for one in call.heard
    ]
    return {
        "sid": call.sid,
        "direction": call.direction,
        "number": call.other,
        "status": call.status,
        "started_at": rfc3339(call.started_at),
        "ended_at": None if call.ended_at is None else rfc3339(call.ended_at),
        "heard": heard,
    }
