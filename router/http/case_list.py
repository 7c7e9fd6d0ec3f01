"""The list of cases: read newest first, those of one person together, and what was found in a part shown as its head.

Its one rule: a page goes on before the document that its last item was found by, whatever that is shown as.
"""

from typing import NamedTuple

from pydantic import Field

from router.core.documents import Case, Customer
from router.core.words import CaseStatus
from router.http.joined import head_of
from router.http.routes import Page, Reply
from router.journal.base import Journal, Place
from router.journal.terms import Term

READ_AT_ONCE = 200


class CasesQuery(Page):
    status: CaseStatus | None = None
    queue: str | None = None
    agent: str | None = None
    customer: str | None = None
    q: str | None = Field(
        None, max_length=200, description="words, a quoted phrase, a reference, or any form of an address"
    )


class FoundOut(Reply):
    """Words of a case that were looked for."""

    entry: str | None = Field(description="the row of the timeline; null: of the case itself, such as an address")
    text: str = Field(description="the words around them")
    marks: list[tuple[int, int]] = Field(description="start and end of each of them in `text`")


class Row(NamedTuple):
    """A case of a list; `at`: the id of what it was found by, which the next page goes on before."""

    case: Case
    at: str
    places: list[FoundOut]


async def read_cases(
    journal: Journal, query: CasesQuery, terms: tuple[Term, ...] | None, before: str | None
) -> tuple[list[Row], str | None]:
    """The next cases, with where words were found in each, and what to go on before."""
    owners = await person_of(journal, query.customer) if query.customer is not None else [None]
    if terms is None:
        some = [await journal.cases(before=before, limit=READ_AT_ONCE, owner=owner) for owner in owners]
        cases = sorted((case for theirs in some for case in theirs), key=lambda case: case.id, reverse=True)
        cases = cases[:READ_AT_ONCE]
        return [Row(case, case.id, []) for case in cases], cases[-1].id if len(cases) == READ_AT_ONCE else None
    limit = READ_AT_ONCE if _is_filtered(query) or len(owners) > 1 else query.limit
    owner = owners[0] if len(owners) == 1 else None
    page = await journal.find_cases(terms, before=before, limit=limit, owner=owner)
    hits = [(hit.document, hit.places) for hit in page.hits if isinstance(hit.document, Case)]
    theirs = [hit for hit in hits if len(owners) == 1 or hit[0].customer in owners]
    return await _under_heads(journal, theirs), page.next


async def _under_heads(journal: Journal, hits: list[tuple[Case, tuple[Place, ...]]]) -> list[Row]:
    """What was found in a merged case was found in the one that it goes on in."""
    found: dict[str, Row] = {}
    for case, places in hits:
        head = await head_of(journal, case)
        row = found.setdefault(head.id, Row(head, case.id, []))
        row.places.extend(_found_out(case.id, place) for place in places)
    return list(found.values())


def _found_out(case: str, place: Place) -> FoundOut:
    entry = f"{case}/{place.entry}" if place.entry else None
    return FoundOut(entry=entry, text=place.text, marks=list(place.marks))


def _is_filtered(query: CasesQuery) -> bool:
    return not (query.status is None and query.queue is None and query.agent is None)


def fits(case: Case, query: CasesQuery) -> bool:
    return (
        (query.status is None or case.status is query.status)
        and (query.queue is None or case.queue == query.queue)
        and (query.agent is None or case.agent == query.agent)
    )


async def person_of(journal: Journal, id: str) -> list[str]:
    """A customer and all who were found to be the same person as they, itself first."""
    found = [id]
    for one in found:
        customer = await journal.document(one)
        found += customer.members if isinstance(customer, Customer) else ()
    return found
