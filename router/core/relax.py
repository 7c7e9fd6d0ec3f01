"""Requirements relax with time, in the order that the policy wrote. Language never does without the customer's yes.

A step whose skill nobody present has is taken at once: waiting for somebody who is not there helps no one. It is
taken back as soon as somebody present has it (`missed` names those skills), until its own time has come.
"""

from collections.abc import Callable

from router.core.clock import Ms
from router.core.documents import Ask, Requirement
from router.core.values import replace, value

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


def relaxed(ask: Ask, now: Ms, *, is_held: Callable[[str], bool]) -> Relaxed:
    """What `ask` requires at `now`. `is_held`: whether anybody present has a skill."""
    requirement, taken, missed, asks = ask.requirement, list[str](), list[str](), False
    if ask.offered_language is not None and ask.offered_language == requirement.language:
        taken.append(f"language {requirement.language}: the customer agreed")
    for after_ms, drop in ask.relax:
        due = Ms(ask.place_at + after_ms)
        if drop == LANGUAGE and (requirement.language is None or requirement.language == ask.offered_language):
            continue
        if now >= due and drop == LANGUAGE:
            asks = True
            continue
        if now >= due:
            taken.append(f"{drop} no longer required after {after_ms // 1000} s")
        elif drop.startswith(SKILL) and not is_held(drop.removeprefix(SKILL)):
            taken.append(f"{drop} not required: nobody present has it")
            missed.append(drop.removeprefix(SKILL))
        else:
            return Relaxed(requirement, tuple(taken), due, asks, tuple(missed))
        requirement = _without(requirement, drop)
    return Relaxed(requirement, tuple(taken), None, asks, tuple(missed))


def _without(requirement: Requirement, drop: str) -> Requirement:
    if drop == SKILLS:
        return replace(requirement, skills=())
    if drop == LEVEL:
        return replace(requirement, skills=tuple((name, 1) for name, _ in requirement.skills))
    gone = drop.removeprefix(SKILL)
    return replace(requirement, skills=tuple((name, level) for name, level in requirement.skills if name != gone))
