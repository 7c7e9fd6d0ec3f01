"""Asks changed while they wait: each change once, only by whom it belongs to, and told twice it changes nothing."""

from collections.abc import Callable

import pytest

from policies import default_policy_files, parse_policies
from router.core import asks
from router.core.addresses import Address, AddressFacts, AddressKind
from router.core.cases import want_again
from router.core.clock import Ms
from router.core.commands import AnswerLanguage
from router.core.context import Context, Making
from router.core.documents import Ask, Case, Customer, Reached, Requirement
from router.core.errors import Rejected
from router.core.events import DeadlineDue, LanguageDue, MessageQueued, TextWithheld
from router.core.values import replace
from router.core.words import DAY_MS, HOUR_MS, AddressId, CaseId, CaseStatus, Channel, CustomerId, Ids, WorkId

NOW = Ms(1_790_000_000_000)
POLICY = parse_policies(default_policy_files(), 1)
HERS = AddressId("adr_1")
ASK = Ask(
    work=WorkId("work_1"),
    place_at=NOW,
    queue="general",
    requirement=Requirement(channel=Channel.SMS, language="de"),
    policy=1,
    rule="german",
)
DUE = LanguageDue(work=ASK.work, case=CaseId("case_1"), customer=CustomerId("cus_1"), at=NOW, language="de", other="en")
NEAR = DeadlineDue(work=ASK.work, case=CaseId("case_1"), customer=CustomerId("cus_1"), at=NOW, why="until three")


def making(ask: Ask = ASK, *, now: Ms = NOW, **changes: object) -> Making:
    facts = AddressFacts(kind=AddressKind.PHONE, country="DE", dialable=True)
    address = Address(id=HERS, facts=facts)
    customer = Customer(id=CustomerId("cus_1"), version=1, opened_at=NOW, addresses=(address,))
    case = Case(
        id=CaseId("case_1"), version=1, ref="A", status=CaseStatus.OPEN, customer=customer.id, queue="general",
        opened_at=NOW, changed_at=NOW, ask=ask,
    )  # fmt: skip
    case = replace(case, **changes)
    context = Context(
        now=now, ids=Ids(secret=b"k" * 32, key="k", at=now), policy=POLICY, case_number=lambda: 0, reference_offset=7,
        facts_of=lambda _: facts, senders={Channel.SMS: "+14155550100"},
    )  # fmt: skip
    return Making(state={customer.id: customer, case.id: case}, context=context)


def the_case(made: Making) -> Case:
    return made.case(CaseId("case_1"))


def is_refused(do: Callable[[], None]) -> bool:
    try:
        do()
    except Rejected:
        return True
    return False


def test_the_question_is_asked_once_and_only_while_it_is_hers() -> None:
    """Told twice, or of a language that the ask does not have any more, nothing is written to her."""
    made = making()
    asks.ask_language(made, the_case(made), DUE)
    assert len([event for event in made.events if isinstance(event, MessageQueued)]) == 1
    assert is_refused(lambda: asks.ask_language(made, the_case(made), DUE))
    taken = making(taken=True)
    assert is_refused(lambda: asks.ask_language(taken, the_case(taken), DUE))
    other = making(replace(ASK, requirement=replace(ASK.requirement, language="es")))
    assert is_refused(lambda: asks.ask_language(other, the_case(other), DUE))


def test_a_question_that_cannot_be_sent_was_not_asked() -> None:
    """The day's texts are spent, or they told us to stop: a note says so, and a yes to something else gives up nothing."""
    spent = making(texts=tuple(Ms(NOW - n) for n in range(6)))
    stopped = making()
    customer = stopped.customer("cus_1")
    silent = replace(customer, addresses=(replace(customer.addresses[0], blocked=(Channel.SMS,)),))
    stopped.state = {**stopped.state, customer.id: silent}
    for made, why in ((spent, "6 texts about this case"), (stopped, "cannot be written to: opted out")):
        asks.ask_language(made, the_case(made), DUE)
        [note] = made.events
        assert isinstance(note, TextWithheld)
        assert why in note.why
        assert not asks.take_answer(made, CaseId("case_1"), "ja")
        assert the_case(made).ask == ASK
    tomorrow = making(texts=tuple(Ms(NOW - DAY_MS - n) for n in range(6)))
    asks.ask_language(tomorrow, the_case(tomorrow), DUE)
    assert the_case(tomorrow).texts == (NOW,)


