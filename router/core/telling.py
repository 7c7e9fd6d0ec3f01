"""Words of ours that nobody of us wrote, to the customer of a case: by a way that is open to us, or not at all.

Its one rule: such words never pass the limits of `core.texts` and `core.mailing`; where they may not go, the case says
why. It asks no provider and knows nothing of what is told.
"""

from collections.abc import Mapping
from typing import Final

from policies import PolicySet
from policies.segments import segments_of
from policies.whose_clock import day_zones
from router.core.choice import Choice, Way, choose_way, writer_of
from router.core.clock import Ms
from router.core.commands import SYSTEM
from router.core.context import Making
from router.core.documents import Case, Customer, Promise
from router.core.errors import Rejected
from router.core.mailing import brand_of, why_untold
from router.core.texts import DAY, TEXTS, day_for, queue_message, spent_until, withhold
from router.core.words import TOUCHES, AddressId, Channel, PromiseId

NOTHING: Final[Mapping[str, str]] = {}
"""What a phrase names that names nothing but who we are."""


def tell_customer(
    making: Making,
    case: Case,
    key: str,
    *,
    reason: str,
    is_answer: bool = False,
    is_owed: bool = False,
    about: PromiseId | None = None,
    suggests: tuple[Ms, Ms] | None = None,
    doubt: str = "",
    link: str = "",
    is_late: bool = False,
    plain: Mapping[str, str] = NOTHING,
) -> bool:
    """Say the phrase `key` to the customer. False, and a note why, where that is not possible now. `is_answer`: it says
    what became of what they wrote just now. `is_owed`: of what they were promised; `about`: of this promise, before its
    time is over or after, so that it has to reach them. `suggests`: the time for our call that it asks about;
    `doubt`: why, as `wishes.why_said` says it. `link`: with a page on which one tap is enough; what it is for.
    `is_late`: it changes nothing whether they read it now or in the morning, so that it wakes nobody. `plain`: what the
    phrase names."""
    way = _open_way(making, case, is_answer=is_answer, is_owed=is_owed or about is not None)
    if not isinstance(way, Way):
        on_page = is_answer and case.heard is not None and case.heard.channel is Channel.PAGE
        withhold(making, case, what=key, why=way, on_page=on_page, suggests=suggests, doubt=doubt)
        return False
    policy, customer = making.context.policy, making.customer(case.customer)
    language = case.language or customer.language or language_on(policy, way.via)
    text = policy.phrase(key, language, brand=brand_of(policy, way.via) or "onecase", **plain)
    if link and (page := page_for(making, case, way, link)):
        text = f"{text} {policy.phrase('page_link', language, link=page)}"
    words = making.keep(text, kind="text", owner=case.customer)
    due_at = day_for(making, case, way) if is_late else None
    queue_message(
        making, case, way, words,
        segments=segments_of(text), by=SYSTEM, reasons=(reason, *((DAY,) if due_at is not None else ())),
        about=about, suggests=suggests, doubt=doubt, due_at=due_at,
    )  # fmt: skip
    return True


def language_on(policy: PolicySet, via: str) -> str:
    """The language of one of our numbers, for whom nothing better is known; the policy's, where it is none."""
    number = policy.numbers.get(via)
    return number.language if number is not None else policy.phrases.language


def page_for(making: Making, case: Case, way: Way, once: str) -> str:
    """A page that carries the case, for who wrote or called from the address that it goes to: whoever opens it counts
    as them. Nothing for a telephone that others may look at, and where a button alone said whose it is."""
    customer, heard = making.customer(case.customer), case.heard
    if customer.discreet or customer.users or heard is None or heard.channel in TOUCHES:
        return ""
    return making.context.page(case.id, making.now, once) if heard.address == way.address else ""


def can_be_told(making: Making, case: Case) -> bool:
    """Whether it would reach the customer now that a promise slips, as `tell_customer` would find out; nothing is
    noted. A chat that they have left is no way: they read it when they come back, whenever that is."""
    way = _open_way(making, case, is_answer=False, is_owed=True)
    return isinstance(way, Way) and _is_read(making, way)


def told_via(making: Making, case: Case) -> Channel | None:
    """By what they would hear now what one of us does with a promise of theirs; None: by nothing, and nothing is
    noted."""
    way = _open_way(making, case, is_answer=False, is_owed=True)
    return way.channel if isinstance(way, Way) else None


def _open_way(making: Making, case: Case, *, is_answer: bool, is_owed: bool) -> Way | str:
    """The way, or why there is none. What is owed takes another one that they allow where the first gets no more texts
    today, or is a chat that they have left."""
    try:
        choice = _chosen(making, case, _in_use(case))
    except Rejected as refused:
        return f"cannot be written to: {refused.reason.value.replace('_', ' ')}"
    why = _why_not(making, case, choice.way, is_answer=is_answer, is_owed=is_owed)
    if not why and (is_answer or not is_owed or _is_read(making, choice.way)):
        return choice.way
    if not (is_answer or is_owed) or (why and choice.way.channel not in TEXTS):
        return why
    for way in choice.alternatives:
        is_open = not _why_not(making, case, way, is_answer=is_answer, is_owed=is_owed)
        if is_open and _is_read(making, way):
            return way
    return why or choice.way


def _is_read(making: Making, way: Way) -> bool:
    return way.channel is not Channel.CHAT or making.context.there(way.address)


def _in_use(case: Case) -> Channel | None:
    heard = case.heard
    return heard.channel if heard is not None and heard.channel is not Channel.PHONE else None


def _chosen(making: Making, case: Case, wanted: Channel | None) -> Choice:
    """By the medium in use; as it comes where that is not possible."""
    context, customer = making.context, making.customer(case.customer)

    def choose(channel: Channel | None) -> Choice:
        return choose_way(
            case, customer, wanted=channel, numbers=context.senders, now=making.now, there=context.there
        )  # fmt: skip

    try:
        return choose(wanted)
    except Rejected:
        if wanted is None:
            raise
        return choose(None)


def _why_not(making: Making, case: Case, way: Way, *, is_answer: bool, is_owed: bool) -> str:
    sending = making.context.policy.settings.sending
    if writer_of(case) is not None:
        return "only somebody who takes part wrote, and people of ours answer them"
    if way.channel is Channel.EMAIL and (why := why_untold(making, case, is_answer=is_answer, is_owed=is_owed)):
        return why
    is_more = is_answer or is_owed
    if spent_until(case, way.channel, now=making.now, sending=sending, is_owed=is_more) is not None:
        most = max(sending.texts_a_day, sending.owed_a_day) if is_more else sending.texts_a_day
        return f"{most} texts about this case went out within a day"
    return ""


def zones_of(making: Making, promise: Promise) -> tuple[str, ...]:
    """Whose clock a promise goes by."""
    return zones_at(making.customer(promise.customer), promise.address)


def zones_at(customer: Customer, id: AddressId | None) -> tuple[str, ...]:
    """By whose clocks it must be day for them."""
    return day_zones(number_zones(customer, id), profile=customer.zone, asked=customer.zone_said)


def number_zones(customer: Customer, id: AddressId | None) -> tuple[str, ...]:
    """Where the number is that is called, else their first number that tells it."""
    named = customer.address(id) if id is not None else None
    if named is not None and named.facts.zones:
        return named.facts.zones
    return next((address.facts.zones for address in customer.addresses if address.facts.zones), ())
