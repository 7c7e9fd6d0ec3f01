"""Who comes: what they require, how long they will talk, how long they will wait, whether they take a call-back.

One rule: all that chance decides about a person is drawn when they come, from streams of their own by purpose; so two
centres of the same seed meet the same people, whatever each does with them (common random numbers).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from policies import PolicySet
from router.core.clock import Ms
from router.core.contacts import relax_of, requirement_of
from router.core.documents import Ask, Requirement
from router.core.values import replace
from router.core.words import DAY_MS, SECOND_MS, Channel, WorkId
from router.sim.arrivals import arrival_times
from router.sim.scenario import Class, Scenario, Spread


@dataclass(slots=True, eq=False)
class Caller:
    """One person on the phone. `patience_ms`: None waits for ever; `takes`: would take a call-back when it is offered;
    `answers`: which of our rings they answer. What happens to them stands below."""

    name: str  # of their class
    at: Ms
    ask: Ask
    handling_ms: float
    patience_ms: float | None
    takes: bool
    answers: tuple[bool, ...]
    waited: bool = False
    waits: bool = True  # in line, by telephone or for our call
    offered: bool = False  # heard that we can call them
    called_back: bool = False  # waits for our call
    rings: int = 0


def callers(scenario: Scenario, policy: PolicySet, seed: int) -> Iterator[Caller]:
    """All who come, in order of time."""
    classes = scenario.people
    asks = [ask_of(one, policy) for one in classes]
    handling = [spread(one.handling or scenario.handling, Random(f"{seed}/handling/{one.name}")) for one in classes]
    patience = spread(scenario.patience, Random(f"{seed}/patience")) if scenario.patience else None
    which, mind = Random(f"{seed}/class"), Random(f"{seed}/call-backs")
    shares = _running_shares(classes)
    rings, back = policy.settings.callbacks.attempts, scenario.call_backs
    times = arrival_times(scenario.arrivals.daily, Random(f"{seed}/arrivals"))
    for n, at in enumerate(times):
        if n == scenario.customers or (scenario.days is not None and at >= scenario.days * DAY_MS):
            return
        chosen = 0 if len(classes) == 1 else _which(shares, which.random())
        came = Ms(int(at))
        yield Caller(
            name=classes[chosen].name,
            at=came,
            ask=replace(asks[chosen], work=WorkId(f"work_{n:010d}"), place_at=came, asked_at=came),
            handling_ms=handling[chosen](),
            patience_ms=patience() if patience is not None else None,
            takes=back is not None and mind.random() < back.take,
            answers=tuple(mind.random() < back.answers for _ in range(rings)) if back is not None else (),
        )


def ask_of(one: Class, policy: PolicySet) -> Ask:
    """What people of a class ask for: by the rules of the policy, with what the scenario says of them on top."""
    verdict = policy.route({"channel": Channel.PHONE.value, "text": one.says, "language": policy.phrases.language,
                            "known_customer": False, "contacts_in_case": 1, "age_s": 0, "media_count": 0})  # fmt: skip
    requirement: Requirement = requirement_of(verdict, Channel.PHONE)
    if one.rate is not None:
        requirement = replace(requirement, rate=one.rate)
    if one.skills is not None:
        requirement = replace(requirement, skills=tuple(sorted(one.skills.items())))
    return Ask(
        work=WorkId(""),
        place_at=Ms(0),
        queue=verdict.queue,
        requirement=requirement,
        policy=policy.version,
        rule=verdict.rule,
        relax=relax_of(verdict) if one.skills is None else (),
    )


def spread(of: Spread, chance: Random) -> Callable[[], float]:
    """Draws lengths of time in milliseconds."""
    mean = of.mean_s * SECOND_MS
    match of.distribution:
        case "constant":
            return lambda: mean
        case "exponential":
            return lambda: -mean * math.log(1.0 - chance.random())
        case "lognormal":
            variance = math.log(1.0 + of.variation**2)
            middle, sigma = math.log(mean) - variance / 2.0, math.sqrt(variance)
            return lambda: math.exp(chance.gauss(middle, sigma))


def _running_shares(classes: tuple[Class, ...]) -> list[float]:
    total, running = sum(one.share for one in classes), 0.0
    return [running := running + one.share / total for one in classes]


def _which(shares: list[float], drawn: float) -> int:
    return next((n for n, upto in enumerate(shares) if drawn < upto), len(shares) - 1)
