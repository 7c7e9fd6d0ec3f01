"""Which phone is in which call, what it hears there, and what it does by itself when it hears something.

Its one rule: a phone is in one call at a time; whoever calls it meanwhile finds it busy.
"""

from collections.abc import Callable

from channels.sandbox.ground import Ground
from channels.sandbox.phones import Heard, Kind, PhoneCall, Phones, Reaction
from channels.sandbox.voice.legs import Leg


class Handsets:
    """`act` does in a call what a phone's script says."""

    def __init__(self, ground: Ground, phones: Phones, *, act: Callable[[Leg, Reaction], None]) -> None:
        self._ground = ground
        self._act = act
        self._phones = phones
        self._legs: dict[str, Leg] = {}

    def leg_of(self, phone: str) -> Leg | None:
        return self._legs.get(phone)

    def take(self, leg: Leg) -> bool:
        """Bind the leg to its phone; False when that is in another call."""
        if leg.phone in self._legs:
            return False
        self._legs[leg.phone] = leg
        phone = self._phones.used(leg.phone)
        call = PhoneCall(
            leg.sid, leg.direction, leg.to if leg.direction == "inbound" else leg.sender, self._ground.now()
        )
        phone.call = call
        phone.calls.append(call)
        left = list(phone.behaviour.script)

        def listen(kind: Kind, text: str | None, source: str) -> None:
            call.heard.append(Heard(self._ground.now(), kind, text, source))
            call.status = leg.status
            for reaction in left:
                if reaction.fits(kind, text):
                    left.remove(reaction)
                    self._ground.start(self._react(leg, reaction), name=f"reaction in {leg.sid}")
                    break

        leg.listener = listen
        return True

    def release(self, leg: Leg) -> None:
        """The phone is free again."""
        if self._legs.get(leg.phone) is not leg:
            return
        del self._legs[leg.phone]
        call = self._phones.used(leg.phone).call
        if call is not None and call.sid == leg.sid:
            call.ended_at, call.status = leg.ended_at, leg.status

    async def _react(self, leg: Leg, reaction: Reaction) -> None:
        await self._ground.sleep_ms(round(reaction.after_s * 1000))
        if not leg.is_over:
            self._act(leg, reaction)
