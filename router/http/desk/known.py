"""What is known on top of a case: who it is and how sure that is, what may be told, what their page or device said.

Its one rule: it says of who is there what the brief of the case says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from router.core.redaction import CARD_MARK, SECRET_MARK
from router.http.sure import SureOut
from router.http.views import CandidateOut, shown_address

CHOICES_MAX = 9
"""Candidates that have a key."""
KNOWN_MAX = 8
"""Things a page or device told that are shown on top; the rest stands in the timeline."""
REMOVED = (CARD_MARK, SECRET_MARK)
"""What was taken out tells nothing: it stands in the timeline alone."""
TELL = {
    "nothing": "Tell nothing of the case until that is proved.",
    "own_words": "Tell nothing of earlier cases until that is proved.",
    "this_case": "This case may be talked about.",
    "everything": "Everything of theirs may be talked about.",
}


@dataclass(frozen=True, slots=True)
class Sure:
    """How sure it is who they are: the grade, since when and by what, and what may be told. `look`: the grade, or `own`
    where a weak one does no harm, for the case holds their own words alone."""

    grade: str
    at: str
    channel: str
    why: str
    tell: str
    look: str

    @classmethod
    def of(cls, sure: SureOut) -> Self:
        look = "own" if sure.tell == "own_words" else sure.evidence
        return cls(sure.evidence, sure.at, sure.channel, sure.why, TELL[sure.tell], look)


@dataclass(frozen=True, slots=True)
class Matter:
    """A case, as far as it helps to tell it from another one: what it is about, or else what was said last in it."""

    ref: str
    queue: str
    last: str
    changed_at: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate and its key."""

    key: int
    title: str
    why: str
    case: str | None
    customer: str | None
    at: str | None  # the case to look at before it is chosen: that one, or what that person came with last
    matter: Matter


NO_MATTER = Matter("", "", "", "")


@dataclass(frozen=True, slots=True)
class Known:
    sure: Sure | None
    told: list[tuple[str, str]]
    choices: list[Choice]


def known_of(
    sure: SureOut | None,
    candidates: Sequence[CandidateOut],
    *,
    context: Sequence[str],
    matters: Mapping[str, Matter] = MappingProxyType({}),
) -> Known:
    """What stands on top of a case. `matters`: the cases that it may belong to, or that people on its line came with
    last."""
    told = [
        (name, value) for name, _, value in (row.partition(": ") for row in context) if value and value not in REMOVED
    ][:KNOWN_MAX]
    return Known(
        sure=Sure.of(sure) if sure is not None else None,
        told=told,
        choices=[_choice(key, one, matters) for key, one in enumerate(candidates[:CHOICES_MAX], start=1)],
    )


def _choice(key: int, one: CandidateOut, matters: Mapping[str, Matter]) -> Choice:
    theirs = ", ".join(shown_address(address) for address in one.addresses)
    title = one.ref or theirs or "somebody whose addresses are erased"
    at = one.case or one.last_case
    why = "; ".join(one.why) if one.case else ""  # that several use the line is true of all of them
    return Choice(key, title, why, one.case, one.customer, at, matters.get(at or "", NO_MATTER))
