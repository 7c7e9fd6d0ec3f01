"""Weak evidence discloses nothing: whatever somebody sends of whom we know only a number, a From or a typed address, no
answer of ours holds a reference, a word, an address or a queue of any case that was there before."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind
from router.core.call_table import TABLE, script_of
from router.core.clock import Ms
from router.core.commands import Actor, Command, File, HearCall, MailIn, SetStatus, TakeCall, TakeContact, Touch
from router.core.context import Context
from router.core.decide import decide
from router.core.documents import Call, Case, Customer, State
from router.core.errors import Rejected
from router.core.events import MessageQueued
from router.core.values import replace
from router.core.words import (
    DAY_MS,
    MINUTE_MS,
    ActorKind,
    CallId,
    CallRole,
    CaseStatus,
    Channel,
    Evidence,
    Ids,
    Step,
)

POLICY = parse_policies(default_policy_files(), 1)
FACTS = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
HERS, OURS = "+12125550142", "+14155550100"
SECRETS = ("zanzibar", "quixotic", "E42")
"""Words of hers that are in no phrase of ours."""
ANA = Actor(ActorKind.AGENT, "agt_ana")


@dataclass
class Desk:
    """One person's documents, what was kept in the vault, and all that went out to them."""

    now: Ms = Ms(1_790_000_000_000)
    state: State = field(default_factory=dict)
    vault: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    count: int = 0

    def does(self, command: Command) -> None:
        found = next((d.addresses[0].id for d in self.state.values() if isinstance(d, Customer)), None)
        self.count += 1
        context = Context(
            now=self.now, ids=Ids(secret=b"k" * 32, key=f"k{self.count}", at=self.now), policy=POLICY,
            case_number=lambda: self.count, reference_offset=7, facts_of=lambda _: FACTS,
            senders={Channel.SMS: OURS, Channel.WHATSAPP: OURS, Channel.EMAIL: "help@support.example"}, found=found,
        )  # fmt: skip
        try:
            decision = decide(self.state, command, context)
        except Rejected:
            return
        self.state = decision.state
        self.vault |= {kept.id: kept.body for kept in decision.kept}
        for event in decision.events:
            if isinstance(event, MessageQueued) and event.author is ActorKind.SYSTEM:
                self.said.append(self.vault[event.words])

    def cases(self) -> list[Case]:
        return [d for d in self.state.values() if isinstance(d, Case)]


def text(body: str, *, channel: Channel = Channel.SMS, key: str = "k") -> TakeContact:
    return TakeContact(key=key, channel=channel, sender=HERS, via=OURS, at=Ms(0), text=body)


MOVES = st.one_of(
    st.tuples(
        st.just("text"), st.sampled_from(["E42 still", "my bill", "hello?", "1", "2", "another question", "REF"])
    ),
    st.tuples(st.just("touch"), st.sampled_from(["", "hello?", "zanzibar?", "REF"])),
    st.tuples(st.just("mail"), st.sampled_from(["hello?", "invoice", "REF"])),
    st.tuples(st.just("call"), st.sampled_from(["", "1", "3", "9", "hello", "REF"])),
    st.tuples(st.just("wait"), st.sampled_from(["1", "60", "3000", "20000"])),
    st.tuples(st.just("status"), st.sampled_from(["solved", "closed", "waiting_us"])),
)


@given(moves=st.lists(MOVES, max_size=12))
@settings(max_examples=150, deadline=None)
def test_no_answer_on_weak_evidence_tells_of_a_case(moves: list[tuple[str, str]]) -> None:
    desk = Desk()
    for words in ("zanzibar E42", "another question: quixotic bill"):
        desk.does(replace(text(words), at=desk.now))
        desk.now = Ms(desk.now + MINUTE_MS)
    desk.now = Ms(desk.now + DAY_MS)
    for what, said in moves:
        before = desk.cases()
        how = said.replace("REF", before[0].ref)
        desk.said.clear()
        spoken = _move(desk, what, how)
        for case in before:
            secrets = (case.ref, case.ref.replace("-", ""), HERS, "heating", "billing", *SECRETS)
            for answer in (*desk.said, *spoken):
                assert not [secret for secret in secrets if secret in answer], (what, how, answer)


def _move(desk: Desk, what: str, how: str) -> list[str]:
    """Do one thing; what was spoken because of it."""
    match what:
        case "wait":
            desk.now = Ms(desk.now + int(how) * MINUTE_MS)
        case "status":
            desk.does(SetStatus(key="k", case=desk.cases()[0].id, status=CaseStatus(how), actor=ANA))
        case "text":
            desk.does(replace(text(how), at=desk.now))
        case "touch":
            touched = Touch(calls=how == "", wish="call me")
            desk.does(replace(text(how, channel=Channel.TOUCH), at=desk.now, touch=touched, context={"model": "T"}))
        case "mail":
            raw = File(name="m.eml", content_type="message/rfc822", hash="0" * 64, size_bytes=1)
            mail = MailIn(id=f"<{desk.count}@x>", raw=raw, subject=how, subject_key=how)
            desk.does(replace(text(how, channel=Channel.EMAIL), at=desk.now, mail=mail))
        case _:
            return _call(desk, how)
    return []


def _call(desk: Desk, answer: str) -> list[str]:
    id = CallId(f"call_{desk.count}")
    desk.does(TakeCall(key="k", call=id, provider_id="CA1", sender=HERS, via=OURS, at=desk.now, attested=False))
    spoken = _script(desk, id)
    call = desk.state.get(id)
    if isinstance(call, Call):
        said = {"digits": answer} if answer.isdecimal() else {"speech": answer}
        desk.does(HearCall(key="k", call=id, turn=call.turn, step=call.step, **said))  # type: ignore[arg-type]
        spoken += _script(desk, id)
    return spoken


def _script(desk: Desk, id: CallId) -> list[str]:
    call = desk.state.get(id)
    if not isinstance(call, Call):
        return []
    case = desk.state.get(call.case)
    return [s for s in script_of(call, case if isinstance(case, Case) else None, POLICY).says if s]


def test_no_step_of_a_customers_call_tells_of_the_case() -> None:
    """Whatever they hear at any step and round, recorded or not: who we are, and never what it is about."""
    desk = Desk()
    desk.does(TakeCall(key="k", call=CallId("call_1"), provider_id="CA1", sender=HERS, via=OURS, at=desk.now))
    call, [case] = desk.state["call_1"], desk.cases()
    assert isinstance(call, Call)
    case = replace(case, queue="zanzibar")
    for step in set(TABLE) - {Step.WHISPER, Step.BESIDE}:
        for rounds in range(4):
            for shared in (False, True):
                at = replace(call, step=step, rounds=rounds, role=CallRole.CUSTOMER, shared=shared, notice="")
                said = " ".join(s or "" for s in script_of(at, case, POLICY).says)
                assert case.ref not in said
                assert "zanzibar" not in said


def test_on_strong_evidence_a_case_may_be_named() -> None:
    """The check is not blind: the same person, vouched for, is asked by reference which case it is."""
    desk = Desk()
    for words in ("my heating is cold", "another question: my bill"):
        desk.does(replace(text(words, channel=Channel.WHATSAPP), at=desk.now, evidence=Evidence.STRONG))
        desk.now = Ms(desk.now + MINUTE_MS)
    refs = [case.ref for case in desk.cases()]
    desk.now = Ms(desk.now + DAY_MS)
    desk.does(replace(text("hello?", channel=Channel.WHATSAPP), at=desk.now, evidence=Evidence.STRONG))
    assert len(desk.said) == 1
    assert all(ref in desk.said[0] for ref in refs)
    desk.said.clear()
