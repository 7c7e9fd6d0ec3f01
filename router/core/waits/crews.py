"""Who is there for whom: agents by what they can do, and how much of somebody's work falls to the agents of a line.

One rule: where two lines wait for some of the same agents, whoever stands before a place in either is work before it,
in proportion to how many of the agents who could take them are those of the place. It knows no work and no clock.
"""

from collections.abc import Collection, Sequence
from functools import cached_property

from router.core.documents import Requirement, SkillLevels
from router.core.values import value

Ability = tuple[SkillLevels, tuple[str, ...]]
"""Skills with their levels, and languages."""


@value
class Crew:
    """Agents of one ability. `there`: how many are at work; `room`: how much of a kind those take at once; `filled`:
    how much of it is filled, also at whoever has left and still has some."""

    ability: Ability
    there: int
    room: float
    filled: float


def can(ability: Ability, skills: SkillLevels, language: str | None) -> bool:
    """Whether agents of an ability can do what needs these skills, and that language where one is named."""
    held = dict(ability[0])
    return (language is None or language in ability[1]) and all(held.get(name, 0) >= level for name, level in skills)


class Staff:
    """All crews as of an instant, for one kind of work. Whoever can do something is named by their places in it."""

    def __init__(self, crews: Sequence[Crew]) -> None:
        self._crews = crews
        self._able: dict[tuple[SkillLevels, str | None], frozenset[int]] = {}

    def able(self, requirement: Requirement) -> frozenset[int]:
        """Who can do what is required."""
        key = (requirement.skills, requirement.language)
        found = self._able.get(key)
        if found is None:
            found = self._able[key] = frozenset(n for n, crew in enumerate(self._crews) if can(crew.ability, *key))
        return found

    def room(self, who: Collection[int]) -> float:
        return sum(self._crews[n].room for n in who)

    def filled(self, who: Collection[int]) -> float:
        return sum(self._crews[n].filled for n in who)

    def there(self, who: Collection[int]) -> int:
        return sum(self._crews[n].there for n in who)

    def part(self, who: Collection[int]) -> float:
        """Which part of all who are there these are."""
        return self.there(who) / self._all if self._all else 1.0

    @cached_property
    def _all(self) -> int:
        return sum(crew.there for crew in self._crews)


def share(of: frozenset[int], work: Staff, at: frozenset[int], line: Staff) -> float:
    """How much room of the agents `at`, in their line, a piece of work takes that the agents `of` can take: 1.0 where
    they are the same. `work`, `line`: the same crews, for the kind of that work and for the kind of the line."""
    takes = work.room(of)
    return line.room(of & at) / takes if takes else 0.0
