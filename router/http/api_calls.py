"""Calls and call-backs over the API: who is on the line, hold and hang up, promise a call, call now."""

from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field, field_validator

from router.core.clock import Ms
from router.core.commands import (
    CancelCallback,
    HangUp,
    HoldCall,
    JoinCall,
    MakePromise,
    OpenCase,
    SetRecording,
    StartCall,
)
from router.core.context import Decision
from router.core.documents import Call as Leg
from router.core.documents import Case, Customer, Promise, Recording, State
from router.core.events import JoinAsked
from router.core.texts import TEXTS
from router.core.words import (
    CALLBACK,
    SECOND_MS,
    AgentId,
    CallbackState,
    CallId,
    CallRole,
    CaseId,
    Channel,
    CustomerId,
    JoinMode,
    PromiseId,
    PromiseState,
    RecordingState,
    Step,
)
from router.http.api_cases import actor_of
from router.http.api_promises import make_promise
from router.http.auth import ANYBODY, LEADS, WRITERS, Role
from router.http.called_numbers import check_called
from router.http.contact_form import plain_address
from router.http.joined import legs_of
from router.http.problems import Problem
from router.http.routes import Body, Call, Nothing, Page, Replied, Reply, Route, Why, id_cursor
from router.http.service import Service
from router.http.views import CaseOut, PromiseOut, case_after, maybe, promise_out, stamp
from router.http.windows import WindowBody

RECORDS = (RecordingState.STARTING, RecordingState.RUNNING)
Fits = Callable[[Promise], bool]
Address = Annotated[str, Field(min_length=3, max_length=200, pattern=r"^\+[1-9]\d{6,14}$")]


class LegOut(Reply):
    """One telephone leg of a case."""

    id: str
    role: str
    state: str
    step: str
    agent: str | None
    started_at: str
    answered_at: str | None
    mode: str | None = Field(None, description="of a lead's leg: listen, whisper or talk")
    recorded: bool = Field(False, description="what is said on it is being recorded")
    refused: bool = Field(False, description="of a customer's leg: they are not to be recorded")
    moving: bool = Field(
        False,
        description="it is being taken to `step`: until the provider has done so they hear what they heard before",
    )
    held_since: str | None = Field(None, description="of a customer's leg: on hold since then")
    asked_at: str | None = Field(
        None, description="of one on hold: when they are asked whether they would rather be called"
    )


class LegList(Reply):
    items: list[LegOut]


class OpenBody(Body):
    customer: str | None = None
    address: Annotated[str, Field(min_length=3, max_length=254)] | None = Field(
        None, description="a phone number with its country, or an e-mail address"
    )
    subject: Annotated[str, Field(max_length=500)] = ""
    channel: Literal["phone", "sms", "whatsapp", "chat", "email"] | None = Field(
        None, description="`phone`: call them now, with whoever asks for it; others: they can be written to so"
    )

    @field_validator("address")
    @classmethod
    def _plain(cls, given: str | None) -> str | None:
        plain = plain_address(given) if given is not None else None
        if plain == "":
            raise ValueError("a phone number such as +12125550142, or an e-mail address")
        return plain


class CallbackBody(Body):
    address: Address | None = Field(None, description="another number of theirs")
    window: WindowBody | None = Field(None, description="when they are called; null: when it is their turn")
    named: bool = Field(False, description="they named the window themselves: it may be outside 8 to 20 o'clock")
    by: Literal["anybody", "me"] = Field("anybody", description="`me`: whoever asks for it calls them now")


class CallbacksQuery(Page):
    state: CallbackState | None = Field(
        None,
        description="`asked`: of those that are scheduled, those as soon as it is their turn; `moved`: those whose "
        "time was moved",
    )


class PromisesQuery(Page):
    state: PromiseState | None = None


class PromisePage(Reply):
    items: list[PromiseOut]
    next: str | None


class CancelBody(Nothing):
    reason: Annotated[str, Field(max_length=500)] = ""


class RecordingBody(Body):
    on: bool = Field(
        description="false: the customer does not want it, now and in later calls; true: they do after all"
    )


class JoinBody(Body):
    mode: JoinMode = Field(description="hear; be heard by the agent alone; be heard by all")
    reason: Why


class CallApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        writing = WRITERS | {Role.OPS}
        leg, case = "/api/v1/calls/{id}", "/api/v1/cases/{id}"
        return [
            Route("POST", "/api/v1/cases", "Open a case; we contact them", writing, self.open, CaseOut, 201, OpenBody),
            Route("GET", f"{case}/calls", "Who is on the line", ANYBODY, self.legs, LegList, tag="calls"),
            Route(
                "POST",
                f"{case}/callbacks",
                "Promise a call, when it is their turn",
                writing,
                self.promise,
                PromiseOut,
                201,
                CallbackBody,
                tag="calls",
            ),
            Route("POST", f"{leg}/hold", "Hold, with a way out", WRITERS, self.hold, LegOut, tag="calls"),
            Route("POST", f"{leg}/resume", "Back into the conversation", WRITERS, self.resume, LegOut, tag="calls"),
            Route("POST", f"{leg}/hang-up", "End a leg", WRITERS, self.hang_up, LegOut, tag="calls"),
            Route(
                "POST",
                f"{leg}/recording",
                "Whether the customer may be recorded",
                WRITERS,
                self.record,
                LegOut,
                body=RecordingBody,
                tag="calls",
            ),
            Route(
                "POST", f"{leg}/join", "Come to a conversation", LEADS, self.join, LegOut, body=JoinBody, tag="calls"
            ),
            Route(
                "GET",
                "/api/v1/callbacks",
                "Promised calls",
                ANYBODY,
                self.callbacks,
                PromisePage,
                query=CallbacksQuery,
                tag="calls",
            ),
            Route(
                "DELETE",
                "/api/v1/callbacks/{id}",
                "They do not want it any more",
                writing,
                self.cancel,
                PromiseOut,
                query=CancelBody,
                tag="calls",
            ),
            Route(
                "GET",
                "/api/v1/promises",
                "What customers were told would happen",
                ANYBODY,
                self.promises,
                PromisePage,
                query=PromisesQuery,
                tag="calls",
            ),
        ]

    async def open(self, call: Call) -> Replied:
        body: OpenBody = call.body
        if (body.customer is None) == (body.address is None):
            raise Problem(
                422,
                "Cannot be used",
                "Name a customer or an address, one of both.",
                errors=[(["body"], "customer or address")],
            )
        if body.address is not None and body.channel in (Channel.PHONE, *TEXTS):
            await check_called(self._service.node, body.address, where="address")
        command = OpenCase(
            key=call.key,
            sender=body.address or "",
            customer=CustomerId(body.customer) if body.customer else None,
            at=self._service.node.clock.now(),
            subject=body.subject,
            calls=body.channel == Channel.PHONE,
            writes=Channel(body.channel) if body.channel not in (None, Channel.PHONE) else None,
            agent=AgentId(call.who.agent) if call.who.agent else None,
            actor=actor_of(call),
        )

        def answer(decision: Decision) -> CaseOut:
            opened = decision.opened()
            assert opened is not None
            return case_after(opened, decision)

        return await self._service.take(call, command, answer, status=201)

    async def legs(self, call: Call) -> Replied:
        case = await self._case(call)
        live, state = await legs_of(self._journal, case)
        return Replied(200, LegList(items=[self._leg_out(leg, state) for leg in live]))

    async def promise(self, call: Call) -> Replied:
        case = await self._case(call)
        body: CallbackBody = call.body
        if body.address is not None:
            await check_called(self._service.node, body.address, where="address")
        mine = AgentId(call.who.agent) if body.by == "me" and call.who.agent else None
        if body.window is not None:
            return await self._promise_window(call, case, body, body.window)
        command = StartCall(
            key=call.key,
            case=case.id,
            address=body.address or "",
            agent=mine,
            told=mine is None,
            actor=actor_of(call),
        )

        def answer(decision: Decision) -> PromiseOut:
            now = decision.state[case.id]
            assert isinstance(now, Case)
            made = decision.state[now.promise or ""]
            assert isinstance(made, Promise)
            return promise_out(made)

        return await self._service.take(call, command, answer, status=201)

    async def _promise_window(self, call: Call, case: Case, body: CallbackBody, window: WindowBody) -> Replied:
        if body.by == "me":
            raise Problem(422, "Cannot be used", "A call by you is made now, and has no window.")
        mine = AgentId(call.who.agent) if call.who.agent else None
        command = MakePromise(
            key=call.key,
            case=case.id,
            actor=actor_of(call),
            kind=CALLBACK,
            window=window.span,
            named=body.named,
            address=body.address or "",
            agent=mine,
        )
        return await make_promise(self._service, call, command)

    async def hold(self, call: Call) -> Replied:
        return await self._leg(call, HoldCall(key=call.key, call=_id(call), held=True, actor=actor_of(call)))

    async def resume(self, call: Call) -> Replied:
        return await self._leg(call, HoldCall(key=call.key, call=_id(call), held=False, actor=actor_of(call)))

    async def hang_up(self, call: Call) -> Replied:
        return await self._leg(call, HangUp(key=call.key, call=_id(call), actor=actor_of(call)))

    async def record(self, call: Call) -> Replied:
        body: RecordingBody = call.body
        return await self._leg(call, SetRecording(key=call.key, call=_id(call), on=body.on, actor=actor_of(call)))

    async def join(self, call: Call) -> Replied:
        """Their own phone rings; with key 1 they are in, and the conversation does not wait for them."""
        body: JoinBody = call.body
        lead = self._service.node.domain.agents.get(call.who.agent) if call.who.agent else None
        if lead is None or lead.phone is None:
            raise Problem(403, "No phone", "Only an agent with a phone can come to a call.")
        command = JoinCall(
            key=call.key,
            call=_id(call),
            agent=lead.id,
            phone=lead.phone,
            mode=body.mode,
            reason=body.reason,
            actor=actor_of(call),
        )

        def answer(decision: Decision) -> LegOut:
            mine = next(e.call for e in decision.events if isinstance(e, JoinAsked))
            leg = decision.state[mine]
            assert isinstance(leg, Leg)
            return self._leg_out(leg, decision.state)

        return await self._service.take(call, command, answer, status=200)

    async def callbacks(self, call: Call) -> Replied:
        query: CallbacksQuery = call.query
        return await self._page(query, lambda p: p.kind == "callback" and _stands(p, query.state))

    async def promises(self, call: Call) -> Replied:
        query: PromisesQuery = call.query
        return await self._page(query, lambda p: not p.unpromised and query.state in (None, p.state))

    async def cancel(self, call: Call) -> Replied:
        command = CancelCallback(
            key=call.key, promise=PromiseId(call.path["id"]), reason=call.query.reason, actor=actor_of(call)
        )

        def answer(decision: Decision) -> PromiseOut:
            changed = decision.state[command.promise]
            assert isinstance(changed, Promise)
            return promise_out(changed)

        return await self._service.take(call, command, answer, status=200)

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _page(self, query: Page, fits: Fits) -> Replied:
        """Promises in order of their making."""
        after = id_cursor(query.after, "prm_") or ""
        found: list[Promise] = []
        while len(found) <= query.limit:
            rows = await self._journal.documents(Promise, after=after, limit=500)
            found += [p for p in rows if isinstance(p, Promise) and fits(p)]
            if len(rows) < 500:
                break
            after = rows[-1].id
        page = found[: query.limit]
        following = page[-1].id if len(found) > query.limit else None
        return Replied(200, PromisePage(items=[promise_out(p) for p in page], next=following))

    async def _leg(self, call: Call, command: HoldCall | HangUp | SetRecording) -> Replied:
        leg = await self._journal.document(command.call)
        if not isinstance(leg, Leg):
            raise Problem(404, "Not found", "There is no such call, or it is not yours to see.", kind="not_found")
        work = await self._journal.document(leg.case)
        case_agent = work.agent if isinstance(work, Case) else None
        if call.who.role not in LEADS and call.who.agent not in (leg.agent, case_agent):
            raise Problem(403, "Not yours", "This call belongs to another agent.")

        def answer(decision: Decision) -> LegOut:
            changed = decision.state[command.call]
            assert isinstance(changed, Leg)
            theirs = decision.state.get(_customers_leg(changed, decision.state))
            if not isinstance(command, HangUp) and isinstance(theirs, Leg):  # it is their line that was changed
                changed = theirs
            return self._leg_out(changed, decision.state)

        return await self._service.take(call, command, answer, status=200)

    def _leg_out(self, leg: Leg, state: State) -> LegOut:
        return _leg_out(leg, state, hold_s=self._service.node.means.policy.settings.callbacks.hold_s)

    async def _case(self, call: Call) -> Case:
        found = await self._journal.document(CaseId(call.path["id"]))
        if not isinstance(found, Case):
            raise Problem(404, "Not found", "There is no such case, or it is not yours to see.", kind="not_found")
        return found


