"""What the desk shows: read through the API, put together for one person at one moment. Changes nothing."""

from dataclasses import dataclass, field

from policies.segments import segments_of
from router.core.addresses import AddressKind
from router.core.choice import Choice, Way
from router.core.documents import Case, Customer
from router.core.errors import Reason, Rejected
from router.core.texts import TEXTS, check_budget, check_length
from router.core.words import AgentId, AgentState, CallRole, Channel, Step, WorkId, WorkState
from router.http.api_calls import LegOut
from router.http.api_cases import BriefOut, DecisionOut
from router.http.api_windows import WindowSaidOut
from router.http.auth import LEADS, Identity
from router.http.desk.calls import Calls
from router.http.desk.glance import address_of, said_last
from router.http.desk.known import CHOICES_MAX, Known, Matter, known_of
from router.http.desk.live import Live, live_for
from router.http.desk.promising import pledged
from router.http.desk.words import Row, Why, last_words, rows_of, summary_of, why_of
from router.http.joined import head_of
from router.http.names import SOMEBODY, agents_in
from router.http.problems import Problem, problem_of
from router.http.service import Service
from router.http.views import (
    AgentOut,
    CandidateOut,
    CaseOut,
    OfferOut,
    WaitOut,
    WorkOut,
    given_subject_of,
    shown_address,
    stamp,
    wait_out,
)
from router.node.person import person_in

WAITING_SHOWN = 8
"""Each with who it is and what they said last: more than these say little, and cost at every change."""
DECISIONS_SHOWN = 200
ROWS_SHOWN = 100
ROWS_MAX = 2000
NAMED_MAX = 200
"""Agents whom work can be handed to by name."""
READ_AT_ONCE = 200
DOUBTS = {"typed": "typed in, not proved", "denied": "its domain says that it is somebody else"}
"""How sure it is that an address is theirs, where that is not sure at all."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed and not taken, to stand in its box again."""

    text: str = ""
    channel: str = "auto"
    reason: str = ""
    note: str = ""


