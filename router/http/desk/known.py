"""What is known on top of a case: who it is and how sure that is, what may be told, what their page or device said.

Its one rule: how sure it is goes by the best evidence that still holds; without any, nothing of the case may be told.
What somebody who takes part proves is about them alone, and never counted here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from router.core.evidence import GROUNDS
from router.core.redaction import CARD_MARK, SECRET_MARK
from router.core.words import DAY_MS
from router.http.views import CandidateOut, ContactOut, EntryOut, shown_address

OVER = "it was sure, and that is too long ago"
CHOICES_MAX = 9
"""Candidates that have a key."""
KNOWN_MAX = 8
"""Things a page or device told that are shown on top; the rest stands in the timeline."""
REMOVED = (CARD_MARK, SECRET_MARK)
"""What was taken out tells nothing: it stands in the timeline alone."""
RANK = {"weak": 0, "strong": 1, "proof": 2}
TELL = {
    "weak": "Tell nothing of the case until that is proved.",
    "own": "Tell nothing of earlier cases until that is proved.",
    "strong": "This case may be talked about.",
    "proof": "Everything of theirs may be talked about.",
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
    contacts: Sequence[ContactOut],
    candidates: Sequence[CandidateOut],
    *,
    context: Sequence[str],
    now: str,
    proof_days: int,
    proved_at: str | None = None,
    own_words: bool = False,
    matters: Mapping[str, Matter] = MappingProxyType({}),
) -> Known:
    """What stands on top of a case. `proved_at`: when its customer proved in a chat who they are. `own_words`: whether
    it `holds_own_words`. `matters`: the cases that it may belong to, or that people on its line came with last."""
    told = [
        (name, value) for name, _, value in (row.partition(": ") for row in context) if value and value not in REMOVED
    ][:KNOWN_MAX]
    return Known(
        sure=_sure(contacts, now=now, proof_days=proof_days, proved_at=proved_at, own_words=own_words),
        told=told,
        choices=[_choice(key, one, matters) for key, one in enumerate(candidates[:CHOICES_MAX], start=1)],
    )


def holds_own_words(contacts: Sequence[ContactOut], entries: Sequence[EntryOut]) -> bool:
    """Whether a case holds only what came from one address, and what was answered there: who writes from it once more
    learns nothing of others by being told of this case."""
    ways = {(one.channel, one.address, one.participant) for one in contacts}
    if len(ways) != 1 or contacts[0].participant or "shared_line" in contacts[0].grounds:
        return False
    channel = contacts[0].channel
    return all(e.kind != "note" and (e.direction != "out" or e.channel == channel) for e in entries)


def _sure(
    contacts: Sequence[ContactOut], *, now: str, proof_days: int, proved_at: str | None, own_words: bool
) -> Sure | None:
    """The customer's best evidence that still holds, or that of their last contact. A proof needs no word after it."""
    if not contacts:
        return None
    if proved_at is not None and _age_ms(proved_at, now) <= proof_days * DAY_MS:
        proved = Sure("proof", proved_at, "chat", GROUNDS["proved_session"], TELL["proof"], "proof")
    else:
        proved = None
    theirs = [one for one in contacts if not one.participant]
    if not theirs:
        last = contacts[-1]
        return proved or Sure("weak", last.at, last.channel, "only somebody who takes part wrote", TELL["weak"], "weak")
    held = [one for one in theirs if _age_ms(one.at, now) <= proof_days * DAY_MS]
    if not held:
        return proved or _over(theirs, own_words=own_words)
    best = max(held, key=lambda one: (RANK.get(one.evidence, 0), one.at))
    if best.evidence != "proof" and proved is not None:
        return proved
    why = "; ".join(GROUNDS.get(ground, ground.replace("_", " ")) for ground in best.grounds[:1])
    look = "own" if own_words and best.evidence == "weak" else best.evidence
    return Sure(best.evidence, best.at, best.channel, why, TELL.get(look, TELL["weak"]), look)


def _over(theirs: Sequence[ContactOut], *, own_words: bool) -> Sure:
    """What was proved holds no longer: whoever is there now proves it anew."""
    last = max(theirs, key=lambda one: one.at)
    best = max(theirs, key=lambda one: (RANK.get(one.evidence, 0), one.at))
    why = "; ".join(GROUNDS.get(ground, ground.replace("_", " ")) for ground in last.grounds[:1])
    if best.evidence != "weak":
        why = f"{OVER}: {GROUNDS.get(best.grounds[0], best.grounds[0]) if best.grounds else best.evidence}"
    look = "own" if own_words else "weak"
    return Sure("weak", last.at, last.channel, why, TELL[look], look)


def _age_ms(at: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(at)).total_seconds() * 1000


def _choice(key: int, one: CandidateOut, matters: Mapping[str, Matter]) -> Choice:
    theirs = ", ".join(shown_address(address) for address in one.addresses)
    title = one.ref or theirs or "somebody whose addresses are erased"
    at = one.case or one.last_case
    why = "; ".join(one.why) if one.case else ""  # that several use the line is true of all of them
    return Choice(key, title, why, one.case, one.customer, at, matters.get(at or "", NO_MATTER))
