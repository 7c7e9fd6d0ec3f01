"""What the outside sees of documents and timeline rows (the contract's shapes). Words are read from the vault here."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic import Field

from channels.email.subjects import bare_subject, reply_subject
from router.core.addresses import CHAT, DEVICE, USER, Address, matching_key
from router.core.clock import Ms
from router.core.context import Decision
from router.core.documents import (
    Agent,
    Candidate,
    Case,
    Customer,
    Entry,
    Joined,
    Letter,
    Mailing,
    Message,
    MessageState,
    Promise,
    Work,
)
from router.core.evidence import words_of_grounds
from router.core.files import StoredFile
from router.core.timeline import COPY_LATE, FILE_MISSING
from router.core.waits.said import Said
from router.core.words import CALLBACK, SECOND_MS, CaseId, WorkState, named_rule
from router.http.joined import asking_in, first_rows, head_of, is_theirs, last_rows, members_of
from router.http.names import SOMEBODY, agents_in, with_names
from router.http.routes import Reply
from router.journal.base import Journal
from router.node.pairing_codes import codes_in, is_code_alone

TIMELINE_PAGE = 200
SAID = ("message", "call")
"""Rows in which contacts stand, and the words that name a matter."""
SUBJECT_SHOWN_MAX = 120
"""Characters of the words that name a matter."""
NAMES_MAX = 3
"""Of what was said first, so many are looked at for words that name a matter."""
CONTACTS_SHOWN = 100
CODE_SENT = "code_sent"
"""What a row says of a message whose words nobody else may read."""
Row = tuple[CaseId, int]
BY_TURN, BOOKED = 0.9, 0.95
"""So many promised calls are to be kept as first told: when it is their turn, whose window ends with the upper end of
the wait; and at a time for which somebody is kept free."""
NO_WORDS: Mapping[str, str] = {}
DELIVERY = {MessageState.SENDING: "queued", MessageState.UNKNOWN: "queued"}
"""Our own in-between states, in the contract's words."""


class ContactOut(Reply):
    id: str
    channel: str
    address: str | None = Field(description="as it was given; null after erasure")
    at: str
    evidence: str = Field(description="how sure it is that it is the customer's: proof, strong or weak")
    grounds: list[str] = Field(description="what that stands on, and why it is on this case")
    link: str | None = Field(description="the rule that put it here")
    participant: bool = Field(False, description="somebody else than the customer wrote it: it proves nothing of them")
    automatic: bool = Field(False, description="a machine wrote it")


class CandidateOut(Reply):
    """Where a case of which we were not sure may belong: an agent chooses, by a merge."""

    case: str | None
    ref: str | None
    status: str | None
    customer: str | None = Field(description="one of the people who use a shared line")
    addresses: list[str] = Field(description="of that person, as they were given")
    last_case: str | None = Field(None, description="of a person: what they came with last, open matters first")
    why: list[str]


class ParticipantOut(Reply):
    address: str
    invited: bool = Field(description="whether they are written to; they may write in any case")
    bounced: bool = Field(description="the last mail to them came back: none goes there until they write again")


class AskOut(Reply):
    work: str
    queue: str
    urgent: bool = Field(description="a rule says that it is danger: the first free person takes it")
    since: str = Field(description="since when they truly wait: no person has attended to it")
    place_at: str = Field(description="what orders the line: it counts as if they had waited since then")
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
    promised: bool = Field(True, description="false: a call of our own accord, of which they were told nothing")
    case: str
    state: str
    callback: str
    window: dict[str, str] | None = Field(description="from when to when; null: when it is their turn")
    confidence: float | None = Field(
        None,
        description="of a call with a window: so many of its kind, at least, are to be kept as first told; "
        "0.9 when it is their turn, 0.95 at a time that was booked; null: no share is named",
    )
    told_via: str | None = Field(description="by what they were told; null: by nothing, for no way to them was open")
    made_at: str
    since: str = Field(description="since when they truly wait: no person has attended to it")
    place_at: str = Field(description="what orders the line: it counts as if they had waited since then")
    attempts: list[AttemptOut]


class AuthorOut(Reply):
    kind: str
    id: str | None
    name: str | None = None


