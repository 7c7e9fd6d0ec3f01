"""`POST /api/v1/contacts`: a contact of somebody who touched a button, from an agent's program, a site or a device.

Its one rule: who brings a site's key learns nothing: the answer is the same whether or not an address is known.
"""

from typing import Any

from pydantic import ConfigDict, Field

from channels.chat.identity import BadIdentity
from channels.chat.sessions import user_address
from router.core.addresses import AddressKind, is_anonymous, matching_key
from router.core.clock import Ms
from router.core.commands import Actor, TakeContact, Touch
from router.core.context import Decision
from router.core.documents import Case, Customer, Promise
from router.core.events import ContactReceived, WishNoted
from router.core.tree import head_of
from router.core.words import ActorKind, CallbackState, Evidence, PromiseState
from router.http.api_cases import actor_of
from router.http.auth import WRITERS, Role
from router.http.contact_form import AS_WORDS, REACH_TIMES, ContactForm, read_contact
from router.http.contact_page import page_path
from router.http.contact_standing import time_said
from router.http.presses import DeviceOut, Press, Presses, once
from router.http.routes import Body, Call, Replied, Reply, Route
from router.http.service import Service
from router.http.views import promise_out, stamp

PATH = "/api/v1/contacts"
NOBODY = "anonymous"
BY_TOKEN = "api"
"""Whose a device or a contact is that came with a token; of a site, it is the site's id."""


class ReachMe(Body):
    model_config = ConfigDict(extra="allow")

    channel: str | None = Field(None, description="phone: we call when it is their turn; others are how we answer")
    address: str | None = Field(
        None, description="a phone number or an e-mail address, where `address` is not given or is no telephone"
    )
    at: Any = Field(
        None,
        description="of a call: now, or not given; an instant, {start, end}, or any words, such as after 3",
    )
    until: Any = Field(None, description="of a call: until when, in the same way as `at`")


class ContactBody(Body):
    """Everything is optional. What cannot be used is kept and named, never refused."""

    model_config = ConfigDict(extra="allow")

    channel: str | None = Field(None, description="touch (when not given) or page")
    address: str | None = Field(None, description="a phone number with its country, or an e-mail address")
    customer: str | None = Field(None, description="with a token: the customer whose contact it is")
    text: str | None = Field(None, description="their words")
    context: dict[str, Any] | None = Field(
        None, description="what page, app or device know: model, error, page, last_buttons …; `device`: its own id"
    )
    reach_me: ReachMe | str | None = Field(None, description="how they want to be reached")
    terms: Any = Field(None, description="kept in their words")
    carry: str | None = Field(None, description="a token that carries a case, from a link of ours; it proves once")
    identity: str | None = Field(
        None, description="with a site's key: a JWT by which the site says who is signed in there (docs/touch.md)"
    )


def _is_none(value: object) -> bool:
    return value is None


class ContactOut(Reply):
    """With a site's key, and without proof of who it is, `case` and `ref` are missing, and of a promise no more is said
    than that we call."""

    id: str
    channel: str
    at: str
    case: str | None = Field(None, exclude_if=_is_none)
    ref: str | None = Field(None, exclude_if=_is_none)
    page_url: str = Field(description="a page that shows this contact alone")
    promise: dict[str, Any] | None = Field(None, exclude_if=_is_none)
    says: str | None = Field(
        None, exclude_if=_is_none, description="where they named a time: when we call, or what was not clear in it"
    )
    device: DeviceOut | None = Field(None, exclude_if=_is_none, description="where a device pressed")
    ignored: list[str] = Field(description="what could not be used; people find it under `context.extra`")


class ContactApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._node = service.node
        self._presses = Presses(service.node)

    def routes(self) -> list[Route]:
        roles = WRITERS | {Role.OPS, Role.SITE}
        return [
            Route(
                "POST",
                PATH,
                "A contact; one touch is enough",
                roles,
                self.take,
                ContactOut,
                201,
                ContactBody,
                tag="contacts",
                read=read_contact,
            )
        ]

    async def take(self, call: Call) -> Replied:
        form: ContactForm = call.body
        is_site = call.who.role is Role.SITE
        via = call.who.token if is_site else BY_TOKEN
        now = self._node.clock.now()
        self._check_address(form)
        if form.carry and not await self._can_carry(form.carry):
            form.ignore("carry (used, over or taken back)")
        signature = self._presses.signature(form)
        call = once(call, signature, site=via)
        if signature.once and (known := await self._service.repeated(call)) is not None:
            return known
        press = await self._presses.read(call, form, signature, site=via)
        user = self._user(form, site=via, now=now) if is_site and not press.device else ""
        is_theirs = bool(user) and await self._is_theirs(form.address, user)
        sender = press.device or await self._sender(form, is_site=is_site, user="" if is_theirs else user)
        # Whoever vouches for them vouches for no address that they type: it is where we call, and evidence of nothing.
        number = form.number or (form.address if user and not is_theirs else "")
        if number and not (form.wants_call and self._can_be_called(number)):
            form.ignore("reach_me.address" if form.number else "address", number)
            number = ""
        called = number or form.address or sender
        if form.wants_call and not (press.is_paired or user) and not self._can_be_called(called):
            form.calls, form.time, form.window, form.until = False, "", None, None
            kept = AS_WORDS.format("reach_me")
            if kept not in form.ignored:
                form.ignored.append(kept)
        command = TakeContact(
            key=call.key,
            channel=form.channel,
            sender=sender,
            via=via,
            at=now,
            text=form.text,
            context=form.context,
            touch=Touch(
                extra=form.extra,
                calls=form.calls,
                soon=form.soon and form.calls,
                time=form.time,
                window=form.window_from(now),
                prefers=form.prefers,
                wish="\n".join(form.wish),
                key=press.key,
                fresh_key=press.fresh_key,
                number=number,
            ),
            evidence=Evidence.PROOF if user else Evidence.WEAK,
            grounds=("identity",) if user else (),
            carry=form.carry,
            actor=Actor(ActorKind.CUSTOMER, via) if is_site else actor_of(call),
        )

        def answer(decision: Decision) -> ContactOut:
            received = next(e for e in decision.events if isinstance(e, ContactReceived))
            case = decision.state[received.case]
            assert isinstance(case, Case)
            is_told = not is_site or received.evidence is Evidence.PROOF
            wish = next((e for e in decision.events if isinstance(e, WishNoted)), None)
            window = wish.window if wish is not None and not wish.doubt else None
            is_promised = window is not None or (form.calls and not (wish is not None and wish.doubt))
            if window is not None:
                form.used(*REACH_TIMES)
            is_sure = is_told or (press.is_paired and bool(press.key))
            promise = decision.state.get(case.promise or head_of(decision.state, case).promise or "")
            stands = promise if is_told and isinstance(promise, Promise) and not promise.unpromised else None
            policy = self._node.means.policy
            says = time_said(policy, wish, now=now, is_sure=is_sure, stands=stands) if wish is not None else None
            return ContactOut(
                id=received.contact,
                channel=received.channel,
                at=stamp(received.at),
                case=case.id if is_told else None,
                ref=case.ref if is_told else None,
                page_url=page_path(self._node.means.secret, received.contact, now=now),
                promise=_promise(case, decision, press, window, is_site=is_site) if is_promised else None,
                says=says,
                device=press.answer(decision),
                ignored=form.named(),
            )

        return await self._service.take(call, command, answer, status=201)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _check_address(self, form: ContactForm) -> None:
        """A number that nobody can have, that costs whoever calls it, or that is ours, is nobody's address."""
        if not form.address:
            return
        facts = self._node.means.facts_of(form.address)
        ours = self._node.means.is_ours(form.address)
        if ours or is_anonymous(form.address) or not (facts.dialable or facts.kind is AddressKind.MAIL):
            form.ignore("address", form.address)
            form.address = ""

    async def _can_carry(self, token: str) -> bool:
        carried = await self._node.carrying.open(token)
        return carried is not None and not self._node.carrying.is_used(carried)

    def _can_be_called(self, address: str) -> bool:
        """By the numbering plan alone: what we know of a customer must not show."""
        facts = self._node.means.facts_of(address)
        return facts.kind is AddressKind.PHONE and facts.dialable and facts.country.isalpha()

    def _user(self, form: ContactForm, *, site: str, now: Ms) -> str:
        """The address of whom the site says it is; nothing where it says nothing, or nothing that can be believed."""
        if not form.identity:
            return ""
        try:
            return user_address(self._service.identities.subject(form.identity, site=site, now=now), site=site)
        except BadIdentity as bad:
            form.ignore(f"identity ({str(bad).rstrip('.')})")
            return ""

    async def _is_theirs(self, address: str, user: str) -> bool:
        """Whether an address is one of somebody's whom a site vouches for."""
        known = [await self._node.journal.load_by_address(matching_key(one)) for one in (address, user) if address]
        ids = [await self._node.customers.root_of(one.customer) for one in known if one.customer is not None]
        return len(ids) == 2 and ids[0] == ids[1]

    async def _sender(self, form: ContactForm, *, is_site: bool, user: str) -> str:
        """Whose contact it is: a customer's whom a token names, a `user`'s for whom a site vouches, an address's, or
        somebody new's."""
        if form.customer:
            known = None if is_site else await self._address_of(form.customer)
            if known and form.address in ("", known):
                return known
            form.ignore("customer", form.customer)
        return user or form.address or NOBODY

    async def _address_of(self, customer: str) -> str:
        found = await self._node.journal.document(customer)
        if not isinstance(found, Customer):
            return ""
        words = await self._node.journal.words([found.addresses[0].id])
        address = words.get(found.addresses[0].id, "")
        return "" if is_anonymous(address) else address


def _promise(
    case: Case, decision: Decision, press: Press, window: tuple[Ms, Ms] | None, *, is_site: bool
) -> dict[str, Any] | None:
    """The call that is promised. With a site's key no more is said than that we call, unless it is a device that is
    surely its household's; one that was paired by a bare text hears the same whether or not they are called already."""
    shown_window = {"start": stamp(window[0]), "end": stamp(window[1])} if window is not None else None
    said = {"kind": "callback", "state": PromiseState.OPEN, "callback": CallbackState.SCHEDULED, "window": shown_window}
    if is_site and not press.is_paired:
        return said
    received = next(event for event in decision.events if isinstance(event, ContactReceived))
    is_told = not is_site or received.evidence is Evidence.PROOF
    standing = decision.state.get(case.promise or head_of(decision.state, case).promise or "")
    if is_told and isinstance(standing, Promise) and not standing.unpromised:
        shown = promise_out(standing).model_dump()
        return shown if not is_site else {name: shown[name] for name in said}
    known = [one for one in decision.state.values() if isinstance(one, Promise) and not one.unpromised]
    is_pending = any(one.state.is_pending for one in known)
    return said if is_site and is_pending else None
