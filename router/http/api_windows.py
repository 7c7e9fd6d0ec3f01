"""Words of an agent into a window: what "Thursday after 3" means where the customer is, and what an answer promised.

Its one rule: it promises nothing. What was read is shown back with what was not clear in it; whoever reads that makes
the promise, with the window that stands here, or does not.
"""

from typing import Annotated, Literal

from pydantic import Field

from policies.call_hours import said_window
from router.core.addresses import AddressKind
from router.core.documents import Case, Customer, Promise, State
from router.core.wishes import wish_of
from router.core.words import CALLBACK, CaseId
from router.http.auth import ANYBODY
from router.http.problems import Problem
from router.http.routes import Call, Query, Replied, Reply, Route
from router.http.service import Service
from router.http.views import stamp

ROWS_READ = 20
"""So far back an answer of ours is looked for that promises something."""


MADE = ("made", "moved")
"""What a row says of a promise that somebody made, or moved, after those words."""


class WordsQuery(Query):
    words: Annotated[str, Field(min_length=1, max_length=500)] = Field(description="as people say it: Thursday after 3")


class WindowSaidOut(Reply):
    """A window as it was read. `sure` is false where something was not clear: then `window` is what we suggest."""

    kind: Literal["callback", "reply"]
    window: dict[str, str]
    said: str = Field(description="the window in a sentence, on the customer's clock")
    zone: str = Field(description="whose clock that is")
    sure: bool
    doubt: str = Field(description="what was not clear, in a sentence; empty where all was")
    words: str = Field(description="those that were read")


class PledgeOut(Reply):
    """What the last answer of ours says that we will do, where nobody made a promise of it yet."""

    pledge: WindowSaidOut | None


class WindowApi:
    def __init__(self, service: Service) -> None:
        self._node = service.node

    def routes(self) -> list[Route]:
        case = "/api/v1/cases/{id}"
        read, pledged = "A window in free words", "What our last answer promises"
        return [
            Route("GET", f"{case}/windows", read, ANYBODY, self.read, WindowSaidOut, query=WordsQuery, tag="calls"),
            Route("GET", f"{case}/pledge", pledged, ANYBODY, self.pledge, PledgeOut, tag="calls"),
        ]

    async def read(self, call: Call) -> Replied:
        case, state = await self._case(call)
        words: str = call.query.words
        found = self._read(case, state, words, kind=CALLBACK)
        if found is None:
            said = f"No time was read in: {words}. Say it as Thursday after 3, or tomorrow between 9 and 11."
            raise Problem(422, "No time in it", said, errors=[(["query", "words"], "no time was read in it")])
        return Replied(200, found)

    async def pledge(self, call: Call) -> Replied:
        case, state = await self._case(call)
        rows = await self._node.journal.entries(case.id, after=max(0, case.entries - ROWS_READ), limit=ROWS_READ)
        for row in reversed(rows):
            if row.kind == "promise" and row.facts.get("what") in MADE:
                break
            if row.kind == "message" and row.direction == "out" and row.author == "agent":
                said = (await self._node.journal.words([row.words])).get(row.words) if row.words else None
                return Replied(200, PledgeOut(pledge=self._pledged(case, state, said or "")))
        return Replied(200, PledgeOut(pledge=None))

    def _pledged(self, case: Case, state: State, text: str) -> WindowSaidOut | None:
        for pledge in self._node.means.policy.pledges_in(text):
            found = self._read(case, state, pledge.sentence, kind=pledge.kind)
            if found is not None and found.sure:
                return found
        return None

    def _read(self, case: Case, state: State, words: str, *, kind: str) -> WindowSaidOut | None:
        """The window in words of ours; None where they name no time, or one that is now."""
        policy, now = self._node.means.policy, self._node.clock.now()
        language = policy.language_of(words, default=case.language or policy.phrases.language)
        zones, customer = _zones(case, state), state.get(case.customer)
        wish = wish_of(
            policy,
            words,
            language=language,
            zones=zones,
            customer=customer if isinstance(customer, Customer) else None,
            queue=policy.queue_or_last(case.queue),
            now=now,
            is_asked=True,
        )
        if wish is None or wish.window is None:
            return None
        said = said_window(wish.window, now, zone=wish.zone, language=policy.phrases.language, names_place=True)
        return WindowSaidOut(
            kind="callback" if kind == CALLBACK else "reply",
            window={"start": stamp(wish.window[0]), "end": stamp(wish.window[1])},
            said=said,
            zone=wish.zone,
            sure=wish.sure,
            doubt=wish.doubt,
            words=wish.words,
        )

    async def _case(self, call: Call) -> tuple[Case, State]:
        id = CaseId(call.path["id"])
        state = (await self._node.journal.load_by_document(id)).state
        case = state.get(id)
        if not isinstance(case, Case):
            raise Problem(404, "Not found", "There is no such case, or it is not yours to see.", kind="not_found")
        return case, state


def _zones(case: Case, state: State) -> tuple[str, ...]:
    """Of the number that a call about this case goes to: the promised one, else theirs that they used, else the first
    of theirs that tells a zone."""
    customer = state.get(case.customer)
    if not isinstance(customer, Customer):
        return ()
    promise = state.get(case.promise or "")
    named = [promise.address] if isinstance(promise, Promise) else []
    used = [case.heard.address] if case.heard is not None else []
    found = [a for id in (*named, *used) if id is not None and (a := customer.address(id)) is not None]
    for address in (*found, *(a for a in customer.addresses if a.facts.kind is AddressKind.PHONE)):
        if address.facts.zones:
            return address.facts.zones
    return ()
