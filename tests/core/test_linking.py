"""Which case a contact belongs to: the rules in their order, each proved by the contact that it decides."""

import pytest

from policies import default_policy_files, parse_policies
from router.core.addresses import Address, AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import MailIn, TakeCall, TakeContact
from router.core.context import Context, Making
from router.core.documents import Ask, Candidate, Case, Customer, Promise, Question, Reached, Requirement
from router.core.evidence import GROUNDS, Graded, grade_of_call, grade_of_mail, strengthened
from router.core.linking import Link, choice_in, link, read_words, references_in
from router.core.reference import reference_of
from router.core.values import replace
from router.core.words import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    AddressId,
    CallId,
    CaseId,
    CaseStatus,
    Channel,
    CustomerId,
    Evidence,
    Ids,
    PromiseId,
    WorkId,
)

NOW = Ms(1_790_000_000_000)
POLICY = parse_policies(default_policy_files(), 1)
HERS = AddressId("adr_1")
OURS = "+14155550100"
FACTS = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
CONTEXT = Context(
    now=NOW, ids=Ids(secret=b"k" * 32, key="k", at=NOW), policy=POLICY, case_number=lambda: 0, reference_offset=7,
    facts_of=lambda _: FACTS, senders={Channel.SMS: OURS},
)  # fmt: skip
HEATING, BILLING = "heating heating", "billing billing"


def case(name: str, *, ago: int = 0, **changes: object) -> Case:
    """A case of hers, last touched `ago` ms before now."""
    at = Ms(NOW - ago)
    number = sum(map(ord, name))
    made = Case(
        id=CaseId(f"case_{name}"), version=1, ref=reference_of(number, offset=7), status=CaseStatus.WAITING_US,
        customer=CustomerId("cus_1"), queue="general", opened_at=at, changed_at=at,
    )  # fmt: skip
    return replace(made, **changes)


def on_line(at: int, channel: Channel = Channel.SMS, via: str = OURS) -> Reached:
    return Reached(at=Ms(at), channel=channel, address=HERS, via=via)


def linked(
    text: str, *cases: Case, channel: Channel = Channel.SMS, promise: Promise | None = None, **more: object
) -> Link:
    """Where `text` goes when she has `cases`."""
    address = Address(id=HERS, facts=FACTS)
    live = tuple(c.id for c in cases if c.status.is_live)
    customer = Customer(
        id=CustomerId("cus_1"), version=1, opened_at=NOW, addresses=(address,), live_cases=live,
        last_case=cases[-1].id if cases else None,
    )  # fmt: skip
    state = {customer.id: customer, **{c.id: c for c in cases}}
    if promise is not None:
        state[promise.id] = promise
    making = Making(state=state, context=CONTEXT)
    command = TakeContact(key="k", channel=channel, sender="+12125550142", via=OURS, at=NOW, text=text)
    return link(
        making, customer, replace(command, **more), address=HERS, words=read_words(making, customer, text)
    )  # fmt: skip


def where(found: Link) -> tuple[str, str]:
    return found.case.id.removeprefix("case_") if found.case else "", found.how


def test_what_they_say_themselves_comes_first() -> None:
    """A reference, with the address of the case's customer, and words of another matter win over every guess."""
    answered = case("a", heard=on_line(NOW - MINUTE_MS), answered_at=Ms(NOW - 1000))
    other = case("b", ago=9 * DAY_MS)
    assert where(linked(f"about {other.ref}", answered, other)) == ("b", "reference")
    assert where(linked(f"about {other.ref.replace('-', ' ')}.", answered, other)) == ("b", "reference")
    assert linked(f"about {other.ref}", answered, other).grounds == ("reference_and_expected_address",)
    assert where(linked("I have another question", answered)) == ("", "new_matter")
    assert where(linked("Ich habe noch eine andere Frage", answered)) == ("", "new_matter")
    assert where(linked("Tengo otra pregunta", answered)) == ("", "new_matter")
    wrong = other.ref[:-1] + str((int(other.ref[-1]) + 1) % 10)
    assert where(linked(f"about {wrong}", answered, other)) == ("a", "reply")


def test_a_reply_goes_where_it_came_from_whatever_it_is_about() -> None:
    """We asked, and they answer on that line: the words of another topic change nothing; days later they do."""
    asked = case("a", topics=(HEATING,), heard=on_line(NOW - HOUR_MS), answered_at=Ms(NOW - MINUTE_MS))
    newer = case("b", topics=(BILLING,))
    assert where(linked("it is on the invoice: 4711", asked, newer)) == ("a", "reply")
    long_ago = replace(asked, answered_at=Ms(NOW - 5 * DAY_MS), changed_at=Ms(NOW - 5 * DAY_MS), unanswered=2)
    assert where(linked("my bill is wrong", long_ago, newer)) == ("b", "same_words")
    assert where(linked("my bill is wrong", replace(long_ago, unanswered=0), newer)) == ("a", "reply")
    assert where(linked("yes", asked, newer, via="+14155550101")) == ("", "unsure")


