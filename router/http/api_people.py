"""People over the API: one more way to reach a customer, and who else takes part in a case."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from policies.zones import ZONE_FORM, zone, zone_hint
from router.core.addresses import matching_key
from router.core.commands import AddAddress, SetParticipant, SetTerms, ShareLine
from router.core.context import Decision
from router.core.documents import Case, Customer
from router.core.events import AddressAdded
from router.core.words import AddressId, CaseId
from router.http.api_cases import CustomerOut, actor_of, customer_out, zone_of
from router.http.auth import WRITERS
from router.http.problems import Problem
from router.http.routes import Body, Call, Replied, Route
from router.http.service import Service
from router.http.views import CaseOut, case_after, customer_addresses, seen_of
from router.node.customers import keep_key

MAIL = r"[^@\s<>\",;]{1,64}@[^@\s<>\",;]+\.[^@\s<>\",;.]+"
"""What could be an e-mail address."""
ADDRESS = rf"^(\+[1-9]\d{{6,14}}|{MAIL})$"


class AddressBody(Body):
    address: Annotated[str, Field(min_length=3, max_length=254, pattern=ADDRESS)] = Field(
        description="a phone number in E.164, or an e-mail address"
    )
    shared: bool | None = Field(
        None,
        description="true: several people use it, this customer among them, so that it opens nobody's profile; "
        "false, of one that they have: nobody else does any more",
    )


class TermsBody(Body):
    """What is not named stays as it is."""

    discreet: bool = Field(
        False,
        description="true: others may hear their phone, so no machine is told anything, and hanging up is never a call",
    )
    zone: Annotated[str, Field(max_length=64)] | None = Field(
        None,
        description="their clock, by the IANA name of a place, such as America/Denver; null: it is not known any more, "
        "nor what they said of it themselves",
    )

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, given: str | None) -> str | None:
        if given is not None and zone(given) is None:
            hint = zone_hint(given)
            raise ValueError(ZONE_FORM + (f"; did you mean {hint}?" if hint else ""))
        return given

    @model_validator(mode="after")
    def _names_some(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("discreet or zone")
        return self


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
                "PATCH",
                "/api/v1/customers/{id}/terms",
                "How they want to be reached",
                WRITERS,
                self.set_terms,
                CustomerOut,
                body=TermsBody,
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
        body: AddressBody = call.body
        given = body.address.strip()
        if (shared := await self._share(call, found, given, body.shared)) is not None:
            return shared
        command = AddAddress(
            key=call.key, customer=found.id, address=given, actor=actor_of(call), shared=bool(body.shared)
        )
        shown = await customer_out(self._journal, found)

        def answer(decision: Decision) -> CustomerOut:
            customer = decision.state[found.id]
            assert isinstance(customer, Customer)
            words = {str(a["id"]): str(a["address"]) for a in shown.addresses}
            words[customer.addresses[-1].id] = command.address
            added = customer_addresses(customer, words)
            return shown.model_copy(update={"addresses": added, "version": customer.version})

        return await self._service.take(call, command, answer, status=201)

    async def set_terms(self, call: Call) -> Replied:
        found = await self._journal.document(call.path["id"])
        if not isinstance(found, Customer):
            raise _missing("customer")
        body: TermsBody = call.body
        command = SetTerms(
            key=call.key,
            customer=found.id,
            discreet=body.discreet if "discreet" in body.model_fields_set else None,
            zone=(body.zone or "") if "zone" in body.model_fields_set else None,
            actor=actor_of(call),
        )
        shown = await customer_out(self._journal, found)

        def answer(decision: Decision) -> CustomerOut:
            customer = decision.state[found.id]
            assert isinstance(customer, Customer)
            known = {"discreet": customer.discreet, "zone": zone_of(customer), "version": customer.version}
            return shown.model_copy(update=known)

        return await self._service.take(call, command, answer, status=200)

    async def _share(self, call: Call, customer: Customer, given: str, shared: bool | None) -> Replied | None:
        """Mark an address that they have, or that somebody else has, as shared, or as theirs alone. None: it is new."""
        known = await self._journal.load_by_address(matching_key(given))
        owner = known.state.get(known.customer or "")
        address = owner.address(known.address) if isinstance(owner, Customer) and known.address else None
        if shared is None or not isinstance(owner, Customer) or address is None:
            return None
        mine = next((id for user, id in address.users if user == customer.id), None)
        mine = address.id if owner.id == customer.id else mine
        users = [(owner.id, address.id)]
        if mine is None:
            if not shared:
                raise Problem(409, "Not theirs", "This address is another customer's.")
            users.append((customer.id, await self._added(call, customer, given)))
        command = ShareLine(
            key=call.key,
            customer=owner.id,
            address=address.id,
            actor=actor_of(call),
            users=tuple(users),
            shared=shared,
        )
        shown = await self._customer_now(customer.id)
        addresses = [{**a, "shared": shared} if a["id"] in (address.id, mine) else a for a in shown.addresses]
        shown = shown.model_copy(update={"addresses": addresses})
        return await self._service.take(call, command, lambda _: shown, status=201)

    async def _added(self, call: Call, customer: Customer, given: str) -> AddressId:
        """The same line as an address of theirs. Done before it is said of the line, so that a second try goes on."""
        command = AddAddress(
            key=f"{call.key}/address", customer=customer.id, address=given, actor=actor_of(call), shared=True
        )
        outcome = await self._service.node.take(command, keep_key(command.key, self._service.node.clock.now()))
        added = (
            [e.address.id for e in outcome.decision.events if isinstance(e, AddressAdded)] if outcome.decision else []
        )
        if added:
            return added[0]
        now = await self._journal.document(customer.id)
        assert isinstance(now, Customer)
        return next(a.id for a in reversed(now.addresses) if a.shared)

    async def _customer_now(self, id: str) -> CustomerOut:
        customer = await self._journal.document(id)
        assert isinstance(customer, Customer)
        return await customer_out(self._journal, customer)

    async def set_participant(self, call: Call) -> Replied:
        body: ParticipantBody = call.body
        case = CaseId(call.path["id"])
        found = await self._journal.document(case)
        if not isinstance(found, Case):
            raise _missing("case")
        [seen] = await seen_of(self._journal, [found])
        command = SetParticipant(
            key=call.key, case=case, address=body.address.strip(), invited=body.invited, actor=actor_of(call)
        )

        def answer(decision: Decision) -> CaseOut:
            changed = decision.state[case]
            assert isinstance(changed, Case)
            return case_after(changed, decision, seen)

        return await self._service.take(call, command, answer, status=200)


def _missing(what: str) -> Problem:
    return Problem(404, "Not found", f"There is no such {what}, or it is not yours to see.", kind="not_found")