class JoinedOut(Reply):
    """A case, or customer, that goes on in another one."""

    merge: str = Field(description="what undoes it")
    id: str
    ref: str | None = Field(None, description="of a case")
    at: str
    by: AuthorOut
    evidence: str
    reason: str | None


class WaitOut(Reply):
    """How long it still is, in whole minutes that people say. The same wherever it is read or heard."""

    low_s: int | None = Field(description="at least so long; null where we do not know")
    high_s: int | None = Field(description="at most so long; null where we do not know")
    confidence: float | None = Field(description="how often such ranges hold, at least")
    basis: str = Field(description="what it rests on, or why we do not know")


def wait_out(wait: Said) -> WaitOut:
    return WaitOut(low_s=wait.low_s, high_s=wait.high_s, confidence=wait.confidence, basis=wait.basis)


class KnownOut(Reply):
    value: str
    channel: str = Field(alias="from", description="the channel that it came by")
    at: str


class CaseOut(Reply):
    id: str
    ref: str
    status: str
    subject: str | None = Field(
        description="what it is about: what it was opened under, else the subject of their mail or their first words"
    )
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
    known: dict[str, KnownOut] = Field(description="what pages and devices told, the newest of each; in one case alone")
    ledger: dict[str, Any]
    ask: AskOut | None = Field(description="what it wants of an agent now")
    wait: WaitOut | None = Field(
        default=None, description="how long until somebody is there, where it waits on the phone or in a chat"
    )
    language: str | None
    flags: list[str]
    merged_into: JoinedOut | None = Field(default=None, description="the case that this one goes on in")
    merged: list[JoinedOut] = Field(default_factory=list[JoinedOut], description="cases that go on in this one")
    split: str | None = Field(default=None, description="it was taken out of another case, and this undoes it")
    head: "CaseOut | None" = Field(default=None, description="of a merged case: the one that all of it is now")
    candidates: list[CandidateOut] = Field(
        default_factory=list[CandidateOut], description="where it may belong as well, the likeliest first"
    )
    version: int
    our_call: PromiseOut | None = Field(
        None, description="a call of our own accord that is to be made, or is under way: nobody was promised it"
    )
    junk: str | None = Field(None, description="the rule by which it was set aside; nobody is asked to look at it")


class DeliveryOut(Reply):
    state: str
    error: str | None
    attempts: int
    message: str
    unknown: bool = Field(default=False, description="true: nobody knows whether it went out")
    due_at: str | None = Field(default=None, description="when it goes out or is tried again, where it waits for that")


class AttachmentOut(Reply):
    id: str
    name: str
    type: str = Field(description="found in its content where it came whole, else as its sender said")
    url: str
    size_bytes: int | None = None
    missing: bool = Field(default=False, description="true: the provider does not have it any more")


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


class AgentListed(AgentOut):
    role: str | None = Field(None, description="agent or lead; told to themselves, leads, ops and admins")
    phone: str | None = Field(
        None,
        description="the number, SIP address or browser line (`client:…`) at which calls reach them, without a "
        "password; told to themselves, leads, ops and admins",
    )


class OfferOut(Reply):
    id: str
    work: str
    case: str
    channel: str
    kind: str
    queue: str
    subject: str | None = Field(description="what its case is about, as the case says it")
    urgent: bool = Field(description="a rule says that it is danger: the first free person takes it")
    since: str = Field(description="since when they truly wait: no person has attended to it")
    place_at: str = Field(description="what orders the line: it counts as if they had waited since then")
    place_reasons: list[str] = Field(description="why the place is not simply when they asked")
    expires_at: str
    why: str
    note: str | None = Field(description="what whoever handed it on says to whoever takes it")


class WorkOut(Reply):
    id: str
    case: str
    channel: str
    kind: str
    state: str
    accepted_at: str | None
    handing: bool = Field(False, description="it was handed on, and its agent talks on until the next one is there")


class FinishedOut(WorkOut):
    withdrawn: list[str] = Field([], description="promises that fall away with it, for it is solved")
    notice: str | None = Field(None, description="what that means for the customer, where anything was promised")


def shown_address(address: str) -> str:
    """An address as people read it: what a chat visitor is called by programs tells them nothing.

    >>> shown_address("chat:sit_1/0cb2"), shown_address("user:sit_1/mia"), shown_address("+12125550142")
    ('a chat visitor', 'mia, signed in at their site', '+12125550142')
    >>> shown_address("device:sit_1/T100-0001")
    'device T100-0001'
    """
    own = address.partition("/")[2]
    if address.startswith(CHAT):
        return "a chat visitor"
    if address.startswith(DEVICE):
        return f"device {own}"
    return f"{own}, signed in at their site" if address.startswith(USER) else address


