"""The contact centre that is asked about, as a scenario says it; every limit of it stands here.

How a file of it is read stands in `sim.scenario_file`.
"""

import itertools
import math
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from router.sim.daily import Daily

CUSTOMERS_MAX = 10_000_000
AGENTS_MAX = 10_000
EVERYBODY = "everybody"
"""The class of all people, where the scenario names none."""

ONE_OF_TWO = "either {0} or {1}, one of them"


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Positive = Annotated[float, Field(gt=0, le=1e9)]
Share = Annotated[float, Field(ge=0, le=1)]
Hour = Annotated[float, Field(ge=0, lt=24)]
Count = Annotated[int, Field(ge=0, le=AGENTS_MAX)]
Level = Annotated[int, Field(ge=1, le=10)]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Steps = Annotated[tuple[tuple[Hour, Annotated[float, Field(ge=0, le=1e7)]], ...], Field(min_length=1, max_length=1_000)]
Roster = Annotated[tuple[tuple[Hour, Count], ...], Field(min_length=1, max_length=1_000)]


class Spread(Part):
    """A length of time that is not always the same. `cv`: standard deviation over mean."""

    distribution: Literal["exponential", "lognormal", "constant"]
    mean_s: Positive
    cv: Annotated[float, Field(ge=0, le=20)] | None = None

    @property
    def variation(self) -> float:
        return 1.0 if self.cv is None else self.cv

    @model_validator(mode="after")
    def _fits(self) -> Self:
        fixed = {"exponential": 1.0, "constant": 0.0}.get(self.distribution)
        if self.cv is not None and fixed is not None and self.cv != fixed:
            raise ValueError(f"no cv here: it is {fixed:g} when the distribution is {self.distribution}")
        if self.distribution == "lognormal" and not self.variation:
            raise ValueError("a cv over 0, or distribution constant")
        return self


class Arrivals(Part):
    rate_per_h: Positive | None = None
    curve: Steps | None = None

    @property
    def daily(self) -> Daily:
        return Daily(self.curve or ((0.0, self.rate_per_h or 0.0),))

    @field_validator("curve")
    @classmethod
    def _rises(cls, steps: Steps | None) -> Steps | None:
        return _checked(steps)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.rate_per_h is None) == (self.curve is None):
            raise ValueError(ONE_OF_TWO.format("rate_per_h", "curve"))
        return self


class Staffed(Part):
    """How many agents: always the same, or by the hour of the day."""

    agents: Annotated[int, Field(ge=1, le=AGENTS_MAX)] | None = None
    roster: Roster | None = None

    @property
    def daily(self) -> Daily:
        return Daily(self.roster or ((0.0, self.agents or 0),))

    @property
    def most(self) -> int:
        return max(n for _, n in self.roster) if self.roster else self.agents or 0

    @field_validator("roster")
    @classmethod
    def _rises(cls, steps: Roster | None) -> Roster | None:
        return _checked(steps)


class Team(Staffed):
    """Agents who have the same skills; all that are required, where none are named."""

    name: Name
    skills: dict[Name, Level] | None = None

    @field_validator("skills", mode="before")
    @classmethod
    def _levels(cls, given: Any) -> Any:
        return _named(given)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.agents is None) == (self.roster is None):
            raise ValueError(ONE_OF_TWO.format("agents", "roster"))
        return self


class Class(Part):
    """People who ask for the same. `share`: against the other classes'; `rate`: how fast their place grows against
    others'; `says`: their words, for the rules of the policy."""

    name: Name
    share: Positive
    rate: Annotated[float, Field(gt=0, le=1_000)] | None = None
    skills: dict[Name, Level] | None = None
    handling: Spread | None = None
    says: Annotated[str, Field(max_length=2_000)] = ""

    @field_validator("skills", mode="before")
    @classmethod
    def _levels(cls, given: Any) -> Any:
        return _named(given)


class CallBacks(Part):
    """`take`: of those who are offered a call-back, which share takes it (the rest waits on until their patience ends,
    and is called back then); `answers`: which share of our rings is answered. The defaults are those of a US bank
    (Hathaway, Emadi and Deshpande 2020)."""

    take: Share = 0.375
    answers: Annotated[float, Field(gt=0, le=1)] = 0.93


class Scenario(Staffed):
    """A contact centre, and how much of it is to be played."""

    customers: Annotated[int, Field(ge=1, le=CUSTOMERS_MAX)] | None = None
    days: Annotated[float, Field(gt=0, le=3_660)] | None = None
    arrivals: Arrivals
    handling: Spread
    patience: Spread | None = None
    teams: Annotated[tuple[Team, ...], Field(max_length=100)] = ()
    classes: Annotated[tuple[Class, ...], Field(max_length=100)] = ()
    call_backs: CallBacks | None = None
    policy: str | None = None

    @property
    def staff(self) -> tuple[Team, ...]:
        return self.teams or (Team(name="team", agents=self.agents, roster=self.roster),)

    @property
    def people(self) -> tuple[Class, ...]:
        return self.classes or (Class(name=EVERYBODY, share=1.0),)

    @field_validator("patience", mode="before")
    @classmethod
    def _none(cls, given: Any) -> Any:
        return None if given == "none" else given

    @field_validator("call_backs", mode="before")
    @classmethod
    def _yes_or_no(cls, given: Any) -> Any:
        if isinstance(given, str):
            answer = {"true": {}, "yes": {}, "on": {}, "false": None, "no": None, "off": None}
            if given.casefold() not in answer:
                raise ValueError("true, false, or a block with take and answers")
            return answer[given.casefold()]
        return given

    @field_validator("classes", "teams")
    @classmethod
    def _names_once(cls, parts: Any) -> Any:
        names = [part.name for part in parts]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"each name once; {twice} comes twice")
        return parts

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.customers is None) == (self.days is None):
            raise ValueError(ONE_OF_TWO.format("customers", "days"))
        given = [name for name in ("agents", "roster", "teams") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("either agents, roster or teams, one of them")
        if self.days is not None and self.arrivals.daily.day_sum() * math.ceil(self.days) > CUSTOMERS_MAX:
            raise ValueError(f"at most {CUSTOMERS_MAX:,} customers in all: fewer days, or fewer an hour")
        return self


def _checked(steps: Any) -> Any:
    """Hours rise, and not every value is 0."""
    if steps is not None and any(a[0] >= b[0] for a, b in itertools.pairwise(steps)):
        raise ValueError("hours that rise")
    if steps is not None and not any(value for _, value in steps):
        raise ValueError("one value over 0 at least")
    return steps


def _named(given: Any) -> Any:
    """A list of skills means each at level 1."""
    if isinstance(given, list) and all(isinstance(name, str) for name in given):
        return dict.fromkeys(given, 1)
    return given
