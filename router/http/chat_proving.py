"""How visitors say where answers are to follow them, and prove that an address is theirs.

Its one rule: whoever types an address learns nothing of it. Each answer is the same whether or not somebody has it, and
what goes there is bounded: one code at a time to an address, few an hour and from one place, none to countries that
are not ours. It is never said to be sent where none is.
"""

import json
from collections.abc import Callable
from contextlib import suppress

from channels.chat.frames import CodeSaid, Left, Prove, say
from channels.chat.sessions import Sessions
from router.core.addresses import AddressKind, matching_key
from router.core.chats import CODE_MS
from router.core.clock import Ms
from router.core.commands import CUSTOMER, AskCode, BringLines, GiveCode, MergeCustomers, PlaceCase, SignIn
from router.core.context import Decision
from router.core.documents import Customer
from router.core.errors import Reason, Rejected
from router.core.events import AddressProved, CodeAsked, ContactReceived
from router.core.words import HOUR_MS, AddressId, CaseId, Channel, CustomerId, Evidence
from router.http.chat_leaving import Leaving, Refused, is_usable
from router.http.contact_form import plain_address
from router.http.rates import Rates
from router.journal.base import Answer
from router.node.customers import keep_key
from router.node.node import Node
from router.node.visitors import Room

CODES_A_MINUTE = 10
"""Codes from this instance, to whomever; more are refused."""
CODES_AN_HOUR = 3
"""To one address, one after the other is over, whoever asks."""
CODE_WAITS = "A code went there a while ago. Say that one, or ask again later."
PROVED = "proved by a code that went to their address"
SIGNED_IN = "they signed in where they had begun to chat"
PLACED_LINES = 50
"""Lines of a chat that tell what it is about."""
LEAVES_A_MINUTE = 6
ASKS_A_MINUTE = 2
"""From one session; twice as many from one remote address."""