def stamp(at: Ms | int) -> str:
    """RFC 3339 in UTC with milliseconds."""
    second, ms = divmod(at, SECOND_MS)
    return f"{_second(second)}.{ms:03d}Z"


@lru_cache(maxsize=64)  # what happens now is written many times
def _second(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, tz=UTC).isoformat()[:19]


def maybe(at: Ms | None) -> str | None:
    return None if at is None else stamp(at)


async def case_out(journal: Journal, case: Case, head: Case | None = None) -> CaseOut:
    """A case; one that was merged with the one that it goes on in. `head`: that one, where it was read already."""
    shown = (await cases_out(journal, [case]))[0]
    if case.joined is not None:
        head = head or await head_of(journal, case)
        shown = shown.model_copy(update={"head": (await cases_out(journal, [head]))[0]})
    return shown


@dataclass(frozen=True, slots=True)
class Seen:
    """What a case is shown with besides its own document. Read before a command, it serves the answer to that."""

    members: list[Case] = field(default_factory=list[Case])
    contacts: list[Entry] = field(default_factory=list[Entry])
    rows: list[Entry] = field(default_factory=list[Entry])  # the first, those of its contacts among them
    subject: str = ""  # the words that name the matter
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    candidates: list[CandidateOut] = field(default_factory=list[CandidateOut])
    joined: dict[str, Any] = field(default_factory=dict[str, Any])


UNSEEN = Seen()


async def cases_out(journal: Journal, cases: list[Case]) -> list[CaseOut]:
    """Cases as the outside sees them, with their contacts' addresses as they were given."""
    shown: list[CaseOut] = []
    for case, seen in zip(cases, await seen_of(journal, cases), strict=True):
        found = [await journal.document(id) for one in seen.members for id in standing_of(one)]
        promises = [promise for promise in found if isinstance(promise, Promise)]
        asks = asking_in(case, seen.members)
        one = case_now(case, seen.contacts, seen.words, promises, seen.candidates, subject=seen.subject, asks=asks)
        shown.append(one.model_copy(update=seen.joined) if seen.joined else one)
    return shown


async def seen_of(journal: Journal, cases: list[Case]) -> list[Seen]:
    """What cases are shown with, in their order."""
    read = await asyncio.gather(*(first_rows(journal, case, limit=TIMELINE_PAGE, kinds=SAID) for case in cases))
    contacts = {case.id: await _newest_contacts(journal, case, rows) for case, rows in zip(cases, read, strict=True)}
    ids = [str(e.address) for rows in contacts.values() for e in rows if e.address]
    ids += [p.address.id for case in cases for p in case.participants]
    members_of_each = [await members_of(journal, case) for case in cases]
    subjects = [subjects_of(members, rows) for members, rows in zip(members_of_each, read, strict=True)]
    words = await journal.words(sorted({*ids, *(id for some in subjects for id in some)}))
    found: list[Seen] = []
    for case, members, rows, some in zip(cases, members_of_each, read, subjects, strict=True):
        subject = naming(some, words)
        candidates = await _candidates_out(journal, case, members)
        joined = await _joined(journal, case, members) if case.side is not None else {}
        found.append(Seen(members, contacts[case.id], rows, subject, words, candidates, joined))
    return found


async def _newest_contacts(journal: Journal, case: Case, first: list[Entry]) -> list[Entry]:
    """`first`: the rows that a case begins with. One with more than those has its newest contacts at its end: how sure
    it is who is there goes by them."""
    found = [e for e in first if e.contact is not None]
    if len(first) == TIMELINE_PAGE:
        rows = await last_rows(journal, case, limit=TIMELINE_PAGE, kinds=SAID)
        found = [e for e in rows if e.contact is not None] or found
    return found[-CONTACTS_SHOWN:]


