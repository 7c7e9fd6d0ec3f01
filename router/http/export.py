"""All that is known of one person, for a program to read: what stands in documents, timelines and the vault.

Its one rule: of all customers who were found to be that person everything is in it, with what they wrote in cases of
others, and of any other nothing. Files
are named by their hash and by where they are fetched; the command line puts them beside it.
"""

from typing import Any

from pydantic import Field

from router.core.clock import Ms
from router.core.documents import Call, Case, Customer, Document, Entry, Message, Promise, Recording
from router.http.routes import Reply
from router.http.views import (
    CaseOut,
    EntryOut,
    PromiseOut,
    StoredFile,
    cases_out,
    customer_addresses,
    entries_out,
    maybe,
    promise_out,
    stamp,
)
from router.journal.base import Journal
from router.node.others import Part, parts_of_person, rows_of_part
from router.node.person import person_in

PAGE = 200
FORMAT = "onecase export 1"


class FileOut(Reply):
    """A file that came along. One that stands at a provider has neither hash nor size here."""

    id: str
    name: str
    type: str
    url: str
    sha256: str | None
    size_bytes: int | None


class LegOut(Reply):
    """One telephone call, or one leg of it."""

    id: str
    role: str
    started_at: str
    answered_at: str | None
    ended_at: str | None
    how: str


class RecordingOut(Reply):
    id: str
    call: str | None
    state: str
    started_at: str | None


class TermsOut(Reply):
    """What they told us of how they want to be reached."""

    language: str | None
    discreet: bool
    zone: str | None = Field(description="their clock, as one of us or a program noted it")
    zone_said: str | None = Field(description="their clock, as they told us themselves")
    not_recorded_since: str | None
    stopped: list[dict[str, Any]] = Field(description="addresses with the channels that they stopped there")


class ExportedCase(Reply):
    case: CaseOut
    timeline: list[EntryOut]
    evidence: list[dict[str, Any]] = Field(description="why each contact stands on this case")
    promises: list[PromiseOut]
    calls: list[LegOut]
    recordings: list[RecordingOut]
    messages: list[dict[str, Any]] = Field(description="messages of ours, with what became of them")
    files: list[FileOut]


class ExportedPart(Reply):
    """What somebody wrote in a case of somebody else, and was written there to them alone."""

    case: str
    address: str | None
    invited: bool = Field(description="whether they are written to")
    timeline: list[EntryOut]
    files: list[FileOut]


class ExportedParts(Reply):
    format: str
    exported_at: str
    takes_part: list[ExportedPart]


class ExportOut(Reply):
    format: str
    exported_at: str
    customer: str
    customers: list[str] = Field(description="all who were found to be this person, the one asked for first")
    known_since: str
    addresses: list[dict[str, Any]]
    terms: TermsOut
    cases: list[ExportedCase]
    takes_part: list[ExportedPart] = Field(description="what they wrote in cases of others")


async def export_of(journal: Journal, id: str, *, at: Ms) -> ExportOut:
    """Everything of the person that customer `id` is. It grows with what they wrote."""
    person = await person_in(journal, id)
    addresses: list[dict[str, Any]] = []
    cases: list[ExportedCase] = []
    for customer in person:
        words = await journal.words([a.id for a in customer.addresses])
        addresses += [{**a, "customer": customer.id} for a in customer_addresses(customer, words)]
        owned = await journal.owned(customer.id)
        cases += [await _case(journal, case, owned) for case in owned if isinstance(case, Case)]
    return ExportOut(
        format=FORMAT,
        exported_at=stamp(at),
        customer=id,
        customers=[customer.id for customer in person],
        known_since=stamp(min(customer.opened_at for customer in person)),
        addresses=addresses,
        terms=_terms(person, addresses),
        cases=cases,
        takes_part=[await _part(journal, part) for part in await parts_of_person(journal, person)],
    )


async def export_of_parts(journal: Journal, parts: list[Part], *, at: Ms) -> ExportedParts:
    """Everything of somebody who only takes part. The rest of those cases, and whose they are, they are not told."""
    shown = [await _part(journal, part) for part in parts]
    return ExportedParts(format=FORMAT, exported_at=stamp(at), takes_part=shown)


async def _part(journal: Journal, part: Part) -> ExportedPart:
    rows = [row async for row in rows_of_part(journal, part.case, part.address)]
    words = await journal.words([part.address])
    return ExportedPart(
        case=part.case.id,
        address=words.get(part.address),
        invited=any(p.invited for p in part.case.participants if p.address.id == part.address),
        timeline=await entries_out(journal, rows),
        files=await _files(journal, rows),
    )


def _terms(person: list[Customer], addresses: list[dict[str, Any]]) -> TermsOut:
    """What any of them said holds for the person."""
    return TermsOut(
        language=next((one.language for one in person if one.language is not None), None),
        discreet=any(one.discreet for one in person),
        zone=next((one.zone for one in person if one.zone), None),
        zone_said=next((one.zone_said for one in person if one.zone_said), None),
        not_recorded_since=maybe(min((t for one in person if (t := one.unrecorded_at) is not None), default=None)),
        stopped=[{"address": a["address"], "channels": a["blocked"]} for a in addresses if a["blocked"]],
    )


async def _case(journal: Journal, case: Case, owned: list[Document]) -> ExportedCase:
    rows: list[Entry] = []
    while page := await journal.entries(case.id, after=rows[-1].n if rows else 0, limit=PAGE):
        rows += page
    of = [d for d in owned if not isinstance(d, Case | Customer) and getattr(d, "case", None) == case.id]
    return ExportedCase(
        case=(await cases_out(journal, [case]))[0],
        timeline=await entries_out(journal, rows),
        evidence=[
            {"entry": f"{case.id}/{row.n}", "evidence": row.evidence, "link": row.facts.get("link")}
            for row in rows
            if row.evidence is not None
        ],
        promises=[promise_out(d) for d in of if isinstance(d, Promise) and not d.unpromised],
        calls=[_leg(d) for d in of if isinstance(d, Call)],
        recordings=[
            RecordingOut(id=d.id, call=d.call, state=d.state, started_at=maybe(d.started_at))
            for d in of
            if isinstance(d, Recording)
        ],
        messages=[
            {"id": d.id, "channel": d.channel, "queued_at": stamp(d.queued_at), "state": d.state}
            for d in of
            if isinstance(d, Message)
        ],
        files=await _files(journal, rows),
    )


def _leg(call: Call) -> LegOut:
    return LegOut(
        id=call.id,
        role=call.role,
        started_at=stamp(call.started_at),
        answered_at=maybe(call.answered_at),
        ended_at=maybe(call.ended_at),
        how=call.ended_how,
    )


async def _files(journal: Journal, rows: list[Entry]) -> list[FileOut]:
    """Attachments, recordings and whole mails, each as the vault names it."""
    ids = [id for row in rows for id in (*row.media, *((row.letter.raw,) if row.letter else ()))]
    words = await journal.words([str(id) for id in ids])
    found: list[FileOut] = []
    for id in ids:
        if (body := words.get(id)) is None:
            continue
        stored = StoredFile.of(body)
        found.append(
            FileOut(
                id=id,
                name=stored.name if stored else "",
                type=stored.content_type if stored else body.partition(" ")[0],
                url=f"/api/v1/media/{id}",
                sha256=stored.hash if stored else None,
                size_bytes=stored.size_bytes if stored else None,
            )
        )
    return found
