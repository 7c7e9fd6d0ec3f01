"""What must hold after every batch of the log, and so for every prefix of it.

Each is written from the promise, not from the code that keeps it. Numbers: 0 the service does not fall over, 1 what is
answered is durable, 2 nothing is lost, 3 nothing is there twice, 4 memory equals the fold of the log, 5 every prefix
folds, 7 final states stay, 8 one customer and one open case, 9 and 10 each contact stands and counts on one case, 11 a
place never gets younger, 12 nobody overtakes, 13 capacity, 14 no reservation outlives its time, 15 nobody waits for
ever, 16 whoever has aged more goes first, 20 stop means stop, 21 sent once, 24 only what was sent becomes a contact, 27
who was erased is gone, 29 every decision says why, 30 everything goes by the one policy that is live, 31 no timer is
early, 32 a wait that is said holds as often as it claims, 33 nothing is left over, 35 it comes back, 37 one writer, 39
streams without gap or repeat, 41 quiet when nothing happens. On the phone besides: 6 a late turn does nothing, 17 a
promise is kept or owned, or broken with somebody told, 18 one dial at a time, 38 nobody is recorded who has not heard
of it or said no, and, beyond the catalogue, 43 nobody is left in silence or alone, 44 nobody is rung or put through
before an agent pressed a key, 45 junk asks for nobody and nobody with an open case or a promise is junk. 28: no card
number is in the log. Where two routing domains stand side by side, 26 besides: nothing of one is written down, shown or
believed at the other, and all of these hold at each by itself, whatever ids come to both (fault 22).
"""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from router.core.documents import Agent, Ask, Call, Case, Customer, Message, Requirement, State, Work
from router.core.events import (
    AskChanged,
    CallEnded,
    CallRecorded,
    CallSaid,
    CaseOpened,
    CasesMerged,
    CaseSplit,
    CaseStatusChanged,
    ConsentChanged,
    ContactReceived,
    ContactReleased,
    ContactSetAside,
    CustomerCreated,
    CustomerErased,
    CustomersUnmerged,
    Event,
    MessageAttempted,
    MessageDelivered,
    MessageFailed,
    MessageLost,
    MessageQueued,
    MessageReleased,
    MessageRetryPlanned,
    MessageSent,
    OfferEnded,
    SplitUndone,
    WorkAccepted,
    WorkClosed,
    WorkDropped,
    WorkFinished,
    WorkGivenBack,
    WorkOffered,
    WorkTaken,
    WorkWanted,
    WorkWithdrawn,
)
from router.core.messages import UNANSWERED_MAX
from router.core.words import MINUTE_MS, ActorKind, AgentState, CallRole, Channel
from tests.simulation.call_watch import CallWatch
from tests.simulation.folder import MAIL_FOR_MIN
from tests.simulation.log import Judge, Taken
from tests.simulation.mail_watch import MailWatch
from tests.simulation.policy_watch import PolicyWatch
from tests.simulation.wait_watch import WaitWatch

FINAL = {"delivered": 3, "failed": 3, "read": 4}
EARLY = {"queued": 0, "sending": 1, "unknown": 1, "sent": 2}
RANK = {**EARLY, **FINAL}
LOOKUP_MS = 120_000
STICKY_MS = 20_000
AGED_ALIKE = 1e-6
STARTING_MS = 30_000
"""A process that has just begun puts the waiting in line one by one, and offers to those who are free meanwhile."""


@dataclass(slots=True)
class Line:
    """A piece of work that a case wants done, as the log tells it."""

    ask: Ask
    case: str
    seq: int
    at: int
    waits: bool = True
    passed_by: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Open:
    agent: str
    work: str
    expires_at: int


def can_do(agent: Agent, wanted: Requirement) -> bool:
    """Whether an agent has all that is required, before anything of it is given up."""
    levels = dict(agent.skills)
    speaks = wanted.language is None or wanted.language in agent.languages
    return agent.room_for(wanted.kind) > 0 and speaks and all(levels.get(s, 0) >= n for s, n in wanted.skills)


def aged(ask: Ask, at: int) -> float:
    """How far somebody has come in line: 1.0 when the target is reached at rate 1 and priority 0."""
    wanted = ask.requirement
    return wanted.rate * (1 + wanted.priority) * (at - ask.place_at) / wanted.target_ms


def root_in(state: State, customer: str) -> str:
    """Under whom a customer stands."""
    found = state.get(customer)
    while isinstance(found, Customer) and found.joined is not None:
        found = state.get(found.joined.into)
    return found.id if isinstance(found, Customer) else customer


