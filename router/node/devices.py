"""Devices and their households: a code that somebody says is heard on every channel, and the device is theirs.

Its one rule: whoever said it is found before it is done, and doing it twice does it once, so that a crash in between
costs no more than saying it again. What a pairing is worth, and what becomes of both sides' cases, is the core's.
"""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from router.core.addresses import DEVICE, Address, matching_key
from router.core.choice import Way
from router.core.clock import Clock
from router.core.commands import (
    CUSTOMER,
    Actor,
    AnswerCode,
    HearCall,
    MergeCases,
    MergeCustomers,
    PairDevice,
    TakeContact,
    UnpairDevice,
)
from router.core.context import Decision
from router.core.documents import Call, Customer
from router.core.errors import Reason, Rejected
from router.core.events import ContactReceived
from router.core.tree import is_reachable
from router.core.values import replace
from router.core.words import CaseId, Channel, CustomerId, Evidence, Step
from router.journal.base import Journal
from router.node.pairing_codes import PairingCodes, codes_in, is_code_alone
from router.node.taking import Outcome

RECORD = "device"

PAIRED, NO_CODE = "device_paired", "device_no_code"
ANSWERED = (Channel.SMS, Channel.WHATSAPP, Channel.CHAT)
"""Channels on which one line is no burden; to a mail nothing automatic goes out for a code."""