NO_DRAFT = Draft()


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing of this customer is erased: who says so, since when and why."""

    by: str
    at: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Card:
    """An offer or a piece of work of mine. `case`: the one that all of its matter is, whichever case asks for it."""

    case: CaseOut
    brief: BriefOut
    offer: OfferOut | None = None
    work: WorkOut | None = None
    stays: bool = False  # I handed it on, and am with them until somebody else is there


@dataclass(frozen=True, slots=True)
class InLine:
    """A case that waits for an agent."""

    case: str
    ref: str
    queue: str
    channel: str
    since: str
    who: str
    said: str
    wait: WaitOut | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class WayView:
    """How an answer would go out now, and the sentence that says why it cannot."""

    channels: list[str] = field(default_factory=list[str])
    chosen: str = "auto"
    channel: str | None = None
    address: str | None = None
    copies: list[str] = field(default_factory=list[str])
    reasons: list[str] = field(default_factory=list[str])
    segments: int = 0
    problem: str | None = None
    is_spent: bool = False  # the day's texts: one more takes a reason


@dataclass(frozen=True, slots=True)
class CaseView:
    case: CaseOut
    brief: BriefOut
    addresses: list[str]
    doubts: dict[str, str]  # of those that may be somebody else's, why
    also: list[str]  # addresses of customers who were found to be the same person
    has_phone: bool
    is_erased: bool
    rows: list[Row]
    earlier: int
    way: WayView
    whys: list[Why]
    summary: str | None
    holder: str | None
    offer: OfferOut | None
    work: WorkOut | None
    draft: Draft
    known: Known
    line: list[LegOut] = field(default_factory=list[LegOut])  # who is on the phone
    names: dict[str, str] = field(default_factory=dict[str, str])  # of agents, by id
    own_leg: str | None = None  # mine, while I am with the customer
    waits: bool = False  # it stands in line, and nobody has put it first
    pledge: WindowSaidOut | None = None  # what our last answer promises, and nobody has promised yet
    held: Held | None = None
    others_there: bool = False  # another agent is with them too: I can leave, and nothing ends


@dataclass(frozen=True, slots=True)
class Screen:
    who: Identity
    now: str
    mark: int
    me: AgentOut | None
    offers: list[Card]
    works: list[Card]
    waiting: list[InLine]
    waiting_more: int
    queues: list[str]
    agents: list[AgentOut]
    may_write: bool
    may_lead: bool
    may_put_first: bool
    may_name: bool
    live: Live | None = None  # what goes on now, for who leads; its rows where no case is open
    view: CaseView | None = None


class Screens:
    def __init__(self, service: Service, calls: Calls) -> None:
        self._service = service
        self._calls = calls
        self._journal = service.node.journal
        self._domain = service.node.domain

    async def screen(
        self, who: Identity, *, case: str | None = None, shown: int = ROWS_SHOWN, draft: Draft = NO_DRAFT
    ) -> Screen:
        """Everything for `who`, with one case open or none. Raises Problem when that case is not there."""
        mark = self._journal.last_seq  # before reading: what comes after it is told by the stream
        offers, works = await self._mine(who)
        waiting, more = await self._waiting({card.work.case for card in works if card.work is not None and card.stays})
        agents = (await self._calls.read(who, "/agents", limit=NAMED_MAX)).items
        may_lead = self._is_agent(who) and self._calls.may(who, "POST", "/calls/any/join")
        return Screen(
            who=who,
            now=stamp(self._service.node.clock.now()),
            mark=mark,
            me=await self._calls.read(who, "/agents/me") if self._is_agent(who) else None,
            offers=offers,
            works=works,
            waiting=waiting,
            waiting_more=more,
            queues=sorted(self._service.node.means.policy.queues),
            agents=[a for a in agents if a.state != AgentState.OFF],
            may_write=self._calls.may(who, "POST", "/cases/any/messages"),
            may_name=who.role in LEADS,
            may_put_first=self._calls.may(who, "POST", "/work/{id}/first"),
            may_lead=may_lead,
            live=await live_for(self._service, self._calls, who, in_full=case is None) if may_lead else None,
            view=await self._view(who, case, offers, works, shown=shown, draft=draft) if case else None,
        )

    async def way(self, case: Case, *, channel: str, text: str) -> WayView:
        """How `text` would go out by `channel`, and why."""
        problem: str | None = None
        best = choice = None
        try:
            best = await self._service.ways(case, None)
            choice = best
        except Problem as none:
            problem = none.detail
        if channel != "auto":
            try:
                choice = await self._service.ways(case, Channel(channel))
                problem = None
            except (Problem, ValueError) as refused:
                choice = None
                problem = refused.detail if isinstance(refused, Problem) else "There is no such channel."
        channels = _channels(best)
        if choice is None:
            return WayView(channels=channels, chosen=channel, problem=problem)
        sending, is_spent = self._service.node.means.policy.settings.sending, False
        try:
            check_length(choice, text, sending)
            check_budget(case, choice.way.channel, now=self._service.node.clock.now(), sending=sending)
        except Rejected as refused:
            problem, is_spent = problem_of(refused).detail, refused.reason is Reason.TEXTS_SPENT
        by_mail = choice.way.channel is Channel.EMAIL
        told = [p.address.id for p in case.participants if p.invited and not p.address.bounced] if by_mail else []
        copies = [id for id in told if id != choice.way.address]
        words = await self._journal.words([choice.way.address, *copies])
        return WayView(
            channels=channels,
            chosen=channel,
            channel=str(choice.way.channel),
            address=shown_address(address) if (address := words.get(choice.way.address)) else None,
            copies=[words[id] for id in copies if id in words],
            reasons=list(choice.reasons),
            segments=segments_of(text) if text and choice.way.channel in TEXTS else 0,
            problem=problem,
            is_spent=is_spent,
        )

    async def document(self, id: str) -> Case:
        found = await self._journal.document(id)
        if not isinstance(found, Case):
            raise Problem(404, "Not found", "There is no such case, or it is not yours to see.")
        return found

    # --- inside -------------------------------------------------------------------------------------------------------

    def _is_agent(self, who: Identity) -> bool:
        return who.agent is not None and who.agent in self._domain.agents

    async def _mine(self, who: Identity) -> tuple[list[Card], list[Card]]:
        if not self._is_agent(who):
            return [], []
        mine = await self._calls.read(who, "/agents/me/work")
        offers = [await self._card(who, offer.case, offer=offer) for offer in mine.offers]
        works = [await self._card(who, work.case, work=work) for work in mine.work]
        return offers, works

    async def _card(
        self, who: Identity, case: str, *, offer: OfferOut | None = None, work: WorkOut | None = None
    ) -> Card:
        known = self._domain.works.get(WorkId(work.id)) if work is not None else None
        stays = False
        if known is not None and known.stays:
            line: list[LegOut] = (await self._calls.read(who, f"/cases/{case}/calls")).items
            stays = any(leg.agent == who.agent and leg.step == Step.BESIDE for leg in line)
        shown: CaseOut = await self._calls.read(who, f"/cases/{case}")
        return Card(
            case=shown.head or shown,
            brief=await self._calls.read(who, f"/cases/{case}/brief"),
            offer=offer,
            work=work,
            stays=stays,
        )

    async def _waiting(self, mine: set[str]) -> tuple[list[InLine], int]:
        """Who waits, and how many more do. `mine`: cases whose customers I am with while somebody else is asked."""
        all_shown = self._domain.matcher.next_up(WAITING_SHOWN + len(mine), self._service.node.clock.now())
        others = [item for item in all_shown if item.case not in mine]
        items = others[:WAITING_SHOWN]
        found = [
            (item, await head_of(self._journal, case))
            for item in items
            if isinstance(case := await self._journal.document(item.case), Case)
        ]
        whose = [await address_of(self._journal, case) for _, case in found]
        said = [await said_last(self._journal, case) or given_subject_of(case) for _, case in found]
        words = await self._journal.words([id for id in (*whose, *said) if id])
        rows: list[InLine] = []
        for (item, case), address, last in zip(found, whose, said, strict=True):
            wait = self._service.node.waits.of_case(item.case)
            rows.append(
                InLine(
                    case=case.id,
                    ref=case.ref,
                    queue=item.ask.queue,
                    channel=str(item.ask.requirement.channel),
                    since=stamp(item.ask.waits_since),
                    who=shown_address(words.get(address or "") or ""),
                    said=last_words(words.get(last or "")),
                    wait=wait_out(wait) if wait is not None else None,
                    urgent=item.ask.requirement.is_danger,
                )
            )
        return rows, max(0, len(self._domain.matcher) - (len(all_shown) - len(others)) - WAITING_SHOWN)

    async def _view(
        self, who: Identity, id: str, offers: list[Card], works: list[Card], *, shown: int, draft: Draft
    ) -> CaseView:
        document = await self.document(id)
        case: CaseOut = await self._calls.read(who, f"/cases/{id}")
        brief: BriefOut = await self._calls.read(who, f"/cases/{id}/brief")
        matter, person = (case.head or case).id, await person_in(self._journal, document.customer)
        first = max(0, document.entries - min(shown, ROWS_MAX))
        entries = await self._pages(who, f"/cases/{id}/timeline", after=first)
        decisions: list[DecisionOut] = await self._pages(who, f"/cases/{id}/decisions", most=DECISIONS_SHOWN)
        named = {str(e.facts.get("agent")) for e in entries} | {str(d.agent) for d in decisions} | {str(case.agent)}
        named |= agents_in(r for d in decisions for r in (*d.candidates, *d.reasons))
        line: list[LegOut] = (await self._calls.read(who, f"/cases/{id}/calls")).items
        named |= {str(d.inputs["by"]) for d in decisions if "by" in d.inputs}
        named |= {leg.agent for leg in line if leg.agent}
        named |= {str(e.author.id) for e in entries if e.author.kind == "agent"}
        names = await self._names(named)
        there = [leg for leg in line if leg.role == CallRole.AGENT and leg.step == Step.BESIDE]
        mine = next((leg for leg in there if leg.agent == who.agent), None)
        in_line = self._domain.matcher.waiting(WorkId(case.ask.work)) if case.ask else None
        return CaseView(
            case=case,
            brief=brief,
            addresses=[shown_address(a["address"] or "erased") for a in brief.customer.get("addresses", [])],
            doubts={
                shown_address(a["address"]): doubt
                for a in brief.customer.get("addresses", [])
                if a["address"] and (doubt := DOUBTS.get(a["verification"]))
            },
            also=await self._addresses(person[1:]),
            has_phone=any(a["kind"] == AddressKind.PHONE and a["address"] for a in brief.customer.get("addresses", [])),
            is_erased=brief.customer.get("erased_at") is not None,
            rows=rows_of(entries, names),
            earlier=first,
            way=await self.way(document, channel=draft.channel, text=draft.text),
            whys=[why_of(decision, names) for decision in decisions],
            summary=summary_of(decisions),
            holder=names.get(str(case.agent)),
            offer=next((c.offer for c in offers if c.case.id == matter), None),
            work=_nearest([c.work for c in works if c.work is not None and c.case.id == matter]),
            draft=draft,
            known=known_of(
                brief.sure,
                case.candidates,
                context=brief.context,
                matters=await self._matters(who, case.candidates[:CHOICES_MAX]),
            ),
            line=line,
            waits=in_line is not None and not in_line.ask.first,
            names=names,
            pledge=await pledged(self._calls, who, id),
            held=await self._held(person),
            own_leg=mine.id if mine is not None else None,
            others_there=any(leg.id != mine.id for leg in there) if mine is not None else False,
        )

    async def _matters(self, who: Identity, candidates: list[CandidateOut]) -> dict[str, Matter]:
        """Other cases, by which an agent tells whose this one is, or where it belongs."""
        found: dict[str, Matter] = {}
        for id in [id for one in candidates if (id := one.case or one.last_case) is not None]:
            shown: CaseOut = await self._calls.read(who, f"/cases/{id}")
            brief: BriefOut = await self._calls.read(who, f"/cases/{id}/brief")
            found[id] = Matter(shown.ref, shown.queue, last_words(brief.wants) or shown.subject or "", shown.changed_at)
        return found

    async def _addresses(self, customers: list[Customer]) -> list[str]:
        ids = [a.id for one in customers for a in one.addresses]
        words = await self._journal.words([*ids]) if ids else {}
        return list(dict.fromkeys(shown_address(words[id]) for id in ids if id in words))

    async def _held(self, person: list[Customer]) -> Held | None:
        hold = next((one.hold for one in person if one.hold is not None), None)
        if hold is None:
            return None
        by = hold.author_id or "the system"
        words = await self._journal.words([hold.why]) if hold.why else {}
        names = await self._names({by})
        return Held(by=names.get(by, by), at=stamp(hold.at), reason=words.get(hold.why or ""))

    async def _pages(self, who: Identity, path: str, *, after: int = 0, most: int = ROWS_MAX) -> list:
        found: list = []
        following: str | None = str(after)
        while following is not None and len(found) < most:
            page = await self._calls.read(who, path, after=following, limit=READ_AT_ONCE)
            found += page.items
            following = page.next
        return found

    async def _names(self, ids: set[str]) -> dict[str, str]:
        agents = [a for id in sorted(ids) if (a := self._domain.agents.get(AgentId(id)))]
        words = await self._journal.words([a.name for a in agents])
        return {a.id: words.get(a.name, SOMEBODY) for a in agents}


def _nearest(works: list[WorkOut]) -> WorkOut | None:
    """The one of somebody's works for a case that its page speaks of: what is under way before what is wrapped up, and
    of that what came last."""
    return min(reversed(works), key=lambda work: work.state == WorkState.WRAPPING, default=None)


def _channels(best: Choice | None) -> list[str]:
    if best is None:
        return []
    ways: tuple[Way, ...] = (best.way, *best.alternatives)
    return list(dict.fromkeys(str(way.channel) for way in ways))