def case_after(case: Case, decision: Decision, seen: Seen = UNSEEN, *, rows: Collection[Row] | None = None) -> CaseOut:
    """A case as a decision left it, with what was `seen` of it before. `rows`: those of its contacts that are its own
    now, where that is not all of them."""
    state = decision.state
    known = [state.get(one.id, one) for one in seen.members] or [case]
    found = [state.get(id) for one in known if isinstance(one, Case) for id in standing_of(one)]
    promises = [promise for promise in found if isinstance(promise, Promise)]
    contacts = [e for e in seen.contacts if rows is None or (e.case, e.n) in rows]
    words = {**seen.words, **{kept.id: kept.body for kept in decision.kept}}
    said = [] if rows is None else said_first(e for e in seen.rows if (e.case, e.n) in rows)
    subject = seen.subject if rows is None else naming(said, words)
    asks = asking_in(case, [one for one in known if isinstance(one, Case)])
    given = seen.candidates if rows is None else ()
    shown = case_now(case, contacts, words, promises, given, subject=subject, asks=asks)
    return shown.model_copy(update=seen.joined) if seen.joined and rows is None else shown


async def _joined(journal: Journal, case: Case, members: list[Case]) -> dict[str, Any]:
    """What a case goes on in, and what goes on in it, the cases under those as well."""
    parts = [joined_out(one.joined, id=one.id, ref=one.ref) for one in members[1:] if one.joined is not None]
    into = await journal.document(case.joined.into) if case.joined is not None else None
    if case.joined is None or not isinstance(into, Case):
        return {"merged": [await with_reason(journal, part) for part in parts]}
    goes_on = joined_out(case.joined, id=into.id, ref=into.ref)
    return {
        "merged_into": await with_reason(journal, goes_on),
        "merged": [await with_reason(journal, part) for part in parts],
    }


def joined_out(joined: Joined, *, id: str, ref: str | None = None) -> JoinedOut:
    """With the vault id of the reason in place of its words."""
    by = AuthorOut(kind=joined.author, id=joined.author_id)
    return JoinedOut(
        merge=joined.id, id=id, ref=ref, at=stamp(joined.at), by=by, evidence=joined.evidence, reason=joined.why
    )


async def with_reason(journal: Journal, shown: JoinedOut) -> JoinedOut:
    words = await journal.words([shown.reason]) if shown.reason else {}
    return shown.model_copy(update={"reason": words.get(shown.reason or "")})


async def _candidates_out(journal: Journal, case: Case, members: list[Case]) -> list[CandidateOut]:
    """Candidates that still can be chosen: not what it was joined with, nor people once it was said who it is."""
    if not case.candidates or case.joined is not None:
        return []
    here = {one.id for one in members}
    owner = await journal.document(case.customer) if any(one.customer for one in case.candidates) else None
    is_named = isinstance(owner, Customer) and owner.joined is not None
    left = [one for one in case.candidates if one.case not in here and not (one.customer and is_named)]
    return [await _candidate_out(journal, one) for one in left]


async def _candidate_out(journal: Journal, candidate: Candidate) -> CandidateOut:
    case = await journal.document(candidate.case) if candidate.case else None
    customer = await journal.document(candidate.customer) if candidate.customer else None
    theirs = customer.addresses if isinstance(customer, Customer) else ()
    addresses = [str(a.id) for a in theirs if not a.shared] or [str(a.id) for a in theirs]
    words = await journal.words(addresses) if addresses else {}
    return CandidateOut(
        case=candidate.case,
        ref=case.ref if isinstance(case, Case) else None,
        status=str(case.status) if isinstance(case, Case) else None,
        customer=candidate.customer,
        addresses=[words[id] for id in addresses if id in words],
        last_case=newest_of(customer) if isinstance(customer, Customer) else None,
        why=list(words_of_grounds(candidate.why)),
    )


def newest_of(customer: Customer) -> CaseId | None:
    """What somebody came with last: an open matter of theirs before one that is over."""
    return next(reversed(customer.live_cases), customer.last_case)


def subjects_of(members: Sequence[Case], rows: Iterable[Entry]) -> list[str]:
    """The words that may name a matter, whatever came first and however its cases were joined: what one of us opened it
    under, else what was said first. `members`: the case and all that go on in it; `rows`: the first of them all."""
    given = [case for case in members if case.subject is not None]
    opened = min(given, key=lambda case: (case.opened_at, case.id), default=None)
    return [opened.subject] if opened is not None and opened.subject else said_first(rows)


