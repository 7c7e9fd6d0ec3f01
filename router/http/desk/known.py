"""What is known on top of a case: who it is and how sure that is, what may be told, what their page or device said.

Its one rule: how sure it is goes by the best evidence that still holds; without any, nothing of the case may be told.
What somebody who takes part proves is about them alone, and never counted here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from router.core.evidence import GROUNDS
from router.core.redaction import CARD_MARK, SECRET_MARK
from router.core.words import DAY_MS
from router.http.views import CandidateOut, ContactOut

KNOWN_MAX = 8
"""Things a page or device told that are shown on top; the rest stands in the timeline."""
REMOVED = (CARD_MARK, SECRET_MARK)
"""What was taken out tells nothing: it stands in the timeline alone."""
RANK = {"weak": 0, "strong": 1, "proof": 2}
TELL = {
    "weak": "Tell nothing of the case until that is proved.",
    "strong": "This case may be talked about.",
    "proof": "Everything of theirs may be talked about.",
}


@dataclass(frozen=True, slots=True)
class Sure:
    """How sure it is who they are: the grade, since when and by what, and what may be told."""

    grade: str
    at: str
    channel: str
    why: str
    tell: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate and its key."""

    key: int
    title: str
    why: str
    case: str | None
    customer: str | None


@dataclass(frozen=True, slots=True)
class Known:
    sure: Sure | None
    told: list[tuple[str, str]]
    choices: list[Choice]


def known_of(
    contacts: Sequence[ContactOut],
    candidates: Sequence[CandidateOut],
    *,
    context: Sequence[str],
    now: str,
    proof_days: int,
    proved_at: str | None = None,
) -> Known:
    """What stands on top of a case. `proved_at`: when its customer proved in a chat who they are."""
    told = [
        (name, value) for name, _, value in (row.partition(": ") for row in context) if value and value not in REMOVED
    ][:KNOWN_MAX]
    return Known(
        sure=_sure(contacts, now=now, proof_days=proof_days, proved_at=proved_at),
        told=told,
        choices=[_choice(key, one) for key, one in enumerate(candidates[:9], start=1)],
    )


def _sure(contacts: Sequence[ContactOut], *, now: str, proof_days: int, proved_at: str | None) -> Sure | None:
    """The customer's best evidence that still holds, or that of their last contact. A proof needs no word after it."""
    if not contacts:
        return None
    if proved_at is not None and _age_ms(proved_at, now) <= proof_days * DAY_MS:
        proved = Sure("proof", proved_at, "chat", GROUNDS["proved_session"], TELL["proof"])
    else:
        proved = None
    theirs = [one for one in contacts if not one.participant]
    if not theirs:
        last = contacts[-1]
        return proved or Sure("weak", last.at, last.channel, "only somebody who takes part wrote", TELL["weak"])
    held = [one for one in theirs if _age_ms(one.at, now) <= proof_days * DAY_MS]
    best = max(held or theirs[-1:], key=lambda one: (RANK.get(one.evidence, 0), one.at))
    if best.evidence != "proof" and proved is not None:
        return proved
    why = "; ".join(GROUNDS.get(ground, ground.replace("_", " ")) for ground in best.grounds[:1])
    return Sure(best.evidence, best.at, best.channel, why, TELL.get(best.evidence, TELL["weak"]))


def _age_ms(at: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(at)).total_seconds() * 1000


def _choice(key: int, one: CandidateOut) -> Choice:
    title = one.ref or ", ".join(one.addresses) or "somebody whose addresses are erased"
    return Choice(key, title, "; ".join(one.why), one.case, one.customer)
