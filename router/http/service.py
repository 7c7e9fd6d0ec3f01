"""What API handlers share: the node, who may see what, and how a command becomes an answer that can be repeated."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from channels.chat.identity import Identities
from router.core.addresses import matching_key
from router.core.choice import Choice, choose_way
from router.core.clock import Ms
from router.core.commands import Command
from router.core.context import Decision
from router.core.documents import Case, Customer
from router.core.errors import Reason, Rejected
from router.core.messages import carrier_of, named_part
from router.core.tree import is_reachable, reachable_of
from router.core.words import HOUR_MS, AgentId, CaseId, Channel
from router.http.auth import Tokens
from router.http.joined import head_of, members_of
from router.http.problems import Problem, problem_of
from router.http.routes import Call, Replied
from router.http.sites import Sites
from router.journal.base import Answer
from router.node.carrying import carry_token
from router.node.node import Node

ANSWER_KEPT_MS = 48 * HOUR_MS
CARRY_PATH = "/c/"
"""Where a case is carried to by a link."""
SHOWN_ONCE = "shown-once"


class ChatTeller(Protocol):
    """Who tells visitors what is not kept."""

    async def name_of(self, agent: AgentId | None) -> str | None: ...
    async def agent_types(self, case: Case, name: str | None, *, on: bool) -> int: ...


@dataclass(slots=True)
class Service:
    node: Node
    tokens: Tokens
    registry: CollectorRegistry
    version: str
    sandbox_url: str | None = None
    public_url: str = ""  # where browsers and providers reach us
    chat: "ChatTeller | None" = None
    identities: Identities = field(default_factory=lambda: Identities({}))  # who may say who somebody is
    chat_pages: Mapping[str, str] = field(default_factory=dict[str, str])  # by site: where its visitors chat
    sites: Sites = field(init=False)

    def __post_init__(self) -> None:
        self.sites = Sites(self.node.journal)
        self.node.means.page = self.carry_page

    def carry_page(self, case: CaseId, now: Ms, once: str) -> str:
        """The address of a page that carries a case, for a short while. Empty where nobody reaches us by an address."""
        token = carry_token(self.node.means.secret, case, made_at=now, once=once)
        return f"{self.public_url}{CARRY_PATH}{token}" if self.public_url else ""

    async def take(
        self, call: Call, command: Command, answer_of: Callable[[Decision], BaseModel], *, status: int
    ) -> Replied:
        """Do a command for a caller. With an Idempotency-Key the answer is kept and given again to the same request;
        another request under that key is refused (409)."""

        def answer(decision: Decision) -> Answer:
            return Answer(
                key=call.key if call.fingerprint else "",
                status=status,
                body=answer_of(decision).model_dump_json(by_alias=True),
                fingerprint=call.fingerprint,
                kept_until=Ms(self.node.clock.now() + ANSWER_KEPT_MS),
            )

        try:
            outcome = await self.node.take(command, answer)
        except Rejected as rejected:
            raise problem_of(rejected) from None
        given = outcome.answer
        assert given is not None
        return _given(call, given)

    async def repeated(self, call: Call) -> Replied | None:
        """What was answered to this call before; None when it has no Idempotency-Key, or a new one. It is asked first:
        whether the call would be allowed now does not matter any more."""
        known = await self.node.journal.answer(call.key) if call.fingerprint else None
        return _given(call, known) if known is not None else None

    async def once(self, call: Call) -> None:
        """For what shows a secret, which is never kept and so cannot be shown again: with an Idempotency-Key it is done
        once. Raises Problem where this key was used before."""
        if not call.fingerprint:
            return
        id = hashlib.blake2b(call.key.encode(), digest_size=16).hexdigest()
        known = await self.node.journal.record(SHOWN_ONCE, id)
        if known is not None and known != call.fingerprint:
            raise _used_before()
        if known is not None:
            raise Problem(
                409, "Shown once", "It was made with this Idempotency-Key before, and its secret is not kept."
            )
        await self.node.journal.put_record(SHOWN_ONCE, id, call.fingerprint)

    async def find_customer(self, address: str) -> Customer | None:
        """The customer whom an address belongs to, in any spelling."""
        loaded = await self.node.journal.load_by_address(matching_key(address))
        found = loaded.state.get(loaded.customer or "")
        return found if isinstance(found, Customer) else None

    async def _whom_to_answer(self, case: Case, wanted: Channel | None) -> Customer | None:
        """Of cases that were joined: the customer who is in a chat now, else who wrote last about them."""
        head = named_part(case, await head_of(self.node.journal, case))
        found = [await self.node.journal.document(one.customer) for one in await members_of(self.node.journal, head)]
        customers, there = [one for one in found if isinstance(one, Customer)], self.node.means.there
        chatting = (one for one in customers if any(there(address.id) for address in one.addresses))
        wrote = (one for one in customers if head.heard and one.address(head.heard.address))
        return (next(chatting, None) if wanted in (None, Channel.CHAT) else None) or next(wrote, None)

    async def ways(self, case: Case, wanted: Channel | None, *, has_files: bool = False) -> Choice:
        """How an answer on `case` would go out now. Raises Problem where it cannot."""
        customer = await self.node.journal.document(case.customer)
        if case.side is not None and case.heard is not None:
            customer = await self._whom_to_answer(case, wanted) or customer
        if isinstance(customer, Customer) and not is_reachable(customer):
            household = {one.id: one for one in await self.node.devices.household(customer.id)}
            customer = reachable_of({**household}, customer)
        try:
            if not isinstance(customer, Customer):
                raise Rejected(Reason.NOT_FOUND, "customer")
            means = self.node.means
            return choose_way(
                case,
                customer,
                wanted=carrier_of(wanted, has_files=has_files),
                numbers=means.senders,
                now=self.node.clock.now(),
                there=means.there,
            )
        except Rejected as rejected:
            raise problem_of(rejected) from None


def _given(call: Call, answer: Answer) -> Replied:
    if answer.fingerprint != call.fingerprint:
        raise _used_before()
    return Replied(answer.status, stored=answer.body)


def _used_before() -> Problem:
    return Problem(
        409,
        "Key used before",
        "This Idempotency-Key was used for another request. Use a new key for a new request.",
    )
