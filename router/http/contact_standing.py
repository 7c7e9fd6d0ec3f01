"""Where one contact stands, for its page and for the device that pressed: a word, a sentence, and what was promised.

Its one rule: it says no more than whoever has the link may know. Only a device whose household surely said its code is
told of their matter; one that was paired by a bare text is told of what itself asked for, and every other contact hears
the same whether or not we know its address. What is not known is not said.
"""

from dataclasses import dataclass
from enum import StrEnum

from policies import PolicySet
from policies.call_hours import said_window
from router.core.addresses import Address, AddressKind
from router.core.call_parts import can_be_called
from router.core.clock import Ms
from router.core.documents import Case, Customer, Document, Entry, Promise
from router.core.events import WishNoted
from router.core.telling import zones_at
from router.core.waits.said import Said
from router.core.wishes import clock_for, suggested_in, why_said
from router.core.words import Channel, Evidence
from router.http.joined import asking_of, head_of
from router.node.node import Node


class Standing(StrEnum):
    """In the order in which they are looked for."""

    DONE = "done"  # settled
    CALL = "call"  # a call is promised
    WITH_US = "with_us"  # an agent is at it
    ANSWERED = "answered"
    UNPAIRED = "unpaired"  # a device that nobody said the code of
    NO_ADDRESS = "no_address"  # nobody can be answered
    RECEIVED = "received"


PHRASES = {
    Standing.DONE: "page_done",
    Standing.CALL: "page_call",
    Standing.WITH_US: "page_with_us",
    Standing.ANSWERED: "page_answered",
    Standing.UNPAIRED: "page_unpaired",
    Standing.NO_ADDRESS: "page_no_address",
    Standing.RECEIVED: "page_answer",
}


@dataclass(frozen=True, slots=True)
class Stands:
    """`promise` and `place_at` are there for a paired device alone, `wait` also for whoever proved who they are;
    `paired`: None where no device pressed."""

    standing: Standing
    paired: bool | None = None
    promise: Promise | None = None
    place_at: Ms | None = None
    wait: Said | None = None
    zones: tuple[str, ...] = ()  # where the number is that is called


async def stands(node: Node, rows: list[Entry], *, device_key: str) -> Stands:
    """Where the contact of these timeline rows stands. `device_key`: the id of the key that its device has, if any."""
    first, journal = rows[0], node.journal
    loaded = await journal.load_by_document(first.case)
    found = [document for document in loaded.state.values() if isinstance(document, Customer)]
    address = next((a for c in found if first.address and (a := c.address(first.address))), None)
    calls = any((row.facts.get("calls") or "from" in row.facts) and "doubt" not in row.facts for row in rows)
    if not device_key:
        is_theirs = first.evidence is Evidence.PROOF  # of anybody else it would say who waits at a number
        wait = await _wait_of(node, loaded.state.get(first.case)) if is_theirs else None
        return Stands(_of_anybody(address, calls=calls), wait=wait)
    pairing = address.pairing if address else None
    if pairing is None or device_key not in (pairing.key, pairing.next_key):
        return Stands(Standing.UNPAIRED, paired=False)
    case = loaded.state.get(first.case)
    if not isinstance(case, Case):
        return Stands(Standing.RECEIVED, paired=True)
    own = case.promise
    case = await head_of(journal, case)
    promise = await journal.document(own or case.promise or "")
    kept = promise if isinstance(promise, Promise) and promise.state.is_pending and not promise.unpromised else None
    if pairing.evidence is Evidence.WEAK:
        is_own = calls and kept is not None and kept.made_at == first.at
        standing = Standing.CALL if calls and await _is_any_pending(node, case.customer) else Standing.RECEIVED
        return Stands(standing, paired=True, promise=kept if is_own else None)
    place_at = case.ask.waits_since if case.ask is not None and not case.taken else None
    standing = _of_case(case, since=first.at, promise=kept)
    wait = node.waits.of_case((await asking_of(journal, case)).id)
    zones = await _household_zones(node, kept) if kept is not None else ()
    return Stands(standing, paired=True, promise=kept, place_at=place_at, wait=wait, zones=zones)


async def _household_zones(node: Node, promise: Promise) -> tuple[str, ...]:
    """By whose clocks it is that a number is called for a device: its household's."""
    for one in await node.devices.household(promise.customer):
        found = (await node.journal.load_by_document(one.id)).state.values()
        for known in found:
            if isinstance(known, Customer) and promise.address is not None and known.address(promise.address):
                return zones_at(known, promise.address)
    return ()


