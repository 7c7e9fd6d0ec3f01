"""How visitors say, before they leave, how they want to be reached; and what a frame of theirs is refused with.

Its one rule: what is said back is what will be: the way that answers take as things are, the call that is promised, and
by name what could not be used and why.
"""

import json
from collections.abc import Callable
from typing import Any

from channels.chat.frames import Left, say
from channels.wire import WireRequest
from router.core.addresses import AddressKind, is_anonymous, matching_key
from router.core.call_parts import can_be_called
from router.core.choice import OPENS_WITH, REACHES, Way, choose_way
from router.core.clock import Ms
from router.core.commands import LeaveChat, Touch
from router.core.context import Decision
from router.core.documents import Case, Customer, Promise
from router.core.errors import Reason, Rejected
from router.core.events import PromiseMade, WishNoted
from router.core.evidence import holds_proof
from router.core.tree import head_of, tree_of
from router.core.words import DAY_MS, AddressId, CallbackState, Channel, CustomerId, PromiseState
from router.http.contact_form import REACH_TIMES, ContactForm, read_contact
from router.http.contact_standing import call_time, time_said
from router.http.problems import Problem
from router.http.views import stamp
from router.node.node import Node

NO_NUMBER = "phone: no number is known that we may call"
WHATSAPP = "whatsapp: only within 24 hours of their words"
NOT_OURS = "{}: nothing goes out by it here"
NO_ADDRESS = "{}: no address is known that it reaches"


