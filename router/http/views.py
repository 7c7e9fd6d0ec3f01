"""What the outside sees of documents and timeline rows (the contract's shapes). Words are read from the vault here."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from router.core.clock import Ms
from router.core.documents import Agent, Case, Customer, Entry, Letter, Message, MessageState, Promise, Work
from router.http.routes import Reply
from router.journal.base import Journal

TIMELINE_PAGE = 200
CONTACTS_SHOWN = 100
NO_WORDS: Mapping[str, str] = {}
DELIVERY = {MessageState.SENDING: "queued", MessageState.UNKNOWN: "queued"}
"""Our own in-between states, in the contract's words."""


class ContactOut(Reply):
    id: str
    channel: str
    address: str | None = Field(description="as it was given; null after erasure")
    at: str
    evidence: str


class ParticipantOut(Reply):
    address: str
    invited: bool = Field(description="whether they are written to; they may write in any case")
    bounced: bool = Field(description="the last mail to them came back: none goes there until they write again")


class AskOut(Reply):
    work: str
    queue: str
    place_at: str
    rule: str
    policy: int
    skills: dict[str, int]
    language: str | None


class AttemptOut(Reply):
    at: str
    outcome: str


class PromiseOut(Reply):
    """What a customer was told would happen. `callback` says how far a promised call has come."""

    id: str
    kind: str
    case: str
    state: str
    callback: str
    window: dict[str, str] | None = Field(description="from when to when; null: when it is their turn")
    told_via: str
    made_at: str
    place_at: str
    attempts: list[AttemptOut]


class CaseOut(Reply):
    id: str
    ref: str
    status: str
    subject: str | None
    customer: str
    queue: str
    agent: str | None
    priority: int
    opened_at: str
    changed_at: str
    contacts: list[ContactOut]
    participants: list[ParticipantOut] = Field(description="others who take part by mail")
    promises: list[PromiseOut]
    terms: dict[str, Any]
    known: dict[str, Any]
    ledger: dict[str, Any]
    ask: AskOut | None = Field(description="what it wants of an agent now")
    language: str | None
    flags: list[str]
    version: int


class DeliveryOut(Reply):
    state: str
    error: str | None
    attempts: int
    message: str


class AttachmentOut(Reply):
    id: str
    name: str
    type: str = Field(description="found in its content where it came whole, else as its sender said")
    url: str
    size_bytes: int | None = None


class AuthorOut(Reply):
    kind: str
    id: str | None
    name: str | None = None


class EntryOut(Reply):
    id: str
    at: str
    kind: str
    channel: str | None
    direction: str | None
    author: AuthorOut
    text: str | None
    attachments: list[AttachmentOut] = Field(default_factory=list[AttachmentOut])
    reasons: list[str] = Field(default_factory=list[str])
    facts: dict[str, Any] = Field(default_factory=dict[str, Any])
    delivery: DeliveryOut | None = None
    subject: str | None = Field(None, description="of a mail, as are the ones below")
    sender: str | None = Field(None, alias="from")
    to: list[str] = Field(default_factory=list[str])
    cc: list[str] = Field(default_factory=list[str])
    full_text: str | None = Field(None, description="all of it; `text` is the new words only")
    html: str | None = Field(None, description="made safe; images of others are not loaded")
    automatic: bool = Field(False, description="no person wrote it")
    notes: list[str] = Field(default_factory=list[str], description="what is odd about it")
    raw_url: str | None = None


class AgentOut(Reply):
    id: str
    name: str | None
    skills: dict[str, int]
    languages: list[str]
    capacity: dict[str, int]
    state: str
    since: str
    until: str | None
    asked: str | None = Field(description="the state that begins when the present work is finished")
    notice: str | None
    connected: bool
    load: dict[str, int]


class OfferOut(Reply):
    id: str
    work: str
    case: str
    channel: str
    kind: str
    queue: str
    place_at: str
    expires_at: str
    why: str


class WorkOut(Reply):
    id: str
    case: str
    channel: str
    kind: str
    state: str
    accepted_at: str | None


