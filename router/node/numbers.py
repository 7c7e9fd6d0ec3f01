"""What is known of a number that somebody named for a call: whose it is to them, and what is promised to it already.

Its one rule: a number is looked at over all customers, so that nobody can have a stranger's telephone rung by asking
again as somebody new. It reads alone; what follows from it is decided in the core.
"""

from router.core.addresses import AddressKind, matching_key
from router.core.attempts import NOT_RUNG, counted
from router.core.call_parts import dial_prefix
from router.core.clock import Ms
from router.core.commands import BeginLeg, CustomerCommand, HearCall, LeaveChat, MakePromise, StartCall, TakeContact
from router.core.context import NAMES_NONE, Decision, Dialled
from router.core.documents import Call, Customer, Document, Promise, State
from router.core.events import ContactSetAside
from router.core.tree import owner_of_address
from router.core.wishes import NAMED_IN, number_named
from router.core.words import DAY_MS, AddressId, CallRole, CaseId, Evidence
from router.journal.base import Journal

LOOKED_AT = 16
"""Promises to one number that are looked at, the newest first: far more than may be dialled in a day."""


def number_of(command: CustomerCommand) -> str:
    """The number that somebody wants called by a command, where they may not be whose number it is; else nothing."""
    match command:
        case HearCall() | BeginLeg():
            return command.number
        case StartCall() | MakePromise():
            return command.address
        case TakeContact() if command.touch is not None and command.touch.wants_call:
            named = command.touch.number or ("" if command.evidence is Evidence.PROOF else command.sender)
            return named if named.startswith("+") else ""
        case LeaveChat() if command.touch.wants_call:
            return command.touch.number
        case TakeContact() if command.touch is None and command.channel in NAMED_IN:
            return number_named(command.text)
        case _:
            return ""


async def known_of(
    journal: Journal, command: CustomerCommand, state: State, *, now: Ms, busy_for_ms: int
) -> Dialled:  # fmt: skip
    """What is known of the number that `command` names, in the working set `state`. A line that is busy within
    `busy_for_ms` was rung once."""
    shown = await _shown_in(journal, command, state)
    number = number_of(command) or shown
    if not number:
        return NAMES_NONE
    key = matching_key(number)
    asked = await _asked(journal, number)
    rows = [str(one.id) for one in asked]
    is_pending = await _is_promised_to_owner(journal, key, besides=rows)
    if not isinstance(command, BeginLeg):
        is_pending = is_pending or any(one.state.is_pending for one in asked)
    elif _promise_of(state.get(command.call)) not in rows:
        return NAMES_NONE  # their own number: nothing that others ask for stands in its way
    since = now - DAY_MS
    rung = sorted((at, how) for one in asked for at, how in one.attempts if at > since and how not in NOT_RUNG)
    times = counted(rung, busy_for_ms=busy_for_ms)
    theirs = await _theirs(journal, key, state)
    return Dialled(theirs=theirs, is_pending=is_pending, times=times, shown=shown if number == shown else "")


async def is_awaited(journal: Journal, command: CustomerCommand, decision: Decision) -> bool:
    """Whether something is to be set aside that came from a number to which somebody is promised a call. Only where it
    is to be set aside is that looked up."""
    aside = next((one for one in decision.events if isinstance(one, ContactSetAside)), None)
    if aside is None:
        return False
    number = command.sender if isinstance(command, TakeContact) else await _caller_of(journal, aside.case, decision)
    return any(one.state.is_pending for one in await _asked(journal, number))


async def _caller_of(journal: Journal, case: CaseId, decision: Decision) -> str:
    """The number from which the call came that a case began with."""
    calls = (one for one in decision.state.values() if isinstance(one, Call) and one.case == case)
    address = next((one.address for one in calls if one.role is CallRole.CUSTOMER), None)
    return (await journal.words([address])).get(address, "") if address is not None else ""


async def _asked(journal: Journal, number: str) -> list[Promise]:
    """Promises to a number that somebody may have asked for whose number it is not."""
    rows = await journal.listed(dial_prefix(number), before=None, limit=LOOKED_AT)
    found = [await journal.document(id) for id in rows]
    return [one for one in found if isinstance(one, Promise)]


async def _shown_in(journal: Journal, command: CustomerCommand, state: State) -> str:
    """The number that a caller shows and the provider does not vouch for, where they may ask now to be called there."""
    if not isinstance(command, HearCall) or not (command.digits or command.speech):
        return ""
    call = state.get(command.call)
    if not isinstance(call, Call) or call.role is not CallRole.CUSTOMER or call.address is None:
        return ""
    if call.attested is not False or call.no_call:  # where nobody says anything of it, it is as good as theirs
        return ""
    return (await journal.words([call.address])).get(call.address, "")


async def _is_promised_to_owner(journal: Journal, key: str, *, besides: list[str]) -> bool:
    """Whether whoever is found under the number itself is promised a call to it."""
    loaded = await journal.load_by_address(key)
    found = owner_of_address(loaded.state, loaded.address) if loaded.address is not None else None
    address = found.address(loaded.address) if found is not None and loaded.address is not None else None
    if found is None or address is None:
        return False
    lines = {one.id for one in found.addresses if one.line == address.line}
    promises = [one for one in loaded.state.values() if isinstance(one, Promise) and one.id not in besides]
    return any(one.state.is_pending and one.address in lines for one in promises)


def _promise_of(document: Document | None) -> str | None:
    return document.promise if isinstance(document, Call) else None


async def _theirs(journal: Journal, key: str, state: State) -> tuple[AddressId, ...]:
    """This person's addresses that are spelled as this number is, in whatever way."""
    ids = [
        a.id
        for document in state.values()
        if isinstance(document, Customer)
        for a in document.addresses
        if a.facts.kind is AddressKind.PHONE
    ]
    words = await journal.words([*ids]) if ids else {}
    return tuple(id for id in ids if id in words and matching_key(words[id]) == key)
