"""Agents, offers and work over the API."""

import heapq
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints, field_validator

from router.core.clock import Ms
from router.core.commands import (
    AcceptOffer,
    AddAgent,
    AssignCase,
    BringOutside,
    EndOffer,
    FinishWork,
    GiveBackWork,
    PutFirst,
    SetAgentState,
    SetDeadline,
)
from router.core.context import Decision
from router.core.documents import Agent, Case, Promise, Work
from router.core.documents import Call as Leg
from router.core.errors import Reason, Rejected
from router.core.events import AgentAdded
from router.core.matcher import Waiting, required
from router.core.words import AgentId, AgentState, CallRole, CallState, Channel, OfferId, Step, WorkId, WorkState
from router.http.api_cases import actor_of
from router.http.auth import ANYBODY, DESK, LEADS, OVERSEERS, WRITERS, Identity, Role, require
from router.http.called_numbers import check_called, why_no_phone_of_ours
from router.http.handing_on import There
from router.http.joined import head_of, members_of
from router.http.problems import Problem, problem_of
from router.http.routes import LIST_MAX, Body, Call, Page, Query, Replied, Reply, Route, Why, id_cursor, read_or
from router.http.service import Service
from router.http.times import zoned
from router.http.views import (
    AgentListed,
    AgentOut,
    FinishedOut,
    OfferOut,
    WorkOut,
    agent_out,
    maybe,
    offer_out,
    stamp,
    subject_words,
    work_out,
)

Name = Annotated[str, Field(min_length=1, max_length=100)]
SkillName = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[\w-]+$")]
E164 = Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$|^sips?:[^\s]{1,200}$|^client:[^\s]{1,200}$")]


SOLVED = "solved"
FALLS_AWAY = (
    "What was promised falls away with it, and the customer is not told so. Another outcome leaves it standing; "
    "write to them, or promise it anew, where they wait for it."
)
SIP_PASSWORD = re.compile(r"^(sips?:[^:@]+):[^@]*(?=@)")


class AgentBody(Body):
    name: Name
    skills: dict[SkillName, Annotated[int, Field(ge=1, le=10)]] = Field({}, max_length=100)
    languages: list[Annotated[str, Field(pattern="^[a-z]{2,3}$")]] = Field(["en"], max_length=20)
    capacity: dict[Literal["phone", "chat", "message", "email", "sms"], int] = Field(
        {}, description="how much at once, by kind; `message` is SMS, WhatsApp, touch and page together (or say `sms`)"
    )
    phone: E164 | None = None
    role: Literal["agent", "lead"] = "agent"

    @field_validator("capacity")
    @classmethod
    def _bounded(cls, value: dict[str, int]) -> dict[str, int]:
        if any(not 0 <= n <= 100 for n in value.values()):
            raise ValueError("a capacity is between 0 and 100")
        return value


class AgentMade(Reply):
    id: str
    token: str


class AgentKept(Reply):
    """What is stored of the answer: the token is made again from the id and never kept."""

    id: str


class AgentPage(Reply):
    items: list[AgentListed]
    next: str | None


class StateBody(Body):
    state: Literal["ready", "busy", "away", "off"]
    until: AwareDatetime | None = None

    _has_a_zone = field_validator("until", mode="before")(zoned)


class WorkList(Reply):
    offers: list[OfferOut]
    work: list[WorkOut]


class Declined(Reply):
    work: str


class FinishBody(Body):
    outcome: Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[\w-]+$")]
    note: Annotated[str, Field(max_length=20_000)] = ""


class TransferBody(Body):
    to: Annotated[
        str,
        Field(
            pattern=r"^((agent:)?agt_[a-z0-9]+|queue:[\w-]+|\+?\d{2,15})$",
            description="`queue:NAME`, an agent's id, or on a live call a number outside in E.164",
        ),
    ]
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = Field(
        "", description="for whoever takes it; needed from the second time on that a case is handed on"
    )


class ReasonBody(Body):
    reason: Why


class DeadlineBody(Body):
    until: AwareDatetime | None = Field(description="until when the customer can be reached; null: any time")

    _has_a_zone = field_validator("until", mode="before")(zoned)


class WaitingOut(Reply):
    work: str
    case: str
    queue: str
    kind: str
    requires: str = Field(description="the kind, the language and the skills that it requires now")
    since: str = Field(description="since when they truly wait: no person has attended to it")
    place_at: str = Field(description="what orders the line: it counts as if they had waited since then")
    first: bool
    priority: int = Field(
        0, description="0 to 8: its place grows so much faster; 9: danger, which goes before everybody"
    )
    only: str | None = Field(description="the one agent it waits for")
    reasons: list[str]


