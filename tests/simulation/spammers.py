"""Spam, and numbers of cards: who sends them, when, and what must never become of either.

Its one rule: a stream of chance of its own, so that the rest of a world is what it was without them.
"""

import json
import re
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from multidict import CIMultiDict

from channels.wire import WireFailure, WireRequest
from router.core.documents import Case, Promise, State
from router.core.events import (
    CaseReopened,
    CaseStatusChanged,
    ContactReleased,
    ContactSetAside,
    Event,
    LegPlanned,
    MessageQueued,
    PromiseMade,
    WorkWanted,
)
from tests.simulation.log import Judge
from tests.simulation.network import Link
from tests.simulation.options import Options
from tests.simulation.people import Person
from tests.simulation.process import ADMIN_TOKEN
from tests.simulation.provider import SERVICE_URL, Provider

SPAM = (
    "You have won! Claim it: http://win.example/now",
    "online casino bonus, see www.casino.example",
    "Sofortkredit ohne Prüfung https://kredit.example/",
    "seo services: first page of google, http://seo.example " + "x" * 300,
)
EARNEST = ("sorry, wrong window. my heating is broken", "I smell gas leak, you have won http://x.example", "hello?")
CARDS = ("4111 1111 1111 1111", "5500-0055-5555-5559", "378282246310005", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1")
SENT_CARDS = re.compile(
    rb"4111[ -]?1111[ -]?1111[ -]?1111|5500[ -]?0055[ -]?5555[ -]?5559|378282246310005|(?:4 1 1 1|1 1 1 1) 1 1 1 1 1 1 1"
)
"""What the log must not hold in any spelling that was sent."""
TEXTS_EACH = 6
Planned = tuple[float, Callable[[], Awaitable[object]]]


def plan_spam(options: Options, people: list[Person], provider: Provider) -> list[Planned]:
    """Every text of the spammers, and the spam and card numbers that people send who mean something else."""
    chance = Random(f"spam/{options.seed}")
    length = options.minutes * 60.0
    senders = [Person(f"spammer {n}", (f"+1332{2_000_000 + n * 7919:07d}",), ("sms",)) for n in range(options.spammers)]
    plan: list[Planned] = []
    for sender in senders:
        for _ in range(TEXTS_EACH):
            body = chance.choice(SPAM if chance.random() < 0.8 else EARNEST)
            plan.append((chance.uniform(0, length), _text(sender, _carded(chance, body), chance, provider)))
    for _ in range(2 * options.spammers):
        body = chance.choice((*SPAM, "please charge my card"))
        plan.append((chance.uniform(0, length), _text(chance.choice(people), _carded(chance, body), chance, provider)))
    return plan


def plan_releases(options: Options, api: Link, start: Callable[..., object]) -> list[Planned]:
    """Somebody looks into the quarantine now and then, and lets one out, whatever else is going on with its sender."""
    chance = Random(f"releases/{options.seed}")

    async def look(own: Random) -> None:
        page = await _asked(api, "GET", "?limit=5", b"")
        if page is not None and page["items"]:
            chosen = own.choice(page["items"])["id"]
            await _asked(api, "POST", f"/{chosen}/release", b"{}", key=f"release {own.getrandbits(40)}")

    def later(own: Random) -> Callable[[], Awaitable[object]]:
        async def begin() -> None:
            start(look(own), "looks into the quarantine")

        return begin

    times = [chance.uniform(0, options.minutes * 60.0) for _ in range(2 * options.spammers)]
    return [(at, later(Random(chance.getrandbits(64)))) for at in times]


async def _asked(api: Link, method: str, rest: str, body: bytes, *, key: str = "") -> Any:
    headers = CIMultiDict({"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"})
    if key:
        headers["Idempotency-Key"] = key.replace(" ", "-")
    try:
        answer = await api.send(
            WireRequest(method, f"{SERVICE_URL}/api/v1/quarantine{rest}", headers, body), timeout_s=12
        )
    except WireFailure:
        return None
    return json.loads(answer.body) if answer.status == 200 else None


def _carded(chance: Random, body: str) -> str:
    return f"{body} {chance.choice(CARDS)} cvv 123" if chance.random() < 0.3 else body


def _text(person: Person, body: str, chance: Random, provider: Provider) -> Callable[[], Awaitable[object]]:
    number, channel = chance.choice(person.spellings), chance.choice(person.channels)
    return lambda: provider.text(person.name, number=number, to=provider.ours[0], channel=channel, body=body)


class JunkWatch:
    """45: junk asks for nobody, and nobody with an open case or a promise is junk."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.aside: set[str] = set()
        self.count = 0
        self.released = 0

    def look(self, before: State, event: Event) -> None:
        """`before`: the documents of their owner, as they were before the event."""
        match event:
            case ContactSetAside():
                self._set_aside(before, event)
            case ContactReleased():
                self.released += 1
                self.aside.discard(event.case)
            case CaseReopened():
                self.aside.discard(event.case)
            case CaseStatusChanged() if event.status.is_live:
                self.aside.discard(event.case)
            case WorkWanted() | PromiseMade() | MessageQueued() | LegPlanned() if event.case in self.aside:
                self._judge.broken(45, f"{event.case} is junk, and {type(event).__name__} came of it")
            case _:
                pass

    def _set_aside(self, before: State, event: ContactSetAside) -> None:
        self.count += 1
        self.aside.add(event.case)
        for document in before.values():
            if isinstance(document, Case) and document.id != event.case and document.status.is_live:
                self._judge.broken(45, f"{event.case} is junk, and {document.id} of the same customer is open")
            if isinstance(document, Promise) and document.state in ("open", "at_risk"):
                self._judge.broken(45, f"{event.case} is junk, and {document.id} was promised to the same customer")
        case = before.get(event.case)
        if not isinstance(case, Case) or case.ask is not None or case.contacts != 1:
            self._judge.broken(45, f"{event.case} is junk, and it is more than one contact, or wants somebody")
