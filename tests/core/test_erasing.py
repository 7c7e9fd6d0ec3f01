"""Erasing in the core: nothing that is open is left, nobody can do anything more, and failures name nobody."""

import pytest

from router.core.commands import SYSTEM, AddNote, BeginAttempt, EraseCustomer, RecordAttempt, SendReply, SetHold
from router.core.decide import decide
from router.core.documents import Case, Customer, Message, MessageState
from router.core.errors import Reason, Rejected
from router.core.events import CustomerErased, ErasureWanted, MessageFailed
from router.core.words import CaseStatus, Channel, CustomerId
from tests.journal.test_contract import NOW, Writer


class Desk(Writer):
    """Somebody who wrote, and what is done with them."""

    def __init__(self) -> None:
        super().__init__()
        self.means.senders = {Channel.SMS: "+14155550100"}
        self.contact()

    @property
    def customer(self) -> Customer:
        return next(d for d in self.state.values() if isinstance(d, Customer))

    @property
    def message(self) -> Message:
        return next(d for d in self.state.values() if isinstance(d, Message))

    def do(self, command):  # type: ignore[no-untyped-def]
        decision = decide(self.state, command, self.means.context(command, NOW))
        self.state = decision.state
        return decision

    def erase(self, why: str = "request"):  # type: ignore[no-untyped-def]
        return self.do(EraseCustomer(key="e", customer=self.customer.id, actor=SYSTEM, why=why, keys=("tel:1",)))


def test_nothing_that_is_open_is_left() -> None:
    """The case is closed, its ask withdrawn, a message that waits is not sent, and the decision names the owner."""
    her = Desk()
    her.do(SendReply(key="r", case=her.case.id, text="hello", channel=None, actor=SYSTEM))
    decision = her.erase()
    assert (her.case.status, her.case.ask, her.message.state) == (CaseStatus.CLOSED, None, MessageState.FAILED)
    assert her.customer.live_cases == ()
    assert (decision.erased, decision.unindexed) == ((her.customer.id,), ("tel:1",))
    with pytest.raises(Rejected) as refused:
        her.do(AddNote(key="n", case=her.case.id, text="x", actor=SYSTEM))
    assert refused.value.reason is Reason.ERASED
    with pytest.raises(Rejected):
        her.erase()


def test_a_hold_keeps_the_wish_until_it_ends() -> None:
    """Erased while held: noted once. Lifted: done in the same decision. What was erased already is erased again."""
    her = Desk()
    her.do(SetHold(key="h", customer=her.customer.id, on=True, actor=SYSTEM))
    assert [type(e) for e in her.erase().events[1:]] == [ErasureWanted]
    with pytest.raises(Rejected) as refused:
        her.erase()
    assert refused.value.reason is Reason.HELD
    other = Desk()
    other.state = her.state
    assert any(isinstance(e, CustomerErased) for e in other.erase("again").events)
    decision = her.do(SetHold(key="l", customer=CustomerId(her.customer.id), on=False, actor=SYSTEM))
    assert any(isinstance(e, CustomerErased) for e in decision.events)
    assert her.customer.hold is None


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("21211 The 'To' number +12125550142 is not valid", "21211 The 'To' number [address] is not valid"),
        ("550 5.1.1 <mia@customer.example>: no such user", "550 5.1.1 <[address]>: no such user"),
        ("30003 unreachable", "30003 unreachable"),
    ],
)
def test_a_failure_says_why_and_not_whom(said: str, kept: str) -> None:
    """What a provider says stands in the log for good, where nobody is erased."""
    her = Desk()
    her.do(SendReply(key="r", case=her.case.id, text="hello", channel=None, actor=SYSTEM))
    her.do(BeginAttempt(key="b", message=her.message.id))
    decision = her.do(RecordAttempt(key="a", message=her.message.id, attempt=1, outcome="refused", error=said))
    assert [e.error for e in decision.events if isinstance(e, MessageFailed)] == [kept]
    assert isinstance(her.state[her.case.id], Case)
