"""A message that somebody releases again is a new attempt: what is reported of an earlier one does not settle it."""

import pytest

from policies import default_policy_files, parse_policies
from router.core.addresses import Address, AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import (
    Actor,
    BeginAttempt,
    Command,
    RecordAttempt,
    RecordDelivery,
    ReleaseMessage,
    SendReply,
    TakeContact,
)
from router.core.context import Context
from router.core.decide import decide
from router.core.documents import Case, Customer, Mailing, Message, Participant, State
from router.core.errors import Rejected
from router.core.mailing import mailing_of
from router.core.values import replace
from router.core.words import ActorKind, AddressId, Channel, Ids, MessageId, Setback

POLICY = parse_policies(default_policy_files(), 1)
FACTS = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
ANA = Actor(ActorKind.AGENT, "agt_ana")
NOW = Ms(1_790_000_000_000)


class Sending:
    """One answer to one customer, and what becomes of it."""

    def __init__(self) -> None:
        self.state: State = {}
        self.count = 0
        self.now = NOW
        self.do(TakeContact(key="in", channel=Channel.SMS, sender="+12125550142", via="+1", at=NOW, text="E42 again"))
        case = next(d for d in self.state.values() if isinstance(d, Case))
        self.do(SendReply(key="out", case=case.id, text="Check the fuse", channel=None, actor=ANA))

    @property
    def message(self) -> Message:
        return next(d for d in self.state.values() if isinstance(d, Message))

    def do(self, command: Command) -> None:
        self.count += 1
        found = next((d.addresses[0].id for d in self.state.values() if isinstance(d, Customer)), None)
        context = Context(
            now=self.now,
            ids=Ids(secret=b"k" * 32, key=command.key, at=self.now),
            policy=POLICY,
            case_number=lambda: 1,
            reference_offset=7,
            facts_of=lambda _: FACTS,
            senders={Channel.SMS: "+14155550100"},
            found=found,
        )
        self.state = decide(self.state, command, context).state

    def begin(self) -> None:
        self.do(BeginAttempt(key=f"b{self.count}", message=self.message.id))

    def ends(self, outcome: str, sid: str | None = None) -> None:
        attempt, id = self.message.attempts, self.message.id
        self.do(RecordAttempt(key=f"e{self.count}", message=id, attempt=attempt, outcome=outcome, provider_id=sid))

    def release(self) -> None:
        self.do(ReleaseMessage(key=f"r{self.count}", message=self.message.id, actor=ANA))

    def reported(self, state: str, sid: str, attempt: int) -> None:
        id = MessageId(self.message.id)
        self.do(
            RecordDelivery(
                key=f"d{self.count}", message=id, state=state, provider_id=sid, attempt=attempt, error="30003"
            )
        )


@pytest.mark.parametrize("writes", [False, True])
def test_a_stop_that_only_the_provider_heard_is_noted(writes: bool) -> None:
    """Unless they wrote since the message left: that may have been the word that opens texts again."""
    sending = Sending()
    sending.now = Ms(NOW + 1000)
    sending.begin()
    if writes:
        sending.do(
            TakeContact(key="again", channel=Channel.SMS, sender="+12125550142", via="+1", at=sending.now, text="START")
        )
    sending.do(
        RecordAttempt(
            key="refused", message=sending.message.id, attempt=1, outcome="refused", error="21610",
            setback=Setback.OPTED_OUT,
        )
    )  # fmt: skip
    customer = next(d for d in sending.state.values() if isinstance(d, Customer))
    assert customer.addresses[0].blocked == (() if writes else (Channel.SMS,))
    assert len([d for d in sending.state.values() if isinstance(d, Message)]) == 1
    case = next(d for d in sending.state.values() if isinstance(d, Case))
    assert case.ask is not None, "their answer did not arrive, so somebody is asked again"


def lost_and_released() -> Sending:
    sending = Sending()
    sending.begin()
    sending.ends("absent")
    sending.release()
    return sending


@pytest.mark.parametrize("state", ["sent", "delivered", "failed", "undelivered"])
def test_a_late_report_of_the_first_attempt_does_not_settle_the_second(state: str):
    sending = lost_and_released()
    sending.begin()
    with pytest.raises(Rejected):
        sending.reported(state, "SM1", attempt=1)
    assert (sending.message.state, sending.message.provider_id) == ("sending", None)
    sending.reported("sent", "SM2", attempt=2)
    assert (sending.message.state, sending.message.provider_id) == ("sent", "SM2")


