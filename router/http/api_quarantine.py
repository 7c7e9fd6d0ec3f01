"""The quarantine over the API: what was set aside as junk or could not be taken, with the reasons, and the one action
that lets it out.

Its one rule: nothing in it is lost or changed by being there; whoever is let out has the place of when they came.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

from pydantic import Field

from policies.retention import JUNK
from router.core.commands import Media, ReleaseContact
from router.core.context import Decision
from router.core.documents import Case, Entry
from router.core.junk import LISTED
from router.core.words import CaseId, Channel
from router.http.api_cases import actor_of
from router.http.auth import LEADS
from router.http.problems import Problem
from router.http.routes import Body, Call, Page, Replied, Reply, Route, id_cursor
from router.http.service import Service
from router.http.views import CaseOut, Seen, case_after, seen_of, stamp
from router.node.aside import PREFIX, Item, NotThere, StillFails

ROWS_READ = 50
"""Rows of one case that are looked at: it has one contact, and in a call perhaps some sentences."""
READS_MAX = 10
"""Reads for one page; where it is not full by then, the next page goes on. What was let out stays listed, unseen."""
SET_ASIDE = "set aside"
STUCK = "cannot_be_taken"
CASES = "case_"
SAID = ("message", "call")
"""Rows that hold what somebody wrote or said."""


class QuarantineItem(Reply):
    id: str = Field(description="to be released by")
    contact: str | None
    case: str | None = Field(description="null: it could not be taken, so it stands on no case")
    channel: str
    address: str | None = Field(description="as it was given; null after erasure")
    at: str = Field(description="when it came")
    rule: str = Field(description="the rule of junk.yaml that set it aside, or cannot_be_taken")
    reasons: list[str] = Field(description="its conditions that were true")
    text: str | None = Field(description="what they wrote or said")


class QuarantinePage(Reply):
    items: list[QuarantineItem]
    next: str | None


class ReleasedOut(Reply):
    case: CaseOut | None = Field(description="null: the case is not there any more")


class ReleaseBody(Body):
    reason: Annotated[str, Field(max_length=2000)] = ""


class QuarantineApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._node = service.node
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        path = "/api/v1/quarantine"
        return [
            Route("GET", path, "What was set aside", LEADS, self.list, QuarantinePage, query=Page, tag="quarantine"),
            Route(
                "POST",
                f"{path}/{{id}}/release",
                "Let it out, with the place of when it came",
                LEADS,
                self.release,
                ReleasedOut,
                body=ReleaseBody,
                tag="quarantine",
            ),
        ]

    async def list(self, call: Call) -> Replied:
        """What could not be taken comes first, then what is junk, the newest first."""
        limit, after = call.query.limit, call.query.after
        if after is not None and not after.startswith(CASES):
            id_cursor(after, PREFIX)
        is_begun = after is not None and after.startswith(CASES)
        stuck = [] if is_begun else [item for item in await self._node.aside.items() if item.id > (after or "")]
        if len(stuck) >= limit:
            return Replied(200, QuarantinePage(items=[_stuck(one) for one in stuck[:limit]], next=stuck[limit - 1].id))
        page = await self._junk(limit - len(stuck), id_cursor(after, CASES) if is_begun else None)
        return Replied(200, QuarantinePage(items=[*(_stuck(one) for one in stuck), *page.items], next=page.next))

    async def _junk(self, limit: int, before: str | None) -> QuarantinePage:
        found: list[Case] = []
        for _ in range(READS_MAX):
            ids = await self._journal.listed(LISTED, before=before, limit=limit + 1)
            read = await asyncio.gather(*(self._journal.document(id) for id in ids))
            junk = [case for case in read if isinstance(case, Case) and case.junk and JUNK not in case.forgotten]
            room = limit - len(found)
            found += junk[:room]
            before = ids[-1] if len(ids) > limit else None
            if len(junk) > room:
                before = found[-1].id
            if len(found) == limit or before is None:
                break
        items = await asyncio.gather(*(self._item(case) for case in found))
        return QuarantinePage(items=list(items), next=before)

    async def release(self, call: Call) -> Replied:
        if (stuck := await self._node.aside.item(call.path["id"])) is not None:
            return await self._take_again(call, stuck)
        case = await self._journal.document(call.path["id"])
        if not isinstance(case, Case):
            raise Problem(404, "Not found", "There is no such case, or it is not yours to see.", kind="not_found")
        rows = await self._journal.entries(case.id, after=0, limit=ROWS_READ)
        words = await self._words(rows)
        [seen] = await seen_of(self._journal, [case])
        contact = next((row for row in rows if row.contact is not None and row.kind != "context"), None)
        subject = words.get(contact.letter.subject or "", "") if contact is not None and contact.letter else ""
        came = words.get(contact.words or "", "") if contact is not None else ""
        command = ReleaseContact(
            key=call.key,
            case=CaseId(case.id),
            actor=actor_of(call),
            reason=_reason(call),
            text=f"{subject}\n{came}" if subject else came,
            context=_context(words.get(row.words or "", "") for row in rows if row.kind == "context"),
            media=tuple(Media("", "") for _ in contact.media) if contact is not None else (),
        )
        return await self._service.take(call, command, _released(case.id, seen), status=200)

    async def _take_again(self, call: Call, item: Item) -> Replied:
        try:
            id = await self._node.take_again(item)
        except ConnectionError:
            raise Problem(
                503, "Provider away", "Whoever has it does not answer.", headers={"Retry-After": "30"}
            ) from None
        except StillFails as failed:
            raise Problem(409, "Still cannot be taken", f"Taking it failed again ({failed}); it stays here.") from None
        except NotThere:
            raise Problem(404, "Not found", "Whoever had it does not have it any more.", kind="not_found") from None
        replied = await self._noted(call, id)
        await self._node.aside.taken([item.key])  # last: until it is noted who let it out, it is here
        return replied

    async def _noted(self, call: Call, id: str | None) -> Replied:
        """Say on the case that it became, and in the audit, who let it out."""
        case = await self._journal.document(id) if id is not None else None
        if not isinstance(case, Case):
            return Replied(200, ReleasedOut(case=None))
        [seen] = await seen_of(self._journal, [case])
        command = ReleaseContact(
            key=call.key, case=CaseId(case.id), actor=actor_of(call), reason=_reason(call), stuck=True
        )
        return await self._service.take(call, command, _released(case.id, seen), status=200)

    async def _item(self, case: Case) -> QuarantineItem:
        rows = await self._journal.entries(case.id, after=0, limit=ROWS_READ)
        words = await self._words(rows)
        contact = next((row for row in rows if row.contact is not None), None)
        judged = [row for row in rows if row.facts.get("what") == SET_ASIDE][-1:]
        said = [words[row.words] for row in rows if row.direction == "in" and row.words in words and row.kind in SAID]
        return QuarantineItem(
            id=case.id,
            contact=contact.contact if contact else None,
            case=case.id,
            channel=contact.channel or Channel.PHONE if contact else Channel.PHONE,
            address=words.get(contact.address or "") if contact else None,
            at=stamp(contact.at if contact else case.opened_at),
            rule=case.junk,
            reasons=[reason for row in judged for reason in row.reasons[1:]],
            text="\n".join(said) if said else None,
        )

    async def _words(self, rows: Sequence[Entry]) -> dict[str, str]:
        ids = {str(id) for row in rows for id in (row.words, row.address, row.letter and row.letter.subject) if id}
        return await self._journal.words(sorted(ids))


def _reason(call: Call) -> str:
    return " ".join(call.body.reason.split())


def _released(id: str, seen: Seen) -> Callable[[Decision], ReleasedOut]:
    def answer(decision: Decision) -> ReleasedOut:
        released = decision.state[id]
        assert isinstance(released, Case)
        return ReleasedOut(case=case_after(released, decision, seen))

    return answer


def _stuck(item: Item) -> QuarantineItem:
    return QuarantineItem(
        id=item.id,
        contact=None,
        case=None,
        channel=item.channel,
        address=None,
        at=stamp(item.at),
        rule=STUCK,
        reasons=[f"taking it failed {item.tries} times: {item.error}"],
        text=None,
    )


def _context(told: Iterable[str]) -> dict[str, str]:
    """What page or device told, from the rows that stand on the timeline; what could not be used is not among it."""
    pairs = (row.partition(": ") for text in told for row in text.split("\n"))
    return {name: value for name, colon, value in pairs if colon and not name.startswith("extra.")}
