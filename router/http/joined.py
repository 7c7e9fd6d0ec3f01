"""Timelines of cases that were joined or split: rows of several cases, in the order of the log, page by page.

Its one rule: a cursor names the event that a page ended with, so that it is right across cases, and whatever is joined
or taken apart between two pages. Cases that were never joined are read by the numbers of their rows, as they stand.
"""

from collections.abc import Sequence

from router.core.documents import Call, Case, Entry, State
from router.core.words import CallState
from router.http.routes import broken_cursor, number_cursor
from router.journal.base import Journal

EVENT = "e"
"""How a cursor begins that names an event of the log instead of a row."""


async def head_of(journal: Journal, case: Case) -> Case:
    """The case that `case` goes on in: itself, unless it was merged."""
    while case.joined is not None:
        found = await journal.document(case.joined.into)
        assert isinstance(found, Case)
        case = found
    return case


async def asking_of(journal: Journal, case: Case) -> Case:
    """Which of the cases that are joined with this one asks for an agent; the head where none does."""
    if case.side is None or case.ask is not None:
        return case
    tree = await members_of(journal, await head_of(journal, case))
    return asking_in(tree[0], tree)


def asking_in(case: Case, members: Sequence[Case]) -> Case:
    """Which of a case and those that go on in it stands in line: a call is asked for where it was promised."""
    return next((one for one in (case, *members) if one.ask is not None), case)


async def members_of(journal: Journal, case: Case) -> list[Case]:
    """A case and all that go on in it, itself first."""
    found = [case]
    for one in found:
        parts = [await journal.document(id) for id in one.parts]
        found += [part for part in parts if isinstance(part, Case)]
    return found


async def legs_of(journal: Journal, case: Case) -> tuple[list[Call], State]:
    """Who is on the line of the matter that a case belongs to, the longest first, and what is live beside."""
    state: State = {}
    members = await members_of(journal, await head_of(journal, case))
    for one in members:
        state = {**state, **(await journal.load_by_document(one.id)).state}
    ids = {one.id for one in members}
    legs = [d for d in state.values() if isinstance(d, Call) and d.case in ids and d.state is not CallState.ENDED]
    return sorted(legs, key=lambda leg: leg.started_at), state


async def page_of(
    journal: Journal, case: Case, *, after: str | None, limit: int, kinds: tuple[str, ...] = ()
) -> tuple[list[Entry], str | None]:
    """A page of the timeline of the matter that a case belongs to, and where the next one begins. Raises Problem(400)
    for a cursor that no page ever gave."""
    by_event = after is not None and after.startswith(EVENT)
    if not by_event and not _is_joined(case):
        rows = await journal.entries(case.id, after=number_cursor(after), limit=limit + 1, kinds=kinds)
        page = rows[:limit]
        return page, str(page[-1].n) if len(rows) > limit else None
    numbered = await journal.timeline(
        await _cases(journal, case), after=await _event(journal, case, after), limit=limit + 1, kinds=kinds
    )
    page = numbered[:limit]
    return [entry for _, entry in page], f"{EVENT}{page[-1][0]}" if len(numbered) > limit else None


async def first_rows(journal: Journal, case: Case, *, limit: int, kinds: tuple[str, ...]) -> list[Entry]:
    if not _is_joined(case):
        return await journal.entries(case.id, after=0, limit=limit, kinds=kinds)
    return (await page_of(journal, case, after=None, limit=limit, kinds=kinds))[0]


async def last_rows(journal: Journal, case: Case, *, limit: int, kinds: tuple[str, ...]) -> list[Entry]:
    """The end of a timeline: of the last `limit` rows those of some kinds, or so many of those kinds."""
    if not _is_joined(case):
        return await journal.entries(case.id, after=max(0, case.entries - limit), limit=limit, kinds=kinds)
    cases = await _cases(journal, case)
    return [entry for _, entry in await journal.timeline(cases, after=0, limit=limit, kinds=kinds, newest=True)]


def is_theirs(entry: Entry) -> bool:
    """Whether the customer said it: no machine, and nobody else who takes part."""
    is_machine = entry.letter is not None and bool(entry.letter.automatic)
    return entry.direction == "in" and not is_machine and not entry.facts.get("participant")


def _is_joined(case: Case) -> bool:
    return case.side is not None or case.rows_moved


async def _cases(journal: Journal, case: Case) -> Sequence[str]:
    return [one.id for one in await members_of(journal, await head_of(journal, case))]


async def _event(journal: Journal, case: Case, after: str | None) -> int:
    """The event that a cursor names; one of a page that was read before the case was joined names a row."""
    if after is None:
        return 0
    if after.startswith(EVENT):
        digits = after.removeprefix(EVENT)
        if not digits:
            raise broken_cursor()
        return number_cursor(digits)
    n = number_cursor(after)
    found = await journal.timeline([case.id], after=0, limit=max(1, n))
    return next((number for number, entry in found if (entry.case, entry.n) == (case.id, n)), 0)