def stamp(at: Ms | int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return datetime.fromtimestamp(at / 1000, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def maybe(at: Ms | None) -> str | None:
    return None if at is None else stamp(at)


async def case_out(journal: Journal, case: Case) -> CaseOut:
    return (await cases_out(journal, [case]))[0]


async def cases_out(journal: Journal, cases: list[Case]) -> list[CaseOut]:
    """Cases as the outside sees them, with their contacts' addresses as they were given."""
    kinds = ("message", "call")
    read = await asyncio.gather(
        *(journal.entries(case.id, after=0, limit=TIMELINE_PAGE, kinds=kinds) for case in cases)
    )
    contacts = {
        case.id: [e for e in rows if e.contact is not None][-CONTACTS_SHOWN:]
        for case, rows in zip(cases, read, strict=True)
    }
    ids = [str(e.address) for rows in contacts.values() for e in rows if e.address]
    ids += [p.address.id for case in cases for p in case.participants]
    words = await journal.words(sorted({*ids, *(str(c.subject) for c in cases if c.subject)}))
    found = [await journal.document(case.promise) if case.promise else None for case in cases]
    return [
        case_now(case, contacts.get(case.id, []), words, [promise] if isinstance(promise, Promise) else [])
        for case, promise in zip(cases, found, strict=True)
    ]


def case_now(
    case: Case,
    contacts: Sequence[Entry] = (),
    words: Mapping[str, str] = NO_WORDS,
    promises: Sequence[Promise] = (),
) -> CaseOut:
    """A case from its document alone, with those of its contacts and words that are at hand."""
    channels = sorted({str(e.channel) for e in contacts})
    return CaseOut(
        id=case.id,
        ref=case.ref,
        status=case.status,
        subject=words.get(case.subject or ""),
        customer=case.customer,
        queue=case.queue,
        agent=case.agent,
        priority=case.priority,
        opened_at=stamp(case.opened_at),
        changed_at=stamp(case.changed_at),
        contacts=[
            ContactOut(
                id=e.contact or "",
                channel=str(e.channel),
                address=words.get(e.address or ""),
                at=stamp(e.at),
                evidence=str(e.evidence),
            )
            for e in contacts
        ],
        participants=[
            ParticipantOut(address=words[p.address.id], invited=p.invited, bounced=p.address.bounced)
            for p in case.participants
            if p.address.id in words
        ],
        promises=[promise_out(promise) for promise in promises],
        terms={},
        known={},
        ledger={"contacts": case.contacts, **({"channels": channels} if channels else {})},
        ask=ask_out(case),
        language=case.language,
        flags=["may_have_asked_us_to_stop"] if case.opt_out_hint else [],
        version=case.version,
    )


def promise_out(promise: Promise) -> PromiseOut:
    window = promise.window
    return PromiseOut(
        id=promise.id,
        kind=promise.kind,
        case=promise.case,
        state=promise.state,
        callback=promise.callback,
        window={"start": stamp(window[0]), "end": stamp(window[1])} if window else None,
        told_via=promise.told_via,
        made_at=stamp(promise.made_at),
        place_at=stamp(promise.place_at),
        attempts=[AttemptOut(at=stamp(at), outcome=outcome) for at, outcome in promise.attempts],
    )


def ask_out(case: Case) -> AskOut | None:
    ask = case.ask
    if ask is None:
        return None
    return AskOut(
        work=ask.work,
        queue=ask.queue,
        place_at=stamp(ask.place_at),
        rule=ask.rule,
        policy=ask.policy,
        skills=dict(ask.requirement.skills),
        language=ask.requirement.language,
    )


async def entries_out(journal: Journal, entries: list[Entry]) -> list[EntryOut]:
    """Timeline rows with their words, the delivery state of our messages, and the names of agents."""
    agents = {e.author_id for e in entries if e.author == "agent" and e.author_id}
    documents = {id: await journal.document(id) for id in sorted(agents)}
    names = {id: d.name for id, d in documents.items() if isinstance(d, Agent)}
    ids = {*(str(e.words) for e in entries if e.words), *names.values(), *(m for e in entries for m in e.media)}
    ids |= {str(e.said) for e in entries if e.said}
    ids |= {id for e in entries if e.letter for id in _ids_of(e.letter)}
    words = await journal.words(sorted(ids))
    found: list[EntryOut] = []
    for entry in entries:
        name = words.get(names[entry.author_id]) if entry.author_id in names else None
        found.append(
            EntryOut(
                id=f"{entry.case}/{entry.n}",
                at=stamp(entry.at),
                kind=entry.kind,
                channel=str(entry.channel) if entry.channel else None,
                direction=entry.direction,
                author=AuthorOut(kind=entry.author, id=entry.author_id, name=name),
                text=words.get(entry.words or "") if entry.words else ("" if entry.kind == "message" else None),
                attachments=[_attachment(id, words.get(id, "")) for id in entry.media],
                reasons=[*entry.reasons, *([words[entry.said]] if entry.said in words else [])],
                facts=facts_out(entry.facts),
                delivery=await _delivery(journal, entry),
                **(_letter(entry.letter, words, words.get(entry.words or "", "")) if entry.letter else {}),
            )
        )
    return found


def _ids_of(letter: Letter) -> list[str]:
    parts = (letter.sender, letter.subject, letter.full, letter.html, *letter.to, *letter.copies)
    return [str(id) for id in parts if id is not None]


def _letter(letter: Letter, words: Mapping[str, str], text: str | None) -> dict[str, Any]:
    """The fields of a mail. Where all of it was new, its new words (`text`) are the whole."""
    return {
        "subject": words.get(letter.subject or ""),
        "from": words.get(letter.sender or ""),
        "to": [words[id] for id in letter.to if id in words],
        "cc": [words[id] for id in letter.copies if id in words],
        "full_text": words.get(letter.full) if letter.full else text,
        "html": words.get(letter.html or ""),
        "automatic": bool(letter.automatic),
        "notes": [*([letter.automatic] if letter.automatic else []), *letter.notes],
        "raw_url": f"/api/v1/media/{letter.raw}",
    }


def facts_out(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts with instants as RFC 3339."""
    return {k: stamp(v) if k.endswith("_at") and isinstance(v, int) else v for k, v in facts.items()}


def _attachment(id: str, body: str) -> AttachmentOut:
    kind, _, _ = body.partition(" ")
    if (file := StoredFile.of(body)) is not None:
        return AttachmentOut(id=id, name=file.name, type=kind, url=f"/api/v1/media/{id}", size_bytes=file.size_bytes)
    ending = kind.partition("/")[2].partition(";")[0] or "bin"
    return AttachmentOut(id=id, name=f"file.{ending}", type=kind, url=f"/api/v1/media/{id}")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that stands in the journal, as the vault tells of it: its type, the hash of its content, size and name."""

    content_type: str
    hash: str
    size_bytes: int
    name: str

    @classmethod
    def of(cls, body: str) -> "StoredFile | None":
        """None for a file that stands at a provider."""
        content_type, _, rest = body.partition(" ")
        if not rest.startswith("blob:"):
            return None
        hash, size, name = rest.removeprefix("blob:").split(" ", 2)
        return cls(content_type=content_type, hash=hash, size_bytes=int(size), name=name)


async def _delivery(journal: Journal, entry: Entry) -> DeliveryOut | None:
    message = await journal.document(entry.message) if entry.message else None
    if not isinstance(message, Message):
        return None
    return DeliveryOut(
        state=DELIVERY.get(message.state, message.state),
        error=message.error or ("outcome unknown" if message.state == MessageState.UNKNOWN else None),
        attempts=message.attempts,
        message=message.id,
    )


def agent_out(agent: Agent, name: str | None, *, connected: bool, load: dict[str, int]) -> AgentOut:
    return AgentOut(
        id=agent.id,
        name=name,
        skills=dict(agent.skills),
        languages=list(agent.languages),
        capacity=dict(agent.capacity),
        state=agent.state,
        since=stamp(agent.since),
        until=maybe(agent.until),
        asked=agent.asked,
        notice=agent.notice,
        connected=connected,
        load=load,
    )


def offer_out(work: Work) -> OfferOut:
    assert work.offer is not None
    return OfferOut(
        id=work.offer.id,
        work=work.id,
        case=work.case,
        channel=work.ask.requirement.channel,
        kind="call" if work.ask.requirement.kind == "phone" else "message",
        queue=work.ask.queue,
        place_at=stamp(work.ask.place_at),
        expires_at=stamp(work.offer.expires_at),
        why=f"rule {work.ask.rule}, policy {work.ask.policy}",
    )


def work_out(work: Work) -> WorkOut:
    return WorkOut(
        id=work.id,
        case=work.case,
        channel=work.ask.requirement.channel,
        kind="call" if work.ask.requirement.kind == "phone" else "message",
        state=work.state,
        accepted_at=maybe(work.accepted_at),
    )


def customer_addresses(customer: Customer, words: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": a.id,
            "address": words.get(a.id),
            "kind": a.facts.kind.value,
            "country": a.facts.country or None,
            "zones": list(a.facts.zones),
            "blocked": [str(c) for c in a.blocked],
        }
        for a in customer.addresses
    ]
