"""Cases and customers over the API: read, answer, note, status, assign, and why it went where it went."""

from base64 import b64decode
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import Field

from channels.email.attachments import part_of
from channels.email.html import safe_html
from router.core import tree
from router.core.call_parts import can_be_called
from router.core.commands import Actor, AddNote, AssignCase, File, SendReply, SetStatus
from router.core.context import Decision
from router.core.documents import Case, Customer, Entry
from router.core.events import MessageQueued, NoteAdded
from router.core.words import ActorKind, AgentId, CallRole, CaseId, CaseStatus, Channel
from router.http.auth import ANYBODY, LEADS, WRITERS, Role
from router.http.case_list import CasesQuery, FoundOut, fits, person_of, read_cases
from router.http.joined import asking_in, head_of, is_theirs, last_rows, legs_of, members_of, page_of
from router.http.problems import Problem
from router.http.routes import (
    Body,
    Call,
    Page,
    Replied,
    Reply,
    Route,
    id_cursor,
)
from router.http.service import Service
from router.http.sure import SureOut, holds_own_words, sure_of
from router.http.views import (
    AskOut,
    CaseOut,
    EntryOut,
    JoinedOut,
    KnownOut,
    PromiseOut,
    case_after,
    case_out,
    cases_out,
    customer_addresses,
    entries_out,
    joined_out,
    known_of,
    maybe,
    seen_of,
    stamp,
    wait_out,
    with_reason,
)
from router.journal.base import Journal, stored
from router.journal.terms import terms_of

FILES_MAX = 10
FILES_BYTES_MAX = 10_000_000
HTML_CHARS_MAX = 200_000
ANSWER_BYTES_MAX = FILES_BYTES_MAX * 4 // 3 + 2_000_000
"""Files in base64, words, and what JSON makes of them."""
BRIEF_ROWS = 100
"""So many rows of a case are looked at for what is known in ten seconds."""
DECIDED = ("decision", "assignment", "message", "call")
"""Kinds of rows that tell what was decided; of messages and calls, those that are contacts."""
READS_MAX = 10
CASES_SHOWN = 50
"""Reads for one page of a filtered list; where it is not full by then, the next page goes on."""
TEXT_MAX = 20_000
REASON_MAX = 500
Text = Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]


class CaseItem(CaseOut):
    found: list[FoundOut] | None = Field(None, description="where `q` was found")


class CasePage(Reply):
    items: list[CaseItem]
    next: str | None


class TimelinePage(Reply):
    items: list[EntryOut]
    next: str | None


class BriefOut(Reply):
    """What an agent must know in ten seconds."""

    case: str
    ref: str
    customer: dict[str, Any]
    wants: str | None = Field(description="their last words")
    wants_at: str | None
    language: str | None
    earlier: list[str] = Field(description="what was said last, oldest first")
    context: list[str] = Field(description="what their page or device told last, as `name: value`")
    sure: SureOut | None = Field(description="how sure it is who is there now, and what they may be told")
    known: dict[str, KnownOut]
    promises: list[PromiseOut]
    waiting: AskOut | None
    cautions: list[str]


class DecisionOut(Reply):
    at: str
    what: str
    policy: int | None
    rule: str | None
    inputs: dict[str, Any]
    candidates: list[str]
    reasons: list[str]
    agent: str | None


class DecisionPage(Reply):
    items: list[DecisionOut]
    next: str | None


class FileIn(Body):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    content: Annotated[str, Field(description="the file in base64 (RFC 4648)")]
    type: Annotated[str, Field(max_length=100)] = ""


class MessageBody(Body):
    text: Text
    html: Annotated[str, Field(max_length=HTML_CHARS_MAX)] = Field(
        "", description="the same words with their looks; goes along by mail, made safe"
    )
    attachments: Annotated[list[FileIn], Field(max_length=FILES_MAX)] = Field(
        default_factory=list[FileIn], description=f"files, {FILES_BYTES_MAX} bytes in all at most; they go by email"
    )
    channel: Literal["auto", "phone", "sms", "whatsapp", "chat", "email", "touch", "page"] = "auto"
    reason: Annotated[str, Field(max_length=REASON_MAX)] = Field(
        "", description="why a person sends it although the day's texts are spent; kept on the case as a note"
    )


class WayOut(Reply):
    channel: str
    via: str


class MessageOut(Reply):
    id: str
    channel: str
    address: str | None
    reasons: list[str]
    alternatives: list[WayOut]
    segments: int
    not_before: str | None = None


class NoteBody(Body):
    text: Annotated[str, Field(min_length=1, max_length=20_000)]


