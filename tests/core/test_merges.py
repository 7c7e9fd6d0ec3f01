"""Cases of one person, joined, split and taken apart in any order: each row stands on exactly one case, and undoing all
gives the start."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind, matching_key
from router.core.clock import Ms
from router.core.commands import (
    Actor,
    Command,
    FoldWork,
    MergeCases,
    MergeCustomers,
    OpenCase,
    SendReply,
    SetStatus,
    SplitCase,
    TakeContact,
    UnmergeCases,
    UnmergeCustomers,
)
from router.core.context import Context, Decision
from router.core.decide import decide
from router.core.documents import Case, Customer, Entry, State
from router.core.errors import Rejected
from router.core.events import CasesMerged, CaseSplit, CustomersMerged, Event, WorkAccepted, WorkFinished
from router.core.evolve import evolve
from router.core.parts import merge_key
from router.core.rerouting import row_that_decides
from router.core.side_folds import person_of
from router.core.splitting import SPLIT_MAX, is_contact
from router.core.timeline import entry_of
from router.core.tree import PARTS_MAX, head_of, is_written, tree_of
from router.core.words import ActorKind, AgentId, CaseStatus, Channel, Ids, MergeId
from router.journal import codec
from router.journal.base import moves_of, owner_of

POLICY = parse_policies(default_policy_files(), 1)
FACTS = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
ANA = Actor(ActorKind.AGENT, "agt_ana")
NUMBERS = ("+12125550142", "+12125550143", "+12125550144")
Row = tuple[str, int]


class Scope:
    """What the customer scope and the journal do around the core, in a few lines: whose documents, which rows."""

    def __init__(self) -> None:
        self.now = Ms(1_790_000_000_000)
        self.state: State = {}
        self.log: list[Event] = []
        self.count = 0
        self.opened = 0
        self.index: dict[str, tuple[str, str]] = {}  # key -> owner, address or document
        self.rows: dict[Row, Entry] = {}
        self.vault: dict[str, str] = {}
        self.stands: dict[Row, str] = {}
        self.merges: list[tuple[str, str]] = []  # kind, id; the oldest first

    def root_of(self, customer: str) -> str:
        document = self.state[customer]
        while isinstance(document, Customer) and document.joined is not None:
            document = self.state[document.joined.into]
        return document.id

    def working_set(self, *customers: str) -> State:
        people: set[str] = set()
        for id in customers:
            root: Any = self.root_of(id)
            people |= {str(one) for one in person_of(self.state, root)}
        return {id: d for id, d in self.state.items() if owner_of(d) in people}

    def do(self, command: Command, *owners: str, found: str | None = None) -> Decision | None:
        """Decide and fold; a command that is not allowed changes nothing."""
        self.count += 1
        before = self.working_set(*owners) if owners else {}
        context = Context(
            now=self.now,
            ids=Ids(secret=b"k" * 32, key=f"k{self.count}", at=self.now),
            policy=POLICY,
            case_number=self._next_case,
            reference_offset=7,
            facts_of=lambda _: FACTS,
            senders={Channel.SMS: "+14155550100"},
            found=found,  # type: ignore[arg-type]
        )
        try:
            decision = decide(before, command, context)
        except Rejected:
            return None
        self.state = {**self.state, **decision.state}
        self.log += decision.events
        self.vault.update({kept.id: kept.body for kept in decision.kept})
        for indexed in decision.indexed:
            self.index[indexed.key] = (indexed.customer, indexed.address)
        for event in decision.events:
            if (entry := entry_of(event)) is not None:
                self.rows[entry.case, entry.n] = entry
                self.stands[entry.case, entry.n] = entry.case
            if isinstance(event, CasesMerged) and isinstance(command, MergeCases):
                self.merges.append(("case", event.merge))
            if isinstance(event, CaseSplit):
                self.merges.append(("case", event.split))
            if isinstance(event, CustomersMerged):
                self.merges.append(("customer", event.merge))
        for moved in moves_of(decision.events):
            self.stands[moved.case, moved.n] = moved.to
        return decision

    def _next_case(self) -> int:
        self.opened += 1
        return self.opened - 1

    # --- what people do -----------------------------------------------------------------------------------------------

    def writes(self, number: str, text: str = "E42 again") -> Decision | None:
        known = self.index.get(matching_key(number))
        command = TakeContact(key="k", channel=Channel.SMS, sender=number, via="+14155550100", at=self.now, text=text)
        return self.do(command, *([known[0]] if known else []), found=known[1] if known else None)

    def opens(self, customer: str) -> Decision | None:
        command = OpenCase(key="k", sender="", at=self.now, actor=ANA, customer=customer)  # type: ignore[arg-type]
        return self.do(command, customer)

    def answers(self, case: Case) -> None:
        self.do(SendReply(key="k", case=case.id, text="Try this.", channel=None, actor=ANA), case.customer)

    def works(self, case: Case, *, finishes: bool) -> None:
        ask = case.ask
        if ask is None:
            return
        if case.taken and finishes:
            done = WorkFinished(
                work=ask.work, case=case.id, customer=case.customer, agent=AgentId("agt_ana"), at=self.now,
                outcome="done",
            )  # fmt: skip
            self.do(FoldWork(key="k", case=case.id, event=done), case.customer)
        elif not case.taken:
            taken = WorkAccepted(
                offer="off_1", work=ask.work, case=case.id, customer=case.customer, agent=AgentId("agt_ana"),
                at=self.now,
            )  # type: ignore[arg-type] # fmt: skip
            self.do(FoldWork(key="k", case=case.id, event=taken), case.customer)

    def merges_cases(self, case: Case, into: Case) -> Decision | None:
        if self.root_of(case.customer) != self.root_of(into.customer):
            return None
        return self.do(MergeCases(key="k", case=case.id, into=into.id, actor=ANA), case.customer)

    def merges_customers(self, one: str, other: str) -> Decision | None:
        command = MergeCustomers(key="k", customer=one, into=other, actor=ANA)  # type: ignore[arg-type]
        return self.do(command, one, other)

    def splits(self, case: Case, rows: Iterable[Row]) -> Decision | None:
        named = [self.rows[row] for row in rows if self.stands[row] == row[0]]
        gone = {(entry.case, entry.n) for entry in named}
        of = named[0].case if named else case.id
        first = min((entry for entry in named if entry.contact), key=lambda entry: entry.at, default=None)
        text = self.vault.get(first.words or "", "") if first is not None else ""
        left = [self.rows[row] for row in self.rows if row not in gone and self.stands[row] == of]
        document = self.state[of]
        assert isinstance(document, Case)
        decides = row_that_decides(document, filter(is_contact, left))
        left_text = self.vault.get(decides.words or "", "") if decides is not None else ""
        command = SplitCase(
            key="k", case=case.id, entries=tuple(f"{e.case}/{e.n}" for e in named), actor=ANA, rows=tuple(named),
            left=tuple(left), text=text, left_text=left_text,
        )  # fmt: skip
        return self.do(command, case.customer)

    def undoes(self, kind: str, merge: str) -> Decision | None:
        owner, what = self.index[merge_key(merge)]
        command: Command
        if kind == "case":
            came = tuple(self.rows[row] for row in self.rows if row[0] == what and self.stands[row] == what)
            command = UnmergeCases(key="k", merge=MergeId(merge), actor=ANA, stays=came)
        else:
            command = UnmergeCustomers(key="k", merge=MergeId(merge), actor=ANA)
        return self.do(command, owner, found=what)

    # --- what is there ------------------------------------------------------------------------------------------------

    def cases(self) -> list[Case]:
        return [d for _, d in sorted(self.state.items()) if isinstance(d, Case)]

    def customers(self) -> list[Customer]:
        return [d for _, d in sorted(self.state.items()) if isinstance(d, Customer)]

    def heads(self) -> list[Case]:
        return [case for case in self.cases() if case.is_head]

    def shown(self, head: Case) -> list[Row]:
        """The rows of a head's timeline."""
        here = {one.id for one in tree_of(self.state, head)}
        return [row for row in self.rows if self.stands[row] in here]

    def picture(self) -> dict[str, Any]:
        """All matters as somebody sees them who does not look at who was joined with whom and when."""
        return {
            head.id: {
                "status": head.status,
                "queue": head.queue,
                "topics": set(head.topics),
                "ask": _ask(head),
                "with": _with(head),
                "heard": head.heard,
                "contacts": head.contacts,
                "unanswered": head.unanswered,
                "answered_at": head.answered_at,
                "rows": [row for row in self.shown(head) if self.rows[row].kind in ("message", "call", "note")],
                "promise": head.promise,
            }
            for head in self.heads()
        }


