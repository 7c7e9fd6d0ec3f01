"""What it changes in the documents that a contact is set aside as junk, or let out again: a part of `core.evolve`."""

from typing import assert_never

from router.core.documents import Case, Customer, State
from router.core.events import ContactReleased, ContactSetAside
from router.core.folding import change, get
from router.core.words import CaseStatus


def junk_folded(state: State, event: ContactSetAside | ContactReleased) -> State:
    case, customer = get(state, event.case, Case), get(state, event.customer, Customer)
    match event:
        case ContactSetAside():
            live = tuple(id for id in customer.live_cases if id != case.id)
            state = change(state, customer, live_cases=live, junk=customer.junk + 1, only_junk=event.only)
            return change(
                state, case, status=CaseStatus.CLOSED, junk=event.rule, changed_at=event.at, entries=event.entry
            )
        case ContactReleased() if event.stuck:
            return change(state, case, changed_at=event.at, entries=event.entry)
        case ContactReleased():
            state = no_junk(change(state, customer, live_cases=(*customer.live_cases, case.id)), case)
            return change(state, case, status=CaseStatus.WAITING_US, junk="", changed_at=event.at, entries=event.entry)
        case _:
            assert_never(event)


def no_junk(state: State, case: Case) -> State:
    """Their case turned out not to be junk, if it was: then we have met them."""
    if not case.junk:
        return state
    customer = get(state, case.customer, Customer)
    return change(state, customer, junk=max(0, customer.junk - 1), only_junk=False)