class HeldOut(Reply):
    work: str
    case: str
    agent: str
    state: str
    kind: str
    queue: str
    since: str = Field(description="since when they truly wait: no person has attended to it")
    place_at: str = Field(description="what orders the line: it counts as if they had waited since then")
    accepted_at: str | None


class AllWork(Reply):
    waiting: list[WaitingOut] = Field(description="who waits, in the order of their places")
    waiting_count: int
    held: list[HeldOut] = Field(description="what agents are offered and work on, the oldest work first")
    held_count: int


class AllQuery(Query):
    limit: int = Field(LIST_MAX, ge=1, le=LIST_MAX, description="how many of each at most")


class Done(Reply):
    work: str
    case: str


class DeclineBody(Body):
    reason: Annotated[str, Field(max_length=500)] = ""


class WorkApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._domain = service.node.domain

    def routes(self) -> list[Route]:
        made = LEADS
        return [
            Route("GET", "/api/v1/agents", "Agents", ANYBODY, self.list, AgentPage, query=Page, tag="agents"),
            Route(
                "POST",
                "/api/v1/agents",
                "Add an agent",
                made,
                self.add,
                AgentMade,
                201,
                AgentBody,
                tag="agents",
                is_repeated=False,  # the token in the answer is made again, never stored
            ),
            Route("GET", "/api/v1/agents/me", "Who am I", DESK, self.me, AgentListed, tag="agents"),
            Route(
                "PUT",
                "/api/v1/agents/me/state",
                "Be ready, busy, away or off",
                DESK,
                self.set_state,
                AgentOut,
                body=StateBody,
                tag="agents",
            ),
            Route("GET", "/api/v1/agents/me/work", "My offers and work", DESK, self.work, WorkList, tag="agents"),
            Route(
                "GET",
                "/api/v1/work",
                "All that waits and is held",
                LEADS,
                self.all,
                AllWork,
                query=AllQuery,
                tag="work",
            ),
            Route(
                "POST",
                "/api/v1/work/{id}/first",
                "Put it before everybody else",
                OVERSEERS,
                self.first,
                Done,
                body=ReasonBody,
                tag="work",
            ),
            Route(
                "PUT",
                "/api/v1/work/{id}/deadline",
                "Until when the customer can be reached",
                WRITERS,
                self.deadline,
                Done,
                body=DeadlineBody,
                tag="work",
            ),
            Route(
                "POST",
                "/api/v1/work/{id}/take",
                "Take it over from whoever has it",
                OVERSEERS,
                self.take_over,
                Done,
                body=ReasonBody,
                tag="work",
            ),
            Route("POST", "/api/v1/offers/{id}/accept", "Take it", DESK, self.accept, WorkOut, tag="work"),
            Route(
                "POST",
                "/api/v1/offers/{id}/decline",
                "Let others take it",
                DESK,
                self.decline,
                Declined,
                body=DeclineBody,
                read=lambda request: read_or(request, DeclineBody(reason="")),
                tag="work",
            ),
            Route(
                "POST",
                "/api/v1/work/{id}/finish",
                "Through with it",
                DESK,
                self.finish,
                FinishedOut,
                body=FinishBody,
                tag="work",
            ),
            Route(
                "POST",
                "/api/v1/work/{id}/transfer",
                "Hand it on, with its place",
                DESK,
                self.transfer,
                WorkOut,
                body=TransferBody,
                tag="work",
            ),
        ]

    async def list(self, call: Call) -> Replied:
        after = id_cursor(call.query.after, "agt_") or ""
        agents = [a for id, a in sorted(self._domain.agents.items()) if id > after]
        page = agents[: call.query.limit]
        items = await self._listed(page, call.who)
        return Replied(200, AgentPage(items=items, next=page[-1].id if len(agents) > len(page) else None))

    async def add(self, call: Call) -> Replied:
        body: AgentBody = call.body
        role = Role(body.role)
        if role is Role.LEAD:
            require(call.who, frozenset({Role.ADMIN, Role.OPS}))
        if body.phone is not None:
            await self._check_phone(call, body.phone)
        command = AddAgent(
            key=call.key,
            name=body.name,
            skills=tuple(sorted(body.skills.items())),
            languages=tuple(dict.fromkeys(body.languages)),
            capacity=self._capacity(body),
            phone=body.phone,
            actor=actor_of(call),
        )

        def answer(decision: Decision) -> AgentKept:
            return AgentKept(id=next(e.agent for e in decision.events if isinstance(e, AgentAdded)))

        replied = await self._service.take(call, command, answer, status=201)
        made = AgentKept.model_validate_json(replied.stored or "")
        token = await self._service.tokens.create_for_agent(AgentId(made.id), role, at=self._service.node.clock.now())
        return Replied(201, AgentMade(id=made.id, token=token))

    async def _check_phone(self, call: Call, phone: str) -> None:
        """Raises Problem where it cannot be an agent's; the same request again is asked nothing."""
        here = {token.agent for token in self._service.tokens.all() if token.agent is not None}
        why = await why_no_phone_of_ours(self._service.node, phone, here=here)
        if why and await self._service.repeated(call) is None:
            expected = "expected a phone that can be called, is not ours, and that no other agent has"
            raise Problem(422, "No phone for an agent", why, errors=[(["body", "phone"], expected)])

    async def me(self, call: Call) -> Replied:
        return await self._mine(call)

    async def set_state(self, call: Call) -> Replied:
        body: StateBody = call.body
        until = Ms(int(body.until.timestamp() * 1000)) if body.until else None
        agent = self._agent(call)
        command = SetAgentState(
            key=call.key, agent=agent.id, state=AgentState(body.state), until=until, actor=actor_of(call)
        )
        name = (await self._service.node.journal.words([agent.name])).get(agent.name)

        def answer(decision: Decision) -> AgentOut:
            changed = decision.state[agent.id]
            assert isinstance(changed, Agent)
            return self._out(changed, name)

        return await self._service.take(call, command, answer, status=200)

    async def work(self, call: Call) -> Replied:
        held = self._domain.held_by(self._agent(call).id)
        journal = self._service.node.journal
        offered = [w for w in held if w.offer is not None]
        cases = [await journal.document(w.case) for w in offered]
        subjects = {case.id: await subject_words(journal, case) for case in cases if isinstance(case, Case)}
        notes = [str(w.ask.note) for w in offered if w.ask.note is not None]
        words = await journal.words(notes) if notes else {}
        talking = await self._talking(held)
        return Replied(
            200,
            WorkList(
                offers=[offer_out(w, words.get(w.ask.note or ""), subjects.get(w.case)) for w in offered],
                work=[work_out(w, talking=w.id in talking) for w in held if w.offer is None],
            ),
        )

    async def _talking(self, held: Sequence[Work]) -> set[WorkId]:
        """Work that was handed on and whose agent is with the customer still."""
        handed = {w.id: w.agent for w in held if w.state is WorkState.WRAPPING and w.stays}
        return await self._beside(handed) if handed else set()

    async def _beside(self, handed: Mapping[WorkId, AgentId | None]) -> set[WorkId]:
        """Of this work, by its agent, that whose agent is with the customer."""
        legs = [leg for leg in await self._service.node.journal.live(Leg) if isinstance(leg, Leg)]
        theirs = {leg.case for leg in legs if leg.role is CallRole.CUSTOMER and leg.work in handed}
        return {
            leg.work
            for leg in legs
            if leg.work is not None
            and leg.work in handed
            and leg.role is not CallRole.CUSTOMER
            and leg.agent == handed[leg.work]
            and leg.step is Step.BESIDE
            and leg.case in theirs
        }

    async def accept(self, call: Call) -> Replied:
        agent = self._agent(call)
        offer, work = self._offer(call)
        command = AcceptOffer(key=call.key, offer=offer, work=work, agent=agent.id, actor=actor_of(call))
        return await self._work_changed(call, command)

    async def all(self, call: Call) -> Replied:
        matcher, most = self._domain.matcher, call.query.limit
        held = [w for w in self._domain.works.values() if w.state is not WorkState.WAITING]
        return Replied(
            200,
            AllWork(
                waiting=[waiting_out(item) for item in matcher.next_up(most, self._service.node.clock.now())],
                waiting_count=len(matcher),
                held=[held_out(work) for work in heapq.nsmallest(most, held, key=lambda work: work.id)],
                held_count=len(held),
            ),
        )

    async def first(self, call: Call) -> Replied:
        work = WorkId(call.path["id"])
        case = self._domain.case_of(work)
        if case is None:
            raise problem_of(Rejected(Reason.NOT_FOUND, "work"))
        command = PutFirst(key=call.key, case=case, work=work, actor=actor_of(call), reason=call.body.reason)
        return await self._service.take(call, command, lambda _: Done(work=work, case=case), status=200)

    async def deadline(self, call: Call) -> Replied:
        work, until = WorkId(call.path["id"]), call.body.until
        case = self._domain.case_of(work)
        if case is None:
            raise problem_of(Rejected(Reason.NOT_FOUND, "work"))
        at = Ms(int(until.timestamp() * 1000)) if until else None
        command = SetDeadline(key=call.key, case=case, work=work, until=at, actor=actor_of(call))
        return await self._service.take(call, command, lambda _: Done(work=work, case=case), status=200)

    async def take_over(self, call: Call) -> Replied:
        """Work that an agent has goes to the lead; what waits or is offered is assigned to them. A call is theirs at
        once: they are rung, or are in it already, and whoever is with the customer is let go when they are there."""
        lead, id = self._agent(call), WorkId(call.path["id"])
        case, work = self._domain.case_of(id), self._domain.works.get(id)
        if case is None:
            raise problem_of(Rejected(Reason.NOT_FOUND, "work"))
        if work is not None and work.agent == lead.id:
            raise problem_of(Rejected(Reason.NOTHING_TO_DO, "work"))
        reason, actor = call.body.reason, actor_of(call)
        known = work or self._domain.matcher.waiting(id)
        kind = known.ask.requirement.kind if known is not None else ""
        self._can_take_over(lead, id, kind)
        command: GiveBackWork | AssignCase = AssignCase(
            key=call.key, case=case, actor=actor, agent=lead.id, reason=reason, takes_over=kind == "phone"
        )
        if work is not None and work.agent is not None:
            why = f"taken over by {lead.id}: {reason}"
            await self._check_alone(id)
            command = GiveBackWork(
                key=call.key, work=id, agent=work.agent, why=why, to=f"agent:{lead.id}", actor=actor, takes_over=True
            )
        return await self._service.take(call, command, lambda _: Done(work=id, case=case), status=200)

    def _can_take_over(self, lead: Agent, id: WorkId, kind: str) -> None:
        """A call needs a phone that is not in another one."""
        if kind != "phone":
            return
        if lead.phone is None:
            raise Problem(403, "No phone", "Only an agent with a phone can take a call over.")
        if any(w.ask.requirement.kind == kind and w.id != id for w in self._domain.held_by(lead.id)):
            raise Problem(409, "In a call", "You have a call already. Finish it first.")

    async def decline(self, call: Call) -> Replied:
        offer, work = self._offer(call)
        command = EndOffer(
            key=call.key, offer=offer, work=work, how="declined", why=call.body.reason, actor=actor_of(call)
        )
        self._agent(call)
        return await self._service.take(call, command, lambda _: Declined(work=work), status=200)

    async def finish(self, call: Call) -> Replied:
        """Solved ends what was promised besides; whoever says so is told what."""
        falls = await self._fall_away(WorkId(call.path["id"])) if call.body.outcome == SOLVED else []
        command = FinishWork(
            key=call.key,
            work=WorkId(call.path["id"]),
            agent=self._agent(call).id,
            outcome=call.body.outcome,
            note=call.body.note,
            actor=actor_of(call),
        )

        def answer(decision: Decision) -> FinishedOut:
            changed = decision.state[command.work]
            assert isinstance(changed, Work)
            shown = work_out(changed).model_dump()
            return FinishedOut(**shown, withdrawn=[one.id for one in falls], notice=FALLS_AWAY if falls else None)

        return await self._service.take(call, command, answer, status=200)

    async def _fall_away(self, id: WorkId) -> "list[Promise]":
        """What was promised on the case of this work and is not any more once it is solved: all of it, unless the case
        asks for something else besides."""
        journal, work = self._service.node.journal, self._domain.works.get(id)
        case = await journal.document(work.case) if work is not None else None
        if not isinstance(case, Case):
            return []
        members = await members_of(journal, await head_of(journal, case))
        others = [one for one in members if one.ask is not None and one.ask.work != id]
        if [one for one in others if not await self._ends_with(one, id)]:
            return []
        promised = [await journal.document(one) for one in (*case.promised, *((case.promise,) if case.promise else ()))]
        return [one for one in promised if isinstance(one, Promise) and not one.unpromised]

    async def _ends_with(self, case: Case, id: WorkId) -> bool:
        """Whether a call that was handed on, and that somebody is asked to take over, is over with this work: nobody
        but its agent is with the customer by now."""
        if case.handing != id or case.ask is None or case.ask.requirement.channel is not Channel.PHONE:
            return False
        legs = [d for d in await self._service.node.journal.live(Leg) if isinstance(d, Leg) and d.case == case.id]
        is_theirs = any(leg.role is CallRole.CUSTOMER and leg.work == id for leg in legs)
        others = [leg for leg in legs if leg.role is not CallRole.CUSTOMER and leg.work != id]
        return is_theirs and not any(leg.step is Step.BESIDE for leg in others)

    async def transfer(self, call: Call) -> Replied:
        given: str = call.body.to
        await self._check_alone(WorkId(call.path["id"]))
        if not call.body.reason:
            await self._must_be_first(WorkId(call.path["id"]))
        if given.lstrip("+").isdecimal():
            return await self._hand_outside(call, given)
        to = f"agent:{given}" if given.startswith("agt_") else given
        kind, _, name = to.partition(":")
        known = (
            AgentId(name) in self._domain.agents if kind == "agent" else name in self._service.node.means.policy.queues
        )
        if not known:
            raise Problem(422, f"No such {kind}", f"There is no {kind} {name}.", errors=[(["body", "to"], "unknown")])
        work = self._domain.works.get(WorkId(call.path["id"]))
        is_there = work is not None and bool(await self._beside({work.id: work.agent}))
        await self._check_there(WorkId(call.path["id"]), to)
        command = GiveBackWork(
            key=call.key,
            work=WorkId(call.path["id"]),
            agent=self._agent(call).id,
            why="",
            note=call.body.reason,
            to=to,
            actor=actor_of(call),
        )
        return await self._work_changed(call, command, is_there=is_there)

    async def _check_alone(self, id: WorkId) -> None:
        """Raises Problem where work was handed on already: nobody is with its agent on the line, or somebody has said
        that they take it. Until then it may go to somebody else."""
        work, journal = self._domain.works.get(id), self._service.node.journal
        if work is None or work.state is not WorkState.WRAPPING:
            return
        case = await journal.document(work.case)
        leg = await journal.document(case.call or "") if isinstance(case, Case) else None
        is_theirs = isinstance(leg, Leg) and leg.state is not CallState.ENDED and leg.work == id
        if not isinstance(case, Case) or not work.stays or not is_theirs:
            raise Problem(409, "Not on the line", "This conversation is over, or somebody else is with them by now.")
        if case.taken:
            agent = self._domain.agents.get(case.agent or AgentId(""))
            name = (await journal.words([agent.name])).get(agent.name, agent.id) if agent is not None else "Somebody"
            raise Problem(
                409, "On their way", f"{name} has taken it, and their phone rings. Stay until they are there."
            )

    async def _must_be_first(self, id: WorkId) -> None:
        case = await self._service.node.journal.document(self._domain.case_of(id) or "")
        if isinstance(case, Case) and case.handed_on:
            raise Problem(
                422,
                "Why again?",
                "This case was handed on before. Say in one line why it has to be once more.",
                errors=[(["body", "reason"], "needed the second time")],
            )

    async def _check_there(self, id: WorkId, to: str) -> None:
        work = self._domain.works.get(id)
        if work is None:
            return
        node = self._service.node
        names = await node.journal.words([agent.name for agent in self._domain.agents.values()])
        There(
            policy=node.means.policy,
            agents=self._domain.agents,
            names={agent.id: names.get(agent.name, agent.id) for agent in self._domain.agents.values()},
            now=node.clock.now(),
        ).check(work, to)

    async def _hand_outside(self, call: Call, number: str) -> Replied:
        """Their phone rings while the agent stays with the customer."""
        agent, node = self._agent(call), self._service.node
        work = self._domain.works.get(WorkId(call.path["id"]))
        if work is None or work.agent != agent.id:
            raise problem_of(Rejected(Reason.NOT_FOUND if work is None else Reason.NOT_YOURS, "work"))
        if work.ask.requirement.kind != "phone" or not (work.state is WorkState.ACTIVE or work.stays):
            raise Problem(409, "No live call", "Only a live call can be handed on to a number.")
        await check_called(node, number, where="to", theirs=await self._number_of(work))
        command = BringOutside(
            key=call.key,
            case=work.case,
            agent=agent.id,
            number=number,
            reason=call.body.reason,
            actor=actor_of(call),
        )
        return await self._service.take(call, command, lambda _: work_out(work), status=200)

    async def _number_of(self, work: Work) -> str:
        """The number that the customer of a call is on the line with."""
        journal = self._service.node.journal
        case = await journal.document(work.case)
        leg = await journal.document(case.call or "") if isinstance(case, Case) else None
        if not isinstance(leg, Leg):
            return ""
        return (await journal.words([leg.to])).get(leg.to, "")

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _work_changed(
        self, call: Call, command: AcceptOffer | GiveBackWork, *, is_there: bool = False
    ) -> Replied:
        """`is_there`: the agent is with the customer, and stays until somebody else is."""

        def answer(decision: Decision) -> WorkOut:
            changed = decision.state[command.work]
            assert isinstance(changed, Work)
            return work_out(changed, talking=is_there and changed.stays)

        return await self._service.take(call, command, answer, status=200)

    def _offer(self, call: Call) -> tuple[OfferId, WorkId]:
        offer = OfferId(call.path["id"])
        work = self._domain.work_of_offer(offer)
        if work is None:
            raise problem_of(Rejected(Reason.OFFER_GONE))
        return offer, work.id

    def _agent(self, call: Call) -> Agent:
        agent = self._domain.agents.get(call.who.agent) if call.who.agent else None
        if agent is None:
            raise Problem(403, "Not an agent", "This token belongs to no agent. `POST /agents` gives one.")
        return agent

    async def _mine(self, call: Call) -> Replied:
        [shown] = await self._listed([self._agent(call)], call.who)
        return Replied(200, shown)

    async def _listed(self, agents: Sequence[Agent], who: Identity) -> "list[AgentListed]":
        """Agents as `who` may see them: how others are reached is for those who lead and run the place."""
        words = await self._service.node.journal.words([id for a in agents for id in (a.name, a.phone) if id])
        tokens = sorted(self._service.tokens.all(), key=lambda token: token.role is Role.LEAD)  # who is both leads
        roles = {token.agent: token.role.value for token in tokens if token.agent is not None}
        listed: list[AgentListed] = []
        for agent in agents:
            shown = AgentListed(**self._out(agent, words.get(agent.name)).model_dump())
            if who.role in LEADS or who.agent == agent.id:
                phone = words.get(agent.phone) if agent.phone is not None else None
                shown.role, shown.phone = roles.get(agent.id), without_password(phone)
            listed.append(shown)
        return listed

    def _capacity(self, body: AgentBody) -> tuple[tuple[str, int], ...]:
        given = {("message" if kind == "sms" else kind): n for kind, n in body.capacity.items()}
        usual = self._service.node.means.policy.settings.agents.capacity
        return tuple((kind, given.get(kind, n)) for kind, n in usual.items())

    def _out(self, agent: Agent, name: str | None) -> AgentOut:
        load = {kind: n for kind, _ in agent.capacity if (n := self._domain.matcher.load(agent.id, kind))}
        return agent_out(agent, name, connected=self._domain.is_connected(agent.id), load=load)


def without_password(phone: str | None) -> str | None:
    """A line as it may be shown: a SIP address may come with a password.

    >>> without_password("sip:ana:secret@pbx.example")
    'sip:ana@pbx.example'
    """
    return None if phone is None else SIP_PASSWORD.sub(r"\1", phone)


def waiting_out(item: Waiting) -> WaitingOut:
    return WaitingOut(
        work=item.work,
        case=item.case,
        queue=item.ask.queue,
        kind=item.requirement.kind,
        requires=required(item.requirement),
        since=stamp(item.ask.waits_since),
        place_at=stamp(item.ask.place_at),
        first=item.ask.first,
        priority=item.requirement.priority,
        only=item.only,
        reasons=list(item.reasons),
    )


def held_out(work: Work) -> HeldOut:
    agent = work.offer.agent if work.offer is not None else work.agent
    return HeldOut(
        work=work.id,
        case=work.case,
        agent=agent or "",
        state=work.state.value,
        kind=work.ask.requirement.kind,
        queue=work.ask.queue,
        since=stamp(work.ask.waits_since),
        place_at=stamp(work.ask.place_at),
        accepted_at=maybe(work.accepted_at),
    )
