"""The system over the API: policies, outbox, audit, tokens, media."""

from typing import Annotated, Any, Literal

from pydantic import Field

from router.core.commands import NoteToken, ReleaseMessage
from router.core.context import Decision
from router.core.documents import Message, MessageState
from router.core.events import (
    AccessRefused,
    AskChanged,
    CasesMerged,
    CaseSplit,
    CaseStatusChanged,
    CasesUnmerged,
    CommandTaken,
    ContactReleased,
    CustomerErased,
    CustomersMerged,
    CustomersUnmerged,
    DeviceUnpaired,
    HoldLifted,
    HoldSet,
    JoinAsked,
    NoteAdded,
    OutsideAsked,
    ParticipantErased,
    PolicyActivated,
    PromiseChanged,
    SplitUndone,
    WorkGivenBack,
)
from router.core.values import fields_of
from router.core.words import AgentId, MessageId
from router.http.api_cases import actor_of
from router.http.auth import ADMIN, LEADS, OPS, Role, id_of, new_token
from router.http.names import SOMEBODY
from router.http.problems import Problem
from router.http.routes import Body, Call, Page, Replied, Reply, Route, id_cursor, number_cursor
from router.http.service import Service
from router.http.views import maybe, stamp
from router.journal import codec
from router.journal.base import Stored

AUDITED = (
    "ActivatePolicy",
    "AddAddress",
    "AddAgent",
    "AssignCase",
    "BlockLine",
    "BringOutside",
    "CancelCallback",
    "CountRefused",
    "DropCandidates",
    "EraseCustomer",
    "ErasePart",
    "ExportCustomer",
    "ExportPart",
    "ForgetWords",
    "GiveBackWork",
    "JoinCall",
    "MakePromise",
    "MergeCases",
    "MergeCustomers",
    "MovePromise",
    "NoteToken",
    "OfferSwitch",
    "PairDevice",
    "PutFirst",
    "ReleaseContact",
    "ReleaseMessage",
    "RevokeLinks",
    "SetAgentState",
    "SetDeadline",
    "SetHold",
    "SetParticipant",
    "SetRecording",
    "SetStaffing",
    "SetStatus",
    "SetTerms",
    "ShareLine",
    "SplitCase",
    "UnmergeCases",
    "UnmergeCustomers",
    "UnpairDevice",
)
REASONS: dict[type, tuple[str, ...]] = {
    AskChanged: ("words",),
    CasesMerged: ("words",),
    CaseSplit: ("words",),
    CaseStatusChanged: ("why",),
    CasesUnmerged: ("words",),
    ContactReleased: ("words",),
    CustomerErased: ("reason",),
    CustomersMerged: ("words",),
    CustomersUnmerged: ("words",),
    DeviceUnpaired: ("why",),
    HoldLifted: ("why",),
    HoldSet: ("why",),
    JoinAsked: ("words",),
    OutsideAsked: ("words",),
    ParticipantErased: ("reason",),
    NoteAdded: ("words",),
    PromiseChanged: ("said",),
    SplitUndone: ("words",),
    WorkGivenBack: ("note", "said"),
}
"""Where the reason stands that somebody gave: in the vault, so that it goes with the customer."""
TOKEN = "tok_"
"""What the ids of tokens begin with."""
PLAIN = (str, int, float, bool, type(None), dict)
OUTBOX_STATES = {
    "queued": (MessageState.QUEUED,),
    "sending": (MessageState.SENDING,),
    "unknown": (MessageState.UNKNOWN,),
    "failed": (MessageState.FAILED,),
    "open": (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN),
    "dead": (MessageState.UNKNOWN, MessageState.FAILED),
}


class PoliciesOut(Reply):
    version: int
    files: dict[str, str]
    warnings: list[str]


class VersionOut(Reply):
    version: int
    at: str | None
    by: str | None
    reason: str | None


class VersionPage(Reply):
    items: list[VersionOut]
    next: str | None


class OutboxQuery(Page):
    state: Literal["queued", "sending", "unknown", "failed", "open", "dead"] = "open"


class OutboxItem(Reply):
    id: str
    case: str
    channel: str
    state: str
    attempts: int
    queued_at: str
    due_at: str | None
    error: str | None
    moved_to: str | None = Field(description="The message by which its words went another way.")
    needs: bool = Field(description="Whether somebody is to see to it; false for all that is under way.")
    advice: str


class OutboxPage(Reply):
    items: list[OutboxItem]
    next: str | None


