"""The system over the API: policies, outbox, audit, tokens, media."""

from typing import Annotated, Any, Literal

from pydantic import Field

from router.core.commands import ReleaseMessage
from router.core.context import Decision
from router.core.documents import Message, MessageState
from router.core.events import AccessRefused, CommandTaken, PolicyActivated
from router.core.values import fields_of
from router.core.words import AgentId, MessageId
from router.http.api_cases import actor_of
from router.http.auth import ADMIN, LEADS, OPS, Role
from router.http.problems import Problem
from router.http.routes import Body, Call, Page, Replied, Reply, Route, id_cursor, number_cursor
from router.http.service import Service
from router.http.views import maybe, stamp
from router.journal import codec
from router.journal.base import Stored

AUDITED = (
    "ActivatePolicy",
    "AddAgent",
    "AssignCase",
    "CountRefused",
    "EraseCustomer",
    "ExportCustomer",
    "ForgetWords",
    "GiveBackWork",
    "ReleaseContact",
    "ReleaseMessage",
    "SetAgentState",
    "SetHold",
    "SetStatus",
)
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
    advice: str


class OutboxPage(Reply):
    items: list[OutboxItem]
    next: str | None


class AuditItem(Reply):
    seq: int
    at: str
    actor: str
    actor_id: str | None
    action: str
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
        return Replied(200, AuditPage(items=[_audit(s) for s in page], next=following))

    async def make(self, call: Call) -> Replied:
        """Not repeatable on purpose: a token is shown once and never kept."""
        body: TokenBody = call.body
        agent = AgentId(body.agent) if body.agent else None
        if agent is not None and agent not in self._service.node.domain.agents:
            raise Problem(
                422, "No such agent", "There is no agent of this id.", errors=[(["body", "agent"], "unknown")]
            )
        await self._service.once(call)
        token = await self._service.tokens.create(Role(body.role), at=self._service.node.clock.now(), agent=agent)
        return Replied(201, TokenMade(token=token, role=body.role))

    async def tokens(self, call: Call) -> Replied:
        after = id_cursor(call.query.after, "tok_") or ""
        rest = [i for i in self._service.tokens.all() if i.token > after]
        page = rest[: call.query.limit]
        items = [TokenOut(id=i.token, role=i.role, agent=i.agent) for i in page]
        return Replied(200, TokenPage(items=items, next=page[-1].token if len(rest) > len(page) else None))

    async def revoke(self, call: Call) -> Replied:
        if not await self._service.tokens.revoke(call.path["id"]):
            raise Problem(404, "Not found", "There is no such token.", kind="not_found")
        return Replied(200, Done(done=True))


def _item(message: Message) -> OutboxItem:
    advice = {
        MessageState.UNKNOWN: "Nobody knows whether it went out. Ask the customer, or POST retry to send it again.",
        MessageState.FAILED: "It was refused for good. Choose another way, or POST retry after mending the cause.",
        MessageState.SENDING: "Being sent, or looked for at the provider.",
    }
    return OutboxItem(
        id=message.id,
        case=message.case,
        channel=message.channel,
        state=message.state,
        attempts=message.attempts,
        queued_at=stamp(message.queued_at),
        due_at=maybe(message.due_at),
        error=message.error,
        advice=advice.get(message.state, "Waits for its time."),
    )


def _actor(stored: Stored) -> tuple[str, str | None]:
    first = stored.events[0]
    return (first.actor, first.actor_id) if isinstance(first, CommandTaken) else ("system", None)


def _audit(stored: Stored) -> AuditItem:
    actor, actor_id = _actor(stored)
    data: dict[str, Any] = {}
    for event in stored.events[1:]:
        fields = {k: v for k, v in fields_of(event).items() if k not in ("at", "entry", "ask", "inputs")}
        data[type(event).__name__] = {k: v for k, v in fields.items() if not isinstance(v, tuple)}
        if isinstance(event, AccessRefused):
            data["what"], data["count"] = event.what, event.count
    return AuditItem(
        seq=stored.last, at=stamp(stored.at), actor=actor, actor_id=actor_id, action=stored.kind, data=data
    )