def test_a_failure_told_late_does_not_stop_the_attempt_that_was_asked_for():
    sending = Sending()
    sending.begin()
    sending.ends("sent", "SM1")
    sending.reported("failed", "SM1", attempt=1)
    sending.release()
    with pytest.raises(Rejected):
        sending.reported("undelivered", "SM1", attempt=1)
    assert sending.message.state == "queued"


def test_a_message_that_did_go_out_is_not_sent_again():
    """Nobody knew of the first attempt; its report comes before the second begins."""
    sending = lost_and_released()
    sending.reported("delivered", "SM1", attempt=1)
    assert sending.message.state == "delivered"
    with pytest.raises(Rejected):
        sending.begin()


def test_a_report_before_the_answer_counts_for_its_attempt():
    sending = Sending()
    sending.begin()
    sending.reported("delivered", "SM1", attempt=1)
    assert (sending.message.state, sending.message.provider_id) == ("delivered", "SM1")


@pytest.mark.parametrize("state", ["sent", "delivered", "queued"])
def test_a_report_that_says_nothing_new_is_not_written_down(state: str):
    sending = Sending()
    sending.begin()
    sending.reported("delivered", "SM1", attempt=1)
    with pytest.raises(Rejected):
        sending.reported(state, "SM1", attempt=1)


@pytest.mark.parametrize("setback", [None, Setback.UNREACHABLE])
def test_what_may_have_arrived_is_not_said_to_have_failed_by_a_later_refusal(setback: Setback | None):
    """Its first attempt was taken and the answer lost: the words go no other way, and somebody is asked."""
    sending = Sending()
    sending.begin()
    sending.ends("unanswered")
    sending.begin()
    sending.do(
        RecordAttempt(
            key="refused", message=sending.message.id, attempt=2, outcome="refused", error="550 no", setback=setback
        )
    )
    assert sending.message.state == "unknown"
    assert len([d for d in sending.state.values() if isinstance(d, Message)]) == 1
    case = next(d for d in sending.state.values() if isinstance(d, Case))
    assert case.ask is not None


def with_tom(sending: Sending) -> AddressId:
    """Tom takes part in the case by mail."""
    case = next(d for d in sending.state.values() if isinstance(d, Case))
    facts = AddressFacts(kind=AddressKind.MAIL, country=None, dialable=False)
    tom = Address(id=AddressId("adr_tom"), facts=facts)
    sending.state = {**sending.state, case.id: replace(case, participants=(Participant(address=tom, invited=True),))}
    return tom.id


@pytest.mark.parametrize(("outcome", "bounced"), [("sent", True), ("again", False), ("refused", False)])
def test_who_was_refused_a_copy_is_left_out_of_the_next_answer(outcome: str, bounced: bool):
    """Once the mail went to the others: one that is sent again asks for everybody again."""
    sending = Sending()
    tom = with_tom(sending)
    sending.begin()
    sending.do(
        RecordAttempt(
            key="out", message=sending.message.id, attempt=1, outcome=outcome, provider_id="<1@x>", unreached=(tom,)
        )
    )
    case = next(d for d in sending.state.values() if isinstance(d, Case))
    assert [p.address.bounced for p in case.participants] == [bounced]
    assert mailing_of({}, case).copies == (() if bounced else (tom,))
    if bounced:
        assert sending.message.state == "sent", "and the customer has it"


def test_a_copy_that_was_refused_is_known_although_an_answer_was_here_first():
    """The mail was answered before its server's word was written down: what that says of those in copy counts."""
    sending = Sending()
    tom = with_tom(sending)
    late = AddressId("adr_late")
    sending.state = {**sending.state, sending.message.id: replace(sending.message, mail=Mailing(copies=(tom, late)))}
    sending.begin()
    first = sending.message
    sending.reported("delivered", "<1@x>", attempt=1)
    said = RecordAttempt(
        key="out", message=first.id, attempt=1, outcome="sent", provider_id="<1@x>", unreached=(tom,), later=(late,)
    )
    sending.do(said)
    case = next(d for d in sending.state.values() if isinstance(d, Case))
    assert [p.address.bounced for p in case.participants] == [True]
    messages = [d for d in sending.state.values() if isinstance(d, Message)]
    assert [(m.copy_of, m.address, m.state) for m in messages if m.id != first.id] == [(first.id, late, "queued")]
    with pytest.raises(Rejected):
        sending.do(replace(said, key="again", unreached=(), later=()))


def test_a_refused_copy_to_somebody_who_left_meanwhile_changes_nothing():
    sending = Sending()
    sending.begin()
    sending.do(
        RecordAttempt(
            key="out", message=sending.message.id, attempt=1, outcome="sent", provider_id="<1@x>",
            unreached=(AddressId("adr_gone"),),
        )
    )  # fmt: skip
    assert sending.message.state == "sent"