def said_first(rows: Iterable[Entry]) -> list[str]:
    """The first words of the customer, or the subjects of the mails that they are; of somebody who takes part, where
    all is theirs. No machine's."""
    said = [row for row in rows if row.direction == "in" and not (row.letter is not None and row.letter.automatic)]
    said = [row for row in said if _names_it(row)]
    first = sorted(said, key=lambda row: (not is_theirs(row), row.at, row.case, row.n))
    return [_names_it(row) for row in first[:NAMES_MAX]]


def naming(ids: Iterable[str], words: Mapping[str, str]) -> str:
    """Which of these words name the matter: the first that are no code of a device; none where all are."""
    return next((id for id in ids if not _is_code(words.get(id, ""))), "")


def _is_code(text: str) -> bool:
    return is_code_alone(text) and any(codes_in(text))


def _names_it(row: Entry) -> str:
    return (row.letter.subject if row.letter is not None else None) or row.words or ""


async def subject_words(journal: Journal, case: Case) -> str | None:
    """What a case is about, in a line."""
    rows = await first_rows(journal, case, limit=TIMELINE_PAGE, kinds=SAID)
    words = await journal.words(ids) if (ids := subjects_of(await members_of(journal, case), rows)) else {}
    return in_a_line(words.get(naming(ids, words)))


def in_a_line(words: str | None) -> str | None:
    """Words that name a matter, cut to what a line of a list can hold.

    >>> in_a_line("It is cold.\\n\\nSince Monday."), in_a_line(" "), len(in_a_line("cold " * 99) or "")
    ('It is cold. Since Monday.', None, 120)
    """
    plain = " ".join((words or "").split())
    line = bare_subject(plain) or plain  # it is about the same, whoever answered whom
    return (line if len(line) <= SUBJECT_SHOWN_MAX else line[: SUBJECT_SHOWN_MAX - 1].rstrip() + "…") or None


def given_subject_of(case: Case) -> str:
    """What it was opened under, else what the last mail of a person says; nothing that somebody said otherwise."""
    return case.subject or (case.letter and case.letter.subject) or ""


def case_now(
    case: Case,
    contacts: Sequence[Entry] = (),
    words: Mapping[str, str] = NO_WORDS,
    promises: Sequence[Promise] = (),
    candidates: Sequence[CandidateOut] = (),
    *,
    subject: str = "",
    asks: Case | None = None,
) -> CaseOut:
    """A case from its document alone, with those of its contacts and words that are at hand. Whoever wrote in the
    customer's own name, which its domain denied, is nobody who was named."""
    own = {matching_key(words.get(e.address or "", "")) for e in contacts if not e.facts.get("participant")}
    channels = sorted({str(e.channel) for e in contacts})
    return CaseOut(
        id=case.id,
        ref=case.ref,
        status=case.status,
        subject=words.get(case.subject) if case.subject else in_a_line(words.get(subject)),
        customer=case.customer,
        queue=asks.queue if asks is not None else case.queue,
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
                grounds=str(e.facts.get("grounds", "")).split(),
                link=str(e.facts["link"]) if "link" in e.facts else None,
                participant=bool(e.facts.get("participant")),
                automatic=e.letter is not None and bool(e.letter.automatic),
            )
            for e in contacts
        ],
        participants=[
            ParticipantOut(address=words[p.address.id], invited=p.invited, bounced=p.address.bounced)
            for p in case.participants
            if p.address.id in words and (p.invited or matching_key(words[p.address.id]) not in own)
        ],
        promises=[promise_out(promise) for promise in promises if not promise.unpromised],
        our_call=next((promise_out(promise) for promise in promises if promise.unpromised), None),
        terms={},
        known={},
        ledger={"contacts": case.contacts, **({"channels": channels} if channels else {})},
        ask=ask_out(asks or case),
        language=case.language,
        flags=["may_have_asked_us_to_stop"] if case.opt_out_hint else [],
        candidates=list(candidates),
        split=case.split.id if case.split else None,
        version=case.version,
        junk=case.junk or None,
    )


def known_of(told: Iterable[EntryOut]) -> dict[str, KnownOut]:
    """What pages and devices told, by name. `told`: such rows of a timeline, oldest first; the newest word holds."""
    known: dict[str, KnownOut] = {}
    for row in told:
        for line in (row.text or "").split("\n"):
            name, _, value = line.partition(": ")
            if value:
                known[name] = KnownOut.model_validate({"value": value, "from": row.channel or "", "at": row.at})
    return known