def test_an_open_promise_to_the_line_wins_over_words_and_time() -> None:
    """Whoever was promised a call on this number and writes or calls is heard about that."""
    promised = case("a", ago=5 * DAY_MS, promise=PromiseId("prm_1"))
    newer = case("b")
    promise = Promise(
        id=PromiseId("prm_1"), version=1, customer=CustomerId("cus_1"), case=promised.id, kind="callback",
        made_at=NOW, told_via=Channel.PHONE, place_at=NOW, address=HERS,
    )  # fmt: skip
    assert where(linked("hello?", promised, newer, promise=promise)) == ("a", "open_promise")
    elsewhere = replace(promise, address=AddressId("adr_2"))
    assert where(linked("hello?", promised, newer, promise=elsewhere)) == ("b", "latest_open_case")


def test_one_open_case_takes_what_is_not_about_something_else() -> None:
    """Within the policy's window; without a topic on both sides nothing is about something else."""
    heating = case("a", topics=(HEATING,))
    assert where(linked("hello?", heating)) == ("a", "single_open_case")
    assert where(linked("E42 still", heating)) == ("a", "single_open_case")
    assert where(linked("my bill is wrong", case("a"))) == ("a", "single_open_case")
    found = linked("my bill is wrong", heating)
    assert where(found) == ("", "new_matter")
    assert [c.case for c in found.candidates] == [heating.id]
    assert where(linked("my bill, and E42 again", heating)) == ("a", "single_open_case")
    assert where(linked("hello?", replace(heating, changed_at=Ms(NOW - 15 * DAY_MS)))) == ("", "new_case")
    in_pieces = replace(heating, heard=on_line(NOW - 5 * MINUTE_MS))
    assert where(linked("and my bill is wrong", in_pieces)) == ("a", "single_open_case")
    assert where(linked("and another question: my bill", in_pieces)) == ("", "new_matter")


def test_that_it_is_the_only_open_matter_is_said_where_it_is() -> None:
    """Where an older one is open as well, it is the only one in which something happened lately."""
    heating = case("a", topics=(HEATING,), ago=HOUR_MS)
    assert linked("hello?", heating).grounds == ("single_case",)
    old = case("b", topics=(BILLING,), ago=20 * DAY_MS)
    assert linked("hello?", heating, old).grounds == ("single_lately",)


def test_among_several_the_words_decide_then_the_last_two_days() -> None:
    heating = case("a", topics=(HEATING,), ago=HOUR_MS)
    billing = case("b", topics=(BILLING,), ago=2 * HOUR_MS)
    assert where(linked("where is my refund?", heating, billing)) == ("b", "same_words")
    assert where(linked("the boiler leaks", heating, billing)) == ("a", "same_words")
    old = replace(billing, changed_at=Ms(NOW - 3 * DAY_MS))
    assert where(linked("any news?", heating, old)) == ("a", "latest_open_case")


def test_who_is_not_sure_links_to_the_person_and_names_the_candidates() -> None:
    """Two that fit equally well: a case of its own, with both for the agent; what follows stands with it."""
    heating = case("a", topics=(HEATING,), ago=HOUR_MS)
    billing = case("b", topics=(BILLING,), ago=2 * HOUR_MS)
    found = linked("any news?", heating, billing)
    assert where(found) == ("", "unsure")
    assert [c.case for c in found.candidates] == [heating.id, billing.id]
    third = case("c", candidates=found.candidates, heard=on_line(NOW - HOUR_MS))
    named = linked(
        "my new stove",
        heating,
        replace(billing, changed_at=Ms(NOW - 1), candidates=(Candidate(case=heating.id, why=("open",)),)),
    )
    assert where(named) == ("", "unsure"), "a case that was told apart by its words was never a guess"
    assert where(linked("hello?", heating, billing, third)) == ("c", "just_now")
    asked = replace(third, question=Question(at=NOW, choices=(heating.id, None), named=False))
    assert where(linked("1", heating, billing, asked)) == ("c", "answer_to_question")
    long_ago = replace(asked, question=Question(at=Ms(NOW - 3 * DAY_MS), choices=(None,), named=False))
    assert where(linked("1", heating, billing, long_ago)) == ("c", "just_now")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("1", 1), ("2.", 2), ("3", None), ("earlier", 1), ("The earlier one!", 1), ("it's something new", 2),
        ("Something else", 2), ("das Frühere", 1), ("Früher.", 1), ("etwas Neues", 2), ("Lo anterior", 1),
        ("algo nuevo", 2), ("not the earlier one", None), ("earlier I wrote about a new bill", None), ("hello?", None),
    ],
)  # fmt: skip
def test_whether_it_is_about_the_earlier_matter_is_understood_in_words(text: str, choice: int | None) -> None:
    """The whole text is the answer, in the words of our question; anything else is something that they tell us."""
    heating, billing = case("a", topics=(HEATING,)), case("b", topics=(BILLING,))
    ask = Ask(
        work=WorkId("wrk_1"), place_at=NOW, queue="general", policy=1, rule="everything-else",
        requirement=Requirement(channel=Channel.SMS),
    )  # fmt: skip
    asked = case("c", heard=on_line(NOW - HOUR_MS), ask=ask)
    asked = replace(asked, question=Question(at=NOW, choices=(heating.id, None), named=False))
    assert where(linked(text, heating, billing, asked)) == ("c", "answer_to_question")
    making = Making(state={}, context=CONTEXT)
    assert choice_in(making, asked, text) == choice
    assert choice_in(making, replace(asked, ask=None), text) is None


