"""People who are joined, held, to be erased and taken apart in any order: whoever was meant is erased once nothing
stands in the way, and nobody else ever is."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.core.commands import EraseCustomer, SetHold
from router.core.documents import Customer
from router.core.evolve import evolve
from router.core.side_folds import person_of
from tests.core.test_merges import ANA, NUMBERS, Scope

PERSON = st.integers(0, len(NUMBERS) - 1)
STEP = st.one_of(
    st.tuples(st.sampled_from(["hold", "lift", "erase"]), PERSON, PERSON),
    st.tuples(st.just("merge"), PERSON, PERSON),
    st.tuples(st.just("undo"), PERSON, PERSON),
)


class Registry(Scope):
    """Three people, and what ops do with them."""

    def __init__(self) -> None:
        super().__init__()
        for number in NUMBERS:
            self.writes(number)
        self.people = [id for id, d in self.state.items() if isinstance(d, Customer)]
        self.meant: set[str] = set()

    def customer(self, id: str) -> Customer:
        found = self.state[id]
        assert isinstance(found, Customer)
        return found

    def holds(self, id: str, *, on: bool) -> None:
        self.do(SetHold(key="k", customer=self.customer(id).id, on=on, actor=ANA), id)

    def erases(self, id: str) -> None:
        command = EraseCustomer(key="k", customer=self.customer(id).id, actor=ANA, whole_person=True)
        person = {str(one) for one in person_of(self.state, self.root_of(id))}  # type: ignore[arg-type]
        if self.do(command, id) is not None:
            self.meant |= person

    def steps(self, what: str, one: str, other: str) -> None:
        match what:
            case "hold" | "lift":
                self.holds(one, on=what == "hold")
            case "erase":
                self.erases(one)
            case "merge":
                self.merges_customers(one, other)
            case _:
                if self.merges:
                    self.undoes(*self.merges[-1])

    def ends(self) -> None:
        """Everybody is taken apart, and no hold stands any more."""
        for merge in reversed(self.merges):
            self.undoes(*merge)
        for id in self.people:
            self.holds(id, on=False)

    @property
    def erased(self) -> set[str]:
        return {id for id in self.people if self.customer(id).erased_at is not None}


@given(st.lists(STEP, min_size=4, max_size=16))
@example([("merge", 0, 1), ("hold", 0, 0), ("erase", 1, 1), ("undo", 0, 0)])
@example([("hold", 0, 0), ("erase", 0, 0), ("merge", 0, 1), ("lift", 0, 0), ("undo", 0, 0)])
@settings(max_examples=300, deadline=None)
def test_a_wish_is_done_in_the_end_and_nobody_else_is_erased(steps: list[tuple[str, int, int]]) -> None:
    """Whatever is joined, held and taken apart meanwhile; and nobody is erased while a hold stands on them."""
    they = Registry()
    start = dict(they.state)
    begun = len(they.log)
    for what, one, other in steps:
        held = {id for id in they.people if they.customer(id).hold is not None} - they.erased
        they.steps(what, they.people[one], they.people[other])
        assert they.erased <= they.meant
        assert not held & they.erased or what == "lift"
    they.ends()
    assert they.erased == they.meant
    again = start
    for event in they.log[begun:]:
        again = evolve(again, event)
    assert again == they.state
