"""What the desk shows of a search: cases, their people, and where the words were found. Reads through the API alone."""

from dataclasses import dataclass

from router.core.linking import references_in
from router.core.reference import normalised_reference
from router.http.api_cases import BriefOut, CaseItem, CasePage
from router.http.auth import Identity
from router.http.case_list import FoundOut
from router.http.desk.calls import Calls
from router.http.desk.words import last_words
from router.http.problems import Problem
from router.http.views import shown_address

RESULTS_SHOWN = 25
PLACES_SHOWN = 3
PEOPLE_SHOWN = 4
ASKED_MAX = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of words; `is_marked`: they were looked for."""

    text: str
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Result:
    case: CaseItem
    people: list[str]
    places: list[list[Piece]]
    last: str = ""  # what they said last, where no words were found


@dataclass(frozen=True, slots=True)
class Results:
    """A page of results. `only`: the one case that was named by its reference."""

    items: list[Result]
    following: str | None
    only: str | None = None


async def results(calls: Calls, who: Identity, asked: str, *, after: str | None) -> Results:
    """What is found for `asked`. Raises Problem."""
    page: CasePage = await calls.read(who, "/cases", q=asked[:ASKED_MAX], limit=RESULTS_SHOWN, after=after)
    refs = references_in(asked[:ASKED_MAX])
    if not page.items and after is None and len(refs) == 1:  # "case 48-2196-3", as it stands in what we write
        page = await calls.read(who, "/cases", q=refs[0], limit=RESULTS_SHOWN)
    items = [await _result(calls, who, case) for case in page.items]
    is_named = len(items) == 1 and after is None and items[0].case.ref in refs
    return Results(items=items, following=page.next, only=items[0].case.id if is_named else None)


async def _result(calls: Calls, who: Identity, case: CaseItem) -> Result:
    """Many cases of one number look alike without what was said in them."""
    places, last = _places(case), ""
    if not places and not case.subject:
        brief: BriefOut = await calls.read(who, f"/cases/{case.id}/brief")
        last = last_words(brief.wants)
    return Result(case=case, people=_people(case), places=places, last=last)


async def case_named(calls: Calls, who: Identity, asked: str) -> str:
    """The one case that a reference names. Raises Problem where it is none, or not one."""
    ref = normalised_reference(asked.strip())
    page: CasePage | None = await calls.read(who, "/cases", q=ref, limit=2) if ref else None
    named = [case for case in page.items if case.ref == ref] if page else []
    if len(named) != 1:
        said = f"There is no case {asked[:40]}." if ref else "That is no reference: its last digit checks the others."
        raise Problem(422, "No such case", said)
    return named[0].id


def _people(case: CaseItem) -> list[str]:
    """Whoever wrote or takes part; machines are no people."""
    written = [contact.address for contact in case.contacts if contact.address and not contact.automatic]
    named = [shown_address(address) for address in written]
    named += [one.address for one in case.participants]
    return list(dict.fromkeys(named))[:PEOPLE_SHOWN]


def _places(case: CaseItem) -> list[list[Piece]]:
    """Rows with words that were found; a reference stands in none, and addresses stand among the people."""
    named = {contact.address for contact in case.contacts} | {one.address for one in case.participants}
    places = [found for found in case.found or [] if found.marks and found.text not in named]
    return [_pieces(found) for found in places][:PLACES_SHOWN]


def _pieces(found: FoundOut) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    for start, end in found.marks:
        pieces += [Piece(found.text[at:start], is_marked=False), Piece(found.text[start:end], is_marked=True)]
        at = end
    pieces.append(Piece(found.text[at:], is_marked=False))
    return [piece for piece in pieces if piece.text]
