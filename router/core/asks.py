"""What a case wants of an agent, changed while it waits: put first, another language, a deadline, coming back.

Work and place stay what they were. Language never goes without the customer's yes: they are asked once for each ask, in
their language, by the medium in use; whatever else they answer changes nothing.
"""

from policies.segments import segments_of
from router.core.choice import Way, choose_way, writer_of
from router.core.clock import Ms
from router.core.commands import SYSTEM, AnswerLanguage, PutFirst, SetDeadline
from router.core.context import Making
from router.core.documents import Ask, Case, Requirement
from router.core.errors import Reason, Rejected
from router.core.events import AskChanged, DeadlineDue, LanguageDue
from router.core.mailing import why_untold
from router.core.texts import queue_message, spent_until, withhold
from router.core.values import replace
from router.core.words import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, ActorKind, CaseId, CaseStatus, Channel

QUESTION = "language_question"
LIVE = ("phone",)
"""Kinds in which whoever is there is asked out loud."""


def put_first(making: Making, command: PutFirst) -> None:
    """A lead puts waiting work before everybody else. The reason stands on the case."""
    case = making.asking(command.case)
    ask = case.ask
    if ask is None or ask.work != command.work or case.taken or ask.first:
        raise Rejected(Reason.NOTHING_TO_DO, "work")
    making.emit(
        AskChanged(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            ask=replace(ask, first=True),
            what="put_first",
            author=command.actor.kind,
            author_id=command.actor.id,
            words=making.keep(command.reason, kind="note", owner=case.customer),
        )
    )


def set_deadline(making: Making, command: SetDeadline) -> None:
    """Note until when the customer can be reached; shortly before that they go ahead of those who have time left."""
    case = making.asking(command.case)
    if case.ask is None or case.ask.work != command.work or case.taken or case.ask.deadline_at == command.until:
        raise Rejected(Reason.NOTHING_TO_DO, "work")
    making.emit(
        AskChanged(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            ask=replace(case.ask, deadline_at=command.until),
            what="deadline_set",
            author=command.actor.kind,
            author_id=command.actor.id,
        )
    )


def move_ahead(making: Making, case: Case, event: DeadlineDue) -> None:
    """Go ahead of others for the customer's own deadline: once for a case and day."""
    ask = case.ask
    if ask is None or ask.early or (case.moved_at is not None and event.at - case.moved_at < DAY_MS):
        raise Rejected(Reason.NOTHING_TO_DO, "deadline")
    changed(making, case, replace(ask, early=True), at=event.at, what="deadline", reasons=(event.why,))


def ask_language(making: Making, case: Case, event: LanguageDue) -> None:
    """Ask the customer whether another language will do: in writing at once, on a live channel by whoever runs it.

    Where nothing can be written now, nothing was asked: a yes to something else gives up no language."""
    ask = case.ask
    if ask is None or case.taken or ask.offered_language is not None or ask.requirement.language != event.language:
        raise Rejected(Reason.NOTHING_TO_DO, "language")
    way = None
    if ask.requirement.kind not in LIVE and (way := _way_to_ask(making, case)) is None:
        return
    why = f"nobody who speaks {event.language} is free; asked whether {event.other} will do"
    changed(
        making, case, replace(ask, offered_language=event.other), at=event.at, what="language_asked", reasons=(why,)
    )
    if way is not None:
        text = language_question(making, ask.requirement, event.other)
        words = making.keep(text, kind="text", owner=case.customer)
        reasons = ("only they can say that another language will do",)
        queue_message(making, making.case(case.id), way, words, segments=segments_of(text), by=SYSTEM, reasons=reasons)


def language_question(making: Making, requirement: Requirement, other: str) -> str:
    """The question, in the customer's language."""
    policy, own = making.context.policy, requirement.language or ""
    names = {"own": policy.language_name(own, own), "other": policy.language_name(other, own)}
    return policy.phrase(QUESTION, own, **names)