def standing_of(case: Case) -> list[str]:
    """What the customer of a case was promised and did not get yet, a call first, also one of our own accord."""
    return [*([case.promise] if case.promise else []), *case.promised]


def promise_out(promise: Promise) -> PromiseOut:
    window = promise.window
    return PromiseOut(
        id=promise.id,
        kind=promise.kind,
        promised=not promise.unpromised,
        case=promise.case,
        state=promise.state,
        callback=promise.callback,
        window={"start": stamp(window[0]), "end": stamp(window[1])} if window else None,
        confidence=confidence_of(promise),
        told_via=promise.told_via,
        made_at=stamp(promise.made_at),
        since=stamp(promise.waits_since),
        place_at=stamp(promise.place_at),
        attempts=[AttemptOut(at=stamp(at), outcome=outcome) for at, outcome in promise.attempts],
    )


def confidence_of(promise: Promise) -> float | None:
    """Which share of promises like this one is to be kept as first told."""
    if promise.kind != CALLBACK or promise.window is None or promise.unpromised:
        return None
    return BY_TURN if promise.by_turn else BOOKED


def ask_out(case: Case) -> AskOut | None:
    ask = case.ask
    if ask is None:
        return None
    return AskOut(
        work=ask.work,
        queue=ask.queue,
        urgent=ask.requirement.is_danger,
        since=stamp(ask.waits_since),
        place_at=stamp(ask.place_at),
        rule=ask.rule,
        policy=ask.policy,
        skills=dict(ask.requirement.skills),
        language=ask.requirement.language,
    )


async def entries_out(journal: Journal, entries: list[Entry]) -> list[EntryOut]:
    """Timeline rows with their words, the delivery state of our messages, and the names of agents."""
    agents = {e.author_id for e in entries if e.author == "agent" and e.author_id}
    said = await journal.words(sorted({str(e.said) for e in entries if e.said}))
    agents |= agents_in((*(why for e in entries for why in e.reasons), *said.values()))
    documents = {id: await journal.document(id) for id in sorted(agents)}
    names = {id: d.name for id, d in documents.items() if isinstance(d, Agent)}
    ids = {*(str(e.words) for e in entries if e.words), *names.values(), *(m for e in entries for m in e.media)}
    ids |= {id for e in entries if e.letter for id in _ids_of(e.letter)}
    ids |= {str(id) for e in entries if e.mail for id in (e.address, e.mail.subject, *e.mail.copies) if id}
    ids |= {str(e.address) for e in entries if e.address and e.facts.get("what") == COPY_LATE}
    words = await journal.words(sorted(ids))
    called = {id: words.get(name, SOMEBODY) for id, name in names.items()}
    missing = {e.facts.get("file") for e in entries if e.facts.get("what") == FILE_MISSING}
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
                attachments=[_attachment(id, words.get(id, ""), missing=id in missing) for id in entry.media],
                reasons=[
                    *(with_names(why, called) for why in entry.reasons),
                    *([with_names(said[entry.said], called)] if entry.said in said else []),
                ],
                facts=facts_shown(entry),
                delivery=await _delivery(journal, entry),
                **(_letter(entry.letter, words, words.get(entry.words or "", "")) if entry.letter else {}),
                **(_mail_of_ours(entry, entry.mail, words) if entry.mail else {}),
                **(_copied_to(entry, words) if entry.facts.get("what") == COPY_LATE else {}),
            )
        )
    return found


def facts_shown(entry: Entry) -> dict[str, Any]:
    """Facts of a row with how sure it is, and that a message was a code."""
    sure = {"evidence": entry.evidence.value} if entry.evidence else {}
    return {**facts_out(entry.facts), **sure, **({"what": CODE_SENT} if is_code(entry) else {})}


def is_code(entry: Entry) -> bool:
    """Whether it is a message of ours with a code: it has no words for anybody but whoever got it."""
    return entry.kind == "message" and entry.direction == "out" and entry.words is None


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


