"""People over the API: one more way to reach a customer, and who else takes part in a case."""

from typing import Annotated

from pydantic import Field

from router.core.commands import AddAddress, SetParticipant
from router.core.context import Decision
from router.core.documents import Case, Customer
from router.core.words import CaseId
from router.http.api_cases import CustomerOut, actor_of, customer_out
from router.http.auth import WRITERS
from router.http.problems import Problem
from router.http.routes import Body, Call, Replied, Route
from router.http.service import Service
from router.http.views import CaseOut, case_now, customer_addresses

MAIL = r"[^@\s<>\",;]{1,64}@[^@\s<>\",;]+\.[^@\s<>\",;.]+"
"""What could be an e-mail address."""
ADDRESS = rf"^(\+[1-9]\d{{6,14}}|{MAIL})$"


class AddressBody(Body):
    address: Annotated[str, Field(min_length=3, max_length=254, pattern=ADDRESS)] = Field(
        description="a phone number in E.164, or an e-mail address"
    )


class ParticipantBody(Body):
    address: Annotated[str, Field(min_length=3, max_length=254, pattern=f"^{MAIL}$")]
    invited: bool = Field(True, description="whether they are written to; they may write to us in any case")


class PeopleApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        return [
            Route(
                "POST",
                "/api/v1/customers/{id}/addresses",
                "Note one more way to reach them",
                WRITERS,
                self.add_address,
                CustomerOut,
                201,
                AddressBody,
                tag="customers",
            ),
            Route(
                "POST",
                "/api/v1/cases/{id}/participants",
                "Write to somebody else about it by mail, or no longer",
                WRITERS,
                self.set_participant,
                CaseOut,
                body=ParticipantBody,
            ),
        ]

    async def add_address(self, call: Call) -> Replied:
        found = await self._journal.document(call.path["id"])
        if not isinstance(found, Customer):
            raise _missing("customer")
        command = AddAddress(key=call.key, customer=found.id, address=call.body.address.strip(), actor=actor_of(call))
        shown = await customer_out(self._journal, found)

        def answer(decision: Decision) -> CustomerOut:
            customer = decision.state[found.id]
            assert isinstance(customer, Customer)
            words = {str(a["id"]): str(a["address"]) for a in shown.addresses}
            words[customer.addresses[-1].id] = command.address
            added = customer_addresses(customer, words)
            return shown.model_copy(update={"addresses": added, "version": customer.version})

        return await self._service.take(call, command, answer, status=201)

    async def set_participant(self, call: Call) -> Replied:
        body: ParticipantBody = call.body
        case = CaseId(call.path["id"])
        if not isinstance(await self._journal.document(case), Case):
            raise _missing("case")
        command = SetParticipant(
            key=call.key, case=case, address=body.address.strip(), invited=body.invited, actor=actor_of(call)
        )

        def answer(decision: Decision) -> CaseOut:
            changed = decision.state[case]
            assert isinstance(changed, Case)
            return case_now(changed)

        return await self._service.take(call, command, answer, status=200)


def _missing(what: str) -> Problem:
    return Problem(404, "Not found", f"There is no such {what}, or it is not yours to see.", kind="not_found")
