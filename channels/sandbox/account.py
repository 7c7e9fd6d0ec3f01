"""The account at the emulated provider: who may call the REST API, which numbers are ours and where their webhooks go.

Its one rule: numbers are known by E.164 and by `PN` SID, and both lead to the same object. It holds no messages.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SANDBOX_SID = "AC" + "0" * 32
SANDBOX_TOKEN = "sandbox-auth-token"
SANDBOX_NUMBERS = ("+14155550100", "+14155550101")
SANDBOX_API_KEYS: Mapping[str, str] = {"SK" + "0" * 32: "sandbox-api-secret"}


@dataclass(slots=True)
class Number:
    """One of our numbers. The URLs may carry a retry policy in their fragment (`#rc=2&rp=all`). Where no
    `voice_fallback_url` was set, the sandbox answers itself; an empty one means none."""

    sid: str
    e164: str
    voice_url: str = ""
    voice_fallback_url: str | None = None
    sms_url: str = ""
    sms_fallback_url: str = ""
    status_callback: str = ""


@dataclass(slots=True)
class Account:
    sid: str = SANDBOX_SID
    auth_token: str = SANDBOX_TOKEN
    api_keys: Mapping[str, str] = field(default_factory=lambda: SANDBOX_API_KEYS)
    numbers: dict[str, Number] = field(default_factory=dict[str, Number])

    @classmethod
    def of(cls, *, sid: str, auth_token: str, api_keys: Mapping[str, str], numbers: Sequence[str]) -> "Account":
        """An account with `numbers`, whose SIDs count up from 1."""
        owned = {e164: Number(f"PN{count:032x}", e164) for count, e164 in enumerate(numbers, start=1)}
        return cls(sid, auth_token, api_keys, owned)

    def aim(self, target: str) -> None:
        """Let every number's webhooks go to the service at `target` (its public base URL)."""
        base = target.rstrip("/")
        for number in self.numbers.values():
            number.voice_url = f"{base}/twilio/voice"
            number.sms_url = f"{base}/twilio/messages"
            number.status_callback = f"{base}/twilio/status/call"

    def number_by_sid(self, sid: str) -> Number | None:
        return next((number for number in self.numbers.values() if number.sid == sid), None)

    def admits(self, authorization: str) -> bool:
        """True for HTTP Basic with the account's SID and token or one of its API keys."""
        scheme, _, encoded = authorization.partition(" ")
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        expected = self.auth_token if name == self.sid else self.api_keys.get(name, "")
        return scheme.lower() == "basic" and bool(expected) and hmac.compare_digest(secret.encode(), expected.encode())