def _mail_of_ours(entry: Entry, mail: Mailing, words: Mapping[str, str]) -> dict[str, Any]:
    """The same of a mail of ours. One that goes under a subject of our own, by its case's reference, has none here."""
    subject = words.get(mail.subject or "")
    return {
        "subject": reply_subject(subject) if subject and mail.thread is not None else subject,
        "from": entry.via or None,
        "to": _went_to(entry, words),
        "cc": [words[id] for id in mail.copies if id in words],
        "full_text": words.get(entry.words or ""),
        "automatic": mail.automatic,
    }


def _copied_to(entry: Entry, words: Mapping[str, str]) -> dict[str, Any]:
    return {"to": _went_to(entry, words)}


def _went_to(entry: Entry, words: Mapping[str, str]) -> list[str]:
    return [words[entry.address]] if entry.address is not None and entry.address in words else []


def facts_out(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts with instants as RFC 3339."""
    return {k: stamp(v) if k.endswith("_at") and isinstance(v, int) else v for k, v in facts.items()}


def _attachment(id: str, body: str, *, missing: bool = False) -> AttachmentOut:
    kind, _, _ = body.partition(" ")
    if (file := StoredFile.of(body)) is not None:
        return AttachmentOut(
            id=id, name=file.name, type=kind, url=f"/api/v1/media/{id}", size_bytes=file.size_bytes, missing=False
        )
    ending = kind.partition("/")[2].partition(";")[0] or "bin"
    return AttachmentOut(id=id, name=f"file.{ending}", type=kind, url=f"/api/v1/media/{id}", missing=missing)


async def _delivery(journal: Journal, entry: Entry) -> DeliveryOut | None:
    message = await journal.document(entry.message) if entry.message else None
    if not isinstance(message, Message):
        return None
    return DeliveryOut(
        state=DELIVERY.get(message.state, message.state),
        error=message.error or ("outcome unknown" if message.state == MessageState.UNKNOWN else None),
        attempts=message.attempts,
        message=message.id,
        unknown=message.state == MessageState.UNKNOWN,
        due_at=stamp(message.due_at) if _is_put_off(message) and message.due_at is not None else None,
    )


def _is_put_off(message: Message) -> bool:
    """Whether it waits for a time: for the day, or to be tried again."""
    if message.state != MessageState.QUEUED or message.due_at is None:
        return False
    return message.attempts > 0 or message.due_at > message.queued_at


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


def offer_out(work: Work, note: str | None, subject: str | None = None) -> OfferOut:
    assert work.offer is not None
    return OfferOut(
        id=work.offer.id,
        work=work.id,
        case=work.case,
        channel=work.ask.requirement.channel,
        kind="call" if work.ask.requirement.kind == "phone" else "message",
        queue=work.ask.queue,
        subject=subject,
        urgent=work.ask.requirement.is_danger,
        since=stamp(work.ask.waits_since),
        place_at=stamp(work.ask.place_at),
        place_reasons=list(work.ask.reasons),
        expires_at=stamp(work.offer.expires_at),
        why=f"{'its case stands there; ' if work.ask.stays else ''}{named_rule(work.ask.rule, work.ask.policy)}",
        note=note,
    )


def work_out(work: Work, *, talking: bool = False) -> WorkOut:
    """`talking`: it was handed on, and its agent is with the customer still."""
    return WorkOut(
        id=work.id,
        case=work.case,
        channel=work.ask.requirement.channel,
        kind="call" if work.ask.requirement.kind == "phone" else "message",
        state=WorkState.ACTIVE if talking else work.state,
        accepted_at=maybe(work.accepted_at),
        handing=talking,
    )


def verification_of(address: Address) -> str:
    """How sure it is that an address is theirs: `code` (they said a code that went there), `typed` (a visitor says so,
    and nobody is found by it but by a reply to us), `denied` (its own domain says that whoever wrote from it is
    somebody else), or `known` (they wrote from it, or one of us added it)."""
    if address.denied:
        return "denied"
    if address.typed:
        return "typed"
    return "code" if "proved_at" in address.evidence else "known"


def customer_addresses(customer: Customer, words: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": a.id,
            "address": words.get(a.id),
            "kind": a.facts.kind.value,
            "country": a.facts.country or None,
            "zones": list(a.facts.zones),
            "blocked": [str(c) for c in a.blocked],
            "shared": a.shared,
            "health": "bounced" if a.bounced else "ok",
            "verification": verification_of(a),
        }
        for a in customer.addresses
    ]