def _ask(case: Case) -> Any:
    ask = case.ask
    if ask is None:
        return None
    return (ask.place_at, ask.queue, ask.requirement, ask.written, ask.first)


def _with(case: Case) -> AgentId | None:
    """Who has it in hand, or is given it at once."""
    if case.ask is not None and case.ask.takes_over:
        return case.ask.agent
    return case.agent if case.taken else None


class Matters(RuleBasedStateMachine):
    """Three people's matters under everything that joins and takes apart."""

    @initialize()
    def begin(self) -> None:
        self.scope = Scope()
        for number in NUMBERS:
            self.scope.writes(number)

    def _pick(self, n: int) -> Case:
        cases = self.scope.cases()
        return cases[n % len(cases)]

    @rule(number=st.sampled_from(NUMBERS), text=st.sampled_from(["E42", "my bill", "STOP", "start"]))
    def writes(self, number: str, text: str) -> None:
        assert self.scope.writes(number, text) is not None, "a contact is never refused"

    @rule(seconds=st.integers(0, 3 * 86_400))
    def passes(self, seconds: int) -> None:
        self.scope.now = Ms(self.scope.now + seconds * 1000)

    @rule(n=st.integers(0, 20))
    def opens(self, n: int) -> None:
        self.scope.opens(self._pick(n).customer)

    @rule(n=st.integers(0, 20))
    def answers(self, n: int) -> None:
        self.scope.answers(self._pick(n))

    @rule(n=st.integers(0, 20), finishes=st.booleans())
    def works(self, n: int, finishes: bool) -> None:
        self.scope.works(self._pick(n), finishes=finishes)

    @rule(n=st.integers(0, 20), status=st.sampled_from(list(CaseStatus)))
    def sets_status(self, n: int, status: CaseStatus) -> None:
        case = self._pick(n)
        self.scope.do(SetStatus(key="k", case=case.id, status=status, actor=ANA), case.customer)

    @rule(n=st.integers(0, 20), m=st.integers(0, 20))
    def merges_cases(self, n: int, m: int) -> None:
        self.scope.merges_cases(self._pick(n), self._pick(m))

    @rule(n=st.integers(0, 2), m=st.integers(0, 2))
    def merges_customers(self, n: int, m: int) -> None:
        customers = self.scope.customers()
        self.scope.merges_customers(customers[n].id, customers[m].id)

    @rule(n=st.integers(0, 20), picks=st.lists(st.integers(0, 30), min_size=1, max_size=3, unique=True))
    def splits(self, n: int, picks: list[int]) -> None:
        case = self._pick(n)
        rows = self.scope.shown(head_of(self.scope.state, case))
        self.scope.splits(case, {rows[pick % len(rows)] for pick in picks} if rows else [])

    @rule(n=st.integers(0, 30))
    def undoes(self, n: int) -> None:
        if self.scope.merges:
            self.scope.undoes(*self.scope.merges[n % len(self.scope.merges)])

    # --- what stays true ----------------------------------------------------------------------------------------------

    @invariant()
    def each_row_stands_on_exactly_one_case(self) -> None:
        shown = [row for head in self.scope.heads() for row in self.scope.shown(head)]
        assert sorted(shown) == sorted(self.scope.rows)
        for case in self.scope.cases():
            mine = sorted(n for id, n in self.scope.rows if id == case.id)
            assert mine == list(range(1, case.entries + 1))

    @invariant()
    def a_head_counts_what_it_shows(self) -> None:
        for head in self.scope.heads():
            contacts = [row for row in self.scope.shown(head) if self.scope.rows[row].direction == "in"]
            assert head.contacts == len(contacts)

    @invariant()
    def one_of_the_joined_asks_for_all(self) -> None:
        for head in self.scope.heads():
            asks = [one for one in tree_of(self.scope.state, head) if is_written(one)]
            assert len(asks) <= 1
            assert all(one.id == head.id for one in asks)

    @invariant()
    def open_matters_are_listed_and_no_others(self) -> None:
        for customer in self.scope.customers():
            live = {c.id for c in self.scope.heads() if c.customer == customer.id and c.status.is_live}
            assert set(customer.live_cases) == live

    @invariant()
    def everything_stands_with_its_own_customer(self) -> None:
        for (id, _), entry in self.scope.rows.items():
            case = self.scope.state[id]
            assert isinstance(case, Case)
            assert entry.direction != "in" or entry.author_id == case.customer
        for case in self.scope.cases():
            if case.joined is not None:
                parent = self.scope.state[case.joined.into]
                assert isinstance(parent, Case)
                assert case.id in parent.parts
                assert self.scope.root_of(case.customer) == self.scope.root_of(parent.customer)
            assert (case.side is None) is (case.joined is None and not case.parts)

    @invariant()
    def the_log_gives_every_document_again(self) -> None:
        folded: State = {}
        for event in codec.decode_events(codec.encode_events(tuple(self.scope.log))) if self.scope.log else ():
            folded = evolve(folded, event)
        assert folded == self.scope.state

    @invariant()
    def documents_stay_small(self) -> None:
        for document in self.scope.state.values():
            assert len(codec.encode_document(document)) < 16 * 1024


