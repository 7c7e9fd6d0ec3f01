"""A household's devices over the API: paired by the code that they show, listed, let go.

Its one rule: a code that is wrong, over or spent is the same 404, and too many of them are 429.
"""

from typing import Annotated

from pydantic import Field

from router.core.addresses import DEVICE
from router.core.commands import PairDevice, UnpairDevice
from router.core.context import Decision
from router.core.documents import Customer
from router.core.errors import Rejected
from router.core.events import DevicePaired
from router.core.words import AddressId, CustomerId, Evidence
from router.http.api_cases import actor_of
from router.http.auth import ANYBODY, WRITERS
from router.http.problems import Problem, problem_of
from router.http.routes import Body, Call, Replied, Reply, Route
from router.http.service import Service
from router.http.views import stamp
from router.node.devices import Said
from router.node.pairing_codes import codes_in

BY_API = "api"


class CodeBody(Body):
    code: Annotated[str, Field(min_length=1, max_length=40)] = Field(description="as the device shows it: `7351-4820`")
    proved: bool = Field(
        True, description="whether it is sure that they said it themselves; else what the device signs is weak"
    )


class LetGo(Body):
    reason: Annotated[str, Field(max_length=500)] = ""


class DeviceItem(Reply):
    id: str
    device: str = Field(description="its own id, and the site or app that it is of")
    paired_at: str
    how: str = Field(description="by which way its household said the code")
    evidence: str = Field(description="how sure it is that they did: weak where anybody can have")


class DeviceGone(Reply):
    done: bool


class DevicePage(Reply):
    items: list[DeviceItem]
    next: str | None


class DeviceApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._node = service.node

    def routes(self) -> list[Route]:
        all = "/api/v1/customers/{id}/devices"
        return [
            Route("POST", all, "Pair the device that shows a code", WRITERS, self.pair, DeviceItem, 201, CodeBody,
                  tag="customers"),
            Route("GET", all, "Devices of a household", ANYBODY, self.show, DevicePage, tag="customers"),
            Route("POST", f"{all}/{{device}}/unpair", "Let a device go: sold, lost, or paired by mistake", WRITERS,
                  self.unpair, DeviceGone, body=LetGo, tag="customers"),
        ]  # fmt: skip

    async def pair(self, call: Call) -> Replied:
        body: CodeBody = call.body
        id = await self._customer(call)
        evidence = Evidence.STRONG if body.proved else Evidence.WEAK
        said = Said(who=id, how=BY_API, evidence=evidence, actor=actor_of(call))
        code = next(iter(codes_in(body.code)), "")
        replied: list[Replied] = []

        async def take(command: PairDevice) -> None:
            def answer(decision: Decision) -> DeviceItem:
                paired = next(event for event in decision.events if isinstance(event, DevicePaired))
                return DeviceItem(
                    id=paired.address,
                    device=_shown(command.device),
                    paired_at=stamp(paired.at),
                    how=paired.how,
                    evidence=paired.evidence,
                )

            replied.append(await self._service.take(call, command, answer, status=201))

        try:
            await self._node.devices.pair(code, said, key=call.key, take=take)
        except Rejected as rejected:
            raise problem_of(rejected) from None
        return replied[0]

    async def show(self, call: Call) -> Replied:
        return Replied(200, DevicePage(items=await self._devices(await self._customer(call)), next=None))

    async def unpair(self, call: Call) -> Replied:
        id, device = await self._customer(call), AddressId(call.path["device"])
        if device not in {one.id for one in await self._devices(id)}:
            raise Problem(404, "Not found", "There is no such device, or it is not theirs.", kind="not_found")
        command = UnpairDevice(key=call.key, customer=id, address=device, actor=actor_of(call), reason=call.body.reason)
        replied: list[Replied] = []

        async def take(command: UnpairDevice) -> None:
            replied.append(await self._service.take(call, command, lambda _: DeviceGone(done=True), status=200))

        try:
            await self._node.devices.unpair(command, take)
        except Rejected as rejected:
            raise problem_of(rejected) from None
        return replied[0]

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _customer(self, call: Call) -> CustomerId:
        found = await self._node.journal.document(call.path["id"])
        if not isinstance(found, Customer):
            raise Problem(404, "Not found", "There is no such customer, or it is not yours to see.", kind="not_found")
        return found.id

    async def _devices(self, id: CustomerId) -> list[DeviceItem]:
        household = await self._node.devices.household(id)
        paired = [(a, a.pairing) for customer in household for a in customer.addresses if a.pairing is not None]
        words = await self._node.journal.words([a.id for a, _ in paired])
        return [
            DeviceItem(
                id=address.id,
                device=_shown(words.get(address.id, "")),
                paired_at=stamp(pairing.at),
                how=pairing.how,
                evidence=pairing.evidence,
            )
            for address, pairing in paired
        ]


def _shown(device: str) -> str:
    """The device's own id after that of its site, without how often it was let go."""
    return device.removeprefix(DEVICE).partition(" ")[0]
