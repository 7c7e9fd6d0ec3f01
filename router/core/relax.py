"""Requirements relax with time, in the order that the policy wrote. Language never does without the customer's yes.

What a step gives up and nobody present can meet (a skill, or its level) goes at once, whatever the steps before it
wait for: waiting for somebody who is not there helps no one. It is required again as soon as somebody present can meet
it (`missed` names those skills), until the step's own time has come.
"""

from collections.abc import Callable, Collection
from functools import lru_cache

from router.core.clock import Ms
from router.core.documents import Ask, Requirement
from router.core.values import replace, value

IsHeld = Callable[[str, int], bool]
Steps = tuple[tuple[int, str], ...]

LANGUAGE, LEVEL, SKILLS, SKILL = "language", "level", "skills", "skill:"


@value
class Relaxed:
    """What is required now; the steps that were taken, with why; when the next one is due. `asks`: the language may
    go as soon as the customer says yes. `missed`: skills that go only because nobody present has them."""

    requirement: Requirement
    taken: tuple[str, ...] = ()
    next_at: Ms | None = None
    asks: bool = False
    missed: tuple[str, ...] = ()


def relaxed(ask: Ask, now: Ms, *, is_held: IsHeld) -> Relaxed:
    """What `ask` requires at `now`. `is_held`: whether anybody present has a skill at a level, or above it."""
    in_line_ms = now - ask.place_at
    for after_ms, _ in ask.relax:
        if after_ms > in_line_ms:
            return _relaxed(ask.requirement, ask.relax, ask.offered_language, ask.place_at, now, is_held)
    return _at_last(ask.requirement, ask.relax, ask.offered_language)


@lru_cache(maxsize=4096)
def _at_last(requirement: Requirement, relax: Steps, offered: str | None) -> Relaxed:
    """What is left once the time of every step has come: the same for all asks of one kind, so it is found once. Who
    is present makes no difference any more."""
    latest = max((after_ms for after_ms, _ in relax), default=0)
    return _relaxed(requirement, relax, offered, Ms(0), Ms(latest), lambda _, __: True)


def _relaxed(
    requirement: Requirement, relax: Steps, offered: str | None, place_at: Ms, now: Ms, is_held: IsHeld
) -> Relaxed:
    taken, missed, asks = list[str](), list[str](), False
    next_at: Ms | None = None
    if offered is not None and offered == requirement.language:
        taken.append(f"language {requirement.language}: the customer agreed")
    for after_ms, drop in relax:
        due = Ms(place_at + after_ms)
        if drop == LANGUAGE and (requirement.language is None or requirement.language == offered):
            continue
        if now < due:
            next_at = due if next_at is None else next_at
            if gone := _unmet(requirement, drop, is_held):
                taken += [f"{what}: nobody present has it" for what in gone.values()]
                missed += gone
                requirement = _without(requirement, drop, of=gone)
        elif drop == LANGUAGE:
            asks = True
        else:
            taken.append(f"{drop} no longer required after {after_ms // 1000} s")
            requirement = _without(requirement, drop, of=dict(requirement.skills))
    return Relaxed(requirement, tuple(taken), next_at, asks, tuple(dict.fromkeys(missed)))


def _unmet(requirement: Requirement, drop: str, is_held: IsHeld) -> dict[str, str]:
    """The skills of which a step gives up something that nobody present can meet, each with what that is."""
    named = {drop.removeprefix(SKILL)} if drop.startswith(SKILL) else None
    if drop == LANGUAGE:
        return {}
    return {
        name: f"{drop} {level} of {name} not required" if drop == LEVEL else f"{SKILL}{name} not required"
        for name, level in requirement.skills
        if (named is None or name in named) and (drop != LEVEL or level > 1) and not is_held(name, level)
    }


def _without(requirement: Requirement, drop: str, *, of: Collection[str]) -> Requirement:
    """What is left once a step was taken, for some of the skills."""
    if drop == LEVEL:
        return replace(
            requirement, skills=tuple((name, 1 if name in of else level) for name, level in requirement.skills)
        )
    gone = of if drop == SKILLS else {drop.removeprefix(SKILL)}.intersection(of)
    return replace(requirement, skills=tuple((name, level) for name, level in requirement.skills if name not in gone))