@pytest.mark.parametrize(
    ("text", "is_yes"),
    [("1", True), ("Ja!", True), ("sí", True), (" OK. ", True), ("1 Heizung ist kaputt", False), ("nein", False),
     ("", False), ("ja aber nur auf Deutsch", False)],
)  # fmt: skip
def test_only_a_plain_yes_gives_up_a_language(text: str, is_yes: bool) -> None:
    made = making()
    assert not asks.take_answer(made, CaseId("case_1"), text), "nothing was asked"
    asks.ask_language(made, the_case(made), DUE)
    assert asks.take_answer(made, CaseId("case_1"), text) is is_yes
    ask = the_case(made).ask
    assert ask is not None
    assert ask.requirement.language == ("en" if is_yes else "de")
    assert ask.place_at == ASK.place_at


def test_a_no_keeps_everything_and_an_answer_to_nothing_is_refused() -> None:
    made = making()
    answer = AnswerLanguage(key="a", case=CaseId("case_1"), yes=False)
    assert is_refused(lambda: asks.answer_language(made, answer))
    asks.ask_language(made, the_case(made), DUE)
    asked = the_case(made).ask
    asks.answer_language(made, answer)
    assert the_case(made).ask == asked
    asks.answer_language(made, replace(answer, yes=True))
    assert is_refused(lambda: asks.answer_language(made, answer))


def test_a_deadline_moves_a_case_once_a_day() -> None:
    """The second ask of the same day does not go ahead again; the next day it may."""
    made = making()
    asks.move_ahead(made, the_case(made), NEAR)
    moved = the_case(made)
    assert moved.ask is not None
    assert moved.ask.early
    assert is_refused(lambda: asks.move_ahead(made, moved, NEAR))
    for later, allowed in ((DAY_MS - 1, False), (DAY_MS, True)):
        again = making(moved_at=moved.moved_at)
        event = replace(NEAR, at=Ms(NOW + later))
        assert is_refused(lambda made=again, event=event: asks.move_ahead(made, the_case(made), event)) is not allowed


def test_coming_back_counts_for_something_and_waiting_for_us_to_be_answered_does_not() -> None:
    """A tenth of the target within seven days after the end; nothing after that, nor for who answers our question."""
    made = making(None, answered_at=NOW, status=CaseStatus.SOLVED)
    case = the_case(made)
    soon, late = Ms(NOW + 7 * DAY_MS), Ms(NOW + 7 * DAY_MS + 1)
    assert asks.comeback(made, case, at=soon, target_ms=HOUR_MS)[0] == soon - HOUR_MS // 10
    assert asks.comeback(made, case, at=late, target_ms=HOUR_MS) == (late, ())
    asked = replace(case, status=CaseStatus.WAITING_CUSTOMER)
    assert asks.comeback(made, asked, at=soon, target_ms=HOUR_MS) == (soon, ())
    new = replace(case, answered_at=None)
    assert asks.comeback(made, new, at=soon, target_ms=HOUR_MS) == (soon, ())


def test_what_is_handed_to_a_queue_in_writing_has_the_target_of_writing() -> None:
    """She was last heard on the phone, and is answered in writing: no hand-over makes a shortcut of that."""
    last = Reached(at=NOW, channel=Channel.PHONE, address=HERS, via="+14155550100")
    made = making(heard=last)
    want_again(made, CaseId("case_1"), place_at=NOW, queue="general")
    ask = the_case(made).ask
    assert ask is not None
    assert (ask.requirement.channel, ask.requirement.target_ms) == (Channel.SMS, HOUR_MS)
