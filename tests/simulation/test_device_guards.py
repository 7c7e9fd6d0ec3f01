"""Guards of devices: each is taken away once, and then some world is red."""

from dataclasses import replace

import pytest

from router.http import presses
from router.node.pairing_codes import PairingCodes
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without

WORLD = replace(PLAIN, presses=40, texts=20)


def keys_are_remembered(patch: Patch) -> None:
    """A paired device's key is looked up where its household said so."""

    async def nothing(*_: object) -> None:
        return None

    patch.setattr(presses.Presses, "_pairing", nothing)


def a_code_stays_with_its_key(patch: Patch) -> None:
    """What an agent hears belongs to the key that was handed out with it."""
    given = PairingCodes.give

    async def give(self: PairingCodes, device: str, key: str, **more: object) -> object:
        code = await given(self, device, key, **more)  # type: ignore[arg-type]
        other = replace(code, key="dvk_" + "0" * 32)
        self._know(device, (other,))
        return code

    patch.setattr(PairingCodes, "give", give)


@each_of(
    (
        Guard(keys_are_remembered, "", (24,)),
        Guard(a_code_stays_with_its_key, "", (24,)),
    )
)
def test_devices_have_guards(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    turns_red_without(guard, WORLD, monkeypatch)