class Refused(Exception):
    """A frame that cannot be done; `error` is a name of the protocol's."""

    def __init__(
        self, error: str, detail: str = "", *, client_id: str | None = None, waits_ms: int | None = None
    ) -> None:
        super().__init__(detail)
        self.error = error
        self.told: dict[str, Any] = {"client_id": client_id}
        if waits_ms is not None:
            self.told["retry_after_s"] = -(-waits_ms // 1000)


class Leaving:
    def __init__(self, node: Node, *, make_key: Callable[[], str]) -> None:
        self._node = node
        self._make_key = make_key

    async def answer(self, left: Left, customer: CustomerId, chat: AddressId, *, is_proved: bool) -> str:
        """The frame that answers. Raises Refused."""
        form = form_of(reach_me=left.reach_me)
        if form.address and not is_usable(self._node, form.address):
            raise Refused("bad_address")
        calls, number = form.wants_call, ""
        if calls and self._is_callable(form.address):
            number, form.address = form.address, ""
        elif not calls and form.address and form.prefers is None:  # an address alone says how
            form.prefers = OPENS_WITH.get(self._node.means.facts_of(form.address).kind)
        is_sure = is_proved or await self._is_proved(customer, chat)
        if calls and not number and not is_sure:
            number = await self._named_before(customer)
        command = LeaveChat(
            key=f"leave/{self._make_key()}",
            customer=customer,
            address=chat,
            given=form.address,
            touch=Touch(
                calls=form.calls,
                soon=form.soon,
                time=form.time,
                window=form.window_from(self._node.clock.now()),
                prefers=form.prefers,
                wish="\n".join(form.wish) or "Left the chat.",
                number=number,
            ),
            is_proved=is_proved,
        )
        try:
            outcome = await self._node.take(command)
        except Rejected as rejected:
            raise Refused("no_case" if rejected.reason is Reason.NOT_FOUND else "too_many") from None
        assert outcome.decision is not None, "each leaving has a key of its own"
        return await self._told(form, outcome.decision, calls=calls, number=number, is_sure=is_sure)

    async def _is_proved(self, customer: CustomerId, chat: AddressId) -> bool:
        whose = await self._node.journal.document(customer)
        return has_proved(self._node, whose, chat, now=self._node.clock.now())

    async def _named_before(self, customer: CustomerId) -> str:
        """The number that a visitor named last, whether or not it was promised a call: it need not be named again. None
        under which somebody is found, for whoever is here may be somebody else."""
        journal = self._node.journal
        whose = await journal.document(customer)
        phones = [str(a.id) for a in whose.addresses if can_be_called(a)] if isinstance(whose, Customer) else []
        words = await journal.words(phones)
        for id in reversed(phones):
            number = words.get(id, "")
            if self._is_callable(number) and (await journal.load_by_address(matching_key(number))).address != id:
                return number
        return ""

    async def _told(self, form: ContactForm, decision: Decision, *, calls: bool, number: str, is_sure: bool) -> str:
        """What will be. Whoever is sure to be whose number it is hears what stands; whether one that they named besides
        is to be called already does not show."""
        wish = next(e for e in decision.events if isinstance(e, WishNoted))
        window = wish.window if not wish.doubt else None
        stands = _promised(decision, wish) if is_sure else None
        is_promised = stands is not None or any(isinstance(e, PromiseMade) for e in decision.events)
        is_promised = is_promised or (bool(number) and not wish.doubt and (form.calls or window is not None))
        if window is not None and is_promised:
            form.used(*REACH_TIMES)
        way = self._way(wish, decision)
        channel = way.channel if way is not None and way.channel is not Channel.CHAT else None
        if calls and not number and not is_promised and not wish.doubt:
            form.ignore(f"reach_me.channel ({NO_NUMBER})")
        if form.prefers is not None and form.prefers is not channel:
            instead = f"; {channel} instead" if channel is not None else ""
            form.ignore(f"reach_me.channel ({self._why_not(form.prefers, wish, decision)}{instead})")
        told: dict[str, Any] = {"channel": Channel.PHONE if is_promised and form.prefers is None else channel}
        if stands is not None and is_promised:
            window = stands.window if not stands.by_turn else None
        if is_promised:
            shown = {"start": stamp(window[0]), "end": stamp(window[1])} if window is not None else None
            state = {"state": PromiseState.OPEN, "callback": CallbackState.SCHEDULED}
            told["promise"] = {"kind": "callback", **state, "window": shown}
        says = time_said(
            self._node.means.policy, wish, now=self._node.clock.now(), is_sure=is_sure or not number, stands=stands
        )
        if stands is not None and (wish.doubt or not says):  # whatever they said, they are called then
            language = self._node.means.policy.said_in(wish.language)
            says = " ".join(filter(None, (says, (await call_time(self._node, stands.case, language)).promised)))
        if says:
            told["says"] = says
        return say("left", **told, ignored=form.named())

    def _way(self, wish: WishNoted, decision: Decision) -> Way | None:
        """The way of an answer, once they are gone."""
        case, customer = decision.state[wish.case], decision.state[wish.customer]
        assert isinstance(case, Case)
        assert isinstance(customer, Customer)
        try:
            return choose_way(
                case, customer, wanted=None, numbers=self._node.means.senders, now=self._node.clock.now()
            ).way
        except Rejected:
            return None

    def _why_not(self, wanted: Channel, wish: WishNoted, decision: Decision) -> str:
        customer = decision.state[wish.customer]
        assert isinstance(customer, Customer)
        if wanted not in self._node.means.senders:
            return NOT_OURS.format(wanted)
        reached = any(a.facts.kind in REACHES.get(wanted, ()) for a in customer.addresses)
        return WHATSAPP if wanted is Channel.WHATSAPP and reached else NO_ADDRESS.format(wanted)

    def _is_callable(self, address: str) -> bool:
        """By the numbering plan alone: what we know of a customer must not show."""
        facts = self._node.means.facts_of(address) if address else None
        return facts is not None and facts.kind is AddressKind.PHONE and facts.dialable and facts.country.isalpha()


def has_proved(node: Node, customer: object, chat: AddressId, *, now: Ms) -> bool:
    """Whether a code was said in this chat, and what is said there counts as proof still."""
    known = customer.address(chat) if isinstance(customer, Customer) else None
    holds_ms = node.means.policy.settings.cases.proof_days * DAY_MS
    return known is not None and holds_proof(known, at=now, holds_ms=holds_ms)


def _promised(decision: Decision, wish: WishNoted) -> Promise | None:
    """The call that is promised on the matter of whoever leaves, from now on."""
    case = decision.state.get(wish.case)
    parts = tree_of(decision.state, head_of(decision.state, case)) if isinstance(case, Case) else []
    promises = [decision.state.get(part.promise) for part in (case, *parts) if isinstance(part, Case) and part.promise]
    return next((one for one in promises if isinstance(one, Promise) and not one.unpromised), None)


def is_usable(node: Node, address: str) -> bool:
    """A number that nobody can have, that costs whoever writes to it, or that is ours, is nobody's address."""
    means = node.means
    facts = means.facts_of(address)
    can_be = facts.dialable or facts.kind is AddressKind.MAIL
    return can_be and not means.is_ours(address) and not is_anonymous(address)


def form_of(**body: Any) -> ContactForm:
    """What stands in a context or a wish, read as with a touch: bounded, and without what is not to be kept."""
    given = {name: one for name, one in body.items() if one}
    request = WireRequest("POST", "", body=json.dumps(given).encode("utf-8", "replace"))
    if not given:
        return ContactForm(request)
    try:
        return read_contact(request)
    except Problem:
        return ContactForm(request)