Command = AnswerCode | PairDevice | MergeCustomers | MergeCases
TakePair = Callable[[PairDevice], Awaitable[object]]
TakeUnpair = Callable[[UnpairDevice], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody said a code. `who`: the customer; `how`: by which way; `evidence`: how sure it is that it was they."""

    who: CustomerId
    how: str
    evidence: Evidence
    actor: Actor = CUSTOMER
    opened: CaseId | None = None  # the case that was opened by it, and is about the device
    answer: tuple[CaseId, Way] | None = None  # where they are told what became of it


class Devices:
    def __init__(
        self,
        *,
        journal: Journal,
        take: Callable[[Command], Awaitable[Outcome]],
        root_of: Callable[[str], Awaitable[str]],
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._take = take
        self._root_of = root_of
        self._clock = clock
        self._turns: dict[str, int] = {}
        self.codes = PairingCodes(journal)

    async def load(self) -> None:
        """Know again which codes were given, and which devices were let go."""
        await self.codes.load()
        self._turns = {id: int(body) for id, body in (await self._journal.records(RECORD)).items()}

    def address_of(self, site: str, device: str) -> str:
        """The address of a device. One that was unpaired is somebody new from then on."""
        plain = f"{DEVICE}{site}/{device}"
        turn = self._turns.get(plain, 0)
        return f"{plain} {turn}" if turn else plain

    async def known(self, device: str) -> tuple[Customer, Address] | None:
        """The customer who has a device, and its address."""
        loaded = await self._journal.load_by_address(matching_key(device))
        for document in loaded.state.values():
            if isinstance(document, Customer) and loaded.address and (address := document.address(loaded.address)):
                return document, address
        return None

    async def household(self, customer: str) -> list[Customer]:
        """All who are one person with a customer."""
        found: list[Customer] = []
        ids = [await self._root_of(customer)]
        while ids:
            document = await self._journal.document(ids.pop(0))
            if isinstance(document, Customer):
                found.append(document)
                ids += document.members
        return found

    # --- pairing ------------------------------------------------------------------------------------------------------

    async def pair(self, code: str, said: Said, *, key: str, take: TakePair | None = None) -> None:
        """Make the device that shows `code` one of theirs: whoever pressed it is who said the code, which can be taken
        back. `take` takes the last step, which is `key`'s own. Raises Rejected: NOT_FOUND for a code that nobody shows,
        TRIES_SPENT for somebody who said too many of those, NAME_TAKEN for a device of another household."""
        now = self._clock.now()
        if not self.codes.is_heard(said.who, now=now):
            raise Rejected(Reason.TRIES_SPENT, "codes")
        given = self.codes.find(code, now=now)
        found = await self.known(given.device) if given is not None else None
        if given is None or found is None:
            self.codes.note_wrong(said.who, now=now)
            raise Rejected(Reason.NOT_FOUND, "code")
        customer, address = found
        if await self._root_of(customer.id) != await self._root_of(said.who):
            if address.pairing is not None or not _is_alone(customer):
                raise Rejected(Reason.NAME_TAKEN, "this device")
            await self._unite(customer, said, key=key)
        command = PairDevice(
            key=key,
            customer=customer.id,
            device=given.device,
            device_key=given.key,
            how=said.how,
            evidence=said.evidence,
            actor=said.actor,
        )
        await self._do(command, take)
        await self.codes.spend(given)

    async def with_known(self, command: HearCall) -> HearCall:
        """A turn of a call in which somebody typed a code, with whether a device shows it and they may still try."""
        if command.step != Step.CODE or not command.digits:
            return command
        call, now = await self._journal.document(command.call), self._clock.now()
        is_heard = isinstance(call, Call) and self.codes.is_heard(call.customer, now=now)
        known = any(self.codes.find(code, now=now) is not None for code in codes_in(command.digits.rstrip("#")))
        return replace(command, known_code=is_heard and known)

    async def unpair(self, command: UnpairDevice, take: TakeUnpair) -> None:
        """Let a device go: what it signs proves nothing any more, and who presses it next is somebody new. Raises
        Rejected(NOT_FOUND) for what is no paired device of theirs."""
        written = (await self._journal.words([command.address])).get(command.address, "")
        found = await self.known(written) if written.startswith(DEVICE) else None
        if found is None or found[1].pairing is None:
            raise Rejected(Reason.NOT_FOUND, "device")
        plain, _, turn = written.partition(" ")
        # First, so that a crash in between leaves a device that nobody believes rather than one that somebody does.
        self._turns[plain] = int(turn or 0) + 1
        await self._journal.put_record(RECORD, plain, json.dumps(self._turns[plain]))
        await take(command)

    async def _unite(self, customer: Customer, said: Said, *, key: str) -> None:
        """Whoever pressed and whoever said the code are one person; a case that was opened by the code alone is about
        the device."""
        await self._do(
            MergeCustomers(
                key=f"{key}/merge",
                customer=customer.id,
                into=said.who,
                actor=said.actor,
                reason=f"the code that a device shows was said by {said.how}",
                evidence=said.evidence,
            )
        )
        if said.opened is not None and customer.live_cases:
            await self._do(
                MergeCases(
                    key=f"{key}/case",
                    case=said.opened,
                    into=customer.live_cases[-1],
                    actor=said.actor,
                    reason="they said the code of the device that it is about",
                    evidence=said.evidence,
                )
            )

    async def _do(self, command: Command, take: TakePair | None = None) -> None:
        """Take a command, where it was not done before."""
        try:
            if isinstance(command, PairDevice) and take is not None:
                await take(command)
            else:
                await self._take(command)
        except Rejected as rejected:
            if rejected.reason is not Reason.NOTHING_TO_DO:
                raise

    # --- listening ----------------------------------------------------------------------------------------------------

    async def listen(self, command: TakeContact | HearCall, outcome: Outcome) -> None:
        """Hear whether somebody said a code of a device. Nearly always none is shown anywhere, and nothing is done."""
        words = command.text if isinstance(command, TakeContact) else command.speech or command.digits
        alone = isinstance(command, TakeContact) and is_code_alone(words)
        if not (len(self.codes) or alone) or not words or outcome.decision is None:
            return
        said = _said(command, outcome.decision)
        if said is None:
            return
        phrase = NO_CODE if alone else None
        for code in list(codes_in(words))[:3]:
            try:
                await self.pair(code, said, key=f"{command.key}/pair")
                phrase = PAIRED
                break
            except Rejected as rejected:
                if rejected.reason is Reason.TRIES_SPENT:
                    phrase = None
        if phrase is not None and said.answer is not None:
            case, way = said.answer
            answer = AnswerCode(
                key=f"{command.key}/told",
                case=case,
                channel=way.channel,
                address=way.address,
                via=way.via,
                phrase=phrase,
            )
            with suppress(Rejected):
                await self._do(answer)


def _is_alone(customer: Customer) -> bool:
    """Whether nothing but the device stands for a customer: a code makes a device somebody's, and no two people one."""
    return customer.joined is None and not customer.members and not is_reachable(customer)


def _said(command: TakeContact | HearCall, decision: Decision) -> Said | None:
    """Who said it, and how sure that is: what proves a contact proves what is said in it."""
    if isinstance(command, HearCall):
        call = decision.state.get(command.call)
        if not isinstance(call, Call):
            return None
        is_theirs = call.attested is True and call.known
        return Said(call.customer, Channel.PHONE, Evidence.STRONG if is_theirs else Evidence.WEAK)
    received = next((event for event in decision.events if isinstance(event, ContactReceived)), None)
    if received is None or received.participant:
        return None
    if command.touch is not None and received.evidence is Evidence.WEAK:  # anybody can touch for anybody
        return None
    opened = decision.opened()
    way = Way(received.channel, received.address, received.via) if received.channel in ANSWERED else None
    return Said(
        received.customer,
        received.channel,
        received.evidence,
        opened=opened.id if opened else None,
        answer=(received.case, way) if way is not None else None,
    )
