"""Devices in the core: what a signature is worth, keys that turn, and which of a household's lines is called."""

import pytest

from policies import default_policy_files, parse_policies
from router.core.addresses import Address, AddressFacts, AddressKind, Pairing
from router.core.clock import Ms
from router.core.commands import CUSTOMER, Actor, PairDevice, TakeContact, Touch, UnpairDevice
from router.core.context import Context, Decision
from router.core.decide import decide
from router.core.devices import KEY_DAYS
from router.core.documents import Customer, Promise, State
from router.core.errors import Reason, Rejected
from router.core.events import ContactReceived, DeviceKeyChanged, DevicePaired
from router.core.words import DAY_MS, ActorKind, AddressId, Channel, CustomerId, Evidence, Ids

NOW = Ms(1_795_460_520_000)
POLICY = parse_policies(default_policy_files(), 1)
DEVICE, HERS = AddressId("adr_device"), AddressId("adr_hers")
WHO, SENDER = CustomerId("cus_1"), "device:sit_1/T100"
ANA = Actor(ActorKind.AGENT, "agt_ana")


def household(pairing: Pairing | None, *, dialable: bool = True) -> State:
    phone = Address(id=HERS, facts=AddressFacts(kind=AddressKind.PHONE, country="US", dialable=dialable))
    device = Address(id=DEVICE, facts=AddressFacts(), pairing=pairing)
    return {WHO: Customer(id=WHO, version=1, opened_at=NOW, addresses=(device, phone))}


def pairing(evidence: Evidence = Evidence.STRONG, *, next_key: str = "", key_at: Ms = NOW) -> Pairing:
    return Pairing(key="dvk_1", at=key_at, how="sms", evidence=evidence, key_at=key_at, next_key=next_key)


def done(state: State, command: TakeContact | PairDevice | UnpairDevice, *, now: Ms = NOW) -> Decision:
    context = Context(
        now=now, ids=Ids(secret=b"k" * 32, key=command.key, at=now), policy=POLICY, case_number=lambda: 0,
        reference_offset=7, facts_of=lambda _: AddressFacts(), senders={Channel.SMS: "+14155550100"}, found=DEVICE,
    )  # fmt: skip
    return decide(state, command, context)


def press(key: str = "", *, calls: bool = False, fresh: str = "dvk_2", id: str = "press") -> TakeContact:
    return TakeContact(
        key=id, channel=Channel.TOUCH, sender=SENDER, via="sit_1", at=NOW, actor=CUSTOMER,
        touch=Touch(calls=calls, key=key, fresh_key=fresh),
    )  # fmt: skip


def evidence_of(decision: Decision) -> Evidence:
    return next(event.evidence for event in decision.events if isinstance(event, ContactReceived))


def pairing_in(decision: Decision) -> Pairing | None:
    customer = decision.state[WHO]
    assert isinstance(customer, Customer)
    address = customer.address(DEVICE)
    return address.pairing if address else None


@pytest.mark.parametrize(
    ("paired", "key", "worth"),
    [
        pytest.param(None, "dvk_1", Evidence.WEAK, id="not-paired"),
        pytest.param(pairing(), "", Evidence.WEAK, id="not-signed"),
        pytest.param(pairing(), "dvk_0", Evidence.WEAK, id="another-key"),
        pytest.param(pairing(), "dvk_1", Evidence.PROOF, id="signed"),
        pytest.param(pairing(next_key="dvk_2"), "dvk_2", Evidence.PROOF, id="next-key"),
        pytest.param(pairing(Evidence.PROOF), "dvk_1", Evidence.PROOF, id="paired-on-proof"),
        pytest.param(pairing(Evidence.WEAK), "dvk_1", Evidence.WEAK, id="paired-by-a-bare-text"),
    ],
)
def test_what_a_signature_is_worth(paired: Pairing | None, key: str, worth: Evidence) -> None:
    """It proves the device; the household only as far as the pairing was proved."""
    assert evidence_of(done(household(paired), press(key))) is worth


def test_keys_turn() -> None:
    """After a month a signed press is given the next key, the same until that is used; then the old one is none. An
    unsigned press turns nothing."""
    old = household(pairing(key_at=Ms(NOW - KEY_DAYS * DAY_MS)))
    young = household(pairing(key_at=Ms(NOW - KEY_DAYS * DAY_MS + 1)))
    for state, key in ((young, "dvk_1"), (old, ""), (old, "dvk_2")):
        assert not [e for e in done(state, press(key)).events if isinstance(e, DeviceKeyChanged)]
    handed = done(old, press("dvk_1"))
    found = pairing_in(handed)
    assert found is not None
    assert (found.key, found.next_key) == ("dvk_1", "dvk_2")
    again = done(handed.state, press("dvk_1", fresh="dvk_3", id="again"))
    found = pairing_in(again)
    assert found is not None
    assert (found.key, found.next_key) == ("dvk_1", "dvk_2")
    used = done(again.state, press("dvk_2", fresh="dvk_4", id="used"))
    found = pairing_in(used)
    assert found is not None
    assert (found.key, found.next_key, found.key_at) == ("dvk_2", "", NOW)
    assert evidence_of(done(used.state, press("dvk_1", id="late"))) is Evidence.WEAK


@pytest.mark.parametrize(
    ("paired", "key", "dialable", "is_promised"),
    [
        pytest.param(pairing(), "dvk_1", True, True, id="their-phone"),
        pytest.param(pairing(Evidence.WEAK), "dvk_1", True, True, id="their-phone-weakly"),
        pytest.param(pairing(), "", True, False, id="not-signed"),
        pytest.param(None, "dvk_1", True, False, id="not-paired"),
        pytest.param(pairing(), "dvk_1", False, False, id="no-phone"),
    ],
)
def test_a_paired_device_calls_its_household(
    paired: Pairing | None, key: str, dialable: bool, is_promised: bool
) -> None:
    """A signed press that asks for a call promises one, to the household's own phone; nobody else's device does."""
    decision = done(household(paired, dialable=dialable), press(key, calls=True))
    promised = [d for d in decision.state.values() if isinstance(d, Promise)]
    assert [one.address for one in promised] == ([HERS] if is_promised else [])


def test_paired_once_and_let_go() -> None:
    """The same pairing twice is nothing to do; let go, its key is worth nothing; what is not paired cannot be let go."""
    pair = PairDevice(
        key="p", customer=WHO, device=SENDER, device_key="dvk_1", how="api", evidence=Evidence.STRONG, actor=ANA
    )
    made = done(household(None), pair)
    assert [type(e) for e in made.events[1:]] == [DevicePaired]
    with pytest.raises(Rejected) as refused:
        done(made.state, pair)
    assert refused.value.reason is Reason.NOTHING_TO_DO
    gone = done(made.state, UnpairDevice(key="u", customer=WHO, address=DEVICE, actor=ANA, reason="sold"))
    assert pairing_in(gone) is None
    assert [kept.body for kept in gone.kept] == ["sold"]
    assert evidence_of(done(gone.state, press("dvk_1"))) is Evidence.WEAK
    for address in (DEVICE, HERS, AddressId("adr_0")):
        with pytest.raises(Rejected):
            done(household(None), UnpairDevice(key="u", customer=WHO, address=address, actor=ANA))