def _stands(promise: Promise, state: CallbackState | None) -> bool:
    """Whether a promised call is where a list asks for: `asked` and `moved` are told by its promise while it is
    scheduled, and are listed as that as well."""
    is_ahead = promise.callback is CallbackState.SCHEDULED
    if state is CallbackState.ASKED:
        return is_ahead and promise.waits_turn
    if state is CallbackState.MOVED:
        return is_ahead and promise.state is PromiseState.MOVED
    return state in (None, promise.callback)


def _id(call: Call) -> CallId:
    return CallId(call.path["id"])


def _customers_leg(leg: Leg, state: State) -> CallId | str:
    case = state.get(leg.case)
    return leg.id if leg.role is CallRole.CUSTOMER or not isinstance(case, Case) else case.call or ""


def _leg_out(leg: Leg, state: State, *, hold_s: int) -> LegOut:
    whose = state.get(leg.customer)
    is_moving = leg.move and leg.step is Step.HELD  # the agent is heard still
    recordings = [one for id in leg.recordings if isinstance(one := state.get(id), Recording)]
    return LegOut(
        id=leg.id,
        role=leg.role,
        state=leg.state,
        step=leg.step,
        agent=leg.agent,
        started_at=stamp(leg.started_at),
        answered_at=maybe(leg.answered_at),
        mode=leg.mode,
        recorded=any(one.state in RECORDS and one.unwanted_at is None for one in recordings),
        moving=leg.move,
        held_since=None if is_moving else maybe(leg.held_at),
        asked_at=None if leg.held_at is None or is_moving else stamp(Ms(leg.held_at + hold_s * SECOND_MS)),
        refused=isinstance(whose, Customer) and whose.unrecorded_at is not None and leg.role is CallRole.CUSTOMER,
    )
