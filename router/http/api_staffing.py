"""Staffing over the API: who will be there, and which windows for calls are true."""

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from router.core.clock import Ms
from router.core.commands import SetStaffing
from router.core.context import Decision
from router.core.documents import STAFFING, Shift, Staffing, Window
from router.core.words import DAY_MS, SECOND_MS
from router.http.api_cases import actor_of
from router.http.auth import LEADS, OPS, WRITERS
from router.http.problems import Problem, no_such_queue
from router.http.routes import Call, Query, Replied, Reply, Route
from router.http.service import Service
from router.http.staffing_form import Said, StaffingIn, read_staffing, shifts_of
from router.http.times import zoned
from router.http.views import stamp
from router.node.bookings import LEARNED, ROSTERED

DEFAULT_MS = DAY_MS
SPAN_MS_MAX = 31 * DAY_MS
Instant = Annotated[datetime, BeforeValidator(zoned)]


class WindowOut(Reply):
    start: str
    end: str


class ShiftOut(Reply):
    start: str
    end: str
    agent: str | None
    queue: str | None
    skill: str | None
    count: int
    breaks: list[WindowOut]


class StaffingOut(Reply):
    basis: str = Field(description="rostered; or learned, where nobody said who will be there")
    version: int
    set_at: str | None
    shrinkage: float
    shifts: list[ShiftOut]
    short_now: int = Field(description="how many of those who should be there now are not")
    due_now: int = Field(description="how many should be")


class CapacityQuery(Query):
    queue: str = Field("", max_length=60, description="the last routing rule's, where it is missing")
    start: Instant | None = Field(None, alias="from", description="now, where it is missing")
    end: Instant | None = Field(None, alias="to", description="a day later, where it is missing; 31 days at most")


class SlotOut(Reply):
    start: str
    end: str
    agents: float = Field(description="how many are expected to be there for this queue")
    booked: int = Field(description="calls that are promised to begin in it")
    room: int = Field(description="how many more may be promised")
    basis: str = Field(description="rostered, learned, or unknown")


class CapacityOut(Reply):
    queue: str
    slot_s: int
    call_s: int = Field(description="how long a call is taken to last")
    items: list[SlotOut]


class StaffingApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._node = service.node

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/api/v1/staffing", "Who will be there", LEADS, self.staffing, StaffingOut, tag="staffing"),
            Route(
                "PUT",
                "/api/v1/staffing",
                "Say anew who will be there (JSON, CSV or iCal)",
                OPS,
                self.set_staffing,
                StaffingOut,
                body=StaffingIn,
                read=read_staffing,
                tag="staffing",
            ),
            Route(
                "GET",
                "/api/v1/callbacks/capacity",
                "Which windows for calls are true",
                LEADS | WRITERS,
                self.capacity,
                CapacityOut,
                query=CapacityQuery,
                tag="staffing",
            ),
        ]

    async def staffing(self, call: Call) -> Replied:
        return Replied(200, self._out(self._node.domain.bookings.staffing))

    async def set_staffing(self, call: Call) -> Replied:
        said: Said = call.body
        policy, domain = self._node.means.policy, self._node.domain
        held = {name for agent in domain.agents.values() for name, _ in agent.skills}
        shifts = shifts_of(said, agents=domain.agents, queues=policy.queues, skills={*held, *policy.skills()})
        before = domain.bookings.staffing
        shrinkage = said.shrinkage if said.shrinkage is not None else before.shrinkage if before else 0.0
        command = SetStaffing(key=call.key, shifts=shifts, shrinkage=shrinkage, actor=actor_of(call))

        def answer(decision: Decision) -> StaffingOut:
            now = decision.state[STAFFING]
            assert isinstance(now, Staffing)
            return self._out(now)

        return await self._service.take(call, command, answer, status=200)

    async def capacity(self, call: Call) -> Replied:
        query: CapacityQuery = call.query
        policy, bookings = self._node.means.policy, self._node.domain.bookings
        queue = query.queue or policy.routing.rules[-1].queue
        if queue not in policy.queues:
            raise no_such_queue(queue, policy.queues)
        start = _ms(query.start) if query.start else self._node.clock.now()
        end = _ms(query.end) if query.end else Ms(start + DEFAULT_MS)
        if end <= start:
            raise _unusable("to", "it ends before it starts")
        if end - start > SPAN_MS_MAX:
            raise _unusable("to", "ask for 31 days at most")
        views = bookings.views(queue, start, end)
        items = [
            SlotOut(
                start=stamp(one.start),
                end=stamp(one.end),
                agents=one.agents,
                booked=one.booked,
                room=one.room,
                basis=one.basis,
            )
            for one in views
        ]
        slot_s = policy.settings.staffing.slot_s
        call_s = bookings.call_ms // SECOND_MS
        return Replied(200, CapacityOut(queue=queue, slot_s=slot_s, call_s=call_s, items=items))

    def _out(self, staffing: Staffing | None) -> StaffingOut:
        short, due = self._node.domain.bookings.short()
        return StaffingOut(
            basis=ROSTERED if staffing is not None and staffing.shifts else LEARNED,
            version=staffing.version if staffing else 0,
            set_at=stamp(staffing.at) if staffing else None,
            shrinkage=staffing.shrinkage if staffing else 0.0,
            shifts=[_shift(one) for one in staffing.shifts] if staffing else [],
            short_now=short,
            due_now=due,
        )


def _shift(one: Shift) -> ShiftOut:
    return ShiftOut(
        start=stamp(one.start),
        end=stamp(one.end),
        agent=one.agent,
        queue=one.queue,
        skill=one.skill,
        count=one.count,
        breaks=[_window(window) for window in one.breaks],
    )


def _window(window: Window) -> WindowOut:
    return WindowOut(start=stamp(window[0]), end=stamp(window[1]))


def _unusable(name: str, why: str) -> Problem:
    return Problem(422, "Cannot be used", f"{name}: {why}.", errors=[(["query", name], why)], kind="invalid")


def _ms(at: datetime) -> Ms:
    return Ms(int(at.timestamp() * 1000))
