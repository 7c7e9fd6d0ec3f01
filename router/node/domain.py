"""Domain scope: work, offers and agents, decided by one leader on indexes in memory.

Decisions are applied in memory at once and appended in order; nobody is answered before the append is durable, and a
failed append stops the node, so memory is never ahead of a log that goes on without it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

from channels.clock import Activity
from router.core.clock import Clock, Ms
from router.core.commands import (
    AcceptOffer,
    ActivatePolicy,
    Actor,
    AddAgent,
    CountRefused,
    DomainCommand,
    EndOffer,
    FinishWork,
    GiveBackWork,
    LoseAgent,
    OfferWork,
    SetAgentState,
    WithdrawWork,
)
from router.core.context import Decision
from router.core.decide import decide
from router.core.documents import Agent, Ask, Case, Document, State, Work
from router.core.errors import Reason, Rejected
from router.core.events import WorkWanted, WorkWithdrawn
from router.core.matcher import Match, Matcher, Waiting, score_of
from router.core.relax import relaxed
from router.core.words import SECOND_MS, ActorKind, AgentId, AgentState, CaseId, CustomerId, OfferId, WorkId, WorkState
from router.journal.base import DOMAIN, Answer, Journal, Stored
from router.journal.faultpoints import FaultPoints
from router.node.deadlines import Deadlines
from router.node.taking import AnswerOf, Means, Outcome, batch_of


class DomainScope:
    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        means: Means,
        deadlines: Deadlines,
        activity: Activity,
        faults: FaultPoints,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._means = means
        self._deadlines = deadlines
        self._activity = activity
        self._faults = faults
        self._on_failure = on_failure
        self._key = 0
        self._is_rebuilt = False  # until all who wait stand in line, nobody is matched: who stands first is not known
        self._leases: dict[AgentId, int] = defaultdict(int)
        self._held: dict[AgentId, set[WorkId]] = defaultdict(set)
        self._offers: dict[OfferId, WorkId] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.works: dict[WorkId, Work] = {}
        self.matcher = Matcher()
        self.offer_outcomes: dict[str, int] = defaultdict(int)

    # --- start --------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Agents and live work from their documents."""
        for agent in await self._journal.live(Agent):
            if isinstance(agent, Agent):
                self._put(agent)
        for work in await self._journal.live(Work):
            if isinstance(work, Work):
                self._put(work)

    def rebuild(self, cases: Iterable[Document]) -> None:
        """Put every unattended ask in line, and let go of work that no case wants any more."""
        wanted: set[WorkId] = set()
        for case in cases:
            if not isinstance(case, Case) or case.ask is None:
                continue
            wanted.add(case.ask.work)
            if case.ask.work not in self.works and not case.taken:
                self._line_up(case.ask, case=case.id, customer=case.customer)
        for work in list(self.works.values()):
            if work.id not in wanted and work.state is not WorkState.WRAPPING:
                self._try(WithdrawWork(key=self._next_key(), work=work.id, why="no longer wanted"))
        self._is_rebuilt = True
        for agent in sorted(self.agents):
            self._match_agent(agent)

    # --- commands -----------------------------------------------------------------------------------------------------

    async def take(self, command: DomainCommand, answer_of: AnswerOf | None = None) -> Outcome:
        """Decide now, answer when it is durable. Raises Rejected."""
        decision, answer, done = self._decide(command, answer_of)
        stored = await asyncio.shield(done)
        return Outcome(stored=stored, decision=decision, answer=answer)

    def want(self, event: WorkWanted) -> None:
        """A case wants an agent: offer it at once if one is free, else it waits at its place."""
        if event.ask.work in self.works or self.matcher.waiting(event.ask.work):
            return
        self._line_up(event.ask, case=event.case, customer=event.customer)
        self._match_work(event.ask.work)

    def withdraw(self, event: WorkWithdrawn) -> None:
        """A case wants no agent any more."""
        self.matcher.remove(event.work)
        if event.work in self.works:
            self._try(WithdrawWork(key=self._next_key(), work=event.work, why=event.why))

    def work_of_offer(self, offer: OfferId) -> Work | None:
        work = self._offers.get(offer)
        return self.works.get(work) if work else None

    def held_by(self, agent: AgentId) -> list[Work]:
        """Offers and work of one agent, oldest first."""
        return sorted((self.works[w] for w in self._held[agent]), key=lambda w: w.id)

    def is_connected(self, agent: AgentId) -> bool:
        return self._leases[agent] > 0

    # --- presence -----------------------------------------------------------------------------------------------------

    def stream_opened(self, agent: AgentId) -> None:
        self._leases[agent] += 1
        self._deadlines.clear(f"lost {agent}")

    def stream_closed(self, agent: AgentId) -> None:
        """The last screen of an agent went: after `agents.lost_s` without one their offers are freed."""
        self._leases[agent] -= 1
        if self._leases[agent] <= 0:
            lost_at = Ms(self._clock.now() + self._means.policy.settings.agents.lost_s * SECOND_MS)
            self._deadlines.set(
                f"lost {agent}", lost_at, lambda: self._try(LoseAgent(key=self._next_key(), agent=agent))
            )

    # --- inside -------------------------------------------------------------------------------------------------------

    def _next_key(self) -> str:
        self._key += 1
        return f"domain/{self._journal.last_seq}/{self._key}"

    def _try(self, command: DomainCommand) -> None:
        """Do something of our own accord; where the moment has passed, nothing happens."""
        try:
            self._decide(command, None)
        except Rejected:
            return

    def _decide(
        self, command: DomainCommand, answer_of: AnswerOf | None
    ) -> tuple[Decision, Answer | None, asyncio.Future[Stored]]:
        before = self._slice(command)
        now = self._clock.now()
        decision = decide(before, command, self._means.context(command, now))
        answer = answer_of(decision) if answer_of else None
        batch = batch_of(DOMAIN, command, before, decision, at=now, answer=answer)
        done = self._journal.append(batch)
        self._activity.until(done, "a decision becomes durable")
        done.add_done_callback(self._appended)
        touched = [document for document, _ in decision.changed(before)]
        for document in touched:
            self._put(document)
        self._match_after(touched, before)
        return decision, answer, done

    def _appended(self, done: asyncio.Future[Stored]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            self._on_failure(error)

    def _slice(self, command: DomainCommand) -> State:
        """The few documents that a command is decided on."""
        match command:
            case AddAgent() | ActivatePolicy() | CountRefused():
                return {}
            case SetAgentState() | LoseAgent():
                return self._agent_slice(command.agent)
            case OfferWork() | AcceptOffer() | FinishWork() | GiveBackWork():
                work = self.works.get(command.work)
                return self._agent_slice(command.agent) | ({work.id: work} if work else {})
            case EndOffer() | WithdrawWork():
                work = self.works.get(command.work)
                if work is None:
                    raise Rejected(Reason.OFFER_GONE if isinstance(command, EndOffer) else Reason.NOT_FOUND, "work")
                agent = work.offer.agent if work.offer else work.agent
                return {work.id: work} | (self._agent_slice(agent) if agent is not None else {})

    def _agent_slice(self, agent: AgentId) -> State:
        if agent not in self.agents:
            raise Rejected(Reason.NOT_FOUND, "agent")
        state: State = {agent: self.agents[agent]}
        state.update((id, self.works[id]) for id in sorted(self._held[agent]))
        return state

    def _put(self, document: Document) -> None:
        if isinstance(document, Agent):
            self.agents[document.id] = document
            self.matcher.put_agent(document)
        elif isinstance(document, Work):
            self._put_work(document)

    def _put_work(self, work: Work) -> None:
        before = self.works.get(work.id)
        kind = work.ask.requirement.kind
        held_before, held = _holder(before), _holder(work)
        if held_before != held:
            if held_before is not None:
                self._held[held_before].discard(work.id)
                self.matcher.free(held_before, kind)
            if held is not None:
                self._held[held].add(work.id)
                self.matcher.hold(held, kind)
        if before is not None and before.offer is not None and before.offer != work.offer:
            self._offers.pop(before.offer.id, None)
            self._deadlines.clear(f"offer {work.id}")
        self.matcher.remove(work.id)
        if work.state is WorkState.DONE:
            self.works.pop(work.id, None)
            self._deadlines.clear(f"again {work.id}")
            return
        self.works[work.id] = work
        if work.offer is not None:
            self._watch_offer(work)
        elif work.state is WorkState.WAITING:
            self._put_in_line(work)

    def _watch_offer(self, work: Work) -> None:
        offer = work.offer
        assert offer is not None
        self._offers[offer.id] = work.id
        is_missed = offer.expires_at > self._clock.now()  # else it ran out while nobody could answer: nobody's fault
        command = EndOffer(
            key=f"expire/{offer.id}",
            offer=offer.id,
            work=work.id,
            how="expired" if is_missed else "revoked",
            actor=Actor(ActorKind.SYSTEM),
            why="not answered in time" if is_missed else "it ran out while the service was away",
        )
        self._deadlines.set(f"offer {work.id}", offer.expires_at, lambda: self._try(command))

    def _put_in_line(self, work: Work) -> None:
        passed = work.passed_by if work.again_at is None or self._clock.now() < work.again_at else ()
        self._line_up(work.ask, case=work.case, customer=work.customer, passed_by=passed)
        if passed and work.again_at is not None:
            self._deadlines.set(f"again {work.id}", work.again_at, lambda: self._line_up_again(work.id))

    def _line_up(self, ask: Ask, *, case: CaseId, customer: CustomerId, passed_by: tuple[AgentId, ...] = ()) -> None:
        """Put work in line by what it requires at this moment; it is lined up again when that relaxes."""
        requirement, taken, next_at = relaxed(ask, self._clock.now(), is_held=self.matcher.is_held)
        self.matcher.add(
            Waiting(
                work=ask.work,
                case=case,
                customer=customer,
                ask=ask,
                requirement=requirement,
                relaxed=taken,
                passed_by=passed_by,
            )
        )
        if next_at is not None:
            self._deadlines.set(f"relax {ask.work}", next_at, lambda: self._line_up_again(ask.work))

    def _line_up_again(self, id: WorkId) -> None:
        """Less is required now, or those who passed it by may be asked again: nobody else has taken it."""
        waiting = self.matcher.remove(id)
        if waiting is None:
            return
        work = self.works.get(id)
        if work is not None:
            self._put_in_line(work)
        else:
            self._line_up(waiting.ask, case=waiting.case, customer=waiting.customer)
        self._match_work(id)

    def _match_after(self, touched: list[Document], before: State) -> None:
        """Give freed agents the longest waiter, and returned work the next free agent."""
        for document in touched:
            if isinstance(document, Agent) and document.state is AgentState.OFF:
                self._do_without(document, before)
        for agent in sorted({a for document in touched for a in _freed(document, before)}):
            self._match_agent(agent)  # first, for others may have waited longer than what comes back now
        returned = [d for d in touched if isinstance(d, Work) and d.state is WorkState.WAITING]
        for work in sorted(returned, key=self._rank):  # several at once when an agent leaves: the longest wait first
            self._match_work(work.id)

    def _do_without(self, agent: Agent, before: State) -> None:
        """Somebody went home: what waits for a skill that nobody present has any more may relax now."""
        earlier = before.get(agent.id)
        if isinstance(earlier, Agent) and earlier.state is not AgentState.OFF:
            gone = [name for name, _ in agent.skills if not self.matcher.is_held(name)]
            for work in self.matcher.requiring(gone):
                self._line_up_again(work)

    def _rank(self, work: Work) -> tuple[int, float, Ms, WorkId]:
        ask = work.ask
        return (-ask.requirement.priority, -score_of(ask, self._clock.now()), ask.place_at, work.id)

    def _match_work(self, id: WorkId) -> None:
        if not self._is_rebuilt:
            return
        if (match := self.matcher.for_work(id, self._clock.now())) is not None:
            self._offer(match)

    def _match_agent(self, id: AgentId) -> None:
        if not self._is_rebuilt:
            return
        while (match := self.matcher.for_agent(id, self._clock.now())) is not None:
            self._offer(match)

    def _offer(self, match: Match) -> None:
        self._faults.reach("matcher.before_offer")
        waiting = match.waiting
        self.matcher.remove(waiting.work)
        command = OfferWork(
            key=self._next_key(),
            work=waiting.work,
            case=waiting.case,
            customer=waiting.customer,
            ask=waiting.ask,
            agent=match.agent,
            score=round(match.score, 6),
            waiting=len(self.matcher) + 1,
            candidates=match.candidates,
        )
        self._decide(command, None)


def _freed(document: Document, before: State) -> list[AgentId]:
    """Agents who may have got capacity by the change to `document`."""
    if isinstance(document, Agent):
        return [document.id]
    earlier = before.get(document.id)
    holder = _holder(earlier) if isinstance(earlier, Work) else None
    return [holder] if holder is not None and isinstance(document, Work) and _holder(document) != holder else []


def _holder(work: Work | None) -> AgentId | None:
    """Whose capacity a piece of work takes up."""
    if work is None or work.state in (WorkState.WAITING, WorkState.DONE):
        return None
    return work.offer.agent if work.offer is not None else work.agent
