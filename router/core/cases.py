"""What people do with a case: note, status, assignment; and what the customer's side learns of the work on it."""

from router.core import asks
from router.core.call_ends import work_closed
from router.core.call_parts import customer_of, drop_promise, own_promise, withdraw
from router.core.clock import Ms
from router.core.commands import AddNote, AssignCase, FoldWork, NoteMissing, SetStatus
from router.core.contacts import offered_before, relax_of, requirement_of
from router.core.context import Making
from router.core.documents import Ask, Case, Requirement
from router.core.errors import Fault, Reason, Rejected
from router.core.events import (
    CaseReopened,
    CaseStatusChanged,
    DeadlineDue,
    FileMissing,
    LanguageDue,
    NoteAdded,
    OfferEnded,
    RoutingNoted,
    WorkAccepted,
    WorkClosed,
    WorkFinished,
    WorkGivenBack,
    WorkOffered,
    WorkReturned,
    WorkTaken,
    WorkWanted,
)
from router.core.facts import facts_of_case, without_words
from router.core.legs import ring_agent
from router.core.place import since_of
from router.core.relax import LANGUAGE
from router.core.timeline import since_fact
from router.core.tree import tree_of
from router.core.values import replace
from router.core.words import (
    BY_A_PERSON,
    ActorKind,
    AgentId,
    CaseId,
    CaseStatus,
    Channel,
    VaultId,
    WorkId,
    named_rule,
)


def add_note(making: Making, command: AddNote) -> None:
    case, actor = making.case(command.case), command.actor  # taken apart, it stands with what it was said of
    words = making.keep(command.text, kind="note", owner=case.customer)
    _note(making, case, words, at=making.now, author=actor.kind, author_id=actor.id)


def _note(
    making: Making, case: Case, words: VaultId, *, at: Ms, author: ActorKind, author_id: AgentId | str | None
) -> None:
    making.emit(NoteAdded(case=case.id, at=at, entry=case.entries + 1, words=words, author=author, author_id=author_id))


def note_missing(making: Making, command: NoteMissing) -> None:
    """Whoever reads the case sees it before they ask for the file."""
    case = making.head(command.case)
    making.emit(FileMissing(case=case.id, at=making.now, entry=case.entries + 1, file=command.file))


def set_status(making: Making, command: SetStatus) -> None:
    """A person says where the case stands. Settled or waiting for the customer, it wants no agent any more."""
    case = making.head(command.case)
    check_version(case, command.if_version)
    making.emit(
        CaseStatusChanged(
            case=case.id,
            at=making.now,
            entry=case.entries + 1,
            status=command.status,
            author=command.actor.kind,
            author_id=command.actor.id,
            why=making.keep(command.reason, kind="note", owner=case.customer) if command.reason else None,
        )
    )
    wants = command.status in (CaseStatus.OPEN, CaseStatus.WAITING_US)
    for one in () if wants else tree_of(making.state, case):
        if one.ask is not None:
            withdraw(making, one, one.ask, why=f"case is {command.status}")
        drop_promise(making, one.id, why=f"case is {command.status}", untold=True)
    if wants and making.asking(case.id).ask is None:
        want_again(making, case.id, place_at=making.now)


def assign(making: Making, command: AssignCase) -> None:
    """Give the case to one agent or to a queue. Its place in line goes along."""
    check_version(making.head(command.case), command.if_version)
    case = making.asking(command.case)
    if not case.status.is_live:
        raise Rejected(Reason.CASE_CLOSED, case.ref)
    place_at, since_at, on_phone = making.now, making.now, False
    if case.ask is not None:
        place_at, since_at = case.ask.place_at, case.ask.waits_since
        on_phone = case.ask.requirement.channel is Channel.PHONE
        withdraw(making, case, case.ask, why="assigned to somebody else")
    if command.reason:
        add_note(making, AddNote(key="", case=making.head(case.id).id, text=command.reason, actor=command.actor))
    want_again(
        making,
        case.id,
        place_at=place_at,
        since_at=since_at,
        agent=command.agent,
        queue=command.queue,
        on_phone=on_phone,
        takes_over=command.takes_over,
    )