class NoteOut(Reply):
    id: str


class StatusBody(Body):
    status: Literal["open", "waiting_customer", "waiting_us", "solved", "closed"]
    reason: Annotated[str, Field(max_length=2000)] = ""


class AssignBody(Body):
    agent: str | None = None
    queue: str | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""


class CustomerOut(Reply):
    id: str
    addresses: list[dict[str, Any]] = Field(
        description="`blocked`: channels they told us to stop; `health`: ok, or bounced: the last mail came back; "
        "`verification`: code, known, typed (a visitor says so) or denied (by its own domain)"
    )
    language: str | None
    discreet: bool = Field(False, description="others may hear their phone")
    zone: str | None = Field(
        None,
        description="their clock besides what their number tells: as one of us noted it, else as they said",
    )
    cases: list[str] = Field(description="the newest ones, those of members too")
    merged_into: JoinedOut | None = Field(default=None, description="the customer whom they were found to be as well")
    members: list[JoinedOut] = Field(default_factory=list[JoinedOut], description="customers found to be this one")
    hold: dict[str, Any] | None = Field(None, description="`since`, `by` and `reason` of a hold: nothing is erased")
    erase: str | None = Field(None, description="`waiting` for a hold to end, or `done`; null: nobody wants it")
    erased_at: str | None = None
    version: int


class CustomersQuery(Page):
    q: str | None = Field(None, max_length=200, description="any form of an address, or a name")


class CustomerPage(Reply):
    items: list[CustomerOut]
    next: str | None


class CaseApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        one = "/api/v1/cases/{id}"
        writing = WRITERS | {Role.OPS}
        return [
            Route("GET", "/api/v1/cases", "List cases, newest first", ANYBODY, self.list, CasePage, query=CasesQuery),
            Route("GET", one, "One case", ANYBODY, self.get, CaseOut),
            Route("GET", f"{one}/timeline", "All that happened", ANYBODY, self.timeline, TimelinePage, query=Page),
            Route("GET", f"{one}/brief", "What to know in ten seconds", ANYBODY, self.brief, BriefOut),
            Route("GET", f"{one}/decisions", "Why it went where", ANYBODY, self.decisions, DecisionPage, query=Page),
            Route(
                "POST",
                f"{one}/messages",
                "Answer",
                writing,
                self.reply,
                MessageOut,
                status=202,
                body=MessageBody,
                bytes_max=ANSWER_BYTES_MAX,
            ),
            Route("POST", f"{one}/notes", "Add a note", writing, self.note, NoteOut, status=201, body=NoteBody),
            Route("POST", f"{one}/status", "Set the status", writing, self.status, CaseOut, body=StatusBody),
            Route("POST", f"{one}/assign", "Give to agent or queue", writing, self.assign, CaseOut, body=AssignBody),
            Route(
                "GET",
                "/api/v1/customers",
                "Find customers by address or name",
                ANYBODY,
                self.customers,
                CustomerPage,
                query=CustomersQuery,
                tag="customers",
            ),
            Route(
                "GET", "/api/v1/customers/{id}", "One customer", ANYBODY, self.customer, CustomerOut, tag="customers"
            ),
        ]

    # --- reading ------------------------------------------------------------------------------------------------------

    async def list(self, call: Call) -> Replied:
        query: CasesQuery = call.query
        terms = None if query.q is None else terms_of(query.q)
        before = id_cursor(query.after, "case_")
        found: list[Case] = []
        places: dict[str, list[FoundOut]] = {}
        for _ in range(READS_MAX):
            rows, before = await read_cases(self._journal, query, terms, before)
            fitting = [r for r in rows if r.case.is_head and r.case.id not in places and fits(r.case, query)]
            room = query.limit - len(found)
            found += [row.case for row in fitting[:room]]
            places |= {row.case.id: row.places for row in fitting[:room]}
            if len(fitting) > room:
                before = fitting[room - 1].at
            if len(found) == query.limit or before is None:
                break
        items = [
            CaseItem(**dict(item), found=places[item.id] or None) for item in await cases_out(self._journal, found)
        ]
        return Replied(200, CasePage(items=items, next=before))

    async def get(self, call: Call) -> Replied:
        case = await self._case(call)
        head = await head_of(self._journal, case)
        shown, asks = await case_out(self._journal, case, head), asking_in(case, await members_of(self._journal, case))
        wait = self._service.node.waits.of_case(asks.id)
        told = await last_rows(self._journal, head, limit=BRIEF_ROWS, kinds=("context",))
        more = {"known": known_of(await entries_out(self._journal, told))}
        return Replied(200, shown.model_copy(update=more | ({"wait": wait_out(wait)} if wait is not None else {})))

    async def timeline(self, call: Call) -> Replied:
        case = await self._case(call)
        page, following = await page_of(self._journal, case, after=call.query.after, limit=call.query.limit)
        return Replied(200, TimelinePage(items=await entries_out(self._journal, page), next=following))

    async def brief(self, call: Call) -> Replied:
        case = await self._case(call)
        case = await head_of(self._journal, case)
        rows = await last_rows(self._journal, case, limit=BRIEF_ROWS, kinds=("message", "note", "call", "context"))
        told = await entries_out(self._journal, [e for e in rows if e.kind == "context"])
        is_whole = case.entries <= BRIEF_ROWS and len(rows) < BRIEF_ROWS
        rows = [e for e in rows if e.kind != "context"]
        last = [e for e in rows if e.words or e.kind != "call"]
        said = await entries_out(self._journal, last[-6:])
        wanted = await entries_out(self._journal, [e for e in last if is_theirs(e)][-1:])
        customer = await self._journal.document(case.customer)
        shown = await case_out(self._journal, case)
        cautions: list[str] = []
        if isinstance(customer, Customer):
            for address in customer.addresses:
                cautions += [f"told us to stop {channel}" for channel in address.blocked]
            if customer.discreet:
                cautions.append("be discreet: others may hear their phone")
            if customer.unrecorded_at is not None:
                cautions.append("does not want to be recorded")
            if not await self._can_be_answered(case, customer):
                cautions.append("left no address that can be answered")
        if case.opt_out_hint:
            cautions.append("words that may mean stop: read them before you write")
        ours = [e.delivery for e in said if e.delivery and e.kind == "message"]
        if ours and ours[-1].state == "failed":
            cautions.append("our last message did not arrive")
        return Replied(
            200,
            BriefOut(
                case=case.id,
                ref=case.ref,
                customer=(await customer_out(self._journal, customer)).model_dump()
                if isinstance(customer, Customer)
                else {},
                wants=wanted[0].text if wanted else None,
                wants_at=wanted[0].at if wanted else None,
                language=case.language,
                earlier=[f"{_who_said(e)}: {e.text}" for e in said if e.text and not e.automatic],
                context=(told[-1].text or "").split("\n") if told else [],
                sure=await self._sure(case, shown, rows if is_whole else None),
                known=known_of(told),
                promises=shown.promises,
                waiting=shown.ask,
                cautions=cautions,
            ),
        )

    async def _sure(self, case: Case, shown: CaseOut, said: Sequence[Entry] | None) -> SureOut | None:
        """How sure it is who is there. `said`: all that was; None where it is too much to tell whether it is theirs."""
        owners = {one.customer for one in await members_of(self._journal, case)}
        customers = [await self._journal.document(owner) for owner in sorted(owners)]
        addresses = [a for one in customers if isinstance(one, Customer) for a in one.addresses]
        legs, _ = await legs_of(self._journal, case)
        return sure_of(
            shown.contacts,
            now=stamp(self._service.node.clock.now()),
            proof_days=self._service.node.means.policy.settings.cases.proof_days,
            proved_at=maybe(max((a.proved_at for a in addresses if a.proved_at is not None), default=None)),
            own_words=said is not None and holds_own_words(shown.contacts, said),
            calls=[stamp(leg.started_at) for leg in legs if leg.role is CallRole.CUSTOMER],
        )

    async def _can_be_answered(self, case: Case, customer: Customer) -> bool:
        if any(can_be_called(address) for address in customer.addresses):
            return True
        with suppress(Problem):
            await self._service.ways(case, None)
            return True
        return False

    async def decisions(self, call: Call) -> Replied:
        case = await self._case(call)
        page, following = await page_of(
            self._journal, case, after=call.query.after, limit=call.query.limit, kinds=DECIDED
        )
        words = await self._journal.words([str(e.said) for e in page if e.said])
        items: list[DecisionOut] = []
        last: dict[str, Any] = {}
        for entry in page:
            if entry.contact is not None:
                items.append(_linked(entry))
            if entry.kind not in ("decision", "assignment"):
                continue
            facts = dict(entry.facts)
            last = dict(facts) if facts.get("what") == "queued" else last
            items.append(
                DecisionOut(
                    at=stamp(entry.at),
                    what=str(facts.pop("what", entry.kind)),
                    policy=facts.pop("policy", None) or last.get("policy"),  # pyright: ignore[reportArgumentType]
                    rule=facts.pop("rule", None) or last.get("rule"),  # pyright: ignore[reportArgumentType]
                    agent=facts.pop("agent", None),  # pyright: ignore[reportArgumentType]
                    inputs={k: stamp(v) if k.endswith("_at") and isinstance(v, int) else v for k, v in facts.items()},
                    candidates=[r for r in entry.reasons if r.startswith("agt_")],
                    reasons=[
                        *(r for r in entry.reasons if not r.startswith("agt_")),
                        *([words[entry.said]] if entry.said in words else []),
                    ],
                )
            )
        return Replied(200, DecisionPage(items=items, next=following))

    async def customers(self, call: Call) -> Replied:
        query: CustomersQuery = call.query
        if query.q is None:
            raise Problem(422, "Cannot be used", "Say whom you look for.", errors=[(["query", "q"], "is missing")])
        page = await self._journal.find_customers(
            terms_of(query.q), before=id_cursor(query.after, "cus_"), limit=query.limit
        )
        found = [hit.document for hit in page.hits if isinstance(hit.document, Customer)]
        whose = await self._service.find_customer(query.q)  # a whole address is found before it stands in the index
        if whose is not None:
            found = ([whose] if query.after is None else []) + [c for c in found if c.id != whose.id]
        items = [await customer_out(self._journal, customer) for customer in found]
        return Replied(200, CustomerPage(items=items, next=page.next))

    async def customer(self, call: Call) -> Replied:
        found = await self._journal.document(call.path["id"])
        if not isinstance(found, Customer):
            raise _missing("customer")
        return Replied(200, await customer_out(self._journal, found))

    # --- writing ------------------------------------------------------------------------------------------------------

    async def reply(self, call: Call) -> Replied:
        body: MessageBody = call.body
        case = await self._case(call)
        wanted = None if body.channel == "auto" else Channel(body.channel)
        reason = " ".join(body.reason.split())
        files = [_file(one, position) for position, one in enumerate(body.attachments)]
        if (size := sum(file.size_bytes for file in files)) > FILES_BYTES_MAX:
            raise Problem(413, "Too large", f"The files have {size} bytes; {FILES_BYTES_MAX} fit in a mail.")
        ways = await self._service.ways(case, wanted, has_files=bool(files))
        command = SendReply(
            key=call.key,
            case=case.id,
            text=body.text,
            channel=wanted,
            actor=actor_of(call),
            reason=reason,
            html=safe_html(body.html) if body.html else "",
            files=tuple([await stored(self._journal, file) for file in files]),
            unread=await self._service.node.visitors.unread(case.id) if ways.way.channel is not Channel.CHAT else (),
        )
        addresses = await self._journal.words([ways.way.address])

        def answer(decision: Decision) -> MessageOut:
            queued = next(e for e in reversed(decision.events) if isinstance(e, MessageQueued))  # others go ahead
            return MessageOut(
                id=queued.message,
                channel=queued.channel,
                address=addresses.get(queued.address),
                reasons=list(queued.reasons),
                alternatives=[WayOut(channel=way.channel, via=way.via) for way in ways.alternatives],
                segments=queued.segments,
            )

        return await self._service.take(call, command, answer, status=202)

    async def note(self, call: Call) -> Replied:
        command = AddNote(key=call.key, case=self._id(call), text=call.body.text, actor=actor_of(call))

        def answer(decision: Decision) -> NoteOut:
            added = next(e for e in decision.events if isinstance(e, NoteAdded))
            return NoteOut(id=f"{added.case}/{added.entry}")

        return await self._service.take(call, command, answer, status=201)

    async def status(self, call: Call) -> Replied:
        command = SetStatus(
            key=call.key,
            case=self._id(call),
            status=CaseStatus(call.body.status),
            reason=call.body.reason,
            actor=actor_of(call),
            if_version=call.if_version,
        )
        return await self._changed(call, command)

    async def assign(self, call: Call) -> Replied:
        body: AssignBody = call.body
        if (body.agent is None) == (body.queue is None):
            raise Problem(
                422, "Cannot be used", "Name an agent or a queue, one of both.", errors=[(["body"], "agent or queue")]
            )
        if body.agent is not None and AgentId(body.agent) not in self._service.node.domain.agents:
            raise Problem(
                422, "No such agent", "There is no agent of this id.", errors=[(["body", "agent"], "unknown")]
            )
        if body.agent is not None and body.agent != call.who.agent and call.who.role not in LEADS:
            raise Problem(403, "Not allowed", "Only a lead gives a case to another agent; use a queue.")
        command = AssignCase(
            key=call.key,
            case=self._id(call),
            agent=AgentId(body.agent) if body.agent else None,
            queue=body.queue,
            reason=body.reason,
            actor=actor_of(call),
            if_version=call.if_version,
        )
        return await self._changed(call, command)

    async def _changed(self, call: Call, command: SetStatus | AssignCase) -> Replied:
        [seen] = await seen_of(self._journal, [await head_of(self._journal, await self._case(call))])

        def answer(decision: Decision) -> CaseOut:
            case = decision.state[command.case]
            assert isinstance(case, Case)
            return case_after(tree.head_of(decision.state, case), decision, seen)

        return await self._service.take(call, command, answer, status=200)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _id(self, call: Call) -> CaseId:
        return CaseId(call.path["id"])

    async def _case(self, call: Call) -> Case:
        found = await self._journal.document(call.path["id"])
        if not isinstance(found, Case):
            raise _missing("case")
        return found


