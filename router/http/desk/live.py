"""The conversations that are going on, for a lead: who talks with whom, for how long, and the ways in.

Its one rule: it lists what agents have at hand by voice or in a chat, the longest first, and not what the lead has
themselves. What a lead may do with one is decided by the API's routes.
"""

from dataclasses import dataclass, field

from router.core.documents import Case, Work
from router.core.words import AgentId, CallRole, CallState, Channel, Step, WorkState
from router.http.api_calls import LegOut
from router.http.auth import Identity
from router.http.desk.calls import Calls
from router.http.desk.glance import address_of, said_last
from router.http.desk.words import last_words
from router.http.names import SOMEBODY
from router.http.service import Service
from router.http.views import given_subject_of, maybe, shown_address

LIVE_SHOWN = 20
"""Each with who is on the line and what was said last: more than these nobody looks through, and they cost as much."""
LIVE = (Channel.PHONE, Channel.CHAT)
TALKS = (Step.TALKING, Step.OPENING, Step.HELD)
"""Where the customer of a call is with somebody of us, or on hold: a lead can come to it."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """One that is going on. `leg`: the customer's, where a lead can come to it; `leads`: who has, and how."""

    case: str
    ref: str
    work: str
    channel: str
    queue: str
    who: str
    agent: str
    since: str | None
    said: str
    leg: LegOut | None = None
    leads: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


@dataclass(frozen=True, slots=True)
class Live:
    count: int
    rows: list[Conversation]

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


async def live_for(service: Service, calls: Calls, who: Identity, *, in_full: bool) -> Live:
    """What goes on now; with `in_full` a row for each of the longest, else how many there are."""
    held = [work for work in service.node.domain.works.values() if _goes_on(work) and work.agent != who.agent]
    held.sort(key=lambda work: (work.accepted_at or 0, work.id))
    rows = [await _row(service, calls, who, work) for work in held[:LIVE_SHOWN]] if in_full else []
    return Live(count=len(held), rows=[row for row in rows if row is not None])


def _goes_on(work: Work) -> bool:
    return work.state is WorkState.ACTIVE and work.ask.requirement.channel in LIVE


async def _row(service: Service, calls: Calls, who: Identity, work: Work) -> Conversation | None:
    journal, agents = service.node.journal, service.node.domain.agents
    case = await journal.document(work.case)
    if not isinstance(case, Case):
        return None
    is_call = work.ask.requirement.channel is Channel.PHONE
    line: list[LegOut] = (await calls.read(who, f"/cases/{case.id}/calls")).items if is_call else []
    theirs = next((leg for leg in line if leg.role == CallRole.CUSTOMER and leg.state == CallState.LIVE), None)
    beside = [leg for leg in line if leg.role == CallRole.LEAD and leg.step == Step.BESIDE]
    named = {id for id in (work.agent, *(leg.agent for leg in beside)) if id}
    known = {id: agent.name for id in named if (agent := agents.get(AgentId(id))) is not None}
    whose = await address_of(journal, case)
    said = await said_last(journal, case) or given_subject_of(case)
    words = await journal.words([id for id in (whose, said, *known.values()) if id])
    names = {id: words.get(name, SOMEBODY) for id, name in known.items()}
    return Conversation(
        case=case.id,
        ref=case.ref,
        work=work.id,
        channel=str(work.ask.requirement.channel),
        queue=work.ask.queue,
        who=shown_address(words.get(whose or "") or ""),
        agent=names.get(work.agent or "", SOMEBODY),
        since=maybe(work.accepted_at),
        said=last_words(words.get(said or "")),
        leg=theirs if theirs is not None and theirs.step in TALKS else None,
        leads=[(names.get(leg.agent or "", SOMEBODY), leg.mode or "") for leg in beside],
    )