def fold_work(making: Making, command: FoldWork) -> None:
    """Take note of what the domain decided. Told twice, or of work no longer this case's, it changes nothing."""
    case = making.case(command.case)
    event = command.event
    entry = case.entries + 1
    if not isinstance(
        event, WorkOffered | OfferEnded | WorkAccepted | WorkFinished | WorkGivenBack | LanguageDue | DeadlineDue
    ):
        raise Fault(f"{type(event).__name__} is not for the customer's side")
    current = case.ask is not None and case.ask.work == event.work
    match event:
        case WorkOffered():
            making.emit(
                RoutingNoted(
                    case=case.id,
                    at=event.at,
                    entry=entry,
                    what="offered",
                    work=event.work,
                    agent=event.agent,
                    why=named_rule(event.ask.rule, event.ask.policy),
                    facts={
                        "score": event.score,
                        "waiting": event.waiting,
                        "place_at": event.ask.place_at,
                        **since_fact(event.ask),
                        "queue": event.ask.queue,
                        **({"overtakes": event.overtakes} if event.overtakes else {}),
                    },
                    candidates=event.candidates,
                )
            )
        case OfferEnded():
            making.emit(
                RoutingNoted(
                    case=case.id,
                    at=event.at,
                    entry=entry,
                    what=event.how,
                    work=event.work,
                    agent=event.agent,
                    why=event.why,
                    said=event.said,
                )
            )
        case WorkAccepted():
            if not current:
                raise Rejected(Reason.NOTHING_TO_DO, "work")
            making.emit(WorkTaken(case=case.id, at=event.at, entry=entry, work=event.work, agent=event.agent))
            ring_agent(making, making.case(case.id), event)
        case LanguageDue() | DeadlineDue() if not current:
            raise Rejected(Reason.NOTHING_TO_DO, "work")
        case LanguageDue():
            asks.ask_language(making, case, event)
        case DeadlineDue():
            asks.move_ahead(making, case, event)
        case WorkFinished():
            _fold_finish(making, case, event, current=current)
        case WorkGivenBack():
            is_other = not current and _waits_for_next(making, case, event)
            if not current and not is_other:
                raise Rejected(Reason.NOTHING_TO_DO, "work")
            making.emit(
                WorkReturned(
                    case=case.id,
                    at=event.at,
                    entry=entry,
                    work=event.work,
                    agent=event.agent,
                    why=event.why,
                    said=event.said,
                    author=event.author,
                    author_id=event.author_id,
                    words=event.note,
                    wraps=event.stays and event.to is None,
                    hands=event.stays and event.to is not None,
                )
            )
            place_at = case.ask.place_at if case.ask else event.at
            kind, _, name = (event.to or "").partition(":")
            want_again(
                making,
                case.id,
                place_at=place_at,
                since_at=case.ask.waits_since if case.ask else place_at,
                agent=AgentId(name) if kind == "agent" else None,
                queue=name if kind == "queue" else None,
                takes_over=event.takes_over,
                note=event.note,
                instead="handed on to somebody else instead" if is_other else "",
            )


def _waits_for_next(making: Making, case: Case, event: WorkGivenBack) -> bool:
    """Whether whoever handed a live call on is with the customer still, so that it may go to somebody else."""
    customer = customer_of(making, case)
    on_phone = case.ask is not None and case.ask.requirement.channel is Channel.PHONE
    return event.stays and on_phone and customer is not None and customer.work == event.work


def _fold_finish(making: Making, case: Case, event: WorkFinished, *, current: bool) -> None:
    let_go = work_closed(making, case, event.work, solved=event.outcome == "solved")
    if not current and event.work not in (case.wrapping, case.handing):
        if event.note is not None:  # other work has come since; what they say of this one is not lost
            _note(making, making.head(case.id), event.note, at=event.at, author=ActorKind.AGENT, author_id=event.agent)
        elif not let_go:  # they handed it on, stayed with the customer, and do not any more
            raise Rejected(Reason.NOTHING_TO_DO, "work")
        return
    case = making.case(case.id)
    making.emit(
        WorkClosed(
            case=case.id,
            at=event.at,
            entry=case.entries + 1,
            work=event.work,
            agent=event.agent,
            outcome=event.outcome,
            note=event.note,
        )
    )
    head = making.head(case.id)
    if event.outcome == "solved" and head.status.is_live and making.asking(case.id).ask is None:
        making.emit(
            CaseStatusChanged(
                case=head.id,
                at=event.at,
                entry=head.entries + 1,
                status=CaseStatus.SOLVED,
                author=ActorKind.AGENT,
                author_id=event.agent,
            )
        )
        drop_promise(making, case.id, why="the agent settled it", untold=True)
    own_promise(making, case.id)
    wrote = head.heard is not None and head.heard.at > event.at
    if head.heard is not None and wrote and making.asking(case.id).ask is None:  # they wrote after it was finished
        if event.outcome == "solved":
            making.emit(CaseReopened(case=head.id, at=head.heard.at))
        asked_at = case.ask.place_at if case.ask else event.at
        want_again(making, case.id, place_at=max(asked_at, event.at))  # the first of those words is not known any more