async def customer_out(journal: Journal, customer: Customer) -> CustomerOut:
    """A customer with their addresses as they were given."""
    hold = customer.hold
    words = await journal.words([*(a.id for a in customer.addresses), *((hold.why,) if hold and hold.why else ())])
    found = [await journal.document(id) for id in await person_of(journal, customer.id)]
    members = [one for one in found if isinstance(one, Customer)]
    theirs = [await journal.cases(before=None, limit=CASES_SHOWN, owner=one.id) for one in members]
    cases = sorted((str(case.id) for some in theirs for case in some if case.is_head), reverse=True)
    into = joined_out(customer.joined, id=customer.joined.into) if customer.joined is not None else None
    joined = [joined_out(one.joined, id=one.id) for one in members[1:] if one.joined is not None]
    return CustomerOut(
        id=customer.id,
        addresses=customer_addresses(customer, words),
        language=customer.language,
        discreet=customer.discreet,
        zone=zone_of(customer),
        cases=cases[:CASES_SHOWN],
        merged_into=await with_reason(journal, into) if into is not None else None,
        members=[await with_reason(journal, one) for one in joined],
        hold={"since": stamp(hold.at), "by": hold.author_id, "reason": words.get(hold.why or "")} if hold else None,
        erase=erase_state(customer),
        erased_at=maybe(customer.erased_at),
        version=customer.version,
    )