class AuditItem(Reply):
    seq: int
    at: str
    actor: str
    actor_id: str | None
    actor_name: str | None = Field(None, description="an agent's name, or the role of a token that is nobody's")
    action: str
    reason: str | None = Field(
        description="in the words of whoever did it; null after erasure, or where none was given"
    )
    data: dict[str, Any]


class AuditPage(Reply):
    items: list[AuditItem]
    next: str | None


class TokenBody(Body):
    role: Literal["agent", "lead", "ops", "admin", "integration"]
    agent: Annotated[str, Field(pattern=r"^agt_[a-z0-9]+$")] | None = None


class TokenMade(Reply):
    token: str
    role: str


class TokenOut(Reply):
    id: str
    role: str
    agent: str | None


class TokenPage(Reply):
    items: list[TokenOut]
    next: str | None


class Done(Reply):
    done: bool


class SystemApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/api/v1/policies", "The live policy set", LEADS, self.policies, PoliciesOut, tag="policies"),
            Route(
                "GET",
                "/api/v1/policies/versions",
                "Its versions",
                LEADS,
                self.versions,
                VersionPage,
                query=Page,
                tag="policies",
            ),
            Route(
                "GET",
                "/api/v1/outbox",
                "Messages on their way or stuck",
                LEADS,
                self.outbox,
                OutboxPage,
                query=OutboxQuery,
                tag="outbox",
            ),
            Route("POST", "/api/v1/outbox/{id}/retry", "Send again", LEADS, self.retry, OutboxItem, tag="outbox"),
            Route("GET", "/api/v1/audit", "Who did what", OPS, self.audit, AuditPage, query=Page, tag="audit"),
            Route("POST", "/api/v1/tokens", "Make a token", ADMIN, self.make, TokenMade, 201, TokenBody, tag="tokens"),
            Route("GET", "/api/v1/tokens", "Tokens", ADMIN, self.tokens, TokenPage, query=Page, tag="tokens"),
            Route("DELETE", "/api/v1/tokens/{id}", "Revoke a token", ADMIN, self.revoke, Done, tag="tokens"),
        ]

    async def policies(self, call: Call) -> Replied:
        policy = self._service.node.means.policy
        body = await self._journal.record("policy", f"{policy.version:08d}")
        files = codec.decode(body, dict[str, str]) if body else {}
        return Replied(200, PoliciesOut(version=policy.version, files=files, warnings=list(policy.warnings)))

    async def versions(self, call: Call) -> Replied:
        batches = await self._journal.batches(after=0, limit=200, kinds=("ActivatePolicy",))
        after = number_cursor(call.query.after)
        items = [
            VersionOut(version=event.policy, at=stamp(stored.at), by=_actor(stored)[0], reason=None)
            for stored in batches
            for event in stored.events
            if isinstance(event, PolicyActivated) and event.policy > after
        ]
        page = items[: call.query.limit]
        following = str(page[-1].version) if len(items) > len(page) else None
        return Replied(200, VersionPage(items=page, next=following))

    async def outbox(self, call: Call) -> Replied:
        query: OutboxQuery = call.query
        rows = await self._journal.messages(
            states=OUTBOX_STATES[query.state], after=id_cursor(query.after, "msg_") or "", limit=query.limit + 1
        )
        page = rows[: query.limit]
        following = page[-1].id if len(rows) > query.limit else None
        return Replied(200, OutboxPage(items=[_item(m) for m in page], next=following))

    async def retry(self, call: Call) -> Replied:
        id = MessageId(call.path["id"])
        command = ReleaseMessage(key=call.key, message=id, actor=actor_of(call))

        def answer(decision: Decision) -> OutboxItem:
            released = decision.state[id]
            assert isinstance(released, Message)
            return _item(released)

        return await self._service.take(call, command, answer, status=200)

    async def audit(self, call: Call) -> Replied:
        after = number_cursor(call.query.after)
        batches = await self._journal.batches(after=after, limit=call.query.limit + 1, kinds=AUDITED)
        page = batches[: call.query.limit]
        following = str(page[-1].last) if len(batches) > call.query.limit else None
        ids = {str(value) for stored in page for value in _reasons_in(stored)}
        words = await self._journal.words(sorted(ids)) if ids else {}
        names = await self._names({id for stored in page if (id := _actor(stored)[1]) is not None})
        return Replied(200, AuditPage(items=[_audit(s, words, names) for s in page], next=following))

    async def _names(self, actors: set[str]) -> dict[str, str]:
        """Who they are: agents by name, tokens by their role."""
        agents = [a for id in actors if (a := self._service.node.domain.agents.get(AgentId(id))) is not None]
        words = await self._journal.words([agent.name for agent in agents])
        tokens = {one.token: f"{one.role.value} token" for one in self._service.tokens.all()}
        gone = {id: "a token that was revoked" for id in actors if id.startswith(TOKEN)}
        named = {agent.id: words.get(agent.name, SOMEBODY) for agent in agents}
        return {**gone, **{id: name for id, name in tokens.items() if id in actors}, **named}

    async def make(self, call: Call) -> Replied:
        """Not repeatable on purpose: a token is shown once and never kept."""
        body: TokenBody = call.body
        agent = AgentId(body.agent) if body.agent else None
        if agent is not None and agent not in self._service.node.domain.agents:
            raise Problem(
                422, "No such agent", "There is no agent of this id.", errors=[(["body", "agent"], "unknown")]
            )
        await self._service.once(call)
        token = new_token()
        await self._note(call, "made", id_of(token), Role(body.role), agent)  # first: none is made that nobody knows of
        now = self._service.node.clock.now()
        await self._service.tokens.create(Role(body.role), at=now, agent=agent, token=token)
        return Replied(201, TokenMade(token=token, role=body.role))

    async def tokens(self, call: Call) -> Replied:
        after = id_cursor(call.query.after, "tok_") or ""
        rest = [i for i in self._service.tokens.all() if i.token > after]
        page = rest[: call.query.limit]
        items = [TokenOut(id=i.token, role=i.role, agent=i.agent) for i in page]
        return Replied(200, TokenPage(items=items, next=page[-1].token if len(rest) > len(page) else None))

    async def revoke(self, call: Call) -> Replied:
        known = next((one for one in self._service.tokens.all() if one.token == call.path["id"]), None)
        if known is None or not await self._service.tokens.revoke(known.token):
            raise Problem(404, "Not found", "There is no such token.", kind="not_found")
        await self._note(call, "revoked", known.token, known.role, known.agent)
        return Replied(200, Done(done=True))

    async def _note(self, call: Call, what: str, token: str, role: Role, agent: AgentId | None) -> None:
        key, actor = f"token/{what}/{token}", actor_of(call)
        await self._service.node.take(
            NoteToken(key=key, what=what, token=token, role=role.value, agent=agent, actor=actor)
        )