TestMatters = Matters.TestCase
TestMatters.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_undoing_all_gives_the_start(data: st.DataObject) -> None:
    """Whatever was joined and split, in whatever order it is taken back: statuses, asks, places, rows are as before."""
    scope = Scope()
    texts = st.sampled_from(["E42 again", "my bill", "hello?"])
    for number in NUMBERS:
        scope.writes(number, data.draw(texts))
        for _ in range(2):
            scope.now = Ms(scope.now + 60_000)
            scope.writes(number, data.draw(texts))
    for customer in scope.customers()[:2]:
        scope.opens(customer.id)
    for case in scope.cases():
        if data.draw(st.booleans()):
            scope.works(case, finishes=False)
        if data.draw(st.booleans()):
            scope.answers(case)
    before = scope.picture()
    scope.now = Ms(scope.now + 3_600_000)
    for _ in range(data.draw(st.integers(1, 6))):
        cases, customers = scope.cases(), scope.customers()
        match data.draw(st.sampled_from(["cases", "customers", "split"])):
            case "cases":
                scope.merges_cases(data.draw(st.sampled_from(cases)), data.draw(st.sampled_from(cases)))
            case "customers":
                one, other = data.draw(st.sampled_from(customers)), data.draw(st.sampled_from(customers))
                scope.merges_customers(one.id, other.id)
            case _:
                case = data.draw(st.sampled_from(cases))
                rows = scope.shown(head_of(scope.state, case))
                scope.splits(case, [data.draw(st.sampled_from(rows))] if rows else [])
    for kind, merge in data.draw(st.permutations(scope.merges)):
        scope.undoes(kind, merge)
    after = scope.picture()
    assert after.keys() == before.keys()
    for id, shown in before.items():
        assert after[id] == shown