class JunkSight(Protocol):
    """Looks at what is set aside."""

    count: int
    released: int

    def look(self, before: State, event: Event) -> None: ...


@dataclass
class Watch:
    """Looks at every batch. `sent_by`: who sent the message of a provider's id, None when nobody did.
    `known_at`: up to which number the matcher had heard of the log when it made an offer."""

    judge: Judge
    calls: CallWatch
    said_waits: WaitWatch
    policies: PolicyWatch
    sent_by: Callable[[str], str | None]
    is_at_provider: Callable[[str], bool]
    known_at: dict[str, int]
    nothing_breaks: bool = False
    contacts: int = 0
    cases_of: dict[str, str] = field(default_factory=dict)  # provider's key -> case
    customer_of: dict[str, str] = field(default_factory=dict)  # person -> customer
    lines: dict[str, Line] = field(default_factory=dict)
    offers: dict[str, Open] = field(default_factory=dict)
    held: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    attempts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    released: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unknown: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    provider_ids: dict[str, str] = field(default_factory=dict)
    mail: MailWatch | None = None
    junk: JunkSight | None = None
    unattended: dict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))
    waits: list[int] = field(default_factory=list)
    rows: dict[tuple[str, int], int] = field(default_factory=dict)  # contacts, by where they stand: when they came
    joined: set[str] = field(default_factory=set)  # cases that were ever joined or split: places go with their side

    def look(self, batch: Taken, after: State) -> None:
        self.calls.look(batch, after)
        self.said_waits.look(batch)
        self.policies.look(batch)
        if self.mail is not None:
            self.mail.look(batch, batch.before)
        for seq, (before, event) in enumerate(zip(batch.steps, batch.events, strict=True), start=batch.first):
            if self.junk is not None:
                self.junk.look(before, event)
            match event:
                case ContactSetAside():
                    self.unattended[event.case].clear()
                case ContactReleased():
                    self._let_out(before, event)
                case ContactReceived() | CustomerCreated() | CaseOpened() | ConsentChanged():
                    self._arrived(batch, before, event)
                case WorkWanted():
                    self._wanted(before, event, seq)
                case CasesMerged():
                    self.joined |= {event.case, event.into}
                case CustomersUnmerged():
                    self._apart(after, event)
                case CaseSplit() | SplitUndone():
                    self.joined |= {event.case, event.into}
                    self._split(event)
                case CallSaid() | CallRecorded():
                    self._asked(before, event)
                case CallEnded():
                    self._hung_up(before, event)
                case AskChanged() if event.ask.work in self.lines:
                    line = self.lines[event.ask.work]
                    line.seq = line.seq if event.ask.place_at == line.ask.place_at else seq
                    line.ask = event.ask
                case WorkWithdrawn():
                    self.lines.pop(event.work, None)
                case WorkTaken():
                    pass
                case CustomerErased():
                    self._erased(before, event)
                case WorkClosed() | CaseStatusChanged():
                    if isinstance(event, WorkClosed) or event.author is ActorKind.AGENT:
                        self._attended(event.case, event.at)
                case WorkOffered():
                    self._offered(before, event)
                case OfferEnded() | WorkAccepted():
                    self._offer_ended(event)
                case WorkFinished() | WorkGivenBack() | WorkDropped():
                    self._freed(event.work)
                case MessageQueued():
                    if event.moved_from is not None:
                        self._moved(before.get(event.moved_from), event)
                    elif event.author is ActorKind.AGENT:
                        self._attended(event.case, event.at)
                case (
                    MessageAttempted()
                    | MessageSent()
                    | MessageDelivered()
                    | MessageFailed()
                    | MessageLost()
                    | MessageRetryPlanned()
                    | MessageReleased()
                ):
                    self._message(before, event)
                case _:
                    pass

    # --- contacts -----------------------------------------------------------------------------------------------------

    def _arrived(
        self, batch: Taken, before: State, event: ContactReceived | CustomerCreated | CaseOpened | ConsentChanged
    ) -> None:
        match event:
            case ContactReceived():
                self._contact(batch.command.key, event, before)
            case CaseOpened():
                live = [d for d in before.values() if isinstance(d, Case) and d.is_head and d.status.is_live]
                live = [d for d in live if root_in(before, d.customer) == root_in(before, event.customer)]
                parts = [e.case for e in batch.events if isinstance(e, CasesMerged)]  # it goes on in the one there is
                on_purpose = batch.command.kind in ("OpenCase", "SplitCase")  # a matter of its own, somebody says
                if live and not on_purpose and event.case not in parts and not _is_another(batch, event, live):
                    self.judge.broken(8, f"{event.case} was opened beside {live[0].id} of the same customer")
            case ConsentChanged():  # a bare order to stop or start asks nothing of anybody
                if self.unattended[event.case] and batch.command.kind == "TakeContact":
                    self.unattended[event.case].pop()
            case _:
                pass

    def _contact(self, key: str, event: ContactReceived, before: State) -> None:
        self.contacts += 1
        if event.letter is not None:
            self._mail_came(key, event, before)
            return
        person = self.sent_by(key)
        if person is None:
            self.judge.broken(24, f"{key} became a contact, and nobody had sent it")
            return
        if key in self.cases_of:
            self.judge.broken(3, f"{key} became two contacts")
        self.cases_of[key] = event.case
        self._stands_with_its_own(event, before)
        if self.customer_of.setdefault(person, event.customer) != event.customer:
            self.judge.broken(8, f"{person} became two customers")
        if event.channel is Channel.PHONE and not event.late:
            return  # they are on the line, and say for themselves whether they want something
        self._asked(before, event)

    def _let_out(self, before: State, event: ContactReleased) -> None:
        """Whoever was junk by mistake waits since they came."""
        case = before.get(event.case)
        if isinstance(case, Case):
            self.unattended[event.case].append(case.opened_at)

    def _mail_came(self, key: str, event: ContactReceived, before: State) -> None:
        """Whose it is, and whether it may stand there, the mail's own watch says."""
        if key in self.cases_of:
            self.judge.broken(3, f"{key} became two contacts")
        self.cases_of[key] = event.case
        if self.mail is not None and not self.mail.is_from_machine(event):
            self._asked(before, event)

    def _stands_with_its_own(self, event: ContactReceived, before: State) -> None:
        """Whoever is taken for whom, words stand on a case of the customer whose address they came from."""
        self.rows[event.case, event.entry] = event.at
        case, customer = before.get(event.case), before.get(event.customer)
        if isinstance(case, Case) and case.customer != event.customer:
            self.judge.broken(25, f"{event.contact} of {event.customer} stands with {case.customer}")
        if isinstance(customer, Customer) and customer.address(event.address) is None:
            self.judge.broken(24, f"{event.contact} came from an address that is not {event.customer}'s")

    def _apart(self, after: State, event: CustomersUnmerged) -> None:
        """Once two are told apart, no case of one goes on in a case of the other."""
        for case in [d for d in after.values() if isinstance(d, Case) and d.joined is not None]:
            parent = after.get(case.joined.into) if case.joined else None
            if isinstance(parent, Case) and root_in(after, case.customer) != root_in(after, parent.customer):
                self.judge.broken(25, f"{case.id} goes on in {parent.id}, and {event.customer} was told apart")

    def _split(self, event: CaseSplit | SplitUndone) -> None:
        """What waits goes along with its words, and back."""
        gone = [self.rows[row] for row in event.entries if row in self.rows]
        of, to = (event.case, event.into) if isinstance(event, CaseSplit) else (event.into, event.case)
        went = [at for at in gone if at in self.unattended[of]]
        self.unattended[of] = deque(at for at in self.unattended[of] if at not in went)
        self.unattended[to] = deque(sorted((*self.unattended[to], *went)))

    def _asked(self, before: State, event: ContactReceived | CallSaid | CallRecorded) -> None:
        """What was missed and came late stands where it came."""
        case = before.get(event.case)
        customer = before.get(case.customer) if isinstance(case, Case) else None
        if isinstance(customer, Customer) and customer.erased_at is not None:
            return  # the last words of a call that ended with the erasure; whoever calls again is somebody new
        place_at = case.ask.place_at if isinstance(case, Case) and case.ask else event.at
        self.unattended[event.case].append(max(event.at, place_at))

    def _hung_up(self, before: State, event: CallEnded) -> None:
        """Whoever talked to an agent was attended to."""
        call = before.get(event.call)
        if isinstance(call, Call) and event.role is CallRole.CUSTOMER and call.work is not None and call.answered_at:
            self._attended(event.case, event.at)

    def _erased(self, before: State, event: CustomerErased) -> None:
        """Nobody is owed anything any more, and whoever writes next is somebody new."""
        self.customer_of = {who: customer for who, customer in self.customer_of.items() if customer != event.customer}
        for case in (d.id for d in before.values() if isinstance(d, Case)):
            self.unattended[case].clear()

    def _attended(self, case: str, at: int) -> None:
        left = [a for a in self.unattended[case] if a > at]
        self.unattended[case] = deque(left)

    # --- work ---------------------------------------------------------------------------------------------------------

    def _wanted(self, before: State, event: WorkWanted, seq: int) -> None:
        ask, owed = event.ask, self.unattended[event.case]
        if ask.policy < 1 or not ask.rule:
            self.judge.broken(29, f"{ask.work} was routed by no rule of no policy")
        case = before.get(event.case)
        promised = isinstance(case, Case) and case.promise is not None  # the call that they are promised has its place
        if event.case in self.joined:
            promised = True
        if owed and ask.place_at > owed[0] and ask.requirement.channel is not Channel.PHONE and not promised:
            self.judge.broken(11, f"the place of {event.case} got {ask.place_at - owed[0]} ms younger")
        self.lines[ask.work] = Line(ask=ask, case=event.case, seq=seq, at=event.at)

    def _offered(self, before: State, event: WorkOffered) -> None:
        line, agent = self.lines.get(event.work), before.get(event.agent)
        if line is not None:
            if event.ask.place_at != line.ask.place_at and event.case not in self.joined:
                self.judge.broken(11, f"{event.work} lost its place")
            self._overtaking(before, event)
            line.waits = False
        known = before.get(event.work)
        if isinstance(known, Work) and known.state != "waiting":
            self.judge.broken(13, f"{event.work} was offered while it was {known.state}")
        asked_for_it = (
            event.ask.takes_over and event.ask.agent == event.agent
        )  # a lead who takes over need not be ready
        is_ready = isinstance(agent, Agent) and agent.state is AgentState.READY and agent.asked is None
        if not isinstance(agent, Agent) or not (is_ready or asked_for_it):
            self.judge.broken(13, f"{event.work} was offered to somebody who takes nothing")
            return
        kind = event.ask.requirement.kind
        self.held[event.agent][event.work] = kind
        load = sum(k == kind for k in self.held[event.agent].values())
        if load > agent.room_for(kind):
            self.judge.broken(13, f"{event.agent} holds {load} of {kind}, more than fit")
        if event.expires_at <= event.at:
            self.judge.broken(31, f"{event.offer} was over before it began")
        self.offers[event.offer] = Open(event.agent, event.work, event.expires_at)

    def _overtaking(self, before: State, event: WorkOffered) -> None:
        """Somebody of the same class stood before, was known to the matcher and could have gone to this agent."""
        if event.ask.agent is not None or any("required" in why for why in event.candidates):
            return
        known = self.known_at.pop(event.offer, 0)
        is_promised = event.ask.due_at is not None  # a time that they were told goes first when it is due
        if is_promised or self._is_kept(event.ask, event.agent, event.at):
            return
        self._starving(before, event, known)
        mine = (event.ask.place_at, event.work)
        for work, line in self.lines.items():
            if (
                line.waits
                and line.seq <= known
                and line.ask.agent is None
                and line.ask.requirement == event.ask.requirement
                and line.ask.relax == event.ask.relax
                and (line.ask.place_at, work) < mine
                and event.agent not in line.passed_by
                and (line.ask.knows is None or not self._is_kept(line.ask, line.ask.knows, event.at))
            ):
                self.judge.broken(12, f"{event.work} went before {work}, which had waited longer for the same")

    def _starving(self, before: State, event: WorkOffered, known: int) -> None:
        """Whoever has aged more by the policy's own rule, of whatever skills, goes first to an agent who can do both."""
        agent, theirs = before.get(event.agent), event.ask.requirement
        if not self.nothing_breaks or any(event.at < began + STARTING_MS for began in self.calls.began()):
            return
        for work, line in self.lines.items():
            wanted = line.ask.requirement
            if (
                line.waits
                and line.seq <= known
                and line.ask.agent is None
                and wanted.kind == theirs.kind
                and wanted != theirs
                and wanted.priority == theirs.priority
                and isinstance(agent, Agent)
                and can_do(agent, wanted)
                and event.agent not in line.passed_by
                and (line.ask.knows is None or not self._is_kept(line.ask, line.ask.knows, event.at))
                and aged(line.ask, event.at) > aged(event.ask, event.at) + AGED_ALIKE
            ):
                self.judge.broken(16, f"{event.work} went before {work}, which had aged more")

    def _is_kept(self, ask: Ask, agent: str, at: int) -> bool:
        """Whether work is still kept for the agent who knows its case."""
        return ask.knows == agent and at <= ask.asked_at + STICKY_MS

    def _offer_ended(self, event: OfferEnded | WorkAccepted) -> None:
        offer = self.offers.pop(event.offer, None)
        if offer is None or offer.work != event.work or offer.agent != event.agent:
            self.judge.broken(14, f"{event.offer} ended without having been open")
            return
        if isinstance(event, WorkAccepted):
            if event.at >= offer.expires_at:
                self.judge.broken(31, f"{event.offer} was accepted after it had run out")
            self.waits.append(event.at)
            return
        if event.how == "expired" and event.at < offer.expires_at:
            self.judge.broken(31, f"{event.offer} ran out {offer.expires_at - event.at} ms before its time")
        self._freed(event.work)
        if (line := self.lines.get(event.work)) is not None:
            line.waits = True
            if event.how != "revoked":
                line.passed_by.add(event.agent)

    def _freed(self, work: str) -> None:
        for held in self.held.values():
            held.pop(work, None)

    # --- messages -----------------------------------------------------------------------------------------------------

    def _message(
        self,
        before: State,
        event: MessageAttempted
        | MessageSent
        | MessageDelivered
        | MessageFailed
        | MessageLost
        | MessageRetryPlanned
        | MessageReleased,
    ) -> None:
        message = before.get(event.message)
        if not isinstance(message, Message):
            return
        match event:
            case MessageAttempted():
                self._attempted(before, message, event)
                return
            case MessageSent():
                owner = self.provider_ids.setdefault(event.provider_id, message.id)
                if owner != message.id:
                    self.judge.broken(21, f"{event.provider_id} was taken for {owner} and for {message.id}")
                rank = RANK["sent"]
            case MessageDelivered():
                rank = RANK[event.state]
            case MessageFailed():
                rank = RANK["failed"]
            case MessageLost() if message.channel is Channel.EMAIL:  # sent anew under one id, and asked for nowhere
                if message.attempts < UNANSWERED_MAX and event.at < message.queued_at + MAIL_FOR_MIN * MINUTE_MS:
                    self.judge.broken(31, f"{message.id} was given up before its time")
                return
            case MessageLost():
                if message.attempted_at is None or event.at < message.attempted_at + LOOKUP_MS:
                    self.judge.broken(31, f"{message.id} was given up before its time")
                self._not_found(message.id)
                return
            case MessageRetryPlanned():
                if event.error == "outcome unknown":
                    self._not_found(message.id)
                return
            case MessageReleased():
                self.released[message.id] += 1
                return
        if rank < RANK[message.state] or (message.state in FINAL and rank == RANK[message.state]):
            self.judge.broken(7, f"{message.id} went from {message.state} back by {type(event).__name__}")

    def _moved(self, first: object, event: MessageQueued) -> None:
        """An agent's words go out on one other way, and only once they have failed on theirs."""
        if not isinstance(first, Message) or first.state != "failed":
            self.judge.broken(21, f"{event.message} carries words that did not fail")
        elif first.moved_from is not None or first.moved_to is not None:
            self.judge.broken(21, f"{event.message} carries words that were moved on before")

    def _not_found(self, message: str) -> None:
        """The service says that the provider does not have it."""
        self.unknown[message] += 1
        if self.is_at_provider(message):
            self.judge.broken(21, f"{message} was given up, and the provider has it")

    def _attempted(self, before: State, message: Message, event: MessageAttempted) -> None:
        self.attempts[message.id] += 1
        if message.due_at is not None and event.at < message.due_at:
            self.judge.broken(31, f"{message.id} was tried {message.due_at - event.at} ms before its time")
        if message.state != "queued":
            self.judge.broken(21, f"{message.id} was tried while it was {message.state}")
        customer = before.get(message.customer)
        address = customer.address(message.address) if isinstance(customer, Customer) else None
        if address is not None and message.channel in address.blocked:
            self.judge.broken(20, f"{message.id} was sent although they had said stop")


def _is_another(batch: Taken, opened: CaseOpened, live: list[Case]) -> bool:
    """Whether a contact opened a case because it is about something else, or fits several: with those as candidates."""
    links = [e.link for e in batch.events if isinstance(e, ContactReceived) and e.case == opened.case]
    candidates = {candidate.case for candidate in opened.candidates}
    if links == ["new_matter"]:
        return not candidates.isdisjoint(case.id for case in live)
    return links == ["unsure"] and len(candidates & {case.id for case in live}) > 1
