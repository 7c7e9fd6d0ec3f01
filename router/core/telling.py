"""Words of ours that nobody of us wrote, to the customer of a case: by a way that is open to us, or not at all.

Its one rule: such words never pass the limits of `core.texts` and `core.mailing`; where they may not go, the case says
why. It asks no provider and knows nothing of what is told.
"""

from policies import PolicySet
from policies.segments import segments_of
from router.core.choice import Way, choose_way, writer_of
from router.core.clock import Ms
from router.core.commands import SYSTEM
from router.core.context import Making
from router.core.documents import Case, Promise
from router.core.errors import Rejected
from router.core.mailing import brand_of, why_untold
from router.core.texts import queue_message, spent_until, withhold
from router.core.words import TOUCHES, Channel


def tell_customer(
    making: Making, case: Case, key: str, *, reason: str, is_answer: bool = False, link: str = "",
    suggests: tuple[Ms, Ms] | None = None, **plain: str,
) -> bool:  # fmt: skip
    """Say the phrase `key` to the customer. False, and a note why, where that is not possible now. `is_answer`: it says
    what became of what they wrote just now. `link`: with a page on which one tap is enough; what it is for. `suggests`:
    the time for our call that it asks about."""
    way = way_to_tell(making, case, key, is_answer=is_answer)
    if way is None:
        return False
    policy, customer = making.context.policy, making.customer(case.customer)
    language = case.language or customer.language or language_on(policy, way.via)
    text = policy.phrase(key, language, brand=brand_of(policy, way.via) or "onecase", **plain)
    if link and (page := page_for(making, case, way, link)):
        text = f"{text} {policy.phrase('page_link', language, link=page)}"
    words = making.keep(text, kind="text", owner=case.customer)
    queue_message(making, case, way, words, segments=segments_of(text), by=SYSTEM, reasons=(reason,), suggests=suggests)
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


def way_to_tell(making: Making, case: Case, key: str, *, is_answer: bool = False) -> Way | None:
    """The medium in use, else another that they allow; None, and a note why, where none is open."""
    try:
        way = _chosen(making, case, _in_use(case))
    except Rejected as refused:
        withhold(making, case, what=key, why=f"cannot be written to: {refused.reason.value.replace('_', ' ')}")
        return None
    if why := _why_not(making, case, way, is_answer=is_answer):
        withhold(making, case, what=key, why=why)
        return None
    return way


def can_be_told(making: Making, case: Case) -> bool:
    """Whether words of ours would reach the customer now, as `tell_customer` would find out; nothing is noted. A chat
    that they have left is no way: they read it when they come back, whenever that is."""
    try:
        way = _chosen(making, case, _in_use(case))
    except Rejected:
        return False
    is_read = way.channel is not Channel.CHAT or making.context.there(way.address)
    return is_read and not _why_not(making, case, way, is_answer=False)


def _in_use(case: Case) -> Channel | None:
    heard = case.heard
    return heard.channel if heard is not None and heard.channel is not Channel.PHONE else None


def _chosen(making: Making, case: Case, wanted: Channel | None) -> Way:
    context, customer = making.context, making.customer(case.customer)
    try:
        return choose_way(
            case, customer, wanted=wanted, numbers=context.senders, now=making.now, there=context.there
        ).way
    except Rejected:
        if wanted is None:
            raise
        return choose_way(case, customer, wanted=None, numbers=context.senders, now=making.now, there=context.there).way


def _why_not(making: Making, case: Case, way: Way, *, is_answer: bool) -> str:
    sending = making.context.policy.settings.sending
    if writer_of(case) is not None:
        return "only somebody who takes part wrote, and people of ours answer them"
    if way.channel is Channel.EMAIL and (why := why_untold(making, case, is_answer=is_answer)):
        return why
    if spent_until(case, way.channel, now=making.now, sending=sending) is not None:
        return f"{sending.texts_a_day} texts about this case went out within a day"
    return ""


def zones_of(making: Making, promise: Promise) -> tuple[str, ...]:
    """Whose clock a promise goes by: that of the number that is called, else of their first number that tells it."""
    customer = making.customer(promise.customer)
    named = customer.address(promise.address) if promise.address is not None else None
    if named is not None and named.facts.zones:
        return named.facts.zones
    return next((address.facts.zones for address in customer.addresses if address.facts.zones), ())