LEADS = {"E42 again": "heating", "my bill is wrong": "billing"}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_each_word_that_nobody_attended_to_is_in_exactly_one_line(data: st.DataObject) -> None:
    """Whatever is joined, split and taken back, in whatever order, with new words in between: each matter is in one
    line, since the first of its own words, in the queue where these lead; of joined ones, where one of them does."""
    scope = Scope()
    texts = st.sampled_from([*LEADS, "hello?"])
    for number in data.draw(st.lists(st.sampled_from(NUMBERS[:2]), min_size=2, max_size=5)):
        scope.writes(number, data.draw(texts))
        scope.now = Ms(scope.now + 60_000)
    for _ in range(data.draw(st.integers(1, 8))):
        cases, customers = scope.cases(), scope.customers()
        match data.draw(st.sampled_from(["split", "split", "undo", "writes", "cases", "customers"])):
            case "cases":
                scope.merges_cases(data.draw(st.sampled_from(cases)), data.draw(st.sampled_from(cases)))
            case "customers":
                one, other = data.draw(st.sampled_from(customers)), data.draw(st.sampled_from(customers))
                scope.merges_customers(one.id, other.id)
            case "undo" if scope.merges:
                scope.undoes(*data.draw(st.sampled_from(scope.merges)))
            case "writes":
                scope.writes(data.draw(st.sampled_from(NUMBERS[:2])), data.draw(texts))
            case _:
                case = data.draw(st.sampled_from(cases))
                rows = [row for row in scope.shown(head_of(scope.state, case)) if scope.rows[row].contact]
                scope.splits(case, [data.draw(st.sampled_from(rows))] if rows else [])
        scope.now = Ms(scope.now + 60_000)
        for head in scope.heads():
            asks = [one for one in tree_of(scope.state, head) if one.ask is not None]
            wrote = sorted(
                (row for row in scope.shown(head) if scope.rows[row].contact), key=lambda r: scope.rows[r].at
            )
            assert len(asks) == (1 if wrote else 0)
            if wrote and asks[0].ask is not None:
                assert asks[0].ask.waits_since == asks[0].ask.place_at == scope.rows[wrote[0]].at
                firsts = {scope.stands[row]: scope.rows[row] for row in reversed(wrote)}.values()
                led = {LEADS.get(scope.vault[first.words or ""]) for first in firsts}
                assert None in led or asks[0].ask.queue in led


