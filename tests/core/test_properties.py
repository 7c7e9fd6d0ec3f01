"""Properties of the core: whatever people and agents do, in whatever order, these stay true."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import (
    Actor,
    AssignCase,
    BeginAttempt,
    Command,
    RecordAttempt,
    RecordDelivery,
    SendReply,
    SetStatus,
    TakeContact,
)
from router.core.context import Context
from router.core.decide import decide
from router.core.documents import Case, Customer, Message, MessageState, State
from router.core.errors import Rejected
from router.core.events import CommandTaken, Event
from router.core.evolve import evolve
from router.core.messages import RANK
from router.core.timeline import entry_of
from router.core.words import ActorKind, CaseStatus, Channel, Ids, Setback
from router.journal import codec

POLICY = parse_policies(default_policy_files(), 1)
FACTS = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
ANA = Actor(ActorKind.AGENT, "agt_ana")
SETBACKS = st.sampled_from([None, *Setback])
TEXTS = st.one_of(
    st.sampled_from(["E42 again", "STOP", "start", "", "please stop by at 5", "Die Heizung ist kalt", "mi factura"]),
    st.text(max_size=200),
    st.characters(categories=["Cs"]).map(lambda c: f"broken {c}"),
)


class OnePerson(RuleBasedStateMachine):
    """One person's documents under every command that the customer scope takes."""

    messages: Bundle[str] = Bundle("messages")

    @initialize()
    def begin(self) -> None:
        self.now = Ms(1_790_000_000_000)
        self.state: State = {}
        self.log: list[Event] = []
        self.count = 0
        self.highest: dict[str, int] = {}
        self.places: dict[str, int] = {}

    def do(self, command: Command) -> bool:
        """Decide and fold; a command that is not allowed changes nothing."""
        found = next((d.addresses[0].id for d in self.state.values() if isinstance(d, Customer)), None)
        context = Context(
            now=self.now,
            ids=Ids(secret=b"k" * 32, key=command.key, at=self.now),
            policy=POLICY,
            case_number=lambda: self.count,
            reference_offset=7,
            facts_of=lambda _: FACTS,
            senders={Channel.SMS: "+14155550100", Channel.WHATSAPP: "+14155550100"},
            found=found,
        )
        try:
            decision = decide(self.state, command, context)
        except Rejected:
            return False
        assert isinstance(decision.events[0], CommandTaken)
        folded = self.state
        for event in decision.events:
            folded = evolve(folded, event)
        assert folded == decision.state, "folding the events gives what was decided"
        self.state = decision.state
        self.log += decision.events
        return True

    def key(self) -> str:
        self.count += 1
        return f"k{self.count}"

    @rule(text=TEXTS, channel=st.sampled_from([Channel.SMS, Channel.WHATSAPP]), late_ms=st.integers(0, 10**7))
    def writes(self, text: str, channel: Channel, late_ms: int) -> None:
        at = Ms(self.now - late_ms)
        taken = self.do(
            TakeContact(key=self.key(), channel=channel, sender="+12125550142", via="+14155550100", at=at, text=text)
        )
        assert taken, "a contact is never refused for its form"

    @rule(seconds=st.integers(0, 40 * 86_400))
    def passes(self, seconds: int) -> None:
        self.now = Ms(self.now + seconds * 1000)

    @precondition(lambda self: any(isinstance(d, Case) for d in self.state.values()))
    @rule(target=messages, text=st.text(min_size=1, max_size=50), channel=st.sampled_from([None, Channel.SMS]))
    def agent_answers(self, text: str, channel: Channel | None) -> str:
        before = set(self.state)
        case = self.case()
        done = self.do(SendReply(key=self.key(), case=case.id, text=text, channel=channel, actor=ANA))
        made = [id for id in self.state if id not in before and id.startswith("msg_")]
        assert bool(made) == done
        return made[0] if made else ""

    @precondition(lambda self: any(isinstance(d, Message) and d.moved_from for d in self.state.values()))
    @rule(target=messages)
    def outbox_finds_the_next_way(self) -> str:
        return next(d.id for d in reversed(self.state.values()) if isinstance(d, Message) and d.moved_from)

    @rule(message=messages)
    def outbox_begins(self, message: str) -> None:
        self.do(BeginAttempt(key=self.key(), message=message))  # pyright: ignore[reportArgumentType]

    @rule(
        message=messages,
        outcome=st.sampled_from(["sent", "refused", "again", "absent"]),
        attempt=st.integers(1, 3),
        setback=SETBACKS,
    )
    def provider_answers(self, message: str, outcome: str, attempt: int, setback: Setback | None) -> None:
        self.do(
            RecordAttempt(
                key=self.key(),
                message=message,  # pyright: ignore[reportArgumentType]
                attempt=attempt,
                outcome=outcome,
                provider_id="SM1" if outcome == "sent" else None,
                error="30003",
                setback=setback,
            )
        )

    @rule(
        message=messages,
        state=st.sampled_from(["queued", "sent", "delivered", "undelivered", "failed", "read", "canceled", "strange"]),
        sid=st.sampled_from(["SM1", "SM2"]),
        setback=SETBACKS,
    )
    def provider_reports(self, message: str, state: str, sid: str, setback: Setback | None) -> None:
        self.do(
            RecordDelivery(
                key=self.key(),
                message=message,  # pyright: ignore[reportArgumentType]
                state=state,
                provider_id=sid,
                setback=setback,
            )
        )

    @precondition(lambda self: any(isinstance(d, Case) for d in self.state.values()))
    @rule(status=st.sampled_from(list(CaseStatus)))
    def agent_sets_status(self, status: CaseStatus) -> None:
        self.do(SetStatus(key=self.key(), case=self.case().id, status=status, actor=ANA))

    @precondition(lambda self: any(isinstance(d, Case) for d in self.state.values()))
    @rule(queue=st.sampled_from(["general", "heating", "nowhere"]))
    def lead_assigns(self, queue: str) -> None:
        self.do(AssignCase(key=self.key(), case=self.case().id, queue=queue, actor=ANA))

    def case(self) -> Case:
        return max((d for d in self.state.values() if isinstance(d, Case)), key=lambda c: c.id)

    # --- what stays true ----------------------------------------------------------------------------------------------

    @invariant()
    def the_log_gives_every_document_again(self) -> None:
        folded: State = {}
        for event in codec.decode_events(codec.encode_events(tuple(self.log))) if self.log else ():
            folded = evolve(folded, event)
        assert folded == self.state

    @invariant()
    def rows_of_a_timeline_are_numbered_without_a_gap(self) -> None:
        rows: dict[str, list[int]] = {}
        for event in self.log:
            if (entry := entry_of(event)) is not None:
                rows.setdefault(entry.case, []).append(entry.n)
        for case in (d for d in self.state.values() if isinstance(d, Case)):
            assert rows.get(case.id, []) == list(range(1, case.entries + 1))

    @invariant()
    def a_delivery_state_never_goes_back(self) -> None:
        for message in (d for d in self.state.values() if isinstance(d, Message)):
            rank = RANK[message.state]
            settled = self.highest.get(message.id, 0) >= RANK[MessageState.SENT]
            assert not settled or rank >= self.highest[message.id]
            self.highest[message.id] = max(self.highest.get(message.id, 0), rank)

    @invariant()
    def words_move_on_once_and_only_after_they_failed(self) -> None:
        found = [d for d in self.state.values() if isinstance(d, Message)]
        for message in (m for m in found if m.moved_from is not None):
            first = self.state[message.moved_from or ""]
            assert isinstance(first, Message)
            assert (first.state, first.moved_from, first.moved_to) == (MessageState.FAILED, None, message.id)
            assert first.words == message.words
            assert (first.channel, first.address) != (message.channel, message.address)

    @invariant()
    def texts_are_remembered_as_many_as_count(self) -> None:
        for case in (d for d in self.state.values() if isinstance(d, Case)):
            assert len(case.texts) <= POLICY.settings.sending.texts_a_day
            assert list(case.texts) == sorted(case.texts)

    @invariant()
    def a_place_never_gets_younger(self) -> None:
        """While nobody has attended to it, an ask keeps its place through assignment and every other move."""
        waiting: dict[str, int] = {}
        for case in (d for d in self.state.values() if isinstance(d, Case)):
            if case.ask is not None and not case.taken:
                waiting[case.id] = case.ask.place_at
                assert case.ask.place_at <= self.places.get(case.id, case.ask.place_at)
        self.places = waiting

    @invariant()
    def case_documents_stay_small(self) -> None:
        for document in self.state.values():
            assert len(codec.encode_document(document)) < 16 * 1024

    @invariant()
    def live_cases_are_listed_and_no_others(self) -> None:
        for customer in (d for d in self.state.values() if isinstance(d, Customer)):
            live = {d.id for d in self.state.values() if isinstance(d, Case) and d.status.is_live}
            assert set(customer.live_cases) == live

    @invariant()
    def events_hold_no_words(self) -> None:
        text = codec.encode_events(tuple(self.log)) if self.log else ""
        assert "+12125550142" not in text
        assert "E42 again" not in text


TestOnePerson = OnePerson.TestCase
TestOnePerson.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