def test_who_writes_again_at_once_goes_on() -> None:
    heating = case("a", ago=1, heard=on_line(NOW - 2 * HOUR_MS))
    billing = case("b", ago=MINUTE_MS, heard=on_line(NOW - MINUTE_MS))
    assert where(linked("and another picture", heating, billing)) == ("b", "just_now")


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        pytest.param("still broken", CaseStatus.SOLVED, ("a", "reply_after_solved"), id="s8-still-broken"),
        pytest.param("hello", CaseStatus.SOLVED, ("a", "reply_after_solved"), id="solved-hello"),
        pytest.param("my new bill is too high", CaseStatus.SOLVED, ("", "new_matter"), id="s8-new-bill"),
        pytest.param("meine Rechnung stimmt nicht", CaseStatus.SOLVED, ("", "new_matter"), id="s8-german"),
        pytest.param("la factura está mal", CaseStatus.SOLVED, ("", "new_matter"), id="s8-spanish"),
        pytest.param("a different matter", CaseStatus.SOLVED, ("", "new_matter"), id="says-so"),
        pytest.param("still broken", CaseStatus.CLOSED, ("a", "reply_after_closed"), id="closed-again"),
        pytest.param("E42", CaseStatus.CLOSED, ("a", "reply_after_closed"), id="closed-same-words"),
        pytest.param("hello", CaseStatus.CLOSED, ("", "new_case"), id="closed-hello"),
        pytest.param("my new bill", CaseStatus.CLOSED, ("", "new_matter"), id="closed-new-bill"),
    ],
)
def test_what_comes_after_the_end(text: str, status: CaseStatus, expected: tuple[str, str]) -> None:
    """S8: a solved case opens again unless it is about something else, a closed one when it is about the same."""
    ended = case("a", status=status, solved_at=Ms(NOW - 3 * DAY_MS), topics=(HEATING,), asked=True)
    assert where(linked(text, ended)) == expected
    assert where(linked(text, replace(ended, solved_at=Ms(NOW - 8 * DAY_MS)))) == ("", "new_case")


def test_a_mail_with_the_subject_of_a_case_belongs_to_it() -> None:
    ours = case("a", subject_keys=("k1",), ago=3 * DAY_MS)
    other = case("b", subject_keys=("k2",))
    mail = MailIn(id="<1@x>", raw=None, subject_key="k1")  # pyright: ignore[reportArgumentType]
    assert where(linked("hello", ours, other, channel=Channel.EMAIL, mail=mail)) == ("a", "same_subject")


def test_references_are_found_in_any_spelling_and_only_whole() -> None:
    assert references_in("call 2125550142 about 48-2196-3!") == ("48-2196-3",)
    assert references_in("4821963") == references_in("48 2196 3") == references_in("#48-2196-3") == ("48-2196-3",)
    assert references_in("48-2196-4, 12, 2196-3, no digits") == ()


def test_a_grade_is_never_higher_than_what_vouches_for_it() -> None:
    """Bare caller ID, bare From and a reference of somebody's else are weak; with the expected address it is strong."""
    call = TakeCall(key="k", call=CallId("call_1"), provider_id="CA1", sender="+12125550142", via=OURS, at=NOW)
    assert grade_of_call(call, known=True) == Graded(Evidence.WEAK, ("bare_caller_id",))
    assert grade_of_call(replace(call, attested=True), known=True).evidence is Evidence.STRONG
    assert grade_of_call(replace(call, attested=True), known=False).evidence is Evidence.WEAK
    mail = MailIn(id="<1@x>", raw=None)  # pyright: ignore[reportArgumentType]
    assert grade_of_mail(mail, known=True, thread_by="answer").evidence is Evidence.WEAK
    assert grade_of_mail(replace(mail, vouched=True), known=True, thread_by="answer").evidence is Evidence.PROOF
    assert grade_of_mail(replace(mail, vouched=True), known=True, thread_by="").evidence is Evidence.STRONG
    weak = Graded(Evidence.WEAK, ("bare_from",))
    assert strengthened(weak, ("reference_and_expected_address",)).evidence is Evidence.STRONG
    assert strengthened(weak, ("single_case",)) == Graded(Evidence.WEAK, ("bare_from", "single_case"))
    for said in ("typed_address", "dmarc_failed", "session"):
        named = strengthened(Graded(Evidence.WEAK, (said,)), ("reference_and_expected_address",))
        assert named.evidence is Evidence.WEAK


def test_every_ground_has_words() -> None:
    """What a link stands on is told to people, and never with a word of theirs."""
    assert all((words and not words[0].isupper()) or words.startswith("WhatsApp") for words in GROUNDS.values())
