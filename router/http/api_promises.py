"""Promises over the API: something in a window, moved, and taken back.

Its one rule: what cannot be promised is answered with what can. A call as soon as it is their turn stands in
`api_calls`.
"""

from typing import Annotated, Literal

from pydantic import Field

from router.core.commands import CancelCallback, MakePromise, MovePromise
from router.core.context import Decision
from router.core.documents import Case, Promise
from router.core.words import CALLBACK, AgentId, CaseId, PromiseId
from router.http.api_cases import actor_of
from router.http.auth import WRITERS, Role
from router.http.called_numbers import check_called
from router.http.problems import Problem
from router.http.routes import Body, Call, Nothing, Replied, Route
from router.http.service import Service
from router.http.views import PromiseOut, promise_out
from router.http.windows import WindowBody

Address = Annotated[str, Field(min_length=3, max_length=200, pattern=r"^\+[1-9]\d{6,14}$")]


class PromiseBody(Body):
    kind: Literal["callback", "reply", "update"]
    window: WindowBody
    named: bool = Field(False, description="they named the time themselves: a call may be outside 8 to 20 o'clock")
    address: Address | None = Field(None, description="of a call: another number of theirs")
    text: Annotated[str, Field(max_length=2000)] = Field("", description="what is promised")


class MoveBody(Body):
    window: WindowBody | None = Field(None, description="null: as soon as it is their turn")
    named: bool = False
    reason: Annotated[str, Field(max_length=500)] = ""


class ReasonQuery(Nothing):
    reason: Annotated[str, Field(max_length=500)] = ""


class PromiseApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        writing = WRITERS | {Role.OPS}
        one, call = "/api/v1/promises/{id}", "/api/v1/callbacks/{id}"
        path = "/api/v1/cases/{id}/promises"
        moved, dropped = "At another time", "They do not want it any more"
        return [
            Route(
                "POST", path, "Promise something in a window", writing, self.make, PromiseOut, 201, PromiseBody,
                tag="calls",
            ),
            Route("PATCH", call, moved, writing, self.move, PromiseOut, body=MoveBody, tag="calls"),
            Route("PATCH", one, moved, writing, self.move, PromiseOut, body=MoveBody, tag="calls"),
            Route("DELETE", one, dropped, writing, self.cancel, PromiseOut, query=ReasonQuery, tag="calls"),
        ]  # fmt: skip

    async def make(self, call: Call) -> Replied:
        body: PromiseBody = call.body
        case = await self._journal.document(CaseId(call.path["id"]))
        if not isinstance(case, Case):
            raise Problem(404, "Not found", "There is no such case, or it is not yours to see.", kind="not_found")
        if body.address is not None and body.kind != CALLBACK:
            raise Problem(422, "Cannot be used", "Only a call has a number.", errors=[(["body", "address"], "no call")])
        if body.address is not None:
            await check_called(self._service.node, body.address, where="address")
        return await make_promise(
            self._service,
            call,
            MakePromise(
                key=call.key,
                case=case.id,
                actor=actor_of(call),
                kind=body.kind,
                window=body.window.span,
                named=body.named,
                address=body.address or "",
                agent=AgentId(call.who.agent) if call.who.agent else None,
                text=body.text,
            ),
        )

    async def move(self, call: Call) -> Replied:
        body: MoveBody = call.body
        return await self._change(
            call,
            MovePromise(
                key=call.key,
                promise=PromiseId(call.path["id"]),
                actor=actor_of(call),
                window=body.window.span if body.window is not None else None,
                named=body.named,
                reason=body.reason,
            ),
        )

    async def cancel(self, call: Call) -> Replied:
        reason = call.query.reason
        id = PromiseId(call.path["id"])
        return await self._change(call, CancelCallback(key=call.key, promise=id, reason=reason, actor=actor_of(call)))

    async def _change(self, call: Call, command: MovePromise | CancelCallback) -> Replied:
        def answer(decision: Decision) -> PromiseOut:
            changed = decision.state[command.promise]
            assert isinstance(changed, Promise)
            case = decision.state.get(changed.case)
            made = decision.state.get(case.promise or "") if isinstance(case, Case) else None
            is_new = changed.unpromised and isinstance(made, Promise)  # with a time, a call of ours became a promise
            return promise_out(made if is_new and isinstance(made, Promise) else changed)

        return await self._service.take(call, command, answer, status=200)


async def make_promise(service: Service, call: Call, command: MakePromise) -> Replied:
    """Promise it; the answer is the promise as it stands then."""

    def answer(decision: Decision) -> PromiseOut:
        case = decision.state[command.case]
        assert isinstance(case, Case)
        standing = case.promise if command.kind == CALLBACK else case.promised[-1]
        made = decision.state[standing or ""]
        assert isinstance(made, Promise)
        return promise_out(made)

    return await service.take(call, command, answer, status=201)
