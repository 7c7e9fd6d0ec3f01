"""People at their telephones: they call, listen, speak, press keys, hang up at any instant, and are called back.

Their one rule: nobody holds the line for ever, and nobody knows what step of a call the service thinks they are in.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from tests.simulation.exchange import Ear
from tests.simulation.options import Options
from tests.simulation.people import Person
from tests.simulation.provider import Provider

SAID = (
    "it is about my heating",
    "I was charged twice",
    "hello?",
    "call me back",
    "text me please",
    "I smell gas in the kitchen",
    "this is the relay operator go ahead",
    "ž" * 200,
    "no",
    "yes",
)
KEYS = ("1", "2", "3", "1", "3", "7", "0", "*", "#", "12", "2125550199#", "4412345#", "19005550100#", "99*#")
NO = ("do not record", "bitte nicht aufzeichnen", "no grabar", f"do not record this, {'my heating is cold ' * 3}")
ODD_PHONES = ("busy", "ignore", "voicemail", "invalid", "manual", "manual")
Planned = tuple[float, Callable[[], Awaitable[object]]]


class Callers:
    """Everybody who may call or be called. After `end` they only see through what they began."""

    def __init__(self, options: Options, people: list[Person], provider: Provider) -> None:
        self._options = options
        self._provider = provider
        self._exchange = provider.exchange
        self._people = [person for person in people if person.spellings[0].startswith("+")]
        self._is_over = False
        if not options.calls:
            return
        for person in self._people:
            chance = Random(f"phone/{options.seed}/{person.name}")
            for number in person.spellings:
                self._exchange.answerers[number] = lambda ear, chance=chance: self._answer(ear, chance)

    def plan(self) -> list[Planned]:
        """Every call of the whole world, by its time in seconds."""
        options, chance = self._options, Random(f"calls/{self._options.seed}")
        if not self._people:
            return []
        plan = [self._one(chance, spoofed=False) for _ in range(options.calls)]
        if options.has("spoofed"):
            plan += [self._one(chance, spoofed=True) for _ in range(options.calls // 4)]
        return sorted(plan, key=lambda planned: planned[0])

    async def break_phones(self) -> None:
        """Some of those who are called back cannot be reached in one way or another."""
        if self._options.calls and self._options.has("phones_odd"):
            chance = Random(f"odd phones/{self._options.seed}")
            for person in self._people:
                for number in person.spellings:
                    await self._provider.rings(
                        number, chance.choice(ODD_PHONES), after_s=chance.choice((0.0, 3.0, 12.0))
                    )

    async def mend(self) -> None:
        self._is_over = True

    # --- one call -----------------------------------------------------------------------------------------------------

    def _one(self, chance: Random, *, spoofed: bool) -> Planned:
        person, own = chance.choice(self._people), Random(chance.getrandbits(64))
        at = chance.uniform(0, self._options.minutes * 60.0)
        hidden = not spoofed and own.random() < 0.1
        vouched = own.choice("BC") if spoofed else own.choice(("A", "A", "A", "C", "none", "none"))
        number, to = own.choice(person.spellings), self._provider.ours[0 if own.random() < 0.85 else 1]

        async def call() -> None:
            ear = self._provider.call(person.name, number=number, to=to, vouched=vouched, hidden=hidden)
            if ear is not None:
                self._provider.world.start(self._live(ear, own, spoofed=spoofed), f"{person.name} calls")

        return at, call

    async def _object(self, ear: Ear) -> None:
        """Some do not want to be recorded, and say so by key or words at any moment; on hold and to an agent too."""
        chance = Random(f"objects/{self._options.seed}/{ear.leg.sid}")
        await asyncio.sleep(chance.choice((5.0, 30.0, 120.0)) * chance.random())
        if chance.random() < 0.35:
            self._exchange.press(ear, "9") if chance.random() < 0.5 else self._exchange.speak(ear, chance.choice(NO))

    async def _live(self, ear: Ear, chance: Random, *, spoofed: bool) -> None:
        if self._options.recorded != "no":
            self._provider.world.start(self._object(ear), "objects")
        what = chance.random()
        if self._options.steady:
            patience, busy = chance.uniform(400, 1200), 0.0
        elif spoofed:
            patience, busy = chance.uniform(40, 90), 0.0
        elif what < 0.12:  # gone before anybody has answered the first request
            patience, busy = chance.choice((0.0, 0.002, 0.02, 0.1, 0.5)), 0.0
        elif what < 0.35:
            patience, busy = chance.uniform(0, 60), 0.3
        elif what < 0.5:  # listens, and hangs up in line
            patience, busy = chance.uniform(20, 120), 0.0
        else:
            patience, busy = chance.uniform(60, 400), chance.choice((0.15, 0.5))
        await self._stay(ear, chance, patience=patience, busy=busy)

    async def _answer(self, ear: Ear, chance: Random) -> None:
        """Our call rings at their phone."""
        behaviour = self._exchange.network.switch.phones.seen(ear.leg.phone).behaviour
        if behaviour.on_ring == "manual":
            await asyncio.sleep(chance.uniform(0.5, 15))
            what = chance.random()
            if ear.leg.is_over or what < 0.12:
                return  # nobody hears it
            if what < 0.2:
                self._exchange.hang_up(ear)
                return
            self._exchange.pick_up(ear)
        if self._options.recorded != "no":
            self._provider.world.start(self._object(ear), "objects")
        if behaviour.on_ring != "voicemail":
            await self._stay(
                ear, chance, patience=chance.choice((0.2, 8.0, 60.0, 90.0)) * chance.random() + 0.1, busy=0.3
            )

    async def _stay(self, ear: Ear, chance: Random, *, patience: float, busy: float) -> None:
        """Be in a call until it is over or they have had enough; with an agent they talk."""
        loop = asyncio.get_running_loop()
        ends, talk_ends = loop.time() + patience, None
        while not ear.leg.is_over:
            if talk_ends is None and ear.leg.company():
                talk_ends = loop.time() + chance.choice((3.0, 20.0, 60.0)) * (0.2 + chance.random())
            until = ends if talk_ends is None else talk_ends
            left = until - loop.time()
            if left <= 0:
                self._exchange.hang_up(ear)
                return
            await asyncio.sleep(min(left, chance.uniform(1.0, 12.0)))
            if not ear.leg.is_over and chance.random() < busy:
                if chance.random() < 0.5:
                    self._exchange.press(ear, chance.choice(KEYS))
                else:
                    self._exchange.speak(ear, chance.choice(SAID))
