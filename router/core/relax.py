"""Requirements relax with time, in the order that the policy wrote. Language never does without the customer's yes.

A step whose skill nobody present has is taken at once: waiting for somebody who is not there helps no one.
"""

from collections.abc import Callable

from router.core.clock import Ms
from router.core.documents import Ask, Requirement
from router.core.values import replace

LEVEL, SKILLS, SKILL = "level", "skills", "skill:"


def relaxed(ask: Ask, now: Ms, *, is_held: Callable[[str], bool]) -> tuple[Requirement, tuple[str, ...], Ms | None]:
    """What `ask` requires at `now`, which steps were taken (with why), and when the next one is due.

    `is_held`: whether anybody present has a skill."""
    requirement, taken = ask.requirement, list[str]()
    for after_ms, drop in ask.relax:
        due = Ms(ask.place_at + after_ms)
        if now >= due:
            taken.append(f"{drop} no longer required after {after_ms // 1000} s")
        elif drop.startswith(SKILL) and not is_held(drop.removeprefix(SKILL)):
            taken.append(f"{drop} not required: nobody present has it")
        else:
            return requirement, tuple(taken), due
        requirement = _without(requirement, drop)
    return requirement, tuple(taken), None


def _without(requirement: Requirement, drop: str) -> Requirement:
    if drop == SKILLS:
        return replace(requirement, skills=())
    if drop == LEVEL:
        return replace(requirement, skills=tuple((name, 1) for name, _ in requirement.skills))
    gone = drop.removeprefix(SKILL)
    return replace(requirement, skills=tuple((name, level) for name, level in requirement.skills if name != gone))
