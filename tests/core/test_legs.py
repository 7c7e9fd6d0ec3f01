"""Legs that we dial: what a leg says of itself stands above what was found for it."""

from policies import default_policy_files, parse_policies
from router.core import legs
from router.core.addresses import AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.context import Context, Making
from router.core.documents import Call
from router.core.words import CallId, CallRole, CallState, CaseId, Channel, CustomerId, Ids, Step

NOW = Ms(1_790_000_000_000)
FACTS = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
LEG = Call(
    id=CallId("call_1"), version=1, customer=CustomerId("cus_1"), case=CaseId("case_1"), role=CallRole.AGENT, to="v_1",
    via="+14155550100", started_at=NOW, language="en", state=CallState.RINGING, step=Step.WHISPER, turn=1,
    provider_id="CA-another",
)  # fmt: skip


def test_a_leg_that_answers_is_the_one_that_asks() -> None:
    """An earlier call to the same phone was taken for it by a look-up: the leg's own request tells which it is."""
    context = Context(
        now=NOW, ids=Ids(secret=b"k" * 32, key="k", at=NOW), policy=parse_policies(default_policy_files(), 1),
        case_number=lambda: 0, reference_offset=7, facts_of=lambda _: FACTS, senders={Channel.SMS: "+14155550100"},
    )  # fmt: skip
    making = Making(state={LEG.id: LEG}, context=context)
    legs.answered(making, LEG, provider_id="CA-its-own", by="")
    assert making.call(LEG.id).provider_id == "CA-its-own"