def answer_language(making: Making, command: AnswerLanguage) -> None:
    """What the customer said to it. Raises Rejected where nothing was asked, or it was answered before."""
    case = making.asking(command.case)
    ask = case.ask
    if ask is None or case.taken or not is_asked(ask):
        raise Rejected(Reason.NOTHING_TO_DO, "language")
    if not command.yes:
        changed(
            making, case, ask, at=making.now, what="language_kept",
            reasons=("they keep their language, and their place",), author=ActorKind.CUSTOMER,
        )  # fmt: skip
        return
    other = ask.offered_language
    changed(
        making,
        case,
        replace(ask, requirement=replace(ask.requirement, language=other)),
        at=making.now,
        what="language_agreed",
        reasons=(f"they agreed to {other}",),
        author=ActorKind.CUSTOMER,
    )


def take_answer(making: Making, id: CaseId, text: str) -> bool:
    """Take words as the answer, where they are a yes and the question is open. True when they were."""
    case = making.asking(id)
    if case.ask is None or case.taken or not is_asked(case.ask) or not agrees(making, case.ask, text):
        return False
    answer_language(making, AnswerLanguage(key="", case=id, yes=True))
    return True


def agrees(making: Making, ask: Ask, text: str) -> bool:
    """Whether they say yes to the language that they are asked about."""
    own, other, policy = ask.requirement.language or "", ask.offered_language or "", making.context.policy
    return bool(text) and (policy.agrees(text) or policy.agrees_to_language(text, own=own, other=other))


def is_asked(ask: Ask) -> bool:
    """Whether the customer was asked for another language and has not agreed."""
    return ask.offered_language is not None and ask.requirement.language != ask.offered_language


def comeback(making: Making, case: Case, *, at: Ms, target_ms: int) -> tuple[Ms, tuple[str, ...]]:
    """The place of somebody who comes back at `at` on a matter that we had ended, and why. `case`: as it was before.

    Who answers our question does not come back: days of waiting for the customer give no place."""
    rules = making.context.policy.settings.cases
    ended = case.ask is None and (case.agent is not None or case.answered_at is not None)
    days = (at - case.changed_at) / DAY_MS
    if not ended or case.status is CaseStatus.WAITING_CUSTOMER or not 0 <= days <= rules.comeback_days:
        return at, ()
    credit = round(rules.comeback_credit * target_ms)
    if not credit:
        return at, ()
    why = f"came back within {rules.comeback_days} days: {_span(credit)} count as waited already"
    return Ms(at - credit), (why,)


def _span(ms: int) -> str:
    """How long, as people say it: 90 s, 48 min, 8 h."""
    if ms < 3 * MINUTE_MS:
        return f"{ms // SECOND_MS} s"
    return f"{ms // MINUTE_MS} min" if ms < 3 * HOUR_MS else f"{ms // HOUR_MS} h"


def changed(
    making: Making,
    case: Case,
    ask: Ask,
    *,
    at: Ms,
    what: str,
    reasons: tuple[str, ...],
    author: ActorKind = ActorKind.SYSTEM,
    status: CaseStatus | None = None,
) -> None:
    """Note that a case wants the same work otherwise, and why. `status`: where it stands from now on."""
    making.emit(
        AskChanged(
            case=case.id,
            customer=case.customer,
            at=at,
            entry=case.entries + 1,
            ask=ask,
            what=what,
            author=author,
            author_id=case.customer if author is ActorKind.CUSTOMER else None,
            reasons=reasons,
            status=status,
        )
    )


def _way_to_ask(making: Making, case: Case) -> Way | None:
    """The medium in use; None, and a note why, where it is closed to us or the day's texts are spent."""
    wanted = case.heard.channel if case.heard is not None and case.heard.channel is not Channel.PHONE else None
    sending = making.context.policy.settings.sending
    try:
        customer = making.customer(case.customer)
        way = choose_way(
            case, customer, wanted=wanted, numbers=making.context.senders, now=making.now, there=making.context.there
        ).way
    except Rejected as refused:
        withhold(making, case, what=QUESTION, why=f"cannot be written to: {refused.reason.value.replace('_', ' ')}")
        return None
    if writer_of(case) is not None:
        withhold(making, case, what=QUESTION, why="only somebody who takes part wrote, and people of ours answer them")
        return None
    if way.channel is Channel.EMAIL and (why := why_untold(making, case)):
        withhold(making, case, what=QUESTION, why=why)
        return None
    if spent_until(case, way.channel, now=making.now, sending=sending) is not None:
        withhold(making, case, what=QUESTION, why=f"{sending.texts_a_day} texts about this case went out within a day")
        return None
    return way