def zone_of(customer: Customer) -> str | None:
    """Their clock as it is known besides their number."""
    return customer.zone or customer.zone_said or None


def _who_said(entry: EntryOut) -> str:
    return "somebody who takes part" if entry.facts.get("participant") else entry.author.kind


def _linked(entry: Entry) -> DecisionOut:
    """Why a contact stands on this case, and how sure it is whose it is."""
    inputs = {name: value for name, value in entry.facts.items() if name in ("grounds", "topics")}
    policy, rule = entry.facts.get("policy"), entry.facts.get("link")
    return DecisionOut(
        at=stamp(entry.at),
        what="linked",
        policy=policy if isinstance(policy, int) else None,
        rule=str(rule) if rule else None,
        inputs={**inputs, "evidence": str(entry.evidence), "channel": str(entry.channel)},
        candidates=[],
        reasons=list(entry.reasons),
        agent=None,
    )


def erase_state(customer: Customer) -> str | None:
    """What became of the wish to erase them: waiting for a hold to end, done, or None: nobody wants it."""
    if customer.erased_at is not None:
        return "done"
    return "waiting" if customer.erase_wanted_at is not None else None


def actor_of(call: Call) -> Actor:
    """People act as agents, whatever their role; programs act as the system."""
    if call.who.role is Role.INTEGRATION:
        return Actor(ActorKind.SYSTEM, call.who.token)
    return Actor(ActorKind.AGENT, call.who.agent or call.who.token)


def _missing(what: str) -> Problem:
    return Problem(404, "Not found", f"There is no such {what}, or it is not yours to see.", kind="not_found")


def _file(given: FileIn, position: int) -> File:
    """A file of an answer. Raises Problem where it cannot be read."""
    try:
        content = b64decode(given.content, validate=True)
    except ValueError:
        where = ["body", "attachments", position, "content"]
        raise Problem(422, "Cannot be used", "This is no base64.", errors=[(where, "no base64")]) from None
    part = part_of(given.name, content, said=given.type)
    return File(
        name=part.name,
        content_type=part.content_type,
        hash=sha256(content).hexdigest(),
        size_bytes=len(content),
        content=content,
        note=part.note,
    )