class Proving:
    def __init__(
        self,
        node: Node,
        rates: Rates,
        *,
        sessions: Callable[[], Sessions],
        make_code: Callable[[], str],
        make_key: Callable[[], str],
    ) -> None:
        self._node = node
        self._rates = rates
        self._sessions = sessions
        self._make_code = make_code
        self._make_key = make_key
        self._leaving = Leaving(node, make_key=make_key)

    async def answer(
        self, frame: Left | Prove | CodeSaid, room: Room | None, *, remote: str, is_proved: bool = False
    ) -> str:
        """The frame that answers. `is_proved`: their site vouches for who they are. Raises Refused."""
        if room is None or room.customer is None or room.id is None:
            raise Refused("no_case")
        if isinstance(frame, Left):
            self._count(f"leave {room.id}", LEAVES_A_MINUTE)
        customer, chat = await self._of_chat(CustomerId(room.customer), room.id, room, frame)
        match frame:
            case Left():
                return await self._leaving.answer(frame, customer, chat, is_proved=is_proved)
            case Prove():
                return await self._prove(frame, customer, chat, room.address, remote)
            case CodeSaid():
                return await self._code(frame, customer, chat, room.address)

    async def _of_chat(
        self, customer: CustomerId, chat: AddressId, room: Room, frame: Left | Prove | CodeSaid
    ) -> tuple[CustomerId, AddressId]:
        """In which chat somebody says this: in their own, or, where they said nothing since they signed in, in the one
        that they had begun. A code is said where it was asked for."""
        mine = await self._node.journal.document(customer)
        said = isinstance(mine, Customer) and (mine.code is not None if isinstance(frame, CodeSaid) else mine.last_case)
        begun = list(room.begun.items())
        return (CustomerId(begun[-1][1]), begun[-1][0]) if begun and not said else (customer, chat)

    async def _prove(self, prove: Prove, customer: CustomerId, id: AddressId, chat: str, remote: str) -> str:
        address, now = plain_address(prove.address), self._node.clock.now()
        if not address or not is_usable(self._node, address) or not self._may_be_written_to(address):
            raise Refused("bad_address")
        self._count(f"code {id}", ASKS_A_MINUTE)
        self._count(f"code from {remote}", 2 * ASKS_A_MINUTE)
        self._count("codes", CODES_A_MINUTE)
        key = await self._free_key(address, customer, id, now)
        if key is None:
            return say("code_sent")  # the one that they asked for before, which holds
        code, sessions = self._make_code(), self._sessions()
        command = AskCode(
            key=key,
            customer=customer,
            address=id,
            given=address,
            code=code,
            digest=sessions.digest(code, address=chat),
        )

        def sent(decision: Decision) -> Answer:
            asked = next(e for e in decision.events if isinstance(e, CodeAsked))
            body = json.dumps({"chat": id, "until": asked.expires_at})
            return Answer(key=key, status=200, body=body, kept_until=Ms(now + 2 * HOUR_MS))

        try:
            outcome = await self._node.take(command, sent)
        except Rejected as rejected:
            raise Refused("no_case" if rejected.reason is Reason.NOT_FOUND else "bad_address") from None
        if outcome.decision is None:  # somebody else asked at the same moment
            raise Refused("too_many", CODE_WAITS, waits_ms=CODE_MS)
        return say("code_sent")

    async def _free_key(self, address: str, customer: CustomerId, chat: AddressId, now: Ms) -> str | None:
        """Under which the next code to an address is sent: one at a time, few an hour, whoever asks. None: one that
        this visitor asked for holds still. Raises Refused with when there can be one."""
        name, hour = self._sessions().name_of(matching_key(address)), now // HOUR_MS
        free = None
        for one in (hour - 1, hour):
            for n in range(CODES_AN_HOUR):
                key = f"code/{name}/{one}/{n}"
                known = await self._node.journal.answer(key)
                if known is None:
                    free = key if one == hour else None
                    break
                told = json.loads(known.body)
                if now < told["until"]:
                    if told["chat"] == chat and await self._is_open(customer, chat, until=told["until"]):
                        return None
                    raise Refused("too_many", CODE_WAITS, waits_ms=told["until"] - now)
        if free is None:
            raise Refused("too_many", CODE_WAITS, waits_ms=(hour + 1) * HOUR_MS - now)
        return free

    async def _is_open(self, id: CustomerId, chat: AddressId, *, until: int) -> bool:
        """Whether the code that a visitor may say is the one that ends then."""
        customer = await self._node.journal.document(id)
        code = customer.code if isinstance(customer, Customer) else None
        return code is not None and (code.chat, code.expires_at) == (chat, until) and code.tries > 0

    async def _code(self, said: CodeSaid, id: CustomerId, address: AddressId, chat: str) -> str:
        customer = await self._node.journal.document(id)
        if not isinstance(customer, Customer) or customer.code is None:
            raise Refused("bad_code")
        went_to = customer.code.address
        given = (await self._node.journal.words([went_to])).get(went_to, "")
        digest = self._sessions().digest("".join(said.code.split()), address=chat)
        key = f"say/{self._make_key()}"
        command = GiveCode(key=key, customer=id, address=address, given=given, digest=digest)
        try:
            outcome = await self._node.take(command)
        except Rejected:
            raise Refused("bad_code") from None
        events = outcome.decision.events if outcome.decision else ()
        proved = next((e for e in events if isinstance(e, AddressProved)), None)
        if proved is None:
            raise Refused("bad_code")
        if not proved.is_new:
            await self._join(id, given, address)
        return say("proved")

    async def _join(self, id: CustomerId, given: str, chat: AddressId) -> None:
        """Whoever has the address is this visitor: what they said here goes where any contact of that person would.
        Until all of it stands in the log the code holds, so that who says it again after a crash is joined then."""
        loaded = await self._node.journal.load_by_address(matching_key(given))
        if loaded.customer is not None and loaded.customer != id:
            await self._one_person(id, CustomerId(loaded.customer), chat, why=PROVED, evidence=Evidence.PROOF)

    async def sign_in(self, began: str, mine: str) -> AddressId | None:
        """Whoever chats at `began`, and is signed in now as `mine`, goes on with what they had begun there. That chat,
        where it is theirs; what is somebody's already who signed in, or proved who they are, is nobody else's."""
        loaded = await self._node.journal.load_by_address(matching_key(began))
        customer = loaded.state.get(loaded.customer or "")
        if loaded.customer is None or loaded.address is None or not isinstance(customer, Customer):
            return None
        user = await self._node.journal.load_by_address(matching_key(mine))
        if user.customer is None and customer.joined is None:
            with suppress(Rejected):  # another window of theirs was first
                await self._node.take(SignIn(key=f"sign/{self._make_key()}", sender=mine))
            user = await self._node.journal.load_by_address(matching_key(mine))
        if user.customer is None or user.address is None:
            return None
        one, into = CustomerId(loaded.customer), CustomerId(user.customer)
        if one != into:
            await self._one_person(one, into, loaded.address, why=SIGNED_IN, evidence=Evidence.STRONG)
        if await self._node.customers.root_of(one) != await self._node.customers.root_of(into):
            return None  # they are two, whatever browser they share
        await self.bring(into, user.address, loaded.address)
        return loaded.address

    async def bring(self, customer: str, mine: AddressId, chat: AddressId) -> None:
        """What was said in a chat that they had begun, and is no line of their own yet, becomes one."""
        command = BringLines(key=f"bring/{self._make_key()}", customer=CustomerId(customer), address=mine, chat=chat)
        with suppress(Rejected):
            await self._node.take(command)

    async def _one_person(
        self, id: CustomerId, into: CustomerId, chat: AddressId, *, why: str, evidence: Evidence
    ) -> None:
        try:
            await self._node.take(
                MergeCustomers(
                    key=f"proved/{id}/{into}",
                    customer=id,
                    into=into,
                    actor=CUSTOMER,
                    reason=why,
                    evidence=evidence,
                )
            )
        except Rejected as rejected:
            if rejected.reason is not Reason.NOTHING_TO_DO:  # they are one person already
                return  # or two, whatever browser they share
        mine = await self._node.journal.document(id)
        for case in mine.live_cases if isinstance(mine, Customer) else ():
            key = f"placed/{case}/{into}"  # once: what one of us says of it afterwards holds
            command = PlaceCase(
                key=key,
                case=case,
                person=into,
                text=await self._said_in(case, chat),
                actor=CUSTOMER,
                reason=why,
            )
            with suppress(Rejected):
                await self._node.take(command, keep_key(key, self._node.clock.now()))

    async def _said_in(self, case: CaseId, chat: AddressId) -> str:
        """What they said in this chat about a case."""
        rows = await self._node.journal.lines(chat, after=0, limit=PLACED_LINES)
        ids = [str(e.words) for _, e in rows if isinstance(e, ContactReceived) and e.case == case and e.words]
        words = await self._node.journal.words(ids)
        return "\n".join(words[one] for one in ids if one in words)

    # --- what may be written to ---------------------------------------------------------------------------------------

    def _may_be_written_to(self, address: str) -> bool:
        """Codes go by text to the country of our own number alone, for each costs."""
        means = self._node.means
        facts = means.facts_of(address)
        if facts.kind is AddressKind.MAIL:
            return Channel.EMAIL in means.senders
        ours = means.senders.get(Channel.SMS)
        return ours is not None and facts.country == means.facts_of(ours).country

    def _count(self, what: str, per_min: int) -> None:
        if waits := self._rates.wait_ms(what, per_min=per_min, now=self._node.clock.now()):
            raise Refused("too_many", waits_ms=waits)