def test_what_stays_goes_where_its_own_words_lead_and_back_once_the_split_is_undone() -> None:
    """A matter of two that was in line by the words of the first: cut in two, each is in line where its own words lead,
    in their own place; taken back, in whatever way it was cut, it is in line as it was."""
    scope = Scope()
    scope.writes(NUMBERS[0], "E42 again")
    scope.now = Ms(scope.now + 60_000)
    scope.writes(NUMBERS[0], "and my bill is wrong")
    before = scope.picture()
    [both] = scope.cases()
    assert both.queue == "heating"
    theirs = [row for row in scope.rows if scope.rows[row].contact]
    for cut in (0, 1, 0):
        went = scope.vault[scope.rows[theirs[cut]].words or ""]
        made = scope.splits(both, [theirs[cut]])
        assert made is not None
        rest, new = scope.state[both.id], made.opened()
        assert isinstance(rest, Case)
        assert new is not None
        led = ("billing", "heating") if "E42" in went else ("heating", "billing")
        assert (rest.queue, new.queue) == led
        assert rest.ask is not None
        assert new.ask is not None
        assert (rest.ask.queue, new.ask.queue) == led
        assert [set(case.topics) for case in (rest, new)] == [{f"{queue} {queue}"} for queue in led]
        assert [skill for skill, _ in rest.ask.requirement.skills] == [rest.queue]
        assert scope.undoes(*scope.merges[-1]) is not None
        assert scope.picture() == before


def test_what_was_answered_goes_on_where_the_words_that_stay_lead() -> None:
    """Nothing of it waits: once the words that brought it there are another case, it asks again where its own lead."""
    scope = Scope()
    scope.writes(NUMBERS[0], "my bill is wrong")
    scope.now = Ms(scope.now + 60_000)
    scope.answers(scope.cases()[0])
    scope.now = Ms(scope.now + 60_000)
    scope.writes(NUMBERS[0], "E42 again")
    [case] = scope.cases()
    assert case.queue == "heating"
    before = scope.picture()
    [row] = [row for row in scope.shown(case) if "E42" in scope.vault.get(scope.rows[row].words or "", "")]
    assert scope.splits(case, [row]) is not None
    rest = scope.cases()[0]
    assert (rest.queue, rest.ask) == ("billing", None)
    scope.writes(NUMBERS[0], f"{rest.ref}: any news?")
    rest = scope.cases()[0]
    assert rest.ask is not None
    assert rest.ask.queue == "billing"
    scope.answers(scope.cases()[0])
    assert scope.undoes(*scope.merges[-1]) is not None
    [head] = scope.heads()
    assert head.queue == before[head.id]["queue"] == "heating"


