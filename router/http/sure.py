"""How sure it is who is there now, and what of their matters they may be told. Agents read it on the desk and in the
brief of a case, and it is the same there.

Its one rule: it goes by the best evidence that still holds, and never by more than vouches for whoever is there now: a
number or a sender that anybody can write is nobody who proved anything before. Without any, nothing of the case may be
told. What somebody who takes part proves is about them alone, and never counted here.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from router.core.documents import Entry
from router.core.evidence import GROUNDS
from router.core.words import DAY_MS
from router.http.routes import Reply
from router.http.views import ContactOut

OVER = "it was sure, and that is too long ago"
RANK = {"weak": 0, "strong": 1, "proof": 2}
TELL: dict[str, Literal["nothing", "this_case", "everything"]] = {"strong": "this_case", "proof": "everything"}


class SureOut(Reply):
    """How sure it is who is there now: the grade, since when and by what, and what may be told."""

    evidence: str = Field(description="proof, strong or weak")
    at: str
    channel: str
    why: str
    tell: Literal["nothing", "own_words", "this_case", "everything"] = Field(
        description="what may be talked about; `own_words`: this case alone, which holds what they wrote themselves"
    )


def holds_own_words(contacts: Sequence[ContactOut], entries: Sequence[Entry]) -> bool:
    """Whether a case holds only what came from one address, and what was answered there: who writes from it once more
    learns nothing of others by being told of this case."""
    ways = {(one.channel, one.address, one.participant) for one in contacts}
    if len(ways) != 1 or contacts[0].participant or "shared_line" in contacts[0].grounds:
        return False
    channel = contacts[0].channel
    return all(e.kind != "note" and (e.direction != "out" or e.channel == channel) for e in entries)


def sure_of(
    contacts: Sequence[ContactOut],
    *,
    now: str,
    proof_days: int,
    proved_at: str | None = None,
    own_words: bool = False,
    calls: Collection[str] = (),
) -> SureOut | None:
    """`proved_at`: when the customer proved in a chat who they are; such a proof needs no word after it. `own_words`:
    whether the case `holds_own_words`. `calls`: when the calls of theirs began that are on the line."""
    if not contacts:
        return None
    theirs = [one for one in contacts if not one.participant]
    here = _who_is_there(theirs, calls)
    counted = theirs
    if here is not None and here.evidence == "weak":  # what they prove in a chat meanwhile, they proved themselves
        counted = [one for one in theirs if one is here or (one.channel == "chat" and one.at >= here.at)]
        proved_at = proved_at if proved_at is not None and proved_at >= here.at else None
    proved = None
    if proved_at is not None and _age_ms(proved_at, now) <= proof_days * DAY_MS:
        proved = _sure("proof", proved_at, "chat", GROUNDS["proved_session"])
    if not theirs:
        last = contacts[-1]
        return proved or _sure("weak", last.at, last.channel, "only somebody who takes part wrote")
    held = [one for one in counted if _age_ms(one.at, now) <= proof_days * DAY_MS]
    if not held:
        return proved or _over(theirs, own_words=own_words)
    best = max(held, key=_rank)
    if best.evidence != "proof" and proved is not None:
        return proved
    return _sure(best.evidence, best.at, best.channel, _why(best.grounds), own_words=own_words)


def _who_is_there(theirs: Sequence[ContactOut], calls: Collection[str]) -> ContactOut | None:
    """The contact of whoever is there now: on the phone the one of whom least is known, else who came last."""
    if on_line := [one for one in theirs if one.channel == "phone" and one.at in calls]:
        return min(on_line, key=_rank)
    return max((one for one in reversed(theirs) if not one.automatic), key=lambda one: one.at, default=None)


def _over(theirs: Sequence[ContactOut], *, own_words: bool) -> SureOut:
    """What was proved holds no longer: whoever is there now proves it anew."""
    last = max(theirs, key=lambda one: one.at)
    best = max(theirs, key=_rank)
    why = _why(last.grounds)
    if best.evidence != "weak":
        why = f"{OVER}: {GROUNDS.get(best.grounds[0], best.grounds[0]) if best.grounds else best.evidence}"
    return _sure("weak", last.at, last.channel, why, own_words=own_words)


def _sure(evidence: str, at: str, channel: str, why: str, *, own_words: bool = False) -> SureOut:
    tell = "own_words" if own_words and evidence == "weak" else TELL.get(evidence, "nothing")
    return SureOut(evidence=evidence, at=at, channel=channel, why=why, tell=tell)


def _rank(one: ContactOut) -> tuple[int, str]:
    return RANK.get(one.evidence, 0), one.at


def _why(grounds: Sequence[str]) -> str:
    return "; ".join(GROUNDS.get(ground, ground.replace("_", " ")) for ground in grounds[:1])


def _age_ms(at: str, now: str) -> float:
    return (datetime.fromisoformat(now) - datetime.fromisoformat(at)).total_seconds() * 1000
