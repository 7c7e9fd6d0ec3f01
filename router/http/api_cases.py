"""Cases and customers over the API: read, answer, note, status, assign, and why it went where it went."""

from typing import Annotated, Any, Literal

from pydantic import Field

from router.core.commands import Actor, AddNote, AssignCase, SendReply, SetStatus
from router.core.context import Decision
from router.core.documents import Case, Customer
from router.core.events import MessageQueued, NoteAdded
from router.core.words import ActorKind, AgentId, CaseId, CaseStatus, Channel
from router.http.auth import ANYBODY, LEADS, WRITERS, Role
from router.http.problems import Problem
from router.http.routes import (
    Body,
    Call,
    Page,
    Replied,
    Reply,
    Route,
    id_cursor,
    number_cursor,
)
from router.http.service import Service
from router.http.views import (
    AskOut,
    CaseOut,
    EntryOut,
    PromiseOut,
    case_now,
    case_out,
    cases_out,
    customer_addresses,
    entries_out,
    maybe,
    stamp,
)
from router.journal.base import Journal, Place
from router.journal.terms import Term, terms_of

READ_AT_ONCE = 200
READS_MAX = 10
"""Reads for one page of a filtered list; where it is not full by then, the next page goes on."""
TEXT_MAX = 20_000
REASON_MAX = 500
Text = Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]


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
    known: dict[str, Any]
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


class MessageBody(Body):
    text: Text
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
    addresses: list[dict[str, Any]]
    language: str | None
    cases: list[str]
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
            Route("POST", f"{one}/messages", "Answer", writing, self.reply, MessageOut, status=202, body=MessageBody),
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
            rows, before = await _read(self._journal, query, terms, before)
            places |= {case.id: some for case, some in rows}
            fitting = [case for case, _ in rows if _fits(case, query)]
            room = query.limit - len(found)
            found += fitting[:room]
            if len(fitting) > room:
                before = found[-1].id
            if len(found) == query.limit or before is None:
                break
        items = [
            CaseItem(**dict(item), found=places[item.id] or None) for item in await cases_out(self._journal, found)
        ]
        return Replied(200, CasePage(items=items, next=before))

    async def get(self, call: Call) -> Replied:
        return Replied(200, await case_out(self._journal, await self._case(call)))

    async def timeline(self, call: Call) -> Replied:
        case = await self._case(call)
        after = number_cursor(call.query.after)
        rows = await self._journal.entries(case.id, after=after, limit=call.query.limit + 1)
        page = rows[: call.query.limit]
        following = str(page[-1].n) if len(rows) > call.query.limit else None
        return Replied(200, TimelinePage(items=await entries_out(self._journal, page), next=following))

    async def brief(self, call: Call) -> Replied:
        case = await self._case(call)
        rows = await self._journal.entries(
            case.id, after=max(0, case.entries - 100), limit=100, kinds=("message", "note", "call", "context")
        )
        told = await entries_out(self._journal, [e for e in rows if e.kind == "context"][-1:])
        rows = [e for e in rows if e.kind != "context"]
        said = await entries_out(self._journal, [e for e in rows if e.words or e.kind != "call"][-6:])
        theirs = [e for e in said if e.direction == "in" and not e.automatic]
        customer = await self._journal.document(case.customer)
        shown = await case_out(self._journal, case)
        cautions: list[str] = []
        if isinstance(customer, Customer):
            for address in customer.addresses:
                cautions += [f"told us to stop {channel}" for channel in address.blocked]
            if customer.unrecorded_at is not None:
                cautions.append("does not want to be recorded")
        if case.opt_out_hint:
            cautions.append("words that may mean stop: read them before you write")
        ours = [e.delivery for e in said if e.delivery]
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
                wants=theirs[-1].text if theirs else None,
                wants_at=theirs[-1].at if theirs else None,
                language=case.language,
                earlier=[f"{e.author.kind}: {e.text}" for e in said if e.text and not e.automatic],
                context=(told[0].text or "").split("\n") if told else [],
                known={},
                promises=shown.promises,
                waiting=shown.ask,
                cautions=cautions,
            ),
        )

    async def decisions(self, call: Call) -> Replied:
        case = await self._case(call)
        rows = await self._journal.entries(
            case.id, after=number_cursor(call.query.after), limit=call.query.limit + 1, kinds=("decision", "assignment")
        )
        page = rows[: call.query.limit]
        words = await self._journal.words([str(e.said) for e in page if e.said])
        items: list[DecisionOut] = []
        last: dict[str, Any] = {}
        for entry in page:
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
        return Replied(200, DecisionPage(items=items, next=str(page[-1].n) if len(rows) > call.query.limit else None))

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
        command = SendReply(
            key=call.key, case=case.id, text=body.text, channel=wanted, actor=actor_of(call), reason=reason
        )
        ways = await self._service.ways(case, wanted)
        addresses = await self._journal.words([ways.way.address])

        def answer(decision: Decision) -> MessageOut:
            queued = next(e for e in decision.events if isinstance(e, MessageQueued))
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
        await self._case(call)

        def answer(decision: Decision) -> CaseOut:
            case = decision.state[command.case]
            assert isinstance(case, Case)
            return case_now(case)

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
    cases = await journal.cases(before=None, limit=50, owner=customer.id)
    return CustomerOut(
        id=customer.id,
        addresses=customer_addresses(customer, words),
        language=customer.language,
        cases=[c.id for c in cases],
        hold={"since": stamp(hold.at), "by": hold.author_id, "reason": words.get(hold.why or "")} if hold else None,
        erase=erase_state(customer),
        erased_at=maybe(customer.erased_at),
        version=customer.version,
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


async def _read(
    journal: Journal, query: CasesQuery, terms: tuple[Term, ...] | None, before: str | None
) -> tuple[list[tuple[Case, list[FoundOut]]], str | None]:
    """The next cases, with where words were found in each, and what to go on before."""
    if terms is None:
        cases = await journal.cases(before=before, limit=READ_AT_ONCE, owner=query.customer)
        return [(case, []) for case in cases], cases[-1].id if len(cases) == READ_AT_ONCE else None
    limit = READ_AT_ONCE if _is_filtered(query) else query.limit
    page = await journal.find_cases(terms, before=before, limit=limit, owner=query.customer)
    hits = [(hit.document, hit.places) for hit in page.hits if isinstance(hit.document, Case)]
    return [(case, [_found_out(case.id, place) for place in places]) for case, places in hits], page.next


def _found_out(case: str, place: Place) -> FoundOut:
    entry = f"{case}/{place.entry}" if place.entry else None
    return FoundOut(entry=entry, text=place.text, marks=list(place.marks))


def _is_filtered(query: CasesQuery) -> bool:
    return not (query.status is None and query.queue is None and query.agent is None)


def _fits(case: Case, query: CasesQuery) -> bool:
    return (
        (query.status is None or case.status is query.status)
        and (query.queue is None or case.queue == query.queue)
        and (query.agent is None or case.agent == query.agent)
    )


def _missing(what: str) -> Problem:
    return Problem(404, "Not found", f"There is no such {what}, or it is not yours to see.", kind="not_found")