def want_again(
    making: Making,
    id: CaseId,
    *,
    place_at: Ms,
    since_at: Ms | None = None,
    agent: AgentId | None = None,
    queue: str | None = None,
    on_phone: bool = False,
    takes_over: bool = False,
    note: VaultId | None = None,
    instead: str = "",
) -> None:
    """Ask for an agent again without new words: as it asked last where it did, else by the rules.
    `since_at`: when they asked, where that is not their place.

    Whoever was in line on the phone (`on_phone`) stays there, whatever they wrote meanwhile. `instead`: why whoever was
    asked before is not asked any more; the note to them is not for anybody else."""
    case = making.asking(id)
    policy = making.context.policy
    on_phone = on_phone or (case.ask is not None and case.ask.requirement.channel is Channel.PHONE)
    channel = Channel.PHONE if on_phone else _written(case)
    facts = facts_of_case(case, now=making.now, heard=case.heard) | {"channel": channel.value}
    verdict = policy.route(facts)
    named = policy.queues.get(queue) if queue else None
    if queue and named is None:
        raise Rejected(Reason.NOT_FOUND, f"queue {queue}")
    last = case.ask or case.asked_as
    requirement = requirement_of(verdict, channel)
    if named is not None:
        requirement = _elsewhere(last.requirement if last else None, replace(requirement, skills=named.skills))
    elif case.ask is not None:
        requirement = case.ask.requirement
    elif last is not None:
        requirement = _as_before(last.requirement, requirement)
    ask = Ask(
        work=WorkId(making.context.ids.new("work")),
        place_at=place_at,
        queue=queue or (last.queue if last else case.queue),
        requirement=requirement,
        policy=policy.version,
        relax=(last.relax if last and not queue else _relax_elsewhere(last) if named else relax_of(verdict)),
        rule=BY_A_PERSON if agent or queue else (last.rule if last else verdict.rule),
        agent=agent,
        asked_at=making.now,
        knows=case.agent if agent is None and queue is None else None,
        first=case.ask.first if case.ask else False,
        due_at=case.ask.due_at if case.ask else None,
        deadline_at=case.ask.deadline_at if case.ask else None,
        offered_language=offered_before(case),
        reasons=case.ask.reasons if case.ask else (),
        written=case.ask is not None and case.ask.written,
        takes_over=takes_over,
        since_at=None if since_at is None else since_of(since_at, place_at),
        note=note or (case.ask.note if case.ask and not instead else None),
        stays=last is not None and last.stays and not (agent or queue),
        in_chat=case.ask.in_chat if case.ask is not None else None,
    )
    if instead and case.ask is not None:
        withdraw(making, case, case.ask, why=instead)
        case = making.case(case.id)
    making.emit(
        WorkWanted(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            ask=ask,
            matched=(),
            inputs=without_words(facts),
        )
    )


def _as_before(last: Requirement, now: Requirement) -> Requirement:
    """What was required last, by the channel in use now: an answer to a call has the time that a text has."""
    if last.kind == now.kind:
        return replace(last, channel=now.channel)
    return replace(now, skills=last.skills, language=last.language, rate=last.rate, priority=last.priority)


def _elsewhere(last: Requirement | None, now: Requirement) -> Requirement:
    """What is required in a queue that a person named: danger stays danger there, and their language goes only with
    their yes."""
    if last is None:
        return now
    urgent = replace(now, rate=last.rate, priority=last.priority) if last.is_danger else now
    return replace(urgent, language=last.language or urgent.language)


def _relax_elsewhere(last: Ask | None) -> tuple[tuple[int, str], ...]:
    """Of what they may be asked to give up, their language alone goes along to another queue."""
    return tuple((after_ms, drop) for after_ms, drop in last.relax if drop == LANGUAGE) if last else ()


def _written(case: Case) -> Channel:
    """The channel of whoever is not on the line: where they wrote last, never the phone that they called from once."""
    for channel in (case.heard and case.heard.channel, case.ask and case.ask.requirement.channel):
        if channel is not None and channel is not Channel.PHONE:
            return channel
    return Channel.SMS


def check_version(case: Case, expected: int | None) -> None:
    if expected is not None and expected != case.version:
        raise Rejected(Reason.STALE_VERSION, f"version {case.version}")