def _item(message: Message) -> OutboxItem:
    advice = {
        MessageState.UNKNOWN: "Nobody knows whether it went out. Ask the customer, or POST retry to send it again.",
        MessageState.FAILED: "It did not reach them. Choose another way, or POST retry after mending the cause.",
        MessageState.SENDING: "Being sent, or looked for at the provider.",
    }
    is_dead = message.state in OUTBOX_STATES["dead"]
    has_moved = message.moved_to is not None
    return OutboxItem(
        id=message.id,
        case=message.case,
        channel=message.channel,
        state=message.state,
        attempts=message.attempts,
        queued_at=stamp(message.queued_at),
        due_at=maybe(message.due_at),
        error=message.error,
        moved_to=message.moved_to,
        needs=is_dead and not has_moved,
        advice="Its words went another way." if has_moved else advice.get(message.state, "Waits for its time."),
    )


def _actor(stored: Stored) -> tuple[str, str | None]:
    first = stored.events[0]
    return (first.actor, first.actor_id) if isinstance(first, CommandTaken) else ("system", None)


def _reasons_in(stored: Stored) -> list[Any]:
    named = ((event, name) for event in stored.events[1:] for name in REASONS.get(type(event), ()))
    return [id for event, name in named if (id := getattr(event, name)) is not None]


def _audit(stored: Stored, words: dict[str, str], names: dict[str, str]) -> AuditItem:
    actor, actor_id = _actor(stored)
    data: dict[str, Any] = {}
    for event in stored.events[1:]:
        fields = {k: v for k, v in fields_of(event).items() if k not in ("at", "entry", "ask", "inputs")}
        data[type(event).__name__] = {k: v for k, v in fields.items() if isinstance(v, PLAIN)}
        if isinstance(event, AccessRefused):
            data["what"], data["count"] = event.what, event.count
    return AuditItem(
        seq=stored.last,
        at=stamp(stored.at),
        actor=actor,
        actor_id=actor_id,
        actor_name=names.get(actor_id or ""),
        action=stored.kind,
        reason=next((words[id] for value in _reasons_in(stored) if (id := str(value)) in words), None),
        data=data,
    )