def test_whoever_has_it_in_hand_keeps_it_in_whatever_order_all_is_taken_back() -> None:
    """Joined with another matter and cut in two there, then made whole again and taken apart: Ana has it as before."""
    scope = Scope()
    scope.writes(NUMBERS[0])
    scope.now = Ms(scope.now + 60_000)
    scope.writes(NUMBERS[0], "and my bill")
    scope.writes(NUMBERS[1])
    [hers, his] = scope.cases()
    scope.works(hers, finishes=False)
    before = scope.picture()
    one, other = scope.customers()
    scope.merges_customers(one.id, other.id)
    scope.merges_cases(scope.cases()[0], his)
    scope.splits(scope.cases()[0], [(hers.id, 1)])
    customers, cases, split = scope.merges
    for kind, merge in (split, cases, customers):
        scope.undoes(kind, merge)
    assert {id: shown["with"] for id, shown in scope.picture().items()} == {
        id: shown["with"] for id, shown in before.items()
    }
    assert before[hers.id]["with"] is not None


def test_an_answer_to_one_of_two_people_leaves_the_other_in_line() -> None:
    """Wrongly joined, one of them is answered: taken apart, the other has their ask and their own place again."""
    scope = Scope()
    scope.writes(NUMBERS[0])
    scope.now = Ms(scope.now + 60_000)
    scope.writes(NUMBERS[1])
    hers, his = scope.cases()
    place_at = hers.ask.place_at if hers.ask else None
    one, other = scope.customers()
    scope.merges_customers(other.id, one.id)
    scope.merges_cases(his, hers)
    scope.now = Ms(scope.now + 60_000)
    scope.writes(NUMBERS[1], "still me")
    scope.answers(scope.cases()[0])
    assert scope.cases()[0].ask is None
    for kind, merge in scope.merges[::-1]:
        assert scope.undoes(kind, merge) is not None
    hers, his = scope.cases()
    assert hers.ask is not None
    assert (hers.ask.place_at, hers.unanswered, hers.status) == (place_at, 1, CaseStatus.OPEN)
    assert (his.ask, his.unanswered, his.status) == (None, 0, CaseStatus.WAITING_CUSTOMER)
    assert [scope.rows[row].direction for row in scope.shown(his)].count("out") == 1


def test_an_answer_to_one_of_their_matters_leaves_the_other_in_line() -> None:
    """Two matters of one customer, joined and answered where it was written: taken apart, what nobody answered is in
    line at its own place, and the answer stands where it was given."""
    scope = Scope()
    scope.writes(NUMBERS[0], "my boiler is cold")
    scope.now = Ms(scope.now + 2_400_000)
    scope.writes(NUMBERS[0], "something else: my invoice is wrong")
    boiler, invoice = scope.cases()
    assert invoice.ask is not None
    place_at = invoice.ask.place_at
    scope.merges_cases(invoice, boiler)
    scope.now = Ms(scope.now + 60_000)
    scope.answers(scope.cases()[0])
    joined = scope.cases()[0]
    assert (joined.ask, joined.unanswered, joined.status) == (None, 0, CaseStatus.WAITING_CUSTOMER)
    assert scope.undoes(*scope.merges[0]) is not None
    boiler, invoice = scope.cases()
    assert invoice.ask is not None
    assert (invoice.ask.place_at, invoice.unanswered, invoice.status) == (place_at, 1, CaseStatus.OPEN)
    assert (boiler.ask, boiler.unanswered, boiler.status) == (None, 0, CaseStatus.WAITING_CUSTOMER)
    assert [scope.rows[row].direction for row in scope.shown(boiler)].count("out") == 1


