"""Erase and export of whoever only takes part in cases of others, by their address: for ops and admins, and audited.

Its one rule: the cases stay their customers'. Who is a customer as well is erased as one, and their parts with them.
"""

import asyncio
from typing import Annotated

from pydantic import Field

from router.core.commands import ErasePart, ExportPart
from router.core.context import Decision
from router.core.errors import Reason as Reasons
from router.core.errors import Rejected
from router.core.taking_part import owner_of_part
from router.http.api_cases import actor_of
from router.http.api_people import MAIL
from router.http.auth import OPS
from router.http.export import ExportedParts, export_of_parts
from router.http.problems import Problem, problem_of
from router.http.routes import Body, Call, Replied, Reply, Route
from router.http.service import ANSWER_KEPT_MS, Service
from router.journal.base import Answer, Ms
from router.node.others import Part, parts_of

WAIT_S = 20.0
"""An answer waits so long for the last words to be gone; a large vault takes longer, and it goes on."""
Address = Annotated[str, Field(min_length=3, max_length=254, pattern=f"^{MAIL}$")]


class OtherBody(Body):
    address: Address = Field(description="the e-mail address under which they take part")


class EraseOtherBody(OtherBody):
    reason: Annotated[str, Field(max_length=500)] = Field(
        "", description="a reference of yours; it is kept, so name nobody in it"
    )


class ErasedPartsOut(Reply):
    cases: list[str] = Field(description="in which they took part")
    state: str = Field(description="`erased`: nothing is left; `erasing`: the last of it goes now")


class OthersApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        return [
            Route(
                "POST",
                "/api/v1/participants/erase",
                "Forget whoever takes part in cases of others under an address; 409 while a hold stands on a customer",
                OPS,
                self.erase,
                ErasedPartsOut,
                body=EraseOtherBody,
                tag="customers",
            ),
            Route(
                "POST",
                "/api/v1/participants/export",
                "What somebody wrote in cases of others, and was written there to them alone",
                OPS,
                self.export,
                ExportedParts,
                body=OtherBody,
                tag="customers",
                is_repeated=False,
            ),
        ]

    async def erase(self, call: Call) -> Replied:
        body: EraseOtherBody = call.body
        parts = await self._parts(body.address)
        done = ErasedPartsOut(cases=sorted({part.case.id for part in parts}), state="erased")
        try:
            await erase_parts(self._service, parts, call, reason=body.reason.strip(), done=done)
        except Rejected as rejected:
            raise problem_of(rejected) from None
        eraser = self._service.node.eraser
        owners = [owner_of_part(part.case.id, part.address) for part in parts]
        try:
            await asyncio.wait_for(asyncio.gather(*map(eraser.finished, owners)), WAIT_S)
        except TimeoutError:
            return Replied(200, done.model_copy(update={"state": "erasing"}))
        return Replied(200, done)

    async def export(self, call: Call) -> Replied:
        body: OtherBody = call.body
        parts = await self._parts(body.address)
        at = self._service.node.clock.now()
        for part in parts:
            key = f"{call.key}/{part.case.id}"
            command = ExportPart(key=key, case=part.case.id, address=part.address, actor=actor_of(call))
            try:
                await self._service.node.take(command)
            except Rejected as rejected:
                raise problem_of(rejected) from None
        return Replied(200, await export_of_parts(self._journal, parts, at=at))

    async def _parts(self, address: str) -> list[Part]:
        parts = await parts_of(self._journal, [address.strip()])
        if not parts:
            raise Problem(404, "Not found", "Nobody takes part in any case under this address.", kind="not_found")
        return parts


async def erase_parts(
    service: Service, parts: list[Part], call: Call, *, reason: str, done: ErasedPartsOut | None = None
) -> None:
    """Erase them wherever they take part; `done` is said to whoever asks again with the same key. Raises Rejected where
    a hold stands on somebody in whose cases they do, once all others are gone."""

    def answer(_: Decision) -> Answer:
        return Answer(
            key=call.key if call.fingerprint and done is not None else "",
            status=200,
            body=done.model_dump_json() if done is not None else "",
            fingerprint=call.fingerprint,
            kept_until=Ms(service.node.clock.now() + ANSWER_KEPT_MS),
        )

    held: Rejected | None = None
    people = {part.address: part for part in parts}  # a split takes somebody along under the same address
    for n, part in enumerate(people.values(), start=1):
        is_last = n == len(people) and held is None
        command = ErasePart(
            key=call.key if is_last else f"{call.key}/{part.address}",
            case=part.case.id,
            address=part.address,
            actor=actor_of(call),
            reason=reason,
        )
        try:
            await service.node.take(command, answer if is_last else None)
        except Rejected as rejected:
            if rejected.reason is Reasons.HELD:
                held = rejected
            # else it was done in this instant
    if held is not None:
        raise held
