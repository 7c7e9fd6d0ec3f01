"""The people who write to us: who they are, how their numbers are spelled, what they write and when."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from tests.simulation.options import Options
from tests.simulation.provider import Provider

WORDS = (
    "E42 again",
    "my heating is cold",
    "no hot water since Monday",
    "I was charged twice, please refund",
    "question about my invoice",
    "hello?",
    "Meine Heizung zeigt E43",
    "mi factura está mal",
    "please stop by at five",
    "thanks",
    "🙂",
    "",
    "a" * 1600,
    "ž" * 700,
    "+++ = @cmd | <script>alert(1)</script>",
)
ORDERS = ("STOP", " stop. ", "START", "unstop", "Stopall", "HELP")
ODD = (
    b"\xed\xa0\xbd",  # half a surrogate pair
    b"\xff\xfe\x00",
    b"\x00\x00",
    b"%",
    b"\xf0\x9f\x92",
    "\u202egnp.exe".encode(),
    b"x" * 40_000,
)
FLOOD = 1_000
MARKED_MAX = 1_000
"""Longer words are left as they are."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person with one line, under all its spellings: provider and phone do not always agree on them."""

    name: str
    spellings: tuple[str, ...]
    channels: tuple[str, ...]


Planned = tuple[float, Callable[[], Awaitable[object]]]


def make_people(options: Options) -> list[Person]:
    chance = Random(f"people/{options.who}")
    people: list[Person] = []
    for n in range(options.people):
        kind = chance.randrange(6)
        digits = f"{2_000_000 + n * 7919:07d}"
        spellings: tuple[str, ...] = (f"+1415{digits}",)
        if kind == 0:
            spellings = (f"+55118{digits}", f"+551198{digits}")  # Brazil before and after the ninth digit
        elif kind == 1:
            spellings = (f"+52155{digits}0", f"+5255{digits}0")[:: chance.choice((1, -1))]
        elif kind == 2:
            spellings = (f"+54911{digits}0", f"+5411{digits}0")
        elif kind == 3:
            spellings = (f"+49151{digits}0",)
        elif kind == 4 and n < 20:
            spellings = (f"{30_000 + n}",)  # a short code: it can write to us, nothing can be sent to it
        channels = ("sms",) if kind == 4 else chance.choice((("sms",), ("whatsapp",), ("sms", "whatsapp")))
        people.append(Person(f"person {n}", spellings, channels))
    return people


def plan_texts(options: Options, people: list[Person], provider: Provider) -> list[Planned]:
    """Every text of the whole world, by its time in seconds."""
    chance = Random(f"texts/{options.seed}")
    length = options.minutes * 60.0
    plan: list[Planned] = []
    sent = 0
    while sent < options.texts:
        at = chance.uniform(0, length)
        person = chance.choice(people)
        count = 1
        if chance.random() < 0.1:  # an album: its parts come at once
            count = chance.randint(2, 12)
        for _ in range(count):
            plan.append((at, _text(chance, person, provider, album=count > 1)))
        sent += count
    if options.has("burst"):
        begin = chance.uniform(0, length)
        for _ in range(options.texts // 2):
            person = chance.choice(people)
            plan.append((begin + chance.uniform(0, min(60.0, length / 10)), _text(chance, person, provider)))
    if options.has("flood"):
        begin, person = chance.uniform(0, length / 2), chance.choice(people)
        plan += [(begin + n * 0.02, _text(chance, person, provider)) for n in range(FLOOD)]
    for fault, signed in (("odd_words", True), ("forged", False)):
        if options.has(fault):
            for _ in range(12):
                plan.append((chance.uniform(0, length), _odd(chance, chance.choice(people), provider, signed=signed)))
    plan.sort(key=lambda planned: planned[0])
    return plan


def _text(
    chance: Random, person: Person, provider: Provider, *, album: bool = False
) -> Callable[[], Awaitable[object]]:
    number, channel = chance.choice(person.spellings), chance.choice(person.channels)
    to = provider.ours[0] if chance.random() < 0.85 else provider.ours[1]
    body = chance.choice(ORDERS) if chance.random() < 0.06 else chance.choice(WORDS)
    media = 1 if album or chance.random() < 0.05 else 0
    if body in WORDS and 0 < len(body) < MARKED_MAX:
        body += provider.mark
    return lambda: provider.text(person.name, number=number, to=to, channel=channel, body=body, media=media)


def _odd(chance: Random, person: Person, provider: Provider, *, signed: bool) -> Callable[[], Awaitable[object]]:
    number, body, with_sid = chance.choice(person.spellings), chance.choice(ODD), chance.random() < 0.8
    return lambda: provider.odd_text(person.name, number=number, body=body, signed=signed, with_sid=with_sid)