def test_what_is_said_while_matters_are_joined_stands_with_the_one_that_it_is_about() -> None:
    """Three matters of one customer in one: words go with the matter that they are about, the answer with the words,
    and a reply with the answer; taken apart each has its own."""
    scope = Scope()
    for text in ("my boiler is cold", "something else: my invoice is wrong", "another question: where are you?"):
        scope.writes(NUMBERS[0], text)
        scope.now = Ms(scope.now + 2_400_000)
    boiler, invoice, where = scope.cases()
    scope.merges_cases(invoice, boiler)
    scope.merges_cases(where, scope.cases()[0])
    scope.now = Ms(scope.now + 60_000)
    scope.writes(NUMBERS[0], "more about the boiler, E42")
    scope.now = Ms(scope.now + 60_000)
    scope.answers(scope.cases()[0])
    scope.now = Ms(scope.now + 60_000)
    scope.writes(NUMBERS[0], "it works, thanks")
    for kind, merge in scope.merges:
        assert scope.undoes(kind, merge) is not None
    boiler, invoice, where = scope.cases()
    assert [scope.rows[row].direction for row in scope.shown(boiler) if scope.rows[row].kind == "message"] == [
        "in", "in", "out", "in",
    ]  # fmt: skip
    assert [(case.contacts, case.unanswered) for case in (boiler, invoice, where)] == [(3, 1), (1, 1), (1, 1)]
    assert [case.topics for case in (boiler, invoice)] == [("heating heating",), ("billing billing",)]
    assert all(case.ask is not None for case in (boiler, invoice, where))


def test_a_place_is_the_older_of_two_and_goes_back() -> None:
    """Joined, they stand where the first of them stood; taken apart, each where it stood by itself."""
    scope = Scope()
    scope.writes(NUMBERS[0])
    first = scope.cases()[0]
    scope.opens(first.customer)
    scope.now = Ms(scope.now + 3_600_000)
    second = scope.cases()[-1]
    scope.do(SetStatus(key="k", case=second.id, status=CaseStatus.WAITING_US, actor=ANA), second.customer)
    scope.merges_cases(scope.cases()[0], scope.cases()[1])
    head = scope.heads()[0]
    assert head.id == second.id
    assert first.ask is not None
    assert head.ask is not None
    assert head.ask.place_at == first.ask.place_at
    [(kind, merge)] = scope.merges
    scope.undoes(kind, merge)
    places = [case.ask.place_at for case in scope.heads() if case.ask]
    assert places == [first.ask.place_at, first.ask.place_at + 3_600_000]


def test_a_split_of_as_many_rows_as_there_may_be_fits_into_its_document() -> None:
    """What a split must remember is bounded, and one row more is refused."""
    scope = Scope()
    for _ in range(SPLIT_MAX + 2):
        scope.writes(NUMBERS[0])
    [case] = scope.cases()
    rows = [row for row in scope.shown(case) if scope.rows[row].direction == "in"]
    assert scope.splits(case, rows[: SPLIT_MAX + 1]) is None
    assert scope.splits(case, rows[:SPLIT_MAX]) is not None
    new = scope.cases()[-1]
    assert len(codec.encode_document(new)) < 16 * 1024
    [(kind, merge)] = scope.merges
    scope.undoes(kind, merge)
    assert [head.contacts for head in scope.heads()] == [SPLIT_MAX + 2]


def test_a_case_goes_on_in_no_more_than_fit_under_one_head() -> None:
    """Twenty cases are one at most, and no case goes on in itself, by whatever way."""
    scope = Scope()
    scope.writes(NUMBERS[0])
    first = scope.cases()[0]
    for _ in range(PARTS_MAX):
        scope.now = Ms(scope.now + 1000)
        scope.opens(first.customer)
        scope.merges_cases(scope.cases()[-1], scope.cases()[0])
    assert len(tree_of(scope.state, scope.cases()[0])) == PARTS_MAX
    part = next(case for case in scope.cases() if not case.is_head)
    assert scope.merges_cases(scope.cases()[0], part) is None
    assert scope.merges_cases(part, scope.cases()[0]) is None
