"""A press of a device's button: who signed it, and what the device is given with the answer.

Its one rule: a device that is not paired is given a code for its household and a key of its own with it, whoever has it
already and whether or not it is known to us: the answer is the same. The key is worth nothing until the code was said.
"""

from dataclasses import dataclass, replace

from pydantic import Field

from router.core.addresses import Pairing
from router.core.context import Decision
from router.core.tree import customers_of
from router.http.contact_form import ContactForm
from router.http.device_signature import HEADER, Signature, device_key, fresh_key_id, press_id, signature_of
from router.http.routes import Call, Reply
from router.http.views import stamp
from router.node.node import Node
from router.node.pairing_codes import PairingCode


def _is_none(value: object) -> bool:
    return value is None


class DeviceOut(Reply):
    """What a device keeps, and shows until it is paired."""

    paired: bool
    code: str | None = Field(default=None, exclude_if=_is_none, description="its household says it on any channel")
    code_until: str | None = Field(default=None, exclude_if=_is_none)
    key: str | None = Field(
        default=None, exclude_if=_is_none, description="the id of the key that it signs with from now on"
    )
    secret: str | None = Field(default=None, exclude_if=_is_none, description="that key")


@dataclass(frozen=True, slots=True)
class Press:
    """`device`: the address of whoever pressed, empty where no device did; `key`: the id of the key that signed."""

    secret: bytes
    device: str = ""
    key: str = ""
    fresh_key: str = ""
    is_paired: bool = False
    code: PairingCode | None = None

    def answer(self, decision: Decision) -> DeviceOut | None:
        """What the device is told. A paired one is told its next key now and then."""
        if not self.device:
            return None
        if self.code is not None:
            is_new = self.code.key != self.key
            return DeviceOut(
                paired=False,
                code=self.code.shown,
                code_until=stamp(self.code.until),
                key=self.code.key if is_new else None,
                secret=device_key(self.secret, self.code.key) if is_new else None,
            )
        turned = next((p.next_key for p in _pairings(decision) if p.key == self.key), "") or None
        return DeviceOut(paired=True, key=turned, secret=device_key(self.secret, turned) if turned else None)


def _pairings(decision: Decision) -> list[Pairing]:
    addresses = [address for customer in customers_of(decision.state) for address in customer.addresses]
    return [address.pairing for address in addresses if address.pairing is not None]


def once(call: Call, signature: Signature, *, site: str) -> Call:
    """A signed press that comes again, without an Idempotency-Key, is the same one."""
    if not signature.once or call.fingerprint:
        return call
    return replace(call, key=f"press/{site}/{signature.once}", fingerprint=signature.once)


class Presses:
    def __init__(self, node: Node) -> None:
        self._node = node

    def signature(self, form: ContactForm) -> Signature:
        """Who signed a form; what is wrong with a signature is named in it."""
        signature = signature_of(form.request, self._node.means.secret, now=self._node.clock.now())
        if signature.key and not form.device:
            signature = Signature(why_not="names no device")
        if signature.why_not:
            form.ignore(f"{HEADER} ({signature.why_not})")
        return signature

    async def read(self, call: Call, form: ContactForm, signature: Signature, *, site: str) -> Press:
        """The press that a form is, if a device pressed: one that says its id, and gives no address or signs."""
        secret, now = self._node.means.secret, self._node.clock.now()
        is_pressed = form.device and (signature.key or not (form.address or form.customer))
        if not is_pressed:
            return Press(secret)
        device, fresh = self._node.devices.address_of(site, form.device), fresh_key_id(secret, call.key, now=now)
        pairing = await self._pairing(device) if signature.key else None
        if pairing is not None and signature.key in (pairing.key, pairing.next_key):
            return Press(secret, device, signature.key, fresh, is_paired=True)
        codes = self._node.devices.codes
        key = signature.key if codes.has_key(device, signature.key, now=now) else fresh
        code = await codes.give(device, key, press=press_id(secret, call.key), secret=secret, now=now)
        return Press(secret, device, signature.key if key == signature.key else "", code.key, code=code)

    async def _pairing(self, device: str) -> Pairing | None:
        known = await self._node.devices.known(device)
        return known[1].pairing if known else None
