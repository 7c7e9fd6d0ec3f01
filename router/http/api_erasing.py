"""Erase, hold and export over the API: for ops and admins, and each of it stands in the audit.

Its one rule: who asks for it has a role. What a customer writes about it is a contact like any other, and an agent who
reads it passes it on; nobody is erased or handed anything because of a text, a mail or a call.
"""

import asyncio
from contextlib import suppress
from typing import Annotated

from pydantic import Field

from router.core.clock import Ms
from router.core.commands import EraseCustomer, ExportCustomer, SetHold
from router.core.context import Decision
from router.core.documents import Customer
from router.core.errors import Reason as Reasons
from router.core.errors import Rejected
from router.core.words import CustomerId
from router.http.api_cases import CustomerOut, actor_of, customer_out, erase_state
from router.http.api_others import erase_parts
from router.http.auth import OPS
from router.http.export import ExportOut, export_of
from router.http.problems import Problem, problem_of
from router.http.routes import Body, Call, Replied, Reply, Route, read_or
from router.http.service import ANSWER_KEPT_MS, Service
from router.http.views import maybe, stamp
from router.journal.base import Answer
from router.node.others import parts_of_person
from router.node.person import person_in

WAIT_S = 20.0
"""An answer waits so long for the last words to be gone; a large vault takes longer, and it goes on."""
Reason = Annotated[str, Field(max_length=500)]


class EraseBody(Body):
    reason: Reason = Field("", description="a reference of yours; it is kept, so name nobody in it")
    whole_person: bool = Field(
        False, description="with all who were found to be the same person; without it that is 409, and names them"
    )


class HoldBody(Body):
    on: bool = Field(description="true: nothing is erased; false: it may be, and what was wanted meanwhile is done now")
    reason: Reason = Field("", description="why; it is erased with the customer")


class ErasedOut(Reply):
    customer: str
    state: str = Field(description="`erased`: nothing is left; `erasing`: the last of it goes now")
    erased_at: str | None


class ErasingApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        path, tag = "/api/v1/customers/{id}", "customers"
        return [
            Route(
                "POST",
                f"{path}/erase",
                "Forget them: words, names, addresses, files; 409 while a hold stands, and done when it ends; "
                "409 where others are joined with them",
                OPS,
                self.erase,
                ErasedOut,
                body=EraseBody,
                tag=tag,
                read=lambda request: read_or(request, EraseBody(reason="", whole_person=False)),
            ),
            Route(
                "POST",
                f"{path}/hold",
                "Let nothing of them be erased, or let it again",
                OPS,
                self.hold,
                CustomerOut,
                body=HoldBody,
                tag=tag,
            ),
            Route(
                "POST",
                f"{path}/export",
                "All that is known of them, with the addresses and hashes of their files",
                OPS,
                self.export,
                ExportOut,
                tag=tag,
                is_repeated=False,
            ),
        ]

    async def erase(self, call: Call) -> Replied:
        """Whoever was erased before is erased: nobody is erased twice."""
        customer = await self._customer(call)
        if customer.erased_at is None:
            person = await person_in(self._journal, customer.id)
            if (len(person) == 1 or call.body.whole_person) and not any(one.hold is not None for one in person):
                await self._erase_parts(call, person, reason=call.body.reason.strip())
            command = EraseCustomer(
                key=call.key,
                customer=customer.id,
                actor=actor_of(call),
                reason=call.body.reason.strip(),
                whole_person=call.body.whole_person,
            )
            try:
                await self._service.node.take(command, lambda decision: self._kept(call, decision))
            except Rejected as rejected:
                if rejected.reason is Reasons.JOINED:
                    raise problem_of(rejected) from None
                # else it was wanted already, or done in this instant
            customer = await self._customer(call)
        if customer.erased_at is None:
            raise await self._held(customer)
        eraser = self._service.node.eraser
        try:
            await asyncio.wait_for(eraser.finished(customer.id), WAIT_S)
            return Replied(200, _erased(customer, "erased"))
        except TimeoutError:
            return Replied(200, _erased(customer, "erasing"))

    async def _erase_parts(self, call: Call, person: list[Customer], *, reason: str) -> None:
        """What they wrote in cases of others goes first: afterwards nobody knows their addresses."""
        parts = await parts_of_person(self._journal, person)
        with suppress(Rejected):  # a hold stands on somebody else: they keep what was said to them
            await erase_parts(self._service, parts, call, reason=reason)

    def _kept(self, call: Call, decision: Decision) -> Answer:
        """What is said to whoever asks again with the same key; a refusal is not kept, for a hold may end."""
        customer = decision.state[call.path["id"]]
        assert isinstance(customer, Customer)
        return Answer(
            key=call.key if call.fingerprint and customer.erased_at is not None else "",
            status=200,
            body=_erased(customer, "erased").model_dump_json(),
            fingerprint=call.fingerprint,
            kept_until=Ms(self._service.node.clock.now() + ANSWER_KEPT_MS),
        )

    async def hold(self, call: Call) -> Replied:
        body: HoldBody = call.body
        customer = await self._customer(call)
        command = SetHold(
            key=call.key, customer=customer.id, on=body.on, actor=actor_of(call), reason=body.reason.strip()
        )
        shown = await customer_out(self._journal, customer)
        if not body.on and customer.hold is not None:
            person = await person_in(self._journal, customer.id)
            others = (one for one in person if one.id != customer.id)
            if all(one.erase_wanted_at for one in person) and not any(one.hold for one in others):
                await self._erase_parts(call, person, reason="")

        def answer(decision: Decision) -> CustomerOut:
            changed = decision.state[customer.id]
            assert isinstance(changed, Customer)
            hold = changed.hold
            why = next((kept.body for kept in decision.kept if hold is not None and kept.id == hold.why), None)
            return shown.model_copy(
                update={
                    "addresses": [] if changed.erased_at else shown.addresses,
                    "hold": {"since": stamp(hold.at), "by": hold.author_id, "reason": why} if hold else None,
                    "erase": erase_state(changed),
                    "erased_at": maybe(changed.erased_at),
                    "version": changed.version,
                }
            )

        return await self._service.take(call, command, answer, status=200)

    async def export(self, call: Call) -> Replied:
        customer = await self._customer(call)
        command = ExportCustomer(key=call.key, customer=customer.id, actor=actor_of(call))
        try:
            await self._service.node.take(command)
        except Rejected as rejected:
            raise problem_of(rejected) from None
        return Replied(200, await export_of(self._journal, customer.id, at=self._service.node.clock.now()))

    async def _customer(self, call: Call) -> Customer:
        found = await self._journal.document(CustomerId(call.path["id"]))
        if not isinstance(found, Customer):
            raise Problem(404, "Not found", "There is no such customer, or it is not yours to see.", kind="not_found")
        return found

    async def _held(self, customer: Customer) -> Problem:
        """Who holds it, since when and why."""
        person = await person_in(self._journal, customer.id)
        hold = next((one.hold for one in person if one.hold is not None), None)
        if hold is None:
            return Problem(409, "On hold", "A hold was lifted just now. Say it once more.", kind="held")
        why = (await self._journal.words([hold.why])).get(hold.why) if hold.why else None
        words = (
            f"{hold.author_id or 'The system'} put a hold on this customer at {stamp(hold.at)}"
            + (f": {why}" if why else "")
            + ". The erasure is wanted, waits, and is done when the hold is lifted."
        )
        return Problem(409, "On hold", words, kind="held")


def _erased(customer: Customer, state: str) -> ErasedOut:
    return ErasedOut(customer=customer.id, state=state, erased_at=maybe(customer.erased_at))
