"""One short question: which of their open matters is it? Asked where only the answer tells who gets it.

Its one rule: it is asked once, in the medium in use, and on less than strong evidence it names nothing: neither case,
nor subject, nor how many there are. No answer is an answer too: the case stays as it is, with its candidates.
"""

from policies.segments import segments_of
from router.core.choice import Way, refusal_of
from router.core.commands import SYSTEM
from router.core.context import Making
from router.core.documents import Ask, Case, Question
from router.core.events import ContactReceived, MatterAnswered, MatterAsked, WorkWanted, WorkWithdrawn
from router.core.linking import choice_in, may_ask
from router.core.texts import queue_message, spent_until
from router.core.values import replace
from router.core.words import CaseId, Evidence, WorkId

CHOICES_MAX = 3
"""Cases that are named; a text is short."""
SURE = (Evidence.STRONG, Evidence.PROOF)


def ask_which(making: Making, received: ContactReceived) -> None:
    """Ask which matter it is, where a contact fitted several and it makes a difference who gets it."""
    if not received.late:
        way = Way(received.channel, received.address, received.via)
        ask_on(making, making.case(received.case), way, is_named=received.evidence in SURE)


def ask_on(making: Making, case: Case, way: Way, *, is_named: bool) -> None:
    """Ask it about a case with candidates, by the way that their words came. `is_named`: it is surely them."""
    settings = making.context.policy.settings
    if not settings.cases.ask_which or not may_ask(way.channel) or case.taken or case.question is not None:
        return
    choices = _choices(making, case, is_named=is_named)
    customer = making.customer(case.customer)
    if not choices or refusal_of(way, customer, now=making.now) is not None:
        return
    if spent_until(case, way.channel, now=making.now, sending=settings.sending) is not None:
        return
    question = Question(at=making.now, choices=choices, named=is_named)
    making.emit(
        MatterAsked(case=case.id, customer=case.customer, at=making.now, entry=case.entries + 1, question=question)
    )
    text = _spoken(making, question, case.language or "")
    words = making.keep(text, kind="text", owner=case.customer)
    reasons = ("only they can say which of their matters it is",)
    queue_message(making, making.case(case.id), way, words, segments=segments_of(text), by=SYSTEM, reasons=reasons)


def _choices(making: Making, case: Case, *, is_named: bool) -> tuple[CaseId | None, ...]:
    """What each number stands for; none where the answer would change nothing, or could not be understood."""
    found = [making.state.get(one.case or "") for one in case.candidates]
    others = [other for other in found if isinstance(other, Case)]
    people = {_goes_to(other) for other in others}
    if not others or people == {_goes_to(case)}:
        return ()
    if is_named:
        return (*(other.id for other in others[:CHOICES_MAX]), None)
    return (others[0].id, None) if len(people) == 1 else ()


def _goes_to(case: Case) -> tuple[object, ...]:
    """Who gets it: the queue, and the skills it takes."""
    return (case.ask.queue, case.ask.requirement.skills) if case.ask is not None else (case.queue, ())


def _spoken(making: Making, question: Question, language: str) -> str:
    policy = making.context.policy
    if not question.named:
        return policy.phrase("which_matter_unproved", language)
    refs = [making.case(id).ref for id in question.choices if id is not None]
    named = ", ".join(f"{n} = {ref}" for n, ref in enumerate(refs, start=1))
    return policy.phrase("which_matter", language, choices=named, last=str(len(question.choices)))


def take_answer(making: Making, id: CaseId, text: str) -> bool:
    """Take words as the answer, where the question is open: a number, or words or a reference for it. True when they
    were."""
    case = making.case(id)
    n = choice_in(making, case, text)
    if n is None or case.question is None:
        return False
    chosen = case.question.choices[n - 1]
    making.emit(
        MatterAnswered(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            chosen=chosen,
            named=case.question.named,
        )
    )
    other = making.state.get(chosen or "")
    if isinstance(other, Case) and not case.question.named:
        _go_where(making, making.case(id), other)
    return True


def _go_where(making: Making, case: Case, other: Case) -> None:
    """It goes to those who have the other matter, its place kept. What an agent has in hand stays there."""
    ask = case.ask
    if ask is None or case.taken or _goes_to(case) == _goes_to(other):
        return
    why = "they said which matter it is"
    making.emit(WorkWithdrawn(case=case.id, customer=case.customer, at=making.now, work=ask.work, why=why))
    case = making.case(case.id)
    making.emit(
        WorkWanted(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            ask=_moved(making, ask, other),
            matched=(why,),
        )
    )


def _moved(making: Making, ask: Ask, other: Case) -> Ask:
    queue = other.ask.queue if other.ask is not None else other.queue
    named = making.context.policy.queues.get(queue)
    needs = other.ask.requirement.skills if other.ask is not None else (named.skills if named else ())
    return replace(
        ask,
        work=WorkId(making.context.ids.new("work")),
        queue=queue,
        requirement=replace(ask.requirement, skills=needs),
        relax=other.ask.relax if other.ask is not None else (),
        knows=other.agent,
        asked_at=making.now,
    )
