"""Domain scope: work, offers and agents, decided by one leader on indexes in memory.

Decisions are applied in memory at once and appended in order; nobody is answered before the append is durable, and a
failed append stops the node, so memory is never ahead of a log that goes on without it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable

from channels.clock import Activity
from router.core.agents import gone_at
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
    FreeSlot,
    GiveBackWork,
    HoldSlot,
    LoseAgent,
    NoteAtRisk,
    NoteDeadlineDue,
    NoteLanguageDue,
    NoteToken,
    OfferWork,
    OpenScreen,
    RefuseSlot,
    SetAgentState,
    SetStaffing,
    WithdrawWork,
)
from router.core.context import Decision
from router.core.decide import decide
from router.core.documents import Agent, Ask, Call, Case, Document, Requirement, State, Work
from router.core.errors import Reason, Rejected
from router.core.events import (
    AskChanged,
    CallEnded,
    JoinAsked,
    LeadTookOver,
    LegRefused,
    WorkWanted,
    WorkWithdrawn,
)
from router.core.matcher import ORDINARY, Match, Matcher, Waiting, score_of
from router.core.place import BITES_MS, has_slack, turn_of
from router.core.relax import relaxed
from router.core.values import replace
from router.core.words import (
    MINUTE_MS,
    SECOND_MS,
    ActorKind,
    AgentId,
    AgentState,
    CallId,
    CallRole,
    CallState,
    CaseId,
    Channel,
    CustomerId,
    OfferId,
    SlotId,
    WorkId,
    WorkState,
)
from router.journal.base import DOMAIN, Answer, Journal, Stored
from router.journal.faultpoints import FaultPoints
from router.node.bookings import Bookings
from router.node.deadlines import Deadlines
from router.node.learner import Learner
from router.node.taking import AnswerOf, Means, Outcome, batch_of

LOOK_AGAIN_MS = MINUTE_MS
"""Where nobody is here whose language could be offered, it is looked for again so much later."""
NOT_ANSWERED = "Your phone was not answered"
TIME_OVER = "time_over"
"""How work ended whose agent did not say it within the time that they have to wrap up."""


class DomainScope:
    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        means: Means,
        learner: Learner,
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
        self._asks: dict[WorkId, Ask] = {}  # what cases want by now, where that is not what their work began with
        self._missed: dict[str, set[WorkId]] = defaultdict(set)  # by skill: what goes without, as nobody present has it
        self._sitting_in: dict[CallId, tuple[AgentId, CaseId]] = {}  # leads in conversations of others, by their leg
        self._proposed: set[WorkId] = set()  # whose customers are being asked about their language
        self.bookings = Bookings(
            clock=clock,
            means=means,
            deadlines=deadlines,
            learner=learner,
            agents=self.agents,
            activity=activity,
            attempt=self._try,
            next_key=self._next_key,
            on_shifts=self._mind_shifts,
        )
        self.matcher = Matcher({str(kind): others for kind, others in means.policy.settings.agents.interrupts.items()})

    # --- start --------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Agents and live work from their documents."""
        for agent in await self._journal.live(Agent):
            if isinstance(agent, Agent):
                self._put(agent)
        for work in await self._journal.live(Work):
            if isinstance(work, Work):
                self._put(work)
        await self.bookings.load(self._journal)

    def rebuild(self, cases: Iterable[Document], promises: Iterable[Document], calls: Iterable[Document]) -> None:
        """Put every unattended ask in line, and let go of work that no case wants any more."""
        for call in calls:
            if (
                isinstance(call, Call)
                and call.role is CallRole.LEAD
                and call.state is not CallState.ENDED
                and call.agent
            ):
                self._sits_in(call.id, call.agent, call.case)
        wanted: set[WorkId] = set()
        now = self._clock.now()
        for case in cases:
            if not isinstance(case, Case) or case.ask is None:
                continue
            wanted.add(case.ask.work)
            self._learn(case.ask)
            if case.ask.work not in self.works and not case.taken:
                self._line_up(case.ask, case=case.id, customer=case.customer, now=now)
            elif case.refused == case.ask.work:  # told before we stopped, and not heard
                self._give_back(case.ask.work, why="their phone did not take it")
        for work in list(self.works.values()):
            if work.id not in wanted and work.state is not WorkState.WRAPPING:
                self._try(WithdrawWork(key=self._next_key(), work=work.id, why="no longer wanted"))
        for agent in self.agents.values():
            if agent.screen and not self.is_connected(agent.id):
                self._expect(agent.id)
        self.bookings.rebuild(promises)
        self._mind_shifts()
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
        if event.ask.takes_over and event.ask.agent is not None and self._hand(event, event.ask.agent):
            return
        self._line_up(event.ask, case=event.case, customer=event.customer)
        self._match_work(event.ask.work)

    def _hand(self, event: WorkWanted, agent: AgentId) -> bool:
        """Give work to a lead who takes it over: they said yes by asking for it. Not where they took something else
        meanwhile."""
        known, kind = self.agents.get(agent), event.ask.requirement.kind
        is_there = kind == Channel.PHONE and (agent, event.case) in self._sitting_in.values()
        if known is None or self.matcher.load(agent, kind) - is_there >= known.room_for(kind):
            return False
        self._try(
            OfferWork(
                key=self._next_key(),
                work=event.ask.work,
                case=event.case,
                customer=event.customer,
                ask=event.ask,
                agent=agent,
                score=0.0,
                waiting=len(self.matcher) + 1,
                candidates=(f"{agent}: takes it over",),
            )
        )
        work = self.works.get(event.ask.work)
        if work is None or work.offer is None:
            return False
        actor = Actor(ActorKind.AGENT, agent)
        self._try(AcceptOffer(key=self._next_key(), offer=work.offer.id, work=work.id, agent=agent, actor=actor))
        return True

    def change(self, event: AskChanged) -> None:
        """A case wants the same work otherwise: first, in another language, before a deadline."""
        if event.ask.work not in self.works and self.matcher.waiting(event.ask.work) is None:
            return
        self._asks[event.ask.work] = event.ask
        self._line_up_again(event.ask.work)

    def withdraw(self, event: WorkWithdrawn) -> None:
        """A case wants no agent any more."""
        self.matcher.remove(event.work)
        self._forget(event.work)
        if event.work in self.works:
            key = self._next_key()
            command = WithdrawWork(key=key, work=event.work, why=event.why, goes_on=event.goes_on, unmet=event.unmet)
            self._try(command)

    def refuse(self, event: LegRefused) -> None:
        """An agent's own line came to nothing: the work goes to somebody else with its place."""
        self._give_back(event.work, why=event.why, stays=event.stays, to=event.to)
        if event.away:
            self._try(
                SetAgentState(
                    key=self._next_key(),
                    agent=event.agent,
                    state=AgentState.AWAY,
                    actor=Actor(ActorKind.SYSTEM),
                    why=f"{event.notice or NOT_ANSWERED}, so you were set away. Set yourself ready to go on.",
                )
            )

    def case_of(self, work: WorkId) -> CaseId | None:
        """The case whose work it is, waiting or held."""
        known = self.works.get(work) or self.matcher.waiting(work)
        return known.case if known is not None else None

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
        known = self.agents.get(agent)
        if known is not None and not known.screen:
            self._try(OpenScreen(key=self._next_key(), agent=agent))

    def stream_closed(self, agent: AgentId) -> None:
        """The last screen of an agent went: after `agents.lost_s` without one their offers are freed."""
        self._leases[agent] -= 1
        if self._leases[agent] <= 0:
            self._expect(agent)

    def _expect(self, agent: AgentId) -> None:
        """Without a screen for so long they are lost. The agent's document knows that there was one, so whoever had one
        when the service stopped is expected anew when it starts."""
        lost_at = Ms(self._clock.now() + self._means.policy.settings.agents.lost_s * SECOND_MS)
        self._deadlines.set(f"lost {agent}", lost_at, lambda: self._try(LoseAgent(key=self._next_key(), agent=agent)))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _give_back(self, id: WorkId, *, why: str, stays: bool = False, to: AgentId | None = None) -> None:
        work = self.works.get(id)
        if work is not None and work.agent is not None:
            self._try(
                GiveBackWork(
                    key=self._next_key(),
                    work=id,
                    agent=work.agent,
                    actor=Actor(ActorKind.SYSTEM),
                    why=why,
                    to=f"agent:{to}" if to is not None else None,
                    takes_over=to is not None,
                    stays=stays,
                )
            )

    def _next_key(self) -> str:
        self._key += 1
        return f"domain/{self._journal.last_seq}/{self._key}"

    def _try(self, command: DomainCommand) -> asyncio.Future[Stored] | None:
        """Do something of our own accord; where the moment has passed, nothing happens."""
        try:
            _, _, done = self._decide(command, None)
        except Rejected:
            return None
        return done

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
            case AddAgent() | ActivatePolicy() | CountRefused() | NoteToken():
                return {}
            case NoteLanguageDue() | NoteDeadlineDue() | RefuseSlot():
                return {}
            case SetStaffing():
                known = self.bookings.staffing
                return {known.id: known} if known is not None else {}
            case HoldSlot():
                return self._slot_slice(command.replaces) if command.replaces is not None else {}
            case FreeSlot() | NoteAtRisk():
                return self._slot_slice(command.slot)
            case SetAgentState() | LoseAgent() | OpenScreen():
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

    def _slot_slice(self, id: SlotId) -> State:
        slot = self.bookings.slot(id)
        return {slot.id: slot} if slot is not None else {}

    def _put(self, document: Document) -> None:
        if isinstance(document, Agent):
            self.agents[document.id] = document
            self._put_agent(document)
            self.bookings.put(document)
        elif isinstance(document, Work):
            self._put_work(document)
        else:
            self.bookings.put(document)

    def hear(self, batches: list[Stored]) -> None:
        """A lead who is in a conversation of others is on the phone: no other call is offered to them meanwhile."""
        for stored in batches:
            for event in stored.events:
                if isinstance(event, JoinAsked):
                    self._sits_in(event.call, event.agent, event.case)
                elif isinstance(event, CallEnded | LeadTookOver) and event.call in self._sitting_in:
                    agent, _ = self._sitting_in.pop(event.call)  # who took over has the work at hand instead
                    self.matcher.free(agent, Channel.PHONE, self._clock.now())
                    self._match_agent(agent)

    def _sits_in(self, leg: CallId, agent: AgentId, case: CaseId) -> None:
        if leg not in self._sitting_in and agent in self.agents:
            self._sitting_in[leg] = agent, case
            self.matcher.hold(agent, Channel.PHONE)

    def _put_agent(self, agent: Agent) -> None:
        """Nobody gets a new call that would pass the end of their shift: until then they are as somebody who has no
        phone."""
        ends = self.bookings.ends_of(agent)
        self.matcher.put_agent(replace(agent, phone=None) if ends.is_near else agent)
        if ends.changes_at is not None:
            self._deadlines.set(f"shift {agent.id}", ends.changes_at, lambda: self._mind_shift(agent.id))
        else:
            self._deadlines.clear(f"shift {agent.id}")

    def _mind_shift(self, id: AgentId) -> None:
        self._put_agent(self.agents[id])
        self._match_agent(id)

    def _mind_shifts(self) -> None:
        """Who will be there was said anew."""
        for id in sorted(self.agents):
            self._mind_shift(id)

    def _put_work(self, work: Work) -> None:
        before = self.works.get(work.id)
        kind = work.ask.requirement.kind
        held_before, held = _holder(before), _holder(work)
        if held_before != held:
            if held_before is not None:
                self._held[held_before].discard(work.id)
                self.matcher.free(held_before, kind, self._clock.now())
            if held is not None:
                self._held[held].add(work.id)
                self.matcher.hold(held, kind)
        if before is not None and before.offer is not None and before.offer != work.offer:
            self._offers.pop(before.offer.id, None)
            self._deadlines.clear(f"offer {work.id}")
        self.matcher.remove(work.id)
        if work.state is WorkState.DONE:
            self.works.pop(work.id, None)
            self._forget(work.id)
            self._deadlines.clear(f"again {work.id}")
            self._deadlines.clear(f"wrap {work.id}")
            return
        self.works[work.id] = work
        if work.offer is not None:
            self._watch_offer(work)
        elif work.state is WorkState.WAITING:
            self._put_in_line(work)
        elif work.state is WorkState.WRAPPING and work.wraps_until is not None:
            self._watch_wrap_up(work, work.wraps_until)

    def _watch_wrap_up(self, work: Work, until: Ms) -> None:
        """The policy gives agents so long to wrap up. The work's document knows until when, so a restart changes
        nothing."""
        assert work.agent is not None
        command = FinishWork(
            key=f"wrapped/{work.id}",
            work=work.id,
            agent=work.agent,
            outcome=TIME_OVER,
            actor=Actor(ActorKind.SYSTEM),
        )
        self._deadlines.set(f"wrap {work.id}", until, lambda: self._try(command))

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
        self._line_up(self._asks.get(work.id, work.ask), case=work.case, customer=work.customer, passed_by=passed)
        if passed and work.again_at is not None:
            self._deadlines.set(f"again {work.id}", work.again_at, lambda: self._line_up_again(work.id))

    def _line_up(
        self,
        ask: Ask,
        *,
        case: CaseId,
        customer: CustomerId,
        passed_by: tuple[AgentId, ...] = (),
        now: Ms | None = None,
    ) -> None:
        """Put work in line by what it requires at this moment; it is lined up again when that changes by itself.
        `now`: where many are lined up at once."""
        now = self._clock.now() if now is None else now
        found = relaxed(ask, now, is_held=self.matcher.is_held)
        only, _, kept_until = self._kept_for(ask, found.requirement, passed_by, now)
        turn, turns_at = turn_of(ask, now)
        for skill in found.missed:
            self._missed[skill].add(ask.work)
        self.matcher.add(
            Waiting(
                work=ask.work,
                case=case,
                customer=customer,
                ask=ask,
                requirement=found.requirement,
                reasons=(*ask.reasons, *found.taken),
                passed_by=passed_by,
                only=only,
                turn=turn,
            )
        )
        changes = [at for at in (found.next_at, kept_until, turns_at) if at is not None]
        if changes:
            self._deadlines.set(f"relax {ask.work}", min(changes), lambda: self._line_up_again(ask.work))
        if found.asks and ask.offered_language is None and ask.work not in self._proposed:
            self._deadlines.set(f"language {ask.work}", now, lambda: self._propose_language(ask.work))
        if ask.deadline_at is not None and turn == ORDINARY and now < ask.deadline_at:
            near_at = max(now, Ms(ask.deadline_at - BITES_MS))
            self._deadlines.set(f"deadline {ask.work}", near_at, lambda: self._propose_deadline(ask.work))

    def _kept_for(
        self, ask: Ask, requirement: Requirement, passed_by: tuple[AgentId, ...], now: Ms
    ) -> tuple[AgentId | None, tuple[str, ...], Ms | None]:
        """The one agent that work waits for, why (not), and until when.

        Whom a person named is waited for until they have been gone for the grace; who knows the case is waited for
        through the grace alone, while they are there and able."""
        grace_s = self._means.policy.settings.agents.sticky_s
        agent = self.agents.get(ask.agent or ask.knows or AgentId(""))
        if agent is None:
            return None, (), None
        if ask.agent is not None:
            gone = gone_at(agent)
            until = None if gone is None else Ms(max(gone, ask.asked_at) + grace_s * SECOND_MS)
            if until is None or now < until:
                return agent.id, (), until
            return None, (f"meant for {agent.id}, who has been gone for {grace_s} s: anybody may take it",), None
        until = Ms(ask.asked_at + grace_s * SECOND_MS)
        if now >= until or agent.id in passed_by:
            return None, (), None
        if not self._is_present(agent) or not self.matcher.meets(agent.id, requirement):
            return None, (f"the agent who knows the case is not there: {agent.id}",), None
        return agent.id, (), until

    def _is_present(self, agent: Agent) -> bool:
        """At work, and with a screen open if they ever had one."""
        is_here = agent.state in (AgentState.READY, AgentState.BUSY) and agent.asked is None
        return is_here and (not agent.screen or self.is_connected(agent.id))

    def _propose_language(self, id: WorkId) -> None:
        """Have the customer asked for a language that somebody here speaks; where nobody does, look again later."""
        waiting = self.matcher.waiting(id)
        language = waiting.requirement.language if waiting else None
        if waiting is None or language is None or waiting.ask.offered_language is not None:
            return
        at_hand = [one for one in self.matcher.languages_at_hand(waiting.requirement) if one != language]
        if not at_hand:
            again_at = Ms(self._clock.now() + LOOK_AGAIN_MS)
            self._deadlines.set(f"language {id}", again_at, lambda: self._propose_language(id))
            return
        usual = self._means.policy.phrases.language
        self._proposed.add(id)
        self._try(
            NoteLanguageDue(
                key=self._next_key(),
                work=id,
                case=waiting.case,
                customer=waiting.customer,
                language=language,
                other=usual if usual in at_hand else at_hand[0],
            )
        )

    def _propose_deadline(self, id: WorkId) -> None:
        """Have work go ahead for its customer's own deadline, where all who would be passed have time left."""
        waiting, now = self.matcher.waiting(id), self._clock.now()
        if waiting is None or waiting.turn != ORDINARY or waiting.ask.deadline_at is None:
            return
        place_at = waiting.ask.place_at
        passed = [head for head in self.matcher.heads() if head.turn == ORDINARY and head.ask.place_at < place_at]
        if now >= waiting.ask.deadline_at or not all(has_slack(head.ask, now) for head in passed):
            return
        why = "the customer can be reached only until then; those who are passed have time left"
        self._try(NoteDeadlineDue(key=self._next_key(), work=id, case=waiting.case, customer=waiting.customer, why=why))

    def _line_up_again(self, id: WorkId) -> None:
        """Less is required now, or those who passed it by may be asked again: nobody else has taken it."""
        self._stand_anew(id)
        self._match_work(id)

    def _stand_anew(self, id: WorkId) -> None:
        """Put waiting work in line by what it requires by now."""
        waiting = self.matcher.remove(id)
        if waiting is None:
            return
        work = self.works.get(id)
        if work is not None:
            self._put_in_line(work)
        else:
            ask = self._asks.get(id, waiting.ask)
            self._line_up(ask, case=waiting.case, customer=waiting.customer)

    def _learn(self, ask: Ask) -> None:
        """What a case wants by now, where its work was made before that."""
        work = self.works.get(ask.work)
        if work is not None and work.ask != ask:
            self._asks[ask.work] = ask
            if work.state is WorkState.WAITING:
                self._put_in_line(work)

    def _forget(self, work: WorkId) -> None:
        self._asks.pop(work, None)
        self._proposed.discard(work)
        for works in self._missed.values():
            works.discard(work)
        for what in ("again", "relax", "language", "deadline"):
            self._deadlines.clear(f"{what} {work}")

    def _match_after(self, touched: list[Document], before: State) -> None:
        """Give freed agents the longest waiter, and returned work the next free agent."""
        loose = {d.id for d in touched if isinstance(d, Work) and d.state is WorkState.WAITING}
        for document in touched:
            if isinstance(document, Agent):
                loose.update(self._let_loose(document, before))
        for agent in sorted({a for document in touched for a in _freed(document, before)}):
            self._match_agent(agent)  # first, for others may have waited longer than what comes back now
        still = [waiting for work in loose if (waiting := self.matcher.waiting(work)) is not None]
        for waiting in sorted(still, key=self._rank):  # several at once when an agent leaves: the longest wait first
            self._match_work(waiting.work)

    def _let_loose(self, agent: Agent, before: State) -> list[WorkId]:
        """Somebody's state changed: what waited for them alone, or for a skill that nobody present has any more (at
        that level), may not have to now; what went without a skill that they bring may not any more. It stands in line
        anew; returns it."""
        earlier = before.get(agent.id)
        if not isinstance(earlier, Agent) or (earlier.state, earlier.asked) == (agent.state, agent.asked):
            return []
        loose = self.matcher.meant_for(agent.id)
        if agent.state is AgentState.OFF:
            gone = [name for name, level in agent.skills if not self.matcher.is_held(name, level)]
            loose += self.matcher.requiring(gone)
        elif earlier.state is AgentState.OFF:
            loose += sorted(work for name, _ in agent.skills for work in self._missed.pop(name, ()))
        for work in loose:
            self._stand_anew(work)
        return loose

    def _rank(self, waiting: Waiting) -> tuple[int, float, Ms, WorkId]:
        ask = waiting.ask
        score = score_of(ask.requirement, ask.place_at, self._clock.now())
        return (-waiting.turn, -score, ask.place_at, waiting.work)

    def _match_work(self, id: WorkId) -> None:
        if not self._is_rebuilt:
            return
        if (match := self.matcher.for_work(id, self._clock.now())) is not None:
            self._offer(match)
        elif (waiting := self.matcher.waiting(id)) is not None and waiting.requirement.is_danger:
            self._make_way(waiting)

    def _make_way(self, danger: Waiting) -> None:
        """Nobody is free for danger: whoever has only been asked to take something else is asked for this instead."""
        found = [(len(self._held[id]), id, offers) for id in self.agents if (offers := self._in_the_way(id, danger))]
        for work in min(found, key=lambda one: one[:2])[2] if found else ():
            assert work.offer is not None
            self._try(
                EndOffer(
                    key=self._next_key(),
                    offer=work.offer.id,
                    work=work.id,
                    how="revoked",
                    actor=Actor(ActorKind.SYSTEM),
                    why="somebody is in danger",
                )
            )

    def _in_the_way(self, id: AgentId, danger: Waiting) -> list[Work]:
        """The offers, not accepted and of nothing dangerous, without which an agent could be asked for `danger`."""
        agent, kind = self.agents[id], danger.requirement.kind
        if agent.state is not AgentState.READY or not self._is_present(agent) or danger.only not in (None, id):
            return []
        if id in danger.passed_by or not self.matcher.meets(id, danger.requirement):
            return []
        interrupts = self._means.policy.settings.agents.interrupts
        beside = next((others for interrupting, others in interrupts.items() if interrupting == kind), ())
        hinders = [w for w in self.held_by(id) if (other := w.ask.requirement.kind) == kind or other not in beside]
        offers = [w for w in hinders if w.offer is not None and not w.ask.requirement.is_danger]
        others = [w for w in hinders if w not in offers]
        is_free = len(others) < agent.room_for(kind) and all(w.ask.requirement.kind == kind for w in others)
        return offers if is_free else []

    def _match_agent(self, id: AgentId) -> None:
        if not self._is_rebuilt:
            return
        while (match := self.matcher.for_agent(id, self._clock.now())) is not None:
            self._offer(match)

    def _offer(self, match: Match) -> None:
        self._faults.reach("matcher.before_offer")
        waiting, whose = match.waiting, match.waiting.ask.agent or match.waiting.ask.knows
        why: tuple[str, ...] = ()
        if match.agent != whose:  # asked now: who was not there when it was lined up may be by now
            now = self._clock.now()
            _, why, _ = self._kept_for(waiting.ask, waiting.requirement, waiting.passed_by, now)
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
            candidates=(*match.candidates, *why),
            overtakes=match.overtakes,
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