async def _wait_of(node: Node, case: Document | None) -> Said | None:
    """How long a case, or the one that it is joined with, still waits for somebody live."""
    return node.waits.of_case((await asking_of(node.journal, case)).id) if isinstance(case, Case) else None


async def _is_any_pending(node: Node, customer: str) -> bool:
    """Whether somebody of the household is to be called: what was asked for with this press, or before it."""
    for one in await node.devices.household(customer):
        state = (await node.journal.load_by_document(one.id)).state
        known = [one for one in state.values() if isinstance(one, Promise) and not one.unpromised]
        if any(one.state.is_pending for one in known):
            return True
    return False


def _of_anybody(address: Address | None, *, calls: bool) -> Standing:
    if address is None or address.facts.kind not in (AddressKind.PHONE, AddressKind.MAIL):
        return Standing.NO_ADDRESS
    return Standing.CALL if calls else Standing.RECEIVED


def _of_case(case: Case, *, since: Ms, promise: Promise | None) -> Standing:
    if not case.status.is_live:
        return Standing.DONE
    if promise is not None:
        return Standing.CALL
    if case.taken:
        return Standing.WITH_US
    return Standing.ANSWERED if case.answered_at is not None and case.answered_at >= since else Standing.RECEIVED


def time_said(
    policy: PolicySet, wish: WishNoted, *, now: Ms, is_sure: bool, stands: Promise | None = None
) -> str | None:
    """What they are told who named a time with a touch: when we call, or what was not clear and what could be; None
    where they named none. In the language of their words, for whose the address is does not show.

    `stands`: the call that is promised, as far as they may know: where it could not be moved, its time is told. Whoever
    is not `is_sure` to be whose number it is hears what is true whether or not somebody is called there already."""
    language = policy.said_in(wish.language)
    if wish.window is None:
        return wish.doubt or None
    said = said_window(wish.window, now, zone=wish.zone, language=language, names_place=True)
    if wish.doubt:
        return policy.phrase("touch_ask_back", language, doubt=wish.doubt, window=said)
    if not is_sure:
        return policy.phrase("touch_promise", language, window=said)
    if stands is not None and stands.window != wish.window:
        if stands.window is None or stands.by_turn:
            return policy.phrase("page_call", language)
        said = said_window(stands.window, now, zone=wish.zone, language=language, names_place=True)
    return policy.phrase("page_promise", language, window=said)


@dataclass(frozen=True, slots=True)
class CallTime:
    """Our call to a customer in a sentence on their own clock: what is promised, and what we asked back about it.
    `why`: what was not clear or cannot be, where we asked or answered."""

    promised: str = ""
    why: str = ""
    asked: str = ""
    by_call: bool = False  # where nothing is promised: they are on the phone with us, or wait there


async def call_time(node: Node, id: str, language: str) -> CallTime:
    """What whoever has a link that carries a case may know of our call."""
    case = (await node.journal.load_by_document(id)).state.get(id)
    if not isinstance(case, Case):
        return CallTime()
    case = await head_of(node.journal, case)
    state = (await node.journal.load_by_document(case.id)).state
    promise = state.get(case.promise or "")
    policy, now = node.means.policy, node.clock.now()
    customer = state.get(case.customer)
    kept = promise if isinstance(promise, Promise) and not promise.unpromised else None
    theirs = customer if isinstance(customer, Customer) else None
    zones = _zones_of(theirs, kept) if theirs is not None else ()
    clock = clock_for(policy, theirs, zones, queue=policy.queue_or_last(case.queue))

    def say(window: tuple[Ms, Ms]) -> str:
        return said_window(window, now, zone=clock.zone.key, language=language, names_place=not clock.sure)

    promised, asked = "", ""
    if kept is not None and (kept.window is None or kept.by_turn):
        promised = policy.phrase("page_call", language)
    elif kept is not None and kept.window is not None:
        promised = policy.phrase("page_promise", language, window=say(kept.window))
    if (suggested := suggested_in(case, now=now)) is not None:
        asked = policy.phrase("page_ask_back", language, window=say(suggested))
    asking = await asking_of(node.journal, case)
    by_call = case.call is not None or (
        asking.ask is not None and asking.ask.requirement.channel is Channel.PHONE and kept is None
    )
    why = why_said(policy, case.doubt, language=language)
    return CallTime(promised, why, asked, by_call)


def _zones_of(customer: Customer, promise: Promise | None) -> tuple[str, ...]:
    """Where the number is that is called, or would be."""
    named = customer.address(promise.address) if promise is not None and promise.address is not None else None
    address = named or next((one for one in customer.addresses if can_be_called(one)), None)
    return address.facts.zones if address is not None else ()
